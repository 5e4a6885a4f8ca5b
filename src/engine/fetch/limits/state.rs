//! What is known of a tenant's limits, and what follows from it for the next request.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::air::{Air, Sent};
use super::announced::{Announcements, Evidence};
use super::bucket::{Bucket, Pace};
use super::learning::Learning;
use super::places::Places;
use crate::engine::clock::later;
use crate::engine::event::{Announced, Gate, Limits, RateSource};
use crate::engine::options::Bounds;

/// The span over which sent requests are counted.
const MEASURED_OVER: Duration = Duration::from_secs(1);

/// Until it is known how fast the service lets us, no more than this many requests a second are aimed at: what goes out
/// before the first refusal is back is refused too. From 20 ms on that is five side by side, below 4 ms one.
const UNKNOWN_RATE: f64 = 250.0;

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
    air: Air,
    announced: Announcements,
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
            air: Air::default(),
            announced: Announcements::default(),
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
        let service = self.of_the_service(now);
        let known = service.is_some() || self.rate.is_some() || self.left.is_some();
        let room = if known || self.learning.is_tried() { None } else { self.air.room_at(UNKNOWN_RATE) };
        let service = service.and_then(|pace| self.service.earliest(pace, self.beside(pace), now));
        let own = self.configured().and_then(|pace| self.own.earliest(pace, 0, now));
        match service.max(own).max(room) {
            Some(earliest) if now < earliest => Next::At(earliest),
            _ => Next::Go,
        }
    }

    /// A request goes out that counts against the rate.
    pub(super) fn send(&mut self, now: Instant) -> Sent {
        if let Some(pace) = self.of_the_service(now) {
            self.service.take(pace, self.beside(pace), now);
        }
        if let Some(pace) = self.configured() {
            self.own.take(pace, 0, now);
        }
        if let Some((left, _)) = &mut self.left {
            *left -= 1.0;
        }
        self.count(now);
        self.learning.press(now);
        self.air.launch(now)
    }

    /// A request goes out.
    pub(super) fn count(&mut self, now: Instant) -> Sent {
        self.sent.push_back(now);
        self.forget(now);
        self.air.look(now)
    }

    /// A request was answered well.
    pub(super) fn answered(&mut self, sent: Sent, now: Instant) {
        self.air.answered(sent, now);
        self.land(sent, now);
    }

    /// A request is over, however it went.
    pub(super) fn land(&mut self, sent: Sent, now: Instant) {
        if let Some(pace) = self.of_the_service(now) {
            self.service.settle(pace, self.beside(pace), now);
        }
        self.air.land(sent);
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
        if self.announced.pace().is_some() {
            self.announced.doubt();
        } else if let Some(opens) = self.learning.learn(wait) {
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

    /// Takes note of what the reply to a request announces.
    pub(super) fn announce(&mut self, sent: Sent, announced: Announced, now: Instant) {
        let ours = self.of_the_service(now).map(|pace| self.service.tokens(pace, self.beside(pace), now));
        let is_new = self.announced.note(announced);
        let Some(remaining) = announced.remaining else { return };
        let evidence = Evidence {
            remaining,
            unseen: self.air.overlapping(sent),
            after: self.air.after(sent),
            age: now.saturating_duration_since(sent.at),
        };
        match self.of_the_service(now) {
            Some(pace) if pace.source == RateSource::Announced => {
                let ours = ours.filter(|_| !is_new).unwrap_or_else(|| evidence.least());
                self.service.set(pace, self.announced.weigh(ours, evidence), now);
            }
            _ if announced.window.is_none() => {
                self.left = announced.reset.map(|reset| (evidence.least(), reset));
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
            announced: self.announced.last(),
            learned: self.learning.ceiling(now),
            bucket: strictest.map(|pace| (bucket(pace).tokens(pace, self.beside(pace), now), pace.burst)),
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
        let paces = self.announced.pace().into_iter().chain(self.learning.pace(now));
        paces.min_by(|a, b| a.per_second.total_cmp(&b.per_second))
    }

    /// How many requests in the air count as not yet taken out of the bucket: where a limit is announced, nothing is
    /// refused, and so nothing is left to chance.
    fn beside(&self, pace: Pace) -> usize {
        if pace.source == RateSource::Announced { self.air.len() } else { 0 }
    }

    fn forget(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|at| now.saturating_duration_since(*at) >= MEASURED_OVER) {
            self.sent.pop_front();
        }
    }
}
