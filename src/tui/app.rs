//! The state of the explorer, and what changes it: actions, keys, pastes and the engine's events.
//!
//! Plain data: no channel, no terminal, no clock. Drawing takes `&self` and cannot change anything.

mod arrange;
mod bounds;
mod builder;
mod columns;
mod compare;
mod copying;
mod detail;
mod exchange;
mod files;
mod freezing;
mod hearing;
mod history;
mod jump;
mod keys;
mod look;
mod masking;
mod mouse;
mod over;
mod palette;
mod piping;
mod reach;
mod reason;
mod recording;
mod replay;
mod running;
mod tenants;
mod tour;
mod view;
mod watch;
mod world;

use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::layout::Rect;
pub use world::{Moment, Start, Turn};

use bounds::Bounds;
use builder::Search;
use columns::Arrangements;
use compare::Held;
use freezing::Frozen;
use masking::Masking;
use mouse::Mouse;
use palette::Faulty;
use piping::Pipes;
use reach::Reach;
use reason::WhatFor;
use tour::Guide;
use world::World;

use super::action::{Action, Context};
use super::ctx::{Effect, Focus, Outcome};
use super::history::History;
use super::kept::Kept;
use super::keymap::Chord;
use super::layout::Splits;
use super::overlays::Overlay;
use super::overlays::column::ColumnPanel;
use super::overlays::help::Help;
use super::overlays::prompt::{Asks, Prompt};
use super::panes::activity::Activity;
use super::panes::builder::Builder;
use super::panes::detail::Detail;
use super::panes::files::Files;
use super::panes::header::Header;
use super::panes::profiles::Profiles;
use crate::config::OnChange;
use crate::engine::error::Error;
use crate::engine::event::{Command, ServiceInfo};
use crate::engine::query::QueryId;

/// The explorer.
#[derive(Debug)]
pub struct App {
    world: World,
    header: Header,
    builder: Builder,
    /// In the builder's place, where files are looked at.
    files: Files,
    profiles: Profiles,
    detail: Detail,
    detail_open: bool,
    activity: Activity,
    /// The profile that another is to be compared with.
    held: Option<Held>,
    overlay: Option<Overlay>,
    /// The run whose rows are shown; events of any other are stale.
    shown: QueryId,
    /// The person who is looked for.
    search: Search,
    /// How far runs go by themselves.
    reach: Reach,
    arrangements: Arrangements,
    /// What the sandbox is made to do wrong.
    faulty: Faulty,
    /// Bounds that were asked for and that no snapshot shows yet, and those that one showed before.
    wanted: Option<(Bounds, Bounds)>,
    /// Run as soon as the service is known.
    run_when_ready: bool,
    /// Why there is no service at all.
    broken: Option<Error>,
    /// Rows of the files that could not be read so far.
    unreadable: u32,
    /// Saved queries and what was run.
    history: History,
    /// The number of the last run, shown or not.
    numbered: u64,
    /// What is watched.
    watch: Option<watch::Watch>,
    on_change: OnChange,
    /// What a name is being asked for.
    naming: Option<history::Naming>,
    /// Said in the footer until the next key.
    notice: Option<String>,
    mouse: Mouse,
    masking: Masking,
    what_for: WhatFor,
    /// Keys that mean something only with those that follow.
    pending: Vec<Chord>,
    /// The picture that stands still.
    frozen: Option<Box<Frozen>>,
    /// Shell commands that were typed.
    pipes: Pipes,
    /// Whether a shell line waits for a choice (`--print`).
    picks: bool,
    /// Shows a newcomer around.
    guide: Guide,
    /// Where recordings are put, and whether one is being made.
    records: recording::Records,
    /// The recording that is replayed.
    replay: Option<replay::Replayed>,
}

