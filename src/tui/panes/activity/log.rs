//! Every exchange as a line, the newest last.
//!
//! ```text
//! 12:01:04 GET contacts page 25  200   23 ms  50 rows   budget 9.2/10
//! 12:01:05 GET contacts page 26  429    4 ms  again in 2.0 s (Retry-After)
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::error::Error;
use crate::engine::event::{Exchange, Outcome, RetryReason, Status, Summary};
use crate::engine::query::QueryId;
use crate::engine::text::clean;
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Focus};
use crate::tui::figures;
use crate::tui::gauge::{measured, status_style};
use crate::tui::theme::Theme;
use crate::tui::widgets::moved;

/// Lines that are kept.
const LINES: usize = 2_000;

/// The log.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    /// Lines below the one under the cursor; 0 follows the end.
    cursor: usize,
    /// Lines below the last one shown.
    offset: usize,
}

/// What the cursor is on.
#[derive(Clone, Debug)]
pub(super) enum Under {
    Exchange(Arc<Exchange>),
    /// The end of a run.
    Run(QueryId),
}

#[derive(Debug)]
enum Entry {
    Exchange { exchange: Arc<Exchange>, budget: Option<(f64, f64)> },
    Note { at: Timestamp, level: Level, text: String, run: Option<QueryId> },
}

/// How a note is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Plain,
    Good,
    Warn,
    Bad,
}

impl Log {
    pub(super) fn exchange(&mut self, exchange: Arc<Exchange>, ctx: &Ctx<'_>) {
        let budget = ctx.limits.and_then(|l| l.rate).map(|most| (measured(ctx), most));
        self.push(Entry::Exchange { exchange, budget });
    }

    pub(super) fn note(&mut self, at: Timestamp, level: Level, text: String) {
        self.push(Entry::Note { at, level, text, run: None });
    }

    pub(super) fn finished(&mut self, id: QueryId, summary: &Summary, error: Option<&Error>, ctx: &Ctx<'_>) {
        let level = match summary.status {
            Status::Success => Level::Good,
            Status::Partial | Status::Cancelled => Level::Warn,
            Status::Failed => Level::Bad,
        };
        let mut text = format!(
            "run {} {}: {} in {}, {}",
            id.0,
            summary.status.name(),
            figures::counted(summary.rows, "row", "rows"),
            figures::span(summary.elapsed),
            figures::counted(summary.requests.into(), "request", "requests"),
        );
        if let Some(error) = error {
            text.push_str("; ");
            text.push_str(&error.what);
        }
        self.push(Entry::Note { at: ctx.wall, level, text, run: Some(id) });
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() == LINES {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        // What is being read stays where it is.
        if self.cursor > 0 {
            self.cursor = (self.cursor + 1).min(self.entries.len() - 1);
            self.offset = (self.offset + 1).min(self.cursor);
        }
    }

    pub(super) fn scroll(&mut self, action: Action, height: usize) -> bool {
        let last = self.entries.len().saturating_sub(1);
        let before = self.cursor;
        let page = height.saturating_sub(1).max(1);
        // Counted from the end: up is more.
        self.cursor = last - moved(action, last.saturating_sub(before), page, last);
        self.offset = self.offset.min(self.cursor).max((self.cursor + 1).saturating_sub(height.max(1)));
        self.cursor != before
    }

    /// What the cursor is on.
    pub(super) fn under_cursor(&self) -> Option<Under> {
        match self.entries.get(self.at_cursor()?)? {
            Entry::Exchange { exchange, .. } => Some(Under::Exchange(Arc::clone(exchange))),
            Entry::Note { run, .. } => run.map(Under::Run),
        }
    }

    /// The line under the cursor, for the clipboard.
    pub(super) fn copied(&self, ctx: &Ctx<'_>) -> Option<String> {
        let entry = self.entries.get(self.at_cursor()?)?;
        Some(line(entry, ctx, usize::MAX).to_string().trim().to_owned())
    }

    fn at_cursor(&self) -> Option<usize> {
        self.entries.len().checked_sub(1 + self.cursor)
    }

    pub(super) fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        if self.entries.is_empty() {
            return super::nothing("every request will stand here as a line", ctx, area, buf);
        }
        let height = usize::from(area.height);
        let end = self.entries.len().saturating_sub(self.offset).max(height.min(self.entries.len()));
        let start = end.saturating_sub(height);
        let here = self.at_cursor().filter(|_| ctx.focus == Focus::Activity);
        for (n, (y, entry)) in (area.y..area.bottom()).zip(self.entries.range(start..end)).enumerate() {
            super::put(&line(entry, ctx, area.width.into()), ctx, area, y, buf);
            if here == Some(start + n) {
                super::light(ctx, area, y, buf);
            }
        }
    }
}

