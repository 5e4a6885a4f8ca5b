//! Whether and when to try again: decides, never sleeps.
//!
//! Sources: contract "Waiting", "Errors" and faults "Rate"; the shared budget follows the AWS SDKs' token
//! bucket.

use std::time::Duration;

use super::transport::Fault;
use crate::engine::event::RetryReason;

/// Attempts a request for faults on the way (5xx, reset, time-out, cut or unreadable body).
pub const ATTEMPTS: u32 = 4;
/// 429s of one request are waited out for at most this long in all.
pub const THROTTLED_TOTAL: Duration = Duration::from_secs(5 * 60);
/// 401s in a row that one request may get; the last of them stops it.
pub const UNAUTHORIZED: u32 = 3;
/// Full jitter: the n-th wait is anywhere up to `BASE * 2^n`, at most [`CEILING`].
pub const BASE: Duration = Duration::from_millis(500);
/// The longest wait of our own making.
pub const CEILING: Duration = Duration::from_secs(20);

/// What became of one attempt, as far as trying again goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attempted<'a> {
    /// 429, or a 403 that says nothing remains; with what `Retry-After` said.
    Throttled(Option<Duration>),
    /// 5xx or 408; with what `Retry-After` said.
    ServerError(Option<Duration>),
    /// No whole answer.
    Fault(&'a Fault),
    /// A whole answer that is not what it should be, and whether another might be.
    BadBody {
        /// A cut or garbled body may come whole the next time; a wrong shape will not.
        passing: bool,
    },
    /// 401.
    Unauthorized {
        /// Whether the service had taken this token before.
        accepted_before: bool,
    },
    /// Anything else that is not a success.
    Refused,
}

/// What one request has been through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Faults on the way.
    pub faults: u32,
    /// 429s.
    pub throttled: u32,
    /// Waited out for 429s so far.
    pub throttled_for: Duration,
    /// 401s in a row.
    pub unauthorized: u32,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Wait, then send it again.
    Again {
        /// How long.
        after: Duration,
        /// Whose wish.
        because: RetryReason,
        /// Whether nobody of this tenant may send before that.
        everybody: bool,
    },
    /// Get another token, then send it again.
    Refresh,
    /// Give up.
    Stop(Stop),
}

/// Why to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It would not get better.
    Final,
    /// The attempts are used up.
    Attempts,
    /// The service wants to be left alone for longer than we are willing to wait.
    TooLong(Duration),
    /// 429s for longer than one request is worth.
    Throttled,
    /// The tenant's retry budget is used up.
    Budget,
}

/// Retries that a tenant has left, shared by all its requests, so that no storm of ours follows a storm of
/// theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(u32);

impl Budget {
    const FULL: u32 = 500;
    const FAULT: u32 = 14;
    const THROTTLED: u32 = 5;

    /// Puts a little back after a success.
    pub fn refill(&mut self) {
        self.0 = (self.0 + 1).min(Self::FULL);
    }

    fn take(&mut self, cost: u32) -> bool {
        let enough = self.0 >= cost;
        if enough {
            self.0 -= cost;
        }
        enough
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(Self::FULL)
    }
}

/// Decides what follows an attempt, and writes it into the history and the budget.
///
/// `jitter` is a random number from 0 to 1; `max_wait` the longest `Retry-After` that is waited out, and the
/// longest wait of our own making: what the service did not ask for is no reason to stop.
pub fn decide(
    attempted: Attempted<'_>,
    history: &mut History,
    budget: &mut Budget,
    max_wait: Duration,
    jitter: f64,
) -> Decision {
    if !matches!(attempted, Attempted::Unauthorized { .. }) {
        history.unauthorized = 0;
    }
    match attempted {
        Attempted::Throttled(said) => {
            let after = said.unwrap_or_else(|| backoff(history.throttled, jitter).min(max_wait));
            if after > max_wait {
                return Decision::Stop(Stop::TooLong(after));
            }
            if history.throttled_for + after > THROTTLED_TOTAL {
                return Decision::Stop(Stop::Throttled);
            }
            if !budget.take(Budget::THROTTLED) {
                return Decision::Stop(Stop::Budget);
            }
            history.throttled += 1;
            history.throttled_for += after;
            Decision::Again { after, because: reason(said), everybody: true }
        }
        Attempted::ServerError(said) => fault(said, history, budget, max_wait, jitter),
        Attempted::Fault(fault) if !fault.is_passing() => Decision::Stop(Stop::Final),
        Attempted::BadBody { passing: false } | Attempted::Refused => Decision::Stop(Stop::Final),
        Attempted::Fault(_) | Attempted::BadBody { passing: true } => {
            fault(None, history, budget, max_wait, jitter)
        }
        Attempted::Unauthorized { accepted_before } => {
            history.unauthorized += 1;
            if accepted_before && history.unauthorized < UNAUTHORIZED {
                Decision::Refresh
            } else {
                Decision::Stop(Stop::Final)
            }
        }
    }
}

