//! Every hostile text in every place of every screen, as the bytes that a terminal would be sent.
//!
//! Drawn here and not over a pseudo-terminal, where each text would take a second: there the same texts stand on the
//! screens that have room for many, see `tests/hostile_pty.rs`.

#[path = "../../../../tests/hostile/strict.rs"]
#[expect(dead_code, reason = "the terminal tests look at what is no screen, too")]
mod strict;
#[path = "../../../../tests/hostile/strings.rs"]
mod strings;

use std::fmt::Write as _;

use bytes::Bytes;
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;

use super::*;
use crate::engine::event::{
    Auth, Cut, Endpoint, Exchange, FileState, Gate, Limits, OpenedFile, Outcome, Page, ServiceInfo, SetAside,
};
use crate::engine::fetch::detail::{Detail, Received};
use crate::engine::pipeline::process;
use crate::engine::pipeline::profile::Profile;
use crate::engine::query::Id;
use crate::engine::webhooks::Registered;
use crate::tui::pipe::Piped;
use strict::{Wrote, findings};
use strings::{ODD, hostile};

/// Texts, one after the other and round again.
struct Texts {
    all: Vec<String>,
    at: usize,
}

impl Texts {
    fn from(first: usize) -> Self {
        let all: Vec<_> = hostile().into_iter().map(|one| one.text).chain(ODD.map(str::to_owned)).collect();
        Self { at: first % all.len(), all }
    }

    fn next(&mut self) -> String {
        self.at = (self.at + 1) % self.all.len();
        self.all[self.at].clone()
    }
}

/// A profile with the text in every field, as it comes from the service.
fn person(id: &str, text: &str) -> Profile {
    let quoted = serde_json::to_string(text).unwrap();
    let id = serde_json::to_string(id).unwrap();
    let row = format!(
        r#"{{"id":{id},"firstName":{quoted},"lastName":{quoted},"email":{quoted},"phone":{quoted},"tags":[{quoted}],"attributes":{{{quoted}:{quoted},"k":{{{quoted}:[{quoted},7]}}}},"createdDate":{quoted},"modifiedDate":{quoted}}}"#
    );
    let body = Bytes::from(row.into_bytes());
    let mut processed = process(&body, &[&body], FieldSet::ALL, 1);
    processed.rows.pop().unwrap_or_else(|| panic!("set aside: {:?}", processed.set_aside))
}

fn error(texts: &mut Texts) -> Error {
    Error::new(Kind::Service, texts.next(), texts.next(), texts.next())
        .with_request(texts.next())
        .with_reply(format!("{}\n{}", texts.next(), texts.next()))
}

fn page(texts: &mut Texts, rows: usize) -> Event {
    let rows = (0..rows)
        .map(|_| {
            let text = texts.next();
            person(&text, &text)
        })
        .collect();
    let set_aside = vec![aside(texts)];
    Event::Page(QueryId(1), Page { number: 1, batch: 1, rows, set_aside, total: Some(9), ..Page::default() })
}

fn aside(texts: &mut Texts) -> SetAside {
    SetAside {
        page: 1,
        row: 2,
        reason: "raw control character, in firstName".into(),
        raw: texts.next().into(),
    }
}

/// What was drawn, as it is sent; and that nothing of it drives a terminal.
#[track_caller]
fn look(rig: &Rig, what: &str) {
    let area = Rect::new(0, 0, rig.size.0, rig.size.1);
    let mut drawn = Buffer::empty(area);
    // Before the last pass, which is there for what this would find.
    rig.app.picture(rig.at, &mut drawn);
    let found = in_cells(&drawn);
    assert!(found.is_empty(), "{what}: {found:#?}");
    let mut sent = Vec::new();
    CrosstermBackend::new(&mut sent).draw(Buffer::empty(area).diff(&drawn).into_iter()).unwrap();
    let found = findings(&sent, Wrote::Screen);
    assert!(found.is_empty(), "{what}: {found:#?}");
}

