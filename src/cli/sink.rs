//! Where rows go and in which shape.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Streams;
use super::table::Table;
use crate::engine::error::{Error, Kind};
use crate::engine::pipeline::profile::Profile;
use crate::engine::query::FieldSet;
use crate::engine::retention::Window;
use crate::engine::text::clean;
use crate::export::{self, CsvOptions, End, Finished, Format, Origin, PartialFile, Spec, Watch};

/// The shapes that rows can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Columns for a person.
    Table,
    /// One JSON object a line.
    Ndjson,
    /// One JSON array.
    Json,
    /// Comma-separated values.
    Csv,
    /// Apache Parquet, into a file.
    Parquet,
}

impl Shape {
    /// The shape that was not said: a table on a terminal, NDJSON in a pipe, by the extension of a file.
    ///
    /// # Errors
    /// The file's extension says nothing.
    pub fn guess(file: Option<&Path>, stdout_is_terminal: bool) -> Result<Self, Error> {
        let Some(file) = file else {
            return Ok(if stdout_is_terminal { Self::Table } else { Self::Ndjson });
        };
        let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        match extension.as_str() {
            "ndjson" | "jsonl" => Ok(Self::Ndjson),
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv),
            "parquet" => Ok(Self::Parquet),
            "txt" => Ok(Self::Table),
            _ => Err(Error::usage(
                format!("-o {}", file.display()),
                "its extension names no format",
                "end it in .csv, .json, .ndjson, .parquet or .txt, or say --format",
            )),
        }
    }

    /// The format of an export; a table is none.
    fn format(self) -> Option<Format> {
        match self {
            Self::Table => None,
            Self::Ndjson => Some(Format::Ndjson),
            Self::Json => Some(Format::Json),
            Self::Csv => Some(Format::Csv),
            Self::Parquet => Some(Format::Parquet),
        }
    }
}

/// What the shape depends on beside itself.
#[derive(Clone, Debug)]
pub struct Style {
    /// Columns to write.
    pub fields: FieldSet,
    /// CSV cells that a spreadsheet would run as formulas stay as they are.
    pub raw_csv: bool,
    /// CSV has a column for each attribute.
    pub flatten: bool,
    /// Where the rows come from, for a format that keeps it.
    pub origin: Option<Origin>,
    /// What profiles are kept for: a table marks those from before it.
    pub window: Option<Window>,
    /// Rows of an earlier run are there already: no header comes before what comes now.
    pub goes_on: bool,
    /// What is known of the streams.
    pub streams: Streams,
}

/// Where the bytes go.
enum To {
    Stdout(BufWriter<Box<dyn Write + Send>>),
    File(PartialFile),
}

impl Write for To {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            // A reader waits for stdout; nobody reads a file that has no name yet.
            Self::File(_) => Ok(()),
        }
    }
}

/// How the bytes are made.
enum Rows {
    Table(Table, To),
    Export(export::Writer<To>),
}

/// What is there when nothing more is written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Bytes of whole rows in a file that can be gone on with, before what closes the data.
    pub bytes: u64,
    /// Rows that had come and are not written, because whoever watched had it stopped.
    pub missing: u64,
    /// Where they are, for a person.
    pub said: Option<String>,
}

/// A shape and a place for rows.
pub struct Sink {
    rows: Rows,
    shape: Shape,
    /// The file that is being written; `None` for stdout.
    partial: Option<PathBuf>,
    terminal: bool,
    can_go_on: bool,
}

impl Sink {
    /// Rows go to stdout, a page at a time.
    ///
    /// # Errors
    /// There is no place for rows to wait in; or the shape needs a file.
    pub fn stdout(shape: Shape, style: &Style, out: impl Write + Send + 'static) -> Result<Self, Error> {
        if shape == Shape::Parquet {
            let cause = "Parquet is not written to stdout: its end tells a reader where all the rest is";
            return Err(Error::usage("--format parquet", cause, "name a file: -o people.parquet"));
        }
        let to = To::Stdout(BufWriter::with_capacity(64 * 1024, Box::new(out)));
        Self::new(shape, style, to, None, style.streams.stdout_is_terminal)
    }

