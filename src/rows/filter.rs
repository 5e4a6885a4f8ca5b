//! Which rows are wanted: what a person types, read into terms that all must hold.
//!
//! ```text
//! ada byron                     any cell contains it, whatever its case
//! email:example.org             the column contains it
//! plan=gold & score>=10         an attribute is exactly that, and another is at least that
//! phone=null  phone=missing     null, or nothing in the reply
//! city="a & b"                  quotes take everything as it is
//! /^a.*n$/  email:/\.(org|net)$/  any cell matches the regular expression, or the column does
//! ```

use std::sync::Arc;

use super::cell::Cell;
use super::marks::Marks;
use super::needle::Needle;
use super::pattern::Pattern;
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

impl Term {
    /// Any cell contains this.
    pub fn anywhere(needle: Needle) -> Self {
        Self { column: None, test: Test::Contains(needle) }
    }
}

/// What a cell must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// It contains this, whatever the case.
    Contains(Needle),
    /// It matches this.
    Matches(Pattern),
    /// It is exactly this.
    Is(String),
    /// It is null, missing and so on.
    IsKind(Kind),
    /// It stands before this in the order, or also there.
    Below(String, bool),
    /// It stands behind this in the order, or also there.
    Above(String, bool),
    /// Its row is marked.
    Marked(Arc<Marks>),
}

impl Filter {
    /// Reads what was typed; `None`: nothing. What names no column is looked for in all of them.
    ///
    /// # Errors
    /// A regular expression in it is none: why, in words for the person who types it.
    pub fn parse(text: &str, data: &Data) -> Result<Option<Self>, String> {
        let mut terms = Vec::new();
        for part in parts(text, data).0 {
            terms.extend(term(part, data)?);
        }
        Ok((!terms.is_empty()).then(|| Self { text: text.to_owned(), terms }))
    }

    /// Of the rows that a filter wants, or of all, those that are marked.
    pub fn marked(filter: Option<Self>, marks: Arc<Marks>) -> Self {
        let Self { text, mut terms } = filter.unwrap_or(Self { text: String::new(), terms: Vec::new() });
        terms.push(Term { column: None, test: Test::Marked(marks) });
        Self { text, terms }
    }

