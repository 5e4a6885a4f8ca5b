//! Rows as Apache Parquet, for analysts.
//!
//! | column | type |
//! | --- | --- |
//! | `id` `first_name` `last_name` `email` `phone` | text |
//! | `tags` | list of text |
//! | `attributes` | text that is compact JSON, and says so |
//! | `created_date` `modified_date` | time stamp in UTC, microseconds |
//! | `created_date_text` `modified_date_text` | text as received, only where the time stamp cannot say all of it |
//! | `attributes.plan`, where it has a column of its own | text; what is none, as JSON |
//!
//! Every value may be null, which null and missing are. A date that is no RFC 3339 time stamp is null, and its text
//! stands beside it; so does the text of one with another offset than UTC, or with more digits than a microsecond
//! has. What the two columns say together is what the service said.
//!
//! Compressed with zstd, in row groups of [`ROW_GROUP`] rows, or fewer where they are large: a row group lies in
//! memory, encoded, until it is whole. The file's own metadata tell where it comes from: see [`Origin`].
//! A file has an end that tells where everything is; without it nothing can be read.

mod columns;
mod time;

use std::io::{self, Write};

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_writer::ArrowWriterOptions;
use ::parquet::basic::{Compression, Encoding, ZstdLevel};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::schema::types::ColumnPath;
use jiff::Timestamp;
use serde::Serialize;

use super::{Column, End, Row};
use crate::engine::query::{Field, FieldSet, Id, Query};
use columns::Columns;

/// Rows in a group.
pub const ROW_GROUP: usize = 100_000;
/// Bytes in a group, encoded, before it ends early.
const ROW_GROUP_BYTES: usize = 32 * 1024 * 1024;

/// Bytes in a page before it is compressed: each column has one, and what compresses it keeps as much again. Eight times
/// as many make the file 3 % smaller and take 13 MiB more.
const PAGE_BYTES: usize = 128 * 1024;

/// Key of the metadata: the version of this program.
pub const VERSION: &str = "cxlens.version";
/// Key of the metadata: when the query began, RFC 3339.
pub const CREATED: &str = "cxlens.created";
/// Key of the metadata: what was asked for, as JSON. IDs are counted; segments and the filter stand there as typed.
pub const QUERY: &str = "cxlens.query";
/// Key of the metadata: `true`, or `false` where the run was cut and rows are missing.
pub const COMPLETE: &str = "cxlens.complete";

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    query: String,
    created: Timestamp,
}

/// A query as the metadata have it: in the words of a [`Draft`](crate::engine::query::Draft), but for the IDs.
#[derive(Serialize)]
struct Asked<'a> {
    ids: usize,
    fields: FieldSet,
    segments: Vec<&'a str>,
    filter: &'a str,
    limit: Option<u64>,
}

impl Origin {
    /// This query, begun then.
    pub fn new(query: &Query, created: Timestamp) -> Self {
        let asked = Asked {
            ids: query.ids().len(),
            fields: query.fields(),
            segments: query.segments().iter().map(Id::as_str).collect(),
            filter: query.filter().map_or("", |filter| filter.as_str()),
            limit: query.limit(),
        };
        // Texts and numbers are always JSON.
        Self { query: serde_json::to_string(&asked).unwrap_or_default(), created }
    }
}

#[derive(Debug)]
pub(super) struct Writer<W: Write + Send> {
    out: ArrowWriter<Out<W>>,
    columns: Columns,
}

/// An output that can be taken back with its errors told: the writer's own way to it hides them.
#[derive(Debug)]
struct Out<W>(Option<W>);

impl<W: Write> Write for Out<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_mut().ok_or(io::ErrorKind::NotConnected)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_mut().ok_or(io::ErrorKind::NotConnected)?.flush()
    }
}

impl<W: Write + Send> Writer<W> {
    pub(super) fn new(out: W, columns: &[Column], origin: Option<&Origin>) -> io::Result<Self> {
        let schema = columns::parquet_schema(columns).map_err(io_error)?;
        let columns = Columns::new(columns);
        let options =
            ArrowWriterOptions::new().with_properties(properties(origin)).with_parquet_schema(schema);
        let out =
            ArrowWriter::try_new_with_options(Out(Some(out)), columns.schema(), options).map_err(io_error)?;
        Ok(Self { out, columns })
    }

    pub(super) fn row(&mut self, row: &impl Row) -> io::Result<()> {
        self.columns.push(row);
        if self.columns.is_full() { self.pass_on() } else { Ok(()) }
    }

    /// Writes the last group and the end of the file.
    pub(super) fn finish(mut self, end: End) -> io::Result<W> {
        self.pass_on()?;
        let complete = (end == End::Whole).to_string();
        self.out.append_key_value_metadata(KeyValue::new(COMPLETE.to_owned(), complete));
        self.out.finish().map_err(io_error)?;
        self.out.inner_mut().0.take().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    pub(super) fn output(&mut self) -> Option<&mut W> {
        self.out.inner_mut().0.as_mut()
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let batch = self.columns.batch().map_err(|error| io::Error::other(error.to_string()))?;
        self.out.write(&batch).map_err(io_error)
    }
}

fn properties(origin: Option<&Origin>) -> WriterProperties {
    let version = env!("CARGO_PKG_VERSION");
    let mut metadata = vec![KeyValue::new(VERSION.to_owned(), version.to_owned())];
    if let Some(Origin { query, created }) = origin {
        metadata.push(KeyValue::new(CREATED.to_owned(), created.to_string()));
        metadata.push(KeyValue::new(QUERY.to_owned(), query.clone()));
    }
    let mut properties = WriterProperties::builder()
        .set_created_by(format!("cxlens {version}"))
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_key_value_metadata(Some(metadata));
    // A dictionary costs time and memory where hardly any value comes twice.
    for field in [Field::Id, Field::Email, Field::Phone, Field::Attributes] {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(field.key()), false);
    }
    for field in [Field::CreatedDate, Field::ModifiedDate] {
        properties = properties
            .set_column_dictionary_enabled(ColumnPath::from(field.key()), false)
            .set_column_encoding(ColumnPath::from(field.key()), Encoding::DELTA_BINARY_PACKED);
    }
    properties.build()
}

/// What the output said, where that is what went wrong.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(inner) => *inner,
            Err(inner) => io::Error::other(inner),
        },
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests;
