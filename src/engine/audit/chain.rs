//! The chain: each line of the trail says which one it is and holds the hash of the line before it, so that nobody
//! changes, drops, moves or slips in one without the rest telling.
//!
//! ```text
//! {"seq":41,"prev":"<hash of line 40>",...}   2026-03.jsonl
//! {"seq":42,"prev":"<hash of line 41>",...}   2026-04.jsonl: the chain goes on from file to file
//!
//! head                                        42, its hash, where it ends
//! ```
//!
//! The first files may be gone: then an entry further on says so, and what the rest goes on from.
//!
//! The head file makes appending quick and tells a cut tail; it can be made again from the lines. What it cannot tell
//! is a tail that was cut together with it: for that a head that was kept elsewhere is compared.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::read::{BadLine, files};

/// Where the chain's end is kept.
const HEAD_FILE: &str = "head";
/// Where it is written before it takes that one's place.
const NEW_HEAD_FILE: &str = "head.new";
/// Bytes that are read at once, backwards.
const BLOCK: u64 = 64 * 1024;
/// What the first line holds in place of a hash.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// No trail has so many entries; what says so is damaged.
const MOST: u64 = u64::MAX / 2;

/// A line of the chain: which one, and its hash. Written `42:9f86d0…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Counts up from 1 over all files; 0 before the first line.
    pub seq: u64,
    /// SHA-256 of the line without its line break, in hexadecimal digits.
    pub hash: String,
}

impl Link {
    /// What stands before the first line.
    pub(super) fn before_all() -> Self {
        Self { seq: 0, hash: NOTHING.to_owned() }
    }

    /// The link that this line makes, where it is the one after `self`.
    pub(super) fn next(&self, line: &[u8]) -> Result<Self, Broken> {
        let said = Said::of(line)?;
        self.goes_on(&said, line)
    }

    fn goes_on(&self, said: &Said, line: &[u8]) -> Result<Self, Broken> {
        if said.seq != self.seq + 1 {
            return Err(Broken::Number { said: said.seq, expected: self.seq + 1 });
        }
        if said.prev != self.hash {
            return Err(Broken::Hash { before: self.seq });
        }
        Ok(Self { seq: said.seq, hash: hash(line) })
    }

    /// A line that goes on from here, without its line break: an entry's JSON with its link in front.
    pub(super) fn line(&self, entry: &str) -> String {
        let rest = entry.strip_prefix('{').unwrap_or(entry);
        format!("{{\"seq\":{},\"prev\":\"{}\",{rest}", self.seq + 1, self.hash)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl FromStr for Link {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a head is a number, a colon and 64 hexadecimal digits, as the program printed it";
        let (seq, hash) = text.trim().split_once(':').ok_or(wrong)?;
        let seq = seq.parse().ok().filter(|seq| *seq < MOST).ok_or(wrong)?;
        if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong);
        }
        Ok(Self { seq, hash: hash.to_ascii_lowercase() })
    }
}

/// What a line says of its place, and of other lines.
#[derive(Deserialize)]
struct Said {
    seq: u64,
    prev: String,
    #[serde(default)]
    event: String,
    #[serde(default)]
    of: Option<u64>,
    #[serde(default)]
    removed: Option<SaidRemoved>,
}

/// What a line says of files that were removed.
#[derive(Deserialize)]
struct SaidRemoved {
    #[serde(default)]
    head: Option<String>,
}

impl Said {
    fn of(line: &[u8]) -> Result<Self, Broken> {
        serde_json::from_slice(line).ok().filter(|said: &Self| said.seq < MOST).ok_or(Broken::NoLink)
    }

    /// What this line says that it goes on from, where it may be the first that is left: another line has to say so too.
    fn start(&self) -> Option<Link> {
        let hash = self.prev.clone();
        let is_first = self.seq == 1 && hash == NOTHING;
        self.seq.checked_sub(1).filter(|_| !is_first).map(|seq| Link { seq, hash })
    }
}

