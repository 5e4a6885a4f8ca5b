//! Looking through chunks for rows, a column at a time and over its bytes where that is possible.

use std::cmp::Ordering;
use std::ops::Range;

use super::chunk::{Chunk, ROWS};
use super::filter::{Term, Test};
use super::natural::natural;
use super::needle::Needle;
use super::pattern::Pattern;
use super::shapes::{Part, Shapes};
use super::values::{Kind, Value, Values};
use super::{Column, json, order};
use crate::engine::query::Field;

/// Some rows of a chunk.
#[derive(Clone, Debug)]
pub(super) struct Marked {
    words: [u64; ROWS / 64],
}

impl Marked {
    fn none() -> Self {
        Self { words: [0; ROWS / 64] }
    }

    fn set(&mut self, row: usize) {
        self.words[row / 64] |= 1 << (row % 64);
    }

    fn and(&mut self, other: &Self) {
        self.words.iter_mut().zip(other.words).for_each(|(own, other)| *own &= other);
    }

    /// The rows, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros() as usize;
                    left &= left - 1;
                    at * 64 + bit
                })
            })
        })
    }
}

/// Something that a text holds or not.
trait Look {
    fn is_in(&self, text: &str) -> bool;

    /// As a text that can be looked for in bytes.
    fn needle(&self) -> Option<&Needle> {
        None
    }
}

impl Look for Needle {
    fn is_in(&self, text: &str) -> bool {
        Needle::is_in(self, text)
    }

    fn needle(&self) -> Option<&Needle> {
        Some(self)
    }
}

impl Look for Pattern {
    fn is_in(&self, text: &str) -> bool {
        Pattern::is_in(self, text)
    }
}

/// The rows of a chunk, out of `rows`, for which every term holds. `start`: the number of its first row.
pub(super) fn scan(
    chunk: &Chunk,
    shapes: &Shapes,
    start: usize,
    rows: Range<usize>,
    terms: &[Term],
) -> Marked {
    let mut all: Option<Marked> = None;
    for term in terms {
        let mut marked = Marked::none();
        match (term.column, &term.test) {
            (None, Test::Contains(needle)) => anywhere(chunk, shapes, needle, &rows, &mut marked),
            (None, Test::Matches(pattern)) => anywhere(chunk, shapes, pattern, &rows, &mut marked),
            (_, Test::Marked(marks)) => {
                rows.clone().filter(|row| marks.has(start + row)).for_each(|row| marked.set(row));
            }
            (None, _) => {}
            (Some(column), Test::Contains(needle)) => {
                contains(chunk, shapes, column, needle, rows.clone(), &mut marked);
            }
            (Some(column), Test::Matches(pattern)) => {
                contains(chunk, shapes, column, pattern, rows.clone(), &mut marked);
            }
            (Some(column), test) => each(chunk, column, rows.clone(), &mut marked, |value, row| {
                holds(chunk, shapes, column, row, value, test)
            }),
        }
        match &mut all {
            None => all = Some(marked),
            Some(all) => all.and(&marked),
        }
    }
    all.unwrap_or_else(Marked::none)
}

fn anywhere(chunk: &Chunk, shapes: &Shapes, look: &impl Look, rows: &Range<usize>, marked: &mut Marked) {
    for field in Field::ALL {
        contains(chunk, shapes, field.into(), look, rows.clone(), marked);
    }
}

fn contains(
    chunk: &Chunk,
    shapes: &Shapes,
    column: Column,
    needle: &impl Look,
    rows: Range<usize>,
    marked: &mut Marked,
) {
    if let Some(values) = chunk.values(column) {
        in_values(values, needle, rows.clone(), marked);
    }
    if column == Column::Field(Field::Attributes) {
        for path in chunk.paths() {
            contains(chunk, shapes, Column::Attribute(path), needle, rows.clone(), marked);
        }
        // Keys are seen too.
        let with_key: Vec<bool> = (0..shapes.len())
            .map(|shape| {
                shapes.parts(shape as u16).iter().any(|part| match part {
                    Part::Key { key, .. } => needle.is_in(key),
                    _ => false,
                })
            })
            .collect();
        if with_key.contains(&true) {
            rows.filter(|row| chunk.shape(*row).is_some_and(|shape| with_key[usize::from(shape)]))
                .for_each(|row| marked.set(row));
        }
    }
}

