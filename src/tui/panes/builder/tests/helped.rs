//! What helps to fill the query in: places of errors, segments that were seen, IDs from a file, notes on fields.

use super::*;
use crate::engine::error::Kind;

fn refusal(at: usize) -> Error {
    let said = "the service answered 500, FilterSyntax, Syntax error in filter: expected an operator";
    Error::new(Kind::Service, "page 1 of the profiles", said, "check the filter").in_filter(Some(at))
}

fn filtered(text: &str) -> Builder {
    Builder::new(Draft { filter: text.into(), ..Draft::default() })
}

/// The characters that stand out as the place of an error.
fn objected(builder: &Builder, world: &World, width: u16, height: u16) -> Vec<String> {
    let style = super::filter::objected(&world.theme);
    let buf = draw(world, width, height, |ctx, area, buf| builder.view(ctx, area, buf));
    let is_it = |cell: &&ratatui::buffer::Cell| {
        cell.modifier.contains(style.add_modifier) && cell.fg == style.fg.unwrap_or_default()
    };
    buf.content.iter().filter(is_it).map(|cell| cell.symbol().to_owned()).collect()
}

#[test]
fn new_states_in_every_theme() {
    for (choice, name) in THEMES {
        let world = World::new(choice);
        let shot = |state: &str, builder: &Builder, width, height| {
            let buf = draw(&world, width, height, |ctx, area, buf| builder.view(ctx, area, buf));
            insta::assert_debug_snapshot!(format!("{state}_{name}"), buf);
        };
        let mut builder = filtered("plan eq 'gold' and (score gt 12\nor email like null)");
        shot("coloured", &builder, 42, 20);
        assert!(builder.refused(&refusal(42)));
        shot("refused", &builder, 42, 20);
        let _ = act(&mut builder, &world, &[Action::Edit]);
        shot("refused_editing", &builder, 28, 16);
        let mut builder = Builder::new(Draft::default());
        let _ = builder.know_segments(vec!["SEG-ALL".into(), "SEG-PREMIUM-01".into(), "SEG-VIP".into()]);
        let _ = act(&mut builder, &world, &[Action::Last, Action::Up, Action::Edit]);
        let _ = typed(&mut builder, &world, "seg");
        let _ = builder.input(KeyCode::Down.into(), &world.ctx(area()));
        shot("segments", &builder, 28, 16);
        let column: String = (0..6_000)
            .map(|n| if n % 2_500 == 7 { "a\u{7}b\n".into() } else { format!("P-{n}\n") })
            .collect();
        let mut builder = Builder::new(Draft::default());
        let _ = builder.paste(&column, &world.ctx(area()));
        shot("long_wrong", &builder, 42, 20);
        let _ = act(&mut builder, &world, &[Action::First, Action::Edit]);
        shot("long_wrong_editing", &builder, 42, 20);
    }
}

#[test]
fn what_the_service_refuses_is_pointed_at_until_the_text_is_another() {
    let world = world();
    let mut builder = filtered("  plan like 'gold'");
    assert!(!builder.refused(&Error::usage("x", "y", "z")), "that is not about the filter");
    assert!(builder.refused(&refusal(6)));
    assert_eq!(objected(&builder, &world, 42, 20), ["l"], "outer blanks are not sent");
    assert!(seen(&builder, &world, 60, 20).contains("at like: expected an operator"));
    // Editing begins at the place.
    let _ = act(&mut builder, &world, &[Action::Edit]);
    assert_eq!(objected(&builder, &world, 42, 20), ["l"]);
    let _ = typed(&mut builder, &world, "!");
    assert_eq!(builder.draft().filter, "  plan !like 'gold'");
    assert!(objected(&builder, &world, 42, 20).is_empty());
    assert!(!seen(&builder, &world, 60, 20).contains("expected an operator"));
}

#[test]
fn a_place_behind_the_end_is_a_place_too() {
    let world = world();
    for width in [24, 42, 80] {
        let mut builder = filtered("plan eq");
        assert!(builder.refused(&refusal(8)));
        assert_eq!(objected(&builder, &world, width, 20), [" "], "{width}");
        assert!(seen(&builder, &world, width, 20).contains("at the end:"), "{width}");
        let _ = act(&mut builder, &world, &[Action::Edit]);
        assert_eq!(objected(&builder, &world, width, 20), [" "], "{width}");
    }
}

