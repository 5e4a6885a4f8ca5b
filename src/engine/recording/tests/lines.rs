//! What is written is what is read.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use super::super::line::{Base, CommandLine, EventLine, ExchangeLine, Line, Told};
use super::super::veil::Veil;
use super::*;
use crate::engine::error::Kind;
use crate::engine::event::{
    Announced, Auth, Cut, Disclosure, Endpoint, Exchange, Gate, Latency, Limits, Note, Outcome, Phases,
    RateSource, Retry, RetryReason, SetAside, Status, Summary,
};
use crate::engine::fetch::detail::{Detail, Received};
use crate::engine::fetch::transport::Fault;
use crate::engine::plan::{Count, Plan, PlannedRequest};
use crate::engine::query::Id;

/// Writes an event twice: as it is, and as it was read back.
fn twice(event: &Event) -> (String, String) {
    let base = Base(Clock::system().now());
    let write = |event: &Event| {
        let event = EventLine::of(event, &mut Veil::open(), base);
        serde_json::to_string(&Line { ms: 1, event, ..Line::default() }).unwrap()
    };
    let once = write(event);
    let line: Line = serde_json::from_str(&once).unwrap();
    let back = line.event.unwrap().read(base, |_| None).unwrap();
    (once, write(&back))
}

fn summary(n: u64, text: &str) -> Summary {
    let span = Duration::from_micros(n);
    let latency = Latency { count: n, p50: span, p95: span * 2, max: span * 3 };
    let id = Id::new("ID", &format!("NONE-{n}")).unwrap();
    Summary {
        status: [Status::Success, Status::Partial, Status::Failed, Status::Cancelled][n as usize % 4],
        elapsed: span,
        before: n,
        total: n.is_multiple_of(2).then_some(n),
        oldest: n.is_multiple_of(3).then_some(span),
        not_found: vec![id],
        filtered: n.is_multiple_of(2),
        set_aside: vec![SetAside { page: 1, row: 2, reason: "not JSON".into(), raw: text.into() }],
        connect: latency,
        network: latency,
        processing: latency,
        accuracy: n.is_multiple_of(2).then_some(0.25),
        cut: [None, Some(Cut::Limit(n)), Some(Cut::Cancelled), Some(Cut::Error)][n as usize % 4],
        ..Summary::of(Status::Success, n)
    }
}

fn error(n: u64, text: &str) -> Error {
    let kind = Kind::ALL[n as usize % Kind::ALL.len()];
    let error = Error::new(kind, text, text, "wait").in_filter(n.is_multiple_of(2).then_some(7));
    if n.is_multiple_of(3) {
        error.with_request(text).with_reply(format!("500\n{text}")).ask_again_in(Duration::from_secs(n))
    } else {
        error
    }
}

fn limits(n: u64, now: tokio::time::Instant) -> Limits {
    let span = Duration::from_millis(n);
    Limits {
        at: now + span,
        in_flight: 1,
        waiting: 2,
        window: 3,
        concurrency: 4,
        rate: n.is_multiple_of(2).then_some(1.5),
        source: [RateSource::Unknown, RateSource::Configured, RateSource::Announced, RateSource::Learned]
            [n as usize % 4],
        configured: Some(f64::INFINITY),
        announced: Some(Announced {
            limit: None,
            window: Some(span),
            remaining: Some(0.5),
            reset: Some(now + span),
        }),
        learned: None,
        bucket: Some((1.0, 10.0)),
        measured: 0.1,
        gate: Some(Gate { until: now + span, said: "Retry-After: 7".into() }),
        throttled: n,
    }
}

