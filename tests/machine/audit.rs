//! The audit trail: no request without its entry, whatever the disk does; one chain, whoever writes and whoever meddles.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use cxlens::engine::audit::{Hasher, verify};
use portable_pty::CommandBuilder;

use super::headless::{CXLENS, Home, Ran};
use super::machine::{has_strace, loud, own_disk, strace, text, under};
use super::pty::{Pty, is_restored};
use super::{Service, binary, cxlens, on_own_disk};

/// What a person is told whose query was not asked.
const CLOSED: &str = "no request is sent without an audit entry";
/// Queries that are tried on a disk without room.
const TRIES: usize = 8;

fn trail(home: &Home) -> PathBuf {
    home.path("data/cxlens/audit")
}

/// The one file of the trail.
fn file(home: &Home) -> PathBuf {
    let names = fs::read_dir(trail(home)).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|e| e == "jsonl")).max().unwrap()
}

/// Whether a trail holds the intent for an ID.
fn has_intent(dir: &std::path::Path, id: &str) -> bool {
    let hash = Hasher::kept(dir).unwrap().hash(id);
    let lines: String = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .map(text)
        .collect();
    lines.lines().any(|line| line.contains("\"event\":\"intent\"") && line.contains(&hash))
}

/// The same query again and again while the last page of the file fills up: some have room for their intent alone, and
/// then none has room for anything.
#[test]
fn on_a_full_disk_nothing_is_asked_without_its_entry() {
    let Some(way) = own_disk("no query is tried on a full disk") else { return };
    let (home, service) = (Home::new(), Service::start());
    let lines = format!(
        "\"$1\" query --id FIRST >/dev/null 2>&1 || exit 98\n\
         head -c 1000000 /dev/zero >\"$XDG_DATA_HOME/filler\" 2>/dev/null\n\
         for turn in $(seq {TRIES}); do\n\
         \"$1\" query --id TRY-$turn >\"$HOME/out$turn\" 2>\"$HOME/err$turn\"; echo $? >\"$HOME/code$turn\"\n\
         done\n\
         cp -a \"$XDG_DATA_HOME/cxlens/audit\" \"$HOME/copy\"\n\
         rm \"$XDG_DATA_HOME/filler\"\n\
         \"$1\" query --id LAST >/dev/null 2>\"$HOME/err\" && cp -a \"$XDG_DATA_HOME/cxlens/audit\" \"$HOME/after\""
    );
    let ran = Ran::of(&mut on_own_disk(&way, &binary(&home, &service), "\"$XDG_DATA_HOME\"", 64, &lines));
    ran.is(0, &[]);
    let copy = home.path("copy");
    verify(&copy, None).unwrap_or_else(|bad| panic!("{bad:?}"));
    for turn in 1..=TRIES {
        let id = format!("TRY-{turn}");
        let (asked, recorded) = (service.was_asked_for(&id), has_intent(&copy, &id));
        assert_eq!(asked, recorded, "{id}");
        let said = text(home.path(&format!("err{turn}")));
        let failed = text(home.path(&format!("code{turn}"))) != "0\n";
        assert_eq!(failed, said.contains("No space left on device"), "{id}: {said}");
        assert_eq!(said.matches(CLOSED).count(), usize::from(failed), "{id}: {said}");
        assert!(!failed || text(home.path(&format!("code{turn}"))) == "1\n", "{id}: {said}");
    }
    let last = format!("TRY-{TRIES}");
    assert!(!service.was_asked_for(&last), "there was no room in the end");
    assert_eq!(text(home.path(&format!("out{TRIES}"))), "");
    assert!(service.was_asked_for("LAST"), "with room again, it is asked again: {}", text(home.path("err")));
    verify(&home.path("after"), None).unwrap_or_else(|bad| panic!("{bad:?}"));
    service.stop();
}

#[test]
fn on_a_disk_that_is_full_from_the_start_or_read_only_nothing_is_asked() {
    let Some(way) = own_disk("no query is tried on a read-only disk") else { return };
    let fill = "head -c 1000000 /dev/zero >\"$XDG_DATA_HOME/filler\" 2>/dev/null";
    let read_only = "mount -o remount,ro \"$XDG_DATA_HOME\" || exit 97";
    let used = format!("\"$1\" query --id FIRST >/dev/null 2>&1 || exit 98\n{read_only}");
    for (what, lines, words) in
        [("full", fill, "No space"), ("read-only", read_only, "Read-only"), ("in use", &used, "Read-only")]
    {
        let (home, service) = (Home::new(), Service::start());
        let lines = format!("{lines}\n\"$1\" query --id PROF-001");
        let ran = Ran::of(&mut on_own_disk(&way, &binary(&home, &service), "\"$XDG_DATA_HOME\"", 64, &lines));
        ran.is(1, &[words, CLOSED]);
        assert_eq!(ran.err.matches(CLOSED).count(), 1, "{what}: {}", ran.err);
        assert_eq!(ran.out, "", "{what}");
        assert!(!service.was_asked_for("PROF-001"), "{what}");
        assert!(what == "in use" || service.requests() == 0, "{what}: not even for a token");
        service.stop();
    }
}

