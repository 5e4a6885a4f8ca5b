//! Work that a screen must not wait for: filtering, sorting and searching many rows, in steps.
//!
//! A job has a ticket, reads a snapshot, and says what it finds as it goes. Whoever asked for it gives the steps to
//! [`View::take`](super::View::take), which drops those of a ticket that is not wanted any more; such a job stops by
//! itself.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::counts::{Counts, count};
use super::filter::{Filter, Term};
use super::sort::{Sort, sort};
use super::{Column, Data, scan};

/// Chunks that are looked through between two steps; the first step comes after one.
const CHUNKS: usize = 8;

/// Something to do off the screen's thread.
#[derive(Debug)]
pub struct Job {
    pub(super) ticket: u64,
    pub(super) data: Data,
    pub(super) task: Task,
    pub(super) dropped: Arc<AtomicBool>,
}

/// What to do.
#[derive(Debug)]
pub(super) enum Task {
    /// Filter, then sort.
    Arrange { filter: Option<Filter>, sort: Vec<Sort> },
    /// Find the rows for which the terms hold, beginning with the chunk of a row.
    Find { terms: Vec<Term>, from: usize },
    /// Count the values of a column.
    Count { column: Column },
}

/// What came of it so far.
#[derive(Debug)]
pub struct Step {
    pub(super) ticket: u64,
    /// How much is done, from 0 to 1.
    pub(super) share: f32,
    pub(super) found: Found,
}

/// What was found.
#[derive(Debug)]
pub enum Found {
    /// Nothing new; it goes on.
    Nothing,
    /// More rows that pass the filter, in the order in which they came; all before this row were looked at.
    Passing(Vec<u32>, usize),
    /// The order of all rows that pass, out of so many.
    Order(Vec<u32>, usize),
    /// More rows that the search finds.
    Hits(Vec<u32>),
    /// These are the last hits, out of so many rows.
    LastHits(Vec<u32>, usize),
    /// What a column holds.
    Counts(Arc<Counts>),
}

impl Job {
    /// Works until it is done or not wanted any more. `tell` gets each step; once it says `false` the work ends.
    pub fn run(self, tell: &mut dyn FnMut(Step) -> bool) {
        let Self { ticket, data, task, dropped } = self;
        let mut tell = |share: f32, found: Found| {
            !dropped.load(Ordering::Relaxed) && tell(Step { ticket, share, found })
        };
        match task {
            Task::Arrange { filter, sort } => arrange(&data, filter.as_ref(), &sort, &mut tell),
            Task::Find { terms, from } => find(&data, &terms, from, &mut tell),
            Task::Count { column } => counted(&data, column, &mut tell),
        };
    }
}

type Tell<'a> = &'a mut dyn FnMut(f32, Found) -> bool;

fn arrange(data: &Data, filter: Option<&Filter>, by: &[Sort], tell: Tell<'_>) -> Option<()> {
    let filtering = if by.is_empty() { 1.0 } else { 0.4 };
    let rows = match filter {
        None => (0..data.len() as u32).collect(),
        Some(filter) => {
            let (mut all, mut sent) = (Vec::new(), 0);
            for chunk in 0..data.chunks.len() {
                all.extend(passing(data, chunk, &filter.terms));
                let upto = data.starts.get(chunk + 1).copied().unwrap_or(data.len());
                if chunk % CHUNKS == 0 {
                    let share = filtering * upto as f32 / data.len() as f32;
                    if !tell(share, Found::Passing(all[sent..].to_vec(), upto)) {
                        return None;
                    }
                    sent = all.len();
                }
            }
            all
        }
    };
    let start = if filter.is_some() { filtering } else { 0.0 };
    let mut told = start;
    let sorted = sort(data, rows, by, &mut |share| {
        let share = start + share * (1.0 - start);
        // Now and then is enough to be seen, and to be stopped.
        if share - told < 0.02 {
            return true;
        }
        told = share;
        tell(share, Found::Nothing)
    })?;
    tell(1.0, Found::Order(sorted, data.len())).then_some(())
}

fn find(data: &Data, terms: &[Term], from: usize, tell: Tell<'_>) -> Option<()> {
    let chunks = data.chunks.len();
    let first = data.place(from).map_or(0, |(chunk, _)| chunk);
    let mut hits = Vec::new();
    for step in 0..chunks {
        hits.extend(passing(data, (first + step) % chunks, terms));
        if step % CHUNKS == 0 && !tell(step as f32 / chunks as f32, Found::Hits(std::mem::take(&mut hits))) {
            return None;
        }
    }
    tell(1.0, Found::LastHits(hits, data.len())).then_some(())
}

fn counted(data: &Data, column: Column, tell: Tell<'_>) -> Option<()> {
    let counts = count(data, column, &mut |share| tell(share, Found::Nothing))?;
    tell(1.0, Found::Counts(Arc::new(counts))).then_some(())
}

/// The rows of a chunk for which the terms hold.
fn passing(data: &Data, chunk: usize, terms: &[Term]) -> Vec<u32> {
    let start = data.starts[chunk];
    let chunk = &data.chunks[chunk];
    scan::scan(chunk, &data.shapes, start, 0..chunk.len(), terms)
        .rows()
        .map(|row| (start + row) as u32)
        .collect()
}

/// The rows of a range for which the terms hold.
pub(super) fn passing_in(data: &Data, rows: Range<usize>, terms: &[Term]) -> Vec<u32> {
    let Some((first, _)) = data.place(rows.start) else { return Vec::new() };
    let mut passing = Vec::new();
    for (start, chunk) in data.starts.iter().zip(&data.chunks).skip(first) {
        let range = rows.start.max(*start) - start..rows.end.min(start + chunk.len()).saturating_sub(*start);
        if range.is_empty() {
            break;
        }
        let found = scan::scan(chunk, &data.shapes, *start, range, terms);
        passing.extend(found.rows().map(|row| (start + row) as u32));
    }
    passing
}
