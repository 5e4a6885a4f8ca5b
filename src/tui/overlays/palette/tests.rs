use proptest::prelude::*;
use ratatui::style::Modifier;

use super::*;
use crate::tui::ctx::fixture::{self, World};
use crate::tui::faults::fixture::stage;
use crate::tui::keymap::Chord;
use crate::tui::overlays::Overlay;
use crate::tui::theme::ThemeChoice;
use crate::tui::widgets::testing;

const AREA: Rect = Rect { x: 0, y: 0, width: 80, height: 24 };

/// The palette of the sandbox over the builder, with something typed.
fn palette(typed: &str) -> Palette {
    let (stage, _) = stage();
    let mut palette = Palette::new(Context::Builder, &Keymap::default(), stage.get().map(AsRef::as_ref));
    palette.paste(typed);
    palette
}

fn drawn(palette: Palette, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
    let overlay = Overlay::Palette(Box::new(palette));
    fixture::drawn(choice, size, |ctx, area, buf| overlay.view(ctx, area, buf))
}

fn names(palette: &Palette) -> Vec<&str> {
    palette.list.found().map(|item| item.name.as_str()).collect()
}

#[test]
fn open_narrowed_and_empty_in_every_theme_and_size() {
    for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
        for size in [(80, 24), (60, 16)] {
            insta::assert_debug_snapshot!(drawn(palette(""), choice, size));
            insta::assert_debug_snapshot!(drawn(palette("429 forever"), choice, size));
        }
        insta::assert_debug_snapshot!(drawn(palette("zzzz"), choice, (60, 16)));
    }
}

#[test]
fn every_action_of_the_place_is_there_with_its_keys_and_nothing_else() {
    let keys = Keymap::default();
    for from in [Context::Builder, Context::Profiles, Context::Detail, Context::Activity, Context::Editor] {
        let palette = Palette::new(from, &keys, None);
        let there: Vec<_> = palette.list.items().iter().map(|item| item.value.clone()).collect();
        for entry in TABLE {
            let own = entry.contexts.contains(&from);
            let moves = ["up", "down", "left", "right", "page-up", "page-down", "first", "last"]
                .contains(&entry.name);
            let bound = matches!(
                entry.action,
                Action::MoreAtOnce | Action::FewerAtOnce | Action::Slower | Action::Faster
            );
            let wanted = (own && !moves && entry.action != Action::Palette) || bound;
            assert_eq!(there.contains(&Choice::Do(entry.action)), wanted, "{} in {from:?}", entry.name);
        }
        assert!(there.iter().all(|choice| matches!(choice, Choice::Do(_))), "no sandbox, no faults");
    }
    // Letters are text in an editor: keys that do not work there are not shown.
    let aside = |from| {
        let palette = Palette::new(from, &keys, None);
        let help = palette.list.items().iter().find(|item| item.value == Choice::Do(Action::Help)).unwrap();
        help.aside.clone()
    };
    assert_eq!((aside(Context::Builder).as_str(), aside(Context::Editor).as_str()), ("? F1", "F1"));
}

#[test]
fn typing_narrows_and_the_best_is_selected() {
    let all = palette("");
    assert_eq!(
        (names(&all)[0], all.choice()),
        ("find", Some(Choice::Do(Action::Find))),
        "in the table's order"
    );
    assert_eq!(palette("nxpa").choice(), Some(Choice::Do(Action::NextPane)));
    assert_eq!(palette("forever").choice(), Some(Choice::Play("429-forever".into())));
    let mut found = palette("429");
    assert_eq!(names(&found).len(), 3, "{:?}", names(&found));
    let press = |palette: &mut Palette, name: &str| {
        let world = World::new(ThemeChoice::Dark);
        palette.input(name.parse::<Chord>().unwrap().event(), &world.ctx(AREA))
    };
    assert!(press(&mut found, "Ctrl-N"));
    assert_eq!(found.list.selected(), 1);
    assert!(press(&mut found, "Ctrl-P"));
    assert!(!press(&mut found, "Ctrl-P"), "there is nothing above the first");
    assert!(press(&mut found, "Ctrl-N"));
    assert!(press(&mut found, "Backspace"));
    assert_eq!((found.list.selected(), found.list.typed()), (0, "42"));
    assert!(press(&mut found, "q") && found.choice().is_none());
}

#[test]
fn a_paste_is_one_line() {
    let found = palette("retry\nnext pane\n");
    assert_eq!(found.list.typed(), "retry");
    assert_eq!(names(&found)[0], "fault retry-after-seconds");
}

#[test]
fn a_fault_that_is_played_is_marked_and_can_be_ended() {
    let (stage, _) = stage();
    let faults = stage.get().unwrap().as_ref();
    assert!(
        !names(&Palette::new(Context::Profiles, &Keymap::default(), Some(faults))).contains(&"fault none")
    );
    faults.play("token-429").unwrap();
    let mut playing = Palette::new(Context::Profiles, &Keymap::default(), Some(faults));
    playing.paste("fault");
    assert_eq!(playing.choice(), Some(Choice::EndFault), "the way back comes first");
    let screen = testing::text(&drawn(playing, ThemeChoice::Dark, (80, 24)));
    assert!(screen.contains("ends token-429") && screen.contains("being played"), "{screen}");
}

#[test]
fn what_is_found_is_underlined_also_where_it_is_selected() {
    let buf = drawn(palette("pane"), ThemeChoice::Plain, (80, 24));
    let marked: String = buf
        .content
        .iter()
        .filter(|cell| cell.modifier.contains(Modifier::UNDERLINED | Modifier::BOLD))
        .map(ratatui::buffer::Cell::symbol)
        .collect();
    assert!(marked.starts_with("panepane"), "{marked}");
}

#[test]
fn what_is_selected_is_always_seen() {
    let world = World::new(ThemeChoice::Plain);
    let area = Rect::new(0, 0, 60, 16);
    let ctx = world.ctx(area);
    let mut all = palette("");
    let last = all.list.found().count() - 1;
    let moves = [Action::Last, Action::PageUp, Action::Up, Action::First, Action::PageDown, Action::Down];
    for action in moves.into_iter().chain(std::iter::repeat_n(Action::Down, 60)) {
        assert!(all.select(action, &ctx) || all.list.selected() == last);
        let mut buf = Buffer::empty(area);
        all.view(&ctx, area, &mut buf);
        let selected = &all.list.choice().unwrap().name;
        let line = testing::lines(&buf).into_iter().find(|line| line.contains(world.theme.symbols.cursor));
        assert!(line.is_some_and(|line| line.contains(selected.as_str())), "{selected}");
    }
    assert_eq!(all.list.selected(), last);
}

proptest! {
    #[test]
    fn it_fits_any_screen_whatever_is_typed(text in "\\PC{0,40}", width in 0_u16..130, height in 0_u16..40) {
        let _buf = drawn(palette(&text), ThemeChoice::Dark, (width, height));
    }
}
