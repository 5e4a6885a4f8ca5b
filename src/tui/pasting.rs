//! What comes right behind a pasted text belongs to it.
//!
//! ```text
//! ESC [ 200 ~  some text  ESC [ 201 ~  q  y  ENTER  ESC [ 201 ~
//!              └─ pasted ─┘            └─ no fingers ─┘
//! ```
//!
//! Terminals mark where a paste begins and ends, and not all of them take such a mark out of the text itself: what
//! stands behind it would be keys that nobody pressed. They come faster than anybody types.

use std::time::Duration;

use tokio::time::Instant;

use crate::figures;

/// A key that comes sooner than this behind a paste, or behind another such key, was not pressed.
const AT_ONCE: Duration = Duration::from_millis(50);

/// Tells keys that were pressed from those that a pasted text brought along.
#[derive(Debug, Default)]
pub struct Pastes {
    /// When the last of it came.
    last: Option<Instant>,
    /// What was not taken for keys.
    dropped: u64,
}

impl Pastes {
    /// A text was pasted.
    pub fn pasted(&mut self, now: Instant) {
        self.last = Some(now);
    }

    /// A key or the mouse: whether somebody pressed it.
    pub fn is_pressed(&mut self, now: Instant) -> bool {
        match self.last {
            Some(last) if now.saturating_duration_since(last) < AT_ONCE => {
                self.last = Some(now);
                self.dropped += 1;
                false
            }
            _ => true,
        }
    }

    /// When there is something to tell.
    pub fn due(&self) -> Option<Instant> {
        self.last.filter(|_| self.dropped > 0).map(|last| last + AT_ONCE)
    }

    /// What was not taken for keys, once nothing more of it comes.
    pub fn told(&mut self, now: Instant) -> Option<String> {
        if self.due().is_none_or(|due| due > now) {
            return None;
        }
        let count = std::mem::take(&mut self.dropped);
        Some(format!("not taken: {} right behind a pasted text", figures::counted(count, "key", "keys")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Instant {
        crate::engine::clock::Clock::system().now()
    }

    #[test]
    fn keys_right_behind_a_paste_are_none_and_are_counted() {
        let start = now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pastes = Pastes::default();
        assert!(pastes.is_pressed(at(0)), "nothing was pasted");
        pastes.pasted(at(10));
        for ms in [10, 30, 75, 120] {
            assert!(!pastes.is_pressed(at(ms)), "{ms}");
        }
        assert_eq!((pastes.due(), pastes.told(at(169))), (Some(at(170)), None));
        let told = pastes.told(at(170));
        assert_eq!(told.as_deref(), Some("not taken: 4 keys right behind a pasted text"));
        assert_eq!((pastes.due(), pastes.told(at(171))), (None, None));
        assert!(pastes.is_pressed(at(171)));
    }

    #[test]
    fn a_paste_alone_is_not_told_of() {
        let start = now();
        let mut pastes = Pastes::default();
        pastes.pasted(start);
        assert_eq!(pastes.due(), None);
        assert!(pastes.is_pressed(start + AT_ONCE));
    }
}
