mod builder;
mod detail;
mod exchange;
mod files;
mod history;
mod hostile;
mod keys;
mod look;
mod masking;
mod mouse;
mod outward;
mod replay;
mod retention;
mod table;
mod tenants;
mod tour;
mod watch;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use super::*;
use crate::config::{Look, OnChange};
use crate::engine::error::Kind;
use crate::engine::event::{Event, Note, Page, Status, Summary};
use crate::engine::query::{Draft, FieldSet};
use crate::export::Spec;
use crate::tui::action::TABLE;
use crate::tui::events;
use crate::tui::faults::{self, Playing, Stage};
use crate::tui::figures;
use crate::tui::kept::{Keep, Kept, What};
use crate::tui::keymap::{Chord, Keymap};
use crate::tui::outside::Visit;
use crate::tui::pipe::Piping;
use crate::tui::tenants::{Session, Tenant, Whom};
use crate::tui::theme::{Theme, ThemeChoice};

/// The whole explorer without a terminal and without an engine: what goes in is fed by hand, and what
/// comes out is kept.
struct Rig {
    app: App,
    at: Moment,
    size: (u16, u16),
    /// Where files go that were given no place.
    elsewhere: tempfile::TempDir,
    commands: Vec<Command>,
    /// Whether notes are recorded at once; what they said.
    records: bool,
    notes: Vec<Note>,
    copied: Vec<String>,
    piped: Vec<Piping>,
    visits: Vec<Visit>,
    printed: Option<String>,
    kept: Vec<Keep>,
    opened: Vec<Whom>,
    bells: usize,
    left: bool,
    mouse: Option<bool>,
    recorded: Vec<Option<std::path::PathBuf>>,
}

impl Rig {
    fn new(draft: Draft) -> Self {
        Self::on(Stage::default(), draft)
    }

    fn on(faults: Stage, draft: Draft) -> Self {
        Self::with(|start| Start { draft, faults, ..start })
    }

    fn with(other: impl FnOnce(Start) -> Start) -> Self {
        let start = other(Start {
            draft: Draft::default(),
            run: false,
            pause: Some(10_000),
            pull: false,
            budget: usize::MAX,
            theme: Theme::new(ThemeChoice::Dark, false),
            keys: Keymap::default(),
            tenant: "acme".into(),
            sandbox: false,
            look: Look::default(),
            on_change: OnChange::default(),
            files: vec![],
            faults: Stage::default(),
            mouse: true,
            mask: crate::rows::Mask::default(),
            picks: false,
            wrong: vec![],
            tour: false,
        });
        let at =
            Moment { now: crate::engine::clock::Clock::system().now(), wall: events::NOON.parse().unwrap() };
        let mut rig = Self {
            app: App::new(start),
            at,
            size: (0, 0),
            elsewhere: tempfile::tempdir().unwrap(),
            commands: vec![],
            records: true,
            notes: vec![],
            copied: vec![],
            piped: vec![],
            visits: vec![],
            printed: None,
            kept: vec![],
            opened: vec![],
            bells: 0,
            left: false,
            mouse: None,
            recorded: vec![],
        };
        rig.resize(120, 40);
        rig
    }

    fn ready() -> Self {
        let mut rig = Self::new(Draft { segments: vec!["SEG-PREMIUM-01".into()], ..Draft::default() });
        rig.event(events::ready());
        rig.commands.clear();
        rig
    }

    fn running() -> Self {
        let mut rig = Self::ready();
        rig.key("Ctrl-R");
        rig.commands.clear();
        rig
    }

    fn resize(&mut self, width: u16, height: u16) {
        self.size = (width, height);
        let turn = self.app.resize(width, height);
        self.take(turn);
    }

    /// Presses keys one after the other: `y r`. Says whether the last changed anything.
    fn key(&mut self, names: &str) -> bool {
        let mut changed = false;
        for name in names.split(' ') {
            let key = name.parse::<Chord>().unwrap().event();
            let turn = self.app.key(key, self.at);
            changed = self.take(turn);
        }
        changed
    }

    fn wake(&mut self) -> bool {
        let turn = self.app.wake(self.at);
        self.take(turn)
    }

    fn event(&mut self, event: Event) -> bool {
        let turn = self.app.event(event, self.at);
        self.take(turn)
    }

    fn take(&mut self, turn: Turn) -> bool {
        for effect in turn.effects {
            match effect {
                // Where nothing is masked, that something is recorded first is seen by whoever looks for it.
                Effect::Engine(Command::Note(ticket, note)) if self.records => {
                    self.notes.push(note);
                    let turn = self.app.event(Event::Noted(ticket, Ok(())), self.at);
                    self.take(turn);
                }
                Effect::Engine(command) => self.commands.push(command),
                Effect::Copy(text) => self.copied.push(text),
                Effect::Quit => self.left = true,
                Effect::Work(job) => job.run(&mut |step| {
                    let turn = self.app.work(step, self.at);
                    turn.effects.is_empty()
                }),
                Effect::Save(mut saving) => {
                    // Steps at random write too, and not where the tests are run.
                    if saving.target.is_relative() {
                        saving.target = self.elsewhere.path().join(saving.target);
                    }
                    saving.run(&mut |told| {
                        let turn = self.app.saved(told);
                        turn.changed
                    });
                }
                Effect::Import(importing) => {
                    let turn = self.app.imported(importing.run(), self.at);
                    self.take(turn);
                }
                Effect::Jq(ask) => {
                    let turn = self.app.answered_jq(ask.ticket, ask.run_here(), self.at);
                    self.take(turn);
                }
                Effect::Pipe(piping) => self.piped.push(piping),
                Effect::Visit(visit) => self.visits.push(visit),
                Effect::Print(text) => self.printed = Some(text),
                Effect::Keep(keep) => self.kept.push(keep),
                Effect::Mouse(on) => self.mouse = Some(on),
                Effect::Open(whom) => self.opened.push(whom),
                Effect::Bell => self.bells += 1,
                Effect::Record(into) => self.recorded.push(into),
                Effect::Suspend
                | Effect::OpenProfile
                | Effect::Act(_)
                | Effect::ListTenants
                | Effect::Say(_) => {}
            }
        }
        turn.changed
    }

