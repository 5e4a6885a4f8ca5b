//! The pages of one batch of IDs (or of a query without IDs), in order.
//!
//! ```text
//! page 1 ─┬─ no more ──► done
//!         ├─ numbered ─► window of pages side by side, delivered in order, until one says no more
//!         └─ cursor ───► one after the other
//! ```

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use http::Method;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::client::{Bad, Call, Client, Taken, Tally};
use super::explain;
use super::paging::{self, Next};
use super::transport::{Body, Reply};
use crate::engine::cache::Cache;
use crate::engine::error::{Error, Kind, Result};
use crate::engine::event::Endpoint;
use crate::engine::pipeline::{Parts, Processed};
use crate::engine::query::{Query, QueryId};
use crate::wire::crm_v2;

/// Windows of pages that may have come and wait for one before them.
const AHEAD: usize = 2;

/// One page as it was read.
#[derive(Debug)]
pub struct Fetched {
    /// Its rows, processed; of a page with many of them the first.
    pub first: Processed,
    /// The others, which are processed as they are delivered.
    pub rest: Parts,
    /// How many rows it has, in all.
    pub received: usize,
    /// How many profiles the service says there are.
    pub total: Option<u64>,
    /// What cutting it up and processing what is processed took of our own time; `None` where it came from the cache.
    pub processing: Option<Duration>,
    /// How old it is, where it came from the cache.
    pub cached: Option<Duration>,
    /// The rows as received, to tell whether a page repeats the one before.
    pub items: Bytes,
    /// Its own URL.
    pub url: Url,
    /// Where it says that more can be had; or what stands there instead of text.
    pub next: std::result::Result<Option<String>, crm_v2::NotText>,
}

/// What a batch needs to fetch its pages.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The client to ask with.
    pub client: Client,
    /// Answers that may be used again.
    pub cache: Cache,
    /// The run's figures.
    pub tally: Arc<Tally>,
    /// The query.
    pub query: Arc<Query>,
    /// The run.
    pub id: QueryId,
    /// The URL of the page to begin with.
    pub first: Url,
    /// The number of that page: 1, unless an earlier run came further.
    pub page: u32,
    /// Its number, from 1, and of how many.
    pub number: (u32, u32),
    /// Rows that it may bring, so many IDs it asks for; `None`: nobody knows.
    pub most: Option<u64>,
    /// When the run began.
    pub from: Instant,
    /// The last page that may be asked for now: the rows that are wanted fit into that many. It moves on when they
    /// did not suffice, or when more are wanted.
    pub allowed: watch::Receiver<u32>,
}

impl Batch {
    /// Fetches page after page into `pages` until there are no more, somebody stops listening, or an error,
    /// which is then the last thing sent.
    pub async fn pull(self, pages: mpsc::Sender<Result<Fetched>>) {
        if let Err(error) = self.follow(&pages).await {
            // Nobody listens any more: then nobody wants the error either.
            let _ = pages.send(Err(error)).await;
        }
    }

    async fn follow(&self, pages: &mpsc::Sender<Result<Fetched>>) -> Result<()> {
        let mut url = self.first.clone();
        let mut visited = HashSet::from([paging::canonical(&url)]);
        let mut page = self.page;
        let mut allowed = self.allowed.clone();
        let mut fetched = self.fetch(&url, page, Turn(None)).await?;
        loop {
            let next = self.next(&url, page, &fetched);
            let total = fetched.total;
            // The page counts whatever it says of the next one.
            if pages.send(Ok(fetched)).await.is_err() {
                return Ok(());
            }
            match next? {
                Next::End => return Ok(()),
                Next::Numbered => match self.window(&url, page, total, pages).await? {
                    // Numbered pages turned into a cursor on the way: goes on one by one.
                    Some((count, next)) => {
                        visited.extend((1..=count).map(|n| paging::canonical(&paging::ahead(&url, n))));
                        page += count;
                        url = next;
                    }
                    None => return Ok(()),
                },
                Next::Cursor(next) => url = next,
            }
            if !visited.insert(paging::canonical(&url)) {
                return Err(self.loops(page, &url, "the next page was visited before"));
            }
            page += 1;
            if allowed.wait_for(|last| *last >= page).await.is_err() {
                return Ok(());
            }
            fetched = self.fetch(&url, page, Turn(None)).await?;
        }
    }

