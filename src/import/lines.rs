//! One object a line: NDJSON, and the array that an export of JSON is.
//!
//! A line is a row, whatever is wrong with the line before it.

use std::io::Read;

use memchr::memchr;

use super::feed::Feed;
use super::part::{Part, Stop};
use super::{Source, members};
use crate::engine::query::FieldSet;

/// What stands around the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Nothing.
    Plain,
    /// Brackets on lines of their own, and a comma behind each row but the last.
    Array,
}

pub(super) struct Lines<R> {
    feed: Feed<R>,
    known: FieldSet,
    layout: Layout,
    /// Lines so far.
    line: u64,
    /// Whether the array's closing bracket came.
    closed: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(feed: Feed<R>, known: FieldSet, layout: Layout) -> Self {
        Self { feed, known, layout, line: 0, closed: false }
    }

    /// Finds the next line; what is longer than a row may be is passed over.
    fn cut(&mut self) -> Result<Cut, Stop> {
        let mut searched = 0;
        loop {
            if let Some(at) = memchr(b'\n', &self.feed.rest()[searched..]) {
                let length = searched + at;
                let fits = length <= self.feed.longest;
                return Ok(if fits { Cut::Line { length, whole: true } } else { Cut::TooLong });
            }
            searched = self.feed.rest().len();
            if searched > self.feed.longest {
                return Ok(Cut::TooLong);
            }
            if !self.feed.more()? {
                return Ok(if searched == 0 {
                    Cut::End
                } else {
                    Cut::Line { length: searched, whole: false }
                });
            }
        }
    }

    fn take(&mut self, part: &mut Part, length: usize, whole: bool) {
        let mut row = self.feed.rest()[..length].trim_ascii();
        if self.layout == Layout::Array {
            match row {
                b"[" if self.line == 1 => return,
                b"]" => {
                    self.closed = true;
                    return;
                }
                _ => row = row.strip_suffix(b",").unwrap_or(row).trim_ascii_end(),
            }
        }
        if row.is_empty() {
            return;
        }
        if let Err(reason) = members::take(part, &mut self.known, row, self.line) {
            let cut = if whole { "" } else { "; the file ends in it, as one that was cut off does" };
            part.bad(self.line, format!("{reason}{cut}"), row);
        }
    }
}

enum Cut {
    Line { length: usize, whole: bool },
    TooLong,
    End,
}

impl<R: Read + Send> Source for Lines<R> {
    fn fields(&self) -> Option<FieldSet> {
        None
    }

    fn read(&mut self, part: &mut Part) -> Result<bool, Stop> {
        while !part.is_full() {
            match self.cut()? {
                Cut::Line { length, whole } => {
                    self.line += 1;
                    self.take(part, length, whole);
                    self.feed.take(length + 1);
                }
                Cut::TooLong => {
                    self.line += 1;
                    part.bad(
                        self.line,
                        format!("longer than {}", limit(self.feed.longest)),
                        self.feed.rest(),
                    );
                    self.feed.skip_line()?;
                }
                Cut::End => {
                    if self.layout == Layout::Array && !std::mem::replace(&mut self.closed, true) {
                        part.bad(
                            self.line,
                            "the array is never closed: the file was cut off behind this row",
                            b"",
                        );
                    }
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn taken(&self) -> u64 {
        self.feed.taken()
    }
}

/// Bytes that a row may have, for a person.
pub(super) fn limit(longest: usize) -> String {
    format!("{} MiB", longest / 1024 / 1024)
}
