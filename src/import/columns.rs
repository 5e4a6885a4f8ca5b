//! Which column is which field of a profile, and which are attributes.
//!
//! ```text
//! id  first_name  attributes.plan  attributes.address.city  Shop
//! │   firstName   └─────────── attributes: {"plan":…,"address":{"city":…},"Shop":…}
//! ```
//!
//! A field is known by its processed name, the wire's, or either in another spelling (`First Name`, `E-MAIL`). A name
//! like `attributes.address.city` is the way to a value within the attributes; every other column is an attribute by
//! its name.

use std::borrow::Cow;

use super::members::{name, separate, unchanged};
use super::part::Stop;
use crate::engine::pipeline::{json, members};
use crate::engine::query::{Field, FieldSet};

/// The ending of a column that stands beside a date in Parquet, with the text that the service sent.
const TEXT: &str = "_text";

/// What a cell is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A field of text.
    Text,
    /// `tags` or `attributes`: a list or an object.
    Node,
    /// One attribute.
    Attribute,
}

/// Appends the JSON of a column's cell in the row at hand; `false`, and nothing, where it is empty or null.
pub(super) type Cell<'a> = dyn FnMut(&mut String, usize, Use) -> bool + 'a;

/// The columns of a file.
#[derive(Debug)]
pub(super) struct Columns {
    /// The column of each field.
    fields: [Option<usize>; Field::COUNT],
    /// The column that has a date's text, where the date alone does not say all of it.
    texts: [Option<usize>; Field::COUNT],
    attributes: Vec<(Box<str>, Node)>,
}

/// An attribute. Some rows may have a plain value where others have an object.
#[derive(Debug, Default)]
struct Node {
    column: Option<usize>,
    inner: Vec<(Box<str>, Node)>,
}

impl Columns {
    /// Finds out what columns of these names are.
    ///
    /// # Errors
    /// None of them belongs to a profile.
    pub(super) fn of(names: &[&str]) -> Result<Self, Stop> {
        let none = [None; Field::COUNT];
        let mut columns = Self { fields: none, texts: none, attributes: Vec::new() };
        let mut left: Vec<usize> = (0..names.len()).collect();
        // The exact names first: `Email` must not take the place of `email`.
        let ways: [fn(&str, Field) -> bool; 2] = [is_named, is_spelled];
        for way in ways {
            left.retain(|at| {
                let named = Field::ALL.into_iter().find(|field| way(names[*at], *field));
                match named.map(|field| &mut columns.fields[field.index()]) {
                    Some(place @ None) => {
                        *place = Some(*at);
                        false
                    }
                    _ => true,
                }
            });
        }
        left.retain(|at| {
            let dates = [Field::CreatedDate, Field::ModifiedDate];
            let date = dates.into_iter().find(|date| names[*at].strip_suffix(TEXT) == Some(date.key()));
            match date.filter(|date| columns.fields[date.index()].is_some()) {
                Some(date) => {
                    columns.texts[date.index()] = Some(*at);
                    false
                }
                None => true,
            }
        });
        let nested = left.iter().any(|at| way_to(names[*at]).is_some());
        if columns.fields.iter().all(Option::is_none) && !nested {
            // Without a header the first line is somebody's: what it says is not repeated.
            return Err(Stop {
                cause: format!("of its columns ({}) none is named like a profile's", names.len()),
                remedy: "give it a header that names id, email or another field of a profile",
            });
        }
        for at in left {
            let name = names[at];
            let way = way_to(name).unwrap_or_else(|| vec![alone(name, at)]);
            if !insert(&mut columns.attributes, &way, at) {
                // Another column has its name.
                let name = format!("{} (column {})", name, at + 1);
                insert(&mut columns.attributes, &[name.into()], at);
            }
        }
        Ok(columns)
    }

    /// The fields that there are.
    pub(super) fn known(&self) -> FieldSet {
        let known = |field: &Field| {
            self.fields[field.index()].is_some() || *field == Field::Attributes && !self.attributes.is_empty()
        };
        Field::ALL.into_iter().filter(known).collect()
    }

    /// Appends a row as the service sends it.
    pub(super) fn row(&self, out: &mut String, cell: &mut Cell<'_>) {
        out.push('{');
        let start = out.len();
        for field in Field::ALL {
            let Some(column) = self.fields[field.index()] else { continue };
            let usage = match field {
                Field::Attributes if !self.attributes.is_empty() => continue,
                Field::Attributes | Field::Tags => Use::Node,
                _ => Use::Text,
            };
            separate(out, start);
            name(out, field);
            let at = out.len();
            let text = self.texts[field.index()];
            if !text.is_some_and(|text| cell(out, text, usage)) && !cell(out, column, usage) {
                out.push_str("null");
            }
            unchanged(out, at, field);
        }
        if !self.attributes.is_empty() {
            separate(out, start);
            name(out, Field::Attributes);
            let mut rest = String::new();
            if let Some(column) = self.fields[Field::Attributes.index()] {
                cell(&mut rest, column, Use::Node);
            }
            attributes(out, &self.attributes, &rest, cell);
        }
        out.push('}');
    }
}