    fn screen(&self) -> String {
        let mut buf = ratatui::buffer::Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        self.app.view(self.at, &mut buf);
        let rows = buf.content.chunks(usize::from(self.size.0.max(1)));
        rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>() + "\n").collect()
    }

    fn runs(&self) -> Vec<u64> {
        self.commands
            .iter()
            .filter_map(|c| if let Command::Run(id, ..) = c { Some(id.0) } else { None })
            .collect()
    }

    fn cancels(&self) -> Vec<u64> {
        self.commands
            .iter()
            .filter_map(|c| if let Command::Cancel(id) = c { Some(id.0) } else { None })
            .collect()
    }
}

#[test]
fn a_row_is_gone_to_by_its_number() {
    let mut rig = Rig::running();
    rig.event(events::page(1, 1, 20));
    for key in ["Ctrl-G", "2", "0", "1", "Enter"] {
        rig.key(key);
    }
    assert!(rig.screen().contains("is no row"), "{}", rig.screen());
    for key in ["Backspace", "Enter"] {
        rig.key(key);
    }
    assert_eq!(rig.app.profiles.selected(), Some(19));
    assert_eq!(rig.app.context(), Context::Profiles);
}

#[test]
fn it_starts_outside_any_editor_and_connects_in_the_background() {
    let rig = Rig::new(Draft::default());
    assert_eq!(rig.app.context(), Context::Builder);
    let screen = rig.screen();
    assert!(screen.contains("connecting…") && screen.contains("acme"), "{screen}");
    assert!(screen.contains("Ctrl-R run") && screen.contains("? help"), "{screen}");
}

#[test]
fn running_sends_the_query_and_goes_to_the_first_row() {
    let mut rig = Rig::ready();
    assert!(rig.key("Ctrl-R"));
    assert_eq!(rig.runs(), [1]);
    assert_eq!(rig.app.context(), Context::Profiles);
}

#[test]
fn a_run_asked_for_before_the_service_is_there_starts_with_it_once() {
    let mut rig = Rig::new(Draft { segments: vec!["S".into()], ..Draft::default() });
    rig.key("F5");
    rig.key("F5");
    assert!(rig.runs().is_empty());
    rig.event(events::ready());
    assert_eq!(rig.runs(), [1]);
    rig.event(events::ready());
    assert_eq!(rig.runs(), [1]);
}

#[test]
fn a_query_without_a_target_is_refused_with_the_remedy() {
    let mut rig = Rig::new(Draft::default());
    rig.event(events::ready());
    rig.key("Ctrl-R");
    assert!(rig.runs().is_empty());
    assert_eq!(rig.app.context(), Context::Error);
    let screen = rig.screen();
    assert!(screen.contains("no target") && screen.contains("name at least one"), "{screen}");
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Builder);
}

#[test]
fn running_again_cancels_the_run_before_and_drops_its_late_events() {
    let mut rig = Rig::running();
    rig.event(events::page(1, 1, 3));
    rig.key("Ctrl-R");
    assert_eq!(rig.cancels(), [1]);
    assert_eq!(rig.runs(), [2]);
    assert!(!rig.event(events::page(1, 2, 3)), "a page of the run before must change nothing");
    // Its end is worth a line in the log, and does not end the run that is shown.
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Cancelled, 3)));
    assert!(rig.app.world.running.is_some());
    rig.event(Event::Failed(QueryId(1), events::summary(Status::Partial, 3), events::gateway_error()));
    assert!(rig.app.overlay.is_none(), "an old run's error is nobody's concern any more");
}

#[test]
fn esc_closes_then_cancels_the_run_once() {
    let mut rig = Rig::running();
    rig.key("?");
    rig.key("Esc");
    assert!(rig.cancels().is_empty(), "the first Esc closes the help");
    rig.key("Esc");
    assert_eq!(rig.cancels(), [1]);
    rig.key("Esc");
    assert_eq!(rig.cancels(), [1]);
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Cancelled, 3)));
    assert!(rig.app.world.running.is_none());
}

#[test]
fn leaving_asks_only_while_a_run_would_be_lost_and_the_second_time_leaves() {
    let mut rig = Rig::ready();
    rig.key("q");
    assert!(rig.left);

    for second in ["Ctrl-C", "Ctrl-Q", "q"] {
        let mut rig = Rig::running();
        rig.key("Ctrl-C");
        assert!(!rig.left);
        assert_eq!(rig.app.context(), Context::Confirm);
        assert!(rig.screen().contains("A run is under way"), "{}", rig.screen());
        rig.key(second);
        assert!(rig.left, "{second}");
    }

    let mut rig = Rig::running();
    rig.key("q");
    rig.key("Esc");
    assert!(!rig.left && rig.app.overlay.is_none());
}

#[test]
fn a_run_that_ends_takes_the_question_with_it() {
    let mut rig = Rig::running();
    rig.key("q");
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Success, 10)));
    assert!(rig.app.overlay.is_none());
}

#[test]
fn a_failure_is_a_panel_that_can_be_copied_and_tried_again() {
    let mut rig = Rig::running();
    rig.event(Event::Failed(QueryId(1), events::summary(Status::Partial, 1_250), events::gateway_error()));
    let screen = rig.screen();
    for part in
        ["502 with HTML", "What to do", "Bearer [redacted]", "<h1>Bad gateway</h1>", "1,250 rows came"]
    {
        assert!(screen.contains(part), "{part} in\n{screen}");
    }
    rig.key("y y");
    assert!(rig.copied[0].contains("Reply as answered: 502 Bad Gateway"), "{:?}", rig.copied);
    rig.key("Ctrl-R");
    assert_eq!(rig.runs(), [2]);
    assert!(rig.app.overlay.is_none());
}

#[test]
fn a_worker_that_cannot_start_says_so_now_and_at_every_try() {
    let mut rig = Rig::new(Draft { segments: vec!["S".into()], ..Draft::default() });
    rig.key("Ctrl-R");
    rig.event(Event::Broken(Error::new(Kind::Local, "no port is free", "all are taken", "free one")));
    assert!(rig.screen().contains("no port is free"), "{}", rig.screen());
    rig.key("Esc");
    rig.key("Ctrl-R");
    assert!(rig.screen().contains("no port is free"));
    assert!(rig.runs().is_empty());
}

