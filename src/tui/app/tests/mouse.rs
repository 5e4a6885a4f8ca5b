//! The mouse, the letters of a jump, and lines between panes that are moved.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::*;
use crate::tui::kept::{Kept, What};
use crate::tui::layout::Split;
use crate::tui::panes::activity::Tab;

impl Rig {
    fn mouse(&mut self, kind: MouseEventKind, x: u16, y: u16) -> bool {
        let event = MouseEvent { kind, column: x, row: y, modifiers: KeyModifiers::NONE };
        let turn = self.app.mouse(event, self.at, self.at.now);
        self.take(turn)
    }

    /// A click long after any other.
    fn click(&mut self, x: u16, y: u16) {
        self.at.now += Duration::from_secs(2);
        self.mouse(MouseEventKind::Down(MouseButton::Left), x, y);
        self.mouse(MouseEventKind::Up(MouseButton::Left), x, y);
    }

    fn click_twice(&mut self, x: u16, y: u16) {
        self.click(x, y);
        self.mouse(MouseEventKind::Down(MouseButton::Left), x, y);
        self.mouse(MouseEventKind::Up(MouseButton::Left), x, y);
    }

    fn drag(&mut self, from: (u16, u16), to: (u16, u16)) {
        self.mouse(MouseEventKind::Down(MouseButton::Left), from.0, from.1);
        self.mouse(MouseEventKind::Drag(MouseButton::Left), to.0, to.1);
        self.mouse(MouseEventKind::Up(MouseButton::Left), to.0, to.1);
    }

    /// Where a text stands on the screen.
    fn find(&self, text: &str) -> (u16, u16) {
        let screen = self.screen();
        let found = screen.lines().enumerate().find_map(|(y, line)| {
            let byte = line.find(text)?;
            Some((line[..byte].chars().count() as u16, y as u16))
        });
        found.unwrap_or_else(|| panic!("{text} in\n{screen}"))
    }

    fn click_on(&mut self, text: &str) {
        let (x, y) = self.find(text);
        self.click(x, y);
    }
}

fn with_rows() -> Rig {
    let mut rig = Rig::running();
    rig.event(events::page(1, 1, 200));
    rig
}

#[test]
fn a_click_goes_where_it_points() {
    let mut rig = with_rows();
    let (x, y) = rig.find("PROF-0000105");
    rig.click(x, y);
    assert_eq!(rig.app.profiles.selected(), Some(5));
    rig.click_on("Segments");
    assert_eq!(rig.app.context(), Context::Builder);
    rig.key("Enter");
    assert_eq!(rig.app.context(), Context::Editor, "the cursor was on the segments");
    rig.click_on("[x] email");
    assert_eq!(rig.app.context(), Context::Builder, "an editor elsewhere is left");
    assert!(rig.screen().contains("[ ] email"), "{}", rig.screen());
    let (x, y) = rig.find("[ ] email");
    rig.click(x + 5, y);
    assert!(rig.screen().contains("[ ] email"), "its name is no box");
    rig.click_on("3 Limits");
    assert_eq!((rig.app.activity.tab(), rig.app.context()), (Tab::Limits, Context::Activity));
}

#[test]
fn the_head_of_a_column_sorts_by_it_and_again_the_other_way() {
    let mut rig = with_rows();
    for mark in ["first ▲", "first ▼"] {
        rig.click_on("first ");
        assert!(rig.screen().contains(mark), "{mark} in\n{}", rig.screen());
    }
}

#[test]
fn two_clicks_open_and_two_apart_do_not() {
    let mut rig = with_rows();
    let (x, y) = rig.find("PROF-0000103");
    rig.click(x, y);
    rig.click(x, y);
    assert_eq!(rig.app.context(), Context::Profiles);
    rig.click_twice(x, y);
    assert_eq!((rig.app.context(), rig.app.detail.row()), (Context::Detail, Some(3)));
    let (x, y) = rig.find("Filter");
    rig.click_twice(x, y);
    assert_eq!(rig.app.context(), Context::Editor);
}

#[test]
fn the_wheel_scrolls_what_it_points_at_and_nothing_else() {
    let mut rig = with_rows();
    rig.key("Tab");
    assert_eq!(rig.app.context(), Context::Activity);
    let (x, y) = rig.find("PROF-0000105");
    assert!(rig.mouse(MouseEventKind::ScrollDown, x, y));
    let screen = rig.screen();
    assert!(!screen.contains("PROF-0000102") && screen.contains("PROF-0000103"), "{screen}");
    assert_eq!(rig.app.context(), Context::Activity, "the keys stay where they are");
    rig.mouse(MouseEventKind::ScrollUp, x, y);
    rig.mouse(MouseEventKind::ScrollUp, x, y);
    assert!(rig.screen().contains("PROF-0000100"));
    assert!(!rig.mouse(MouseEventKind::ScrollUp, x, y), "there is nothing above");
}

