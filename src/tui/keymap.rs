//! From keys to an action: a pure function of the table, the place and what was pressed.
//!
//! ```text
//! table ──► Keymap ◄── keys.toml
//!             │
//!             └─ meaning(place, keys so far) ──► Does(action) · Begins (more must follow) · Nothing
//! ```

mod chord;
mod file;

use crossterm::event::KeyEvent;

pub use self::chord::{Chord, Sequence, written};
pub use self::file::{Loaded, load};
use super::action::{Action, Context, TABLE};

/// What keys mean in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// They do this.
    Does(Action),
    /// They begin something: another key must follow.
    Begins,
    /// Nothing, or they are text.
    Nothing,
}

/// The keys in force.
#[derive(Clone, Debug)]
pub struct Keymap {
    /// For each place, in the table's order; an action's first keys are those that are shown.
    places: Vec<Vec<(Action, Vec<Sequence>)>>,
    /// Where they come from, in words.
    source: String,
}

impl Default for Keymap {
    /// The keys of the table.
    fn default() -> Self {
        let sequences = |keys: &[&str]| keys.iter().filter_map(|key| key.parse().ok()).collect();
        let all: Vec<(_, Vec<Sequence>)> = TABLE.iter().map(|entry| (entry, sequences(entry.keys))).collect();
        let place = |context| {
            let here = all.iter().filter(|(entry, _)| entry.contexts.contains(&context));
            here.map(|(entry, keys)| (entry.action, keys.clone())).collect()
        };
        Self { places: Context::ALL.into_iter().map(place).collect(), source: String::new() }
    }
}

impl Keymap {
    /// What these keys mean here, pressed one after the other.
    pub fn meaning(&self, context: Context, typed: &[Chord]) -> Meaning {
        let mut meaning = Meaning::Nothing;
        for (action, keys) in self.here(context) {
            let rests = keys.iter().filter(|keys| keys.commands_in(context)).filter_map(|k| k.after(typed));
            for rest in rests {
                match rest {
                    [] => return Meaning::Does(*action),
                    _ => meaning = Meaning::Begins,
                }
            }
        }
        meaning
    }

    /// What this one key does here; `None`: nothing, or it is text, or another must follow.
    pub fn resolve(&self, context: Context, key: KeyEvent) -> Option<Action> {
        match self.meaning(context, &[Chord::of(key)]) {
            Meaning::Does(action) => Some(action),
            Meaning::Begins | Meaning::Nothing => None,
        }
    }

    /// What may follow these keys here, and what it does then.
    pub fn following(&self, context: Context, typed: &[Chord]) -> Vec<(String, Action)> {
        let mut all = Vec::new();
        for (action, keys) in self.here(context) {
            let rests = keys.iter().filter_map(|keys| keys.after(typed)).filter(|rest| !rest.is_empty());
            all.extend(rests.map(|rest| (written(rest), *action)));
        }
        all
    }

    /// The keys of an action that work in this place.
    pub fn keys(&self, action: Action, context: Context) -> impl Iterator<Item = &Sequence> {
        let keys = self.here(context).iter().find(|(a, _)| *a == action).map_or(&[][..], |(_, keys)| keys);
        keys.iter().filter(move |keys| keys.commands_in(context))
    }

    /// The keys of an action that work in this place, as a list shows them: `Ctrl-R F5`.
    pub fn shown(&self, action: Action, context: Context) -> String {
        let keys: Vec<_> = self.keys(action, context).collect();
        let apart = if keys.iter().any(|keys| keys.chords().len() > 1) { ", " } else { " " };
        keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(apart)
    }

    /// The keys to name in a hint: `Ctrl-R`; empty where the action has none.
    pub fn first(&self, action: Action) -> String {
        let mut keys = action.entry().contexts.iter().filter_map(|place| {
            let (_, keys) = self.here(*place).iter().find(|(a, _)| *a == action)?;
            keys.first()
        });
        keys.next().map(ToString::to_string).unwrap_or_default()
    }