    /// Rows go to a file.
    ///
    /// # Errors
    /// It cannot be begun.
    pub fn file(shape: Shape, style: &Style, file: PartialFile) -> Result<Self, Error> {
        let partial = file.partial().to_owned();
        Self::new(shape, style, To::File(file), Some(partial), false)
    }

    fn new(
        shape: Shape,
        style: &Style,
        to: To,
        partial: Option<PathBuf>,
        terminal: bool,
    ) -> Result<Self, Error> {
        let Some(format) = shape.format() else {
            let columns = terminal.then_some(style.streams.columns);
            let colour = terminal && style.streams.colour;
            let table = Table::new(style.fields, columns, colour, style.goes_on && !terminal)
                .with_window(style.window);
            return Ok(Self { rows: Rows::Table(table, to), shape, partial, terminal, can_go_on: true });
        };
        let spec = Spec {
            csv: CsvOptions { raw: style.raw_csv, clean_for_terminal: terminal, flatten: style.flatten },
            // What went to stdout before is somewhere else: only lines go on there.
            goes_on: style.goes_on && (partial.is_some() || shape != Shape::Json),
            waiting_room: partial.as_deref().map(directory),
            origin: style.origin.clone(),
            ..Spec::new(format, style.fields)
        };
        let can_go_on = spec.can_go_on();
        let place = place(partial.as_deref());
        let writer = export::Writer::new(to, &spec).map_err(|error| unwritable(&place, &error))?;
        Ok(Self { rows: Rows::Export(writer), shape, partial, terminal, can_go_on })
    }

    /// Rows that are only written at the end.
    pub fn waiting(&self) -> u64 {
        match &self.rows {
            Rows::Table(..) => 0,
            Rows::Export(writer) => writer.waiting(),
        }
    }

    /// Whether a run that stops can be taken up where it was.
    pub fn can_go_on(&self) -> bool {
        self.can_go_on
    }

    /// Whether rows appear on the terminal as they come.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Writes a page of rows; on stdout they are there when it returns.
    ///
    /// # Errors
    /// Whatever writing gives; a closed pipe is [`io::ErrorKind::BrokenPipe`].
    pub fn page(&mut self, page: &[Profile]) -> io::Result<()> {
        match &mut self.rows {
            Rows::Table(table, to) => {
                table.rows(to, page)?;
                to.flush()
            }
            Rows::Export(writer) => {
                page.iter().try_for_each(|row| writer.row(row))?;
                writer.flush()
            }
        }
    }

    /// All rows are there: closes the data and gives a file its name. Says what was written, where that is a file.
    /// Stopped by `watch`, it leaves a file under its partial name.
    ///
    /// # Errors
    /// The rest cannot be written.
    pub fn finish(self, watch: &mut Watch<'_>) -> Result<Kept, Error> {
        let (place, shape) = (self.place(), self.shape);
        let Finished { out, missing } = self.close(End::Whole, watch)?;
        let said = match out {
            To::File(mut file) if missing == 0 => {
                if shape == Shape::Parquet
                    && let Err(error) = file.flush()
                {
                    // It cannot be read without its end.
                    let _ = std::fs::remove_file(file.partial());
                    return Err(unwritable(&place, &error));
                }
                Some(format!("wrote {}\n", shown(&file.finish()?)))
            }
            To::File(file) => {
                let partial = file.keep().map_err(|e| unwritable(&place, &e))?;
                Some(format!("what was written is in {}\n", shown(&partial)))
            }
            To::Stdout(_) => None,
        };
        Ok(Kept { bytes: 0, missing, said })
    }

