//! What is past its time, told from names and days. Nothing here touches a disk.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::Keep;
use crate::engine::audit::RemovalKind as Kind;
use crate::engine::retention::Window;

/// What was typed in the explorer, a file each.
const TYPED: [&str; 2] = ["jq", "pipes"];
/// What a recording's name ends in.
const RECORDING: &str = ".cxrec";

/// A file of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub path: PathBuf,
    /// Its name alone.
    pub name: String,
    /// The day that it is from, in UTC.
    pub day: Date,
    /// Its size.
    pub bytes: u64,
}

/// Files of one kind that are past their time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub kind: Kind,
    /// They are from before this day.
    pub before: Date,
    /// The oldest first.
    pub files: Vec<Found>,
}

/// Everything from before this day is past its time; `None`: nothing ever is.
pub fn before(days: Option<u32>, now: Timestamp) -> Option<Date> {
    Window::until(now, days?).map(Window::first_day)
}

/// What of all that was found is past its time, kind by kind.
pub fn due(found: Vec<Found>, keep: &Keep, now: Timestamp) -> Vec<Due> {
    let mut all: Vec<Due> = Vec::new();
    for file in found {
        let days = match file.kind {
            Kind::Recordings => keep.recordings,
            Kind::History => keep.history,
            Kind::StoppedRuns => keep.stopped_runs,
            Kind::Log => keep.log,
            // The trail looks after itself, by whole months.
            Kind::Audit => None,
        };
        let Some(before) =
            before(days, now).filter(|before| file.day < *before && is_ours(file.kind, &file.name))
        else {
            continue;
        };
        match all.iter_mut().find(|due| due.kind == file.kind) {
            Some(due) => due.files.push(file),
            None => all.push(Due { kind: file.kind, before, files: vec![file] }),
        }
    }
    for due in &mut all {
        due.files.sort_by(|a, b| (a.day, &a.name).cmp(&(b.day, &b.name)));
    }
    all
}

/// Whether a file of this name in the directory of this kind is of our making.
pub fn is_ours(kind: Kind, name: &str) -> bool {
    match kind {
        Kind::Recordings => name
            .strip_suffix(".partial")
            .unwrap_or(name)
            .strip_suffix(RECORDING)
            .is_some_and(|stem| !stem.is_empty()),
        // Whoever wrote one and died left what it wrote to.
        Kind::StoppedRuns => is_stopped_run(name) || is_temporary(name),
        Kind::History => TYPED.contains(&name) || is_temporary(name),
        Kind::Log => day_of_log(name).is_some(),
        Kind::Audit => month_of(name).is_some(),
    }
}

/// The day that a file of ours is from: a log says it in its name, of others it is the day they were written last.
pub fn day_of(kind: Kind, name: &str, written: Option<Timestamp>) -> Option<Date> {
    match kind {
        Kind::Log => day_of_log(name),
        _ => written.map(|at| at.to_zoned(TimeZone::UTC).date()),
    }
}

/// Whether it is a month of the audit trail that lies before a day as a whole.
pub fn is_month_before(name: &str, before: Date) -> bool {
    month_of(name).is_some_and(|first| first.last_of_month() < before)
}

/// `2026-03.jsonl`, as the first day of that month.
fn month_of(name: &str) -> Option<Date> {
    let month = name.strip_suffix(".jsonl").filter(|month| month.len() == 7)?;
    format!("{month}-01").parse().ok()
}

/// `cxlens.2026-03-04.log`
fn day_of_log(name: &str) -> Option<Date> {
    let day = name.strip_prefix("cxlens.")?.strip_suffix(".log").filter(|day| day.len() == 10)?;
    day.parse().ok()
}

/// `acme.0123456789abcdef.json`, `acme.stdout.json`: a tenant, a DNS label, and which output it had.
fn is_stopped_run(name: &str) -> bool {
    let Some((tenant, output)) = name.strip_suffix(".json").and_then(|stem| stem.split_once('.')) else {
        return false;
    };
    let label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let hash = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (1..=63).contains(&tenant.len())
        && tenant.bytes().all(label)
        && (output == "stdout" || output.len() == 16 && output.bytes().all(hash))
}

/// `.tmpAb3dE9`: what a file is written to before it gets its name.
fn is_temporary(name: &str) -> bool {
    name.strip_prefix(".tmp")
        .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}
