//! How rows are looked at: their order, apart from the rows themselves.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Rows;
use super::cell::{Content, one_line};
use super::natural::natural;
use crate::engine::query::Field;

/// How much of a list or an object decides its place in an order, in display columns.
const SORTED_COLUMNS: usize = 200;

/// A column to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub column: Field,
    /// Largest first. What is not there comes last all the same.
    pub descending: bool,
}

/// Places on the screen, each with the number of its row.
///
/// As received it costs nothing; sorted, four bytes a row. Rows that come while it is sorted are put where they
/// belong.
#[derive(Clone, Debug, Default)]
pub struct View {
    len: usize,
    sort: Option<Sort>,
    /// Row numbers by place; not used while the order is as received.
    order: Vec<u32>,
}

impl View {
    /// How many places there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What it is sorted by; `None`: as received.
    pub fn sort(&self) -> Option<Sort> {
        self.sort
    }

    /// The number of the row at a place.
    pub fn row(&self, place: usize) -> Option<usize> {
        match self.sort {
            _ if place >= self.len => None,
            None => Some(place),
            Some(_) => self.order.get(place).map(|row| *row as usize),
        }
    }

    /// The place of a row.
    pub fn place(&self, row: usize) -> Option<usize> {
        match self.sort {
            None => (row < self.len).then_some(row),
            Some(_) => self.order.iter().position(|r| *r as usize == row),
        }
    }

    /// Takes up the rows that came since.
    pub fn extend(&mut self, rows: &Rows) {
        let from = self.len;
        self.len = rows.len();
        let Some(sort) = self.sort else { return };
        self.order.reserve(self.len.saturating_sub(from));
        for row in from..self.len {
            let at =
                self.order.partition_point(|r| compare(rows, sort, *r as usize, row) != Ordering::Greater);
            self.order.insert(at, row as u32);
        }
    }

    /// Sorts anew: stable over the order of arrival; `None` goes back to that.
    pub fn sort_by(&mut self, rows: &Rows, sort: Option<Sort>) {
        self.sort = sort;
        self.len = rows.len();
        let Some(sort) = sort else {
            self.order = Vec::new();
            return;
        };
        // Each key is made once; text is lent.
        let mut keyed: Vec<(Option<Cow<'_, str>>, u32)> =
            (0..rows.len()).map(|row| (key(rows, sort.column, row), row as u32)).collect();
        keyed.sort_by(|(a, _), (b, _)| compare_keys(a.as_deref(), b.as_deref(), sort.descending));
        self.order = keyed.into_iter().map(|(_, row)| row).collect();
    }
}

fn compare(rows: &Rows, sort: Sort, a: usize, b: usize) -> Ordering {
    let (a, b) = (key(rows, sort.column, a), key(rows, sort.column, b));
    compare_keys(a.as_deref(), b.as_deref(), sort.descending)
}

fn compare_keys(a: Option<&str>, b: Option<&str>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => natural(b, a),
        (Some(a), Some(b)) => natural(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn key(rows: &Rows, column: Field, row: usize) -> Option<Cow<'_, str>> {
    match rows.cell(row, column).content {
        Content::NotAsked | Content::Missing | Content::Null => None,
        Content::Text(raw) => Some(Cow::Borrowed(raw.raw())),
        Content::Node(node) => Some(Cow::Owned(one_line(node, SORTED_COLUMNS))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pipeline::profile::{Profile, Slot};
    use crate::rows::fixture::text;
    use proptest::prelude::*;

    fn named(names: &[Option<&str>]) -> Vec<Profile> {
        names
            .iter()
            .map(|name| Profile { last_name: name.map_or(Slot::Null, text), ..Profile::default() })
            .collect()
    }

    fn shown(rows: &Rows, view: &View) -> Vec<Option<String>> {
        (0..view.len())
            .map(|place| {
                let profile = rows.profile(view.row(place).unwrap()).unwrap();
                profile.last_name.value().map(|t| t.value.raw().to_owned())
            })
            .collect()
    }

    fn by_name(descending: bool) -> Sort {
        Sort { column: Field::LastName, descending }
    }

    #[test]
    fn nulls_come_last_both_ways_and_equals_keep_their_order() {
        let mut rows = Rows::new();
        rows.append(named(&[None, Some("b"), Some("10"), Some("9"), Some("b"), None]));
        let mut view = View::default();
        view.sort_by(&rows, Some(by_name(false)));
        assert_eq!((0..6).map(|p| view.row(p).unwrap()).collect::<Vec<_>>(), [3, 2, 1, 4, 0, 5]);
        view.sort_by(&rows, Some(by_name(true)));
        assert_eq!((0..6).map(|p| view.row(p).unwrap()).collect::<Vec<_>>(), [1, 4, 2, 3, 0, 5]);
        view.sort_by(&rows, None);
        assert_eq!((0..6).map(|p| view.row(p).unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_row_finds_its_place_again() {
        let mut rows = Rows::new();
        rows.append(named(&[Some("c"), Some("a"), Some("b")]));
        let mut view = View::default();
        view.sort_by(&rows, Some(by_name(false)));
        for row in 0..3 {
            assert_eq!(view.row(view.place(row).unwrap()), Some(row));
        }
        assert_eq!(view.row(3), None);
        assert_eq!(view.place(3), None);
    }

    proptest! {
        #[test]
        fn rows_that_come_later_land_where_sorting_puts_them(
            pages in proptest::collection::vec(proptest::collection::vec(proptest::option::of("[ab1-3]{0,2}"), 0..8), 0..6),
            descending in any::<bool>(),
        ) {
            let mut rows = Rows::new();
            let mut view = View::default();
            view.sort_by(&rows, Some(by_name(descending)));
            for page in pages {
                let names: Vec<Option<&str>> = page.iter().map(Option::as_deref).collect();
                rows.append(named(&names));
                view.extend(&rows);
            }
            let mut anew = View::default();
            anew.sort_by(&rows, Some(by_name(descending)));
            prop_assert_eq!(&view.order, &anew.order);
            prop_assert_eq!(shown(&rows, &view), shown(&rows, &anew));
        }
    }
}
