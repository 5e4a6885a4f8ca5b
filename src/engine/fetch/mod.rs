//! Asking the service, once and again.
//!
//! ```text
//! pull ──► batch ──► client ──► limits ──► auth ──► transport
//! (a run)  (pages,   (one call:  (when may   (with    (one exchange)
//!           paging)   attempts)   it go?)     which token?)
//!                        │
//!                        ├──► retry (decides; never sleeps)
//!                        └──► explain (why it stopped, for people)
//! ```

pub mod batch;
pub mod client;
mod connecting;
pub mod detail;
mod explain;
mod figures;
pub mod headers;
pub mod limits;
pub mod paging;
pub mod pull;
mod redact;
pub mod retry;
#[cfg(test)]
mod tests;
mod token;
pub mod transport;
