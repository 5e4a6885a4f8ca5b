//! How long files of ours are kept: `[keep]`.

use std::path::Path;

use super::file;
use crate::engine::error::Error;

/// An audit trail that could be shorter would not be one: whoever asks is asked about last year.
const LEAST_AUDIT: u32 = 365;

/// Days that each kind of file is kept for; `None`: for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Recordings of sessions.
    pub recordings: Option<u32>,
    /// What was run and typed in the explorer.
    pub history: Option<u32>,
    /// Runs that stopped on their way and can be taken up.
    pub stopped_runs: Option<u32>,
    /// The diagnostic log.
    pub log: Option<u32>,
    /// The audit trail.
    pub audit: Option<u32>,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            recordings: Some(30),
            history: Some(180),
            stopped_runs: Some(30),
            log: Some(14),
            audit: Some(730),
        }
    }
}

impl Keep {
    /// What the file at `path` says, and the usual where it says nothing.
    pub(super) fn settle(said: file::Keep, path: &Path) -> Result<Self, Error> {
        let usual = Self::default();
        let of = |said: Option<file::Days>, usual| said.map_or(usual, |days| days.0);
        let keep = Self {
            recordings: of(said.recordings, usual.recordings),
            history: of(said.history, usual.history),
            stopped_runs: of(said.stopped_runs, usual.stopped_runs),
            log: of(said.log, usual.log),
            audit: of(said.audit, usual.audit),
        };
        match keep.audit {
            Some(days) if days < LEAST_AUDIT => Err(Error::usage(
                format!("{}: audit = {days} under [keep]", path.display()),
                "an audit trail is kept for a year at least",
                format!("write {LEAST_AUDIT} or more, or \"forever\""),
            )),
            _ => Ok(keep),
        }
    }
}
