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
    pub(super) fn find(dir: &Path) -> io::Result<(Self, Vec<Torn>)> {
        let mut head = Self::read(dir).unwrap_or_else(Self::before_all);
        let mut is_first = head.file.is_empty();
        let mut torn = Vec::new();
        for path in files(dir)? {
            let name = name_of(&path);
            if name < head.file {
                continue;
            }
            let from = if name == head.file { head.bytes } else { 0 };
            let mut file = File::open(&path)?;
            if !begins_a_line(&mut file, from)? {
                // The tail is gone, or another is there. The chain goes on from where it was, so that the gap is seen; a
                // piece of a line that is left would take what is written next with it.
                torn.extend(Torn::at_the_end(path)?);
                continue;
            }
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
                    head = Self { link, file: name.clone(), bytes: at };
                }
                line.clear();
            }
        }
        Ok((head, torn))
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

impl Torn {
    /// The piece of a line that a file ends with.
    fn at_the_end(file: PathBuf) -> io::Result<Option<Self>> {
        let held = fs::read(&file)?;
        let whole = held.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let bytes = (held.len() - whole) as u64;
        Ok((bytes > 0).then_some(Self { file, whole: whole as u64, bytes }))
    }
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

/// Goes to a place in a file; whether a line begins there, or will.
fn begins_a_line(file: &mut File, at: u64) -> io::Result<bool> {
    let Some(before) = at.checked_sub(1) else { return Ok(true) };
    file.seek(SeekFrom::Start(before))?;
    let mut last = [0];
    Ok(file.read(&mut last)? == 1 && last == *b"\n")
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
mod tests {
    use super::super::entry::tests::entry;
    use super::super::{Access, Audit, Entry, User, Who};
    use super::*;

    /// A trail of five entries in two files, and its head.
    fn trail() -> (tempfile::TempDir, Link) {
        let root = tempfile::tempdir().unwrap();
        let audit = Audit::open(root.path()).unwrap();
        let mut head = Link::before_all();
        for month in ["03", "03", "04", "03", "04"] {
            head = audit.record(&Entry { time: format!("2026-{month}-01T00:00:00Z"), ..entry() }).unwrap();
        }
        (root, head)
    }

    fn place(bad: &BadLine) -> String {
        format!("{}:{}", bad.file.file_name().unwrap().to_string_lossy(), bad.line)
    }

    #[test]
    fn the_chain_goes_from_file_to_file_and_never_back() {
        let (root, head) = trail();
        assert_eq!(
            verify(root.path(), None).unwrap(),
            Verified {
                head: head.clone(),
                entries: 5,
                unchained: 0,
                removed: 0,
                unfinished: 0,
                kept_is_older: false
            }
        );
        assert_eq!(verify(root.path(), Some(&head)).unwrap().head, head);
        assert_eq!(head.to_string().parse::<Link>().unwrap(), head);
        let lines = |name| fs::read_to_string(root.path().join(name)).unwrap().lines().count();
        assert_eq!((lines("2026-03.jsonl"), lines("2026-04.jsonl")), (2, 3));
    }

    #[test]
    fn every_byte_that_is_changed_is_found() {
        let root = tempfile::tempdir().unwrap();
        let audit = Audit::open(root.path()).unwrap();
        for month in ["03", "04", "04"] {
            audit.record(&Entry { time: format!("2026-{month}-01T00:00:00Z"), ..entry() }).unwrap();
        }
        for name in ["2026-03.jsonl", "2026-04.jsonl"] {
            let path = root.path().join(name);
            let whole = fs::read(&path).unwrap();
            for at in 0..whole.len() {
                let mut changed = whole.clone();
                changed[at] ^= 1;
                fs::write(&path, &changed).unwrap();
                let bad = verify(root.path(), None).expect_err(&format!("{name}, byte {at}"));
                let line = whole[..at].split(|b| *b == b'\n').count();
                // The line itself, or the one whose hash does not fit any more.
                assert!(
                    bad.line == line || bad.line == line + 1 || bad.line == 1,
                    "{name}, byte {at}: {bad}"
                );
            }
            fs::write(&path, &whole).unwrap();
        }
        verify(root.path(), None).unwrap();
    }

    #[test]
    fn lines_that_are_dropped_swapped_repeated_or_cut_off_are_named() {
        let (root, head) = trail();
        let path = root.path().join("2026-04.jsonl");
        let whole = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        for (order, line) in [
            (&[1, 2][..], 1),
            (&[0, 2][..], 2),
            (&[1, 0, 2][..], 1),
            (&[0, 2, 1][..], 2),
            (&[0, 1, 1, 2][..], 3),
            (&[0, 1][..], 3),
            (&[][..], 3),
        ] {
            let changed: String = order.iter().map(|&n: &usize| lines[n]).collect();
            fs::write(&path, changed).unwrap();
            let bad = verify(root.path(), None).expect_err(&format!("{order:?}"));
            assert_eq!(bad.line, line, "{order:?}: {bad}");
        }
        // With the head file gone too, a cut tail is seen against a head that was kept.
        fs::write(&path, lines[..2].concat()).unwrap();
        fs::remove_file(root.path().join(HEAD_FILE)).unwrap();
        verify(root.path(), None).unwrap();
        assert_eq!(place(&verify(root.path(), Some(&head)).unwrap_err()), "2026-04.jsonl:3");
        // And so is a chain that somebody made anew.
        let other = Link { hash: NOTHING.into(), ..head };
        fs::write(&path, &whole).unwrap();
        assert_eq!(place(&verify(root.path(), Some(&other)).unwrap_err()), "2026-04.jsonl:3");
    }

    #[test]
    fn a_head_file_that_lags_behind_or_is_gone_is_made_good() {
        let (root, _) = trail();
        let old = fs::read(root.path().join(HEAD_FILE)).unwrap();
        let audit = Audit::open(root.path()).unwrap();
        audit.record(&entry()).unwrap();
        for head in [Some(old), Some(b"{".to_vec()), None] {
            match head {
                Some(head) => fs::write(root.path().join(HEAD_FILE), head).unwrap(),
                None => fs::remove_file(root.path().join(HEAD_FILE)).unwrap(),
            }
            let before = verify(root.path(), None).unwrap().entries;
            assert_eq!(audit.head().unwrap().seq, before);
            let link = audit.record(&entry()).unwrap();
            assert_eq!((link.seq, verify(root.path(), None).unwrap().head), (before + 1, link));
        }
    }

    #[test]
    fn a_tail_that_was_cut_off_in_a_line_takes_nothing_with_it() {
        let (root, head) = trail();
        let path = root.path().join("2026-04.jsonl");
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 30]).unwrap();
        let audit = Audit::open(root.path()).unwrap();
        let link = audit.record(&Entry { time: "2026-04-02T00:00:00Z".into(), ..entry() }).unwrap();
        assert_eq!(link.seq, head.seq + 2, "the piece is noted");
        let lines = fs::read_to_string(&path).unwrap();
        assert_eq!(hash(lines.lines().last().unwrap().as_bytes()), link.hash, "{lines}");
        assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-04.jsonl:3", "the gap is seen");
    }