/// Why a line is not the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    NoLink,
    Number { said: u64, expected: u64 },
    Hash { before: u64 },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLink => f.write_str("it is no line of the chain: seq and prev cannot be read"),
            Self::Number { said, expected } => {
                write!(
                    f,
                    "it is entry {said} where entry {expected} should stand: lines are missing or moved"
                )
            }
            Self::Hash { before } => {
                write!(f, "its prev is not the hash of entry {before}: that entry, or this one, was changed")
            }
        }
    }
}

/// Where the chain ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    #[serde(flatten)]
    pub(super) link: Link,
    /// The file that the last line stands in; empty before the first.
    pub(super) file: String,
    /// Where that line ends in it.
    pub(super) bytes: u64,
}

impl Head {
    fn before_all() -> Self {
        Self { link: Link::before_all(), file: String::new(), bytes: 0 }
    }

    /// As the head file has it; `None` where there is none that can be read.
    pub(super) fn read(dir: &Path) -> Option<Self> {
        let head: Self = serde_json::from_slice(&fs::read(dir.join(HEAD_FILE)).ok()?).ok()?;
        // Who writes next writes there: it must be one of the trail's files.
        let path = Path::new(&head.file);
        let is_ours = head.file.is_empty()
            || path.extension().is_some_and(|ending| ending == "jsonl")
                && path.file_name() == Some(path.as_os_str());
        (head.link.seq < MOST && is_ours).then_some(head)
    }

    /// The end of the chain as the lines have it, from the head file on: lines that were written while the head file
    /// could not be are taken up. Gives the pieces of lines that a process left which died while it wrote.
    ///
    /// A head file whose line is not where it says is not gone by: all lines are walked. Where none of them is its line
    /// either, the tail is gone or was changed, and the chain goes on from the head file, so that this is seen.
    pub(super) fn find(dir: &Path) -> io::Result<(Self, Vec<Torn>)> {
        let files = files(dir)?;
        let known = Self::read(dir).unwrap_or_else(Self::before_all);
        if !known.file.is_empty() && known.is_where_it_says(dir)? {
            let link = known.link.clone();
            let (head, torn, _) = known.follow(&files, &link)?;
            return Ok((head, torn));
        }
        let (head, torn, passed) = Self::before_all().follow(&files, &known.link)?;
        if passed || known.link.seq == 0 {
            return Ok((head, torn));
        }
        Ok((Self { file: head.file.max(known.file), ..known }, torn))
    }

    /// Whether the line that the head is of ends where it says.
    fn is_where_it_says(&self, dir: &Path) -> io::Result<bool> {
        let mut file = match File::open(dir.join(&self.file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        Ok(line_before(&mut file, self.bytes)?.is_some_and(|line| hash(&line) == self.link.hash))
    }

    /// Goes along the lines behind the head. Gives the end, the pieces of lines, and whether it came by `wanted`.
    fn follow(self, files: &[PathBuf], wanted: &Link) -> io::Result<(Self, Vec<Torn>, bool)> {
        let mut is_first = self.file.is_empty();
        let (mut head, mut torn, mut passed) = (self, Vec::new(), false);
        for path in files {
            let name = name_of(path);
            if name < head.file {
                continue;
            }
            let from = if name == head.file { head.bytes } else { 0 };
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(from))?;
            let (mut reader, mut line, mut at) = (BufReader::new(file), Vec::new(), from);
            while reader.read_until(b'\n', &mut line)? > 0 {
                if line.pop_if(|last| *last == b'\n').is_none() {
                    torn.push(Torn { file: path.clone(), whole: at, bytes: line.len() as u64 });
                    break;
                }
                at += line.len() as u64 + 1;
                // Files before this one may have been removed.
                if std::mem::take(&mut is_first)
                    && let Some(start) = Said::of(&line).ok().and_then(|said| said.start())
                {
                    head.link = start;
                }
                // What is no line of the chain stays for `verify` to name.
                if let Some(link) = head.link.after(&line) {
                    passed |= link == *wanted;
                    head = Self { link, file: name.clone(), bytes: at };
                }
                line.clear();
            }
        }
        Ok((head, torn, passed))
    }

    /// Writes the head file, whole or not at all.
    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        // Always by this name, under the trail's lock: whoever is killed here leaves one such file, which the next writes.
        let new = dir.join(NEW_HEAD_FILE);
        let flags = OFlags::NOFOLLOW.bits().cast_signed();
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(flags)
            .open(&new)?;
        file.write_all(format!("{}\n", serde_json::to_string(self)?).as_bytes())?;
        fs::rename(new, dir.join(HEAD_FILE))
    }
}

