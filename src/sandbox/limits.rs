//! The rate limit, and what it tells the client.

use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue};

/// So many requests a second, and so many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Requests a second in the long run; more than 0.
    pub per_second: f64,
    /// Requests at once after a pause; at least 1.
    pub burst: u32,
}

impl Rate {
    /// The smallest whole window that holds the burst, and the quota in it.
    fn policy(self) -> (u64, u64) {
        let window = (f64::from(self.burst) / self.per_second).ceil().max(1.0);
        ((self.per_second * window).floor().max(1.0) as u64, window as u64)
    }
}

/// A token bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    left: f64,
    at: Instant,
}

/// What the bucket said to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whole seconds until there is a token; none when the request may pass.
    pub(crate) retry_after: Option<u64>,
    /// Requests left, and whole seconds until the bucket is full.
    left: u64,
    reset: u64,
    quota: u64,
    window: u64,
}

impl Bucket {
    pub(crate) fn new(rate: Rate, now: Instant) -> Self {
        let rate = Rate { per_second: rate.per_second.max(0.001), burst: rate.burst.max(1) };
        Self { rate, left: f64::from(rate.burst), at: now }
    }

    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes a token if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> Verdict {
        let full = f64::from(self.rate.burst);
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + since * self.rate.per_second).min(full);
        self.at = now;
        let passes = self.left >= 1.0;
        if passes {
            self.left -= 1.0;
        }
        let seconds = |tokens: f64| (tokens / self.rate.per_second).ceil().max(1.0) as u64;
        let (quota, window) = self.rate.policy();
        Verdict {
            retry_after: (!passes).then(|| seconds(1.0 - self.left)),
            left: self.left.floor() as u64,
            reset: seconds(full - self.left),
            quota,
            window,
        }
    }
}

impl Verdict {
    /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10).
    pub(crate) fn announce(self, headers: &mut HeaderMap) {
        let limit = format!("\"default\";r={};t={}", self.left, self.reset);
        let policy = format!("\"default\";q={};w={}", self.quota, self.window);
        for (name, value) in [("ratelimit", limit), ("ratelimit-policy", policy)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

/// The time in which a client that was sent a `Retry-After` must keep still.
#[derive(Debug, Default)]
pub(crate) struct Window(Option<(Instant, Instant)>);

impl Window {
    /// What was on its way when the 429 left is nobody's fault.
    const GRACE: Duration = Duration::from_millis(5);

    /// A 429 that says `wait` leaves now.
    pub(crate) fn close(&mut self, now: Instant, wait: Duration) {
        let Some(end) = now.checked_add(wait) else { return };
        self.0 = Some(match self.0 {
            Some((from, until)) if now < until => (from, until.max(end)),
            _ => (now + Self::GRACE, end),
        });
    }

    /// Whether a request that arrives now breaks the silence.
    pub(crate) fn is_closed(&self, now: Instant) -> bool {
        self.0.is_some_and(|(from, until)| from <= now && now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::clock;

    const RATE: Rate = Rate { per_second: 10.0, burst: 10 };

    #[test]
    fn the_burst_passes_then_one_every_tenth_of_a_second() {
        let start = clock::now();
        let mut bucket = Bucket::new(RATE, start);
        for _ in 0..10 {
            assert_eq!(bucket.take(start).retry_after, None);
        }
        assert_eq!(bucket.take(start).retry_after, Some(1));
        assert_eq!(bucket.take(start + Duration::from_millis(99)).retry_after, Some(1));
        assert_eq!(bucket.take(start + Duration::from_millis(101)).retry_after, None);
        assert_eq!(bucket.take(start + Duration::from_millis(102)).retry_after, Some(1));
    }

    #[test]
    fn a_slow_rate_says_the_whole_wait_rounded_up() {
        let start = clock::now();
        let mut bucket = Bucket::new(Rate { per_second: 0.3, burst: 1 }, start);
        assert_eq!(bucket.take(start).retry_after, None);
        assert_eq!(bucket.take(start).retry_after, Some(4));
        assert_eq!(bucket.take(start + Duration::from_secs(4)).retry_after, None);
    }

    #[test]
    fn the_headers_are_those_of_the_draft() {
        let start = clock::now();
        let mut bucket = Bucket::new(RATE, start);
        let mut headers = HeaderMap::new();
        for _ in 0..3 {
            bucket.take(start).announce(&mut headers);
        }
        assert_eq!(headers["ratelimit"], r#""default";r=7;t=1"#);
        assert_eq!(headers["ratelimit-policy"], r#""default";q=10;w=1"#);
    }

    #[test]
    fn a_window_is_closed_from_just_after_the_429_until_its_end() {
        let start = clock::now();
        let mut window = Window::default();
        assert!(!window.is_closed(start));
        window.close(start, Duration::from_secs(2));
        assert!(!window.is_closed(start));
        assert!(window.is_closed(start + Duration::from_millis(6)));
        window.close(start + Duration::from_secs(1), Duration::from_secs(2));
        assert!(window.is_closed(start + Duration::from_millis(2900)));
        assert!(!window.is_closed(start + Duration::from_secs(3)));
    }
}