    /// Only some rows are there: closes the data, so that what is there can be read, and leaves a file under its
    /// partial name. Says which, unless there were no rows: then no file is left.
    ///
    /// # Errors
    /// The rest cannot be written.
    pub fn keep(mut self, count: u64, watch: &mut Watch<'_>) -> Result<Kept, Error> {
        if count == 0 && self.partial.is_some() {
            return Ok(Kept { said: self.abandon(count), ..Kept::default() });
        }
        let place = self.place();
        let failed = |e: io::Error| unwritable(&place, &e);
        let bytes = if self.can_go_on { self.bytes().map_err(failed)? } else { 0 };
        let readable = if self.shape == Shape::Parquet { ", which can be read as it is" } else { "" };
        let Finished { out, missing } = self.close(End::Cut, watch)?;
        let said = match out {
            To::File(file) => {
                let partial = file.keep().map_err(failed)?;
                Some(format!("what came is in {}{readable}\n", shown(&partial)))
            }
            To::Stdout(_) => None,
        };
        Ok(Kept { bytes, missing, said })
    }

    /// Bytes of whole rows in a file.
    fn bytes(&mut self) -> io::Result<u64> {
        let to = match &mut self.rows {
            Rows::Table(_, to) => Some(to),
            Rows::Export(writer) => {
                // Whatever fails here fails again on closing, and is told there.
                let _ = writer.flush();
                writer.output()
            }
        };
        match to {
            Some(To::File(file)) => file.bytes(),
            Some(To::Stdout(_)) | None => Ok(0),
        }
    }

    /// Writing failed: nothing more is tried. Says where what was written is, where that is a file; one that is of no
    /// use is not left.
    pub fn abandon(self, count: u64) -> Option<String> {
        let partial = self.partial?;
        drop(self.rows);
        let is_empty = std::fs::metadata(&partial).is_ok_and(|meta| meta.len() == 0);
        let why = match self.shape {
            _ if count == 0 => None,
            Shape::Parquet => Some("a Parquet file cannot be read without its end"),
            _ if is_empty => Some("no row was in the file yet"),
            _ => return Some(format!("what was written is in {}\n", shown(&partial))),
        };
        let _ = std::fs::remove_file(&partial);
        why.map(|why| format!("nothing is kept: {why}\n"))
    }

    /// The error for rows that could not be written.
    pub fn unwritable(&self, error: &io::Error) -> Error {
        unwritable(&self.place(), error)
    }

    fn place(&self) -> String {
        place(self.partial.as_deref())
    }

    /// Writes what waits and what closes the data. A pipe that nobody reads any more needs none.
    fn close(self, end: End, watch: &mut Watch<'_>) -> Result<Finished<To>, Error> {
        let place = self.place();
        let closed = match self.rows {
            Rows::Table(mut table, mut to) => {
                table.finish(&mut to).and_then(|()| to.flush()).map(|()| Finished { out: to, missing: 0 })
            }
            Rows::Export(writer) => writer.finish(end, watch),
        };
        match closed {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && self.partial.is_none() => {
                Ok(Finished { out: To::Stdout(BufWriter::new(Box::new(io::sink()))), missing: 0 })
            }
            other => other.map_err(|e| unwritable(&place, &e)),
        }
    }
}

fn place(partial: Option<&Path>) -> String {
    partial.map_or_else(|| "stdout".to_owned(), shown)
}

/// The directory of a file.
fn directory(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn unwritable(place: &str, error: &io::Error) -> Error {
    let remedy = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room, and run it again",
        _ => "check where it is written to, and run it again",
    };
    Error::new(Kind::Local, place, format!("it cannot be written: {error}"), remedy)
}

fn shown(path: &Path) -> String {
    clean(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_that_was_not_said_is_guessed() {
        let guess = |file: &str| Shape::guess(Some(Path::new(file)), true);
        assert_eq!(Shape::guess(None, true), Ok(Shape::Table));
        assert_eq!(Shape::guess(None, false), Ok(Shape::Ndjson));
        assert_eq!(guess("a.CSV"), Ok(Shape::Csv));
        assert_eq!(guess("a.b/a.json"), Ok(Shape::Json));
        assert_eq!((guess("a.jsonl"), guess("a.txt")), (Ok(Shape::Ndjson), Ok(Shape::Table)));
        assert_eq!(guess("a.parquet"), Ok(Shape::Parquet));
        for unknown in ["people", "people.orc", "people.", ".csv"] {
            let error = guess(unknown).unwrap_err();
            assert!(error.what.contains(unknown) && error.remedy.contains("--format"), "{error}");
        }
    }
}
