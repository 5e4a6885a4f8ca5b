//! The headless commands, as the real binary against a real sandbox: exit codes, purity of stdout, files, signals.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "cli_headless/export.rs"]
mod export;
#[path = "support/headless.rs"]
mod headless;
#[path = "cli_headless/linear.rs"]
mod linear;
#[path = "cli_headless/retention.rs"]
mod retention;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::symlink;
use std::process::Stdio;

use cxlens::engine::text::is_dangerous;
use headless::{Home, Ran, Service, mode, send};
use rustix::process::Signal;

const SEGMENT: [&str; 3] = ["query", "--segment", "SEG-ALL"];

/// `cxlens query --segment SEG-ALL` and more.
fn segment<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SEGMENT[..], more].concat()
}

// Settings

#[test]
fn with_nothing_configured_query_names_the_variables_and_the_sandbox() {
    let home = Home::new();
    let ran = home.run(["query", "--id", "A"]);
    ran.is(2, &["CXONE_TENANT", "CXONE_CLIENT_ID", "CXONE_CLIENT_SECRET", "--sandbox"]);
    assert_eq!(ran.out, "");
}

#[test]
fn a_missing_variable_is_named_and_no_other() {
    let all = [("CXONE_TENANT", "acme"), ("CXONE_CLIENT_ID", "me"), ("CXONE_CLIENT_SECRET", "hush")];
    for (missing, _) in all {
        let home = Home::new();
        let mut command = home.cxlens(["query", "--id", "A"]);
        command.envs(all.into_iter().filter(|(name, _)| *name != missing));
        let ran = Ran::of(&mut command);
        ran.is(2, &[missing]);
        let cause = ran.err.lines().next().unwrap();
        for (present, _) in all.into_iter().filter(|(name, _)| *name != missing) {
            assert!(!cause.contains(present), "{cause}");
        }
    }
}

#[test]
fn what_is_wrong_is_named_with_what_would_be_right() {
    let home = Home::new();
    let bad_ids = home.file("ids.txt", "A\nB,C\n");
    let bad_config = home.file("bad.toml", "[cahce]\n");
    let twice = home.file("twice.csv", "id,name,id\nA,x,B\n");
    for (args, env, words) in [
        (vec!["query", "--id", "A", "--tenant", "evil.com/#"], None, vec!["evil.com/#", "a-z"]),
        (vec!["query", "--id", "A"], Some(("CXONE_BASE_URL", "http://10.0.0.1")), vec!["10.0.0.1", "https"]),
        (vec!["query", "--id", "A", "--timeout", "5x"], None, vec!["--timeout", "5x", "30s"]),
        (vec!["query", "--id", "A", "--max-wait", "-1s"], None, vec!["--max-wait"]),
        (vec!["query", "--id", "A", "--rate", "fast"], None, vec!["--rate", "fast", "10/s"]),
        (vec!["query", "--id", "A,B"], None, vec!["A,B", "comma"]),
        (vec!["query", "--fields", "shoe", "--id", "A"], None, vec!["shoe", "firstName"]),
        (vec!["query", "--fields", " , ", "--id", "A"], None, vec!["--fields", "\" , \"", "names no field"]),
        (vec!["query", "--filter", "email eq 'x"], None, vec!["\"email eq 'x\"", "quote", "position 10"]),
        (vec!["query", "--limit", "0", "--id", "A"], None, vec!["'0'", "--limit", "1 or more"]),
        (vec!["query", "--limit", "-1", "--id", "A"], None, vec!["'-1'", "--limit", "1 or more"]),
        (vec!["query", "--concurrency", "1.5", "--id", "A"], None, vec!["'1.5'", "from 1 to 64"]),
        (vec!["query"], None, vec!["no target"]),
        (vec!["query", "--ids-file", "nowhere.txt"], None, vec!["--ids-file nowhere.txt"]),
        (
            vec!["query", "--ids-file", &twice, "--ids-column", "id"],
            None,
            vec!["twice.csv", "\"id\"", "2 columns"],
        ),
        (vec!["query", "--ids-file", &bad_ids], None, vec!["ids.txt:2", "comma"]),
        (
            vec!["query", "--id", "A"],
            Some(("CXLENS_CONFIG", bad_config.as_str())),
            vec!["bad.toml:1", "cache"],
        ),
        (vec!["query", "--id", "A", "--sandbox", "-o", "people.orc"], None, vec!["people.orc", "--format"]),
        (vec!["query", "--id", "A", "--bogus"], None, vec!["--bogus"]),
        (vec!["sandbox", "--fault", "503-onec"], None, vec!["503-onec", "503-once"]),
        (vec!["sandbox", "--latency", "soon"], None, vec!["soon", "500ms"]),
        (vec!["sandbox", "--profiles", "99999999999"], None, vec!["'99999999999'", "from 0 to"]),
        (vec!["sandbox", "--addr", "localhost:0"], None, vec!["localhost:0", "127.0.0.1:8080"]),
        (vec!["webhook", "register"], None, vec!["--url", "WEBHOOK_CALLBACK_URL"]),
        (vec!["webhook", "register", "--url", "http://a.example"], None, vec!["http://a.example", "https"]),
        (vec!["audit", "show", "--since", "soon"], None, vec!["soon", "24h"]),
    ] {
        let mut command = home.cxlens(&args);
        command.envs(env);
        let ran = Ran::of(&mut command);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{args:?}");
        assert!(words.iter().all(|word| ran.err.contains(word)), "{args:?}: {words:?}: {}", ran.err);
    }
}

