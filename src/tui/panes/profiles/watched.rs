//! Rows that are asked for again and again: those of a new run are gathered aside while those before stay on the
//! screen, compared by ID as they come, and in their place at once when all are there.

use std::collections::HashMap;
use std::time::Duration;

use ratatui::style::Style;
use tokio::time::Instant;

use super::progress::Progress;
use super::{Profiles, draw};
use crate::engine::event::{Cut, Page, Summary};
use crate::engine::query::{Field, Query};
use crate::rows::{Cell, Column, Content, Job, Rows, View};
use crate::tui::ctx::Ctx;
use crate::tui::figures;

/// Rows that can be watched: they are in memory twice while they are asked for again.
pub const MOST: usize = 100_000;
/// Runs for which a changed cell stays lit, the one that changed it among them.
const LIT: u8 = 2;

/// What a run brought that the one before had otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Cells of rows that were there before.
    pub cells: u64,
    /// Rows that were not there before.
    pub new: u64,
    /// Rows that are not there any more.
    pub gone: u64,
}

impl Changes {
    /// Whether there are any.
    pub fn any(self) -> bool {
        self != Self::default()
    }

    /// `3 changed, 1 new, 2 gone`
    pub fn said(self) -> String {
        let parts = [(self.cells, "changed"), (self.new, "new"), (self.gone, "gone")];
        let said =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", figures::count(*n)));
        said.collect::<Vec<_>>().join(", ")
    }
}

/// What the title says of watching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watching {
    /// As it was asked for.
    pub every: Duration,
    /// As it is, where that is longer, and why.
    pub stretched: Option<(Duration, &'static str)>,
    /// When the next run begins; `None`: one is under way, or another run is waited for.
    pub next: Option<Instant>,
    /// Whether one is under way.
    pub asking: bool,
    /// Why the last one failed.
    pub failed: Option<String>,
    /// What the last one changed.
    pub changes: Changes,
}

impl Watching {
    /// The pieces of the title: what is said, how, and how much it matters.
    pub(super) fn pieces(&self, ctx: &Ctx<'_>) -> Vec<(u8, String, Style)> {
        let theme = ctx.theme;
        let mut pieces =
            vec![(8, format!("watching every {}", figures::countdown(self.every)), theme.accent)];
        match (self.next, self.asking) {
            (Some(at), _) => {
                let left = at.saturating_duration_since(ctx.now);
                pieces.push((7, format!("next in {}", figures::countdown(left)), theme.dim));
            }
            (None, true) => pieces.push((7, "asking…".to_owned(), theme.dim)),
            (None, false) => pieces.push((7, "once the run has ended".to_owned(), theme.dim)),
        }
        if let Some(failed) = &self.failed {
            pieces.push((9, "the last run failed".to_owned(), theme.warn));
            pieces.push((5, failed.clone(), theme.warn));
        }
        if self.changes.any() {
            pieces.push((9, self.changes.said(), theme.warn));
        }
        if let Some((every, why)) = self.stretched {
            pieces.push((6, format!("{} {why}", figures::countdown(every)), theme.warn));
        }
        pieces
    }

    /// When what it says becomes another by time.
    pub(super) fn next_change(&self, now: Instant) -> Option<Instant> {
        let left = self.next?.checked_duration_since(now)?;
        Some(now + figures::countdown_changes_in(left))
    }
}

/// Where each profile stands, by its ID.
type Index = HashMap<Box<str>, u32>;

/// What is known of the rows that are watched.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub(super) says: Option<Watching>,
    index: Index,
    aside: Option<Aside>,
    /// Changed cells by their row, and for how many runs they stay lit.
    lit: HashMap<u32, Vec<(Column, u8)>>,
}

/// The rows of a run that is under way.
#[derive(Debug)]
struct Aside {
    query: Query,
    rows: Rows,
    view: View,
    progress: Progress,
    index: Index,
    lit: HashMap<u32, Vec<(Column, u8)>>,
    /// Rows that were there before.
    known: u64,
    changes: Changes,
}

impl Watched {
    /// Whether a cell changed not long ago.
    pub(super) fn is_lit(&self, row: usize, column: Column) -> bool {
        let lit = u32::try_from(row).ok().and_then(|row| self.lit.get(&row));
        lit.is_some_and(|cells| cells.iter().any(|(lit, _)| *lit == column))
    }

    /// Other rows are there: nothing is known of them.
    pub(super) fn begin(&mut self) {
        *self = Self { says: self.says.take(), ..Self::default() };
    }
}

impl Profiles {
    /// What the title is to say of watching; `None`: nothing is watched any more, and nothing is lit.
    pub fn say_watching(&mut self, says: Option<Watching>) {
        if says.is_none() {
            self.watched = Watched::default();
        }
        self.watched.says = says;
    }

    /// How many rows are enough when they are asked for again, where the run before was cancelled; `None`: all.
    pub fn enough(&self) -> Option<u64> {
        let end = self.progress.as_ref()?.end()?;
        (end.cut == Some(Cut::Cancelled) && !self.rows.is_empty()).then_some(self.rows.len() as u64)
    }

    /// A run of the same query begins whose rows are gathered aside.
    pub fn gather(&mut self, query: &Query, ctx: &Ctx<'_>) {
        if self.watched.index.is_empty() {
            self.watched.index =
                (0..self.rows.len()).filter_map(|row| Some((id(&self.rows, row)?, row as u32))).collect();
        }
        let rows = self.rows.aside(query.fields());
        let mut view = View::default();
        view.arrange(rows.data(), self.view.sort().to_vec(), self.view.filter().cloned());
        self.watched.aside = Some(Aside {
            query: query.clone(),
            rows,
            view,
            progress: Progress::new(query, ctx),
            index: Index::new(),
            lit: HashMap::new(),
            known: 0,
            changes: Changes::default(),
        });
    }

