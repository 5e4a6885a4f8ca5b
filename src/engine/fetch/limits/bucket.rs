//! A rate and where we stand in it: GCRA, the generic cell rate algorithm (ITU-T I.371).

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::clock::later;
use crate::engine::event::RateSource;

/// So much faster may our clock be than the service's.
const CLOCKS_DIFFER: f64 = 0.001;

/// A rate to keep to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    pub(super) per_second: f64,
    pub(super) burst: f64,
    pub(super) source: RateSource,
}

impl Pace {
    /// The time that one request takes up. An announced rate is that of the service's clock, and ours may be faster.
    pub(super) fn interval(self) -> Duration {
        let clocks = if self.source == RateSource::Announced { 1.0 + CLOCKS_DIFFER } else { 1.0 };
        Duration::try_from_secs_f64(clocks / self.per_second).unwrap_or(Duration::from_secs(3600))
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
    pub(super) fn earliest(self, pace: Pace, beside: usize, now: Instant) -> Option<Instant> {
        let arrival = self.0.map(|_| self.arrival(pace, beside, now))?;
        Some(arrival.checked_sub(pace.tolerance()).unwrap_or(now))
    }

    /// Takes one out.
    pub(super) fn take(&mut self, pace: Pace, beside: usize, now: Instant) {
        self.0 = Some(later(self.arrival(pace, beside, now), pace.interval()));
    }

    /// One of those `beside` is about to make room: until now nothing has flowed in for them.
    pub(super) fn settle(&mut self, pace: Pace, beside: usize, now: Instant) {
        self.0 = self.0.map(|_| self.arrival(pace, beside, now));
    }

    /// The arrival time with so many requests in the air that may not have been taken out of the service's bucket yet:
    /// there is no room for more in it.
    fn arrival(self, pace: Pace, beside: usize, now: Instant) -> Instant {
        let full = later(now, pace.interval().mul_f64(beside as f64));
        self.0.map_or(full, |arrival| arrival.max(full))
    }

    /// Requests that could go out at once.
    pub(super) fn tokens(self, pace: Pace, beside: usize, now: Instant) -> f64 {
        let owed = self.arrival(pace, beside, now).saturating_duration_since(now);
        (pace.burst - owed.div_duration_f64(pace.interval())).clamp(0.0, pace.burst)
    }
}
