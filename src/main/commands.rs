//! A function for each command: from what was typed to an exit code.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;

use cxlens::args;
use cxlens::cli::query::Ask;
use cxlens::cli::resume::{Stopped, Store, Target, Whom};
use cxlens::cli::sink::{Shape, Sink};
use cxlens::cli::{self, Streams, plan, query, signals::Signals, webhook};
use cxlens::config::{self, Flags, Look, LookSettings, OnChange, Privacy, Settings, origin};
use cxlens::engine::audit::{Access, Link, To, Trail};
use cxlens::engine::error::{Error, Kind};
use cxlens::engine::plan::{Known, Plan};
use cxlens::engine::query::reach::Reach;
use cxlens::engine::query::{Draft, Query};
use cxlens::engine::retention::Window;
use cxlens::engine::text::clean_lines;
use cxlens::import;
use cxlens::linear;
use cxlens::rows::Mask;
use cxlens::sandbox::Sandbox;
use cxlens::tui;
use cxlens::tui::clipboard::Clipboard;
use cxlens::tui::faults::Stage;
use cxlens::tui::kept::Kept;
use cxlens::tui::keymap;
use cxlens::tui::outside::Programs;
use cxlens::tui::run::{Exit, Later};
use cxlens::tui::tenants::{EVERYBODY, Nobody};
use cxlens::tui::terminal::Tty;
use cxlens::tui::theme::{Appearance, Surroundings};
use jiff::tz::TimeZone;
use tokio::runtime::{Builder, Runtime};

use crate::session::{Doors, Session};
use crate::tidy::Tidy;
use crate::{Failed, Start, audit, recording, say, session, translate};

/// How nice the explorer's other threads are to the one that draws.
const GIVING_WAY: i32 = 5;
/// The exit code where this program has a defect: it is like any other error.
pub(crate) const PANICKED: u8 = 1;

/// `cxlens [explore]`
pub(crate) fn explore(typed: &args::Explore, start: &Start) -> Result<u8, Failed> {
    let settings = config::load(&start.env, &start.paths, &translate::flags(&typed.query))?;
    let mut draft = translate::draft(&typed.query, settings.query)?;
    let (tenant, sandbox) = session::whom_of(&settings)?;
    let tty = if typed.print {
        Tty::of_session().map_err(|error| {
            let cause = format!("--print draws on /dev/tty, and there is none: {error}");
            Error::usage("the explorer", cause, "run it in a terminal, or use cxlens query")
        })?
    } else if typed.linear {
        Tty::default()
    } else {
        on_a_terminal(
            "run it in one, or use cxlens query for files, or cxlens --linear for commands from a pipe",
        )?;
        Tty::default()
    };
    if sandbox && draft.ids.is_empty() && draft.segments.is_empty() && draft.filter.trim().is_empty() {
        // Everybody: a newcomer has a query that is ready to run.
        draft.segments.push(EVERYBODY.to_owned());
    }
    let access = audit::access(&typed.query, To::Screen)?;
    if typed.linear {
        return linear(typed, draft, settings, access, start);
    }
    let doors = Doors {
        env: start.env.clone(),
        paths: start.paths.clone(),
        flags: translate::flags(&typed.query),
        clock: start.clock.clone(),
        background: Arc::default(),
    };
    let appearance = appearance(&settings.explorer.look, start);
    let setup = tui::run::Setup {
        draft,
        run_at_once: typed.run,
        pause: settings.explorer.pause,
        pull: settings.explorer.pull,
        budget: settings.explorer.budget,
        clock: start.clock.clone(),
        mask: mask(&settings.privacy, appearance.is_ascii()),
        appearance,
        mouse: settings.explorer.look.mouse,
        tenant,
        sandbox,
        look: settings.look,
        on_change: settings.explorer.on_change,
        tenants: Box::new(doors.clone()),
        files: Vec::new(),
        faults: Stage::default(),
        kept: Kept::within(start.paths.kept()),
        keys: keymap::load(&start.paths.keys()),
        clipboard: Clipboard::new(settings.explorer.clipboard, &start.env),
        programs: Programs::new(&start.env),
        tty,
        picks: typed.print,
        // Whoever runs something at once, or waits for a choice, knows the way; and a machine needs none.
        tour: settings.explorer.tour && !typed.run && !typed.print && start.env.get("CI").is_none(),
        recordings: start.paths.recordings(),
        record_true_values: typed.record.record_personal,
        replay: None,
        later: Tidy::new(&settings, start).later(),
    };
    let exit = behind_the_screen()?.block_on(async {
        let stage = Stage::clone(&setup.faults);
        let session = session::start(settings, start.clock.clone(), &stage, access, true);
        recording::begin(&session, &typed.record, typed.force, &start.clock)?;
        let (exit, last) = show(session, setup).await;
        // Where the tenant was changed, the last entry may be another session's.
        let last = doors.close().await.into_iter().chain(last);
        audit::tell(last.max_by_key(|link| link.seq).as_ref());
        exit
    })?;
    match exit {
        // As other choosers say that nothing was chosen.
        Exit::Left if typed.print => Ok(130),
        exit => Ok(exit.code()),
    }
}

