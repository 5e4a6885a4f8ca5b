//! Arguments → logging → one match over the modes → exit code.

#[path = "main/session.rs"]
mod session;
#[path = "main/translate.rs"]
mod translate;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use cxlens::args::{self, Args, Command, Explore, Sandbox};
use cxlens::cli::{Streams, plan, query, report, sandbox, signals::Signals};
use cxlens::config::{self, Env, Paths, Settings};
use cxlens::engine::clock::Clock;
use cxlens::engine::error::{Error, Kind};
use cxlens::engine::plan::{Known, Plan};
use cxlens::engine::query::Query;
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
        Some(Command::Query(typed)) => query(&typed, &env, &paths, clock),
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

/// `cxlens query`
fn query(typed: &args::Query, env: &Env, paths: &Paths, clock: Clock) -> Result<u8, Failed> {
    let settings = config::load(env, paths, &translate::flags(&typed.query)).map_err(one)?;
    let query = translate::draft(&typed.query, settings.query).and_then(|draft| draft.check());
    if typed.dry_run {
        return plan(&settings, &query?);
    }
    // Both are wrong at once where neither a query nor a tenant was given: both are told.
    let service = if settings.wants_sandbox() { Ok(()) } else { settings.service().map(drop) };
    let query = match (query, service) {
        (Ok(query), Ok(())) => query,
        (query, service) => return Err(query.err().into_iter().flatten().chain(service.err()).collect()),
    };
    let streams = streams(&settings);
    let sink = translate::sink(typed, &query, streams).map_err(one)?;
    runtime()?.block_on(async {
        let mut signals = Signals::listen().map_err(|e| one(local("signal handlers", &e)))?;
        let (handle, background) = session::start(settings, clock).split();
        let code = query::run(handle, query, sink, streams, &mut signals, say).await;
        session::end(background).await;
        Ok(code)
    })
}

/// `cxlens query --dry-run`
fn plan(settings: &Settings, query: &Query) -> Result<u8, Failed> {
    let (service, note) = settings.planned().map_err(one)?;
    let known = Known { rate: service.bounds.rate, burst: 1.0, ..Known::default() };
    let plan = Plan::of(query, &service, known, |_| false).map_err(one)?;
    match io::stdout().write_all(plan::describe(&service, query, &plan, note).as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(one(local("stdout", &error))),
        _ => Ok(0),
    }
}

/// `cxlens sandbox`
fn serve(typed: &Sandbox) -> Result<u8, Failed> {
    let options = translate::sandbox(typed).map_err(one)?;
    runtime()?.block_on(async {
        let mut signals = Signals::listen().map_err(|e| one(local("signal handlers", &e)))?;
        let server = cxlens::sandbox::Sandbox::start(options).await.map_err(|e| one(local("sandbox", &e)))?;
        server.warm_up().await;
        say(&format!("sandbox on {}; Ctrl-C ends it\n", server.addr()));
        let (base_url, door) = (server.base_url(), &server);
        let door = sandbox::Door {
            base_url: &base_url,
            tenant: door.tenant(),
            client_id: door.client_id(),
            client_secret: door.client_secret(),
        };
        sandbox::serve(&door, io::stdout().lock(), &mut signals)
            .await
            .map_err(|e| one(local("stdout", &e)))?;
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

/// What the streams are, and how they may be written to.
fn streams(settings: &Settings) -> Streams {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
    Streams {
        stdout_is_terminal: io::stdout().is_terminal(),
        stderr_is_terminal: io::stderr().is_terminal(),
        columns: size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(80),
        colour: !settings.no_color,
    }
}

fn local(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Local, what, error.to_string(), "")
}

fn one(error: Error) -> Failed {
    vec![error]
}

/// A line on stderr; nobody is left to tell when that fails.
fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
