//! Processed values as compact JSON.

pub use crate::engine::pipeline::json::{node, text};
use crate::engine::pipeline::profile::{FieldRef, Profile, Slot};
use crate::engine::query::Field;

/// Appends a profile: its fields in their order; null and missing are `null`, not asked for is left out.
pub fn profile(out: &mut String, profile: &Profile) {
    out.push('{');
    let mut first = true;
    for field in Field::ALL {
        let slot = profile.field(field);
        if !is_asked(slot) {
            continue;
        }
        if !first {
            out.push(',');
        }
        first = false;
        out.push('"');
        out.push_str(field.key());
        out.push_str("\":");
        match slot {
            FieldRef::Text(Slot::Value(value)) => text(out, value.value.raw()),
            FieldRef::Node(Slot::Value(value)) => node(out, value),
            FieldRef::Text(_) | FieldRef::Node(_) => out.push_str("null"),
        }
    }
    out.push('}');
}

fn is_asked(slot: FieldRef<'_>) -> bool {
    !matches!(slot, FieldRef::Text(Slot::NotAsked) | FieldRef::Node(Slot::NotAsked))
}
