//! Appends entries: one line each, whole or not at all, on the disk before the call returns.
//!
//! A file a month (`2026-03.jsonl`, UTC, by the time the query began, but never one before the last): whole files can be
//! kept or removed by age, and a year is twelve of them. Several processes share one chain under one lock.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use jiff::Timestamp;
use jiff::civil::Date;

use super::chain::{Head, Link, Removable, Torn, removable};
use super::entry::{Entry, Who};
use super::hash::Hasher;
use super::removal::{Removal, RemovalKind};
use crate::engine::error::{Error, Kind, Result};

/// What a process locks while it writes.
const LOCK_FILE: &str = "lock";

/// An audit directory, checked and ready to be written to.
#[derive(Clone, Debug)]
pub struct Audit {
    dir: PathBuf,
    hasher: Hasher,
}

impl Audit {
    /// Opens a directory: makes it (0700) and its key (0600) where they are missing. Blocks on the disk.
    ///
    /// # Errors
    /// [`Kind::Local`]: a directory that cannot be made or is a link, a key that cannot be used.
    pub fn open(dir: &Path) -> Result<Self> {
        prepare(dir).map_err(|e| {
            Error::new(
                Kind::Local,
                format!("audit directory {}", dir.display()),
                e.to_string(),
                "it must be a directory of yours, not a link; no request is sent without an audit entry",
            )
        })?;
        Ok(Self { dir: dir.to_owned(), hasher: Hasher::of(dir)? })
    }

    /// What IDs and literals are hashed with.
    pub fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// Where entries are written.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Appends an entry to the chain and waits until it is on the disk. Blocks.
    ///
    /// Pieces of lines that a process left which died while it wrote are cut off before, and an entry says so. Gives
    /// the entry's place in the chain.
    ///
    /// # Errors
    /// [`Kind::Local`], with the file and what is wrong with it: the entry is then not written, or may not
    /// survive a power cut.
    pub fn record(&self, entry: &Entry) -> Result<Link> {
        self.locked(|| self.extend(entry))
    }

    /// Records that something is removed because it is old; only then may it be. Blocks.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub fn removed(&self, who: &Who, removal: &Removal, at: Timestamp) -> Result<Link> {
        self.record(&Entry::of_removal(&self.hasher, who, removal, None, at))
    }

    /// Removes the months of the trail that lie before the month of `before` altogether, and records that beforehand:
    /// the entry says what the chain goes on from. Gives the names of the files that are gone. Blocks.
    ///
    /// What does not hold is kept for `verify` to name, and all behind it.
    ///
    /// # Errors
    /// As [`record`](Self::record); then nothing was removed. A file that cannot be removed.
    pub fn forget(&self, who: &Who, before: Date, at: Timestamp) -> Result<Vec<String>> {
        let month = before.strftime("%Y-%m.jsonl").to_string();
        self.locked(|| {
            let failed_here = |e: io::Error| failed(&self.dir, &e);
            // The last file stays, however old: the chain goes on from there.
            let (head, _) = Head::find(&self.dir).map_err(failed_here)?;
            let old =
                removable(&self.dir, |name| *name < *month && *name < *head.file).map_err(failed_here)?;
            let Some(Removable { link, files }) = old else { return Ok(Vec::new()) };
            let names: Vec<String> = files.iter().map(|(path, _)| super::chain::name_of(path)).collect();
            let removal = Removal {
                kind: RemovalKind::Audit,
                names: names.clone(),
                count: files.len() as u64,
                bytes: files.iter().map(|(_, bytes)| bytes).sum(),
                before: before.strftime("%Y-%m-01").to_string(),
            };
            self.extend(&Entry::of_removal(&self.hasher, who, &removal, Some(&link), at))?;
            for (path, _) in &files {
                fs::remove_file(path).map_err(|e| failed(path, &e))?;
            }
            File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(failed_here)?;
            Ok(names)
        })
    }

    /// Does something while no other process writes.
    fn locked<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let lock = self.dir.join(LOCK_FILE);
        let (locked, _) = open(&lock).map_err(|e| failed(&lock, &e))?;
        locked.lock().map_err(|e| failed(&lock, &e))?;
        work()
    }

    /// Appends an entry behind the end of the chain as it is now, under the lock.
    fn extend(&self, entry: &Entry) -> Result<Link> {
        let name = file_name(&entry.time)?;
        let path = self.dir.join(&name);
        let (mut head, torn) = Head::find(&self.dir).map_err(|e| failed(&path, &e))?;
        for torn in torn {
            cut(&torn).map_err(|e| failed(&torn.file, &e))?;
            self.append(&mut head, &name, &Entry::of_torn_line(entry, torn.bytes))?;
        }
        self.append(&mut head, &name, entry)?;
        // The entry is on the disk; a head file that lags behind is made good by whoever writes next.
        if let Err(error) = head.write(&self.dir) {
            tracing::warn!(%error, "the audit trail's head file could not be written");
        }
        Ok(head.link)
    }

    /// The end of the chain.
    ///
    /// # Errors
    /// [`Kind::Local`]: the trail cannot be read.
    pub fn head(&self) -> Result<Link> {
        Head::find(&self.dir).map(|(head, _)| head.link).map_err(|e| failed(&self.dir, &e))
    }

    fn append(&self, head: &mut Head, name: &str, entry: &Entry) -> Result<()> {
        // Never to a file before the last one, whenever the query began: the chain goes from file to file.
        let name = name.max(&head.file).to_owned();
        let path = self.dir.join(&name);
        let json = serde_json::to_string(entry).map_err(|e| failed(&path, &e.into()))?;
        let line = head.link.line(&json);
        let link =
            head.link.next(line.as_bytes()).map_err(|e| failed(&path, &io::Error::other(e.to_string())))?;
        let bytes = append(&path, format!("{line}\n").as_bytes()).map_err(|e| failed(&path, &e))?;
        *head = Head { link, file: name, bytes };
        Ok(())
    }
}

