//! Sorting row numbers by the values of columns: stable, what is not there last.
//!
//! ```text
//! few values      each ranked once, then rows counted by rank
//! one pattern     dates, numbered IDs: the digits are the key
//! anything else   twelve bytes of each value's place in the order, ties by the next twelve
//! ```

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::chunk::Chunk;
use super::order::{Place, SORTED_BYTES, compare};
use super::values::{Kind, Mark, Values};
use super::{Column, Data};
use crate::engine::query::Field;

/// A column to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub column: Column,
    /// Largest first. What is not there comes last all the same.
    pub descending: bool,
}

/// Ties at this depth are compared whole.
const DEEPEST: usize = 6;
/// Runs of ties shorter than this too.
const FEW: usize = 8;
/// Between two looks at whether anybody still waits.
const STEP: usize = 8_192;

/// What a job is told while it works: how far it is, and whether to go on.
pub(super) type GoOn<'a> = &'a mut dyn FnMut(f32) -> bool;

/// Sorts `rows`, stably, by all of `sort`, the first counting most. `None`: nobody waits any more.
pub(super) fn sort(data: &Data, mut rows: Vec<u32>, by: &[Sort], go_on: GoOn<'_>) -> Option<Vec<u32>> {
    let passes = by.len() as f32;
    for (pass, sort) in by.iter().rev().enumerate() {
        rows = sort_by(data, &rows, *sort, &mut |share| go_on((pass as f32 + share) / passes))?;
    }
    Some(rows)
}

fn sort_by(data: &Data, rows: &[u32], sort: Sort, go_on: GoOn<'_>) -> Option<Vec<u32>> {
    let Sort { column, descending } = sort;
    // For a few rows out of many, looking at all values of the column costs more than it saves.
    let are_most = rows.len() >= data.len() / 8;
    if are_most && let Some(ranks) = ranks(data, column, rows.len()) {
        return by_rank(data, rows, sort, &ranks, go_on);
    }
    let pattern = if are_most { pattern(data, rows, column) } else { None };
    let by_pattern = pattern.map(|pattern| {
        let key = |kind, text: &str| if kind == Kind::Text { pattern.number(text) } else { None };
        keys(data, rows, sort, go_on, key)
    });
    let (mut filled, mut absent, by_pattern) = match by_pattern {
        Some(Ok((filled, absent))) => (filled, absent, true),
        Some(Err(Stop::Dropped)) => return None,
        Some(Err(Stop::Unlike)) | None => {
            let (filled, absent) =
                keys(data, rows, sort, go_on, |kind, text| Some(place_of(kind, text))).ok()?;
            (filled, absent, false)
        }
    };
    filled.sort_unstable();
    if !go_on(0.8) {
        return None;
    }
    if !by_pattern {
        let ties = Ties { data, rows, column, descending };
        if !ties.break_all(&mut filled, 1, go_on) {
            return None;
        }
    }
    let mut sorted: Vec<u32> = filled.iter().map(|item| rows[*item as u32 as usize]).collect();
    sorted.append(&mut absent);
    Some(sorted)
}

/// Why there are no keys.
enum Stop {
    /// A value does not look like the others.
    Unlike,
    /// Nobody waits any more.
    Dropped,
}

fn place_of(kind: Kind, text: &str) -> u128 {
    Place::of((kind, text)).part(0)
}

/// For each row with a value a key of 96 bits and the row's place behind it; and the rows without one.
fn keys(
    data: &Data,
    rows: &[u32],
    Sort { column, descending }: Sort,
    go_on: GoOn<'_>,
    key: impl Fn(Kind, &str) -> Option<u128>,
) -> Result<(Vec<u128>, Vec<u32>), Stop> {
    let (mut filled, mut absent) = (Vec::with_capacity(rows.len()), Vec::new());
    for (place, row) in rows.iter().enumerate() {
        if place % STEP == 0 && !go_on(0.6 * place as f32 / rows.len() as f32) {
            return Err(Stop::Dropped);
        }
        let (chunk, at) = data.locate(*row as usize).ok_or(Stop::Dropped)?;
        match keyed(data, chunk, at, column, &key) {
            Some(key) => {
                let key = key.ok_or(Stop::Unlike)?;
                let key = if descending { !key & (u128::MAX >> 32) } else { key };
                filled.push(key << 32 | place as u128);
            }
            None => absent.push(*row),
        }
    }
    Ok((filled, absent))
}

