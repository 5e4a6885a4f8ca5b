//! Whole runs over an in-memory transport under paused time.

mod again;
mod going_on;
mod parts;
mod retention;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;

use super::transport::{Exchanged, Fault, Reply, Request, Transport};
use crate::engine::audit::Access;
use crate::engine::chance::Chance;
use crate::engine::clock::Clock;
use crate::engine::error::Error;
use crate::engine::event::{Command, Cut, Event, Exchange, Status, Summary};
use crate::engine::options::Service;
use crate::engine::query::{Draft, QueryId};
use crate::engine::worker::{Handle, Setup, channel};

/// A reply that a test wants next, before the service goes back to answering as it should.
#[derive(Clone, Debug)]
enum Odd {
    Status(u16, Vec<(&'static str, String)>, String),
    Fault(Fault),
    Panic,
}

/// A service of `people` profiles, 50 a page, that takes `latency` for each answer.
struct Fake {
    people: usize,
    latency: Duration,
    /// What the first exchange waits for its connection, before that.
    connect: Duration,
    /// A page that takes this long instead.
    slow: Option<(&'static str, Duration)>,
    total: bool,
    /// Each person of such a number was last modified long ago, the others lately; 0: nobody has a date.
    old: usize,
    /// What tokens are told to live for, in seconds.
    life: u32,
    /// Never says "no more"; answers page after page with nothing behind the people.
    state: Mutex<State>,
    clock: Clock,
}

#[derive(Default)]
struct State {
    odd: VecDeque<(String, Odd)>,
    sent: Vec<(Instant, String)>,
    tokens: u32,
    valid: u32,
    in_flight: usize,
    most: usize,
}

impl Fake {
    fn new(people: usize) -> Self {
        Self {
            people,
            latency: Duration::from_millis(100),
            slow: None,
            connect: Duration::ZERO,
            total: false,
            old: 0,
            life: 3_600,
            state: Mutex::default(),
            clock: Clock::system(),
        }
    }

    /// The next request whose target holds `part` gets this.
    fn odd(self, part: &str, odd: Odd) -> Self {
        self.state.lock().unwrap().odd.push_back((part.into(), odd));
        self
    }

    fn answer(&self, request: &Request) -> Exchanged {
        let target = format!("{}?{}", request.url.path(), request.url.query().unwrap_or_default());
        let mut state = self.state.lock().unwrap();
        if let Some(at) = state.odd.iter().position(|(part, _)| target.contains(part.as_str())) {
            let Some((_, odd)) = state.odd.remove(at) else { unreachable!() };
            return match odd {
                Odd::Status(status, headers, body) => Ok(reply(status, &headers, body)),
                Odd::Fault(fault) => Err(fault),
                Odd::Panic => {
                    drop(state);
                    panic!("Ada Byron, ada@example.com")
                }
            };
        }
        if request.url.path().ends_with("/token") {
            state.tokens += 1;
            state.valid = state.tokens;
            let body = format!(r#"{{"access_token":"t{}","expires_in":{}}}"#, state.tokens, self.life);
            return Ok(reply(200, &[], body));
        }
        let bearer = request.bearer.as_ref().map(|s| s.expose_secret().to_owned());
        if bearer != Some(format!("t{}", state.valid)) {
            return Ok(reply(401, &[], String::new()));
        }
        Ok(reply(200, &[], self.page(&request.url)))
    }

    fn page(&self, url: &Url) -> String {
        let pairs: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
        let page: usize = pairs["page"].parse().unwrap();
        let size: usize = pairs["pageSize"].parse().unwrap();
        let ids: Vec<String> = match pairs.get("ids") {
            Some(ids) => ids.split(',').filter(|id| !id.starts_with("NONE")).map(str::to_owned).collect(),
            None => (0..self.people).map(|i| format!("P{i:05}")).collect(),
        };
        let from = ((page - 1) * size).min(ids.len());
        let to = (from + size).min(ids.len());
        let dated = self.old > 0 && pairs["fields"].contains("modifiedDate");
        let modified = |id: &str| {
            let number: usize = id.trim_start_matches('P').parse().unwrap_or(1);
            let date = if number.is_multiple_of(self.old) { "2001-02-03" } else { "2999-01-01" };
            format!(r#","modifiedDate":"{date}T00:00:00Z""#)
        };
        let item = |id: &String| {
            let modified = if dated { modified(id) } else { String::new() };
            format!(r#"{{"id":"{id}","email":"{id}@example.com"{modified}}}"#)
        };
        let items: Vec<_> = ids[from..to].iter().map(item).collect();
        let mut next = url.clone();
        let query = next.query().unwrap().replace(&format!("page={page}"), &format!("page={}", page + 1));
        next.set_query(Some(&query));
        let next = if to < ids.len() { format!("\"{next}\"") } else { "null".into() };
        let total = if self.total { format!(r#","total":{}"#, ids.len()) } else { String::new() };
        format!(r#"{{"items":[{}],"nextPageUrl":{next}{total}}}"#, items.join(","))
    }
}

fn reply(status: u16, headers: &[(&'static str, String)], body: String) -> Reply {
    let mut map = HeaderMap::new();
    map.insert(http::header::CONTENT_TYPE, "application/json".parse().unwrap());
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), value.parse().unwrap());
    }
    Reply {
        status,
        headers: map,
        body: Bytes::from(body),
        connect: Duration::ZERO,
        first_byte: Duration::from_millis(97),
        reading: Duration::from_millis(3),
    }
}

struct Shared(Arc<Fake>);

struct InFlight<'a>(&'a Fake);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().in_flight -= 1;
    }
}

impl Transport for Shared {
    fn exchange(&self, request: Request) -> Pin<Box<dyn Future<Output = Exchanged> + Send + '_>> {
        Box::pin(async move {
            let fake = &self.0;
            let latency;
            {
                let mut state = fake.state.lock().unwrap();
                let target = format!("{}?{}", request.url.path(), request.url.query().unwrap_or_default());
                latency =
                    fake.slow.filter(|(part, _)| target.contains(part)).map_or(fake.latency, |slow| slow.1);
                state.sent.push((fake.clock.now(), target));
                if request.bearer.is_some() {
                    state.in_flight += 1;
                    state.most = state.most.max(state.in_flight);
                }
            }
            let _in_flight = request.bearer.is_some().then(|| InFlight(fake));
            let connect =
                if fake.state.lock().unwrap().sent.len() == 1 { fake.connect } else { Duration::ZERO };
            fake.clock.sleep_until(fake.clock.now() + connect + latency).await;
            fake.answer(&request).map(|reply| Reply { connect, ..reply })
        })
    }
}

struct Session {
    handle: Handle,
    exchanges: Vec<Arc<Exchange>>,
    fake: Arc<Fake>,
    next: u64,
    ids: Vec<String>,
    pages: u32,
}

impl Session {
    fn with(fake: Fake, change: impl FnOnce(&mut Service)) -> Self {
        Self::recorded(fake, change, None, true)
    }

    fn recorded(
        fake: Fake,
        change: impl FnOnce(&mut Service),
        audit: Option<std::path::PathBuf>,
        keep_exchanges: bool,
    ) -> Self {
        let base = Url::parse("https://acme.my.cxone.com").unwrap();
        let mut service = Service::new("acme", base, "me", SecretString::from("s3cr3t-value"));
        change(&mut service);
        let fake = Arc::new(fake);
        let (handle, worker) = channel();
        let setup = Setup {
            service,
            clock: Clock::system(),
            chance: Chance::seeded(7),
            transport: Some(Arc::new(Shared(fake.clone()))),
            audit,
            access: Access::default(),
            keep_exchanges,
        };
        tokio::spawn(worker.run(setup));
        Self { handle, exchanges: Vec::new(), fake, next: 0, ids: Vec::new(), pages: 0 }
    }

    fn new(fake: Fake) -> Self {
        Self::with(fake, |_| {})
    }

    async fn start(&mut self, draft: Draft) -> QueryId {
        self.next += 1;
        let id = QueryId(self.next);
        self.ids.clear();
        self.pages = 0;
        self.handle.commands.send(Command::Run(id, draft.check().unwrap(), None)).await.unwrap();
        id
    }

    /// Reads events up to the end of the run.
    async fn finish(&mut self) -> (Arc<Summary>, Option<Error>) {
        loop {
            if let Some(ended) = self.step().await {
                return ended;
            }
        }
    }

    async fn step(&mut self) -> Option<(Arc<Summary>, Option<Error>)> {
        match self.handle.events.recv().await.expect("the worker lives") {
            Event::Page(_, page) => {
                self.pages += u32::from(page.number > self.pages);
                assert_eq!(page.number, self.pages, "pages come in order");
                self.ids.extend(page.rows.iter().map(|r| r.id().unwrap().raw().to_owned()));
                None
            }
            Event::Finished(_, summary) => Some((summary, None)),
            Event::Failed(_, summary, error) => Some((summary, Some(error))),
            Event::Exchange(exchange) => {
                self.exchanges.push(exchange);
                None
            }
            Event::Broken(error) => panic!("{error}"),
            _ => None,
        }
    }

    async fn run(&mut self, draft: Draft) -> (Arc<Summary>, Option<Error>) {
        self.start(draft).await;
        self.finish().await
    }

    fn requests(&self, part: &str) -> usize {
        self.fake.state.lock().unwrap().sent.iter().filter(|(_, target)| target.contains(part)).count()
    }
}

fn everybody() -> Draft {
    Draft { filter: "email ne ''".into(), use_cache: false, ..Draft::default() }
}

fn people(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("P{i:05}")).collect()
}

fn throttled(seconds: &str) -> Odd {
    Odd::Status(429, vec![("retry-after", seconds.into())], r#"{"error":"rate"}"#.into())
}

#[tokio::test(start_paused = true)]
async fn every_profile_comes_once_and_in_order() {
    for total in [false, true] {
        let mut session = Session::new(Fake { total, ..Fake::new(1_234) });
        let (summary, error) = session.run(everybody()).await;
        assert_eq!(error, None);
        assert_eq!(session.ids, people(1_234));
        assert_eq!((summary.rows, summary.pages, summary.status), (1_234, 25, Status::Success));
        assert_eq!(summary.accuracy, Some(1.0));
        let wasted = session.requests("contacts") - 25;
        assert!(wasted <= if total { 0 } else { 4 }, "{wasted} requests in vain");
        assert_eq!(session.fake.state.lock().unwrap().most, 5, "pages go side by side");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_page_holds_up_no_other() {
    for total in [false, true] {
        let slow = Some(("page=2&", Duration::from_millis(250)));
        let mut session = Session::new(Fake { slow, total, ..Fake::new(550) });
        let (summary, error) = session.run(everybody()).await;
        assert_eq!((error, &session.ids), (None, &people(550)));
        // The token, page 1, then nine pages on four places while page 2 keeps the fifth.
        let wasted = session.requests("contacts") - 11;
        assert!(wasted <= if total { 0 } else { 4 }, "{wasted} requests in vain");
        assert!(summary.elapsed < Duration::from_millis(510), "{:?}", summary.elapsed);
        assert_eq!(session.fake.state.lock().unwrap().most, 5);
    }
}

#[tokio::test(start_paused = true)]
async fn concurrency_is_never_passed() {
    let mut session = Session::with(Fake::new(2_000), |s| s.bounds.concurrency = 3);
    session.run(everybody()).await;
    assert_eq!(session.fake.state.lock().unwrap().most, 3);
}

#[tokio::test(start_paused = true)]
async fn a_long_list_of_ids_is_one_result() {
    let mut session = Session::new(Fake::new(0));
    let mut ids = people(250);
    ids.push("NONE-1".into());
    let (summary, error) = session.run(Draft { ids: ids.clone(), ..Draft::default() }).await;
    assert_eq!(error, None);
    session.ids.sort();
    assert_eq!(session.ids, people(250));
    let not_found: Vec<_> = summary.not_found.iter().map(|id| id.as_str().to_owned()).collect();
    assert_eq!(not_found, ["NONE-1"]);
    assert!(!summary.filtered);
    assert_eq!(session.requests("contacts"), 6, "no page is asked that so many IDs cannot fill");
}

#[tokio::test(start_paused = true)]
async fn a_limit_stops_and_says_so() {
    let mut session = Session::new(Fake::new(1_000));
    let (summary, error) = session.run(Draft { limit: Some(120), ..everybody() }).await;
    assert_eq!((error, summary.rows, summary.status), (None, 120, Status::Success));
    assert_eq!(summary.cut, Some(Cut::Limit(120)));
    assert_eq!(session.requests("contacts"), 3, "nothing is asked beyond the limit");
    let (summary, _) = session.run(Draft { limit: Some(1_000), ..everybody() }).await;
    assert_eq!((summary.rows, summary.cut), (1_000, None), "all there was is no cut");
}

#[tokio::test(start_paused = true)]
async fn a_429_in_the_middle_costs_a_wait_and_no_row() {
    let mut session = Session::new(Fake::new(600).odd("page=4", throttled("7")));
    let (summary, error) = session.run(everybody()).await;
    assert_eq!(error, None);
    assert_eq!(session.ids, people(600));
    assert_eq!((summary.throttled, summary.retries), (1, 1));
    assert!(summary.elapsed >= Duration::from_secs(7));
    let state = session.fake.state.lock().unwrap();
    let closed =
        state.sent.iter().filter(|(_, t)| t.contains("page=4")).map(|(at, _)| *at).collect::<Vec<_>>();
    let (from, to) = (closed[0] + Duration::from_millis(100), closed[1]);
    assert!(to - from >= Duration::from_secs(7));
    let inside = state.sent.iter().filter(|(at, _)| *at > from && *at < to).count();
    assert_eq!(inside, 0, "nobody sends into a closed window");
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_patience_keeps_what_came() {
    let mut session = Session::new(Fake::new(600).odd("page=4", throttled("86400")));
    let (summary, error) = session.run(everybody()).await;
    let error = error.unwrap();
    assert_eq!(error.kind.exit_code(), 5);
    assert_eq!(error.ask_again_in, Some(Duration::from_secs(86_400)));
    assert_eq!(session.ids, people(150));
    assert_eq!((summary.status, summary.cut), (Status::Partial, Some(Cut::Error)));
}

#[tokio::test(start_paused = true)]
async fn the_phases_add_up_to_the_wall_time() {
    let fake = Fake { connect: Duration::from_millis(40), ..Fake::new(600) };
    let fake = fake.odd("page=4", throttled("7"));
    let mut session = Session::with(fake, |s| {
        // One after the other, so that nothing happens at the same time.
        s.bounds.concurrency = 1;
        s.bounds.rate = Some(4.0);
    });
    let (summary, error) = session.run(everybody()).await;
    assert_eq!((error, session.exchanges.len()), (None, 14));
    let mut whole = Duration::ZERO;
    for (i, exchange) in session.exchanges.iter().enumerate() {
        let p = exchange.phases;
        let all = p.queue + p.limit + p.token + p.connect + p.first_byte + p.body + p.decode + p.pipeline;
        assert_eq!(all, p.waiting() + p.connect + p.server() + p.processing());
        assert_eq!(p.server(), Duration::from_millis(100));
        let kept = i > 0;
        assert_eq!(p.connect, if kept { Duration::ZERO } else { Duration::from_millis(40) });
        whole += all;
    }
    assert!(session.exchanges.iter().any(|x| x.phases.limit >= Duration::from_secs(7)));
    // Timers are exact to a millisecond.
    let apart = summary.elapsed.abs_diff(whole);
    assert!(apart < Duration::from_millis(1), "{whole:?} of {:?}", summary.elapsed);
    assert_eq!((summary.network.count, summary.network.max), (13, Duration::from_millis(100)));
}

#[tokio::test(start_paused = true)]
async fn faults_on_the_way_are_tried_again() {
    for odd in [
        Odd::Fault(Fault::Reset),
        Odd::Fault(Fault::BodyCut("early end".into())),
        Odd::Fault(Fault::TimedOut(Duration::from_secs(30))),
        Odd::Status(503, vec![], String::new()),
        Odd::Status(500, vec![], r#"{"error":"x"}"#.into()),
        Odd::Status(200, vec![], r#"{"items":[{"id":"#.into()),
    ] {
        let mut session = Session::new(Fake::new(600).odd("page=4", odd.clone()));
        let (summary, error) = session.run(everybody()).await;
        assert_eq!(error, None, "{odd:?}");
        assert_eq!(session.ids, people(600), "{odd:?}");
        assert_eq!(summary.retries, 1, "{odd:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_stays_stops_after_four_attempts_with_request_and_reply() {
    let body = r#"{"error":{"code":"Boom","message":"s3cr3t-value and t1"}}"#;
    let fake =
        (0..9).fold(Fake::new(600), |fake, _| fake.odd("page=4", Odd::Status(500, vec![], body.into())));
    let mut session = Session::new(fake);
    let (_, error) = session.run(everybody()).await;
    let error = error.unwrap();
    assert_eq!(error.kind.exit_code(), 7);
    assert_eq!(session.requests("page=4"), 4);
    assert!(error.to_string().contains("after 4 attempts") && error.cause.contains("Boom"), "{error}");
    assert!(error.request.as_ref().unwrap().contains("page=4"));
    let reply = error.reply.as_ref().unwrap();
    assert!(reply.contains("Boom") && !reply.contains("s3cr3t"), "{reply}");
}

#[tokio::test(start_paused = true)]
async fn a_401_on_the_way_refreshes_once_for_all() {
    let mut session = Session::new(Fake::new(2_000));
    session.start(everybody()).await;
    while session.pages < 3 {
        session.step().await;
    }
    session.fake.state.lock().unwrap().valid = 99;
    // The next token asked for is number 2, and is the valid one again.
    let (summary, error) = session.finish().await;
    assert_eq!(error, None);
    assert_eq!(session.ids, people(2_000));
    assert_eq!(session.fake.state.lock().unwrap().tokens, 2);
    assert_eq!(summary.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn a_rate_slower_than_tokens_live_still_gets_there() {
    let fake = Fake { life: 5, ..Fake::new(200) };
    let mut session = Session::with(fake, |s| s.bounds.rate = Some(0.05));
    let (summary, error) = session.run(everybody()).await;
    assert_eq!(error, None);
    assert_eq!(session.ids, people(200));
    let (pages, tokens) = (session.requests("contacts"), session.fake.state.lock().unwrap().tokens);
    assert!(
        tokens as usize <= 2 * pages && summary.elapsed < Duration::from_secs(200),
        "{tokens} {summary:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_never_taken_is_not_asked_for_again() {
    let fake = Fake::new(10).odd("contacts", Odd::Status(401, vec![], String::new()));
    let mut session = Session::new(fake);
    let (summary, error) = session.run(everybody()).await;
    assert_eq!(error.unwrap().kind.exit_code(), 3);
    assert_eq!((session.fake.state.lock().unwrap().tokens, summary.status), (1, Status::Failed));
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_stop_at_once_and_name_the_setting() {
    let body = r#"{"error":"invalid_client","error_description":"no s3cr3t-value"}"#;
    let fake = Fake::new(10).odd("token", Odd::Status(401, vec![], body.into()));
    let mut session = Session::new(fake);
    let (_, error) = session.run(everybody()).await;
    let error = error.unwrap();
    assert_eq!(error.kind.exit_code(), 3);
    assert!(error.remedy.contains("CXONE_CLIENT_SECRET"), "{error}");
    assert!(!format!("{error:?}").contains("s3cr3t-value"), "{error:?}");
    assert_eq!((session.requests("token"), session.requests("contacts")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_missing_scope_stops_before_the_first_page() {
    let body = r#"{"access_token":"t0","expires_in":3600,"scope":"crm:read"}"#;
    let fake = Fake::new(10).odd("token", Odd::Status(200, vec![], body.into()));
    let mut session = Session::new(fake);
    let draft = Draft { segments: vec!["SEG-A".into()], ..Draft::default() };
    let (_, error) = session.run(draft).await;
    let error = error.unwrap();
    assert_eq!(error.kind.exit_code(), 4);
    assert!(error.to_string().contains("cdp:read"), "{error}");
    assert_eq!(session.requests("contacts"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_next_page_on_another_origin_is_never_asked() {
    let body = r#"{"items":[{"id":"A"}],"nextPageUrl":"https://evil.example/api/v2/crm/contacts?page=2"}"#;
    let fake = Fake::new(10).odd("page=1", Odd::Status(200, vec![], body.into()));
    let mut session = Session::new(fake);
    let (_, error) = session.run(everybody()).await;
    let error = error.unwrap();
    assert_eq!(error.kind.exit_code(), 7);
    assert!(error.cause.contains("evil.example"), "{error}");
    assert_eq!(session.requests("contacts"), 1);
    assert_eq!(session.ids, ["A"], "the page itself counts");
}

#[tokio::test(start_paused = true)]
async fn paging_that_loops_is_an_error() {
    let same = |n: u32| {
        let next = format!("/api/v2/crm/contacts?cursor={n}");
        Odd::Status(200, vec![], format!(r#"{{"items":[{{"id":"A"}}],"nextPageUrl":"{next}"}}"#))
    };
    let mut session = Session::new(Fake::new(10).odd("page=1", same(1)).odd("cursor=1", same(2)));
    let (_, error) = session.run(everybody()).await;
    let error = error.unwrap();
    assert!(error.cause.contains("paging loops"), "{error}");
    assert_eq!(error.kind.exit_code(), 7);
    assert_eq!(session.ids, ["A"]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_points_back_is_a_loop_however_its_url_is_spelled() {
    let rows =
        |from: usize| (from..from + 2).map(|i| format!(r#"{{"id":"L{i}"}}"#)).collect::<Vec<_>>().join(",");
    let body = |from: usize, next: &str| {
        Odd::Status(200, vec![], format!(r#"{{"items":[{}],"nextPageUrl":{next}}}"#, rows(from)))
    };
    let next = |page: u32| {
        let fields = "id,firstName,lastName,email,phone,tags,attributes,createdDate,modifiedDate";
        format!(r#""/api/v2/crm/contacts?page={page}&pageSize=50&filter=email+ne+%27%27&fields={fields}""#)
    };
    let fake = Fake::new(10)
        .odd("page=1", body(1, &next(2)))
        .odd("page=2", body(3, &next(3)))
        .odd("page=3", body(5, &next(1)));
    let mut session = Session::new(fake);
    let (_, error) = session.run(everybody()).await;
    assert!(error.unwrap().cause.contains("visited before"));
    assert_eq!(session.ids, ["L1", "L2", "L3", "L4", "L5", "L6"]);
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_no_list_are_errors_and_never_no_profiles() {
    for body in [r#"{"error":"x"}"#, r#"{"count":0}"#, "[]", "", "null", "<html>"] {
        let fake = (0..4).fold(Fake::new(10), |f, _| f.odd("page=1", Odd::Status(200, vec![], body.into())));
        let mut session = Session::new(fake);
        let (summary, error) = session.run(everybody()).await;
        assert_eq!(error.map(|e| e.kind.exit_code()), Some(7), "{body}");
        assert_eq!(summary.status, Status::Failed, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_cache_answers_the_same_query_and_no_other() {
    let mut session = Session::new(Fake::new(600));
    let draft = Draft { use_cache: true, ..everybody() };
    session.run(draft.clone()).await;
    let first = session.requests("contacts");
    tokio::time::advance(Duration::from_secs(100)).await;
    let (summary, _) = session.run(draft.clone()).await;
    assert_eq!(session.requests("contacts"), first);
    assert_eq!((summary.cache_hits, summary.requests), (12, 0));
    assert!(summary.oldest.unwrap() >= Duration::from_secs(100));
    assert_eq!(session.ids, people(600));
    let fewer = Draft { fields: "id".parse().unwrap(), ..draft.clone() };
    let (summary, _) = session.run(fewer).await;
    assert_eq!(summary.cache_hits, 0, "other fields are another question");
    tokio::time::advance(Duration::from_secs(300)).await;
    let (summary, _) = session.run(draft).await;
    assert_eq!(summary.cache_hits, 0, "its life is over");
}

#[tokio::test(start_paused = true)]
async fn ids_in_another_order_are_the_same_question() {
    let mut session = Session::new(Fake::new(0));
    let mut ids = people(230);
    session.run(Draft { ids: ids.clone(), ..Draft::default() }).await;
    ids.reverse();
    let (summary, _) = session.run(Draft { ids, ..Draft::default() }).await;
    assert_eq!((summary.requests, summary.rows), (0, 230));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_run_is_told_without_what_it_had_in_hand() {
    let mut session = Session::new(Fake::new(10).odd("page=1", Odd::Panic));
    let (_, error) = session.run(everybody()).await;
    let error = error.unwrap();
    assert_eq!(error.kind.exit_code(), 1);
    assert!(!format!("{error:?}").contains("Ada"), "{error:?}");
    let (summary, error) = session.run(everybody()).await;
    assert_eq!((summary.rows, error), (10, None), "the next run is not harmed");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_keeps_what_came_and_stops_asking() {
    let mut session = Session::new(Fake::new(50_000));
    let id = session.start(everybody()).await;
    while session.pages < 3 {
        session.step().await;
    }
    session.handle.commands.send(Command::Cancel(id)).await.unwrap();
    let (summary, error) = session.finish().await;
    assert_eq!((error, summary.status, summary.cut), (None, Status::Cancelled, Some(Cut::Cancelled)));
    assert_eq!(summary.rows, session.ids.len() as u64);
    assert_eq!(session.fake.state.lock().unwrap().in_flight, 0, "sockets are closed");
    assert_eq!(summary.requests as usize, session.requests(""), "those given up were sent all the same");
}
