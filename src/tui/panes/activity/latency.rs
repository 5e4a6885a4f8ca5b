//! Why a query is slow: where the time of the last run went, and the server's latency by endpoint: percentiles, over
//! time, and as a histogram.
//!
//! ```text
//!  run 3: of 21 s, 17 s behind the announced limit of 10 requests/s, 3.2 s at the server
//!  limit 17 s ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓  server 3.2 s ▓▓▓▓  reading 0.4 s ▓
//! ▌contacts    200  p50 23 ms  p95 61 ms  p99 80 ms  max 1.2 s   wait p50 84 ms
//!  last 5 min  ▂▂▃▂▁▁▲▂▂▃  p95 to 61 ms, ▲ 1.2 s
//!  histogram   ▁▂▇█▃▁  ▁
//! ```

use hdrhistogram::Histogram;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::slices::Slices;
use crate::engine::event::{Endpoint, Exchange, Outcome, Summary};
use crate::engine::query::QueryId;
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Focus};
use crate::tui::figures;
use crate::tui::spent::{Part, Spent};
use crate::tui::widgets::moved;

/// Microseconds; longer ones count as this.
const LONGEST: u64 = 10 * 60 * 1_000_000;
/// The histogram's axis: a decade each, from 1 ms to 10 s, in so many steps.
const DECADES: u32 = 4;
/// From so many rows on, all endpoints stand there, under a heading.
const ROOMY: u16 = 8;
/// Columns of the labels on the left.
const LABEL: u16 = 13;

#[derive(Debug, Default)]
pub(super) struct Latencies {
    endpoints: [Option<Measured>; Endpoint::ALL.len()],
    /// The endpoint that is looked at; `None`: the profiles', or what there is.
    selected: Option<Endpoint>,
    /// Where the time of the run at hand, or the last one, went.
    spent: Option<Spent>,
}

#[derive(Debug)]
struct Measured {
    server: Histogram<u64>,
    waiting: Histogram<u64>,
    /// Only of the exchanges that had to wait for one.
    connect: Histogram<u64>,
    slices: Slices,
}

impl Latencies {
    pub(super) fn started(&mut self, id: QueryId, ctx: &Ctx<'_>) {
        self.spent = Some(Spent::new(id, ctx.wall));
    }

    pub(super) fn finished(&mut self, id: QueryId, summary: &Summary) -> Option<Spent> {
        let spent = self.spent.as_mut().filter(|spent| spent.id() == id)?;
        spent.finished(summary);
        Some(spent.clone())
    }

    pub(super) fn exchange(&mut self, exchange: &Exchange, ctx: &Ctx<'_>) {
        // One that is sent again by hand is no part of its run.
        if let Some(spent) = &mut self.spent
            && exchange.query == Some(spent.id())
            && exchange.again.is_none()
        {
            spent.exchange(exchange, ctx);
        }
        // Without an answer there is no latency of the server's to speak of.
        if matches!(exchange.outcome, Outcome::Broken(_)) {
            return;
        }
        let Some(slot) = self.endpoints.get_mut(exchange.endpoint as usize) else { return };
        if slot.is_none() {
            *slot = Measured::new();
        }
        if let Some(measured) = slot {
            let server = micros(exchange.phases.server());
            measured.server.saturating_record(server);
            measured.slices.record(server, ctx.now);
            measured.waiting.saturating_record(micros(exchange.phases.waiting()));
            if !exchange.phases.connect.is_zero() {
                measured.connect.saturating_record(micros(exchange.phases.connect));
            }
        }
    }

    /// Another endpoint is looked at; says whether there is one.
    pub(super) fn select(&mut self, action: Action) -> bool {
        let measured = self.measured();
        let Some(selected) = self.selected(&measured) else { return false };
        let at = measured.iter().position(|(endpoint, _)| *endpoint == selected).unwrap_or(0);
        let next = measured[moved(action, at, 1, measured.len() - 1)].0;
        self.selected = Some(next);
        next != selected
    }

