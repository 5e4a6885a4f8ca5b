use super::*;
use crate::tui::ctx::fixture;
use crate::tui::theme::ThemeChoice;
use crate::tui::widgets::testing::text;

fn drawn(panel: &PersonPanel, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
    fixture::drawn(choice, size, |ctx, area, buf| panel.view(ctx, area, buf))
}

fn holding(line: &str) -> PersonPanel {
    let mut panel = PersonPanel::new(None);
    assert!(panel.paste(line));
    panel
}

#[test]
fn every_state_in_every_theme() {
    let number = "(030) 23125-123";
    let nobody = || PersonPanel::new(None).after(number, readings(number).into_iter().take(1).collect());
    for (choice, name) in
        [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light"), (ThemeChoice::Plain, "plain")]
    {
        let shot = |state: &str, panel: &PersonPanel, size| {
            insta::assert_debug_snapshot!(format!("{state}_{name}"), drawn(panel, choice, size));
        };
        shot("empty", &PersonPanel::new(Some("segments SEG-ALL".into())), (60, 16));
        shot("number", &holding(number), (80, 20));
        shot("narrow", &holding("Ada Byron"), (60, 16));
        shot("nobody", &nobody(), (80, 20));
    }
}

#[test]
fn any_size_and_any_text_is_drawn() {
    for line in
        ["", "a\u{7}b 東京東京東京東京東京東京東京東京東京東京東京東京東京東京東京東京", "PROF-001 PROF-002"]
    {
        let mut panel = PersonPanel::new(Some("東京".repeat(100)));
        panel.paste(line);
        for size in [(0, 0), (1, 1), (3, 9), (9, 3), (20, 16), (60, 16), (300, 100)] {
            let _buf = drawn(&panel, ThemeChoice::Dark, size);
        }
    }
}

#[test]
fn lines_become_one_and_a_line_of_before_gives_way_to_the_next() {
    let mut panel = holding("PROF-001\r\nPROF-002\n");
    assert_eq!(panel.line(), "PROF-001 PROF-002");
    let Some(Chosen::Find(reading)) = panel.chosen() else { panic!("{panel:?}") };
    assert_eq!(reading.ids, ["PROF-001", "PROF-002"]);
    panel = PersonPanel::new(None).after("Ada", vec![reading]);
    assert!(panel.input(KeyCode::Char('x').into()));
    assert_eq!((panel.line(), panel.tried().len()), ("x", 0));
    panel = panel.after("Ada", Vec::new());
    assert!(panel.paste("Byron"));
    assert_eq!(panel.line(), "Byron");
    // Whoever goes into the line wants to mend it.
    panel = panel.after("Ada", Vec::new());
    assert!(panel.input(KeyCode::Left.into()) && panel.input(KeyCode::Char('x').into()));
    assert_eq!(panel.line(), "Adxa");
    assert!(panel.paste(&"PROF-001\n".repeat(1_000)));
    assert!(text(&drawn(&panel, ThemeChoice::Plain, (100, 20))).contains("pasted into the query's IDs"));
}

#[test]
fn the_way_after_one_that_found_nobody_is_selected() {
    let all = readings("555-0101");
    let what = |panel: &PersonPanel| match panel.chosen() {
        Some(Chosen::Find(reading)) => reading.what,
        other => panic!("{other:?}"),
    };
    let mut panel = holding("555-0101");
    assert_eq!(what(&panel), "phone number");
    assert!(panel.select(Action::Down) && panel.select(Action::Up) && !panel.select(Action::Up));
    panel = PersonPanel::new(None).after("555-0101", vec![all[0].clone()]);
    assert_eq!(what(&panel), "last digits");
    let said = text(&drawn(&panel, ThemeChoice::Plain, (100, 20)));
    assert!(said.contains("nobody found by phone number"), "{said}");
    panel = PersonPanel::new(None).after("555-0101", all);
    let said = text(&drawn(&panel, ThemeChoice::Plain, (100, 20)));
    assert!(said.contains("in any of these ways"), "{said}");
}
