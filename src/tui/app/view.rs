//! Drawing: the panes, what joins them, the footer, and the overlay over all.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{App, Moment};
use crate::engine::text::clean;
use crate::tui::action::Context;
use crate::tui::ctx::Focus;
use crate::tui::layout::{Panes, SMALLEST};
use crate::tui::overlays::{hints, inlay, tour, whichkey, wrap};
use crate::tui::theme::to_ascii;
use crate::tui::widgets::scrub;

impl App {
    /// Draws everything. Whatever a pane let through that a terminal may act on is made visible last.
    pub fn view(&self, at: Moment, buf: &mut Buffer) {
        self.picture(at, buf);
        to_ascii(self.world.theme.ascii, buf);
        let _ = scrub(buf, buf.area);
    }

    /// What the panes draw.
    pub(super) fn picture(&self, at: Moment, buf: &mut Buffer) {
        if self.view_frozen(buf) {
            return;
        }
        let area = buf.area;
        let Some(panes) = self.arrangement().layout(area) else {
            return self.too_small(buf);
        };
        let ctx = self.world.ctx(at, area);
        self.header.view(&ctx, panes.header, buf);
        if self.looks_at_files() {
            self.files.view(&ctx.at(panes.builder), panes.builder, buf);
        } else {
            self.builder.view(&ctx.at(panes.builder), panes.builder, buf);
        }
        if !panes.profiles.is_empty() {
            self.profiles.view(&ctx.at(panes.profiles), panes.profiles, buf);
        }
        if !panes.detail.is_empty() {
            self.detail.view(&ctx.at(panes.detail), panes.detail, buf);
        }
        self.activity.view(&ctx.at(panes.activity), panes.activity, buf);
        self.joints(&panes, buf);
        self.footer(panes.footer, buf);
        if let Some(overlay) = &self.overlay {
            overlay.view(&ctx, area, buf);
        } else if let Some(step) = self.guide.step() {
            tour::view(&ctx, step, &panes, buf);
        }
        whichkey::view(&ctx, self.context(), &self.pending, area, buf);
    }

    fn too_small(&self, buf: &mut Buffer) {
        let area = buf.area;
        let text =
            format!("cxlens needs {}×{}; this is {}×{}", SMALLEST.0, SMALLEST.1, area.width, area.height);
        for (y, line) in (area.y..area.bottom()).zip(wrap(&text, area.width.into())) {
            buf.set_line(area.x, y, &Line::styled(line, self.world.theme.text), area.width);
        }
    }

    /// What Esc does here and now, in a word.
    fn esc(&self) -> Option<&'static str> {
        if self.world.focus == Focus::Profiles
            && let Some(closes) = self.profiles.closes()
        {
            Some(closes)
        } else if self.world.focus == Focus::Detail
            && let Some(closes) = self.detail.closes()
        {
            Some(closes)
        } else if self.context() == Context::Editor {
            Some("done")
        } else if self.detail_open {
            Some("close")
        } else if self.watch.is_some() {
            Some("stop")
        } else if self.world.running.is_some_and(|r| !r.cancelling) {
            Some("cancel")
        } else {
            None
        }
    }

    /// Where the sides of two panes come down on the activity pane's top.
    fn joints(&self, panes: &Panes, buf: &mut Buffer) {
        let symbols = &self.world.theme.symbols;
        let y = panes.activity.y;
        let right = if panes.profiles.is_empty() { panes.detail } else { panes.profiles };
        for x in [
            panes.builder.right().saturating_sub(1),
            right.x,
            right.right().saturating_sub(1),
            panes.detail.x,
        ] {
            if let Some(cell) = buf.cell_mut((x, y))
                && cell.symbol() == symbols.border.horizontal_top
            {
                cell.set_symbol(symbols.joint_bottom);
            }
        }
    }

    /// The last line: the bottom of the frame, and in it the keys of where the user is, or a notice.
    pub(super) fn footer(&self, area: Rect, buf: &mut Buffer) {
        let theme = &self.world.theme;
        let set = &theme.symbols.border;
        let last = area.right().saturating_sub(1);
        for x in area.x..area.right() {
            let symbol = if x == area.x {
                set.bottom_left
            } else if x == last {
                set.bottom_right
            } else {
                set.horizontal_bottom
            };
            let style = if self.world.focus == Focus::Activity { theme.border_focused } else { theme.border };
            buf[(x, area.y)].set_symbol(symbol).set_style(style);
        }
        let room = area.width.saturating_sub(3);
        let line = match &self.notice {
            Some(notice) => Line::from(Span::styled(format!(" {} ", clean(notice)), theme.accent)),
            // An overlay wears its own.
            None if self.overlay.is_some() => return,
            None => hints(&self.world.keys, self.context(), self.esc(), theme, room),
        };
        inlay(&line, area.x + 1, area.y, room, buf);
    }
}
