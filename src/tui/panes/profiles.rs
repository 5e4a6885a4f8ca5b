//! The profiles table.
//!
//! ```text
//! pages ──► Rows ──► View (filter, order, hits) ──► the visible places, drawn cell by cell
//!                     ▲
//!                    steps of jobs on another thread, where there are many rows
//! ```
//!
//! The cursor stands on a profile, not on a line: rows that arrive never move what is being read. What a frame
//! costs depends on the size of the pane alone.

mod arranged;
mod arranging;
mod cells;
mod columns;
mod copying;
mod draw;
mod exporting;
mod finding;
mod looking;
mod marking;
mod progress;
mod sideways;
mod spots;
#[cfg(test)]
mod tests;
mod typing;
mod watched;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::time::Instant;

pub use self::arranged::Arrangement;
pub use self::arranging::Listed;
pub use self::spots::Spot;

use self::arranged::Arranged;
use self::progress::Progress;
use self::typing::Typing;
use self::watched::Watched;
pub use self::watched::{Changes, MOST as MOST_WATCHED, Watching};
use crate::engine::error::{Error, Kind};
use crate::engine::event::{Page, Summary};
use crate::engine::pipeline::profile::Profile;
use crate::engine::query::{Field, FieldSet, Query};
use crate::engine::retention::Window;
use crate::rows::{Column, Content, Marks, Rows, Sort, View};
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Effect, Outcome};
use crate::tui::figures;

/// The profiles table.
#[derive(Debug)]
pub struct Profiles {
    rows: Rows,
    view: View,
    /// The run whose rows these are.
    progress: Option<Progress>,
    /// What was asked, and when.
    asked: Option<(Query, Timestamp)>,
    /// The place under the cursor.
    place: usize,
    /// The first place on the screen, before the size of the screen is looked at.
    top: usize,
    /// The column under the cursor.
    column: Column,
    /// How somebody arranged the columns.
    arranged: Arranged,
    /// How many of the columns that move are further to the left, before the width of the screen is looked at.
    left: usize,
    marks: Marks,
    /// Whether only marked rows are shown.
    only_marked: bool,
    /// Whether the cursor keeps to the last row as rows arrive.
    follow: bool,
    search: Typing,
    filter: Typing,
    /// Why what was typed is no filter.
    fault: Option<String>,
    /// The column in which the search looks for what a cell had; `None`: it looks for a text in all of them.
    alike: Option<Column>,
    /// From where a hit is still looked for, and whether forward.
    seeking: Option<(usize, bool)>,
    /// What came of the last look.
    came: Came,
    /// How many attributes were known when the filter was read.
    known: usize,
    /// What changed while it was watched.
    watched: Watched,
}

/// What came of looking for the next hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// It was found on the way, or nothing was looked for.
    Straight,
    /// It was found round the end, or the beginning.
    Round,
    /// There is none.
    Nowhere,
}

impl Default for Profiles {
    fn default() -> Self {
        Self {
            rows: Rows::new(),
            view: View::default(),
            progress: None,
            asked: None,
            place: 0,
            top: 0,
            column: Column::Field(Field::Id),
            arranged: Arranged::default(),
            left: 0,
            marks: Marks::default(),
            only_marked: false,
            follow: false,
            search: Typing::default(),
            filter: Typing::default(),
            fault: None,
            alike: None,
            seeking: None,
            came: Came::Straight,
            known: 0,
            watched: Watched::default(),
        }
    }
}

impl Profiles {
    /// An empty table: nothing was run yet. `budget`: bytes that rows may take in memory.
    pub fn new(budget: usize) -> Self {
        Self { rows: Rows::with_budget(budget), ..Self::default() }
    }

    /// Forgets everything: other rows come, of somebody else. How fields are sorted stays.
    pub fn clear(&mut self) {
        let is_field = |sort: &Sort| matches!(sort.column, Column::Field(_));
        let sort = self.view.sort().iter().copied().filter(is_field).collect();
        let rows = Rows::with_budget(self.rows.memory().budget);
        // The view counts on: what jobs of before still say is stale.
        let mut view = std::mem::take(&mut self.view);
        view.search(rows.data(), Vec::new(), 0);
        view.count(rows.data(), None);
        view.arrange(rows.data(), sort, None);
        view.begin();
        *self = Self { rows, view, ..Self::default() };
    }

