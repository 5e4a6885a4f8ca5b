//! Parquet, by its schema.
//!
//! The crate that reads it takes the lengths in a file for true, and panics where damaged ones lead out of a page. It
//! is only ever asked in [`contained`].

use std::fs::File;

use arrow_array::{Array as _, RecordBatch};
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;

use super::columns::{Columns, Use};
use super::part::{Part, Stop};
use super::{Source, arrow};
use crate::engine::contained::contained;
use crate::engine::event::FILE_PAGE;
use crate::engine::query::FieldSet;
use crate::engine::text::Untrusted;

/// What the exports of this program say of themselves, and what each is called.
const ABOUT: &[(&str, &str)] =
    &[("cxlens.created", "exported"), ("cxlens.query", "query"), ("cxlens.version", "by cxlens")];
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
    ABOUT.iter().filter_map(|(key, name)| Some((*name, value(key)?.into()))).collect()
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
