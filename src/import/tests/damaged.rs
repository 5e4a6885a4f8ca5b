//! Files that are damaged, cut off, or something else: an error or rows set aside, and never a panic.

use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::file::properties::WriterProperties;
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{RecordBatch, StringArray};
use proptest::prelude::*;

use super::*;

#[test]
fn what_is_no_export_is_refused_with_what_to_do() {
    let cases: [(&str, &[u8], &str, &str); 11] = [
        ("a.ndjson.gz", b"\x1f\x8b\x08...", "gzip", "gunzip"),
        ("a.zst", b"\x28\xb5\x2f\xfd...", "zstd", "zstd -d"),
        ("a.xlsx", b"PK\x03\x04....", "workbook", "CSV"),
        ("a.csv", b"\xff\xfei\0d\0", "UTF-16", "UTF-8"),
        ("a.bin", b"\x7fELF\x02\x01\x01\0\0\0", "not text", "Parquet"),
        ("a.parquet", b"hello", "PAR1", "export it again"),
        ("a.parquet", b"PAR1", "Parquet", "cut off"),
        ("a.csv", b"", "empty", "export"),
        ("a.csv", b"name,city\nAda,Leeds\n", "(2) none", "header"),
        ("a.csv", b"\"id,email\n1,a\n", "never closed", "first line"),
        ("notes.txt", b"Dear all,\nthis is no table\n", "(2) none", "header"),
    ];
    for (name, bytes, cause, remedy) in cases {
        let error = refused(name, bytes);
        assert!(error.cause.contains(cause) && error.remedy.contains(remedy), "{name}: {error}");
        assert!(!error.to_string().contains("Ada") && !error.to_string().contains("Dear"), "{error}");
    }
}

#[test]
fn a_bad_line_costs_itself_alone() {
    let file = "{\"id\":\"1\"}\nrubbish\n{\"id\":\"2\"\n{\"id\":\"\x01\"}\n[1]\n{\"id\":\"3\",\"a\":NaN}\n{\"id\":\"4\"}\n{\"id\":\"5\",\"em";
    let held = held("a.ndjson", file);
    assert_eq!(ids(&held), ["1", "4"]);
    assert_eq!(
        held.aside,
        [
            "a.ndjson line 2: not JSON at byte 1 of the row",
            "a.ndjson line 3: not JSON at byte 10 of the row",
            "a.ndjson line 4: raw control character in a text at byte 8 of the row",
            "a.ndjson line 5: not an object but a list",
            "a.ndjson line 6: NaN or Infinity, which JSON does not have, at byte 15 of the row",
            "a.ndjson line 8: not JSON at byte 14 of the row; the file ends in it, as one that was cut off does",
        ]
    );
    let first = super::held("a.ndjson", "{\"id\":\"1\n{\"id\":\"2\"}\n");
    assert_eq!((ids(&first), first.aside.len()), (vec!["2"], 1));
    let invalid = super::held("a.ndjson", b"{\"id\":\"1\"}\n{\"id\":\"\xff\"}\n");
    assert_eq!(invalid.aside, ["a.ndjson line 2: invalid UTF-8 at byte 8 of the row"]);
}

#[test]
fn an_array_that_was_cut_off_says_so() {
    let rows = held("a.json", "[\n{\"id\":\"1\"},\n{\"id\":\"2\n{\"id\":\"3\"},\n");
    assert_eq!(ids(&rows), ["1", "3"]);
    assert_eq!(rows.aside.len(), 2);
    assert!(rows.aside[1].contains("never closed"), "{:?}", rows.aside);
    let pretty = held("a.json", "[\n  {\n    \"id\": \"1\"\n  },\n  {\n    \"id\": \"2\"\n  ");
    assert_eq!(ids(&pretty), ["1"]);
    assert_eq!(
        pretty.aside,
        ["a.json line 5: the file ends in this row: it was cut off, or a bracket is missing in the row"]
    );
    let scalars = held("a.json", "[1, {\"id\":\"1\"}, \"x\", null, {}]");
    assert_eq!((ids(&scalars), scalars.aside.len()), (vec!["1", "-"], 3));
}

#[test]
fn a_bad_record_costs_itself_alone() {
    let file = b"id,email\n1,a\n2\n3,a,b\n4,\"x\"y\n5,\"open\n6,a\n7,\xff\n8,b\n9,\"never\n10,c\n11";
    let held = held("a.csv", file);
    assert_eq!(ids(&held), ["1", "4", "6", "8", "10"]);
    let aside: Vec<_> = held.aside.iter().map(|reason| reason.strip_prefix("a.csv line ").unwrap()).collect();
    assert_eq!(
        aside,
        [
            "3: 1 cells, and the header has 2",
            "4: 3 cells, and the header has 2",
            "6: invalid UTF-8 at byte 15 of the row: a quote may be missing or too many",
            "8: invalid UTF-8 at byte 3 of the row",
            "10: a quote in it is never closed",
            "12: 1 cells, and the header has 2; the file ends in it, as one that was cut off does",
        ]
    );
}

