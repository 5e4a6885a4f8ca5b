//! The result set: what came, apart from how it is looked at.
//!
//! ```text
//! pages ──append──► Rows    chunks of profiles, addressed by row number (which never changes)
//!                     ▲
//!                   View    order: places on the screen ──► row numbers; sorted or as received
//! ```
//!
//! Nothing is formatted here before somebody looks at it: [`Rows::cell`] lends what is there, and
//! [`Cell::display`] makes text of it for the few cells that are visible, in bounded time.

mod cell;
mod natural;
mod search;
mod view;

pub use cell::{Cell, Content, Raw};
pub use natural::natural;
pub use search::Needle;
pub use view::{Sort, View};

use unicode_width::UnicodeWidthStr;

use crate::engine::pipeline::profile::{FieldRef, Node, Profile, Value};
use crate::engine::query::Field;
use cell::cell_of;

/// Profiles in one chunk. A chunk never moves once it is full, so that growing costs no copying.
const CHUNK: usize = 1_024;
/// The widest that a column is ever measured, in display columns.
pub const WIDEST: usize = 60;

/// The rows of one run, in the order in which they came.
///
/// A row's number is its place in that order; it stays the same while rows arrive.
#[derive(Debug, Default)]
pub struct Rows {
    chunks: Vec<Vec<Stored>>,
    len: usize,
    columns: [ColumnFacts; Field::COUNT],
    /// How often anybody looked at a row.
    #[cfg(test)]
    looks: std::cell::Cell<usize>,
}

/// One profile and what is asked of it often.
#[derive(Debug)]
struct Stored {
    profile: Profile,
    /// Bit by [`Field::index`]: processing changed the value, at whatever depth.
    changed: u16,
}

/// What is known of a column from the rows that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnFacts {
    /// The widest text seen, in display columns, at most [`WIDEST`].
    pub width: u16,
    /// Rows whose value processing changed.
    pub changed: u64,
    /// Rows with a value.
    pub filled: u64,
}

impl Rows {
    /// No rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes a page's rows, behind those that are there.
    pub fn append(&mut self, profiles: Vec<Profile>) {
        for profile in profiles {
            let changed = self.note(&profile);
            match self.chunks.last_mut() {
                Some(chunk) if chunk.len() < CHUNK => chunk.push(Stored { profile, changed }),
                _ => {
                    let mut chunk = Vec::with_capacity(if self.chunks.is_empty() { 0 } else { CHUNK });
                    chunk.push(Stored { profile, changed });
                    self.chunks.push(chunk);
                }
            }
            self.len += 1;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The profile of a row, as processed and with its raw JSON.
    pub fn profile(&self, row: usize) -> Option<&Profile> {
        self.stored(row).map(|stored| &stored.profile)
    }

    /// What a cell holds. A row that is not there is [`Content::NotAsked`].
    pub fn cell(&self, row: usize, column: Field) -> Cell<'_> {
        self.stored(row).map_or(Cell { content: Content::NotAsked, changed: false }, |stored| Cell {
            content: cell_of(stored.profile.field(column)),
            changed: stored.changed & (1 << column.index()) != 0,
        })
    }

    /// What is known of a column.
    pub fn facts(&self, column: Field) -> ColumnFacts {
        self.columns[column.index()]
    }

    /// How often a row was looked at so far.
    #[cfg(test)]
    pub(crate) fn looks(&self) -> usize {
        self.looks.get()
    }

    fn stored(&self, row: usize) -> Option<&Stored> {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
        self.chunks.get(row / CHUNK)?.get(row % CHUNK)
    }

    /// Adds a profile to the facts of the columns; says which values were changed.
    fn note(&mut self, profile: &Profile) -> u16 {
        let mut changed_fields = 0;
        for field in Field::ALL {
            let facts = &mut self.columns[field.index()];
            let (filled, changed) = match profile.field(field) {
                FieldRef::Text(slot) => {
                    slot.value().map_or((false, false), |text| (true, text.original.is_some()))
                }
                FieldRef::Node(slot) => slot.value().map_or((false, false), |node| (true, is_changed(node))),
            };
            facts.filled += u64::from(filled);
            if changed {
                facts.changed += 1;
                changed_fields |= 1 << field.index();
            }
            // Measuring stops where it cannot change anything any more.
            if usize::from(facts.width) < WIDEST {
                let cell = Cell { content: cell_of(profile.field(field)), changed };
                facts.width = facts.width.max(cell.display(WIDEST).width().min(WIDEST) as u16);
            }
        }
        changed_fields
    }
}

/// Whether processing changed the node or anything below it.
pub fn is_changed(node: &Node) -> bool {
    node.original.is_some()
        || match &node.value {
            Value::List(items) => items.iter().any(is_changed),
            Value::Object(entries) => entries.iter().any(|(_, node)| is_changed(node)),
            _ => false,
        }
}

#[cfg(test)]
pub(crate) mod fixture {
    //! Made-up profiles.

