//! The columns of a table give back what the pipeline made, whatever a service sends.

#![expect(clippy::unwrap_used, reason = "a test says no more of a failure than a panic does")]

use bytes::Bytes;
use cxlens::engine::pipeline;
use cxlens::engine::pipeline::profile::{FieldRef, Profile, Slot};
use cxlens::engine::query::{Field, FieldSet};
use cxlens::export;
use cxlens::rows::{MOST_PATHS, Rows, is_changed};
use proptest::prelude::*;

fn read(json: &str) -> Profile {
    let json = Bytes::copy_from_slice(json.as_bytes());
    pipeline::process(&json, &[&json[..]], FieldSet::ALL, 1).rows.pop().unwrap()
}

fn json_of(rows: &Rows, row: usize) -> String {
    let mut out = String::new();
    rows.data().json(row, &mut out);
    out
}

fn export_of(profile: &Profile) -> String {
    let mut out = String::new();
    export::json::profile(&mut out, profile);
    out
}

/// Any JSON at all, a few levels deep.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("\"FALSE\"".to_owned()),
        Just("-1.50e3".to_owned()),
        Just("\"21\"".to_owned()),
        Just("123456789012345678901234567890".to_owned()),
        Just("\"\"".to_owned()),
        "[a-z\u{e9}]{0,4}".prop_map(|text| format!("\"{text}\"")),
        Just("\"a\\\"b\\u202e\"".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec(("[a-c.\u{e9}\"]{0,2}", inner), 0..4).prop_map(|members| {
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(key, value)| format!("{}:{value}", serde_json::Value::from(key)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

#[test]
fn attributes_of_too_many_names_are_kept_whole() {
    let mut rows = Rows::new();
    let of = |n: usize| {
        let json = format!("{{\"id\":\"{n}\",\"attributes\":{{\"a\":{n},\"k{n}\":\"v\",\"b\":[1]}}}}");
        read(&json)
    };
    let all: Vec<Profile> = (0..300).map(of).collect();
    rows.append(&all);
    assert!(rows.data().has_more_attributes());
    assert!(rows.data().attributes().count() <= MOST_PATHS);
    for (row, profile) in all.iter().enumerate() {
        assert_eq!(json_of(&rows, row), export_of(profile));
    }
}

proptest! {
    #[test]
    fn columns_give_back_what_the_pipeline_made(
        all in proptest::collection::vec((json(), json(), json(), any::<bool>()), 0..12),
    ) {
        let mut rows = Rows::new();
        let profiles: Vec<Profile> = all
            .iter()
            .map(|(id, tags, attributes, missing)| {
                let tags = if *missing { String::new() } else { format!(",\"tags\":{tags}") };
                read(&format!("{{\"id\":{id}{tags},\"attributes\":{attributes}}}"))
            })
            .collect();
        rows.append(&profiles);
        for (row, profile) in profiles.iter().enumerate() {
            prop_assert_eq!(json_of(&rows, row), export_of(profile));
            let read = rows.profile(row).unwrap();
            prop_assert_eq!(read.as_ref(), Some(profile));
            let changed = match profile.field(Field::Attributes) {
                FieldRef::Node(Slot::Value(node)) => is_changed(node),
                _ => false,
            };
            prop_assert_eq!(rows.cell(row, Field::Attributes.into()).changed, changed);
        }
    }
}
