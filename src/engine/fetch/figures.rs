//! What a run delivered, counted as it goes.

use std::time::Duration;

use jiff::Timestamp;

use crate::engine::event::SetAside;
use crate::engine::options::Service;
use crate::engine::pipeline::Accuracy;
use crate::engine::pipeline::profile::{Profile, Slot};
use crate::engine::place::Place;
use crate::engine::query::{Field, Query};
use crate::engine::retention::Window;

/// The figures of one run. All but the totals are its own, without those of a run that it went on from.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) rows: u64,
    pub(super) pages: u32,
    pub(super) cache_hits: u32,
    /// The age of the oldest answer from the cache.
    pub(super) oldest: Option<Duration>,
    pub(super) repeats: u64,
    pub(super) set_aside: Vec<SetAside>,
    /// How many there are in all, where that is known.
    pub(super) total: Option<u64>,
    /// The totals of the batches that have begun, added up.
    pub(super) totals: u64,
    pub(super) past_retention: u64,
    /// Rows from before the window that nobody gets to see.
    pub(super) withheld: u64,
    pub(super) accuracy: Accuracy,
    /// What profiles are kept for.
    pub(super) window: Option<Window>,
    withholds: bool,
    /// The modified date was asked for to tell what is withheld, and nobody wants to see it.
    hides_date: bool,
}

impl Figures {
    pub(super) fn new(query: &Query, started: Timestamp, service: &Service) -> Self {
        Self {
            rows: 0,
            pages: 0,
            cache_hits: 0,
            oldest: None,
            repeats: 0,
            set_aside: Vec::new(),
            total: None,
            totals: 0,
            past_retention: 0,
            withheld: 0,
            accuracy: Accuracy::new(query.fields()),
            window: Window::until(started, service.window_days(query.retention_days())),
            withholds: service.withholds(),
            hides_date: !query.fields().contains(Field::ModifiedDate),
        }
    }

    /// The same for a run that goes on behind others.
    pub(super) fn behind(self, place: &Place) -> Self {
        Self { total: place.total, totals: place.totals, ..self }
    }

    /// Whether a row is from before the window and withheld for that: then it is counted, and goes no further.
    pub(super) fn withholds(&mut self, row: &Profile) -> bool {
        let withheld = self.withholds && self.is_past(row);
        self.withheld += u64::from(withheld);
        withheld
    }

    /// A row that is delivered.
    pub(super) fn row(&mut self, row: &mut Profile) {
        self.rows += 1;
        self.accuracy.add(row);
        self.past_retention += u64::from(self.is_past(row));
        if self.hides_date {
            row.modified_date = Slot::NotAsked;
        }
    }

    fn is_past(&self, row: &Profile) -> bool {
        self.window.is_some_and(|window| window.is_past(row))
    }

    /// An answer that came from the cache.
    pub(super) fn cached(&mut self, age: Duration) {
        self.cache_hits += 1;
        self.oldest = self.oldest.max(Some(age));
    }

    /// What the first page of a batch says of how many there are. Batches add up; a sum is known once the last one
    /// has begun. Where there is only one batch, every page may say so.
    pub(super) fn total(&mut self, (number, of): (u32, u32), page: u32, total: Option<u64>) {
        if of == 1 {
            self.total = total.or(self.total);
        } else if page == 1 {
            self.totals += total.unwrap_or(0);
            self.total = (number == of && total.is_some()).then_some(self.totals);
        }
    }
}
