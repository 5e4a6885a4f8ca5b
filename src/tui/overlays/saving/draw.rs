//! Drawing the form, a line for each choice.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::{centred, draw_lines, hints, window, wrap};
use super::{Choice, Offer, SavePanel, State};
use crate::engine::text::{clean, fit};
use crate::export::Format;
use crate::tui::action::Context;
use crate::tui::ctx::Ctx;
use crate::tui::figures;
use crate::tui::saving::Which;
use crate::tui::widgets::{self, gist};

/// Columns that a line's name takes.
const LABEL: usize = 11;

impl SavePanel {
    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let width = 76.min(area.width.saturating_sub(2));
        let room = usize::from(width.saturating_sub(4));
        let lines = self.lines(ctx, room);
        let place = centred(area, width, (lines.len() as u16 + 2).min(area.height));
        let esc = if matches!(self.state, State::Writing(..)) { "stop" } else { "close" };
        let hints = hints(ctx.keys, Context::Save, Some(esc), ctx.theme, place.width.saturating_sub(3));
        let inside = window(ctx, "Export", &hints, place, ctx.theme.border_focused, buf);
        draw_lines(&lines, 0, ctx, inside, buf);
    }

    fn lines(&self, ctx: &Ctx<'_>, room: usize) -> Vec<Line<'static>> {
        let theme = ctx.theme;
        let mut lines: Vec<Line<'static>> =
            Choice::ALL.into_iter().map(|choice| self.line(choice, ctx, room)).collect();
        lines.push(Line::default());
        let mut say = |text: &str, style: Style| {
            let text = gist(text, 4 * room as u16);
            lines.extend(wrap(&text, room).into_iter().take(4).map(|line| Line::styled(line, style)));
        };
        match &self.state {
            State::Naming(None) => say(self.help(), theme.dim),
            State::Naming(Some((why, _))) => say(why, theme.warn),
            State::Over(what, true) => say(what, theme.good),
            State::Over(what, false) => say(what, theme.warn),
            State::Writing(written, of, _) => {
                let share = if *of > 0 { *written as f64 / *of as f64 } else { 1.0 };
                let width = room.saturating_sub(28).min(40);
                let full = ((share * width as f64) as usize).min(width);
                lines.push(Line::from(vec![
                    Span::styled(format!(" {:<LABEL$}", "written"), theme.label),
                    Span::styled(theme.symbols.bar.repeat(full), theme.bar),
                    Span::styled(theme.symbols.bar_empty.repeat(width - full), theme.bar_empty),
                    Span::styled(format!(" {}", figures::count(*written)), theme.text),
                ]));
            }
        }
        lines
    }

    /// What the line under the cursor is for.
    fn help(&self) -> &'static str {
        match self.line {
            Choice::File => {
                "Up and Down choose a line. The values are the true ones, personal data included; the name's \
                 ending is the format."
            }
            Choice::Format => {
                "Left and Right choose. NDJSON has one JSON object a line; Parquet typed columns."
            }
            Choice::Columns if self.as_shown => "These columns alone, in the order in which they are shown.",
            Choice::Columns => "All fields that were asked for, in their usual order, hidden ones too.",
            Choice::Rows => match self.which {
                Which::Marked => "Every marked row, those that do not pass the filter at the end.",
                Which::Shown => "The rows that are shown, in their order.",
                Which::All => "All rows in the order in which they came, whatever the filter is.",
            },
            Choice::Attributes if self.as_shown => {
                "Those that have a column of their own are as they are shown."
            }
            Choice::Attributes if self.can_flatten() => "One cell of JSON for all, or a column for each.",
            Choice::Attributes => "Only CSV of all fields can have a column for each.",
        }
    }

    fn line(&self, choice: Choice, ctx: &Ctx<'_>, room: usize) -> Line<'static> {
        let theme = ctx.theme;
        let here = self.is_naming() && choice == self.line;
        let mut spans = vec![
            Span::styled(if here { theme.symbols.cursor } else { " " }, theme.accent),
            Span::styled(format!("{:<LABEL$}", choice.name()), if here { theme.key } else { theme.label }),
        ];
        let room = room.saturating_sub(LABEL + 1);
        match choice {
            Choice::File => spans.extend(self.file(ctx, here, room)),
            Choice::Format => {
                let format = self.format();
                let names = Format::ALL.map(|one| (one.name().to_owned(), Some(one) == format));
                spans.extend(choices(ctx, &names, room));
            }
            Choice::Columns => {
                let Offer { fields, columns, .. } = &self.offer;
                let all = if *fields == 1 { "the ID".to_owned() } else { format!("all {fields} fields") };
                let shown = format!("{} shown", columns.len());
                spans.extend(choices(ctx, &[(all, !self.as_shown), (shown, self.as_shown)], room));
                let used: usize = spans.iter().skip(2).map(|span| widgets::width(&span.content)).sum();
                let left = room.saturating_sub(used + 1);
                let names = columns.join(", ");
                let names = fit(&gist(&names, left as u16), left).into_owned();
                let style = if self.as_shown { theme.text } else { theme.dim };
                spans.push(Span::styled(format!(" {names}"), style));
            }
            Choice::Rows => {
                let name = |which: Which| match which {
                    Which::Marked => format!("{} marked", figures::count(self.offer.marked)),
                    Which::Shown => format!("{} shown", figures::count(self.offer.shown)),
                    Which::All => format!("all {}", figures::count(self.offer.all)),
                };
                let names: Vec<_> =
                    self.there().into_iter().map(|which| (name(which), which == self.which)).collect();
                spans.extend(choices(ctx, &names, room));
            }
            Choice::Attributes if self.can_flatten() => {
                let names =
                    [("JSON in one cell".to_owned(), !self.flat), ("a column each".to_owned(), self.flat)];
                spans.extend(choices(ctx, &names, room));
            }
            Choice::Attributes => {
                let said = if self.as_shown { " as shown" } else { " JSON" };
                spans.push(Span::styled(said, theme.dim));
            }
        }
        Line::from(spans)
    }

    /// The name, of which the part at the cursor is seen.
    fn file(&self, ctx: &Ctx<'_>, here: bool, room: usize) -> Vec<Span<'static>> {
        let theme = ctx.theme;
        if !here {
            // The end of a long path says more.
            let name = clean(self.field.text()).into_owned();
            let from = widgets::tail(&name, room.saturating_sub(1));
            return vec![Span::styled(format!(" {}", &name[from..]), theme.text)];
        }
        let [before, under, behind] = self.field.around_cursor();
        let under = if under.is_empty() { " ".into() } else { clean(under) };
        let before = clean(before);
        let from = widgets::tail(&before, room.saturating_sub(1 + widgets::width(&under)));
        let left = room.saturating_sub(1 + widgets::width(&before[from..]) + widgets::width(&under));
        let behind = clean(behind);
        vec![
            Span::raw(" "),
            Span::styled(before[from..].to_owned(), theme.editing),
            Span::styled(under.into_owned(), theme.cursor),
            Span::styled(fit(&behind, left).into_owned(), theme.editing),
        ]
    }
}

/// What can be chosen, side by side; what is chosen stands in brackets.
fn choices(ctx: &Ctx<'_>, names: &[(String, bool)], room: usize) -> Vec<Span<'static>> {
    let (mut spans, mut left) = (Vec::new(), room);
    for (name, chosen) in names {
        let (text, style) = if *chosen {
            (format!("[{name}]"), ctx.theme.accent)
        } else {
            (format!(" {name} "), ctx.theme.dim)
        };
        let text = fit(&text, left).into_owned();
        left -= widgets::width(&text).min(left);
        spans.push(Span::styled(text, style));
    }
    spans
}
