//! The terminal: taken over by one guard, and given back whole on every way out.
//!
//! ```text
//! enter ──► raw mode, alternate screen, bracketed paste, cursor hidden
//! leave ◄── drop, panic in any thread, suspend, signal
//! ```
//!
//! Nothing is ever asked of the terminal: an answer that comes late would be taken for typing.

use std::io::{self, Stdout, Write};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ThreadId;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::style::ResetColor;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::CrosstermBackend;
use tokio::sync::Notify;

use crate::engine::contained::is_contained;

/// The largest text that is copied: OSC 52 holds 100,000 bytes of base64 in the strictest terminals.
const MOST_COPIED: usize = 74_994;

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

/// Whether the terminal is ours now. Shared with the panic hook.
#[derive(Debug, Default)]
struct Held(AtomicBool);

impl Guard {
    /// Takes the terminal over.
    ///
    /// Call it on the thread that draws: a panic there gives the terminal back at once, one on any other
    /// thread asks the loop to leave (see [`Fault::happened`]).
    ///
    /// # Errors
    /// When standard output is no terminal, or cannot be written to.
    pub fn enter() -> io::Result<Self> {
        let held = Arc::new(Held::default());
        let fault = Arc::new(Fault::default());
        hook(Arc::clone(&held), Arc::clone(&fault));
        held.take()?;
        // From here on the terminal is given back even when what follows fails.
        let undo = Undo(Arc::clone(&held));
        let screen = ratatui::Terminal::new(CrosstermBackend::new(Frames::new()))?;
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

    /// Rings the terminal's bell.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn bell(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(b"\x07")?;
        out.flush()
    }

    /// Puts text on the clipboard by OSC 52, through tmux where we are in it; gives back what to tell.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn copy(&mut self, text: &str, in_tmux: bool) -> io::Result<String> {
        let Some(sequence) = osc52(text, in_tmux) else {
            return Ok(format!(
                "not copied: {} bytes are more than the {MOST_COPIED} that a terminal takes",
                text.len()
            ));
        };
        let mut out = io::stdout().lock();
        out.write_all(sequence.as_bytes())?;
        out.flush()?;
        Ok(format!("{} bytes sent to the terminal's clipboard (OSC 52)", text.len()))
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
        self.0.store(true, Ordering::SeqCst);
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide)
    }

    fn give_back(&self) -> io::Result<()> {
        if !self.0.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        // Each on its own: one that fails must not keep the others from being done.
        let screen = execute!(io::stdout(), DisableBracketedPaste, ResetColor, LeaveAlternateScreen, Show);
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
        } else if held.0.load(Ordering::SeqCst) {
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

/// The sequence that puts text on the clipboard, or `None` when it is too long.
///
/// tmux takes the bare sequence with `set-clipboard on` and hands the wrapped one on with
/// `allow-passthrough on`; which of them is set cannot be seen from inside, so it gets both.
fn osc52(text: &str, in_tmux: bool) -> Option<String> {
    if text.len() > MOST_COPIED {
        return None;
    }
    let bare = format!("\x1b]52;c;{}\x07", BASE64_STANDARD.encode(text));
    Some(if in_tmux { format!("\x1bPtmux;\x1b{bare}\x1b\\{bare}") } else { bare })
}

/// Collects a frame and writes it at once, between the marks of a synchronized update, so that no
/// terminal ever shows half of it.
#[derive(Debug)]
pub struct Frames {
    frame: Vec<u8>,
    out: Stdout,
}

impl Frames {
    const BEGIN: &[u8] = b"\x1b[?2026h";
    const END: &[u8] = b"\x1b[?2026l";

    fn new() -> Self {
        Self { frame: Vec::with_capacity(64 * 1024), out: io::stdout() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_base64_and_wrapped_for_tmux() {
        assert_eq!(osc52("Ada", false).unwrap(), "\x1b]52;c;QWRh\x07");
        assert_eq!(osc52("Ada", true).unwrap(), "\x1bPtmux;\x1b\x1b]52;c;QWRh\x07\x1b\\\x1b]52;c;QWRh\x07");
        assert!(osc52(&"x".repeat(MOST_COPIED), false).unwrap().len() <= 100_000);
        assert_eq!(osc52(&"x".repeat(MOST_COPIED + 1), false), None);
    }

    #[test]
    fn what_is_copied_cannot_end_the_sequence() {
        let sequence = osc52("a\x07b\x1b\\c", false).unwrap();
        assert_eq!(sequence.matches('\x07').count(), 1);
        assert_eq!(sequence.matches('\x1b').count(), 1);
    }
}
