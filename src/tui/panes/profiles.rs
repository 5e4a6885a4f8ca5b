//! The profiles table.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::time::Instant;

use crate::engine::error::Error;
use crate::engine::event::{Page, Summary};
use crate::engine::pipeline::profile::Profile;
use crate::engine::query::Query;
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Outcome};

/// The profiles table.
#[derive(Debug, Default)]
pub struct Profiles {}

impl Profiles {
    /// An empty table: nothing was run yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A run was asked for: what was there goes, the cursor stands on the first row to come.
    pub fn begin(&mut self, _query: &Query, _ctx: &Ctx<'_>) {}

    /// A page of the run that is shown (stale ones never get here).
    pub fn page(&mut self, _page: Page, _ctx: &Ctx<'_>) -> Outcome {
        Outcome::CHANGED
    }

    /// The run is over, well or with an error; what came stays.
    pub fn finish(&mut self, _summary: &Summary, _error: Option<&Error>, _ctx: &Ctx<'_>) {}

    /// The row under the cursor, as a number that stays the same while rows arrive.
    pub fn selected(&self) -> Option<usize> {
        None
    }

    /// The profile of such a row.
    pub fn profile(&self, _row: usize) -> Option<Profile> {
        None
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a text field (search) is being edited.
    pub fn is_editing(&self) -> bool {
        false
    }

    /// Does an action. `Open` answers with [`crate::tui::ctx::Effect::OpenProfile`]; `Close` leaves or clears a
    /// search, otherwise it is ignored.
    pub fn update(&mut self, _action: Action, _ctx: &Ctx<'_>) -> Outcome {
        Outcome::IGNORED
    }

    /// A key while editing that is no command.
    pub fn input(&mut self, _key: KeyEvent, _ctx: &Ctx<'_>) -> Outcome {
        Outcome::IGNORED
    }

    /// Pasted text while editing.
    pub fn paste(&mut self, _text: &str, _ctx: &Ctx<'_>) -> Outcome {
        Outcome::IGNORED
    }

    /// When the picture changes by time alone (an age that is shown in minutes), if it does.
    pub fn next_change(&self, _ctx: &Ctx<'_>) -> Option<Instant> {
        None
    }

    /// Draws the pane, border included.
    pub fn view(&self, _ctx: &Ctx<'_>, _area: Rect, _buf: &mut Buffer) {}
}
