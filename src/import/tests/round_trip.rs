//! What was exported, opened and exported again is the same.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;
use crate::engine::pipeline::process;
use crate::export::is_formula;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 .,;:'\"=+@_-]{0,12}",
        "\\PC{0,8}",
        "[\\x00-\\x1f\\u{7f}\\u{200b}\\u{202e}\\u{feff}\n\r\t\"]{0,4}",
        prop::sample::select(vec!["0012", "1.50", "TRUE", "-5", "=1", "null", "[1]", "{}", "1e5", " 42 "])
            .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => text().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => (-9_999_i32..9_999).prop_map(|n| Value::from(f64::from(n) / 8.0)),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..4)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A row as a service may send it: mostly text where there should be, sometimes anything.
fn row() -> impl Strategy<Value = String> {
    let field = prop_oneof![5 => text().prop_map(Value::from), 1 => value(), 1 => Just(Value::Null)];
    (prop::collection::vec(prop::option::of(field), 7), prop::option::of(value()), prop::option::of(value()))
        .prop_map(|(texts, tags, attributes)| {
            let texts =
                Field::ALL.into_iter().filter(|f| !matches!(f, Field::Tags | Field::Attributes)).zip(texts);
            let mut row = Map::new();
            // A phone that is a number with a sign or a fraction cannot be told from one that is written so.
            let texts = texts
                .filter(|(field, value)| *field != Field::Phone || !matches!(value, Some(Value::Number(_))));
            row.extend(texts.filter_map(|(field, value)| Some((field.wire().to_owned(), value?))));
            row.extend(tags.map(|tags| ("tags".to_owned(), tags)));
            row.extend(attributes.map(|attributes| ("attributes".to_owned(), attributes)));
            Value::from(row).to_string()
        })
}

fn fields() -> impl Strategy<Value = FieldSet> {
    prop::collection::vec(any::<bool>(), Field::COUNT)
        .prop_map(|on| Field::ALL.into_iter().zip(on).filter(|(_, on)| *on).map(|(field, _)| field).collect())
}

fn processed(rows: &[String], fields: FieldSet) -> Vec<Profile> {
    let rows: Vec<&[u8]> = rows.iter().map(String::as_bytes).collect();
    let processed = process(&Bytes::new(), &rows, fields, 1);
    assert_eq!(processed.set_aside, []);
    processed.rows
}

/// What CSV cannot tell apart: an empty text and none, and a guard from a quote that was there.
fn as_csv_has_it(line: &str) -> String {
    let mut row: Map<String, Value> = serde_json::from_str(line).unwrap();
    for (key, value) in &mut row {
        if key == "tags" || key == "attributes" {
            continue;
        }
        let Value::String(text) = value else { continue };
        if text.is_empty() {
            *value = Value::Null;
        } else if let Some(rest) = text.strip_prefix('\'').filter(|rest| is_formula(rest)) {
            *value = rest.into();
        }
    }
    Value::from(row).to_string()
}

