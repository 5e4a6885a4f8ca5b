//! One profile, as processed beside as received.
//!
//! ```text
//! Profile ──items──► a flat list with depths ──unfolded, wrapped──► the lines that are seen
//!    └── jq ──► JSON ──lines──► the same list
//! ```
//!
//! The list is made once, when a profile is shown. A frame looks at no more of it than fits, and no item is
//! longer than `items::LONGEST` bytes, so that a value of megabytes costs no more than a short one.

mod asking;
mod cursor;
mod draw;
mod fold;
mod items;
mod lines;
mod search;
mod spots;
#[cfg(test)]
mod tests;
mod typing;
mod why;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub use self::spots::Spot;

use self::asking::Asking;
use self::cursor::Line;
use self::fold::Folds;
use self::items::{Item, Veil};
use self::search::Search;
use crate::engine::pipeline::profile::Profile;
use crate::engine::retention::Window;
use crate::export;
use crate::rows::Mask;
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Effect, Outcome};
use crate::tui::jq::{Answer, Ask};
use crate::tui::kept::Kept;

/// As what a profile is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Fields with their trees.
    Processed,
    /// Its JSON.
    Received,
    /// What an expression says of it.
    Asked,
}

/// One profile, as received beside as processed.
#[derive(Debug, Default)]
pub struct Detail {
    row: Option<usize>,
    profile: Profile,
    /// What profiles are kept for, where this one is from before it.
    past: Option<Window>,
    /// What is shown now, in order.
    items: Vec<Item>,
    /// The JSON that lines are part of.
    text: String,
    raw: bool,
    /// How personal values are shown.
    mask: Mask,
    /// Whether only that is shown which processing changed.
    only_changed: bool,
    /// The line under the cursor.
    cursor: Line,
    /// The first line on the screen, before the size of the screen is looked at.
    top: Line,
    /// Where the cursor was put, by paths, outermost first.
    goal: Vec<u64>,
    /// What is folded, for each mode.
    folds: [Folds; 3],
    search: Search,
    asking: Asking,
}

impl Detail {
    /// Nothing is shown yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Expressions of earlier sessions.
    pub fn remember(&mut self, kept: &Kept) {
        self.asking.remember(&kept.read(typing::KEPT));
    }

    /// Shows the profile of a row of the table, with the window that it is from before; the cursor stays where it was as
    /// far as it can.
    pub fn show(&mut self, row: usize, profile: Profile, past: Option<Window>) {
        self.row = Some(row);
        self.profile = profile;
        self.past = past;
        self.asking.forget();
        self.refill();
        if self.goal.is_empty() && self.mode() != Mode::Asked {
            self.remember_place();
        }
    }

    /// Shows nothing any more. How it was looked at stays.
    pub fn clear(&mut self) {
        let Self { raw, mask, only_changed, folds, mut asking, goal, search, .. } = std::mem::take(self);
        asking.forget();
        asking.is_editing = false;
        let search = Search { from: None, hits: Vec::new(), ..search };
        *self = Self { raw, mask, only_changed, goal, folds, search, asking, ..Self::default() };
    }

    /// Personal values are shown otherwise from now on. The cursor and what is folded stay.
    pub fn veil(&mut self, mask: &Mask) {
        self.mask = mask.clone();
        self.asking.forget();
        self.refill();
    }

    /// The value under the cursor: the row and its path.
    pub fn under_cursor(&self) -> Option<(usize, String)> {
        let item = self.items.get(self.cursor.item).filter(|_| self.mode() != Mode::Asked)?;
        Some((self.row?, item.path.to_string()))
    }

    /// The row that is shown.
    pub fn row(&self) -> Option<usize> {
        self.row
    }

    /// The profile that is shown.
    pub fn profile(&self) -> Option<&Profile> {
        self.row.map(|_| &self.profile)
    }

