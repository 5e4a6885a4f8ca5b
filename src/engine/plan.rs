//! What running a query would take, worked out before anything is sent.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::batches::batches;
use super::curl::curl;
use super::error::Result;
use super::fetch::paging::page_url;
use super::options::Service;
use super::query::{Id, Query};

/// Pages of the cache that a plan looks through at most.
const LOOKED_THROUGH: u32 = 10_000;

/// What is known of the service when a plan is made; nothing of it needs a request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
    /// Profiles that the query has, from an earlier run.
    pub total: Option<u64>,
    /// Requests a second that we keep to.
    pub rate: Option<f64>,
    /// Requests that may go out at once before that rate counts.
    pub burst: f64,
    /// What the service takes for a page.
    pub latency: Option<Duration>,
    /// Requests side by side, where that was changed since the start.
    pub concurrency: Option<u32>,
}

/// Requests, rows, time and cache for one query.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Batches that the IDs are cut into; 1 without IDs.
    pub batches: u32,
    /// Requests needed, tokens aside.
    pub requests: Count,
    /// Rows expected, where known.
    pub rows: Option<u64>,
    /// Time at the current limits; `None` where nothing is known of the service's pace.
    pub time: Option<Duration>,
    /// Requests that the cache answers.
    pub cached: u32,
    /// When the first of those answers is too old: the plan is another from then on.
    pub cached_until: Option<Instant>,
    /// The first request of each batch.
    pub first: Vec<PlannedRequest>,
}

impl Plan {
    /// Works a query's plan out; `cached` tells until when the cache has the answer to a URL.
    ///
    /// # Errors
    /// The query makes a URL that is too long to send.
    pub fn of(
        query: &Query,
        service: &Service,
        known: Known,
        cached: impl Fn(&Url) -> Option<Instant>,
    ) -> Result<Self> {
        let query = query.with_sorted_ids();
        let cut = batches(&query, |ids| page_url(service, &query, ids, 99_999).as_str().len())?;
        let size = u64::from(query.page_size());
        let filtered = !query.segments().is_empty() || query.filter().is_some();
        let limit = query.limit().unwrap_or(u64::MAX);
        let mut cached_until: Option<Instant> = None;
        let mut pages_in_cache = |ids: &[Id]| {
            let pages = (1..=LOOKED_THROUGH).map_while(|page| cached(&page_url(service, &query, ids, page)));
            pages
                .inspect(|until| {
                    cached_until = cached_until.map_or(Some(*until), |first| Some(first.min(*until)));
                })
                .count() as u32
        };
        let in_cache: Vec<_> = if query.use_cache() {
            cut.iter().map(|ids| pages_in_cache(&query.ids()[ids.clone()])).collect()
        } else {
            vec![0; cut.len()]
        };
        let (rows, requests) = if query.ids().is_empty() {
            let rows = known.total.map(|total| total.min(limit));
            (rows, rows.map_or(Count::AtLeast(1), |rows| Count::Exactly(rows.div_ceil(size).max(1))))
        } else if filtered {
            // One page of each batch at least; more of a batch of which the cache has more.
            (None, Count::AtLeast(in_cache.iter().map(|pages| u64::from(*pages).max(1)).sum()))
        } else {
            // The service has each ID once or not at all.
            let pages = cut.iter().map(|ids| (ids.len() as u64).div_ceil(size)).sum::<u64>();
            let wanted = (query.ids().len() as u64).min(limit);
            (Some(wanted), Count::Exactly(pages.min(wanted.div_ceil(size).max(1)).max(1)))
        };
        let most = match requests {
            Count::Exactly(n) => u32::try_from(n).unwrap_or(u32::MAX),
            Count::AtLeast(_) => u32::MAX,
        };
        let in_cache = in_cache.iter().sum::<u32>().min(most);
        let first = cut.iter().map(|ids| PlannedRequest {
            method: "GET",
            url: page_url(service, &query, &query.ids()[ids.clone()], 1).into(),
        });
        let sent = requests.number().saturating_sub(u64::from(in_cache));
        Ok(Self {
            batches: cut.len() as u32,
            requests,
            rows,
            time: time(sent, known.concurrency.unwrap_or(service.bounds.concurrency), known),
            cached: in_cache,
            cached_until,
            first: first.collect(),
        })
    }
}

/// The longer of what the rate and what the latency allow.
fn time(requests: u64, concurrency: u32, known: Known) -> Option<Duration> {
    if requests == 0 {
        return Some(Duration::ZERO);
    }
    let by_rate = known.rate.map(|rate| ((requests as f64 - known.burst.max(1.0)) / rate).max(0.0));
    let rounds = 1 + (requests - 1).div_ceil(u64::from(concurrency.max(1)));
    let by_latency = known.latency.map(|latency| latency.as_secs_f64() * rounds as f64);
    let seconds = by_rate.into_iter().chain(by_latency).max_by(f64::total_cmp)?;
    Duration::try_from_secs_f64(seconds).ok()
}

