//! Every hostile text through the real binary: the explorer on a (pseudo-)terminal, stdout and stderr on one and in a
//! pipe, the log, the way out of a panic. What is written is read by somebody who knows each sequence that the program
//! may send, and takes all else for a finding.
//!
//! Which texts stand where: all of them in the table, in the lists of the activity pane, in every format of stdout, in
//! linear sentences, in error messages and in the log; a sample of them under the cursor of each overlay. Overlays draw
//! one value at a time, and are drawn with all texts in `tui::app::tests::hostile`, as bytes for a terminal too.

#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "a deadline for a screen that never comes")]

#[path = "support/headless.rs"]
#[expect(dead_code, reason = "the tests of commands need more of it")]
mod headless;
#[path = "support/pty.rs"]
#[expect(dead_code, reason = "the tests of the explorer need more of it")]
mod pty;
#[path = "hostile/service.rs"]
mod service;
#[path = "hostile/strict.rs"]
mod strict;
#[path = "hostile/strings.rs"]
#[expect(dead_code, reason = "what is odd and no trouble is drawn elsewhere")]
mod strings;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use cxlens::engine::clock::Clock;
use cxlens::engine::text::clean;
use cxlens::panics;
use cxlens::tui::terminal::{Guard, Tty};
use headless::{Home, Ran};
use pty::{Pty, is_restored};
use service::{Says, Service};
use strict::{Wrote, findings};
use strings::{Hostile, hostile};

const CTRL_C: &str = "\x03";
const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const PAGE_DOWN: &str = "\x1b[6~";
/// Characters of a text that are looked for in its cell.
const PREFIX: usize = 6;
/// Has this program panic, for the test that looks at that.
const PANICS_WITH: &str = "CXLENS_TEST_PANICS_WITH";
const QUERY: [&str; 5] = ["query", "--segment", "S", "--page-size", "1000"];

#[track_caller]
fn nothing(bytes: &[u8], wrote: Wrote, what: &str) {
    let found = findings(bytes, wrote);
    assert!(found.is_empty(), "{what}: {found:#?}");
}

/// The texts that a shell line, a header or a short message can hold, so many at a time.
fn in_groups(size: usize) -> Vec<Vec<String>> {
    let (long, short): (Vec<_>, Vec<_>) =
        hostile().into_iter().map(|one| one.text).partition(|text| text.len() > 200);
    short.chunks(size).map(<[String]>::to_vec).chain(long.into_iter().map(|text| vec![text])).collect()
}

/// Whether a text stands there as marks, behind the number of its person.
fn is_shown(screen: &str, n: usize, one: &Hostile) -> bool {
    let name: String = clean(&one.text).chars().take(PREFIX).collect();
    let number = format!("P{n:04}");
    screen
        .lines()
        .any(|line| line.split_once(&number).is_some_and(|(_, behind)| behind.contains(name.trim())))
}

fn env(service: &Service) -> Vec<(&'static str, String)> {
    let mut env = service.env();
    env.push(("CXLENS_LOG", "trace".to_owned()));
    env
}

fn on_a_terminal(home: &Path, args: &[&str], service: &Service, size: (u16, u16)) -> Pty {
    let env = env(service);
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Pty::start(home, args, size, &env)
}

/// The log holds lines, and no more than that.
fn log_is_clean(home: &Home) -> usize {
    let logs: Vec<_> = home
        .files()
        .into_iter()
        .filter(|(path, _)| path.extension().is_some_and(|end| end == "log"))
        .collect();
    for (path, bytes) in &logs {
        nothing(bytes, Wrote::Lines, &path.display().to_string());
    }
    logs.iter().map(|(_, bytes)| bytes.len()).sum()
}

