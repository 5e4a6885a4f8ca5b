//! An exchange in full, as it came; its secrets were taken out before it got here.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::parts::{micros, span};
use crate::engine::event::{Endpoint, Exchange, Outcome, Phases, Retry, RetryReason};
use crate::engine::fetch::detail::{Detail, Received, beginning_of, why_withheld};
use crate::engine::fetch::transport::{Fault, Reply};
use crate::engine::query::QueryId;
use crate::engine::recording::veil::{Veil, is_safe};
use crate::engine::text::clean;

/// What the client tells of an exchange: all of it, but for secrets.
#[derive(Debug)]
pub(in crate::engine) struct Told {
    pub(in crate::engine) exchange: Arc<Exchange>,
    pub(in crate::engine) detail: Arc<Detail>,
    /// The whole body; empty where it is withheld.
    pub(in crate::engine) body: Bytes,
    /// Why there is no whole reply.
    pub(in crate::engine) fault: Option<Fault>,
}

/// An exchange.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::engine::recording) struct ExchangeLine {
    pub(in crate::engine::recording) number: u64,
    run: Option<u64>,
    again: Option<u64>,
    #[serde(with = "super::when")]
    at: Timestamp,
    endpoint: String,
    pub(in crate::engine::recording) method: String,
    pub(in crate::engine::recording) url: String,
    label: String,
    attempt: u32,
    outcome: OutcomeLine,
    phases: PhasesLine,
    bytes: u64,
    rows: Option<u32>,
    retry: Option<RetryLine>,
    retry_after: Option<String>,
    request: Vec<(String, String)>,
    sent: Option<String>,
    reply: Option<ReplyLine>,
    fault: Option<FaultLine>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeLine {
    Status(u16),
    Refused { status: u16, why: String },
    Broken(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "in a file each says its unit")]
struct PhasesLine {
    queue_us: u64,
    limit_us: u64,
    token_us: u64,
    connect_us: u64,
    first_byte_us: u64,
    body_us: u64,
    decode_us: u64,
    pipeline_us: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct RetryLine {
    after_us: u64,
    because: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct ReplyLine {
    status: u16,
    headers: Vec<(String, String)>,
    /// The decoded body, where it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The decoded body in base64, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<String>,
}

/// A fault on the way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FaultLine {
    Dns(String),
    Connect(String),
    ConnectTimeout(u64),
    Tls(String),
    Proxy(String),
    Reset,
    TimedOut(u64),
    BodyCut(String),
    TooLarge(u64),
    Other(String),
}

const REMOVED: &str = "…removed";

fn because(reason: RetryReason) -> &'static str {
    match reason {
        RetryReason::RetryAfter => "retry-after",
        RetryReason::Backoff => "backoff",
        RetryReason::Token => "token",
    }
}

