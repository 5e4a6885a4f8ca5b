//! The explorer as a person meets it: the real binary on a real (pseudo-)terminal, over real HTTP.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "a deadline for a screen that never comes")]

#[path = "tui_pty/look.rs"]
mod look;
#[path = "tui_pty/pasting.rs"]
mod pasting;
#[path = "support/pty.rs"]
#[expect(dead_code, reason = "the tests of every way out need more of it")]
mod pty;
#[path = "tui_pty/retention.rs"]
mod retention;

use cxlens::sandbox::{Options, Sandbox};
use pty::{Pty, is_restored};
use rustix::process::Signal;

const CTRL_C: &str = "\x03";
const CTRL_F: &str = "\x06";
const CTRL_Q: &str = "\x11";
const CTRL_R: &str = "\x12";
const CTRL_Z: &str = "\x1a";
const ENTER: &str = "\r";
const ESC: &str = "\x1b";

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Runs the ready query and waits until rows are there.
fn run(pty: &mut Pty) {
    pty.wait_for("Ctrl-R run");
    pty.send(CTRL_R).wait_for("PROF-0000004");
}

#[test]
fn a_newcomer_runs_the_ready_query_opens_a_profile_and_leaves() {
    let home = home();
    for size in [(80, 24), (200, 50)] {
        let mut pty = Pty::start(home.path(), &[], size, &[]);
        let first = pty.wait_for("Ctrl-R run");
        assert!(first.contains("SANDBOX") && first.contains("SEG-ALL"), "{first}");
        run(&mut pty);
        pty.send(ENTER).wait_for("Profile PROF-001");
        pty.send(ESC).wait("the profile closed", |screen| !screen.contains("Profile PROF-001"));
        pty.send("?").wait_for("Help");
        pty.send(ESC).wait("the help closed", |screen| !screen.contains("Help:"));
        pty.send(CTRL_Q).wait_for("Leave?");
        pty.send(CTRL_Q);
        let (status, raw) = pty.end();
        assert!(status.success(), "{status:?}");
        assert!(is_restored(&raw), "{}", raw[raw.len().saturating_sub(200)..].escape_ascii());
    }
}

#[test]
fn an_expression_that_never_ends_leaves_the_screen_to_the_keys() {
    let home = home();
    let mut pty = Pty::start(home.path(), &[], (80, 24), &[]);
    run(&mut pty);
    pty.send(ENTER).wait_for("Profile PROF-001");
    pty.send(".").wait_for("jq, as processed");
    pty.send(".id").wait_for("1 value");
    pty.send("|def f: f; f");
    // What is typed meanwhile is there before the expression is stopped, and so is its end.
    pty.send(" #").wait_for("def f: f; f #");
    pty.wait_for("stopped after 300 ms");
    pty.send("\r").send("J").wait_for("Profile PROF-002");
    pty.wait_for("stopped after 300 ms");
    pty.send(ESC).wait("jq ended", |screen| !screen.contains("jq, as processed"));
    pty.send(CTRL_Q).send(CTRL_Q);
    assert!(pty.end().0.success());
}

#[test]
fn a_caller_is_found_by_a_number_in_another_notation_than_it_is_kept_in() {
    let home = home();
    let mut pty = Pty::start(home.path(), &[], (80, 24), &[]);
    pty.wait_for("Ctrl-F find person");
    // Kept as +44 7700 900102.
    pty.send(CTRL_F).wait_for("Find a person");
    pty.send("(07700) 900-102").wait_for("phone number");
    pty.send(ENTER).wait_for("PROF-002");
    // From an editor too; what was there before is named, and comes back.
    pty.send("\t\t\r").wait_for("Esc done");
    pty.send(CTRL_F).wait_for("bring back  segments SEG-ALL");
    pty.send("o'dare nobody\r").wait_for("nobody found by name");
    pty.send(ESC).wait("the panel closed", |screen| !screen.contains("Find a person"));
    pty.send("q");
    assert!(pty.end().0.success());
}

#[test]
fn a_second_ctrl_c_always_leaves() {
    let home = home();
    let mut pty = Pty::start(home.path(), &["--run"], (80, 24), &[]);
    pty.wait_for("PROF-0000004");
    pty.send(CTRL_C).wait_for("Leave?");
    pty.send(CTRL_C);
    let (status, raw) = pty.end();
    assert!(status.success() && is_restored(&raw), "{status:?}");
}

#[test]
fn signals_give_the_terminal_back_and_say_so_in_the_exit_code() {
    let home = home();
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130), (Signal::QUIT, 131)] {
        let mut pty = Pty::start(home.path(), &["--run"], (80, 24), &[]);
        pty.wait_for("PROF-0000004");
        pty.signal(signal);
        let (status, raw) = pty.end();
        assert_eq!(status.exit_code(), code, "{signal:?}");
        assert!(is_restored(&raw), "{signal:?}");
    }
}

