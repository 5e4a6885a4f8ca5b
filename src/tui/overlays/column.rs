//! What one column holds: how much of it is filled, of what types, how many different values, and the most frequent
//! of them, each of which can become the filter.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::text::{Untrusted, fit};
use crate::rows::{ColumnFacts, Counts, Kind};
use crate::tui::action::{Action, Context};
use crate::tui::ctx::Ctx;
use crate::tui::figures;
use crate::tui::widgets::{self, gist};

/// What is known of a column now.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its name, from outside: `attributes.plan`.
    pub name: String,
    /// Rows that came.
    pub rows: u64,
    /// Gathered while they came.
    pub facts: ColumnFacts,
    /// Counted over all of them, once that is done.
    pub counts: Option<Arc<Counts>>,
}

/// The panel.
#[derive(Debug)]
pub struct ColumnPanel {
    known: Known,
    /// The value under the cursor.
    selected: usize,
}

impl ColumnPanel {
    /// A panel for a column.
    pub fn new(known: Known) -> Self {
        Self { known, selected: 0 }
    }

    /// The name of the column, which is the path of its values.
    pub fn name(&self) -> &str {
        &self.known.name
    }

    /// A value of the column as it may be shown, in at most so many columns.
    fn shown(&self, ctx: &Ctx<'_>, kind: Kind, value: &str, width: usize) -> String {
        let name = &self.known.name;
        match ctx.mask.hides(None, name).filter(|_| !value.is_empty()) {
            Some(personal) => fit(&ctx.mask.stand_in(personal, value), width).into_owned(),
            None if kind == Kind::Json && ctx.mask.is_on() => {
                cut(&ctx.mask.json_at(None, name, value), width)
            }
            None => cut(value, width),
        }
    }

    /// More is known; says whether anything differs.
    pub fn know(&mut self, known: Known) -> bool {
        let differs = known.rows != self.known.rows
            || known.counts.as_ref().map(|counts| counts.rows)
                != self.known.counts.as_ref().map(|counts| counts.rows);
        // The cursor stays on its value.
        let value = self.value().map(|(kind, text)| (kind, text.to_owned()));
        self.known = known;
        let place = |(kind, text): (Kind, String)| {
            self.top().iter().position(|value| value.0 == kind && value.1.raw() == text)
        };
        self.selected = value.and_then(place).unwrap_or(0);
        differs
    }

    /// The value under the cursor.
    pub fn value(&self) -> Option<(Kind, &str)> {
        self.top().get(self.selected).map(|(kind, text, _)| (*kind, text.raw()))
    }

    fn top(&self) -> &[(Kind, Untrusted, u64)] {
        self.known.counts.as_ref().map_or(&[], |counts| &counts.top)
    }

    /// Moves the cursor; says whether it moved.
    pub fn select(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        let page = usize::from(place(ctx.area, usize::MAX).height.saturating_sub(12)).max(1);
        let last = self.top().len().saturating_sub(1);
        let before = self.selected;
        self.selected = widgets::moved(action, before, page, last);
        before != self.selected
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let facts = self.facts(ctx, usize::from(place(area, usize::MAX).width.saturating_sub(4)));
        let place = place(area, facts.len() + 1 + self.top().len().max(1));
        let room = place.width.saturating_sub(3);
        let hints = super::hints(ctx.keys, Context::Column, Some("close"), ctx.theme, room);
        let title = format!("Column {}", cut(&self.known.name, usize::from(room.saturating_sub(9))));
        let inside = super::window(ctx, &title, &hints, place, ctx.theme.border_focused, buf);
        if inside.is_empty() {
            return;
        }
        let width = usize::from(inside.width);
        // Values matter most: of the facts those at the top stay.
        let shown = facts.len().min(usize::from(inside.height).saturating_sub(4).max(3));
        let upper = Rect { height: (shown as u16).min(inside.height), ..inside };
        super::draw_lines(&facts[..shown], 0, ctx, upper, buf);
        let lower =
            Rect { y: upper.bottom() + 1, height: inside.height.saturating_sub(upper.height + 1), ..inside };
        let values = self.values(ctx, width);
        let offset = self.selected.saturating_sub(usize::from(lower.height).saturating_sub(1));
        super::draw_lines(&values, offset, ctx, lower, buf);
    }

