//! Requests a second against the limit, 429s and closed windows, over time.
//!
//! ```text
//!  requests/s  ▇█▇▇▆█▃░░░░░▂▇█▇▇▇▇▂░░░   full height: 10 a second
//!  429s              3            2     5 in 27 s
//! ```

use std::collections::VecDeque;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use tokio::time::Instant;

use crate::engine::event::{Exchange, Limits};
use crate::tui::ctx::Ctx;
use crate::tui::figures;
use crate::tui::gauge::gate_left;

/// Seconds that are kept.
const SECONDS: i64 = 300;
/// Columns of the labels on the left.
const LABEL: u16 = 13;
/// Columns of what is said on the right.
const SAID: u16 = 28;

#[derive(Debug, Default)]
pub(super) struct Pace {
    /// In order; a second in which nothing was sent is not there.
    seconds: VecDeque<Second>,
    /// When nobody was to send, in seconds of wall time; the newest last.
    closed: VecDeque<(i64, i64)>,
    /// The window that is closed now: until when, and since when that is known.
    gate: Option<(Instant, Instant)>,
}

#[derive(Clone, Copy, Debug)]
struct Second {
    at: i64,
    sent: u32,
    throttled: u32,
}

impl Pace {
    pub(super) fn exchange(&mut self, exchange: &Exchange) {
        // A token is not counted against the rate.
        if exchange.is_unconnected() {
            return;
        }
        let at = exchange.at.as_second();
        let place = self.seconds.partition_point(|second| second.at < at);
        if self.seconds.get(place).is_none_or(|second| second.at != at) {
            self.seconds.insert(place, Second { at, sent: 0, throttled: 0 });
        }
        if let Some(second) = self.seconds.get_mut(place) {
            second.sent += 1;
            second.throttled += u32::from(exchange.is_throttled());
        }
        let Some(newest) = self.seconds.back().map(|second| second.at) else { return };
        while self.seconds.front().is_some_and(|second| second.at <= newest - SECONDS) {
            self.seconds.pop_front();
        }
        while self.closed.front().is_some_and(|(_, end)| *end <= newest - SECONDS) {
            self.closed.pop_front();
        }
    }

    /// Where the limits stand: a window may have been closed.
    pub(super) fn limits(&mut self, limits: &Limits, ctx: &Ctx<'_>) {
        let Some(gate) = limits.gate.as_ref().filter(|gate| gate.until > ctx.now) else { return };
        if self.gate.is_some_and(|(until, _)| until == gate.until) {
            return;
        }
        self.gate = Some((gate.until, ctx.now));
        let from = ctx.wall.as_second();
        let left = (gate.until - ctx.now).as_secs_f64().ceil() as i64;
        // Longer than what is shown is as long as what is shown.
        let end = from.saturating_add(left.min(100_000));
        match self.closed.back_mut() {
            Some((_, last)) if *last >= from => *last = end.max(*last),
            _ => self.closed.push_back((from, end)),
        }
        if self.closed.len() > SECONDS as usize {
            self.closed.pop_front();
        }
    }

    /// How much of the closed window is over, from 0 to 1.
    pub(super) fn waited(&self, now: Instant) -> Option<f64> {
        let (until, since) = self.gate.filter(|(until, _)| *until > now)?;
        let all = (until - since).as_secs_f64();
        Some(now.saturating_duration_since(since).as_secs_f64() / all.max(f64::MIN_POSITIVE))
    }

    /// The second that stands on the right: the last in which something happened, or this one while nobody may send.
    fn newest(&self, ctx: &Ctx<'_>) -> Option<i64> {
        let last = self.seconds.back().map(|second| second.at);
        let waiting = gate_left(ctx).map(|_| ctx.wall.as_second());
        let opened = self.closed.back().map(|(_, end)| (*end).min(ctx.wall.as_second()));
        [last, waiting, opened.filter(|_| last.is_some())].into_iter().flatten().max()
    }

