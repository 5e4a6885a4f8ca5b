//! What is copied: of a row, of a query, of what an overlay shows.

use super::{App, Moment, Turn};
use crate::engine::event::Command;
use crate::engine::plan::{Plan, PlannedRequest};
use crate::engine::query::Query;
use crate::tui::action::Action;
use crate::tui::command_line;
use crate::tui::ctx::{Effect, Focus};

/// The ticket of a plan that is wanted for its requests; the builder counts its own up from one.
pub(super) const TICKET: u64 = u64::MAX;

impl App {
    /// Copies something that the focused pane alone does not have.
    pub(super) fn copy(&mut self, action: Action, at: Moment) -> Turn {
        match action {
            Action::CopyCurl | Action::CopyCommand => self.copy_query(action, at),
            Action::CopyReceived => self.copy_received(),
            _ => {
                let text = match action {
                    Action::CopyRow => self.profiles.row_text(),
                    Action::CopyId => self.profiles.selected_id(),
                    _ => self.profiles.json(),
                };
                text.map_or_else(Turn::default, |text| Turn::of(Effect::Copy(text)))
            }
        }
    }

    fn copy_received(&mut self) -> Turn {
        let Some(row) = self.profiles.selected() else { return Turn::default() };
        match self.profiles.profile(row) {
            Ok(Some(profile)) => Turn::of(Effect::Copy(profile.raw_json().to_owned())),
            Ok(None) => Turn::default(),
            Err(error) => self.notice(format!(
                "not copied: the temporary file that it lies in cannot be read ({error}); run the query again"
            )),
        }
    }

    /// The query of the builder while it has the keys, otherwise the one whose rows are shown.
    fn query_at_hand(&self) -> Result<Option<Query>, String> {
        if self.world.focus != Focus::Builder {
            return Ok(self.profiles.query().cloned());
        }
        self.builder.query().map(Some).map_err(|errors| {
            errors.first().map_or_else(String::new, |error| format!("{}: {}", error.what, error.cause))
        })
    }

    fn copy_query(&mut self, action: Action, _at: Moment) -> Turn {
        if self.looks_at_files() {
            return self.notice("not copied: files are looked at here, and no service is asked".to_owned());
        }
        let query = match self.query_at_hand() {
            Ok(Some(query)) => query,
            Ok(None) => return self.notice("not copied: no query was run yet".to_owned()),
            Err(why) => return self.notice(format!("not copied: {why}")),
        };
        let Some(service) = &self.world.service else {
            return self.notice("not copied: the service is not known yet".to_owned());
        };
        if action == Action::CopyCommand {
            let whom = if service.sandbox { None } else { Some(service.tenant.as_str()) };
            return Turn::of(Effect::Copy(command_line::of(&query, whom)));
        }
        // Only the worker knows how this service is asked; its plan has the requests.
        Turn::of(Effect::Engine(Command::Plan(TICKET, query)))
    }

    /// The requests of the plan that was asked for, as curl lines.
    pub(super) fn copy_requests(&mut self, plan: &Plan) -> Turn {
        let lines: Vec<_> = plan.first.iter().map(PlannedRequest::curl).collect();
        // It comes by no key; a filter may hold somebody's address all the same.
        self.recorded(Turn::of(Effect::Copy(lines.join("\n"))))
    }
}
