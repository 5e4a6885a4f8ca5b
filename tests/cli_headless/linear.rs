//! The explorer as lines of text, as the real binary against a real sandbox: what a script gets for its commands.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use super::headless::{Home, Ran, Service, mode, send};
use cxlens::engine::text::is_dangerous;
use rustix::process::Signal;

/// What comes of a script, from a service of its own.
fn told(home: &Home, service: &Service, script: &str) -> Ran {
    let mut command = home.cxlens(["--linear"]);
    command.envs(service.env());
    let ran = Ran::fed(&mut command, script.as_bytes());
    assert!(!ran.out.chars().any(|c| c != '\n' && is_dangerous(c)), "{:?}", ran.out);
    ran
}

/// Each of these lines stands there, in this order.
#[track_caller]
fn in_order(out: &str, lines: &[&str]) {
    let mut rest = out.lines();
    for line in lines {
        assert!(rest.any(|told| told.starts_with(line)), "no {line:?} in its place:\n{out}");
    }
}

#[test]
fn a_script_finds_reads_sorts_and_writes() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let ran = told(
        &home,
        &service,
        "segment SEG-ALL\nplan\nrun\nrows 2 2\nsort id down\nrows 1 1\nwhere id=PROF-001\nopen 1\nnext\nprevious\n\
         where\nsort none\nlog 1\nlimits\nlatency\nexport people.csv\nexport people.csv\nexport people.txt\n",
    );
    ran.is(0, &[]);
    in_order(
        &ran.out,
        &[
            "Connected to tenant ",
            "The query asks for nobody yet",
            "help says",
            "Segments: SEG-ALL.",
            "The plan: at least 1 request",
            "Running.",
            "Page 1: 50 rows of 500.",
            "20 percent: 100 rows of 500.",
            "90 percent: 450 rows of 500.",
            "Done: 500 rows in ",
            "Nothing is missing.",
            "Row 2: id ",
            "Row 3: id ",
            "Rows 2 to 3 of 500.",
            "Sorted down by id.",
            "Row 1: id PROF-",
            "1 of 500 rows pass.",
            "Profile 1 of 1.",
            "id: PROF-001",
            "email: customer1@example.com, lower-cased from \"Customer1@Example.com\"",
            "attributes.score: 21, from \"21\"",
            "There is no row 2: there is 1 row.",
            "This is the first profile.",
            "No filter: 500 rows.",
            "In the order in which they came.",
        ],
    );
    in_order(
        &ran.out,
        &[
            "contacts: 10 requests; half took at most",
            "Written: 500 rows to people.csv.",
            "Error: people.csv",
            "What to do: ",
            "The name of the file says no format",
        ],
    );
    assert_eq!(fs::read_to_string(home.path("people.csv")).unwrap().lines().count(), 501);
    assert_eq!(mode(&home.path("people.csv")), 0o600);
}

#[test]
fn a_person_is_found_by_what_is_known_of_them() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let ran =
        told(&home, &service, "find customer1@example.com\nopen 1\nfind nobody@example.invalid\nfind\n");
    in_order(
        &ran.out,
        &[
            "Taken for an e-mail address:",
            "Running.",
            "Done: 1 row",
            "id: PROF-001",
            "Done: 0 rows",
            "Nobody is like that. find with nothing behind it takes it for ",
            "Taken for ",
        ],
    );
}

#[test]
fn what_is_wrong_is_said_and_the_script_goes_on() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let script = "rnu\nopen x\nopen 1\nrun\nfields shoe\nfilter email eq\nrun\nsort shoe\nrows\nreveal email\nstop\nmore\n";
    let ran = told(&home, &service, script);
    in_order(
        &ran.out,
        &[
            "There is no command \"rnu\". Did you mean run?",
            "\"x\" is no number from 1 on",
            "There is no row 1: there are no rows.",
            "Error: query.",
            "Cause: it has no target",
            "What to do: name at least one",
            "Error: ",
            "Filter: email eq.",
            "There is no column \"shoe\"",
            "There are no rows.",
            "No profile is open",
            "No run is going.",
        ],
    );
    assert!(ran.code != Some(0), "the last run failed: {}", ran.out);
}

