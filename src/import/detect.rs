//! What a file is: by how it begins, and where that says nothing, by its name.

use std::path::Path;

use memchr::memchr;

use super::part::Stop;
use crate::engine::pipeline::members;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One object a line.
    Ndjson,
    /// An array, one object a line.
    JsonLines,
    /// Other JSON that holds objects.
    Json,
    Csv,
    Parquet,
}

impl Format {
    /// As it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "NDJSON",
            Self::JsonLines | Self::Json => "JSON",
            Self::Csv => "CSV",
            Self::Parquet => "Parquet",
        }
    }
}

/// How files begin that hold something else, what they are, and what to do about it.
const OTHERS: &[(&[u8], &str, &str)] = &[
    (b"\x1f\x8b", "it is compressed with gzip", "unpack it first: gunzip FILE"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd", "unpack it first: zstd -d FILE"),
    (b"\xfd7zXZ\0", "it is compressed with xz", "unpack it first: unxz FILE"),
    (b"BZh", "it is compressed with bzip2", "unpack it first: bunzip2 FILE"),
    (b"PK\x03\x04", "it is a ZIP archive or a workbook of a spreadsheet", "unpack it, or save it as CSV"),
    (b"\xff\xfe", "it is text in UTF-16", "save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "it is text in UTF-16", "save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8"),
];

/// What can be opened.
const KNOWN: &str = "NDJSON, JSON, CSV and Parquet can be opened";

/// Tells what a file is from its beginning and its name.
///
/// # Errors
/// It is nothing that can be opened.
pub(super) fn format(begins: &[u8], path: &Path) -> Result<Format, Stop> {
    if begins.starts_with(b"PAR1") {
        return Ok(Format::Parquet);
    }
    if let Some((_, cause, remedy)) = OTHERS.iter().find(|(magic, ..)| begins.starts_with(magic)) {
        return Err(Stop { cause: (*cause).to_owned(), remedy });
    }
    let text = begins.trim_ascii_start();
    match text.first() {
        Some(b'{') => return Ok(object(text)),
        Some(b'[') => return Ok(array(text)),
        _ => {}
    }
    // Further down it may be part of a value.
    let line = memchr(b'\n', text).unwrap_or(text.len());
    if memchr(0, &text[..line]).is_some() {
        return Err(Stop { cause: "it is not text, and not Parquet".to_owned(), remedy: KNOWN });
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    // What an interrupted export leaves behind.
    let name = name.strip_suffix(".partial").unwrap_or(&name);
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "ndjson" | "jsonl" | "json" => Ok(Format::Ndjson),
        "parquet" => Err(Stop {
            cause: "it does not begin as Parquet does (PAR1)".to_owned(),
            remedy: "export it again, or check that it was copied whole",
        }),
        // The header decides.
        _ if !text.is_empty() => Ok(Format::Csv),
        _ => Err(Stop { cause: "it is empty".to_owned(), remedy: "export it again" }),
    }
}

/// Objects one a line, or over several lines each.
fn object(text: &[u8]) -> Format {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    // A broken first row alone does not make it another format.
    let is_row = members(first).is_ok() || first.ends_with(b"}");
    if is_row || lines.next().is_none_or(|second| second.starts_with(b"{")) {
        Format::Ndjson
    } else {
        Format::Json
    }
}

/// The array of an export, or any other.
fn array(text: &[u8]) -> Format {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let bracket = lines.next() == Some(b"[");
    let row = lines.next().unwrap_or_default();
    let row = row.strip_suffix(b",").unwrap_or(row);
    if bracket && row.starts_with(b"{") && row.ends_with(b"}") { Format::JsonLines } else { Format::Json }
}
