//! The profiles table.
//!
//! ```text
//! pages ──► Rows ──► View (order) ──► the visible places, drawn cell by cell
//! ```
//!
//! The cursor stands on a profile, not on a line: rows that arrive never move what is being read. What a frame
//! costs depends on the size of the pane alone.

mod columns;
mod draw;
mod progress;
mod search;
#[cfg(test)]
mod tests;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::time::Instant;

use self::columns::Columns;
use self::progress::Progress;
use self::search::Search;
use crate::engine::error::Error;
use crate::engine::event::{Page, Summary};
use crate::engine::pipeline::profile::Profile;
use crate::engine::query::{Field, FieldSet, Query};
use crate::export;
use crate::rows::{Content, Rows, Sort, View};
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Effect, Outcome};

/// The profiles table.
#[derive(Debug, Default)]
pub struct Profiles {
    rows: Rows,
    order: View,
    /// The run whose rows these are.
    progress: Option<Progress>,
    /// The place under the cursor.
    place: usize,
    /// The first place on the screen, before the size of the screen is looked at.
    top: usize,
    /// The column under the cursor.
    column: Column,
    /// Whether the cursor keeps to the last row as rows arrive.
    follow: bool,
    search: Search,
}

/// The column under the cursor; the ID unless moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Column(Field);

impl Default for Column {
    fn default() -> Self {
        Self(Field::Id)
    }
}

impl Profiles {
    /// An empty table: nothing was run yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A run was asked for: what was there goes, the cursor stands on the first row to come. The order and the
    /// column under the cursor stay.
    pub fn begin(&mut self, query: &Query, ctx: &Ctx<'_>) {
        self.rows.clear();
        let sort = self.order.sort();
        self.order.sort_by(&self.rows, sort);
        self.progress = Some(Progress::new(query, ctx.now));
        (self.place, self.top, self.follow) = (0, 0, false);
        self.search.missed = false;
        if !query.fields().contains(self.column.0) {
            self.column = Column::default();
        }
    }

    /// The run goes on from where it stopped: what is there stays.
    pub fn resume(&mut self, ctx: &Ctx<'_>) {
        if let Some(progress) = &mut self.progress {
            progress.resume(ctx.now);
        }
    }

    /// How many rows a reader takes in at once, in pull mode: two screens, and no less than a page.
    pub fn ahead(&self, ctx: &Ctx<'_>) -> u64 {
        let screens = 2 * draw::body_height(self, ctx.area) as u64;
        self.progress.as_ref().map_or(screens, |progress| screens.max(progress.page_size()))
    }

    /// Whether less than a screen is left below what is shown.
    pub fn nears_end(&self, ctx: &Ctx<'_>) -> bool {
        let height = draw::body_height(self, ctx.area);
        self.top_for(height) + 2 * height >= self.len()
    }

    /// A page of the run that is shown (stale ones never get here).
    pub fn page(&mut self, page: Page, ctx: &Ctx<'_>) -> Outcome {
        let Some(progress) = &mut self.progress else { return Outcome::IGNORED };
        progress.page(&page, ctx.now);
        let read = self.order.row(self.place);
        self.rows.append(page.rows);
        self.order.extend(&self.rows);
        self.follow &= !ctx.pull;
        if self.follow {
            self.place = self.len().saturating_sub(1);
        } else if let Some(place) = read.and_then(|row| self.order.place(row)) {
            // What came before it in the order pushes the picture down by as much.
            self.top = (self.top + place).saturating_sub(self.place);
            self.place = place;
        }
        Outcome::CHANGED
    }

    /// The run is over, well or with an error; what came stays.
    pub fn finish(&mut self, summary: &Summary, error: Option<&Error>, ctx: &Ctx<'_>) {
        if let Some(progress) = &mut self.progress {
            progress.finish(summary, error, ctx.now);
        }
    }

    /// The row under the cursor, as a number that stays the same while rows arrive.
    pub fn selected(&self) -> Option<usize> {
        self.order.row(self.place)
    }

