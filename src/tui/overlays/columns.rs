//! The columns of the table, shown or not, to be arranged.
//!
//! ```text
//! ┌ Columns  7 of 15 shown ──────────────────────────┐
//! │▌[x] id           pinned  14 wide    1,250 filled │
//! │ [x] email                           1,248 filled │
//! │ [ ] attributes.plan                   310 filled │
//! └ Space toggle  Enter pin  Esc close ──────────────┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::engine::text::fit;
use crate::rows::Column;
use crate::tui::action::{Action, Context};
use crate::tui::ctx::Ctx;
use crate::tui::figures;
use crate::tui::panes::profiles::Listed;
use crate::tui::widgets::{self, gist};

/// Columns of the panel at most, borders included.
const WIDEST: u16 = 76;
/// Columns that the facts of a column take behind its name.
const FACTS: usize = 36;

/// The panel.
#[derive(Debug)]
pub struct ColumnsPanel {
    listed: Vec<Listed>,
    /// The place of the column under the cursor.
    selected: usize,
}

impl ColumnsPanel {
    /// A panel with these columns, the cursor on one of them.
    pub fn new(listed: Vec<Listed>, column: Column) -> Self {
        let mut panel = Self { listed, selected: 0 };
        panel.go_to(column);
        panel
    }

    /// The columns are others, or otherwise; the cursor stays on its own. Says whether anything differs.
    pub fn know(&mut self, listed: Vec<Listed>) -> bool {
        let column = self.column();
        let differs = listed != self.listed;
        self.listed = listed;
        if let Some(column) = column {
            self.go_to(column);
        }
        differs
    }

    /// The column under the cursor.
    pub fn column(&self) -> Option<Column> {
        self.listed.get(self.selected).map(|listed| listed.column)
    }

    fn go_to(&mut self, column: Column) {
        let place = self.listed.iter().position(|listed| listed.column == column);
        self.selected = place.unwrap_or(self.selected).min(self.listed.len().saturating_sub(1));
    }

    /// Moves the cursor; says whether it moved.
    pub fn select(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        let page = usize::from(place(ctx.area, self.listed.len()).height.saturating_sub(3)).max(1);
        let before = self.selected;
        self.selected = widgets::moved(action, before, page, self.listed.len().saturating_sub(1));
        before != self.selected
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let place = place(area, self.listed.len());
        let room = place.width.saturating_sub(3);
        let hints = super::hints(ctx.keys, Context::Columns, Some("close"), ctx.theme, room);
        let shown = self.listed.iter().filter(|listed| listed.shown).count();
        let title = format!("Columns  {shown} of {} shown", self.listed.len());
        let inside = super::window(ctx, &title, &hints, place, ctx.theme.border_focused, buf);
        let Rect { width, height, .. } = inside;
        // The keys that have no room in the frame, where rows have some left.
        let keys = match usize::from(height) {
            0..6 => 0,
            high if high > self.listed.len() + 1 => 2,
            _ => 1,
        };
        let list = Rect { height: height - keys, ..inside };
        let lines: Vec<Line<'_>> =
            self.listed.iter().enumerate().map(|(at, listed)| self.line(ctx, at, listed, width)).collect();
        let offset = self.selected.saturating_sub(usize::from(list.height).saturating_sub(1));
        super::draw_lines(&lines, offset, ctx, list, buf);
        if keys > 0 {
            let below = Rect { y: inside.bottom() - 1, height: 1, ..inside };
            super::draw_lines(&[Self::keys(ctx)], 0, ctx, below, buf);
        }
    }

    /// The keys that have no room in the frame.
    fn keys(ctx: &Ctx<'_>) -> Line<'static> {
        let theme = ctx.theme;
        let mut spans = Vec::new();
        for (actions, does) in [
            ([Action::ColumnLeft, Action::ColumnRight], "move"),
            ([Action::Narrower, Action::Wider], "narrower, wider"),
            ([Action::Clear, Action::Clear], "all as at first"),
        ] {
            let mut keys: Vec<String> = actions.map(|action| ctx.keys.first(action)).into();
            keys.dedup();
            spans.push(Span::styled(keys.join(" "), theme.key));
            spans.push(Span::styled(format!(" {does}   "), theme.dim));
        }
        Line::from(spans)
    }

    fn line(&self, ctx: &Ctx<'_>, at: usize, listed: &Listed, width: u16) -> Line<'static> {
        let theme = ctx.theme;
        let here = at == self.selected;
        let over = if here { theme.selected } else { Style::new() };
        let tick = theme.symbols.tick[usize::from(!listed.shown)];
        let room = usize::from(width).saturating_sub(FACTS + 5);
        let name = fit(&gist(&listed.name, room as u16), room).into_owned();
        let pad = " ".repeat(room.saturating_sub(widgets::width(&name)));
        let pinned = if listed.pinned { "pinned" } else { "" };
        let wide = listed.width.map_or_else(String::new, |width| format!("{width} wide"));
        let filled = figures::count(listed.filled);
        let facts = format!(" {pinned:<7} {wide:>8} {filled:>11} filled");
        let style = if listed.shown { theme.text } else { theme.dim };
        Line::from(vec![
            Span::styled(if here { theme.symbols.cursor } else { " " }, theme.accent.patch(over)),
            Span::styled(format!("{tick} "), theme.key.patch(over)),
            Span::styled(format!("{name}{pad}"), style.patch(over)),
            Span::styled(facts, theme.dim.patch(over)),
        ])
    }
}

fn place(area: Rect, columns: usize) -> Rect {
    let height = u16::try_from(columns.saturating_add(4)).unwrap_or(u16::MAX);
    super::centred(area, WIDEST.min(area.width.saturating_sub(2)), height.min(area.height.saturating_sub(2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::query::Field;
    use crate::tui::ctx::fixture;
    use crate::tui::theme::ThemeChoice;

    fn panel() -> ColumnsPanel {
        let listed = |(at, field): (usize, Field)| Listed {
            column: field.into(),
            name: if at == 3 { "attributes.a\u{1b}[2J東京".into() } else { field.key().into() },
            shown: at % 3 != 2,
            pinned: at < 2,
            width: (at == 4).then_some(34),
            filled: 12_345 / (at as u64 + 1),
        };
        let all = Field::ALL.into_iter().enumerate().map(listed).collect();
        ColumnsPanel::new(all, Field::LastName.into())
    }

    fn drawn(panel: &ColumnsPanel, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
        fixture::drawn(choice, size, |ctx, area, buf| panel.view(ctx, area, buf))
    }

    #[test]
    fn every_theme_and_size() {
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(&panel(), choice, (80, 24)));
        }
        insta::assert_debug_snapshot!(drawn(&panel(), ThemeChoice::Plain, (60, 10)));
        for size in [(0, 0), (1, 1), (3, 9), (9, 3), (300, 100)] {
            let _buf = drawn(&panel(), ThemeChoice::Dark, size);
        }
    }

    #[test]
    fn the_cursor_stays_on_its_column_when_it_moves() {
        let mut panel = panel();
        let mut listed = panel.listed.clone();
        listed.swap(2, 5);
        assert!(panel.know(listed.clone()));
        assert_eq!((panel.selected, panel.column()), (5, Some(Field::LastName.into())));
        assert!(!panel.know(listed));
    }
}
