//! A scroll bar one column wide.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::theme::Theme;

/// Draws where `visible` of `total` lines from `top` on lie; nothing where all are seen.
pub fn scrollbar(theme: &Theme, area: Rect, top: usize, visible: usize, total: usize, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    if area.is_empty() || total <= visible {
        return;
    }
    let height = usize::from(area.height);
    let thumb = (visible.saturating_mul(height) / total).clamp(1, height);
    let room = total - visible;
    let start = (top.min(room).saturating_mul(height - thumb) + room / 2) / room;
    let [full, track] = theme.symbols.scroll;
    for (i, y) in (area.top()..area.bottom()).enumerate() {
        let (symbol, style) =
            if (start..start + thumb).contains(&i) { (full, theme.bar) } else { (track, theme.border) };
        buf[(area.right() - 1, y)].set_symbol(symbol).set_style(style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::ThemeChoice;

    fn bar(top: usize, total: usize) -> String {
        let area = Rect::new(0, 0, 1, 5);
        let mut buf = Buffer::empty(area);
        scrollbar(&Theme::new(ThemeChoice::Dark, false), area, top, 5, total, &mut buf);
        (0..5).map(|y| buf[(0, y)].symbol().to_owned()).collect()
    }

    #[test]
    fn it_begins_and_ends_with_what_it_shows() {
        assert_eq!(bar(0, 5), "     ");
        assert_eq!(bar(0, 1_000_000), "█││││");
        assert_eq!(bar(999_995, 1_000_000), "││││█");
        assert_eq!(bar(usize::MAX, 10), "│││██");
    }
}
