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
use crate::tui::ctx::Ctx;
use crate::tui::figures;
use crate::tui::gauge::{measured, status_style};
use crate::tui::theme::Theme;

/// Lines that are kept.
const LINES: usize = 2_000;

/// The log.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    /// Lines below the last one shown; 0 follows the end.
    offset: usize,
}

#[derive(Debug)]
enum Entry {
    Exchange { exchange: Arc<Exchange>, budget: Option<(f64, f64)> },
    Note { at: Timestamp, level: Level, text: String },
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
        self.push(Entry::Note { at, level, text });
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
        self.note(ctx.wall, level, text);
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() == LINES {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        // What is being read stays where it is.
        if self.offset > 0 {
            self.offset = (self.offset + 1).min(self.entries.len() - 1);
        }
    }

    pub(super) fn scroll(&mut self, action: Action, height: usize) -> bool {
        super::scroll(&mut self.offset, action, self.entries.len(), height, true)
    }

    pub(super) fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        if self.entries.is_empty() {
            return super::nothing("every request will stand here as a line", ctx, area, buf);
        }
        let height = usize::from(area.height);
        let end = self.entries.len().saturating_sub(self.offset).max(height.min(self.entries.len()));
        let start = end.saturating_sub(height);
        for (y, entry) in (area.y..area.bottom()).zip(self.entries.range(start..end)) {
            super::put(&line(entry, ctx, area.width.into()), ctx, area, y, buf);
        }
    }
}

fn line(entry: &Entry, ctx: &Ctx<'_>, width: usize) -> Line<'static> {
    let theme = ctx.theme;
    let time = |at| Span::styled(format!(" {} ", figures::time_of_day(at, ctx.zone)), theme.dim);
    match entry {
        Entry::Note { at, level, text } => {
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
    let mut spans = vec![
        Span::styled(format!("{:<4} {what:<17}  ", exchange.method), theme.text),
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
