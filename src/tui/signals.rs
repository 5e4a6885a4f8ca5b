//! Signals: TERM, HUP and INT leave, TSTP stops after the terminal was given back, CONT takes it again.

use std::io;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Leave with this exit code: 128 and the signal's number.
    Leave(u8),
    /// To the background.
    Suspend,
    /// Back from a stop that was not ours.
    Continued,
}

#[cfg(unix)]
pub use unix::Signals;

#[cfg(unix)]
mod unix {
    use rustix::process::{
        Pid, Signal, getpgid, getpgrp, getpid, getppid, getsid, kill_current_process_group, kill_process,
    };
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::{Told, io};

    /// Listens for signals.
    #[derive(Debug)]
    pub struct Signals {
        terminate: Stream,
        hang_up: Stream,
        interrupt: Stream,
        stop: Stream,
        go_on: Stream,
        /// Our own TSTP and CONT, which come back to us after a suspend of our own.
        own_stops: u32,
        own_continues: u32,
    }

    impl Signals {
        /// Starts listening.
        ///
        /// # Errors
        /// When a handler cannot be set.
        pub fn new() -> io::Result<Self> {
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                hang_up: signal(SignalKind::hangup())?,
                interrupt: signal(SignalKind::interrupt())?,
                stop: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
                go_on: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
                own_stops: 0,
                own_continues: 0,
            })
        }

        /// Waits for a signal that asks for something.
        pub async fn told(&mut self) -> Told {
            loop {
                tokio::select! {
                    _ = self.terminate.recv() => return Told::Leave(143),
                    _ = self.hang_up.recv() => return Told::Leave(129),
                    _ = self.interrupt.recv() => return Told::Leave(130),
                    _ = self.stop.recv() => {
                        if self.own_stops == 0 {
                            return Told::Suspend;
                        }
                        self.own_stops -= 1;
                    }
                    _ = self.go_on.recv() => {
                        if self.own_continues == 0 {
                            return Told::Continued;
                        }
                        self.own_continues -= 1;
                    }
                }
            }
        }

        /// Whether somebody is there who could bring us back: a process group whose leader's parent is not in
        /// our session is never continued by a shell.
        pub fn can_suspend(&self) -> bool {
            // Of another leader's parent we know nothing; a shell script started us, and a shell started it.
            getpgrp() != getpid() || getppid().is_some_and(is_shell_of_ours)
        }

        /// Stops, with everybody in our process group, until a shell continues us.
        pub fn suspend(&mut self) {
            // Our own handler catches TSTP, so it stops the others alone; STOP then stops us.
            if kill_current_process_group(Signal::TSTP).is_ok() {
                self.own_stops = 1;
            }
            self.own_continues = 1;
            if kill_process(getpid(), Signal::STOP).is_err() {
                self.own_continues = 0;
            }
        }
    }

    fn is_shell_of_ours(parent: Pid) -> bool {
        let same_session =
            matches!((getsid(Some(parent)), getsid(None)), (Ok(theirs), Ok(ours)) if theirs == ours);
        let other_group = getpgid(Some(parent)).is_ok_and(|group| group != getpgrp());
        same_session && other_group
    }
}

#[cfg(not(unix))]
pub use elsewhere::Signals;

#[cfg(not(unix))]
mod elsewhere {
    use super::{Told, io};

    /// Listens for Ctrl-C from outside; there are no other signals here.
    #[derive(Debug)]
    pub struct Signals;

    impl Signals {
        /// Starts listening.
        ///
        /// # Errors
        /// Never.
        pub fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Waits for an interrupt.
        pub async fn told(&mut self) -> Told {
            match tokio::signal::ctrl_c().await {
                Ok(()) => Told::Leave(130),
                Err(_) => std::future::pending().await,
            }
        }

        /// There is no job control here.
        pub fn can_suspend(&self) -> bool {
            false
        }

        /// Does nothing.
        pub fn suspend(&mut self) {}
    }
}
