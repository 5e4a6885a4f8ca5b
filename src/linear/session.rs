//! What a session knows, and what lines, events and signals change about it.
//!
//! Plain data: no channel, no stream. What is to be said and sent is gathered, and taken by the loop.

mod asking;
mod looking;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Setup;
use super::commands::{self, Asked, HELP};
use super::input::Signal;
use super::telling::{self, Teller};
use crate::engine::audit::Reason;
use crate::engine::error::{Error, Kind};
use crate::engine::event::{Command, Endpoint, Event, Exchange, Limits, Page, Summary};
use crate::engine::place::Place;
use crate::engine::query::person::Reading;
use crate::engine::query::{Query, QueryId};
use crate::engine::recording::Recording;
use crate::figures;
use crate::rows::{Rows, View};

/// Requests that are kept for the log.
const LOGGED: usize = 1_000;
/// Times that are kept for percentiles, an endpoint.
const TIMES: usize = 10_000;

/// A run that is going.
#[derive(Clone, Copy, Debug)]
struct Run {
    cancelling: bool,
    paused: bool,
    limit: Option<u64>,
}

/// What waits for its entry in the audit trail.
#[derive(Debug)]
enum Wish {
    ShowAll,
    /// Values of the profile that is open, by their paths.
    Reveal(Vec<(String, String)>),
    Export(PathBuf, bool),
}

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    setup: Setup,
    rows: Rows,
    view: View,
    /// The query whose rows these are, and when it began.
    asked: Option<(Query, Timestamp)>,
    /// The run whose rows these are.
    shown: QueryId,
    run: Option<Run>,
    /// Where the last run stopped.
    place: Option<Arc<Place>>,
    is_ready: bool,
    /// The place of the profile that is read.
    open: Option<usize>,
    /// Other meanings of what was said of a person.
    readings: VecDeque<Reading>,
    teller: Teller,
    limits: Option<Arc<Limits>>,
    exchanges: VecDeque<Arc<Exchange>>,
    times: [VecDeque<Duration>; Endpoint::ALL.len()],
    ticket: u64,
    wish: Option<(u64, Wish)>,
    planning: Option<u64>,
    /// Whether the tenant wants to know what for, and it was not said.
    needs_reason: bool,
    reason: Option<Reason>,
    input_ended: bool,
    code: u8,
    left: Option<u8>,
    sentences: Vec<String>,
    commands: Vec<Command>,
}

