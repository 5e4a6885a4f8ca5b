//! One cell: what is there, and a text for it that is made when somebody looks.

use std::borrow::Cow;

use super::chunk::Chunk;
use super::shapes::{Part, Shapes};
use super::values::{Kind, Value};
use super::{Column, Mask, Personal, json};
use crate::engine::text::{clean, fit};

/// Bytes of a value that are looked at for each display column wanted. A column takes at most four bytes for its
/// character, and marks on it a few more.
const BYTES_A_COLUMN: usize = 16;

/// What a cell holds and whether processing changed it.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// What is there.
    pub content: Content<'a>,
    /// Whether what was received differs.
    pub changed: bool,
}

/// What is there.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// The query did not ask for it.
    NotAsked,
    /// Asked for, and not in the reply.
    Missing,
    /// Asked for, and `null` in the reply.
    Null,
    /// Text.
    Text(Raw<'a>),
    /// A number: its digits.
    Number(Raw<'a>),
    /// `true` or `false`.
    Bool(Raw<'a>),
    /// A list, or an object that has no columns of its own: compact JSON.
    Json(Raw<'a>),
    /// Attributes, each of which has a column of its own.
    Attributes(Shaped<'a>),
}

impl Content<'_> {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotAsked => Kind::NotAsked,
            Self::Missing => Kind::Missing,
            Self::Null => Kind::Null,
            Self::Text(_) => Kind::Text,
            Self::Number(_) => Kind::Number,
            Self::Bool(_) => Kind::Bool,
            Self::Json(_) | Self::Attributes(_) => Kind::Json,
        }
    }
}

/// Text from outside, lent: the counterpart of [`crate::engine::text::Untrusted`] for text that lies in a column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The true value; never for a terminal.
    pub fn raw(self) -> &'a str {
        self.0
    }

    /// Safe to print, at most `width` columns, ending in `…` where something was left out. Takes time by the
    /// width, not by the length of the value.
    pub fn shown(self, width: usize) -> Cow<'a, str> {
        shorten(self.0, width)
    }
}

impl std::fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", clean(self.0))
    }
}

/// The attributes of a row, put together from their columns.
#[derive(Clone, Copy)]
pub struct Shaped<'a> {
    chunk: &'a Chunk,
    row: usize,
    shapes: &'a Shapes,
    shape: u16,
}

impl std::fmt::Debug for Shaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shaped({}, row {})", self.shape, self.row)
    }
}

impl<'a> Shaped<'a> {
    pub(super) fn new(chunk: &'a Chunk, row: usize, shapes: &'a Shapes, shape: u16) -> Self {
        Self { chunk, row, shapes, shape }
    }

    fn parts(&self) -> impl Iterator<Item = (&'a Part, Value<'a>)> {
        let (chunk, row) = (self.chunk, self.row);
        self.shapes.parts(self.shape).iter().map(move |part| {
            let value = match part {
                Part::Leaf(path) => chunk.value(row, Column::Attribute(*path)),
                _ => Value::MISSING,
            };
            (part, value)
        })
    }

    /// Appends them as compact JSON, as processed.
    pub fn json(&self, out: &mut String) {
        for (part, value) in self.parts() {
            match part {
                Part::Open => out.push('{'),
                Part::Key { json, .. } => out.push_str(json),
                Part::Leaf(_) => json::value(out, value.kind(), value.text),
                Part::Close => out.push('}'),
            }
        }
    }

