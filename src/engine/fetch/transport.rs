//! One exchange: a request goes out, a whole reply comes back under one deadline and one size cap.
//!
//! [`Transport`] is the seam that tests and recordings use; [`Http`] is the real one.

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;
use zeroize::{Zeroize as _, Zeroizing};

use super::connecting::{Connecting, Timing};
use crate::engine::clock::Clock;

/// What we call ourselves.
pub(super) const USER_AGENT: &str = concat!("cxlens/", env!("CARGO_PKG_VERSION"));
/// What the client says that it can unpack.
pub(super) const ACCEPT_ENCODING: &str = "gzip";

/// One request, ready to go.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `POST`, `DELETE`.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// `Authorization: Bearer` with this.
    pub bearer: Option<SecretString>,
    /// What is sent.
    pub body: Body,
    /// `Idempotency-Key`, for what is not safe to repeat.
    pub idempotency: Option<String>,
    /// From sending to the last byte.
    pub timeout: Duration,
}

/// A request's body. May hold secrets: never printed.
#[derive(Clone)]
pub enum Body {
    /// None.
    None,
    /// `application/x-www-form-urlencoded`, already encoded.
    Form(SecretString),
    /// `application/json`.
    Json(SecretString),
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query holds personal values; path and method tell requests apart well enough.
        write!(f, "{} {}", self.method, self.url.path())
    }
}

/// A whole reply.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers as received.
    pub headers: HeaderMap,
    /// The decoded body.
    pub body: Bytes,
    /// Waiting for a connection; zero where one lay ready.
    pub connect: Duration,
    /// From having a connection to the head of the reply.
    pub first_byte: Duration,
    /// Reading the body.
    pub reading: Duration,
}

impl Reply {
    /// The media type without parameters, in lower case; `None` where it is missing or unreadable.
    pub fn media_type(&self) -> Option<String> {
        let value = self.headers.get(http::header::CONTENT_TYPE)?.to_str().ok()?;
        Some(value.split(';').next().unwrap_or("").trim().to_ascii_lowercase())
    }

    /// Whether it says that it is HTML.
    pub fn is_html(&self) -> bool {
        matches!(self.media_type().as_deref(), Some("text/html" | "application/xhtml+xml"))
    }
}

/// Why there is no whole reply. The texts hold no URL and no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The host name has no address.
    Dns(String),
    /// No connection: refused, unreachable, …
    Connect(String),
    /// No connection within the time allowed.
    ConnectTimeout(Duration),
    /// The certificate or the handshake is bad.
    Tls(String),
    /// The proxy refuses.
    Proxy(String),
    /// The connection broke before the reply's head.
    Reset,
    /// The whole reply did not come within the time allowed.
    TimedOut(Duration),
    /// The body ended early or could not be decoded.
    BodyCut(String),
    /// The decoded body is larger than this many bytes.
    TooLarge(usize),
    /// Anything else.
    Other(String),
}

impl Fault {
    /// Whether the same request might go through another time.
    pub fn is_passing(&self) -> bool {
        !matches!(self, Self::Tls(_) | Self::Proxy(_) | Self::TooLarge(_))
    }

    /// Whether it came before there was a connection to send on.
    pub fn is_unconnected(&self) -> bool {
        self.is_offline() || matches!(self, Self::Tls(_) | Self::Proxy(_))
    }

    /// Whether the service could not be reached at all.
    pub fn is_offline(&self) -> bool {
        matches!(self, Self::Dns(_) | Self::Connect(_) | Self::ConnectTimeout(_))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(why) => write!(f, "the host name could not be resolved ({why})"),
            Self::Connect(why) => write!(f, "no connection ({why})"),
            Self::ConnectTimeout(d) => write!(f, "no connection within {d:?}"),
            Self::Tls(why) => write!(f, "the TLS handshake failed ({why})"),
            Self::Proxy(why) => write!(f, "the proxy refused ({why})"),
            Self::Reset => f.write_str("the connection was reset"),
            Self::TimedOut(d) => write!(f, "no whole reply within {d:?}"),
            Self::BodyCut(why) => write!(f, "the body was cut off ({why})"),
            Self::TooLarge(cap) => write!(f, "the body is larger than {cap} bytes"),
            Self::Other(why) => write!(f, "{why}"),
        }
    }
}

