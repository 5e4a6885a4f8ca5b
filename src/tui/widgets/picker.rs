//! A list that is narrowed by typing: a field, what was found with its letters marked, and below it the whole of what
//! is said of the one that is selected.
//!
//! ```text
//!  429                                                    27 of 201
//! ▌fault 429-forever  Every page request gets 429 and one second …
//!  fault token-429    The token endpoint says 429 once, one second…
//!  Every page request gets 429 and one second to wait
//! ```
//!
//! Whoever owns it decides what a choice means, and where it lies.

use std::cmp::Reverse;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::{Field, more, moved, put, wrap};
use crate::engine::text::{clean, fit};
use crate::tui::action::Action;
use crate::tui::ctx::Ctx;
use crate::tui::fuzzy::{Hit, Needle};

/// One of those that can be chosen. Its texts are clean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<T> {
    /// What is chosen with it.
    pub value: T,
    /// Found also with letters left out.
    pub name: String,
    /// Found by its words.
    pub about: String,
    /// Said at the right, and not looked for.
    pub aside: String,
}

/// What the list says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// Stands in the field before anything is typed.
    pub invitation: &'static str,
    /// Nothing is like what was typed.
    pub none: &'static str,
}

/// The list.
#[derive(Debug)]
pub struct Picker<T> {
    items: Vec<Item<T>>,
    field: Field,
    /// Places in `items` with what was found there, best first.
    found: Vec<(usize, Hit)>,
    /// A place in `found`.
    selected: usize,
    offset: usize,
}

impl<T> Picker<T> {
    /// All of them, in the order in which they are shown until something is typed; the first is selected.
    pub fn new(items: Vec<Item<T>>) -> Self {
        let mut picker = Self { items, field: Field::default(), found: Vec::new(), selected: 0, offset: 0 };
        picker.narrow();
        picker
    }

    /// All of them, found or not.
    pub fn items(&self) -> &[Item<T>] {
        &self.items
    }

    /// Those that were found, best first.
    pub fn found(&self) -> impl Iterator<Item = &Item<T>> {
        self.found.iter().filter_map(|(at, _)| self.items.get(*at))
    }

    /// What is typed.
    pub fn typed(&self) -> &str {
        self.field.text()
    }

    /// What is selected.
    pub fn choice(&self) -> Option<&Item<T>> {
        self.found.get(self.selected).and_then(|(at, _)| self.items.get(*at))
    }

    /// Its place among those that were found.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// Leaves out those of which this is not true.
    pub fn retain(&mut self, keep: impl FnMut(&Item<T>) -> bool) {
        self.items.retain(keep);
        self.narrow();
    }

    /// Other items in their place: what was typed stays, and the cursor as near to where it was as can be.
    pub fn replace(&mut self, items: Vec<Item<T>>) {
        let (selected, offset) = (self.selected, self.offset);
        self.items = items;
        self.narrow();
        self.selected = selected.min(self.found.len().saturating_sub(1));
        self.offset = offset.min(self.selected);
    }

    /// Selects the first that was found of which this is true, if one is.
    pub fn select_where(&mut self, is_it: impl FnMut(&Item<T>) -> bool) {
        let place = self.found().position(is_it);
        self.selected = place.unwrap_or(self.selected);
    }

