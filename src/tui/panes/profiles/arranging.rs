//! Arranging the columns, from the table itself or from the list of them.

use super::Profiles;
use super::arranged::{Arrangement, Placed, WIDTHS, name};
use super::columns::{Columns, wanted};
use super::draw;
use crate::engine::query::Field;
use crate::rows::Column;
use crate::tui::action::Action;
use crate::tui::ctx::Ctx;

/// How much wider or narrower a column becomes at once.
const STEP: u16 = 2;

/// A column, for the list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub column: Column,
    /// Its name, from outside: `attributes.plan`.
    pub name: String,
    /// Whether it is shown.
    pub shown: bool,
    /// Whether it stays at the left.
    pub pinned: bool,
    /// The width that somebody gave it.
    pub width: Option<u16>,
    /// Rows that have a value there.
    pub filled: u64,
}

impl Profiles {
    /// How the columns are arranged.
    pub fn arrangement(&self) -> &Arrangement {
        self.arranged.kept()
    }

    /// Arranges the columns as they were in an earlier session.
    pub fn set_arrangement(&mut self, arrangement: Arrangement) {
        self.arranged.set(arrangement, self.rows.data());
        self.show_cursor(0);
    }

    /// All columns that there are, shown or not, in their order.
    pub fn listed(&self) -> Vec<Listed> {
        let usual = self.usual_columns();
        let listed = |column: Column| {
            let look = self.arranged.look(column);
            Listed {
                column,
                name: name(self.rows.data(), column),
                shown: self.is_shown(column),
                pinned: look.pinned,
                width: look.width,
                filled: self.rows.filled(column),
            }
        };
        self.arranged.ordered(&usual).into_iter().map(listed).collect()
    }

    /// The column under the cursor.
    pub fn column(&self) -> Column {
        self.column
    }

    /// Does to a column what an action says; says whether that changed anything.
    pub fn arrange_column(&mut self, action: Action, column: Column, ctx: &Ctx<'_>) -> bool {
        let before = self.arranged.kept().clone();
        let data = self.rows.snapshot();
        let at = self.all_columns().iter().position(|placed| placed.column == self.column).unwrap_or(0);
        match action {
            Action::HideColumn | Action::Toggle => {
                let shown = !self.is_shown(column);
                // Something is always shown.
                if !shown && self.all_columns().len() == 1 {
                    return false;
                }
                let usual = self.is_usually_shown(column);
                self.arranged.change(column, &data, |look| look.shown = (shown != usual).then_some(shown));
            }
            Action::Pin => self.arranged.change(column, &data, |look| look.pinned ^= true),
            Action::Narrower | Action::Wider => {
                let width = self.width_of(column, ctx);
                let width = if action == Action::Wider { width + STEP } else { width.saturating_sub(STEP) };
                let width = Some(width.clamp(WIDTHS.0, WIDTHS.1));
                self.arranged.change(column, &data, |look| look.width = width);
            }
            Action::Clear => self.arranged.set(Arrangement::default(), &data),
            _ => return false,
        }
        self.show_cursor(at);
        self.left = self.columns(draw::table_width(self, ctx.area)).left;
        *self.arranged.kept() != before
    }

    /// Moves a column a place to the left or to the right, in the table or among all that there are; says whether it
    /// moved. Pinned ones stay among themselves, and so do the others.
    pub fn move_column(&mut self, column: Column, right: bool, among_all: bool, ctx: &Ctx<'_>) -> bool {
        let all = self.arranged.ordered(&self.usual_columns());
        let seen: Vec<Column> =
            all.iter().copied().filter(|column| among_all || self.is_shown(*column)).collect();
        let Some(at) = seen.iter().position(|other| *other == column) else { return false };
        let next = if right { at.checked_add(1) } else { at.checked_sub(1) };
        let Some(there) = next.and_then(|next| seen.get(next)).copied() else { return false };
        if self.arranged.look(there).pinned != self.arranged.look(column).pinned {
            return false;
        }
        let data = self.rows.snapshot();
        self.arranged.put(column, there, &all, &data);
        self.left = self.columns(draw::table_width(self, ctx.area)).left;
        true
    }

