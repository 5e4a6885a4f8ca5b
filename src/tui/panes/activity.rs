//! The activity pane: finished runs, latency, limits, and every exchange as a line.
//!
//! Everything in it is bounded; a figure that was not measured is `–`.

mod latency;
mod limits;
mod log;
mod runs;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use tokio::time::Instant;

use crate::engine::error::Error;
use crate::engine::event::{Exchange, Summary};
use crate::engine::query::QueryId;
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Focus, Outcome};
use crate::tui::panes::frame;

/// A tab of the pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The finished runs of this session.
    Audit,
    /// Percentiles and histograms.
    Latency,
    /// The limits, live.
    Limits,
    /// Every exchange.
    #[default]
    Log,
}

impl Tab {
    /// In the order of their keys.
    pub const ALL: [Self; 4] = [Self::Audit, Self::Latency, Self::Limits, Self::Log];

    fn title(self) -> &'static str {
        match self {
            Self::Audit => "Audit",
            Self::Latency => "Latency",
            Self::Limits => "Limits",
            Self::Log => "Log",
        }
    }
}

/// The activity pane.
#[derive(Debug, Default)]
pub struct Activity {
    tab: Tab,
    runs: runs::Runs,
    latency: latency::Latencies,
    limits: limits::LimitsTab,
    log: log::Log,
}

impl Activity {
    /// Nothing happened yet; the log is open.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything; the open tab stays.
    pub fn clear(&mut self) {
        *self = Self { tab: self.tab, ..Self::default() };
    }

    /// The open tab.
    pub fn tab(&self) -> Tab {
        self.tab
    }

    /// An exchange is over.
    pub fn exchange(&mut self, exchange: Arc<Exchange>, ctx: &Ctx<'_>) {
        self.latency.exchange(&exchange);
        self.limits.exchange(&exchange);
        self.log.exchange(exchange, ctx);
    }

    /// A run has begun.
    pub fn started(&mut self, id: QueryId, ctx: &Ctx<'_>) {
        self.log.note(ctx.wall, log::Level::Plain, format!("run {} started", id.0));
    }

    /// A run is over.
    pub fn finished(&mut self, id: QueryId, summary: Arc<Summary>, error: Option<&Error>, ctx: &Ctx<'_>) {
        self.log.finished(id, &summary, error, ctx);
        self.runs.finished(id, summary, error);
    }

    /// Something worth a line in the log.
    pub fn note(&mut self, text: String, ctx: &Ctx<'_>) {
        self.log.note(ctx.wall, log::Level::Plain, text);
    }

    /// When the picture changes by time alone.
    pub fn next_change(&self, ctx: &Ctx<'_>) -> Option<Instant> {
        (self.tab == Tab::Limits).then(|| limits::LimitsTab::next_change(ctx)).flatten()
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, ctx: &Ctx<'_>) -> Outcome {
        let at = Tab::ALL.iter().position(|t| *t == self.tab).unwrap_or(0);
        let tab = match action {
            Action::TabAudit => Tab::Audit,
            Action::TabLatency => Tab::Latency,
            Action::TabLimits => Tab::Limits,
            Action::TabLog => Tab::Log,
            Action::Left => Tab::ALL[(at + Tab::ALL.len() - 1) % Tab::ALL.len()],
            Action::Right => Tab::ALL[(at + 1) % Tab::ALL.len()],
            _ => {
                let height = usize::from(ctx.area.height.saturating_sub(1));
                return Outcome::changed(match self.tab {
                    // The log shows its end, the runs their beginning: each scrolls from where it starts.
                    Tab::Log => self.log.scroll(action, height),
                    Tab::Audit => self.runs.scroll(action, height),
                    Tab::Limits => self.limits.scroll(action, height),
                    Tab::Latency => false,
                });
            }
        };
        let changed = tab != self.tab;
        self.tab = tab;
        Outcome::changed(changed)
    }

    /// Draws the pane.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let mut title = vec![Span::from("Activity  ")];
        for (i, tab) in Tab::ALL.into_iter().enumerate() {
            let name = format!("{} {}", i + 1, tab.title());
            if tab == self.tab {
                // Brackets tell the open tab where colour does not.
                title.push(Span::styled(format!("[{name}]"), theme.accent));
            } else {
                title.push(Span::styled(format!(" {name} "), theme.dim));
            }
        }
        let inside = frame(ctx, Focus::Activity, Line::from(title), area, buf);
        if inside.is_empty() {
            return;
        }
        match self.tab {
            Tab::Audit => self.runs.view(ctx, inside, buf),
            Tab::Latency => self.latency.view(ctx, inside, buf),
            Tab::Limits => self.limits.view(ctx, inside, buf),
            Tab::Log => self.log.view(ctx, inside, buf),
        }
    }
}

/// Moves a scroll offset that counts from where a list starts; says whether it moved.
///
/// `towards_start` and `towards_end` are the two directions; `len` lines on a page of `height`.
fn scroll(offset: &mut usize, action: Action, len: usize, height: usize, from_end: bool) -> bool {
    let most = len.saturating_sub(height.max(1));
    let before = *offset;
    let page = height.saturating_sub(1).max(1);
    let (back, forth): (usize, usize) = match action {
        Action::Up => (1, 0),
        Action::Down => (0, 1),
        Action::PageUp => (page, 0),
        Action::PageDown => (0, page),
        Action::First => (usize::MAX, 0),
        Action::Last => (0, usize::MAX),
        _ => return false,
    };
    let (less, more) = if from_end { (forth, back) } else { (back, forth) };
    *offset = offset.saturating_add(more).min(most).saturating_sub(less);
    *offset != before
}

/// Whether files are looked at in place of a service.
fn over_files(ctx: &Ctx<'_>) -> bool {
    ctx.service.is_some_and(|service| !service.files.is_empty())
}

/// A line that says why there is nothing.
fn nothing(text: &str, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    put(&Line::styled(format!(" {text}"), ctx.theme.dim), ctx, area, area.y, buf);
}

/// Draws a line; one that is too long says so in its last column.
fn put(line: &Line<'_>, ctx: &Ctx<'_>, area: Rect, y: u16, buf: &mut Buffer) {
    buf.set_line(area.x, y, line, area.width);
    if line.width() > usize::from(area.width)
        && let Some(cell) = buf.cell_mut((area.right().saturating_sub(1), y))
    {
        cell.set_symbol("…").set_style(ctx.theme.dim);
    }
}

#[cfg(test)]
mod tests;
