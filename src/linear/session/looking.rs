//! The rows: listed, read, sorted, filtered, written to a file; and how the service fared.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::super::{person, telling};
use super::{Session, Wish};
use crate::engine::error::{Error, Kind, Result};
use crate::engine::event::{Command, Disclosure, Endpoint, Latency, Note};
use crate::engine::query::{Field, FieldSet};
use crate::engine::retention::Window;
use crate::export::{Origin, Spec};
use crate::figures;
use crate::rows::{Filter, Sort};
use crate::saving::{Saving, Told, format_of};

impl Session {
    /// Lists rows, the first counted from 1.
    pub(super) fn list(&mut self, from: usize, count: usize) {
        let len = self.view.len();
        if len == 0 {
            return self.say(match self.rows.len() {
                0 => "There are no rows.",
                _ => "No row passes the filter.",
            });
        }
        if from > len {
            return self.say(format!("There is no row {}: {}.", figures::count(from as u64), there_are(len)));
        }
        let to = (from - 1).saturating_add(count).min(len);
        for place in from - 1..to {
            if let Some(row) = self.view.row(place) {
                let told = person::row(&self.rows, row, place, &self.setup.mask, self.window());
                self.say(told);
            }
        }
        let all = figures::count(len as u64);
        self.say(format!("Rows {from} to {to} of {all}."));
    }

    /// Reads the profile at a place.
    pub(super) fn read(&mut self, place: usize) {
        let len = self.view.len();
        let Some(row) = self.view.row(place) else {
            let number = figures::count(place as u64 + 1);
            return self.say(format!("There is no row {number}: {}.", there_are(len)));
        };
        match self.rows.profile(row) {
            Ok(Some(profile)) => {
                self.open = Some(place);
                let (number, all) = (figures::count(place as u64 + 1), figures::count(len as u64));
                let masked = if self.setup.mask.is_on() { ", masked" } else { "" };
                self.say(format!("Profile {number} of {all}{masked}."));
                if let Some(window) = self.window().filter(|window| window.is_past(&profile)) {
                    let (day, days) = (window.first_day(), window.length());
                    self.say(format!("Last modified before {day}, past the retention of {days}."));
                }
                let told = person::profile(&profile, row, &self.setup.mask);
                self.sentences.extend(told);
            }
            Ok(None) => self.say("This profile is not there any more."),
            Err(error) => self.fail(&Error::new(
                Kind::Local,
                "this profile as it was received",
                format!("the temporary file that it lies in cannot be read: {error}"),
                "run the query again; a larger memory in the configuration needs no such file",
            )),
        }
    }

    /// What profiles are kept for.
    fn window(&self) -> Option<Window> {
        let (query, began) = self.asked.as_ref()?;
        Window::until(*began, query.retention_days())
    }

    pub(super) fn sort(&mut self, column: Option<&str>, descending: bool) {
        let sort = match column {
            None => Vec::new(),
            Some(name) => {
                let Some(column) = self.rows.data().column(&name.replace(' ', "_")) else {
                    let fields = Field::ALL.map(Field::key).join(", ");
                    return self.say(format!(
                        "There is no column {name:?}: write one of {fields}, or an attribute."
                    ));
                };
                vec![Sort { column, descending }]
            }
        };
        let filter = self.view.filter().cloned();
        self.arrange(sort, filter);
        let how = if descending { "down" } else { "up" };
        self.say(match column {
            Some(name) => format!("Sorted {how} by {name}."),
            None => "In the order in which they came.".to_owned(),
        });
    }

    pub(super) fn filter(&mut self, text: &str) {
        let filter = match Filter::parse(text, self.rows.data()) {
            Ok(filter) => filter,
            Err(why) => return self.say(format!("That is no filter: {why}. The one before stays.")),
        };
        let sort = self.view.sort().to_vec();
        self.arrange(sort, filter);
        let (pass, all) =
            (figures::count(self.view.len() as u64), figures::counted(self.rows.len() as u64, "row", "rows"));
        self.say(match text {
            "" => format!("No filter: {all}."),
            _ => format!("{pass} of {all} pass."),
        });
    }

    /// There is nobody who could do something else meanwhile: the work is done here.
    fn arrange(&mut self, sort: Vec<Sort>, filter: Option<Filter>) {
        self.open = None;
        if let Some(job) = self.view.arrange(self.rows.data(), sort, filter) {
            let view = &mut self.view;
            job.run(&mut |step| view.take(step));
        }
    }

    pub(super) fn log(&mut self, count: usize) {
        if self.exchanges.is_empty() {
            return self.say("No request was sent yet.");
        }
        let from = self.exchanges.len().saturating_sub(count);
        let told = self
            .exchanges
            .range(from..)
            .map(|exchange| telling::logged(exchange, &self.setup.zone, &self.setup.mask));
        self.sentences.extend(told);
    }

    pub(super) fn tell_limits(&mut self) {
        let now = self.setup.clock.now();
        match &self.limits {
            Some(limits) => self.sentences.extend(telling::limits(limits, now)),
            None => self.say("Nothing is known of the limits yet."),
        }
    }

    pub(super) fn latency(&mut self) {
        let before = self.sentences.len();
        for endpoint in Endpoint::ALL {
            let times = &self.times[endpoint as usize];
            if times.is_empty() {
                continue;
            }
            let latency = Latency::of(times.iter().copied().collect());
            let requests = figures::counted(latency.count, "request", "requests");
            let [half, most, max] = [latency.p50, latency.p95, latency.max].map(figures::span);
            let name = endpoint.name();
            self.say(format!(
                "{name}: {requests}; half took at most {half}, 95 percent at most {most}, the slowest {max}."
            ));
        }
        if self.sentences.len() == before {
            self.say("No request was answered yet.");
        }
    }

