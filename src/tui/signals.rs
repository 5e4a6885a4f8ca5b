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
    use std::time::Duration;

    // Not rustix: for it a process has an ID, and a leader whom our namespace does not show has 0.
    use nix::unistd::{getpgid, getpgrp, getppid, getsid};
    use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::{Told, io};
    use crate::engine::clock::{Clock, later};

    /// For so long at most our own CONT is waited for once we were continued.
    const CONTINUED_WITHIN: Duration = Duration::from_secs(1);
    /// And for so long our own TSTP behind it, where it was not lost.
    const STOP_HEARD_WITHIN: Duration = Duration::from_millis(20);

    /// Listens for signals.
    #[derive(Debug)]
    pub struct Signals {
        terminate: Stream,
        hang_up: Stream,
        interrupt: Stream,
        quit: Stream,
        stop: Stream,
        go_on: Stream,
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
            })
        }

        /// Waits for a signal that asks for something.
        pub async fn told(&mut self) -> Told {
            tokio::select! {
                _ = self.terminate.recv() => Told::Leave(143),
                _ = self.hang_up.recv() => Told::Leave(129),
                _ = self.interrupt.recv() => Told::Leave(130),
                _ = self.quit.recv() => Told::Leave(131),
                _ = self.stop.recv() => Told::Suspend,
                _ = self.go_on.recv() => Told::Continued,
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
        pub async fn suspend(&mut self, clock: &Clock) {
            // Our own handler catches TSTP, so it stops the others alone; STOP then stops us.
            let stops = kill_current_process_group(Signal::TSTP).is_ok();
            if kill_process(getpid(), Signal::STOP).is_err() {
                return;
            }
            // Both come back to us, and are not to be taken for somebody's wish. CONT always does; what was not heard of
            // TSTP until then is gone with it, and a later one is somebody's.
            let heard = |by| clock.sleep_until(later(clock.now(), by));
            tokio::select! {
                _ = self.go_on.recv() => {}
                () = heard(CONTINUED_WITHIN) => {}
            }
            if stops {
                tokio::select! {
                    biased;
                    _ = self.stop.recv() => {}
                    () = heard(STOP_HEARD_WITHIN) => {}
                }
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
        pub async fn suspend(&mut self, _clock: &crate::engine::clock::Clock) {}
    }
}
