//! The real engine under paused time against a simulated service whose faults are drawn from a seed, and an
//! oracle that says what must hold of every session.
//!
//! ```text
//! seed ─► plan ─┬─► service (an in-memory transport) ─┐
//!               ├─► worker (the real one)             ├─► record ─► oracle
//!               └─► somebody who meddles, a reader ───┘
//! ```
//!
//! `SEEDS=1000000 cargo test --release --test simulation` plays more, `SEED=1234 cargo test --test simulation`
//! plays one and tells what happened.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it found and panics")]

#[path = "simulation/oracle.rs"]
mod oracle;
#[path = "simulation/plan.rs"]
mod plan;
#[path = "simulation/service.rs"]
mod service;
#[path = "simulation/session.rs"]
mod session;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cxlens::engine::event::Cut;

use self::plan::{Action, Plan};
use self::service::{Door, Entry, Tamper, What};
use self::session::{Record, play};

/// Seeds that are played unless `SEEDS` says otherwise.
const SEEDS: u64 = 10_000;
/// Failing seeds after which there is no point in going on.
const ENOUGH: usize = 5;
/// Seeds that once failed, and what was wrong with the engine then.
const ONCE_FAILED: &[(u64, &str)] = &[
    (2, "requests given up at the end were not counted"),
    (64, "a rate slower than tokens live: tokens were asked for without end"),
    (1, "a batch of IDs asked for more pages than its IDs can fill"),
    (54, "a burst that the service announced went past --rate"),
    (106, "a 429 forgot what was owed to --rate"),
    (259, "requests that waited kept their places when --concurrency was lowered"),
    (988, "requests went out at the moment of a cancel and after it"),
    (105, "a backoff of its own making passed --max-wait and stopped the run"),
    (674, "the same for the token"),
    (54_250, "a 429 after two requests held the rest down for most of a minute"),
    (64_745, "so did a second one after a single request more"),
    (113_192, "so did one after another"),
    (185_379, "so did one after three requests"),
    (102_562, "the oracle counted a token that was asked for at the moment of a start as that run's"),
    (135_024, "the same with a page refused later"),
    (183_909, "the same with nothing else going wrong"),
];

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is not a whole number")))
}

/// What a failing seed leaves behind: what is wrong, what was drawn, how to see it again.
fn report(plan: &Plan, wrong: &[String]) -> String {
    let seed = plan.seed;
    let wrong = wrong.join("\n  ");
    format!(
        "seed {seed}\n  {wrong}\n{plan:#?}\nreplay: SEED={seed} cargo test --test simulation -- --nocapture"
    )
}

/// What a session met.
fn met(plan: &Plan, record: &Record) -> Vec<String> {
    let mut met = Vec::new();
    if let Some(bucket) = plan.bucket {
        met.push(format!(
            "announced: {}",
            match bucket.announces {
                plan::Announces::Not => "not at all",
                plan::Announces::Structured => "RateLimit",
                plan::Announces::Joined => "limit=, remaining=",
                plan::Announces::Conventional => "X-RateLimit",
                plan::Announces::Malformed => "unreadable",
            }
        ));
    }
    if plan.token.told.is_some_and(|seconds| seconds < 60.0) {
        met.push("short token".into());
    }
    let mut tokens = std::collections::HashSet::new();
    for entry in &record.log {
        match &entry.what {
            What::Sent(n, Door::Token) => {
                tokens.insert(*n);
            }
            What::Replied(n, got) if tokens.contains(n) => met.push(format!("token endpoint: {}", got.name)),
            What::Replied(_, got) => met.push(got.name.to_owned()),
            What::Dropped(_) => met.push("given up".into()),
            What::Did(Action::Cancel(_)) => met.push("cancel".into()),
            What::Did(Action::Bounds(..)) => met.push("bounds".into()),
            What::Did(Action::Leave) => met.push("leave".into()),
            _ => {}
        }
    }
    for (run, delivered) in plan.runs.iter().zip(&record.runs) {
        let Some((summary, error)) = &delivered.end else { continue };
        met.push(match (summary.cut, error) {
            (None, _) => "end: all of it".into(),
            (Some(Cut::Limit(_)), _) => "end: limit".into(),
            (Some(Cut::Cancelled), _) => "end: cancelled".into(),
            (Some(Cut::Error), error) => {
                format!("end: {}", error.as_ref().map_or("error", |error| error.kind.name()))
            }
        });
        let had = [
            (summary.repeats > 0, "repeats"),
            (!summary.set_aside.is_empty(), "rows set aside"),
            (!summary.not_found.is_empty(), "IDs not found"),
            (delivered.pages.iter().any(|page| page.rows.is_empty()), "empty pages"),
            (delivered.pages.iter().any(|page| page.batch > 1), "batches"),
            (run.total, "totals"),
        ];
        met.extend(had.into_iter().filter(|(had, _)| *had).map(|(_, what)| what.to_owned()));
        met.push(format!(
            "paging: {}",
            match run.paging {
                plan::Paging::Numbered => "numbered",
                plan::Paging::Cursor => "cursor",
                plan::Paging::TurnsAfter(_) => "numbered, then cursor",
            }
        ));
    }
    met
}

