//! Recording the session: begun and ended by a key, said while it goes on.

use std::path::PathBuf;

use super::{App, Moment, Turn};
use crate::engine::recording::{ENDING, Recording};
use crate::engine::text::clean;
use crate::tui::action::Action;
use crate::tui::ctx::Effect;
use crate::tui::figures;

/// Where recordings are put, and whether one is being made.
#[derive(Debug, Default)]
pub(super) struct Records {
    directory: Option<PathBuf>,
    on: bool,
    /// Whether one was asked for that has not begun.
    asked: bool,
}

impl App {
    /// Recordings that are begun by a key are put into this directory.
    pub fn records_in(&mut self, directory: PathBuf) {
        self.records.directory = Some(directory);
    }

    /// Begins a recording, or ends the one that is being made.
    pub(super) fn toggle_recording(&mut self, at: Moment) -> Turn {
        if self.looks_at_files() {
            return self.notice("files are read here: there is no session to record".to_owned());
        }
        if self.records.on {
            return Turn::of(Effect::Record(None));
        }
        let Some(directory) = self.records.directory.clone().filter(|_| !self.records.asked) else {
            return Turn::default();
        };
        self.records.asked = true;
        let (tenant, _) = self.whom();
        let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let tenant: String = tenant.chars().map(safe).take(60).collect();
        let time = at.wall.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y%m%d-%H%M%S");
        Turn::of(Effect::Record(Some(directory.join(format!("{tenant}-{time}.{ENDING}")))))
    }

    /// What became of a recording.
    pub(super) fn recording_told(&mut self, what: Recording, at: Moment) -> Turn {
        self.records.asked = false;
        self.records.on = matches!(what, Recording::Begun { .. });
        self.header.records(self.records.on);
        let said = match what {
            Recording::Begun { path, true_values } => {
                let values =
                    if true_values { "with TRUE personal values" } else { "personal values have stand-ins" };
                let key = self.world.keys.first(Action::Record);
                let path = clean(&path.display().to_string()).into_owned();
                self.note(format!("recording into {path}, {values}"), at);
                format!("recording, {values}; {key} ends it: {path}")
            }
            Recording::Whole { path, bytes } => {
                let path = clean(&path.display().to_string()).into_owned();
                let said = format!("recorded, {}: {path}", figures::bytes(bytes));
                self.note(said.clone(), at);
                said
            }
            Recording::Refused(error) | Recording::Lost(error) => {
                self.note(format!("{error}"), at);
                self.fail(vec![error], None);
                return Turn::CHANGED;
            }
        };
        self.notice(said)
    }
}
