//! Entries for a reviewer: a table for a spreadsheet, or the lines of the chain as they are.

use std::io::{self, Write};
use std::path::Path;

use super::{Which, gather, local};
use crate::engine::audit::Written;
use crate::engine::error::Error;
use crate::engine::text::clean;
use crate::export::is_formula;
use crate::figures;

/// What the table has of each access, in this order.
const COLUMNS: [&str; 26] = [
    "seq",
    "time",
    "event",
    "status",
    "user",
    "uid",
    "tenant",
    "sandbox",
    "reason",
    "call",
    "ids",
    "id_hashes",
    "segments",
    "filter",
    "fields",
    "to",
    "rows",
    "withheld",
    "past_retention",
    "requests",
    "elapsed_ms",
    "error",
    "removed",
    "tool",
    "file",
    "line",
];

/// How entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A row for each access, its intent and its end together.
    Csv,
    /// The lines as they are.
    Ndjson,
}

/// Writes the entries that are meant to `out`, and says how many. Lines that are no entries are told, and make the exit
/// code 1. With `terminal`, what could drive one is shown as marks.
///
/// # Errors
/// `out` cannot be written to, other than because nobody reads it any more.
pub fn export(
    dir: &Path,
    which: &Which,
    shape: Shape,
    terminal: bool,
    out: &mut dyn Write,
    mut say: impl FnMut(&str),
) -> Result<u8, Error> {
    let (finished, found, code) = gather(dir, which, shape == Shape::Csv, &mut say);
    let written = match shape {
        Shape::Ndjson => found.iter().try_for_each(|written| {
            let text = if terminal { clean(&written.text) } else { (&*written.text).into() };
            out.write_all(text.as_bytes())?;
            out.write_all(b"\n")
        }),
        Shape::Csv => table(found.iter().map(|one| record(one, finished.lacks(one))), terminal, out),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(code),
        other => other.map_err(|e| local("the export", &e))?,
    }
    if !found.is_empty() {
        say(&format!("{}\n", figures::counted(found.len() as u64, "entry", "entries")));
    }
    Ok(code)
}

fn table(
    records: impl Iterator<Item = [String; COLUMNS.len()]>,
    terminal: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for record in records {
        // A spreadsheet must run no filter and no reason.
        let guarded = record.map(|cell| {
            let cell = if terminal { clean(&cell).into_owned() } else { cell };
            if is_formula(&cell) { format!("'{cell}") } else { cell }
        });
        writer.write_record(guarded)?;
    }
    writer.flush()
}

fn record(written: &Written, unfinished: bool) -> [String; COLUMNS.len()] {
    let entry = &written.entry;
    let status = if unfinished { "unfinished" } else { &entry.status };
    let error = entry.error.as_ref().map(|error| format!("{}: {}", error.kind, error.what));
    let file = written.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let removed = entry.removed.as_ref().map(|removed| {
        format!("{} {} before {} {}", removed.count, removed.kind, removed.before, removed.names.join(" "))
    });
    [
        written.seq.map(|seq| seq.to_string()).unwrap_or_default(),
        entry.time.clone(),
        entry.event.clone(),
        status.to_owned(),
        entry.user.clone(),
        entry.uid.to_string(),
        entry.tenant.clone(),
        entry.sandbox.to_string(),
        entry.reason.clone().unwrap_or_default(),
        entry.call.clone().unwrap_or_default(),
        entry.ids.to_string(),
        entry.id_hashes.join(" "),
        entry.segments.join(" "),
        entry.filter.clone().unwrap_or_default(),
        entry.fields.join(" "),
        entry.to.clone().unwrap_or_default(),
        entry.rows.to_string(),
        entry.withheld.to_string(),
        entry.past_retention.to_string(),
        entry.requests.to_string(),
        entry.elapsed_ms.to_string(),
        error.unwrap_or_default(),
        removed.unwrap_or_default(),
        entry.tool.clone(),
        file.unwrap_or_default(),
        written.line.to_string(),
    ]
}
