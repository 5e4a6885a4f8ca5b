//! What the same takes without anything of ours: bytes copied, structs by `serde_json`, batches by the bare Parquet
//! writer.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;

use cxlens::engine::pipeline::profile::{Node, Profile, Slot, Text, Value};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use crate::Outcome;
use crate::took::Took;

/// Reads a file and writes its bytes into another.
pub(crate) fn copy(from: &Path, to: &Path) -> Outcome<Took> {
    let begun = Took::begin()?;
    let (mut from, mut to) = (File::open(from)?, File::create(to)?);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer)? {
            0 => break,
            n => to.write_all(&buffer[..n])?,
        }
    }
    begun.end()
}

/// Rows of `profiles`, again and again, as NDJSON by `serde_json`.
pub(crate) fn serde(profiles: &[Profile], times: usize, to: &Path) -> Outcome<Took> {
    let people: Vec<Person<'_>> = profiles.iter().map(Person::of).collect();
    let begun = Took::begin()?;
    let mut out = BufWriter::with_capacity(64 * 1024, File::create(to)?);
    for _ in 0..times {
        for person in &people {
            serde_json::to_writer(&mut out, person)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    begun.end()
}

/// The batches of a file, again and again, by the bare writer with its own settings and zstd.
pub(crate) fn parquet(from: &Path, times: usize, to: &Path) -> Outcome<Took> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(from)?)?.with_batch_size(4_096);
    let schema = reader.schema().clone();
    let batches = reader.build()?.collect::<Result<Vec<_>, _>>()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(100_000))
        .build();
    let begun = Took::begin()?;
    let mut out = ArrowWriter::try_new(File::create(to)?, schema, Some(properties))?;
    for _ in 0..times {
        for batch in &batches {
            out.write(batch)?;
        }
    }
    out.close()?;
    begun.end()
}

/// What a program would have that serialises structs.
#[derive(Serialize)]
struct Person<'a> {
    id: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    tags: Option<Json<'a>>,
    attributes: Option<Json<'a>>,
    created_date: Option<&'a str>,
    modified_date: Option<&'a str>,
}

impl<'a> Person<'a> {
    fn of(profile: &'a Profile) -> Self {
        fn text(slot: &Slot<Text>) -> Option<&str> {
            slot.value().map(|text| text.value.raw())
        }
        fn json(slot: &Slot<Node>) -> Option<Json<'_>> {
            slot.value().map(|node| Json(&node.value))
        }
        Self {
            id: text(&profile.id),
            first_name: text(&profile.first_name),
            last_name: text(&profile.last_name),
            email: text(&profile.email),
            phone: text(&profile.phone),
            tags: json(&profile.tags),
            attributes: json(&profile.attributes),
            created_date: text(&profile.created_date),
            modified_date: text(&profile.modified_date),
        }
    }
}

struct Json<'a>(&'a Value);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(yes) => serializer.serialize_bool(*yes),
            Value::Number(digits) => match digits.parse::<i64>() {
                Ok(whole) => serializer.serialize_i64(whole),
                Err(_) => serializer.serialize_f64(digits.parse().unwrap_or(f64::NAN)),
            },
            Value::Text(text) => serializer.serialize_str(text.raw()),
            Value::List(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| seq.serialize_element(&Json(&item.value)))?;
                seq.end()
            }
            Value::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                members
                    .iter()
                    .try_for_each(|(key, node)| map.serialize_entry(key.raw(), &Json(&node.value)))?;
                map.end()
            }
        }
    }
}
