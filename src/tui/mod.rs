//! The terminal explorer.
//!
//! ```text
//!  key ──► keymap ──► Action ──► App ──► focused pane ──► Outcome ──► effect (engine, copy, quit)
//!  Event (engine) ─────────────► App ──► panes                   └──► one draw, if anything changed
//! ```
//!
//! Panes are structs with `update(&mut self, Action, &Ctx) -> Outcome`, `input(&mut self, KeyEvent, &Ctx)`
//! and `paste(&mut self, &str, &Ctx)` while they edit text, and `view(&self, &Ctx, Rect, &mut Buffer)`. A pane
//! never knows another pane: [`app::App`] carries what one has to the other.

pub mod action;
pub mod answers;
pub mod app;
pub mod clipboard;
pub mod command_line;
pub mod ctx;
#[cfg(test)]
mod events;
pub mod faults;
pub mod fuzzy;
pub mod gauge;
pub mod history;
pub mod importing;
pub mod jq;
pub mod kept;
pub mod keymap;
pub mod layout;
pub mod outside;
pub mod outward;
pub mod overlays;
pub mod panes;
pub mod past;
pub mod pasting;
pub mod pipe;
pub mod run;
pub mod signals;
pub mod spent;
pub mod tenants;
pub mod terminal;
pub mod theme;
pub mod widgets;

pub use crate::{figures, saving};
