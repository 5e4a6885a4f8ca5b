//! What was sent and what came back, kept for whoever looks: the last exchanges, bounded in number and in bytes.
//!
//! ```text
//! report ──► Detail::of ──► Kept (holds it) ──► Exchange::detail (a Weak: gone once others came)
//!               │
//!               └─ secrets are taken out here, before anybody can see them
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::client::{Attempt, Call};
use super::redact::Spellings;
use super::transport::{ACCEPT_ENCODING, Body, Reply, USER_AGENT};
use crate::engine::event::Endpoint;
use crate::engine::options::Service;
use crate::engine::text::Untrusted;

/// Exchanges that are kept.
const MOST: usize = 50;
/// Bytes that they may take together.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// A body that is larger is not kept whole.
const WHOLE: usize = 256 * 1024;
/// Of such a body this much is kept.
const BEGINNING: usize = 64 * 1024;
/// Why a body is not shown where profiles are withheld: they stand in it beside the others.
pub(super) const PAST_RETENTION: &str =
    "profiles past retention may stand in it, and this tenant's settings withhold them";
/// Why nothing is kept of a reply that grants a token.
const HOLDS_A_TOKEN: &str = "it may hold a token";
/// What stands in the place of a secret.
const REMOVED: &str = "…removed";

/// An exchange in full, its secrets taken out.
#[derive(Debug)]
pub struct Detail {
    /// `GET`, `POST`, `DELETE`.
    pub method: &'static str,
    /// The whole URL; holds personal values, so it is for the screen and never for a log.
    pub url: Untrusted,
    /// The request's headers as sent, but for those that the connection adds.
    pub request: Vec<(&'static str, Untrusted)>,
    /// What there is to say of the request's body, which is never kept.
    pub sent: Option<String>,
    /// The reply, where a whole one came.
    pub reply: Option<Received>,
}

/// A reply as it came.
#[derive(Debug)]
pub struct Received {
    /// HTTP status.
    pub status: u16,
    /// Headers in the order in which they came.
    pub headers: Vec<(String, Untrusted)>,
    /// The decoded body, or its beginning.
    pub body: Untrusted,
    /// How large the decoded body was.
    pub size: u64,
    /// Why the body is not here, where that is on purpose.
    pub withheld: Option<&'static str>,
}

impl Received {
    /// Bytes of the body that are not here.
    pub fn missing(&self) -> u64 {
        // Bytes that are no UTF-8 become longer ones: what is kept may be more than what came.
        self.size.saturating_sub(self.body.raw().len() as u64)
    }
}

impl Detail {
    /// What one attempt of a call sent and got.
    pub(super) fn of(call: &Call, attempt: &Attempt, service: &Service) -> Self {
        let secrets = Spellings::of(service, attempt.token.as_deref());
        let mut url = call.url.clone();
        // A URL that cannot have them has none.
        let _ = (url.set_username(""), url.set_password(None));
        let shown = |text: &str| Untrusted::from(secrets.without(text.to_owned()));
        let mut request =
            vec![("accept", "application/json".into()), ("accept-encoding", ACCEPT_ENCODING.into())];
        if attempt.token.is_some() {
            request.push(("authorization", Untrusted::from(format!("Bearer {REMOVED}"))));
        }
        let sent = match &call.body {
            Body::None => None,
            Body::Form(_) => {
                request.push(("content-type", "application/x-www-form-urlencoded".into()));
                Some("grant_type, client_id and client_secret; not kept, for it holds the secret".to_owned())
            }
            Body::Json(_) => {
                request.push(("content-type", "application/json".into()));
                Some("not kept, for it may hold a secret".to_owned())
            }
        };
        if let Some(key) = &call.idempotency {
            request.push(("idempotency-key", shown(key)));
        }
        request.push(("user-agent", USER_AGENT.into()));
        let reply = attempt.exchanged.as_ref().ok();
        let reply = reply.map(|reply| received(reply, &secrets, withheld(call, reply, service)));
        Self { method: call.method_name(), url: shown(url.as_str()), request, sent, reply }
    }

    /// What it takes, about.
    fn weight(&self) -> usize {
        let pairs = self.request.iter().map(|(name, value)| name.len() + value.raw().len());
        let reply = self.reply.as_ref().map_or(0, |reply| {
            let headers = reply.headers.iter().map(|(name, value)| name.len() + value.raw().len());
            reply.body.raw().len() + headers.sum::<usize>()
        });
        size_of::<Self>() + self.url.raw().len() + pairs.sum::<usize>() + reply
    }
}

fn received(reply: &Reply, secrets: &Spellings, withheld: Option<&'static str>) -> Received {
    let header = |name: &http::HeaderName, value: &http::HeaderValue| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let value = match name.as_str() {
            // Whoever has these is taken for us.
            "set-cookie" | "authorization" | "proxy-authorization" | "authentication-info" => {
                REMOVED.to_owned()
            }
            _ => secrets.without(value),
        };
        (name.as_str().to_owned(), Untrusted::from(value))
    };
    let body = if withheld.is_some() { String::new() } else { beginning(&reply.body, secrets) };
    Received {
        status: reply.status,
        headers: reply.headers.iter().map(|(name, value)| header(name, value)).collect(),
        body: body.into(),
        size: reply.body.len() as u64,
        withheld,
    }
}

