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

/// What can be written: it lends the value of each field.
pub trait Row {
    /// The value of a field; of one that was not asked for, nothing.
    fn cell(&self, field: Field) -> Cell<'_>;
}

impl<R: Row + ?Sized> Row for &R {
    fn cell(&self, field: Field) -> Cell<'_> {
        (**self).cell(field)
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
