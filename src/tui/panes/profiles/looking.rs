//! How the table is looked at: its order, its filter, and what is searched for.
//!
//! With many rows a job works it out on another thread; its steps come back here, and what is read stays where it is
//! until they do.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crossterm::event::KeyEvent;

use super::Profiles;
use super::draw;
use crate::engine::query::Field;
use crate::export::{Origin, Spec};
use crate::rows::{AT_ONCE, Column, Filter, Job, Kind, Mask, Needle, Sort, Step};
use crate::tui::ctx::{Ctx, Effect, Outcome};
use crate::tui::overlays::column::Known;
use crate::tui::saving::Saving;

impl Profiles {
    /// A key while editing that is no command.
    pub fn input(&mut self, key: KeyEvent, ctx: &Ctx<'_>) -> Outcome {
        if self.search.is_editing() {
            let changed = self.search.input(key);
            // Enter leaves the field; the hit stays under the cursor.
            if changed && self.search.is_editing() { self.seek(ctx) } else { Outcome::changed(changed) }
        } else {
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
            let filter = Filter::parse(self.filter.text(), self.rows.data());
            if filter.as_ref() != self.view.filter() {
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

    fn refilter(&mut self, ctx: &Ctx<'_>) -> Outcome {
        let filter = Filter::parse(self.filter.text(), self.rows.data());
        if filter.as_ref() == self.view.filter() {
            return Outcome::CHANGED;
        }
        let sort = self.view.sort().to_vec();
        self.arrange(sort, filter, ctx)
    }

    pub(super) fn open_search(&mut self) -> Outcome {
        let _ = self.search.close();
        let _ = self.look_for(None, 0);
        self.search.edit(self.selected(), self.place);
        Outcome::CHANGED
    }

    /// Stops what is worked on; gives up what is typed; clears the search, then the filter.
    pub(super) fn close(&mut self, ctx: &Ctx<'_>) -> Outcome {
        if self.search.is_editing() {
            let from = self.search.close();
            let _ = self.look_for(None, 0);
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
            return Outcome::CHANGED;
        }
        if !self.search.is_empty() {
            let _ = self.search.close();
            let _ = self.look_for(None, 0);
            return Outcome::CHANGED;
        }
        if !self.filter.is_empty() {
            let _ = self.filter.close();
            return self.refilter(ctx);
        }
        Outcome::IGNORED
    }

    fn look_for(&mut self, needle: Option<Needle>, from: usize) -> Option<Job> {
        (self.seeking, self.missed) = (None, false);
        self.view.search(self.rows.data(), needle, from)
    }

    /// Goes to the first hit from where the search began.
    fn seek(&mut self, ctx: &Ctx<'_>) -> Outcome {
        let origin = self.search.origin();
        let from = self.view.row(origin).unwrap_or(0);
        let job = self.look_for(Needle::new(self.search.text()), from);
        if self.view.is_searching() {
            self.go_to_hit(origin, true, ctx);
        } else {
            self.move_to(origin, ctx);
        }
        job.map_or(Outcome::CHANGED, |job| Outcome::effect(Effect::Work(job)))
    }

    pub(super) fn find(&mut self, forward: bool, ctx: &Ctx<'_>) -> bool {
        if !self.view.is_searching() || self.is_empty() {
            return false;
        }
        let len = self.len();
        let from = if forward { self.place + 1 } else { self.place + len - 1 } % len;
        self.go_to_hit(from, forward, ctx);
        true
    }

    /// Goes to the next hit; where the search still looks, waits for it.
    fn go_to_hit(&mut self, from: usize, forward: bool, ctx: &Ctx<'_>) {
        let (_, looking) = self.view.hits();
        let hit = self.view.hit(from, forward);
        // Of rows that were not looked at yet one may come first.
        let is_sure =
            !looking || forward && self.view.is_in_row_order() && hit.is_some_and(|hit| hit >= from);
        if !is_sure {
            self.seeking = Some((from, forward));
            return;
        }
        self.seeking = None;
        self.missed = hit.is_none();
        let back = if self.search.is_editing() { self.search.origin() } else { self.place };
        self.move_to(hit.unwrap_or(back), ctx);
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
        self.top = self.top_for(draw::body_height(self, ctx.area));
    }

    /// The rows that are shown, to be written to a file.
    pub fn saving(&self, target: PathBuf, spec: Spec, replace: bool, stopped: Arc<AtomicBool>) -> Saving {
        let order = self.view.order().map(<[u32]>::to_vec);
        let fields = self.asked();
        let origin = self.asked.as_ref().map(|(query, began)| Origin::new(query, *began));
        let spec = Spec { fields, origin, ..spec };
        Saving { data: self.rows.snapshot(), order, target, replace, spec, stopped }
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
        let name = match self.column {
            Column::Field(field) => field.key().to_owned(),
            Column::Attribute(path) => format!("attributes.{}", self.rows.data().name(path).raw()),
        };
        Known {
            name,
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