/// Why nobody is to see a reply's body, whether on a screen or in a file.
fn withheld(call: &Call, reply: &Reply, service: &Service) -> Option<&'static str> {
    match call.endpoint {
        Endpoint::Token => Some(HOLDS_A_TOKEN),
        Endpoint::Contacts if service.withholds() && reply.status < 400 => Some(PAST_RETENTION),
        Endpoint::Contacts | Endpoint::Webhooks => None,
    }
}

/// The whole body for a recording, its secrets taken out; nothing where it is withheld, or none came.
pub(super) fn whole(detail: &Detail, attempt: &Attempt, secrets: &Spellings) -> Bytes {
    match (&attempt.exchanged, &detail.reply) {
        (Ok(reply), Some(Received { withheld: None, .. })) => secrets.bytes_without(&reply.body),
        _ => Bytes::new(),
    }
}

/// As much of a body, in which there is no secret, as is kept.
pub(in crate::engine) fn beginning_of(body: &[u8]) -> String {
    beginning(body, &Spellings::default())
}

/// Why a body is not kept, by what was said of it.
pub(in crate::engine) fn why_withheld(said: &str) -> &'static str {
    if said == PAST_RETENTION { PAST_RETENTION } else { HOLDS_A_TOKEN }
}

/// The body as text, or the beginning of a large one. It is copied: a slice would keep the whole of the buffer that it
/// came in.
fn beginning(body: &[u8], secrets: &Spellings) -> String {
    if body.len() <= WHOLE {
        return secrets.without(String::from_utf8_lossy(body).into_owned());
    }
    // A secret that the cut goes through is still seen whole.
    let slack = secrets.longest();
    let long = String::from_utf8_lossy(&body[..body.len().min(BEGINNING + slack)]).into_owned();
    let mut text = secrets.without(long);
    text.truncate(text.floor_char_boundary(BEGINNING));
    text
}

/// The last exchanges in full, and what was asked by each.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    /// The newest last, each with its number.
    exchanges: VecDeque<(u64, Arc<Detail>, Call)>,
    bytes: usize,
}

impl Kept {
    /// Keeps one, and lets go of the oldest until all are within bounds.
    pub(super) fn keep(&self, number: u64, detail: Arc<Detail>, call: &Call) -> Arc<Detail> {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.bytes += detail.weight();
        inside.exchanges.push_back((number, Arc::clone(&detail), call.clone()));
        while inside.exchanges.len() > MOST || inside.bytes > MOST_BYTES && inside.exchanges.len() > 1 {
            let Some((_, oldest, _)) = inside.exchanges.pop_front() else { break };
            inside.bytes -= oldest.weight();
        }
        detail
    }