#[test]
fn keys_are_read_while_nothing_else_happens() {
    let home = home();
    let mut pty = Pty::start(home.path(), &[], (80, 24), &[]);
    pty.wait_for("SANDBOX");
    // No event comes between them: each must wake the loop by itself.
    for (key, tab) in [
        ("1", "[1 Audit]"),
        ("2", "[2 Latency]"),
        ("3", "[3 Limits]"),
        ("4", "[4 Webhooks]"),
        ("5", "[5 Log]"),
    ] {
        pty.send(key).wait_for(tab);
    }
    pty.send("q");
    assert!(pty.end().0.success());
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() {
    let home = home();
    let mut pty = Pty::start_under_shell(home.path(), (80, 24));
    pty.wait_for("SANDBOX");
    pty.send("1").wait_for("[1 Audit]");
    pty.send(CTRL_Z).wait("the shell", |screen| screen.contains("stopped") && !screen.contains("Audit"));
    assert!(pty.is_cooked());
    pty.send("\r").wait_for("[1 Audit]");
    assert!(!pty.is_cooked());
    pty.send("2").wait_for("[2 Latency]");
    pty.send("q").wait_for("code 0");
    let (_, raw) = pty.end();
    assert!(is_restored(&raw));
}

#[test]
fn ctrl_z_without_a_shell_to_go_back_to_says_so() {
    let home = home();
    let mut pty = Pty::start(home.path(), &[], (80, 24), &[]);
    pty.wait_for("SANDBOX");
    pty.send(CTRL_Z).wait_for("no shell to go back to");
    pty.send("q");
    assert!(pty.end().0.success());
}

#[test]
fn any_size_is_drawn_or_said_to_be_too_small() {
    let home = home();
    let mut pty = Pty::start(home.path(), &["--run"], (120, 40), &[]);
    pty.wait_for("PROF-0000004");
    for (columns, rows) in [(60, 16), (59, 15), (1, 1), (300, 100), (80, 24)] {
        pty.resize(columns, rows);
        if columns >= 60 {
            pty.wait_for("SANDBOX");
            pty.wait_for("PROF-0000004");
        } else if columns > 30 {
            pty.wait("too small", |screen| screen.contains("60") && !screen.contains("PROF-0000004"));
        }
    }
    pty.send(CTRL_Q).send(CTRL_Q);
    assert!(pty.end().0.success());
}

#[test]
fn a_key_that_comes_with_a_change_of_size_is_not_lost() {
    let home = home();
    let mut pty = Pty::start(home.path(), &[], (100, 30), &[]);
    pty.wait_for("SANDBOX");
    for turn in 0..200 {
        let (key, tab) = [("1", "[1 Audit]"), ("2", "[2 Latency]")][turn % 2];
        pty.resize(if turn % 3 == 0 { 100 } else { 90 }, 30);
        pty.send(key).wait_for(tab);
    }
    pty.send("q");
    assert!(pty.end().0.success());
}

#[test]
fn a_cancelled_run_keeps_its_rows_and_can_be_run_again() {
    let home = home();
    let mut pty = Pty::start(home.path(), &[], (120, 40), &[]);
    run(&mut pty);
    pty.send(ESC).wait_for("cancelled");
    pty.wait_for("PROF-0000004");
    pty.send(CTRL_R).wait("running again", |screen| !screen.contains("cancelled"));
    pty.wait_for("PROF-0000004");
    pty.send(CTRL_Q).send(CTRL_Q);
    assert!(pty.end().0.success());
}

#[test]
fn a_service_that_is_not_there_is_an_error_panel() {
    let home = home();
    let env = [
        ("CXONE_TENANT", "acme"),
        ("CXONE_BASE_URL", "http://127.0.0.1:1"),
        ("CXONE_CLIENT_ID", "me"),
        ("CXONE_CLIENT_SECRET", "not-a-real-secret"),
    ];
    let mut pty = Pty::start(home.path(), &["--segment", "SEG-ALL", "--run"], (100, 30), &env);
    // The log tells of each attempt before the panel tells of the end.
    let screen = pty.wait("the error panel", |screen| screen.contains("What to do"));
    assert!(screen.contains("no connection"), "{screen}");
    assert!(!screen.contains("SANDBOX") && !screen.contains("not-a-real-secret"), "{screen}");
    // Esc and a key in one breath would be Alt and that key.
    pty.send(ESC).wait("the panel closed", |screen| !screen.contains("What to do"));
    pty.send(CTRL_Q);
    let (status, raw) = pty.end();
    assert!(status.success() && is_restored(&raw), "{status:?}");
}

#[test]
fn a_run_pauses_goes_on_stops_and_is_taken_up_again() {
    let home = home();
    let config = home.path().join("config/cxlens");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "[explorer]\npause_rows = 200\n").unwrap();
    let mut pty = Pty::start(home.path(), &["--run"], (100, 30), &[]);
    pty.wait_for("200 of 10,000  paused  p goes on");
    // Paused for good: leaving asks nothing, and a key goes on.
    pty.send("p").wait_for("400 of 10,000  paused  p goes on");
    pty.send(ESC).wait_for("400 of 10,000  cancelled  p goes on");
    pty.send("p").wait_for("600 of 10,000  paused  p goes on");
    pty.send("G").wait_for("PROF-0000600");
    pty.send("P")
        .wait("more, now that the end is near", |screen| screen.contains("more as you near the end"));
    pty.send("G").wait("rows past the pause", |screen| !screen.contains("PROF-0000600"));
    // The log tells of the first cancelling; the title of this one.
    let title = |screen: &str| screen.lines().nth(1).is_some_and(|line| line.contains("cancelled"));
    pty.send(ESC).wait("the run cancelled again", title);
    pty.send("q");
    assert!(pty.end().0.success());
}

