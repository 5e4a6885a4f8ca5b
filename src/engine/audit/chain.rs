//! The chain: each line of the trail says which one it is and holds the hash of the line before it, so that nobody
//! changes, drops, moves or slips in one without the rest telling.
//!
//! ```text
//! {"seq":41,"prev":"<hash of line 40>",...}   2026-03.jsonl
//! {"seq":42,"prev":"<hash of line 41>",...}   2026-04.jsonl: the chain goes on from file to file
//!
//! head                                        42, its hash, where it ends
//! ```
//!
//! The head file makes appending quick and tells a cut tail; it can be made again from the lines. What it cannot tell
//! is a tail that was cut together with it: for that a head that was kept elsewhere is compared.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::read::{BadLine, files};

/// Where the chain's end is kept.
const HEAD_FILE: &str = "head";
/// What the first line holds in place of a hash.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A line of the chain: which one, and its hash. Written `42:9f86d0…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Counts up from 1 over all files; 0 before the first line.
    pub seq: u64,
    /// SHA-256 of the line without its line break, in hexadecimal digits.
    pub hash: String,
}

impl Link {
    /// What stands before the first line.
    pub(super) fn before_all() -> Self {
        Self { seq: 0, hash: NOTHING.to_owned() }
    }

    /// The link that this line makes, where it is the one after `self`.
    pub(super) fn next(&self, line: &[u8]) -> Result<Self, Broken> {
        let said = serde_json::from_slice::<Said>(line).map_err(|_| Broken::NoLink)?;
        if said.seq != self.seq + 1 {
            return Err(Broken::Number { said: said.seq, expected: self.seq + 1 });
        }
        if said.prev != self.hash {
            return Err(Broken::Hash { before: self.seq });
        }
        Ok(Self { seq: said.seq, hash: hash(line) })
    }

    /// A line that goes on from here, without its line break: an entry's JSON with its link in front.
    pub(super) fn line(&self, entry: &str) -> String {
        let rest = entry.strip_prefix('{').unwrap_or(entry);
        format!("{{\"seq\":{},\"prev\":\"{}\",{rest}", self.seq + 1, self.hash)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl FromStr for Link {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a head is a number, a colon and 64 hexadecimal digits, as the program printed it";
        let (seq, hash) = text.trim().split_once(':').ok_or(wrong)?;
        let seq = seq.parse().map_err(|_| wrong)?;
        if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong);
        }
        Ok(Self { seq, hash: hash.to_ascii_lowercase() })
    }
}

/// What a line says of its place.
#[derive(Deserialize)]
struct Said {
    seq: u64,
    prev: String,
}

/// Why a line is not the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    NoLink,
    Number { said: u64, expected: u64 },
    Hash { before: u64 },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLink => f.write_str("it is no line of the chain: seq and prev cannot be read"),
            Self::Number { said, expected } => {
                write!(
                    f,
                    "it is entry {said} where entry {expected} should stand: lines are missing or moved"
                )
            }
            Self::Hash { before } => {
                write!(f, "its prev is not the hash of entry {before}: that entry, or this one, was changed")
            }
        }
    }
}

/// Where the chain ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    #[serde(flatten)]
    pub(super) link: Link,
    /// The file that the last line stands in; empty before the first.
    pub(super) file: String,
    /// Where that line ends in it.
    pub(super) bytes: u64,
}

impl Head {
    fn before_all() -> Self {
        Self { link: Link::before_all(), file: String::new(), bytes: 0 }
    }

    /// As the head file has it; `None` where there is none that can be read.
    pub(super) fn read(dir: &Path) -> Option<Self> {
        fs::read(dir.join(HEAD_FILE)).ok().and_then(|text| serde_json::from_slice(&text).ok())
    }

    /// The end of the chain as the lines have it, from the head file on: lines that were written while the head file
    /// could not be are taken up. Gives the pieces of lines that a process left which died while it wrote.
    pub(super) fn find(dir: &Path) -> io::Result<(Self, Vec<Torn>)> {
        let mut head = Self::read(dir).unwrap_or_else(Self::before_all);
        let mut torn = Vec::new();
        for path in files(dir)? {
            let name = name_of(&path);
            if name < head.file {
                continue;
            }
            let from = if name == head.file { head.bytes } else { 0 };
            let mut file = File::open(&path)?;
            if file.metadata()?.len() < from {
                // The tail is gone. The chain goes on from where it was, so that the gap is seen.
                continue;
            }
            file.seek(SeekFrom::Start(from))?;
            let (mut reader, mut line, mut at) = (BufReader::new(file), Vec::new(), from);
            while reader.read_until(b'\n', &mut line)? > 0 {
                if line.pop_if(|last| *last == b'\n').is_none() {
                    torn.push(Torn { file: path.clone(), whole: at, bytes: line.len() as u64 });
                    break;
                }
                at += line.len() as u64 + 1;
                // What is no line of the chain stays for `verify` to name.
                if let Some(link) = head.link.after(&line) {
                    head = Self { link, file: name.clone(), bytes: at };
                }
                line.clear();
            }
        }
        Ok((head, torn))
    }

