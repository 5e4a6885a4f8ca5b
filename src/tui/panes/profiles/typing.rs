//! A line under the table that is being typed: a search, a filter.

use crossterm::event::{KeyCode, KeyEvent};

use crate::tui::widgets::Field;

/// What was typed, and whether it still is.
#[derive(Debug, Default)]
pub(super) struct Typing {
    field: Field,
    /// The row and the place where the cursor was when typing began.
    from: Option<(Option<usize>, usize)>,
    /// Whether it was taken from a value, rather than typed.
    taken: bool,
}

impl Typing {
    pub(super) fn is_editing(&self) -> bool {
        self.from.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.field.text().is_empty()
    }

    /// Whether it was taken from a value, and nothing was typed since.
    pub(super) fn was_taken(&self) -> bool {
        self.taken
    }

    pub(super) fn text(&self) -> &str {
        self.field.text()
    }

    /// What stands before the text cursor, under it, and behind that.
    pub(super) fn around_cursor(&self) -> [&str; 3] {
        self.field.around_cursor()
    }

    /// The place where the cursor was when typing began.
    pub(super) fn origin(&self) -> usize {
        self.from.map_or(0, |(_, place)| place)
    }

    /// Begins to type, with what is there already.
    pub(super) fn edit(&mut self, row: Option<usize>, place: usize) {
        self.from = Some((row, place));
    }

    /// As if this had been typed, but that it was taken from a value.
    pub(super) fn set(&mut self, text: &str) {
        *self = Self { taken: true, ..Self::default() };
        self.field.paste(text);
    }

    /// Leaves the field and forgets what was typed; gives where typing began, if it was being typed.
    pub(super) fn close(&mut self) -> Option<(Option<usize>, usize)> {
        std::mem::take(self).from
    }

    /// A key in the field; says whether anything changed.
    pub(super) fn input(&mut self, key: KeyEvent) -> bool {
        if !self.is_editing() {
            return false;
        }
        if key.code == KeyCode::Enter {
            self.from = None;
            return true;
        }
        self.field.input(key)
    }

    /// Pasted text; its first line counts.
    pub(super) fn paste(&mut self, text: &str) -> bool {
        self.is_editing() && self.field.paste(text)
    }
}
