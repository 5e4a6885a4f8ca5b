//! What was asked before: saved queries, and every run of a tenant.
//!
//! Runs are kept for each tenant apart, a line of JSON each; saved queries in one file, for the same question is asked
//! of several tenants. A line that cannot be read costs itself.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::figures;
use super::kept::{Keep, Kept, What};
use crate::engine::event::{Status, Summary};
use crate::engine::query::{Draft, FieldSet, QueryId};
use crate::engine::text::clean;

/// The files' names.
pub(super) const RAN: &str = "history";
const SAVED: &str = "saved";
/// The one file of the saved queries.
const ALL: &str = "queries";
/// Runs that are kept of a tenant.
const MOST: usize = 500;
/// The longest line that is kept, in bytes: some ten thousand IDs.
const LONGEST: usize = 256 * 1024;
/// The longest name of a saved query, in characters.
const LONGEST_NAME: usize = 60;
/// IDs that are named; the rest is counted.
const NAMED: usize = 20;

/// A query that was saved under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Its name.
    pub name: String,
    /// The tenant that it was saved at.
    pub tenant: String,
    /// When, in RFC 3339.
    pub at: String,
    /// What it asks.
    pub query: Draft,
}

/// A run that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// When it began, in RFC 3339.
    pub at: String,
    /// What it asked.
    pub query: Draft,
    /// Rows that came.
    pub rows: u64,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// How it ended: a word, as in the audit trail.
    pub status: String,
}

/// Both, as far as they are known.
#[derive(Debug, Default)]
pub struct History {
    /// Whose runs they are.
    of: String,
    /// With the lines that they are kept as; the latest last.
    saved: Vec<(String, Saved)>,
    ran: VecDeque<(String, Ran)>,
    /// Runs that have not ended.
    under_way: Vec<(QueryId, Draft)>,
    /// What stood in the builder before another query took its place.
    put_aside: Option<Draft>,
}

