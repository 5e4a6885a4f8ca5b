//! What `audit show`, `verify` and `export` say.

use super::*;
use crate::engine::audit::Audit;
use crate::engine::event::Status;
use std::fs;

/// An entry as the contract of `docs/audit.md` has it.
fn entry(time: &str, status: &str) -> String {
    r#"{"schema": 1, "event": "query", "tool": "cxlens 0", "time": "TIME", "elapsed_ms": 2500, "user": "alice",
        "uid": 1000, "tenant": "acme", "dialect": "crm-v2", "sandbox": false, "scopes": ["crm:read"],
        "scopes_needed": ["crm:read"], "fields": ["id", "email"], "segments": ["SEG-A\u001b[2J"],
        "filter": "email eq '#1234'", "ids": 3, "id_hashes": ["a", "b", "c"], "page_size": 50, "limit": null,
        "retention_days": 180, "cache": true, "status": "STATUS", "cut": null,
        "error": {"kind": "network", "exit_code": 6, "what": "page 2"}, "pages": 2, "requests": 3, "retries": 1,
        "throttled": 0, "cache_hits": 0, "bytes": 12345, "rows": 1250, "before": 0, "total": null, "repeats": 0,
        "not_found": 1, "set_aside": 0, "past_retention": 0, "accuracy": 0.5,
        "network": {"count": 2, "p50_us": 23000, "p95_us": 61000, "max_us": 61000},
        "processing": {"count": 2, "p50_us": 100, "p95_us": 100, "max_us": 100}}"#
        .replace('\n', "")
        .replace("TIME", time)
        .replace("STATUS", status)
}

/// A trail of three entries with a broken line among them.
fn trail() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let lines = [
        entry("2026-03-01T10:00:00Z", "success"),
        entry("2026-03-02T10:00:00Z", "failed"),
        "{broken".to_owned(),
        entry("2026-03-03T10:00:00Z", "success"),
    ];
    fs::write(dir.path().join("2026-03.jsonl"), lines.join("\n") + "\n").unwrap();
    dir
}

fn shown(dir: &Path, how: &Show) -> (u8, String, String) {
    let (mut out, mut said) = (Vec::new(), String::new());
    let code = show(dir, how, &TimeZone::UTC, &mut out, |text: &str| said.push_str(text)).unwrap();
    (code, String::from_utf8(out).unwrap(), said)
}

fn last(n: u64, ndjson: bool) -> Show {
    Show { which: Which { last: Some(n), ..Which::default() }, ndjson }
}

#[test]
fn an_entry_is_told_in_a_few_clean_lines() {
    let dir = trail();
    let (code, out, said) = shown(dir.path(), &last(1, false));
    assert_eq!(code, 1);
    assert!(said.contains("2026-03.jsonl:3: "), "{said}");
    assert!(
        out.starts_with("2026-03-03 10:00:00 UTC  success  1,250 profiles in 2.5 s  acme  by alice\n"),
        "{out}"
    );
    for words in [
        "3 IDs; segments SEG-A␛[2J; filter email eq '#1234'; fields id email; scopes crm:read",
        "3 requests, 2 pages, retries 1, 12,345 bytes",
        "p50 23 ms, p95 61 ms, max 61 ms",
        "not found 1, accuracy 50.0 %",
        "network (exit 6): page 2",
    ] {
        assert!(out.contains(words), "{words}: {out}");
    }
}

#[test]
fn a_disclosure_is_told_by_what_was_seen_of_whom() {
    let dir = tempfile::tempdir().unwrap();
    let line = entry("2026-03-03T10:00:00Z", "success")
        .replace("\"query\"", "\"reveal\"")
        .replace("[\"a\", \"b\", \"c\"]", "[\"ab12\"]");
    fs::write(dir.path().join("2026-03.jsonl"), line + "\n").unwrap();
    let (code, out, _) = shown(dir.path(), &Show::default());
    assert_eq!(
        (code, out.as_str()),
        (
            0,
            "2026-03-03 10:00:00 UTC  reveal  personal values  acme  by alice\n  of        profile #ab12: id email\n"
        )
    );
}

