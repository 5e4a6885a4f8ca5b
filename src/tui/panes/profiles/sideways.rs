//! Columns that stand where somebody put them: pinned ones stay at the left, the others move sideways behind an edge.
//!
//! ```text
//! │ id           │‹ phone        tags      modified    +4 │
//!   pinned       edge            as many as there is room for, the one under the cursor always
//! ```

use super::arranged::Placed;
use super::columns::{Columns, Shown, gap, wanted};
use crate::rows::{Column, Rows, Sort};

/// What pinned columns leave to the others at least.
const LEAST: u16 = 14;
/// Columns that the edge takes, with the blanks beside it.
const EDGE: u16 = 3;
/// A column that is cut at the right edge is shown from this width on.
const CUT: u16 = 4;

impl Columns {
    /// Lays the columns out side by side. `left`: the first of those that move, before it is known whether the column
    /// under the cursor is seen with it.
    pub(super) fn side_by_side(
        rows: &Rows,
        all: &[Placed],
        cursor: Column,
        sort: &[Sort],
        left: usize,
        width: u16,
    ) -> Self {
        let gap = gap(width);
        let widths: Vec<u16> = all.iter().map(|placed| wanted(rows, placed, sort)).collect();
        let (mut shown, mut x) = (Vec::new(), 0);
        // Pinned ones for which there is no room move with the others.
        let room = width.saturating_sub(LEAST + EDGE);
        let mut pinned = 0;
        while let Some(placed) = all.get(pinned).filter(|placed| placed.pinned) {
            let next = if pinned == 0 { 0 } else { gap };
            if x + next + widths[pinned] > room {
                break;
            }
            shown.push(Shown { column: placed.column, x: x + next, width: widths[pinned] });
            x += next + widths[pinned];
            pinned += 1;
        }
        let (rest, widths) = (&all[pinned..], &widths[pinned..]);
        let edge = (pinned > 0 && !rest.is_empty()).then_some(x + 1);
        let start = if edge.is_some() { x + EDGE } else { 0 };
        let room = width.saturating_sub(start);
        let here = rest.iter().position(|placed| placed.column == cursor);
        let left = first(widths, gap, room, left, here);
        x = start;
        let mut at = left;
        while let Some(placed) = rest.get(at) {
            let next = if at == left { 0 } else { gap };
            let free = width.saturating_sub(x + next);
            // The first is shown whatever happens.
            if free == 0 || at > left && free < widths[at].min(CUT) {
                break;
            }
            shown.push(Shown { column: placed.column, x: x + next, width: widths[at].min(free) });
            x += next + widths[at];
            at += 1;
        }
        Self { hidden: all.len() - shown.len(), shown, edge, left }
    }
}

/// The first column that moves, so that the one under the cursor is seen whole and no room is left at the right.
fn first(widths: &[u16], gap: u16, room: u16, left: usize, here: Option<usize>) -> usize {
    let Some(last) = widths.len().checked_sub(1) else { return 0 };
    let fits = |from: usize, to: usize| {
        let all: u32 = widths[from..=to].iter().map(|width| u32::from(*width)).sum();
        all + u32::from(gap) * (to - from) as u32 <= u32::from(room)
    };
    let mut left = left.min(here.unwrap_or(left)).min(last);
    while here.is_some_and(|here| left < here && !fits(left, here)) {
        left += 1;
    }
    while left > 0 && fits(left - 1, last) {
        left -= 1;
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::query::Field;
    use crate::rows::fixture::profiles;
    use proptest::prelude::*;

    fn rows() -> Rows {
        let mut rows = Rows::new();
        rows.append(&profiles(0..9));
        rows
    }

    fn all(pinned: usize) -> Vec<Placed> {
        let placed =
            |(at, field): (usize, Field)| Placed { pinned: at < pinned, ..Column::from(field).into() };
        Field::ALL.into_iter().enumerate().map(placed).collect()
    }

    #[test]
    fn pinned_columns_stay_while_the_others_move() {
        let columns =
            |cursor: Field, left| Columns::side_by_side(&rows(), &all(2), cursor.into(), &[], left, 80);
        let first = columns(Field::LastName, 0);
        assert_eq!(
            (first.shown[0].column, first.shown[1].column),
            (Field::Id.into(), Field::FirstName.into())
        );
        assert_eq!((first.edge, first.left), (Some(19), 0));
        let last = columns(Field::ModifiedDate, 0);
        assert_eq!(last.shown[..2], first.shown[..2], "pinned ones stay");
        assert!(last.left > 0 && last.shown.last().unwrap().column == Field::ModifiedDate.into());
        // Going back shows what is to the left only once the cursor gets there.
        assert_eq!(columns(Field::CreatedDate, last.left).left, last.left);
    }

    proptest! {
        #[test]
        fn the_cursor_is_always_seen_and_nothing_overlaps(
            width in 1_u16..200, cursor in 0_usize..9, pinned in 0_usize..10, left in 0_usize..12,
            set in proptest::collection::vec(proptest::option::of(3_u16..120), 9),
        ) {
            let mut all = all(pinned);
            all.iter_mut().zip(set).for_each(|(placed, set)| placed.width = set);
            let columns = Columns::side_by_side(&rows(), &all, all[cursor].column, &[], left, width);
            let mut end = 0;
            for column in &columns.shown {
                prop_assert!(column.x >= end && column.width > 0, "{columns:?}");
                end = column.x + column.width;
            }
            prop_assert!(end <= width && columns.edge.is_none_or(|edge| edge < width), "{columns:?}");
            prop_assert!(columns.shown.iter().any(|shown| shown.column == all[cursor].column), "{columns:?}");
        }
    }
}
