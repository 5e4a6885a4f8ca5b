//! Table "Rate".

use std::time::Duration;

use cxlens::engine::error::Kind;
use cxlens::engine::event::RateSource;

use crate::support::{Case, PAGE};

const SECOND: Duration = Duration::from_secs(1);
const FLOOR: Duration = Duration::from_millis(500);
const PAGE_ROWS: usize = PAGE as usize;

faults! {
    none = "none" {
        none; |ran| ran.whole().tokens(1).pages(10).nothing_again();
        // Full jitter, not the same wait for everybody.
        retry_after_missing; |ran| ran.whole().backed_off().retries(1..).pages(12);
    }
    seconds = "429 with seconds" {
        retry_after_seconds; |ran| ran.whole().told_to_wait(SECOND..=SECOND).retries(2..=2).pages(12);
    }
    http_date = "429 with an HTTP date (3 forms), skewed clock" {
        // A date has whole seconds: two from now are one to two from the reply's own `Date`, three at a stale one.
        retry_after_http_date; |ran| ran.whole().told_to_wait(SECOND..=3 * SECOND).retries(2..=2);
        retry_after_http_date_rfc850; |ran| ran.whole().told_to_wait(SECOND..=3 * SECOND).retries(2..=2);
        retry_after_http_date_asctime; |ran| ran.whole().told_to_wait(SECOND..=3 * SECOND).retries(2..=2);
        retry_after_http_date_skewed; |ran| ran.whole().told_to_wait(SECOND..=3 * SECOND).retries(2..=2);
        retry_after_http_date_behind; |ran| ran.whole().told_to_wait(SECOND..=3 * SECOND).retries(2..=2);
    }
    odd_values = "in the past, 0, negative, `1.5`, ` 7 `, `soon`, year 9999" {
        retry_after_past; |ran| ran.whole().told_to_wait(FLOOR..=FLOOR);
        retry_after_zero; |ran| ran.whole().told_to_wait(FLOOR..=FLOOR);
        retry_after_negative; |ran| ran.whole().backed_off();
        retry_after_fraction; |ran| ran.whole().told_to_wait(2 * SECOND..=2 * SECOND);
        retry_after_padded; |ran| ran.whole().told_to_wait(SECOND..=SECOND);
        retry_after_word; |ran| ran.whole().backed_off();
        retry_after_empty; |ran| ran.whole().backed_off();
        // Said twice: the longer one keeps both promises.
        retry_after_twice; |ran| ran.whole().told_to_wait(2 * SECOND..=2 * SECOND);
        retry_after_year_9999; |ran| {
            ran.stops_for_long();
            assert!(ran.error().ask_again_in > Some(Duration::from_secs(1_000_000_000)));
        };
        retry_after_overflow; |ran| ran.stops_for_long();
        retry_after_digits; |ran| ran.stops_for_long();
    }
    longer_than_max_wait = "longer than `--max-wait`" {
        retry_after_long; |ran| {
            ran.stops_for_long().says("ask_again_in: Some(120s)").says("--max-wait");
            assert_eq!(ran.error().ask_again_in, Some(Duration::from_secs(120)));
        };
    }
    announced = "`RateLimit: \"d\";r=0;t=30`, the old `limit=, remaining=` form, `X-RateLimit-*`" {
        ratelimit_spent with |case| slow_start(case); |ran| ran.whole().slowed_down(FLOOR / 4);
        ratelimit_old_form with |case| slow_start(case); |ran| ran.whole().slowed_down(2 * SECOND);
        ratelimit_old_headers with |case| slow_start(case); |ran| ran.whole().slowed_down(2 * SECOND);
        x_ratelimit_seconds with |case| slow_start(case); |ran| ran.whole().slowed_down(2 * SECOND);
        x_ratelimit_epoch with |case| slow_start(case); |ran| ran.whole().slowed_down(SECOND);
        x_ratelimit_epoch_ms with |case| slow_start(case); |ran| ran.whole().slowed_down(SECOND);
        x_ratelimit_date with |case| slow_start(case); |ran| ran.whole().slowed_down(SECOND);
        x_ratelimit_iso with |case| slow_start(case); |ran| ran.whole().slowed_down(SECOND);
        ratelimit_malformed; |ran| ran.whole().within(SECOND).nothing_again();
    }
    forbidden = "403 with remaining 0" {
        http_403_remaining_zero; |ran| {
            ran.whole().told_to_wait(SECOND..=SECOND).retries(2..=2);
            assert_eq!(ran.summary.throttled, 2);
        };
    }
    for_ever = "429 for ever, 503 for ever" {
        // How long it is patient otherwise: see `patience`.
        http_429_forever with |case| case.service.bounds.max_wait = FLOOR;
            |ran| ran.stops(Kind::RateLimit, 0, "page 1").pages(1).says("ask_again_in: Some(1s)");
        http_429_forever_silent with |case| case.service.bounds.max_wait = FLOOR / 50;
            |ran| ran.stops(Kind::RateLimit, 0, "page 1").pages(ran.counters.throttled);
        http_503_forever; |ran| ran.stops(Kind::Service, 0, "page 1").pages(4).backed_off().says("503");
        http_503_once; |ran| ran.whole().retries(1..=1).pages(11);
        http_503_retry_after; |ran| ran.whole().told_to_wait(SECOND..=SECOND).retries(2..=2);
        http_503_often; |ran| ran.whole().retries(1..).backed_off();
        http_500_sometimes; |ran| ran.whole();
        http_500_hostile_body; |ran| ran.stops(Kind::Service, 0, "page 1").pages(4).says("red");
        http_500_problem_json; |ran|
            ran.stops(Kind::Service, 0, "page 1").pages(4).says("Internal error: The index is being rebuilt");
        http_502_html; |ran| ran.whole().retries(2..=2).pages(12);
    }
}