impl App {
    /// An explorer on a query that is ready to run, outside any editor.
    pub fn new(start: Start) -> Self {
        // What there is to know of files is known before anything is read.
        let files = ServiceInfo {
            tenant: start.tenant.clone(),
            base_url: String::new(),
            sandbox: false,
            needs_reason: false,
            files: start.files,
        };
        let mut detail = Detail::new();
        detail.veil(&start.mask);
        let mut app = Self {
            world: World {
                theme: start.theme,
                keys: start.keys,
                // The machine's zone is a file to read: it comes after the first frame.
                zone: TimeZone::UTC,
                utc: None,
                size: Rect::default(),
                focus: Focus::Builder,
                zoomed: false,
                splits: Splits::default(),
                service: (!files.files.is_empty()).then(|| Arc::new(files)),
                limits: None,
                running: None,
                pull: start.pull,
                fault: None,
                mask: start.mask,
            },
            history: History::new(&start.tenant, start.sandbox),
            header: Header::new(start.tenant, start.sandbox).with_look(start.look),
            builder: Builder::new(start.draft),
            files: Files::new(),
            profiles: Profiles::new(start.budget),
            detail,
            detail_open: false,
            activity: Activity::new(),
            held: None,
            overlay: None,
            shown: QueryId::default(),
            search: Search::default(),
            reach: Reach::new(start.pause),
            arrangements: Arrangements::default(),
            faulty: Faulty::new(start.faults),
            wanted: None,
            run_when_ready: start.run,
            broken: None,
            unreadable: 0,
            numbered: 0,
            watch: None,
            on_change: start.on_change,
            naming: None,
            notice: None,
            mouse: Mouse::new(start.mouse),
            masking: Masking::default(),
            what_for: WhatFor::default(),
            pending: Vec::new(),
            frozen: None,
            pipes: Pipes::default(),
            picks: start.picks,
            guide: Guide::new(start.tour),
            records: recording::Records::default(),
            replay: None,
        };
        if !start.wrong.is_empty() {
            app.fail(start.wrong, None);
        }
        app
    }

    /// The zone that times are shown in.
    pub fn set_zone(&mut self, zone: TimeZone) {
        self.world.zone = zone;
    }

    /// What was kept of earlier sessions. To be called after the first frame: it reads files.
    pub fn remember(&mut self, kept: &Kept) -> Turn {
        self.pipes.remember(kept);
        self.guide.remember(kept);
        self.recall_columns(kept);
        self.detail.remember(kept);
        self.recall(kept);
        self.remember_builder(kept);
        self.recall_layout(kept)
    }

    /// The terminal has this size now.
    pub fn resize(&mut self, width: u16, height: u16) -> Turn {
        let size = Rect::new(0, 0, width, height);
        let changed = size != self.world.size;
        self.world.size = size;
        if changed {
            self.read_on();
            // The letters stand where nothing is any more.
            self.overlay.take_if(|overlay| matches!(overlay, Overlay::Jump(_)));
        }
        Turn::changed(changed)
    }

    /// Where the user is.
    pub fn context(&self) -> Context {
        if let Some(overlay) = &self.overlay {
            return overlay.context();
        }
        match self.world.focus {
            Focus::Builder | Focus::Activity if self.looks_at_files() => Context::Files,
            Focus::Builder if self.builder.is_editing() => Context::Editor,
            Focus::Profiles if self.profiles.is_editing() => Context::Editor,
            Focus::Detail if self.detail.is_editing() => Context::Editor,
            Focus::Builder => Context::Builder,
            Focus::Profiles => Context::Profiles,
            Focus::Detail => Context::Detail,
            Focus::Activity => Context::Activity,
        }
    }

    /// Text was pasted.
    pub fn paste(&mut self, text: &str, at: Moment) -> Turn {
        self.pending.clear();
        if let Some(overlay) = &mut self.overlay {
            return Turn::changed(overlay.paste(text));
        }
        let ctx = self.world.ctx(at, self.area_of(self.world.focus));
        let outcome = match self.world.focus {
            Focus::Builder if self.looks_at_files() => Outcome::IGNORED,
            Focus::Builder => self.builder.paste(text, &ctx),
            Focus::Profiles => self.profiles.paste(text, &ctx),
            Focus::Detail => self.detail.paste(text, &ctx),
            Focus::Activity => Outcome::IGNORED,
        };
        self.settle(outcome, at)
    }

    /// Does an action.
    pub fn act(&mut self, action: Action, at: Moment) -> Turn {
        if let Some(turn) = self.steer(action, at) {
            return turn;
        }
        if self.overlay.is_some() {
            return self.act_on_overlay(action, at);
        }
        let guided = self.guide(action);
        guided.and(self.act_on_panes(action, at))
    }

