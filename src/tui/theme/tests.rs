use std::collections::BTreeSet;

use ratatui::style::{Color, Modifier};

use super::*;
use crate::config::{Colours, LookSettings, OwnTheme};

const BUILT_IN: [ThemeChoice; 3] = [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain];

#[test]
fn the_themes_that_come_with_the_program_have_every_role_once_and_nothing_else() {
    for choice in BUILT_IN {
        let source = choice.source();
        let mut troubles = Vec::new();
        let sheet = source.read(&mut troubles);
        source.apply(None, &sheet, &mut Theme::blank(Ascii::No), &mut troubles);
        assert!(troubles.is_empty(), "{troubles:?}");
        let styles = source.text.split("[styles]").nth(1).unwrap();
        let written: Vec<&str> = styles
            .lines()
            .filter_map(|line| Some(line.split_once('=')?.0.trim()))
            .filter(|key| !key.starts_with('#'))
            .collect();
        let known: BTreeSet<&str> = Theme::ROLES.iter().copied().collect();
        assert_eq!(written.iter().copied().collect::<BTreeSet<_>>(), known, "{choice:?}");
        assert_eq!(written.len(), known.len(), "{choice:?}");
    }
}

#[test]
fn every_colour_that_is_named_is_used() {
    for choice in BUILT_IN {
        let text = choice.source().text;
        let (colours, styles) = text.split_once("[styles]").unwrap();
        for name in colours
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(" = "))
            .map(|(name, _)| name)
        {
            let used = styles.lines().any(|line| {
                line.split_once(" = ")
                    .is_some_and(|(_, style)| style.split(['"', ' ']).any(|word| word == name))
            });
            assert!(used || file::TENANTS.contains(&name), "{choice:?}: {name}");
        }
    }
}

#[test]
fn the_background_is_known_where_colorfgbg_says_it() {
    use ThemeChoice::{Dark, Light};
    for (value, said) in [
        (None, None),
        (Some("15;0"), Some(Dark)),
        (Some("0;15"), Some(Light)),
        (Some("0;default;7"), Some(Light)),
        (Some("7;8"), Some(Dark)),
        (Some("soon"), None),
        (Some("0;default"), None),
    ] {
        assert_eq!(ThemeChoice::said(value), said, "{value:?}");
    }
}

#[test]
fn without_colour_there_is_none() {
    let text = format!("{:?}", Theme::new(ThemeChoice::Plain, false));
    assert!(!text.contains("fg(") && !text.contains("Some("), "{text}");
}

fn own(text: &str) -> LookSettings {
    let own = OwnTheme { name: "themes/mine.toml".into(), text: Ok(text.into()) };
    LookSettings { theme: "mine".into(), own: Some(own), ..LookSettings::default() }
}

fn around() -> Surroundings<'static> {
    Surroundings { term: Some("xterm-256color"), colorterm: Some("truecolor"), ..Surroundings::default() }
}