    /// Writes the head file, whole or not at all.
    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(dir)?;
        serde_json::to_writer(&mut file, self)?;
        file.write_all(b"\n")?;
        file.persist(dir.join(HEAD_FILE))?;
        Ok(())
    }
}

impl Link {
    /// As [`next`](Self::next); before the first link, a line from before there was a chain counts too.
    fn after(&self, line: &[u8]) -> Option<Self> {
        match self.next(line) {
            Ok(link) => Some(link),
            Err(Broken::NoLink) if self.seq == 0 => Some(Self { seq: 0, hash: hash(line) }),
            Err(_) => None,
        }
    }
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Torn {
    pub(super) file: PathBuf,
    /// Where the whole lines before it end.
    pub(super) whole: u64,
    /// How long the piece is.
    pub(super) bytes: u64,
}

/// A trail that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its last entry.
    pub head: Link,
    /// How many entries were looked at.
    pub entries: u64,
    /// Lines from before there was a chain: nothing vouches for them but the last, whose hash the chain begins with.
    pub unchained: u64,
}

/// Walks the chain from its first line to its last.
///
/// # Errors
/// The first line that does not hold, or the place where lines are missing at the end; with `kept`, a head that was
/// kept elsewhere, also an entry that is not the one that it was then.
pub fn verify(dir: &Path, kept: Option<&Link>) -> Result<Verified, BadLine> {
    let bad = |file: &Path, line: usize, reason: String| BadLine { file: file.to_owned(), line, reason };
    let own = Head::read(dir).map(|head| ("the head file", head.link));
    let known: Vec<_> = own.into_iter().chain(kept.map(|kept| ("the kept head", kept.clone()))).collect();
    let mut link = Link::before_all();
    let mut unchained = 0;
    let mut end = (dir.join("*.jsonl"), 0);
    for path in files(dir).map_err(|e| bad(dir, 0, e.to_string()))? {
        let unreadable = |line, error: io::Error| bad(&path, line, error.to_string());
        let mut reader = BufReader::new(File::open(&path).map_err(|e| unreadable(0, e))?);
        let (mut line, mut number) = (Vec::new(), 0);
        loop {
            line.clear();
            number += 1;
            match reader.read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => return Err(unreadable(number, error)),
            }
            if line.pop_if(|last| *last == b'\n').is_none() {
                return Err(bad(&path, number, "the line is not whole".to_owned()));
            }
            match link.next(&line) {
                Ok(next) => link = next,
                Err(Broken::NoLink) if link.seq == 0 && is_older(&line) => {
                    unchained += 1;
                    link.hash = hash(&line);
                }
                Err(broken) => return Err(bad(&path, number, broken.to_string())),
            }
            let other = known.iter().find(|(_, known)| known.seq == link.seq && known.hash != link.hash);
            if let Some((who, known)) = other.filter(|_| link.seq > 0) {
                let reason = format!("entry {} is not the one that {who} is of", known.seq);
                return Err(bad(&path, number, reason));
            }
            end = (path.clone(), number);
        }
    }
    for (who, known) in known {
        if known.seq > link.seq {
            let gone = known.seq - link.seq;
            let reason =
                format!("the end is cut off: {who} knows {} entries, {gone} more than are here", known.seq);
            return Err(bad(&end.0, end.1 + 1, reason));
        }
    }
    Ok(Verified { entries: link.seq, head: link, unchained })
}