#[test]
fn a_command_that_could_not_be_delivered_is_said() {
    let mut rig = Rig::running();
    let _turn = rig.app.undelivered(&Command::Cancel(QueryId(1)));
    assert!(rig.screen().contains("does not take commands"), "{}", rig.screen());
}

#[test]
fn help_is_made_from_the_table_for_where_the_user_is() {
    let mut rig = Rig::ready();
    rig.key("?");
    let screen = rig.screen();
    assert!(screen.contains("Help: Query") && screen.contains("toggle the field"), "{screen}");
    assert!(!screen.contains("open the profile under the cursor"), "{screen}");
    rig.key("?");
    rig.key("Tab");
    rig.key("F1");
    assert!(rig.screen().contains("open the profile under the cursor"), "{}", rig.screen());
}

#[test]
fn the_open_profile_follows_the_cursor_of_the_table() {
    let mut rig = Rig::running();
    rig.event(events::page(1, 1, 3));
    rig.key("Enter");
    assert_eq!(rig.app.context(), Context::Detail);
    assert_eq!(rig.app.detail.row(), Some(0));
    rig.key("J");
    assert_eq!((rig.app.detail.row(), rig.app.profiles.selected()), (Some(1), Some(1)));
    rig.key("K");
    assert_eq!(rig.app.detail.row(), Some(0));
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Profiles);
    assert!(rig.cancels().is_empty(), "closing the profile does not cancel the run");
}

#[test]
fn esc_leaves_an_editor_with_the_text_kept_and_running_does_too() {
    let mut rig = Rig::ready();
    rig.key("Enter");
    assert_eq!(rig.app.context(), Context::Editor);
    rig.key("q");
    assert!(!rig.left, "a letter is text");
    rig.key("Ctrl-R");
    assert_eq!(rig.app.context(), Context::Profiles);
    rig.key("Shift-Tab");
    assert_eq!(rig.app.context(), Context::Builder);
}

#[test]
fn tab_goes_round_the_panes_both_ways() {
    let mut rig = Rig::ready();
    let mut seen = vec![];
    for _ in 0..3 {
        rig.key("Tab");
        seen.push(rig.app.context());
    }
    assert_eq!(seen, [Context::Profiles, Context::Activity, Context::Builder]);
    rig.key("Shift-Tab");
    assert_eq!(rig.app.context(), Context::Activity);
}

#[test]
fn the_digits_open_the_tabs_from_anywhere_and_keep_the_focus() {
    let mut rig = Rig::ready();
    for (key, title) in [
        ("1", "[1 Audit]"),
        ("2", "[2 Latency]"),
        ("3", "[3 Limits]"),
        ("4", "[4 Webhooks]"),
        ("5", "[5 Log]"),
    ] {
        rig.key(key);
        assert!(rig.screen().contains(title), "{}", rig.screen());
        assert_eq!(rig.app.context(), Context::Builder);
    }
}

#[test]
fn nothing_wakes_an_idle_screen_but_the_token_s_minutes() {
    let mut rig = Rig::ready();
    assert_eq!(rig.app.next_change(rig.at), None);
    rig.event(Event::Auth(events::granted(rig.at.now, 3_570)));
    let next = rig.app.next_change(rig.at).unwrap();
    let wait = next - rig.at.now;
    assert!(wait > Duration::from_secs(30) && wait <= Duration::from_secs(31), "{wait:?}");
    rig.at.now = next;
    assert!(rig.screen().contains("token 58 min"), "{}", rig.screen());
    let wait = rig.app.next_change(rig.at).unwrap() - rig.at.now;
    assert!(wait > Duration::from_secs(59), "{wait:?}");
}

#[test]
fn a_rate_that_was_measured_is_not_shown_for_ever() {
    let mut rig = Rig::ready();
    rig.event(Event::Limits(events::limits(rig.at.now).into()));
    assert!(rig.screen().contains("9.2/10 req/s"), "{}", rig.screen());
    rig.at.now = rig.app.next_change(rig.at).unwrap();
    assert!(rig.screen().contains(" 0/10 req/s"), "{}", rig.screen());
    assert_eq!(rig.app.next_change(rig.at), None);
}

#[test]
fn a_terminal_that_is_too_small_says_so() {
    let mut rig = Rig::ready();
    rig.resize(59, 16);
    assert!(rig.screen().contains("cxlens needs 60×16; this is 59×16"), "{}", rig.screen());
    rig.resize(60, 16);
    assert!(rig.screen().contains("Ctrl-R run"), "{}", rig.screen());
}

#[test]
fn a_notice_stands_until_the_next_key() {
    let mut rig = Rig::ready();
    let _turn = rig.app.notice("12 bytes sent".into());
    assert!(rig.screen().contains("12 bytes sent"));
    assert!(rig.key("Insert"), "taking the notice away is a change");
    assert!(!rig.screen().contains("12 bytes sent"));
    assert!(!rig.key("Insert"), "a key that means nothing changes nothing");
}

/// A rig on the sandbox, with faults to play.
fn sandbox() -> (Rig, Arc<Mutex<Option<Playing>>>) {
    let (stage, playing) = faults::fixture::stage();
    let mut rig = Rig::on(stage, Draft { segments: vec!["SEG-ALL".into()], ..Draft::default() });
    let service = crate::engine::event::ServiceInfo { sandbox: true, ..events::service() };
    rig.event(Event::Ready(service.into()));
    rig.commands.clear();
    (rig, playing)
}

impl Rig {
    fn type_in(&mut self, text: &str) {
        for c in text.chars() {
            self.key(&if c == ' ' { "Space".to_owned() } else { c.to_string() });
        }
    }