fn fault(
    said: Option<Duration>,
    history: &mut History,
    budget: &mut Budget,
    max_wait: Duration,
    jitter: f64,
) -> Decision {
    let after = said.unwrap_or_else(|| backoff(history.faults, jitter).min(max_wait));
    history.faults += 1;
    if history.faults >= ATTEMPTS {
        return Decision::Stop(Stop::Attempts);
    }
    if after > max_wait {
        return Decision::Stop(Stop::TooLong(after));
    }
    if !budget.take(Budget::FAULT) {
        return Decision::Stop(Stop::Budget);
    }
    Decision::Again { after, because: reason(said), everybody: said.is_some() }
}

fn reason(said: Option<Duration>) -> RetryReason {
    if said.is_some() { RetryReason::RetryAfter } else { RetryReason::Backoff }
}

fn backoff(before: u32, jitter: f64) -> Duration {
    let most = BASE.saturating_mul(1 << before.min(16)).min(CEILING);
    most.mul_f64(jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_WAIT: Duration = Duration::from_secs(30);

    fn again(attempted: Attempted<'_>, history: &mut History, budget: &mut Budget) -> Decision {
        decide(attempted, history, budget, MAX_WAIT, 1.0)
    }

    #[test]
    fn a_fault_is_tried_four_times_with_growing_waits() {
        let (mut history, mut budget) = Default::default();
        let mut waits = Vec::new();
        let stop = loop {
            match again(Attempted::Fault(&Fault::Reset), &mut history, &mut budget) {
                Decision::Again { after, everybody: false, .. } => waits.push(after.as_millis()),
                other => break other,
            }
        };
        assert_eq!(waits, [500, 1_000, 2_000]);
        assert_eq!(stop, Decision::Stop(Stop::Attempts));
    }

    #[test]
    fn backoff_is_fully_jittered_and_capped() {
        assert_eq!(backoff(3, 0.0), Duration::ZERO);
        assert_eq!(backoff(3, 0.5), Duration::from_secs(2));
        assert_eq!(backoff(40, 1.0), CEILING);
    }

    #[test]
    fn a_429_closes_the_gate_for_everybody() {
        let (mut history, mut budget) = Default::default();
        let said = Duration::from_secs(7);
        assert_eq!(
            again(Attempted::Throttled(Some(said)), &mut history, &mut budget),
            Decision::Again { after: said, because: RetryReason::RetryAfter, everybody: true }
        );
    }

    #[test]
    fn a_wait_beyond_patience_stops() {
        let (mut history, mut budget) = Default::default();
        let day = Duration::from_secs(86_400);
        assert_eq!(
            again(Attempted::Throttled(Some(day)), &mut history, &mut budget),
            Decision::Stop(Stop::TooLong(day))
        );
    }

    #[test]
    fn a_wait_of_our_own_making_keeps_to_our_patience_and_never_stops() {
        let patience = Duration::from_secs(2);
        for attempted in [Attempted::Throttled(None), Attempted::ServerError(None)] {
            let mut history = History { throttled: 9, faults: 2, ..History::default() };
            let decision = decide(attempted, &mut history, &mut Budget::default(), patience, 1.0);
            assert!(matches!(decision, Decision::Again { after, .. } if after == patience), "{decision:?}");
        }
    }

    #[test]
    fn throttling_for_ever_ends_after_five_minutes() {
        let (mut history, mut budget) = Default::default();
        let said = Some(Duration::from_secs(30));
        let waits = (0..1_000)
            .take_while(|_| {
                again(Attempted::Throttled(said), &mut history, &mut budget)
                    != Decision::Stop(Stop::Throttled)
            })
            .count();
        assert_eq!(waits, 10);
    }

    #[test]
    fn the_budget_stops_what_single_requests_would_go_on_with() {
        let mut budget = Budget::default();
        let faults = (0..1_000)
            .take_while(|_| {
                again(Attempted::Fault(&Fault::Reset), &mut History::default(), &mut budget)
                    != Decision::Stop(Stop::Budget)
            })
            .count();
        assert_eq!(faults, 35, "500 / 14");
        for _ in 0..14 {
            budget.refill();
        }
        assert!(matches!(
            again(Attempted::Fault(&Fault::Reset), &mut History::default(), &mut budget),
            Decision::Again { .. }
        ));
    }

    #[test]
    fn a_401_refreshes_twice_and_never_for_a_fresh_token() {
        let (mut history, mut budget) = Default::default();
        let old = Attempted::Unauthorized { accepted_before: true };
        assert_eq!(again(old, &mut history, &mut budget), Decision::Refresh);
        assert_eq!(again(old, &mut history, &mut budget), Decision::Refresh);
        assert_eq!(again(old, &mut history, &mut budget), Decision::Stop(Stop::Final));
        let fresh = Attempted::Unauthorized { accepted_before: false };
        assert_eq!(again(fresh, &mut History::default(), &mut budget), Decision::Stop(Stop::Final));
    }

    #[test]
    fn what_will_not_get_better_stops_at_once() {
        for attempted in [
            Attempted::Fault(&Fault::Tls(String::new())),
            Attempted::Fault(&Fault::TooLarge(1)),
            Attempted::BadBody { passing: false },
            Attempted::Refused,
        ] {
            let (mut history, mut budget) = Default::default();
            assert_eq!(again(attempted, &mut history, &mut budget), Decision::Stop(Stop::Final));
        }
    }
}
