//! One exchange with the service: what was asked, how it ended, and where the time went.

use std::sync::Weak;
use std::time::Duration;

use jiff::Timestamp;

use crate::engine::fetch::detail::Detail;
use crate::engine::query::QueryId;
use crate::engine::text::{Untrusted, clean};

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
