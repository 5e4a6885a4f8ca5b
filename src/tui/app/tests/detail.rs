//! Reading one profile: why a field is empty, expressions over it, two people beside each other.

use super::*;
use crate::engine::pipeline::process;
use crate::tui::jq::{Ask, End};

/// A page of two people, processed from what a service sends, with three fields asked for.
fn page(rig: &mut Rig) {
    let body = br#"[{"id":"PROF-1","phone":null,"attributes":{"score":"21","city":"Wien","note":""}},
        {"id":"PROF-2","phone":"+1 555-0100","attributes":{"score":"7","city":"Wien"}}]"#;
    let body = bytes::Bytes::from_static(body);
    let middle = body.iter().position(|byte| *byte == b'\n').unwrap();
    let rows = [&body[1..middle - 1], &body[middle + 9..body.len() - 1]];
    let Event::Page(_, page) = events::page(1, 1, 2) else { unreachable!() };
    let rows = process(&body, &rows, fields(), 1).rows;
    rig.event(Event::Page(QueryId(1), Page { rows, ..page }));
}

fn fields() -> FieldSet {
    use crate::engine::query::Field;
    [Field::Id, Field::Phone, Field::Email, Field::Attributes].into_iter().collect()
}

fn opened() -> Rig {
    let mut rig = Rig::new(Draft { segments: vec!["SEG-ALL".into()], fields: fields(), ..Draft::default() });
    rig.event(events::ready());
    rig.key("Ctrl-R");
    rig.resize(100, 40);
    page(&mut rig);
    rig.key("Enter");
    rig
}

fn type_in(rig: &mut Rig, text: &str) {
    for c in text.chars() {
        rig.key(&if c == ' ' { "Space".to_owned() } else { c.to_string() });
    }
}

#[test]
fn a_user_sees_why_a_field_is_empty() {
    let mut rig = opened();
    for (field, why) in [
        ("first_name", "Not asked for: tick it among"),
        ("email", "the service did not send it"),
        ("phone", "The service sent null"),
        ("score", "The text \"21\" was sent"),
        ("note", "sent an empty text"),
    ] {
        let is_there =
            |line: &str| line.rsplit('▌').next().is_some_and(|it| it.trim_start().starts_with(field));
        while !rig.screen().lines().any(|line| line.contains('▌') && is_there(line)) {
            assert!(rig.key("j"), "no {field}");
        }
        assert!(rig.screen().contains(why), "{field}: {why} in {}", rig.screen());
    }
}

#[test]
fn an_expression_is_answered_as_it_is_typed_and_survives_one_that_cannot_be_read() {
    let mut rig = opened();
    rig.key(".");
    assert_eq!(rig.app.context(), Context::Editor);
    type_in(&mut rig, ".attributes.score");
    let screen = rig.screen();
    assert!(
        screen.contains("jq .attributes.score") && screen.contains("1 value · Alt-R: as received"),
        "{screen}"
    );
    assert!(screen.contains("│▌21 "), "{screen}");
    type_in(&mut rig, "|");
    let screen = rig.screen();
    assert!(screen.contains("^ term is expected here") && screen.contains("│▌21 "), "{screen}");
    type_in(&mut rig, ".+1");
    assert!(rig.screen().contains("│▌22 "), "{}", rig.screen());
    // As received, the score is text.
    rig.key("Alt-R");
    assert!(rig.screen().contains("cannot calculate \"21\" + 1"), "{}", rig.screen());
    rig.key("Alt-R");
    assert!(rig.kept.is_empty(), "nothing is kept before the line is left");
    rig.key("Enter");
    assert_eq!(rig.app.context(), Context::Detail);
    assert_eq!(rig.kept.len(), 1);
    // The next profile is asked the same.
    rig.key("J");
    let screen = rig.screen();
    assert!(screen.contains("Profile PROF-2") && screen.contains("│▌8 "), "{screen}");
    rig.key("y y");
    assert_eq!(rig.copied, ["8"]);
    rig.key("Esc");
    assert!(rig.screen().contains("as processed") || rig.screen().contains("phone"), "{}", rig.screen());
    assert_eq!(rig.app.context(), Context::Detail);
}

