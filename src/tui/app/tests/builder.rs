//! Finding a person: what a support agent does with somebody on the phone.

use super::*;
use crate::tui::kept::What;

/// The queries of the runs that were asked for.
fn asked(rig: &Rig) -> Vec<Draft> {
    let queries = rig.commands.iter().filter_map(|command| match command {
        Command::Run(_, query, _) => Some(query.to_draft()),
        _ => None,
    });
    queries.collect()
}

fn paste(rig: &mut Rig, text: &str) {
    let turn = rig.app.paste(text, rig.at);
    rig.take(turn);
}

fn nobody(rig: &mut Rig, run: u64) {
    rig.event(Event::Finished(QueryId(run), events::summary(Status::Success, 0)));
}

#[test]
fn a_caller_is_found_from_any_pane_with_one_key_a_paste_and_enter() {
    let everywhere: [&[&str]; 6] = [&[], &["Enter"], &["Tab"], &["Tab", "/", "x"], &["Shift-Tab"], &["?"]];
    for way in everywhere {
        let mut rig = Rig::ready();
        for key in way {
            rig.key(key);
        }
        rig.key("Ctrl-F");
        assert!(rig.screen().contains("Find a person"), "{way:?}\n{}", rig.screen());
        paste(&mut rig, "+49 (30) 23125-123\n");
        assert!(rig.screen().contains("phone number"), "{}", rig.screen());
        rig.key("Enter");
        let asked = asked(&rig);
        assert_eq!(asked.len(), 1, "{way:?}");
        assert!(asked[0].segments.is_empty() && asked[0].ids.is_empty(), "{:?}", asked[0]);
        assert!(asked[0].filter.starts_with("(endswith(phone,'5123')"), "{}", asked[0].filter);
        assert!(asked[0].filter.contains("startswith(phone,'+49')"), "{}", asked[0].filter);
        assert_eq!(rig.app.context(), Context::Profiles);
        assert_eq!(rig.app.builder.draft().filter, asked[0].filter);
    }
}

#[test]
fn it_is_the_first_hint_of_the_builder() {
    for (width, height) in [(60, 16), (80, 24), (120, 40)] {
        let mut rig = Rig::ready();
        rig.resize(width, height);
        let screen = rig.screen();
        assert!(
            screen.lines().last().unwrap().contains("─ Ctrl-F find person")
                || screen.contains("└ Ctrl-F find person"),
            "{screen}"
        );
    }
}

#[test]
fn ids_go_to_the_ids() {
    let mut rig = Rig::ready();
    rig.key("Ctrl-F");
    paste(&mut rig, "PROF-001\nPROF-002");
    rig.key("Enter");
    let asked = asked(&rig);
    assert_eq!(
        (&asked[0].ids[..], &asked[0].filter[..]),
        (&["PROF-001".to_owned(), "PROF-002".to_owned()][..], "")
    );
}

#[test]
fn the_query_of_before_is_named_and_brought_back() {
    let mut rig = Rig::ready();
    for key in ["Ctrl-F", "A", "d", "a", "Enter"] {
        rig.key(key);
    }
    let screen = rig.screen();
    assert!(screen.contains("Ctrl-F Enter brings back segments SEG-PREMIUM-01"), "{screen}");
    // The next caller does not make it forgotten.
    for key in ["Ctrl-F", "B", "o", "b", "Enter"] {
        rig.key(key);
    }
    rig.key("Ctrl-F");
    assert!(rig.screen().contains("bring back  segments SEG-PREMIUM-01"), "{}", rig.screen());
    rig.key("Enter");
    assert_eq!(rig.app.builder.draft().segments, ["SEG-PREMIUM-01"]);
    assert_eq!(rig.app.builder.draft().filter, "");
    assert_eq!(asked(&rig).len(), 2, "it is there to be run, not run");
    let turn = rig.app.act(Action::QueryBefore, rig.at);
    rig.take(turn);
    assert!(rig.app.builder.draft().filter.contains("'Bob'"));
}

#[test]
fn where_nobody_is_found_the_next_way_is_one_key_away() {
    let mut rig = Rig::ready();
    rig.key("Ctrl-F");
    paste(&mut rig, "555-0101");
    rig.key("Enter");
    nobody(&mut rig, 1);
    let screen = rig.screen();
    assert!(screen.contains("nobody found by phone number") && screen.contains("555-0101"), "{screen}");
    rig.key("Enter");
    let asked = asked(&rig);
    assert!(asked[1].filter.starts_with("(contains(phone,'0101')"), "{}", asked[1].filter);
    // Whoever went on to other things is told, and not disturbed.
    rig.key("Tab");
    nobody(&mut rig, 2);
    assert_eq!(rig.app.context(), Context::Activity);
    assert!(rig.screen().contains("nobody was found; Ctrl-F asks in another way"), "{}", rig.screen());
    rig.key("Ctrl-F");
    assert!(rig.screen().contains("nobody found by last digits"), "{}", rig.screen());
}

#[test]
fn somebody_found_needs_no_other_way() {
    let mut rig = Rig::ready();
    rig.key("Ctrl-F");
    paste(&mut rig, "555-0101");
    rig.key("Enter");
    rig.event(events::page(1, 1, 1));
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Success, 1)));
    assert!(rig.app.overlay.is_none());
    rig.key("Ctrl-F");
    assert!(!rig.screen().contains("555-0101 "), "{}", rig.screen());
    rig.key("Esc");
    // Nothing that comes later is taken for it.
    rig.key("Ctrl-R");
    nobody(&mut rig, 2);
    assert!(rig.app.overlay.is_none());
}

