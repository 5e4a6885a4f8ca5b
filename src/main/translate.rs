//! From what was typed to what the rooms take.

use std::fs::File;
use std::io;
use std::path::Path;

use cxlens::args;
use cxlens::cli::Streams;
use cxlens::cli::resume::Target;
use cxlens::cli::sink::{Shape, Sink, Style};
use cxlens::config::{Flags, QueryDefaults, flag, units};
use cxlens::engine::error::Error;
use cxlens::engine::query::list::{self, Words};
use cxlens::engine::query::{Draft, FieldSet, Query};
use cxlens::engine::retention::Window;
use cxlens::export::{Origin, PartialFile};
use cxlens::sandbox;
use jiff::Timestamp;

/// The flags that settings are made from.
pub(crate) fn flags(query: &args::QueryFlags) -> Flags {
    Flags {
        tenant: query.tenant.clone(),
        sandbox: query.sandbox,
        concurrency: query.concurrency,
        page_size: query.page_size,
        rate: query.rate.clone(),
        timeout: query.timeout.clone(),
        max_wait: query.max_wait.clone(),
        retention_days: query.retention_days,
    }
}

/// The query that was typed, not yet checked; a file of IDs is read here.
///
/// # Errors
/// Everything that is wrong with the fields and the file.
pub(crate) fn draft(query: &args::QueryFlags, defaults: QueryDefaults) -> Result<Draft, Vec<Error>> {
    let mut wrong = Vec::new();
    let fields = match &query.fields {
        None => FieldSet::ALL,
        Some(list) if list.split(',').all(|name| name.trim().is_empty()) => {
            let remedy = "name one, such as id, or leave it out for all of them";
            wrong.push(Error::usage(format!("--fields {list:?}"), "it names no field", remedy));
            FieldSet::ALL
        }
        Some(list) => list.parse().unwrap_or_else(|error: Error| {
            wrong.push(error.at("--fields"));
            FieldSet::ALL
        }),
    };
    let mut ids = query.id.clone();
    // A flag's value that is blank would be passed over like a blank line, and the query would ask for more than meant.
    let blank = |name: &str, value: &str| {
        value
            .trim()
            .is_empty()
            .then(|| Error::usage(format!("{name} {value:?}"), "it is empty", "name one, or leave it out"))
    };
    wrong.extend(query.id.iter().filter_map(|id| blank("--id", id)));
    wrong.extend(query.segment.iter().filter_map(|id| blank("--segment", id)));
    wrong.extend(query.filter.iter().filter_map(|f| blank("--filter", f)));
    match id_file(query) {
        Ok(more) => ids.extend(more),
        Err(errors) => wrong.extend(errors),
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Draft {
        ids,
        fields,
        segments: query.segment.clone(),
        filter: query.filter.clone().unwrap_or_default(),
        page_size: defaults.page_size,
        limit: query.limit,
        retention_days: defaults.retention_days,
        use_cache: !query.no_cache,
    })
}

fn id_file(query: &args::QueryFlags) -> Result<Vec<String>, Vec<Error>> {
    let Some(path) = &query.ids_file else { return Ok(Vec::new()) };
    let column = query.ids_column.as_deref();
    if path.as_os_str() == "-" {
        return list::read(io::stdin().lock(), "stdin", column, Words::FLAGS);
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| vec![list::unreadable(&name, &error, Words::FLAGS)])?;
    list::read(file, &name, column, Words::FLAGS)
}

/// Where the rows go and in which shape.
///
/// # Errors
/// The name of the file says no format, or the format cannot be had there or like that.
pub(crate) fn target(typed: &args::Query, streams: Streams) -> Result<Target, Error> {
    let output = output(typed);
    let shape = match typed.format {
        Some(args::Format::Table) => Shape::Table,
        Some(args::Format::Ndjson) => Shape::Ndjson,
        Some(args::Format::Json) => Shape::Json,
        Some(args::Format::Csv) => Shape::Csv,
        Some(args::Format::Parquet) => Shape::Parquet,
        None => Shape::guess(output, streams.stdout_is_terminal)?,
    };
    let args::Query { raw_csv, flatten, force, .. } = *typed;
    if flatten && shape != Shape::Csv {
        let cause =
            "only CSV needs a column for each attribute: the other formats keep attributes as they are";
        return Err(Error::usage("--flatten", cause, "leave it out, or say --format csv"));
    }
    Ok(Target { output: output.map(Path::to_owned), shape, raw_csv, flatten, force })
}

