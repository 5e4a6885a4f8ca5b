//! How the table is looked at: its order, its filter, and what is searched for.
//!
//! With many rows a job works it out on another thread; its steps come back here, and what is read stays where it is
//! until they do.

use crossterm::event::{KeyCode, KeyEvent};

use super::arranged::name;
use super::draw;
use super::{Came, Profiles};
use crate::engine::query::Field;
use crate::rows::{AT_ONCE, Filter, Kind, Mask, Sort, Step};
use crate::tui::ctx::{Ctx, Effect, Outcome};
use crate::tui::overlays::column::Known;
use crate::tui::widgets::LONGEST;

/// Why a cell cannot be filtered by, or searched for.
pub(super) const TOO_LONG: &str =
    "this value is too long for a line: filter by a part of it, with column:text";

impl Profiles {
    /// A key while editing that is no command.
    pub fn input(&mut self, key: KeyEvent, ctx: &Ctx<'_>) -> Outcome {
        if self.search.is_editing() {
            let changed = self.search.input(key);
            // Enter leaves the field; the hit stays under the cursor.
            if changed && self.search.is_editing() { self.seek(ctx) } else { Outcome::changed(changed) }
        } else {
            if key.code == KeyCode::Enter && self.fault.is_some() {
                // It stays open, with what is wrong beside it.
                return Outcome::IGNORED;
            }
            let changed = self.filter.input(key);
            if changed && self.filter.is_editing() { self.refilter(ctx) } else { Outcome::changed(changed) }
        }
    }

    /// Pasted text while editing.
    pub fn paste(&mut self, text: &str, ctx: &Ctx<'_>) -> Outcome {
        if self.search.paste(text) {
            self.seek(ctx)
        } else if self.filter.paste(text) {
            self.refilter(ctx)
        } else {
            Outcome::IGNORED
        }
    }

    /// A step of a job; those of one that nobody waits for any more change nothing.
    pub fn work(&mut self, step: Step, ctx: &Ctx<'_>) -> Outcome {
        let read = self.selected();
        if !self.view.take(step) {
            return Outcome::IGNORED;
        }
        self.keep(read);
        if let Some((from, forward)) = self.seeking {
            self.go_to_hit(from, forward, ctx);
        }
        Outcome::CHANGED
    }

    /// Takes up the rows that came since the last picture. To be called before one is drawn.
    pub fn prepare(&mut self) -> Option<Effect> {
        if self.is_behind() { self.catch_up() } else { None }
    }

    /// Whether rows came that are not taken up yet.
    pub fn is_behind(&self) -> bool {
        self.view.is_behind(self.rows.data())
    }

    /// Whether rows that arrive are taken up at once, rather than once a picture.
    pub(super) fn is_quick(&self) -> bool {
        self.view.is_as_received() || self.rows.len() <= AT_ONCE
    }

    pub(super) fn catch_up(&mut self) -> Option<Effect> {
        let read = self.selected();
        // A name that was typed may only now be that of an attribute.
        let known = self.rows.data().attributes().count();
        let mut job = None;
        if known != self.known && self.view.filter().is_some() {
            self.known = known;
            if let Ok(filter) = self.wanted_filter()
                && filter.as_ref() != self.view.filter()
            {
                job = self.view.arrange(self.rows.data(), self.view.sort().to_vec(), filter);
            }
        }
        self.view.extend(self.rows.data());
        if self.follow {
            self.place = self.len().saturating_sub(1);
        } else {
            self.keep(read);
        }
        job.map(Effect::Work)
    }

    /// The cursor stays on this row, and the picture where it is, if the row is still there.
    fn keep(&mut self, read: Option<usize>) {
        if let Some(place) = read.and_then(|row| self.view.place(row)) {
            // What came before it in the order pushes the picture down by as much.
            self.top = (self.top + place).saturating_sub(self.place);
            self.place = place;
        } else {
            self.place = self.place.min(self.len().saturating_sub(1));
            self.top = self.top.min(self.place);
        }
    }

    /// Up, down, as received; the cursor stays on its profile. `also`: the column counts after those that it is
    /// sorted by already.
    pub(super) fn sort(&mut self, also: bool, ctx: &Ctx<'_>) -> Outcome {
        let column = self.column;
        let mut by = self.view.sort().to_vec();
        let at = by.iter().position(|sort| sort.column == column);
        let next = match at.map(|at| by[at].descending) {
            None => Some(Sort { column, descending: false }),
            Some(false) => Some(Sort { column, descending: true }),
            Some(true) => None,
        };
        match (also, at, next) {
            (false, _, next) => by = next.into_iter().collect(),
            (true, Some(at), Some(next)) => by[at] = next,
            (true, Some(at), None) => drop(by.remove(at)),
            (true, None, next) => by.extend(next),
        }
        let filter = self.view.filter().cloned();
        self.arrange(by, filter, ctx)
    }

    fn arrange(&mut self, sort: Vec<Sort>, filter: Option<Filter>, ctx: &Ctx<'_>) -> Outcome {
        let read = self.selected();
        self.known = self.rows.data().attributes().count();
        let job = self.view.arrange(self.rows.data(), sort, filter);
        self.keep(read);
        self.move_to(self.place, ctx);
        job.map_or(Outcome::CHANGED, |job| Outcome::effect(Effect::Work(job)))
    }

    pub(super) fn open_filter(&mut self, ctx: &Ctx<'_>) -> Outcome {
        // What was taken from a masked value was never typed; nobody may read it off the field.
        let outcome = if ctx.mask.is_on() && self.filter.was_taken() {
            let _ = self.filter.close();
            self.refilter(ctx)
        } else {
            Outcome::CHANGED
        };
        self.filter.edit(self.selected(), self.place);
        outcome
    }