#[test]
fn the_scanner_finds_what_is_sent_as_it_is() {
    let texts = hostile();
    assert!(texts.len() >= 500, "{}", texts.len());
    for one in &texts {
        assert!(!findings(one.text.as_bytes(), Wrote::Cell).is_empty(), "{}: {:?}", one.kind, one.text);
        let line = format!("error: page of {} refused\n", one.text);
        // A line break is nothing that a line could not hold; that it is one line, others see to.
        if !line.trim_end().contains('\n') {
            assert!(!findings(line.as_bytes(), Wrote::Lines).is_empty(), "{}: {:?}", one.kind, one.text);
        }
    }
    let kinds: BTreeSet<_> = texts.iter().map(|one| one.kind).collect();
    eprintln!("{} texts of {} kinds", texts.len(), kinds.len());
    for raw in [&b"\x9b31m"[..], b"\xff", b"a\x00b"] {
        assert!(!findings(raw, Wrote::Lines).is_empty(), "{}", raw.escape_ascii());
    }
}

#[test]
fn stdout_in_every_format_to_a_pipe_and_to_a_terminal() {
    let (home, texts) = (Home::new(), hostile());
    let service = Service::start(texts.clone());
    for (format, in_a_pipe, on_terminal) in [
        ("table", Some(Wrote::Lines), Wrote::Coloured),
        // In a pipe a cell is the value itself.
        ("csv", None, Wrote::Coloured),
        ("ndjson", Some(Wrote::Json), Wrote::Json),
        ("json", Some(Wrote::Json), Wrote::Json),
    ] {
        let args = [&QUERY[..], &["--format", format]].concat();
        let ran = Ran::of(home.cxlens(&args).envs(env(&service)));
        assert_eq!(ran.code, Some(7), "rows were set aside: {}", ran.err);
        nothing(ran.err.as_bytes(), Wrote::Lines, &format!("{format}, stderr"));
        if let Some(wrote) = in_a_pipe {
            nothing(ran.out.as_bytes(), wrote, &format!("{format} in a pipe"));
            let head = usize::from(format == "table") + 2 * usize::from(format == "json");
            assert_eq!(ran.out.lines().count(), texts.len() + head, "{format}: a line a person");
        } else {
            let read = csv::Reader::from_reader(ran.out.as_bytes()).records().map(Result::unwrap).count();
            assert_eq!(read, texts.len());
            assert!(
                texts.iter().all(|one| one.text.contains('"') || ran.out.contains(&one.text)),
                "true values"
            );
        }

        let quiet = "2>/dev/null";
        let mut command = portable_pty::CommandBuilder::new("sh");
        command.args(["-c", &format!("\"$0\" \"$@\" {quiet}"), headless::CXLENS]);
        command.args(&args);
        let env = env(&service);
        let mut env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        env.push(("PATH", "/usr/bin:/bin"));
        let shown = Pty::spawn(command, home.path("").as_path(), (200, 50), &env);
        let (_, raw) = shown.end();
        nothing(&raw, on_terminal, &format!("{format} on a terminal"));
        let said = String::from_utf8(raw).unwrap();
        if format == "table" {
            let missing = texts.iter().enumerate().filter(|(n, one)| !is_shown(&said, *n, one)).count();
            assert_eq!(missing, 0, "each is shown with its marks");
        }
        assert!(said.contains("P0000") && said.contains("P0500"), "{format}");
    }
    // With its bar and its summary.
    for format in ["table", "csv"] {
        let args = [&QUERY[..], &["--format", format]].concat();
        let (_, raw) = on_a_terminal(home.path("").as_path(), &args, &service, (120, 40)).end();
        nothing(&raw, Wrote::Coloured, &format!("{format} and stderr on a terminal"));
    }
    let logged = log_is_clean(&home);
    eprintln!("{} texts × 4 formats × 2 places, and {logged} bytes of log: 0 findings", texts.len());
}