#[test]
fn hints_are_keys() {
    let mut rig = with_rows();
    rig.click_on("help");
    assert_eq!(rig.app.context(), Context::Help);
    rig.click_on("Esc close");
    assert_eq!(rig.app.context(), Context::Profiles);
    rig.click_on(": commands");
    assert_eq!(rig.app.context(), Context::Palette);
    rig.click_on("Esc close");
    rig.click_on("/ search");
    assert_eq!(rig.app.context(), Context::Editor);
}

#[test]
fn a_list_over_the_panes_is_chosen_from() {
    let mut rig = with_rows();
    rig.key(":");
    let (x, y) = rig.find("next pane");
    rig.click(x, y);
    let cursor = rig.app.world.theme.symbols.cursor;
    let line = rig.screen().lines().nth(y.into()).unwrap().to_owned();
    assert!(line.contains(&format!("{cursor}next pane")), "{line}");
    // Outside of the list nothing is chosen.
    rig.click(1, 1);
    rig.click(x, 0);
    assert!(rig.screen().lines().nth(y.into()).unwrap().contains(cursor));
    rig.click_twice(x, y);
    assert_eq!(rig.app.context(), Context::Activity);
    // The wheel goes on in the list.
    rig.key(":");
    assert!(rig.mouse(MouseEventKind::ScrollDown, 0, 0));
}

#[test]
fn lines_between_panes_are_dragged_and_kept() {
    let mut rig = with_rows();
    let before = rig.app.panes().unwrap();
    rig.drag((before.profiles.x, 5), (before.profiles.x + 9, 7));
    let after = rig.app.panes().unwrap();
    assert_eq!(after.builder.width, before.builder.width + 10);
    rig.drag((115, after.activity.y), (115, after.activity.y - 4));
    assert_eq!(rig.app.panes().unwrap().activity.height, before.activity.height + 4);
    let What::Whole(kept) = &rig.kept.last().unwrap().what else { panic!("all of it is kept") };
    assert_eq!(kept.lines().count(), 2, "{kept}");
    let directory = tempfile::tempdir().unwrap();
    let store = Kept::within(directory.path().into());
    store.keep(rig.kept.last().unwrap()).unwrap();
    let mut later = with_rows();
    assert!(later.app.remember(&store).changed);
    assert_eq!(later.app.panes(), rig.app.panes());
    for key in [":", "r", "e", "s", "e", "t", "Space", "l", "Enter"] {
        later.key(key);
    }
    assert_eq!(later.app.panes(), Some(before));
    assert!(matches!(&later.kept.last().unwrap().what, What::Whole(text) if text.is_empty()));
}

#[test]
fn arrows_move_the_line_of_the_pane_that_has_the_keys() {
    let mut rig = with_rows();
    rig.key("Enter");
    let before = rig.app.panes().unwrap();
    rig.key("Ctrl-Down");
    assert_eq!(rig.app.panes().unwrap().profiles.height, before.profiles.height + 1);
    rig.key("Ctrl-Up");
    rig.key("Ctrl-Left");
    assert_eq!(rig.app.panes().unwrap().builder.width, before.builder.width - 2);
    rig.key("Ctrl-Right");
    assert_eq!(rig.app.panes(), Some(before));
    for _ in 0..200 {
        for key in ["Ctrl-Left", "Ctrl-Up"] {
            rig.key(key);
        }
    }
    let panes = rig.app.panes().unwrap();
    assert!(panes.builder.width >= 20 && panes.profiles.height >= 4, "{panes:?}");
}

#[test]
fn a_zoomed_pane_says_so_and_gives_the_screen_back() {
    let mut rig = with_rows();
    rig.key("z");
    let screen = rig.screen();
    assert!(screen.contains("zoomed, z shows all") && !screen.contains("Segments"), "{screen}");
    rig.key("Ctrl-Left");
    assert!(rig.screen().contains("has the screen to itself"), "{}", rig.screen());
    // The profile that is opened has the screen now, then the activity pane.
    rig.key("Enter");
    assert_eq!(rig.app.panes().unwrap().detail.width, 120);
    rig.key("Tab");
    assert_eq!(rig.app.panes().unwrap().activity.height, 38);
    rig.key("z");
    assert!(rig.screen().contains("Segments"));
}

