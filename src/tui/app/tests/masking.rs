//! Personal values masked: nothing of them on any screen, and nothing disclosed that is not recorded.

use super::*;
use crate::engine::event::{Disclosure, Exchange, Outcome as Ended};
use crate::engine::pipeline;
use crate::rows::Mask;

/// Pieces of the values of somebody who is made up.
const CANARIES: [&str; 9] = [
    "canary.mail",
    "Canary.Mail",
    "corvid",
    "Corvid",
    "15550109876",
    "010-9876",
    "Canaria",
    "Finchley",
    "Kestrelton",
];

fn mask(on: bool) -> Mask {
    Mask::new(on, &["address.*".into()], (1, 2), false)
}

fn person(id: &str) -> crate::engine::pipeline::profile::Profile {
    let json = format!(
        r#"{{"id":"{id}","firstName":"Canaria","lastName":"Finchley","email":"Canary.Mail@Corvid.Example",
        "phone":"+1 (555) 010-9876","tags":["vip"],"attributes":{{"score":"21","address":{{"city":"Kestrelton"}},
        "contacts":[{{"email":"canary.mail@corvid.example"}}]}},"modifiedDate":"2026-03-01T10:00:00Z"}}"#
    );
    let json = bytes::Bytes::from(json);
    pipeline::process(&json, &[&json[..]], FieldSet::ALL, 1).rows.pop().unwrap()
}

/// Two profiles in the table.
fn rig(on: bool) -> Rig {
    let draft = Draft { segments: vec!["S".into()], ..Draft::default() };
    let mut rig = Rig::with(|start| Start { draft, mask: mask(on), ..start });
    rig.records = false;
    rig.resize(170, 50);
    rig.event(events::ready());
    rig.key("Ctrl-R");
    let rows = vec![person("PROF-0000001"), person("PROF-0000002")];
    rig.event(Event::Page(QueryId(1), Page { number: 1, batch: 1, rows, total: Some(2), ..Page::default() }));
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Success, 2)));
    rig.commands.clear();
    rig
}

fn notes(rig: &mut Rig) -> Vec<(u64, Note)> {
    let notes = rig.commands.drain(..).filter_map(|command| match command {
        Command::Note(ticket, note) => Some((ticket, note)),
        _ => None,
    });
    notes.collect()
}

fn column(rig: &mut Rig, title: &str) {
    for _ in 0..20 {
        if rig.app.profiles.under_cursor().is_some_and(|(_, path)| path == title) {
            return;
        }
        rig.key("l");
    }
    panic!("no column {title}");
}

/// Every screen that may show a value, by name.
fn screens(on: bool) -> Vec<(String, String)> {
    let mut seen = Vec::new();
    let mut see = |name: &str, rig: &Rig| seen.push((name.to_owned(), rig.screen()));
    let mut table = rig(on);
    see("table", &table);
    table.key("A");
    see("a column for each attribute", &table);
    table.key(":");
    see("palette", &table);

    let mut detail = rig(on);
    detail.key("Enter");
    see("detail", &detail);
    detail.key("r");
    see("raw", &detail);
    detail.key("J");
    see("the next profile", &detail);

    for path in ["first_name", "last_name", "email", "phone", "attributes"] {
        let mut column_of = rig(on);
        column(&mut column_of, path);
        column_of.key("i");
        see(&format!("statistics of {path}"), &column_of);
        column_of.key("Enter");
        see(&format!("filtered by {path}"), &column_of);
        column_of.key("f");
        see(&format!("that filter, about to be typed: {path}"), &column_of);
    }

    let url = "GET https://acme.my.cxone.com/api/v2/crm/contacts?filter=email%20eq%20'canary.mail%40corvid.example'";
    let error = Error::new(
        Kind::Service,
        "the filter lastName eq 'Finchley' was refused",
        "the service says that canary.mail@corvid.example is unknown",
        "call +1 (555) 010-9876",
    )
    .with_request(url)
    .with_reply("400 Bad Request\n\n{\"message\":\"firstName eq 'Canaria'\",\"lastName\":\"Finchley\"}");
    let mut failed = rig(on);
    failed.key("Ctrl-R");
    failed.event(Event::Failed(QueryId(2), events::summary(Status::Failed, 0), error.clone()));
    see("error panel", &failed);
    // The engine writes a reply down like this.
    let error = Error::new(Kind::Service, "page 1", "", "")
        .with_reply("500 application/json\n{\"lastName\":\"Finchley\"}");
    let mut answered = rig(on);
    answered.key("Ctrl-R");
    answered.event(Event::Failed(QueryId(2), events::summary(Status::Failed, 0), error));
    see("reply", &answered);
    failed.key("Esc");
    see("no row but an error", &failed);
    failed.key("4");
    see("log", &failed);

    let mut log = rig(on);
    let outcome = Ended::Refused(400, "no canary.mail@corvid.example".into());
    log.event(Event::Exchange(Arc::new(Exchange { outcome, ..events::exchange(1, 400, 4) })));
    for tab in ["4", "3", "2", "1"] {
        log.key(tab);
        see(&format!("activity {tab}"), &log);
    }
    seen
}

