//! Profiles past retention, filters that reach for them, and our own files that are past their time: the real binary
//! against a real sandbox.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use cxlens::engine::audit::{Access, Audit, Removal, RemovalKind, User, Who};
use cxlens::engine::clock::Clock;
use jiff::{SignedDuration, Timestamp};

use super::headless::{Home, Ran, Service};
use super::segment;

fn now() -> Timestamp {
    Clock::system().wall()
}

/// Everybody, and a window that some of them are from before and some are not, whatever day it is.
struct People {
    days: String,
    /// The first day of the window.
    first: String,
    old: Vec<String>,
    lately: Vec<String>,
}

impl People {
    fn of(home: &Home, service: &Service) -> Self {
        let ran = home.ask(service, segment(&["--fields", "id,modifiedDate", "--retention-days", "100000"]));
        ran.is(0, &[]);
        let row = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let modified = row["modified_date"].as_str().map(|at| at.parse::<Timestamp>().unwrap());
            (row["id"].as_str().unwrap().to_owned(), modified)
        };
        let rows: Vec<_> = ran.out.lines().map(row).collect();
        let mut dates: Vec<_> = rows.iter().filter_map(|(_, at)| *at).collect();
        dates.sort();
        let now = now();
        let start = |days: i64| now - SignedDuration::from_hours(days * 24);
        // Nobody crosses its beginning while the test runs.
        let near =
            |days: i64, at: &Timestamp| at.duration_since(start(days)).abs() < SignedDuration::from_mins(30);
        let middle = now.duration_since(dates[dates.len() / 2]).as_hours() / 24;
        let days = (middle..middle + 40).find(|days| !dates.iter().any(|at| near(*days, at))).unwrap();
        let is_old = |(_, at): &&(String, Option<Timestamp>)| at.is_some_and(|at| at < start(days));
        let ids =
            |rows: Vec<&(String, Option<Timestamp>)>| rows.into_iter().map(|(id, _)| id.clone()).collect();
        let (old, lately): (Vec<_>, Vec<_>) = rows.iter().partition(is_old);
        let first = start(days).to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        let people = Self { days: days.to_string(), first, old: ids(old), lately: ids(lately) };
        assert!(people.old.len() > 20 && people.lately.len() > 20, "{} old", people.old.len());
        people
    }

    fn says(&self, what: &str, n: usize) -> String {
        format!("{what} {n}: last modified before {} (retention {} days)", self.first, self.days)
    }

    fn ask(&self, home: &Home, service: &Service, more: &[&str]) -> Ran {
        home.ask(service, segment(&[&["--retention-days", &self.days], more].concat()))
    }
}

/// The tenant keeps profiles for so many days, and withholds or marks those from before.
fn tenant(home: &Home, service: &Service, people: &People, past: &str) {
    let (name, days) = (service.get("CXONE_TENANT"), &people.days);
    let table = format!("[tenants.{name}]\nretention_days = {days}\npast_retention = \"{past}\"\n");
    setting(home, &format!("past_retention = \"withhold\"\n{table}"));
}

fn setting(home: &Home, text: &str) {
    home.file("config/cxlens/config.toml", text);
}

#[test]
fn what_is_past_retention_is_marked_and_counted() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let people = People::of(&home, &service);
    let ran = people.ask(&home, &service, &[]);
    ran.is(0, &[&people.says("past retention", people.old.len())]);
    assert_eq!(ran.ids().len(), 500);
    assert!(!ran.out.contains('†') && !ran.err.contains("withheld"), "{}", ran.err);
    let table = people.ask(&home, &service, &["--format", "table", "--fields", "id,modifiedDate"]);
    table.is(0, &[]);
    let marked: Vec<&str> = table.out.lines().filter(|line| line.contains('†')).collect();
    assert_eq!(marked.len(), people.old.len());
    let id = |line: &&str| line.split_whitespace().next().unwrap().to_owned();
    assert!(marked.iter().map(id).eq(people.old.iter().cloned()), "{marked:?}");

    let mut command = home.cxlens(["--linear", "--retention-days", &people.days]);
    command.envs(service.env()).stderr(Stdio::null());
    let (old, lately) = (&people.old[0], &people.lately[0]);
    let script = format!(
        "segment SEG-ALL\nrun\nwhere id={old}\nrows 1 1\nopen 1\nwhere id={lately}\nrows 1 1\nopen 1\n"
    );
    let ran = Ran::fed(&mut command, script.as_bytes());
    let rows: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("Row 1: ")).collect();
    assert!(rows[0].ends_with(", past retention.") && !rows[1].contains("past retention"), "{rows:?}");
    let said = format!("Last modified before {}, past the retention of {} days.", people.first, people.days);
    assert_eq!(ran.out.matches(&said).count(), 1, "{}", ran.out);
    assert!(ran.out.contains(&format!("{} profiles are past retention: ", people.old.len())), "{}", ran.out);
}

