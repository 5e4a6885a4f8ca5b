//! When a request may go: one object per tenant that everything passes through.
//!
//! ```text
//!   slot()                       pace()
//! ─ fair queue ─► one of `window` ─ turnstile ─► gate open? ─► bucket has one? ─► send
//!                 places (AIMD)                  (429s set it)  (GCRA, or what is left of a window)
//! ```
//!
//! State is plain data behind one short lock; [`Limiter::snapshot`] is what the screen draws.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::engine::chance::Chance;
use crate::engine::clock::{Clock, later};
use crate::engine::event::{Announced, Gate, Limits, RateSource};
use crate::engine::options::Bounds;

/// The span over which sent requests are counted.
const MEASURED_OVER: Duration = Duration::from_secs(1);
/// After a gate opens, requests start at most this far apart, so that they do not stampede.
const START_SPREAD: Duration = Duration::from_millis(40);

/// What is measured is taken a little lower.
const JUST_UNDER: f64 = 0.995;
/// Of a ceiling that proved too high, this share is kept.
const BACK_OFF: f64 = 0.85;
/// After so long without a request the service's bucket counts as full again.
const IDLE: Duration = Duration::from_secs(5);

/// Decides when a request of this tenant may go. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Limiter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    chance: Chance,
    state: Mutex<State>,
    /// One at a time asks the bucket; tokio's mutex is fair, so they go in order.
    turnstile: tokio::sync::Mutex<()>,
    /// Bounds or announcements changed: whoever sleeps looks again.
    wake: Notify,
    /// The snapshot is out of date.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    bounds: Bounds,
    in_flight: u32,
    /// Places, as AIMD has them; between 1 and `bounds.concurrency`.
    window: f64,
    queue: VecDeque<oneshot::Sender<Slot>>,
    pacing: u32,
    gate: Option<Gate>,
    /// How many of the next requests start spread out.
    spread: u32,
    announced: Option<Announced>,
    /// What is left of an announced window whose length was not announced.
    left: Option<(f64, Instant)>,
    learned: Option<Learned>,
    /// Requests that the service took since its bucket was full or empty, for learning.
    pressed: Option<Pressed>,
    /// What the last 429 was learned from; refusals that were on their way then still belong to it.
    lesson: Option<Lesson>,
    /// GCRA's theoretical arrival time at the service's bucket, announced or learned.
    arrival: Option<Instant>,
    /// The same for our own bound, which no reply moves.
    own: Option<Instant>,
    sent: VecDeque<Instant>,
    throttled: u64,
}

/// A place among the requests under way; dropping it gives the place to the next in the queue.
#[derive(Debug)]
pub struct Slot(Option<Arc<Shared>>);

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

/// A rate to keep to.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pace {
    per_second: f64,
    burst: f64,
    source: RateSource,
}

/// What became of waiting for one's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The request may go and is counted as sent.
    Now,
    /// It was no longer ready; nothing was counted.
    Late,
    /// The bound was lowered meanwhile and there are too many places given out: this one goes back.
    Crowded,
}

enum Next {
    Go,
    /// The rate allows it then.
    At(Instant),
    /// The service does not want to be asked before.
    Closed(Instant),
}

impl Limiter {
    /// A limiter with everything open.
    pub fn new(bounds: Bounds, clock: Clock, chance: Chance) -> Self {
        Self(Arc::new(Shared {
            clock,
            chance,
            state: Mutex::new(State {
                bounds,
                in_flight: 0,
                window: f64::from(bounds.concurrency.max(1)),
                queue: VecDeque::new(),
                pacing: 0,
                gate: None,
                spread: 0,
                announced: None,
                learned: None,
                pressed: None,
                lesson: None,
                left: None,
                arrival: None,
                own: None,
                sent: VecDeque::new(),
                throttled: 0,
            }),
            turnstile: tokio::sync::Mutex::new(()),
            wake: Notify::new(),
            changed: Notify::new(),
        }))
    }

