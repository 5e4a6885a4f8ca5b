//! Help for where the user is, made from the table of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::tui::action::{Action, Context, TABLE};
use crate::tui::ctx::Ctx;

/// The open help.
#[derive(Debug)]
pub struct Help {
    /// Where the user was when it was opened.
    about: Context,
    offset: usize,
}

impl Help {
    /// Help for that place.
    pub fn new(about: Context) -> Self {
        Self { about, offset: 0 }
    }

    /// Scrolls; says whether anything moved.
    pub fn scroll(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        let inside = place(ctx.area, usize::MAX);
        let (width, height) = (inside.width.saturating_sub(4), inside.height.saturating_sub(2));
        let len = self.lines(ctx, width.into()).len();
        super::scroll(&mut self.offset, action, len, height.into())
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let width = place(area, usize::MAX).width.saturating_sub(4);
        let lines = self.lines(ctx, width.into());
        let place = place(area, lines.len());
        let title = format!("Help: {}", self.about.title());
        let hints =
            super::hints(ctx.keys, Context::Help, Some("close"), ctx.theme, place.width.saturating_sub(3));
        let inside = super::window(ctx, &title, &hints, place, ctx.theme.border_focused, buf);
        super::draw_lines(&lines, self.offset, ctx, inside, buf);
    }

    fn lines(&self, ctx: &Ctx<'_>, width: usize) -> Vec<Line<'static>> {
        let theme = ctx.theme;
        let mut lines = vec![];
        for line in super::wrap(introduction(self.about), width) {
            lines.push(Line::styled(line, theme.text));
        }
        lines.push(Line::default());
        let rows: Vec<(String, &str)> = TABLE
            .iter()
            .filter_map(|entry| {
                let keys: Vec<_> = ctx.keys.keys(entry.action, self.about).map(|k| k.to_string()).collect();
                (!keys.is_empty()).then(|| (keys.join(" "), entry.about_in(self.about)))
            })
            .collect();
        let column = rows.iter().map(|(keys, _)| keys.width()).max().unwrap_or(0) + 2;
        for (keys, about) in rows {
            let mut first = true;
            for part in super::wrap(about, width.saturating_sub(column)) {
                let keys = if first { keys.as_str() } else { "" };
                let pad = " ".repeat(column.saturating_sub(keys.width()));
                lines.push(Line::from(vec![
                    Span::styled(format!("{keys}{pad}"), theme.key),
                    Span::styled(part, theme.text),
                ]));
                first = false;
            }
        }
        if ctx.service.is_some_and(|s| s.sandbox) {
            lines.push(Line::default());
            lines.push(Line::styled("These people are made up", theme.heading));
            let way = "This is the embedded sandbox. For a tenant of yours leave, set CXONE_TENANT, \
                       CXONE_CLIENT_ID and CXONE_CLIENT_SECRET, and start again.";
            lines.extend(super::wrap(way, width).into_iter().map(|l| Line::styled(l, theme.text)));
        }
        lines
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
             its profile while more arrive."
        }
        Context::Detail => {
            "One profile: every value as processed, and beside it the value as received where processing changed \
             it."
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
        | Context::Save
        | Context::Prompt
        | Context::Finished => "",
    }
}
