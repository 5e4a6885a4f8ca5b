//! The first line of a recording: what it is, and of whom.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The format that is written. A reader refuses a later one.
pub const SCHEMA: u32 = 1;
/// How a recording's name ends.
pub const ENDING: &str = "cxrec";

/// Whose session is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The tenant's name.
    pub tenant: String,
    /// Which API it speaks: `crm-v2`.
    pub dialect: String,
    /// Whether it is the embedded server.
    pub sandbox: bool,
}

/// The first line of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// What tells a recording from any other file, and which format it has.
    pub cxlens_recording: u32,
    /// Who wrote it: `cxlens 0.1.0`.
    pub tool: String,
    /// When it began.
    #[serde(with = "super::line::when")]
    pub at: Timestamp,
    /// The tenant's name.
    pub tenant: String,
    /// Which API it speaks.
    pub dialect: String,
    /// Whether it is the embedded server.
    pub sandbox: bool,
    /// Whether personal values are the true ones; else they have stand-ins.
    pub personal_values_are_true: bool,
}

impl Header {
    /// Who writes recordings here.
    pub(super) fn ours() -> &'static str {
        concat!("cxlens ", env!("CARGO_PKG_VERSION"))
    }

    /// The header of a recording that begins now.
    pub(super) fn new(about: &About, at: Timestamp, true_values: bool) -> Self {
        Self {
            cxlens_recording: SCHEMA,
            tool: Self::ours().to_owned(),
            at,
            tenant: about.tenant.clone(),
            dialect: about.dialect.clone(),
            sandbox: about.sandbox,
            personal_values_are_true: true_values,
        }
    }
}
