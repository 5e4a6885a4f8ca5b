//! Reads the trail back, whatever state it is in.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::entry::Entry;

/// A line that is no entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 where the file itself cannot be read.
    pub line: usize,
    /// What is wrong with it, with no value of its own.
    pub reason: String,
}

/// `FILE:LINE: reason`
impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.reason)
    }
}

impl std::error::Error for BadLine {}

/// An entry and where it stands.
#[derive(Clone, Debug)]
pub struct Written {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// Its number in the chain; `None` in one from before there was a chain.
    pub seq: Option<u64>,
    /// What it says.
    pub entry: Entry,
    /// The line as it is, without its line break.
    pub text: String,
}

/// All entries of a directory in the order in which they were written; lines that are none in their place. A directory
/// that is not there has no entries. Texts in an entry come from a file: clean them before they are shown.
pub fn entries(dir: &Path) -> impl Iterator<Item = Result<Written, BadLine>> {
    let (files, unreadable) = match files(dir) {
        Ok(files) => (files, None),
        Err(error) => (Vec::new(), Some(bad(dir, 0, &error))),
    };
    unreadable.map(Err).into_iter().chain(files.into_iter().flat_map(Lines::of))
}

/// The trail's files, oldest first: their names sort by time.
pub(super) fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let listing = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing?,
    };
    let mut files = Vec::new();
    for file in listing {
        let file = file?;
        let path = file.path();
        if path.extension().is_some_and(|ending| ending == "jsonl") && file.file_type()?.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn bad(file: &Path, line: usize, error: &io::Error) -> BadLine {
    BadLine { file: file.to_owned(), line, reason: error.to_string() }
}

/// What is read of a line.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    seq: Option<u64>,
    #[serde(flatten)]
    entry: Entry,
}

/// The lines of one file.
struct Lines {
    path: PathBuf,
    /// `None` once there is nothing more to read.
    reader: Option<io::Result<BufReader<File>>>,
    line: usize,
}

impl Lines {
    fn of(path: PathBuf) -> Self {
        let reader = Some(File::open(&path).map(BufReader::new));
        Self { path, reader, line: 0 }
    }
}

impl Iterator for Lines {
    type Item = Result<Written, BadLine>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut reader = match self.reader.take()? {
            Ok(reader) => reader,
            Err(error) => return Some(Err(bad(&self.path, 0, &error))),
        };
        let mut bytes = Vec::new();
        self.line += 1;
        let refuse =
            |reason: &str| BadLine { file: self.path.clone(), line: self.line, reason: reason.to_owned() };
        let read = match reader.read_until(b'\n', &mut bytes) {
            Ok(0) => return None,
            Ok(_) if bytes.pop_if(|last| *last == b'\n').is_none() => Err(refuse("the line is not whole")),
            // The parser's own message may quote the line.
            Ok(_) => serde_json::from_slice::<Line>(&bytes)
                .map(|Line { seq, entry }| Written {
                    file: self.path.clone(),
                    line: self.line,
                    seq,
                    entry,
                    text: String::from_utf8_lossy(&bytes).into_owned(),
                })
                .map_err(|e| refuse(&format!("not an audit entry from column {} on", e.column()))),
            Err(error) => return Some(Err(bad(&self.path, self.line, &error))),
        };
        self.reader = Some(Ok(reader));
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::entry;
    use super::*;

    #[test]
    fn a_directory_that_is_not_there_has_no_entries() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(entries(&root.path().join("none")).count(), 0);
        assert_eq!(entries(root.path()).count(), 0);
    }

    #[test]
    fn bad_lines_are_named_and_the_rest_is_read() {
        let root = tempfile::tempdir().unwrap();
        let good = serde_json::to_string(&entry()).unwrap();
        let mut newer: serde_json::Value = serde_json::from_str(&good).unwrap();
        newer["schema"] = 2.into();
        newer["something_new"] = true.into();
        let march = [good.as_bytes(), b"\n\n\xff\xfe\n{\"CANARY\":1}\n", newer.to_string().as_bytes(), b"\n"]
            .concat();
        fs::write(root.path().join("2026-03.jsonl"), march).unwrap();
        fs::write(root.path().join("2026-02.jsonl"), &good).unwrap();
        fs::write(root.path().join("key"), "x").unwrap();
        fs::create_dir(root.path().join("2026-01.jsonl")).unwrap();
        let read: Vec<_> = entries(root.path()).collect();
        let places: Vec<_> = read
            .iter()
            .map(|read| match read {
                Ok(Written { file, line, .. }) => {
                    format!("{}:{line}", file.file_name().unwrap().to_string_lossy())
                }
                Err(bad) => {
                    assert!(!bad.to_string().contains("CANARY"), "{bad}");
                    format!("bad {}:{}", bad.file.file_name().unwrap().to_string_lossy(), bad.line)
                }
            })
            .collect();
        assert_eq!(
            places,
            [
                "bad 2026-02.jsonl:1",
                "2026-03.jsonl:1",
                "bad 2026-03.jsonl:2",
                "bad 2026-03.jsonl:3",
                "bad 2026-03.jsonl:4",
                "2026-03.jsonl:5"
            ]
        );
    }

    #[test]
    fn a_place_that_is_no_directory_is_said() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("plain");
        fs::write(&file, "").unwrap();
        let read: Vec<_> = entries(&file).collect();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].as_ref().unwrap_err().line, 0);
    }
}
