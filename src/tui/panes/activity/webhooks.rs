//! The webhook registrations that the service has. They are asked for when somebody wants to know, never by themselves.

use std::sync::Arc;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::error::Error;
use crate::engine::text::fit;
use crate::engine::webhooks::Registered;
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Focus};
use crate::tui::figures;
use crate::tui::overlays::wrap;
use crate::tui::widgets::moved;

#[derive(Debug, Default)]
pub(super) struct Webhooks {
    state: State,
    /// The registration under the cursor.
    cursor: usize,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    NotAsked,
    Asking,
    Known(Arc<[Registered]>, Timestamp),
    Failed(Error),
}

impl Webhooks {
    /// They are asked for; says whether they were not already.
    pub(super) fn ask(&mut self) -> bool {
        if matches!(self.state, State::Asking) {
            return false;
        }
        self.state = State::Asking;
        true
    }

    /// The question could not be handed on.
    pub(super) fn unasked(&mut self) {
        if matches!(self.state, State::Asking) {
            self.state = State::NotAsked;
        }
    }

    pub(super) fn answered(&mut self, listed: Result<Arc<[Registered]>, Error>, ctx: &Ctx<'_>) {
        self.state = match listed {
            Ok(registrations) => {
                self.cursor = self.cursor.min(registrations.len().saturating_sub(1));
                State::Known(registrations, ctx.wall)
            }
            Err(error) => State::Failed(error),
        };
    }

    pub(super) fn scroll(&mut self, action: Action, height: usize) -> bool {
        let State::Known(registrations, _) = &self.state else { return false };
        let before = self.cursor;
        self.cursor = moved(action, before, height.max(1), registrations.len().saturating_sub(1));
        self.cursor != before
    }

    /// The registration under the cursor as a line, for the clipboard.
    pub(super) fn copied(&self) -> Option<String> {
        let State::Known(registrations, _) = &self.state else { return None };
        let one = registrations.get(self.cursor)?;
        let events: Vec<_> = one.events.iter().map(crate::engine::text::Untrusted::raw).collect();
        Some(format!("{}\t{}\t{}\t{}", one.id.raw(), one.name.raw(), one.url.raw(), events.join(",")))
    }

    pub(super) fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        if super::over_files(ctx) {
            return super::nothing("none: files are read, and no service is asked", ctx, area, buf);
        }
        let theme = ctx.theme;
        let key = ctx.keys.first(Action::Look);
        match &self.state {
            State::NotAsked => {
                let asks = format!("not asked for yet: {key} asks the service which webhooks are registered");
                let lines = [(asks, theme.text), (RECEIVING.to_owned(), theme.dim)];
                paragraphs(&lines, ctx, area, buf);
            }
            State::Asking => {
                super::nothing("asking the service which webhooks are registered …", ctx, area, buf);
            }
            State::Failed(error) => {
                let lines = [
                    (format!("{}: {}", error.what, error.cause), theme.bad),
                    (error.remedy.clone(), theme.text),
                    (format!("{key} asks again"), theme.dim),
                ];
                paragraphs(&lines, ctx, area, buf);
            }
            State::Known(registrations, at) => self.list(registrations, *at, ctx, area, buf),
        }
    }

    fn list(&self, registrations: &[Registered], at: Timestamp, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let count = figures::counted(registrations.len() as u64, "registration", "registrations");
        let key = ctx.keys.first(Action::Look);
        let said = format!(
            " {count} at {}  {} {key} asks again  {} their events go to cxlens webhook listen, once there is one",
            figures::time_of_day(at, ctx.zone),
            theme.symbols.dot,
            theme.symbols.dot,
        );
        super::put(&Line::styled(said, theme.dim), ctx, area, area.y, buf);
        let rows = usize::from(area.height.saturating_sub(1));
        if registrations.is_empty() {
            let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
            if !below.is_empty() {
                super::nothing("cxlens webhook register makes one", ctx, below, buf);
            }
            return;
        }
        let top = self.cursor.saturating_sub(rows.saturating_sub(1));
        for (n, (y, one)) in (area.y + 1..area.bottom()).zip(registrations.iter().skip(top)).enumerate() {
            let here = top + n == self.cursor && ctx.focus == Focus::Activity;
            let events: Vec<_> = one.events.iter().map(|event| event.shown().into_owned()).collect();
            let lit = if here { theme.selected } else { theme.text };
            let line = Line::from(vec![
                Span::styled(if here { theme.symbols.cursor } else { " " }, theme.accent),
                Span::styled(column(&one.id.shown(), 14), lit),
                Span::styled(format!(" {} ", column(&one.name.shown(), 26)), theme.text),
                Span::styled(format!("{}  ", one.url.shown()), theme.text),
                Span::styled(events.join(", "), theme.dim),
            ]);
            super::put(&line, ctx, area, y, buf);
        }
    }
}

/// Where events go to.
const RECEIVING: &str = "events are received by cxlens webhook listen, once there is one: this version registers, lists and removes";

fn paragraphs(lines: &[(String, ratatui::style::Style)], ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width.saturating_sub(2));
    let wrapped = lines
        .iter()
        .filter(|(text, _)| !text.is_empty())
        .flat_map(|(text, style)| wrap(text, width).into_iter().map(move |line| (line, *style)));
    for (y, (line, style)) in (area.y..area.bottom()).zip(wrapped) {
        super::put(&Line::styled(format!(" {line}"), style), ctx, area, y, buf);
    }
}

/// Text in so many columns.
fn column(text: &str, width: usize) -> String {
    let text = fit(text, width);
    let used = crate::tui::widgets::width(&text);
    format!("{text}{:pad$}", "", pad = width.saturating_sub(used))
}
