//! What is known of the columns from the rows that came, gathered while they come.

use unicode_width::UnicodeWidthStr;

use super::Column;
use super::cell::Cell;
use super::order::compare;
use super::values::{Kind, Value};
use crate::engine::query::Field;
use crate::engine::text::Untrusted;

/// The widest that a column is ever measured, in display columns.
pub const WIDEST: usize = 60;
/// Bytes of a least or largest value that are kept.
const LONGEST: usize = 256;

/// What is known of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnFacts {
    /// The widest text seen, in display columns, at most [`WIDEST`].
    pub width: u16,
    /// Rows whose value processing changed.
    pub changed: u64,
    /// The least value: numbers by value before text in natural order.
    pub least: Option<Untrusted>,
    /// The largest.
    pub largest: Option<Untrusted>,
    /// What `least` and `largest` are.
    kinds_of_ends: Option<(Kind, Kind)>,
    /// Rows by [`Kind`].
    kinds: [u64; Kind::ALL.len()],
}

impl ColumnFacts {
    /// Rows with a value.
    pub fn filled(&self) -> u64 {
        Kind::ALL.into_iter().filter(|kind| kind.is_filled()).map(|kind| self.of(kind)).sum()
    }

    /// Whether any row has it, be it null.
    pub fn is_there(&self) -> bool {
        self.filled() + self.of(Kind::Null) > 0
    }

    /// Rows of a kind. Of an attribute, those that do not have it are not counted.
    pub fn of(&self, kind: Kind) -> u64 {
        self.kinds[kind as usize]
    }

    /// Whether all values are numbers, and there are some.
    pub fn is_numeric(&self) -> bool {
        let numbers = self.of(Kind::Number);
        numbers > 0 && numbers == self.filled()
    }

    /// Takes up a row's value; `is_new`: no row near it had the same.
    pub(super) fn note(&mut self, value: Value<'_>, is_new: bool) {
        let kind = value.kind();
        self.kinds[kind as usize] += 1;
        self.changed += u64::from(value.mark.changed());
        if !is_new || !kind.is_filled() {
            return;
        }
        // Measuring stops where it cannot change anything any more.
        if usize::from(self.width) < WIDEST {
            // ASCII takes a column a byte.
            if value.text.len() > usize::from(self.width) || !value.text.is_ascii() {
                self.width = self.width.max(width(&Cell::of(value)));
            }
        }
        if kind == Kind::Json {
            return;
        }
        let (least, largest) = self.kinds_of_ends.unwrap_or((kind, kind));
        let is_less =
            self.least.as_ref().is_none_or(|end| compare((kind, value.text), (least, end.raw())).is_lt());
        let is_more =
            self.largest.as_ref().is_none_or(|end| compare((kind, value.text), (largest, end.raw())).is_gt());
        if is_less || is_more {
            let text = &value.text[..value.text.floor_char_boundary(LONGEST)];
            if is_less {
                self.least = Some(text.into());
            }
            if is_more {
                self.largest = Some(text.into());
            }
            self.kinds_of_ends =
                Some((if is_less { kind } else { least }, if is_more { kind } else { largest }));
        }
    }

    /// Takes up a row's attributes as a whole, which have no order.
    pub(super) fn note_cell(&mut self, cell: &Cell<'_>) {
        self.kinds[cell.content.kind() as usize] += 1;
        self.changed += u64::from(cell.changed);
        if usize::from(self.width) < WIDEST && cell.is_filled() {
            self.width = self.width.max(width(cell));
        }
    }
}

fn width(cell: &Cell<'_>) -> u16 {
    cell.display(WIDEST).width().min(WIDEST) as u16
}

/// Facts of all columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    fields: [ColumnFacts; Field::COUNT],
    leaves: Vec<ColumnFacts>,
}

impl Facts {
    /// The widest text, and whether processing changed any value.
    pub(super) fn width(&self, column: Column) -> (u16, bool) {
        self.get(column).map_or((0, false), |facts| (facts.width, facts.changed > 0))
    }

    /// What is known of a column, lent; `None`: nothing came.
    pub(super) fn get(&self, column: Column) -> Option<&ColumnFacts> {
        match column {
            Column::Field(field) => Some(&self.fields[field.index()]),
            Column::Attribute(path) => self.leaves.get(usize::from(path.0)),
        }
    }

    pub(super) fn of(&self, column: Column) -> ColumnFacts {
        self.get(column).cloned().unwrap_or_default()
    }

    pub(super) fn of_mut(&mut self, column: Column) -> &mut ColumnFacts {
        match column {
            Column::Field(field) => &mut self.fields[field.index()],
            Column::Attribute(path) => {
                let at = usize::from(path.0);
                if self.leaves.len() <= at {
                    self.leaves.resize_with(at + 1, ColumnFacts::default);
                }
                &mut self.leaves[at]
            }
        }
    }
}
