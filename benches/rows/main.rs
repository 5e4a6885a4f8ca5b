//! What a table of many rows costs: memory, sorting, filtering, opening one profile, writing all of them. Each figure
//! beside its floor, measured in the same run.
//!
//! ```text
//! cargo bench --bench rows                   a million rows
//! cargo bench --bench rows -- 100000         so many
//! ```
//!
//! A goal that is missed is printed as missed; nothing here fails by time.

#![expect(clippy::disallowed_methods, reason = "a bench measures with the clock that there is")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table on stdout is what it is for")]

mod people;
#[path = "../pull/table.rs"]
mod table;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cxlens::engine::pipeline::profile::Profile;
use cxlens::engine::query::{Field, FieldSet};
use cxlens::export::{Format, Spec};
use cxlens::rows::{Column, Filter, Job, Rows, Sort, View};
use cxlens::tui::saving::{Saving, Told};
use nix::sys::resource::{UsageWho, getrusage};
use table::{Figures, Row, Table, grouped};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// How often each time is taken.
const TIMES: usize = 5;
/// Rows that are appended at once: a page.
const PAGE: usize = 50;

fn main() -> ExitCode {
    let count = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    match measure(count) {
        Ok(table) => {
            println!("{} rows\n\n{table}", grouped(count as f64, 0));
            if count < 1_000_000 {
                println!(
                    "The goals are those for 1,000,000 rows: with fewer, what is done once weighs more."
                );
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("rows: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(count: usize) -> Outcome<Table> {
    let mut table = Table::default();
    let rows = append(&mut table, count)?;
    sort(&mut table, &rows);
    filter(&mut table, &rows, count);
    open(&mut table, &rows)?;
    export(&mut table, &rows)?;
    Ok(table)
}

/// Milliseconds.
fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn timed<T>(mut work: impl FnMut() -> T) -> Figures {
    let mut figures = Figures::default();
    for _ in 0..TIMES {
        let start = Instant::now();
        black_box(work());
        figures.add(ms(start.elapsed()));
    }
    figures
}

fn row(what: &str, figure: String, floor: String, goal: &str, met: bool) -> Row {
    Row { what: what.into(), figure, floor, goal: goal.into(), met }
}

fn append(table: &mut Table, count: usize) -> Outcome<Rows> {
    let mut rows = Rows::with_budget(usize::MAX);
    let (mut raw_bytes, mut took, mut cpu) = (0, Duration::ZERO, Figures::default());
    let before = resident()?;
    let mut values = 0_u64;
    let mut packed = 0;
    let mut block = Vec::new();
    for from in (0..count).step_by(PAGE) {
        let page: Vec<Profile> = people::profiles(from..count.min(from + PAGE));
        for profile in &page {
            raw_bytes += profile.raw.len() as u64;
            block.extend_from_slice(&profile.raw);
        }
        // The floor of what was received: the same blocks, and nothing around them.
        if block.len() >= 64 * 457 {
            packed += zstd::bulk::compress(&block, 1)?.len() as u64;
            block.clear();
        }
        let start = processor()?;
        rows.append(&page);
        took += processor()?.saturating_sub(start);
    }
    cpu.add(took.as_secs_f64() * 1e6 / count as f64);
    for field in Field::ALL.into_iter().filter(|field| *field != Field::Attributes) {
        values += distinct_bytes(&rows, field.into());
    }
    for path in rows.data().attributes() {
        values += distinct_bytes(&rows, Column::Attribute(path));
    }
    let held = resident()?.saturating_sub(before) as f64 / count as f64;
    let counted = rows.memory().held as f64 / count as f64;
    table.add(row(
        "memory a row, everything kept (by its own count)",
        format!("{held:.0} B ({counted:.0} B) of {} B received", raw_bytes / count as u64),
        format!("values {} B + received, packed {} B", values / count as u64, packed / count as u64),
        "≤ 300 B",
        held <= 300.0,
    ));
    table.add(row("appending a row, CPU", cpu.shown(2, " µs"), String::new(), "≤ 5 µs", cpu.median() <= 5.0));
    Ok(rows)
}

/// What a column's values come to: each value once where they repeat, with a code a row; otherwise all, with offsets.
fn distinct_bytes(rows: &Rows, column: Column) -> u64 {
    let mut seen = std::collections::HashSet::new();
    let (mut all, mut once) = (0_u64, 0_u64);
    for at in 0..rows.len() {
        let text = rows.cell(at, column).copied();
        all += text.len() as u64 + 4;
        if seen.len() <= rows.len() / 16 {
            let len = text.len() as u64;
            once += if seen.insert(text) { len } else { 0 };
        }
    }
    let code = if seen.len() <= 256 { 1 } else { 2 };
    if seen.len() <= rows.len() / 16 { once + code * rows.len() as u64 } else { all }
}

/// Time that this thread had the processor.
fn processor() -> Outcome<Duration> {
    let used = getrusage(UsageWho::RUSAGE_THREAD)?;
    let micros = |time: nix::sys::time::TimeVal| (time.tv_sec() * 1_000_000 + time.tv_usec()) as u64;
    Ok(Duration::from_micros(micros(used.user_time()) + micros(used.system_time())))
}

/// Bytes of this process that are in memory.
fn resident() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? * 1_024)
}

/// Does a job, as its thread would; gives when the first step with something in it came, and when all was done.
fn run(view: &mut View, job: Option<Job>) -> (Duration, Duration) {
    let start = Instant::now();
    let mut first = None;
    if let Some(job) = job {
        job.run(&mut |step| {
            let wanted = view.take(step);
            if first.is_none() && !view.is_empty() {
                first = Some(start.elapsed());
            }
            wanted
        });
    }
    (first.unwrap_or_else(|| start.elapsed()), start.elapsed())
}

fn sort(table: &mut Table, rows: &Rows) {
    let score = rows.data().attribute("score").map(Column::Attribute);
    let columns = [
        ("last name (2,000 different)", Some(Field::LastName.into()), 150.0),
        ("date", Some(Field::ModifiedDate.into()), 150.0),
        ("e-mail", Some(Field::Email.into()), 600.0),
        ("number, an attribute", score, 150.0),
    ];
    for (what, column, goal) in columns {
        let Some(column) = column else { continue };
        let figures = timed(|| {
            let mut view = View::default();
            let job = view.arrange(rows.data(), vec![Sort { column, descending: false }], None);
            run(&mut view, job)
        });
        let texts: Vec<String> = (0..rows.len()).map(|row| rows.cell(row, column).copied()).collect();
        let floor = timed(|| {
            let mut order: Vec<u32> = (0..texts.len() as u32).collect();
            order.sort_unstable_by(|a, b| texts[*a as usize].cmp(&texts[*b as usize]));
            order
        });
        let met = figures.median() <= goal;
        table.add(row(
            &format!("sorting by {what}"),
            figures.shown(0, " ms"),
            format!("numbers sorted by plain text, in byte order: {}", floor.shown(0, " ms")),
            &format!("≤ {goal:.0} ms"),
            met,
        ));
    }
}

fn filter(table: &mut Table, rows: &Rows, count: usize) {
    let all_bytes: Vec<u8> =
        (0..rows.len()).flat_map(|row| rows.cell(row, Field::Email.into()).copied().into_bytes()).collect();
    let floor = timed(|| memchr::memmem::find_iter(&all_bytes, b"byron01").count());
    let last = format!("ada.byron{:07}", count - 1);
    for (what, text, goal) in [
        ("one column, few pass", "email:BYRON01".to_owned(), 100.0),
        ("one column, one passes, the last", format!("email:{last}"), 100.0),
        ("all columns, few pass", "BYRON01".to_owned(), 350.0),
        ("all columns, none passes", "nobody at all".to_owned(), 350.0),
    ] {
        let (mut first, mut all, mut passing) = (Figures::default(), Figures::default(), 0);
        for _ in 0..TIMES {
            let mut view = View::default();
            let job =
                view.arrange(rows.data(), Vec::new(), Filter::parse(&text, rows.data()).unwrap_or_default());
            let (one, every) = run(&mut view, job);
            first.add(ms(one));
            all.add(ms(every));
            passing = view.len();
        }
        table.add(row(
            &format!("filter, {what} ({})", grouped(passing as f64, 0)),
            format!("{}, first after {}", all.shown(0, " ms"), first.shown(1, " ms")),
            format!("one column as one text, one case: {}", floor.shown(1, " ms")),
            &format!("≤ {goal:.0} ms{}", if passing > 1 { ", first ≤ 30 ms" } else { "" }),
            all.median() <= goal && (passing <= 1 || first.median() <= 30.0),
        ));
    }
}

fn open(table: &mut Table, rows: &Rows) -> Outcome<()> {
    let mut figures = Figures::default();
    for n in 0..200 {
        let at = n * 7_919 % rows.len();
        let start = Instant::now();
        black_box(rows.profile(at)?);
        figures.add(ms(start.elapsed()));
    }
    table.add(row(
        "opening one profile from its block",
        figures.shown(3, " ms"),
        String::new(),
        "< 1 ms",
        figures.median() < 1.0,
    ));
    Ok(())
}

fn export(table: &mut Table, rows: &Rows) -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    for (format, goal) in [(Format::Ndjson, 1e6), (Format::Csv, 1e6), (Format::Parquet, 4e5)] {
        let target = dir.path().join(format!("people.{}", format.name()));
        let (mut figures, mut floor) = (Figures::default(), Figures::default());
        for _ in 0..TIMES {
            let saving = Saving {
                attributes: Vec::new(),
                data: rows.snapshot(),
                order: None,
                attributes: Vec::new(),
                target: target.clone(),
                replace: true,
                spec: Spec::new(format, FieldSet::ALL),
                stopped: Arc::default(),
            };
            let (start, mut failed) = (Instant::now(), None);
            saving.run(&mut |told| {
                if let Told::Failed(error) = told {
                    failed = Some(error.to_string());
                }
                true
            });
            if let Some(error) = failed {
                return Err(error.into());
            }
            figures.add(rows.len() as f64 / start.elapsed().as_secs_f64());
            let start = Instant::now();
            std::fs::copy(&target, dir.path().join("copy"))?;
            std::fs::File::open(dir.path().join("copy"))?.sync_all()?;
            floor.add(rows.len() as f64 / start.elapsed().as_secs_f64());
        }
        table.add(row(
            &format!("all rows written to a file by the explorer, {}", format.name()),
            figures.shown(0, "/s"),
            format!("the file copied: {}", floor.shown(0, "/s")),
            &format!("≥ {}/s", grouped(goal, 0)),
            figures.median() >= goal,
        ));
    }
    Ok(())
}
