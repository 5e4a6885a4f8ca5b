//! The audit trail as its commands have it: an intent before anything is asked, its end after, one chain over all of it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "support/headless.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod headless;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value;

use headless::{Home, Ran, Service, send};

const ACME: &str = "[tenants.acme]\nrequire_reason = true\n";

/// The entries of a home, as they are kept.
fn entries(home: &Home) -> Vec<Value> {
    let shown = home.run(["audit", "show", "--format", "ndjson"]);
    shown.is(0, &[]);
    shown.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn words<'a>(entries: &'a [Value], key: &str) -> Vec<&'a str> {
    entries.iter().map(|entry| entry[key].as_str().unwrap_or("-")).collect()
}

/// What a run printed of the chain's end.
fn head(ran: &Ran) -> String {
    ran.err.lines().find_map(|line| line.strip_prefix("audit head ")).expect(&ran.err).to_owned()
}

#[test]
fn an_intent_stands_before_each_query_and_its_end_refers_to_it() {
    let (home, service) = (Home::new(), Service::start(&[]));
    home.ask(&service, ["query", "--id", "PROF-001", "--reason", " case 4711 "]).is(0, &["audit head 2:"]);
    home.ask(&service, ["query", "--segment", "SEG-ALL", "--limit", "60", "-o", "a.csv"])
        .is(0, &["audit head 4:"]);
    home.ask(&service, ["webhook", "list"]).is(0, &["audit head 6:"]);
    let entries = entries(&home);
    assert_eq!(words(&entries, "event"), ["intent", "query", "intent", "query", "intent", "call"]);
    assert_eq!(words(&entries, "status"), ["begun", "success", "begun", "success", "begun", "success"]);
    assert_eq!(words(&entries, "to"), ["pipe", "pipe", "file", "file", "-", "-"]);
    assert_eq!(words(&entries, "reason"), ["case 4711", "case 4711", "-", "-", "-", "-"]);
    assert_eq!(words(&entries, "call")[4..], ["webhook list", "webhook list"]);
    let of: Vec<_> = entries.iter().map(|entry| entry["of"].as_u64().unwrap_or(0)).collect();
    assert_eq!(of, [0, 1, 0, 3, 0, 5]);
    for (intent, end) in [(0, 1), (2, 3)] {
        for same in
            ["time", "fields", "segments", "filter", "ids", "id_hashes", "user", "tenant", "page_size"]
        {
            if same != "time" {
                assert_eq!(entries[intent][same], entries[end][same], "{same}");
            }
        }
    }
    let shown = home.run(["audit", "show"]).out;
    assert_eq!(shown.matches("  asked     ").count(), 2, "an access is told once:\n{shown}");
    assert!(shown.contains("  for       case 4711\n") && shown.contains("success  webhook list"), "{shown}");
}

#[test]
fn what_a_killed_process_was_about_to_do_is_there() {
    let home = Home::new();
    let service = Service::start(&["--latency", "100ms", "--profiles", "5000"]);
    let mut command = home.cxlens(["query", "--segment", "SEG-ALL"]);
    let mut child = command.envs(service.env()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("{\"id\":"));
    send(&child, Signal::KILL);
    child.wait().unwrap();
    let verified = home.run(["audit", "verify"]);
    verified.is(0, &[]);
    assert!(verified.out.contains("1 entry in a chain that holds"), "{}", verified.out);
    assert!(verified.out.contains("of 1 query nothing says how it ended"), "{}", verified.out);
    let shown = home.run(["audit", "show", "--status", "unfinished"]).out;
    assert!(shown.contains("  unfinished  ") && shown.contains("segments SEG-ALL"), "{shown}");
}

#[test]
fn a_head_that_was_printed_finds_an_end_that_was_cut_off() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let first = head(&home.ask(&service, ["query", "--id", "PROF-001"]));
    let last = head(&home.ask(&service, ["query", "--id", "PROF-002"]));
    for kept in [&first, &last] {
        home.run(["audit", "verify", "--head", kept]).is(0, &[]);
    }
    // Somebody takes away the last two entries, and what knows of them.
    let dir = home.path("data/cxlens/audit");
    let of = |ending: &str| {
        fs::read_dir(&dir)
            .unwrap()
            .map(|f| f.unwrap().path())
            .find(|p| p.ends_with(ending) || p.extension().is_some_and(|e| e == ending))
            .unwrap()
    };
    let file = of("jsonl");
    let lines: String = fs::read_to_string(&file).unwrap().split_inclusive('\n').take(2).collect();
    fs::write(&file, lines).unwrap();
    fs::remove_file(of("head")).unwrap();
    home.run(["audit", "verify"]).is(0, &[]);
    home.run(["audit", "verify", "--head", &first]).is(0, &[]);
    let cut = home.run(["audit", "verify", "--head", &last]);
    cut.is(1, &[]);
    assert!(cut.out.contains(".jsonl:3: the end is cut off"), "{}", cut.out);
}

