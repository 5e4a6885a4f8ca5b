//! What the explorer keeps from one session to the next, in small files of its own: saved queries and what was run,
//! columns as they were arranged, lines that were typed.
//!
//! Each file is one thing's business alone; what cannot be read counts as not there, with a line in the log.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use tempfile::NamedTempFile;

use crate::engine::rehearsal;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 4 * 1024 * 1024;
/// From so many bytes on the oldest lines go, where they may.
const MUCH: usize = 2 * 1024 * 1024;

/// Where it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// `None`: nothing is kept.
    directory: Option<PathBuf>,
}

/// What is to be kept, for another thread to write.
#[derive(Debug, PartialEq, Eq)]
pub struct Keep {
    /// The file's name.
    pub name: &'static str,
    /// The whole of it, or a line to add to it.
    pub what: What,
}

/// How it is kept.
#[derive(Debug, PartialEq, Eq)]
pub enum What {
    /// The file holds this and nothing else from now on.
    Whole(String),
    /// A line more.
    Line(String),
    /// A line more of what is kept for one of several: a tenant.
    Entry {
        /// For which; nothing that a path could be made of.
        of: String,
        /// The line.
        line: String,
        /// Once there are twice as many, the oldest go; `None`: all stay.
        most: Option<usize>,
    },
    /// These lines of it go, and nothing is left of them.
    Without {
        /// For which.
        of: String,
        /// The lines as they were kept.
        lines: Vec<String>,
    },
}

impl Kept {
    /// In this directory, which need not exist yet.
    pub fn within(directory: PathBuf) -> Self {
        Self { directory: Some(directory) }
    }

    /// Nowhere: nothing is found and nothing is kept.
    pub fn nowhere() -> Self {
        Self { directory: None }
    }

    /// Keeps what comes, in the order in which it comes, until nobody is left to send. To be run on a thread that may
    /// wait for the disk. What cannot be kept is told, for a person.
    pub fn keep_all(&self, keeps: &Receiver<Keep>, mut tell: impl FnMut(String)) {
        for keep in keeps {
            rehearsal::panics_at("job");
            if let Err(error) = self.keep(&keep) {
                tracing::warn!(name = keep.name, %error, "this could not be kept");
                tell(format!("not kept for the next session: {} ({error})", keep.name));
            }
        }
    }

