//! Keys: what is half typed, what a key comes to, and what may follow.

use crossterm::event::{KeyCode, KeyEvent};

use super::{App, Moment, Turn};
use crate::tui::action::{Action, Context};
use crate::tui::ctx::{Focus, Outcome};
use crate::tui::keymap::{Chord, Meaning, written};

impl App {
    /// A key was pressed.
    pub fn key(&mut self, key: KeyEvent, at: Moment) -> Turn {
        let said = self.notice.take().is_some();
        self.read_on();
        self.search.touched();
        let turn = self.press_frozen(key).unwrap_or_else(|| self.press(key, at));
        self.recorded(turn).and(Turn::changed(said))
    }

    /// Keys that were pressed and mean something only with those that follow.
    pub fn pending(&self) -> &[Chord] {
        &self.pending
    }

    fn press(&mut self, key: KeyEvent, at: Moment) -> Turn {
        let context = self.context();
        let chord = Chord::of(key);
        let mut typed = std::mem::take(&mut self.pending);
        let begun = !typed.is_empty();
        typed.push(chord);
        match self.world.keys.meaning(context, &typed) {
            Meaning::Does(action) => self.act(action, at).and(Turn::changed(begun)),
            Meaning::Begins => {
                self.pending = typed;
                Turn::CHANGED
            }
            Meaning::Nothing if begun => self.leave_chord(&typed, chord, context, key, at),
            Meaning::Nothing => self.type_in(key, context, at),
        }
    }

    /// A key that cannot follow those that were pressed: it leaves them, and a command of its own is done all the same.
    fn leave_chord(
        &mut self,
        typed: &[Chord],
        chord: Chord,
        context: Context,
        key: KeyEvent,
        at: Moment,
    ) -> Turn {
        if key.code == KeyCode::Esc {
            return self.notice(format!("{} was given up", written(&typed[..typed.len() - 1])));
        }
        if chord.commands_in_text() {
            return self.press(key, at).and(Turn::CHANGED);
        }
        let begun = &typed[..typed.len() - 1];
        let all: Vec<_> =
            self.world.keys.following(context, begun).into_iter().map(|(keys, _)| keys).collect();
        let all = all.join(" ");
        self.notice(format!("{} means nothing here; after {}: {all}", written(typed), written(begun)))
    }

    /// A key that commands nothing: text, where text is taken.
    fn type_in(&mut self, key: KeyEvent, context: Context, at: Moment) -> Turn {
        if context == Context::Editor {
            let ctx = self.world.ctx(at, self.area_of(self.world.focus));
            let outcome = match self.world.focus {
                Focus::Builder => self.builder.input(key, &ctx),
                Focus::Profiles => self.profiles.input(key, &ctx),
                Focus::Detail => self.detail.input(key, &ctx),
                Focus::Activity => Outcome::IGNORED,
            };
            return self.settle(outcome, at);
        }
        self.typed_over(key, at)
    }

    /// The first key of an action, for a sentence.
    pub(super) fn key_of(&self, action: Action) -> String {
        self.world.keys.first(action)
    }
}
