//! Finding a person: one line takes whatever is known of somebody, says what it is taken for, and asks for it.
//!
//! ```text
//! ┌ Find a person ────────────────────────────────────────────────────┐
//! │ (030) 23125-123                                                   │
//! │                                                                   │
//! │▌phone number      ends with 3125123, however it is spaced         │
//! │ last digits       a phone number with 5123 in it                  │
//! │ phone as written  (030) 23125-123 or 3023125123                   │
//! │                                                                   │
//! │ (endswith(phone,'5123') or endswith(phone,'5 123') or …           │
//! └ Enter find  Up Down another way  Esc close ───────────────────────┘
//! ```

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::engine::query::person::{LONGEST_SAID, Reading, readings};
use crate::engine::text::{clean, fit};
use crate::tui::action::Action;
use crate::tui::ctx::Ctx;
use crate::tui::widgets::{Field, more, moved, put_clean};

/// Columns of the panel at most, borders included.
const WIDEST: u16 = 100;
/// Lines of what the text may mean.
const LISTED: u16 = 6;
/// Lines of the query that is selected.
const TOLD: u16 = 3;
/// The line, what is said of it, and the borders.
const REST: u16 = 4;

/// The open panel.
#[derive(Debug)]
pub struct PersonPanel {
    field: Field,
    /// Whether the line is of before, and the next letter begins another.
    stale: bool,
    found: Vec<Reading>,
    selected: usize,
    /// What was asked for already, and found nobody.
    tried: Vec<Reading>,
    /// The query that can be brought back, in a few words.
    before: Option<String>,
    /// Something to heed.
    warning: Option<String>,
}

/// What is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// Look for this person.
    Find(Reading),
    /// Bring back the query of before.
    Before,
}

impl PersonPanel {
    /// An empty line; `before` says in a few words which query can be brought back.
    pub fn new(before: Option<String>) -> Self {
        Self {
            field: Field::default(),
            stale: false,
            found: Vec::new(),
            selected: 0,
            tried: Vec::new(),
            before,
            warning: None,
        }
    }

    /// The line that was asked for in these ways, which found nobody; the next way is selected.
    #[must_use]
    pub fn after(mut self, line: &str, tried: Vec<Reading>) -> Self {
        self.field = Field::holding(line);
        self.tried = tried;
        self.read();
        self.stale = true;
        let next = self.found.iter().position(|reading| !self.tried.contains(reading));
        self.selected = next.unwrap_or(0);
        let what = self.tried.last().map_or("", |reading| reading.what);
        self.warning = Some(match next {
            Some(_) => format!("nobody found by {what}: try the next way"),
            None => "nobody found in any of these ways: try another thing".to_owned(),
        });
        self
    }

    /// The line as it stands.
    pub fn line(&self) -> &str {
        self.field.text()
    }

    /// What is selected, if anything is.
    pub fn chosen(&self) -> Option<Chosen> {
        if self.field.text().trim().is_empty() {
            return self.before.as_ref().map(|_| Chosen::Before);
        }
        self.found.get(self.selected).cloned().map(Chosen::Find)
    }

    /// What was asked for already, to no avail.
    pub fn tried(&self) -> &[Reading] {
        &self.tried
    }

    /// There is nothing to look for.
    pub fn refuse(&mut self) {
        self.warning = Some("type what you know of the person first".to_owned());
    }

    /// A key that is text; says whether anything changed.
    pub fn input(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let types = matches!(key.code, KeyCode::Char(_)) && !control;
        if self.stale && (types || key.code == KeyCode::Backspace) {
            self.field = Field::default();
        }
        let changed = self.field.input(key) || self.stale && key.code == KeyCode::Backspace;
        if changed {
            self.stale = false;
            self.another();
        }
        changed
    }

    /// Pasted text: what stands on several lines is taken as one.
    pub fn paste(&mut self, text: &str) -> bool {
        let text = text.trim();
        if text.len() > LONGEST_SAID {
            self.warning = Some(
                "that is more than a line: a long list of IDs is pasted into the query's IDs".to_owned(),
            );
            return true;
        }
        if std::mem::take(&mut self.stale) {
            self.field = Field::default();
        }
        let line =
            text.split(['\r', '\n']).filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join(" ");
        let changed = self.field.paste(&line);
        self.another();
        changed
    }

    /// Moves among the ways to ask; says whether anything moved.
    pub fn select(&mut self, action: Action) -> bool {
        let before = self.selected;
        self.selected = moved(action, before, usize::from(LISTED), self.found.len().saturating_sub(1));
        self.selected != before
    }

    fn another(&mut self) {
        self.tried.clear();
        self.warning = None;
        self.read();
    }

