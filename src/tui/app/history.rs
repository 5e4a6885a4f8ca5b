//! Saved queries and history: what is kept of a run, and how a query comes back into the builder.

use super::{App, Moment, Turn};
use crate::engine::event::Summary;
use crate::engine::query::{Draft, QueryId};
use crate::tui::action::Action;
use crate::tui::ctx::{Effect, Focus, Outcome};
use crate::tui::history::{Asked, gist};
use crate::tui::kept::{Keep, Kept};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::history::{Choice, HistoryList};
use crate::tui::overlays::prompt::{Asks, Prompt};

/// What a name is asked for.
#[derive(Debug)]
pub(super) enum Naming {
    /// A query that is to be saved.
    Query(Box<Draft>),
    /// The saved query that has this name until now; the list opens again behind it.
    Rename(String),
}

impl App {
    /// Saved queries and the history of whom is asked.
    pub fn recall(&mut self, kept: &Kept) {
        let (tenant, sandbox) = self.whom();
        self.history.recall(kept, &tenant, sandbox);
    }

    /// A run is over: it goes into the history. Reading files does not.
    pub(super) fn keep_run(&mut self, id: QueryId, summary: &Summary) -> Turn {
        keep(self.history.ended(id, summary).into_iter().collect())
    }

    /// Opens the list of saved queries and runs.
    pub(super) fn open_history(&mut self, at: Moment) -> Turn {
        if self.looks_at_files() {
            return self.notice("files are read here: no query is asked, and none is kept".to_owned());
        }
        let ctx = self.world.ctx(at, self.world.size);
        self.overlay = Some(Overlay::History(Box::new(HistoryList::new(&self.history, &ctx))));
        Turn::CHANGED
    }

    /// Asks for a name for the query in the builder.
    pub(super) fn ask_for_name(&mut self) -> Turn {
        if self.looks_at_files() {
            return self.notice("files are read here: there is no query to save".to_owned());
        }
        let query = self.builder.draft();
        if query.ids.is_empty() && query.segments.is_empty() && query.filter.trim().is_empty() {
            return self.notice("nothing is asked yet: there is no query to save".to_owned());
        }
        let known = self.history.all().into_iter().find_map(|asked| match asked {
            Asked::Saved(saved) if saved.query == query => Some(saved.name.clone()),
            _ => None,
        });
        self.name(Naming::Query(Box::new(query)), &known.unwrap_or_default())
    }

    fn name(&mut self, naming: Naming, name: &str) -> Turn {
        let (title, about) = match &naming {
            Naming::Query(query) => {
                ("Save the query", format!("a name for: {}", self.world.mask.text(&gist(query))))
            }
            Naming::Rename(old) => ("Rename", format!("another name for {old}")),
        };
        let prompt = Prompt::new(Asks::QueryName, title, about, name, Vec::new());
        self.naming = Some(naming);
        self.overlay = Some(Overlay::Prompt(Box::new(prompt)));
        Turn::CHANGED
    }

    /// The name that was asked for.
    ///
    /// # Errors
    /// It cannot be taken, and why.
    pub(super) fn named(&mut self, name: &str, at: Moment) -> Result<Turn, String> {
        let taken = self.history.has(name);
        let (tenant, _) = self.whom();
        let (keeps, again) = match &self.naming {
            Some(Naming::Query(query)) => {
                (self.history.save(name, &tenant, (**query).clone(), at.wall)?, false)
            }
            Some(Naming::Rename(old)) if taken && old != name => {
                return Err(format!("{name:?} is the name of another"));
            }
            Some(Naming::Rename(old)) => (self.history.rename(&old.clone(), name, at.wall)?, true),
            None => return Ok(Turn::default()),
        };
        self.naming = None;
        self.overlay = None;
        let list = self.world.keys.first(Action::History);
        let said = match (again, taken) {
            (true, _) => return Ok(keep(keeps).and(self.open_history(at))),
            (false, true) => format!("saved as {name}, in the place of what had this name; {list} finds it"),
            (false, false) => format!("saved as {name}; {list} finds it"),
        };
        Ok(keep(keeps).and(self.notice(said)))
    }

    /// What an action does in the list; `None`: nothing of its own.
    pub(super) fn act_on_history(&mut self, action: Action, at: Moment) -> Option<Turn> {
        let Some(Overlay::History(list)) = &mut self.overlay else { return None };
        let choice = list.choice().cloned();
        Some(match (action, choice) {
            (Action::Close, _) if list.spare() => Turn::CHANGED,
            (Action::Choose, Some(choice)) => self.fill(choice, at),
            (Action::Run, Some(choice)) => {
                let filled = self.fill(choice, at);
                filled.and(self.run(at))
            }
            (Action::SaveQuery, Some(Choice::Saved(name, _))) => {
                self.name(Naming::Rename(name.clone()), &name)
            }
            (Action::SaveQuery, Some(choice)) => {
                self.name(Naming::Query(Box::new(choice.query().clone())), "")
            }
            (Action::Clear, Some(_)) => {
                let Some(gone) = list.remove() else { return Some(Turn::CHANGED) };
                let keeps = match gone {
                    Choice::Saved(name, _) => self.history.remove_saved(&name),
                    Choice::Ran(query) => self.history.remove_runs(&query),
                    Choice::PutAside(_) => {
                        self.history.remove_put_aside();
                        Vec::new()
                    }
                };
                let ctx = self.world.ctx(at, self.world.size);
                list.refresh(&self.history, &ctx);
                keep(keeps)
            }
            (Action::Choose | Action::Run | Action::SaveQuery | Action::Clear, None) => Turn::default(),
            _ => return None,
        })
    }

    /// Puts a query of before into the builder; what stood there can be had back.
    fn fill(&mut self, choice: Choice, at: Moment) -> Turn {
        self.overlay = None;
        let before = self.builder.draft();
        let query = match choice {
            Choice::PutAside(query) => {
                self.history.remove_put_aside();
                query
            }
            Choice::Saved(_, query) | Choice::Ran(query) => query,
        };
        if before != query {
            self.history.put_aside(before);
        }
        self.builder.fill(query);
        self.world.focus = Focus::Builder;
        self.settle(Outcome::CHANGED, at).and(self.replan(at))
    }

    /// The tenant's name, and whether it is the sandbox.
    pub(super) fn whom(&self) -> (String, bool) {
        match &self.world.service {
            Some(service) => (service.tenant.clone(), service.sandbox),
            None => self.header.whom(),
        }
    }
}

pub(super) fn keep(keeps: Vec<Keep>) -> Turn {
    Turn { changed: true, effects: keeps.into_iter().map(Effect::Keep).collect() }
}
