//! The limits as they stand: what was sent over time, what we keep to, where it comes from, what is open, and every 429.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use tokio::time::Instant;

use super::pace::Pace;
use crate::engine::event::{Announced, Exchange, Limits, RateSource, RetryReason};
use crate::engine::text::clean;
use crate::tui::action::Action;
use crate::tui::ctx::Ctx;
use crate::tui::figures;
use crate::tui::gauge::{MEASURED_OVER, bar, gate_left, measured};

/// Lines above the 429s.
const LINES: usize = 5;
/// 429s that are kept.
const THROTTLES: usize = 100;
const BAR: usize = 20;
/// While the bucket fills and nothing is sent, it is looked at so often.
const BUCKET_STEP: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct LimitsTab {
    /// Newest first, with what the service said.
    throttles: VecDeque<Arc<Exchange>>,
    /// How many there were, also those that are not kept any more: what stands under the figure must add up to it.
    seen: u64,
    offset: usize,
    pace: Pace,
}

impl LimitsTab {
    pub(super) fn exchange(&mut self, exchange: &Arc<Exchange>) {
        self.pace.exchange(exchange);
        if exchange.is_throttled() {
            self.seen += 1;
            self.throttles.truncate(THROTTLES - 1);
            self.throttles.push_front(Arc::clone(exchange));
        }
    }

    /// The limits stand otherwise.
    pub(super) fn limits(&mut self, limits: &Limits, ctx: &Ctx<'_>) {
        self.pace.limits(limits, ctx);
    }

    /// The 429 that came last, as a line.
    pub(super) fn copied(&self, ctx: &Ctx<'_>) -> Option<String> {
        Some(throttle(self.throttles.front()?, ctx).to_string().trim().to_owned())
    }

    pub(super) fn next_change(ctx: &Ctx<'_>) -> Option<Instant> {
        let limits = ctx.limits?;
        let ahead = |at: Instant| at.checked_duration_since(ctx.now).filter(|left| !left.is_zero());
        let anew = limits.announced.and_then(|announced| ahead(announced.reset?));
        let anew = anew.map(|left| ctx.now + figures::countdown_changes_in(left));
        let spent =
            limits.announced.and_then(|announced| left_until(&announced, limits)).filter(|at| *at > ctx.now);
        let fuller = tokens(limits, ctx.now).filter(|(now, most)| now < most);
        let fuller = fuller.map(|_| ctx.now + BUCKET_STEP);
        [anew, spent, fuller].into_iter().flatten().min()
    }

    pub(super) fn scroll(&mut self, action: Action, height: usize) -> bool {
        let lines = LINES + self.throttles.len();
        super::scroll(&mut self.offset, action, lines, height.saturating_sub(chart(height).into()))
    }

    pub(super) fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let Some(limits) = ctx.limits else {
            let why = if super::over_files(ctx) {
                "none: files are read, and no service is asked"
            } else {
                "the limits will stand here, once the service is known"
            };
            return super::nothing(why, ctx, area, buf);
        };
        let chart = chart(area.height.into());
        self.pace.view(ctx, Rect { height: chart, ..area }, buf);
        let area = Rect { y: area.y + chart, height: area.height - chart, ..area };
        let mut lines = vec![
            self.gate(limits, ctx),
            rate(limits, ctx),
            flight(limits, ctx),
            bucket(limits, ctx),
            sources(limits, ctx),
        ];
        lines.extend(self.throttles.iter().map(|exchange| throttle(exchange, ctx)));
        let offset = self.offset.min(lines.len().saturating_sub(area.height.into()));
        for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(offset)) {
            super::put(line, ctx, area, y, buf);
        }
    }
}

/// Rows of the picture over time, in a pane of so many.
fn chart(height: usize) -> u16 {
    match height {
        0..=3 => 0,
        4..=9 => 2,
        10..=14 => 4,
        _ => 6,
    }
}

fn label<'a>(text: &str, ctx: &Ctx<'_>) -> Span<'a> {
    Span::styled(format!(" {text:<10}"), ctx.theme.label)
}