impl Count {
    /// The number, or the lower bound.
    pub fn number(self) -> u64 {
        match self {
            Self::Exactly(n) | Self::AtLeast(n) => n,
        }
    }
}

/// A number, or a lower bound of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exactly(u64),
    /// So many or more: the total is not known.
    AtLeast(u64),
}

/// A request as it would be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRequest {
    /// `GET`.
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
}

impl PlannedRequest {
    /// The request as a `curl` line, the token left out as `$CXONE_TOKEN`.
    pub fn curl(&self) -> String {
        curl(self.method, &self.url)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::engine::query::Draft;

    fn service() -> Service {
        let base = Url::parse("https://acme.my.cxone.com").unwrap();
        Service::new("acme", base, "me", SecretString::from("s"))
    }

    fn segment() -> Draft {
        Draft { segments: vec!["SEG-A".into()], ..Draft::default() }
    }

    fn plan(draft: &Draft, known: Known) -> Plan {
        Plan::of(&draft.check().unwrap(), &service(), known, |_| None).unwrap()
    }

    #[test]
    fn without_a_total_only_a_lower_bound_is_known() {
        let plan = plan(&segment(), Known::default());
        assert_eq!((plan.requests, plan.rows, plan.time), (Count::AtLeast(1), None, None));
        let curl = plan.first[0].curl();
        assert!(curl.contains("$CXONE_TOKEN") && curl.contains("page=1") && curl.contains("SEG-A"), "{curl}");
    }

    #[test]
    fn a_known_total_and_rate_give_requests_and_time() {
        let known = Known { total: Some(10_000), rate: Some(10.0), burst: 10.0, ..Known::default() };
        let whole = plan(&segment(), known);
        assert_eq!((whole.requests, whole.rows), (Count::Exactly(200), Some(10_000)));
        assert_eq!(whole.time, Some(Duration::from_secs(19)));
        let part = plan(&Draft { limit: Some(120), ..segment() }, known);
        assert_eq!((part.requests, part.rows), (Count::Exactly(3), Some(120)));
        let slow = Known { latency: Some(Duration::from_secs(1)), ..known };
        assert_eq!(plan(&segment(), slow).time, Some(Duration::from_secs(41)), "200 pages, 5 at once");
    }

    #[test]
    fn ids_are_counted_in_batches() {
        let ids = (0..250).map(|i| format!("P{i}")).collect();
        let plan = plan(&Draft { ids, ..Draft::default() }, Known::default());
        assert_eq!((plan.batches, plan.requests, plan.rows), (3, Count::Exactly(5), Some(250)));
        assert_eq!(plan.first.len(), 3);
    }

    #[test]
    fn the_cache_is_counted_and_takes_no_time() {
        let known = Known { total: Some(100), rate: Some(1.0), burst: 1.0, ..Known::default() };
        let query = segment().check().unwrap();
        let now = crate::engine::clock::Clock::system().now();
        let page = |url: &Url| url.as_str().rsplit_once("&page=").unwrap().1[..1].parse::<u64>().unwrap();
        let cached = |url: &Url| Some(now + Duration::from_secs(100 - page(url)));
        let plan = Plan::of(&query, &service(), known, cached).unwrap();
        assert_eq!((plan.cached, plan.time), (2, Some(Duration::ZERO)));
        assert!(
            plan.cached_until.is_some_and(|until| until < now + Duration::from_secs(99)),
            "the first to go counts"
        );
        let plan = Plan::of(&query.uncached(), &service(), known, cached).unwrap();
        assert_eq!((plan.cached, plan.cached_until), (0, None));
    }

    #[test]
    fn batches_of_which_the_cache_has_much_leave_the_others_to_be_asked() {
        let ids = (0..250).map(|i| format!("P{i:03}")).collect();
        let query = Draft { ids, ..segment() }.check().unwrap();
        let now = crate::engine::clock::Clock::system().now();
        // Two pages of the first of three batches are there.
        let cached = |url: &Url| {
            let page: u32 = url.query_pairs().find(|(name, _)| name == "page").unwrap().1.parse().unwrap();
            (url.as_str().contains("P000") && page <= 2).then_some(now)
        };
        let known = Known { rate: Some(1.0), burst: 1.0, ..Known::default() };
        let plan = Plan::of(&query, &service(), known, cached).unwrap();
        assert_eq!((plan.requests, plan.cached), (Count::AtLeast(4), 2));
        assert_eq!(plan.time, Some(Duration::from_secs(1)), "two requests at one a second");
    }

    #[test]
    fn what_goes_side_by_side_now_counts() {
        let known = Known { total: Some(500), latency: Some(Duration::from_secs(1)), ..Known::default() };
        assert_eq!(
            plan(&segment(), known).time,
            Some(Duration::from_secs(3)),
            "one page, then nine, 5 at once"
        );
        let one = Known { concurrency: Some(1), ..known };
        assert_eq!(plan(&segment(), one).time, Some(Duration::from_secs(10)));
    }
}
