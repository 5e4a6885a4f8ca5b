//! The query builder.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::error::Error;
use crate::engine::plan::Plan;
use crate::engine::query::{Draft, Query};
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Outcome};

/// The query builder.
#[derive(Debug)]
pub struct Builder {
    draft: Draft,
}

impl Builder {
    /// A builder filled from a draft, outside any editor.
    pub fn new(draft: Draft) -> Self {
        Self { draft }
    }

    /// The query as it stands.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn query(&self) -> Result<Query, Vec<Error>> {
        self.draft.check()
    }

    /// Asks for a plan of the query as it stands (called once the worker is ready and after runs);
    /// the builder also asks by itself when the query changed.
    pub fn replan(&mut self, _ctx: &Ctx<'_>) -> Outcome {
        Outcome::IGNORED
    }

    /// A plan came; one for an older ticket is dropped.
    pub fn planned(&mut self, _ticket: u64, _plan: Plan) -> Outcome {
        Outcome::IGNORED
    }

    /// Whether a text field is being edited: then letters go to [`Builder::input`].
    pub fn is_editing(&self) -> bool {
        false
    }

    /// Does an action. `Close` while editing leaves the editor; otherwise it is ignored.
    pub fn update(&mut self, _action: Action, _ctx: &Ctx<'_>) -> Outcome {
        Outcome::IGNORED
    }

    /// A key while editing that is no command.
    pub fn input(&mut self, _key: KeyEvent, _ctx: &Ctx<'_>) -> Outcome {
        Outcome::IGNORED
    }

    /// Pasted text while this pane has the keys, editing or not.
    pub fn paste(&mut self, _text: &str, _ctx: &Ctx<'_>) -> Outcome {
        Outcome::IGNORED
    }

    /// Draws the pane, border included.
    pub fn view(&self, _ctx: &Ctx<'_>, _area: Rect, _buf: &mut Buffer) {}
}
