//! Command-line arguments (clap): every command and flag.
