//! What points a client at a sandbox that runs in this process.

use cxlens::sandbox::Sandbox;

/// The variables of the environment.
pub(crate) fn variables(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    vec![
        ("CXONE_TENANT", sandbox.tenant().to_owned()),
        ("CXONE_BASE_URL", sandbox.base_url()),
        ("CXONE_CLIENT_ID", sandbox.client_id().to_owned()),
        ("CXONE_CLIENT_SECRET", sandbox.client_secret().to_owned()),
    ]
}
