//! What the query builder and all of the explorer have to do with each other: looking for a person from anywhere.
//!
//! Whoever looks for a person has them on the phone. So the query that was there makes room, can be brought back, and
//! where nobody is found, the next way to ask is one key away.

use super::{App, Moment, Turn};
use crate::engine::error::Error;
use crate::engine::event::{Status, Summary};
use crate::engine::query::person::Reading;
use crate::engine::query::{Draft, Query, QueryId};
use crate::engine::text::{clean, fit};
use crate::tui::action::Action;
use crate::tui::ctx::{Effect, Focus, Outcome};
use crate::tui::figures;
use crate::tui::importing::{Imported, Importing};
use crate::tui::kept::{Keep, Kept, What};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::person::{Chosen, PersonPanel};
use crate::tui::overlays::presets::{self, LONGEST_NAME, Pick, Preset, Presets};
use crate::tui::overlays::prompt::{Asks, Prompt};

/// The file that segments are kept in: one a line.
const SEGMENTS: &str = "segments";
/// Segments that are offered at most.
const MOST_SEGMENTS: usize = 500;

/// The person who is looked for, and what was in the query before.
#[derive(Debug, Default)]
pub(super) struct Search {
    sought: Option<Sought>,
    /// The query that a person was looked for in place of.
    before: Option<Draft>,
    /// The query that was made for a person last.
    made: Option<Draft>,
    /// The filter of the run that is shown.
    filter: String,
    /// And its segments.
    segments: Vec<String>,
    /// The file of which a column is asked for.
    importing: Option<String>,
    /// Selections of fields that were saved.
    presets: Vec<Preset>,
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
    /// A run begins.
    pub(super) fn began(&mut self, query: &Query) {
        self.filter = query.filter().map_or_else(String::new, |filter| filter.as_str().to_owned());
        self.segments = query.segments().iter().map(|id| id.as_str().to_owned()).collect();
    }

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
            let said = format!("{find} Enter brings back {}", gist(&was));
            self.search.before = Some(was);
            self.notice(said)
        } else {
            Turn::default()
        };
        let turn = aimed.and(self.show_all_rows(at)).and(self.run(at));
        tried.retain(|other| *other != reading);
        tried.push(reading);
        // Before the service is there, the run has no number yet.
        let run = if self.world.running.is_some() { self.shown } else { QueryId(self.numbered + 1) };
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

    /// A run failed: where its filter is to blame and still stands there, the place is shown, and is one key away.
    pub(super) fn refused_filter(&mut self, error: &Error) {
        let same = self.builder.draft().filter.trim() == self.search.filter;
        // Whoever is typing goes on typing.
        if same
            && self.builder.refused(error)
            && self.world.focus == Focus::Profiles
            && !self.profiles.is_editing()
        {
            self.world.focus = Focus::Builder;
        }
    }

    /// Takes up what was kept for the builder.
    pub(super) fn remember_builder(&mut self, kept: &Kept) {
        self.search.presets = presets::read(&kept.read(presets::KEPT));
        let segments = kept.read(SEGMENTS);
        let lines: Vec<&str> = segments.lines().collect();
        // The last are those that were used last.
        let from = lines.len().saturating_sub(MOST_SEGMENTS);
        let _known = self.builder.know_segments(lines[from..].iter().map(|&line| line.to_owned()).collect());
    }

    /// A run is over: segments that brought rows are offered from now on.
    pub(super) fn know_segments(&mut self, summary: &Summary) -> Turn {
        // What stands for files is no segment.
        if self.looks_at_files() || summary.rows == 0 || summary.status != Status::Success {
            return Turn::default();
        }
        let new = self.builder.know_segments(self.search.segments.clone());
        let keep = |line| Effect::Keep(Keep { name: SEGMENTS, what: What::Line(line) });
        Turn { changed: false, effects: new.into_iter().map(keep).collect() }
    }

    /// Asks which file to take IDs from.
    pub(super) fn ask_for_ids(&mut self) -> Turn {
        let about =
            "the name of a file: one ID a line, or a CSV with a column `id` or another that you name then";
        self.ask(Prompt::new(Asks::IdsFile, "Import IDs", about, "", Vec::new()))
    }

    fn ask(&mut self, prompt: Prompt) -> Turn {
        self.overlay = Some(Overlay::Prompt(Box::new(prompt)));
        Turn::CHANGED
    }

    pub(super) fn import_file(&mut self, path: &str) -> Result<Outcome, String> {
        if path.is_empty() {
            return Err("name a file".to_owned());
        }
        self.search.importing = Some(path.to_owned());
        Ok(Outcome::effect(Effect::Import(Importing { path: path.to_owned(), column: None })))
    }

    pub(super) fn import_column(&mut self, column: &str) -> Result<Outcome, String> {
        match &self.search.importing {
            Some(path) if !column.is_empty() => {
                let (path, column) = (path.clone(), Some(column.to_owned()));
                Ok(Outcome::effect(Effect::Import(Importing { path, column })))
            }
            _ => Err("name a column".to_owned()),
        }
    }

    /// A file was read, or not.
    pub fn imported(&mut self, imported: Imported, at: Moment) -> Turn {
        match imported {
            Imported::Ids { path, ids } => {
                let ctx = self.world.ctx(at, self.area_of(Focus::Builder));
                let outcome = self.builder.import(ids, &path, &ctx);
                self.settle(outcome, at)
            }
            // Whoever went on to something else is not asked.
            Imported::WhichColumn { .. } if self.overlay.is_some() => Turn::default(),
            Imported::WhichColumn { path, columns } => {
                let named: Vec<_> = columns.iter().map(|name| clean(name).into_owned()).collect();
                let about = format!("{} has the columns {}", clean(&path), named.join(", "));
                self.search.importing = Some(path);
                self.ask(Prompt::new(Asks::IdsColumn, "Import IDs from the column", about, "", Vec::new()))
            }
            Imported::Failed(errors) => {
                self.fail(errors, None);
                Turn::CHANGED
            }
        }
    }

    /// Lists the selections of fields.
    pub(super) fn open_presets(&mut self) -> Turn {
        let presets = Presets::new(self.builder.fields(), &self.search.presets);
        self.overlay = Some(Overlay::Presets(Box::new(presets)));
        Turn::CHANGED
    }

    /// Does what the line under the cursor says.
    pub(super) fn pick_preset(&mut self, at: Moment) -> Turn {
        let Some(Overlay::Presets(presets)) = &self.overlay else { return Turn::default() };
        match presets.pick() {
            Pick::Select(fields) => {
                self.overlay = None;
                let ctx = self.world.ctx(at, self.area_of(Focus::Builder));
                let outcome = self.builder.select_fields(fields, &ctx);
                self.settle(outcome, at).and(Turn::CHANGED)
            }
            Pick::Save => {
                let about = format!("a name for {}; one that is taken is replaced", self.builder.fields());
                self.ask(Prompt::new(Asks::PresetName, "Save these fields", about, "", Vec::new()))
            }
        }
    }

    pub(super) fn save_preset(&mut self, name: &str) -> Result<Outcome, String> {
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(format!("a name has 1 to {LONGEST_NAME} characters"));
        }
        if presets::is_ours(name) {
            return Err(format!("{name} is always there: choose another name"));
        }
        let fields = self.builder.fields();
        self.search.presets.retain(|preset| preset.name != name);
        if self.search.presets.len() >= presets::MOST {
            return Err(format!("{} are saved: forget one of them first", presets::MOST));
        }
        self.search.presets.push(Preset { name: name.to_owned(), fields });
        let presets = self.world.keys.first(Action::FieldPresets);
        self.notice = Some(format!("saved; {presets} selects these fields again"));
        Ok(Outcome::effect(self.keep_presets()))
    }

    /// Forgets the saved selection under the cursor.
    pub(super) fn forget_preset(&mut self) -> Turn {
        let Some(Overlay::Presets(presets)) = &mut self.overlay else { return Turn::default() };
        let Some(name) = presets.saved().map(str::to_owned) else {
            return self.notice("this one is always there".to_owned());
        };
        presets.forget(&name);
        self.search.presets.retain(|preset| preset.name != name);
        Turn { changed: true, effects: vec![self.keep_presets()] }
    }

    fn keep_presets(&self) -> Effect {
        let text = presets::write(&self.search.presets);
        Effect::Keep(Keep { name: presets::KEPT, what: What::Whole(text) })
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
        if summary.status != Status::Success || summary.came() > 0 {
            // Who is withheld was found.
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
        let filter = clean(draft.filter.trim()).into_owned();
        parts.push(format!("filter {}", fit(&filter, 40)));
    }
    parts.join(", ")
}
