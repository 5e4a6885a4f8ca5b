//! Where a run stopped, so that another goes on from there without asking for what is there.
//!
//! A place holds the query and the fingerprints of the IDs that came: whoever keeps it on disk keeps it as
//! private as the rows themselves.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use siphasher::sip128::SipHasher13;

use super::query::Query;

/// A place in the pages of a query.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The query.
    pub query: Query,
    /// The batch of IDs to go on with, from 1.
    pub batch: u32,
    /// The page of that batch to ask for next, from 1.
    pub page: u32,
    /// Path and query of that page; `None`: the batch's first page as it is always asked for.
    pub target: Option<String>,
    /// Rows that came before.
    pub rows: u64,
    /// Rows that came before and that nobody gets to see.
    #[serde(default)]
    pub withheld: u64,
    /// Pages that came before.
    pub pages: u32,
    /// How many profiles the service said there are, for all batches so far together.
    pub total: Option<u64>,
    /// The totals of the batches of IDs that had begun, added up.
    pub totals: u64,
    /// The IDs that came before.
    pub seen: Seen,
}

/// The set of IDs that came, as fingerprints of 128 bits under a key of its own: with a million rows the odds of
/// taking a new row for a repeat are about 1 in 10^27, and 16 bytes a row are all that it costs.
#[derive(Clone)]
pub struct Seen {
    key: [u8; 16],
    hasher: SipHasher13,
    prints: HashSet<u128>,
}

impl Seen {
    fn with_key(key: [u8; 16]) -> Self {
        Self { key, hasher: SipHasher13::new_with_key(&key), prints: HashSet::new() }
    }

    /// Puts an ID in; whether it is new.
    pub fn insert(&mut self, id: &str) -> bool {
        self.prints.insert(self.print(id))
    }

    /// Whether an ID is in it.
    pub fn contains(&self, id: &str) -> bool {
        self.prints.contains(&self.print(id))
    }

    fn print(&self, id: &str) -> u128 {
        self.hasher.hash(id.as_bytes()).as_u128()
    }
}

impl Default for Seen {
    /// An empty set under a key of its own, which decides nothing that could be seen.
    fn default() -> Self {
        let dice = RandomState::new();
        Self::with_key((u128::from(dice.hash_one(0)) << 64 | u128::from(dice.hash_one(1))).to_le_bytes())
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seen({})", self.prints.len())
    }
}

/// A [`Seen`] in a file: key and fingerprints in base64.
#[derive(Serialize, Deserialize)]
struct Written {
    key: String,
    prints: String,
}

impl Serialize for Seen {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(self.prints.len() * 16);
        self.prints.iter().for_each(|print| bytes.extend_from_slice(&print.to_le_bytes()));
        let written = Written { key: STANDARD.encode(self.key), prints: STANDARD.encode(bytes) };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let written = Written::deserialize(deserializer)?;
        let key = STANDARD.decode(written.key).ok().and_then(|key| <[u8; 16]>::try_from(key).ok());
        let mut seen = Self::with_key(key.ok_or_else(|| D::Error::custom("the key is not 16 bytes"))?);
        let bytes = STANDARD.decode(written.prints).map_err(D::Error::custom)?;
        let (prints, []) = bytes.as_chunks::<16>() else {
            return Err(D::Error::custom("the fingerprints are cut off"));
        };
        seen.prints.extend(prints.iter().map(|print| u128::from_le_bytes(*print)));
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::query::Draft;

    #[test]
    fn a_place_survives_being_written_down() {
        let draft = Draft { ids: vec!["B".into(), "A".into()], limit: Some(7), ..Draft::default() };
        let mut seen = Seen::default();
        assert!(seen.insert("A"));
        let place = Place {
            query: draft.check().unwrap(),
            batch: 1,
            page: 3,
            target: Some("/api/v2/crm/contacts?page=3".into()),
            rows: 100,
            withheld: 0,
            pages: 2,
            total: None,
            totals: 0,
            seen,
        };
        let written = serde_json::to_string(&place).unwrap();
        let mut read: Place = serde_json::from_str(&written).unwrap();
        assert_eq!((&read.query, read.page, &read.target), (&place.query, 3, &place.target));
        assert!(read.seen.contains("A") && !read.seen.contains("B"));
        assert!(!read.seen.insert("A") && read.seen.insert("B"));
    }

    #[test]
    fn what_was_tampered_with_is_refused() {
        let seen = serde_json::to_value(Seen::default()).unwrap();
        for (key, bad) in [("key", "AAAA"), ("prints", "AAAA"), ("prints", "?")] {
            let mut wrong = seen.clone();
            wrong[key] = bad.into();
            assert!(serde_json::from_value::<Seen>(wrong).is_err(), "{key} {bad}");
        }
        let query = serde_json::to_value(Draft::default()).unwrap();
        assert!(serde_json::from_value::<Query>(query).is_err(), "a query needs a target");
    }
}
