//! Formats that are written in one go: Parquet, and CSV with a column for each attribute.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use arrow_array::cast::AsArray as _;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rustix::process::Signal;
use serde_json::{Map, Value as Json};

use super::headless::{Home, Ran, Service, mode, send};
use super::segment;

/// What a Parquet file's metadata and its text columns say, a row each.
fn read(path: &Path) -> (BTreeMap<String, String>, Vec<Map<String, Json>>) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let entries = builder.metadata().file_metadata().key_value_metadata().unwrap().clone();
    let metadata = entries.into_iter().map(|entry| (entry.key, entry.value.unwrap_or_default())).collect();
    let mut rows = Vec::new();
    for batch in builder.build().unwrap() {
        let batch = batch.unwrap();
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let texts = schema.fields().iter().zip(batch.columns()).filter_map(|(field, column)| {
                let column = column.as_string_opt::<i32>()?;
                Some((field.name().clone(), column.iter().nth(row)??.into()))
            });
            rows.push(texts.collect());
        }
    }
    (metadata, rows)
}

#[test]
fn what_cannot_be_had_is_refused_before_anything_is_sent() {
    let home = Home::new();
    for (args, words) in [
        (&["--format", "parquet"][..], ["--format parquet", "-o people.parquet"]),
        (&["--format", "parquet", "-o", "-"], ["--format parquet", "-o people.parquet"]),
        (&["--flatten"], ["--flatten", "--format csv"]),
        (&["--flatten", "-o", "people.parquet"], ["--flatten", "only CSV"]),
        (&["--flatten", "--format", "table"], ["--flatten", "only CSV"]),
        (&["--flatten", "--resume"], ["--flatten", "--resume"]),
    ] {
        let ran = home.run([&["query", "--id", "PROF-001", "--sandbox"][..], args].concat());
        ran.is(2, &words);
        assert_eq!(ran.out, "", "{args:?}");
    }
    assert!(!home.path("data/cxlens/audit").exists());
    assert!(!home.path("people.parquet.partial").exists());
}

#[test]
fn parquet_has_every_row_and_says_where_it_comes_from() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let ran = home.ask(&service, segment(&["-o", "people.parquet"]));
    ran.is(0, &["500 profiles", "wrote people.parquet"]);
    assert_eq!((ran.out.as_str(), mode(&home.path("people.parquet"))), ("", 0o600));
    let (metadata, rows) = read(&home.path("people.parquet"));
    let ndjson = home.ask(&service, segment(&[])).out;
    assert_eq!(rows.len(), 500);
    for (row, line) in rows.iter().zip(ndjson.lines()) {
        let wanted: Map<String, Json> = serde_json::from_str(line).unwrap();
        for key in ["id", "first_name", "last_name", "email", "phone"] {
            assert_eq!(row.get(key).unwrap_or(&Json::Null), &wanted[key], "{line}");
        }
        let attributes = row.get("attributes").map_or("null", |text| text.as_str().unwrap());
        assert!(line.contains(&format!("\"attributes\":{attributes},")), "{line}: {attributes}");
    }
    let of = |key: &str| metadata[key].as_str();
    assert_eq!((of("cxlens.version"), of("cxlens.complete")), (env!("CARGO_PKG_VERSION"), "true"));
    assert!(of("cxlens.created").parse::<jiff::Timestamp>().is_ok());
    assert!(of("cxlens.query").contains("\"segments\":[\"SEG-ALL\"]"), "{}", of("cxlens.query"));
}

#[test]
fn a_limit_and_a_choice_of_fields_hold_for_parquet_too() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let args = ["--format", "parquet", "-o", "some.data", "--limit", "7", "--fields", "email"];
    home.ask(&service, segment(&args)).is(0, &["wrote some.data"]);
    let (metadata, rows) = read(&home.path("some.data"));
    assert_eq!(rows.len(), 7);
    assert!(rows.iter().flat_map(Map::keys).all(|key| key == "id" || key == "email"));
    // All that was asked for is there.
    assert_eq!(metadata["cxlens.complete"], "true");
}

