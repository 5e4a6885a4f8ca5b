//! Small drawing helpers that several panes share.

mod field;
mod picker;
mod scrollbar;
mod text;
mod wrap;

pub use field::{Field, LONGEST};
pub use picker::{Item, Picker, Words};
pub use scrollbar::scrollbar;
pub use text::{blank, gist, put, put_clean, scrub, tail, width};
pub use wrap::{Wrapped, wrap};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::tui::action::Action;
use crate::tui::ctx::Ctx;

/// Where an action leads from a place in a list whose last place is `last`; a page is so long. What moves nothing
/// stays.
pub fn moved(action: Action, from: usize, page: usize, last: usize) -> usize {
    match action {
        Action::Up => from.saturating_sub(1),
        Action::Down => from + 1,
        Action::PageUp => from.saturating_sub(page),
        Action::PageDown => from + page,
        Action::First => 0,
        Action::Last => last,
        _ => from,
    }
    .min(last)
}

/// Says at the right edge that there is more above, below.
pub fn more(above: bool, below: bool, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let [up, down] = ctx.theme.symbols.sort;
    if above && !area.is_empty() {
        buf.set_span(area.right(), area.y, &Span::styled(up, ctx.theme.key), 1);
    }
    if below && !area.is_empty() {
        buf.set_span(area.right(), area.bottom() - 1, &Span::styled(down, ctx.theme.key), 1);
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Looking at what was drawn.

    use ratatui::buffer::{Buffer, CellWidth};
    use ratatui::layout::Rect;

    use crate::engine::text::is_dangerous;
    use crate::tui::ctx::Ctx;
    use crate::tui::ctx::fixture::World;

    /// Draws into a buffer that held rubbish before, below a line for the header.
    pub(crate) fn draw(
        world: &World,
        width: u16,
        height: u16,
        view: impl Fn(&Ctx<'_>, Rect, &mut Buffer),
    ) -> Buffer {
        // Of private use: no text is ever shown with it, so that a cell that has it was not drawn.
        const UNDRAWN: char = '\u{e000}';
        let area = Rect::new(0, 1, width, height);
        let mut buf =
            Buffer::filled(Rect::new(0, 0, width, height + 1), ratatui::buffer::Cell::from(UNDRAWN));
        view(&world.ctx(area), area, &mut buf);
        for y in area.top()..area.bottom() {
            let mut x = 0;
            while x < width {
                let symbol = buf[(x, y)].symbol();
                let dangerous = symbol.chars().any(is_dangerous);
                assert!(!dangerous, "{symbol:?} at {x},{y} (U+E000: nothing was drawn)");
                x += symbol.cell_width().max(1);
                assert!(x <= width, "a wide character leaves the pane at {x},{y}");
            }
        }
        // The header's line is not ours.
        let mut own = Buffer::empty(area);
        for y in area.top()..area.bottom() {
            for x in 0..width {
                own[(x, y)] = buf[(x, y)].clone();
            }
        }
        own
    }

    /// The lines of a buffer, trailing blanks removed.
    pub(crate) fn lines(buf: &Buffer) -> Vec<String> {
        let area = buf.area;
        (area.top()..area.bottom())
            .map(|y| {
                let mut line = String::new();
                let mut x = area.left();
                while x < area.right() {
                    let symbol = buf[(x, y)].symbol();
                    line.push_str(symbol);
                    x += symbol.cell_width().max(1);
                }
                line.trim_end().to_owned()
            })
            .collect()
    }

    /// All of it as one text.
    pub(crate) fn text(buf: &Buffer) -> String {
        lines(buf).join("\n")
    }
}
