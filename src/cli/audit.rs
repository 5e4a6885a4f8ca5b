//! `cxlens audit show`, `export` and `verify`: the trail for a person, for a reviewer, and whether it is as it was written.

mod export;
mod which;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

pub use self::export::{Shape, export};
use self::which::Finished;
pub use self::which::{Wanted, Which};
use super::summary::{counted, millis, seconds};
use crate::engine::audit::{Entry, Link, Percentiles, Removed, Verified, Written, entries, verify as chain};
use crate::engine::error::{Error, Kind};
use crate::engine::text::clean;
use crate::figures;

/// Which entries are shown, and how.
#[derive(Clone, Debug, Default)]
pub struct Show {
    /// Which.
    pub which: Which,
    /// Entries as they are kept, one JSON object a line.
    pub ndjson: bool,
}

/// Shows the entries of a directory, oldest first, in local time of `zone`. Lines that are no entries are told as
/// `FILE:LINE` on stderr, and make the exit code 1.
///
/// For a person, an intent is shown where nothing says how it ended.
///
/// # Errors
/// `out` cannot be written to, other than because nobody reads it any more.
pub fn show(
    dir: &Path,
    show: &Show,
    zone: &TimeZone,
    mut out: impl Write,
    mut say: impl FnMut(&str),
) -> Result<u8, Error> {
    let (finished, shown, code) = gather(dir, &show.which, !show.ndjson, &mut say);
    for written in &shown {
        let text = if show.ndjson {
            format!("{}\n", clean(&written.text))
        } else {
            block(&written.entry, finished.lacks(written), zone)
        };
        match out.write_all(text.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(code),
            other => other.map_err(|e| local("stdout", &e))?,
        }
    }
    match out.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(local("stdout", &error)),
        _ => Ok(code),
    }
}

/// The entries that are meant, whether each is finished, and the exit code. What cannot be read, and that there is
/// nothing, is said. With `accesses`, an intent is left out where an entry says how it ended.
fn gather(
    dir: &Path,
    which: &Which,
    accesses: bool,
    mut say: impl FnMut(&str),
) -> (Finished, VecDeque<Written>, u8) {
    let finished: Finished = entries(dir).filter_map(Result::ok).collect();
    let mut code = 0;
    let mut found = VecDeque::new();
    let mut there = false;
    let most = which.last.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    for read in entries(dir) {
        there = true;
        match read {
            Ok(written) if accesses && written.entry.is_intent() && !finished.lacks(&written) => {}
            Ok(written) if which.takes(&written.entry, finished.lacks(&written)) => {
                if found.len() == most {
                    found.pop_front();
                }
                found.push_back(written);
            }
            Ok(_) => {}
            Err(bad) => {
                say(&format!("{}\n", clean(&bad.to_string())));
                code = 1;
            }
        }
    }
    if found.is_empty() && code == 0 {
        let what = if there { "no entry is like that" } else { "nothing was recorded yet" };
        say(&format!("{what} in {}\n", clean(&dir.display().to_string())));
    }
    (finished, found, code)
}

/// Walks the chain of a directory's entries, or of an exported file's, and says its head, or `FILE:LINE` and why of the first line that does not
/// hold; that makes the exit code 1. `kept` is a head that was kept elsewhere.
///
/// # Errors
/// `kept` is no head; `out` cannot be written to, other than because nobody reads it any more.
pub fn verify(place: &Path, kept: Option<&str>, mut out: impl Write) -> Result<u8, Error> {
    let kept = kept
        .map(|text| {
            let wrong =
                |cause| Error::usage(format!("--head {text:?}"), cause, "copy it whole, number and hash");
            text.parse::<Link>().map_err(wrong)
        })
        .transpose()?;
    let (code, mut said) = match chain(place, kept.as_ref()) {
        Ok(Verified { entries: 0, unchained: 0, .. }) => {
            (0, format!("nothing was recorded yet in {}\n", clean(&place.display().to_string())))
        }
        Ok(verified) => (0, told(&verified)),
        Err(bad) => (1, format!("{}\n", clean(&bad.to_string()))),
    };
    if code == 0 && kept.is_none() {
        said.push_str(
            "keep the head elsewhere: --head finds an end that was cut off together with the head file\n",
        );
    }
    match out.write_all(said.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(local("stdout", &error)),
        _ => Ok(code),
    }
}