    fn act_on_panes(&mut self, action: Action, at: Moment) -> Turn {
        match action {
            Action::Run => self.run(at),
            Action::Find => self.find_person(),
            Action::QueryBefore => self.query_before(at),
            Action::ImportIds => self.ask_for_ids(),
            Action::FieldPresets => self.open_presets(),
            Action::Close => self.close(at),
            Action::Quit => self.quit(),
            Action::Palette => self.open_palette(),
            Action::History => self.open_history(at),
            Action::SaveQuery => self.ask_for_name(),
            Action::Tenants => self.list_tenants(),
            Action::Reason => self.ask_what_for(),
            Action::Watch => self.toggle_watch(),
            Action::MoreAtOnce | Action::FewerAtOnce | Action::Slower | Action::Faster => {
                self.change_bounds(action, at)
            }
            Action::GoOn => self.go_on(at),
            Action::PullMode => self.toggle_pull(at),
            Action::Mask => self.toggle_mask(),
            Action::Reveal => self.reveal(),
            Action::Suspend => Turn::of(Effect::Suspend),
            Action::Zoom => self.zoom(),
            Action::Jump => self.open_jump(at),
            Action::Mouse => self.toggle_mouse(),
            Action::SplitLeft | Action::SplitRight | Action::SplitUp | Action::SplitDown => {
                self.rearrange(action)
            }
            Action::ResetLayout => self.rearrange(action),
            Action::Help => {
                self.overlay = Some(Overlay::Help(Box::new(Help::new(self.context(), None))));
                Turn::CHANGED
            }
            Action::Statistics => {
                let effect = self.profiles.count();
                self.overlay = Some(Overlay::Column(Box::new(ColumnPanel::new(self.profiles.known()))));
                self.settle(Outcome { changed: true, effect }, at)
            }
            Action::Export if self.profiles.rows() > 0 => self.open_export(at),
            Action::GoTo if !self.profiles.is_empty() => {
                let about = format!("a number from 1 to {}", self.profiles.len());
                let prompt = Prompt::new(Asks::Row, "Go to row", about, "", Vec::new());
                self.overlay = Some(Overlay::Prompt(Box::new(prompt)));
                Turn::CHANGED
            }
            Action::CopyCurl if self.world.focus == Focus::Activity => self.copy_curl(),
            Action::CopyRow
            | Action::CopyId
            | Action::CopyJson
            | Action::CopyReceived
            | Action::CopyCurl
            | Action::CopyCommand => self.copy(action, at),
            Action::Pipe => self.ask_pipe(),
            Action::Pager | Action::OpenEditor => self.visit(action),
            Action::Freeze => self.freeze(at),
            Action::Record => self.toggle_recording(at),
            Action::Tour => self.begin_tour(),
            Action::Pick => self.pick(at),
            Action::Columns if !self.profiles.listed().is_empty() => self.open_columns(),
            Action::HideColumn
            | Action::ColumnLeft
            | Action::ColumnRight
            | Action::Narrower
            | Action::Wider
            | Action::Flatten => self.arrange(action, at),
            Action::Times => self.toggle_times(at),
            Action::Compare => self.compare(),
            Action::NextPane => self.cycle(true, at),
            Action::PreviousPane => self.cycle(false, at),
            Action::Look => self.look(at),
            Action::SendAgain => self.send_again(at),
            Action::TabAudit
            | Action::TabLatency
            | Action::TabLimits
            | Action::TabWebhooks
            | Action::TabLog => {
                let ctx = self.world.ctx(at, self.area_of(Focus::Activity));
                let outcome = self.activity.update(action, &ctx);
                self.settle(outcome, at)
            }
            // The table's cursor moves, and the open profile follows it.
            Action::NextProfile | Action::PreviousProfile => {
                let ctx = self.world.ctx(at, self.area_of(Focus::Profiles));
                let outcome = self.profiles.update(action, &ctx);
                self.settle(outcome, at)
            }
            _ => {
                let outcome = self.update_focused(action, at);
                self.settle(outcome, at)
            }
        }
    }

    /// Says something in the footer until the next key.
    pub fn notice(&mut self, text: String) -> Turn {
        self.notice = Some(self.with_aside(text));
        Turn::changed(true)
    }

