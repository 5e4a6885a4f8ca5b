//! The headless commands: the engine's events on stdout and stderr.
//!
//! stdout carries data alone; progress, summaries and errors go to stderr. No command here knows the command line or
//! where its service comes from: both are handed in.

pub mod audit;
pub mod login;
pub mod plan;
pub mod progress;
pub mod query;
pub mod report;
pub mod resume;
pub mod sandbox;
pub mod signals;
pub mod sink;
pub mod summary;
pub mod table;
pub mod webhook;

/// What is known of the streams that a command writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    /// stdout is a terminal.
    pub stdout_is_terminal: bool,
    /// stderr is a terminal.
    pub stderr_is_terminal: bool,
    /// Columns of the terminal on stdout.
    pub columns: usize,
    /// Whether colours and bold are welcome.
    pub colour: bool,
}
