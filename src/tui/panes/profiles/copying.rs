//! What of the table is copied, or handed to a program outside.

use super::Profiles;
use crate::engine::query::{Field, Query};
use crate::export;
use crate::tui::outside::Given;

impl Profiles {
    /// The row under the cursor: the columns that are shown, with tabs between them, as a spreadsheet takes it.
    pub fn row_text(&self) -> Option<String> {
        let row = self.selected()?;
        let cells = self.all_columns().into_iter().map(|placed| {
            // One that is inside of a value would begin another cell.
            self.rows.cell(row, placed.column).copied().replace(['\t', '\n', '\r'], " ")
        });
        Some(cells.collect::<Vec<_>>().join("\t"))
    }

    /// The ID of the profile under the cursor.
    pub fn selected_id(&self) -> Option<String> {
        self.selected().map(|row| self.rows.cell(row, Field::Id.into()).copied())
    }

    /// The cell under the cursor: its true value.
    pub fn cell(&self) -> Option<String> {
        self.selected().map(|row| self.rows.cell(row, self.column).copied())
    }

    /// The profile under the cursor as processed, laid out over several lines.
    pub fn json(&self) -> Option<String> {
        let row = self.selected()?;
        let mut json = String::new();
        self.rows.data().json(row, &mut json);
        Some(export::pretty(&json))
    }

    /// The query whose rows are shown.
    pub fn query(&self) -> Option<&Query> {
        self.asked.as_ref().map(|(query, _)| query)
    }

    /// The rows that are marked, or else those that are shown, for a program outside.
    pub fn given(&self) -> Given {
        let order = if self.marks.is_empty() {
            self.view.order().map(<[u32]>::to_vec)
        } else {
            Some(self.marked_in_order())
        };
        Given::Rows { data: self.rows.snapshot(), order }
    }
}
