use tokio::time::Instant;

use super::*;

fn limiter(concurrency: u32, rate: Option<f64>) -> Limiter {
    let bounds = Bounds { concurrency, rate, ..Bounds::default() };
    Limiter::new(bounds, Clock::system(), Chance::seeded(1))
}

async fn goes(limiter: &Limiter) {
    assert_eq!(limiter.pace(|| true).await, Ok(Turn::Now));
}

async fn elapsed(work: impl Future<Output = ()>) -> Duration {
    let clock = Clock::system();
    let start = clock.now();
    work.await;
    clock.now() - start
}

#[tokio::test(start_paused = true)]
async fn places_are_given_in_the_order_of_asking() {
    let limiter = limiter(1, None);
    let first = limiter.slot().await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for i in 0..3 {
        let (own, order) = (limiter.clone(), order.clone());
        tasks.push(tokio::spawn(async move {
            let _slot = own.slot().await;
            order.lock().unwrap().push(i);
        }));
        tokio::task::yield_now().await;
    }
    assert_eq!(limiter.snapshot().waiting, 3);
    drop(first);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2]);
    assert_eq!(limiter.snapshot().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_gives_up_costs_no_place() {
    let limiter = limiter(1, None);
    let first = limiter.slot().await;
    let given_up = tokio::spawn({
        let limiter = limiter.clone();
        async move { drop(limiter.slot().await) }
    });
    tokio::task::yield_now().await;
    given_up.abort();
    let _ = given_up.await;
    drop(first);
    drop(limiter.slot().await);
    assert_eq!(limiter.snapshot().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn the_configured_rate_is_never_passed() {
    let limiter = limiter(5, Some(10.0));
    let took = elapsed(async {
        for _ in 0..31 {
            goes(&limiter).await;
        }
    })
    .await;
    assert_eq!(took.as_millis() / 10, 300, "31 requests at 10/s with a burst of 1: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_announced_bucket_may_be_emptied_at_once() {
    let limiter = limiter(5, None);
    let policy = Announced {
        limit: Some(10.0),
        window: Some(Duration::from_secs(1)),
        remaining: Some(10.0),
        reset: None,
    };
    limiter.answered(Some(policy), true);
    let burst = elapsed(async {
        for _ in 0..10 {
            goes(&limiter).await;
        }
    })
    .await;
    assert_eq!(burst, Duration::ZERO);
    let after = elapsed(goes(&limiter)).await;
    assert!((95..=105).contains(&after.as_millis()), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_window_is_not_overdrawn() {
    let limiter = limiter(5, None);
    let reset = Clock::system().now() + Duration::from_secs(5);
    let left = Announced { limit: Some(100.0), window: None, remaining: Some(2.0), reset: Some(reset) };
    limiter.answered(Some(left), true);
    goes(&limiter).await;
    goes(&limiter).await;
    assert_eq!(elapsed(goes(&limiter)).await.as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn nobody_passes_a_closed_gate_and_nobody_stampedes_after_it() {
    let limiter = limiter(5, None);
    limiter.throttled(Duration::from_secs(7), "Retry-After: 7".into());
    let clock = Clock::system();
    let start = clock.now();
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            let limiter = limiter.clone();
            tokio::spawn(async move {
                goes(&limiter).await;
                Clock::system().now()
            })
        })
        .collect();
    let mut sent = Vec::new();
    for task in tasks {
        sent.push(task.await.unwrap() - start);
    }
    assert!(sent.iter().all(|at| at.as_secs() >= 7), "{sent:?}");
    sent.dedup();
    assert!(sent.len() > 3, "they start apart: {sent:?}");
    let snapshot = limiter.snapshot();
    assert_eq!((snapshot.throttled, snapshot.window), (1, 2));
}

/// Five at once against a service that takes `burst` requests at once and `rate` a second and does not say
/// so; how often it refused, and how long it took beside the ideal.
async fn press_on(rate: f64, burst: f64, latency: Duration, requests: u32) -> (u32, f64) {
    struct Fake {
        tokens: f64,
        at: Instant,
        left: u32,
        refused: u32,
    }
    let limiter = limiter(5, None);
    let clock = Clock::system();
    let start = clock.now();
    let fake = Arc::new(Mutex::new(Fake { tokens: burst, at: start, left: requests, refused: 0 }));
    let one = |limiter: Limiter, clock: Clock, fake: Arc<Mutex<Fake>>| async move {
        loop {
            {
                let mut fake = fake.lock().unwrap();
                if fake.left == 0 {
                    return;
                }
                fake.left -= 1;
            }
            let _slot = limiter.slot().await;
            goes(&limiter).await;
            let now = clock.now();
            let took = {
                let mut fake = fake.lock().unwrap();
                let flowed = (now - fake.at).as_secs_f64() * rate;
                fake.tokens = (fake.tokens + flowed).min(burst);
                fake.at = now;
                let took = fake.tokens >= 1.0;
                if took {
                    fake.tokens -= 1.0;
                } else {
                    fake.refused += 1;
                    fake.left += 1;
                }
                took
            };
            if took {
                clock.sleep_until(now + latency).await;
                limiter.answered(None, true);
            } else {
                limiter.throttled(Duration::from_secs(1), "Retry-After: 1".into());
            }
        }
    };
    let tasks: Vec<_> =
        (0..5).map(|_| tokio::spawn(one(limiter.clone(), clock.clone(), fake.clone()))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let ideal = (f64::from(requests) - burst) / rate;
    let refused = fake.lock().unwrap().refused;
    (refused, (clock.now() - start).as_secs_f64() / ideal)
}

#[tokio::test(start_paused = true)]
async fn an_unannounced_limit_is_learned_from_one_refusal() {
    for latency in [5, 20, 100] {
        let (refused, share) = press_on(10.0, 10.0, Duration::from_millis(latency), 100).await;
        assert!(refused <= 1 && share < 1.03, "{latency} ms: {refused} refused, {share:.3} of the ideal");
    }
}

#[tokio::test(start_paused = true)]
async fn other_buckets_are_learned_with_a_few_refusals() {
    for (rate, burst) in [(10.0, 1.0), (10.0, 100.0), (3.0, 5.0), (50.0, 50.0), (1.0, 60.0)] {
        let requests = 300;
        let (refused, share) = press_on(rate, burst, Duration::from_millis(20), requests).await;
        assert!(refused <= 30 && share < 1.7, "{rate}/s {burst}: {refused} refused, {share:.3}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_passing_throttle_does_not_slow_us_down_for_long() {
    // Throttled a few times in a row, then never again: what a service does that was overloaded for a while.
    for (times, wait) in [(1, 1), (2, 1), (3, 1), (3, 5), (3, 30)] {
        let limiter = limiter(5, None);
        for _ in 0..times {
            goes(&limiter).await;
            limiter.throttled(Duration::from_secs(wait), format!("Retry-After: {wait}"));
        }
        let took = elapsed(async {
            for _ in 0..500 {
                goes(&limiter).await;
                limiter.answered(None, true);
            }
        });
        let took = took.await;
        assert!(took < Duration::from_secs(90), "{times} times {wait} s: {took:?} for 500 requests");
    }
}

#[tokio::test(start_paused = true)]
async fn a_longer_gate_wins_over_a_shorter_one() {
    let limiter = limiter(5, None);
    limiter.close(Duration::from_secs(9), "a".into());
    limiter.close(Duration::from_secs(3), "b".into());
    assert_eq!(elapsed(goes(&limiter)).await.as_secs(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_bound_raised_wakes_who_sleeps() {
    let limiter = limiter(5, Some(0.01));
    goes(&limiter).await;
    let own = limiter.clone();
    let task = tokio::spawn(async move { own.pace(|| true).await.unwrap() });
    tokio::task::yield_now().await;
    limiter.set_bounds(5, None);
    assert_eq!(elapsed(async { assert_eq!(task.await.unwrap(), Turn::Now) }).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_token_request_waits_for_the_gate_and_not_for_the_rate() {
    let limiter = limiter(5, Some(0.01));
    goes(&limiter).await;
    assert_eq!(elapsed(async { limiter.gate().await.unwrap() }).await, Duration::ZERO);
    limiter.close(Duration::from_secs(7), String::new());
    assert_eq!(elapsed(async { limiter.gate().await.unwrap() }).await.as_secs(), 7);
    limiter.close(Duration::from_secs(70), String::new());
    assert!(limiter.gate().await.is_err(), "longer than the patience");
}

#[tokio::test(start_paused = true)]
async fn what_the_service_says_never_loosens_our_own_bound() {
    let limiter = limiter(5, Some(1.0));
    let bucket = Announced {
        limit: Some(9.0),
        window: Some(Duration::from_secs(10)),
        remaining: Some(9.0),
        reset: None,
    };
    limiter.answered(Some(bucket), true);
    let three = elapsed(async {
        for _ in 0..3 {
            goes(&limiter).await;
        }
    });
    assert_eq!(three.await.as_secs(), 2, "a burst of nine is the service's, not ours");
    limiter.throttled(Duration::from_millis(500), String::new());
    assert_eq!(elapsed(goes(&limiter)).await.as_secs(), 1, "nor does a 429 forget what we owe");
}

#[tokio::test(start_paused = true)]
async fn a_raised_rate_holds_at_once_and_a_lowered_concurrency_takes_places_back() {
    let limiter = limiter(2, Some(0.01));
    goes(&limiter).await;
    limiter.set_bounds(2, Some(1.0));
    assert_eq!(elapsed(goes(&limiter)).await.as_secs(), 1, "not the hundred seconds of the old rate");
    let (first, second) = (limiter.slot().await, limiter.slot().await);
    limiter.set_bounds(1, None);
    assert_eq!(limiter.pace(|| true).await, Ok(Turn::Crowded));
    drop(second);
    goes(&limiter).await;
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_comes_too_late_costs_nothing() {
    let limiter = limiter(5, Some(0.1));
    goes(&limiter).await;
    let late = elapsed(async { assert_eq!(limiter.pace(|| false).await, Ok(Turn::Late)) }).await;
    assert_eq!(late.as_secs(), 10);
    assert_eq!(elapsed(goes(&limiter)).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn another_bound_does_not_undo_what_a_429_taught() {
    let limiter = limiter(8, None);
    let window = || limiter.snapshot().window;
    limiter.throttled(Duration::from_secs(1), String::new());
    assert_eq!(window(), 4);
    limiter.set_bounds(8, Some(5.0));
    assert_eq!(window(), 4);
    limiter.set_bounds(9, Some(5.0));
    assert_eq!(window(), 5, "one more was asked for, one more there is");
    limiter.set_bounds(3, None);
    assert_eq!(window(), 3);
    limiter.set_bounds(3, None);
    limiter.set_bounds(4, None);
    assert_eq!(window(), 4);
}

#[tokio::test(start_paused = true)]
async fn success_opens_the_window_again() {
    let limiter = limiter(4, None);
    limiter.throttled(Duration::from_secs(1), String::new());
    limiter.throttled(Duration::from_secs(1), String::new());
    assert_eq!(limiter.snapshot().window, 2, "one storm counts once");
    tokio::time::advance(Duration::from_secs(2)).await;
    limiter.throttled(Duration::from_secs(1), String::new());
    assert_eq!(limiter.snapshot().window, 1);
    for _ in 0..20 {
        limiter.answered(None, true);
    }
    assert_eq!(limiter.snapshot().window, 4);
}
