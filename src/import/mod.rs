//! Files that hold profiles, read back as the service sends them: what was exported can be browsed like a live result.
//!
//! ```text
//! file ──detect──► lines    one object a line: NDJSON, and the array that an export is
//!                  values   any other JSON: an array, objects one after the other
//!                  csv      records, by their header            ─┐
//!                  parquet  record batches, by their schema     ─┴─ columns: which is which field
//!                     │
//!                     ▼ the wire's JSON for each row, a page at a time
//!                  engine::pipeline ──► Profile, or SetAside with file, line and reason
//! ```
//!
//! Processing what is processed already changes nothing, so that rows from a file go the way of rows from the
//! service. What is no field of a profile becomes an attribute by its name. A row that cannot be read costs itself
//! alone; a file that cannot be read, or not further, costs what is left of it and says so.

mod arrow;
mod columns;
mod csv;
mod detect;
mod feed;
mod lines;
mod members;
mod parquet;
mod part;
mod reading;
#[cfg(test)]
mod tests;
mod values;

use std::fs::File;
use std::path::Path;

use jiff::Timestamp;

use self::detect::Format;
use self::feed::Feed;
use self::part::{Part, Stop};
use crate::engine::error::{Error, Kind};
use crate::engine::event::{FileState, OpenedFile, SetAside};
use crate::engine::pipeline::profile::Profile;
use crate::engine::query::FieldSet;
use crate::engine::text::{Untrusted, clean};

pub use reading::run;

/// Bytes of a row at most; a longer one is set aside.
const LONGEST_ROW: usize = 64 * 1024 * 1024;
/// Rows that are looked at to find out which fields there are, and bytes of them.
const LOOKED_AT: (u64, u64) = (1_000, 4 * 1024 * 1024);

/// A file whose rows are read one after the other.
trait Source: Send {
    /// The fields, where they are known before the rows.
    fn fields(&self) -> Option<FieldSet>;

    /// Reads rows until the part is full; `false` once there are no more.
    fn read(&mut self, part: &mut Part) -> Result<bool, Stop>;

    /// Bytes of the file that were read so far.
    fn taken(&self) -> u64;

    /// What a place in the file is called.
    fn place(&self) -> &'static str {
        "line"
    }

    /// How many rows the file says there are.
    fn rows(&self) -> Option<u64> {
        None
    }

    /// What the file says of itself.
    fn about(&self) -> Vec<(&'static str, Untrusted)> {
        Vec::new()
    }
}

/// A file that is being read.
struct Open {
    source: Box<dyn Source>,
    /// As it is told in errors.
    name: String,
    format: Format,
    /// The fields known so far.
    fields: FieldSet,
}

/// Rows of a file, processed.
#[derive(Debug, Default)]
struct Rows {
    profiles: Vec<Profile>,
    set_aside: Vec<SetAside>,
    /// Rows that could not be read, those that are not kept one by one included.
    bad: u64,
    /// A field that no row had before, and the place of that row.
    late: Option<(FieldSet, u64)>,
}

impl Open {
    /// Opens a file. `fields`: what is known of them from before.
    fn new(path: &Path, fields: FieldSet) -> Result<Self, Error> {
        let name = clean(&path.display().to_string()).into_owned();
        Self::of(path, fields).map_err(|stop| stop.error(&name)).map(|(source, format)| Self {
            fields: source.fields().unwrap_or(fields),
            source,
            name,
            format,
        })
    }

    fn of(path: &Path, fields: FieldSet) -> Result<(Box<dyn Source>, Format), Stop> {
        let file = File::open(path).map_err(Stop::from)?;
        let feed = Feed::new(file)?;
        let format = detect::format(feed.rest(), path)?;
        let source: Box<dyn Source> = match format {
            Format::Ndjson => Box::new(lines::Lines::new(feed, fields, lines::Layout::Plain)),
            Format::JsonLines => Box::new(lines::Lines::new(feed, fields, lines::Layout::Array)),
            Format::Json => Box::new(values::Values::new(feed, fields)),
            Format::Csv => Box::new(csv::Csv::new(feed)?),
            Format::Parquet => Box::new(parquet::Parquet::new(feed.into_input())?),
        };
        Ok((source, format))
    }

