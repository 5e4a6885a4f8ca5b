//! Processed profiles as comma-separated values.
//!
//! Written by hand, as it is a dozen lines and rows must reach the output whole, which the `csv` crate's own
//! buffer does not see to; the tests read everything back with that crate.

use std::borrow::Cow;

use super::json;
use super::row::{Cell, Column, Row};
use crate::engine::text::clean;

/// How cells are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CsvOptions {
    /// Leave cells that a spreadsheet would take for a formula as they are (`--raw-csv`).
    pub raw: bool,
    /// The output is a terminal: show what is dangerous as marks, as a table does.
    pub clean_for_terminal: bool,
    /// A column for each attribute (`attributes.plan`, `attributes.address.city`) instead of one cell of JSON for all.
    pub flatten: bool,
}

/// Appends the header: the names of the columns.
pub(super) fn header(out: &mut Vec<u8>, columns: &[Column], options: CsvOptions) {
    for (i, column) in columns.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        cell(out, &column.name, options);
    }
    out.push(b'\n');
}

/// Appends a record. Null and missing are empty; `tags` and `attributes` are JSON. `scratch` is used again and again.
pub(super) fn record(
    out: &mut Vec<u8>,
    row: &impl Row,
    columns: &[Column],
    options: CsvOptions,
    scratch: &mut String,
) {
    let start = out.len();
    for (i, column) in columns.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        value(out, row.of(column.source), options, scratch);
    }
    end(out, start);
}

/// Appends what ends a record that began at `start`.
pub(super) fn end(out: &mut Vec<u8>, start: usize) {
    if out.len() == start {
        // A lone empty cell would be an empty line, which readers pass over.
        out.extend_from_slice(b"\"\"");
    }
    out.push(b'\n');
}

/// Appends a cell with a row's value. `scratch` is used again and again.
pub(super) fn value(out: &mut Vec<u8>, value: Cell<'_>, options: CsvOptions, scratch: &mut String) {
    match value {
        Cell::Nothing => {}
        Cell::Text(text) => cell(out, text, options),
        Cell::Json(json) => cell(out, json, options),
        Cell::Node(node) => {
            scratch.clear();
            json::node(scratch, node);
            cell(out, scratch, options);
        }
    }
}

/// Appends a cell.
pub(super) fn cell(out: &mut Vec<u8>, value: &str, options: CsvOptions) {
    let value = if options.clean_for_terminal { clean(value) } else { Cow::Borrowed(value) };
    let guard = !options.raw && is_formula(&value);
    let bytes = value.as_bytes();
    if !needs_quotes(bytes) {
        if guard {
            out.push(b'\'');
        }
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    if guard {
        out.push(b'\'');
    }
    // Each byte is written twice, and the second is kept where it is a quote: quicker than to look for quotes where, as
    // in JSON, one is never far.
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    let room = &mut out[start..];
    let mut end = 0;
    for byte in bytes {
        room[end] = *byte;
        room[end + 1] = *byte;
        end += 1 + usize::from(*byte == b'"');
    }
    out.truncate(start + end);
    out.push(b'"');
}

fn needs_quotes(bytes: &[u8]) -> bool {
    // Without a way out half-way the compiler looks at many bytes at once.
    let special = |found, byte: &u8| found | matches!(byte, b',' | b'"' | b'\n' | b'\r');
    bytes.chunks(64).any(|some| some.iter().fold(false, special))
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