/// One request at a time, so that it can be seen that none follows the announcement.
fn slow_start(case: &mut Case) {
    case.service.bounds.concurrency = 1;
}

impl crate::support::Ran {
    /// It will not wait that long, and asks nothing more.
    fn stops_for_long(&self) -> &Self {
        let rows = self.ids.len();
        assert!(rows >= PAGE_ROWS, "the first page was fine");
        self.stops(Kind::RateLimit, rows, &format!("page {}", rows / PAGE_ROWS + 1)).retries(0..=0);
        assert!(self.error().ask_again_in.is_some(), "{:?}", self.error);
        self
    }
}

#[tokio::test]
async fn a_closed_window_holds_for_the_next_run_too() {
    let mut session = Case::of("retry-after-long").with(slow_start).start().await;
    session.ask().await;
    session.finish().await.stops_for_long();
    session.control().clear_faults();
    let before = session.control().counters();
    session.ask().await;
    let ran = session.finish().await;
    assert_eq!(ran.counters.requests(), before.requests(), "nobody sends before the two minutes are over");
    ran.stops(Kind::RateLimit, 0, "page 1").says("--max-wait");
    let wait = ran.error().ask_again_in.unwrap();
    assert!(wait > Duration::from_secs(110) && wait <= Duration::from_secs(120), "{wait:?}");
}

/// With one request at a time, what the service sees of a closed window is exact.
#[tokio::test]
async fn nothing_reaches_the_service_while_it_wants_silence() {
    for fault in ["retry-after-seconds", "503-retry-after", "retry-after-http-date-skewed", "token-429"] {
        let few = |case: &mut Case| case.sandbox.profiles = 2 * PAGE_ROWS;
        Case::of(fault).with(slow_start).with(few).run().await.whole().retries(1..);
    }
}

#[tokio::test]
async fn one_gate_for_pages_and_tokens_and_no_stampede_behind_it() {
    let toml = "[[effect]]\nwhen = { from = 12, times = 1 }\n[effect.reply]\nstatus = 429\n\
                headers = [[\"Retry-After\", \"1\"]]";
    let mut case = Case::plan(toml);
    case.sandbox.profiles = 1_000;
    case.service.bounds.concurrency = 10;
    let ran = case.run().await;
    ran.whole().told_to_wait(SECOND..=SECOND).retries(1..=1);
    // Whoever waited at the gate starts on its own, not all in one instant.
    let at: Vec<_> = ran.contacts().map(|r| r.after).collect();
    let opened = at.windows(2).position(|two| two[1].saturating_sub(two[0]) > SECOND / 2).unwrap() + 1;
    let spread = at[opened + 9].saturating_sub(at[opened]);
    assert!(spread > Duration::from_millis(25), "ten started within {spread:?}");
}

#[tokio::test]
async fn a_429_halves_what_goes_side_by_side_and_teaches_a_rate() {
    let mut case = Case::of("none");
    case.sandbox.rate = Some(cxlens::sandbox::Rate { per_second: 20.0, burst: 5 });
    let mut session = case.start().await;
    session.ask().await;
    let ran = session.finish().await;
    ran.whole().retries(1..);
    let mut last = None;
    while last
        .as_ref()
        .is_none_or(|limits: &std::sync::Arc<cxlens::engine::event::Limits>| limits.learned.is_none())
    {
        if let cxlens::engine::event::Event::Limits(limits) = session.handle.events.recv().await.unwrap() {
            last = Some(limits);
        }
    }
    let limits = last.unwrap();
    assert_eq!(limits.source, RateSource::Learned);
    assert_eq!(limits.throttled, ran.counters.throttled);
}
