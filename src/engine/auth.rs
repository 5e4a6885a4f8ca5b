//! One token for a tenant: one request however many wait, renewed before it ends.
//!
//! ```text
//!            get()                     life - margin            401 with it
//!  none ──────────► asking ──► token ───────────────► asking   ────────────► none
//!                     │ refused: everybody who waits gets the same error
//! ```
//!
//! Asking is a task of its own: a waiter that is cancelled does not cancel it. Expiry is monotonic time; a
//! suspended machine is healed by the 401. Sources: RFC 6749 §4.4, §5.1; contract "crm-v2" and faults
//! "Identity".

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{FutureExt, Shared};
use secrecy::SecretString;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::clock::{Clock, later};
use super::error::{Error, Kind, Result};

/// How long before its end a token is renewed; a fifth of the life where that is shorter.
const MARGIN: Duration = Duration::from_secs(60);
/// What a token is good for where the service does not say.
const ASSUMED_LIFE: Duration = Duration::from_secs(5 * 60);
/// What a token that "ended" before it came is good for.
const SHORTEST_LIFE: Duration = Duration::from_secs(10);

/// A token as granted.
#[derive(Debug)]
pub struct Token {
    /// The token itself.
    pub secret: SecretString,
    /// The scopes it has; `None` where the reply did not say, which means as asked (RFC 6749 §5.1).
    pub scopes: Option<Vec<String>>,
    /// When it ends.
    pub expires: Instant,
    renew: Instant,
    accepted: AtomicBool,
}

impl Token {
    /// A token received at `now`; `life` in seconds as the reply had it, where it did.
    pub fn granted(
        secret: SecretString,
        scopes: Option<Vec<String>>,
        life: Option<f64>,
        now: Instant,
    ) -> Self {
        let life = match life {
            None => ASSUMED_LIFE,
            Some(seconds) if seconds <= 0.0 => SHORTEST_LIFE,
            Some(seconds) => Duration::try_from_secs_f64(seconds.min(31_536_000.0)).unwrap_or(ASSUMED_LIFE),
        };
        let margin = MARGIN.min(life / 5);
        Self {
            secret,
            scopes,
            expires: later(now, life),
            renew: later(now, life.saturating_sub(margin)),
            accepted: AtomicBool::new(false),
        }
    }

    /// The service took it.
    pub fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Whether the service ever took it.
    pub fn was_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }

    /// # Errors
    /// Names the scopes wanted and the scopes granted, where one is missing.
    pub fn require(&self, wanted: &[&str], client_id: &str) -> Result<()> {
        let Some(granted) = &self.scopes else { return Ok(()) };
        let missing: Vec<_> = wanted.iter().filter(|w| !granted.iter().any(|g| g == *w)).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let granted = if granted.is_empty() { "none".into() } else { granted.join(" ") };
        Err(Error::new(
            Kind::Permission,
            format!("scope {}", missing.join(" ")),
            format!("this needs {}, and the token has {granted}", wanted.join(" ")),
            format!(
                "grant {} to client {client_id} in the developer portal, then run again",
                missing.join(" ")
            ),
        ))
    }
}

/// Fetches a token: the whole call with its retries.
pub type Fetch = dyn Fn() -> Pin<Box<dyn Future<Output = Result<Token>> + Send>> + Send + Sync;

/// A request for a token that all who wait share; they are woken in the order in which they came.
type Asked = Shared<oneshot::Receiver<Result<Arc<Token>>>>;

/// Gives out the tenant's token. Cheap to clone.
#[derive(Clone)]
pub struct TokenSource(Arc<Inner>);

struct Inner {
    clock: Clock,
    fetch: Box<Fetch>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// The last that was granted, good or not.
    latest: Option<Arc<Token>>,
    asking: Option<Asked>,
}

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSource([redacted])")
    }
}

impl TokenSource {
    /// A source that asks with `fetch` when it has to.
    pub fn new(clock: Clock, fetch: Box<Fetch>) -> Self {
        Self(Arc::new(Inner { clock, fetch, state: Mutex::default() }))
    }

    /// The token, fetched or renewed first where needed.
    ///
    /// # Errors
    /// Whatever the token endpoint refused with, the same for everybody who waited.
    pub async fn get(&self) -> Result<Arc<Token>> {
        let asked = {
            let mut state = self.lock();
            if let Some(token) = &state.token
                && self.0.clock.now() < token.renew
            {
                return Ok(token.clone());
            }
            state.asking.get_or_insert_with(|| self.ask()).clone()
        };
        asked.await.unwrap_or_else(|_| {
            Err(Error::new(Kind::Local, "token", "the task that asked for it ended early", "run again"))
        })
    }

    /// The last token that was granted, also where it was refused since; never asks for one.
    pub fn latest(&self) -> Option<Arc<Token>> {
        self.lock().latest.clone()
    }

    /// Whether this token is still the one to use.
    pub fn is_current(&self, token: &Arc<Token>) -> bool {
        self.0.clock.now() < token.expires
            && self.lock().token.as_ref().is_some_and(|current| Arc::ptr_eq(current, token))
    }

