//! SIGINT, SIGTERM and SIGHUP: the first asks a command to stop, the second stops it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// How long a command may take to end in good order once it was asked to, unless it [moves](Signals::while_it_moves).
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
pub struct Signals {
    first: mpsc::Receiver<Signal>,
    /// How often the command said that it moves.
    moved: Arc<AtomicU64>,
}

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
        let (tx, first) = mpsc::channel(1);
        let moved = Arc::new(AtomicU64::new(0));
        let moves = Arc::clone(&moved);
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
            let last = loop {
                let before = moves.load(Ordering::Relaxed);
                match tokio::time::timeout(PATIENCE, next()).await {
                    Ok(last) => break last,
                    Err(_) if moves.load(Ordering::Relaxed) == before => break first,
                    Err(_) => {}
                }
            };
            std::process::exit(i32::from(last.exit_code()));
        });
        Ok(Self { first, moved })
    }

    /// A source of signals that a test holds the other end of.
    #[cfg(test)]
    pub(crate) fn from_test(first: mpsc::Receiver<Signal>) -> Self {
        Self { first, moved: Arc::default() }
    }

    /// The first signal, where it has arrived: for work that does not wait. To be called again and again: whoever asked
    /// for an end sees by it that there is work that moves, and has patience.
    pub fn while_it_moves(&mut self) -> Option<Signal> {
        self.moved.fetch_add(1, Ordering::Relaxed);
        self.first.try_recv().ok()
    }

    /// The first signal. Never ready again after it.
    pub async fn next(&mut self) -> Signal {
        match self.first.recv().await {
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
