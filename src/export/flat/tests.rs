use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::columns::{DEEPEST, LONGEST, MOST};
use super::*;
use crate::engine::pipeline::profile::Profile;
use crate::export::tests::{go_on, profiles, records, written};
use crate::export::{End, Format, Writer};

const FLAT: CsvOptions = CsvOptions { raw: false, clean_for_terminal: false, flatten: true };

fn spec(fields: FieldSet) -> Spec {
    Spec { csv: FLAT, ..Spec::new(Format::Csv, fields) }
}

fn rows(attributes: &[Json]) -> (Vec<Profile>, FieldSet) {
    let rows: Vec<String> = attributes
        .iter()
        .map(|attributes| json!({ "id": "1", "attributes": attributes }).to_string())
        .collect();
    profiles(&rows.iter().map(String::as_str).collect::<Vec<_>>(), "id,attributes")
}

/// The records of rows with these attributes, the header first.
fn flattened(attributes: &[Json]) -> Vec<Vec<String>> {
    let (rows, fields) = rows(attributes);
    records(&String::from_utf8(written(&rows, &spec(fields))).unwrap())
}

#[test]
fn each_attribute_has_a_column_in_the_order_in_which_it_first_came() {
    let (rows, fields) = profiles(
        &[
            r#"{"id":"1","tags":["a"],"attributes":{"plan":"gold","address":{"city":"Leeds"}},"createdDate":"x"}"#,
            r#"{"id":"2","attributes":{"score":"21","address":{"zip":"0012","city":"Bath"},"list":[1,"=2"],"none":null,
                "no":{}}}"#,
            r#"{"id":"3","attributes":null}"#,
        ],
        "id,tags,attributes,createdDate",
    );
    let csv = String::from_utf8(written(&rows, &spec(fields))).unwrap();
    assert_eq!(
        csv,
        "id,tags,attributes.plan,attributes.address.city,attributes.score,attributes.address.zip,attributes.list,\
         attributes.none,attributes.no,created_date\n\
         1,\"[\"\"a\"\"]\",gold,Leeds,,,,,,x\n\
         2,,,Bath,21,0012,\"[1,\"\"=2\"\"]\",,{},\n\
         3,,,,,,,,,\n"
    );
}

#[test]
fn a_key_with_a_dot_is_another_column_than_a_nested_one() {
    let both = json!({ "a.b": 1, "a": { "b": 2 }, "": 3, "[": 4, "c\"]": 5, "]": 6, "é 🙂": 7 });
    let [header, row] = &flattened(&[both])[..] else { panic!() };
    assert_eq!(
        header[1..],
        [
            r#"attributes[""]"#,
            r#"attributes["["]"#,
            "attributes.]",
            "attributes.a.b",
            r#"attributes["a.b"]"#,
            r#"attributes["c\"]"]"#,
            "attributes.é 🙂"
        ]
    );
    assert_eq!(row[1..], ["3", "4", "6", "2", "1", "5", "7"]);
}

