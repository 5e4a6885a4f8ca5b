//! Recordings: what a session asked, what came, and what was made of it, in a file that can be attached to a report.
//!
//! ```text
//! session ─► Recorder (a tap at the handle and in the client) ─► veil ─► FILE.cxrec, written by a thread of its own
//!
//! FILE.cxrec ─► read ─┬─► replay   another engine behind the same handle: events again, at their times
//!                     └─► Played   a transport: requests answered as they were, for tests
//! ```
//!
//! A recording is lines of JSON: a header, then commands, exchanges and events, each with the milliseconds since the
//! start. Secrets are never in it. Personal values have stand-ins of the same shape (`veil`) unless true ones are
//! asked for. See `docs/recordings.md`.

mod file;
mod header;
mod line;
mod played;
mod read;
mod recorder;
mod replay;
mod stand_in;
#[cfg(test)]
mod tests;
mod veil;

pub use header::{About, ENDING, Header, SCHEMA};
pub(in crate::engine) use line::Told;
pub use played::Played;
pub use read::{Item, Reader};
pub use recorder::{Recorder, Recording, Wanted};
pub use replay::run;
