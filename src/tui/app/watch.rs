//! Watching: the query that is shown is run again and again, past the cache, and what changed is lit.
//!
//! A run begins when the one before has ended and its time has come. Its rows are gathered aside, so that the table
//! never stands empty. A failure ends nothing: it is said, and the next run waits longer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{App, Moment, Turn};
use crate::config::{OnChange, units};
use crate::engine::clock::later;
use crate::engine::error::Error;
use crate::engine::event::{Command, Cut, Page, Summary};
use crate::engine::query::QueryId;
use crate::tui::ctx::{Effect, Focus};
use crate::tui::figures;
use crate::tui::overlays::Overlay;
use crate::tui::overlays::prompt::{Asks, Prompt};
use crate::tui::panes::profiles::{Changes, MOST_WATCHED, Watching};

/// How often, unless said otherwise.
const USUAL: Duration = Duration::from_secs(10);
/// More often would be no watching but hammering.
const LEAST: Duration = Duration::from_secs(2);
/// The longest that failures stretch an interval to.
const LONGEST: Duration = Duration::from_secs(300);
/// Part of what the limit allows that watching may take.
const SHARE: f64 = 0.5;

/// What is watched.
#[derive(Debug)]
pub(super) struct Watch {
    every: Duration,
    /// When the next run begins.
    next: Option<Instant>,
    /// The run that is under way.
    run: Option<QueryId>,
    /// Whether it has as many rows as are wanted, and is being ended for that.
    enough: bool,
    /// Runs one after the other that failed or met a 429.
    strained: u32,
    stretched: Option<(Duration, &'static str)>,
    failed: Option<String>,
    changes: Changes,
}

impl App {
    /// Asks how often, or stops.
    pub(super) fn toggle_watch(&mut self) -> Turn {
        if self.watch.is_some() {
            return self.stop_watching("no longer watching".to_owned());
        }
        if self.looks_at_files() {
            return self.notice("files are read here: there is no service to watch".to_owned());
        }
        let about = "seconds between two runs, 2 at least, past the cache; or 1m, 1h";
        let prompt = Prompt::new(Asks::Watch, "Run again every … seconds", about, "10", Vec::new());
        self.overlay = Some(Overlay::Prompt(Box::new(prompt)));
        Turn::CHANGED
    }

    /// So often.
    ///
    /// # Errors
    /// It is no span, or too short; or there are too many rows.
    pub(super) fn watch_every(&mut self, line: &str, at: Moment) -> Result<Turn, String> {
        let every = match line.trim() {
            "" => USUAL,
            seconds if seconds.bytes().all(|b| b.is_ascii_digit()) => {
                Duration::from_secs(seconds.parse().map_err(|_| format!("{seconds} seconds are too many"))?)
            }
            span => units::duration(span).map_err(|error| error.replace("; ", ": "))?,
        };
        if every < LEAST {
            return Err(format!("{} is too often: 2 seconds at least", figures::countdown(every)));
        }
        let rows = self.profiles.rows();
        if rows > MOST_WATCHED {
            let (rows, most) = (figures::count(rows as u64), figures::count(MOST_WATCHED as u64));
            return Err(format!("{rows} rows are too many to watch: {most} at most; ask for fewer"));
        }
        self.overlay = None;
        let next = later(at.now, every);
        self.watch = Some(Watch {
            every,
            next: self.world.running.is_none().then_some(next),
            run: None,
            enough: false,
            strained: 0,
            stretched: None,
            failed: None,
            changes: Changes::default(),
        });
        // Without rows there is nothing to compare with: they are fetched first.
        let first = if self.profiles.query().is_none() { self.run(at) } else { Turn::default() };
        if self.profiles.query().is_none() && !self.run_when_ready {
            // What it lacks stands in a panel: there is nothing to run again.
            self.watch = None;
        }
        self.say_watching();
        Ok(first.and(Turn::CHANGED))
    }

    /// Stops watching; says whether anything was watched.
    pub(super) fn stop_watching(&mut self, said: String) -> Turn {
        let Some(watch) = self.watch.take() else { return Turn::default() };
        self.say_watching();
        let effects = watch.run.map(|id| Effect::Engine(Command::Cancel(id))).into_iter().collect();
        Turn { changed: true, effects }.and(self.notice(said))
    }

