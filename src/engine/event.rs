//! What goes between the background task and whoever watches it: commands in, events out.
//!
//! ```text
//! screen, cli ──Command──► worker ──Event──► screen, cli
//!                                 (bounded: a slow reader slows the pull)
//! ```

mod exchange;
pub mod replay;
mod summary;

use std::sync::Arc;
use std::time::Duration;

pub use exchange::{Endpoint, Exchange, Outcome, Phases, Retry, RetryReason};
use jiff::Timestamp;
pub use summary::{Cut, Latency, Status, Summary};
use tokio::time::Instant;

use super::audit::Reason;
use super::error::Error;
use super::pipeline::profile::Profile;
use super::place::Place;
use super::plan::Plan;
use super::query::{FieldSet, Query, QueryId};
use super::recording::Recording;
use super::text::Untrusted;
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
    /// What for everything is that is asked or disclosed from now on.
    Reason(Reason),
    /// Records in the audit trail that personal values are disclosed; answered by [`Event::Noted`] with the same ticket.
    Note(u64, Note),
    /// Works out what running the query would take; answered by [`Event::Planned`] with the same ticket.
    Plan(u64, Query),
    /// Sends an exchange's request again, while it is kept and if it changes nothing; answered by its exchanges and
    /// then [`Event::Again`].
    Again(u64),
    /// Asks for the webhook registrations; answered by [`Event::Webhooks`].
    Webhooks,
    /// Steers a replay; nobody else listens to it.
    Replay(replay::Steer),
    /// Changes the upper bounds while runs go on. `None` for the rate: no bound of our own.
    Bounds {
        /// Requests at once.
        concurrency: u32,
        /// Requests a second.
        rate: Option<f64>,
    },
}

impl Command {
    /// Whether what comes of it stands in the audit trail.
    pub fn is_recorded(&self) -> bool {
        match self {
            Self::Run(..)
            | Self::Resume(..)
            | Self::Reason(_)
            | Self::Note(..)
            | Self::Again(_)
            | Self::Webhooks => true,
            Self::Want(..)
            | Self::Cancel(_)
            | Self::Reopen
            | Self::Plan(..)
            | Self::Replay(_)
            | Self::Bounds { .. } => false,
        }
    }
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
    /// What became of a recording of this session.
    Recording(Recording),
    /// Where a replay stands.
    Replay(replay::Replay),
    /// Something of a recording comes again, at its own time.
    Played(Box<replay::Played>),
    /// A run is over: all of it, or as much as was wanted, or cancelled.
    Finished(QueryId, Arc<Summary>),
    /// A run stopped early; what came before is kept.
    Failed(QueryId, Arc<Summary>, Error),
}

/// Personal values that leave the table: shown though they are masked, copied, written.
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

/// How personal values are disclosed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// Shown on the screen, though they were masked.
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
    /// Whether somebody has to say what for before anything is asked.
    pub needs_reason: bool,
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
    /// Rows from before the window that are withheld.
    pub withheld: u64,
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
