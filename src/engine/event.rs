//! What goes between the background task and whoever watches it: commands in, events out.
//!
//! ```text
//! screen, cli ──Command──► worker ──Event──► screen, cli
//!                                 (bounded: a slow reader slows the pull)
//! ```

use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::error::Error;
use super::fetch::detail::Detail;
use super::pipeline::profile::Profile;
use super::place::Place;
use super::plan::Plan;
use super::query::{FieldSet, Id, Query, QueryId};
use super::text::{Untrusted, clean};
use super::webhooks::Registered;

/// What the worker is asked to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// Runs a query under this number; a run with an earlier number goes on until it is cancelled. The last is
    /// what [`Command::Want`] says.
    Run(QueryId, Query, Option<u64>),
    /// Goes on under this number from where an earlier run stopped; as [`Command::Run`] otherwise.
    Resume(QueryId, Arc<Place>, Option<u64>),
    /// So many rows of a run are wanted for now, those before a resumption included: once they are there it pauses,
    /// asking nothing more, until more are wanted. `None`: all of them.
    Want(QueryId, Option<u64>),
    /// Stops a run; what came is kept. Answered by [`Event::Finished`] with [`Status::Cancelled`].
    Cancel(QueryId),
    /// Looks at the files anew, for they may have changed; answered by [`Event::Ready`]. A service has nothing to look
    /// at and says nothing.
    Reopen,
    /// Records in the audit trail that personal values are disclosed; answered by [`Event::Noted`] with the same ticket.
    Note(u64, Note),
    /// Works out what running the query would take; answered by [`Event::Planned`] with the same ticket.
    Plan(u64, Query),
    /// Sends an exchange's request again, while it is kept and if it changes nothing; answered by its exchanges and
    /// then [`Event::Again`].
    Again(u64),
    /// Asks for the webhook registrations; answered by [`Event::Webhooks`].
    Webhooks,
    /// Changes the upper bounds while runs go on. `None` for the rate: no bound of our own.
    Bounds {
        /// Requests at once.
        concurrency: u32,
        /// Requests a second.
        rate: Option<f64>,
    },
}

/// What the worker says.
#[derive(Clone, Debug)]
pub enum Event {
    /// The service is known and the worker takes commands. The first event; files are looked at again on
    /// [`Command::Reopen`].
    Ready(Arc<ServiceInfo>),
    /// How far a run has come with the files it reads.
    Files(QueryId, Vec<OpenedFile>),
    /// The worker cannot start at all (the sandbox could not bind, the client could not be built).
    Broken(Error),
    /// A run has begun.
    Started(QueryId, Timestamp),
    /// Rows, in page order. A page with many rows comes in several parts.
    Page(QueryId, Page),
    /// A run has all the rows that are wanted for now, and there are more.
    Paused(QueryId),
    /// One exchange with the service is over, well or not.
    Exchange(Arc<Exchange>),
    /// Where the limits stand; sent when that changed.
    Limits(Arc<Limits>),
    /// Where the token stands.
    Auth(Auth),
    /// What a plan asked for with this ticket comes to.
    Planned(u64, Plan),
    /// The request of this exchange was sent again, or why it was not, or what it failed with.
    Again(u64, Option<Error>),
    /// The webhook registrations that the service has, or why they are not known.
    Webhooks(std::result::Result<Arc<[Registered]>, Error>),
    /// What was noted with this ticket is in the audit trail, or why it is not.
    Noted(u64, Result<(), Error>),
    /// A run is over: all of it, or as much as was wanted, or cancelled.
    Finished(QueryId, Arc<Summary>),
    /// A run stopped early; what came before is kept.
    Failed(QueryId, Arc<Summary>, Error),
}

/// Personal values that were masked and are disclosed all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// How.
    pub disclosure: Disclosure,
    /// Whose, where it is one profile's: its ID.
    pub id: Option<Untrusted>,
    /// Names of the fields; never their values.
    pub fields: Vec<String>,
    /// How many profiles.
    pub rows: u64,
}

/// How masked values are disclosed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// Shown on the screen.
    Reveal,
    /// Copied to the clipboard.
    Copy,
    /// Written to a file or to another program.
    Export,
}

impl Disclosure {
    /// The word in audit entries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reveal => "reveal",
            Self::Copy => "copy",
            Self::Export => "export",
        }
    }
}

