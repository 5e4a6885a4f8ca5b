//! Faults: what the server can be made to do wrong, by name.

mod apply;
mod catalogue;
mod plan;
mod playing;
mod send;

use std::{fmt, str::FromStr, sync::Arc};

pub(crate) use apply::Marks;
pub(crate) use plan::{Endpoint, Insert, PageEffect};
pub use playing::FaultProgress;
pub(crate) use playing::{Playing, Script};
pub(crate) use send::send;

/// A fault, ready to be played.
#[derive(Clone, PartialEq)]
pub struct Fault {
    name: Arc<str>,
    plan: Arc<plan::Plan>,
}

impl Fault {
    /// As in `--fault NAME`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does, in a line.
    pub fn says(&self) -> &str {
        &self.plan.says
    }

    /// Whether it strikes requests for a token: a client that has one meets it only when it needs another.
    pub fn strikes_tokens(&self) -> bool {
        self.plan.effects.iter().any(|effect| effect.when.on == Endpoint::Token)
    }

    /// A fault of one's own, from a plan's TOML.
    ///
    /// # Errors
    /// When it is no plan.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, PlanError> {
        let plan = toml::from_str(text)
            .map_err(|source| PlanError { name: name.to_owned(), message: source.to_string() })?;
        Ok(Self { name: name.into(), plan: Arc::new(plan) })
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({})", self.name)
    }
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        catalogue::plans()
            .iter()
            .find(|fault| fault.name() == name)
            .cloned()
            .ok_or_else(|| UnknownFault { name: name.to_owned(), nearest: catalogue::nearest(name) })
    }
}

/// No fault has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFault {
    /// The name that was asked for.
    pub name: String,
    /// Names that resemble it, nearest first.
    pub nearest: Vec<&'static str>,
}

impl fmt::Display for UnknownFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no fault {:?}", self.name)?;
        match self.nearest.as_slice() {
            [] => Ok(()),
            names => write!(f, "; did you mean {}?", names.join(", ")),
        }
    }
}

impl std::error::Error for UnknownFault {}

/// A plan that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the fault plan {name} cannot be read: {message}")]
pub struct PlanError {
    /// The plan's name.
    pub name: String,
    /// What is wrong, and where.
    pub message: String,
}

/// A fault as help and palette show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultInfo {
    /// As in `--fault NAME`.
    pub name: &'static str,
    /// What it does, in a line.
    pub says: &'static str,
    /// Rate, Identity, Network and HTTP, Paging or Payload.
    pub group: &'static str,
    /// The row of the contract's table of faults that it plays.
    pub row: &'static str,
}

/// Every fault that can be played, by group.
pub fn faults() -> Vec<FaultInfo> {
    catalogue::plans()
        .iter()
        .map(|fault| FaultInfo {
            name: &fault.name,
            says: &fault.plan.says,
            group: &fault.plan.group,
            row: &fault.plan.row,
        })
        .collect()
}
