//! What else is written: exports, what is kept for the next session, the log; and the configuration that is read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use portable_pty::CommandBuilder;

use super::headless::{CXLENS, Home, Ran};
use super::machine::{own_disk, text, under};
use super::pty::{Pty, is_restored};
use super::{Service, binary, cxlens, on_own_disk};

#[test]
fn an_export_to_a_full_disk_keeps_what_was_written_and_names_it() {
    let Some(way) = own_disk("nothing is exported to a full disk") else { return };
    for name in ["people.ndjson", "people.csv", "people.json", "people.parquet"] {
        let (home, service) = (Home::new(), Service::start());
        let lines = format!(
            "\"$1\" query --segment SEG-ALL -o out/{name}; code=$?; cp -a out \"$HOME/copy\"; exit $code"
        );
        let ran = Ran::of(&mut on_own_disk(&way, &binary(&home, &service), "out", 16, &lines));
        ran.is(1, &["No space left on device", "make room, and run it again"]);
        let (file, partial) =
            (home.path("copy").join(name), home.path("copy").join(format!("{name}.partial")));
        assert!(!file.exists(), "half a file has no whole file's name: {}", ran.err);
        // A Parquet file without its end can be read by nobody.
        assert_eq!(partial.exists(), !name.ends_with("parquet"), "{}", ran.err);
        assert_eq!(
            partial.exists(),
            ran.err.contains(&format!("written is in out/{name}.partial")),
            "{}",
            ran.err
        );
        assert_eq!(ran.out, "");
        service.stop();
    }
}

