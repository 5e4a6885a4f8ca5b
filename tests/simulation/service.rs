//! The simulated service: an in-memory transport that answers as a plan says, and writes down what it saw.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use cxlens::engine::clock::Clock;
use cxlens::engine::fetch::transport::{self, Exchanged, Reply, Request, Transport};
use http::{HeaderMap, HeaderName};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::plan::{Announces, Bucket, Fault, Paging, Plan, Run, Said};

/// More requests than any plan is worth: whoever sends them gets no answer any more.
pub(crate) const RUNAWAY: usize = 20_000;
/// Wall time at the start.
pub(crate) const WALL: &str = "2026-03-04T12:00:00Z";

/// What the transport does wrong on purpose, so that the oracle is seen to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tamper {
    /// Nothing.
    No,
    /// The last row of the second page never comes.
    LosesARow,
    /// Tells a shorter `Retry-After` than is meant.
    TellsShort,
    /// Never answers the third request for profiles.
    Deaf,
}

/// Something that happened, when.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Since the start.
    pub(crate) at: Duration,
    /// What.
    pub(crate) what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// A request reached the transport.
    Sent(usize, Door),
    /// Its reply was taken by the engine.
    Replied(usize, Got),
    /// It was given up.
    Dropped(usize),
    /// Somebody did this.
    Did(super::plan::Action),
    /// The reader heard that a run is over.
    Ended(usize),
}

/// What a request asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// A token.
    Token,
    /// A page of a run, with the token of this number.
    Page {
        /// The run.
        run: usize,
        /// The whole URL.
        url: String,
        /// Which of the run's lists of IDs, in the order in which they were first asked for.
        batch: usize,
        /// Its number, from 1.
        page: u32,
        /// The token's number.
        token: u32,
    },
}

/// A reply, as the contract reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Got {
    /// The status, where there was one.
    pub(crate) status: Option<u16>,
    /// What that comes to.
    pub(crate) class: Class,
    /// How long nobody may be asked.
    pub(crate) closes: Option<Duration>,
    /// What was drawn for it.
    pub(crate) name: &'static str,
}

/// Kinds of replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// As it should be.
    Good,
    /// A fault on the way.
    Transient,
    /// 429 and what means the same.
    Throttled,
    /// 401.
    Unauthorized,
    /// Nothing that asking again would mend.
    Final,
}

/// A row of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// Of this person.
    Row(String),
    /// One that cannot be read.
    Bad(u32),
}

/// The pages of one list of IDs, or of a query without.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// What stands on them.
    pub(crate) pages: Vec<Vec<Item>>,
    /// How many there are in all.
    pub(crate) total: u32,
}

impl Layout {
    /// The pages for these people; `salt` tells the lists of a session apart.
    pub(crate) fn of(run: &Run, people: &[String], salt: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(salt);
        let size = run.page_size as usize;
        let mut pages: Vec<Vec<Item>> = Vec::new();
        let mut rest = people.iter();
        let mut bad = 0;
        loop {
            if dice.random_bool(run.empties) {
                pages.push(Vec::new());
                continue;
            }
            let mut page = Vec::new();
            if dice.random_bool(run.shifts)
                && size > 1
                && let Some(before) = pages.last().filter(|page| page.len() > 1)
            {
                let again = dice.random_range(1..before.len()).min(size - 1);
                page.extend(
                    before[before.len() - again..].iter().filter(|i| matches!(i, Item::Row(_))).cloned(),
                );
            }
            let repeated = page.len();
            while page.len() < size {
                if dice.random_bool(run.bad) {
                    bad += 1;
                    page.push(Item::Bad(bad));
                } else if let Some(person) = rest.next() {
                    page.push(Item::Row(person.clone()));
                } else {
                    break;
                }
            }
            if page.len() > repeated || pages.is_empty() {
                pages.push(page);
            }
            if rest.as_slice().is_empty() {
                break;
            }
        }
        Self { pages, total: people.len() as u32 }
    }
}

/// The people that a run without IDs is after.
pub(crate) fn everybody(run: &Run) -> Vec<String> {
    (0..run.people).map(|n| format!("P{n:05}")).collect()
}

/// The IDs that a run asks for: those that the service has, then those that it has not.
pub(crate) fn asked_for(run: &Run) -> Vec<String> {
    let Some(ids) = run.ids else { return Vec::new() };
    let known = run.people.min(ids);
    (0..known).map(|n| format!("P{n:05}")).chain((known..ids).map(|n| format!("NONE{n}"))).collect()
}

