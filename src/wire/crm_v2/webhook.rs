//! Webhook registrations.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// The events that are subscribed to.
pub const EVENTS: [&str; 2] = ["profile.updated", "profile.created"];

/// The body that registers a webhook. `Debug` does not show the secret.
#[derive(Clone, Copy, Serialize)]
pub struct NewWebhook<'a> {
    /// A name for people.
    pub name: &'a str,
    /// Where events are sent to.
    pub url: &'a str,
    /// Which events: see [`EVENTS`].
    pub events: &'a [&'a str],
    /// What events are signed with.
    pub secret: &'a str,
}

impl fmt::Debug for NewWebhook<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewWebhook")
            .field("name", &self.name)
            .field("url", &self.url)
            .field("events", &self.events)
            .field("secret", &"[redacted]")
            .finish()
    }
}

/// A registration as the service has it. Texts are as received: clean them before they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Registration {
    /// What it is deleted by.
    #[serde(deserialize_with = "text_or_number")]
    pub id: String,
    /// A name for people.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Where events are sent to.
    #[serde(default, deserialize_with = "or_default")]
    pub url: String,
    /// Which events.
    #[serde(default, deserialize_with = "or_default")]
    pub events: Vec<String>,
}

/// A body that is no registration, or no list of them; says what was wrong, without a value of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookError(&'static str);

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for WebhookError {}

/// Reads the reply to a registration.
///
/// # Errors
/// A body that is no object with an `id`.
pub fn registration(body: &[u8]) -> Result<Registration, WebhookError> {
    serde_json::from_slice(without_bom(body))
        .map_err(|_| WebhookError("the reply is not a registration with an id"))
}

/// Reads a list of registrations.
///
/// # Errors
/// A body that is not `{"items": [...]}` with registrations in it.
pub fn registrations(body: &[u8]) -> Result<Vec<Registration>, WebhookError> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<Registration>,
    }
    serde_json::from_slice(without_bom(body))
        .map(|list: List| list.items)
        .map_err(|_| WebhookError("the reply is not a list of registrations under items"))
}

fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(serde_json::Number),
    }
    match Either::deserialize(deserializer)? {
        Either::Text(text) if text.is_empty() => Err(serde::de::Error::custom("empty id")),
        Either::Text(text) => Ok(text),
        Either::Number(number) => Ok(number.to_string()),
    }
}

/// Takes null for nothing.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: NewWebhook<'_> =
        NewWebhook { name: "n", url: "https://example.com/h", events: &EVENTS, secret: "whsec_CANARY" };

    #[test]
    fn a_registration_is_sent_in_the_contracts_form() {
        assert_eq!(
            serde_json::to_string(&NEW).unwrap(),
            r#"{"name":"n","url":"https://example.com/h","events":["profile.updated","profile.created"],"secret":"whsec_CANARY"}"#
        );
        assert!(!format!("{NEW:?}").contains("CANARY"));
    }

    #[test]
    fn replies_are_read() {
        let read = registration(br#"{"id":"wh-1","name":"n","url":"u","events":["profile.updated"],"x":1}"#)
            .unwrap();
        assert_eq!((read.id.as_str(), read.events.len()), ("wh-1", 1));
        let read = registrations(br#"{"items":[{"id":7,"name":null},{"id":"b"}]}"#).unwrap();
        assert_eq!(read.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["7", "b"]);
    }

    #[test]
    fn replies_that_say_nothing_are_errors() {
        for body in ["", "{}", r#"{"id":""}"#, r#"{"id":null}"#, "[]", "<html>"] {
            assert!(registration(body.as_bytes()).is_err(), "{body}");
            assert!(registrations(body.as_bytes()).is_err(), "{body}");
        }
    }
}
