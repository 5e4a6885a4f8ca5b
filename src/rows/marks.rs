//! Rows that a person marked: a bit each.

/// Marked rows, by their numbers. At a million rows it takes 128 kB at most.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    words: Vec<u64>,
    count: usize,
}

impl PartialEq for Marks {
    /// The same rows are marked, whatever was marked before.
    fn eq(&self, other: &Self) -> bool {
        let len = self.words.len().min(other.words.len());
        let none = |rest: &[u64]| rest.iter().all(|word| *word == 0);
        self.count == other.count
            && self.words[..len] == other.words[..len]
            && none(&self.words[len..])
            && none(&other.words[len..])
    }
}

impl Eq for Marks {}

impl Marks {
    /// How many are marked.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether this row is.
    pub fn has(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word & 1 << (row % 64) != 0)
    }

    /// Marks a row, or takes its mark away.
    pub fn set(&mut self, row: usize, on: bool) {
        let (word, bit) = (row / 64, 1 << (row % 64));
        if self.words.len() <= word {
            if !on {
                return;
            }
            self.words.resize(word + 1, 0);
        }
        match (self.words[word] & bit != 0, on) {
            (false, true) => self.count += 1,
            (true, false) => self.count -= 1,
            _ => return,
        }
        self.words[word] ^= bit;
    }

    /// Takes all marks away.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The marked rows, in the order in which they came.
    pub fn rows(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros() as usize;
                    left &= left - 1;
                    at * 64 + bit
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::query::Field;
    use crate::rows::fixture::profiles;
    use crate::rows::{AT_ONCE, Filter, Rows, Sort, View};
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    #[test]
    fn marked_rows_are_filtered_by_whatever_the_chunk_they_lie_in() {
        let mut rows = Rows::new();
        rows.append(&profiles(0..AT_ONCE * 2));
        let mut marks = Marks::default();
        for row in [3, 64, 8_191, 8_192, 19_999] {
            marks.set(row, true);
        }
        let typed = Filter::parse("/byron \\d*9/", rows.data()).unwrap();
        let sort = vec![Sort { column: Field::LastName.into(), descending: true }];
        for (filter, left) in [(None, vec![19_999, 8_192, 8_191, 64, 3]), (typed, vec![19_999, 8_192, 8_191])]
        {
            let mut view = View::default();
            let filter = Filter::marked(filter, Arc::new(marks.clone()));
            assert!(filter.wants_marked());
            let job = view.arrange(rows.data(), sort.clone(), Some(filter)).unwrap();
            job.run(&mut |step| view.take(step));
            assert_eq!(view.order().unwrap(), left);
            let mut fewer = marks.clone();
            fewer.set(8_192, false);
            let fewer = Filter::marked(None, Arc::new(fewer));
            assert!(view.leave_out(rows.data(), 8_192, fewer.clone()).is_none());
            assert_eq!((view.place(8_192), view.filter()), (None, Some(&fewer)));
        }
    }

    proptest! {
        #[test]
        fn it_is_a_set_of_rows(changes in proptest::collection::vec((0_usize..400, any::<bool>()), 0..60)) {
            let (mut marks, mut model) = (Marks::default(), BTreeSet::new());
            for (row, on) in changes {
                marks.set(row, on);
                if on { model.insert(row); } else { model.remove(&row); }
                prop_assert_eq!((marks.len(), marks.has(row)), (model.len(), on));
            }
            prop_assert_eq!(marks.rows().collect::<Vec<_>>(), model.iter().copied().collect::<Vec<_>>());
            let mut same = Marks::default();
            for row in &model {
                same.set(*row, true);
            }
            prop_assert_eq!(marks, same);
        }
    }
}