/// All that must have been met once ten thousand seeds were played.
const MUST_MEET: &[&str] = &[
    "401",
    "403 with nothing remaining",
    "429 over the rate",
    "429 with 0",
    "429 with a date",
    "429 with a date and no Date",
    "429 with a fraction",
    "429 with garbage",
    "429 with seconds",
    "429 without Retry-After",
    "5xx",
    "5xx with Retry-After",
    "IDs not found",
    "Retry-After beyond patience",
    "a cut body",
    "a web page",
    "an empty body",
    "announced: RateLimit",
    "announced: X-RateLimit",
    "announced: limit=, remaining=",
    "announced: unreadable",
    "batches",
    "bounds",
    "cancel",
    "empty pages",
    "end: all of it",
    "end: cancelled",
    "end: credentials",
    "end: limit",
    "end: network",
    "end: rate limit",
    "end: service",
    "garbage",
    "given up",
    "half a body",
    "leave",
    "no connection",
    "page",
    "paging: cursor",
    "paging: numbered",
    "paging: numbered, then cursor",
    "repeats",
    "reset",
    "rows set aside",
    "short token",
    "time-out",
    "token endpoint: 429 with 0",
    "token endpoint: 429 with a date",
    "token endpoint: 429 with a date and no Date",
    "token endpoint: 429 with a fraction",
    "token endpoint: 429 with garbage",
    "token endpoint: 429 with seconds",
    "token endpoint: 429 without Retry-After",
    "token endpoint: 5xx",
    "token endpoint: 5xx with Retry-After",
    "token endpoint: Retry-After beyond patience",
    "token endpoint: an empty body",
    "token endpoint: half a body",
    "token endpoint: invalid_client",
    "token endpoint: no connection",
    "token endpoint: reset",
    "token endpoint: time-out",
    "token endpoint: token",
    "totals",
];

#[test]
fn seeds_that_once_failed_hold() {
    for (seed, what) in ONCE_FAILED {
        let plan = Plan::draw(*seed);
        let wrong = oracle::judge(&plan, &play(&plan, Tamper::No));
        assert!(wrong.is_empty(), "again: {what}\n{}", report(&plan, &wrong));
    }
}

#[test]
fn a_seed_played_again_goes_the_same_way() {
    for seed in 0..200 {
        let plan = Plan::draw(seed);
        let (once, again) = (play(&plan, Tamper::No), play(&plan, Tamper::No));
        assert_eq!(once.took, again.took, "seed {seed}");
        for (one, other) in once.log.iter().zip(&again.log) {
            assert_eq!((one.at, &one.what), (other.at, &other.what), "seed {seed}");
        }
        assert_eq!(once.log.len(), again.log.len(), "seed {seed}");
    }
}

