//! Odd answers met before, kept as recordings: each goes through the engine again, and is shown again as it was.
//!
//! Such a recording is made by `cxlens query --record FILE`, here against a sandbox that plays the fault of its name.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says no more of a broken machine than a panic does"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cxlens::engine::audit::Access;
use cxlens::engine::chance::Chance;
use cxlens::engine::clock::{Clock, Pace};
use cxlens::engine::error::{Error, Kind};
use cxlens::engine::event::replay::{Replay, What};
use cxlens::engine::event::{Command, Cut, Event, Exchange, Status, Summary};
use cxlens::engine::options::Service;
use cxlens::engine::query::{Query, QueryId};
use cxlens::engine::recording::{self, Header, Item, Played, Reader};
use cxlens::engine::worker::{Setup, channel};
use secrecy::SecretString;
use url::Url;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name).with_extension("cxrec")
}

/// What came of a run.
#[derive(Debug, Default)]
struct Came {
    ids: Vec<String>,
    set_aside: Vec<String>,
    exchanges: Vec<Arc<Exchange>>,
    end: Option<(Arc<Summary>, Option<Error>)>,
    /// Where requests went: the next page must be named there too.
    origin: String,
}

impl Came {
    fn take(&mut self, event: Event) {
        match event {
            Event::Page(_, page) => {
                let id =
                    |row: &cxlens::engine::pipeline::profile::Profile| row.id().map(|id| id.raw().to_owned());
                self.ids.extend(page.rows.iter().filter_map(id));
                self.set_aside.extend(page.set_aside.into_iter().map(|row| row.reason));
            }
            Event::Ready(service) => self.origin.clone_from(&service.base_url),
            Event::Exchange(exchange) => self.exchanges.push(exchange),
            Event::Finished(_, summary) => self.end = Some((summary, None)),
            Event::Failed(_, summary, error) => self.end = Some((summary, Some(error))),
            _ => {}
        }
    }

    fn summary(&self) -> &Summary {
        &self.end.as_ref().unwrap().0
    }

    fn error(&self) -> Option<&Error> {
        self.end.as_ref().unwrap().1.as_ref()
    }

    /// What must be the same however often it is run: not how long it took.
    fn gist(&self) -> impl PartialEq + std::fmt::Debug {
        let run = self.summary();
        let outcomes: Vec<_> =
            self.exchanges.iter().map(|e| (e.label.clone(), e.outcome.clone(), e.rows)).collect();
        let error = self.error().map(|error| (error.kind, error.what.clone(), error.cause.clone()));
        (
            (self.ids.clone(), self.set_aside.clone(), outcomes, error),
            (run.status, run.rows, run.pages, run.requests, run.retries, run.throttled, run.repeats, run.cut),
        )
    }
}

/// What was recorded: its header, the query, and what came.
fn recorded(name: &str) -> (Header, Query, Came) {
    let mut reader = Reader::open(&path(name)).unwrap();
    let base = Clock::system().now();
    let (mut query, mut came) = (None, Came::default());
    while let Some(line) = reader.next(base) {
        match line.unwrap().1 {
            Item::Command(Command::Run(_, asked, _)) => query = Some(asked),
            Item::Event(event) => came.take(event),
            _ => {}
        }
    }
    (reader.header().clone(), query.unwrap(), came)
}

/// Runs the query again, answered as it was then.
async fn run_again(name: &str) -> (Came, usize) {
    let (header, query, then) = recorded(name);
    let clock = Clock::starting_at(header.at);
    let played = Arc::new(Played::open(&path(name), clock.clone()).unwrap());
    let service = Service::new(
        header.tenant,
        Url::parse(&then.origin).unwrap(),
        "nobody",
        SecretString::from("nothing-of-worth"),
    );
    let (mut handle, worker) = channel();
    let setup = Setup {
        service: Service {
            bounds: cxlens::engine::options::Bounds { concurrency: 1, ..service.bounds },
            ..service
        },
        clock,
        chance: Chance::seeded(1),
        transport: Some(played.clone()),
        audit: None,
        access: Access::default(),
        keep_exchanges: true,
    };
    tokio::spawn(worker.run(setup));
    handle.send(Command::Run(QueryId(1), query, None)).unwrap();
    let mut came = Came::default();
    while came.end.is_none() {
        came.take(handle.events.recv().await.unwrap());
    }
    (came, played.left())
}

