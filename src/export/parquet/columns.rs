//! Rows, gathered as columns.

use std::fmt::Write as _;
use std::sync::Arc;

use ::parquet::errors::ParquetError;
use ::parquet::schema::parser::parse_message_type;
use ::parquet::schema::types::SchemaDescriptor;
use arrow_array::builder::{ArrayBuilder as _, ListBuilder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field as Column, Schema, SchemaRef, TimeUnit};

use super::time::instant;
use crate::engine::pipeline::profile::{Node, Value};
use crate::engine::pipeline::read_back;
use crate::engine::query::{Field, FieldSet};
use crate::export::{Cell, Row, json};

/// Rows that are gathered before they are encoded.
const ROWS: usize = 2_048;
/// Bytes of text that are gathered at most, but for the last row's.
const BYTES: usize = 4 * 1024 * 1024;

/// The ending of the column that has what a time stamp cannot say.
const TEXT: &str = "_text";
/// What an element of a list is called.
const ELEMENT: &str = "element";

/// The columns of these fields, being filled.
#[derive(Debug)]
pub(super) struct Columns {
    builders: Vec<(Field, Builder)>,
    schema: SchemaRef,
    rows: usize,
    bytes: usize,
    scratch: String,
}

#[derive(Debug)]
enum Builder {
    Text(StringBuilder),
    Json(StringBuilder),
    List(ListBuilder<StringBuilder>),
    Time(TimestampMicrosecondBuilder, StringBuilder),
}

/// What kind of column a field has.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Json,
    List,
    Time,
}

fn kind(field: Field) -> Kind {
    match field {
        Field::Id | Field::FirstName | Field::LastName | Field::Email | Field::Phone => Kind::Text,
        Field::Tags => Kind::List,
        Field::Attributes => Kind::Json,
        Field::CreatedDate | Field::ModifiedDate => Kind::Time,
    }
}

/// The schema in Parquet's terms, which know JSON.
pub(super) fn parquet_schema(fields: FieldSet) -> Result<SchemaDescriptor, ParquetError> {
    let mut message = "message profiles {\n".to_owned();
    for field in fields.iter() {
        let key = field.key();
        // Writing to a String cannot fail.
        let _ = match kind(field) {
            Kind::Text => writeln!(message, "optional binary {key} (STRING);"),
            Kind::Json => writeln!(message, "optional binary {key} (JSON);"),
            Kind::List => writeln!(
                message,
                "optional group {key} (LIST) {{ repeated group list {{ optional binary {ELEMENT} (STRING); }} }}"
            ),
            Kind::Time => writeln!(
                message,
                "optional int64 {key} (TIMESTAMP(MICROS,true));\noptional binary {key}{TEXT} (STRING);"
            ),
        };
    }
    message.push('}');
    Ok(SchemaDescriptor::new(Arc::new(parse_message_type(&message)?)))
}

fn element() -> Arc<Column> {
    Arc::new(Column::new(ELEMENT, DataType::Utf8, true))
}

/// The schema in Arrow's terms.
fn arrow_schema(fields: FieldSet) -> SchemaRef {
    let mut columns = Vec::new();
    for field in fields.iter() {
        let key = field.key();
        match kind(field) {
            Kind::Text | Kind::Json => columns.push(Column::new(key, DataType::Utf8, true)),
            Kind::List => columns.push(Column::new(key, DataType::List(element()), true)),
            Kind::Time => {
                let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
                columns.push(Column::new(key, time, true));
                columns.push(Column::new(format!("{key}{TEXT}"), DataType::Utf8, true));
            }
        }
    }
    Arc::new(Schema::new(columns))
}