    /// Waits for one of the places side by side, first come, first served.
    pub async fn slot(&self) -> Slot {
        let receiver = {
            let mut state = self.0.lock();
            if state.queue.is_empty() && state.in_flight < state.places() {
                state.in_flight += 1;
                drop(state);
                self.0.changed.notify_one();
                return Slot(Some(self.0.clone()));
            }
            let (sender, receiver) = oneshot::channel();
            state.queue.push_back(sender);
            receiver
        };
        self.0.changed.notify_one();
        match receiver.await {
            Ok(slot) => slot,
            // The queue lives as long as the limiter that we hold: nobody drops a sender unsent.
            Err(_) => Slot(None),
        }
    }

    /// Waits until the gate is open, and counts a request that the service does not count against its rate: one
    /// for a token. Behind a slow rate it would bring a token that ends before the next request may go.
    ///
    /// # Errors
    /// As [`pace`](Self::pace).
    pub async fn gate(&self) -> Result<(), Duration> {
        let _waiting = Waiting::new(&self.0);
        loop {
            let until = {
                let now = self.0.clock.now();
                let mut state = self.0.lock();
                match state.closed(now) {
                    Some(until) if until - now > state.bounds.max_wait => return Err(until - now),
                    Some(until) => until,
                    None => {
                        state.count(now);
                        break;
                    }
                }
            };
            self.0.clock.sleep_until(until).await;
        }
        self.0.changed.notify_one();
        Ok(())
    }

    /// Waits until the gate is open and the rate allows a request, and counts it as sent if it is still `ready`.
    ///
    /// # Errors
    /// How long the service wants to be left alone, where that is longer than [`Bounds::max_wait`]; nothing was
    /// counted then.
    pub async fn pace(&self, ready: impl Fn() -> bool) -> Result<Turn, Duration> {
        let _waiting = Waiting::new(&self.0);
        let _turn = self.0.turnstile.lock().await;
        let mut start = None;
        loop {
            let woken = self.0.wake.notified();
            let next = {
                let now = self.0.clock.now();
                let mut state = self.0.lock();
                let next = match state.next(now) {
                    // Holding the turnstile keeps the others behind: they start one after the other.
                    Next::Go if state.spread > 0 && start.is_none() => {
                        state.spread -= 1;
                        let at = later(now, START_SPREAD.mul_f64(self.0.chance.unit()));
                        start = Some(at);
                        Next::At(at)
                    }
                    // Something changed meanwhile: that is no reason to start early.
                    Next::Go if let Some(at) = start.filter(|at| now < *at) => Next::At(at),
                    Next::Closed(until) if until - now > state.bounds.max_wait => return Err(until - now),
                    next => next,
                };
                if matches!(next, Next::Go) {
                    if state.in_flight > state.bounds.concurrency {
                        return Ok(Turn::Crowded);
                    }
                    if !ready() {
                        return Ok(Turn::Late);
                    }
                    state.send(now);
                    state.press(now);
                }
                next
            };
            match next {
                Next::Go => break,
                Next::At(at) | Next::Closed(at) => tokio::select! {
                    () = self.0.clock.sleep_until(at) => {}
                    () = woken => {}
                },
            }
        }
        self.0.changed.notify_one();
        Ok(Turn::Now)
    }

    /// A 429: nobody sends for `wait`, and fewer go side by side from now on.
    pub fn throttled(&self, wait: Duration, said: String) {
        let now = self.0.clock.now();
        let mut state = self.0.lock();
        state.throttled += 1;
        // Requests that were under way when the gate closed say one thing: they were not taken either.
        if state.gate.as_ref().is_none_or(|gate| gate.until <= now) {
            state.window = (state.window / 2.0).max(1.0);
            state.lesson = state.pressed.map(|pressed| Lesson { pressed, at: now, before: state.learned });
            state.pressed =
                state.pressed.map(|_| Pressed { from: now, last: now, taken: 0.0, from_empty: true });
        }
        if let Some(lesson) = &mut state.lesson {
            lesson.pressed.taken -= 1.0;
        }
        state.learn(wait);
        drop(state);
        self.close(wait, said);
    }