    pub(super) fn mask(&mut self, on: bool) {
        match (on, self.setup.mask.is_on()) {
            (true, true) => self.say("Personal values are masked already."),
            (false, false) => self.say("Nothing is masked."),
            (true, false) => {
                self.setup.mask.set(true);
                self.say("Personal values are masked.");
            }
            (false, true) => {
                let fields =
                    ["firstName", "lastName", "email", "phone", "attributes"].map(str::to_owned).to_vec();
                self.record(Disclosure::Reveal, None, fields, 0, Wish::ShowAll);
            }
        }
    }

    /// Tells a masked field of the profile that is open.
    pub(super) fn reveal(&mut self, field: &str) {
        let Some(row) = self.open.and_then(|place| self.view.row(place)) else {
            return self.say("No profile is open: open N reads one.");
        };
        if !self.setup.mask.is_on() {
            return self.say("Nothing is masked.");
        }
        let mut json = String::new();
        self.rows.data().json(row, &mut json);
        let wanted = field.replace(' ', "_");
        let own = Field::ALL.into_iter().find(|own| own.key() == wanted || own.wire() == wanted);
        let path = own.map_or(wanted.clone(), |own| own.key().to_owned());
        let is_meant = |own: &str| {
            [path.clone(), format!("attributes.{path}")].iter().any(|path| {
                own.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        let values: Vec<(String, String)> =
            self.setup.mask.named_in(&json).into_iter().filter(|(own, _)| is_meant(own)).collect();
        if values.is_empty() {
            return self.say(format!("{field:?} is not masked, or not there."));
        }
        let id = self.rows.cell(row, Field::Id.into());
        let id = id.is_filled().then(|| id.copied());
        let fields = values.iter().map(|(path, _)| wire(path)).collect();
        self.record(Disclosure::Reveal, id, fields, 1, Wish::Reveal(values));
    }

    /// Writes the rows as they are listed.
    pub(super) fn export(&mut self, file: PathBuf, replace: bool) {
        if self.view.is_empty() {
            return self.say("There are no rows to write.");
        }
        if format_of(&file).is_none() {
            return self
                .say("The name of the file says no format: end it in .ndjson, .json, .csv or .parquet.");
        }
        let fields = self.fields().iter().map(|field| field.wire().to_owned()).collect();
        let rows = self.view.len() as u64;
        self.record(Disclosure::Export, None, fields, rows, Wish::Export(file, replace));
    }

    fn fields(&self) -> FieldSet {
        self.asked.as_ref().map_or(FieldSet::ALL, |(query, _)| query.fields())
    }

    fn write(&mut self, file: &Path, replace: bool) {
        let Some(format) = format_of(file) else { return };
        let origin = self.asked.as_ref().map(|(query, began)| Origin::new(query, *began));
        let spec = Spec { origin, ..Spec::new(format, self.fields()) };
        let saving = Saving {
            data: self.rows.snapshot(),
            order: self.view.order().map(<[u32]>::to_vec),
            attributes: Vec::new(),
            target: file.to_owned(),
            replace,
            spec,
            stopped: Arc::new(AtomicBool::new(false)),
        };
        let rows = figures::counted(saving.rows() as u64, "row", "rows");
        let mut last = None;
        saving.run(&mut |told| {
            last = Some(told);
            true
        });
        match last {
            Some(Told::Done(path)) => self.say(format!("Written: {rows} to {}.", path.display())),
            Some(Told::Failed(error)) => self.fail(&error),
            Some(Told::Stopped(path)) => self.say(format!("Not all was written: see {}.", path.display())),
            Some(Told::Written(_)) | None => {}
        }
    }

    fn record(
        &mut self,
        disclosure: Disclosure,
        id: Option<String>,
        fields: Vec<String>,
        rows: u64,
        wish: Wish,
    ) {
        self.ticket += 1;
        self.wish = Some((self.ticket, wish));
        let note = Note { disclosure, id: id.map(Into::into), fields, rows };
        self.commands.push(Command::Note(self.ticket, note));
    }

    /// What was wished is recorded and happens, or cannot be recorded and does not.
    pub(super) fn noted(&mut self, ticket: u64, noted: Result<()>) {
        let Some((_, wish)) = self.wish.take_if(|(own, _)| *own == ticket) else { return };
        if let Err(error) = noted {
            self.say("Nothing is disclosed, since that cannot be recorded.");
            return self.fail(&error);
        }
        match wish {
            Wish::ShowAll => {
                self.setup.mask.set(false);
                self.say("Personal values are told; recorded in the audit trail.");
            }
            Wish::Reveal(values) => {
                for (path, value) in values {
                    self.say(format!(
                        "{}: {value}",
                        path.replace("first_name", "first name").replace("last_name", "last name")
                    ));
                }
                self.say("Recorded in the audit trail.");
            }
            Wish::Export(file, replace) => {
                self.write(&file, replace);
                if self.setup.mask.is_on() {
                    self.say("Recorded in the audit trail, for the file holds the true values.");
                }
            }
        }
    }
}

/// `there are 3 rows`
fn there_are(rows: usize) -> String {
    match rows {
        0 => "there are no rows".to_owned(),
        1 => "there is 1 row".to_owned(),
        rows => format!("there are {} rows", figures::count(rows as u64)),
    }
}

/// What the service calls a value at this path.
fn wire(path: &str) -> String {
    let field = Field::ALL.into_iter().find(|field| field.key() == path);
    field.map_or_else(|| path.to_owned(), |field| field.wire().to_owned())
}
