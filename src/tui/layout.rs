//! Where everything lies: a pure function of the size, the focus, whether a profile is open, and where the user moved
//! the lines between panes.
//!
//! ```text
//! header                        header
//! builder │ profiles            builder │ profiles │ detail
//!         │ detail (when open)          │          │          where it is wide
//! activity                      activity
//! footer                        footer
//! ```

use ratatui::layout::{Position, Rect};

use super::ctx::Focus;

/// The smallest terminal that is drawn on; below it a line says so.
pub const SMALLEST: (u16, u16) = (60, 16);

/// Table and profile lie side by side where there are so many columns for the two.
const SIDE_BY_SIDE: u16 = 140;
/// One above the other they want so many lines.
const LEAST_STACKED: u16 = 14;

/// The least that a pane is given, so that no line that is moved makes one vanish.
const LEAST_BUILDER: u16 = 20;
const LEAST_RIGHT: u16 = 32;
const LEAST_ACTIVITY: u16 = 3;
const LEAST_MAIN: u16 = 9;
const LEAST_TABLE: u16 = 4;
const LEAST_DETAIL: u16 = 4;
const LEAST_BESIDE: u16 = 30;

/// The rectangles of one frame; borders are inside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Panes {
    /// The status line.
    pub header: Rect,
    /// The query builder.
    pub builder: Rect,
    /// The profiles table.
    pub profiles: Rect,
    /// The open profile; empty where none is open.
    pub detail: Rect,
    /// The activity pane.
    pub activity: Rect,
    /// The line of keys.
    pub footer: Rect,
}

/// What the layout depends on beside the size of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrangement {
    /// The pane that has the keys.
    pub focus: Focus,
    /// Whether a profile is open.
    pub detail_open: bool,
    /// Whether the pane that has the keys has the screen to itself.
    pub zoomed: bool,
    /// Where the lines between panes were moved to.
    pub splits: Splits,
}

/// A line between panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Between the builder and what is on its right.
    Builder,
    /// Above the activity pane.
    Activity,
    /// Between the table and the profile below it.
    Detail,
    /// Between the table and the profile beside it.
    Beside,
}

/// Where lines were moved to, in thousandths of what they share, so that they keep their place on another screen;
/// `None`: where they lie by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Splits {
    places: [Option<u16>; Split::ALL.len()],
}

impl Split {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Builder, Self::Activity, Self::Detail, Self::Beside];

    /// What its place is kept as.
    fn name(self) -> &'static str {
        match self {
            Self::Builder => "builder",
            Self::Activity => "activity",
            Self::Detail => "detail",
            Self::Beside => "beside",
        }
    }

    /// Whether it is moved to the left and to the right.
    pub fn is_upright(self) -> bool {
        matches!(self, Self::Builder | Self::Beside)
    }
}

impl Splits {
    /// Where they were when this was kept; what cannot be read lies where it would by itself.
    pub fn recall(kept: &str) -> Self {
        let mut splits = Self::default();
        for (name, place) in kept.lines().filter_map(|line| line.split_once('=')) {
            let split = Split::ALL.into_iter().find(|split| split.name() == name.trim());
            let place = place.trim().parse().ok().filter(|place| (1..1000).contains(place));
            if let Some((split, place)) = split.zip(place) {
                splits.places[split as usize] = Some(place);
            }
        }
        splits
    }

    /// To be kept, as TOML.
    pub fn kept(&self) -> String {
        let line = |split: Split| Some(format!("{} = {}\n", split.name(), self.places[split as usize]?));
        Split::ALL.into_iter().filter_map(line).collect()
    }

    /// So many cells of `whole`, if the line was moved there.
    fn cells(&self, split: Split, whole: u16) -> Option<u16> {
        self.places[split as usize].map(|place| ((u32::from(place) * u32::from(whole) + 500) / 1000) as u16)
    }

    fn put(&mut self, split: Split, cells: u16, whole: u16) {
        let place = (u32::from(cells) * 1000 + u32::from(whole) / 2) / u32::from(whole.max(1));
        self.places[split as usize] = Some(place.clamp(1, 999) as u16);
    }
}

impl Panes {
    /// Where the focused pane lies.
    pub fn of(&self, focus: Focus) -> Rect {
        match focus {
            Focus::Builder => self.builder,
            Focus::Profiles => self.profiles,
            Focus::Detail => self.detail,
            Focus::Activity => self.activity,
        }
    }

    /// The pane at a place of the screen, borders included.
    pub fn at(&self, position: Position) -> Option<Focus> {
        [Focus::Builder, Focus::Profiles, Focus::Detail, Focus::Activity]
            .into_iter()
            .find(|focus| self.of(*focus).contains(position))
    }