    /// Filters as it is asked for now. What is no filter leaves the one before in force, and is said.
    pub(super) fn refilter(&mut self, ctx: &Ctx<'_>) -> Outcome {
        let filter = match self.wanted_filter() {
            Ok(filter) => filter,
            Err(why) => {
                self.fault = Some(why);
                return Outcome::CHANGED;
            }
        };
        self.fault = None;
        if filter.as_ref() == self.view.filter() {
            return Outcome::CHANGED;
        }
        let sort = self.view.sort().to_vec();
        self.arrange(sort, filter, ctx)
    }

    /// Stops what is worked on; gives up what is typed; clears the search, then the filter, then that only marked rows
    /// are shown.
    pub(super) fn close(&mut self, ctx: &Ctx<'_>) -> Outcome {
        if self.search.is_editing() {
            let from = self.search.close();
            self.end_search();
            self.move_to(from.map_or(0, |(_, place)| place), ctx);
            return Outcome::CHANGED;
        }
        if self.filter.is_editing() {
            let from = self.filter.close();
            let outcome = self.refilter(ctx);
            let place = from.and_then(|(row, _)| self.view.place(row?));
            self.move_to(place.unwrap_or(self.place), ctx);
            return outcome;
        }
        if self.view.give_up() {
            let before = self.view.filter().map(|filter| filter.text.clone()).unwrap_or_default();
            // Whether it was typed is not known any more.
            self.filter.set(&before);
            self.only_marked = self.view.filter().is_some_and(Filter::wants_marked);
            self.fault = None;
            return Outcome::CHANGED;
        }
        if !self.search.is_empty() {
            let _ = self.search.close();
            self.end_search();
            return Outcome::CHANGED;
        }
        if !self.filter.is_empty() || self.fault.is_some() {
            let _ = self.filter.close();
            return self.refilter(ctx);
        }
        if self.only_marked {
            return self.show_marked(false, ctx);
        }
        Outcome::IGNORED
    }

    /// Goes to the row with this number, counted from one as they are shown.
    ///
    /// # Errors
    /// There is no such row, in words for the prompt.
    pub fn go_to(&mut self, number: &str, ctx: &Ctx<'_>) -> Result<Outcome, String> {
        let rows = self.view.len();
        match number.replace([',', '_', ' '], "").parse::<usize>() {
            Ok(number) if (1..=rows).contains(&number) => {
                self.move_to(number - 1, ctx);
                Ok(Outcome::CHANGED)
            }
            _ => Err(format!("{number:?} is no row: type a number from 1 to {rows}")),
        }
    }

    /// Moves the cursor, and gives up looking for where it was to go.
    pub(super) fn move_to(&mut self, place: usize, ctx: &Ctx<'_>) {
        self.place = place.min(self.len().saturating_sub(1));
        self.follow = false;
        self.seeking = None;
        if self.came == Came::Round {
            self.came = Came::Straight;
        }
        self.top = self.top_for(draw::body_height(self, ctx.area));
    }

    /// Counts what the column under the cursor holds, and again once there are more rows.
    pub fn count(&mut self) -> Option<Effect> {
        // While rows stream in, a tenth more is news.
        let counted = self.view.counts().map_or(0, |counts| counts.rows);
        if self.is_arriving() && counted > 0 && self.rows.len() < counted + counted / 10 {
            return None;
        }
        self.view.count(self.rows.data(), Some(self.column)).map(Effect::Work)
    }

    /// Counts no longer.
    pub fn count_no_more(&mut self) {
        self.view.count(self.rows.data(), None);
    }

    /// What is known of the column under the cursor.
    pub fn known(&self) -> Known {
        Known {
            name: name(self.rows.data(), self.column),
            rows: self.rows.len() as u64,
            facts: self.rows.facts(self.column),
            counts: self.view.counts().cloned(),
        }
    }

    /// Shows the rows for which the column under the cursor has this value.
    pub fn filter_by(&mut self, kind: Kind, value: &str, ctx: &Ctx<'_>) -> Outcome {
        let own = Filter::of_value(self.rows.data(), self.column, kind, value);
        self.filter.set(&own);
        self.refilter(ctx)
    }

    /// Shows, of the rows that are shown, those that have in this column what the cell under the cursor has.
    pub(super) fn filter_alike(&mut self, ctx: &Ctx<'_>) -> Outcome {
        let Some(row) = self.selected() else { return Outcome::IGNORED };
        let own = Filter::of_cell(self.rows.data(), self.column, &self.rows.cell(row, self.column));
        let text = Filter::also(self.filter.text(), &own, self.rows.data());
        if text.len() > LONGEST {
            return Outcome::effect(Effect::Say(TOO_LONG.to_owned()));
        }
        self.filter.set(&text);
        self.refilter(ctx)
    }

    /// The value under the cursor: its row and its path.
    pub fn under_cursor(&self) -> Option<(usize, String)> {
        Some((self.selected()?, Mask::path(self.rows.data(), self.column).into_owned()))
    }

    /// The ID of a row.
    pub fn id(&self, row: usize) -> Option<String> {
        let cell = self.rows.cell(row, Field::Id.into());
        cell.is_filled().then(|| cell.copied())
    }

    /// The personal values of a row: the path of each, and itself.
    pub fn personal(&self, row: usize, mask: &Mask) -> Vec<(String, String)> {
        let mut json = String::new();
        self.rows.data().json(row, &mut json);
        mask.named_in(&json)
    }
}
