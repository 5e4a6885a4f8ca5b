//! What a run came to, in lines on stderr.

use std::fmt::Write as _;
use std::time::Duration;

use crate::engine::event::{Cut, Latency, Status, Summary};
use crate::figures;

/// IDs and rows that are listed on a terminal; a file or a pipe gets all of them.
const LISTED: usize = 20;

/// The summary as lines. `all` lists every ID that was not found and every row set aside, however many; `goes_on` is
/// the command that takes up a run that stopped.
pub fn summary(run: &Summary, all: bool, goes_on: Option<&str>) -> String {
    let mut out = String::new();
    let verb = match run.status {
        Status::Success => "",
        Status::Partial => "incomplete: ",
        Status::Failed => "failed: ",
        Status::Cancelled => "cancelled: ",
    };
    let in_all = run.rows + run.before;
    let of = run
        .total
        .filter(|total| *total != in_all && (run.status != Status::Success || run.cut.is_some()))
        .map_or_else(String::new, |t| format!(" of {}", figures::count(t)));
    let count = match run.before {
        0 => format!("{}{of} {}", figures::count(run.rows), plural(run.rows, "profile")),
        _ => {
            format!(
                "{} more {}, {}{of} in all,",
                figures::count(run.rows),
                plural(run.rows, "profile"),
                figures::count(in_all)
            )
        }
    };
    let rate = match run.rows {
        0 => String::new(),
        rows => format!(
            " ({} rows/s)",
            figures::count((rows as f64 / run.elapsed.as_secs_f64().max(0.001)) as u64)
        ),
    };
    let _ = writeln!(
        out,
        "{verb}{count} on {} in {}{rate}",
        counted(u64::from(run.pages), "page"),
        seconds(run.elapsed),
    );
    let _ = write!(out, "requests {}", run.requests);
    for (n, name) in [
        (u64::from(run.retries), "retries"),
        (u64::from(run.throttled), "429s"),
        (u64::from(run.cache_hits), "from the cache"),
        (run.repeats, "repeats dropped"),
    ] {
        if n > 0 {
            let _ = write!(out, ", {name} {}", figures::count(n));
        }
    }
    if let Some(age) = run.oldest {
        let _ = write!(out, " (up to {} old)", seconds(age));
    }
    out.push('\n');
    for (name, latency) in
        [("connect", run.connect), ("network", run.network), ("processing", run.processing)]
    {
        latency_line(&mut out, name, latency);
    }
    if let Some(accuracy) = run.accuracy {
        let _ = writeln!(out, "accuracy {:.1} % have an ID and an e-mail", accuracy * 100.0);
    }
    for (n, name) in [(run.past_retention, "past retention"), (run.withheld, "withheld")] {
        if let Some(window) = run.window.filter(|_| n > 0) {
            let (n, day, days) = (figures::count(n), window.first_day(), window.length());
            let _ = writeln!(out, "{name} {n}: last modified before {day} (retention {days})");
        }
    }
    let differs = |total: &u64| run.cut.is_none() && ![run.came(), run.sent()].contains(total);
    if let Some(total) = run.total.filter(differs) {
        let (total, came) = (counted(total, "profile"), figures::count(run.came()));
        let _ = writeln!(out, "the service counts {total} and sent {came}: they may have changed meanwhile");
    }
    not_found(&mut out, run, all);
    set_aside(&mut out, run, all);
    // Where nothing came, the error says all there is to say.
    if let Some(cut) = run.cut.filter(|_| run.status != Status::Failed || goes_on.is_some()) {
        out.push_str(&cut_line(cut, run, goes_on));
    }
    out
}

fn latency_line(out: &mut String, name: &str, latency: Latency) {
    if latency.count > 0 {
        let _ = writeln!(
            out,
            "{name} p50 {}, p95 {}, max {}",
            millis(latency.p50),
            millis(latency.p95),
            millis(latency.max)
        );
    }
}

fn not_found(out: &mut String, run: &Summary, all: bool) {
    if run.not_found.is_empty() {
        return;
    }
    let most = if all { usize::MAX } else { LISTED };
    let name = if run.filtered { "not returned" } else { "not found" };
    let listed: Vec<_> = run.not_found.iter().take(most).map(ToString::to_string).collect();
    let _ = write!(out, "{name} {}: {}", figures::count(run.not_found.len() as u64), listed.join(" "));
    more(out, run.not_found.len(), most);
    if run.filtered {
        out.push_str("  (they may exist without matching the segments or the filter)\n");
    }
}

fn set_aside(out: &mut String, run: &Summary, all: bool) {
    if run.set_aside.is_empty() {
        return;
    }
    let most = if all { usize::MAX } else { LISTED };
    let _ =
        write!(out, "set aside {}: rows that could not be read", figures::count(run.set_aside.len() as u64));
    for row in run.set_aside.iter().take(most) {
        let reason = crate::engine::text::clean(&row.reason).into_owned();
        let _ = write!(out, "\n  page {} row {}: {reason}", row.page, row.row);
    }
    more(out, run.set_aside.len(), most);
}

fn more(out: &mut String, there: usize, most: usize) {
    if there > most {
        let _ = write!(out, " … and {} more (2>FILE lists them all)", figures::count((there - most) as u64));
    }
    out.push('\n');
}

