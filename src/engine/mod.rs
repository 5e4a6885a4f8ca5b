//! Everything that has to do with the service. Knows no screen, no command line and no configuration file.

pub mod audit;
pub mod auth;
pub mod batches;
pub mod cache;
pub mod chance;
pub mod clock;
pub mod contained;
pub mod curl;
pub mod error;
pub mod event;
pub mod fetch;
pub mod options;
pub mod pipeline;
pub mod place;
pub mod plan;
pub mod query;
pub mod recording;
pub mod rehearsal;
pub mod reins;
pub mod retention;
pub mod secret;
pub mod text;
pub mod webhooks;
pub mod worker;
