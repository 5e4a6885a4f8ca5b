//! What an effect does to a reply before it goes out.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use jiff::Timestamp;

use super::{Script, plan::CannedReply};
use crate::sandbox::clock;

/// What the marks of a plan stand for in one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    /// Host and port, as the client called the server.
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) page: u64,
    /// Path and query of the next page; empty where there is none.
    pub(crate) next_target: String,
    pub(crate) cursor: String,
    pub(crate) authorization: String,
    pub(crate) body: Bytes,
    pub(crate) skew: i64,
    pub(crate) count: u64,
}

impl Marks {
    /// `text` with its marks filled in; braces that are no mark stay.
    pub(crate) fn fill(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = memchr::memchr(b'{', rest) {
            out.extend_from_slice(&rest[..open]);
            rest = &rest[open..];
            // The longest mark is `{epoch_ms-99999999999}`.
            let close = memchr::memchr(b'}', &rest[..rest.len().min(32)]);
            let mark = close.and_then(|close| {
                let name = std::str::from_utf8(&rest[1..close]).ok()?;
                Some((self.mark(name)?, close))
            });
            let used = if let Some((value, close)) = mark {
                out.extend_from_slice(value.as_bytes());
                close + 1
            } else {
                out.push(b'{');
                1
            };
            rest = &rest[used..];
        }
        out.extend_from_slice(rest);
        out
    }

    /// The same for text that stays text.
    pub(crate) fn fill_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.fill(text.as_bytes())).into_owned()
    }

    /// The same for a plan's bytes, where `%XX` stands for one.
    pub(crate) fn fill_bytes(&self, text: &str) -> Vec<u8> {
        self.fill(&percent_encoding::percent_decode_str(text).collect::<Vec<u8>>())
    }

    fn mark(&self, name: &str) -> Option<String> {
        Some(match name {
            "origin" => format!("http://{}", self.authority),
            "authority" => self.authority.clone(),
            "host" => self.authority.rsplit_once(':').map_or(&*self.authority, |(host, _)| host).to_owned(),
            "authorization" => self.authorization.clone(),
            "body" => String::from_utf8_lossy(&self.body).into_owned(),
            "cursor" => self.cursor.clone(),
            "rest" => self.rest(),
            "path" => self.path.clone(),
            "query" => self.query.clone(),
            "page" => self.page.to_string(),
            "next" => (self.page + 1).to_string(),
            "next_target" => self.next_target.clone(),
            "count" => self.count.to_string(),
            _ => return self.time(name),
        })
    }

    /// The query without what names a page.
    fn rest(&self) -> String {
        let names_page = |part: &&str| part.starts_with("page=") || part.starts_with("cursor=");
        self.query.split('&').filter(|part| !names_page(part)).collect::<Vec<_>>().join("&")
    }

    fn time(&self, name: &str) -> Option<String> {
        let at = name.find(['+', '-'])?;
        let seconds: i64 = name[at..].parse().ok()?;
        let when = clock::wall_moved(seconds.saturating_add(self.skew));
        let instant = Timestamp::try_from(when).ok()?;
        let written = |form: &str| Some(instant.strftime(form).to_string());
        match &name[..at] {
            "date" => Some(httpdate::fmt_http_date(when)),
            "rfc850" => written("%A, %d-%b-%y %H:%M:%S GMT"),
            "asctime" => written("%a %b %e %H:%M:%S %Y"),
            "iso" => written("%Y-%m-%dT%H:%M:%SZ"),
            "epoch" => Some(instant.as_second().to_string()),
            "epoch_ms" => Some(instant.as_millisecond().to_string()),
            _ => None,
        }
    }
}

impl Script {
    /// What is said instead of the route's own answer, if anything; the last fault that says something wins.
    pub(crate) fn canned(&self, marks: &Marks) -> Option<Response<Bytes>> {
        let (reply, count) = self.effects().filter_map(|(e, n)| Some((e.reply.as_ref()?, n))).last()?;
        Some(can(reply, &Marks { count, ..marks.clone() }))
    }

    /// How far the server's clock is off.
    pub(crate) fn skew(&self) -> i64 {
        self.effects().map(|(effect, _)| effect.clock_skew_seconds).sum()
    }

    /// Sets and removes headers, and changes the body.
    pub(crate) fn dress(&self, reply: &mut Response<Bytes>, marks: &Marks) {
        for (effect, count) in self.effects() {
            let marks = Marks { count, ..marks.clone() };
            for name in &effect.remove_headers {
                reply.headers_mut().remove(name.as_str());
            }
            put(reply.headers_mut(), &effect.headers, &marks);
            let body = &effect.body;
            if !body.prefix.is_empty() {
                let whole = [&marks.fill_bytes(&body.prefix)[..], &reply.body()[..]].concat();
                *reply.body_mut() = whole.into();
            }
            if let Some(percent) = body.keep_percent {
                let kept = share(reply.body().len(), percent);
                reply.body_mut().truncate(kept);
            }
        }
        if marks.skew != 0 {
            put(reply.headers_mut(), &[("date".into(), "{date+0}".into())], marks);
        }
    }
}

/// So many percent of `length`.
pub(super) fn share(length: usize, percent: u8) -> usize {
    length * usize::from(percent.min(100)) / 100
}

fn can(reply: &CannedReply, marks: &Marks) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(marks.fill_bytes(&reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !reply.body.is_empty() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    put(response.headers_mut(), &reply.headers, marks);
    response
}

/// Sets headers; a name that comes twice is sent twice.
fn put(headers: &mut HeaderMap, wanted: &[(String, String)], marks: &Marks) {
    for (name, _) in wanted {
        headers.remove(name.as_str());
    }
    for (name, value) in wanted {
        let name = HeaderName::try_from(name.as_str());
        let value = HeaderValue::from_bytes(&marks.fill(value.as_bytes()));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
}