#[test]
fn a_person_who_is_looked_for_before_the_service_is_there_is_found_once_it_is() {
    let mut rig = Rig::new(Draft::default());
    rig.key("Ctrl-F");
    paste(&mut rig, "ada@example.com");
    rig.key("Enter");
    assert!(asked(&rig).is_empty());
    rig.event(events::ready());
    assert_eq!(asked(&rig).len(), 1);
    nobody(&mut rig, 1);
    assert!(rig.screen().contains("nobody found by e-mail address"), "{}", rig.screen());
}

#[test]
fn a_filter_that_the_service_refuses_is_one_key_from_being_mended() {
    let mut rig = Rig::new(Draft { filter: "plan like 'gold'".into(), ..Draft::default() });
    rig.event(events::ready());
    rig.key("Ctrl-R");
    let error = Error::new(Kind::Service, "page 1", "expected an operator", "check").in_filter(Some(6));
    rig.event(Event::Failed(QueryId(1), events::summary(Status::Failed, 0), error.clone()));
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Builder);
    assert!(rig.screen().contains("expected an operator"), "{}", rig.screen());
    for key in ["Enter", "Delete", "Delete", "Delete", "Delete", "e", "q"] {
        rig.key(key);
    }
    assert_eq!(rig.app.builder.draft().filter, "plan eq 'gold'");
    // What was said of a filter is not said of another.
    rig.key("Ctrl-R");
    rig.key("Shift-Tab");
    rig.key("X");
    rig.event(Event::Failed(QueryId(2), events::summary(Status::Failed, 0), error));
    rig.key("Esc");
    let query = |line: &str| line.chars().take(33).collect::<String>();
    assert!(!rig.screen().lines().any(|line| query(line).contains("expected")), "{}", rig.screen());
}

#[test]
fn segments_that_brought_rows_are_kept_and_offered() {
    let mut rig = Rig::running();
    rig.event(events::page(1, 1, 1));
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Success, 1)));
    let segments = |rig: &Rig| rig.kept.iter().filter(|keep| keep.name == "segments").count();
    assert!(rig.kept.contains(&Keep { name: "segments", what: What::Line("SEG-PREMIUM-01".into()) }));
    rig.key("Ctrl-R");
    rig.event(Event::Finished(QueryId(2), events::summary(Status::Success, 1)));
    assert_eq!(segments(&rig), 1, "once");

    let directory = tempfile::tempdir().unwrap();
    let kept = Kept::within(directory.path().into());
    for keep in &rig.kept {
        kept.keep(keep).unwrap();
    }
    let mut rig = Rig::new(Draft::default());
    let _ = rig.app.remember(&kept);
    for key in ["G", "Up", "Enter", "Down", "Enter"] {
        rig.key(key);
    }
    assert_eq!(rig.app.builder.draft().segments, ["SEG-PREMIUM-01"]);
}

#[test]
fn fields_are_selected_saved_and_forgotten_by_their_names() {
    let mut rig = Rig::ready();
    for key in ["b", "Down", "Down", "Down", "Enter"] {
        rig.key(key);
    }
    assert_eq!(rig.app.builder.fields().to_string(), "id,firstName,lastName,email,phone");
    for key in ["b", "G", "Enter", "a", "l", "l", "Enter"] {
        rig.key(key);
    }
    assert!(rig.screen().contains("all is always there"), "{}", rig.screen());
    for key in ["Ctrl-U", "m", "y", "Enter"] {
        rig.key(key);
    }
    assert!(rig.app.overlay.is_none());
    let directory = tempfile::tempdir().unwrap();
    let kept = Kept::within(directory.path().into());
    kept.keep(&rig.kept.pop().unwrap()).unwrap();
    let mut rig = Rig::ready();
    let _ = rig.app.remember(&kept);
    for key in ["b", "G", "Up", "Enter"] {
        rig.key(key);
    }
    assert_eq!(rig.app.builder.fields().to_string(), "id,firstName,lastName,email,phone");
    for key in ["b", "G", "Up", "X", "Esc"] {
        rig.key(key);
    }
    assert_eq!(rig.kept, [Keep { name: "field-presets", what: What::Whole(String::new()) }]);
}

#[test]
fn ids_come_from_a_file_and_a_column_is_asked_for_where_none_is_called_so() {
    let directory = tempfile::tempdir().unwrap();
    let csv = directory.path().join("crm.csv");
    std::fs::write(&csv, "Name,Customer\nAda,P-1\nBob,P-2\nEve,P-1\n").unwrap();
    let mut rig = Rig::ready();
    rig.key("I");
    paste(&mut rig, csv.to_str().unwrap());
    rig.key("Enter");
    assert!(rig.screen().contains("the columns Name, Customer"), "{}", rig.screen());
    paste(&mut rig, "Customer");
    rig.key("Enter");
    assert_eq!(rig.app.builder.draft().ids, ["P-1", "P-2", "P-1"]);
    assert!(rig.screen().contains("3 IDs read from"), "{}", rig.screen());
    // What cannot be taken is said, and nothing of it is.
    std::fs::write(&csv, "P-3\nP 4\n").unwrap();
    rig.key("I");
    paste(&mut rig, csv.to_str().unwrap());
    rig.key("Enter");
    assert!(rig.screen().contains("crm.csv:2"), "{}", rig.screen());
    rig.key("Esc");
    assert_eq!(rig.app.builder.draft().ids.len(), 3);
    rig.key("I");
    rig.key("Enter");
    assert!(rig.screen().contains("name a file"), "{}", rig.screen());
}
