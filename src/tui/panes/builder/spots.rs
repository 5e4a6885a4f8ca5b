//! Places of the builder that can be pointed at, with the mouse or by a jump.

use ratatui::layout::{Position, Rect};

use super::{Builder, Section, draw};
use crate::engine::query::Field;
use crate::tui::ctx::{Ctx, Outcome};

/// A place in the builder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot(Part);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A section, with what stands below its name.
    Section(Section),
    /// A field in the matrix.
    Field(Field),
}

impl Spot {
    /// Whether it is a field, with a box of its own to tick.
    pub fn is_field(self) -> bool {
        matches!(self.0, Part::Field(_))
    }
}

impl Builder {
    /// What can be pointed at where the pane lies now.
    pub fn spots(&self, ctx: &Ctx<'_>) -> Vec<(Rect, Spot)> {
        let area = ctx.area;
        if area.width < 3 || area.height < 2 {
            return Vec::new();
        }
        let inner = Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 1 };
        let (places, _) = draw::arranged(self, ctx, inner);
        let until = |from: Rect, to: Rect| Rect { height: to.y.saturating_sub(from.y), ..from };
        let [segments, filter] = [places.segments, places.filter]
            .map(|[name, below]| Rect { height: name.height + below.height, ..name });
        let fields = draw::cells(self, ctx, places.matrix).into_iter();
        let fields = fields.map(|(rect, field)| (rect, Part::Field(field)));
        [
            (until(places.ids, places.fields), Part::Section(Section::Ids)),
            (places.fields, Part::Section(Section::Fields)),
        ]
        .into_iter()
        .chain(fields)
        .chain([(segments, Part::Section(Section::Segments)), (filter, Part::Section(Section::Filter))])
        .filter(|(rect, _)| !rect.is_empty())
        .map(|(rect, part)| (rect, Spot(part)))
        .collect()
    }

    /// What lies there.
    pub fn spot_at(&self, position: Position, ctx: &Ctx<'_>) -> Option<Spot> {
        self.spots(ctx).into_iter().find(|(rect, _)| rect.contains(position)).map(|(_, spot)| spot)
    }

    /// The cursor goes there; an editor elsewhere is left with its text kept.
    pub fn go(&mut self, spot: Spot, _ctx: &Ctx<'_>) -> Outcome {
        let to = match spot.0 {
            Part::Section(section) => section,
            Part::Field(_) => Section::Fields,
        };
        let before = (self.section, self.matrix.cursor());
        let left = if self.editing && self.section != to { self.leave() } else { Outcome::IGNORED };
        self.section = to;
        if let Part::Field(field) = spot.0 {
            self.matrix.go(field.index());
        }
        let changed = left.changed || before != (self.section, self.matrix.cursor());
        Outcome { changed, effect: left.effect }
    }
}