    /// A key that is text; says whether anything changed. `height`: lines of the list.
    pub fn input(&mut self, key: KeyEvent, height: usize) -> bool {
        // As in every list that is narrowed by typing.
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('p') if control => return self.select(Action::Up, height),
            KeyCode::Char('n') if control => return self.select(Action::Down, height),
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

    /// Moves among what was found; says whether anything moved. `height`: lines of the list.
    pub fn select(&mut self, action: Action, height: usize) -> bool {
        let height = height.max(1);
        let last = self.found.len().saturating_sub(1);
        let before = self.selected;
        self.selected = moved(action, before, height, last);
        self.offset = self.offset.clamp((self.selected + 1).saturating_sub(height), self.selected);
        self.selected != before
    }

    fn narrow(&mut self) {
        let mut needle = Needle::new(self.field.text());
        let find = |(at, item): (usize, &Item<T>)| Some((at, needle.find(&item.name, &item.about)?));
        self.found = self.items.iter().enumerate().filter_map(find).collect();
        // Those that are as good stay in the order in which they came.
        self.found.sort_by_key(|(_, hit)| Reverse(hit.score));
        (self.selected, self.offset) = (0, 0);
    }

    /// Draws it: the field, the list, and `told` lines for what is selected.
    pub fn view(&self, words: Words, told: u16, ctx: &Ctx<'_>, inside: Rect, buf: &mut Buffer) {
        if inside.is_empty() {
            return;
        }
        let theme = ctx.theme;
        let count = format!("{} of {}", self.found.len(), self.items.len());
        let room = inside.width.saturating_sub(count.width() as u16 + 3);
        // What was typed last is what is being looked at.
        let typed = clean(self.field.text());
        let typed = tail(&typed, room.into());
        let used = put(buf, inside.x, inside.y, room, typed, theme.text);
        put(buf, inside.x + used, inside.y, 1, " ", theme.cursor);
        if typed.is_empty() {
            put(buf, inside.x + 2, inside.y, room.saturating_sub(2), words.invitation, theme.dim);
        }
        let count = Line::styled(count, theme.dim);
        let x = inside.right().saturating_sub(count.width() as u16).max(inside.x + used + 2);
        buf.set_line(x, inside.y, &count, inside.right().saturating_sub(x));
        let list = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1 + told), ..inside };
        if self.found.is_empty() {
            let none = Line::styled(words.none, theme.dim);
            buf.set_line(list.x, list.y, &none, if list.is_empty() { 0 } else { list.width });
        }
        // A resize may have left what is selected outside.
        let height = usize::from(list.height).max(1);
        let offset = self.offset.clamp((self.selected + 1).saturating_sub(height), self.selected);
        let seen = self.found.iter().skip(offset).take(list.height.into());
        let seen: Vec<_> = seen.filter_map(|(at, hit)| Some((self.items.get(*at)?, hit))).collect();
        // A name that is long leaves room for what is said of it.
        let longest = usize::from(list.width) / 2;
        let names = seen.iter().map(|(item, _)| item.name.width().min(longest)).max().unwrap_or(0);
        for (y, (at, (item, hit))) in (list.y..list.bottom()).zip((offset..).zip(seen)) {
            let row = Row { item, hit, names, selected: at == self.selected };
            row.view(ctx, Rect { y, height: 1, ..list }, buf);
            if row.selected {
                let below = Rect { y: list.bottom(), height: inside.bottom() - list.bottom(), ..inside };
                for (y, line) in (below.y..below.bottom()).zip(wrap(&item.about, below.width.into())) {
                    buf.set_line(below.x, y, &Line::styled(line, theme.text), below.width);
                }
            }
        }
        more(offset > 0, offset + height < self.found.len(), ctx, list, buf);
    }
}

/// One of those that were found, as it is drawn.
struct Row<'a, T> {
    item: &'a Item<T>,
    hit: &'a Hit,
    /// Columns of the longest name that is seen.
    names: usize,
    selected: bool,
}

impl<T> Row<'_, T> {
    fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let Self { item, hit, names, selected } = *self;
        let theme = ctx.theme;
        // What is selected has a background of its own, on which colours of text might not be seen.
        let over = |style: Style| if selected { theme.selected } else { style };
        if selected {
            buf.set_style(area, theme.selected);
            buf.set_span(area.x - 1, area.y, &Span::styled(theme.symbols.cursor, theme.accent), 1);
        }
        let width = usize::from(area.width);
        let aside = fit(&item.aside, width / 3);
        let name = fit(&item.name, names.min(width));
        let pad = names.saturating_sub(name.width());
        let used = name.width() + pad + 2;
        let about = fit(&item.about, width.saturating_sub(used + aside.width() + 2));
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
