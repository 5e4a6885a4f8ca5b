//! What is asked beside the runs: one request of a run sent again, and the webhook registrations.
//!
//! A page's request that is sent again brings the same people's data as the run did: it is recorded like one, as an
//! entry of its own with the event `again`, and without a trail it is not sent.

use std::sync::Arc;

use http::Method;
use tokio_util::sync::CancellationToken;

use super::{Runs, begin};
use crate::engine::audit::{Asked, Trail};
use crate::engine::error::Error;
use crate::engine::event::{Cut, Endpoint, Event, Latency, Status, Summary};
use crate::engine::fetch::client::{Bad, Call, Client, Counts, Taken, Tally};
use crate::engine::fetch::transport::Reply;
use crate::engine::query::Query;
use crate::engine::webhooks;
use crate::wire::crm_v2;

/// What the audit trail calls the question for the registrations.
const LIST: &str = "webhook list";

/// Ends what is asked beside the runs.
#[derive(Debug, Default)]
pub(super) struct Asides(CancellationToken);

impl Asides {
    /// Nobody listens any more.
    pub(super) fn end(&self) {
        self.0.cancel();
    }
}

impl Runs {
    /// Sends the request of an exchange again.
    pub(super) fn again(&mut self, number: u64) {
        let call = self.client.call_of(number).map(|call| Call { again: Some(number), ..call });
        let asked = call.as_ref().and_then(|call| call.query).and_then(|id| {
            self.asked.iter().rev().find(|(own, _)| *own == id).map(|(_, query)| query.clone())
        });
        let (client, trail, end) = (self.client.clone(), self.trail.clone(), self.asides.0.clone());
        self.tasks.spawn(async move {
            let failed = match call {
                Some(call) => send(&client, call, asked, trail, end).await.err(),
                None => Some(Error::usage(
                    format!("exchange {number}"),
                    "what it asked is not kept any more",
                    "run the query again",
                )),
            };
            client.tell(Event::Again(number, failed)).await;
            None
        });
    }

    /// Asks for the registrations.
    pub(super) fn webhooks(&mut self) {
        let (client, trail, end) = (self.client.clone(), self.trail.clone(), self.asides.0.clone());
        self.tasks.spawn(async move {
            let asked = async {
                match trail? {
                    Some(trail) => trail.around(LIST, client.clock(), webhooks::list(&client)).await,
                    None => webhooks::list(&client).await,
                }
            };
            let listed = tokio::select! {
                biased;
                () = end.cancelled() => return None,
                listed = asked => listed,
            };
            client.tell(Event::Webhooks(listed.map(Arc::from))).await;
            None
        });
    }
}

async fn send(
    client: &Client,
    call: Call,
    asked: Option<Query>,
    trail: Result<Option<Trail>, Error>,
    end: CancellationToken,
) -> Result<(), Error> {
    if call.method != Method::GET {
        return Err(Error::usage(
            format!("{} {}", call.method, call.label),
            "only what changes nothing (GET) is sent again",
            "do it by its own command",
        ));
    }
    // Without a trail to write to, nothing is asked.
    let trail = trail?;
    match (call.endpoint, asked) {
        (Endpoint::Contacts, None) if trail.is_some() => Err(Error::usage(
            call.label,
            "the query that it belongs to is not kept any more, and without it the audit trail cannot say who was \
             asked for",
            "run the query again",
        )),
        (Endpoint::Contacts, Some(query)) => {
            let recorded = begin(client, Ok(trail), &query).await?;
            let (summary, scopes, failed) = attempt(client, &call, end).await;
            let written = match recorded {
                Some((trail, of)) => {
                    let end = trail.end(Asked::PageAgain, &query, &of, &scopes, &summary, failed.as_ref());
                    end.await.map(drop)
                }
                None => Ok(()),
            };
            failed.map_or(written, Err)
        }
        _ => {
            let asked = async { attempt(client, &call, end).await.2.map_or(Ok(()), Err) };
            match trail {
                Some(trail) => trail.around(&format!("{} again", call.label), client.clock(), asked).await,
                None => asked.await,
            }
        }
    }
}

/// Sends it: what came of it, the scopes of the token, and why it failed, where it did.
async fn attempt(
    client: &Client,
    call: &Call,
    end: CancellationToken,
) -> (Summary, Vec<String>, Option<Error>) {
    let (started, from) = (client.clock().wall(), client.clock().now());
    let tally = Tally::default();
    let sent = tokio::select! {
        biased;
        () = end.cancelled() => None,
        sent = client.call(call, &tally, |reply| read(call.endpoint, reply)) => Some(sent),
    };
    let counts = tally.close();
    let (rows, failed) = match sent {
        Some(Ok(rows)) => (Some(rows), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let summary =
        Summary { started, elapsed: client.clock().now() - from, ..summary(rows, failed.is_some(), counts) };
    let token = client.tokens().latest();
    let scopes = token.and_then(|token| token.scopes.clone()).unwrap_or_default();
    (summary, scopes, failed)
}

/// What the one request came to.
fn summary(rows: Option<u32>, failed: bool, counts: Counts) -> Summary {
    let (status, cut) = match (rows, failed) {
        (Some(_), _) => (Status::Success, None),
        (None, true) => (Status::Failed, Some(Cut::Error)),
        (None, false) => (Status::Cancelled, Some(Cut::Cancelled)),
    };
    Summary {
        status,
        started: jiff::Timestamp::UNIX_EPOCH,
        elapsed: std::time::Duration::ZERO,
        rows: rows.unwrap_or(0).into(),
        before: 0,
        total: None,
        pages: u32::from(rows.is_some()),
        requests: counts.requests,
        retries: counts.retries,
        throttled: counts.throttled,
        cache_hits: 0,
        oldest: None,
        bytes: counts.bytes,
        repeats: 0,
        not_found: Vec::new(),
        filtered: false,
        set_aside: Vec::new(),
        connect: Latency::of(counts.connect),
        network: Latency::of(counts.network),
        processing: Latency::default(),
        accuracy: None,
        past_retention: 0,
        withheld: 0,
        withheld_before: 0,
        window: None,
        cut,
        place: None,
    }
}

/// How many rows there are. A body that cannot be read is looked at as it came, and not asked for once more.
fn read(endpoint: Endpoint, reply: &Reply) -> Result<Taken<u32>, Bad> {
    let bad = |cause: String| Bad { cause, passing: false };
    if endpoint != Endpoint::Contacts {
        return Ok(Taken::plain(0));
    }
    if reply.is_html() {
        return Err(bad("a web page (text/html) came instead of profiles".to_owned()));
    }
    let page = crm_v2::page(&reply.body).map_err(|error| bad(error.to_string()))?;
    let rows = page.items.len() as u32;
    Ok(Taken { value: rows, rows: Some(rows), decode: std::time::Duration::ZERO })
}
