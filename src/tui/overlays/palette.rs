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

use std::cmp::Reverse;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::error::ErrorPanel;
use crate::engine::text::{clean, fit};
use crate::tui::action::{Action, Context, TABLE};
use crate::tui::ctx::Ctx;
use crate::tui::faults::{Faults, Playing};
use crate::tui::fuzzy::{Hit, Needle};
use crate::tui::keymap::Keymap;
use crate::tui::widgets::{Field, moved, put};

/// Columns of the palette at most, borders included.
const WIDEST: u16 = 100;
/// Lines of the palette at most, borders included.
const HIGHEST: u16 = 22;

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

#[derive(Debug)]
struct Entry {
    choice: Choice,
    name: String,
    about: String,
    /// Its keys, or for a fault being played, that it is.
    aside: String,
}

/// The open palette.
#[derive(Debug)]
pub struct Palette {
    entries: Vec<Entry>,
    field: Field,
    /// Places in `entries` with what was found there, best first.
    found: Vec<(usize, Hit)>,
    /// A place in `found`.
    selected: usize,
    offset: usize,
    /// What came up while letters were being typed, and waits until they cannot be taken for its keys.
    pub behind: Option<Box<ErrorPanel>>,
}

impl Palette {
    /// The commands of a place, with their keys there, and the faults of a sandbox.
    pub fn new(from: Context, keys: &Keymap, faults: Option<&dyn Faults>) -> Self {
        let mut entries: Vec<Entry> = TABLE
            .iter()
            .filter(|entry| makes_sense(entry.action, from))
            .map(|entry| Entry {
                choice: Choice::Do(entry.action),
                name: entry.name.replace('-', " "),
                about: entry.about_in(from).to_owned(),
                aside: keys.shown(entry.action, from),
            })
            .collect();
        if let Some(faults) = faults {
            entries.extend(of_faults(faults));
        }
        let mut palette = Self {
            entries,
            field: Field::default(),
            found: Vec::new(),
            selected: 0,
            offset: 0,
            behind: None,
        };
        palette.narrow();
        palette
    }

    /// Leaves out actions that mean nothing where the user is.
    pub fn leave_out(&mut self, actions: &[Action]) {
        self.entries.retain(|entry| !matches!(entry.choice, Choice::Do(action) if actions.contains(&action)));
        self.narrow();
    }

    /// What is selected.
    pub fn choice(&self) -> Option<Choice> {
        let (at, _) = self.found.get(self.selected)?;
        self.entries.get(*at).map(|entry| entry.choice.clone())
    }

    /// A key that is text; says whether anything changed.
    pub fn input(&mut self, key: KeyEvent, ctx: &Ctx<'_>) -> bool {
        // As in every list that is narrowed by typing.
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('p') if control => return self.select(Action::Up, ctx),
            KeyCode::Char('n') if control => return self.select(Action::Down, ctx),
            _ => {}
        }
        let changed = self.field.input(key);
        if changed {
            self.narrow();
        }
        changed
    }

    /// Pasted text; its first line counts.
    pub fn paste(&mut self, text: &str) -> bool {
        let changed = self.field.paste(text);
        if changed {
            self.narrow();
        }
        changed
    }

    /// Moves among what was found; says whether anything moved.
    pub fn select(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        let place = place(ctx.area);
        let height = usize::from(place.height.saturating_sub(3 + told(place))).max(1);
        let last = self.found.len().saturating_sub(1);
        let before = self.selected;
        self.selected = moved(action, before, height, last);
        self.offset = self.offset.clamp((self.selected + 1).saturating_sub(height), self.selected);
        self.selected != before
    }

    fn narrow(&mut self) {
        let mut needle = Needle::new(self.field.text());
        let find = |(at, entry): (usize, &Entry)| Some((at, needle.find(&entry.name, &entry.about)?));
        self.found = self.entries.iter().enumerate().filter_map(find).collect();
        // Those that are as good stay in the order of the table.
        self.found.sort_by_key(|(_, hit)| Reverse(hit.score));
        (self.selected, self.offset) = (0, 0);
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let place = place(area);
        let inside = super::window(ctx, "Commands", &hints(ctx), place, theme.border_focused, buf);
        if inside.is_empty() {
            return;
        }
        let count = format!("{} of {}", self.found.len(), self.entries.len());
        let room = inside.width.saturating_sub(count.width() as u16 + 3);
        // What was typed last is what is being looked at.
        let typed = clean(self.field.text());
        let typed = tail(&typed, room.into());
        let used = put(buf, inside.x, inside.y, room, typed, theme.text);
        put(buf, inside.x + used, inside.y, 1, " ", theme.cursor);
        if typed.is_empty() {
            put(buf, inside.x + 2, inside.y, room.saturating_sub(2), "type a few letters", theme.dim);
        }
        let count = Line::styled(count, theme.dim);
        let x = inside.right().saturating_sub(count.width() as u16).max(inside.x + used + 2);
        buf.set_line(x, inside.y, &count, inside.right().saturating_sub(x));
        let list = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1 + told(place)), ..inside };
        if self.found.is_empty() {
            let none = Line::styled("no command is called or described like this", theme.dim);
            buf.set_line(list.x, list.y, &none, if list.is_empty() { 0 } else { list.width });
        }
        // A resize may have left what is selected outside.
        let height = usize::from(list.height).max(1);
        let offset = self.offset.clamp((self.selected + 1).saturating_sub(height), self.selected);
        let seen = self.found.iter().skip(offset).take(list.height.into());
        let seen: Vec<_> = seen.filter_map(|(at, hit)| Some((self.entries.get(*at)?, hit))).collect();
        let names = seen.iter().map(|(entry, _)| entry.name.width()).max().unwrap_or(0);
        for (y, (at, (entry, hit))) in (list.y..list.bottom()).zip((offset..).zip(seen)) {
            let row = Row { entry, hit, names, selected: at == self.selected };
            row.view(ctx, Rect { y, height: 1, ..list }, buf);
            if row.selected {
                let below = Rect { y: list.bottom(), height: inside.bottom() - list.bottom(), ..inside };
                let lines = super::wrap(&entry.about, below.width.into());
                for (y, line) in (below.y..below.bottom()).zip(lines) {
                    buf.set_line(below.x, y, &Line::styled(line, theme.text), below.width);
                }
            }
        }
        super::more(offset > 0, offset + height < self.found.len(), ctx, list, buf);
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

