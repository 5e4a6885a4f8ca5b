//! The background task behind an explorer over a recording: what came comes again, at its times.
//!
//! ```text
//! FILE ─► Reader ─► Event::Played (with its own time) ─► the explorer, as from a worker
//! Command::Replay ─► stop, step, seek, faster        every other command: nobody is asked
//! ```
//!
//! The time of the replay is a clock of its own ([`Pace`]), which the explorer draws by: ages, waits and countdowns are
//! those of the session, at any speed, and stand still with it.

use std::time::Duration;

use tokio::sync::mpsc;

use super::read::{Item, Reader};
use crate::engine::clock::{Clock, Pace, later};
use crate::engine::event::replay::{Played, Replay, Stands, Steer, What};
use crate::engine::event::{Command, Event};
use crate::engine::worker::Worker;

/// How many times as fast as it was, step by step.
const SPEEDS: [f64; 11] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// Plays a recording until the handle's command sender is dropped.
pub async fn run(worker: Worker, reader: Reader, pace: Pace, speed: f64) {
    let (mut commands, events) = worker.split();
    let clock = Clock::paced(pace.clone());
    let mut player = Player { reader, pace, events, speed, paused: false, ended: false };
    player.pace.go(speed);
    if player.stands().await.is_none() {
        return;
    }
    loop {
        let due = player.reader.next_at().filter(|_| !player.paused && !player.ended);
        let at = due.map(|due| later(player.pace.from(), due));
        let came = tokio::select! {
            biased;
            command = commands.recv() => match command {
                Some(Command::Replay(steer)) => player.steer(steer).await,
                // Nobody is there to be asked.
                Some(_) => Some(()),
                None => return,
            },
            () = until(&clock, at), if at.is_some() => player.go_on().await,
        };
        // Nobody watches any more.
        if came.is_none() {
            return;
        }
    }
}

async fn until(clock: &Clock, at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

struct Player {
    reader: Reader,
    pace: Pace,
    events: mpsc::Sender<Event>,
    speed: f64,
    paused: bool,
    ended: bool,
}

impl Player {
    /// Plays the line that is due, and stops where it was the last.
    async fn go_on(&mut self) -> Option<()> {
        self.line().await?;
        if self.reader.next_at().is_none() && !self.ended { self.end().await } else { Some(()) }
    }

    async fn end(&mut self) -> Option<()> {
        (self.ended, self.paused) = (true, true);
        self.pace.jump(self.reader.length(), 0.0);
        self.stands().await
    }

    /// Plays the next line; whether it is something to look at.
    async fn line(&mut self) -> Option<bool> {
        let Some(line) = self.reader.next(self.pace.from()) else { return Some(false) };
        let (at, item) = match line {
            Ok(line) => line,
            Err(error) => {
                // What stands behind it may rest on it.
                (self.ended, self.paused) = (true, true);
                self.pace.go(0.0);
                self.tell(Event::Replay(Replay::Damaged(error))).await?;
                self.stands().await?;
                return Some(true);
            }
        };
        let (what, seen) = match item {
            Item::Exchange => return Some(false),
            Item::Command(command) => (What::Command(command), false),
            Item::Event(event) => {
                let seen = !matches!(event, Event::Limits(_));
                (What::Event(event), seen)
            }
        };
        let played = Played { at: later(self.pace.from(), at), wall: self.pace.wall(at), what };
        self.tell(Event::Played(Box::new(played))).await?;
        Some(seen)
    }

    async fn steer(&mut self, steer: Steer) -> Option<()> {
        match steer {
            Steer::Pause if self.ended => {}
            Steer::Pause => {
                self.paused = !self.paused;
                self.go();
            }
            Steer::Step => {
                self.paused = true;
                self.go();
                while let Some(at) = self.reader.next_at().filter(|_| !self.ended) {
                    self.pace.jump(at.max(self.pace.position()), 0.0);
                    if self.line().await? {
                        break;
                    }
                }
                if self.reader.next_at().is_none() && !self.ended {
                    return self.end().await;
                }
            }
            Steer::Forward(by) => return self.seek(self.pace.position().saturating_add(by)).await,
            Steer::Back(by) => return self.seek(self.pace.position().saturating_sub(by)).await,
            Steer::Faster => self.change_speed(SPEEDS.iter().copied().find(|speed| *speed > self.speed)),
            Steer::Slower => self.change_speed(SPEEDS.iter().copied().rfind(|speed| *speed < self.speed)),
        }
        self.stands().await
    }

    fn change_speed(&mut self, speed: Option<f64>) {
        self.speed = speed.unwrap_or(self.speed);
        self.go();
    }

    /// Has its time go by as it is to.
    fn go(&self) {
        self.pace.go(if self.paused { 0.0 } else { self.speed });
    }

    /// Goes to a place: all that came up to there comes at once.
    async fn seek(&mut self, to: Duration) -> Option<()> {
        let to = to.min(self.reader.length());
        if to < self.pace.position() {
            self.reader.rewind();
            self.tell(Event::Replay(Replay::Anew)).await?;
            // At the end it stood still by itself.
            self.paused &= !self.ended;
            self.ended = false;
        }
        if self.ended {
            return self.stands().await;
        }
        self.pace.jump(to, if self.paused { 0.0 } else { self.speed });
        while self.reader.next_at().is_some_and(|at| at <= to) && !self.ended {
            self.line().await?;
        }
        if self.reader.next_at().is_none() && !self.ended { self.end().await } else { self.stands().await }
    }

    async fn stands(&self) -> Option<()> {
        let stands = Stands {
            since: self.pace.from(),
            length: self.reader.length(),
            lines: (self.reader.read(), self.reader.lines()),
            speed: self.speed,
            paused: self.paused,
            ended: self.ended,
        };
        self.tell(Event::Replay(Replay::Stands(stands))).await
    }

    /// `None`: nobody watches any more.
    async fn tell(&self, event: Event) -> Option<()> {
        self.events.send(event).await.ok()
    }
}
