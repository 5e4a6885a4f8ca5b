//! The result set: what came, apart from how it is looked at.
//!
//! ```text
//! pages ──append──► Rows    columns in chunks, addressed by row number (which never changes)
//!                    │      what was received, in compressed blocks
//!                    ├─► Data    a snapshot: what work off the screen's thread reads
//!                    ▼
//!                   View    filter, order, search hits: places on the screen ──► row numbers
//! ```
//!
//! Nothing is formatted here before somebody looks at it: [`Rows::cell`] lends what is there, and
//! [`Cell::display`] makes text of it for the few cells that are visible, in bounded time. The one profile that is
//! opened is read again from what was received.

mod cell;
mod chunk;
mod counts;
mod facts;
mod filter;
mod json;
mod marks;
mod mask;
mod natural;
mod needle;
mod order;
mod pattern;
mod raw;
mod scan;
mod shapes;
mod sort;
mod values;
mod view;
mod work;

pub use cell::{Cell, Content, Raw, Shaped};
pub use counts::{BARS, Counts, Spread};
pub use facts::{ColumnFacts, WIDEST};
pub use filter::{Filter, Term, Test};
pub use marks::Marks;
pub use mask::{Mask, Personal};
pub use natural::natural;
pub use needle::Needle;
pub use pattern::Pattern;
pub use shapes::{MOST_PATHS, PathId};
pub use sort::Sort;
pub use values::Kind;
pub use view::{AT_ONCE, View};
pub use work::{Found, Job, Step};

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::engine::pipeline;
use crate::engine::pipeline::profile::{Node, Profile, Value};
use crate::engine::query::{Field, FieldSet};
use chunk::Chunk;
use facts::Facts;
use raw::RawRows;
use shapes::Shapes;

/// What rows may take in memory unless a setting says otherwise, in bytes.
pub const BUDGET: usize = 1 << 30;

/// A column: a field, or one of the attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// A field of the profile.
    Field(Field),
    /// An attribute, by its path.
    Attribute(PathId),
}

impl From<Field> for Column {
    fn from(field: Field) -> Self {
        Self::Field(field)
    }
}

/// The rows of one run, in the order in which they came.
///
/// A row's number is its place in that order; it stays the same while rows arrive.
#[derive(Debug)]
pub struct Rows {
    data: Data,
    raw: RawRows,
    facts: Facts,
    /// The fields that were asked for, to read a profile again with.
    fields: FieldSet,
    /// Bytes of the chunks that are full.
    sealed: usize,
    budget: usize,
    scratch: String,
    /// How often anybody looked at a row.
    #[cfg(test)]
    looks: std::cell::Cell<usize>,
}

/// The columns of all rows at one time. Cheap to clone; what is appended later is not in the clone.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// All full but the last.
    chunks: Vec<Arc<Chunk>>,
    /// The first row of each chunk.
    starts: Vec<usize>,
    len: usize,
    shapes: Arc<Shapes>,
}

/// What the rows take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Bytes in memory: columns and what was received.
    pub held: usize,
    /// Bytes of what was received that lie in a temporary file.
    pub spilled: u64,
    /// What may be held.
    pub budget: usize,
    /// Why no more goes to the file, where that is so.
    pub refused: Option<String>,
}

impl Default for Rows {
    fn default() -> Self {
        Self::new()
    }
}

impl Rows {
    /// No rows.
    pub fn new() -> Self {
        Self::with_budget(BUDGET)
    }