fn told(verified: &Verified) -> String {
    let Verified { head, entries, unchained, removed, unfinished, kept_is_older } = verified;
    let mut said = format!("{} in a chain that holds; its head is\n{head}\n", in_entries(*entries));
    if *unchained > 0 {
        let _ = writeln!(said, "{} before it are from before there was a chain", in_entries(*unchained));
    }
    if *removed > 0 {
        let _ = writeln!(
            said,
            "{} before it were removed with their months, as the chain says",
            in_entries(*removed)
        );
    }
    if *unfinished > 0 {
        let what = figures::counted(*unfinished, "query", "queries");
        let _ = writeln!(
            said,
            "of {what} nothing says how it ended: under way, or its process was killed (audit show --status unfinished)"
        );
    }
    if *kept_is_older {
        said.push_str("the head that was kept is of an entry that was removed: it could not be compared\n");
    }
    said
}

fn in_entries(n: u64) -> String {
    figures::counted(n, "entry", "entries")
}

/// Reads a flag's `24h`, `7d`, `2026-03-04`, `2026-03-04T12:00`, `2026-03-04T12:00Z`: so long before `now`, or that
/// moment in `zone`.
///
/// # Errors
/// The value and what would be right.
pub fn moment(flag: &str, text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, Error> {
    let wrong = |cause: &str| {
        let remedy = "write a time before now like 24h or 7d, or a day like 2026-03-04, or 2026-03-04T12:00Z";
        Error::usage(format!("{flag} {text:?}"), cause, remedy)
    };
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    if let Ok(day) = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|day| day.at(0, 0, 0, 0)))
    {
        return day
            .to_zoned(zone.clone())
            .map(|moment| moment.timestamp())
            .map_err(|_| wrong("that moment is out of range"));
    }
    match text.parse::<Span>() {
        Ok(span) if span.is_negative() => Err(wrong("it is negative")),
        Ok(span) => now
            .to_zoned(zone.clone())
            .checked_sub(span)
            .map(|moment| moment.timestamp())
            .map_err(|_| wrong("it goes too far back")),
        Err(_) => Err(wrong("it is no time")),
    }
}

/// An entry for a person: what came of it, then what was asked.
fn block(entry: &Entry, unfinished: bool, zone: &TimeZone) -> String {
    let time = entry.time.parse::<Timestamp>().map_or_else(
        |_| entry.time.clone(),
        |time| time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
    );
    let mut out = String::new();
    if entry.event == "torn-line" {
        let bytes = counted(entry.bytes, "byte");
        let _ = writeln!(
            out,
            "{}  a piece of a line was cut off: {bytes}  by {}",
            clean(&time),
            clean(&entry.user)
        );
        return out;
    }
    let sandbox = if entry.sandbox { " (sandbox)" } else { "" };
    let reason = entry.reason.as_ref().map(|reason| format!("  for       {}\n", clean(reason)));
    let reason = reason.unwrap_or_default();
    if let Some(removed) = &entry.removed {
        let _ = writeln!(out, "{}  {}  by {}", clean(&time), clean(&gone(removed)), clean(&entry.user));
        return out;
    }
    if let Some(call) = &entry.call {
        let status = if unfinished { "unfinished" } else { &entry.status };
        let (tenant, user) = (clean(&entry.tenant), clean(&entry.user));
        let _ = writeln!(
            out,
            "{}  {}  {}  {tenant}{sandbox}  by {user}",
            clean(&time),
            clean(status),
            clean(call)
        );
        out.push_str(&reason);
        push_error(&mut out, entry);
        return out;
    }
    if entry.is_disclosure() {
        let whose = match entry.id_hashes.first() {
            Some(hash) => format!("profile #{hash}"),
            None if entry.rows == 0 => "whatever is shown".to_owned(),
            None => counted(entry.rows, "profile"),
        };
        let (time, tenant, user) = (clean(&time), clean(&entry.tenant), clean(&entry.user));
        let _ =
            writeln!(out, "{time}  {}  personal values  {tenant}{sandbox}  by {user}", clean(&entry.event));
        let _ = writeln!(out, "  of        {}: {}", clean(&whose), clean(&entry.fields.join(" ")));
        out.push_str(&reason);
        return out;
    }
    if unfinished {
        let (time, tenant, user) = (clean(&time), clean(&entry.tenant), clean(&entry.user));
        let _ = writeln!(out, "{time}  unfinished  {tenant}{sandbox}  by {user}");
        let _ = writeln!(out, "  asked     {}", clean(&asked(entry)));
        out.push_str(&reason);
        return out;
    }
    let again = if entry.event == "again" { "one page sent again, " } else { "" };
    let _ = writeln!(
        out,
        "{}  {again}{}  {} in {}  {}{sandbox}  by {}",
        clean(&time),
        clean(&entry.status),
        counted(entry.rows, "profile"),
        seconds(Duration::from_millis(entry.elapsed_ms)),
        clean(&entry.tenant),
        clean(&entry.user),
    );
    let _ = writeln!(out, "  asked     {}", clean(&asked(entry)));
    out.push_str(&reason);
    let _ = writeln!(out, "  sent      {}", sent(entry));
    if entry.network.count > 0 {
        let _ = writeln!(out, "  network   {}", percentiles(entry.network));
        let _ = writeln!(out, "  ours      {}", percentiles(entry.processing));
    }
    let mut notes = Vec::new();
    for (n, name) in [
        (entry.repeats, "repeats dropped"),
        (entry.not_found, "not found"),
        (entry.set_aside, "set aside"),
        (entry.past_retention, "past retention"),
        (entry.withheld, "withheld"),
    ] {
        if n > 0 {
            notes.push(format!("{name} {}", figures::count(n)));
        }
    }
    notes.extend(entry.accuracy.map(|share| format!("accuracy {:.1} %", share * 100.0)));
    notes.extend(entry.cut.as_ref().map(|cut| format!("cut by {cut}")));
    if !notes.is_empty() {
        let _ = writeln!(out, "  came      {}", clean(&notes.join(", ")));
    }
    push_error(&mut out, entry);
    out
}

