//! What the terminal answers, told apart from what is typed.
//!
//! ```text
//! ESC ] 11 ; ? ESC \                        asked, after the first frame
//! ESC ] 11 ; rgb:1e1e/1e1e/2e2e ESC \       answered: now, late, or never
//!   = Alt-]  1 1 ; r g b : …  Alt-\         as crossterm reads it
//! ```
//!
//! Nothing waits for the answer: it comes in the stream of keys, whenever it comes, and is taken out of it. A key that
//! may begin one is held back until the next, or for a moment.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tokio::time::Instant;

use super::theme::ThemeChoice;

/// Asks for the colour of the background (xterm's control sequences, "OSC Ps ; Pt ST" with 11).
pub const QUESTION: &str = "\x1b]11;?\x1b\\";

/// What every answer begins with, behind its introducer.
const NUMBER: &str = "11;";
/// A key that is no answer's beginning is held back for no longer: an answer comes in one piece.
const HELD: Duration = Duration::from_millis(50);
/// After this an answer that never ended has ended.
const LONGEST: Duration = Duration::from_millis(500);
/// Characters of an answer at most.
const MOST: usize = 64;

/// What came of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// Keys that were typed, also those that were held back.
    Typed(Vec<KeyEvent>),
    /// Part of an answer, or perhaps of one.
    Nothing,
    /// The answer: the theme that suits the background.
    Background(ThemeChoice),
}

/// Takes answers out of the stream of keys.
#[derive(Debug, Default)]
pub struct Answers {
    /// Keys since what may be an answer began.
    held: Vec<KeyEvent>,
    /// What it says so far.
    text: String,
    began: Option<Instant>,
    /// Its end was begun: ESC came without its backslash.
    ending: bool,
}

impl Answers {
    /// A key came.
    pub fn key(&mut self, key: KeyEvent, now: Instant) -> Heard {
        if self.began.is_some_and(|began| now.saturating_duration_since(began) > LONGEST) {
            let late = self.release();
            return match self.key(key, now) {
                Heard::Typed(more) => Heard::Typed(late.into_iter().chain(more).collect()),
                other if late.is_empty() => other,
                _ => Heard::Typed(late),
            };
        }
        if self.began.is_none() {
            if is_alt(key, ']') {
                self.began = Some(now);
                self.held.push(key);
                return Heard::Nothing;
            }
            return Heard::Typed(vec![key]);
        }
        if self.is_sure() { self.go_on(key) } else { self.begin(key, now) }
    }

    /// Until when a key is held back that may begin an answer.
    pub fn due(&self) -> Option<Instant> {
        self.began.filter(|_| !self.is_sure()).map(|began| began + HELD)
    }

    /// Keys that were held back long enough, if there are any.
    pub fn let_go(&mut self, now: Instant) -> Vec<KeyEvent> {
        if self.due().is_some_and(|due| due <= now) { self.release() } else { Vec::new() }
    }

    /// Nobody types this by accident.
    fn is_sure(&self) -> bool {
        self.text.len() >= NUMBER.len()
    }

    fn begin(&mut self, key: KeyEvent, now: Instant) -> Heard {
        match plain(key) {
            Some(letter) if NUMBER[self.text.len()..].starts_with(letter) => {
                self.text.push(letter);
                self.held.push(key);
                Heard::Nothing
            }
            _ => {
                let mut typed = self.release();
                // It may begin another.
                if let Heard::Typed(more) = self.key(key, now) {
                    typed.extend(more);
                }
                Heard::Typed(typed)
            }
        }
    }

    fn go_on(&mut self, key: KeyEvent) -> Heard {
        let bell = key.code == KeyCode::Char('g') && key.modifiers == KeyModifiers::CONTROL;
        if bell || is_alt(key, '\\') || self.ending && plain(key) == Some('\\') {
            return self.end();
        }
        if self.ending {
            // Some other sequence cut it short, and this is typed.
            self.release();
            return Heard::Typed(vec![key]);
        }
        if key.code == KeyCode::Esc {
            self.ending = true;
            return Heard::Nothing;
        }
        match plain(key) {
            Some(letter) if self.text.len() < MOST => {
                self.text.push(letter);
                Heard::Nothing
            }
            // No answer looks like this: what it was is gone, what comes now is typed.
            _ => {
                self.release();
                Heard::Typed(vec![key])
            }
        }
    }

    fn end(&mut self) -> Heard {
        let said = suits(self.text.get(NUMBER.len()..).unwrap_or(""));
        self.release();
        said.map_or(Heard::Nothing, Heard::Background)
    }

    fn release(&mut self) -> Vec<KeyEvent> {
        let sure = self.is_sure();
        let held = std::mem::take(self).held;
        if sure { Vec::new() } else { held }
    }
}

fn is_alt(key: KeyEvent, letter: char) -> bool {
    key.code == KeyCode::Char(letter) && key.modifiers.contains(KeyModifiers::ALT)
}

fn plain(key: KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Char(letter) if (key.modifiers - KeyModifiers::SHIFT).is_empty() => Some(letter),
        _ => None,
    }
}

