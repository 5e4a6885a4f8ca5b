//! A run: a query's batches side by side, their rows in order, each once.
//!
//! ```text
//! batches ─► Batch::pull ─┐  (each its own bounded channel)
//!            Batch::pull ─┼─► in order ─► repeats dropped ─► Event::Page ─► Summary
//!            Batch::pull ─┘               loops found          (bounded)
//! ```

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{Timestamp, ToSpan};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::batch::{Batch, Fetched};
use super::client::{Client, Tally};
use super::paging;
use crate::engine::batches::batches;
use crate::engine::cache::Cache;
use crate::engine::error::{Error, Result};
use crate::engine::event::{Cut, Event, Latency, Page, SetAside, Status, Summary};
use crate::engine::pipeline::Accuracy;
use crate::engine::pipeline::profile::Profile;
use crate::engine::query::{Id, Query, QueryId};

/// Empty pages in a row that are followed.
const EMPTY_IN_A_ROW: u32 = 100;
/// Pages in a row that bring nothing new before it counts as a loop.
const STALE_IN_A_ROW: u32 = 3;
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
    seen: Seen,
    asked: HashSet<Id>,
    accuracy: Accuracy,
    rows: u64,
    pages: u32,
    cache_hits: u32,
    oldest: Option<Duration>,
    repeats: u64,
    set_aside: Vec<SetAside>,
    total: Option<u64>,
    totals: u64,
    past_retention: u64,
    scopes: Vec<String>,
    /// Whether rows are still wanted, and whether there are more than were.
    wanted: bool,
    more: bool,
}

/// Fingerprints of the IDs that came. Two independent 64-bit hashes: with a million rows the odds of taking a
/// new row for a repeat are about 1 in 10^27.
#[derive(Debug, Default)]
struct Seen {
    prints: HashSet<u128>,
    keys: (RandomState, RandomState),
}

impl Seen {
    /// Whether it is new.
    fn insert(&mut self, id: &str) -> bool {
        let print = u128::from(self.keys.0.hash_one(id)) << 64 | u128::from(self.keys.1.hash_one(id));
        self.prints.insert(print)
    }
}

/// What the batch at hand delivered so far.
#[derive(Default)]
struct Progress {
    page: u32,
    before: Option<Bytes>,
    empty: u32,
    stale: u32,
}

impl Pull {
    /// A run that has not begun.
    pub fn new(client: Client, cache: Cache, id: QueryId, query: Query) -> Self {
        let (from, started) = (client.clock().now(), client.clock().wall());
        let tokens_before = client.token_requests();
        let asked = query.ids().iter().cloned().collect();
        let accuracy = Accuracy::new(query.fields());
        Self {
            client,
            cache,
            id,
            query: Arc::new(query),
            tally: Arc::default(),
            from,
            started,
            tokens_before,
            seen: Seen::default(),
            asked,
            accuracy,
            rows: 0,
            pages: 0,
            cache_hits: 0,
            oldest: None,
            repeats: 0,
            set_aside: Vec::new(),
            total: None,
            totals: 0,
            past_retention: 0,
            scopes: Vec::new(),
            wanted: true,
            more: false,
        }
    }

