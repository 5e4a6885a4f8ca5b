//! Sessions that are recorded and shown again: the real binary on a pseudo-terminal, and nobody asked the second time.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "a deadline for a screen that never comes")]

#[path = "support/headless.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod headless;
#[path = "support/pty.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod pty;

use std::fs;
use std::path::Path;

use headless::{Home, Service, mode};
use pty::{Pty, is_restored};

const CTRL_Q: &str = "\x11";
const CTRL_R: &str = "\x12";
const ESC: &str = "\x1b";
const F4: &str = "\x1bOS";
const F6: &str = "\x1b[17~";
const F7: &str = "\x1b[18~";
const ALT_LEFT: &str = "\x1b[1;3D";
const ALT_RIGHT: &str = "\x1b[1;3C";
const SIZE: (u16, u16) = (120, 40);

fn leave(mut pty: Pty) {
    pty.send(CTRL_Q);
    let (status, raw) = pty.end();
    assert!(status.success() && is_restored(&raw), "{status:?}");
}

/// What is on the screen but for the status line and the footer, which tell of the replay itself, and for the line of
/// the log that tells of the recording.
fn body(screen: &str) -> Vec<String> {
    let lines: Vec<_> = screen.lines().map(|line| line.trim_end().to_owned()).collect();
    let is_told =
        |line: &&String| line.chars().any(char::is_alphanumeric) && !line.contains("recording into");
    lines[1..lines.len() - 1].iter().filter(is_told).cloned().collect()
}

/// Whether a screen with the error panel was drawn to its end.
fn is_whole(screen: &str) -> bool {
    let mut lines = screen.lines().skip_while(|line| !line.contains("Error: service"));
    lines.any(|line| line.contains("try again")) && lines.any(|line| line.contains("run 1 partial"))
}

/// The panel of an error.
fn error_of(screen: &str) -> Vec<String> {
    let lines: Vec<Vec<char>> = screen.lines().map(|line| line.chars().collect()).collect();
    let top = lines.iter().position(|line| line.iter().collect::<String>().contains("┌ Error")).unwrap();
    let left = lines[top].windows(7).position(|at| at.iter().collect::<String>() == "┌ Error").unwrap();
    let right = left + lines[top][left..].iter().position(|c| *c == '┐').unwrap();
    let inside = lines[top..].iter().map(|line| line[left..=right].iter().collect::<String>());
    let mut panel = Vec::new();
    for line in inside {
        let is_last = line.starts_with('└');
        panel.push(line);
        if is_last {
            break;
        }
    }
    panel
}

fn path(home: &Home, name: &str) -> String {
    home.path(name).to_str().unwrap().to_owned()
}

/// Records a run that meets a captive portal on its third page; gives the screen with the error panel, and without.
fn recorded(home: &Home, file: &str, more: &[&str]) -> (String, String, Vec<String>) {
    let service = Service::start(&[
        "--profiles",
        "14",
        "--latency",
        "20ms",
        "--rate-limit",
        "20/s",
        "--fault",
        "captive-portal-mid-paging",
    ]);
    let env: Vec<_> = service.env().collect();
    let mut args = vec![
        "explore",
        "--segment",
        "SEG-ALL",
        "--page-size",
        "5",
        "--concurrency",
        "1",
        "--run",
        "--record",
        file,
    ];
    args.extend(more);
    let mut pty = Pty::start(home.path("").as_path(), &args, SIZE, &env);
    let panel = pty.wait("the error panel", is_whole);
    assert!(panel.contains(" REC "), "{panel}");
    let rest = pty
        .send(ESC)
        .wait("the panel closed", |screen| !screen.contains("try again") && !screen.contains("What to do"));
    let limits = limits(&mut pty);
    leave(pty);
    (panel, rest, limits)
}

/// What of the limits does not move with time.
fn limits(pty: &mut Pty) -> Vec<String> {
    let screen = pty.send("3").wait("the limits", |screen| {
        screen.contains("[3 Limits]") && screen.contains("announced 20 in 1.0 s")
    });
    let stays = ["full height", "gate ", "kept to as announced", "in flight", "limit "];
    let lines = screen.lines().filter(|line| stays.iter().any(|word| line.contains(word)));
    let parts = lines.map(|line| {
        let line = line.split_once("announced 20").map_or(line, |(front, _)| front);
        match line.split_once("req/s") {
            Some((_, behind)) => behind.trim_matches(|c: char| "▓░ │".contains(c)).to_owned(),
            None => line.rsplit("  ").find(|part| part.trim().len() > 1).unwrap_or(line).to_owned(),
        }
    });
    parts.collect()
}

fn files_of_trail(home: &Home) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut all = home.files();
    all.retain(|(path, _)| path.to_string_lossy().contains("audit"));
    all.sort();
    all
}

