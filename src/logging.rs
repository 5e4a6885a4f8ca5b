//! The diagnostic log.
