//! Events as the engine would send them, for tests.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::error::{Error, Kind};
use crate::engine::event::{
    Announced, Auth, Endpoint, Event, Exchange, FileState, Latency, Limits, OpenedFile, Outcome, Page,
    Phases, RateSource, Retry, RetryReason, ServiceInfo, Status, Summary,
};
use crate::engine::fetch::detail::{Detail, Received};
use crate::engine::pipeline::profile::{Profile, Slot, Text};
use crate::engine::query::{FieldSet, QueryId};

pub(crate) const NOON: &str = "2026-03-04T12:01:04Z";

pub(crate) fn ready() -> Event {
    Event::Ready(Arc::new(service()))
}

pub(crate) fn service() -> ServiceInfo {
    ServiceInfo {
        tenant: "acme".into(),
        base_url: "https://acme.my.cxone.com".into(),
        sandbox: false,
        needs_reason: false,
        files: vec![],
    }
}

/// A file of which it is known what it is, not yet read.
pub(crate) fn file(name: &str) -> OpenedFile {
    OpenedFile {
        name: name.into(),
        format: "NDJSON",
        bytes: 612_000,
        modified: Some(NOON.parse().unwrap()),
        expected: None,
        fields: FieldSet::ALL,
        rows: 0,
        set_aside: 0,
        state: FileState::Waiting,
        about: vec![],
    }
}

pub(crate) fn granted(now: Instant, life: u64) -> Auth {
    Auth::Granted { expires: now + Duration::from_secs(life), scopes: vec!["crm:read".into()] }
}

pub(crate) fn page(id: u64, number: u32, rows: u32) -> Event {
    let rows = (0..rows).map(|n| profile(&format!("PROF-{:07}", number * 100 + n))).collect();
    Event::Page(QueryId(id), Page { number, batch: 1, rows, total: Some(10_000), ..Page::default() })
}

pub(crate) fn profile(id: &str) -> Profile {
    let text = |value: &str| Slot::Value(Text { value: value.into(), original: None });
    let raw = format!(r#"{{"id":"{id}","firstName":"Ada"}}"#);
    Profile { id: text(id), first_name: text("Ada"), raw: raw.into(), ..Profile::default() }
}

/// Page `n`, answered with `status` after `millis`.
pub(crate) fn exchange(n: u64, status: u16, millis: u64) -> Exchange {
    let throttled = status == 429;
    Exchange {
        number: n,
        query: Some(QueryId(1)),
        again: None,
        at: NOON.parse().unwrap(),
        endpoint: Endpoint::Contacts,
        method: "GET",
        target: "/api/v2/crm/contacts".into(),
        label: format!("page {n}"),
        attempt: 1,
        outcome: Outcome::Status(status),
        phases: Phases {
            connect: Duration::from_micros(if n.is_multiple_of(5) { 3_200 } else { 0 }),
            first_byte: Duration::from_millis(millis),
            limit: Duration::from_millis(n),
            ..Phases::default()
        },
        bytes: 23_000,
        rows: (status == 200).then_some(50),
        retry: throttled.then_some(Retry { after: Duration::from_secs(2), because: RetryReason::RetryAfter }),
        retry_after: throttled.then(|| "2".into()),
        detail: std::sync::Weak::new(),
    }
}

/// Page `n` in full; kept as long as the second is.
pub(crate) fn exchange_in_full(n: u64, status: u16, body: &str) -> (Exchange, Arc<Detail>) {
    let detail = Arc::new(Detail {
        method: "GET",
        url: format!(
            "https://acme.my.cxone.com/api/v2/crm/contacts?pageSize=50&page={n}&filter=lastName%20eq%20%27O%27%27Hara%27"
        )
        .into(),
        request: vec![
            ("accept", "application/json".into()),
            ("authorization", "Bearer …removed".into()),
            ("user-agent", "cxlens/0.1.0".into()),
        ],
        sent: None,
        reply: Some(Received {
            status,
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("ratelimit".into(), "\"default\";r=0;t=1".into()),
            ],
            body: body.into(),
            size: body.len() as u64,
            withheld: None,
        }),
    });
    (Exchange { detail: Arc::downgrade(&detail), ..exchange(n, status, 92) }, detail)
}

pub(crate) fn token_exchange() -> Exchange {
    Exchange {
        endpoint: Endpoint::Token,
        method: "POST",
        label: "token".into(),
        rows: None,
        ..exchange(0, 200, 31)
    }
}

/// Nobody answers at that address.
pub(crate) fn unconnected() -> Exchange {
    Exchange {
        outcome: Outcome::Broken("no connection (Connection refused (os error 111))".into()),
        phases: Phases { connect: Duration::from_millis(1), ..Phases::default() },
        rows: None,
        ..exchange(1, 200, 0)
    }
}

pub(crate) fn limits(now: Instant) -> Limits {
    Limits {
        at: now,
        in_flight: 4,
        waiting: 3,
        window: 5,
        concurrency: 5,
        rate: Some(10.0),
        source: RateSource::Announced,
        configured: None,
        announced: Some(Announced {
            limit: Some(10.0),
            window: Some(Duration::from_secs(1)),
            remaining: Some(3.0),
            reset: None,
        }),
        learned: None,
        bucket: Some((3.2, 10.0)),
        measured: 9.2,
        gate: None,
        throttled: 0,
    }
}

pub(crate) fn summary(status: Status, rows: u64) -> Arc<Summary> {
    Arc::new(Summary {
        started: NOON.parse().unwrap(),
        elapsed: Duration::from_millis(21_400),
        total: Some(10_000),
        pages: 25,
        requests: 27,
        retries: 1,
        throttled: 1,
        bytes: 1_400_000,
        network: Latency {
            count: 27,
            p50: Duration::from_millis(23),
            p95: Duration::from_millis(61),
            max: Duration::from_millis(80),
        },
        accuracy: Some(0.992),
        ..Summary::of(status, rows)
    })
}

pub(crate) fn gateway_error() -> Error {
    Error::new(
        Kind::Service,
        "page 26 of the profiles could not be read",
        "the service answered 502 with HTML, as a gateway in front of it does",
        "try again in a minute; if it stays, ask whoever runs the gateway",
    )
    .with_request(
        "GET https://acme.my.cxone.com/api/v2/crm/contacts?page=26\nAuthorization: Bearer [redacted]",
    )
    .with_reply("502 Bad Gateway\ncontent-type: text/html\n\n<h1>Bad gateway</h1>")
}
