//! Some thousands of rows, a column for each field and each attribute.

use std::sync::Arc;

use super::Column;
use super::cell::{Cell, Content, Shaped};
use super::facts::Facts;
use super::is_changed;
use super::shapes::{PathId, Shapes, value_of};
use super::values::{Kind, Mark, Value, Values};
use crate::engine::pipeline::profile::{FieldRef, Node, Profile, Slot, Text, Value as Json};
use crate::engine::query::Field;

/// Rows in a chunk.
pub(super) const ROWS: usize = 8_192;
/// A chunk of more bytes than this is full: Arrow counts them in 31 bits, and copying one must stay cheap.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// The shape of what has none.
const SHAPELESS: u16 = u16::MAX;

/// Rows, by column.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    len: usize,
    bytes: usize,
    /// By [`Field::index`]. Attributes with a shape have an empty text here and their values in `leaves`.
    fields: [Values; Field::COUNT],
    shapes: Vec<u16>,
    /// By path; `None` where no row of this chunk has it.
    leaves: Vec<Option<Values>>,
}

impl Default for Chunk {
    fn default() -> Self {
        Self {
            len: 0,
            bytes: 0,
            fields: std::array::from_fn(|_| Values::default()),
            shapes: Vec::new(),
            leaves: Vec::new(),
        }
    }
}

impl Chunk {
    /// An empty chunk behind this one: what differed from row to row here will go on to.
    pub(super) fn next(&self) -> Self {
        let like = |values: &Values| match values {
            Values::Plain { .. } => Values::plain(),
            Values::Few { .. } => Values::default(),
        };
        Self { fields: std::array::from_fn(|at| like(&self.fields[at])), ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_full(&self) -> bool {
        self.len >= ROWS || self.bytes >= MOST_BYTES
    }

    /// Adds a row.
    pub(super) fn push(
        &mut self,
        profile: &Profile,
        shapes: &mut Arc<Shapes>,
        facts: &mut Facts,
        scratch: &mut String,
    ) {
        let mut shape = SHAPELESS;
        for field in Field::ALL {
            let (mark, text) = match profile.field(field) {
                FieldRef::Text(slot) => text_of(slot),
                FieldRef::Node(Slot::Value(node)) if field == Field::Attributes && is_object(node) => {
                    let found = shapes
                        .find(node)
                        .or_else(|| if shapes.is_full { None } else { Arc::make_mut(shapes).take_up(node) });
                    if let Some(found) = found {
                        shape = found;
                        self.push_leaves(shapes, found, node, facts, scratch);
                        (Mark::new(Kind::Json, is_changed(node)), "")
                    } else {
                        node_of(node, scratch)
                    }
                }
                FieldRef::Node(Slot::Value(node)) => node_of(node, scratch),
                FieldRef::Node(slot) => (Mark::new(state(slot), false), ""),
            };
            self.bytes += text.len();
            let is_new = self.fields[field.index()].push(mark, text);
            if field != Field::Attributes {
                facts.of_mut(Column::Field(field)).note(Value { mark, text }, is_new);
            }
        }
        self.shapes.push(shape);
        self.len += 1;
        let row = self.len - 1;
        let cell = self.cell(row, Column::Field(Field::Attributes), shapes);
        facts.of_mut(Column::Field(Field::Attributes)).note_cell(&cell);
    }

    fn push_leaves(
        &mut self,
        shapes: &Shapes,
        shape: u16,
        node: &Node,
        facts: &mut Facts,
        scratch: &mut String,
    ) {
        let (leaves, bytes, row) = (&mut self.leaves, &mut self.bytes, self.len);
        leaves.resize_with(shapes.paths(), || None);
        shapes.leaves(shape, node, scratch, &mut |path, mark, text| {
            let values = leaves[usize::from(path.0)].get_or_insert_default();
            values.pad(row);
            let is_new = values.push(mark, text);
            *bytes += text.len();
            facts.of_mut(Column::Attribute(path)).note(Value { mark, text }, is_new);
        });
    }

    /// Nothing is added any more.
    pub(super) fn seal(&mut self) {
        for values in &mut self.fields {
            values.seal();
        }
        for values in self.leaves.iter_mut().flatten() {
            values.pad(self.len);
            values.seal();
        }
        self.shapes.shrink_to_fit();
    }

    /// Bytes held, about.
    pub(super) fn memory(&self) -> usize {
        let columns = self.fields.iter().chain(self.leaves.iter().flatten());
        columns.map(Values::memory).sum::<usize>() + 2 * self.shapes.capacity() + size_of::<Self>()
    }

    /// The values of a column; `None` where the chunk has none.
    pub(super) fn values(&self, column: Column) -> Option<&Values> {
        match column {
            Column::Field(field) => Some(&self.fields[field.index()]),
            Column::Attribute(path) => self.leaves.get(usize::from(path.0))?.as_ref(),
        }
    }

    /// The attributes that rows of this chunk have.
    pub(super) fn paths(&self) -> impl Iterator<Item = PathId> {
        self.leaves.iter().enumerate().filter(|(_, values)| values.is_some()).map(|(at, _)| PathId(at as u16))
    }

    pub(super) fn value(&self, row: usize, column: Column) -> Value<'_> {
        self.values(column).map_or(Value::MISSING, |values| values.get(row))
    }

    /// The number of the shape of a row's attributes, where they have one.
    pub(super) fn shape(&self, row: usize) -> Option<u16> {
        self.shapes.get(row).copied().filter(|shape| *shape != SHAPELESS)
    }

    pub(super) fn cell<'a>(&'a self, row: usize, column: Column, shapes: &'a Shapes) -> Cell<'a> {
        let cell = Cell::of(self.value(row, column));
        match self.shape(row) {
            Some(shape) if column == Column::Field(Field::Attributes) => {
                Cell { content: Content::Attributes(Shaped::new(self, row, shapes, shape)), ..cell }
            }
            _ => cell,
        }
    }
}

fn is_object(node: &Node) -> bool {
    node.original.is_none() && matches!(node.value, Json::Object(_))
}

fn state<T>(slot: &Slot<T>) -> Kind {
    match slot {
        Slot::NotAsked => Kind::NotAsked,
        Slot::Missing => Kind::Missing,
        Slot::Null => Kind::Null,
        Slot::Value(_) => Kind::Text,
    }
}

fn text_of(slot: &Slot<Text>) -> (Mark, &str) {
    let text = slot.value();
    let changed = text.is_some_and(|text| text.original.is_some());
    (Mark::new(state(slot), changed), text.map_or("", |text| text.value.raw()))
}

fn node_of<'a>(node: &'a Node, scratch: &'a mut String) -> (Mark, &'a str) {
    let (kind, text) = value_of(node, scratch);
    (Mark::new(kind, is_changed(node)), text)
}
