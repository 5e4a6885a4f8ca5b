//! How a person arranged the columns: which are shown, in what order, how wide, and which stay at the left.
//!
//! Columns go by their names, so that an arrangement outlasts a run and a session: a name that no column has now waits
//! until one has it again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::query::Field;
use crate::rows::{Column, Data};

/// The least that a column can be made, in columns of the terminal, and the most.
pub(super) const WIDTHS: (u16, u16) = (3, 200);

/// An arrangement, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Arrangement {
    /// Whether each attribute has a column of its own.
    pub flat: bool,
    /// The names of the columns in their order; empty: the usual one.
    order: Vec<String>,
    /// What differs from the usual, by name.
    columns: BTreeMap<String, Look>,
}

/// How one column is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    /// Whether it is; `None`: as usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shown: Option<bool>,
    /// Whether it stays at the left.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) pinned: bool,
    /// How wide it is; `None`: as what is in it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) width: Option<u16>,
}

/// A column in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) column: Column,
    pub(super) pinned: bool,
    pub(super) width: Option<u16>,
}

impl From<Column> for Placed {
    fn from(column: Column) -> Self {
        Self { column, pinned: false, width: None }
    }
}

/// An arrangement of the columns that there are.
#[derive(Debug, Default)]
pub(super) struct Arranged {
    kept: Arrangement,
    /// Those of its names that some column has.
    order: Vec<Column>,
    looks: Vec<(Column, Look)>,
}

/// The name of a column, from outside: `email`, `attributes.address.city`.
pub(super) fn name(data: &Data, column: Column) -> String {
    match column {
        Column::Field(field) => field.key().to_owned(),
        Column::Attribute(path) => format!("attributes.{}", data.name(path).raw()),
    }
}

/// The column of such a name.
fn named(data: &Data, name: &str) -> Option<Column> {
    match name.strip_prefix("attributes.") {
        Some(name) => data.attribute(name).map(Column::Attribute),
        None => Field::ALL.into_iter().find(|field| field.key() == name).map(Column::Field),
    }
}

impl Arranged {
    /// As it is kept.
    pub(super) fn kept(&self) -> &Arrangement {
        &self.kept
    }

    /// Another arrangement.
    pub(super) fn set(&mut self, kept: Arrangement, data: &Data) {
        self.kept = kept;
        self.find(data);
    }

    /// Finds the columns of its names; to be called when there are others.
    pub(super) fn find(&mut self, data: &Data) {
        self.order = self.kept.order.iter().filter_map(|name| named(data, name)).collect();
        let looks = self.kept.columns.iter();
        self.looks = looks.filter_map(|(name, look)| Some((named(data, name)?, *look))).collect();
    }

    pub(super) fn is_flat(&self) -> bool {
        self.kept.flat
    }

    pub(super) fn set_flat(&mut self, flat: bool) {
        self.kept.flat = flat;
    }

    /// Whether columns stand where somebody put them, so that none gives way to a more important one.
    pub(super) fn is_placed(&self) -> bool {
        !self.order.is_empty() || self.looks.iter().any(|(_, look)| look.pinned)
    }

    pub(super) fn look(&self, column: Column) -> Look {
        self.looks.iter().find(|(other, _)| *other == column).map_or_else(Look::default, |(_, look)| *look)
    }

    /// Changes how a column is shown.
    pub(super) fn change(&mut self, column: Column, data: &Data, change: impl FnOnce(&mut Look)) {
        let mut look = self.look(column);
        change(&mut look);
        let name = name(data, column);
        if look == Look::default() {
            self.kept.columns.remove(&name);
        } else {
            self.kept.columns.insert(name, look);
        }
        self.find(data);
    }

