//! Profiles from before the window that they are kept for: marked, or withheld; and a filter that reaches for them.

use super::*;
use crate::engine::pipeline::profile::{Profile, Slot, Text};
use crate::engine::retention::Window;

/// At noon on 4 March 2026 the window of 180 days begins on 5 September 2025.
const FIRST_DAY: &str = "2025-09-05";

fn modified(id: &str, date: &str) -> Profile {
    let raw = format!(r#"{{"id":"{id}","firstName":"Ada","modifiedDate":"{date}"}}"#);
    let modified_date = Slot::Value(Text { value: date.into(), original: None });
    Profile { modified_date, raw: raw.into(), ..events::profile(id) }
}

fn page(run: u64, rows: Vec<Profile>, withheld: u64) -> Event {
    Event::Page(QueryId(run), Page { number: 1, batch: 1, rows, withheld, ..Page::default() })
}

fn people() -> Vec<Profile> {
    vec![
        modified("PROF-NEW", "2026-01-02T03:04:05Z"),
        modified("PROF-OLD", "2025-01-02T03:04:05Z"),
        modified("PROF-ODD", "some time ago"),
    ]
}

fn ended(rows: u64, withheld: u64, past_retention: u64) -> Event {
    let summary = Summary { past_retention, withheld, ..Summary::of(Status::Success, rows) };
    Event::Finished(QueryId(1), Arc::new(summary))
}

fn line<'a>(screen: &'a str, with: &str) -> &'a str {
    screen.lines().find(|line| line.contains(with)).unwrap_or_else(|| panic!("no {with} in\n{screen}"))
}

#[test]
fn a_profile_from_before_the_window_wears_a_sign_that_is_no_colour() {
    let mut rig = Rig::running();
    rig.event(page(1, people(), 0));
    rig.event(ended(3, 0, 1));
    let screen = rig.screen();
    assert!(line(&screen, "PROF-OLD").contains("†PROF-OLD"), "{screen}");
    for id in ["PROF-NEW", "PROF-ODD"] {
        assert!(!line(&screen, id).contains('†'), "{screen}");
    }
    assert!(screen.contains("† 1 past 180 days"), "{screen}");
    // Beside a mark there is room for both.
    rig.key("Down Space");
    assert!(line(&rig.screen(), "PROF-OLD").contains("●†PROF-OLD"), "{}", rig.screen());
    for size in [(80, 24), (60, 16)] {
        rig.resize(size.0, size.1);
        assert!(line(&rig.screen(), "PROF-OLD").contains('†'), "{size:?}: {}", rig.screen());
    }
}

#[test]
fn where_nothing_is_past_there_is_no_sign_and_no_column_for_it() {
    let mut rig = Rig::running();
    rig.event(page(1, vec![modified("PROF-NEW", "2026-01-02T03:04:05Z")], 0));
    assert!(!rig.screen().contains('†') && rig.screen().contains("▌PROF-NEW"), "{}", rig.screen());
}

#[test]
fn the_profile_says_that_it_is_past_and_since_when() {
    let mut rig = Rig::running();
    rig.resize(120, 40);
    rig.event(page(1, people(), 0));
    rig.key("Down Enter");
    let screen = rig.screen();
    assert!(line(&screen, "Profile PROF-OLD").contains("† past 180 days"), "{screen}");
    while !rig.screen().lines().any(|line| line.contains("▌modified_date")) {
        assert!(rig.key("j"), "{}", rig.screen());
    }
    let words: Vec<String> = rig.screen().split_whitespace().map(str::to_owned).collect();
    let said = words.join(" ");
    assert!(said.contains("Last modified 2025-01-02T03:04:05Z, past the window of 180 days"), "{said}");
    rig.key("Esc Up Enter");
    assert!(!line(&rig.screen(), "Profile PROF-NEW").contains("past"), "{}", rig.screen());
}

#[test]
fn withheld_profiles_are_counted_where_somebody_looks_for_them() {
    let mut rig = Rig::running();
    rig.event(page(1, vec![modified("PROF-NEW", "2026-01-02T03:04:05Z")], 12));
    assert!(rig.screen().contains("12 withheld"), "while it runs: {}", rig.screen());
    rig.event(ended(1, 12, 0));
    let screen = rig.screen();
    assert!(line(&screen, "Profiles  1").contains("12 withheld"), "{screen}");
    let foot = format!("withheld 12 last modified before {FIRST_DAY} (retention 180 days)");
    assert!(screen.contains(&foot), "{screen}");
}

#[test]
fn a_narrow_title_counts_what_is_past_and_what_is_withheld() {
    use crate::engine::event::Cut;
    let ended = |cut: Option<Cut>| {
        let mut rig = Rig::running();
        rig.resize(80, 24);
        let Event::Page(id, page) = page(1, people(), 12) else { unreachable!() };
        rig.event(Event::Page(id, Page { total: Some(9_999), ..page }));
        let summary = Summary { cut, total: Some(9_999), withheld: 12, ..Summary::of(Status::Success, 3) };
        rig.event(Event::Finished(QueryId(1), Arc::new(summary)));
        rig.screen()
    };
    // What matters most leaves no room for the second, and something short behind it still has some.
    let screen = ended(Some(Cut::Limit(1_000_000)));
    let title = line(&screen, "Profiles  3 of 9,999");
    assert!(title.contains("12 withheld") && !title.contains("cut at"), "{screen}");
    let screen = ended(Some(Cut::Cancelled));
    assert!(line(&screen, "Profiles  3 of").contains("cancelled  12 withheld"), "{screen}");
    assert!(screen.contains("withheld 12 last modified before"), "{screen}");
}

