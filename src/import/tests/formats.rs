//! What each format gives when nothing is wrong with it.

use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field as Column};

use super::*;
use crate::engine::pipeline::profile::Value;
use crate::engine::query::Field::{
    Attributes, CreatedDate, Email, FirstName, Id, LastName, ModifiedDate, Phone, Tags,
};

#[test]
fn an_export_of_ndjson_opens_as_it_was() {
    let file = "{\"id\":\"1\",\"first_name\":\"Ada\",\"attributes\":{\"n\":25.0}}\n\
                {\"id\":\"2\",\"first_name\":null,\"attributes\":null}\n";
    let held = held("a.ndjson", file);
    assert_eq!(held.aside, [""; 0]);
    assert_eq!(held.fields.to_string(), "id,firstName,attributes");
    assert_eq!(ndjson(&held.profiles), file);
    assert_eq!(held.profiles[0].raw_json(), r#"{"id":"1","firstName":"Ada","attributes":{"n":25.0}}"#);
    assert_eq!(json(&held, 0, Email), "-", "no row has it");
}

#[test]
fn what_was_received_opens_too_and_is_processed() {
    let held =
        held("raw.jsonl", "{\"id\":1,\"firstName\":\"Ada\",\"email\":\"ADA@x\",\"plan\":\"7\"}\r\n\r\n");
    assert_eq!(
        ndjson(&held.profiles),
        "{\"id\":\"1\",\"first_name\":\"Ada\",\"email\":\"ada@x\",\"attributes\":{\"plan\":7}}\n"
    );
    assert!(held.profiles[0].email.value().unwrap().original.is_some());
}

#[test]
fn strange_members_join_the_attributes_and_hide_none() {
    let rows = [
        (r#"{"id":"1","plan":"a","attributes":{"plan":"b"}}"#, r#"{"plan":"b","plan (column)":"a"}"#),
        (r#"{"id":"1","attributes":"loose","plan":"a"}"#, r#"{"attributes":"loose","plan":"a"}"#),
        (r#"{"id":"1","attributes":null,"plan":[1]}"#, r#"{"plan":[1]}"#),
        (r#"{"id":"1","attributes":{},"a\"b":"x"}"#, r#"{"a\"b":"x"}"#),
    ];
    for (row, attributes) in rows {
        assert_eq!(json(&held("a.json", row), 0, Attributes), attributes, "{row}");
    }
}

#[test]
fn json_opens_in_any_layout() {
    let layouts = [
        "[\n{\"id\":\"1\"},\n{\"id\":\"2\"}\n]\n",
        "[{\"id\":\"1\"},{\"id\":\"2\"}]",
        "[\n  {\n    \"id\": \"1\"\n  },\n  {\n    \"id\": \"2\"\n  }\n]",
        "{\n  \"id\": \"1\"\n}\n{\n  \"id\": \"2\"\n}\n",
        "\u{feff}  {\"id\":\"1\"}\r\n{\"id\":\"2\"}",
        "[\r\n{\"id\":\"1\"},\r\n{\"id\":\"2\"}\r\n]\r\n",
    ];
    for text in layouts {
        let held = held("people.json", text);
        assert_eq!((ids(&held), held.aside.len()), (vec!["1", "2"], 0), "{text:?}");
    }
    for empty in ["[]\n", "[\n]\n", "", "\n"] {
        assert!(held("none.json", empty).profiles.is_empty(), "{empty:?}");
    }
}

#[test]
fn csv_opens_as_it_was_exported() {
    let file = "id,first_name,email,phone,tags,attributes\n\
        1,\"Ada \"\"A\"\"\",ada@x,,\"[\"\"a\"\",\"\"b,c\"\"]\",\"{\"\"n\"\":25.0,\"\"t\"\":true}\"\n\
        2,'=1+1,,+49 30,,\n\
        3,\"two\nlines\",,,,\"\"\"text\"\"\"\n";
    let held = held("a.csv", file);
    assert_eq!(held.aside, [""; 0]);
    assert_eq!(held.fields.to_string(), "id,firstName,email,phone,tags,attributes");
    assert_eq!(
        ndjson(&held.profiles),
        "{\"id\":\"1\",\"first_name\":\"Ada \\\"A\\\"\",\"email\":\"ada@x\",\"phone\":null,\"tags\":[\"a\",\"b,c\"],\
         \"attributes\":{\"n\":25.0,\"t\":true}}\n\
         {\"id\":\"2\",\"first_name\":\"=1+1\",\"email\":null,\"phone\":\"4930\",\"tags\":null,\"attributes\":null}\n\
         {\"id\":\"3\",\"first_name\":\"two\\nlines\",\"email\":null,\"phone\":null,\"tags\":null,\
         \"attributes\":\"text\"}\n"
    );
}

#[test]
fn csv_from_elsewhere_opens_by_its_header() {
    let excel = "\u{feff}ID;First Name;E-Mail;Shop;Visits;\r\n7;Zoë;ZOE@x;Leeds;12;x\r\n8;;;;;\r\n";
    let held = held("export.txt", excel);
    assert_eq!(held.aside, [""; 0]);
    assert_eq!((json(&held, 0, Id).as_str(), json(&held, 0, FirstName).as_str()), ("\"7\"", "\"Zoë\""));
    assert_eq!(json(&held, 0, Email), "\"zoe@x\"");
    assert_eq!(json(&held, 0, Attributes), r#"{"Shop":"Leeds","Visits":12,"column 6":"x"}"#);
    assert_eq!((json(&held, 1, Email), json(&held, 1, Attributes)), ("null".to_owned(), "null".to_owned()));

    let blanks = super::held("x.csv", "id, email, Shop ,attributes. kept \n1,a,b,c\n");
    assert_eq!(json(&blanks, 0, Email), "\"a\"");
    assert_eq!(json(&blanks, 0, Attributes), r#"{" kept ":"c","Shop":"b"}"#);
    let tabs = super::held("x.tsv", "id\temail\n1\ta;b,c\n");
    assert_eq!(json(&tabs, 0, Email), "\"a;b,c\"");
    let twice = super::held("x.csv", "Email,email,email\nA,b,c\n");
    assert_eq!((json(&twice, 0, Email).as_str(), json(&twice, 0, Id).as_str()), ("\"b\"", "null"));
    assert_eq!(json(&twice, 0, Attributes), r#"{"Email":"A","email":"c"}"#);
}

#[test]
fn flattened_attributes_become_nested_again() {
    let file = "id,attributes.plan,attributes.address.city,attributes.address,\"attributes[\"\"with.dot\"\"].x\",attributes,phone\n\
        1,gold,Leeds,,7,\"{\"\"address\"\":{\"\"zip\"\":\"\"0012\"\"},\"\"more\"\":[1]}\",1\n\
        2,,,unknown,,,\n\
        3,,,{},,,\n\
        4,,,,,,\n\
        5,,,,,\"\"\"loose\"\"\",\n\
        6,\"[\"\"a\"\"]\",,,[a],,\n";
    let held = held("flat.csv", file);
    assert_eq!(held.aside, [""; 0]);
    let expected = [
        r#"{"plan":"gold","address":{"city":"Leeds","zip":"0012"},"with.dot":{"x":7},"more":[1]}"#,
        r#"{"address":"unknown"}"#,
        r#"{"address":{}}"#,
        "null",
        "\"loose\"",
        r#"{"plan":["a"],"with.dot":{"x":"[a]"}}"#,
    ];
    for (row, expected) in expected.iter().enumerate() {
        let is: serde_json::Value = serde_json::from_str(&json(&held, row, Attributes)).unwrap();
        assert_eq!(is, serde_json::from_str::<serde_json::Value>(expected).unwrap(), "row {}", row + 1);
    }
    assert_eq!(json(&held, 0, Phone), "\"1\"");
}

#[test]
fn a_cell_has_the_type_that_processing_would_give_it() {
    let file = "id,a\n1,25.0\n2,0012\n3,true\n4,TRUE\n5,1e5\n6,-5\n7,'-5 x\n8,\"{\"\"k\"\":1}\"\n9,{k}\n";
    let held = held("a.csv", file);
    let a: Vec<_> = (0..9).map(|row| json(&held, row, Attributes)).collect();
    let expected = ["25.0", "\"0012\"", "true", "true", "\"1e5\"", "-5", "\"-5 x\"", "{\"k\":1}", "\"{k}\""];
    assert_eq!(a, expected.map(|value| format!("{{\"a\":{value}}}")));
    let marked = |row: usize| match &held.profiles[row].attributes.value().unwrap().value {
        Value::Object(members) => members[0].1.original.is_some(),
        other => panic!("{other:?}"),
    };
    assert!(!marked(0) && marked(3), "a cell that spells a number is one; TRUE was a text");
}

fn parquet_of(columns: Vec<(&str, ArrayRef)>, properties: WriterProperties) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn parquet_opens_with_text_lists_and_json() {
    let query = "{\"ids\":3,\"segments\":[\"A\",\"B\"],\"filter\":\"email ne null\",\"limit\":700}";
    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.append_value([Some("vip"), None]);
    tags.append_null();
    let bytes = parquet_of(
        vec![
            ("id", Arc::new(StringArray::from(vec!["1", "2"]))),
            ("first_name", Arc::new(StringArray::from(vec![Some("Zoë \"Z\""), None]))),
            ("tags", Arc::new(tags.finish())),
            ("attributes", Arc::new(StringArray::from(vec![Some("{\"n\":25.0}"), Some("no json")]))),
            ("created_date", Arc::new(StringArray::from(vec![Some("2025-11-02T08:30:00Z"), Some("")]))),
        ],
        WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_key_value_metadata(Some(vec![
                KeyValue::new("cxlens.created".to_owned(), "2026-03-04T12:01:04Z".to_owned()),
                KeyValue::new("cxlens.query".to_owned(), query.to_owned()),
                KeyValue::new("cxlens.complete".to_owned(), "false".to_owned()),
                KeyValue::new("other".to_owned(), None),
            ]))
            .build(),
    );
    let dir = Dir::new();
    let path = dir.write("people.parquet", bytes);
    let looked = look(&path);
    assert_eq!((looked.format, looked.expected, looked.state), ("Parquet", Some(2), FileState::Waiting));
    assert_eq!(
        looked.about,
        [
            ("exported", Untrusted::from("2026-03-04 12:01 UTC")),
            ("query", "3 IDs, segments A B, filter email ne null, at most 700 rows".into()),
            ("incomplete:", "the run was cut, and rows are missing".into())
        ]
    );
    let held = read(&path).unwrap();
    assert_eq!(
        ndjson(&held.profiles),
        "{\"id\":\"1\",\"first_name\":\"Zoë \\\"Z\\\"\",\"tags\":[\"vip\",null],\"attributes\":{\"n\":25.0},\
         \"created_date\":\"2025-11-02T08:30:00Z\"}\n\
         {\"id\":\"2\",\"first_name\":null,\"tags\":null,\"attributes\":\"no json\",\"created_date\":\"\"}\n"
    );
}

#[test]
fn parquet_from_elsewhere_opens_by_its_schema() {
    let address = StructArray::from(vec![
        (
            Arc::new(Column::new("city", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec![Some("Leeds"), None])) as ArrayRef,
        ),
        (
            Arc::new(Column::new("zip", DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![None, Some(7)])) as ArrayRef,
        ),
    ]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("k\"");
    map.values().append_value(1);
    map.append(true).unwrap();
    map.append(false).unwrap();
    let money = Decimal128Array::from(vec![Some(1_250), None]).with_precision_and_scale(10, 2).unwrap();
    let bytes = parquet_of(
        vec![
            ("ID", Arc::new(Int64Array::from(vec![Some(1), Some(2)]))),
            ("vip", Arc::new(BooleanArray::from(vec![Some(true), None]))),
            ("score", Arc::new(Float64Array::from(vec![Some(0.1), Some(f64::NAN)]))),
            ("big", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None]))),
            ("money", Arc::new(money)),
            ("born", Arc::new(Date32Array::from(vec![Some(-1), Some(i32::MAX)]))),
            ("blob", Arc::new(BinaryArray::from_opt_vec(vec![Some(b"text"), Some(b"\xff\x00")]))),
            (
                "createdDate",
                Arc::new(
                    TimestampMillisecondArray::from(vec![Some(1_772_625_600_500), Some(i64::MAX)])
                        .with_timezone("UTC"),
                ),
            ),
            (
                "modifiedDate",
                Arc::new(TimestampMicrosecondArray::from(vec![Some(1_772_625_600_000_000), None])),
            ),
            ("attributes.address", Arc::new(address)),
            ("labels", Arc::new(map.finish())),
            ("lastName", Arc::new(StringArray::from(vec![None, Some("é")]))),
        ],
        WriterProperties::builder().set_compression(Compression::SNAPPY).build(),
    );
    let held = held("spark.parquet", bytes);
    assert_eq!(held.aside, [""; 0]);
    assert_eq!(json(&held, 0, Id), "\"1\"");
    assert_eq!(json(&held, 0, CreatedDate), "\"2026-03-04T12:00:00.5Z\"");
    assert_eq!(json(&held, 1, CreatedDate), "\"9223372036854775807\"", "no calendar has it");
    assert_eq!(json(&held, 0, ModifiedDate), "\"2026-03-04T12:00:00\"", "nobody said in which zone");
    assert_eq!((json(&held, 0, LastName), json(&held, 1, LastName)), ("null".into(), "\"é\"".to_owned()));
    assert_eq!(json(&held, 0, Tags), "-");
    let mut raw =
        held.profiles.iter().map(|profile| profile.raw_json().split_once("\"attributes\":").unwrap().1);
    assert_eq!(
        raw.next().unwrap(),
        "{\"vip\":true,\"score\":0.1,\"big\":18446744073709551615,\"money\":12.50,\"born\":\"1969-12-31\",\
         \"blob\":\"text\",\"address\":{\"city\":\"Leeds\"},\"labels\":{\"k\\\"\":1}}}"
    );
    assert_eq!(
        raw.next().unwrap(),
        "{\"score\":\"NaN\",\"born\":2147483647,\"blob\":\"0xff00\",\"address\":{\"zip\":7}}}"
    );
}

#[test]
fn a_dates_text_stands_for_what_the_date_cannot_say() {
    let dates = TimestampMicrosecondArray::from(vec![Some(1_772_625_600_000_000), Some(0), None]);
    let bytes = parquet_of(
        vec![
            ("id", Arc::new(StringArray::from(vec!["1", "2", "3"]))),
            ("created_date", Arc::new(dates.with_timezone("UTC"))),
            (
                "created_date_text",
                Arc::new(StringArray::from(vec![None, Some("1970-01-01T01:00:00+01:00"), Some("soon")])),
            ),
        ],
        WriterProperties::default(),
    );
    let held = held("a.parquet", bytes);
    assert_eq!(held.fields.to_string(), "id,createdDate");
    let dates: Vec<_> = (0..3).map(|row| json(&held, row, CreatedDate)).collect();
    assert_eq!(dates, ["\"2026-03-04T12:00:00Z\"", "\"1970-01-01T01:00:00+01:00\"", "\"soon\""]);
    let alone = super::held("a.csv", "id,created_date_text\n1,x\n");
    assert_eq!(
        json(&alone, 0, Attributes),
        "{\"created_date_text\":\"x\"}",
        "beside no date it is an attribute"
    );
}

#[test]
fn a_column_of_a_type_that_is_not_shown_is_said() {
    let bytes = parquet_of(
        vec![
            ("id", Arc::new(Int64Array::from(vec![1]))),
            ("span", Arc::new(arrow_array::IntervalYearMonthArray::from(vec![7]))),
        ],
        WriterProperties::default(),
    );
    let dir = Dir::new();
    let path = dir.write("a.parquet", bytes);
    let about = look(&path).about;
    assert_eq!(about.len(), 1, "{about:?}");
    assert!(about[0].0 == "not shown" && about[0].1.raw().starts_with("span: Interval"), "{about:?}");
    assert_eq!(ids(&read(&path).unwrap()), ["1"]);
}

#[test]
fn the_content_decides_before_the_name() {
    for (name, bytes) in
        [("a.csv", "{\"id\":\"1\"}\n"), ("a.parquet", "[{\"id\":\"1\"}]"), ("noname", "id\n1\n")]
    {
        assert_eq!(ids(&held(name, bytes)), ["1"], "{name}");
    }
    let part = held("a.csv.partial", "id,email\n1,a\n");
    assert_eq!(ids(&part), ["1"]);
}