    /// Nobody sends for `wait`; a gate that is closed for longer stays as it is.
    pub fn close(&self, wait: Duration, said: String) {
        let until = later(self.0.clock.now(), wait);
        let mut state = self.0.lock();
        if state.gate.as_ref().is_none_or(|gate| gate.until < until) {
            state.gate = Some(Gate { until, said });
        }
        state.spread = state.bounds.concurrency;
        drop(state);
        self.0.changed.notify_one();
    }

    /// An answer came: takes note of what it announces, and opens the window a little if it was a success.
    pub fn answered(&self, announced: Option<Announced>, success: bool) {
        let now = self.0.clock.now();
        let mut state = self.0.lock();
        if let Some(announced) = announced {
            state.announce(announced, now);
        }
        if success {
            let most = f64::from(state.bounds.concurrency.max(1));
            state.window = (state.window + 1.0 / state.window).min(most);
        }
        let granted = state.grant();
        drop(state);
        self.0.hand_out(granted);
        self.0.wake.notify_waiters();
        self.0.changed.notify_one();
    }

    /// Changes the bounds while requests are under way.
    pub fn set_bounds(&self, concurrency: u32, rate: Option<f64>) {
        let mut state = self.0.lock();
        let before = state.bounds.concurrency.max(1);
        state.bounds.concurrency = concurrency.max(1);
        state.bounds.rate = rate;
        // What was owed at the old rate is owed at the new one for one request at most.
        let now = self.0.clock.now();
        let most = state.configured().map(|pace| later(now, pace.interval()));
        state.own = state.own.zip(most).map(|(own, most)| own.min(most));
        // What 429s took from the window only success gives back: another bound is no reason to press on.
        let raised = state.bounds.concurrency.saturating_sub(before);
        state.window = (state.window + f64::from(raised)).min(f64::from(state.bounds.concurrency));
        let granted = state.grant();
        drop(state);
        self.0.hand_out(granted);
        self.0.wake.notify_waiters();
        self.0.changed.notify_one();
    }

    /// The most that may go side by side now, however few the service takes.
    pub fn concurrency(&self) -> u32 {
        self.0.lock().bounds.concurrency.max(1)
    }

    /// The longest `Retry-After` that is waited out.
    pub fn max_wait(&self) -> Duration {
        self.0.lock().bounds.max_wait
    }

    /// Where the limits stand now.
    pub fn snapshot(&self) -> Limits {
        let now = self.0.clock.now();
        let mut state = self.0.lock();
        state.forget(now);
        let pace = state.pace(now);
        Limits {
            at: now,
            in_flight: state.in_flight,
            waiting: state.pacing + state.queue.len() as u32,
            window: state.places(),
            concurrency: state.bounds.concurrency,
            rate: pace.map(|p| p.per_second),
            source: pace.map_or(RateSource::Unknown, |p| p.source),
            configured: state.bounds.rate,
            announced: state.announced,
            learned: state.learned.map(|l| l.now(now)),
            bucket: pace.map(|p| (state.tokens(p, now), p.burst)),
            measured: state.sent.len() as f64 / MEASURED_OVER.as_secs_f64(),
            gate: state.gate.clone(),
            throttled: state.throttled,
        }
    }

