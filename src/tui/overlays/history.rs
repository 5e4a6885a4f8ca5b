//! Saved queries and what was run, in one list: found by some letters, and back in the builder with a key.
//!
//! ```text
//! ┌ Saved and history ─────────────────────────────────────────────────┐
//! │ type a few letters                                          5 of 5 │
//! │▌★ premium  segments SEG-PREMIUM-01                           saved │
//! │ SEG-ALL    1,250 rows in 2.3 s                      today 12:01    │
//! │ segments SEG-PREMIUM-01                                            │
//! └ Enter fill in  Ctrl-R run  Ctrl-S name  Delete remove  Esc close ──┘
//! ```

use crossterm::event::KeyEvent;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list;
use crate::engine::query::Draft;
use crate::engine::text::clean;
use crate::tui::action::{Action, Context};
use crate::tui::ctx::Ctx;
use crate::tui::history::{Asked, History, gist, outcome, whole};
use crate::tui::widgets::{Item, Picker, Words};

const WORDS: Words = Words { invitation: "type a few letters", none: "nothing like this was saved or run" };

/// What is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// What stood in the builder before.
    PutAside(Draft),
    /// The saved query of this name.
    Saved(String, Draft),
    /// Runs of this query.
    Ran(Draft),
}

impl Choice {
    /// The query.
    pub fn query(&self) -> &Draft {
        match self {
            Self::PutAside(query) | Self::Saved(_, query) | Self::Ran(query) => query,
        }
    }
}

/// The open list.
#[derive(Debug)]
pub struct HistoryList {
    list: Picker<Choice>,
    /// What goes when its key is pressed once more.
    doomed: Option<Choice>,
}

impl HistoryList {
    /// All that was kept.
    pub fn new(history: &History, ctx: &Ctx<'_>) -> Self {
        Self { list: Picker::new(items(history, ctx)), doomed: None }
    }

    /// There is something else in it now; what was typed stays.
    pub fn refresh(&mut self, history: &History, ctx: &Ctx<'_>) {
        self.list.replace(items(history, ctx));
        self.doomed = None;
    }

    /// What is selected.
    pub fn choice(&self) -> Option<&Choice> {
        self.list.choice().map(|item| &item.value)
    }

    /// What is selected is to be removed: the first time it is only marked, the second time it is given.
    pub fn remove(&mut self) -> Option<Choice> {
        let choice = self.choice().cloned();
        if choice == self.doomed {
            return self.doomed.take();
        }
        self.doomed = choice;
        None
    }

    /// Nothing is to be removed after all; says whether something was.
    pub fn spare(&mut self) -> bool {
        self.doomed.take().is_some()
    }

    /// A key that is text; says whether anything changed.
    pub fn input(&mut self, key: KeyEvent, ctx: &Ctx<'_>) -> bool {
        let spared = self.spare();
        self.list.input(key, list::height(ctx.area)) || spared
    }

    /// Pasted text; its first line counts.
    pub fn paste(&mut self, text: &str) -> bool {
        let spared = self.spare();
        self.list.paste(text) || spared
    }

    /// Moves; says whether anything moved.
    pub fn select(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        let spared = self.spare();
        self.list.select(action, list::height(ctx.area)) || spared
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let all = [
            (Action::Choose, "fill in"),
            (Action::Run, "run"),
            (Action::SaveQuery, "name"),
            (Action::Clear, "remove"),
        ];
        let keys = if self.doomed.is_some() { &[(Action::Clear, "again removes it")][..] } else { &all };
        let none = if self.list.items().is_empty() { "nothing was saved or run yet" } else { WORDS.none };
        let words = Words { none, ..WORDS };
        list::view(&self.list, "Saved and history", words, (Context::History, keys), ctx, area, buf);
    }
}