    /// Draws requests a second over `area.height - 1` rows, and 429s in the row below.
    pub(super) fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let said = if area.width >= LABEL + SAID + 20 { SAID } else { 0 };
        if area.height < 2 || area.width < LABEL + 10 {
            return;
        }
        let label = |text: &str| Line::styled(format!(" {text}"), theme.label);
        buf.set_line(area.x, area.y, &label("requests/s"), LABEL);
        buf.set_line(area.x, area.bottom() - 1, &label("429s"), LABEL);
        let Some(newest) = self.newest(ctx) else {
            let none = Span::styled("nothing was sent yet", theme.dim);
            buf.set_span(area.x + LABEL, area.y, &none, area.width - LABEL);
            return;
        };
        let columns = i64::from(area.width - LABEL - said).min(SECONDS);
        let begin = newest + 1 - columns;
        let shown = || self.seconds.iter().filter(|second| second.at >= begin);
        let most = shown().map(|second| second.sent).max().unwrap_or(0);
        let limit = ctx.limits.and_then(|limits| limits.rate).filter(|rate| *rate > 0.0);
        let rows = usize::from(area.height - 1);
        // With room for it the limit is a line in the picture; in a single row it is the full height.
        let top = limit.map_or(f64::from(most), |rate| if rows > 1 { rate * 1.5 } else { rate }).max(1.0);
        for second in begin..=newest {
            let x = area.x + LABEL + (second - begin) as u16;
            let closed = self.closed.iter().any(|(from, end)| (*from..*end).contains(&second));
            if closed {
                for y in area.y..area.bottom() - 1 {
                    buf[(x, y)].set_symbol(theme.symbols.bar_empty).set_style(theme.bar_empty);
                }
            }
        }
        for second in shown() {
            let x = area.x + LABEL + (second.at - begin) as u16;
            let eighths = (f64::from(second.sent) / top * (rows * 8) as f64).round() as usize;
            let over = eighths > rows * 8;
            for row in 0..rows {
                let level = eighths.max(1).saturating_sub(row * 8).min(8);
                let cell = &mut buf[(x, area.bottom() - 2 - row as u16)];
                if level > 0 {
                    cell.set_symbol(theme.symbols.spark[level - 1]).set_style(theme.bar);
                }
            }
            if over {
                buf[(x, area.y)].set_symbol(theme.symbols.sort[0]).set_style(theme.warn);
            }
            if second.throttled > 0 {
                let digit = char::from_digit(second.throttled, 10).unwrap_or('+');
                buf[(x, area.bottom() - 1)].set_char(digit).set_style(theme.warn);
            }
        }
        if said == 0 {
            return;
        }
        let x = area.right() - said + 2;
        let scale = match limit {
            Some(rate) if rows > 1 => format!("top {}, limit {}/s", figures::rate(top), figures::rate(rate)),
            Some(rate) => format!("full height: {}/s", figures::rate(rate)),
            None => format!("at most {most}/s"),
        };
        buf.set_span(x, area.y, &Span::styled(scale, theme.dim), said - 2);
        let refused: u32 = shown().map(|second| second.throttled).sum();
        let span = shown().next().map_or(0, |first| newest + 1 - first.at);
        let span = figures::span(std::time::Duration::from_secs(span.max(1).unsigned_abs()));
        let count = format!("{} in {span}", figures::count(refused.into()));
        let style = if refused == 0 { theme.dim } else { theme.warn };
        buf.set_span(x, area.bottom() - 1, &Span::styled(count, style), said - 2);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;

    use super::*;
    use crate::engine::event::Gate;
    use crate::tui::ctx::fixture::World;
    use crate::tui::events;
    use crate::tui::theme::ThemeChoice;
    use crate::tui::widgets::testing::text;

    fn drawn(pace: &Pace, world: &World, height: u16) -> String {
        let area = Rect::new(0, 0, 78, height);
        let mut buf = Buffer::empty(area);
        pace.view(&world.ctx(area), area, &mut buf);
        text(&buf)
    }

    #[test]
    fn a_storm_is_seen_as_it_went() {
        let mut world = World::new(ThemeChoice::Plain);
        world.limits = Some(events::limits(world.now));
        let mut pace = Pace::default();
        let mut sent = |world: &World, status: u16, count: u64| {
            for n in 0..count {
                let exchange = Exchange { at: world.wall, ..events::exchange(n, status, 4) };
                pace.exchange(&exchange);
            }
        };
        for _ in 0..4 {
            sent(&world, 200, 9);
            world.wall += SignedDuration::from_secs(1);
        }
        sent(&world, 200, 20);
        sent(&world, 429, 3);
        let until = world.now + Duration::from_secs(5);
        let limits =
            Limits { gate: Some(Gate { until, said: "Retry-After: 5".into() }), ..events::limits(world.now) };
        pace.limits(&limits, &world.ctx(Rect::default()));
        world.limits = Some(limits);
        world.now += Duration::from_secs(2);
        world.wall += SignedDuration::from_secs(2);
        let said = drawn(&pace, &world, 2);
        assert!(said.contains("▇▇▇▇▲░░"), "{said}");
        assert!(said.contains("full height: 10/s") && said.contains("3 in 7.0 s"), "{said}");
        assert_eq!(pace.waited(world.now), Some(0.4));
        // Once it is open and nothing is sent, the picture stays as it is.
        world.now += Duration::from_secs(60);
        world.wall += SignedDuration::from_secs(60);
        let opened = drawn(&pace, &world, 2);
        assert!(opened.contains("▇▇▇▇▲░░░░"), "{opened}");
        world.wall += SignedDuration::from_secs(600);
        assert_eq!(drawn(&pace, &world, 2), opened);
        let _higher = drawn(&pace, &world, 4);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut world = World::new(ThemeChoice::Plain);
        let mut pace = Pace::default();
        for _ in 0..2_000 {
            world.wall += SignedDuration::from_secs(2);
            world.now += Duration::from_secs(2);
            let gate = Some(Gate { until: world.now + Duration::from_secs(1), said: String::new() });
            pace.limits(&Limits { gate, ..events::limits(world.now) }, &world.ctx(Rect::default()));
            pace.exchange(&Exchange { at: world.wall, ..events::exchange(1, 200, 4) });
        }
        assert!(pace.seconds.len() <= 150 && pace.closed.len() <= 151, "{}", pace.closed.len());
    }
}
