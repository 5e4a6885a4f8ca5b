//! What running a query would take, worked out before anything is sent.

use std::time::Duration;

/// Requests, rows, time and cache for one query.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Batches that the IDs are cut into; 1 without IDs.
    pub batches: u32,
    /// Requests needed, tokens aside.
    pub requests: Count,
    /// Rows expected, where known.
    pub rows: Option<u64>,
    /// Time at the current limits; `None` where nothing is known of the service's pace.
    pub time: Option<Duration>,
    /// Requests that the cache answers.
    pub cached: u32,
    /// The first request of each batch.
    pub first: Vec<PlannedRequest>,
}

/// A number, or a lower bound of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exactly(u64),
    /// So many or more: the total is not known.
    AtLeast(u64),
}

/// A request as it would be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRequest {
    /// `GET`.
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
}

impl PlannedRequest {
    /// The request as a `curl` line, the token left out as `$CXONE_TOKEN`.
    pub fn curl(&self) -> String {
        // The URL is percent-encoded; a single quote is the one character that could end the quoting.
        let url = self.url.replace('\'', "%27");
        format!("curl -X {} -H \"Authorization: Bearer $CXONE_TOKEN\" '{url}'", self.method)
    }
}
