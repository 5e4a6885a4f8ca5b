//! What the explorer's state is handed, what it hands back, and what all panes may read of it.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use tokio::time::Instant;

use crate::config::{Look, OnChange};
use crate::engine::error::Error;
use crate::engine::event::{Limits, OpenedFile, ServiceInfo};
use crate::engine::query::Draft;
use crate::rows::Mask;
use crate::tui::ctx::{Ctx, Effect, Focus, Running};
use crate::tui::faults::{Playing, Stage};
use crate::tui::keymap::Keymap;
use crate::tui::layout::Splits;
use crate::tui::theme::Theme;

/// The time of one turn of the loop, both ways of telling it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// For what lasts.
    pub now: Instant,
    /// For people.
    pub wall: Timestamp,
}

/// What came of one turn: whether to draw, and what is to happen outside.
#[derive(Debug, Default)]
#[must_use]
pub struct Turn {
    /// Whether the picture may be another now.
    pub changed: bool,
    /// In the order in which they are to happen.
    pub effects: Vec<Effect>,
}

impl Turn {
    /// The picture may be another.
    pub const CHANGED: Self = Self { changed: true, effects: Vec::new() };

    /// Something is to happen outside.
    pub fn of(effect: Effect) -> Self {
        Self { changed: false, effects: vec![effect] }
    }

    pub(super) fn changed(changed: bool) -> Self {
        Self { changed, effects: Vec::new() }
    }

    /// Both, one after the other.
    pub fn and(mut self, other: Self) -> Self {
        self.changed |= other.changed;
        self.effects.extend(other.effects);
        self
    }
}

/// What the explorer starts with.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of the start, each named where it is set"
)]
pub struct Start {
    /// The query that is ready to run.
    pub draft: Draft,
    /// Whether it runs as soon as the service is known.
    pub run: bool,
    /// Runs pause after so many rows; `None`: never.
    pub pause: Option<u64>,
    /// Whether rows are asked for only as the reader nears the end.
    pub pull: bool,
    /// Bytes that rows may take in memory.
    pub budget: usize,
    /// Styles and symbols.
    pub theme: Theme,
    /// Keys.
    pub keys: Keymap,
    /// What was wrong with the file of keys; said at once.
    pub wrong: Vec<Error>,
    /// The tenant's name as set.
    pub tenant: String,
    /// Whether it will be the embedded server.
    pub sandbox: bool,
    /// How the tenant's name looks.
    pub look: Look,
    /// What tells that something changed which is watched.
    pub on_change: OnChange,
    /// The files that are looked at in place of a service.
    pub files: Vec<OpenedFile>,
    /// Where its faults stand once it runs.
    pub faults: Stage,
    /// Whether the mouse works.
    pub mouse: bool,
    /// How personal values are shown.
    pub mask: Mask,
    /// Whether a shell line waits for a choice.
    pub picks: bool,
    /// Whether a newcomer may be shown around.
    pub tour: bool,
}

/// What all panes may read.
#[derive(Debug)]
pub(super) struct World {
    pub(super) theme: Theme,
    pub(super) keys: Keymap,
    /// The machine's.
    pub(super) zone: TimeZone,
    /// Whether times are shown in UTC all the same.
    pub(super) utc: Option<TimeZone>,
    pub(super) size: Rect,
    pub(super) focus: Focus,
    pub(super) zoomed: bool,
    pub(super) splits: Splits,
    pub(super) service: Option<Arc<ServiceInfo>>,
    pub(super) limits: Option<Arc<Limits>>,
    pub(super) running: Option<Running>,
    pub(super) pull: bool,
    pub(super) fault: Option<Playing>,
    pub(super) mask: Mask,
}

impl World {
    pub(super) fn ctx(&self, at: Moment, area: Rect) -> Ctx<'_> {
        Ctx {
            now: at.now,
            wall: at.wall,
            zone: self.utc.as_ref().unwrap_or(&self.zone),
            utc: self.utc.is_some(),
            theme: &self.theme,
            keys: &self.keys,
            focus: self.focus,
            zoomed: self.zoomed,
            area,
            service: self.service.as_deref(),
            limits: self.limits.as_deref(),
            running: self.running.as_ref(),
            pull: self.pull,
            fault: self.fault.as_ref(),
            mask: &self.mask,
        }
    }
}