    use super::*;
    use crate::engine::pipeline::profile::{Change, Original, Slot, Text};

    /// A piece of text as processed, unchanged.
    pub(crate) fn text(value: &str) -> Slot<Text> {
        Slot::Value(Text { value: value.into(), original: None })
    }

    /// A piece of text that processing changed.
    pub(crate) fn changed(value: &str, json: &str, change: Change) -> Slot<Text> {
        let original = Some(Box::new(Original { json: json.into(), change }));
        Slot::Value(Text { value: value.into(), original })
    }

    /// A node, unchanged.
    pub(crate) fn node(value: Value) -> Node {
        Node { value, original: None }
    }

    /// A node that was text.
    pub(crate) fn coerced(value: Value, json: &str) -> Node {
        Node { value, original: Some(Box::new(Original { json: json.into(), change: Change::Coerced })) }
    }

    /// An ordinary profile with this number.
    pub(crate) fn profile(number: usize) -> Profile {
        let id = format!("PROF-{number:07}");
        Profile {
            raw: format!("{{\"id\":\"{id}\",\"firstName\":\"Ada\"}}").into(),
            id: text(&id),
            first_name: text("Ada"),
            last_name: text(&format!("Byron {number}")),
            email: changed("ada@example.org", "\"Ada@Example.org\"", Change::Lowercased),
            phone: changed("15550100", "\"+1 555-0100\"", Change::Stripped),
            tags: Slot::Value(node(Value::List(vec![
                node(Value::Text("vip".into())),
                node(Value::Text("beta".into())),
            ]))),
            attributes: Slot::Value(node(Value::Object(vec![
                ("score".into(), coerced(Value::Number("21".into()), "\"21\"")),
                ("active".into(), coerced(Value::Bool(true), "\"TRUE\"")),
                (
                    "address".into(),
                    node(Value::Object(vec![("city".into(), node(Value::Text("Zürich".into())))])),
                ),
            ]))),
            created_date: text("2025-11-02T08:30:00Z"),
            modified_date: text("2026-03-04T11:59:00Z"),
        }
    }

    /// Profiles with these numbers.
    pub(crate) fn profiles(numbers: std::ops::Range<usize>) -> Vec<Profile> {
        numbers.map(profile).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pipeline::profile::{Change, Slot};
    use fixture::{changed, profile, profiles, text};
    use proptest::prelude::*;

    #[test]
    fn facts_are_gathered_while_rows_come() {
        let mut rows = Rows::new();
        rows.append(vec![
            Profile { email: text("a@b.c"), ..Profile::default() },
            Profile { email: changed("ab@b.cd", "\"AB@b.cd\"", Change::Lowercased), ..Profile::default() },
            Profile { email: Slot::Null, ..Profile::default() },
        ]);
        assert_eq!(rows.facts(Field::Email), ColumnFacts { width: 7, changed: 1, filled: 2 });
        assert_eq!(rows.facts(Field::Phone), ColumnFacts::default());
    }

    #[test]
    fn a_change_deep_inside_marks_the_cell() {
        let mut rows = Rows::new();
        rows.append(vec![profile(1)]);
        assert!(rows.cell(0, Field::Attributes).changed);
        assert!(rows.cell(0, Field::Email).changed);
        assert!(!rows.cell(0, Field::Tags).changed);
    }

    #[test]
    fn a_row_that_is_not_there_is_nothing() {
        let mut rows = Rows::new();
        rows.append(profiles(0..3));
        assert!(rows.profile(3).is_none());
        assert!(matches!(rows.cell(usize::MAX, Field::Id).content, Content::NotAsked));
        rows.clear();
        assert!(rows.is_empty() && rows.profile(0).is_none());
        assert_eq!(rows.facts(Field::Id), ColumnFacts::default());
    }

    proptest! {
        #[test]
        fn appending_keeps_order_and_numbers(sizes in proptest::collection::vec(0_usize..1_500, 0..6)) {
            let mut rows = Rows::new();
            let mut next = 0;
            for size in sizes {
                rows.append((next..next + size).map(|n| Profile { id: text(&n.to_string()), ..Profile::default() }).collect());
                next += size;
                prop_assert_eq!(rows.len(), next);
            }
            for row in 0..next {
                prop_assert_eq!(rows.profile(row).and_then(Profile::id).map(|id| id.raw().to_owned()), Some(row.to_string()));
            }
        }
    }
}