#[test]
fn errors_and_the_log_whatever_a_service_says() {
    let (home, service) = (Home::new(), Service::start(hostile()));
    let (mut ran, mut marks) = (0, 0);
    for words in in_groups(12) {
        for says in [
            Says::Refused(400, words.clone()),
            Says::Refused(403, words.clone()),
            Says::NoToken(words.clone()),
            Says::Strange(words.clone()),
            Says::Next(words.join("")),
        ] {
            service.says(says.clone());
            let once = Ran::of(home.cxlens([&QUERY[..], &["--max-wait", "0s"]].concat()).envs(env(&service)));
            let said = format!("{} in {says:?}", once.err);
            assert!(once.code != Some(0) && once.err.contains("error"), "{said}");
            nothing(once.err.as_bytes(), Wrote::Lines, &said);
            nothing(once.out.as_bytes(), Wrote::Json, &said);
            ran += 1;
            marks += once.err.matches(['␛', '‹', '␇']).count();
        }
    }
    let logged = log_is_clean(&home);
    assert!(marks > 100, "they are shown as marks: {marks}");
    eprintln!("{ran} refusals, {marks} marks in them, {logged} bytes of log: 0 findings");
}

#[test]
fn what_is_typed_and_what_files_are_called() {
    let (home, service) = (Home::new(), Service::start(hostile()));
    let mut ran = 0;
    for words in in_groups(24) {
        let typed: String = words.concat().chars().filter(|c| *c != '\0').take(2_000).collect();
        let file: String = typed.replace('/', "").chars().take(50).collect();
        for args in [
            vec!["query".into(), format!("--filter={typed}'")],
            vec!["query".into(), format!("--tenant={typed}")],
            vec!["query".into(), format!("--{typed}")],
            vec!["query".into(), format!("--ids-file={typed}/nowhere")],
            vec!["query".into(), "--id=A".into(), "-o".into(), format!("{file}/nowhere/people.csv")],
            vec![typed.clone()],
            vec!["sandbox".into(), format!("--fault={typed}")],
            vec!["audit".into(), "verify".into(), format!("--head={typed}")],
            vec!["webhook".into(), "register".into(), format!("--url={typed}")],
        ] {
            let once = Ran::of(home.cxlens(&args).envs(env(&service)));
            assert!(once.code != Some(0), "{args:?}");
            nothing(once.err.as_bytes(), Wrote::Lines, &format!("{args:?}: {}", once.err));
            nothing(once.out.as_bytes(), Wrote::Lines, &format!("{args:?}"));
            ran += 1;
        }
        let value: String = typed.replace('\'', "").chars().filter(|c| !c.is_control()).take(300).collect();
        let segment: String = value.chars().filter(|c| !c.is_whitespace() && *c != ',').take(60).collect();
        let dry = [format!("--filter=email eq '{value}'"), format!("--segment={segment}")];
        let once = home
            .run([&["query".to_owned(), "--dry-run".to_owned(), "--sandbox".to_owned()], &dry[..]].concat());
        assert_eq!(once.code, Some(0), "{}", once.err);
        nothing(once.out.as_bytes(), Wrote::Lines, &format!("a plan: {dry:?}"));
        ran += 1;
    }
    let config = format!("[tenants.acme]\nbase_url = {:?}\nclient_id = 7\n", "https://a\u{202e}.example");
    home.file("config/cxlens/config.toml", config);
    let once = home.run(["query", "--id", "A"]);
    nothing(once.err.as_bytes(), Wrote::Lines, "a configuration");
    log_is_clean(&home);
    eprintln!("{ran} wrong lines: 0 findings");
}