#[test]
fn a_quote_that_is_never_closed_is_pointed_at_while_it_is_typed() {
    let world = world();
    let mut builder = filtered("");
    let _ = act(&mut builder, &world, &[Action::Last, Action::Edit]);
    let _ = typed(&mut builder, &world, "plan eq\n'gold");
    assert_eq!(builder.draft().filter, "plan eq\n'gold", "Enter begins a line");
    assert_eq!(objected(&builder, &world, 42, 20), ["'"]);
    let _ = typed(&mut builder, &world, "'");
    assert!(objected(&builder, &world, 42, 20).is_empty());
    assert!(builder.query().is_ok());
}

#[test]
fn a_segment_that_was_seen_is_taken_with_two_keys() {
    let world = world();
    let mut builder = Builder::new(Draft::default());
    let _ = builder.know_segments(vec!["SEG-PREMIUM-01".into(), "OTHER".into()]);
    let _ = act(&mut builder, &world, &[Action::Last, Action::Up, Action::Edit]);
    let _ = typed(&mut builder, &world, "prem");
    assert!(seen(&builder, &world, 33, 20).contains("SEG-PREMIUM-01"));
    let _ = builder.input(KeyCode::Down.into(), &world.ctx(area()));
    let outcome = builder.input(KeyCode::Enter.into(), &world.ctx(area()));
    assert!(asked(outcome).is_some() && builder.is_editing());
    assert_eq!(builder.draft().segments, ["SEG-PREMIUM-01"]);
    let _ = typed(&mut builder, &world, "\n");
    assert!(!builder.is_editing(), "with nothing chosen Enter leaves");
}

#[test]
fn the_line_under_the_cursor_says_what_is_wrong_with_it() {
    let world = world();
    let mut builder = Builder::new(Draft::default());
    let _ = builder.paste("A\na\u{7}b\nC\nd\u{8}e", &world.ctx(area()));
    assert!(seen(&builder, &world, 60, 24).contains("line 2: ID"), "{}", seen(&builder, &world, 60, 24));
    let _ = act(&mut builder, &world, &[Action::Edit]);
    let said = seen(&builder, &world, 60, 24);
    assert!(said.contains("line 4: ID") && said.contains("U+0008"), "{said}");
    for _ in 0..2 {
        let _ = builder.input(KeyCode::Up.into(), &world.ctx(area()));
    }
    assert!(seen(&builder, &world, 60, 24).contains("line 2: ID"));
}

#[test]
fn in_a_long_list_what_is_invalid_comes_first_and_is_found_by_a_mark() {
    let world = world();
    let mut builder = Builder::new(Draft::default());
    let column: String =
        (0..6_000).map(|n| if n == 5_432 { "a\u{7}b\n".into() } else { format!("P-{n}\n") }).collect();
    let _ = builder.paste(&column, &world.ctx(area()));
    let said = seen(&builder, &world, 60, 24);
    assert!(said.contains("│!5,433 a␇b: it holds the control character U+0007"), "{said}");
    assert!(said.contains("P-0"), "{said}");
    let _ = act(&mut builder, &world, &[Action::First, Action::Edit]);
    let _ = typed(&mut builder, &world, "!");
    let said = seen(&builder, &world, 60, 24);
    assert!(said.contains("5,433") && !said.contains("P-0"), "{said}");
}

#[test]
fn ids_of_a_file_come_behind_those_that_are_there() {
    let world = world();
    let mut builder = Builder::new(Draft { ids: vec!["A".into()], ..Draft::default() });
    let outcome = builder.import(vec!["B".into(), "A".into()], "/tmp/ids\u{7}.txt", &world.ctx(area()));
    assert!(asked(outcome).is_some());
    assert_eq!(builder.draft().ids, ["A", "B", "A"]);
    let said = seen(&builder, &world, 60, 24);
    assert!(said.contains("2 IDs read from ids␇.txt, 1 repeated"), "{said}");
}

#[test]
fn the_field_under_the_cursor_says_what_it_is() {
    let world = world();
    let mut builder = everybody();
    let _ = act(&mut builder, &world, &[Action::First, Action::Down, Action::Right, Action::Down]);
    let said = seen(&builder, &world, 60, 20);
    assert!(said.contains("email: text") && said.contains("ada@example.com"), "{said}");
    for field in Field::ALL {
        assert!(!Matrix::note(field).is_empty());
    }
    let outcome = builder.select_fields(FieldSet::ID, &world.ctx(area()));
    assert!(asked(outcome).is_some() && builder.fields() == FieldSet::ID);
}
