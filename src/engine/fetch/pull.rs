//! A run: a query's batches side by side, their rows in order, each once.
//!
//! ```text
//! batches ─► Batch::pull ─┐  (each its own bounded channel)
//!            Batch::pull ─┼─► in order ─► repeats dropped ─► Event::Page ─► Summary
//!            Batch::pull ─┘               loops found          (bounded)
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use url::{Position, Url};

use self::delivery::{AtHand, Progress};
use super::batch::{Batch, Fetched};
use super::client::{Client, Tally};
use super::figures::Figures;
use super::paging::{self, Next};
use crate::engine::batches::batches;
use crate::engine::cache::Cache;
use crate::engine::error::{Error, Result};
use crate::engine::event::{Cut, Event, Latency, Status, Summary};
use crate::engine::place::{Place, Seen};
use crate::engine::query::{Query, QueryId};

mod delivery;

/// Pages of one batch that may wait to be delivered.
const AHEAD: usize = 2;

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// In figures.
    pub summary: Summary,
    /// Why it stopped early, where it did.
    pub error: Option<Error>,
    /// The scopes of the token it used, where they were said.
    pub scopes: Vec<String>,
}

/// One run of a query.
#[derive(Debug)]
pub struct Pull {
    client: Client,
    cache: Cache,
    id: QueryId,
    query: Arc<Query>,
    tally: Arc<Tally>,
    from: Instant,
    started: Timestamp,
    tokens_before: u32,
    /// Where an earlier run stopped, where this one goes on from there.
    start: Option<Arc<Place>>,
    /// What was delivered last.
    last: Option<Last>,
    /// The page that is being delivered.
    at_hand: Option<AtHand>,
    seen: Seen,
    figures: Figures,
    scopes: Vec<String>,
    /// The rows that are wanted for now, those before included.
    want: watch::Receiver<Option<u64>>,
    /// Whether the limit allows more rows, and whether there are more than it does.
    wanted: bool,
    more: bool,
}

/// The last page that was delivered, or is being: what is behind it is where to go on.
#[derive(Debug)]
struct Last {
    batch: (u32, u32),
    page: u32,
    url: Url,
    next: std::result::Result<Option<String>, crate::wire::crm_v2::NotText>,
}

/// A batch that is being fetched.
struct UnderWay {
    batch: Batch,
    pages: mpsc::Receiver<Result<Fetched>>,
    allow: watch::Sender<u32>,
    task: AbortOnDropHandle<()>,
}

impl Pull {
    /// A run that has not begun. `want`: the rows that are wanted for now; with all of them delivered it pauses.
    pub fn new(
        client: Client,
        cache: Cache,
        id: QueryId,
        query: Query,
        want: watch::Receiver<Option<u64>>,
    ) -> Self {
        let (from, started) = (client.clock().now(), client.clock().wall());
        let tokens_before = client.token_requests();
        let figures = Figures::new(&query, started, client.service());
        Self {
            client,
            cache,
            id,
            query: Arc::new(query),
            tally: Arc::default(),
            from,
            started,
            tokens_before,
            start: None,
            last: None,
            at_hand: None,
            seen: Seen::default(),
            figures,
            scopes: Vec::new(),
            want,
            wanted: true,
            more: false,
        }
    }

    /// The same run, beginning where an earlier one stopped.
    #[must_use]
    pub fn from_place(self, place: Arc<Place>) -> Self {
        let seen = place.seen.clone();
        let figures = self.figures.behind(&place);
        Self { seen, figures, start: Some(place), ..self }
    }

