use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value as Json;

use super::csv::is_formula;
use super::*;
use crate::engine::pipeline::json::must_escape;
use crate::engine::pipeline::process;
use crate::engine::pipeline::profile::Profile;

pub(super) fn profiles(rows: &[&str], fields: &str) -> (Vec<Profile>, FieldSet) {
    let fields: FieldSet = fields.parse().unwrap();
    let rows: Vec<&[u8]> = rows.iter().map(|row| row.as_bytes()).collect();
    let processed = process(&Bytes::new(), &rows, fields, 1);
    assert_eq!(processed.set_aside, []);
    (processed.rows, fields)
}

/// Never stops a writer.
pub(super) fn go_on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Writes all rows.
pub(super) fn written(rows: &[Profile], spec: &Spec) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), spec).unwrap();
    for row in rows {
        writer.row(row).unwrap();
    }
    writer.finish(End::Whole, &mut go_on).unwrap().out
}

fn write(rows: &[&str], fields: &str, format: Format, csv: CsvOptions) -> String {
    let (rows, fields) = profiles(rows, fields);
    String::from_utf8(written(&rows, &Spec { csv, ..Spec::new(format, fields) })).unwrap()
}

pub(super) fn records(csv: &str) -> Vec<Vec<String>> {
    ::csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(csv.as_bytes())
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

const ADA: &str = r#"{"id":"1","firstName":"Ada \"A\"","email":"ADA@x","tags":["a","b,c"],
    "attributes":{"n":"25.0","big":123456789012345678901234567890,"t":"TRUE","u":null,"o":{},"l":[]}}"#;

const FIELDS: &str = "id,firstName,email,phone,tags,attributes";

#[test]
fn ndjson_is_one_object_a_line_with_the_contracts_keys() {
    assert_eq!(
        write(&[ADA, "{}"], FIELDS, Format::Ndjson, CsvOptions::default()),
        "{\"id\":\"1\",\"first_name\":\"Ada \\\"A\\\"\",\"email\":\"ada@x\",\"phone\":null,\"tags\":[\"a\",\"b,c\"],\
         \"attributes\":{\"n\":25.0,\"big\":123456789012345678901234567890,\"t\":true,\"u\":null,\"o\":{},\"l\":[]}}\n\
         {\"id\":null,\"first_name\":null,\"email\":null,\"phone\":null,\"tags\":null,\"attributes\":null}\n"
    );
}