/// `cxlens --linear`
fn linear(
    typed: &args::Explore,
    draft: Draft,
    settings: Settings,
    access: Access,
    start: &Start,
) -> Result<u8, Failed> {
    let setup = linear::Setup {
        draft,
        run_at_once: typed.run,
        pause: settings.explorer.pause,
        budget: settings.explorer.budget,
        clock: start.clock.clone(),
        zone: TimeZone::system(),
        mask: mask(&settings.privacy, true),
        is_typed: io::stdin().is_terminal(),
    };
    let tidy = Tidy::new(&settings, start).begin();
    let code = runtime()?.block_on(async {
        let signals = linear::input::signals().map_err(|e| local("signal handlers", &e))?;
        let session = session::start(settings, start.clock.clone(), &Stage::default(), access, false);
        let recorder = recording::begin(&session, &typed.record, typed.force, &start.clock)?;
        let (handle, background) = session.split();
        let ran = linear::run(handle, setup, linear::input::lines(), signals, io::stdout());
        let code = session::survived(ran).await;
        let last = session::end(background).await;
        recording::told(&recorder);
        audit::tell(last.as_ref());
        Ok(code.unwrap_or(Ok(PANICKED)).map_err(|e| local("stdout", &e))?)
    });
    tidy.end();
    code
}

/// `cxlens open`
pub(crate) fn open(typed: &args::Open, start: Start) -> Result<u8, Failed> {
    import::check(&typed.files)?;
    on_a_terminal("run it in one; for pipes, jq and the like read what was exported")?;
    // A file can be read whatever is wrong with the configuration of a service.
    let settings = config::load(&start.env, &start.paths, &Flags::default()).ok();
    // Where nobody knows for how long files are to be kept, none goes.
    let later = settings.as_ref().map_or_else(Later::default, |settings| Tidy::new(settings, &start).later());
    let privacy = settings.as_ref().map_or_else(Privacy::unknown, |settings| settings.privacy.clone());
    let setup = tui::run::Setup {
        run_at_once: true,
        files: typed.files.iter().map(|path| import::named(path)).collect(),
        later,
        ..without_a_service(settings.as_ref(), &privacy, &start)
    };
    let exit = behind_the_screen()?
        .block_on(async { show(session::over_files(typed.files.clone(), start.clock), setup).await })
        .0?;
    Ok(exit.code())
}