/// Cuts off a piece of a line.
fn cut(torn: &Torn) -> io::Result<()> {
    let (file, _) = open(&torn.file)?;
    file.set_len(torn.whole)?;
    file.sync_all()
}

fn prepare(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let metadata = fs::symlink_metadata(dir)?;
    if metadata.is_symlink() {
        return Err(io::Error::other("it is a symbolic link"));
    }
    tighten(&metadata.permissions(), 0o700, |mode| fs::set_permissions(dir, mode))
}

/// `2026-03.jsonl`
fn file_name(time: &str) -> Result<String> {
    let month = time.get(..7).filter(|month| {
        month.bytes().enumerate().all(|(i, b)| if i == 4 { b == b'-' } else { b.is_ascii_digit() })
    });
    month.map(|month| format!("{month}.jsonl")).ok_or_else(|| {
        Error::new(
            Kind::Local,
            format!("audit entry of {time:?}"),
            "its time has no year and month",
            "report this",
        )
    })
}

/// Opens a file of the trail, making it where there is none; whether it is new.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let open = |new: bool| {
        let mut options = OpenOptions::new();
        // NONBLOCK: a pipe in the file's place is refused below rather than waited for.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        options.read(true).append(true).create_new(new).mode(0o600).custom_flags(flags).open(path)
    };
    let (file, new) = match open(false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match open(true) {
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (open(false)?, false),
            made => (made?, true),
        },
        opened => (opened?, false),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    tighten(&file.metadata()?.permissions(), 0o600, |mode| file.set_permissions(mode))?;
    Ok((file, new))
}

/// Appends a line, under the trail's lock; gives the file's length then.
fn append(path: &Path, line: &[u8]) -> io::Result<u64> {
    let (mut file, new) = open(path)?;
    let before = file.metadata()?.len();
    let written = file.write_all(line);
    if written.is_err() {
        // A piece of a line helps nobody; where even this fails, whoever writes next cuts it off.
        let _ = file.set_len(before);
    }
    written?;
    file.sync_all()?;
    if new && let Some(dir) = path.parent() {
        File::open(dir)?.sync_all()?;
    }
    Ok(before + line.len() as u64)
}

/// Takes from others what they have no business with.
fn tighten(
    permissions: &fs::Permissions,
    most: u32,
    set: impl FnOnce(fs::Permissions) -> io::Result<()>,
) -> io::Result<()> {
    if permissions.mode() & 0o077 != 0 { set(fs::Permissions::from_mode(most)) } else { Ok(()) }
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::new(
        Kind::Local,
        format!("audit entry could not be written to {}", path.display()),
        error.to_string(),
        "free space, or mend the file's permissions; no request is sent without an audit entry",
    )
}

