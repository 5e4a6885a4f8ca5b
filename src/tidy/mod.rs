//! Files of ours that are past their time go, and the audit trail says so first.
//!
//! ```text
//! a file of the day ─► lock ─► look ─► policy::due ─► Trail::removed ─► remove
//!     (once a day)                     (decides)      (or nothing goes)
//! ```
//!
//! Only regular files whose names are of our own making are ever removed, and no link is followed. What cannot be
//! removed is said in the log and stays. Meant for a thread of its own: it waits for the disk. `docs/retention.md` tells
//! the rules.

pub mod policy;

#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use self::policy::{Due, Found};
use crate::config::{Keep, Paths};
use crate::engine::audit::{Audit, Removal, RemovalKind as Kind, Who};
use crate::engine::error::Error;

/// Names of one kind that an entry of the trail lists; the rest is counted.
const NAMED: usize = 100;
/// Holds the day on which this was done last, and the lock while it is being done.
const DAY: &str = "tidied";

/// Where files of ours are, and which.
#[derive(Clone, Debug)]
pub struct Rooms {
    data: PathBuf,
    recordings: PathBuf,
    stopped_runs: PathBuf,
    explorer: PathBuf,
    log: PathBuf,
    audit: PathBuf,
}

impl From<&Paths> for Rooms {
    fn from(paths: &Paths) -> Self {
        Self {
            data: paths.data.clone(),
            recordings: paths.recordings(),
            stopped_runs: paths.resume(),
            explorer: paths.kept(),
            log: paths.log(),
            audit: paths.audit(),
        }
    }
}

/// Files in which each line has its own day: whoever writes them knows how.
pub trait Lines {
    /// What of them is from before a day.
    ///
    /// # Errors
    /// They cannot be read.
    fn past(&self, before: Date) -> io::Result<Vec<Past>>;

    /// Takes those lines out of one of them.
    ///
    /// # Errors
    /// It cannot be written; then it is as it was.
    fn remove(&self, past: &Past, before: Date) -> io::Result<()>;
}

/// Lines of a file that are past their time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Which file, by a name that says nothing of anybody.
    pub name: String,
    /// How many.
    pub lines: u64,
    /// How long they are together.
    pub bytes: u64,
}

/// What was removed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Files, and lines of files.
    pub removed: u64,
    /// What should have gone and stays, with the reason in the log.
    pub stays: u64,
}

/// Removes what is past its time, unless that was done today already or another process is at it; `None`: then.
///
/// # Errors
/// The audit trail cannot be written to, so that nothing more is removed; or it cannot be noted that it was done.
pub fn tidy(
    rooms: &Rooms,
    keep: &Keep,
    lines: &impl Lines,
    who: &Who,
    now: Timestamp,
) -> Result<Option<Tidied>, Error> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let path = rooms.data.join(DAY);
    if !rooms.data.is_dir() || fs::read_to_string(&path).is_ok_and(|day| day.trim() == today.to_string()) {
        return Ok(None);
    }
    let failed = |error: io::Error| {
        Error::new(
            crate::engine::error::Kind::Local,
            format!("old files could not be looked after: {}", path.display()),
            error.to_string(),
            "it is tried again at the next start",
        )
    };
    let Some(mut day) = lock(&path, today).map_err(failed)? else { return Ok(None) };
    let mut work = Work { rooms, who, now, audit: None, tidied: Tidied::default() };
    for due in policy::due(rooms.look(), keep, now) {
        work.remove(&due)?;
    }
    if let Some(before) = policy::before(keep.history, now) {
        work.shorten(lines, before)?;
    }
    if let Some(before) = policy::before(keep.audit, now) {
        work.forget(before)?;
    }
    day.rewind().and_then(|()| day.set_len(0)).and_then(|()| writeln!(day, "{today}")).map_err(failed)?;
    Ok(Some(work.tidied))
}

/// The file of the day, locked for as long as it is held; `None`: another process has it, or it is done.
fn lock(path: &Path, today: Date) -> io::Result<Option<File>> {
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut day = String::new();
    file.read_to_string(&mut day)?;
    Ok(Some(file).filter(|_| day.trim() != today.to_string()))
}

