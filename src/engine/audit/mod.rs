//! The audit trail: who asked for whose data, what came of it, and no personal value.
//!
//! ```text
//! Query ─────────► Entry::of_intent ─┐            ┌─ audit/2026-03.jsonl
//! ... is asked ...                   ├─ Trail ────┤  one line, locked, chained, synced
//! Summary, Error ► Entry::of_query ──┘            └─ audit/head
//!                  └─ Hasher: IDs and literals become keyed hashes
//! ```
//!
//! It never goes through the diagnostic log's writer, which drops lines when it is full. `docs/audit.md`
//! describes each field.

mod chain;
mod entry;
mod filter;
mod hash;
mod read;
mod reason;
mod removal;
mod scrub;
mod trail;
mod user;
mod writer;

pub use chain::{Link, Verified, verify};
pub use entry::{Access, Entry, Failure, Percentiles, SCHEMA, To, Who};
pub use filter::hash_literals;
pub use hash::Hasher;
pub use read::{BadLine, Written, entries};
pub use reason::Reason;
pub use removal::{Removal, RemovalKind, Removed};
pub use trail::{Asked, Trail};
pub use user::User;
pub use writer::Audit;
