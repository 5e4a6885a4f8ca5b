//! The map of the house.
//!
//! Data goes one way: *command → engine → event → state → screen*.

pub mod args;
pub mod cli;
pub mod config;
pub mod engine;
pub mod export;
pub mod figures;
pub mod import;
pub mod linear;
pub mod logging;
pub mod panics;
pub mod rows;
pub mod sandbox;
pub mod saving;
pub mod tidy;
pub mod tui;
pub mod wire;
