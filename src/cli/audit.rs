//! `cxlens audit show` and `verify`: the trail for a person, or as it is kept, and whether it is as it was written.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::summary::{counted, millis, seconds};
use crate::engine::audit::{Entry, Link, Percentiles, Verified, entries, verify as chain};
use crate::engine::error::{Error, Kind};
use crate::engine::event::Status;
use crate::engine::text::clean;
use crate::figures;

/// Which entries are shown, and how.
#[derive(Clone, Debug, Default)]
pub struct Show {
    /// Only what began then or later.
    pub since: Option<Timestamp>,
    /// Only what ended like this.
    pub status: Option<Status>,
    /// Only so many, the last ones.
    pub last: Option<u64>,
    /// Entries as they are kept, one JSON object a line.
    pub ndjson: bool,
}

/// Shows the entries of a directory, oldest first, in local time of `zone`. Lines that are no entries are told as
/// `FILE:LINE` on stderr, and make the exit code 1.
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
    let mut code = 0;
    let mut shown = VecDeque::new();
    let mut there = false;
    let most = show.last.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    for read in entries(dir) {
        there = true;
        match read {
            Ok((_, _, entry)) if show.takes(&entry) => {
                if shown.len() == most {
                    shown.pop_front();
                }
                shown.push_back(entry);
            }
            Ok(_) => {}
            Err(bad) => {
                say(&format!("{}\n", clean(&bad.to_string())));
                code = 1;
            }
        }
    }
    if shown.is_empty() && code == 0 {
        let what = if there { "no entry is like that" } else { "nothing was recorded yet" };
        say(&format!("{what} in {}\n", clean(&dir.display().to_string())));
    }
    for entry in &shown {
        let text = if show.ndjson { line(entry)? } else { block(entry, zone) };
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

/// Walks the chain of a directory's entries, and says its head, or `FILE:LINE` and why of the first line that does not
/// hold; that makes the exit code 1. `kept` is a head that was kept elsewhere.
///
/// # Errors
/// `kept` is no head; `out` cannot be written to, other than because nobody reads it any more.
pub fn verify(dir: &Path, kept: Option<&str>, mut out: impl Write) -> Result<u8, Error> {
    let kept = kept
        .map(|text| {
            let wrong =
                |cause| Error::usage(format!("--head {text:?}"), cause, "copy it whole, number and hash");
            text.parse::<Link>().map_err(wrong)
        })
        .transpose()?;
    let (code, mut said) = match chain(dir, kept.as_ref()) {
        Ok(Verified { entries: 0, unchained: 0, .. }) => {
            (0, format!("nothing was recorded yet in {}\n", clean(&dir.display().to_string())))
        }
        Ok(Verified { head, entries, unchained }) => {
            let mut said = format!("{} in a chain that holds; its head is\n{head}\n", in_entries(entries));
            if unchained > 0 {
                let _ =
                    writeln!(said, "{} before it are from before there was a chain", in_entries(unchained));
            }
            (0, said)
        }
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

fn in_entries(n: u64) -> String {
    figures::counted(n, "entry", "entries")
}

impl Show {
    fn takes(&self, entry: &Entry) -> bool {
        let late_enough = self.since.is_none_or(|since| {
            // An entry without a time that can be read is rather shown than hidden.
            entry.time.parse::<Timestamp>().map_or(true, |time| time >= since)
        });
        late_enough && self.status.is_none_or(|status| entry.status == status.name())
    }
}

/// Reads `24h`, `7d`, `2026-03-04`, `2026-03-04T12:00`, `2026-03-04T12:00Z`: so long before `now`, or that moment in
/// `zone`.
///
/// # Errors
/// The value and what would be right.
pub fn since(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, Error> {
    let wrong = |cause: &str| {
        let remedy = "write a time before now like 24h or 7d, or a day like 2026-03-04, or 2026-03-04T12:00Z";
        Error::usage(format!("--since {text:?}"), cause, remedy)
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

fn line(entry: &Entry) -> Result<String, Error> {
    serde_json::to_string(entry).map(|json| json + "\n").map_err(|error| {
        Error::new(Kind::Local, "an audit entry", error.to_string(), "report this as a defect")
    })
}

/// An entry for a person: what came of it, then what was asked.
fn block(entry: &Entry, zone: &TimeZone) -> String {
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
    if entry.is_disclosure() {
        let whose = match entry.id_hashes.first() {
            Some(hash) => format!("profile #{hash}"),
            None if entry.rows == 0 => "whatever is shown".to_owned(),
            None => counted(entry.rows, "profile"),
        };
        let (time, tenant, user) = (clean(&time), clean(&entry.tenant), clean(&entry.user));
        let _ = writeln!(out, "{time}  {}  masked values  {tenant}{sandbox}  by {user}", clean(&entry.event));
        let _ = writeln!(out, "  of        {}: {}", clean(&whose), clean(&entry.fields.join(" ")));
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
    if let Some(error) = &entry.error {
        let _ = writeln!(
            out,
            "  error     {} (exit {}): {}",
            clean(&error.kind),
            error.exit_code,
            clean(&error.what)
        );
    }
    out
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
    parts.push(format!("scopes {}", entry.scopes.join(" ")));
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
mod tests {
    use super::*;
    use crate::engine::audit::Audit;
    use std::fs;

    /// An entry as the contract of `docs/audit.md` has it.
    fn entry(time: &str, status: &str) -> String {
        r#"{"schema": 1, "event": "query", "tool": "cxlens 0", "time": "TIME", "elapsed_ms": 2500, "user": "alice",
            "uid": 1000, "tenant": "acme", "dialect": "crm-v2", "sandbox": false, "scopes": ["crm:read"],
            "scopes_needed": ["crm:read"], "fields": ["id", "email"], "segments": ["SEG-A\u001b[2J"],
            "filter": "email eq '#1234'", "ids": 3, "id_hashes": ["a", "b", "c"], "page_size": 50, "limit": null,
            "retention_days": 180, "cache": true, "status": "STATUS", "cut": null,
            "error": {"kind": "network", "exit_code": 6, "what": "page 2"}, "pages": 2, "requests": 3, "retries": 1,
            "throttled": 0, "cache_hits": 0, "bytes": 12345, "rows": 1250, "before": 0, "total": null, "repeats": 0,
            "not_found": 1, "set_aside": 0, "past_retention": 0, "accuracy": 0.5,
            "network": {"count": 2, "p50_us": 23000, "p95_us": 61000, "max_us": 61000},
            "processing": {"count": 2, "p50_us": 100, "p95_us": 100, "max_us": 100}}"#
            .replace('\n', "")
            .replace("TIME", time)
            .replace("STATUS", status)
    }

    /// A trail of three entries with a broken line among them.
    fn trail() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let lines = [
            entry("2026-03-01T10:00:00Z", "success"),
            entry("2026-03-02T10:00:00Z", "failed"),
            "{broken".to_owned(),
            entry("2026-03-03T10:00:00Z", "success"),
        ];
        fs::write(dir.path().join("2026-03.jsonl"), lines.join("\n") + "\n").unwrap();
        dir
    }

    fn shown(dir: &Path, how: &Show) -> (u8, String, String) {
        let (mut out, mut said) = (Vec::new(), String::new());
        let code = show(dir, how, &TimeZone::UTC, &mut out, |text: &str| said.push_str(text)).unwrap();
        (code, String::from_utf8(out).unwrap(), said)
    }

    #[test]
    fn an_entry_is_told_in_a_few_clean_lines() {
        let dir = trail();
        let (code, out, said) = shown(dir.path(), &Show { last: Some(1), ..Show::default() });
        assert_eq!(code, 1);
        assert!(said.contains("2026-03.jsonl:3: "), "{said}");
        assert!(
            out.starts_with("2026-03-03 10:00:00 UTC  success  1,250 profiles in 2.5 s  acme  by alice\n"),
            "{out}"
        );
        for words in [
            "3 IDs; segments SEG-A␛[2J; filter email eq '#1234'; fields id email; scopes crm:read",
            "3 requests, 2 pages, retries 1, 12,345 bytes",
            "p50 23 ms, p95 61 ms, max 61 ms",
            "not found 1, accuracy 50.0 %",
            "network (exit 6): page 2",
        ] {
            assert!(out.contains(words), "{words}: {out}");
        }
    }

    #[test]
    fn a_disclosure_is_told_by_what_was_seen_of_whom() {
        let dir = tempfile::tempdir().unwrap();
        let line = entry("2026-03-03T10:00:00Z", "success")
            .replace("\"query\"", "\"reveal\"")
            .replace("[\"a\", \"b\", \"c\"]", "[\"ab12\"]");
        fs::write(dir.path().join("2026-03.jsonl"), line + "\n").unwrap();
        let (code, out, _) = shown(dir.path(), &Show::default());
        assert_eq!(
            (code, out.as_str()),
            (
                0,
                "2026-03-03 10:00:00 UTC  reveal  masked values  acme  by alice\n  of        profile #ab12: id email\n"
            )
        );
    }

    #[test]
    fn filters_choose_entries() {
        let dir = trail();
        let count = |how: &Show| shown(dir.path(), &Show { ndjson: true, ..how.clone() }).1.lines().count();
        let since = Some("2026-03-02T10:00:00Z".parse().unwrap());
        assert_eq!(count(&Show::default()), 3);
        assert_eq!(count(&Show { since, ..Show::default() }), 2);
        assert_eq!(count(&Show { status: Some(Status::Success), ..Show::default() }), 2);
        assert_eq!(count(&Show { last: Some(1), status: Some(Status::Failed), ..Show::default() }), 1);
    }

    #[test]
    fn ndjson_is_the_entry_as_it_is_kept() {
        let dir = trail();
        let (_, out, _) = shown(dir.path(), &Show { ndjson: true, last: Some(1), ..Show::default() });
        let kept: serde_json::Value =
            serde_json::from_str(&entry("2026-03-03T10:00:00Z", "success")).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap(), kept);
    }

    #[test]
    fn a_trail_without_entries_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let (code, out, said) = shown(dir.path(), &Show::default());
        assert_eq!((code, out.as_str()), (0, ""));
        assert!(said.contains("nothing was recorded"), "{said}");
    }

    #[test]
    fn a_chain_that_holds_says_its_head_and_one_that_does_not_the_line() {
        let dir = tempfile::tempdir().unwrap();
        let verified = |head: Option<&str>| {
            let mut out = Vec::new();
            let code = verify(dir.path(), head, &mut out).unwrap();
            (code, String::from_utf8(out).unwrap())
        };
        assert!(verified(None).1.contains("nothing was recorded"));
        let line: Entry = serde_json::from_str(&entry("2026-03-01T10:00:00Z", "success")).unwrap();
        let trail = Audit::open(dir.path()).unwrap();
        trail.record(&line).unwrap();
        let head = trail.record(&line).unwrap().to_string();
        let (code, said) = verified(None);
        assert!(code == 0 && said.contains("2 entries") && said.contains(&head), "{said}");
        assert_eq!(verified(Some(&head)).0, 0);
        assert_eq!(verify(dir.path(), Some("2:beef"), Vec::new()).unwrap_err().kind, Kind::Usage);
        let file = dir.path().join("2026-03.jsonl");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replacen("alice", "mallo", 1)).unwrap();
        let (code, said) = verified(None);
        assert!(code == 1 && said.contains("2026-03.jsonl:2: "), "{said}");
    }

    #[test]
    fn moments_are_read_as_people_write_them() {
        let now: Timestamp = "2026-03-04T12:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        for (text, moment) in [
            ("24h", "2026-03-03T12:00:00Z"),
            ("7d", "2026-02-25T12:00:00Z"),
            ("2026-03-01", "2026-02-28T23:00:00Z"),
            ("2026-03-01T10:00", "2026-03-01T09:00:00Z"),
            ("2026-03-01T10:00Z", "2026-03-01T10:00:00Z"),
        ] {
            assert_eq!(since(text, now, &zone).unwrap(), moment.parse().unwrap(), "{text}");
        }
        for bad in ["", "soon", "-7d", "99999y", "2026-13-01", "7"] {
            let error = since(bad, now, &zone).unwrap_err();
            assert!(error.what.contains(bad) && error.remedy.contains("24h"), "{error}");
        }
    }
}
