//! One column of one chunk: a kind and a text for each row.
//!
//! ```text
//! growing:  Few   codes ─► entries (each value once)      many values differ: turned into Plain, once
//!           Plain bytes, where each value ends
//! sealed:   the same as Arrow arrays, codes in one byte where that is enough
//! ```

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use arrow_array::StringArray;
use arrow_array::builder::GenericStringBuilder;
use foldhash::fast::RandomState;

/// So many different values, and nearly as many as rows: then there is nothing to share.
const FEW: usize = 1_024;
/// So many, and more than every second row has one of its own.
const MANY: usize = 3_072;
/// The most codes there are.
const MOST_CODES: usize = 1 << 16;

/// What a value is. `NotAsked`, `Missing` and `Null` have no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The query did not ask for it.
    NotAsked,
    /// Asked for, and not in the reply.
    Missing,
    /// `null`
    Null,
    /// Text.
    Text,
    /// A number: its digits.
    Number,
    /// `true` or `false`.
    Bool,
    /// A list or an object, as compact JSON.
    Json,
}

impl Kind {
    /// All of them, by their number.
    pub const ALL: [Self; 7] =
        [Self::NotAsked, Self::Missing, Self::Null, Self::Text, Self::Number, Self::Bool, Self::Json];

    /// Whether there is a value.
    pub fn is_filled(self) -> bool {
        self >= Self::Text
    }

    /// A word for a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAsked => "not asked",
            Self::Missing => "missing",
            Self::Null => "null",
            Self::Text => "text",
            Self::Number => "number",
            Self::Bool => "boolean",
            Self::Json => "list",
        }
    }
}

/// A kind, and whether processing changed the value: one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(u8);

impl Mark {
    const CHANGED: u8 = 1 << 7;

    pub(super) fn new(kind: Kind, changed: bool) -> Self {
        Self(kind as u8 | if changed { Self::CHANGED } else { 0 })
    }

    pub(super) fn kind(self) -> Kind {
        Kind::ALL.get(usize::from(self.0 & !Self::CHANGED)).copied().unwrap_or(Kind::Missing)
    }

    pub(super) fn changed(self) -> bool {
        self.0 & Self::CHANGED != 0
    }
}

/// A value, lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value<'a> {
    pub(super) mark: Mark,
    pub(super) text: &'a str,
}

impl Value<'_> {
    /// Nothing in the reply.
    pub(super) const MISSING: Self = Self { mark: Mark(Kind::Missing as u8), text: "" };

    pub(super) fn kind(&self) -> Kind {
        self.mark.kind()
    }
}

/// Texts one behind the other, and where each ends.
#[derive(Clone, Debug)]
pub(super) enum Texts {
    Growing { bytes: String, ends: Vec<u32> },
    Sealed(StringArray),
}

impl Default for Texts {
    fn default() -> Self {
        Self::Growing { bytes: String::new(), ends: Vec::new() }
    }
}

impl Texts {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Growing { ends, .. } => ends.len(),
            Self::Sealed(array) => arrow_array::Array::len(array),
        }
    }

    pub(super) fn get(&self, at: usize) -> &str {
        match self {
            Self::Growing { bytes, ends } => {
                let start = if at == 0 { 0 } else { ends[at - 1] as usize };
                &bytes[start..ends[at] as usize]
            }
            Self::Sealed(array) => array.value(at),
        }
    }

    /// All of them in one piece.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Growing { bytes, .. } => bytes.as_bytes(),
            Self::Sealed(array) => array.value_data(),
        }
    }

    /// Where the value at `at` ends in [`bytes`](Self::bytes).
    pub(super) fn end(&self, at: usize) -> usize {
        match self {
            Self::Growing { ends, .. } => ends[at] as usize,
            Self::Sealed(array) => array.value_offsets()[at + 1] as usize,
        }
    }

    fn push(&mut self, text: &str) {
        if let Self::Growing { bytes, ends } = self {
            bytes.push_str(text);
            ends.push(bytes.len() as u32);
        }
    }

    fn seal(&mut self) {
        if let Self::Growing { bytes, ends } = self {
            let mut builder = GenericStringBuilder::<i32>::with_capacity(ends.len(), bytes.len());
            let mut start = 0;
            for end in ends.iter() {
                builder.append_value(&bytes[start..*end as usize]);
                start = *end as usize;
            }
            *self = Self::Sealed(builder.finish());
        }
    }

    fn memory(&self) -> usize {
        match self {
            Self::Growing { bytes, ends } => bytes.capacity() + 4 * ends.capacity(),
            Self::Sealed(array) => arrow_array::Array::get_buffer_memory_size(array),
        }
    }
}

