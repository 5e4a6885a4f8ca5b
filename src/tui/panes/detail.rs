//! One profile.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::pipeline::profile::Profile;
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Outcome};

/// One profile, as received beside as processed.
#[derive(Debug, Default)]
pub struct Detail {
    row: Option<usize>,
}

impl Detail {
    /// Nothing is shown yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows the profile of a row of the table; the cursor stays where it was as far as it can.
    pub fn show(&mut self, row: usize, _profile: Profile) {
        self.row = Some(row);
    }

    /// Shows nothing any more.
    pub fn clear(&mut self) {
        self.row = None;
    }

    /// The row that is shown.
    pub fn row(&self) -> Option<usize> {
        self.row
    }

    /// Does an action. `Close` is ignored: the app closes the pane.
    pub fn update(&mut self, _action: Action, _ctx: &Ctx<'_>) -> Outcome {
        Outcome::IGNORED
    }

    /// Draws the pane, border included.
    pub fn view(&self, _ctx: &Ctx<'_>, _area: Rect, _buf: &mut Buffer) {}
}
