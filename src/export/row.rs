//! A row as it is lent for writing, whoever keeps it: a profile, or the columns of a table.

use crate::engine::pipeline::profile::{FieldRef, Node, Profile, Slot};
use crate::engine::query::Field;

/// The value of one field, lent.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    /// Null or missing, which are the same in a file.
    Nothing,
    /// A text field's true value.
    Text(&'a str),
    /// `tags` or `attributes`, processed.
    Node(&'a Node),
    /// `tags` or `attributes`, processed, as the compact JSON that [`json::node`](super::json::node) makes of them.
    Json(&'a str),
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name there.
    pub name: String,
    /// What is in it.
    pub source: Source,
}

/// What is in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A field.
    Field(Field),
    /// One of the attributes, by a number that whoever lends the rows gave it.
    Attribute(usize),
}

impl From<Field> for Column {
    fn from(field: Field) -> Self {
        Self { name: field.key().to_owned(), source: Source::Field(field) }
    }
}

/// What can be written: it lends the value of each field.
pub trait Row {
    /// The value of a field; of one that was not asked for, nothing.
    fn cell(&self, field: Field) -> Cell<'_>;

    /// The value of one of the attributes, by its number.
    fn attribute(&self, _number: usize) -> Cell<'_> {
        Cell::Nothing
    }

    /// What is in a column.
    fn of(&self, source: Source) -> Cell<'_> {
        match source {
            Source::Field(field) => self.cell(field),
            Source::Attribute(number) => self.attribute(number),
        }
    }
}

impl<R: Row + ?Sized> Row for &R {
    fn cell(&self, field: Field) -> Cell<'_> {
        (**self).cell(field)
    }

    fn attribute(&self, number: usize) -> Cell<'_> {
        (**self).attribute(number)
    }
}

impl Row for Profile {
    fn cell(&self, field: Field) -> Cell<'_> {
        match self.field(field) {
            FieldRef::Text(Slot::Value(text)) => Cell::Text(text.value.raw()),
            FieldRef::Node(Slot::Value(node)) => Cell::Node(node),
            FieldRef::Text(_) | FieldRef::Node(_) => Cell::Nothing,
        }
    }
}