/// Appends attributes: those that have columns, and what stands together in one, which is JSON or nothing.
fn attributes(out: &mut String, nodes: &[(Box<str>, Node)], rest: &str, cell: &mut Cell<'_>) {
    let start = out.len();
    if let Ok(rest) = members(rest.as_bytes()) {
        object(out, nodes, rest, cell);
        return;
    }
    let some = object(out, nodes, Vec::new(), cell);
    match rest {
        "" | "null" if some => {}
        "" => out.replace_range(start.., "null"),
        // Attributes that are no object stay what they are.
        rest if !some => out.replace_range(start.., rest),
        rest => {
            out.truncate(start);
            object(out, nodes, vec![(Field::Attributes.wire().into(), rest)], cell);
        }
    }
}

/// Appends an object: members that have columns, then the rest of them. Whether it has any.
fn object(
    out: &mut String,
    nodes: &[(Box<str>, Node)],
    mut rest: Vec<(Cow<'_, str>, &str)>,
    cell: &mut Cell<'_>,
) -> bool {
    out.push('{');
    let start = out.len();
    for (key, node) in nodes {
        // What has no column of its own joins the object that it belongs to.
        let at = rest.iter().position(|(there, value)| **there == **key && value.starts_with('{'));
        let joins = at.filter(|_| !node.inner.is_empty()).map(|at| rest.remove(at).1);
        let joins = joins.and_then(|inner| members(inner.as_bytes()).ok()).unwrap_or_default();
        let whole =
            !node.inner.is_empty() && member(out, start, key, |out| object(out, &node.inner, joins, cell));
        let Some(column) = node.column else { continue };
        let key = if whole { format!("{key} (column {})", column + 1).into() } else { Cow::Borrowed(&**key) };
        if member(out, start, &key, |out| cell(out, column, Use::Attribute))
            && let Some((name, _)) = rest.iter_mut().find(|(there, _)| *there == key)
        {
            *name = format!("{name} (attributes)").into();
        }
    }
    for (key, value) in &rest {
        member(out, start, key, |out| {
            out.push_str(value);
            true
        });
    }
    out.push('}');
    out.len() > start + 1
}

/// Appends a member to the object that was begun at `start`; whether it has a value.
fn member(out: &mut String, start: usize, key: &str, value: impl FnOnce(&mut String) -> bool) -> bool {
    let before = out.len();
    separate(out, start);
    json::text(out, key);
    out.push(':');
    let there = value(out);
    if !there {
        out.truncate(before);
    }
    there
}

fn is_named(name: &str, field: Field) -> bool {
    name == field.key() || name == field.wire()
}

fn is_spelled(name: &str, field: Field) -> bool {
    let plain = |name: &str| -> String {
        name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).flat_map(char::to_lowercase).collect()
    };
    plain(name) == plain(field.wire())
}

/// The keys in `attributes.address.city` and `attributes["with.dot"]`; `None`: it is not such a name.
fn way_to(name: &str) -> Option<Vec<Box<str>>> {
    let mut left = name.strip_prefix(Field::Attributes.wire())?;
    let mut way: Vec<Box<str>> = Vec::new();
    while !left.is_empty() {
        if let Some(after) = left.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            way.push(after[..end].into());
            left = &after[end..];
        } else {
            let json = left.strip_prefix('[')?;
            let mut texts = serde_json::Deserializer::from_str(json).into_iter::<String>();
            way.push(texts.next()?.ok()?.into());
            left = json.get(texts.byte_offset()..)?.strip_prefix(']')?;
        }
    }
    (!way.is_empty() && way.iter().all(|key| !key.is_empty() || name.contains('['))).then_some(way)
}

/// The name of an attribute that is a column of its own.
fn alone(name: &str, at: usize) -> Box<str> {
    if name.trim().is_empty() { format!("column {}", at + 1).into() } else { name.trim().into() }
}

/// Puts a column at the end of a way; `false` where one is there already.
fn insert(nodes: &mut Vec<(Box<str>, Node)>, way: &[Box<str>], column: usize) -> bool {
    let Some((key, further)) = way.split_first() else { return false };
    let at = nodes.iter().position(|(there, _)| there == key).unwrap_or_else(|| {
        nodes.push((key.clone(), Node::default()));
        nodes.len() - 1
    });
    let node = &mut nodes[at].1;
    if !further.is_empty() {
        return insert(&mut node.inner, further, column);
    }
    let free = node.column.is_none();
    node.column = node.column.or(Some(column));
    free
}
