//! SIGINT, SIGTERM and SIGHUP: the first asks a command to stop, the second stops it.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// How long a command may take to end in good order once it was asked to.
const PATIENCE: Duration = Duration::from_secs(10);

/// A wish that the command should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal is gone.
    HangUp,
}

impl Signal {
    /// 128 and the signal's number, as shells have it.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::HangUp => 129,
        }
    }

    /// What happened, for a person.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Interrupt => "interrupted",
            Self::Terminate => "terminated",
            Self::HangUp => "hung up",
        }
    }
}

/// Where the first signal arrives.
#[derive(Debug)]
pub struct Signals(mpsc::Receiver<Signal>);

impl Signals {
    /// Listens from now on. A second signal ends the process at once, and so does patience that runs out: a command may
    /// hang in a write that nobody reads.
    ///
    /// # Errors
    /// The handlers cannot be installed.
    pub fn listen() -> io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up =
            if is_to_outlive_its_terminal() { None } else { Some(signal(SignalKind::hangup())?) };
        let (tx, rx) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut next = async || {
                let hung_up = async {
                    match &mut hang_up {
                        Some(hang_up) => hang_up.recv().await,
                        None => None,
                    }
                };
                tokio::select! {
                    Some(()) = interrupt.recv() => Signal::Interrupt,
                    Some(()) = terminate.recv() => Signal::Terminate,
                    Some(()) = hung_up => Signal::HangUp,
                }
            };
            let first = next().await;
            let _ = tx.send(first).await;
            let last = tokio::time::timeout(PATIENCE, next()).await.unwrap_or(first);
            std::process::exit(i32::from(last.exit_code()));
        });
        Ok(Self(rx))
    }

    /// A source of signals that a test holds the other end of.
    #[cfg(test)]
    pub(crate) fn from_test(rx: mpsc::Receiver<Signal>) -> Self {
        Self(rx)
    }

    /// The first signal. Never ready again after it.
    pub async fn next(&mut self) -> Signal {
        match self.0.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

/// Whether whoever started us has hang-ups ignored, as `nohup` does: to listen for them would undo that.
///
/// Where the system does not tell, they are left as they are.
fn is_to_outlive_its_terminal() -> bool {
    let ignored = || {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        // The lowest bit is signal 1, which is SIGHUP.
        Some(u64::from_str_radix(mask.trim(), 16).ok()? & 1 == 1)
    };
    ignored().unwrap_or(true)
}
