//! The diagnostic log: `tracing` into a file a day, never onto the screen.
//!
//! The audit trail does not go through here: a full queue drops lines, which a diagnosis survives and a record of who
//! looked at whom does not.

use std::borrow::Cow;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

/// Files kept, today's included.
const KEEP: usize = 14;
/// What is logged unless `CXLENS_LOG` says otherwise: our own steps, and what goes wrong elsewhere.
const FILTER: &str = "warn,cxlens=info";

/// Makes a line safe to be looked at in a terminal.
pub type Clean = fn(&str) -> Cow<'_, str>;

/// Starts the log in `dir` (made with mode 0700; files 0600, at most 14 of them). `today` names the day in UTC. Each
/// event is one line, and passes through `clean`: whoever logs a value need not think of it.
///
/// Keep the guard for as long as there is anything to log: dropping it writes what is waiting.
///
/// # Errors
/// The directory cannot be made, or `filter` is not a filter. The program goes on well without a log.
pub fn start(
    dir: &Path,
    filter: Option<&str>,
    today: impl Fn() -> Date + Send + 'static,
    clean: Clean,
) -> io::Result<WorkerGuard> {
    let filter = filter.unwrap_or(FILTER);
    let filter = EnvFilter::builder().parse(filter).map_err(|error| {
        let rule = "write one like debug, or cxlens=trace,warn";
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("CXLENS_LOG={filter:?} is no filter ({error}); {rule}"),
        )
    })?;
    let (writer, guard) = tracing_appender::non_blocking(Cleaned { out: Daily::new(dir, today)?, clean });
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(writer).finish();
    tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)?;
    Ok(guard)
}

/// Cleans what is written, an event at a time.
struct Cleaned<W> {
    out: W,
    clean: Clean,
}

impl<W: Write> Write for Cleaned<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = (self.clean)(text.strip_suffix('\n').unwrap_or(&text));
        self.out.write_all(format!("{line}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A writer that begins a file of its own each day.
///
/// `tracing-appender` has one, which leaves the mode of its files to the umask.
struct Daily<F> {
    dir: PathBuf,
    today: F,
    open: Option<(Date, File)>,
}

impl<F: Fn() -> Date> Daily<F> {
    fn new(dir: &Path, today: F) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        if fs::metadata(dir)?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
        }
        Ok(Self { dir: dir.to_owned(), today, open: None })
    }

    /// Today's file.
    fn file(&mut self) -> io::Result<&mut File> {
        let day = (self.today)();
        let open = match self.open.take() {
            Some((of, file)) if of == day => (of, file),
            _ => {
                let path = self.dir.join(format!("cxlens.{day}.log"));
                let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
                prune(&self.dir);
                (day, file)
            }
        };
        Ok(&mut self.open.insert(open).1)
    }
}

impl<F: Fn() -> Date> Write for Daily<F> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.file()?.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.as_mut().map_or(Ok(()), |(_, file)| file.flush())
    }
}

/// Removes the oldest of our files past the number that is kept. What cannot be removed stays.
fn prune(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut ours: Vec<_> = entries.flatten().map(|e| e.path()).filter(|path| is_ours(path)).collect();
    // The day stands in the name: the order of names is the order of days.
    ours.sort_unstable();
    for path in ours.iter().rev().skip(KEEP) {
        let _ = fs::remove_file(path);
    }
}

fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let day = name.strip_prefix("cxlens.").and_then(|rest| rest.strip_suffix(".log"));
    day.is_some_and(|day| day.parse::<Date>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn directory_and_files_are_the_users_alone() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("state/log");
        let mut daily = Daily::new(&dir, || "2026-03-04".parse().unwrap()).unwrap();
        daily.write_all(b"line\n").unwrap();
        let file = dir.join("cxlens.2026-03-04.log");
        assert_eq!((mode(&dir), mode(&file)), (0o700, 0o600));
        assert_eq!(fs::read_to_string(file).unwrap(), "line\n");
    }

    #[test]
    fn a_directory_that_was_open_to_others_is_closed() {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Daily::new(home.path(), Date::default).unwrap();
        assert_eq!(mode(home.path()), 0o700);
    }

    #[test]
    fn an_event_is_one_line_whatever_is_in_it() {
        fn marks(text: &str) -> Cow<'_, str> {
            text.replace('\x1b', "␛").replace('\n', "␊").into()
        }
        let mut log = Cleaned { out: Vec::new(), clean: marks };
        assert_eq!(log.write(b"a\x1b[2J\nb\xff\n").unwrap(), 9);
        log.write_all(b"c\n").unwrap();
        assert_eq!(String::from_utf8(log.out).unwrap(), "a␛[2J␊b\u{fffd}\nc\n");
    }

    #[test]
    fn each_day_has_its_file_and_only_the_last_fourteen_stay() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("notes.log"), "mine").unwrap();
        let day = Rc::new(Cell::new(1_i8));
        let today = Rc::clone(&day);
        let mut daily = Daily::new(home.path(), move || Date::constant(2026, 3, today.get())).unwrap();
        for n in 1..=20 {
            day.set(n);
            daily.write_all(b"a\n").unwrap();
            daily.write_all(b"b\n").unwrap();
        }
        let names = names(home.path());
        assert_eq!(names.len(), 15, "{names:?}");
        assert_eq!(names[0], "cxlens.2026-03-07.log");
        assert_eq!(names[14], "notes.log");
        assert_eq!(fs::read_to_string(home.path().join("cxlens.2026-03-20.log")).unwrap(), "a\nb\n");
    }

    #[test]
    fn a_place_that_cannot_hold_a_directory_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Daily::new(&file.join("log"), Date::default).is_err());
    }

    #[test]
    fn a_filter_that_is_none_is_named() {
        let home = tempfile::tempdir().unwrap();
        let error =
            start(home.path(), Some("cxlens=loud"), Date::default, |text| Cow::Borrowed(text)).unwrap_err();
        assert!(error.to_string().contains("cxlens=loud"), "{error}");
    }
}
