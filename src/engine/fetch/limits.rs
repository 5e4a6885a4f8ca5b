//! When a request may go: one object per tenant that everything passes through.
//!
//! ```text
//!   slot()                       pace()
//! ─ fair queue ─► one of `window` ─ turnstile ─► gate open? ─► bucket has one? ─► send
//!                 places (AIMD)                  (429s set it)  (GCRA, or what is left of a window)
//! ```
//!
//! `places` has the queue and AIMD, `bucket` the rate, `learning` what refusals teach; `state` puts them together,
//! plain data behind one short lock, and decides. Here is who waits. [`Limiter::snapshot`] is what the screen draws.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use self::air::Sent;
use self::state::{Next, State};
use crate::engine::chance::Chance;
use crate::engine::clock::{Clock, later};
use crate::engine::event::{Announced, Limits};
use crate::engine::options::Bounds;

mod air;
mod announced;
mod bucket;
mod learning;
mod places;
mod state;
#[cfg(test)]
mod tests;

/// After a gate opens, requests start at most this far apart, so that they do not stampede.
const START_SPREAD: Duration = Duration::from_millis(40);

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

/// A place among the requests under way; dropping it gives the place to the next in the queue.
#[derive(Debug)]
pub struct Slot(Option<Arc<Shared>>);

/// A request on its way; to be dropped when it is over, however it went, and whatever its reply asks for is done.
#[derive(Debug)]
pub struct Flight {
    shared: Arc<Shared>,
    sent: Sent,
    /// Whether it is in the air still, and counts against the rate.
    lands: bool,
}

/// What became of waiting for one's turn.
#[derive(Debug)]
pub enum Turn {
    /// The request may go and is counted as sent.
    Now(Flight),
    /// It was no longer ready; nothing was counted.
    Late,
    /// The bound was lowered meanwhile and there are too many places given out: this one goes back.
    Crowded,
}

impl Limiter {
    /// A limiter with everything open.
    pub fn new(bounds: Bounds, clock: Clock, chance: Chance) -> Self {
        Self(Arc::new(Shared {
            clock,
            chance,
            state: Mutex::new(State::new(bounds)),
            turnstile: tokio::sync::Mutex::new(()),
            wake: Notify::new(),
            changed: Notify::new(),
        }))
    }

    /// Waits for one of the places side by side, first come, first served.
    pub async fn slot(&self) -> Slot {
        let queued = self.0.lock().places.take();
        self.0.changed.notify_one();
        let Some(receiver) = queued else { return Slot(Some(self.0.clone())) };
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
    pub async fn gate(&self) -> Result<Flight, Duration> {
        let _waiting = Waiting::new(&self.0);
        let sent = loop {
            let until = {
                let now = self.0.clock.now();
                let mut state = self.0.lock();
                match state.closed(now) {
                    Some(until) if until - now > state.max_wait => return Err(until - now),
                    Some(until) => until,
                    None => break state.count(now),
                }
            };
            self.0.clock.sleep_until(until).await;
        };
        self.0.changed.notify_one();
        Ok(Flight { shared: self.0.clone(), sent, lands: false })
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
        let sent = loop {
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
                    Next::Closed(until) if until - now > state.max_wait => return Err(until - now),
                    next => next,
                };
                if matches!(next, Next::Go) {
                    if state.places.is_crowded() {
                        return Ok(Turn::Crowded);
                    }
                    if !ready() {
                        return Ok(Turn::Late);
                    }
                    break state.send(now);
                }
                next
            };
            match next {
                Next::Go => {}
                Next::At(at) | Next::Closed(at) => tokio::select! {
                    () = self.0.clock.sleep_until(at) => {}
                    () = woken => {}
                },
            }
        };
        self.0.changed.notify_one();
        Ok(Turn::Now(Flight { shared: self.0.clone(), sent, lands: true }))
    }

    /// A 429: nobody sends for `wait`, and fewer go side by side from now on.
    pub fn throttled(&self, wait: Duration, said: String) {
        self.0.lock().throttled(wait, self.0.clock.now());
        self.close(wait, said);
    }

    /// Nobody sends for `wait`; a gate that is closed for longer stays as it is.
    pub fn close(&self, wait: Duration, said: String) {
        let until = later(self.0.clock.now(), wait);
        self.0.lock().close(until, said);
        self.0.changed.notify_one();
    }

    /// Changes the bounds while requests are under way.
    pub fn set_bounds(&self, concurrency: u32, rate: Option<f64>) {
        let mut state = self.0.lock();
        state.set_bounds(concurrency, rate, self.0.clock.now());
        let granted = state.places.grant();
        drop(state);
        self.0.hand_out(granted);
        self.0.wake.notify_waiters();
        self.0.changed.notify_one();
    }

    /// The most that may go side by side now, however few the service takes.
    pub fn concurrency(&self) -> u32 {
        self.0.lock().places.most()
    }

    /// The longest `Retry-After` that is waited out.
    pub fn max_wait(&self) -> Duration {
        self.0.lock().max_wait
    }

    /// Where the limits stand now.
    pub fn snapshot(&self) -> Limits {
        self.0.lock().snapshot(self.0.clock.now())
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

impl Flight {
    /// A reply came: takes note of what it announces, and opens the window a little if it was a success.
    pub fn answered(&mut self, announced: Option<Announced>, success: bool) {
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        if let Some(announced) = announced {
            state.announce(self.sent, announced, now);
        }
        if success {
            state.places.widen();
            if std::mem::take(&mut self.lands) {
                state.answered(self.sent, now);
            }
        }
        let granted = state.places.grant();
        drop(state);
        self.shared.hand_out(granted);
        self.shared.wake.notify_waiters();
        self.shared.changed.notify_one();
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.lands {
            self.shared.lock().land(self.sent, self.shared.clock.now());
            self.shared.wake.notify_waiters();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(shared) = self.0.take() else { return };
        let granted = {
            let mut state = shared.lock();
            state.places.leave();
            state.places.grant()
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