fn of_faults(faults: &dyn Faults) -> Vec<Entry> {
    let playing = faults.playing();
    let end = playing.as_ref().map(|playing| Entry {
        choice: Choice::EndFault,
        name: "fault none".to_owned(),
        about: format!("the sandbox is well again: ends {}", playing.name),
        aside: String::new(),
    });
    let aside = |name: &str| match &playing {
        Some(Playing { name: played, .. }) if played == name => "being played".to_owned(),
        _ => String::new(),
    };
    let all = faults.list().into_iter().map(|fault| Entry {
        aside: aside(&fault.name),
        name: format!("fault {}", fault.name),
        choice: Choice::Play(fault.name),
        about: fault.about,
    });
    end.into_iter().chain(all).collect()
}

/// One of those that were found, as it is drawn.
struct Row<'a> {
    entry: &'a Entry,
    hit: &'a Hit,
    /// Columns of the longest name that is seen.
    names: usize,
    selected: bool,
}

impl Row<'_> {
    fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let Self { entry, hit, names, selected } = *self;
        let theme = ctx.theme;
        // What is selected has a background of its own, on which colours of text might not be seen.
        let over = |style: Style| if selected { theme.selected } else { style };
        if selected {
            buf.set_style(area, theme.selected);
            buf.set_span(area.x - 1, area.y, &Span::styled(theme.symbols.cursor, theme.accent), 1);
        }
        let width = usize::from(area.width);
        let aside = fit(&entry.aside, width / 3);
        let name = fit(&entry.name, width);
        let pad = names.saturating_sub(name.width());
        let used = name.width() + pad + 2;
        let about = fit(&entry.about, width.saturating_sub(used + aside.width() + 2));
        let mut line = Line::default();
        mark(&name, &hit.name, over(theme.text), over(theme.key), &mut line);
        line.spans.push(Span::styled(" ".repeat(pad + 2), over(theme.text)));
        mark(&about, &hit.about, over(theme.dim), over(theme.key), &mut line);
        buf.set_line(area.x, area.y, &line, area.width);
        if used < width {
            let aside = Line::styled(aside, over(theme.key));
            let x = area.right().saturating_sub(aside.width() as u16);
            buf.set_line(x, area.y, &aside, area.right() - x);
        }
    }
}

/// Text in which some characters were found: underlined and bold, so that it takes no colour to see them.
fn mark(text: &str, found: &[usize], style: Style, hit: Style, line: &mut Line<'static>) {
    let hit = hit.add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    let mut found = found.iter().copied().peekable();
    for (at, c) in text.chars().enumerate() {
        let style = if found.next_if_eq(&at).is_some() && c != '…' { hit } else { style };
        match line.spans.last_mut() {
            Some(span) if span.style == style => span.content.to_mut().push(c),
            _ => line.spans.push(Span::styled(c.to_string(), style)),
        }
    }
}

/// Lines below the list for what is selected, whose description may not fit beside its name.
fn told(area: Rect) -> u16 {
    if area.width < 70 { 2 } else { 1 }
}

/// The end of a text, as much as fits.
fn tail(text: &str, columns: usize) -> &str {
    let mut rest = text;
    while rest.width() > columns {
        let mut chars = rest.chars();
        chars.next();
        rest = chars.as_str();
    }
    rest
}

fn hints(ctx: &Ctx<'_>) -> Line<'static> {
    let theme = ctx.theme;
    let [choose, up, down, close] =
        [Action::Choose, Action::Up, Action::Down, Action::Close].map(|action| ctx.keys.first(action));
    let mut line = Line::default();
    for (key, hint) in [(choose, " do  "), (format!("{up} {down}"), " select  "), (close, " close ")] {
        line.spans.push(Span::styled(if line.spans.is_empty() { format!(" {key}") } else { key }, theme.key));
        line.spans.push(Span::styled(hint, theme.dim));
    }
    line
}

fn place(area: Rect) -> Rect {
    super::centred(area, WIDEST.min(area.width.saturating_sub(2)), HIGHEST.min(area.height.saturating_sub(2)))
}

#[cfg(test)]
mod tests;