#[test]
fn where_the_intent_cannot_be_written_nothing_is_asked() {
    if !has_strace("no call on the audit trail is made to fail") {
        return;
    }
    for (call, error, words) in [
        ("write", "EIO", "Input/output error"),
        ("write", "ENOSPC", "No space left"),
        ("fsync", "EIO", "Input/output error"),
        ("fsync", "EDQUOT", "quota"),
        ("flock", "ENOLCK", "No locks"),
    ] {
        let (home, service) = (Home::new(), Service::start());
        Ran::of(&mut cxlens(&home, &service, &["query", "--id", "FIRST"])).is(0, &[]);
        let before = service.requests();
        let place = if call == "flock" { trail(&home).join("lock") } else { file(&home) };
        let args = strace(&[format!("{call}:error={error}")], &[place.to_str().unwrap().to_owned()]);
        let ran =
            Ran::of(&mut under("strace", &args, &cxlens(&home, &service, &["query", "--id", "PROF-001"])));
        ran.is(1, &[words, CLOSED]);
        assert_eq!(ran.err.matches(CLOSED).count(), 1, "{call} {error}: {}", ran.err);
        assert_eq!((ran.out.as_str(), service.requests()), ("", before), "{call} {error}");
        verify(&trail(&home), None).unwrap_or_else(|bad| panic!("{call} {error}: {bad:?}"));
        // The disk is well again.
        Ran::of(&mut cxlens(&home, &service, &["query", "--id", "PROF-001"])).is(0, &[]);
        verify(&trail(&home), None).unwrap_or_else(|bad| panic!("{call} {error}: {bad:?}"));
        service.stop();
    }
}

