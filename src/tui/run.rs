//! The loop: keys, the engine's events, signals and, only while something on the screen changes by
//! time alone, a timer.
//!
//! Everything that is ready is taken in, then one frame is drawn; nothing is drawn that did not change.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{self, Event as Input, EventStream, KeyEvent, KeyEventKind};
use futures_util::StreamExt as _;
use jiff::tz::TimeZone;
use rustix::io::Errno;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::answers::{Answers, Heard};
use super::app::{App, Moment, Start, Turn};
use super::clipboard::Clipboard;
use super::ctx::Effect;
use super::faults::Stage;
use super::kept::Kept;
use super::keymap::Loaded;
use super::outside::Programs;
use super::outward::{Back, Outward, Told as News};
use super::pasting::Pastes;
use super::signals::{Signals, Told};
use super::tenants::{Tenants, Whom};
use super::terminal::{Guard, Tty};
use super::theme::{Appearance, Depth};
use crate::config::{Look, OnChange};
use crate::engine::chance::Chance;
use crate::engine::clock::{Clock, Pace};
use crate::engine::event::{Event, OpenedFile};
use crate::engine::query::Draft;
use crate::engine::recording::{Header, Wanted};
use crate::engine::rehearsal;
use crate::engine::worker::Handle;
use crate::panics::say;
use crate::rows::Mask;

/// Between two frames while rows stream in; a key is painted at once.
const FRAME_INTERVAL: Duration = Duration::from_millis(16);
/// The exit code where the terminal is gone.
const HUNG_UP: u8 = 129;
/// Steps of work that may wait to be taken.
const STEPS: usize = 16;
/// For seeing whether something was typed: with no time at all crossterm does not look.
const A_GLANCE: Duration = Duration::from_micros(20);

/// What the explorer is started with.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of the start, each named where it is set"
)]
pub struct Setup {
    /// The query that is ready to run.
    pub draft: Draft,
    /// Run it as soon as the service is known (`--run`).
    pub run_at_once: bool,
    /// Runs pause after so many rows; `None`: never.
    pub pause: Option<u64>,
    /// Whether rows are asked for only as the reader nears the end.
    pub pull: bool,
    /// Bytes that rows may take in memory before what was received goes to a temporary file.
    pub budget: usize,
    /// Time.
    pub clock: Clock,
    /// Styles, borders and symbols.
    pub appearance: Appearance,
    /// Whether the mouse works.
    pub mouse: bool,
    /// The tenant's name, as far as it is known before the worker says.
    pub tenant: String,
    /// Whether it will be the embedded server.
    pub sandbox: bool,
    /// How the tenant's name looks.
    pub look: Look,
    /// What tells that something changed which is watched.
    pub on_change: OnChange,
    /// Who else can be asked.
    pub tenants: Box<dyn Tenants>,
    /// The files that are looked at in place of a service; empty where there is one.
    pub files: Vec<OpenedFile>,
    /// Where its faults stand once it runs.
    pub faults: Stage,
    /// What outlasts the session.
    pub kept: Kept,
    /// How personal values are shown.
    pub mask: Mask,
    /// The keys, and what was wrong with the file that changes them.
    pub keys: Loaded,
    /// Which way copies go.
    pub clipboard: Clipboard,
    /// The user's shell, pager and editor.
    pub programs: Programs,
    /// What is drawn on.
    pub tty: Tty,
    /// Whether a shell line waits for a choice (`--print`).
    pub picks: bool,
    /// Whether a newcomer may be shown around.
    pub tour: bool,
    /// Where recordings are put that are begun by a key.
    pub recordings: PathBuf,
    /// Whether personal values are kept in those as they are.
    pub record_true_values: bool,
    /// The recording that is replayed.
    pub replay: Option<Replay>,
    /// What is to be done beside the screen.
    pub later: Later,
}

/// A recording that is replayed.
#[derive(Debug)]
pub struct Replay {
    /// What its first line says.
    pub header: Header,
    /// Its time, which is what is shown.
    pub pace: Pace,
}

/// Something to be done on another thread once the first frame is drawn.
#[derive(Default)]
pub struct Later(Option<Box<dyn FnOnce() + Send>>);

impl Later {
    /// This.
    pub fn new(work: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(work)))
    }

    fn begin(self) {
        // Whoever ends the runtime waits for it.
        drop(self.0.map(tokio::task::spawn_blocking));
    }
}

impl std::fmt::Debug for Later {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Later")
    }
}

/// How the explorer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user left.
    Left,
    /// The user chose this for the shell line that waits for it.
    Picked(String),
    /// A signal with this exit code.
    Signal(u8),
    /// A panic; it has been said.
    Fault,
}

impl Exit {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Left | Self::Picked(_) => 0,
            Self::Signal(code) => *code,
            Self::Fault => 1,
        }
    }
}