#[test]
fn a_theme_of_ones_own_sets_what_it_names_and_the_rest_is_its_bases() {
    let look = Appearance::new(
        &own(
            "base = \"light\"\n[colours]\naccent = \"#ff8000\"\nmine = 17\n[styles]\nwarn = \"mine on accent bold\"\n",
        ),
        around(),
    );
    let (theme, troubles) = look.theme(None);
    assert!(troubles.is_empty(), "{troubles:?}");
    let light = Theme::new(ThemeChoice::Light, false);
    assert_eq!(theme.bad, light.bad);
    // What the base makes of the colour is made of the new one.
    assert_eq!(theme.heading, light.heading.fg(Color::Rgb(255, 128, 0)));
    let warn = Style::new().fg(Color::Indexed(17)).bg(Color::Rgb(255, 128, 0)).add_modifier(Modifier::BOLD);
    assert_eq!(theme.warn, warn);
    assert!(!look.asks(), "its base is said");
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_the_rest_counts() {
    let look = Appearance::new(
        &own(
            "base = \"bright\"\nbse = 1\n[colours]\naccent = \"reddish\"\nbold = \"red\"\n[styles]\ntitel = \"red\"\n\
              bad = \"red on pnik\"\ngood = \"cyan\"\ntext = 7\ndim = red\n",
        ),
        around(),
    );
    let (theme, troubles) = look.theme(None);
    let said: Vec<String> =
        troubles.iter().map(|error| format!("{} {} {}", error.what, error.cause, error.remedy)).collect();
    for (at, words) in [
        ("mine.toml:1 ", "bright"),
        ("mine.toml:2 ", "did you mean base?"),
        ("mine.toml:4 ", "reddish"),
        ("mine.toml:5 ", "bold"),
        ("mine.toml:7 ", "did you mean title?"),
        ("mine.toml:8 ", "pnik"),
        ("mine.toml:10 ", "text"),
    ] {
        assert!(said.iter().any(|line| line.contains(at) && line.contains(words)), "{at} {words}: {said:#?}");
    }
    assert!(
        said.iter().any(|line| line.contains("mine.toml:11") || line.contains("mine.toml:12")),
        "{said:#?}"
    );
    assert_eq!(theme.good, Style::new().fg(Color::Cyan));
    assert_eq!(theme.bad, Theme::new(ThemeChoice::Dark, false).bad);
}

#[test]
fn a_theme_that_cannot_be_read_leaves_one_that_comes_with_the_program() {
    let error = crate::engine::error::Error::usage("themes/mine.toml", "it cannot be read", "");
    let file = OwnTheme { name: "themes/mine.toml".into(), text: Err(error) };
    let settings = LookSettings { theme: "mine".into(), own: Some(file), ..LookSettings::default() };
    let (theme, troubles) = Appearance::new(&settings, around()).theme(Some(ThemeChoice::Light));
    assert_eq!((theme, troubles.len()), (Theme::new(ThemeChoice::Light, false), 1));
}

#[test]
fn settings_beat_surroundings_and_surroundings_beat_the_answer() {
    let with = |theme: &str, colours, around| {
        let settings = LookSettings { theme: theme.into(), colours, ..LookSettings::default() };
        Appearance::new(&settings, around)
    };
    let [dark, light, plain] = BUILT_IN.map(|choice| Theme::new(choice, false));
    let auto = with("auto", Colours::Auto, around());
    assert!(auto.asks());
    assert_eq!(auto.theme(None).0, dark);
    assert_eq!(auto.theme(Some(ThemeChoice::Light)).0, light);
    let said = with("auto", Colours::Auto, Surroundings { colorfgbg: Some("0;15"), ..around() });
    assert!(!said.asks());
    assert_eq!(said.theme(None).0, light);
    let set = with("dark", Colours::Auto, Surroundings { colorfgbg: Some("0;15"), ..around() });
    assert!(!set.asks());
    assert_eq!(set.theme(Some(ThemeChoice::Light)).0, dark);
    let no_color = Surroundings { no_color: true, ..around() };
    assert_eq!(with("light", Colours::Auto, no_color).theme(None).0, plain);
    assert!(!with("auto", Colours::Auto, no_color).asks());
    assert_eq!(with("light", Colours::Sixteen, no_color).theme(None).0, light);
    assert!(!with("auto", Colours::Auto, Surroundings { term: Some("linux"), ..around() }).asks());
}

#[test]
fn colours_are_those_that_the_terminal_has() {
    let mut settings = own("[styles]\nwarn = \"#ff8700 on 17\"\n");
    let warn = |settings: &LookSettings| Appearance::new(settings, around()).theme(None).0.warn;
    assert_eq!(warn(&settings), Style::new().fg(Color::Rgb(255, 135, 0)).bg(Color::Indexed(17)));
    settings.colours = Colours::Indexed;
    assert_eq!(warn(&settings), Style::new().fg(Color::Indexed(208)).bg(Color::Indexed(17)));
    settings.colours = Colours::Sixteen;
    assert_eq!(warn(&settings), Style::new().fg(Color::Yellow).bg(Color::Black));
    settings.colours = Colours::None;
    assert_eq!(warn(&settings), Theme::new(ThemeChoice::Plain, false).warn);
}
