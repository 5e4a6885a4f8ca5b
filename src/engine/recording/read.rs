//! Reads a recording: an index of its lines first, then one line after the other.
//!
//! A recording may come from anywhere, so nothing in it is believed: a line that is too long, cut, or makes no sense is
//! told by file and line, and what stands before it is there.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use memchr::memchr;
use tokio::time::Instant;

use super::header::{Header, SCHEMA};
use super::line::{Base, ExchangeLine, Line};
use crate::engine::error::{Error, Kind};
use crate::engine::event::{Command, Event, Exchange};
use crate::engine::fetch::detail::Detail;
use crate::engine::text::clean;

/// Bytes of a line at most: a page at its cap, each byte of it escaped.
const LONGEST: u64 = 128 * 1024 * 1024;
/// Bytes of a header at most.
const LONGEST_HEADER: u64 = 64 * 1024;
/// Exchanges that are kept in full for whoever looks.
const KEPT: usize = 50;
/// Bytes that are looked through at once.
const CHUNK: usize = 256 * 1024;

/// What a line holds.
#[derive(Clone, Debug)]
pub enum Item {
    /// A command that was given.
    Command(Command),
    /// An event that came.
    Event(Event),
    /// An exchange, whose event comes later.
    Exchange,
}

/// A recording that is being read.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    header: Header,
    /// When each line was written, and where it begins; the header is none of them.
    index: Vec<(u64, u64)>,
    /// Where the last whole line ends.
    end: u64,
    /// Whether something stands behind that.
    torn: bool,
    longest: u64,
    /// The line that is read next.
    next: usize,
    /// Exchanges whose event has not come yet.
    exchanges: HashMap<u64, Arc<Exchange>>,
    kept: VecDeque<Arc<Detail>>,
}

impl Reader {
    /// Opens a recording and finds its lines.
    ///
    /// # Errors
    /// It cannot be read, is no recording, or is a later version's.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::within(path, LONGEST)
    }

    pub(super) fn within(path: &Path, longest: u64) -> Result<Self, Error> {
        let name = clean(&path.display().to_string()).into_owned();
        let file = File::open(path).map_err(|error| {
            Error::usage(&name, format!("it cannot be opened: {error}"), "check the name and who may read it")
        })?;
        if !file.metadata().is_ok_and(|meta| meta.is_file()) {
            return Err(Error::usage(&name, "it is no file", "name a recording: a file that ends in .cxrec"));
        }
        let mut file = BufReader::with_capacity(CHUNK, file);
        let mut first = Vec::new();
        let read = file.by_ref().take(LONGEST_HEADER).read_until(b'\n', &mut first);
        read.map_err(|error| unreadable(&name, 1, &error.to_string()))?;
        let header = header(&name, &first)?;
        let begin = first.len() as u64;
        let found = index(&mut file, begin).map_err(|error| unreadable(&name, 1, &error.to_string()))?;
        let reader = Self {
            path: path.to_owned(),
            file,
            header,
            index: found.lines,
            end: found.end,
            torn: found.torn,
            longest,
            next: 0,
            exchanges: HashMap::new(),
            kept: VecDeque::new(),
        };
        Ok(reader)
    }

    /// Whose it is.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How long it is.
    pub fn length(&self) -> Duration {
        Duration::from_millis(self.index.last().map_or(0, |(ms, _)| *ms))
    }

    /// How many lines it has, the header aside.
    pub fn lines(&self) -> usize {
        self.index.len()
    }

    /// How many of them were read.
    pub fn read(&self) -> usize {
        self.next
    }

    /// Whether its last line is torn: whoever wrote it was ended in the middle. That line is left out.
    pub fn is_torn(&self) -> bool {
        self.torn
    }

    /// When the next line was written; `None` at the end.
    pub fn next_at(&self) -> Option<Duration> {
        self.index.get(self.next).map(|(ms, _)| Duration::from_millis(*ms))
    }

    /// Goes back to the beginning.
    pub fn rewind(&mut self) {
        self.next = 0;
        self.exchanges.clear();
        self.kept.clear();
    }

    /// The next line: when it was written, and what it holds; instants are counted from `base`.
    ///
    /// # Errors
    /// It makes no sense. There may be more behind it.
    pub fn next(&mut self, base: Instant) -> Option<Result<(Duration, Item), Error>> {
        let at = self.next_at()?;
        let line = self.take();
        let number = self.next + 1;
        let item = line.and_then(|line| self.item(line, Base(base)));
        Some(item.map(|item| (at, item)).map_err(|why| self.damaged(number, &why)))
    }

    /// The next exchange, whatever stands before it.
    ///
    /// # Errors
    /// A line makes no sense.
    pub(super) fn next_exchange(&mut self) -> Option<Result<ExchangeLine, Error>> {
        loop {
            self.next_at()?;
            match self.take() {
                Ok(Line { exchange: Some(exchange), .. }) => return Some(Ok(*exchange)),
                Ok(_) => {}
                Err(why) => return Some(Err(self.damaged(self.next + 1, &why))),
            }
        }
    }

    fn take(&mut self) -> Result<Line, String> {
        let (_, begin) = self.index[self.next];
        self.next += 1;
        let end = self.index.get(self.next).map_or(self.end, |(_, next)| *next);
        let len = end.saturating_sub(begin);
        if len > self.longest {
            return Err(format!("the line has {len} bytes, more than {} are never written", self.longest));
        }
        let mut bytes = vec![0; len as usize];
        self.file
            .seek(SeekFrom::Start(begin))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|error| format!("it cannot be read: {error}"))?;
        let line: Line = serde_json::from_slice(&bytes).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => format!("it says something unknown ({error})"),
            _ => format!("it is no JSON ({error})"),
        })?;
        let has = [line.command.is_some(), line.exchange.is_some(), line.event.is_some()];
        if has.into_iter().filter(|has| *has).count() != 1 {
            return Err("it holds none of command, exchange and event, or several".to_owned());
        }
        Ok(line)
    }

    fn item(&mut self, line: Line, base: Base) -> Result<Item, String> {
        if let Some(command) = line.command {
            return Ok(Item::Command(command.read()?));
        }
        if let Some(exchange) = line.exchange {
            let (exchange, detail) = exchange.read()?;
            if self.kept.len() == KEPT {
                self.kept.pop_front();
            }
            self.kept.push_back(detail);
            self.exchanges.insert(exchange.number, exchange);
            return Ok(Item::Exchange);
        }
        let event = line.event.ok_or("it is empty")?;
        let exchanges = &mut self.exchanges;
        event.read(base, |number| exchanges.remove(&number)).map(Item::Event)
    }

    fn damaged(&self, line: usize, why: &str) -> Error {
        let name = clean(&self.path.display().to_string()).into_owned();
        let remedy = if self.header.tool == Header::ours() {
            "the file was changed or damaged: ask for it again; what stands before this line is shown"
        } else {
            "it was written by another version: replay it with that one, or ask for it again"
        };
        Error::new(Kind::Local, format!("{name}:{line}"), why, remedy)
    }
}

