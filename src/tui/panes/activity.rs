//! The activity pane: finished runs, where time goes, limits, webhooks, and every exchange as a line.
//!
//! Everything in it is bounded; a figure that was not measured is `–`.

mod latency;
mod limits;
mod log;
mod pace;
mod runs;
mod slices;
mod spots;
mod webhooks;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use tokio::time::Instant;

use crate::engine::error::Error;
use crate::engine::event::{Exchange, Limits, Summary};
use crate::engine::query::{Query, QueryId};
use crate::engine::webhooks::Registered;
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Effect, Focus, Outcome};
use crate::tui::overlays::finished::Run;
use crate::tui::panes::frame;
use crate::tui::widgets::moved;

/// A tab of the pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The finished runs of this session.
    Audit,
    /// Percentiles and histograms.
    Latency,
    /// The limits, live.
    Limits,
    /// The webhook registrations.
    Webhooks,
    /// Every exchange.
    #[default]
    Log,
}

impl Tab {
    /// In the order of their keys.
    pub const ALL: [Self; 5] = [Self::Audit, Self::Latency, Self::Limits, Self::Webhooks, Self::Log];

    fn title(self) -> &'static str {
        match self {
            Self::Audit => "Audit",
            Self::Latency => "Latency",
            Self::Limits => "Limits",
            Self::Webhooks => "Webhooks",
            Self::Log => "Log",
        }
    }

    /// Its title behind its key.
    fn name(self, at: usize) -> String {
        format!("{} {}", at + 1, self.title())
    }
}

/// The activity pane.
#[derive(Debug, Default)]
pub struct Activity {
    tab: Tab,
    runs: runs::Runs,
    latency: latency::Latencies,
    limits: limits::LimitsTab,
    webhooks: webhooks::Webhooks,
    log: log::Log,
}

/// What the cursor is on, to be looked at more closely.
#[derive(Debug)]
pub enum Looked {
    /// An exchange.
    Exchange(Arc<Exchange>),
    /// A run that is over.
    Run(Arc<Run>),
    /// The registrations are to be asked for.
    Webhooks,
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
        self.latency.exchange(&exchange, ctx);
        self.limits.exchange(&exchange);
        self.log.exchange(exchange, ctx);
    }

    /// The limits stand otherwise.
    pub fn limits(&mut self, limits: &Limits, ctx: &Ctx<'_>) {
        self.limits.limits(limits, ctx);
    }

    /// A run is asked for.
    pub fn asked(&mut self, id: QueryId, query: &Query) {
        self.runs.asked(id, query);
    }

    /// The webhook registrations, or why they are not known.
    pub fn webhooks(&mut self, listed: Result<Arc<[Registered]>, Error>, ctx: &Ctx<'_>) {
        self.webhooks.answered(listed, ctx);
    }

    /// The registrations could not be asked for.
    pub fn webhooks_unasked(&mut self) {
        self.webhooks.unasked();
    }

    /// What the cursor is on. Registrations that are being asked for already are nothing to look at.
    pub fn look(&mut self) -> Option<Looked> {
        match self.tab {
            Tab::Audit => self.runs.under_cursor().map(Looked::Run),
            Tab::Webhooks => self.webhooks.ask().then_some(Looked::Webhooks),
            Tab::Log => match self.log.under_cursor()? {
                log::Under::Exchange(exchange) => Some(Looked::Exchange(exchange)),
                log::Under::Run(id) => self.runs.run(id).map(Looked::Run),
            },
            Tab::Latency | Tab::Limits => None,
        }
    }

    /// Whether the registrations are what is looked at.
    pub fn is_about_webhooks(&self) -> bool {
        self.tab == Tab::Webhooks
    }

    /// The exchange under the cursor of the log.
    pub fn exchange_under_cursor(&self) -> Option<Arc<Exchange>> {
        match (self.tab, self.log.under_cursor()?) {
            (Tab::Log, log::Under::Exchange(exchange)) => Some(exchange),
            _ => None,
        }
    }

    /// A run has begun.
    pub fn started(&mut self, id: QueryId, ctx: &Ctx<'_>) {
        self.latency.started(id, ctx);
        self.log.note(ctx.wall, log::Level::Plain, format!("run {} started", id.0));
    }

    /// A run is over.
    pub fn finished(&mut self, id: QueryId, summary: Arc<Summary>, error: Option<&Error>, ctx: &Ctx<'_>) {
        self.log.finished(id, &summary, error, ctx);
        let spent = self.latency.finished(id, &summary);
        self.runs.finished(id, summary, error, spent);
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
            Action::TabWebhooks => Tab::Webhooks,
            Action::TabLog => Tab::Log,
            Action::Copy => return self.copy(ctx),
            Action::Left => Tab::ALL[(at + Tab::ALL.len() - 1) % Tab::ALL.len()],
            Action::Right => Tab::ALL[(at + 1) % Tab::ALL.len()],
            _ => {
                let height = usize::from(ctx.area.height.saturating_sub(1));
                return Outcome::changed(match self.tab {
                    // The log shows its end, the runs their beginning: each scrolls from where it starts.
                    Tab::Log => self.log.scroll(action, height),
                    Tab::Audit => self.runs.scroll(action, height),
                    Tab::Limits => self.limits.scroll(action, height),
                    Tab::Webhooks => self.webhooks.scroll(action, height),
                    Tab::Latency => self.latency.select(action),
                });
            }
        };
        let changed = tab != self.tab;
        self.tab = tab;
        Outcome::changed(changed)
    }

    /// Copies the line that the cursor is on.
    fn copy(&self, ctx: &Ctx<'_>) -> Outcome {
        let line = match self.tab {
            Tab::Audit => self.runs.copied(ctx),
            Tab::Latency => self.latency.copied(),
            Tab::Limits => self.limits.copied(ctx),
            Tab::Webhooks => self.webhooks.copied(),
            Tab::Log => self.log.copied(ctx),
        };
        Outcome { changed: false, effect: line.map(Effect::Copy) }
    }

    /// Draws the pane.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let mut title: Vec<Span<'_>> = spots::name(area).map(Span::from).into_iter().collect();
        for (i, tab) in Tab::ALL.into_iter().enumerate() {
            let name = tab.name(i);
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
            Tab::Webhooks => self.webhooks.view(ctx, inside, buf),
            Tab::Log => self.log.view(ctx, inside, buf),
        }
    }
}

/// Scrolls `offset` over `len` lines on a page of `height`; says whether it moved.
fn scroll(offset: &mut usize, action: Action, len: usize, height: usize) -> bool {
    let before = *offset;
    let most = len.saturating_sub(height.max(1));
    *offset = moved(action, before, height.saturating_sub(1).max(1), most);
    *offset != before
}

/// Lights the row under the cursor, over what stands there.
fn light(ctx: &Ctx<'_>, area: Rect, y: u16, buf: &mut Buffer) {
    for x in area.x..area.right() {
        let cell = &mut buf[(x, y)];
        let style = cell.style().patch(ctx.theme.selected);
        cell.set_style(style);
    }
    buf[(area.x, y)].set_symbol(ctx.theme.symbols.cursor);
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