    /// A page of that run; says whether there are more rows now than can be watched.
    pub fn gathered(&mut self, page: &Page, ctx: &Ctx<'_>) -> bool {
        let Watched { index: before, aside, lit, .. } = &mut self.watched;
        let Some(aside) = aside else { return false };
        let first = aside.rows.len();
        aside.progress.page(page, ctx.now);
        aside.rows.append(&page.rows);
        for row in first..aside.rows.len() {
            let Some(id) = id(&aside.rows, row) else { continue };
            let mut cells = Vec::new();
            if let Some(old) = before.get(&id) {
                aside.known += 1;
                compare(&self.rows, *old as usize, &aside.rows, row, aside.query.fields().iter(), &mut cells);
                aside.changes.cells += cells.len() as u64;
                let still = lit.get(old).into_iter().flatten();
                let still =
                    still.filter(|(column, left)| *left > 1 && !cells.iter().any(|(lit, _)| lit == column));
                let still: Vec<_> = still.map(|(column, left)| (*column, left - 1)).collect();
                cells.extend(still);
            } else {
                aside.changes.new += 1;
                cells.push((Field::Id.into(), LIT));
            }
            if !cells.is_empty() {
                aside.lit.insert(row as u32, cells);
            }
            aside.index.insert(id, row as u32);
        }
        while aside.view.is_behind(aside.rows.data()) {
            aside.view.extend(aside.rows.data());
        }
        let memory = aside.rows.memory();
        aside.rows.len() > MOST || memory.held + self.rows.memory().held > memory.budget
    }

    /// That run is of no use: what is there stays.
    pub fn give_up_gathering(&mut self) {
        self.watched.aside = None;
    }

    /// All rows of that run are there and take the place of those before. The cursor stays on its profile and the
    /// picture where it is; says what changed, whether the profile under the cursor is still there, and gives work
    /// that remains.
    pub fn take_over(&mut self, summary: &Summary, ctx: &Ctx<'_>) -> (Changes, bool, Vec<Job>) {
        let Some(mut aside) = self.watched.aside.take() else {
            return (Changes::default(), true, Vec::new());
        };
        let read = self.selected().and_then(|row| id(&self.rows, row));
        aside.changes.gone = (self.watched.index.len() as u64).saturating_sub(aside.known);
        aside.progress.finish(summary, None, ctx.now);
        let marked: Vec<_> = self.marks.rows().filter_map(|row| id(&self.rows, row)).collect();
        let sort = self.view.sort().to_vec();
        self.view = aside.view.instead_of(&self.view);
        self.rows = aside.rows;
        (self.watched.index, self.watched.lit) = (aside.index, aside.lit);
        // Marks stay on their profiles; those of profiles that are gone go with them.
        self.marks.clear();
        for row in marked.iter().filter_map(|id| self.watched.index.get(id)) {
            self.marks.set(*row as usize, true);
        }
        self.only_marked &= !self.marks.is_empty();
        let wanted = (sort, self.wanted_filter().ok().flatten());
        self.progress = Some(aside.progress);
        // Going past the cache is how it was watched, not what was asked.
        self.asked = self.asked.take().map(|(query, _)| (query, ctx.wall));
        let mut jobs = Vec::new();
        if (self.view.sort(), self.view.filter()) != (&wanted.0[..], wanted.1.as_ref()) {
            jobs.extend(self.view.arrange(self.rows.data(), wanted.0, wanted.1));
        }
        if !self.search.is_empty() {
            jobs.extend(self.search_again());
        }
        let row = read.as_ref().and_then(|id| self.watched.index.get(id)).copied();
        let place = row.and_then(|row| self.view.place(row as usize));
        let above = self.place.saturating_sub(self.top);
        self.place = place.unwrap_or(self.place).min(self.len().saturating_sub(1));
        self.top = self.place.saturating_sub(above);
        self.top = self.top_for(draw::body_height(self, ctx.area));
        (aside.changes, read.is_none() || place.is_some(), jobs)
    }
}

/// The ID of a row, where it has one.
fn id(rows: &Rows, row: usize) -> Option<Box<str>> {
    match rows.data().cell(row, Field::Id.into()).content {
        Content::Text(raw) => Some(raw.raw().into()),
        _ => None,
    }
}

/// The cells of a row that are otherwise than before; of attributes each by itself, and all of them together.
fn compare(
    before: &Rows,
    old: usize,
    now: &Rows,
    new: usize,
    fields: impl Iterator<Item = Field>,
    changed: &mut Vec<(Column, u8)>,
) {
    let differs = |column| !same(before.data().cell(old, column), now.data().cell(new, column));
    for field in fields.filter(|field| *field != Field::Id) {
        if !differs(field.into()) {
            continue;
        }
        changed.push((field.into(), LIT));
        if field == Field::Attributes {
            let paths = now.data().attributes().map(Column::Attribute);
            changed.extend(paths.filter(|path| differs(*path)).map(|path| (path, LIT)));
        }
    }
}

fn same(a: Cell<'_>, b: Cell<'_>) -> bool {
    match (a.content, b.content) {
        (Content::Text(a), Content::Text(b))
        | (Content::Number(a), Content::Number(b))
        | (Content::Bool(a), Content::Bool(b))
        | (Content::Json(a), Content::Json(b)) => a == b,
        (Content::Attributes(a), Content::Attributes(b)) => {
            let (mut of_a, mut of_b) = (String::new(), String::new());
            a.json(&mut of_a);
            b.json(&mut of_b);
            of_a == of_b
        }
        (a, b) => a.kind() == b.kind() && !matches!(a, Content::Text(_) | Content::Attributes(_)),
    }
}
