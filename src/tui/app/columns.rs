//! The columns as somebody arranged them, kept for each tenant; and the zone that times are shown in.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::{App, Moment, Turn};
use crate::rows::Column;
use crate::tui::action::Action;
use crate::tui::ctx::{Effect, Focus};
use crate::tui::kept::{Keep, Kept, What};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::columns::ColumnsPanel;
use crate::tui::panes::profiles::Arrangement;

/// The file in which arrangements are kept: JSON, by tenant.
const FILE: &str = "columns.json";

/// Arrangements by tenant; files that were opened go by no name.
#[derive(Debug, Default)]
pub(super) struct Arrangements {
    all: BTreeMap<String, Arrangement>,
    /// The tenant whose arrangement the table has.
    of: Option<String>,
}

impl App {
    /// Arrangements of earlier sessions.
    pub(super) fn recall_columns(&mut self, kept: &Kept) {
        let text = kept.read(FILE);
        if text.is_empty() {
            return;
        }
        match serde_json::from_str(&text) {
            Ok(all) => self.arrangements.all = all,
            Err(error) => tracing::warn!(file = FILE, %error, "what was kept of the columns cannot be read"),
        }
        self.arrangements.of = None;
        self.arrange_for_tenant();
    }

    /// The table's columns stand as they did when this tenant was looked at last.
    pub(super) fn arrange_for_tenant(&mut self) {
        let Some(tenant) = self.world.service.as_ref().map(|service| service.tenant.clone()) else { return };
        if self.arrangements.of.as_ref() != Some(&tenant) {
            self.profiles.set_arrangement(self.arrangements.all.get(&tenant).cloned().unwrap_or_default());
            self.arrangements.of = Some(tenant);
        }
    }

    /// Opens the list of the columns.
    pub(super) fn open_columns(&mut self) -> Turn {
        let panel = ColumnsPanel::new(self.profiles.listed(), self.profiles.column());
        self.overlay = Some(Overlay::Columns(Box::new(panel)));
        Turn::CHANGED
    }

    /// Arranges the column under the cursor, in the table or in the list of the columns.
    pub(super) fn arrange(&mut self, action: Action, at: Moment) -> Turn {
        let column = match &self.overlay {
            Some(Overlay::Columns(panel)) => panel.column(),
            _ => Some(self.profiles.column()),
        };
        let changed = match action {
            Action::Flatten => {
                let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
                self.profiles.update(action, &ctx).changed
            }
            _ => column.is_some_and(|column| self.arrange_one(action, column, at)),
        };
        if !changed {
            return Turn::default();
        }
        if let Some(Overlay::Columns(panel)) = &mut self.overlay {
            panel.know(self.profiles.listed());
        }
        Turn::CHANGED.and(self.keep_columns())
    }

    fn arrange_one(&mut self, action: Action, column: Column, at: Moment) -> bool {
        let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
        let listed = matches!(self.overlay, Some(Overlay::Columns(_)));
        match action {
            Action::ColumnLeft => self.profiles.move_column(column, false, listed, &ctx),
            Action::ColumnRight => self.profiles.move_column(column, true, listed, &ctx),
            _ => self.profiles.arrange_column(action, column, &ctx),
        }
    }

    fn keep_columns(&mut self) -> Turn {
        let Some(tenant) = self.arrangements.of.clone() else { return Turn::default() };
        let arrangement = self.profiles.arrangement().clone();
        if arrangement == Arrangement::default() {
            self.arrangements.all.remove(&tenant);
        } else {
            self.arrangements.all.insert(tenant, arrangement);
        }
        // Names and numbers are always JSON.
        let text = serde_json::to_string_pretty(&self.arrangements.all).unwrap_or_default();
        Turn { changed: false, effects: vec![Effect::Keep(Keep { name: FILE, what: What::Whole(text) })] }
    }

    /// Times as they are here, or in UTC.
    pub(super) fn toggle_times(&mut self, at: Moment) -> Turn {
        self.world.utc = match self.world.utc {
            Some(_) => None,
            None => Some(TimeZone::UTC),
        };
        let offset = self.world.zone.to_offset(at.wall);
        self.notice(match self.world.utc {
            Some(_) => "times are shown in UTC".to_owned(),
            None => format!("times are shown as they are here, which is UTC{offset} now"),
        })
    }
}
