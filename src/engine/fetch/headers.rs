//! Reply headers that say when to come back: `Retry-After`, `RateLimit`, `X-RateLimit-*`.
//!
//! Sources: RFC 9110 §10.2.3 (`Retry-After`), draft-ietf-httpapi-ratelimit-headers (structured fields, RFC
//! 9651), and the older forms in use. What is malformed counts as missing.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use sfv::{BareItem, List, ListEntry, Parser};

use crate::engine::clock::later;
use crate::engine::event::Announced;
use tokio::time::Instant;

/// What counts for a `Retry-After` that is 0 or in the past.
pub const FLOOR: Duration = Duration::from_millis(500);

/// The wait that a reply asks for, never under [`FLOOR`]; `None` where it is missing or unreadable.
///
/// A date is taken relative to the reply's own `Date`, so that a skewed clock does no harm; `wall` stands in
/// where there is none. Of several waits the longest keeps to all.
pub fn retry_after(headers: &HeaderMap, wall: Timestamp) -> Option<Duration> {
    let said = headers.get_all(http::header::RETRY_AFTER).iter();
    said.filter_map(|value| wait(value.to_str().ok()?.trim(), headers, wall)).max()
}

fn wait(text: &str, headers: &HeaderMap, wall: Timestamp) -> Option<Duration> {
    if text.is_empty() || text.starts_with(['-', '+']) {
        return None;
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if whole.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        // More digits than fit mean a wait nobody sits out.
        let seconds = whole.parse::<u64>().unwrap_or(u64::MAX);
        let up = u64::from(fraction.bytes().any(|b| b != b'0'));
        return Some(Duration::from_secs(seconds.saturating_add(up)).max(FLOOR));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let date = headers.get(http::header::DATE).and_then(|v| v.to_str().ok());
    let now =
        date.and_then(|text| httpdate::parse_http_date(text.trim()).ok()).unwrap_or_else(|| wall.into());
    Some(at.duration_since(now).unwrap_or_default().max(FLOOR))
}

/// What a reply announces of the limit, in any of the forms in use.
pub fn announced(headers: &HeaderMap, now: Instant, wall: Timestamp) -> Option<Announced> {
    structured(headers, now)
        .or_else(|| draft_three(headers, now))
        .or_else(|| conventional(headers, now, wall))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// `RateLimit-Policy: "d";q=10;w=1` and `RateLimit: "d";r=7;t=1`.
fn structured(headers: &HeaderMap, now: Instant) -> Option<Announced> {
    let list = |name| {
        let list: List = Parser::new(text(headers, name)?).parse().ok()?;
        list.into_iter().find_map(|entry| match entry {
            ListEntry::Item(item) => Some(item),
            ListEntry::InnerList(_) => None,
        })
    };
    let state = list("ratelimit");
    let policy = list("ratelimit-policy");
    if state.is_none() && policy.is_none() {
        return None;
    }
    let number = |item: &Option<sfv::Item>, key: &str| -> Option<f64> {
        match item.as_ref()?.params.get(key)? {
            BareItem::Integer(n) => Some(i64::from(*n) as f64),
            BareItem::Decimal(n) => n.to_string().parse().ok(),
            _ => None,
        }
        .filter(|n| *n >= 0.0)
    };
    let found = Announced {
        limit: number(&policy, "q"),
        window: number(&policy, "w").filter(|w| *w > 0.0).map(Duration::from_secs_f64),
        remaining: number(&state, "r"),
        reset: number(&state, "t").map(|t| later(now, Duration::from_secs_f64(t.min(1e9)))),
    };
    says_something(found)
}

/// `RateLimit: limit=100, remaining=50, reset=5`, and the same as three headers.
fn draft_three(headers: &HeaderMap, now: Instant) -> Option<Announced> {
    let joined = text(headers, "ratelimit");
    let from_joined = |key: &str| {
        joined?.split([',', ';']).find_map(|part| {
            let (name, value) = part.split_once('=')?;
            (name.trim() == key).then(|| value.trim().parse::<f64>().ok()).flatten()
        })
    };
    let find = |key: &str| {
        from_joined(key)
            .or_else(|| text(headers, &format!("ratelimit-{key}"))?.parse().ok())
            .filter(|n: &f64| n.is_finite() && *n >= 0.0)
    };
    says_something(Announced {
        limit: find("limit"),
        window: None,
        remaining: find("remaining"),
        reset: find("reset").map(|t| later(now, Duration::from_secs_f64(t.min(1e9)))),
    })
}

/// `X-RateLimit-Limit|-Remaining|-Reset`; the reset in seconds, milliseconds, epoch or date (HTTP's or ISO 8601).
fn conventional(headers: &HeaderMap, now: Instant, wall: Timestamp) -> Option<Announced> {
    let number = |name| text(headers, name)?.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    let reset = text(headers, "x-ratelimit-reset").and_then(|value| {
        let epoch = wall.as_second() as f64;
        let wait = match value.parse::<f64>() {
            Ok(n) if !n.is_finite() || n < 0.0 => return None,
            Ok(n) if n >= epoch * 500.0 => n / 1_000.0 - epoch,
            Ok(n) if n >= epoch * 0.5 => n - epoch,
            // Relative milliseconds look like more than a day of seconds.
            Ok(n) if n > 86_400.0 => n / 1_000.0,
            Ok(n) => n,
            Err(_) => {
                let http = || httpdate::parse_http_date(value).ok();
                let at = value.parse::<Timestamp>().ok().map(Into::into).or_else(http)?;
                at.duration_since(wall.into()).unwrap_or_default().as_secs_f64()
            }
        };
        Some(later(now, Duration::from_secs_f64(wait.clamp(0.0, 1e9))))
    });
    says_something(Announced {
        limit: number("x-ratelimit-limit"),
        window: None,
        remaining: number("x-ratelimit-remaining"),
        reset,
    })
}

fn says_something(found: Announced) -> Option<Announced> {
    (found.limit.is_some() || found.remaining.is_some()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse::<http::HeaderName>().unwrap(), v.parse().unwrap())).collect()
    }

    fn wall() -> Timestamp {
        "2026-03-04T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn retry_after_in_seconds() {
        let cases: [(&str, Option<u64>); 12] = [
            ("7", Some(7_000)),
            (" 7 ", Some(7_000)),
            ("1.5", Some(2_000)),
            ("2.0", Some(2_000)),
            ("0", Some(500)),
            ("-3", None),
            ("+3", None),
            ("soon", None),
            ("", None),
            (".", None),
            ("1.2.3", None),
            ("1e3", None),
        ];
        for (value, want) in cases {
            let got = retry_after(&headers(&[("retry-after", value)]), wall());
            assert_eq!(got, want.map(Duration::from_millis), "{value:?}");
        }
        let twice = headers(&[("retry-after", "1"), ("retry-after", "2")]);
        assert_eq!(retry_after(&twice, wall()), Some(Duration::from_secs(2)), "both are kept to");
        let far = retry_after(&headers(&[("retry-after", "99999999999999999999999")]), wall());
        assert_eq!(far, Some(Duration::from_secs(u64::MAX)));
        assert_eq!(retry_after(&HeaderMap::new(), wall()), None);
    }

    #[test]
    fn retry_after_as_a_date_counts_from_the_replys_own_date() {
        for date in
            ["Wed, 04 Mar 2026 11:00:10 GMT", "Wednesday, 04-Mar-26 11:00:10 GMT", "Wed Mar  4 11:00:10 2026"]
        {
            let skewed = headers(&[("retry-after", date), ("date", "Wed, 04 Mar 2026 11:00:00 GMT")]);
            assert_eq!(retry_after(&skewed, wall()), Some(Duration::from_secs(10)), "{date}");
        }
        let past = headers(&[("retry-after", "Wed, 04 Mar 2026 11:59:00 GMT")]);
        assert_eq!(retry_after(&past, wall()), Some(FLOOR));
        let far = headers(&[("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT")]);
        assert!(retry_after(&far, wall()).unwrap() > Duration::from_secs(1_000_000_000));
    }

    #[tokio::test]
    async fn announced_limits_in_every_form() {
        let now = crate::engine::clock::Clock::system().now();
        let structured =
            headers(&[("ratelimit-policy", "\"default\";q=10;w=1"), ("ratelimit", "\"default\";r=7;t=1")]);
        let found = announced(&structured, now, wall()).unwrap();
        assert_eq!((found.limit, found.remaining), (Some(10.0), Some(7.0)));
        assert_eq!(found.window, Some(Duration::from_secs(1)));
        assert_eq!(found.reset, Some(now + Duration::from_secs(1)));

        let older = headers(&[("ratelimit", "limit=100, remaining=50, reset=5")]);
        let found = announced(&older, now, wall()).unwrap();
        assert_eq!((found.limit, found.remaining), (Some(100.0), Some(50.0)));
        assert_eq!(found.reset, Some(now + Duration::from_secs(5)));

        let epoch = (wall().as_second() + 30).to_string();
        let millis = ((wall().as_second() + 30) * 1_000).to_string();
        for reset in ["30", &epoch, &millis, "Wed, 04 Mar 2026 12:00:30 GMT", "2026-03-04T12:00:30Z"] {
            let x = headers(&[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", reset)]);
            let found = announced(&x, now, wall()).unwrap();
            assert_eq!(found.remaining, Some(3.0));
            assert_eq!(found.reset, Some(now + Duration::from_secs(30)), "{reset}");
        }
    }

    #[tokio::test]
    async fn malformed_announcements_are_ignored() {
        let now = crate::engine::clock::Clock::system().now();
        for (name, value) in [
            ("ratelimit", "\"default;r=7"),
            ("ratelimit", "r="),
            ("x-ratelimit-remaining", "many"),
            ("x-ratelimit-remaining", "-1"),
            ("ratelimit-policy", "\"d\";q=-5"),
        ] {
            assert_eq!(announced(&headers(&[(name, value)]), now, wall()), None, "{name}: {value}");
        }
    }
}