/// A session in which nothing goes wrong: 12 pages of 10, three at once.
fn smooth() -> Plan {
    Plan {
        runs: vec![plan::Run::smooth(120, 10)],
        concurrency: 3,
        rate: None,
        max_wait: Duration::from_secs(30),
        timeout: Duration::from_secs(30),
        actions: vec![(Duration::ZERO, Action::Start(0))],
        reader: Duration::ZERO,
        bucket: None,
        latency: (Duration::from_millis(20), Duration::from_millis(20)),
        token: plan::Life { told: Some(3_600.0), text: false, real: Duration::from_secs(3_600) },
        faults: BTreeMap::new(),
        sticky: None,
        token_faults: BTreeMap::new(),
        seed: 0,
    }
}

/// What the oracle says of a session that was falsified after it was played.
fn falsified(plan: &Plan, falsify: impl FnOnce(&mut Record)) -> String {
    let mut record = play(plan, Tamper::No);
    assert_eq!(oracle::judge(plan, &record), [""; 0], "the session itself is fine");
    falsify(&mut record);
    oracle::judge(plan, &record).join("\n")
}

#[track_caller]
fn notices(said: &str, what: &str) {
    assert!(said.contains(what), "the oracle does not notice: {what}\nit says: {said}");
}

#[test]
fn the_oracle_notices_what_the_transport_does_wrong() {
    let plan = smooth();
    let judged = |plan: &Plan, tamper| oracle::judge(plan, &play(plan, tamper)).join("\n");
    notices(&judged(&plan, Tamper::LosesARow), "page 2 brings");
    let told = [(3, plan::Fault::Throttled(plan::Said::Seconds(4)))].into();
    let throttled = Plan { faults: told, ..plan.clone() };
    assert_eq!(judged(&throttled, Tamper::No), "");
    notices(&judged(&throttled, Tamper::TellsShort), "before the window opens");
    notices(&judged(&plan, Tamper::Deaf), "a standstill");
}

#[test]
fn the_oracle_notices_what_is_delivered_wrongly() {
    let plan = smooth();
    let rows = |falsify: fn(&mut Vec<cxlens::engine::pipeline::profile::Profile>)| {
        falsified(&plan, |record| falsify(&mut record.runs[0].pages[3].rows))
    };
    notices(&rows(|rows| drop(rows.pop())), "page 4 brings");
    notices(&rows(|rows| rows.swap(2, 3)), "page 4 brings");
    notices(&rows(|rows| rows.push(rows[0].clone())), "page 4 brings");
    notices(&falsified(&plan, |record| record.runs[0].pages.swap(2, 3)), "page 3 brings");
    notices(&falsified(&plan, |record| drop(record.runs[0].pages.pop())), "11 of 12 pages");
    notices(&falsified(&plan, |record| record.runs[0].end = None), "has no end");
    notices(&falsified(&plan, |record| record.over = false), "a standstill");
}

#[test]
fn the_oracle_notices_what_the_summary_gets_wrong() {
    let plan = smooth();
    let summary = |falsify: fn(&mut cxlens::engine::event::Summary)| {
        falsified(&plan, |record| {
            let (summary, _) = record.runs[0].end.as_mut().unwrap();
            falsify(Arc::make_mut(summary));
        })
    };
    notices(&summary(|summary| summary.rows -= 1), "counts 119 rows");
    notices(&summary(|summary| summary.pages += 1), "counts 13 pages");
    notices(&summary(|summary| summary.requests -= 1), "requests");
    notices(&summary(|summary| summary.retries += 1), "retries");
    notices(&summary(|summary| summary.repeats += 1), "repeats");
    notices(&summary(|summary| summary.cut = Some(Cut::Limit(120))), "ends with Some(Limit");
    notices(&summary(|summary| summary.elapsed *= 100), "it takes");
    let error = falsified(&plan, |record| {
        let (summary, error) = record.runs[0].end.as_mut().unwrap();
        Arc::make_mut(summary).cut = Some(Cut::Error);
        *error = Some(cxlens::engine::error::Error::panicked());
    });
    notices(&error, "gives up without a reason");
}

