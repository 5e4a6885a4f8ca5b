//! A row of JSON, from an export or as received: the same row as the service sends it.

use std::borrow::Cow;

use super::part::Part;
use crate::engine::pipeline::{is_json, json, members};
use crate::engine::query::{Field, FieldSet};

/// Takes a row, or sets it aside. `known`: the fields that came so far.
pub(super) fn take(part: &mut Part, known: &mut FieldSet, row: &[u8], place: u64) -> Result<(), String> {
    let members = members(row)?;
    let start = part.body.len();
    for (key, _) in &members {
        part.seen(known, field(key).unwrap_or(Field::Attributes), place);
    }
    write(&mut part.body, &members);
    part.row(start, place);
    Ok(())
}

fn field(key: &str) -> Option<Field> {
    Field::ALL.into_iter().find(|field| field.wire() == key || field.key() == key)
}

fn write(out: &mut String, members: &[(Cow<'_, str>, &str)]) {
    let strange: Vec<_> = members.iter().filter(|(key, _)| field(key).is_none()).collect();
    let mut attributes = None;
    out.push('{');
    let start = out.len();
    for (field, value) in members.iter().filter_map(|(key, value)| Some((field(key)?, value))) {
        if field == Field::Attributes && !strange.is_empty() {
            // Of repeated ones the last counts, as everywhere.
            attributes = Some(*value);
            continue;
        }
        separate(out, start);
        name(out, field);
        let at = out.len();
        out.push_str(value);
        unchanged(out, at, field);
    }
    if !strange.is_empty() {
        separate(out, start);
        name(out, Field::Attributes);
        out.push('{');
        let start = out.len();
        let inner = beside(out, start, attributes);
        for (key, value) in strange {
            separate(out, start);
            let taken = inner.iter().any(|(there, _)| there == key);
            json::text(
                out,
                &if taken { format!("{key} (column)").into() } else { Cow::Borrowed(key.as_ref()) },
            );
            out.push(':');
            out.push_str(value);
        }
        out.push('}');
    }
    out.push('}');
}

/// Appends attributes' members, and gives them back; what is no object becomes a member itself.
fn beside<'a>(out: &mut String, start: usize, attributes: Option<&'a str>) -> Vec<(Cow<'a, str>, &'a str)> {
    let inner = match attributes {
        None | Some("null") => Vec::new(),
        Some(value) => members(value.as_bytes())
            .unwrap_or_else(|_| vec![(Cow::Borrowed(Field::Attributes.wire()), value)]),
    };
    for (key, value) in &inner {
        separate(out, start);
        json::text(out, key);
        out.push(':');
        out.push_str(value);
    }
    inner
}

/// A comma, where something stands since `start`.
pub(super) fn separate(out: &mut String, start: usize) {
    if out.len() > start {
        out.push(',');
    }
}

/// The wire's name of a field, and a colon.
pub(super) fn name(out: &mut String, field: Field) {
    out.extend(["\"", field.wire(), "\":"]);
}

/// Keeps a value in an e-mail's or a phone's place that was no text when it was received, and is written as one
/// since: as text it would be taken for one, and changed.
pub(super) fn unchanged(out: &mut String, at: usize, field: Field) {
    let is_structured = ["\"[", "\"{"].iter().any(|begins| out[at..].starts_with(begins));
    if !is_structured || !matches!(field, Field::Email | Field::Phone) {
        return;
    }
    if let Some(text) = serde_json::from_str::<String>(&out[at..]).ok().filter(|text| is_json(text)) {
        out.replace_range(at.., &text);
    }
}