#[test]
fn no_screen_shows_a_personal_value_while_they_are_masked() {
    for (name, screen) in screens(true) {
        for canary in CANARIES {
            assert!(!screen.contains(canary), "{canary} on the screen {name}:\n{screen}");
        }
    }
    // The same look finds them where nothing is masked.
    let shown: Vec<String> = screens(false)
        .into_iter()
        .filter(|(_, screen)| CANARIES.iter().any(|canary| screen.contains(canary)))
        .map(|(name, _)| name)
        .collect();
    for name in
        ["table", "detail", "raw", "statistics of email", "filtered by phone", "error panel", "reply", "log"]
    {
        assert!(shown.iter().any(|shown| shown == name), "{name} shows nothing to find: {shown:?}");
    }
}

#[test]
fn masked_screens_say_so_and_keep_the_id() {
    let mut rig = rig(true);
    let screen = rig.screen();
    assert!(screen.contains("MASKED") && screen.contains("PROF-0000001"), "{screen}");
    assert!(screen.contains("c••@••·") && screen.contains("•••…76·") && screen.contains("F••·"), "{screen}");
    rig.key("Enter");
    assert!(rig.screen().contains("Profile PROF-0000001  MASKED"), "{}", rig.screen());
}

#[test]
fn a_masked_email_is_revealed_once_that_is_recorded() {
    let mut rig = rig(true);
    column(&mut rig, "email");
    rig.key("M");
    assert!(!rig.screen().contains("canary.mail"), "not before it is recorded");
    let (ticket, note) = notes(&mut rig).pop().unwrap();
    assert_eq!(
        note,
        Note {
            disclosure: Disclosure::Reveal,
            id: Some("PROF-0000001".into()),
            fields: vec!["email".into()],
            rows: 1
        }
    );
    rig.event(Event::Noted(ticket, Ok(())));
    let screen = rig.screen();
    assert_eq!(screen.matches("canary.mail@corvid.example").count(), 1, "{screen}");
    assert!(screen.contains("recorded in the audit trail") && !screen.contains("Finchley"), "{screen}");

    // Another profile masks it again, and so does time.
    rig.key("j");
    rig.key("k");
    assert!(!rig.screen().contains("canary.mail"));
    rig.key("M");
    let (ticket, _) = notes(&mut rig).pop().unwrap();
    rig.event(Event::Noted(ticket, Ok(())));
    assert!(rig.screen().contains("canary.mail"));
    let end = rig.app.next_change(rig.at).unwrap();
    rig.at.now = end;
    assert!(rig.wake() && !rig.screen().contains("canary.mail"));
}

