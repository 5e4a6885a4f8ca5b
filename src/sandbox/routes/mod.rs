//! One request: seen, scripted, limited, answered, dressed, delayed, sent.

mod contacts;
mod token;
mod webhooks;

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, Request, State as Shared},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts},
};

pub(crate) use self::{token::Tokens, webhooks::Webhooks};
use super::{
    clock, control,
    control::lock,
    faults::{Endpoint, Marks, Script, send},
    json::quoted,
    net::Link,
    state::State,
};

/// Request bodies past this are refused.
const LONGEST_REQUEST_BYTES: usize = 1024 * 1024;

const ABOUT: &str = "This is the sandbox of cxlens: a server that talks like NICE CXone, about people who do not exist.\n\
    POST /api/v2/oauth/token    GET /api/v2/crm/contacts    GET, POST, DELETE /api/v2/crm/webhooks\n";

/// The reply to a request that is not granted.
type Refusal = Box<Response<Bytes>>;

/// What a route knows about its request.
struct Call<'a> {
    state: &'a State,
    parts: &'a Parts,
    body: &'a Bytes,
    script: &'a Script,
    marks: &'a Marks,
}

/// Answers one request.
pub(crate) async fn answer(
    Shared(state): Shared<Arc<State>>,
    ConnectInfo(link): ConnectInfo<Link>,
    request: Request,
) -> Response<Body> {
    let arrived = clock::now();
    link.mark_used();
    let (parts, body) = request.into_parts();
    let on = endpoint(parts.uri.path());
    let _in_flight = state.counts.during(&state.counts.in_flight);
    state.counts.add(match on {
        Endpoint::Token => &state.counts.tokens,
        Endpoint::Contacts => &state.counts.contacts,
        Endpoint::Webhooks => &state.counts.webhooks,
        _ => &state.counts.other,
    });
    control::record(&state.recorded, arrived.saturating_duration_since(state.started), &parts);
    if on != Endpoint::Other && lock(&state.window).is_closed(arrived) {
        state.counts.add(&state.counts.inside_window);
    }
    state.begin_people();

    let page = if on == Endpoint::Contacts { contacts::page_number(&parts) } else { 0 };
    let script = state.faults.script(on, page);
    let body = axum::body::to_bytes(body, LONGEST_REQUEST_BYTES).await;
    let marks = marks(&state, &parts, body.as_ref().ok(), page, &script);
    if script.effects().any(|(effect, _)| effect.revoke_tokens) {
        lock(&state.tokens).revoke();
    }
    let mut reply = match (script.canned(&marks), &body) {
        (Some(canned), _) => canned,
        (None, Ok(body)) => {
            let call = Call { state: &state, parts: &parts, body, script: &script, marks: &marks };
            call.limited(on).await
        }
        (None, Err(_)) => {
            problem(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge", "The body is longer than 1 MiB")
        }
    };
    script.dress(&mut reply, &marks);

    let more: u64 = script.effects().map(|(effect, _)| effect.delay_ms).sum();
    state.pause(state.next_latency() + Duration::from_millis(more)).await;
    state.pass_gate().await;
    if reply.status() == StatusCode::TOO_MANY_REQUESTS {
        state.counts.add(&state.counts.throttled);
    }
    close_window(&state, &reply);
    let sent = send(&state, &link, reply, &script).await;
    state.counts.add(&state.counts.answered);
    sent
}

/// What plans may refer to; where nothing is wrong, only what every page needs.
fn marks(state: &State, parts: &Parts, body: Option<&Bytes>, page: u64, script: &Script) -> Marks {
    let plain = Marks {
        authority: authority(state, &parts.headers),
        page,
        next_target: contacts::next_target(parts, page),
        ..Marks::default()
    };
    if script.is_empty() {
        return plain;
    }
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    Marks {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        cursor: contacts::cursor(page.saturating_add(1)),
        authorization: authorization.unwrap_or_default().to_owned(),
        body: body.cloned().unwrap_or_default(),
        skew: script.skew(),
        ..plain
    }
}

fn endpoint(path: &str) -> Endpoint {
    match path {
        "/api/v2/oauth/token" => Endpoint::Token,
        "/api/v2/crm/contacts" => Endpoint::Contacts,
        "/api/v2/crm/webhooks" => Endpoint::Webhooks,
        path if path.starts_with("/api/v2/crm/webhooks/") => Endpoint::Webhooks,
        _ => Endpoint::Other,
    }
}

/// What the client called this server, where that could be an authority; else its address.
fn authority(state: &State, headers: &HeaderMap) -> String {
    let plain = |host: &&str| {
        !host.is_empty()
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-' | b'[' | b']'))
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(plain);
    host.map_or_else(|| state.addr.to_string(), ToOwned::to_owned)
}

/// A 429 or 503 that says how long to wait asks the whole client to keep still.
fn close_window(state: &State, reply: &Response<Bytes>) {
    if !matches!(reply.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return;
    }
    let text = |name| reply.headers().get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let Some(wait) = text(header::RETRY_AFTER) else { return };
    let seconds = || Duration::try_from_secs_f64(wait.parse().ok()?).ok();
    let until = || {
        let now = text(header::DATE).and_then(|date| httpdate::parse_http_date(date).ok());
        httpdate::parse_http_date(wait).ok()?.duration_since(now.unwrap_or_else(clock::wall)).ok()
    };
    if let Some(wait) = seconds().or_else(until) {
        lock(&state.window).close(clock::now(), wait);
    }
}

impl Call<'_> {
    /// The route's answer, unless the limit says no.
    async fn limited(&self, on: Endpoint) -> Response<Bytes> {
        let limited = Endpoint::Api.means(on);
        let verdict = match lock(&self.state.bucket).as_mut() {
            Some(bucket) if limited => Some(bucket.take(clock::now())),
            _ => None,
        };
        let mut reply = match verdict.and_then(|verdict| verdict.retry_after) {
            Some(seconds) => too_many(seconds),
            None => self.route(on).await,
        };
        if let Some(verdict) = verdict
            && self.state.options.announce_limits
        {
            verdict.announce(reply.headers_mut());
        }
        reply
    }

    async fn route(&self, on: Endpoint) -> Response<Bytes> {
        match (on, self.parts.uri.path()) {
            (Endpoint::Token, _) => self.token(),
            (Endpoint::Contacts, _) => self.contacts().await,
            (Endpoint::Webhooks, _) => self.webhooks(),
            (_, "/") if self.parts.method == Method::GET => {
                let mut reply = Response::new(Bytes::from_static(ABOUT.as_bytes()));
                let plain = HeaderValue::from_static("text/plain; charset=utf-8");
                reply.headers_mut().insert(header::CONTENT_TYPE, plain);
                reply
            }
            (_, path) => problem(StatusCode::NOT_FOUND, "NotFound", &format!("There is nothing at {path}")),
        }
    }

    /// Whether the request carries a live token that was granted `scope`; the refusal otherwise.
    fn require(&self, scope: &str) -> Result<(), Refusal> {
        let header = self.parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(token) = header.and_then(bearer) else {
            return Err(unauthorized("Bearer realm=\"cxone\"", "The request carries no bearer token").into());
        };
        let tokens = lock(&self.state.tokens);
        let Some(granted) = tokens.scopes(token, clock::now()) else {
            let said = "The access token is unknown, expired or revoked";
            return Err(unauthorized(
                &format!("Bearer realm=\"cxone\", error=\"invalid_token\", error_description=\"{said}\""),
                said,
            )
            .into());
        };
        if granted.iter().any(|own| own == scope) {
            return Ok(());
        }
        let mut reply = json(
            StatusCode::FORBIDDEN,
            format!(
                r#"{{"error":"insufficient_scope","error_description":{}}}"#,
                quoted(&format!("This call needs the scope {scope}; the token has {}", granted.join(" ")))
            ),
        );
        let ask = format!("Bearer realm=\"cxone\", error=\"insufficient_scope\", scope=\"{scope}\"");
        if let Ok(ask) = HeaderValue::try_from(ask) {
            reply.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
        }
        Err(reply.into())
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

/// `{error: {code, message}}`.
fn problem(status: StatusCode, code: &str, message: &str) -> Response<Bytes> {
    json(status, format!(r#"{{"error":{{"code":"{code}","message":{}}}}}"#, quoted(message)))
}

fn unauthorized(ask: &str, said: &str) -> Response<Bytes> {
    let mut reply = json(
        StatusCode::UNAUTHORIZED,
        format!(r#"{{"error":"invalid_token","error_description":{}}}"#, quoted(said)),
    );
    if let Ok(ask) = HeaderValue::try_from(ask) {
        reply.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
    }
    reply
}

fn wrong_method(allowed: &'static str) -> Response<Bytes> {
    let said = format!("This address answers to {allowed} only");
    let mut reply = problem(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", &said);
    reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    reply
}

/// `{error, message, traceId}`, as the gateway in front of the service says it.
fn too_many(seconds: u64) -> Response<Bytes> {
    let trace: u64 = rand::random();
    let mut reply = json(
        StatusCode::TOO_MANY_REQUESTS,
        format!(
            r#"{{"error":"TooManyRequests","message":"Rate limit exceeded, try again in {seconds} s","traceId":"{trace:016x}"}}"#
        ),
    );
    reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    reply
}
