use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

/// Noon on 4 March 2026; the window begins on 2 February.
fn window() -> Window {
    Window::until(Timestamp::constant(1_772_625_600, 0), 30).unwrap()
}

/// `-`: not warned; `end`: without end; `doubt`; or the day.
fn told(filter: &str) -> String {
    match Reach::of(filter, window()) {
        None => "-".to_owned(),
        Some(Reach { back_to: Some(day), .. }) => day.to_string(),
        Some(Reach { in_doubt: true, .. }) => "doubt".to_owned(),
        Some(_) => "end".to_owned(),
    }
}

#[test]
fn a_comparison_reaches_as_far_as_its_date() {
    for (filter, says) in [
        ("modifiedDate ge 2026-02-02", "-"),
        ("modifiedDate ge 2026-02-01", "2026-02-01"),
        ("modifiedDate gt '2025-12-31T23:00:00Z'", "2025-12-31"),
        ("modifiedDate eq 2025-01-01T00:00:00+02:00", "2024-12-31"),
        ("modified_date ge 2025-01-01", "2025-01-01"),
        ("MODIFIEDDATE GE 2025-01-01", "2025-01-01"),
        ("modifiedDate>=2025-01-01", "2025-01-01"),
        ("2025-01-01 le modifiedDate", "2025-01-01"),
        ("2026-03-01 gt modifiedDate", "end"),
        ("modifiedDate lt 2026-03-01", "end"),
        ("modifiedDate le 2020-01-01", "end"),
        ("modifiedDate in ('2026-03-01', 2025-06-07)", "2025-06-07"),
        ("modifiedDate in (2026-03-01)", "-"),
        ("modifiedDate ne 2020-01-01", "-"),
        ("modifiedDate eq null", "-"),
        ("modifiedDate ge 2030-01-01", "-"),
    ] {
        assert_eq!(told(filter), says, "{filter}");
    }
}

#[test]
fn a_filter_that_says_nothing_of_the_date_is_not_warned_of() {
    for filter in [
        "",
        "email eq 'ada@example.com'",
        "createdDate lt 2020-01-01",
        "lastName eq 'modifiedDate lt 2020-01-01'",
        "attributes/modifiedDate lt 2020-01-01",
        "attributes.modified_date lt 2020-01-01",
        "segmentIds/any(s: s eq 'A')",
        "((",
        "and and",
    ] {
        assert_eq!(told(filter), "-", "{filter}");
    }
}

#[test]
fn joints_and_not_are_understood() {
    for (filter, says) in [
        ("modifiedDate lt 2026-03-01 and modifiedDate ge 2026-02-10", "-"),
        ("modifiedDate ge 2025-01-01 and modifiedDate lt 2025-02-01", "2025-01-01"),
        ("modifiedDate ge 2026-02-10 or modifiedDate ge 2025-02-10", "2025-02-10"),
        ("email eq 'x' and modifiedDate lt 2026-03-01", "end"),
        ("email eq 'x' or modifiedDate ge 2026-02-10", "-"),
        ("not (modifiedDate ge 2026-02-10)", "end"),
        ("not modifiedDate lt 2026-02-10", "-"),
        ("not (modifiedDate lt 2025-02-10)", "2025-02-10"),
        ("not (modifiedDate ge 2026-03-01 or modifiedDate lt 2026-02-10)", "-"),
        ("not (modifiedDate ge 2026-03-01 and email eq 'x')", "end"),
        ("not not (modifiedDate ge 2026-02-10)", "-"),
        ("not (modifiedDate eq 2020-01-01)", "-"),
        ("not (modifiedDate in (2020-01-01, 2021-01-01))", "-"),
        ("(modifiedDate ge 2026-02-10 and (score gt 1 or modifiedDate lt 2020-01-01))", "-"),
        // `and` binds closer than `or`.
        ("modifiedDate lt 2026-03-01 or score gt 1 and modifiedDate ge 2026-02-10", "end"),
    ] {
        assert_eq!(told(filter), says, "{filter}");
    }
}

#[test]
fn in_doubt_it_is_warned_of() {
    for filter in [
        "year(modifiedDate) eq 2020",
        "startswith(modifiedDate, '2025')",
        "modifiedDate contains '2025'",
        "modifiedDate ge 'last year'",
        "modifiedDate eq datetime'2026-03-01T00:00:00'",
        "modifiedDate ge createdDate",
        "modifiedDate eq modifiedDate",
        "(modifiedDate) ge 2026-02-10",
        "not (modifiedDate) lt 2026-02-10",
        "modifiedDate ge 2026-02-10 and",
        "modifiedDate ge (2026-02-10",
        "modifiedDate",
        "contact/modifiedDate add duration'P1D' gt 2026-02-10",
        "history/any(h: h.modifiedDate lt 2026-03-01 and h.kind eq 'x')",
    ] {
        assert_eq!(told(filter), "doubt", "{filter}");
    }
    // What both must hold for sets a bound all the same.
    assert_eq!(told("year(modifiedDate) eq 2026 and modifiedDate ge 2026-02-10"), "-");
}

#[test]
fn what_is_nested_without_end_is_in_doubt_and_no_more() {
    let deep = |n: usize| format!("{}modifiedDate ge 2026-02-10{}", "(".repeat(n), ")".repeat(n));
    assert_eq!(told(&deep(DEEPEST)), "-");
    assert_eq!(told(&deep(4_000)), "doubt");
    assert_eq!(told(&format!("{}modifiedDate", "not ".repeat(2_000))), "doubt");
}

