//! The small replies: registrations of webhooks, tokens, refusals.

use cxlens::wire::crm_v2::{TokenBody, error_body, registration, registrations, token, webhook_path};
use secrecy::ExposeSecret as _;

pub(crate) fn run(data: &[u8]) {
    match registration(data) {
        Ok(one) => {
            assert!(!one.id.is_empty());
            let path = webhook_path(&one.id);
            let id = path.strip_prefix("/api/v2/crm/webhooks/").expect("the service's own path");
            assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)), "{id}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(list) = registrations(data) {
        assert!(list.iter().all(|one| !one.id.is_empty()));
    }
    match token(data) {
        Ok(token) => {
            let secret = token.access_token.expose_secret();
            assert!(!secret.is_empty() && http::HeaderValue::from_str(secret).is_ok());
            let other = TokenBody { access_token: String::new().into(), ..token.clone() };
            let by_chance = format!("{other:?}").contains(secret);
            assert!(by_chance || !format!("{token:?}").contains(secret), "shown");
            if let Some(life) = token.expires_in {
                assert!(life.seconds().is_finite());
                let _ = life.duration();
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    for content_type in [None, Some("text/html; charset=utf-8"), Some("application/problem+json")] {
        let read = error_body(content_type, data);
        assert!(read.text.len() <= 3 * 2048);
        let _ = (read.to_string(), read.filter_position());
    }
}
