use std::time::Duration;

use super::*;
use crate::engine::event::{
    Cut, Gate, Limits, Outcome as Ended, Phases, RateSource, Retry, RetryReason, Status,
};
use crate::engine::query::Draft;
use crate::tui::ctx::fixture::World;
use crate::tui::events;
use crate::tui::theme::ThemeChoice;

const AREA: Rect = Rect { x: 0, y: 2, width: 80, height: 7 };

fn full(world: &mut World) -> Activity {
    let mut activity = Activity::new();
    world.limits = Some(Limits {
        gate: Some(Gate { until: world.now, said: String::new() }),
        source: RateSource::Learned,
        learned: Some(9.5),
        throttled: 1,
        ..events::limits(world.now)
    });
    let ctx = world.ctx(AREA);
    activity.started(QueryId(1), &ctx);
    activity
        .asked(QueryId(1), &Draft { segments: vec!["SEG-ALL".into()], ..Draft::default() }.check().unwrap());
    activity.exchange(events::token_exchange().into(), &ctx);
    // Three minutes and a half, one sample a good second, the first of them far above all others.
    for n in 1..=160 {
        let millis = if n == 1 { 3_000 } else { 15 + n * 17 % 90 };
        let phases = Phases {
            limit: Duration::from_millis(1_100),
            first_byte: Duration::from_millis(millis),
            body: Duration::from_millis(30),
            ..Phases::default()
        };
        let page = Exchange { at: world.wall, phases, ..events::exchange(n, 200, millis) };
        pass(world, 1_300);
        activity.exchange(page.into(), &world.ctx(AREA));
    }
    let ctx = world.ctx(AREA);
    let at = world.wall;
    activity.exchange(Exchange { at, ..events::exchange(161, 429, 4) }.into(), &ctx);
    if let Some(gate) = world.limits.as_mut().and_then(|limits| limits.gate.as_mut()) {
        gate.until = world.now + Duration::from_millis(5_000);
        gate.said = "Retry-After: 5".into();
    }
    if let Some(limits) = &world.limits {
        activity.limits(limits, &world.ctx(AREA));
    }
    pass(world, 3_600);
    let ctx = world.ctx(AREA);
    let broken = Exchange {
        outcome: Ended::Broken("the connection was reset".into()),
        rows: None,
        retry: Some(Retry { after: Duration::from_millis(700), because: RetryReason::Backoff }),
        at,
        ..events::exchange(162, 0, 9)
    };
    activity.exchange(broken.into(), &ctx);
    activity
        .exchange(Exchange { attempt: 2, at: world.wall, ..events::exchange(162, 200, 1_204) }.into(), &ctx);
    let error = events::gateway_error();
    let summary = Summary {
        elapsed: Duration::from_secs(214),
        cut: Some(Cut::Error),
        ..(*events::summary(Status::Partial, 1_250)).clone()
    };
    activity.finished(QueryId(1), summary.into(), Some(&error), &ctx);
    let mut cached = (*events::summary(Status::Success, 10_000)).clone();
    cached.network.count = 0;
    cached.accuracy = None;
    activity.finished(QueryId(2), cached.into(), None, &ctx);
    activity
}

/// Time passes.
fn pass(world: &mut World, millis: u64) {
    world.now += Duration::from_millis(millis);
    world.wall += jiff::SignedDuration::from_millis(millis.cast_signed());
}

fn every_tab(choice: ThemeChoice, size: (u16, u16)) -> Buffer {
    let mut all = Buffer::empty(Rect::new(0, 0, size.0, 0));
    for filled in [false, true] {
        let mut world = World::new(choice);
        world.focus = Focus::Activity;
        let mut activity = if filled { full(&mut world) } else { Activity::new() };
        for tab in Tab::ALL {
            activity.tab = tab;
            let area = Rect { x: 0, y: all.area.height, width: size.0, height: size.1 };
            let mut one = Buffer::empty(area);
            activity.view(&world.ctx(area), area, &mut one);
            all.merge(&one);
        }
    }
    all
}

