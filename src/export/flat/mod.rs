//! CSV with a column for each attribute.
//!
//! ```text
//! row ──► cells, by column ──► a file without a name ──► the header, now that it is known, and the rows
//! ```
//!
//! Which columns there are is known when the last row has come. Until then rows wait on the disk, in a file that
//! nobody else can open and that is gone with the process; memory does not grow with them.

mod columns;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write};

use super::lines::BUFFER;
use super::{CsvOptions, Finished, Row, Spec, Watch, csv};
use crate::engine::pipeline::read_back;
use crate::engine::query::{Field, FieldSet};
use crate::export::Cell;
use columns::{Cells, Columns};

pub use columns::attribute_name;

/// Rows between two looks at whether to go on.
const STEP: u64 = 4_096;

#[derive(Debug)]
pub(super) struct Writer<W: Write> {
    out: W,
    fields: FieldSet,
    csv: CsvOptions,
    columns: Columns,
    waiting: BufWriter<File>,
    rows: u64,
    /// The row that is being taken, used again and again.
    cells: Cells,
    before: Vec<u8>,
    after: Vec<u8>,
    scratch: String,
    record: Vec<u8>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W, spec: &Spec) -> io::Result<Self> {
        let waiting = match &spec.waiting_room {
            Some(dir) => tempfile::tempfile_in(dir)?,
            None => tempfile::tempfile()?,
        };
        Ok(Self {
            out,
            fields: spec.fields,
            csv: spec.csv,
            columns: Columns::default(),
            waiting: BufWriter::with_capacity(BUFFER, waiting),
            rows: 0,
            cells: Cells::default(),
            before: Vec::new(),
            after: Vec::new(),
            scratch: String::new(),
            record: Vec::new(),
        })
    }

    pub(super) fn row(&mut self, row: &impl Row) -> io::Result<()> {
        self.cells.clear();
        self.before.clear();
        self.after.clear();
        for field in self.fields.iter() {
            match field {
                Field::Attributes => match row.cell(field) {
                    Cell::Nothing => {}
                    Cell::Node(node) => self.columns.spread(node, &mut self.cells, self.csv),
                    Cell::Json(json) => self.spread_json(json),
                    Cell::Text(text) => self.cells.keep(text, self.csv),
                },
                // The ID is always there and comes first, so that every other cell has a comma before it.
                Field::Id => {
                    csv::value(&mut self.before, row.cell(field), self.csv, &mut self.scratch);
                }
                _ => {
                    let out = if field < Field::Attributes { &mut self.before } else { &mut self.after };
                    out.push(b',');
                    csv::value(out, row.cell(field), self.csv, &mut self.scratch);
                }
            }
        }
        self.wait()?;
        self.rows += 1;
        Ok(())
    }

    fn spread_json(&mut self, json: &str) {
        match read_back(json) {
            Some(node) => self.columns.spread(&node, &mut self.cells, self.csv),
            None => self.cells.keep(json, self.csv),
        }
    }

    /// Puts the row into the waiting room.
    fn wait(&mut self) -> io::Result<()> {
        self.record.clear();
        piece(&mut self.record, &self.before)?;
        piece(&mut self.record, &self.after)?;
        piece(&mut self.record, self.cells.rest())?;
        for (column, cell) in self.cells.iter() {
            self.record.extend_from_slice(&column.to_le_bytes());
            piece(&mut self.record, cell)?;
        }
        self.columns.has_rest |= !self.cells.rest().is_empty();
        self.waiting.write_all(&length(self.record.len())?)?;
        self.waiting.write_all(&self.record)
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn output(&mut self) -> &mut W {
        &mut self.out
    }

    /// Writes the header and all rows.
    pub(super) fn finish(self, watch: &mut Watch<'_>) -> io::Result<Finished<W>> {
        let Self { mut out, fields, columns, csv, waiting, rows, mut record, .. } = self;
        let mut waiting = waiting.into_inner().map_err(io::IntoInnerError::into_error)?;
        waiting.rewind()?;
        let mut waiting = BufReader::with_capacity(BUFFER, waiting);
        let mut buffer = Vec::new();
        columns.header(&mut buffer, fields, csv);
        for row in 0..rows {
            if row % STEP == 0 && watch(row).is_break() {
                out.write_all(&buffer)?;
                out.flush()?;
                return Ok(Finished { out, missing: rows - row });
            }
            let mut size = [0; 4];
            waiting.read_exact(&mut size)?;
            record.resize(u32::from_le_bytes(size) as usize, 0);
            waiting.read_exact(&mut record)?;
            columns
                .record(&mut buffer, &record)
                .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
            if buffer.len() >= BUFFER {
                out.write_all(&buffer)?;
                buffer.clear();
            }
        }
        out.write_all(&buffer)?;
        out.flush()?;
        Ok(Finished { out, missing: 0 })
    }
}

/// Appends a piece with its length before it.
fn piece(record: &mut Vec<u8>, bytes: &[u8]) -> io::Result<()> {
    record.extend_from_slice(&length(bytes.len())?);
    record.extend_from_slice(bytes);
    Ok(())
}

/// A length as it stands before a piece. A row is a part of a page, which is never that large.
fn length(bytes: usize) -> io::Result<[u8; 4]> {
    u32::try_from(bytes).map(u32::to_le_bytes).map_err(|_| io::ErrorKind::FileTooLarge.into())
}

/// Takes a piece with its length before it.
fn take<'a>(record: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (size, rest) = record.split_first_chunk::<4>()?;
    let (piece, rest) = rest.split_at_checked(u32::from_le_bytes(*size) as usize)?;
    *record = rest;
    Some(piece)
}

#[cfg(test)]
mod tests;
