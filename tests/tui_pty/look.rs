//! What the explorer asks of the terminal and how it leaves it: colours that are answered early, late or never, and
//! the mouse.

use rustix::process::Signal;

use super::pty::{Pty, is_restored};

const QUESTION: &str = "\x1b]11;?\x1b\\";
const LIGHT: &str = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\";
const MOUSE: [&str; 3] = ["\x1b[?1000", "\x1b[?1002", "\x1b[?1006"];
/// How the light theme paints the title of the pane that has the keys: bold, and the terminal's fifth colour.
const LIGHT_TITLE: vt100::Color = vt100::Color::Idx(4);
const DARK_TITLE: vt100::Color = vt100::Color::Idx(6);

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// The explorer, once it has asked.
fn asked(home: &tempfile::TempDir) -> Pty {
    let mut pty = Pty::start(home.path(), &[], (80, 24), &[]);
    pty.wait_for("Ctrl-R run");
    pty.wait_raw("the question", |raw| has(raw, QUESTION));
    pty
}

fn has(raw: &[u8], text: &str) -> bool {
    raw.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The colour of the title in the corner, whose pane has the keys.
fn title(pty: &mut Pty, colour: vt100::Color) {
    pty.wait_cell("the title's colour", (1, 2), move |cell| cell.fgcolor() == colour);
}

#[test]
fn the_background_is_asked_for_after_the_first_frame_and_its_answer_is_no_typing() {
    let home = home();
    let mut pty = asked(&home);
    title(&mut pty, DARK_TITLE);
    pty.send(LIGHT);
    title(&mut pty, LIGHT_TITLE);
    let screen = pty.wait_for("[5 Log]");
    assert!(screen.contains("plan") && !screen.contains("rgb"), "{screen}");
    pty.send("1").wait_for("[1 Audit]");
    pty.send("q");
    let (status, raw) = pty.end();
    assert!(status.success() && is_restored(&raw));
    let raw = String::from_utf8_lossy(&raw).into_owned();
    let (first, asked) = (raw.find("Query").unwrap(), raw.find(QUESTION).unwrap());
    assert!(first < asked, "the first frame comes before the question");
    assert_eq!(raw.matches(QUESTION).count(), 1);
}

#[test]
fn an_answer_that_comes_late_and_while_typing_is_heard_and_loses_no_key() {
    let home = home();
    let mut pty = asked(&home);
    pty.send("G\r").wait_for("keeps it");
    pty.send(&format!("score gt{LIGHT} 10"));
    title(&mut pty, LIGHT_TITLE);
    pty.wait_for("score gt 10");
    // And once more, as a terminal behind a multiplexer may.
    pty.send(&format!("{}1", LIGHT.replace("ffff", "0000"))).wait_for("score gt 101");
    title(&mut pty, DARK_TITLE);
    pty.send("\x11");
    assert!(pty.end().0.success());
}

#[test]
fn garbage_in_an_answers_place_types_nothing() {
    let home = home();
    let mut pty = asked(&home);
    pty.send("G\r").wait_for("keeps it");
    for garbage in ["\x1b]11;rgb:zz/zz\x07", "\x1b]11;\x1b\\", "\x1b]11;no idea\x07"] {
        pty.send(garbage);
    }
    let screen = pty.send("zz top").wait_for("zz top");
    assert!(!screen.contains("rgb") && !screen.contains("idea"), "{screen}");
    title(&mut pty, DARK_TITLE);
    pty.send("\x11");
    assert!(pty.end().0.success());
}

#[test]
fn an_answer_behind_the_last_key_is_not_left_to_the_shell() {
    let home = home();
    let mut pty = Pty::start_under_shell(home.path(), (80, 24));
    pty.wait_for("Ctrl-R run");
    pty.wait_raw("the question", |raw| has(raw, QUESTION));
    // Leaves before the answer comes; the shell reads a line then, and would get it.
    pty.send("q");
    pty.wait_raw("the screen given back", |raw| has(raw, "\x1b[?1049l"));
    pty.send(LIGHT);
    pty.wait_for("stopped");
    pty.send("\r");
    let (_, raw) = pty.end();
    let behind = String::from_utf8_lossy(&raw);
    let behind = behind.rsplit("\x1b[?1049l").next().unwrap();
    assert!(!behind.contains("rgb") && !behind.contains("]11"), "{behind:?}");
}

#[test]
fn whoever_says_which_theme_is_not_asked() {
    for (settings, env, colour) in [
        ("theme = \"light\"", &[][..], LIGHT_TITLE),
        ("", &[("COLORFGBG", "0;15")][..], LIGHT_TITLE),
        ("", &[("NO_COLOR", "1")][..], vt100::Color::Default),
        ("colours = 16\ntheme = \"light\"", &[("NO_COLOR", "1")][..], LIGHT_TITLE),
        ("", &[("TERM", "linux")][..], DARK_TITLE),
    ] {
        let home = home();
        configure(&home, settings);
        let mut pty = Pty::start(home.path(), &[], (80, 24), env);
        pty.wait_for("Ctrl-R run");
        title(&mut pty, colour);
        pty.send("q");
        let (status, raw) = pty.end();
        assert!(status.success() && !has(&raw, QUESTION), "{settings} {env:?}");
    }
}

fn configure(home: &tempfile::TempDir, explorer: &str) {
    let config = home.path().join("config/cxlens");
    std::fs::create_dir_all(config.join("themes")).unwrap();
    std::fs::write(config.join("config.toml"), format!("[explorer]\n{explorer}\n")).unwrap();
}

#[test]
fn a_theme_of_ones_own_colours_the_screen_and_says_what_is_wrong_with_it() {
    let home = home();
    configure(&home, "theme = \"mine\"");
    let theme = "base = \"dark\"\n[colours]\naccent = 208\nwran = \"reddish\"\n";
    std::fs::write(home.path().join("config/cxlens/themes/mine.toml"), theme).unwrap();
    let mut pty = Pty::start(home.path(), &[], (100, 30), &[("COLORTERM", "truecolor")]);
    let screen = pty.wait_for("What to do");
    assert!(screen.contains("mine.toml:4") && screen.contains("reddish"), "{screen}");
    pty.send("\x1b").wait("the panel closed", |screen| !screen.contains("What to do"));
    title(&mut pty, vt100::Color::Idx(208));
    pty.send("q");
    assert!(pty.end().0.success());
}

#[test]
fn a_locale_without_unicode_gets_a_screen_without_it() {
    let home = home();
    let mut pty = Pty::start(home.path(), &["--run"], (100, 30), &[("LC_ALL", "C")]);
    pty.wait_for("PROF-0000004");
    let screen = pty.wait_for("[5 Log]");
    assert!(screen.is_ascii(), "{screen}");
    pty.send("\x11").send("\x11");
    let (_, raw) = pty.end();
    assert!(raw.is_ascii(), "no byte of any other character was sent");
}

/// Presses a button and lets it go, as a terminal reports it with mode 1006.
fn click(pty: &mut Pty, x: u16, y: u16) {
    pty.send(&format!("\x1b[<0;{};{}M\x1b[<0;{};{}m", x + 1, y + 1, x + 1, y + 1));
}

#[test]
fn the_mouse_clicks_drags_and_scrolls() {
    let home = home();
    let mut pty = Pty::start(home.path(), &["--run"], (80, 24), &[]);
    pty.wait_for("PROF-0000004");
    let screen = pty.wait_for("2 Latency");
    let (y, line) = screen.lines().enumerate().find(|(_, line)| line.contains("2 Latency")).unwrap();
    let x =
        line.chars().collect::<String>().find("2 Latency").map(|byte| line[..byte].chars().count()).unwrap();
    click(&mut pty, x as u16, y as u16);
    pty.wait_for("[2 Latency]");
    // The line between builder and table, twelve columns to the right.
    pty.send("\x1b[<0;28;5M\x1b[<32;34;5M\x1b[<32;40;5M\x1b[<0;40;5m");
    pty.wait("a wider builder", |screen| {
        screen.lines().nth(1).is_some_and(|line| line.chars().nth(40) == Some('┌'))
    });
    // The wheel, over the table.
    pty.send(&"\x1b[<65;60;6M".repeat(4))
        .wait("rows further down", |screen| !screen.contains("PROF-0000004"));
    pty.send("\x11").send("\x11");
    let (status, raw) = pty.end();
    assert!(status.success() && is_restored(&raw));
    // Another session finds the line where it was.
    let mut pty = Pty::start(home.path(), &[], (80, 24), &[]);
    pty.wait("the builder as wide", |screen| {
        screen.lines().nth(1).is_some_and(|line| line.chars().nth(40) == Some('┌'))
    });
    pty.send("q");
    assert!(pty.end().0.success());
}

#[test]
fn the_mouse_is_given_back_on_every_way_out() {
    let home = home();
    let is_off = |raw: &[u8]| {
        let raw = String::from_utf8_lossy(raw).into_owned();
        MOUSE.iter().all(|mode| raw.rfind(&format!("{mode}l")) > raw.rfind(&format!("{mode}h")))
            && !raw.contains("\x1b[?1003h")
    };
    let mut pty = Pty::start(home.path(), &[], (80, 24), &[]);
    pty.wait_for("Ctrl-R run");
    pty.wait_raw("the mouse taken", |raw| has(raw, "\x1b[?1002h"));
    pty.send("\x1b[19~").wait_for("takes it back");
    pty.wait_raw("the mouse let go", is_off);
    pty.send("\x1b[19~").wait_for("Shift held");
    pty.wait_raw("the mouse taken again", |raw| !is_off(raw));
    pty.signal(Signal::TERM);
    let (_, raw) = pty.end();
    assert!(is_off(&raw) && is_restored(&raw));
    // To the background and back: it is taken again only with the terminal.
    let mut pty = Pty::start_under_shell(home.path(), (80, 24));
    pty.wait_for("Ctrl-R run");
    pty.send("\x1a").wait_for("stopped");
    pty.wait_raw("the mouse let go", is_off);
    pty.send("\r").wait_for("Ctrl-R run");
    pty.wait_raw("the mouse taken again", |raw| !is_off(raw));
    pty.send("q").wait_for("code 0");
    assert!(is_off(&pty.end().1));
    // Nobody who does not want it gets it.
    configure(&home, "mouse = false");
    let mut pty = Pty::start(home.path(), &[], (80, 24), &[]);
    pty.wait_for("Ctrl-R run");
    pty.send("q");
    assert!(!has(&pty.end().1, "\x1b[?1002h"));
}
