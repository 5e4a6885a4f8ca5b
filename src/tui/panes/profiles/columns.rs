//! Which columns are shown, and how wide: those that matter most first, each as wide as what was seen in it.

use std::borrow::Cow;

use super::arranged::{Placed, WIDTHS};
use crate::engine::query::Field;
use crate::rows::{Column, Rows, Sort};
use crate::tui::widgets;

/// A column on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) column: Column,
    /// From the left of the table.
    pub(super) x: u16,
    pub(super) width: u16,
}

/// The columns of a table of some width, in their order.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) shown: Vec<Shown>,
    /// Columns that there was no room for.
    pub(super) hidden: usize,
    /// Where the pinned ones end.
    pub(super) edge: Option<u16>,
    /// How many of the others are further to the left.
    pub(super) left: usize,
}

/// From which width on two blanks stand between columns.
const ROOMY: u16 = 90;

/// So many of the most important are made whole before others are shown.
const FIRST: usize = 4;

/// The name of an attribute is cut behind so many columns.
const LONGEST_TITLE: usize = 24;

/// Most important first, after the column under the cursor.
const BY_IMPORTANCE: [Field; Field::COUNT] = [
    Field::Id,
    Field::Email,
    Field::LastName,
    Field::FirstName,
    Field::Phone,
    Field::ModifiedDate,
    Field::Tags,
    Field::Attributes,
    Field::CreatedDate,
];

/// Blanks between two columns in a table of this width.
pub(super) fn gap(width: u16) -> u16 {
    if width >= ROOMY { 2 } else { 1 }
}

/// What stands over a column.
pub(super) fn title(rows: &Rows, column: Column) -> Cow<'_, str> {
    let field = match column {
        Column::Attribute(path) => return rows.data().name(path).shown(LONGEST_TITLE),
        Column::Field(field) => field,
    };
    Cow::Borrowed(match field {
        Field::Id => "id",
        Field::FirstName => "first",
        Field::LastName => "last",
        Field::Email => "email",
        Field::Phone => "phone",
        Field::Tags => "tags",
        Field::Attributes => "attributes",
        Field::CreatedDate => "created",
        Field::ModifiedDate => "modified",
    })
}

/// The least width that is of use, the width before any row came, and the most.
fn bounds(column: Column) -> (u16, u16, u16) {
    let Column::Field(field) = column else { return (4, 8, 24) };
    match field {
        Field::Id => (12, 12, 24),
        Field::FirstName => (6, 10, 16),
        Field::LastName => (6, 12, 20),
        Field::Email => (13, 24, 34),
        Field::Phone => (9, 13, 17),
        Field::Tags => (6, 14, 24),
        Field::Attributes => (12, 30, 60),
        Field::CreatedDate | Field::ModifiedDate => (10, 10, 16),
    }
}

impl Columns {
    /// Fits the columns that there are into so many columns of the terminal.
    pub(super) fn fit(rows: &Rows, placed: &[Placed], cursor: Column, sort: &[Sort], width: u16) -> Self {
        let gap = gap(width);
        let all: Vec<Column> = placed.iter().map(|placed| placed.column).collect();
        let all = all.as_slice();
        // Places in `all`, the most important first.
        let ranked = ranked(all, cursor);
        // However wide somebody made one, it leaves room for another.
        let most = (width / 3 * 2).max(WIDTHS.0);
        let wanted = |placed: &Placed| {
            let wants = wanted(rows, placed, sort);
            if placed.width.is_some() { wants.min(most) } else { wants }
        };
        let wants: Vec<u16> = placed.iter().map(wanted).collect();
        let mut widths = vec![0_u16; all.len()];
        let mut left = width;
        let mut taken = 0;
        // The rest comes only once those that matter are whole.
        for part in [&ranked[..ranked.len().min(FIRST)], &ranked[ranked.len().min(FIRST)..]] {
            for at in part {
                let least = match all[*at] {
                    // As somebody wants it.
                    _ if placed[*at].width.is_some() => wants[*at],
                    // A name that is cut says little.
                    Column::Attribute(_) => (widgets::width(&title(rows, all[*at])) as u16).min(12),
                    field @ Column::Field(_) => bounds(field).0,
                }
                .min(wants[*at]);
                let cost = least + if taken == 0 { 0 } else { gap };
                // The first is shown whatever happens, as wide as there is room.
                if taken == 0 {
                    widths[*at] = least.min(width);
                } else if cost <= left {
                    widths[*at] = least;
                } else if all[*at] == cursor && placed[*at].width.is_some() && left > gap {
                    widths[*at] = left - gap;
                } else {
                    continue;
                }
                left = left.saturating_sub(cost);
                taken += 1;
            }
            left = grow(&mut widths, part, all, &wants, left);
        }
        let mut x = 0;
        let mut shown = Vec::with_capacity(taken);
        for (column, width) in all.iter().zip(widths) {
            if width > 0 {
                shown.push(Shown { column: *column, x, width });
                x += width + gap;
            }
        }
        Self { hidden: all.len() - shown.len(), shown, edge: None, left: 0 }
    }
}