fn cut_line(cut: Cut, run: &Summary, goes_on: Option<&str>) -> String {
    let missing = run.missing().map_or_else(
        || "how many are missing is not known".to_owned(),
        |missing| format!("{} are missing", figures::count(missing)),
    );
    let remedy = goes_on.map_or_else(
        || "run it again for all of them".to_owned(),
        |command| format!("{command} goes on from there"),
    );
    match cut {
        Cut::Limit(limit) => {
            let there = run.total.map_or_else(
                || "there may be more".to_owned(),
                |total| format!("there are {}", figures::count(total)),
            );
            format!("cut at --limit {limit}: {there}; a larger --limit, or none, goes on\n")
        }
        Cut::Cancelled => format!("cut by cancelling: {missing}; {remedy}\n"),
        Cut::Error => format!("cut by the error: {missing}; {remedy}\n"),
    }
}

/// A duration for a person: `0.23 s`, `12.3 s`, `90 s`.
pub fn seconds(d: Duration) -> String {
    let s = d.as_secs_f64();
    if s < 1.0 {
        format!("{s:.2} s")
    } else if s < 60.0 {
        format!("{s:.1} s")
    } else {
        format!("{} s", figures::count(s.round() as u64))
    }
}

pub(super) fn millis(d: Duration) -> String {
    let ms = d.as_secs_f64() * 1_000.0;
    if ms < 10.0 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

/// `1 page`, `1,234 pages`
pub fn counted(n: u64, noun: &str) -> String {
    figures::counted(n, noun, &format!("{noun}s"))
}

fn plural(n: u64, noun: &str) -> String {
    if n == 1 { noun.to_owned() } else { format!("{noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::SetAside;
    use crate::engine::query::Id;

    fn run() -> Summary {
        Summary {
            elapsed: Duration::from_millis(2_500),
            total: Some(1_250),
            pages: 25,
            requests: 26,
            accuracy: Some(0.982),
            ..Summary::of(Status::Success, 1_250)
        }
    }

    #[test]
    fn a_plain_run_is_told_in_three_lines() {
        assert_eq!(
            summary(&run(), false, None),
            "1,250 profiles on 25 pages in 2.5 s (500 rows/s)\nrequests 26\naccuracy 98.2 % have an ID and an e-mail\n"
        );
    }

    #[test]
    fn what_happened_on_the_way_is_told() {
        let run = Summary {
            retries: 2,
            throttled: 1,
            cache_hits: 3,
            oldest: Some(Duration::from_secs(61)),
            repeats: 4,
            past_retention: 5,
            withheld: 1_200,
            total: Some(2_450),
            connect: Latency { count: 5, p50: Duration::from_micros(800), ..Latency::default() },
            network: Latency {
                count: 9,
                p50: Duration::from_micros(2_300),
                p95: Duration::from_millis(61),
                max: Duration::from_secs(1),
            },
            ..run()
        };
        let said = summary(&run, false, None);
        for words in [
            "retries 2, 429s 1, from the cache 3, repeats dropped 4 (up to 61 s old)",
            "connect p50 0.8 ms",
            "network p50 2.3 ms, p95 61 ms, max 1000 ms",
            "past retention 5: last modified before 2025-09-05 (retention 180 days)\n",
            "withheld 1,200: last modified before 2025-09-05 (retention 180 days)\n",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert!(!said.contains("the service counts"), "what is withheld was sent: {said}");
        let cut = summary(&Summary { cut: Some(Cut::Cancelled), total: Some(3_000), ..run }, false, None);
        assert!(cut.contains("550 are missing"), "{cut}");
    }

    #[test]
    fn ids_without_a_reply_are_never_silently_absent() {
        let ids: Vec<_> = (0..30).map(|i| Id::new("ID", &format!("P-{i}")).unwrap()).collect();
        let run = Summary { not_found: ids, ..run() };
        let (short, long) = (summary(&run, false, None), summary(&run, true, None));
        assert!(short.contains("not found 30: P-0 P-1 ") && short.contains("and 10 more"), "{short}");
        assert!(!short.contains("P-29") && long.contains("P-29"), "{long}");
        let said = summary(&Summary { filtered: true, ..run }, false, None);
        assert!(said.contains("not returned 30"), "{said}");
    }

    #[test]
    fn rows_set_aside_are_told_with_their_place_and_reason() {
        let row = SetAside { page: 3, row: 7, reason: "it is no object\x1b".into(), raw: "secret".into() };
        let said = summary(&Summary { set_aside: vec![row], status: Status::Partial, ..run() }, false, None);
        assert!(said.contains("page 3 row 7: it is no object␛"), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }

    #[test]
    fn a_result_that_was_cut_always_says_so() {
        for (cut, total, words) in [
            (Cut::Limit(10), None, "--limit 10: there may be more"),
            (Cut::Limit(10), Some(2_000), "there are 2,000"),
            (Cut::Cancelled, Some(2_000), "750 are missing"),
            (Cut::Error, None, "not known"),
        ] {
            let said = summary(&Summary { cut: Some(cut), total, ..run() }, false, None);
            assert!(said.contains(words), "{words}: {said}");
        }
    }

    #[test]
    fn a_whole_run_whose_service_counts_otherwise_says_so() {
        let said = |rows, total, cut| {
            summary(&Summary { total, cut, ..Summary::of(Status::Success, rows) }, false, None)
        };
        let fewer = said(23, Some(230), None);
        assert!(fewer.starts_with("23 profiles on"), "{fewer}");
        assert!(fewer.contains("the service counts 230 profiles and sent 23"), "{fewer}");
        assert!(said(231, Some(230), None).contains("the service counts 230 profiles and sent 231"));
        for plain in
            [said(230, Some(230), None), said(10, Some(230), Some(Cut::Limit(10))), said(5, None, None)]
        {
            assert!(!plain.contains("the service counts"), "{plain}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(figures::count(n), text);
        }
        assert_eq!(counted(1, "page"), "1 page");
    }
}
