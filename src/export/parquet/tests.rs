use std::ops::ControlFlow;

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::basic::LogicalType;
use ::parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampMicrosecondType;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::engine::pipeline::profile::{Profile, Slot, Text};
use crate::engine::query::Draft;
use crate::export::tests::{go_on, profiles, written};
use crate::export::{Format, Spec, Writer as Export};

fn origin() -> Origin {
    let draft = Draft {
        ids: vec!["A".into(), "B".into()],
        segments: vec!["SEG-A".into()],
        filter: "email ne 'x'".into(),
        limit: Some(7),
        fields: "id,firstName".parse().unwrap(),
        ..Draft::default()
    };
    Origin::new(&draft.check().unwrap(), "2026-03-04T11:59:00Z".parse().unwrap())
}

fn spec(fields: FieldSet) -> Spec {
    Spec { origin: Some(origin()), ..Spec::new(Format::Parquet, fields) }
}

fn metadata(file: &[u8]) -> ParquetMetaData {
    SerializedFileReader::new(Bytes::copy_from_slice(file)).unwrap().metadata().clone()
}

fn value_of<'a>(metadata: &'a ParquetMetaData, key: &str) -> Option<&'a str> {
    let all = metadata.file_metadata().key_value_metadata()?;
    all.iter().find(|entry| entry.key == key)?.value.as_deref()
}

fn read(file: &[u8]) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(file)).unwrap();
    reader.build().unwrap().map(Result::unwrap).collect()
}

/// A row of a batch as JSON; time stamps as numbers.
fn row(batch: &RecordBatch, row: usize) -> Json {
    let cell = |column: &dyn arrow_array::Array| match column.data_type() {
        _ if column.is_null(row) => Json::Null,
        arrow_schema::DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        arrow_schema::DataType::List(_) => {
            let list = column.as_list::<i32>().value(row);
            list.as_string::<i32>().iter().map(|text| text.map_or(Json::Null, Json::from)).collect()
        }
        _ => column.as_primitive::<TimestampMicrosecondType>().value(row).into(),
    };
    let schema = batch.schema();
    schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| (field.name().clone(), cell(column)))
        .collect()
}

#[test]
fn every_value_is_there_in_its_type() {
    let (rows, fields) = profiles(
        &[
            r#"{"id":"1","firstName":"Zoë\u001b","lastName":"=1","email":"A@B","phone":"+1 2","tags":["a",null,7],
                "attributes":{"n":"25.0","big":123456789012345678901234567890,"t":"\u202e"},
                "createdDate":"2026-03-04T11:59:00.25Z","modifiedDate":"2026-03-04T12:59:00+01:00"}"#,
            r#"{"id":"2","tags":[],"attributes":"text","createdDate":1790000000,"modifiedDate":"yesterday"}"#,
            r#"{"id":null,"createdDate":null}"#,
        ],
        "id,firstName,lastName,email,phone,tags,attributes,createdDate,modifiedDate",
    );
    let batches = read(&written(&rows, &spec(fields)));
    assert_eq!(
        row(&batches[0], 0),
        json!({
            "id": "1", "first_name": "Zoë\u{1b}", "last_name": "=1", "email": "a@b", "phone": "12",
            "tags": ["a", null, "7"],
            "attributes": r#"{"n":25.0,"big":123456789012345678901234567890,"t":"\u202e"}"#,
            "created_date": 1_772_625_540_250_000_i64, "created_date_text": null,
            "modified_date": 1_772_625_540_000_000_i64, "modified_date_text": "2026-03-04T12:59:00+01:00",
        })
    );
    assert_eq!(
        row(&batches[0], 1),
        json!({
            "id": "2", "first_name": null, "last_name": null, "email": null, "phone": null, "tags": [],
            "attributes": "\"text\"", "created_date": null, "created_date_text": "1790000000",
            "modified_date": null, "modified_date_text": "yesterday",
        })
    );
    assert!(row(&batches[0], 2).as_object().unwrap().values().all(Json::is_null));
}

#[test]
fn columns_say_their_types_and_what_was_not_asked_for_has_none() {
    let schema = |fields: &str| {
        let file = written(&[], &spec(fields.parse().unwrap()));
        let metadata = metadata(&file);
        let descriptor = metadata.file_metadata().schema_descr();
        let column = |column: &::parquet::schema::types::ColumnDescPtr| {
            (column.path().string(), column.logical_type_ref().cloned().unwrap())
        };
        descriptor.columns().iter().map(column).collect::<Vec<_>>()
    };
    let time =
        |name: &str| (name.to_owned(), LogicalType::timestamp(true, ::parquet::basic::TimeUnit::MICROS));
    let of = |name: &str, kind| (name.to_owned(), kind);
    assert_eq!(schema("id"), [of("id", LogicalType::String)]);
    assert_eq!(
        schema("id,tags,attributes,modifiedDate"),
        [
            of("id", LogicalType::String),
            of("tags.list.element", LogicalType::String),
            of("attributes", LogicalType::Json),
            time("modified_date"),
            of("modified_date_text", LogicalType::String),
        ]
    );
    assert_eq!(read(&written(&[], &spec(FieldSet::ALL))).iter().map(RecordBatch::num_rows).sum::<usize>(), 0);
}

