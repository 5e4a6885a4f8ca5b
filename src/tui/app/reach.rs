//! How far a run goes by itself: to its end, to a pause, or, in pull mode, just ahead of the reader; and how a run
//! that paused or stopped goes on.

use std::sync::Arc;

use tokio::time::Instant;

use super::{App, Moment, Turn};
use crate::engine::event::Command;
use crate::engine::place::Place;
use crate::engine::query::QueryId;
use crate::tui::ctx::{Effect, Focus, Running};
use crate::tui::figures;

/// What is wanted of the run at hand, and of those to come.
#[derive(Debug)]
pub(super) struct Reach {
    /// Runs pause after so many rows; `None`: never.
    pause: Option<u64>,
    /// The rows that are wanted of the run under way; `None`: all.
    want: Option<u64>,
    /// Whether the reader did something since more was asked for: rows that arrive are no reader.
    read_on: bool,
    /// Where the last run stopped before its end.
    pub(super) place: Option<Arc<Place>>,
}

impl Reach {
    pub(super) fn new(pause: Option<u64>) -> Self {
        Self { pause, want: None, read_on: false, place: None }
    }
}

impl App {
    /// What a run that begins now, with so many rows there already, is wanted to bring.
    pub(super) fn reach_from(&mut self, rows: u64, at: Moment) -> Option<u64> {
        self.reach.read_on = false;
        let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
        let step = if self.world.pull { Some(self.profiles.ahead(&ctx)) } else { self.reach.pause };
        self.reach.want = step.map(|step| rows.saturating_add(step.max(1)));
        self.reach.want
    }

    /// Goes on: a paused run by another stretch, one that brings rows to its end, one that stopped from its place.
    pub(super) fn go_on(&mut self, at: Moment) -> Turn {
        let rows = self.profiles.rows() as u64;
        match self.world.running {
            Some(running) if running.cancelling => Turn::default(),
            Some(Running { id, paused: true, .. }) => {
                let want = self.reach_from(rows, at);
                self.want(id, want)
            }
            Some(Running { id, .. }) if self.reach.want.is_some() => {
                self.reach.want = None;
                self.want(id, None).and(self.notice("no pause any more: this run goes to its end".to_owned()))
            }
            Some(_) => self.notice("the run goes to its end without a pause".to_owned()),
            None => match self.reach.place.take() {
                Some(place) => self.resume(place, at),
                None if self.looks_at_files() => self.read_again_instead(),
                None => self.notice("no run stopped on its way".to_owned()),
            },
        }
    }

    pub(super) fn resume(&mut self, place: Arc<Place>, at: Moment) -> Turn {
        let watched = self.watch_waits();
        self.shown = self.number();
        self.world.running = Some(Running::new(self.shown, at.now));
        self.overlay = None;
        let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
        self.profiles.resume(&ctx);
        if self.replay.is_none() {
            self.history.began(self.shown, place.query.to_draft());
        }
        self.activity.asked(self.shown, &place.query);
        let want = self.reach_from(place.rows, at);
        let resume = Effect::Engine(Command::Resume(self.shown, place, want));
        Turn { changed: true, effects: watched.into_iter().chain([resume]).collect() }
    }

    /// Asks for more only as the reader nears the end, or for all up to the pause.
    pub(super) fn toggle_pull(&mut self, at: Moment) -> Turn {
        self.world.pull = !self.world.pull;
        self.reach.read_on = true;
        let rows = self.profiles.rows() as u64;
        let said = if self.world.pull {
            "pull mode: more is asked for only as you near the end".to_owned()
        } else {
            match self.reach.pause {
                Some(pause) => format!("all rows are asked for, with a pause each {}", figures::count(pause)),
                None => "all rows are asked for".to_owned(),
            }
        };
        let turn = self.notice(said);
        match self.world.running {
            // It has paused already: the reader decides.
            Some(Running { paused: true, .. }) if self.world.pull => turn.and(self.pull_more(at)),
            Some(Running { id, cancelling: false, .. }) => {
                // What came is enough until the reader gets there.
                let want = if self.world.pull { Some(rows.max(1)) } else { self.reach_from(rows, at) };
                self.reach.want = want;
                turn.and(self.want(id, want))
            }
            _ => turn,
        }
    }

    /// The reader pressed a key, or made the screen larger.
    pub(super) fn read_on(&mut self) {
        self.reach.read_on = true;
    }

    /// A run has all that was wanted, and there is more.
    pub(super) fn paused(&mut self, id: QueryId, at: Moment) -> Turn {
        let rows = self.profiles.rows() as u64;
        match &mut self.world.running {
            // Told before more was wanted.
            Some(_) if self.reach.want.is_none_or(|want| want > rows) => Turn::default(),
            Some(running) if running.id == id => {
                running.paused = true;
                Turn::CHANGED.and(self.pull_more(at))
            }
            _ => Turn::default(),
        }
    }

    /// In pull mode: asks for more once the reader nears the end of what is there.
    pub(super) fn pull_more(&mut self, at: Moment) -> Turn {
        let Some(Running { id, paused: true, cancelling: false, .. }) = self.world.running else {
            return Turn::default();
        };
        let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
        if !self.world.pull || !self.reach.read_on || !self.profiles.nears_end(&ctx) {
            return Turn::default();
        }
        let want = self.reach_from(self.profiles.rows() as u64, at);
        self.want(id, want)
    }

    /// So many rows were wanted of the run at hand.
    pub(super) fn wants(&mut self, rows: Option<u64>) {
        self.reach.want = rows;
    }

    fn want(&mut self, id: QueryId, want: Option<u64>) -> Turn {
        if let Some(running) = &mut self.world.running {
            running.paused = false;
        }
        Turn { changed: true, effects: vec![Effect::Engine(Command::Want(id, want))] }
    }
}

impl Running {
    /// A run that is asked for now.
    pub(super) fn new(id: QueryId, since: Instant) -> Self {
        Self { id, since, cancelling: false, paused: false }
    }
}