impl ExchangeLine {
    pub(in crate::engine::recording) fn of(told: &Told, veil: &mut Veil) -> Self {
        let Told { exchange, detail, body, fault } = told;
        // A token that has just been granted is known as one only to whoever reads the body.
        let is_secret = detail.reply.as_ref().is_some_and(|reply| reply.withheld.is_some());
        let header = |name: &str, value: &str, veil: &mut Veil| {
            let value =
                if is_secret && !is_safe(name) { REMOVED.to_owned() } else { veil.header(name, value) };
            (name.to_owned(), value)
        };
        let reply = detail.reply.as_ref().map(|reply| {
            let body = veil.body(body);
            let (text, base64) = match std::str::from_utf8(&body) {
                _ if reply.withheld.is_some() => (None, None),
                Ok(text) => (Some(text.to_owned()), None),
                Err(_) => (None, Some(STANDARD.encode(&body))),
            };
            ReplyLine {
                status: reply.status,
                headers: reply.headers.iter().map(|(name, value)| header(name, value.raw(), veil)).collect(),
                body: text,
                body_base64: base64,
                size: reply.size,
                withheld: reply.withheld.map(str::to_owned),
            }
        });
        Self {
            number: exchange.number,
            run: exchange.query.map(|id| id.0),
            again: exchange.again,
            at: exchange.at,
            endpoint: exchange.endpoint.name().to_owned(),
            method: exchange.method.to_owned(),
            url: veil.url(detail.url.raw()),
            label: exchange.label.clone(),
            attempt: exchange.attempt,
            outcome: match &exchange.outcome {
                Outcome::Status(status) => OutcomeLine::Status(*status),
                Outcome::Refused(status, why) => {
                    OutcomeLine::Refused { status: *status, why: veil.said(why).into_owned() }
                }
                Outcome::Broken(why) => OutcomeLine::Broken(veil.said(why).into_owned()),
            },
            phases: PhasesLine::of(exchange.phases),
            bytes: exchange.bytes,
            rows: exchange.rows,
            retry: exchange.retry.as_ref().map(|retry| RetryLine {
                after_us: micros(retry.after),
                because: because(retry.because).to_owned(),
            }),
            retry_after: exchange.retry_after.as_ref().map(|said| veil.header("retry-after", said.raw())),
            request: detail
                .request
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.raw().to_owned()))
                .collect(),
            sent: detail.sent.clone(),
            reply,
            fault: fault.as_ref().map(FaultLine::of),
        }
    }

    /// The exchange, and what is kept of it for whoever looks.
    ///
    /// # Errors
    /// What of it makes no sense.
    pub(in crate::engine::recording) fn read(self) -> Result<(Arc<Exchange>, Arc<Detail>), String> {
        let endpoint = Endpoint::ALL.into_iter().find(|known| known.name() == self.endpoint);
        let method = method(&self.method);
        let (body, _) = self.body()?;
        let detail = Arc::new(Detail {
            method,
            url: self.url.as_str().into(),
            request: self
                .request
                .iter()
                .map(|(name, value)| (request_header(name), value.as_str().into()))
                .collect(),
            sent: self.sent.as_deref().map(|sent| clean(sent).into_owned()),
            reply: self.reply.as_ref().map(|reply| Received {
                status: reply.status,
                headers: reply
                    .headers
                    .iter()
                    .map(|(name, value)| (name.clone(), value.as_str().into()))
                    .collect(),
                body: beginning_of(&body).into(),
                size: reply.size,
                withheld: reply.withheld.as_deref().map(why_withheld),
            }),
        });
        let retry = match &self.retry {
            Some(retry) => {
                let all = [RetryReason::RetryAfter, RetryReason::Backoff, RetryReason::Token];
                let known = all.into_iter().find(|known| because(*known) == retry.because);
                let because =
                    known.ok_or_else(|| format!("nothing is tried again for {:?}", retry.because))?;
                Some(Retry { after: span(retry.after_us), because })
            }
            None => None,
        };
        let exchange = Exchange {
            number: self.number,
            query: self.run.map(QueryId),
            again: self.again,
            at: self.at,
            endpoint: endpoint.ok_or_else(|| format!("there is no endpoint {:?}", self.endpoint))?,
            method,
            target: path_and_query(&self.url).into(),
            label: self.label.clone(),
            attempt: self.attempt,
            outcome: match self.outcome {
                OutcomeLine::Status(status) => Outcome::Status(status),
                OutcomeLine::Refused { status, why } => Outcome::Refused(status, clean(&why).into_owned()),
                OutcomeLine::Broken(why) => Outcome::Broken(clean(&why).into_owned()),
            },
            phases: self.phases.read(),
            bytes: self.bytes,
            rows: self.rows,
            retry,
            retry_after: self.retry_after.map(Into::into),
            detail: Arc::downgrade(&detail),
        };
        Ok((Arc::new(exchange), detail))
    }

    /// Path and query of what was asked.
    pub(in crate::engine::recording) fn target(&self) -> &str {
        path_and_query(&self.url)
    }

    /// What came, as a transport would have it; and whether the body was kept back.
    ///
    /// # Errors
    /// What of it makes no sense.
    pub(in crate::engine::recording) fn answer(&self) -> Result<(Result<Reply, Fault>, bool), String> {
        let Some(reply) = &self.reply else {
            let fault = self.fault.as_ref().map(FaultLine::read);
            return Ok((Err(fault.ok_or("it has neither a reply nor a fault")?), false));
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &reply.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_bytes(value.as_bytes());
            if let (Ok(name), Ok(value)) = (name, value) {
                headers.append(name, value);
            }
        }
        let phases = self.phases.read();
        let (body, withheld) = self.body()?;
        let reply = Reply {
            status: reply.status,
            headers,
            body,
            connect: phases.connect,
            first_byte: phases.first_byte,
            reading: phases.body,
        };
        Ok((Ok(reply), withheld))
    }

    fn body(&self) -> Result<(Bytes, bool), String> {
        let Some(reply) = &self.reply else { return Ok((Bytes::new(), false)) };
        let body = match (&reply.body, &reply.body_base64) {
            (Some(text), _) => Bytes::copy_from_slice(text.as_bytes()),
            (None, Some(base64)) => {
                let bytes = STANDARD.decode(base64).map_err(|error| format!("body_base64: {error}"))?;
                bytes.into()
            }
            (None, None) => Bytes::new(),
        };
        Ok((body, reply.withheld.is_some()))
    }
}