/// What an exchange comes to.
pub type Exchanged = Result<Reply, Fault>;

/// Something that can carry a request to the service and bring the reply back.
pub trait Transport: Send + Sync + 'static {
    /// One exchange. Dropping the future gives it up and closes its socket.
    fn exchange(&self, request: Request) -> Pin<Box<dyn Future<Output = Exchanged> + Send + '_>>;
}

/// HTTP by `reqwest`: no redirects, no retries of its own, no cookies, `rustls`.
#[derive(Debug)]
pub struct Http {
    client: reqwest::Client,
    clock: Clock,
    connect_timeout: Duration,
    max_body: usize,
}

impl Http {
    /// Builds the client; takes some milliseconds, so not before the first frame.
    ///
    /// `loopback`: the service is on this machine, where no proxy has any business.
    pub fn new(
        clock: Clock,
        connect_timeout: Duration,
        max_body: usize,
        loopback: bool,
    ) -> Result<Self, String> {
        // An error means that somebody installed one before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(connect_timeout)
            .connector_layer(Timing(clock.clone()))
            .pool_idle_timeout(Duration::from_secs(30))
            .tcp_nodelay(true);
        if loopback {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|e| deepest(&e))?;
        Ok(Self { client, clock, connect_timeout, max_body })
    }

    async fn send(&self, request: Request, sent: Instant) -> Exchanged {
        let mut builder = self.client.request(request.method, request.url);
        builder = builder.header(http::header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = &request.bearer {
            builder = builder.header(http::header::AUTHORIZATION, bearer(token)?);
        }
        if let Some(key) = request.idempotency {
            builder = builder.header("idempotency-key", key);
        }
        builder = match &request.body {
            Body::None => builder,
            Body::Form(form) => builder
                .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(wiped(form.clone())),
            Body::Json(json) => {
                builder.header(http::header::CONTENT_TYPE, "application/json").body(wiped(json.clone()))
            }
        };
        let connecting = Connecting::default();
        let head = connecting.watch(&self.clock, builder.send()).await;
        let mut response = head.map_err(|e| self.fault_of(&e))?;
        let head = self.clock.now() - sent;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        // What answers a form may hold a token.
        let body = match request.body {
            Body::Form(_) => wiped(self.read_wiped(&mut response).await?),
            _ => self.read(&mut response).await?,
        };
        let reading = (self.clock.now() - sent).saturating_sub(head);
        let connect = connecting.waited();
        let first_byte = head.saturating_sub(connect);
        Ok(Reply { status, headers, body, connect, first_byte, reading })
    }

    /// Reads a body under the cap; the first chunk is kept as it is where it is the only one.
    async fn read(&self, response: &mut reqwest::Response) -> Result<Bytes, Fault> {
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        let mut size = 0_usize;
        loop {
            let chunk = response.chunk().await.map_err(|e| Fault::BodyCut(deepest(&e)))?;
            let Some(chunk) = chunk else { break };
            size = size.saturating_add(chunk.len());
            if size > self.max_body {
                return Err(Fault::TooLarge(self.max_body));
            }
            if first.is_empty() && all.is_empty() {
                first = chunk;
            } else {
                if all.is_empty() {
                    all.extend_from_slice(&std::mem::take(&mut first));
                }
                all.extend_from_slice(&chunk);
            }
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    }

    /// Reads a body that may hold a secret: our copies of it are wiped, also those that were too small.
    async fn read_wiped(&self, response: &mut reqwest::Response) -> Result<Wiped, Fault> {
        let mut all = Zeroizing::new(Vec::new());
        loop {
            let chunk = response.chunk().await.map_err(|e| Fault::BodyCut(deepest(&e)))?;
            let Some(chunk) = chunk else { return Ok(Wiped::Bytes(all)) };
            if all.len().saturating_add(chunk.len()) > self.max_body {
                return Err(Fault::TooLarge(self.max_body));
            }
            if all.len() + chunk.len() > all.capacity() {
                let mut more = Zeroizing::new(Vec::with_capacity(2 * (all.len() + chunk.len())));
                more.extend_from_slice(&all);
                all = more;
            }
            all.extend_from_slice(&chunk);
            // One that nobody else holds a part of is ours to wipe.
            if let Ok(mut chunk) = chunk.try_into_mut() {
                chunk.zeroize();
            }
        }
    }

    fn fault_of(&self, error: &reqwest::Error) -> Fault {
        let why = deepest(error);
        let chain = chain_of(error);
        if error.is_timeout() && error.is_connect() {
            Fault::ConnectTimeout(self.connect_timeout)
        } else if chain.contains("407") || chain.contains("roxy auth") {
            Fault::Proxy(why)
        } else if ["certificate", "tls", "handshake", "UnknownIssuer"].iter().any(|w| chain.contains(w)) {
            Fault::Tls(why)
        } else if error.is_connect() && (chain.contains("dns error") || chain.contains("lookup address")) {
            Fault::Dns(why)
        } else if error.is_connect() {
            Fault::Connect(why)
        } else if error.is_timeout() {
            Fault::TimedOut(self.connect_timeout)
        } else if error.is_request() || error.is_body() {
            Fault::Reset
        } else {
            Fault::Other(why)
        }
    }
}

impl Transport for Http {
    fn exchange(&self, request: Request) -> Pin<Box<dyn Future<Output = Exchanged> + Send + '_>> {
        Box::pin(async move {
            let timeout = request.timeout;
            let sent = self.clock.now();
            tokio::time::timeout(timeout, self.send(request, sent))
                .await
                .unwrap_or(Err(Fault::TimedOut(timeout)))
        })
    }
}

/// Bytes that are wiped when the last that refers to them is dropped.
fn wiped(bytes: impl Into<Wiped>) -> Bytes {
    Bytes::from_owner(bytes.into())
}

enum Wiped {
    Text(SecretString),
    Bytes(Zeroizing<Vec<u8>>),
}

impl From<SecretString> for Wiped {
    fn from(text: SecretString) -> Self {
        Self::Text(text)
    }
}

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.expose_secret().as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// `Authorization: Bearer` with this token.
fn bearer(token: &SecretString) -> Result<HeaderValue, Fault> {
    let token = token.expose_secret();
    let mut text = Zeroizing::new(Vec::with_capacity("Bearer ".len() + token.len()));
    text.extend_from_slice(b"Bearer ");
    text.extend_from_slice(token.as_bytes());
    let mut value = HeaderValue::from_maybe_shared(wiped(Wiped::Bytes(text)))
        .map_err(|_| Fault::Other("the token cannot stand in a header".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The innermost cause, which has no URL in it.
fn deepest(error: &reqwest::Error) -> String {
    let mut source = error.source();
    let mut text = String::new();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    if text.is_empty() { "no cause given".into() } else { text }
}

fn chain_of(error: &reqwest::Error) -> String {
    let mut chain = String::new();
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push_str(&cause.to_string());
        chain.push_str(" / ");
        source = cause.source();
    }
    chain
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers every request on every connection with an empty object.
    async fn serve(listener: TcpListener) {
        loop {
            let Ok((mut socket, _)) = listener.accept().await else { return };
            tokio::spawn(async move {
                let mut asked = Vec::new();
                while socket.read_buf(&mut asked).await.is_ok_and(|n| n > 0) {
                    if asked.ends_with(b"\r\n\r\n") {
                        asked.clear();
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                        let _ = socket.write_all(answer).await;
                    }
                }
            });
        }
    }

    #[tokio::test]
    async fn only_the_first_exchange_on_a_connection_waits_for_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(serve(listener));
        let http = Http::new(Clock::system(), Duration::from_secs(10), 1_000, true).unwrap();
        let request = Request {
            method: Method::GET,
            url,
            bearer: None,
            body: Body::None,
            idempotency: None,
            timeout: Duration::from_secs(30),
        };
        let mut waited = Vec::new();
        for _ in 0..3 {
            let reply = http.exchange(request.clone()).await.unwrap();
            assert_eq!((reply.status, &*reply.body), (200, &b"{}"[..]));
            assert!(!reply.first_byte.is_zero());
            waited.push(!reply.connect.is_zero());
        }
        assert_eq!(waited, [true, false, false]);
    }
}
