//! What goes over the wire, and nothing else: paths, parameters, bodies and error bodies of each dialect.
//!
//! Imports nothing of this crate. See the contract "The wire".

pub mod crm_v2;

/// Which of the service's APIs a tenant speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `/api/v2/crm/…`, the default.
    #[default]
    CrmV2,
}

impl Dialect {
    /// The name in configuration and audit.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrmV2 => "crm-v2",
        }
    }
}
