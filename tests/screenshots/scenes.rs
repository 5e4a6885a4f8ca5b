//! What is to be seen on the pictures: made-up people, made-up exchanges, and keys as a user presses them.

use std::time::Duration;

use bytes::Bytes;
use crossterm::event::KeyEvent;
use cxlens::engine::clock::Clock;
use cxlens::engine::event::{
    Announced, Auth, Command, Endpoint, Event, Exchange, Gate, Limits, Outcome, Page, Phases, RateSource,
    Retry, RetryReason, ServiceInfo,
};
use cxlens::engine::pipeline::process;
use cxlens::engine::plan::{Count, Plan};
use cxlens::engine::query::{Draft, FieldSet, QueryId};
use cxlens::tui::app::{App, Moment, Start, Turn};
use cxlens::tui::ctx::Effect;
use cxlens::tui::faults::Stage;
use cxlens::tui::keymap::{Chord, Keymap};
use cxlens::tui::theme::{Theme, ThemeChoice};
use cxlens::wire::crm_v2;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::svg::{DARK, LIGHT, Paper};

const PEOPLE: &str = include_str!("people.json");
const NOON: &str = "2026-11-04T12:01:04Z";

/// A picture.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    /// What is to be seen, for those who cannot see it.
    pub(crate) about: &'static str,
    pub(crate) buffer: Buffer,
    pub(crate) paper: &'static Paper,
}

/// All of them.
pub(crate) fn all() -> Vec<Scene> {
    vec![explorer(), person(), compare(), limits(), light()]
}

fn explorer() -> Scene {
    let mut it = Explorer::new(ThemeChoice::Dark, (120, 36));
    it.streaming(25);
    it.press(&["Down", "Down", "Down", "Enter"]);
    it.scene(
        "explorer",
        "The explorer: a query builder, a table of profiles that fills while pages arrive, one profile, and the activity pane",
        &DARK,
    )
}

fn person() -> Scene {
    let mut it = Explorer::new(ThemeChoice::Dark, (100, 30));
    it.press(&["Ctrl-F"]);
    it.paste("(07700) 900-102");
    it.scene(
        "person",
        "Finding a person: what was pasted is taken for a phone number, however it is spaced",
        &DARK,
    )
}

fn compare() -> Scene {
    let mut it = Explorer::new(ThemeChoice::Dark, (100, 30));
    it.streaming(200);
    it.press(&["d", "Down", "d"]);
    it.scene("compare", "Two people compared: what differs, path by path", &DARK)
}

fn limits() -> Scene {
    let mut it = Explorer::new(ThemeChoice::Dark, (120, 36));
    it.streaming(12);
    it.throttled();
    it.press(&["3"]);
    it.scene("limits", "A 429 being waited out: the budget, the bucket, and the countdown", &DARK)
}

fn light() -> Scene {
    let mut it = Explorer::new(ThemeChoice::Light, (120, 36));
    it.streaming(40);
    it.press(&["2"]);
    it.scene("light", "The same on a light background, with latency by endpoint", &LIGHT)
}

/// The explorer without a terminal and without an engine.
struct Explorer {
    app: App,
    at: Moment,
    size: (u16, u16),
}

impl Explorer {
    fn new(choice: ThemeChoice, size: (u16, u16)) -> Self {
        let app = App::new(Start {
            draft: Draft { segments: vec!["SEG-PREMIUM-01".to_owned()], ..Draft::default() },
            run: false,
            pause: Some(10_000),
            pull: false,
            budget: usize::MAX,
            theme: Theme::new(choice, false),
            keys: Keymap::default(),
            tenant: "acme".to_owned(),
            sandbox: true,
            look: cxlens::config::Look::default(),
            on_change: cxlens::config::OnChange::default(),
            files: Vec::new(),
            mask: cxlens::rows::Mask::default(),
            faults: Stage::default(),
            mouse: true,
            wrong: Vec::new(),
            picks: false,
            tour: false,
        });
        let at = Moment { now: Clock::system().now(), wall: NOON.parse().unwrap() };
        let mut it = Self { app, at, size };
        let turn = it.app.resize(size.0, size.1);
        it.take(turn);
        it.event(Event::Ready(
            ServiceInfo {
                tenant: "acme".to_owned(),
                base_url: "http://127.0.0.1:40123".to_owned(),
                sandbox: true,
                needs_reason: false,
                files: Vec::new(),
            }
            .into(),
        ));
        it.event(Event::Auth(Auth::Granted {
            expires: at.now + Duration::from_mins(58),
            scopes: vec!["crm:read".to_owned()],
        }));
        it
    }

