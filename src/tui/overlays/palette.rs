//! The command palette: every action that makes sense where the user is, and in the sandbox every fault, found by
//! some letters of their names.
//!
//! ```text
//! ┌ Commands ────────────────────────────────────────────────────────┐
//! │ 429                                                    27 of 201 │
//! │▌fault 429-forever  Every page request gets 429 and one second …  │
//! │ fault token-429    The token endpoint says 429 once, one second… │
//! │ Every page request gets 429 and one second to wait               │
//! └ Enter do  Up Down select  Esc close ─────────────────────────────┘
//! ```

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::error::ErrorPanel;
use super::list;
use crate::tui::action::{Action, Context, Entry, TABLE};
use crate::tui::ctx::Ctx;
use crate::tui::faults::{Faults, Playing};
use crate::tui::keymap::Keymap;
use crate::tui::widgets::{Item, Picker, Words};

/// What it says of itself.
const WORDS: Words =
    Words { invitation: "type a few letters", none: "no command is called or described like this" };

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// As if its key had been pressed.
    Do(Action),
    /// Plays this fault in the sandbox.
    Play(String),
    /// Makes the sandbox well again.
    EndFault,
}

/// The open palette.
#[derive(Debug)]
pub struct Palette {
    list: Picker<Choice>,
    /// What came up while letters were being typed, and waits until they cannot be taken for its keys.
    pub behind: Option<Box<ErrorPanel>>,
}

impl Palette {
    /// The commands of a place, with their keys there, and the faults of a sandbox.
    pub fn new(from: Context, keys: &Keymap, faults: Option<&dyn Faults>) -> Self {
        Self::reaching(from, &[], keys, faults)
    }

    /// The same, and behind them the commands of other panes, which are gone to when one is chosen.
    pub fn reaching(from: Context, others: &[Context], keys: &Keymap, faults: Option<&dyn Faults>) -> Self {
        let item = |entry: &Entry, place: Context, about: String| Item {
            value: Choice::Do(entry.action),
            name: entry.name.replace('-', " "),
            about,
            aside: keys.shown(entry.action, place),
        };
        let own = TABLE.iter().filter(|entry| makes_sense(entry.action, from));
        let mut items: Vec<Item<Choice>> =
            own.map(|entry| item(entry, from, entry.about_in(from).to_owned())).collect();
        for entry in TABLE.iter().filter(|entry| !makes_sense(entry.action, from)) {
            if let Some(place) = others.iter().find(|place| makes_sense(entry.action, **place)) {
                let about = format!("{}: {}", place.title(), entry.about_in(*place));
                items.push(item(entry, *place, about));
            }
        }
        if let Some(faults) = faults {
            items.extend(of_faults(faults));
        }
        Self { list: Picker::new(items), behind: None }
    }

    /// Leaves out actions that mean nothing where the user is.
    pub fn leave_out(&mut self, actions: &[Action]) {
        self.list.retain(|item| !matches!(item.value, Choice::Do(action) if actions.contains(&action)));
    }

    /// What is selected.
    pub fn choice(&self) -> Option<Choice> {
        self.list.choice().map(|item| item.value.clone())
    }

    /// A key that is text; says whether anything changed.
    pub fn input(&mut self, key: KeyEvent, ctx: &Ctx<'_>) -> bool {
        self.list.input(key, list::height(ctx.area))
    }

    /// Pasted text; its first line counts.
    pub fn paste(&mut self, text: &str) -> bool {
        self.list.paste(text)
    }

    /// Moves among what was found; says whether anything moved.
    pub fn select(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        self.list.select(action, list::height(ctx.area))
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        list::view(
            &self.list,
            "Commands",
            WORDS,
            (Context::Palette, &[(Action::Choose, "do")]),
            ctx,
            area,
            buf,
        );
    }
}

/// Whether a command belongs into the palette of a place: moving is quicker done than found.
fn makes_sense(action: Action, from: Context) -> bool {
    match action {
        Action::Palette
        | Action::Up
        | Action::Down
        | Action::Left
        | Action::Right
        | Action::PageUp
        | Action::PageDown
        | Action::First
        | Action::Last => false,
        // Their keys work where the limits are looked at; what they do concerns every place.
        Action::MoreAtOnce | Action::FewerAtOnce | Action::Slower | Action::Faster => true,
        _ => action.entry().contexts.contains(&from),
    }
}

fn of_faults(faults: &dyn Faults) -> Vec<Item<Choice>> {
    let playing = faults.playing();
    let end = playing.as_ref().map(|playing| Item {
        value: Choice::EndFault,
        name: "fault none".to_owned(),
        about: format!("the sandbox is well again: ends {}", playing.name),
        aside: String::new(),
    });
    let aside = |name: &str| match &playing {
        Some(Playing { name: played, .. }) if played == name => "being played".to_owned(),
        _ => String::new(),
    };
    let all = faults.list().into_iter().map(|fault| Item {
        aside: aside(&fault.name),
        name: format!("fault {}", fault.name),
        value: Choice::Play(fault.name),
        about: fault.about,
    });
    end.into_iter().chain(all).collect()
}

#[cfg(test)]
mod tests;