/// The registrations: being asked for, known, and not to be had.
fn webhooks(choice: ThemeChoice, size: (u16, u16)) -> Buffer {
    let mut world = World::new(choice);
    world.focus = Focus::Activity;
    let registered = |n: u32| Registered {
        id: format!("wh-{n}").into(),
        name: "CDP Profile Sync Webhook".into(),
        url: format!("https://hooks.example.com/東京/{n}").into(),
        events: vec!["profile.updated".into(), "profile.created".into()],
    };
    let refused = Error::new(
        crate::engine::error::Kind::Permission,
        "scope webhook:write",
        "this needs webhook:write, and the token has crm:read cdp:read",
        "grant webhook:write to client me in the developer portal, then run again",
    );
    let mut all = Buffer::empty(Rect::new(0, 0, size.0, 0));
    for answer in
        [None, Some(Ok((1..=9).map(registered).collect())), Some(Ok(Arc::from([]))), Some(Err(refused))]
    {
        let area = Rect { x: 0, y: all.area.height, width: size.0, height: size.1 };
        let mut activity = Activity { tab: Tab::Webhooks, ..Activity::new() };
        assert!(matches!(activity.look(), Some(Looked::Webhooks)) && activity.look().is_none());
        if let Some(answer) = answer {
            activity.webhooks(answer, &world.ctx(area));
            let _ = activity.update(Action::Down, &world.ctx(area));
        }
        let mut one = Buffer::empty(area);
        activity.view(&world.ctx(area), area, &mut one);
        all.merge(&one);
    }
    all
}

#[test]
fn webhooks_in_every_state_theme_and_size() {
    for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
        insta::assert_debug_snapshot!(webhooks(choice, (80, 7)));
    }
    insta::assert_debug_snapshot!(webhooks(ThemeChoice::Plain, (60, 4)));
}

#[test]
fn every_tab_fits_any_size() {
    for size in [(2, 1), (3, 2), (9, 3), (30, 5), (61, 4), (300, 20)] {
        let _buf = every_tab(ThemeChoice::Dark, size);
    }
}

#[test]
fn every_tab_empty_and_full_in_the_dark() {
    insta::assert_debug_snapshot!(every_tab(ThemeChoice::Dark, (80, 7)));
}

#[test]
fn every_tab_empty_and_full_in_the_light() {
    insta::assert_debug_snapshot!(every_tab(ThemeChoice::Light, (80, 7)));
}

#[test]
fn every_tab_empty_and_full_without_colour() {
    insta::assert_debug_snapshot!(every_tab(ThemeChoice::Plain, (80, 7)));
}

#[test]
fn every_tab_on_a_large_and_on_a_small_screen() {
    insta::assert_debug_snapshot!(every_tab(ThemeChoice::Plain, (160, 14)));
    insta::assert_debug_snapshot!(every_tab(ThemeChoice::Plain, (60, 4)));
}

#[test]
fn what_is_read_in_the_log_stays_while_lines_arrive() {
    let mut world = World::new(ThemeChoice::Plain);
    let mut activity = full(&mut world);
    let ctx = world.ctx(AREA);
    let shown = |activity: &Activity| {
        let mut buf = Buffer::empty(AREA);
        activity.view(&ctx, AREA, &mut buf);
        buf
    };
    assert!(activity.update(Action::PageUp, &ctx).changed);
    let before = shown(&activity);
    activity.exchange(events::exchange(163, 200, 5).into(), &ctx);
    assert_eq!(shown(&activity), before);
    // Back at the end it follows again.
    assert!(activity.update(Action::Last, &ctx).changed);
    let end = shown(&activity);
    activity.exchange(events::exchange(164, 200, 5).into(), &ctx);
    assert_ne!(shown(&activity), end);
}

#[test]
fn scrolling_stops_at_both_ends() {
    let mut world = World::new(ThemeChoice::Plain);
    let mut activity = full(&mut world);
    let ctx = world.ctx(AREA);
    assert!(!activity.update(Action::Down, &ctx).changed, "already at the end");
    assert!(activity.update(Action::First, &ctx).changed);
    assert!(!activity.update(Action::Up, &ctx).changed, "already at the beginning");
    let mut buf = Buffer::empty(AREA);
    activity.view(&ctx, AREA, &mut buf);
    let first: String = (0..80).map(|x| buf[(x, AREA.y + 1)].symbol()).collect();
    assert!(first.contains("run 1 started"), "{first}");
}

