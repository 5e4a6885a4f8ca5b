//! Segments that were seen, offered while one is typed.

use crossterm::event::{KeyCode, KeyEvent};

use super::ids::tokens;

/// Segments that are offered at once.
pub(super) const OFFERED: usize = 4;

/// The segments that are known, those that were used last at the end.
#[derive(Debug, Default)]
pub(super) struct Known {
    segments: Vec<String>,
    /// Which of those that are offered is chosen.
    chosen: Option<usize>,
}

/// What a key did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Offered {
    /// The text has the chosen segment in it now.
    Taken(String),
    /// Another is chosen.
    Moved,
}

impl Known {
    /// Takes up segments; gives those that were not known.
    pub(super) fn learn(&mut self, segments: Vec<String>) -> Vec<String> {
        let mut new = Vec::new();
        for segment in segments {
            if !segment.is_empty() && !self.segments.contains(&segment) {
                self.segments.push(segment.clone());
                new.push(segment);
            }
        }
        new
    }

    pub(super) fn chosen(&self) -> Option<usize> {
        self.chosen
    }

    pub(super) fn choose_none(&mut self) {
        self.chosen = None;
    }

    /// What is offered for the last word of a text: those that begin with it, then those that hold it.
    pub(super) fn offered(&self, text: &str) -> Vec<&str> {
        let word = last_word(text).to_lowercase();
        let there: Vec<&str> = tokens(text).collect();
        let free = self.segments.iter().rev().filter(|segment| !there.contains(&segment.as_str()));
        let (mut begins, mut holds) = (Vec::new(), Vec::new());
        for segment in free {
            let small = segment.to_lowercase();
            if small.starts_with(&word) {
                begins.push(segment.as_str());
            } else if small.contains(&word) {
                holds.push(segment.as_str());
            }
        }
        begins.into_iter().chain(holds).take(OFFERED).collect()
    }

    /// A key in the editor that holds this text: Down and Up choose, Enter takes what is chosen; anything else is text.
    pub(super) fn input(&mut self, key: KeyEvent, text: &str) -> Option<Offered> {
        let offered = self.offered(text);
        let last = offered.len().checked_sub(1)?;
        match (key.code, self.chosen) {
            (KeyCode::Down, chosen) => {
                self.chosen = Some(chosen.map_or(0, |at| (at + 1).min(last)));
                Some(Offered::Moved)
            }
            (KeyCode::Up, Some(at)) => {
                self.chosen = at.checked_sub(1);
                Some(Offered::Moved)
            }
            (KeyCode::Enter, Some(at)) => {
                let segment = offered.get(at.min(last))?;
                let kept = &text[..text.len() - last_word(text).len()];
                let taken = format!("{kept}{segment}");
                self.chosen = None;
                Some(Offered::Taken(taken))
            }
            _ => {
                self.chosen = None;
                None
            }
        }
    }
}

/// What stands behind the last separator.
fn last_word(text: &str) -> &str {
    text.rsplit(|c: char| c == ',' || c == ';' || c.is_whitespace()).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_offered_and_taken() {
        let mut known = Known::default();
        assert_eq!(known.input(KeyCode::Down.into(), ""), None, "nothing is known");
        let new = known.learn(vec![
            "SEG-A".into(),
            "VIP-SEG".into(),
            "SEG-B".into(),
            "SEG-A".into(),
            String::new(),
        ]);
        assert_eq!(new, ["SEG-A", "VIP-SEG", "SEG-B"]);
        assert_eq!(known.learn(vec!["SEG-A".into()]), Vec::<String>::new());
        assert_eq!(known.offered("seg"), ["SEG-B", "SEG-A", "VIP-SEG"]);
        assert_eq!(known.offered("SEG-A, s"), ["SEG-B", "VIP-SEG"]);
        assert_eq!(known.input(KeyCode::Enter.into(), "SEG-A, s"), None, "nothing is chosen");
        for code in [KeyCode::Down, KeyCode::Down, KeyCode::Down, KeyCode::Up] {
            assert_eq!(known.input(code.into(), "SEG-A, s"), Some(Offered::Moved));
        }
        assert_eq!(
            known.input(KeyCode::Enter.into(), "SEG-A, s"),
            Some(Offered::Taken("SEG-A, SEG-B".into()))
        );
        assert_eq!(known.input(KeyCode::Char('x').into(), "x"), None);
        assert_eq!(known.input(KeyCode::Up.into(), ""), None);
    }
}