fn push_error(out: &mut String, entry: &Entry) {
    if let Some(error) = &entry.error {
        let (kind, what) = (clean(&error.kind), clean(&error.what));
        let _ = writeln!(out, "  error     {kind} (exit {}): {what}", error.exit_code);
    }
}

/// What was removed, in a line.
fn gone(removed: &Removed) -> String {
    let what = format!("{} of {}", figures::count(removed.count), removed.kind);
    let names =
        if removed.names.is_empty() { String::new() } else { format!(": {}", removed.names.join(" ")) };
    format!("removed {what} before {}, {} bytes{names}", removed.before, figures::count(removed.bytes))
}

fn asked(entry: &Entry) -> String {
    let mut parts = Vec::new();
    if entry.ids > 0 {
        parts.push(counted(entry.ids, "ID"));
    }
    if !entry.segments.is_empty() {
        parts.push(format!("segments {}", entry.segments.join(" ")));
    }
    parts.extend(entry.filter.as_ref().map(|filter| format!("filter {filter}")));
    parts.push(format!("fields {}", entry.fields.join(" ")));
    parts.extend(entry.limit.map(|limit| format!("at most {limit}")));
    if !entry.scopes.is_empty() {
        parts.push(format!("scopes {}", entry.scopes.join(" ")));
    }
    parts.extend(entry.to.as_ref().map(|to| format!("to {to}")));
    parts.join("; ")
}

fn sent(entry: &Entry) -> String {
    let mut out = format!(
        "{}, {}",
        counted(u64::from(entry.requests), "request"),
        counted(u64::from(entry.pages), "page")
    );
    for (n, name) in
        [(entry.retries, "retries"), (entry.throttled, "429s"), (entry.cache_hits, "from the cache")]
    {
        if n > 0 {
            let _ = write!(out, ", {name} {n}");
        }
    }
    let _ = write!(out, ", {} bytes", figures::count(entry.bytes));
    out
}

fn percentiles(of: Percentiles) -> String {
    let ms = |us: u64| millis(Duration::from_micros(us));
    format!("p50 {}, p95 {}, max {}", ms(of.p50_us), ms(of.p95_us), ms(of.max_us))
}

fn local(what: &str, error: &io::Error) -> Error {
    Error::new(Kind::Local, what, format!("it cannot be written: {error}"), "check where it is written to")
}

#[cfg(test)]
mod tests;
