//! What an entry says, and what it never does.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::engine::audit::removal::RemovalKind;
use crate::engine::error::Kind;
use crate::engine::query::Draft;

/// A made-up entry with every field set.
pub(in crate::engine::audit) fn entry() -> Entry {
    of(Some(
        &Error::new(
            Kind::Network,
            "page 2 of \"CANARY-VALUE\", with CANARY-ID and CANARY-LITERAL",
            "CANARY-CAUSE",
            "CANARY-REMEDY",
        )
        .with_request("CANARY-REQUEST")
        .with_reply("CANARY-REPLY"),
    ))
}

fn of(error: Option<&Error>) -> Entry {
    let query = Draft {
        ids: vec!["CANARY-ID".into(), "PROF-002".into()],
        fields: "id,email".parse().unwrap(),
        segments: vec!["SEG-A".into()],
        filter: "lastName eq 'CANARY-LITERAL' and score gt 10".into(),
        limit: Some(100),
        ..Draft::default()
    }
    .check()
    .unwrap();
    let latency = Latency {
        count: 3,
        p50: Duration::from_millis(23),
        p95: Duration::from_micros(61_500),
        max: Duration::from_micros(70_001),
    };
    let summary = Summary {
        started: "2026-03-04T12:01:04.5Z".parse().unwrap(),
        elapsed: Duration::from_millis(1_234),
        total: Some(100),
        requests: 4,
        retries: 2,
        throttled: 1,
        bytes: 23_000,
        repeats: 1,
        not_found: vec![Id::new("ID", "CANARY-ID").unwrap()],
        filtered: true,
        network: latency,
        accuracy: Some(2.0 / 3.0),
        past_retention: 5,
        withheld: 7,
        cut: Some(Cut::Error),
        ..Summary::of(Status::Partial, 50)
    };
    let who = Who {
        user: User { name: "ada".into(), uid: 1000 },
        tenant: "acme".into(),
        dialect: "crm-v2".into(),
        sandbox: false,
        access: Access { reason: Some("case 4711".parse().unwrap()), to: Some(To::Screen) },
    };
    let granted = ["crm:read".to_owned(), "cdp:read".to_owned()];
    Entry::of_query(
        &Hasher::new(&[7; 32]),
        &who,
        &query,
        Some(&Link { seq: 41, hash: "0".repeat(64) }),
        &granted,
        &summary,
        error,
    )
}

#[test]
fn an_entry_says_all_that_the_issue_names() {
    let entry = entry();
    let hasher = Hasher::new(&[7; 32]);
    let id = hasher.hash("CANARY-ID");
    let value: Value = serde_json::to_value(&entry).unwrap();
    let asked = serde_json::json!({
        "schema": 3, "event": "query", "tool": concat!("cxlens ", env!("CARGO_PKG_VERSION")),
        "time": "2026-03-04T12:01:04.5Z", "elapsed_ms": 1234,
        "user": "ada", "uid": 1000, "tenant": "acme", "dialect": "crm-v2", "sandbox": false,
        "of": 41, "reason": "case 4711", "to": "screen", "call": null,
        "scopes": ["crm:read", "cdp:read"], "scopes_needed": ["crm:read", "cdp:read"],
        "fields": ["id", "email"], "segments": ["SEG-A"],
        "filter": format!("lastName eq '#{}' and score gt #{}", hasher.hash("CANARY-LITERAL"), hasher.hash("10")),
        "ids": 2, "id_hashes": [id, hasher.hash("PROF-002")],
        "page_size": 50, "limit": 100, "retention_days": 180, "cache": true,
    });
    let came = serde_json::json!({
        "status": "partial", "cut": "error",
        "error": {
            "kind": "network", "exit_code": 6,
            "what": format!("page 2 of \"#{}\", with #{id} and #{}",
                hasher.hash("CANARY-VALUE"), hasher.hash("CANARY-LITERAL")),
        },
        "pages": 1, "requests": 4, "retries": 2, "throttled": 1, "cache_hits": 0, "bytes": 23000, "rows": 50, "before": 0,
        "total": 100, "repeats": 1, "not_found": 1, "set_aside": 0, "past_retention": 5, "withheld": 7,
        "accuracy": 0.666_667,
        "removed": null,
        "network": { "count": 3, "p50_us": 23000, "p95_us": 61500, "max_us": 70001 },
        "processing": { "count": 0, "p50_us": 0, "p95_us": 0, "max_us": 0 },
    });
    let expected: serde_json::Map<_, _> =
        [asked, came].into_iter().flat_map(|part| part.as_object().unwrap().clone()).collect();
    assert_eq!(value, Value::Object(expected));
}

#[test]
fn no_value_of_anybody_is_in_an_entry() {
    let line = serde_json::to_string(&entry()).unwrap();
    assert!(!line.contains("CANARY"), "{line}");
    assert!(of(None).error.is_none());
}

fn noted(fields: &[&str]) -> Entry {
    let note = Note {
        disclosure: Disclosure::Reveal,
        id: Some("CANARY-ID".into()),
        fields: fields.iter().map(|&field| field.to_owned()).collect(),
        rows: 1,
    };
    let who = Who {
        user: User { name: "ada".into(), uid: 1000 },
        tenant: "acme".into(),
        dialect: "crm-v2".into(),
        sandbox: false,
        access: Access::default(),
    };
    Entry::of_note(&Hasher::new(&[7; 32]), &who, &note, "2026-03-04T12:01:04Z".parse().unwrap())
}

#[test]
fn a_disclosure_says_who_saw_what_of_whom_and_no_value() {
    let entry = noted(&["email", "attributes.address.city", "attributes.CANARY@x.org", "CANARY value"]);
    assert_eq!((entry.event.as_str(), entry.ids, entry.rows, entry.uid), ("reveal", 1, 1, 1000));
    assert_eq!(entry.id_hashes, [Hasher::new(&[7; 32]).hash("CANARY-ID")]);
    assert_eq!(entry.fields, ["email", "attributes.address.city", "attributes", "attributes"]);
    assert!(entry.is_disclosure() && !of(None).is_disclosure());
    let line = serde_json::to_string(&entry).unwrap();
    assert!(!line.contains("CANARY"), "{line}");
    // Whoever reads queries reads it too.
    assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry);
}

/// `network.p50_us` for what lies in an object.
fn names(value: &Value, prefix: &str, out: &mut BTreeSet<String>) {
    let Value::Object(members) = value else { return };
    for (key, value) in members {
        let name = format!("{prefix}{key}");
        names(value, &format!("{name}."), out);
        out.insert(name);
    }
}

#[test]
fn the_document_describes_exactly_these_fields() {
    let document = include_str!("../../../../docs/audit.md");
    let described: BTreeSet<String> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect();
    let mut written = BTreeSet::new();
    let removal = Removal {
        kind: RemovalKind::Audit,
        names: vec!["2026-01.jsonl".into()],
        count: 1,
        bytes: 2,
        before: "2026-02-01".into(),
    };
    let removed = Removed::of(&Hasher::new(&[7; 32]), &removal, None);
    let full = Entry { removed: Some(removed), ..entry() };
    names(&serde_json::to_value(full).unwrap(), "", &mut written);
    assert_eq!(described, written);
    for kind in [
        INTENT,
        "query",
        "again",
        "call",
        "removed",
        "torn-line",
        noted(&[]).event.as_str(),
        Disclosure::Copy.name(),
        Disclosure::Export.name(),
    ] {
        assert!(document.contains(&format!("`{kind}`")), "{kind}");
    }
}