/// What must not be there, with the line that it stands in. Of what is sent, some could be taken for our own.
fn in_cells(buf: &Buffer) -> Vec<String> {
    let lines = buf.content.chunks(usize::from(buf.area.width.max(1)));
    let found = lines.filter_map(|line| {
        let found = line.iter().flat_map(|cell| findings(cell.symbol().as_bytes(), Wrote::Cell)).next()?;
        let text: String = line.iter().map(ratatui::buffer::Cell::symbol).collect();
        Some(format!("{found:?} in {}", text.escape_debug()))
    });
    found.collect()
}

/// Draws a scene with each text in each of its places.
fn everywhere(scene: &str, step: usize, draw: impl Fn(&mut Texts)) {
    let count = Texts::from(0).all.len();
    for first in (0..count).step_by(step) {
        let mut texts = Texts::from(first);
        draw(&mut texts);
    }
    eprintln!("{scene}: {count} texts, each in each place");
}

/// An explorer with people of these names, the first under the cursor.
fn with_people(texts: &mut Texts, rows: usize, size: (u16, u16)) -> Rig {
    let mut rig = Rig::running();
    rig.resize(size.0, size.1);
    rig.event(page(texts, rows));
    rig
}

#[test]
fn tables_show_marks() {
    everywhere("table", 24, |texts| {
        let mut rig = with_people(texts, 30, (160, 40));
        look(&rig, "table");
        rig.key("A");
        look(&rig, "a column an attribute");
        for _ in 0..9 {
            rig.key("Right");
        }
        look(&rig, "the last columns");
        rig.key("c");
        look(&rig, "list of columns");
    });
}

#[test]
fn profiles_show_marks() {
    everywhere("profile", 1, |texts| {
        let mut rig = with_people(texts, 2, (110, 40));
        for keys in ["Enter", "O", "r", "Esc", "d", "Down", "d"] {
            rig.key(keys);
            look(&rig, &format!("profile, after {keys}"));
        }
    });
}

#[test]
fn what_a_column_holds_shows_marks() {
    everywhere("column", 6, |texts| {
        let mut rig = with_people(texts, 8, (100, 30));
        for _ in 0..4 {
            rig.key("i");
            look(&rig, "what a column holds");
            rig.key("Esc");
            rig.key("Right");
        }
        rig.key("@");
        look(&rig, "filtered by a value");
    });
}

#[test]
fn errors_and_runs_that_are_over_show_marks() {
    everywhere("error, finished", 1, |texts| {
        let mut rig = with_people(texts, 1, (90, 30));
        let ids = (0..3).filter_map(|_| Id::new("ID", &texts.next().replace([' ', ','], "")).ok());
        let summary = Summary {
            not_found: ids.collect(),
            set_aside: vec![aside(texts), aside(texts)],
            cut: Some(Cut::Error),
            ..(*events::summary(Status::Partial, 1)).clone()
        };
        rig.event(Event::Failed(QueryId(1), summary.into(), error(texts)));
        look(&rig, "error");
        rig.key("G");
        look(&rig, "the end of an error");
        for keys in ["Esc", "1", "Shift-Tab", "Enter", "G"] {
            rig.key(keys);
            look(&rig, &format!("finished runs, after {keys}"));
        }
        let mut rig = Rig::ready();
        rig.event(Event::Broken(error(texts)));
        look(&rig, "broken");
    });
}

fn exchange(n: u64, texts: &mut Texts) -> (Exchange, Arc<Detail>) {
    let detail = Arc::new(Detail {
        method: "GET",
        url: texts.next().into(),
        request: vec![("accept", texts.next().into())],
        sent: Some(texts.next()),
        reply: Some(Received {
            status: 500,
            headers: vec![
                ("server".into(), texts.next().into()),
                ("retry-after".into(), texts.next().into()),
            ],
            body: format!("{}\n{{\"a\":{}}}", texts.next(), serde_json::to_string(&texts.next()).unwrap())
                .into(),
            size: 100,
            withheld: None,
        }),
    });
    let outcome = match n % 3 {
        0 => Outcome::Refused(200, texts.next()),
        1 => Outcome::Broken(texts.next()),
        _ => Outcome::Status(429),
    };
    let exchange = Exchange {
        target: texts.next().into(),
        label: texts.next(),
        outcome,
        retry_after: Some(texts.next().into()),
        endpoint: if n.is_multiple_of(2) { Endpoint::Contacts } else { Endpoint::Webhooks },
        detail: Arc::downgrade(&detail),
        ..events::exchange(n, 429, 12)
    };
    (exchange, detail)
}

