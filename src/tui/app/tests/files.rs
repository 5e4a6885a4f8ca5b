//! The explorer over files.

use super::*;
use crate::engine::event::{FILE_PAGE, FileState, OpenedFile, Page, ServiceInfo, SetAside};
use crate::engine::query::FieldSet;
use crate::engine::text::Untrusted;

fn file(name: &str, fields: &str) -> OpenedFile {
    OpenedFile { fields: fields.parse().unwrap(), ..events::file(name) }
}

fn ready(files: Vec<OpenedFile>) -> Event {
    Event::Ready(Arc::new(ServiceInfo { tenant: String::new(), files, ..events::service() }))
}

fn over(files: Vec<OpenedFile>) -> Rig {
    let mut rig = Rig::with(|start| Start { run: true, pause: None, tenant: String::new(), files, ..start });
    rig.resize(100, 30);
    rig
}

fn opened() -> Rig {
    let files = vec![file("/exports/people.ndjson", "email,phone"), file("b.csv", "tags")];
    let mut rig = over(files.clone());
    rig.event(ready(files));
    rig
}

#[test]
fn files_are_read_at_once_with_the_fields_that_any_of_them_has() {
    let files = vec![file("/exports/people.ndjson", "email,phone"), file("b.csv", "tags")];
    let mut rig = over(files.clone());
    let before = rig.screen();
    assert!(before.contains(" FILE  people.ndjson (+1)") && !before.contains("connecting"), "{before}");
    rig.event(ready(files));
    let [Command::Run(id, query, want)] = rig.commands.as_slice() else { panic!("{:?}", rig.commands) };
    assert_eq!((id.0, *want, query.page_size()), (1, None, FILE_PAGE));
    assert_eq!(query.fields().to_string(), "id,email,phone,tags");
    assert_eq!(rig.app.context(), Context::Profiles);
    rig.event(events::page(1, 1, 40));
    let screen = rig.screen();
    assert!(screen.contains("PROF-0000101") && !screen.contains("SANDBOX"), "{screen}");
    for nonsense in ["plan", "token", "req/s", "Segments", "waiting"] {
        assert!(!screen.contains(nonsense), "{nonsense}: {screen}");
    }
}

#[test]
fn reading_again_looks_at_the_files_first() {
    let mut rig = opened();
    rig.commands.clear();
    rig.key("Ctrl-R");
    assert!(
        matches!(rig.commands.as_slice(), [Command::Cancel(QueryId(1)), Command::Reopen]),
        "{:?}",
        rig.commands
    );
    rig.commands.clear();
    rig.event(Event::Files(QueryId(1), vec![file("people.ndjson", "id")]));
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Cancelled, 3)));
    assert!(rig.commands.is_empty(), "what is left of the last run begins none");
    rig.event(ready(vec![file("people.ndjson", "id")]));
    let [Command::Run(id, query, _)] = rig.commands.as_slice() else { panic!("{:?}", rig.commands) };
    assert_eq!((id.0, query.fields()), (2, FieldSet::ID));

    rig.commands.clear();
    rig.key("Ctrl-R");
    rig.key("Esc");
    rig.event(ready(vec![file("people.ndjson", "id")]));
    assert!(rig.runs().is_empty(), "Esc takes it back");
}

#[test]
fn the_list_tells_how_far_each_file_was_read() {
    let mut rig = opened();
    let read = OpenedFile { rows: 1_250, set_aside: 2, state: FileState::Whole, ..file("a.ndjson", "email") };
    let parquet = OpenedFile {
        format: "Parquet",
        rows: 500,
        expected: Some(2_000),
        state: FileState::Reading,
        about: vec![("query", Untrusted::from("evil \u{1b}[31m"))],
        ..file("b.parquet", "email")
    };
    rig.event(Event::Files(QueryId(9), vec![file("stale", "email")]));
    rig.event(Event::Files(QueryId(1), vec![read, parquet]));
    let screen = rig.screen();
    for said in ["a.ndjson", "NDJSON, 612 kB, 2 fields", "1,250 rows", "2 unreadable", "500 of 2,000 rows"] {
        assert!(screen.contains(said), "{said}: {screen}");
    }
    assert!(screen.contains("written 2026-03-04 12:01") && screen.contains("evil"), "{screen}");
    assert!(!screen.contains("stale") && !screen.contains('\u{1b}'), "{screen}");
}

