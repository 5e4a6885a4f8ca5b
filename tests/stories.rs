//! What people come for, each from the first key to what they wanted to see: the real binary on a real terminal, over
//! the sandbox.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "a deadline for a screen that never comes")]

#[path = "support/pty.rs"]
#[expect(dead_code, reason = "what other tests look at")]
mod pty;

use std::fs;
use std::path::Path;

use pty::Pty;

const CTRL_F: &str = "\x06";
const CTRL_Q: &str = "\x11";
const CTRL_R: &str = "\x12";
const CTRL_U: &str = "\x15";
const ENTER: &str = "\r";
const ESC: &str = "\x1b";

const SIZE: (u16, u16) = (100, 30);

/// The explorer with rows in its table.
fn with_rows(home: &Path, args: &[&str]) -> Pty {
    let mut pty = Pty::start(home, args, SIZE, &[]);
    pty.wait_for("Ctrl-R run");
    pty.send(CTRL_R).wait_for("PROF-0000004");
    pty
}

/// Leaves, whatever is still under way.
fn leave(mut pty: Pty) {
    pty.send(CTRL_Q).send(CTRL_Q);
    assert!(pty.end().0.success());
}

/// The lines of the audit trail.
fn trail(home: &Path) -> String {
    let directory = home.join("data/cxlens/audit");
    let files = fs::read_dir(&directory).into_iter().flatten().filter_map(Result::ok);
    let lines = files.filter(|file| file.path().extension().is_some_and(|ending| ending == "jsonl"));
    lines.map(|file| fs::read_to_string(file.path()).unwrap()).collect()
}

#[test]
fn find_a_customer_from_a_phone_number_while_on_the_phone() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::start(home.path(), &[], SIZE, &[]);
    pty.wait_for("Ctrl-F find person");
    pty.send(CTRL_F).wait_for("a phone number");
    pty.send("07700-900 102").wait_for("ends with 0900102");
    let screen = pty.send(ENTER).wait_for("PROF-002");
    assert!(screen.contains("Kofi"), "{screen}");
    pty.send(ENTER).wait_for("from \"+44 7700 900102\"");
    leave(pty);
}

#[test]
fn see_why_a_field_is_empty() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = with_rows(home.path(), &["explore", "--fields", "id,email"]);
    pty.send(ENTER).wait_for("Profile PROF-001");
    pty.send("j").wait_for("Not asked for: tick it");
    leave(pty);
}

#[test]
fn find_out_why_a_query_is_slow() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = with_rows(home.path(), &[]);
    // Ten requests a second is what the service allows.
    pty.send("2").wait("where the time went", |screen| {
        screen.contains(" behind the") && screen.contains("limit of 10") && screen.contains("at the server")
    });
    leave(pty);
}

#[test]
fn compare_two_people() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = with_rows(home.path(), &[]);
    pty.send("d").wait_for("PROF-001 is held");
    // Between the cursor and the ID there may be room for the mark of rows that are past retention.
    let next = |screen: &str| ["", " ", "†"].iter().any(|mark| screen.contains(&format!("▌{mark}PROF-002")));
    pty.send("j").wait("the next row", next);
    let screen = pty.send("d").wait_for("~ attributes.plan");
    let line = screen.lines().find(|line| line.contains("attributes.plan")).expect("the plan differs");
    assert!(line.contains("gold") && line.contains("silver"), "{line}");
    leave(pty);
}

#[test]
fn export_the_marked_ones() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = with_rows(home.path(), &[]);
    pty.send("  ").wait_for("2 marked");
    pty.send("e").wait_for("[2 marked]");
    let file = home.path().join("two.csv");
    pty.send(CTRL_U).send(file.to_str().unwrap()).wait_for("two.csv");
    pty.send(ENTER).wait_for("2 rows are in");
    let written = fs::read_to_string(&file).unwrap();
    let ids: Vec<&str> = written.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(ids, ["id", "PROF-001", "PROF-002"]);
    pty.send(ESC).wait("the dialogue closed", |screen| !screen.contains("rows are in"));
    leave(pty);
}

#[test]
fn reveal_a_masked_email() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = with_rows(home.path(), &[]);
    pty.wait_for("customer1@");
    pty.send("m")
        .wait("no address is seen", |screen| screen.contains("MASKED") && !screen.contains("customer"));
    let screen = pty.send("lll").send("M").wait_for("recorded in the audit trail");
    assert!(screen.contains("customer1@") && !screen.contains("customer2@"), "{screen}");
    let trail = trail(home.path());
    assert!(trail.contains("\"event\":\"reveal\"") && trail.contains("\"email\""), "{trail}");
    assert!(!trail.contains("customer1"), "the trail says that it was seen, and not what");
    leave(pty);
}

#[test]
fn survive_a_429_storm() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::start(home.path(), &[], SIZE, &[]);
    // The faults are the sandbox's: it must be there.
    pty.wait_for("plan at least");
    pty.send(":").wait_for("Commands");
    pty.send("fault retry-after-seconds").wait_for("The second and third page");
    pty.send(ENTER).wait_for("the fault is on");
    pty.send("3").send(CTRL_R).wait_for("said Retry-After: 1");
    // It is waited out, and the rows come.
    pty.wait("it goes on", |screen| screen.contains("gate      open") && screen.contains("PROF-0000004"));
    pty.wait_for("2 of 2, over");
    leave(pty);
}
