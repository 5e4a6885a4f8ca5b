//! Secrets stay: what the process leaves behind, where a secret may come from, and what may be found where of it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]
#![expect(clippy::disallowed_methods, reason = "a deadline for a screen that never comes")]

#[path = "secrets/canaries.rs"]
mod canaries;
#[path = "support/headless.rs"]
#[expect(dead_code, reason = "the tests of the headless commands need more of it")]
mod headless;
#[path = "secrets/memory.rs"]
mod memory;
#[path = "support/pty.rs"]
#[expect(dead_code, reason = "the tests of the explorer need more of it")]
mod pty;
#[path = "secrets/scanner.rs"]
mod scanner;
#[path = "secrets/sources.rs"]
mod sources;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::process::{Child, Command, Stdio};

use headless::{CXLENS, Home};

/// A process that is ended when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Says what this machine leaves out, past what keeps the output of tests that pass.
fn not_tested(what: &str) {
    let _ = writeln!(std::io::stderr(), "NOT TESTED: {what}");
}

/// Nobody special: what such a user may see of a process, its other programs may.
const NOBODY: u32 = 65_534;

#[test]
fn no_core_dump_is_left_and_no_other_program_of_the_user_reads_our_memory() {
    let home = Home::new();
    // As somebody who wants dumps, and is not root, whom nothing is hidden from.
    let us = if rustix::process::geteuid().is_root() { NOBODY } else { rustix::process::geteuid().as_raw() };
    rustix::fs::chown(home.path(""), Some(rustix::fs::Uid::from_raw(us)), None).unwrap();
    let as_us = |program: &str| {
        let mut command = Command::new(if us == NOBODY { "setpriv" } else { program });
        if us == NOBODY {
            command.args(["--reuid", &us.to_string(), "--regid", &us.to_string(), "--clear-groups", program]);
        }
        command.env_clear().env("HOME", home.path("")).env("PATH", "/usr/bin:/bin");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let unlimited = "ulimit -c unlimited 2>/dev/null || echo NOT TESTED: a limit above 0, which this machine forbids >&2\n\
                     exec \"$0\" sandbox --profiles 1";
    let mut command = as_us("sh");
    command.args(["-c", unlimited, CXLENS]);
    let mut running = match command.spawn() {
        Ok(child) => Running(child),
        Err(error) => return not_tested(&format!("core dumps, for setpriv cannot be started: {error}")),
    };
    let Some(Ok(_)) = BufReader::new(running.0.stdout.as_mut().unwrap()).lines().next() else {
        let said = std::io::read_to_string(running.0.stderr.as_mut().unwrap()).unwrap();
        return not_tested(&format!("core dumps, for another user cannot run {CXLENS}: {said}"));
    };
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.0.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).collect::<Vec<_>>(), ["0", "0", "bytes"], "{limits}");
    // What a process that may not be dumped has in /proc is root's, and so is its memory.
    let owner = |id: u32| fs::metadata(format!("/proc/{id}/mem")).unwrap().uid();
    assert_eq!(owner(running.0.id()), 0);
    // A process that may be dumped looks different.
    let mut other = Running(as_us("cat").spawn().unwrap());
    other.0.stdin.as_mut().unwrap().write_all(b"x\n").unwrap();
    let said = BufReader::new(other.0.stdout.as_mut().unwrap()).lines().next().unwrap().unwrap();
    assert_eq!((said.as_str(), owner(other.0.id())), ("x", us));
}