fn items(history: &History, ctx: &Ctx<'_>) -> Vec<Item<Choice>> {
    let star = ctx.theme.symbols.saved;
    let tenant = ctx.service.map(|service| service.tenant.as_str());
    let item = |asked: Asked<'_>| {
        let query = asked.query().clone();
        let veiled = |text: String| ctx.mask.text(&text).into_owned();
        let (said, whole) = (veiled(gist(&query)), veiled(whole(&query)));
        match asked {
            Asked::PutAside(_) => Item {
                value: Choice::PutAside(query),
                name: format!("  {said}"),
                about: format!("stood in the builder before: {whole}"),
                aside: "put aside".to_owned(),
            },
            Asked::Saved(saved) => Item {
                value: Choice::Saved(saved.name.clone(), query),
                name: format!("{star} {}", clean(&saved.name)),
                about: whole,
                // The sandbox's own name is nobody's.
                aside: match tenant {
                    Some(tenant) if tenant == saved.tenant => "saved".to_owned(),
                    _ => format!("saved at {}", clean(&saved.tenant)),
                },
            },
            Asked::Ran(ran) => Item {
                value: Choice::Ran(query),
                name: format!("  {said}"),
                about: format!("{}  {whole}", outcome(ran)),
                aside: when(&ran.at, ctx),
            },
        }
    };
    history.all().into_iter().map(item).collect()
}

/// `12:01` today, `4 Mar 12:01` this year, else `2025-03-04`.
fn when(at: &str, ctx: &Ctx<'_>) -> String {
    let Ok(at) = at.parse::<jiff::Timestamp>() else { return String::new() };
    let zone: &TimeZone = ctx.zone;
    let (then, now) = (zone.to_datetime(at), zone.to_datetime(ctx.wall));
    if then.date() == now.date() {
        then.strftime("%H:%M").to_string()
    } else if then.year() == now.year() {
        then.strftime("%-d %b %H:%M").to_string()
    } else {
        then.strftime("%Y-%m-%d").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::{Status, Summary};
    use crate::engine::query::QueryId;
    use crate::tui::ctx::fixture::{self, World};
    use crate::tui::overlays::Overlay;
    use crate::tui::theme::ThemeChoice;
    use crate::tui::widgets::testing;

    fn history() -> History {
        let mut history = History::default();
        let segment = |name: &str| Draft { segments: vec![name.into()], ..Draft::default() };
        let people = Draft { ids: vec!["PROF-001".into(), "PROF-002".into()], ..Draft::default() };
        let scored = Draft {
            filter: "score gt 10 and email ne ''".into(),
            fields: "id,email".parse().unwrap(),
            ..Draft::default()
        };
        for (id, query, status) in [
            (1, segment("SEG-ALL"), Status::Success),
            (2, people.clone(), Status::Partial),
            (3, scored, Status::Success),
        ] {
            history.began(QueryId(id), query);
            let started = format!("2026-0{id}-04T11:00:00Z").parse().unwrap();
            let _ = history.ended(QueryId(id), &Summary { started, ..Summary::of(status, id * 1_250) });
        }
        let at = jiff::Timestamp::UNIX_EPOCH;
        let _ = history.save("premium 東京", "acme", segment("SEG-PREMIUM-01"), at).unwrap();
        let _ = history.save("callers of today", "beta", people, at).unwrap();
        history
    }

    fn drawn(list: HistoryList, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
        fixture::drawn(choice, size, |ctx, area, buf| Overlay::History(Box::new(list)).view(ctx, area, buf))
    }

    fn list(history: &History) -> HistoryList {
        let world = World::new(ThemeChoice::Dark);
        HistoryList::new(history, &world.ctx(Rect::new(0, 0, 80, 24)))
    }

    #[test]
    fn full_narrowed_and_empty_in_every_theme_and_size() {
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(list(&history()), choice, (80, 24)));
        }
        let mut narrowed = list(&history());
        narrowed.paste("prof-002");
        let _ = narrowed.remove();
        insta::assert_debug_snapshot!(drawn(narrowed, ThemeChoice::Dark, (60, 16)));
        insta::assert_debug_snapshot!(drawn(list(&History::default()), ThemeChoice::Dark, (60, 16)));
        for size in [(0, 0), (1, 1), (3, 9), (9, 3), (300, 100)] {
            let _buf = drawn(list(&history()), ThemeChoice::Plain, size);
        }
    }

    #[test]
    fn it_takes_two_keys_to_remove_and_anything_else_spares() {
        let world = World::new(ThemeChoice::Plain);
        let ctx = world.ctx(Rect::new(0, 0, 80, 24));
        let mut list = list(&history());
        assert_eq!(list.remove(), None);
        assert!(
            testing::text(&drawn(self::list(&history()), ThemeChoice::Plain, (80, 24)))
                .contains("Delete remove")
        );
        list.select(Action::Down, &ctx);
        assert_eq!(list.remove(), None, "another one is selected");
        assert!(matches!(list.remove(), Some(Choice::Saved(name, _)) if name.starts_with("premium")));
    }
}