/// The theme that suits a colour: `rgb:RRRR/GGGG/BBBB`, with one to four digits each, `rgba:` with a fourth, or
/// `#rrggbb` (X11's `XParseColor`).
fn suits(colour: &str) -> Option<ThemeChoice> {
    let share = |digits: &str| {
        let most = 16_u32.checked_pow(digits.len() as u32)?.checked_sub(1).filter(|most| *most > 0)?;
        let is_hex = digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| is_hex).map(|n| f64::from(n) / f64::from(most))
    };
    let parts: Vec<&str> = match colour.strip_prefix('#') {
        Some(hex) if hex.is_ascii() && hex.len() % 3 == 0 && !hex.is_empty() => {
            let digits = hex.len() / 3;
            (0..3).map(|at| &hex[at * digits..(at + 1) * digits]).collect()
        }
        _ => colour.strip_prefix("rgb:").or_else(|| colour.strip_prefix("rgba:"))?.split('/').collect(),
    };
    let [red, green, blue] = [0, 1, 2].map(|at| parts.get(at).copied().and_then(share));
    // Rec. 601: how bright it looks.
    let bright = 0.299 * red? + 0.587 * green? + 0.114 * blue?;
    Some(if bright > 0.5 { ThemeChoice::Light } else { ThemeChoice::Dark })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Keys as crossterm makes them of what a terminal sends.
    fn keys(text: &str) -> Vec<KeyEvent> {
        let mut keys = Vec::new();
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            keys.push(match letter {
                '\x1b' => match letters.next_if(|next| *next != '\x1b') {
                    Some(next) => KeyEvent::new(KeyCode::Char(next), KeyModifiers::ALT),
                    None => KeyCode::Esc.into(),
                },
                '\x07' => KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL),
                'A'..='Z' => KeyEvent::new(KeyCode::Char(letter), KeyModifiers::SHIFT),
                letter => KeyCode::Char(letter).into(),
            });
        }
        keys
    }

    fn now() -> Instant {
        crate::engine::clock::Clock::system().now()
    }

    /// What is typed, and what is answered.
    fn heard(text: &str) -> (Vec<KeyEvent>, Vec<ThemeChoice>) {
        let (mut answers, at) = (Answers::default(), now());
        let (mut typed, mut answered) = (Vec::new(), Vec::new());
        for key in keys(text) {
            match answers.key(key, at) {
                Heard::Typed(keys) => typed.extend(keys),
                Heard::Background(choice) => answered.push(choice),
                Heard::Nothing => {}
            }
        }
        typed.extend(answers.let_go(at + HELD));
        (typed, answered)
    }

    #[test]
    fn an_answer_is_heard_and_not_typed_however_it_is_written() {
        for (answer, choice) in [
            ("\x1b]11;rgb:0000/0000/0000\x1b\\", ThemeChoice::Dark),
            ("\x1b]11;rgb:ffff/ffff/ffff\x07", ThemeChoice::Light),
            ("\x1b]11;rgb:FD/F6/E3\x1b\\", ThemeChoice::Light),
            ("\x1b]11;rgba:1e1e/1e1e/2e2e/ffff\x1b\\", ThemeChoice::Dark),
            ("\x1b]11;#002b36\x07", ThemeChoice::Dark),
            // Bright blue is dark, bright yellow is not.
            ("\x1b]11;rgb:0/0/f\x07", ThemeChoice::Dark),
            ("\x1b]11;rgb:f/f/0\x07", ThemeChoice::Light),
        ] {
            assert_eq!(heard(&format!("ab{answer}cd")), (keys("abcd"), vec![choice]), "{answer:?}");
        }
    }

    #[test]
    fn an_answer_that_says_nothing_is_swallowed_too() {
        for answer in [
            "\x1b]11;\x07",
            "\x1b]11;rgb:\x07",
            "\x1b]11;nonsense\x1b\\",
            "\x1b]11;rgb:1/2\x07",
            "\x1b]11;#12\x07",
        ] {
            assert_eq!(heard(&format!("a{answer}b")), (keys("ab"), vec![]), "{answer:?}");
        }
    }

    #[test]
    fn what_only_begins_like_one_is_typed() {
        for text in ["\x1b]", "\x1b]1", "\x1b]12;x", "\x1b]\x1b]q", "\x1b]11q", "\x1b]x11;"] {
            assert_eq!(heard(text), (keys(text), vec![]), "{text:?}");
        }
    }

    #[test]
    fn one_without_an_end_holds_back_no_more_than_it_may() {
        let (mut answers, at) = (Answers::default(), now());
        for key in keys("\x1b]11;rgb:00") {
            assert_eq!(answers.key(key, at), Heard::Nothing);
        }
        assert_eq!(answers.due(), None, "nothing need wake up for it");
        let later = at + LONGEST + Duration::from_millis(1);
        assert_eq!(answers.key(KeyCode::Char('q').into(), later), Heard::Typed(keys("q")));
        // A key that no answer has ends it at once.
        for key in keys("\x1b]11;rgb:00") {
            answers.key(key, at);
        }
        assert_eq!(answers.key(KeyCode::Down.into(), at), Heard::Typed(vec![KeyCode::Down.into()]));
        // ESC and its backslash may come apart, and so may ESC and what is typed then.
        assert_eq!(heard("\x1b]11;rgb:0/0/0\x1b\x1b").0, vec![KeyCode::Esc.into()]);
    }

    proptest! {
        #[test]
        fn no_key_is_lost_or_made_up_round_an_answer(before in "[ -~]{0,9}", after in "[ -~]{0,9}", light: bool) {
            let colour = if light { "ffff" } else { "1111" };
            let answer = format!("\x1b]11;rgb:{colour}/{colour}/{colour}\x1b\\");
            let (typed, answered) = heard(&format!("{before}{answer}{after}"));
            prop_assert_eq!(typed, keys(&format!("{before}{after}")));
            prop_assert_eq!(answered.len(), 1);
        }

        #[test]
        fn whatever_comes_is_taken(text in "[\x1b\x07\\]\\\\11;rgb:/#0-9a-fq]{0,80}") {
            let _ = heard(&text);
        }
    }
}