    /// Close, clear, then cancel the run.
    fn close(&mut self, at: Moment) -> Turn {
        let outcome = self.update_focused(Action::Close, at);
        if outcome.changed || outcome.effect.is_some() {
            return self.settle(outcome, at);
        }
        if self.detail_open {
            self.close_detail();
            return Turn::changed(true);
        }
        if self.watch.is_some() {
            return self.stop_watching("no longer watching".to_owned());
        }
        match &mut self.world.running {
            // What was recorded goes on as it did.
            Some(running) if !running.cancelling && self.replay.is_none() => {
                running.cancelling = true;
                Turn { changed: true, effects: vec![Effect::Engine(Command::Cancel(running.id))] }
            }
            _ if std::mem::take(&mut self.run_when_ready) => Turn::CHANGED,
            _ => Turn::changed(self.guide.close()),
        }
    }

    fn quit(&mut self) -> Turn {
        let loses = self.world.running.is_some_and(|r| !r.cancelling && !r.paused);
        if loses && self.replay.is_none() {
            self.overlay = Some(Overlay::Confirm);
            return Turn::changed(true);
        }
        Turn::of(Effect::Quit)
    }

    fn update_focused(&mut self, action: Action, at: Moment) -> Outcome {
        let ctx = self.world.ctx(at, self.area_of(self.world.focus));
        match self.world.focus {
            Focus::Builder if self.looks_at_files() => self.files.update(action, &ctx),
            Focus::Builder => self.builder.update(action, &ctx),
            Focus::Profiles => self.profiles.update(action, &ctx),
            Focus::Detail => self.detail.update(action, &ctx),
            Focus::Activity => self.activity.update(action, &ctx),
        }
    }

    /// Carries from one pane to another what an outcome asks for.
    fn settle(&mut self, outcome: Outcome, at: Moment) -> Turn {
        let mut turn = Turn::changed(outcome.changed);
        match outcome.effect {
            Some(Effect::OpenProfile) => {
                self.detail_open = self.profiles.selected().is_some();
                if self.detail_open {
                    self.world.focus = Focus::Detail;
                }
                turn.changed = true;
            }
            Some(Effect::Say(text)) => turn = turn.and(self.notice(text)),
            Some(Effect::Act(action)) => turn = turn.and(self.act(action, at)),
            // Before the service is known there is nobody to plan; `Ready` asks again.
            Some(Effect::Engine(_)) if self.world.service.is_none() => {}
            Some(Effect::Engine(Command::Plan(ticket, query))) => {
                let query = self.faulty.past_cache(query);
                turn.effects.push(Effect::Engine(Command::Plan(ticket, query)));
            }
            Some(effect) => turn.effects.push(effect),
            None => {}
        }
        self.conceal_elsewhere();
        self.follow();
        turn.and(self.ask_jq()).and(self.pull_more(at))
    }

    /// The open profile is the one under the table's cursor.
    fn follow(&mut self) {
        if !self.detail_open {
            return;
        }
        match self.profiles.selected() {
            Some(row) if self.detail.row() == Some(row) => {}
            Some(row) => match self.profiles.profile(row) {
                Ok(Some(profile)) => self.detail.show(row, profile, self.profiles.past(row)),
                Ok(None) => self.close_detail(),
                Err(error) => {
                    self.close_detail();
                    self.fail_to_read(&error);
                }
            },
            None => self.close_detail(),
        }
    }

    fn close_detail(&mut self) {
        self.detail_open = false;
        self.detail.clear();
        if self.world.focus == Focus::Detail {
            self.world.focus = Focus::Profiles;
        }
    }

    fn cycle(&mut self, forth: bool, at: Moment) -> Turn {
        let mut panes = vec![Focus::Builder, Focus::Profiles, Focus::Activity];
        if self.detail_open {
            panes.insert(2, Focus::Detail);
        }
        let from = panes.iter().position(|f| *f == self.world.focus).unwrap_or(0);
        let next = (from + if forth { 1 } else { panes.len() - 1 }) % panes.len();
        self.focus(panes[next], at)
    }

    fn area_of(&self, focus: Focus) -> Rect {
        self.panes().map_or_else(Rect::default, |panes| panes.of(focus))
    }
}

#[cfg(test)]
mod tests;