fn line(entry: &Entry, ctx: &Ctx<'_>, width: usize) -> Line<'static> {
    let theme = ctx.theme;
    let time = |at| Span::styled(format!(" {} ", figures::time_of_day(at, ctx.zone)), theme.dim);
    match entry {
        Entry::Note { at, level, text, .. } => {
            let style = match level {
                Level::Plain => theme.text,
                Level::Good => theme.good,
                Level::Warn => theme.warn,
                Level::Bad => theme.bad,
            };
            Line::from(vec![time(*at), Span::styled(ctx.mask.text(text).into_owned(), style)])
        }
        Entry::Exchange { exchange, budget } => {
            let mut spans = vec![time(exchange.at)];
            spans.extend(exchange_spans(exchange, ctx));
            let mut line = Line::from(spans);
            // Nice to know: there where it fits.
            for aside in asides(exchange, *budget, theme) {
                if line.width() + aside.width() <= width {
                    line.spans.push(aside);
                }
            }
            line
        }
    }
}

fn exchange_spans(exchange: &Exchange, ctx: &Ctx<'_>) -> Vec<Span<'static>> {
    let theme = ctx.theme;
    let what = exchange.what();
    let status = exchange.outcome.status();
    let word = status.map_or_else(|| "---".to_owned(), |s| s.to_string());
    let again = if exchange.again.is_some() { "again " } else { "" };
    let mut spans = vec![
        Span::styled(format!("{:<4} {:<17}  ", exchange.method, format!("{again}{what}")), theme.text),
        Span::styled(
            word,
            status_style(status.filter(|_| exchange.outcome.is_success() || status == Some(429)), theme),
        ),
        Span::styled(format!("  {:>7}", figures::span(exchange.phases.server())), theme.text),
    ];
    if exchange.attempt > 1 {
        spans.push(Span::styled(format!("  attempt {}", exchange.attempt), theme.warn));
    }
    if let Some(rows) = exchange.rows {
        spans
            .push(Span::styled(format!("  {:>7}", figures::counted(rows.into(), "row", "rows")), theme.text));
    }
    match &exchange.outcome {
        Outcome::Status(_) => {}
        Outcome::Refused(_, why) | Outcome::Broken(why) => {
            spans.push(Span::styled(format!("  {}", clean(&ctx.mask.text(why))), theme.bad));
        }
    }
    if let Some(retry) = &exchange.retry {
        let because = match retry.because {
            RetryReason::RetryAfter => " (Retry-After)",
            RetryReason::Backoff => " (backoff)",
            RetryReason::Token => " with a new token",
        };
        let text = match (retry.because, retry.after.is_zero()) {
            (RetryReason::Token, _) | (_, true) => format!("  again{because}"),
            _ => format!("  again in {}{because}", figures::span(retry.after)),
        };
        spans.push(Span::styled(text, theme.warn));
    }
    spans
}

fn asides(
    exchange: &Exchange,
    budget: Option<(f64, f64)>,
    theme: &Theme,
) -> impl Iterator<Item = Span<'static>> {
    let waited = Some(exchange.phases.waiting()).filter(|waited| waited.as_millis() >= 10);
    let waited = waited.map(|waited| format!("  waited {}", figures::span(waited)));
    let connect = Some(exchange.phases.connect).filter(|connect| !connect.is_zero());
    let connect = connect.map(|connect| format!("  connected in {}", figures::span(connect)));
    let budget =
        budget.map(|(used, most)| format!("  budget {}/{}", figures::rate(used), figures::rate(most)));
    let style = theme.dim;
    [waited, connect, budget].into_iter().flatten().map(move |text| Span::styled(text, style))
}
