//! The terminal: taken over by one guard, and given back whole on every way out.
//!
//! ```text
//! enter ──► raw mode, alternate screen, bracketed paste, cursor hidden
//! leave ◄── drop, panic in any thread, suspend, signal
//! ```
//!
//! Nothing is ever asked of the terminal: an answer that comes late would be taken for typing.

use std::fs::File;
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ThreadId;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::style::ResetColor;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::CrosstermBackend;
use tokio::sync::Notify;

use crate::engine::contained::is_contained;

/// The terminal as ratatui sees it.
pub type Screen = ratatui::Terminal<CrosstermBackend<Frames>>;

/// Owns the terminal; dropping it gives the terminal back.
pub struct Guard {
    screen: Screen,
    held: Arc<Held>,
    fault: Arc<Fault>,
}

/// A panic, wherever it was.
#[derive(Debug, Default)]
pub struct Fault {
    /// `src/x.rs:12`; never the message, which can hold personal values.
    place: Mutex<Option<String>>,
    notify: Notify,
}

/// What is written to: standard output, or the terminal itself where standard output leads elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Tty(Option<Arc<File>>);

/// Whether the terminal is ours now. Shared with the panic hook.
#[derive(Debug, Default)]
struct Held {
    is_ours: AtomicBool,
    tty: Tty,
}

impl Tty {
    /// The terminal of this session, whatever standard output is.
    ///
    /// # Errors
    /// There is none.
    pub fn of_session() -> io::Result<Self> {
        Ok(Self(Some(Arc::new(File::options().read(true).write(true).open("/dev/tty")?))))
    }

    /// For a program that is given the terminal: what it reads from or writes to in the place of our own.
    ///
    /// # Errors
    /// No more files can be open.
    pub fn lent(&self) -> io::Result<Stdio> {
        Ok(match &self.0 {
            Some(file) => file.try_clone()?.into(),
            None => Stdio::inherit(),
        })
    }
}

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.0 {
            Some(file) => (&**file).write(bytes),
            None => io::stdout().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &self.0 {
            Some(file) => (&**file).flush(),
            None => io::stdout().flush(),
        }
    }
}

impl Guard {
    /// Takes the terminal over.
    ///
    /// Call it on the thread that draws: a panic there gives the terminal back at once, one on any other
    /// thread asks the loop to leave (see [`Fault::happened`]).
    ///
    /// # Errors
    /// When it is no terminal, or cannot be written to.
    pub fn enter(tty: Tty) -> io::Result<Self> {
        let held = Arc::new(Held { is_ours: AtomicBool::default(), tty: tty.clone() });
        let fault = Arc::new(Fault::default());
        hook(Arc::clone(&held), Arc::clone(&fault));
        held.take()?;
        // From here on the terminal is given back even when what follows fails.
        let undo = Undo(Arc::clone(&held));
        let screen = ratatui::Terminal::new(CrosstermBackend::new(Frames::new(tty)))?;
        std::mem::forget(undo);
        Ok(Self { screen, held, fault })
    }

    /// What is drawn on.
    pub fn screen(&mut self) -> &mut Screen {
        &mut self.screen
    }

    /// The panic that may have happened.
    pub fn fault(&self) -> Arc<Fault> {
        Arc::clone(&self.fault)
    }

    /// Gives the terminal back for a while.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub fn release(&mut self) -> io::Result<()> {
        self.held.give_back()
    }

    /// Takes it over again, with nothing on it.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub fn resume(&mut self) -> io::Result<()> {
        // After a stop from outside we never let go, and the shell has set the terminal its own way.
        self.held.give_back()?;
        self.held.take()?;
        // `Terminal::clear` would ask the terminal where its cursor is; a resize to the same size clears too.
        let size = self.screen.size()?;
        self.screen.resize(size.into())
    }

    /// Sends the terminal something that is no picture: a text for its clipboard.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn send(&mut self, sequence: &str) -> io::Result<()> {
        let mut out = self.held.tty.clone();
        out.write_all(sequence.as_bytes())?;
        out.flush()
    }

    /// The terminal, to be lent to another program after [`release`](Self::release).
    pub fn tty(&self) -> &Tty {
        &self.held.tty
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Nobody is left to tell.
        let _ = self.held.give_back();
    }
}

struct Undo(Arc<Held>);

impl Drop for Undo {
    fn drop(&mut self) {
        let _ = self.0.give_back();
    }
}

impl Held {
    fn take(&self) -> io::Result<()> {
        enable_raw_mode()?;
        self.is_ours.store(true, Ordering::SeqCst);
        execute!(self.tty.clone(), EnterAlternateScreen, EnableBracketedPaste, Hide)
    }

    fn give_back(&self) -> io::Result<()> {
        if !self.is_ours.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        // Each on its own: one that fails must not keep the others from being done.
        let screen =
            execute!(self.tty.clone(), DisableBracketedPaste, ResetColor, LeaveAlternateScreen, Show);
        disable_raw_mode().and(screen)
    }
}

impl Fault {
    /// Waits until there was a panic on any thread.
    pub async fn happened(&self) {
        self.notify.notified().await;
    }

    /// One line for standard error, when the terminal is back.
    pub fn message(&self) -> Option<String> {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        place.as_ref().map(|place| message(place))
    }
}

fn message(place: &str) -> String {
    format!("cxlens: a fault of its own at {place}; the terminal is restored, please report this place")
}

/// Replaces the panic hook by one that never prints the panic's message.
fn hook(held: Arc<Held>, fault: Arc<Fault>) {
    let drawing: ThreadId = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        let place = info.location().map_or_else(|| "?".to_owned(), |l| format!("{}:{}", l.file(), l.line()));
        if is_contained() {
            tracing::warn!(%place, "a panic that was contained");
            return;
        }
        tracing::error!(%place, "panic");
        if std::thread::current().id() == drawing {
            // The loop is unwinding; nothing is drawn after this.
            let _ = held.give_back();
            say(&message(&place));
        } else if held.is_ours.load(Ordering::SeqCst) {
            // The screen is still being drawn: the loop leaves, gives the terminal back and says it.
            *fault.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
            fault.notify.notify_one();
        } else {
            say(&message(&place));
        }
    }));
}

/// One line on standard error, after the terminal is back.
#[expect(clippy::print_stderr, reason = "the screen is gone; this is all there is left to say")]
pub fn say(line: &str) {
    eprintln!("{line}");
}

/// Collects a frame and writes it at once, between the marks of a synchronized update, so that no
/// terminal ever shows half of it.
#[derive(Debug)]
pub struct Frames {
    frame: Vec<u8>,
    out: Tty,
}

impl Frames {
    const BEGIN: &[u8] = b"\x1b[?2026h";
    const END: &[u8] = b"\x1b[?2026l";

    fn new(out: Tty) -> Self {
        Self { frame: Vec::with_capacity(64 * 1024), out }
    }
}

impl Write for Frames {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.frame.is_empty() {
            self.frame.extend_from_slice(Self::BEGIN);
        }
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        self.frame.extend_from_slice(Self::END);
        let written = self.out.write_all(&self.frame).and_then(|()| self.out.flush());
        self.frame.clear();
        written
    }
}
