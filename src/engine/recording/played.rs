//! The exchanges of a recording as a transport: what was asked is answered as it was, without a network.

use std::collections::VecDeque;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::read::Reader;
use crate::engine::clock::{Clock, later};
use crate::engine::error::Error;
use crate::engine::fetch::transport::{Exchanged, Fault, Reply, Request, Transport};

/// Answers requests from a recording: those of one method and path in the order in which they came, one with the very
/// same query first.
#[derive(Debug)]
pub struct Played {
    left: Mutex<VecDeque<Answer>>,
    /// Tokens that were given out. Those of the recording are not in it.
    tokens: AtomicU32,
    clock: Clock,
}

#[derive(Debug)]
struct Answer {
    method: String,
    target: String,
    exchanged: Exchanged,
}

impl Played {
    /// The exchanges of a recording.
    ///
    /// # Errors
    /// The file is no recording, or a line of it makes no sense.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, Error> {
        let mut reader = Reader::open(path)?;
        let mut left = VecDeque::new();
        while let Some(line) = reader.next_exchange() {
            let line = line?;
            let answer = line.answer();
            let (exchanged, withheld) = answer
                .map_err(|why| Error::usage(format!("exchange {}", line.number), why, "record it again"))?;
            let exchanged =
                exchanged.map(|reply| if withheld { Reply { body: Bytes::new(), ..reply } } else { reply });
            left.push_back(Answer {
                method: line.method.clone(),
                target: line.target().to_owned(),
                exchanged,
            });
        }
        Ok(Self { left: Mutex::new(left), tokens: AtomicU32::new(0), clock })
    }

    /// How many answers nobody asked for yet.
    pub fn left(&self) -> usize {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn answer(&self, request: &Request) -> Exchanged {
        let path = request.url.path();
        let target = request.url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let is_same_path = |answer: &Answer| {
            answer.method == request.method.as_str()
                && answer.target.split('?').next().unwrap_or_default() == path
        };
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let exact = left.iter().position(|answer| is_same_path(answer) && answer.target == target);
        let found = exact.or_else(|| left.iter().position(is_same_path)).and_then(|at| left.remove(at));
        drop(left);
        let Some(found) = found else {
            return Err(Fault::Other(format!(
                "the recording has no more answers to {} {path}",
                request.method
            )));
        };
        found.exchanged.map(|reply| {
            let is_token =
                request.bearer.is_none() && (200..300).contains(&reply.status) && reply.body.is_empty();
            if is_token { Reply { body: self.token(), ..reply } } else { reply }
        })
    }

    /// A token of our own in the place of one that is not in the recording.
    fn token(&self) -> Bytes {
        let n = self.tokens.fetch_add(1, Ordering::Relaxed) + 1;
        format!(r#"{{"access_token":"played-{n}","token_type":"Bearer","expires_in":3600}}"#).into()
    }
}

impl Transport for Played {
    fn exchange(&self, request: Request) -> Pin<Box<dyn Future<Output = Exchanged> + Send + '_>> {
        Box::pin(async move {
            let answer = self.answer(&request);
            let took = answer.as_ref().map_or(Duration::ZERO, |r| r.connect + r.first_byte + r.reading);
            self.clock.sleep_until(later(self.clock.now(), took.min(request.timeout))).await;
            answer
        })
    }
}
