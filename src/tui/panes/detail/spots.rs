//! Lines of the profile that can be pointed at, with the mouse or by a jump.

use ratatui::layout::{Position, Rect};

use super::cursor::Line;
use super::{Detail, draw};
use crate::tui::ctx::{Ctx, Outcome};

/// A line of the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot(Line);

impl Detail {
    /// What can be pointed at where the pane lies now.
    pub fn spots(&self, ctx: &Ctx<'_>) -> Vec<(Rect, Spot)> {
        if self.row.is_none() || self.items.is_empty() || ctx.area.width < 4 {
            return Vec::new();
        }
        let list = draw::lines_area(self, ctx);
        let (width, height) = draw::body(self, ctx);
        let mut line = Some(self.top_for(width, height));
        (list.y..list.bottom())
            .map_while(|y| {
                let here = line?;
                line = self.next_line(here, width);
                Some((Rect { x: list.x + 1, y, width, height: 1 }, Spot(here)))
            })
            .collect()
    }

    /// What lies there.
    pub fn spot_at(&self, position: Position, ctx: &Ctx<'_>) -> Option<Spot> {
        self.spots(ctx).into_iter().find(|(rect, _)| rect.contains(position)).map(|(_, spot)| spot)
    }

    /// The cursor goes there.
    pub fn go(&mut self, spot: Spot, ctx: &Ctx<'_>) -> Outcome {
        let (width, height) = draw::body(self, ctx);
        let before = (self.cursor, self.top);
        // As it is seen now, so that nothing moves under the pointer.
        self.top = self.top_for(width, height);
        self.cursor = spot.0;
        self.top = self.top_for(width, height);
        Outcome::changed(before != (self.cursor, self.top))
    }
}