#[test]
fn earlier_expressions_come_back() {
    let mut rig = opened();
    let directory = tempfile::tempdir().unwrap();
    let kept = Kept::within(directory.path().into());
    std::fs::write(directory.path().join("jq"), ".old\n.newer\n").unwrap();
    let _ = rig.app.remember(&kept);
    rig.key(".");
    type_in(&mut rig, ".id");
    for (key, line) in [("Up", ".newer"), ("Up", ".old"), ("Up", ".old"), ("Down", ".newer"), ("Down", ".id")]
    {
        rig.key(key);
        assert!(rig.screen().contains(&format!("jq {line}")), "{line} in {}", rig.screen());
    }
}

#[test]
fn an_answer_to_another_expression_changes_nothing_and_the_screen_goes_on() {
    let mut rig = opened();
    rig.key(".");
    let turn = rig.app.key("1".parse::<Chord>().unwrap().event(), rig.at);
    let first = asks(turn);
    assert_eq!(first.len(), 1);
    // While that is worked out, more is typed, and everything else is done.
    let turn = rig.app.key("2".parse::<Chord>().unwrap().event(), rig.at);
    assert!(asks(turn).is_empty(), "one at a time");
    assert!(first[0].dropped.load(std::sync::atomic::Ordering::Relaxed), "the first is not wanted any more");
    rig.key("Enter");
    rig.key("J");
    assert!(rig.screen().contains("Profile PROF-2"), "{}", rig.screen());
    let stopped = End::Stopped("stopped after 300 ms".into());
    let answer = crate::tui::jq::Answer { text: "1".into(), values: 1, end: stopped };
    let next = asks(rig.app.answered_jq(first[0].ticket, answer, rig.at));
    assert_eq!((next.len(), next[0].expression.as_str()), (1, "12"));
    assert!(!rig.screen().contains("stopped after"), "{}", rig.screen());
}

fn asks(turn: Turn) -> Vec<Ask> {
    let is_ask = |effect| if let Effect::Jq(ask) = effect { Some(ask) } else { None };
    turn.effects.into_iter().filter_map(is_ask).collect()
}

#[test]
fn two_people_are_compared() {
    let mut rig = opened();
    rig.key("d");
    assert!(rig.screen().contains("PROF-1 is held: d on another profile compares"), "{}", rig.screen());
    rig.key("J");
    rig.key("d");
    assert_eq!(rig.app.context(), Context::Compare);
    let screen = rig.screen();
    for part in ["Compare  ", "attributes.score", "21", "7", "attributes.note"] {
        assert!(screen.contains(part), "{part} in {screen}");
    }
    assert!(!screen.contains("attributes.city  "), "what is the same is not shown: {screen}");
    rig.key("O");
    assert!(rig.screen().contains("attributes.city"), "{}", rig.screen());
    rig.key("Y");
    assert!(rig.copied[0].contains("attributes.score\t21\t7"), "{:?}", rig.copied);
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Detail);
    // The table holds and lets go too.
    rig.key("Esc");
    rig.key("k");
    rig.key("d");
    assert!(rig.screen().contains("PROF-1 is held no more"), "{}", rig.screen());
}

#[test]
fn a_search_in_a_profile_is_its_own() {
    let mut rig = opened();
    rig.key("/");
    type_in(&mut rig, "wien");
    let screen = rig.screen();
    assert!(screen.contains("/wien") && screen.contains("1 of 1"), "{screen}");
    rig.key("Enter");
    rig.key("n");
    rig.key("N");
    rig.key("y y");
    assert_eq!(rig.copied, ["Wien"]);
    rig.key("Esc");
    assert!(!rig.screen().contains("/wien"), "{}", rig.screen());
    assert_eq!(rig.app.context(), Context::Detail, "the first Esc clears the search");
}