fn rate(limits: &Limits, ctx: &Ctx<'_>) -> Line<'static> {
    let (theme, measured) = (ctx.theme, measured(ctx));
    let mut spans = vec![label("budget", ctx), Span::styled(figures::rate(measured), theme.text)];
    match limits.rate {
        Some(most) => {
            spans.push(Span::styled(format!(" of {} req/s  ", figures::rate(most)), theme.text));
            spans.extend(bar(measured / most.max(f64::MIN_POSITIVE), BAR, theme));
            let from = match limits.source {
                RateSource::Unknown => "",
                RateSource::Configured => "  kept to as configured",
                RateSource::Announced => "  kept to as announced",
                RateSource::Learned => "  kept to as learned from 429s",
            };
            spans.push(Span::styled(from, theme.dim));
        }
        None => spans.push(Span::styled(" req/s, no limit is known", theme.text)),
    }
    Line::from(spans)
}

fn sources(limits: &Limits, ctx: &Ctx<'_>) -> Line<'static> {
    let theme = ctx.theme;
    let mut spans = vec![label("limit", ctx)];
    let unknown = || Span::styled(theme.symbols.unknown, theme.dim);
    // The longest comes last, where a narrow line is cut.
    for (name, rate) in [("configured", limits.configured), ("learned", limits.learned)] {
        spans.push(Span::styled(format!("{name} "), theme.label));
        spans.push(match rate {
            Some(rate) => Span::styled(format!("{} req/s", figures::rate(rate)), theme.text),
            None => unknown(),
        });
        spans.push(Span::styled(format!("  {} ", theme.symbols.dot), theme.label));
    }
    spans.push(Span::styled("announced ", theme.label));
    spans.push(match limits.announced {
        Some(announced) => Span::styled(announcement(&announced, limits, ctx), theme.text),
        None => unknown(),
    });
    Line::from(spans)
}

/// `10 in 1 s, 3 left, anew in 1 s`
fn announcement(announced: &Announced, limits: &Limits, ctx: &Ctx<'_>) -> String {
    let mut parts = Vec::new();
    match (announced.limit, announced.window) {
        (Some(limit), Some(window)) => {
            parts.push(format!("{} in {}", figures::rate(limit), figures::span(window)));
        }
        (Some(limit), None) => parts.push(figures::rate(limit)),
        _ => {}
    }
    let told = left_until(announced, limits).is_some_and(|until| ctx.now < until);
    if let Some(remaining) = announced.remaining.filter(|_| told) {
        parts.push(format!("{} left", figures::rate(remaining)));
    }
    let reset = announced.reset.and_then(|at| at.checked_duration_since(ctx.now)).filter(|d| !d.is_zero());
    if let Some(reset) = reset {
        parts.push(format!("anew in {}", figures::countdown(reset + Duration::from_nanos(999_999_999))));
    }
    if parts.is_empty() { ctx.theme.symbols.unknown.to_owned() } else { parts.join(", ") }
}

fn bucket(limits: &Limits, ctx: &Ctx<'_>) -> Line<'static> {
    let theme = ctx.theme;
    let mut spans = vec![label("bucket", ctx)];
    match tokens(limits, ctx.now) {
        Some((now, most)) => {
            spans.push(Span::styled(
                format!("{} of {} could go out now  ", figures::rate(now.max(0.0)), figures::rate(most)),
                theme.text,
            ));
            spans.extend(bar(now / most.max(f64::MIN_POSITIVE), BAR, theme));
        }
        None => spans.push(Span::styled(theme.symbols.unknown, theme.dim)),
    }
    Line::from(spans)
}

/// What is in the bucket now, and what fits: it fills while nothing is sent, and then nobody takes a snapshot.
fn tokens(limits: &Limits, now: Instant) -> Option<(f64, f64)> {
    let (tokens, most) = limits.bucket?;
    let since = now.saturating_duration_since(limits.at).as_secs_f64();
    Some(((tokens + since * limits.rate.unwrap_or(0.0)).min(most), most))
}

/// Until when what the service said is left holds: to its reset, or for the window in which it was said.
fn left_until(announced: &Announced, limits: &Limits) -> Option<Instant> {
    announced.reset.or_else(|| limits.at.checked_add(announced.window.unwrap_or(MEASURED_OVER)))
}

fn flight(limits: &Limits, ctx: &Ctx<'_>) -> Line<'static> {
    let theme = ctx.theme;
    let mut spans = vec![
        label("in flight", ctx),
        Span::styled(format!("{} of {}", limits.in_flight, limits.window), theme.text),
    ];
    if limits.window != limits.concurrency {
        spans.push(Span::styled(format!(" (at most {})", limits.concurrency), theme.dim));
    }
    spans.push(Span::styled(format!("  {} waiting {}", theme.symbols.dot, limits.waiting), theme.text));
    Line::from(spans)
}

impl LimitsTab {
    fn gate(&self, limits: &Limits, ctx: &Ctx<'_>) -> Line<'static> {
        let theme = ctx.theme;
        let mut spans = vec![label("gate", ctx)];
        match (gate_left(ctx), &limits.gate) {
            (Some(left), Some(gate)) => {
                spans
                    .push(Span::styled(format!("closed, opens in {}", figures::countdown(left)), theme.warn));
                let empty = if gate.said.trim_end().ends_with(':') { "(empty)" } else { "" };
                spans.push(Span::styled(format!("  {}{empty}  ", clean(&gate.said)), theme.text));
                if let Some(waited) = self.pace.waited(ctx.now) {
                    spans.extend(bar(waited, BAR / 2, theme));
                }
            }
            _ => spans.push(Span::styled("open", theme.good)),
        }
        let style = if self.seen == 0 { theme.text } else { theme.warn };
        spans.push(Span::styled(format!("  {} 429s so far ", theme.symbols.dot), theme.label));
        spans.push(Span::styled(figures::count(self.seen), style));
        Line::from(spans)
    }
}

fn throttle(exchange: &Exchange, ctx: &Ctx<'_>) -> Line<'static> {
    let theme = ctx.theme;
    let mut said = match &exchange.retry {
        Some(retry) if retry.because == RetryReason::RetryAfter => {
            format!("by its Retry-After again in {}", figures::span(retry.after))
        }
        Some(retry) => format!("by our backoff again in {}", figures::span(retry.after)),
        None => "given up".to_owned(),
    };
    match &exchange.retry_after {
        // Writing to a string does not fail.
        Some(header) => _ = write!(said, "  said Retry-After: {}", header.shown()),
        None => said.push_str("  said no Retry-After"),
    }
    Line::from(vec![
        Span::styled(format!(" {} ", figures::time_of_day(exchange.at, ctx.zone)), theme.dim),
        Span::styled(format!("{} ", exchange.outcome.status().unwrap_or(429)), theme.warn),
        Span::styled(format!("{}  ", exchange.what()), theme.text),
        Span::styled(said, theme.text),
    ])
}