    /// No rows, and bytes that they may take in memory before what was received goes to a temporary file.
    pub fn with_budget(budget: usize) -> Self {
        Self {
            data: Data::default(),
            raw: RawRows::default(),
            facts: Facts::default(),
            fields: FieldSet::ALL,
            sealed: 0,
            budget,
            scratch: String::new(),
            #[cfg(test)]
            looks: std::cell::Cell::new(0),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.data.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.data.len == 0
    }

    /// Takes a page's rows, behind those that are there.
    pub fn append(&mut self, profiles: &[Profile]) {
        for profile in profiles {
            self.push(profile);
        }
        let columns = self.memory().held - self.raw.memory();
        self.raw.spill_to(self.budget.saturating_sub(columns));
    }

    fn push(&mut self, profile: &Profile) {
        let Data { chunks, starts, len, shapes } = &mut self.data;
        let next = match chunks.last_mut() {
            None => Some(Chunk::default()),
            Some(last) if last.is_full() => {
                let last = Arc::make_mut(last);
                last.seal();
                self.sealed += last.memory();
                Some(last.next())
            }
            Some(_) => None,
        };
        if let Some(next) = next {
            chunks.push(Arc::new(next));
            starts.push(*len);
        }
        if let Some(last) = chunks.last_mut() {
            // A snapshot that is looked at keeps what it has: then this copies the chunk, once.
            Arc::make_mut(last).push(profile, shapes, &mut self.facts, &mut self.scratch);
        }
        self.raw.push(&profile.raw);
        *len += 1;
    }

    /// Forgets everything; from now on rows with these fields come. Says whether attributes keep their numbers.
    pub fn begin(&mut self, fields: FieldSet) -> bool {
        // Names stay, so that a column means the same in the next run; unless there was no room for more of them.
        let shapes = std::mem::take(&mut self.data.shapes);
        let keeps = !shapes.is_full;
        let data = if keeps { Data { shapes, ..Data::default() } } else { Data::default() };
        *self = Self { data, fields, ..Self::with_budget(self.budget) };
        keeps
    }

    /// No rows, in which a column means what it means here: for others that are to be compared with these.
    #[must_use]
    pub fn aside(&self, fields: FieldSet) -> Self {
        let shapes = Arc::clone(&self.data.shapes);
        let data = if shapes.is_full { Data::default() } else { Data { shapes, ..Data::default() } };
        Self { data, fields, ..Self::with_budget(self.budget) }
    }

    /// The columns as they are now, for work off the screen's thread.
    pub fn snapshot(&self) -> Data {
        self.data.clone()
    }

    /// The columns.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The profile of a row, as processed and with its raw JSON; `None` where the row is not there.
    ///
    /// # Errors
    /// What was received lies in a temporary file that cannot be read any more.
    pub fn profile(&self, row: usize) -> io::Result<Option<Profile>> {
        let Some(raw) = self.raw.get(row)? else { return Ok(None) };
        let read = |json: &Bytes| pipeline::process(json, &[&json[..]], self.fields, 1).rows.pop();
        Ok(Some(read(&raw).unwrap_or_else(|| {
            // What cannot be read again never came from the pipeline; the columns have all of it but what it was.
            let mut json = String::new();
            self.data.wire(row, &mut json);
            Profile { raw, ..read(&json.into()).unwrap_or_default() }
        })))
    }

    /// What a cell holds. A row that is not there is [`Content::NotAsked`].
    pub fn cell(&self, row: usize, column: Column) -> Cell<'_> {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
        self.data.cell(row, column)
    }

    /// What is known of a column.
    pub fn facts(&self, column: Column) -> ColumnFacts {
        self.facts.of(column)
    }

    /// Whether any row has the column, be it null.
    pub fn has(&self, column: Column) -> bool {
        self.facts.get(column).is_some_and(ColumnFacts::is_there)
    }

    /// How many rows have a value there.
    pub fn filled(&self, column: Column) -> u64 {
        self.facts.get(column).map_or(0, ColumnFacts::filled)
    }

    /// Whether all values of the column are numbers, and there are some.
    pub fn is_numeric(&self, column: Column) -> bool {
        self.facts.get(column).is_some_and(ColumnFacts::is_numeric)
    }

    /// The widest text of a column in display columns, at most [`WIDEST`], and whether processing changed any value.
    pub fn width(&self, column: Column) -> (u16, bool) {
        self.facts.width(column)
    }

    /// What the rows take.
    pub fn memory(&self) -> Memory {
        let filling = self.data.chunks.last().map_or(0, |last| last.memory());
        Memory {
            held: self.sealed + filling + self.raw.memory(),
            spilled: self.raw.spilled(),
            budget: self.budget,
            refused: self.raw.refused().map(str::to_owned),
        }
    }

    /// How often a row was looked at so far.
    #[cfg(test)]
    pub(crate) fn looks(&self) -> usize {
        self.looks.get()
    }
}