impl Link {
    /// As [`next`](Self::next); before the first link, a line from before there was a chain counts too.
    fn after(&self, line: &[u8]) -> Option<Self> {
        match self.next(line) {
            Ok(link) => Some(link),
            Err(Broken::NoLink) if self.seq == 0 => Some(Self { seq: 0, hash: hash(line) }),
            Err(_) => None,
        }
    }
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Torn {
    pub(super) file: PathBuf,
    /// Where the whole lines before it end.
    pub(super) whole: u64,
    /// How long the piece is.
    pub(super) bytes: u64,
}

/// A trail that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its last entry.
    pub head: Link,
    /// How many entries were looked at.
    pub entries: u64,
    /// Lines from before there was a chain: nothing vouches for them but the last, whose hash the chain begins with.
    pub unchained: u64,
    /// Entries that are not here any more because their files were removed, as a later entry says.
    pub removed: u64,
    /// Intents of which no entry says how they ended: they are under way, or their process was killed.
    pub unfinished: u64,
    /// Whether the head that was kept is of an entry that was removed, so that it says nothing.
    pub kept_is_older: bool,
}

/// Walks the chain from its first line to its last: of a directory, or of one file that holds lines of a trail.
///
/// # Errors
/// The first line that does not hold, or the place where lines are missing at the end; with `kept`, a head that was
/// kept elsewhere, also an entry that is not the one that it was then.
pub fn verify(place: &Path, kept: Option<&Link>) -> Result<Verified, BadLine> {
    let bad = |file: &Path, line: usize, reason: String| BadLine { file: file.to_owned(), line, reason };
    let (files, own) = if place.is_file() {
        (vec![place.to_owned()], None)
    } else {
        (files(place).map_err(|e| bad(place, 0, e.to_string()))?, Head::read(place))
    };
    let own = own.map(|head| ("the head file", head.link));
    let known: Vec<_> = own.into_iter().chain(kept.map(|kept| ("the kept head", kept.clone()))).collect();
    let mut walk = Walk::new();
    let mut end = (place.join("*.jsonl"), 0);
    for path in &files {
        walk.file(path, |link, line| {
            end = (path.clone(), line);
            let other = known.iter().find(|(_, known)| known.seq == link.seq && known.hash != link.hash);
            match other.filter(|_| link.seq > 0) {
                Some((who, known)) => Err(format!("entry {} is not the one that {who} is of", known.seq)),
                None => Ok(()),
            }
        })?;
    }
    let Walk { link, start, unchained, attested, open } = walk;
    let begin = match start {
        None => Link::before_all(),
        Some((_, start)) if attested.contains(&start.to_string()) => start,
        Some((file, start)) => {
            let missing = Broken::Number { said: start.seq + 1, expected: 1 };
            return Err(bad(&file, 1, missing.to_string()));
        }
    };
    for (who, known) in &known {
        if known.seq > link.seq {
            let gone = known.seq - link.seq;
            let reason =
                format!("the end is cut off: {who} knows {} entries, {gone} more than are here", known.seq);
            return Err(bad(&end.0, end.1 + 1, reason));
        }
        if known.seq == begin.seq && known.seq > 0 && known.hash != begin.hash {
            let reason = format!("it does not go on from entry {}, which {who} is of", known.seq);
            return Err(bad(files.first().unwrap_or(&end.0), 1, reason));
        }
    }
    Ok(Verified {
        entries: link.seq - begin.seq,
        head: link,
        unchained,
        removed: begin.seq,
        unfinished: open.len() as u64,
        kept_is_older: kept.is_some_and(|kept| kept.seq < begin.seq),
    })
}

/// A walk along the chain.
struct Walk {
    /// Where it is.
    link: Link,
    /// Where it began, and in which file, if not at the first line of all.
    start: Option<(PathBuf, Link)>,
    unchained: u64,
    /// What entries say that the chain goes on from behind files that were removed.
    attested: HashSet<String>,
    /// Intents of which nothing says yet how they ended.
    open: HashSet<u64>,
}

