//! What is known of a tenant's limits, and what follows from it for the next request.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::{Bucket, Pace};
use super::learning::Learning;
use super::places::Places;
use crate::engine::clock::later;
use crate::engine::event::{Announced, Gate, Limits, RateSource};
use crate::engine::options::Bounds;

/// The span over which sent requests are counted.
const MEASURED_OVER: Duration = Duration::from_secs(1);

/// Plain data that is whole between any two statements.
#[derive(Debug)]
pub(super) struct State {
    pub(super) places: Places,
    /// Requests that wait for the gate or the rate.
    pub(super) pacing: u32,
    /// How many of the next requests start spread out.
    pub(super) spread: u32,
    /// The longest `Retry-After` that is waited out.
    pub(super) max_wait: Duration,
    /// Our own bound, requests a second.
    rate: Option<f64>,
    gate: Option<Gate>,
    announced: Option<Announced>,
    /// What is left of an announced window whose length was not announced.
    left: Option<(f64, Instant)>,
    learning: Learning,
    /// The service's bucket, announced or learned.
    service: Bucket,
    /// The same for our own bound, which no reply moves.
    own: Bucket,
    sent: VecDeque<Instant>,
    throttled: u64,
}

/// What may become of the next request.
pub(super) enum Next {
    Go,
    /// The rate allows it then.
    At(Instant),
    /// The service does not want to be asked before.
    Closed(Instant),
}

impl State {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            places: Places::new(bounds.concurrency),
            pacing: 0,
            spread: 0,
            max_wait: bounds.max_wait,
            rate: bounds.rate,
            gate: None,
            announced: None,
            left: None,
            learning: Learning::default(),
            service: Bucket::default(),
            own: Bucket::default(),
            sent: VecDeque::new(),
            throttled: 0,
        }
    }

    /// When the gate opens, where it is closed.
    pub(super) fn closed(&mut self, now: Instant) -> Option<Instant> {
        self.gate.take_if(|gate| gate.until <= now);
        self.gate.as_ref().map(|gate| gate.until)
    }

    pub(super) fn next(&mut self, now: Instant) -> Next {
        if let Some(until) = self.closed(now) {
            return Next::Closed(until);
        }
        if let Some((left, reset)) = self.left {
            if now >= reset {
                self.left = None;
            } else if left < 1.0 {
                return Next::Closed(reset);
            }
        }
        let service = self.of_the_service(now).and_then(|pace| self.service.earliest(pace, now));
        let own = self.configured().and_then(|pace| self.own.earliest(pace, now));
        match service.max(own) {
            Some(earliest) if now < earliest => Next::At(earliest),
            _ => Next::Go,
        }
    }

    /// A request goes out that counts against the rate.
    pub(super) fn send(&mut self, now: Instant) {
        if let Some(pace) = self.of_the_service(now) {
            self.service.take(pace, now);
        }
        if let Some(pace) = self.configured() {
            self.own.take(pace, now);
        }
        if let Some((left, _)) = &mut self.left {
            *left -= 1.0;
        }
        self.count(now);
        self.learning.press(now);
    }

    /// A request goes out.
    pub(super) fn count(&mut self, now: Instant) {
        self.sent.push_back(now);
        self.forget(now);
    }

    /// A 429 that asks for a wait.
    pub(super) fn throttled(&mut self, wait: Duration, now: Instant) {
        self.throttled += 1;
        // Requests that were under way when the gate closed say one thing: they were not taken either.
        let first = self.gate.as_ref().is_none_or(|gate| gate.until <= now);
        if first {
            self.places.narrow();
        }
        self.learning.refused(first, now);
        // A limit that is announced needs no learning.
        if self.announced.is_none_or(|a| a.limit.is_none() || a.window.is_none())
            && let Some(opens) = self.learning.learn(wait)
        {
            self.service.fill_at(opens);
        }
    }

    /// Closes the gate; one that is closed for longer stays as it is.
    pub(super) fn close(&mut self, until: Instant, said: String) {
        if self.gate.as_ref().is_none_or(|gate| gate.until < until) {
            self.gate = Some(Gate { until, said });
        }
        self.spread = self.places.most();
    }

    /// Takes note of what a reply announces.
    pub(super) fn announce(&mut self, announced: Announced, now: Instant) {
        self.announced = Some(announced);
        // Requests under way may not be counted in what the service says remains; ours is.
        let unseen = f64::from(self.places.taken().saturating_sub(1));
        let Some(remaining) = announced.remaining else { return };
        match self.of_the_service(now) {
            Some(pace) if pace.source == RateSource::Announced => {
                let tokens = self.service.tokens(pace, now).min((remaining - unseen).max(0.0));
                self.service.set(pace, tokens, now);
            }
            _ if announced.window.is_none() => {
                self.left = announced.reset.map(|reset| ((remaining - unseen).max(0.0), reset));
            }
            _ => {}
        }
    }

    /// Other bounds.
    pub(super) fn set_bounds(&mut self, concurrency: u32, rate: Option<f64>, now: Instant) {
        self.places.set_most(concurrency);
        self.rate = rate;
        // What was owed at the old rate is owed at the new one for one request at most.
        let most = self.configured().map(|pace| later(now, pace.interval()));
        self.own.forgive(most);
    }

    /// Where it all stands.
    pub(super) fn snapshot(&mut self, now: Instant) -> Limits {
        self.forget(now);
        let paces = self.configured().into_iter().chain(self.of_the_service(now));
        let strictest = paces.min_by(|a, b| a.per_second.total_cmp(&b.per_second));
        let bucket = |pace: Pace| match pace.source {
            RateSource::Configured => self.own,
            _ => self.service,
        };
        Limits {
            at: now,
            in_flight: self.places.taken(),
            waiting: self.pacing + self.places.waiting(),
            window: self.places.open(),
            concurrency: self.places.most(),
            rate: strictest.map(|pace| pace.per_second),
            source: strictest.map_or(RateSource::Unknown, |pace| pace.source),
            configured: self.rate,
            announced: self.announced,
            learned: self.learning.ceiling(now),
            bucket: strictest.map(|pace| (bucket(pace).tokens(pace, now), pace.burst)),
            measured: self.sent.len() as f64 / MEASURED_OVER.as_secs_f64(),
            gate: self.gate.clone(),
            throttled: self.throttled,
        }
    }

    fn configured(&self) -> Option<Pace> {
        self.rate.map(|rate| Pace { per_second: rate, burst: 1.0, source: RateSource::Configured })
    }

    /// What the service's limit is known to be.
    fn of_the_service(&self, now: Instant) -> Option<Pace> {
        let announced = self.announced.and_then(|a| {
            let (limit, window) = (a.limit?, a.window?);
            let per_second = limit / window.as_secs_f64();
            (per_second > 0.0).then_some(Pace {
                per_second,
                burst: limit.max(1.0),
                source: RateSource::Announced,
            })
        });
        let paces = announced.into_iter().chain(self.learning.pace(now));
        paces.min_by(|a, b| a.per_second.total_cmp(&b.per_second))
    }

    fn forget(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|at| now.saturating_duration_since(*at) >= MEASURED_OVER) {
            self.sent.pop_front();
        }
    }
}
