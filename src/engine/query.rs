//! What is asked of the service, checked before anything is sent.
//!
//! A [`Draft`] is what somebody typed; [`Draft::check`] makes a [`Query`] of it or says everything that is
//! wrong. A `Query` in hand is valid: nothing behind this module checks again.
//! Source: contract "wire", *crm-v2*.

mod field;
pub mod list;
pub mod person;
pub mod reach;
mod term;
pub mod tokens;
pub mod words;

use std::collections::HashSet;
use std::num::{NonZeroU32, NonZeroU64};

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::retention::RETENTION_DAYS;

pub use field::{Field, FieldSet};
pub use term::{Filter, Id};

/// IDs that one request may carry.
pub const IDS_PER_REQUEST: usize = 100;
/// The longest ID, in bytes.
pub const MAX_ID_BYTES: usize = 256;
/// The longest filter, in bytes.
pub const MAX_FILTER_BYTES: usize = 8 * 1024;
/// The longest URL we send, in bytes.
pub const MAX_URL_BYTES: usize = 8 * 1024;
/// Profiles a page, unless said otherwise.
pub const DEFAULT_PAGE_SIZE: u32 = 50;
/// The largest page that may be asked for.
pub const MAX_PAGE_SIZE: u32 = 1_000;

/// What somebody typed, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
// What was kept by a version that knew less is read all the same.
#[serde(default)]
pub struct Draft {
    /// One identifier each; blanks around them do not matter, empty ones are passed over.
    pub ids: Vec<String>,
    /// Fields wanted.
    pub fields: FieldSet,
    /// One segment identifier each.
    pub segments: Vec<String>,
    /// The user's own filter; blank means none.
    pub filter: String,
    /// Profiles a page.
    pub page_size: u32,
    /// At most so many profiles; `None` means all.
    pub limit: Option<u64>,
    /// Days that profiles are kept for; a profile last modified before that is marked.
    pub retention_days: u32,
    /// Whether the response cache may answer.
    pub use_cache: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            ids: Vec::new(),
            fields: FieldSet::ALL,
            segments: Vec::new(),
            filter: String::new(),
            page_size: DEFAULT_PAGE_SIZE,
            limit: None,
            retention_days: RETENTION_DAYS,
            use_cache: true,
        }
    }
}

impl Draft {
    /// Checks everything; repeats among IDs and segments are taken once, in their first order.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn check(&self) -> Result<Query, Vec<Error>> {
        let mut wrong = Vec::new();
        let mut ids_of = |what: &str, texts: &[String]| -> Vec<Id> {
            let mut seen = HashSet::new();
            let mut ids = Vec::with_capacity(texts.len());
            for text in texts.iter().map(|t| t.trim()).filter(|t| !t.is_empty()) {
                match Id::new(what, text) {
                    Ok(id) => {
                        if seen.insert(id.clone()) {
                            ids.push(id);
                        }
                    }
                    Err(error) => wrong.push(error),
                }
            }
            ids
        };
        let ids = ids_of("ID", &self.ids);
        let segments = ids_of("segment", &self.segments);
        let filter = match self.filter.trim() {
            "" => None,
            text => Filter::new(text).map_err(|e| wrong.push(e)).ok(),
        };
        let page_size = NonZeroU32::new(self.page_size).filter(|n| n.get() <= MAX_PAGE_SIZE);
        if page_size.is_none() {
            wrong.push(Error::usage(
                format!("page size {}", self.page_size),
                "it is out of range",
                format!("a page holds 1 to {MAX_PAGE_SIZE} profiles"),
            ));
        }
        let limit = match self.limit {
            Some(0) => {
                wrong.push(Error::usage("limit 0", "nothing would be fetched", "use 1 or more"));
                None
            }
            other => other.and_then(NonZeroU64::new),
        };
        if wrong.is_empty() && ids.is_empty() && segments.is_empty() && filter.is_none() {
            wrong.push(Error::usage(
                "query",
                "it has no target: no IDs, no segments and no filter",
                "name at least one ID, segment or filter",
            ));
        }
        match (wrong.is_empty(), page_size) {
            (true, Some(page_size)) => Ok(Query {
                ids,
                fields: self.fields,
                segments,
                filter,
                page_size,
                limit,
                retention_days: self.retention_days,
                use_cache: self.use_cache,
            }),
            _ => Err(wrong),
        }
    }
}

/// A checked query. Made by [`Draft::check`] alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Draft", try_from = "Draft")]
pub struct Query {
    ids: Vec<Id>,
    fields: FieldSet,
    segments: Vec<Id>,
    filter: Option<Filter>,
    page_size: NonZeroU32,
    limit: Option<NonZeroU64>,
    retention_days: u32,
    use_cache: bool,
}

impl Query {
    /// Profile IDs, each once.
    pub fn ids(&self) -> &[Id] {
        &self.ids
    }

    /// Fields asked for.
    pub fn fields(&self) -> FieldSet {
        self.fields
    }

    /// Segment IDs, each once.
    pub fn segments(&self) -> &[Id] {
        &self.segments
    }

    /// The user's own filter.
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// Profiles a page.
    pub fn page_size(&self) -> u32 {
        self.page_size.get()
    }

    /// At most so many profiles.
    pub fn limit(&self) -> Option<u64> {
        self.limit.map(NonZeroU64::get)
    }

    /// Days that profiles are kept for.
    pub fn retention_days(&self) -> u32 {
        self.retention_days
    }

    /// Whether the response cache may answer.
    pub fn use_cache(&self) -> bool {
        self.use_cache
    }

