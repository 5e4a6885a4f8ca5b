//! An audit directory in any state: what was recorded stays, what is recorded after it holds.
//!
//! ```text
//! 00 <file> <file> ...   files as they are, cut at FF FF FF: 2026-03, 2026-04, head
//! 01 <step> <step> ...   a trail that grows, and what happens to it between two entries
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use cxlens::engine::audit::{Audit, Entry, Link, SCHEMA, entries, verify};
use sha2::{Digest as _, Sha256};

/// Files that are not the fuzzer's business are the same each time.
const KEY: [u8; 32] = [7; 32];
const FILES: [&str; 3] = ["2026-03.jsonl", "2026-04.jsonl", "head"];

pub(crate) fn run(data: &[u8]) {
    let memory = Path::new("/dev/shm");
    let home = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let home = home.expect("a directory");
    write_key(home.path());
    match data.split_first() {
        Some((0, files)) => as_they_are(home.path(), files),
        Some((_, steps)) => as_it_grows(home.path(), steps),
        None => {}
    }
}

fn write_key(dir: &Path) {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let open = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(dir.join("key"));
    open.and_then(|mut file| file.write_all(&KEY)).expect("a key");
}

fn entry(n: u64) -> Entry {
    Entry {
        schema: SCHEMA,
        event: "query".into(),
        time: format!("2026-0{}-05T06:07:08Z", 3 + n / 8 % 6),
        rows: n,
        status: "success".into(),
        ..Entry::default()
    }
}

/// Lines that anybody may have written.
fn as_they_are(dir: &Path, files: &[u8]) {
    let mut rest = files;
    for name in FILES {
        let cut = rest.windows(3).position(|window| window == b"\xff\xff\xff");
        let (file, after) = cut.map_or((rest, &[][..]), |at| (&rest[..at], &rest[at + 3..]));
        if !file.is_empty() {
            fs::write(dir.join(name), file).expect("memory takes all");
        }
        rest = after;
    }
    let held = verify(dir, None);
    let read = entries(dir).count();
    let audit = Audit::open(dir).expect("a directory with a key");
    let (Ok(first), Ok(second)) = (audit.record(&entry(0)), audit.record(&entry(1))) else { return };
    assert_eq!(second.seq, first.seq + 1);
    assert_eq!(audit.head().expect("a head"), second);
    assert!(entries(dir).count() >= read, "a line is gone");
    last_lines_hold(dir, &first, &second);
    if let Ok(before) = held {
        let now = verify(dir, Some(&second)).expect("what held goes on holding");
        assert!(now.entries >= before.entries + 2);
    }
}

/// The two lines that were written last are the chain's end, whatever stands before them.
fn last_lines_hold(dir: &Path, first: &Link, second: &Link) {
    let lines: Vec<Vec<u8>> = trail(dir)
        .iter()
        .flat_map(|file| {
            let bytes = fs::read(file).expect("a file");
            bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>()
        })
        .filter(|line| !line.is_empty())
        .collect();
    let hashes: Vec<String> = lines.iter().map(|line| hash(line)).collect();
    let at = hashes.iter().position(|hash| *hash == first.hash).expect("the first is there");
    assert_eq!(hashes.get(at + 1), Some(&second.hash), "the second stands behind it");
    let read: serde_json::Value = serde_json::from_slice(&lines[at + 1]).expect("JSON");
    assert_eq!(read["prev"], first.hash.as_str());
    assert_eq!(read["seq"], second.seq);
}

fn hash(line: &[u8]) -> String {
    Sha256::digest(line).iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"))
}

fn trail(dir: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(dir).expect("a directory");
    let mut files: Vec<_> = listed.map(|file| file.expect("a file").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    files.sort();
    files
}

/// Entries, and accidents between them.
fn as_it_grows(dir: &Path, steps: &[u8]) {
    let audit = Audit::open(dir).expect("a directory with a key");
    // What somebody would keep elsewhere: the head that was furthest.
    let (mut written, mut tampered, mut kept) = (0_u64, false, None::<Link>);
    for step in steps.chunks(3).take(24) {
        let number = usize::from(*step.get(1).unwrap_or(&0)) << 8 | usize::from(*step.get(2).unwrap_or(&0));
        match step[0] % 8 {
            0..=2 => {
                let link = audit.record(&entry(written)).expect("it can be written to");
                written += 1;
                if kept.as_ref().is_none_or(|kept| kept.seq < link.seq) {
                    kept = Some(link);
                }
            }
            // A process died while it wrote.
            3 => append(dir, &b"{\"seq\":9,\"prev\":\"0000\",\"schema\":2"[..=number % 33]),
            4 => drop(fs::remove_file(dir.join("head"))),
            5 => fs::write(dir.join("head"), &b"{\"seq\":1,"[..number % 10]).expect("a head"),
            // Somebody changed a byte.
            6 => tampered |= change(dir, number),
            // Somebody cut the end.
            _ => tampered |= cut(dir, number),
        }
    }
    let link = audit.record(&entry(written)).expect("it can be written to");
    match verify(dir, kept.as_ref()) {
        Ok(held) => {
            let there = held.entries;
            assert!(tampered || there > written, "{there} of {written} entries are there");
            assert!(kept.is_none_or(|kept| there >= kept.seq), "what was kept knows more than {there}");
            assert_eq!(held.head, link);
        }
        Err(bad) => assert!(tampered, "{bad}"),
    }
    if tampered {
        // Whatever happened, the trail goes on.
        audit.record(&entry(written + 1)).expect("it can be written to");
    }
}

fn append(dir: &Path, piece: &[u8]) {
    if let Some(file) = trail(dir).pop() {
        let mut bytes = fs::read(&file).expect("a file");
        bytes.extend_from_slice(piece);
        fs::write(file, bytes).expect("memory takes all");
    }
}

fn change(dir: &Path, number: usize) -> bool {
    let files = trail(dir);
    let Some(file) = files.get(number % files.len().max(1)) else { return false };
    let mut bytes = fs::read(file).expect("a file");
    let Some(byte) = number.checked_rem(bytes.len()).and_then(|at| bytes.get_mut(at)) else { return false };
    *byte ^= 1 << (number % 8);
    fs::write(file, bytes).expect("memory takes all");
    true
}

fn cut(dir: &Path, number: usize) -> bool {
    let Some(file) = trail(dir).pop() else { return false };
    let bytes = fs::read(&file).expect("a file");
    let Some(keep) = number.checked_rem(bytes.len()) else { return false };
    fs::write(file, &bytes[..keep]).expect("memory takes all");
    true
}