    /// What was asked by an exchange, while it is kept.
    pub(super) fn call(&self, number: u64) -> Option<Call> {
        let inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.exchanges.iter().find(|(own, ..)| *own == number).map(|(.., call)| call.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, Method};
    use secrecy::SecretString;
    use url::Url;

    use super::*;
    use crate::engine::auth::Token;
    use crate::engine::clock::Clock;

    const SECRET: &str = "s3cr3t+value";
    const TOKEN: &str = "canary-token/1";

    fn service() -> Service {
        Service::new("acme", Url::parse("https://acme.example").unwrap(), "me", SecretString::from(SECRET))
    }

    fn call(endpoint: Endpoint) -> Call {
        Call {
            endpoint,
            method: Method::GET,
            url: Url::parse("https://user:pass@acme.example/api/v2/crm/contacts?page=1").unwrap(),
            body: Body::None,
            label: "page 1".into(),
            query: None,
            again: None,
            idempotency: None,
        }
    }

    fn attempt(body: &[u8]) -> Attempt {
        let mut headers = HeaderMap::new();
        headers.insert("set-cookie", "session=CANARY".parse().unwrap());
        headers.insert("x-echo", TOKEN.parse().unwrap());
        let reply = Reply {
            status: 200,
            headers,
            body: Bytes::copy_from_slice(body),
            connect: Duration::ZERO,
            first_byte: Duration::ZERO,
            reading: Duration::ZERO,
        };
        let token = Token::granted(SecretString::from(TOKEN), None, None, Clock::system().now());
        Attempt { exchanged: Ok(reply), bad: None, token: Some(Arc::new(token)) }
    }

    fn all(detail: &Detail) -> String {
        let reply = detail.reply.as_ref().unwrap();
        format!("{detail:?} {} {}", detail.url.raw(), reply.body.raw())
    }

    #[test]
    fn no_secret_is_kept_however_it_is_spelled() {
        let body = format!("{{\"echo\": \"{SECRET} s3cr3t%2Bvalue czNjcjN0K3ZhbHVl {TOKEN}\"}}");
        let detail = Detail::of(&call(Endpoint::Contacts), &attempt(body.as_bytes()), &service());
        let said = all(&detail);
        for canary in [SECRET, TOKEN, "s3cr3t%2Bvalue", "czNjcjN0K3ZhbHVl", "CANARY", "pass"] {
            assert!(!said.contains(canary), "{canary}: {said}");
        }
        assert!(said.contains("Bearer …removed") && said.contains("echo"), "{said}");
    }

    #[test]
    fn of_a_token_s_exchange_no_body_is_kept() {
        let asked =
            Call { body: Body::Form(SecretString::from("client_secret=CANARY")), ..call(Endpoint::Token) };
        let detail = Detail::of(&asked, &attempt(b"{\"access_token\":\"CANARY\"}"), &service());
        assert!(!all(&detail).contains("CANARY"), "{detail:?}");
        let reply = detail.reply.unwrap();
        assert_eq!((reply.body.raw(), reply.size, reply.withheld.is_some()), ("", 25, true));
        assert!(detail.sent.is_some());
    }

    #[test]
    fn of_a_large_body_the_beginning_is_kept_without_half_a_secret() {
        let mut body = vec![b'x'; WHOLE + 1];
        let at = BEGINNING - 5;
        body[at..at + SECRET.len()].copy_from_slice(SECRET.as_bytes());
        let detail = Detail::of(&call(Endpoint::Contacts), &attempt(&body), &service());
        let reply = detail.reply.unwrap();
        assert_eq!((reply.body.raw().len(), reply.size), (BEGINNING, WHOLE as u64 + 1));
        assert!(reply.body.raw().ends_with("x[reda"), "{}", &reply.body.raw()[at - 3..]);
        assert_eq!(reply.missing(), (WHOLE + 1 - BEGINNING) as u64);
    }

    #[tokio::test]
    async fn the_headers_that_are_told_are_those_that_are_sent() {
        use crate::engine::fetch::transport::{Http, Request, Transport};
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/x?y=1", listener.local_addr().unwrap())).unwrap();
        let heard = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                assert!(socket.read_buf(&mut asked).await.unwrap() > 0);
            }
            socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            String::from_utf8(asked).unwrap()
        });
        let call = Call { url, idempotency: Some("key-1".into()), ..call(Endpoint::Webhooks) };
        let attempt = attempt(b"");
        let request = Request {
            method: call.method.clone(),
            url: call.url.clone(),
            bearer: attempt.token.as_ref().map(|token| token.secret.clone()),
            body: call.body.clone(),
            idempotency: call.idempotency.clone(),
            timeout: Duration::from_secs(30),
        };
        let http = Http::new(Clock::system(), Duration::from_secs(10), 1_000, true).unwrap();
        http.exchange(request).await.unwrap();
        let heard = heard.await.unwrap().replace(TOKEN, REMOVED);
        let mut sent: Vec<_> =
            heard.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with("host:")).collect();
        sent.sort_unstable();
        let detail = Detail::of(&call, &attempt, &service());
        let mut told: Vec<_> =
            detail.request.iter().map(|(name, value)| format!("{name}: {}", value.raw())).collect();
        told.sort_unstable();
        assert_eq!(told, sent);
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_in_bytes() {
        let kept = Kept::default();
        let call = call(Endpoint::Contacts);
        let keep = |number, body: &[u8]| {
            kept.keep(number, Arc::new(Detail::of(&call, &attempt(body), &service())), &call)
        };
        let first = Arc::downgrade(&keep(1, b"{}"));
        for number in 2..=MOST as u64 {
            keep(number, b"{}");
        }
        assert!(first.upgrade().is_some() && kept.call(1).is_some());
        keep(51, b"{}");
        assert!(first.upgrade().is_none() && kept.call(1).is_none() && kept.call(2).is_some());
        for number in 100..200 {
            keep(number, &vec![b'x'; WHOLE]);
        }
        let inside = kept.0.lock().unwrap();
        assert!(inside.bytes <= MOST_BYTES && inside.exchanges.len() == 31, "{}", inside.exchanges.len());
    }
}