/// What tells the lists of a session apart.
pub(crate) fn salt(plan: &Plan, run: usize, first: Option<&str>) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    first.unwrap_or("").bytes().fold(plan.seed ^ (run as u64) << 48, mix)
}

/// The service and what it saw.
pub(crate) struct World {
    plan: Plan,
    clock: Clock,
    from: Instant,
    tamper: Tamper,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    log: Vec<Entry>,
    sent: usize,
    pages_asked: u32,
    tokens_asked: u32,
    /// When each token ends, by number from 1.
    tokens: Vec<Instant>,
    sticky: u32,
    /// What is in the bucket, when.
    bucket: Option<(f64, Instant)>,
    batches: HashMap<(usize, String), usize>,
    layouts: HashMap<(usize, usize), Arc<Layout>>,
}

/// What becomes of a request, decided when it arrives.
enum Fate {
    Page { layout: Arc<Layout>, run: usize, batch: usize, page: u32 },
    Granted,
    Unauthorized,
    OverTheRate(Duration),
    Gone(Fault),
}

impl World {
    pub(crate) fn new(plan: Plan, clock: Clock, tamper: Tamper) -> Self {
        let from = clock.now();
        Self { plan, clock, from, tamper, state: Mutex::default() }
    }

    /// Writes down what happened.
    pub(crate) fn note(&self, what: What) {
        let at = self.clock.now() - self.from;
        self.lock().log.push(Entry { at, what });
    }