#[test]
fn linear_sentences_webhooks_and_the_trail() {
    let (home, texts) = (Home::new(), hostile());
    let service = Service::start(texts.clone());
    let mut script = "segment S\nrun\nrows 1 1000\n".to_owned();
    for n in 1..=texts.len() {
        writeln!(script, "open {n}").unwrap();
    }
    script.push_str("log 5\nlimits\nlatency\n");
    for one in texts.iter().filter(|one| one.text.len() < 300) {
        let line = one.text.replace('\n', " ");
        writeln!(script, "where {line}\nsort {line}\nfilter {line}'\n{line}").unwrap();
    }
    let ran =
        Ran::fed(home.cxlens(["--linear", "--page-size", "1000"]).envs(env(&service)), script.as_bytes());
    nothing(ran.out.as_bytes(), Wrote::Lines, "linear");
    nothing(ran.err.as_bytes(), Wrote::Lines, "linear, stderr");
    let missing: Vec<_> = texts
        .iter()
        .enumerate()
        .filter(|(n, one)| !is_shown(&ran.out, *n, one))
        .map(|(_, one)| one)
        .collect();
    assert!(missing.is_empty(), "{missing:?} of\n{}", &ran.out[..2_000.min(ran.out.len())]);

    let listed = Ran::of(home.cxlens(["webhook", "list"]).envs(env(&service)));
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    // The tabs between the parts are its own, and there are no others.
    nothing(listed.out.replace('\t', " ").as_bytes(), Wrote::Lines, "webhook list");
    assert_eq!(listed.out.lines().count(), texts.len());
    assert!(listed.out.lines().all(|line| line.matches('\t').count() == 3), "{}", listed.out);

    // A trail that somebody else wrote.
    let entry = |one: &Hostile| {
        let text = &one.text;
        serde_json::json!({
            "schema": 3, "event": text, "tool": text, "time": text, "elapsed_ms": 1, "user": text, "uid": 1,
            "tenant": text, "dialect": text, "sandbox": false, "of": null, "reason": text, "to": text, "call": text,
            "scopes": [text], "scopes_needed": [text], "fields": [text], "segments": [text], "filter": text, "ids": 1,
            "id_hashes": [text], "page_size": 1, "limit": null, "retention_days": 1, "cache": false, "status": text,
            "cut": text, "error": { "kind": text, "exit_code": 1, "what": text }, "pages": 1, "requests": 1,
            "retries": 0, "throttled": 0, "cache_hits": 0, "bytes": 1, "rows": 1, "total": null, "repeats": 0,
            "not_found": 0, "set_aside": 0, "past_retention": 0, "withheld": 0, "accuracy": null,
            "network": { "count": 0, "p50_us": 0, "p95_us": 0, "max_us": 0 },
            "processing": { "count": 0, "p50_us": 0, "p95_us": 0, "max_us": 0 },
        })
        .to_string()
    };
    let lines: Vec<_> = texts.iter().map(entry).collect();
    let other = Home::new();
    other.file("data/cxlens/audit/2026-03.jsonl", format!("{}\n{}\n", lines.join("\n"), texts[0].text));
    for (args, wrote) in [
        (&["audit", "show"][..], Wrote::Lines),
        (&["audit", "show", "--format", "ndjson"], Wrote::Json),
        (&["audit", "verify"], Wrote::Lines),
    ] {
        let ran = other.run(args);
        nothing(ran.out.as_bytes(), wrote, &format!("{args:?}"));
        nothing(ran.err.as_bytes(), Wrote::Lines, &format!("{args:?}"));
        assert!(
            args[1] == "verify" || ran.out.lines().count() >= texts.len(),
            "{args:?}: {}{}",
            ran.out,
            ran.err
        );
    }
    eprintln!("{} texts in sentences, registrations and entries: 0 findings", texts.len());
}

/// What was written before the explorer took the terminal and after it gave it back, and the pictures between.
fn pictures(raw: &[u8]) {
    let place = |code: &str| raw.windows(code.len()).position(|window| window == code.as_bytes());
    let begin = place("\x1b[?1049h").expect("it took the terminal");
    let end = raw.windows(8).rposition(|window| window == b"\x1b[?1049l").expect("it gave it back") + 8;
    nothing(&raw[..begin], Wrote::Lines, "before");
    nothing(&raw[begin..end], Wrote::Screen, "pictures");
    // The cursor is shown, and once more by the library.
    let mut after = &raw[end..];
    for shown in [&b"\x1b[?25h"[..], b"\x1b[?2026h\x1b[?25h\x1b[?2026l"] {
        after = after.strip_prefix(shown).unwrap_or(after);
    }
    nothing(after, Wrote::Lines, "after");
}