#[test]
fn exchanges_limits_and_webhooks_show_marks() {
    everywhere("activity", 1, |texts| {
        let mut rig = Rig::running();
        rig.resize(100, 30);
        let (kept, details): (Vec<_>, Vec<_>) = (0..3).map(|n| exchange(n, texts)).unzip();
        for exchange in kept {
            rig.event(Event::Exchange(exchange.into()));
        }
        let gate = Gate { until: rig.at.now + Duration::from_secs(5), said: texts.next() };
        rig.event(Event::Limits(Limits { gate: Some(gate), ..events::limits(rig.at.now) }.into()));
        rig.event(Event::Auth(Auth::Granted {
            expires: rig.at.now + Duration::from_secs(60),
            scopes: vec![texts.next(), texts.next()],
        }));
        let registered = |texts: &mut Texts| Registered {
            id: texts.next().into(),
            name: texts.next().into(),
            url: texts.next().into(),
            events: vec![texts.next().into()],
        };
        let listed = Ok(vec![registered(texts), registered(texts)].into());
        rig.event(Event::Webhooks(listed));
        for keys in ["1", "2", "3", "4", "5"] {
            rig.key(keys);
            look(&rig, &format!("activity, tab {keys}"));
        }
        rig.key("Shift-Tab");
        rig.key("Enter");
        look(&rig, "exchange");
        rig.key("G");
        look(&rig, "the end of an exchange");
        drop(details);
        rig.event(Event::Webhooks(Err(error(texts))));
        rig.key("Esc 4");
        look(&rig, "webhooks that are not known");
    });
}

#[test]
fn what_others_named_shows_marks() {
    everywhere("tenants, files, notices", 1, |texts| {
        let mut rig = with_people(texts, 1, (90, 24));
        let tenant = |texts: &mut Texts| Tenant {
            whom: Whom::Tenant("a".into()),
            name: texts.next(),
            base_url: texts.next(),
            lacks: Some(error(texts)),
            look: Look::default(),
        };
        rig.key("Ctrl-T");
        let turn = rig.app.tenants(Ok(vec![tenant(texts), tenant(texts)]));
        rig.take(turn);
        look(&rig, "tenants");
        rig.key("Esc");
        let turn = rig.app.notice(texts.next());
        rig.take(turn);
        look(&rig, "notice");
        rig.key("Z");
        look(&rig, "the picture that stands still");

        let tenant = texts.next();
        let mut rig = Rig::with(|start| Start { tenant: tenant.clone(), ..start });
        look(&rig, "a tenant that is not known yet");
        let info = ServiceInfo { tenant, base_url: texts.next(), ..events::service() };
        rig.event(Event::Ready(info.into()));
        look(&rig, "a tenant");

        let file = OpenedFile {
            state: FileState::Failed(error(texts)),
            about: vec![("not shown", texts.next().into())],
            ..events::file(&texts.next())
        };
        let files = vec![file, events::file(&format!("/tmp/{}", texts.next()))];
        let mut rig = Rig::with(|start| Start { tenant: String::new(), files: files.clone(), ..start });
        look(&rig, "files that are not known yet");
        rig.event(Event::Ready(ServiceInfo { files, ..events::service() }.into()));
        look(&rig, "files");
        rig.key("Down");
        look(&rig, "another file");
    });
}