/// What the screen says about the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceInfo {
    /// The tenant's name.
    pub tenant: String,
    /// The origin that requests go to.
    pub base_url: String,
    /// Whether it is the embedded server.
    pub sandbox: bool,
    /// The files that are looked at in place of a service; empty where there is one.
    pub files: Vec<OpenedFile>,
}

impl ServiceInfo {
    /// The fields that any of the files has.
    pub fn file_fields(&self) -> FieldSet {
        self.files.iter().flat_map(|file| file.fields.iter()).collect()
    }
}

/// Rows of a file that come as one page.
pub const FILE_PAGE: u32 = 500;

/// A file that is looked at in place of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedFile {
    /// As it was named.
    pub name: Untrusted,
    /// `NDJSON`, `Parquet`; empty while that is not known.
    pub format: &'static str,
    /// How large it is.
    pub bytes: u64,
    /// When it was written last.
    pub modified: Option<Timestamp>,
    /// How many rows it says that it has.
    pub expected: Option<u64>,
    /// The fields that its rows have.
    pub fields: FieldSet,
    /// Rows read so far.
    pub rows: u64,
    /// Rows that could not be read so far.
    pub set_aside: u64,
    /// How far it was read.
    pub state: FileState,
    /// What else is known of it: a word, and what there is to say.
    pub about: Vec<(&'static str, Untrusted)>,
}

/// How far a file was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Not begun.
    Waiting,
    /// On the way.
    Reading,
    /// To its end.
    Whole,
    /// Cancelled on the way.
    Cancelled,
    /// It cannot be read, or not further.
    Failed(Error),
}

/// A page of a run, or a part of one: the parts of a page have the same number, and each counts its own rows.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// 1 for the first page of a run, in the order of delivery (batches of IDs and resumed runs count on).
    pub number: u32,
    /// The batch of IDs it belongs to, from 1.
    pub batch: u32,
    /// Processed rows, repeats already dropped.
    pub rows: Vec<Profile>,
    /// Rows dropped because an earlier page had the same ID.
    pub repeats: u32,
    /// Rows that could not be read.
    pub set_aside: Vec<SetAside>,
    /// How many profiles the service says there are, for all batches so far together, where it says.
    pub total: Option<u64>,
    /// How old the answer is, where it came from the cache.
    pub cached: Option<Duration>,
}

/// A row that could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The page of the run it stood on, from 1.
    pub page: u32,
    /// Its place on the page, from 1.
    pub row: u32,
    /// What is wrong with it, with no value of its own.
    pub reason: String,
    /// The row as received, lossy where it is not UTF-8.
    pub raw: Untrusted,
}

/// Which door of the service was knocked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// The token endpoint.
    Token,
    /// Profiles.
    Contacts,
    /// Webhook registrations.
    Webhooks,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Token, Self::Contacts, Self::Webhooks];

    /// A short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Contacts => "contacts",
            Self::Webhooks => "webhooks",
        }
    }
}

/// One request and what came of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Counts up over a session.
    pub number: u64,
    /// The run that asked, if one did.
    pub query: Option<QueryId>,
    /// The exchange that was sent again with this one, where somebody asked for that.
    pub again: Option<u64>,
    /// When the request went out.
    pub at: Timestamp,
    /// Where to.
    pub endpoint: Endpoint,
    /// `GET`, `POST`, `DELETE`.
    pub method: &'static str,
    /// Path and query as sent; holds personal values, so it is for the screen and never for a log.
    pub target: Untrusted,
    /// What it was for: `page 25`, `batch 2 page 1`, `token`.
    pub label: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Where the time went.
    pub phases: Phases,
    /// Bytes of the decoded body.
    pub bytes: u64,
    /// Rows on the page.
    pub rows: Option<u32>,
    /// What happens next, where it will be tried again.
    pub retry: Option<Retry>,
    /// What `Retry-After` said, as it said it.
    pub retry_after: Option<Untrusted>,
    /// Request and reply in full: of the last exchanges, where somebody may look at them.
    pub detail: Weak<Detail>,
}

