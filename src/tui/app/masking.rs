//! Personal values masked or shown, one of them revealed for a while, and what is recorded before any is disclosed.
//!
//! ```text
//! M, m, a copy, an export ─► Note ─► the engine's audit trail ─► Noted ─► it happens
//!                                                            └──► not written: it does not, and says why
//! ```

use std::time::Duration;

use tokio::time::Instant;

use super::{App, Moment, Turn};
use crate::engine::clock::later;
use crate::engine::error::{Error, Kind, Result};
use crate::engine::event::{Command, Disclosure, Note};
use crate::engine::query::{Field, FieldSet, Query};
use crate::export::{Column, Source};
use crate::tui::action::Action;
use crate::tui::ctx::{Effect, Focus};
use crate::tui::outside::{Given, Visit};
use crate::tui::overlays::Overlay;
use crate::tui::pipe::Piping;

/// A value that is revealed is masked again after this time, or on another profile, whichever is first.
const REVEALED_FOR: Duration = Duration::from_secs(15);

/// What waits for its entry in the audit trail.
#[derive(Debug, Default)]
pub(super) struct Masking {
    last_ticket: u64,
    waiting: Vec<(u64, Wish)>,
    /// When the value that is revealed is masked again.
    until: Option<Instant>,
    /// To be said with what comes of an effect.
    aside: Option<&'static str>,
}

/// What is wished.
#[derive(Debug)]
enum Wish {
    /// A value of a row.
    Reveal(usize, String),
    /// All of them.
    ShowAll,
    /// A copy, an export.
    Happen(Effect),
}

impl App {
    /// Masks all, or shows all.
    pub(super) fn toggle_mask(&mut self) -> Turn {
        if !self.world.mask.is_on() {
            self.mask(true);
            let key = self.world.keys.first(Action::Reveal);
            return self
                .notice(format!("personal values are masked; {key} reveals the one under the cursor"));
        }
        let mut fields: Vec<String> = ["firstName", "lastName", "email", "phone"].map(str::to_owned).to_vec();
        fields.push("attributes".to_owned());
        self.record(Disclosure::Reveal, None, fields, 0, Wish::ShowAll)
    }

    /// Reveals the value under the cursor.
    pub(super) fn reveal(&mut self) -> Turn {
        if !self.world.mask.is_on() {
            let key = self.world.keys.first(Action::Mask);
            return self.notice(format!("nothing is masked; {key} masks personal values"));
        }
        let target = match self.world.focus {
            Focus::Profiles => self.profiles.under_cursor(),
            Focus::Detail => self.detail.under_cursor(),
            Focus::Builder | Focus::Activity => None,
        };
        let Some((row, path)) = target else {
            return self.notice("there is no value under the cursor".to_owned());
        };
        let below = format!("{path}.");
        let named = self.profiles.personal(row, &self.world.mask);
        let fields: Vec<String> = named
            .into_iter()
            .map(|(own, _)| own)
            .filter(|own| *own == path || own.starts_with(&below) || path.starts_with(&format!("{own}.")))
            .filter(|own| self.world.mask.hides(Some(row), own).is_some())
            .collect();
        if fields.is_empty() {
            return self.notice("what is under the cursor is not masked".to_owned());
        }
        let id = self.profiles.id(row);
        self.record(Disclosure::Reveal, id, fields, 1, Wish::Reveal(row, path))
    }

    /// Lets through what an action asks for; what takes personal values out of the table waits until that is recorded.
    pub(super) fn recorded(&mut self, turn: Turn) -> Turn {
        let mut out = Turn::changed(turn.changed);
        for effect in turn.effects {
            let turn = match self.disclosed(&effect) {
                Some((disclosure, id, fields, rows)) => {
                    self.record(disclosure, id, fields, rows, Wish::Happen(effect))
                }
                None => Turn::of(effect),
            };
            out = out.and(turn);
        }
        out
    }

