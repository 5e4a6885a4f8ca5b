//! `kill -9` at every call of a run, in the middle of every line, and at random: whatever was acknowledged is in the audit
//! trail afterwards, the next start cuts off and notes what is torn, and the chain holds.
//!
//! An ordinary run of the tests kills a few dozen times. The whole measure is `CXLENS_KILLS=1000 cargo test --release
//! --test kill -- --nocapture`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "how long a run takes is what random moments are taken from")]

#[path = "support/door.rs"]
mod door;
#[path = "support/headless.rs"]
#[expect(dead_code, reason = "the tests of the headless commands need more of it")]
mod headless;
#[path = "support/machine.rs"]
#[expect(dead_code, reason = "the tests of a disk in trouble need more of it")]
mod machine;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use cxlens::engine::audit::{Hasher, Link, verify};
use cxlens::sandbox::{Control, Options, Sandbox};
use headless::Home;
use machine::{has_strace, loud, scaled, strace, under};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::Value;
use tokio::runtime::Runtime;

/// How often is killed in an ordinary run of the tests.
const KILLS: u64 = 60;
/// Calls that change a file or tell somebody something. Each sweep kills before the first, the second, ... of them.
const CALLS: [&str; 9] =
    ["write", "fsync", "renameat", "writev", "ftruncate", "openat", "flock", "mkdir", "getrandom"];
/// What another call on the trail waits before, in microseconds.
const SLOW: &str = "delay_enter=30000";

/// A home with an audit trail, a service that remembers what it was asked, and what must not get lost.
struct Rig {
    home: Home,
    env: Vec<(&'static str, String)>,
    control: Control,
    runtime: Runtime,
    sandbox: Sandbox,
    /// The whole lines of each file of the trail.
    kept: BTreeMap<PathBuf, Vec<u8>>,
    turn: u64,
    /// How long the last run took that nobody killed.
    takes: Duration,
    told: Told,
}

/// What came of it all.
#[derive(Debug, Default)]
struct Told {
    kills: u64,
    /// Kills that left a piece of a line.
    torn: u64,
    /// Kills after the service had been asked.
    asked: u64,
    /// Entries that were acknowledged, by a request or by the head that was printed.
    acknowledged: u64,
    lost: u64,
}

impl Rig {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let options = Options { profiles: 50, ..Options::default() };
        let sandbox = runtime.block_on(Sandbox::start(options)).unwrap();
        let env = door::variables(&sandbox);
        let control = sandbox.control();
        let (kept, told) = (BTreeMap::new(), Told::default());
        Self { home: Home::new(), env, control, runtime, sandbox, kept, turn: 0, takes: Duration::ZERO, told }
    }

    fn trail(&self) -> PathBuf {
        self.home.path("data/cxlens/audit")
    }

