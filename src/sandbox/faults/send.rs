//! How a reply goes out: at once and whole, or as the faults want it.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};

use super::{
    Script,
    apply::share,
    plan::{Effect, Send},
};
use crate::sandbox::{net::Link, state::State};

/// Repeated bytes are gathered up to about this much before they are written.
const GATHERED_BYTES: usize = 64 * 1024;

/// Sends `reply` as the script wants it.
pub(crate) async fn send(
    state: &Arc<State>,
    link: &Link,
    reply: Response<Bytes>,
    script: &Script,
) -> Response<Body> {
    let Some(how) = script.effects().filter_map(|(effect, _): (&Effect, _)| effect.send.as_ref()).last()
    else {
        return reply.map(Body::from);
    };
    let (mut parts, bytes) = reply.into_parts();
    let length = bytes.len();
    let body = match how {
        Send::Cut { percent } => {
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            cut_after(bytes.slice(..share(length, *percent).min(length.saturating_sub(1))))
        }
        Send::CutChunked { percent } => cut_after(bytes.slice(..share(length, *percent))),
        Send::Reset { percent } => {
            link.end_with_reset();
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            cut_after(bytes.slice(..share(length, *percent).min(length.saturating_sub(1))))
        }
        Send::ResetAtOnce {} => {
            link.end_with_reset();
            link.end_at_once();
            Body::empty()
        }
        Send::CloseAtOnce {} => {
            link.end_at_once();
            Body::empty()
        }
        Send::Hang {} => {
            state.closing.cancelled().await;
            link.end_at_once();
            Body::empty()
        }
        Send::Drip { bytes: at_once, every_ms } => {
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            drip(Arc::clone(state), bytes, (*at_once).max(1), Duration::from_millis(*every_ms))
        }
        Send::Stall {} => {
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length.max(1)));
            let closing = state.closing.clone();
            failing(stream::once(async move {
                closing.cancelled().await;
                Err(io::ErrorKind::ConnectionAborted.into())
            }))
        }
        Send::Stream { head, repeat, times, tail } => repeated(state, head, repeat, *times, tail),
        Send::LastOnConnection {} => {
            parts.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            Body::from(bytes)
        }
    };
    Response::from_parts(parts, body)
}

fn failing(
    stream: impl futures_util::Stream<Item = io::Result<Bytes>> + std::marker::Send + 'static,
) -> Body {
    Body::from_stream(stream)
}

/// `bytes`, then the end of the connection.
fn cut_after(bytes: Bytes) -> Body {
    failing(stream::iter([Ok(bytes)]).chain(stream::once(async {
        // Gives the server the chance to write what it has before it hears of the end.
        tokio::task::yield_now().await;
        Err(io::ErrorKind::ConnectionAborted.into())
    })))
}

fn drip(state: Arc<State>, bytes: Bytes, at_once: usize, every: Duration) -> Body {
    failing(stream::unfold((state, bytes), move |(state, mut bytes)| async move {
        if bytes.is_empty() {
            return None;
        }
        state.pause(every).await;
        let part = bytes.split_to(at_once.min(bytes.len()));
        Some((Ok(part), (state, bytes)))
    }))
}

fn repeated(state: &State, head: &str, repeat: &str, times: Option<u64>, tail: &str) -> Body {
    let read = |text: &str| Bytes::from(BASE64_STANDARD.decode(text.trim()).unwrap_or_default());
    let (head, repeat, tail) = (read(head), read(repeat), read(tail));
    if repeat.is_empty() {
        return Body::from([head, tail].concat());
    }
    let gathered = (GATHERED_BYTES / repeat.len()).max(1) as u64;
    let many = Bytes::from(repeat.repeat(gathered as usize));
    let (rounds, rest) = match times {
        Some(times) => (times / gathered, (times % gathered) as usize),
        None => (u64::MAX, 0),
    };
    let rest = Bytes::from(repeat.repeat(rest));
    let closing = state.closing.clone();
    let middle = stream::unfold(0, move |round| {
        let next = (round < rounds && !closing.is_cancelled()).then(|| (many.clone(), round + 1));
        std::future::ready(next)
    });
    let whole = stream::iter([head]).chain(middle).chain(stream::iter([rest, tail]));
    Body::from_stream(whole.map(Ok::<_, Infallible>))
}
