//! What a run came to.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::SetAside;
use crate::engine::place::Place;
use crate::engine::query::Id;
use crate::engine::retention::Window;

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
    /// Profiles last modified before the retention window, of those that were delivered.
    pub past_retention: u64,
    /// Profiles last modified before it that nobody gets to see, because the tenant's settings say so.
    pub withheld: u64,
    /// Profiles that an earlier run withheld, where this one went on from there.
    pub withheld_before: u64,
    /// The retention window; `None`: there is none, or it reaches further back than any date.
    pub window: Option<Window>,
    /// Why there may be more.
    pub cut: Option<Cut>,
    /// Where to go on, where it stopped before its end.
    pub place: Option<Arc<Place>>,
}

impl Summary {
    /// Profiles that came, whether anybody gets to see them or not; those of an earlier run are among them.
    pub fn came(&self) -> u64 {
        self.rows + self.before + self.withheld + self.withheld_before
    }

    /// The same with what was set aside and what came twice.
    pub fn sent(&self) -> u64 {
        self.came() + self.set_aside.len() as u64 + self.repeats
    }

    /// How many the service has beside what came, where it says how many there are.
    pub fn missing(&self) -> Option<u64> {
        self.total.map(|total| total.saturating_sub(self.came()))
    }
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
            withheld: 0,
            withheld_before: 0,
            window: Window::until(Timestamp::constant(1_772_625_600, 0), 180),
            cut: None,
            place: None,
        }
    }
}