    /// The next rows, as the `page`th of a run; `None` at the end of the file.
    fn next(&mut self, page: u32) -> Result<Option<Rows>, Error> {
        let mut part = Part::default();
        let more = self.source.read(&mut part).map_err(|stop| stop.error(&self.name))?;
        if part.is_empty() && !more {
            return Ok(None);
        }
        let late = part.late.map(|(fields, place)| {
            let before = self.fields;
            self.fields = fields.iter().fold(before, |all, field| all.with(field, true));
            (fields, place)
        });
        let rows = part.process(self.fields, page, &self.name, self.source.place());
        Ok(Some(Rows { late, ..rows }))
    }
}

/// Finds out what a file is, and which fields its rows have.
///
/// What is wrong with it stands in its state.
pub fn look(path: &Path) -> OpenedFile {
    let mut file = named(path);
    if let Ok(known) = path.metadata() {
        file.bytes = known.len();
        file.modified = known.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    }
    if let Err(error) = look_inside(path, &mut file) {
        file.state = FileState::Failed(error);
    }
    file
}

/// A file of which nothing is known but its name.
pub fn named(path: &Path) -> OpenedFile {
    OpenedFile {
        name: path.display().to_string().into(),
        format: "",
        bytes: 0,
        modified: None,
        expected: None,
        fields: FieldSet::ID,
        rows: 0,
        set_aside: 0,
        state: FileState::Waiting,
        about: Vec::new(),
    }
}

fn look_inside(path: &Path, file: &mut OpenedFile) -> Result<(), Error> {
    let mut open = Open::new(path, FieldSet::ID)?;
    file.format = open.format.name();
    file.about = open.source.about();
    file.expected = open.source.rows();
    let mut seen = 0;
    // A fault among the first rows is found again, and told, when they are read.
    while open.source.fields().is_none() && seen < LOOKED_AT.0 && open.source.taken() < LOOKED_AT.1 {
        let mut part = Part::default();
        let Ok(more) = open.source.read(&mut part) else { break };
        seen += part.len() as u64;
        if let Some((fields, _)) = part.late {
            open.fields = fields.iter().fold(open.fields, |all, field| all.with(field, true));
        }
        if !more {
            break;
        }
    }
    file.fields = open.fields;
    Ok(())
}

/// Checks files before a screen is opened: each must be there, be a file, and be readable.
///
/// # Errors
/// All that is wrong, each with its file.
pub fn check(paths: &[impl AsRef<Path>]) -> Result<(), Vec<Error>> {
    let wrong: Vec<Error> = paths.iter().filter_map(|path| check_one(path.as_ref()).err()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn check_one(path: &Path) -> Result<(), Error> {
    let name = path.display().to_string();
    if name == "-" {
        return Err(Error::usage(
            "open -",
            "standard input is the terminal's here, and a pipe cannot be read twice",
            "write it to a file, and open that",
        ));
    }
    let known = path.metadata().map_err(|error| {
        Error::usage(&name, format!("it cannot be opened: {error}"), "check the name and the directory")
    })?;
    if known.is_dir() {
        return Err(Error::usage(&name, "it is a directory", format!("name the files in it: {name}/*")));
    }
    if !known.is_file() {
        return Err(Error::usage(
            &name,
            "it is a pipe or a device, and cannot be read twice",
            "write it to a file, and open that",
        ));
    }
    File::open(path).map(|_| ()).map_err(|error| {
        Error::usage(&name, format!("it cannot be opened: {error}"), "check who may read it (ls -l)")
    })
}

impl Stop {
    fn error(self, name: &str) -> Error {
        Error::new(Kind::Local, format!("{name} cannot be read"), self.cause, self.remedy)
    }
}