#[cfg(test)]
mod tests {
    use super::super::{entries, entry::tests::entry, verify};
    use super::*;
    use std::os::unix::fs::symlink;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn entries_are_lines_of_private_files_by_month() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a/audit");
        let audit = Audit::open(&dir).unwrap();
        let mut later = entry();
        later.time = "2026-04-01T00:00:00Z".to_owned();
        for entry in [&entry(), &entry(), &later] {
            audit.record(entry).unwrap();
        }
        assert_eq!((mode(&dir), mode(&dir.join("2026-03.jsonl"))), (0o700, 0o600));
        let march = fs::read_to_string(dir.join("2026-03.jsonl")).unwrap();
        assert_eq!(march.lines().count(), 2);
        assert!(march.ends_with("}\n"));
        let read: Vec<_> = entries(&dir).map(|read| read.unwrap()).collect();
        assert_eq!(read.iter().map(|read| read.line).collect::<Vec<_>>(), [1, 2, 1]);
        assert_eq!(read[0].entry, entry());
        assert_eq!(read[2].entry, later);
        assert_eq!(read.iter().map(|read| read.seq).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn files_that_others_can_read_are_closed_to_them() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("audit");
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        let file = dir.join("2026-03.jsonl");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        Audit::open(&dir).unwrap().record(&entry()).unwrap();
        assert_eq!((mode(&dir), mode(&file)), (0o700, 0o600));
    }

    #[test]
    fn a_torn_tail_costs_itself_alone() {
        let root = tempfile::tempdir().unwrap();
        let audit = Audit::open(root.path()).unwrap();
        audit.record(&entry()).unwrap();
        let file = root.path().join("2026-03.jsonl");
        let whole = fs::read(&file).unwrap();
        fs::write(&file, [&whole[..], &whole[..40]].concat()).unwrap();
        audit.record(&entry()).unwrap();
        let read: Vec<_> = entries(root.path()).map(|read| read.unwrap().entry).collect();
        assert_eq!(read.len(), 3);
        assert_eq!((read[1].event.as_str(), read[1].bytes), ("torn-line", 40));
        assert_eq!(read[2], entry());
        assert_eq!(verify(root.path(), None).unwrap().entries, 3);
    }

    #[test]
    fn links_and_what_is_no_file_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let real = root.path().join("real");
        let audit = Audit::open(&real).unwrap();
        symlink(&real, root.path().join("link")).unwrap();
        let error = Audit::open(&root.path().join("link")).unwrap_err();
        assert_eq!(error.kind, Kind::Local);
        assert!(error.cause.contains("symbolic link"), "{error}");

        let file = real.join("2026-03.jsonl");
        fs::write(root.path().join("target"), "").unwrap();
        symlink(root.path().join("target"), &file).unwrap();
        let error = audit.record(&entry()).unwrap_err();
        assert!(error.what.contains("2026-03.jsonl"), "{error}");
        assert_eq!(fs::read(root.path().join("target")).unwrap(), b"");

        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert_eq!(audit.record(&entry()).unwrap_err().kind, Kind::Local);

        fs::write(root.path().join("plain"), "").unwrap();
        assert_eq!(Audit::open(&root.path().join("plain")).unwrap_err().kind, Kind::Local);
    }

    #[test]
    fn an_entry_without_a_month_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let audit = Audit::open(root.path()).unwrap();
        for time in ["", "yesterday", "../../../x", "2026/03/01"] {
            let wrong = Entry { time: time.to_owned(), ..entry() };
            assert_eq!(audit.record(&wrong).unwrap_err().kind, Kind::Local, "{time}");
        }
    }

    #[test]
    fn writers_side_by_side_write_whole_lines() {
        let root = tempfile::tempdir().unwrap();
        let mut long = entry();
        long.id_hashes = vec!["0".repeat(32); 5_000];
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let audit = Audit::open(root.path()).unwrap();
                    for _ in 0..5 {
                        audit.record(&long).unwrap();
                    }
                });
            }
        });
        assert_eq!(entries(root.path()).filter(|read| read.as_ref().unwrap().entry == long).count(), 20);
        assert_eq!(verify(root.path(), None).unwrap().entries, 20);
    }
}
