//! The window that a list which is narrowed by typing lies in.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::tui::action::{Action, Context};
use crate::tui::ctx::Ctx;
use crate::tui::widgets::{Picker, Words};

/// Columns at most, borders included.
const WIDEST: u16 = 100;
/// Lines at most, borders included.
const HIGHEST: u16 = 22;

/// Lines of the list on a screen of this size.
pub(super) fn height(area: Rect) -> usize {
    let place = place(area);
    usize::from(place.height.saturating_sub(3 + told(place))).max(1)
}

/// Draws the window, the list in it, and below the keys with what they do; moving and closing come last.
pub(super) fn view<T>(
    picker: &Picker<T>,
    title: &str,
    words: Words,
    (context, keys): (Context, &[(Action, &str)]),
    ctx: &Ctx<'_>,
    area: Rect,
    buf: &mut Buffer,
) {
    let place = place(area);
    let inside = super::window(
        ctx,
        title,
        &hints(context, keys, place.width.saturating_sub(3), ctx),
        place,
        ctx.theme.border_focused,
        buf,
    );
    picker.view(words, told(place), ctx, inside, buf);
}

/// Lines below the list for what is selected, whose description may not fit beside its name.
fn told(area: Rect) -> u16 {
    if area.width < 70 { 2 } else { 1 }
}

fn place(area: Rect) -> Rect {
    super::centred(area, WIDEST.min(area.width.saturating_sub(2)), HIGHEST.min(area.height.saturating_sub(2)))
}

fn hints(context: Context, keys: &[(Action, &str)], room: u16, ctx: &Ctx<'_>) -> Line<'static> {
    let theme = ctx.theme;
    // Of several keys one that is no text here.
    let first =
        |action| ctx.keys.keys(action, context).next().as_ref().map(ToString::to_string).unwrap_or_default();
    let own = keys.iter().map(|(action, hint)| (first(*action), *hint));
    let moves = (format!("{} {}", first(Action::Up), first(Action::Down)), "select");
    let mut all: Vec<(String, &str)> = own.chain([moves, (first(Action::Close), "close")]).collect();
    // Whoever opened a list knows how to move in it.
    let width =
        |all: &[(String, &str)]| all.iter().map(|(key, hint)| key.width() + hint.width() + 3).sum::<usize>();
    if width(&all) > usize::from(room) {
        all.remove(all.len() - 2);
    }
    let mut line = Line::default();
    for (key, hint) in all {
        line.spans.push(Span::styled(if line.spans.is_empty() { format!(" {key}") } else { key }, theme.key));
        line.spans.push(Span::styled(format!(" {hint}  "), theme.dim));
    }
    if let Some(last) = line.spans.last_mut() {
        last.content = format!("{} ", last.content.trim_end()).into();
    }
    line
}
