//! Processed profiles as CSV, JSON and NDJSON, a row at a time.
//!
//! ```text
//! Profile ──json──► one line of JSON ──► ndjson: the line      json: the line in one array
//!    └─────csv────► one record                                 (tags and attributes as JSON in a cell)
//! ```
//!
//! Rows reach the output whole: a run that stops half-way leaves no half row behind. What is written is the
//! true value; JSON writes what could mislead a terminal or an eye as `\u` escapes, which mean the same.
//! Source: contract "cli", *Formats*, and "faults", *Payload*.

mod csv;
pub mod json;
mod partial;
mod pretty;

use std::io::{self, Write};

use crate::engine::pipeline::profile::Profile;
use crate::engine::query::FieldSet;

pub use csv::CsvOptions;
pub use partial::PartialFile;
pub use pretty::{pretty, raw_pretty, single};

/// Bytes that are gathered before they are written.
const BUFFER: usize = 64 * 1024;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// One JSON array, an object a line.
    Json,
    /// Comma-separated values with a header (RFC 4180, but for lines that end in LF alone).
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ndjson, Self::Json, Self::Csv];

    /// The name, which is also the usual ending of a file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }
}

/// Writes profiles in one format: [`begin`](Self::begin), [`row`](Self::row) for each,
/// [`finish`](Self::finish). Rows that wait for the next [`flush`](Self::flush) are lost where a writer is
/// dropped: finish it after a failed run too.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    format: Format,
    fields: FieldSet,
    csv: CsvOptions,
    /// Whole rows that wait to be written.
    buffer: String,
    begun: bool,
    /// Rows taken so far.
    rows: u64,
}

impl<W: Write> Writer<W> {
    /// A writer of the fields that were asked for. `csv` counts for CSV alone.
    pub fn new(out: W, format: Format, fields: FieldSet, csv: CsvOptions) -> Self {
        Self { out, format, fields, csv, buffer: String::new(), begun: false, rows: 0 }
    }

    /// A writer that goes on behind rows that are there already.
    pub fn going_on(out: W, format: Format, fields: FieldSet, csv: CsvOptions) -> Self {
        Self { begun: true, rows: 1, ..Self::new(out, format, fields, csv) }
    }

    /// Writes what stands before the first row: a header, a bracket. [`row`](Self::row) does it where nobody
    /// did; calling it early shows the header before the first row is there.
    ///
    /// # Errors
    /// The output's.
    pub fn begin(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        match self.format {
            Format::Ndjson => {}
            Format::Json => self.buffer.push('['),
            Format::Csv => csv::header(&mut self.buffer, self.fields),
        }
        Ok(())
    }

    /// Writes a row.
    ///
    /// # Errors
    /// The output's.
    pub fn row(&mut self, profile: &Profile) -> io::Result<()> {
        self.begin()?;
        match self.format {
            Format::Ndjson => {
                json::profile(&mut self.buffer, profile);
                self.buffer.push('\n');
            }
            Format::Json => {
                self.buffer.push_str(if self.rows == 0 { "\n" } else { ",\n" });
                json::profile(&mut self.buffer, profile);
            }
            Format::Csv => csv::record(&mut self.buffer, profile, self.fields, self.csv),
        }
        self.rows += 1;
        if self.buffer.len() >= BUFFER { self.pass_on() } else { Ok(()) }
    }

    /// Writes out what waits. Call it after each page, so that a reader sees rows as they come.
    ///
    /// # Errors
    /// The output's.
    pub fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.out.flush()
    }

    /// Writes what stands after the last row, and gives the output back.
    ///
    /// # Errors
    /// The output's.
    pub fn finish(mut self) -> io::Result<W> {
        self.begin()?;
        if self.format == Format::Json {
            self.buffer.push_str(if self.rows == 0 { "]\n" } else { "\n]\n" });
        }
        self.flush()?;
        Ok(self.out)
    }

    /// Where the rows go.
    pub fn output(&mut self) -> &mut W {
        &mut self.out
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let result = self.out.write_all(self.buffer.as_bytes());
        self.buffer.clear();
        result
    }
}

#[cfg(test)]
mod tests;
