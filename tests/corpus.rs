//! What the fuzzers found worth keeping, through the same checks: `fuzz/` finds it, this replays it on every run.

#![expect(clippy::expect_used, clippy::panic, reason = "a check says no more than a panic does")]
#![expect(clippy::print_stderr, reason = "how many inputs there are")]

#[path = "../fuzz/bodies/audit.rs"]
mod audit;
#[path = "../fuzz/bodies/filter.rs"]
mod filter;
#[path = "../fuzz/bodies/headers.rs"]
mod headers;
#[path = "../fuzz/bodies/next_page.rs"]
mod next_page;
#[path = "../fuzz/bodies/page.rs"]
mod page;
#[path = "../fuzz/bodies/text.rs"]
mod text;
#[path = "../fuzz/bodies/webhook.rs"]
mod webhook;

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

/// Runs every kept input of a target, and names those that fail.
fn replay(target: &str, body: fn(&[u8])) {
    let dir = Path::new("fuzz/corpus").join(target);
    let mut files: Vec<_> =
        fs::read_dir(&dir).expect("a corpus").map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() >= 10, "{} holds {} inputs", dir.display(), files.len());
    let failed: Vec<_> = files
        .iter()
        .filter(|file| {
            let input = fs::read(file).expect("an input");
            catch_unwind(|| body(&input)).is_err()
        })
        .collect();
    assert!(failed.is_empty(), "of {} inputs these fail: {failed:#?}", files.len());
    eprintln!("{target}: {} inputs", files.len());
}

#[test]
fn audit_trails_in_any_state() {
    replay("audit", audit::run);
}

#[test]
fn filters() {
    replay("filter", filter::run);
}

#[test]
fn reply_headers() {
    replay("headers", headers::run);
}

#[test]
fn next_pages() {
    replay("next_page", next_page::run);
}

#[test]
fn pages() {
    replay("page", page::run);
}

#[test]
fn texts() {
    replay("text", text::run);
}

#[test]
fn small_replies() {
    replay("webhook", webhook::run);
}

#[test]
fn every_target_has_a_body_a_corpus_and_a_test() {
    let names = |dir: &str| -> BTreeSet<String> {
        let listed = fs::read_dir(dir).expect("a directory");
        let stem =
            |path: std::path::PathBuf| path.file_stem().map(|name| name.to_string_lossy().into_owned());
        listed.filter_map(|file| stem(file.expect("a file").path())).collect()
    };
    let this = include_str!("corpus.rs");
    let tested: BTreeSet<_> = names("fuzz/targets")
        .into_iter()
        .filter(|name| this.contains(&format!("replay(\"{name}\", {name}::run)")))
        .collect();
    assert_eq!(names("fuzz/targets"), tested);
    assert_eq!(names("fuzz/bodies"), tested);
    assert_eq!(names("fuzz/corpus"), tested);
}
