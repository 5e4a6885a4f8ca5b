//! One profile, as processed beside as received.
//!
//! ```text
//! Profile ──items──► a flat list with depths ──unfolded, wrapped──► the lines that are seen
//! ```
//!
//! The list is made once, when a profile is shown. A frame looks at no more of it than fits, and no item is
//! longer than `items::LONGEST` bytes, so that a value of megabytes costs no more than a short one.

mod cursor;
mod draw;
mod items;
#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use self::cursor::Line;
use self::items::{Item, Veil};
use crate::engine::pipeline::profile::Profile;
use crate::export;
use crate::rows::Mask;
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Effect, Outcome};

/// One profile, as received beside as processed.
#[derive(Debug, Default)]
pub struct Detail {
    row: Option<usize>,
    profile: Profile,
    /// What is shown now, in order.
    items: Vec<Item>,
    raw: bool,
    /// How personal values are shown.
    mask: Mask,
    /// The line under the cursor.
    cursor: Line,
    /// The first line on the screen, before the size of the screen is looked at.
    top: Line,
}

impl Detail {
    /// Nothing is shown yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows the profile of a row of the table; the cursor stays where it was as far as it can.
    pub fn show(&mut self, row: usize, profile: Profile) {
        self.row = Some(row);
        self.profile = profile;
        self.refill();
    }

    /// Shows nothing any more.
    pub fn clear(&mut self) {
        *self = Self { raw: self.raw, mask: std::mem::take(&mut self.mask), ..Self::default() };
    }

    /// Personal values are shown otherwise from now on. The cursor and what is folded stay.
    pub fn veil(&mut self, mask: &Mask) {
        self.mask = mask.clone();
        let folded: Vec<bool> = self.items.iter().map(|item| item.folded).collect();
        self.refill();
        // A stand-in may take more or fewer items than a long value.
        if folded.len() == self.items.len() {
            for (item, folded) in self.items.iter_mut().zip(folded) {
                item.folded = folded;
            }
        }
    }

    /// The value under the cursor: the row and its path.
    pub fn under_cursor(&self) -> Option<(usize, String)> {
        Some((self.row?, self.items.get(self.cursor.item)?.path.to_string()))
    }

    /// The row that is shown.
    pub fn row(&self) -> Option<usize> {
        self.row
    }

    /// Does an action. `Close` is ignored: the app closes the pane.
    pub fn update(&mut self, action: Action, ctx: &Ctx<'_>) -> Outcome {
        if self.row.is_none() {
            return Outcome::IGNORED;
        }
        let (width, height) = draw::body(ctx.area);
        let before = (self.cursor, self.top);
        match action {
            Action::Up => self.step(false, 1, width),
            Action::Down => self.step(true, 1, width),
            Action::PageUp => self.step(false, height.max(2) - 1, width),
            Action::PageDown => self.step(true, height.max(2) - 1, width),
            Action::First => self.cursor = Line::default(),
            Action::Last => self.cursor = self.last_line(width),
            Action::Left => return Outcome::changed(self.fold(width, height)),
            Action::Right => return Outcome::changed(self.unfold()),
            Action::Raw => {
                self.raw = !self.raw;
                (self.cursor, self.top) = Default::default();
                self.refill();
                return Outcome::CHANGED;
            }
            Action::Copy => {
                let text = self.items.get(self.cursor.item).map(|item| item.copy(&self.profile));
                return Outcome { changed: false, effect: text.map(Effect::Copy) };
            }
            Action::CopyProfile => {
                return Outcome { changed: false, effect: Some(Effect::Copy(self.json())) };
            }
            _ => return Outcome::IGNORED,
        }
        self.top = self.top_for(width, height);
        Outcome::changed(before != (self.cursor, self.top))
    }

    /// The profile as it is shown: as processed, or as received.
    pub fn json(&self) -> String {
        if self.raw { self.profile.raw_json().to_owned() } else { export::single(&self.profile) }
    }

    /// Draws the pane, border included.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        draw::pane(self, ctx, area, buf);
    }

    fn refill(&mut self) {
        let Some(row) = self.row else { return };
        let veil = Veil { mask: &self.mask, row };
        self.items =
            if self.raw { items::raw(&self.profile, veil) } else { items::processed(&self.profile, veil) };
        self.cursor.item = self.cursor.item.min(self.items.len().saturating_sub(1));
        self.top.item = self.top.item.min(self.cursor.item);
    }

    /// Folds what is under the cursor; where that is folded or has nothing below it, goes to what it is part of.
    fn fold(&mut self, width: u16, height: usize) -> bool {
        let at = self.cursor.item;
        let Some(item) = self.items.get_mut(at) else { return false };
        if item.below > 0 && !item.folded {
            item.folded = true;
            return true;
        }
        let depth = item.depth;
        let Some(parent) = self.items[..at].iter().rposition(|other| other.depth < depth) else {
            return false;
        };
        self.cursor = Line { item: parent, row: 0 };
        self.top = self.top_for(width, height);
        true
    }

    fn unfold(&mut self) -> bool {
        self.items.get_mut(self.cursor.item).is_some_and(|item| std::mem::take(&mut item.folded))
    }
}
