//! Arguments → logging → one match over the modes → exit code.

#[path = "main/session.rs"]
mod session;
#[path = "main/translate.rs"]
mod translate;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use cxlens::args::{Args, Command, Explore, Sandbox};
use cxlens::cli::{report, sandbox, signals::Signals};
use cxlens::config::{self, Env, Paths};
use cxlens::engine::clock::Clock;
use cxlens::engine::error::{Error, Kind};
use cxlens::logging;
use tracing_appender::non_blocking::WorkerGuard;

/// What ended the program before its time: errors to report, the first decides the exit code.
type Failed = Vec<Error>;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help goes to stdout, whoever closed it does not mind.
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    match run(args) {
        Ok(code) => ExitCode::from(code),
        Err(failed) => {
            say(&report::errors(&failed, 20));
            ExitCode::from(failed.first().map_or(1, |error| error.kind.exit_code()))
        }
    }
}

fn run(args: Args) -> Result<u8, Failed> {
    let env = Env::of_process().map_err(one)?;
    let paths = Paths::of_this_user().map_err(one)?;
    let clock = Clock::system();
    let _log = log(&env, &paths, &clock);
    match args.command {
        None => explore(&args.explore, &env, &paths, clock),
        Some(Command::Explore(typed)) => explore(&typed, &env, &paths, clock),
        Some(Command::Sandbox(typed)) => serve(&typed),
        Some(_) => Ok(1),
    }
}

/// `cxlens [explore]`
fn explore(typed: &Explore, env: &Env, paths: &Paths, clock: Clock) -> Result<u8, Failed> {
    let settings = config::load(env, paths, &translate::flags(&typed.query)).map_err(one)?;
    let _draft = translate::draft(&typed.query, settings.query)?;
    runtime()?.block_on(async {
        let (handle, background) = session::start(settings, clock).split();
        drop(handle);
        session::end(background).await;
        Ok(0)
    })
}

/// `cxlens sandbox`
fn serve(typed: &Sandbox) -> Result<u8, Failed> {
    let options = translate::sandbox(typed).map_err(one)?;
    let local =
        |what: &str, error: &dyn std::fmt::Display| one(Error::new(Kind::Local, what, error.to_string(), ""));
    runtime()?.block_on(async {
        let mut signals = Signals::listen().map_err(|e| local("signal handlers", &e))?;
        let server = cxlens::sandbox::Sandbox::start(options).await.map_err(|e| local("sandbox", &e))?;
        server.warm_up().await;
        say(&format!("sandbox on {}; Ctrl-C ends it\n", server.addr()));
        let (base_url, door) = (server.base_url(), &server);
        let door = sandbox::Door {
            base_url: &base_url,
            tenant: door.tenant(),
            client_id: door.client_id(),
            client_secret: door.client_secret(),
        };
        sandbox::serve(&door, io::stdout().lock(), &mut signals).await.map_err(|e| local("stdout", &e))?;
        server.stop().await;
        Ok(0)
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, Failed> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        one(Error::new(
            Kind::Local,
            "threads",
            error.to_string(),
            "check the limits on processes and files (ulimit -a)",
        ))
    })
}

/// Starts the diagnostic log; without one the program goes on, having said so.
fn log(env: &Env, paths: &Paths, clock: &Clock) -> Option<WorkerGuard> {
    let clock = clock.clone();
    let today = move || clock.wall().to_zoned(jiff::tz::TimeZone::UTC).date();
    logging::start(&paths.log(), env.get("CXLENS_LOG"), today)
        .map_err(|error| say(&format!("note: no diagnostic log in {}: {error}\n", paths.log().display())))
        .ok()
}

fn one(error: Error) -> Failed {
    vec![error]
}

/// A line on stderr; nobody is left to tell when that fails.
fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
