//! The panes. None knows another.

pub mod activity;
pub mod builder;
pub mod detail;
pub mod files;
pub mod header;
pub mod profiles;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

use super::action::Action;
use super::ctx::{Ctx, Focus};

/// Draws a pane's frame and gives back what is inside.
///
/// Panes share borders, so that a small terminal keeps its rows: each draws its top and its sides, and what
/// lies below it (the next pane, or the footer) draws the line under it.
///
/// ```text
/// ┌ Query ──────┐┌ Profiles ────────┐
/// │             ││                  │
/// ├ Activity ─────────────────────────
/// ```
pub fn frame(
    ctx: &Ctx<'_>,
    pane: Focus,
    title: impl Into<Line<'static>>,
    area: Rect,
    buf: &mut Buffer,
) -> Rect {
    let area = area.intersection(buf.area);
    if area.width < 2 || area.height == 0 {
        return Rect { width: 0, height: 0, ..area };
    }
    let focused = ctx.focus == pane;
    let theme = ctx.theme;
    let (border, title_style) =
        if focused { (theme.border_focused, theme.title_focused) } else { (theme.border, theme.title) };
    let set = &theme.symbols.border;
    // The first row of panes lies under the status line; everything further down joins what is above it.
    let (left, right) = if area.y <= 1 {
        (set.top_left, set.top_right)
    } else {
        (theme.symbols.joint_left, theme.symbols.joint_right)
    };
    let (first, last) = (area.x, area.right() - 1);
    for x in first..=last {
        let symbol = if x == first {
            left
        } else if x == last {
            right
        } else {
            set.horizontal_top
        };
        buf[(x, area.y)].set_symbol(symbol).set_style(border);
    }
    for y in area.y + 1..area.bottom() {
        buf[(first, y)].set_symbol(set.vertical_left).set_style(border);
        buf[(last, y)].set_symbol(set.vertical_right).set_style(border);
    }
    let mut title: Line<'static> = title.into();
    title.spans.insert(0, " ".into());
    if focused && ctx.zoomed {
        title.spans.push(ratatui::text::Span::styled(
            format!("  zoomed, {} shows all", ctx.keys.first(Action::Zoom)),
            theme.dim,
        ));
    }
    title.spans.push(" ".into());
    let room = area.width.saturating_sub(3);
    let width = title.spans.iter().map(|s| s.content.width()).sum::<usize>().min(usize::from(room)) as u16;
    // The pane's style lies under the spans' own.
    buf.set_style(Rect { x: first + 1, y: area.y, width, height: 1 }, title_style);
    title.style = title_style.patch(title.style);
    buf.set_line(first + 1, area.y, &title, room);
    Rect { x: first + 1, y: area.y + 1, width: area.width - 2, height: area.height - 1 }
}