/// `kill -9` while it is written: no file has the name of a whole one, and what is there can be read but for its last line.
#[test]
fn an_export_that_is_killed_leaves_what_it_wrote_under_its_partial_name() {
    let (home, service) = (Home::new(), Service::start());
    let gate = service.control.hold();
    // A token, and pages enough that some are not waiting to be written any more; the next is never answered.
    gate.let_through(1 + 8);
    let mut command = cxlens(
        &home,
        &service,
        &["query", "--segment", "SEG-ALL", "--concurrency", "1", "-o", "people.ndjson"],
    );
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let partial = home.path("people.ndjson.partial");
    while fs::metadata(&partial).map_or(0, |meta| meta.len()) == 0 {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None);
    drop(gate);
    assert!(!home.path("people.ndjson").exists());
    let kept = text(&partial);
    let whole = kept.rsplit_once('\n').unwrap().0;
    assert!(whole.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    // The name is free, and the next run takes the partial file's place.
    let mut again = cxlens(&home, &service, &["query", "--segment", "SEG-ALL", "-o", "people.ndjson"]);
    Ran::of(&mut again).is(0, &["wrote people.ndjson"]);
    assert_eq!(text(home.path("people.ndjson")).lines().count(), 500);
    service.stop();
}

#[test]
fn a_log_on_a_full_disk_stops_nothing() {
    let Some(way) = own_disk("nothing is logged on a full disk") else { return };
    let (home, service) = (Home::new(), Service::start());
    let lines = "\"$1\" query --id PROF-001 >/dev/null || exit 98\n\
                 head -c 1000000 /dev/zero >\"$XDG_STATE_HOME/filler\" 2>/dev/null\n\
                 CXLENS_LOG=trace \"$1\" query --segment SEG-ALL";
    let mut command = on_own_disk(&way, &binary(&home, &service), "\"$XDG_STATE_HOME\"", 64, lines);
    let ran = Ran::of(command.env_remove("CXLENS_LOG"));
    ran.is(0, &["500 profiles"]);
    assert_eq!(ran.ids().len(), 500);
    service.stop();
}

/// A name that was given to a query, and no room to keep it: that is said, and the session goes on.
#[test]
fn what_cannot_be_kept_for_the_next_session_is_said() {
    let Some(way) = own_disk("nothing is kept on a full disk") else { return };
    let (home, service) = (Home::new(), Service::start());
    let kept = home.path("data/cxlens/explorer");
    fs::create_dir_all(&kept).unwrap();
    let mut command = CommandBuilder::new("unshare");
    command.args(&way);
    let script = format!(
        "mount -t tmpfs -o size=4k none {kept} || exit 99\n\
         head -c 100000 /dev/zero >{kept}/filler 2>/dev/null\n\
         exec \"$0\" --id PROF-001 --run",
        kept = kept.display()
    );
    command.args(["sh", "-c", &script, CXLENS]);
    let mut env = service.env();
    env.push(("PATH", "/usr/sbin:/usr/bin:/sbin:/bin".to_owned()));
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut pty = Pty::spawn(command, home.path("").as_path(), (120, 30), &env);
    pty.wait_for("Brightwater");
    let screen = pty.wait_for("not kept for the next session");
    assert!(screen.contains("No space left"), "{screen}");
    pty.send("\x11").send("\x11");
    let (status, raw) = pty.end();
    assert!(status.success() && is_restored(&raw), "{status:?}");
    service.stop();
}

#[test]
fn a_stdout_that_closes_is_a_quiet_end_in_every_format() {
    let (home, service) = (Home::new(), Service::start());
    for format in ["ndjson", "json", "csv", "table"] {
        for lines in ["\"$@\" | head -n 1", "\"$@\" | true", "\"$@\" >&-", "\"$@\" <&-"] {
            let (query, reader) = lines.split_once(" | ").unwrap_or((lines, "cat"));
            let line = format!(
                "exec 3>\"$HOME/code\"; {{ {{ {query}; echo $? >&3; }} | {reader}; }} 2>\"$HOME/err\""
            );
            let query = cxlens(&home, &service, &["query", "--segment", "SEG-ALL", "--format", format]);
            let first = ["-c".to_owned(), line.clone(), "sh".to_owned()];
            let mut command = under("sh", &first, &query);
            let output = command.env("PATH", "/usr/bin:/bin").stdout(Stdio::null()).output().unwrap();
            assert!(output.status.success(), "{line}: {output:?}");
            assert_eq!(text(home.path("code")), "0\n", "{format}: {line}: {}", text(home.path("err")));
            let said = text(home.path("err"));
            assert!(!said.contains("error") && !said.contains("panic"), "{format}: {line}: {said}");
        }
    }
    home.run(["audit", "verify"]).is(0, &[]);
    service.stop();
}

/// Nobody hears what it would say: it ends all the same, and as it should.
#[test]
fn a_stderr_that_is_closed_changes_no_exit_code() {
    let (home, service) = (Home::new(), Service::start());
    for (args, code) in [(&["query", "--id", "PROF-001"][..], 0), (&["query", "--bogus"], 2), (&["query"], 2)]
    {
        let first = ["-c".to_owned(), "\"$@\" 2>&-".to_owned(), "sh".to_owned()];
        let mut command: Command = under("sh", &first, &cxlens(&home, &service, args));
        assert_eq!(command.stdout(Stdio::null()).status().unwrap().code(), Some(code), "{args:?}");
    }
    service.stop();
}

#[test]
fn a_configuration_that_is_no_good_is_refused_with_its_place() {
    let home = Home::new();
    for (words, toml) in [
        (&["config.toml:2", "concurency", "concurrency"][..], "[tenants.acme]\nconcurency = 5\n"),
        (&["config.toml:2", "many"], "[tenants.acme]\npage_size = \"many\"\n"),
        (&["config.toml:1"], "[tenants.acme\n"),
    ] {
        home.file("config/cxlens/config.toml", toml);
        let ran = home.run(["query", "--id", "A", "--sandbox"]);
        ran.is(2, words);
        assert_eq!(ran.out, "");
    }
    let path = home.path("config/cxlens/config.toml");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    home.run(["query", "--id", "A", "--sandbox"]).is(2, &["config.toml"]);
    fs::remove_dir(&path).unwrap();
    home.file(
        "config/cxlens/config.toml",
        "[tenants.acme]\nclient_id = \"me\"\nclient_secret = \"not-a-real-secret\"\n",
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = home.run(["query", "--id", "A", "--tenant", "acme"]);
    ran.is(2, &["config.toml", "600"]);
    assert!(!ran.err.contains("not-a-real-secret"), "{}", ran.err);
}
