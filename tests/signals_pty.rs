//! Every way out of the explorer, twenty times each, on a real (pseudo-)terminal while a run is under way: afterwards
//! the terminal is what it was, the exit code says how it ended, the audit trail is whole, and nobody's data is on
//! standard error or in the log.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "a deadline for a screen that never comes")]

#[path = "support/door.rs"]
mod door;
#[path = "support/pty.rs"]
#[expect(dead_code, reason = "the tests of what is on the screen need more of it")]
mod pty;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cxlens::engine::audit;
use cxlens::sandbox::{Options, Sandbox};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use pty::{Pty, is_restored};
use rustix::process::Signal;
use tokio::runtime::Runtime;

/// How often each way out is gone.
const TIMES: usize = 20;
/// What a panic says, which may be anybody's data.
const WORDS: &str = "rehearsed-words-of-somebody";
const CTRL_Z: &str = "\x1a";

/// What the error says that is rehearsed.
const CAUSE: &str = "no-such-terminal";

/// A service whose runs are under way for a while.
struct Service {
    sandbox: Sandbox,
    runtime: Runtime,
}

impl Service {
    fn start(profiles: usize) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let options = Options { profiles, latency: Duration::from_millis(30), ..Options::default() };
        Self { sandbox: runtime.block_on(Sandbox::start(options)).unwrap(), runtime }
    }

    fn env(&self) -> Vec<(&'static str, String)> {
        door::variables(&self.sandbox)
    }

    fn stop(self) {
        self.runtime.block_on(self.sandbox.stop());
    }
}

/// What must be so once a program has ended.
struct Expected<'a> {
    code: u32,
    /// What the one line says that stands below the screen that was given back; `None`: there is none.
    says: Option<&'a str>,
}

/// Starts a run, waits for rows, leaves, and looks at what is left: the same way, twenty times.
fn go(rehearse: Option<&str>, leave: impl Fn(&Pty), expected: &Expected<'_>) {
    // What is kept of a run is kept at its end.
    let service = Service::start(if rehearse == Some("job") { 100 } else { 5_000 });
    let home = tempfile::tempdir().unwrap();
    let mut env = service.env();
    let words = if rehearse == Some("error") { CAUSE } else { WORDS };
    env.extend(rehearse.map(|place| ("CXLENS_REHEARSE", format!("{place}:{words}"))));
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for turn in 0..TIMES {
        let mut pty = Pty::start(home.path(), &["--segment", "SEG-ALL", "--run"], (80, 24), &env);
        let before = pty.settings();
        if rehearse.is_none() {
            // Every other time as early as it can be: the terminal was only just taken.
            if turn % 2 == 0 {
                pty.wait_for("PROF-0000004");
            } else {
                pty.wait_raw("the terminal taken", |raw| has(raw, "\x1b[?1049h"));
            }
            leave(&pty);
        }
        let (status, raw) = pty.finish();
        let shown = String::from_utf8_lossy(&raw).into_owned();
        let below = shown.rsplit("\x1b[?25h").next().unwrap().trim();
        assert_eq!(status.exit_code(), expected.code, "turn {turn}: {status:?}: {below:?}");
        assert_eq!(pty.settings(), before, "turn {turn}");
        assert_eq!(pty.taken(), [""; 0], "turn {turn}");
        assert!(is_restored(&raw), "turn {turn}: {below:?}");
        let (heads, said): (Vec<_>, Vec<_>) = below.lines().partition(|line| line.starts_with("audit head "));
        assert!(heads.len() == 1 || rehearse.is_none() && turn % 2 == 1, "turn {turn}: {below:?}");
        match expected.says {
            Some(words) => assert!(said.len() == 1 && said[0].contains(words), "{below:?}"),
            None => assert_eq!(said, [""; 0], "turn {turn}"),
        }
        assert!(!shown.contains(WORDS), "turn {turn}: {below:?}");
    }
    trail_is_closed(home.path());
    service.stop();
    for log in files(&home.path().join("state")) {
        let text = std::fs::read_to_string(log).unwrap();
        assert!(!text.contains(WORDS), "{text}");
        assert_eq!(text.contains("panic"), rehearse.is_some_and(|place| place != "error"), "{text}");
    }
}

fn has(raw: &[u8], text: &str) -> bool {
    raw.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The chain holds, and whatever was begun has its end.
fn trail_is_closed(home: &Path) {
    let dir = home.join("data/cxlens/audit");
    let verified = audit::verify(&dir, None).unwrap_or_else(|bad| panic!("{bad:?}"));
    let mut open = std::collections::BTreeSet::new();
    for file in files(&dir).into_iter().filter(|file| file.extension().is_some_and(|e| e == "jsonl")) {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let entry: serde_json::Value = serde_json::from_str(line).unwrap();
            if entry["event"] == "intent" {
                open.insert(entry["seq"].as_u64().unwrap());
            } else if let Some(of) = entry["of"].as_u64() {
                assert!(open.remove(&of), "{line}");
            }
        }
    }
    assert_eq!(open, [].into(), "of {} entries these were never closed", verified.entries);
    assert!(verified.entries > 0);
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}

