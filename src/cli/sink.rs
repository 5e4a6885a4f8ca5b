//! Where rows go and in which shape.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::Streams;
use super::output::PartialFile;
use super::table::Table;
use crate::engine::error::{Error, Kind};
use crate::engine::pipeline::profile::Profile;
use crate::engine::query::FieldSet;
use crate::engine::text::clean;

/// The shapes that rows can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Columns for a person.
    Table,
    /// One JSON object a line.
    Ndjson,
    /// One JSON array.
    Json,
    /// Comma-separated values.
    Csv,
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
            "txt" => Ok(Self::Table),
            _ => Err(Error::usage(
                format!("-o {}", file.display()),
                "its extension names no format",
                "end it in .csv, .json, .ndjson or .txt, or say --format",
            )),
        }
    }
}

/// Writes rows one page after the other.
trait Encode {
    fn page(&mut self, out: &mut dyn Write, rows: &[Profile]) -> io::Result<()>;
    /// Writes what closes the data; nothing follows.
    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()>;
}

impl Encode for Table {
    fn page(&mut self, out: &mut dyn Write, rows: &[Profile]) -> io::Result<()> {
        self.rows(out, rows)
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        Table::finish(self, out)
    }
}

/// What the shape depends on beside itself.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns to write.
    pub fields: FieldSet,
    /// CSV cells that a spreadsheet would run as formulas stay as they are.
    pub raw_csv: bool,
    /// What is known of the streams.
    pub streams: Streams,
}

/// Where the bytes go.
enum To {
    Stdout { out: BufWriter<Box<dyn Write>>, terminal: bool },
    File(PartialFile),
}

/// A shape and a place.
pub struct Sink {
    encode: Box<dyn Encode>,
    to: To,
}

impl Sink {
    /// Rows go to stdout, a page at a time.
    pub fn stdout(shape: Shape, style: Style, out: impl Write + 'static) -> Self {
        let terminal = style.streams.stdout_is_terminal;
        let to = To::Stdout { out: BufWriter::with_capacity(64 * 1024, Box::new(out)), terminal };
        Self { encode: encoder(shape, style, terminal), to }
    }

    /// Rows go to a file.
    pub fn file(shape: Shape, style: Style, file: PartialFile) -> Self {
        Self { encode: encoder(shape, style, false), to: To::File(file) }
    }

    /// Whether rows appear on the terminal as they come.
    pub fn is_terminal(&self) -> bool {
        matches!(self.to, To::Stdout { terminal: true, .. })
    }

    /// Writes a page of rows; on stdout they are there when it returns.
    ///
    /// # Errors
    /// Whatever writing gives; a closed pipe is [`io::ErrorKind::BrokenPipe`].
    pub fn page(&mut self, rows: &[Profile]) -> io::Result<()> {
        match &mut self.to {
            To::Stdout { out, .. } => {
                self.encode.page(out, rows)?;
                out.flush()
            }
            To::File(file) => self.encode.page(file, rows),
        }
    }

    /// All rows are there: closes the data and gives a file its name. Says what was written, where that is a file.
    ///
    /// # Errors
    /// The rest cannot be written.
    pub fn finish(mut self) -> Result<Option<String>, Error> {
        match self.to {
            To::Stdout { mut out, .. } => {
                let closed = self.encode.finish(&mut out).and_then(|()| out.flush());
                unless_closed(closed)?;
                Ok(None)
            }
            To::File(mut file) => {
                let partial = file.partial().to_owned();
                self.encode.finish(&mut file).map_err(|e| unwritable(&partial.display().to_string(), &e))?;
                let target = file.finish()?;
                Ok(Some(format!("wrote {}\n", shown(&target))))
            }
        }
    }

    /// Only some rows are there: closes the data, so that what is there can be read, and leaves a file under its
    /// partial name. Says which, unless there were no rows: then no file is left.
    ///
    /// # Errors
    /// The rest cannot be written.
    pub fn keep(mut self, rows: u64) -> Result<Option<String>, Error> {
        match self.to {
            To::Stdout { .. } => self.finish(),
            To::File(file) if rows == 0 => {
                file.discard();
                Ok(None)
            }
            To::File(mut file) => {
                let partial = file.partial().to_owned();
                let kept = self.encode.finish(&mut file).and_then(|()| file.keep());
                let partial = kept.map_err(|e| unwritable(&partial.display().to_string(), &e))?;
                Ok(Some(format!("what came is in {}\n", shown(&partial))))
            }
        }
    }

    /// Writing failed: nothing more is tried. Says where what was written is, where that is a file.
    pub fn abandon(self, rows: u64) -> Option<String> {
        match self.to {
            To::File(file) if rows == 0 => {
                file.discard();
                None
            }
            To::File(file) => Some(format!("what was written is in {}\n", shown(file.partial()))),
            To::Stdout { out, .. } => {
                // Without this, dropping would try to write once more.
                drop(out.into_parts());
                None
            }
        }
    }

    /// The error for rows that could not be written.
    pub fn unwritable(&self, error: &io::Error) -> Error {
        match &self.to {
            To::Stdout { .. } => unwritable("stdout", error),
            To::File(file) => unwritable(&file.partial().display().to_string(), error),
        }
    }
}

fn encoder(shape: Shape, style: Style, terminal: bool) -> Box<dyn Encode> {
    match shape {
        Shape::Table => {
            let columns = terminal.then_some(style.streams.columns);
            Box::new(Table::new(style.fields, columns, terminal && style.streams.colour))
        }
        Shape::Ndjson | Shape::Json | Shape::Csv => Box::new(StandIn),
    }
}

/// Until the writers of `export` are there.
struct StandIn;

impl Encode for StandIn {
    fn page(&mut self, out: &mut dyn Write, rows: &[Profile]) -> io::Result<()> {
        for row in rows {
            writeln!(out, "{{\"id\":{:?}}}", row.id().map_or("", |id| id.raw()))?;
        }
        Ok(())
    }

    fn finish(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

fn unless_closed(result: io::Result<()>) -> Result<(), Error> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritable("stdout", &error)),
        _ => Ok(()),
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
