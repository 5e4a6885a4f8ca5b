//! One call to the service: attempts, waits and tokens until there is an answer or a reason to stop.
//!
//! ```text
//! slot ─► token ─► pace ─► exchange ─► judge ─┬─► read the body ─► done
//!  ▲                                          ├─► wait, again (429s close the gate for everybody)
//!  └──────────────────────────────────────────┴─► another token, again
//!                                             └─► stop: an error that says what, why and what to do
//! ```

use std::collections::VecDeque;
use std::future::ready;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use http::Method;
use tokio::sync::mpsc;
use tokio::time::Instant;
use url::Url;

use super::detail::{Detail, Kept};
use super::explain;
use super::headers;
use super::limits::{Flight, Limiter, Slot, Turn};
use super::paging::{self, Next};
use super::redact::Spellings;
use super::retry::{self, Attempted, Budget, Decision, History, Stop};
use super::transport::{Body, Exchanged, Reply, Request, Transport};
use crate::engine::auth::{Token, TokenSource};
use crate::engine::chance::Chance;
use crate::engine::clock::{Clock, later};
use crate::engine::error::Result;
use crate::engine::event::{Endpoint, Event, Exchange, Outcome, Phases, Retry, RetryReason};
use crate::engine::options::Service;
use crate::engine::query::QueryId;
use crate::engine::recording::{Recorder, Told};
use crate::engine::text::Untrusted;

/// Pages whose latency is remembered for plans.
const RECENT: usize = 32;

/// Large events that may wait to be read: enough that the next is made while one is read.
const FEW_EVENTS: usize = 3;

/// What is asked, apart from the token.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which door.
    pub endpoint: Endpoint,
    /// `GET`, `POST`, `DELETE`.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// What is sent.
    pub body: Body,
    /// What it is for: `page 25`.
    pub label: String,
    /// The run that asks.
    pub query: Option<QueryId>,
    /// The exchange that it repeats, where somebody sends one again.
    pub again: Option<u64>,
    /// Makes a request that is not safe to repeat safe.
    pub idempotency: Option<String>,
}

impl Call {
    /// `GET`, `POST`, `DELETE`.
    pub(super) fn method_name(&self) -> &'static str {
        match self.method {
            Method::POST => "POST",
            Method::DELETE => "DELETE",
            _ => "GET",
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Form(_) => "Form([redacted])",
            Self::Json(_) => "Json([redacted])",
        })
    }
}

/// A body that was read.
#[derive(Debug)]
pub struct Taken<T> {
    /// What was in it.
    pub value: T,
    /// How many rows, where it has rows.
    pub rows: Option<u32>,
    /// Cutting it up.
    pub decode: Duration,
}

impl<T> Taken<T> {
    /// A body without rows.
    pub fn plain(value: T) -> Self {
        Self { value, rows: None, decode: Duration::ZERO }
    }
}

/// A whole answer that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// What is wrong with it.
    pub cause: String,
    /// Whether it may be right the next time.
    pub passing: bool,
}

/// What a run's calls came to, together; once the run is over, nothing goes out for it any more.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    counts: Counts,
    over: bool,
}

/// Figures of a [`Tally`].
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Requests sent.
    pub requests: u32,
    /// Of these, sent again.
    pub retries: u32,
    /// 429s received.
    pub throttled: u32,
    /// Bytes of decoded bodies.
    pub bytes: u64,
    /// Connections that had to be made.
    pub connect: Vec<Duration>,
    /// The server's latency, one a reply.
    pub network: Vec<Duration>,
    /// Our own time, one a page that was delivered.
    pub processing: Vec<Duration>,
}

impl Tally {
    fn add(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.lock().counts);
    }

    /// A page was delivered, which took so much of our own time.
    pub fn processed(&self, took: Duration) {
        self.add(|counts| counts.processing.push(took));
    }

    /// The run is over: the final figures. Its tasks end a moment later than it, and must not send in between.
    pub fn close(&self) -> Counts {
        let mut kept = self.lock();
        kept.over = true;
        kept.counts.clone()
    }

    /// Counts a request that is about to go out; `false` where it must not.
    fn sends(&self, attempt: u32) -> bool {
        let mut kept = self.lock();
        if !kept.over {
            kept.counts.requests += 1;
            kept.counts.retries += u32::from(attempt > 1);
        }
        !kept.over
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls one tenant's service. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    service: Service,
    transport: Arc<dyn Transport>,
    limiter: Limiter,
    tokens: TokenSource,
    budget: Mutex<Budget>,
    clock: Clock,
    chance: Chance,
    events: mpsc::Sender<Event>,
    exchanges: AtomicU64,
    token_requests: AtomicU32,
    /// The server's latency for the last pages.
    recent: Mutex<VecDeque<Duration>>,
    /// The last exchanges in full, where somebody may look at them.
    kept: OnceLock<Kept>,
    /// What records them, when it is told to.
    recorder: OnceLock<Recorder>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.0.service.tenant)
    }
}

