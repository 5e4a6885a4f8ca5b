//! Requests that were sent and are not answered yet.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::clock::later;

/// Answers whose latency is remembered; the middle one counts, so that a slow first one does not for long.
const RECENT: usize = 3;

/// What is in the air.
#[derive(Debug, Default)]
pub(super) struct Air {
    /// By number, the oldest first.
    flights: VecDeque<(u64, Instant)>,
    /// Requests sent so far.
    sent: u64,
    latencies: VecDeque<Duration>,
}

/// One request in the air, or one that the service does not count against its rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// Requests sent so far, this one included where it counts.
    pub(super) number: u64,
    pub(super) at: Instant,
    /// How many others were in the air then.
    pub(super) beside: usize,
}

impl Air {
    /// A request goes out that counts.
    pub(super) fn launch(&mut self, now: Instant) -> Sent {
        self.sent += 1;
        let sent = self.look(now);
        self.flights.push_back((sent.number, now));
        sent
    }

    /// A request goes out that does not count.
    pub(super) fn look(&self, now: Instant) -> Sent {
        Sent { number: self.sent, at: now, beside: self.flights.len() }
    }

    /// How many are in the air.
    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }

    /// How many were sent after that one.
    pub(super) fn after(&self, sent: Sent) -> f64 {
        (self.sent - sent.number) as f64
    }

    /// How many may have reached the service after that one did, for all that is known.
    pub(super) fn overlapping(&self, sent: Sent) -> f64 {
        sent.beside as f64 + self.after(sent)
    }

    /// It was answered well.
    pub(super) fn answered(&mut self, sent: Sent, now: Instant) {
        self.latencies.push_back(now.saturating_duration_since(sent.at));
        if self.latencies.len() > RECENT {
            self.latencies.pop_front();
        }
    }

    /// It is over, however it went.
    pub(super) fn land(&mut self, sent: Sent) {
        self.flights.retain(|(number, _)| *number != sent.number);
    }

    /// When another may go so that no more than `per_second` are answered: by Little's law, that times the latency
    /// may be in the air. An answer that is still owed takes as long as it has taken at least. None: at any time.
    pub(super) fn room_at(&self, per_second: f64) -> Option<Instant> {
        let (_, oldest) = self.flights.front()?;
        let mut latencies: Vec<_> = self.latencies.iter().copied().collect();
        latencies.sort_unstable();
        let latency = *latencies.get(latencies.len() / 2)?;
        let needed = Duration::from_secs_f64((self.flights.len() as f64 + 0.5) / per_second);
        (latency < needed).then(|| later(*oldest, needed))
    }
}