fn path_and_query(url: &str) -> &str {
    let behind = url.find("://").map_or(0, |at| at + 3);
    url[behind..].find('/').map_or("", |at| &url[behind + at..])
}

fn method(name: &str) -> &'static str {
    match name {
        "POST" => "POST",
        "DELETE" => "DELETE",
        _ => "GET",
    }
}

fn request_header(name: &str) -> &'static str {
    const KNOWN: [&str; 6] =
        ["accept", "accept-encoding", "authorization", "content-type", "idempotency-key", "user-agent"];
    KNOWN.into_iter().find(|known| *known == name).unwrap_or("another")
}

impl PhasesLine {
    fn of(phases: Phases) -> Self {
        Self {
            queue_us: micros(phases.queue),
            limit_us: micros(phases.limit),
            token_us: micros(phases.token),
            connect_us: micros(phases.connect),
            first_byte_us: micros(phases.first_byte),
            body_us: micros(phases.body),
            decode_us: micros(phases.decode),
            pipeline_us: micros(phases.pipeline),
        }
    }

    fn read(&self) -> Phases {
        Phases {
            queue: span(self.queue_us),
            limit: span(self.limit_us),
            token: span(self.token_us),
            connect: span(self.connect_us),
            first_byte: span(self.first_byte_us),
            body: span(self.body_us),
            decode: span(self.decode_us),
            pipeline: span(self.pipeline_us),
        }
    }
}

impl FaultLine {
    fn of(fault: &Fault) -> Self {
        match fault {
            Fault::Dns(why) => Self::Dns(why.clone()),
            Fault::Connect(why) => Self::Connect(why.clone()),
            Fault::ConnectTimeout(after) => Self::ConnectTimeout(micros(*after)),
            Fault::Tls(why) => Self::Tls(why.clone()),
            Fault::Proxy(why) => Self::Proxy(why.clone()),
            Fault::Reset => Self::Reset,
            Fault::TimedOut(after) => Self::TimedOut(micros(*after)),
            Fault::BodyCut(why) => Self::BodyCut(why.clone()),
            Fault::TooLarge(most) => Self::TooLarge(*most as u64),
            Fault::Other(why) => Self::Other(why.clone()),
        }
    }

    fn read(&self) -> Fault {
        match self {
            Self::Dns(why) => Fault::Dns(why.clone()),
            Self::Connect(why) => Fault::Connect(why.clone()),
            Self::ConnectTimeout(after) => Fault::ConnectTimeout(Duration::from_micros(*after)),
            Self::Tls(why) => Fault::Tls(why.clone()),
            Self::Proxy(why) => Fault::Proxy(why.clone()),
            Self::Reset => Fault::Reset,
            Self::TimedOut(after) => Fault::TimedOut(Duration::from_micros(*after)),
            Self::BodyCut(why) => Fault::BodyCut(why.clone()),
            Self::TooLarge(most) => Fault::TooLarge(*most as usize),
            Self::Other(why) => Fault::Other(why.clone()),
        }
    }
}
