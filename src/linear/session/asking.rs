//! The query: what it asks for, what it would take, and running it.

use jiff::Timestamp;

use super::{Run, Session, Teller, article};
use crate::engine::audit::Reason;
use crate::engine::error::Kind;
use crate::engine::event::Command;
use crate::engine::query::person::{Reading, readings};
use crate::engine::query::reach::Reach;
use crate::engine::query::{Field, FieldSet, Query, QueryId};
use crate::engine::retention::Window;
use crate::figures;
use crate::rows::Column;

impl Session {
    /// Says what the query asks for.
    pub(super) fn say_query(&mut self) {
        let draft = &self.setup.draft;
        let mut parts = Vec::new();
        if !draft.ids.is_empty() {
            parts.push(figures::counted(draft.ids.len() as u64, "ID", "IDs"));
        }
        if !draft.segments.is_empty() {
            parts.push(format!("segments {}", draft.segments.join(", ")));
        }
        if !draft.filter.trim().is_empty() {
            parts.push(format!("filter {}", draft.filter));
        }
        if parts.is_empty() {
            return self.say("The query asks for nobody yet: find, ids, segment and filter say whom.");
        }
        if let Some(limit) = draft.limit {
            parts.push(format!("at most {} profiles", figures::count(limit)));
        }
        self.say(format!("The query: {}.", parts.join("; ")));
    }

    pub(super) fn set_ids(&mut self, ids: Option<Vec<String>>) {
        if let Some(ids) = ids {
            self.setup.draft.ids = ids;
        }
        let list = listed(&self.setup.draft.ids);
        self.say(format!("IDs: {list}."));
    }

    pub(super) fn set_segments(&mut self, segments: Option<Vec<String>>) {
        if let Some(segments) = segments {
            self.setup.draft.segments = segments;
        }
        let list = listed(&self.setup.draft.segments);
        self.say(format!("Segments: {list}."));
    }

    pub(super) fn set_filter(&mut self, filter: Option<String>) {
        if let Some(filter) = filter {
            self.setup.draft.filter = filter;
        }
        let filter = match self.setup.draft.filter.trim() {
            "" => "none",
            filter => filter,
        };
        self.say(format!("Filter: {filter}."));
    }

    pub(super) fn set_fields(&mut self, fields: Option<&str>) {
        match fields {
            None => {}
            Some("all") => self.setup.draft.fields = FieldSet::ALL,
            Some(list) => match list.parse() {
                Ok(fields) => self.setup.draft.fields = fields,
                Err(error) => return self.fail(&error),
            },
        }
        let fields = self.setup.draft.fields.iter().map(Field::wire).collect::<Vec<_>>().join(", ");
        self.say(format!("Fields: {fields}."));
    }

    pub(super) fn set_limit(&mut self, limit: Option<u64>) {
        if let Some(limit) = limit {
            self.setup.draft.limit = Some(limit).filter(|limit| *limit > 0);
        }
        let limit = self.setup.draft.limit.map_or_else(|| "none".to_owned(), figures::count);
        self.say(format!("Limit: {limit}."));
    }

    pub(super) fn plan(&mut self) {
        match self.setup.draft.check() {
            Ok(query) if self.is_ready => {
                self.warn(&query, self.setup.clock.wall());
                self.ticket += 1;
                self.planning = Some(self.ticket);
                self.commands.push(Command::Plan(self.ticket, query));
            }
            Ok(_) => self.say("Not connected yet."),
            Err(errors) => errors.iter().for_each(|error| self.fail(error)),
        }
    }

    /// Finds a person by what is known of them.
    pub(super) fn find(&mut self, text: &str) {
        if !text.is_empty() {
            self.readings = readings(text).into();
        }
        match self.readings.pop_front() {
            Some(reading) => {
                self.say(format!("Taken for {}:", article(reading.what)));
                self.ask_for(&reading);
            }
            None if text.is_empty() => self.say("find needs what is known of the person. Write: find TEXT"),
            None => self.say(format!(
                "{text:?} says nothing: write an e-mail address, a phone number, an ID or a name."
            )),
        }
    }

    pub(super) fn ask_for(&mut self, reading: &Reading) {
        let mut asks = reading.asks.trim_end_matches('.').chars();
        let first: String = asks.next().into_iter().flat_map(char::to_uppercase).collect();
        self.say(format!("{first}{}.", asks.as_str()));
        self.setup.draft = reading.onto(&self.setup.draft);
        self.begin();
    }

    /// What for everything is from now on, or what it is now.
    pub(super) fn what_for(&mut self, text: Option<&str>) {
        let Some(text) = text else {
            let said = self.reason.as_ref().map_or("none was said".to_owned(), ToString::to_string);
            return self.say(format!("The reason for access: {said}."));
        };
        match text.parse::<Reason>() {
            Ok(reason) => {
                self.needs_reason = false;
                self.reason = Some(reason.clone());
                self.commands.push(Command::Reason(reason));
                self.say("That stands in each audit entry from now on.");
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Runs the query in the place of the run before.
    pub(super) fn begin(&mut self) {
        let query = match self.setup.draft.check() {
            Ok(query) => query,
            Err(errors) => {
                self.code = errors.first().map_or(2, |error| error.kind.exit_code());
                return errors.iter().for_each(|error| self.fail(error));
            }
        };
        if !self.is_ready {
            return self.say("Not connected yet: run again in a moment.");
        }
        if self.needs_reason {
            self.code = Kind::Usage.exit_code();
            return self.say("Not run: this tenant wants to know what for. Write: reason TEXT, then run.");
        }
        if self.run.is_some_and(|run| !run.cancelling) {
            self.commands.push(Command::Cancel(self.shown));
        }
        self.shown = QueryId(self.shown.0 + 1);
        if !self.rows.begin(query.fields()) {
            // Attributes have other numbers now.
            let fields = |sort: &&crate::rows::Sort| matches!(sort.column, Column::Field(_));
            let sort = self.view.sort().iter().filter(fields).copied().collect();
            let _ = self.view.arrange(self.rows.data(), sort, None);
        }
        self.view.begin();
        self.open = None;
        self.place = None;
        self.run = Some(Run { cancelling: false, paused: false, limit: query.limit() });
        self.teller = Teller::default();
        self.code = 0;
        let now = self.setup.clock.wall();
        self.warn(&query, now);
        self.asked = Some((query.clone(), now));
        self.say("Running.");
        self.commands.push(Command::Run(self.shown, query, self.setup.pause));
    }

    /// Says that a filter reaches past retention, where it does.
    fn warn(&mut self, query: &Query, now: Timestamp) {
        if let Some(reach) = Reach::of_query(query, Window::until(now, query.retention_days())) {
            self.say(format!("Note: {reach}."));
        }
    }

    /// Goes on where a run paused or stopped.
    pub(super) fn more(&mut self) {
        let want = self.setup.pause.map(|pause| self.rows.len() as u64 + pause);
        match &mut self.run {
            Some(run) if run.paused => {
                run.paused = false;
                self.commands.push(Command::Want(self.shown, want));
                self.say("Going on.");
            }
            Some(_) => self.say("The run is going."),
            None => match self.place.take() {
                Some(place) => {
                    self.shown = QueryId(self.shown.0 + 1);
                    let limit = place.query.limit();
                    self.run = Some(Run { cancelling: false, paused: false, limit });
                    self.code = 0;
                    self.commands.push(Command::Resume(self.shown, place, want));
                    self.say("Going on.");
                }
                None => self.say("No run paused or stopped on its way."),
            },
        }
    }
}

fn listed(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