    #[test]
    fn a_head_that_cannot_be_ours_is_damage() {
        let (root, _) = trail();
        let head = Head::read(root.path()).unwrap();
        for seq in [u64::MAX, MOST] {
            let link = Link { seq, ..head.link.clone() };
            assert!(link.to_string().parse::<Link>().is_err());
            Head { link, ..head.clone() }.write(root.path()).unwrap();
            assert_eq!(Head::read(root.path()), None);
            let line = format!("{{\"seq\":{seq},\"prev\":\"x\"}}");
            assert!(matches!(head.link.next(line.as_bytes()), Err(Broken::NoLink)));
        }
        for file in ["2026-05.sjonl", "../2026-05.jsonl", "a/2026-05.jsonl"] {
            Head { file: file.into(), ..head.clone() }.write(root.path()).unwrap();
            assert_eq!(Head::read(root.path()), None, "nothing is written there: {file}");
        }
        let audit = Audit::open(root.path()).unwrap();
        assert_eq!(audit.record(&entry()).unwrap().seq, 6, "the lines say where it ends");
    }

    #[test]
    fn a_head_file_that_says_a_line_ends_where_none_does_costs_no_entry() {
        let (root, _) = trail();
        let path = root.path().join("2026-04.jsonl");
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let mut head = Head::read(root.path()).unwrap();
        head.bytes -= 1;
        head.write(root.path()).unwrap();
        let audit = Audit::open(root.path()).unwrap();
        let link = audit.record(&Entry { time: "2026-04-02T00:00:00Z".into(), ..entry() }).unwrap();
        let lines = fs::read_to_string(&path).unwrap();
        assert_eq!(hash(lines.lines().last().unwrap().as_bytes()), link.hash, "it stands there whole");
        assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-04.jsonl:3");
    }