    /// Does an action. `Close` leaves or clears what was typed; otherwise it is ignored: the app closes the pane.
    pub fn update(&mut self, action: Action, ctx: &Ctx<'_>) -> Outcome {
        if self.row.is_none() {
            return Outcome::IGNORED;
        }
        let (width, height) = draw::body(self, ctx);
        let before = (self.cursor, self.top);
        match action {
            Action::Up => self.step(false, 1, width),
            Action::Down => self.step(true, 1, width),
            Action::PageUp => self.step(false, height.max(2) - 1, width),
            Action::PageDown => self.step(true, height.max(2) - 1, width),
            Action::First => self.cursor = Line::default(),
            Action::Last => self.cursor = self.last_line(width),
            Action::Left => self.fold(),
            Action::Right => self.unfold(),
            Action::Fold => self.toggle(),
            Action::FoldAll => self.toggle_all(),
            Action::SearchNext => {
                self.seek(self.cursor.item + 1, true);
            }
            Action::SearchPrevious => match self.cursor.item.checked_sub(1) {
                Some(from) => _ = self.seek(from, false),
                None => _ = self.seek(usize::MAX - 1, false),
            },
            Action::Raw | Action::JqOver => self.turn_over(),
            Action::OnlyChanged => {
                self.only_changed = !self.only_changed;
                self.raw &= !self.only_changed;
                self.refill();
            }
            Action::Search => self.search.from = Some(self.cursor),
            Action::Jq => self.open_jq(),
            Action::Close => return self.close(),
            Action::Copy => {
                let item = self.items.get(self.cursor.item);
                let text = item.map(|item| item.copy(&self.profile, &self.text));
                return Outcome { changed: false, effect: text.map(Effect::Copy) };
            }
            Action::CopyProfile => {
                return Outcome { changed: false, effect: Some(Effect::Copy(self.json())) };
            }
            _ => return Outcome::IGNORED,
        }
        self.settle(ctx);
        let moves = matches!(
            action,
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last
        );
        Outcome::changed(!moves || before != (self.cursor, self.top))
    }

    /// What is to be worked out now, if anything is. To be asked after every change.
    pub fn ask(&mut self) -> Option<Ask> {
        let (raw, profile) = (self.raw, &self.profile);
        // An answer never says more than the screen may.
        let veil = Veil { mask: &self.mask, row: self.row? };
        self.asking.ask(|| {
            let json = if raw { veil.json(profile.raw_json()) } else { veil.json(&export::single(profile)) };
            Arc::from(json)
        })
    }

    /// What an expression says.
    pub fn answered(&mut self, ticket: u64, answer: Answer) -> Outcome {
        if !self.asking.answered(ticket, answer) {
            return Outcome::IGNORED;
        }
        if self.mode() == Mode::Asked {
            self.refill();
        }
        Outcome::CHANGED
    }

    /// The profile as it is shown: as processed, as received, or what jq made of it.
    pub fn json(&self) -> String {
        match self.mode() {
            Mode::Processed => export::single(&self.profile),
            Mode::Received => self.profile.raw_json().to_owned(),
            Mode::Asked => self.text.clone(),
        }
    }

    /// Draws the pane, border included.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        draw::pane(self, ctx, area, buf);
    }

    fn mode(&self) -> Mode {
        if self.asking.is_open {
            Mode::Asked
        } else if self.raw {
            Mode::Received
        } else {
            Mode::Processed
        }
    }

    /// As received, or as processed: the profile, or what an expression is asked of.
    fn turn_over(&mut self) {
        self.raw = !self.raw;
        self.asking.want();
        if self.mode() != Mode::Asked {
            (self.cursor, self.top) = Default::default();
            self.goal.clear();
            self.refill();
        }
    }

    /// The cursor is where it is to be: the screen follows, and so does the next profile.
    fn settle(&mut self, ctx: &Ctx<'_>) {
        let (width, height) = draw::body(self, ctx);
        self.top = self.top_for(width, height);
        self.remember_place();
    }

    fn refill(&mut self) {
        let Some(row) = self.row else { return };
        let veil = Veil { mask: &self.mask, row };
        let mode = self.mode();
        let changed = self.only_changed;
        self.text = match mode {
            Mode::Processed => String::new(),
            Mode::Received => export::raw_pretty(&self.profile),
            Mode::Asked => self.asking.text.clone(),
        };
        let mut items = match mode {
            Mode::Processed if changed => items::only_changed(items::processed(&self.profile, veil)),
            Mode::Processed => items::processed(&self.profile, veil),
            Mode::Received => items::lines(&export::pretty(&veil.json(self.profile.raw_json())), &self.text),
            Mode::Asked => items::lines(&self.text, &self.text),
        };
        items::number(&mut items, mode as u64);
        self.folds[mode as usize].apply(&mut items);
        self.items = items;
        self.search.look(&self.items);
        self.go_to_place();
    }
}
