//! The result set.