/// One of what was asked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    /// What stood in the builder.
    PutAside(&'a Draft),
    /// A saved query.
    Saved(&'a Saved),
    /// A run.
    Ran(&'a Ran),
}

impl Asked<'_> {
    /// The query.
    pub fn query(&self) -> &Draft {
        match self {
            Self::PutAside(query) => query,
            Self::Saved(saved) => &saved.query,
            Self::Ran(ran) => &ran.query,
        }
    }
}

impl History {
    /// Nothing is known yet of what this tenant was asked.
    pub fn new(tenant: &str, sandbox: bool) -> Self {
        // No tenant's name has an underscore.
        let of = if sandbox { "_sandbox".to_owned() } else { tenant.to_owned() };
        Self { of, ..Self::default() }
    }

    /// What was kept: the saved queries, and the runs of this tenant.
    pub fn recall(&mut self, kept: &Kept, tenant: &str, sandbox: bool) {
        self.of = Self::new(tenant, sandbox).of;
        self.saved = read(&kept.read_of(SAVED, ALL));
        self.ran = read(&kept.read_of(RAN, &self.of)).into();
        while self.ran.len() > MOST {
            self.ran.pop_front();
        }
        self.under_way.clear();
    }

    /// Another tenant's runs are to be kept; they are there once they are recalled.
    pub fn turn_to(&mut self, tenant: &str, sandbox: bool) {
        self.of = Self::new(tenant, sandbox).of;
        self.ran.clear();
        self.under_way.clear();
    }

    /// A run has begun.
    pub fn began(&mut self, id: QueryId, query: Draft) {
        self.under_way.push((id, query));
    }

    /// A run is over: to be kept, unless it is none of those that began, or too long.
    pub fn ended(&mut self, id: QueryId, summary: &Summary) -> Option<Keep> {
        let at = self.under_way.iter().position(|(other, _)| *other == id)?;
        let (_, query) = self.under_way.swap_remove(at);
        let ran = Ran {
            at: summary.started.to_string(),
            query,
            rows: summary.before + summary.rows,
            took: u64::try_from(summary.elapsed.as_millis()).unwrap_or(u64::MAX),
            status: summary.status.name().to_owned(),
        };
        let line = serde_json::to_string(&ran).ok().filter(|line| line.len() <= LONGEST)?;
        if self.ran.len() >= MOST {
            self.ran.pop_front();
        }
        self.ran.push_back((line.clone(), ran));
        Some(Keep { name: RAN, what: What::Entry { of: self.of.clone(), line, most: Some(MOST) } })
    }

    /// Another query takes the place of this one in the builder.
    pub fn put_aside(&mut self, query: Draft) {
        let asks = !query.ids.is_empty() || !query.segments.is_empty() || !query.filter.trim().is_empty();
        let known = self.all().into_iter().any(|asked| *asked.query() == query);
        if asks && !known {
            self.put_aside = Some(query);
        }
    }

    /// All of them in the order in which they are shown: what stood in the builder, what is saved by name, then runs,
    /// the latest first, of the same query only the latest.
    pub fn all(&self) -> Vec<Asked<'_>> {
        let mut saved: Vec<&Saved> = self.saved.iter().map(|(_, saved)| saved).collect();
        saved.sort_by_key(|saved| saved.name.to_lowercase());
        let mut all: Vec<Asked<'_>> = self.put_aside.iter().map(Asked::PutAside).collect();
        all.extend(saved.into_iter().map(Asked::Saved));
        let mut seen = std::collections::HashSet::new();
        all.extend(self.ran.iter().rev().map(|(_, ran)| ran).filter_map(|ran| {
            let key = serde_json::to_string(&ran.query).unwrap_or_default();
            seen.insert(key).then_some(Asked::Ran(ran))
        }));
        all
    }

    /// Saves a query under a name, in the place of one that has it.
    ///
    /// # Errors
    /// The name, or the query, in words for the prompt.
    pub fn save(
        &mut self,
        name: &str,
        tenant: &str,
        query: Draft,
        at: Timestamp,
    ) -> Result<Vec<Keep>, String> {
        let name = name.trim();
        if name.is_empty() {
            return Err("a name is needed to find it by".to_owned());
        }
        let long = name.chars().count();
        if long > LONGEST_NAME {
            return Err(format!("{long} characters are too many for a name: use {LONGEST_NAME} at most"));
        }
        let ids = query.ids.len() as u64;
        let saved = Saved { name: name.to_owned(), tenant: tenant.to_owned(), at: at.to_string(), query };
        let line = serde_json::to_string(&saved).map_err(|error| error.to_string())?;
        if line.len() > LONGEST {
            return Err(format!("a query with {} IDs is too long to be saved", figures::count(ids)));
        }
        let mut keeps = self.forget(|saved| saved.name == name);
        keeps.push(Keep {
            name: SAVED,
            what: What::Entry { of: ALL.to_owned(), line: line.clone(), most: None },
        });
        self.saved.push((line, saved));
        Ok(keeps)
    }

    /// Gives a saved query another name.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn rename(&mut self, from: &str, to: &str, at: Timestamp) -> Result<Vec<Keep>, String> {
        let Some((_, saved)) = self.saved.iter().find(|(_, saved)| saved.name == from) else {
            return Err(format!("{from:?} is not there any more"));
        };
        let saved = saved.clone();
        let mut keeps = self.save(to, &saved.tenant, saved.query, at)?;
        if from != to.trim() {
            keeps.extend(self.forget(|saved| saved.name == from));
        }
        Ok(keeps)
    }

    /// Whether a saved query has this name.
    pub fn has(&self, name: &str) -> bool {
        self.saved.iter().any(|(_, saved)| saved.name == name.trim())
    }

    /// Removes the saved query of this name.
    pub fn remove_saved(&mut self, name: &str) -> Vec<Keep> {
        self.forget(|saved| saved.name == name)
    }

    /// Removes every run of this query.
    pub fn remove_runs(&mut self, query: &Draft) -> Vec<Keep> {
        let gone = |(_, ran): &(String, Ran)| ran.query == *query;
        let lines: Vec<String> =
            self.ran.iter().filter(|ran| gone(ran)).map(|(line, _)| line.clone()).collect();
        self.ran.retain(|ran| !gone(ran));
        vec![Keep { name: RAN, what: What::Without { of: self.of.clone(), lines } }]
    }

    /// Forgets what stood in the builder.
    pub fn remove_put_aside(&mut self) {
        self.put_aside = None;
    }

    fn forget(&mut self, gone: impl Fn(&Saved) -> bool) -> Vec<Keep> {
        let lines: Vec<String> =
            self.saved.iter().filter(|(_, saved)| gone(saved)).map(|(line, _)| line.clone()).collect();
        self.saved.retain(|(_, saved)| !gone(saved));
        if lines.is_empty() {
            return Vec::new();
        }
        vec![Keep { name: SAVED, what: What::Without { of: ALL.to_owned(), lines } }]
    }
}

/// The lines that can be read.
fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Vec<(String, T)> {
    let entries: Vec<_> =
        text.lines().filter_map(|line| Some((line.to_owned(), serde_json::from_str(line).ok()?))).collect();
    let broken = text.lines().filter(|line| !line.is_empty()).count() - entries.len();
    if broken > 0 {
        tracing::warn!(broken, "lines of the history cannot be read and are passed over");
    }
    entries
}

