//! A rate and where we stand in it: GCRA, the generic cell rate algorithm (ITU-T I.371).

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::clock::later;
use crate::engine::event::RateSource;

/// A rate to keep to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    pub(super) per_second: f64,
    pub(super) burst: f64,
    pub(super) source: RateSource,
}

impl Pace {
    /// The time that one request takes up.
    pub(super) fn interval(self) -> Duration {
        Duration::try_from_secs_f64(1.0 / self.per_second).unwrap_or(Duration::from_secs(3600))
    }

    /// How far ahead of the steady rate a burst may run.
    fn tolerance(self) -> Duration {
        self.interval().mul_f64((self.burst - 1.0).max(0.0))
    }
}

/// The theoretical arrival time of the next request at a steady rate; none: the bucket is full.
///
/// It outlives a change of the rate: what was sent is still owed, at the new rate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket(Option<Instant>);

impl Bucket {
    /// Full at that moment, and owing nothing before.
    pub(super) fn fill_at(&mut self, at: Instant) {
        self.0 = Some(at);
    }

    /// There are so many in it now.
    pub(super) fn set(&mut self, pace: Pace, tokens: f64, now: Instant) {
        self.0 = Some(later(now, pace.interval().mul_f64(pace.burst - tokens)));
    }

    /// At most `most` is owed.
    pub(super) fn forgive(&mut self, most: Option<Instant>) {
        self.0 = self.0.zip(most).map(|(arrival, most)| arrival.min(most));
    }

    /// When the next request may go; none: at any time.
    pub(super) fn earliest(self, pace: Pace, now: Instant) -> Option<Instant> {
        self.0.map(|arrival| arrival.checked_sub(pace.tolerance()).unwrap_or(now))
    }

    /// Takes one out.
    pub(super) fn take(&mut self, pace: Pace, now: Instant) {
        self.0 = Some(later(self.0.unwrap_or(now).max(now), pace.interval()));
    }

    /// Requests that could go out at once.
    pub(super) fn tokens(self, pace: Pace, now: Instant) -> f64 {
        let owed = self.0.map_or(Duration::ZERO, |arrival| arrival.saturating_duration_since(now));
        (pace.burst - owed.as_secs_f64() * pace.per_second).clamp(0.0, pace.burst)
    }
}
