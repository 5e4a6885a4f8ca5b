//! The state of the explorer, and what changes it.