    /// Where the keys come from, in a sentence; empty: nobody looked for a file.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The same for a shell line that waits for a choice: what opens a profile chooses it instead.
    #[must_use]
    pub fn picking(mut self) -> Self {
        let here = &mut self.places[Context::Profiles as usize];
        let mut opens = Vec::new();
        for (action, keys) in here.iter_mut() {
            if *action == Action::Open {
                opens = std::mem::replace(keys, "Alt-Enter".parse().into_iter().collect());
            }
        }
        for (action, keys) in here.iter_mut() {
            if *action == Action::Pick {
                *keys = std::mem::take(&mut opens);
            }
        }
        self
    }

    fn here(&self, context: Context) -> &[(Action, Vec<Sequence>)] {
        self.places.get(context as usize).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};

    #[test]
    fn every_default_key_reads_back_as_written() {
        for entry in TABLE {
            for key in entry.keys {
                assert_eq!(key.parse::<Sequence>().unwrap().to_string(), *key, "{}", entry.name);
            }
        }
    }

    #[test]
    fn no_two_actions_share_a_key_in_one_place() {
        for context in Context::ALL {
            let mut seen: Vec<(Sequence, &str)> = Vec::new();
            for entry in TABLE.iter().filter(|e| e.contexts.contains(&context)) {
                for key in entry.keys {
                    let keys: Sequence = key.parse().unwrap();
                    let other = seen.iter().find(|(other, _)| other.collides(&keys));
                    assert!(other.is_none(), "{key} in {context:?}: {} and {other:?}", entry.name);
                    seen.push((keys, entry.name));
                }
            }
        }
    }

    #[test]
    fn backspace_as_some_terminals_send_it_is_never_a_command() {
        let ctrl_h: Chord = "Ctrl-H".parse().unwrap();
        for entry in TABLE {
            assert!(
                entry.keys.iter().all(|key| !key.parse::<Sequence>().unwrap().chords().contains(&ctrl_h)),
                "{}",
                entry.name
            );
        }
    }

    #[test]
    fn the_same_key_means_the_same_everywhere_or_is_said_to_differ() {
        // Enter edits in the builder and opens in the table: the two places where screen.md says so.
        let mut several: Vec<&str> = TABLE.iter().flat_map(|e| e.keys.iter().copied()).collect();
        several.sort_unstable();
        let mut twice: Vec<_> = several.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
        twice.dedup();
        // Space toggles what can be on or off, and marks rows.
        assert_eq!(twice, ["Enter", "Space"]);
    }

    #[test]
    fn letters_are_text_in_an_editor() {
        let keys = Keymap::default();
        let press = |text: &str| {
            let chord: Chord = text.parse().unwrap();
            keys.resolve(Context::Editor, chord.event())
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
            keys.resolve(Context::Palette, chord.event())
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

    #[test]
    fn a_place_is_found_under_its_number() {
        for (at, context) in Context::ALL.into_iter().enumerate() {
            assert_eq!(context as usize, at, "{context:?}");
        }
    }

    #[test]
    fn a_key_that_begins_something_does_nothing_by_itself() {
        let keys = Keymap::default();
        let [y, r]: [Chord; 2] = ["y", "r"].map(|key| key.parse().unwrap());
        assert_eq!(keys.meaning(Context::Profiles, &[y]), Meaning::Begins);
        assert_eq!(keys.meaning(Context::Profiles, &[y, r]), Meaning::Does(Action::CopyRow));
        assert_eq!(keys.meaning(Context::Profiles, &[y, r, r]), Meaning::Nothing);
        assert_eq!(keys.meaning(Context::Editor, &[y]), Meaning::Nothing, "a letter is text there");
        let following = keys.following(Context::Error, &[y]);
        assert_eq!(following, [("y".to_owned(), Action::Copy)]);
        assert_eq!(keys.shown(Action::Copy, Context::Error), "y y");
    }

    #[test]
    fn whoever_chooses_for_a_shell_line_does_it_with_enter() {
        let keys = Keymap::default().picking();
        assert_eq!(keys.resolve(Context::Profiles, KeyCode::Enter.into()), Some(Action::Pick));
        assert_eq!(keys.first(Action::Open), "Alt-Enter");
        assert_eq!(Keymap::default().first(Action::Pick), "");
    }
}
