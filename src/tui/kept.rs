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

/// The longest file that is read, in bytes.
const LONGEST: u64 = 4 * 1024 * 1024;

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
    /// wait for the disk.
    pub fn keep_all(&self, keeps: &Receiver<Keep>) {
        for keep in keeps {
            if let Err(error) = self.keep(&keep) {
                tracing::warn!(name = keep.name, %error, "this could not be kept");
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
        }
        Ok(())
    }
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

    #[test]
    fn nowhere_keeps_nothing() {
        let kept = Kept::nowhere();
        kept.keep(&Keep { name: "x", what: What::Line("x".into()) }).unwrap();
        assert_eq!(kept.read("x"), "");
    }
}
