//! The query builder.
//!
//! ```text
//! IDs  3            an editor; a long list lives beside it
//! Fields  9/9       the matrix
//! Segments  SEG-A   an editor of one line
//! Filter  ...       an editor that wraps
//! plan 200 requests, ~21 s      or what is wrong
//! ```
//!
//! The cursor walks over the sections; Enter edits one, Esc leaves it with its text kept. Whenever the query
//! changed and is valid, a plan of it is asked for; only the answer to the last question counts.

mod draw;
mod editor;
mod filter;
mod ids;
mod matrix;
mod segments;
mod spots;
#[cfg(test)]
mod tests;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::time::Instant;

pub use self::spots::Spot;

use self::editor::Editor;
use self::ids::{Ids, tokens};
use self::matrix::Matrix;
use self::segments::{Known, Offered};
use crate::engine::error::Error;
use crate::engine::event::Command;
use crate::engine::plan::Plan;
use crate::engine::query::{Draft, FieldSet, Query};
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Effect, Outcome};

/// The longest text that is pasted into a filter, in bytes; what is too long for a query is shown and refused.
const LONGEST_FILTER_PASTE: usize = 64 * 1024;
/// Nobody means so many segments, nor a filter of so many words, when pasting outside of an editor.
const LONG_COLUMN: usize = 100;

/// The query builder.
#[derive(Debug)]
pub struct Builder {
    ids: Ids,
    matrix: Matrix,
    segments: Editor,
    /// Segments that were seen, and are offered.
    known: Known,
    filter: Editor,
    /// What the builder has no field for: page size, limit, retention, cache.
    rest: Draft,
    section: Section,
    editing: bool,
    /// Whether the query asks for anything, and everything that is wrong with it.
    state: State,
    /// The number of the last question for a plan.
    ticket: u64,
    plan: Option<Plan>,
    /// A filter that the service refused, and what it said of it.
    refused: Option<(String, Error)>,
    /// Something to say until the next key.
    notice: Option<String>,
}

/// A part of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Ids,
    Fields,
    Segments,
    Filter,
}

/// What the query is good for.
#[derive(Debug)]
enum State {
    /// It can run.
    Ready,
    /// It has no target yet; nothing is wrong with the rest.
    Blank,
    /// What is wrong.
    Wrong(Vec<Error>),
}

impl Builder {
    /// A builder filled from a draft, outside any editor.
    pub fn new(mut draft: Draft) -> Self {
        let ids = std::mem::take(&mut draft.ids);
        let segments = std::mem::take(&mut draft.segments);
        let filter = std::mem::take(&mut draft.filter);
        let mut builder = Self {
            section: Section::Ids,
            ids: Ids::new(ids),
            matrix: Matrix::new(draft.fields),
            segments: Editor::one_line(&segments.join(", ")),
            known: Known::default(),
            filter: Editor::one_line(&filter),
            rest: draft,
            editing: false,
            state: State::Blank,
            ticket: 0,
            plan: None,
            refused: None,
            notice: None,
        };
        builder.judge();
        builder
    }

    /// Another query takes the place of what is typed. Answers to questions for earlier plans stay stale.
    pub fn fill(&mut self, draft: Draft) {
        *self = Self { ticket: self.ticket, ..Self::new(draft) };
    }

    /// What is typed, as it stands.
    pub fn draft(&self) -> Draft {
        Draft { ids: self.ids.texts(), ..self.draft_without_ids() }
    }

    /// Asks for the IDs, the segments and the filter of a draft in place of those that are there, outside any editor.
    pub fn aim(&mut self, draft: &Draft, _ctx: &Ctx<'_>) -> Outcome {
        self.editing = false;
        self.notice = None;
        self.ids = Ids::new(draft.ids.clone());
        self.segments = Editor::one_line(&draft.segments.join(", "));
        self.filter = Editor::one_line(&draft.filter);
        self.section = match (self.ids.is_empty(), self.filter.is_blank()) {
            (false, _) => Section::Ids,
            (true, false) => Section::Filter,
            (true, true) => Section::Segments,
        };
        self.changed()
    }