#[test]
fn a_session_is_shown_again_as_it_was_and_nobody_is_asked() {
    let home = Home::new();
    let file = path(&home, "a.cxrec");
    let (panel, rest, limits_then) = recorded(&home, &file, &["--record-personal"]);
    assert_eq!(mode(Path::new(&file)), 0o600);
    let trail = files_of_trail(&home);
    assert!(!trail.is_empty());
    // The service is gone by now.
    for speed in ["1", "50"] {
        let mut pty = Pty::start(home.path("").as_path(), &["replay", &file, "--speed", speed], SIZE, &[]);
        let shown = pty.wait("its end", |screen| {
            is_whole(screen) && screen.lines().next().is_some_and(|line| line.contains("ended"))
        });
        let status = shown.lines().next().unwrap();
        assert!(status.contains(" REPLAY ") && status.contains("true values"), "{status}");
        assert!(shown.contains("MASKED"), "a recording with true values is looked at masked: {shown}");
        let shown = pty.send("m").wait("true values", |screen| !screen.contains("MASKED"));
        assert_eq!(error_of(&shown), error_of(&panel), "\n{shown}\n{panel}");
        let shown = pty.send(ESC).wait("the panel closed", |screen| {
            !screen.contains("try again") && !screen.contains("What to do")
        });
        assert!(body(&rest).len() > 15, "{rest}");
        assert_eq!(body(&shown), body(&rest), "\n{shown}\n{rest}");
        assert!(limits_then.len() >= 5, "{limits_then:?}");
        assert_eq!(limits(&mut pty), limits_then);
        for (key, says) in [
            (CTRL_R, "nobody is asked"),
            ("p", "nobody is asked"),
            ("w", "nobody is asked"),
            ("\x14", "nobody is asked"),
            (F4, "already"),
        ] {
            pty.send(key).wait_for(says);
        }
        leave(pty);
    }
    assert_eq!(files_of_trail(&home), trail, "nothing was asked, and nothing recorded of it");
}

#[test]
fn by_default_a_recording_shows_nobody() {
    let home = Home::new();
    let file = path(&home, "a.cxrec");
    let (_, rest, _) = recorded(&home, &file, &[]);
    let recorded = fs::read_to_string(&file).unwrap();
    assert!(rest.contains("PROF-001") && !recorded.contains("PROF-0"), "an ID is in it");
    let mut pty = Pty::start(home.path("").as_path(), &["replay", &file, "--speed", "50"], SIZE, &[]);
    let shown = pty.wait_for("What to do");
    assert!(shown.contains("stand-ins"), "{shown}");
    let shown = pty
        .send(ESC)
        .wait("the panel closed", |screen| !screen.contains("try again") && !screen.contains("What to do"));
    assert!(!shown.contains("PROF-0") && shown.contains("-00") && shown.contains("SEG-ALL"), "{shown}");
    // An exchange can be looked at in full, without its secret.
    pty.send("\t").wait("the log", |screen| screen.lines().last().unwrap().contains("R again"));
    pty.send("k").send("\r");
    let shown = pty.wait_for("Request as sent");
    assert!(shown.contains("GET contacts page 3"), "{shown}");
    pty.send("\x1b[6~").wait_for("Bearer …removed");
    pty.send(ESC).wait("the panel closed", |screen| !screen.contains("Request as sent"));
    leave(pty);
}

#[test]
fn a_replay_stands_still_steps_and_goes_back_and_on() {
    let home = Home::new();
    let file = path(&home, "a.cxrec");
    recorded(&home, &file, &["--record-personal"]);
    let mut pty = Pty::start(home.path("").as_path(), &["replay", &file, "--speed", "0.1"], SIZE, &[]);
    pty.wait_for("REPLAY");
    pty.send(F6).wait("it stands still", |screen| screen.lines().next().unwrap().contains("paused"));
    let place = |screen: &str| -> Option<u32> {
        let (_, behind) = screen.lines().next()?.split_once("paused ")?;
        behind.split('/').next()?.parse().ok()
    };
    // Steps lead to the first page, one event at a time, and the fault is not there yet.
    let mut screen = pty.wait("its place", |screen| place(screen).is_some());
    while !screen.contains("PROF-001") {
        let before = place(&screen);
        screen = pty.send(F7).wait("a step", |screen| place(screen) > before);
        assert!(!screen.contains("What to do"), "{screen}");
    }
    pty.send(ALT_RIGHT).wait("the end", |screen| screen.contains("What to do") && screen.contains("ended"));
    pty.send(ALT_LEFT).wait("the beginning", |screen| {
        !screen.contains("What to do") && !screen.contains("PROF-001") && !screen.contains("ended")
    });
    pty.send(ALT_RIGHT).wait("the end again", |screen| screen.contains("What to do"));
    leave(pty);
}

