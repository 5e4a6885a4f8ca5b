//! Asking the service, once and again.
//!
//! ```text
//! pull ──► paging ──► client ──► limits ──► auth ──► transport
//! (a run)  (which     (one call:  (when may   (with    (one exchange)
//!           pages)     attempts)   it go?)     which token?)
//!                        │
//!                        └──► retry (decides; never sleeps)
//! ```

pub mod headers;
pub mod limits;
pub mod retry;
pub mod transport;