    /// Whether it wants marked rows alone.
    pub fn wants_marked(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.test, Test::Marked(_)))
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
                let mut quoted = String::with_capacity(value.len());
                for c in value.chars() {
                    match c {
                        '\\' | '"' => quoted.extend(['\\', c]),
                        // It is one line.
                        '\n' => quoted.push_str("\\n"),
                        '\r' => quoted.push_str("\\r"),
                        other => quoted.push(other),
                    }
                }
                format!("{name}=\"{quoted}\"")
            }
        }
    }

    /// The text of a filter for what a cell holds.
    pub fn of_cell(data: &Data, column: Column, cell: &Cell<'_>) -> String {
        Self::of_value(data, column, cell.content.kind(), &cell.copied())
    }

    /// The terms of a filter, as they were typed.
    pub fn parts<'a>(text: &'a str, data: &Data) -> Vec<&'a str> {
        parts(text, data).0
    }

    /// The name and the value of a term that [`of_value`](Self::of_value) made.
    pub fn value_of(part: &str) -> Option<(&str, String)> {
        let (name, value) = part.trim().split_once('=')?;
        let (value, quoted) = unquote(value);
        quoted.then_some((name, value))
    }

    /// The text of a filter for which both must hold: what was typed, and a term. What holds already is not said twice.
    pub fn also(text: &str, term: &str, data: &Data) -> String {
        let text = text.trim();
        let (parts, open) = parts(text, data);
        if parts.iter().any(|part| part.trim() == term) {
            return text.to_owned();
        }
        match (text.is_empty(), open) {
            (true, _) => term.to_owned(),
            (false, None) => format!("{text} & {term}"),
            // What was left open would take the term for its own.
            (false, Some(end)) => format!("{text}{end} & {term}"),
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

/// Cuts at `&` outside of quotes and regular expressions, and says what would close one that is open at the end.
fn parts<'a>(text: &'a str, data: &Data) -> (Vec<&'a str>, Option<char>) {
    let (mut parts, mut start, mut inside, mut escaped) = (Vec::new(), 0, None, false);
    for (at, byte) in text.bytes().enumerate() {
        match (inside, byte) {
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some('"'), b'"') => inside = None,
            (Some('/'), b'/') => {
                // A slash within one closes nothing.
                let rest = text[at + 1..].trim_start();
                if rest.is_empty() || rest.starts_with('&') {
                    inside = None;
                }
            }
            // A quote opens only where a value may begin.
            (None, b'"') if text[..at].ends_with(['=', ':', '<', '>']) => inside = Some('"'),
            (None, b'/') => {
                let before = text[start..at].trim();
                let of_column = before.strip_suffix(':').is_some_and(|name| column(name, data).is_some());
                if before.is_empty() || of_column {
                    inside = Some('/');
                }
            }
            (None, b'&') => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (parts, inside)
}

fn term(part: &str, data: &Data) -> Result<Option<Term>, String> {
    let part = part.trim();
    if let Some(pattern) = part.strip_prefix('/') {
        return matching(None, pattern);
    }
    let anywhere = || Needle::new(part).map(Term::anywhere);
    let Some(at) = part.find([':', '=', '<', '>']) else { return Ok(anywhere()) };
    let Some(column) = column(&part[..at], data) else { return Ok(anywhere()) };
    let (operator, rest) = (part.as_bytes()[at], &part[at + 1..]);
    let (equal, rest) = match (operator, rest.strip_prefix('=')) {
        (b'<' | b'>', Some(rest)) => (true, rest),
        _ => (false, rest),
    };
    if let (b':', Some(pattern)) = (operator, rest.trim().strip_prefix('/')) {
        return matching(Some(column), pattern);
    }
    let (value, quoted) = unquote(rest.trim());
    let test = match operator {
        b':' => match Needle::new(&value) {
            Some(needle) => Test::Contains(needle),
            None => return Ok(None),
        },
        b'=' if !quoted && value == "null" => Test::IsKind(Kind::Null),
        b'=' if !quoted && value == "missing" => Test::IsKind(Kind::Missing),
        b'=' => Test::Is(value),
        // Still being typed.
        _ if value.is_empty() => return Ok(None),
        b'<' => Test::Below(value, equal),
        _ => Test::Above(value, equal),
    };
    Ok(Some(Term { column: Some(column), test }))
}

/// A regular expression, whose closing slash may still have to be typed; `None`: all of it has.
fn matching(column: Option<Column>, rest: &str) -> Result<Option<Term>, String> {
    let whole = rest.strip_suffix('/').filter(|before| {
        let escapes = before.len() - before.trim_end_matches('\\').len();
        escapes % 2 == 0
    });
    let text = whole.unwrap_or(rest);
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(Term { column, test: Test::Matches(Pattern::new(text)?) }))
}

/// A value, and whether it stood in quotes.
fn unquote(text: &str) -> (String, bool) {
    let Some(rest) = text.strip_prefix('"') else { return (text.to_owned(), false) };
    let mut out = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                other => out.extend(other),
            },
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
        Filter::parse(text, rows.data()).unwrap().map_or_else(Vec::new, |filter| filter.terms)
    }

    fn matches(text: &str) -> Test {
        Test::Matches(Pattern::new(text).unwrap())
    }

    #[test]
    fn an_expression_that_is_none_is_said() {
        let data = Data::default();
        let error = Filter::parse("ada & email:/(/", &data).unwrap_err();
        assert!(error.contains("unclosed group"), "{error}");
    }

    #[test]
    fn a_term_is_added_to_what_was_typed_once() {
        let data = Data::default();
        for (text, says) in [
            ("", "id=\"1\""),
            (" ada ", "ada & id=\"1\""),
            ("id=\"1\" & ada", "id=\"1\" & ada"),
            ("/a", "/a/ & id=\"1\""),
            ("email=\"a", "email=\"a\" & id=\"1\""),
        ] {
            assert_eq!(Filter::also(text, "id=\"1\"", &data), says, "{text}");
        }
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
            ("/^a.*n$/", vec![(None, matches("^a.*n$"))]),
            ("/a & b", vec![(None, matches("a & b"))]),
            (
                "/a&b/ & email:/x\\/y/ & first:/a/b/",
                vec![
                    (None, matches("a&b")),
                    (email, matches("x\\/y")),
                    (Some(Column::Field(Field::FirstName)), matches("a/b")),
                ],
            ),
            ("/", vec![]),
            ("email: /", vec![]),
            ("and/or", vec![(None, needle("and/or"))]),
            ("https://x & email=a", vec![(None, needle("https://x")), (email, Test::Is("a".into()))]),
        ] {
            let terms: Vec<Term> = terms.into_iter().map(|(column, test)| Term { column, test }).collect();
            assert_eq!(read(text), terms, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_filter_of_a_value_is_read_as_that_value(value in "\\PC{0,12}|[&/\"\\\\=: an\n\r]{0,8}") {
            let mut rows = Rows::new();
            rows.append(&profiles(0..1));
            let text = Filter::of_value(rows.data(), Field::Email.into(), Kind::Text, &value);
            let terms = read(&text);
            prop_assert_eq!(terms, [Term { column: Some(Field::Email.into()), test: Test::Is(value) }]);
        }
    }
}
