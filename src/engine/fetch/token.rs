//! The token request: client credentials, by hand, since the service gives answers that stricter clients
//! refuse. Sources: RFC 6749 §4.4; contract "crm-v2", faults "Identity".

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use zeroize::Zeroizing;

use super::client::{Bad, Call, Client, Taken, Tally};
use super::redact::Spellings;
use super::transport::{Body, Reply};
use crate::engine::auth::Token;
use crate::engine::error::{Kind, Result};
use crate::engine::event::{Auth, Endpoint, Event};
use crate::engine::options::Service;
use crate::wire::crm_v2;

/// Asks for a token, with all its attempts.
pub(super) async fn fetch(client: &Client) -> Result<Token> {
    client.tell(Event::Auth(Auth::Requesting)).await;
    let service = client.service();
    let asked = match service.client_secret.get().await {
        Ok(secret) => ask(client, &secret).await,
        Err(error) => Err(error),
    };
    let told = match &asked {
        Ok(token) => {
            // A reply that names no scopes means: as asked (RFC 6749 §5.1).
            let scopes = token.scopes.clone().unwrap_or_else(|| service.scopes.clone());
            Auth::Granted { expires: token.expires, scopes }
        }
        Err(error) if matches!(error.kind, Kind::Credentials | Kind::Permission) => Auth::Refused,
        Err(_) => Auth::Failed,
    };
    if matches!(&asked, Err(error) if error.kind == Kind::Credentials) {
        service.client_secret.refused();
    }
    client.tell(Event::Auth(told)).await;
    asked
}

async fn ask(client: &Client, secret: &SecretString) -> Result<Token> {
    let service = client.service();
    let call = Call {
        endpoint: Endpoint::Token,
        method: Method::POST,
        url: url(service),
        body: Body::Form(form(service, secret)),
        label: "token".into(),
        query: None,
        again: None,
        idempotency: None,
    };
    client.call(&call, &Tally::default(), |reply| read(client, reply).map(Taken::plain)).await
}

fn url(service: &Service) -> Url {
    service.token_url.clone().unwrap_or_else(|| {
        let mut url = service.base_url.clone();
        url.set_path(crm_v2::TOKEN_PATH);
        url
    })
}

fn form(service: &Service, secret: &SecretString) -> SecretString {
    let (secret, scopes) = (secret.expose_secret(), service.scopes.join(" "));
    // Each byte may become three. A text that grows would leave a copy behind.
    let room = 3 * (service.client_id.len() + secret.len() + scopes.len()) + 128;
    let mut form = url::form_urlencoded::Serializer::new(String::with_capacity(room));
    form.append_pair("grant_type", "client_credentials");
    form.append_pair("client_id", &service.client_id);
    form.append_pair("client_secret", secret);
    if !scopes.is_empty() {
        form.append_pair("scope", &scopes);
    }
    SecretString::from(Zeroizing::new(form.finish()).as_str())
}

fn read(client: &Client, reply: &Reply) -> std::result::Result<Token, Bad> {
    if reply.is_html() {
        return Err(Bad { cause: "HTML came (text/html) instead of a token".into(), passing: false });
    }
    let body = crm_v2::token(&reply.body).map_err(|error| Bad {
        passing: matches!(error, crm_v2::TokenError::Empty | crm_v2::TokenError::NotJson),
        cause: error.to_string(),
    })?;
    let life = body.expires_in.map(crm_v2::ExpiresIn::seconds);
    let mut token = Token::granted(body.access_token, None, life, client.clock().now());
    // Scopes are shown and recorded.
    let secrets = Spellings::of(client.service(), Some(&token));
    let without = |scope| secrets.without(scope);
    token.scopes = body.scope.map(|scopes| scopes.into_iter().map(without).collect());
    Ok(token)
}
