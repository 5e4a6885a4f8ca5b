//! Tabs of the activity pane that can be pointed at, with the mouse or by a jump.

use ratatui::layout::{Position, Rect};

use super::{Activity, Tab};
use crate::tui::ctx::{Ctx, Outcome};

/// What stands before the tabs. All of them are seen on the narrowest screen, where they say well enough what the pane
/// is.
pub(super) fn name(area: Rect) -> Option<&'static str> {
    (area.width >= 66).then_some("Activity  ")
}

impl Activity {
    /// The tabs where the pane lies now.
    pub fn spots(&self, ctx: &Ctx<'_>) -> Vec<(Rect, Tab)> {
        let area = ctx.area;
        // The border's corner, and the blank before a title.
        let mut x = area.x + 2 + name(area).map_or(0, str::len) as u16;
        let mut tabs = Vec::with_capacity(Tab::ALL.len());
        for (at, tab) in Tab::ALL.into_iter().enumerate() {
            // With brackets or blanks round it.
            let width = tab.name(at).len() as u16 + 2;
            if x + width < area.right() {
                tabs.push((Rect { x, y: area.y, width, height: 1 }, tab));
            }
            x += width;
        }
        tabs
    }

    /// The tab that lies there.
    pub fn spot_at(&self, position: Position, ctx: &Ctx<'_>) -> Option<Tab> {
        self.spots(ctx).into_iter().find(|(rect, _)| rect.contains(position)).map(|(_, tab)| tab)
    }

    /// Opens a tab.
    pub fn go(&mut self, tab: Tab) -> Outcome {
        let changed = tab != self.tab;
        self.tab = tab;
        Outcome::changed(changed)
    }
}
