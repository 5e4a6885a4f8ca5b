//! What lies over the panes: what an action does there, and what it is told.

use super::{App, Moment, Turn};
use crate::engine::error::Error;
use crate::engine::query::FieldSet;
use crate::export::Spec;
use crate::tui::action::{Action, Context};
use crate::tui::ctx::{Effect, Focus, Outcome};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::error::ErrorPanel;
use crate::tui::overlays::help::Help;
use crate::tui::overlays::prompt::Asks;
use crate::tui::overlays::saving::SavePanel;
use crate::tui::saving::Told;

impl App {
    /// How far rows are that are being written.
    pub fn saved(&mut self, told: Told) -> Turn {
        if let Some(Overlay::Save(panel)) = &mut self.overlay {
            panel.told(told);
        }
        Turn::CHANGED
    }

    /// What the open panel says of its column follows the rows.
    pub(super) fn know_column(&mut self) -> Turn {
        match &mut self.overlay {
            Some(Overlay::Columns(panel)) => return Turn::changed(panel.know(self.profiles.listed())),
            Some(Overlay::Save(panel)) => return Turn::changed(panel.know(self.profiles.offer())),
            _ => {}
        }
        let Some(Overlay::Column(panel)) = &mut self.overlay else { return Turn::default() };
        let changed = panel.know(self.profiles.known());
        let effects = self.profiles.count().into_iter().collect();
        Turn { changed, effects }
    }

    /// Asks what of the table is to be written where.
    pub(super) fn open_export(&mut self, at: Moment) -> Turn {
        let name = self.world.zone.to_datetime(at.wall).strftime("profiles-%Y%m%d-%H%M.csv").to_string();
        self.overlay = Some(Overlay::Save(Box::new(SavePanel::new(&name, self.profiles.offer()))));
        Turn::CHANGED
    }

    pub(super) fn fail(&mut self, errors: Vec<Error>, kept: Option<u64>) {
        let goes_on = kept.is_some() && self.reach.place.is_some();
        let panel = Box::new(ErrorPanel::new(errors, kept, goes_on));
        if let Some(Overlay::Palette(palette)) = &mut self.overlay {
            // Letters that are on their way must not be taken for the panel's keys.
            palette.behind = Some(panel);
            self.notice = Some("an error waits behind this; Esc shows it".to_owned());
        } else {
            self.overlay = Some(Overlay::Error(panel));
        }
    }

    /// A line that was asked for is taken. Whoever refuses it says why in the prompt, which stays open with it.
    fn answered(&mut self, asks: Asks, line: &str, at: Moment) -> Turn {
        let outcome = match asks {
            Asks::Row => {
                let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
                let outcome = self.profiles.go_to(line, &ctx);
                self.taken(outcome, at)
            }
            // What comes of it takes the prompt's place.
            Asks::Pipe => match self.pipe(line) {
                Ok(turn) => return turn,
                Err(why) => Err(why),
            },
            Asks::QueryName => self.named(line, at),
            Asks::Watch => self.watch_every(line, at),
            Asks::Reason => self.said_what_for(line, at),
            Asks::IdsFile => {
                let outcome = self.import_file(line);
                self.taken(outcome, at)
            }
            Asks::IdsColumn => {
                let outcome = self.import_column(line);
                self.taken(outcome, at)
            }
            Asks::PresetName => {
                let outcome = self.save_preset(line);
                self.taken(outcome, at)
            }
        };
        match (outcome, &mut self.overlay) {
            (Err(why), Some(Overlay::Prompt(prompt))) => {
                prompt.refuse(why);
                Turn::CHANGED
            }
            (Err(_), _) => Turn::default(),
            (Ok(turn), _) => turn.and(Turn::CHANGED),
        }
    }

    /// The line was taken: the prompt closes, and what comes of it happens.
    fn taken(&mut self, outcome: Result<Outcome, String>, at: Moment) -> Result<Turn, String> {
        let outcome = outcome?;
        self.overlay = None;
        Ok(self.settle(outcome, at))
    }