#[test]
fn a_fault_picked_from_the_palette_is_seen_in_the_limits_and_bounds_change_while_it_runs() {
    let home = home();
    let mut pty = Pty::start(home.path(), &[], (120, 40), &[]);
    pty.wait_for("Ctrl-R run");
    pty.wait("the sandbox", |screen| screen.contains("plan at least 1 request"));
    pty.send(":").wait_for("Commands");
    pty.send("retry-after-sec").wait_for("fault retry-after-seconds");
    pty.send(ENTER).wait_for("fault retry-after-seconds");
    pty.send("3").wait_for("[3 Limits]");
    pty.send(CTRL_R).wait_for("by its Retry-After");
    pty.wait_for("PROF-0000004");
    // The activity pane has the keys that change the bounds.
    pty.send("\t").wait("the activity pane", |screen| screen.contains("more"));
    pty.send("+").wait_for("at most 6");
    pty.send("-").wait_for("of 5");
    pty.send(CTRL_Q).send(CTRL_Q);
    assert!(pty.end().0.success());
}

/// How long each key took to be seen; printed, for it says something of the machine too.
#[test]
fn every_key_is_painted_while_200_000_rows_stream_in() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { profiles: 200_000, announce_total: true, ..Options::default() };
    let sandbox = runtime.block_on(Sandbox::start(options)).unwrap();
    let base = sandbox.base_url();
    let env = [
        ("CXONE_TENANT", sandbox.tenant()),
        ("CXONE_BASE_URL", base.as_str()),
        ("CXONE_CLIENT_ID", sandbox.client_id()),
        ("CXONE_CLIENT_SECRET", sandbox.client_secret()),
    ];
    let home = home();
    let config = home.path().join("config/cxlens");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "[explorer]\npause_rows = 0\n").unwrap();
    let mut pty =
        Pty::start(home.path(), &["--segment", "SEG-ALL", "--page-size", "1000", "--run"], (120, 40), &env);
    pty.wait_for("PROF-0000004");
    let mut timed = Timed { pty, took: Vec::new() };
    timed.pages_down(15);
    timed.press("s", "sorted upwards", |screen| screen.contains("id ▲"));
    timed.pages_down(15);
    timed.press("s", "sorted downwards", |screen| screen.contains("id ▼"));
    timed.press("f", "the filter's field", |screen| screen.contains("filter"));
    for (at, _) in "email:shop".char_indices() {
        let typed = &"email:shop"[..=at];
        timed.press(&typed[at..], "what was typed", |screen| screen.contains(&format!("filter {typed}")));
    }
    timed.press(ENTER, "rows that pass", |screen| screen.contains(" pass") && cursor(screen).is_some());
    timed.press(ENTER, "the open profile", |screen| screen.contains("Profile PROF-"));
    let last = timed.press(ESC, "the profile closed", |screen| !screen.contains("Profile PROF-"));
    let Timed { pty, mut took } = timed;
    assert!(last.contains(" of 200,000"), "all rows had come before the last key:\n{last}");
    // A key right behind Esc would be Alt and that key.
    pty.signal(Signal::TERM);
    assert_eq!(pty.end().0.exit_code(), 143);
    runtime.block_on(sandbox.stop());
    took.sort_unstable();
    let (count, last) = (took.len(), took.len() - 1);
    eprintln!(
        "{count} keys to paint: p50 {:?}, p99 {:?}, longest {:?}",
        took[count / 2],
        took[last * 99 / 100],
        took[last]
    );
}

/// Keys, and how long each took to be seen.
struct Timed {
    pty: Pty,
    took: Vec<std::time::Duration>,
}

impl Timed {
    fn press(&mut self, keys: &str, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let start = std::time::Instant::now();
        let screen = self.pty.send(keys).wait(what, wanted);
        self.took.push(start.elapsed());
        screen
    }

    fn pages_down(&mut self, count: usize) {
        let mut screen = self.pty.wait("the cursor", |screen| cursor(screen).is_some());
        for _ in 0..count {
            let before = cursor(&screen);
            screen = self.press("\x1b[6~", "a page further down", |screen| {
                let now = cursor(screen);
                now.is_some() && now != before
            });
        }
    }
}

/// The line under the table's cursor.
fn cursor(screen: &str) -> Option<String> {
    // Between it and the ID there may be room for the mark of rows that are past retention.
    let is_under = |line: &&str| ["", " ", "†"].iter().any(|mark| line.contains(&format!("▌{mark}PROF-")));
    screen.lines().find(is_under).map(str::to_owned)
}
