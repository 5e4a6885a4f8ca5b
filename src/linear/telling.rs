//! How far a run is and what came of it, in sentences at sensible steps.

use std::fmt::Write as _;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::clock::later;
use crate::engine::error::Error;
use crate::engine::event::{Cut, Exchange, Limits, Outcome, RateSource, RetryReason, Status, Summary};
use crate::engine::plan::{Count, Plan};
use crate::engine::query::Id;
use crate::figures;
use crate::rows::Mask;

/// Pages that are told where nobody knows how many there will be.
const PAGES: [u32; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
/// IDs and rows that are named; the rest is counted.
const NAMED: usize = 20;
/// Two waits that end this close together are one.
const TOGETHER: Duration = Duration::from_millis(100);

/// What of a run was told already.
#[derive(Debug, Default)]
pub(super) struct Teller {
    /// Tenths of the rows.
    tenths: u64,
    page: u32,
    /// When the last wait that was told is over.
    waits_until: Option<Instant>,
}

impl Teller {
    /// A page came: page 1, and then each tenth of what is expected.
    pub(super) fn page(&mut self, page: u32, rows: u64, expected: Option<u64>) -> Option<String> {
        let is_new = page > self.page;
        self.page = self.page.max(page);
        let came = figures::counted(rows, "row", "rows");
        let Some(expected) = expected.filter(|n| *n > 0) else {
            let tells = rows > 0 && is_new && (PAGES.contains(&page) || page.is_multiple_of(1_000));
            return tells.then(|| format!("Page {page}: {came} so far."));
        };
        let tenths = (rows.min(expected)) * 10 / expected;
        let of = figures::count(expected);
        if is_new && page == 1 {
            self.tenths = tenths;
            return (tenths < 10).then(|| format!("Page 1: {came} of {of}."));
        }
        let is_news = tenths > self.tenths && tenths < 10;
        self.tenths = self.tenths.max(tenths);
        is_news.then(|| format!("{} percent: {came} of {of}.", tenths * 10))
    }

    /// A request that is tried again, and when; waits that end together are told once.
    pub(super) fn exchange(&mut self, exchange: &Exchange, now: Instant, mask: &Mask) -> Option<String> {
        let retry = exchange.retry.as_ref()?;
        let until = later(now, retry.after);
        if exchange.is_throttled() && self.waits_until.is_some_and(|told| until <= later(told, TOGETHER)) {
            return None;
        }
        let why = match &exchange.outcome {
            Outcome::Status(status) => format!("the service answered {status}"),
            Outcome::Refused(status, why) => format!("the service answered {status}, {}", mask.text(why)),
            Outcome::Broken(why) => format!("no answer, {}", mask.text(why)),
        };
        let because = match retry.because {
            RetryReason::RetryAfter => ", as it said",
            RetryReason::Backoff => "",
            RetryReason::Token => " with a new token",
        };
        if exchange.is_throttled() {
            self.waits_until = Some(until);
        }
        let again = if retry.after.is_zero() {
            format!("asking again{because}")
        } else {
            format!("waiting {}{because}", figures::span(retry.after))
        };
        let throttled = if exchange.is_throttled() { "Throttled" } else { "Tried in vain" };
        Some(format!("{throttled}, {}: {why}; {again}.", exchange.what()))
    }
}

/// How a run ended: rows and time, then what is missing.
pub(super) fn summary(run: &Summary) -> Vec<String> {
    let all = run.rows + run.before;
    let rows = figures::counted(all, "row", "rows");
    let mut first = match run.status {
        Status::Success => format!("Done: {rows}"),
        Status::Partial => format!("Ended early: {rows}"),
        Status::Failed => format!("Failed: {rows}"),
        Status::Cancelled => format!("Stopped: {rows}"),
    };
    let _ = write!(
        first,
        " in {}, {}",
        figures::span(run.elapsed),
        figures::counted(run.requests.into(), "request", "requests")
    );
    for (n, what) in
        [(run.retries, "tried again"), (run.throttled, "throttled"), (run.cache_hits, "from the cache")]
    {
        if n > 0 {
            let _ = write!(first, ", {} {what}", figures::count(n.into()));
        }
    }
    if let Some(age) = run.oldest {
        let _ = write!(first, ", up to {} old", figures::span(age));
    }
    let mut told = vec![first + "."];
    let missing = run.missing();
    told.push(match (run.cut, missing) {
        (None, Some(missing)) if missing > 0 => {
            format!("The service counts {} more than it sent.", figures::count(missing))
        }
        (None, _) if !run.not_found.is_empty() => "All that was found is there.".to_owned(),
        (None, _) => "Nothing is missing.".to_owned(),
        (Some(Cut::Limit(limit)), Some(missing)) => {
            format!("The limit is {}: there are {} more.", figures::count(limit), figures::count(missing))
        }
        (Some(Cut::Limit(limit)), None) => {
            format!("The limit is {}: there may be more.", figures::count(limit))
        }
        (Some(_), Some(missing)) => {
            let all = run.came() + missing;
            format!("{} of {} are missing.", figures::count(missing), figures::count(all))
        }
        (Some(_), None) => "How many are missing is not known.".to_owned(),
    });
    for (n, what) in [(run.past_retention, "past retention"), (run.withheld, "withheld from everybody")] {
        if let Some(window) = run.window.filter(|_| n > 0) {
            let rows = figures::counted(n, "profile is", "profiles are");
            let (day, days) = (window.first_day(), window.length());
            told.push(format!("{rows} {what}: last modified before {day}, the retention is {days}."));
        }
    }
    if !run.not_found.is_empty() {
        let named: Vec<&str> = run.not_found.iter().take(NAMED).map(Id::as_str).collect();
        let how = if run.filtered { "not returned" } else { "not found" };
        let count = run.not_found.len();
        let more = match count.saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(", and {} more", figures::count(more as u64)),
        };
        let ids = figures::counted(count as u64, "ID", "IDs");
        told.push(format!("{ids} {how}: {}{more}.", named.join(", ")));
    }
    for bad in run.set_aside.iter().take(NAMED) {
        told.push(format!("Row {} of page {} could not be read: {}.", bad.row, bad.page, bad.reason));
    }
    if run.set_aside.len() > NAMED {
        let more = (run.set_aside.len() - NAMED) as u64;
        told.push(format!("{} could not be read either.", figures::counted(more, "row", "rows")));
    }
    told
}

