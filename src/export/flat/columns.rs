//! The columns that attributes become.
//!
//! * A value's column is named by the way to it: `attributes.address.city`. A key that is empty or holds a dot, a
//!   bracket or what JSON escapes stands in brackets, as JSON: `attributes["with.dot"]`. So no two ways share a name.
//! * Columns are in the order in which they first came. At most [`MOST`]; names at most [`LONGEST`] bytes; objects
//!   within objects down to [`DEEPEST`]. What is beyond the first two stays together as JSON in a last column,
//!   `attributes`, which is there only where it is needed; what is deeper is JSON in its own column.
//! * Lists and empty objects within are JSON. Attributes that are no object at all are beyond every column.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::take;
use crate::engine::pipeline::profile::{Node, Value};
use crate::engine::query::{Field, FieldSet};
use crate::engine::text::Untrusted;
use crate::export::{Cell, CsvOptions, csv, json};

/// Columns at most.
pub(super) const MOST: usize = 1_000;
/// Bytes of a column's name at most.
pub(super) const LONGEST: usize = 256;
/// Keys in a column's name at most.
pub(super) const DEEPEST: usize = 8;

/// The columns so far.
#[derive(Debug, Default)]
pub(super) struct Columns {
    numbers: HashMap<Box<str>, u32, FixedState>,
    names: Vec<Box<str>>,
    /// Something is beyond every column.
    pub(super) has_rest: bool,
    /// The name of the value that is being looked at.
    name: String,
}

/// What one row has in them: cells as they are written, quotes and all.
#[derive(Debug, Default)]
pub(super) struct Cells {
    /// Column, and where its text ends.
    ends: Vec<(u32, usize)>,
    text: Vec<u8>,
    rest: Vec<u8>,
    scratch: String,
}

impl Columns {
    /// Puts attributes into their columns.
    pub(super) fn spread(&mut self, node: &Node, row: &mut Cells, csv: CsvOptions) {
        let mut rest = String::new();
        if let Value::Object(members) = &node.value {
            self.name.clear();
            self.name.push_str(Field::Attributes.key());
            self.members(members, 1, &mut rest, row, csv);
            if !rest.is_empty() {
                rest = format!("{{{rest}}}");
            }
        } else {
            json::node(&mut rest, node);
        }
        if !rest.is_empty() {
            row.keep(&rest, csv);
        }
    }

    /// The members of an object. Those without a column are appended to `rest`, as an object's members.
    fn members(
        &mut self,
        members: &[(Untrusted, Node)],
        depth: usize,
        rest: &mut String,
        row: &mut Cells,
        csv: CsvOptions,
    ) {
        let named = self.name.len();
        for (key, node) in members {
            key_name(&mut self.name, key.raw());
            match &node.value {
                Value::Object(inner) if depth < DEEPEST && !inner.is_empty() => {
                    let mut below = String::new();
                    self.members(inner, depth + 1, &mut below, row, csv);
                    if !below.is_empty() {
                        member(rest, key);
                        rest.extend(["{", &below, "}"]);
                    }
                }
                _ => {
                    if let Some(column) = self.number() {
                        row.put(column, node, csv);
                    } else {
                        member(rest, key);
                        json::node(rest, node);
                    }
                }
            }
            self.name.truncate(named);
        }
    }

    /// The number of the column of this name, a new one where there is room.
    fn number(&mut self) -> Option<u32> {
        if let Some(number) = self.numbers.get(self.name.as_str()) {
            return Some(*number);
        }
        if self.names.len() >= MOST || self.name.len() > LONGEST {
            return None;
        }
        let number = self.names.len() as u32;
        self.names.push(self.name.as_str().into());
        self.numbers.insert(self.name.as_str().into(), number);
        Some(number)
    }

    /// Appends the header: the fields, and where the attributes stand, their columns.
    pub(super) fn header(&self, out: &mut Vec<u8>, fields: FieldSet, csv: CsvOptions) {
        for (i, field) in fields.iter().enumerate() {
            if field == Field::Attributes {
                for name in &self.names {
                    out.push(b',');
                    csv::cell(out, name, csv);
                }
                if !self.has_rest {
                    continue;
                }
            }
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(field.key().as_bytes());
        }
        out.push(b'\n');
    }

    /// Appends a record that waited; nothing where it is none.
    pub(super) fn record(&self, out: &mut Vec<u8>, mut record: &[u8]) -> Option<()> {
        let start = out.len();
        let record = &mut record;
        let (before, after, rest) = (take(record)?, take(record)?, take(record)?);
        out.extend_from_slice(before);
        let mut next = 0;
        while let Some((column, more)) = record.split_first_chunk::<4>() {
            *record = more;
            let column = u32::from_le_bytes(*column);
            let cell = take(record)?;
            out.resize(out.len() + (column.checked_sub(next)? + 1) as usize, b',');
            out.extend_from_slice(cell);
            next = column + 1;
        }
        out.resize(out.len() + self.names.len().checked_sub(next as usize)?, b',');
        if self.has_rest {
            out.push(b',');
            out.extend_from_slice(rest);
        }
        out.extend_from_slice(after);
        if out.len() == start {
            // As `csv::end` has it.
            out.extend_from_slice(b"\"\"");
        }
        out.push(b'\n');
        Some(())
    }
}

impl Cells {
    pub(super) fn clear(&mut self) {
        self.ends.clear();
        self.text.clear();
        self.rest.clear();
    }

    /// Keeps what is beyond every column.
    pub(super) fn keep(&mut self, rest: &str, csv: CsvOptions) {
        csv::cell(&mut self.rest, rest, csv);
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.rest
    }

    fn put(&mut self, column: u32, node: &Node, csv: CsvOptions) {
        match &node.value {
            // Empty, as everywhere in CSV.
            Value::Null => return,
            Value::Text(text) => csv::cell(&mut self.text, text.raw(), csv),
            _ => csv::value(&mut self.text, Cell::Node(node), csv, &mut self.scratch),
        }
        self.ends.push((column, self.text.len()));
    }

    /// The cells in the order of their columns.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let mut start = 0;
        let mut cells: Vec<(u32, &[u8])> = self
            .ends
            .iter()
            .map(|(column, end)| (*column, &self.text[std::mem::replace(&mut start, *end)..*end]))
            .collect();
        cells.sort_unstable_by_key(|(column, _)| *column);
        cells.into_iter()
    }
}

/// The name of the column of an attribute, by the keys that lead to it.
pub fn attribute_name<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    let mut name = Field::Attributes.key().to_owned();
    keys.into_iter().for_each(|key| key_name(&mut name, key));
    name
}

/// Appends a key to a name, so that it can be told where it ends.
fn key_name(name: &mut String, key: &str) {
    let start = name.len();
    name.push('.');
    json::text(name, key);
    let is_plain = name.len() == start + key.len() + 3 && !key.is_empty() && !key.contains(['.', '[']);
    if is_plain {
        // Without the quotes.
        name.truncate(start + 1);
        name.push_str(key);
    } else {
        name.replace_range(start..=start, "[");
        name.push(']');
    }
}

/// Appends a key to an object's members.
fn member(members: &mut String, key: &Untrusted) {
    if !members.is_empty() {
        members.push(',');
    }
    json::text(members, key.raw());
    members.push(':');
}