fn unreadable(name: &str, line: usize, why: &str) -> Error {
    Error::new(
        Kind::Local,
        format!("{name}:{line}"),
        format!("it cannot be read: {why}"),
        "check the disk, and copy it anew",
    )
}

fn header(name: &str, line: &[u8]) -> Result<Header, Error> {
    let refuse = |cause: String, remedy: &str| Err(Error::usage(format!("{name}:1"), cause, remedy));
    if line.is_empty() {
        return refuse("the file is empty".into(), "record a session with --record FILE");
    }
    let value: serde_json::Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(_) if !line.ends_with(b"\n") && line.len() as u64 == LONGEST_HEADER => {
            return refuse(
                "this is no recording: its first line has no end".into(),
                "name a file that --record wrote",
            );
        }
        Err(_) => {
            return refuse(
                "this is no recording: its first line is no JSON".into(),
                "name a file that --record wrote",
            );
        }
    };
    match value.get("cxlens_recording").and_then(serde_json::Value::as_u64) {
        None => refuse(
            "this is no recording: its first line is not a recording's header".into(),
            "name a file that --record wrote; exported profiles are opened with cxlens open",
        ),
        Some(version) if version > u64::from(SCHEMA) => refuse(
            format!("it is a recording of version {version}, and this cxlens knows versions up to {SCHEMA}"),
            "replay it with a newer cxlens",
        ),
        Some(_) => match serde_json::from_value(value) {
            Ok(header) => Ok(header),
            Err(error) => {
                refuse(format!("the header of the recording is damaged ({error})"), "ask for the file again")
            }
        },
    }
}

/// When each line was written and where it begins, where the last whole one ends, and whether more stands behind it.
struct Index {
    lines: Vec<(u64, u64)>,
    end: u64,
    torn: bool,
}

/// Finds the lines.
fn index(file: &mut BufReader<File>, begin: u64) -> std::io::Result<Index> {
    /// Bytes that hold the time of a line.
    const HEAD: usize = 32;
    let mut index: Vec<(u64, u64)> = Vec::new();
    let (mut at, mut line, mut head) = (begin, begin, Vec::with_capacity(HEAD));
    loop {
        let chunk = file.fill_buf()?;
        if chunk.is_empty() {
            break;
        }
        let (taken, ends) = match memchr(b'\n', chunk) {
            Some(end) => (end + 1, true),
            None => (chunk.len(), false),
        };
        head.extend_from_slice(&chunk[..taken.min(HEAD - head.len())]);
        file.consume(taken);
        at += taken as u64;
        if ends {
            // What goes back in time, or says none, is of the time of the line before.
            let before = index.last().map_or(0, |(ms, _)| *ms);
            index.push((time(&head).unwrap_or(before).max(before), line));
            head.clear();
            line = at;
        }
    }
    Ok(Index { lines: index, end: line, torn: line < at })
}

/// The time that a line begins with.
fn time(head: &[u8]) -> Option<u64> {
    let digits = head.strip_prefix(b"{\"ms\":")?;
    let end = digits.iter().position(|b| !b.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}