impl Exchange {
    /// Whether the service said to come back later: 429, and the 403 that means the same (no other 403 is tried
    /// again).
    pub fn is_throttled(&self) -> bool {
        match self.outcome.status() {
            Some(429) => true,
            Some(403) => self.retry.as_ref().is_some_and(|retry| retry.because != RetryReason::Token),
            _ => false,
        }
    }

    /// Whether there was not even a connection: nobody was reached.
    pub fn is_unconnected(&self) -> bool {
        matches!(self.outcome, Outcome::Broken(_)) && self.phases.server().is_zero()
    }

    /// Which door, and what it was for: `contacts page 25`. A token's label is its endpoint's name; saying it twice
    /// says nothing more.
    pub fn what(&self) -> String {
        let endpoint = self.endpoint.name();
        let label = clean(&self.label);
        if label == endpoint { endpoint.to_owned() } else { format!("{endpoint} {label}") }
    }
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer with this status, taken.
    Status(u16),
    /// An answer with this status that could not be taken, and why.
    Refused(u16, String),
    /// No (whole) answer.
    Broken(String),
}

impl Outcome {
    /// The status, where there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status(status) | Self::Refused(status, _) => Some(*status),
            Self::Broken(_) => None,
        }
    }

    /// Whether it went well.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Status(200..=299))
    }
}

/// What will be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// After this wait.
    pub after: Duration,
    /// Whose wish that is.
    pub because: RetryReason,
}

/// Why a retry waits as long as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryReason {
    /// The service said so (`Retry-After`).
    RetryAfter,
    /// Exponential backoff with full jitter.
    Backoff,
    /// A new token is fetched first.
    Token,
}

/// Where the time of one exchange went; the parts add up to the wall time from asking to having.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// Waiting for one of the places side by side.
    pub queue: Duration,
    /// Waiting for the rate limit or a closed `Retry-After` window.
    pub limit: Duration,
    /// Waiting for a token.
    pub token: Duration,
    /// Waiting for a connection: name, TCP, proxy, TLS. Zero where one lay ready.
    pub connect: Duration,
    /// From having a connection to the first byte of the answer: the server's latency. Where no whole answer came,
    /// all the time until that was known.
    pub first_byte: Duration,
    /// Reading the body.
    pub body: Duration,
    /// Cutting the body into rows.
    pub decode: Duration,
    /// Processing the rows; of a page that comes in parts the first part, since the others wait for the reader.
    pub pipeline: Duration,
}

impl Phases {
    /// What the server took: first byte and body, once there is a connection.
    pub fn server(&self) -> Duration {
        self.first_byte + self.body
    }

    /// Time spent before sending.
    pub fn waiting(&self) -> Duration {
        self.queue + self.limit + self.token
    }

    /// What we took to make rows of it.
    pub fn processing(&self) -> Duration {
        self.decode + self.pipeline
    }
}

/// Where a tenant's limits stand: a plain snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// When it was taken.
    pub at: Instant,
    /// Requests under way.
    pub in_flight: u32,
    /// Requests waiting for their turn.
    pub waiting: u32,
    /// How many may be under way at once now.
    pub window: u32,
    /// The most that may ever be (`--concurrency`).
    pub concurrency: u32,
    /// The rate we keep to now, requests a second; `None`: no limit is known.
    pub rate: Option<f64>,
    /// Where that rate comes from.
    pub source: RateSource,
    /// The bound from the settings (`--rate`).
    pub configured: Option<f64>,
    /// What the service announced.
    pub announced: Option<Announced>,
    /// What 429s taught.
    pub learned: Option<f64>,
    /// Requests that could go out at once now, and the most that ever could.
    pub bucket: Option<(f64, f64)>,
    /// Requests sent in the last second.
    pub measured: f64,
    /// Nobody sends before this instant, and why.
    pub gate: Option<Gate>,
    /// 429s (and 403s that mean the same) so far.
    pub throttled: u64,
}

/// A closed window.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// When it opens.
    pub until: Instant,
    /// What the service said: `Retry-After: 7`.
    pub said: String,
}

/// Where a rate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RateSource {
    /// No rate is known.
    #[default]
    Unknown,
    /// From `--rate` or the configuration.
    Configured,
    /// From `RateLimit` headers.
    Announced,
    /// From 429s.
    Learned,
}

