//! The one place that reads time.
//!
//! Everything else is handed a [`Clock`] (or an instant). Durations and expiry run on the monotonic
//! clock of tokio, which tests pause and advance; wall time is for people and for `Retry-After` dates.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// A source of monotonic and wall time.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    /// Wall time that moves with tokio's clock, from a chosen start.
    Fixed {
        from: Instant,
        wall: Timestamp,
    },
}

impl Clock {
    /// The machine's clocks.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// Wall time starts at `wall` and moves with tokio's (pausable) clock. For tests and replays.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn starting_at(wall: Timestamp) -> Self {
        Self(Kind::Fixed { from: Instant::now(), wall })
    }

    /// Monotonic time; only differences mean anything.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Instant {
        Instant::now()
    }

    /// Wall time, UTC.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn wall(&self) -> Timestamp {
        match &self.0 {
            Kind::System => Timestamp::now(),
            Kind::Fixed { from, wall } => {
                let elapsed = Instant::now().saturating_duration_since(*from);
                wall.saturating_add(elapsed).unwrap_or(*wall)
            }
        }
    }

    /// Waits on this clock.
    pub async fn sleep_until(&self, deadline: Instant) {
        tokio::time::sleep_until(deadline).await;
    }
}

/// `at + by`, or a far but harmless instant where that would overflow.
///
/// `Instant + u64::MAX seconds` panics; a reply can ask for that.
pub fn later(at: Instant, by: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    at.checked_add(by.min(FAR)).unwrap_or(at)
}
