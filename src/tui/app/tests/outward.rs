//! What goes to programs outside: shell commands, pager, editor, and whoever waits for a choice.

use super::*;
use crate::tui::kept::Kept;
use crate::tui::outside::Which;
use crate::tui::pipe::Piped;

fn with_rows() -> Rig {
    let mut rig = Rig::running();
    rig.event(events::page(1, 1, 3));
    rig
}

fn typed(rig: &mut Rig, line: &str) {
    for c in line.chars() {
        rig.key(&if c == ' ' { "Space".to_owned() } else { c.to_string() });
    }
}

fn piped(rig: &mut Rig, number: u64, piped: Piped) {
    let turn = rig.app.piped(number, piped);
    rig.take(turn);
}

#[test]
fn rows_go_through_a_command_whose_output_is_shown_and_copied() {
    let mut rig = with_rows();
    rig.key("|");
    assert!(rig.screen().contains("reads 3 rows as NDJSON"), "{}", rig.screen());
    rig.key("Enter");
    assert!(rig.screen().contains("type a command"), "{}", rig.screen());
    typed(&mut rig, "wc -l");
    rig.key("Enter");
    let [piping] = rig.piped.as_slice() else { panic!("{:?}", rig.piped) };
    let (number, mut lines) = (piping.number, Vec::new());
    piping.given.write(&mut lines).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!((piping.command.as_str(), lines.lines().count()), ("wc -l", 3));
    assert!(lines.lines().all(|line| line.starts_with('{') && line.contains("first_name")), "{lines}");
    assert!(rig.screen().contains("| wc -l") && rig.screen().contains("running…"), "{}", rig.screen());
    assert_eq!(rig.kept.len(), 1, "the line is kept");
    piped(&mut rig, number, Piped::Out(b"3\n".to_vec()));
    piped(&mut rig, number + 1, Piped::Out(b"stale\n".to_vec()));
    piped(&mut rig, number, Piped::Ended("exit status: 0".to_owned(), true));
    let screen = rig.screen();
    assert!(screen.contains("ended: exit status: 0") && !screen.contains("stale"), "{screen}");
    rig.key("y y");
    assert_eq!(rig.copied, ["3\n"]);
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Profiles);
    rig.key("| Up");
    assert!(rig.screen().contains("wc -l"), "it is brought back: {}", rig.screen());
}

#[test]
fn esc_stops_a_command_and_closes_it_when_it_is_over() {
    let mut rig = with_rows();
    rig.key("|");
    typed(&mut rig, "yes");
    rig.key("Enter");
    let stop = rig.piped[0].stop.clone();
    rig.key("Esc");
    assert!(stop.is_cancelled() && rig.app.context() == Context::Output);
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Profiles);
    assert!(rig.cancels().is_empty(), "the run went on");
}

#[test]
fn an_open_profile_goes_out_as_it_is_shown() {
    let mut rig = with_rows();
    rig.key("Enter");
    rig.key("|");
    assert!(rig.screen().contains("reads the profile, as JSON"), "{}", rig.screen());
    rig.key("Esc o r E");
    let texts: Vec<_> = rig
        .visits
        .iter()
        .map(|visit| {
            let mut text = Vec::new();
            visit.given.write(&mut text).unwrap();
            (visit.which, String::from_utf8(text).unwrap())
        })
        .collect();
    assert!(texts[0].0 == Which::Pager && texts[0].1.contains("\"first_name\""), "{texts:?}");
    assert!(texts[1].0 == Which::Editor && texts[1].1.contains("\"firstName\""), "as received: {texts:?}");
}

#[test]
fn without_a_row_nothing_goes_out() {
    let mut rig = Rig::running();
    rig.key("|");
    rig.key("o E");
    assert!(rig.visits.is_empty() && rig.app.overlay.is_none());
}

#[test]
fn lines_of_earlier_sessions_are_brought_back() {
    let directory = tempfile::tempdir().unwrap();
    let kept = Kept::within(directory.path().into());
    std::fs::write(directory.path().join("pipes"), "first\nsecond\nfirst\n").unwrap();
    let mut rig = with_rows();
    let _ = rig.app.remember(&kept);
    rig.key("| Up");
    assert!(rig.screen().contains("first"), "{}", rig.screen());
    rig.key("Up");
    assert!(rig.screen().contains("second"), "{}", rig.screen());
    assert!(!rig.key("Up"), "each stands there once");
}

#[test]
fn a_choice_is_given_to_whoever_waits_for_it() {
    let segments = vec!["SEG-PREMIUM-01".to_owned()];
    let draft = Draft { segments, ..Draft::default() };
    let mut rig = Rig::with(|start| Start { draft, picks: true, keys: Keymap::default().picking(), ..start });
    rig.event(events::ready());
    rig.key("Ctrl-R Enter");
    assert!(rig.printed.is_none(), "there is nothing to choose yet");
    rig.event(events::page(1, 1, 3));
    assert!(rig.screen().contains("Enter take it"), "{}", rig.screen());
    rig.key("Alt-Enter");
    assert_eq!(rig.app.context(), Context::Detail);
    rig.key("Esc Enter");
    assert_eq!(rig.printed, rig.app.profiles.id(0));

    let mut rig = with_rows();
    let turn = rig.app.act(Action::Pick, rig.at);
    rig.take(turn);
    assert!(rig.printed.is_none() && rig.screen().contains("--print"), "{}", rig.screen());
}

#[test]
fn a_copy_that_cannot_be_made_says_what_to_do_instead() {
    let mut rig = with_rows();
    let turn = rig.app.not_copied("80 KB are more than a terminal takes");
    rig.take(turn);
    let screen = rig.screen();
    assert!(screen.contains("80 KB") && screen.contains("e writes rows to a file"), "{screen}");
}
