//! A profile and its rows, in sentences.

use crate::engine::pipeline::profile::{Change, FieldRef, Node, Original, Profile, Slot, Value};
use crate::engine::query::Field;
use crate::engine::retention::Window;
use crate::engine::text::fit;
use crate::rows::{Content, Mask, Rows};

/// A value longer than this is told as far as that, in columns.
const LONGEST: usize = 2_000;
/// Values in a row of the list are shorter.
const LONGEST_IN_ROW: usize = 60;
/// Fields that a row of the list is told by.
const LISTED: [Field; 6] =
    [Field::Id, Field::FirstName, Field::LastName, Field::Email, Field::Phone, Field::ModifiedDate];

/// `first name`
fn spoken(key: &str) -> String {
    key.replace('_', " ")
}

/// A row of the list: `Row 3: id PROF-0000003, first name Ada, no phone.` One from before the window says so.
pub(super) fn row(rows: &Rows, row: usize, place: usize, mask: &Mask, window: Option<Window>) -> String {
    let mut parts = Vec::new();
    for field in LISTED {
        let cell = rows.cell(row, field.into());
        match cell.content {
            Content::NotAsked => {}
            _ if !cell.is_filled() => parts.push(format!("no {}", spoken(field.key()))),
            _ => parts.push(format!(
                "{} {}",
                spoken(field.key()),
                cell.veiled(LONGEST_IN_ROW, mask, row, field.key())
            )),
        }
    }
    if let Content::Text(modified) = rows.cell(row, Field::ModifiedDate.into()).content
        && window.is_some_and(|window| window.is_before(modified.raw()))
    {
        parts.push("past retention".to_owned());
    }
    format!("Row {}: {}.", place + 1, parts.join(", "))
}

/// A profile, a sentence a value.
pub(super) fn profile(profile: &Profile, row: usize, mask: &Mask) -> Vec<String> {
    let mut told = Vec::new();
    for field in Field::ALL {
        match profile.field(field) {
            FieldRef::Text(slot) => {
                let said = match slot {
                    Slot::Value(text) => {
                        value(mask, row, field.key(), text.value.raw(), text.original.as_deref())
                    }
                    other => absent(other).to_owned(),
                };
                told.push(format!("{}: {said}", spoken(field.key())));
            }
            FieldRef::Node(slot) => match slot {
                Slot::Value(node) => tell(&mut told, mask, row, field.key(), node),
                other => told.push(format!("{}: {}", field.key(), absent(other))),
            },
        }
    }
    told
}

fn absent<T>(slot: &Slot<T>) -> &'static str {
    match slot {
        Slot::NotAsked => "not asked for",
        Slot::Missing => "missing from the reply",
        Slot::Null | Slot::Value(_) => "null",
    }
}

fn tell(told: &mut Vec<String>, mask: &Mask, row: usize, path: &str, node: &Node) {
    let original = node.original.as_deref();
    let mut say = |text: &str| told.push(format!("{path}: {}", value(mask, row, path, text, original)));
    match &node.value {
        Value::Null => told.push(format!("{path}: null{}", was(mask, row, path, original))),
        Value::Bool(yes) => say(if *yes { "true" } else { "false" }),
        Value::Number(digits) => say(digits),
        Value::Text(text) => say(text.raw()),
        Value::List(nodes) if nodes.is_empty() => told.push(format!("{path}: an empty list")),
        Value::List(nodes) if nodes.iter().all(|node| matches!(node.value, Value::Text(_))) => {
            let texts = nodes.iter().filter_map(|node| match &node.value {
                Value::Text(text) => Some(value(mask, row, path, text.raw(), node.original.as_deref())),
                _ => None,
            });
            told.push(format!("{path}: {}", texts.collect::<Vec<_>>().join(", ")));
        }
        Value::List(nodes) => nodes.iter().for_each(|node| tell(told, mask, row, path, node)),
        Value::Object(members) if members.is_empty() => told.push(format!("{path}: empty")),
        Value::Object(members) => {
            for (key, node) in members {
                tell(told, mask, row, &Mask::below(path, key.raw()), node);
            }
        }
    }
}

/// A value, and what it was where processing changed it.
fn value(mask: &Mask, row: usize, path: &str, text: &str, original: Option<&Original>) -> String {
    let shown = match mask.hides(Some(row), path) {
        _ if text.is_empty() => "empty".to_owned(),
        Some(kind) => mask.stand_in(kind, text),
        None => fit(text, LONGEST).into_owned(),
    };
    shown + &was(mask, row, path, original)
}

fn was(mask: &Mask, row: usize, path: &str, original: Option<&Original>) -> String {
    let Some(original) = original else { return String::new() };
    let json = mask.json_at(Some(row), path, original.json.raw());
    let json = fit(&json, LONGEST_IN_ROW);
    match original.change {
        Change::Coerced => format!(", from {json}"),
        Change::WrongType => format!(", of the wrong type, was {json}"),
        change => format!(", {} from {json}", change.describe()),
    }
}
