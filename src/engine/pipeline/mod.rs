//! From what was received to processed profiles.
//!
//! ```text
//! page body ──wire──► rows (slices) ──reader──► texts, numbers, brackets
//!                                                 │ coerce: lower case, digits only, from text
//!                                                 ▼
//!                                  Profile, or SetAside with place and reason
//! ```
//!
//! A page with many rows is processed in [`Parts`], one when the one before was taken, so that never more than a few
//! parts' profiles are there at once. Each row is parsed once. What processing changes keeps what it was
//! ([`profile::Original`]); a row that cannot be read costs itself alone. Source: contract "wire", *Profile*, and
//! "faults", *Payload*.

mod coerce;
pub mod json;
pub mod profile;
mod reader;
mod row;

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

use self::profile::{Node, Profile, Slot};
use super::event::SetAside;
use super::query::{Field, FieldSet};
use super::text::Untrusted;

/// Rows of a page that are set aside one by one; a page can hold millions that are no profiles.
const SET_ASIDE_A_PAGE: usize = 1_000;

/// Rows of a page that are processed at once where it has many; one of no more than twice as many comes whole.
const A_PART: usize = 500;

/// Rows of a page, processed.
#[derive(Clone, Debug, Default)]
pub struct Processed {
    /// Rows that could be read, in the page's order.
    pub rows: Vec<Profile>,
    /// Rows that could not.
    pub set_aside: Vec<SetAside>,
}

/// Processes the rows of a page at once.
///
/// `rows` are slices of `body`, so that each profile shares the page's memory; one that is not is copied.
/// `fields` are those asked for, `page` the page's number in its run.
pub fn process(body: &Bytes, rows: &[&[u8]], fields: FieldSet, page: u32) -> Processed {
    let mut pass = Pass::new(fields, page);
    let mut processed = Processed::default();
    for row in rows {
        pass.row(row, || share(body, row), &mut processed);
    }
    processed.set_aside.extend(pass.beyond());
    processed
}

/// The rows of a page, processed part by part: an iterator that does the work when it is asked.
#[derive(Debug)]
pub struct Parts {
    body: Bytes,
    rows: std::vec::IntoIter<Range<usize>>,
    pass: Pass,
}

impl Parts {
    /// Nothing is processed yet. `rows` says where each row stands in `body`; the others as with [`process`].
    pub fn new(body: Bytes, rows: Vec<Range<usize>>, fields: FieldSet, page: u32) -> Self {
        Self { body, rows: rows.into_iter(), pass: Pass::new(fields, page) }
    }

    /// Rows that are not processed yet.
    pub fn left(&self) -> usize {
        self.rows.len()
    }

    /// The rows that are not processed yet, as received, with what stands between them.
    pub fn received(&self) -> Bytes {
        match self.rows.as_slice() {
            [first, .., last] => self.body.slice(first.start..last.end),
            [only] => self.body.slice(only.clone()),
            [] => Bytes::new(),
        }
    }
}

impl Iterator for Parts {
    type Item = Processed;

    fn next(&mut self) -> Option<Processed> {
        let many = match self.rows.len() {
            0 => return None,
            few if few <= 2 * A_PART => few,
            _ => A_PART,
        };
        let mut processed = Processed { rows: Vec::with_capacity(many), set_aside: Vec::new() };
        for row in self.rows.by_ref().take(many) {
            self.pass.row(&self.body[row.clone()], || self.body.slice(row.clone()), &mut processed);
        }
        if self.rows.len() == 0 {
            processed.set_aside.extend(self.pass.beyond());
        }
        Some(processed)
    }
}

/// How far the processing of a page has come.
#[derive(Debug)]
struct Pass {
    fields: FieldSet,
    page: u32,
    /// The number of the last row.
    row: u32,
    set_aside: usize,
    /// Rows that could not be read beside those.
    beyond: u64,
}

impl Pass {
    fn new(fields: FieldSet, page: u32) -> Self {
        Self { fields, page, row: 0, set_aside: 0, beyond: 0 }
    }

    fn row(&mut self, row: &[u8], raw: impl FnOnce() -> Bytes, processed: &mut Processed) {
        self.row += 1;
        match row::read(row, self.fields) {
            Ok(profile) => processed.rows.push(Profile { raw: raw(), ..profile }),
            Err(_) if self.set_aside >= SET_ASIDE_A_PAGE => self.beyond += 1,
            Err(reason) => {
                self.set_aside += 1;
                processed.set_aside.push(SetAside {
                    page: self.page,
                    row: self.row,
                    reason,
                    raw: Untrusted::from(String::from_utf8_lossy(row).into_owned()),
                });
            }
        }
    }

    /// What stands for the rows beyond those that are set aside one by one, at the end of the page.
    fn beyond(&self) -> Option<SetAside> {
        (self.beyond > 0).then(|| SetAside {
            page: self.page,
            row: 0,
            reason: format!("{} more rows of this page, each of which could not be read", self.beyond),
            raw: Untrusted::default(),
        })
    }
}

/// The members of a row in their order, each with its key and its value's JSON. As strict as [`process`].
///
/// # Errors
/// Why the row cannot be read, as [`process`] says it.
pub fn members(row: &[u8]) -> Result<Vec<(Cow<'_, str>, &str)>, String> {
    row::members_of(row)
}

/// Whether a text is one JSON value, and one that processing takes.
pub fn is_json(text: &str) -> bool {
    let mut reader = reader::Reader::new(text);
    reader.skip().and_then(|_| reader.end()).is_ok()
}

/// Whether processing makes a number or a boolean of a text in an attribute.
pub fn spells_a_value(text: &str) -> bool {
    coerce::coerce(text).is_some()
}

/// Reads back a value of `tags` or `attributes` that was processed and written by [`json::node`]; `None` where it is no
/// JSON.
pub fn read_back(json: &str) -> Option<Node> {
    row::value(json)
}

/// A row as a slice of its page; `Bytes::slice_ref` would panic on a stranger.
fn share(body: &Bytes, row: &[u8]) -> Bytes {
    let (outer, inner) = (body.as_ptr_range(), row.as_ptr_range());
    if outer.start <= inner.start && inner.end <= outer.end {
        body.slice_ref(row)
    } else {
        Bytes::copy_from_slice(row)
    }
}

/// The share of profiles with an ID and an e-mail, counted as they come.
#[derive(Clone, Copy, Debug)]
pub struct Accuracy {
    measurable: bool,
    rows: u64,
    complete: u64,
}

impl Accuracy {
    /// Counts nothing yet; without e-mail among the fields there will be nothing to measure.
    pub fn new(fields: FieldSet) -> Self {
        Self { measurable: fields.contains(Field::Email), rows: 0, complete: 0 }
    }

    /// Counts a profile.
    pub fn add(&mut self, profile: &Profile) {
        let filled = |slot: &Slot<profile::Text>| slot.value().is_some_and(|text| !text.value.is_empty());
        self.rows += 1;
        self.complete += u64::from(filled(&profile.id) && filled(&profile.email));
    }

    /// From 0 to 1; `None`: e-mail was not asked for, or there were no rows.
    pub fn share(&self) -> Option<f64> {
        (self.measurable && self.rows > 0).then(|| self.complete as f64 / self.rows as f64)
    }
}

#[cfg(test)]
mod tests;