#[test]
fn a_node_of_the_profile_is_revealed_with_what_it_was() {
    let mut rig = rig(true);
    rig.key("Enter");
    for _ in 0..3 {
        rig.key("j");
    }
    rig.key("M");
    let (ticket, note) = notes(&mut rig).pop().unwrap();
    assert_eq!(note.fields, ["email"]);
    rig.event(Event::Noted(ticket, Ok(())));
    let screen = rig.screen();
    assert!(screen.contains("Canary.Mail@Corvid.Example") && !screen.contains("Kestrelton"), "{screen}");
    // A branch reveals what is below it, and no neighbour.
    for _ in 0..4 {
        rig.key("j");
    }
    let branch = rig.app.detail.under_cursor();
    assert_eq!(branch.unwrap().1, "attributes");
    rig.key("M");
    let (ticket, note) = notes(&mut rig).pop().unwrap();
    assert_eq!(note.fields, ["attributes.address.city", "attributes.contacts.email"]);
    rig.event(Event::Noted(ticket, Ok(())));
    let screen = rig.screen();
    assert!(screen.contains("Kestrelton") && !screen.contains("Canary.Mail"), "{screen}");
}

#[test]
fn a_line_as_received_is_revealed_by_its_key() {
    let mut rig = rig(true);
    rig.key("Enter");
    rig.key("r");
    for (downs, path) in [(2, "first_name"), (2, "email"), (8, "attributes.address.city")] {
        for _ in 0..downs {
            rig.key("j");
        }
        assert_eq!(rig.app.detail.under_cursor().unwrap().1, path, "{}", rig.screen());
        rig.key("M");
        let (ticket, note) = notes(&mut rig).pop().unwrap();
        assert_eq!((note.fields.len(), note.id.is_some()), (1, true), "{note:?}");
        rig.event(Event::Noted(ticket, Ok(())));
    }
    let screen = rig.screen();
    assert!(screen.contains("Kestrelton") && !screen.contains("Canary.Mail"), "{screen}");
}

#[test]
fn what_cannot_be_recorded_stays_masked() {
    let why = Error::new(Kind::Local, "audit entry could not be written", "the disk is full", "free space");
    for key in ["M", "m", "y y"] {
        let mut rig = rig(true);
        column(&mut rig, "email");
        rig.key(key);
        if key == "y" {
            rig.key(key);
        }
        let (ticket, _) = notes(&mut rig).pop().unwrap();
        rig.event(Event::Noted(ticket, Err(why.clone())));
        let screen = rig.screen();
        assert!(screen.contains("stay masked") && screen.contains("the disk is full"), "{screen}");
        rig.key("Esc");
        assert!(!rig.screen().contains("canary.mail") && rig.copied.is_empty(), "{key}");
        // A late answer to what was refused changes nothing.
        rig.event(Event::Noted(ticket, Ok(())));
        assert!(!rig.screen().contains("canary.mail") && rig.copied.is_empty(), "{key}");
    }
    let mut rig = rig(true);
    rig.key("m");
    let (ticket, note) = notes(&mut rig).pop().unwrap();
    let _turn = rig.app.undelivered(&Command::Note(ticket, note));
    assert!(rig.screen().contains("stay masked"), "{}", rig.screen());
}

#[test]
fn masking_is_turned_off_when_that_is_recorded_and_on_at_once() {
    let mut rig = rig(true);
    rig.key("m");
    assert!(!rig.screen().contains("Finchley"));
    let (ticket, note) = notes(&mut rig).pop().unwrap();
    assert_eq!((note.disclosure, note.rows, note.id), (Disclosure::Reveal, 0, None));
    rig.event(Event::Noted(ticket, Ok(())));
    assert!(rig.screen().contains("Finchley") && !rig.screen().contains("MASKED"));
    rig.key("m");
    assert!(!rig.screen().contains("Finchley") && notes(&mut rig).is_empty());
    rig.key("m");
    assert!(!rig.screen().contains("Finchley"), "each time anew");
}