/// The number of the person under the table's cursor.
fn cursor(screen: &str) -> Option<&str> {
    screen.split_once("▌P").map(|(_, behind)| &behind[..4])
}

#[test]
fn every_screen_of_the_explorer() {
    let (home, texts) = (Home::new(), hostile());
    let service = Service::start(texts.clone());
    let dir = home.path("");
    let args = ["--segment", "S", "--page-size", "1000", "--no-cache", "--run"];
    let mut pty = on_a_terminal(&dir, &args, &service, (160, 50));
    pty.wait_for("P0003");
    // The table to itself: every text in its cells, with its marks.
    pty.send("z");
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut last = String::new();
    for page in 0.. {
        assert!(page < 60, "the end is never reached:\n{last}");
        let screen = pty.wait("a page further down", |screen| {
            cursor(screen).is_some() && cursor(screen) != cursor(&last)
        });
        let at = |n: &usize| is_shown(&screen, *n, &texts[*n]);
        seen.extend((0..texts.len()).filter(at));
        if screen.contains(&format!("P{:04}", texts.len() - 1)) {
            let missing: Vec<_> = (0..texts.len()).filter(|n| !seen.contains(n)).map(|n| &texts[n]).collect();
            assert!(missing.is_empty(), "not shown with their marks: {missing:?}\n{screen}");
            break;
        }
        pty.send(PAGE_DOWN);
        last = screen;
    }
    // The table, and the error panel.
    let mut screens = 2;
    // Sideways, then what is under the cursor, a text of each kind.
    let mut walk = |pty: &mut Pty, keys: &str, what: &str| {
        pty.send(keys).wait_for(what);
        screens += 1;
    };
    for _ in 0..8 {
        pty.send("l");
    }
    walk(&mut pty, "A", "attributes");
    walk(&mut pty, "i", "filled");
    pty.send(ESC).wait("the column closed", |screen| !screen.contains("filled"));
    walk(&mut pty, "c", "Columns");
    pty.send(ESC).wait("the columns closed", |screen| !screen.contains(" Columns"));
    pty.send("z").send("g");
    walk(&mut pty, ENTER, "Profile P0000");
    let kinds: BTreeSet<_> = texts.iter().map(|one| one.kind).collect();
    for n in (1..texts.len()).step_by(13) {
        pty.send(&"J".repeat(if n == 1 { 1 } else { 13 }));
        pty.wait_for(&format!("Profile P{n:04}"));
        pty.send("r").send("r").send("O").send("O");
    }
    pty.send(ESC);
    pty.wait("the profile closed", |screen| !screen.contains("Profile P"));
    for (key, tab) in [
        ("1", "[1 Audit]"),
        ("2", "[2 Latency]"),
        ("3", "[3 Limits]"),
        ("4", "[4 Webhooks]"),
        ("5", "[5 Log]"),
    ] {
        walk(&mut pty, key, tab);
    }
    // A question that the service refuses, then one after the other.
    for words in in_groups(40) {
        service.says(Says::Refused(400, words.clone()));
        pty.send("\x12").wait_for(" Error: ");
        pty.send("G").send(ESC).wait("the error closed", |screen| !screen.contains(" Error: "));
    }
    // Pasted into every line that is typed.
    for (key, title) in [(":", "Commands"), ("?", "Help"), ("\x06", "Find a person")] {
        walk(&mut pty, key, title);
        for one in texts.iter().step_by(17).filter(|one| one.text.len() < 500) {
            pty.send("\x1b[200~").send(&one.text.replace('\u{1b}', "␛")).send("\x1b[201~");
        }
        // A key right behind a paste is not taken, and that is said once it would be.
        pty.send(ESC);
        let closed = |screen: &str| !screen.contains(title);
        if !closed(&pty.wait("it closed", |screen| closed(screen) || screen.contains("not taken: "))) {
            pty.send(ESC).wait("it closed at last", closed);
        }
    }
    pty.send(CTRL_C).send(CTRL_C);
    let (status, raw) = pty.end();
    assert!(status.success() && is_restored(&raw), "{status:?}");
    pictures(&raw);
    let logged = log_is_clean(&home);
    eprintln!(
        "{} texts of {} kinds × {screens} screens, {} bytes to the terminal, {logged} of log: 0 findings",
        texts.len(),
        kinds.len(),
        raw.len()
    );
}

