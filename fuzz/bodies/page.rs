//! A page of profiles: cut into rows, processed, written out, read back.

use bytes::Bytes;
use cxlens::engine::pipeline::json::{must_escape, node};
use cxlens::engine::pipeline::profile::{FieldRef, Profile, Slot};
use cxlens::engine::pipeline::{Parts, Processed, members, process, read_back};
use cxlens::engine::query::{Field, FieldSet};
use cxlens::export::{End, Format, Spec, Writer};
use cxlens::wire::crm_v2;

/// Rows of a page that are set aside one by one; the others are one entry.
const ONE_BY_ONE: usize = 1_000;

pub(crate) fn run(data: &[u8]) {
    let body = Bytes::copy_from_slice(data);
    match crm_v2::page(&body) {
        Ok(page) => rows(&body, &page.items),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    // Whatever it is, one row it may be.
    rows(&body, &[&body]);
}

fn rows(body: &Bytes, rows: &[&[u8]]) {
    let whole = process(body, rows, FieldSet::ALL, 1);
    let aside = whole.set_aside.len();
    if aside <= ONE_BY_ONE {
        assert_eq!(whole.rows.len() + aside, rows.len(), "a row is kept or set aside");
    } else {
        assert_eq!(aside, ONE_BY_ONE + 1, "the others are one entry");
    }
    for row in rows {
        let read = members(row).is_ok();
        let kept = process(body, &[row], FieldSet::ALL, 1).rows.len() == 1;
        assert_eq!(read, kept, "both are as strict");
    }
    in_parts(body, rows, &whole);
    for profile in &whole.rows {
        values(profile);
    }
    written(&whole.rows);
}

/// Part by part comes what comes at once.
fn in_parts(body: &Bytes, rows: &[&[u8]], whole: &Processed) {
    let start = body.as_ptr().addr();
    let ranges = rows.iter().map(|row| {
        let from = row.as_ptr().addr() - start;
        from..from + row.len()
    });
    let parts: Vec<_> = Parts::new(body.clone(), ranges.collect(), FieldSet::ALL, 1).collect();
    assert!(parts.iter().flat_map(|part| &part.rows).eq(&whole.rows));
    assert!(parts.iter().flat_map(|part| &part.set_aside).eq(&whole.set_aside));
}

/// What was processed comes back as it is when it is processed again.
fn values(profile: &Profile) {
    for field in Field::ALL {
        let FieldRef::Node(Slot::Value(value)) = profile.field(field) else { continue };
        let mut json = String::new();
        node(&mut json, value);
        let again = read_back(&json).unwrap_or_else(|| panic!("no JSON: {json}"));
        let mut twice = String::new();
        node(&mut twice, &again);
        assert_eq!(json, twice);
    }
}

fn written(rows: &[Profile]) {
    let ndjson = write(rows, Format::Ndjson);
    assert!(!ndjson.chars().any(|c| c != '\n' && must_escape(c)), "{ndjson:?}");
    assert_eq!(ndjson.lines().count(), rows.len());
    for line in ndjson.lines() {
        let read: serde_json::Result<&serde_json::value::RawValue> = serde_json::from_str(line);
        assert!(read.is_ok(), "{line}");
    }
    let json = write(rows, Format::Json);
    let list: Vec<&serde_json::value::RawValue> = serde_json::from_str(&json).expect("a list");
    assert_eq!(list.len(), rows.len());
    write(rows, Format::Csv);
}

fn write(rows: &[Profile], format: Format) -> String {
    let mut writer = Writer::new(Vec::new(), &Spec::new(format, FieldSet::ALL)).expect("a writer");
    for row in rows {
        writer.row(row).expect("memory takes all");
    }
    let none = &mut |_| std::ops::ControlFlow::Continue(());
    let out = writer.finish(End::Whole, none).expect("memory takes all").out;
    String::from_utf8(out).expect("text")
}
