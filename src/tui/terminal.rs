//! The terminal: taken over by one guard, and given back whole on every way out.
//!
//! ```text
//! enter ──► raw mode, alternate screen, bracketed paste, mouse, cursor hidden
//! leave ◄── drop, panic in any thread, suspend, signal
//! ```
//!
//! One thing is ever asked of the terminal, the colour of its background. Whoever leaves before it answered waits a
//! moment for that, so that the shell does not take the answer for typing.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::panic::PanicHookInfo;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::style::{Print, ResetColor};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::CrosstermBackend;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::answers::QUESTION;
use crate::engine::clock::Clock;
use crate::engine::contained::is_contained;
use crate::panics;

/// Presses, releases and what is dragged, in the form that has no bounds (xterm's 1000, 1002, 1006). Not 1003, which
/// crossterm's command sets too: the pointer's every move would wake us.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";
/// A terminal that has not answered by then, counted from when it was asked, will not.
const ANSWERS_WITHIN: Duration = Duration::from_millis(500);

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
    /// `src/x.rs:12`, of the first.
    place: Mutex<Option<String>>,
    notify: Notify,
}

/// What is written to: standard output, or the terminal itself where standard output leads elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Tty(Option<Arc<File>>);

/// What of the terminal is ours now. Shared with the panic hook.
#[derive(Debug)]
struct Held {
    is_ours: AtomicBool,
    tty: Tty,
    clock: Clock,
    /// Whether the mouse is wanted.
    mouse: AtomicBool,
    /// Until when the answer to what was asked is waited for.
    asked: Mutex<Option<Instant>>,
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
    pub fn enter(tty: Tty, clock: Clock, mouse: bool) -> io::Result<Self> {
        let held = Arc::new(Held {
            is_ours: AtomicBool::new(false),
            tty,
            clock,
            mouse: AtomicBool::new(mouse),
            asked: Mutex::new(None),
        });
        let fault = Arc::new(Fault::default());
        hook(Arc::clone(&held), Arc::clone(&fault));
        held.take()?;
        // From here on the terminal is given back even when what follows fails.
        let undo = Undo(Arc::clone(&held));
        let screen = ratatui::Terminal::new(CrosstermBackend::new(Frames::new(Arc::clone(&held))))?;
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

    /// Asks for the colour of the background; the answer comes among the keys (see [`answers`](super::answers)).
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn ask_background(&mut self) -> io::Result<()> {
        *self.held.asked() = Some(self.held.clock.now() + ANSWERS_WITHIN);
        self.send(QUESTION)
    }

    /// What was asked is answered.
    pub fn answered(&mut self) {
        *self.held.asked() = None;
    }

    /// The terminal tells us of the mouse from now on, or keeps it to itself.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.held.mouse.store(on, Ordering::SeqCst);
        self.send(if on { MOUSE_ON } else { MOUSE_OFF })
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
        self.draw_anew()
    }

    /// Whatever is on the screen is not what was drawn: all of the next frame is sent.
    ///
    /// # Errors
    /// When the terminal cannot be asked for its size.
    pub fn draw_anew(&mut self) -> io::Result<()> {
        // `Terminal::clear` would ask the terminal where its cursor is; a resize to the same size clears too.
        let size = self.screen.size()?;
        self.screen.resize(size.into())
    }

