//! Latency over time: percentiles of slices of five seconds for the last minutes, and of minutes before that.
//!
//! Only the slice that is being filled has a histogram; of those before it the percentiles are kept.

use std::collections::VecDeque;
use std::time::Duration;

use hdrhistogram::Histogram;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use tokio::time::Instant;

use crate::tui::ctx::Ctx;
use crate::tui::figures;

/// Microseconds; longer ones count as this.
const LONGEST: u64 = 10 * 60 * 1_000_000;
/// A slice of the last minutes, and how many there are.
const FINE: Duration = Duration::from_secs(5);
const FINES: u64 = 60;
/// A slice before them, and how many there are.
const COARSE: Duration = Duration::from_secs(60);
const COARSES: u64 = 60;
/// The scale ends at so many times the median of what is shown: one sample must not flatten the rest.
const OVER_MEDIAN: u64 = 3;

/// The percentiles of one slice, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    slice: u64,
    pub(super) count: u64,
    pub(super) p50: u64,
    pub(super) p95: u64,
    pub(super) p99: u64,
}

#[derive(Debug)]
pub(super) struct Slices {
    begun: Option<Instant>,
    fine: Track,
    coarse: Track,
}

#[derive(Debug)]
struct Track {
    every: Duration,
    most: u64,
    /// The slice that is being filled.
    open: Option<(u64, Histogram<u32>)>,
    closed: VecDeque<Point>,
}

impl Default for Slices {
    fn default() -> Self {
        let track = |every, most| Track { every, most, open: None, closed: VecDeque::new() };
        // The minutes that are shown lie before the slices that are.
        let minutes = COARSES + FINES * FINE.as_secs() / COARSE.as_secs() + 1;
        Self { begun: None, fine: track(FINE, FINES), coarse: track(COARSE, minutes) }
    }
}

impl Slices {
    /// Something took so many microseconds, and it is over now.
    pub(super) fn record(&mut self, micros: u64, now: Instant) {
        let since = now.saturating_duration_since(*self.begun.get_or_insert(now));
        self.fine.record(micros, since);
        self.coarse.record(micros, since);
    }

    /// The slice that came last.
    pub(super) fn latest(&self) -> Option<Point> {
        self.fine.open.as_ref().map(|(slice, histogram)| point(*slice, histogram))
    }

    /// A column each, the newest last, at most so many: minutes, then slices of five seconds; a slice in which nothing
    /// came is `None`. And how many of them are minutes.
    fn columns(&self, most: usize) -> (Vec<Option<Point>>, usize) {
        let Some(last) = self.latest() else { return (Vec::new(), 0) };
        let begin = (last.slice + 1).saturating_sub(FINES.min(most as u64));
        let fine = (begin..=last.slice).map(|slice| self.fine.at(slice));
        // Minutes that began before the first slice that is shown for itself.
        let before = (begin * FINE.as_secs()).div_ceil(COARSE.as_secs());
        let room = (most as u64).saturating_sub(last.slice + 1 - begin);
        let first = before.saturating_sub(room.min(COARSES));
        let mut columns: Vec<_> = (first..before).map(|slice| self.coarse.at(slice)).collect();
        let minutes = columns.len();
        columns.extend(fine);
        (columns, minutes)
    }

    /// Draws the percentiles of the slices: in one row the 95th as heights, in several the median as bars and the 95th
    /// as a mark above. What is above the scale is marked.
    ///
    /// ```text
    ///  last 5 min  ▂▂▃▂▁▁▲▂▂▃  p95 to 61 ms, ▲ 1.2 s
    /// ```
    pub(super) fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        const LABEL: u16 = 13;
        const SAID: u16 = 26;
        if area.is_empty() || area.width < LABEL + 20 {
            return;
        }
        let theme = ctx.theme;
        let said = if area.width >= LABEL + SAID + 20 { SAID } else { 0 };
        let (columns, minutes) = self.columns(usize::from(area.width - LABEL - said));
        let mut tops: Vec<_> = columns.iter().flatten().map(|point| point.p95).collect();
        tops.sort_unstable();
        let (Some(most), Some(median)) = (tops.last(), tops.get((tops.len() - 1) / 2)) else { return };
        let top = (*most).min((median * OVER_MEDIAN).max(1)).max(1);
        let seconds = FINE.as_secs() * (columns.len() - minutes) as u64;
        let span = figures::left(COARSE * minutes as u32 + Duration::from_secs(seconds));
        let style = theme.label;
        buf.set_line(area.x, area.y, &Line::styled(format!(" last {span}"), style), LABEL);
        let rows = usize::from(area.height);
        let bars = Rect { x: area.x + LABEL, width: columns.len() as u16, ..area };
        for (x, point) in (bars.x..).zip(&columns) {
            let Some(point) = point else { continue };
            let clipped = point.p95 > top;
            let tall = if rows == 1 { point.p95 } else { point.p50 };
            let eighths = height(tall, top, rows);
            for row in 0..rows {
                let level = eighths.saturating_sub(row * 8).min(8);
                if level > 0 {
                    let y = bars.bottom() - 1 - row as u16;
                    buf[(x, y)].set_symbol(theme.symbols.spark[level - 1]).set_style(theme.bar);
                }
            }
            let mark = bars.bottom() - 1 - ((height(point.p95, top, rows) - 1) / 8) as u16;
            if clipped {
                buf[(x, bars.y)].set_symbol(theme.symbols.sort[0]).set_style(theme.warn);
            } else if rows > 1 && mark < bars.bottom() - eighths.div_ceil(8) as u16 {
                buf[(x, mark)].set_symbol(theme.symbols.dot).set_style(theme.dim);
            }
        }
        if said == 0 {
            return;
        }
        let marks = tops.iter().filter(|p95| **p95 > top).count();
        let scale = figures::span(Duration::from_micros(top));
        let mut notes = vec![if rows == 1 {
            format!("p95 to {scale}")
        } else {
            format!("p50, {} p95, to {scale}", theme.symbols.dot)
        }];
        if marks > 0 {
            notes.push(format!("{} {}", theme.symbols.sort[0], figures::span(Duration::from_micros(*most))));
        }
        let x = bars.right() + 2;
        let room = area.right().saturating_sub(x);
        if rows == 1 {
            buf.set_span(x, area.y, &Span::styled(notes.join(", "), theme.dim), room);
            return;
        }
        for (y, note) in (area.y..area.bottom()).zip(notes) {
            buf.set_span(x, y, &Span::styled(note, theme.dim), room);
        }
    }
}