    fn read(&mut self) {
        self.found = readings(self.field.text());
        self.selected = 0;
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let place = super::centred(area, WIDEST.min(area.width.saturating_sub(2)), LISTED + TOLD + REST);
        let inside = super::window(ctx, "Find a person", &self.hints(ctx), place, theme.border_focused, buf);
        if inside.is_empty() {
            return;
        }
        let line = if self.stale {
            Line::styled(
                fit(&clean(self.field.text()), usize::from(inside.width)).into_owned(),
                theme.selected,
            )
        } else {
            self.field.line(theme, usize::from(inside.width))
        };
        let mut rows = inside.rows();
        let mut next = || rows.next().unwrap_or_default();
        buf.set_line(inside.x, next().y, &line, inside.width);
        let (said, style) = self.said(ctx);
        let at = next();
        put_clean(buf, at.x, at.y, at.width, &fit(&said, at.width.into()), style);
        let list = Rect { y: inside.y + 2, height: LISTED.min(inside.height.saturating_sub(2)), ..inside };
        self.list(ctx, list, buf);
        let below =
            Rect { y: list.bottom(), height: inside.bottom().saturating_sub(list.bottom()), ..inside };
        self.told(ctx, below, buf);
    }

    /// What stands under the line.
    fn said(&self, ctx: &Ctx<'_>) -> (String, Style) {
        let theme = ctx.theme;
        match &self.warning {
            Some(warning) => (warning.clone(), theme.warn),
            None if self.field.text().is_empty() => {
                ("an e-mail address, a phone number, an ID or a name".to_owned(), theme.dim)
            }
            None if self.found.is_empty() => ("nothing to look for in this".to_owned(), theme.warn),
            None => (String::new(), theme.dim),
        }
    }

    fn list(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        if self.field.text().trim().is_empty() {
            if let Some(before) = &self.before
                && !area.is_empty()
            {
                buf.set_style(Rect { height: 1, ..area }, theme.selected);
                let line = format!("bring back  {}", clean(before));
                buf.set_span(area.x - 1, area.y, &Span::styled(theme.symbols.cursor, theme.accent), 1);
                put_clean(buf, area.x, area.y, area.width, &fit(&line, area.width.into()), theme.selected);
            }
            return;
        }
        let offset = (self.selected + 1).saturating_sub(area.height.into());
        let whats = self.found.iter().map(|reading| reading.what.width()).max().unwrap_or(0);
        for (y, (at, reading)) in (area.y..area.bottom()).zip(self.found.iter().enumerate().skip(offset)) {
            let selected = at == self.selected;
            let over = |style| if selected { theme.selected } else { style };
            if selected {
                buf.set_style(Rect { y, height: 1, ..area }, theme.selected);
                buf.set_span(area.x - 1, y, &Span::styled(theme.symbols.cursor, theme.accent), 1);
            }
            let aside = if self.tried.contains(reading) { "nobody" } else { "" };
            let room = usize::from(area.width).saturating_sub(whats + 2);
            let asks = clean(&reading.asks);
            let asks = fit(&asks, room.saturating_sub(if aside.is_empty() { 0 } else { aside.len() + 2 }));
            let what = format!("{:<whats$}  ", reading.what);
            let line = Line::from(vec![
                Span::styled(what, over(theme.text)),
                Span::styled(asks.into_owned(), over(theme.dim)),
            ]);
            buf.set_line(area.x, y, &line, area.width);
            if !aside.is_empty() && room > aside.len() {
                let x = area.right() - aside.len() as u16;
                buf.set_span(x, y, &Span::styled(aside, over(theme.warn)), aside.len() as u16);
            }
        }
        more(offset > 0, offset + usize::from(area.height) < self.found.len(), ctx, area, buf);
    }

    /// The query that is selected, in the service's language.
    fn told(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let Some(Chosen::Find(reading)) = self.chosen() else { return };
        let query = match &reading.ids[..] {
            [] => reading.filter,
            ids => format!("IDs {}", ids.join(" ")),
        };
        let query = clean(&query);
        let lines = super::wrap(&query, usize::from(area.width));
        for (at, (y, line)) in (area.y..area.bottom()).zip(&lines).enumerate() {
            let cut = at + 1 == usize::from(area.height) && lines.len() > at + 1;
            let room = usize::from(area.width).saturating_sub(1);
            let line = if !cut {
                line.clone()
            } else if line.width() <= room {
                format!("{line}…")
            } else {
                fit(line, room).into_owned()
            };
            buf.set_line(area.x, y, &Line::styled(line, ctx.theme.dim), area.width);
        }
    }

    fn hints(&self, ctx: &Ctx<'_>) -> Line<'static> {
        let [take, up, down, close] =
            [Action::Answer, Action::Up, Action::Down, Action::Close].map(|action| ctx.keys.first(action));
        let enter = match self.chosen() {
            Some(Chosen::Before) => "bring back",
            _ => "find",
        };
        let mut hints = vec![(take, enter)];
        if self.found.len() > 1 {
            hints.push((format!("{up} {down}"), "another way"));
        }
        hints.push((close, "close"));
        super::key_line(&hints, ctx.theme)
    }
}

#[cfg(test)]
mod tests;
