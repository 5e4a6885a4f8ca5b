use proptest::prelude::*;

use super::profile::{Change, Node, Text, Value};
use super::*;

fn run(rows: &[&[u8]], fields: FieldSet) -> Processed {
    let body = Bytes::from(rows.join(&b','));
    let mut at = 0;
    let slices: Vec<&[u8]> = rows
        .iter()
        .map(|row| {
            let slice = &body[at..at + row.len()];
            at += row.len() + 1;
            slice
        })
        .collect();
    process(&body, &slices, fields, 7)
}

fn one(row: &str) -> Profile {
    let mut processed = run(&[row.as_bytes()], FieldSet::ALL);
    assert_eq!(processed.set_aside, [], "{row}");
    processed.rows.pop().unwrap()
}

fn reason(row: &[u8]) -> String {
    let mut processed = run(&[br#"{"id":"1"}"#, row], FieldSet::ALL);
    assert_eq!(processed.rows.len(), 1);
    let aside = processed.set_aside.pop().unwrap();
    assert_eq!((aside.page, aside.row), (7, 2));
    aside.reason
}

fn text(slot: &Slot<Text>) -> (&str, Option<(&str, Change)>) {
    let text = slot.value().unwrap();
    (text.value.raw(), text.original.as_ref().map(|o| (o.json.raw(), o.change)))
}

fn node(node: &Node) -> (&Value, Option<(&str, Change)>) {
    (&node.value, node.original.as_ref().map(|o| (o.json.raw(), o.change)))
}

fn member<'a>(parent: &'a Node, key: &str) -> &'a Node {
    let Value::Object(members) = &parent.value else { panic!("{parent:?}") };
    &members.iter().find(|(k, _)| k.raw() == key).unwrap().1
}

