//! Cuts a long list of IDs into requests: at most 100 each, and shorter where the URL would grow past 8 KiB.
//!
//! The plan and the worker cut with this one function, so that what was announced is what is sent.

use std::ops::Range;

use super::error::Error;
use super::query::{IDS_PER_REQUEST, Id, MAX_URL_BYTES, Query};

/// The batches of a query's IDs, as ranges into [`Query::ids`]; one empty range where it has none.
///
/// `url_bytes` gives the length of the URL that asks for these IDs, at the widest page number that may come.
/// It must not shrink when IDs are added.
///
/// # Errors
/// The URL is too long even with a single ID (or none): segments and filter fill it.
pub fn batches(query: &Query, mut url_bytes: impl FnMut(&[Id]) -> usize) -> Result<Vec<Range<usize>>, Error> {
    let ids = query.ids();
    let least = url_bytes(&ids[..ids.len().min(1)]);
    if least > MAX_URL_BYTES {
        return Err(too_long(query, least));
    }
    if ids.is_empty() {
        return Ok(std::iter::once(0..0).collect());
    }
    let mut batches = Vec::with_capacity(ids.len().div_ceil(IDS_PER_REQUEST));
    let mut start = 0;
    while start < ids.len() {
        let most = IDS_PER_REQUEST.min(ids.len() - start);
        let length = longest_that_fits(&ids[start..start + most], &mut url_bytes);
        if length == 0 {
            return Err(too_long(query, url_bytes(&ids[start..=start])));
        }
        batches.push(start..start + length);
        start += length;
    }
    Ok(batches)
}

/// The number of leading IDs whose URL stays within bounds.
fn longest_that_fits(ids: &[Id], url_bytes: &mut impl FnMut(&[Id]) -> usize) -> usize {
    if url_bytes(ids) <= MAX_URL_BYTES {
        return ids.len();
    }
    // Invariant: `fits` IDs fit, `fails` do not.
    let (mut fits, mut fails) = (0, ids.len());
    while fails - fits > 1 {
        let middle = usize::midpoint(fits, fails);
        if url_bytes(&ids[..middle]) <= MAX_URL_BYTES {
            fits = middle;
        } else {
            fails = middle;
        }
    }
    fits
}

fn too_long(query: &Query, bytes: usize) -> Error {
    let culprit = match (query.filter(), query.segments().len()) {
        (Some(filter), segments) if filter.as_str().len() > segments * 32 => "shorten the filter",
        (_, 2..) => "ask for fewer segments at once",
        _ => "shorten the filter or the IDs",
    };
    Error::usage(
        "query",
        format!("its URL would have {bytes} bytes, at most {MAX_URL_BYTES} are sent"),
        format!("{culprit}, or ask in several queries"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::query::Draft;
    use proptest::prelude::*;

    /// A URL of 60 bytes and the IDs, separated by an escaped comma.
    fn plain(ids: &[Id]) -> usize {
        60 + ids.iter().map(|id| id.as_str().len() + 3).sum::<usize>()
    }

    fn query(ids: Vec<String>) -> Query {
        Draft { ids, segments: vec!["S".into()], ..Draft::default() }.check().unwrap()
    }

    fn cut(query: &Query) -> Vec<(usize, usize)> {
        batches(query, plain).unwrap().into_iter().map(|b| (b.start, b.end)).collect()
    }

    #[test]
    fn a_query_without_ids_is_one_batch() {
        assert_eq!(cut(&query(Vec::new())), [(0, 0)]);
    }

    #[test]
    fn a_hundred_ids_are_one_request_and_one_more_is_two() {
        let ids = |n: usize| query((0..n).map(|i| format!("P{i}")).collect());
        assert_eq!(cut(&ids(100)), [(0, 100)]);
        assert_eq!(cut(&ids(101)), [(0, 100), (100, 101)]);
        assert_eq!(cut(&ids(250)), [(0, 100), (100, 200), (200, 250)]);
    }

    #[test]
    fn long_ids_make_shorter_batches() {
        let ids = (0..100).map(|i| format!("{i:0>200}")).collect();
        // (8192 - 60) / 203 = 40.06
        assert_eq!(cut(&query(ids)), [(0, 40), (40, 80), (80, 100)]);
    }

    #[test]
    fn a_url_that_is_full_already_is_refused_with_both_numbers() {
        let error = batches(&query(Vec::new()), |_| MAX_URL_BYTES + 1).unwrap_err();
        assert!(error.cause.contains("8193") && error.cause.contains("8192"), "{error}");
        assert_eq!(error.kind.exit_code(), 2);
        // Room for the first ID, none for the second.
        let ids = query(vec!["A".into(), "B".repeat(200)]);
        let error = batches(&ids, |ids| 8_100 + ids.iter().map(|i| i.as_str().len()).sum::<usize>());
        assert!(error.is_err());
    }

    proptest! {
        #[test]
        fn every_id_is_in_one_batch_and_every_url_is_within_bounds(
            lengths in proptest::collection::vec(8_usize..256, 1..400),
        ) {
            let ids = lengths.iter().enumerate().map(|(i, n)| format!("{i:0>n$}")).collect();
            let query = query(ids);
            let cut = batches(&query, plain).unwrap();
            let mut next = 0;
            for batch in cut {
                prop_assert_eq!(batch.start, next);
                prop_assert!(!batch.is_empty() && batch.len() <= IDS_PER_REQUEST);
                prop_assert!(plain(&query.ids()[batch.clone()]) <= MAX_URL_BYTES);
                // As long as it can be.
                let longer = batch.start..batch.end + 1;
                if batch.len() < IDS_PER_REQUEST && batch.end < query.ids().len() {
                    prop_assert!(plain(&query.ids()[longer]) > MAX_URL_BYTES);
                }
                next = batch.end;
            }
            prop_assert_eq!(next, query.ids().len());
        }
    }
}