    pub(super) fn act_on_overlay(&mut self, action: Action, at: Moment) -> Turn {
        let elsewhere = self.act_on_history(action, at).or_else(|| self.act_on_tenants(action));
        if let Some(turn) = elsewhere.or_else(|| self.act_on_exchange(action, at)) {
            return turn;
        }
        let area = self.area_of(Focus::Profiles);
        match (action, &mut self.overlay) {
            (Action::Quit, Some(Overlay::Confirm)) => Turn::of(Effect::Quit),
            (Action::Quit, _) => self.quit(),
            (Action::Suspend, _) => Turn::of(Effect::Suspend),
            (Action::Mask, _) => self.toggle_mask(),
            (Action::Help, Some(Overlay::Error(_))) => {
                let behind = match self.overlay.take() {
                    Some(Overlay::Error(panel)) => Some(panel),
                    _ => None,
                };
                self.overlay = Some(Overlay::Help(Box::new(Help::new(Context::Error, behind))));
                Turn::CHANGED
            }
            (Action::Choose | Action::Answer, Some(Overlay::Help(help))) => {
                let Some(action) = help.choice(&self.world.keys) else { return Turn::default() };
                self.overlay = help.behind.take().map(Overlay::Error);
                self.act(action, at).and(Turn::CHANGED)
            }
            (Action::Search, Some(Overlay::Help(help))) => {
                help.search();
                Turn::CHANGED
            }
            (Action::Close | Action::Help, Some(Overlay::Help(help))) => {
                let cleared = action == Action::Close && help.clear();
                if !cleared {
                    self.overlay = help.behind.take().map(Overlay::Error);
                }
                Turn::CHANGED
            }
            (Action::Choose, Some(Overlay::Palette(_))) => self.choose(at),
            (Action::Choose, Some(Overlay::Presets(_))) => self.pick_preset(at),
            (Action::Clear, Some(Overlay::Presets(_))) => self.forget_preset(),
            (Action::Close, Some(Overlay::Palette(palette))) => {
                self.overlay = palette.behind.take().map(Overlay::Error);
                Turn::changed(true)
            }
            (Action::FilterBy, Some(Overlay::Column(panel))) => {
                let Some((kind, value)) = panel.value() else { return Turn::default() };
                let ctx = self.world.ctx(at, area);
                let outcome = self.profiles.filter_by(kind, value, &ctx);
                self.overlay = None;
                self.profiles.count_no_more();
                self.settle(outcome, at)
            }
            (Action::Write, Some(Overlay::Save(panel))) => {
                if panel.is_over() {
                    self.overlay = None;
                    return Turn::changed(true);
                }
                let Some((stopped, replace)) = panel.begin() else { return Turn::changed(true) };
                let Some(format) = panel.format() else { return Turn::changed(true) };
                let mut spec = Spec::new(format, FieldSet::ALL);
                spec.csv.flatten = panel.is_flat();
                let what = (panel.which(), panel.is_as_shown());
                let saving = self.profiles.saving(panel.path(), spec, what, replace, stopped);
                panel.writes(saving.rows() as u64);
                Turn { changed: true, effects: vec![Effect::Save(Box::new(saving))] }
            }
            (Action::Find, _) => self.find_person(),
            (Action::Answer, Some(Overlay::Person(_))) => self.find_chosen(at),
            (Action::Answer, Some(Overlay::Prompt(prompt))) => {
                let (asks, line) = (prompt.asks(), prompt.line().to_owned());
                self.answered(asks, &line, at)
            }
            (Action::EachAttribute, Some(Overlay::Save(panel))) => Turn::changed(panel.flatten()),
            (Action::Close, Some(Overlay::Save(panel))) if panel.stop() => Turn::changed(true),
            (Action::Close, Some(Overlay::Output(panel))) => {
                // First it is stopped, and what it wrote can be read.
                if !panel.stop() {
                    self.overlay = None;
                }
                Turn::CHANGED
            }
            (Action::Copy, Some(Overlay::Output(panel))) => Turn::of(Effect::Copy(panel.text())),
            (
                Action::Toggle
                | Action::Pin
                | Action::Clear
                | Action::HideColumn
                | Action::ColumnLeft
                | Action::ColumnRight
                | Action::Narrower
                | Action::Wider,
                Some(Overlay::Columns(_)),
            ) => self.arrange(action, at),
            (Action::Copy, Some(Overlay::Column(panel))) => {
                let value = panel.value().map(|(_, value)| value.to_owned());
                value.map_or_else(Turn::default, |value| Turn::of(Effect::Copy(value)))
            }
            (Action::Copy, Some(Overlay::Compare(compare))) => {
                compare.line().map_or_else(Turn::default, |line| Turn::of(Effect::Copy(line)))
            }
            (Action::CopyProfile, Some(Overlay::Compare(compare))) => Turn::of(Effect::Copy(compare.lines())),
            (Action::Close | Action::Help, _) => {
                self.overlay = None;
                self.profiles.count_no_more();
                Turn::changed(true)
            }
            (Action::Run, Some(Overlay::Error(_))) => {
                self.overlay = None;
                self.run(at).and(Turn::changed(true))
            }
            (Action::GoOn, Some(Overlay::Error(_))) => self.go_on(at),
            (Action::Copy, Some(Overlay::Error(panel))) => Turn::of(Effect::Copy(panel.text())),
            (action, Some(overlay)) => {
                let ctx = self.world.ctx(at, self.world.size);
                Turn::changed(overlay.scroll(action, &ctx))
            }
            (_, None) => Turn::default(),
        }
    }
}
