//! What the explorer hears: the engine's events, steps of work from other threads, and commands that nobody took.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::{App, Moment, Turn, copying};
use crate::engine::error::{Error, Kind};
use crate::engine::event::{Command, Event, Summary};
use crate::engine::query::QueryId;
use crate::rows::Step;
use crate::tui::ctx::{Effect, Focus, Outcome};
use crate::tui::overlays::Overlay;

impl App {
    /// The engine said something.
    pub fn event(&mut self, event: Event, at: Moment) -> Turn {
        match event {
            Event::Ready(service) => {
                self.world.service = Some(service);
                self.broken = None;
                self.arrange_for_tenant();
                let turn = Turn::changed(true).and(self.replan(at));
                match std::mem::take(&mut self.run_when_ready) {
                    true if self.looks_at_files() => turn.and(self.read_files(at)),
                    true => {
                        // What is read meanwhile stays open.
                        let open = self.overlay.take();
                        let turn = turn.and(self.run(at));
                        self.overlay = self.overlay.take().or(open);
                        turn
                    }
                    false => turn,
                }
            }
            Event::Files(id, files) => self.files_read(id, files),
            Event::Broken(error) => {
                self.run_when_ready = false;
                self.world.running = None;
                self.broken = Some(error.clone());
                self.fail(vec![error], None);
                Turn::changed(true)
            }
            Event::Started(id, _) => {
                let ctx = self.world.ctx(at, Rect::default());
                self.activity.started(id, &ctx);
                Turn::changed(true)
            }
            Event::Page(id, page) if self.is_watched(id) => self.watched_page(&page, at),
            Event::Page(id, page) => {
                if id != self.shown {
                    return Turn::default();
                }
                self.name_unreadable(&page, at);
                let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
                let outcome = self.profiles.page(&page, &ctx);
                let full = self.stop_when_full();
                self.settle(outcome, at).and(full)
            }
            Event::Exchange(exchange) => {
                self.header.exchange(&exchange);
                let ctx = self.world.ctx(at, Rect::default());
                self.activity.exchange(Arc::clone(&exchange), &ctx);
                self.exchange_came(&exchange);
                self.look_at_fault();
                Turn::changed(true)
            }
            Event::Limits(limits) => {
                let limits = self.as_wanted(limits);
                self.activity.limits(&limits, &self.world.ctx(at, Rect::default()));
                let changed = self.world.limits.as_ref() != Some(&limits);
                self.world.limits = Some(limits);
                Turn::changed(changed)
            }
            Event::Auth(auth) => Turn::changed(self.header.auth(auth)),
            Event::Planned(copying::TICKET, plan) => self.copy_requests(&plan),
            Event::Planned(ticket, plan) => {
                let outcome = self.builder.planned(ticket, plan);
                self.settle(outcome, at)
            }
            Event::Paused(id) if self.is_watched(id) => self.watched_enough(id),
            Event::Again(number, error) => self.sent_again(number, error, at),
            Event::Webhooks(listed) => self.webhooks_listed(listed, at),
            Event::Noted(ticket, noted) => self.noted(ticket, noted, at),
            Event::Paused(id) => self.paused(id, at),
            Event::Recording(what) => self.recording_told(what, at),
            Event::Replay(what) => self.replay_told(what, at),
            Event::Played(played) => self.played(*played),
            Event::Finished(id, summary) => self.finished(id, &summary, None, at),
            Event::Failed(id, summary, error) => self.finished(id, &summary, Some(error), at),
        }
    }

    /// Stops the run once its rows take more memory than they may, though what can lies in a file.
    fn stop_when_full(&mut self) -> Turn {
        let Some(error) = self.profiles.is_too_large() else { return Turn::default() };
        match &mut self.world.running {
            Some(running) if !running.cancelling => {
                running.cancelling = true;
                let effects = vec![Effect::Engine(Command::Cancel(running.id))];
                self.fail(vec![error], Some(self.profiles.rows() as u64));
                Turn { changed: true, effects }
            }
            _ => Turn::default(),
        }
    }

    /// A step of work that was handed to another thread.
    pub fn work(&mut self, step: Step, at: Moment) -> Turn {
        let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
        let outcome = self.profiles.work(step, &ctx);
        let known = if outcome.changed { self.know_column() } else { Turn::default() };
        self.settle(outcome, at).and(known)
    }

    /// Takes up what came since the last picture. To be called before one is drawn.
    pub fn prepare(&mut self, at: Moment) -> Turn {
        let effect = self.profiles.prepare();
        let known = self.know_column();
        self.settle(Outcome { changed: false, effect }, at).and(known)
    }

    /// Whether something that came is not in the picture yet.
    pub fn is_behind(&self) -> bool {
        self.profiles.is_behind()
    }

    /// A command could not be handed to the worker: it does not keep up, or is gone.
    pub fn undelivered(&mut self, command: &Command) -> Turn {
        // A plan is asked for again with the next change; the rest is somebody's wish and must not vanish.
        if matches!(command, Command::Plan(..)) {
            return Turn::default();
        }
        if matches!(command, Command::Bounds { .. }) {
            return self.bounds_undelivered();
        }
        if matches!(command, Command::Run(id, ..) if self.is_watched(*id)) {
            return self.watched_undelivered();
        }
        if matches!(command, Command::Again(_) | Command::Webhooks) {
            return self.aside_undelivered();
        }
        if let Command::Note(ticket, _) = command {
            return self.note_undelivered(*ticket);
        }
        self.world.running = None;
        if self.broken.is_none() {
            let error = Error::new(
                Kind::Local,
                "the background task does not take commands",
                "it has ended, or it is stuck",
                "leave and start again; the log says more",
            );
            self.fail(vec![error], None);
        }
        Turn::changed(true)
    }

    fn finished(&mut self, id: QueryId, summary: &Arc<Summary>, error: Option<Error>, at: Moment) -> Turn {
        if self.is_watched(id) {
            return self.watched_ended(id, summary, error.as_ref(), at);
        }
        let current = id == self.shown;
        if current {
            self.world.running = None;
        }
        let kept = self.keep_run(id, summary);
        let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
        self.activity.finished(id, Arc::clone(summary), error.as_ref(), &ctx);
        if !current {
            return kept;
        }
        self.profiles.finish(summary, error.as_ref(), &ctx);
        self.faulty.finished(id, summary.status, self.world.fault.as_ref());
        self.reach.place.clone_from(&summary.place);
        self.watch_again(summary, at);
        let replanned = self.replan(at).and(self.nobody_found(id, summary)).and(self.know_segments(summary));
        if let Some(error) = error {
            self.refused_filter(&error);
            self.fail(self.file_errors(error), Some(summary.before + summary.rows));
        } else if matches!(self.overlay, Some(Overlay::Confirm)) {
            // Nothing would be lost any more.
            self.overlay = None;
        }
        kept.and(replanned)
    }
}
