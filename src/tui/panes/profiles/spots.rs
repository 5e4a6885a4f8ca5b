//! Places of the table that can be pointed at, with the mouse or by a jump.

use ratatui::layout::{Position, Rect};

use super::{Profiles, draw};
use crate::rows::Column;
use crate::tui::ctx::{Ctx, Outcome};

/// A place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A row, by its place in the order that is shown.
    Row(usize),
    /// The head of a column.
    Head(Column),
}

impl Profiles {
    /// What can be pointed at where the pane lies now.
    pub fn spots(&self, ctx: &Ctx<'_>) -> Vec<(Rect, Spot)> {
        let Some(grid) = self.grid(ctx.area) else { return Vec::new() };
        let heads = self.columns(grid.width).shown.into_iter().map(|column| {
            (Rect { x: grid.x + column.x, width: column.width, height: 1, ..grid }, Spot::Head(column.column))
        });
        let top = self.top_for(draw::body_height(self, ctx.area));
        let rows = (grid.y + 1..grid.bottom())
            .zip(top..self.len())
            .map(|(y, place)| (Rect { y, height: 1, ..grid }, Spot::Row(place)));
        heads.chain(rows).collect()
    }

    /// What lies there.
    pub fn spot_at(&self, position: Position, ctx: &Ctx<'_>) -> Option<Spot> {
        self.spots(ctx).into_iter().find(|(rect, _)| rect.contains(position)).map(|(_, spot)| spot)
    }

    /// The cursor goes there.
    pub fn go(&mut self, spot: Spot, ctx: &Ctx<'_>) -> Outcome {
        let before = (self.place, self.top, self.column, self.follow);
        match spot {
            Spot::Row(place) => self.move_to(place, ctx),
            Spot::Head(column) => self.column = column,
        }
        Outcome::changed(before != (self.place, self.top, self.column, self.follow))
    }

    /// The cursor goes to the column that lies there, in whichever row.
    pub fn go_sideways(&mut self, position: Position, ctx: &Ctx<'_>) -> Outcome {
        let Some(grid) = self.grid(ctx.area) else { return Outcome::IGNORED };
        let head = Position { y: grid.y, ..position };
        match self.spot_at(head, ctx) {
            Some(spot) => self.go(spot, ctx),
            None => Outcome::IGNORED,
        }
    }

    /// Shows what lies so many rows further down, or up; the cursor comes along only as far as it must.
    pub fn scroll(&mut self, by: isize, ctx: &Ctx<'_>) -> Outcome {
        let height = draw::body_height(self, ctx.area);
        if height == 0 || self.is_empty() {
            return Outcome::IGNORED;
        }
        let before = (self.place, self.top, self.follow);
        let top = self.top_for(height).saturating_add_signed(by).min(self.len().saturating_sub(height));
        let last = (top + height - 1).min(self.len() - 1);
        self.place = self.place.clamp(top, last);
        self.top = top;
        self.follow = false;
        Outcome::changed(before != (self.place, self.top, self.follow))
    }

    /// Head and rows, without the cursor's column.
    fn grid(&self, area: Rect) -> Option<Rect> {
        let height = draw::body_height(self, area) as u16 + 1;
        let there = area.width > 3 && area.height > 1 && self.rows() > 0;
        there.then(|| Rect { x: area.x + 2, y: area.y + 1, width: area.width - 3, height })
    }
}