#[test]
fn a_wrong_value_drives_no_terminal() {
    let home = Home::new();
    let hostile = "\u{1b}]52;c;aGk=\u{7}\u{202e}";
    for flag in ["--limit", "--format", "--rate", "--tenant", "--filter"] {
        let ran = home.run(["query", "--id", "A", &format!("{flag}={hostile}x'")]);
        ran.is(2, &[]);
        assert!(!ran.err.contains(|c| c != '\n' && is_dangerous(c)), "{flag}: {:?}", ran.err);
        assert!(ran.err.contains("52;c;aGk="), "{flag}: {:?}", ran.err);
    }
}

#[test]
fn help_and_version_go_to_stdout() {
    let home = Home::new();
    for args in [&["--help"][..], &["-h"], &["query", "--help"], &["audit", "show", "-h"]] {
        let ran = home.run(args);
        ran.is(0, &[]);
        assert!(ran.out.contains("Example") && ran.err.is_empty(), "{args:?}");
    }
    assert_eq!(home.run(["--version"]).out, concat!("cxlens ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_dry_run_needs_no_network_and_no_credentials_and_sends_nothing() {
    let home = Home::new();
    let mut command =
        home.cxlens(["query", "--id", "PROF-001", "--segment", "SEG-A", "--dry-run", "--rate", "2/s"]);
    // Nothing listens there: a request would fail.
    let ran = Ran::of(command.env("CXONE_BASE_URL", "http://127.0.0.1:1"));
    ran.is(0, &[]);
    for words in
        ["at least 1 request", "GET http://127.0.0.1:1/api/v2/crm/contacts?", "curl -X GET", "$CXONE_TOKEN"]
    {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert_eq!(ran.err, "");
    assert!(!home.path("data/cxlens/audit").exists());
    home.run(["query", "--id", "A", "--dry-run"]).is(0, &[]);
}

// Rows

#[test]
fn a_segment_comes_whole_once_each_in_every_format() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let ran = home.ask(&service, segment(&[]));
    ran.is(0, &["500 profiles"]);
    let ids: BTreeSet<_> = ran.ids().into_iter().collect();
    assert_eq!((ran.ids().len(), ids.len()), (500, 500));
    assert!(ids.contains("PROF-001"));

    let json = home.ask(&service, segment(&["--format", "json", "--fields", "email,first_name"]));
    let rows: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&json.out).unwrap();
    assert_eq!(rows.len(), 500);
    assert!(rows.iter().all(|row| row.keys().collect::<BTreeSet<_>>()
        == BTreeSet::from([&"email".into(), &"first_name".into(), &"id".into()])));

    let csv = home.ask(&service, segment(&["--format", "csv"]));
    let mut reader = csv::Reader::from_reader(csv.out.as_bytes());
    let header = reader.headers().unwrap().clone();
    let keys = "id first_name last_name email phone tags attributes created_date modified_date";
    assert_eq!(header.iter().collect::<Vec<_>>().join(" "), keys);
    let found: BTreeSet<_> = reader.records().map(|record| record.unwrap()[0].to_owned()).collect();
    assert_eq!(found, ids);

    let table = home.ask(&service, segment(&["--format", "table"]));
    assert_eq!(table.out.lines().count(), 501);
}

#[test]
fn nothing_from_outside_reaches_stdout_or_stderr_unclean() {
    let home = Home::new();
    let service = Service::start(&["--fault", "rows-terminal-sequences", "--fault", "rows-bidi"]);
    // JSON keeps what only looks odd: it escapes what drives a terminal or turns text around.
    let drives = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    for (format, is_bad) in
        [("table", &is_dangerous as &dyn Fn(char) -> bool), ("ndjson", &drives), ("json", &drives)]
    {
        let ran = home.ask(&service, segment(&["--format", format]));
        for text in [&ran.out, &ran.err] {
            let bad: Vec<_> = text.chars().filter(|c| *c != '\n' && is_bad(*c)).take(3).collect();
            assert!(bad.is_empty(), "{format}: {bad:?}");
        }
        assert!(ran.out.len() > 10_000, "{format}");
    }
}

#[test]
fn ids_come_from_flags_files_and_stdin_and_what_is_not_found_is_said() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let ran = home.ask(&service, ["query", "--id", "PROF-001", "--id", "NOPE-1", "--id", "PROF-001"]);
    ran.is(0, &["not found 1: NOPE-1"]);
    assert_eq!(ran.ids(), ["PROF-001"]);

    let file = home.file("ids.txt", b"\xef\xbb\xbfPROF-001\r\n\r\n  PROF-002 \n");
    assert_eq!(home.ask(&service, ["query", "--ids-file", &file]).ids().len(), 2);

    let mut command = home.cxlens(["query", "--ids-file", "-"]);
    let ran = Ran::fed(command.envs(service.env()), b"PROF-003\nPROF-001\n");
    assert_eq!(
        ran.ids().into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from(["PROF-001".into(), "PROF-003".into()])
    );

    let csv = home.file("crm.csv", "Name,Customer ID\n\"Byron, Ada\",PROF-002\n");
    let ran = home.ask(&service, ["query", "--ids-file", &csv, "--ids-column", "Customer ID"]);
    assert_eq!(ran.ids(), ["PROF-002"]);

    let ran = home.ask(&service, ["query", "--id", "NOPE-1", "--segment", "SEG-ALL"]);
    ran.is(0, &["not returned 1: NOPE-1"]);
}