/// An error: what, why, what to do, what was sent, what came back.
pub(super) fn error(error: &Error, mask: &Mask) -> Vec<String> {
    let mut told = vec![format!("Error: {}.", mask.text(&error.what))];
    let mut say = |name: &str, text: &str| {
        for (at, line) in text.lines().filter(|line| !line.trim().is_empty()).enumerate() {
            let name = if at == 0 { format!("{name}: ") } else { String::new() };
            told.push(format!("{name}{line}"));
        }
    };
    say("Cause", &mask.text(&error.cause));
    say("What to do", &mask.text(&error.remedy));
    if let Some(wait) = error.ask_again_in {
        say("When", &format!("the service wants to be asked again in {}", figures::span(wait)));
    }
    if let Some(request) = &error.request {
        say("Request", &mask.text(request));
    }
    if let Some(reply) = &error.reply {
        say("Reply", &mask.reply(reply));
    }
    told
}

/// What a plan comes to.
pub(super) fn plan(plan: &Plan) -> String {
    let count = |n: u64| figures::counted(n, "request", "requests");
    let mut said = match plan.requests {
        Count::Exactly(n) => format!("The plan: {}", count(n)),
        Count::AtLeast(n) => format!("The plan: at least {}", count(n)),
    };
    if let Some(rows) = plan.rows {
        let _ = write!(said, ", at most {}", figures::counted(rows, "row", "rows"));
    }
    if plan.cached > 0 {
        let _ = write!(said, ", {} of them from the cache", figures::count(plan.cached.into()));
    }
    match plan.time {
        Some(time) => drop(write!(said, ", about {}", figures::span(time))),
        None => said.push_str(", how long is not known before the service was asked"),
    }
    said + "."
}

/// Where the limits stand.
pub(super) fn limits(limits: &Limits, now: Instant) -> Vec<String> {
    let source = match limits.source {
        RateSource::Unknown => "",
        RateSource::Configured => ", from the settings",
        RateSource::Announced => ", as the service announces",
        RateSource::Learned => ", learned from being throttled",
    };
    let mut told = vec![match limits.rate {
        Some(rate) => format!(
            "{} requests in the last second, of {} a second{source}.",
            figures::rate(limits.measured),
            figures::rate(rate)
        ),
        None => format!("{} requests in the last second; no limit is known.", figures::rate(limits.measured)),
    }];
    told.push(format!(
        "{} under way, {} waiting, at most {} at once. Throttled {}.",
        limits.in_flight,
        limits.waiting,
        limits.window,
        figures::counted(limits.throttled, "time", "times")
    ));
    if let Some(gate) = limits.gate.as_ref().filter(|gate| gate.until > now) {
        let left = gate.until.saturating_duration_since(now);
        told.push(format!("Nothing is sent for {}: {}.", figures::span(left), gate.said));
    }
    told
}

