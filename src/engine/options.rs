//! What the engine needs to know of a service: made by `config`, by tests and by the sandbox.

use std::time::Duration;

use url::Url;

use super::query::{Field, FieldSet};
use super::retention::{PastRetention, RETENTION_DAYS};
use super::secret::ClientSecret;
use crate::wire::Dialect;

/// One tenant of the service and how to treat it.
#[derive(Clone, Debug)]
pub struct Service {
    /// The tenant's name: a DNS label.
    pub tenant: String,
    /// Where requests go: an origin.
    pub base_url: Url,
    /// Which API it speaks.
    pub dialect: Dialect,
    /// The path of the token endpoint, or a whole URL.
    pub token_url: Option<Url>,
    /// OAuth client ID.
    pub client_id: String,
    /// OAuth client secret.
    pub client_secret: ClientSecret,
    /// Scopes to ask for; empty: whatever the client is granted.
    pub scopes: Vec<String>,
    /// How segments become a filter; `{ids}` is replaced by the IDs joined with commas, each quote doubled.
    pub segment_template: String,
    /// Whether it is the embedded server.
    pub sandbox: bool,
    /// Whether each access needs a reason.
    pub needs_reason: bool,
    /// Time-outs.
    pub timeouts: Timeouts,
    /// Bounds on how hard we press.
    pub bounds: Bounds,
    /// The response cache.
    pub cache: CacheOptions,
    /// The largest decoded body that is read, in bytes.
    pub max_body: usize,
    /// What becomes of profiles last modified before the window that they are kept for.
    pub past_retention: PastRetention,
    /// Days that profiles are kept for. A query may ask for another window; one in which more would be seen than in this
    /// does not withhold less.
    pub retention_days: u32,
}

impl Service {
    /// The service's own way to ask for segments.
    pub const SEGMENT_TEMPLATE: &str = "segmentIds contains '{ids}'";

    /// A service with everything else at its default.
    pub fn new(
        tenant: impl Into<String>,
        base_url: Url,
        client_id: impl Into<String>,
        client_secret: impl Into<ClientSecret>,
    ) -> Self {
        Self {
            tenant: tenant.into(),
            base_url,
            dialect: Dialect::default(),
            token_url: None,
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            scopes: Vec::new(),
            segment_template: Self::SEGMENT_TEMPLATE.into(),
            sandbox: false,
            needs_reason: false,
            timeouts: Timeouts::default(),
            bounds: Bounds::default(),
            cache: CacheOptions::default(),
            max_body: 16 * 1024 * 1024,
            past_retention: PastRetention::default(),
            retention_days: RETENTION_DAYS,
        }
    }

    /// Whether nobody gets to see profiles from before the window.
    pub fn withholds(&self) -> bool {
        self.past_retention == PastRetention::Withhold
    }

    /// Days of the window where a query asks for so many.
    pub fn window_days(&self, asked: u32) -> u32 {
        if self.withholds() { asked.min(self.retention_days) } else { asked }
    }

    /// The fields that are asked for where these are wanted: what is withheld is told by the modified date, which is
    /// then asked for in any case.
    pub fn asks_for(&self, wanted: FieldSet) -> FieldSet {
        if self.withholds() { wanted.with(Field::ModifiedDate, true) } else { wanted }
    }
}

/// Time-outs, each for one exchange as a whole: from sending to the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// A token request.
    pub token: Duration,
    /// A page.
    pub page: Duration,
    /// A webhook call.
    pub webhook: Duration,
    /// Making a connection.
    pub connect: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            token: Duration::from_secs(15),
            page: Duration::from_secs(30),
            webhook: Duration::from_secs(15),
            connect: Duration::from_secs(10),
        }
    }
}

/// Upper bounds on how hard we press.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Requests at once.
    pub concurrency: u32,
    /// Requests a second; `None`: no bound of our own.
    pub rate: Option<f64>,
    /// The longest `Retry-After` that is waited out.
    pub max_wait: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { concurrency: 5, rate: None, max_wait: Duration::from_secs(30) }
    }
}

/// The response cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheOptions {
    /// Entries at most; 0 switches it off.
    pub entries: u64,
    /// Bytes at most.
    pub bytes: u64,
    /// How long an answer is good for.
    pub life: Duration,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self { entries: 1_024, bytes: 64 * 1024 * 1024, life: Duration::from_secs(300) }
    }
}