    /// A run of which so many pages of 50 have come.
    fn streaming(&mut self, pages: u32) {
        self.press(&["Ctrl-R"]);
        self.at.now += Duration::from_secs(6);
        for number in 1..=pages {
            self.event(Event::Exchange(exchange(u64::from(number), 200).into()));
            // The same people come again and again, under other IDs.
            let people = if number == 1 {
                PEOPLE.to_owned()
            } else {
                PEOPLE.replace("\"id\":\"PROF-", &format!("\"id\":\"PROF-{number:03}"))
            };
            let body = Bytes::from(people);
            let page = crm_v2::page(&body).unwrap();
            let rows = process(&body, &page.items, FieldSet::ALL, number).rows;
            let page = Page { number, batch: 1, rows, total: Some(10_000), ..Page::default() };
            self.event(Event::Page(QueryId(1), page));
        }
        let limits = self.limits();
        self.event(Event::Limits(limits.into()));
    }

    fn limits(&self) -> Limits {
        Limits {
            at: self.at.now,
            in_flight: 4,
            waiting: 3,
            window: 5,
            concurrency: 5,
            rate: Some(10.0),
            source: RateSource::Announced,
            configured: None,
            announced: Some(Announced {
                limit: Some(10.0),
                window: Some(Duration::from_secs(1)),
                remaining: Some(3.0),
                reset: None,
            }),
            learned: None,
            bucket: Some((3.2, 10.0)),
            measured: 9.2,
            gate: None,
            throttled: 0,
        }
    }

    /// The service wants to be left alone for a while.
    fn throttled(&mut self) {
        for number in [13, 14] {
            let after = Duration::from_secs(7);
            let retry = Some(Retry { after, because: RetryReason::RetryAfter });
            self.event(Event::Exchange(Exchange { retry, rows: None, ..exchange(number, 429) }.into()));
        }
        let limits = Limits {
            in_flight: 0,
            waiting: 5,
            bucket: Some((0.0, 10.0)),
            measured: 9.6,
            learned: Some(9.1),
            gate: Some(Gate {
                until: self.at.now + Duration::from_secs(7),
                said: "Retry-After: 7".to_owned(),
            }),
            throttled: 2,
            ..self.limits()
        };
        self.event(Event::Limits(limits.into()));
    }

    fn press(&mut self, keys: &[&str]) {
        for key in keys {
            let key: KeyEvent = key.parse::<Chord>().unwrap().event();
            let turn = self.app.key(key, self.at);
            self.take(turn);
        }
    }

    fn paste(&mut self, text: &str) {
        let turn = self.app.paste(text, self.at);
        self.take(turn);
    }

    fn event(&mut self, event: Event) {
        let turn = self.app.event(event, self.at);
        self.take(turn);
    }

    fn take(&mut self, turn: Turn) {
        for effect in turn.effects {
            match effect {
                Effect::Work(job) => {
                    let (app, at) = (&mut self.app, self.at);
                    job.run(&mut |step| app.work(step, at).effects.is_empty());
                }
                Effect::Engine(Command::Plan(ticket, _)) => {
                    let plan = Plan {
                        batches: 1,
                        requests: Count::Exactly(200),
                        rows: Some(10_000),
                        time: Some(Duration::from_secs(20)),
                        cached: 0,
                        cached_until: None,
                        first: Vec::new(),
                    };
                    self.event(Event::Planned(ticket, plan));
                }
                _ => {}
            }
        }
    }

    fn scene(mut self, name: &'static str, about: &'static str, paper: &'static Paper) -> Scene {
        let turn = self.app.prepare(self.at);
        self.take(turn);
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        self.app.view(self.at, &mut buffer);
        Scene { name, about, buffer, paper }
    }
}

/// A page, answered with this status; each takes a little longer or shorter than the one before.
fn exchange(number: u64, status: u16) -> Exchange {
    let millis = 18 + number * 7 % 23 + if number.is_multiple_of(11) { 60 } else { 0 };
    let wall: jiff::Timestamp = NOON.parse().unwrap();
    Exchange {
        number,
        query: Some(QueryId(1)),
        again: None,
        at: wall + jiff::SignedDuration::from_millis(240 * number.cast_signed()),
        endpoint: Endpoint::Contacts,
        method: "GET",
        target: "/api/v2/crm/contacts".into(),
        label: format!("page {number}"),
        attempt: 1,
        outcome: Outcome::Status(status),
        phases: Phases {
            connect: Duration::from_micros(if number <= 5 { 1_900 } else { 0 }),
            first_byte: Duration::from_millis(millis),
            limit: Duration::from_millis(number * 9 % 80),
            ..Phases::default()
        },
        bytes: 23_000,
        rows: Some(50),
        retry: None,
        retry_after: None,
        detail: std::sync::Weak::new(),
    }
}
