//! How rows are looked at, apart from the rows themselves: which pass a filter, in what order, and which a search
//! finds.
//!
//! ```text
//! few rows    done at once
//! many        a Job for another thread, whose Steps come back through take()
//! later rows  extend(): tested, and merged to where they belong
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::counts::Counts;
use super::filter::{Filter, Term};
use super::sort::{Sort, compare_rows};
use super::work::{Found, Job, Step, Task, passing_in};
use super::{Column, Data, sort};

/// So many rows are done at once: it takes less than a frame.
pub const AT_ONCE: usize = 10_000;
/// So many rows are merged into an order at once.
const MERGED: usize = 2_000;

/// Places on the screen, each with the number of its row.
///
/// As received it costs nothing; filtered or sorted, four bytes a row that passes.
#[derive(Debug, Default)]
pub struct View {
    sort: Vec<Sort>,
    filter: Option<Filter>,
    /// Row numbers by place; `None`: all, as they came.
    order: Option<Vec<u32>>,
    /// What `order` was made by: while a job works it is not yet what is wanted.
    made_by: (Vec<Sort>, Option<Filter>),
    /// Rows that were looked at for `order`.
    covered: usize,
    arranging: Option<Ticket>,
    search: Option<Search>,
    counting: Option<Counting>,
    last_ticket: u64,
}

/// A job that is under way. Dropping it stops the job.
#[derive(Debug)]
struct Ticket {
    number: u64,
    share: f32,
    /// Whether it puts the rows there that pass, in the order in which they came.
    filling: bool,
    dropped: Arc<AtomicBool>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::Relaxed);
    }
}

/// A column that is counted.
#[derive(Debug)]
struct Counting {
    column: Column,
    counts: Option<Arc<Counts>>,
    job: Option<Ticket>,
}

/// What a search found.
#[derive(Debug)]
struct Search {
    terms: Vec<Term>,
    /// A bit a row.
    hits: Vec<u64>,
    count: usize,
    covered: usize,
    job: Option<Ticket>,
}

impl Search {
    fn add(&mut self, rows: &[u32]) {
        for row in rows {
            let (word, bit) = (*row as usize / 64, 1 << (row % 64));
            if self.hits.len() <= word {
                self.hits.resize(word + 1, 0);
            }
            self.count += usize::from(self.hits[word] & bit == 0);
            self.hits[word] |= bit;
        }
    }

    fn has(&self, row: usize) -> bool {
        self.hits.get(row / 64).is_some_and(|word| word & 1 << (row % 64) != 0)
    }
}

