//! How the screen looks: themes, ASCII, panes that grow and shrink.

use super::*;
use crate::tui::theme::Ascii;

const SIZES: [(u16, u16); 3] = [(60, 16), (80, 24), (200, 50)];

fn with_theme(theme: Theme) -> Rig {
    let draft = Draft { segments: vec!["SEG-PREMIUM-01".into()], ..Draft::default() };
    let mut rig = Rig::with(|start| Start { draft, theme, ..start });
    rig.event(events::ready());
    rig
}

/// Every picture that a session of some keys shows.
fn session(rig: &mut Rig) -> Vec<String> {
    let mut seen = Vec::new();
    let mut look = |rig: &mut Rig| seen.push(rig.screen());
    look(rig);
    rig.key("Ctrl-R");
    look(rig);
    rig.event(Event::Limits(Arc::new(events::limits(rig.at.now))));
    rig.event(events::page(1, 1, 200));
    for n in 1..9 {
        rig.event(Event::Exchange(Arc::new(events::exchange(n, if n == 7 { 429 } else { 200 }, 20 + n))));
    }
    for keys in [
        &["s"][..],
        &["Enter", "G"],
        &["r"],
        &["Esc", "/", "A", "d", "Enter"],
        &["i"],
        &["Esc", "e"],
        &["Esc", "?"],
        &["Esc", ":", "s"],
        &["Esc", "1"],
        &["2"],
        &["3"],
        &["Ctrl-G"],
        &["Esc", "q"],
    ] {
        for key in keys {
            rig.key(key);
        }
        look(rig);
    }
    rig.key("Esc");
    rig.event(Event::Failed(QueryId(1), events::summary(Status::Partial, 200), events::gateway_error()));
    look(rig);
    seen
}

#[test]
fn in_ascii_nothing_is_drawn_that_is_not() {
    for size in SIZES {
        let mut rig = with_theme(Theme::new(ThemeChoice::Dark, true));
        assert_eq!(rig.app.world.theme.ascii, Ascii::Symbols);
        rig.resize(size.0, size.1);
        for (n, screen) in session(&mut rig).into_iter().enumerate() {
            let other: String = screen.chars().filter(|c| !c.is_ascii()).collect();
            assert!(other.is_empty(), "{other:?} on picture {n} at {size:?}:\n{screen}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_file_is_shown_at_start_and_stands_in_the_log() {
    let wrong = || vec![Error::usage("themes/mine.toml:4", "\"reddish\" is no colour", "name another")];
    let mut rig = with_theme(Theme::new(ThemeChoice::Dark, false));
    let turn = rig.app.troubles(wrong(), rig.at);
    assert!(rig.take(turn));
    let screen = rig.screen();
    assert!(screen.contains("themes/mine.toml:4") && screen.contains("name another"), "{screen}");
    rig.key("Esc");
    assert!(rig.screen().contains("\"reddish\" is no colour"), "{}", rig.screen());
    // Where rows are about to come, a panel would go with them.
    let mut rig = Rig::with(|start| Start { run: true, ..start });
    let turn = rig.app.troubles(wrong(), rig.at);
    rig.take(turn);
    assert_eq!(rig.app.context(), Context::Builder);
    assert!(rig.screen().contains("stands in the log"), "{}", rig.screen());
    assert!(rig.app.troubles(Vec::new(), rig.at).effects.is_empty());
}

#[test]
fn another_theme_is_drawn_in_at_once() {
    let mut rig = with_theme(Theme::new(ThemeChoice::Dark, false));
    assert!(rig.app.dress(Theme::new(ThemeChoice::Light, false)).changed);
    assert!(!rig.app.dress(Theme::new(ThemeChoice::Light, false)).changed);
    assert_eq!(rig.app.world.theme, Theme::new(ThemeChoice::Light, false));
}
