//! Signals: TERM, HUP, INT and QUIT leave, TSTP stops after the terminal was given back, CONT takes it again.

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
    // Not rustix: for it a process has an ID, and a leader whom our namespace does not show has 0.
    use nix::unistd::{getpgid, getpgrp, getppid, getsid};
    use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::{Told, io};

    /// Listens for signals.
    #[derive(Debug)]
    pub struct Signals {
        terminate: Stream,
        hang_up: Stream,
        interrupt: Stream,
        quit: Stream,
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
                quit: signal(SignalKind::quit())?,
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
                    _ = self.quit.recv() => return Told::Leave(131),
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

        /// Whether somebody is there who could bring us back.
        pub fn can_suspend(&self) -> bool {
            Self::can_be_brought_back()
        }

        fn can_be_brought_back() -> bool {
            let leads =
                |of| Some(Leads { session: getsid(of).ok()?.as_raw(), group: getpgid(of).ok()?.as_raw() });
            let is_leader = getpgrp() == nix::unistd::getpid();
            !is_leader || can_be_continued(leads(None), leads(Some(getppid())))
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

    /// Who leads a process's session and its group; 0 is somebody whom we cannot see from where we are.
    #[derive(Clone, Copy, Debug)]
    struct Leads {
        session: i32,
        group: i32,
    }

    /// Whether a shell may continue a process group that we lead: our parent must be in our session and in
    /// another group. (Of the parent of another leader we know nothing: a script started us, and a shell it.)
    fn can_be_continued(ours: Option<Leads>, parents: Option<Leads>) -> bool {
        ours.zip(parents).is_some_and(|(ours, parents)| {
            ours.session != 0 && ours.session == parents.session && ours.group != parents.group
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn only_a_parent_in_our_session_and_another_group_brings_us_back() {
            let leads = |session, group| Some(Leads { session, group });
            for (parents, expected, who) in [
                (leads(7, 7), true, "a shell on our terminal"),
                (leads(7, 9), false, "a script of our own group"),
                (leads(5, 5), false, "whoever gave us a terminal of our own"),
                (leads(0, 5), false, "a process whose session began outside of our namespace"),
                (None, false, "nobody that can be seen"),
            ] {
                assert_eq!(can_be_continued(leads(7, 9), parents), expected, "{who}");
            }
            assert!(!can_be_continued(leads(0, 9), leads(0, 5)), "two unknown sessions are not one");
        }

        #[test]
        fn whoever_started_this_test_can_be_asked_about() {
            // In a container the leaders of our parent's session and group may be invisible: no panic then.
            let _ = Signals::can_be_brought_back();
        }
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
