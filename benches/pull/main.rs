//! How fast, how polite and how small a pull is: each figure beside its floor, measured in the same run.
//!
//! ```text
//! cargo bench --bench pull                       every line but `million`
//! cargo bench --bench pull -- latency cache      these lines
//! cargo bench --bench pull -- --quick            fewer repetitions
//! ```
//!
//! The service runs in a process of its own (this program again, as `@server`), and so does the client where the
//! figure is the program's; see `roles`. A goal that is missed is printed as missed; nothing here fails by time.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table on stdout is what it is for")]

mod client;
mod floor;
mod lines;
mod roles;
mod screen;
mod spawn;
mod table;

use std::process::ExitCode;

/// What went wrong; a bench only says so.
type Failure = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T> = Result<T, Failure>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((role, rest)) if role.starts_with('@') => roles::play(role, rest),
        _ => measure(&words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pull: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(words: &[String]) -> Outcome<()> {
    let quick = words.iter().any(|word| word == "--quick");
    // Cargo says `--bench` to every bench.
    let names: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    if let Some(unknown) = names.iter().find(|name| !lines::ALL.iter().any(|line| line.name == **name)) {
        let known: Vec<_> = lines::ALL.iter().map(|line| line.name).collect();
        return Err(format!("there is no line {unknown:?}; there are {}", known.join(", ")).into());
    }
    let chosen = |line: &&lines::Line| {
        if names.is_empty() { !line.only_when_named } else { names.contains(&line.name) }
    };
    let mut table = table::Table::default();
    for line in lines::ALL.iter().filter(chosen) {
        eprintln!("measuring {}: {}", line.name, line.says);
        (line.measure)(&mut table, quick).map_err(|error| format!("{}: {error}", line.name))?;
    }
    println!("{table}");
    Ok(())
}
