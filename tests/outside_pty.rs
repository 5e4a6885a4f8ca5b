//! The explorer and what is outside of it: pager, clipboard, shell line, keys of the user, the first tour. On a
//! (pseudo-)terminal.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "a deadline for a screen that never comes")]

#[path = "support/pty.rs"]
#[expect(dead_code, reason = "the tests of the explorer over a service need more of it")]
mod pty;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use portable_pty::CommandBuilder;
use pty::{Pty, is_restored};

const CTRL_C: &str = "\x03";
const CTRL_Q: &str = "\x11";
const CTRL_R: &str = "\x12";
const DOWN: &str = "\x1b[B";
const ENTER: &str = "\r";
const ESC: &str = "\x1b";

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A program of the test's own, below `home`; gives its path.
fn script(home: &Path, name: &str, text: &str) -> String {
    let directory = home.join("bin");
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn path_with(home: &Path) -> String {
    format!("{}:/usr/bin:/bin", home.join("bin").display())
}

fn leave(mut pty: Pty) {
    pty.send(CTRL_Q).send(CTRL_Q);
    let (status, raw) = pty.end();
    assert!(status.success() && is_restored(&raw), "{status:?}");
}

#[test]
fn a_pager_gets_the_terminal_with_every_key_and_gives_it_back() {
    let home = home();
    // It reads lines, so that a key that somebody else took would be missing; Ctrl-C is its own.
    let pager = script(
        home.path(),
        "pager",
        "trap 'echo interrupted' INT\n\
         echo PAGER $(head -c 17 \"$1\"); ls -l \"$1\" | cut -c1-10\n\
         for turn in 1 2 3; do read -r line; echo \"line $turn <$line>\"; done; read -r line",
    );
    let path = path_with(home.path());
    let env = [("PAGER", pager.as_str()), ("PATH", path.as_str()), ("CXONE_CLIENT_SECRET", "")];
    let mut pty = Pty::start(home.path(), &["--run"], (100, 30), &env);
    pty.wait_for("PROF-0000004");
    pty.send(ENTER).wait_for("Profile PROF-001");
    let screen = pty.send("o").wait("the pager", |s| s.contains("PAGER") && s.contains("-r--------"));
    assert!(screen.contains("\"id\""), "{screen}");
    assert!(pty.is_cooked());
    pty.send("one\r").wait_for("line 1 <one>");
    pty.send(CTRL_C).wait_for("interrupted");
    pty.send("two\r").wait_for("<two>");
    pty.send("three\r").send("\r").send("\r").wait_for("Profile PROF-001");
    assert!(!pty.is_cooked());
    pty.send("?").wait_for("Help: Profile");
    pty.send(ESC).wait("the help closed", |screen| !screen.contains("Help:"));
    leave(pty);
}

#[test]
fn a_copy_goes_to_the_systems_clipboard_where_there_is_one() {
    let home = home();
    script(home.path(), "xclip", "test \"$*\" = '-selection clipboard -in' && cat > \"$HOME/copied\"");
    let path = path_with(home.path());
    let env = [("PATH", path.as_str()), ("DISPLAY", ":0")];
    let mut pty = Pty::start(home.path(), &["--run"], (100, 30), &env);
    pty.wait_for("PROF-0000004");
    pty.send("y").wait_for("copy the row");
    pty.send("i").wait_for("copied by xclip");
    assert_eq!(fs::read_to_string(home.path().join("copied")).unwrap(), "PROF-001");
    leave(pty);
}

#[test]
fn a_clipboard_that_fails_is_named_and_the_terminal_takes_its_place() {
    let home = home();
    script(home.path(), "xclip", "exit 3");
    let path = path_with(home.path());
    let env = [("PATH", path.as_str()), ("DISPLAY", ":0")];
    let mut pty = Pty::start(home.path(), &["--run"], (140, 30), &env);
    pty.wait_for("PROF-0000004");
    pty.send("yi").wait("both ways named", |s| s.contains("xclip: it ended with") && s.contains("OSC 52"));
    pty.send(CTRL_Q).send(CTRL_Q);
    let (_, raw) = pty.end();
    assert!(raw.windows(12).any(|bytes| bytes == b"\x1b]52;c;UFJPR"), "PROF-001 in base64");
}

#[test]
fn a_shell_line_gets_what_is_chosen_while_the_screen_is_on_the_terminal() {
    let home = home();
    for (keys, said) in [(&[DOWN, ENTER][..], "chose <PROF-002> 0"), (&[CTRL_Q, CTRL_Q], "chose <> 130")] {
        let mut command = CommandBuilder::new("sh");
        let line = "chosen=$(\"$0\" --run --print); code=$?; echo \"chose <$chosen> $code\"";
        command.args(["-c", line, env!("CARGO_BIN_EXE_cxlens")]);
        let mut pty = Pty::spawn(command, home.path(), (100, 30), &[("PATH", "/usr/bin:/bin")]);
        pty.wait_for("PROF-0000004");
        pty.wait_for("Enter take it");
        for key in keys {
            pty.send(key);
        }
        pty.wait_for(said);
        let (_, raw) = pty.end();
        assert!(is_restored(&raw), "{}", raw[raw.len().saturating_sub(200)..].escape_ascii());
    }
}

#[test]
fn rows_go_through_a_shell_command_while_they_still_arrive() {
    let home = home();
    let env = [("PATH", "/usr/bin:/bin"), ("SHELL", "/bin/sh")];
    let mut pty = Pty::start(home.path(), &["--run"], (100, 30), &env);
    pty.wait_for("PROF-0000004");
    pty.send("|").wait_for("reads");
    pty.send("head -n 1 | cut -c1-16").send(ENTER).wait_for("{\"id\":\"PROF-001\"");
    pty.wait_for("ended: exit status: 0");
    pty.send(ESC).wait("the output closed", |screen| !screen.contains("ended:"));
    // One that never ends is stopped, and the screen goes on meanwhile.
    pty.send("|").wait_for("reads");
    pty.send("sleep 1000").send(ENTER).wait_for("running");
    pty.send(ESC).wait_for("ended: stopped");
    pty.send(ESC).wait("the output closed", |screen| !screen.contains("ended:"));
    leave(pty);
}

#[test]
fn the_users_keys_count_and_what_is_wrong_with_them_is_said() {
    let home = home();
    let config = home.path().join("config/cxlens");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("keys.toml"), "run = \"F6\"\nsrot = \"F7\"\n").unwrap();
    let mut pty = Pty::start(home.path(), &[], (100, 30), &[]);
    let screen = pty.wait_for("did you mean sort?");
    assert!(screen.contains("keys.toml:2"), "{screen}");
    pty.send(ESC).wait_for("F6 run");
    pty.send("\x1b[17~").wait_for("PROF-0000004");
    leave(pty);
}

#[test]
fn a_newcomer_is_shown_around_once_and_never_held_up() {
    let home = home();
    let someone = [("CI", "")];
    let mut pty = Pty::start(home.path(), &[], (80, 24), &someone);
    pty.wait_for("1 of 5");
    let screen = pty.send(CTRL_R).wait("rows and the next step", |s| s.contains("PROF-0000009"));
    assert!(screen.contains("Ctrl-R run"), "{screen}");
    pty.send("s").wait("the tour closed", |screen| !screen.contains("of 5"));
    leave(pty);
    let mut pty = Pty::start(home.path(), &[], (80, 24), &someone);
    let screen = pty.wait_for("SEG-ALL");
    assert!(!screen.contains("of 5"), "{screen}");
    pty.send("q");
    assert!(pty.end().0.success());
}