    /// The profile of such a row.
    pub fn profile(&self, row: usize) -> Option<Profile> {
        self.rows.profile(row).cloned()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a text field (search) is being edited.
    pub fn is_editing(&self) -> bool {
        self.search.is_editing()
    }

    /// Whether `Close` gives up a search.
    pub fn is_searching(&self) -> bool {
        self.search.is_editing() || self.search.needle().is_some()
    }

    /// Does an action. `Open` answers with [`Effect::OpenProfile`]; `Close` leaves or clears a search, otherwise
    /// it is ignored.
    pub fn update(&mut self, action: Action, ctx: &Ctx<'_>) -> Outcome {
        let before = (self.place, self.top, self.column, self.follow);
        match action {
            Action::Up | Action::PreviousProfile => self.move_to(self.place.saturating_sub(1), ctx),
            Action::Down | Action::NextProfile => self.move_to(self.place + 1, ctx),
            Action::PageUp => self.move_to(self.place.saturating_sub(self.page_rows(ctx)), ctx),
            Action::PageDown => self.move_to(self.place + self.page_rows(ctx), ctx),
            Action::First => self.move_to(0, ctx),
            Action::Last => {
                self.move_to(usize::MAX, ctx);
                // In pull mode the end that is followed would draw every row to it.
                self.follow = self.is_arriving() && !ctx.pull;
            }
            Action::Left => self.step_column(-1),
            Action::Right => self.step_column(1),
            Action::Sort => return Outcome::changed(self.sort(ctx)),
            Action::Search => {
                self.search.open(self.place);
                return Outcome::CHANGED;
            }
            Action::SearchNext => return Outcome::changed(self.find(true, ctx)),
            Action::SearchPrevious => return Outcome::changed(self.find(false, ctx)),
            Action::Open if !self.is_empty() => return Outcome::effect(Effect::OpenProfile),
            Action::Copy => return self.copy_cell(),
            Action::CopyProfile => return self.copy_profile(),
            Action::Close => {
                if let Some(back_to) = self.search.close() {
                    self.move_to(back_to, ctx);
                    return Outcome::CHANGED;
                }
                return Outcome::changed(self.search.clear());
            }
            _ => return Outcome::IGNORED,
        }
        Outcome::changed(before != (self.place, self.top, self.column, self.follow))
    }

    /// A key while editing that is no command.
    pub fn input(&mut self, key: KeyEvent, ctx: &Ctx<'_>) -> Outcome {
        let changed = self.search.input(key);
        // Enter leaves the field; the hit stays under the cursor.
        if changed && self.search.is_editing() {
            self.seek(ctx);
        }
        Outcome::changed(changed)
    }

    /// Pasted text while editing.
    pub fn paste(&mut self, text: &str, ctx: &Ctx<'_>) -> Outcome {
        let changed = self.search.paste(text);
        if changed {
            self.seek(ctx);
        }
        Outcome::changed(changed)
    }

    /// When the picture changes by time alone (an age that is shown in minutes), if it does.
    pub fn next_change(&self, ctx: &Ctx<'_>) -> Option<Instant> {
        self.progress.as_ref().and_then(|progress| progress.next_change(ctx))
    }

    /// Draws the pane, border included.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        draw::pane(self, ctx, area, buf);
    }

    /// Whether rows may still come.
    fn is_arriving(&self) -> bool {
        self.progress.as_ref().is_some_and(|progress| progress.end().is_none())
    }

    /// The fields that were asked for.
    fn asked(&self) -> FieldSet {
        self.progress.as_ref().map_or(FieldSet::ALL, Progress::fields)
    }

    fn columns(&self, width: u16) -> Columns {
        Columns::fit(&self.rows, self.asked(), self.column.0, self.order.sort(), width)
    }

    /// Lines that a page holds; the last of one page is the first of the next.
    fn page_rows(&self, ctx: &Ctx<'_>) -> usize {
        draw::body_height(self, ctx.area).saturating_sub(1).max(1)
    }

    fn move_to(&mut self, place: usize, ctx: &Ctx<'_>) {
        self.place = place.min(self.len().saturating_sub(1));
        self.follow = false;
        self.top = self.top_for(draw::body_height(self, ctx.area));
    }

    /// The first place to draw, so that the cursor is seen in a body of this height.
    fn top_for(&self, height: usize) -> usize {
        let lowest = (self.place + 1).saturating_sub(height);
        let end = self.len().saturating_sub(height);
        self.top.clamp(lowest, self.place.max(lowest)).min(end.max(lowest))
    }

    fn step_column(&mut self, by: isize) {
        let asked: Vec<Field> = self.asked().iter().collect();
        let at = asked.iter().position(|f| *f == self.column.0).unwrap_or(0);
        self.column = Column(asked[at.saturating_add_signed(by).min(asked.len() - 1)]);
    }

    /// Up, down, as received; the cursor stays on its profile.
    fn sort(&mut self, ctx: &Ctx<'_>) -> bool {
        let column = self.column.0;
        let sort = match self.order.sort() {
            Some(Sort { column: by, descending: false }) if by == column => {
                Some(Sort { column, descending: true })
            }
            Some(Sort { column: by, descending: true }) if by == column => None,
            _ => Some(Sort { column, descending: false }),
        };
        let read = self.selected();
        self.order.sort_by(&self.rows, sort);
        let place = read.and_then(|row| self.order.place(row)).unwrap_or(0);
        self.move_to(place, ctx);
        true
    }

    /// Goes to the first hit from where the search began.
    fn seek(&mut self, ctx: &Ctx<'_>) {
        let from = self.search.origin();
        let place = self.hit(from, true);
        self.search.missed = self.search.needle().is_some() && place.is_none();
        self.move_to(place.unwrap_or(from), ctx);
    }

    fn find(&mut self, forward: bool, ctx: &Ctx<'_>) -> bool {
        if self.search.needle().is_none() || self.is_empty() {
            return false;
        }
        let len = self.len();
        let from = if forward { self.place + 1 } else { self.place + len - 1 } % len;
        let place = self.hit(from, forward);
        self.search.missed = place.is_none();
        if let Some(place) = place {
            self.move_to(place, ctx);
        }
        true
    }

    fn hit(&self, from: usize, forward: bool) -> Option<usize> {
        let columns: Vec<Field> = self.asked().iter().collect();
        self.search.needle()?.find(&self.rows, &self.order, &columns, from, forward)
    }

    fn copy_cell(&self) -> Outcome {
        let Some(row) = self.selected() else { return Outcome::IGNORED };
        let text = match self.rows.cell(row, self.column.0).content {
            Content::Text(raw) => raw.raw().to_owned(),
            Content::Node(node) => {
                let mut json = String::new();
                export::json::node(&mut json, node);
                json
            }
            Content::Null | Content::Missing | Content::NotAsked => String::new(),
        };
        Outcome { changed: false, effect: Some(Effect::Copy(text)) }
    }

    fn copy_profile(&self) -> Outcome {
        let Some(profile) = self.selected().and_then(|row| self.rows.profile(row)) else {
            return Outcome::IGNORED;
        };
        Outcome { changed: false, effect: Some(Effect::Copy(export::single(profile))) }
    }
}