/// The places of the columns, the most important first: the column under the cursor comes second, and of attributes
/// those that stand near it first.
fn ranked(all: &[Column], cursor: Column) -> Vec<usize> {
    let here = all.iter().position(|column| *column == cursor);
    let rank = |at: &usize| match all[*at] {
        Column::Field(field) => {
            (BY_IMPORTANCE.iter().position(|f| *f == field).unwrap_or(Field::COUNT) * 2, 0)
        }
        Column::Attribute(_) => {
            let place = BY_IMPORTANCE.iter().position(|f| *f == Field::Attributes).unwrap_or(Field::COUNT);
            // While the cursor is among them they come before all but the ID.
            let place = if matches!(cursor, Column::Attribute(_)) { 0 } else { place };
            (place * 2 + 1, here.unwrap_or(0).abs_diff(*at))
        }
    };
    let mut ranked: Vec<usize> = (0..all.len()).collect();
    ranked.sort_by_key(rank);
    if let Some(at) = ranked.iter().position(|at| Some(*at) == here).filter(|at| *at > 1) {
        let here = ranked.remove(at);
        ranked.insert(1, here);
    }
    ranked
}

/// Shares out what is left of the width: the ID is made whole first, for a cut one says little; the others grow
/// side by side. Gives what nobody wanted.
fn grow(widths: &mut [u16], part: &[usize], all: &[Column], wants: &[u16], mut left: u16) -> u16 {
    if let Some(at) = part.iter().find(|at| all[**at] == Column::Field(Field::Id) && widths[**at] > 0) {
        let more = wants[*at].saturating_sub(widths[*at]).min(left);
        widths[*at] += more;
        left -= more;
    }
    loop {
        let before = left;
        for at in part.iter().filter(|at| all[**at] != Column::Field(Field::Id)) {
            if left > 0 && widths[*at] > 0 && widths[*at] < wants[*at] {
                widths[*at] += 1;
                left -= 1;
            }
        }
        if left == before {
            return left;
        }
    }
}

/// The width that somebody gave it, or else that at which nothing usual is cut.
pub(super) fn wanted(rows: &Rows, placed: &Placed, sort: &[Sort]) -> u16 {
    let column = placed.column;
    if let Some(width) = placed.width {
        return width.clamp(WIDTHS.0, WIDTHS.1);
    }
    let (_, before, most) = bounds(column);
    let (width, changed) = rows.width(column);
    let mark = match (sort.iter().any(|sort| sort.column == column), sort.len()) {
        (false, _) => 0,
        (true, 1) => 2,
        (true, _) => 3,
    };
    let head = widgets::width(&title(rows, column)) as u16 + mark;
    let body = if rows.is_empty() { before } else { width + u16::from(changed) };
    body.max(head).min(most.max(head.min(LONGEST_TITLE as u16 + mark)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::fixture::profiles;
    use proptest::prelude::*;

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn all() -> Vec<Column> {
        Field::ALL.into_iter().map(Column::Field).collect()
    }

    fn placed(all: &[Column]) -> Vec<Placed> {
        all.iter().copied().map(Placed::from).collect()
    }

    fn shown(width: u16, cursor: Field) -> (Vec<String>, usize) {
        let mut rows = Rows::new();
        rows.append(&profiles(0..9));
        let columns = Columns::fit(&rows, &placed(&all()), cursor.into(), &[], width);
        (columns.shown.iter().map(|c| title(&rows, c.column).into_owned()).collect(), columns.hidden)
    }

    #[test]
    fn the_important_stay_when_it_gets_narrow() {
        // The table in a terminal of 60, 80, 120 and 200 columns.
        assert_eq!(shown(33, Field::Id), (named(&["id", "last", "email"]), 6));
        assert_eq!(shown(49, Field::Id), (named(&["id", "first", "last", "email"]), 5));
        assert_eq!(shown(84, Field::Id).1, 1);
        assert_eq!(shown(155, Field::Id).1, 0);
    }

    #[test]
    fn the_column_under_the_cursor_is_always_there() {
        for field in Field::ALL {
            let title = title(&Rows::new(), field.into()).into_owned();
            assert!(shown(33, field).0.contains(&title), "{field:?}");
        }
    }

    #[test]
    fn attributes_stand_round_the_cursor() {
        let mut rows = Rows::new();
        rows.append(&profiles(0..9));
        let paths: Vec<Column> = rows.data().attributes().map(Column::Attribute).collect();
        let all: Vec<Column> =
            [Field::Id.into(), Field::Email.into()].into_iter().chain(paths.clone()).collect();
        let columns = Columns::fit(&rows, &placed(&all), paths[2], &[], 40);
        let shown: Vec<Column> = columns.shown.iter().map(|shown| shown.column).collect();
        assert!(shown.contains(&paths[2]) && shown.contains(&all[0]), "{shown:?}");
    }

    proptest! {
        #[test]
        fn columns_never_overlap_nor_leave_the_table(width in 0_u16..300, cursor in 0_usize..20) {
            let mut rows = Rows::new();
            rows.append(&profiles(0..3));
            let attributes = rows.data().attributes().map(Column::Attribute);
            let all: Vec<Column> = all().into_iter().chain(attributes).collect();
            let columns = Columns::fit(&rows, &placed(&all), all[cursor % all.len()], &[], width);
            let mut end = 0;
            for column in &columns.shown {
                prop_assert!(column.x >= end);
                end = column.x + column.width;
            }
            prop_assert!(end <= width);
        }
    }
}