/// The file to write to; `None`: stdout.
pub(crate) fn output(typed: &args::Query) -> Option<&Path> {
    typed.output.as_deref().filter(|path| path.as_os_str() != "-")
}

/// Begins the output, or goes on behind the first `bytes` of what is there.
///
/// # Errors
/// The file is there already, is not what it was, or cannot be written.
pub(crate) fn sink(
    target: &Target,
    query: &Query,
    streams: Streams,
    begun: Timestamp,
    bytes: Option<u64>,
) -> Result<Sink, Error> {
    let style = Style {
        fields: query.fields(),
        raw_csv: target.raw_csv,
        flatten: target.flatten,
        origin: Some(Origin::new(query, begun)),
        window: Window::until(begun, query.retention_days()),
        goes_on: bytes.is_some(),
        streams,
    };
    let Some(path) = &target.output else {
        return Sink::stdout(target.shape, &style, io::stdout());
    };
    let file = match bytes {
        Some(bytes) => PartialFile::reopen(path, target.force, bytes)?,
        None => PartialFile::create(path, target.force)?,
    };
    Sink::file(target.shape, &style, file)
}

/// The sandbox that was typed; what was not is as the explorer starts it.
///
/// # Errors
/// The flag, its value and what would be right.
pub(crate) fn sandbox(typed: &args::Sandbox) -> Result<sandbox::Options, Error> {
    let mut options =
        sandbox::Options { addr: typed.addr, profiles: typed.profiles, ..sandbox::Options::demo() };
    if let Some(text) = &typed.latency {
        options.latency = units::duration(text).map_err(|e| flag("--latency", &e))?;
    }
    if let Some(text) = &typed.rate_limit {
        let rate = units::rate(text).map_err(|e| flag("--rate-limit", &e))?;
        options.rate =
            rate.map(|per_second| sandbox::Rate { per_second, burst: (per_second.ceil() as u32).max(1) });
        options.announce_limits = rate.is_some();
    }
    if let Some(burst) = typed.burst {
        let Some(rate) = &mut options.rate else {
            return Err(Error::usage(
                "--burst",
                "there is no limit that could be burst",
                "leave it out, or set --rate-limit",
            ));
        };
        rate.burst = burst;
    }
    for name in &typed.fault {
        let fault = name.parse().map_err(|error: sandbox::UnknownFault| {
            let near = error.nearest.join(", ");
            let known = || sandbox::faults().iter().map(|f| f.name).collect::<Vec<_>>().join(", ");
            let remedy = if near.is_empty() {
                format!("faults are {}", known())
            } else {
                format!("did you mean {near}?")
            };
            Error::usage(format!("--fault {name:?}"), "there is no such fault", remedy)
        })?;
        options.faults.push(fault);
    }
    options.seed = typed.seed.unwrap_or(options.seed);
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    const DEFAULTS: QueryDefaults = QueryDefaults { page_size: 50, retention_days: 180 };

    fn typed(line: &[&str]) -> args::Args {
        args::Args::try_parse_from(std::iter::once(&"cxlens").chain(line)).unwrap()
    }

    fn drafted(line: &[&str]) -> Result<Draft, Vec<Error>> {
        draft(&typed(line).explore.query, DEFAULTS)
    }

    fn options(line: &str) -> Result<sandbox::Options, Error> {
        let words: Vec<_> = std::iter::once("sandbox").chain(line.split_whitespace()).collect();
        let Some(args::Command::Sandbox(typed)) = typed(&words).command else { panic!("no sandbox") };
        sandbox(&typed)
    }

    #[test]
    fn a_draft_holds_what_was_typed() {
        let draft = drafted(&[
            "--id",
            "A",
            "--segment",
            "S",
            "--fields",
            "id,first_name",
            "--no-cache",
            "--limit",
            "3",
        ])
        .unwrap();
        assert_eq!(
            (draft.ids.as_slice(), draft.limit, draft.use_cache),
            (&["A".to_owned()][..], Some(3), false)
        );
        assert_eq!(draft.fields.to_string(), "id,firstName");
    }

    #[test]
    fn a_blank_value_is_refused_rather_than_passed_over() {
        for flag in ["--id", "--segment", "--filter"] {
            let wrong = drafted(&["--segment", "S", flag, " "]).unwrap_err();
            assert!(wrong[0].what.contains(flag), "{wrong:?}");
        }
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let wrong = drafted(&["--fields", "id,shoe", "--ids-file", "/nonexistent/ids"]).unwrap_err();
        let said: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        assert!(said[0].contains("shoe") && said[1].contains("/nonexistent/ids"), "{said:?}");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn what_the_explorer_copies_runs_the_very_query_that_it_shows(
            ids in proptest::collection::vec("[!-+.-~]{1,12}", 0..4),
            segments in proptest::collection::vec("[!-~&&[^,]]{1,12}", 0..3),
            filter in "([a-z]{1,5} eq '[a-z \"$`\\\\!*~é東]{0,9}('')?')?",
            bits in 0_u16..512,
            limit in proptest::option::of(1_u64..99),
            page_size in 1_u32..1000,
            retention_days in 1_u32..999,
            use_cache: bool,
        ) {
            use cxlens::engine::query::Field;
            let chosen = |field: &Field| bits & (1 << field.index()) != 0;
            let fields = Field::ALL.into_iter().filter(chosen).collect();
            let draft = Draft { ids, fields, segments, filter, page_size, limit, retention_days, use_cache };
            let Ok(query) = draft.check() else { return Ok(()) };
            let line = cxlens::tui::command_line::of(&query, Some("acme"));
            // What a real shell makes of it.
            let script = line.replacen("cxlens", "printf '%s\\0'", 1);
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            let words = String::from_utf8(output.stdout).unwrap();
            let words: Vec<_> = std::iter::once("cxlens").chain(words.trim_end_matches('\0').split('\0')).collect();
            let parsed = args::Args::try_parse_from(&words).map_err(|error| error.to_string()).unwrap();
            let Some(args::Command::Query(typed)) = parsed.command else { panic!("no query") };
            proptest::prop_assert_eq!(typed.query.tenant.as_deref(), Some("acme"));
            let defaults = QueryDefaults {
                page_size: typed.query.page_size.unwrap_or(DEFAULTS.page_size),
                retention_days: typed.query.retention_days.unwrap_or(DEFAULTS.retention_days),
            };
            proptest::prop_assert_eq!(super::draft(&typed.query, defaults).unwrap().check().unwrap(), query);
        }
    }

    #[test]
    fn the_sandbox_is_the_explorers_unless_flags_say_otherwise() {
        let plain = options("").unwrap();
        assert_eq!(plain.profiles, 10_000);
        assert_eq!(plain.latency, sandbox::Options::demo().latency);
        let other =
            options("--profiles 7 --latency 5ms --rate-limit 600/m --burst 3 --seed 9 --fault 503-once")
                .unwrap();
        assert_eq!((other.profiles, other.latency.as_millis(), other.seed, other.faults.len()), (7, 5, 9, 1));
        let rate = other.rate.unwrap();
        assert_eq!((rate.per_second, rate.burst), (10.0, 3));
        assert!(options("--rate-limit off").unwrap().rate.is_none());
    }

    #[test]
    fn a_wrong_value_for_the_sandbox_is_named() {
        for (line, words) in [
            ("--latency soon", ["--latency", "soon"]),
            ("--rate-limit fast", ["--rate-limit", "fast"]),
            ("--fault 503-onec", ["503-onec", "503-once"]),
            ("--rate-limit off --burst 3", ["--burst", "--rate-limit"]),
        ] {
            let said = options(line).unwrap_err().to_string();
            assert!(words.iter().all(|w| said.contains(w)), "{line}: {said}");
        }
    }
}
