//! Delivering a page: what is new of it, in parts where it has many rows, counted as it goes.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::OwnedPermit;

use super::{Last, Pull};
use crate::engine::error::Result;
use crate::engine::event::{Event, Page};
use crate::engine::fetch::batch::{Batch, Fetched};
use crate::engine::pipeline::{Parts, Processed};
use crate::engine::rehearsal;
use crate::engine::text::Untrusted;

/// Empty pages in a row that are followed.
const EMPTY_IN_A_ROW: u32 = 100;
/// Pages in a row that bring nothing new before it counts as a loop.
const STALE_IN_A_ROW: u32 = 3;

/// What the batch at hand delivered so far.
pub(super) struct Progress {
    /// The number of the last page that was delivered.
    page: u32,
    /// What was on it.
    before: Option<Bytes>,
    empty: u32,
    stale: u32,
}

impl Progress {
    /// Nothing before this page.
    pub(super) fn before(page: u32) -> Self {
        Self { page: page - 1, before: None, empty: 0, stale: 0 }
    }

    /// The number of the last page that was delivered.
    pub(super) fn page(&self) -> u32 {
        self.page
    }
}

/// A page that is being delivered.
#[derive(Debug)]
pub(super) struct AtHand {
    /// What each of its parts says of it.
    page: Page,
    /// What was not delivered yet.
    rest: Parts,
    /// What it took of our own time so far; `None` where it came from the cache.
    processing: Option<Duration>,
}

impl Pull {
    /// Delivers a page; whether there are more.
    pub(super) async fn deliver(
        &mut self,
        batch: &Batch,
        progress: &mut Progress,
        fetched: Fetched,
    ) -> Result<bool> {
        // The one place where a cancelled run may be left for good: what is counted below is also delivered.
        let room = self.client.room().await;
        progress.page += 1;
        self.figures.pages += 1;
        let goes_on = !matches!(fetched.next, Ok(None)) || batch.number.0 < batch.number.1;
        let Fetched { first, rest, received, total, processing, cached, items, url, next } = fetched;
        if received > 0 && progress.before.as_ref() == Some(&items) {
            return Err(batch.loops(progress.page, &url, "the page repeats the one before"));
        }
        progress.empty = if received == 0 { progress.empty + 1 } else { 0 };
        if progress.empty > EMPTY_IN_A_ROW {
            return Err(batch.loops(progress.page, &url, "a hundred empty pages in a row"));
        }
        progress.before = Some(items);
        self.figures.total(batch.number, progress.page, total);
        if let Some(age) = cached {
            self.figures.cached(age);
        }
        let asked = url.clone();
        rehearsal::panics_at("task");
        self.last = Some(Last { batch: batch.number, page: progress.page, url, next });
        let page = Page {
            number: self.figures.pages + self.start.as_ref().map_or(0, |start| start.pages),
            batch: batch.number.0,
            total: self.figures.total,
            cached,
            ..Page::default()
        };
        self.at_hand = Some(AtHand { page: page.clone(), rest, processing });
        let repeats = self.part(room, page, first) + self.rest().await;
        self.wanted = self.rows_in_all() < self.limit();
        self.more |= !self.wanted && goes_on;
        let stale = received > 0 && repeats as usize == received;
        progress.stale = if stale { progress.stale + 1 } else { 0 };
        if progress.stale >= STALE_IN_A_ROW {
            return Err(batch.loops(progress.page, &asked, "three pages in a row brought nothing new"));
        }
        Ok(goes_on)
    }

    /// Delivers what is left of the page at hand, part by part, each processed when there is room for it; how many
    /// rows were repeats. Once the limit passes or nobody watches any more, nobody wants the rest.
    pub(super) async fn rest(&mut self) -> u32 {
        let mut repeats = 0;
        while !self.more && self.at_hand.as_ref().is_some_and(|at_hand| at_hand.rest.left() > 0) {
            let Some(room) = self.client.much_room().await else { break };
            let Some(at_hand) = &mut self.at_hand else { break };
            let start = self.client.clock().now();
            let Some(processed) = at_hand.rest.next() else { break };
            at_hand.processing = at_hand.processing.map(|took| took + (self.client.clock().now() - start));
            let page = at_hand.page.clone();
            repeats += self.part(Some(room), page, processed);
        }
        if let Some(took) = self.at_hand.take().and_then(|at_hand| at_hand.processing) {
            self.tally.processed(took);
        }
        repeats
    }

    /// Delivers a page or a part of it: sends and counts what is new; how many rows were repeats.
    fn part(&mut self, room: Option<OwnedPermit<Event>>, mut page: Page, processed: Processed) -> u32 {
        let Processed { rows, mut set_aside } = processed;
        let limit = self.limit();
        let mut kept = Vec::with_capacity(rows.len());
        let mut repeats = 0;
        let withheld = self.figures.withheld;
        for mut row in rows {
            if row.id().is_some_and(|id| !self.seen.insert(id.raw())) {
                repeats += 1;
                continue;
            }
            // Like a repeat it counts for no limit: what is asked for is rows that somebody gets.
            if self.figures.withholds(&row) {
                continue;
            }
            if self.rows_in_all() >= limit {
                self.more = true;
                break;
            }
            self.figures.row(&mut row);
            kept.push(row);
        }
        page.withheld = self.figures.withheld - withheld;
        self.figures.repeats += u64::from(repeats);
        for row in &mut set_aside {
            row.page = page.number;
            if self.client.service().withholds() {
                // Nobody can tell how old it is.
                row.raw = Untrusted::default();
            }
        }
        self.figures.set_aside.extend(set_aside.iter().cloned());
        (page.rows, page.repeats, page.set_aside) = (kept, repeats, set_aside);
        // A watcher that has gone is no error.
        room.map(|room| room.send(Event::Page(self.id, page)));
        repeats
    }

    fn limit(&self) -> u64 {
        self.query.limit().unwrap_or(u64::MAX)
    }
}