#[test]
fn what_is_withheld_reaches_no_output_and_is_counted() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let people = People::of(&home, &service);
    tenant(&home, &service, &people, "withhold");
    let counted = people.says("withheld", people.old.len());
    for fields in ["id", "id,email,modifiedDate"] {
        let ran = people.ask(&home, &service, &["--fields", fields]);
        ran.is(0, &[&counted]);
        assert_eq!(ran.ids(), people.lately, "{fields}");
        assert!(fields != "id" || !ran.out.contains("modified"), "{}", ran.out);
        assert!(
            !ran.err.contains("past retention") && !ran.err.contains("the service counts"),
            "{}",
            ran.err
        );
    }
    for file in ["a.csv", "a.json", "a.parquet", "a.txt"] {
        people.ask(&home, &service, &["-o", file]).is(0, &[&counted]);
        let bytes = fs::read(home.path(file)).unwrap();
        let is_there = |id: &String| bytes.windows(id.len()).any(|part| part == id.as_bytes());
        assert!(file == "a.parquet" || is_there(&people.lately[0]), "{file}");
        assert!(!people.old.iter().any(is_there), "{file}");
    }
    // Neither does a recording hold them, though it holds true values and what came as it came.
    people.ask(&home, &service, &["--record", "a.cxrec", "--record-personal"]).is(0, &[&counted]);
    assert!(fs::read_to_string(home.path("a.cxrec")).unwrap().contains(people.lately[0].as_str()));
    let ran = people.ask(&home, &service, &["--limit", "7"]);
    ran.is(0, &["cut at --limit 7"]);
    assert_eq!(ran.ids(), people.lately[..7], "a limit is of rows that somebody gets");
    let wider = home.ask(&service, segment(&["--retention-days", "100000"]));
    wider.is(2, &["--retention-days 100000", "withheld", &format!("use {} or less", people.days)]);
    let trail = home.run(["audit", "show", "--format", "ndjson", "--last", "1"]).out;
    assert!(trail.contains("\"withheld\":"), "{trail}");
    for (path, bytes) in home.files() {
        let said = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!people.old.iter().any(|id| said.contains(id.as_str())), "{}", path.display());
    }
}

#[test]
fn an_id_that_is_withheld_is_told_so_and_not_as_not_found() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let people = People::of(&home, &service);
    tenant(&home, &service, &people, "withhold");
    let asked = ["query", "--id", &people.old[0], "--id", "PROF-NOBODY", "--retention-days", &people.days];
    let ran = home.ask(&service, asked);
    ran.is(0, &[&people.says("withheld", 1), "not found 1: PROF-NOBODY"]);
    assert!(ran.out.is_empty() && !ran.err.contains(people.old[0].as_str()), "{}", ran.err);
}

#[test]
fn a_tenant_can_say_otherwise_than_the_file() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let people = People::of(&home, &service);
    tenant(&home, &service, &people, "mark");
    let ran = people.ask(&home, &service, &[]);
    ran.is(0, &[&people.says("past retention", people.old.len())]);
    assert_eq!(ran.ids().len(), 500);
}

#[test]
fn a_filter_that_reaches_past_retention_is_warned_of_before_anything_is_sent() {
    let home = Home::new();
    let filter = "modifiedDate lt 2020-01-01";
    // Nobody answers there: what is said before the error was said before the first request.
    let env = [
        ("CXONE_BASE_URL", "http://127.0.0.1:1"),
        ("CXONE_CLIENT_ID", "me"),
        ("CXONE_CLIENT_SECRET", "hush"),
    ];
    let mut command = home.cxlens(["query", "--filter", filter]);
    let ran = Ran::of(command.envs(env));
    ran.is(6, &[]);
    let first = ran.err.lines().next().unwrap();
    assert!(first.starts_with("note: the filter reaches back without end"), "{}", ran.err);
    let plan = home.run(["query", "--filter", filter, "--dry-run", "--sandbox"]);
    assert!(plan.out.contains("  note      the filter reaches back without end"), "{}", plan.out);
    let within = format!("modifiedDate ge {}", now().to_zoned(jiff::tz::TimeZone::UTC).date());
    let plan = home.run(["query", "--filter", &within, "--dry-run", "--sandbox"]);
    assert!(!plan.out.contains("the filter"), "{}", plan.out);
    let service = Service::start(&[]);
    let mut command = home.cxlens(["--linear"]);
    command.envs(service.env()).stderr(Stdio::null());
    let ran = Ran::fed(&mut command, format!("filter {filter}\nplan\nrun\n").as_bytes());
    let said: Vec<&str> =
        ran.out.lines().filter(|line| line.starts_with("Note: the filter reaches back")).collect();
    assert_eq!(said.len(), 2, "with the plan, and before it runs: {}", ran.out);
}