#[test]
fn a_profile_is_processed_field_by_field() {
    let row = r#"{"id":"PROF-001","firstName":"Zo\u00eb","lastName":"Byron ","email":"Zoe@Example.COM",
        "phone":"+1 (555) 010-0000","tags":["vip","21"],"attributes":{"score":"21"},
        "createdDate":"2025-01-02T03:04:05Z","modifiedDate":"2026-03-04"}"#;
    let profile = one(row);
    assert_eq!(text(&profile.id), ("PROF-001", None));
    assert_eq!(text(&profile.first_name), ("Zoë", None));
    assert_eq!(text(&profile.last_name), ("Byron ", None));
    assert_eq!(text(&profile.email), ("zoe@example.com", Some((r#""Zoe@Example.COM""#, Change::Lowercased))));
    assert_eq!(text(&profile.phone), ("15550100000", Some((r#""+1 (555) 010-0000""#, Change::Stripped))));
    let Value::List(tags) = &profile.tags.value().unwrap().value else { panic!() };
    assert_eq!(node(&tags[1]), (&Value::Text("21".into()), None));
    assert_eq!(text(&profile.created_date), ("2025-01-02T03:04:05Z", None));
    assert_eq!(profile.raw_json(), row);
}

#[test]
fn raw_shares_the_pages_memory() {
    let body = Bytes::from_static(br#"[{"id":"1"}]"#);
    let row = &body[1..body.len() - 1];
    let processed = process(&body, &[row, br#"{"id":"2"}"#], FieldSet::ALL, 1);
    assert_eq!(processed.rows[0].raw.as_ptr(), row.as_ptr());
    assert_eq!(processed.rows[1].raw_json(), r#"{"id":"2"}"#);
}

#[test]
fn not_asked_missing_null_and_empty_are_four_things() {
    let fields: FieldSet = "email,phone,tags".parse().unwrap();
    let rows: [&[u8]; 1] = [br#"{"email":null,"firstName":"Ada","tags":null,"phone":""}"#];
    let profile = run(&rows, fields).rows.remove(0);
    assert_eq!(profile.id, Slot::Missing);
    assert_eq!(profile.first_name, Slot::NotAsked);
    assert_eq!(profile.email, Slot::Null);
    assert_eq!(profile.tags, Slot::Null);
    assert_eq!(text(&profile.phone), ("", None));
    assert_eq!(profile.attributes, Slot::NotAsked);
}

#[test]
fn attributes_are_coerced_at_every_depth() {
    let profile = one(
        r#"{"attributes":{"a":"TRUE","b":["25.0",{"c":"-5","d":"0012"}],"e":1.50,"f":null,"g":12345678901234567890123}}"#,
    );
    let attributes = profile.attributes.value().unwrap();
    assert_eq!(attributes.original, None);
    assert_eq!(node(member(attributes, "a")), (&Value::Bool(true), Some((r#""TRUE""#, Change::Coerced))));
    let Value::List(b) = &member(attributes, "b").value else { panic!() };
    assert_eq!(node(&b[0]), (&Value::Number("25.0".into()), Some((r#""25.0""#, Change::Coerced))));
    assert_eq!(node(member(&b[1], "c")), (&Value::Number("-5".into()), Some((r#""-5""#, Change::Coerced))));
    assert_eq!(node(member(&b[1], "d")), (&Value::Text("0012".into()), None));
    assert_eq!(node(member(attributes, "e")), (&Value::Number("1.50".into()), None));
    assert_eq!(node(member(attributes, "f")), (&Value::Null, None));
    assert_eq!(node(member(attributes, "g")), (&Value::Number("12345678901234567890123".into()), None));
}

#[test]
fn wrong_types_are_kept_and_marked() {
    let profile =
        one(r#"{"id":42,"firstName":true,"lastName":[ "a b", 1 ],"email":{"x": "Y"},"phone":5550100,
            "tags":"vip","attributes":"21","createdDate":1.0}"#);
    let wrong = Change::WrongType;
    assert_eq!(text(&profile.id), ("42", Some(("42", wrong))));
    assert_eq!(text(&profile.first_name), ("true", Some(("true", wrong))));
    assert_eq!(text(&profile.last_name), (r#"["a b",1]"#, Some((r#"[ "a b", 1 ]"#, wrong))));
    assert_eq!(text(&profile.email), (r#"{"x":"Y"}"#, Some((r#"{"x": "Y"}"#, wrong))));
    assert_eq!(text(&profile.phone), ("5550100", Some(("5550100", wrong))));
    let tags = profile.tags.value().unwrap();
    let vip = Node { value: Value::Text("vip".into()), original: None };
    assert_eq!(node(tags), (&Value::List(vec![vip]), Some((r#""vip""#, wrong))));
    let attributes = profile.attributes.value().unwrap();
    assert_eq!(node(attributes), (&Value::Text("21".into()), Some((r#""21""#, wrong))));

    let profile = one(r#"{"id":[ "a \" b" , "\\" , 1 ]}"#);
    assert_eq!(text(&profile.id).0, r#"["a \" b","\\",1]"#);

    let profile = one(r#"{"tags":["a",7,null,{"k": 1}],"attributes":["TRUE"]}"#);
    let Value::List(tags) = &profile.tags.value().unwrap().value else { panic!() };
    assert_eq!(node(&tags[1]), (&Value::Text("7".into()), Some(("7", wrong))));
    assert_eq!(node(&tags[2]), (&Value::Null, None));
    assert_eq!(node(&tags[3]), (&Value::Text(r#"{"k":1}"#.into()), Some((r#"{"k": 1}"#, wrong))));
    let Value::List(list) = &profile.attributes.value().unwrap().value else { panic!() };
    assert_eq!(list[0].value, Value::Bool(true));
}

#[test]
fn keys_may_be_escaped_unknown_and_repeated() {
    let many: Vec<String> = (0..40).map(|i| format!(r#""k{}":{i}"#, i % 20)).collect();
    let many = many.join(",");
    let profile = one(&format!(
        r#"{{"\u0069d":"a","unknown":{{"x":["\n"]}},"email":"A@b","email":"c@d",
            "attributes":{{"k":1,"l":2,"k":3}},"attributes":{{{many},"z":"x"}}}}"#
    ));
    assert_eq!(text(&profile.id), ("a", None));
    assert_eq!(text(&profile.email), ("c@d", None));
    let attributes = profile.attributes.value().unwrap();
    let Value::Object(members) = &attributes.value else { panic!() };
    assert_eq!(members.len(), 21);
    assert_eq!(member(attributes, "k0").value, Value::Number("20".into()));

    let profile = one(r#"{"attributes":{"k":1,"l":2,"k":3}}"#);
    let Value::Object(members) = &profile.attributes.value().unwrap().value else { panic!() };
    assert_eq!(members.len(), 2);
    assert_eq!(member(profile.attributes.value().unwrap(), "k").value, Value::Number("3".into()));
}

#[test]
fn a_row_that_cannot_be_read_is_set_aside_with_place_and_reason() {
    let deep = format!(r#"{{"attributes":{}{}}}"#, "[".repeat(128), "]".repeat(128));
    let cases: [(&[u8], &str); 15] = [
        (b"", "nothing between two commas"),
        (b"null", "not an object but null"),
        (b"[1]", "not an object but a list"),
        (b"\"Ada\"", "not an object but a text"),
        (b"12", "not an object but a number"),
        (b"{\"id\":\"\xff\"}", "invalid UTF-8 at byte 8 of the row"),
        (br#"{"email":"\ud800"}"#, "lone surrogate in a text at byte 11 of the row, in email"),
        (br#"{"x":"\ud800"}"#, "lone surrogate in a text at byte 7 of the row"),
        (br#"{"id":NaN}"#, "NaN or Infinity, which JSON does not have, at byte 7 of the row, in id"),
        (
            br#"{"attributes":{"n":1e999}}"#,
            "number beyond the range of a double at byte 20 of the row, in attributes",
        ),
        (b"{\"id\":\"a\nb\"}", "raw control character in a text at byte 9 of the row, in id"),
        (deep.as_bytes(), "nested deeper than 128 levels at byte 142 of the row, in attributes"),
        (br#"{"id":"1""#, "not JSON at byte 10 of the row"),
        (br#"{"id":"1"} x"#, "not JSON at byte 12 of the row"),
        (br#"{"id":'1'}"#, "not JSON at byte 7 of the row, in id"),
    ];
    for (row, expected) in cases {
        assert_eq!(reason(row), expected, "{}", String::from_utf8_lossy(row));
    }
    let shallow = format!(r#"{{"attributes":{}{}}}"#, "[".repeat(127), "]".repeat(127));
    one(&shallow);
}

#[test]
fn a_tag_that_spells_a_number_is_read_back_as_it_was() {
    for json in [r#"["1.10","TRUE","7"]"#, r#"{"a":["1.10"],"b":1.1}"#, r#""21""#] {
        let mut again = String::new();
        json::node(&mut again, &read_back(json).unwrap());
        assert_eq!(again, json);
    }
    assert!(read_back("[1").is_none());
}

#[test]
fn accuracy_is_the_share_with_id_and_email_or_not_measurable() {
    let rows: [&[u8]; 4] = [
        br#"{"id":"1","email":"a@b"}"#,
        br#"{"id":"2","email":""}"#,
        br#"{"id":"3","email":null}"#,
        br#"{"id":"","email":"a@b"}"#,
    ];
    let share = |fields: FieldSet, rows: &[&[u8]]| {
        let mut accuracy = Accuracy::new(fields);
        run(rows, fields).rows.iter().for_each(|profile| accuracy.add(profile));
        accuracy.share()
    };
    assert_eq!(share(FieldSet::ALL, &rows), Some(0.25));
    assert_eq!(share(FieldSet::ID, &rows), None);
    assert_eq!(share(FieldSet::ALL, &[]), None);
}

proptest! {
    #[test]
    fn nothing_makes_processing_panic(
        rows in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..24),
            "\\{\"(id|tags|attributes|email)\":[-0-9a-z\"\\\\\\[\\]{},:.ué ]{0,16}\\}".prop_map(String::into_bytes),
        ], 0..4),
    ) {
        let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
        let processed = process(&Bytes::new(), &rows, FieldSet::ALL, 1);
        prop_assert_eq!(processed.rows.len() + processed.set_aside.len(), rows.len());
    }

    #[test]
    fn good_rows_survive_their_neighbours(good in prop::collection::vec(any::<bool>(), 0..12)) {
        let texts: Vec<String> = good.iter().enumerate()
            .map(|(i, good)| if *good { format!(r#"{{"id":"{i}"}}"#) } else { format!("{{\"id\":\"{i}\n\"}}") })
            .collect();
        let body = Bytes::from(format!("{{\"items\":[{}]}}", texts.join(" ,\n")));
        let page = crate::wire::crm_v2::page(&body).unwrap();
        let processed = process(&body, &page.items, FieldSet::ALL, 1);
        let ids: Vec<String> = processed.rows.iter().map(|p| p.id().unwrap().raw().to_owned()).collect();
        let expected: Vec<String> =
            good.iter().enumerate().filter(|(_, good)| **good).map(|(i, _)| i.to_string()).collect();
        prop_assert_eq!(ids, expected);
        prop_assert_eq!(processed.set_aside.len(), good.iter().filter(|good| !**good).count());
    }
}

#[test]
fn a_page_of_millions_of_bad_rows_is_counted_and_not_kept() {
    let body = Bytes::from(vec![b'7'; 5_000]);
    let rows: Vec<&[u8]> = body.chunks(1).collect();
    let processed = process(&body, &rows, FieldSet::ALL, 1);
    assert_eq!(processed.set_aside.len(), 1_001);
    assert!(processed.set_aside[1_000].reason.starts_with("4000 more rows"));
}

#[test]
fn a_page_in_parts_is_the_same_page() {
    let texts: Vec<String> =
        (0..6_001)
            .map(|i| {
                if i % 3 == 0 { format!("[{i}]") } else { format!(r#"{{"id":"{i}","email":"A@B.example"}}"#) }
            })
            .collect();
    let body = Bytes::from(format!("{{\"items\":[{}]}}", texts.join(", ")));
    let page = crate::wire::crm_v2::page(&body).unwrap();
    let at = |row: &[u8]| row.as_ptr() as usize - body.as_ptr() as usize;
    let cut =
        |few: usize| page.items[..few].iter().map(|row| at(row)..at(row) + row.len()).collect::<Vec<_>>();
    for few in [0, 1, 999, 1_000, 1_001, 1_499, 1_501, 6_001] {
        let whole = process(&body, &page.items[..few], FieldSet::ALL, 7);
        let mut parts = Parts::new(body.clone(), cut(few), FieldSet::ALL, 7);
        let mut together = Processed::default();
        let mut sizes = Vec::new();
        while let Some(part) = parts.next() {
            sizes.push(few - parts.left() - sizes.iter().sum::<usize>());
            together.rows.extend(part.rows);
            together.set_aside.extend(part.set_aside);
        }
        assert_eq!((together.rows, together.set_aside), (whole.rows, whole.set_aside), "{few}");
        assert!(sizes.iter().rev().skip(1).all(|rows| *rows == 500), "{sizes:?}");
        assert!(sizes.last().is_none_or(|rows| *rows <= 1_000), "{sizes:?}");
    }
}