    /// What of personal values an effect would disclose, and of whom.
    fn disclosed(&self, effect: &Effect) -> Option<(Disclosure, Option<String>, Vec<String>, u64)> {
        match effect {
            Effect::Copy(text) | Effect::Print(text) => {
                let (id, fields) = self.copied(text)?;
                Some((Disclosure::Copy, id, fields, 1))
            }
            Effect::Save(saving) => {
                let wire = |column: Column| match column.source {
                    Source::Field(field) => field.wire().to_owned(),
                    Source::Attribute(_) => column.name,
                };
                let fields = saving.spec.columns().into_iter().map(wire).collect();
                Some((Disclosure::Export, None, fields, saving.rows() as u64))
            }
            Effect::Pipe(Piping { given, .. }) | Effect::Visit(Visit { given, .. }) => self.handed_out(given),
            _ => None,
        }
    }

    /// What a program outside is given of personal values, and of whom.
    fn handed_out(&self, given: &Given) -> Option<(Disclosure, Option<String>, Vec<String>, u64)> {
        let row = self.profiles.selected();
        match given {
            Given::Rows { .. } => {
                let fields = self.profiles.query().map_or(FieldSet::ALL, Query::fields);
                let fields = fields.iter().map(|field| field.wire().to_owned()).collect();
                Some((Disclosure::Export, None, fields, given.len() as u64))
            }
            Given::Text(_) => {
                let personal = self.profiles.personal(row?, &self.world.mask);
                let mut fields: Vec<_> = personal.into_iter().map(|(path, _)| path).collect();
                fields.sort();
                fields.dedup();
                let id = self.profiles.id(row?);
                (!fields.is_empty()).then_some((Disclosure::Export, id, fields, 1))
            }
        }
    }

    /// Whose personal values are in a text that is copied, and which; `None`: nobody's.
    fn copied(&self, text: &str) -> Option<(Option<String>, Vec<String>)> {
        let mask = &self.world.mask;
        if let Some(Overlay::Column(panel)) = &self.overlay {
            let name = panel.name().to_owned();
            return mask.kind(&name).is_some().then_some((None, vec![name]));
        }
        let mut named: Vec<String> = mask.named_in(text).into_iter().map(|(path, _)| path).collect();
        let row = self.profiles.selected().filter(|_| self.overlay.is_none());
        if let Some(row) = row {
            let small = text.to_lowercase();
            let found = |(path, value): (String, String)| {
                (!value.is_empty() && small.contains(&value.to_lowercase())).then_some(path)
            };
            named.extend(self.profiles.personal(row, mask).into_iter().filter_map(found));
        }
        if named.is_empty() && mask.text(text) != text {
            named.push("text".to_owned());
        }
        named.sort();
        named.dedup();
        let id = row.and_then(|row| self.profiles.id(row));
        (!named.is_empty()).then_some((id, named))
    }

    /// Has a disclosure recorded, and the wish wait for that. Files have no trail: what is wished happens at once.
    fn record(
        &mut self,
        disclosure: Disclosure,
        id: Option<String>,
        fields: Vec<String>,
        rows: u64,
        wish: Wish,
    ) -> Turn {
        if self.looks_at_files() || self.replay.is_some() {
            return self.grant(wish, None);
        }
        if self.world.service.is_none() {
            let said = "not connected yet: nothing can be recorded, and so nothing is disclosed";
            return self.notice(said.to_owned());
        }
        let wire = |path: String| {
            let field = Field::ALL.into_iter().find(|field| field.key() == path);
            field.map_or(path, |field| field.wire().to_owned())
        };
        let fields = fields.into_iter().map(wire).collect();
        self.masking.last_ticket += 1;
        let ticket = self.masking.last_ticket;
        self.masking.waiting.push((ticket, wish));
        let note = Note { disclosure, id: id.map(Into::into), fields, rows };
        Turn::of(Effect::Engine(Command::Note(ticket, note)))
    }

