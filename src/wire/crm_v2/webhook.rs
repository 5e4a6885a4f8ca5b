//! Webhook registrations.

use serde::{Deserialize, Serialize};

/// What is sent to register. Holds the secret: neither printed nor kept.
#[derive(Serialize)]
pub struct WebhookRequest<'a> {
    /// A name for people.
    pub name: &'a str,
    /// Where events go.
    pub url: &'a str,
    /// Which events.
    pub events: Vec<&'a str>,
    /// What they are signed with.
    pub secret: &'a str,
}

impl std::fmt::Debug for WebhookRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookRequest({:?}, {:?}, {:?}, [redacted])", self.name, self.url, self.events)
    }
}

/// A registration as the service has it; never with its secret.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct WebhookBody {
    /// The service's identifier.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Where events go.
    #[serde(default)]
    pub url: String,
    /// Which events.
    #[serde(default)]
    pub events: Vec<String>,
}

/// Reads the answer to a registration.
///
/// # Errors
/// A short description without any value of the reply.
pub fn webhook(body: &[u8]) -> Result<WebhookBody, String> {
    serde_json::from_slice(body)
        .map_err(|e| format!("the reply is no webhook registration (line {})", e.line()))
}

/// Reads the list of registrations.
///
/// # Errors
/// A short description without any value of the reply.
pub fn webhooks(body: &[u8]) -> Result<Vec<WebhookBody>, String> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<WebhookBody>,
    }
    let list: List = serde_json::from_slice(body)
        .map_err(|e| format!("the reply is no list of webhooks (line {})", e.line()))?;
    Ok(list.items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registrations_are_read_and_secrets_not_printed() {
        let list =
            br#"{"items":[{"id":"w1","name":"n","url":"https://a.example/x","events":["profile.updated"]}]}"#;
        assert_eq!(webhooks(list).unwrap()[0].id, "w1");
        assert_eq!(webhook(br#"{"id":"w2"}"#).unwrap().events, Vec::<String>::new());
        assert!(webhook(b"[]").is_err() && webhooks(b"{}").is_err());
        let request = WebhookRequest { name: "n", url: "u", events: vec![], secret: "s3cret" };
        assert!(!format!("{request:?}").contains("s3cret"));
    }
}
