//! What the open profile asks: expressions go out, answers come in.

use super::{App, Moment, Turn};
use crate::tui::ctx::Effect;
use crate::tui::jq::Answer;

impl App {
    /// What an expression says of the open profile.
    pub fn answered_jq(&mut self, ticket: u64, answer: Answer, at: Moment) -> Turn {
        let outcome = self.detail.answered(ticket, answer);
        self.settle(outcome, at)
    }

    /// What is to be worked out now, if anything is.
    pub(super) fn ask_jq(&mut self) -> Turn {
        self.detail.ask().map_or_else(Turn::default, |ask| Turn::of(Effect::Jq(ask)))
    }
}
