//! Reply headers, a line each: how long to wait, what is announced, what a refusal wants.

use cxlens::engine::clock::Clock;
use cxlens::engine::fetch::headers::{FLOOR, announced, retry_after};
use cxlens::wire::crm_v2::challenge;
use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) fn run(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(64) {
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            Some(at) => (&line[..at], line[at + 1..].trim_ascii()),
            None => (&b"retry-after"[..], line),
        };
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let wall = "2026-03-04T12:00:00Z".parse().expect("a time");
    let now = Clock::system().now();
    if let Some(wait) = retry_after(&headers, wall) {
        assert!(wait >= FLOOR, "{wait:?}");
    }
    if let Some(said) = announced(&headers, now, wall) {
        for number in [said.limit, said.remaining].into_iter().flatten() {
            assert!(number.is_finite() && number >= 0.0, "{number}");
        }
        assert!(said.limit.is_some() || said.remaining.is_some());
        assert!(said.reset.is_none_or(|reset| reset >= now));
        assert!(said.window.is_none_or(|window| !window.is_zero()));
    }
    for value in headers.get_all(http::header::WWW_AUTHENTICATE) {
        let Ok(value) = value.to_str() else { continue };
        let read = challenge(value);
        for part in [read.realm, read.error, read.error_description, read.scope].into_iter().flatten() {
            assert!(part.len() <= value.len());
        }
    }
}
