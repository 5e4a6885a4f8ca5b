//! The embedded service: a CXone-compatible server on loopback, with made-up people, for the newcomer and for tests.
//!
//! It shares no code with the client, on purpose: what both got wrong in the same way, no test would find. It writes its
//! JSON by hand, because it must also be able to send what is not JSON.
//!
//! ```text
//! connection ─ record ─ script of the faults ─ rate limit ─ route ─ dress the reply ─ latency ─ gate ─ send
//!  (net)      (control)  (faults)              (limits)   (routes)  (faults)                  (control) (faults)
//! ```
//!
//! Faults of TLS and of name resolution are not the server's to play: it speaks plain HTTP on an address.

mod awkward;
mod clock;
mod control;
mod dice;
mod faults;
mod filter;
mod json;
mod limits;
mod names;
mod net;
mod people;
mod routes;
mod segments;
mod state;

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use control::{Control, Counters, Gate, RECORDED_MOST, Recorded};
pub use faults::{Fault, FaultInfo, FaultProgress, PlanError, UnknownFault, faults};
pub use filter::{FilterReading, read_filter};
pub use limits::Rate;
pub use segments::{Segment, segments};

/// How a sandbox is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// The name that the tenant goes by: a DNS label.
    pub tenant: String,
    /// How many people there are.
    pub profiles: usize,
    /// The same seed makes the same people.
    pub seed: u64,
    /// The mean time that a reply takes.
    pub latency: Duration,
    /// The share by which the latency varies: with 0.3, from 70 to 130 % of the mean.
    pub jitter: f64,
    /// The limit on requests to the API; the token endpoint is free of it.
    pub rate: Option<Rate>,
    /// Whether replies say so in `RateLimit` headers.
    pub announce_limits: bool,
    /// Whether pages carry a `total`.
    pub announce_total: bool,
    /// How long a token lives.
    pub token_life: Duration,
    /// Who may have a token. The first is what [`Sandbox::client_id`] tells.
    pub clients: Vec<Client>,
    /// What goes wrong from the start.
    pub faults: Vec<Fault>,
}

impl Default for Options {
    /// The bare server: a free loopback port, 10,000 people, no latency, no limit, nothing announced, nothing wrong.
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tenant: "sandbox".to_owned(),
            profiles: 10_000,
            seed: 1,
            latency: Duration::ZERO,
            jitter: 0.0,
            rate: None,
            announce_limits: false,
            announce_total: false,
            token_life: Duration::from_hours(1),
            clients: vec![Client::full(), Client::readonly()],
            faults: Vec::new(),
        }
    }
}

impl Options {
    /// What a newcomer sees: 10,000 people behind 80 ms of latency and ten requests a second, all of it announced.
    pub fn demo() -> Self {
        Self {
            latency: Duration::from_millis(80),
            jitter: 0.3,
            rate: Some(Rate { per_second: 10.0, burst: 10 }),
            announce_limits: true,
            announce_total: true,
            ..Self::default()
        }
    }
}

/// Somebody who may ask for a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Client {
    /// The `client_id`.
    pub id: String,
    /// The `client_secret`.
    pub secret: String,
    /// The scopes that it was granted.
    pub scopes: Vec<String>,
}

impl Client {
    /// A client with these scopes.
    pub fn new(id: &str, secret: &str, scopes: &[&str]) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
        }
    }

    /// `sandbox-client`, who may do everything.
    pub fn full() -> Self {
        Self::new(
            "sandbox-client",
            "sandbox-secret-for-made-up-people",
            &["crm:read", "cdp:read", "webhook:write"],
        )
    }

    /// `sandbox-readonly`, who may neither ask for segments nor register webhooks.
    pub fn readonly() -> Self {
        Self::new("sandbox-readonly", "sandbox-secret-for-made-up-people", &["crm:read"])
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("secret", &"[redacted]")
            .field("scopes", &self.scopes)
            .finish()
    }
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not this machine's.
    #[error(
        "the sandbox cannot listen on {addr}: {source}; choose another address with --addr, or port 0 for a free one"
    )]
    Listen {
        /// Where it wanted to listen.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// There is nobody who could log in.
    #[error("the sandbox has no client that could ask for a token")]
    NoClient,
}

/// A running server. Dropping it ends it at once, [`Sandbox::stop`] in good order.
#[derive(Debug)]
pub struct Sandbox {
    control: Control,
    client: Client,
    kill: CancellationToken,
    server: Option<JoinHandle<io::Result<()>>>,
}

impl Sandbox {
    /// Binds, and accepts connections when it returns. The people are made when the first request comes, off the
    /// runtime's threads; requests for contacts wait for them.
    ///
    /// # Errors
    /// When the address cannot be bound, or there is no client.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let Some(client) = options.clients.first().cloned() else { return Err(Error::NoClient) };
        let addr = options.addr;
        let failed = |source| Error::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        let state = Arc::new(state::State::new(options, local));
        let kill = CancellationToken::new();
        let door = net::Door { listener, closing: state.closing.clone(), kill: kill.clone() };
        let service = Router::new()
            .fallback(routes::answer)
            .with_state(Arc::clone(&state))
            .into_make_service_with_connect_info::<net::Link>();
        let closing = state.closing.clone();
        let serve =
            axum::serve(door, service).with_graceful_shutdown(async move { closing.cancelled().await });
        let server = tokio::spawn(serve.into_future());
        Ok(Self { control: Control(state), client, kill, server: Some(server) })
    }

    /// `http://` and the address, without a slash at the end; for a client on this machine where it listens on every
    /// address, since none can be reached by that name.
    pub fn base_url(&self) -> String {
        let mut addr = self.addr();
        match addr.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => addr.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => addr.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        format!("http://{addr}")
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.control.0.addr
    }

    /// The tenant's name.
    pub fn tenant(&self) -> &str {
        &self.control.0.options.tenant
    }

    /// The first client's ID.
    pub fn client_id(&self) -> &str {
        &self.client.id
    }

    /// The first client's secret. It protects made-up people on loopback, hence is no secret.
    pub fn client_secret(&self) -> &str {
        &self.client.secret
    }

    /// The handle on what can be changed and seen.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Makes the people now instead of at the first request, and waits for them.
    pub async fn warm_up(&self) {
        self.control.0.people().await;
    }

    /// Ends in good order: no new connection, idle ones closed, replies being held or delayed sent at once; what is not
    /// done within half a second is cut. All its tasks have ended when it returns.
    pub async fn stop(mut self) {
        const PATIENCE: Duration = Duration::from_millis(500);
        let Some(mut server) = self.server.take() else { return };
        self.control.0.close();
        if tokio::time::timeout(PATIENCE, &mut server).await.is_err() {
            self.kill.cancel();
            server.await.ok();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.control.0.close();
        self.kill.cancel();
    }
}
