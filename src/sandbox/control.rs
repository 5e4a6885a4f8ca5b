//! What can be changed, seen and held while the sandbox runs.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::http::{HeaderName, Method, Uri};
use tokio::sync::{Notify, Semaphore};

use super::{Fault, FaultProgress, Rate, clock, limits::Bucket, state::State};

/// A handle on a running sandbox: cheap to clone, harmless after the sandbox has ended.
#[derive(Clone)]
pub struct Control(pub(crate) Arc<State>);

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("counters", &self.counters()).finish_non_exhaustive()
    }
}

impl Control {
    /// Plays exactly these faults from now on; their counts of requests begin anew.
    pub fn set_faults(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.faults.set(faults);
    }

    /// Plays these faults as well.
    pub fn add_fault(&self, fault: Fault) {
        self.0.faults.add(fault);
    }

    /// Ends one fault.
    pub fn remove_fault(&self, name: &str) {
        self.0.faults.remove(name);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.0.faults.set([]);
    }

    /// The faults being played.
    pub fn faults(&self) -> Vec<Fault> {
        self.0.faults.playing()
    }

    /// How far each of them has come.
    pub fn progress(&self) -> Vec<FaultProgress> {
        self.0.faults.progress()
    }

    /// Another rate limit, its burst unused; `None` for no limit.
    pub fn set_rate(&self, rate: Option<Rate>) {
        *lock(&self.0.bucket) = rate.map(|rate| Bucket::new(rate, clock::now()));
    }

    /// The rate limit.
    pub fn rate(&self) -> Option<Rate> {
        lock(&self.0.bucket).as_ref().map(Bucket::rate)
    }

    /// The mean latency, and the share by which it varies.
    pub fn latency(&self) -> (Duration, f64) {
        *lock(&self.0.latency)
    }

    /// Another mean latency, and the share by which it varies.
    pub fn set_latency(&self, mean: Duration, jitter: f64) {
        *lock(&self.0.latency) = (mean, jitter);
    }

    /// Makes every token that was issued so far worthless.
    pub fn revoke_tokens(&self) {
        lock(&self.0.tokens).revoke();
    }

    /// The tokens that were issued so far, also those that are worthless by now. They are good for made-up people alone;
    /// a test looks for them where they should not be.
    pub fn tokens_issued(&self) -> Vec<String> {
        lock(&self.0.tokens).issued().to_vec()
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        self.0.counts.snapshot()
    }

    /// Waits until the counters are as `enough` wants them.
    pub async fn wait_until(&self, enough: impl Fn(&Counters) -> bool) {
        loop {
            let changed = self.0.counts.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if enough(&self.counters()) {
                return;
            }
            changed.await;
        }
    }

    /// Holds every reply from now on until the gate lets it through, releases it, or is dropped.
    pub fn hold(&self) -> Gate {
        let gate = Arc::new(Semaphore::new(0));
        if let Some(before) = lock(&self.0.gate).replace(Arc::clone(&gate)) {
            before.close();
        }
        Gate { state: Arc::clone(&self.0), gate }
    }

    /// The last requests (at most [`RECORDED_MOST`]), oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.0.recorded).iter().map(Seen::tell).collect()
    }

    /// Forgets the requests and sets every counter but those of the present to zero.
    pub fn reset_counters(&self) {
        lock(&self.0.recorded).clear();
        self.0.counts.reset();
    }
}

/// Holds replies; see [`Control::hold`].
pub struct Gate {
    state: Arc<State>,
    gate: Arc<Semaphore>,
}

impl Gate {
    /// Lets `replies` through, now or as they come.
    pub fn let_through(&self, replies: usize) {
        self.gate.add_permits(replies);
    }

    /// Lets everything through, and is gone.
    pub fn release(self) {}
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.gate.close();
        let mut current = lock(&self.state.gate);
        if current.as_ref().is_some_and(|gate| Arc::ptr_eq(gate, &self.gate)) {
            *current = None;
        }
    }
}

