//! CSV, by its header.
//!
//! Cut by hand rather than with the `csv` crate, which takes a quote that is never closed for one cell to the end of
//! the file: here such a quote costs its line. The tests hold it against that crate.

use std::borrow::Cow;
use std::io::Read;

use memchr::{memchr, memchr_iter};

use super::Source;
use super::columns::{Columns, Use};
use super::feed::Feed;
use super::lines::limit;
use super::part::{Part, Stop};
use crate::engine::pipeline::{is_json, json, spells_a_value};
use crate::engine::query::FieldSet;
use crate::export::is_formula;

/// What may stand between cells; of those that fit the header equally well the first.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

pub(super) struct Csv<R> {
    feed: Feed<R>,
    separator: u8,
    columns: Columns,
    /// Cells that a record has.
    width: usize,
    /// The line that the next record begins on.
    line: u64,
}

/// Where a record ends.
enum End {
    /// So many bytes on, its line break aside.
    At(usize),
    /// It does not: a quote is never closed, or it is longer than a row may be.
    Open,
    /// There are no more.
    Never,
}

impl<R: Read> Csv<R> {
    pub(super) fn new(mut feed: Feed<R>) -> Result<Self, Stop> {
        let stop = |cause: &str| Stop { cause: cause.to_owned(), remedy: "look at its first line" };
        let length = loop {
            match end(&mut feed, &SEPARATORS)? {
                // Blank lines before the header.
                End::At(length) if feed.rest()[..length].trim_ascii().is_empty() => feed.take(length + 1),
                End::At(length) => break length,
                End::Open => return Err(stop("a quote in its header is never closed")),
                End::Never => return Err(stop("it has no header")),
            }
        };
        let header = std::str::from_utf8(&feed.rest()[..length])
            .map_err(|_| stop("its header is not UTF-8"))?
            .trim_end_matches('\r');
        let mut found: Option<(u8, usize, Columns)> = None;
        let mut wrong = None;
        for separator in SEPARATORS {
            let cells = cells(header, separator);
            let names: Vec<&str> = cells.iter().map(|cell| unguarded(cell)).collect();
            match Columns::of(&names) {
                Ok(columns)
                    if found.as_ref().is_none_or(|(.., best)| columns.known().len() > best.known().len()) =>
                {
                    found = Some((separator, names.len(), columns));
                }
                Ok(_) => {}
                Err(stop) => wrong = wrong.or(Some(stop)),
            }
        }
        let Some((separator, width, columns)) = found else {
            return Err(wrong.unwrap_or_else(|| stop("it has no header")));
        };
        let mut csv = Self { feed, separator, columns, width, line: 1 };
        csv.take(length + 1);
        Ok(csv)
    }

    fn take(&mut self, bytes: usize) {
        let rest = self.feed.rest();
        self.line += memchr_iter(b'\n', &rest[..bytes.min(rest.len())]).count() as u64;
        self.feed.take(bytes);
    }

    /// Sets the first line of what is there aside, and goes on behind it: where a stray quote has joined lines, those
    /// that follow are rows of their own.
    fn line_aside(&mut self, part: &mut Part, reason: &str) -> Result<(), Stop> {
        let rest = self.feed.rest();
        let line = memchr(b'\n', rest).unwrap_or(rest.len());
        part.bad(self.line, reason, &rest[..line]);
        self.line += 1;
        Ok(self.feed.skip_line()?)
    }

    fn record(&mut self, part: &mut Part, length: usize) -> Result<(), Stop> {
        let record = &self.feed.rest()[..length];
        let joined = memchr(b'\n', record).is_some();
        let why = if joined { ": a quote may be missing or too many" } else { "" };
        let whole = length < self.feed.rest().len() || !self.feed.is_ended();
        let text = match std::str::from_utf8(record) {
            Ok(text) => text.strip_suffix('\r').unwrap_or(text),
            Err(error) => {
                let reason = format!("invalid UTF-8 at byte {} of the row{why}", error.valid_up_to() + 1);
                return self.line_aside(part, &reason);
            }
        };
        if text.is_empty() {
            self.take(length + 1);
            return Ok(());
        }
        let cells = cells(text, self.separator);
        if cells.len() != self.width {
            let cut = if whole { "" } else { "; the file ends in it, as one that was cut off does" };
            let reason = format!("{} cells, and the header has {}{cut}{why}", cells.len(), self.width);
            return self.line_aside(part, &reason);
        }
        let start = part.body.len();
        self.columns.row(&mut part.body, &mut |out, column, usage| match cells.get(column) {
            Some(cell) => value(out, unguarded(cell), usage),
            None => false,
        });
        part.row(start, self.line);
        self.take(length + 1);
        Ok(())
    }
}