    /// A 401 came for this token: the next [`get`](Self::get) asks for another, unless one is there already.
    pub fn forget(&self, token: &Arc<Token>) {
        let mut state = self.lock();
        if state.token.as_ref().is_some_and(|current| Arc::ptr_eq(current, token)) {
            state.token = None;
        }
    }

    fn ask(&self) -> Asked {
        let (sender, receiver) = oneshot::channel();
        let asking = Asking(self.clone());
        tokio::spawn(async move {
            let source = &asking.0;
            let answer = (source.0.fetch)().await.map(Arc::new);
            if let Ok(token) = &answer {
                let mut state = source.lock();
                state.token = Some(token.clone());
                state.latest = Some(token.clone());
            }
            drop(asking);
            // Nobody may be waiting any more; the token is kept all the same.
            let _ = sender.send(answer);
        });
        receiver.shared()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements: a panic elsewhere spoils nothing.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request under way; also one that panics is over for those who come later.
struct Asking(TokenSource);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.lock().asking = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    /// A source whose tokens live `life` seconds and take a second to get, and how often it asked.
    fn source(life: f64) -> (TokenSource, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        let clock = Clock::system();
        let fetch: Box<Fetch> = Box::new(move || {
            let (count, clock) = (count.clone(), clock.clone());
            Box::pin(async move {
                let n = count.fetch_add(1, Ordering::SeqCst) + 1;
                clock.sleep_until(clock.now() + Duration::from_secs(1)).await;
                let secret = SecretString::from(format!("token-{n}"));
                Ok(Token::granted(secret, None, Some(life), clock.now()))
            })
        });
        (TokenSource::new(Clock::system(), fetch), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_waiters_share_one_request() {
        let (source, asked) = source(3_600.0);
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let source = source.clone();
                tokio::spawn(async move { source.get().await.unwrap() })
            })
            .collect();
        let mut tokens = Vec::new();
        for task in tasks {
            tokens.push(task.await.unwrap());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert!(tokens.iter().all(|t| Arc::ptr_eq(t, &tokens[0])));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_goes_on_in_the_order_of_asking() {
        let (source, _) = source(3_600.0);
        let order = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = (0..50)
            .map(|n| {
                let (source, order) = (source.clone(), order.clone());
                tokio::spawn(async move {
                    source.get().await.unwrap();
                    order.lock().unwrap().push(n);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..50).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_panicked_is_over() {
        let calls = AtomicU32::new(0);
        let fetch: Box<Fetch> = Box::new(move || {
            assert!(calls.fetch_add(1, Ordering::SeqCst) > 0, "the first one panics");
            Box::pin(async { Ok(Token::granted(SecretString::from("t"), None, None, Clock::system().now())) })
        });
        let source = TokenSource::new(Clock::system(), fetch);
        assert_eq!(source.get().await.unwrap_err().kind, Kind::Local);
        assert!(source.get().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_waiter_does_not_cancel_the_request() {
        let (source, asked) = source(3_600.0);
        let own = source.clone();
        let waiter = tokio::spawn(async move { own.get().await });
        tokio::task::yield_now().await;
        waiter.abort();
        let _ = waiter.await;
        source.get().await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_renewed_a_minute_early() {
        let (source, asked) = source(3_600.0);
        source.get().await.unwrap();
        tokio::time::advance(Duration::from_secs(3_538)).await;
        source.get().await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        tokio::time::advance(Duration::from_secs(3)).await;
        source.get().await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_401_heals_once_however_many_saw_it() {
        let (source, asked) = source(3_600.0);
        let old = source.get().await.unwrap();
        source.forget(&old);
        let new = source.get().await.unwrap();
        source.forget(&old);
        assert!(Arc::ptr_eq(&source.get().await.unwrap(), &new));
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn odd_lives_are_assumed_floored_and_scaled() {
        let now = Clock::system().now();
        let life = |said| {
            let token = Token::granted(SecretString::from("t"), None, said, now);
            ((token.expires - now).as_secs(), (token.renew - now).as_secs())
        };
        assert_eq!(life(Some(3_600.0)), (3_600, 3_540));
        assert_eq!(life(Some(30.0)), (30, 24));
        assert_eq!(life(Some(5.0)), (5, 4), "however short, it is not used past its end");
        assert_eq!(life(None), (300, 240));
        assert_eq!(life(Some(-5.0)), (10, 8));
        assert_eq!(life(Some(f64::INFINITY)), (31_536_000, 31_535_940));
    }

    #[tokio::test(start_paused = true)]
    async fn a_missing_scope_names_both_lists() {
        let now = Clock::system().now();
        let token = Token::granted(SecretString::from("t"), Some(vec!["crm:read".into()]), None, now);
        assert!(token.require(&["crm:read"], "me").is_ok());
        let error = token.require(&["crm:read", "cdp:read"], "me").unwrap_err();
        assert_eq!(error.kind.exit_code(), 4);
        let said = error.to_string();
        assert!(said.contains("needs crm:read cdp:read") && said.contains("token has crm:read"), "{said}");
        let unsaid = Token::granted(SecretString::from("t"), None, None, now);
        assert!(unsaid.require(&["cdp:read"], "me").is_ok());
    }
}
