//! What the parts of a running sandbox share.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{OnceCell, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Options, clock,
    control::{Counts, Seen, lock},
    dice::Dice,
    faults::Playing,
    filter::Filter,
    limits::{Bucket, Window},
    people::People,
    routes::{Tokens, Webhooks},
};

/// How many filters' results are kept.
const MATCHES_KEPT: usize = 32;

/// Whom a filter admits, found once.
type Matches = Arc<OnceCell<Arc<Vec<u32>>>>;

pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) addr: SocketAddr,
    pub(crate) started: Instant,
    /// The sandbox is about to end: nothing waits any more.
    pub(crate) closing: CancellationToken,
    pub(crate) faults: Playing,
    pub(crate) bucket: Mutex<Option<Bucket>>,
    pub(crate) window: Mutex<Window>,
    pub(crate) latency: Mutex<(Duration, f64)>,
    pub(crate) tokens: Mutex<Tokens>,
    pub(crate) webhooks: Mutex<Webhooks>,
    pub(crate) counts: Counts,
    pub(crate) recorded: Mutex<VecDeque<Seen>>,
    pub(crate) gate: Mutex<Option<Arc<Semaphore>>>,
    replies: AtomicU64,
    people: Arc<OnceLock<People>>,
    people_begun: AtomicBool,
    people_done: watch::Sender<bool>,
    people_stop: Arc<AtomicBool>,
    matches: Mutex<HashMap<String, Matches>>,
}

impl State {
    pub(crate) fn new(mut options: Options, addr: SocketAddr) -> Self {
        let now = clock::now();
        Self {
            addr,
            started: now,
            closing: CancellationToken::new(),
            faults: Playing::new(options.seed, std::mem::take(&mut options.faults)),
            bucket: Mutex::new(options.rate.map(|rate| Bucket::new(rate, now))),
            window: Mutex::default(),
            latency: Mutex::new((options.latency, options.jitter)),
            tokens: Mutex::default(),
            webhooks: Mutex::default(),
            counts: Counts::default(),
            recorded: Mutex::default(),
            gate: Mutex::default(),
            replies: AtomicU64::new(0),
            people: Arc::default(),
            people_begun: AtomicBool::new(false),
            people_done: watch::Sender::new(false),
            people_stop: Arc::default(),
            matches: Mutex::default(),
            options,
        }
    }

    /// Nothing waits from here on, and no more people are made.
    pub(crate) fn close(&self) {
        self.people_stop.store(true, Ordering::Relaxed);
        self.closing.cancel();
    }

    /// Begins to make the people, on a thread of its own, unless that was done.
    pub(crate) fn begin_people(&self) {
        if self.people_begun.load(Ordering::Relaxed) || self.people_begun.swap(true, Ordering::SeqCst) {
            return;
        }
        let (seed, count) = (self.options.seed, self.options.profiles);
        let (people, stop, done) =
            (Arc::clone(&self.people), Arc::clone(&self.people_stop), self.people_done.clone());
        tokio::task::spawn_blocking(move || {
            people.set(People::make(seed, count, &stop)).ok();
            done.send_replace(true);
        });
    }

    /// The people, once they are made. None when the sandbox ends first.
    pub(crate) async fn people(&self) -> Option<&People> {
        if let Some(people) = self.people.get() {
            return Some(people);
        }
        self.begin_people();
        let mut done = self.people_done.subscribe();
        tokio::select! {
            _ = done.wait_for(|done| *done) => self.people.get(),
            () = self.closing.cancelled() => None,
        }
    }

    /// Whom `filter`, written as `text`, admits, in order; everybody without one. None when the sandbox ends first.
    pub(crate) async fn matches(&self, text: &str, filter: Option<Filter>) -> Option<Arc<Vec<u32>>> {
        self.people().await?;
        let cell = {
            let mut matches = lock(&self.matches);
            if let Some(cell) = matches.get(text) {
                Arc::clone(cell)
            } else {
                if matches.len() >= MATCHES_KEPT {
                    matches.clear();
                }
                Arc::clone(matches.entry(text.to_owned()).or_default())
            }
        };
        let find = || async {
            let people = Arc::clone(&self.people);
            let found = tokio::task::spawn_blocking(move || {
                let people = people.get()?;
                let everybody = 0..people.len() as u32;
                Some(match filter {
                    Some(filter) => everybody.filter(|&index| filter.admits(people, index)).collect(),
                    None => everybody.collect(),
                })
            });
            Arc::new(found.await.ok().flatten().unwrap_or_default())
        };
        Some(Arc::clone(cell.get_or_init(find).await))
    }

    /// How long the next reply is to take.
    pub(crate) fn next_latency(&self) -> Duration {
        let (mean, jitter) = *lock(&self.latency);
        if mean.is_zero() {
            return mean;
        }
        let reply = self.replies.fetch_add(1, Ordering::Relaxed);
        let swing = Dice::new(self.options.seed ^ 0x1A7E, reply).unit() * 2.0 - 1.0;
        mean.mul_f64((1.0 + swing * jitter.clamp(0.0, 1.0)).max(0.0))
    }

    /// Waits, unless the sandbox ends.
    pub(crate) async fn pause(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.closing.cancelled() => {}
        }
    }

    /// Waits at the gate, if there is one.
    pub(crate) async fn pass_gate(&self) {
        let Some(gate) = lock(&self.gate).clone() else { return };
        let _held = self.counts.during(&self.counts.held);
        tokio::select! {
            permit = gate.acquire() => if let Ok(permit) = permit { permit.forget() },
            () = self.closing.cancelled() => {}
        }
    }
}