#[test]
fn memory_is_bounded() {
    let mut world = World::new(ThemeChoice::Plain);
    let mut activity = full(&mut world);
    let ctx = world.ctx(AREA);
    let exchange = Arc::new(events::exchange(1, 429, 5));
    for _ in 0..5_000 {
        activity.exchange(Arc::clone(&exchange), &ctx);
    }
    // The log and the list of 429s keep what they keep, and nothing else holds on to it.
    assert_eq!(Arc::strong_count(&exchange), 1 + 2_000 + 100);
}

#[test]
fn only_the_limits_wake_by_time_and_only_when_looked_at() {
    let mut world = World::new(ThemeChoice::Plain);
    let mut activity = full(&mut world);
    if let Some(announced) = world.limits.as_mut().and_then(|l| l.announced.as_mut()) {
        announced.reset = Some(world.now + Duration::from_millis(2_500));
    }
    let ctx = world.ctx(AREA);
    assert_eq!(activity.next_change(&ctx), None);
    let _outcome = activity.update(Action::TabLimits, &ctx);
    let next = activity.next_change(&ctx).unwrap() - world.now;
    assert!(next > Duration::from_millis(500) && next < Duration::from_millis(501), "{next:?}");
}

fn limits_tab(world: &World, activity: &Activity) -> String {
    let area = Rect { height: 14, width: 120, ..AREA };
    let mut buf = Buffer::empty(area);
    activity.view(&world.ctx(area), area, &mut buf);
    buf.content
        .chunks(120)
        .map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>() + "\n")
        .collect()
}

#[test]
fn every_refusal_for_the_rate_is_counted_and_stands_there() {
    let mut world = World::new(ThemeChoice::Plain);
    world.limits = Some(events::limits(world.now));
    let mut activity = Activity::new();
    let _ = activity.update(Action::TabLimits, &world.ctx(AREA));
    // One that nobody waits out, the 403 that means the same, and a token's.
    let given_up = Exchange { retry: None, ..events::exchange(7, 429, 4) };
    let waits = Some(Retry { after: Duration::from_millis(473), because: RetryReason::Backoff });
    let forbidden = Exchange { retry: waits, ..events::exchange(8, 403, 4) };
    let token = Exchange { outcome: Ended::Status(429), ..events::token_exchange() };
    for exchange in [given_up, forbidden, token, events::exchange(9, 403, 4), events::exchange(9, 200, 4)] {
        activity.exchange(exchange.into(), &world.ctx(AREA));
    }
    let said = limits_tab(&world, &activity);
    assert!(said.contains("429s so far 3"), "{said}");
    assert!(said.contains("429 contacts page 7  given up"), "{said}");
    assert!(said.contains("403 contacts page 8  by our backoff again in 473 ms"), "{said}");
    assert!(said.contains("429 token  given up"), "{said}");
}

#[test]
fn what_the_limits_say_does_not_outlive_its_time() {
    let mut world = World::new(ThemeChoice::Plain);
    let start = world.now;
    let announced = crate::engine::event::Announced {
        limit: Some(10.0),
        window: Some(Duration::from_secs(1)),
        remaining: Some(3.0),
        reset: Some(start + Duration::from_secs(2)),
    };
    world.limits = Some(Limits {
        announced: Some(announced),
        rate: Some(1.0),
        bucket: Some((2.5, 10.0)),
        gate: Some(Gate { until: start + Duration::from_secs(118), said: "Retry-After: ".into() }),
        ..events::limits(start)
    });
    let mut activity = Activity::new();
    let _ = activity.update(Action::TabLimits, &world.ctx(AREA));
    let said = limits_tab(&world, &activity);
    assert!(said.contains("3 left, anew in 2 s") && said.contains("2.5 of 10 could"), "{said}");
    assert!(said.contains("closed, opens in 1 min 58 s  Retry-After: (empty)"), "{said}");
    let mut wakes = 0;
    while let Some(next) =
        activity.next_change(&world.ctx(AREA)).filter(|at| *at < start + Duration::from_secs(60))
    {
        assert!(next > world.now, "a timer that is already due would spin");
        world.now = next;
        wakes += 1;
    }
    assert!(wakes < 12, "{wakes}: the bucket is full after eight seconds");
    let said = limits_tab(&world, &activity);
    assert!(said.contains("10 in 1.0 s  ") && said.contains("10 of 10 could"), "{said}");
}
