//! What is chosen from the palette, and faults of the sandbox among it.
//!
//! An answer from the cache meets no fault. Hence runs go past the cache while a fault is played, and after every
//! change until one of them was well: what a fault spoiled must not come back from the cache either.

use super::{App, Moment, Turn, replay};
use crate::engine::event::Status;
use crate::engine::query::{Query, QueryId};
use crate::tui::action::{Action, Context};
use crate::tui::ctx::{Focus, Outcome};
use crate::tui::faults::{Faults, Playing, Stage};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::palette::{Choice, Palette};

/// What the sandbox is made to do wrong.
#[derive(Debug)]
pub(super) struct Faulty {
    stage: Stage,
    /// Whether the cache may hold what a fault spoiled, or would keep one from being seen.
    distrust: bool,
    /// The run that began with this and would end it.
    trial: Option<QueryId>,
}

impl Faulty {
    pub(super) fn new(stage: Stage) -> Self {
        Self { stage, distrust: false, trial: None }
    }

    fn faults(&self) -> Option<&dyn Faults> {
        self.stage.get().map(AsRef::as_ref)
    }

    /// The query as it would be run now.
    pub(super) fn past_cache(&self, query: Query) -> Query {
        if self.distrust { query.uncached() } else { query }
    }

    /// A run is over.
    pub(super) fn finished(&mut self, id: QueryId, status: Status, fault: Option<&Playing>) {
        let well = fault.is_none_or(Playing::is_over);
        if well && self.trial == Some(id) && status == Status::Success {
            self.distrust = false;
        }
    }
}

impl App {
    /// Opens the palette for where the user is.
    pub(super) fn open_palette(&mut self) -> Turn {
        let sandbox = self.world.service.as_ref().is_some_and(|service| service.sandbox);
        let faults = self.faulty.faults().filter(|_| sandbox);
        let others: Vec<_> = self.others().into_iter().map(|(place, _)| place).collect();
        let mut palette = Palette::reaching(self.context(), &others, &self.world.keys, faults);
        if !self.picks {
            palette.leave_out(&[Action::Pick]);
        }
        if self.looks_at_files() {
            palette.leave_out(&[Action::MoreAtOnce, Action::FewerAtOnce, Action::Slower, Action::Faster]);
        }
        palette.leave_out(if self.replay.is_some() { &[Action::Record] } else { replay::STEERS });
        self.overlay = Some(Overlay::Palette(Box::new(palette)));
        Turn::CHANGED
    }

    /// Does what is selected in the palette.
    pub(super) fn choose(&mut self, at: Moment) -> Turn {
        let Some(Overlay::Palette(palette)) = &mut self.overlay else { return Turn::default() };
        let Some(choice) = palette.choice() else { return Turn::default() };
        let behind = palette.behind.take();
        self.overlay = None;
        let turn = match choice {
            Choice::Do(action) => {
                let there = self.go_where(action, at);
                there.and(self.act(action, at))
            }
            Choice::Play(name) => self.play(&name, at),
            Choice::EndFault => self.end_fault(at),
        };
        if let (None, Some(panel)) = (&self.overlay, behind) {
            self.overlay = Some(Overlay::Error(panel));
        }
        Turn::CHANGED.and(turn)
    }

    /// The panes that are seen and do not have the keys, and whose commands could be done all the same.
    fn others(&self) -> Vec<(Context, Focus)> {
        let files = self.looks_at_files();
        let all = [
            (Context::Profiles, Focus::Profiles, !self.profiles.is_empty()),
            (Context::Detail, Focus::Detail, self.detail_open),
            (Context::Builder, Focus::Builder, !files),
            (Context::Activity, Focus::Activity, !files),
        ];
        let here = self.context();
        let other = |(place, focus, there)| (there && place != here).then_some((place, focus));
        all.into_iter().filter_map(other).collect()
    }

    /// Goes to the pane that an action is for, where it is for another than this one.
    fn go_where(&mut self, action: Action, at: Moment) -> Turn {
        let places = action.entry().contexts;
        let Some((_, focus)) = self.others().into_iter().find(|(place, _)| places.contains(place)) else {
            return Turn::default();
        };
        // What changes the bounds does so from everywhere.
        let is_bound =
            matches!(action, Action::MoreAtOnce | Action::FewerAtOnce | Action::Slower | Action::Faster);
        if is_bound || places.contains(&self.context()) {
            return Turn::default();
        }
        let left = match self.context() {
            Context::Editor => self.update_focused(Action::Close, at),
            _ => Outcome::IGNORED,
        };
        self.world.focus = focus;
        self.settle(left, at).and(Turn::CHANGED)
    }

    fn play(&mut self, name: &str, at: Moment) -> Turn {
        let Some(faults) = self.faulty.faults() else { return Turn::default() };
        if let Err(why) = faults.play(name) {
            return self.notice(why);
        }
        self.note(format!("fault {name} is played from now on"), at);
        let said = match self.world.running {
            // Many strike a run's first pages alone.
            Some(_) => {
                let run = self.world.keys.first(Action::Run);
                format!("the fault is on for what is asked from now on; {run} meets it from the first page")
            }
            None => format!("the fault is on: {} asks past the cache", self.world.keys.first(Action::Run)),
        };
        self.fault_changed(said, at)
    }

    fn end_fault(&mut self, at: Moment) -> Turn {
        let Some(faults) = self.faulty.faults() else { return Turn::default() };
        faults.clear();
        self.note("the sandbox is well again".to_owned(), at);
        let run = self.world.keys.first(Action::Run);
        self.fault_changed(format!("the sandbox is well again; {run} asks past the cache"), at)
    }

    fn fault_changed(&mut self, said: String, at: Moment) -> Turn {
        self.faulty.distrust = true;
        self.faulty.trial = None;
        self.look_at_fault();
        // The plan counted on the cache.
        self.notice(said).and(self.replan(at))
    }

    /// Takes note of how far the fault has come.
    pub(super) fn look_at_fault(&mut self) {
        self.world.fault = self.faulty.faults().and_then(Faults::playing);
    }

    /// The query as it is run now; says so where it goes past the cache.
    pub(super) fn really(&mut self, query: Query, at: Moment) -> Query {
        // A fault that has done all that it does is not played in the runs to come.
        if self.world.fault.as_ref().is_some_and(Playing::is_over)
            && let Some(faults) = self.faulty.faults()
        {
            faults.clear();
            self.world.fault = None;
        }
        if !self.faulty.distrust {
            return query;
        }
        self.faulty.trial = Some(self.shown);
        let why = match &self.world.fault {
            Some(fault) => format!("fault {} is played", fault.name),
            None => "a fault was played before".to_owned(),
        };
        self.note(format!("run {} asks past the cache: {why}", self.shown.0), at);
        self.faulty.past_cache(query)
    }

    pub(super) fn note(&mut self, text: String, at: Moment) {
        let ctx = self.world.ctx(at, self.area_of(Focus::Activity));
        self.activity.note(text, &ctx);
    }
}
