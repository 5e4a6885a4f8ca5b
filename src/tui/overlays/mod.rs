//! What lies over the panes: one enum, one at a time.
