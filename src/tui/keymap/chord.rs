//! A single key, and several one after the other, as people write them.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::action::Context;

/// A key as a person names it: `Ctrl-R`, `Shift-Tab`, `g`, `PgDn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Chord {
    /// The chord of a key event. Terminals differ in whether they report Shift with a letter and which case
    /// they give with Ctrl; here Shift is in the letter, and letters with Ctrl or Alt are small.
    pub fn of(key: KeyEvent) -> Self {
        let kept = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut modifiers = key.modifiers & kept;
        let code = match key.code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(c) => {
                modifiers -= KeyModifiers::SHIFT;
                let commands = modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
                KeyCode::Char(if commands { c.to_ascii_lowercase() } else { c })
            }
            other => other,
        };
        Self { code, modifiers }
    }

    /// The key event that a terminal sends for it.
    pub fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    /// Whether it commands even where letters are text.
    pub fn commands_in_text(self) -> bool {
        self.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
            || matches!(self.code, KeyCode::F(_) | KeyCode::Tab | KeyCode::Esc)
    }

    /// Whether it commands in this place, or is text there. The palette's text is one line, so that the keys
    /// which move between lines are free to move between commands.
    pub fn commands_in(self, context: Context) -> bool {
        let types = match self.code {
            KeyCode::Char(_) | KeyCode::Backspace => true,
            // Of what is typed to find something the end is erased; of what is found, one is removed.
            KeyCode::Delete => context != Context::History,
            _ => false,
        };
        let moves = matches!(self.code, KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End);
        match context {
            Context::Prompt | Context::Save if moves => false,
            _ if context.is_a_line() => self.commands_in_text() || !types,
            _ => !context.takes_text() || self.commands_in_text(),
        }
    }
}

const NAMED: &[(KeyCode, &str)] = &[
    (KeyCode::Enter, "Enter"),
    (KeyCode::Esc, "Esc"),
    (KeyCode::Tab, "Tab"),
    (KeyCode::Backspace, "Backspace"),
    (KeyCode::Delete, "Delete"),
    (KeyCode::Insert, "Insert"),
    (KeyCode::Up, "Up"),
    (KeyCode::Down, "Down"),
    (KeyCode::Left, "Left"),
    (KeyCode::Right, "Right"),
    (KeyCode::Home, "Home"),
    (KeyCode::End, "End"),
    (KeyCode::PageUp, "PgUp"),
    (KeyCode::PageDown, "PgDn"),
    (KeyCode::Char(' '), "Space"),
];

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commands = self.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        for (modifier, name) in
            [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-"), (KeyModifiers::SHIFT, "Shift-")]
        {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        if let Some((_, name)) = NAMED.iter().find(|(code, _)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) if commands => write!(f, "{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            _ => f.write_str("?"),
        }
    }
}

impl FromStr for Chord {
    type Err = String;

    /// Reads `Ctrl-R`, `Alt-x`, `Shift-Tab`, `F5`, `g`, `G`, `-`, `Space`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let (modifier, after) = if let Some(after) = rest.strip_prefix("Ctrl-") {
                (KeyModifiers::CONTROL, after)
            } else if let Some(after) = rest.strip_prefix("Alt-") {
                (KeyModifiers::ALT, after)
            } else if let Some(after) = rest.strip_prefix("Shift-") {
                (KeyModifiers::SHIFT, after)
            } else {
                break;
            };
            modifiers |= modifier;
            rest = after;
        }
        let mut characters = rest.chars();
        let code = if let Some((code, _)) = NAMED.iter().find(|(_, name)| *name == rest) {
            *code
        } else if let (Some(c), None) = (characters.next(), characters.next()) {
            KeyCode::Char(c)
        } else if let Some(n) =
            rest.strip_prefix('F').and_then(|n| n.parse().ok()).filter(|n| (1..=12).contains(n))
        {
            KeyCode::F(n)
        } else {
            return Err(format!(
                "key {text:?}: no key has this name; keys are written like Ctrl-R, F5, g, PgDn, Space"
            ));
        };
        Ok(Self::of(KeyEvent::new(code, modifiers)))
    }
}

/// Keys that are pressed one after the other: `y r`; most are a single one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sequence(Vec<Chord>);

impl Sequence {
    /// The keys.
    pub fn chords(&self) -> &[Chord] {
        &self.0
    }

    /// Whether it commands in this place: its first key decides, for by the second it is known to be no text.
    pub fn commands_in(&self, context: Context) -> bool {
        self.0.first().is_some_and(|chord| chord.commands_in(context))
    }

    /// What is left of it once these were pressed; `None`: it does not begin with them.
    pub fn after(&self, typed: &[Chord]) -> Option<&[Chord]> {
        self.0.strip_prefix(typed)
    }

    /// Whether pressing one of the two would get in the way of the other: they are the same, or one begins the other.
    pub fn collides(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0) || other.0.starts_with(&self.0)
    }
}

/// Keys as they are written: `y r`.
pub fn written(chords: &[Chord]) -> String {
    chords.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&written(&self.0))
    }
}

impl FromStr for Sequence {
    type Err = String;

    /// Reads keys with blanks between them: `Ctrl-R`, `y r`.
    fn from_str(text: &str) -> Result<Self, String> {
        let chords = text.split_whitespace().map(str::parse).collect::<Result<Vec<Chord>, _>>()?;
        if chords.is_empty() {
            return Err("a key without a name; keys are written like Ctrl-R, F5, g, PgDn, Space".to_owned());
        }
        Ok(Self(chords))
    }
}
