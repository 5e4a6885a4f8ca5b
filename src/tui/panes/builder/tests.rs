mod helped;

use super::*;
use crate::engine::plan::Count;
use crate::engine::query::{Field, FieldSet};
use crate::tui::ctx::fixture::World;
use crate::tui::theme::ThemeChoice;
use crate::tui::widgets::testing::{draw, text};
use Section::{Fields, Filter, Segments};
use crossterm::event::KeyModifiers;
use proptest::prelude::*;
use std::time::Duration;

const THEMES: [(ThemeChoice, &str); 3] =
    [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light"), (ThemeChoice::Plain, "plain")];

fn world() -> World {
    World::new(ThemeChoice::Dark)
}

fn area() -> Rect {
    Rect::new(0, 1, 33, 20)
}

fn everybody() -> Builder {
    Builder::new(Draft { segments: vec!["SEG-ALL".into()], ..Draft::default() })
}

fn plan() -> Plan {
    Plan {
        batches: 1,
        requests: Count::Exactly(200),
        rows: None,
        time: Some(Duration::from_secs(21)),
        cached: 3,
        cached_until: None,
        first: Vec::new(),
    }
}

fn act(builder: &mut Builder, world: &World, actions: &[Action]) -> Outcome {
    let mut last = Outcome::IGNORED;
    for action in actions {
        last = builder.update(*action, &world.ctx(area()));
    }
    last
}

fn typed(builder: &mut Builder, world: &World, text: &str) -> Outcome {
    let mut last = Outcome::IGNORED;
    for c in text.chars() {
        let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        last = builder.input(KeyEvent::new(code, KeyModifiers::NONE), &world.ctx(area()));
    }
    last
}

fn seen(builder: &Builder, world: &World, width: u16, height: u16) -> String {
    text(&draw(world, width, height, |ctx, area, buf| builder.view(ctx, area, buf)))
}

fn asked(outcome: Outcome) -> Option<(u64, Query)> {
    match outcome.effect {
        Some(Effect::Engine(Command::Plan(ticket, query))) => Some((ticket, query)),
        None => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_state_in_every_theme() {
    for (choice, name) in THEMES {
        let world = World::new(choice);
        let shot = |state: &str, builder: &Builder, width, height| {
            let buf = draw(&world, width, height, |ctx, area, buf| builder.view(ctx, area, buf));
            insta::assert_debug_snapshot!(format!("{state}_{name}"), buf);
        };
        shot("empty", &Builder::new(Draft::default()), 28, 16);
        let mut builder = everybody();
        shot("loading", &builder, 28, 16);
        let (ticket, _) = asked(builder.replan(&world.ctx(area()))).unwrap();
        let _ = builder.planned(ticket, plan());
        shot("ready", &builder, 28, 16);
        shot("narrow", &builder, 24, 10);
        let _ = act(&mut builder, &world, &[Action::First, Action::Down, Action::Right, Action::Toggle]);
        shot("matrix", &builder, 42, 22);
        shot("matrix_narrow", &builder, 24, 10);
        let _ = act(&mut builder, &world, &[Action::Last, Action::Edit]);
        let _ = typed(&mut builder, &world, "email eq 'x and then some more of it");
        shot("wrong", &builder, 33, 18);
        let _ = act(&mut builder, &world, &[Action::Close, Action::First, Action::Edit]);
        let _ = builder.paste("PROF-001\nPROF-002\nPROF\u{7}-003\nPROF-001", &world.ctx(area()));
        shot("ids", &builder, 33, 20);
    }
}

#[test]
fn a_query_without_a_target_says_what_to_do() {
    let own = Builder::new(Draft::default());
    assert!(own.query().is_err() && everybody().query().is_ok());
    let said = seen(&own, &world(), 33, 20);
    assert!(said.contains("nothing to ask for yet"), "{said}");
}

#[test]
fn a_draft_goes_in_and_comes_out() {
    let draft = Draft {
        ids: vec!["A".into(), "B".into()],
        fields: [Field::Email].into_iter().collect(),
        segments: vec!["S".into(), "T".into()],
        filter: "a eq 1\nand b eq 2".into(),
        page_size: 7,
        limit: Some(3),
        retention_days: 9,
        use_cache: false,
    };
    assert_eq!(Builder::new(draft.clone()).draft(), draft);
}

#[test]
fn only_the_answer_to_the_last_question_counts() {
    let world = world();
    let mut builder = everybody();
    let (first, _) = asked(builder.replan(&world.ctx(area()))).unwrap();
    let (second, query) = asked(act(&mut builder, &world, &[Action::ToggleAll])).unwrap();
    assert!(second > first);
    assert_eq!(query.fields(), FieldSet::ID);
    assert!(!builder.planned(first, plan()).changed);
    assert!(seen(&builder, &world, 33, 20).contains("plan …"));
    assert!(builder.planned(second, plan()).changed);
    assert!(seen(&builder, &world, 60, 20).contains("plan 200 requests, ~21 s, 3 from the cache"));
    // An answer that comes after the query stopped being valid says nothing.
    let _ = act(&mut builder, &world, &[Action::Last, Action::Edit]);
    let _ = typed(&mut builder, &world, "(");
    assert!(!builder.planned(builder.ticket, plan()).changed);
    assert!(seen(&builder, &world, 33, 20).contains("never closed"));
}

#[test]
fn a_lower_bound_is_called_one() {
    let world = world();
    let mut builder = everybody();
    let (ticket, _) = asked(builder.replan(&world.ctx(area()))).unwrap();
    let _ = builder.planned(ticket, Plan { requests: Count::AtLeast(1), time: None, cached: 0, ..plan() });
    let said = seen(&builder, &world, 33, 20);
    assert!(said.contains("plan at least 1 request ") && !said.contains(" s,"), "{said}");
}

#[test]
fn sections_are_walked_and_letters_mean_nothing_outside_an_editor() {
    let world = world();
    let mut builder = Builder::new(Draft::default());
    let mut walked = vec![];
    for _ in 0..9 {
        let _ = act(&mut builder, &world, &[Action::Down]);
        walked.push((builder.section, builder.matrix.cursor()));
    }
    assert_eq!(
        walked,
        [
            (Fields, 0),
            (Fields, 2),
            (Fields, 4),
            (Fields, 6),
            (Fields, 8),
            (Segments, 8),
            (Filter, 8),
            (Filter, 8),
            (Filter, 8),
        ]
    );
    let _ = act(&mut builder, &world, &[Action::Up, Action::Up]);
    assert_eq!((builder.section, builder.matrix.cursor()), (Fields, 8));
    let outcome = typed(&mut builder, &world, "x");
    assert!(!outcome.changed && !builder.is_editing());
    assert_eq!(builder.draft(), Draft::default());
}

#[test]
fn leaving_an_editor_keeps_the_text() {
    let world = world();
    let mut builder = Builder::new(Draft::default());
    let _ = act(&mut builder, &world, &[Action::Edit]);
    assert!(builder.is_editing());
    let _ = typed(&mut builder, &world, "A\nB, C");
    assert!(act(&mut builder, &world, &[Action::Close]).changed);
    assert!(!builder.is_editing());
    assert!(!act(&mut builder, &world, &[Action::Close]).changed, "the next Esc is somebody else's");
    assert_eq!(builder.draft().ids, ["A", "B", "C"]);
    let _ = act(&mut builder, &world, &[Action::Last, Action::Up, Action::Edit]);
    let _ = typed(&mut builder, &world, "SEG-A SEG-B\n");
    assert!(!builder.is_editing(), "Enter leaves an editor of one line");
    assert_eq!(builder.draft().segments, ["SEG-A", "SEG-B"]);
}

#[test]
fn keys_that_command_elsewhere_are_no_text() {
    let world = world();
    let mut builder = everybody();
    let _ = act(&mut builder, &world, &[Action::Last, Action::Edit]);
    let _ = typed(&mut builder, &world, "abc def");
    for c in ['r', 'p', 'c', 'q', 'm', 'n', 'y', 'x', 'v', 'j', 'o', 'z'] {
        let outcome =
            builder.input(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL), &world.ctx(area()));
        assert!(!outcome.changed, "Ctrl-{c}");
    }
    let outcome = builder.input(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE), &world.ctx(area()));
    assert!(!outcome.changed);
    assert_eq!(builder.draft().filter, "abc def");
    let _ = builder.input(KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL), &world.ctx(area()));
    assert_eq!(builder.draft().filter, "abc ");
    let _ = builder.input(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL), &world.ctx(area()));
    assert_eq!(builder.draft().filter, "");
    let _ = builder.input(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::ALT), &world.ctx(area()));
    assert_eq!(builder.draft().filter, "abc ");
}

