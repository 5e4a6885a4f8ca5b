//! The first steps: a newcomer is shown around once, without being held up.
//!
//! A step is a small box that takes no key: doing what it tells leads to the next, moving about leaves it, and
//! whatever else is done closes the tour. Esc closes it where it would do nothing else.

use super::{App, Turn};
use crate::tui::action::Action;
use crate::tui::ctx::Effect;
use crate::tui::kept::{Keep, Kept, What};
use crate::tui::overlays::tour::STEPS;

/// The file that says that it was shown.
const FILE: &str = "tour";

/// How far somebody was shown around.
#[derive(Debug)]
pub(super) struct Guide {
    /// Whether a newcomer may be shown around at all.
    wanted: bool,
    /// The step that is shown.
    step: Option<usize>,
    /// Whether it is to be kept that it was shown.
    to_keep: bool,
}

impl Guide {
    pub(super) fn new(wanted: bool) -> Self {
        Self { wanted, step: None, to_keep: false }
    }

    /// Begins, unless it was shown before.
    pub(super) fn remember(&mut self, kept: &Kept) {
        if self.wanted && kept.read(FILE).is_empty() {
            (self.step, self.to_keep) = (Some(0), true);
        }
    }

    /// The step that is shown.
    pub(super) fn step(&self) -> Option<usize> {
        self.step
    }

    /// Nothing is shown any more; says whether anything was.
    pub(super) fn close(&mut self) -> bool {
        self.step.take().is_some()
    }
}

impl App {
    /// Begins the tour, whoever saw it before.
    pub(super) fn begin_tour(&mut self) -> Turn {
        self.guide.step = Some(0);
        Turn::CHANGED
    }

    /// Something is done: what the step tells, or something else.
    pub(super) fn guide(&mut self, action: Action) -> Turn {
        let Some(at) = self.guide.step else { return Turn::default() };
        match action {
            _ if STEPS.get(at).is_some_and(|step| step.does.contains(&action)) => {
                self.guide.step = Some(at + 1).filter(|next| *next < STEPS.len());
                if self.guide.step.is_none() {
                    let key = self.key_of(Action::Tour);
                    return self
                        .kept_tour()
                        .and(self.notice(format!("that was the tour; {key} shows it again")));
                }
            }
            Action::Up
            | Action::Down
            | Action::Left
            | Action::Right
            | Action::PageUp
            | Action::PageDown
            | Action::First
            | Action::Last
            | Action::NextPane
            | Action::PreviousPane
            | Action::NextProfile
            | Action::PreviousProfile
            | Action::Close
            | Action::Suspend
            | Action::Freeze => {}
            _ => self.guide.step = None,
        }
        self.kept_tour().and(Turn::CHANGED)
    }

    /// Once shown is shown: also to somebody who leaves at once.
    fn kept_tour(&mut self) -> Turn {
        if !std::mem::take(&mut self.guide.to_keep) {
            return Turn::default();
        }
        Turn::of(Effect::Keep(Keep { name: FILE, what: What::Whole("shown\n".to_owned()) }))
    }
}
