use super::*;
use crate::engine::event::{Cut, SetAside, Status};
use crate::engine::pipeline::profile::Slot;
use crate::engine::query::{Draft, Id};
use crate::rows::fixture::{profile, profiles, text as value};
use crate::tui::ctx::fixture::World;
use crate::tui::ctx::{Focus, Running};
use crate::tui::theme::ThemeChoice;
use crate::tui::widgets::testing::{draw, lines, text};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use std::time::Duration;

const THEMES: [(ThemeChoice, &str); 3] =
    [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light"), (ThemeChoice::Plain, "plain")];

fn world() -> World {
    World { focus: Focus::Profiles, ..World::new(ThemeChoice::Dark) }
}

fn query() -> Query {
    Draft { segments: vec!["SEG-ALL".into()], ..Draft::default() }.check().unwrap()
}

fn page(number: u32, rows: Vec<Profile>) -> Page {
    Page { number, batch: 1, rows, total: Some(10_000), ..Page::default() }
}

fn summary(rows: u64) -> Summary {
    let elapsed = Duration::from_millis(21_300);
    Summary { elapsed, total: Some(rows), ..Summary::of(Status::Success, rows) }
}

fn area() -> Rect {
    Rect::new(0, 1, 60, 12)
}

/// A table with a run under way.
fn begun(world: &mut World) -> Profiles {
    world.running = Some(Running {
        id: crate::engine::query::QueryId(1),
        since: world.now,
        cancelling: false,
        paused: false,
    });
    let mut table = Profiles::default();
    table.begin(&query(), &world.ctx(area()));
    table
}

fn filled(world: &mut World, rows: usize) -> Profiles {
    let mut table = begun(world);
    for (n, from) in (0..rows).step_by(50).enumerate() {
        world.now += Duration::from_millis(100);
        let _ = table.page(&page(n as u32 + 1, profiles(from..rows.min(from + 50))), &world.ctx(area()));
    }
    table
}

fn act(table: &mut Profiles, world: &World, actions: &[Action]) {
    for action in actions {
        let _ = table.update(*action, &world.ctx(area()));
    }
}

fn typed(table: &mut Profiles, world: &World, text: &str) {
    for c in text.chars() {
        let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        let _ = table.input(KeyEvent::new(code, KeyModifiers::NONE), &world.ctx(area()));
    }
}

fn seen(table: &Profiles, world: &World, width: u16, height: u16) -> String {
    text(&draw(world, width, height, |ctx, area, buf| table.view(ctx, area, buf)))
}

#[test]
fn every_state_in_every_theme() {
    for (choice, name) in THEMES {
        let mut world = World { focus: Focus::Profiles, ..World::new(choice) };
        let shot = |state: &str, table: &Profiles, world: &World, width, height| {
            let buf = draw(world, width, height, |ctx, area, buf| table.view(ctx, area, buf));
            insta::assert_debug_snapshot!(format!("{state}_{name}"), buf);
        };
        shot("empty", &Profiles::default(), &world, 60, 8);
        shot("loading", &begun(&mut world), &world, 60, 8);
        let mut table = filled(&mut world, 1_250);
        act(&mut table, &world, &[Action::Down, Action::Right, Action::Right]);
        shot("full", &table, &world, 90, 10);
        shot("narrow", &table, &world, 36, 9);
        let error = Error::new(
            crate::engine::error::Kind::Service,
            "page 26 of the profiles could not be fetched",
            "the service answered 500 three times",
            "try again later",
        );
        let mut table = begun(&mut world);
        let mut failed = summary(0);
        (failed.status, failed.cut) = (Status::Failed, Some(Cut::Error));
        table.finish(&failed, Some(&error), &world.ctx(area()));
        shot("failed", &table, &world, 60, 8);
    }
}

#[test]
fn while_rows_come_the_title_says_how_far_it_is() {
    let mut world = world();
    let table = filled(&mut world, 1_250);
    let said = seen(&table, &world, 80, 6);
    // 50 rows every 100 ms.
    assert!(said.starts_with("┌ Profiles  1,250 of 10,000  500/s  page 25/200  ~18 s left ─"), "{said}");
    // With little room what matters most stays.
    let said = seen(&table, &world, 38, 6);
    assert!(said.starts_with("┌ Profiles  1,250 of 10,000  500/s ─"), "{said}");
}

#[test]
fn a_rate_does_not_outlive_the_pages_that_it_was_measured_on() {
    let mut world = world();
    let running = crate::tui::ctx::Running {
        id: crate::engine::query::QueryId(1),
        since: world.now,
        cancelling: false,
        paused: false,
    };
    world.running = Some(running);
    let table = filled(&mut world, 1_250);
    let stalled = table.next_change(&world.ctx(area())).unwrap();
    world.now = stalled - Duration::from_millis(1);
    assert!(seen(&table, &world, 80, 6).contains("500/s"), "{}", seen(&table, &world, 80, 6));
    world.now = stalled;
    let said = seen(&table, &world, 80, 6);
    assert!(said.starts_with("┌ Profiles  1,250 of 10,000  nothing for 3 s  page 25/200 ─"), "{said}");
    world.now = table.next_change(&world.ctx(area())).unwrap();
    assert!(seen(&table, &world, 80, 6).contains("nothing for 4 s"));
    // Nothing is awaited while it is paused.
    world.running = Some(crate::tui::ctx::Running { paused: true, ..running });
    assert!(seen(&table, &world, 80, 6).contains("paused"));
    assert_eq!(table.next_change(&world.ctx(area())), None);
}

#[test]
fn rows_and_what_the_service_said_of_their_number_are_both_there_when_they_differ() {
    let mut world = world();
    let mut table = filled(&mut world, 100);
    let mut end = summary(100);
    end.total = Some(10_000);
    table.finish(&end, None, &world.ctx(area()));
    let said = seen(&table, &world, 80, 6);
    assert!(said.contains("100  the service said 10,000  in"), "{said}");
    end.total = Some(101);
    end.repeats = 1;
    table.finish(&end, None, &world.ctx(area()));
    let said = seen(&table, &world, 80, 6);
    assert!(said.contains("100  in") && said.contains("1 repeat"), "{said}");

    let mut table = filled(&mut world, 100);
    let _ = table.page(&Page { total: Some(1), ..page(3, profiles(0..50)) }, &world.ctx(area()));
    let said = seen(&table, &world, 80, 6);
    assert!(said.contains("Profiles  150, the service says 1  "), "{said}");
}

#[test]
fn a_list_of_ids_bounds_what_may_come() {
    let mut world = world();
    let ids = (0..300).map(|n| format!("PROF-{n}")).collect();
    let query = Draft { ids, limit: Some(250), ..Draft::default() }.check().unwrap();
    let mut table = begun(&mut world);
    table.begin(&query, &world.ctx(area()));
    for number in 1..=2 {
        world.now += Duration::from_secs(1);
        let rows = Page { total: None, ..page(number, profiles(0..50)) };
        let _ = table.page(&rows, &world.ctx(area()));
    }
    let said = seen(&table, &world, 80, 6);
    assert!(said.contains("100 of up to 250  50/s  page 2  ~3 s left"), "{said}");
}

#[test]
fn a_rate_needs_a_measure() {
    let mut world = world();
    let mut table = begun(&mut world);
    let _ = table.page(&page(1, profiles(0..50)), &world.ctx(area()));
    let said = seen(&table, &world, 80, 6);
    assert!(said.contains("50 of 10,000  page 1/200 ─"), "{said}");
}

#[test]
fn the_end_says_what_is_missing_and_why() {
    let mut world = world();
    let mut table = filled(&mut world, 100);
    let mut end = summary(100);
    end.not_found = vec![Id::new("ID", "PROF-404").unwrap(), Id::new("ID", "PROF-405").unwrap()];
    end.repeats = 3;
    end.set_aside = vec![SetAside { page: 2, row: 7, reason: "it is no object".into(), raw: "17".into() }];
    table.finish(&end, None, &world.ctx(area()));
    let said = seen(&table, &world, 90, 10);
    assert!(said.starts_with("┌ Profiles  100  in 21 s  2 not found  1 unreadable  3 repeats ─"), "{said}");
    assert!(said.contains("│ not found PROF-404 PROF-405 "), "{said}");
    assert!(said.contains("│ unreadable page 2 row 7: it is no object "), "{said}");
}

#[test]
fn a_cut_result_always_says_so() {
    for (cut, says) in [
        (Cut::Limit(100), "100 of 10,000  cut at the limit of 100"),
        (Cut::Cancelled, "100 of 10,000  cancelled"),
        (Cut::Error, "100 of 10,000  stopped by an error"),
    ] {
        let mut world = world();
        let mut table = filled(&mut world, 100);
        let mut end = summary(100);
        (end.total, end.cut) = (Some(10_000), Some(cut));
        end.repeats = 1_234;
        table.finish(&end, None, &world.ctx(area()));
        for width in [60, 90] {
            let said = seen(&table, &world, width, 6);
            assert!(said.contains(says), "{said}");
        }
    }
}

#[test]
fn every_result_wears_its_age() {
    let mut world = world();
    let mut table = begun(&mut world);
    let cached = Page { cached: Some(Duration::from_secs(100)), ..page(1, profiles(0..9)) };
    let _ = table.page(&cached, &world.ctx(area()));
    table.finish(&summary(9), None, &world.ctx(area()));
    assert!(seen(&table, &world, 80, 6).contains("cached, 1 min old"), "{}", seen(&table, &world, 80, 6));
    // It becomes two minutes old after twenty seconds more, and not before.
    let next = table.next_change(&world.ctx(area())).unwrap();
    assert_eq!(next - world.now, Duration::from_secs(20));
    world.now = next;
    assert!(seen(&table, &world, 80, 6).contains("cached, 2 min old"));

    let mut table = filled(&mut world, 9);
    table.finish(&summary(9), None, &world.ctx(area()));
    assert!(!seen(&table, &world, 80, 6).contains("old"));
    world.now += Duration::from_secs(61);
    assert!(seen(&table, &world, 80, 6).contains("1 min old"));
    // Nothing to wake up for before there are rows.
    assert_eq!(Profiles::default().next_change(&world.ctx(area())), None);
}

#[test]
fn what_is_not_there_is_told_apart_without_colour() {
    let mut world = World { focus: Focus::Builder, ..World::new(ThemeChoice::Plain) };
    let mut table = begun(&mut world);
    let rows = vec![Profile {
        id: value("A"),
        first_name: Slot::Null,
        last_name: Slot::Missing,
        email: value(""),
        phone: Slot::NotAsked,
        ..Profile::default()
    }];
    let _ = table.page(&page(1, rows), &world.ctx(area()));
    let said = seen(&table, &world, 60, 5);
    let row = said.lines().nth(2).unwrap();
    let seen: Vec<_> = row.split_whitespace().collect();
    assert_eq!(seen[..5], ["│▌A", "null", "–", "\"\"", "·"], "{said}");
}

#[test]
fn changed_values_wear_a_mark() {
    let mut world = world();
    let table = filled(&mut world, 3);
    let said = seen(&table, &world, 120, 6);
    assert!(said.contains("ada@example.org~  15550100~"), "{said}");
    assert!(said.contains("Byron 1 "), "{said}");
}

#[test]
fn awkward_values_stay_in_their_columns() {
    let mut world = world();
    let mut table = begun(&mut world);
    let hostile = [
        "\x1b[2J\x1b]0;x\x07",
        "\u{202e}txt.exe",
        "東京都港区東京都港区",
        "👩‍👩‍👧‍👦👍🏽",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        "ﾊﾟﾊﾟ",
        "العربية",
    ];
    let rows = hostile
        .iter()
        .map(|text| Profile {
            first_name: value(text),
            last_name: value(text),
            email: value("@"),
            ..profile(1)
        })
        .chain([Profile { last_name: value(&"x".repeat(1 << 20)), ..profile(2) }])
        .collect();
    let _ = table.page(&page(1, rows), &world.ctx(area()));
    for width in [36, 52, 60, 91, 140] {
        let buf = draw(&world, width, 12, |ctx, area, buf| table.view(ctx, area, buf));
        // The header tells where the column of the e-mail begins; every row has its sign there.
        let header: Vec<_> = (0..width).map(|x| buf[(x, 2)].symbol().to_owned()).collect();
        let at = (0..width).find(|x| header[usize::from(*x)..].concat().starts_with("email")).unwrap();
        for y in 3..3 + hostile.len() as u16 {
            assert_eq!(buf[(at, y)].symbol(), "@", "{}", text(&buf));
        }
    }
}

#[test]
fn the_cursor_stays_on_its_profile_while_rows_come() {
    let mut world = world();
    let mut table = filled(&mut world, 100);
    act(&mut table, &world, &[Action::Sort, Action::Sort]);
    act(&mut table, &world, &[Action::PageDown, Action::PageDown, Action::Up]);
    let (row, line) = (table.selected().unwrap(), table.place - table.top);
    // Sorted downwards, all that comes goes before what is there.
    let _ = table.page(&page(3, profiles(100..150)), &world.ctx(area()));
    assert_eq!(table.selected(), Some(row));
    assert_eq!(table.place - table.top, line, "the picture moved");
    assert_eq!(table.len(), 150);
}

#[test]
fn the_end_sticks_until_it_is_left() {
    let mut world = world();
    let mut table = filled(&mut world, 50);
    act(&mut table, &world, &[Action::Last]);
    let _ = table.page(&page(2, profiles(50..100)), &world.ctx(area()));
    assert_eq!(table.selected(), Some(99));
    assert!(seen(&table, &world, 100, 6).contains("follow"));
    act(&mut table, &world, &[Action::Up]);
    let _ = table.page(&page(3, profiles(100..150)), &world.ctx(area()));
    assert_eq!(table.selected(), Some(98));
    table.finish(&summary(150), None, &world.ctx(area()));
    act(&mut table, &world, &[Action::Last]);
    assert!(!table.follow, "nothing more comes");
}

#[test]
fn a_new_run_starts_at_the_top_in_the_same_order() {
    let mut world = world();
    let mut table = filled(&mut world, 100);
    act(&mut table, &world, &[Action::Sort, Action::Last]);
    table.begin(&query(), &world.ctx(area()));
    assert!(table.is_empty() && table.selected().is_none());
    let _ = table.page(&page(1, vec![profile(2), profile(1)]), &world.ctx(area()));
    assert_eq!(table.selected(), Some(1));
}

#[test]
fn moving_keeps_the_cursor_in_sight_at_any_size() {
    let mut world = world();
    let mut table = filled(&mut world, 100);
    for action in [Action::PageDown, Action::Last, Action::PageUp, Action::Up, Action::First, Action::Down] {
        act(&mut table, &world, &[action]);
        for height in [3, 4, 12, 40] {
            let said = seen(&table, &world, 60, height);
            assert_eq!(said.matches('▌').count(), 1, "{action:?} at {height}: {said}");
        }
    }
}

#[test]
fn opening_needs_a_row() {
    let mut world = world();
    let outcome = Profiles::default().update(Action::Open, &world.ctx(area()));
    assert!(outcome.effect.is_none());
    let outcome = filled(&mut world, 1).update(Action::Open, &world.ctx(area()));
    assert!(matches!(outcome.effect, Some(Effect::OpenProfile)));
}

#[test]
fn sorting_goes_up_down_and_back() {
    let mut world = world();
    let mut table = filled(&mut world, 12);
    act(&mut table, &world, &[Action::Right, Action::Right, Action::Sort]);
    assert!(seen(&table, &world, 80, 6).contains("last ▲"));
    act(&mut table, &world, &[Action::Sort]);
    let said = seen(&table, &world, 80, 6);
    assert!(said.contains("last ▼"), "{said}");
    act(&mut table, &world, &[Action::First]);
    assert_eq!(table.selected(), Some(11), "10 and 11 are more than 9");
    act(&mut table, &world, &[Action::Sort, Action::First]);
    assert_eq!((table.selected(), table.view.sort()), (Some(0), &[][..]));
}

#[test]
fn searching_jumps_as_one_types_and_esc_goes_back() {
    let mut world = world();
    let mut table = filled(&mut world, 100);
    act(&mut table, &world, &[Action::Down, Action::Search]);
    assert!(table.is_editing());
    typed(&mut table, &world, "BYRON 4");
    assert_eq!(table.selected(), Some(4));
    typed(&mut table, &world, "2");
    assert_eq!(table.selected(), Some(42));
    assert!(seen(&table, &world, 60, 8).contains("/BYRON 42"));
    typed(&mut table, &world, "x");
    assert_eq!(table.selected(), Some(1));
    assert!(seen(&table, &world, 60, 8).contains("no match"));
    act(&mut table, &world, &[Action::Close]);
    assert!(!table.is_editing());
    assert_eq!(table.selected(), Some(1));

    act(&mut table, &world, &[Action::Search]);
    typed(&mut table, &world, "ron 9\n");
    assert!(!table.is_editing());
    assert_eq!(table.selected(), Some(9));
    act(&mut table, &world, &[Action::SearchNext]);
    assert_eq!(table.selected(), Some(90));
    act(&mut table, &world, &[Action::SearchPrevious, Action::SearchPrevious]);
    assert_eq!(table.selected(), Some(99), "round the end");
    // The first Esc clears the search, the second is somebody else's.
    assert!(table.update(Action::Close, &world.ctx(area())).changed);
    assert!(!table.update(Action::Close, &world.ctx(area())).changed);
}

#[test]
fn copying_gives_the_true_value() {
    let mut world = world();
    let mut table = begun(&mut world);
    let rows = vec![Profile { last_name: value("a\u{202e}b"), ..profile(1) }];
    let _ = table.page(&page(1, rows), &world.ctx(area()));
    act(&mut table, &world, &[Action::Right, Action::Right]);
    let copied = |table: &mut Profiles, action| match table.update(action, &world.ctx(area())).effect {
        Some(Effect::Copy(text)) => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(copied(&mut table, Action::Copy), "a\u{202e}b");
    assert!(copied(&mut table, Action::CopyProfile).contains("\"first_name\": \"Ada\""));
    for _ in 0..4 {
        act(&mut table, &world, &[Action::Right]);
    }
    assert_eq!(copied(&mut table, Action::Copy), r#"{"score":21,"active":true,"address":{"city":"Zürich"}}"#);
}

proptest! {
    #[test]
    fn whatever_is_done_the_table_can_be_drawn(
        actions in proptest::collection::vec((0_usize..14, 0_usize..3), 0..30),
        width in 3_u16..100,
        height in 1_u16..20,
    ) {
        const ALL: [Action; 14] = [
            Action::Up, Action::Down, Action::PageUp, Action::PageDown, Action::First, Action::Last,
            Action::Left, Action::Right, Action::Sort, Action::Search, Action::SearchNext, Action::Close,
            Action::Copy, Action::Open,
        ];
        let mut world = world();
        let mut table = begun(&mut world);
        let mut next = 0;
        for (action, rows) in actions {
            let read = table.selected();
            let follow = table.follow;
            let _ = table.page(&page(1, profiles(next..next + rows)), &world.ctx(area()));
            next += rows;
            if let Some(read) = read && !follow {
                prop_assert_eq!(table.selected(), Some(read));
            }
            act(&mut table, &world, &[ALL[action]]);
            prop_assert!(table.place < table.len().max(1));
        }
        let said = seen(&table, &world, width, height);
        prop_assert_eq!(said.lines().count(), usize::from(height));
        let _ = lines(&draw(&world, width, height, |ctx, area, buf| table.view(ctx, area, buf)));
    }
}

#[test]
fn a_frame_costs_the_same_however_many_rows_there_are() {
    let mut world = world();
    let mut looks = [1_000, 50_000].map(|rows| {
        let mut table = filled(&mut world, rows);
        act(&mut table, &world, &[Action::Sort, Action::Last]);
        let before = table.rows.looks();
        seen(&table, &world, 120, 40);
        act(&mut table, &world, &[Action::PageUp]);
        table.rows.looks() - before
    });
    looks.sort_unstable();
    assert_eq!(looks[0], looks[1]);
    // 38 rows of at most nine columns, each once.
    assert!(looks[1] <= 38 * 9, "{looks:?}");
}

#[test]
fn what_lies_in_a_file_is_said_and_opens_all_the_same() {
    let mut world = world();
    let mut table = Profiles::new(1_000_000);
    table.begin(&query(), &world.ctx(area()));
    for n in 0..400 {
        world.now += Duration::from_millis(10);
        let _ = table.page(&page(n + 1, profiles(n as usize * 50..n as usize * 50 + 50)), &world.ctx(area()));
    }
    table.finish(&summary(20_000), None, &world.ctx(area()));
    let said = seen(&table, &world, 80, 6);
    assert!(said.contains("kB in a file"), "{said}");
    assert_eq!(table.profile(3).unwrap(), Some(profile(3)));
}

#[test]
fn numbers_stand_at_the_right_whether_they_were_changed_or_not() {
    let mut world = World { focus: Focus::Profiles, ..World::new(ThemeChoice::Plain) };
    let mut table = begun(&mut world);
    let rows = [("21", "null"), ("\"1234\"", "\"\""), ("7.5", "\"x\"")]
        .map(|(score, name)| {
            let json = format!("{{\"id\":\"A\",\"firstName\":{name},\"attributes\":{{\"score\":{score}}}}}");
            crate::rows::tests::read(&json)
        })
        .into();
    let _ = table.page(&page(1, rows), &world.ctx(area()));
    act(&mut table, &world, &[Action::Flatten]);
    let said = seen(&table, &world, 60, 6);
    let lines: Vec<&str> = said.lines().collect();
    let at = lines[1].find("score").map(|at| lines[1][..at].chars().count());
    let column: Vec<String> =
        (1..5).map(|line| lines[line].chars().skip(at.unwrap()).take(5).collect()).collect();
    assert_eq!(column, ["score", "  21 ", "1234~", " 7.5 "], "{said}");
}

#[test]
fn marks_pins_and_changes_in_every_theme() {
    for (choice, name) in THEMES {
        let mut world = World { focus: Focus::Profiles, ..World::new(choice) };
        let mut table = filled(&mut world, 30);
        act(&mut table, &world, &[Action::Mark, Action::Down, Action::Mark, Action::Up]);
        table.arrange_column(Action::Pin, Field::Id.into(), &world.ctx(area()));
        act(&mut table, &world, &[Action::Right; 5]);
        let buf = draw(&world, 60, 8, |ctx, area, buf| table.view(ctx, area, buf));
        insta::assert_debug_snapshot!(format!("arranged_{name}"), buf);
    }
    let mut world = World { focus: Focus::Profiles, ..World::new(ThemeChoice::Plain) };
    world.theme = crate::tui::theme::Theme::new(ThemeChoice::Plain, true);
    let mut table = filled(&mut world, 3);
    act(&mut table, &world, &[Action::Mark]);
    table.arrange_column(Action::Pin, Field::Id.into(), &world.ctx(area()));
    let said = seen(&table, &world, 60, 6);
    assert!(said.contains(" *PROF-0000000 | "), "{said}");
}