    /// Whether each run, and each plan after it, may be answered from the cache.
    fn cached(&self) -> Vec<(&'static str, bool)> {
        self.commands
            .iter()
            .filter_map(|command| match command {
                Command::Run(_, query, _) => Some(("run", query.use_cache())),
                Command::Plan(_, query) => Some(("plan", query.use_cache())),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn the_palette_does_what_is_chosen_where_the_user_was() {
    for open in [":", "Ctrl-P"] {
        let mut rig = Rig::ready();
        rig.key(open);
        assert_eq!(rig.app.context(), Context::Palette);
        rig.type_in("nxpa");
        rig.key("Enter");
        assert_eq!(rig.app.context(), Context::Profiles);
        assert!(rig.app.overlay.is_none());
    }
    // From an editor too, where a colon is text; what was typed there stays.
    let mut rig = Rig::ready();
    rig.key("Enter");
    rig.type_in(":q");
    assert_eq!(rig.app.context(), Context::Editor);
    rig.key("Ctrl-P");
    rig.type_in("limits");
    assert!(!rig.left);
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Editor);
    assert!(rig.screen().contains(":q"), "{}", rig.screen());
    rig.key("Ctrl-P");
    rig.key("Ctrl-C");
    assert!(rig.left);
}

#[test]
fn a_failure_waits_behind_the_palette_so_that_letters_are_not_its_keys() {
    let mut rig = Rig::running();
    rig.key(":");
    rig.type_in("tab");
    rig.event(Event::Failed(QueryId(1), events::summary(Status::Partial, 3), events::gateway_error()));
    assert_eq!(rig.app.context(), Context::Palette);
    rig.type_in("q");
    assert!(!rig.left);
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Error);

    // Also when something is done first.
    let mut rig = Rig::running();
    rig.key(":");
    rig.event(Event::Failed(QueryId(1), events::summary(Status::Partial, 3), events::gateway_error()));
    rig.type_in("tab limits");
    rig.key("Enter");
    assert_eq!(rig.app.context(), Context::Error);
    assert!(rig.screen().contains("502 with HTML"), "{}", rig.screen());
}

#[test]
fn a_fault_is_played_from_the_palette_and_told_until_it_is_over() {
    let (mut rig, playing) = sandbox();
    rig.key(":");
    rig.type_in("429 seconds");
    rig.key("Enter");
    let screen = rig.screen();
    assert!(screen.contains("fault retry-after-seconds not met yet"), "{screen}");
    assert!(screen.contains("the fault is on: Ctrl-R asks past the cache"), "{screen}");
    rig.key("Ctrl-R");
    assert_eq!(rig.cached(), [("plan", false), ("run", false)]);
    rig.key("5");
    assert!(rig.screen().contains("run 1 asks past the cache: fault retry"), "{}", rig.screen());
    let struck = |played, left| {
        let name = "retry-after-seconds".to_owned();
        *playing.lock().unwrap() = Some(Playing { name, played, left: Some(left) });
    };
    struck(1, 1);
    rig.event(Event::Exchange(events::exchange(2, 429, 20).into()));
    assert!(rig.screen().contains("1 of 2"), "{}", rig.screen());
    struck(2, 0);
    rig.event(Event::Exchange(events::exchange(3, 429, 20).into()));
    assert!(rig.screen().contains("2 of 2, over"), "{}", rig.screen());
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Success, 50)));
    rig.commands.clear();
    // It has been: the next run is as any other, and nothing says that a fault is played.
    rig.key("Ctrl-R");
    assert_eq!(rig.cached(), [("run", true)]);
    assert!(!rig.screen().contains("fault retry-after-seconds 2"), "{}", rig.screen());
    assert_eq!(*playing.lock().unwrap(), None);
}

#[test]
fn runs_go_past_the_cache_until_one_was_well_after_the_fault() {
    let (mut rig, playing) = sandbox();
    let choose = |rig: &mut Rig, text: &str| {
        rig.key(":");
        rig.type_in(text);
        rig.key("Enter");
        rig.commands.clear();
    };
    choose(&mut rig, "429 forever");
    for id in 1..=2 {
        rig.key("Ctrl-R");
        rig.event(Event::Failed(QueryId(id), events::summary(Status::Failed, 0), events::gateway_error()));
        rig.key("Esc");
    }
    assert!(rig.cached().iter().all(|(_, cached)| !cached), "{:?}", rig.cached());
    choose(&mut rig, "fault none");
    assert_eq!(*playing.lock().unwrap(), None);
    assert!(
        rig.screen().contains("well again") && !rig.screen().contains("429-forever 0"),
        "{}",
        rig.screen()
    );
    rig.key("Ctrl-R");
    rig.key("Esc");
    rig.event(Event::Finished(QueryId(3), events::summary(Status::Cancelled, 3)));
    rig.key("Ctrl-R");
    assert!(rig.cached().iter().all(|(_, cached)| !cached), "a run that was cancelled proves nothing");
    rig.commands.clear();
    rig.event(Event::Finished(QueryId(4), events::summary(Status::Success, 3)));
    rig.key("Ctrl-R");
    assert_eq!(rig.cached(), [("plan", true), ("run", true)]);
}

#[test]
fn a_fault_that_cannot_be_played_says_why() {
    let (mut rig, _) = sandbox();
    rig.key(":");
    rig.type_in("bidi");
    rig.key("Enter");
    assert!(rig.screen().contains("there is no fault"), "{}", rig.screen());
}

#[test]
fn a_real_tenant_has_no_faults() {
    let (stage, _) = faults::fixture::stage();
    let mut rig = Rig::on(stage, Draft::default());
    rig.event(events::ready());
    rig.key(":");
    rig.type_in("fault 429");
    assert!(rig.screen().contains("0 of "), "{}", rig.screen());
}