/// Calls `with` with a cell's kind and text; `None` where there is no value.
fn keyed<T>(
    data: &Data,
    chunk: &Chunk,
    at: usize,
    column: Column,
    with: impl FnOnce(Kind, &str) -> T,
) -> Option<T> {
    value_of(data, chunk, at, column).map(|(kind, text)| with(kind, &text))
}

/// A cell's kind and the text that it is sorted by; `None` where there is no value.
fn value_of<'a>(data: &'a Data, chunk: &'a Chunk, at: usize, column: Column) -> Option<(Kind, Cow<'a, str>)> {
    let value = chunk.value(at, column);
    let kind = value.kind();
    if !kind.is_filled() {
        return None;
    }
    if kind == Kind::Json && column == Column::Field(Field::Attributes) {
        let line = chunk.cell(at, column, &data.shapes).display(SORTED_BYTES);
        return Some((Kind::Text, line));
    }
    Some((kind, Cow::Borrowed(value.text)))
}

struct Ties<'a> {
    data: &'a Data,
    rows: &'a [u32],
    column: Column,
    descending: bool,
}

impl Ties<'_> {
    /// Puts runs of equal keys into order by what comes next in their values.
    fn break_all(&self, items: &mut [u128], depth: usize, go_on: GoOn<'_>) -> bool {
        let (mut start, mut since) = (0, 0);
        while start < items.len() {
            let key = items[start] >> 32;
            let run = items[start..].iter().take_while(|item| **item >> 32 == key).count();
            if run > 1 && !self.break_run(&mut items[start..start + run], depth, go_on) {
                return false;
            }
            start += run;
            since += run;
            if since > STEP {
                since = 0;
                if depth == 1 && !go_on(0.8 + 0.2 * start as f32 / items.len() as f32) {
                    return false;
                }
            }
        }
        true
    }

    fn break_run(&self, run: &mut [u128], depth: usize, go_on: GoOn<'_>) -> bool {
        let with = |item: u128, with: &mut dyn FnMut(Kind, &str)| {
            let row = self.rows[item as u32 as usize] as usize;
            if let Some((chunk, at)) = self.data.locate(row) {
                keyed(self.data, chunk, at, self.column, with);
            }
        };
        if run.len() < FEW || depth > DEEPEST {
            let text = |item: u128| {
                let (chunk, at) = self.data.locate(self.rows[item as u32 as usize] as usize)?;
                value_of(self.data, chunk, at, self.column)
            };
            let mut texts: Vec<((Kind, Cow<'_, str>), u128)> = run
                .iter()
                .map(|item| (text(*item).unwrap_or((Kind::Text, Cow::Borrowed(""))), *item))
                .collect();
            if texts.iter().all(|(text, _)| *text == texts[0].0) {
                return true;
            }
            texts.sort_by(|((kind_a, a), _), ((kind_b, b), _)| {
                let order = compare((*kind_a, a), (*kind_b, b));
                if self.descending { order.reverse() } else { order }
            });
            run.iter_mut().zip(texts).for_each(|(item, (_, sorted))| *item = sorted);
            return true;
        }
        let place = |item: u128| item & u128::from(u32::MAX);
        let mut rest = 0;
        for item in run.iter_mut() {
            let mut key = 0;
            with(*item, &mut |kind, text| key = Place::of((kind, text)).part(depth));
            rest |= key;
            *item = (if self.descending { !key & (u128::MAX >> 32) } else { key }) << 32 | place(*item);
        }
        if rest == 0 {
            // All of them have come to their end: what is left is case and leading zeros.
            return self.break_run(run, DEEPEST + 1, go_on);
        }
        run.sort_unstable();
        self.break_all(run, depth + 1, go_on)
    }
}

/// For each chunk the rank of each code; `None` where values repeat too little for that.
fn ranks(data: &Data, column: Column, rows: usize) -> Option<Vec<Vec<u32>>> {
    if column == Column::Field(Field::Attributes) {
        return None;
    }
    // Each value once, and for each code of each chunk which that is.
    let mut values: Vec<(Kind, &str)> = Vec::new();
    let mut numbers: HashMap<(Kind, &str), u32, RandomState> = HashMap::default();
    let mut ranks: Vec<Vec<u32>> = Vec::with_capacity(data.chunks.len());
    let mut codes = 0;
    for chunk in &data.chunks {
        match chunk.values(column) {
            None => ranks.push(Vec::new()),
            Some(Values::Plain { .. }) => return None,
            Some(Values::Few { entries, marks, .. }) => {
                codes += marks.len();
                let number = |(code, mark): (usize, &Mark)| {
                    let kind = mark.kind();
                    if !kind.is_filled() {
                        return 0;
                    }
                    let value = (kind, entries.get(code));
                    *numbers.entry(value).or_insert_with(|| {
                        values.push(value);
                        values.len() as u32
                    })
                };
                ranks.push(marks.iter().enumerate().map(number).collect());
            }
        }
        if codes > rows / 2 + 1_024 {
            return None;
        }
    }
    let mut keyed: Vec<(u128, usize)> =
        values.iter().enumerate().map(|(at, value)| (Place::of(*value).part(0), at)).collect();
    keyed.sort_unstable_by(|(key_a, a), (key_b, b)| {
        key_a.cmp(key_b).then_with(|| compare(values[*a], values[*b]))
    });
    let mut rank_of = vec![0; values.len() + 1];
    for (rank, (_, at)) in (1..).zip(&keyed) {
        rank_of[at + 1] = rank;
    }
    for number in ranks.iter_mut().flatten() {
        *number = rank_of[*number as usize];
    }
    Some(ranks)
}

fn by_rank(data: &Data, rows: &[u32], sort: Sort, ranks: &[Vec<u32>], go_on: GoOn<'_>) -> Option<Vec<u32>> {
    let most = ranks.iter().flatten().copied().max().unwrap_or(0) as usize;
    // Rank 0 is what is not there; it goes last both ways.
    let slot = |rank: u32| match (rank, sort.descending) {
        (0, _) => most,
        (rank, false) => rank as usize - 1,
        (rank, true) => most - rank as usize,
    };
    let mut of_row = Vec::with_capacity(rows.len());
    let mut starts = vec![0_usize; most + 2];
    for (place, row) in rows.iter().enumerate() {
        if place % STEP == 0 && !go_on(place as f32 / rows.len() as f32) {
            return None;
        }
        let (number, at) = data.place(*row as usize)?;
        let rank = match data.chunks[number].values(sort.column) {
            Some(Values::Few { codes, .. }) if at < codes.len() => ranks[number][codes.get(at)],
            _ => 0,
        };
        let slot = slot(rank);
        of_row.push(slot as u32);
        starts[slot + 1] += 1;
    }
    for slot in 1..starts.len() {
        starts[slot] += starts[slot - 1];
    }
    let mut sorted = vec![0; rows.len()];
    for (row, slot) in rows.iter().zip(of_row) {
        let at = &mut starts[slot as usize];
        sorted[*at] = *row;
        *at += 1;
    }
    Some(sorted)
}

/// Where digits stand in values that all look alike, such as `2026-03-04T11:59:00Z`.
struct Pattern {
    like: Vec<u8>,
}

impl Pattern {
    /// The most digits that a number of 64 bits always holds.
    const DIGITS: usize = 19;

    fn of(text: &str) -> Option<Self> {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let fits = text.len() <= 48 && (1..=Self::DIGITS).contains(&digits);
        (fits && text.is_ascii()).then(|| Self { like: text.into() })
    }

    /// The digits, one after the other; `None` where the text is not like the others.
    fn number(&self, text: &str) -> Option<u128> {
        if text.len() != self.like.len() {
            return None;
        }
        let mut number = 0_u64;
        for (own, like) in text.bytes().zip(&self.like) {
            if like.is_ascii_digit() && own.is_ascii_digit() {
                number = number * 10 + u64::from(own - b'0');
            } else if own != *like {
                return None;
            }
        }
        Some(number.into())
    }
}

/// The pattern that a column's values may have, by the first of them.
fn pattern(data: &Data, rows: &[u32], column: Column) -> Option<Pattern> {
    let first = rows.iter().find_map(|row| {
        let (chunk, at) = data.locate(*row as usize)?;
        Some(chunk.value(at, column)).filter(|value| value.kind().is_filled())
    })?;
    if first.kind() == Kind::Text { Pattern::of(first.text) } else { None }
}

/// Compares two rows by all of `sort`; rows that are equal stay as they came.
pub(super) fn compare_rows(data: &Data, by: &[Sort], a: u32, b: u32) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    for Sort { column, descending } in by {
        let own = |row: u32| {
            let (chunk, at) = data.locate(row as usize)?;
            value_of(data, chunk, at, *column)
        };
        let order = match (own(a), own(b)) {
            (Some((kind_a, a)), Some((kind_b, b))) => {
                let order = compare((kind_a, &a), (kind_b, &b));
                if *descending { order.reverse() } else { order }
            }
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    a.cmp(&b)
}