    /// Runs to the end, to the limit, to an error or until cancelled; what came by then has been told.
    pub async fn run(mut self, cancel: CancellationToken) -> Ended {
        self.client.tell(Event::Started(self.id, self.started)).await;
        let outcome = tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            outcome = self.pull() => Some(outcome),
        };
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
        if !self.starts_in_cache(&paging::page_url(&service, &query, first_ids(&query, &cut), 1)) {
            let token = self.client.tokens().get().await?;
            self.scopes = token.scopes.clone().unwrap_or_else(|| service.scopes.clone());
            token.require(query.scopes(), &service.client_id)?;
        }
        let enough = query
            .limit()
            .map(|limit| u32::try_from(limit.div_ceil(u64::from(query.page_size()))).unwrap_or(u32::MAX));
        let batch = Batch {
            client: self.client.clone(),
            cache: self.cache.clone(),
            tally: self.tally.clone(),
            query: query.clone(),
            id: self.id,
            first: paging::page_url(&service, &query, first_ids(&query, &cut), 1),
            number: (1, of),
            ids: 0,
            from: self.from,
            enough,
            taken_in: watch::channel(0).1,
        };
        let mut coming = (1..).zip(cut).map(|(number, ids)| Batch {
            ids: ids.len(),
            first: paging::page_url(&service, &query, &query.ids()[ids], 1),
            number: (number, of),
            ..batch.clone()
        });
        let mut under_way = VecDeque::new();
        loop {
            while under_way.len() < self.client.limiter().concurrency()
                && let Some(batch) = coming.next()
            {
                let (sender, receiver) = mpsc::channel(AHEAD);
                let (taken_in, watched) = watch::channel(0);
                let batch = Batch { taken_in: watched, ..batch };
                let task = AbortOnDropHandle::new(tokio::spawn(batch.clone().pull(sender)));
                under_way.push_back((batch, receiver, taken_in, task));
            }
            let Some((batch, mut pages, taken_in, task)) = under_way.pop_front() else { return Ok(()) };
            let mut progress = Progress::default();
            while let Some(fetched) = pages.recv().await {
                self.deliver(&batch, &mut progress, fetched?).await?;
                if !self.wanted {
                    return Ok(());
                }
                taken_in.send_replace(progress.page);
            }
            // A batch that panicked sent no error and is not to be taken for one that ended well.
            task.await.map_err(|_| Error::panicked())?;
        }
    }

    /// Whether the cache has the first page: then no token is needed yet.
    fn starts_in_cache(&self, first: &url::Url) -> bool {
        let key = Cache::key(self.client.service(), first);
        self.query.use_cache() && self.cache.get(&key, self.from).is_some()
    }

    async fn deliver(&mut self, batch: &Batch, progress: &mut Progress, fetched: Fetched) -> Result<()> {
        // The one place where a cancelled run may be left: what is counted below is also delivered.
        let room = self.client.room().await;
        progress.page += 1;
        self.pages += 1;
        let goes_on = !matches!(fetched.next, Ok(None)) || batch.number.0 < batch.number.1;
        let Fetched { rows, mut set_aside, total, cached, items, .. } = fetched;
        let received = rows.len() + set_aside.len();
        if received > 0 && progress.before.as_ref() == Some(&items) {
            return Err(batch.loops(progress.page, "the page repeats the one before"));
        }
        progress.empty = if received == 0 { progress.empty + 1 } else { 0 };
        if progress.empty > EMPTY_IN_A_ROW {
            return Err(batch.loops(progress.page, "a hundred empty pages in a row"));
        }
        progress.before = Some(items);
        self.count_total(batch, progress.page, total);
        if let Some(age) = cached {
            self.cache_hits += 1;
            self.oldest = self.oldest.max(Some(age));
        }
        let wanted = self.query.limit().map_or(u64::MAX, |limit| limit - self.rows);
        let mut kept = Vec::with_capacity(rows.len());
        let mut repeats = 0;
        for row in rows {
            if row.id().is_some_and(|id| !self.seen.insert(id.raw())) {
                repeats += 1;
                continue;
            }
            if kept.len() as u64 >= wanted {
                self.more = true;
                break;
            }
            self.count(&row);
            kept.push(row);
        }
        let stale = received > 0 && repeats as usize == received;
        progress.stale = if stale { progress.stale + 1 } else { 0 };
        self.rows += kept.len() as u64;
        self.repeats += u64::from(repeats);
        for row in &mut set_aside {
            row.page = self.pages;
        }
        self.set_aside.extend(set_aside.iter().cloned());
        let page = Page {
            number: self.pages,
            batch: batch.number.0,
            rows: kept,
            repeats,
            set_aside,
            total: self.total,
            cached,
        };
        // A watcher that has gone is no error.
        room.map(|room| room.send(Event::Page(self.id, page)));
        self.wanted = self.query.limit().is_none_or(|limit| self.rows < limit);
        self.more |= !self.wanted && goes_on;
        if progress.stale >= STALE_IN_A_ROW {
            return Err(batch.loops(progress.page, "three pages in a row brought nothing new"));
        }
        Ok(())
    }

    fn count(&mut self, row: &Profile) {
        self.accuracy.add(row);
        if let Some(id) = row.id()
            && !self.asked.is_empty()
            && let Ok(id) = Id::new("ID", id.raw())
        {
            self.asked.remove(&id);
        }
        let modified = row.modified_date.value().and_then(|t| t.value.raw().parse::<Timestamp>().ok());
        let days = i64::from(self.query.retention_days()) * 24;
        let kept_from = self.started.checked_sub(days.hours());
        if modified.zip(kept_from.ok()).is_some_and(|(modified, from)| modified < from) {
            self.past_retention += 1;
        }
    }

    /// The totals of the batches add up; a sum is known once the last one has begun.
    fn count_total(&mut self, batch: &Batch, page: u32, total: Option<u64>) {
        let (number, of) = batch.number;
        if of == 1 {
            self.total = total.or(self.total);
        } else if page == 1 {
            self.totals += total.unwrap_or(0);
            self.total = (number == of && total.is_some()).then_some(self.totals);
        }
    }

    fn summary(self, cut: Option<Cut>) -> Summary {
        let counts = self.tally.close();
        let status = match cut {
            Some(Cut::Cancelled) => Status::Cancelled,
            Some(Cut::Error) if self.rows == 0 => Status::Failed,
            Some(Cut::Error) => Status::Partial,
            _ if !self.set_aside.is_empty() => Status::Partial,
            _ => Status::Success,
        };
        let filtered = !self.query.segments().is_empty() || self.query.filter().is_some();
        // Only a run that saw everything can say what is not there.
        let not_found = match cut {
            None => self.query.ids().iter().filter(|id| self.asked.contains(id)).cloned().collect(),
            Some(_) => Vec::new(),
        };
        Summary {
            status,
            started: self.started,
            elapsed: self.client.clock().now() - self.from,
            rows: self.rows,
            total: self.total,
            pages: self.pages,
            requests: counts.requests + self.client.token_requests() - self.tokens_before,
            retries: counts.retries,
            throttled: counts.throttled,
            cache_hits: self.cache_hits,
            oldest: self.oldest,
            bytes: counts.bytes,
            repeats: self.repeats,
            not_found,
            filtered,
            set_aside: self.set_aside,
            network: latency(counts.network),
            processing: latency(counts.processing),
            accuracy: self.accuracy.share(),
            past_retention: self.past_retention,
            cut,
        }
    }
}

fn first_ids<'a>(query: &'a Query, cut: &[std::ops::Range<usize>]) -> &'a [Id] {
    cut.first().map_or(&[], |ids| &query.ids()[ids.clone()])
}

fn latency(mut times: Vec<Duration>) -> Latency {
    times.sort_unstable();
    let at = |share: f64| {
        let rank = (times.len() as f64 * share).ceil() as usize;
        times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    };
    Latency { count: times.len() as u64, p50: at(0.5), p95: at(0.95), max: at(1.0) }
}