    /// Puts a column where another stands, which makes way to where it came from. `all`: as they are now.
    pub(super) fn put(&mut self, column: Column, there: Column, all: &[Column], data: &Data) {
        let place = |wanted: Column| all.iter().position(|column| *column == wanted);
        let (Some(from), Some(to)) = (place(column), place(there)) else { return };
        let mut order = all.to_vec();
        order.remove(from);
        order.insert(to, column);
        let mut names: Vec<String> = order.iter().map(|column| name(data, *column)).collect();
        // Those that are not there now keep what they had.
        names.extend(self.kept.order.iter().filter(|name| named(data, name).is_none()).cloned());
        self.kept.order = names;
        self.find(data);
    }

    /// These columns, which stand in their usual order, in the order that somebody gave them: pinned ones first; one
    /// that has no place yet stands behind that which usually precedes it.
    pub(super) fn ordered(&self, usual: &[Column]) -> Vec<Column> {
        let mut all: Vec<Column> = self.order.iter().copied().filter(|c| usual.contains(c)).collect();
        for (at, column) in usual.iter().enumerate() {
            if all.contains(column) {
                continue;
            }
            let before = usual[..at].last().and_then(|last| all.iter().position(|c| c == last));
            all.insert(before.map_or(0, |before| before + 1), *column);
        }
        all.sort_by_key(|column| !self.look(*column).pinned);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Rows;
    use crate::rows::fixture::profiles;
    use proptest::prelude::*;

    fn usual() -> Vec<Column> {
        Field::ALL.into_iter().map(Column::Field).collect()
    }

    #[test]
    fn what_is_not_there_waits_for_its_column() {
        let mut rows = Rows::new();
        let mut arranged = Arranged::default();
        let kept: Arrangement = serde_json::from_str(
            r#"{"order":["attributes.score","gone","email","id"],
                "columns":{"attributes.score":{"pinned":true},"email":{"shown":false,"width":9},"gone":{}}}"#,
        )
        .unwrap();
        arranged.set(kept.clone(), rows.data());
        let before = |all: &[Column], one: Column, other: Column| {
            let place = |column| all.iter().position(|c| *c == column).unwrap();
            place(one) < place(other)
        };
        assert!(before(&arranged.ordered(&usual()), Field::Email.into(), Field::Id.into()));
        rows.append(&profiles(0..1));
        arranged.find(rows.data());
        let score = Column::Attribute(rows.data().attribute("score").unwrap());
        let all: Vec<Column> = usual().into_iter().chain([score]).collect();
        assert_eq!(arranged.ordered(&all)[..2], [score, Field::Email.into()]);
        assert_eq!(arranged.look(Field::Email.into()).width, Some(9));
        let again: Arrangement = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
        assert_eq!(again, kept);
    }

    #[test]
    fn a_new_column_stands_behind_the_one_that_it_usually_follows() {
        let data = Data::default();
        let mut arranged = Arranged::default();
        let two = [Column::Field(Field::Id), Column::Field(Field::Email)];
        arranged.put(two[1], two[0], &two, &data);
        let all: Vec<Column> = [Field::Id, Field::FirstName, Field::Email].map(Column::Field).to_vec();
        let fields: Vec<Column> = [Field::Email, Field::Id, Field::FirstName].map(Column::Field).to_vec();
        assert_eq!(arranged.ordered(&all), fields);
    }

    proptest! {
        #[test]
        fn whatever_is_moved_no_column_is_lost(
            moves in proptest::collection::vec((0_usize..9, 0_usize..9, any::<bool>()), 0..20),
        ) {
            let data = Data::default();
            let mut arranged = Arranged::default();
            for (from, to, pin) in moves {
                let all = arranged.ordered(&usual());
                arranged.put(all[from], all[to], &all, &data);
                arranged.change(all[from], &data, |look| look.pinned = pin);
                let mut all = arranged.ordered(&usual());
                let pinned = all.iter().filter(|column| arranged.look(**column).pinned).count();
                prop_assert!(all[..pinned].iter().all(|column| arranged.look(*column).pinned));
                all.sort_by_key(|column| usual().iter().position(|other| other == column));
                prop_assert_eq!(all, usual());
            }
        }
    }
}