    /// A run was asked for: what was there goes, and the marks on it; the cursor stands on the first row to come.
    /// Order, filter, search and the column under the cursor stay.
    pub fn begin(&mut self, query: &Query, ctx: &Ctx<'_>) {
        let keeps = self.rows.begin(query.fields());
        self.marks.clear();
        let was_marked = std::mem::take(&mut self.only_marked);
        if !keeps || was_marked {
            let is_there = |sort: &Sort| keeps || matches!(sort.column, Column::Field(_));
            let sort = self.view.sort().iter().copied().filter(is_there).collect();
            let filter = self.wanted_filter().ok().flatten();
            self.view.arrange(self.rows.data(), sort, filter);
        }
        if !keeps {
            self.column = Field::Id.into();
            if self.alike.is_some() {
                self.end_search();
            }
        }
        self.arranged.find(self.rows.data());
        self.view.begin();
        self.watched.begin();
        self.progress = Some(Progress::new(query, ctx));
        self.asked = Some((query.clone(), ctx.wall));
        (self.place, self.top, self.follow) = (0, 0, false);
        (self.seeking, self.came) = (None, Came::Straight);
        let asked = match self.column {
            Column::Field(field) => query.fields().contains(field),
            Column::Attribute(_) => query.fields().contains(Field::Attributes),
        };
        if !asked {
            self.column = Field::Id.into();
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
    pub fn page(&mut self, page: &Page, ctx: &Ctx<'_>) -> Outcome {
        let Some(progress) = &mut self.progress else { return Outcome::IGNORED };
        progress.page(page, ctx.now);
        let known = self.rows.data().attributes().count();
        self.rows.append(&page.rows);
        if self.rows.data().attributes().count() != known {
            self.arranged.find(self.rows.data());
        }
        self.follow &= !ctx.pull;
        if self.is_quick() {
            return self.catch_up().map_or(Outcome::CHANGED, Outcome::effect);
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
        self.view.row(self.place)
    }

    /// The profile of such a row.
    ///
    /// # Errors
    /// What was received lies in a temporary file that cannot be read any more.
    pub fn profile(&self, row: usize) -> std::io::Result<Option<Profile>> {
        self.rows.profile(row)
    }

    /// What profiles are kept for, where the profile of such a row is from before it.
    pub fn past(&self, row: usize) -> Option<Window> {
        let window = self.progress.as_ref()?.passed()?;
        match self.rows.cell(row, Field::ModifiedDate.into()).content {
            Content::Text(modified) => Some(window).filter(|window| window.is_before(modified.raw())),
            _ => None,
        }
    }

    /// Why no more rows may come: they take more memory than they may.
    pub fn is_too_large(&self) -> Option<Error> {
        let memory = self.rows.memory();
        if memory.held <= memory.budget {
            return None;
        }
        let (rows, budget) = (figures::count(self.rows.len() as u64), figures::bytes(memory.budget as u64));
        let cause = match memory.refused {
            Some(why) => format!(
                "they take more than {budget} of memory, and what was received cannot go to a temporary file: {why}"
            ),
            None => format!("they take more than {budget} of memory, without what was received"),
        };
        Some(Error::new(
            Kind::Local,
            format!("{rows} rows, and no more"),
            cause,
            "ask for fewer fields or fewer people, or raise mebibytes under [explorer] in the configuration",
        ))
    }

    /// How many rows came, whether they are shown or not.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// How many rows are shown.
    pub fn len(&self) -> usize {
        self.view.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a text field (search, filter) is being edited.
    pub fn is_editing(&self) -> bool {
        self.search.is_editing() || self.filter.is_editing()
    }

    /// What `Close` gives up, in a word.
    pub fn closes(&self) -> Option<&'static str> {
        let clears = self.is_editing()
            || !self.search.is_empty()
            || !self.filter.is_empty()
            || self.only_marked
            || self.fault.is_some();
        if self.view.working().is_some() && !self.is_editing() {
            Some("stop")
        } else {
            clears.then_some("clear")
        }
    }

    /// Does an action. `Open` answers with [`Effect::OpenProfile`]; `Close` stops work on the order, leaves or clears
    /// search and filter, otherwise it is ignored.
    pub fn update(&mut self, action: Action, ctx: &Ctx<'_>) -> Outcome {
        let before = (self.place, self.top, self.column, self.follow, self.arranged.is_flat());
        match action {
            Action::Up | Action::PreviousProfile => self.move_to(self.place.saturating_sub(1), ctx),
            Action::Down | Action::NextProfile => self.move_down(1, ctx),
            Action::PageUp => self.move_to(self.place.saturating_sub(self.page_rows(ctx)), ctx),
            Action::PageDown => self.move_down(self.page_rows(ctx), ctx),
            Action::First => self.move_to(0, ctx),
            Action::Last => {
                let follow = self.follow || self.is_arriving();
                self.move_to(usize::MAX, ctx);
                // In pull mode the end that is followed would draw every row to it.
                self.follow = follow && !ctx.pull;
            }
            Action::Follow => return self.toggle_follow(ctx),
            Action::Left => self.step_column(-1, ctx),
            Action::Right => self.step_column(1, ctx),
            Action::Mark => return self.mark(ctx),
            Action::MarkAll => return self.mark_all(ctx),
            Action::OnlyMarked => return self.toggle_only_marked(ctx),
            Action::FilterAlike => return self.filter_alike(ctx),
            Action::FindAlike => return self.find_alike(ctx),
            Action::Sort => return self.sort(false, ctx),
            Action::SortAlso => return self.sort(true, ctx),
            Action::Flatten => self.flatten(),
            Action::Search => return self.open_search(),
            Action::Filter => return self.open_filter(ctx),
            Action::SearchNext => return Outcome::changed(self.find(true, ctx)),
            Action::SearchPrevious => return Outcome::changed(self.find(false, ctx)),
            Action::Open if !self.is_empty() => return Outcome::effect(Effect::OpenProfile),
            Action::Copy => return self.copy_cell(),
            Action::CopyProfile => return self.copy_profile(),
            Action::Close => return self.close(ctx),
            _ => return Outcome::IGNORED,
        }
        Outcome::changed(before != (self.place, self.top, self.column, self.follow, self.arranged.is_flat()))
    }

    /// When the picture changes by time alone (an age that is shown in minutes), if it does.
    pub fn next_change(&self, ctx: &Ctx<'_>) -> Option<Instant> {
        let age = self.progress.as_ref().and_then(|progress| progress.next_change(ctx));
        let watch = self.watched.says.as_ref().and_then(|says| says.next_change(ctx.now));
        [age, watch].into_iter().flatten().min()
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

    /// Lines that a page holds; the last of one page is the first of the next.
    fn page_rows(&self, ctx: &Ctx<'_>) -> usize {
        draw::body_height(self, ctx.area).saturating_sub(1).max(1)
    }

    /// The first place to draw, so that the cursor is seen in a body of this height.
    fn top_for(&self, height: usize) -> usize {
        let lowest = (self.place + 1).saturating_sub(height);
        let end = self.len().saturating_sub(height);
        self.top.clamp(lowest, self.place.max(lowest)).min(end.max(lowest))
    }

    /// Down by so many rows; who follows the end goes on doing so there.
    fn move_down(&mut self, by: usize, ctx: &Ctx<'_>) {
        let follow = self.follow;
        self.move_to(self.place + by, ctx);
        self.follow = follow;
    }

    /// Keeps to the last row as rows arrive, or no longer.
    fn toggle_follow(&mut self, ctx: &Ctx<'_>) -> Outcome {
        if ctx.pull {
            let key = ctx.keys.first(Action::PullMode);
            let why =
                format!("in pull mode the end moves as you near it: {key} asks for all rows, then follow");
            return Outcome::effect(Effect::Say(why));
        }
        let follow = !self.follow;
        if follow {
            self.move_to(usize::MAX, ctx);
        }
        self.follow = follow;
        Outcome::CHANGED
    }

    fn copy_cell(&self) -> Outcome {
        Outcome { changed: false, effect: self.cell().map(Effect::Copy) }
    }

    fn copy_profile(&self) -> Outcome {
        Outcome { changed: false, effect: self.json().map(Effect::Copy) }
    }
}
