//! The field matrix: a grid of boxes, one a field.

use crate::engine::query::{Field, FieldSet};

/// Which fields are asked for, and where the cursor is.
#[derive(Debug)]
pub(super) struct Matrix {
    fields: FieldSet,
    cursor: usize,
}

impl Matrix {
    pub(super) fn new(fields: FieldSet) -> Self {
        Self { fields, cursor: 0 }
    }

    pub(super) fn fields(&self) -> FieldSet {
        self.fields
    }

    /// The place of the field under the cursor in [`Field::ALL`].
    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    /// To a field.
    pub(super) fn go(&mut self, at: usize) {
        self.cursor = at.min(Field::COUNT - 1);
    }

    /// What there is to know of a field before it is asked for: its type, what processing does with it, an example.
    pub(super) fn note(field: Field) -> &'static str {
        match field {
            Field::Id => "text; always asked for; PROF-0000021",
            Field::FirstName | Field::LastName => "text; blanks around it go; O'Brien",
            Field::Email => "text; blanks around it go, small letters; ada@example.com",
            Field::Phone => "text as it was typed; blanks around it go; +1-555-0101",
            Field::Tags => "list of texts; newsletter, b2b",
            Field::Attributes => {
                "anything by name; texts that are numbers, true or false become those; score 21"
            }
            Field::CreatedDate => "date and time; when the profile was made; 2026-03-04T12:00:00Z",
            Field::ModifiedDate => "date and time; older than the retention is marked; 2026-03-04T12:00:00Z",
        }
    }

    /// Lines of a grid with so many columns.
    pub(super) fn rows(columns: usize) -> usize {
        Field::COUNT.div_ceil(columns.max(1))
    }

    /// Takes the field under the cursor in or out; says whether that could be done.
    pub(super) fn toggle(&mut self) -> bool {
        let field = Field::ALL[self.cursor];
        let before = self.fields;
        self.fields = before.with(field, !before.contains(field));
        self.fields != before
    }

    pub(super) fn select(&mut self, fields: FieldSet) {
        self.fields = fields;
    }

    /// The field under the cursor.
    pub(super) fn field(&self) -> Field {
        Field::ALL[self.cursor]
    }

    /// All of them, or the ID alone.
    pub(super) fn toggle_all(&mut self) {
        self.fields = if self.fields == FieldSet::ALL { FieldSet::ID } else { FieldSet::ALL };
    }

    pub(super) fn step(&mut self, by: isize) {
        self.cursor = self.cursor.saturating_add_signed(by).min(Field::COUNT - 1);
    }

    /// A line up; `false` where it was on the first.
    pub(super) fn up(&mut self, columns: usize) -> bool {
        let inside = self.cursor >= columns;
        if inside {
            self.cursor -= columns;
        }
        inside
    }

    /// A line down; `false` where it was on the last.
    pub(super) fn down(&mut self, columns: usize) -> bool {
        let inside = self.cursor / columns + 1 < Self::rows(columns);
        if inside {
            self.cursor = (self.cursor + columns).min(Field::COUNT - 1);
        }
        inside
    }

    /// To the first line, in the same column.
    pub(super) fn enter_from_above(&mut self, columns: usize) {
        self.cursor %= columns;
    }

    /// To the last line, in the same column as far as there is one.
    pub(super) fn enter_from_below(&mut self, columns: usize) {
        let column = self.cursor % columns;
        self.cursor = ((Self::rows(columns) - 1) * columns + column).min(Field::COUNT - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_walks_the_grid_and_out_of_it() {
        let mut matrix = Matrix::new(FieldSet::ALL);
        matrix.step(1);
        for at in [3, 5, 7, 8] {
            assert!(matrix.down(2));
            assert_eq!(matrix.cursor(), at);
        }
        assert!(!matrix.down(2));
        matrix.enter_from_above(2);
        assert_eq!(matrix.cursor(), 0);
        assert!(!matrix.up(2));
        matrix.step(-1);
        assert_eq!(matrix.cursor(), 0);
        matrix.enter_from_below(2);
        assert_eq!(matrix.cursor(), 8);
    }

    #[test]
    fn id_is_always_on() {
        let mut matrix = Matrix::new(FieldSet::ALL);
        assert!(!matrix.toggle());
        matrix.step(3);
        assert!(matrix.toggle());
        assert!(!matrix.fields().contains(Field::Email));
        matrix.toggle_all();
        assert_eq!(matrix.fields(), FieldSet::ALL);
        matrix.toggle_all();
        assert_eq!(matrix.fields(), FieldSet::ID);
    }
}
