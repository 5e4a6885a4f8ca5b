//! What is past retention, on a real terminal: the sign before a row, the warning of a filter, and old files that go
//! beside the explorer.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::pty::Pty;
use super::{CTRL_Q, ENTER, run};

#[test]
fn old_people_wear_a_sign_a_filter_is_warned_of_and_old_files_go_meanwhile() {
    let home = tempfile::tempdir().unwrap();
    let recordings = home.path().join("data/cxlens/recordings");
    fs::create_dir_all(&recordings).unwrap();
    let old = recordings.join("2020-01-01-1201.cxrec");
    fs::write(&old, "x").unwrap();
    let file = File::options().append(true).open(&old).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_577_880_000)).unwrap();
    // The sandbox's people were modified before 1 November 2026.
    let args = ["--retention-days", "1", "--filter", "modifiedDate le 2026-11-01"];
    let mut pty = Pty::start(home.path(), &args, (80, 24), &[]);
    pty.wait_for("! reaches past the 1");
    run(&mut pty);
    pty.wait_for("†PROF-001");
    pty.send(ENTER).wait_for("† past 1 day");
    pty.send(CTRL_Q).send(CTRL_Q);
    assert!(pty.end().0.success());
    assert!(!old.exists());
    let trail =
        fs::read_dir(home.path().join("data/cxlens/audit")).unwrap().map(|entry| entry.unwrap().path());
    let months = trail.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    let said: String = months.map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(said.contains("\"event\":\"removed\"") && said.contains("2020-01-01-1201.cxrec"), "{said}");
}