#[test]
fn unreadable_rows_are_named_in_the_log_and_counted_past_a_hundred() {
    let mut rig = opened();
    let bad = |n: u32| SetAside {
        page: 1,
        row: n,
        reason: format!("a.ndjson line {n}: not JSON"),
        raw: Untrusted::default(),
    };
    rig.event(Event::Page(
        QueryId(1),
        Page { number: 1, set_aside: (1..=2).map(bad).collect(), ..Page::default() },
    ));
    let screen = rig.screen();
    assert!(screen.contains("unreadable: a.ndjson line 2: not JSON"), "{screen}");
    rig.event(Event::Page(
        QueryId(1),
        Page { number: 2, set_aside: (3..=300).map(bad).collect(), ..Page::default() },
    ));
    let screen = rig.screen();
    assert!(screen.contains("a.ndjson line 100: not JSON") && !screen.contains("line 101:"), "{screen}");
    assert!(screen.contains("counted, not named"), "{screen}");
}

#[test]
fn every_file_that_cannot_be_read_is_in_the_panel() {
    let mut rig = opened();
    let failed = |name: &str| {
        let error =
            Error::new(Kind::Local, format!("{name} cannot be read"), "it is compressed", "gunzip it");
        OpenedFile { state: FileState::Failed(error), ..file(name, "id") }
    };
    rig.event(Event::Files(QueryId(1), vec![failed("a.gz"), file("b.csv", "id"), failed("c.gz")]));
    let first = Error::new(Kind::Local, "a.gz cannot be read, and neither can one more file", "", "");
    rig.event(Event::Failed(QueryId(1), events::summary(Status::Partial, 3), first));
    let screen = rig.screen();
    for said in
        ["a.gz cannot be read", "c.gz cannot be read", "What to do", "gunzip it", "3 rows came before it"]
    {
        assert!(screen.contains(said), "{said}: {screen}");
    }
    rig.key("Ctrl-R");
    assert!(matches!(rig.commands.last(), Some(Command::Reopen)), "{:?}", rig.commands);
}

#[test]
fn nothing_is_offered_that_needs_a_service() {
    let mut rig = opened();
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Cancelled, 3)));
    rig.commands.clear();
    rig.key("p");
    assert!(rig.screen().contains("Ctrl-R reads the files again"), "{}", rig.screen());
    // The list of files, and the activity pane.
    for _ in 0..2 {
        rig.key("Shift-Tab");
        if rig.app.context() == Context::Profiles {
            continue;
        }
        assert_eq!(rig.app.context(), Context::Files);
        let footer = rig.screen().lines().last().unwrap().to_owned();
        assert!(
            footer.contains("read again") && !footer.contains("edit") && !footer.contains("slower"),
            "{footer}"
        );
        for key in ["Enter", "Space", "a", "X", "+", "<", "Left", "i"] {
            rig.key(key);
        }
        let turn = rig.app.paste("PROF-1\nPROF-2", rig.at);
        rig.take(turn);
    }
    rig.key("3");
    assert!(rig.screen().contains("none: files are read"), "{}", rig.screen());
    rig.key(":");
    for letter in "slower".chars() {
        rig.key(&letter.to_string());
    }
    assert!(!rig.screen().contains("bound the rate"), "{}", rig.screen());
    assert!(rig.commands.is_empty(), "{:?}", rig.commands);
    assert!(rig.app.next_change(rig.at).is_none_or(|at| at > rig.at.now), "nobody need wake up");
}

#[test]
fn the_list_scrolls_and_never_past_its_end() {
    let files: Vec<_> = (0..40).map(|n| file(&format!("{n:02}.ndjson"), "id")).collect();
    let mut rig = over(files.clone());
    rig.event(ready(files));
    rig.key("Shift-Tab");
    assert!(rig.screen().contains("00.ndjson"));
    rig.key("G");
    let end = rig.screen();
    assert!(end.contains("39.ndjson") && end.contains("reads again"), "{end}");
    rig.key("Down");
    assert_eq!(rig.screen(), end);
    rig.key("g");
    assert!(rig.screen().contains("00.ndjson"));
}