    /// The pages behind `first`, side by side, until one says no more. Returns how many there were and where a
    /// cursor takes over, if one does.
    async fn window(
        &self,
        first: &Url,
        page: u32,
        total: Option<u64>,
        pages: &mpsc::Sender<Result<Fetched>>,
    ) -> Result<Option<(u32, Url)>> {
        let size = u64::from(self.query.page_size());
        // The last page worth asking for before it is known that there are more.
        let rows = total.or(self.most);
        let last = rows.map_or(u32::MAX, |rows| u32::try_from(rows.div_ceil(size)).unwrap_or(u32::MAX));
        let mut allowed = self.allowed.clone();
        let mut pending = FuturesOrdered::new();
        // Pages are delivered in order and come in any: one that is slow must not hold up the others' places.
        let (frees, mut freed) = mpsc::unbounded_channel();
        let (mut asked_for, mut over) = (0, false);
        let mut ask = page + 1;
        let mut at = page;
        loop {
            let most = *allowed.borrow_and_update();
            let window = self.client.limiter().concurrency() as usize;
            while asked_for < window
                && pending.len() < window * AHEAD
                && ask <= most
                && (!over && ask <= last || pending.is_empty())
            {
                let (own, url, number) = (self.clone(), paging::ahead(first, ask - page), ask);
                let turn = Turn(Some(frees.clone()));
                let task = tokio::spawn(async move { own.fetch(&url, number, turn).await });
                pending.push_back(AbortOnDropHandle::new(task));
                (ask, asked_for) = (ask + 1, asked_for + 1);
            }
            let joined = tokio::select! {
                biased;
                Some(is_last) = freed.recv() => {
                    asked_for -= 1;
                    // Nothing is asked behind a page that says no more, even before its turn to be delivered.
                    over |= is_last;
                    continue;
                }
                Some(joined) = pending.next() => joined,
                moved = allowed.changed() => match moved {
                    Ok(()) => continue,
                    // Nobody wants anything any more.
                    Err(_) => return Ok(None),
                },
            };
            let fetched = joined.map_err(|_| Error::panicked())??;
            at += 1;
            let next = self.next(&paging::ahead(first, at - page), at, &fetched);
            if pages.send(Ok(fetched)).await.is_err() {
                return Ok(None);
            }
            match next? {
                Next::End => return Ok(None),
                Next::Numbered => {}
                Next::Cursor(next) => return Ok(Some((at - page, next))),
            }
        }
    }

    fn next(&self, url: &Url, page: u32, fetched: &Fetched) -> Result<Next> {
        let said = fetched.next.as_ref().map(Option::as_deref);
        let next = match &said {
            Err(not) => Err(format!("nextPageUrl is {}, not text or null", not.what)),
            Ok(said) => self.client.next_page(url, *said),
        };
        next.map_err(|cause| {
            let shown = match said {
                Ok(said) => said.unwrap_or_default(),
                Err(not) => &not.value,
            };
            Error::new(
                Kind::Service,
                format!("the page that {} names as the next", self.label(page)),
                self.client.without_secrets(cause),
                "it was not asked; show this to whoever runs the service",
            )
            .with_request(explain::asked(url))
            .with_reply(self.client.without_secrets(format!("nextPageUrl: {shown}")))
        })
    }

    /// The error for pages that lead nowhere.
    pub fn loops(&self, page: u32, url: &Url, why: &str) -> Error {
        Error::new(
            Kind::Service,
            format!("{} of the profiles", self.label(page)),
            format!("paging loops: {why}"),
            "what came is kept; show this to whoever runs the service",
        )
        .with_request(explain::asked(url))
    }

    fn label(&self, page: u32) -> String {
        match self.number {
            (_, 1) => format!("page {page}"),
            (batch, _) => format!("batch {batch} page {page}"),
        }
    }

