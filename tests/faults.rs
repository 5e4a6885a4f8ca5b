//! Every row of the contract's tables of faults (Rate, Identity, Network and HTTP, Paging, Payload), played by the
//! sandbox against the real engine over real HTTP. A test's path is table, row, fault.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[macro_use]
#[path = "support/faults.rs"]
mod support;

#[path = "faults/identity.rs"]
mod identity;
#[path = "faults/network.rs"]
mod network;
#[path = "faults/paging.rs"]
mod paging;
#[path = "faults/payload.rs"]
mod payload;
#[path = "faults/rate.rs"]
mod rate;
#[path = "faults/rows.rs"]
mod rows;

use std::collections::BTreeMap;

use cxlens::sandbox::faults;

/// The fault that a test is named after.
fn fault_of(test: &str) -> String {
    test.trim_start_matches("http_").replace('_', "-")
}

#[test]
fn every_playable_fault_is_played_under_its_own_row() {
    let tables = [
        ("Rate", rate::PLAYED),
        ("Identity", identity::PLAYED),
        ("Network and HTTP", network::PLAYED),
        ("Paging", paging::PLAYED),
        ("Payload", payload::PLAYED),
    ];
    let played: BTreeMap<_, _> = tables
        .into_iter()
        .flat_map(|(table, tests)| tests.iter().map(move |(row, test)| (fault_of(test), (table, *row))))
        .collect();
    let playable: BTreeMap<_, _> =
        faults().into_iter().map(|fault| (fault.name.to_owned(), (fault.group, fault.row))).collect();
    assert_eq!(played, playable);
}
