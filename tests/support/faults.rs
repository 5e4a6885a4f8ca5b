//! Plays a fault: a sandbox of its own, the real engine over real HTTP, one run, and everything that was seen.

use std::fmt::{Debug, Write as _};
use std::sync::Arc;
use std::time::Duration;

use cxlens::engine::audit::Access;
use cxlens::engine::chance::Chance;
use cxlens::engine::clock::Clock;
use cxlens::engine::error::{Error, Kind};
use cxlens::engine::event::{Auth, Command, Cut, Endpoint, Event, Exchange, RetryReason, Status, Summary};
use cxlens::engine::options::Service;
use cxlens::engine::pipeline::profile::Profile;
use cxlens::engine::query::{Draft, QueryId};
use cxlens::engine::worker::{Handle, Setup, channel};
use cxlens::sandbox::{Control, Counters, Fault, Options, Recorded, Sandbox};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// How many people there are: ten pages.
pub(crate) const PEOPLE: usize = 230;
/// Profiles a page.
pub(crate) const PAGE: u32 = 23;
/// How every token of the sandbox begins.
const TOKEN: &str = "sbx.";

/// A run that is to be made, and how it differs from the usual.
pub(crate) struct Case {
    pub(crate) sandbox: Options,
    pub(crate) service: Service,
    pub(crate) draft: Draft,
}

impl Case {
    /// Everybody, ten pages of them, with these faults.
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        let sandbox = Options { profiles: PEOPLE, announce_total: true, faults, ..Options::default() };
        let nowhere = Url::parse("http://127.0.0.1").unwrap();
        let client = &sandbox.clients[0];
        let mut service =
            Service::new("sandbox", nowhere, &client.id, SecretString::from(client.secret.as_str()));
        service.timeouts.page = Duration::from_millis(400);
        service.timeouts.token = Duration::from_millis(400);
        service.bounds.max_wait = Duration::from_secs(5);
        let draft =
            Draft { segments: vec!["SEG-ALL".into()], page_size: PAGE, use_cache: false, ..Draft::default() };
        Self { sandbox, service, draft }
    }

    /// The same with a fault by its name.
    pub(crate) fn of(name: &str) -> Self {
        Self::new(vec![name.parse().unwrap_or_else(|unknown| panic!("{unknown}"))])
    }

    /// The same with a plan of the test's own.
    pub(crate) fn plan(toml: &str) -> Self {
        let head = "says = \"\"\ngroup = \"\"\nrow = \"\"\n";
        Self::new(vec![Fault::from_toml("own", &format!("{head}{toml}")).unwrap_or_else(|e| panic!("{e}"))])
    }

    /// The same, changed.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Pages may take long.
    pub(crate) fn patient(&mut self) {
        self.service.timeouts.page = Duration::from_secs(20);
    }

    /// Starts the sandbox and a worker for it.
    pub(crate) async fn start(self) -> Session {
        let Self { sandbox, mut service, draft } = self;
        let healthy = Options { faults: Vec::new(), ..sandbox.clone() };
        let sandbox = Sandbox::start(sandbox).await.unwrap();
        service.base_url = Url::parse(&sandbox.base_url()).unwrap();
        let people = members(healthy).await;
        let concurrency = service.bounds.concurrency;
        let handle = worker(service);
        Session { sandbox, handle, draft, people, concurrency, seen: Seen::default() }
    }

    /// Starts, runs to the end, and checks what must hold whatever happens.
    pub(crate) async fn run(self) -> Ran {
        let mut session = self.start().await;
        session.ask().await;
        session.finish().await
    }
}

/// A worker of the engine for a service, over real HTTP.
pub(crate) fn worker(service: Service) -> Handle {
    let (handle, worker) = channel();
    let (clock, chance) = (Clock::system(), short_waits());
    tokio::spawn(worker.run(Setup {
        service,
        clock,
        chance,
        transport: None,
        audit: None,
        access: Access::default(),
        keep_exchanges: true,
    }));
    handle
}

/// Dice that fall low at first: backoff is anywhere from nothing to its most, and tests need not wait for the most.
fn short_waits() -> Chance {
    let low = |seed: &u64| {
        let chance = Chance::seeded(*seed);
        (0..6).all(|_| chance.unit() < 0.2)
    };
    Chance::seeded((0..1_000_000).find(low).unwrap())
}