/// Shows the recording again through the handle, at so many times its speed.
async fn shown_again(name: &str, speed: f64) -> Came {
    let reader = Reader::open(&path(name)).unwrap();
    let pace = Pace::new(reader.header().at);
    let (mut handle, worker) = channel();
    tokio::spawn(recording::run(worker, reader, pace, speed));
    let mut came = Came::default();
    loop {
        match handle.events.recv().await.unwrap() {
            Event::Played(played) => match played.what {
                What::Event(event) => came.take(event),
                What::Command(_) => {}
            },
            Event::Replay(Replay::Stands(stands)) if stands.ended => return came,
            Event::Replay(Replay::Damaged(error)) => panic!("{error}"),
            _ => {}
        }
    }
}

/// Both ways to what was recorded.
async fn both(name: &str) -> (Came, Came) {
    let (_, _, then) = recorded(name);
    let (again, left) = run_again(name).await;
    assert_eq!(left, 0, "every answer was asked for: {:?}", again.gist());
    assert_eq!(format!("{:?}", again.gist()), format!("{:?}", then.gist()), "{name}: run again");
    for speed in [1.0, 100.0] {
        let shown = shown_again(name, speed).await;
        assert_eq!(format!("{:?}", shown.gist()), format!("{:?}", then.gist()), "{name}: shown again");
        let details = shown.exchanges.iter().filter(|exchange| exchange.detail.upgrade().is_some()).count();
        assert_eq!(details, shown.exchanges.len(), "each can be looked at");
    }
    (then, again)
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_row_costs_itself_alone() {
    let (_, again) = both("rows-invalid-utf8").await;
    assert_eq!((again.ids.len(), again.set_aside.len()), (14, 1));
    assert!(again.set_aside[0].contains("invalid UTF-8"), "{:?}", again.set_aside);
    assert_eq!((again.error(), again.summary().status), (None, Status::Partial));
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_that_is_a_date_is_waited_out() {
    let (_, again) = both("retry-after-http-date").await;
    assert_eq!((again.ids.len(), again.summary().status), (14, Status::Success));
    let throttled: Vec<_> = again.exchanges.iter().filter(|exchange| exchange.is_throttled()).collect();
    assert!(!throttled.is_empty());
    for exchange in throttled {
        assert!(exchange.retry_after.as_ref().unwrap().raw().ends_with("GMT"));
        let wait = exchange.retry.as_ref().unwrap().after;
        assert!((Duration::from_millis(500)..Duration::from_secs(10)).contains(&wait), "{wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_paging_loop_ends_the_run_and_keeps_what_came() {
    let (_, again) = both("next-page-loop").await;
    let error = again.error().unwrap();
    assert!(error.kind == Kind::Service && error.to_string().contains("loop"), "{error}");
    assert_eq!(again.summary().cut, Some(Cut::Error));
    assert!(!again.ids.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_captive_portal_is_named() {
    let (_, again) = both("captive-portal-mid-paging").await;
    let error = again.error().unwrap();
    assert!(error.to_string().contains("web page") && error.remedy.contains("portal"), "{error}");
    assert_eq!((again.ids.len(), again.summary().status), (10, Status::Partial));
}

#[tokio::test(start_paused = true)]
async fn what_was_never_recorded_is_not_answered() {
    let clock = Clock::system();
    let played = Played::open(&path("next-page-loop"), clock).unwrap();
    let request = cxlens::engine::fetch::transport::Request {
        method: http::Method::GET,
        url: Url::parse("https://sandbox.example/api/v2/crm/webhooks").unwrap(),
        bearer: None,
        body: cxlens::engine::fetch::transport::Body::None,
        idempotency: None,
        timeout: Duration::from_secs(1),
    };
    let fault = cxlens::engine::fetch::transport::Transport::exchange(&played, request).await.unwrap_err();
    assert!(fault.to_string().contains("no more answers to GET /api/v2/crm/webhooks"), "{fault}");
}

#[test]
fn nobody_is_in_the_recordings_that_are_kept_here() {
    let mut kept = 0;
    for entry in std::fs::read_dir(path("x").parent().unwrap()).unwrap() {
        let reader = Reader::open(&entry.unwrap().path()).unwrap();
        assert!(!reader.header().personal_values_are_true && !reader.is_torn());
        kept += 1;
    }
    assert_eq!(kept, 4);
}