fn age(path: &str, days: u64) {
    let at = SystemTime::UNIX_EPOCH
        + Duration::from_secs(u64::try_from(now().as_second()).unwrap() - days * 86_400);
    File::options().append(true).open(path).unwrap().set_modified(at).unwrap();
}

/// A trail that began years ago.
fn old_trail(dir: &Path) {
    let audit = Audit::open(dir).unwrap();
    let who = Who {
        user: User { name: "ada".into(), uid: 1000 },
        tenant: "acme".into(),
        dialect: String::new(),
        sandbox: false,
        access: Access::default(),
    };
    for days in [900, 800, 400, 0] {
        let at = now() - SignedDuration::from_hours(days * 24);
        let kind = RemovalKind::Log;
        let removal = Removal { kind, names: vec![], count: 1, bytes: 1, before: "2020-01-01".into() };
        audit.removed(&who, &removal, at).unwrap();
    }
}

#[test]
fn files_of_ours_past_their_time_go_and_the_trail_says_so() {
    let (home, service) = (Home::new(), Service::start(&[]));
    let run = |at: Timestamp, id: &str| {
        format!(r#"{{"at":"{at}","query":{{"ids":["{id}"]}},"rows":1,"took":2,"status":"success"}}"#) + "\n"
    };
    let old = now() - SignedDuration::from_hours(181 * 24);
    let history = run(old, "PROF-LONG-AGO") + &run(now(), "PROF-LATELY");
    let history = home.file("data/cxlens/explorer/history/acme", history);
    let recording = home.file("data/cxlens/recordings/ada-byron.cxrec", "x");
    let fresh = home.file("data/cxlens/recordings/fresh.cxrec", "x");
    let stopped = home.file("data/cxlens/resume/acme.0123456789abcdef.json", "{}");
    let foreign = home.file("data/cxlens/recordings/notes.txt", "mine");
    let log = home.file("state/cxlens/log/cxlens.2020-01-01.log", "x");
    let precious = home.file("elsewhere/precious.cxrec", "mine");
    symlink(&precious, home.path("data/cxlens/recordings/link.cxrec")).unwrap();
    for (path, days) in [(&recording, 31), (&fresh, 29), (&stopped, 31), (&foreign, 999), (&precious, 999)] {
        age(path, days);
    }
    let trail = home.path("data/cxlens/audit");
    old_trail(&trail);
    home.run(["audit", "verify"]).is(0, &[]);

    home.ask(&service, ["query", "--id", "PROF-001"]).is(0, &["1 profile on"]);
    for gone in [&recording, &stopped, &log] {
        assert!(!Path::new(gone).exists(), "{gone}");
    }
    for stays in [&fresh, &foreign, &precious] {
        assert!(Path::new(stays).exists(), "{stays}");
    }
    assert!(home.path("data/cxlens/recordings/link.cxrec").is_symlink());
    let left = fs::read_to_string(&history).unwrap();
    assert!(left.contains("PROF-LATELY") && !left.contains("PROF-LONG-AGO"), "{left}");
    let verified = home.run(["audit", "verify"]);
    verified.is(0, &[]);
    let said = home.run(["audit", "show", "--format", "ndjson"]).out;
    let removed: Vec<String> = said
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|entry| entry["event"] == "removed" && entry["user"] != "ada")
        .map(|entry| format!("{} {}", entry["removed"]["kind"].as_str().unwrap(), entry["removed"]["count"]))
        .collect();
    assert_eq!(removed, ["recordings 1", "stopped-runs 1", "log 1", "history 1", "audit 2"], "{said}");
    assert!(!said.contains("ada-byron") && !said.contains("PROF-LONG-AGO"), "{said}");
    let months = fs::read_dir(&trail).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(months.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")).count(), 2);

    // Today that was done.
    age(&fresh, 31);
    home.ask(&service, ["query", "--id", "PROF-001"]).is(0, &[]);
    assert!(Path::new(&fresh).exists());
    let asked = |line: &str| line.contains("\"event\":\"removed\"");
    let now = home.run(["audit", "show", "--format", "ndjson"]).out;
    assert_eq!(
        now.lines().filter(|line| asked(line)).count(),
        said.lines().filter(|line| asked(line)).count()
    );
}

#[test]
fn what_is_kept_for_ever_stays() {
    let (home, service) = (Home::new(), Service::start(&[]));
    setting(&home, "[keep]\nrecordings = \"forever\"\nstopped_runs = 0\n");
    let recording = home.file("data/cxlens/recordings/a.cxrec", "x");
    let stopped = home.file("data/cxlens/resume/acme.stdout.json", "{}");
    age(&recording, 9_999);
    age(&stopped, 9_999);
    home.ask(&service, ["query", "--id", "PROF-001"]).is(0, &[]);
    assert!(Path::new(&recording).exists() && Path::new(&stopped).exists());
}