    /// Where the time went, in words, for the clipboard.
    pub(super) fn copied(&self) -> Option<String> {
        self.spent.as_ref().map(|spent| spent.words(usize::MAX))
    }

    fn measured(&self) -> Vec<(Endpoint, &Measured)> {
        Endpoint::ALL
            .into_iter()
            .filter_map(|e| Some((e, self.endpoints.get(e as usize)?.as_ref()?)))
            .collect()
    }

    fn selected(&self, measured: &[(Endpoint, &Measured)]) -> Option<Endpoint> {
        let there = |wanted: Endpoint| measured.iter().any(|(endpoint, _)| *endpoint == wanted);
        let first = measured.first().map(|(endpoint, _)| *endpoint);
        self.selected.filter(|e| there(*e)).or(Some(Endpoint::Contacts).filter(|e| there(*e))).or(first)
    }

    pub(super) fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let measured = self.measured();
        let Some(selected) = self.selected(&measured) else {
            let why = if super::over_files(ctx) {
                "none: files are read, and no service is asked"
            } else {
                "where a run's time goes, and the server's latency, will stand here once something was asked"
            };
            return super::nothing(why, ctx, area, buf);
        };
        let mut rest = area;
        if let Some(spent) = &self.spent {
            words(spent, ctx, take(&mut rest, 1), buf);
            if area.height > 3 {
                bar(spent, ctx, take(&mut rest, 1), buf);
            }
        }
        if area.height >= ROOMY {
            let heading = format!(
                " {:<12}{:>7}{:>9}{:>9}{:>9}{:>9}  {:>9}{:>9}{:>9}",
                "", "count", "p50", "p95", "p99", "max", "wait p50", "wait p95", "connect"
            );
            let line = take(&mut rest, 1);
            super::put(&Line::styled(heading, ctx.theme.heading), ctx, line, line.y, buf);
            for (endpoint, measured) in &measured {
                let line = take(&mut rest, 1);
                row(*endpoint, measured, *endpoint == selected && self.measured().len() > 1, ctx, line, buf);
            }
            rest.y = (rest.y + 1).min(rest.bottom());
            rest.height = area.bottom() - rest.y;
        }
        let Some((_, of)) = measured.iter().find(|(endpoint, _)| *endpoint == selected) else { return };
        if area.height < ROOMY {
            brief(selected, of, measured.len(), ctx, take(&mut rest, 1), buf);
            of.slices.view(ctx, take(&mut rest, 1), buf);
            return histogram(&of.server, ctx, rest, buf);
        }
        // Side by side where there is room for both, one above the other where there is not.
        if rest.width >= 150 {
            let half = rest.width / 2;
            let left = Rect { width: half, ..rest };
            over_time(of, ctx, left, buf);
            return histogram(
                &of.server,
                ctx,
                Rect { x: rest.x + half, width: rest.width - half, ..rest },
                buf,
            );
        }
        let upper = (rest.height / 2).max(1).min(rest.height);
        over_time(of, ctx, take(&mut rest, upper), buf);
        histogram(&of.server, ctx, rest, buf);
    }
}

impl Measured {
    fn new() -> Option<Self> {
        let histogram = || Histogram::new_with_bounds(1, LONGEST, 2).ok();
        Some(Self {
            server: histogram()?,
            waiting: histogram()?,
            connect: histogram()?,
            slices: Slices::default(),
        })
    }

    fn connected(&self) -> Option<String> {
        (!self.connect.is_empty()).then(|| span(self.connect.value_at_quantile(0.5)))
    }
}

/// The first rows of what is left.
fn take(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    let taken = Rect { height: rows, ..*rest };
    rest.y += rows;
    rest.height -= rows;
    taken
}