#[test]
fn a_key_begins_and_ends_a_recording() {
    let home = Home::new();
    let mut pty = Pty::start(home.path("").as_path(), &["explore", "--sandbox", "--limit", "60"], SIZE, &[]);
    pty.wait_for("Ctrl-R run");
    pty.send(F4).wait_for(" REC ");
    pty.send(CTRL_R).wait_for("PROF-0000004");
    pty.wait_for("60 of");
    let screen = pty.send(F4).wait_for("recorded, ");
    assert!(!screen.contains(" REC "), "{screen}");
    leave(pty);
    let dir = home.path("data/cxlens/recordings");
    assert_eq!(mode(&dir), 0o700);
    let files: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() == 1 && files[0].extension().is_some_and(|ending| ending == "cxrec"), "{files:?}");
    assert_eq!(mode(&files[0]), 0o600);
    let file = files[0].to_str().unwrap();
    let mut pty = Pty::start(home.path("").as_path(), &["replay", file, "--speed", "100"], SIZE, &[]);
    pty.wait("all of it", |screen| screen.contains("60 of") && screen.contains("ended"));
    leave(pty);
}

#[test]
fn files_that_are_no_recordings_are_refused_and_damaged_ones_shown_as_far_as_they_go() {
    let home = Home::new();
    let file = path(&home, "a.cxrec");
    recorded(&home, &file, &[]);
    for (name, text, says) in [
        ("newer.cxrec", "{\"cxlens_recording\":99}\n", "newer"),
        ("people.ndjson", "{\"id\":\"A\"}\n", "cxlens open"),
        ("empty.cxrec", "", "empty"),
    ] {
        let made = home.file(name, text);
        home.run(["replay", &made]).is(2, &[&format!("{name}:1"), says]);
    }
    home.run(["replay", "gone.cxrec"]).is(2, &["gone.cxrec", "cannot be opened"]);
    let whole = fs::read_to_string(&file).unwrap();
    let at = whole.lines().position(|line| line.contains("\"number\":2,\"batch\"")).expect("a second page");
    let damaged: Vec<&str> =
        whole.lines().enumerate().map(|(n, line)| if n == at { "junk" } else { line }).collect();
    let damaged = home.file("damaged.cxrec", damaged.join("\n") + "\n");
    let mut pty = Pty::start(home.path("").as_path(), &["replay", &damaged, "--speed", "50"], SIZE, &[]);
    let shown = pty.wait_for("What to do");
    assert!(shown.contains(&format!("damaged.cxrec:{}", at + 1)) && shown.contains("no JSON"), "{shown}");
    let shown = pty
        .send(ESC)
        .wait("the panel closed", |screen| !screen.contains("try again") && !screen.contains("What to do"));
    assert!(shown.contains("-00"), "the first page is there: {shown}");
    leave(pty);
    // A tail that is torn is left out, and said at the end.
    let torn = home.file("torn.cxrec", &whole[..whole.len() - 20]);
    let mut pty = Pty::start(home.path("").as_path(), &["replay", &torn, "--speed", "100"], SIZE, &[]);
    pty.wait_for("ended");
    pty.send(CTRL_Q);
    let (status, raw) = pty.end();
    assert!(status.success() && String::from_utf8_lossy(&raw).contains("torn"), "{status:?}");
}

#[test]
fn a_run_without_a_screen_is_recorded_and_a_file_that_is_there_stays() {
    let home = Home::new();
    let service = Service::start(&["--profiles", "30"]);
    let query = ["query", "--segment", "SEG-ALL", "--record", "a.cxrec"];
    let ran = home.ask(&service, query);
    ran.is(0, &["recording into a.cxrec, with stand-ins", "recorded in a.cxrec"]);
    let before = fs::read(home.path("a.cxrec")).unwrap();
    home.ask(&service, query).is(2, &["a.cxrec", "there already", "--force"]);
    assert_eq!(fs::read(home.path("a.cxrec")).unwrap(), before);
    let mut forced = query.to_vec();
    forced.extend(["--force", "--record-personal"]);
    home.ask(&service, forced.clone()).is(0, &["TRUE personal values"]);
    let text = fs::read_to_string(home.path("a.cxrec")).unwrap();
    assert!(text.contains("PROF-001"));
    for secret in [service.get("CXONE_CLIENT_SECRET"), "access_token", "Bearer sbx"] {
        assert!(!text.contains(secret), "{secret}");
    }
    std::os::unix::fs::symlink(home.path("a.cxrec"), home.path("link.cxrec")).unwrap();
    forced[4] = "link.cxrec";
    home.ask(&service, forced).is(2, &["symbolic link"]);
    let linear = ["--linear", "--segment", "SEG-ALL", "--run", "--record", "linear.cxrec"];
    let said = home.ask(&service, linear);
    assert!(said.out.contains("The session is recorded in"), "{}\n{}", said.out, said.err);
    assert!(fs::read_to_string(home.path("linear.cxrec")).unwrap().contains("\"finished\""));
}