/// Opens the explorer and stays until the user leaves. The first frame is drawn before anything is awaited.
///
/// To be called on the thread that stays (under `block_on`, not in a spawned task).
///
/// # Errors
/// When the terminal cannot be taken over, read or written. One that is gone is no error: it is as good as SIGHUP, which
/// may come a moment later.
pub async fn run(handle: Handle, setup: Setup) -> io::Result<Exit> {
    match Box::pin(stay(handle, setup)).await {
        Err(error) if is_of_lost_terminal(&error) => Ok(Exit::Signal(HUNG_UP)),
        other => other,
    }
}

/// Whether the terminal is gone, which its name and its files then tell in two ways.
fn is_of_lost_terminal(error: &io::Error) -> bool {
    let says_so = [Errno::IO, Errno::NXIO].iter().any(|e| error.raw_os_error() == Some(e.raw_os_error()));
    says_so && !io::stdin().is_terminal()
}

async fn stay(mut handle: Handle, setup: Setup) -> io::Result<Exit> {
    let Setup { clock, tenant, sandbox, look, on_change, tenants, picks, tour, .. } = setup;
    let (files, faults, kept, mask) = (setup.files, setup.faults, setup.kept, setup.mask);
    let appearance = setup.appearance;
    let (theme, troubles) = appearance.theme(None);
    // crossterm looks at NO_COLOR too, and knows nothing of a setting that beats it.
    crossterm::style::force_color_output(appearance.depth() != Depth::None);
    let Loaded { keys, wrong } = setup.keys;
    let (draft, keys) = (setup.draft, if picks { keys.picking() } else { keys });
    let (run, pause, pull, budget) = (setup.run_at_once, setup.pause, setup.pull, setup.budget);
    let mouse = setup.mouse;
    let mut app = App::new(Start {
        draft,
        run,
        pause,
        pull,
        budget,
        theme,
        keys,
        wrong,
        tenant,
        sandbox,
        look,
        on_change,
        files,
        faults,
        mouse,
        mask,
        picks,
        tour,
    });
    app.records_in(setup.recordings);
    let mut time = clock.clone();
    if let Some(Replay { header, pace }) = setup.replay {
        app.replays(&header);
        time = Clock::paced(pace);
    }
    let moment = || Moment { now: time.now(), wall: time.wall() };
    let mut outward = Outward::new(setup.clipboard, setup.programs, clock.clone());
    // Before the terminal is taken: a signal that nobody hears ends the program as it stands.
    let mut signals = Signals::new()?;
    let mut guard = Guard::enter(setup.tty, clock.clone(), mouse)?;
    draw(&mut guard, &mut app, moment())?;

    if appearance.asks() {
        guard.ask_background()?;
    }
    // What is slow, or needs the runtime, comes after the first frame.
    app.set_zone(TimeZone::system());
    let mut dirty = app.remember(&kept).and(app.troubles(troubles, moment())).changed;
    let (keeps, to_keep) = std::sync::mpsc::channel();
    let keeper = kept.clone();
    let (unkept, mut not_kept) = mpsc::channel(STEPS);
    let keeping = tokio::task::spawn_blocking(move || {
        // Of many that are not kept in one breath, some are told.
        keeper.keep_all(&to_keep, |words| drop(unkept.try_send(words)));
    });
    setup.later.begin();
    let fault = guard.fault();
    let (mut input, mut ear) = (EventStream::new(), Ear::new(appearance));
    let (steps, mut worked) = mpsc::channel(STEPS);
    let (told_of, mut saved) = mpsc::channel(STEPS);
    let (answers, mut answered) = mpsc::channel(STEPS);
    let (imports, mut imported) = mpsc::channel(STEPS);
    let (mut engine, mut next_frame) = (true, clock.now());
    let exit = loop {
        let change = || app.next_change(moment()).and_then(|at| time.real(at));
        let wake = if dirty { Some(next_frame) } else { change() };
        let wake = ear.due().into_iter().chain(wake).min();
        let (turn, at_once) = tokio::select! {
            biased;
            told = signals.told() => match told {
                Told::Leave(code) => break Exit::Signal(code),
                Told::Suspend => (Turn::of(Effect::Suspend), true),
                Told::Continued => { guard.resume()?; (Turn::CHANGED, true) }
            },
            () = fault.happened() => break Exit::Fault,
            first = input.next() => {
                let Some(first) = first.transpose()? else { break Exit::Left };
                let mut turn = ear.hear(&mut app, first, moment(), clock.now());
                // Whatever else was typed until now belongs to the same frame. The stream looks at the terminal in
                // a thread only, one event at a time.
                while event::poll(A_GLANCE)? {
                    turn = turn.and(ear.hear(&mut app, event::read()?, moment(), clock.now()));
                }
                if std::mem::take(&mut ear.answered) {
                    guard.answered();
                }
                (turn, true)
            }
            Some(told) = saved.recv() => (app.saved(told), false),
            news = outward.told() => match news {
                News::Copied(words) => (app.notice(words), true),
                News::NotTaken(text, why, true) => {
                    let sent = outward.send(&text, &mut guard)?;
                    (told_of_copy(&mut app, sent.map(|words| format!("{why}; {words}"))), true)
                }
                News::NotTaken(_, why, false) => (app.not_copied(&why), true),
                News::Piped(number, piped) => (app.piped(number, piped), false),
                News::Laid(Ok(laid)) => {
                    // Its thread would take the keys from whoever has the terminal now. Dropping it wakes that thread,
                    // which then ends; nobody may look at the terminal here meanwhile, for that would take the wake-up
                    // from a thread that had not yet begun to wait.
                    drop(input);
                    let back = outward.visit(&laid, &mut guard, &mut signals).await?;
                    input = EventStream::new();
                    match back {
                        Back::Leave(code) => break Exit::Signal(code),
                        Back::Home(Some(words)) => (app.notice(words), true),
                        Back::Home(None) => (Turn::CHANGED, true),
                    }
                }
                News::Laid(Err(error)) => (app.notice(format!("no file for it: {error}")), true),
            },
            Some((ticket, answer)) = answered.recv() => (app.answered_jq(ticket, answer, moment()), false),
            Some(words) = not_kept.recv() => (app.notice(words), true),
            Some(told) = imported.recv() => (app.imported(told, moment()), true),
            Some(step) = worked.recv() => (app.work(step, moment()), false),
            told = handle.events.recv(), if engine => {
                engine = told.is_some();
                if matches!(told, Some(Event::Page(..))) {
                    rehearsal::panics_at("ui");
                    rehearsal::fails_at("error")?;
                }
                (told.map_or_else(Turn::default, |told| app.event(told, moment())), false)
            }
            () = sleep_until(&clock, wake), if wake.is_some() => (ear.wake(&mut app, moment(), clock.now()), true),
        };
        dirty |= turn.changed;
        let due = dirty && (at_once || clock.now() >= next_frame);
        let turn = if due { turn.and(app.prepare(moment())) } else { turn };
        let mut left = None;
        for effect in turn.effects {
            match effect {
                Effect::Engine(command) => {
                    if let Err(error) = handle.send(command) {
                        dirty |= app.undelivered(&error.into_inner()).changed;
                    }
                }
                Effect::Work(job) => {
                    let steps = steps.clone();
                    tokio::task::spawn_blocking(move || {
                        job.run(&mut |step| steps.blocking_send(step).is_ok());
                    });
                }
                Effect::Save(saving) => {
                    let told = told_of.clone();
                    tokio::task::spawn_blocking(move || {
                        saving.run(&mut |step| told.blocking_send(step).is_ok());
                    });
                }
                Effect::Jq(ask) => {
                    let answers = answers.clone();
                    tokio::task::spawn_blocking(move || {
                        let _ = answers.blocking_send((ask.ticket, ask.run()));
                    });
                }
                Effect::Import(importing) => {
                    let imports = imports.clone();
                    tokio::task::spawn_blocking(move || drop(imports.blocking_send(importing.run())));
                }
                // Nobody takes it only where the thread is gone, and that is in the log.
                Effect::Keep(keep) => drop(keeps.send(keep)),
                Effect::Bell => guard.bell()?,
                Effect::ListTenants => dirty |= app.tenants(tenants.list()).changed,
                Effect::Open(whom) => {
                    dirty |= open(&mut app, &*tenants, &whom, &mut handle, &kept, moment());
                    engine = true;
                }
                Effect::Copy(text) => {
                    if let Some(copied) = outward.copy(text, &mut guard)? {
                        dirty |= told_of_copy(&mut app, copied).changed;
                    }
                }
                Effect::Pipe(piping) => outward.pipe(piping),
                Effect::Visit(visit) => outward.lay_out(visit),
                Effect::Print(text) => left = Some(Exit::Picked(text)),
                Effect::Record(Some(path)) => {
                    let wanted = Wanted {
                        path,
                        force: false,
                        true_values: setup.record_true_values,
                        key: Chance::system().key(),
                    };
                    let (recorder, clock) = (handle.recorder().clone(), clock.clone());
                    // What becomes of it comes as an event.
                    tokio::task::spawn_blocking(move || drop(recorder.begin_in_directory(&wanted, &clock)));
                }
                Effect::Record(None) => handle.recorder().end(),
                Effect::Mouse(on) => guard.mouse(on)?,
                Effect::Suspend if signals.can_suspend() => {
                    guard.release()?;
                    signals.suspend(&clock).await;
                    guard.resume()?;
                    dirty = true;
                }
                Effect::Suspend => dirty |= app.notice("there is no shell to go back to".into()).changed,
                Effect::Quit => left = Some(Exit::Left),
                // These the app has carried out.
                Effect::OpenProfile | Effect::Act(_) | Effect::Say(_) => {}
            }
        }
        if let Some(exit) = left {
            break exit;
        }
        if due || dirty && at_once {
            if std::mem::take(&mut ear.resized) {
                guard.draw_anew()?;
            }
            draw(&mut guard, &mut app, moment())?;
            // More than one picture's worth may be left to take up.
            (dirty, next_frame) = (app.is_behind(), clock.now() + FRAME_INTERVAL);
        }
    };
    // Its thread reads the terminal too, and an answer is to be found.
    drop(input);
    drop(guard);
    drop(keeps);
    if keeping.await.is_err() {
        tracing::warn!("what was to be kept may be lost");
    }
    // Also one that came while everybody was leaving.
    Ok(match fault.message() {
        Some(message) => {
            say(&message);
            Exit::Fault
        }
        None => exit,
    })
}

