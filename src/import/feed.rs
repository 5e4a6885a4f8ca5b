//! The bytes of a file, read in chunks and taken piece by piece.

use std::io::{self, Read};

use memchr::memchr;

use super::LONGEST_ROW;

/// Bytes that are read at once.
const CHUNK: usize = 256 * 1024;
/// What some editors put before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What was read and not yet taken. It grows only as far as its reader wants to see.
pub(super) struct Feed<R> {
    input: R,
    buffer: Vec<u8>,
    at: usize,
    taken: u64,
    ended: bool,
    /// Bytes of a row at most.
    pub(super) longest: usize,
}

impl<R: Read> Feed<R> {
    /// The beginning of a file, a byte order mark already taken off.
    pub(super) fn new(input: R) -> io::Result<Self> {
        let mut feed =
            Self { input, buffer: Vec::new(), at: 0, taken: 0, ended: false, longest: LONGEST_ROW };
        while feed.rest().len() < BYTE_ORDER_MARK.len() && feed.more()? {}
        if feed.rest().starts_with(BYTE_ORDER_MARK) {
            feed.take(BYTE_ORDER_MARK.len());
        }
        // Enough to tell what the file is.
        while feed.rest().len() < CHUNK && feed.more()? {}
        Ok(feed)
    }

    /// What was read and not taken.
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    /// Whether there is more than [`rest`](Self::rest).
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Reads on; `false` at the end of the file.
    pub(super) fn more(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        let before = self.buffer.len();
        self.buffer.resize(before + CHUNK, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(before + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(!self.ended)
    }

    /// Takes so many bytes off.
    pub(super) fn take(&mut self, bytes: usize) {
        let bytes = bytes.min(self.rest().len());
        self.at += bytes;
        self.taken += bytes as u64;
    }

    /// Takes the rest of a line off, its break included, however long it is.
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        loop {
            if let Some(at) = memchr(b'\n', self.rest()) {
                self.take(at + 1);
                return Ok(());
            }
            self.take(usize::MAX);
            if !self.more()? {
                return Ok(());
            }
        }
    }

    /// Bytes taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// What is read from.
    pub(super) fn into_input(self) -> R {
        self.input
    }
}