impl Columns {
    pub(super) fn new(fields: FieldSet) -> Self {
        let builder = |field| match kind(field) {
            Kind::Text => Builder::Text(StringBuilder::new()),
            Kind::Json => Builder::Json(StringBuilder::new()),
            Kind::List => Builder::List(ListBuilder::new(StringBuilder::new()).with_field(element())),
            Kind::Time => {
                Builder::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC"), StringBuilder::new())
            }
        };
        Self {
            builders: fields.iter().map(|field| (field, builder(field))).collect(),
            schema: arrow_schema(fields),
            rows: 0,
            bytes: 0,
            scratch: String::new(),
        }
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Whether it is time for [`Self::batch`].
    pub(super) fn is_full(&self) -> bool {
        self.rows >= ROWS || self.bytes >= BYTES
    }

    pub(super) fn push(&mut self, row: &impl Row) {
        let Self { builders, scratch, bytes, .. } = self;
        for (field, builder) in builders {
            let cell = row.cell(*field);
            *bytes += match builder {
                Builder::Text(texts) => text(texts, as_text(cell, scratch)),
                Builder::Json(texts) => text(texts, as_json(cell, scratch)),
                Builder::List(lists) => list(lists, cell),
                Builder::Time(times, texts) => {
                    let said = as_text(cell, scratch);
                    let instant = said.and_then(instant);
                    times.append_option(instant.map(|instant| instant.micros));
                    text(texts, said.filter(|_| !instant.is_some_and(|instant| instant.says_all)))
                }
            };
        }
        self.rows += 1;
    }

    /// What was gathered, and begins anew.
    pub(super) fn batch(&mut self) -> Result<RecordBatch, ArrowError> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for (_, builder) in &mut self.builders {
            match builder {
                Builder::Text(texts) | Builder::Json(texts) => arrays.push(Arc::new(texts.finish())),
                Builder::List(lists) => arrays.push(Arc::new(lists.finish())),
                Builder::Time(times, texts) => {
                    arrays.push(Arc::new(times.finish()));
                    arrays.push(Arc::new(texts.finish()));
                }
            }
        }
        (self.rows, self.bytes) = (0, 0);
        RecordBatch::try_new(self.schema(), arrays)
    }
}

/// Appends a text, and says how long it is.
fn text(texts: &mut StringBuilder, text: Option<&str>) -> usize {
    texts.append_option(text);
    text.map_or(0, str::len)
}

/// A value as text; what is none, as its JSON.
fn as_text<'a>(cell: Cell<'a>, scratch: &'a mut String) -> Option<&'a str> {
    match cell {
        Cell::Nothing => None,
        Cell::Text(text) | Cell::Json(text) => Some(text),
        Cell::Node(node) => Some(node_json(node, scratch)),
    }
}

/// A value as JSON.
fn as_json<'a>(cell: Cell<'a>, scratch: &'a mut String) -> Option<&'a str> {
    match cell {
        Cell::Nothing => None,
        Cell::Json(json) => Some(json),
        Cell::Node(node) => Some(node_json(node, scratch)),
        Cell::Text(text) => {
            scratch.clear();
            json::text(scratch, text);
            Some(scratch)
        }
    }
}

fn node_json<'a>(node: &Node, scratch: &'a mut String) -> &'a str {
    scratch.clear();
    json::node(scratch, node);
    scratch
}

/// Appends a list of texts, which processed tags always are; an element that is none as its JSON, and what is no list
/// as one of one element.
fn list(lists: &mut ListBuilder<StringBuilder>, cell: Cell<'_>) -> usize {
    let before = lists.values().len();
    match cell {
        Cell::Nothing => lists.append_null(),
        Cell::Text(text) => {
            lists.values().append_value(text);
            lists.append(true);
        }
        Cell::Node(node) => node_list(lists, node),
        Cell::Json(json) => match read_back(json) {
            Some(node) => node_list(lists, &node),
            None => return list(lists, Cell::Text(json)),
        },
    }
    // Tags are short words.
    (lists.values().len() - before) * 16
}

fn node_list(lists: &mut ListBuilder<StringBuilder>, node: &Node) {
    let mut element = |node: &Node| match &node.value {
        Value::Null => lists.values().append_null(),
        Value::Text(text) => lists.values().append_value(text.raw()),
        _ => {
            let mut json = String::new();
            json::node(&mut json, node);
            lists.values().append_value(json);
        }
    };
    match &node.value {
        Value::List(items) => items.iter().for_each(&mut element),
        _ => element(node),
    }
    lists.append(true);
}