/// Appends a cell as JSON. In an attribute, what spells a number or a boolean as JSON does is one: a cell has no type.
fn value(out: &mut String, cell: &str, usage: Use) -> bool {
    if cell.is_empty() {
        return false;
    }
    let verbatim = match usage {
        Use::Text => false,
        Use::Node => is_json(cell),
        Use::Attribute => match cell.as_bytes()[0] {
            b'{' | b'[' => is_json(cell),
            // `TRUE` is a text that processing makes a boolean of.
            _ => spells_a_value(cell) && is_json(cell),
        },
    };
    if verbatim {
        out.push_str(cell);
    } else {
        json::text(out, cell);
    }
    true
}

/// Without the quote that an export puts before what a spreadsheet would take for a formula.
fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|cell| is_formula(cell)).unwrap_or(cell)
}

/// Where a byte stands, seen from the quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// A cell begins here, and with a quote it is a quoted one.
    Before,
    Outside,
    Inside,
    /// Behind a quote within a quoted cell: the cell's last, or the first of two that mean one.
    Closed,
}

impl Quotes {
    fn step(self, byte: u8, separators: &[u8]) -> Self {
        match (self, byte) {
            (Self::Inside, b'"') => Self::Closed,
            (Self::Inside, _) | (Self::Before | Self::Closed, b'"') => Self::Inside,
            (_, byte) if separators.contains(&byte) => Self::Before,
            _ => Self::Outside,
        }
    }
}

/// Finds the end of the record at hand.
fn end<R: Read>(feed: &mut Feed<R>, separators: &[u8]) -> Result<End, Stop> {
    let mut quotes = Quotes::Before;
    let mut at = 0;
    loop {
        let rest = feed.rest();
        if at == 0 {
            // Most records have no quote at all.
            let line = memchr(b'\n', rest);
            if let Some(line) = line.filter(|line| memchr(b'"', &rest[..*line]).is_none()) {
                return Ok(End::At(line));
            }
        }
        while let Some(byte) = rest.get(at) {
            if at > feed.longest {
                return Ok(End::Open);
            }
            if *byte == b'\n' && quotes != Quotes::Inside {
                return Ok(End::At(at));
            }
            quotes = quotes.step(*byte, separators);
            at += 1;
        }
        if !feed.more()? {
            return Ok(match quotes {
                _ if at == 0 => End::Never,
                Quotes::Inside => End::Open,
                _ => End::At(at),
            });
        }
    }
}

/// The cells of a record.
fn cells(record: &str, separator: u8) -> Vec<Cow<'_, str>> {
    let bytes = record.as_bytes();
    let mut cells = Vec::new();
    let mut at = 0;
    loop {
        let end = |from: usize| memchr(separator, &bytes[from..]).map_or(bytes.len(), |length| from + length);
        let cell = if bytes.get(at) == Some(&b'"') {
            let (mut text, close) = quoted(record, at + 1);
            // What stands behind the closing quote belongs to it, as far as one can tell.
            let last = end(close);
            text.push_str(&record[close..last]);
            at = last;
            Cow::Owned(text)
        } else {
            let last = end(at);
            let text = &record[at..last];
            at = last;
            Cow::Borrowed(text)
        };
        cells.push(cell);
        if at >= bytes.len() {
            return cells;
        }
        at += 1;
    }
}

/// The text of a quoted cell that begins here, and where it ends, its closing quote included.
fn quoted(record: &str, mut at: usize) -> (String, usize) {
    let mut text = String::new();
    loop {
        let Some(length) = memchr(b'"', &record.as_bytes()[at..]) else {
            text.push_str(&record[at..]);
            return (text, record.len());
        };
        text.push_str(&record[at..at + length]);
        at += length + 1;
        if record.as_bytes().get(at) != Some(&b'"') {
            return (text, at);
        }
        text.push('"');
        at += 1;
    }
}

impl<R: Read + Send> Source for Csv<R> {
    fn fields(&self) -> Option<FieldSet> {
        Some(self.columns.known())
    }

    fn read(&mut self, part: &mut Part) -> Result<bool, Stop> {
        while !part.is_full() {
            match end(&mut self.feed, &[self.separator])? {
                End::At(length) => self.record(part, length)?,
                End::Never => return Ok(false),
                End::Open => {
                    let reason = if self.feed.rest().len() > self.feed.longest {
                        format!("it does not end within {}, or a quote in it", limit(self.feed.longest))
                    } else {
                        "a quote in it is never closed".to_owned()
                    };
                    self.line_aside(part, &reason)?;
                }
            }
        }
        Ok(true)
    }

    fn taken(&self) -> u64 {
        self.feed.taken()
    }
}