/// A code for each row.
#[derive(Clone, Debug)]
pub(super) enum Codes {
    Narrow(Box<[u8]>),
    Wide(Vec<u16>),
}

impl Codes {
    pub(super) fn get(&self, at: usize) -> usize {
        match self {
            Self::Narrow(codes) => codes[at].into(),
            Self::Wide(codes) => codes[at].into(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Narrow(codes) => codes.len(),
            Self::Wide(codes) => codes.len(),
        }
    }

    /// Calls `each` with every place in `range` and its code.
    pub(super) fn each(&self, range: std::ops::Range<usize>, mut each: impl FnMut(usize, usize)) {
        match self {
            Self::Narrow(codes) => {
                for (at, code) in range.clone().zip(&codes[range]) {
                    each(at, (*code).into());
                }
            }
            Self::Wide(codes) => {
                for (at, code) in range.clone().zip(&codes[range]) {
                    each(at, (*code).into());
                }
            }
        }
    }
}

/// A column of one chunk. A row behind its end has no value.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// Each value once, and a code for each row.
    Few {
        codes: Codes,
        entries: Texts,
        marks: Vec<Mark>,
        counts: Vec<u32>,
        seen: HashMap<u64, u16, RandomState>,
    },
    /// A text for each row.
    Plain { texts: Texts, marks: Vec<Mark> },
}

impl Default for Values {
    fn default() -> Self {
        Self::Few {
            codes: Codes::Wide(Vec::new()),
            entries: Texts::default(),
            marks: Vec::new(),
            counts: Vec::new(),
            seen: HashMap::default(),
        }
    }
}

impl Values {
    /// A column whose values are known to differ.
    pub(super) fn plain() -> Self {
        Self::Plain { texts: Texts::default(), marks: Vec::new() }
    }