/// The IDs that a sandbox without faults tells a client of two lines.
async fn members(options: Options) -> Vec<String> {
    let sandbox = Sandbox::start(options).await.unwrap();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        sandbox.client_id(),
        sandbox.client_secret()
    );
    let login = format!(
        "POST /api/v2/oauth/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{form}",
        form.len()
    );
    let token = exchange(&sandbox, &login).await["access_token"].as_str().unwrap().to_owned();
    let ask = format!(
        "GET /api/v2/crm/contacts?fields=id&pageSize=1000 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\n\r\n"
    );
    let page = exchange(&sandbox, &ask).await;
    let rows = page["items"].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

async fn exchange(sandbox: &Sandbox, request: &str) -> serde_json::Value {
    let mut stream = TcpStream::connect(sandbox.addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    serde_json::from_str(reply.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// A sandbox, a worker, and what was heard so far.
pub(crate) struct Session {
    pub(crate) sandbox: Sandbox,
    pub(crate) handle: Handle,
    draft: Draft,
    people: Vec<String>,
    concurrency: u32,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    runs: u64,
    rows: Vec<Profile>,
    exchanges: Vec<Arc<Exchange>>,
    auth: Vec<Auth>,
    totals: Vec<Option<u64>>,
    /// Everything that could be printed.
    printed: String,
    ended: Option<(Arc<Summary>, Option<Error>)>,
}

impl Session {
    /// Asks; the answer is for [`Self::finish`].
    pub(crate) async fn ask(&mut self) {
        self.seen = Seen { runs: self.seen.runs + 1, ..Seen::default() };
        let run = Command::Run(QueryId(self.seen.runs), self.draft.check().unwrap(), None);
        self.handle.commands.send(run).await.unwrap();
    }

    /// What cancels the run under way.
    pub(crate) fn cancel(&self) -> Command {
        Command::Cancel(QueryId(self.seen.runs))
    }

    pub(crate) fn control(&self) -> Control {
        self.sandbox.control()
    }

    /// Hears the run out.
    pub(crate) async fn finish(&mut self) -> Ran {
        while self.seen.ended.is_none() {
            let event = self.handle.events.recv().await.expect("the worker lives");
            self.seen.take(event);
        }
        let (summary, error) = self.seen.ended.take().unwrap();
        let seen = std::mem::take(&mut self.seen);
        self.seen.runs = seen.runs;
        let ran = Ran {
            ids: seen.rows.iter().map(|row| row.id().map_or("", |id| id.raw()).to_owned()).collect(),
            rows: seen.rows,
            summary,
            error,
            exchanges: seen.exchanges,
            auth: seen.auth,
            totals: seen.totals,
            counters: self.control().counters(),
            asked: self.control().requests(),
            people: self.people.clone(),
        };
        ran.always(&seen.printed, self.concurrency, self.sandbox.client_secret());
        ran
    }
}

impl Seen {
    fn take(&mut self, event: Event) {
        let _ = writeln!(self.printed, "{event:?}");
        match event {
            Event::Page(_, page) => {
                self.totals.push(page.total);
                self.rows.extend(page.rows);
            }
            Event::Exchange(exchange) => self.exchanges.push(exchange),
            Event::Auth(auth) => self.auth.push(auth),
            Event::Finished(_, summary) => self.ended = Some((summary, None)),
            Event::Failed(_, summary, error) => {
                self.printed.push_str(&error.to_string());
                self.ended = Some((summary, Some(error)));
            }
            Event::Broken(error) => panic!("{error}"),
            _ => {}
        }
    }
}

/// A run that is over. Its checks panic with what was seen, and can be chained.
pub(crate) struct Ran {
    pub(crate) ids: Vec<String>,
    pub(crate) rows: Vec<Profile>,
    pub(crate) summary: Arc<Summary>,
    pub(crate) error: Option<Error>,
    pub(crate) exchanges: Vec<Arc<Exchange>>,
    pub(crate) auth: Vec<Auth>,
    pub(crate) totals: Vec<Option<u64>>,
    pub(crate) counters: Counters,
    pub(crate) asked: Vec<Recorded>,
    pub(crate) people: Vec<String>,
}

impl Ran {
    /// What holds whatever the service does.
    fn always(&self, printed: &str, concurrency: u32, secret: &str) {
        let Self { summary, error, counters, .. } = self;
        self.kept_out_of_closed_windows();
        // The service cannot see when its reply was read, but with one request at a time that makes no difference.
        assert!(
            concurrency > 1 || counters.inside_window == 0,
            "the service saw requests in a closed window"
        );
        assert_eq!((counters.other, counters.webhooks), (0, 0), "something else was asked: {:?}", self.asked);
        assert!(!printed.contains(secret) && !printed.contains(TOKEN), "a secret got out: {printed}");
        assert!(!printed.contains('\u{1b}') && !printed.contains('\u{9b}'), "an escape got out: {printed:?}");
        assert_eq!(summary.rows, self.rows.len() as u64);
        // Rows without an ID cannot be told apart.
        let mut ids: Vec<_> = self.ids.iter().filter(|id| !id.is_empty()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "a row came twice");
        // The token request may go beside pages; what timed out here may still be under way there.
        let broken = self.exchanges.iter().any(|x| x.outcome.status().is_none());
        let most = u64::from(concurrency) + 1;
        assert!(broken || counters.max_in_flight <= most, "{} at once", counters.max_in_flight);
        if let Some(error) = error {
            assert!(
                !error.what.is_empty() && !error.cause.is_empty() && !error.remedy.is_empty(),
                "{error:?}"
            );
            assert_eq!(summary.cut, Some(Cut::Error));
            let status = if self.rows.is_empty() { Status::Failed } else { Status::Partial };
            assert_eq!(summary.status, status);
        }
    }

    /// Nothing was sent between the moment that a reply asked for silence and its end.
    fn kept_out_of_closed_windows(&self) {
        for told in &self.exchanges {
            let Some(retry) = told.retry.as_ref().filter(|r| r.because == RetryReason::RetryAfter) else {
                continue;
            };
            let closed = told.at + told.phases.connect + told.phases.server();
            let opens = closed + retry.after;
            // Both are read off the wall clock, a moment apart.
            let slack = Duration::from_millis(2);
            let inside = |x: &&Arc<Exchange>| x.at > closed + slack && x.at + slack < opens;
            let inside: Vec<_> = self.exchanges.iter().filter(inside).collect();
            assert!(inside.is_empty(), "after {told:?} was read: {inside:?}");
        }
    }

    /// Everybody came, once, in order.
    pub(crate) fn whole(&self) -> &Self {
        assert_eq!(self.error, None);
        assert_eq!(self.ids, self.people);
        assert_eq!((self.summary.status, self.summary.cut), (Status::Success, None));
        assert_eq!((self.summary.repeats, self.summary.set_aside.len()), (0, 0));
        self
    }

    /// It stopped with this exit code; the first so many rows are there, and it says on what it stopped.
    pub(crate) fn stops(&self, kind: Kind, rows: usize, what: &str) -> &Self {
        let error = self.error();
        assert_eq!(error.kind, kind, "{error}");
        assert_eq!(self.ids, self.people[..self.ids.len()], "rows are missing in the middle");
        assert_eq!(self.ids.len(), rows, "{error}");
        assert!(error.what.contains(what), "{:?} does not name {what}", error.what);
        self
    }

    pub(crate) fn error(&self) -> &Error {
        self.error.as_ref().expect("it stops with an error")
    }

    /// The error says this somewhere: in what, cause, remedy, request or reply.
    pub(crate) fn says(&self, text: &str) -> &Self {
        let error = self.error();
        assert!(format!("{error:?}").contains(text), "{text:?} is not in {error:#?}");
        self
    }

    /// So many token requests reached the service.
    pub(crate) fn tokens(&self, count: u64) -> &Self {
        assert_eq!(self.counters.tokens, count, "token requests");
        self
    }

    /// So many requests for pages reached the service.
    pub(crate) fn pages(&self, count: u64) -> &Self {
        assert_eq!(self.counters.contacts, count, "page requests: {:#?}", self.log());
        self
    }

    /// Requests were sent again so often, in all.
    pub(crate) fn retries(&self, count: impl std::ops::RangeBounds<usize> + Debug) -> &Self {
        let again = self.exchanges.iter().filter(|x| x.attempt > 1).count();
        assert!(count.contains(&again), "{again} retries, not {count:?}: {:#?}", self.log());
        self
    }

    /// Nothing was sent twice.
    pub(crate) fn nothing_again(&self) -> &Self {
        self.retries(0..=0);
        let mut asked: Vec<_> = self.asked.iter().map(|r| &r.target).collect();
        let all = asked.len();
        asked.sort_unstable();
        asked.dedup();
        assert_eq!(asked.len(), all, "{:?}", self.asked);
        self
    }

    /// Every 429 (and what means the same) was waited out for this long because the service said so.
    pub(crate) fn told_to_wait(&self, wait: impl std::ops::RangeBounds<Duration> + Debug) -> &Self {
        let waits = self.waits(RetryReason::RetryAfter);
        assert!(!waits.is_empty() && waits.iter().all(|w| wait.contains(w)), "{waits:?} is not {wait:?}");
        let own = self.waits(RetryReason::Backoff);
        assert!(own.is_empty(), "{own:?}: somebody chose a wait of his own");
        self
    }

    /// Everything that was tried again waited for a time of our own choosing, half a second at most the first time.
    pub(crate) fn backed_off(&self) -> &Self {
        let told = self.waits(RetryReason::RetryAfter);
        assert!(told.is_empty(), "{told:?}: nobody said how long");
        let first = self.exchanges.iter().filter(|x| x.attempt == 1).filter_map(|x| x.retry.as_ref());
        let first: Vec<_> = first.filter(|r| r.because == RetryReason::Backoff).map(|r| r.after).collect();
        assert!(!first.is_empty() && first.iter().all(|w| *w <= Duration::from_millis(500)), "{first:?}");
        self
    }

    fn waits(&self, because: RetryReason) -> Vec<Duration> {
        let retries = self.exchanges.iter().filter_map(|x| x.retry.as_ref());
        retries.filter(|retry| retry.because == because).map(|retry| retry.after).collect()
    }

    /// Pages were left alone for at least this long somewhere on the way, without a 429.
    pub(crate) fn slowed_down(&self, least: Duration) -> &Self {
        let at: Vec<_> = self.contacts().map(|r| r.after).collect();
        let longest = at.windows(2).map(|two| two[1].saturating_sub(two[0])).max().unwrap_or_default();
        assert!(longest >= least, "the longest pause was {longest:?}");
        assert_eq!(self.counters.throttled, 0);
        self
    }

    /// It took less than this.
    pub(crate) fn within(&self, most: Duration) -> &Self {
        assert!(self.summary.elapsed < most, "{:?}: {:#?}", self.summary.elapsed, self.log());
        self
    }

    pub(crate) fn contacts(&self) -> impl Iterator<Item = &Recorded> {
        self.asked.iter().filter(|r| r.target.starts_with("/api/v2/crm/contacts"))
    }

    /// So many rows were set aside, each with its place on page 1 and a reason that holds this.
    pub(crate) fn set_aside(&self, rows: &[u32], reason: &str) -> &Self {
        assert_eq!(self.error, None);
        assert_eq!((self.summary.status, self.summary.cut), (Status::Partial, None));
        let places: Vec<_> = self.summary.set_aside.iter().map(|s| (s.page, s.row)).collect();
        assert_eq!(places, rows.iter().map(|row| (1, *row)).collect::<Vec<_>>());
        for aside in &self.summary.set_aside {
            assert!(aside.reason.contains(reason), "{reason:?} is not in {:?}", aside.reason);
        }
        assert_eq!(self.ids, self.people, "the rest of the page is there");
        self
    }

    /// Everybody came, and these as well, behind the first row of page 1.
    pub(crate) fn whole_with(&self, odd: &[&str]) -> &Self {
        assert_eq!(self.error, None);
        assert_eq!(self.summary.status, Status::Success);
        let (first, rest) = self.people.split_at(1);
        let odd: Vec<_> = odd.iter().map(ToString::to_string).collect();
        assert_eq!(self.ids, [first, &odd, rest].concat());
        self
    }

    /// The row that the fault put in.
    pub(crate) fn row(&self, id: &str) -> &Profile {
        let at = self.ids.iter().position(|own| own == id).unwrap_or_else(|| panic!("no row {id}"));
        &self.rows[at]
    }

    fn log(&self) -> Vec<String> {
        let line = |x: &Arc<Exchange>| {
            format!("{} {} #{} {:?} {:?}", x.endpoint.name(), x.label, x.attempt, x.outcome, x.retry)
        };
        self.exchanges.iter().map(line).collect()
    }

    /// Exchanges that were for profiles.
    pub(crate) fn of(&self, endpoint: Endpoint) -> impl Iterator<Item = &Arc<Exchange>> {
        self.exchanges.iter().filter(move |x| x.endpoint == endpoint)
    }
}

/// A test for each fault of a table, by the table's rows; `PLAYED` says which fault was played for which row.
///
/// A name is the fault's with `_` for `-`; `http_` stands before one that begins with a digit.
macro_rules! faults {
    ($($row:ident = $text:literal {
        $($name:ident $(with |$case:ident| $change:expr)?; |$ran:ident| $check:expr;)*
    })*) => {
        pub(crate) const PLAYED: &[(&str, &str)] = &[$($(($text, stringify!($name)),)*)*];

        $(mod $row {
            use super::*;

            $(#[tokio::test]
            async fn $name() {
                let case = Case::of(&crate::fault_of(stringify!($name)));
                $(let case = case.with(|$case| { $change; });)?
                let $ran = case.run().await;
                $check;
            })*
        })*
    };
}