impl Rooms {
    /// Every file of ours that is kept by the day.
    fn look(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for (kind, dir) in [
            (Kind::Recordings, &self.recordings),
            (Kind::StoppedRuns, &self.stopped_runs),
            (Kind::History, &self.explorer),
            (Kind::Log, &self.log),
        ] {
            match look(kind, dir) {
                Ok(files) => found.extend(files),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::warn!(dir = %dir.display(), %error, "old files cannot be looked for"),
            }
        }
        found
    }
}

/// The regular files of a directory whose names are of that kind.
fn look(kind: Kind, dir: &Path) -> io::Result<Vec<Found>> {
    if !fs::symlink_metadata(dir)?.is_dir() {
        return Err(io::Error::other("it is no directory"));
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // Of a link itself, never of what it leads to.
        let metadata = match entry.metadata() {
            Ok(metadata) if metadata.is_file() && policy::is_ours(kind, &name) => metadata,
            _ => continue,
        };
        let written = metadata.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
        let Some(day) = policy::day_of(kind, &name, written) else { continue };
        found.push(Found { kind, path: entry.path(), name, day, bytes: metadata.len() });
    }
    Ok(found)
}

/// Removing, and recording it first.
struct Work<'a> {
    rooms: &'a Rooms,
    who: &'a Who,
    now: Timestamp,
    /// Opened once there is something to record.
    audit: Option<Audit>,
    tidied: Tidied,
}

impl Work<'_> {
    fn audit(&mut self) -> Result<&Audit, Error> {
        if self.audit.is_none() {
            self.audit = Some(Audit::open(&self.rooms.audit)?);
        }
        self.audit.as_ref().ok_or_else(Error::panicked)
    }

    fn record(&mut self, removal: &Removal) -> Result<(), Error> {
        let (who, now) = (self.who, self.now);
        self.audit()?.removed(who, removal, now).map(drop)
    }

    /// Files that are due, all of one kind.
    fn remove(&mut self, due: &Due) -> Result<(), Error> {
        self.record(&Removal {
            kind: due.kind,
            names: due.files.iter().take(NAMED).map(|file| file.name.clone()).collect(),
            count: due.files.len() as u64,
            bytes: due.files.iter().map(|file| file.bytes).sum(),
            before: due.before.to_string(),
        })?;
        for file in &due.files {
            self.removed(due.kind, remove(file));
        }
        Ok(())
    }

    /// Lines that are due, of files that go on.
    fn shorten(&mut self, lines: &impl Lines, before: Date) -> Result<(), Error> {
        let past = match lines.past(before) {
            Ok(past) if past.is_empty() => return Ok(()),
            Ok(past) => past,
            Err(error) => {
                tracing::warn!(%error, "old runs cannot be looked for");
                return Ok(());
            }
        };
        self.record(&Removal {
            kind: Kind::History,
            names: past.iter().take(NAMED).map(|past| past.name.clone()).collect(),
            count: past.iter().map(|past| past.lines).sum(),
            bytes: past.iter().map(|past| past.bytes).sum(),
            before: before.to_string(),
        })?;
        for one in &past {
            self.removed(Kind::History, lines.remove(one, before));
        }
        Ok(())
    }

    /// Months of the trail itself, which records that and removes them.
    fn forget(&mut self, before: Date) -> Result<(), Error> {
        let months = match fs::read_dir(&self.rooms.audit) {
            Ok(entries) => entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()),
            Err(_) => return Ok(()),
        };
        if months.filter(|name| policy::is_month_before(name, before)).count() == 0 {
            return Ok(());
        }
        let (who, now) = (self.who, self.now);
        let gone = self.audit()?.forget(who, before, now)?;
        self.tidied.removed += gone.len() as u64;
        Ok(())
    }

    /// Counts, and says in the log what could not be done; not of which file, for it may be named after somebody.
    fn removed(&mut self, kind: Kind, removed: io::Result<()>) {
        match removed {
            Ok(()) => self.tidied.removed += 1,
            Err(error) => {
                self.tidied.stays += 1;
                tracing::warn!(kind = kind.name(), %error, "something is past its time and cannot be removed");
            }
        }
    }
}

/// Removes a file that is still what it was when it was looked at.
fn remove(file: &Found) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(&file.path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let written = metadata.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    if !metadata.is_file() || policy::day_of(file.kind, &file.name, written) != Some(file.day) {
        return Err(io::Error::other("it is another by now"));
    }
    fs::remove_file(&file.path)
}