    /// Waits until the snapshot is worth taking again.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain data that is whole between any two statements: a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends places to those who wait for them; outside the lock, since a place that nobody takes any more
    /// comes straight back.
    fn hand_out(self: &Arc<Self>, granted: Vec<oneshot::Sender<Slot>>) {
        for sender in granted {
            drop(sender.send(Slot(Some(self.clone()))));
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(shared) = self.0.take() else { return };
        let granted = {
            let mut state = shared.lock();
            state.in_flight = state.in_flight.saturating_sub(1);
            state.grant()
        };
        shared.hand_out(granted);
        shared.changed.notify_one();
    }
}

/// Counts a request that waits for the rate, also when its future is dropped.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.lock().pacing += 1;
        shared.changed.notify_one();
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().pacing -= 1;
    }
}

impl State {
    fn places(&self) -> u32 {
        (self.window as u32).clamp(1, self.bounds.concurrency.max(1))
    }

    /// Takes as many waiters off the queue as there are free places, and counts them in.
    fn grant(&mut self) -> Vec<oneshot::Sender<Slot>> {
        let mut granted = Vec::new();
        while self.in_flight < self.places() {
            let Some(sender) = self.queue.pop_front() else { break };
            if sender.is_closed() {
                continue;
            }
            self.in_flight += 1;
            granted.push(sender);
        }
        granted
    }

    /// The strictest rate that is known.
    fn pace(&self, now: Instant) -> Option<Pace> {
        let paces = self.configured().into_iter().chain(self.of_the_service(now));
        paces.min_by(|a, b| a.per_second.total_cmp(&b.per_second))
    }

    fn configured(&self) -> Option<Pace> {
        self.bounds.rate.map(|r| Pace { per_second: r, burst: 1.0, source: RateSource::Configured })
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
        let learned = self.learned.map(|l| Pace {
            per_second: l.now(now),
            burst: l.burst.max(1.0),
            source: RateSource::Learned,
        });
        announced.into_iter().chain(learned).min_by(|a, b| a.per_second.total_cmp(&b.per_second))
    }

    /// When the gate opens, where it is closed.
    fn closed(&mut self, now: Instant) -> Option<Instant> {
        self.gate.take_if(|gate| gate.until <= now);
        self.gate.as_ref().map(|gate| gate.until)
    }

    fn next(&mut self, now: Instant) -> Next {
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
        let earliest =
            |(pace, arrival): (Pace, Instant)| arrival.checked_sub(pace.tolerance()).unwrap_or(now);
        let service = self.of_the_service(now).zip(self.arrival).map(earliest);
        match service.max(self.configured().zip(self.own).map(earliest)) {
            Some(earliest) if now < earliest => Next::At(earliest),
            _ => Next::Go,
        }
    }

    fn send(&mut self, now: Instant) {
        let next = |arrival: Option<Instant>, pace: Pace| {
            Some(later(arrival.unwrap_or(now).max(now), pace.interval()))
        };
        if let Some(pace) = self.of_the_service(now) {
            self.arrival = next(self.arrival, pace);
        }
        if let Some(pace) = self.configured() {
            self.own = next(self.own, pace);
        }
        if let Some((left, _)) = &mut self.left {
            *left -= 1.0;
        }
        self.count(now);
    }

    fn count(&mut self, now: Instant) {
        self.sent.push_back(now);
        self.forget(now);
    }

    /// Counts a request as taken by the service, until it says otherwise.
    fn press(&mut self, now: Instant) {
        let fresh = Pressed { from: now, last: now, taken: 0.0, from_empty: false };
        let pressed = self.pressed.get_or_insert(fresh);
        if now.saturating_duration_since(pressed.last) > IDLE {
            *pressed = fresh;
        }
        pressed.last = now;
        pressed.taken += 1.0;
    }