#[test]
fn what_is_typed_and_pasted_shows_marks() {
    let places = [
        ("palette", ":"),
        ("help", "? /"),
        ("filter", "f"),
        ("search", "/"),
        ("row", "Ctrl-G"),
        ("shell command", "|"),
        ("export", "e"),
        ("person", "Ctrl-F"),
        ("name of a query", "Ctrl-S"),
        ("history", "Ctrl-O"),
        ("tenants", "Ctrl-T"),
        ("IDs", "Shift-Tab Enter"),
        ("segments", "Shift-Tab Down Enter"),
        ("query's filter", "Shift-Tab Down Down Enter"),
        ("file of IDs", "Shift-Tab I"),
        ("jq", "Enter ."),
        ("search in a profile", "Enter /"),
    ];
    for (place, keys) in places {
        everywhere(place, 12, |texts| {
            let mut rig = with_people(texts, 1, (60, 16));
            rig.key(keys);
            for _ in 0..12 {
                let turn = rig.app.paste(&texts.next(), rig.at);
                rig.take(turn);
                look(&rig, place);
                rig.key("Ctrl-U");
            }
            let turn = rig.app.paste(&texts.next(), rig.at);
            rig.take(turn);
            rig.key("Enter");
            look(&rig, place);
        });
    }
}

#[test]
fn what_a_command_wrote_shows_marks() {
    everywhere("output", 4, |texts| {
        let mut rig = with_people(texts, 1, (90, 24));
        rig.key("|");
        let turn = rig.app.paste(&texts.next(), rig.at);
        rig.take(turn);
        rig.key("x Enter");
        let mut out = Vec::new();
        for _ in 0..4 {
            out.extend(texts.next().into_bytes());
            // As a terminal with eight bits is spoken to.
            out.extend(b"\x9b31m\xff\n");
        }
        let number = rig.piped[0].number;
        for piped in
            [Piped::Out(out), Piped::Err(texts.next().into_bytes()), Piped::Ended(texts.next(), false)]
        {
            let turn = rig.app.piped(number, piped);
            rig.take(turn);
            look(&rig, "output");
        }
    });
}

#[test]
fn what_was_kept_shows_marks() {
    everywhere("kept", 4, |texts| {
        let home = tempfile::tempdir().unwrap();
        let (mut saved, mut ran, mut presets) = (String::new(), String::new(), String::new());
        for _ in 0..4 {
            let (one, other) = (texts.next(), texts.next());
            let query = serde_json::json!({ "ids": [one], "segments": [other], "filter": one });
            let name = serde_json::json!({ "name": one, "tenant": other, "at": other, "query": query });
            let run = serde_json::json!({ "at": one, "query": query, "rows": 1, "took": 1, "status": other });
            let preset = serde_json::json!({ "name": one, "fields": "id,email" });
            for (file, line) in [(&mut saved, name), (&mut ran, run), (&mut presets, preset)] {
                writeln!(file, "{line}").unwrap();
            }
        }
        for (dir, file, lines) in [("saved", "queries", &saved), ("history", "acme", &ran)] {
            std::fs::create_dir_all(home.path().join(dir)).unwrap();
            std::fs::write(home.path().join(dir).join(file), lines).unwrap();
        }
        std::fs::write(home.path().join("field-presets"), &presets).unwrap();
        std::fs::write(home.path().join("pipes"), texts.next()).unwrap();
        let kept = Kept::within(home.path().to_owned());
        let mut rig = with_people(texts, 1, (90, 24));
        let turn = rig.app.remember(&kept);
        rig.take(turn);
        rig.app.recall(&kept);
        rig.key("Ctrl-O");
        for _ in 0..8 {
            look(&rig, "history");
            rig.key("Down");
        }
        rig.key("Enter");
        look(&rig, "the query that was brought back");
        rig.key("Esc b");
        look(&rig, "presets");
        rig.key("Esc Tab | Up");
        look(&rig, "a command that was brought back");
    });
}

/// The scanner finds each of them where it is sent as it is.
#[test]
fn a_text_that_is_sent_as_it_is_would_be_found() {
    for one in hostile() {
        let mut drawn = Buffer::empty(Rect::new(0, 0, 10, 1));
        drawn[(3, 0)].set_symbol(&one.text);
        assert_eq!(in_cells(&drawn).len(), 1, "{}: {:?}", one.kind, one.text);
    }
    for odd in ODD {
        let shown = crate::engine::text::clean(odd);
        assert_eq!(findings(shown.as_bytes(), Wrote::Screen), [], "{odd}");
    }
}
