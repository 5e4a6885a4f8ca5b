//! The audit trail: who asked for whose data, what came of it, and no personal value.
//!
//! ```text
//! Query, Summary, Error ──Entry::of_query──► Entry ──Audit::record──► audit/2026-03.jsonl
//!                            │                        one line, locked, chained, synced
//!                            └─ Hasher: IDs and literals become keyed hashes
//! ```
//!
//! It never goes through the diagnostic log's writer, which drops lines when it is full. `docs/audit.md`
//! describes each field.

mod chain;
mod entry;
mod filter;
mod hash;
mod read;
mod scrub;
mod user;
mod writer;

pub use chain::{Link, Verified, verify};
pub use entry::{Entry, Failure, Percentiles, SCHEMA, Who};
pub use filter::hash_literals;
pub use hash::Hasher;
pub use read::{BadLine, entries};
pub use user::User;
pub use writer::Audit;
