//! Finding a person: what a support agent does with somebody on the phone.

use super::*;

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
    assert!(
        screen.contains("in place of segments SEG-PREMIUM-01; Ctrl-F Enter brings that back"),
        "{screen}"
    );
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
