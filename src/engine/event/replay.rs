//! What is said of a replay, and how it is steered.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Command, Event};
use crate::engine::error::Error;

/// How a replay is steered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// Stop, or go on.
    Pause,
    /// Stop, and go to the next event.
    Step,
    /// So far on.
    Forward(Duration),
    /// So far back: all that came up to there comes again, at once.
    Back(Duration),
    /// A step faster.
    Faster,
    /// A step slower.
    Slower,
}

/// What is said of a replay.
#[derive(Clone, Debug)]
pub enum Replay {
    /// Where it stands.
    Stands(Stands),
    /// All is shown anew, from the beginning.
    Anew,
    /// A line of the recording makes no sense: what stands before it is shown.
    Damaged(Error),
}

/// Where a replay stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stands {
    /// When it began, on its own clock.
    pub since: Instant,
    /// How long the recording is.
    pub length: Duration,
    /// Lines of the recording that were shown, and how many there are.
    pub lines: (usize, usize),
    /// How many times as fast as it was.
    pub speed: f64,
    /// Whether it stands still.
    pub paused: bool,
    /// Whether all of it was shown.
    pub ended: bool,
}

/// Something of a recording, as it comes again.
#[derive(Clone, Debug)]
pub struct Played {
    /// When it came, on the replay's clock.
    pub at: Instant,
    /// When it came.
    pub wall: Timestamp,
    /// What it is.
    pub what: What,
}

/// What comes again.
#[derive(Clone, Debug)]
pub enum What {
    /// A command that was given then.
    Command(Command),
    /// An event.
    Event(Event),
}
