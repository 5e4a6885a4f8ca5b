//! The ceiling of a service that does not announce one, learned from what it refuses.

use std::time::Duration;

use tokio::time::Instant;

use super::bucket::Pace;
use crate::engine::clock::later;
use crate::engine::event::RateSource;

/// What is measured is taken a little lower.
const JUST_UNDER: f64 = 0.995;
/// Of a ceiling that proved too high, this share is kept.
const BACK_OFF: f64 = 0.85;
/// After so long without a request the service's bucket counts as full again.
const IDLE: Duration = Duration::from_secs(5);

/// A ceiling rises by no more than this share of itself a second.
const MOST_CREEP: f64 = 0.25;

/// A service that took so many requests in one stretch is tried: its limit, if it has one, is a large one.
const TRIED: f64 = 64.0;

/// What was sent lately and what refusals taught.
#[derive(Debug, Default)]
pub(super) struct Learning {
    learned: Option<Learned>,
    /// Requests that the service took since its bucket was full or empty.
    pressed: Option<Pressed>,
    /// What the last 429 was learned from; refusals that were on their way then still belong to it.
    lesson: Option<Lesson>,
    is_tried: bool,
}

/// A ceiling that a 429 taught.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Learned {
    per_second: f64,
    /// What came back into the service's bucket while the gate was closed.
    burst: f64,
    /// It rises by this share of itself every second: the fewer requests taught it, the faster.
    creep: f64,
    from: Instant,
}

/// A stretch of pressing on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pressed {
    /// When it began.
    from: Instant,
    /// The last request.
    last: Instant,
    /// Requests sent and not refused.
    taken: f64,
    /// Whether the service's bucket was empty when it began (after a 429), or full.
    from_empty: bool,
}

/// What a 429 is learned from.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Lesson {
    /// The requests that led to it.
    pressed: Pressed,
    /// When it came.
    at: Instant,
    /// What was known before.
    before: Option<Learned>,
}

impl Learning {
    /// The ceiling, requests a second.
    pub(super) fn ceiling(&self, now: Instant) -> Option<f64> {
        self.learned.map(|learned| learned.now(now))
    }

    /// The rate to keep to.
    pub(super) fn pace(&self, now: Instant) -> Option<Pace> {
        self.learned.map(|learned| Pace {
            per_second: learned.now(now),
            burst: learned.burst.max(1.0),
            source: RateSource::Learned,
        })
    }

    /// Counts a request as taken by the service, until it says otherwise.
    pub(super) fn press(&mut self, now: Instant) {
        let fresh = Pressed { from: now, last: now, taken: 0.0, from_empty: false };
        let pressed = self.pressed.get_or_insert(fresh);
        if now.saturating_duration_since(pressed.last) > IDLE {
            *pressed = fresh;
        }
        pressed.last = now;
        pressed.taken += 1.0;
        self.is_tried |= pressed.taken >= TRIED;
    }

    /// Whether the service took many requests in one stretch once.
    pub(super) fn is_tried(&self) -> bool {
        self.is_tried
    }

    /// A refusal, the first after a stretch of pressing on or one that was under way with it.
    pub(super) fn refused(&mut self, first: bool, now: Instant) {
        if first {
            self.lesson = self.pressed.map(|pressed| Lesson { pressed, at: now, before: self.learned });
            self.pressed =
                self.pressed.map(|_| Pressed { from: now, last: now, taken: 0.0, from_empty: true });
        }
        if let Some(lesson) = &mut self.lesson {
            lesson.pressed.taken -= 1.0;
        }
    }

    /// The service's bucket is empty, and `wait` from now there will be something in it again: says when, where
    /// that teaches a ceiling.
    ///
    /// Between two empty moments it took exactly what flowed in: that is the rate. The first time it was full
    /// before; then a bucket of about what flows in during the wait is assumed, which gives a lower bound, and
    /// the ceiling creeps up from there.
    pub(super) fn learn(&mut self, wait: Duration) -> Option<Instant> {
        let Lesson { pressed, at, before } = self.lesson?;
        let opens = later(at, wait);
        // Refusing the very first request after the wait that it asked for, a service says nothing of its rate, and
        // what was learned before is in doubt: it is left behind as soon as more is taken.
        if let Some(before) = before.filter(|_| pressed.taken < 1.0) {
            let per_second = before.now(at) * BACK_OFF;
            self.learned = Some(Learned { per_second, creep: MOST_CREEP, from: opens, ..before });
            return Some(opens);
        }
        let taken = pressed.taken.max(1.0);
        let mut over = at.saturating_duration_since(pressed.from);
        if !pressed.from_empty {
            over += wait;
        }
        let over = over.as_secs_f64().max(0.001);
        let mut rate = roundest(taken / over, (taken + 1.0) / over);
        // Slow enough that it takes some hundred requests to find out that a good ceiling is too high, and the
        // faster, the fewer requests say so: the service may only have been overloaded for a moment.
        let mut creep = match (taken * taken, pressed.from_empty) {
            (sure, true) => (rate / 20_000.0).max(0.05 / sure),
            // Fewer than four are hardly a sign of anything.
            (sure, false) => 0.2 / sure * (4.0 / taken).max(1.0),
        };
        // A ceiling that crept up for long left the bucket full most of the time: then what was taken says
        // little, and what was tried last says more.
        if let Some(tried) = before.map(|l| l.now(at) * BACK_OFF).filter(|tried| *tried > rate) {
            (rate, creep) = (tried, creep.clamp(0.002, (0.03 / (taken * taken)).max(0.01)));
        }
        self.learned = Some(Learned {
            per_second: rate * JUST_UNDER,
            // Half a request is left for what is under way and for clocks that differ.
            burst: (rate * wait.as_secs_f64() - 0.5).clamp(1.0, taken.max(1.0)),
            creep: creep.clamp(0.000_1, MOST_CREEP),
            from: opens,
        });
        Some(opens)
    }
}

impl Learned {
    /// The ceiling at a moment: it creeps up.
    fn now(self, now: Instant) -> f64 {
        let age = now.saturating_duration_since(self.from).as_secs_f64();
        self.per_second * (1.0 + self.creep).powf(age.min(3600.0))
    }
}

/// The roundest number from `low` up to, not including, `high`: limits are set by people.
fn roundest(low: f64, high: f64) -> f64 {
    let steps = [1_000.0, 500.0, 100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.25, 0.1, 0.05];
    let inside = |step: f64| Some((low / step).ceil() * step).filter(|n| *n < high && *n > 0.0);
    steps.into_iter().find_map(inside).unwrap_or(low)
}
