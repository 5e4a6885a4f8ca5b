//! What may follow the keys that were pressed, at the lower right, where it hides least.
//!
//! ```text
//!                                      ┌ y … ──────────────────────────────┐
//!                                      │ y  copy the cell, the node, the … │
//!                                      │ r  copy the row: the columns …    │
//!                                      └ Esc gives up ─────────────────────┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::engine::text::fit;
use crate::tui::action::{Action, Context};
use crate::tui::ctx::Ctx;
use crate::tui::keymap::{Chord, written};

/// Columns of the box at most, borders included.
const WIDEST: u16 = 72;

/// Draws what may follow these keys in that place; without any, nothing.
pub fn view(ctx: &Ctx<'_>, context: Context, typed: &[Chord], area: Rect, buf: &mut Buffer) {
    let following = ctx.keys.following(context, typed);
    if typed.is_empty() || following.is_empty() {
        return;
    }
    let theme = ctx.theme;
    let keys = following.iter().map(|(keys, _)| keys.width()).max().unwrap_or(0);
    let about = |action: &Action| action.entry().about_in(context);
    let widest = following.iter().map(|(_, action)| keys + 2 + about(action).width()).max().unwrap_or(0);
    let width = u16::try_from(widest + 4).unwrap_or(WIDEST).clamp(24, WIDEST).min(area.width);
    // The footer stays: a notice stands there.
    let height = u16::try_from(following.len() + 2).unwrap_or(u16::MAX).min(area.height.saturating_sub(1));
    let place = Rect {
        x: area.right().saturating_sub(width),
        y: area.bottom().saturating_sub(height + 1),
        width,
        height,
    };
    let close = ctx.keys.first(Action::Close);
    let hints =
        Line::from(vec![Span::styled(format!(" {close}"), theme.key), Span::styled(" gives up ", theme.dim)]);
    let title = format!("{} …", written(typed));
    let inside = super::window(ctx, &title, &hints, place, theme.border_focused, buf);
    let room = usize::from(inside.width).saturating_sub(keys + 2);
    let lines: Vec<_> = following
        .iter()
        .map(|(next, action)| {
            let pad = " ".repeat(keys - next.width() + 2);
            Line::from(vec![
                Span::styled(format!("{next}{pad}"), theme.key),
                Span::styled(fit(about(action), room).into_owned(), theme.text),
            ])
        })
        .collect();
    super::draw_lines(&lines, 0, ctx, inside, buf);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::ctx::fixture;
    use crate::tui::theme::ThemeChoice;

    fn drawn(choice: ThemeChoice, size: (u16, u16)) -> Buffer {
        fixture::drawn(choice, size, |ctx, area, buf| {
            view(ctx, Context::Profiles, &["y".parse().unwrap()], area, buf);
        })
    }

    #[test]
    fn every_theme_and_size() {
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(choice, (80, 16)));
        }
        for size in [(0, 0), (1, 1), (3, 9), (9, 3), (60, 16), (300, 100)] {
            let _buf = drawn(ThemeChoice::Dark, size);
        }
    }
}
