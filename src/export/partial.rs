//! A file that is whole or says that it is not.
//!
//! ```text
//! create ─► FILE.partial (0600, locked) ─┬─ finish ─► FILE
//!                                        └─ anything else, a kill included: FILE.partial stays
//! ```

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::engine::error::{Error, Kind};

/// A file being written.
#[derive(Debug)]
pub struct PartialFile {
    target: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    force: bool,
}

impl PartialFile {
    /// Begins `target`, beside its name. A file that is there is replaced only with `force`, and only when all is
    /// written; a `.partial` of an earlier run is begun anew.
    ///
    /// # Errors
    /// The target is there, is no ordinary file or cannot be written; nothing was changed.
    pub fn create(target: &Path, force: bool) -> Result<Self, Error> {
        Self::open(target, force, 0, true)
    }

    /// Goes on behind the first `bytes` of what an earlier run left under the partial name; what is behind them
    /// (the end of a list, half a row) goes.
    ///
    /// # Errors
    /// As [`Self::create`]; or there is less than that.
    pub fn reopen(target: &Path, force: bool, bytes: u64) -> Result<Self, Error> {
        Self::open(target, force, bytes, false)
    }

    fn open(target: &Path, force: bool, bytes: u64, create: bool) -> Result<Self, Error> {
        check(target, force)?;
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = target.with_file_name(name);
        ordinary(&partial)?;
        let failed = |error: &io::Error| {
            refuse(
                &partial,
                &format!("it cannot be written: {error}"),
                "check the directory and its permissions",
            )
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create(create)
            .truncate(false)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(&partial)
            .map_err(|e| failed(&e))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(refuse(
                    &partial,
                    "another run is writing it",
                    "choose another file, or wait for that run",
                ));
            }
            // A file system without locks has none to give.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let about = file.metadata().map_err(|e| failed(&e))?;
        // One that was laid there for us to write into is its owner's to read.
        if about.uid() != rustix::process::geteuid().as_raw() {
            return Err(refuse(&partial, "it belongs to another user", "choose another file or directory"));
        }
        if about.mode() & 0o077 != 0 {
            // A file system without permissions has none to set.
            let _ = file.set_permissions(Permissions::from_mode(0o600));
        }
        let there = about.len();
        if there < bytes {
            return Err(refuse(
                &partial,
                &format!("it has {there} bytes, and the run had written {bytes}"),
                "it was changed meanwhile: run the query again from its beginning",
            ));
        }
        file.set_len(bytes).map_err(|e| failed(&e))?;
        file.seek(SeekFrom::End(0)).map_err(|e| failed(&e))?;
        Ok(Self {
            target: target.to_owned(),
            partial,
            file: BufWriter::with_capacity(64 * 1024, file),
            force,
        })
    }

    /// All is written: the file gets its name.
    ///
    /// # Errors
    /// The rest cannot be written, or the name was taken meanwhile; what was written stays in [`Self::partial`].
    pub fn finish(self) -> Result<PathBuf, Error> {
        let Self { target, partial, file, force } = self;
        let kept = format!("what was written is in {}", partial.display());
        let failed = |error: &io::Error| {
            let room =
                if error.kind() == io::ErrorKind::StorageFull { "make room, and run it again; " } else { "" };
            local(&target, &format!("it cannot be written: {error}"), &format!("{room}{kept}"))
        };
        let file = file.into_inner().map_err(|e| failed(e.error()))?;
        file.sync_all().map_err(|e| failed(&e))?;
        check(&target, force).map_err(|e| local(&target, &e.cause, &kept))?;
        fs::rename(&partial, &target).map_err(|e| failed(&e))?;
        Ok(target)
    }

    /// Not all is written, and nothing more will be. Returns where it is.
    ///
    /// # Errors
    /// The rest cannot be written either.
    pub fn keep(mut self) -> io::Result<PathBuf> {
        self.file.flush()?;
        Ok(self.partial)
    }

    /// Bytes in it, once all that was handed over is written.
    ///
    /// # Errors
    /// The rest cannot be written.
    pub fn bytes(&mut self) -> io::Result<u64> {
        self.file.flush()?;
        Ok(self.file.get_ref().metadata()?.len())
    }

    /// Where it is being written.
    pub fn partial(&self) -> &Path {
        &self.partial
    }
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn check(target: &Path, force: bool) -> Result<(), Error> {
    if target.file_name().is_none() {
        return Err(refuse(target, "it names no file", "name a file, such as people.csv"));
    }
    if ordinary(target)? && !force {
        return Err(refuse(target, "it is there already", "choose another name, or replace it with --force"));
    }
    Ok(())
}

/// Whether an ordinary file stands there; anything else but nothing is an error.
fn ordinary(path: &Path) -> Result<bool, Error> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => {
            return Err(refuse(path, &format!("it cannot be looked at: {error}"), "check the path"));
        }
    };
    let kind = meta.file_type();
    let what = if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_file() {
        return Ok(true);
    } else {
        "no ordinary file"
    };
    Err(refuse(path, &format!("it is {what}, which is never written through"), "name a file of its own"))
}