    /// A disclosure is recorded, or cannot be.
    pub(super) fn noted(&mut self, ticket: u64, noted: Result<()>, at: Moment) -> Turn {
        let Some(place) = self.masking.waiting.iter().position(|(own, _)| *own == ticket) else {
            return Turn::default();
        };
        let (_, wish) = self.masking.waiting.remove(place);
        match noted {
            Ok(()) => self.grant(wish, Some(at)),
            Err(error) => {
                self.stays_masked(&error);
                Turn::CHANGED
            }
        }
    }

    /// The engine takes no note: nothing of what waits may happen.
    pub(super) fn note_undelivered(&mut self, ticket: u64) -> Turn {
        self.masking.waiting.retain(|(own, _)| *own != ticket);
        let what = "the background task does not take commands";
        self.stays_masked(&Error::new(Kind::Local, what, "", "leave and start again; the log says more"));
        Turn::CHANGED
    }

    fn stays_masked(&mut self, error: &Error) {
        let cause = [error.what.as_str(), error.cause.as_str()].into_iter().filter(|text| !text.is_empty());
        let cause = cause.collect::<Vec<_>>().join(": ");
        let what = if self.world.mask.is_on() {
            "the values stay masked, since that they are disclosed cannot be recorded"
        } else {
            "nothing was copied or written, since that cannot be recorded"
        };
        self.fail(vec![Error::new(Kind::Local, what, cause, error.remedy.clone())], None);
    }

    /// Does what was wished. `recorded`: when its entry was written; `None`: there is none to write.
    fn grant(&mut self, wish: Wish, recorded: Option<Moment>) -> Turn {
        let said = match recorded {
            Some(_) => "recorded in the audit trail",
            None if self.replay.is_some() => "a replay has no audit trail",
            None => "files have no audit trail",
        };
        match wish {
            Wish::ShowAll => {
                self.mask(false);
                self.notice(format!("personal values are shown; {said}"))
            }
            Wish::Reveal(row, path) => {
                if self.profiles.selected() != Some(row) {
                    return Turn::default();
                }
                self.world.mask.reveal(row, &path);
                self.masking.until = recorded.map(|at| later(at.now, REVEALED_FOR));
                self.detail.veil(&self.world.mask);
                let how_long = if recorded.is_some() { ", for 15 s or until another profile" } else { "" };
                self.notice(format!("revealed{how_long}; {said}"))
            }
            Wish::Happen(effect) => {
                self.masking.aside = (recorded.is_some() && self.world.mask.is_on()).then_some(said);
                Turn::of(effect)
            }
        }
    }

    pub(super) fn mask(&mut self, on: bool) {
        self.world.mask.set(on);
        self.masking.until = None;
        self.detail.veil(&self.world.mask);
        if let Some(Overlay::Exchange(panel)) = &mut self.overlay {
            panel.veil(&self.world.mask);
        }
    }

    /// What is said of an effect, with what is to be said beside it.
    pub(super) fn with_aside(&mut self, text: String) -> String {
        match self.masking.aside.take() {
            Some(aside) => format!("{text}; {aside}"),
            None => text,
        }
    }

    /// Masks the revealed value again once another profile is under the cursor.
    pub(super) fn conceal_elsewhere(&mut self) {
        if self.world.mask.revealed().is_some_and(|row| self.profiles.selected() != Some(row)) {
            self.conceal();
        }
    }

    /// Masks the revealed value again where its time is over.
    pub(super) fn conceal_in_time(&mut self, at: Moment) {
        if self.masking.until.is_some_and(|until| until <= at.now) {
            self.conceal();
        }
    }

    pub(super) fn conceal(&mut self) {
        self.masking.until = None;
        if self.world.mask.conceal() {
            self.detail.veil(&self.world.mask);
        }
    }

    /// When a revealed value is masked again by time alone.
    pub(super) fn mask_changes(&self) -> Option<Instant> {
        self.masking.until
    }
}
