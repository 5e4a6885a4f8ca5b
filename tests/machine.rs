//! What the machine does to it, as the real binary on the real operating system: disks that are full, cannot be written
//! to or fail, two processes at once, files that somebody changed.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "a deadline for a screen that never comes")]

#[path = "machine/audit.rs"]
mod audit;
#[path = "support/door.rs"]
mod door;
#[path = "machine/files.rs"]
mod files;
#[path = "support/headless.rs"]
#[expect(dead_code, reason = "the tests of the headless commands need more of it")]
mod headless;
#[path = "support/machine.rs"]
#[expect(dead_code, reason = "the kills need more of it")]
mod machine;
#[path = "support/pty.rs"]
#[expect(dead_code, reason = "the tests of what is on the screen need more of it")]
mod pty;

use std::process::Command;

use cxlens::sandbox::{Control, Options, Sandbox};
use headless::{CXLENS, Home};
use machine::under;
use tokio::runtime::Runtime;

/// A service in this process, which remembers what it was asked.
struct Service {
    sandbox: Sandbox,
    runtime: Runtime,
    control: Control,
}

impl Service {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let options = Options { profiles: 500, ..Options::default() };
        let sandbox = runtime.block_on(Sandbox::start(options)).unwrap();
        Self { control: sandbox.control(), sandbox, runtime }
    }

    fn env(&self) -> Vec<(&'static str, String)> {
        door::variables(&self.sandbox)
    }

    /// Whether it was asked for somebody.
    fn was_asked_for(&self, id: &str) -> bool {
        self.control.requests().iter().any(|request| request.target.contains(id))
    }

    fn requests(&self) -> u64 {
        self.control.counters().requests()
    }

    fn stop(self) {
        self.runtime.block_on(self.sandbox.stop());
    }
}

/// The binary for this service.
fn cxlens(home: &Home, service: &Service, args: &[&str]) -> Command {
    let mut command = home.cxlens(args);
    command.envs(service.env()).env("CXLENS_LOG", "off");
    command
}

/// A shell that runs these lines with a disk of its own, of so many KiB, in a directory; `$1` is the binary.
fn on_own_disk(way: &[String], command: &Command, at: &str, kib: u32, lines: &str) -> Command {
    let script = format!("mkdir -p {at} && mount -t tmpfs -o size={kib}k none {at} || exit 99\n{lines}");
    let first = [way, &["sh".to_owned(), "-c".to_owned(), script, "sh".to_owned()]].concat();
    let mut command = under("unshare", &first, command);
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// The binary, for a shell's `$1`.
fn binary(home: &Home, service: &Service) -> Command {
    let command = cxlens(home, service, &[]);
    assert_eq!(command.get_program(), CXLENS);
    command
}