impl Walk {
    fn new() -> Self {
        Self {
            link: Link::before_all(),
            start: None,
            unchained: 0,
            attested: HashSet::new(),
            open: HashSet::new(),
        }
    }

    /// Goes on along a file, and has `each` look at every line that holds.
    fn file(
        &mut self,
        path: &Path,
        mut each: impl FnMut(&Link, usize) -> Result<(), String>,
    ) -> Result<(), BadLine> {
        let bad = |line: usize, reason: String| BadLine { file: path.to_owned(), line, reason };
        let mut reader = BufReader::new(File::open(path).map_err(|e| bad(0, e.to_string()))?);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(|e| bad(number, e.to_string()))? == 0 {
                break;
            }
            if line.pop_if(|last| *last == b'\n').is_none() {
                return Err(bad(number, "the line is not whole".to_owned()));
            }
            self.line(path, &line).map_err(|broken| bad(number, broken.to_string()))?;
            each(&self.link, number).map_err(|reason| bad(number, reason))?;
        }
        Ok(())
    }

    fn line(&mut self, path: &Path, line: &[u8]) -> Result<(), Broken> {
        let said = match Said::of(line) {
            Ok(said) => said,
            Err(_) if self.link.seq == 0 && self.start.is_none() && is_older(line) => {
                self.unchained += 1;
                self.link.hash = hash(line);
                return Ok(());
            }
            Err(broken) => return Err(broken),
        };
        if self.link == Link::before_all()
            && self.start.is_none()
            && let Some(start) = said.start()
        {
            self.link = start.clone();
            self.start = Some((path.to_owned(), start));
        }
        self.link = self.link.goes_on(&said, line)?;
        if said.event == "intent" {
            self.open.insert(said.seq);
        }
        self.open.remove(&said.of.unwrap_or_default());
        self.attested.extend(said.removed.and_then(|removed| removed.head));
        Ok(())
    }
}

/// The first files of a trail, which may go.
pub(super) struct Removable {
    /// What the chain goes on from behind them.
    pub(super) link: Link,
    /// Them and their sizes.
    pub(super) files: Vec<(PathBuf, u64)>,
}

/// The first files of a trail, as long as their names are old, they hold, and everything before them does.
pub(super) fn removable(dir: &Path, is_old: impl Fn(&str) -> bool) -> io::Result<Option<Removable>> {
    let broken = verify(dir, None).err().map(|bad| name_of(&bad.file));
    let (mut walk, mut found) = (Walk::new(), Vec::new());
    let mut link = Link::before_all();
    for path in files(dir)? {
        let name = name_of(&path);
        let holds = broken.as_ref().is_none_or(|broken| name < *broken);
        if !is_old(&name) || !holds || walk.file(&path, |_, _| Ok(())).is_err() {
            break;
        }
        link.clone_from(&walk.link);
        found.push((path.clone(), fs::metadata(&path)?.len()));
    }
    Ok((!found.is_empty()).then_some(Removable { link, files: found }))
}

/// Whether a line is an entry as they were before there was a chain.
fn is_older(line: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|value| {
        value.get("schema").and_then(serde_json::Value::as_u64) == Some(1) && value.get("seq").is_none()
    })
}

/// The line that ends at a place in a file, without its line break; `None` where none does.
fn line_before(file: &mut File, end: u64) -> io::Result<Option<Vec<u8>>> {
    if end == 0 || file.metadata()?.len() < end {
        return Ok(None);
    }
    // Backwards: a line is short, and the file may not be.
    let (mut begin, mut read) = (end, Vec::new());
    loop {
        let step = begin.min(BLOCK);
        begin -= step;
        let mut block = vec![0; step as usize];
        file.seek(SeekFrom::Start(begin))?;
        file.read_exact(&mut block)?;
        block.append(&mut read);
        read = block;
        let Some((b'\n', line)) = read.split_last() else { return Ok(None) };
        match line.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => return Ok(Some(line[at + 1..].to_vec())),
            None if begin == 0 => return Ok(Some(line.to_vec())),
            None => {}
        }
    }
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn hash(line: &[u8]) -> String {
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(line) {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    out
}

#[cfg(test)]
mod tests;
