//! Which pane has the keys, how the screen is shared out, and what changes that.

use super::{App, Moment, Turn};
use crate::tui::action::{Action, Context};
use crate::tui::ctx::{Effect, Focus, Outcome};
use crate::tui::kept::{Keep, Kept, What};
use crate::tui::layout::{Arrangement, Panes, Split, Splits};

/// Where the places of lines between panes are kept.
const FILE: &str = "layout.toml";
/// So many columns or lines an arrow moves a line.
const STEP: [i16; 2] = [2, 1];

impl App {
    /// What the layout depends on, the size of the screen aside.
    pub(super) fn arrangement(&self) -> Arrangement {
        Arrangement {
            focus: self.world.focus,
            detail_open: self.detail_open,
            zoomed: self.world.zoomed,
            splits: self.world.splits,
        }
    }

    /// Where everything lies; `None` on a screen that is too small.
    pub(super) fn panes(&self) -> Option<Panes> {
        self.arrangement().layout(self.world.size)
    }

    /// The keys go to this pane. An editor elsewhere is left, with its text kept.
    pub(super) fn focus(&mut self, to: Focus, at: Moment) -> Turn {
        if to == self.world.focus {
            return Turn::default();
        }
        let left = match self.context() {
            Context::Editor => self.update_focused(Action::Close, at),
            _ => Outcome::IGNORED,
        };
        self.world.focus = to;
        self.settle(left, at).and(Turn::CHANGED)
    }

    /// The pane that has the keys gets the screen to itself, or gives it back.
    pub(super) fn zoom(&mut self) -> Turn {
        self.world.zoomed = !self.world.zoomed;
        self.read_on();
        Turn::CHANGED
    }

    /// Moves a line between panes, or all of them to where they lie by themselves.
    pub(super) fn rearrange(&mut self, action: Action) -> Turn {
        let upright = matches!(action, Action::SplitLeft | Action::SplitRight);
        let back = matches!(action, Action::SplitLeft | Action::SplitUp);
        let by = if back { -1 } else { 1 } * STEP[usize::from(!upright)];
        if action == Action::ResetLayout {
            self.world.zoomed = false;
            self.world.splits = Splits::default();
            return self
                .keep_layout()
                .and(self.notice("panes are as large as they are by themselves".into()));
        }
        let Some(split) = self.panes().and_then(|panes| panes.split_of(self.world.focus, upright)) else {
            let key = self.world.keys.first(Action::Zoom);
            return self.notice(format!("this pane has the screen to itself; {key} shows the others"));
        };
        let moved = self.arrangement().nudged(self.world.size, split, by);
        self.put(moved).and(self.keep_layout())
    }

    /// A line between panes is dragged.
    pub(super) fn drag(&mut self, split: Split, to: ratatui::layout::Position) -> Turn {
        let moved = self.arrangement().dragged(self.world.size, split, to);
        self.put(moved)
    }

    fn put(&mut self, moved: Arrangement) -> Turn {
        let before = self.panes();
        self.world.splits = moved.splits;
        self.read_on();
        Turn::changed(before != self.panes())
    }

    /// Where the lines are outlasts the session.
    pub(super) fn keep_layout(&self) -> Turn {
        Turn::of(Effect::Keep(Keep { name: FILE, what: What::Whole(self.world.splits.kept()) }))
    }

    /// The lines are where they were.
    pub(super) fn recall_layout(&mut self, kept: &Kept) -> Turn {
        let splits = Splits::recall(&kept.read(FILE));
        let changed = splits != self.world.splits;
        self.world.splits = splits;
        Turn::changed(changed)
    }
}
