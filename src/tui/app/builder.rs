//! What the query builder and all of the explorer have to do with each other: looking for a person from anywhere.
//!
//! Whoever looks for a person has them on the phone. So the query that was there makes room, can be brought back, and
//! where nobody is found, the next way to ask is one key away.

use super::{App, Moment, Turn};
use crate::engine::event::{Status, Summary};
use crate::engine::query::person::Reading;
use crate::engine::query::{Draft, QueryId};
use crate::tui::action::Action;
use crate::tui::ctx::Focus;
use crate::tui::figures;
use crate::tui::overlays::Overlay;
use crate::tui::overlays::person::{Chosen, PersonPanel};

/// The person who is looked for, and what was in the query before.
#[derive(Debug, Default)]
pub(super) struct Search {
    sought: Option<Sought>,
    /// The query that a person was looked for in place of.
    before: Option<Draft>,
    /// The query that was made for a person last.
    made: Option<Draft>,
}

/// What was asked for.
#[derive(Debug)]
struct Sought {
    line: String,
    /// All ways in which it was, the run at hand last.
    tried: Vec<Reading>,
    run: QueryId,
    /// Whether nothing was pressed since.
    awaited: bool,
    /// Whether the run is over, and nobody was found.
    nobody: bool,
}

impl Search {
    /// A key was pressed: whoever does other things must not have a panel come up under their hands.
    pub(super) fn touched(&mut self) {
        if let Some(sought) = &mut self.sought {
            sought.awaited = false;
        }
    }
}

impl App {
    /// Asks for what is known of a person.
    pub(super) fn find_person(&mut self) -> Turn {
        if self.looks_at_files() {
            let [search, filter] =
                [Action::Search, Action::Filter].map(|action| self.world.keys.first(action));
            return self
                .notice(format!("files are looked at: {search} searches their rows, {filter} filters them"));
        }
        let panel = PersonPanel::new(self.search.before.as_ref().map(gist));
        let panel = match &self.search.sought {
            Some(sought) if sought.nobody && sought.run == self.shown => {
                panel.after(&sought.line, sought.tried.clone())
            }
            _ => panel,
        };
        self.profiles.count_no_more();
        self.overlay = Some(Overlay::Person(Box::new(panel)));
        Turn::CHANGED
    }

    /// Looks for the person in the way that is selected.
    pub(super) fn find_chosen(&mut self, at: Moment) -> Turn {
        let Some(Overlay::Person(panel)) = &mut self.overlay else { return Turn::default() };
        let (line, mut tried) = (panel.line().to_owned(), panel.tried().to_vec());
        let reading = match panel.chosen() {
            Some(Chosen::Find(reading)) => reading,
            Some(Chosen::Before) => return self.query_before(at),
            None => {
                panel.refuse();
                return Turn::CHANGED;
            }
        };
        self.overlay = None;
        let was = self.builder.draft();
        let asked = reading.onto(&was);
        let has_target = !was.ids.is_empty() || !was.segments.is_empty() || !was.filter.trim().is_empty();
        // One person after another: what can be brought back is what was there before the first of them.
        let replaced = has_target && self.search.made.as_ref().is_none_or(|made| !is_alike(made, &was));
        let aimed = self.aim(&asked, at);
        self.search.made = Some(asked);
        let said = if replaced {
            let find = self.world.keys.first(Action::Find);
            let said = format!("looked for in place of {}; {find} Enter brings that back", gist(&was));
            self.search.before = Some(was);
            self.notice(said)
        } else {
            Turn::default()
        };
        let turn = aimed.and(self.show_all_rows(at)).and(self.run(at));
        tried.retain(|other| *other != reading);
        tried.push(reading);
        // Before the service is there, the run has no number yet.
        let run = if self.world.running.is_some() { self.shown } else { QueryId(self.shown.0 + 1) };
        self.search.sought = Some(Sought { line, tried, run, awaited: true, nobody: false });
        turn.and(said)
    }

    /// Brings back the query that was there before a person was looked for; again: the person's.
    pub(super) fn query_before(&mut self, at: Moment) -> Turn {
        let Some(before) = self.search.before.take() else {
            return self.notice("no person was looked for in place of another query".to_owned());
        };
        self.overlay = None;
        self.search.before = Some(self.builder.draft());
        let turn = self.aim(&before, at);
        self.world.focus = Focus::Builder;
        let run = self.world.keys.first(Action::Run);
        turn.and(self.notice(format!("the query of before is back: {}; {run} runs it", gist(&before))))
    }

    /// Ends what was searched and filtered among the rows of before: it would hide the person.
    fn show_all_rows(&mut self, at: Moment) -> Turn {
        let mut turn = Turn::default();
        // The search and the filter, each of which may still be typed.
        for _ in 0..4 {
            if self.profiles.closes().is_none() {
                break;
            }
            let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
            let outcome = self.profiles.update(Action::Close, &ctx);
            turn = turn.and(self.settle(outcome, at));
        }
        turn
    }

    fn aim(&mut self, draft: &Draft, at: Moment) -> Turn {
        let ctx = self.world.ctx(at, self.area_of(Focus::Builder));
        let outcome = self.builder.aim(draft, &ctx);
        self.settle(outcome, at)
    }

    /// A run is over: where it was to find a person and found none, the next way to ask is offered.
    pub(super) fn nobody_found(&mut self, id: QueryId, summary: &Summary) -> Turn {
        let Some(sought) = self.search.sought.as_mut().filter(|sought| sought.run == id) else {
            return Turn::default();
        };
        if summary.status != Status::Success || summary.before + summary.rows > 0 {
            self.search.sought = None;
            return Turn::default();
        }
        sought.nobody = true;
        if sought.awaited && self.overlay.is_none() {
            return self.find_person();
        }
        let find = self.world.keys.first(Action::Find);
        self.notice(format!("nobody was found; {find} asks in another way"))
    }
}

/// Whether two drafts ask for the same profiles.
fn is_alike(a: &Draft, b: &Draft) -> bool {
    (&a.ids, &a.segments, a.filter.trim()) == (&b.ids, &b.segments, b.filter.trim())
}

/// A query in a few words.
fn gist(draft: &Draft) -> String {
    let mut parts = Vec::new();
    match &draft.ids[..] {
        [] => {}
        [only] => parts.push(format!("ID {only}")),
        ids => parts.push(figures::counted(ids.len() as u64, "ID", "IDs")),
    }
    if !draft.segments.is_empty() {
        parts.push(format!("segments {}", draft.segments.join(" ")));
    }
    if !draft.filter.trim().is_empty() {
        let filter = crate::engine::text::clean(draft.filter.trim()).into_owned();
        parts.push(format!("filter {}", crate::engine::text::fit(&filter, 40)));
    }
    parts.join(", ")
}