#[test]
fn masked_values_are_revealed_one_at_a_time_and_recorded() {
    let (home, service) = (Home::new(), Service::start(&[]));
    home.file("config/cxlens/config.toml", "[explorer]\nmask = true\n");
    let ran = told(
        &home,
        &service,
        "ids PROF-001\nrun\nrows\nopen 1\nreveal email\nexport p.json\nmask off\nopen 1\n",
    );
    ran.is(0, &[]);
    let (masked, shown) =
        ran.out.split_once("Personal values are told; recorded in the audit trail.").unwrap();
    in_order(
        masked,
        &["Personal values are masked.", "Row 1: id PROF-001, first name A**#", "email: c**@**.com#"],
    );
    in_order(masked, &["email: customer1@example.com", "Recorded in the audit trail.", "Written: 1 row"]);
    assert_eq!(masked.matches("customer1").count(), 1, "{masked}");
    assert!(!masked.contains("Customer1") && !masked.contains("Brightwater") && !masked.contains("15550101"));
    assert!(shown.contains("Brightwater"));

    let trail = home.run(["audit", "show", "--format", "ndjson"]).out;
    let events: Vec<String> = trail
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|entry| format!("{} {} {}", entry["event"], entry["ids"], entry["rows"]).replace('"', ""))
        .collect();
    assert_eq!(events, ["intent 1 0", "query 1 1", "reveal 1 1", "export 0 1", "reveal 0 0"]);
    assert!(!trail.contains("customer1") && !trail.contains("PROF-001"), "{trail}");
    let shown = home.run(["audit", "show"]);
    assert!(
        shown.out.contains("  reveal  personal values  ") && shown.out.contains(": email\n"),
        "{}",
        shown.out
    );
}

#[test]
fn a_trail_that_cannot_be_written_keeps_values_masked() {
    let (home, service) = (Home::new(), Service::start(&[]));
    home.file("config/cxlens/config.toml", "[explorer]\nmask = true\n");
    let mut command = home.cxlens(["--linear"]);
    let mut child = command.envs(service.env()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut to, mut from) =
        (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    to.write_all(b"ids PROF-001\nrun\nopen 1\n").unwrap();
    assert!(from.any(|line| line.unwrap().starts_with("modified date: ")));
    // A directory in the file's place.
    let trail = home.path("data/cxlens/audit");
    let file = fs::read_dir(&trail).unwrap().map(|file| file.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|e| e == "jsonl")).unwrap();
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    to.write_all(b"reveal email\nexport p.json\nmask off\nopen 1\n").unwrap();
    drop(to);
    let rest: Vec<String> = from.map(Result::unwrap).collect();
    child.wait().unwrap();
    let rest = rest.join("\n");
    assert_eq!(rest.matches("Nothing is disclosed").count(), 3, "{rest}");
    assert!(!rest.contains("customer1") && !home.path("p.json").exists(), "{rest}");
}

#[test]
fn throttling_and_failures_are_told_with_their_waits_and_remedies() {
    let (home, service) =
        (Home::new(), Service::start(&["--rate-limit", "5/s", "--burst", "5", "--fault", "503-once"]));
    let ran = told(&home, &service, "segment SEG-ALL\nlimit 400\nrun\n");
    ran.is(0, &[]);
    in_order(
        &ran.out,
        &[
            "Running.",
            "Tried in vain, contacts page ",
            "Done: 400 rows",
            "The limit is 400: there are 100 more.",
        ],
    );
}

#[test]
fn ctrl_c_stops_the_run_and_then_the_session() {
    let (home, service) = (Home::new(), Service::start(&["--latency", "300ms", "--profiles", "5000"]));
    let mut command = home.cxlens(["--linear", "--segment", "SEG-ALL", "--run"]);
    let mut child = command.envs(service.env()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("Page 1: ")));
    send(&child, Signal::INT);
    for line in ["Stopping.", "Stopped: ", "more goes on from there"] {
        assert!(lines.any(|told| told.starts_with(line)), "{line}");
    }
    // What came can be read, and it goes on.
    child.stdin.as_mut().unwrap().write_all(b"rows 1 1\n").unwrap();
    assert!(lines.any(|line| line.starts_with("Rows 1 to 1 of ")));
    send(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn hostile_people_are_told_clean() {
    let (home, service) = (Home::new(), Service::start(&["--profiles", "3000"]));
    let script = format!("segment SEG-ALL\nrun\nrows 1 3000\n{}", "next\n".repeat(400));
    // `told` looks at every character.
    let ran = told(&home, &service, &script);
    assert!(ran.out.contains("Rows 1 to 3000 of 3,000.") && ran.out.contains("Profile 400 of 3,000."));
    let ran = told(&home, &service, "find \u{1b}[2J\u{202e}x\nfilter \u{1b}]52;c;aGk=\u{7}\n\u{9b}31m\n");
    assert!(ran.out.contains("There is no command"), "{}", ran.out);
}
