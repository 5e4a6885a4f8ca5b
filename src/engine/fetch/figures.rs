//! What a run delivered, counted as it goes.

use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};

use crate::engine::event::SetAside;
use crate::engine::pipeline::Accuracy;
use crate::engine::pipeline::profile::Profile;
use crate::engine::place::Place;
use crate::engine::query::Query;

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
    pub(super) accuracy: Accuracy,
    /// Profiles are kept from then on.
    kept_from: Option<Timestamp>,
}

impl Figures {
    pub(super) fn new(query: &Query, started: Timestamp) -> Self {
        let days = i64::from(query.retention_days()) * 24;
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
            accuracy: Accuracy::new(query.fields()),
            kept_from: started.checked_sub(days.hours()).ok(),
        }
    }

    /// The same for a run that goes on behind others.
    pub(super) fn behind(self, place: &Place) -> Self {
        Self { total: place.total, totals: place.totals, ..self }
    }

    /// A row that is delivered.
    pub(super) fn row(&mut self, row: &Profile) {
        self.rows += 1;
        self.accuracy.add(row);
        let modified = row.modified_date.value().and_then(|t| t.value.raw().parse::<Timestamp>().ok());
        if modified.zip(self.kept_from).is_some_and(|(modified, from)| modified < from) {
            self.past_retention += 1;
        }
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
