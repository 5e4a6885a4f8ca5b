//! Processed values as compact JSON.

use super::row::{Cell, Column, Row, Source};
pub use crate::engine::pipeline::json::{node, text};
use crate::engine::pipeline::profile::{FieldRef, Profile, Slot};
use crate::engine::query::Field;

/// Appends a profile: its fields in their order; null and missing are `null`, not asked for is left out.
pub fn profile(out: &mut String, profile: &Profile) {
    let asked = Field::ALL.into_iter().filter(|field| is_asked(profile.field(*field)));
    let members: Vec<Member> = asked.map(|field| Member::of(&field.into())).collect();
    row(out, profile, &members);
}

/// A column's key, with what stands around it, and what is in it.
#[derive(Debug)]
pub(super) struct Member {
    key: String,
    source: Source,
}

impl Member {
    pub(super) fn of(column: &Column) -> Self {
        let mut key = ",".to_owned();
        text(&mut key, &column.name);
        key.push(':');
        Self { key, source: column.source }
    }
}

/// Appends a row: these members in their order; null and missing are `null`.
pub(super) fn row(out: &mut String, row: &impl Row, members: &[Member]) {
    out.push('{');
    for (at, member) in members.iter().enumerate() {
        // The first needs no comma.
        out.push_str(&member.key[usize::from(at == 0)..]);
        value(out, row.of(member.source));
    }
    out.push('}');
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
