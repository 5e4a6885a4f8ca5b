//! Arguments → logging → one match over the modes → exit code.

#[path = "main/audit.rs"]
mod audit;
#[path = "main/commands.rs"]
mod commands;
#[path = "main/config.rs"]
mod config;
#[path = "main/faults.rs"]
mod faults;
#[path = "main/recording.rs"]
mod recording;
#[path = "main/session.rs"]
mod session;
#[path = "main/tidy.rs"]
mod tidy;
#[path = "main/translate.rs"]
mod translate;

use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser as _;
use cxlens::args::{Args, Audit, Command, Config};
use cxlens::cli::report;
use cxlens::config::{Env, Paths};
use cxlens::engine::clock::Clock;
use cxlens::engine::error::Error;
use cxlens::engine::text::{clean, clean_lines};
use cxlens::logging;
use cxlens::panics;
use rustix::process::{Resource, Rlimit};
use tracing_appender::non_blocking::WorkerGuard;

use commands::PANICKED;

/// Errors of one cause that are told one by one.
const TOLD: usize = 20;

/// What the process was started with.
struct Start {
    env: Env,
    paths: Paths,
    clock: Clock,
}

/// What ended a command before its time. The first error decides the exit code.
struct Failed(Vec<Error>);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(vec![error])
    }
}

impl From<Vec<Error>> for Failed {
    fn from(errors: Vec<Error>) -> Self {
        Self(errors)
    }
}

fn main() -> ExitCode {
    panics::hear();
    leave_no_dump();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            tell(&error);
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    match catch_unwind(AssertUnwindSafe(|| run(args))) {
        // It was said as it happened.
        Err(_) => ExitCode::from(PANICKED),
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(Failed(errors))) => {
            say(&report::errors(&errors, TOLD));
            ExitCode::from(errors.first().map_or(1, |error| error.kind.exit_code()))
        }
    }
}

/// Has this process leave nothing of its memory behind, where secrets and people's data stand: no core dump, and on
/// Linux no reading of it by the user's other programs either.
fn leave_no_dump() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = rustix::process::setrlimit(Resource::Core, none);
    #[cfg(target_os = "linux")]
    let limited = limited.and_then(|()| {
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    });
    if let Err(error) = limited {
        say(&format!("note: after a crash this program's memory may be kept in a core dump: {error}\n"));
    }
}

/// Help, or what is wrong with the flags. That repeats what was typed, which may drive a terminal: then the same is
/// said of what it looks like.
fn tell(error: &clap::Error) {
    let typed: Vec<_> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let shown: Vec<_> = typed.iter().map(|word| clean(word)).collect();
    // Help goes to stdout; whoever closed it does not mind.
    let _ = if shown == typed {
        error.print()
    } else {
        match Args::try_parse_from(shown.iter().map(AsRef::as_ref).collect::<Vec<&str>>()) {
            Err(error) => error.print(),
            Ok(_) => io::stderr().write_all(format!("{}\n", clean_lines(&error.to_string())).as_bytes()),
        }
    };
}

fn run(args: Args) -> Result<u8, Failed> {
    // It opens no log and reads no configuration: it sees its question alone.
    if matches!(args.command, Some(Command::Jq)) {
        return Ok(cxlens::tui::jq::serve());
    }
    let start = Start { env: Env::of_process()?, paths: Paths::of_this_user()?, clock: Clock::system() };
    let log = log(&start);
    if log.is_some() {
        panics::log_is_in(start.paths.log());
    }
    match args.command {
        None | Some(Command::Jq) => commands::explore(&args.explore, &start),
        Some(Command::Explore(typed)) => commands::explore(&typed, &start),
        Some(Command::Open(typed)) => commands::open(&typed, start),
        Some(Command::Replay(typed)) => recording::replay(&typed, &start),
        Some(Command::Query(typed)) => commands::query(&typed, &start),
        Some(Command::Webhook(typed)) => commands::webhook(&typed, start),
        Some(Command::Sandbox(typed)) => commands::sandbox(&typed),
        Some(Command::Audit(Audit::Show(typed))) => audit::show(&typed, &start),
        Some(Command::Audit(Audit::Verify(typed))) => audit::verify(&typed, &start),
        Some(Command::Audit(Audit::Export(typed))) => audit::export(&typed, &start),
        Some(Command::Config(Config::Login(typed))) => config::login(&typed, &start),
        Some(Command::Config(Config::Logout(typed))) => config::logout(&typed, &start),
    }
}

/// Starts the diagnostic log; without one the program goes on, having said so.
fn log(start: &Start) -> Option<WorkerGuard> {
    let clock = start.clock.clone();
    let today = move || clock.wall().to_zoned(jiff::tz::TimeZone::UTC).date();
    let dir = start.paths.log();
    logging::start(&dir, start.env.get("CXLENS_LOG"), today, clean)
        .map_err(|error| say(&format!("note: no diagnostic log in {}: {error}\n", dir.display())))
        .ok()
}

/// Lines for stderr, made safe once more; nobody is left to tell when that fails.
fn say(text: &str) {
    let lines: String = text.split_inclusive('\n').map(shown).collect();
    let _ = io::stderr().write_all(lines.as_bytes());
}

/// A line with its line break, safe to print.
fn shown(line: &str) -> String {
    line.strip_suffix('\n').map_or_else(|| clean(line).into_owned(), |line| format!("{}\n", clean(line)))
}