/// How one attempt went, kept for the error where it was the last.
pub(super) struct Attempt {
    pub(super) exchanged: Exchanged,
    pub(super) bad: Option<Bad>,
    pub(super) token: Option<Arc<Token>>,
}

impl Client {
    /// A client whose exchanges, limits and tokens are told to `events`.
    pub fn new(
        service: Service,
        transport: Arc<dyn Transport>,
        clock: Clock,
        chance: Chance,
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self(Arc::new_cyclic(|weak: &Weak<Inner>| {
            let weak = weak.clone();
            let fetch = Box::new(move || -> std::pin::Pin<Box<dyn Future<Output = _> + Send>> {
                let client = weak.upgrade().map(Self);
                Box::pin(async move {
                    match client {
                        Some(client) => super::token::fetch(&client).await,
                        None => Err(explain::ended()),
                    }
                })
            });
            Inner {
                limiter: Limiter::new(service.bounds, clock.clone(), chance.clone()),
                tokens: TokenSource::new(clock.clone(), fetch),
                service,
                transport,
                budget: Mutex::default(),
                clock,
                chance,
                events,
                exchanges: AtomicU64::new(0),
                token_requests: AtomicU32::new(0),
                recent: Mutex::default(),
                kept: OnceLock::new(),
                recorder: OnceLock::new(),
            }
        }))
    }

    /// The tenant and how to treat it.
    pub fn service(&self) -> &Service {
        &self.0.service
    }

    /// The tenant's limits.
    pub fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    /// The tenant's token.
    pub fn tokens(&self) -> &TokenSource {
        &self.0.tokens
    }

    /// The time.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Keeps the last exchanges in full from now on, for somebody who may look at them.
    pub fn keep_exchanges(&self) {
        let _kept = self.0.kept.get_or_init(Kept::default);
    }

    /// Tells this recorder of every exchange from now on.
    pub fn record(&self, recorder: Recorder) {
        let _recorder = self.0.recorder.get_or_init(|| recorder);
    }

    /// What was asked by an exchange, while it is kept.
    pub fn call_of(&self, exchange: u64) -> Option<Call> {
        self.0.kept.get()?.call(exchange)
    }

    /// Token requests sent so far.
    pub fn token_requests(&self) -> u32 {
        self.0.token_requests.load(Ordering::Relaxed)
    }

    /// What the service took for a page lately: the median of the last pages.
    pub fn recent_latency(&self) -> Option<Duration> {
        let recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut times: Vec<_> = recent.iter().copied().collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    }

    /// Waits for room among the events, so that what is told next is told without waiting. `None`: nobody
    /// watches any more.
    pub async fn room(&self) -> Option<mpsc::OwnedPermit<Event>> {
        self.0.events.clone().reserve_owned().await.ok()
    }

    /// As [`room`](Self::room), but only when hardly anything waits to be read: for events so large that only a few
    /// should wait.
    pub async fn much_room(&self) -> Option<mpsc::OwnedPermit<Event>> {
        let all_but_few = self.0.events.max_capacity().saturating_sub(FEW_EVENTS).max(1);
        drop(self.0.events.reserve_many(all_but_few).await.ok()?);
        self.room().await
    }

    /// Something that the service said, without our secrets.
    pub fn without_secrets(&self, said: String) -> String {
        explain::redact(said, &self.0.service, self.0.tokens.latest().as_deref())
    }

    /// Where the page at `url` says that more can be had.
    ///
    /// # Errors
    /// What is wrong with what it says.
    pub(super) fn next_page(&self, url: &Url, said: Option<&str>) -> std::result::Result<Next, String> {
        let next = paging::next(&self.0.service, url, said)?;
        // What stands in a URL stands in the logs of all who see it, and in the place that is kept to go on from. One
        // that differs from ours in its number alone is our own.
        if let (Next::Cursor(_), Some(said)) = (&next, said)
            && self.without_secrets(said.to_owned()) != said
        {
            return Err("it repeats a secret of ours".to_owned());
        }
        Ok(next)
    }

