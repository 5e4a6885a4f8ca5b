//! Help for where the user is, made from the table of keys: it can be searched, and does what is selected in it.
//!
//! ```text
//! ┌ Help: Profiles ──────────────────────────────────────┐
//! │ /copy                                       9 of 52  │   while it is searched
//! │ y y   copy the cell, the node, the value, …          │
//! │▌y r   copy the row: the columns that are shown, …    │
//! └ Enter do  / search  Esc close ───────────────────────┘
//! ```

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::error::ErrorPanel;
use crate::engine::text::clean;
use crate::tui::action::{Action, Context, Entry, TABLE};
use crate::tui::ctx::Ctx;
use crate::tui::fuzzy::Needle;
use crate::tui::keymap::Keymap;
use crate::tui::widgets::{Field, moved};

/// The open help.
#[derive(Debug)]
pub struct Help {
    /// Where the user was when it was opened.
    about: Context,
    /// What it was opened over, and which is there again behind it.
    pub behind: Option<Box<ErrorPanel>>,
    /// What its keys are searched for.
    field: Field,
    /// Whether that is being typed.
    searched: bool,
    /// Which of those that are listed.
    selected: usize,
    offset: usize,
}

/// One of those that are listed.
struct Row {
    entry: &'static Entry,
    keys: String,
}

/// All that is shown: lines, and at which of them each row begins.
struct Page {
    lines: Vec<Line<'static>>,
    rows: Vec<usize>,
}

impl Help {
    /// Help for that place, opened over this.
    pub fn new(about: Context, behind: Option<Box<ErrorPanel>>) -> Self {
        Self { about, behind, field: Field::default(), searched: false, selected: 0, offset: 0 }
    }

    /// Begins to type what is searched for.
    pub fn search(&mut self) {
        self.searched = true;
    }

    /// Whether letters are text now.
    pub fn is_searched(&self) -> bool {
        self.searched
    }

    /// Lists everything again; says whether there was a search.
    pub fn clear(&mut self) -> bool {
        let was = self.searched || !self.field.text().is_empty();
        (self.searched, self.field) = (false, Field::default());
        (self.selected, self.offset) = (0, 0);
        was
    }

    /// What is selected.
    pub fn choice(&self, keys: &Keymap) -> Option<Action> {
        self.rows(keys).get(self.selected).map(|row| row.entry.action)
    }

    /// A key that is text; says whether anything changed.
    pub fn input(&mut self, key: KeyEvent) -> bool {
        let changed = self.searched && self.field.input(key);
        if changed {
            (self.selected, self.offset) = (0, 0);
        }
        changed
    }

    /// Pasted text; its first line counts.
    pub fn paste(&mut self, text: &str) -> bool {
        let changed = self.searched && self.field.paste(text);
        if changed {
            (self.selected, self.offset) = (0, 0);
        }
        changed
    }

    /// Moves among what is listed; says whether anything moved.
    pub fn scroll(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        let inside = place(ctx.area, usize::MAX);
        let (width, height) = (inside.width.saturating_sub(4), inside.height.saturating_sub(2));
        let page = self.page(ctx, width.into());
        let height = usize::from(height).saturating_sub(self.head()).max(1);
        let before = (self.selected, self.offset);
        let last = page.rows.len().saturating_sub(1);
        self.selected = moved(action, self.selected, height.saturating_sub(1).max(1), last);
        let most = page.lines.len().saturating_sub(height);
        let begin = page.rows.get(self.selected).copied().unwrap_or(0);
        let end = page.rows.get(self.selected + 1).copied().unwrap_or(begin + 1);
        self.offset = match self.selected {
            // What stands before the first and behind the last is seen with it.
            0 => 0,
            at if at == last => most,
            _ => self.offset.clamp(end.saturating_sub(height).min(begin), begin),
        };
        before != (self.selected, self.offset)
    }

    /// Lines above the list.
    fn head(&self) -> usize {
        usize::from(self.searched || !self.field.text().is_empty())
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let width = place(area, usize::MAX).width.saturating_sub(4);
        let page = self.page(ctx, width.into());
        // As high as the whole list also while it is searched: a window that jumps is hard to read.
        let all = if self.head() > 0 { usize::MAX } else { page.lines.len() };
        let place = place(area, all);
        let title = format!("Help: {}", self.about.title());
        let (context, esc) =
            if self.searched { (Context::Prompt, "show all") } else { (Context::Help, "close") };
        let hints = super::hints(ctx.keys, context, Some(esc), theme, place.width.saturating_sub(3));
        let mut inside = super::window(ctx, &title, &hints, place, theme.border_focused, buf);
        if self.head() > 0 && !inside.is_empty() {
            self.typed(ctx, page.rows.len(), inside, buf);
            inside = Rect { y: inside.y + 1, height: inside.height - 1, ..inside };
        }
        if page.rows.is_empty() {
            let none = Line::styled("no key does anything that is called or described like this", theme.dim);
            buf.set_line(inside.x, inside.y, &none, if inside.is_empty() { 0 } else { inside.width });
            return;
        }
        super::draw_lines(&page.lines, self.offset, ctx, inside, buf);
        // A resize may have left less room than the offset thinks.
        let offset = self.offset.min(page.lines.len().saturating_sub(usize::from(inside.height)));
        if let Some(y) = page.rows.get(self.selected).and_then(|line| line.checked_sub(offset))
            && y < usize::from(inside.height)
        {
            let cursor = Span::styled(theme.symbols.cursor, theme.accent);
            buf.set_span(inside.x.saturating_sub(1), inside.y + y as u16, &cursor, 1);
        }
    }