#[test]
fn json_is_one_array() {
    let json = |rows: &[&str]| write(rows, "id", Format::Json, CsvOptions::default());
    assert_eq!(json(&[]), "[]\n");
    assert_eq!(json(&[r#"{"id":"1"}"#]), "[\n{\"id\":\"1\"}\n]\n");
    assert_eq!(json(&[r#"{"id":"1"}"#, r#"{"id":2}"#]), "[\n{\"id\":\"1\"},\n{\"id\":\"2\"}\n]\n");
}

#[test]
fn csv_has_a_header_and_json_in_cells() {
    let csv = write(&[ADA, r#"{"id":"2","firstName":null}"#], FIELDS, Format::Csv, CsvOptions::default());
    let records = records(&csv);
    assert_eq!(records[0], ["id", "first_name", "email", "phone", "tags", "attributes"]);
    assert_eq!(records[1][..4], ["1", "Ada \"A\"", "ada@x", ""]);
    assert_eq!(records[1][4], r#"["a","b,c"]"#);
    assert_eq!(records[2], ["2", "", "", "", "", ""]);
}

#[test]
fn a_lone_empty_cell_is_still_a_record() {
    let csv = write(&[r#"{"id":"1"}"#, "{}", r#"{"id":""}"#], "id", Format::Csv, CsvOptions::default());
    assert_eq!(csv, "id\n1\n\"\"\n\"\"\n");
    assert_eq!(records(&csv).len(), 4);
}

#[test]
fn cells_that_look_like_formulas_are_guarded() {
    for cell in [
        "=1+1", "+cmd|x", "-A1", "@SUM(A1)", "\tx", "\rx", "＝1", "＋A", "－A", "＠A", "-", "+", "+49 x1",
        "--1",
    ] {
        assert!(is_formula(cell), "{cell:?}");
    }
    for cell in ["", "a=b", "+49 (30) 123-4.5", "-5", "-1.5", "0", " =1", "'=1", "[1]"] {
        assert!(!is_formula(cell), "{cell:?}");
    }
    let row = r#"{"id":"1","firstName":"=HYPERLINK(\"x\",1)","lastName":"-Ada"}"#;
    let fields = "id,firstName,lastName";
    assert_eq!(
        records(&write(&[row], fields, Format::Csv, CsvOptions::default()))[1],
        ["1", "'=HYPERLINK(\"x\",1)", "'-Ada"]
    );
    let raw = CsvOptions { raw: true, ..CsvOptions::default() };
    assert_eq!(records(&write(&[row], fields, Format::Csv, raw))[1], ["1", "=HYPERLINK(\"x\",1)", "-Ada"]);
}

#[test]
fn csv_keeps_the_value_but_on_a_terminal() {
    let row = r#"{"id":"1","firstName":"a\u001b[2Jb","lastName":"x\ny"}"#;
    let fields = "id,firstName,lastName";
    assert_eq!(
        records(&write(&[row], fields, Format::Csv, CsvOptions::default()))[1],
        ["1", "a\u{1b}[2Jb", "x\ny"]
    );
    let terminal = CsvOptions { clean_for_terminal: true, ..CsvOptions::default() };
    assert_eq!(write(&[row], fields, Format::Csv, terminal), "id,first_name,last_name\n1,a␛[2Jb,x␊y\n");
}

#[test]
fn json_escapes_what_could_mislead() {
    let mut out = String::new();
    json::text(&mut out, "\0\u{1b}\u{7f}\u{9b}\u{202e}\u{200b}\u{e0041}\n\t\"\\/é🙂\u{e000}❤\u{fe0f}");
    assert_eq!(
        out,
        "\"\\u0000\\u001b\\u007f\\u009b\\u202e\\u200b\\udb40\\udc41\\n\\t\\\"\\\\/é🙂\u{e000}❤\u{fe0f}\""
    );
}

#[test]
fn one_profile_over_several_lines() {
    let (rows, _) =
        profiles(&[r#"{ "id" : "1", "tags":[ ], "x":{"n":1.10,"e":"\u0041\u202e[,]"} }"#], "id,tags");
    assert_eq!(single(&rows[0]), "{\n  \"id\": \"1\",\n  \"tags\": []\n}");
    assert_eq!(
        raw_pretty(&rows[0]),
        "{\n  \"id\": \"1\",\n  \"tags\": [],\n  \"x\": {\n    \"n\": 1.10,\n    \"e\": \"\\u0041\\u202e[,]\"\n  }\n}"
    );
    assert_eq!(pretty("\"\u{202e}\""), "\"\\u202e\"");
}

#[test]
fn rows_reach_the_output_whole() {
    /// Remembers each write by itself.
    struct Writes(Vec<Vec<u8>>);
    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let long = format!(r#"{{"id":"1","firstName":"{}"}}"#, "x".repeat(10_000));
    let (rows, fields) = profiles(&[long.as_str()], "id,firstName");
    for format in [Format::Ndjson, Format::Csv] {
        let mut writer = Writer::new(Writes(Vec::new()), &Spec::new(format, fields)).unwrap();
        for _ in 0..20 {
            writer.row(&rows[0]).unwrap();
        }
        let writes = writer.finish(End::Whole, &mut go_on).unwrap().out.0;
        assert!(writes.len() > 1);
        assert!(writes.iter().all(|bytes| bytes.ends_with(b"\n")), "{format:?}");
    }
}

proptest! {
    #[test]
    fn json_reads_back_as_it_was(text in "\\PC{0,20}|[\\x00-\\x7f\\u{80}-\\u{a0}\\u{200b}-\\u{206f}\\u{e0001}]{0,20}") {
        let row = serde_json::json!({ "id": text, "attributes": { &*text: [{ "x": text }] } }).to_string();
        let line = write(&[&row], "id,attributes", Format::Ndjson, CsvOptions::default());
        prop_assert!(!line.trim_end().chars().any(must_escape), "{line:?}");
        let value: Json = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(value["id"].as_str(), Some(text.as_str()));
        let attributes = value["attributes"].as_object().unwrap();
        prop_assert_eq!(attributes.keys().collect::<Vec<_>>(), [&text]);
        let (rows, _) = profiles(&[&row], "id,attributes");
        prop_assert_eq!(serde_json::from_str::<Json>(&single(&rows[0])).unwrap(), value);
        let raw: Json = serde_json::from_str(&row).unwrap();
        prop_assert_eq!(serde_json::from_str::<Json>(&raw_pretty(&rows[0])).unwrap(), raw);
    }

    #[test]
    fn csv_reads_back_as_it_was(texts in prop::collection::vec("\\PC{0,8}|[-=+@\t\r\n,\"' a0-9]{0,8}", 3)) {
        let row = serde_json::json!({ "id": texts[0], "firstName": texts[1], "lastName": texts[2] }).to_string();
        for raw in [true, false] {
            let options = CsvOptions { raw, ..CsvOptions::default() };
            let records = records(&write(&[&row], "id,firstName,lastName", Format::Csv, options));
            prop_assert_eq!(records.len(), 2);
            for (cell, text) in records[1].iter().zip(&texts) {
                let expected = if !raw && is_formula(text) { format!("'{text}") } else { text.clone() };
                prop_assert_eq!(cell, &expected);
            }
        }
    }
}