#[test]
fn more_ids_than_a_request_carries_are_one_result() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let all = home.ask(&service, segment(&["--fields", "id"])).ids();
    let wanted: Vec<_> = all.iter().take(250).cloned().collect();
    let file = home.file("ids.txt", wanted.join("\n"));
    let ran = home.ask(&service, ["query", "--ids-file", &file, "--fields", "id"]);
    ran.is(0, &["250 profiles"]);
    assert_eq!(ran.ids().into_iter().collect::<BTreeSet<_>>(), wanted.into_iter().collect());
}

#[test]
fn a_limit_is_kept_and_told() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let ran = home.ask(&service, segment(&["--limit", "70"]));
    ran.is(0, &["cut at --limit 70"]);
    assert_eq!(ran.ids().len(), 70);
}

#[test]
fn the_sandbox_of_its_own_stands_in_for_a_tenant() {
    let ran = Home::new().run(["query", "--id", "PROF-001", "--sandbox"]);
    ran.is(0, &["1 profile"]);
    assert_eq!(ran.ids(), ["PROF-001"]);
}

// Files

#[test]
fn a_file_is_renamed_when_whole_and_is_its_owners_alone() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let ran = home.ask(&service, segment(&["-o", "people.json"]));
    ran.is(0, &["wrote people.json"]);
    assert_eq!(ran.out, "");
    let path = home.path("people.json");
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!((rows.len(), mode(&path)), (500, 0o600));
    assert!(!home.path("people.json.partial").exists());
}

