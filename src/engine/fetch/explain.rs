//! From the last attempt of a call to an error that a person can act on.

use std::fmt::Write as _;
use std::time::Duration;

use url::Url;

use super::client::{Attempt, Call, stop_wait};
use super::detail::PAST_RETENTION;
use super::redact::Spellings;
use super::retry::Stop;
use super::transport::{Fault, Reply};
use crate::engine::auth::Token;
use crate::engine::error::{Error, Kind};
use crate::engine::event::Endpoint;
use crate::engine::options::Service;
use crate::wire::crm_v2;

const BEARER: &str = "Authorization: Bearer [redacted]";
const PROXY_REMEDY: &str = "a proxy wants a login: check HTTPS_PROXY and its user name and password";

/// The session is over; somebody still asked.
pub(super) fn ended() -> Error {
    Error::new(Kind::Local, "request", "the session has ended", "start again")
}

/// The service wants to be left alone for longer than we are willing to wait: nothing was sent.
pub(super) fn closed(call: &Call, wait: Duration) -> Error {
    let cause = "the service asked not to be asked for a while, and that is not over; nothing was sent";
    Error::new(Kind::RateLimit, what(call), cause, throttled_remedy(Stop::TooLong(wait))).ask_again_in(wait)
}

/// Why a call was given up.
pub(super) fn stopped(service: &Service, call: &Call, last: &Attempt, stop: Stop, attempts: u32) -> Error {
    let what = what(call);
    let body =
        last.exchanged.as_ref().map_or_else(|_| String::new(), |reply| said(call, reply, service, last));
    let mut error = match (&last.exchanged, &last.bad) {
        (Err(fault), _) => faulty(service, what, fault),
        (Ok(reply), Some(bad)) => {
            let cause = redact(bad.cause.clone(), service, last.token.as_deref());
            Error::new(Kind::Service, what, cause, body_remedy(reply))
        }
        (Ok(reply), None) => refused(service, call, what, (reply, &body), last, stop),
    };
    if attempts > 1 {
        error = error.after(attempts);
    }
    if let Some(wait) = stop_wait(stop) {
        error = error.ask_again_in(wait);
    }
    error = error.with_request(request(call));
    if call.endpoint == Endpoint::Contacts
        && let Ok(reply) = &last.exchanged
        && reply.status >= 400
    {
        let refused = crm_v2::error_body(reply.media_type().as_deref(), body.as_bytes());
        error = error.in_filter(refused.filter_position());
    }
    if let Ok(reply) = &last.exchanged {
        let media = reply.media_type().unwrap_or_else(|| "no content type".into());
        let withheld = call.endpoint == Endpoint::Contacts && reply.status < 400 && service.withholds();
        let body = if withheld { format!("not shown: {PAST_RETENTION}") } else { body };
        error = error.with_reply(format!("{} {media}\n{body}", reply.status));
    }
    // What was taken apart may spell a secret that the whole did not.
    let secrets = Spellings::of(service, last.token.as_deref());
    error.with_texts(|text| secrets.without(text))
}

fn what(call: &Call) -> String {
    match call.endpoint {
        Endpoint::Token => "no token".into(),
        Endpoint::Contacts => format!("{} of the profiles", call.label),
        Endpoint::Webhooks => call.label.clone(),
    }
}

fn faulty(service: &Service, what: String, fault: &Fault) -> Error {
    let host = service.base_url.host_str().unwrap_or("?");
    let remedy = match fault {
        Fault::Dns(_) => format!("check the tenant's name or base URL ({host}) and the network"),
        Fault::Connect(_) | Fault::ConnectTimeout(_) => {
            format!("check that {host} can be reached from here, then run again")
        }
        Fault::Tls(_) => format!(
            "the certificate of {host} must be valid and trusted by this machine; there is no switch to ignore it"
        ),
        Fault::Proxy(_) => "check HTTPS_PROXY and its user name and password".into(),
        Fault::TimedOut(_) => "run again, with a longer --timeout or a smaller --page-size".into(),
        Fault::TooLarge(_) => "ask for fewer fields or a smaller --page-size".into(),
        Fault::Reset | Fault::BodyCut(_) | Fault::Other(_) => "run again; what came is kept".into(),
    };
    let kind = if matches!(fault, Fault::TooLarge(_)) { Kind::Service } else { Kind::Network };
    Error::new(kind, what, fault.to_string(), remedy)
}

fn body_remedy(reply: &Reply) -> &'static str {
    if reply.is_html() {
        "a web page came instead of data: check the base URL, and whether a portal or proxy wants a login"
    } else {
        "run again; if it stays, show the reply to whoever runs the service"
    }
}