#[test]
fn filters_choose_entries() {
    let dir = trail();
    let count = |which: Which| shown(dir.path(), &Show { which, ndjson: true }).1.lines().count();
    let moment = Some("2026-03-02T10:00:00Z".parse().unwrap());
    let all = Which::default;
    let success = Some(Wanted::Ended(Status::Success));
    assert_eq!(count(all()), 3);
    assert_eq!(count(Which { since: moment, ..all() }), 2);
    assert_eq!(count(Which { until: moment, ..all() }), 1);
    assert_eq!(count(Which { status: success, ..all() }), 2);
    assert_eq!(count(Which { last: Some(1), status: Some(Wanted::Ended(Status::Failed)), ..all() }), 1);
    assert_eq!(count(Which { status: Some(Wanted::Unfinished), ..all() }), 0);
    for (is, is_not) in [("query", "reveal"), ("query", "intent")] {
        assert_eq!(count(Which { events: vec![is.into()], ..all() }), 3);
        assert_eq!(count(Which { events: vec![is_not.into()], ..all() }), 0);
    }
    for (users, found) in [("alice", 3), ("1000", 3), ("bob", 0)] {
        assert_eq!(count(Which { users: vec![users.into()], ..all() }), found, "{users}");
    }
    assert_eq!(count(Which { tenants: vec!["acme".into(), "other".into()], ..all() }), 3);
    assert_eq!(count(Which { hashes: vec!["b".into()], ..all() }), 3);
    assert_eq!(count(Which { hashes: vec!["d".into()], ..all() }), 0);
    assert_eq!(count(Which { reason: Some("case".into()), ..all() }), 0);
}

#[test]
fn ndjson_is_the_entry_as_it_is_kept() {
    let dir = trail();
    let (_, out, _) = shown(dir.path(), &last(1, true));
    let kept: serde_json::Value = serde_json::from_str(&entry("2026-03-03T10:00:00Z", "success")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap(), kept);
}

#[test]
fn a_trail_without_entries_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, said) = shown(dir.path(), &Show::default());
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(said.contains("nothing was recorded"), "{said}");
}

#[test]
fn a_chain_that_holds_says_its_head_and_one_that_does_not_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let verified = |head: Option<&str>| {
        let mut out = Vec::new();
        let code = verify(dir.path(), head, &mut out).unwrap();
        (code, String::from_utf8(out).unwrap())
    };
    assert!(verified(None).1.contains("nothing was recorded"));
    let line: Entry = serde_json::from_str(&entry("2026-03-01T10:00:00Z", "success")).unwrap();
    let trail = Audit::open(dir.path()).unwrap();
    trail.record(&line).unwrap();
    let head = trail.record(&line).unwrap().to_string();
    let (code, said) = verified(None);
    assert!(code == 0 && said.contains("2 entries") && said.contains(&head), "{said}");
    assert_eq!(verified(Some(&head)).0, 0);
    assert_eq!(verify(dir.path(), Some("2:beef"), Vec::new()).unwrap_err().kind, Kind::Usage);
    let file = dir.path().join("2026-03.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("alice", "mallo", 1)).unwrap();
    let (code, said) = verified(None);
    assert!(code == 1 && said.contains("2026-03.jsonl:2: "), "{said}");
}

#[test]
fn moments_are_read_as_people_write_them() {
    let now: Timestamp = "2026-03-04T12:00:00Z".parse().unwrap();
    let zone = TimeZone::fixed(jiff::tz::offset(1));
    for (text, expected) in [
        ("24h", "2026-03-03T12:00:00Z"),
        ("7d", "2026-02-25T12:00:00Z"),
        ("2026-03-01", "2026-02-28T23:00:00Z"),
        ("2026-03-01T10:00", "2026-03-01T09:00:00Z"),
        ("2026-03-01T10:00Z", "2026-03-01T10:00:00Z"),
    ] {
        assert_eq!(moment("--since", text, now, &zone).unwrap(), expected.parse().unwrap(), "{text}");
    }
    for bad in ["", "soon", "-7d", "99999y", "2026-13-01", "7"] {
        let error = moment("--since", bad, now, &zone).unwrap_err();
        assert!(error.what.contains(bad) && error.remedy.contains("24h"), "{error}");
    }
}
