//! What was asked before comes back.

use super::*;

impl Rig {
    pub(super) fn types(&mut self, text: &str) {
        for c in text.chars() {
            self.key(&if c == ' ' { "Space".to_owned() } else { c.to_string() });
        }
    }

    /// A run of the query in the builder, to its end.
    pub(super) fn ran(&mut self, rows: u64) {
        self.key("Ctrl-R");
        let id = self.app.shown;
        self.event(events::page(id.0, 1, rows as u32));
        self.event(Event::Finished(id, events::summary(Status::Success, rows)));
    }

    pub(super) fn segments(&self) -> Vec<String> {
        self.app.builder.draft().segments
    }
}

fn segment(name: &str) -> Draft {
    Draft { segments: vec![name.into()], ..Draft::default() }
}

#[test]
fn what_ran_before_the_query_was_edited_comes_back_and_what_stood_there_is_not_lost() {
    let mut rig = Rig::ready();
    rig.ran(3);
    assert!(
        matches!(&rig.kept[..], [Keep { name: "history", what: What::Entry { of, .. } }, ..] if of == "acme")
    );
    rig.app.builder.fill(segment("SEG-OTHER"));
    rig.key("Ctrl-O");
    let screen = rig.screen();
    assert!(screen.contains("SEG-PREMIUM-01") && screen.contains("3 rows in"), "{screen}");
    rig.key("Enter");
    assert_eq!(rig.segments(), ["SEG-PREMIUM-01"]);
    assert_eq!(rig.app.context(), Context::Builder);
    assert!(matches!(rig.commands.last(), Some(Command::Plan(..))), "{:?}", rig.commands.last());
    rig.key("Ctrl-O");
    assert!(rig.screen().contains("put aside"), "{}", rig.screen());
    rig.key("Enter");
    assert_eq!(rig.segments(), ["SEG-OTHER"]);
}

#[test]
fn a_query_is_saved_found_by_a_few_letters_run_renamed_and_removed() {
    let mut rig = Rig::ready();
    rig.key("Ctrl-S");
    rig.key("Enter");
    assert!(rig.screen().contains("a name is needed"), "{}", rig.screen());
    rig.types("premium people");
    rig.key("Enter");
    assert!(rig.screen().contains("saved as premium people; Ctrl-O finds it"), "{}", rig.screen());
    rig.app.builder.fill(segment("SEG-OTHER"));
    rig.ran(1);
    rig.commands.clear();
    rig.key("Ctrl-O");
    rig.types("prmpeo");
    assert!(rig.screen().contains("★ premium people") && rig.screen().contains("1 of 2"), "{}", rig.screen());
    rig.key("Ctrl-R");
    assert_eq!((rig.runs(), rig.segments()), (vec![2], vec!["SEG-PREMIUM-01".to_owned()]));

    rig.key("Ctrl-O");
    for key in ["Ctrl-S", "Ctrl-U", "q", "Enter"] {
        rig.key(key);
    }
    assert!(rig.screen().contains("★ q ") && !rig.left, "{}", rig.screen());
    rig.kept.clear();
    rig.key("Delete");
    assert!(rig.kept.is_empty() && rig.screen().contains("Delete again removes it"), "{}", rig.screen());
    rig.key("Delete");
    assert!(!rig.screen().contains("★"), "{}", rig.screen());
    assert!(matches!(&rig.kept[..], [Keep { name: "saved", what: What::Without { .. } }]));
}

#[test]
fn the_session_after_finds_it_all() {
    let directory = tempfile::tempdir().unwrap();
    let kept = Kept::within(directory.path().into());
    let mut rig = Rig::ready();
    rig.ran(3);
    rig.key("Ctrl-S");
    rig.types("mine");
    rig.key("Enter");
    for keep in &rig.kept {
        kept.keep(keep).unwrap();
    }
    let mut rig = Rig::new(Draft::default());
    let _ = rig.app.remember(&kept);
    rig.key("Ctrl-O");
    let screen = rig.screen();
    assert!(screen.contains("★ mine") && screen.contains("3 rows in"), "{screen}");
}

#[test]
fn a_run_that_was_replaced_is_kept_and_files_are_not() {
    let mut rig = Rig::running();
    rig.app.builder.fill(segment("SEG-OTHER"));
    rig.key("Ctrl-R");
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Cancelled, 3)));
    rig.key("Ctrl-O");
    assert!(rig.screen().contains("s, cancelled"), "{}", rig.screen());
    assert!(rig.screen().contains("SEG-PREMIUM-01"), "{}", rig.screen());

    let mut rig = Rig::with(|start| Start { files: vec![events::file("a.ndjson")], ..start });
    for key in ["Tab", "Ctrl-O", "Ctrl-S"] {
        rig.key(key);
    }
    assert!(rig.app.overlay.is_none() && rig.screen().contains("no query to save"), "{}", rig.screen());
}

#[test]
fn letters_on_their_way_are_text_in_the_list_and_never_commands() {
    let mut rig = Rig::ready();
    rig.key("Ctrl-O");
    rig.types("qX:?w1");
    assert_eq!(rig.app.context(), Context::History);
    assert!(!rig.left);
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Builder);
}