    fn facts(&self, ctx: &Ctx<'_>, width: usize) -> Vec<Line<'static>> {
        let theme = ctx.theme;
        let Known { rows, facts, counts, .. } = &self.known;
        let line = |label: &str, text: String| {
            Line::from(vec![
                Span::styled(format!("{label:<10}"), theme.label),
                Span::styled(text, theme.text),
            ])
        };
        let part = |n: u64| {
            let share = if *rows > 0 { n as f64 / *rows as f64 } else { 0.0 };
            format!("{:>11}  {:>6}", figures::count(n), figures::share(share))
        };
        let filled = facts.filled();
        let null = facts.of(Kind::Null);
        let not_asked = facts.of(Kind::NotAsked);
        let mut lines = vec![line("filled", part(filled))];
        let share = if *rows > 0 { filled as f64 / *rows as f64 } else { 0.0 };
        if let Some(first) = lines.first_mut() {
            let (full, empty) = bar(ctx, share, width.saturating_sub(34).min(24));
            first.spans.push(Span::raw("  "));
            first.spans.extend([Span::styled(full, theme.bar), Span::styled(empty, theme.bar_empty)]);
        }
        if not_asked > 0 {
            lines.push(line("not asked", part(not_asked)));
        }
        lines.push(line("null", part(null)));
        lines.push(line("missing", part(rows.saturating_sub(filled + null + not_asked))));
        if facts.changed > 0 {
            lines.push(line("changed", part(facts.changed)));
        }
        let types: Vec<String> = Kind::ALL
            .into_iter()
            .filter(|kind| kind.is_filled() && facts.of(*kind) > 0)
            .map(|kind| format!("{} {}", kind.name(), figures::count(facts.of(kind))))
            .collect();
        lines.push(line("types", types.join(", ")));
        let distinct = match counts {
            Some(counts) if counts.rows as u64 == *rows => figures::count(counts.distinct as u64),
            Some(counts) => {
                let (distinct, rows) = (counts.distinct as u64, counts.rows as u64);
                format!("{} in the first {} rows", figures::count(distinct), figures::count(rows))
            }
            None => "counting …".to_owned(),
        };
        lines.push(line("different", distinct));
        let room = width.saturating_sub(12);
        if let (Some(least), Some(largest)) = (&facts.least, &facts.largest) {
            lines.push(line("least", self.shown(ctx, Kind::Json, least.raw(), room)));
            lines.push(line("largest", self.shown(ctx, Kind::Json, largest.raw(), room)));
        }
        if let Some(spread) = counts.as_ref().and_then(|counts| counts.spread.as_ref()) {
            let most = spread.bars.iter().max().copied().unwrap_or(0).max(1);
            let spark = &theme.symbols.spark;
            let bar = |n: &u64| match n {
                0 => " ",
                n => spark[((*n as f64 / most as f64 * spark.len() as f64).ceil() as usize - 1).min(7)],
            };
            let bars: String = spread.bars.iter().map(bar).collect();
            let mut line = line("spread", String::new());
            line.spans.push(Span::styled(bars, theme.bar));
            lines.push(line);
        }
        lines
    }

    fn values(&self, ctx: &Ctx<'_>, width: usize) -> Vec<Line<'static>> {
        let theme = ctx.theme;
        let most = self.top().first().map_or(1, |(_, _, rows)| *rows).max(1);
        let counted = self.known.counts.as_ref().map_or(1, |counts| counts.rows).max(1);
        let bars = if width >= 56 { 12 } else { 0 };
        let room = width.saturating_sub(24 + bars);
        self.top()
            .iter()
            .enumerate()
            .map(|(at, (kind, text, rows))| {
                let here = at == self.selected;
                let over = if here { theme.selected } else { ratatui::style::Style::new() };
                let style = match kind {
                    Kind::Number => theme.number,
                    Kind::Bool => theme.boolean,
                    Kind::Json => theme.dim,
                    _ => theme.text,
                };
                let shown = if text.is_empty() {
                    "\"\"".to_owned()
                } else {
                    self.shown(ctx, *kind, text.raw(), room)
                };
                let pad = " ".repeat(room.saturating_sub(widgets::width(&shown)));
                let cursor = if here { theme.symbols.cursor } else { " " };
                let (full, empty) = bar(ctx, *rows as f64 / most as f64, bars);
                let figures = format!(
                    " {:>11} {:>7}  ",
                    figures::count(*rows),
                    figures::share(*rows as f64 / counted as f64)
                );
                Line::from(vec![
                    Span::styled(cursor, theme.accent.patch(over)),
                    Span::styled(format!("{shown}{pad}"), style.patch(over)),
                    Span::styled(figures, theme.text.patch(over)),
                    Span::styled(full, theme.bar.patch(over)),
                    Span::styled(empty, theme.bar_empty.patch(over)),
                ])
            })
            .collect()
    }
}

/// Text from outside, safe to print, in at most so many columns.
fn cut(text: &str, width: usize) -> String {
    fit(&gist(text, width as u16), width).into_owned()
}

fn bar(ctx: &Ctx<'_>, share: f64, width: usize) -> (String, String) {
    let symbols = &ctx.theme.symbols;
    let full = ((share * width as f64).round() as usize).min(width);
    (symbols.bar.repeat(full), symbols.bar_empty.repeat(width - full))
}

fn place(area: Rect, lines: usize) -> Rect {
    let height = u16::try_from(lines.saturating_add(2)).unwrap_or(u16::MAX).min(32);
    super::centred(area, 72.min(area.width.saturating_sub(2)), height.min(area.height.saturating_sub(2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::fixture::profiles;
    use crate::rows::{Column, Rows, View};
    use crate::tui::ctx::fixture::{self, World};
    use crate::tui::theme::ThemeChoice;

    fn panel(column: &str, rows: usize) -> ColumnPanel {
        let mut all = Rows::new();
        all.append(&profiles(0..rows));
        let mut view = View::default();
        let column = match all.data().attribute(column) {
            Some(path) => Column::Attribute(path),
            None => crate::engine::query::Field::LastName.into(),
        };
        assert!(view.count(all.data(), Some(column)).is_none(), "few rows are counted at once");
        ColumnPanel::new(Known {
            name: "a\u{1b}[31mb".into(),
            rows: rows as u64,
            facts: all.facts(column),
            counts: view.counts().cloned(),
        })
    }

    fn drawn(panel: &ColumnPanel, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
        fixture::drawn(choice, size, |ctx, area, buf| panel.view(ctx, area, buf))
    }

    #[test]
    fn a_column_in_every_theme_and_size() {
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(&panel("last", 40), choice, (80, 24)));
        }
        insta::assert_debug_snapshot!(drawn(&panel("score", 40), ThemeChoice::Dark, (60, 16)));
        for size in [(0, 0), (1, 1), (3, 9), (9, 3), (300, 100)] {
            let _buf = drawn(&panel("active", 9), ThemeChoice::Dark, size);
        }
    }

    #[test]
    fn the_cursor_stays_on_its_value_while_rows_come() {
        let mut small = panel("last", 5);
        let world = World::new(ThemeChoice::Plain);
        for _ in 0..3 {
            small.select(Action::Down, &world.ctx(Rect::new(0, 0, 80, 24)));
        }
        let value = small.value().map(|(_, text)| text.to_owned());
        assert_eq!(value.as_deref(), Some("Byron 3"));
        assert!(small.know(panel("last", 60).known));
        assert_eq!(small.value().map(|(_, text)| text.to_owned()), value);
        assert!(!small.know(panel("last", 60).known), "nothing new");
    }
}
