//! Processed profiles as comma-separated values.
//!
//! Written by hand, as it is a dozen lines and rows must reach the output whole, which the `csv` crate's own
//! buffer does not see to; the tests read everything back with that crate.

use std::borrow::Cow;

use super::json;
use crate::engine::pipeline::profile::{FieldRef, Profile, Slot};
use crate::engine::query::FieldSet;
use crate::engine::text::clean;

/// How cells are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CsvOptions {
    /// Leave cells that a spreadsheet would take for a formula as they are (`--raw-csv`).
    pub raw: bool,
    /// The output is a terminal: show what is dangerous as marks, as a table does.
    pub clean_for_terminal: bool,
}

/// Appends the header: the keys of the fields that were asked for.
pub(super) fn header(out: &mut String, fields: FieldSet) {
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(field.key());
    }
    out.push('\n');
}

/// Appends a record. Null and missing are empty; `tags` and `attributes` are JSON.
pub(super) fn record(out: &mut String, profile: &Profile, fields: FieldSet, options: CsvOptions) {
    let start = out.len();
    let mut json = String::new();
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        match profile.field(field) {
            FieldRef::Text(Slot::Value(text)) => cell(out, text.value.raw(), options),
            FieldRef::Node(Slot::Value(node)) => {
                json.clear();
                json::node(&mut json, node);
                cell(out, &json, options);
            }
            FieldRef::Text(_) | FieldRef::Node(_) => {}
        }
    }
    if out.len() == start {
        // A lone empty cell would be an empty line, which readers pass over.
        out.push_str("\"\"");
    }
    out.push('\n');
}

fn cell(out: &mut String, value: &str, options: CsvOptions) {
    let value = if options.clean_for_terminal { clean(value) } else { Cow::Borrowed(value) };
    let guard = !options.raw && is_formula(&value);
    if !value.bytes().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r')) {
        if guard {
            out.push('\'');
        }
        out.push_str(&value);
        return;
    }
    out.push('"');
    if guard {
        out.push('\'');
    }
    let mut written = 0;
    for (at, byte) in value.bytes().enumerate() {
        if byte == b'"' {
            // Up to the quote, which is then written twice.
            out.push_str(&value[written..=at]);
            written = at;
        }
    }
    out.push_str(&value[written..]);
    out.push('"');
}

/// Whether a spreadsheet would take the cell for a formula. A phone number or a number is none.
pub fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) && !is_number_like(cell)
}

/// `^[+-]?[0-9][0-9 .()-]*$`
fn is_number_like(cell: &str) -> bool {
    let mut bytes = cell.strip_prefix(['+', '-']).unwrap_or(cell).bytes();
    bytes.next().is_some_and(|b| b.is_ascii_digit())
        && bytes.all(|b| matches!(b, b'0'..=b'9' | b' ' | b'.' | b'(' | b')' | b'-'))
}
