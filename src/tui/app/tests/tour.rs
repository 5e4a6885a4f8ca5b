//! The first steps of a newcomer.

use super::*;
use crate::tui::kept::Kept;

fn newcomer() -> (tempfile::TempDir, Rig) {
    let directory = tempfile::tempdir().unwrap();
    let draft = Draft { segments: vec!["SEG-PREMIUM-01".into()], ..Draft::default() };
    let mut rig = Rig::with(|start| Start { draft, tour: true, ..start });
    let _ = rig.app.remember(&Kept::within(directory.path().into()));
    rig.event(events::ready());
    (directory, rig)
}

#[test]
fn each_step_leads_to_the_next_by_doing_what_it_tells() {
    let (_directory, mut rig) = newcomer();
    assert!(rig.screen().contains("1 of 5"), "{}", rig.screen());
    rig.key("Ctrl-R");
    rig.event(events::page(1, 1, 3));
    assert!(rig.screen().contains("2 of 5"), "{}", rig.screen());
    rig.key("Down Enter");
    assert_eq!(rig.app.context(), Context::Detail);
    assert!(rig.screen().contains("3 of 5"), "{}", rig.screen());
    rig.key("Esc /");
    rig.key("Esc");
    assert!(rig.screen().contains("4 of 5"), "{}", rig.screen());
    rig.key("?");
    assert!(!rig.screen().contains("5 of 5"), "what is open is not covered: {}", rig.screen());
    rig.key("Esc");
    assert!(rig.screen().contains("5 of 5"), "{}", rig.screen());
    rig.key("3");
    let screen = rig.screen();
    assert!(screen.contains("F9 shows it again") && !screen.contains("of 5"), "{screen}");
    rig.key("F9");
    assert!(rig.screen().contains("1 of 5"), "{}", rig.screen());
}

#[test]
fn it_is_shown_once_and_never_where_it_is_not_wanted() {
    let (directory, mut rig) = newcomer();
    rig.key("Down");
    let [keep] = rig.kept.as_slice() else { panic!("{:?}", rig.kept) };
    let kept = Kept::within(directory.path().into());
    kept.keep(keep).unwrap();
    let mut again = Rig::with(|start| Start { tour: true, ..start });
    let _ = again.app.remember(&kept);
    assert!(!again.screen().contains("of 5"), "{}", again.screen());
    let mut unwanted = Rig::new(Draft::default());
    let _ = unwanted.app.remember(&Kept::within(directory.path().join("new")));
    assert!(!unwanted.screen().contains("of 5"), "{}", unwanted.screen());
}

#[test]
fn it_takes_no_key_but_an_esc_that_would_do_nothing_else() {
    // Whatever is pressed, both come to the same.
    for keys in ["Ctrl-R", "Enter x Esc", "Space a", "Tab Tab 3", "?", ": q", "Ctrl-R Esc", "q", "y l", "F9"]
    {
        let (_directory, mut with) = newcomer();
        let mut without = Rig::ready();
        without.app.resize(120, 40).effects.clear();
        with.commands.clear();
        with.key(keys);
        without.key(keys);
        assert_eq!(with.app.context(), without.app.context(), "{keys}");
        assert_eq!(
            (with.runs(), with.cancels(), with.left, with.copied),
            (without.runs(), without.cancels(), without.left, without.copied),
            "{keys}"
        );
    }
    let (_directory, mut rig) = newcomer();
    rig.key("Ctrl-R");
    rig.key("Esc");
    assert_eq!(rig.cancels(), [1], "a run comes first");
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Cancelled, 0)));
    assert!(rig.screen().contains("2 of 5"), "{}", rig.screen());
    rig.key("Esc");
    assert!(!rig.screen().contains("of 5"), "{}", rig.screen());
}
