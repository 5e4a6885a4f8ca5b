//! A jq expression over one profile, worked out where it can do no harm: in a process of its own.
//!
//! ```text
//! key ──► Ask ──► a thread that may wait ──starts──► cxlens (this program, as `jq`)
//!                  │ kills it at its deadline         │ bounds its own memory and time, knows neither files
//!                  ▼                                  ▼ nor the environment, says value after value
//!                 Answer ◄───────── pipe ─────────────┘
//! ```
//!
//! A thread would not do. An expression can ask for something that never yields, for all memory there is, or for a
//! recursion that overruns its stack, which ends a whole program; none of these can be stopped from outside of a thread.
//! A process can be killed, and then nothing of it is left.

mod child;
mod language;

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

pub use child::serve;
use child::{Frame, MOST_BYTES};

/// The hidden command that makes of this program one that answers.
pub const COMMAND: &str = "jq";
/// How long an expression may take.
pub const DEADLINE: Duration = Duration::from_millis(300);
/// How long the process may take to be there at all.
const START: Duration = Duration::from_secs(5);
/// How often a look is taken at whether the answer is still wanted.
const A_GLANCE: Duration = Duration::from_millis(15);

/// An expression that is to be worked out.
pub struct Ask {
    /// Which one: the answer has it too.
    pub ticket: u64,
    /// In the language of jq.
    pub expression: String,
    /// The JSON that it is worked out over.
    pub json: Arc<str>,
    /// Whether the answer is not wanted any more.
    pub dropped: Arc<AtomicBool>,
}

impl fmt::Debug for Ask {
    /// Without the expression and the JSON, which may name people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ask({})", self.ticket)
    }
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The values in their order, each as JSON over several lines; more than one are separated by line breaks.
    pub text: String,
    /// How many they are.
    pub values: usize,
    /// Why there are no more.
    pub end: End,
}

/// Why an expression says no more.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum End {
    /// It is done.
    #[default]
    Done,
    /// More came than can be shown.
    Cut,
    /// It is no expression, or met what it cannot work on.
    Refused {
        /// The character of the expression where that is, where it is known.
        at: Option<usize>,
        /// What was expected, or what went wrong.
        why: String,
    },
    /// It was stopped, and why.
    Stopped(String),
}

impl Ask {
    /// Works it out in a process of its own. To be called on a thread that may wait.
    pub fn run(&self) -> Answer {
        self.run_by(this_program())
    }

    /// The same, by a program that is told.
    pub fn run_by(&self, program: io::Result<PathBuf>) -> Answer {
        program.and_then(|program| self.within(&program, DEADLINE)).unwrap_or_else(|error| {
            let why = format!("the process that works it out cannot be started: {error}");
            Answer { end: End::Stopped(why), ..Answer::default() }
        })
    }

    /// Works it out here, without any bound of time.
    #[cfg(test)]
    pub(crate) fn run_here(&self) -> Answer {
        let mut said = Vec::new();
        child::answer(&self.expression, &self.json, &mut said);
        read(&said).0
    }

    fn within(&self, program: &Path, deadline: Duration) -> io::Result<Answer> {
        let mut process = Command::new(program)
            .arg(COMMAND)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (pipes, is_there) = (process.stdin.take().zip(process.stdout.take()), mpsc::channel());
        let (begun, begins) = is_there;
        let question = child::question(&self.expression, &self.json);
        let reading = std::thread::Builder::new().name("jq".to_owned()).spawn(move || {
            let mut said = Vec::new();
            if let Some((mut stdin, mut stdout)) = pipes {
                // A process that is gone takes nothing; what it said counts.
                let _ = stdin.write_all(&question);
                drop(stdin);
                let mut first = [0];
                if stdout.read_exact(&mut first).is_ok() {
                    let _ = begun.send(());
                    let _ = stdout.take(4 * MOST_BYTES as u64).read_to_end(&mut said);
                }
            }
            said
        });
        let reading = reading.inspect_err(|_| drop(process.kill()))?;
        let stopped = self.wait(&begins, deadline);
        if stopped.is_some() {
            process.kill()?;
        }
        let status = process.wait()?;
        let said = reading.join().unwrap_or_default();
        let (mut answer, is_whole) = read(&said);
        if let Some(why) = stopped {
            answer.end = End::Stopped(why);
        } else if !is_whole {
            tracing::debug!(%status, "an expression ended the process that worked it out");
            let why = "stopped: it needs more memory, or goes deeper, than an expression may";
            answer.end = End::Stopped(why.to_owned());
        }
        Ok(answer)
    }

    /// Waits for the end of the answer; why it must be stopped, if it must.
    fn wait(&self, begins: &mpsc::Receiver<()>, deadline: Duration) -> Option<String> {
        let not_wanted = || self.dropped.load(Ordering::Relaxed).then(|| "not wanted any more".to_owned());
        let mut left = START;
        let mut begun = false;
        loop {
            match begins.recv_timeout(A_GLANCE.min(left)) {
                Ok(()) => (left, begun) = (deadline, true),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => left = left.saturating_sub(A_GLANCE),
            }
            if let Some(why) = not_wanted() {
                return Some(why);
            }
            if left.is_zero() && begun {
                return Some(format!("stopped after {} ms: it did not come to an end", deadline.as_millis()));
            }
            if left.is_zero() {
                return Some(format!("stopped: nothing was heard for {} s", START.as_secs()));
            }
        }
    }
}

/// The program that answers: this one, also where its file was replaced meanwhile.
///
/// # Errors
/// The system does not say where it is.
fn this_program() -> io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { Ok(running) } else { std::env::current_exe() }
}

/// What was said, and whether its end was among it.
fn read(said: &[u8]) -> (Answer, bool) {
    let mut answer = Answer::default();
    for frame in said.split(|byte| *byte == 0) {
        match Frame::read(frame) {
            Some(Frame::Value(text)) => {
                if answer.values > 0 {
                    answer.text.push('\n');
                }
                answer.text.push_str(&text);
                answer.values += 1;
            }
            Some(Frame::End(end)) => {
                answer.end = end;
                return (answer, true);
            }
            None => {}
        }
    }
    (answer, false)
}