/// What an explorer starts with that has no service behind it. Its settings may be no good: what it shows can be read all
/// the same.
pub(crate) fn without_a_service(
    settings: Option<&Settings>,
    privacy: &Privacy,
    start: &Start,
) -> tui::run::Setup {
    let looks = settings.map_or_else(LookSettings::default, |settings| settings.explorer.look.clone());
    let clipboard = settings.map_or(config::Clipboard::default(), |settings| settings.explorer.clipboard);
    let appearance = appearance(&looks, start);
    tui::run::Setup {
        draft: Draft::default(),
        run_at_once: false,
        // A pause spares a service.
        pause: None,
        pull: false,
        budget: settings.map_or(config::ROWS_BUDGET, |settings| settings.explorer.budget),
        clock: start.clock.clone(),
        mask: mask(privacy, appearance.is_ascii()),
        appearance,
        mouse: looks.mouse,
        tenant: String::new(),
        sandbox: false,
        look: Look::default(),
        on_change: OnChange::default(),
        tenants: Box::new(Nobody),
        files: Vec::new(),
        faults: Stage::default(),
        kept: Kept::within(start.paths.kept()),
        keys: keymap::load(&start.paths.keys()),
        clipboard: Clipboard::new(clipboard, &start.env),
        programs: Programs::new(&start.env),
        tty: Tty::default(),
        picks: false,
        tour: false,
        recordings: start.paths.recordings(),
        record_true_values: false,
        replay: None,
        later: Later::default(),
    }
}

/// How the screen looks, by what was set and what the environment says.
pub(crate) fn appearance(settings: &LookSettings, start: &Start) -> Appearance {
    let get = |name| start.env.get(name);
    let around = Surroundings {
        no_color: get("NO_COLOR").is_some(),
        colorfgbg: get("COLORFGBG"),
        colorterm: get("COLORTERM"),
        term: get("TERM"),
        locale: get("LC_ALL").or_else(|| get("LC_CTYPE")).or_else(|| get("LANG")),
    };
    Appearance::new(settings, around)
}

/// How personal values are shown in this session, whose stand-ins no other has.
pub(crate) fn mask(privacy: &Privacy, ascii: bool) -> Mask {
    Mask::new(privacy.mask, &privacy.attributes, (rand::random(), rand::random()), ascii)
}

/// Shows the explorer until the user leaves; what was chosen goes to standard output.
///
/// Gives the last entry of the audit trail too, where there is one.
pub(crate) async fn show(session: Session, setup: tui::run::Setup) -> (Result<Exit, Failed>, Option<Link>) {
    let (handle, background) = session.split();
    let recorder = handle.recorder().clone();
    let shown = session::survived(Box::pin(tui::run::run(handle, setup))).await;
    recording::told(&recorder);
    // However it ended, what there is to record is recorded.
    let last = session::end(background).await;
    let exit = match shown.unwrap_or(Ok(Exit::Fault)) {
        Ok(Exit::Picked(text)) => {
            // A program is given the value itself.
            let said = if io::stdout().is_terminal() { clean_lines(&text) } else { text.clone() };
            match io::stdout().write_all(format!("{said}\n").as_bytes()) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Err(local("stdout", &error).into())
                }
                _ => Ok(Exit::Picked(text)),
            }
        }
        exit => exit.map_err(|e| local("the terminal", &e).into()),
    };
    (exit, last)
}

pub(crate) fn on_a_terminal(remedy: &str) -> Result<(), Error> {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        return Ok(());
    }
    Err(Error::usage("the explorer", "standard input and output are not a terminal", remedy))
}

/// `cxlens query`
pub(crate) fn query(typed: &args::Query, start: &Start) -> Result<u8, Failed> {
    let settings = config::load(&start.env, &start.paths, &translate::flags(&typed.query))?;
    if typed.resume {
        return resume(typed, settings, start);
    }
    let query = translate::draft(&typed.query, settings.query).and_then(|draft| draft.check());
    if typed.dry_run {
        if typed.record.record.is_some() {
            let cause = "nothing is sent with --dry-run";
            return Err(Error::usage("--record", cause, "leave one of the two out").into());
        }
        return dry_run(&settings, &query?, start);
    }
    // Where neither a query nor a tenant was given, both are told.
    let (query, store) = match (query, store(&settings)) {
        (Ok(query), Ok(store)) => (query, store),
        (query, store) => {
            return Err(Failed(query.err().into_iter().flatten().chain(store.err()).collect()));
        }
    };
    let streams = streams(&settings);
    let target = translate::target(typed, streams)?;
    let sink = translate::sink(&target, &query, streams, start.clock.wall(), None)?;
    if target.output.is_some() {
        store.forget(target.output.as_deref());
    }
    let access = access(typed, &target, streams)?;
    let ask = Ask { query, place: None, store: Some((store, target)) };
    pull(settings, start, access, ask, sink, streams, typed)
}

