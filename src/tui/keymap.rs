//! From a key to an action: a pure function of the table, the place and the key.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Context, TABLE};

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
            Context::Prompt if moves => false,
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

/// The keys in force.
#[derive(Clone, Debug)]
pub struct Keymap {
    /// In the table's order; an action's first key is the one that is shown.
    bindings: Vec<(Action, Vec<Chord>)>,
}

impl Default for Keymap {
    /// The keys of the table.
    fn default() -> Self {
        let chords = |keys: &[&str]| keys.iter().filter_map(|key| key.parse().ok()).collect();
        Self { bindings: TABLE.iter().map(|entry| (entry.action, chords(entry.keys))).collect() }
    }
}

impl Keymap {
    /// What this key does here; `None`: nothing, or it is text.
    pub fn resolve(&self, context: Context, key: KeyEvent) -> Option<Action> {
        let chord = Chord::of(key);
        if !chord.commands_in(context) {
            return None;
        }
        self.bindings
            .iter()
            .find(|(action, chords)| action.entry().contexts.contains(&context) && chords.contains(&chord))
            .map(|(action, _)| *action)
    }

    /// The keys of an action that work in this place.
    pub fn keys(&self, action: Action, context: Context) -> impl Iterator<Item = Chord> {
        let here = action.entry().contexts.contains(&context);
        let chords = self.bindings.iter().find(|(a, _)| *a == action).map_or(&[][..], |(_, chords)| chords);
        chords.iter().copied().filter(move |chord| here && chord.commands_in(context))
    }

    /// The key to name in a hint: `Ctrl-R`; empty where the action has none.
    pub fn first(&self, action: Action) -> String {
        let chords = self.bindings.iter().find(|(a, _)| *a == action).map_or(&[][..], |(_, chords)| chords);
        chords.first().map(ToString::to_string).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_key_reads_back_as_written() {
        for entry in TABLE {
            for key in entry.keys {
                assert_eq!(key.parse::<Chord>().unwrap().to_string(), *key, "{}", entry.name);
            }
        }
    }

    #[test]
    fn no_two_actions_share_a_key_in_one_place() {
        for context in Context::ALL {
            let mut seen: Vec<(Chord, &str)> = Vec::new();
            for entry in TABLE.iter().filter(|e| e.contexts.contains(&context)) {
                for key in entry.keys {
                    let chord: Chord = key.parse().unwrap();
                    let other = seen.iter().find(|(c, _)| *c == chord);
                    assert!(other.is_none(), "{key} in {context:?}: {} and {other:?}", entry.name);
                    seen.push((chord, entry.name));
                }
            }
        }
    }

    #[test]
    fn backspace_as_some_terminals_send_it_is_never_a_command() {
        let ctrl_h: Chord = "Ctrl-H".parse().unwrap();
        for entry in TABLE {
            assert!(entry.keys.iter().all(|key| key.parse::<Chord>().unwrap() != ctrl_h), "{}", entry.name);
        }
    }

    #[test]
    fn the_same_key_means_the_same_everywhere_or_is_said_to_differ() {
        // Enter edits in the builder and opens in the table: the two places where screen.md says so.
        let mut several: Vec<&str> = TABLE.iter().flat_map(|e| e.keys.iter().copied()).collect();
        several.sort_unstable();
        let mut twice: Vec<_> = several.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
        twice.dedup();
        assert_eq!(twice, ["Enter"]);
    }

    #[test]
    fn letters_are_text_in_an_editor() {
        let keys = Keymap::default();
        let press = |text: &str| {
            let chord: Chord = text.parse().unwrap();
            keys.resolve(Context::Editor, KeyEvent::new(chord.code, chord.modifiers))
        };
        assert_eq!(press("q"), None);
        assert_eq!(press("?"), None);
        assert_eq!(press("Enter"), None);
        assert_eq!(press("Up"), None);
        assert_eq!(press("Ctrl-R"), Some(Action::Run));
        assert_eq!(press("F1"), Some(Action::Help));
        assert_eq!(press("Esc"), Some(Action::Close));
        assert_eq!(press("Shift-Tab"), Some(Action::PreviousPane));
        assert_eq!(press("Ctrl-C"), Some(Action::Quit));
    }

    #[test]
    fn letters_are_text_in_the_palette_and_arrows_are_not() {
        let keys = Keymap::default();
        let press = |text: &str| {
            let chord: Chord = text.parse().unwrap();
            keys.resolve(Context::Palette, KeyEvent::new(chord.code, chord.modifiers))
        };
        for text in ["q", ":", "k", "G", "Space", "Backspace", "Delete", "Ctrl-P", "Ctrl-R"] {
            assert_eq!(press(text), None, "{text}");
        }
        assert_eq!(press("Enter"), Some(Action::Choose));
        assert_eq!(press("Up"), Some(Action::Up));
        assert_eq!(press("End"), Some(Action::Last));
        assert_eq!(press("Esc"), Some(Action::Close));
        assert_eq!(press("Ctrl-C"), Some(Action::Quit));
    }

    #[test]
    fn shift_is_in_the_letter() {
        let keys = Keymap::default();
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            let key = KeyEvent::new(KeyCode::Char('G'), modifiers);
            assert_eq!(keys.resolve(Context::Profiles, key), Some(Action::Last));
            let key = KeyEvent::new(KeyCode::Char('?'), modifiers);
            assert_eq!(keys.resolve(Context::Profiles, key), Some(Action::Help));
        }
        let back_tab = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(keys.resolve(Context::Profiles, back_tab), Some(Action::PreviousPane));
    }
}
