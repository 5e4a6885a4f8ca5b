//! `POST /api/v2/oauth/token`: client credentials (RFC 6749 §4.4).

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;

use super::{Call, json, wrong_method};
use crate::sandbox::{Client, clock, control::lock, json::quoted};

/// Tokens that are remembered for whoever looks for them where they should not be.
const REMEMBERED: usize = 10_000;

/// Tokens that were issued. Dead ones are swept out as new ones come.
#[derive(Default)]
pub(crate) struct Tokens {
    grants: HashMap<String, Grant>,
    /// All of them, dead or not.
    issued: Vec<String>,
}

struct Grant {
    scopes: Vec<String>,
    until: Option<Instant>,
}

impl Tokens {
    /// What the token was granted, while it lives.
    pub(crate) fn scopes(&self, token: &str, now: Instant) -> Option<&[String]> {
        let grant = self.grants.get(token)?;
        grant.until.is_none_or(|until| now < until).then_some(&grant.scopes)
    }

    pub(crate) fn revoke(&mut self) {
        self.grants.clear();
    }

    pub(crate) fn issued(&self) -> &[String] {
        &self.issued
    }

    fn issue(&mut self, scopes: Vec<String>, life: Duration, now: Instant) -> String {
        self.grants.retain(|_, grant| grant.until.is_none_or(|until| now < until));
        let token = format!("sbx.{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        if self.issued.len() < REMEMBERED {
            self.issued.push(token.clone());
        }
        self.grants.insert(token.clone(), Grant { scopes, until: now.checked_add(life) });
        token
    }
}

impl Call<'_> {
    pub(super) fn token(&self) -> Response<Bytes> {
        if self.parts.method != Method::POST {
            return wrong_method("POST");
        }
        let form: HashMap<_, _> = url::form_urlencoded::parse(self.body).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str);
        let typed = self.parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !typed.is_some_and(|typed| typed.starts_with("application/x-www-form-urlencoded")) {
            return refused(StatusCode::BAD_REQUEST, "invalid_request", "The body must be a form");
        }
        match field("grant_type") {
            Some("client_credentials") => {}
            Some(_) => {
                let said = "Only client_credentials is supported";
                return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", said);
            }
            None => return refused(StatusCode::BAD_REQUEST, "invalid_request", "grant_type is missing"),
        }
        let basic =
            self.parts.headers.get(header::AUTHORIZATION).and_then(|value| basic(value.to_str().ok()?));
        let (id, secret) = match &basic {
            Some((id, secret)) => (Some(id.as_str()), Some(secret.as_str())),
            None => (field("client_id"), field("client_secret")),
        };
        let Some(client) = self.client(id, secret) else {
            let said = "Client authentication failed: unknown client or wrong secret";
            let mut reply = refused(StatusCode::UNAUTHORIZED, "invalid_client", said);
            if basic.is_some() {
                let ask = HeaderValue::from_static("Basic realm=\"cxone\"");
                reply.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
            }
            return reply;
        };
        let asked: Vec<&str> = field("scope").unwrap_or_default().split_ascii_whitespace().collect();
        if let Some(foreign) = asked.iter().find(|scope| !client.scopes.iter().any(|own| own == *scope)) {
            let said = format!("The client was not granted the scope {foreign}");
            return refused(StatusCode::BAD_REQUEST, "invalid_scope", &said);
        }
        let scopes = match asked.as_slice() {
            [] => client.scopes.clone(),
            asked => asked.iter().map(ToString::to_string).collect(),
        };
        self.granted(scopes)
    }

    fn client(&self, id: Option<&str>, secret: Option<&str>) -> Option<&Client> {
        let clients = &self.state.options.clients;
        clients.iter().find(|client| Some(client.id.as_str()) == id && Some(client.secret.as_str()) == secret)
    }

    fn granted(&self, scopes: Vec<String>) -> Response<Bytes> {
        let said_life = self.state.options.token_life;
        let life = self.script.effects().filter_map(|(effect, _)| effect.token_life_seconds).last();
        let scope = scopes.join(" ");
        let life = life.map_or(said_life, Duration::from_secs);
        let token = lock(&self.state.tokens).issue(scopes, life, clock::now());
        let mut members: BTreeMap<&str, String> = BTreeMap::from([
            ("access_token", quoted(&token)),
            ("token_type", quoted("Bearer")),
            ("expires_in", said_life.as_secs().to_string()),
            ("scope", quoted(&scope)),
        ]);
        for (effect, _) in self.script.effects() {
            for name in &effect.remove_token {
                members.remove(name.as_str());
            }
            for (name, raw) in &effect.token {
                members.insert(name, raw.clone());
            }
        }
        let members: Vec<String> =
            members.into_iter().map(|(name, raw)| format!("{}:{raw}", quoted(name))).collect();
        let mut reply = json(StatusCode::OK, format!("{{{}}}", members.join(",")));
        reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        reply
    }
}

/// ID and secret from HTTP Basic, each form-encoded as RFC 6749 §2.3.1 wants it.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = plain.split_once(':')?;
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
    };
    Some((decode(id), decode(secret)))
}

fn refused(status: StatusCode, error: &str, said: &str) -> Response<Bytes> {
    json(status, format!(r#"{{"error":"{error}","error_description":{}}}"#, quoted(said)))
}