/// The rows were there before it was known that their end cannot be recorded: they are written, and it is said.
#[test]
fn where_the_end_cannot_be_written_that_is_said_and_the_intent_stands() {
    let (home, service) = (Home::new(), Service::start());
    Ran::of(&mut cxlens(&home, &service, &["query", "--id", "FIRST"])).is(0, &[]);
    let gate = service.control.hold();
    let mut command = cxlens(&home, &service, &["query", "--id", "PROF-001"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    service.runtime.block_on(service.control.wait_until(|counters| counters.held == 1));
    // It asks already. Now the file cannot be opened any more.
    let (file, aside) = (file(&home), home.path("aside"));
    fs::rename(&file, &aside).unwrap();
    fs::create_dir(&file).unwrap();
    gate.release();
    let ran = Ran::from(child.wait_with_output().unwrap());
    ran.is(1, &["audit entry could not be written", file.file_name().unwrap().to_str().unwrap()]);
    assert_eq!(ran.ids(), ["PROF-001"]);
    fs::remove_dir(&file).unwrap();
    fs::rename(&aside, &file).unwrap();
    assert!(has_intent(&trail(&home), "PROF-001"));
    verify(&trail(&home), None).unwrap_or_else(|bad| panic!("{bad:?}"));
    service.stop();
}

/// In the explorer it is a panel; with room on the disk again the same session goes on.
#[test]
fn the_explorer_says_in_a_panel_that_nothing_is_asked_and_goes_on() {
    let Some(way) = own_disk("the explorer is not shown a full disk") else { return };
    for used in [true, false] {
        let (home, service) = (Home::new(), Service::start());
        let data = home.path("data");
        fs::create_dir_all(&data).unwrap();
        let mut command = CommandBuilder::new("unshare");
        command.args(&way);
        let first = if used { "\"$0\" query --id FIRST >/dev/null 2>&1" } else { "true" };
        // Its last bytes too: what is appended finds no room in the last page.
        let script = format!(
            "mount -t tmpfs -o size=64k none \"$XDG_DATA_HOME\" || exit 99\n{first}\n\
             head -c 1000000 /dev/zero >\"$XDG_DATA_HOME/filler\" 2>/dev/null\n\
             while [ {used} = true ] && \"$0\" query --id MORE >/dev/null 2>&1; do :; done\n\
             while [ {used} = true ] && \"$0\" query --id MORE 2>/dev/null | grep -q .; do :; done\n\
             exec \"$0\" --id PROF-001 --run"
        );
        command.args(["sh", "-c", &script, CXLENS]);
        let mut env = service.env();
        env.push(("PATH", "/usr/sbin:/usr/bin:/sbin:/bin".to_owned()));
        let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut pty = Pty::spawn(command, home.path("").as_path(), (100, 30), &env);
        let screen = pty.wait("the panel", |screen| screen.contains("What to do"));
        assert!(screen.contains("No space left") && screen.contains("audit"), "{screen}");
        assert!(!service.was_asked_for("PROF-001"));
        pty.send("\x1b").wait("the panel closed", |screen| !screen.contains("What to do"));
        pty.send("?").wait_for("Help");
        pty.send("\x1b").wait("the help closed", |screen| !screen.contains("Help:"));
        // Its own view of the disk.
        let filler = format!("/proc/{}/root{}/filler", pty.id(), data.display());
        if let Err(error) = fs::remove_file(filler) {
            loud(&format!(
                "the explorer's disk cannot be seen from here ({error}): that it goes on is not tried"
            ));
            continue;
        }
        pty.send("\x12").wait_for("Brightwater");
        assert!(service.was_asked_for("PROF-001"));
        pty.send("\x11").send("\x11");
        let (status, raw) = pty.end();
        assert!(status.success() && is_restored(&raw), "{status:?}");
        service.stop();
    }
}

#[test]
fn two_processes_write_whole_entries_into_one_chain() {
    let (home, service) = (Home::new(), Service::start());
    std::thread::scope(|scope| {
        for process in 0..2 {
            let (home, service) = (&home, &service);
            scope.spawn(move || {
                for turn in 0..5 {
                    let id = format!("BOTH-{process}-{turn}");
                    Ran::of(&mut cxlens(home, service, &["query", "--id", &id])).is(0, &["audit head "]);
                }
            });
        }
    });
    let verified = verify(&trail(&home), None).unwrap_or_else(|bad| panic!("{bad:?}"));
    assert_eq!(verified.entries, 20, "an intent and an end for each");
    for (process, turn) in (0..2).flat_map(|process| (0..5).map(move |turn| (process, turn))) {
        assert!(has_intent(&trail(&home), &format!("BOTH-{process}-{turn}")));
    }
    let lines = text(file(&home));
    let ends: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of: BTreeSet<_> = ends.iter().filter_map(|entry| entry["of"].as_u64()).collect();
    assert_eq!(of.len(), 10, "each end is of an intent of its own");
    service.stop();
}

#[test]
fn an_entry_that_was_changed_removed_moved_or_cut_off_is_named() {
    let (home, service) = (Home::new(), Service::start());
    for id in ["A", "B"] {
        Ran::of(&mut cxlens(&home, &service, &["query", "--id", id])).is(0, &[]);
    }
    let kept = home.run(["audit", "verify"]);
    kept.is(0, &[]);
    let (path, head) = (file(&home), trail(&home).join("head"));
    let whole = text(&path);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let name = path.file_name().unwrap().to_str().unwrap();
    for (what, changed, line) in [
        ("changed", whole.replacen("\"rows\":0", "\"rows\":9", 1), 2),
        ("removed", [lines[0], lines[2], lines[3]].concat(), 2),
        ("moved", [lines[0], lines[2], lines[1], lines[3]].concat(), 2),
        ("cut", lines[..3].concat(), 4),
        ("cut in a line", whole[..whole.len() - 10].to_owned(), 4),
    ] {
        fs::write(&path, changed).unwrap();
        let ran = home.run(["audit", "verify"]);
        assert_eq!(ran.code, Some(1), "{what}: {}{}", ran.out, ran.err);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains(&format!("{name}:{line}")), "{what}: {said}");
    }
    // With the head file gone too, only one that was kept elsewhere tells.
    let end: serde_json::Value = serde_json::from_str(&text(&head)).unwrap();
    let end = format!("{}:{}", end["seq"], end["hash"].as_str().unwrap());
    fs::write(&path, lines[..2].concat()).unwrap();
    fs::remove_file(&head).unwrap();
    home.run(["audit", "verify"]).is(0, &[]);
    let ran = home.run(["audit", "verify", "--head", &end]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(format!("{}{}", ran.out, ran.err).contains(&format!("{name}:3")), "{}{}", ran.out, ran.err);
    service.stop();
}