    /// One page, from the cache or from the service.
    async fn fetch(&self, url: &Url, page: u32, mut turn: Turn) -> Result<Fetched> {
        let clock = self.client.clock();
        let key = Cache::key(self.client.service(), url);
        if self.query.use_cache()
            && let Some(hit) = self.cache.get(&key, clock.now())
            && let Ok(taken) = self.decode(&hit.body)
        {
            turn.end(!self.is_numbered(url, &taken.value));
            return Ok(Fetched { cached: Some(hit.age), ..self.process(taken.value, url, page) });
        }
        let call = Call {
            endpoint: Endpoint::Contacts,
            method: Method::GET,
            url: url.clone(),
            body: Body::None,
            label: self.label(page),
            query: Some(self.id),
            again: None,
            idempotency: None,
        };
        let read = |reply: &Reply| {
            if reply.is_html() {
                let cause = "a web page (text/html) came instead of profiles".into();
                return Err(Bad { cause, passing: false });
            }
            let taken = self.decode(&reply.body)?;
            self.cache.put(key.clone(), reply.body.clone(), self.from);
            Ok(taken)
        };
        let work = |decoded: Decoded| async move {
            let start = clock.now();
            // The request that takes this one's place goes out before the rows are worked on.
            turn.end(!self.is_numbered(url, &decoded));
            tokio::task::yield_now().await;
            let decode = decoded.took;
            let fetched = self.process(decoded, url, page);
            let pipeline = clock.now() - start;
            (Fetched { processing: Some(decode + pipeline), ..fetched }, pipeline)
        };
        let called = self.client.call_for(&call, &self.tally, read, work).await;
        called.map_err(|error| {
            let place = |sent| paging::own_place(self.client.service(), &self.query, sent);
            let at = error.filter_at.and_then(place);
            error.in_filter(at)
        })
    }

    /// Cuts a body into rows.
    fn decode(&self, body: &Bytes) -> std::result::Result<Taken<Decoded>, Bad> {
        let clock = self.client.clock();
        let start = clock.now();
        let read = crm_v2::page(body)
            .map_err(|error| Bad { cause: error.to_string(), passing: error.is_transient() })?;
        let decode = clock.now() - start;
        let at = |row: &[u8]| row.as_ptr() as usize - body.as_ptr() as usize;
        let rows = read.items.iter().map(|row| at(row)..at(row) + row.len()).collect();
        let next = read.next.map(|next| next.map(std::borrow::Cow::into_owned));
        let value = Decoded { body: body.clone(), rows, total: read.total, next, took: decode };
        Ok(Taken { value, rows: Some(read.items.len() as u32), decode })
    }

    /// Whether the page behind it can be asked for by its number.
    fn is_numbered(&self, url: &Url, page: &Decoded) -> bool {
        let said = page.next.as_ref().ok().and_then(Option::as_deref);
        matches!(paging::next(self.client.service(), url, said), Ok(Next::Numbered))
    }

    /// Makes profiles of rows; of many of them those that are delivered first, the others wait until they are wanted.
    fn process(&self, decoded: Decoded, url: &Url, page: u32) -> Fetched {
        let Decoded { body, rows, total, next, .. } = decoded;
        let fields = self.client.service().asks_for(self.query.fields());
        let mut rest = Parts::new(body, rows, fields, page);
        let (received, items) = (rest.left(), rest.received());
        let first = rest.next().unwrap_or_default();
        let url = url.clone();
        Fetched { first, rest, received, total, processing: None, cached: None, items, url, next }
    }
}

/// A page's body, cut into rows.
struct Decoded {
    body: Bytes,
    /// Where each row stands in it.
    rows: Vec<Range<usize>>,
    total: Option<u64>,
    next: std::result::Result<Option<String>, crm_v2::NotText>,
    /// How long cutting it took.
    took: Duration,
}

/// A page's turn among those that are asked for side by side, where it is one of them. It ends once.
struct Turn(Option<mpsc::UnboundedSender<bool>>);

impl Turn {
    /// The reply is there: another page may be asked for, unless this was the last.
    fn end(&mut self, is_last: bool) {
        if let Some(frees) = self.0.take() {
            // A window that is no more asks for nothing.
            let _ = frees.send(is_last);
        }
    }
}

impl Drop for Turn {
    /// Behind a page that failed nothing is asked either.
    fn drop(&mut self) {
        self.end(true);
    }
}
