//! Keys that are pressed one after the other, and what they copy.

use super::*;
use crate::engine::plan::{Count, Plan, PlannedRequest};

fn with_rows() -> Rig {
    let mut rig = Rig::running();
    rig.event(events::page(1, 1, 3));
    rig.commands.clear();
    rig
}

#[test]
fn a_key_that_begins_something_shows_what_may_follow() {
    let mut rig = with_rows();
    assert!(rig.key("y"));
    let screen = rig.screen();
    for part in ["y …", "r  copy the row", "l  copy the query as a command line", "Esc gives up"] {
        assert!(screen.contains(part), "{part} in\n{screen}");
    }
    assert!(rig.copied.is_empty());
    rig.key("Esc");
    let screen = rig.screen();
    assert!(screen.contains("y was given up") && !screen.contains("y …"), "{screen}");
    assert!(rig.cancels().is_empty(), "Esc left the keys alone, and nothing else");
}

#[test]
fn a_key_that_cannot_follow_is_said_and_a_command_is_done_all_the_same() {
    let mut rig = with_rows();
    rig.key("y q");
    assert!(!rig.left && rig.screen().contains("y q means nothing here; after y: y"), "{}", rig.screen());
    rig.key("y Ctrl-R");
    assert_eq!(rig.runs(), [2]);
    assert!(rig.app.pending().is_empty());
    rig.key("y");
    let _turn = rig.app.paste("r", rig.at);
    assert!(rig.app.pending().is_empty());
}

#[test]
fn a_row_its_id_and_its_json_are_copied_from_the_table_and_from_the_profile() {
    for open in [false, true] {
        let mut rig = with_rows();
        if open {
            rig.key("Enter");
        }
        rig.key("y i");
        rig.key("y r");
        rig.key("y j");
        rig.key("y w");
        let [id, row, json, received] = rig.copied.as_slice() else { panic!("{:?}", rig.copied) };
        assert!(!id.is_empty() && row.starts_with(&format!("{id}\t")), "{id:?} {row:?}");
        assert_eq!(row.matches('\t').count(), FieldSet::ALL.len() - 1, "{row:?}");
        assert!(json.contains("\"first_name\"") && json.contains(id.as_str()), "{json}");
        assert!(received.contains("\"firstName\"") && received.contains(id.as_str()), "{received}");
    }
}

#[test]
fn the_query_is_copied_as_a_command_line_and_as_curl_without_the_secret() {
    let mut rig = with_rows();
    rig.key("y l");
    assert!(rig.copied[0].starts_with("cxlens query --segment SEG-PREMIUM-01"), "{:?}", rig.copied);
    rig.key("y u");
    let Some(Command::Plan(ticket, _)) = rig.commands.pop() else { panic!("nobody asked") };
    let request = PlannedRequest { method: "GET", url: "https://acme.my.cxone.com/x?y='z'".into() };
    let plan = Plan {
        batches: 1,
        requests: Count::Exactly(1),
        rows: None,
        time: None,
        cached: 0,
        cached_until: None,
        first: vec![request],
    };
    rig.event(Event::Planned(ticket, plan));
    assert_eq!(
        rig.copied[1],
        "curl -X GET -H \"Authorization: Bearer $CXONE_TOKEN\" 'https://acme.my.cxone.com/x?y=%27z%27'"
    );
}

#[test]
fn a_query_that_cannot_be_asked_is_not_copied_and_why_is_said() {
    let mut rig = Rig::new(Draft::default());
    rig.event(events::ready());
    rig.key("y l");
    assert!(rig.copied.is_empty());
    assert!(rig.screen().contains("not copied: query: it has no target"), "{}", rig.screen());
}