    /// The line between panes at a place of the screen.
    pub fn split_at(&self, position: Position) -> Option<Split> {
        let Position { x, y } = position;
        let both = |left: Rect, right: Rect| {
            let adjoin = !left.is_empty() && !right.is_empty() && left.right() == right.x;
            adjoin && (x + 1 == right.x || x == right.x) && (right.y..right.bottom()).contains(&y)
        };
        let right = if self.profiles.is_empty() { self.detail } else { self.profiles };
        let below = |rect: Rect| !rect.is_empty() && rect.y > self.header.bottom() && y == rect.y;
        if below(self.activity) {
            Some(Split::Activity)
        } else if both(self.builder, Rect { height: self.builder.height, ..right }) {
            Some(Split::Builder)
        } else if both(self.profiles, self.detail) {
            Some(Split::Beside)
        } else if below(self.detail) && self.detail.contains(position) && !self.profiles.is_empty() {
            Some(Split::Detail)
        } else {
            None
        }
    }

    /// The line that an arrow moves: that of the pane which has the keys, where it has one that way.
    pub fn split_of(&self, focus: Focus, upright: bool) -> Option<Split> {
        let open = !self.profiles.is_empty() && !self.detail.is_empty();
        let beside = open && self.detail.y == self.profiles.y;
        let split = match (focus, upright) {
            (Focus::Detail, true) if beside => Split::Beside,
            (Focus::Profiles | Focus::Detail, false) if open && !beside => Split::Detail,
            (_, true) => Split::Builder,
            (_, false) => Split::Activity,
        };
        let zoomed = self.builder.is_empty() || self.activity.is_empty();
        (!zoomed).then_some(split)
    }
}

impl Arrangement {
    /// With every line where it lies by itself.
    pub fn usual(focus: Focus, detail_open: bool) -> Self {
        Self { focus, detail_open, zoomed: false, splits: Splits::default() }
    }

