//! Small drawing helpers that several panes share.
