//! How the screen looks, as far as that changes while it is looked at.

use super::{App, Moment, Turn};
use crate::engine::error::Error;
use crate::tui::theme::Theme;

impl App {
    /// Draws in this theme from now on.
    pub fn dress(&mut self, theme: Theme) -> Turn {
        let changed = self.world.theme != theme;
        self.world.theme = theme;
        Turn::changed(changed)
    }

    /// What is wrong with files that the explorer could start without: each stands in the log, and all are shown
    /// unless rows are about to come.
    pub fn troubles(&mut self, errors: Vec<Error>, at: Moment) -> Turn {
        let Some(first) = errors.first().map(|error| error.what.clone()) else { return Turn::default() };
        for error in &errors {
            self.note(format!("{}: {}; {}", error.what, error.cause, error.remedy), at);
        }
        if self.run_when_ready || self.overlay.is_some() {
            return self.notice(format!("{first} and others: what could not be used stands in the log"));
        }
        self.fail(errors, None);
        Turn::CHANGED
    }
}
