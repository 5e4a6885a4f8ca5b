//! What panes are handed, and what they hand back.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use tokio::time::Instant;

use super::action::Action;
use super::faults::Playing;
use super::importing::Importing;
use super::jq::Ask;
use super::kept::Keep;
use super::keymap::Keymap;
use super::outside::Visit;
use super::pipe::Piping;
use super::saving::Saving;
use super::tenants::Whom;
use super::theme::Theme;
use crate::engine::event::{Command, Limits, ServiceInfo};
use crate::engine::query::QueryId;
use crate::rows::{Job, Mask};

/// The pane that has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Focus {
    /// The query builder.
    Builder,
    /// The profiles table.
    Profiles,
    /// One profile.
    Detail,
    /// The activity pane.
    Activity,
}

/// What a pane may read of the world. Nothing in it can be changed from a pane.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    /// Monotonic time of this turn of the loop.
    pub now: Instant,
    /// Wall time of this turn of the loop.
    pub wall: Timestamp,
    /// The zone that times are shown in.
    pub zone: &'a TimeZone,
    /// Whether that is UTC because somebody asked for it, whatever the machine's zone is.
    pub utc: bool,
    /// Styles and symbols.
    pub theme: &'a Theme,
    /// The keys in force, for hints: `ctx.keys.first(Action::Run)`.
    pub keys: &'a Keymap,
    /// Which pane has the keys.
    pub focus: Focus,
    /// Whether that pane has the screen to itself.
    pub zoomed: bool,
    /// Where the pane lies now, borders included; for a page's height in `update`.
    pub area: Rect,
    /// The service, once it is known.
    pub service: Option<&'a ServiceInfo>,
    /// The limits, once they are known.
    pub limits: Option<&'a Limits>,
    /// The run that is under way, if one is.
    pub running: Option<&'a Running>,
    /// Whether rows are asked for only as the reader nears the end.
    pub pull: bool,
    /// The fault that the sandbox plays.
    pub fault: Option<&'a Playing>,
    /// How personal values are shown.
    pub mask: &'a Mask,
}

impl<'a> Ctx<'a> {
    /// The same, for a pane that lies there.
    #[must_use]
    pub fn at(self, area: Rect) -> Ctx<'a> {
        Ctx { area, ..self }
    }
}

/// A run under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its number.
    pub id: QueryId,
    /// When it was asked for.
    pub since: Instant,
    /// Whether it was cancelled and its end is awaited.
    pub cancelling: bool,
    /// Whether it waits until more rows are wanted.
    pub paused: bool,
}

impl Running {
    /// How long it has been under way.
    pub fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }
}

/// What came of an action, a key, a paste or an event.
#[derive(Debug, Default)]
#[must_use]
pub struct Outcome {
    /// Whether the picture may be another now.
    pub changed: bool,
    /// What is to happen outside.
    pub effect: Option<Effect>,
}

impl Outcome {
    /// Nothing happened: whoever is next may have it.
    pub const IGNORED: Self = Self { changed: false, effect: None };
    /// The picture changed.
    pub const CHANGED: Self = Self { changed: true, effect: None };

    /// `changed`, with nothing to happen outside.
    pub fn changed(changed: bool) -> Self {
        Self { changed, effect: None }
    }

    /// The picture changed, and something is to happen outside.
    pub fn effect(effect: Effect) -> Self {
        Self { changed: true, effect: Some(effect) }
    }
}

/// What is to happen outside of the state.
#[derive(Debug)]
pub enum Effect {
    /// To the worker, with `try_send`.
    Engine(Command),
    /// To the clipboard.
    Copy(String),
    /// To a shell command, which runs beside the screen.
    Pipe(Piping),
    /// To a program that has the terminal until it ends.
    Visit(Visit),
    /// Leave, and give this to whoever started us.
    Print(String),
    /// To another thread, which gives its steps back.
    Work(Job),
    /// To another thread, which tells how far it is.
    Save(Box<Saving>),
    /// To a process of its own, which is given little time.
    Jq(Ask),
    /// To the files that outlast the session.
    Keep(Keep),
    /// The terminal's bell.
    Bell,
    /// Who can be asked is to be told.
    ListTenants,
    /// Another session takes the place of this one.
    Open(Whom),
    /// The session is to be recorded in this file, or no longer.
    Record(Option<PathBuf>),
    /// IDs are to be read from a file, on a thread that may wait for the disk.
    Import(Importing),
    /// The profile under the cursor is to be shown and focused; the app does it.
    OpenProfile,
    /// Something to be said in the footer; the app says it.
    Say(String),
    /// An action for the app rather than for the pane: a search field that ends with Enter may ask for `Run`.
    Act(Action),
    /// The terminal is to tell us of the mouse, or to keep it to itself.
    Mouse(bool),
    /// To the background, as Ctrl-Z does in a shell.
    Suspend,
    /// Leave.
    Quit,
}

#[cfg(test)]
pub(crate) mod fixture {
    //! A world to draw panes in.

    use ratatui::buffer::Buffer;

    use super::*;
    use crate::tui::theme::ThemeChoice;

    /// A screen of this size in this theme, with what is drawn on it.
    pub(crate) fn drawn(
        choice: ThemeChoice,
        (width, height): (u16, u16),
        view: impl FnOnce(&Ctx<'_>, Rect, &mut Buffer),
    ) -> Buffer {
        let world = World::new(choice);
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        view(&world.ctx(area), area, &mut buf);
        buf
    }

    /// Owns what a [`Ctx`] borrows.
    pub(crate) struct World {
        pub(crate) now: Instant,
        pub(crate) wall: Timestamp,
        pub(crate) zone: TimeZone,
        pub(crate) utc: bool,
        pub(crate) theme: Theme,
        pub(crate) keys: Keymap,
        pub(crate) focus: Focus,
        pub(crate) service: Option<ServiceInfo>,
        pub(crate) limits: Option<Limits>,
        pub(crate) running: Option<Running>,
        pub(crate) pull: bool,
        pub(crate) fault: Option<Playing>,
        pub(crate) mask: Mask,
    }

    impl World {
        /// 12:01:04 on a day in 2026, connected to the sandbox, nothing running.
        pub(crate) fn new(choice: ThemeChoice) -> Self {
            Self {
                // Only differences matter.
                now: crate::engine::clock::Clock::system().now(),
                wall: "2026-03-04T12:01:04Z".parse().unwrap(),
                zone: TimeZone::UTC,
                utc: false,
                theme: Theme::new(choice, false),
                keys: Keymap::default(),
                focus: Focus::Builder,
                service: Some(ServiceInfo {
                    tenant: "acme".into(),
                    base_url: "http://127.0.0.1:8080".into(),
                    sandbox: true,
                    needs_reason: false,
                    files: vec![],
                }),
                limits: None,
                running: None,
                pull: false,
                fault: None,
                mask: Mask::default(),
            }
        }

        /// For a pane that lies there.
        pub(crate) fn ctx(&self, area: Rect) -> Ctx<'_> {
            Ctx {
                now: self.now,
                wall: self.wall,
                zone: &self.zone,
                utc: self.utc,
                theme: &self.theme,
                keys: &self.keys,
                focus: self.focus,
                zoomed: false,
                area,
                service: self.service.as_ref(),
                limits: self.limits.as_ref(),
                running: self.running.as_ref(),
                pull: self.pull,
                fault: self.fault.as_ref(),
                mask: &self.mask,
            }
        }
    }
}
