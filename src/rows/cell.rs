//! One cell: what is there, and a text for it that is made when somebody looks.

use std::borrow::Cow;

use crate::engine::pipeline::profile::{FieldRef, Node, Slot, Value};
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
    /// A list or an object.
    Node(&'a Node),
}

/// Text from outside, lent: the counterpart of [`crate::engine::text::Untrusted`] for text that lies in a column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
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

impl<'a> Cell<'a> {
    /// A text for the cell, safe to print, at most `width` columns; empty where there is no value. Lists and
    /// objects are written in one line: `vip, beta` and `score: 21, active: true`.
    pub fn display(&self, width: usize) -> Cow<'a, str> {
        match self.content {
            Content::NotAsked | Content::Missing | Content::Null => Cow::Borrowed(""),
            Content::Text(raw) => raw.shown(width),
            Content::Node(node) => match &node.value {
                Value::Text(text) => shorten(text.raw(), width),
                Value::Number(digits) => shorten(digits, width),
                _ => Cow::Owned(one_line(node, width)),
            },
        }
    }

    /// Whether there is a value.
    pub fn is_filled(&self) -> bool {
        matches!(self.content, Content::Text(_) | Content::Node(_))
    }
}

/// A list or an object in one line, safe to print, at most `width` columns.
pub(super) fn one_line(node: &Node, width: usize) -> String {
    let mut out = String::new();
    let most = width.saturating_mul(BYTES_A_COLUMN).max(BYTES_A_COLUMN);
    write_node(&mut out, node, true, most);
    // What was written may have been stopped anywhere; then it is longer than what fits, and gets its `…`.
    fit(&out, width).into_owned()
}

pub(super) fn cell_of(field: FieldRef<'_>) -> Content<'_> {
    fn slot<'a, T>(slot: &'a Slot<T>, value: impl FnOnce(&'a T) -> Content<'a>) -> Content<'a> {
        match slot {
            Slot::NotAsked => Content::NotAsked,
            Slot::Missing => Content::Missing,
            Slot::Null => Content::Null,
            Slot::Value(it) => value(it),
        }
    }
    match field {
        FieldRef::Text(text) => slot(text, |text| Content::Text(Raw(text.value.raw()))),
        FieldRef::Node(node) => slot(node, Content::Node),
    }
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
    let head = &text[..text.floor_char_boundary(most)];
    let mut shown = clean(head).into_owned();
    // Were the head all zero-width it would fit; the mark says that there is more.
    shown.push('…');
    Cow::Owned(fit(&shown, width).into_owned())
}

/// Writes at most about `most` bytes more; `false` where it stopped early.
fn write_node(out: &mut String, node: &Node, outermost: bool, most: usize) -> bool {
    if out.len() > most {
        return false;
    }
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(digits) => out.push_str(&clean(&digits[..digits.floor_char_boundary(most)])),
        Value::Text(text) => out.push_str(&clean(&text.raw()[..text.raw().floor_char_boundary(most)])),
        Value::List(items) => {
            if !outermost {
                out.push('[');
            }
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                if !write_node(out, item, false, most) {
                    return false;
                }
            }
            if !outermost {
                out.push(']');
            }
        }
        Value::Object(entries) => {
            if !outermost {
                out.push('{');
            }
            for (i, (key, value)) in entries.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                out.push_str(&clean(&key.raw()[..key.raw().floor_char_boundary(most)]));
                out.push_str(": ");
                if !write_node(out, value, false, most) {
                    return false;
                }
            }
            if !outermost {
                out.push('}');
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pipeline::profile::Profile;
    use crate::engine::query::Field;
    use crate::rows::Rows;
    use crate::rows::fixture::{node, profile, text};
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    fn shown(profile: Profile, field: Field, width: usize) -> String {
        let mut rows = Rows::new();
        rows.append(vec![profile]);
        rows.cell(0, field).display(width).into_owned()
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
    fn a_huge_list_stops_early() {
        let items = vec![node(Value::Text("x".into())); 100_000];
        let many = node(Value::List(items));
        let mut out = String::new();
        assert!(!write_node(&mut out, &many, true, 100));
        assert!(out.len() < 120, "{}", out.len());
    }

    proptest! {
        #[test]
        fn a_cell_never_overflows(value in "\\PC{0,60}|[\\x00-\\x1f\\u{300}-\\u{310}a-z]{0,60}", width in 0_usize..30) {
            let profile = Profile { last_name: text(&value), ..Profile::default() };
            prop_assert!(shown(profile, Field::LastName, width).width() <= width);
        }
    }
}
