//! Rows that were read together and are processed together.

use std::io;
use std::ops::Range;

use bytes::Bytes;

use super::Rows;
use crate::engine::event::{FILE_PAGE, SetAside};
use crate::engine::pipeline::process;
use crate::engine::query::{Field, FieldSet};

/// Bytes of a part, about: rows are kept with the part that they came in.
const FULL: usize = 4 * 1024 * 1024;
/// Bytes that are kept of a row which could not be read.
const KEPT: usize = 16 * 1024;

/// Why a file cannot be read, or not further.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) cause: String,
    pub(super) remedy: &'static str,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self { cause: error.to_string(), remedy: "check the file and the disk it is on" }
    }
}

/// The wire's JSON of some rows.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// One after the other.
    pub(super) body: String,
    rows: Vec<Row>,
    /// With the place of each in the file.
    bad: Vec<(u64, SetAside)>,
    /// Rows and what could not be read, counted as they came.
    count: u32,
    /// Fields that were not known before, and where they came first.
    pub(super) late: Option<(FieldSet, u64)>,
}

#[derive(Debug)]
struct Row {
    json: Range<usize>,
    place: u64,
    /// Its place in the part, from 1.
    number: u32,
}

impl Part {
    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.count >= FILE_PAGE || self.body.len() >= FULL
    }

    /// Takes what was appended to the body since `start` as a row.
    pub(super) fn row(&mut self, start: usize, place: u64) {
        self.count += 1;
        self.rows.push(Row { json: start..self.body.len(), place, number: self.count });
    }

    /// Sets a row aside.
    pub(super) fn bad(&mut self, place: u64, reason: impl Into<String>, raw: &[u8]) {
        self.count += 1;
        let raw = String::from_utf8_lossy(&raw[..raw.len().min(KEPT)]).into_owned();
        self.bad.push((place, SetAside { page: 0, row: self.count, reason: reason.into(), raw: raw.into() }));
    }

    /// Takes note of a field of a row.
    pub(super) fn seen(&mut self, known: &mut FieldSet, field: Field, place: u64) {
        if known.contains(field) {
            return;
        }
        *known = known.with(field, true);
        let (late, first) = self.late.unwrap_or((FieldSet::ID, place));
        self.late = Some((late.with(field, true), first));
    }

    /// Processes the rows. Places are told as `file word 17`.
    pub(super) fn process(self, fields: FieldSet, page: u32, file: &str, word: &str) -> Rows {
        let body = Bytes::from(self.body);
        let slices: Vec<&[u8]> = self.rows.iter().map(|row| &body[row.json.clone()]).collect();
        let processed = process(&body, &slices, fields, page);
        let mut set_aside: Vec<SetAside> = self
            .bad
            .into_iter()
            .map(|(place, bad)| SetAside {
                page,
                reason: format!("{file} {word} {place}: {}", bad.reason),
                ..bad
            })
            .collect();
        set_aside.extend(processed.set_aside.into_iter().map(|bad| {
            match self.rows.get((bad.row as usize).wrapping_sub(1)) {
                Some(row) => SetAside {
                    row: row.number,
                    reason: format!("{file} {word} {}: {}", row.place, bad.reason),
                    ..bad
                },
                None => bad,
            }
        }));
        set_aside.sort_by_key(|bad| bad.row);
        Rows { bad: set_aside.len() as u64, profiles: processed.rows, set_aside, late: None }
    }
}
