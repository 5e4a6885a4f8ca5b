//! Any other JSON that holds rows: an array in any layout, or objects one after the other, over several lines each.
//!
//! Where a row ends is told by its brackets, so that one whose brackets do not match takes what follows with it.

use std::io::Read;

use memchr::memchr_iter;

use super::feed::Feed;
use super::lines::limit;
use super::part::{Part, Stop};
use super::{Source, members};
use crate::engine::query::FieldSet;

pub(super) struct Values<R> {
    feed: Feed<R>,
    known: FieldSet,
    /// The line that the next byte is on.
    line: u64,
}

/// Where a value ends.
enum End {
    /// So many bytes on.
    At(usize),
    /// Nowhere: the file does before.
    Never,
    TooLong,
}

impl<R: Read> Values<R> {
    pub(super) fn new(feed: Feed<R>, known: FieldSet) -> Self {
        Self { feed, known, line: 1 }
    }

    fn take(&mut self, bytes: usize) {
        let rest = self.feed.rest();
        self.line += memchr_iter(b'\n', &rest[..bytes.min(rest.len())]).count() as u64;
        self.feed.take(bytes);
    }

    /// Passes over what stands between rows; `false` at the end of the file.
    fn between(&mut self) -> Result<bool, Stop> {
        loop {
            let rest = self.feed.rest();
            let gap = rest.iter().take_while(|byte| is_between(**byte)).count();
            let more = gap < rest.len();
            self.take(gap);
            if more {
                return Ok(true);
            }
            if !self.feed.more()? {
                return Ok(false);
            }
        }
    }

    fn end(&mut self) -> Result<End, Stop> {
        let mut value = Shape::default();
        let mut at = 0;
        loop {
            let rest = self.feed.rest();
            while let Some(byte) = rest.get(at) {
                match value.step(*byte) {
                    _ if at > self.feed.longest => return Ok(End::TooLong),
                    Step::On => at += 1,
                    Step::Last => return Ok(End::At(at + 1)),
                    Step::Before => return Ok(End::At(at)),
                }
            }
            if !self.feed.more()? {
                return Ok(if value.is_bare() { End::At(at) } else { End::Never });
            }
        }
    }
}

fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b',' | b'[' | b']')
}

/// What is open in a value.
#[derive(Default)]
struct Shape {
    depth: usize,
    in_text: bool,
    escaped: bool,
    begun: bool,
}

enum Step {
    /// The value goes on.
    On,
    /// This was its last byte.
    Last,
    /// It ended before this one.
    Before,
}

impl Shape {
    fn step(&mut self, byte: u8) -> Step {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_text = false;
                    if self.depth == 0 {
                        return Step::Last;
                    }
                }
                _ => {}
            }
            return Step::On;
        }
        match byte {
            b'"' if self.depth > 0 || !self.begun => self.in_text = true,
            b'{' | b'[' if self.depth > 0 || !self.begun => self.depth += 1,
            b'}' | b']' if self.depth > 1 => self.depth -= 1,
            b'}' | b']' if self.depth == 1 => return Step::Last,
            _ if self.depth == 0 && self.begun && (is_between(byte) || matches!(byte, b'{' | b'"')) => {
                return Step::Before;
            }
            _ => {}
        }
        self.begun = true;
        Step::On
    }

    /// Whether it is a number or a word, which nothing closes.
    fn is_bare(&self) -> bool {
        self.depth == 0 && !self.in_text
    }
}

impl<R: Read + Send> Source for Values<R> {
    fn fields(&self) -> Option<FieldSet> {
        None
    }

    fn read(&mut self, part: &mut Part) -> Result<bool, Stop> {
        while !part.is_full() {
            if !self.between()? {
                return Ok(false);
            }
            let bytes = match self.end()? {
                End::At(bytes) => bytes,
                End::Never => {
                    let reason =
                        "the file ends in this row: it was cut off, or a bracket is missing in the row";
                    part.bad(self.line, reason, self.feed.rest());
                    self.take(usize::MAX);
                    return Ok(false);
                }
                End::TooLong => {
                    return Err(Stop {
                        cause: format!(
                            "the row that begins in line {} is longer than {}, and where the next one begins cannot be told",
                            self.line,
                            limit(self.feed.longest)
                        ),
                        remedy: "look whether a bracket is missing there, or write one object a line (jq -c)",
                    });
                }
            };
            let row = &self.feed.rest()[..bytes];
            if let Err(reason) = members::take(part, &mut self.known, row, self.line) {
                part.bad(self.line, reason, row);
            }
            self.take(bytes);
        }
        Ok(true)
    }

    fn taken(&self) -> u64 {
        self.feed.taken()
    }
}