#[test]
fn a_file_that_is_there_is_replaced_only_by_force_and_a_link_never() {
    let (home, service) = (Home::new(), Service::start(&[]));
    home.file("people.csv", "mine");
    home.ask(&service, segment(&["-o", "people.csv"])).is(2, &["people.csv", "--force"]);
    assert_eq!(fs::read(home.path("people.csv")).unwrap(), b"mine");
    symlink(home.path("people.csv"), home.path("link.csv")).unwrap();
    home.ask(&service, segment(&["-o", "link.csv", "--force"])).is(2, &["symbolic link"]);
    assert_eq!(fs::read(home.path("people.csv")).unwrap(), b"mine");
    // Nothing was sent: no run was recorded.
    assert!(!home.path("data/cxlens/audit").exists());
    home.ask(&service, segment(&["-o", "people.csv", "--force"])).is(0, &["wrote people.csv"]);
    assert_eq!(csv::Reader::from_path(home.path("people.csv")).unwrap().records().count(), 500);
}

#[test]
fn a_run_that_fails_half_way_keeps_its_rows_and_says_where() {
    let home = Home::new();
    let service = Service::start(&["--fault", "captive-portal-mid-paging"]);
    let ran = home.ask(&service, segment(&["-o", "people.ndjson"]));
    ran.is(7, &["error: ", "people.ndjson.partial", "missing"]);
    assert!(!home.path("people.ndjson").exists());
    let kept = fs::read_to_string(home.path("people.ndjson.partial")).unwrap();
    assert!(kept.lines().count() >= 50 && kept.ends_with("}\n"), "{kept}");
}

// Signals