/// A query in a few words: its segments, its filter, its IDs.
pub fn gist(query: &Draft) -> String {
    let mut parts = Vec::new();
    match query.ids.as_slice() {
        [] => {}
        [one] => parts.push(one.clone()),
        [first, ..] => parts.push(format!("{} IDs {first}…", figures::count(query.ids.len() as u64))),
    }
    parts.extend((!query.segments.is_empty()).then(|| query.segments.join(", ")));
    parts.extend(Some(query.filter.trim().to_owned()).filter(|filter| !filter.is_empty()));
    let said = if parts.is_empty() { "nothing".to_owned() } else { parts.join("  ") };
    clean(&said).into_owned()
}

/// All that it asks, in one line: the first of many IDs, the fields where they are not all.
pub fn whole(query: &Draft) -> String {
    let mut said = String::new();
    let mut say = |label: &str, text: &str| {
        let between = if said.is_empty() { "" } else { "  " };
        let _ = write!(said, "{between}{label}{}", clean(text));
    };
    if !query.segments.is_empty() {
        say("segments ", &query.segments.join(", "));
    }
    if !query.filter.trim().is_empty() {
        say("filter ", query.filter.trim());
    }
    if !query.ids.is_empty() {
        let named = query.ids.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = query.ids.len().saturating_sub(NAMED) as u64;
        let more = if more > 0 { format!(" and {} more", figures::count(more)) } else { String::new() };
        say("IDs ", &format!("{named}{more}"));
    }
    if query.fields != FieldSet::ALL {
        say("fields ", &query.fields.to_string());
    }
    if let Some(limit) = query.limit {
        say("at most ", &figures::count(limit));
    }
    said
}