/// Interrupts a run into a file once some pages are there.
fn interrupted(home: &Home, args: &[&str]) -> Ran {
    let service = Service::start(&["--latency", "40ms", "--profiles", "5000"]);
    let mut command = home.cxlens(segment(&[args, &["--concurrency", "1"]].concat()));
    let child = command.envs(service.env()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Nothing is in the file before the end: how far it is stands in the log.
    let pages = || {
        let logs = home.files().into_iter().filter(|(path, _)| path.to_string_lossy().contains("/log/"));
        logs.map(|(_, log)| String::from_utf8_lossy(&log).matches("label=page ").count()).sum::<usize>()
    };
    while pages() < 4 {
        std::thread::yield_now();
    }
    send(&child, Signal::INT);
    Ran::from(child.wait_with_output().unwrap())
}

#[test]
fn parquet_that_was_interrupted_can_be_read_and_is_not_gone_on_with() {
    let home = Home::new();
    let ran = interrupted(&home, &["-o", "people.parquet"]);
    ran.is(130, &["cancelled", "run it again", "people.parquet.partial, which can be read"]);
    assert!(!ran.err.contains("--resume"), "{}", ran.err);
    assert!(!home.path("people.parquet").exists());
    let (metadata, rows) = read(&home.path("people.parquet.partial"));
    assert!((50..5_000).contains(&rows.len()) && rows.len() % 50 == 0, "{}", rows.len());
    assert!(ran.err.contains(&format!("{} of 5,000", rows.len())) || rows.len() >= 1_000, "{}", ran.err);
    assert_eq!(metadata["cxlens.complete"], "false");
    let service = Service::start(&[]);
    home.ask(&service, ["query", "--resume", "-o", "people.parquet"]).is(2, &["Parquet", ".ndjson"]);
    // The next run begins anew.
    home.ask(&service, segment(&["-o", "people.parquet"])).is(0, &["wrote"]);
    assert_eq!(read(&home.path("people.parquet")).1.len(), 500);
}

#[test]
fn flattened_attributes_have_columns_of_their_own() {
    let (home, service) = (Home::new(), Service::start(&[]));
    home.ask(&service, segment(&["-o", "flat.csv", "--flatten", "--raw-csv"])).is(0, &["wrote flat.csv"]);
    let piped = home.ask(&service, segment(&["--format", "csv", "--flatten", "--raw-csv"]));
    piped.is(0, &["500 profiles"]);
    assert_eq!(fs::read_to_string(home.path("flat.csv")).unwrap(), piped.out);
    let mut reader = csv::Reader::from_reader(piped.out.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    assert_eq!(header.iter().take(7).last(), Some("attributes.plan"));
    assert_eq!(header.iter().next_back(), Some("modified_date"));
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    let ndjson = home.ask(&service, segment(&[])).out;
    assert_eq!(records.len(), ndjson.lines().count());
    for (record, line) in records.iter().zip(ndjson.lines()) {
        let wanted: Json = serde_json::from_str(line).unwrap();
        for (column, pointer) in [
            ("id", "/id"),
            ("attributes.plan", "/attributes/plan"),
            ("attributes.address.city", "/attributes/address/city"),
            ("attributes.visits", "/attributes/visits"),
            ("attributes.optIn", "/attributes/optIn"),
        ] {
            let value = match wanted.pointer(pointer) {
                None | Some(Json::Null) => String::new(),
                Some(Json::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            assert_eq!(record[at(column)], value, "{column}: {line}");
        }
    }
}

#[test]
fn flattened_csv_that_was_interrupted_has_what_came() {
    let home = Home::new();
    let ran = interrupted(&home, &["-o", "flat.csv", "--flatten"]);
    ran.is(130, &["interrupted", "what came is in flat.csv.partial"]);
    assert!(!ran.err.contains("--resume"), "{}", ran.err);
    let mut reader = csv::Reader::from_path(home.path("flat.csv.partial")).unwrap();
    assert!(reader.headers().unwrap().iter().any(|column| column == "attributes.address.city"));
    let rows = reader.records().map(Result::unwrap).count();
    assert!((50..5_000).contains(&rows) && rows % 50 == 0, "{rows}");
    assert_eq!(
        fs::read_dir(home.path("")).unwrap().filter(|e| e.as_ref().unwrap().path().is_file()).count(),
        1
    );
}
