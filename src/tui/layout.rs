//! Where everything lies: a pure function of the size, the focus and whether a profile is open.

use ratatui::layout::Rect;

use super::ctx::Focus;

/// The smallest terminal that is drawn on; below it a line says so.
pub const SMALLEST: (u16, u16) = (60, 16);

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
}

/// ```text
/// header
/// builder │ profiles
///         │ detail (when open)
/// activity
/// footer
/// ```
///
/// `None` below [`SMALLEST`]. Where the height does not hold table and profile one above the other, the one
/// that has the keys takes the place of both.
pub fn layout(area: Rect, focus: Focus, detail_open: bool) -> Option<Panes> {
    const LEAST_SPLIT: u16 = 14;
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return None;
    }
    let row = |y: u16, height: u16| Rect { x: area.x, y: area.y + y, width: area.width, height };
    let header = row(0, 1);
    let footer = row(area.height - 1, 1);
    let activity_height = match area.height {
        0..=19 => 4,
        20..=29 => 6,
        30..=44 => 10,
        _ => 14,
    };
    let main_height = area.height - 2 - activity_height;
    let activity = row(1 + main_height, activity_height);
    let builder_width = match area.width {
        0..=69 => 24,
        70..=99 => 28,
        100..=149 => 33,
        _ => 42,
    };
    let builder = Rect { width: builder_width, ..row(1, main_height) };
    let right = Rect { x: builder.right(), width: area.width - builder_width, ..row(1, main_height) };
    let nothing = Rect { width: 0, height: 0, ..right };
    let (profiles, detail) = if !detail_open {
        (right, nothing)
    } else if right.height >= LEAST_SPLIT {
        let table = right.height * 2 / 5;
        (Rect { height: table, ..right }, Rect { y: right.y + table, height: right.height - table, ..right })
    } else if focus == Focus::Profiles {
        (right, nothing)
    } else {
        (nothing, right)
    };
    Some(Panes { header, builder, profiles, detail, activity, footer })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn eighty_by_twenty_four_and_the_smallest() {
        let panes = layout(Rect::new(0, 0, 80, 24), Focus::Builder, false).unwrap();
        assert_eq!(panes.builder, Rect::new(0, 1, 28, 16));
        assert_eq!(panes.profiles, Rect::new(28, 1, 52, 16));
        assert_eq!(panes.activity, Rect::new(0, 17, 80, 6));
        assert!(panes.detail.is_empty());
        let panes = layout(Rect::new(0, 0, 60, 16), Focus::Detail, true).unwrap();
        assert!(panes.profiles.is_empty(), "the open profile has the room to itself");
        assert_eq!(panes.detail, Rect::new(24, 1, 36, 10));
        assert!(layout(Rect::new(0, 0, 59, 16), Focus::Builder, false).is_none());
        assert!(layout(Rect::new(0, 0, 60, 15), Focus::Builder, false).is_none());
    }

    proptest! {
        #[test]
        fn panes_cover_the_screen_and_never_each_other(
            width in 0_u16..400, height in 0_u16..200, open: bool,
            focus in prop::sample::select(vec![Focus::Builder, Focus::Profiles, Focus::Detail, Focus::Activity]),
        ) {
            let area = Rect::new(0, 0, width, height);
            let Some(p) = layout(area, focus, open) else {
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
            if focus == Focus::Detail && open {
                prop_assert!(p.detail.height >= 3);
            }
        }
    }
}