/// A limit that the service announced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Announced {
    /// Requests in a window.
    pub limit: Option<f64>,
    /// The window's length.
    pub window: Option<Duration>,
    /// Requests left in it.
    pub remaining: Option<f64>,
    /// When it starts anew.
    pub reset: Option<Instant>,
}

/// Where the token stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// None was asked for yet.
    None,
    /// One is being asked for.
    Requesting,
    /// There is one.
    Granted {
        /// When the service said it ends.
        expires: Instant,
        /// The scopes it has.
        scopes: Vec<String>,
    },
    /// The service refused.
    Refused,
    /// None came: the service was not reached, or did not manage.
    Failed,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All of it, or as much as `--limit` wanted.
    Success,
    /// It stopped early, or rows were set aside; what came is there.
    Partial,
    /// Nothing came.
    Failed,
    /// Cancelled by the user; what came is there.
    Cancelled,
}

impl Status {
    /// The word in audit entries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why there may be more than what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// `--limit`.
    Limit(u64),
    /// Cancelled.
    Cancelled,
    /// An error.
    Error,
}

impl Cut {
    /// Whether no more was wanted.
    pub fn is_wanted(self) -> bool {
        matches!(self, Self::Limit(_))
    }
}

/// A run in figures.
#[derive(Clone, Debug)]
pub struct Summary {
    /// How it ended.
    pub status: Status,
    /// When it began.
    pub started: Timestamp,
    /// How long it took, wall time.
    pub elapsed: Duration,
    /// Rows delivered.
    pub rows: u64,
    /// Rows that an earlier run delivered, where this one went on from there.
    pub before: u64,
    /// How many the service says there are, where it says.
    pub total: Option<u64>,
    /// Pages delivered.
    pub pages: u32,
    /// Requests sent, the token's included.
    pub requests: u32,
    /// Of these, sent again after a fault or a 429.
    pub retries: u32,
    /// 429s received.
    pub throttled: u32,
    /// Pages from the cache.
    pub cache_hits: u32,
    /// The age of the oldest answer taken from the cache.
    pub oldest: Option<Duration>,
    /// Bytes of decoded bodies.
    pub bytes: u64,
    /// Rows dropped as repeats.
    pub repeats: u64,
    /// IDs asked for that no reply carried.
    pub not_found: Vec<Id>,
    /// Whether segments or a filter were asked too, so that `not_found` means *not returned*.
    pub filtered: bool,
    /// Rows that could not be read.
    pub set_aside: Vec<SetAside>,
    /// The connections that had to be made.
    pub connect: Latency,
    /// The server's latency.
    pub network: Latency,
    /// Our own time a page.
    pub processing: Latency,
    /// Share of profiles with an ID and an e-mail, from 0 to 1; `None`: e-mail was not asked for, or there
    /// were no rows.
    pub accuracy: Option<f64>,
    /// Profiles last modified before the retention window.
    pub past_retention: u64,
    /// Why there may be more.
    pub cut: Option<Cut>,
    /// Where to go on, where it stopped before its end.
    pub place: Option<Arc<Place>>,
}

/// Percentiles of a set of durations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// How many were measured.
    pub count: u64,
    /// Half were at most this.
    pub p50: Duration,
    /// 95 % were at most this.
    pub p95: Duration,
    /// The longest.
    pub max: Duration,
}

impl Latency {
    /// The percentiles of some durations.
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: f64| {
            let rank = (times.len() as f64 * share).ceil() as usize;
            times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        Self { count: times.len() as u64, p50: at(0.5), p95: at(0.95), max: at(1.0) }
    }
}

#[cfg(test)]
impl Summary {
    /// A run that a test thinks of: one page in a second, nothing of note.
    pub(crate) fn of(status: Status, rows: u64) -> Self {
        Self {
            status,
            // Noon on 4 March 2026.
            started: Timestamp::constant(1_772_625_600, 0),
            elapsed: Duration::from_secs(1),
            rows,
            before: 0,
            total: None,
            pages: 1,
            requests: 2,
            retries: 0,
            throttled: 0,
            cache_hits: 0,
            oldest: None,
            bytes: 1,
            repeats: 0,
            not_found: Vec::new(),
            filtered: false,
            set_aside: Vec::new(),
            connect: Latency::default(),
            network: Latency::default(),
            processing: Latency::default(),
            accuracy: None,
            past_retention: 0,
            cut: None,
            place: None,
        }
    }
}
