//! What is typed into the pane: a search, an expression.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Detail, draw};
use crate::tui::ctx::{Ctx, Effect, Outcome};
use crate::tui::kept::{Keep, What};

/// Where expressions are kept.
pub(super) const KEPT: &str = "jq";

impl Detail {
    /// Whether letters are text now.
    pub fn is_editing(&self) -> bool {
        self.search.is_editing() || self.asking.is_editing
    }

    /// What `Close` gives up, in a word, where it does not close the pane.
    pub fn closes(&self) -> Option<&'static str> {
        if self.is_editing() {
            Some("done")
        } else if !self.search.is_empty() {
            Some("clear")
        } else {
            self.asking.is_open.then_some("end jq")
        }
    }

    /// A key that is text.
    pub fn input(&mut self, key: KeyEvent, ctx: &Ctx<'_>) -> Outcome {
        if self.search.is_editing() {
            if key.code == KeyCode::Enter {
                self.search.from = None;
                return Outcome::CHANGED;
            }
            let changed = self.search.field.input(key);
            return self.searched(changed, ctx);
        }
        if !self.asking.is_editing {
            return Outcome::IGNORED;
        }
        let (width, height) = draw::body(self, ctx);
        let changed = match key.code {
            KeyCode::Enter => return self.leave_jq(),
            KeyCode::Up => self.asking.recall(true),
            KeyCode::Down => self.asking.recall(false),
            KeyCode::PageUp | KeyCode::PageDown => {
                self.step(key.code == KeyCode::PageDown, height.max(2) - 1, width);
                self.settle(ctx);
                return Outcome::CHANGED;
            }
            _ => {
                let changed = self.asking.field.input(key);
                if changed {
                    self.asking.want();
                }
                changed
            }
        };
        Outcome::changed(changed)
    }

    /// Pasted text; its first line counts.
    pub fn paste(&mut self, text: &str, ctx: &Ctx<'_>) -> Outcome {
        if self.search.is_editing() {
            let changed = self.search.field.paste(text);
            return self.searched(changed, ctx);
        }
        let changed = self.asking.is_editing && self.asking.field.paste(text);
        if changed {
            self.asking.want();
        }
        Outcome::changed(changed)
    }

    fn searched(&mut self, changed: bool, ctx: &Ctx<'_>) -> Outcome {
        if changed {
            self.search_again();
            self.settle(ctx);
        }
        Outcome::changed(changed)
    }

    /// Opens the line of jq, with what it held.
    pub(super) fn open_jq(&mut self) {
        if !self.asking.is_open {
            self.asking.is_open = true;
            self.asking.forget();
            self.show_from_the_top();
        }
        self.asking.is_editing = true;
    }

    /// Leaves what is being typed, then clears the search, then ends jq.
    pub(super) fn close(&mut self) -> Outcome {
        if self.search.is_editing() {
            self.search.from = None;
        } else if self.asking.is_editing {
            return self.leave_jq();
        } else if !self.search.is_empty() {
            self.search = super::Search::default();
        } else if self.asking.is_open {
            self.asking.is_open = false;
            self.asking.forget();
            self.show_from_the_top();
        } else {
            return Outcome::IGNORED;
        }
        Outcome::CHANGED
    }

    fn show_from_the_top(&mut self) {
        (self.cursor, self.top) = Default::default();
        self.goal.clear();
        self.refill();
    }

    fn leave_jq(&mut self) -> Outcome {
        match self.asking.leave() {
            Some(lines) => Outcome::effect(Effect::Keep(Keep { name: KEPT, what: What::Whole(lines) })),
            None => Outcome::CHANGED,
        }
    }
}
