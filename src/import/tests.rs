//! Files of every format, whole and damaged.

mod damaged;
mod formats;
mod round_trip;
mod worker;

use std::path::{Path, PathBuf};

use super::*;
use crate::engine::query::Field;
use crate::export::{End, Format as Exported, Spec, Writer};

/// A directory with files in it.
pub(super) struct Dir(tempfile::TempDir);

impl Dir {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) profiles: Vec<Profile>,
    /// Reasons, the file's directory left out.
    pub(super) aside: Vec<String>,
    pub(super) fields: FieldSet,
}

/// Reads a file as a run does: looked at first.
pub(super) fn read(path: &Path) -> Result<Held, Error> {
    let looked = look(path);
    let mut open = Open::new(path, looked.fields)?;
    let mut held = Held { profiles: vec![], aside: vec![], fields: looked.fields };
    let dir = format!("{}/", path.parent().unwrap().display());
    while let Some(rows) = open.next(1)? {
        held.profiles.extend(rows.profiles);
        held.aside.extend(rows.set_aside.iter().map(|bad| bad.reason.replace(&dir, "")));
    }
    Ok(held)
}

/// What bytes under this name hold.
pub(super) fn held(name: &str, bytes: impl AsRef<[u8]>) -> Held {
    read(&Dir::new().write(name, bytes)).unwrap()
}

/// Why bytes under this name cannot be opened.
pub(super) fn refused(name: &str, bytes: impl AsRef<[u8]>) -> Error {
    let error = read(&Dir::new().write(name, bytes)).unwrap_err();
    assert!(error.what.contains(name) && !error.cause.is_empty() && !error.remedy.is_empty(), "{error:?}");
    error
}

/// Profiles as an export has them.
pub(super) fn export(profiles: &[Profile], format: Exported, fields: FieldSet) -> Vec<u8> {
    export_as(profiles, &Spec::new(format, fields))
}

/// Profiles as an export of some kind has them.
pub(super) fn export_as(profiles: &[Profile], spec: &Spec) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), spec).unwrap();
    for profile in profiles {
        writer.row(profile).unwrap();
    }
    writer.finish(End::Whole, &mut |_| std::ops::ControlFlow::Continue(())).unwrap().out
}

/// Profiles as NDJSON with every field.
pub(super) fn ndjson(profiles: &[Profile]) -> String {
    let mut out = String::new();
    for profile in profiles {
        crate::export::json::profile(&mut out, profile);
        out.push('\n');
    }
    out
}

pub(super) fn ids(held: &Held) -> Vec<&str> {
    held.profiles.iter().map(|profile| profile.id().map_or("-", Untrusted::raw)).collect()
}

/// A field of a row, as JSON; `-` where it was not asked for.
pub(super) fn json(held: &Held, row: usize, field: Field) -> String {
    let mut profile = Profile { raw: bytes::Bytes::new(), ..held.profiles[row].clone() };
    if field != Field::Id {
        profile.id = crate::engine::pipeline::profile::Slot::NotAsked;
    }
    let text = ndjson(&[profile]);
    let all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    all.get(field.key()).map_or_else(|| "-".to_owned(), ToString::to_string)
}
