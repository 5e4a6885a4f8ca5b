//! The fields of a profile, and selections of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::engine::error::Error;

/// A field of a profile, in the order in which fields are always shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Field {
    /// `id`
    Id,
    /// `firstName`
    FirstName,
    /// `lastName`
    LastName,
    /// `email`
    Email,
    /// `phone`
    Phone,
    /// `tags`
    Tags,
    /// `attributes`
    Attributes,
    /// `createdDate`
    CreatedDate,
    /// `modifiedDate`
    ModifiedDate,
}

impl Field {
    /// How many there are.
    pub const COUNT: usize = 9;

    /// All fields, in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Id,
        Self::FirstName,
        Self::LastName,
        Self::Email,
        Self::Phone,
        Self::Tags,
        Self::Attributes,
        Self::CreatedDate,
        Self::ModifiedDate,
    ];

    /// The name on the wire: `firstName`.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Tags => "tags",
            Self::Attributes => "attributes",
            Self::CreatedDate => "createdDate",
            Self::ModifiedDate => "modifiedDate",
        }
    }

    /// The key in processed profiles: `first_name`.
    pub fn key(self) -> &'static str {
        match self {
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::CreatedDate => "created_date",
            Self::ModifiedDate => "modified_date",
            other => other.wire(),
        }
    }

    /// Its place in [`Field::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

impl FromStr for Field {
    type Err = Error;

    /// Takes the wire's name or the processed one.
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|f| f.wire() == name || f.key() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|f| f.wire()).collect();
            Error::usage(
                format!("field {name:?}"),
                "the service has no such field",
                format!("fields are {}", known.join(" ")),
            )
        })
    }
}

/// A selection of fields. `id` is always in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct FieldSet(u16);

impl FieldSet {
    /// Every field.
    pub const ALL: Self = Self((1 << Field::COUNT) - 1);
    /// Only `id`.
    pub const ID: Self = Self(1);

    /// Whether the field is asked for.
    pub fn contains(self, field: Field) -> bool {
        self.0 & (1 << field.index()) != 0
    }

    /// The set with a field put in or taken out; `id` stays.
    #[must_use]
    pub fn with(self, field: Field, on: bool) -> Self {
        let bit = 1 << field.index();
        Self(if on { self.0 | bit } else { self.0 & !bit } | 1)
    }

    /// The fields in order.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |f| self.contains(*f))
    }

    /// How many.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Never: `id` is always asked for.
    pub fn is_empty(self) -> bool {
        false
    }
}

impl Default for FieldSet {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromIterator<Field> for FieldSet {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        fields.into_iter().fold(Self::ID, |set, field| set.with(field, true))
    }
}

/// The wire's form: `id,firstName,email`.
impl fmt::Display for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, field) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            f.write_str(field.wire())?;
        }
        Ok(())
    }
}

impl fmt::Debug for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldSet({self})")
    }
}

impl From<FieldSet> for String {
    fn from(fields: FieldSet) -> Self {
        fields.to_string()
    }
}

impl TryFrom<String> for FieldSet {
    type Error = Error;

    fn try_from(list: String) -> Result<Self, Error> {
        list.parse()
    }
}

impl FromStr for FieldSet {
    type Err = Error;

    /// A comma-separated list; blanks around names and empty entries are passed over.
    fn from_str(list: &str) -> Result<Self, Error> {
        list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(Field::from_str).collect()
    }
}