fn in_values(values: &Values, look: &impl Look, rows: Range<usize>, marked: &mut Marked) {
    let rows = rows.start..rows.end.min(values.len());
    if rows.is_empty() {
        return;
    }
    match values {
        Values::Few { codes, entries, marks, .. } => {
            let found: Vec<bool> = (0..entries.len())
                .map(|code| is_in(look, Value { mark: marks[code], text: entries.get(code) }))
                .collect();
            if found.contains(&true) {
                codes.each(rows, |row, code| {
                    if found[code] {
                        marked.set(row);
                    }
                });
            }
        }
        Values::Plain { texts, marks } => {
            let start = if rows.start == 0 { 0 } else { texts.end(rows.start - 1) };
            let hay = &texts.bytes()[start..texts.end(rows.end - 1)];
            let is_plain =
                || hay.is_ascii() && marks[rows.clone()].iter().all(|mark| mark.kind() != Kind::Json);
            let as_bytes = look.needle().filter(|needle| needle.is_ascii() && is_plain());
            let Some(needle) = as_bytes else {
                rows.filter(|row| is_in(look, values.get(*row))).for_each(|row| marked.set(row));
                return;
            };
            let (mut row, mut from) = (rows.start, 0);
            while let Some(at) = needle.find_ascii(hay, from) {
                while texts.end(row) <= start + at {
                    row += 1;
                }
                let end = texts.end(row) - start;
                if at + needle.len() <= end {
                    marked.set(row);
                    from = end;
                } else {
                    // It lies across two values.
                    from = at + 1;
                }
            }
        }
    }
}

fn is_in(look: &impl Look, value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Json => {
            let mut line = String::new();
            json::line(&mut line, value.text, true, usize::MAX - 1);
            look.is_in(&line)
        }
        // An empty text holds nothing but may match an expression; where there is no value there is nothing to match.
        kind => {
            kind.is_filled() && (!value.text.is_empty() || look.needle().is_none()) && look.is_in(value.text)
        }
    }
}

/// Marks the rows whose value passes, looking once at values that repeat where their row does not matter.
fn each(
    chunk: &Chunk,
    column: Column,
    rows: Range<usize>,
    marked: &mut Marked,
    passes: impl Fn(Value<'_>, usize) -> bool,
) {
    match chunk.values(column) {
        Some(Values::Few { codes, entries, marks, .. }) if column != Column::Field(Field::Attributes) => {
            let found: Vec<bool> = (0..entries.len())
                .map(|code| passes(Value { mark: marks[code], text: entries.get(code) }, 0))
                .collect();
            let there = rows.start..rows.end.min(codes.len());
            if there.start < there.end {
                codes.each(there, |row, code| {
                    if found[code] {
                        marked.set(row);
                    }
                });
            }
            let behind = rows.start.max(codes.len())..rows.end;
            if passes(Value::MISSING, 0) {
                behind.for_each(|row| marked.set(row));
            }
        }
        _ => rows.filter(|row| passes(chunk.value(*row, column), *row)).for_each(|row| marked.set(row)),
    }
}

fn holds(chunk: &Chunk, shapes: &Shapes, column: Column, row: usize, value: Value<'_>, test: &Test) -> bool {
    let kind = value.kind();
    let ordered = |than: &str| match (kind, order::number((Kind::Number, than))) {
        (Kind::Number, Some(than)) => order::number((kind, value.text)).map(|own| own.total_cmp(&than)),
        (Kind::Json, _) => None,
        _ if kind.is_filled() => Some(natural(value.text, than)),
        _ => None,
    };
    match test {
        Test::Is(text) if kind == Kind::Json && column == Column::Field(Field::Attributes) => {
            chunk.cell(row, column, shapes).copied() == *text
        }
        Test::Is(text) => kind.is_filled() && value.text == text,
        Test::IsKind(Kind::Missing) => matches!(kind, Kind::Missing | Kind::NotAsked),
        Test::IsKind(wanted) => kind == *wanted,
        Test::Below(than, equal) => {
            ordered(than).is_some_and(|order| order == Ordering::Less || *equal && order == Ordering::Equal)
        }
        Test::Above(than, equal) => ordered(than)
            .is_some_and(|order| order == Ordering::Greater || *equal && order == Ordering::Equal),
        Test::Contains(needle) => is_in(needle, value),
        Test::Matches(pattern) => is_in(pattern, value),
        // Rows are marked, not values.
        Test::Marked(_) => false,
    }
}
