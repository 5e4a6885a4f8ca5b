//! A filter over a person. The person is made from the seed only when the filter looks at more than segments.

use std::{borrow::Cow, cell::OnceCell, cmp::Ordering};

use super::{Expr, Find, Literal, Relation};
use crate::sandbox::{
    json::Value,
    people::{FIELDS, People, Person, field},
    segments,
};

pub(super) fn admits(expr: &Expr, people: &People, index: u32) -> bool {
    Subject { people, index, person: OnceCell::new() }.passes(expr, None)
}

struct Subject<'a> {
    people: &'a People,
    index: u32,
    person: OnceCell<Person>,
}

/// The name that `any` gives to each value, and the value.
type Bound<'b> = Option<(&'b str, &'b Value)>;

impl Subject<'_> {
    fn passes(&self, expr: &Expr, bound: Bound<'_>) -> bool {
        match expr {
            Expr::And(parts) => parts.iter().all(|part| self.passes(part, bound)),
            Expr::Or(parts) => parts.iter().any(|part| self.passes(part, bound)),
            Expr::Not(inner) => !self.passes(inner, bound),
            Expr::Segments(bits) => self.people.segments(self.index) & bits != 0,
            Expr::Compare(path, relation, literal) => {
                compare(self.value(path, bound).as_deref(), *relation, literal)
            }
            Expr::In(path, list) => {
                let value = self.value(path, bound);
                list.iter().any(|literal| compare(value.as_deref(), Relation::Equal, literal))
            }
            Expr::Find(find, path, text) => {
                self.value(path, bound).is_some_and(|value| found(*find, &value, text))
            }
            Expr::Any(path, name, inner) => match self.value(path, bound).as_deref() {
                Some(Value::List(items)) => items.iter().any(|item| self.passes(inner, Some((name, item)))),
                _ => false,
            },
        }
    }

    /// What a path leads to: a bound name, a field, the segments, else an attribute.
    fn value<'s>(&'s self, path: &[String], bound: Bound<'s>) -> Option<Cow<'s, Value>> {
        let (first, rest) = path.split_first()?;
        if let Some((name, value)) = bound
            && name == first
        {
            return walk(value, rest).map(Cow::Borrowed);
        }
        if first == "segmentIds" {
            let ids = segments::ids(self.people.segments(self.index)).map(Value::text).collect();
            return rest.is_empty().then_some(Cow::Owned(Value::List(ids)));
        }
        let person = self.person.get_or_init(|| self.people.person(self.index));
        let value = match FIELDS.iter().position(|name| name == first) {
            Some(place) => walk(person.fields[place].as_ref()?, rest),
            None => walk(person.fields[field::ATTRIBUTES].as_ref()?, path),
        };
        value.map(Cow::Borrowed)
    }
}

fn walk<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.member(name))
}

fn found(find: Find, value: &Value, text: &str) -> bool {
    match value {
        Value::Text(value) | Value::Number(value) => match find {
            Find::Contains => value.contains(text),
            Find::StartsWith => value.starts_with(text),
            Find::EndsWith => value.ends_with(text),
        },
        Value::List(items) if find == Find::Contains => items
            .iter()
            .any(|item| compare(Some(item), Relation::Equal, &Literal::Text(text.to_owned(), None))),
        _ => false,
    }
}

/// A missing field is null: equal to null alone, unequal to everything else, neither greater nor less.
fn compare(value: Option<&Value>, relation: Relation, literal: &Literal) -> bool {
    match value.unwrap_or(&Value::Null) {
        Value::List(items) if relation == Relation::NotEqual => {
            !items.iter().any(|item| compare(Some(item), Relation::Equal, literal))
        }
        Value::List(items) => items.iter().any(|item| compare(Some(item), relation, literal)),
        value => {
            let order = order(value, literal);
            match relation {
                Relation::Equal => order == Some(Ordering::Equal),
                Relation::NotEqual => order != Some(Ordering::Equal),
                Relation::Greater => order == Some(Ordering::Greater),
                Relation::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                Relation::Less => order == Some(Ordering::Less),
                Relation::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            }
        }
    }
}

fn order(value: &Value, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        (Value::Bool(value), Literal::Bool(literal)) => (value == literal).then_some(Ordering::Equal),
        (Value::Text(value), Literal::Bool(literal)) => {
            value.eq_ignore_ascii_case(if *literal { "true" } else { "false" }).then_some(Ordering::Equal)
        }
        (Value::Number(digits) | Value::Text(digits), Literal::Number(literal, written)) => {
            if digits == written { Some(Ordering::Equal) } else { number(digits)?.partial_cmp(literal) }
        }
        (Value::Text(value), Literal::Text(literal, literal_date)) => {
            match literal_date.and_then(|literal| Some((date(value)?, literal))) {
                Some((value, literal)) => Some(value.cmp(&literal)),
                None => Some(value.as_ref().cmp(literal.as_str())),
            }
        }
        (Value::Number(digits), Literal::Text(literal, _)) => match (number(digits), number(literal)) {
            (Some(value), Some(literal)) => value.partial_cmp(&literal),
            _ => None,
        },
        _ => None,
    }
}

/// Text that is a number and nothing else (not `NaN`, not `Infinity`).
fn number(text: &str) -> Option<f64> {
    let looks = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse().ok().filter(|number: &f64| looks && number.is_finite())
}

/// The seconds since 1970 that ISO text names: an instant, or a day's beginning in UTC.
pub(super) fn date(text: &str) -> Option<i64> {
    if text.len() < 10 || !text.as_bytes()[..4].iter().all(u8::is_ascii_digit) || text.as_bytes()[4] != b'-' {
        return None;
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant.as_second());
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second())
}
