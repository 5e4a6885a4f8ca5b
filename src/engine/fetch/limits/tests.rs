use tokio::time::Instant;

use super::*;

fn limiter(concurrency: u32, rate: Option<f64>) -> Limiter {
    let bounds = Bounds { concurrency, rate, ..Bounds::default() };
    Limiter::new(bounds, Clock::system(), Chance::seeded(1))
}

async fn goes(limiter: &Limiter) {
    drop(flight(limiter).await);
}

async fn flight(limiter: &Limiter) -> Flight {
    match limiter.pace(|| true).await {
        Ok(Turn::Now(flight)) => flight,
        other => panic!("{other:?}"),
    }
}

/// A request goes out and is answered well at once.
async fn answered(limiter: &Limiter) {
    flight(limiter).await.answered(None, true);
}

/// A reply announces something; it is none of those that count.
async fn hears(limiter: &Limiter, announced: Announced) {
    limiter.gate().await.unwrap().answered(Some(announced), true);
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
    hears(&limiter, policy).await;
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
    hears(&limiter, left).await;
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

/// A service that takes `burst` requests at once and `rate` a second.
#[derive(Clone, Copy)]
struct Fake {
    rate: f64,
    burst: f64,
    /// What was in its bucket at first.
    full: f64,
    announces: bool,
    /// How long a request is on its way, and how long its reply, in milliseconds, at most.
    there: f64,
    back: f64,
}

impl Fake {
    const PLAIN: Self = Self { rate: 10.0, burst: 10.0, full: 10.0, announces: false, there: 0.0, back: 1.0 };

    fn announce(&self, tokens: f64) -> Option<Announced> {
        self.announces.then(|| Announced {
            limit: Some(self.burst),
            window: Some(Duration::from_secs_f64(self.burst / self.rate)),
            remaining: Some(tokens.floor()),
            reset: None,
        })
    }

    /// One page alone and then five at once; how often it refused, and how long it took beside the ideal.
    async fn press_on(self, requests: u32) -> (u32, f64) {
        self.press_on_side_by_side(requests, 5).await
    }

    async fn press_on_side_by_side(self, requests: u32, concurrency: u32) -> (u32, f64) {
        struct Bucket {
            tokens: f64,
            at: Instant,
            left: u32,
            refused: u32,
        }
        let limiter = limiter(concurrency, None);
        let clock = Clock::system();
        let dice = Chance::seeded(2);
        let start = clock.now();
        let bucket =
            Arc::new(Mutex::new(Bucket { tokens: self.full, at: start, left: requests, refused: 0 }));
        let millis = |most: f64, dice: &Chance| Duration::from_secs_f64(most / 1e3 * dice.unit());
        let one = |limiter: Limiter, clock: Clock, dice: Chance, bucket: Arc<Mutex<Bucket>>, alone: bool| async move {
            loop {
                {
                    let mut bucket = bucket.lock().unwrap();
                    if bucket.left == 0 {
                        return;
                    }
                    bucket.left -= 1;
                }
                let slot = limiter.slot().await;
                let mut flight = flight(&limiter).await;
                clock.sleep_until(clock.now() + millis(self.there, &dice)).await;
                let (took, announced) = {
                    let mut bucket = bucket.lock().unwrap();
                    let now = clock.now();
                    let flowed = (now - bucket.at).as_secs_f64() * self.rate;
                    bucket.tokens = (bucket.tokens + flowed).min(self.burst);
                    bucket.at = now;
                    let took = bucket.tokens >= 1.0;
                    if took {
                        bucket.tokens -= 1.0;
                    } else {
                        bucket.refused += 1;
                        bucket.left += 1;
                    }
                    (took, self.announce(bucket.tokens))
                };
                clock.sleep_until(clock.now() + millis(self.back, &dice)).await;
                flight.answered(announced, took);
                if !took {
                    limiter.throttled(Duration::from_secs(1), "Retry-After: 1".into());
                }
                drop((flight, slot));
                if alone {
                    return;
                }
            }
        };
        one(limiter.clone(), clock.clone(), dice.clone(), bucket.clone(), true).await;
        let one = || tokio::spawn(one(limiter.clone(), clock.clone(), dice.clone(), bucket.clone(), false));
        let tasks: Vec<_> = (0..concurrency).map(|_| one()).collect();
        for task in tasks {
            task.await.unwrap();
        }
        let ideal = (f64::from(requests) - self.full) / self.rate;
        let refused = bucket.lock().unwrap().refused;
        (refused, (clock.now() - start).as_secs_f64() / ideal)
    }
}

#[tokio::test(start_paused = true)]
async fn an_unannounced_limit_is_learned_from_one_refusal() {
    for (there, back) in [(0.0, 1.0), (0.0, 3.0), (1.0, 2.0)] {
        let (refused, share) = Fake { there, back, ..Fake::PLAIN }.press_on(100).await;
        assert!(
            refused <= 1 && share < 1.03,
            "{there} + {back} ms: {refused} refused, {share:.3} of the ideal"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn other_buckets_are_learned_with_a_few_refusals() {
    for (rate, burst) in [(10.0, 1.0), (10.0, 100.0), (3.0, 5.0), (50.0, 50.0), (1.0, 60.0)] {
        let fake = Fake { rate, burst, full: burst, back: 20.0, ..Fake::PLAIN };
        let (refused, share) = fake.press_on(300).await;
        assert!(refused <= 30 && share < 1.7, "{rate}/s {burst}: {refused} refused, {share:.3}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_announced_limit_is_met_without_a_refusal_and_without_losing_what_flows_in() {
    for (there, back) in [(0.0, 0.0), (0.0, 1.0), (10.0, 10.0), (50.0, 50.0), (150.0, 20.0)] {
        for (rate, burst, full) in
            [(10.0, 10.0, 10.0), (10.0, 10.0, 3.7), (3.0, 5.0, 5.0), (20.0, 20.0, 20.0), (5.0, 300.0, 80.0)]
        {
            let fake = Fake { rate, burst, full, announces: true, there, back };
            let (refused, share) = fake.press_on(200).await;
            assert!(
                refused == 0 && share < 1.015,
                "{there} + {back} ms, {rate}/s {burst}: {refused} refused, {share:.3} of the ideal"
            );
        }
    }
}

/// How many requests go at once now; they are over at once, too, unless they are held.
async fn at_once(limiter: &Limiter, held: &mut Vec<Flight>, most: usize) -> usize {
    let before = held.len();
    let start = Clock::system().now();
    while held.len() - before < most {
        let next = flight(limiter);
        let Ok(next) = tokio::time::timeout(Duration::from_micros(1), next).await else { break };
        assert_eq!(Clock::system().now(), start);
        held.push(next);
    }
    held.len() - before
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_limit_is_unknown_has_as_many_in_the_air_as_its_latency_is_worth() {
    for (latency, side_by_side) in [(1, 1), (5, 1), (8, 2), (12, 3), (20, 5), (100, 5)] {
        let limiter = limiter(5, None);
        let mut first = flight(&limiter).await;
        tokio::time::advance(Duration::from_millis(latency)).await;
        first.answered(None, true);
        let mut held = Vec::new();
        assert_eq!(at_once(&limiter, &mut held, 5).await, side_by_side, "{latency} ms");
        for mut flight in held {
            flight.answered(None, true);
        }
    }
    // It was tried, and nothing was refused: it gets all that it can take.
    let limiter = limiter(5, None);
    for _ in 0..64 {
        answered(&limiter).await;
    }
    assert_eq!(at_once(&limiter, &mut Vec::new(), 5).await, 5);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_holds_nobody_up_for_long() {
    let limiter = limiter(5, None);
    answered(&limiter).await;
    let mut held = vec![flight(&limiter).await];
    let four = elapsed(async {
        for _ in 0..4 {
            held.push(flight(&limiter).await);
        }
    });
    let four = four.await;
    assert!((15..=20).contains(&four.as_millis()), "as if the latency were 20 ms: {four:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_flows_into_a_full_bucket_for_a_request_that_may_not_have_arrived() {
    let limiter = limiter(20, None);
    let policy = Announced {
        limit: Some(10.0),
        window: Some(Duration::from_secs(1)),
        remaining: Some(9.0),
        reset: None,
    };
    hears(&limiter, policy).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    let slow = flight(&limiter).await;
    tokio::time::advance(Duration::from_millis(500)).await;
    let mut held = Vec::new();
    assert_eq!(at_once(&limiter, &mut held, 20).await, 9, "ten in all");
    drop((slow, held));
    let next = elapsed(goes(&limiter)).await;
    assert!((95..=105).contains(&next.as_millis()), "{next:?}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_counts_more_than_our_requests_is_taken_at_its_word() {
    let limiter = limiter(5, None);
    let says = |remaining| Announced {
        limit: Some(100.0),
        window: Some(Duration::from_secs(100)),
        remaining: Some(remaining),
        reset: None,
    };
    hears(&limiter, says(99.0)).await;
    let left = || limiter.snapshot().bucket.unwrap().0;
    // What is told is rounded down: that is no reason to doubt our own count.
    tokio::time::advance(Duration::from_millis(900)).await;
    flight(&limiter).await.answered(Some(says(98.0)), true);
    assert!((98.8..99.0).contains(&left()), "{}", left());
    flight(&limiter).await.answered(Some(says(97.0)), true);
    assert!((97.8..98.0).contains(&left()), "{}", left());
    // Somebody else took ten.
    flight(&limiter).await.answered(Some(says(86.0)), true);
    assert!((85.9..=86.0).contains(&left()), "{}", left());
    // From now on what it says is the most there is, and never the least.
    tokio::time::advance(Duration::from_millis(900)).await;
    flight(&limiter).await.answered(Some(says(85.0)), true);
    assert!((84.9..=85.0).contains(&left()), "{}", left());
    flight(&limiter).await.answered(Some(says(90.0)), true);
    assert!((83.9..=84.0).contains(&left()), "{}", left());
}

#[tokio::test(start_paused = true)]
async fn requests_that_were_counted_already_are_not_taken_off_what_remains() {
    let limiter = limiter(5, None);
    let says = |remaining| Announced {
        limit: Some(100.0),
        window: Some(Duration::from_secs(100)),
        remaining: Some(remaining),
        reset: None,
    };
    let left = || limiter.snapshot().bucket.unwrap().0;
    let mut five = Vec::new();
    for _ in 0..5 {
        five.push(flight(&limiter).await);
    }
    // The first says 99, and for all that is known it arrived before the others.
    five[0].answered(Some(says(99.0)), true);
    assert!((94.9..=95.0).contains(&left()), "{}", left());
    for (flight, remaining) in five[1..].iter_mut().zip([98.0, 97.0, 96.0, 95.0]) {
        flight.answered(Some(says(remaining)), true);
        assert!((94.9..=95.0).contains(&left()), "{}", left());
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
                answered(&limiter).await;
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
    let task = tokio::spawn(async move { flight(&own).await });
    tokio::task::yield_now().await;
    limiter.set_bounds(5, None);
    assert_eq!(elapsed(async { drop(task.await.unwrap()) }).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_token_request_waits_for_the_gate_and_not_for_the_rate() {
    let limiter = limiter(5, Some(0.01));
    goes(&limiter).await;
    assert_eq!(elapsed(async { drop(limiter.gate().await.unwrap()) }).await, Duration::ZERO);
    limiter.close(Duration::from_secs(7), String::new());
    assert_eq!(elapsed(async { drop(limiter.gate().await.unwrap()) }).await.as_secs(), 7);
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
    hears(&limiter, bucket).await;
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
    assert!(matches!(limiter.pace(|| true).await, Ok(Turn::Crowded)));
    drop(second);
    goes(&limiter).await;
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_comes_too_late_costs_nothing() {
    let limiter = limiter(5, Some(0.1));
    goes(&limiter).await;
    let late = elapsed(async { assert!(matches!(limiter.pace(|| false).await, Ok(Turn::Late))) }).await;
    assert_eq!(late.as_secs(), 10);
    assert_eq!(elapsed(goes(&limiter)).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_right_after_the_wait_does_not_slow_a_run_down_for_long() {
    for wait in [2, 7] {
        let limiter = limiter(5, None);
        for _ in 0..2 {
            goes(&limiter).await;
        }
        for _ in 0..2 {
            goes(&limiter).await;
            limiter.throttled(Duration::from_secs(wait), String::new());
        }
        tokio::time::advance(Duration::from_secs(wait + 20)).await;
        let learned = limiter.snapshot().learned.unwrap();
        assert!(learned > 10.0, "{learned} a second, twenty seconds after a wait of {wait}");
    }
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
        answered(&limiter).await;
    }
    assert_eq!(limiter.snapshot().window, 4);
}
