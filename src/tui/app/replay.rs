//! An explorer over a recording: what came comes again by itself, and nobody is asked anything.
//!
//! What was done then is done again to the state ([`App::played`]), what is typed now is not sent to anybody.

use std::time::Duration;

use super::builder::Search;
use super::masking::Masking;
use super::{App, Moment, Turn};
use crate::engine::event::Command;
use crate::engine::event::replay::{Played, Replay, Steer, What};
use crate::engine::query::{Draft, QueryId};
use crate::engine::recording::Header;
use crate::tui::action::Action;
use crate::tui::ctx::{Effect, Focus};
use crate::tui::panes::header::Replayed as Shown;

/// How far a key goes back or on.
const STRIDE: Duration = Duration::from_secs(10);

/// What steers a replay.
pub(super) const STEERS: &[Action] = &[
    Action::ReplayPause,
    Action::ReplayStep,
    Action::ReplayBack,
    Action::ReplayForward,
    Action::ReplaySlower,
    Action::ReplayFaster,
];

/// The recording that is replayed.
#[derive(Debug)]
pub(super) struct Replayed {
    shown: Shown,
    /// Whether how it is steered was said.
    told: bool,
}

impl App {
    /// A recording is replayed here, whose first line says this.
    pub fn replays(&mut self, header: &Header) {
        let shown = Shown { recorded: header.at, true_values: header.personal_values_are_true, stands: None };
        self.header.replays(shown.clone());
        self.replay = Some(Replayed { shown, told: false });
    }

    /// What an action does to a replay, or cannot do in one; `None`: what it does elsewhere.
    pub(super) fn steer(&mut self, action: Action, at: Moment) -> Option<Turn> {
        let steer = match action {
            Action::ReplayPause => Some(Steer::Pause),
            Action::ReplayStep => Some(Steer::Step),
            Action::ReplayBack => Some(Steer::Back(STRIDE)),
            Action::ReplayForward => Some(Steer::Forward(STRIDE)),
            Action::ReplaySlower => Some(Steer::Slower),
            Action::ReplayFaster => Some(Steer::Faster),
            _ => None,
        };
        match (steer, &self.replay) {
            (Some(steer), Some(_)) => return Some(Turn::of(Effect::Engine(Command::Replay(steer)))),
            (Some(_), None) => {
                let said = "nothing is replayed here: cxlens replay FILE does that";
                return Some(self.notice(said.to_owned()));
            }
            (None, None) => return None,
            (None, Some(_)) => {}
        }
        let asks = match action {
            Action::Run
            | Action::Find
            | Action::GoOn
            | Action::PullMode
            | Action::Watch
            | Action::Tenants
            | Action::SendAgain
            | Action::MoreAtOnce
            | Action::FewerAtOnce
            | Action::Slower
            | Action::Faster => true,
            Action::CopyCurl => self.overlay.is_none() && self.world.focus != Focus::Activity,
            Action::Record => {
                return Some(self.notice("a replay is a recording already: copy its file".to_owned()));
            }
            _ => false,
        };
        let _ = at;
        asks.then(|| self.nobody_is_asked())
    }

    /// Says that what was wanted needs a service.
    pub(super) fn nobody_is_asked(&mut self) -> Turn {
        self.notice("this is a replay: nobody is asked; what was recorded goes on by itself".to_owned())
    }

    /// Something is said of the replay.
    pub(super) fn replay_told(&mut self, what: Replay, at: Moment) -> Turn {
        let Some(replay) = &mut self.replay else { return Turn::default() };
        match what {
            Replay::Stands(stands) => {
                replay.shown.stands = Some(stands);
                self.header.replays(replay.shown.clone());
                if std::mem::replace(&mut replay.told, true) {
                    return Turn::CHANGED;
                }
                let key = |action| self.world.keys.first(action);
                let (pause, step) = (key(Action::ReplayPause), key(Action::ReplayStep));
                let (back, on) = (key(Action::ReplayBack), key(Action::ReplayForward));
                let (slower, faster) = (key(Action::ReplaySlower), key(Action::ReplayFaster));
                self.notice(format!(
                    "a replay: {pause} stands still, {step} steps, {back} and {on} go back and on, {slower} and \
                     {faster} are slower and faster; nobody is asked"
                ))
            }
            Replay::Anew => self.anew(),
            Replay::Damaged(error) => {
                self.note(format!("{error}"), at);
                self.fail(vec![error], None);
                Turn::CHANGED
            }
        }
    }

    /// Something of the recording comes again.
    pub(super) fn played(&mut self, played: Played) -> Turn {
        let Played { at: now, wall, what } = played;
        let at = Moment { now, wall };
        let mut turn = match what {
            What::Event(event) => self.event(event, at),
            What::Command(command) => self.was_asked(command, at),
        };
        // What it would have others do was done then.
        turn.effects.retain(|effect| matches!(effect, Effect::Work(_) | Effect::Jq(_)));
        turn
    }

    /// A command was given then: the state is what it was after it.
    fn was_asked(&mut self, command: Command, at: Moment) -> Turn {
        match command {
            Command::Run(id, query, want) => {
                self.build(query.to_draft());
                self.numbered = id.0.saturating_sub(1);
                let turn = self.begin(query, at);
                self.wants(want);
                turn
            }
            Command::Resume(id, place, want) => {
                self.numbered = id.0.saturating_sub(1);
                let turn = self.resume(place, at);
                self.wants(want);
                turn
            }
            Command::Want(id, want) => {
                if let Some(running) = self.world.running.as_mut().filter(|running| running.id == id) {
                    running.paused = false;
                }
                self.wants(want);
                Turn::CHANGED
            }
            Command::Cancel(id) => {
                if let Some(running) = self.world.running.as_mut().filter(|running| running.id == id) {
                    running.cancelling = true;
                }
                Turn::CHANGED
            }
            Command::Plan(super::copying::TICKET, _) => Turn::default(),
            Command::Plan(ticket, query) => {
                self.build(query.to_draft());
                self.builder.expect(ticket);
                Turn::CHANGED
            }
            _ => Turn::default(),
        }
    }

    /// The builder holds this query; whoever looks at it there is not disturbed by the same one.
    fn build(&mut self, draft: Draft) {
        if self.builder.draft() != draft {
            self.builder.fill(draft);
        }
    }

    /// The state before anything was recorded. How things are arranged stays.
    fn anew(&mut self) -> Turn {
        (self.shown, self.numbered) = (QueryId::default(), 0);
        (self.search, self.masking) = (Search::default(), Masking::default());
        self.conceal();
        self.header.anew();
        self.activity.clear();
        self.profiles.clear();
        self.detail.clear();
        self.detail_open = false;
        self.overlay = None;
        (self.held, self.broken, self.wanted) = (None, None, None);
        (self.world.service, self.world.limits, self.world.running) = (None, None, None);
        self.reach.place = None;
        self.builder.fill(Draft::default());
        if self.world.focus == Focus::Detail {
            self.world.focus = Focus::Profiles;
        }
        Turn::CHANGED
    }
}