impl Data {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What a cell holds. A row that is not there is [`Content::NotAsked`].
    pub fn cell(&self, row: usize, column: Column) -> Cell<'_> {
        match self.locate(row) {
            Some((chunk, at)) => chunk.cell(at, column, &self.shapes),
            None => Cell { content: Content::NotAsked, changed: false },
        }
    }

    /// The attributes that have a column, in the order in which they were met.
    pub fn attributes(&self) -> impl Iterator<Item = PathId> {
        (0..self.shapes.paths()).map(|at| PathId(at as u16))
    }

    /// Whether there are attributes without a column of their own, since there are too many.
    pub fn has_more_attributes(&self) -> bool {
        self.shapes.is_full
    }

    /// The name of an attribute, from outside: `address.city`.
    pub fn name(&self, path: PathId) -> Raw<'_> {
        Raw::new(self.shapes.name(path))
    }

    /// The keys that lead to an attribute, from outside: `address`, `city`.
    pub fn keys(&self, path: PathId) -> Vec<String> {
        self.shapes.keys(path)
    }

    /// The column of a name as it is typed: a key, a title, an attribute with or without `attributes.`.
    pub fn column(&self, name: &str) -> Option<Column> {
        filter::column(name, self)
    }

    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<PathId> {
        self.shapes.named(name)
    }

    /// Appends a row as processed JSON: the fields in their order; null and missing are `null`, what was not asked
    /// for is left out.
    pub fn json(&self, row: usize, out: &mut String) {
        self.object(row, out, Field::key);
    }

    /// Appends a row as the service would write it.
    fn wire(&self, row: usize, out: &mut String) {
        self.object(row, out, Field::wire);
    }

    fn object(&self, row: usize, out: &mut String, name: fn(Field) -> &'static str) {
        let Some((chunk, at)) = self.locate(row) else { return };
        out.push('{');
        let mut first = true;
        for field in Field::ALL {
            let value = chunk.value(at, field.into());
            if value.kind() == Kind::NotAsked {
                continue;
            }
            out.push_str(if std::mem::take(&mut first) { "\"" } else { ",\"" });
            out.push_str(name(field));
            out.push_str("\":");
            match chunk.shape(at) {
                Some(shape) if field == Field::Attributes => {
                    Shaped::new(chunk, at, &self.shapes, shape).json(out);
                }
                _ => json::value(out, value.kind(), value.text),
            }
        }
        out.push('}');
    }

    fn locate(&self, row: usize) -> Option<(&Chunk, usize)> {
        let (chunk, at) = self.place(row)?;
        Some((&self.chunks[chunk], at))
    }

    /// The number of a row's chunk, and its place there.
    fn place(&self, row: usize) -> Option<(usize, usize)> {
        if row >= self.len {
            return None;
        }
        // Chunks are of one size unless values are huge.
        let guess = row / chunk::ROWS;
        let is_in =
            |at: usize| self.starts[at] <= row && self.starts.get(at + 1).is_none_or(|next| row < *next);
        let at = if guess < self.starts.len() && is_in(guess) {
            guess
        } else {
            self.starts.partition_point(|start| *start <= row) - 1
        };
        Some((at, row - self.starts[at]))
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

    /// What the service sent for it.
    fn raw(number: usize) -> String {
        format!(
            "{{\"id\":\"PROF-{number:07}\",\"firstName\":\"Ada\",\"lastName\":\"Byron {number}\",\
             \"email\":\"Ada@Example.org\",\"phone\":\"+1 555-0100\",\"tags\":[\"vip\",\"beta\"],\
             \"attributes\":{{\"score\":\"21\",\"active\":\"TRUE\",\"address\":{{\"city\":\"Zürich\"}}}},\
             \"createdDate\":\"2025-11-02T08:30:00Z\",\"modifiedDate\":\"2026-03-04T11:59:00Z\"}}"
        )
    }

    /// An ordinary profile with this number.
    pub(crate) fn profile(number: usize) -> Profile {
        let id = format!("PROF-{number:07}");
        Profile {
            raw: raw(number).into(),
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
pub(crate) mod tests {
    use super::*;
    use crate::engine::pipeline::profile::{Change, Slot};
    use fixture::{changed, profile, profiles, text};
    use proptest::prelude::*;

    #[test]
    fn facts_are_gathered_while_rows_come() {
        let mut rows = Rows::new();
        rows.append(&[
            Profile { email: text("a@b.c"), ..Profile::default() },
            Profile { email: changed("ab@b.cd", "\"AB@b.cd\"", Change::Lowercased), ..Profile::default() },
            Profile { email: Slot::Null, ..profile(3) },
        ]);
        let facts = rows.facts(Field::Email.into());
        assert_eq!((facts.width, facts.changed, facts.filled(), facts.of(Kind::Null)), (7, 1, 2, 1));
        let raw = |end: Option<crate::engine::text::Untrusted>| end.map(|end| end.raw().to_owned());
        assert_eq!((raw(facts.least), raw(facts.largest)), (Some("a@b.c".into()), Some("ab@b.cd".into())));
        assert_eq!(rows.facts(Field::Phone.into()).of(Kind::NotAsked), 2);
        let score = rows.data().attribute("score").unwrap();
        let facts = rows.facts(Column::Attribute(score));
        assert_eq!((facts.of(Kind::Number), facts.changed), (1, 1));
    }

    #[test]
    fn a_change_deep_inside_marks_the_cell() {
        let mut rows = Rows::new();
        rows.append(&[profile(1)]);
        assert!(rows.cell(0, Field::Attributes.into()).changed);
        assert!(rows.cell(0, Field::Email.into()).changed);
        assert!(!rows.cell(0, Field::Tags.into()).changed);
    }

    #[test]
    fn a_row_that_is_not_there_is_nothing() {
        let mut rows = Rows::new();
        rows.append(&profiles(0..3));
        assert_eq!(rows.profile(3).unwrap(), None);
        assert!(matches!(rows.cell(usize::MAX, Field::Id.into()).content, Content::NotAsked));
        rows.begin(FieldSet::ALL);
        assert!(rows.is_empty() && rows.profile(0).unwrap().is_none());
        assert_eq!(rows.facts(Field::Id.into()), ColumnFacts::default());
        assert!(rows.data().attribute("score").is_some(), "names stay for the next run");
    }

    #[test]
    fn a_profile_is_read_again_from_what_was_received() {
        let mut rows = Rows::new();
        rows.append(&profiles(0..200));
        for row in [0, 63, 64, 199] {
            assert_eq!(rows.profile(row).unwrap().unwrap(), profile(row));
        }
        // One that cannot be read again still has what its columns have.
        let raw = Bytes::from_static(b"{");
        rows.append(&[Profile { raw: raw.clone(), ..profile(7) }]);
        let read = rows.profile(200).unwrap().unwrap();
        assert_eq!((read.id(), &read.raw), (profile(7).id(), &raw));
    }

    #[test]
    fn a_snapshot_keeps_what_it_had() {
        let mut rows = Rows::new();
        rows.append(&profiles(0..10));
        let before = rows.snapshot();
        rows.append(&profiles(10..20));
        assert_eq!((before.len(), rows.len()), (10, 20));
        assert!(!before.cell(10, Field::Id.into()).is_filled());
        assert!(rows.cell(10, Field::Id.into()).is_filled());
    }

    #[test]
    fn past_the_budget_what_was_received_lies_in_a_file_and_still_opens() {
        let mut rows = Rows::with_budget(2_500_000);
        for page in 0..1_000 {
            rows.append(&profiles(page * 50..page * 50 + 50));
        }
        let memory = rows.memory();
        assert!(memory.spilled > 0 && memory.refused.is_none(), "{memory:?}");
        assert!(memory.held <= memory.budget, "{memory:?}");
        for row in [0, 25_000, 49_999] {
            assert_eq!(rows.profile(row).unwrap().unwrap(), profile(row));
        }
    }

    /// A profile as the pipeline makes it.
    pub(crate) fn read(json: &str) -> Profile {
        let json = Bytes::copy_from_slice(json.as_bytes());
        pipeline::process(&json, &[&json[..]], FieldSet::ALL, 1).rows.pop().unwrap()
    }

    proptest! {
        #[test]
        fn appending_keeps_order_and_numbers(sizes in proptest::collection::vec(0_usize..9_000, 0..4)) {
            let mut rows = Rows::new();
            let mut next = 0;
            for size in sizes {
                let page: Vec<Profile> =
                    (next..next + size).map(|n| Profile { id: text(&n.to_string()), ..Profile::default() }).collect();
                rows.append(&page);
                next += size;
                prop_assert_eq!(rows.len(), next);
            }
            for row in 0..next {
                prop_assert_eq!(rows.cell(row, Field::Id.into()).copied(), row.to_string());
            }
        }
    }
}
