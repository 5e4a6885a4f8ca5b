//! Which rows are wanted: what a person types, read into terms that all must hold.
//!
//! ```text
//! ada byron                     any cell contains it, whatever its case
//! email:example.org             the column contains it
//! plan=gold & score>=10         an attribute is exactly that, and another is at least that
//! phone=null  phone=missing     null, or nothing in the reply
//! city="a & b"                  quotes take everything as it is
//! ```

use super::needle::Needle;
use super::values::Kind;
use super::{Column, Data};
use crate::engine::query::Field;

/// Rows that are wanted: those for which every term holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// As it was typed.
    pub text: String,
    /// What must hold.
    pub terms: Vec<Term>,
}

/// What one column, or any, must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Which; `None`: any.
    pub column: Option<Column>,
    /// What it must be.
    pub test: Test,
}

/// What a cell must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// It contains this, whatever the case.
    Contains(Needle),
    /// It is exactly this.
    Is(String),
    /// It is null, missing and so on.
    IsKind(Kind),
    /// It stands before this in the order, or also there.
    Below(String, bool),
    /// It stands behind this in the order, or also there.
    Above(String, bool),
}

impl Filter {
    /// Reads what was typed; `None`: nothing. What names no column is looked for in all of them.
    pub fn parse(text: &str, data: &Data) -> Option<Self> {
        let terms: Vec<Term> = parts(text).into_iter().filter_map(|part| term(part, data)).collect();
        (!terms.is_empty()).then(|| Self { text: text.to_owned(), terms })
    }

    /// The text of a filter for one value of a column.
    pub fn of_value(data: &Data, column: Column, kind: Kind, value: &str) -> String {
        let name = match column {
            Column::Field(field) => field.key().to_owned(),
            Column::Attribute(path) => format!("attributes.{}", data.name(path).raw()),
        };
        match kind {
            Kind::Null => format!("{name}=null"),
            Kind::Missing | Kind::NotAsked => format!("{name}=missing"),
            _ => {
                let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
                format!("{name}=\"{quoted}\"")
            }
        }
    }
}

/// The column of a name as it is typed: a key, a title, an attribute with or without `attributes.`.
pub(super) fn column(name: &str, data: &Data) -> Option<Column> {
    let name = name.trim();
    let small = name.to_lowercase();
    let field = Field::ALL.into_iter().find(|field| {
        let key = field.key();
        small == key
            || small == field.wire().to_lowercase()
            || key.split_once('_').is_some_and(|(short, _)| small == short)
    });
    let attribute = || data.attribute(name.strip_prefix("attributes.").unwrap_or(name));
    field.map(Column::Field).or_else(|| attribute().map(Column::Attribute))
}

/// Cuts at `&` outside of quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            // A quote opens only where a value may begin.
            b'"' if quoted || text[..at].ends_with(['=', ':', '<', '>']) => quoted = !quoted,
            b'&' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn term(part: &str, data: &Data) -> Option<Term> {
    let part = part.trim();
    let anywhere = || Needle::new(part).map(|needle| Term { column: None, test: Test::Contains(needle) });
    let Some(at) = part.find([':', '=', '<', '>']) else { return anywhere() };
    let Some(column) = column(&part[..at], data) else { return anywhere() };
    let (operator, rest) = (part.as_bytes()[at], &part[at + 1..]);
    let (equal, rest) = match (operator, rest.strip_prefix('=')) {
        (b'<' | b'>', Some(rest)) => (true, rest),
        _ => (false, rest),
    };
    let (value, quoted) = unquote(rest.trim());
    let test = match operator {
        b':' => Test::Contains(Needle::new(&value)?),
        b'=' if !quoted && value == "null" => Test::IsKind(Kind::Null),
        b'=' if !quoted && value == "missing" => Test::IsKind(Kind::Missing),
        b'=' => Test::Is(value),
        // Still being typed.
        _ if value.is_empty() => return None,
        b'<' => Test::Below(value, equal),
        _ => Test::Above(value, equal),
    };
    Some(Term { column: Some(column), test })
}

/// A value, and whether it stood in quotes.
fn unquote(text: &str) -> (String, bool) {
    let Some(rest) = text.strip_prefix('"') else { return (text.to_owned(), false) };
    let mut out = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next()),
            other => out.push(other),
        }
    }
    (out, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Rows;
    use crate::rows::fixture::profiles;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<Term> {
        let mut rows = Rows::new();
        rows.append(&profiles(0..2));
        Filter::parse(text, rows.data()).map_or_else(Vec::new, |filter| filter.terms)
    }

    fn needle(text: &str) -> Test {
        Test::Contains(Needle::new(text).unwrap())
    }

    #[test]
    fn what_people_type_is_read() {
        let mut rows = Rows::new();
        rows.append(&profiles(0..2));
        let city = Some(Column::Attribute(rows.data().attribute("address.city").unwrap()));
        let score = Some(Column::Attribute(rows.data().attribute("score").unwrap()));
        let email = Some(Column::Field(Field::Email));
        for (text, terms) in [
            ("", vec![]),
            ("ada byron", vec![(None, needle("ada byron"))]),
            ("email:Example", vec![(email, needle("example"))]),
            ("first:ada", vec![(Some(Column::Field(Field::FirstName)), needle("ada"))]),
            ("https://x", vec![(None, needle("https://x"))]),
            ("email=null", vec![(email, Test::IsKind(Kind::Null))]),
            ("email=\"null\"", vec![(email, Test::Is("null".into()))]),
            ("email=", vec![(email, Test::Is(String::new()))]),
            ("score>=", vec![]),
            (
                "score>=10 & address.city=\"a & \\\"b\\\"\" & x",
                vec![
                    (score, Test::Above("10".into(), true)),
                    (city, Test::Is("a & \"b\"".into())),
                    (None, needle("x")),
                ],
            ),
            ("attributes.score<5", vec![(score, Test::Below("5".into(), false))]),
        ] {
            let terms: Vec<Term> = terms.into_iter().map(|(column, test)| Term { column, test }).collect();
            assert_eq!(read(text), terms, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_filter_of_a_value_is_read_as_that_value(value in "\\PC{0,12}|[&\"\\\\=: a]{0,8}") {
            let mut rows = Rows::new();
            rows.append(&profiles(0..1));
            let text = Filter::of_value(rows.data(), Field::Email.into(), Kind::Text, &value);
            let terms = read(&text);
            prop_assert_eq!(terms, [Term { column: Some(Field::Email.into()), test: Test::Is(value) }]);
        }
    }
}