    /// In one line, safe to print: `score: 21, address: {city: Zürich}`. Stops once it is longer than `most`. `masked`: by
    /// whom, and whose they are.
    fn line(&self, out: &mut String, most: usize, masked: Option<(&Mask, usize)>) {
        let (mut depth, mut first) = (0, true);
        for (part, value) in self.parts() {
            if out.len() > most {
                return;
            }
            match part {
                Part::Open => {
                    if depth > 0 {
                        out.push('{');
                    }
                    (depth, first) = (depth + 1, true);
                }
                Part::Key { key, .. } => {
                    if !std::mem::take(&mut first) {
                        out.push_str(", ");
                    }
                    out.push_str(&clean(head(key, most)));
                    out.push_str(": ");
                }
                Part::Leaf(_) if value.kind() == Kind::Null => out.push_str("null"),
                Part::Leaf(path) => {
                    let path = masked.map(|_| format!("attributes.{}", self.shapes.name(*path)));
                    let masked = masked.zip(path.as_deref());
                    let hidden = masked.and_then(|((mask, row), path)| mask.hides(Some(row), path));
                    match (masked, hidden) {
                        (Some(((mask, _), _)), Some(kind)) => out.push_str(&mask.stand_in(kind, value.text)),
                        (Some(((mask, row), path)), None) if value.kind() == Kind::Json => {
                            json::line(out, &masked_json(mask, row, path, value.text), false, most);
                        }
                        _ if value.kind() == Kind::Json => {
                            json::line(out, value.text, false, most);
                        }
                        _ => out.push_str(&clean(head(value.text, most))),
                    }
                }
                Part::Close => {
                    (depth, first) = (depth - 1, false);
                    if depth > 0 {
                        out.push('}');
                    }
                }
            }
        }
    }
}

impl<'a> Cell<'a> {
    /// The cell of a value of a field or an attribute.
    pub(super) fn of(value: Value<'a>) -> Self {
        let raw = Raw(value.text);
        let content = match value.kind() {
            Kind::NotAsked => Content::NotAsked,
            Kind::Missing => Content::Missing,
            Kind::Null => Content::Null,
            Kind::Text => Content::Text(raw),
            Kind::Number => Content::Number(raw),
            Kind::Bool => Content::Bool(raw),
            Kind::Json => Content::Json(raw),
        };
        Self { content, changed: value.mark.changed() }
    }

    /// A text for the cell, safe to print, at most `width` columns; empty where there is no value. Lists and
    /// objects are written in one line: `vip, beta` and `score: 21, active: true`.
    pub fn display(&self, width: usize) -> Cow<'a, str> {
        let most = width.saturating_mul(BYTES_A_COLUMN).max(BYTES_A_COLUMN);
        let mut line = String::new();
        match self.content {
            Content::NotAsked | Content::Missing | Content::Null => return Cow::Borrowed(""),
            Content::Text(raw) | Content::Number(raw) | Content::Bool(raw) => return raw.shown(width),
            Content::Json(raw) => {
                json::line(&mut line, raw.0, true, most);
            }
            Content::Attributes(shaped) => shaped.line(&mut line, most, None),
        }
        // What was written may have been stopped anywhere; then it is longer than what fits, and gets its `…`.
        Cow::Owned(fit(&line, width).into_owned())
    }

    /// As [`display`](Self::display), with stand-ins for what is masked of the value at this path of a row.
    pub fn veiled(&self, width: usize, mask: &Mask, row: usize, path: &str) -> Cow<'a, str> {
        if !mask.is_on() || !self.is_filled() {
            return self.display(width);
        }
        let most = width.saturating_mul(BYTES_A_COLUMN).max(BYTES_A_COLUMN);
        let mut line = String::new();
        match (self.content, mask.hides(Some(row), path)) {
            (
                Content::Text(raw) | Content::Number(raw) | Content::Bool(raw) | Content::Json(raw),
                Some(kind),
            ) => line = mask.stand_in(kind, raw.0),
            (Content::Attributes(shaped), _) => shaped.line(&mut line, most, Some((mask, row))),
            (Content::Json(raw), None) => {
                json::line(&mut line, &masked_json(mask, row, path, raw.0), true, most);
            }
            _ => return self.display(width),
        }
        Cow::Owned(fit(&line, width).into_owned())
    }

    /// The true value as text: JSON for lists and objects; empty where there is none.
    pub fn copied(&self) -> String {
        match self.content {
            Content::NotAsked | Content::Missing | Content::Null => String::new(),
            Content::Text(raw) | Content::Number(raw) | Content::Bool(raw) | Content::Json(raw) => {
                raw.0.to_owned()
            }
            Content::Attributes(shaped) => {
                let mut out = String::new();
                shaped.json(&mut out);
                out
            }
        }
    }

    /// Whether there is a value.
    pub fn is_filled(&self) -> bool {
        self.content.kind().is_filled()
    }
}

