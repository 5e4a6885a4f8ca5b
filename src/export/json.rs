//! Processed values as compact JSON.

use super::row::{Cell, Row};
pub use crate::engine::pipeline::json::{node, text};
use crate::engine::pipeline::profile::{FieldRef, Profile, Slot};
use crate::engine::query::{Field, FieldSet};

/// Appends a profile: its fields in their order; null and missing are `null`, not asked for is left out.
pub fn profile(out: &mut String, profile: &Profile) {
    members(out, profile, Field::ALL.into_iter().filter(|field| is_asked(profile.field(*field))));
}

/// Appends a row: these fields in their order; null and missing are `null`.
pub(super) fn row(out: &mut String, row: &impl Row, fields: FieldSet) {
    members(out, row, fields.iter());
}

fn members(out: &mut String, row: &impl Row, fields: impl Iterator<Item = Field>) {
    out.push('{');
    let mut first = true;
    for field in fields {
        // The first needs no comma.
        out.push_str(&key(field)[usize::from(first)..]);
        first = false;
        value(out, row.cell(field));
    }
    out.push('}');
}

/// A member's key with what stands around it.
fn key(field: Field) -> &'static str {
    match field {
        Field::Id => ",\"id\":",
        Field::FirstName => ",\"first_name\":",
        Field::LastName => ",\"last_name\":",
        Field::Email => ",\"email\":",
        Field::Phone => ",\"phone\":",
        Field::Tags => ",\"tags\":",
        Field::Attributes => ",\"attributes\":",
        Field::CreatedDate => ",\"created_date\":",
        Field::ModifiedDate => ",\"modified_date\":",
    }
}

fn value(out: &mut String, cell: Cell<'_>) {
    match cell {
        Cell::Nothing => out.push_str("null"),
        Cell::Text(value) => text(out, value),
        Cell::Node(value) => node(out, value),
        Cell::Json(json) => out.push_str(json),
    }
}

fn is_asked(slot: FieldRef<'_>) -> bool {
    !matches!(slot, FieldRef::Text(Slot::NotAsked) | FieldRef::Node(Slot::NotAsked))
}