#[test]
fn the_bounds_change_while_a_run_goes_on_and_are_shown_at_once() {
    let mut rig = Rig::running();
    rig.key("Tab");
    assert_eq!(rig.app.context(), Context::Activity);
    rig.key("+");
    assert!(rig.commands.is_empty() && rig.screen().contains("not known yet"), "{}", rig.screen());
    rig.event(Event::Limits(events::limits(rig.at.now).into()));
    let sent = |rig: &mut Rig, key: &str| {
        rig.key(key);
        rig.commands.drain(..).find_map(|command| match command {
            Command::Bounds { concurrency, rate } => Some((concurrency, rate)),
            _ => None,
        })
    };
    assert_eq!(sent(&mut rig, "+"), Some((6, None)));
    let screen = rig.screen();
    assert!(screen.contains("[3 Limits]") && screen.contains("at most 6"), "{screen}");
    assert_eq!(sent(&mut rig, "<"), Some((6, Some(7.0))));
    assert!(rig.screen().contains("configured 7 req/s"), "{}", rig.screen());
    // A snapshot from before the worker heard of it takes nothing back.
    rig.event(Event::Limits(events::limits(rig.at.now).into()));
    assert!(rig.screen().contains("configured 7 req/s"), "{}", rig.screen());
    assert_eq!(sent(&mut rig, "-"), Some((5, Some(7.0))));
    let heard = crate::engine::event::Limits { configured: Some(7.0), ..events::limits(rig.at.now) };
    rig.event(Event::Limits(heard.into()));
    // From now on the snapshots are the truth again.
    rig.event(Event::Limits(events::limits(rig.at.now).into()));
    assert!(!rig.screen().contains("configured 7"), "{}", rig.screen());
    assert_eq!(sent(&mut rig, ">"), None, "there is no bound to lift");
    assert!(rig.screen().contains("no bound of ours"), "{}", rig.screen());
}

#[test]
fn the_bounds_can_be_changed_from_anywhere_by_the_palette() {
    let mut rig = Rig::ready();
    rig.event(Event::Limits(events::limits(rig.at.now).into()));
    rig.key(":");
    rig.type_in("slower");
    rig.key("Enter");
    assert!(matches!(
        rig.commands[..],
        [Command::Bounds { concurrency: 5, rate: Some(7.0) }, Command::Plan(..)]
    ));
    assert_eq!(rig.app.context(), Context::Builder);
    assert!(rig.screen().contains("[3 Limits]"), "{}", rig.screen());
}

#[test]
fn bounds_that_could_not_be_delivered_are_taken_back() {
    let mut rig = Rig::running();
    rig.event(Event::Limits(events::limits(rig.at.now).into()));
    rig.key("Tab");
    rig.key("<");
    rig.commands.clear();
    rig.key("<");
    let _turn = rig.app.undelivered(&rig.commands[0].clone());
    let screen = rig.screen();
    assert!(screen.contains("the bounds are not changed") && !screen.contains("configured 5"), "{screen}");
    assert!(rig.app.world.running.is_some(), "the run goes on");
}

#[derive(Clone, Debug)]
enum Step {
    Act(usize),
    Key(KeyEvent),
    Paste(String),
    Size(u16, u16),
    Event(u8, u64),
    Later(u32),
    Point(usize, u16, u16),
}

