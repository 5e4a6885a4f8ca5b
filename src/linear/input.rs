//! Where lines and signals come from.

use std::io::{self, BufRead as _};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// A line longer than this is none that anybody typed, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A wish from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C: the run stops; without one, or again, the session ends.
    Interrupt,
    /// The session ends, with this exit code.
    End(u8),
}

/// Lines of standard input, read by a thread of their own: a read that waits cannot be given up.
pub fn lines() -> mpsc::Receiver<String> {
    let (to, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        loop {
            let mut line = Vec::new();
            match io::Read::take(&mut input, LONGEST).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    let line = String::from_utf8_lossy(&line).into_owned();
                    if to.blocking_send(line).is_err() {
                        return;
                    }
                }
            }
        }
    });
    lines
}

/// SIGINT, SIGTERM and SIGHUP from now on.
///
/// # Errors
/// The handlers cannot be installed.
pub fn signals() -> io::Result<mpsc::Receiver<Signal>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let (to, signals) = mpsc::channel(4);
    tokio::spawn(async move {
        loop {
            let next = tokio::select! {
                Some(()) = interrupt.recv() => Signal::Interrupt,
                Some(()) = terminate.recv() => Signal::End(143),
                Some(()) = hang_up.recv() => Signal::End(129),
                else => return,
            };
            if to.send(next).await.is_err() {
                return;
            }
        }
    });
    Ok(signals)
}