    /// The file that is written to, its directory and the head: every place where a call may be cut.
    fn paths(&self) -> Vec<String> {
        let dir = self.trail();
        let month = self.files().keys().next_back().cloned();
        [Some(dir.join("head")), Some(dir.join("lock")), Some(dir.clone()), month]
            .into_iter()
            .flatten()
            .map(|path| path.to_str().unwrap().to_owned())
            .collect()
    }

    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(self.trail()).into_iter().flatten();
        let lines =
            entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "jsonl"));
        lines.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    /// A query after somebody whom no other asks for, and that ID.
    fn query(&mut self) -> (Command, String) {
        self.turn += 1;
        let id = format!("KILL-{:06}", self.turn);
        let mut command = self.home.cxlens(["query", "--id", &id]);
        command.envs(self.env.iter().map(|(name, value)| (*name, value.as_str()))).env("CXLENS_LOG", "off");
        (command, id)
    }

    /// Runs a query under something that may kill it, and checks that nothing is lost. Whether it was killed.
    fn hit(&mut self, how: impl FnOnce(&Command) -> Output) -> bool {
        let (command, id) = self.query();
        self.control.reset_counters();
        let before = self.control.requests().len();
        let output = how(&command);
        let asked = self.control.requests().len() > before;
        let killed = output.status.signal();
        assert!(killed.is_some() || output.status.success(), "{output:?}");
        self.told.kills += u64::from(killed.is_some());
        self.told.asked += u64::from(killed.is_some() && asked);
        self.check(&id, asked, &output, killed.is_some());
        if killed.is_some() {
            self.go_on();
        }
        killed.is_some()
    }

    /// The next start, which nobody kills.
    fn go_on(&mut self) {
        let (mut command, id) = self.query();
        let start = Instant::now();
        let output = command.output().unwrap();
        self.takes = start.elapsed();
        assert!(output.status.success(), "{output:?}");
        self.check(&id, true, &output, false);
        let verified = verify(&self.trail(), None).unwrap_or_else(|bad| panic!("{bad:?}"));
        assert_eq!(verified.head, head(&output).unwrap(), "what was printed is the end");
    }

    /// What was there is there, byte by byte; what was acknowledged since is there too.
    fn check(&mut self, id: &str, asked: bool, output: &Output, killed: bool) {
        let now = self.files();
        let mut new = Vec::new();
        for (path, bytes) in &now {
            let before = self.kept.get(path).map_or(&[][..], Vec::as_slice);
            assert!(bytes.starts_with(before), "{} does not go on from what was there", path.display());
            let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            self.told.torn += u64::from(whole < bytes.len());
            assert!(whole == bytes.len() || killed, "only what was killed leaves a piece of a line");
            new.extend_from_slice(&bytes[before.len()..whole]);
            self.kept.insert(path.clone(), bytes[..whole].to_vec());
        }
        assert!(self.kept.keys().all(|path| now.contains_key(path)), "a file is gone");
        let entries: Vec<Value> = new
            .split(|b| *b == b'\n')
            .filter(|l| !l.is_empty())
            .map(|l| serde_json::from_slice(l).unwrap())
            .collect();
        if asked {
            self.told.acknowledged += 1;
            let hash = Hasher::kept(&self.trail()).unwrap().hash(id);
            let is_ours =
                |entry: &&Value| entry["event"] == "intent" && entry["id_hashes"][0] == hash.as_str();
            self.told.lost += u64::from(entries.iter().find(is_ours).is_none());
        }
        if let Some(link) = head(output) {
            self.told.acknowledged += 1;
            let is_there = |entry: &Value| entry["seq"] == link.seq;
            self.told.lost += u64::from(!entries.iter().any(is_there));
            if !killed {
                verify(&self.trail(), Some(&link)).unwrap_or_else(|bad| panic!("{bad:?}"));
            }
        }
        assert_eq!(self.told.lost, 0, "turn {}: {:?}: {output:?}", self.turn, self.told);
    }

    /// Ends; says what came of it.
    fn end(self, what: &str) {
        let names =
            fs::read_dir(self.trail()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let pieces = names.filter(|name| {
            !matches!(name.as_str(), "head" | "key" | "lock") && name.strip_suffix(".jsonl").is_none()
        });
        assert_eq!(pieces.collect::<Vec<_>>(), [""; 0], "what was not finished is not left lying about");
        let entries = verify(&self.trail(), None).unwrap_or_else(|bad| panic!("{bad:?}")).entries;
        let Told { kills, torn, asked, acknowledged, lost } = self.told;
        loud(&format!(
            "{what}: {kills} kills, {asked} of them after a request, {torn} in the middle of a line; \
             {acknowledged} entries acknowledged, {lost} lost; a chain of {entries} entries holds"
        ));
        self.runtime.block_on(self.sandbox.stop());
    }
}

/// The head that was printed at the end.
fn head(output: &Output) -> Option<Link> {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    said.lines().find_map(|line| line.strip_prefix("audit head ")).map(|link| link.parse().unwrap())
}

