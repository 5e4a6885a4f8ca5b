//! Webhook registrations: an equal one is found instead of made twice.
//!
//! Source: contract "crm-v2" (`/api/v2/crm/webhooks`).

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use zeroize::Zeroizing;

use super::error::{Error, Kind, Result};
use super::event::Endpoint;
use super::fetch::client::{Bad, Call, Client, Taken, Tally};
use super::fetch::transport::{Body, Reply};
use super::query::Id;
use super::text::Untrusted;
use crate::wire::crm_v2;

/// The scope that every call here needs.
pub const SCOPE: &str = "webhook:write";
pub use crate::wire::crm_v2::EVENTS;
/// The reference client's name for its registration.
pub const NAME: &str = "CDP Profile Sync Webhook";

/// What to register.
#[derive(Clone, Debug)]
pub struct Registration {
    /// A name for people.
    pub name: String,
    /// Where events are to be sent.
    pub url: Url,
    /// Which events.
    pub events: Vec<String>,
}

/// A registration that the service has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The service's identifier.
    pub id: Untrusted,
    /// Its name.
    pub name: Untrusted,
    /// Where events are sent.
    pub url: Untrusted,
    /// Which events.
    pub events: Vec<Untrusted>,
}

/// What registering came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new registration; its secret is the one handed in.
    Made(Registered),
    /// An equal one was there: same URL, same events. Its secret is known to whoever made it.
    Found(Registered),
}

/// Registers, unless an equal registration is there already.
///
/// The request carries an idempotency key, so that a retry after a lost answer makes no second one.
///
/// # Errors
/// Whatever stopped the calls; a missing scope before anything but the token was asked for.
pub async fn register(
    client: &Client,
    wanted: &Registration,
    secret: &SecretString,
    key: &str,
) -> Result<Outcome> {
    // A service without the listing answers 404 or 405: then there is nothing to compare with.
    let there = match list(client).await {
        Ok(there) => there,
        Err(error) if error.cause.contains("answered 404") || error.cause.contains("answered 405") => {
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    let equal = |have: &Registered| {
        let mut have_events: Vec<_> = have.events.iter().map(Untrusted::raw).collect();
        let mut wanted_events: Vec<_> = wanted.events.iter().map(String::as_str).collect();
        have_events.sort_unstable();
        wanted_events.sort_unstable();
        have.url.raw() == wanted.url.as_str() && have_events == wanted_events
    };
    if let Some(found) = there.into_iter().find(equal) {
        return Ok(Outcome::Found(found));
    }
    let events: Vec<_> = wanted.events.iter().map(String::as_str).collect();
    let body = crm_v2::NewWebhook {
        name: &wanted.name,
        url: wanted.url.as_str(),
        events: &events,
        secret: secret.expose_secret(),
    };
    // Room for what escapes may make of it: a text that grows would leave a copy behind.
    let room = 6 * (wanted.name.len() + wanted.url.as_str().len() + secret.expose_secret().len()) + 256;
    let mut json = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *json, &body).map_err(|e| {
        Error::new(Kind::Local, "webhook registration", e.to_string(), "check its name and URL")
    })?;
    let json = String::from_utf8_lossy(&json);
    let call = Call {
        method: Method::POST,
        body: Body::Json(SecretString::from(&*json)),
        idempotency: Some(key.to_owned()),
        ..call(client, "registering the webhook", None)
    };
    let made = send(client, &call, |reply| crm_v2::registration(&reply.body).map_err(bad)).await?;
    Ok(Outcome::Made(registered(made)))
}

/// All registrations.
///
/// # Errors
/// Whatever stopped the call.
pub async fn list(client: &Client) -> Result<Vec<Registered>> {
    let call = call(client, "listing webhooks", None);
    let found = send(client, &call, |reply| crm_v2::registrations(&reply.body).map_err(bad)).await?;
    Ok(found.into_iter().map(registered).collect())
}

/// Removes one registration.
///
/// # Errors
/// What is no ID, before anything is sent; whatever stopped the call; an unknown ID is the service's 404.
pub async fn delete(client: &Client, id: &str) -> Result<()> {
    let id = Id::new("webhook", id)?;
    // A path swallows these two, and the call would be for the whole collection.
    if matches!(id.as_str(), "." | "..") {
        let cause = "it would stand for a directory in the request's path";
        return Err(Error::usage(format!("webhook \"{id}\""), cause, "name an ID that the listing shows"));
    }
    let call = Call { method: Method::DELETE, ..call(client, "deleting the webhook", Some(id.as_str())) };
    send(client, &call, |_| Ok(())).await
}

async fn send<T>(
    client: &Client,
    call: &Call,
    read: impl Fn(&Reply) -> std::result::Result<T, Bad>,
) -> Result<T> {
    client.tokens().get().await?.require(&[SCOPE], &client.service().client_id)?;
    client
        .call(call, &Tally::default(), |reply| {
            if reply.is_html() {
                return Err(Bad {
                    cause: "a web page (text/html) came instead of an answer".into(),
                    passing: false,
                });
            }
            read(reply).map(Taken::plain)
        })
        .await
}

fn call(client: &Client, label: &str, id: Option<&str>) -> Call {
    let mut url = client.service().base_url.clone();
    url.set_path(crm_v2::WEBHOOKS_PATH);
    if let (Some(id), Ok(mut path)) = (id, url.path_segments_mut()) {
        path.push(id);
    }
    Call {
        endpoint: Endpoint::Webhooks,
        method: Method::GET,
        url,
        body: Body::None,
        label: label.into(),
        query: None,
        again: None,
        idempotency: None,
    }
}

fn bad(error: impl std::fmt::Display) -> Bad {
    Bad { cause: error.to_string(), passing: false }
}

fn registered(body: crm_v2::Registration) -> Registered {
    Registered {
        id: Untrusted::from(body.id),
        name: Untrusted::from(body.name),
        url: Untrusted::from(body.url),
        events: body.events.into_iter().map(Untrusted::from).collect(),
    }
}
