//! The one place that reads time.
//!
//! Everything else is handed a [`Clock`] (or an instant). Durations and expiry run on the monotonic
//! clock of tokio, which tests pause and advance; wall time is for people and for `Retry-After` dates.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A source of monotonic and wall time.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    /// Wall time that moves with tokio's clock, from a chosen start.
    Fixed {
        from: Instant,
        wall: Timestamp,
    },
    /// The time of a replay.
    Paced(Pace),
}

/// How a replay's time goes by: it begins when the recording did, stands still, runs faster or slower, and jumps. Cheap to
/// clone.
#[derive(Clone, Debug)]
pub struct Pace(Arc<Paced>);

#[derive(Debug)]
struct Paced {
    /// The instant, and the wall time, of its beginning.
    from: Instant,
    wall: Timestamp,
    anchor: Mutex<Anchor>,
    changed: Notify,
}

/// Where it stood when it was changed last, and how it goes on from there.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    real: Instant,
    position: Duration,
    /// 0: it stands still.
    speed: f64,
}

impl Pace {
    /// Time that begins then, and stands still at first.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn new(wall: Timestamp) -> Self {
        let real = Instant::now();
        let anchor = Anchor { real, position: Duration::ZERO, speed: 0.0 };
        Self(Arc::new(Paced { from: real, wall, anchor: Mutex::new(anchor), changed: Notify::new() }))
    }

    /// The instant of its beginning.
    pub fn from(&self) -> Instant {
        self.0.from
    }

    /// How far it is from its beginning.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn position(&self) -> Duration {
        let Anchor { real, position, speed } = *self.anchor();
        let went = Instant::now().saturating_duration_since(real).as_secs_f64() * speed;
        position.saturating_add(Duration::try_from_secs_f64(went).unwrap_or(Duration::MAX))
    }

    /// Goes on at this speed from here; 0: stands still.
    pub fn go(&self, speed: f64) {
        self.jump(self.position(), speed);
    }

    /// Goes on there at this speed.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn jump(&self, position: Duration, speed: f64) {
        *self.anchor() = Anchor { real: Instant::now(), position, speed };
        self.0.changed.notify_waiters();
    }

    /// The wall time at a place.
    pub fn wall(&self, position: Duration) -> Timestamp {
        self.0.wall.saturating_add(position).unwrap_or(self.0.wall)
    }

    /// When a moment of its own comes, as the machine tells time; `None`: not while it stands still.
    fn real(&self, at: Instant) -> Option<Instant> {
        let Anchor { real, position, speed } = *self.anchor();
        let left = at.saturating_duration_since(later(self.0.from, position)).as_secs_f64();
        if left <= 0.0 {
            return Some(real);
        }
        (speed > 0.0).then(|| later(real, Duration::try_from_secs_f64(left / speed).unwrap_or(Duration::MAX)))
    }

    fn anchor(&self) -> MutexGuard<'_, Anchor> {
        // Whole between any two statements: a panic elsewhere spoils nothing.
        self.0.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock {
    /// The machine's clocks.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// Wall time starts at `wall` and moves with tokio's (pausable) clock. For tests and replays.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn starting_at(wall: Timestamp) -> Self {
        Self(Kind::Fixed { from: Instant::now(), wall })
    }

    /// The time of a replay.
    pub fn paced(pace: Pace) -> Self {
        Self(Kind::Paced(pace))
    }

    /// Monotonic time; only differences mean anything.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Instant {
        match &self.0 {
            Kind::System | Kind::Fixed { .. } => Instant::now(),
            Kind::Paced(pace) => later(pace.from(), pace.position()),
        }
    }

    /// When a moment of this clock comes, as the machine tells time; `None`: not as long as the clock stands still.
    pub fn real(&self, at: Instant) -> Option<Instant> {
        match &self.0 {
            Kind::System | Kind::Fixed { .. } => Some(at),
            Kind::Paced(pace) => pace.real(at),
        }
    }

    /// Wall time, UTC.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn wall(&self) -> Timestamp {
        match &self.0 {
            Kind::System => Timestamp::now(),
            Kind::Fixed { from, wall } => {
                let elapsed = Instant::now().saturating_duration_since(*from);
                wall.saturating_add(elapsed).unwrap_or(*wall)
            }
            Kind::Paced(pace) => pace.wall(pace.position()),
        }
    }

    /// Waits on this clock.
    pub async fn sleep_until(&self, deadline: Instant) {
        let Kind::Paced(pace) = &self.0 else { return tokio::time::sleep_until(deadline).await };
        loop {
            let changed = pace.0.changed.notified();
            tokio::pin!(changed);
            // Whoever changes it from here on is heard.
            changed.as_mut().enable();
            match pace.real(deadline) {
                Some(real) => tokio::select! {
                    () = tokio::time::sleep_until(real) => return,
                    () = &mut changed => {}
                },
                None => changed.await,
            }
        }
    }
}

/// `at + by`, or a far but harmless instant where that would overflow.
///
/// `Instant + u64::MAX seconds` panics; a reply can ask for that.
pub fn later(at: Instant, by: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    at.checked_add(by.min(FAR)).unwrap_or(at)
}
