//! Comparing: a profile is held, another is chosen, and what differs lies over the panes.

use super::{App, Turn};
use crate::engine::error::{Error, Kind};
use crate::engine::pipeline::profile::Profile;
use crate::engine::query::QueryId;
use crate::engine::text::{clean, fit};
use crate::tui::action::Action;
use crate::tui::overlays::Overlay;
use crate::tui::overlays::compare::Compare;

/// The profile that another is to be compared with.
#[derive(Debug)]
pub(super) struct Held {
    run: QueryId,
    row: usize,
    profile: Profile,
}

impl App {
    /// Holds the profile under the cursor; where one is held, compares the two; lets go of the one that is held.
    pub(super) fn compare(&mut self) -> Turn {
        let Some(row) = self.profiles.selected() else { return Turn::default() };
        let profile = match self.profiles.profile(row) {
            Ok(Some(profile)) => profile,
            Ok(None) => return Turn::default(),
            Err(error) => {
                self.fail_to_read(&error);
                return Turn::CHANGED;
            }
        };
        let (name, key) = (name(&profile), self.world.keys.first(Action::Compare));
        match &self.held {
            None => {
                self.held = Some(Held { run: self.shown, row, profile });
                self.notice(format!("{name} is held: {key} on another profile compares the two"))
            }
            Some(held) if (held.run, held.row) == (self.shown, row) => {
                self.held = None;
                self.notice(format!("{name} is held no more"))
            }
            Some(held) => {
                let before = self::name(&held.profile);
                let names = if before == name {
                    [format!("{before}, held"), format!("{name}, now")]
                } else {
                    [before, name]
                };
                let compare = Compare::new(names, &held.profile, &profile, &self.world.mask);
                self.overlay = Some(Overlay::Compare(Box::new(compare)));
                Turn::CHANGED
            }
        }
    }

    /// Says that a profile cannot be read any more.
    pub(super) fn fail_to_read(&mut self, error: &std::io::Error) {
        let what = "this profile as it was received";
        let cause = format!("the temporary file that it lies in cannot be read: {error}");
        let remedy = "run the query again; a larger memory in the configuration needs no such file";
        self.fail(vec![Error::new(Kind::Local, what, cause, remedy)], None);
    }
}

/// What a profile is called, safe to print.
fn name(profile: &Profile) -> String {
    let id = profile.id().map_or("a profile without an ID", |id| id.raw());
    fit(&clean(&id[..id.floor_char_boundary(200)]), 40).into_owned()
}
