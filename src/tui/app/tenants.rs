//! Asking another tenant: what is shown of the one before goes, and what the next one says is all that counts.

use super::builder::Search;
use super::masking::Masking;
use super::palette::Faulty;
use super::reason::WhatFor;
use super::{App, Moment, Turn};
use crate::engine::error::Error;
use crate::tui::action::Action;
use crate::tui::ctx::{Effect, Focus};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::tenants::TenantsList;
use crate::tui::panes::header::Header;
use crate::tui::tenants::{EVERYBODY, Session, Tenant, Whom};

impl App {
    /// Asks who can be asked.
    pub(super) fn list_tenants(&mut self) -> Turn {
        if self.looks_at_files() {
            return self
                .notice("files are read here: start cxlens without a file to ask a tenant".to_owned());
        }
        Turn::of(Effect::ListTenants)
    }

    /// These can be asked.
    pub fn tenants(&mut self, tenants: Result<Vec<Tenant>, Error>) -> Turn {
        match tenants {
            Ok(tenants) => {
                let (name, sandbox) = self.whom();
                let list = TenantsList::new(&tenants, (&name, sandbox));
                self.overlay = Some(Overlay::Tenants(Box::new(list)));
            }
            Err(error) => self.fail(vec![error], None),
        }
        Turn::CHANGED
    }

    /// What an action does in the list; `None`: nothing of its own.
    pub(super) fn act_on_tenants(&mut self, action: Action) -> Option<Turn> {
        let loses = self.world.running.is_some_and(|running| !running.cancelling && !running.paused);
        let here = self.broken.is_none().then(|| self.whom());
        match (action, &mut self.overlay) {
            (Action::Choose, Some(Overlay::Tenants(list))) => {
                let Some(whom) = list.choose(false) else { return Some(Turn::default()) };
                if here.is_some_and(|here| is_here(&whom, &here)) {
                    self.overlay = None;
                    return Some(self.notice("this one is asked already".to_owned()));
                }
                let sure = list.choose(loses);
                Some(sure.map_or(Turn::CHANGED, |whom| Turn::of(Effect::Open(whom))))
            }
            _ => None,
        }
    }

    /// The session that was asked for cannot begin; the one before goes on.
    pub fn unopened(&mut self, error: Error) -> Turn {
        self.fail(vec![error], None);
        Turn::CHANGED
    }

    /// Another session has begun, and the one before is over: nothing of it is shown any more.
    pub fn opened(&mut self, session: Session, at: Moment) -> Turn {
        let (before, was_sandbox) = self.whom();
        let Session { tenant, sandbox, look, faults, mask, page_size, retention_days } = session;
        // What the one before may still say is none of any run that will be shown.
        self.shown = self.number();
        (self.watch, self.search) = (None, Search::default());
        self.what_for = WhatFor::default();
        // Who masked values did so because of who looks on.
        let masked = self.world.mask.is_on();
        (self.masking, self.world.mask) = (Masking::default(), mask);
        if masked && !self.world.mask.is_on() {
            self.mask(true);
        }
        self.header = Header::new(tenant.clone(), sandbox).with_look(look);
        self.history.turn_to(&tenant, sandbox);
        self.faulty = Faulty::new(faults);
        self.activity.clear();
        self.profiles.clear();
        self.detail.clear();
        self.detail_open = false;
        self.overlay = None;
        (self.wanted, self.broken, self.run_when_ready) = (None, None, false);
        (self.world.service, self.world.limits) = (None, None);
        (self.world.running, self.world.fault) = (None, None);
        self.reach.place = None;
        self.world.focus = Focus::Builder;
        let mut draft = self.builder.draft();
        (draft.page_size, draft.retention_days) = (page_size, retention_days);
        let asks_nothing = draft.ids.is_empty() && draft.filter.trim().is_empty();
        if asks_nothing && was_sandbox && !sandbox && draft.segments == [EVERYBODY] {
            // The sandbox's own; no tenant has it.
            draft.segments.clear();
        } else if asks_nothing && sandbox && draft.segments.is_empty() {
            draft.segments.push(EVERYBODY.to_owned());
        }
        self.builder.fill(draft);
        self.note(format!("{tenant} is asked from now on, and {before} no longer"), at);
        self.notice(format!("{tenant} is asked from now on"))
    }
}

fn is_here(whom: &Whom, (tenant, sandbox): &(String, bool)) -> bool {
    match whom {
        Whom::Sandbox => *sandbox,
        Whom::Tenant(name) => !sandbox && name == tenant,
        Whom::Environment => false,
    }
}