/// A request that is over: `12:01:04 GET contacts page 25: 200 in 23 ms, 50 rows.`
pub(super) fn logged(exchange: &Exchange, zone: &jiff::tz::TimeZone, mask: &Mask) -> String {
    let mut said =
        format!("{} {} {}: ", figures::time_of_day(exchange.at, zone), exchange.method, exchange.what());
    let outcome = match &exchange.outcome {
        Outcome::Status(status) => status.to_string(),
        Outcome::Refused(status, why) => format!("{status}, {}", mask.text(why)),
        Outcome::Broken(why) => format!("no answer, {}", mask.text(why)),
    };
    said.push_str(&outcome);
    let _ = write!(said, " in {}", figures::span(exchange.phases.server()));
    if let Some(rows) = exchange.rows {
        let _ = write!(said, ", {}", figures::counted(rows.into(), "row", "rows"));
    }
    if exchange.attempt > 1 {
        let _ = write!(said, ", attempt {}", exchange.attempt);
    }
    said + "."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::clock::Clock;
    use crate::engine::event::{Phases, Retry};

    #[test]
    fn pages_are_told_at_the_first_and_each_tenth() {
        let mut teller = Teller::default();
        let told: Vec<String> =
            (1..=200).filter_map(|page| teller.page(page, u64::from(page) * 50, Some(10_000))).collect();
        assert_eq!(told.len(), 10, "{told:?}");
        assert_eq!(told[0], "Page 1: 50 rows of 10,000.");
        assert_eq!(told[1], "10 percent: 1,000 rows of 10,000.");
        assert_eq!(told[9], "90 percent: 9,000 rows of 10,000.");
        let mut teller = Teller::default();
        let told: Vec<String> =
            (1..=200).filter_map(|page| teller.page(page, u64::from(page) * 50, None)).collect();
        assert_eq!(told.len(), 8, "{told:?}");
        assert_eq!(told[7], "Page 200: 10,000 rows so far.");
        // A small run has no steps to tell, and a part of a page is none.
        assert_eq!(Teller::default().page(1, 3, Some(3)), None);
        let mut teller = Teller::default();
        assert!(teller.page(1, 500, None).is_some() && teller.page(1, 1_000, None).is_none());
    }

    #[test]
    fn a_wait_is_told_once_for_all_who_wait() {
        let now = Clock::system().now();
        let throttled = |number: u64, after: u64| Exchange {
            number,
            query: None,
            again: None,
            at: "2026-03-04T12:01:04Z".parse().unwrap(),
            endpoint: crate::engine::event::Endpoint::Contacts,
            method: "GET",
            target: "/".into(),
            label: format!("page {number}"),
            attempt: 1,
            outcome: Outcome::Status(429),
            phases: Phases::default(),
            bytes: 0,
            rows: None,
            retry: Some(Retry { after: Duration::from_millis(after), because: RetryReason::RetryAfter }),
            retry_after: None,
            detail: std::sync::Weak::new(),
        };
        let (mut teller, mask) = (Teller::default(), Mask::default());
        let mut told = |exchange: &Exchange, now| teller.exchange(exchange, now, &mask);
        assert_eq!(
            told(&throttled(3, 2_000), now).unwrap(),
            "Throttled, contacts page 3: the service answered 429; waiting 2.0 s, as it said."
        );
        assert_eq!(told(&throttled(4, 1_990), now), None);
        assert!(
            told(&throttled(3, 2_000), later(now, Duration::from_secs(2))).is_some(),
            "a new wait is news"
        );
    }

    #[test]
    fn what_is_past_retention_is_told_and_what_is_withheld_is_not_missing() {
        let run =
            Summary { total: Some(10), withheld: 3, past_retention: 1, ..Summary::of(Status::Success, 7) };
        let told = summary(&run);
        assert_eq!(told[1], "Nothing is missing.");
        assert_eq!(
            told[2..],
            [
                "1 profile is past retention: last modified before 2025-09-05, the retention is 180 days.",
                "3 profiles are withheld from everybody: last modified before 2025-09-05, the retention is 180 days.",
            ]
        );
    }

    #[test]
    fn what_is_missing_is_always_told() {
        let run = |cut, rows, total| Summary { total, cut, ..Summary::of(Status::Success, rows) };
        for (run, says) in [
            (run(None, 5, Some(5)), "Nothing is missing."),
            (run(None, 5, Some(7)), "The service counts 2 more than it sent."),
            (run(Some(Cut::Limit(5)), 5, Some(1_005)), "The limit is 5: there are 1,000 more."),
            (run(Some(Cut::Cancelled), 5, Some(1_000)), "995 of 1,000 are missing."),
            (run(Some(Cut::Error), 5, None), "How many are missing is not known."),
        ] {
            assert_eq!(summary(&run)[1], says);
        }
        let ids: Vec<Id> = (0..22).map(|n| Id::new("ID", &format!("P-{n}")).unwrap()).collect();
        let told = summary(&Summary { not_found: ids, ..Summary::of(Status::Success, 1) });
        assert!(
            told[2].starts_with("22 IDs not found: P-0, ") && told[2].ends_with(", and 2 more."),
            "{told:?}"
        );
    }
}
