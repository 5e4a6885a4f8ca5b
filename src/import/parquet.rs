//! Parquet, by its schema.
//!
//! The crate that reads it takes the lengths in a file for true, and panics where damaged ones lead out of a page. It
//! is only ever asked in [`contained`].

use std::fs::File;

use arrow_array::{Array as _, RecordBatch};
use jiff::Timestamp;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use serde_json::Value;

use super::columns::{Columns, Use};
use super::part::{Part, Stop};
use super::{Source, arrow};
use crate::engine::contained::contained;
use crate::engine::event::FILE_PAGE;
use crate::engine::query::FieldSet;
use crate::engine::text::Untrusted;

/// When the export began, which query it was, and which version wrote it: keys of the metadata in exports of this
/// program.
const CREATED: &str = "cxlens.created";
const QUERY: &str = "cxlens.query";
const VERSION: &str = "cxlens.version";
/// Whether all rows of the run came into the file.
const COMPLETE: &str = "cxlens.complete";
/// What to do about a file that is damaged.
const DAMAGED: &str = "it is damaged, or was cut off: export it again, or check that it was copied whole";

pub(super) struct Parquet {
    batches: ParquetRecordBatchReader,
    columns: Columns,
    /// Rows that are being handed on, and how many of them have been.
    batch: Option<(RecordBatch, usize)>,
    /// Rows so far, and how many there are.
    row: u64,
    rows: u64,
    bytes: u64,
    about: Vec<(&'static str, Untrusted)>,
}

impl Parquet {
    pub(super) fn new(file: File) -> Result<Self, Stop> {
        contained(|| Self::of(file)).unwrap_or_else(|| {
            Err(Stop {
                cause: "it begins like Parquet, but what follows is damaged".to_owned(),
                remedy: DAMAGED,
            })
        })
    }

    fn of(file: File) -> Result<Self, Stop> {
        let bytes = file.metadata()?.len();
        // The schema is Parquet's own. The one that Arrow may have put beside it names other types for the same
        // values, and would have to be trusted.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder =
            ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|e| stop(&e))?;
        let names: Vec<&str> = builder.schema().fields().iter().map(|field| field.name().as_str()).collect();
        let columns = Columns::of(&names)?;
        let known = builder.metadata().file_metadata();
        let rows = u64::try_from(known.num_rows()).unwrap_or(0);
        let mut about = about(known.key_value_metadata().map_or(&[], Vec::as_slice));
        for field in builder.schema().fields().iter().filter(|field| !arrow::is_shown(field.data_type())) {
            about.push(("not shown", format!("{}: {}", field.name(), field.data_type()).into()));
        }
        let batches = builder.with_batch_size(FILE_PAGE as usize).build().map_err(|e| stop(&e))?;
        Ok(Self { batches, columns, batch: None, row: 0, rows, bytes, about })
    }

    /// The next rows, where there are some.
    fn fetch(&mut self) -> Result<bool, Stop> {
        let stop = |row: u64, why: &str| Stop {
            cause: format!("the rows behind row {row} cannot be read: {why}"),
            remedy: DAMAGED,
        };
        match contained(|| self.batches.next()) {
            Some(None) => Ok(false),
            Some(Some(Ok(batch))) => {
                self.batch = Some((batch, 0));
                Ok(true)
            }
            Some(Some(Err(error))) => Err(stop(self.row, &error.to_string())),
            None => Err(stop(self.row, "their bytes are damaged")),
        }
    }
}

fn stop(error: &ParquetError) -> Stop {
    Stop { cause: format!("it begins like Parquet, but {error}"), remedy: DAMAGED }
}

fn about(metadata: &[KeyValue]) -> Vec<(&'static str, Untrusted)> {
    let value = |key: &str| metadata.iter().find(|entry| entry.key == key)?.value.as_deref();
    let said = [
        ("exported", value(CREATED).map(minute)),
        ("query", value(QUERY).map(|query| asked(query).unwrap_or_else(|| query.to_owned()))),
        ("by cxlens", value(VERSION).map(str::to_owned)),
        (
            "incomplete:",
            (value(COMPLETE) == Some("false")).then(|| "the run was cut, and rows are missing".to_owned()),
        ),
    ];
    said.into_iter().filter_map(|(word, text)| Some((word, text?.into()))).collect()
}

/// A time as far as people read it.
fn minute(text: &str) -> String {
    text.parse::<Timestamp>()
        .map_or_else(|_| text.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// A query in words: `segments SEG-A, filter email ne null, at most 700`.
fn asked(query: &str) -> Option<String> {
    let query: serde_json::Map<String, Value> = serde_json::from_str(query).ok()?;
    let number = |key| query.get(key).and_then(Value::as_u64).filter(|n| *n > 0);
    let text = |key| query.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let segments: Vec<&str> = query.get("segments")?.as_array()?.iter().filter_map(Value::as_str).collect();
    let parts = [
        number("ids").map(|ids| format!("{ids} ID{}", if ids == 1 { "" } else { "s" })),
        (!segments.is_empty()).then(|| format!("segments {}", segments.join(" "))),
        text("filter").map(|filter| format!("filter {filter}")),
        number("limit").map(|limit| format!("at most {limit} rows")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

impl Source for Parquet {
    fn fields(&self) -> Option<FieldSet> {
        Some(self.columns.known())
    }

    fn read(&mut self, part: &mut Part) -> Result<bool, Stop> {
        while !part.is_full() {
            let Some((batch, at)) = self.batch.as_mut().filter(|(batch, at)| *at < batch.num_rows()) else {
                if !self.fetch()? {
                    return Ok(false);
                }
                continue;
            };
            self.row += 1;
            let start = part.body.len();
            self.columns.row(&mut part.body, &mut |out, column, usage| {
                let Some(array) = batch.columns().get(column).filter(|array| array.is_valid(*at)) else {
                    return false;
                };
                match usage {
                    Use::Text => arrow::text(out, array, *at),
                    Use::Node => arrow::node(out, array, *at),
                    Use::Attribute => arrow::value(out, array, *at),
                }
            });
            *at += 1;
            part.row(start, self.row);
        }
        Ok(true)
    }

    fn taken(&self) -> u64 {
        // Which bytes a row is made of, nobody says.
        let share = self.row as f64 / self.rows.max(1) as f64;
        (self.bytes as f64 * share.min(1.0)) as u64
    }

    fn place(&self) -> &'static str {
        "row"
    }

    fn rows(&self) -> Option<u64> {
        Some(self.rows)
    }

    fn about(&self) -> Vec<(&'static str, Untrusted)> {
        self.about.clone()
    }
}
