//! A defect of this program: where it was goes to the log and, when the terminal is whole, to standard error in one
//! line.
//!
//! What a panic says may be what a customer is called, or a token: `expect` of a text that was parsed, the end of an
//! assertion. So it is repeated nowhere, unless it was there before any data was: words of the program's own.

use std::io::{self, Write as _};
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::engine::contained::is_contained;
use crate::engine::text::clean;

/// Where the log is, for whoever is told of a panic.
static LOG: OnceLock<PathBuf> = OnceLock::new();

/// From now on nobody but this hears of panics.
pub fn hear() {
    std::panic::set_hook(Box::new(|panic| {
        let place = note(panic);
        if !is_contained() {
            say(&line(&place));
        }
    }));
}

/// The directory that the log is in, once there is one.
pub fn log_is_in(log: PathBuf) {
    // Only the first counts, and there is no other.
    let _ = LOG.set(log);
}

/// Logs a panic; gives the place that it was at, as `src/x.rs:12`.
pub fn note(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or_else(|| "?".to_owned(), |at| format!("{}:{}", at.file(), at.line()));
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("?");
    if is_contained() {
        tracing::warn!(%place, thread, "a panic that was contained");
    } else {
        let words = own_words(panic).unwrap_or("(not repeated: they may hold data)");
        tracing::error!(%place, thread, words, "panic");
    }
    place
}

/// What a panic says, where that stands in the program itself.
fn own_words<'a>(panic: &'a PanicHookInfo<'_>) -> Option<&'a str> {
    // A text that was put together is a `String`.
    panic.payload().downcast_ref::<&'static str>().copied()
}

/// What a person is told.
pub fn line(place: &str) -> String {
    let log = LOG.get().map(|log| clean(&log.display().to_string()).into_owned());
    let log = log.map_or_else(|| "there is no log".to_owned(), |log| format!("the log is in {log}"));
    format!("cxlens: internal error at {place}; {log}")
}

/// One line on standard error. Nobody is left to tell when that fails.
pub fn say(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}