/// `cxlens query --resume`
fn resume(typed: &args::Query, settings: Settings, start: &Start) -> Result<u8, Failed> {
    let store = store(&settings)?;
    let Stopped { mut target, bytes, place, .. } = store.find(translate::output(typed))?;
    let streams = streams(&settings);
    if target.output.is_none() && !streams.stdout_is_terminal && target.shape == Shape::Table {
        target.shape = Shape::Ndjson;
    }
    let sink = translate::sink(&target, &place.query, streams, start.clock.wall(), Some(bytes))?;
    let access = access(typed, &target, streams)?;
    let ask = Ask { query: place.query.clone(), place: Some(place), store: Some((store, target)) };
    pull(settings, start, access, ask, sink, streams, typed)
}

/// What for, and where the rows go.
fn access(typed: &args::Query, target: &Target, streams: Streams) -> Result<Access, Error> {
    let to = match &target.output {
        Some(_) => To::File,
        None if streams.stdout_is_terminal => To::Terminal,
        None => To::Pipe,
    };
    audit::access(&typed.query, to)
}

/// How far a query's filter reaches past retention now, if it does.
fn reach(query: &Query, start: &Start) -> Option<Reach> {
    Reach::of_query(query, Window::until(start.clock.wall(), query.retention_days()))
}

/// Where the stopped runs of the service are kept that is asked.
fn store(settings: &Settings) -> Result<Store, Error> {
    let whom = if settings.wants_sandbox() { Whom::sandbox() } else { Whom::tenant(&settings.service()?) };
    Ok(Store::new(settings.paths.resume(), whom))
}

fn pull(
    settings: Settings,
    start: &Start,
    access: Access,
    ask: Ask,
    sink: Sink,
    streams: Streams,
    typed: &args::Query,
) -> Result<u8, Failed> {
    if let Some(reach) = reach(&ask.query, start) {
        say(&format!("note: {reach}\n"));
    }
    let tidy = Tidy::new(&settings, start).begin();
    let code = runtime()?.block_on(async {
        let mut signals = Signals::listen().map_err(|e| local("signal handlers", &e))?;
        let settings = settings.without_cache();
        let session = session::start(settings, start.clock.clone(), &Stage::default(), access, false);
        let recorder = recording::begin(&session, &typed.record, typed.force, &start.clock)?;
        recording::tell_begun(&typed.record);
        let (handle, background) = session.split();
        let ran = query::run(handle, ask, sink, streams, &mut signals, say);
        let code = session::survived(ran).await.unwrap_or(Some(PANICKED));
        let last = session::end(background).await;
        recording::told(&recorder);
        if code.is_some() {
            audit::tell(last.as_ref());
        }
        Ok(code.unwrap_or(0))
    });
    tidy.end();
    code
}

/// `cxlens query --dry-run`
fn dry_run(settings: &Settings, query: &Query, start: &Start) -> Result<u8, Failed> {
    let (service, note) = settings.planned()?;
    let known = Known { rate: service.bounds.rate, burst: 1.0, ..Known::default() };
    let plan = Plan::of(query, &service, known, |_| None)?;
    let said = plan::describe(&service, query, &plan, note, reach(query, start));
    match io::stdout().write_all(said.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(local("stdout", &error).into()),
        _ => Ok(0),
    }
}

