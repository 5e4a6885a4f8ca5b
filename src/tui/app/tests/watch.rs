//! The query that is shown runs again and again, and what changed is lit.

use super::*;
use crate::engine::event::Cut;
use crate::engine::pipeline::profile::{Profile, Slot, Text};

fn named(id: &str, name: &str) -> Profile {
    let raw = format!(r#"{{"id":"{id}","firstName":"{name}"}}"#);
    let first_name = Slot::Value(Text { value: name.into(), original: None });
    Profile { first_name, raw: raw.into(), ..events::profile(id) }
}

fn page(id: u64, rows: &[(&str, &str)]) -> Event {
    let rows = rows.iter().map(|(id, name)| named(id, name)).collect();
    Event::Page(QueryId(id), Page { number: 1, batch: 1, rows, ..Page::default() })
}

const THREE: [(&str, &str); 3] = [("PROF-A", "Ada"), ("PROF-B", "Bea"), ("PROF-C", "Cid")];

impl Rig {
    /// Three rows are there and are watched every ten seconds.
    fn watching() -> Self {
        let mut rig = Self::running();
        rig.event(page(1, &THREE));
        rig.event(Event::Finished(QueryId(1), Arc::new(Summary::of(Status::Success, 3))));
        rig.key("w");
        rig.key("Enter");
        rig.commands.clear();
        rig
    }

    fn later(&mut self, seconds: u64) {
        self.at.now += Duration::from_secs(seconds);
        self.wake();
    }

    fn finish(&mut self, id: u64, rows: u64) {
        self.event(Event::Finished(QueryId(id), Arc::new(Summary::of(Status::Success, rows))));
    }
}

#[test]
fn rows_are_asked_for_again_past_the_cache_and_what_changed_is_lit_and_counted() {
    let mut rig = Rig::watching();
    assert!(rig.screen().contains("watching every 10 s  next in 10 s"), "{}", rig.screen());
    rig.key("Down");
    rig.later(3);
    assert!(rig.screen().contains("next in 7 s") && rig.runs().is_empty(), "{}", rig.screen());
    rig.later(7);
    assert!(matches!(&rig.commands[..], [Command::Run(QueryId(2), query, None)] if !query.use_cache()));
    assert!(rig.screen().contains("asking…") && rig.screen().contains("PROF-A"), "{}", rig.screen());

    rig.event(page(2, &[("PROF-N", "New"), ("PROF-A", "Ada"), ("PROF-B", "Bee")]));
    assert!(
        rig.screen().contains("Bea") && rig.screen().contains("PROF-C"),
        "the rows before are still there"
    );
    rig.finish(2, 3);
    let screen = rig.screen();
    assert!(screen.contains("1 changed, 1 new, 1 gone"), "{screen}");
    assert!(screen.contains("Bee◆") && screen.contains("PROF-N ") && !screen.contains("PROF-C"), "{screen}");
    assert!(!screen.contains("Ada◆"), "{screen}");
    let line = screen.lines().find(|line| line.contains('▌') && line.contains("PROF-B"));
    assert!(line.is_some(), "the cursor stays on its profile\n{screen}");
    assert!(screen.contains("watching: 1 changed"), "{screen}");

    for (id, lit) in [(3, true), (4, false)] {
        rig.later(10);
        rig.event(page(id, &[("PROF-N", "New"), ("PROF-A", "Ada"), ("PROF-B", "Bee")]));
        rig.finish(id, 3);
        assert_eq!(rig.screen().contains("Bee◆"), lit, "after run {id}\n{}", rig.screen());
        let screen = rig.screen();
        let title = screen.lines().nth(1).unwrap_or_default();
        assert!(!title.contains("changed"), "{title}");
    }
    let history = rig.kept.iter().filter(|keep| keep.name == "history").count();
    assert_eq!(history, 1, "runs of watching do not fill the history");
}

#[test]
fn a_run_that_cannot_begin_yet_is_put_off_and_not_waited_for_at_once() {
    // Nobody has said which service it is.
    let mut rig = Rig::new(Draft { segments: vec!["S".into()], ..Draft::default() });
    rig.key("w");
    rig.key("Enter");
    rig.later(10);
    assert!(rig.app.watch_due().is_some_and(|next| next > rig.at.now), "the loop would spin");
    assert!(rig.runs().is_empty());
    // Of a query that lacks something there is nothing to watch.
    let mut rig = Rig::new(Draft::default());
    rig.key("w");
    rig.key("Enter");
    assert!(rig.app.watch_due().is_none());
}

#[test]
fn a_run_never_begins_before_the_one_before_has_ended_and_w_or_esc_stop() {
    for key in ["w", "Esc"] {
        let mut rig = Rig::watching();
        rig.later(10);
        rig.later(100);
        assert_eq!(rig.runs(), [2], "one at a time");
        assert!(rig.screen().contains("Esc stop"), "{}", rig.screen());
        rig.key(key);
        assert_eq!(rig.cancels(), [2]);
        assert!(!rig.screen().contains("watching every"), "{}", rig.screen());
        rig.event(page(2, &[("PROF-X", "Xia")]));
        rig.finish(2, 1);
        rig.later(100);
        assert!(rig.screen().contains("PROF-A") && !rig.screen().contains("PROF-X"), "{}", rig.screen());
        assert_eq!(rig.runs(), [2]);
        rig.key("Ctrl-R");
        assert_eq!(rig.runs(), [2, 3], "its number is not given again");
    }
}

#[test]
fn a_failure_ends_nothing_and_the_next_run_waits_longer() {
    let mut rig = Rig::watching();
    rig.later(10);
    rig.event(page(2, &[("PROF-X", "Xia")]));
    rig.event(Event::Failed(QueryId(2), Arc::new(Summary::of(Status::Partial, 1)), events::gateway_error()));
    let screen = rig.screen();
    assert!(rig.app.overlay.is_none() && screen.contains("PROF-A") && !screen.contains("PROF-X"), "{screen}");
    assert!(screen.contains("the last run failed") && screen.contains("next in 20 s"), "{screen}");
    rig.later(10);
    assert_eq!(rig.runs(), [2]);
    rig.later(10);
    assert_eq!(rig.runs(), [2, 3]);
    rig.event(page(3, &THREE));
    rig.finish(3, 3);
    assert!(
        !rig.screen().contains("last run failed") && rig.screen().contains("next in 10 s"),
        "{}",
        rig.screen()
    );
}

#[test]
fn a_tight_limit_stretches_the_interval_and_that_is_said() {
    let mut rig = Rig::watching();
    let limits = crate::engine::event::Limits { rate: Some(0.1), ..events::limits(rig.at.now) };
    rig.event(Event::Limits(Arc::new(limits)));
    rig.later(10);
    rig.event(page(2, &THREE));
    let summary = Summary { requests: 2, ..Summary::of(Status::Success, 3) };
    rig.event(Event::Finished(QueryId(2), Arc::new(summary)));
    rig.resize(200, 50);
    let screen = rig.screen();
    assert!(screen.contains("next in 40 s") && screen.contains("40 s within the rate limit"), "{screen}");
    rig.later(40);
    rig.event(page(3, &THREE));
    let summary = Summary { throttled: 1, requests: 1, ..Summary::of(Status::Success, 3) };
    rig.event(Event::Finished(QueryId(3), Arc::new(summary)));
    assert!(rig.screen().contains("next in 20 s"), "{}", rig.screen());
}

#[test]
fn how_often_is_asked_and_too_often_refused() {
    let mut rig = Rig::running();
    rig.key("w");
    for (typed, said) in [("1", "too often"), ("soon", "soon"), ("99999999999999999999", "too many")] {
        rig.key("Ctrl-U");
        rig.types(typed);
        rig.key("Enter");
        assert!(rig.screen().contains(said), "{typed}: {}", rig.screen());
    }
    rig.key("Ctrl-U");
    rig.types("1m");
    rig.key("Enter");
    assert!(rig.screen().contains("watching every 1 min 0 s  once the run has ended"), "{}", rig.screen());
    rig.event(page(1, &THREE));
    rig.finish(1, 3);
    assert!(rig.screen().contains("next in 1 min 0 s"), "{}", rig.screen());
}

#[test]
fn order_filter_and_open_profile_stay_while_rows_are_replaced() {
    let mut rig = Rig::watching();
    rig.key("Right");
    for key in ["s", "s", "f"] {
        rig.key(key);
    }
    rig.types("prof");
    rig.key("Enter");
    rig.key("g");
    rig.key("Enter");
    assert!(rig.screen().contains("Profile PROF-C"), "{}", rig.screen());
    rig.later(10);
    rig.event(page(2, &[("PROF-Z", "Zoe"), ("PROF-A", "Ada"), ("PROF-C", "Cyd"), ("OTHER-1", "Zed")]));
    rig.finish(2, 4);
    let screen = rig.screen();
    assert!(screen.contains("Profile PROF-C") && screen.contains("Cyd"), "{screen}");
    assert!(!screen.contains("OTHER-1") && screen.contains("3 pass"), "{screen}");
    let place = |name: &str| screen.lines().position(|line| line.contains(name)).unwrap();
    assert!(place("PROF-Z") < place("PROF-C ") && place("PROF-C ") < place("PROF-A"), "{screen}");
    rig.later(10);
    rig.event(page(3, &[("PROF-A", "Ada")]));
    rig.finish(3, 1);
    assert!(!rig.screen().contains("Profile PROF-"), "one that is gone closes\n{}", rig.screen());
}

#[test]
fn running_anew_or_another_tenant_takes_the_place_of_what_is_gathered() {
    let mut rig = Rig::watching();
    rig.later(10);
    rig.key("Ctrl-R");
    assert_eq!((rig.cancels(), rig.runs()), (vec![2], vec![2, 3]));
    rig.event(page(2, &[("PROF-X", "Xia")]));
    rig.event(page(3, &THREE));
    rig.finish(3, 3);
    assert!(rig.screen().contains("next in 10 s") && !rig.screen().contains("PROF-X"), "{}", rig.screen());
    let faults = Stage::default();
    let look = Look::default();
    let session = Session {
        tenant: "beta".into(),
        sandbox: false,
        look,
        faults,
        mask: crate::rows::Mask::default(),
        page_size: 50,
        retention_days: 180,
    };
    let turn = rig.app.opened(session, rig.at);
    rig.take(turn);
    rig.later(100);
    assert!(!rig.screen().contains("watching"), "{}", rig.screen());
}

#[test]
fn a_run_that_was_cancelled_is_asked_again_as_far_as_it_came_and_the_bell_rings_where_it_is_wanted() {
    let mut rig = Rig::with(|start| Start {
        draft: Draft { segments: vec!["S".into()], ..Draft::default() },
        on_change: OnChange::Bell,
        ..start
    });
    rig.event(events::ready());
    rig.key("Ctrl-R");
    rig.event(page(1, &THREE));
    let cut = Summary { cut: Some(Cut::Cancelled), ..Summary::of(Status::Cancelled, 3) };
    rig.event(Event::Finished(QueryId(1), Arc::new(cut.clone())));
    rig.key("w");
    rig.key("Enter");
    rig.commands.clear();
    rig.later(10);
    assert!(matches!(&rig.commands[..], [Command::Run(QueryId(2), _, Some(3))]), "{:?}", rig.commands);
    rig.event(page(2, &[("PROF-A", "Ada"), ("PROF-B", "Bea"), ("PROF-C", "Cyd")]));
    rig.event(Event::Paused(QueryId(2)));
    assert_eq!(rig.cancels(), [2]);
    rig.event(Event::Finished(QueryId(2), Arc::new(cut)));
    assert!(rig.screen().contains("Cyd◆"), "{}", rig.screen());
    assert_eq!(rig.bells, 1);
}

#[test]
fn seconds_are_woken_up_for_only_while_they_count() {
    let mut rig = Rig::watching();
    let next = rig.app.next_change(rig.at).unwrap();
    assert!(next <= rig.at.now + Duration::from_millis(1_001), "the count goes down by the second");
    rig.later(10);
    let asking = rig.app.next_change(rig.at).unwrap();
    assert!(asking > rig.at.now + Duration::from_secs(10), "nothing counts while rows are awaited");
}
