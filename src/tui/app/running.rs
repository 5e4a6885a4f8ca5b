//! Runs: how one begins, what running would take, and what time alone changes.

use tokio::time::Instant;

use super::{App, Moment, Turn};
use crate::engine::event::Command;
use crate::engine::query::{Query, QueryId};
use crate::tui::action::Action;
use crate::tui::ctx::{Effect, Focus, Outcome, Running};

impl App {
    pub(super) fn run(&mut self, at: Moment) -> Turn {
        if self.looks_at_files() {
            return self.reopen();
        }
        let query = match self.builder.query() {
            Ok(query) => query,
            Err(errors) => {
                self.fail(errors, None);
                return Turn::changed(true);
            }
        };
        if let Some(error) = self.broken.clone() {
            self.fail(vec![error], None);
            return Turn::changed(true);
        }
        if self.world.service.is_none() {
            self.run_when_ready = true;
            return self.notice("connecting; the query runs as soon as the service is there".to_owned());
        }
        self.begin(query, at)
    }

    /// Begins a run in the place of the one that is shown.
    pub(super) fn begin(&mut self, query: Query, at: Moment) -> Turn {
        if self.asks_what_for(&query) {
            return Turn::CHANGED;
        }
        let mut effects = Vec::new();
        if let Some(running) = self.world.running.filter(|r| !r.cancelling) {
            effects.push(Effect::Engine(Command::Cancel(running.id)));
        }
        effects.extend(self.watch_waits());
        self.shown = self.number();
        self.search.began(&query);
        self.world.running = Some(Running::new(self.shown, at.now));
        self.overlay = None;
        self.conceal();
        self.detail_open = false;
        self.detail.clear();
        self.world.focus = Focus::Profiles;
        let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
        self.profiles.begin(&query, &ctx);
        self.reach.place = None;
        if !self.looks_at_files() && self.replay.is_none() {
            self.history.began(self.shown, query.to_draft());
        }
        self.activity.asked(self.shown, &query);
        let query = self.really(query, at);
        let want = self.reach_from(0, at);
        // Leaving an editor keeps its text, and the rows have the keys now.
        let ctx = self.world.ctx(at, self.area_of(Focus::Builder));
        let left = if self.builder.is_editing() {
            self.builder.update(Action::Close, &ctx)
        } else {
            Outcome::IGNORED
        };
        effects.push(Effect::Engine(Command::Run(self.shown, query, want)));
        Turn { changed: true, effects }.and(self.settle(left, at))
    }

    /// A number for a run that no other has.
    pub(super) fn number(&mut self) -> QueryId {
        self.numbered += 1;
        QueryId(self.numbered)
    }

    /// Asks what running the query would take. Reading files takes what it takes.
    pub(super) fn replan(&mut self, at: Moment) -> Turn {
        if self.looks_at_files() {
            return Turn::default();
        }
        let ctx = self.world.ctx(at, self.area_of(Focus::Builder));
        let outcome = self.builder.replan(&ctx);
        self.settle(outcome, at)
    }

    /// When the picture changes by time alone; `None`: never, nobody need wake up.
    pub fn next_change(&self, at: Moment) -> Option<Instant> {
        if self.frozen.is_some() {
            return None;
        }
        let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
        let plan = self.builder.next_change().filter(|_| self.world.service.is_some());
        [
            self.header.next_change(&ctx),
            self.activity.next_change(&ctx),
            self.profiles.next_change(&ctx),
            self.watch_due(),
            plan,
            self.mask_changes(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The time that [`next_change`](Self::next_change) named has come.
    pub fn wake(&mut self, at: Moment) -> Turn {
        self.conceal_in_time(at);
        let watched = Turn::CHANGED.and(self.watch_on(at));
        if self.builder.next_change().is_none_or(|plan| plan > at.now) {
            return watched;
        }
        watched.and(self.replan(at))
    }
}
