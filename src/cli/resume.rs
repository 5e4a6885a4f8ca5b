//! `--resume`: what a stopped run leaves on the disk, so that a later one goes on from there.
//!
//! A file for each tenant and output, 0600 in a directory 0700: it holds the query with its IDs, and goes when the
//! run is whole. The rows themselves stay where they were written.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::sink::Shape;
use crate::engine::error::{Error, Kind};
use crate::engine::options::Service;
use crate::engine::place::Place;
use crate::engine::text::clean;

/// Whom a run asked: it is not taken up with another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whom {
    tenant: String,
    /// Origin and client; `None` for the embedded service, which takes a new port each time.
    at: Option<(String, String)>,
}

impl Whom {
    /// A tenant.
    pub fn tenant(service: &Service) -> Self {
        let at = Some((service.base_url.as_str().to_owned(), service.client_id.clone()));
        Self { tenant: service.tenant.clone(), at }
    }

    /// The embedded service.
    pub fn sandbox() -> Self {
        Self { tenant: "sandbox".to_owned(), at: None }
    }
}

/// Where rows go and how they are written: what a run has in common with the one that takes it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The file; `None` for stdout.
    pub output: Option<PathBuf>,
    /// The shape of the rows.
    pub shape: Shape,
    /// Cells that a spreadsheet would run as formulas stay as they are.
    pub raw_csv: bool,
    /// CSV has a column for each attribute.
    #[serde(default)]
    pub flatten: bool,
    /// A file of that name is replaced when all is written.
    pub force: bool,
}

/// What a stopped run left.
#[derive(Debug, Serialize, Deserialize)]
pub struct Stopped {
    whom: Whom,
    /// Where its rows went.
    pub target: Target,
    /// Bytes of whole rows in the partial file.
    pub bytes: u64,
    /// Where to go on.
    pub place: Arc<Place>,
}

/// The directory that stopped runs are kept in.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    whom: Whom,
}

impl Store {
    /// The runs of one service. Nothing is read or made yet.
    pub fn new(dir: PathBuf, whom: Whom) -> Self {
        Self { dir, whom }
    }

    /// Keeps a stopped run, instead of an earlier one with the same output. Returns what takes it up, as typed.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&self, target: &Target, bytes: u64, place: Arc<Place>) -> Result<String, Error> {
        let path = self.path(target.output.as_deref());
        let typed = target.output.as_deref();
        // It may be taken up from another directory.
        let target = Target { output: typed.map(absolute), ..target.clone() };
        let stopped = Stopped { whom: self.whom.clone(), target, bytes, place };
        self.write(&path, &stopped).map_err(|error| {
            let cause = format!("where the run stopped cannot be kept: {error}");
            Error::new(Kind::Local, path.display().to_string(), cause, "what came is there; run it again")
        })?;
        let mut command = "cxlens query --resume".to_owned();
        if let Some(file) = typed {
            command = format!("{command} -o {}", clean(&file.display().to_string()));
        }
        if self.whom.at.is_none() {
            command.push_str(" --sandbox");
        }
        Ok(command)
    }

    /// The stopped run with this output; without one, the last that stopped.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn find(&self, output: Option<&Path>) -> Result<Stopped, Error> {
        let path = match output {
            Some(file) => Some(self.path(Some(file))),
            None => self.newest(),
        };
        let none = || {
            let tenant = &self.whom.tenant;
            let cause = match output {
                Some(file) => format!("no run of tenant {tenant} into {} stopped on its way", file.display()),
                None => format!("no run of tenant {tenant} stopped on its way"),
            };
            let remedy = match output.map(|file| Shape::guess(Some(file), false)) {
                Some(Ok(Shape::Parquet)) => {
                    "run the query again; Parquet is written in one go, and a run into .ndjson can be taken up"
                }
                _ => {
                    "run the query, with what it asks for; one into Parquet or with --flatten is not taken up"
                }
            };
            Error::usage("--resume", cause, remedy)
        };
        let path = path.ok_or_else(none)?;
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(none()),
            opened => opened.map_err(|error| unreadable(&path, &error))?,
        };
        let stopped: Stopped =
            serde_json::from_reader(BufReader::new(file)).map_err(|error| unreadable(&path, &error))?;
        if stopped.whom == self.whom {
            return Ok(stopped);
        }
        Err(Error::usage(
            "--resume",
            format!("the run of tenant {} asked another address or as another client", self.whom.tenant),
            "use the settings that it ran with, or run the query again",
        ))
    }

    /// A run with this output is whole, or begins anew: nothing is left to take up.
    pub fn forget(&self, output: Option<&Path>) {
        let _ = fs::remove_file(self.path(output));
    }

    fn path(&self, output: Option<&Path>) -> PathBuf {
        let name = match output {
            // Paths may hold anything and be of any length.
            Some(file) => {
                format!("{:016x}", SipHasher13::new().hash(absolute(file).as_os_str().as_encoded_bytes()))
            }
            None => "stdout".to_owned(),
        };
        self.dir.join(format!("{}{name}.json", self.prefix()))
    }

    /// A tenant's name is a DNS label: nothing in it could leave the directory or end in a longer name's prefix.
    fn prefix(&self) -> String {
        format!("{}.", self.whom.tenant)
    }

    fn newest(&self) -> Option<PathBuf> {
        let prefix = self.prefix();
        let modified =
            |path: &PathBuf| fs::metadata(path).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        fs::read_dir(&self.dir)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .filter(|path| path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(&prefix)))
            .max_by_key(modified)
    }

    /// Whole or not at all: written beside its name and renamed.
    fn write(&self, path: &Path, stopped: &Stopped) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
        let mut out = BufWriter::new(&mut file);
        serde_json::to_writer(&mut out, stopped)?;
        out.flush()?;
        drop(out);
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }
}

