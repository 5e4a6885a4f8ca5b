//! Which entries are meant.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::engine::audit::{Entry, Written};
use crate::engine::event::Status;

/// Which entries are meant: those that every part lets through. An empty list lets everything through.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Only what began then or later.
    pub since: Option<Timestamp>,
    /// Only what began before.
    pub until: Option<Timestamp>,
    /// Only what ended like this.
    pub status: Option<Wanted>,
    /// Only these events.
    pub events: Vec<String>,
    /// Only these tenants.
    pub tenants: Vec<String>,
    /// Only these users, by name or number.
    pub users: Vec<String>,
    /// Only what names one of these profiles: keyed hashes of IDs.
    pub hashes: Vec<String>,
    /// Only what was for a reason with this in it, in small letters.
    pub reason: Option<String>,
    /// Only so many, the last ones.
    pub last: Option<u64>,
}

/// How an entry ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Like this.
    Ended(Status),
    /// Nothing says how.
    Unfinished,
}

impl Which {
    /// Whether an entry is meant; `lacks`: it is an intent of which nothing says how it ended.
    pub(super) fn takes(&self, entry: &Entry, lacks: bool) -> bool {
        // An entry without a time that can be read is rather shown than hidden.
        let time = entry.time.parse::<Timestamp>().ok();
        let is_one = |list: &[String], value: &str| list.is_empty() || list.iter().any(|one| one == value);
        let uid = entry.uid.to_string();
        time.is_none_or(|time| {
            self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
        }) && self.status.is_none_or(|wanted| match wanted {
            Wanted::Ended(status) => entry.status == status.name(),
            Wanted::Unfinished => lacks,
        }) && is_one(&self.events, &entry.event)
            && is_one(&self.tenants, &entry.tenant)
            && (is_one(&self.users, &entry.user) || is_one(&self.users, &uid))
            && (self.hashes.is_empty() || entry.id_hashes.iter().any(|hash| self.hashes.contains(hash)))
            && self.reason.as_ref().is_none_or(|part| {
                entry.reason.as_ref().is_some_and(|reason| reason.to_lowercase().contains(part))
            })
    }
}

/// Which intents some entry says the end of.
#[derive(Debug, Default)]
pub(super) struct Finished(HashSet<u64>);

impl FromIterator<Written> for Finished {
    fn from_iter<T: IntoIterator<Item = Written>>(written: T) -> Self {
        Self(written.into_iter().filter_map(|written| written.entry.of).collect())
    }
}

impl Finished {
    /// Whether it is an intent of which nothing says how it ended.
    pub(super) fn lacks(&self, written: &Written) -> bool {
        written.entry.is_intent() && !written.seq.is_some_and(|seq| self.0.contains(&seq))
    }
}