#[test]
fn letters_lead_to_everything() {
    let mut rig = with_rows();
    rig.key("Enter");
    rig.key(";");
    assert_eq!(rig.app.context(), Context::Jump);
    let screen = rig.screen();
    for letter in ["a", "s", "d", "f"] {
        assert!(screen.contains(letter), "{screen}");
    }
    // The first pane is the builder.
    rig.key("a");
    assert_eq!(rig.app.context(), Context::Builder);
    for (key, left) in [("Esc", Context::Builder), ("!", Context::Builder)] {
        rig.key(";");
        rig.key(key);
        assert_eq!(rig.app.context(), left);
    }
    // Behind the four panes come the tabs.
    rig.key(";");
    rig.key("j");
    assert_eq!((rig.app.context(), rig.app.activity.tab()), (Context::Activity, Tab::Audit));
    rig.key(";");
    rig.resize(100, 30);
    assert_eq!(rig.app.context(), Context::Activity, "the letters would stand where nothing is");
}

#[test]
fn the_mouse_is_left_to_the_terminal_and_taken_back() {
    let mut rig = with_rows();
    rig.key("F8");
    assert_eq!(rig.mouse, Some(false));
    assert!(rig.screen().contains("F8 takes it back"), "{}", rig.screen());
    rig.key("F8");
    assert_eq!(rig.mouse, Some(true));
    assert!(rig.screen().contains("with Shift held"), "{}", rig.screen());
}

#[test]
fn every_theme_shows_the_letters_of_a_jump() {
    for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
        let mut rig = with_rows();
        let _ = rig.app.dress(Theme::new(choice, false));
        rig.resize(80, 24);
        rig.key(";");
        let mut buf = ratatui::buffer::Buffer::empty(Rect::new(0, 0, 80, 24));
        rig.app.view(rig.at, &mut buf);
        insta::assert_debug_snapshot!(format!("jump_{choice:?}"), buf);
    }
}

#[test]
fn what_a_click_discloses_waits_until_it_is_recorded() {
    let mut rig = with_rows();
    rig.records = false;
    for key in ["m", "Enter", "Down"] {
        rig.key(key);
    }
    let (x, y) = rig.find("y y copy");
    rig.click(x + 1, y);
    assert!(rig.copied.is_empty(), "{:?}", rig.copied);
    let Some(Command::Note(ticket, _)) = rig.commands.last() else { panic!("{:?}", rig.commands) };
    rig.event(Event::Noted(*ticket, Ok(())));
    assert_eq!(rig.copied, ["Ada"]);
}

#[test]
fn what_stands_still_cannot_be_pointed_at() {
    let mut rig = with_rows();
    rig.key("Z");
    let (x, y) = rig.find("PROF-0000105");
    rig.click(x, y);
    assert!(rig.screen().contains("stands still"), "{}", rig.screen());
    rig.key("Z");
    assert_eq!(rig.app.profiles.selected(), Some(0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn wherever_the_mouse_is_nothing_breaks(
        size in prop::sample::select(vec![(0, 0), (1, 1), (59, 15), (60, 16), (80, 24), (200, 50)]),
        events in prop::collection::vec((0_usize..6, 0_u16..220, 0_u16..60), 1..20),
        keys in prop::collection::vec(prop::sample::select(vec!["Enter", ":", "?", "z", ";", "Tab", "i", "e", "Esc"]), 20),
    ) {
        let mut rig = with_rows();
        rig.resize(size.0, size.1);
        for ((kind, x, y), key) in events.into_iter().zip(keys) {
            let kind = [
                MouseEventKind::Down(MouseButton::Left),
                MouseEventKind::Drag(MouseButton::Left),
                MouseEventKind::Up(MouseButton::Left),
                MouseEventKind::ScrollUp,
                MouseEventKind::ScrollDown,
                MouseEventKind::Down(MouseButton::Right),
            ][kind];
            rig.mouse(kind, x, y);
            if x % 3 == 0 {
                rig.key(key);
            }
            let _screen = rig.screen();
        }
    }
}

#[test]
fn what_can_be_pointed_at_lies_where_it_is_drawn() {
    for size in [(60, 16), (80, 24), (120, 40), (200, 50)] {
        let mut rig = with_rows();
        rig.resize(size.0, size.1);
        let panes = rig.app.panes().unwrap();
        let (x, y) = rig.find("1 Audit");
        assert_eq!(panes.split_at(Position { x, y }), Some(Split::Activity), "{size:?}");
        let (x, y) = rig.find("Query");
        assert_eq!(panes.split_at(Position { x, y }), None, "{size:?}");
        for title in ["1 Audit", "2 Latency"] {
            let (x, y) = rig.find(title);
            let ctx = rig.app.world.ctx(rig.at, panes.activity);
            let there = rig.app.activity.spot_at(Position { x, y }, &ctx);
            assert!(there.is_some_and(|tab| title.contains(&format!("{tab:?}"))), "{title} at {size:?}");
        }
    }
}