#[test]
fn copies_and_exports_have_the_true_values_and_leave_an_entry_first() {
    let mut rig = rig(true);
    // Who copies the attributes copies the e-mail address that is among them.
    for (path, named) in [("email", "email"), ("attributes", "attributes.address.city")] {
        column(&mut rig, path);
        rig.key("y y");
        assert!(rig.copied.is_empty());
        let (ticket, note) = notes(&mut rig).pop().unwrap();
        assert_eq!(note.disclosure, Disclosure::Copy);
        assert!(note.fields.iter().any(|field| field == named), "{note:?}");
        rig.event(Event::Noted(ticket, Ok(())));
        assert!(rig.copied.pop().unwrap().contains("canary.mail@corvid.example"));
        let _turn = rig.app.notice("copied".into());
        assert!(rig.screen().contains("copied; recorded in the audit trail"), "{}", rig.screen());
    }
    // What is nobody's needs none.
    rig.key("Home");
    for _ in 0..20 {
        rig.key("h");
    }
    rig.key("y y");
    assert_eq!(rig.copied, ["PROF-0000001"]);
    assert!(notes(&mut rig).is_empty());
    for keys in [&["Y"][..], &["Enter", "r", "Y"], &["Esc", "l", "i", "y y", "Esc"]] {
        for key in keys {
            rig.key(key);
        }
        assert_eq!(notes(&mut rig).len(), 1, "{keys:?}");
    }

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("people.ndjson");
    rig.key("e");
    rig.key("Ctrl-U");
    let _turn = rig.app.paste(file.to_str().unwrap(), rig.at);
    rig.key("Enter");
    let (ticket, note) = notes(&mut rig).pop().unwrap();
    assert_eq!((note.disclosure, note.rows, note.fields.len()), (Disclosure::Export, 2, 9));
    assert!(!file.exists());
    rig.event(Event::Noted(ticket, Ok(())));
    assert!(std::fs::read_to_string(&file).unwrap().contains("Finchley"));
}

#[test]
fn files_are_masked_and_revealed_freely() {
    let files = vec![events::file("people.ndjson")];
    let mut rig = Rig::with(|start| Start { run: true, pause: None, files, mask: mask(true), ..start });
    rig.resize(170, 50);
    let rows = vec![person("P-1")];
    let opened =
        crate::engine::event::ServiceInfo { files: vec![events::file("people.ndjson")], ..events::service() };
    rig.event(Event::Ready(Arc::new(opened)));
    let id = rig.app.shown;
    rig.event(Event::Page(id, Page { number: 1, batch: 1, rows, ..Page::default() }));
    assert!(!rig.screen().contains("Finchley"), "{}", rig.screen());
    column(&mut rig, "last_name");
    rig.key("M");
    assert!(rig.screen().contains("Finchley") && rig.screen().contains("no audit trail"), "{}", rig.screen());
    rig.key("m");
    rig.key("y y");
    assert!(notes(&mut rig).is_empty());
    assert_eq!(rig.copied, ["Finchley"]);
}

#[test]
fn programs_outside_are_given_masked_values_once_that_is_recorded() {
    let mut rig = rig(true);
    rig.key("| w c Enter");
    assert!(rig.piped.is_empty());
    let (ticket, note) = notes(&mut rig).pop().unwrap();
    assert_eq!((note.disclosure, note.rows, note.fields.len()), (Disclosure::Export, 2, 9));
    rig.event(Event::Noted(ticket, Ok(())));
    assert_eq!(rig.piped.len(), 1);
    rig.key("Esc Esc Enter o");
    assert!(rig.visits.is_empty());
    let (ticket, note) = notes(&mut rig).pop().unwrap();
    assert!(note.id.is_some() && note.fields.iter().any(|field| field == "email"), "{note:?}");
    let full = Error::new(Kind::Local, "audit entry could not be written", "the disk is full", "free space");
    rig.event(Event::Noted(ticket, Err(full)));
    assert!(rig.visits.is_empty() && rig.screen().contains("stay masked"), "{}", rig.screen());
    // The row as a line is a copy like any other.
    rig.key("Esc y r");
    assert_eq!(notes(&mut rig).pop().unwrap().1.disclosure, Disclosure::Copy);
    assert!(rig.copied.is_empty());
}

