//! Runs that are past their time: which lines of the history go.

use std::io;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::history::RAN;
use super::kept::Kept;
use crate::engine::retention::instant;

/// Runs of a tenant that are from before a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRuns {
    /// The tenant, as its file is named.
    pub of: String,
    /// How many.
    pub runs: u64,
    /// How long their lines are together.
    pub bytes: u64,
}

/// The runs from before a day, tenant by tenant.
///
/// # Errors
/// The history cannot be read.
pub fn find(kept: &Kept, before: Date) -> io::Result<Vec<PastRuns>> {
    let of = |of: String| {
        let text = kept.read_of(RAN, &of);
        let gone = text.lines().zip(stay(&text, before)).filter(|(_, stays)| !stays);
        let (runs, bytes) = gone.fold((0, 0), |(n, bytes), (line, _)| (n + 1, bytes + line.len() as u64 + 1));
        PastRuns { of, runs, bytes }
    };
    Ok(kept.several(RAN)?.into_iter().map(of).filter(|past| past.runs > 0).collect())
}

/// Takes the runs of a tenant that are from before a day out of its history.
///
/// # Errors
/// It cannot be written; then it is as it was.
pub fn forget(kept: &Kept, of: &str, before: Date) -> io::Result<()> {
    kept.thin_out(RAN, of, |text| stay(text, before))
}

/// Whether each line stays. One without a day that can be read is as old as the next that has one, for lines are added at
/// the end; behind the last such line it stays.
fn stay(text: &str, before: Date) -> Vec<bool> {
    #[derive(Deserialize)]
    struct Dated {
        at: String,
    }
    let mut stays = true;
    let mut all: Vec<bool> = text
        .lines()
        .rev()
        .map(|line| {
            let dated = serde_json::from_str::<Dated>(line).ok();
            if let Some(at) = dated.and_then(|dated| instant(&dated.at)) {
                stays = at.to_zoned(TimeZone::UTC).date() >= before;
            }
            stays
        })
        .collect();
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::kept::{Keep, What};
    use proptest::prelude::*;

    fn line(day: Date) -> String {
        format!(
            r#"{{"at":"{day}T10:00:00Z","query":{{"ids":["PROF-1"]}},"rows":1,"took":2,"status":"success"}}"#
        )
    }

    fn day(n: i64) -> Date {
        "2026-01-01".parse::<Date>().unwrap() + jiff::SignedDuration::from_hours(24 * n)
    }

    #[test]
    fn old_runs_go_and_nothing_else_does() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Kept::within(dir.path().join("explorer"));
        assert_eq!(find(&kept, day(9)).unwrap(), [], "there is none yet");
        for (of, days) in [("acme", vec![1, 2, 20]), ("beta", vec![30]), ("old", vec![1])] {
            for n in days {
                let what = What::Entry { of: of.into(), line: line(day(n)), most: Some(9) };
                kept.keep(&Keep { name: RAN, what }).unwrap();
            }
        }
        let saved = What::Entry { of: "queries".into(), line: line(day(1)), most: None };
        kept.keep(&Keep { name: "saved", what: saved }).unwrap();
        let past = find(&kept, day(9)).unwrap();
        let said: Vec<_> = past
            .iter()
            .map(|past| {
                (past.of.as_str(), past.runs, past.bytes == past.runs * (line(day(1)).len() as u64 + 1))
            })
            .collect();
        assert_eq!(said, [("acme", 2, true), ("old", 1, true)]);
        for one in &past {
            forget(&kept, &one.of, day(9)).unwrap();
        }
        assert_eq!(kept.read_of(RAN, "acme"), line(day(20)) + "\n");
        assert_eq!(kept.read_of(RAN, "beta"), line(day(30)) + "\n");
        assert!(!dir.path().join("explorer/history/old").exists(), "a file without a line is none");
        assert_eq!(
            kept.read_of("saved", "queries"),
            line(day(1)) + "\n",
            "what was saved is kept until it is removed"
        );
        assert_eq!(find(&kept, day(9)).unwrap(), []);
    }

    #[test]
    fn a_line_without_a_day_goes_with_the_next_that_has_one() {
        let text = format!("?\n{}\n?\n{}\n?\n", line(day(1)), line(day(20)));
        assert_eq!(stay(&text, day(9)), [false, false, true, true, true]);
        assert_eq!(stay("?\n\n", day(9)), [true, true]);
    }

    proptest! {
        #[test]
        fn no_run_within_goes(days in prop::collection::vec(prop::option::of(0_i64..40), 0..12), before in 0_i64..40) {
            let lines: Vec<String> = days.iter().map(|day| day.map_or("no line".to_owned(), |n| line(super::tests::day(n)))).collect();
            let text = lines.join("\n");
            for (n, stays) in days.iter().zip(stay(&text, day(before))) {
                if let Some(n) = n {
                    prop_assert_eq!(stays, *n >= before);
                }
            }
        }
    }
}