#[test]
fn a_row_that_never_ends_is_passed_over() {
    let longest = 4 * 1024 * 1024;
    let long = "x".repeat(longest + 300_000);
    let source = |text: String, csv: bool| -> (Vec<String>, Vec<String>, Option<String>) {
        let mut feed = Feed::new(std::io::Cursor::new(text.into_bytes())).unwrap();
        feed.longest = longest;
        let mut source: Box<dyn Source> = if csv {
            Box::new(csv::Csv::new(feed).unwrap())
        } else if feed.rest().starts_with(b"[") {
            Box::new(values::Values::new(feed, FieldSet::ID))
        } else {
            Box::new(lines::Lines::new(feed, FieldSet::ID, lines::Layout::Plain))
        };
        let (mut rows, mut aside) = (vec![], vec![]);
        loop {
            let mut part = Part::default();
            let more = source.read(&mut part);
            let read = part.process(FieldSet::ID, 1, "f", source.place());
            rows.extend(read.profiles.iter().map(|profile| profile.id().unwrap().raw().to_owned()));
            aside.extend(read.set_aside.into_iter().map(|bad| bad.reason));
            match more {
                Ok(true) => {}
                Ok(false) => return (rows, aside, None),
                Err(stop) => return (rows, aside, Some(stop.cause)),
            }
        }
    };
    let (rows, aside, _) =
        source(format!("{{\"id\":\"1\"}}\n{{\"id\":\"{long}\"}}\n{{\"id\":\"3\"}}\n"), false);
    assert_eq!(
        (rows, aside),
        (vec!["1".to_owned(), "3".to_owned()], vec!["f line 2: longer than 4 MiB".into()])
    );
    let (rows, aside, _) = source(format!("id\n1\n\"{long}\n3\n"), true);
    assert_eq!(rows, ["1", "3"]);
    assert_eq!(aside, ["f line 3: it does not end within 4 MiB, or a quote in it"]);
    let (rows, _, stop) = source(format!("[{{\"id\":\"1\"}},{{\"id\":\"{long}\"}}]"), false);
    assert_eq!(rows, ["1"]);
    assert!(stop.unwrap().contains("longer than 4 MiB"));
}

/// A small file with dictionaries, lists, nulls and two row groups.
fn small() -> Vec<u8> {
    let mut tags = ListBuilder::new(StringBuilder::new());
    let mut text = StringBuilder::new();
    let ids: Vec<String> = (0..40).map(|n| format!("PROF-{n}")).collect();
    for n in 0..40 {
        if n % 3 == 0 {
            text.append_null();
        } else {
            text.append_value(["gold", "silver"][n % 2]);
        }
        if n % 5 == 0 { tags.append_null() } else { tags.append_value([Some("vip"), None]) }
    }
    let batch = RecordBatch::try_from_iter_with_nullable(vec![
        ("id", Arc::new(StringArray::from(ids)) as arrow_array::ArrayRef, true),
        ("attributes.plan", Arc::new(text.finish()), true),
        ("tags", Arc::new(tags.finish()), true),
    ])
    .unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(20))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Reads what may be damaged in any way.
fn survives(dir: &Dir, bytes: &[u8]) -> Result<usize, Error> {
    let path = dir.write("a.parquet", bytes);
    let looked = look(&path);
    let mut open = Open::new(&path, looked.fields)?;
    let mut rows = 0;
    while let Some(read) = open.next(1)? {
        rows += read.profiles.len();
    }
    Ok(rows)
}

#[test]
fn parquet_may_be_cut_anywhere() {
    let (dir, bytes) = (Dir::new(), small());
    assert_eq!(survives(&dir, &bytes).unwrap(), 40);
    let end = bytes.len() - 40;
    for length in (0..end).step_by(7).chain(end..bytes.len()) {
        assert!(survives(&dir, &bytes[..length]).is_err(), "{length} of {}", bytes.len());
    }
}

#[test]
fn parquet_may_have_any_byte_wrong() {
    let (dir, bytes) = (Dir::new(), small());
    for at in (0..bytes.len()).step_by(5) {
        let mut damaged = bytes.clone();
        damaged[at] = [0x00, 0xff, bytes[at] ^ 1, bytes[at] ^ 0x80][at % 4];
        let _ = survives(&dir, &damaged);
    }
}

proptest! {
    #[test]
    fn no_file_makes_reading_panic(
        name in prop::sample::select(vec!["a.csv", "a.ndjson", "a.json", "a.parquet", "a"]),
        head in prop::sample::select(vec![&b""[..], b"id,email\n", b"[\n", b"[", b"{\"id\":\"1\"}\n", b"PAR1"]),
        body in prop::collection::vec(prop_oneof![
            4 => prop::sample::select(&b"{}[]\",:;\n\r\\ 1a'="[..]),
            1 => any::<u8>(),
        ], 0..80),
    ) {
        let dir = Dir::new();
        let path = dir.write(name, [head, &body].concat());
        let _ = read(&path);
    }

    #[test]
    fn good_lines_survive_their_neighbours(lines in prop::collection::vec(prop_oneof![
        Just(None),
        "[{}\\[\\]\",:a1\\\\ ]{1,12}".prop_map(Some),
    ], 0..12)) {
        // The first is good, so that this is NDJSON whatever comes.
        let mut text = String::from("{\"id\":\"0\"}\n");
        for line in &lines {
            text.push_str(line.as_deref().unwrap_or("{\"id\":\"0\"}"));
            text.push('\n');
        }
        let good = lines.iter().filter(|line| line.is_none()).count() + 1;
        let held = held("a.ndjson", text);
        prop_assert!(held.profiles.iter().filter(|p| p.id().is_some_and(|id| id.raw() == "0")).count() >= good);
    }
}
