//! A recording that is made, and one that is replayed: what is said, and that nobody is asked.

use super::*;
use crate::engine::event::replay::{Played, Replay, Stands, Steer, What as Played_};
use crate::engine::recording::{Header, Recording};

fn header() -> Header {
    Header {
        cxlens_recording: 1,
        tool: "cxlens 0.1.0".into(),
        at: events::NOON.parse().unwrap(),
        tenant: "acme".into(),
        dialect: "crm-v2".into(),
        sandbox: false,
        personal_values_are_true: false,
    }
}

fn replaying() -> Rig {
    let mut rig = Rig::new(Draft::default());
    rig.app.replays(&header());
    rig.stands(false, false);
    rig
}

impl Rig {
    fn stands(&mut self, paused: bool, ended: bool) {
        let length = Duration::from_secs(100);
        let stands = Stands { since: self.at.now, length, lines: (3, 12), speed: 4.0, paused, ended };
        self.event(Event::Replay(Replay::Stands(stands)));
    }

    fn played(&mut self, what: Played_) {
        let Moment { now: at, wall } = self.at;
        self.event(Event::Played(Box::new(Played { at, wall, what })));
    }

    /// A run with one page, as it was recorded.
    fn play_a_run(&mut self) {
        let query = Draft { segments: vec!["SEG-A".into()], ..Draft::default() }.check().unwrap();
        self.played(Played_::Event(events::ready()));
        self.played(Played_::Command(Command::Run(QueryId(7), query, None)));
        self.played(Played_::Event(events::page(7, 1, 3)));
        self.played(Played_::Event(Event::Exchange(Arc::new(events::exchange(1, 200, 23)))));
    }
}

#[test]
fn what_was_done_then_is_shown_and_nothing_of_it_is_done_again() {
    let mut rig = replaying();
    rig.play_a_run();
    let screen = rig.screen();
    for shown in ["REPLAY", "0:00/1:40", "×4", "stand-ins", "SEG-A", "PROF-0000101", "contacts page 1"] {
        assert!(screen.contains(shown), "{shown}:\n{screen}");
    }
    rig.played(Played_::Event(Event::Finished(QueryId(7), events::summary(Status::Success, 3))));
    assert!(rig.commands.is_empty() && rig.kept.is_empty(), "{:?}", rig.commands);
}

#[test]
fn nobody_is_asked_whatever_is_typed() {
    let mut rig = replaying();
    rig.play_a_run();
    rig.played(Played_::Event(Event::Failed(
        QueryId(7),
        events::summary(Status::Partial, 3),
        events::gateway_error(),
    )));
    // Every key there is, with the error panel open and without.
    for entry in TABLE.iter().filter(|entry| !matches!(entry.action, Action::Quit | Action::Suspend)) {
        for keys in entry.keys {
            rig.key(keys);
        }
    }
    let asked =
        rig.commands.iter().find(|command| !matches!(command, Command::Replay(_) | Command::Plan(..)));
    assert!(asked.is_none(), "{asked:?}");
    rig.key("Esc");
    rig.key("Ctrl-R");
    let screen = rig.screen();
    assert!(screen.contains("nobody is asked"), "{screen}");
}

#[test]
fn it_is_steered_by_keys() {
    let mut rig = replaying();
    rig.commands.clear();
    for key in ["F6", "F7", "Alt-Left", "Alt-Right", "Alt-Down", "Alt-Up"] {
        rig.key(key);
    }
    let ten = Duration::from_secs(10);
    let steers =
        [Steer::Pause, Steer::Step, Steer::Back(ten), Steer::Forward(ten), Steer::Slower, Steer::Faster];
    let sent: Vec<_> = rig
        .commands
        .iter()
        .map(|command| match command {
            Command::Replay(steer) => *steer,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sent, steers);
    rig.stands(true, false);
    assert!(rig.screen().contains("paused 3/12"), "{}", rig.screen());
    rig.stands(true, true);
    assert!(rig.screen().contains("ended"), "{}", rig.screen());
    // Outside of a replay they say so.
    let mut rig = Rig::ready();
    rig.key("F6");
    assert!(rig.commands.is_empty() && rig.screen().contains("nothing is replayed"), "{}", rig.screen());
}

#[test]
fn going_back_shows_the_beginning() {
    let mut rig = replaying();
    let before = rig.screen();
    rig.play_a_run();
    rig.event(Event::Replay(Replay::Anew));
    rig.stands(false, false);
    let line = |screen: &str| screen.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let (now, then) = (line(&rig.screen()), line(&before));
    assert_eq!(now[..now.len() - 1], then[..then.len() - 1]);
    rig.play_a_run();
    assert!(rig.screen().contains("PROF-0000101"), "{}", rig.screen());
}

#[test]
fn a_damaged_line_is_told_and_what_came_stays() {
    let mut rig = replaying();
    rig.play_a_run();
    let error = Error::new(Kind::Local, "a.cxrec:17", "it is no JSON", "ask for it again");
    rig.event(Event::Replay(Replay::Damaged(error)));
    assert!(rig.screen().contains("a.cxrec:17"), "{}", rig.screen());
    rig.key("Esc");
    assert!(rig.screen().contains("PROF-0000101"), "{}", rig.screen());
}

#[test]
fn the_line_moves_with_the_time_of_the_replay_and_stands_still_with_it() {
    let mut rig = replaying();
    let from = rig.at;
    rig.at.now += Duration::from_millis(64_300);
    assert!(rig.screen().contains("1:04/1:40"), "{}", rig.screen());
    assert_eq!(rig.app.next_change(rig.at), Some(from.now + Duration::from_secs(65)));
    let at = std::mem::replace(&mut rig.at, from);
    rig.stands(true, false);
    assert_eq!(rig.app.next_change(at), None);
}

#[test]
fn a_key_begins_a_recording_and_ends_it() {
    let mut rig = Rig::ready();
    rig.key("F4");
    assert!(rig.recorded.is_empty(), "nowhere to put it");
    rig.app.records_in("/home/me/recordings".into());
    rig.key("F4");
    rig.key("F4");
    let path = std::path::PathBuf::from("/home/me/recordings/acme-20260304-120104.cxrec");
    assert_eq!(rig.recorded, [Some(path.clone())], "asked for once");
    rig.event(Event::Recording(Recording::Begun { path: path.clone(), true_values: false }));
    let screen = rig.screen();
    assert!(screen.contains(" REC ") && screen.contains("stand-ins"), "{screen}");
    rig.key("F4");
    assert_eq!(rig.recorded.last(), Some(&None));
    rig.event(Event::Recording(Recording::Whole { path, bytes: 1_200_000 }));
    let screen = rig.screen();
    assert!(!screen.contains(" REC ") && screen.contains("recorded, 1.2 MB"), "{screen}");
}

#[test]
fn a_recording_that_is_lost_is_told_and_the_session_goes_on() {
    let mut rig = Rig::running();
    let path = std::path::PathBuf::from("/a.cxrec");
    rig.event(Event::Recording(Recording::Begun { path, true_values: true }));
    assert!(rig.screen().contains("TRUE"), "{}", rig.screen());
    let error =
        Error::new(Kind::Local, "the recording /a.cxrec ended early", "No space left on device", "free some");
    rig.event(Event::Recording(Recording::Lost(error)));
    let screen = rig.screen();
    assert!(screen.contains("ended early") && !screen.contains(" REC "), "{screen}");
    rig.key("Esc");
    rig.event(events::page(1, 1, 3));
    assert!(rig.screen().contains("PROF-0000101"), "{}", rig.screen());
}
