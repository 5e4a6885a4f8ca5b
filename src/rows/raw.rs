//! What was received, in compressed blocks, so that a million profiles can be kept and any one opened.
//!
//! ```text
//! rows ──► block (64 rows or 64 KiB) ──zstd──► memory ──past the budget, oldest first──► a file without a name
//! ```

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use bytes::Bytes;
use zstd::bulk::{Compressor, Decompressor};

/// Rows in a block.
const ROWS: usize = 64;
/// A block is full at so many bytes.
const BYTES: usize = 64 * 1024;
/// Fast: what repeats from row to row is found all the same.
const LEVEL: i32 = 1;
/// Bytes that go to the file at once, at least: many small writes are slow.
const SPILLED_AT_ONCE: usize = 256 * 1024;

/// Compressed rows.
#[derive(Debug)]
struct Block {
    first: usize,
    /// Bytes of the block before it was compressed.
    size: u32,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Memory(Box<[u8]>),
    /// Where it stands in the file.
    File {
        at: u64,
        len: u32,
    },
    /// It could not be compressed, and is as it was.
    Plain(Box<[u8]>),
}

/// The raw JSON of all rows.
#[derive(Default)]
pub(super) struct RawRows {
    blocks: Vec<Block>,
    len: usize,
    /// The block that is being filled: for each row its length, then the rows.
    lengths: Vec<u32>,
    filling: Vec<u8>,
    compressor: Option<Compressor<'static>>,
    memory: usize,
    /// The first block that is in memory.
    oldest: usize,
    file: Option<File>,
    spilled: u64,
    /// Why nothing goes to the file.
    refused: Option<String>,
}

impl std::fmt::Debug for RawRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawRows({} rows, {} bytes, {} in a file)", self.len, self.memory, self.spilled)
    }
}

impl RawRows {
    /// Bytes in memory.
    pub(super) fn memory(&self) -> usize {
        self.memory + self.filling.capacity() + self.blocks.capacity() * size_of::<Block>()
    }

    /// Bytes in the file.
    pub(super) fn spilled(&self) -> u64 {
        self.spilled
    }

    /// Why nothing more goes to the file, where that is so.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Takes the next row.
    pub(super) fn push(&mut self, raw: &[u8]) {
        self.lengths.push(raw.len() as u32);
        self.filling.extend_from_slice(raw);
        self.len += 1;
        if self.lengths.len() == ROWS || self.filling.len() >= BYTES {
            self.close();
        }
    }

    /// The row as received; `None` where it is not there.
    ///
    /// # Errors
    /// The file cannot be read, or what stands there is not what was written.
    pub(super) fn get(&self, row: usize) -> io::Result<Option<Bytes>> {
        if row >= self.len {
            return Ok(None);
        }
        let closed = self.len - self.lengths.len();
        if row >= closed {
            let start: usize = self.lengths[..row - closed].iter().map(|len| *len as usize).sum();
            let end = start + self.lengths[row - closed] as usize;
            return Ok(Some(Bytes::copy_from_slice(&self.filling[start..end])));
        }
        let at = self.blocks.partition_point(|block| block.first <= row) - 1;
        let block = &self.blocks[at];
        let rows = self.blocks.get(at + 1).map_or(closed, |next| next.first) - block.first;
        let body = self.read(block)?;
        slice(&body, rows, row - block.first)
            .map(Some)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }

