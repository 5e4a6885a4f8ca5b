//! Letters over everything that can be gone to: typing them goes there.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::ctx::Ctx;
use crate::tui::widgets::put_clean;

/// Those under the fingers first.
const LETTERS: &[u8; 26] = b"asdfjklghqwertyuiopzxcvbnm";

/// The open jump.
#[derive(Debug)]
pub struct Jump {
    /// Where the letters stand, in the order of what they lead to.
    places: Vec<(Position, String)>,
    typed: String,
}

/// What a letter came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// More are wanted.
    More,
    /// The place with this number is meant.
    There(usize),
    /// It begins no place's letters.
    Nothing,
}

impl Jump {
    /// Letters for these places, the first of which get the fewest.
    pub fn new(places: Vec<Position>) -> Self {
        let labels = labels(places.len());
        Self { places: places.into_iter().zip(labels).collect(), typed: String::new() }
    }

    /// A letter was typed.
    pub fn letter(&mut self, letter: char) -> Typed {
        let mut typed = self.typed.clone();
        typed.push(letter.to_ascii_lowercase());
        if let Some(at) = self.places.iter().position(|(_, label)| *label == typed) {
            return Typed::There(at);
        }
        if self.places.iter().any(|(_, label)| label.starts_with(&typed)) {
            self.typed = typed;
            return Typed::More;
        }
        Typed::Nothing
    }

    /// Takes back a letter; says whether there was one.
    pub fn erase(&mut self) -> bool {
        self.typed.pop().is_some()
    }

    /// Draws the letters that are still to be typed.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        for (place, label) in &self.places {
            let Some(rest) = label.strip_prefix(&self.typed) else { continue };
            if area.contains(*place) {
                put_clean(buf, place.x, place.y, rest.len() as u16, rest, ctx.theme.jump);
            }
        }
    }
}

/// So many labels, none of which begins another: one letter each for the first, two for the rest.
fn labels(count: usize) -> Vec<String> {
    let all = LETTERS.len();
    // So many letters begin two-letter labels that there is one for every place, as far as that can be.
    let pairs = (0..=all).find(|pairs| all - pairs + pairs * all >= count).unwrap_or(all);
    let letter = |at: usize| char::from(LETTERS[at]);
    let singles = (0..all - pairs).map(|at| letter(at).to_string());
    let doubles = (all - pairs..all)
        .flat_map(|first| (0..all).map(move |second| format!("{}{}", letter(first), letter(second))));
    singles.chain(doubles).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_lead_to_their_place() {
        let mut jump = Jump::new(vec![Position::default(); 30]);
        assert_eq!(jump.letter('S'), Typed::There(1));
        assert_eq!(jump.letter('1'), Typed::Nothing);
        assert_eq!(jump.letter('m'), Typed::More);
        assert!(jump.erase() && !jump.erase());
        jump.letter('m');
        assert_eq!(jump.letter('s'), Typed::There(26));
    }

    proptest! {
        #[test]
        fn no_label_begins_another(count in 0_usize..900) {
            let labels = labels(count);
            prop_assert_eq!(labels.len(), count.min(26 * 26));
            for (i, a) in labels.iter().enumerate() {
                prop_assert!(labels.iter().skip(i + 1).all(|b| !b.starts_with(a.as_str()) && !a.starts_with(b.as_str())));
            }
        }
    }
}