    /// Runs to the end, to the limit, to an error or until cancelled; what came by then has been told.
    pub async fn run(mut self, cancel: CancellationToken) -> Ended {
        self.client.tell(Event::Started(self.id, self.started)).await;
        let outcome = tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            outcome = self.pull() => Some(outcome),
        };
        if outcome.is_none() {
            // A place is behind a page, and so a page is delivered whole.
            self.rest().await;
        }
        let cut = match &outcome {
            None => Some(Cut::Cancelled),
            Some(Err(_)) => Some(Cut::Error),
            Some(Ok(())) if self.more => self.query.limit().map(Cut::Limit),
            Some(Ok(())) => None,
        };
        let error = outcome.and_then(Result::err);
        let scopes = std::mem::take(&mut self.scopes);
        Ended { summary: self.summary(cut), error, scopes }
    }

    /// Ends without having asked anything.
    pub fn refuse(self, error: Error) -> Ended {
        Ended { summary: self.summary(Some(Cut::Error)), error: Some(error), scopes: Vec::new() }
    }

    async fn pull(&mut self) -> Result<()> {
        let service = self.client.service().clone();
        let query = Arc::new(self.query.with_sorted_ids());
        let cut = batches(&query, |ids| paging::page_url(&service, &query, ids, 99_999).as_str().len())?;
        let of = cut.len() as u32;
        let (batch, page, target) =
            self.start.as_ref().map_or((1, 1, None), |start| (start.batch, start.page, start.target.clone()));
        let Some(begin) = cut.get(batch.saturating_sub(1) as usize) else {
            return Err(Error::usage(
                "the place to go on from",
                format!("it is in batch {batch}, and there are {of}"),
                "run the query again from its beginning",
            ));
        };
        let first = match target.map(|target| service.base_url.join(&target)) {
            Some(Ok(url)) => url,
            _ => paging::page_url(&service, &query, &query.ids()[begin.clone()], page),
        };
        if !self.starts_in_cache(&first) {
            let token = self.client.tokens().get().await?;
            self.scopes = token.scopes.clone().unwrap_or_else(|| service.scopes.clone());
            token.require(query.scopes(), &service.client_id)?;
        }
        let template = Batch {
            client: self.client.clone(),
            cache: self.cache.clone(),
            tally: self.tally.clone(),
            query: query.clone(),
            id: self.id,
            first,
            page,
            number: (batch, of),
            most: None,
            from: self.from,
            allowed: watch::channel(0).1,
        };
        let mut coming = (1..).zip(cut).skip(batch.saturating_sub(1) as usize).map(|(number, ids)| {
            let most = (!ids.is_empty()).then_some(ids.len() as u64);
            if number == batch {
                return Batch { most, ..template.clone() };
            }
            let first = paging::page_url(&service, &query, &query.ids()[ids], 1);
            Batch { first, page: 1, number: (number, of), most, ..template.clone() }
        });
        let mut under_way: VecDeque<UnderWay> = VecDeque::new();
        loop {
            while under_way.len() < self.client.limiter().concurrency() as usize {
                // Batches that bring more than is wanted are not begun.
                let expected = under_way
                    .iter()
                    .map(|one| one.batch.most.unwrap_or(u64::MAX))
                    .fold(0, u64::saturating_add);
                let left = self.left().saturating_sub(expected);
                if left == 0 && !under_way.is_empty() {
                    break;
                }
                let Some(batch) = coming.next() else { break };
                under_way.push_back(self.begin(batch, left));
            }
            let Some(UnderWay { batch, mut pages, allow, task }) = under_way.pop_front() else {
                return Ok(());
            };
            let mut progress = Progress::before(batch.page);
            allow.send_replace(self.last_page(progress.page(), self.left()));
            while let Some(fetched) = pages.recv().await {
                let goes_on = self.deliver(&batch, &mut progress, fetched?).await?;
                if !self.wanted {
                    return Ok(());
                }
                if goes_on {
                    self.pause().await;
                }
                allow.send_replace(self.last_page(progress.page(), self.left()));
            }
            // A batch that panicked sent no error and is not to be taken for one that ended well.
            task.await.map_err(|_| Error::panicked())?;
        }
    }

    /// Sends a batch on its way, of which so many rows are wanted.
    fn begin(&self, batch: Batch, left: u64) -> UnderWay {
        let (sender, pages) = mpsc::channel(AHEAD);
        let (allow, allowed) = watch::channel(self.last_page(batch.page - 1, left));
        let batch = Batch { allowed, ..batch };
        let task = AbortOnDropHandle::new(tokio::spawn(batch.clone().pull(sender)));
        UnderWay { batch, pages, allow, task }
    }

    /// Rows that are wanted for now beside those that came.
    fn left(&self) -> u64 {
        let want = self.want.borrow().unwrap_or(u64::MAX);
        want.min(self.query.limit().unwrap_or(u64::MAX)).saturating_sub(self.rows_in_all())
    }

    /// The page that so many rows end on, behind those that came.
    fn last_page(&self, page: u32, left: u64) -> u32 {
        let pages = left.div_ceil(u64::from(self.query.page_size()));
        page.saturating_add(u32::try_from(pages).unwrap_or(u32::MAX))
    }

    fn rows_in_all(&self) -> u64 {
        self.figures.rows + self.before()
    }

    fn before(&self) -> u64 {
        self.start.as_ref().map_or(0, |start| start.rows)
    }

    /// Waits while all that is wanted for now is there.
    async fn pause(&mut self) {
        if self.left() > 0 {
            return;
        }
        self.client.tell(Event::Paused(self.id)).await;
        let rows = self.rows_in_all();
        // Whoever could want more has gone: then the run is being cancelled.
        if self.want.wait_for(|want| want.is_none_or(|want| want > rows)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the cache has the first page: then no token is needed yet.
    fn starts_in_cache(&self, first: &url::Url) -> bool {
        let key = Cache::key(self.client.service(), first);
        self.query.use_cache() && self.cache.get(&key, self.from).is_some()
    }

    /// Where to go on; nowhere if nothing came or everything did.
    fn place(&mut self) -> Option<Arc<Place>> {
        let Some(Last { batch: (batch, of), page, url, next }) = self.last.take() else {
            return self.start.clone();
        };
        let said = next.as_ref().map(Option::as_deref).map_err(|_| ());
        let next = said.and_then(|said| self.client.next_page(&url, said).map_err(|_| ()));
        let (batch, page, target) = match next {
            Ok(Next::End) if batch < of => (batch + 1, 1, None),
            Ok(Next::End) => return None,
            Ok(Next::Numbered) => (batch, page + 1, Some(paging::ahead(&url, 1))),
            Ok(Next::Cursor(next)) => (batch, page + 1, Some(next)),
            // It did not say where to go on; perhaps it does the next time.
            Err(()) => (batch, page, Some(url)),
        };
        Some(Arc::new(Place {
            query: self.query.as_ref().clone(),
            batch,
            page,
            target: target.map(|url| url[Position::BeforePath..Position::AfterQuery].to_owned()),
            rows: self.rows_in_all(),
            withheld: self.figures.withheld + self.start.as_ref().map_or(0, |start| start.withheld),
            pages: self.figures.pages + self.start.as_ref().map_or(0, |start| start.pages),
            total: self.figures.total,
            totals: self.figures.totals,
            seen: std::mem::take(&mut self.seen),
        }))
    }

    fn summary(mut self, cut: Option<Cut>) -> Summary {
        let counts = self.tally.close();
        let status = match cut {
            Some(Cut::Cancelled) => Status::Cancelled,
            Some(Cut::Error) if self.figures.rows == 0 => Status::Failed,
            Some(Cut::Error) => Status::Partial,
            _ if !self.figures.set_aside.is_empty() => Status::Partial,
            _ => Status::Success,
        };
        let filtered = !self.query.segments().is_empty() || self.query.filter().is_some();
        // Only a run that saw everything can say what is not there.
        let not_found = match cut {
            None => self.query.ids().iter().filter(|id| !self.seen.contains(id.as_str())).cloned().collect(),
            Some(_) => Vec::new(),
        };
        let place = match cut {
            Some(Cut::Cancelled | Cut::Error) => self.place(),
            Some(Cut::Limit(_)) | None => None,
        };
        let before = self.before();
        let withheld_before = self.start.as_ref().map_or(0, |start| start.withheld);
        let figures = self.figures;
        Summary {
            status,
            started: self.started,
            elapsed: self.client.clock().now() - self.from,
            rows: figures.rows,
            before,
            total: figures.total,
            pages: figures.pages,
            requests: counts.requests + self.client.token_requests() - self.tokens_before,
            retries: counts.retries,
            throttled: counts.throttled,
            cache_hits: figures.cache_hits,
            oldest: figures.oldest,
            bytes: counts.bytes,
            repeats: figures.repeats,
            not_found,
            filtered,
            set_aside: figures.set_aside,
            connect: Latency::of(counts.connect),
            network: Latency::of(counts.network),
            processing: Latency::of(counts.processing),
            accuracy: figures.accuracy.share(),
            past_retention: figures.past_retention,
            withheld: figures.withheld,
            withheld_before,
            window: figures.window,
            cut,
            place,
        }
    }
}
