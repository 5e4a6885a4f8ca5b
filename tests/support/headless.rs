//! The real binary, a home of its own, and a real sandbox in a process of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// The binary under test.
pub(crate) const CXLENS: &str = env!("CARGO_BIN_EXE_cxlens");

/// Directories of a user who has nothing configured.
pub(crate) struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The binary with these arguments and nothing of the tester's environment.
    pub(crate) fn cxlens<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(CXLENS);
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_clear()
            .env("HOME", self.dir.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_STATE_HOME", self.path("state"))
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        Ran::of(&mut self.cxlens(args))
    }

    /// Runs it to its end against a service.
    pub(crate) fn ask<S: AsRef<OsStr>>(&self, service: &Service, args: impl IntoIterator<Item = S>) -> Ran {
        Ran::of(self.cxlens(args).envs(service.env()))
    }

    /// Every file below the home, read. One that goes while this looks, as a temporary file does, is not there.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut open = vec![self.dir.path().to_owned()];
        while let Some(dir) = open.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    match fs::read(&path) {
                        Ok(bytes) => found.push((path, bytes)),
                        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
                    }
                }
            }
        }
        found
    }
}

/// A run that is over.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::from(command.output().unwrap())
    }

    pub(crate) fn fed(command: &mut Command, stdin: &[u8]) -> Self {
        use std::io::Write as _;
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin).unwrap();
        Self::from(child.wait_with_output().unwrap())
    }

    /// Checks the exit code and that stderr has these words; a failure shows everything.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        for word in words {
            assert!(self.err.contains(word), "no {word:?} in stderr:\n{}", self.err);
        }
        self
    }

    /// The `id` of each row of NDJSON.
    #[track_caller]
    pub(crate) fn ids(&self) -> Vec<String> {
        let id = |line: &str| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned()
        };
        self.out.lines().map(id).collect()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// `cxlens sandbox` in a process of its own; ended when dropped.
pub(crate) struct Service {
    child: Child,
    exports: Vec<(String, String)>,
    pub(crate) lines: Vec<String>,
}

impl Service {
    /// A service without latency and limit, unless `args` say otherwise. Returns once it accepts connections.
    pub(crate) fn start(args: &[&str]) -> Self {
        let home = Home::new();
        let mut all = vec!["sandbox"];
        for (flag, value) in [("--latency", "0s"), ("--rate-limit", "off"), ("--profiles", "500")] {
            if !args.contains(&flag) {
                all.extend([flag, value]);
            }
        }
        all.extend(args);
        let mut child = home.cxlens(all).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(child.stdout.as_mut().unwrap());
        let lines: Vec<String> = out.lines().take(4).map(Result::unwrap).collect();
        let exports = lines
            .iter()
            .map(|line| line.strip_prefix("export ").unwrap().split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self { child, exports, lines }
    }

    /// The variables that point a client at it.
    pub(crate) fn env(&self) -> impl Iterator<Item = (&str, &str)> {
        self.exports.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn get(&self, name: &str) -> &str {
        self.env().find(|(n, _)| *n == name).unwrap().1
    }

    /// Sends a signal, and gives how it ended and what else it wrote to stdout.
    pub(crate) fn end(mut self, signal: Signal) -> (ExitStatus, String) {
        send(&self.child, signal);
        let mut rest = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process that was started here.
pub(crate) fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Permission bits of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