fn told_of_copy(app: &mut App, copied: Result<String, String>) -> Turn {
    match copied {
        Ok(words) => app.notice(words),
        Err(why) => app.not_copied(&why),
    }
}

/// Begins to ask another; the session before ends by itself once nobody holds its handle, and is not waited for. Says
/// whether the picture changed.
fn open(
    app: &mut App,
    tenants: &dyn Tenants,
    whom: &Whom,
    handle: &mut Handle,
    kept: &Kept,
    at: Moment,
) -> bool {
    match tenants.open(whom) {
        Ok(opened) => {
            // A recording is of one tenant; what it still has to write, it writes beside.
            let before = std::mem::replace(handle, opened.handle).recorder().clone();
            tokio::task::spawn_blocking(move || before.finish());
            let turn = app.opened(opened.session, at);
            app.recall(kept);
            turn.changed
        }
        Err(error) => app.unopened(error).changed,
    }
}

/// Listens to the terminal: what is typed goes to the explorer, what is answered to how it looks.
struct Ear {
    answers: Answers,
    pastes: Pastes,
    appearance: Appearance,
    /// Whether an answer came since somebody asked.
    answered: bool,
    /// Whether the terminal had another size since the last frame, be it for a moment: it may have cut off what stood
    /// there.
    resized: bool,
}

