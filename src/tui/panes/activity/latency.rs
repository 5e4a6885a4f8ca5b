//! The server's latency by endpoint: percentiles, a histogram, and beside it our own waiting and what new connections
//! took.

use hdrhistogram::Histogram;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::event::{Endpoint, Exchange, Outcome};
use crate::tui::ctx::Ctx;
use crate::tui::figures;

/// Microseconds; longer ones count as this.
const LONGEST: u64 = 10 * 60 * 1_000_000;
/// The histogram's axis: a decade each, from 1 ms to 10 s, in so many steps.
const DECADES: u32 = 4;

#[derive(Debug, Default)]
pub(super) struct Latencies {
    endpoints: [Option<Measured>; Endpoint::ALL.len()],
}

#[derive(Debug)]
struct Measured {
    server: Histogram<u64>,
    waiting: Histogram<u64>,
    /// Only of the exchanges that had to wait for one.
    connect: Histogram<u64>,
}

impl Latencies {
    pub(super) fn exchange(&mut self, exchange: &Exchange) {
        // Without an answer there is no latency of the server's to speak of.
        if matches!(exchange.outcome, Outcome::Broken(_)) {
            return;
        }
        let Some(slot) = self.endpoints.get_mut(exchange.endpoint as usize) else { return };
        if slot.is_none() {
            *slot = Measured::new();
        }
        if let Some(measured) = slot {
            measured.server.saturating_record(micros(exchange.phases.server()));
            measured.waiting.saturating_record(micros(exchange.phases.waiting()));
            if !exchange.phases.connect.is_zero() {
                measured.connect.saturating_record(micros(exchange.phases.connect));
            }
        }
    }

    pub(super) fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let shown: Vec<(Endpoint, &Measured)> = Endpoint::ALL
            .into_iter()
            .filter_map(|e| Some((e, self.endpoints.get(e as usize)?.as_ref()?)))
            .collect();
        if shown.is_empty() {
            let why = if super::over_files(ctx) {
                "none: files are read, and no service is asked"
            } else {
                "the server's latency will stand here, once something was asked"
            };
            return super::nothing(why, ctx, area, buf);
        }
        let heading = format!(
            " {:<9}{:>7}{:>8}{:>8}{:>8}{:>8}  {:>9}{:>9}{:>9}",
            "", "count", "p50", "p95", "p99", "max", "wait p50", "wait p95", "connect"
        );
        super::put(&Line::styled(heading, theme.heading), ctx, area, area.y, buf);
        let mut y = area.y + 1;
        for (endpoint, measured) in &shown {
            if y >= area.bottom() {
                return;
            }
            let at = |h: &Histogram<u64>, q: f64| span(h.value_at_quantile(q));
            let (server, waiting) = (&measured.server, &measured.waiting);
            let connect = match &measured.connect {
                none if none.is_empty() => "–".to_owned(),
                connect => at(connect, 0.5),
            };
            let line = Line::from(vec![
                Span::styled(format!(" {:<9}", endpoint.name()), theme.label),
                Span::styled(
                    format!(
                        "{:>7}{:>8}{:>8}{:>8}{:>8}",
                        figures::count(server.len()),
                        at(server, 0.5),
                        at(server, 0.95),
                        at(server, 0.99),
                        span(server.max()),
                    ),
                    theme.text,
                ),
                Span::styled(
                    format!("  {:>9}{:>9}{connect:>9}", at(waiting, 0.5), at(waiting, 0.95)),
                    theme.dim,
                ),
            ]);
            super::put(&line, ctx, area, y, buf);
            y += 1;
        }
        // One histogram: of the profiles where there are some, else of what there is.
        let most = shown.iter().find(|(e, _)| *e == Endpoint::Contacts).or(shown.first());
        if let Some((endpoint, measured)) = most {
            let rest = Rect { y, height: area.bottom() - y, ..area };
            histogram(*endpoint, &measured.server, ctx, rest, buf);
        }
    }
}

impl Measured {
    fn new() -> Option<Self> {
        let histogram = || Histogram::new_with_bounds(1, LONGEST, 2).ok();
        Some(Self { server: histogram()?, waiting: histogram()?, connect: histogram()? })
    }
}

/// Bars over a logarithmic axis, at least one row of bars and one of figures.
///
/// ```text
///  contacts      ▂▇█▃▁
///            1 ms       10 ms      100 ms     1 s        10 s
/// ```
fn histogram(endpoint: Endpoint, histogram: &Histogram<u64>, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    const LABEL: u16 = 11;
    if area.height < 2 || area.width < LABEL + 6 * DECADES as u16 {
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
    let rows = usize::from(area.height - 1).min(8);
    let bars = Rect { height: rows as u16, ..area };
    buf.set_line(
        area.x,
        bars.bottom() - 1,
        &Line::styled(format!(" {}", endpoint.name()), theme.label),
        LABEL,
    );
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
