//! A processed profile, with what it was before.

use bytes::Bytes;

use crate::engine::query::Field;
use crate::engine::text::Untrusted;

/// What is known of one field of one profile. The four are never mixed up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Slot<T> {
    /// The query did not ask for it.
    #[default]
    NotAsked,
    /// Asked for, and not in the reply.
    Missing,
    /// Asked for, and `null` in the reply.
    Null,
    /// Asked for and there.
    Value(T),
}

impl<T> Slot<T> {
    /// The value, where there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }
}

/// What processing did to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// An e-mail address in lower case.
    Lowercased,
    /// A phone number without `+`, white space and punctuation.
    Stripped,
    /// Text that spells a number or a boolean became one.
    Coerced,
    /// The service sent another type than the field has; kept as what can be read.
    WrongType,
}

impl Change {
    /// A few words for a person.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Lowercased => "lower-cased",
            Self::Stripped => "digits only",
            Self::Coerced => "from text",
            Self::WrongType => "wrong type",
        }
    }
}

/// A value as received, kept beside the processed one where they differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The JSON as received: `"TRUE"`, `21`, `{"a":1}`.
    pub json: Untrusted,
    /// What changed it.
    pub change: Change,
}

/// A piece of processed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// As processed.
    pub value: Untrusted,
    /// As received, where that differs.
    pub original: Option<Box<Original>>,
}

/// A processed JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// As processed.
    pub value: Value,
    /// As received, where that differs (of this node, not of what is below it).
    pub original: Option<Box<Original>>,
}

/// A JSON value whose numbers keep their digits and whose objects keep their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, as JSON digits of any length; never through a float.
    Number(Box<str>),
    /// Text.
    Text(Untrusted),
    /// An array.
    List(Vec<Node>),
    /// An object; of repeated keys the last is kept.
    Object(Vec<(Untrusted, Node)>),
}

impl Value {
    /// The type's name for a person: `number`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
            Self::List(_) => "list",
            Self::Object(_) => "object",
        }
    }
}

/// One customer profile, processed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// `id`
    pub id: Slot<Text>,
    /// `first_name`
    pub first_name: Slot<Text>,
    /// `last_name`
    pub last_name: Slot<Text>,
    /// `email`, lower-cased
    pub email: Slot<Text>,
    /// `phone`, digits only
    pub phone: Slot<Text>,
    /// `tags`, a list
    pub tags: Slot<Node>,
    /// `attributes`, coerced at every depth
    pub attributes: Slot<Node>,
    /// `created_date`, as received
    pub created_date: Slot<Text>,
    /// `modified_date`, as received
    pub modified_date: Slot<Text>,
    /// The whole profile as received: a slice of its page's JSON, valid UTF-8.
    pub raw: Bytes,
}

/// One field of a profile, whatever its type.
#[derive(Clone, Copy, Debug)]
pub enum FieldRef<'a> {
    /// A text field.
    Text(&'a Slot<Text>),
    /// `tags` or `attributes`.
    Node(&'a Slot<Node>),
}

impl Profile {
    /// The field's value.
    pub fn field(&self, field: Field) -> FieldRef<'_> {
        match field {
            Field::Id => FieldRef::Text(&self.id),
            Field::FirstName => FieldRef::Text(&self.first_name),
            Field::LastName => FieldRef::Text(&self.last_name),
            Field::Email => FieldRef::Text(&self.email),
            Field::Phone => FieldRef::Text(&self.phone),
            Field::Tags => FieldRef::Node(&self.tags),
            Field::Attributes => FieldRef::Node(&self.attributes),
            Field::CreatedDate => FieldRef::Text(&self.created_date),
            Field::ModifiedDate => FieldRef::Text(&self.modified_date),
        }
    }

    /// The identifier, where the service sent one.
    pub fn id(&self) -> Option<&Untrusted> {
        self.id.value().map(|t| &t.value)
    }

    /// The profile as received, as text.
    pub fn raw_json(&self) -> &str {
        std::str::from_utf8(&self.raw).unwrap_or("")
    }
}