    /// What a file holds; empty where there is none.
    pub fn read(&self, name: &str) -> String {
        let Some(path) = self.directory.as_ref().map(|directory| directory.join(name)) else {
            return String::new();
        };
        match read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "what was kept cannot be read");
                String::new()
            }
        }
    }

    /// What a file holds that is kept for one of several; empty where there is none.
    pub fn read_of(&self, name: &str, of: &str) -> String {
        let Some(directory) = self.directory.as_ref().filter(|_| is_plain(of)) else { return String::new() };
        let path = directory.join(name).join(of);
        match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "what was kept cannot be read");
                String::new()
            }
        }
    }

    /// For whom something is kept that is one of several.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn several(&self, name: &str) -> io::Result<Vec<String>> {
        let Some(directory) = &self.directory else { return Ok(Vec::new()) };
        let directory = directory.join(name);
        let is_directory = match fs::symlink_metadata(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?.is_dir(),
        };
        if !is_directory {
            return Err(io::Error::other(format!("{} is no directory", directory.display())));
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name().into_string();
            found.extend(
                name.ok().filter(|name| is_plain(name) && entry.file_type().is_ok_and(|t| t.is_file())),
            );
        }
        found.sort();
        Ok(found)
    }

    /// Lines of what is kept for one of several stay or go, all at once; nobody adds one meanwhile. What is left without
    /// a line is removed.
    ///
    /// # Errors
    /// The file cannot be read or written; then it is as it was.
    pub fn thin_out(&self, name: &str, of: &str, stay: impl FnOnce(&str) -> Vec<bool>) -> io::Result<()> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let of = Several::open(&directory.join(name), of)?;
        let text = of.text()?;
        let lines: Vec<&str> =
            text.lines().zip(stay(&text)).filter(|(_, stays)| *stays).map(|(line, _)| line).collect();
        if lines.is_empty() { fs::remove_file(&of.path) } else { of.write(&lines) }
    }

    /// Keeps it, readable by this user alone.
    ///
    /// # Errors
    /// The directory or the file cannot be written; what the file held before is still there.
    pub fn keep(&self, keep: &Keep) -> io::Result<()> {
        let Some(directory) = &self.directory else { return Ok(()) };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let path = directory.join(keep.name);
        match &keep.what {
            What::Whole(text) => {
                // Made with mode 0600, and in its place at once or not at all.
                let mut file = NamedTempFile::new_in(directory)?;
                file.write_all(text.as_bytes())?;
                file.persist(path)?;
            }
            What::Line(line) => {
                let mut file = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
                // In one piece, so that two programs never share a line.
                file.write_all(format!("{}\n", line.replace('\n', " ")).as_bytes())?;
            }
            What::Entry { of, line, most } => {
                let of = Several::open(&path, of)?;
                let text = of.text()?;
                let mut lines: Vec<&str> = text.lines().collect();
                let line = line.replace('\n', " ");
                lines.push(&line);
                let bytes = text.len() + line.len();
                match most {
                    Some(most) if lines.len() > 2 * most || bytes > MUCH => {
                        of.write(newest(&lines, *most))?;
                    }
                    None if bytes as u64 >= LONGEST => {
                        return Err(io::Error::other(format!("it would be longer than {LONGEST} bytes")));
                    }
                    // What broke off in the middle of a line costs that line alone.
                    _ => {
                        of.append(if text.is_empty() || text.ends_with('\n') { "" } else { "\n" }, &line)?;
                    }
                }
            }
            What::Without { of, lines } => {
                let of = Several::open(&path, of)?;
                let text = of.text()?;
                let stay: Vec<&str> =
                    text.lines().filter(|line| !lines.iter().any(|gone| gone == line)).collect();
                of.write(&stay)?;
            }
        }
        Ok(())
    }
}

/// One of several files of the same kind, which nobody else changes meanwhile.
struct Several {
    path: PathBuf,
    directory: PathBuf,
    /// Holds the lock until it is dropped. The file itself may be replaced, so that it cannot hold one.
    _lock: fs::File,
}

impl Several {
    fn open(directory: &Path, of: &str) -> io::Result<Self> {
        if !is_plain(of) {
            return Err(io::Error::other(format!("{of:?} is no file's name")));
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let lock = directory.join(".lock");
        let lock = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(lock)?;
        lock.lock()?;
        Ok(Self { path: directory.join(of), directory: directory.to_owned(), _lock: lock })
    }

    /// What is no text costs the line that it stands in.
    fn text(&self) -> io::Result<String> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error),
        }
    }

    fn append(&self, before: &str, line: &str) -> io::Result<()> {
        let mut file = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        file.write_all(format!("{before}{line}\n").as_bytes())
    }

    fn write(&self, lines: &[&str]) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(&self.directory)?;
        for line in lines {
            file.write_all(line.as_bytes())?;
            file.write_all(b"\n")?;
        }
        file.persist(&self.path)?;
        Ok(())
    }
}

/// The last of the lines: so many, and no more than can be read back with ease.
fn newest<'a, 'b>(lines: &'a [&'b str], most: usize) -> &'a [&'b str] {
    let mut from = lines.len();
    let mut bytes = 0;
    while from > lines.len().saturating_sub(most) {
        bytes += lines[from - 1].len() + 1;
        if bytes > MUCH / 2 {
            break;
        }
        from -= 1;
    }
    &lines[from..]
}

/// Whether a name leads nowhere else and hides nothing.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 128 && !name.starts_with('.') && name.chars().all(plain)
}