impl View {
    /// How many places there are.
    pub fn len(&self) -> usize {
        self.order.as_ref().map_or(self.covered, Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it is sorted by, or will be: the first counts most. Empty: as received.
    pub fn sort(&self) -> &[Sort] {
        &self.sort
    }

    /// The filter, or the one that is being applied.
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// The rows by place; `None`: all, as they came.
    pub fn order(&self) -> Option<&[u32]> {
        self.order.as_deref()
    }

    /// Whether all rows are there as they came.
    pub fn is_as_received(&self) -> bool {
        self.order.is_none()
    }

    /// Whether later rows stand behind earlier ones.
    pub fn is_in_row_order(&self) -> bool {
        self.order.is_none() || self.made_by.0.is_empty()
    }

    /// How much of an order or a filter is worked out, from 0 to 1; `None`: all of it.
    pub fn working(&self) -> Option<f32> {
        self.arranging.as_ref().map(|ticket| ticket.share)
    }

    /// Gives up what is being worked out: what is seen stays. Says whether there was anything.
    pub fn give_up(&mut self) -> bool {
        let was = self.arranging.take().is_some();
        if was {
            (self.sort, self.filter) = self.made_by.clone();
        }
        was
    }

    /// The number of the row at a place.
    pub fn row(&self, place: usize) -> Option<usize> {
        match &self.order {
            None => (place < self.covered).then_some(place),
            Some(order) => order.get(place).map(|row| *row as usize),
        }
    }

    /// The place of a row; `None`: it does not pass.
    pub fn place(&self, row: usize) -> Option<usize> {
        match &self.order {
            None => (row < self.covered).then_some(row),
            Some(order) if self.made_by.0.is_empty() => order.binary_search(&(row as u32)).ok(),
            Some(order) => order.iter().position(|r| *r as usize == row),
        }
    }

    /// Forgets the rows; what it is sorted, filtered and searched by stays.
    pub fn begin(&mut self) {
        (self.arranging, self.counting) = (None, None);
        self.covered = 0;
        self.made_by = (self.sort.clone(), self.filter.clone());
        self.order = (!self.sort.is_empty() || self.filter.is_some()).then(Vec::new);
        if let Some(search) = &mut self.search {
            *search =
                Search { terms: search.terms.clone(), hits: Vec::new(), count: 0, covered: 0, job: None };
        }
    }

    /// This view in the place of another: what jobs of either still say is told apart.
    #[must_use]
    pub fn instead_of(mut self, other: &Self) -> Self {
        self.last_ticket = self.last_ticket.max(other.last_ticket);
        self
    }

    /// Sorts and filters anew: stable over the order of arrival. Gives the job where there are too many rows to do
    /// it at once.
    pub fn arrange(&mut self, data: &Data, sort: Vec<Sort>, filter: Option<Filter>) -> Option<Job> {
        self.arranging = None;
        (self.sort, self.filter) = (sort, filter);
        if self.sort.is_empty() && self.filter.is_none() {
            self.order = None;
            self.covered = data.len();
            self.made_by = (Vec::new(), None);
            return None;
        }
        let (ticket, job) =
            self.job(data, Task::Arrange { filter: self.filter.clone(), sort: self.sort.clone() });
        self.arranging = Some(ticket);
        self.do_or_hand_out(data, job)
    }

    /// A row passes no more, and this is the filter now that says so. Gives the job where it is not done at once.
    pub fn leave_out(&mut self, data: &Data, row: usize, filter: Filter) -> Option<Job> {
        let place = self.place(row);
        match (&self.arranging, &mut self.order, place) {
            (None, Some(order), Some(place)) => {
                order.remove(place);
                self.filter = Some(filter);
                self.made_by.1.clone_from(&self.filter);
                None
            }
            _ => self.arrange(data, self.sort.clone(), Some(filter)),
        }
    }

    /// Searches for the rows for which terms hold, from a row on; none ends the search.
    pub fn search(&mut self, data: &Data, terms: Vec<Term>, from: usize) -> Option<Job> {
        self.search = None;
        if terms.is_empty() {
            return None;
        }
        let (ticket, job) = self.job(data, Task::Find { terms: terms.clone(), from });
        self.search = Some(Search { terms, hits: Vec::new(), count: 0, covered: 0, job: Some(ticket) });
        self.do_or_hand_out(data, job)
    }

    /// Counts what a column holds, unless that is known or under way; `None` ends the counting.
    pub fn count(&mut self, data: &Data, column: Option<Column>) -> Option<Job> {
        let Some(column) = column else {
            self.counting = None;
            return None;
        };
        let before = self.counting.take().filter(|counting| counting.column == column);
        let counts = before.as_ref().and_then(|before| before.counts.clone());
        let is_done = counts.as_ref().is_some_and(|counts| counts.rows == data.len());
        if is_done || before.as_ref().is_some_and(|before| before.job.is_some()) {
            self.counting = before;
            return None;
        }
        let (ticket, job) = self.job(data, Task::Count { column });
        self.counting = Some(Counting { column, counts, job: Some(ticket) });
        self.do_or_hand_out(data, job)
    }

    /// What the column holds that is counted, as far as it is known.
    pub fn counts(&self) -> Option<&Arc<Counts>> {
        self.counting.as_ref()?.counts.as_ref()
    }

    fn job(&mut self, data: &Data, task: Task) -> (Ticket, Job) {
        self.last_ticket += 1;
        let (number, dropped) = (self.last_ticket, Arc::new(AtomicBool::new(false)));
        let job = Job { ticket: number, data: data.clone(), task, dropped: dropped.clone() };
        (Ticket { number, share: 0.0, filling: false, dropped }, job)
    }

    fn do_or_hand_out(&mut self, data: &Data, job: Job) -> Option<Job> {
        if data.len() > AT_ONCE {
            return Some(job);
        }
        let mut steps = Vec::new();
        job.run(&mut |step| {
            steps.push(step);
            true
        });
        for step in steps {
            self.take(step);
        }
        None
    }

    /// Takes what a job found; says whether that changed anything.
    pub fn take(&mut self, step: Step) -> bool {
        let Step { ticket, share, found } = step;
        if let Some(own) = self.arranging.as_mut().filter(|own| own.number == ticket) {
            own.share = share;
            match found {
                Found::Passing(rows, covered) => {
                    let is_first = !std::mem::replace(&mut own.filling, true);
                    // What passes is seen at once, as it came; its order follows.
                    match &mut self.order {
                        Some(order) if !is_first => order.extend(rows),
                        order => *order = Some(rows),
                    }
                    (self.made_by, self.covered) = ((Vec::new(), self.filter.clone()), covered);
                }
                Found::Order(order, covered) => {
                    self.order = Some(order);
                    (self.made_by, self.covered) = ((self.sort.clone(), self.filter.clone()), covered);
                    self.arranging = None;
                }
                _ => {}
            }
            return true;
        }
        let is_own = |job: &Option<Ticket>| job.as_ref().is_some_and(|job| job.number == ticket);
        if let Some(counting) = self.counting.as_mut().filter(|counting| is_own(&counting.job)) {
            if let Found::Counts(counts) = found {
                (counting.counts, counting.job) = (Some(counts), None);
                return true;
            }
            // How far it is shows nowhere.
            return false;
        }
        let Some(search) = &mut self.search else { return false };
        let Some(job) = search.job.as_mut().filter(|job| job.number == ticket) else { return false };
        job.share = share;
        match found {
            Found::Hits(rows) => search.add(&rows),
            Found::LastHits(rows, covered) => {
                search.add(&rows);
                (search.covered, search.job) = (covered, None);
            }
            _ => {}
        }
        true
    }

    /// Whether rows came since that are not taken up, and can be now.
    pub fn is_behind(&self, data: &Data) -> bool {
        let behind = |covered: usize| covered < data.len();
        behind(self.covered) && !self.is_filling()
            || self.search.as_ref().is_some_and(|search| search.job.is_none() && behind(search.covered))
    }

    fn is_filling(&self) -> bool {
        self.arranging.as_ref().is_some_and(|ticket| ticket.filling)
    }

    /// Takes up the rows that came since, each where it belongs; in a sorted order no more of them than a picture
    /// can wait for.
    pub fn extend(&mut self, data: &Data) {
        if self.covered < data.len() && !self.is_filling() {
            let (by, filter) = &self.made_by;
            let most = if by.is_empty() { usize::MAX } else { MERGED };
            let upto = data.len().min(self.covered.saturating_add(most));
            if let Some(order) = &mut self.order {
                let mut new = match filter {
                    Some(filter) => passing_in(data, self.covered..upto, &filter.terms),
                    None => (self.covered as u32..upto as u32).collect(),
                };
                if by.is_empty() {
                    order.append(&mut new);
                } else if let Some(new) = sort::sort(data, new, by, &mut |_| true) {
                    merge(order, &new, |a, b| compare_rows(data, by, a, b).is_lt());
                }
            }
            self.covered = upto;
        }
        if let Some(search) = self.search.as_mut().filter(|search| search.job.is_none())
            && search.covered < data.len()
        {
            let rows = passing_in(data, search.covered..data.len(), &search.terms);
            search.add(&rows);
            search.covered = data.len();
        }
    }

    /// Whether something is searched for.
    pub fn is_searching(&self) -> bool {
        self.search.is_some()
    }

    /// Whether the search found this row.
    pub fn is_hit(&self, row: usize) -> bool {
        self.search.as_ref().is_some_and(|search| search.has(row))
    }

    /// How many rows the search found so far, whether they pass the filter or not; and whether it still looks.
    pub fn hits(&self) -> (usize, bool) {
        self.search.as_ref().map_or((0, false), |search| (search.count, search.job.is_some()))
    }

    /// The first place from `from` on (going round once) whose row the search found so far.
    pub fn hit(&self, from: usize, forward: bool) -> Option<usize> {
        let search = self.search.as_ref().filter(|search| search.count > 0)?;
        let len = self.len();
        let found = |place: &usize| self.row(*place).is_some_and(|row| search.has(row));
        if forward {
            (from..len).chain(0..from.min(len)).find(found)
        } else {
            (0..len.min(from + 1)).rev().chain((from + 1..len).rev()).find(found)
        }
    }
}

/// Merges rows that are in order into others that are.
fn merge(order: &mut Vec<u32>, new: &[u32], is_before: impl Fn(u32, u32) -> bool) {
    let mut end = order.len();
    order.resize(end + new.len(), 0);
    let mut to = order.len();
    for row in new.iter().rev() {
        // Behind all that are not behind it.
        let at = order[..end].partition_point(|old| !is_before(*row, *old));
        order.copy_within(at..end, to - (end - at));
        to -= end - at + 1;
        order[to] = *row;
        end = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pipeline::profile::{Profile, Slot};
    use crate::engine::query::Field;
    use crate::rows::fixture::{profiles, text};
    use crate::rows::{Column, Rows};
    use proptest::prelude::*;

    fn named(names: &[Option<&str>]) -> Vec<Profile> {
        let name = |name: Option<&str>| name.map_or(Slot::Null, text);
        names.iter().map(|n| Profile { last_name: name(*n), ..Profile::default() }).collect()
    }

    fn by(field: Field, descending: bool) -> Sort {
        Sort { column: field.into(), descending }
    }

    fn look(text: &str) -> Vec<Term> {
        crate::rows::Needle::new(text).map(Term::anywhere).into_iter().collect()
    }

    fn order(view: &View) -> Vec<usize> {
        (0..view.len()).map(|place| view.row(place).unwrap()).collect()
    }

    /// As `arrange`, but the work is done here whatever there is to do.
    fn arrange(view: &mut View, rows: &Rows, sort: &[Sort], filter: Option<&str>) {
        let filter = filter.and_then(|text| Filter::parse(text, rows.data()).unwrap());
        if let Some(job) = view.arrange(rows.data(), sort.to_vec(), filter) {
            finish(view, job);
        }
    }

    fn finish(view: &mut View, job: Job) {
        job.run(&mut |step| view.take(step));
    }

    #[test]
    fn nulls_come_last_both_ways_and_equals_keep_their_order() {
        let mut rows = Rows::new();
        rows.append(&named(&[None, Some("b"), Some("10"), Some("9"), Some("b"), None]));
        let mut view = View::default();
        for (descending, expected) in [(false, [3, 2, 1, 4, 0, 5]), (true, [1, 4, 2, 3, 0, 5])] {
            arrange(&mut view, &rows, &[by(Field::LastName, descending)], None);
            assert_eq!(order(&view), expected);
        }
        arrange(&mut view, &rows, &[], None);
        assert_eq!(order(&view), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn several_columns_count_one_after_the_other() {
        let mut rows = Rows::new();
        let of = |last: &str, first: &str| Profile {
            last_name: text(last),
            first_name: text(first),
            ..Profile::default()
        };
        rows.append(&[of("b", "x"), of("a", "y"), of("b", "y"), of("a", "x")]);
        let mut view = View::default();
        arrange(&mut view, &rows, &[by(Field::LastName, false), by(Field::FirstName, true)], None);
        assert_eq!(order(&view), [1, 3, 2, 0]);
    }

    #[test]
    fn attributes_are_sorted_by_value_and_filtered() {
        let mut rows = Rows::new();
        let of = |n: i32| {
            crate::rows::tests::read(&format!("{{\"id\":\"{n}\",\"attributes\":{{\"n\":\"{n}\"}}}}"))
        };
        rows.append(&[9, -10, 100, -9].map(of));
        rows.append(&[Profile::default()]);
        let column = Column::Attribute(rows.data().attribute("n").unwrap());
        let mut view = View::default();
        arrange(&mut view, &rows, &[Sort { column, descending: false }], None);
        assert_eq!(order(&view), [1, 3, 0, 2, 4]);
        for (filter, passing) in [
            ("n>=-9", vec![0, 2, 3]),
            ("attributes.n<0 & id:9", vec![3]),
            ("n=100", vec![2]),
            ("n=missing", vec![4]),
            ("-9", vec![3]),
        ] {
            arrange(&mut view, &rows, &[], Some(filter));
            assert_eq!(order(&view), passing, "{filter}");
        }
    }

    #[test]
    fn what_only_looks_like_the_other_values_is_sorted_by_its_kind() {
        let mut rows = Rows::new();
        let of = |json: &str| {
            crate::rows::tests::read(&format!("{{\"id\":\"1\",\"attributes\":{{\"n\":{json}}}}}"))
        };
        // `"0007"` stays text, `"1007"` is a number and comes before it.
        rows.append(&(0..3_000).map(|n| of(&format!("\"{n:04}\""))).collect::<Vec<_>>());
        let column = Column::Attribute(rows.data().attribute("n").unwrap());
        let mut view = View::default();
        arrange(&mut view, &rows, &[Sort { column, descending: false }], None);
        assert_eq!(order(&view), (1_000..3_000).chain(0..1_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_row_finds_its_place_again() {
        let mut rows = Rows::new();
        rows.append(&named(&[Some("c"), Some("a"), Some("b")]));
        let mut view = View::default();
        for sort in [&[by(Field::LastName, false)][..], &[]] {
            arrange(&mut view, &rows, sort, None);
            for row in 0..3 {
                assert_eq!(view.row(view.place(row).unwrap()), Some(row));
            }
            assert_eq!(view.row(3), None);
            assert_eq!(view.place(3), None);
        }
    }

    #[test]
    fn what_passes_is_there_before_all_was_looked_at_and_an_old_job_stops() {
        let mut rows = Rows::new();
        rows.append(&profiles(0..AT_ONCE * 8));
        let mut view = View::default();
        let filter = |text: &str| Filter::parse(text, rows.data()).unwrap();
        let first = view.arrange(rows.data(), Vec::new(), filter("byron 1")).unwrap();
        let second = view.arrange(rows.data(), vec![by(Field::LastName, true)], filter("byron 2")).unwrap();
        let mut steps = 0;
        first.run(&mut |step| {
            steps += 1;
            view.take(step)
        });
        assert_eq!(steps, 0, "nobody waits for it any more");
        let mut seen = Vec::new();
        second.run(&mut |step| {
            let wanted = view.take(step);
            seen.push((view.len(), view.working().is_some()));
            wanted
        });
        assert!(seen.len() > 2 && seen[0].0 > 0 && seen[0].1, "{seen:?}");
        assert_eq!(seen.last().map(|(_, working)| *working), Some(false));
        assert!(order(&view).is_sorted_by(|a, b| a > b), "sorted by names that end in the row's number");
        let one = |row: &usize| format!("{row}").starts_with('2');
        assert_eq!(view.len(), (0..AT_ONCE * 8).filter(one).count());
    }

    #[test]
    fn many_later_rows_are_merged_a_few_at_a_time() {
        let mut rows = Rows::new();
        let mut view = View::default();
        arrange(&mut view, &rows, &[by(Field::LastName, true)], None);
        rows.append(&profiles(0..MERGED * 2 + 1));
        let mut lens = Vec::new();
        while view.is_behind(rows.data()) {
            view.extend(rows.data());
            lens.push(view.len());
        }
        assert_eq!(lens, [MERGED, MERGED * 2, MERGED * 2 + 1]);
        assert!(order(&view).is_sorted_by(|a, b| a > b));
    }

    #[test]
    fn giving_up_goes_back_to_what_is_seen() {
        let mut rows = Rows::new();
        rows.append(&profiles(0..AT_ONCE + 1));
        let mut view = View::default();
        view.extend(rows.data());
        let job = view.arrange(rows.data(), vec![by(Field::LastName, true)], None);
        assert!(job.is_some() && view.give_up() && !view.give_up());
        assert_eq!((view.sort(), view.len()), (&[][..], AT_ONCE + 1));
    }

    #[test]
    fn a_search_goes_round_once_in_both_directions() {
        let mut rows = Rows::new();
        rows.append(&profiles(0..30));
        let mut view = View::default();
        view.extend(rows.data());
        let mut search = |text: &str| {
            assert!(view.search(rows.data(), look(text), 0).is_none());
            [(0, true), (8, true), (29, false), (6, false)].map(|(from, forward)| view.hit(from, forward))
        };
        assert_eq!(search("byron 7"), [Some(7); 4]);
        assert_eq!(search("nobody"), [None; 4]);
        // Values inside of attributes are found too, and their keys, as they are seen.
        assert_eq!(search("zürich")[1], Some(8));
        assert_eq!(search("address")[3], Some(6));
        assert_eq!(View::default().hit(0, true), None);
    }

    proptest! {
        #[test]
        fn rows_that_come_later_land_where_arranging_puts_them(
            pages in proptest::collection::vec(proptest::collection::vec(proptest::option::of("[ab1-3]{0,2}"), 0..8), 0..6),
            descending in any::<bool>(), filter in proptest::option::of("[ab1]"),
        ) {
            let mut rows = Rows::new();
            let (mut view, mut anew) = (View::default(), View::default());
            let sort = [by(Field::LastName, descending)];
            arrange(&mut view, &rows, &sort, filter.as_deref());
            view.search(rows.data(), look("b"), 0);
            for page in pages {
                let names: Vec<Option<&str>> = page.iter().map(Option::as_deref).collect();
                rows.append(&named(&names));
                while view.is_behind(rows.data()) {
                    view.extend(rows.data());
                }
            }
            arrange(&mut anew, &rows, &sort, filter.as_deref());
            anew.search(rows.data(), look("b"), 0);
            prop_assert_eq!(order(&view), order(&anew));
            prop_assert_eq!(view.hits(), anew.hits());
        }

        #[test]
        fn filtering_bytes_finds_what_looking_at_each_row_finds(
            names in proptest::collection::vec("[abAB]{0,4}|[aé]{0,3}", 0..60), needle in "[aAbé]{1,3}", many in any::<bool>(),
        ) {
            // Many different values lie side by side, few are kept once.
            let names: Vec<String> = names
                .iter()
                .cycle()
                .take(if names.is_empty() { 0 } else if many { 2_600 } else { names.len() })
                .enumerate()
                .map(|(n, name)| if many { format!("{name}{n}") } else { name.clone() })
                .collect();
            let mut rows = Rows::new();
            rows.append(&named(&names.iter().map(|name| Some(name.as_str())).collect::<Vec<_>>()));
            let mut view = View::default();
            arrange(&mut view, &rows, &[], Some(&format!("last:{needle}")));
            let small = needle.to_lowercase();
            let expected: Vec<usize> =
                (0..names.len()).filter(|row| names[*row].to_lowercase().contains(&small)).collect();
            prop_assert_eq!(order(&view), expected);
        }

        #[test]
        fn sorting_by_any_means_is_sorting_by_comparing(
            names in proptest::collection::vec("[aAbé0-2 .]{0,14}|2026-0[1-3]-0[1-9]T10:00:00Z|[a]{24}[0-9]{0,2}", 0..40),
            times in 1_usize..60, descending in any::<bool>(), dates in any::<bool>(),
        ) {
            let names: Vec<String> = (0..times)
                .flat_map(|n| names.iter().map(move |name| if n % 2 == 0 { name.clone() } else { format!("{name}{n}") }))
                .filter(|name| !dates || name.len() == 20)
                .collect();
            let mut rows = Rows::new();
            rows.append(&named(&names.iter().map(|name| Some(name.as_str())).collect::<Vec<_>>()));
            let mut view = View::default();
            arrange(&mut view, &rows, &[by(Field::LastName, descending)], None);
            let mut expected: Vec<usize> = (0..names.len()).collect();
            expected.sort_by(|a, b| {
                let order = crate::rows::natural(&names[*a], &names[*b]);
                if descending { order.reverse() } else { order }
            });
            prop_assert_eq!(order(&view), expected);
        }
    }
}