#[test]
fn what_is_beyond_the_last_column_stays_together_as_json() {
    let many: Map<String, Json> = (0..MOST).map(|n| (format!("k{n:04}"), n.into())).collect();
    let later = json!({ "k0007": "x", "new": { "a": [1], "b": { "c": null } }, "other": "=1" });
    let records = flattened(&[Json::Object(many), later, json!({})]);
    assert!(records.iter().all(|record| record.len() == 1 + MOST + 1));
    assert_eq!(records[0].last().unwrap(), "attributes");
    assert_eq!(records[1].last().unwrap(), "");
    assert_eq!(records[2][8], "x");
    assert_eq!(records[2].last().unwrap(), r#"{"new":{"a":[1],"b":{"c":null}},"other":"=1"}"#);
    assert!(records[3][1..].iter().all(String::is_empty));
}

#[test]
fn a_name_that_is_too_long_has_no_column_and_a_value_too_deep_none_of_its_own() {
    let long = "k".repeat(LONGEST);
    let deep = (0..DEEPEST + 2).fold(json!("bottom"), |inner, _| json!({ "in": inner }));
    let [header, row] = &flattened(&[json!({ &long: 1, "in": deep })])[..] else { panic!() };
    assert_eq!(header[1..], [format!("attributes{}", ".in".repeat(DEEPEST)), "attributes".to_owned()]);
    assert_eq!(row[1..], [r#"{"in":{"in":{"in":"bottom"}}}"#.to_owned(), format!("{{\"{long}\":1}}")]);
}

#[test]
fn attributes_that_are_no_object_are_kept_as_they_are() {
    let records = flattened(&[json!(["plan", "gold"]), json!("text"), json!({ "a": 1 })]);
    assert_eq!(records[0], ["id", "attributes.a", "attributes"]);
    let rest: Vec<_> = records[1..].iter().map(|record| record[2].as_str()).collect();
    assert_eq!(rest, [r#"["plan","gold"]"#, r#""text""#, ""]);
}

#[test]
fn without_attributes_it_is_a_csv_like_any_other() {
    let (rows, fields) = profiles(&[r#"{"id":"","email":"a@b"}"#, r#"{"id":"2"}"#], "id,email");
    assert_eq!(written(&rows, &spec(fields)), b"id,email\n,a@b\n2,\n");
    let (rows, fields) = profiles(&[r#"{"id":""}"#], "id");
    assert_eq!(written(&rows, &spec(fields)), b"id\n\"\"\n");
    let header = String::from_utf8(written(&[], &spec(FieldSet::ALL))).unwrap();
    assert_eq!(header, "id,first_name,last_name,email,phone,tags,created_date,modified_date\n");
}

#[test]
fn cells_are_guarded_as_elsewhere() {
    let hostile = json!({ "a": "=1+1", "b": "-5", "c": "x\u{1b}[2J", "=d": "ok" });
    let [header, row] = &flattened(std::slice::from_ref(&hostile))[..] else { panic!() };
    assert_eq!(header[1..], ["attributes.=d", "attributes.a", "attributes.b", "attributes.c"]);
    assert_eq!(row[1..], ["ok", "'=1+1", "-5", "x\u{1b}[2J"]);
    let (rows, fields) = rows(&[hostile]);
    let terminal = CsvOptions { clean_for_terminal: true, ..FLAT };
    let shown = String::from_utf8(written(&rows, &Spec { csv: terminal, ..spec(fields) })).unwrap();
    assert!(shown.contains("x␛[2J"), "{shown}");
}

#[test]
fn whoever_watches_is_asked_and_can_stop_it_behind_a_whole_row() {
    let (rows, fields) = rows(&[json!({ "a": 1 })]);
    let mut writer = Writer::new(Vec::new(), &spec(fields)).unwrap();
    let many = STEP * 3;
    for _ in 0..many {
        writer.row(&rows[0]).unwrap();
    }
    assert!(writer.output().unwrap().is_empty(), "nothing can be written before all columns are known");
    assert_eq!(writer.waiting(), many);
    let mut seen = Vec::new();
    let finished = writer
        .finish(End::Whole, &mut |written| {
            seen.push(written);
            if written == STEP * 2 { std::ops::ControlFlow::Break(()) } else { go_on(written) }
        })
        .unwrap();
    assert_eq!(seen, [0, STEP, STEP * 2]);
    assert_eq!(finished.missing, STEP);
    let text = String::from_utf8(finished.out).unwrap();
    assert_eq!(text, format!("id,attributes.a\n{}", "1,1\n".repeat(STEP as usize * 2)));
}

#[test]
fn rows_wait_in_a_file_that_has_no_name() {
    let dir = tempfile::tempdir().unwrap();
    let (rows, fields) = rows(&[json!({ "a": "x".repeat(BUFFER) })]);
    let spec = Spec { waiting_room: Some(dir.path().to_owned()), ..spec(fields) };
    let mut writer = Writer::new(Vec::new(), &spec).unwrap();
    for _ in 0..9 {
        writer.row(&rows[0]).unwrap();
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    assert_eq!(writer.finish(End::Cut, &mut go_on).unwrap().out.len(), 16 + 9 * (BUFFER + 3));
    let nowhere = Spec { waiting_room: Some(dir.path().join("nowhere")), ..spec };
    assert_eq!(Writer::new(Vec::new(), &nowhere).unwrap_err().kind(), io::ErrorKind::NotFound);
}

/// What is written of rows that lend their attributes as JSON.
fn lent(profiles: &[Profile], fields: FieldSet) -> Vec<u8> {
    struct Lent<'a>(&'a Profile, String);
    impl Row for Lent<'_> {
        fn cell(&self, field: Field) -> Cell<'_> {
            if field == Field::Attributes { Cell::Json(&self.1) } else { self.0.cell(field) }
        }
    }
    let mut writer = Writer::new(Vec::new(), &spec(fields)).unwrap();
    for profile in profiles {
        let mut text = String::new();
        crate::export::json::node(&mut text, profile.attributes.value().unwrap());
        writer.row(&Lent(profile, text)).unwrap();
    }
    writer.finish(End::Whole, &mut go_on).unwrap().out
}

#[test]
fn what_is_no_object_is_the_same_from_columns() {
    let odd = [json!("7"), json!("TRUE"), json!([1, "2"]), json!(0.5), json!({ "a": "x", "b": "1.10" })];
    let (profiles, fields) = rows(&odd);
    assert_eq!(lent(&profiles, fields), written(&profiles, &spec(fields)));
}

/// The way that a column's name tells, read by somebody who knows only the rules.
fn way(name: &str) -> Vec<String> {
    let mut rest = name.strip_prefix("attributes").unwrap();
    let mut keys = Vec::new();
    while !rest.is_empty() {
        if let Some(json) = rest.strip_prefix('[') {
            let mut texts = serde_json::Deserializer::from_str(json).into_iter::<String>();
            keys.push(texts.next().unwrap().unwrap());
            rest = json[texts.byte_offset()..].strip_prefix(']').unwrap();
        } else {
            let plain = rest.strip_prefix('.').unwrap();
            let end = plain.find(['.', '[']).unwrap_or(plain.len());
            keys.push(plain[..end].to_owned());
            rest = &plain[end..];
        }
    }
    keys
}

/// What is in the leaves of attributes, by the way to them, as cells have it.
fn leaves(value: &Json, way: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, String>) {
    match value {
        Json::Object(members) if !members.is_empty() && way.len() < DEEPEST => {
            for (key, value) in members {
                way.push(key.clone());
                leaves(value, way, found);
                way.pop();
            }
        }
        Json::Null => {}
        Json::String(text) => drop(found.insert(way.clone(), text.clone())),
        other => drop(found.insert(way.clone(), other.to_string())),
    }
}

fn attributes() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        "[a-z ,\"\n]{0,6}".prop_map(Json::from),
        Just(json!({})),
        Just(json!([1, { "a.b": [] }])),
    ];
    let key = r#"[ab.\[\]"\\]{0,3}"#;
    let value = leaf.prop_recursive(4, 40, 4, move |inner| {
        proptest::collection::btree_map(key, inner, 1..4).prop_map(|map| map.into_iter().collect())
    });
    proptest::collection::btree_map(key, value, 0..5).prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn every_value_is_found_again_under_its_own_name(rows in proptest::collection::vec(attributes(), 1..5)) {
        let (profiles, fields) = self::rows(&rows);
        let raw = CsvOptions { raw: true, ..FLAT };
        let csv = String::from_utf8(written(&profiles, &Spec { csv: raw, ..spec(fields) })).unwrap();
        let records = records(&csv);
        let ways: Vec<_> = records[0][1..].iter().map(|name| way(name)).collect();
        let distinct: std::collections::BTreeSet<_> = ways.iter().collect();
        prop_assert_eq!(distinct.len(), ways.len());
        for (row, record) in rows.iter().zip(&records[1..]) {
            let mut wanted = BTreeMap::new();
            leaves(row, &mut Vec::new(), &mut wanted);
            // Attributes that are empty have no cell.
            wanted.remove(&Vec::new());
            let mut found: BTreeMap<_, _> = ways.iter().cloned().zip(record[1..].iter().cloned()).collect();
            found.retain(|way, cell| !cell.is_empty() || wanted.contains_key(way));
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn columns_of_json_give_the_same_file(rows in proptest::collection::vec(attributes(), 1..5)) {
        let (profiles, fields) = self::rows(&rows);
        prop_assert_eq!(lent(&profiles, fields), written(&profiles, &spec(fields)));
    }
}
