//! The search field under the table.

use crossterm::event::{KeyCode, KeyEvent};

use crate::rows::Needle;
use crate::tui::widgets::Field;

/// What is searched for, and whether it is being typed.
#[derive(Debug, Default)]
pub(super) struct Search {
    field: Field,
    needle: Option<Needle>,
    /// The place where the cursor was when typing began.
    typing_from: Option<usize>,
    /// Whether the last look found nothing.
    pub(super) missed: bool,
}

impl Search {
    pub(super) fn is_editing(&self) -> bool {
        self.typing_from.is_some()
    }

    pub(super) fn text(&self) -> &str {
        self.field.text()
    }

    pub(super) fn needle(&self) -> Option<&Needle> {
        self.needle.as_ref()
    }

    pub(super) fn origin(&self) -> usize {
        self.typing_from.unwrap_or(0)
    }

    pub(super) fn open(&mut self, place: usize) {
        *self = Self { typing_from: Some(place), ..Self::default() };
    }

    /// Leaves the field without a search; gives the place to go back to, if it was open.
    pub(super) fn close(&mut self) -> Option<usize> {
        let place = self.typing_from?;
        *self = Self::default();
        Some(place)
    }

    /// Forgets the search; says whether there was one.
    pub(super) fn clear(&mut self) -> bool {
        std::mem::take(self).needle.is_some()
    }

    /// A key in the field; says whether anything changed.
    pub(super) fn input(&mut self, key: KeyEvent) -> bool {
        if !self.is_editing() {
            return false;
        }
        if key.code == KeyCode::Enter {
            self.typing_from = None;
            return true;
        }
        if !self.field.input(key) {
            return false;
        }
        self.needle = Needle::new(self.field.text());
        true
    }

    /// Pasted text; its first line counts.
    pub(super) fn paste(&mut self, text: &str) -> bool {
        if !self.is_editing() || !self.field.paste(text) {
            return false;
        }
        self.needle = Needle::new(self.field.text());
        true
    }
}