    /// The same query, past the cache.
    #[must_use]
    pub fn uncached(mut self) -> Self {
        self.use_cache = false;
        self
    }

    /// The same query with its IDs sorted: the same set of IDs is then always cut into the same requests, in
    /// whatever order it was typed, and finds its answers in the cache.
    #[must_use]
    pub fn with_sorted_ids(&self) -> Self {
        let mut sorted = self.clone();
        sorted.ids.sort_unstable();
        sorted
    }

    /// The draft that this query came from, apart from repeats.
    pub fn to_draft(&self) -> Draft {
        let texts = |ids: &[Id]| ids.iter().map(|id| id.as_str().to_owned()).collect();
        Draft {
            ids: texts(&self.ids),
            fields: self.fields,
            segments: texts(&self.segments),
            filter: self.filter.as_ref().map_or_else(String::new, |f| f.as_str().to_owned()),
            page_size: self.page_size(),
            limit: self.limit(),
            retention_days: self.retention_days,
            use_cache: self.use_cache,
        }
    }

    /// Scopes that the service wants for this query.
    pub fn scopes(&self) -> &'static [&'static str] {
        if self.segments.is_empty() { &["crm:read"] } else { &["crm:read", "cdp:read"] }
    }
}

impl From<Query> for Draft {
    fn from(query: Query) -> Self {
        query.to_draft()
    }
}

impl TryFrom<Draft> for Query {
    type Error = Error;

    /// The first of what is wrong.
    fn try_from(draft: Draft) -> Result<Self, Error> {
        draft.check().map_err(|mut wrong| wrong.swap_remove(0))
    }
}

/// Tells the runs of one session apart; a later run has a larger number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct QueryId(pub u64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn draft(ids: &[&str]) -> Draft {
        Draft { ids: ids.iter().map(|s| (*s).to_owned()).collect(), ..Draft::default() }
    }

    #[test]
    fn a_query_needs_a_target() {
        let wrong = Draft::default().check().unwrap_err();
        assert!(wrong[0].to_string().contains("no target"), "{wrong:?}");
        assert_eq!(wrong[0].kind.exit_code(), 2);
        for draft in [
            draft(&["A"]),
            Draft { segments: vec!["S".into()], ..Draft::default() },
            Draft { filter: "email eq 'x'".into(), ..Draft::default() },
        ] {
            assert!(draft.check().is_ok(), "{draft:?}");
        }
    }

    #[test]
    fn repeats_are_taken_once_in_first_order() {
        let query = draft(&["B", "A", " B ", "", "A"]).check().unwrap();
        let ids: Vec<_> = query.ids().iter().map(Id::as_str).collect();
        assert_eq!(ids, ["B", "A"]);
    }

    #[test]
    fn every_wrong_value_is_named_with_its_rule() {
        let long = "x".repeat(257);
        let wrong = draft(&["a,b", "ok", "a b", "a\u{7}b", &long]).check().unwrap_err();
        let said: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 4);
        assert!(said[0].contains("\"a,b\"") && said[0].contains("a comma"), "{}", said[0]);
        assert!(said[1].contains("white space"), "{}", said[1]);
        assert!(said[2].contains("U+0007"), "{}", said[2]);
        assert!(said[3].contains("257 bytes") && said[3].contains("xxx"), "{}", said[3]);
    }

    #[test]
    fn filters_are_checked_for_balance() {
        for (text, says) in [
            ("email eq 'x", "position 10"),
            ("(a eq 1", "position 1"),
            ("a eq 1)", "position 7"),
            ("a eq '\u{1b}'", "U+001B"),
        ] {
            let error = Filter::new(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        for text in ["name eq 'O''Brien'", "(a eq ')') and (b eq '(')", "a in ('x','y')"] {
            assert_eq!(Filter::new(text).unwrap().as_str(), text);
        }
        assert!(Filter::new(&"x".repeat(MAX_FILTER_BYTES + 1)).is_err());
    }

    #[test]
    fn fields_take_both_names_and_always_hold_id() {
        let set: FieldSet = "first_name, email,modifiedDate".parse().unwrap();
        assert_eq!(set.to_string(), "id,firstName,email,modifiedDate");
        let error = "nope".parse::<FieldSet>().unwrap_err().to_string();
        assert!(error.contains("\"nope\"") && error.contains("firstName"), "{error}");
        assert!(FieldSet::ALL.with(Field::Id, false).contains(Field::Id));
    }

    #[test]
    fn segments_need_a_scope_more() {
        assert_eq!(draft(&["A"]).check().unwrap().scopes(), ["crm:read"]);
        let draft = Draft { segments: vec!["S".into()], ..Draft::default() };
        assert_eq!(draft.check().unwrap().scopes(), ["crm:read", "cdp:read"]);
    }

    proptest! {
        #[test]
        fn a_field_set_reads_back_as_printed(bits in proptest::bits::u16::between(0, Field::COUNT)) {
            let set: FieldSet = Field::ALL.into_iter().filter(|f| bits & (1 << f.index()) != 0).collect();
            prop_assert_eq!(set.to_string().parse::<FieldSet>().unwrap(), set);
        }

        #[test]
        fn a_query_reads_back_from_its_draft(ids in proptest::collection::vec("[A-Z0-9-]{1,9}", 1..9), limit in proptest::option::of(1_u64..99)) {
            let query = Draft { ids, limit, ..Draft::default() }.check().unwrap();
            prop_assert_eq!(query.to_draft().check().unwrap(), query);
        }
    }
}
