//! What went wrong: what happened, the likely cause, the remedy, the request as sent, the body as answered.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::engine::error::Error;
use crate::tui::action::{Action, Context};
use crate::tui::ctx::Ctx;
use crate::tui::figures;

/// The error panel. Closing it keeps the rows that came.
#[derive(Debug)]
pub struct ErrorPanel {
    errors: Vec<Error>,
    /// Rows that came before it.
    kept: Option<u64>,
    /// Whether the run can be taken up where it stopped.
    goes_on: bool,
    offset: usize,
}

impl ErrorPanel {
    /// A panel for one error or several (a query with more than one fault).
    pub fn new(errors: Vec<Error>, kept: Option<u64>, goes_on: bool) -> Self {
        Self { errors, kept, goes_on, offset: 0 }
    }

    /// Scrolls; says whether anything moved.
    pub fn scroll(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        let full = place(ctx.area, usize::MAX);
        let len = self.lines(ctx, full.width.saturating_sub(4).into()).len();
        super::scroll(&mut self.offset, action, len, full.height.saturating_sub(2).into())
    }

    /// All of it as plain text, for the clipboard.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for error in &self.errors {
            for (name, text) in sections(error) {
                // Writing to a string does not fail.
                let _ = writeln!(out, "{name}: {text}");
            }
        }
        out
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let width = place(area, usize::MAX).width.saturating_sub(4);
        let lines = self.lines(ctx, width.into());
        let place = place(area, lines.len());
        let title = match self.errors.first() {
            Some(error) => format!("Error: {}", error.kind.name()),
            None => "Error".to_owned(),
        };
        let hints =
            super::hints(ctx.keys, Context::Error, Some("close"), ctx.theme, place.width.saturating_sub(3));
        let inside = super::window(ctx, &title, &hints, place, ctx.theme.bad, buf);
        super::draw_lines(&lines, self.offset, ctx, inside, buf);
    }

    fn lines(&self, ctx: &Ctx<'_>, width: usize) -> Vec<Line<'static>> {
        let theme = ctx.theme;
        let mut lines = Vec::new();
        for error in &self.errors {
            for (name, text) in sections(error) {
                // What was sent and answered is somebody else's text, and what we say of it quotes it.
                let text = match name {
                    "Reply as answered" => ctx.mask.reply(&text),
                    _ => ctx.mask.text(&text),
                };
                if !lines.is_empty() {
                    lines.push(Line::default());
                }
                if name != "What" {
                    lines.push(Line::styled(name, theme.heading));
                }
                let style = if name == "What" { theme.bad } else { theme.text };
                lines.extend(super::wrap(&text, width).into_iter().map(|l| Line::styled(l, style)));
            }
        }
        if let Some(rows) = self.kept {
            lines.push(Line::default());
            let kept = match rows {
                0 => "No rows came before it.".to_owned(),
                n => format!("{} came before it and stay in the table.", figures::counted(n, "row", "rows")),
            };
            lines.push(Line::styled(kept, theme.dim));
            if self.goes_on {
                let key = ctx.keys.first(Action::GoOn);
                lines.push(Line::styled(
                    format!("{key} goes on from there, asking for nothing twice."),
                    theme.dim,
                ));
            }
        }
        lines
    }
}

fn sections(error: &Error) -> Vec<(&'static str, String)> {
    let mut sections = vec![("What", error.what.clone())];
    if !error.cause.is_empty() {
        sections.push(("Likely cause", error.cause.clone()));
    }
    let mut remedy = error.remedy.clone();
    if let Some(wait) = error.ask_again_in {
        if !remedy.is_empty() {
            remedy.push('\n');
        }
        remedy.push_str("The service wants to be asked again in ");
        remedy.push_str(&figures::span(wait));
        remedy.push('.');
    }
    if !remedy.is_empty() {
        sections.push(("What to do", remedy));
    }
    if let Some(request) = &error.request {
        sections.push(("Request as sent", request.clone()));
    }
    if let Some(reply) = &error.reply {
        sections.push(("Reply as answered", reply.clone()));
    }
    sections
}

fn place(area: Rect, lines: usize) -> Rect {
    let height = u16::try_from(lines.saturating_add(2)).unwrap_or(u16::MAX);
    super::centred(area, 92.min(area.width.saturating_sub(2)), height.min(area.height.saturating_sub(2)))
}