#[test]
fn a_picture_that_stands_still_holds_nothing_that_was_revealed_for_a_while() {
    let mut rig = rig(true);
    column(&mut rig, "email");
    rig.key("M");
    let (ticket, _) = notes(&mut rig).pop().unwrap();
    rig.event(Event::Noted(ticket, Ok(())));
    assert!(rig.screen().contains("canary.mail"));
    rig.key("Z");
    assert!(rig.screen().contains("FROZEN") && !rig.screen().contains("canary.mail"), "{}", rig.screen());
}

#[test]
fn what_leaves_the_table_is_recorded_first_where_nothing_is_masked_too() {
    let why = Error::new(Kind::Local, "audit entry could not be written", "the disk is full", "free space");
    let mut rig = rig(false);
    column(&mut rig, "email");
    rig.key("y y");
    assert!(rig.copied.is_empty(), "not before it is recorded");
    let (ticket, note) = notes(&mut rig).pop().unwrap();
    assert_eq!((note.disclosure, note.rows), (Disclosure::Copy, 1));
    assert!(note.fields.contains(&"email".to_owned()), "{note:?}");
    rig.event(Event::Noted(ticket, Err(why)));
    let screen = rig.screen();
    assert!(screen.contains("nothing was copied") && screen.contains("the disk is full"), "{screen}");
    assert!(rig.copied.is_empty());
    rig.key("Esc");
    // What is nobody's is nobody's business.
    column(&mut rig, "tags");
    rig.key("y y");
    assert_eq!((rig.copied.len(), notes(&mut rig).len()), (1, 0));
    rig.key("e");
    rig.key("Ctrl-U");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("two.csv");
    rig.type_in(path.to_str().unwrap());
    rig.key("Enter");
    assert!(!path.exists());
    let (ticket, note) = notes(&mut rig).pop().unwrap();
    assert_eq!((note.disclosure, note.rows), (Disclosure::Export, 2));
    rig.event(Event::Noted(ticket, Ok(())));
    assert!(path.exists());
}

fn strict() -> Rig {
    let mut rig = Rig::new(Draft { segments: vec!["S".into()], ..Draft::default() });
    let service = crate::engine::event::ServiceInfo { needs_reason: true, ..events::service() };
    rig.event(Event::Ready(Arc::new(service)));
    rig.commands.clear();
    rig
}

#[test]
fn a_tenant_that_wants_to_know_what_for_is_told_once_before_anything_is_asked() {
    let mut rig = strict();
    rig.key("Ctrl-R");
    assert!(rig.screen().contains("What is this access for?"), "{}", rig.screen());
    assert!(rig.runs().is_empty());
    rig.type_in("x");
    rig.key("Enter");
    assert!(rig.screen().contains("3 to 200 characters"), "{}", rig.screen());
    rig.type_in(" case 4711");
    rig.key("Enter");
    let said: Vec<_> = rig.commands.iter().filter(|c| !matches!(c, Command::Plan(..))).collect();
    let [Command::Reason(reason), Command::Run(..)] = said[..] else { panic!("{said:?}") };
    assert_eq!(reason.as_str(), "x case 4711");
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Success, 0)));
    rig.key("Ctrl-R");
    assert_eq!(rig.runs().len(), 2, "once a session");
}

#[test]
fn a_query_of_which_it_is_not_said_what_for_does_not_run() {
    let mut rig = strict();
    rig.key("Ctrl-R");
    rig.key("Esc");
    assert!(rig.runs().is_empty() && !rig.screen().contains("What is this access for?"));
    rig.key("Ctrl-R");
    assert!(rig.screen().contains("What is this access for?"), "it is asked again");
}