    pub(super) fn columns(&self, width: u16) -> Columns {
        let (rows, all, sort) = (&self.rows, self.all_columns(), self.view.sort());
        if self.arranged.is_placed() {
            Columns::side_by_side(rows, &all, self.column, sort, self.left, width)
        } else {
            Columns::fit(rows, &all, self.column, sort, width)
        }
    }

    /// The columns that are shown, as far as there is room, in their order.
    pub(super) fn all_columns(&self) -> Vec<Placed> {
        let usual = self.usual_columns();
        let placed = |column: Column| {
            let look = self.arranged.look(column);
            Placed { column, pinned: look.pinned, width: look.width }
        };
        let ordered = self.arranged.ordered(&usual);
        let shown: Vec<Placed> =
            ordered.iter().copied().filter(|column| self.is_shown(*column)).map(placed).collect();
        if shown.is_empty() {
            // All that were shown are not there any more.
            return usual.first().copied().map(placed).into_iter().collect();
        }
        shown
    }

    /// The columns that there are, in their usual order.
    fn usual_columns(&self) -> Vec<Column> {
        let mut all = Vec::new();
        for field in self.asked().iter() {
            if field == Field::Attributes {
                let paths = self.rows.data().attributes().map(Column::Attribute);
                all.extend(paths.filter(|path| self.rows.has(*path)));
            }
            all.push(field.into());
        }
        all
    }

    fn is_shown(&self, column: Column) -> bool {
        self.arranged.look(column).shown.unwrap_or_else(|| self.is_usually_shown(column))
    }

    /// Attributes have one column, or one each.
    fn is_usually_shown(&self, column: Column) -> bool {
        let data = self.rows.data();
        let flat = self.arranged.is_flat();
        match column {
            Column::Attribute(_) => flat,
            Column::Field(Field::Attributes) => {
                let has_own = |path| self.rows.has(Column::Attribute(path));
                !flat || data.has_more_attributes() || !data.attributes().any(has_own)
            }
            Column::Field(_) => true,
        }
    }

    fn width_of(&self, column: Column, ctx: &Ctx<'_>) -> u16 {
        let seen = self.columns(draw::table_width(self, ctx.area)).shown;
        let seen = seen.iter().find(|shown| shown.column == column).map(|shown| shown.width);
        let set = self.arranged.look(column).width;
        set.or(seen).unwrap_or_else(|| wanted(&self.rows, &column.into(), self.view.sort()))
    }

    /// The cursor's column is one that is shown: where it is none any more, that at this place.
    fn show_cursor(&mut self, at: usize) {
        let all = self.all_columns();
        if !all.iter().any(|placed| placed.column == self.column) {
            let next = all.get(at.min(all.len().saturating_sub(1)));
            self.column = next.map_or(self.column, |placed| placed.column);
        }
    }

    pub(super) fn step_column(&mut self, by: isize, ctx: &Ctx<'_>) {
        let all = self.all_columns();
        let at = all.iter().position(|placed| placed.column == self.column).unwrap_or(0);
        let next = at.saturating_add_signed(by).min(all.len().saturating_sub(1));
        self.column = all.get(next).map_or(self.column, |placed| placed.column);
        self.left = self.columns(draw::table_width(self, ctx.area)).left;
    }

    /// A column for each attribute, or one for all of them.
    pub(super) fn flatten(&mut self) {
        let flat = !self.arranged.is_flat();
        self.arranged.set_flat(flat);
        if flat {
            // To where they can be seen.
            let is_attribute = |placed: &Placed| matches!(placed.column, Column::Attribute(_));
            let first = self.all_columns().into_iter().find(is_attribute);
            self.column = first.map_or(self.column, |placed| placed.column);
        } else if matches!(self.column, Column::Attribute(_)) {
            self.column = Field::Attributes.into();
        }
        self.show_cursor(0);
    }
}
