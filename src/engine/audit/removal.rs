//! What is removed because it is old, as the trail says it.

use serde::{Deserialize, Serialize};

use super::chain::Link;
use super::hash::Hasher;

/// What is removed because it is older than it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Of which kind it is.
    pub kind: RemovalKind,
    /// Names of the files, where whole files go.
    pub names: Vec<String>,
    /// How many: files, or entries of one.
    pub count: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Everything before this day: `2026-03-04`.
    pub before: String,
}

/// Kinds of things that are kept for so long and no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RemovalKind {
    /// Recordings of sessions.
    Recordings,
    /// Queries that were run in the explorer.
    History,
    /// Places to go on from.
    StoppedRuns,
    /// Files of the diagnostic log.
    Log,
    /// Months of the audit trail itself.
    Audit,
}

impl RemovalKind {
    /// The word in audit entries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recordings => "recordings",
            Self::History => "history",
            Self::StoppedRuns => "stopped-runs",
            Self::Log => "log",
            Self::Audit => "audit",
        }
    }
}

/// The same in an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "docs/audit.md describes each field, and a test sees to it")]
pub struct Removed {
    pub kind: String,
    pub names: Vec<String>,
    pub count: u64,
    pub bytes: u64,
    pub before: String,
    pub head: Option<String>,
}

impl Removed {
    pub(super) fn of(hasher: &Hasher, removal: &Removal, link: Option<&Link>) -> Self {
        // Whoever named a file may have named it after a person; dates and numbers name nobody.
        let ours = !matches!(removal.kind, RemovalKind::Recordings | RemovalKind::StoppedRuns);
        let name = |name: &String| {
            let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
            if ours || !stem.chars().any(char::is_alphabetic) {
                name.clone()
            } else {
                format!("#{}", hasher.hash(name))
            }
        };
        Self {
            kind: removal.kind.name().to_owned(),
            names: removal.names.iter().map(name).collect(),
            count: removal.count,
            bytes: removal.bytes,
            before: removal.before.clone(),
            head: link.map(Link::to_string),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_somebody_gave_becomes_a_hash() {
        let hasher = Hasher::new(&[7; 32]);
        let removed = |kind, name: &str| {
            let names = vec![name.to_owned()];
            let removal = Removal { kind, names, count: 1, bytes: 2, before: "2026-03-04".into() };
            Removed::of(&hasher, &removal, None).names.remove(0)
        };
        let named = format!("#{}", hasher.hash("ada-byron.cxrec"));
        assert_eq!(removed(RemovalKind::Recordings, "ada-byron.cxrec"), named);
        assert_eq!(removed(RemovalKind::Recordings, "2026-01-01-1201.cxrec"), "2026-01-01-1201.cxrec");
        assert_eq!(removed(RemovalKind::Audit, "2026-01.jsonl"), "2026-01.jsonl");
    }
}