fn refused(
    service: &Service,
    call: &Call,
    what: String,
    (reply, body): (&Reply, &str),
    last: &Attempt,
    stop: Stop,
) -> Error {
    let media = reply.media_type();
    let body = crm_v2::error_body(media.as_deref(), body.as_bytes());
    let code = body.code.as_deref().unwrap_or("");
    let mut said = format!("the service answered {}", reply.status);
    for part in [body.code.as_deref(), body.message.as_deref()].into_iter().flatten() {
        let _ = write!(said, ", {part}");
    }
    if let Some(trace) = &body.trace {
        let _ = write!(said, " (trace {trace})");
    }
    let client = &service.client_id;
    if call.endpoint == Endpoint::Token {
        let (kind, remedy) = match (reply.status, code) {
            (_, "invalid_client") | (401, _) => (
                Kind::Credentials,
                format!(
                    "check CXONE_CLIENT_ID ({client}) and CXONE_CLIENT_SECRET, or client_id in the configuration"
                ),
            ),
            (_, "invalid_scope") => (
                Kind::Permission,
                match service.scopes.as_slice() {
                    [] => format!("no scope was asked for: grant client {client} one, or name those it has"),
                    asked => {
                        format!(
                            "remove the scope, or grant it to client {client} (asked: {})",
                            asked.join(" ")
                        )
                    }
                },
            ),
            (_, "unauthorized_client" | "unsupported_grant_type" | "invalid_grant") => (
                Kind::Credentials,
                format!("allow client {client} the client-credentials grant in the developer portal"),
            ),
            (403, _) => (Kind::Permission, format!("ask whether client {client} may get tokens")),
            (429, _) => (Kind::RateLimit, throttled_remedy(stop)),
            (500..=599, _) => (Kind::Service, "run again later".into()),
            (300..=399, _) => (Kind::Service, redirect_remedy(service)),
            (407, _) => (Kind::Network, PROXY_REMEDY.into()),
            _ => (Kind::Service, "check the base URL and the token URL".into()),
        };
        return Error::new(kind, what, said, remedy);
    }
    match reply.status {
        401 => {
            let why = if last.token.as_ref().is_some_and(|t| t.was_accepted()) {
                "three tokens in a row were refused"
            } else {
                "a fresh token was refused"
            };
            let remedy = format!("check that client {client} belongs to tenant {}", service.tenant);
            Error::new(Kind::Credentials, what, format!("{said}: {why}"), remedy)
        }
        403 if !matches!(stop, Stop::TooLong(_) | Stop::Throttled) => {
            forbidden(what, &said, reply, last, service)
        }
        403 | 429 => Error::new(Kind::RateLimit, what, said, throttled_remedy(stop)),
        300..=399 => Error::new(Kind::Service, what, said, redirect_remedy(service)),
        407 => Error::new(Kind::Network, what, said, PROXY_REMEDY),
        404 | 405 if call.endpoint == Endpoint::Webhooks => Error::new(
            Kind::Service,
            what,
            said,
            "either there is no such registration, or this service does not offer that call",
        ),
        400..=499 => Error::new(Kind::Service, what, said, "check the filter, the fields and the page size"),
        _ => Error::new(
            Kind::Service,
            what,
            said,
            "check the filter and the fields against the reply; if they are right, run again later",
        ),
    }
}

fn forbidden(what: String, said: &str, reply: &Reply, last: &Attempt, service: &Service) -> Error {
    let client = &service.client_id;
    let challenge = reply
        .headers
        .get(http::header::WWW_AUTHENTICATE)
        .and_then(|v| v.to_str().ok())
        .map(|text| crm_v2::challenge(&redact(text.to_owned(), service, last.token.as_deref())))
        .unwrap_or_default();
    let has = match last.token.as_ref().and_then(|t| t.scopes.as_ref()) {
        Some(scopes) if !scopes.is_empty() => format!("the token has {}", scopes.join(" ")),
        Some(_) => "the token has no scope".into(),
        None => "the token's scopes were not said".into(),
    };
    let (cause, remedy) = match &challenge.scope {
        Some(scope) => (
            format!("{said}; it wants scope {scope}, {has}"),
            format!("grant {scope} to client {client} in the developer portal, then run again"),
        ),
        None => (format!("{said}; {has}"), format!("ask for the permission for client {client}")),
    };
    Error::new(Kind::Permission, what, cause, remedy)
}

fn throttled_remedy(stop: Stop) -> String {
    match stop {
        Stop::TooLong(_) => "wait as long as the service asks, then go on; or raise --max-wait".into(),
        Stop::Budget => "the tenant's retries are used up: wait a while, or lower --rate".into(),
        _ => "wait a while, or lower --rate and --concurrency".into(),
    }
}

fn redirect_remedy(service: &Service) -> String {
    format!("redirects are not followed: set the base URL to where {} really is", service.base_url)
}

/// The request as sent, without its secrets.
fn request(call: &Call) -> String {
    if call.endpoint == Endpoint::Token {
        let form = "grant_type=client_credentials, client_id and client_secret [redacted]";
        format!("{} {}\n{form}", call.method, call.url)
    } else {
        format!("{} {}\n{BEARER}", call.method, call.url)
    }
}

/// A page's request as sent, without its secrets.
pub(super) fn asked(url: &Url) -> String {
    format!("GET {url}\n{BEARER}")
}

/// The body as answered, our own secrets taken out however the service spells them.
fn said(call: &Call, reply: &Reply, service: &Service, last: &Attempt) -> String {
    if call.endpoint == Endpoint::Token && (200..300).contains(&reply.status) && !reply.is_html() {
        // It was no good as a token reply, but what stands in it may be a token all the same.
        return format!("[{} bytes, not shown: they may hold a token]", reply.body.len());
    }
    redact(String::from_utf8_lossy(&reply.body).into_owned(), service, last.token.as_deref())
}

/// The text without the client's secret and this token, however they are spelled.
pub(super) fn redact(text: String, service: &Service, token: Option<&Token>) -> String {
    Spellings::of(service, token).without(text)
}