proptest! {
    #[test]
    fn an_event_is_the_same_when_it_is_read_back(n in 0_u64..1_000, text in "\\PC{0,20}") {
        let now = Clock::system().now();
        let plan = Plan {
            batches: 2,
            requests: if n.is_multiple_of(2) { Count::AtLeast(n) } else { Count::Exactly(n) },
            rows: Some(n),
            time: Some(Duration::from_micros(n)),
            cached: 1,
            cached_until: Some(now + Duration::from_millis(n)),
            first: vec![PlannedRequest { method: "GET", url: "https://acme.example/x?page=1".into() }],
        };
        for event in [
            page(1, (n % 4) as u32),
            Event::Finished(QueryId(n), summary(n, &text).into()),
            Event::Failed(QueryId(n), summary(n, &text).into(), error(n, &text)),
            Event::Broken(error(n, &text)),
            Event::Limits(limits(n, now).into()),
            Event::Auth(Auth::Granted { expires: now + Duration::from_secs(n), scopes: vec!["crm:read".into()] }),
            Event::Auth([Auth::None, Auth::Requesting, Auth::Refused, Auth::Failed][n as usize % 4].clone()),
            Event::Planned(n, plan),
            Event::Paused(QueryId(n)),
            Event::Started(QueryId(n), "2026-03-04T12:01:04Z".parse().unwrap()),
            Event::Again(n, n.is_multiple_of(2).then(|| error(n, &text))),
            Event::Webhooks(if n.is_multiple_of(2) { Err(error(n, &text)) } else { Ok(Arc::from([])) }),
            Event::Noted(n, if n.is_multiple_of(2) { Err(error(n, &text)) } else { Ok(()) }),
        ] {
            let (once, again) = twice(&event);
            prop_assert_eq!(once, again);
        }
    }

    #[test]
    fn an_exchange_is_the_same_when_it_is_read_back(
        n in 0_u64..1_000, body in proptest::collection::vec(any::<u8>(), 0..40), text in "\\PC{0,20}",
    ) {
        let span = Duration::from_micros(n);
        let is_broken = n.is_multiple_of(3);
        let detail = Arc::new(Detail {
            method: "GET",
            url: "https://acme.example/api/v2/crm/contacts?page=1".into(),
            request: vec![("accept", "application/json".into())],
            sent: n.is_multiple_of(2).then(|| "not kept".into()),
            reply: (!is_broken).then(|| Received {
                status: 429,
                headers: vec![("retry-after".into(), "Wed, 04 Mar 2026 12:01:11 GMT".into()), ("x-odd".into(), "\u{e9}".into())],
                body: String::from_utf8_lossy(&body).into_owned().into(),
                size: body.len() as u64,
                withheld: None,
            }),
        });
        let exchange = Arc::new(Exchange {
            number: n,
            query: Some(QueryId(n)),
            again: None,
            at: "2026-03-04T12:01:04Z".parse().unwrap(),
            endpoint: Endpoint::ALL[n as usize % 3],
            method: "GET",
            target: "/api/v2/crm/contacts?page=1".into(),
            label: "page 1".into(),
            attempt: 2,
            outcome: if is_broken { Outcome::Broken(Fault::Reset.to_string()) } else { Outcome::Status(429) },
            phases: Phases { queue: span, limit: span, token: span, connect: span, first_byte: span, body: span, decode: span, pipeline: span },
            bytes: n,
            rows: Some(3),
            retry: Some(Retry { after: span, because: [RetryReason::RetryAfter, RetryReason::Backoff, RetryReason::Token][n as usize % 3] }),
            retry_after: Some(text.as_str().into()),
            detail: Arc::downgrade(&detail),
        });
        let told = Told { exchange, detail, body: Bytes::from(body.clone()), fault: is_broken.then_some(Fault::TimedOut(span)) };
        let once = serde_json::to_string(&ExchangeLine::of(&told, &mut Veil::open())).unwrap();
        let line: ExchangeLine = serde_json::from_str(&once).unwrap();
        let (answer, _) = line.answer().unwrap();
        match answer {
            Ok(reply) => prop_assert!(!is_broken && reply.body == body && reply.headers["retry-after"].to_str().unwrap().contains("GMT")),
            Err(fault) => prop_assert_eq!(fault, Fault::TimedOut(span)),
        }
        let (exchange, detail) = line.read().unwrap();
        let told = Told { exchange, detail, body: Bytes::from(body), fault: is_broken.then_some(Fault::TimedOut(span)) };
        let again = serde_json::to_string(&ExchangeLine::of(&told, &mut Veil::open())).unwrap();
        prop_assert_eq!(once, again);
    }
}

#[test]
fn a_command_is_the_same_when_it_is_read_back() {
    let write = |command: &Command| {
        let command = CommandLine::of(command, &mut Veil::open());
        serde_json::to_string(&Line { ms: 1, command, ..Line::default() }).unwrap()
    };
    let note =
        Note { disclosure: Disclosure::Export, id: Some("A".into()), fields: vec!["email".into()], rows: 3 };
    let Command::Run(_, query, _) = run(1) else { panic!() };
    let place = crate::engine::place::Place {
        query: query.clone(),
        batch: 1,
        page: 3,
        target: Some("/x?page=3".into()),
        rows: 100,
        withheld: 1,
        pages: 2,
        total: None,
        totals: 0,
        seen: crate::engine::place::Seen::default(),
    };
    for command in [
        run(1),
        Command::Resume(QueryId(2), place.into(), Some(5)),
        Command::Want(QueryId(1), None),
        Command::Cancel(QueryId(1)),
        Command::Plan(u64::MAX, query),
        Command::Note(4, note),
        Command::Again(9),
        Command::Webhooks,
        Command::Bounds { concurrency: 3, rate: Some(0.5) },
    ] {
        let once = write(&command);
        let line: Line = serde_json::from_str(&once).unwrap();
        assert_eq!(write(&line.command.unwrap().read().unwrap()), once);
    }
}
