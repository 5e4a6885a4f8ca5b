//! How long something took, by the clock and of the processor: where others use the machine too, the second counts.

use std::time::Duration;

use cxlens::engine::clock::Clock;
use nix::sys::resource::{UsageWho, getrusage};
use tokio::time::Instant;

use crate::Outcome;

/// How long something took.
#[derive(Clone, Copy)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    /// Of the processor, by this process and by the system for it.
    pub(crate) cpu: Duration,
}

/// What is being measured.
pub(crate) struct Begun(Instant, Duration);

impl Took {
    pub(crate) fn begin() -> Outcome<Begun> {
        Ok(Begun(Clock::system().now(), used()?))
    }
}

impl Begun {
    pub(crate) fn end(self) -> Outcome<Took> {
        Ok(Took { wall: Clock::system().now() - self.0, cpu: used()?.saturating_sub(self.1) })
    }
}

fn used() -> Outcome<Duration> {
    let used = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = |t: nix::sys::time::TimeVal| t.tv_sec() * 1_000_000 + t.tv_usec();
    Ok(Duration::from_micros((micros(used.user_time()) + micros(used.system_time())).unsigned_abs()))
}
