//! One entry of the audit trail. `docs/audit.md` describes each field; a test compares the two.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chain::Link;
use super::filter::{hash_literals, literals};
use super::hash::Hasher;
use super::reason::Reason;
use super::removal::{Removal, Removed};
use super::scrub::scrub;
use super::user::User;
use crate::engine::error::Error;
use crate::engine::event::{Cut, Disclosure, Latency, Note, Status, Summary};
use crate::engine::options::Service;
use crate::engine::query::{Id, Query};

/// The version of the schema that this program writes.
pub const SCHEMA: u32 = 3;
/// The event of an entry that is written before anything is sent.
const INTENT: &str = "intent";
/// How an intent stands: it says nothing of how things ended.
const BEGUN: &str = "begun";

/// Who asks, and whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The operating-system user.
    pub user: User,
    /// The tenant's name.
    pub tenant: String,
    /// The API's dialect.
    pub dialect: String,
    /// Whether the service is the embedded one, whose people are made up.
    pub sandbox: bool,
    /// What for and where to.
    pub access: Access,
}

impl Who {
    /// This user, before this service.
    pub fn new(user: User, service: &Service, access: Access) -> Self {
        Self {
            user,
            tenant: service.tenant.clone(),
            dialect: service.dialect.name().to_owned(),
            sandbox: service.sandbox,
            access,
        }
    }
}

/// What for somebody asks, and where what comes goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Why, where it was said.
    pub reason: Option<Reason>,
    /// Where to, where it is known.
    pub to: Option<To>,
}

/// Where profiles go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The explorer.
    Screen,
    /// Standard output, which is a terminal.
    Terminal,
    /// Standard output, which is none: another program, or a file of the shell's.
    Pipe,
    /// A file.
    File,
}

impl To {
    /// The word in audit entries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Terminal => "terminal",
            Self::Pipe => "pipe",
            Self::File => "file",
        }
    }
}

/// What is written of one query, or of values that were disclosed. Holds no personal value and no secret: IDs and the literals of the filter
/// are keyed hashes, errors have their values taken out, and no reply is in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "docs/audit.md describes each field, and a test sees to it")]
pub struct Entry {
    pub schema: u32,
    pub event: String,
    pub tool: String,
    pub time: String,
    pub elapsed_ms: u64,
    pub user: String,
    pub uid: u32,
    pub tenant: String,
    pub dialect: String,
    pub sandbox: bool,
    #[serde(default)]
    pub of: Option<u64>,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub to: Option<String>,
    #[serde(default)]
    pub call: Option<String>,
    pub scopes: Vec<String>,
    pub scopes_needed: Vec<String>,
    pub fields: Vec<String>,
    pub segments: Vec<String>,
    pub filter: Option<String>,
    pub ids: u64,
    pub id_hashes: Vec<String>,
    pub page_size: u32,
    pub limit: Option<u64>,
    pub retention_days: u32,
    pub cache: bool,
    pub status: String,
    pub cut: Option<String>,
    pub error: Option<Failure>,
    pub pages: u32,
    pub requests: u32,
    pub retries: u32,
    pub throttled: u32,
    pub cache_hits: u32,
    pub bytes: u64,
    pub rows: u64,
    #[serde(default)]
    pub before: u64,
    pub total: Option<u64>,
    pub repeats: u64,
    pub not_found: u64,
    pub set_aside: u64,
    pub past_retention: u64,
    #[serde(default)]
    pub withheld: u64,
    pub accuracy: Option<f64>,
    pub network: Percentiles,
    pub processing: Percentiles,
    #[serde(default)]
    pub removed: Option<Removed>,
}

/// Why a query did not end well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "docs/audit.md describes each field, and a test sees to it")]
pub struct Failure {
    pub kind: String,
    pub exit_code: u8,
    pub what: String,
}

/// A distribution of durations, in whole microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "docs/audit.md describes each field, and a test sees to it")]
pub struct Percentiles {
    pub count: u64,
    pub p50_us: u64,
    pub p95_us: u64,
    pub max_us: u64,
}

impl From<Latency> for Percentiles {
    fn from(latency: Latency) -> Self {
        let us = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self {
            count: latency.count,
            p50_us: us(latency.p50),
            p95_us: us(latency.p95),
            max_us: us(latency.max),
        }
    }
}

