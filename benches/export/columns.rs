//! Profiles as columns, as a table of very many rows keeps them; they lend rows as a profile does.

use arrow_array::{Array as _, StringArray};
use cxlens::engine::pipeline::profile::{FieldRef, Profile, Slot};
use cxlens::engine::query::Field;
use cxlens::export::{Cell, Row, json};

/// A column of text for each field; lists and objects as the compact JSON of what was processed.
pub(crate) struct Columns([StringArray; Field::COUNT]);

/// One row of it.
pub(crate) struct Lent<'a>(&'a Columns, usize);

impl Columns {
    pub(crate) fn of(profiles: &[Profile]) -> Self {
        Self(Field::ALL.map(|field| profiles.iter().map(|profile| text(profile, field)).collect()))
    }

    pub(crate) fn row(&self, row: usize) -> Lent<'_> {
        Lent(self, row)
    }
}

fn text(profile: &Profile, field: Field) -> Option<String> {
    match profile.field(field) {
        FieldRef::Text(Slot::Value(text)) => Some(text.value.raw().to_owned()),
        FieldRef::Node(Slot::Value(node)) => {
            let mut out = String::new();
            json::node(&mut out, node);
            Some(out)
        }
        FieldRef::Text(_) | FieldRef::Node(_) => None,
    }
}

impl Row for Lent<'_> {
    fn cell(&self, field: Field) -> Cell<'_> {
        let Self(Columns(columns), row) = self;
        let column = &columns[field.index()];
        match (column.is_null(*row), field) {
            (true, _) => Cell::Nothing,
            (false, Field::Tags | Field::Attributes) => Cell::Json(column.value(*row)),
            (false, _) => Cell::Text(column.value(*row)),
        }
    }
}