    /// `None` below [`SMALLEST`]. Where the height does not hold table and profile one above the other, the one
    /// that has the keys takes the place of both.
    pub fn layout(&self, area: Rect) -> Option<Panes> {
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            return None;
        }
        let row = |y: u16, height: u16| Rect { x: area.x, y: area.y + y, width: area.width, height };
        let header = row(0, 1);
        let footer = row(area.height - 1, 1);
        if self.zoomed {
            return Some(self.alone(header, row(1, area.height - 2), footer));
        }
        let activity_height = self.activity_height(area);
        let main_height = area.height - 2 - activity_height;
        let activity = row(1 + main_height, activity_height);
        let builder_width = self.builder_width(area);
        let builder = Rect { width: builder_width, ..row(1, main_height) };
        let right = Rect { x: builder.right(), width: area.width - builder_width, ..row(1, main_height) };
        let nothing = Rect { width: 0, height: 0, ..right };
        let (profiles, detail) = if !self.detail_open {
            (right, nothing)
        } else if right.width >= SIDE_BY_SIDE {
            let most = right.width - LEAST_BESIDE;
            let table = self.splits.cells(Split::Beside, right.width).unwrap_or(right.width * 3 / 5);
            let table = table.clamp(LEAST_RIGHT, most);
            (Rect { width: table, ..right }, Rect { x: right.x + table, width: right.width - table, ..right })
        } else if right.height >= LEAST_STACKED {
            let most = right.height - LEAST_DETAIL;
            let table = self.splits.cells(Split::Detail, right.height).unwrap_or(right.height * 2 / 5);
            let table = table.clamp(LEAST_TABLE, most);
            (
                Rect { height: table, ..right },
                Rect { y: right.y + table, height: right.height - table, ..right },
            )
        } else if self.focus == Focus::Profiles {
            (right, nothing)
        } else {
            (nothing, right)
        };
        Some(Panes { header, builder, profiles, detail, activity, footer })
    }

    /// The same with a line moved to a place of the screen, as near as it may come.
    #[must_use]
    pub fn dragged(&self, area: Rect, split: Split, to: Position) -> Self {
        let mut moved = *self;
        let Some(panes) = self.shared().layout(area) else { return moved };
        let right = area.width - panes.builder.width;
        let main = panes.builder.height;
        match split {
            Split::Builder => {
                let width = to.x.saturating_sub(area.x) + 1;
                moved.splits.put(split, width.clamp(LEAST_BUILDER, area.width - LEAST_RIGHT), area.width);
            }
            Split::Activity => {
                let height = (area.bottom() - 1).saturating_sub(to.y);
                let most = area.height - 2 - LEAST_MAIN;
                moved.splits.put(split, height.clamp(LEAST_ACTIVITY, most), area.height);
            }
            Split::Detail if main > LEAST_TABLE + LEAST_DETAIL => {
                let height = to.y.saturating_sub(panes.builder.y);
                moved.splits.put(split, height.clamp(LEAST_TABLE, main - LEAST_DETAIL), main);
            }
            Split::Beside if right > LEAST_RIGHT + LEAST_BESIDE => {
                let width = to.x.saturating_sub(panes.builder.right());
                moved.splits.put(split, width.clamp(LEAST_RIGHT, right - LEAST_BESIDE), right);
            }
            Split::Detail | Split::Beside => {}
        }
        moved
    }

    /// The same with a line moved by so many cells, to the right or down.
    #[must_use]
    pub fn nudged(&self, area: Rect, split: Split, by: i16) -> Self {
        let Some(panes) = self.shared().layout(area) else { return *self };
        // Where it is dragged from to stay where it is.
        let (x, y) = match split {
            Split::Builder => (panes.builder.right() - 1, 0),
            Split::Activity => (0, panes.activity.y),
            Split::Detail => (0, panes.detail.y),
            Split::Beside => (panes.detail.x, 0),
        };
        let to = Position { x: x.saturating_add_signed(by), y: y.saturating_add_signed(by) };
        self.dragged(area, split, to)
    }

    /// The same with no pane zoomed.
    fn shared(&self) -> Self {
        Self { zoomed: false, ..*self }
    }

    fn activity_height(&self, area: Rect) -> u16 {
        let usual = match area.height {
            0..=19 => 4,
            20..=29 => 6,
            30..=44 => 10,
            45..=69 => 14,
            _ => 20,
        };
        let height = self.splits.cells(Split::Activity, area.height).unwrap_or(usual);
        height.clamp(LEAST_ACTIVITY, area.height - 2 - LEAST_MAIN)
    }

    fn builder_width(&self, area: Rect) -> u16 {
        let usual = match area.width {
            0..=69 => 24,
            70..=99 => 28,
            100..=149 => 33,
            150..=239 => 42,
            _ => 56,
        };
        let width = self.splits.cells(Split::Builder, area.width).unwrap_or(usual);
        width.clamp(LEAST_BUILDER, area.width - LEAST_RIGHT)
    }

    /// The pane that has the keys, and no other.
    fn alone(&self, header: Rect, all: Rect, footer: Rect) -> Panes {
        let nothing = Rect { width: 0, height: 0, ..all };
        let of = |focus| if self.focus == focus { all } else { nothing };
        Panes {
            header,
            builder: of(Focus::Builder),
            profiles: of(Focus::Profiles),
            detail: of(Focus::Detail),
            activity: of(Focus::Activity),
            footer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Focus; 4] = [Focus::Builder, Focus::Profiles, Focus::Detail, Focus::Activity];

    fn usual(focus: Focus, detail_open: bool) -> Arrangement {
        Arrangement::usual(focus, detail_open)
    }

    #[test]
    fn eighty_by_twenty_four_and_the_smallest() {
        let panes = usual(Focus::Builder, false).layout(Rect::new(0, 0, 80, 24)).unwrap();
        assert_eq!(panes.builder, Rect::new(0, 1, 28, 16));
        assert_eq!(panes.profiles, Rect::new(28, 1, 52, 16));
        assert_eq!(panes.activity, Rect::new(0, 17, 80, 6));
        assert!(panes.detail.is_empty());
        let panes = usual(Focus::Detail, true).layout(Rect::new(0, 0, 60, 16)).unwrap();
        assert!(panes.profiles.is_empty(), "the open profile has the room to itself");
        assert_eq!(panes.detail, Rect::new(24, 1, 36, 10));
        assert!(usual(Focus::Builder, false).layout(Rect::new(0, 0, 59, 16)).is_none());
        assert!(usual(Focus::Builder, false).layout(Rect::new(0, 0, 60, 15)).is_none());
    }

    #[test]
    fn where_it_is_wide_the_profile_lies_beside_the_table() {
        let panes = usual(Focus::Detail, true).layout(Rect::new(0, 0, 200, 50)).unwrap();
        assert_eq!((panes.profiles.y, panes.detail.y), (1, 1));
        assert_eq!((panes.profiles.width, panes.detail.width), (94, 64));
        let panes = usual(Focus::Detail, true).layout(Rect::new(0, 0, 120, 40)).unwrap();
        assert!(panes.detail.y > panes.profiles.y && panes.detail.x == panes.profiles.x);
    }

    #[test]
    fn a_zoomed_pane_has_the_screen_between_header_and_footer() {
        for focus in ALL {
            let zoomed = Arrangement { zoomed: true, ..usual(focus, true) };
            let panes = zoomed.layout(Rect::new(0, 0, 80, 24)).unwrap();
            assert_eq!(panes.of(focus), Rect::new(0, 1, 80, 22));
            assert_eq!(panes.split_of(focus, true), None);
        }
    }

    #[test]
    fn lines_are_found_where_they_are_drawn() {
        let at = |panes: &Panes, x, y| panes.split_at(Position { x, y });
        let panes = usual(Focus::Profiles, true).layout(Rect::new(0, 0, 80, 40)).unwrap();
        let x = panes.profiles.x;
        assert_eq!([at(&panes, x - 1, 5), at(&panes, x, 5)], [Some(Split::Builder); 2]);
        assert_eq!([at(&panes, x - 2, 5), at(&panes, x + 1, 5), at(&panes, x, 0)], [None; 3]);
        assert_eq!(at(&panes, 40, panes.detail.y), Some(Split::Detail));
        assert_eq!(at(&panes, 40, panes.activity.y), Some(Split::Activity));
        assert_eq!(at(&panes, 40, 1), None, "what lies on top cannot be moved");
        let panes = usual(Focus::Profiles, true).layout(Rect::new(0, 0, 200, 50)).unwrap();
        assert_eq!(at(&panes, panes.detail.x, 9), Some(Split::Beside));
        assert_eq!(at(&panes, panes.detail.x - 1, 9), Some(Split::Beside));
    }

    #[test]
    fn places_are_kept_and_found_again() {
        let area = Rect::new(0, 0, 133, 47);
        let mut arrangement = usual(Focus::Detail, true);
        for split in [Split::Builder, Split::Activity, Split::Detail] {
            arrangement = arrangement.nudged(area, split, 3);
        }
        let kept = arrangement.splits.kept();
        assert_eq!(kept.lines().count(), 3, "{kept}");
        assert_eq!(Splits::recall(&kept), arrangement.splits);
        let odd = "builder = 0\nactivity = 1000\ndetail = x\nnothing\nbeside = 500\n= 3\n";
        assert_eq!(Splits::recall(odd).kept(), "beside = 500\n");
    }

    fn arrangements() -> impl Strategy<Value = Arrangement> {
        let splits = prop::array::uniform4(prop::option::of(0_u16..1100));
        (prop::sample::select(ALL.to_vec()), any::<bool>(), any::<bool>(), splits).prop_map(
            |(focus, open, zoomed, places)| Arrangement {
                focus,
                detail_open: open || focus == Focus::Detail,
                zoomed,
                splits: Splits { places },
            },
        )
    }

    proptest! {
        #[test]
        fn panes_cover_the_screen_and_never_each_other(
            width in 0_u16..400, height in 0_u16..200, arrangement in arrangements(),
        ) {
            let area = Rect::new(0, 0, width, height);
            let Some(p) = arrangement.layout(area) else {
                prop_assert!(width < SMALLEST.0 || height < SMALLEST.1);
                return Ok(());
            };
            let all = [p.header, p.builder, p.profiles, p.detail, p.activity, p.footer];
            let covered: u32 = all.iter().map(|pane| pane.area()).sum();
            prop_assert_eq!(covered, u32::from(width) * u32::from(height));
            for (i, a) in all.iter().enumerate() {
                prop_assert_eq!(a.intersection(area), *a);
                for b in &all[i + 1..] {
                    prop_assert!(a.intersection(*b).is_empty());
                }
            }
            let has_keys = p.of(arrangement.focus);
            prop_assert!(has_keys.height >= 3 && has_keys.width >= LEAST_BUILDER);
            if !arrangement.zoomed {
                prop_assert!(!p.builder.is_empty() && !p.activity.is_empty());
                prop_assert!(!p.profiles.is_empty() || !p.detail.is_empty());
            }
        }

        #[test]
        fn a_line_goes_where_it_is_dragged_and_never_panics(
            width in 60_u16..400, height in 16_u16..200, arrangement in arrangements(),
            x in 0_u16..u16::MAX, y in 0_u16..u16::MAX, split in prop::sample::select(Split::ALL.to_vec()),
        ) {
            let area = Rect::new(0, 0, width, height);
            let moved = arrangement.dragged(area, split, Position { x, y });
            prop_assert!(moved.layout(area).is_some());
            // Once there, it stays.
            prop_assert_eq!(moved.nudged(area, split, 0).layout(area), moved.layout(area));
            if let Some(panes) = arrangement.layout(area) {
                let _ = (panes.at(Position { x, y }), panes.split_at(Position { x, y }));
            }
        }

        #[test]
        fn a_step_and_one_back_lead_nowhere(width in 100_u16..400, height in 40_u16..200, open: bool) {
            let area = Rect::new(0, 0, width, height);
            let before = usual(Focus::Profiles, open);
            let panes = before.layout(area).unwrap();
            for upright in [true, false] {
                let split = panes.split_of(Focus::Profiles, upright).unwrap();
                let there = before.nudged(area, split, 2);
                prop_assert!(there.layout(area) != before.layout(area), "{:?}", split);
                prop_assert_eq!(there.nudged(area, split, -2).layout(area), before.layout(area));
            }
        }
    }
}