#[test]
fn a_paste_is_never_taken_for_keys() {
    let world = world();
    let mut builder = Builder::new(Draft::default());
    let outcome = builder.paste("q\nG\n:\n", &world.ctx(area()));
    let (_, query) = asked(outcome).unwrap();
    assert_eq!(query.ids().len(), 3);
    assert!(!builder.is_editing());
    assert!(seen(&builder, &world, 33, 20).contains("3 IDs pasted"));
    let _ = act(&mut builder, &world, &[Action::Down]);
    assert!(!seen(&builder, &world, 33, 20).contains("3 IDs pasted"), "it is said until the next key");
    let _ = act(&mut builder, &world, &[Action::Last]);
    let _ = builder.paste("\u{feff}a eq 1\r\nand b eq 2", &world.ctx(area()));
    assert_eq!(builder.draft().filter, "a eq 1\nand b eq 2");
    let _ = act(&mut builder, &world, &[Action::Up]);
    let _ = builder.paste("S1\nS2", &world.ctx(area()));
    let _ = builder.paste("S3", &world.ctx(area()));
    assert_eq!(builder.draft().segments, ["S1", "S2", "S3"]);
}

#[test]
fn a_column_of_thousands_is_counted() {
    let world = world();
    let mut builder = Builder::new(Draft::default());
    let column: String =
        (0..20_000).fold(String::new(), |text, n| text + &format!("PROF-{:05}\r\n", n % 19_990));
    let (_, query) = asked(builder.paste(&column, &world.ctx(area()))).unwrap();
    assert_eq!(query.ids().len(), 19_990);
    let said = seen(&builder, &world, 42, 24);
    assert!(said.contains("IDs  19,990  10 repeats"), "{said}");
    assert!(said.contains("more"), "{said}");
    let _ = act(&mut builder, &world, &[Action::Edit]);
    let _ = typed(&mut builder, &world, "19989");
    let said = seen(&builder, &world, 42, 24);
    assert!(said.contains("/19989") && said.contains("PROF-19989"), "{said}");
    let _ = act(&mut builder, &world, &[Action::Close]);
    // While a filter is typed beside a long list, the plan is put off until the editor is left.
    let _ = act(&mut builder, &world, &[Action::Last, Action::Edit]);
    assert!(asked(typed(&mut builder, &world, "a eq 1")).is_none());
    assert!(asked(act(&mut builder, &world, &[Action::Close])).is_some());
    // Emptied with one key.
    let _ = act(&mut builder, &world, &[Action::First]);
    let _ = act(&mut builder, &world, &[Action::Clear]);
    assert!(builder.draft().ids.is_empty());
}

