//! Processes that are started here, and ended here whatever happens.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use cxlens::engine::clock::Clock;
use cxlens::engine::options::Service;
use secrecy::SecretString;
use tempfile::TempDir;
use url::Url;

use crate::Outcome;
use crate::roles::Used;

/// This program in one of its roles.
pub(crate) fn role<S: AsRef<OsStr>>(role: &str, words: impl IntoIterator<Item = S>) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(role).args(words).stdin(Stdio::null());
    Ok(command)
}

/// How a server is to be.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) profiles: usize,
    pub(crate) latency: Duration,
    /// Requests a second; the burst is the same.
    pub(crate) rate: Option<f64>,
    pub(crate) announce_limits: bool,
    pub(crate) announce_total: bool,
    pub(crate) fault: Option<&'static str>,
    /// All profiles in one reply, whatever page is asked for.
    pub(crate) in_one: bool,
}

impl Wanted {
    /// No latency, no limit, nothing announced, nothing wrong.
    pub(crate) fn people(profiles: usize) -> Self {
        Self {
            profiles,
            latency: Duration::ZERO,
            rate: None,
            announce_limits: false,
            announce_total: false,
            fault: None,
            in_one: false,
        }
    }

    fn words(self) -> Vec<String> {
        let mut words = vec![
            format!("profiles={}", self.profiles),
            format!("latency_us={}", self.latency.as_micros()),
            format!("announce_limits={}", self.announce_limits),
            format!("announce_total={}", self.announce_total),
            format!("in_one={}", self.in_one),
        ];
        words.extend(self.rate.map(|rate| format!("rate={rate}")));
        words.extend(self.fault.map(|fault| format!("fault={fault}")));
        words
    }
}

/// What a server has seen since it was last asked to forget.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) contacts: u64,
    pub(crate) tokens: u64,
    pub(crate) throttled: u64,
    pub(crate) inside_window: u64,
}

/// A server in a process of its own; it ends when this is dropped, and when this process ends.
pub(crate) struct Server {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) base: String,
    client_id: String,
    secret: String,
}

impl Server {
    pub(crate) fn start(wanted: Wanted) -> Outcome<Self> {
        let mut command = role("@server", wanted.words())?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(ask), Some(out)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the server has no pipes".into());
        };
        let none = String::new;
        let answers = BufReader::new(out);
        let mut server = Self { child, ask, answers, base: none(), client_id: none(), secret: none() };
        let said = server.answer()?;
        let [base, id, secret] = said.split(' ').collect::<Vec<_>>()[..] else {
            return Err(format!("the server said {said:?}").into());
        };
        (server.base, server.client_id, server.secret) = (base.into(), id.into(), secret.into());
        Ok(server)
    }

    fn answer(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err("the server has ended".into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn order(&mut self, order: &str) -> Outcome<String> {
        writeln!(self.ask, "{order}")?;
        self.answer()
    }

    /// Counts from zero again, its limit unused.
    pub(crate) fn forget(&mut self) -> Outcome<()> {
        self.order("forget").map(drop)
    }

    /// Makes every token worthless.
    pub(crate) fn revoke(&mut self) -> Outcome<()> {
        self.order("revoke").map(drop)
    }

    pub(crate) fn seen(&mut self) -> Outcome<Seen> {
        let said = self.order("seen")?;
        let figures: Vec<u64> = said.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [contacts, tokens, throttled, inside_window] = figures[..] else {
            return Err(format!("the server said {said:?}").into());
        };
        Ok(Seen { contacts, tokens, throttled, inside_window })
    }

    /// What the engine needs to know of it.
    pub(crate) fn service(&self) -> Outcome<Service> {
        let secret = SecretString::from(self.secret.as_str());
        Ok(Service::new("sandbox", Url::parse(&self.base)?, &self.client_id, secret))
    }

    /// What the program needs to know of it.
    pub(crate) fn env(&self) -> [(&'static str, &str); 4] {
        [
            ("CXONE_BASE_URL", &self.base),
            ("CXONE_TENANT", "sandbox"),
            ("CXONE_CLIENT_ID", &self.client_id),
            ("CXONE_CLIENT_SECRET", &self.secret),
        ]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // By its own process ID: a server that hangs must not outlive the bench.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The directories of a user who has nothing configured.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Outcome<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn dress<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let dir = self.0.path();
        command
            .env_clear()
            .env("HOME", dir)
            .env("XDG_CONFIG_HOME", dir.join("config"))
            .env("XDG_DATA_HOME", dir.join("data"))
            .env("XDG_STATE_HOME", dir.join("state"))
            .stdin(Stdio::null())
    }

    /// The program, measured, with its rows going to a file. Gives what it used, and how many lines it wrote.
    pub(crate) fn query(&self, server: &Server, words: &[&str]) -> Outcome<(Used, u64)> {
        let rows = self.0.path().join("rows.ndjson");
        let mut all = vec![env!("CARGO_BIN_EXE_cxlens"), "query", "--format", "ndjson"];
        all.extend(words);
        let used = self.measured(server, &all, Stdio::from(std::fs::File::create(&rows)?))?;
        let lines = memchr::memchr_iter(b'\n', &std::fs::read(&rows)?).count() as u64;
        Ok((used, lines))
    }

    /// Any program, measured.
    pub(crate) fn measured(&self, server: &Server, words: &[&str], out: Stdio) -> Outcome<Used> {
        let report = self.0.path().join("used");
        let mut command =
            role("@measure", [report.as_os_str()].into_iter().chain(words.iter().map(OsStr::new)))?;
        let told = self.dress(&mut command).envs(server.env()).stdout(out).stderr(Stdio::piped()).output()?;
        if !told.status.success() {
            let said = String::from_utf8_lossy(&told.stderr).into_owned();
            return Err(format!("{words:?} ended with {}: {said}", told.status).into());
        }
        Used::read(&report)
    }

    /// From the start of the program to the first byte that it writes.
    pub(crate) fn first_byte(&self, server: &Server, words: &[&str]) -> Outcome<Duration> {
        let clock = Clock::system();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cxlens"));
        command.args(["query", "--format", "ndjson"]).args(words);
        self.dress(&mut command).envs(server.env()).stdout(Stdio::piped()).stderr(Stdio::null());
        let begun = clock.now();
        let mut child = command.spawn()?;
        let Some(mut out) = child.stdout.take() else { return Err("the program has no stdout".into()) };
        let mut byte = [0];
        let read = out.read_exact(&mut byte);
        let took = clock.now() - begun;
        let rest = std::io::copy(&mut out, &mut std::io::sink());
        child.wait()?;
        read.and(rest.map(drop))?;
        Ok(took)
    }
}
