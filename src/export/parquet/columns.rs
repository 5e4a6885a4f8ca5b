//! Rows, gathered as columns.

use std::fmt::Write as _;
use std::sync::Arc;

use ::parquet::basic::{LogicalType, Repetition, Type as Physical};
use ::parquet::errors::ParquetError;
use ::parquet::schema::parser::parse_message_type;
use ::parquet::schema::types::{SchemaDescriptor, Type, TypePtr};
use arrow_array::builder::{ArrayBuilder as _, ListBuilder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field as Typed, Schema, SchemaRef, TimeUnit};

use super::time::instant;
use crate::engine::pipeline::profile::{Node, Value};
use crate::engine::pipeline::read_back;
use crate::engine::query::Field;
use crate::export::{Cell, Column, Row, Source, json};

/// Rows that are gathered before they are encoded.
const ROWS: usize = 2_048;
/// Bytes of text that are gathered at most, but for the last row's.
const BYTES: usize = 4 * 1024 * 1024;

/// The ending of the column that has what a time stamp cannot say.
const TEXT: &str = "_text";
/// What an element of a list is called.
const ELEMENT: &str = "element";

/// The columns, being filled.
#[derive(Debug)]
pub(super) struct Columns {
    builders: Vec<(Source, Builder)>,
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

fn kind(source: Source) -> Kind {
    let Source::Field(field) = source else { return Kind::Text };
    match field {
        Field::Id | Field::FirstName | Field::LastName | Field::Email | Field::Phone => Kind::Text,
        Field::Tags => Kind::List,
        Field::Attributes => Kind::Json,
        Field::CreatedDate | Field::ModifiedDate => Kind::Time,
    }
}

/// The schema in Parquet's terms, which know JSON.
pub(super) fn parquet_schema(columns: &[Column]) -> Result<SchemaDescriptor, ParquetError> {
    let mut types = Vec::new();
    for column in columns {
        types.extend(parquet_types(column)?);
    }
    let schema = Type::group_type_builder("profiles").with_fields(types).build()?;
    Ok(SchemaDescriptor::new(Arc::new(schema)))
}

fn parquet_types(column: &Column) -> Result<Vec<TypePtr>, ParquetError> {
    let key = match column.source {
        Source::Field(field) => field.key(),
        Source::Attribute(_) => {
            // Its name may be anything.
            let text = Type::primitive_type_builder(&column.name, Physical::BYTE_ARRAY)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(Some(LogicalType::String));
            return Ok(vec![Arc::new(text.build()?)]);
        }
    };
    let mut message = "message profiles {\n".to_owned();
    // Writing to a String cannot fail.
    let _ = match kind(column.source) {
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
    message.push('}');
    Ok(parse_message_type(&message)?.get_fields().to_vec())
}

fn element() -> Arc<Typed> {
    Arc::new(Typed::new(ELEMENT, DataType::Utf8, true))
}

/// The schema in Arrow's terms.
fn arrow_schema(columns: &[Column]) -> SchemaRef {
    let mut typed = Vec::new();
    for Column { name, source } in columns {
        match kind(*source) {
            Kind::Text | Kind::Json => typed.push(Typed::new(name, DataType::Utf8, true)),
            Kind::List => typed.push(Typed::new(name, DataType::List(element()), true)),
            Kind::Time => {
                let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
                typed.push(Typed::new(name, time, true));
                typed.push(Typed::new(format!("{name}{TEXT}"), DataType::Utf8, true));
            }
        }
    }
    Arc::new(Schema::new(typed))
}

impl Columns {
    pub(super) fn new(columns: &[Column]) -> Self {
        let builder = |source| match kind(source) {
            Kind::Text => Builder::Text(StringBuilder::new()),
            Kind::Json => Builder::Json(StringBuilder::new()),
            Kind::List => Builder::List(ListBuilder::new(StringBuilder::new()).with_field(element())),
            Kind::Time => {
                Builder::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC"), StringBuilder::new())
            }
        };
        Self {
            builders: columns.iter().map(|column| (column.source, builder(column.source))).collect(),
            schema: arrow_schema(columns),
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
        for (source, builder) in builders {
            let cell = row.of(*source);
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
