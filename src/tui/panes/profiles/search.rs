//! The search field under the table.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::rows::Needle;

/// The longest text that is searched for, in bytes.
const LONGEST: usize = 256;

/// What is searched for, and whether it is being typed.
#[derive(Debug, Default)]
pub(super) struct Search {
    text: String,
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
        &self.text
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
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => {
                self.typing_from = None;
                return true;
            }
            KeyCode::Char('u') if control => self.text.clear(),
            KeyCode::Char('w') if control => {
                let kept = self.text.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
                self.text.truncate(self.text.floor_char_boundary(kept));
            }
            KeyCode::Char('h') if control => drop(self.text.pop()),
            KeyCode::Backspace => drop(self.text.pop()),
            KeyCode::Char(c) if !control && self.text.len() < LONGEST => self.text.push(c),
            _ => return false,
        }
        self.needle = Needle::new(&self.text);
        true
    }

    /// Pasted text; its first line counts.
    pub(super) fn paste(&mut self, text: &str) -> bool {
        let line = text.lines().next().unwrap_or("");
        if !self.is_editing() || line.is_empty() {
            return false;
        }
        let room = LONGEST.saturating_sub(self.text.len());
        self.text.push_str(&line[..line.floor_char_boundary(room)]);
        self.needle = Needle::new(&self.text);
        true
    }
}