#[test]
fn the_panel_of_a_run_says_how_many_are_withheld_and_why() {
    let mut rig = Rig::running();
    rig.event(page(1, people(), 12));
    rig.event(ended(3, 12, 1));
    rig.key("Tab");
    while !matches!(rig.app.context(), Context::Activity) {
        rig.key("Tab");
    }
    let mut panel = false;
    for tab in ["1", "2", "3", "4", "5"] {
        rig.key(tab);
        rig.key("Enter");
        panel = matches!(rig.app.context(), Context::Finished);
        if panel {
            break;
        }
        rig.key("Esc");
    }
    assert!(panel, "{}", rig.screen());
    let screen = rig.screen();
    let withheld = format!("12 profiles last modified before {FIRST_DAY} (retention 180 days); this");
    assert!(line(&screen, "│ withheld  ").contains(&withheld), "{screen}");
    assert!(line(&screen, "│ retention  ").contains(&format!("1 profile last modified before {FIRST_DAY}")));
}

#[test]
fn an_id_that_is_withheld_is_not_told_as_not_found() {
    let mut rig = Rig::new(Draft { ids: vec!["PROF-OLD".into()], ..Draft::default() });
    rig.event(events::ready());
    rig.key("Ctrl-R");
    rig.event(page(1, vec![], 1));
    rig.event(ended(0, 1, 0));
    let screen = rig.screen();
    assert!(screen.contains("1 profile came and is withheld."), "{screen}");
    assert!(screen.contains(&format!("Last modified before {FIRST_DAY}")), "{screen}");
    for wrong in ["not found", "No profile matches"] {
        assert!(!screen.contains(wrong), "{wrong}: {screen}");
    }
}

#[test]
fn a_person_who_is_withheld_is_not_nobody() {
    let mut rig = Rig::ready();
    rig.key("Ctrl-F");
    rig.type_in("PROF-1234567");
    rig.key("Enter");
    let run = *rig.runs().last().unwrap();
    rig.event(page(run, vec![], 1));
    rig.event(Event::Finished(
        QueryId(run),
        Arc::new(Summary { withheld: 1, ..Summary::of(Status::Success, 0) }),
    ));
    let screen = rig.screen();
    assert!(!screen.to_lowercase().contains("nobody") && screen.contains("is withheld"), "{screen}");
}

#[test]
fn watched_rows_keep_their_signs() {
    let mut rig = Rig::running();
    rig.event(page(1, people(), 2));
    rig.event(ended(3, 2, 1));
    rig.key("w");
    rig.key("Enter");
    rig.at.now += Duration::from_secs(10);
    rig.wake();
    rig.event(page(2, people(), 4));
    let again = Summary { withheld: 4, past_retention: 1, ..Summary::of(Status::Success, 3) };
    rig.event(Event::Finished(QueryId(2), Arc::new(again)));
    let screen = rig.screen();
    assert!(line(&screen, "PROF-OLD").contains("†PROF-OLD") && screen.contains("4 withheld"), "{screen}");
}

#[test]
fn of_files_no_row_is_past_a_window_that_is_nobodys() {
    let files = vec![events::file("people.ndjson")];
    let named = files.clone();
    let mut rig = Rig::with(|start| Start { run: true, tenant: String::new(), files: named, ..start });
    let info = crate::engine::event::ServiceInfo { tenant: String::new(), files, ..events::service() };
    rig.event(Event::Ready(Arc::new(info)));
    rig.event(page(1, people(), 0));
    let screen = rig.screen();
    assert!(screen.contains("PROF-OLD") && !screen.contains('†') && !screen.contains("past 180"), "{screen}");
}

#[test]
fn a_filter_that_reaches_past_the_window_is_warned_of_before_it_is_sent() {
    for (filter, says) in [
        ("modifiedDate lt 2025-01-01", Some("! reaches past the 180 days kept, without end")),
        ("modifiedDate ge 2025-01-01", Some("! reaches past the 180 days kept, to 2025-01-01")),
        ("year(modifiedDate) eq 2025", Some("! may reach past the 180 days kept")),
        ("modifiedDate ge 2025-09-05", None),
        ("email eq 'ada@example.com'", None),
    ] {
        let mut rig = Rig::new(Draft { filter: filter.into(), ..Draft::default() });
        rig.event(events::ready());
        let words: Vec<String> =
            rig.screen().lines().map(|line| line.split('│').nth(1).unwrap_or("").trim().to_owned()).collect();
        let said = words.join(" ");
        match says {
            Some(says) => assert!(said.contains(says), "{filter}: {}", rig.screen()),
            None => assert!(!said.contains("past"), "{filter}: {}", rig.screen()),
        }
        assert!(rig.runs().is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// The sign stands before exactly those rows that are from before the window.
    #[test]
    fn exactly_the_rows_from_before_are_signed(days in proptest::collection::vec(0_i64..400, 1..20)) {
        let noon: jiff::Timestamp = events::NOON.parse().unwrap();
        let date = |ago: i64| (noon - jiff::SignedDuration::from_hours(ago * 24)).to_string();
        let rows = days.iter().enumerate().map(|(at, ago)| modified(&format!("PROF-{at:03}"), &date(*ago)));
        let mut rig = Rig::running();
        rig.resize(120, 60);
        rig.event(page(1, rows.collect(), 0));
        let window = Window::until(noon, 180).unwrap();
        let screen = rig.screen();
        for (at, ago) in days.iter().enumerate() {
            let signed = line(&screen, &format!("PROF-{at:03}")).contains('†');
            prop_assert_eq!(signed, window.is_before(&date(*ago)), "{} days\n{}", ago, screen);
        }
    }
}
