//! What of the table is written to a file: which rows, which columns.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Profiles;
use super::arranged::name;
use crate::export::{self, Origin, Source, Spec, attribute_name};
use crate::rows::{Column, PathId};
use crate::tui::overlays::saving::Offer;
use crate::tui::saving::{Saving, Which};

impl Profiles {
    /// What there is to write.
    pub fn offer(&self) -> Offer {
        let names = self.all_columns().into_iter().map(|placed| name(self.rows.data(), placed.column));
        Offer {
            marked: self.marks.len() as u64,
            shown: self.len() as u64,
            all: self.rows.len() as u64,
            fields: self.asked().len(),
            columns: names.collect(),
        }
    }

    /// Rows to be written to a file: all fields of them, or what is shown.
    pub fn saving(
        &self,
        target: PathBuf,
        spec: Spec,
        (which, as_shown): (Which, bool),
        replace: bool,
        stopped: Arc<AtomicBool>,
    ) -> Saving {
        let order = match which {
            Which::All => None,
            Which::Shown => self.view.order().map(<[u32]>::to_vec),
            Which::Marked => Some(self.marked_in_order()),
        };
        let origin = self.asked.as_ref().map(|(query, began)| Origin::new(query, *began));
        let (columns, attributes) = self.file_columns();
        let spec = Spec { fields: self.asked(), columns: as_shown.then_some(columns), origin, ..spec };
        Saving { data: self.rows.snapshot(), order, attributes, target, replace, spec, stopped }
    }

    /// The columns that are shown as a file has them, and the attributes that they name by their numbers.
    fn file_columns(&self) -> (Vec<export::Column>, Vec<PathId>) {
        let mut paths = Vec::new();
        let column = |column: Column| match column {
            Column::Field(field) => field.into(),
            Column::Attribute(path) => {
                paths.push(path);
                let keys = self.rows.data().keys(path);
                let name = attribute_name(keys.iter().map(String::as_str));
                export::Column { name, source: Source::Attribute(paths.len() - 1) }
            }
        };
        let columns = self.all_columns().into_iter().map(|placed| placed.column).map(column).collect();
        (columns, paths)
    }

    /// The marked rows: those that are shown in their order, then the others as they came.
    pub(super) fn marked_in_order(&self) -> Vec<u32> {
        let marked = self.marks.rows().map(|row| row as u32);
        let Some(order) = self.view.order() else { return marked.collect() };
        let mut rows: Vec<u32> = order.iter().copied().filter(|row| self.marks.has(*row as usize)).collect();
        if rows.len() < self.marks.len() {
            let mut left = self.marks.clone();
            for row in &rows {
                left.set(*row as usize, false);
            }
            rows.extend(left.rows().map(|row| row as u32));
        }
        rows
    }
}