    /// Rows with an entry here.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few { codes, .. } => codes.len(),
            Self::Plain { marks, .. } => marks.len(),
        }
    }

    pub(super) fn get(&self, row: usize) -> Value<'_> {
        match self {
            _ if row >= self.len() => Value::MISSING,
            Self::Few { codes, entries, marks, .. } => {
                let code = codes.get(row);
                Value { mark: marks[code], text: entries.get(code) }
            }
            Self::Plain { texts, marks } => Value { mark: marks[row], text: texts.get(row) },
        }
    }

    /// How many entries there are, each of which at least one row has.
    pub(super) fn distinct(&self) -> usize {
        match self {
            Self::Few { marks, .. } | Self::Plain { marks, .. } => marks.len(),
        }
    }

    /// The entry at `at`, however many rows have it.
    pub(super) fn entry(&self, at: usize) -> Value<'_> {
        match self {
            Self::Few { entries, marks, .. } => Value { mark: marks[at], text: entries.get(at) },
            Self::Plain { texts, marks } => Value { mark: marks[at], text: texts.get(at) },
        }
    }

    /// How many rows have the entry at `at`.
    pub(super) fn count(&self, at: usize) -> u32 {
        match self {
            Self::Few { counts, .. } => counts[at],
            Self::Plain { .. } => 1,
        }
    }

    /// Adds the value of the next row; says whether this chunk had none like it.
    pub(super) fn push(&mut self, mark: Mark, text: &str) -> bool {
        match self {
            Self::Plain { texts, marks } => {
                texts.push(text);
                marks.push(mark);
                true
            }
            Self::Few { codes: Codes::Wide(codes), entries, marks, counts, seen } => {
                let hash = seen.hasher().hash_one((mark.0, text));
                // Two values of one hash: the later has an entry each time. That wastes, and is no lie.
                if let Some(code) = seen.get(&hash)
                    && marks[usize::from(*code)] == mark
                    && entries.get((*code).into()) == text
                {
                    codes.push(*code);
                    counts[usize::from(*code)] += 1;
                    return false;
                }
                let (values, rows) = (entries.len(), codes.len());
                if values >= FEW && values > rows / 10 * 9
                    || values >= MANY && values > rows / 2
                    || values == MOST_CODES
                {
                    self.spread();
                    return self.push(mark, text);
                }
                let code = entries.len() as u16;
                seen.insert(hash, code);
                entries.push(text);
                marks.push(mark);
                counts.push(1);
                codes.push(code);
                true
            }
            // A sealed chunk takes nothing any more; its owner never asks.
            Self::Few { .. } => false,
        }
    }

    /// Fills up with rows that have no value.
    pub(super) fn pad(&mut self, len: usize) {
        for _ in self.len()..len {
            self.push(Value::MISSING.mark, "");
        }
    }

    /// Gives up sharing.
    fn spread(&mut self) {
        let (mut texts, mut marks) = (Texts::default(), Vec::with_capacity(self.len()));
        for row in 0..self.len() {
            let value = self.get(row);
            texts.push(value.text);
            marks.push(value.mark);
        }
        *self = Self::Plain { texts, marks };
    }

    /// Nothing is added any more: takes the room that is needed and no more.
    pub(super) fn seal(&mut self) {
        if let Self::Few { codes, entries, .. } = self
            && entries.len() * 2 > codes.len()
            && entries.len() > FEW / 8
        {
            self.spread();
        }
        match self {
            Self::Few { codes, entries, marks, counts, seen } => {
                if let Codes::Wide(wide) = codes {
                    if entries.len() <= 256 {
                        *codes = Codes::Narrow(wide.iter().map(|code| *code as u8).collect());
                    } else {
                        wide.shrink_to_fit();
                    }
                }
                entries.seal();
                marks.shrink_to_fit();
                counts.shrink_to_fit();
                *seen = HashMap::default();
            }
            Self::Plain { texts, marks } => {
                texts.seal();
                marks.shrink_to_fit();
            }
        }
    }

    /// Bytes held, about.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Few { codes, entries, marks, counts, seen } => {
                let codes = match codes {
                    Codes::Narrow(codes) => codes.len(),
                    Codes::Wide(codes) => 2 * codes.capacity(),
                };
                codes + entries.memory() + marks.capacity() + 4 * counts.capacity() + 11 * seen.capacity()
            }
            Self::Plain { texts, marks } => texts.memory() + marks.capacity(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(changed: bool) -> Mark {
        Mark::new(Kind::Text, changed)
    }

    #[test]
    fn a_mark_keeps_kind_and_change() {
        for kind in Kind::ALL {
            for changed in [false, true] {
                let mark = Mark::new(kind, changed);
                assert_eq!((mark.kind(), mark.changed()), (kind, changed));
            }
        }
    }

    #[test]
    fn values_that_repeat_are_kept_once_and_those_that_differ_lie_in_a_row() {
        let (mut few, mut many) = (Values::default(), Values::default());
        for n in 0..4_000 {
            few.push(text(false), ["Ada", "Grace"][n % 2]);
            many.push(text(false), &format!("PROF-{n}"));
        }
        assert!(
            matches!(&few, Values::Few { entries, counts, .. } if entries.len() == 2 && *counts == [2_000, 2_000])
        );
        assert!(matches!(many, Values::Plain { .. }));
        assert_eq!(many.get(3_999).text, "PROF-3999");
        few.seal();
        assert!(matches!(&few, Values::Few { codes: Codes::Narrow(_), .. }));
        assert!(few.memory() < 5_000, "{}", few.memory());
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out_before_and_after_sealing(
            rows in proptest::collection::vec(("[a-cé]{0,3}", any::<bool>()), 0..200), plain in any::<bool>(),
        ) {
            let mut values = if plain { Values::plain() } else { Values::default() };
            for (value, changed) in &rows {
                values.push(text(*changed), value);
            }
            values.pad(rows.len() + 2);
            for sealed in [false, true] {
                for (row, (value, changed)) in rows.iter().enumerate() {
                    prop_assert_eq!(values.get(row), Value { mark: text(*changed), text: value }, "{}", sealed);
                }
                prop_assert_eq!(values.get(rows.len()), Value::MISSING);
                prop_assert_eq!(values.get(rows.len() + 9), Value::MISSING);
                values.seal();
            }
        }
    }
}