fn step() -> impl Strategy<Value = Step> {
    let code = prop_oneof![
        any::<char>().prop_map(KeyCode::Char),
        (b' '..b'~').prop_map(|b| KeyCode::Char(b.into())),
        Just(KeyCode::Enter),
        Just(KeyCode::Backspace),
        Just(KeyCode::Esc),
        Just(KeyCode::Down),
        Just(KeyCode::Null),
    ];
    prop_oneof![
        4 => (0..TABLE.len()).prop_map(Step::Act),
        4 => (code, 0_u8..8).prop_map(|(code, m)| Step::Key(KeyEvent::new(code, KeyModifiers::from_bits_truncate(m)))),
        1 => "\\PC{0,30}|[A-Z0-9\n\t\u{1b},; ]{0,60}".prop_map(Step::Paste),
        1 => prop_oneof![(0_u16..20, 0_u16..20), (50_u16..220, 10_u16..60)].prop_map(|(w, h)| Step::Size(w, h)),
        4 => (0_u8..16, 0_u64..4).prop_map(|(kind, n)| Step::Event(kind, n)),
        1 => (0_usize..5, 0_u16..220, 0_u16..60).prop_map(|(kind, x, y)| Step::Point(kind, x, y)),
        1 => (0_u32..7_200_000).prop_map(Step::Later),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_happens_breaks_the_screen(steps in proptest::collection::vec(step(), 1..60)) {
        let (mut rig, _) = sandbox();
        for step in steps {
            match step {
                Step::Act(n) => {
                    let turn = rig.app.act(TABLE[n].action, rig.at);
                    rig.take(turn);
                }
                Step::Key(key) => {
                    let turn = rig.app.key(key, rig.at);
                    rig.take(turn);
                }
                Step::Paste(text) => {
                    let turn = rig.app.paste(&text, rig.at);
                    rig.take(turn);
                }
                Step::Size(width, height) => rig.resize(width, height),
                Step::Later(millis) => {
                    rig.at.now += Duration::from_millis(millis.into());
                    rig.at.wall = rig.at.wall.saturating_add(Duration::from_millis(millis.into())).unwrap();
                }
                Step::Point(kind, column, row) => {
                    use crossterm::event::{MouseButton::Left, MouseEvent, MouseEventKind};
                    let kinds = [
                        MouseEventKind::Down(Left),
                        MouseEventKind::Drag(Left),
                        MouseEventKind::Up(Left),
                        MouseEventKind::ScrollUp,
                        MouseEventKind::ScrollDown,
                    ];
                    let event = MouseEvent { kind: kinds[kind], column, row, modifiers: KeyModifiers::NONE };
                    let turn = rig.app.mouse(event, rig.at, rig.at.now);
                    rig.take(turn);
                }
                Step::Event(kind, n) => {
                    let now = rig.at.now;
                    let (rows, shown) = (rig.app.profiles.rows(), rig.app.shown);
                    let watched = rig.app.is_watched(QueryId(n));
                    let status = [200, 429, 503, 401][n as usize];
                    let event = match kind {
                        0 => events::ready(),
                        1 => Event::Started(QueryId(n), rig.at.wall),
                        2 | 3 => events::page(n, 1, n as u32 * 7),
                        4 => Event::Exchange(events::exchange(n, status, n * 400).into()),
                        5 => Event::Limits(events::limits(now).into()),
                        6 => Event::Auth(events::granted(now, n * 50)),
                        7 => Event::Finished(QueryId(n), events::summary(Status::Success, n)),
                        8 => Event::Failed(QueryId(n), events::summary(Status::Failed, 0), events::gateway_error()),
                        9 => Event::Paused(QueryId(n)),
                        10 => Event::Noted(n, Ok(())),
                        11 => Event::Noted(n, Err(events::gateway_error())),
                        12 => Event::Again(n, Some(events::gateway_error())),
                        13 => Event::Webhooks(Err(events::gateway_error())),
                        14 => Event::Broken(events::gateway_error()),
                        _ => Event::Exchange(events::token_exchange().into()),
                    };
                    rig.event(event);
                    let stale = QueryId(n) != shown && !watched;
                    prop_assert!(!stale || rig.app.profiles.rows() == rows, "rows of a run that is not shown");
                }
            }
            let screen = rig.screen();
            prop_assert!(!screen.chars().any(|c| c.is_control() && c != '\n'), "{screen:?}");
            let app = &rig.app;
            prop_assert!(app.profiles.selected().is_none_or(|row| row < app.profiles.rows()));
            prop_assert!(app.world.focus != Focus::Detail || app.detail_open);
            if app.detail_open {
                prop_assert_eq!(app.detail.row(), app.profiles.selected());
            }
            let is_due = |rig: &Rig| rig.app.next_change(rig.at).is_some_and(|next| next <= rig.at.now);
            if is_due(&rig) {
                rig.wake();
            }
            prop_assert!(!is_due(&rig), "a timer that is still due would spin");
        }
    }
}

fn place(rows: u64) -> Arc<crate::engine::place::Place> {
    let query = Draft { segments: vec!["SEG-PREMIUM-01".into()], ..Draft::default() }.check().unwrap();
    let (batch, page, target) = (1, 2, Some("/api/v2/crm/contacts?page=2".into()));
    let seen = crate::engine::place::Seen::default();
    Arc::new(crate::engine::place::Place {
        query,
        batch,
        page,
        target,
        rows,
        withheld: 0,
        pages: 1,
        total: None,
        totals: 0,
        seen,
    })
}

impl Rig {
    /// The rows that the last command wants.
    fn wanted(&self) -> Option<u64> {
        match self.commands.last() {
            Some(Command::Run(_, _, want) | Command::Resume(_, _, want) | Command::Want(_, want)) => *want,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_run_pauses_at_the_setting_and_goes_on_with_a_key() {
    let mut rig = Rig::ready();
    rig.key("Ctrl-R");
    assert_eq!(rig.wanted(), Some(10_000));
    rig.event(events::page(1, 1, 50));
    rig.app.reach_from(0, rig.at);
    // Told before more was wanted: stale.
    assert!(!rig.event(Event::Paused(QueryId(1))));
    let mut short = Rig::ready();
    short.app.reach = Reach::new(Some(50));
    short.key("Ctrl-R");
    short.event(events::page(1, 1, 50));
    short.event(Event::Paused(QueryId(1)));
    assert!(short.screen().contains("paused  p goes on"), "{}", short.screen());
    short.key("p");
    assert_eq!(short.wanted(), Some(100));
    assert!(!short.screen().contains("paused"));
    short.key("p");
    assert_eq!(short.wanted(), None, "once more: to the end");
}

#[test]
fn a_paused_run_can_be_left_without_a_question() {
    let mut rig = Rig::ready();
    rig.app.reach = Reach::new(Some(50));
    rig.key("Ctrl-R");
    rig.event(events::page(1, 1, 50));
    rig.event(Event::Paused(QueryId(1)));
    rig.key("Ctrl-Q");
    assert!(rig.left);
}

#[test]
fn a_stopped_run_goes_on_with_a_key_and_keeps_its_rows() {
    let mut rig = Rig::running();
    rig.event(events::page(1, 1, 50));
    let summary = Summary {
        place: Some(place(50)),
        cut: Some(crate::engine::event::Cut::Error),
        ..(*events::summary(Status::Partial, 50)).clone()
    };
    rig.event(Event::Failed(QueryId(1), Arc::new(summary), events::gateway_error()));
    assert!(rig.screen().contains("p goes on from there"), "{}", rig.screen());
    rig.key("p");
    assert!(
        matches!(rig.commands.last(), Some(Command::Resume(QueryId(2), place, Some(10_050))) if place.rows == 50)
    );
    rig.event(events::page(2, 2, 50));
    assert_eq!(rig.app.profiles.len(), 100);
    rig.event(Event::Finished(QueryId(2), events::summary(Status::Success, 50)));
    assert!(!rig.screen().contains("goes on"), "{}", rig.screen());
    rig.commands.clear();
    rig.key("p");
    assert!(rig.commands.is_empty(), "nothing stopped any more");
}

#[test]
fn pull_mode_asks_for_more_only_as_the_reader_nears_the_end() {
    let mut rig = Rig::ready();
    rig.key("P");
    rig.key("Ctrl-R");
    let first = rig.wanted().unwrap();
    assert!((50..200).contains(&first), "{first}");
    rig.commands.clear();
    for page in 0..3 {
        rig.event(events::page(1, page + 1, 50));
    }
    rig.event(Event::Paused(QueryId(1)));
    assert!(rig.commands.is_empty(), "three pages are more than the reader has seen");
    rig.key("Down");
    assert!(rig.commands.is_empty());
    rig.key("G");
    assert_eq!(rig.wanted(), Some(150 + first));
    rig.commands.clear();
    rig.key("G");
    assert!(rig.commands.is_empty(), "it was asked for already");
    rig.event(events::page(1, 4, 50));
    rig.event(events::page(1, 5, 50));
    rig.event(Event::Paused(QueryId(1)));
    assert!(rig.commands.is_empty(), "the cursor does not run after the end");
}

#[test]
fn a_paused_run_follows_the_reader_once_pull_mode_is_on() {
    let mut rig = Rig::ready();
    rig.app.reach = Reach::new(Some(150));
    rig.key("Ctrl-R");
    for page in 0..3 {
        rig.event(events::page(1, page + 1, 50));
    }
    rig.event(Event::Paused(QueryId(1)));
    rig.commands.clear();
    rig.key("P");
    assert!(rig.commands.is_empty() && rig.app.world.running.unwrap().paused);
    rig.key("G");
    assert!(rig.wanted().unwrap() > 150);
    rig.key("P");
    assert_eq!(rig.wanted(), Some(300), "all rows again, up to the next pause");
}

#[test]
fn rows_that_arrive_above_the_reader_pull_no_more_of_them() {
    let mut rig = Rig::ready();
    rig.key("P");
    rig.key("Ctrl-R");
    rig.event(events::page(1, 1, 50));
    rig.event(events::page(1, 2, 50));
    // Up, then down: what comes next stands above what is read.
    rig.key("s");
    rig.key("s");
    rig.commands.clear();
    rig.key("G");
    rig.event(Event::Paused(QueryId(1)));
    let wanted = rig.wanted();
    rig.commands.clear();
    for round in 0..3 {
        rig.event(events::page(1, 3 + round, 50));
        rig.event(Event::Paused(QueryId(1)));
    }
    assert!(rig.commands.is_empty(), "nobody read on");
    rig.key("Down");
    assert!(rig.wanted() > wanted, "at the end already, and still wanting more");
}

#[test]
fn the_plan_goes_with_the_bounds_and_with_the_age_of_the_cache() {
    let planned = |rig: &Rig| rig.commands.iter().any(|command| matches!(command, Command::Plan(..)));
    let mut rig = Rig::ready();
    rig.event(Event::Limits(events::limits(rig.at.now).into()));
    rig.key("5");
    rig.key("Shift-Tab");
    rig.key("<");
    assert!(planned(&rig), "the time is another now: {:?}", rig.commands);

    let ticket = rig.commands.iter().rev().find_map(|command| match command {
        Command::Plan(ticket, _) => Some(*ticket),
        _ => None,
    });
    rig.commands.clear();
    let until = rig.at.now + Duration::from_secs(290);
    let plan = crate::engine::plan::Plan {
        batches: 1,
        requests: crate::engine::plan::Count::Exactly(200),
        rows: Some(10_000),
        time: Some(Duration::ZERO),
        cached: 200,
        cached_until: Some(until),
        first: Vec::new(),
    };
    rig.event(Event::Planned(ticket.unwrap(), plan));
    while rig.app.next_change(rig.at).is_some_and(|at| at < until) {
        rig.at.now = rig.app.next_change(rig.at).unwrap();
        rig.wake();
    }
    assert!(!planned(&rig));
    rig.at.now = until;
    rig.wake();
    assert!(planned(&rig), "what the plan counted on is too old");
    assert_eq!(rig.app.next_change(rig.at), None, "asked for once");
}

#[test]
fn the_footer_says_what_escape_does_to_a_search() {
    let mut rig = Rig::running();
    rig.event(events::page(1, 1, 50));
    assert!(rig.screen().contains("Esc cancel"), "{}", rig.screen());
    for key in ["/", "a"] {
        rig.key(key);
    }
    assert!(rig.screen().contains("Esc clear"), "{}", rig.screen());
    rig.key("Enter");
    assert!(rig.screen().contains("Esc clear"), "{}", rig.screen());
    rig.key("Esc");
    assert!(rig.screen().contains("Esc cancel"), "{}", rig.screen());
}

#[test]
fn a_run_stops_before_its_rows_take_more_memory_than_they_may() {
    let mut rig = Rig::running();
    rig.app.profiles = Profiles::new(400_000);
    rig.key("Ctrl-R");
    rig.commands.clear();
    let mut number = 0;
    while rig.cancels().is_empty() {
        let from = number as usize * 100;
        let rows = crate::rows::fixture::profiles(from..from + 100);
        number += 1;
        assert!(number < 200, "{:?}", rig.app.profiles.is_too_large());
        rig.event(Event::Page(rig.app.shown, Page { number, batch: 1, rows, ..Page::default() }));
    }
    let screen = rig.screen();
    assert!(
        screen.contains("no more") && screen.contains("400 kB") && screen.contains("mebibytes"),
        "{screen}"
    );
    rig.key("Esc");
    assert!(rig.app.profiles.len() >= 100, "what came is kept");
}

/// A run that brought so many made-up people, and is over.
fn with_people(rows: usize) -> Rig {
    let mut rig = Rig::running();
    for (number, from) in (1..).zip((0..rows).step_by(1_000)) {
        let people = crate::rows::fixture::profiles(from..rows.min(from + 1_000));
        rig.event(Event::Page(QueryId(1), Page { number, batch: 1, rows: people, ..Page::default() }));
    }
    rig.event(Event::Finished(
        QueryId(1),
        Arc::new(crate::engine::event::Summary::of(Status::Success, rows as u64)),
    ));
    rig
}

#[test]
fn a_filter_shows_what_passes_and_esc_brings_back_the_rest_with_the_cursor_where_it_was() {
    for rows in [500, 30_000] {
        let mut rig = with_people(rows);
        rig.key("Down");
        rig.key("f");
        rig.type_in("last:BYRON 42");
        let screen = rig.screen();
        assert!(screen.contains("filter last:BYRON 42") && screen.contains("PROF-0000042"), "{screen}");
        let passing = (0..rows).filter(|n| n.to_string().starts_with("42")).count();
        assert_eq!(rig.app.profiles.len(), passing);
        assert!(screen.contains(&format!("{} pass", figures::count(passing as u64))), "{screen}");
        rig.key("Enter");
        assert_eq!(rig.app.context(), Context::Profiles);
        // The open profile is one of those that pass.
        rig.key("Enter");
        assert!(rig.screen().contains("Profile PROF-0000042"), "{}", rig.screen());
        rig.key("Esc");
        rig.key("Esc");
        assert_eq!((rig.app.profiles.len(), rig.app.profiles.selected()), (rows, Some(42)));
        rig.key("f");
        rig.type_in("nobody at all");
        assert!(rig.screen().contains("0 pass"), "{}", rig.screen());
        rig.key("Esc");
        assert_eq!((rig.app.profiles.len(), rig.app.profiles.selected()), (rows, Some(42)));
    }
}

#[test]
fn a_column_tells_what_it_holds_and_a_value_of_it_becomes_the_filter() {
    for rows in [500, 30_000] {
        let mut rig = with_people(rows);
        for _ in 0..2 {
            rig.key("Right");
        }
        rig.key("i");
        let screen = rig.screen();
        assert!(screen.contains("Column last_name") && screen.contains("100 %"), "{screen}");
        assert!(screen.contains(&format!("different {}", figures::count(rows as u64))), "{screen}");
        assert!(screen.contains("Byron 0 "), "{screen}");
        rig.key("Down");
        rig.key("y y");
        assert_eq!(rig.copied, ["Byron 1"]);
        rig.key("Enter");
        assert_eq!(rig.app.profiles.len(), 1);
        assert!(rig.screen().contains(r#"filter last_name="Byron 1""#), "{}", rig.screen());
    }
}

#[test]
fn attributes_become_columns_that_are_sorted_like_any_other() {
    let mut rig = with_people(30);
    rig.resize(180, 40);
    for _ in 0..6 {
        rig.key("Right");
    }
    rig.key("A");
    let screen = rig.screen();
    assert!(screen.contains("score") && screen.contains("address.city"), "{screen}");
    rig.key("s");
    rig.key("Right");
    rig.key("S");
    assert!(rig.screen().contains("score ▲1") && rig.screen().contains("active ▲2"), "{}", rig.screen());
    rig.key("A");
    assert!(rig.screen().contains("attributes"), "{}", rig.screen());
}

#[test]
fn sorting_many_rows_is_worked_out_while_keys_go_on_and_can_be_stopped() {
    let mut rig = with_people(30_000);
    rig.key("Right");
    let jobs = |turn: Turn| -> Vec<crate::rows::Job> {
        turn.effects
            .into_iter()
            .filter_map(|e| if let Effect::Work(job) = e { Some(job) } else { None })
            .collect()
    };
    let press = |rig: &mut Rig, key: &str| rig.app.key(key.parse::<Chord>().unwrap().event(), rig.at);
    let sorting = jobs(press(&mut rig, "s"));
    assert_eq!(sorting.len(), 1);
    assert!(rig.screen().contains("Profiles  30,000  sorting 0 %"), "{}", rig.screen());
    rig.key("Down");
    assert_eq!(rig.app.profiles.selected(), Some(1), "keys go on");
    rig.key("Esc");
    let mut steps = 0;
    for job in sorting {
        job.run(&mut |_| {
            steps += 1;
            true
        });
    }
    assert_eq!(steps, 0, "it was stopped");
    assert!(!rig.screen().contains('▲'), "{}", rig.screen());
}

/// The explorer's panel for writing, with this name typed into it.
fn naming(rows: usize, name: &std::path::Path) -> Rig {
    let mut rig = with_people(rows);
    rig.key("e");
    assert!(rig.screen().contains("profiles-20260304-1201.csv"), "{}", rig.screen());
    rig.key("Ctrl-U");
    rig.type_in(name.to_str().unwrap());
    rig
}

#[test]
fn what_is_shown_is_written_as_a_headless_run_writes_it() {
    let dir = tempfile::tempdir().unwrap();
    for (name, flat) in
        [("a.ndjson", false), ("a.json", false), ("a.csv", false), ("b.csv", true), ("a.parquet", false)]
    {
        let path = dir.path().join(name);
        let mut rig = naming(12_000, &path);
        if flat {
            rig.key("Ctrl-A");
            assert!(rig.screen().contains("[a column each]"), "{}", rig.screen());
        }
        rig.key("Enter");
        assert!(rig.screen().contains("12,000 rows are in"), "{}", rig.screen());
        let mut spec = Spec::new(crate::tui::saving::format_of(&path).unwrap(), FieldSet::ALL);
        spec.csv.flatten = flat;
        let mut writer = crate::export::Writer::new(Vec::new(), &spec).unwrap();
        for profile in crate::rows::fixture::profiles(0..12_000) {
            writer.row(&profile).unwrap();
        }
        let mut watch = |_| std::ops::ControlFlow::Continue(());
        let expected = writer.finish(crate::export::End::Whole, &mut watch).unwrap().out;
        let written = std::fs::read(&path).unwrap();
        if name.ends_with("parquet") {
            // The file also says when it was asked for, and what.
            assert!(written.starts_with(b"PAR1") && written.len() > expected.len(), "{}", written.len());
        } else {
            assert!(written == expected, "{name}");
        }
        rig.key("Enter");
        assert_eq!(rig.app.context(), Context::Profiles);
    }
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_said_twice_and_a_name_must_name_a_format() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.ndjson");
    std::fs::write(&path, "old").unwrap();
    let mut rig = naming(30, &path);
    rig.key("Enter");
    assert!(rig.screen().contains("is there already"), "{}", rig.screen());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    rig.key("Enter");
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 30);
    rig.key("Esc");
    let mut rig = naming(30, &dir.path().join("a.xls"));
    rig.key("Enter");
    assert!(rig.screen().contains("end the name in .csv"), "{}", rig.screen());
    let mut rig = naming(30, &dir.path().join("nowhere/a.csv"));
    rig.key("Enter");
    assert!(rig.screen().contains("cannot be written"), "{}", rig.screen());
}

#[test]
fn only_the_rows_that_pass_are_written_in_the_order_that_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    let mut rig = with_people(500);
    for key in ["s", "s", "f"] {
        rig.key(key);
    }
    rig.type_in("last:byron 49");
    rig.key("Enter");
    rig.key("e");
    assert!(rig.screen().contains("[11 shown] all 500"), "{}", rig.screen());
    rig.key("Ctrl-U");
    rig.type_in(path.to_str().unwrap());
    rig.key("Enter");
    let written = std::fs::read_to_string(&path).unwrap();
    let ids: Vec<&str> = written.lines().skip(1).map(|line| &line[..12]).collect();
    assert_eq!((ids.len(), ids[0], ids[10]), (11, "PROF-0000499", "PROF-0000049"));
}