/// How many of what there has been.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests for contacts, whatever came of them.
    pub contacts: u64,
    /// Requests for a token.
    pub tokens: u64,
    /// Requests about webhooks.
    pub webhooks: u64,
    /// Requests for anything else.
    pub other: u64,
    /// Replies with status 429.
    pub throttled: u64,
    /// Requests for contacts, webhooks or a token that came while a `Retry-After` of any of them asked for silence;
    /// what was on its way when the reply left (5 ms) is not counted.
    pub inside_window: u64,
    /// Requests being answered now.
    pub in_flight: u64,
    /// The most that were being answered at once.
    pub max_in_flight: u64,
    /// Replies that wait at a [`Gate`] now.
    pub held: u64,
    /// Replies given.
    pub answered: u64,
}

impl Counters {
    /// All requests.
    pub fn requests(&self) -> u64 {
        self.contacts + self.tokens + self.webhooks + self.other
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) contacts: AtomicU64,
    pub(crate) tokens: AtomicU64,
    pub(crate) webhooks: AtomicU64,
    pub(crate) other: AtomicU64,
    pub(crate) throttled: AtomicU64,
    pub(crate) inside_window: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) max_in_flight: AtomicU64,
    pub(crate) held: AtomicU64,
    pub(crate) answered: AtomicU64,
    changed: Notify,
}

impl Counts {
    pub(crate) fn add(&self, counter: &AtomicU64) -> u64 {
        let now = counter.fetch_add(1, Ordering::SeqCst) + 1;
        self.changed.notify_waiters();
        now
    }

    /// Counts something that goes on until the guard is dropped.
    pub(crate) fn during<'a>(&'a self, counter: &'a AtomicU64) -> During<'a> {
        let now = self.add(counter);
        if std::ptr::eq(counter, &raw const self.in_flight) {
            self.max_in_flight.fetch_max(now, Ordering::SeqCst);
        }
        During { counts: self, counter }
    }

    fn snapshot(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        Counters {
            contacts: read(&self.contacts),
            tokens: read(&self.tokens),
            webhooks: read(&self.webhooks),
            other: read(&self.other),
            throttled: read(&self.throttled),
            inside_window: read(&self.inside_window),
            in_flight: read(&self.in_flight),
            max_in_flight: read(&self.max_in_flight),
            held: read(&self.held),
            answered: read(&self.answered),
        }
    }

    fn reset(&self) {
        for counter in [
            &self.contacts,
            &self.tokens,
            &self.webhooks,
            &self.other,
            &self.throttled,
            &self.inside_window,
            &self.max_in_flight,
            &self.answered,
        ] {
            counter.store(0, Ordering::SeqCst);
        }
    }
}

pub(crate) struct During<'a> {
    counts: &'a Counts,
    counter: &'a AtomicU64,
}

impl Drop for During<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(1, Ordering::SeqCst);
        self.counts.changed.notify_waiters();
    }
}

/// How many requests are remembered.
pub const RECORDED_MOST: usize = 4096;

/// A request as it came in. Header values are not kept: a token is one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Since the sandbox was started.
    pub after: Duration,
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// The names of its headers, in lower case.
    pub headers: Vec<String>,
}

pub(crate) struct Seen {
    after: Duration,
    method: Method,
    uri: Uri,
    headers: Vec<HeaderName>,
}

impl Seen {
    fn tell(&self) -> Recorded {
        Recorded {
            after: self.after,
            method: self.method.to_string(),
            target: self.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
            headers: self.headers.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Remembers a request, and forgets the oldest when there are too many.
pub(crate) fn record(recorded: &Mutex<VecDeque<Seen>>, since: Duration, parts: &axum::http::request::Parts) {
    let seen = Seen {
        after: since,
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        headers: parts.headers.keys().cloned().collect(),
    };
    let mut recorded = lock(recorded);
    if recorded.len() == RECORDED_MOST {
        recorded.pop_front();
    }
    recorded.push_back(seen);
}

/// A panic elsewhere must not stop the server: what these locks guard is whole between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