/// Attributes without what flattened CSV does not tell: nulls and empty things, and types that a cell has not.
fn loosely(value: Value) -> Value {
    fn text(value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
    match value {
        Value::Null => Value::Null,
        Value::Object(members) => {
            let members: Map<String, Value> = members
                .into_iter()
                .map(|(key, value)| (key, loosely(value)))
                .filter(|(_, value)| !value.is_null())
                .collect();
            if members.is_empty() { Value::Null } else { members.into() }
        }
        other => {
            let text = text(&other);
            let text = text.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(&text).to_owned();
            match serde_json::from_str::<Value>(&text) {
                Ok(value @ Value::Object(_)) if text.starts_with('{') => loosely(value),
                _ if text.is_empty() => Value::Null,
                _ => text.into(),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn json_exports_open_as_they_were(rows in prop::collection::vec(row(), 1..6), fields in fields()) {
        let profiles = processed(&rows, fields);
        let was = ndjson(&profiles);
        for format in [Exported::Ndjson, Exported::Json] {
            let held = held("export", export(&profiles, format, fields));
            prop_assert_eq!(&held.aside, &[""; 0]);
            prop_assert_eq!(held.fields, fields);
            prop_assert_eq!(&ndjson(&held.profiles), &was);
            prop_assert!(held.profiles.iter().all(|p| p.id().is_none_or(|id| !p.raw_json().is_empty() || id.is_empty())));
        }
    }

    #[test]
    fn csv_exports_open_as_they_were_but_for_what_csv_cannot_say(
        rows in prop::collection::vec(row(), 1..6),
        fields in fields(),
    ) {
        let profiles = processed(&rows, fields);
        let held = held("export.csv", export(&profiles, Exported::Csv, fields));
        prop_assert_eq!(&held.aside, &[""; 0]);
        let was: Vec<_> = ndjson(&profiles).lines().map(as_csv_has_it).collect();
        let is: Vec<_> = ndjson(&held.profiles).lines().map(|line| {
            let row: Map<String, Value> = serde_json::from_str(line).unwrap();
            Value::from(row).to_string()
        }).collect();
        prop_assert_eq!(is, was);
    }

    #[test]
    fn parquet_exports_open_as_they_were(rows in prop::collection::vec(row(), 1..6), fields in fields()) {
        let profiles = processed(&rows, fields);
        let held = held("export", export(&profiles, Exported::Parquet, fields));
        prop_assert_eq!(&held.aside, &[""; 0]);
        prop_assert_eq!(held.fields, fields);
        prop_assert_eq!(ndjson(&held.profiles), ndjson(&profiles));
    }

    #[test]
    fn flattened_exports_open_nested_but_for_what_csv_cannot_say(
        rows in prop::collection::vec(row(), 1..6),
        fields in fields(),
    ) {
        let profiles = processed(&rows, fields);
        let mut spec = Spec::new(Exported::Csv, fields);
        spec.csv.flatten = true;
        let held = held("export.csv", export_as(&profiles, &spec));
        prop_assert_eq!(&held.aside, &[""; 0]);
        let plain = |line: &str, was: bool| {
            let mut row: Map<String, Value> =
                serde_json::from_str(&if was { as_csv_has_it(line) } else { line.to_owned() }).unwrap();
            let attributes = row.remove("attributes").map_or(Value::Null, loosely);
            (Value::from(row).to_string(), attributes.to_string())
        };
        let was: Vec<_> = ndjson(&profiles).lines().map(|line| plain(line, true)).collect();
        let is: Vec<_> = ndjson(&held.profiles).lines().map(|line| plain(line, false)).collect();
        prop_assert_eq!(is, was);
    }

    #[test]
    fn records_are_cut_as_the_csv_crate_cuts_them(
        records in prop::collection::vec(prop::collection::vec("[a,\"\n\r; é]{0,6}", 3), 0..6),
        separator in prop::sample::select(vec![b',', b';', b'\t']),
        windows in any::<bool>(),
    ) {
        let end = if windows { ::csv::Terminator::CRLF } else { ::csv::Terminator::Any(b'\n') };
        let mut writer =
            ::csv::WriterBuilder::new().delimiter(separator).terminator(end).from_writer(Vec::new());
        writer.write_record(["id", "firstName", "lastName"]).unwrap();
        for record in &records {
            writer.write_record(record).unwrap();
        }
        let held = held("a.csv", writer.into_inner().unwrap());
        prop_assert_eq!(&held.aside, &[""; 0]);
        let is: Vec<Vec<String>> = held.profiles.iter().map(|profile| {
            [&profile.id, &profile.first_name, &profile.last_name]
                .map(|slot| slot.value().map_or_else(String::new, |text| text.value.raw().to_owned()))
                .to_vec()
        }).collect();
        prop_assert_eq!(is, records);
    }
}
