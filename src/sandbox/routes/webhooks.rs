//! `/api/v2/crm/webhooks`: registrations, kept while the sandbox runs.

use std::collections::HashMap;

use axum::http::{Method, Response, StatusCode};
use bytes::Bytes;

use super::{Call, json, problem, wrong_method};
use crate::sandbox::{clock, control::lock, json::quoted};

const EVENTS: [&str; 2] = ["profile.updated", "profile.created"];
const MOST_WEBHOOKS: usize = 1000;

#[derive(Default)]
pub(crate) struct Webhooks {
    issued: u64,
    /// ID and registration as sent, in order.
    list: Vec<(String, String)>,
    /// What was answered for an idempotency key: the request's body, and the registration.
    by_key: HashMap<String, (Bytes, String)>,
}

impl Call<'_> {
    pub(super) fn webhooks(&self) -> Response<Bytes> {
        if let Err(refused) = self.require("webhook:write") {
            return *refused;
        }
        let id = self.parts.uri.path().strip_prefix("/api/v2/crm/webhooks/");
        match (&self.parts.method, id) {
            (&Method::POST, None) => self.register(),
            (&Method::GET, None) => {
                let items: Vec<String> = lock(&self.state.webhooks)
                    .list
                    .iter()
                    .map(|(_, registration)| registration.clone())
                    .collect();
                json(StatusCode::OK, format!(r#"{{"items":[{}]}}"#, items.join(",")))
            }
            (&Method::DELETE, Some(id)) => {
                let mut webhooks = lock(&self.state.webhooks);
                let before = webhooks.list.len();
                webhooks.list.retain(|(own, _)| own != id);
                if webhooks.list.len() == before {
                    return problem(StatusCode::NOT_FOUND, "NotFound", &format!("There is no webhook {id}"));
                }
                let mut reply = Response::new(Bytes::new());
                *reply.status_mut() = StatusCode::NO_CONTENT;
                reply
            }
            (_, None) => wrong_method("GET, POST"),
            (_, Some(_)) => wrong_method("DELETE"),
        }
    }

    fn register(&self) -> Response<Bytes> {
        let key = self.parts.headers.get("idempotency-key").and_then(|key| key.to_str().ok());
        let mut webhooks = lock(&self.state.webhooks);
        if let Some((body, registration)) = key.and_then(|key| webhooks.by_key.get(key)) {
            if body != self.body {
                let said = "This idempotency key was used for another request";
                return problem(StatusCode::UNPROCESSABLE_ENTITY, "IdempotencyKeyReused", said);
            }
            return json(StatusCode::CREATED, registration.clone());
        }
        let (name, url, events) = match read(self.body) {
            Ok(read) => read,
            Err(said) => return problem(StatusCode::BAD_REQUEST, "InvalidWebhook", said),
        };
        if webhooks.list.len() >= MOST_WEBHOOKS {
            let said = format!("There are already {MOST_WEBHOOKS} webhooks");
            return problem(StatusCode::CONFLICT, "TooManyWebhooks", &said);
        }
        webhooks.issued += 1;
        let id = format!("WH-{:06}", webhooks.issued);
        let events: Vec<String> = events.iter().map(|event| quoted(event)).collect();
        let registration = format!(
            r#"{{"id":"{id}","name":{},"url":{},"events":[{}],"status":"active","createdDate":"{}"}}"#,
            quoted(&name),
            quoted(&url),
            events.join(","),
            jiff::Timestamp::try_from(clock::wall()).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ"),
        );
        webhooks.list.push((id, registration.clone()));
        if let Some(key) = key {
            webhooks.by_key.insert(key.to_owned(), (self.body.clone(), registration.clone()));
        }
        json(StatusCode::CREATED, registration)
    }
}

type Wish = (String, String, Vec<String>);

fn read(body: &[u8]) -> Result<Wish, &'static str> {
    let wish: serde_json::Value =
        serde_json::from_slice(body).map_err(|_| "The body must be a JSON object")?;
    let text = |name: &str| wish[name].as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let name = text("name").ok_or("name must be a text")?;
    let url = text("url").ok_or("url must be a text")?;
    let parsed = url::Url::parse(&url).map_err(|_| "url must be an absolute URL")?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err("url must be http or https");
    }
    text("secret").ok_or("secret must be a text")?;
    let events =
        wish["events"].as_array().filter(|events| !events.is_empty()).ok_or("events must be a list")?;
    let events: Option<Vec<String>> = events
        .iter()
        .map(|event| event.as_str().filter(|event| EVENTS.contains(event)).map(str::to_owned))
        .collect();
    Ok((name, url, events.ok_or("events may be profile.updated and profile.created")?))
}
