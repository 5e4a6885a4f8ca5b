//! Files that hold secrets or name programs: read, and judged by who else may read or change them.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use crate::engine::error::Error;

/// A configuration or secret file larger than this is something else.
const MAX_BYTES: u64 = 1024 * 1024;

/// A file that was read, and how it lies there.
pub(super) struct Found {
    path: PathBuf,
    /// Its text; wiped when dropped.
    pub text: Zeroizing<String>,
    mode: u32,
    owner: u32,
}

/// Reads a file, whatever it is: a pipe is fine for a configuration.
pub(super) fn read(path: &Path) -> Result<Found, Error> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    read_open(path, file)
}

/// Reads a file that holds a secret. It must be a file (where a link to it stands, the file counts), and its owner's
/// alone.
pub(super) fn read_secret(path: &Path) -> Result<Zeroizing<String>, Error> {
    // To open a pipe would wait for whoever writes into it.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = rustix::fs::open(path, flags, Mode::empty()).map_err(|e| unreadable(path, &e.into()))?;
    let file = File::from(opened);
    let kind = file.metadata().map_err(|error| unreadable(path, &error))?.file_type();
    if !kind.is_file() {
        let what = if kind.is_dir() { "it is a directory" } else { "it is no file but a pipe or a device" };
        let remedy = "name a file with mode 0600; what a program prints, secret_command reads";
        return Err(Error::usage(path.display().to_string(), what, remedy));
    }
    let found = read_open(path, file)?;
    found.holds_a_secret()?;
    Ok(found.text)
}

fn read_open(path: &Path, file: File) -> Result<Found, Error> {
    let failed = |error: io::Error| unreadable(path, &error);
    let about = file.metadata().map_err(failed)?;
    // Room for all of it: a text that grows would leave a copy behind.
    let room = usize::try_from(about.len().min(MAX_BYTES)).unwrap_or(0) + 64;
    let mut text = Zeroizing::new(String::with_capacity(room));
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(Error::usage(path.display().to_string(), "it is larger than 1 MiB", "check the path"));
    }
    Ok(Found { path: path.to_owned(), text, mode: about.mode(), owner: about.uid() })
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::usage(
        path.display().to_string(),
        format!("it cannot be read: {error}"),
        "check the path and its permissions",
    )
}

impl Found {
    /// # Errors
    /// Others than its owner may read it, or that is somebody else.
    pub(super) fn holds_a_secret(&self) -> Result<(), Error> {
        let path = self.path.display();
        if self.mode & 0o077 != 0 {
            return Err(Error::usage(
                path.to_string(),
                "it holds a secret and others may read it",
                format!("chmod 600 {path}"),
            ));
        }
        self.is_ours("it holds a secret")
    }

    /// Whoever may change the file, or put another in its place, would run programs as this user.
    ///
    /// A directory that a group may write to passes: where each user has a group of their own, that is usual.
    ///
    /// # Errors
    /// Others may change it, or it belongs to another user.
    pub(super) fn names_programs(&self) -> Result<(), Error> {
        let path = self.path.display();
        let why = "it names a program to run (secret_command)";
        if self.mode & 0o022 != 0 {
            return Err(Error::usage(
                path.to_string(),
                format!("{why} and others may change it"),
                format!("chmod go-w {path}"),
            ));
        }
        let dir = self.path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let anybody = |about: &Metadata| about.mode() & 0o1002 == 0o002;
        if std::fs::metadata(dir).as_ref().is_ok_and(anybody) {
            return Err(Error::usage(
                path.to_string(),
                format!("{why} and anybody may put another file in its place"),
                format!("chmod o-w {}", dir.display()),
            ));
        }
        self.is_ours(why)
    }

    fn is_ours(&self, why: &str) -> Result<(), Error> {
        let us = rustix::process::geteuid().as_raw();
        if self.owner == us || self.owner == 0 {
            return Ok(());
        }
        Err(Error::usage(
            self.path.display().to_string(),
            format!("{why} and belongs to another user (number {}; you are {us})", self.owner),
            "use a file of your own",
        ))
    }
}