    /// What happened.
    pub(crate) fn log(&self) -> Vec<Entry> {
        self.lock().log.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Takes a request in and decides what becomes of it.
    fn arrive(&self, request: &Request) -> (usize, Fate, u32) {
        let now = self.clock.now();
        let mut state = self.lock();
        let n = state.sent;
        state.sent += 1;
        let mut slow = 1;
        let mut fault = None;
        let (door, fate);
        if request.url.path().ends_with("/token") {
            fault = self.plan.token_faults.get(&state.tokens_asked).copied();
            state.tokens_asked += 1;
            door = Door::Token;
            fate = Fate::Granted;
        } else {
            let (run, batch, page) = self.place(request, &mut state);
            let bearer =
                request.bearer.as_ref().and_then(|s| s.expose_secret()[1..].parse().ok()).unwrap_or(0);
            door = Door::Page { run, url: request.url.to_string(), batch, page, token: bearer };
            fault = self.plan.faults.get(&state.pages_asked).copied().or(fault);
            if let Some((wrong, times, what)) = self.plan.sticky
                && wrong == page
                && state.sticky < times
            {
                state.sticky += 1;
                fault = Some(what);
            }
            if self.tamper == Tamper::Deaf && state.pages_asked == 2 {
                state.sent = RUNAWAY;
            }
            state.pages_asked += 1;
            if fault == Some(Fault::Revoked) {
                fault = None;
                state.tokens.iter_mut().for_each(|ends| *ends = now.min(*ends));
            }
            let layout = self.layout(&mut state, request, run, batch);
            let taken = state.tokens.get((bearer as usize).wrapping_sub(1)).is_some_and(|ends| now < *ends);
            fate = if !taken {
                Fate::Unauthorized
            } else if let Some(wait) = fault.is_none().then(|| self.take(&mut state, now)).flatten() {
                Fate::OverTheRate(wait)
            } else {
                Fate::Page { layout, run, batch, page }
            };
        }
        if let Some(Fault::Slow(times)) = fault {
            slow = times;
            fault = None;
        }
        state.log.push(Entry { at: now - self.from, what: What::Sent(n, door) });
        (n, fault.map_or(fate, Fate::Gone), slow)
    }

    /// Which page of which list of which run a URL asks for.
    fn place(&self, request: &Request, state: &mut State) -> (usize, usize, u32) {
        let pairs: HashMap<_, _> = request.url.query_pairs().into_owned().collect();
        if let Some(cursor) = pairs.get("cursor") {
            let parts: Vec<usize> = cursor.split('-').map(|part| part.parse().unwrap()).collect();
            return (parts[0], parts[1], parts[2] as u32);
        }
        let filter = &pairs["filter"];
        let run = (0..self.plan.runs.len()).find(|run| filter.contains(&format!("run eq {run}"))).unwrap();
        let ids = pairs.get("ids").cloned().unwrap_or_default();
        let next = state.batches.keys().filter(|(of, _)| *of == run).count();
        let batch = *state.batches.entry((run, ids)).or_insert(next);
        (run, batch, pairs["page"].parse().unwrap())
    }

    fn layout(&self, state: &mut State, request: &Request, run: usize, batch: usize) -> Arc<Layout> {
        let own = &self.plan.runs[run];
        let laid_out = || {
            let ids =
                request.url.query_pairs().find(|(name, _)| name == "ids").map(|(_, ids)| ids.into_owned());
            let people: Vec<String> = match &ids {
                Some(ids) => ids.split(',').filter(|id| !id.starts_with("NONE")).map(str::to_owned).collect(),
                None => everybody(own),
            };
            let first = ids.as_deref().and_then(|ids| ids.split(',').next());
            let mut layout = Layout::of(own, &people, salt(&self.plan, run, first));
            if self.tamper == Tamper::LosesARow
                && let Some(page) = layout.pages.get_mut(1)
            {
                page.pop();
            }
            Arc::new(layout)
        };
        state.layouts.entry((run, batch)).or_insert_with(laid_out).clone()
    }

    /// Takes a request out of the bucket; how long until there is one, where there is none.
    fn take(&self, state: &mut State, now: Instant) -> Option<Duration> {
        let bucket = self.plan.bucket?;
        let (tokens, at) = state.bucket.unwrap_or((bucket.burst, now));
        let tokens = (tokens + (now - at).as_secs_f64() * bucket.rate).min(bucket.burst);
        let taken = tokens >= 1.0;
        state.bucket = Some((if taken { tokens - 1.0 } else { tokens }, now));
        (!taken).then(|| Duration::from_secs_f64((1.0 - tokens) / bucket.rate))
    }

    /// How long request `n` takes: between the plan's least and most, the same whenever the seed is played.
    fn latency(&self, n: usize) -> Duration {
        let (least, most) = self.plan.latency;
        let share = StdRng::seed_from_u64(self.plan.seed ^ (n as u64) << 32).random_range(0.0..=1.0);
        least + most.saturating_sub(least).mul_f64(share)
    }

    /// Since the wall's last whole second.
    fn past_the_second(&self) -> Duration {
        Duration::from_nanos(u64::from(self.clock.wall().subsec_nanosecond().unsigned_abs()))
    }

    fn date(&self, ahead: i64) -> String {
        let at = jiff::Timestamp::from_second(self.clock.wall().as_second() + ahead).unwrap();
        httpdate::fmt_http_date(at.into())
    }

    fn say(&self, said: Said, headers: &mut Vec<(&'static str, String)>) -> Option<Duration> {
        let means = said.means(self.past_the_second());
        let short = u64::from(self.tamper == Tamper::TellsShort);
        let value = match said {
            Said::Nothing => return None,
            Said::Garbage => "soon".into(),
            Said::Seconds(n) => n.saturating_sub(short).to_string(),
            Said::Fraction(n) => format!("{n}.25"),
            Said::Date(n, skew) => {
                headers.push(("date", self.date(skew)));
                self.date(skew + n)
            }
            Said::Bare(n) => self.date(n),
        };
        headers.push(("retry-after", value));
        means
    }

    fn announce(&self, bucket: Bucket, headers: &mut Vec<(&'static str, String)>) {
        let left = self.lock().bucket.map_or(bucket.burst, |(tokens, _)| tokens).floor();
        let (burst, reset) = (bucket.burst, (1.0 / bucket.rate).ceil());
        match bucket.announces {
            Announces::Not => {}
            Announces::Structured => {
                headers.push(("ratelimit-policy", format!("\"d\";q={burst};w={:.3}", burst / bucket.rate)));
                headers.push(("ratelimit", format!("\"d\";r={left};t={reset}")));
            }
            Announces::Joined => {
                headers.push(("ratelimit", format!("limit={burst}, remaining={left}, reset={reset}")));
            }
            Announces::Conventional => {
                headers.push(("x-ratelimit-limit", burst.to_string()));
                headers.push(("x-ratelimit-remaining", left.to_string()));
                headers.push(("x-ratelimit-reset", reset.to_string()));
            }
            Announces::Malformed => headers.push(("ratelimit", "plenty, really".into())),
        }
    }

    fn answer(&self, fate: &Fate, timeout: Duration) -> (Exchanged, Got) {
        let mut headers = Vec::new();
        let got = |status, class, name| Got { status, class, closes: None, name };
        let (status, body, mut got) = match fate {
            Fate::Page { layout, run, batch, page } => {
                if let Some(bucket) = self.plan.bucket {
                    self.announce(bucket, &mut headers);
                }
                (200, self.page(layout, *run, *batch, *page), got(Some(200), Class::Good, "page"))
            }
            Fate::Granted => {
                let mut state = self.lock();
                state.tokens.push(self.clock.now() + self.plan.token.real);
                let life = match (self.plan.token.told, self.plan.token.text) {
                    (None, _) => String::new(),
                    (Some(told), false) => format!(r#","expires_in":{told}"#),
                    (Some(told), true) => format!(r#","expires_in":"{told}""#),
                };
                let body = format!(r#"{{"access_token":"t{}"{life}}}"#, state.tokens.len());
                (200, body, got(Some(200), Class::Good, "token"))
            }
            Fate::Unauthorized => (401, String::new(), got(Some(401), Class::Unauthorized, "401")),
            Fate::OverTheRate(wait) => {
                let mut got = got(Some(429), Class::Throttled, "429 over the rate");
                if let Some(bucket) = self.plan.bucket {
                    self.announce(bucket, &mut headers);
                    let whole = wait.as_secs_f64().ceil() as u64;
                    let said = match bucket.refuses {
                        Said::Seconds(_) => Said::Seconds(whole),
                        Said::Date(_, skew) => Said::Date(whole.cast_signed(), skew),
                        other => other,
                    };
                    got.closes = self.say(said, &mut headers);
                }
                (429, String::new(), got)
            }
            Fate::Gone(fault) => {
                let (status, body, name) = match *fault {
                    Fault::Throttled(said) => (429, "", throttled_name(said)),
                    Fault::Forbidden(_) => (403, "", "403 with nothing remaining"),
                    Fault::Broken(status, Said::Nothing) => (status, "", "5xx"),
                    Fault::Broken(status, _) => (status, "", "5xx with Retry-After"),
                    Fault::Half => (200, r#"{"items":[{"id":"P00"#, "half a body"),
                    Fault::Garbage => (200, "oops", "garbage"),
                    Fault::Nothing => (200, "", "an empty body"),
                    Fault::Html => (200, "<html>log in</html>", "a web page"),
                    Fault::InvalidClient => (401, r#"{"error":"invalid_client"}"#, "invalid_client"),
                    Fault::Reset => {
                        return (Err(transport::Fault::Reset), got(None, Class::Transient, "reset"));
                    }
                    Fault::Refused => {
                        let fault = transport::Fault::Connect("refused".into());
                        return (Err(fault), got(None, Class::Transient, "no connection"));
                    }
                    Fault::Hang => {
                        let fault = transport::Fault::TimedOut(timeout);
                        return (Err(fault), got(None, Class::Transient, "time-out"));
                    }
                    Fault::Cut => {
                        let fault = transport::Fault::BodyCut("early end".into());
                        return (Err(fault), got(None, Class::Transient, "a cut body"));
                    }
                    Fault::Revoked | Fault::Slow(_) => unreachable!("decided on arrival"),
                };
                let class = match fault {
                    Fault::Throttled(_) | Fault::Forbidden(_) => Class::Throttled,
                    // An empty answer is no list of profiles, but may be a token cut off.
                    Fault::Html | Fault::InvalidClient => Class::Final,
                    _ => Class::Transient,
                };
                let mut got = got(Some(status), class, name);
                match *fault {
                    Fault::Throttled(said) | Fault::Broken(_, said) => {
                        got.closes = self.say(said, &mut headers);
                    }
                    Fault::Forbidden(seconds) => {
                        headers.push(("x-ratelimit-remaining", "0".into()));
                        headers.push(("x-ratelimit-reset", seconds.to_string()));
                        got.closes = Some(Duration::from_secs(seconds));
                    }
                    Fault::Html => headers.push(("content-type", "text/html".into())),
                    _ => {}
                }
                (status, body.to_owned(), got)
            }
        };
        if got.closes.is_some_and(|wait| wait > self.plan.max_wait) {
            got.name = "Retry-After beyond patience";
        }
        (Ok(reply(status, &headers, body)), got)
    }

    fn page(&self, layout: &Layout, run: usize, batch: usize, page: u32) -> String {
        let own = &self.plan.runs[run];
        let mut body = String::from(r#"{"items":["#);
        let items = layout.pages.get(page as usize - 1).map_or(&[][..], Vec::as_slice);
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                body.push(',');
            }
            let _ = match item {
                Item::Row(id) => {
                    write!(body, r#"{{"id":"{id}","email":"{id}@example.com","firstName":"Ada"}}"#)
                }
                Item::Bad(n) => match n % 4 {
                    0 => write!(body, "42{n}"),
                    1 => write!(body, r#""no row {n}""#),
                    2 => write!(body, r#"{{"id":"B{n}","attributes":{{"score":NaN}}}}"#),
                    _ => write!(body, r#"{{"id":"\ud800 {n}"}}"#),
                },
            };
        }
        body.push_str("],\"nextPageUrl\":");
        let more = (page as usize) < layout.pages.len();
        let by_cursor = match own.paging {
            Paging::Numbered => false,
            Paging::Cursor => true,
            Paging::TurnsAfter(turn) => page >= turn,
        };
        let origin = if own.relative { "" } else { "https://acme.my.cxone.com" };
        let next = page + 1;
        let _ = match (more, by_cursor) {
            (false, _) => write!(body, "null"),
            (true, true) => write!(body, r#""{origin}/api/v2/crm/contacts?cursor={run}-{batch}-{next}""#),
            (true, false) => write!(body, r#""{origin}PAGE{next}""#),
        };
        if own.total {
            let _ = write!(body, r#","total":{}"#, layout.total);
        }
        body.push('}');
        body
    }
}

fn throttled_name(said: Said) -> &'static str {
    match said {
        Said::Nothing => "429 without Retry-After",
        Said::Garbage => "429 with garbage",
        Said::Seconds(0) => "429 with 0",
        Said::Seconds(_) => "429 with seconds",
        Said::Fraction(_) => "429 with a fraction",
        Said::Date(..) => "429 with a date",
        Said::Bare(_) => "429 with a date and no Date",
    }
}

fn reply(status: u16, headers: &[(&'static str, String)], body: String) -> Reply {
    let mut map = HeaderMap::new();
    map.insert(http::header::CONTENT_TYPE, "application/json".parse().unwrap());
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), value.parse().unwrap());
    }
    let (first_byte, reading) = (Duration::from_millis(1), Duration::ZERO);
    Reply { status, headers: map, body: Bytes::from(body), connect: Duration::ZERO, first_byte, reading }
}

/// The engine's way to the service.
pub(crate) struct Wire(pub(crate) Arc<World>);

/// Notes that a request was given up, unless it was answered.
struct UnderWay<'a>(&'a World, usize, bool);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.2 {
            self.0.note(What::Dropped(self.1));
        }
    }
}

impl Transport for Wire {
    fn exchange(&self, request: Request) -> Pin<Box<dyn Future<Output = Exchanged> + Send + '_>> {
        Box::pin(async move {
            let world = &*self.0;
            let (n, fate, slow) = world.arrive(&request);
            let mut under_way = UnderWay(world, n, false);
            if world.lock().sent >= RUNAWAY {
                std::future::pending::<()>().await;
            }
            let mut fate = fate;
            let mut latency = world.latency(n) * slow;
            if latency >= request.timeout || matches!(fate, Fate::Gone(Fault::Hang)) {
                latency = request.timeout;
                fate = Fate::Gone(Fault::Hang);
            }
            if !latency.is_zero() {
                world.clock.sleep_until(world.clock.now() + latency).await;
            }
            let (mut exchanged, got) = world.answer(&fate, request.timeout);
            if let Ok(reply) = &mut exchanged {
                tell_the_next_page(reply, &request);
            }
            under_way.2 = true;
            world.note(What::Replied(n, got));
            exchanged
        })
    }
}

/// A numbered next page is the request's own URL with another number.
fn tell_the_next_page(reply: &mut Reply, request: &Request) {
    let text = String::from_utf8_lossy(&reply.body);
    let Some((before, rest)) = text.split_once("PAGE") else { return };
    let (number, after) = rest.split_once('"').unwrap();
    let query = request.url.query().unwrap();
    let (head, tail) = query.split_once("&page=").unwrap();
    let tail = tail.split_once('&').map_or(String::new(), |(_, tail)| format!("&{tail}"));
    let url = format!("{}?{head}&page={number}{tail}", request.url.path());
    reply.body = Bytes::from(format!("{before}{url}\"{after}"));
}
