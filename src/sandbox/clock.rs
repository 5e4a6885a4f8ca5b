//! The one place in the sandbox that reads time.

use std::time::{Duration, Instant, SystemTime};

/// Monotonic time: tokens, limits and windows are measured with it.
#[expect(clippy::disallowed_methods, reason = "the sandbox is another machine: it has a clock of its own")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time of day, for `Date` headers and what is relative to them.
#[expect(clippy::disallowed_methods, reason = "the sandbox is another machine: it has a clock of its own")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// `wall()` moved by `seconds`; stays put where that cannot be represented.
pub(crate) fn wall_moved(seconds: i64) -> SystemTime {
    let base = wall();
    let by = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { base.checked_sub(by) } else { base.checked_add(by) }.unwrap_or(base)
}
