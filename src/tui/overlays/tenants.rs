//! Whom to ask: the tenants that are configured, and the sandbox.
//!
//! ```text
//! ┌ Tenants ───────────────────────────────────────────────────────────┐
//! │ type a few letters                                          3 of 3 │
//! │▌acme     https://acme.my.cxone.com                 PRODUCTION here │
//! │ beta     CXONE_CLIENT_SECRET is not set                 incomplete │
//! │ sandbox  made-up people on this machine                            │
//! │ https://acme.my.cxone.com                                          │
//! └ Enter ask it  Up Down select  Esc close ───────────────────────────┘
//! ```

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list;
use crate::engine::text::clean;
use crate::tui::action::{Action, Context};
use crate::tui::ctx::Ctx;
use crate::tui::tenants::{Tenant, Whom};
use crate::tui::widgets::{Item, Picker, Words};

const WORDS: Words = Words { invitation: "type a few letters", none: "no tenant is called like this" };

/// The open list.
#[derive(Debug)]
pub struct TenantsList {
    list: Picker<Whom>,
    /// Whom to ask once it is said again, for a run would be lost.
    sure: Option<Whom>,
}

impl TenantsList {
    /// These can be asked; one of them is, by its name and whether it is the sandbox.
    pub fn new(tenants: &[Tenant], asked: (&str, bool)) -> Self {
        let is_here = |tenant: &Tenant| match &tenant.whom {
            Whom::Sandbox => asked.1,
            _ => !asked.1 && tenant.name == asked.0,
        };
        let item = |tenant: &Tenant| {
            let about = match (&tenant.lacks, &tenant.whom) {
                (Some(error), _) => format!("{}: {}", clean(&error.cause), clean(&error.remedy)),
                (None, Whom::Sandbox) => "made-up people on this machine".to_owned(),
                (None, _) => clean(&tenant.base_url).into_owned(),
            };
            let words = [
                tenant.look.production.then_some("PRODUCTION"),
                tenant.lacks.is_some().then_some("incomplete"),
                is_here(tenant).then_some("here"),
            ];
            Item {
                value: tenant.whom.clone(),
                name: clean(&tenant.name).into_owned(),
                about,
                aside: words.into_iter().flatten().collect::<Vec<_>>().join(" "),
            }
        };
        let mut list = Picker::new(tenants.iter().map(item).collect());
        let here = tenants.iter().find(|tenant| is_here(tenant)).map(|tenant| tenant.whom.clone());
        list.select_where(|item| Some(&item.value) == here.as_ref());
        Self { list, sure: None }
    }

    /// Whom to ask. Where a run would be lost, it takes to be said twice.
    pub fn choose(&mut self, loses: bool) -> Option<Whom> {
        let whom = self.list.choice()?.value.clone();
        if loses && self.sure.as_ref() != Some(&whom) {
            self.sure = Some(whom);
            return None;
        }
        Some(whom)
    }

    /// A key that is text; says whether anything changed.
    pub fn input(&mut self, key: KeyEvent, ctx: &Ctx<'_>) -> bool {
        let unsure = self.sure.take().is_some();
        self.list.input(key, list::height(ctx.area)) || unsure
    }

    /// Pasted text; its first line counts.
    pub fn paste(&mut self, text: &str) -> bool {
        let unsure = self.sure.take().is_some();
        self.list.paste(text) || unsure
    }

    /// Moves; says whether anything moved.
    pub fn select(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        let unsure = self.sure.take().is_some();
        self.list.select(action, list::height(ctx.area)) || unsure
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let hint = if self.sure.is_some() { "again: stops the run and asks it" } else { "ask it" };
        list::view(
            &self.list,
            "Tenants",
            WORDS,
            (Context::Tenants, &[(Action::Choose, hint)]),
            ctx,
            area,
            buf,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Look;
    use crate::engine::error::Error;
    use crate::tui::ctx::fixture;
    use crate::tui::overlays::Overlay;
    use crate::tui::theme::ThemeChoice;

    fn tenants() -> Vec<Tenant> {
        let tenant = |name: &str, base_url: &str| Tenant {
            whom: Whom::Tenant(name.into()),
            name: name.into(),
            base_url: base_url.into(),
            lacks: None,
            look: Look::default(),
        };
        let error =
            Error::usage("x", "CXONE_CLIENT_SECRET is not set", "set it, or client_secret_file in the file");
        vec![
            Tenant {
                look: Look { colour: None, production: true },
                ..tenant("acme", "https://acme.my.cxone.com")
            },
            Tenant { lacks: Some(error), ..tenant("beta", "https://beta.my.cxone.com") },
            Tenant { whom: Whom::Sandbox, ..tenant("sandbox", "") },
        ]
    }

    fn drawn(list: TenantsList, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
        fixture::drawn(choice, size, |ctx, area, buf| Overlay::Tenants(Box::new(list)).view(ctx, area, buf))
    }

    #[test]
    fn every_theme_and_size() {
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(
                TenantsList::new(&tenants(), ("acme", false)),
                choice,
                (80, 24)
            ));
        }
        let mut sure = TenantsList::new(&tenants(), ("sandbox", true));
        assert_eq!(sure.choose(true), None);
        insta::assert_debug_snapshot!(drawn(sure, ThemeChoice::Dark, (60, 16)));
        insta::assert_debug_snapshot!(drawn(TenantsList::new(&[], ("", false)), ThemeChoice::Dark, (60, 16)));
        for size in [(0, 0), (1, 1), (3, 9), (9, 3), (300, 100)] {
            let _buf = drawn(TenantsList::new(&tenants(), ("beta", false)), ThemeChoice::Plain, size);
        }
    }
}
