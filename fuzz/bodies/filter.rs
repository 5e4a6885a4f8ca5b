//! A filter: checked by the engine, read by the sandbox, hashed for the audit trail.

use std::collections::HashMap;

use cxlens::engine::audit::{Hasher, hash_literals};
use cxlens::engine::query::{Draft, Filter};
use cxlens::sandbox::read_filter;

pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let hasher = Hasher::new(&[7; 32]);
    let hashed = hash_literals(&text, &hasher);
    match Filter::new(&text) {
        Ok(filter) => {
            assert_eq!(filter.as_str(), text.trim());
            assert_eq!(filter.as_str().chars().count(), filter.on_one_line().chars().count());
            let draft = Draft { filter: text.clone().into_owned(), ..Draft::default() };
            assert!(draft.check().is_ok());
        }
        Err(error) => assert!(error.filter_at.is_none_or(|at| at <= text.chars().count() + 1)),
    }
    // The second opinion on what is a literal: who wrote the sandbox did not write the hashing.
    let Ok(reading) = read_filter(&text) else { return };
    assert!(reading.admits <= 100);
    let mut allowed = words(&text);
    for literal in &reading.literals {
        for (word, times) in words(literal) {
            if let Some(outside) = allowed.get_mut(&word) {
                *outside = outside.saturating_sub(times);
            }
        }
    }
    for (word, times) in words(&without_hashes(&hashed)) {
        let outside = allowed.get(&word).copied().unwrap_or(0);
        assert!(times <= outside, "{word:?} of a literal is left in {hashed:?} of {text:?}");
    }
}

/// Runs of letters and digits, and how often each is there.
fn words(text: &str) -> HashMap<String, usize> {
    let mut words = HashMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *words.entry(word.to_owned()).or_default() += 1;
    }
    words
}

/// Every `#` with the 32 digits behind it becomes a blank.
fn without_hashes(hashed: &str) -> String {
    let mut pieces = hashed.split('#');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_hash = piece.get(..32).is_some_and(|hash| hash.bytes().all(|b| b.is_ascii_hexdigit()));
        out.push(' ');
        out.push_str(if is_hash { &piece[32..] } else { piece });
    }
    out
}