/// JSON with its personal values masked; what is too long to be looked through for each picture is masked whole.
fn masked_json(mask: &Mask, row: usize, path: &str, json: &str) -> String {
    const LONGEST: usize = 16 * 1024;
    if json.len() > LONGEST {
        return format!("\"{}\"", mask.stand_in(Personal::Attribute, json));
    }
    mask.json_at(Some(row), path, json)
}

fn head(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// Cleans and cuts without looking at more of the text than can be seen.
fn shorten(text: &str, width: usize) -> Cow<'_, str> {
    let most = width.saturating_mul(BYTES_A_COLUMN).max(BYTES_A_COLUMN);
    if text.len() <= most {
        return match clean(text) {
            Cow::Borrowed(text) => fit(text, width),
            Cow::Owned(text) => Cow::Owned(fit(&text, width).into_owned()),
        };
    }
    let mut shown = clean(head(text, most)).into_owned();
    // Were the head all zero-width it would fit; the mark says that there is more.
    shown.push('…');
    Cow::Owned(fit(&shown, width).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pipeline::profile::{Profile, Slot, Value};
    use crate::engine::query::Field;
    use crate::rows::Rows;
    use crate::rows::fixture::{node, profile, text};
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    fn shown(profile: Profile, field: Field, width: usize) -> String {
        let mut rows = Rows::new();
        rows.append(&[profile]);
        rows.cell(0, Column::Field(field)).display(width).into_owned()
    }

    #[test]
    fn lists_and_objects_are_one_line() {
        assert_eq!(shown(profile(1), Field::Tags, 40), "vip, beta");
        assert_eq!(
            shown(profile(1), Field::Attributes, 60),
            "score: 21, active: true, address: {city: Zürich}"
        );
        assert_eq!(shown(profile(1), Field::Attributes, 12), "score: 21, …");
    }

    #[test]
    fn awkward_text_is_clean_and_fits() {
        for (value, width, says) in [
            ("a\x1b[31mb", 20, "a␛[31mb"),
            ("东京东京", 5, "东京…"),
            ("東京", 4, "東京"),
            ("abc\u{202e}def", 5, "abc‹…"),
            ("", 5, ""),
        ] {
            assert_eq!(
                shown(Profile { first_name: text(value), ..Profile::default() }, Field::FirstName, width),
                says
            );
        }
    }

    #[test]
    fn a_megabyte_is_cut_before_it_is_looked_at() {
        let long = "é".repeat(1 << 19);
        let said = shown(Profile { email: text(&long), ..Profile::default() }, Field::Email, 10);
        assert_eq!(said, "ééééééééé…");
        // Of marks alone: nothing fits but the sign that there is more.
        let marks = "\u{301}".repeat(1 << 19);
        let said = shown(Profile { email: text(&marks), ..Profile::default() }, Field::Email, 10);
        assert!(said.width() <= 10 && said.contains('…'), "{said:?}");
    }

    #[test]
    fn a_huge_list_is_cut_before_it_is_looked_at() {
        let items = vec![node(Value::Text("x".into())); 100_000];
        let tags = Slot::Value(node(Value::List(items)));
        assert_eq!(shown(Profile { tags, ..Profile::default() }, Field::Tags, 7), "x, x, …");
    }

    proptest! {
        #[test]
        fn a_cell_never_overflows(value in "\\PC{0,60}|[\\x00-\\x1f\\u{300}-\\u{310}a-z]{0,60}", width in 0_usize..30) {
            let profile = Profile { last_name: text(&value), ..Profile::default() };
            prop_assert!(shown(profile, Field::LastName, width).width() <= width);
        }
    }
}
