//! An explorer over files: what is otherwise, where no service is behind it.
//!
//! A run reads the files whole. Before each they are looked at anew, for they may have other columns now than when they
//! were read last: `Ctrl-R` asks for that, and the answer begins the run.

use super::{App, Moment, Turn};
use crate::engine::error::Error;
use crate::engine::event::{Command, FILE_PAGE, FileState, OpenedFile, Page};
use crate::engine::query::{Draft, QueryId};
use crate::tui::action::Action;
use crate::tui::ctx::Effect;

/// Rows that could not be read and are named in the log, a run.
const NAMED: u32 = 100;

impl App {
    /// Whether files are looked at in place of a service.
    pub(super) fn looks_at_files(&self) -> bool {
        self.world.service.as_ref().is_some_and(|service| !service.files.is_empty())
    }

    /// Has the files looked at, to read them then.
    pub(super) fn reopen(&mut self) -> Turn {
        let mut effects = Vec::new();
        if let Some(running) = self.world.running.as_mut().filter(|running| !running.cancelling) {
            running.cancelling = true;
            effects.push(Effect::Engine(Command::Cancel(running.id)));
        }
        self.overlay = None;
        self.run_when_ready = true;
        effects.push(Effect::Engine(Command::Reopen));
        Turn { changed: true, effects }
    }

    /// Reads the files.
    pub(super) fn read_files(&mut self, at: Moment) -> Turn {
        let fields = self.world.service.as_ref().map(|service| service.file_fields()).unwrap_or_default();
        // A query must name something. Nobody looks at what this one names.
        let all =
            Draft { segments: vec!["FILES".to_owned()], fields, page_size: FILE_PAGE, ..Draft::default() };
        self.unreadable = 0;
        match all.check() {
            Ok(query) => self.begin(query, at),
            Err(errors) => {
                self.fail(errors, None);
                Turn::CHANGED
            }
        }
    }

    /// How far a run has come with the files.
    pub(super) fn files_read(&mut self, id: QueryId, files: Vec<OpenedFile>) -> Turn {
        let Some(service) = self.world.service.as_mut().filter(|_| id == self.shown) else {
            return Turn::default();
        };
        std::sync::Arc::make_mut(service).files = files;
        Turn::CHANGED
    }

    /// Names rows that could not be read in the log, with file and line.
    pub(super) fn name_unreadable(&mut self, page: &Page, at: Moment) {
        if !self.looks_at_files() {
            return;
        }
        for bad in page.set_aside.iter().take(NAMED.saturating_sub(self.unreadable) as usize) {
            self.note(format!("unreadable: {}", bad.reason), at);
        }
        let before = self.unreadable;
        self.unreadable = before.saturating_add(page.set_aside.len() as u32);
        if before <= NAMED && self.unreadable > NAMED {
            self.note("more rows that cannot be read are counted, not named".to_owned(), at);
        }
    }

    /// What went wrong with each of the files; without any, what is known.
    pub(super) fn file_errors(&self, known: Error) -> Vec<Error> {
        let files = self.world.service.as_ref().map_or(&[][..], |service| &service.files);
        let errors: Vec<Error> = files
            .iter()
            .filter_map(|file| match &file.state {
                FileState::Failed(error) => Some(error.clone()),
                _ => None,
            })
            .collect();
        if errors.is_empty() { vec![known] } else { errors }
    }

    /// There are no requests to bound.
    pub(super) fn nothing_to_bound(&mut self) -> Turn {
        self.notice("files are read here: no service is asked, and there is nothing to bound".to_owned())
    }

    /// A run that stopped does not go on: nobody says that the files are still what they were.
    pub(super) fn read_again_instead(&mut self) -> Turn {
        self.notice(format!(
            "{} reads the files again, from their beginning",
            self.world.keys.first(Action::Run)
        ))
    }
}