    /// The search, and how much it finds.
    fn typed(&self, ctx: &Ctx<'_>, found: usize, inside: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let [before, under, behind] = self.field.around_cursor().map(|part| clean(part).into_owned());
        let under = if under.is_empty() { " ".to_owned() } else { under };
        let cursor = if self.searched { theme.cursor } else { Style::default() };
        let line = Line::from(vec![
            Span::styled(format!("/{before}"), theme.editing),
            Span::styled(under, cursor),
            Span::styled(behind, theme.editing),
        ]);
        let count = Line::styled(format!(" {found} found"), theme.dim);
        let x = inside.right().saturating_sub(count.width() as u16).max(inside.x);
        buf.set_line(inside.x, inside.y, &line, x - inside.x);
        buf.set_line(x, inside.y, &count, inside.right() - x);
    }

    /// What is listed, in the table's order.
    fn rows(&self, keys: &Keymap) -> Vec<Row> {
        let mut needle = Some(self.field.text()).filter(|text| !text.is_empty()).map(Needle::new);
        TABLE
            .iter()
            .filter_map(|entry| {
                let row = Row { entry, keys: keys.shown(entry.action, self.about) };
                // Whoever saw a key somewhere looks for that.
                let names = format!("{} {}", entry.name.replace('-', " "), row.keys);
                let found = needle
                    .as_mut()
                    .is_none_or(|needle| needle.find(&names, entry.about_in(self.about)).is_some());
                (!row.keys.is_empty() && found).then_some(row)
            })
            .collect()
    }

    fn page(&self, ctx: &Ctx<'_>, width: usize) -> Page {
        let theme = ctx.theme;
        let mut page = Page { lines: Vec::new(), rows: Vec::new() };
        let prose = |lines: &mut Vec<_>, text: &str, style| {
            lines.extend(super::wrap(text, width).into_iter().map(|line| Line::styled(line, style)));
        };
        let all = self.head() == 0;
        if all {
            prose(&mut page.lines, introduction(self.about), theme.text);
            page.lines.push(Line::default());
        }
        let rows = self.rows(ctx.keys);
        let column = rows.iter().map(|row| row.keys.width()).max().unwrap_or(0) + 2;
        for (at, row) in rows.iter().enumerate() {
            page.rows.push(page.lines.len());
            let over = |style: Style| if at == self.selected { theme.selected } else { style };
            let about = row.entry.about_in(self.about);
            for (line, part) in super::wrap(about, width.saturating_sub(column)).into_iter().enumerate() {
                let keys = if line == 0 { row.keys.as_str() } else { "" };
                let pad = " ".repeat(column.saturating_sub(keys.width()));
                let rest = " ".repeat(width.saturating_sub(column + part.width()));
                page.lines.push(Line::from(vec![
                    Span::styled(format!("{keys}{pad}"), over(theme.key)),
                    Span::styled(format!("{part}{rest}"), over(theme.text)),
                ]));
            }
        }
        if all {
            if ctx.service.is_some_and(|s| s.sandbox) {
                page.lines.push(Line::default());
                page.lines.push(Line::styled("These people are made up", theme.heading));
                let way = "This is the embedded sandbox. For a tenant of yours leave, set CXONE_TENANT, \
                           CXONE_CLIENT_ID and CXONE_CLIENT_SECRET, and start again.";
                prose(&mut page.lines, way, theme.text);
            }
            if !ctx.keys.source().is_empty() {
                page.lines.push(Line::default());
                prose(&mut page.lines, &clean(ctx.keys.source()), theme.dim);
            }
        }
        page
    }
}

fn place(area: Rect, lines: usize) -> Rect {
    let height = u16::try_from(lines.saturating_add(2)).unwrap_or(u16::MAX);
    super::centred(area, 78.min(area.width.saturating_sub(2)), height.min(area.height.saturating_sub(2)))
}

fn introduction(context: Context) -> &'static str {
    match context {
        Context::Builder => {
            "What is asked of the service. IDs, segments and filter must all hold; several segments mean any of \
             them. Under them stands the plan: what running it would take."
        }
        Context::Files => {
            "The files that are read, and what is going on. They are shown whole, every row of them; nothing is \
             asked of a service, and nothing is written to the audit trail."
        }
        Context::Profiles => {
            "The profiles that came, in the order of the service. They appear page by page; the cursor stays on \
             its profile while more arrive. null and \"\" are what came; missing, not asked for and changed by \
             processing wear a sign: – · ~ (in ASCII - . ~)."
        }
        Context::Detail => {
            "One profile: every value as processed, and beside it the value as received where processing changed \
             it. Below them stands why the one under the cursor is as it is, or why there is none. What is folded, \
             where the cursor is and the jq expression stay from profile to profile."
        }
        Context::Activity => {
            "What goes on between here and the service: finished runs, where their time went, limits, webhooks, and \
             every request as a line, which opens. Latency is the server's alone; waiting stands beside it."
        }
        Context::Exchange => {
            "One request and its reply, the token and other secrets taken out. Of the last exchanges all of it is \
             kept; a request that is sent again counts against the limits and is written to the audit trail."
        }
        Context::Editor => "Letters are text here. Leaving keeps what was typed.",
        Context::Help
        | Context::Error
        | Context::Confirm
        | Context::Palette
        | Context::Column
        | Context::Columns
        | Context::Save
        | Context::Prompt
        | Context::Finished
        | Context::Jump
        | Context::Output
        | Context::Compare
        | Context::History
        | Context::Tenants
        | Context::Presets => "",
    }
}
