//! The lines that can be measured.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use cxlens::engine::pipeline::profile::Profile;
use cxlens::export::{End, Row, Spec, Writer};

use crate::columns::Columns;
use crate::memory::{peak, spec};
use crate::people::profiles;
use crate::table::{self, Figures, Table, grouped};
use crate::took::Took;
use crate::{Outcome, floor};

/// Their names, in the order of the table.
pub(crate) const NAMES: &[&str] = &["ndjson", "csv", "flat", "parquet", "memory"];

/// Rows that are there, each of which is written [`TIMES`] times.
const ROWS: usize = 200_000;
const TIMES: usize = 5;
const ALL: f64 = (ROWS * TIMES) as f64;

/// Never stops a writer.
pub(crate) fn go_on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

struct Bench {
    profiles: Vec<Profile>,
    columns: Columns,
    dir: tempfile::TempDir,
}

/// Measures these.
pub(crate) fn measure(names: &[&&str], table: &mut Table, times: usize) -> Outcome<()> {
    eprintln!("making up {} profiles", grouped(ROWS as f64, 0));
    let profiles = profiles(0..ROWS as u64)?;
    let columns = Columns::of(&profiles);
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let bench = Bench { profiles, columns, dir };
    for name in names {
        eprintln!("measuring {name}");
        match **name {
            "memory" => memory(&bench, table)?,
            name => bench.format(name, table, times)?,
        }
    }
    Ok(())
}

/// Rows a second, and what a row takes of the processor.
#[derive(Default)]
struct Speed {
    rows: Figures,
    cpu: Figures,
}

impl Speed {
    fn add(&mut self, took: Took) {
        self.rows.add(ALL / took.wall.as_secs_f64());
        self.cpu.add(took.cpu.as_secs_f64() * 1e6 / ALL);
    }

    fn shown(&self) -> String {
        format!("{}, {}", self.rows.shown(0, "/s"), self.cpu.shown(2, " µs of CPU"))
    }
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn format(&self, name: &str, table: &mut Table, times: usize) -> Outcome<()> {
        let (spec, file, copy) = (spec(name)?, self.path("rows"), self.path("copy"));
        let goal: f64 = match name {
            "parquet" => 400_000.0,
            // What Python reaches for plain CSV.
            "flat" => 65_000.0,
            _ => 1_000_000.0,
        };
        // What a headless run has to receive; a profile is some fifty small pieces all over the memory.
        let received = 150_000.0;
        let [mut profiles, mut columns, mut copied, mut other] = [(); 4].map(|()| Speed::default());
        for _ in 0..times {
            profiles.add(write(&spec, &file, &self.profiles.iter(), TIMES)?);
            columns.add(write(&spec, &file, &(0..ROWS).map(|row| self.columns.row(row)), TIMES)?);
            copied.add(floor::copy(&file, &copy)?);
            match name {
                "ndjson" => other.add(floor::serde(&self.profiles, TIMES, &copy)?),
                "parquet" => {
                    let batches = self.path("batches");
                    write(&spec, &batches, &self.profiles.iter(), 1)?;
                    other.add(floor::parquet(&batches, TIMES, &copy)?);
                }
                _ => {}
            }
        }
        let bytes = std::fs::metadata(&file)?.len() as f64 / ALL;
        let floor = match name {
            "ndjson" => format!("`serde_json` of structs {}; ", other.shown()),
            "parquet" => format!("the bare writer, ready batches {}; ", other.shown()),
            _ => String::new(),
        };
        let floor = format!("{floor}copying the file {}", copied.shown());
        let what = if name == "flat" { "CSV, a column an attribute" } else { name };
        for (from, speed, goal) in [("columns", columns, goal), ("profiles", profiles, goal.min(received))] {
            table.add(table::Row {
                what: format!("1,000,000 rows from {from} to {what}, {bytes:.0} bytes each"),
                figure: speed.shown(),
                floor: floor.clone(),
                // One thread writes: what it takes of the processor is what it would take of the time, were it alone.
                goal: format!("≥ {}/s: ≤ {:.1} µs of CPU", grouped(goal, 0), 1e6 / goal),
                met: speed.cpu.median() <= 1e6 / goal,
            });
        }
        Ok(())
    }
}

/// Writes rows as often as they are to be.
fn write<R: Row>(
    spec: &Spec,
    file: &Path,
    rows: &(impl Iterator<Item = R> + Clone),
    times: usize,
) -> Outcome<Took> {
    let begun = Took::begin()?;
    let mut writer = Writer::new(File::create(file)?, spec)?;
    for row in (0..times).flat_map(|_| rows.clone()) {
        writer.row(&row)?;
    }
    writer.finish(End::Whole, &mut go_on)?;
    begun.end()
}

fn memory(bench: &Bench, table: &mut Table) -> Outcome<()> {
    let file = bench.path("rows");
    let least = peak("ndjson", 5_000, &file)?;
    for format in ["parquet", "flat"] {
        // Two groups of rows, as parts of the first are still there when the second begins.
        let small = peak(format, 200_000, &file)?;
        let large = peak(format, 1_000_000, &file)?;
        table.add(table::Row {
            what: format!("{format}: peak memory of a process that makes up 1,000,000 rows and writes them"),
            figure: format!("{large:.1} MiB"),
            floor: format!("{small:.1} MiB for 200,000 rows; NDJSON of 5,000 {least:.1} MiB"),
            goal: "≤ 1.1 × that of 200,000".into(),
            met: large <= small * 1.1,
        });
    }
    Ok(())
}
