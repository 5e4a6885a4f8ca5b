//! Search over what the cells show, whatever its case.

use super::cell::Content;
use super::{Rows, View};
use crate::engine::pipeline::profile::{Node, Value};
use crate::engine::query::Field;

/// What is searched for: any part of a value, whatever its case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    small: String,
}

impl Needle {
    /// `None` where there is nothing to search for.
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self { small: text.to_lowercase() })
    }

    /// Whether the text holds it.
    pub fn is_in(&self, text: &str) -> bool {
        let needle = self.small.as_bytes();
        if !self.small.is_ascii() || !text.is_ascii() {
            return text.to_lowercase().contains(&self.small);
        }
        let (first, rest) = (needle[0], &needle[1..]);
        let hay = text.as_bytes();
        memchr::memchr2_iter(first, first.to_ascii_uppercase(), hay)
            .any(|at| hay.get(at + 1..at + needle.len()).is_some_and(|tail| tail.eq_ignore_ascii_case(rest)))
    }

    fn is_in_node(&self, node: &Node) -> bool {
        match &node.value {
            Value::Null => false,
            Value::Bool(true) => self.is_in("true"),
            Value::Bool(false) => self.is_in("false"),
            Value::Number(digits) => self.is_in(digits),
            Value::Text(text) => self.is_in(text.raw()),
            Value::List(items) => items.iter().any(|item| self.is_in_node(item)),
            Value::Object(entries) => {
                entries.iter().any(|(key, value)| self.is_in(key.raw()) || self.is_in_node(value))
            }
        }
    }

    /// Whether a cell holds it.
    pub fn is_in_cell(&self, rows: &Rows, row: usize, column: Field) -> bool {
        match rows.cell(row, column).content {
            Content::Text(raw) => self.is_in(raw.raw()),
            Content::Node(node) => self.is_in_node(node),
            Content::NotAsked | Content::Missing | Content::Null => false,
        }
    }

    /// The first place from `from` on (going round once) whose row holds it in one of the columns.
    pub fn find(
        &self,
        rows: &Rows,
        view: &View,
        columns: &[Field],
        from: usize,
        forward: bool,
    ) -> Option<usize> {
        let len = view.len();
        (0..len).map(|step| if forward { (from + step) % len } else { (from + len - step) % len }).find(
            |place| {
                view.row(*place)
                    .is_some_and(|row| columns.iter().any(|column| self.is_in_cell(rows, row, *column)))
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::fixture::profiles;
    use proptest::prelude::*;

    #[test]
    fn case_does_not_matter_also_beyond_ascii() {
        for (text, needle, found) in [
            ("Ada BYRON", "byr", true),
            ("Ada", "adaa", false),
            ("aab", "AB", true),
            ("ZÜRICH", "zür", true),
            ("Zurich", "zür", false),
            ("Łódź z", "Z", true),
        ] {
            assert_eq!(Needle::new(needle).unwrap().is_in(text), found, "{needle} in {text}");
        }
        assert_eq!(Needle::new(""), None);
    }

    #[test]
    fn finding_goes_round_once_in_both_directions() {
        let mut rows = Rows::new();
        rows.append(profiles(0..30));
        let mut view = View::default();
        view.extend(&rows);
        let needle = Needle::new("byron 7").unwrap();
        let columns = [Field::LastName];
        assert_eq!(needle.find(&rows, &view, &columns, 0, true), Some(7));
        assert_eq!(needle.find(&rows, &view, &columns, 8, true), Some(7));
        assert_eq!(needle.find(&rows, &view, &columns, 29, false), Some(7));
        assert_eq!(needle.find(&rows, &view, &columns, 6, false), Some(7));
        assert_eq!(needle.find(&rows, &view, &[Field::Email], 0, true), None);
        assert_eq!(needle.find(&Rows::new(), &View::default(), &columns, 0, true), None);
        // Values inside of attributes are found too.
        let city = Needle::new("zürich").unwrap();
        assert_eq!(city.find(&rows, &view, &[Field::Attributes], 3, true), Some(3));
    }

    proptest! {
        #[test]
        fn it_finds_what_lower_casing_finds(text in "[aAbBé]{0,12}", needle in "[aAbBé]{1,3}") {
            let found = Needle::new(&needle).unwrap().is_in(&text);
            prop_assert_eq!(found, text.to_lowercase().contains(&needle.to_lowercase()));
        }
    }
}
