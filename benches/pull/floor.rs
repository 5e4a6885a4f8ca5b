//! What a bare HTTP client reaches on the same server: five requests side by side, the bodies thrown away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cxlens::engine::clock::Clock;
use cxlens::engine::query::FieldSet;
use serde_json::Value;

use crate::Outcome;
use crate::spawn::Server;

/// A bare client with a token.
pub(crate) struct Bare {
    http: reqwest::Client,
    token: Arc<str>,
    pages: Arc<str>,
}

impl Bare {
    /// Builds the client, without a connection yet.
    fn http() -> Outcome<reqwest::Client> {
        // An error means that it was done before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?)
    }

    /// Asks for a token.
    pub(crate) async fn login(base: &str, id: &str, secret: &str) -> Outcome<Self> {
        Self::ask(Self::http()?, base, id, secret).await
    }

    async fn ask(http: reqwest::Client, base: &str, id: &str, secret: &str) -> Outcome<Self> {
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let asked = http
            .post(format!("{base}/api/v2/oauth/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let reply: Value = serde_json::from_slice(&asked.send().await?.error_for_status()?.bytes().await?)?;
        let token = reply.get("access_token").and_then(Value::as_str).ok_or("no token")?;
        // As the engine asks.
        let fields = FieldSet::ALL.to_string();
        let pages = format!(
            "{base}/api/v2/crm/contacts?fields={fields}&filter=segmentIds%20contains%20%27SEG-ALL%27&pageSize="
        );
        Ok(Self { http, token: token.into(), pages: pages.into() })
    }

    /// One page, kept.
    pub(crate) async fn page(&self, page: u64, size: u64) -> Outcome<Bytes> {
        let asked = self.http.get(format!("{}{size}&page={page}", self.pages)).bearer_auth(&self.token);
        Ok(asked.send().await?.error_for_status()?.bytes().await?)
    }

    /// Pages 1 to `pages`, `side` at once. Gives the bytes thrown away.
    pub(crate) async fn pull(&self, pages: u64, size: u64, side: usize) -> Outcome<u64> {
        let (next, bytes) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(0)));
        let tasks: Vec<_> = (0..side)
            .map(|_| {
                let (http, token, url) = (self.http.clone(), self.token.clone(), self.pages.clone());
                let (next, bytes) = (next.clone(), bytes.clone());
                tokio::spawn(async move {
                    loop {
                        let page = next.fetch_add(1, Ordering::Relaxed);
                        if page > pages {
                            return Outcome::Ok(());
                        }
                        let asked = http.get(format!("{url}{size}&page={page}")).bearer_auth(&token);
                        let mut reply = asked.send().await?.error_for_status()?;
                        while let Some(chunk) = reply.chunk().await? {
                            bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(bytes.load(Ordering::Relaxed))
    }
}

/// A token and one page, by a client that is built but not connected.
pub(crate) async fn token_and_page(server: &Server) -> Outcome<Duration> {
    let (clock, http) = (Clock::system(), Bare::http()?);
    let [(_, base), _, (_, id), (_, secret)] = server.env();
    let begun = clock.now();
    Bare::ask(http, base, id, secret).await?.pull(1, 50, 1).await?;
    Ok(clock.now() - begun)
}

/// So many pages, five side by side, counted from the first page's request.
pub(crate) async fn pages(server: &Server, pages: u64) -> Outcome<Duration> {
    let [(_, base), _, (_, id), (_, secret)] = server.env();
    let (clock, bare) = (Clock::system(), Bare::login(base, id, secret).await?);
    let begun = clock.now();
    bare.pull(pages, 50, 5).await?;
    Ok(clock.now() - begun)
}

/// One reply, whatever its size, thrown away: its bytes, and how long token and reply took.
pub(crate) async fn one(server: &Server) -> Outcome<(u64, Duration)> {
    let (clock, http) = (Clock::system(), Bare::http()?);
    let [(_, base), _, (_, id), (_, secret)] = server.env();
    let begun = clock.now();
    let bytes = Bare::ask(http, base, id, secret).await?.pull(1, 50, 1).await?;
    Ok((bytes, clock.now() - begun))
}