/// What came of a run: `1,250 rows in 2.3 s`, and how it ended where that was not well.
pub fn outcome(ran: &Ran) -> String {
    let rows = figures::counted(ran.rows, "row", "rows");
    let mut said = format!("{rows} in {}", figures::span(Duration::from_millis(ran.took)));
    if ran.status != Status::Success.name() {
        let _ = write!(said, ", {}", clean(&ran.status));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn draft(segment: &str) -> Draft {
        Draft { segments: vec![segment.into()], ..Draft::default() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_772_625_600 + second).unwrap()
    }

    fn kept() -> (tempfile::TempDir, Kept) {
        let directory = tempfile::tempdir().unwrap();
        let kept = Kept::within(directory.path().into());
        (directory, kept)
    }

    fn run(history: &mut History, id: u64, query: Draft, kept: &Kept) {
        history.began(QueryId(id), query);
        let keep = history.ended(QueryId(id), &Summary::of(Status::Success, 3)).unwrap();
        kept.keep(&keep).unwrap();
    }

    fn keep_all(kept: &Kept, keeps: &[Keep]) {
        for keep in keeps {
            kept.keep(keep).unwrap();
        }
    }

    fn names(history: &History) -> Vec<String> {
        history
            .all()
            .iter()
            .map(|asked| match asked {
                Asked::PutAside(query) => format!("aside {}", gist(query)),
                Asked::Saved(saved) => format!("saved {}", saved.name),
                Asked::Ran(ran) => gist(&ran.query),
            })
            .collect()
    }

    #[test]
    fn saved_ones_come_first_and_of_the_same_query_only_the_latest_run() {
        let (_directory, kept) = kept();
        let mut history = History::default();
        history.recall(&kept, "acme", false);
        for (id, segment) in ["A", "B", "A"].into_iter().enumerate() {
            run(&mut history, id as u64, draft(segment), &kept);
        }
        for name in ["zebras", "Ants"] {
            keep_all(&kept, &history.save(name, "acme", draft(name), at(0)).unwrap());
        }
        assert_eq!(names(&history), ["saved Ants", "saved zebras", "A", "B"]);
        let mut again = History::default();
        again.recall(&kept, "acme", false);
        assert_eq!(names(&again), names(&history), "the next session finds the same");
        again.recall(&kept, "beta", false);
        assert_eq!(names(&again), ["saved Ants", "saved zebras"], "runs are a tenant's own");
        assert!(history.ended(QueryId(99), &Summary::of(Status::Success, 1)).is_none());
    }

    #[test]
    fn what_is_removed_or_renamed_is_so_on_the_disk_too() {
        let (directory, kept) = kept();
        let mut history = History::default();
        history.recall(&kept, "acme", false);
        run(&mut history, 1, draft("SECRET"), &kept);
        run(&mut history, 2, draft("B"), &kept);
        run(&mut history, 3, draft("SECRET"), &kept);
        let mut keeps = history.save("one", "acme", draft("X"), at(0)).unwrap();
        keeps.extend(history.rename("one", " two ", at(1)).unwrap());
        keeps.extend(history.remove_runs(&draft("SECRET")));
        keep_all(&kept, &keeps);
        assert_eq!(names(&history), ["saved two", "B"]);
        let mut again = History::default();
        again.recall(&kept, "acme", false);
        assert_eq!(names(&again), ["saved two", "B"]);
        let text = std::fs::read_to_string(directory.path().join("history/acme")).unwrap();
        assert!(!text.contains("SECRET"), "{text}");
        keep_all(&kept, &history.remove_saved("two"));
        again.recall(&kept, "acme", false);
        assert_eq!(names(&again), ["B"]);
    }

    #[test]
    fn saving_under_a_name_that_is_taken_replaces_it_and_a_bad_name_is_refused() {
        let mut history = History::default();
        let _ = history.save("one", "acme", draft("A"), at(0)).unwrap();
        let keeps = history.save("one", "acme", draft("B"), at(1)).unwrap();
        assert!(matches!(keeps[0].what, What::Without { .. }) && keeps.len() == 2, "{keeps:?}");
        assert_eq!(history.all().len(), 1);
        assert!(history.save(" ", "acme", draft("A"), at(0)).unwrap_err().contains("a name"));
        assert!(history.save(&"x".repeat(61), "acme", draft("A"), at(0)).unwrap_err().contains("61"));
        let many = Draft { ids: vec!["x".repeat(200); 2_000], ..Draft::default() };
        assert!(history.save("many", "acme", many, at(0)).unwrap_err().contains("2,000 IDs"));
        assert!(history.rename("gone", "x", at(0)).is_err());
    }

    #[test]
    fn a_broken_line_costs_itself() {
        let (directory, kept) = kept();
        let mut history = History::default();
        history.recall(&kept, "acme", true);
        run(&mut history, 1, draft("A"), &kept);
        let path = directory.path().join("history/_sandbox");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{{\"at\":1}}\nrubbish\n{text}{{\"at\":\"2026")).unwrap();
        history.recall(&kept, "acme", true);
        run(&mut history, 2, draft("B"), &kept);
        history.recall(&kept, "acme", true);
        assert_eq!(names(&history), ["B", "A"]);
    }

    #[test]
    fn what_stood_in_the_builder_is_not_lost_unless_it_is_known_anyway() {
        let mut history = History::default();
        history.put_aside(Draft::default());
        assert!(history.all().is_empty(), "nothing was asked");
        history.put_aside(draft("A"));
        assert_eq!(names(&history), ["aside A"]);
        history.remove_put_aside();
        let _ = history.save("a", "acme", draft("A"), at(0)).unwrap();
        history.put_aside(draft("A"));
        assert_eq!(names(&history), ["saved a"]);
    }

    #[test]
    fn a_query_is_told_in_a_line() {
        let query = Draft {
            ids: (1..=30).map(|n| format!("P-{n}")).collect(),
            segments: vec!["S-1".into(), "S-2".into()],
            filter: " score gt\n10 ".into(),
            fields: "id,email".parse().unwrap(),
            limit: Some(1_000),
            ..Draft::default()
        };
        assert_eq!(gist(&query), "30 IDs P-1…  S-1, S-2  score gt␊10");
        let whole = whole(&query);
        assert!(whole.starts_with("segments S-1, S-2  filter score"), "{whole}");
        assert!(whole.contains("P-20 and 10 more  fields id,email  at most 1,000"), "{whole}");
        assert_eq!(gist(&draft("A")), "A");
    }

    proptest! {
        #[test]
        fn what_is_kept_reads_back_as_the_same_draft(
            ids in proptest::collection::vec("\\PC{0,12}", 0..5),
            segments in proptest::collection::vec("[A-Z\\n\"\\\\]{1,9}", 0..3),
            filter in "(\\PC|[\\n\\r\\t\u{1b}]){0,40}",
            bits in 0_u16..512,
            limit in proptest::option::of(0_u64..u64::MAX),
            page_size in 0_u32..2_000,
            use_cache in proptest::bool::ANY,
        ) {
            let fields = crate::engine::query::Field::ALL.into_iter().filter(|f| bits & (1 << f.index()) != 0).collect();
            let query = Draft { ids, fields, segments, filter, page_size, limit, use_cache, ..Draft::default() };
            let (_directory, kept) = kept();
            let mut history = History::default();
            history.recall(&kept, "acme", false);
            run(&mut history, 1, query.clone(), &kept);
            keep_all(&kept, &history.save("it", "acme", query.clone(), at(0)).unwrap());
            let mut again = History::default();
            again.recall(&kept, "acme", false);
            let found: Vec<Draft> = again.all().iter().map(|asked| asked.query().clone()).collect();
            prop_assert_eq!(found, vec![query.clone(), query]);
        }
    }
}