#[test]
fn a_long_column_means_ids_wherever_the_cursor_is() {
    let world = world();
    let column: String = (0..200).fold(String::new(), |text, n| text + &format!("PROF-{n}\n"));
    for section in [Fields, Segments, Filter] {
        let mut builder = everybody();
        builder.section = section;
        let _ = builder.paste(&column, &world.ctx(area()));
        assert_eq!(builder.draft().ids.len(), 200, "{section:?}");
        assert_eq!(builder.draft().segments, ["SEG-ALL"]);
    }
    // Inside of an editor it is that editor's.
    let mut builder = everybody();
    builder.section = Segments;
    let _ = act(&mut builder, &world, &[Action::Edit, Action::Close, Action::Clear, Action::Edit]);
    let _ = builder.paste(&column, &world.ctx(area()));
    assert_eq!((builder.draft().ids.len(), builder.draft().segments.len()), (0, 200));
}

#[test]
fn what_cannot_be_asked_for_is_marked_with_the_reason() {
    let world = world();
    let mut builder = Builder::new(Draft::default());
    let long = "x".repeat(257);
    let outcome = builder.paste(&format!("OK-1\nbad\u{1b}[31m\n{long}"), &world.ctx(area()));
    assert!(asked(outcome).is_none(), "no plan of what is wrong");
    let said = seen(&builder, &world, 60, 24);
    assert!(said.contains("IDs  1  2 invalid"), "{said}");
    assert!(said.contains("!bad␛[31m"), "{said}");
    assert!(said.contains("U+001B"), "{said}");
    assert_eq!(builder.query().unwrap_err().len(), 2);
    // The same while it is edited.
    let _ = act(&mut builder, &world, &[Action::Edit]);
    let said = seen(&builder, &world, 60, 24);
    assert_eq!(said.matches("│!").count(), 2, "{said}");
}

#[test]
fn the_id_cannot_be_left_out() {
    let world = world();
    let mut builder = everybody();
    let _ = act(&mut builder, &world, &[Action::First, Action::Down]);
    assert!(asked(act(&mut builder, &world, &[Action::Toggle])).is_none());
    assert!(seen(&builder, &world, 33, 20).contains("id is always asked for"));
    let (_, query) = asked(act(&mut builder, &world, &[Action::Right, Action::Edit])).unwrap();
    assert!(!query.fields().contains(Field::FirstName));
}

proptest! {
    #[test]
    fn whatever_is_typed_the_builder_can_be_drawn(
        steps in proptest::collection::vec((0_usize..14, "\\PC{0,12}"), 0..25),
        width in 3_u16..60,
        height in 1_u16..24,
    ) {
        const ALL: [Action; 14] = [
            Action::Up, Action::Down, Action::Left, Action::Right, Action::Edit, Action::Edit, Action::Toggle,
            Action::ToggleAll, Action::Close, Action::Clear, Action::First, Action::Last, Action::PageUp,
            Action::PageDown,
        ];
        let world = world();
        let mut builder = everybody();
        for (action, text) in steps {
            let _ = act(&mut builder, &world, &[ALL[action]]);
            if action % 3 == 0 {
                let _ = builder.paste(&text, &world.ctx(area()));
            } else {
                let _ = typed(&mut builder, &world, &text);
            }
            // What is said of the query is what running it would say.
            let runs = builder.query().is_ok();
            prop_assert_eq!(matches!(builder.state, State::Ready), runs, "{:?} {:?}", builder.state, builder.draft());
            let _ = seen(&builder, &world, width, height);
        }
    }
}