    /// Rings the terminal's bell.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn bell(&mut self) -> io::Result<()> {
        self.send("\x07")
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
        let mouse = if self.mouse.load(Ordering::SeqCst) { MOUSE_ON } else { "" };
        execute!(self.tty.clone(), EnterAlternateScreen, EnableBracketedPaste, Hide, Print(mouse))
    }

    fn give_back(&self) -> io::Result<()> {
        if !self.is_ours.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        // Each on its own: one that fails must not keep the others from being done. The mouse is given back also where
        // it was not taken: somebody else may have left it on.
        let screen = execute!(
            self.tty.clone(),
            Print(MOUSE_OFF),
            DisableBracketedPaste,
            ResetColor,
            LeaveAlternateScreen,
            Show
        );
        self.await_answer();
        disable_raw_mode().and(screen)
    }

    fn asked(&self) -> MutexGuard<'_, Option<Instant>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up the answer that is still to come, while nothing that comes is echoed.
    fn await_answer(&self) {
        let Some(until) = self.asked().take() else { return };
        let terminal = io::stdin();
        // What is piped in is nobody's answer.
        if !terminal.is_terminal() {
            return;
        }
        let mut came = Vec::new();
        loop {
            let left = until.saturating_duration_since(self.clock.now());
            let Ok(left) = Timespec::try_from(left) else { return };
            let mut ready = [PollFd::new(&terminal, PollFlags::IN)];
            let mut chunk = [0; 256];
            // Hung up, out of time or of patience: there is nobody to answer, or to leak to.
            if left == Timespec::default()
                || !matches!(poll(&mut ready, Some(&left)), Ok(1..))
                || !ready[0].revents().contains(PollFlags::IN)
            {
                return;
            }
            match rustix::io::read(&terminal, &mut chunk) {
                Ok(1..) if came.len() > chunk.len() * 16 => return,
                Ok(count @ 1..) => came.extend_from_slice(&chunk[..count]),
                _ => return,
            }
            if has_answer(&came) {
                return;
            }
        }
    }
}

/// Whether a whole answer is among what came.
fn has_answer(came: &[u8]) -> bool {
    const BEGIN: &[u8] = b"\x1b]11;";
    let find = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).position(|window| window == wanted);
    find(came, BEGIN).is_some_and(|at| {
        let rest = &came[at + BEGIN.len()..];
        find(rest, b"\x07").or_else(|| find(rest, b"\x1b\\")).is_some()
    })
}

impl Fault {
    /// Waits until there was a panic on any thread.
    pub async fn happened(&self) {
        self.notify.notified().await;
    }

    /// One line for standard error, when the terminal is back.
    pub fn message(&self) -> Option<String> {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        place.as_ref().map(|place| panics::line(place))
    }
}

/// Gives the terminal back before anything is said of a panic.
fn hook(held: Arc<Held>, fault: Arc<Fault>) {
    let drawing: ThreadId = std::thread::current().id();
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        if is_contained() || !held.is_ours.load(Ordering::SeqCst) {
            say(panic);
        } else if std::thread::current().id() == drawing {
            // The loop is unwinding; nothing is drawn after this.
            let _ = held.give_back();
            say(panic);
        } else {
            // The screen is still being drawn: the loop leaves, gives the terminal back and says it.
            let place = panics::note(panic);
            fault.place.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(place);
            fault.notify.notify_one();
        }
    }));
}

/// Collects a frame and writes it at once, between the marks of a synchronized update, so that no
/// terminal ever shows half of it; and nothing while the terminal is somebody else's.
#[derive(Debug)]
pub struct Frames {
    frame: Vec<u8>,
    held: Arc<Held>,
}

impl Frames {
    const BEGIN: &[u8] = b"\x1b[?2026h";
    const END: &[u8] = b"\x1b[?2026l";

    fn new(held: Arc<Held>) -> Self {
        Self { frame: Vec::with_capacity(64 * 1024), held }
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
        let mut out = self.held.tty.clone();
        let written = if self.held.is_ours.load(Ordering::SeqCst) {
            out.write_all(&self.frame).and_then(|()| out.flush())
        } else {
            Ok(())
        };
        self.frame.clear();
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_whole_among_what_is_typed() {
        for (came, whole) in [
            (&b"q\x1b]11;rgb:0/0/0\x1b\\"[..], true),
            (b"\x1b]11;rgb:0/0/0\x07q", true),
            (b"\x1b]11;rgb:0/0/0\x1b", false),
            (b"\x07\x1b]11;rgb:0/0", false),
            (b"\x1b]52;c;\x07", false),
            (b"", false),
        ] {
            assert_eq!(has_answer(came), whole, "{}", came.escape_ascii());
        }
    }
}