#[test]
fn the_help_is_searched_and_does_what_it_lists() {
    let mut rig = with_rows();
    rig.key("?");
    rig.key("/ c o p y Space i d");
    let screen = rig.screen();
    assert!(screen.contains("/copy id") && screen.contains("y i  copy the ID"), "{screen}");
    assert!(!screen.contains("sort by this column"), "{screen}");
    rig.key("Enter");
    assert_eq!(rig.app.context(), Context::Profiles);
    assert_eq!(rig.copied.len(), 1, "what it listed was done");
    rig.key("? / z z z");
    assert!(rig.screen().contains("no key does anything"), "{}", rig.screen());
    rig.key("Esc");
    assert!(rig.screen().contains("sort by this column"), "all of it again: {}", rig.screen());
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Profiles);
}

#[test]
fn help_over_an_error_leads_back_to_it() {
    let mut rig = Rig::running();
    rig.event(Event::Failed(QueryId(1), events::summary(Status::Partial, 3), events::gateway_error()));
    rig.key("? Esc");
    assert_eq!(rig.app.context(), Context::Error);
    rig.key("? / c o p y");
    rig.key("Enter");
    assert!(rig.copied[0].contains("502"), "{:?}", rig.copied);
    assert_eq!(rig.app.context(), Context::Error);
}

#[test]
fn what_is_wrong_with_the_file_of_keys_is_said_at_the_start_and_a_run_does_not_hide_it() {
    let error = Error::usage("/home/me/keys.toml:3", "there is no action \"rnu\"", "did you mean run?");
    let segments = vec!["SEG-PREMIUM-01".to_owned()];
    let draft = Draft { segments, ..Draft::default() };
    let mut rig = Rig::with(|start| Start { draft, run: true, wrong: vec![error], ..start });
    rig.event(events::ready());
    assert_eq!(rig.runs(), [1]);
    let screen = rig.screen();
    assert!(screen.contains("keys.toml:3") && screen.contains("did you mean run?"), "{screen}");
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Profiles);
}

#[test]
fn the_picture_stands_still_until_it_is_let_go() {
    let mut rig = with_rows();
    rig.key("Z");
    let still = rig.screen();
    assert!(still.contains("FROZEN since"), "{still}");
    rig.event(events::page(1, 2, 30));
    assert_eq!(rig.screen(), still);
    assert!(rig.app.next_change(rig.at).is_none(), "nobody need wake");
    rig.key("Down");
    assert!(
        rig.screen().contains("stands still since") && rig.screen().contains("Z or Esc"),
        "{}",
        rig.screen()
    );
    rig.resize(80, 20);
    let _smaller = rig.screen();
    rig.resize(120, 40);
    rig.key("Esc");
    assert!(!rig.screen().contains("FROZEN") && rig.cancels().is_empty(), "{}", rig.screen());
    assert_ne!(rig.screen(), still);
    rig.key("Z Z");
    assert!(!rig.screen().contains("FROZEN"));
    // Whoever wants to leave is not held up.
    rig.key("Z q");
    assert_eq!(rig.app.context(), Context::Confirm);
}

#[test]
fn the_palette_finds_what_other_panes_do_and_goes_there() {
    let mut rig = with_rows();
    rig.key("Shift-Tab");
    assert_eq!(rig.app.context(), Context::Builder);
    rig.key(": s o r t Space t h i s");
    let screen = rig.screen();
    assert!(screen.contains("Profiles: sort by this column"), "{screen}");
    rig.key("Enter");
    assert_eq!(rig.app.context(), Context::Profiles);
    assert!(rig.screen().contains('▲'), "{}", rig.screen());
    // What works here is done here, and what nobody waits for is not offered.
    rig.key(": c o p y Space c u r l Enter");
    assert_eq!(rig.app.context(), Context::Profiles);
    rig.key(": p i c k");
    assert!(!rig.screen().contains("give the cell to the shell line"), "{}", rig.screen());
    // Without rows there is nothing that the table could do.
    let mut rig = Rig::ready();
    rig.key(": s o r t Space t h i s");
    assert!(!rig.screen().contains("sort by this column"), "{}", rig.screen());
}
