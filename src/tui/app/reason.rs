//! What for: some tenants want to know it before anything is asked, once a session.

use super::{App, Moment, Turn};
use crate::engine::audit::Reason;
use crate::engine::error::Error;
use crate::engine::event::Command;
use crate::engine::query::Query;
use crate::tui::ctx::Effect;
use crate::tui::overlays::Overlay;
use crate::tui::overlays::prompt::{Asks, Prompt};

/// What was said, and the query that waits for it.
#[derive(Debug, Default)]
pub(super) struct WhatFor {
    said: Option<Reason>,
    waiting: Option<Query>,
}

impl App {
    /// Whether a query has to wait until it was said what for; it is asked then.
    pub(super) fn asks_what_for(&mut self, query: &Query) -> bool {
        let needed = self.world.service.as_ref().is_some_and(|service| service.needs_reason);
        if !needed || self.what_for.said.is_some() {
            return false;
        }
        self.what_for.waiting = Some(query.clone());
        let _ = self.ask_what_for();
        true
    }

    /// Asks for the reason that stands in each entry from now on.
    pub(super) fn ask_what_for(&mut self) -> Turn {
        if self.looks_at_files() {
            return self.notice("files are read here: nothing is recorded of that".to_owned());
        }
        let about = "the number of a ticket, best no name; it stands in each audit entry of this session";
        let said = self.what_for.said.as_ref().map_or("", Reason::as_str);
        let prompt = Prompt::new(Asks::Reason, "What is this access for?", about, said, Vec::new());
        self.overlay = Some(Overlay::Prompt(Box::new(prompt)));
        Turn::CHANGED
    }

    /// It was said; what waited runs.
    ///
    /// # Errors
    /// It is no reason.
    pub(super) fn said_what_for(&mut self, line: &str, at: Moment) -> Result<Turn, String> {
        let reason: Reason = line.parse().map_err(|error: Error| error.cause.clone())?;
        self.overlay = None;
        self.what_for.said = Some(reason.clone());
        let turn = Turn::of(Effect::Engine(Command::Reason(reason))).and(Turn::CHANGED);
        Ok(match self.what_for.waiting.take() {
            Some(query) => turn.and(self.begin(query, at)),
            None => turn.and(self.notice("from now on that is the reason".to_owned())),
        })
    }
}
