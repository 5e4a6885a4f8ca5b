//! The explorer as lines of text: for screen readers, pipes and terminals that can do nothing else.
//!
//! ```text
//! a line ──► Asked ──► Session ──► Command ──► engine
//!                        │  ▲                    │
//!            sentences ◄─┘  └────── Event ◄──────┘
//! ```
//!
//! The same engine, rows and masking as on the screen, told in plain sentences, one a line, in the order in which
//! things happen: no box, no colour, no spinner, nothing that moves. Whatever comes from outside is cleaned where a
//! sentence is said.

mod commands;
pub mod input;
mod person;
mod session;
mod telling;

use std::io::{self, Write};

use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use self::input::Signal;
use self::session::Session;
use crate::engine::clock::Clock;
use crate::engine::error::{Error, Kind};
use crate::engine::query::Draft;
use crate::engine::text::clean;
use crate::engine::worker::Handle;
use crate::rows::Mask;

/// What a session is started with.
#[derive(Debug)]
pub struct Setup {
    /// The query that is ready to run.
    pub draft: Draft,
    /// Whether it runs as soon as the service is known.
    pub run_at_once: bool,
    /// Runs pause after so many rows; `None`: never.
    pub pause: Option<u64>,
    /// Bytes that rows may take in memory.
    pub budget: usize,
    /// Time.
    pub clock: Clock,
    /// The zone that times are told in.
    pub zone: TimeZone,
    /// How personal values are told.
    pub mask: Mask,
    /// Whether somebody types the lines: then they are taken while a run goes on, and a prompt asks for them. Lines from
    /// a pipe wait for the run before them.
    pub is_typed: bool,
}

/// Takes lines and tells what comes of them until the lines end, `quit`, or a signal. Returns the exit code: that of the
/// last run, as `query` has it.
///
/// # Errors
/// The sentences cannot be written, other than because nobody reads them any more.
pub async fn run(
    mut handle: Handle,
    setup: Setup,
    mut lines: mpsc::Receiver<String>,
    mut signals: mpsc::Receiver<Signal>,
    out: impl Write,
) -> io::Result<u8> {
    let is_typed = setup.is_typed;
    let mut session = Session::new(setup);
    let mut out = Said(out);
    let mut open = true;
    let mut asked_for = false;
    loop {
        for sentence in session.sentences() {
            if !out.say(&sentence)? {
                return Ok(0);
            }
        }
        for command in session.commands() {
            // A worker that is gone is told by its events.
            handle.recorder().command(&command);
            let _ = handle.commands.send(command).await;
        }
        if let Some(code) = session.left() {
            return Ok(code);
        }
        if !open && !session.is_busy() {
            return Ok(session.code());
        }
        let takes = open && (is_typed || !session.is_busy());
        if is_typed && takes && !asked_for {
            out.prompt()?;
            asked_for = true;
        }
        tokio::select! {
            biased;
            Some(signal) = signals.recv() => session.signal(signal),
            event = handle.events.recv() => match event {
                Some(event) => session.event(event),
                None => session.broken(&Error::new(
                    Kind::Local,
                    "the background task ended",
                    "",
                    "look into the diagnostic log, and report this as a defect",
                )),
            },
            line = lines.recv(), if takes => {
                asked_for = false;
                open = line.is_some();
                if let Some(line) = line {
                    session.line(&line);
                } else {
                    session.input_ended();
                }
            }
        }
    }
}

/// Where sentences go.
struct Said<W>(W);

impl<W: Write> Said<W> {
    /// Says one, cleaned; `false` where nobody reads any more.
    fn say(&mut self, sentence: &str) -> io::Result<bool> {
        let written = writeln!(self.0, "{}", clean(sentence)).and_then(|()| self.0.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            written => written.map(|()| true),
        }
    }

    fn prompt(&mut self) -> io::Result<()> {
        write!(self.0, "> ").and_then(|()| self.0.flush())
    }
}
