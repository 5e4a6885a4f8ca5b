//! How long one exchange waits for a connection.
//!
//! `reqwest` does not say. Its connector can be wrapped, but knows nothing of the exchange that it connects for, and
//! `hyper` lets a connection in the making race against one that another exchange gives back:
//!
//! ```text
//! exchange ─┬─► one lies in the pool ─────────────────────────────► 0
//!           └─► connecting (name, TCP, proxy, TLS) ─┬─► done ──────► what it took
//!                                                   └─► another came free first: what was waited until then;
//!                                                       the new one is finished in the background, for the pool
//! ```
//!
//! `hyper` polls a connection that it makes each time its exchange is polled, until either is decided. So a round
//! in which the exchange was polled and its connection was not is the round in which another one came free.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tower::{Layer, Service};

use crate::engine::clock::Clock;

tokio::task_local! {
    /// Whose turn it is to be polled.
    static POLLED: Connecting;
}

/// What one exchange waited for connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Connecting(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// When the connection that is being made was begun.
    since: Option<Instant>,
    /// Whether it was polled in this round.
    polled: bool,
    /// What all of them took; zero where one lay in the pool.
    waited: Duration,
}

impl Connecting {
    /// Polls an exchange up to its head, noting what it waits for a connection.
    pub(super) async fn watch<T>(&self, clock: &Clock, exchange: impl Future<Output = T>) -> T {
        let mut exchange = pin!(exchange);
        poll_fn(|cx| {
            self.lock().polled = false;
            let poll = POLLED.sync_scope(self.clone(), || exchange.as_mut().poll(cx));
            if !self.lock().polled {
                self.end(clock.now());
            }
            poll
        })
        .await
    }

    /// What was waited for connections; zero where one lay in the pool.
    pub(super) fn waited(&self) -> Duration {
        self.lock().waited
    }

    fn begin(&self, now: Instant) {
        let mut state = self.lock();
        state.since = Some(now);
        state.polled = true;
    }

    fn end(&self, now: Instant) {
        let mut state = self.lock();
        if let Some(since) = state.since.take() {
            state.waited += now - since;
        }
    }

    /// The connection is polled: on the exchange's behalf, or in the background when nobody waits for it any more.
    fn poll(&self) {
        let ours = POLLED.try_with(|polled| Arc::ptr_eq(&polled.0, &self.0)).unwrap_or(false);
        if ours {
            self.lock().polled = true;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements: a panic elsewhere spoils nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wraps a connector so that each connection's time goes to the exchange that it is made for.
#[derive(Clone, Debug)]
pub(super) struct Timing(pub(super) Clock);

impl<S> Layer<S> for Timing {
    type Service = Timed<S>;

    fn layer(&self, connector: S) -> Timed<S> {
        Timed { connector, clock: self.0.clone() }
    }
}

/// A wrapped connector.
#[derive(Clone, Debug)]
pub(super) struct Timed<S> {
    connector: S,
    clock: Clock,
}

impl<S, R> Service<R> for Timed<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, to: R) -> Self::Future {
        let mut made = Box::pin(self.connector.call(to));
        let Ok(own) = POLLED.try_with(Connecting::clone) else { return made };
        let clock = self.clock.clone();
        own.begin(clock.now());
        Box::pin(poll_fn(move |cx| {
            own.poll();
            let poll = made.as_mut().poll(cx);
            if poll.is_ready() {
                own.end(clock.now());
            }
            poll
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::future::{Either, select};

    use super::*;

    const TAKES: Duration = Duration::from_millis(30);

    /// A connector that takes its time.
    fn connector() -> Timed<impl Service<(), Response = (), Error = Infallible, Future: Send>> {
        let clock = Clock::system();
        Timing(clock.clone()).layer(tower::service_fn(move |()| {
            let clock = clock.clone();
            Box::pin(async move {
                clock.sleep_until(clock.now() + TAKES).await;
                Ok::<_, Infallible>(())
            })
        }))
    }

    async fn sleep(millis: u64) {
        let clock = Clock::system();
        clock.sleep_until(clock.now() + Duration::from_millis(millis)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_made_for_the_exchange_counts_and_the_answer_does_not() {
        let own = Connecting::default();
        let exchange = async {
            connector().call(()).await.unwrap();
            sleep(100).await;
        };
        own.watch(&Clock::system(), exchange).await;
        assert_eq!(own.waited(), TAKES);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_connection_nothing_counts() {
        let own = Connecting::default();
        own.watch(&Clock::system(), sleep(100)).await;
        assert_eq!(own.waited(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_waited_ends_when_another_connection_comes_free() {
        let own = Connecting::default();
        let exchange = async {
            // As hyper does it: whichever is first; the loser goes on in the background.
            let freed = Box::pin(sleep(10));
            match select(freed, connector().call(())).await {
                Either::Left(((), making)) => tokio::spawn(making),
                Either::Right(_) => panic!("the other connection is free first"),
            };
            sleep(100).await;
        };
        own.watch(&Clock::system(), exchange).await;
        assert_eq!(own.waited(), Duration::from_millis(10));
    }
}
