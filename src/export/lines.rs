//! NDJSON, JSON and CSV: each row is text that is on its way as soon as it came.

use std::io::{self, Write};

use super::{Column, CsvOptions, Format, Row, Spec, csv, json};

/// Bytes that are gathered before they are written.
pub(super) const BUFFER: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Writer<W: Write> {
    out: W,
    format: Format,
    columns: Vec<Column>,
    /// The same, as JSON has them.
    members: Vec<json::Member>,
    csv: CsvOptions,
    /// Whole rows of JSON that wait to be written.
    json: String,
    /// Whole records that wait to be written.
    records: Vec<u8>,
    scratch: String,
    begun: bool,
    /// Whether the next row is the first.
    first: bool,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W, spec: &Spec) -> Self {
        let Spec { format, csv, goes_on, .. } = *spec;
        let columns = spec.columns();
        Self {
            out,
            format,
            members: columns.iter().map(json::Member::of).collect(),
            columns,
            csv,
            json: String::new(),
            records: Vec::new(),
            scratch: String::new(),
            begun: goes_on,
            first: !goes_on,
        }
    }

    pub(super) fn begin(&mut self) {
        if self.begun {
            return;
        }
        self.begun = true;
        match self.format {
            Format::Json => self.json.push('['),
            Format::Csv => csv::header(&mut self.records, &self.columns, self.csv),
            Format::Ndjson | Format::Parquet => {}
        }
    }

    pub(super) fn row(&mut self, row: &impl Row) -> io::Result<()> {
        self.begin();
        match self.format {
            Format::Json => {
                self.json.push_str(if self.first { "\n" } else { ",\n" });
                json::row(&mut self.json, row, &self.members);
            }
            Format::Csv => {
                csv::record(&mut self.records, row, &self.columns, self.csv, &mut self.scratch);
            }
            Format::Ndjson | Format::Parquet => {
                json::row(&mut self.json, row, &self.members);
                self.json.push('\n');
            }
        }
        self.first = false;
        if self.json.len() + self.records.len() >= BUFFER { self.pass_on() } else { Ok(()) }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.out.flush()
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.begin();
        if self.format == Format::Json {
            self.json.push_str(if self.first { "]\n" } else { "\n]\n" });
        }
        self.flush()?;
        Ok(self.out)
    }

    pub(super) fn output(&mut self) -> &mut W {
        &mut self.out
    }

    fn pass_on(&mut self) -> io::Result<()> {
        // One of them is always empty.
        let result =
            self.out.write_all(self.json.as_bytes()).and_then(|()| self.out.write_all(&self.records));
        self.json.clear();
        self.records.clear();
        result
    }
}
