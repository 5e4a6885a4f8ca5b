//! `cxlens open` as a person meets it: exports of the real binary, and damaged ones, on a (pseudo-)terminal.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "a deadline for a screen that never comes")]

#[path = "support/pty.rs"]
#[expect(dead_code, reason = "the tests of the explorer over a service need more of it")]
mod pty;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pty::{Pty, is_restored};
use rustix::process::Signal;

const CTRL_Q: &str = "\x11";
const CTRL_R: &str = "\x12";
const ENTER: &str = "\r";
const ESC: &str = "\x1b";

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn cxlens(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cxlens"));
    command.args(args).env_clear().env("HOME", home).current_dir(home);
    for (name, dir) in [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state")]
    {
        command.env(name, home.join(dir));
    }
    command.output().unwrap()
}

/// People of the sandbox, exported.
fn exported(home: &Path, name: &str) -> String {
    let path = home.join(name).display().to_string();
    let out = cxlens(
        home,
        &["query", "--sandbox", "--segment", "SEG-ALL", "--limit", "700", "--page-size", "500", "-o", &path],
    );
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    path
}

/// The same people as Parquet.
fn parquet(ids: usize) -> Vec<u8> {
    let text = |name: &str| -> ArrayRef {
        Arc::new(StringArray::from((0..ids).map(|n| format!("{name}{n:04}")).collect::<Vec<_>>()))
    };
    let mut tags = ListBuilder::new(StringBuilder::new());
    (0..ids).for_each(|n| tags.append_value([Some(["vip", "beta"][n % 2]), None]));
    let batch = RecordBatch::try_from_iter(vec![
        ("id", text("PROF-")),
        ("first_name", text("Ada")),
        ("attributes.plan", text("gold")),
        ("tags", Arc::new(tags.finish())),
    ])
    .unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Damaged so that the crate that reads Parquet panics.
fn that_panics(whole: &[u8]) -> Vec<u8> {
    let panics = |damaged: &Vec<u8>| {
        let bytes = bytes::Bytes::from(damaged.clone());
        std::panic::catch_unwind(|| {
            let rows = ParquetRecordBatchReaderBuilder::try_new(bytes)
                .and_then(ParquetRecordBatchReaderBuilder::build);
            rows.into_iter().flatten().take_while(Result::is_ok).count()
        })
        .is_err()
    };
    let flipped = |at: usize| {
        let mut bytes = whole.to_vec();
        bytes[at] = 0;
        bytes
    };
    (4..whole.len())
        .map(flipped)
        .find(panics)
        .expect("no byte makes it panic any more: then contain it no more")
}

fn leave(mut pty: Pty) {
    pty.send(CTRL_Q);
    let (status, raw) = pty.end();
    assert!(status.success() && is_restored(&raw), "{status:?}");
}

#[test]
fn an_export_of_each_format_is_browsed_like_a_live_result() {
    let home = home();
    for format in ["ndjson", "json", "csv"] {
        let name = format!("people.{format}");
        let path = exported(home.path(), &name);
        std::fs::remove_dir_all(home.path().join("data")).unwrap();
        for size in [(80, 24), (200, 50)] {
            let mut pty = Pty::start(home.path(), &["open", &path], size, &[]);
            let screen = pty.wait("the whole file", |screen| screen.contains("700  in"));
            assert!(screen.contains(&format!("FILE  {name}")) && screen.contains("PROF-001"), "{screen}");
            assert!(!screen.contains("SANDBOX") && !screen.contains("plan "), "{screen}");
            // The last row is found by its ID, and opened.
            pty.send("/PROF-0000700\r").wait_for("▌PROF-0000700");
            pty.send(ENTER).wait_for("Profile PROF-0000700");
            // Esc and a key in one breath would be Alt and that key.
            pty.send(ESC).wait("the profile closed", |screen| !screen.contains("Profile PROF-0000700"));
            pty.send("s").wait("sorted by ID", |screen| screen.contains("id ▲"));
            pty.send("g").wait_for("▌PROF-001");
            leave(pty);
        }
        assert!(!home.path().join("data").exists(), "nobody's data was asked for: there is no entry");
    }
}

#[test]
fn parquet_is_browsed_beside_other_files() {
    let home = home();
    let path = home.path().join("people.parquet");
    std::fs::write(&path, parquet(1_200)).unwrap();
    let more = home.path().join("more.csv");
    std::fs::write(&more, "ID;E-Mail;Shop\nx-1;ADA@example.org;Leeds\nPROF-0000;;\n").unwrap();
    let (path, more) = (path.display().to_string(), more.display().to_string());
    let mut pty = Pty::start(home.path(), &["open", &path, &more], (120, 40), &[]);
    let screen = pty.wait("both files", |screen| screen.contains("1,202  in"));
    assert!(screen.contains("FILE  people.parquet (+1)") && screen.contains("1,200 rows"), "{screen}");
    pty.send("G").wait_for("▌PROF-0000");
    pty.send("k").wait_for("ada@example.org");
    let profile = pty.send(ENTER).wait_for("Profile x-1");
    assert!(profile.contains("Shop") && profile.contains("Leeds"), "{profile}");
    pty.send(ESC).wait("the profile closed", |screen| !screen.contains("Profile x-1"));
    leave(pty);
}

#[test]
fn a_file_that_changed_is_read_again() {
    let home = home();
    let path = home.path().join("a.ndjson");
    std::fs::write(&path, "{\"id\":\"OLD-1\"}\n").unwrap();
    let mut pty = Pty::start(home.path(), &["open", &path.display().to_string()], (100, 30), &[]);
    pty.wait_for("OLD-1");
    std::fs::write(&path, "{\"id\":\"NEW-1\",\"email\":\"new@example.org\"}\nrubbish\n").unwrap();
    pty.send(CTRL_R).wait_for("new@example.org");
    let screen = pty.wait_for("unreadable: ");
    assert!(screen.contains("line 2: not JSON") && !screen.contains("OLD-1"), "{screen}");
    std::fs::remove_file(&path).unwrap();
    pty.send(CTRL_R).wait_for("What to do");
    pty.send(ESC).wait("the panel closed", |screen| !screen.contains("What to do"));
    leave(pty);
}

#[test]
fn damaged_files_are_told_and_the_explorer_stays() {
    let home = home();
    let whole = parquet(60);
    let mut paths: Vec<PathBuf> = (0..whole.len())
        .step_by(23)
        .map(|at| {
            let mut bytes = whole.clone();
            bytes[at] ^= [0xff, 0x80, 0x01][at % 3];
            let path = home.path().join(format!("flipped-{at}.parquet"));
            std::fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    let panics = that_panics(&whole);
    for (name, bytes) in [
        ("panics.parquet", &panics[..]),
        ("cut.parquet", &whole[..whole.len() / 2]),
        ("people.csv.gz", &b"\x1f\x8b\x08\x00junk"[..]),
        ("junk.ndjson", b"\x00\x01\x02 not { json\n"),
        ("other.csv", b"city,country\nLeeds,UK\n"),
        ("good.ndjson", b"{\"id\":\"GOOD-1\"}\n{\"id\":"),
    ] {
        let path = home.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        paths.push(path);
    }
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let args: Vec<&str> = std::iter::once("open").chain(names.iter().map(String::as_str)).collect();
    let mut pty = Pty::start(home.path(), &args, (120, 40), &[]);
    pty.wait_for("What to do");
    pty.send("G").wait("the last of them", |screen| screen.contains("(2) none is named"));
    pty.send(ESC).wait("the panel closed", |screen| !screen.contains("What to do"));
    // The rows before and behind a damaged file are there.
    pty.send("/GOOD-1\r").wait_for("▌GOOD-1");
    leave(pty);
}

#[test]
fn what_cannot_be_opened_is_said_before_a_screen_is() {
    let home = home();
    std::fs::write(home.path().join("here.csv"), "id\n1\n").unwrap();
    let dir = home.path().display().to_string();
    let out = cxlens(home.path(), &["open", "gone.ndjson", "here.csv", &dir, "-", "gone.csv"]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0), "{said}");
    for name in ["gone.ndjson", "gone.csv", "is a directory", "open -"] {
        assert!(said.contains(name), "{name}: {said}");
    }
    assert!(!said.contains("here.csv"), "{said}");
    let out = cxlens(home.path(), &["open", "here.csv"]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(2) && said.contains("not a terminal"), "{said}");
    assert_eq!(cxlens(home.path(), &["open"]).status.code(), Some(2));
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let home = home();
    let path = home.path().join("a.csv");
    std::fs::write(&path, "id\nROW-1\n").unwrap();
    let mut pty = Pty::start(home.path(), &["open", &path.display().to_string()], (80, 24), &[]);
    pty.wait_for("ROW-1");
    pty.resize(60, 16).wait_for("FILE  a.csv");
    pty.signal(Signal::TERM);
    let (status, raw) = pty.end();
    assert!(status.exit_code() == 143 && is_restored(&raw), "{status:?}");
}