    /// The service's bucket is empty, and `wait` from now there will be something in it again.
    ///
    /// Between two empty moments it took exactly what flowed in: that is the rate. The first time it was full
    /// before; then a bucket of about what flows in during the wait is assumed, which gives a lower bound, and
    /// the ceiling creeps up from there. A limit that is announced needs no learning.
    fn learn(&mut self, wait: Duration) {
        let Some(Lesson { pressed, at, before }) = self.lesson else { return };
        let taken = pressed.taken.max(1.0);
        let mut over = at.saturating_duration_since(pressed.from);
        if !pressed.from_empty {
            over += wait;
        }
        if self.announced.is_some_and(|a| a.limit.is_some() && a.window.is_some()) {
            return;
        }
        let over = over.as_secs_f64().max(0.001);
        let mut rate = roundest(taken / over, (taken + 1.0) / over);
        // Slow enough that it takes some hundred requests to find out that a good ceiling is too high, and the
        // faster, the fewer requests say so: the service may only have been overloaded for a moment.
        let mut creep = match (taken * taken, pressed.from_empty) {
            (sure, true) => (rate / 20_000.0).max(0.05 / sure),
            (sure, false) => 0.2 / sure,
        };
        // A ceiling that crept up for long left the bucket full most of the time: then what was taken says
        // little, and what was tried last says more.
        if let Some(tried) = before.map(|l| l.now(at) * BACK_OFF).filter(|tried| *tried > rate) {
            (rate, creep) = (tried, 0.002);
        }
        let opens = later(at, wait);
        self.learned = Some(Learned {
            per_second: rate * JUST_UNDER,
            // Half a request is left for what is under way and for clocks that differ.
            burst: (rate * wait.as_secs_f64() - 0.5).clamp(1.0, taken.max(1.0)),
            creep: creep.clamp(0.000_1, 0.25),
            from: opens,
        });
        // Full when the gate opens.
        self.arrival = Some(opens);
    }

    fn announce(&mut self, announced: Announced, now: Instant) {
        self.announced = Some(announced);
        // Requests under way may not be counted in what the service says remains; ours is.
        let unseen = f64::from(self.in_flight.saturating_sub(1));
        let Some(remaining) = announced.remaining else { return };
        match self.of_the_service(now) {
            Some(pace) if pace.source == RateSource::Announced => {
                let tokens = self.tokens(pace, now).min((remaining - unseen).max(0.0));
                self.arrival = Some(later(now, pace.interval().mul_f64(pace.burst - tokens)));
            }
            _ if announced.window.is_none() => {
                self.left = announced.reset.map(|reset| ((remaining - unseen).max(0.0), reset));
            }
            _ => {}
        }
    }

    /// Requests that could go out at once.
    fn tokens(&self, pace: Pace, now: Instant) -> f64 {
        let arrival = if pace.source == RateSource::Configured { self.own } else { self.arrival };
        let owed = arrival.map_or(Duration::ZERO, |a| a.saturating_duration_since(now));
        (pace.burst - owed.as_secs_f64() * pace.per_second).clamp(0.0, pace.burst)
    }

    fn forget(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|at| now.saturating_duration_since(*at) >= MEASURED_OVER) {
            self.sent.pop_front();
        }
    }
}

/// The roundest number from `low` up to, not including, `high`: limits are set by people.
fn roundest(low: f64, high: f64) -> f64 {
    let steps = [1_000.0, 500.0, 100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.25, 0.1, 0.05];
    let inside = |step: f64| Some((low / step).ceil() * step).filter(|n| *n < high && *n > 0.0);
    steps.into_iter().find_map(inside).unwrap_or(low)
}

impl Learned {
    /// The ceiling at a moment: it creeps up.
    fn now(self, now: Instant) -> f64 {
        let age = now.saturating_duration_since(self.from).as_secs_f64();
        self.per_second * (1.0 + self.creep).powf(age.min(3600.0))
    }
}

impl Pace {
    fn interval(self) -> Duration {
        Duration::try_from_secs_f64(1.0 / self.per_second).unwrap_or(Duration::from_secs(3600))
    }

    /// How far ahead of the steady rate a burst may run.
    fn tolerance(self) -> Duration {
        self.interval().mul_f64((self.burst - 1.0).max(0.0))
    }
}

#[cfg(test)]
mod tests;