    /// Takes up IDs that were read from a file, behind those that are there.
    pub fn import(&mut self, ids: Vec<String>, from: &str, _ctx: &Ctx<'_>) -> Outcome {
        self.section = if self.editing { self.section } else { Section::Ids };
        let from = from.rsplit('/').next().unwrap_or(from);
        let how = format!("read from {}", crate::engine::text::clean(from));
        self.notice = Some(self.ids.add(ids, &how, false));
        self.changed()
    }

    /// The fields that are asked for.
    pub fn fields(&self) -> FieldSet {
        self.matrix.fields()
    }

    /// Asks for these fields.
    pub fn select_fields(&mut self, fields: FieldSet, _ctx: &Ctx<'_>) -> Outcome {
        self.matrix.select(fields);
        self.changed()
    }

    /// Segments that can be offered while others are typed; gives those that were not known.
    pub fn know_segments(&mut self, segments: Vec<String>) -> Vec<String> {
        self.known.learn(segments)
    }

    /// The query as it stands.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn query(&self) -> Result<Query, Vec<Error>> {
        self.draft().check()
    }

    /// Asks for a plan of the query as it stands (called once the worker is ready and after runs);
    /// the builder also asks by itself when the query changed.
    pub fn replan(&mut self, _ctx: &Ctx<'_>) -> Outcome {
        self.ask()
    }

    /// When the plan becomes another by time alone: answers in the cache grow too old. Answered with [`replan`](Self::replan).
    pub fn next_change(&self) -> Option<Instant> {
        self.plan.as_ref().filter(|_| matches!(self.state, State::Ready)).and_then(|plan| plan.cached_until)
    }

    /// A plan came; one for an older ticket is dropped.
    pub fn planned(&mut self, ticket: u64, plan: Plan) -> Outcome {
        if ticket != self.ticket || !matches!(self.state, State::Ready) {
            return Outcome::IGNORED;
        }
        let changed = self.plan.as_ref() != Some(&plan);
        self.plan = Some(plan);
        Outcome::changed(changed)
    }

    /// The plan with this ticket is the one that is awaited: a replay asks for none itself.
    pub fn expect(&mut self, ticket: u64) {
        self.ticket = ticket;
    }

    /// A run ended with an error. Where it is about a place in the filter, that is shown there until the text is another,
    /// and the cursor goes to it; says whether it is.
    pub fn refused(&mut self, error: &Error) -> bool {
        if error.filter_at.is_none() {
            return false;
        }
        self.refused = Some((self.filter.text(), error.clone()));
        self.section = Section::Filter;
        true
    }

    /// Whether a text field is being edited: then letters go to [`Builder::input`].
    pub fn is_editing(&self) -> bool {
        self.editing
    }

    /// Does an action. `Close` while editing leaves the editor; otherwise it is ignored.
    pub fn update(&mut self, action: Action, ctx: &Ctx<'_>) -> Outcome {
        let said = self.notice.take().is_some();
        let outcome = self.act(action, ctx);
        Outcome { changed: outcome.changed || said, ..outcome }
    }

    /// A key while editing that is no command.
    pub fn input(&mut self, key: KeyEvent, ctx: &Ctx<'_>) -> Outcome {
        if !self.editing {
            return Outcome::IGNORED;
        }
        let said = self.notice.take().is_some();
        if self.section == Section::Segments {
            match self.known.input(key, &self.segments.text()) {
                Some(Offered::Taken(text)) => {
                    self.segments = Editor::one_line(&text);
                    return self.changed();
                }
                Some(Offered::Moved) => return Outcome::CHANGED,
                None => {}
            }
        }
        // A filter has lines.
        if self.section == Section::Segments && key.code == KeyCode::Enter {
            return self.leave();
        }
        let page = usize::from(ctx.area.height / 2).max(1);
        let pressed = match self.section {
            Section::Ids => self.ids.input(key, page),
            Section::Segments => self.segments.input(key, page),
            Section::Filter => self.filter.input(key, page),
            Section::Fields => Pressed::Nothing,
        };
        match pressed {
            Pressed::Nothing => Outcome::changed(said),
            Pressed::Moved => {
                // What is wrong with the line under the cursor is said first.
                if self.section == Section::Ids && !self.ids.wrong().is_empty() {
                    self.judge();
                }
                Outcome::CHANGED
            }
            Pressed::Changed => self.changed(),
        }
    }

    /// Pasted text while this pane has the keys, editing or not.
    pub fn paste(&mut self, text: &str, _ctx: &Ctx<'_>) -> Outcome {
        self.notice = None;
        match self.section {
            // Whoever pastes on the matrix, or a long column outside of any editor, means a list of IDs.
            _ if !self.editing && tokens(text).nth(LONG_COLUMN).is_some() => {
                self.section = Section::Ids;
                self.notice = Some(self.ids.paste(text, false));
            }
            Section::Ids | Section::Fields => self.notice = Some(self.ids.paste(text, self.editing)),
            Section::Segments => {
                let pasted: Vec<String> = tokens(text).map(str::to_owned).collect();
                let apart = self.editing || self.segments.is_blank();
                self.segments
                    .insert(&format!("{}{}", if apart { "" } else { ", " }, pasted.join(", ")), self.editing);
            }
            Section::Filter => {
                let end = text.floor_char_boundary(LONGEST_FILTER_PASTE);
                if end < text.len() {
                    self.notice =
                        Some(format!("only the first {} kB were taken", LONGEST_FILTER_PASTE / 1024));
                }
                let text = text[..end].trim_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
                self.filter.insert(&text, self.editing);
            }
        }
        self.changed()
    }

    /// Draws the pane, border included.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        draw::pane(self, ctx, area, buf);
    }

    fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Outcome {
        if self.editing {
            return if action == Action::Close { self.leave() } else { Outcome::IGNORED };
        }
        let columns = draw::matrix_columns(ctx.area);
        let before = (self.section, self.matrix.cursor());
        match action {
            Action::Up => self.up(columns),
            Action::Down => self.down(columns),
            Action::Left if self.section == Section::Fields => self.matrix.step(-1),
            Action::Right if self.section == Section::Fields => self.matrix.step(1),
            Action::First => self.section = Section::Ids,
            Action::Last => self.section = Section::Filter,
            Action::PageUp => self.section = self.section.before(),
            Action::PageDown => self.section = self.section.after(),
            Action::Edit | Action::Toggle if self.section == Section::Fields => {
                return if self.matrix.toggle() {
                    self.changed()
                } else {
                    self.notice = Some("id is always asked for".into());
                    Outcome::CHANGED
                };
            }
            Action::Edit => {
                self.editing = true;
                match self.section {
                    Section::Ids => {
                        self.ids.enter();
                        self.judge();
                    }
                    Section::Segments => self.segments.go_to_end(),
                    Section::Filter => match self.objected() {
                        Some(place) => self.filter.go_to(place),
                        None => self.filter.go_to_end(),
                    },
                    Section::Fields => {}
                }
                return Outcome::CHANGED;
            }
            Action::ToggleAll => {
                self.matrix.toggle_all();
                return self.changed();
            }
            Action::Clear => return self.clear(),
            _ => return Outcome::IGNORED,
        }
        Outcome::changed(before != (self.section, self.matrix.cursor()))
    }

    fn up(&mut self, columns: usize) {
        if self.section == Section::Fields && self.matrix.up(columns) {
            return;
        }
        self.section = self.section.before();
        if self.section == Section::Fields {
            self.matrix.enter_from_below(columns);
        }
    }

    fn down(&mut self, columns: usize) {
        if self.section == Section::Fields && self.matrix.down(columns) {
            return;
        }
        let from = self.section;
        self.section = from.after();
        if self.section == Section::Fields && from == Section::Ids {
            self.matrix.enter_from_above(columns);
        }
    }

    fn clear(&mut self) -> Outcome {
        match self.section {
            Section::Ids => self.ids = Ids::new(Vec::new()),
            Section::Segments => self.segments = Editor::one_line(""),
            Section::Filter => self.filter = Editor::one_line(""),
            Section::Fields => return Outcome::IGNORED,
        }
        self.changed()
    }

    fn leave(&mut self) -> Outcome {
        self.editing = false;
        self.known.choose_none();
        self.ids.leave();
        self.judge();
        // A plan that was put off while typing is asked for now.
        let asked = if self.ids.is_long() { self.ask() } else { Outcome::IGNORED };
        Outcome { changed: true, effect: asked.effect }
    }

    /// The query is another now.
    fn changed(&mut self) -> Outcome {
        self.judge();
        self.plan = None;
        if self.refused.as_ref().is_some_and(|(filter, _)| *filter != self.filter.text()) {
            self.refused = None;
        }
        if self.editing && self.ids.is_long() && self.section != Section::Ids {
            // Going through a long list with every letter would be felt; it is done on leaving.
            self.ticket += 1;
            return Outcome::CHANGED;
        }
        Outcome { changed: true, effect: self.ask().effect }
    }

    /// Finds out whether it could run; looks at no more than one ID, for they are judged as they come.
    fn judge(&mut self) {
        let wrong_ids = self.ids.errors(self.editing && self.section == Section::Ids);
        let draft = Draft { ids: self.ids.sample(), ..self.draft_without_ids() };
        self.state = match draft.check() {
            Ok(_) if wrong_ids.is_empty() => State::Ready,
            Err(_) if self.is_blank() => State::Blank,
            Ok(_) => State::Wrong(wrong_ids),
            Err(wrong) => State::Wrong(wrong_ids.into_iter().chain(wrong).collect()),
        };
    }

    /// The character of the filter that is objected to: by us, or by the service.
    fn objected(&self) -> Option<usize> {
        let ours = match &self.state {
            State::Wrong(errors) => errors.iter().find_map(|error| error.filter_at),
            State::Ready | State::Blank => None,
        };
        let at = ours.or_else(|| self.refused.as_ref().and_then(|(_, error)| error.filter_at))?;
        let text = self.filter.text();
        // Outer blanks are not sent.
        let before = text.chars().take_while(|c| c.is_whitespace()).count();
        Some(before + at.saturating_sub(1))
    }

    fn is_blank(&self) -> bool {
        self.ids.is_empty() && self.segments.is_blank() && self.filter.is_blank()
    }

    fn ask(&mut self) -> Outcome {
        self.ticket += 1;
        // Asked for once: an answer that does not come must not be waited for by asking.
        if let Some(plan) = &mut self.plan {
            plan.cached_until = None;
        }
        match self.state {
            State::Ready => match self.query() {
                Ok(query) => Outcome {
                    changed: false,
                    effect: Some(Effect::Engine(Command::Plan(self.ticket, query))),
                },
                Err(wrong) => {
                    self.state = State::Wrong(wrong);
                    Outcome::CHANGED
                }
            },
            State::Blank | State::Wrong(_) => Outcome::IGNORED,
        }
    }

    fn draft_without_ids(&self) -> Draft {
        Draft {
            fields: self.matrix.fields(),
            segments: tokens(&self.segments.text()).map(str::to_owned).collect(),
            filter: self.filter.text(),
            ..self.rest.clone()
        }
    }
}

impl Section {
    const ALL: [Self; 4] = [Self::Ids, Self::Fields, Self::Segments, Self::Filter];

    fn after(self) -> Self {
        Self::ALL[(self as usize + 1).min(Self::ALL.len() - 1)]
    }

    fn before(self) -> Self {
        Self::ALL[(self as usize).saturating_sub(1)]
    }
}

/// What a key in an editor did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pressed {
    /// It means nothing here.
    Nothing,
    /// The cursor, or what is seen, is another.
    Moved,
    /// The text is another.
    Changed,
}