/// Whether a line is an entry as they were before there was a chain.
fn is_older(line: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|value| {
        value.get("schema").and_then(serde_json::Value::as_u64) == Some(1) && value.get("seq").is_none()
    })
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn hash(line: &[u8]) -> String {
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(line) {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::entry;
    use super::super::{Audit, Entry};
    use super::*;

    /// A trail of five entries in two files, and its head.
    fn trail() -> (tempfile::TempDir, Link) {
        let root = tempfile::tempdir().unwrap();
        let audit = Audit::open(root.path()).unwrap();
        let mut head = Link::before_all();
        for month in ["03", "03", "04", "03", "04"] {
            head = audit.record(&Entry { time: format!("2026-{month}-01T00:00:00Z"), ..entry() }).unwrap();
        }
        (root, head)
    }

    fn place(bad: &BadLine) -> String {
        format!("{}:{}", bad.file.file_name().unwrap().to_string_lossy(), bad.line)
    }

    #[test]
    fn the_chain_goes_from_file_to_file_and_never_back() {
        let (root, head) = trail();
        assert_eq!(
            verify(root.path(), None).unwrap(),
            Verified { head: head.clone(), entries: 5, unchained: 0 }
        );
        assert_eq!(verify(root.path(), Some(&head)).unwrap().head, head);
        assert_eq!(head.to_string().parse::<Link>().unwrap(), head);
        let lines = |name| fs::read_to_string(root.path().join(name)).unwrap().lines().count();
        assert_eq!((lines("2026-03.jsonl"), lines("2026-04.jsonl")), (2, 3));
    }

    #[test]
    fn every_byte_that_is_changed_is_found() {
        let root = tempfile::tempdir().unwrap();
        let audit = Audit::open(root.path()).unwrap();
        for month in ["03", "04", "04"] {
            audit.record(&Entry { time: format!("2026-{month}-01T00:00:00Z"), ..entry() }).unwrap();
        }
        for name in ["2026-03.jsonl", "2026-04.jsonl"] {
            let path = root.path().join(name);
            let whole = fs::read(&path).unwrap();
            for at in 0..whole.len() {
                let mut changed = whole.clone();
                changed[at] ^= 1;
                fs::write(&path, &changed).unwrap();
                let bad = verify(root.path(), None).expect_err(&format!("{name}, byte {at}"));
                let line = whole[..at].split(|b| *b == b'\n').count();
                // The line itself, or the one whose hash does not fit any more.
                assert!(
                    bad.line == line || bad.line == line + 1 || bad.line == 1,
                    "{name}, byte {at}: {bad}"
                );
            }
            fs::write(&path, &whole).unwrap();
        }
        verify(root.path(), None).unwrap();
    }

    #[test]
    fn lines_that_are_dropped_swapped_repeated_or_cut_off_are_named() {
        let (root, head) = trail();
        let path = root.path().join("2026-04.jsonl");
        let whole = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        for (order, line) in [
            (&[1, 2][..], 1),
            (&[0, 2][..], 2),
            (&[1, 0, 2][..], 1),
            (&[0, 2, 1][..], 2),
            (&[0, 1, 1, 2][..], 3),
            (&[0, 1][..], 3),
            (&[][..], 3),
        ] {
            let changed: String = order.iter().map(|&n: &usize| lines[n]).collect();
            fs::write(&path, changed).unwrap();
            let bad = verify(root.path(), None).expect_err(&format!("{order:?}"));
            assert_eq!(bad.line, line, "{order:?}: {bad}");
        }
        // With the head file gone too, a cut tail is seen against a head that was kept.
        fs::write(&path, lines[..2].concat()).unwrap();
        fs::remove_file(root.path().join(HEAD_FILE)).unwrap();
        verify(root.path(), None).unwrap();
        assert_eq!(place(&verify(root.path(), Some(&head)).unwrap_err()), "2026-04.jsonl:3");
        // And so is a chain that somebody made anew.
        let other = Link { hash: NOTHING.into(), ..head };
        fs::write(&path, &whole).unwrap();
        assert_eq!(place(&verify(root.path(), Some(&other)).unwrap_err()), "2026-04.jsonl:3");
    }

    #[test]
    fn a_head_file_that_lags_behind_or_is_gone_is_made_good() {
        let (root, _) = trail();
        let old = fs::read(root.path().join(HEAD_FILE)).unwrap();
        let audit = Audit::open(root.path()).unwrap();
        audit.record(&entry()).unwrap();
        for head in [Some(old), Some(b"{".to_vec()), None] {
            match head {
                Some(head) => fs::write(root.path().join(HEAD_FILE), head).unwrap(),
                None => fs::remove_file(root.path().join(HEAD_FILE)).unwrap(),
            }
            let before = verify(root.path(), None).unwrap().entries;
            assert_eq!(audit.head().unwrap().seq, before);
            let link = audit.record(&entry()).unwrap();
            assert_eq!((link.seq, verify(root.path(), None).unwrap().head), (before + 1, link));
        }
    }

    #[test]
    fn a_tail_that_was_cut_off_stays_seen_when_more_is_written() {
        let (root, _) = trail();
        let path = root.path().join("2026-04.jsonl");
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, whole.split_inclusive('\n').next().unwrap()).unwrap();
        Audit::open(root.path()).unwrap().record(&entry()).unwrap();
        assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-04.jsonl:2");
    }

    #[test]
    fn entries_from_before_there_was_a_chain_are_counted_and_the_chain_begins_with_them() {
        let root = tempfile::tempdir().unwrap();
        let old = serde_json::to_string(&Entry { schema: 1, ..entry() }).unwrap();
        let path = root.path().join("2026-02.jsonl");
        fs::write(&path, format!("{old}\n{old}\n")).unwrap();
        Audit::open(root.path()).unwrap().record(&entry()).unwrap();
        let verified = verify(root.path(), None).unwrap();
        assert_eq!((verified.entries, verified.unchained), (1, 2));
        fs::write(&path, format!("{old}\n")).unwrap();
        fs::write(&path, format!("{old}\n{}\n", old.replace("\"rows\":", "\"rows\":1"))).unwrap();
        assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-03.jsonl:1");
    }
}