#[test]
fn killed_before_every_call_nothing_acknowledged_is_lost() {
    if !has_strace(
        "no run is killed at a call of its own choosing; those killed at random and in the middle of a line are",
    ) {
        return;
    }
    let full = scaled("CXLENS_KILLS", KILLS) > KILLS;
    let mut rig = Rig::new();
    rig.go_on();
    for call in CALLS {
        // On the trail's own files; of all calls, also those that tell other threads and people something.
        let places = [rig.paths(), Vec::new()];
        let everywhere = full || matches!(call, "write" | "fsync" | "renameat" | "writev");
        for paths in &places[..if everywhere { 2 } else { 1 }] {
            let mut nth = 1;
            // The trail is slow: whoever does not wait for it has asked long since.
            let slow = format!("{}:{SLOW}", if call == "flock" { "openat" } else { "flock" });
            let slow = (!paths.is_empty()).then_some(slow);
            let at = |nth| {
                let kill = format!("{call}:signal=SIGKILL:when={nth}");
                strace(&[Some(kill), slow.clone()].into_iter().flatten().collect::<Vec<_>>(), paths)
            };
            while rig.hit(|command| under("strace", &at(nth), command).output().unwrap()) {
                nth += 1;
            }
        }
    }
    assert!(rig.told.kills > 20 && rig.told.asked > 5, "{:?}", rig.told);
    rig.end("killed before every call");
}

/// A file may grow no further than to a byte in the middle of the next line: the call writes up to there, and the next
/// one kills.
#[test]
fn killed_in_the_middle_of_a_line_the_piece_is_cut_off_and_noted() {
    let mut rig = Rig::new();
    rig.go_on();
    let kills = scaled("CXLENS_KILLS", KILLS) / 4;
    for turn in 0..kills {
        let file = rig.files().into_iter().next_back().unwrap();
        // Within the intent at first, then within the entry of the end.
        let lines: Vec<_> = file.1.split_inclusive(|b| *b == b'\n').collect();
        let length = lines[lines.len() - 1].len() + lines[lines.len() - 2].len();
        let limit = file.1.len() + 1 + (turn as usize * 97) % (length - 1);
        let limit = vec![format!("--fsize={limit}")];
        let noted = rig.told.torn;
        assert!(rig.hit(|command| under("prlimit", &limit, command).output().unwrap()), "{limit:?}");
        if rig.told.torn > noted {
            let last = rig.files().into_iter().next_back().unwrap().1;
            let last = String::from_utf8(last).unwrap();
            assert!(
                last.lines().rev().take(3).any(|line| line.contains("\"event\":\"torn-line\"")),
                "{last}"
            );
        }
    }
    assert!(rig.told.torn > kills / 2, "{:?}", rig.told);
    rig.end("killed in the middle of a line");
}

#[test]
fn killed_at_random_nothing_acknowledged_is_lost() {
    let mut rig = Rig::new();
    rig.go_on();
    let mut dice = StdRng::seed_from_u64(20_260_304);
    let kills = scaled("CXLENS_KILLS", KILLS) * 3 / 5;
    while rig.told.kills < kills {
        // As long as the last whole one took: how busy the machine is changes.
        let after = rig.takes.mul_f64(dice.random_range(0.0..1.1));
        rig.hit(|command| killed_after(command, after));
    }
    rig.end("killed at random");
}

/// Runs it, and kills it after a while unless it ended by then.
fn killed_after(command: &Command, after: Duration) -> Output {
    let mut child = under("env", &[], command);
    let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let held = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
    let (ended, ends) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || ended.send(child.wait_with_output().unwrap()).unwrap());
        ends.recv_timeout(after).unwrap_or_else(|_| {
            // It may have ended this very moment.
            let _ = pidfd_send_signal(&held, Signal::KILL);
            ends.recv().unwrap()
        })
    })
}