impl Track {
    fn record(&mut self, micros: u64, since: Duration) {
        let slice = since.as_secs() / self.every.as_secs();
        match &mut self.open {
            Some((open, histogram)) if *open == slice => histogram.saturating_record(micros),
            Some((open, histogram)) => {
                self.closed.push_back(point(*open, histogram));
                histogram.reset();
                histogram.saturating_record(micros);
                *open = slice;
            }
            None => {
                self.open = Histogram::new_with_bounds(1, LONGEST, 2).ok().map(|mut histogram| {
                    histogram.saturating_record(micros);
                    (slice, histogram)
                });
            }
        }
        while self.closed.front().is_some_and(|point| point.slice + self.most <= slice) {
            self.closed.pop_front();
        }
    }

    fn at(&self, slice: u64) -> Option<Point> {
        if let Some((open, histogram)) = &self.open
            && *open == slice
        {
            return Some(point(slice, histogram));
        }
        let at = self.closed.binary_search_by_key(&slice, |point| point.slice).ok()?;
        self.closed.get(at).copied()
    }
}

fn point(slice: u64, histogram: &Histogram<u32>) -> Point {
    let at = |share| histogram.value_at_quantile(share);
    Point { slice, count: histogram.len(), p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

/// In eighths of a row; anything at all is seen, and nothing is above the top.
fn height(value: u64, top: u64, rows: usize) -> usize {
    let most = rows * 8;
    ((value as f64 / top as f64 * most as f64).round() as usize).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::ctx::fixture::World;
    use crate::tui::theme::ThemeChoice;
    use crate::tui::widgets::testing::text;

    fn at(from: Instant, seconds: u64) -> Instant {
        from + Duration::from_secs(seconds)
    }

    #[test]
    fn slices_are_kept_for_minutes_and_then_as_minutes_and_no_longer() {
        let from = World::new(ThemeChoice::Plain).now;
        let mut slices = Slices::default();
        for second in 0..3 * 3_600 {
            slices.record(20_000 + second, at(from, second));
        }
        assert!(slices.fine.closed.len() < 60 && slices.coarse.closed.len() < 67);
        let (columns, minutes) = slices.columns(200);
        assert_eq!((columns.len(), minutes), (120, 60));
        assert!(columns.iter().all(Option::is_some), "{columns:?}");
        let (columns, minutes) = slices.columns(30);
        assert_eq!((columns.len(), minutes), (30, 0));
    }

    #[test]
    fn a_slice_in_which_nothing_came_is_a_gap() {
        let from = World::new(ThemeChoice::Plain).now;
        let mut slices = Slices::default();
        slices.record(1_000, from);
        slices.record(1_000, at(from, 12));
        let (columns, _) = slices.columns(60);
        assert_eq!(columns.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn one_early_sample_does_not_flatten_the_rest() {
        let world = World::new(ThemeChoice::Plain);
        let mut slices = Slices::default();
        slices.record(9_000_000, world.now);
        for slice in 1..8 {
            slices.record(20_000 + slice * 1_000, at(world.now, slice * 5));
        }
        let area = Rect::new(0, 0, 78, 1);
        let mut buf = Buffer::empty(area);
        slices.view(&world.ctx(area), area, &mut buf);
        let said = text(&buf);
        assert!(said.contains("▲▂▂▃▃▃▃▃"), "{said}");
        assert!(said.contains("p95 to 72 ms, ▲ 9.0 s"), "{said}");
    }
}
