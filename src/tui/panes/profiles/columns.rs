//! Which columns are shown, and how wide: those that matter most first, each as wide as what was seen in it.

use crate::engine::query::{Field, FieldSet};
use crate::rows::{Rows, Sort};

/// A column on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) field: Field,
    /// From the left of the table.
    pub(super) x: u16,
    pub(super) width: u16,
}

/// The columns of a table of some width, in their usual order.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) shown: Vec<Shown>,
    /// Columns that there was no room for.
    pub(super) hidden: usize,
}

/// From which width on two blanks stand between columns.
const ROOMY: u16 = 90;

/// So many of the most important are made whole before others are shown.
const FIRST: usize = 4;

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

/// What stands over a column.
pub(super) fn title(field: Field) -> &'static str {
    match field {
        Field::Id => "id",
        Field::FirstName => "first",
        Field::LastName => "last",
        Field::Email => "email",
        Field::Phone => "phone",
        Field::Tags => "tags",
        Field::Attributes => "attributes",
        Field::CreatedDate => "created",
        Field::ModifiedDate => "modified",
    }
}

/// The least width that is of use, the width before any row came, and the most.
fn bounds(field: Field) -> (u16, u16, u16) {
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
    /// Fits the fields that were asked for into so many columns of the terminal.
    pub(super) fn fit(rows: &Rows, asked: FieldSet, cursor: Field, sort: Option<Sort>, width: u16) -> Self {
        let gap = if width >= ROOMY { 2 } else { 1 };
        let mut ranked: Vec<Field> = BY_IMPORTANCE.into_iter().filter(|f| asked.contains(*f)).collect();
        if let Some(at) = ranked.iter().position(|f| *f == cursor).filter(|at| *at > 1) {
            let cursor = ranked.remove(at);
            ranked.insert(1, cursor);
        }
        let mut widths = [0_u16; Field::COUNT];
        let mut left = width;
        let mut taken = 0;
        // The rest comes only once those that matter are whole.
        for part in [&ranked[..ranked.len().min(FIRST)], &ranked[ranked.len().min(FIRST)..]] {
            for field in part {
                let least = bounds(*field).0.min(wanted(rows, *field, sort));
                let cost = least + if taken == 0 { 0 } else { gap };
                // The first is shown whatever happens, as wide as there is room.
                if taken == 0 {
                    widths[field.index()] = least.min(width);
                } else if cost <= left {
                    widths[field.index()] = least;
                } else {
                    continue;
                }
                left = left.saturating_sub(cost);
                taken += 1;
            }
            left = grow(&mut widths, part, rows, sort, left);
        }
        let mut x = 0;
        let mut shown = Vec::with_capacity(taken);
        for field in asked.iter() {
            let width = widths[field.index()];
            if width > 0 {
                shown.push(Shown { field, x, width });
                x += width + gap;
            }
        }
        Self { hidden: ranked.len() - shown.len(), shown }
    }
}

/// Shares out what is left of the width: the ID is made whole first, for a cut one says little; the others grow
/// side by side. Gives what nobody wanted.
fn grow(
    widths: &mut [u16; Field::COUNT],
    part: &[Field],
    rows: &Rows,
    sort: Option<Sort>,
    mut left: u16,
) -> u16 {
    let wants: Vec<(usize, u16)> = part
        .iter()
        .map(|field| (field.index(), wanted(rows, *field, sort)))
        .filter(|(at, _)| widths[*at] > 0)
        .collect();
    if let Some((at, want)) = wants.iter().find(|(at, _)| *at == Field::Id.index()) {
        let more = want.saturating_sub(widths[*at]).min(left);
        widths[*at] += more;
        left -= more;
    }
    loop {
        let before = left;
        for (at, want) in &wants {
            if left > 0 && widths[*at] < *want {
                widths[*at] += 1;
                left -= 1;
            }
        }
        if left == before {
            return left;
        }
    }
}

/// The width at which nothing usual is cut.
fn wanted(rows: &Rows, field: Field, sort: Option<Sort>) -> u16 {
    let (_, before, most) = bounds(field);
    let facts = rows.facts(field);
    let mark = if sort.is_some_and(|sort| sort.column == field) { 2 } else { 0 };
    let head = title(field).len() as u16 + mark;
    let body = if rows.is_empty() { before } else { facts.width + u16::from(facts.changed > 0) };
    body.max(head).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::fixture::profiles;
    use proptest::prelude::*;

    fn shown(width: u16, cursor: Field) -> (Vec<&'static str>, usize) {
        let mut rows = Rows::new();
        rows.append(profiles(0..9));
        let columns = Columns::fit(&rows, FieldSet::ALL, cursor, None, width);
        (columns.shown.iter().map(|c| title(c.field)).collect(), columns.hidden)
    }

    #[test]
    fn the_important_stay_when_it_gets_narrow() {
        // The table in a terminal of 60, 80, 120 and 200 columns.
        assert_eq!(shown(33, Field::Id), (vec!["id", "last", "email"], 6));
        assert_eq!(shown(49, Field::Id), (vec!["id", "first", "last", "email"], 5));
        assert_eq!(shown(84, Field::Id).1, 1);
        assert_eq!(shown(155, Field::Id).1, 0);
    }

    #[test]
    fn the_column_under_the_cursor_is_always_there() {
        for field in Field::ALL {
            assert!(shown(33, field).0.contains(&title(field)), "{field:?}");
        }
    }

    #[test]
    fn what_was_not_asked_for_has_no_column() {
        let asked: FieldSet = [Field::Email].into_iter().collect();
        let columns = Columns::fit(&Rows::new(), asked, Field::Id, None, 80);
        assert_eq!(columns.shown.iter().map(|c| c.field).collect::<Vec<_>>(), [Field::Id, Field::Email]);
        assert_eq!(columns.hidden, 0);
    }

    proptest! {
        #[test]
        fn columns_never_overlap_nor_leave_the_table(width in 0_u16..300, cursor in 0_usize..Field::COUNT) {
            let mut rows = Rows::new();
            rows.append(profiles(0..3));
            let columns = Columns::fit(&rows, FieldSet::ALL, Field::ALL[cursor], None, width);
            let mut end = 0;
            for column in &columns.shown {
                prop_assert!(column.x >= end);
                end = column.x + column.width;
            }
            prop_assert!(end <= width);
        }
    }
}
