//! Writing the rows of the table to a file, on another thread, from their columns.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::error::{Error, Kind};
use crate::engine::query::Field;
use crate::export::{Cell, End, Finished, Format, PartialFile, Row, Source, Spec, Writer};
use crate::rows::{Column, Content, Data, PathId};

/// Which rows are to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that are marked.
    Marked,
    /// Those that are shown, in their order.
    Shown,
    /// All that came, in the order in which they came.
    All,
}

/// Rows between two tellings.
const STEP: usize = 10_000;

/// Rows that are to be written.
pub struct Saving {
    /// The columns.
    pub data: Data,
    /// The rows in the order in which they are written; `None`: all, as they came.
    pub order: Option<Vec<u32>>,
    /// The attributes that the columns to be written name by their numbers.
    pub attributes: Vec<PathId>,
    /// The file.
    pub target: PathBuf,
    /// Whether a file that is there is replaced.
    pub replace: bool,
    /// How they are written.
    pub spec: Spec,
    /// Whether it was given up.
    pub stopped: Arc<AtomicBool>,
}

impl fmt::Debug for Saving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Saving({} rows)", self.rows())
    }
}

/// How far it is.
#[derive(Debug)]
pub enum Told {
    /// So many rows are written.
    Written(u64),
    /// All of them are.
    Done(PathBuf),
    /// It was given up; what was written is in this file.
    Stopped(PathBuf),
    /// It cannot be done.
    Failed(Error),
}

/// The format that a file's name asks for.
pub fn format_of(path: &Path) -> Option<Format> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    let named =
        |format: &Format| format.name() == extension || *format == Format::Ndjson && extension == "jsonl";
    Format::ALL.into_iter().find(named)
}

impl Saving {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.order.as_ref().map_or(self.data.len(), Vec::len)
    }

    /// Writes them. `tell` hears now and then how far it is.
    pub fn run(self, tell: &mut dyn FnMut(Told) -> bool) {
        let target = self.target.clone();
        let told = self.write(tell).unwrap_or_else(|error| {
            Told::Failed(error.unwrap_or_else(|error| {
                let what = target.display().to_string();
                let remedy =
                    "check the disk and its space; what was written is in the same place, ending in .partial";
                Error::new(Kind::Local, what, format!("it cannot be written: {error}"), remedy)
            }))
        });
        tell(told);
    }

    fn write(self, tell: &mut dyn FnMut(Told) -> bool) -> Result<Told, Result<Error, io::Error>> {
        let file = PartialFile::create(&self.target, self.replace).map_err(Ok)?;
        let mut writer = Writer::new(file, &self.spec).map_err(Err)?;
        let mut goes_on =
            |written: u64| !self.stopped.load(Ordering::Relaxed) && tell(Told::Written(written));
        let mut attributes = String::new();
        let whole = Source::Field(Field::Attributes);
        let has_attributes = self.spec.columns().iter().any(|column| column.source == whole);
        let mut stopped = false;
        for at in 0..self.rows() {
            if at % STEP == 0 && !goes_on(at as u64) {
                stopped = true;
                break;
            }
            let row = self.order.as_ref().map_or(at, |order| order[at] as usize);
            attributes.clear();
            let has_shape = match self.data.cell(row, Field::Attributes.into()).content {
                Content::Attributes(shaped) if has_attributes => {
                    shaped.json(&mut attributes);
                    true
                }
                _ => false,
            };
            let attributes = has_shape.then_some(attributes.as_str());
            let row = Lent { data: &self.data, row, attributes, paths: &self.attributes };
            writer.row(&row).map_err(Err)?;
        }
        let end = if stopped { End::Cut } else { End::Whole };
        let mut watch =
            |written| if goes_on(written) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
        let Finished { out, missing } = writer.finish(end, &mut watch).map_err(Err)?;
        if stopped || missing > 0 {
            return Ok(Told::Stopped(out.keep().map_err(Err)?));
        }
        out.finish().map(Told::Done).map_err(Ok)
    }
}

/// A row of the columns.
struct Lent<'a> {
    data: &'a Data,
    row: usize,
    /// Attributes that were put together for this row.
    attributes: Option<&'a str>,
    paths: &'a [PathId],
}

impl Row for Lent<'_> {
    fn attribute(&self, number: usize) -> Cell<'_> {
        let Some(path) = self.paths.get(number) else { return Cell::Nothing };
        match self.data.cell(self.row, Column::Attribute(*path)).content {
            Content::Text(raw) => Cell::Text(raw.raw()),
            Content::Number(raw) | Content::Bool(raw) | Content::Json(raw) => Cell::Json(raw.raw()),
            _ => Cell::Nothing,
        }
    }

    fn cell(&self, field: Field) -> Cell<'_> {
        match self.data.cell(self.row, Column::Field(field)).content {
            Content::NotAsked | Content::Missing | Content::Null => Cell::Nothing,
            Content::Text(raw) if matches!(field, Field::Tags | Field::Attributes) => Cell::Json(raw.raw()),
            Content::Text(raw) => Cell::Text(raw.raw()),
            Content::Number(raw) | Content::Bool(raw) | Content::Json(raw) => Cell::Json(raw.raw()),
            Content::Attributes(_) => self.attributes.map_or(Cell::Nothing, Cell::Json),
        }
    }
}
