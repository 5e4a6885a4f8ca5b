mod hidden;
mod lines;
mod player;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::read::{Item, Reader};
use super::recorder::{Recorder, Recording, Wanted};
use crate::engine::clock::Clock;
use crate::engine::error::Error;
use crate::engine::event::{Command, Event, Page};
use crate::engine::query::{Draft, FieldSet, QueryId};
use crate::engine::{pipeline, worker};

/// A recording of this name in a directory of its own.
fn wanted(dir: &Path, name: &str) -> Wanted {
    Wanted { path: dir.join(name), force: false, true_values: false, key: (3, 4) }
}

fn run(id: u64) -> Command {
    let draft = Draft { ids: vec!["PROF-001".into()], ..Draft::default() };
    Command::Run(QueryId(id), draft.check().unwrap(), None)
}

fn page(number: u32, rows: u32) -> Event {
    let all: Vec<String> = (0..rows)
        .map(|n| {
            format!(r#"{{"id":"PROF-{number:03}{n:04}","firstName":"Ada","email":"ADA{n}@Example.com"}}"#)
        })
        .collect();
    let body = bytes::Bytes::from(all.concat());
    let mut at = 0;
    let rows: Vec<&[u8]> = all
        .iter()
        .map(|row| {
            let from = at;
            at += row.len();
            &body[from..at]
        })
        .collect();
    let processed = pipeline::process(&body, &rows, FieldSet::ALL, number);
    Event::Page(QueryId(1), Page { number, batch: 1, rows: processed.rows, ..Page::default() })
}

/// Tells a handle these events while its session is recorded, and gives what the recorder said.
async fn record(wanted: &Wanted, events: Vec<Event>) -> Vec<Recording> {
    let (mut handle, worker) = worker::channel();
    let (_commands, to) = worker.split();
    let recorder = handle.recorder().clone();
    recorder.begin(wanted, &Clock::system()).unwrap();
    handle.send(run(1)).unwrap();
    let mut said = Vec::new();
    for event in events {
        to.send(event).await.unwrap();
        while let Event::Recording(news) = handle.events.recv().await.unwrap() {
            said.push(news);
        }
    }
    said.extend(recorder.finish());
    said
}

fn read(path: &Path) -> Result<Vec<Item>, Error> {
    let mut reader = Reader::open(path)?;
    let base = Clock::system().now();
    let mut items = Vec::new();
    while let Some(item) = reader.next(base) {
        items.push(item?.1);
    }
    Ok(items)
}

#[tokio::test]
async fn what_came_is_in_the_file_in_its_order() {
    let dir = tempfile::tempdir().unwrap();
    let wanted = wanted(dir.path(), "a.cxrec");
    let said = record(&wanted, vec![page(1, 3), Event::Paused(QueryId(1)), page(2, 2)]).await;
    assert!(matches!(&said[..], [Recording::Begun { .. }, Recording::Whole { .. }]), "{said:?}");
    let mode = fs::metadata(&wanted.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let items = read(&wanted.path).unwrap();
    let kinds: Vec<_> = items
        .iter()
        .map(|item| match item {
            Item::Command(Command::Run(..)) => "run",
            Item::Event(Event::Page(_, page)) if page.rows.len() == 3 => "three",
            Item::Event(Event::Page(_, page)) if page.rows.len() == 2 => "two",
            Item::Event(Event::Paused(_)) => "paused",
            _ => "another",
        })
        .collect();
    assert_eq!(kinds, ["run", "three", "paused", "two"]);
    // What processing does, it does to stand-ins too.
    let Item::Event(Event::Page(_, page)) = &items[1] else { panic!() };
    let email = page.rows[0].email.value().unwrap();
    assert!(email.original.is_some() && email.value.raw().contains('@'), "{email:?}");
    assert!(!email.value.raw().contains("ada"));
}

#[tokio::test]
async fn one_that_begins_in_the_middle_says_where_the_session_stands() {
    let dir = tempfile::tempdir().unwrap();
    let (mut handle, worker) = worker::channel();
    let (_commands, to) = worker.split();
    let ready = crate::engine::event::ServiceInfo {
        tenant: "acme".into(),
        base_url: "https://acme.example".into(),
        sandbox: false,
        needs_reason: false,
        files: vec![],
    };
    to.send(Event::Ready(ready.into())).await.unwrap();
    handle.events.recv().await.unwrap();
    handle.send(run(7)).unwrap();
    let wanted = wanted(dir.path(), "a.cxrec");
    handle.recorder().begin(&wanted, &Clock::system()).unwrap();
    handle.recorder().finish();
    let items = read(&wanted.path).unwrap();
    assert!(
        matches!(&items[..], [Item::Event(Event::Ready(info)), Item::Command(Command::Run(QueryId(7), ..))] if info.tenant == "acme"),
        "{items:?}"
    );
}

#[tokio::test]
async fn a_full_disk_ends_the_recording_and_nothing_else() {
    if !Path::new("/dev/full").exists() {
        eprintln!("SKIPPED: there is no /dev/full here");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let wanted = wanted(dir.path(), "full.cxrec");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (mut handle, worker) = worker::channel();
    let (_commands, to) = worker.split();
    let recorder = handle.recorder().clone();
    recorder.write_to(std::io::BufWriter::new(full), &wanted, &Clock::system()).unwrap();
    let told = loop {
        to.send(page(1, 500)).await.unwrap();
        match handle.events.recv().await.unwrap() {
            Event::Recording(told) => break told,
            event => assert!(matches!(event, Event::Page(..))),
        }
    };
    let Recording::Lost(error) = told else { panic!("{told:?}") };
    assert!(error.to_string().contains("full.cxrec") && error.cause.contains("No space"), "{error}");
    assert!(!recorder.is_on());
    // The session goes on, and another recording may begin.
    to.send(page(2, 5)).await.unwrap();
    while !matches!(handle.events.recv().await.unwrap(), Event::Page(_, page) if page.number == 2) {}
    recorder.begin(&wanted, &Clock::system()).unwrap();
    assert!(recorder.is_on());
}

#[tokio::test]
async fn whoever_brings_much_waits_until_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    // A pipe that nobody reads yet: nothing is written.
    let path = dir.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    let both = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let (mut handle, worker) = worker::channel();
    let (_commands, to) = worker.split();
    let recorder = handle.recorder().clone();
    let file = std::io::BufWriter::new(both.try_clone().unwrap());
    recorder.write_to(file, &wanted(dir.path(), "pipe"), &Clock::system()).unwrap();
    let mut taken = 0;
    loop {
        to.send(page(1, 1_000)).await.unwrap();
        match tokio::time::timeout(Duration::from_millis(300), handle.events.recv()).await {
            Ok(Some(Event::Page(..))) => taken += 1,
            Ok(_) => {}
            Err(_) => break,
        }
        assert!(taken < 100, "it never waited");
    }
    assert!(taken > 5, "{taken}");
    // What waits is not lost once somebody reads.
    let reading = std::thread::spawn(move || {
        let mut both = both;
        let mut chunk = vec![0; 1 << 20];
        while std::io::Read::read(&mut both, &mut chunk).is_ok_and(|read| read > 0) {}
    });
    let event = tokio::time::timeout(Duration::from_mins(1), handle.events.recv()).await.unwrap();
    assert!(matches!(event, Some(Event::Page(..))));
    drop(reading);
}

#[test]
fn a_file_that_is_there_stays_unless_asked_and_a_link_always() {
    let dir = tempfile::tempdir().unwrap();
    let wanted = wanted(dir.path(), "a.cxrec");
    fs::write(&wanted.path, "mine").unwrap();
    let begin = |wanted: &Wanted| Recorder::default().begin(wanted, &Clock::system());
    let error = begin(&wanted).unwrap_err();
    assert!(error.cause.contains("there already") && error.remedy.contains("--force"), "{error}");
    assert_eq!(fs::read_to_string(&wanted.path).unwrap(), "mine");
    let forced = Wanted { force: true, ..wanted.clone() };
    let recorder = Recorder::default();
    recorder.begin(&forced, &Clock::system()).unwrap();
    let again = recorder.begin(&Wanted { path: dir.path().join("b"), ..forced.clone() }, &Clock::system());
    assert!(again.unwrap_err().cause.contains("already") && !dir.path().join("b").exists());
    recorder.finish();
    assert!(Reader::open(&wanted.path).is_ok());
    let link = dir.path().join("link.cxrec");
    symlink(&wanted.path, &link).unwrap();
    for path in [link, dir.path().to_owned(), PathBuf::from("/")] {
        let error = begin(&Wanted { path, ..forced.clone() }).unwrap_err();
        assert_eq!(error.kind.exit_code(), 2, "{error}");
    }
}

/// A recording with a line of its own behind a whole one.
fn with_line(dir: &Path, line: &str) -> PathBuf {
    let path = dir.join("odd.cxrec");
    fs::write(
        &path,
        format!(
            "{}\n{}\n{line}",
            r#"{"cxlens_recording":1,"tool":"cxlens 0.1.0","at":"2026-03-04T12:00:00Z","tenant":"acme","dialect":"crm-v2","sandbox":false,"personal_values_are_true":false}"#,
            r#"{"ms":5,"event":{"paused":{"run":1}}}"#
        ),
    )
    .unwrap();
    path
}

#[test]
fn a_damaged_line_is_named_and_what_stands_before_it_is_there() {
    let dir = tempfile::tempdir().unwrap();
    for (line, says) in [
        ("not json\n", "no JSON"),
        ("{\"ms\":9,\"event\":{\"dance\":1}}\n", "something unknown"),
        ("{\"ms\":9}\n", "none of command, exchange and event"),
        ("{\"ms\":9,\"command\":\"webhooks\",\"event\":{\"paused\":{\"run\":1}}}\n", "or several"),
        ("{\"ms\":9,\"event\":{\"exchange\":77}}\n", "exchange 77 does not stand before it"),
        ("{\"ms\":-9,\"event\":{\"paused\":{\"run\":1}}}\n", "something unknown"),
        ("{\"ms\":9,\"command\":{\"run\":{\"run\":1,\"query\":{},\"want\":null}}}\n", "no target"),
        ("\0\0\0\n", "no JSON"),
        ("\n", "no JSON"),
    ] {
        let path = with_line(dir.path(), line);
        let mut reader = Reader::open(&path).unwrap();
        let base = Clock::system().now();
        assert!(matches!(reader.next(base), Some(Ok((_, Item::Event(Event::Paused(_)))))));
        let error = reader.next(base).unwrap().unwrap_err();
        assert!(error.what.ends_with("odd.cxrec:3") && error.cause.contains(says), "{line:?}: {error}");
        assert!(!error.remedy.is_empty() && reader.next(base).is_none());
    }
}

#[test]
fn a_torn_tail_is_left_out_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = with_line(dir.path(), "{\"ms\":9,\"event\":{\"pau");
    let reader = Reader::open(&path).unwrap();
    assert!(reader.is_torn() && reader.lines() == 1, "{reader:?}");
    assert!(!Reader::open(&with_line(dir.path(), "")).unwrap().is_torn());
}

#[test]
fn what_is_no_recording_is_told_from_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.cxrec");
    for (text, says) in [
        ("", "empty"),
        ("id,email\n1,a@b.example\n", "no recording"),
        ("{\"id\":\"PROF-001\"}\n", "cxlens open"),
        ("{\"cxlens_recording\":2,\"new\":1}\n", "newer cxlens"),
        ("{\"cxlens_recording\":1}\n", "damaged"),
        ("\u{1f}\u{8b}junk", "no recording"),
    ] {
        fs::write(&path, text).unwrap();
        let error = Reader::open(&path).unwrap_err();
        assert!(error.what.ends_with("x.cxrec:1") && error.to_string().contains(says), "{text:?}: {error}");
    }
    assert!(Reader::open(&dir.path().join("gone")).unwrap_err().cause.contains("cannot be opened"));
    assert!(Reader::open(dir.path()).is_err());
}

#[test]
fn a_line_that_is_too_long_is_never_held() {
    let dir = tempfile::tempdir().unwrap();
    let path = with_line(dir.path(), "");
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    writeln!(file, "{{\"ms\":9,\"event\":{{\"x\":\"{}\"}}}}", "x".repeat(100_000)).unwrap();
    let mut reader = Reader::within(&path, 10_000).unwrap();
    let base = Clock::system().now();
    assert!(reader.next(base).unwrap().is_ok());
    let error = reader.next(base).unwrap().unwrap_err();
    assert!(error.cause.contains("more than 10000"), "{error}");
    // A header that never ends is not read to its end either.
    fs::write(&path, vec![b'{'; 300_000]).unwrap();
    assert!(Reader::open(&path).unwrap_err().cause.contains("no end"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn a_file_with_any_byte_changed_is_read_or_refused_and_never_more(at in 0_usize..1_000_000, byte: u8) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/next-page-loop.cxrec");
        let mut bytes = fs::read(path).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("changed.cxrec");
        fs::write(&path, bytes).unwrap();
        let _ = read(&path);
    }
}
