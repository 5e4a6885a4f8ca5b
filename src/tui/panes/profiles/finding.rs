//! Looking for rows: for a text, or for what a cell has.

use super::looking::TOO_LONG;
use super::{Came, Profiles};
use crate::rows::{Filter, Job, Needle, Term};
use crate::tui::ctx::{Ctx, Effect, Outcome};
use crate::tui::widgets::LONGEST;

impl Profiles {
    pub(super) fn open_search(&mut self) -> Outcome {
        let _ = self.search.close();
        self.end_search();
        self.search.edit(self.selected(), self.place);
        Outcome::CHANGED
    }

    /// Looks for nothing any more.
    pub(super) fn end_search(&mut self) {
        let _ = self.look_for(Vec::new(), 0);
    }

    fn look_for(&mut self, terms: Vec<Term>, from: usize) -> Option<Job> {
        (self.seeking, self.came, self.alike) = (None, Came::Straight, None);
        self.view.search(self.rows.data(), terms, from)
    }

    /// Looks for the same in rows that took the place of those before.
    pub(super) fn search_again(&mut self) -> Option<Job> {
        let text = self.search.text();
        let terms = match self.alike {
            Some(_) => Filter::parse(text, self.rows.data()).ok().flatten().map(|filter| filter.terms),
            None => Needle::new(text).map(|needle| vec![Term::anywhere(needle)]),
        };
        self.view.search(self.rows.data(), terms.unwrap_or_default(), 0)
    }

    /// Goes to the first hit from where the search began.
    pub(super) fn seek(&mut self, ctx: &Ctx<'_>) -> Outcome {
        let origin = self.search.origin();
        let from = self.view.row(origin).unwrap_or(0);
        let terms = Needle::new(self.search.text()).map(Term::anywhere).into_iter().collect();
        let job = self.look_for(terms, from);
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

    /// Goes to the next row that has in this column what the cell under the cursor has.
    pub(super) fn find_alike(&mut self, ctx: &Ctx<'_>) -> Outcome {
        let Some(row) = self.selected() else { return Outcome::IGNORED };
        let own = Filter::of_cell(self.rows.data(), self.column, &self.rows.cell(row, self.column));
        if own.len() > LONGEST {
            return Outcome::effect(Effect::Say(TOO_LONG.to_owned()));
        }
        let Ok(Some(filter)) = Filter::parse(&own, self.rows.data()) else { return Outcome::IGNORED };
        self.search.set(&own);
        let job = self.look_for(filter.terms, row);
        self.alike = Some(self.column);
        self.find(true, ctx);
        job.map_or(Outcome::CHANGED, |job| Outcome::effect(Effect::Work(job)))
    }

    /// Goes to the next hit; where the search still looks, waits for it.
    pub(super) fn go_to_hit(&mut self, from: usize, forward: bool, ctx: &Ctx<'_>) {
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
        let back = if self.search.is_editing() { self.search.origin() } else { self.place };
        let wrapped = hit.is_some_and(|hit| match (self.search.is_editing(), forward) {
            // What is typed may be found where the cursor is; what comes next may not.
            (true, _) => hit < back,
            (false, true) => hit <= back,
            (false, false) => hit >= back,
        });
        self.move_to(hit.unwrap_or(back), ctx);
        self.came = match (hit, wrapped) {
            (None, _) => Came::Nowhere,
            (Some(_), true) => Came::Round,
            (Some(_), false) => Came::Straight,
        };
    }
}
