//! The panes. None knows another.

pub mod builder;
pub mod detail;
pub mod profiles;
