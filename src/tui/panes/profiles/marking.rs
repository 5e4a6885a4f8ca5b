//! Marks on rows: a bit each, which stays on its row whatever the order is and whatever comes.

use std::sync::Arc;

use super::Profiles;
use crate::rows::{Filter, Marks};
use crate::tui::ctx::{Ctx, Effect, Outcome};

impl Profiles {
    /// The marked rows.
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// The filter that is asked for: what was typed, and that only marked rows are wanted.
    ///
    /// # Errors
    /// What was typed is none: why.
    pub(super) fn wanted_filter(&self) -> Result<Option<Filter>, String> {
        let typed = Filter::parse(self.filter.text(), self.rows.data())?;
        Ok(if self.only_marked { Some(Filter::marked(typed, Arc::new(self.marks.clone()))) } else { typed })
    }

    /// Marks the row under the cursor, or takes its mark away, and goes to the next.
    pub(super) fn mark(&mut self, ctx: &Ctx<'_>) -> Outcome {
        let Some(row) = self.selected() else { return Outcome::IGNORED };
        let on = !self.marks.has(row);
        self.marks.set(row, on);
        if !self.only_marked {
            self.move_to(self.place + 1, ctx);
            return Outcome::CHANGED;
        }
        // It is shown no more, so that the next comes under the cursor by itself.
        if self.marks.is_empty() {
            return self.show_marked(false, ctx);
        }
        let Ok(Some(filter)) = self.wanted_filter() else { return Outcome::CHANGED };
        let place = self.place;
        let job = self.view.leave_out(self.rows.data(), row, filter);
        self.move_to(place, ctx);
        job.map_or(Outcome::CHANGED, |job| Outcome::effect(Effect::Work(job)))
    }

    /// Marks all rows that are shown; where all are, takes their marks away.
    pub(super) fn mark_all(&mut self, ctx: &Ctx<'_>) -> Outcome {
        if self.is_empty() {
            return Outcome::IGNORED;
        }
        let marked = |row: usize| self.marks.has(row);
        let on = match self.view.order() {
            Some(order) => !order.iter().all(|row| marked(*row as usize)),
            None => !(0..self.len()).all(marked),
        };
        match self.view.order() {
            Some(order) => order.iter().for_each(|row| self.marks.set(*row as usize, on)),
            None => (0..self.len()).for_each(|row| self.marks.set(row, on)),
        }
        if !self.only_marked {
            return Outcome::CHANGED;
        }
        self.show_marked(!self.marks.is_empty(), ctx)
    }

    /// Shows only the marked rows, or all of them again.
    pub(super) fn toggle_only_marked(&mut self, ctx: &Ctx<'_>) -> Outcome {
        if !self.only_marked && self.marks.is_empty() {
            let key = ctx.keys.first(crate::tui::action::Action::Mark);
            return Outcome::effect(Effect::Say(format!(
                "no row is marked: {key} marks the one under the cursor"
            )));
        }
        self.show_marked(!self.only_marked, ctx)
    }

    pub(super) fn show_marked(&mut self, only: bool, ctx: &Ctx<'_>) -> Outcome {
        self.only_marked = only;
        self.refilter(ctx)
    }
}