fn read(path: &Path) -> io::Result<String> {
    let length = fs::metadata(path)?.len();
    if length > LONGEST {
        return Err(io::Error::other(format!("{length} bytes; at most {LONGEST} are read")));
    }
    fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_was_kept_is_found_again_and_nobody_else_can_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let kept = Kept::within(directory.path().join("a/b"));
        assert_eq!(kept.read("lines"), "");
        for line in ["one", "two\nlines"] {
            kept.keep(&Keep { name: "lines", what: What::Line(line.into()) }).unwrap();
        }
        assert_eq!(kept.read("lines"), "one\ntwo lines\n");
        kept.keep(&Keep { name: "whole", what: What::Whole("first".into()) }).unwrap();
        kept.keep(&Keep { name: "whole", what: What::Whole("second".into()) }).unwrap();
        assert_eq!(kept.read("whole"), "second");
        for name in ["lines", "whole", "."] {
            let mode = fs::metadata(directory.path().join("a/b").join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
    }

    #[test]
    fn a_file_that_is_no_text_or_too_long_counts_as_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let kept = Kept::within(directory.path().into());
        fs::write(directory.path().join("bytes"), [0xff, 0xfe]).unwrap();
        fs::File::create(directory.path().join("long")).unwrap().set_len(LONGEST + 1).unwrap();
        assert_eq!((kept.read("bytes"), kept.read("long")), (String::new(), String::new()));
    }

    fn entry(line: &str, most: Option<usize>) -> Keep {
        Keep { name: "ran", what: What::Entry { of: "acme".into(), line: line.into(), most } }
    }

    #[test]
    fn of_many_lines_the_newest_stay_and_each_tenant_has_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let kept = Kept::within(directory.path().into());
        for line in 0..11 {
            kept.keep(&entry(&line.to_string(), Some(5))).unwrap();
        }
        assert_eq!(kept.read_of("ran", "acme"), "6\n7\n8\n9\n10\n");
        kept.keep(&entry(&"x".repeat(MUCH), Some(5))).unwrap();
        assert_eq!(kept.read_of("ran", "acme"), "", "what is too long by itself does not stay");
        assert_eq!(kept.read_of("ran", "beta"), "");
        let mode =
            |of: &str| fs::metadata(directory.path().join("ran").join(of)).unwrap().permissions().mode();
        assert_eq!((mode("acme") & 0o077, mode("") & 0o077, mode(".lock") & 0o077), (0, 0, 0));
    }

    #[test]
    fn what_broke_off_in_a_line_costs_that_line_and_what_is_taken_out_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let kept = Kept::within(directory.path().into());
        kept.keep(&entry("one", None)).unwrap();
        let path = directory.path().join("ran/acme");
        fs::write(&path, b"one\nbro\xff").unwrap();
        kept.keep(&entry("two", None)).unwrap();
        assert_eq!(kept.read_of("ran", "acme"), "one\nbro\u{fffd}\ntwo\n");
        let lines = vec!["one".to_owned(), "bro\u{fffd}".to_owned()];
        kept.keep(&Keep { name: "ran", what: What::Without { of: "acme".into(), lines } }).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "two\n");
    }

    #[test]
    fn two_programs_at_once_lose_nothing_of_each_other() {
        let directory = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for who in ["a", "b"] {
                let kept = Kept::within(directory.path().into());
                scope.spawn(move || {
                    for n in 0..100 {
                        kept.keep(&entry(&format!("{who}{n}"), Some(100))).unwrap();
                    }
                });
            }
        });
        let kept = Kept::within(directory.path().into());
        assert_eq!(kept.read_of("ran", "acme").lines().count(), 200, "twice as many as stay, and no more");
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let kept = Kept::within(directory.path().join("kept"));
        fs::write(directory.path().join("secret"), "s").unwrap();
        for of in ["", ".", "..", "../secret", "a/b", ".lock", "a b"] {
            let what = What::Entry { of: of.into(), line: "x".into(), most: None };
            assert!(kept.keep(&Keep { name: "ran", what }).is_err(), "{of:?}");
            assert_eq!(kept.read_of("..", of), "", "{of:?}");
        }
    }

    #[test]
    fn nowhere_keeps_nothing() {
        let kept = Kept::nowhere();
        kept.keep(&Keep { name: "x", what: What::Line("x".into()) }).unwrap();
        assert_eq!(kept.read("x"), "");
    }
}
