//! A limit that the service announces, and what each of its replies proves.
//!
//! The service's bucket is followed in a [`Bucket`] of our own that is never fuller than the service's: what goes out
//! is taken from it when it is sent, and nothing flows into it for the requests in the air when it is full, since the
//! service's may still be full then. Replies say what remained in the service's bucket, in whole numbers, at some
//! moment between sending and now. That is evidence, not a measure: rounding our bucket down to it with every reply
//! would lose what flowed in meanwhile.
//!
//! [`Bucket`]: super::bucket::Bucket

use std::time::Duration;

use super::bucket::Pace;
use crate::engine::event::{Announced, RateSource};

/// What is announced.
#[derive(Debug, Default)]
pub(super) struct Announcements {
    last: Option<Announced>,
    /// The most that was surely in the service's bucket since it has this limit.
    fullest: f64,
    /// Whether the service has shown that it does not just count our requests: somebody else uses the tenant, or its
    /// window works otherwise.
    is_doubtful: bool,
}

/// What a reply proves of the service's bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Evidence {
    /// Requests left, as told.
    pub(super) remaining: f64,
    /// Requests that may have reached the service after the one that was answered.
    pub(super) unseen: f64,
    /// Those of them that were sent after it.
    pub(super) after: f64,
    /// How long ago it was sent.
    pub(super) age: Duration,
}

impl Announcements {
    /// The last one, as it came.
    pub(super) fn last(&self) -> Option<Announced> {
        self.last
    }

    /// Limit and window, where both were told.
    fn policy(&self) -> Option<(f64, Duration)> {
        let last = self.last?;
        last.limit.zip(last.window).filter(|(limit, window)| limit / window.as_secs_f64() > 0.0)
    }

    /// The rate to keep to. The bucket holds no more than was seen in it, whatever the limit says.
    pub(super) fn pace(&self) -> Option<Pace> {
        let (limit, window) = self.policy()?;
        let seen = if self.fullest > 0.0 { self.fullest } else { limit };
        Some(Pace {
            per_second: limit / window.as_secs_f64(),
            burst: seen.min(limit).max(1.0),
            source: RateSource::Announced,
        })
    }

    /// Takes note of one; `true` where it is another limit than before, of which nothing is known but this.
    pub(super) fn note(&mut self, announced: Announced) -> bool {
        let before = self.policy();
        self.last = Some(announced);
        let is_new = self.policy() != before;
        if is_new {
            (self.fullest, self.is_doubtful) = (0.0, false);
        }
        if let Some(remaining) = announced.remaining {
            // One more was in it before the request that was answered.
            self.fullest = self.fullest.max(remaining + 1.0);
        }
        is_new
    }

    /// It refused though we kept to what it announced.
    pub(super) fn doubt(&mut self) {
        self.is_doubtful = true;
    }

    /// How many requests are left now: `ours`, by our own count, unless the evidence contradicts it.
    pub(super) fn weigh(&mut self, ours: f64, evidence: Evidence) -> f64 {
        let Some(pace) = self.pace() else { return ours };
        let Evidence { remaining, after, age, .. } = evidence;
        let flowed = age.as_secs_f64() * pace.per_second;
        // No more can be left than this: what is told is rounded down.
        self.is_doubtful |= ours > remaining + 1.0 + flowed;
        if self.is_doubtful {
            // Then its word counts, and only downwards: what is left is not ours alone.
            return ours.min(remaining + flowed - after).max(0.0);
        }
        ours.max(evidence.least()).min(pace.burst)
    }
}

impl Evidence {
    /// So many are left at least, if nobody else uses the tenant.
    pub(super) fn least(self) -> f64 {
        (self.remaining - self.unseen).max(0.0)
    }
}