#[test]
fn a_file_tells_where_it_comes_from() {
    let (rows, fields) = profiles(&[r#"{"id":"1"}"#], "id");
    let whole = metadata(&written(&rows, &spec(fields)));
    assert_eq!(value_of(&whole, VERSION), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(value_of(&whole, CREATED), Some("2026-03-04T11:59:00Z"));
    assert_eq!(value_of(&whole, COMPLETE), Some("true"));
    let query: Json = serde_json::from_str(value_of(&whole, QUERY).unwrap()).unwrap();
    let wanted = json!({
        "ids": 2, "fields": "id,firstName", "segments": ["SEG-A"], "filter": "email ne 'x'", "limit": 7
    });
    assert_eq!(query, wanted);
    let plain = metadata(&written(&rows, &Spec::new(Format::Parquet, fields)));
    assert_eq!((value_of(&plain, QUERY), value_of(&plain, COMPLETE)), (None, Some("true")));
}

#[test]
fn a_file_that_was_cut_can_be_read_and_says_so() {
    let (rows, fields) = profiles(&[r#"{"id":"1"}"#], "id");
    let mut writer = Export::new(Vec::new(), &spec(fields)).unwrap();
    for _ in 0..5_000 {
        writer.row(&rows[0]).unwrap();
    }
    let file = writer.finish(End::Cut, &mut go_on).unwrap().out;
    assert_eq!(value_of(&metadata(&file), COMPLETE), Some("false"));
    assert_eq!(read(&file).iter().map(RecordBatch::num_rows).sum::<usize>(), 5_000);
}

#[test]
fn rows_are_in_groups_and_compressed() {
    let (rows, fields) = profiles(&[r#"{"id":"1","createdDate":"2026-03-04T11:59:00Z"}"#], "id,createdDate");
    let mut writer = Export::new(Vec::new(), &spec(fields)).unwrap();
    for _ in 0..=ROW_GROUP * 2 {
        writer.row(&rows[0]).unwrap();
    }
    let file = writer.finish(End::Whole, &mut go_on).unwrap().out;
    let metadata = metadata(&file);
    let sizes: Vec<_> = metadata.row_groups().iter().map(|group| group.num_rows() as usize).collect();
    assert_eq!(sizes, [ROW_GROUP, ROW_GROUP, 1]);
    for column in metadata.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        assert!(matches!(column.compression(), Compression::ZSTD(_)), "{column:?}");
    }
}

#[test]
fn large_rows_are_written_before_a_group_is_full() {
    /// Counts what it takes.
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    // Nothing that could be compressed, so that it is as large encoded.
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b' ' + 2 + (state >> 58) as u8)
    };
    let mut writer = Export::new(Count(0), &spec(FieldSet::ALL)).unwrap();
    let mut most = 0;
    for n in 0..120 {
        let value: String = std::iter::repeat_with(&mut noise).take(1_000_000).collect();
        let slot = Slot::Value(Text { value: value.as_str().into(), original: None });
        writer.row(&Profile { last_name: slot, ..Profile::default() }).unwrap();
        most = most.max((n + 1) * 750_000 - writer.output().unwrap().0.min((n + 1) * 750_000));
    }
    assert!(most < 2 * ROW_GROUP_BYTES, "{most} bytes were held back");
    writer.finish(End::Whole, &mut go_on).unwrap();
}

#[test]
fn what_the_output_says_is_told() {
    #[derive(Debug)]
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (rows, fields) = profiles(&[r#"{"id":"1"}"#], "id");
    let mut writer = Export::new(Full(100), &spec(fields)).unwrap();
    writer.row(&rows[0]).unwrap();
    let error = writer.finish(End::Whole, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
}

#[test]
fn it_is_written_in_one_go() {
    let error = Export::new(Vec::new(), &Spec { goes_on: true, ..spec(FieldSet::ALL) }).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Unsupported);
}

proptest! {
    #[test]
    fn it_says_what_ndjson_says(rows in proptest::collection::vec(("\\PC{0,9}", proptest::option::of("\\PC{0,9}"),
        proptest::option::of(proptest::collection::vec(proptest::option::of("\\PC{0,5}"), 0..4)), "\\PC{0,9}"), 1..9)) {
        let rows: Vec<String> = rows
            .into_iter()
            .map(|(id, name, tags, date)| {
                json!({ "id": id, "firstName": name, "tags": tags, "attributes": { &*id: tags }, "createdDate": date }).to_string()
            })
            .collect();
        let (rows, fields) = profiles(
            &rows.iter().map(String::as_str).collect::<Vec<_>>(),
            "id,firstName,tags,attributes,createdDate",
        );
        let ndjson = String::from_utf8(written(&rows, &Spec::new(Format::Ndjson, fields))).unwrap();
        let batches = read(&written(&rows, &spec(fields)));
        for (number, line) in ndjson.lines().enumerate() {
            let mut read = row(&batches[0], number);
            let read = read.as_object_mut().unwrap();
            let attributes = read["attributes"].as_str().unwrap();
            read["attributes"] = serde_json::from_str(attributes).unwrap();
            read["created_date"] = read.remove("created_date_text").unwrap();
            let wanted: Json = serde_json::from_str(line).unwrap();
            prop_assert_eq!(&*read, wanted.as_object().unwrap());
        }
    }
}