/// What the next test starts: a program that has the terminal and panics with a text, on the thread that draws or on
/// another. In an ordinary run nobody asks for that, and it has nothing to do.
#[test]
fn that_panics() {
    let Ok(asked) = std::env::var(PANICS_WITH) else { return };
    let (way, number) = asked.split_once(' ').unwrap();
    let text = hostile()[number.parse::<usize>().unwrap()].text.clone();
    panics::hear();
    let guard = Guard::enter(Tty::default(), Clock::system(), true).unwrap();
    assert!(way != "here", "{text}");
    let fault = guard.fault();
    assert!(std::thread::spawn(move || panic!("{text}")).join().is_err());
    drop(guard);
    panics::say(&fault.message().unwrap());
}

#[test]
fn a_panic_says_where_it_was_and_nothing_of_what_it_held() {
    let (home, texts) = (Home::new(), hostile());
    let this = std::env::current_exe().unwrap();
    let mut kinds = BTreeSet::new();
    let numbers: Vec<_> = (0..texts.len()).filter(|n| kinds.insert(texts[*n].kind)).collect();
    for number in &numbers {
        for way in ["here", "elsewhere"] {
            let mut command = portable_pty::CommandBuilder::new(&this);
            command.args(["--exact", "that_panics", "--nocapture", "--color", "never"]);
            let asked = format!("{way} {number}");
            let (_, raw) =
                Pty::spawn(command, &home.path(""), (80, 24), &[(PANICS_WITH, asked.as_str())]).end();
            assert!(is_restored(&raw), "{asked}: {}", raw.escape_ascii());
            pictures(&raw);
            let said = String::from_utf8(raw).unwrap();
            assert!(said.contains("cxlens: internal error at tests/hostile_pty.rs:"), "{asked}: {said:?}");
        }
    }
    eprintln!("{} kinds × 2 threads: 0 findings", numbers.len());
}

#[test]
fn files_with_such_names_and_such_rows() {
    let (home, texts) = (Home::new(), hostile());
    let dir = home.path("files");
    std::fs::create_dir_all(&dir).unwrap();
    let mut names = Vec::new();
    for (n, one) in texts.iter().enumerate() {
        let name: String = format!("F{n:04}{}", one.text).replace(['/', '\0'], "").chars().take(60).collect();
        let quoted = serde_json::json!(one.text);
        let row = format!(
            "{{\"id\":{quoted},\"first_name\":{quoted},\"attributes\":{{{quoted}:{quoted}}}}}\n{}\n",
            one.text
        );
        let path = dir.join(format!("{name}.ndjson"));
        std::fs::write(&path, row).unwrap();
        names.push(path.to_str().unwrap().to_owned());
    }
    let mut bytes = 0;
    for some in names.chunks(200) {
        let args: Vec<&str> = std::iter::once("open").chain(some.iter().map(String::as_str)).collect();
        let mut pty = Pty::start(&home.path(""), &args, (120, 40), &[]);
        pty.wait_for(" FILE ");
        pty.wait_for(" unreadable");
        pty.send("\t\t").send("z").send("G").send(PAGE_DOWN);
        pty.send(CTRL_C).send(CTRL_C);
        let (status, raw) = pty.end();
        assert!(is_restored(&raw), "{status:?}");
        pictures(&raw);
        bytes += raw.len();
    }
    eprintln!("{} files, {bytes} bytes to the terminal: 0 findings", names.len());
}