impl Session {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            rows: Rows::with_budget(setup.budget),
            setup,
            view: View::default(),
            asked: None,
            shown: QueryId::default(),
            run: None,
            place: None,
            is_ready: false,
            open: None,
            readings: VecDeque::new(),
            teller: Teller::default(),
            limits: None,
            exchanges: VecDeque::new(),
            times: std::array::from_fn(|_| VecDeque::new()),
            ticket: 0,
            wish: None,
            planning: None,
            needs_reason: false,
            reason: None,
            input_ended: false,
            code: 0,
            left: None,
            sentences: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// What is to be said now.
    pub(super) fn sentences(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sentences)
    }

    /// What is to be sent now.
    pub(super) fn commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    /// The exit code, once the session is over.
    pub(super) fn left(&self) -> Option<u8> {
        self.left
    }

    /// The exit code of the last run.
    pub(super) fn code(&self) -> u8 {
        self.code
    }

    /// Whether something goes on that the next line of a script waits for.
    pub(super) fn is_busy(&self) -> bool {
        !self.is_ready
            || self.run.is_some_and(|run| !run.paused)
            || self.wish.is_some()
            || self.planning.is_some()
    }

    fn say(&mut self, sentence: impl Into<String>) {
        self.sentences.push(sentence.into());
    }

    fn fail(&mut self, error: &Error) {
        let told = telling::error(error, &self.setup.mask);
        self.sentences.extend(told);
    }

    /// There is nobody to ask.
    pub(super) fn broken(&mut self, error: &Error) {
        self.fail(error);
        self.left = Some(error.kind.exit_code());
    }

    /// What became of a recording. The session goes on in any case.
    fn recorded(&mut self, what: &Recording) {
        match what {
            Recording::Begun { path, true_values } => {
                let values = if *true_values {
                    "with true personal values"
                } else {
                    "with stand-ins for personal values"
                };
                self.say(format!("The session is recorded in {}, {values}.", path.display()));
            }
            Recording::Whole { path, bytes } => {
                self.say(format!("Recorded, {}: {}.", figures::bytes(*bytes), path.display()));
            }
            Recording::Refused(error) | Recording::Lost(error) => self.fail(error),
        }
    }

    /// No more lines come: what goes on goes to its end.
    pub(super) fn input_ended(&mut self) {
        self.input_ended = true;
        if self.run.is_some_and(|run| run.paused) {
            self.go_to_the_end();
        }
    }

    fn go_to_the_end(&mut self) {
        self.say("The input ended: the run goes on to its end.");
        self.run = self.run.map(|run| Run { paused: false, ..run });
        self.commands.push(Command::Want(self.shown, None));
    }

    pub(super) fn signal(&mut self, signal: Signal) {
        match (signal, &mut self.run) {
            (Signal::End(code), _) => self.left = Some(code),
            (Signal::Interrupt, Some(run)) if !run.cancelling => {
                self.code = 130;
                self.stop();
            }
            (Signal::Interrupt, _) => self.left = Some(130),
        }
    }

    pub(super) fn line(&mut self, line: &str) {
        let asked = match commands::read(line) {
            Ok(asked) => asked,
            Err(why) => return self.say(why),
        };
        match asked {
            Asked::Nothing => {}
            Asked::Help => {
                for (usage, about) in HELP {
                    self.say(format!("{usage}: {about}."));
                }
                self.say("Search, sort and filter know the true values, also while they are masked.");
            }
            Asked::Quit => self.left = Some(0),
            Asked::Find(text) => self.find(&text),
            Asked::Ids(ids) => self.set_ids(ids),
            Asked::Segments(segments) => self.set_segments(segments),
            Asked::Filter(filter) => self.set_filter(filter),
            Asked::Fields(fields) => self.set_fields(fields.as_deref()),
            Asked::Limit(limit) => self.set_limit(limit),
            Asked::Reason(text) => self.what_for(text.as_deref()),
            Asked::Plan => self.plan(),
            Asked::Run => {
                self.readings.clear();
                self.begin();
            }
            Asked::Stop => self.stop(),
            Asked::More => self.more(),
            Asked::Rows(from, count) => self.list(from, count),
            Asked::Open(number) => self.read(number - 1),
            Asked::Next => self.read(self.open.map_or(0, |open| open + 1)),
            Asked::Previous => match self.open {
                Some(0) => self.say("This is the first profile."),
                open => self.read(open.map_or(0, |open| open - 1)),
            },
            Asked::Sort(column, descending) => self.sort(column.as_deref(), descending),
            Asked::Where(filter) => self.filter(&filter),
            Asked::Log(count) => self.log(count),
            Asked::Limits => self.tell_limits(),
            Asked::Latency => self.latency(),
            Asked::Export(file, replace) => self.export(PathBuf::from(file), replace),
            Asked::Mask(on) => self.mask(on),
            Asked::Reveal(field) => self.reveal(&field),
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        match event {
            Event::Ready(service) => {
                self.is_ready = true;
                let url = &service.base_url;
                self.say(if service.sandbox {
                    format!("Connected to the SANDBOX at {url}: its people are made up.")
                } else {
                    format!("Connected to tenant {} at {url}.", service.tenant)
                });
                if self.setup.mask.is_on() {
                    self.say("Personal values are masked.");
                }
                self.needs_reason = service.needs_reason;
                if self.needs_reason {
                    self.say("This tenant wants to know what for: say it with reason TEXT before running.");
                }
                self.say_query();
                self.say("help says what can be asked.");
                if std::mem::take(&mut self.setup.run_at_once) {
                    self.begin();
                }
            }
            Event::Broken(error) => self.broken(&error),
            Event::Recording(what) => self.recorded(&what),
            Event::Page(id, page) if id == self.shown => self.page(&page),
            Event::Paused(id) if id == self.shown => {
                self.run = self.run.map(|run| Run { paused: true, ..run });
                if self.input_ended {
                    self.go_to_the_end();
                } else {
                    let rows = figures::counted(self.rows.len() as u64, "row", "rows");
                    self.say(format!("Paused after {rows}: more goes on, stop ends the run."));
                }
            }
            Event::Exchange(exchange) => self.exchange(exchange),
            Event::Limits(limits) => self.limits = Some(limits),
            Event::Planned(ticket, plan) if self.planning == Some(ticket) => {
                self.planning = None;
                self.say(telling::plan(&plan));
            }
            Event::Noted(ticket, noted) => self.noted(ticket, noted),
            Event::Finished(id, summary) if id == self.shown => self.finished(&summary, None),
            Event::Failed(id, summary, error) if id == self.shown => self.finished(&summary, Some(&error)),
            _ => {}
        }
    }

    fn page(&mut self, page: &Page) {
        self.rows.append(&page.rows);
        while self.view.is_behind(self.rows.data()) {
            self.view.extend(self.rows.data());
        }
        let limit = self.run.and_then(|run| run.limit).unwrap_or(u64::MAX);
        let expected = page.total.map(|total| total.min(limit));
        let told = self.teller.page(page.number, self.rows.len() as u64, expected);
        self.sentences.extend(told);
        let memory = self.rows.memory();
        if memory.held > memory.budget && self.run.is_some_and(|run| !run.cancelling) {
            let what = format!("{} rows, and no more", figures::count(self.rows.len() as u64));
            let cause = format!("they take more than {} of memory", figures::bytes(memory.budget as u64));
            let remedy = "ask for fewer fields or fewer people, or raise mebibytes under [explorer]";
            self.fail(&Error::new(Kind::Local, what, cause, remedy));
            self.stop();
        }
    }

    fn exchange(&mut self, exchange: Arc<Exchange>) {
        let now = self.setup.clock.now();
        if exchange.query == Some(self.shown) {
            let told = self.teller.exchange(&exchange, now, &self.setup.mask);
            self.sentences.extend(told);
        }
        if exchange.outcome.is_success() {
            let times = &mut self.times[exchange.endpoint as usize];
            if times.len() == TIMES {
                times.pop_front();
            }
            times.push_back(exchange.phases.server());
        }
        if self.exchanges.len() == LOGGED {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
    }

    fn finished(&mut self, summary: &Summary, error: Option<&Error>) {
        let interrupted = self.code == 130 && self.run.is_some_and(|run| run.cancelling);
        self.run = None;
        self.place.clone_from(&summary.place);
        self.code = match error {
            _ if interrupted => 130,
            Some(error) => error.kind.exit_code(),
            None if !summary.set_aside.is_empty() => Kind::Service.exit_code(),
            None => 0,
        };
        self.sentences.extend(telling::summary(summary));
        if let Some(error) = error {
            self.fail(error);
        }
        if self.place.is_some() {
            self.say("more goes on from there, asking for nothing twice.");
        }
        // Who is withheld was found.
        let nobody = error.is_none() && summary.cut.is_none() && summary.came() == 0;
        if nobody && let Some(reading) = self.readings.front() {
            let what = article(reading.what);
            self.say(format!("Nobody is like that. find with nothing behind it takes it for {what}."));
        } else if let Some(filter) = self.view.filter() {
            let (pass, text) = (figures::count(self.view.len() as u64), filter.text.clone());
            self.say(format!("{pass} of them pass where {text}."));
        }
    }

    fn stop(&mut self) {
        match &mut self.run {
            Some(run) if !run.cancelling => {
                run.cancelling = true;
                run.paused = false;
                self.commands.push(Command::Cancel(self.shown));
                self.say("Stopping.");
            }
            Some(_) => self.say("The run is stopping."),
            None => self.say("No run is going."),
        }
    }
}

/// `an e-mail address`, `a name`
fn article(what: &str) -> String {
    let vowel = what.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O']);
    format!("{} {what}", if vowel { "an" } else { "a" })
}
