//! From what was received to processed profiles.

pub mod profile;