impl Ear {
    fn new(appearance: Appearance) -> Self {
        Self {
            answers: Answers::default(),
            pastes: Pastes::default(),
            appearance,
            answered: false,
            resized: false,
        }
    }

    /// When there is something to say or to let go by time alone.
    fn due(&self) -> Option<Instant> {
        self.answers.due().into_iter().chain(self.pastes.due()).min()
    }

    /// One event from the terminal.
    fn hear(&mut self, app: &mut App, input: Input, at: Moment, real: Instant) -> Turn {
        match input {
            // Some terminals report the release of a key too.
            Input::Key(key) if key.kind == KeyEventKind::Release => Turn::default(),
            Input::Key(_) | Input::Mouse(_) if !self.pastes.is_pressed(real) => Turn::default(),
            Input::Key(key) => match self.answers.key(key, real) {
                Heard::Typed(keys) => typed(app, keys, at),
                Heard::Nothing => Turn::default(),
                Heard::Background(background) => {
                    self.answered = true;
                    app.dress(self.appearance.theme(Some(background)).0)
                }
            },
            Input::Paste(text) => {
                self.pastes.pasted(real);
                app.paste(&text, at)
            }
            // A replay's time may stand still: two clicks are two clicks all the same.
            Input::Mouse(event) => app.mouse(event, at, real),
            // The frame asks for the size itself.
            Input::Resize(..) => {
                self.resized = true;
                Turn::CHANGED
            }
            _ => Turn::default(),
        }
    }

    /// A time has come: that of a key which was held back, or the explorer's own.
    fn wake(&mut self, app: &mut App, at: Moment, real: Instant) -> Turn {
        if let Some(words) = self.pastes.told(real) {
            return app.notice(words);
        }
        let late = self.answers.let_go(real);
        if late.is_empty() { app.wake(at) } else { typed(app, late, at) }
    }
}

fn typed(app: &mut App, keys: Vec<KeyEvent>, at: Moment) -> Turn {
    keys.into_iter().map(|key| app.key(key, at)).fold(Turn::default(), Turn::and)
}

fn draw(guard: &mut Guard, app: &mut App, at: Moment) -> io::Result<()> {
    let size = guard.screen().size()?;
    let _changed = app.resize(size.width, size.height);
    guard.screen().draw(|frame| app.view(at, frame.buffer_mut()))?;
    Ok(())
}

async fn sleep_until(clock: &Clock, wake: Option<Instant>) {
    match wake {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}