fn words(spent: &Spent, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let mut line =
        Line::styled(format!(" {}", spent.words(usize::from(area.width.saturating_sub(1)))), ctx.theme.text);
    if let Some(advice) = spent.advice(ctx) {
        let aside = Span::styled(format!("  {} {advice}", ctx.theme.symbols.dot), ctx.theme.dim);
        if line.width() + aside.width() <= usize::from(area.width) {
            line.spans.push(aside);
        }
    }
    super::put(&line, ctx, area, area.y, buf);
}

/// Each part with its name and a bar: the bars together take what the names leave.
fn bar(spent: &Spent, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let elapsed = spent.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
    let mut parts: Vec<_> = spent
        .parts()
        .into_iter()
        // Less than a hundredth is no bar.
        .filter(|(_, took)| took.as_secs_f64() * 100.0 >= elapsed)
        .map(|(part, took)| (format!(" {} {} ", part.name(), figures::span(took)), part, took))
        .collect();
    let names = |parts: &[(String, Part, _)]| parts.iter().map(|(name, ..)| name.width()).sum::<usize>();
    // The least of them make room for bars.
    while parts.len() > 1 && names(&parts) * 2 > usize::from(area.width) {
        parts.pop();
    }
    let room = usize::from(area.width).saturating_sub(names(&parts) + parts.len() + 1);
    let mut line = Line::default();
    for (name, part, took) in &parts {
        let columns = (took.as_secs_f64() / elapsed * room as f64).floor() as usize;
        let style = match part {
            Part::Server | Part::Reading => theme.bar,
            Part::Limit | Part::Backoff => theme.warn,
            _ => theme.bar_empty,
        };
        line.spans.push(Span::styled(name.clone(), theme.label));
        line.spans.push(Span::styled(theme.symbols.bar.repeat(columns.max(1)), style));
    }
    if !area.is_empty() {
        buf.set_line(area.x, area.y, &line, area.width);
    }
}

fn figure<'a>(name: &str, value: String, ctx: &Ctx<'_>) -> [Span<'a>; 2] {
    [Span::styled(format!("  {name} "), ctx.theme.label), Span::styled(value, ctx.theme.text)]
}

/// The selected endpoint in one row.
fn brief(endpoint: Endpoint, of: &Measured, many: usize, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = ctx.theme;
    let at = |histogram: &Histogram<u64>, share| span(histogram.value_at_quantile(share));
    let [up, down] = theme.symbols.sort;
    let more = if many > 1 { format!("{up}{down}") } else { "  ".to_owned() };
    let mut line = Line::from(vec![
        Span::styled(more, theme.key),
        Span::styled(format!("{:<11}", endpoint.name()), theme.label),
        Span::styled(figures::count(of.server.len()), theme.text),
    ]);
    line.spans.extend(figure("p50", at(&of.server, 0.5), ctx));
    line.spans.extend(figure("p95", at(&of.server, 0.95), ctx));
    line.spans.extend(figure("p99", at(&of.server, 0.99), ctx));
    line.spans.extend(figure("max", span(of.server.max()), ctx));
    let wait = figure("wait p50", at(&of.waiting, 0.5), ctx);
    let connect = of.connected().map(|took| figure("connect", took, ctx));
    for aside in [Some(wait), connect].into_iter().flatten() {
        if line.width() + aside.iter().map(Span::width).sum::<usize>() <= usize::from(area.width) {
            line.spans.extend(aside);
        }
    }
    super::put(&line, ctx, area, area.y, buf);
}

