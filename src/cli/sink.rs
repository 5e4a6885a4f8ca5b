//! Where rows go and in which shape.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Streams;
use super::table::Table;
use crate::engine::error::{Error, Kind};
use crate::engine::pipeline::profile::Profile;
use crate::engine::query::FieldSet;
use crate::engine::text::clean;
use crate::export;
use crate::export::PartialFile;

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

/// What the shape depends on beside itself.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns to write.
    pub fields: FieldSet,
    /// CSV cells that a spreadsheet would run as formulas stay as they are.
    pub raw_csv: bool,
    /// Rows of an earlier run are there already: no header comes before what comes now.
    pub goes_on: bool,
    /// What is known of the streams.
    pub streams: Streams,
}

/// Where the bytes go.
enum To {
    Stdout(BufWriter<Box<dyn Write>>),
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

/// What an interrupted run leaves.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    /// Bytes of whole rows in a file, before what closes the data.
    pub bytes: u64,
    /// Where they are, for a person.
    pub said: Option<String>,
}

/// A shape and a place for rows.
pub struct Sink {
    rows: Rows,
    /// The file that is being written; `None` for stdout.
    partial: Option<PathBuf>,
    terminal: bool,
}

impl Sink {
    /// Rows go to stdout, a page at a time.
    pub fn stdout(shape: Shape, style: Style, out: impl Write + 'static) -> Self {
        let to = To::Stdout(BufWriter::with_capacity(64 * 1024, Box::new(out)));
        let terminal = style.streams.stdout_is_terminal;
        Self { rows: rows(shape, style, terminal, to), partial: None, terminal }
    }

    /// Rows go to a file.
    pub fn file(shape: Shape, style: Style, file: PartialFile) -> Self {
        let partial = Some(file.partial().to_owned());
        Self { rows: rows(shape, style, false, To::File(file)), partial, terminal: false }
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
    ///
    /// # Errors
    /// The rest cannot be written.
    pub fn finish(self) -> Result<Option<String>, Error> {
        match self.close()? {
            To::File(file) => Ok(Some(format!("wrote {}\n", shown(&file.finish()?)))),
            To::Stdout(_) => Ok(None),
        }
    }

    /// Only some rows are there: closes the data, so that what is there can be read, and leaves a file under its
    /// partial name. Says which, unless there were no rows: then no file is left.
    ///
    /// # Errors
    /// The rest cannot be written.
    pub fn keep(mut self, count: u64) -> Result<Kept, Error> {
        if count == 0 && self.partial.is_some() {
            return Ok(Kept { bytes: 0, said: self.abandon(count) });
        }
        let place = self.place();
        let failed = |e: io::Error| unwritable(&place, &e);
        let to = match &mut self.rows {
            Rows::Table(_, to) => to,
            Rows::Export(writer) => {
                // Whatever fails here fails again on closing, and is told there.
                let _ = writer.flush();
                writer.output()
            }
        };
        let bytes = match to {
            To::File(file) => file.bytes().map_err(failed)?,
            To::Stdout(_) => 0,
        };
        match self.close()? {
            To::File(file) => {
                let partial = file.keep().map_err(failed)?;
                Ok(Kept { bytes, said: Some(format!("what came is in {}\n", shown(&partial))) })
            }
            To::Stdout(_) => Ok(Kept { bytes, said: None }),
        }
    }

    /// Writing failed: nothing more is tried. Says where what was written is, where that is a file.
    pub fn abandon(self, count: u64) -> Option<String> {
        let partial = self.partial?;
        drop(self.rows);
        if count == 0 {
            let _ = std::fs::remove_file(&partial);
            return None;
        }
        Some(format!("what was written is in {}\n", shown(&partial)))
    }

    /// The error for rows that could not be written.
    pub fn unwritable(&self, error: &io::Error) -> Error {
        unwritable(&self.place(), error)
    }

    fn place(&self) -> String {
        self.partial.as_deref().map_or_else(|| "stdout".to_owned(), shown)
    }

    /// Writes what closes the data. A pipe that nobody reads any more needs none.
    fn close(self) -> Result<To, Error> {
        let place = self.place();
        let closed = match self.rows {
            Rows::Table(mut table, mut to) => table.finish(&mut to).and_then(|()| to.flush()).map(|()| to),
            Rows::Export(writer) => writer.finish(),
        };
        match closed {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && self.partial.is_none() => {
                Ok(To::Stdout(BufWriter::new(Box::new(io::sink()))))
            }
            other => other.map_err(|e| unwritable(&place, &e)),
        }
    }
}

fn rows(shape: Shape, style: Style, terminal: bool, to: To) -> Rows {
    let format = match shape {
        Shape::Table => {
            let columns = terminal.then_some(style.streams.columns);
            let colour = terminal && style.streams.colour;
            return Rows::Table(Table::new(style.fields, columns, colour, style.goes_on && !terminal), to);
        }
        Shape::Ndjson => export::Format::Ndjson,
        Shape::Json => export::Format::Json,
        Shape::Csv => export::Format::Csv,
    };
    let csv = export::CsvOptions { raw: style.raw_csv, clean_for_terminal: terminal };
    // What went to stdout before is somewhere else: only lines go on there.
    let goes_on = style.goes_on && (matches!(to, To::File(_)) || shape != Shape::Json);
    let new = if goes_on { export::Writer::going_on } else { export::Writer::new };
    Rows::Export(new(to, format, style.fields, csv))
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
        for unknown in ["people", "people.parquet", "people.", ".csv"] {
            let error = guess(unknown).unwrap_err();
            assert!(error.what.contains(unknown) && error.remedy.contains("--format"), "{error}");
        }
    }
}