/// The path from the root; as it is where there is no working directory any more.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    let cause = format!("where the run stopped cannot be read: {error}");
    Error::new(Kind::Local, path.display().to_string(), cause, "remove the file, and run the query again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::place::Seen;
    use crate::engine::query::Draft;
    use std::os::unix::fs::PermissionsExt as _;

    fn place(rows: u64) -> Arc<Place> {
        let query = Draft { ids: vec!["PROF-001".into()], ..Draft::default() }.check().unwrap();
        let seen = Seen::default();
        Arc::new(Place {
            query,
            batch: 1,
            page: 2,
            target: None,
            rows,
            withheld: 0,
            pages: 1,
            total: None,
            totals: 0,
            seen,
        })
    }

    fn target(output: Option<&str>) -> Target {
        Target {
            output: output.map(PathBuf::from),
            shape: Shape::Csv,
            raw_csv: true,
            flatten: false,
            force: false,
        }
    }

    fn store(dir: &Path, tenant: &str) -> Store {
        Store::new(
            dir.join("resume"),
            Whom { tenant: tenant.into(), at: Some(("https://a".into(), "me".into())) },
        )
    }

    #[test]
    fn a_stopped_run_is_found_by_its_output_or_as_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path(), "acme");
        assert!(store.find(None).unwrap_err().cause.contains("stopped on its way"));
        let command = store.keep(&target(Some("/tmp/a.csv")), 10, place(1)).unwrap();
        assert_eq!(command, "cxlens query --resume -o /tmp/a.csv");
        assert_eq!(store.keep(&target(None), 0, place(2)).unwrap(), "cxlens query --resume");
        let found = store.find(Some(Path::new("/tmp/a.csv"))).unwrap();
        assert_eq!((found.place.rows, found.bytes, found.target), (1, 10, target(Some("/tmp/a.csv"))));
        store.forget(Some(Path::new("/tmp/a.csv")));
        assert!(store.find(Some(Path::new("/tmp/a.csv"))).is_err());
        assert_eq!(store.find(None).unwrap().place.rows, 2);
    }

    #[test]
    fn it_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path(), "acme");
        store.keep(&target(None), 0, place(1)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&store.dir), mode(&store.path(None))), (0o700, 0o600));
    }

    #[test]
    fn another_tenant_or_client_does_not_take_it_up() {
        let dir = tempfile::tempdir().unwrap();
        store(dir.path(), "acme").keep(&target(None), 0, place(1)).unwrap();
        assert!(store(dir.path(), "acm").find(None).is_err());
        let mut other = store(dir.path(), "acme");
        other.whom.at = Some(("https://a".into(), "somebody-else".into()));
        assert!(other.find(None).unwrap_err().cause.contains("another client"));
    }

    #[test]
    fn a_broken_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path(), "acme");
        store.keep(&target(None), 0, place(1)).unwrap();
        fs::write(store.path(None), "{").unwrap();
        let error = store.find(None).unwrap_err();
        assert!(error.what.contains("resume") && error.remedy.contains("remove"), "{error}");
    }
}