impl Entry {
    /// An entry of this event in which nothing else is said.
    fn new(event: &str, who: &Who, at: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            event: event.to_owned(),
            tool: concat!("cxlens ", env!("CARGO_PKG_VERSION")).to_owned(),
            time: at.to_string(),
            user: who.user.name.clone(),
            uid: who.user.uid,
            tenant: who.tenant.clone(),
            dialect: who.dialect.clone(),
            sandbox: who.sandbox,
            reason: who.access.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            status: "success".to_owned(),
            ..Self::default()
        }
    }

    /// The entry of a piece of a line that was cut off, so many bytes long, noted just before `entry`.
    pub(super) fn of_torn_line(entry: &Self, bytes: u64) -> Self {
        Self {
            schema: SCHEMA,
            event: "torn-line".to_owned(),
            tool: entry.tool.clone(),
            time: entry.time.clone(),
            user: entry.user.clone(),
            uid: entry.uid,
            tenant: entry.tenant.clone(),
            dialect: entry.dialect.clone(),
            sandbox: entry.sandbox,
            status: "success".to_owned(),
            bytes,
            ..Self::default()
        }
    }

    /// The entry before a query is asked.
    pub fn of_intent(hasher: &Hasher, who: &Who, query: &Query, at: Timestamp) -> Self {
        Self {
            status: BEGUN.to_owned(),
            scopes_needed: query.scopes().iter().map(|&scope| scope.to_owned()).collect(),
            fields: query.fields().iter().map(|field| field.wire().to_owned()).collect(),
            segments: query.segments().iter().map(|id| id.as_str().to_owned()).collect(),
            filter: query.filter().map(|filter| hash_literals(filter.as_str(), hasher)),
            ids: query.ids().len() as u64,
            id_hashes: query.ids().iter().map(|id| hasher.hash(id.as_str())).collect(),
            page_size: query.page_size(),
            limit: query.limit(),
            retention_days: query.retention_days(),
            cache: query.use_cache(),
            to: who.access.to.map(|to| to.name().to_owned()),
            ..Self::new(INTENT, who, at)
        }
    }

    /// The entry of a query that is over. `of` is the place of the intent, `granted` are the scopes of the token, empty
    /// where there was none.
    pub fn of_query(
        hasher: &Hasher,
        who: &Who,
        query: &Query,
        of: Option<&Link>,
        granted: &[String],
        summary: &Summary,
        error: Option<&Error>,
    ) -> Self {
        Self {
            event: "query".to_owned(),
            elapsed_ms: millis(summary.elapsed),
            of: of.map(|link| link.seq),
            scopes: granted.to_vec(),
            status: summary.status.name().to_owned(),
            cut: summary.cut.map(|cut| cut_name(cut).to_owned()),
            error: error.map(|error| failure(error, query, hasher)),
            pages: summary.pages,
            requests: summary.requests,
            retries: summary.retries,
            throttled: summary.throttled,
            cache_hits: summary.cache_hits,
            bytes: summary.bytes,
            rows: summary.rows,
            before: summary.before,
            total: summary.total,
            repeats: summary.repeats,
            not_found: summary.not_found.len() as u64,
            set_aside: summary.set_aside.len() as u64,
            past_retention: summary.past_retention,
            withheld: summary.withheld,
            accuracy: summary.accuracy.map(|share| (share * 1e6).round() / 1e6),
            network: summary.network.into(),
            processing: summary.processing.into(),
            ..Self::of_intent(hasher, who, query, summary.started)
        }
    }

    /// The entry before a call that asks for nobody's profile: `webhook register`.
    pub fn of_call(who: &Who, call: &str, at: Timestamp) -> Self {
        Self { status: BEGUN.to_owned(), call: Some(call.to_owned()), ..Self::new(INTENT, who, at) }
    }

    /// The entry of such a call that is over.
    pub fn of_called(
        hasher: &Hasher,
        who: &Who,
        call: &str,
        of: Option<&Link>,
        began: Timestamp,
        elapsed: Duration,
        error: Option<&Error>,
    ) -> Self {
        let status = if error.is_some() { Status::Failed } else { Status::Success };
        Self {
            event: "call".to_owned(),
            elapsed_ms: millis(elapsed),
            of: of.map(|link| link.seq),
            status: status.name().to_owned(),
            error: error.map(|error| failed(error, &HashSet::new(), hasher)),
            ..Self::of_call(who, call, began)
        }
    }

    /// The entry of personal values that are disclosed. What a query has and this has not is empty, zero or null.
    pub fn of_note(hasher: &Hasher, who: &Who, note: &Note, at: Timestamp) -> Self {
        Self {
            fields: note.fields.iter().map(|field| field_name(field)).collect(),
            ids: note.id.iter().count() as u64,
            id_hashes: note.id.iter().map(|id| hasher.hash(id.raw())).collect(),
            rows: note.rows,
            ..Self::new(note.disclosure.name(), who, at)
        }
    }

    /// The entry before something is removed because it is old. `link` is what the rest of the trail goes on from,
    /// where files of the trail are removed.
    pub(super) fn of_removal(
        hasher: &Hasher,
        who: &Who,
        removal: &Removal,
        link: Option<&Link>,
        at: Timestamp,
    ) -> Self {
        Self { removed: Some(Removed::of(hasher, removal, link)), ..Self::new("removed", who, at) }
    }

    /// Whether it was written before something was sent; another entry says how that ended, where it did.
    pub fn is_intent(&self) -> bool {
        self.event == INTENT
    }

    /// Whether it is of values that were disclosed, rather than of a query.
    pub fn is_disclosure(&self) -> bool {
        [Disclosure::Reveal, Disclosure::Copy, Disclosure::Export]
            .iter()
            .any(|kind| kind.name() == self.event)
    }
}

/// The name of a field; that of an attribute only where it is a plain one, for whoever made it up may have put a value
/// in it.
fn field_name(name: &str) -> String {
    let plain = |part: &str| {
        part.len() <= 64
            && part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    match name.split_once('.') {
        None if plain(name) => name.to_owned(),
        Some((first, rest)) if plain(first) && rest.split('.').all(plain) => name.to_owned(),
        Some((first, _)) if plain(first) => first.to_owned(),
        _ => "attributes".to_owned(),
    }
}

fn cut_name(cut: Cut) -> &'static str {
    match cut {
        Cut::Limit(_) => "limit",
        Cut::Cancelled => "cancelled",
        Cut::Error => "error",
    }
}

fn millis(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

fn failure(error: &Error, query: &Query, hasher: &Hasher) -> Failure {
    let literals = query.filter().map(|filter| literals(filter.as_str())).unwrap_or_default();
    let known: HashSet<&str> =
        query.ids().iter().map(Id::as_str).chain(literals.iter().map(String::as_str)).collect();
    failed(error, &known, hasher)
}

/// Only what failed: cause, request and reply may quote values of the service's.
fn failed(error: &Error, known: &HashSet<&str>, hasher: &Hasher) -> Failure {
    Failure {
        kind: error.kind.name().to_owned(),
        exit_code: error.kind.exit_code(),
        what: scrub(&error.what, known, hasher),
    }
}

#[cfg(test)]
pub(super) mod tests;
