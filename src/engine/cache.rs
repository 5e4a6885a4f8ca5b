//! Answers that may be used again: page bodies as received, keyed by the whole request.
//!
//! The key holds tenant, client, dialect and the URL, and so the fields, the IDs (sorted when a query is cut
//! into batches), the filter, the page and its size. Expiry is on the injected clock: `moka`'s own is private.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache as Moka;
use tokio::time::Instant;
use url::Url;

use super::clock::later;
use super::options::{CacheOptions, Service};

/// The response cache of a session. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cache {
    entries: Moka<Arc<str>, Entry>,
    options: CacheOptions,
}

#[derive(Clone, Debug)]
struct Entry {
    body: Bytes,
    /// When the run began that received it: pages of one run expire together.
    from: Instant,
}

/// An answer from the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The body as received.
    pub body: Bytes,
    /// How old it is.
    pub age: Duration,
}

impl Cache {
    /// An empty cache, bounded in entries and in bytes.
    pub fn new(options: CacheOptions) -> Self {
        // Moka bounds one weight. An entry weighs its bytes, and never less than its share of the entries, so
        // that both bounds hold.
        let share = options.bytes.checked_div(options.entries).unwrap_or(0).max(1);
        let entries = Moka::builder()
            .max_capacity(if options.entries == 0 { 0 } else { options.bytes })
            .weigher(move |key: &Arc<str>, entry: &Entry| {
                let bytes = (key.len() + entry.body.len()) as u64;
                u32::try_from(bytes.max(share)).unwrap_or(u32::MAX)
            })
            .build();
        Self { entries, options }
    }

    /// The key of one request of one tenant.
    pub fn key(service: &Service, url: &Url) -> Arc<str> {
        format!("{}\n{}\n{}\n{url}", service.tenant, service.client_id, service.dialect.name()).into()
    }

    /// The answer to the same request, where one is there and young enough.
    pub fn get(&self, key: &Arc<str>, now: Instant) -> Option<Hit> {
        if self.options.entries == 0 {
            return None;
        }
        let entry = self.entries.get(key)?;
        let age = now.saturating_duration_since(entry.from);
        if age >= self.options.life {
            self.entries.invalidate(key);
            return None;
        }
        Some(Hit { body: entry.body, age })
    }

    /// Until when the answer to the same request is there and young enough; `None` where it is not.
    pub fn keeps(&self, key: &Arc<str>, now: Instant) -> Option<Instant> {
        let age = self.get(key, now)?.age;
        Some(later(now, self.options.life.saturating_sub(age)))
    }

    /// Keeps an answer. `from` is when its run began.
    pub fn put(&self, key: Arc<str>, body: Bytes, from: Instant) {
        if self.options.entries > 0 {
            self.entries.insert(key, Entry { body, from });
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::engine::clock::Clock;

    fn service(tenant: &str, client: &str) -> Service {
        let base = Url::parse(&format!("https://{tenant}.my.cxone.com")).unwrap();
        Service::new(tenant, base, client, SecretString::from("s"))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_ends_with_its_life_counted_from_its_run() {
        let clock = Clock::system();
        let cache = Cache::new(CacheOptions::default());
        let run = clock.now();
        tokio::time::advance(Duration::from_secs(100)).await;
        cache.put("k".into(), Bytes::from_static(b"{}"), run);
        assert_eq!(cache.get(&"k".into(), clock.now()).unwrap().age, Duration::from_secs(100));
        tokio::time::advance(Duration::from_secs(199)).await;
        assert!(cache.get(&"k".into(), clock.now()).is_some());
        assert_eq!(cache.keeps(&"k".into(), clock.now()), Some(clock.now() + Duration::from_secs(1)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(cache.get(&"k".into(), clock.now()), None);
        assert_eq!(cache.keeps(&"k".into(), clock.now()), None);
    }

    #[test]
    fn the_key_tells_tenants_clients_and_requests_apart() {
        let url = Url::parse("https://acme.my.cxone.com/x?page=1").unwrap();
        let next = Url::parse("https://acme.my.cxone.com/x?page=2").unwrap();
        let mut keys = vec![
            Cache::key(&service("acme", "a"), &url),
            Cache::key(&service("acme", "b"), &url),
            Cache::key(&service("other", "a"), &url),
            Cache::key(&service("acme", "a"), &next),
        ];
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 4);
    }

    #[tokio::test]
    async fn it_is_bounded_in_entries_and_in_bytes() {
        let now = Clock::system().now();
        for (options, body) in [
            (CacheOptions { entries: 4, bytes: 1 << 20, ..CacheOptions::default() }, 10),
            (CacheOptions { entries: 1_000, bytes: 4_000, ..CacheOptions::default() }, 900),
        ] {
            let cache = Cache::new(options);
            for i in 0..100 {
                cache.put(format!("{i}").into(), Bytes::from(vec![b' '; body]), now);
                cache.entries.run_pending_tasks();
            }
            let kept = (0..100).filter(|i| cache.get(&format!("{i}").into(), now).is_some()).count();
            assert!((1..=4).contains(&kept), "{kept}");
        }
        let off = Cache::new(CacheOptions { entries: 0, ..CacheOptions::default() });
        off.put("k".into(), Bytes::new(), now);
        assert_eq!(off.get(&"k".into(), now), None);
    }
}
