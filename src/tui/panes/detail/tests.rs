use super::*;
use crate::engine::pipeline::profile::{Change, Slot, Value};
use crate::rows::Mask;
use crate::rows::fixture::{changed, coerced, node, profile, text as value};
use crate::tui::ctx::Focus;
use crate::tui::ctx::fixture::World;
use crate::tui::theme::ThemeChoice;
use crate::tui::widgets::testing::{draw, text};
use proptest::prelude::*;

const THEMES: [(ThemeChoice, &str); 3] =
    [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light"), (ThemeChoice::Plain, "plain")];

fn area() -> Rect {
    Rect::new(0, 1, 60, 10)
}

fn world() -> World {
    World { focus: Focus::Detail, ..World::new(ThemeChoice::Dark) }
}

fn open(profile: Profile) -> Detail {
    let mut detail = Detail::new();
    detail.show(0, profile, None);
    detail
}

fn act(detail: &mut Detail, world: &World, actions: &[Action]) {
    for action in actions {
        let _ = detail.update(*action, &world.ctx(area()));
    }
}

fn seen(detail: &Detail, world: &World, width: u16, height: u16) -> String {
    text(&draw(world, width, height, |ctx, area, buf| detail.view(ctx, area, buf)))
}

fn copied(detail: &mut Detail, world: &World, action: Action) -> String {
    match detail.update(action, &world.ctx(area())).effect {
        Some(Effect::Copy(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_state_in_every_theme() {
    for (choice, name) in THEMES {
        let world = World { focus: Focus::Detail, ..World::new(choice) };
        let shot = |state: &str, detail: &Detail, width, height| {
            let buf = draw(&world, width, height, |ctx, area, buf| detail.view(ctx, area, buf));
            insta::assert_debug_snapshot!(format!("{state}_{name}"), buf);
        };
        shot("empty", &Detail::new(), 60, 4);
        let mut detail = open(Profile { last_name: Slot::Null, created_date: Slot::NotAsked, ..profile(21) });
        act(&mut detail, &world, &[Action::Down, Action::Down]);
        shot("full", &detail, 70, 18);
        shot("narrow", &detail, 36, 12);
        shot("wide", &detail, 120, 18);
        act(&mut detail, &world, &[Action::OnlyChanged]);
        shot("only_changed", &detail, 60, 12);
        act(&mut detail, &world, &[Action::Raw]);
        shot("raw", &detail, 60, 8);
        act(&mut detail, &world, &[Action::Raw, Action::OnlyChanged, Action::Search]);
        type_in(&mut detail, &world, "byron");
        shot("search", &detail, 60, 12);
        act(&mut detail, &world, &[Action::Close, Action::Close, Action::Jq]);
        type_in(&mut detail, &world, ".attributes");
        shot("jq", &detail, 60, 10);
        type_in(&mut detail, &world, "|");
        shot("jq_refused", &detail, 60, 10);
        act(&mut detail, &world, &[Action::Close, Action::Down, Action::Down]);
        shot("jq_narrow", &detail, 36, 6);
    }
}

/// Types a text, and works out what is asked.
fn type_in(detail: &mut Detail, world: &World, text: &str) {
    for c in text.chars() {
        let _ = detail.input(crossterm::event::KeyCode::Char(c).into(), &world.ctx(area()));
        answer(detail);
    }
}

fn answer(detail: &mut Detail) {
    while let Some(ask) = detail.ask() {
        let _ = detail.answered(ask.ticket, ask.run_here());
    }
}

fn label(detail: &Detail) -> &str {
    &detail.items[detail.cursor.item].label
}

#[test]
fn what_is_folded_and_where_the_cursor_is_stays_in_the_next_profile() {
    let world = world();
    let mut detail = open(profile(1));
    act(&mut detail, &world, &[Action::Last, Action::Up, Action::Up, Action::Left, Action::Left]);
    assert_eq!(label(&detail), "address");
    // One that has more before it, one that does not have it at all, and one that has it again.
    let Slot::Value(attributes) = profile(2).attributes else { unreachable!() };
    let Value::Object(mut members) = attributes.value else { unreachable!() };
    members.insert(0, ("more".into(), node(Value::Object(vec![("a".into(), node(Value::Null))]))));
    let longer = Profile { attributes: Slot::Value(node(Value::Object(members))), ..profile(2) };
    detail.show(1, longer, None);
    assert_eq!(label(&detail), "address");
    let said = seen(&detail, &world, 60, 20);
    assert!(said.contains("address ▸") && said.contains("more ▾") && !said.contains("city"), "{said}");
    detail.show(2, Profile { attributes: Slot::Null, ..profile(3) }, None);
    assert_eq!(label(&detail), "attributes");
    detail.show(3, profile(4), None);
    assert_eq!(label(&detail), "address");
    assert!(!seen(&detail, &world, 60, 20).contains("city"));
}

#[test]
fn all_is_folded_and_opened_at_once() {
    let world = world();
    let mut detail = open(profile(1));
    act(&mut detail, &world, &[Action::Last, Action::Up, Action::Up, Action::FoldAll]);
    assert_eq!(label(&detail), "attributes", "the cursor is on what is seen of where it was");
    let said = seen(&detail, &world, 60, 20);
    assert!(said.contains("tags ▸         2 items") && said.contains("attributes ▸   3 keys"), "{said}");
    act(&mut detail, &world, &[Action::Fold]);
    let said = seen(&detail, &world, 60, 20);
    assert!(said.contains("score") && said.contains("address ▸"), "{said}");
    act(&mut detail, &world, &[Action::Right]);
    assert_eq!(label(&detail), "score", "what is open is gone into");
    act(&mut detail, &world, &[Action::FoldAll, Action::FoldAll]);
    assert!(seen(&detail, &world, 60, 20).contains("city"));
}

#[test]
fn received_json_folds_and_its_nodes_are_copied() {
    let world = world();
    let mut detail = open(profile(1));
    act(&mut detail, &world, &[Action::Raw]);
    act(&mut detail, &world, &[Action::Down; 6]);
    assert_eq!(copied(&mut detail, &world, Action::Copy), "[\n  \"vip\",\n  \"beta\"\n]");
    act(&mut detail, &world, &[Action::Fold]);
    let said = seen(&detail, &world, 60, 20);
    assert!(said.contains("\"tags\": [ 2 lines ]") && !said.contains("vip"), "{said}");
    act(&mut detail, &world, &[Action::Down, Action::Up, Action::Up]);
    assert_eq!(copied(&mut detail, &world, Action::Copy), "+1 555-0100");
    act(&mut detail, &world, &[Action::First]);
    assert!(copied(&mut detail, &world, Action::Copy).starts_with("{\n  \"id\""));
}

#[test]
fn only_what_changed_is_left_with_what_holds_it() {
    let world = world();
    let mut detail = open(profile(1));
    act(&mut detail, &world, &[Action::OnlyChanged]);
    let labels: Vec<_> = detail.items.iter().map(|item| (&*item.label, item.below)).collect();
    assert_eq!(labels, [("email", 0), ("phone", 0), ("attributes", 2), ("score", 0), ("active", 0)]);
    detail.show(1, Profile { id: value("x"), ..Profile::default() }, None);
    assert!(seen(&detail, &world, 60, 20).contains("Processing changed nothing"));
}

#[test]
fn a_search_opens_what_is_folded_and_goes_round() {
    let world = world();
    let mut detail = open(profile(1));
    act(&mut detail, &world, &[Action::FoldAll, Action::Search]);
    type_in(&mut detail, &world, "zür");
    assert_eq!(label(&detail), "city");
    let said = seen(&detail, &world, 60, 20);
    assert!(said.contains("/zür") && said.contains("1 of 1") && said.contains("Zürich"), "{said}");
    type_in(&mut detail, &world, "x");
    assert!(seen(&detail, &world, 60, 20).contains("not found"));
    act(&mut detail, &world, &[Action::Close, Action::Close, Action::First, Action::Search]);
    type_in(&mut detail, &world, "01");
    let mut met = vec![label(&detail).to_owned()];
    for _ in 0..3 {
        act(&mut detail, &world, &[Action::SearchNext]);
        met.push(label(&detail).to_owned());
    }
    assert_eq!(met, ["id", "phone", "id", "phone"]);
    act(&mut detail, &world, &[Action::SearchPrevious]);
    assert_eq!(label(&detail), "id");
}

#[test]
fn why_a_value_is_as_it_is_stands_below() {
    let world = world();
    let why = |profile: Profile, at: &str| {
        let mut detail = open(profile);
        while label(&detail) != at {
            act(&mut detail, &world, &[Action::Down]);
        }
        seen(&detail, &world, 120, 30)
    };
    let phone = |slot| Profile { phone: slot, ..profile(1) };
    for (slot, says) in [
        (Slot::NotAsked, "Not asked for: tick it among the query's fields (a there ticks all) and run again"),
        (Slot::Missing, "Asked for, and the service did not send it"),
        (Slot::Null, "The service sent null"),
        (value(""), "Empty because the service sent an empty text."),
        (changed("", "\"---\"", Change::Stripped), "Empty because \"---\" was sent, and of a phone number"),
        (changed("1", "1", Change::WrongType), "1 was sent, which is not the text that phone is by contract"),
    ] {
        let said = why(phone(slot), "phone");
        assert!(said.contains(says), "{says}: {said}");
    }
    assert!(why(profile(1), "email").contains("e-mail addresses are kept in lower case"));
    assert!(!why(profile(1), "id").contains('·'), "what explains itself is not explained");
    let zip = node(Value::Object(vec![("zip".into(), node(Value::Text("0012".into())))]));
    let said = why(Profile { tags: Slot::Null, attributes: Slot::Value(zip), ..profile(1) }, "zip");
    assert!(said.contains("Stays text"), "{said}");
}

#[test]
fn a_key_of_a_line_that_is_typed_moves_nothing_else() {
    let world = world();
    let mut detail = open(profile(1));
    act(&mut detail, &world, &[Action::Jq]);
    type_in(&mut detail, &world, ".tags[]");
    assert!(seen(&detail, &world, 60, 12).contains("2 values · Alt-R: as received"));
    // What was said of one profile never stands below the name of another.
    detail.show(1, Profile { tags: Slot::Null, ..profile(2) }, None);
    assert!(!seen(&detail, &world, 60, 12).contains("vip"));
    answer(&mut detail);
    let said = seen(&detail, &world, 60, 12);
    assert!(said.contains("cannot use null as iterable") || said.contains("cannot"), "{said}");
    detail.show(2, profile(3), None);
    answer(&mut detail);
    assert_eq!(copied(&mut detail, &world, Action::Copy), "vip");
    assert_eq!(copied(&mut detail, &world, Action::CopyProfile), "\"vip\"\n\"beta\"");
}

#[test]
fn changed_values_stand_beside_what_was_received() {
    let world = world();
    let detail = open(Profile {
        tags: Slot::Value(node(Value::Text("x".into()))),
        phone: changed("15550100", "15550100", Change::WrongType),
        ..profile(21)
    });
    let said = seen(&detail, &world, 80, 20);
    for line in [
        "email          ada@example.org  lower-cased from \"Ada@Example.org\"",
        "phone          15550100  wrong type, was 15550100",
        "attributes ▾   3 keys  object",
        "  score        21  number  from \"21\"",
        "  active       true  boolean  from \"TRUE\"",
        "  address ▾    1 key  object",
        "    city       Zürich  text",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let world = world();
    let profile = Profile {
        first_name: Slot::Null,
        last_name: Slot::Missing,
        email: value(""),
        phone: Slot::NotAsked,
        ..profile(1)
    };
    let said = seen(&open(profile), &world, 60, 20);
    for line in [
        "first_name     null",
        "last_name      missing",
        "email          \"\"",
        "phone          not asked for",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
}

#[test]
fn dangerous_characters_are_marks_in_both_forms() {
    let world = world();
    let mut detail = open(Profile {
        first_name: value("a\x1b[31m\u{202e}b"),
        raw: "{\"firstName\":\"a\u{202e}b\\u001b\"}".into(),
        ..profile(1)
    });
    let said = seen(&detail, &world, 60, 12);
    assert!(said.contains("a␛[31m‹202E›b"), "{said}");
    act(&mut detail, &world, &[Action::Raw]);
    let said = seen(&detail, &world, 60, 12);
    assert!(said.contains("\"firstName\": \"a\\u202eb\\u001b\""), "{said}");
    assert!(said.contains("as received"), "{said}");
}

#[test]
fn long_values_wrap_and_are_scrolled_by_lines() {
    let world = world();
    let long: String = (0..100).fold(String::new(), |text, n| text + &format!("word{n:03} "));
    let mut detail = open(Profile { first_name: value(&long), ..profile(1) });
    act(&mut detail, &world, &[Action::Down; 12]);
    let said = seen(&detail, &world, 60, 10);
    assert!(said.contains("word055") && !said.contains("PROF-0000001  "), "{said}");
    act(&mut detail, &world, &[Action::First]);
    assert!(seen(&detail, &world, 60, 10).contains("id             PROF-0000001"));
    act(&mut detail, &world, &[Action::Last]);
    assert!(seen(&detail, &world, 60, 10).contains("modified_date"));
    act(&mut detail, &world, &[Action::Up; 20]);
    assert_eq!(detail.cursor.item, 1);
}

#[test]
fn a_megabyte_is_cut_into_pieces_that_add_up() {
    let world = world();
    let long = "é".repeat(1 << 20);
    let mut detail = open(Profile { first_name: value(&long), ..profile(1) });
    assert!(detail.items.iter().all(|item| item.value.len() <= items::LONGEST));
    let whole: String = detail.items[1..]
        .iter()
        .take_while(|i| i.label.is_empty() || &*i.label == "first_name")
        .map(|i| &*i.value)
        .collect();
    assert_eq!(whole, long);
    act(&mut detail, &world, &[Action::Down]);
    assert_eq!(copied(&mut detail, &world, Action::Copy), long);
    act(&mut detail, &world, &[Action::PageDown; 50]);
    assert!(seen(&detail, &world, 60, 10).contains("ééééé"));
    act(&mut detail, &world, &[Action::Last]);
    assert!(seen(&detail, &world, 60, 10).contains("modified_date"));
}

#[test]
fn trees_fold() {
    let world = world();
    let mut detail = open(profile(1));
    act(&mut detail, &world, &[Action::Last, Action::Up, Action::Up]);
    assert_eq!(&*detail.items[detail.cursor.item].label, "city");
    // From a leaf to what holds it; that folds; then on to what holds that.
    act(&mut detail, &world, &[Action::Left, Action::Left]);
    let said = seen(&detail, &world, 60, 20);
    assert!(said.contains("address ▸") && !said.contains("city"), "{said}");
    act(&mut detail, &world, &[Action::Left, Action::Left]);
    let said = seen(&detail, &world, 60, 20);
    assert!(said.contains("attributes ▸") && !said.contains("score"), "{said}");
    // Walking passes over what is folded, both ways.
    act(&mut detail, &world, &[Action::Down]);
    assert_eq!(&*detail.items[detail.cursor.item].label, "created_date");
    act(&mut detail, &world, &[Action::Up]);
    assert_eq!(&*detail.items[detail.cursor.item].label, "attributes");
    act(&mut detail, &world, &[Action::Right]);
    assert!(seen(&detail, &world, 60, 20).contains("score"));
}

#[test]
fn copying_gives_the_true_value() {
    let world = world();
    let mut detail = open(Profile { id: value("a\u{202e}b"), ..profile(1) });
    assert_eq!(copied(&mut detail, &world, Action::Copy), "a\u{202e}b");
    act(&mut detail, &world, &[Action::Last, Action::Up, Action::Up]);
    assert_eq!(copied(&mut detail, &world, Action::Copy), "Zürich");
    act(&mut detail, &world, &[Action::Up]);
    assert_eq!(copied(&mut detail, &world, Action::Copy), r#"{"city":"Zürich"}"#);
    assert!(copied(&mut detail, &world, Action::CopyProfile).contains("\"score\": 21"));
    act(&mut detail, &world, &[Action::Raw]);
    assert_eq!(copied(&mut detail, &world, Action::CopyProfile), profile(1).raw_json());
}

#[test]
fn the_next_profile_is_read_where_the_last_one_was() {
    let world = world();
    let mut detail = open(profile(1));
    act(&mut detail, &world, &[Action::Last]);
    let at = detail.cursor;
    detail.show(1, profile(2), None);
    assert_eq!(detail.cursor, at);
    detail.show(2, Profile { attributes: Slot::Null, tags: Slot::Null, ..profile(3) }, None);
    assert!(detail.cursor.item < detail.items.len());
    assert!(seen(&detail, &world, 60, 10).contains('▌'));
    detail.clear();
    assert_eq!(detail.row(), None);
}

#[test]
fn nothing_is_done_to_nothing() {
    let world = world();
    let outcome = Detail::new().update(Action::Down, &world.ctx(area()));
    assert!(!outcome.changed && outcome.effect.is_none());
}

fn any_node() -> impl Strategy<Value = crate::engine::pipeline::profile::Node> {
    let leaf = prop_oneof![
        "\\PC{0,80}".prop_map(|text| node(Value::Text(text.as_str().into()))),
        "[0-9]{1,5}".prop_map(|digits| coerced(Value::Number(digits.into()), "\"x\"")),
        Just(node(Value::Null)),
        any::<bool>().prop_map(|b| node(Value::Bool(b))),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| node(Value::List(items))),
            proptest::collection::vec(("[a-z]{0,30}", inner), 0..4).prop_map(|entries| {
                node(Value::Object(entries.into_iter().map(|(k, v)| (k.as_str().into(), v)).collect()))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_done_the_profile_can_be_drawn(
        attributes in any_node(),
        actions in proptest::collection::vec(0_usize..12, 0..30),
        width in 3_u16..130,
        height in 1_u16..14,
    ) {
        const ALL: [Action; 12] = [
            Action::Up, Action::Down, Action::PageUp, Action::PageDown, Action::First, Action::Last,
            Action::Left, Action::Right, Action::Raw, Action::Fold, Action::FoldAll, Action::OnlyChanged,
        ];
        let world = world();
        let mut detail = open(Profile { attributes: Slot::Value(attributes), ..profile(1) });
        for action in actions {
            act(&mut detail, &world, &[ALL[action]]);
        }
        let said = seen(&detail, &world, width, height);
        if height > 1 {
            prop_assert_eq!(said.matches('▌').count(), 1, "{}", said);
        }
    }

    #[test]
    fn walking_down_and_up_meets_the_same_lines(attributes in any_node(), folds in proptest::collection::vec(0_usize..40, 0..6)) {
        let mut detail = open(Profile { attributes: Slot::Value(attributes), ..profile(1) });
        for at in folds {
            if let Some(item) = detail.items.get_mut(at).filter(|item| item.below > 0) {
                item.folded = true;
            }
        }
        let mut down = vec![detail.cursor];
        loop {
            detail.step(true, 1, 40);
            if Some(&detail.cursor) == down.last() { break }
            down.push(detail.cursor);
        }
        prop_assert_eq!(detail.cursor, detail.last_line(40));
        let mut up = vec![detail.cursor];
        loop {
            detail.step(false, 1, 40);
            if Some(&detail.cursor) == up.last() { break }
            up.push(detail.cursor);
        }
        up.reverse();
        prop_assert_eq!(down, up);
    }
}

#[test]
fn what_is_masked_is_told_nowhere() {
    let world = world();
    let mask = Mask::new(true, &["address.*".into(), "score".into()], (1, 2), false);
    let mut detail = open(profile(1));
    detail.veil(&mask);
    let mut said = String::new();
    for width in [60, 120] {
        for step in 0..16 {
            act(&mut detail, &world, if step == 0 { &[Action::First] } else { &[Action::Down] });
            said += &seen(&detail, &world, width, 30);
        }
    }
    act(&mut detail, &world, &[Action::Raw]);
    said += &seen(&detail, &world, 60, 30);
    act(&mut detail, &world, &[Action::Raw, Action::Jq]);
    type_in(&mut detail, &world, ".");
    said += &seen(&detail, &world, 60, 30);
    act(&mut detail, &world, &[Action::JqOver]);
    answer(&mut detail);
    said += &seen(&detail, &world, 60, 30);
    let said = said.to_lowercase();
    for secret in ["ada", "byron", "example.org", "5550100", "zürich", "\"21\""] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
    assert!(said.contains("vip") && said.contains("prof-0000001"), "{said}");
    // What is shown again is told again, also by what was asked.
    detail.veil(&Mask::default());
    answer(&mut detail);
    assert!(seen(&detail, &world, 60, 30).contains("Ada@Example.org"));
}