/// Interrupts a run whose first row was seen, and gives its end.
fn interrupted(
    home: &Home,
    service: &Service,
    signal: Signal,
    more: &[&str],
) -> (Option<i32>, usize, String) {
    let mut command = home.cxlens(segment(more));
    let mut child =
        command.envs(service.env()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    send(&child, signal);
    let rest: Vec<String> = out.lines().map(Result::unwrap).collect();
    for line in &rest {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let lines = 1 + rest.len();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (child.wait().unwrap().code(), lines, err)
}

#[test]
fn a_signal_ends_a_run_with_its_rows_written() {
    let home = Home::new();
    let service = Service::start(&["--latency", "200ms", "--profiles", "2000"]);
    for (signal, code, word) in
        [(Signal::INT, 130, "interrupted"), (Signal::TERM, 143, "terminated"), (Signal::HUP, 129, "hung up")]
    {
        let (got, rows, err) = interrupted(&home, &service, signal, &["--concurrency", "1"]);
        assert_eq!(got, Some(code), "{err}");
        assert!((50..2_000).contains(&rows), "{rows}");
        assert!(err.contains(word) && err.contains(&format!("{rows} of 2,000 profiles")), "{err}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_was_started_to_outlive_its_terminal_does() {
    let (home, service) = (Home::new(), Service::start(&["--latency", "50ms"]));
    let mut nohup = std::process::Command::new("sh");
    nohup
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", headless::CXLENS])
        .args(segment(&["--concurrency", "1"]));
    nohup.env_clear().env("HOME", home.path("")).envs(service.env());
    let mut child = nohup.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    send(&child, Signal::HUP);
    assert_eq!(1 + out.lines().count(), 500);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_interrupted_file_is_kept_as_partial_and_named() {
    let home = Home::new();
    let service = Service::start(&["--latency", "100ms", "--profiles", "5000"]);
    let ran = interrupted_file(&home, &service, "people.ndjson");
    let partial = home.path("people.ndjson.partial");
    ran.is(130, &["people.ndjson.partial"]);
    let kept = fs::read_to_string(partial).unwrap();
    assert!(kept.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert!(!home.path("people.ndjson").exists());
}

/// Interrupts a run into a file once its first rows are there.
fn interrupted_file(home: &Home, service: &Service, name: &str) -> Ran {
    let mut command = home.cxlens(segment(&["-o", name, "--concurrency", "1"]));
    let child = command.envs(service.env()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let partial = home.path(&format!("{name}.partial"));
    // The file grows a page at a time.
    while fs::metadata(&partial).map_or(0, |meta| meta.len()) == 0 {
        std::thread::yield_now();
    }
    send(&child, Signal::INT);
    Ran::from(child.wait_with_output().unwrap())
}

#[test]
fn a_stopped_run_goes_on_where_it_was() {
    let home = Home::new();
    let service = Service::start(&["--latency", "40ms", "--profiles", "1500"]);
    let whole = home.ask(&service, segment(&[])).ids();
    assert_eq!(whole.len(), 1_500);
    for name in ["people.ndjson", "people.json", "people.csv"] {
        interrupted_file(&home, &service, name).is(130, &["--resume -o", name]);
        let ran = home.ask(&service, ["query", "--resume", "-o", name]);
        ran.is(0, &["more profiles, 1,500 in all", "wrote"]);
        let requests = ran.err.lines().find_map(|line| line.strip_prefix("requests ")).unwrap();
        assert!(requests.parse::<usize>().unwrap() <= 30 + 4, "nothing is asked twice: {}", ran.err);
        let text = fs::read_to_string(home.path(name)).unwrap();
        let ids: Vec<String> = if name.ends_with("csv") {
            let mut read = csv::Reader::from_reader(text.as_bytes());
            read.records().map(|row| row.unwrap()[0].to_owned()).collect()
        } else if name.ends_with("ndjson") {
            Ran { code: None, out: text, err: String::new() }.ids()
        } else {
            let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(ids, whole, "{name}");
        assert!(!home.path(&format!("{name}.partial")).exists());
        let none = home.ask(&service, ["query", "--resume", "-o", name]);
        none.is(2, &["no run of tenant", "stopped on its way"]);
    }
}

#[test]
fn a_stopped_run_goes_on_into_the_same_pipe() {
    let home = Home::new();
    let service = Service::start(&["--fault", "retry-after-long", "--profiles", "500"]);
    let cut = home.ask(&service, segment(&[]));
    cut.is(5, &["450 are missing", "cxlens query --resume goes on from there"]);
    let again = home.ask(&service, ["query", "--resume"]);
    // The service still wants to be left alone, and nothing that was kept is lost.
    again.is(5, &["cxlens query --resume goes on from there"]);
    assert_eq!((cut.ids().len(), again.out.as_str()), (50, ""));
    home.run(["query", "--resume", "--segment", "SEG-A"]).is(2, &["--resume"]);
    let files = home.files();
    let kept: Vec<_> = files.iter().filter(|(path, _)| path.to_string_lossy().contains("/resume/")).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(mode(&kept[0].0), 0o600);
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let home = Home::new();
    let service = Service::start(&["--latency", "50ms", "--profiles", "5000"]);
    let mut command = home.cxlens(segment(&[]));
    let mut child =
        command.envs(service.env()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    ran.is(0, &[]);
    assert_eq!(ran.err, "");
    assert!(first.starts_with("{\"id\":"), "{first}");
}

// Exit codes

#[test]
fn every_class_of_failure_has_its_exit_code() {
    for (fault, args, code) in [
        ("token-invalid-client", &[][..], 3),
        ("token-scope-lacking", &[], 4),
        ("403-insufficient-scope", &[], 4),
        ("retry-after-long", &["--max-wait", "1s"], 5),
        ("captive-portal", &[], 7),
        ("200-no-items", &[], 7),
        ("redirect", &[], 7),
        ("next-page-other-origin", &[], 7),
        ("rows-not-objects", &[], 7),
    ] {
        let (home, service) = (Home::new(), Service::start(&["--fault", fault]));
        let ran = home.ask(&service, segment(args));
        assert_eq!(ran.code, Some(code), "{fault}: {}", ran.err);
        assert!(ran.err.contains("error: ") || ran.err.contains("set aside"), "{fault}: {}", ran.err);
        ran.ids();
    }
}

#[test]
fn a_service_that_is_not_there_is_six() {
    let home = Home::new();
    let mut command = home.cxlens(["query", "--id", "A"]);
    command.envs([
        ("CXONE_BASE_URL", "http://127.0.0.1:1"),
        ("CXONE_CLIENT_ID", "me"),
        ("CXONE_CLIENT_SECRET", "hush"),
    ]);
    Ran::of(&mut command).is(6, &["error: ", "127.0.0.1:1"]);
}

#[test]
fn a_secret_is_nowhere_but_where_it_was_given() {
    let (home, service) = (Home::new(), Service::start(&["--fault", "token-echoes-secret"]));
    let secret = service.get("CXONE_CLIENT_SECRET").to_owned();
    let mut command = home.cxlens(segment(&[]));
    let ran = Ran::of(command.envs(service.env()).env("CXLENS_LOG", "trace"));
    assert!(!ran.out.contains(&secret) && !ran.err.contains(&secret), "{}", ran.err);
    let files = home.files();
    assert!(
        files.iter().any(|(path, bytes)| path.extension().is_some_and(|e| e == "log") && !bytes.is_empty())
    );
    for (path, bytes) in files {
        assert!(!String::from_utf8_lossy(&bytes).contains(&secret), "{}", path.display());
    }
}

#[test]
fn the_log_is_its_users_alone_and_never_on_the_screen() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let ran =
        Ran::of(home.cxlens(["query", "--id", "PROF-001"]).envs(service.env()).env("CXLENS_LOG", "trace"));
    ran.is(0, &[]);
    assert!(!ran.err.contains("TRACE") && !ran.err.contains("DEBUG"), "{}", ran.err);
    let dir = home.path("state/cxlens/log");
    let file = fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
    assert_eq!((mode(&dir), mode(&file)), (0o700, 0o600));
}

#[test]
fn a_log_that_cannot_be_kept_is_said_once_and_stops_nothing() {
    let (home, service) = (Home::new(), Service::start(&[]));
    home.file("state", "in the way");
    let ran = home.ask(&service, ["query", "--id", "PROF-001"]);
    ran.is(0, &["no diagnostic log"]);
    assert_eq!(ran.err.matches("no diagnostic log").count(), 1);
    assert_eq!(ran.ids(), ["PROF-001"]);
}

// The other commands

#[test]
fn the_sandbox_says_four_lines_and_ends_well_on_a_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let service = Service::start(&[]);
        let names: Vec<_> = service.lines.iter().map(|line| line.split('=').next().unwrap()).collect();
        let wanted = ["CXONE_BASE_URL", "CXONE_TENANT", "CXONE_CLIENT_ID", "CXONE_CLIENT_SECRET"];
        assert_eq!(names, wanted.map(|name| format!("export {name}")));
        let (status, rest) = service.end(signal);
        assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_sandbox_on_every_address_points_a_client_at_loopback() {
    let (home, service) = (Home::new(), Service::start(&["--addr", "0.0.0.0:0"]));
    assert!(service.get("CXONE_BASE_URL").starts_with("http://127.0.0.1:"), "{:?}", service.lines);
    home.ask(&service, segment(&[])).is(0, &["500 profiles"]);
}

#[test]
fn where_the_sandbox_cannot_listen_the_address_and_a_way_out_are_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let ran = Home::new().run(["sandbox", "--addr", &addr]);
    ran.is(1, &[&addr, "in use", "\n  remedy: choose another address"]);
    assert_eq!(ran.out, "");
}

#[test]
fn what_names_no_webhook_is_never_deleted() {
    let (home, service) = (Home::new(), Service::start(&[]));
    home.ask(&service, ["webhook", "register", "--url", "https://example.com/a"]).is(0, &[]);
    // Each of these would make the path that of all registrations.
    for id in ["", " ", ".", "..", "a/../b c"] {
        home.ask(&service, ["webhook", "delete", "--", id]).is(2, &["webhook \"", "remedy"]);
    }
    assert_eq!(home.ask(&service, ["webhook", "list"]).out.lines().count(), 1);
}

#[test]
fn a_webhook_without_a_tenant_is_not_told_of_a_flag_that_it_does_not_have() {
    let home = Home::new();
    for args in [&["webhook", "list"][..], &["webhook", "delete", "WH-1"]] {
        for env in [None, Some(("CXONE_TENANT", "acme"))] {
            let ran = Ran::of(home.cxlens(args).envs(env));
            ran.is(2, &["CXONE_CLIENT_SECRET", "cxlens sandbox"]);
            assert!(!ran.err.contains("--sandbox"), "{}", ran.err);
        }
    }
}

#[test]
fn a_webhook_is_made_once_listed_and_deleted() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let url = "https://example.com/hooks?x=1";
    let made = home.ask(&service, ["webhook", "register", "--url", url]);
    made.is(0, &["registered", url, "profile.updated,profile.created", "CDP Profile Sync Webhook"]);
    assert!(made.out.starts_with("whsec_") && made.out.lines().count() == 1, "{}", made.out);
    assert!(!made.err.contains("whsec_"));

    let again =
        Ran::of(home.cxlens(["webhook", "register"]).envs(service.env()).env("WEBHOOK_CALLBACK_URL", url));
    again.is(0, &["registered already"]);
    assert_eq!(again.out, "");

    let list = home.ask(&service, ["webhook", "list"]);
    list.is(0, &[]);
    assert_eq!(list.out.lines().count(), 1);
    let id = list.out.split('\t').next().unwrap();
    home.ask(&service, ["webhook", "delete", id]).is(0, &["deleted", id]);
    let list = home.ask(&service, ["webhook", "list"]);
    list.is(0, &["no webhooks"]);
    assert_eq!(list.out, "");
}

#[test]
fn a_signing_secret_goes_into_a_file_of_its_owners_alone() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let register =
        |url: &str| home.ask(&service, ["webhook", "register", "--url", url, "--secret-file", "hook.secret"]);
    let made = register("https://example.com/a");
    made.is(0, &["hook.secret"]);
    assert_eq!(made.out, "");
    let secret = fs::read_to_string(home.path("hook.secret")).unwrap();
    assert!(secret.starts_with("whsec_"));
    assert_eq!(mode(&home.path("hook.secret")), 0o600);
    // The file is there: the service is not asked, and the secret stays.
    register("https://example.com/b").is(2, &["hook.secret"]);
    assert_eq!(fs::read_to_string(home.path("hook.secret")).unwrap(), secret);
    assert_eq!(home.ask(&service, ["webhook", "list"]).out.lines().count(), 1);
}

#[test]
fn a_client_without_the_scope_is_told_before_anything_is_registered() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let mut command = home.cxlens(["webhook", "register", "--url", "https://example.com/a"]);
    Ran::of(command.envs(service.env()).env("CXONE_CLIENT_ID", "sandbox-readonly")).is(4, &["webhook:write"]);
    let mut command = home.cxlens(segment(&[]));
    Ran::of(command.envs(service.env()).env("CXONE_CLIENT_ID", "sandbox-readonly"))
        .is(4, &["cdp:read", "crm:read"]);
}

#[test]
fn every_run_is_in_the_trail_without_anybodys_data() {
    let (home, service) = (Home::new(), Service::start(&[]));
    home.ask(&service, ["query", "--id", "PROF-001", "--filter", "email ne 'nobody@example.com'"]).is(0, &[]);
    home.ask(&service, segment(&["--limit", "10"])).is(0, &[]);
    let mut command = home.cxlens(segment(&[]));
    Ran::of(command.envs(service.env()).env("CXONE_CLIENT_SECRET", "wrong")).is(3, &[]);

    let shown = home.run(["audit", "show"]);
    shown.is(0, &[]);
    let heads: Vec<_> = shown.out.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(heads.len(), 3, "{}", shown.out);
    assert!(
        heads[0].contains("success") && heads[0].contains("1 profile ") && heads[2].contains("failed"),
        "{heads:?}"
    );

    let kept = home.run(["audit", "show", "--format", "ndjson", "--status", "success", "--last", "1"]);
    let entry: serde_json::Value = serde_json::from_str(&kept.out).unwrap();
    assert_eq!(
        (&entry["rows"], &entry["cut"], &entry["status"]),
        (&10.into(), &"limit".into(), &"success".into())
    );
    assert_eq!(home.run(["audit", "show", "--since", "1h"]).out, shown.out);

    for (path, bytes) in home.files() {
        let text = String::from_utf8_lossy(&bytes);
        for personal in ["PROF-001", "nobody@example.com", "customer1@example.com", "Brightwater"] {
            assert!(!text.contains(personal), "{personal} in {}", path.display());
        }
    }
}

#[test]
fn a_trail_with_a_bad_line_names_it_and_shows_the_rest() {
    let home = Home::new();
    home.run(["audit", "show"]).is(0, &["nothing was recorded"]);
    home.file("data/cxlens/audit/2026-03.jsonl", "{broken\n");
    let ran = home.run(["audit", "show"]);
    ran.is(1, &["2026-03.jsonl:1"]);
    assert_eq!(ran.out, "");
}