    /// Tells whoever watches. A watcher that has gone is no error.
    pub async fn tell(&self, event: Event) {
        let _ = self.0.events.send(event).await;
    }

    /// One call with all its attempts; `read` takes the body of a success apart.
    ///
    /// # Errors
    /// What failed, with the request as sent and the reply as answered, secrets removed.
    pub async fn call<T>(
        &self,
        call: &Call,
        tally: &Tally,
        read: impl Fn(&Reply) -> std::result::Result<Taken<T>, Bad>,
    ) -> Result<T> {
        self.call_for(call, tally, read, |value| ready((value, Duration::ZERO))).await
    }

    /// As [`call`](Self::call), and then `work` makes something of what was read and says how long that took. The place
    /// is free by then: the next request goes out while this reply is worked on.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_for<T, U, W: Future<Output = (U, Duration)>>(
        &self,
        call: &Call,
        tally: &Tally,
        read: impl Fn(&Reply) -> std::result::Result<Taken<T>, Bad>,
        work: impl FnOnce(T) -> W,
    ) -> Result<U> {
        let mut history = History::default();
        let mut number = 0;
        loop {
            number += 1;
            let (slot, mut flight, token, mut phases) = self.admit(call).await?;
            let at = self.0.clock.wall();
            let sent = self.0.clock.now();
            // One that is given up before its reply was sent all the same: it is counted as it goes out.
            if !tally.sends(number) {
                return Err(explain::ended());
            }
            if call.endpoint == Endpoint::Token {
                self.0.token_requests.fetch_add(1, Ordering::Relaxed);
            }
            let exchanged = self.0.transport.exchange(self.request(call, token.as_deref())).await;
            let mut taken = None;
            let mut bad = None;
            match &exchanged {
                Ok(reply) => {
                    phases.connect = reply.connect;
                    phases.first_byte = reply.first_byte;
                    phases.body = reply.reading;
                    self.note(reply, &mut flight, token.as_deref());
                    if (200..300).contains(&reply.status) {
                        match read(reply) {
                            Ok(read) => taken = Some(read),
                            Err(error) => bad = Some(error),
                        }
                    }
                }
                Err(fault) if fault.is_unconnected() => phases.connect = self.0.clock.now() - sent,
                Err(_) => phases.first_byte = self.0.clock.now() - sent,
            }
            let attempt = Attempt { exchanged, bad, token };
            if let Some(taken) = taken {
                drop((flight, slot));
                phases.decode = taken.decode;
                let (value, pipeline) = work(taken.value).await;
                phases.pipeline = pipeline;
                self.report(call, tally, number, at, &attempt, phases, taken.rows, None).await;
                return Ok(value);
            }
            let decision = self.judge(&attempt, &mut history);
            // Only now: whoever goes in its place must find the gate closed if it is.
            drop((flight, slot));
            self.report(call, tally, number, at, &attempt, phases, None, Some(decision)).await;
            match decision {
                Decision::Again { after, everybody: false, .. } => {
                    self.0.clock.sleep_until(later(self.0.clock.now(), after)).await;
                }
                // The gate is closed already, or the next token is asked for on admission.
                Decision::Again { .. } | Decision::Refresh => {}
                Decision::Stop(stop) => {
                    return Err(explain::stopped(&self.0.service, call, &attempt, stop, number));
                }
            }
        }
    }

    /// Waits for a place, a token and the rate, and says how long each took.
    async fn admit(&self, call: &Call) -> Result<(Option<Slot>, Flight, Option<Arc<Token>>, Phases)> {
        let mut phases = Phases::default();
        let mut since = self.0.clock.now();
        let mut lap = |clock: &Clock| -> Duration {
            let now: Instant = clock.now();
            let took = now - since;
            since = now;
            took
        };
        let clock = &self.0.clock;
        let closed = |wait| explain::closed(call, wait);
        if call.endpoint == Endpoint::Token {
            // Its place is that of the requests that wait for it; the gate holds for it too.
            let flight = self.0.limiter.gate().await.map_err(closed)?;
            phases.limit = lap(clock);
            return Ok((None, flight, None, phases));
        }
        let mut slot = self.0.limiter.slot().await;
        phases.queue = lap(clock);
        loop {
            let token = self.0.tokens.get().await?;
            phases.token += lap(clock);
            // A long wait for the rate may outlive the token; the turn is then the next one's.
            let turn = self.0.limiter.pace(|| self.0.tokens.is_current(&token)).await.map_err(closed)?;
            phases.limit += lap(clock);
            match turn {
                Turn::Now(flight) => return Ok((Some(slot), flight, Some(token), phases)),
                Turn::Late => {}
                Turn::Crowded => {
                    drop(slot);
                    slot = self.0.limiter.slot().await;
                    phases.queue += lap(clock);
                }
            }
        }
    }

    fn request(&self, call: &Call, token: Option<&Token>) -> Request {
        let timeouts = self.0.service.timeouts;
        Request {
            method: call.method.clone(),
            url: call.url.clone(),
            bearer: token.map(|t| t.secret.clone()),
            body: call.body.clone(),
            idempotency: call.idempotency.clone(),
            timeout: match call.endpoint {
                Endpoint::Token => timeouts.token,
                Endpoint::Contacts => timeouts.page,
                Endpoint::Webhooks => timeouts.webhook,
            },
        }
    }

    /// Learns from a reply's head.
    fn note(&self, reply: &Reply, flight: &mut Flight, token: Option<&Token>) {
        let announced = headers::announced(&reply.headers, self.0.clock.now(), self.0.clock.wall());
        let success = (200..300).contains(&reply.status);
        flight.answered(announced, success);
        if success {
            self.budget(Budget::refill);
        }
        if let Some(token) = token
            && reply.status != 401
        {
            token.accept();
        }
    }

    fn judge(&self, attempt: &Attempt, history: &mut History) -> Decision {
        let wall = self.0.clock.wall();
        let (attempted, said) = match (&attempt.exchanged, &attempt.bad) {
            (Err(fault), _) => (Attempted::Fault(fault), None),
            (Ok(_), Some(bad)) => (Attempted::BadBody { passing: bad.passing }, None),
            (Ok(reply), None) => {
                let said = headers::retry_after(&reply.headers, wall);
                let attempted = match reply.status {
                    429 => Attempted::Throttled(said),
                    403 if self.nothing_remains(reply) => Attempted::Throttled(said.or(self.reset(reply))),
                    408 | 500..=599 => Attempted::ServerError(said),
                    401 if attempt.token.is_some() => Attempted::Unauthorized {
                        accepted_before: attempt.token.as_ref().is_some_and(|t| t.was_accepted()),
                    },
                    _ => Attempted::Refused,
                };
                (attempted, reply.headers.get(http::header::RETRY_AFTER))
            }
        };
        let max_wait = self.0.limiter.max_wait();
        let jitter = self.0.chance.unit();
        let decision = self.budget(|budget| retry::decide(attempted, history, budget, max_wait, jitter));
        let closes = match (decision, attempted) {
            (Decision::Again { after, everybody: true, .. }, _) => Some(after),
            // What the service wants holds for the others too, whatever becomes of this request.
            (Decision::Stop(_), Attempted::Throttled(told) | Attempted::ServerError(told)) => told,
            _ => None,
        };
        if let Some(wait) = closes {
            let said = said.and_then(|v| v.to_str().ok());
            let said = said.map_or_else(|| "no Retry-After".into(), |v| format!("Retry-After: {v}"));
            let said = Untrusted::from(self.without_secrets(said)).shown().into_owned();
            // A wait that nobody sits out teaches nothing about the rate.
            if matches!((decision, attempted), (Decision::Again { .. }, Attempted::Throttled(_))) {
                self.0.limiter.throttled(wait, said);
            } else {
                self.0.limiter.close(wait, said);
            }
        }
        if matches!(attempted, Attempted::Unauthorized { .. })
            && let Some(token) = &attempt.token
        {
            self.0.tokens.forget(token);
        }
        decision
    }

    fn nothing_remains(&self, reply: &Reply) -> bool {
        headers::announced(&reply.headers, self.0.clock.now(), self.0.clock.wall())
            .is_some_and(|a| a.remaining == Some(0.0))
    }

    fn reset(&self, reply: &Reply) -> Option<Duration> {
        let now = self.0.clock.now();
        headers::announced(&reply.headers, now, self.0.clock.wall())?
            .reset
            .map(|at| at.saturating_duration_since(now).max(headers::FLOOR))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one line of the log")]
    async fn report(
        &self,
        call: &Call,
        tally: &Tally,
        attempt: u32,
        at: jiff::Timestamp,
        attempted: &Attempt,
        phases: Phases,
        rows: Option<u32>,
        decision: Option<Decision>,
    ) {
        let retry = match decision {
            Some(Decision::Again { after, because, .. }) => Some(Retry { after, because }),
            Some(Decision::Refresh) => Some(Retry { after: Duration::ZERO, because: RetryReason::Token }),
            _ => None,
        };
        let (outcome, bytes) = match (&attempted.exchanged, &attempted.bad) {
            (Ok(reply), None) => (Outcome::Status(reply.status), reply.body.len() as u64),
            (Ok(reply), Some(bad)) => {
                let cause = explain::redact(bad.cause.clone(), &self.0.service, attempted.token.as_deref());
                let cause = Untrusted::from(cause).shown().into_owned();
                (Outcome::Refused(reply.status, cause), reply.body.len() as u64)
            }
            (Err(fault), _) => (Outcome::Broken(Untrusted::from(fault.to_string()).shown().into_owned()), 0),
        };
        let throttled = outcome.status() == Some(429)
            || matches!(decision, Some(Decision::Again { everybody: true, .. }))
                && outcome.status() == Some(403);
        tally.add(|counts| {
            counts.throttled += u32::from(throttled);
            counts.bytes += bytes;
            if !phases.connect.is_zero() {
                counts.connect.push(phases.connect);
            }
            if attempted.exchanged.is_ok() {
                counts.network.push(phases.server());
            }
        });
        if rows.is_some() {
            let mut recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.push_back(phases.server());
            if recent.len() > RECENT {
                recent.pop_front();
            }
        }
        let number = self.0.exchanges.fetch_add(1, Ordering::Relaxed) + 1;
        // The target holds personal values; the log gets what tells exchanges apart and nothing else.
        tracing::info!(
            number,
            endpoint = call.endpoint.name(),
            label = %call.label,
            attempt,
            status = outcome.status(),
            connect_ms = phases.connect.as_millis() as u64,
            server_ms = phases.server().as_millis() as u64,
            waited_ms = phases.waiting().as_millis() as u64,
            bytes,
            rows,
            retry_in_ms = retry.as_ref().map(|r| r.after.as_millis() as u64),
            "exchange"
        );
        let target = match call.url.query() {
            Some(query) => format!("{}?{query}", call.url.path()),
            None => call.url.path().to_owned(),
        };
        let recorder = self.0.recorder.get().filter(|recorder| recorder.is_on());
        let whole = recorder.map(|_| Arc::new(Detail::of(call, attempted, &self.0.service)));
        let detail = match (self.0.kept.get(), &whole) {
            (Some(kept), Some(detail)) => Arc::downgrade(&kept.keep(number, Arc::clone(detail), call)),
            (Some(kept), None) => {
                let detail = Detail::of(call, attempted, &self.0.service);
                Arc::downgrade(&kept.keep(number, Arc::new(detail), call))
            }
            (None, _) => Weak::new(),
        };
        let exchange = Exchange {
            number,
            query: call.query,
            again: call.again,
            at,
            endpoint: call.endpoint,
            method: call.method_name(),
            target: Untrusted::from(target),
            label: call.label.clone(),
            attempt,
            outcome,
            phases,
            bytes,
            rows,
            retry,
            retry_after: retry_after(attempted).map(|said| Untrusted::from(self.without_secrets(said))),
            detail,
        };
        let exchange = Arc::new(exchange);
        if let (Some(recorder), Some(detail)) = (recorder, whole) {
            let secrets = Spellings::of(&self.0.service, attempted.token.as_deref());
            let body = super::detail::whole(&detail, attempted, &secrets);
            let fault = attempted.exchanged.as_ref().err().cloned();
            let told = Told { exchange: Arc::clone(&exchange), detail, body, fault };
            recorder.exchange(told, secrets.into_all()).await;
        }
        self.tell(Event::Exchange(exchange)).await;
    }

    fn budget<T>(&self, with: impl FnOnce(&mut Budget) -> T) -> T {
        with(&mut self.0.budget.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the reply says of asking again, as it says it.
fn retry_after(attempted: &Attempt) -> Option<String> {
    let said = attempted.exchanged.as_ref().ok()?.headers.get(http::header::RETRY_AFTER)?;
    Some(String::from_utf8_lossy(said.as_bytes()).into_owned())
}

/// What an attempt's stop looks like from outside, for [`explain`].
pub(super) fn stop_wait(stop: Stop) -> Option<Duration> {
    match stop {
        Stop::TooLong(wait) => Some(wait),
        _ => None,
    }
}