    /// Whether this is the run that is gathered aside.
    pub(super) fn is_watched(&self, id: QueryId) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.run == Some(id))
    }

    /// When the next run begins.
    pub(super) fn watch_due(&self) -> Option<Instant> {
        self.watch.as_ref().and_then(|watch| watch.next)
    }

    /// Begins the next run, if its time has come.
    pub(super) fn watch_on(&mut self, at: Moment) -> Turn {
        let due = self.watch_due().is_some_and(|next| next <= at.now);
        if !due {
            return Turn::default();
        }
        let can = self.world.running.is_none() && self.world.service.is_some();
        let Some(query) = self.profiles.query().cloned().filter(|_| can) else {
            // Later, then: a time that has come and stays would be waited for without end.
            if let Some(watch) = &mut self.watch {
                watch.next = Some(later(at.now, watch.every));
            }
            self.say_watching();
            return Turn::CHANGED;
        };
        let (query, want, id) = (query.uncached(), self.profiles.enough(), self.number());
        let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
        self.profiles.gather(&query, &ctx);
        if let Some(watch) = &mut self.watch {
            (watch.next, watch.run, watch.enough) = (None, Some(id), false);
        }
        self.say_watching();
        Turn { changed: true, effects: vec![Effect::Engine(Command::Run(id, query, want))] }
    }

    /// A page of the run that is gathered aside.
    pub(super) fn watched_page(&mut self, page: &Page, at: Moment) -> Turn {
        let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
        if !self.profiles.gathered(page, &ctx) {
            return Turn::default();
        }
        let most = figures::count(MOST_WATCHED as u64);
        self.stop_watching(format!("no longer watching: there are more rows than the {most} that can be"))
    }

    /// That run has as many rows as are wanted of it.
    pub(super) fn watched_enough(&mut self, id: QueryId) -> Turn {
        if let Some(watch) = &mut self.watch {
            watch.enough = true;
        }
        Turn { changed: false, effects: vec![Effect::Engine(Command::Cancel(id))] }
    }

    /// That run is over.
    pub(super) fn watched_ended(
        &mut self,
        id: QueryId,
        summary: &Arc<Summary>,
        error: Option<&Error>,
        at: Moment,
    ) -> Turn {
        let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
        self.activity.finished(id, Arc::clone(summary), error, &ctx);
        let enough = self.watch.as_ref().is_some_and(|watch| watch.enough);
        let is_whole = error.is_none() && (enough || summary.cut.is_none_or(Cut::is_wanted));
        let mut turn = Turn::CHANGED;
        let mut changes = Changes::default();
        if is_whole {
            let (found, is_there, jobs) = self.profiles.take_over(summary, &ctx);
            changes = found;
            self.shown = id;
            // Other people's values stand in the rows of these numbers now.
            self.conceal();
            self.reach.place = None;
            turn.effects.extend(jobs.into_iter().map(Effect::Work));
            self.show_anew(is_there);
        } else {
            self.profiles.give_up_gathering();
        }
        let failed =
            (!is_whole).then(|| error.map_or_else(|| "it was cut short".to_owned(), |e| e.what.clone()));
        if let Some(watch) = &mut self.watch {
            watch.run = None;
            (watch.failed, watch.changes) = (failed, changes);
        }
        self.watch_again(summary, at);
        if changes.any() {
            turn = turn.and(self.tell_changes(changes));
        }
        turn
    }

    /// The command to begin it could not be delivered.
    pub(super) fn watched_undelivered(&mut self) -> Turn {
        self.stop_watching("no longer watching: the background task does not take commands".to_owned())
    }

    /// Another run takes the place of what is watched; the next begins after its end.
    pub(super) fn watch_waits(&mut self) -> Vec<Effect> {
        let Some(watch) = &mut self.watch else { return Vec::new() };
        watch.next = None;
        watch.changes = Changes::default();
        let gone = watch.run.take().map(|id| Effect::Engine(Command::Cancel(id)));
        self.say_watching();
        gone.into_iter().collect()
    }

    /// A run is over: the next begins after a while. Failures and 429s make that longer, and so does a limit of which
    /// watching would take more than its share.
    pub(super) fn watch_again(&mut self, summary: &Summary, at: Moment) {
        let rate = self.world.limits.as_ref().and_then(|limits| limits.rate);
        let Some(watch) = &mut self.watch else { return };
        let strained = watch.failed.is_some() || summary.throttled > 0;
        watch.strained = if strained { watch.strained.saturating_add(1) } else { 0 };
        let needs = rate.filter(|rate| *rate > 0.0).map(|rate| f64::from(summary.requests) / (rate * SHARE));
        let needs = needs.and_then(|needs| Duration::try_from_secs_f64(needs).ok()).unwrap_or_default();
        let backed_off = watch.every.saturating_mul(1 << watch.strained.min(6)).min(LONGEST.max(watch.every));
        let interval = watch.every.max(needs).max(backed_off);
        watch.stretched = match interval {
            same if same == watch.every => None,
            longer if strained => Some((longer, "after what went wrong")),
            longer => Some((longer, "within the rate limit")),
        };
        watch.next = Some(later(at.now, interval));
        self.say_watching();
    }

    /// The open profile is read again; one that is gone closes.
    fn show_anew(&mut self, is_there: bool) {
        if !self.detail_open {
            return;
        }
        let row = self.profiles.selected().filter(|_| is_there);
        match row.and_then(|row| Some((row, self.profiles.profile(row).ok()??))) {
            Some((row, profile)) => self.detail.show(row, profile, self.profiles.past(row)),
            None => self.close_detail(),
        }
    }

    fn tell_changes(&mut self, changes: Changes) -> Turn {
        match self.on_change {
            OnChange::Nothing => Turn::default(),
            OnChange::Notice => self.notice(format!("watching: {}", changes.said())),
            OnChange::Bell => {
                Turn::of(Effect::Bell).and(self.notice(format!("watching: {}", changes.said())))
            }
        }
    }

    fn say_watching(&mut self) {
        let says = self.watch.as_ref().map(|watch| Watching {
            every: watch.every,
            stretched: watch.stretched,
            next: watch.next,
            asking: watch.run.is_some(),
            failed: watch.failed.clone(),
            changes: watch.changes,
        });
        self.profiles.say_watching(says);
    }
}