    fn read(&self, block: &Block) -> io::Result<Bytes> {
        let unpack = |packed: &[u8]| {
            let mut unpacker = Decompressor::new()?;
            unpacker.decompress(packed, block.size as usize).map(Bytes::from)
        };
        match (&block.body, &self.file) {
            (Body::Memory(packed), _) => unpack(packed),
            (Body::Plain(body), _) => Ok(Bytes::copy_from_slice(body)),
            (Body::File { at, len }, Some(file)) => {
                let mut packed = vec![0; *len as usize];
                file.read_exact_at(&mut packed, *at)?;
                unpack(&packed)
            }
            (Body::File { .. }, None) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn close(&mut self) {
        let rows = self.lengths.len();
        let mut body = Vec::with_capacity(4 * rows + self.filling.len());
        body.extend(self.lengths.iter().flat_map(|len| len.to_le_bytes()));
        body.append(&mut self.filling);
        self.lengths.clear();
        let size = body.len() as u32;
        let packed = match &mut self.compressor {
            Some(compressor) => compressor.compress(&body).ok(),
            none => Compressor::new(LEVEL).ok().and_then(|made| none.insert(made).compress(&body).ok()),
        };
        let body = packed.map_or_else(|| Body::Plain(body.into()), |packed| Body::Memory(packed.into()));
        if let Body::Memory(bytes) | Body::Plain(bytes) = &body {
            self.memory += bytes.len();
        }
        self.blocks.push(Block { first: self.len - rows, size, body });
        // A block's own buffer is kept for the next.
        self.filling.reserve(BYTES / 4);
    }

    /// Sends the oldest blocks to the file until `memory` fits, where the file takes them.
    pub(super) fn spill_to(&mut self, memory: usize) {
        while self.refused.is_none() && self.memory() > memory && self.oldest < self.blocks.len() {
            if let Err(error) = self.spill_some(self.memory() - memory) {
                self.refused = Some(error.to_string());
            }
        }
    }

    fn spill_some(&mut self, bytes: usize) -> io::Result<()> {
        let mut packed = Vec::new();
        let mut end = self.oldest;
        while packed.len() < bytes.max(SPILLED_AT_ONCE) && end < self.blocks.len() {
            if let Body::Memory(body) = &self.blocks[end].body {
                packed.extend_from_slice(body);
            }
            end += 1;
        }
        // Made where temporary files go, for its owner alone, and without a name from the start.
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all_at(&packed, self.spilled)?;
        for block in &mut self.blocks[self.oldest..end] {
            if let Body::Memory(body) = &block.body {
                let len = body.len() as u32;
                block.body = Body::File { at: self.spilled, len };
                self.spilled += u64::from(len);
                self.memory -= len as usize;
            }
        }
        self.oldest = end;
        Ok(())
    }
}

/// A row of an unpacked block.
fn slice(body: &Bytes, rows: usize, row: usize) -> Option<Bytes> {
    let lengths = body.get(..4 * rows)?.as_chunks::<4>().0;
    let length = |at: usize| u32::from_le_bytes(lengths[at]) as usize;
    let start = 4 * rows + (0..row).map(length).sum::<usize>();
    (start + length(row) <= body.len()).then(|| body.slice(start..start + length(row)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(n: usize) -> String {
        format!("{{\"id\":\"PROF-{n:07}\",\"firstName\":\"Ada\",\"email\":\"ada{n}@example.org\"}}")
    }

    #[test]
    fn what_repeats_from_row_to_row_takes_little_room() {
        let mut raw = RawRows::default();
        let mut bytes = 0;
        for n in 0..10_000 {
            raw.push(row(n).as_bytes());
            bytes += row(n).len();
        }
        assert!(raw.memory() * 3 < bytes, "{} of {bytes}", raw.memory());
    }

    #[test]
    fn past_the_budget_the_oldest_rows_go_to_a_file_and_come_back() {
        let mut raw = RawRows::default();
        for n in 0..200_000 {
            raw.push(row(n).as_bytes());
            raw.spill_to(512 * 1024);
        }
        assert!(raw.memory() <= 512 * 1024, "{}", raw.memory());
        assert!(raw.spilled() > 0 && raw.refused().is_none());
        for n in [0, 1, 63, 64, 100_000, 199_936, 199_999] {
            assert_eq!(raw.get(n).unwrap().unwrap(), row(n), "{n}");
        }
        assert!(raw.get(200_000).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn every_row_comes_back_as_it_was(
            rows in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..200), big in 0_usize..3,
        ) {
            let mut raw = RawRows::default();
            let big = vec![b'x'; big * 50_000];
            let all: Vec<&[u8]> =
                rows.iter().map(Vec::as_slice).chain((!big.is_empty()).then_some(&big[..])).chain(rows.iter().map(Vec::as_slice)).collect();
            for row in &all {
                raw.push(row);
            }
            for spill in [false, true] {
                if spill {
                    raw.spill_to(0);
                }
                for (at, row) in all.iter().enumerate() {
                    prop_assert_eq!(&raw.get(at).unwrap().unwrap()[..], *row);
                }
            }
        }
    }
}
