use super::phone::Phone;
use super::*;
use proptest::prelude::*;

fn first(text: &str) -> Reading {
    readings(text).into_iter().next().unwrap_or_else(|| panic!("nothing for {text:?}"))
}

fn whats(text: &str) -> Vec<&'static str> {
    readings(text).iter().map(|reading| reading.what).collect()
}

#[test]
fn what_is_typed_is_taken_for_what_it_is() {
    for (text, what) in [
        ("ada@example.com", "e-mail address"),
        ("Ada Byron <ada@example.com>", "e-mail address"),
        ("mailto:ada+shop@example.com", "e-mail address"),
        ("@example.com", "e-mail, its end"),
        ("+49 (30) 23125-123", "phone number"),
        ("tel:+1-555-0101", "phone number"),
        ("\u{202a}+1 555 0101\u{202c}", "phone number"),
        ("07700 900102", "phone number"),
        ("555.0101", "phone number"),
        ("+44 (0)7700 900102 ext. 7", "phone number"),
        ("PROF-0000021", "ID"),
        ("PROF-001, PROF-002;PROF-003", "IDs"),
        ("4711", "ID"),
        ("12345", "ID"),
        ("Ada Byron", "name"),
        ("Byron, Ada", "name"),
        ("O'Brien", "name"),
        ("grace.whitlock", "e-mail, its beginning"),
    ] {
        assert_eq!(first(text).what, what, "{text}");
    }
    for text in ["", "  ", "\u{200b}", ",;"] {
        assert_eq!(readings(text), [], "{text:?}");
    }
    // What can be another thing too is offered as such.
    assert!(whats("5550101").contains(&"phone number") && whats("5550101").contains(&"ID"));
    assert!(whats("12345").contains(&"phone number"));
    assert!(
        whats("grace.whitlock@example.com").contains(&"name"),
        "{:?}",
        whats("grace.whitlock@example.com")
    );
}

#[test]
fn quotes_are_doubled_and_a_plus_stays() {
    let name = first("o'brien");
    assert!(name.filter.contains("lastName eq 'O''Brien'"), "{}", name.filter);
    let email = first("ada+shop@example.com");
    assert!(email.filter.contains("email eq 'ada+shop@example.com'"), "{}", email.filter);
    let email = first("o'brien@example.com");
    assert!(email.filter.contains("'o''brien@example.com'"), "{}", email.filter);
}

#[test]
fn one_number_is_one_number_in_every_notation() {
    let numbers = [
        "+49 30 23125 123",
        "+49-30-23125-123",
        "+49 (30) 23125-123",
        "+49 (0)30 23125123",
        "0049 30 23125 123",
        "00493023125123",
        "tel:+49.30.23125.123",
        "+49 30 23125 123 ext 4",
        "＋４９３０２３１２５１２３",
    ];
    let read: Vec<_> = numbers.iter().map(|number| first(number).filter).collect();
    assert!(read.iter().all(|filter| *filter == read[0]), "{read:#?}");
    let national = ["030 23125 123", "(030) 23125-123", "030/23125123", "30 23125123"];
    let read: Vec<_> = national.iter().map(|number| first(number).filter).collect();
    assert!(read.iter().all(|filter| *filter == read[0]), "{read:#?}");
}

#[test]
fn what_is_no_number_is_not_taken_for_one() {
    for text in ["1234", "123456789012345678901", "55+5 0101", "PROF-001", "555-CALL", "Ada 555 0101"] {
        assert_eq!(Phone::read(text), None, "{text}");
    }
}

#[test]
fn a_name_is_asked_for_either_way_round() {
    let name = first("Ada Byron");
    assert_eq!(
        name.filter,
        "(firstName eq 'Ada' and lastName eq 'Byron') or (firstName eq 'Byron' and lastName eq 'Ada') or \
         (contains(email,'ada.byron') or contains(email,'Ada.Byron') or contains(email,'byron.ada'))"
    );
    let turned = readings("Byron, Ada");
    assert_eq!(turned[0].filter, name.filter);
    assert_eq!(turned.iter().filter(|reading| reading.what == "last name").count(), 1, "{turned:#?}");
    let all = readings("juan ibáñez soto");
    assert!(all[0].filter.contains("lastName eq 'Ibáñez Soto'"), "{}", all[0].filter);
    assert!(all[0].filter.contains("firstName eq 'Juan Ibáñez'"), "{}", all[0].filter);
    assert!(all.iter().any(|reading| reading.filter.contains("'juan.ibanez.soto'")), "{all:#?}");
}

proptest! {
    #[test]
    fn whatever_is_typed_every_reading_can_run(text in any::<String>()) {
        for reading in readings(&text) {
            let query = reading.onto(&Draft::default()).check();
            prop_assert!(query.is_ok(), "{:?}: {:?}", reading, query);
        }
    }

    #[test]
    fn so_does_what_looks_like_something(text in "[a-zA-Z0-9' @.+,()<>-]{0,40}") {
        for reading in readings(&text) {
            let query = reading.onto(&Draft::default()).check();
            prop_assert!(query.is_ok(), "{:?}: {:?}", reading, query);
            prop_assert!(!reading.asks.is_empty());
        }
    }
}