#[test]
fn a_tenant_that_requires_a_reason_is_not_asked_without_one() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let (tenant, url) = (service.get("CXONE_TENANT"), service.get("CXONE_BASE_URL"));
    home.file("config/cxlens/config.toml", ACME.replace("acme", tenant));
    let none = home.ask(&service, ["query", "--id", "PROF-001"]);
    none.is(2, &["asks for the reason of each access", "--reason"]);
    assert!(none.out.is_empty() && !home.path("data/cxlens/audit/head").exists(), "{url} was not asked");
    home.ask(&service, ["query", "--id", "PROF-001", "--reason", "x"])
        .is(2, &["--reason", "3 to 200 characters"]);
    home.ask(&service, ["query", "--id", "PROF-001", "--reason", "case 4711"]).is(0, &[]);
    let lines = b"ids PROF-001\nrun\nreason\nreason case 4712\nrun\n";
    let told = Ran::fed(home.cxlens(["--linear"]).envs(service.env()), lines);
    told.is(0, &[]);
    assert!(told.out.contains("Not run: this tenant wants to know what for."), "{}", told.out);
    assert_eq!(words(&entries(&home), "reason"), ["case 4711", "case 4711", "case 4712", "case 4712"]);
}

#[test]
fn a_reviewer_finds_who_looked_at_whom_and_can_prove_the_lines() {
    let (home, service) = (Home::new(), Service::start(&[]));
    home.ask(&service, ["query", "--id", "PROF-001", "--id", "PROF-002", "--reason", "=cmd()"]).is(0, &[]);
    home.ask(&service, ["query", "--id", "PROF-002", "--id", "PROF-003"]).is(0, &[]);
    home.ask(&service, ["query", "--segment", "SEG-ALL", "--limit", "1"]).is(0, &[]);
    let found = |flags: &[&str]| {
        let ran = home.run(["audit", "export"].iter().chain(flags));
        ran.is(0, &[]);
        let mut reader = csv::Reader::from_reader(ran.out.as_bytes());
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        records.iter().map(|record| record[0].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&[]), ["2", "4", "6"]);
    assert_eq!(found(&["--id", "PROF-001"]), ["2"]);
    assert_eq!(found(&["--id", "PROF-002"]), ["2", "4"]);
    assert_eq!(found(&["--id", "PROF-003", "--id", "PROF-001"]), ["2", "4"]);
    assert_eq!(found(&["--reason", "CMD"]), ["2"]);
    assert_eq!(found(&["--until", "2020-01-01"]), [""; 0]);
    assert_eq!(found(&["--event", "intent"]), [""; 0], "an access is there once");
    let csv = home.run(["audit", "export"]).out;
    assert!(csv.contains(",'=cmd(),") && !csv.contains("PROF-00"), "{csv}");

    let wrote = home.run(["audit", "export", "-o", "trail.ndjson"]);
    wrote.is(0, &["6 entries", "wrote trail.ndjson"]);
    assert_eq!(headless::mode(&home.path("trail.ndjson")), 0o600);
    home.run(["audit", "verify", "trail.ndjson"]).is(0, &[]);
    let text = fs::read_to_string(home.path("trail.ndjson")).unwrap();
    home.file("trail.ndjson", text.replacen("\"rows\":2", "\"rows\":0", 1));
    let changed = home.run(["audit", "verify", "trail.ndjson"]);
    changed.is(1, &[]);
    assert!(changed.out.starts_with("trail.ndjson:3: "), "{}", changed.out);
    home.run(["audit", "export", "-o", "trail.ndjson"]).is(2, &["trail.ndjson"]);
    home.run(["audit", "verify", "none.ndjson"]).is(2, &["there is no such file"]);
}
