//! Processed profiles as NDJSON, JSON, CSV and Parquet, a row at a time.
//!
//! ```text
//! Row, lent ──► Writer ─┬─ lines    NDJSON, JSON, CSV: text that is on its way at once
//!                       ├─ flat     CSV with a column for each attribute: rows wait in a file without a
//!                       │           name, until all columns are known
//!                       └─ parquet  typed columns, a few thousand rows at a time
//!                 PartialFile       a file that is whole or says that it is not
//! ```
//!
//! Rows reach the output whole: a run that stops half-way leaves no half row behind. What is written is the
//! true value; JSON writes what could mislead a terminal or an eye as `\u` escapes, which mean the same.
//! Source: contract "cli", *Formats*, and "faults", *Payload*.

mod csv;
mod flat;
pub mod json;
mod lines;
pub mod parquet;
mod partial;
mod pretty;
mod row;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::engine::query::FieldSet;

pub use csv::{CsvOptions, is_formula};
pub use flat::attribute_name;
pub use parquet::Origin;
pub use partial::PartialFile;
pub use pretty::{pretty, raw_pretty, single};
pub use row::{Cell, Column, Row, Source};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// One JSON array, an object a line.
    Json,
    /// Comma-separated values with a header (RFC 4180, but for lines that end in LF alone).
    Csv,
    /// Apache Parquet; see [`parquet`].
    Parquet,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ndjson, Self::Json, Self::Csv, Self::Parquet];

    /// The name, which is also the usual ending of a file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// What is written, and how.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The format.
    pub format: Format,
    /// The fields that are written, in their order.
    pub fields: FieldSet,
    /// The columns that are written in place of the fields, in this order.
    pub columns: Option<Vec<Column>>,
    /// Counts for CSV alone.
    pub csv: CsvOptions,
    /// Rows are there already, and what comes goes on behind them. For what [can](Self::can_go_on).
    pub goes_on: bool,
    /// Where rows wait that cannot be written before the last has come; `None`: where temporary files are.
    pub waiting_room: Option<PathBuf>,
    /// What Parquet keeps of where the rows come from.
    pub origin: Option<Origin>,
}

impl Spec {
    /// These fields in this format, from the beginning.
    pub fn new(format: Format, fields: FieldSet) -> Self {
        Self {
            format,
            fields,
            columns: None,
            csv: CsvOptions::default(),
            goes_on: false,
            waiting_room: None,
            origin: None,
        }
    }

    /// The columns of the file, in their order, but for those that attributes become where they are flattened.
    pub fn columns(&self) -> Vec<Column> {
        self.columns.clone().unwrap_or_else(|| self.fields.iter().map(Column::from).collect())
    }

    /// Whether more rows can be written behind those of a file that stopped half-way. Parquet has an end of its own,
    /// and the columns of flattened CSV depend on all rows.
    pub fn can_go_on(&self) -> bool {
        match self.format {
            Format::Ndjson | Format::Json => true,
            Format::Csv => !self.csv.flatten,
            Format::Parquet => false,
        }
    }
}

/// Whether all rows are there when a writer finishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All.
    Whole,
    /// Those that came before something stopped it.
    Cut,
}

/// Is told now and then how many rows are written of those that waited, and says whether to go on.
pub type Watch<'a> = dyn FnMut(u64) -> ControlFlow<()> + 'a;

/// A writer's output when it has finished.
#[derive(Debug)]
pub struct Finished<W> {
    /// Where the rows went.
    pub out: W,
    /// Rows that waited and were not written, because whoever watched had it stopped.
    pub missing: u64,
}

/// Writes rows in one format: [`begin`](Self::begin), [`row`](Self::row) for each, [`finish`](Self::finish). Rows
/// that wait are lost where a writer is dropped: finish it after a failed run too.
#[derive(Debug)]
pub struct Writer<W: Write + Send>(Body<W>);

#[derive(Debug)]
enum Body<W: Write + Send> {
    Lines(lines::Writer<W>),
    Flat(Box<flat::Writer<W>>),
    Parquet(Box<parquet::Writer<W>>),
}

impl<W: Write + Send> Writer<W> {
    /// A writer; nothing, or no more than a few bytes, is written yet.
    ///
    /// # Errors
    /// The output's; there is no place for rows to wait in; or it is to go on and cannot.
    pub fn new(out: W, spec: &Spec) -> io::Result<Self> {
        if spec.goes_on && !spec.can_go_on() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "it can only be written in one go"));
        }
        Ok(Self(match spec.format {
            Format::Parquet => {
                Body::Parquet(Box::new(parquet::Writer::new(out, &spec.columns(), spec.origin.as_ref())?))
            }
            Format::Csv if spec.csv.flatten && spec.columns.is_none() => {
                Body::Flat(Box::new(flat::Writer::new(out, spec)?))
            }
            _ => Body::Lines(lines::Writer::new(out, spec)),
        }))
    }

    /// Writes what stands before the first row, where that is known: a header, a bracket. [`row`](Self::row) does it
    /// where nobody did; calling it early shows the header before the first row is there.
    pub fn begin(&mut self) {
        if let Body::Lines(lines) = &mut self.0 {
            lines.begin();
        }
    }

    /// Writes a row.
    ///
    /// # Errors
    /// The output's, or the waiting room's.
    pub fn row(&mut self, row: &impl Row) -> io::Result<()> {
        match &mut self.0 {
            Body::Lines(lines) => lines.row(row),
            Body::Flat(flat) => flat.row(row),
            Body::Parquet(parquet) => parquet.row(row),
        }
    }

    /// Writes out what can be written by now. Call it after each page, so that a reader sees rows as they come.
    ///
    /// # Errors
    /// The output's.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Body::Lines(lines) => lines.flush(),
            Body::Flat(_) | Body::Parquet(_) => Ok(()),
        }
    }

    /// Rows that [`finish`](Self::finish) will have to write.
    pub fn waiting(&self) -> u64 {
        match &self.0 {
            Body::Flat(flat) => flat.rows(),
            Body::Lines(_) | Body::Parquet(_) => 0,
        }
    }

    /// Writes what waits and what stands after the last row, and gives the output back. `watch` is asked on the way
    /// where many rows wait; stopped, what is written ends with a whole row.
    ///
    /// # Errors
    /// The output's, or the waiting room's.
    pub fn finish(self, end: End, watch: &mut Watch<'_>) -> io::Result<Finished<W>> {
        let all = |out| Finished { out, missing: 0 };
        match self.0 {
            Body::Lines(lines) => lines.finish().map(all),
            Body::Flat(flat) => flat.finish(watch),
            Body::Parquet(parquet) => parquet.finish(end).map(all),
        }
    }

    /// Where the rows go, as long as they do.
    pub fn output(&mut self) -> Option<&mut W> {
        match &mut self.0 {
            Body::Lines(lines) => Some(lines.output()),
            Body::Flat(flat) => Some(flat.output()),
            Body::Parquet(parquet) => parquet.output(),
        }
    }
}

#[cfg(test)]
mod tests;
