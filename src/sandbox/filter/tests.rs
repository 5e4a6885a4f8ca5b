use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use super::*;
use crate::sandbox::people::{FIELDS, Person, Selection, field, id_of};

fn people() -> People {
    People::make(1, 2000, &AtomicBool::new(false))
}

/// The JSON of everybody that the filter admits, as a client would see them.
fn admitted(people: &People, filter: &str) -> Vec<serde_json::Value> {
    let filter = Filter::parse(filter).unwrap_or_else(|wrong| panic!("{filter}: {wrong}"));
    (0..people.len() as u32)
        .filter(|&index| filter.admits(people, index))
        .map(|index| {
            let mut out = Vec::new();
            people.write(index, Selection::ALL, &mut out);
            serde_json::from_slice(&out).unwrap()
        })
        .collect()
}

fn ids(people: &People, filter: &str) -> Vec<String> {
    admitted(people, filter).iter().map(|p| p["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn text_attributes_that_are_numbers_compare_as_numbers() {
    let people = people();
    let found = admitted(&people, "score gt 9 and score le 11");
    assert!(!found.is_empty());
    for person in found {
        assert!(matches!(person["attributes"]["score"].as_str(), Some("10" | "11")), "{person}");
    }
    assert_eq!(ids(&people, "score eq 64.5"), ["PROF-003"]);
    assert_eq!(ids(&people, "visits eq 36 and id eq 'PROF-003'"), ["PROF-003"]);
}

#[test]
fn all_ways_to_an_attribute_lead_to_it() {
    let people = people();
    let expected = ids(&people, "plan eq 'gold'");
    assert!(expected.len() > 100 && expected.contains(&"PROF-001".to_owned()));
    for filter in
        ["attributes.plan eq 'gold'", "attributes/plan eq 'gold'", "plan in ('gold')", "not (plan ne 'gold')"]
    {
        assert_eq!(ids(&people, filter), expected, "{filter}");
    }
    let cities = ids(&people, "attributes.address.city eq 'Leeds'");
    assert!(cities.contains(&"PROF-002".to_owned()));
    assert_eq!(ids(&people, "address/city eq 'Leeds'"), cities);
}

#[test]
fn every_form_of_a_segment_query_means_the_same() {
    let people = people();
    let expected = ids(&people, "segmentIds contains 'SEG-VIP,SEG-TRIAL'");
    assert!(expected.len() > 20);
    for filter in [
        "contains(segmentIds,'SEG-VIP,SEG-TRIAL')",
        "segmentIds/any(s:s eq 'SEG-VIP') or segmentIds/any(s:s eq 'SEG-TRIAL')",
        "segmentIds/any(s: s eq 'SEG-VIP' or s eq 'SEG-TRIAL')",
        "segmentIds/any(s: s in ('SEG-VIP','SEG-TRIAL'))",
        "segmentIds eq 'SEG-VIP' or segmentIds eq 'SEG-TRIAL'",
        "segmentIds/any(s: endswith(s,'VIP') or endswith(s,'TRIAL'))",
    ] {
        assert_eq!(ids(&people, filter), expected, "{filter}");
        assert!(Filter::parse(filter).unwrap().asks_for_segments);
    }
    assert_eq!(ids(&people, "segmentIds contains 'SEG-ALL'").len(), 2000);
    assert!(ids(&people, "segmentIds contains 'SEG-EMPTY'").is_empty());
    assert!(ids(&people, "segmentIds contains 'SEG-NOPE'").is_empty());
    assert!(!Filter::parse("email eq 'segmentIds'").unwrap().asks_for_segments);
}

#[test]
fn words_quotes_dates_and_null() {
    let people = people();
    assert_eq!(ids(&people, "email eq 'Customer1@Example.com'"), ["PROF-001"]);
    assert_eq!(ids(&people, "startswith(email,'Customer') and endswith(email,'.com')").len(), 3);
    assert!(admitted(&people, "lastName eq 'O''Dare'").iter().all(|p| p["lastName"] == "O'Dare"));
    assert!(!ids(&people, "lastName eq 'O''Dare'").is_empty());
    let newer = ids(&people, "createdDate ge 2026-06-01");
    assert_eq!(ids(&people, "createdDate ge '2026-06-01T00:00:00Z'"), newer);
    assert_eq!(ids(&people, "createdDate ge 2026-06-01T02:00:00+02:00"), newer);
    assert!(newer.len() > 200 && newer.len() < 1500);
    assert!(ids(&people, "phone eq null").len() > 2);
    assert_eq!(ids(&people, "phone eq null").len() + ids(&people, "phone ne null").len(), 2000);
    assert!(!ids(&people, "optIn eq true").is_empty());
    assert!(!ids(&people, "consent.email eq true").is_empty());
    assert!(
        admitted(&people, "tags contains 'beta'").iter().all(|p| p["tags"].to_string().contains("\"beta\""))
    );
}

#[test]
fn a_mistake_is_named_with_its_place() {
    for (filter, position, expected) in [
        ("plan eq", 8, "a value"),
        ("plan = 'gold'", 6, "a field, a value"),
        ("plan eq 'gold", 14, "a closing quote"),
        ("(plan eq 'gold'", 16, "a closing bracket"),
        ("plan eq 'a' plan", 13, "and, or"),
        ("", 1, "a field, a function"),
        ("score gt 12abc", 10, "a number or a date"),
        ("contains(plan 'x')", 15, "a comma"),
        ("plan like 'x'", 6, "an operator"),
        ("segmentIds/any(s s eq 'A')", 18, "a colon"),
    ] {
        let wrong = Filter::parse(filter).unwrap_err();
        assert_eq!(wrong.position, position, "{filter}: {wrong}");
        assert!(wrong.expected.starts_with(expected), "{filter}: {wrong}");
    }
    let deep = format!("{}a eq 1{}", "(".repeat(5000), ")".repeat(5000));
    assert!(Filter::parse(&deep).is_err());
    assert!(Filter::parse(&"not ".repeat(1500)).is_err());
    assert!(Filter::parse(&"a eq 1 or ".repeat(2000)).is_err());
}

proptest! {
    #[test]
    fn no_text_at_all_makes_it_panic(text in any::<String>()) {
        let _ = Filter::parse(&text);
    }

    #[test]
    fn nor_does_text_that_looks_like_a_filter(
        words in proptest::collection::vec(
            prop_oneof![
                Just("plan"), Just("segmentIds"), Just("/any("), Just("s:"), Just("s"), Just("eq"), Just("contains"),
                Just("("), Just(")"), Just("'"), Just("'SEG-ALL'"), Just("and"), Just("or"), Just("not"), Just("in"),
                Just(","), Just("12"), Just("2026-01-01"), Just("-"), Just("null"), Just("é"), Just("startswith("), Just("attributes.address"),
            ],
            0..24,
        ),
        glue in prop_oneof![Just(" "), Just("")],
    ) {
        let text = words.join(glue);
        if let Ok(filter) = Filter::parse(&text) {
            let people = People::make(1, 4, &AtomicBool::new(false));
            let _ = filter.admits(&people, 3);
        }
    }

    #[test]
    fn whoever_is_asked_for_by_a_field_is_found(index in 0_u32..2000) {
        let person = Person::make(1, index);
        if let Some(crate::sandbox::json::Value::Text(email)) = &person.fields[field::EMAIL] {
            let text = format!("id eq '{}' and email eq '{}'", id_of(index), email.replace('\'', "''"));
            let people = People::make(1, 2000, &AtomicBool::new(true));
            prop_assert!(Filter::parse(&text).unwrap().admits(&people, index));
            let no = format!("{} ne '{}'", FIELDS[field::ID], id_of(index));
            prop_assert!(!Filter::parse(&no).unwrap().admits(&people, index));
        }
    }
}