#[test]
fn sigterm_gives_the_terminal_back() {
    go(None, |pty| pty.signal(Signal::TERM), &Expected { code: 143, says: None });
}

#[test]
fn sighup_gives_the_terminal_back() {
    go(None, |pty| pty.signal(Signal::HUP), &Expected { code: 129, says: None });
}

#[test]
fn sigint_gives_the_terminal_back() {
    go(None, |pty| pty.signal(Signal::INT), &Expected { code: 130, says: None });
}

#[test]
fn a_panic_in_the_ui_gives_the_terminal_back() {
    go(
        Some("ui"),
        |_| (),
        &Expected { code: 1, says: Some("cxlens: internal error at src/engine/rehearsal.rs:") },
    );
}

#[test]
fn a_panic_in_a_task_gives_the_terminal_back() {
    go(Some("task"), |_| (), &Expected { code: 1, says: Some("; the log is in /") });
}

#[test]
fn a_panic_in_a_thread_gives_the_terminal_back() {
    go(Some("job"), |_| (), &Expected { code: 1, says: Some("; the log is in /") });
}

#[test]
fn an_error_gives_the_terminal_back() {
    go(Some("error"), |_| (), &Expected { code: 1, says: Some(CAUSE) });
}

/// Under a shell with job control, which brings it back whenever a line is typed. The shell calls it 147: whoever handles
/// SIGTSTP cannot stop by it, and stops by SIGSTOP, which is 19.
#[test]
fn sigtstp_and_sigcont_give_the_terminal_back_and_take_it_again() {
    let service = Service::start(5_000);
    let home = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new("sh");
    let line = "set -m; \"$0\" --segment SEG-ALL --run; code=$?; turn=0; while [ $code -eq 147 ]; do \
                turn=$((turn + 1)); echo \"stopped $turn\"; read line; fg >/dev/null; code=$?; done; echo \"code $code\"";
    command.args(["-c", line, env!("CARGO_BIN_EXE_cxlens")]);
    let mut env = service.env();
    env.push(("PATH", "/usr/bin:/bin".to_owned()));
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut pty = Pty::spawn(command, home.path(), (80, 24), &env);
    pty.wait_for("PROF-0000004");
    let mut cooked = None;
    let raw = pty.settings();
    for turn in 1..=TIMES {
        // By its key, and from outside.
        if turn % 2 == 0 {
            pty.send(CTRL_Z);
        } else {
            pty.signal_foreground(Signal::TSTP);
        }
        pty.wait_for(&format!("stopped {turn}"));
        assert_eq!(pty.taken(), [""; 0], "turn {turn}");
        assert!(pty.is_cooked());
        assert_eq!(cooked.get_or_insert_with(|| pty.settings()), &pty.settings(), "turn {turn}");
        pty.send("\r").wait_for("PROF-0000004");
        assert_eq!(pty.settings(), raw, "turn {turn}");
        assert!(pty.taken().contains(&"the alternate screen"), "turn {turn}");
        // Once it hears keys again, what it sent to itself is behind it, which another signal would be taken for.
        let (key, tab) = [("1", "[1 Audit]"), ("2", "[2 Latency]")][turn % 2];
        pty.send(key).wait_for(tab);
    }
    pty.signal_foreground(Signal::TERM);
    pty.wait_for("code 143");
    let (_, written) = pty.finish();
    assert_eq!(pty.taken(), [""; 0]);
    assert_eq!(Some(pty.settings()), cooked);
    assert!(is_restored(&written));
    trail_is_closed(home.path());
    service.stop();
}

/// Nobody is left to give anything back to; it ends all the same, and closes what it began.
#[test]
fn a_terminal_that_goes_away_ends_it() {
    let service = Service::start(5_000);
    let home = tempfile::tempdir().unwrap();
    for turn in 0..TIMES {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_cxlens"));
        command.args(["--segment", "SEG-ALL", "--run"]);
        command.env_clear();
        for (name, value) in [("TERM", "xterm"), ("CI", "1"), ("HOME", home.path().to_str().unwrap())] {
            command.env(name, value);
        }
        for (name, dir) in
            [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state")]
        {
            command.env(name, home.path().join(dir));
        }
        for (name, value) in service.env() {
            command.env(name, value);
        }
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (mut seen, mut chunk) = (Vec::new(), [0; 4096]);
        while !has(&seen, "PROF-0000004") {
            let read = reader.read(&mut chunk).unwrap();
            assert!(read > 0, "it ended");
            seen.extend_from_slice(&chunk[..read]);
        }
        drop((reader, pair.master));
        assert_eq!(child.wait().unwrap().exit_code(), 129, "turn {turn}");
    }
    trail_is_closed(home.path());
    service.stop();
}
