//! Searching what is shown of a profile.

use std::ops::Range;

use super::Detail;
use super::cursor::Line;
use super::items::Item;
use crate::rows::Needle;
use crate::tui::widgets::Field;

/// A search: what was typed, and what it finds.
#[derive(Debug, Default)]
pub(super) struct Search {
    pub(super) field: Field,
    /// Where the cursor was when typing began; `None`: it is not being typed.
    pub(super) from: Option<Line>,
    /// The items that it finds, in order.
    pub(super) hits: Vec<usize>,
}

impl Search {
    pub(super) fn is_editing(&self) -> bool {
        self.from.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.field.text().is_empty()
    }

    /// Looks through the items.
    pub(super) fn look(&mut self, items: &[Item]) {
        let needle = Needle::new(self.field.text());
        let holds = |needle: &Needle, item: &Item| {
            needle.is_in(&item.value)
                || needle.is_in(&item.label)
                || item.change.as_deref().is_some_and(|change| needle.is_in(change))
        };
        self.hits = needle.map_or_else(Vec::new, |needle| {
            (0..items.len()).filter(|at| holds(&needle, &items[*at])).collect()
        });
    }

    /// `2 of 7`, for the item under the cursor.
    pub(super) fn said(&self, item: usize) -> String {
        match (self.hits.len(), self.hits.binary_search(&item)) {
            (0, _) if self.is_empty() => String::new(),
            (0, _) => "not found".to_owned(),
            (all, Ok(at)) => format!("{} of {all}", at + 1),
            (all, Err(_)) => format!("{all} found"),
        }
    }
}

impl Detail {
    /// Goes to the next hit behind an item, or before it, around the end; says whether there is one.
    pub(super) fn seek(&mut self, from: usize, forward: bool) -> bool {
        let hits = &self.search.hits;
        let next = if forward {
            hits.get(hits.partition_point(|hit| *hit < from)).or(hits.first())
        } else {
            hits[..hits.partition_point(|hit| *hit <= from)].last().or(hits.last())
        };
        let Some(item) = next.copied() else { return false };
        self.reveal(item);
        self.cursor = Line { item, row: 0 };
        true
    }

    /// What was typed is another: to the first hit from where typing began.
    pub(super) fn search_again(&mut self) {
        self.search.look(&self.items);
        let from = self.search.from.unwrap_or(self.cursor);
        if !self.seek(from.item, true) {
            self.cursor = from;
        }
    }
}

/// Where a text has another in it, whatever its case.
pub(super) fn matches(text: &str, small: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match match_at(&text[at..], small) {
            Some(length) if length > 0 => {
                found.push(at..at + length);
                at += length;
            }
            _ => at += c.len_utf8(),
        }
    }
    found
}

/// How many bytes at its beginning match.
fn match_at(text: &str, small: &str) -> Option<usize> {
    let mut wanted = small.chars();
    for (at, c) in text.char_indices() {
        if wanted.as_str().is_empty() {
            return Some(at);
        }
        for lower in c.to_lowercase() {
            if wanted.next() != Some(lower) {
                return None;
            }
        }
    }
    wanted.as_str().is_empty().then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_found_whatever_their_case() {
        assert_eq!(matches("Zürich ZÜRICH", "zürich"), [0..7, 8..15]);
        assert_eq!(matches("aaaa", "aa"), [0..2, 2..4]);
        for (text, small) in [("abc", ""), ("", "a"), ("ab", "abc")] {
            assert!(matches(text, small).is_empty(), "{small} in {text}");
        }
    }
}
