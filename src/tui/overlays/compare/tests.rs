use super::*;
use crate::engine::pipeline::profile::{Slot, Value};
use crate::rows::Mask;
use crate::rows::fixture::{node, profile, text};
use crate::tui::ctx::fixture::World;
use crate::tui::theme::ThemeChoice;

fn names() -> [String; 2] {
    ["PROF-0000001".into(), "PROF-0000002".into()]
}

fn tags(tags: &[&str]) -> Slot<crate::engine::pipeline::profile::Node> {
    Slot::Value(node(Value::List(tags.iter().map(|tag| node(Value::Text((*tag).into()))).collect())))
}

fn other() -> Profile {
    let address = node(Value::Object(vec![
        ("city".into(), node(Value::Text("Genève".into()))),
        ("zip".into(), node(Value::Text("1201".into()))),
    ]));
    Profile {
        first_name: text("Grace"),
        phone: Slot::Missing,
        tags: tags(&["beta", "trial"]),
        attributes: Slot::Value(node(Value::Object(vec![
            ("score".into(), node(Value::Text("21".into()))),
            ("address".into(), address),
        ]))),
        ..profile(2)
    }
}

fn drawn(compare: &Compare, choice: ThemeChoice, ascii: bool, size: (u16, u16)) -> Buffer {
    let mut world = World::new(choice);
    world.theme = Theme::new(choice, ascii);
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buf = Buffer::empty(area);
    compare.view(&world.ctx(area), area, &mut buf);
    buf
}

fn act(compare: &mut Compare, actions: &[Action]) {
    let world = World::new(ThemeChoice::Dark);
    for action in actions {
        compare.select(*action, &world.ctx(Rect::new(0, 0, 80, 24)));
    }
}

#[test]
fn every_theme_and_size() {
    let mut compare = Compare::new(names(), &profile(1), &other(), &Mask::default());
    act(&mut compare, &[Action::Down]);
    for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
        insta::assert_debug_snapshot!(drawn(&compare, choice, false, (80, 24)));
    }
    insta::assert_debug_snapshot!(drawn(&compare, ThemeChoice::Plain, true, (60, 16)));
    act(&mut compare, &[Action::OnlyChanged]);
    insta::assert_debug_snapshot!(drawn(&compare, ThemeChoice::Dark, false, (110, 30)));
    for size in [(0, 0), (1, 1), (3, 9), (9, 3), (300, 100)] {
        let _buf = drawn(&compare, ThemeChoice::Dark, false, size);
    }
}

#[test]
fn what_differs_is_told_by_path_and_copied_as_it_is() {
    let compare = Compare::new(names(), &profile(1), &other(), &Mask::default());
    let told = |mark: Mark| {
        let pairs = compare.pairs.iter().filter(|pair| pair.mark == mark);
        pairs.map(|pair| format!("{} {}|{}", pair.path, pair.shown[0], pair.shown[1])).collect::<Vec<_>>()
    };
    assert_eq!(
        told(Mark::Differs),
        [
            "id PROF-0000001|PROF-0000002",
            "first_name Ada|Grace",
            "last_name Byron 1|Byron 2",
            "attributes.score 21|\"21\"",
            "attributes.address.city Zürich|Genève"
        ]
    );
    assert_eq!(told(Mark::Left), ["phone 15550100|missing", "tags vip|", "attributes.active true|"]);
    assert_eq!(told(Mark::Right), ["tags |trial", "attributes.address.zip |1201"]);
    assert!(told(Mark::Same).contains(&"tags beta|beta".to_owned()));
    assert_eq!(compare.line().unwrap(), "id\tPROF-0000001\tPROF-0000002");
    assert_eq!(compare.lines().lines().count(), 11);
}

#[test]
fn a_profile_is_the_same_as_itself() {
    let mut compare = Compare::new(names(), &profile(1), &profile(1), &Mask::default());
    let said = format!("{:?}", drawn(&compare, ThemeChoice::Plain, false, (80, 24)));
    assert!(said.contains("all the same") && said.contains("the two are the same"), "{said}");
    assert_eq!(compare.line(), None);
    act(&mut compare, &[Action::SearchNext, Action::Down, Action::OnlyChanged, Action::Last]);
    assert!(compare.line().is_some());
}

#[test]
fn an_order_alone_is_a_difference() {
    let profile = |list: &[&str]| Profile { tags: tags(list), ..profile(1) };
    let compare = Compare::new(names(), &profile(&["a", "b"]), &profile(&["b", "a"]), &Mask::default());
    let differing: Vec<_> = compare.pairs.iter().filter(|pair| pair.mark != Mark::Same).collect();
    assert_eq!(differing.len(), 1);
    assert_eq!(differing[0].told("→"), "tags (order): [\"a\",\"b\"] → [\"b\",\"a\"]");
}

#[test]
fn differences_are_gone_to_among_all() {
    let mut compare = Compare::new(names(), &profile(1), &other(), &Mask::default());
    act(&mut compare, &[Action::OnlyChanged, Action::First]);
    let mut met = vec![compare.pair().unwrap().mark];
    loop {
        let before = compare.at;
        act(&mut compare, &[Action::SearchNext]);
        if compare.at == before {
            break;
        }
        met.push(compare.pair().unwrap().mark);
    }
    assert_eq!(met.len(), compare.differing());
    assert!(!met.contains(&Mark::Same));
    act(&mut compare, &[Action::SearchPrevious; 50]);
    assert_eq!(compare.at, 0);
}

#[test]
fn what_is_masked_is_compared_and_neither_shown_nor_copied() {
    let mask = Mask::new(true, &["address.*".into()], (1, 2), false);
    let mut compare = Compare::new(names(), &profile(1), &other(), &mask);
    act(&mut compare, &[Action::OnlyChanged]);
    let said = format!("{:?}{}", drawn(&compare, ThemeChoice::Plain, false, (120, 40)), compare.lines());
    for secret in ["Ada", "Grace", "Byron", "ada@example.org", "15550100", "Zürich", "Genève"] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
    let email = compare.pairs.iter().find(|pair| pair.path == "email").unwrap();
    assert_eq!((email.mark, &email.shown[0]), (Mark::Same, &email.shown[1]));
    assert!(said.contains("attributes.score\t21\t21"), "{said}");
}
