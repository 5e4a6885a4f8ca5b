//! How fast rows become files, and how much memory that takes: each figure beside its floor, measured in the same run.
//!
//! ```text
//! cargo bench --bench export                       every line
//! cargo bench --bench export -- parquet memory     these lines
//! cargo bench --bench export -- --quick            fewer repetitions
//! ```
//!
//! Rows are lent either by profiles, as a headless run has them, or by columns, as a table of a million rows has them.
//! Nothing here fails by time: a goal that is missed is printed as missed.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table on stdout is what it is for")]

mod columns;
mod floor;
mod lines;
mod memory;
mod people;
#[path = "../pull/table.rs"]
mod table;
mod took;

use std::process::ExitCode;

/// What went wrong; a bench only says so.
type Failure = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T> = Result<T, Failure>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((role, rest)) if role == memory::ROLE => memory::play(rest),
        _ => measure(&words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("export: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(words: &[String]) -> Outcome<()> {
    let quick = words.iter().any(|word| word == "--quick");
    // Cargo says `--bench` to every bench.
    let names: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let known = lines::NAMES;
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("there is no line {unknown:?}; there are {}", known.join(", ")).into());
    }
    let mut table = table::Table::default();
    let chosen: Vec<_> = known.iter().filter(|name| names.is_empty() || names.contains(name)).collect();
    lines::measure(&chosen, &mut table, if quick { 1 } else { 5 })?;
    println!("{table}");
    Ok(())
}
