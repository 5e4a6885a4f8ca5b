//! From what was received to processed profiles.
//!
//! ```text
//! page body ──wire──► rows (slices) ──reader──► texts, numbers, brackets
//!                                                 │ coerce: lower case, digits only, from text
//!                                                 ▼
//!                                  Profile, or SetAside with place and reason
//! ```
//!
//! Each row is parsed once. What processing changes keeps what it was ([`profile::Original`]); a row that
//! cannot be read costs itself alone. Source: contract "wire", *Profile*, and "faults", *Payload*.

mod coerce;
pub mod json;
pub mod profile;
mod reader;
mod row;

use std::borrow::Cow;

use bytes::Bytes;

use self::profile::{Node, Profile, Slot};
use super::event::SetAside;
use super::query::{Field, FieldSet};
use super::text::Untrusted;

/// Rows of a page that are set aside one by one; a page can hold millions that are no profiles.
const SET_ASIDE_A_PAGE: usize = 1_000;

/// A page's rows, processed.
#[derive(Clone, Debug, Default)]
pub struct Processed {
    /// Rows that could be read, in the page's order.
    pub rows: Vec<Profile>,
    /// Rows that could not.
    pub set_aside: Vec<SetAside>,
}

/// Processes the rows of a page.
///
/// `rows` are slices of `body`, so that each profile shares the page's memory; one that is not is copied.
/// `fields` are those asked for, `page` the page's number in its run.
pub fn process(body: &Bytes, rows: &[&[u8]], fields: FieldSet, page: u32) -> Processed {
    let mut processed = Processed::default();
    let mut beyond = 0_u64;
    for (row, number) in rows.iter().zip(1..) {
        match row::read(row, fields) {
            Ok(profile) => processed.rows.push(Profile { raw: share(body, row), ..profile }),
            Err(_) if processed.set_aside.len() >= SET_ASIDE_A_PAGE => beyond += 1,
            Err(reason) => processed.set_aside.push(SetAside {
                page,
                row: number,
                reason,
                raw: Untrusted::from(String::from_utf8_lossy(row).into_owned()),
            }),
        }
    }
    if beyond > 0 {
        processed.set_aside.push(SetAside {
            page,
            row: 0,
            reason: format!("{beyond} more rows of this page, each of which could not be read"),
            raw: Untrusted::default(),
        });
    }
    processed
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