fn refuse(path: &Path, cause: &str, remedy: &str) -> Error {
    Error::usage(path.display().to_string(), cause, remedy)
}

fn local(path: &Path, cause: &str, remedy: &str) -> Error {
    Error::new(Kind::Local, path.display().to_string(), cause, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn there(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_whole_file_gets_its_name_and_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.csv");
        let mut file = PartialFile::create(&target, false).unwrap();
        file.write_all(b"id\n").unwrap();
        assert_eq!(there(dir.path()), ["a.csv.partial"]);
        assert_eq!(file.finish().unwrap(), target);
        assert_eq!(there(dir.path()), ["a.csv"]);
        assert_eq!(fs::read(&target).unwrap(), b"id\n");
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_partial_file_that_lies_there_is_made_its_owners_alone_or_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (target, partial) = (dir.path().join("a.csv"), dir.path().join("a.csv.partial"));
        fs::write(&partial, "old").unwrap();
        fs::set_permissions(&partial, Permissions::from_mode(0o666)).unwrap();
        drop(PartialFile::create(&target, false).unwrap());
        assert_eq!(fs::metadata(&partial).unwrap().mode() & 0o777, 0o600);
        if !rustix::process::geteuid().is_root() {
            return eprintln!("NOT TESTED: a partial file of another user, for only root can make one");
        }
        rustix::fs::chown(&partial, Some(rustix::fs::Uid::from_raw(65_534)), None).unwrap();
        let error = PartialFile::create(&target, false).unwrap_err();
        assert!(error.cause.contains("another user"), "{error}");
    }

    #[test]
    fn an_interrupted_file_stays_under_its_partial_name_even_when_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.csv");
        let mut file = PartialFile::create(&target, false).unwrap();
        file.write_all(b"id\n").unwrap();
        assert_eq!(file.keep().unwrap(), dir.path().join("a.csv.partial"));
        assert_eq!(fs::read(dir.path().join("a.csv.partial")).unwrap(), b"id\n");
        drop(PartialFile::create(&target, false).unwrap());
        assert_eq!(there(dir.path()), ["a.csv.partial"]);
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_by_force_and_only_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.csv");
        fs::write(&target, "old").unwrap();
        let error = PartialFile::create(&target, false).unwrap_err();
        assert!(error.remedy.contains("--force"), "{error}");
        assert_eq!(error.kind.exit_code(), 2);
        let mut file = PartialFile::create(&target, true).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"old");
        file.finish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn a_name_taken_meanwhile_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.csv");
        let file = PartialFile::create(&target, false).unwrap();
        fs::write(&target, "theirs").unwrap();
        let error = file.finish().unwrap_err();
        assert!(error.remedy.contains("a.csv.partial"), "{error}");
        assert_eq!(fs::read(&target).unwrap(), b"theirs");
    }

    #[test]
    fn links_directories_and_devices_are_never_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = dir.path().join("elsewhere");
        fs::write(&elsewhere, "safe").unwrap();
        let link = dir.path().join("link");
        symlink(&elsewhere, &link).unwrap();
        symlink(&elsewhere, dir.path().join("b.csv.partial")).unwrap();
        symlink(dir.path().join("nowhere"), dir.path().join("dangling")).unwrap();
        for bad in ["link", "b.csv", "dangling", ".", ".."] {
            assert!(PartialFile::create(&dir.path().join(bad), true).is_err(), "{bad}");
        }
        assert!(PartialFile::create(Path::new("/dev/null"), true).is_err());
        assert_eq!(fs::read(&elsewhere).unwrap(), b"safe");
    }

    #[test]
    fn a_partial_file_is_gone_on_with_behind_its_whole_rows() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.json");
        let mut file = PartialFile::create(&target, false).unwrap();
        file.write_all(b"[\n{}").unwrap();
        let bytes = file.bytes().unwrap();
        file.write_all(b"\n]\n").unwrap();
        file.keep().unwrap();
        let too_short = PartialFile::reopen(&target, false, 100).unwrap_err();
        assert!(too_short.cause.contains("7 bytes") && too_short.cause.contains("100"), "{too_short}");
        let mut file = PartialFile::reopen(&target, false, bytes).unwrap();
        file.write_all(b",\n{}\n]\n").unwrap();
        assert_eq!(fs::read_to_string(file.finish().unwrap()).unwrap(), "[\n{},\n{}\n]\n");
        assert!(PartialFile::reopen(&dir.path().join("b.json"), false, 0).is_err(), "nothing to go on with");
    }

    #[test]
    fn two_runs_do_not_write_the_same_file() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.csv");
        let mut first = PartialFile::create(&target, false).unwrap();
        first.write_all(b"first").unwrap();
        let error = PartialFile::create(&target, false).unwrap_err();
        assert!(error.cause.contains("another run"), "{error}");
        first.finish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"first");
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let error = PartialFile::create(Path::new("/nonexistent/a.csv"), false).unwrap_err();
        assert!(error.what.contains("/nonexistent/a.csv"), "{error}");
    }
}