#[test]
fn the_oracle_notices_what_is_sent_wrongly() {
    let plan = smooth();
    let at = |record: &Record, wanted: &dyn Fn(&What) -> bool| {
        record.log.iter().position(|entry| wanted(&entry.what)).unwrap()
    };
    let page = |number: u32| move |what: &What| matches!(what, What::Sent(_, Door::Page { page, .. }) if *page == number);
    // As a client allowed two at once it would have been wrong.
    let record = play(&plan, Tamper::No);
    let stricter = Plan { concurrency: 2, ..plan.clone() };
    notices(&oracle::judge(&stricter, &record).join("\n"), "3 requests at once, 2 are allowed");
    let slower = Plan { rate: Some(1.0), ..plan.clone() };
    notices(&oracle::judge(&slower, &record).join("\n"), "at most 1/s are allowed");
    let told = Plan { runs: vec![plan::Run { total: true, ..plan.runs[0].clone() }], ..plan.clone() };
    notices(&oracle::judge(&told, &record).join("\n"), "past the end");
    notices(
        &falsified(&plan, |record| {
            let sent = at(record, &|what| matches!(what, What::Sent(_, Door::Token)));
            let again = Entry { at: record.log[sent].at, what: What::Sent(999, Door::Token) };
            record.log.insert(sent + 1, again);
        }),
        "two token requests at once",
    );
    notices(
        &falsified(&plan, |record| {
            let (first, later) = (at(record, &page(2)), at(record, &page(9)));
            let What::Sent(_, door) = record.log[first].what.clone() else { unreachable!() };
            let again = Entry { at: record.log[later].at, what: What::Sent(999, door) };
            record.log.insert(later, again);
        }),
        "page 2 is asked again though it was answered well",
    );
    notices(
        &falsified(&plan, |record| {
            let first = at(record, &page(2));
            let cancel = Entry { at: record.log[first].at, what: What::Did(Action::Cancel(0)) };
            record.log.insert(first, cancel);
        }),
        "after it was cancelled",
    );
    notices(
        &falsified(&plan, |record| {
            let first = at(record, &page(2));
            let leave = Entry { at: record.log[first].at, what: What::Did(Action::Leave) };
            record.log.insert(first, leave);
        }),
        "after nobody listened any more",
    );
    let short = Plan { token: plan::Life { told: Some(0.03), ..plan.token }, ..plan.clone() };
    notices(&oracle::judge(&short, &record).join("\n"), "is used past its end");
}

#[test]
fn whatever_is_drawn_the_contract_holds() {
    if let Some(seed) = from_environment("SEED") {
        let plan = Plan::draw(seed);
        let record = play(&plan, Tamper::No);
        println!("{plan:#?}");
        for entry in &record.log {
            println!("{:>12.3?} {:?}", entry.at, entry.what);
        }
        let wrong = oracle::judge(&plan, &record);
        assert!(wrong.is_empty(), "{}", report(&plan, &wrong));
        return;
    }
    let seeds = from_environment("SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    let counters = Mutex::new(BTreeMap::<String, u64>::new());
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut own = BTreeMap::<String, u64>::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds || failed.lock().unwrap().len() >= ENOUGH {
                        break;
                    }
                    let plan = Plan::draw(seed);
                    let record = play(&plan, Tamper::No);
                    let wrong = oracle::judge(&plan, &record);
                    if !wrong.is_empty() {
                        failed.lock().unwrap().push(report(&plan, &wrong));
                    }
                    for what in met(&plan, &record) {
                        *own.entry(what).or_default() += 1;
                    }
                }
                let mut counters = counters.lock().unwrap();
                for (what, count) in own {
                    *counters.entry(what).or_default() += count;
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    let counters = counters.into_inner().unwrap();
    println!("{counters:#?}");
    assert!(failed.is_empty(), "{} seeds failed\n\n{}", failed.len(), failed.join("\n\n"));
    if seeds >= SEEDS {
        for what in MUST_MEET {
            assert!(counters.contains_key(*what), "no seed of {seeds} met this: {what}");
        }
    }
}