    #[test]
    fn a_tail_that_was_cut_off_stays_seen_when_more_is_written() {
        let (root, _) = trail();
        let path = root.path().join("2026-04.jsonl");
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, whole.split_inclusive('\n').next().unwrap()).unwrap();
        Audit::open(root.path()).unwrap().record(&entry()).unwrap();
        assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-04.jsonl:2");
    }

    fn who() -> Who {
        let user = User { name: "ada".into(), uid: 1000 };
        let access = Access::default();
        Who { user, tenant: "acme".into(), dialect: "crm-v2".into(), sandbox: false, access }
    }

    /// A trail of January to April, two entries a month.
    fn four_months() -> (tempfile::TempDir, Audit) {
        let root = tempfile::tempdir().unwrap();
        let audit = Audit::open(root.path()).unwrap();
        for month in ["01", "01", "02", "02", "03", "03", "04", "04"] {
            audit.record(&Entry { time: format!("2026-{month}-01T00:00:00Z"), ..entry() }).unwrap();
        }
        (root, audit)
    }

    fn forget(audit: &Audit, before: &str) -> Vec<String> {
        audit.forget(&who(), before.parse().unwrap(), "2026-04-20T00:00:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn months_that_are_removed_leave_a_chain_that_holds_and_says_so() {
        let (root, audit) = four_months();
        let early = Link { seq: 3, hash: NOTHING.into() };
        assert_eq!(forget(&audit, "2026-01-31"), [""; 0], "a month that is not over stays");
        assert_eq!(forget(&audit, "2026-03-31"), ["2026-01.jsonl", "2026-02.jsonl"]);
        let verified = verify(root.path(), None).unwrap();
        assert_eq!((verified.entries, verified.removed, verified.head.seq), (5, 4, 9));
        assert!(verify(root.path(), Some(&early)).unwrap().kept_is_older);
        // The last file stays, and what is written goes on, also without the head file.
        fs::remove_file(root.path().join(HEAD_FILE)).unwrap();
        assert_eq!(audit.record(&Entry { time: "2026-04-21T00:00:00Z".into(), ..entry() }).unwrap().seq, 10);
        assert_eq!(forget(&audit, "2027-01-01"), ["2026-03.jsonl"]);
        let verified = verify(root.path(), None).unwrap();
        assert_eq!((verified.entries, verified.removed), (5, 6));
        assert_eq!(forget(&audit, "2027-01-01"), [""; 0]);
        assert!(verify(root.path(), Some(&Link { seq: 6, hash: NOTHING.into() })).is_err());
    }

    #[test]
    fn months_that_are_gone_without_an_entry_are_missed() {
        let (root, audit) = four_months();
        fs::remove_file(root.path().join("2026-01.jsonl")).unwrap();
        assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-02.jsonl:1");
        // And nothing more is removed from what does not hold.
        assert_eq!(forget(&audit, "2026-04-01"), [""; 0]);
        // Nor is an entry about others enough.
        let (root, audit) = four_months();
        forget(&audit, "2026-02-01");
        fs::remove_file(root.path().join("2026-02.jsonl")).unwrap();
        assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-03.jsonl:1");
    }

    #[test]
    fn an_intent_that_nothing_ends_is_counted() {
        let root = tempfile::tempdir().unwrap();
        let audit = Audit::open(root.path()).unwrap();
        let intent = Entry { event: "intent".into(), of: None, ..entry() };
        let first = audit.record(&intent).unwrap();
        audit.record(&intent).unwrap();
        assert_eq!(verify(root.path(), None).unwrap().unfinished, 2);
        audit.record(&Entry { of: Some(first.seq), ..entry() }).unwrap();
        assert_eq!(verify(root.path(), None).unwrap().unfinished, 1);
    }

    #[test]
    fn a_file_with_the_lines_of_a_trail_is_walked_like_one() {
        let (root, head) = trail();
        let read = |name| fs::read(root.path().join(name)).unwrap();
        let file = root.path().join("all.ndjson");
        fs::write(&file, [read("2026-03.jsonl"), read("2026-04.jsonl")].concat()).unwrap();
        assert_eq!(verify(&file, Some(&head)).unwrap().entries, 5);
        fs::write(&file, read("2026-03.jsonl")).unwrap();
        assert_eq!(verify(&file, None).unwrap().entries, 2);
        assert_eq!(place(&verify(&file, Some(&head)).unwrap_err()), "all.ndjson:3");
    }

    #[test]
    fn entries_from_before_there_was_a_chain_are_counted_and_the_chain_begins_with_them() {
        let root = tempfile::tempdir().unwrap();
        let old = serde_json::to_string(&Entry { schema: 1, ..entry() }).unwrap();
        let path = root.path().join("2026-02.jsonl");
        fs::write(&path, format!("{old}\n{old}\n")).unwrap();
        Audit::open(root.path()).unwrap().record(&entry()).unwrap();
        let verified = verify(root.path(), None).unwrap();
        assert_eq!((verified.entries, verified.unchained), (1, 2));
        fs::write(&path, format!("{old}\n")).unwrap();
        fs::write(&path, format!("{old}\n{}\n", old.replace("\"rows\":", "\"rows\":1"))).unwrap();
        assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-03.jsonl:1");
    }
}
