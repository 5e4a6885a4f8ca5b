//! The jq line: what is typed, what is asked, and what was answered last.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::tui::jq::{Answer, Ask, End};
use crate::tui::widgets::Field;

/// Lines of before that are remembered.
const REMEMBERED: usize = 200;

/// An expression over the profile that is shown, and over the next ones.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each named where it is set")]
pub(super) struct Asking {
    pub(super) field: Field,
    pub(super) is_open: bool,
    pub(super) is_editing: bool,
    /// Whether something is to be asked that was not asked yet.
    wanted: bool,
    ticket: u64,
    /// What is being worked out; to be dropped where something else is wanted.
    running: Option<Arc<AtomicBool>>,
    /// The last values that were answered.
    pub(super) text: String,
    pub(super) values: usize,
    /// Whether they are those of an expression of before.
    pub(super) is_stale: bool,
    /// How the last answer ended.
    pub(super) end: End,
    /// Lines of before, the latest first.
    before: Vec<String>,
    /// Which of them is shown; `None`: what is being typed, kept in `own`.
    recalled: Option<usize>,
    own: Field,
}

impl Asking {
    /// The expression.
    pub(super) fn expression(&self) -> &str {
        self.field.text().trim()
    }

    /// Lines of earlier sessions, the oldest first.
    pub(super) fn remember(&mut self, lines: &str) {
        let lines = lines.lines().rev().filter(|line| !line.trim().is_empty());
        self.before.extend(lines.take(REMEMBERED).map(str::to_owned));
    }

    /// What was asked is another, or what it is asked of.
    pub(super) fn want(&mut self) {
        self.wanted = self.is_open;
    }

    /// The profile is another: what was said of the one before must not stand below its name.
    pub(super) fn forget(&mut self) {
        (self.text, self.values, self.is_stale, self.end) = Default::default();
        self.want();
    }

    /// What is to be asked now, if anything is. One is worked out at a time: the one before is dropped first.
    pub(super) fn ask(&mut self, json: impl FnOnce() -> Arc<str>) -> Option<Ask> {
        if !self.wanted {
            return None;
        }
        if let Some(running) = &self.running {
            running.store(true, Ordering::Relaxed);
            return None;
        }
        self.wanted = false;
        if self.expression().is_empty() {
            (self.text, self.values, self.is_stale, self.end) = Default::default();
            return None;
        }
        self.ticket += 1;
        let dropped = Arc::new(AtomicBool::new(false));
        self.running = Some(Arc::clone(&dropped));
        Some(Ask { ticket: self.ticket, expression: self.expression().to_owned(), json: json(), dropped })
    }

    /// What was answered; says whether it is news.
    pub(super) fn answered(&mut self, ticket: u64, answer: Answer) -> bool {
        if ticket != self.ticket {
            return false;
        }
        let dropped = self.running.take().is_none_or(|running| running.load(Ordering::Relaxed));
        if dropped || self.wanted {
            return false;
        }
        let failed = matches!(answer.end, End::Refused { .. } | End::Stopped(_)) && answer.values == 0;
        self.is_stale = failed && self.values > 0;
        if !failed {
            (self.text, self.values) = (answer.text, answer.values);
        }
        self.end = answer.end;
        true
    }

    /// Brings back a line of before, or what was being typed; says whether there was one.
    pub(super) fn recall(&mut self, up: bool) -> bool {
        let next = match (up, self.recalled) {
            (true, None) => Some(0),
            (true, Some(at)) => Some(at + 1),
            (false, Some(at)) => at.checked_sub(1),
            (false, None) => return false,
        };
        if next.is_some_and(|at| at >= self.before.len()) {
            return false;
        }
        if self.recalled.is_none() {
            self.own = self.field.clone();
        }
        self.field = match next {
            Some(at) => Field::holding(&self.before[at]),
            None => std::mem::take(&mut self.own),
        };
        self.recalled = next;
        self.want();
        true
    }

    /// Typing is over; gives the lines to keep, where they are others.
    pub(super) fn leave(&mut self) -> Option<String> {
        self.is_editing = false;
        self.recalled = None;
        let line = self.expression().to_owned();
        if line.is_empty() || self.before.first() == Some(&line) {
            return None;
        }
        self.before.retain(|before| *before != line);
        self.before.insert(0, line);
        self.before.truncate(REMEMBERED);
        Some(self.before.iter().rev().fold(String::new(), |lines, line| lines + line + "\n"))
    }
}