/// `cxlens webhook`
pub(crate) fn webhook(typed: &args::Webhook, start: Start) -> Result<u8, Failed> {
    let (call, tenant) = match typed {
        args::Webhook::Register(register) => ("webhook register", &register.tenant),
        args::Webhook::List(tenant) => ("webhook list", tenant),
        args::Webhook::Delete(delete) => ("webhook delete", &delete.tenant),
    };
    let flags = Flags { tenant: tenant.tenant.clone(), timeout: tenant.timeout.clone(), ..Flags::default() };
    let settings = config::load(&start.env, &start.paths, &flags)?;
    let wanted = match typed {
        args::Webhook::Register(register) => Some(wanted(register, &settings)?),
        _ => None,
    };
    let service = settings.tenant()?;
    let out = io::stdout().lock();
    runtime()?.block_on(async {
        let trail = Trail::open(settings.paths.audit(), &service, Access::default()).await?;
        let clock = start.clock.clone();
        let client = session::client(service, start.clock)?;
        let asked = async {
            match (typed, &wanted) {
                (args::Webhook::Delete(delete), _) => webhook::delete(&client, &delete.id, say).await,
                (_, Some(wanted)) => webhook::register(&client, wanted, out, say).await,
                _ => webhook::list(&client, out, say).await,
            }
        };
        let done = trail.around(call, &clock, asked).await;
        audit::tell(trail.last().as_ref());
        Ok(done.map(|()| 0)?)
    })
}

/// The registration that was typed, with a secret made for the occasion.
fn wanted(typed: &args::WebhookRegister, settings: &Settings) -> Result<webhook::Wanted, Error> {
    let url = match (&typed.url, &settings.webhook_url) {
        (Some(url), _) => origin::callback_url("--url", url)?,
        (None, Some(url)) => origin::callback_url("WEBHOOK_CALLBACK_URL", url)?,
        (None, None) => {
            return Err(Error::usage(
                "webhook register",
                "it is not said where events are to be sent",
                "name it with --url or WEBHOOK_CALLBACK_URL",
            ));
        }
    };
    Ok(webhook::Wanted {
        name: typed.name.clone(),
        url,
        secret: webhook::signing_secret(&rand::random()),
        key: format!("{:032x}", rand::random::<u128>()),
        secret_file: typed.secret_file.clone(),
    })
}

/// `cxlens sandbox`
pub(crate) fn sandbox(typed: &args::Sandbox) -> Result<u8, Failed> {
    let options = translate::sandbox(typed)?;
    runtime()?.block_on(async {
        let mut signals = Signals::listen().map_err(|e| local("signal handlers", &e))?;
        let server = Sandbox::start(options).await.map_err(|error| {
            let said = error.to_string();
            let (cause, remedy) = said.split_once("; ").unwrap_or((&said, ""));
            Error::new(Kind::Local, "sandbox", cause, remedy)
        })?;
        server.warm_up().await;
        say(&format!("sandbox on {}; Ctrl-C ends it\n", server.addr()));
        if !server.addr().ip().is_loopback() {
            say("note: other machines can reach it\n");
        }
        let door = cli::sandbox::Door {
            base_url: &server.base_url(),
            tenant: server.tenant(),
            client_id: server.client_id(),
            client_secret: server.client_secret(),
        };
        let served = cli::sandbox::serve(&door, io::stdout().lock(), &mut signals).await;
        server.stop().await;
        served.map_err(|e| local("stdout", &e))?;
        Ok(0)
    })
}

pub(crate) fn runtime() -> Result<Runtime, Error> {
    Builder::new_multi_thread().enable_all().build().map_err(|e| no_threads(&e))
}

/// A runtime whose own threads give way to the one that draws: a key is painted first, also where rows keep all
/// processors busy.
pub(crate) fn behind_the_screen() -> Result<Runtime, Error> {
    let give_way = || {
        // On Linux this is about the calling thread alone; elsewhere it would be about all of them.
        if cfg!(target_os = "linux") {
            let _ = rustix::process::setpriority_process(None, GIVING_WAY);
        }
    };
    Builder::new_multi_thread().enable_all().on_thread_start(give_way).build().map_err(|e| no_threads(&e))
}

fn no_threads(error: &io::Error) -> Error {
    let remedy = "check the limits on processes and files (ulimit -a)";
    Error::new(Kind::Local, "threads", error.to_string(), remedy)
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

pub(crate) fn local(what: &str, error: &dyn Display) -> Error {
    Error::new(Kind::Local, what, error.to_string(), "")
}