#[test]
fn what_is_said_names_the_window_and_what_would_be_within() {
    let said = |filter| Reach::of(filter, window()).unwrap();
    let old = said("modifiedDate ge 2025-01-01");
    assert_eq!(
        old.to_string(),
        "the filter reaches back to 2025-01-01, and profiles are kept for 30 days, since 2026-02-02; \
         modifiedDate ge 2026-02-02 is within"
    );
    assert_eq!(old.brief(), "reaches past the 30 days kept, to 2025-01-01");
    assert!(said("modifiedDate lt 2026-03-01").to_string().contains("reaches back without end"));
    assert!(said("year(modifiedDate) eq 2020").to_string().contains("may reach back"));
}

/// A filter over the modified date and a field beside it, and what it lets through.
#[derive(Clone, Debug)]
enum Made {
    Compare(&'static str, i64),
    In(Vec<i64>),
    Beside(bool),
    Not(Box<Made>),
    And(Box<Made>, Box<Made>),
    Or(Box<Made>, Box<Made>),
}

const DAY: i64 = 86_400;

fn date(day: i64) -> String {
    Timestamp::from_second(day * DAY).unwrap().to_string()
}

impl Made {
    fn text(&self) -> String {
        match self {
            Self::Compare(how, day) => format!("modifiedDate {how} {}", date(*day)),
            Self::In(days) => {
                let days: Vec<String> = days.iter().map(|day| format!("'{}'", date(*day))).collect();
                format!("modifiedDate in ({})", days.join(","))
            }
            Self::Beside(yes) => format!("email {} 'ada@example.com'", if *yes { "eq" } else { "ne" }),
            Self::Not(inner) => format!("not ({})", inner.text()),
            Self::And(a, b) => format!("({}) and ({})", a.text(), b.text()),
            Self::Or(a, b) => format!("({}) or ({})", a.text(), b.text()),
        }
    }

    /// Whether a profile that was modified at that second passes, where the field beside it is like that.
    fn passes(&self, at: i64, ada: bool) -> bool {
        match self {
            Self::Compare(how, day) => {
                let literal = day * DAY;
                match *how {
                    "eq" => at == literal,
                    "ne" => at != literal,
                    "gt" => at > literal,
                    "ge" => at >= literal,
                    "lt" => at < literal,
                    _ => at <= literal,
                }
            }
            Self::In(days) => days.iter().any(|day| at == day * DAY),
            Self::Beside(yes) => ada == *yes,
            Self::Not(inner) => !inner.passes(at, ada),
            Self::And(a, b) => a.passes(at, ada) && b.passes(at, ada),
            Self::Or(a, b) => a.passes(at, ada) || b.passes(at, ada),
        }
    }

    /// Whether it has nothing but the modified date in it, and no test that says nothing.
    fn is_plain(&self) -> bool {
        match self {
            Self::Compare(how, _) => *how != "ne",
            Self::In(_) => true,
            Self::Beside(_) => false,
            // What is turned may become one that says nothing.
            Self::Not(inner) => !inner.has_equal() && inner.is_plain(),
            Self::And(a, b) | Self::Or(a, b) => a.is_plain() && b.is_plain(),
        }
    }

    fn has_equal(&self) -> bool {
        match self {
            Self::Compare(how, _) => *how == "eq",
            Self::In(_) => true,
            Self::Beside(_) => false,
            Self::Not(inner) => inner.has_equal(),
            Self::And(a, b) | Self::Or(a, b) => a.has_equal() || b.has_equal(),
        }
    }
}

fn made() -> impl Strategy<Value = Made> {
    // 2026-02-02 is day 20486.
    let day = 20_440_i64..20_530;
    let how = prop::sample::select(vec!["eq", "ne", "gt", "ge", "lt", "le"]);
    let leaf = prop_oneof![
        4 => (how, day.clone()).prop_map(|(how, day)| Made::Compare(how, day)),
        1 => prop::collection::vec(day, 1..4).prop_map(Made::In),
        2 => any::<bool>().prop_map(Made::Beside),
    ];
    leaf.prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|made| Made::Not(Box::new(made))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Made::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner).prop_map(|(a, b)| Made::Or(Box::new(a), Box::new(b))),
        ]
    })
}

proptest! {
    /// Of filters over the date alone none passes for being within that lets a profile from before the window through.
    #[test]
    fn no_filter_over_the_date_reaches_past_unwarned(made in made(), before in 1_i64..40_000) {
        let first = window().first_day().to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        let at = (first - SignedDuration::from_secs(before * 3_600)).as_second();
        if made.is_plain() && (made.passes(at, true) || made.passes(at, false)) {
            prop_assert!(Reach::of(&made.text(), window()).is_some(), "{} at {}", made.text(), at);
        }
    }

    #[test]
    fn any_text_is_taken(text in any::<String>(), tail in "[a-zD0-9'\" ()=<>,:.-]{0,40}") {
        let _ = Reach::of(&text, window());
        let _ = Reach::of(&format!("modifiedDate {tail}"), window());
    }

    /// What names the date outside of quotes is either understood or in doubt, never passed over, unless it says nothing.
    #[test]
    fn a_date_from_before_is_never_overlooked(head in "[a-z0-9 ()]{0,12}", day in 1_i64..20_000) {
        let filter = format!("{head} modifiedDate ge {}", date(day));
        let joined = head.split(['(', ')', ' ']).any(|word| matches!(word, "and" | "or" | "not"));
        if !joined {
            prop_assert!(Reach::of(&filter, window()).is_some(), "{filter}");
        }
    }
}