fn row(endpoint: Endpoint, of: &Measured, selected: bool, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = ctx.theme;
    let at = |histogram: &Histogram<u64>, share| span(histogram.value_at_quantile(share));
    let lit = match (selected, ctx.focus == Focus::Activity) {
        (true, true) => theme.selected,
        (true, false) => theme.selected_dim,
        (false, _) => Style::new(),
    };
    let line = Line::from(vec![
        Span::styled(if selected { theme.symbols.cursor } else { " " }, theme.accent),
        Span::styled(format!("{:<12}", endpoint.name()), theme.label.patch(lit)),
        Span::styled(
            format!(
                "{:>7}{:>9}{:>9}{:>9}{:>9}",
                figures::count(of.server.len()),
                at(&of.server, 0.5),
                at(&of.server, 0.95),
                at(&of.server, 0.99),
                span(of.server.max()),
            ),
            theme.text,
        ),
        Span::styled(
            format!(
                "  {:>9}{:>9}{:>9}",
                at(&of.waiting, 0.5),
                at(&of.waiting, 0.95),
                of.connected().unwrap_or_else(|| theme.symbols.unknown.to_owned())
            ),
            theme.dim,
        ),
    ]);
    super::put(&line, ctx, area, area.y, buf);
}

/// The chart, and under it the percentiles of the last slice.
fn over_time(of: &Measured, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let mut rest = area;
    let rows = if area.height > 2 { area.height - 1 } else { area.height };
    of.slices.view(ctx, take(&mut rest, rows), buf);
    let Some(latest) = of.slices.latest().filter(|_| !rest.is_empty()) else { return };
    let said = format!(
        "{:>width$}latest slice: {} in 5 s, p50 {}, p95 {}, p99 {}",
        "",
        figures::count(latest.count),
        span(latest.p50),
        span(latest.p95),
        span(latest.p99),
        width = usize::from(LABEL),
    );
    buf.set_line(rest.x, rest.y, &Line::styled(said, ctx.theme.dim), rest.width);
}

/// Bars over a logarithmic axis: at least one row of bars, and one of figures where there are two.
///
/// ```text
///  histogram    ▂▇█▃▁
///            1 ms       10 ms      100 ms     1 s        10 s
/// ```
fn histogram(histogram: &Histogram<u64>, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    if area.height == 0 || area.width < LABEL + 6 * DECADES as u16 {
        return;
    }
    let theme = ctx.theme;
    let step = u32::from((area.width - LABEL - 6) / DECADES as u16).min(24);
    let columns = step * DECADES;
    let border = |i: u32| (1_000.0 * 10_f64.powf(f64::from(i) / f64::from(step))) as u64;
    let counts: Vec<u64> = (0..columns)
        .map(|i| {
            // The ends take what lies beyond the axis.
            let low = if i == 0 { 0 } else { border(i) };
            let high = if i + 1 == columns { LONGEST } else { border(i + 1) - 1 };
            histogram.count_between(low, high)
        })
        .collect();
    let top = counts.iter().copied().max().unwrap_or(0).max(1);
    let axis = u16::from(area.height > 1);
    let rows = usize::from(area.height - axis).min(8);
    let bars = Rect { height: rows as u16, ..area };
    let label = if axis == 0 { " 1 ms … 10 s" } else { " histogram" };
    buf.set_line(area.x, bars.bottom() - 1, &Line::styled(label, theme.label), LABEL);
    for (i, count) in counts.iter().enumerate().filter(|(_, c)| **c > 0) {
        // Anything at all is seen: at least an eighth of a row.
        let eighths = ((*count as f64 / top as f64) * (rows * 8) as f64).round().max(1.0) as usize;
        for row in 0..rows {
            let level = eighths.saturating_sub(row * 8).min(8);
            if level == 0 {
                break;
            }
            let (x, y) = (area.x + LABEL + i as u16, bars.bottom() - 1 - row as u16);
            buf[(x, y)].set_symbol(theme.symbols.spark[level - 1]).set_style(theme.bar);
        }
    }
    if axis == 0 {
        return;
    }
    for decade in 0..=DECADES {
        let name = ["1 ms", "10 ms", "100 ms", "1 s", "10 s"][decade as usize];
        let x = area.x + LABEL + (decade * step) as u16;
        buf.set_line(x, bars.bottom(), &Line::styled(name, theme.dim), area.right().saturating_sub(x));
    }
}

fn micros(d: std::time::Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(LONGEST)
}

fn span(micros: u64) -> String {
    figures::span(std::time::Duration::from_micros(micros))
}
