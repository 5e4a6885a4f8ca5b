use std::cell::RefCell;
use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::engine::audit::{Access, User, entries, verify};

/// Noon on 4 March 2026.
const NOON: Timestamp = Timestamp::constant(1_772_625_600, 0);
const DAY_LONG: SignedDuration = SignedDuration::from_hours(24);

fn ago(days: i32) -> Timestamp {
    NOON - DAY_LONG * days
}

fn who() -> Who {
    let user = User { name: "ada".into(), uid: 1000 };
    let (tenant, dialect) = (String::new(), String::new());
    Who { user, tenant, dialect, sandbox: false, access: Access::default() }
}

/// Lines that a test thinks of, by their days.
#[derive(Default)]
struct Few(RefCell<BTreeMap<&'static str, Vec<Date>>>);

impl Lines for Few {
    fn past(&self, before: Date) -> io::Result<Vec<Past>> {
        let files = self.0.borrow();
        let past = files.iter().map(|(name, days)| {
            let lines = days.iter().filter(|day| **day < before).count() as u64;
            Past { name: (*name).to_owned(), lines, bytes: lines * 10 }
        });
        Ok(past.filter(|past| past.lines > 0).collect())
    }

    fn remove(&self, past: &Past, before: Date) -> io::Result<()> {
        if let Some(days) = self.0.borrow_mut().get_mut(past.name.as_str()) {
            days.retain(|day| *day >= before);
        }
        Ok(())
    }
}

struct Home {
    dir: tempfile::TempDir,
    rooms: Rooms,
    keep: Keep,
    lines: Few,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let rooms = Rooms::from(&Paths::under(dir.path()));
        fs::create_dir_all(&rooms.data).unwrap();
        Self { dir, rooms, keep: Keep::default(), lines: Few::default() }
    }

    /// A file that was written last so many days ago.
    fn file(&self, path: &str, days: i32) -> PathBuf {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "0123456789").unwrap();
        age(&path, days);
        path
    }

    fn tidy(&self) -> Result<Option<Tidied>, Error> {
        self.tidy_on(NOON)
    }

    fn tidy_on(&self, now: Timestamp) -> Result<Option<Tidied>, Error> {
        tidy(&self.rooms, &self.keep, &self.lines, &who(), now)
    }

    /// What the trail says was removed: of what kind, how many, from before which day.
    fn recorded(&self) -> Vec<(String, u64, String)> {
        verify(&self.rooms.audit, None).unwrap();
        let entries = entries(&self.rooms.audit).map(|read| read.unwrap().entry);
        let removed = entries.filter(|entry| entry.event == "removed").filter_map(|entry| entry.removed);
        removed.map(|removed| (removed.kind, removed.count, removed.before)).collect()
    }
}

fn age(path: &Path, days: i32) {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(ago(days).as_second().try_into().unwrap());
    File::options().append(true).open(path).unwrap().set_modified(at).unwrap();
}

/// Files of each kind: as old as they may be, and a day older.
fn everything(home: &Home) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let of = |name: &str, keep: Option<u32>| {
        let days = i32::try_from(keep.unwrap()).unwrap();
        (home.file(&name.replace('N', "1"), days), home.file(&name.replace('N', "2"), days + 1))
    };
    let keep = home.keep;
    let mut pairs = vec![
        of("data/recordings/ada-N.cxrec", keep.recordings),
        of("data/recordings/N.cxrec.partial", keep.recordings),
        of("data/resume/acme.000000000000000N.json", keep.stopped_runs),
        of("data/resume/.tmpaBcD1N", keep.stopped_runs),
        of("data/explorer/.tmpaBcD1N", keep.history),
    ];
    // A log's day stands in its name.
    let day = |n| ago(n).to_zoned(TimeZone::UTC).date();
    pairs.push((
        home.file(&format!("state/log/cxlens.{}.log", day(14)), 400),
        home.file(&format!("state/log/cxlens.{}.log", day(15)), 0),
    ));
    let typed = home.file("data/explorer/jq", 181);
    let (stay, mut go): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    go.push(typed);
    (stay, go)
}

#[test]
fn what_is_past_its_time_goes_and_the_trail_says_so() {
    let home = Home::new();
    let (stay, go) = everything(&home);
    let day = |n| ago(n).to_zoned(TimeZone::UTC).date();
    home.lines.0.borrow_mut().extend([("acme", vec![day(181), day(180)]), ("beta", vec![day(1)])]);
    let tidied = home.tidy().unwrap().unwrap();
    assert_eq!(tidied, Tidied { removed: go.len() as u64 + 1, stays: 0 });
    assert!(stay.iter().all(|path| path.exists()), "{stay:?}");
    assert!(!go.iter().any(|path| path.exists()), "{go:?}");
    assert_eq!(home.lines.0.borrow()["acme"], [day(180)]);
    let of = |kind: &str, n, days| (kind.to_owned(), n, day(days).to_string());
    assert_eq!(
        home.recorded(),
        [
            of("recordings", 2, 30),
            of("stopped-runs", 2, 30),
            of("history", 2, 180),
            of("log", 1, 14),
            of("history", 1, 180)
        ]
    );
    let trail = fs::read_to_string(home.rooms.audit.join("2026-03.jsonl")).unwrap();
    assert!(!trail.contains("ada-2") && trail.contains("cxlens.2026-02-17.log"), "{trail}");
}

#[test]
fn nothing_is_recorded_where_nothing_goes() {
    let home = Home::new();
    home.file("data/recordings/a.cxrec", 3);
    assert_eq!(home.tidy().unwrap(), Some(Tidied::default()));
    assert!(!home.rooms.audit.exists());
    // A user who has nothing gets nothing.
    let nobody = Home::new();
    fs::remove_dir(&nobody.rooms.data).unwrap();
    assert_eq!(nobody.tidy().unwrap(), None);
    assert!(!nobody.rooms.data.exists());
}

#[test]
fn for_ever_is_for_ever() {
    let mut home = Home::new();
    let (stay, go) = everything(&home);
    home.keep = Keep { recordings: None, history: None, stopped_runs: None, log: None, audit: None };
    home.lines.0.borrow_mut().insert("acme", vec![Date::MIN]);
    assert_eq!(home.tidy_on(ago(-100_000)).unwrap(), Some(Tidied::default()));
    assert!(stay.iter().chain(&go).all(|path| path.exists()));
}

#[test]
fn what_is_not_ours_and_what_is_no_file_stays() {
    let home = Home::new();
    let mut stay = vec![home.file("elsewhere/precious.cxrec", 999)];
    for name in [
        "data/recordings/notes.txt",
        "data/recordings/.cxrec",
        "data/recordings/a.cxrec.old",
        "data/recordings/deep/a.cxrec",
        "data/resume/acme.json",
        "data/resume/Acme.stdout.json",
        "data/resume/acme.0123.json",
        "data/resume/acme.stdout.json.bak",
        "data/explorer/columns.json",
        "data/explorer/layout.toml",
        "data/explorer/saved/queries",
        "data/explorer/.tmp-mine",
        "data/other.cxrec",
        "state/log/cxlens.2020-01-01.log.gz",
        "state/log/cxlens.2020-13-01.log",
        "state/log/other.2020-01-01.log",
    ] {
        stay.push(home.file(name, 999));
    }
    let recordings = home.dir.path().join("data/recordings");
    symlink(home.dir.path().join("elsewhere/precious.cxrec"), recordings.join("link.cxrec")).unwrap();
    fs::create_dir(recordings.join("room.cxrec")).unwrap();
    assert_eq!(home.tidy().unwrap(), Some(Tidied::default()));
    assert!(stay.iter().all(|path| path.exists()), "{stay:?}");
    assert!(recordings.join("link.cxrec").is_symlink() && recordings.join("room.cxrec").is_dir());
}

#[test]
fn a_directory_that_is_a_link_is_not_looked_into() {
    let home = Home::new();
    let precious = home.file("elsewhere/precious.cxrec", 999);
    symlink(home.dir.path().join("elsewhere"), &home.rooms.recordings).unwrap();
    assert_eq!(home.tidy().unwrap(), Some(Tidied::default()));
    assert!(precious.exists());
}

#[test]
fn it_is_done_once_a_day_and_by_one_process() {
    let home = Home::new();
    let again = |days| home.file("data/recordings/a.cxrec", days);
    let path = again(31);
    assert_eq!(home.tidy().unwrap().unwrap().removed, 1);
    again(31);
    assert_eq!(home.tidy().unwrap(), None, "today it was done");
    assert!(path.exists());
    // Another process is at it.
    let held = File::options().append(true).open(home.rooms.data.join(DAY)).unwrap();
    held.lock().unwrap();
    assert_eq!(home.tidy_on(NOON + DAY_LONG).unwrap(), None);
    assert!(path.exists());
    drop(held);
    assert_eq!(home.tidy_on(NOON + DAY_LONG).unwrap().unwrap().removed, 1);
    assert_eq!(fs::read_to_string(home.rooms.data.join(DAY)).unwrap(), "2026-03-05\n");
    assert_eq!(fs::metadata(home.rooms.data.join(DAY)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn without_an_entry_nothing_goes_and_it_is_tried_again() {
    let home = Home::new();
    let path = home.file("data/recordings/a.cxrec", 31);
    fs::write(&home.rooms.audit, "in the way").unwrap();
    assert!(home.tidy().is_err());
    assert!(path.exists());
    fs::remove_file(&home.rooms.audit).unwrap();
    assert_eq!(home.tidy().unwrap().unwrap().removed, 1);
    assert!(!path.exists());
}

#[test]
fn what_cannot_be_removed_stays_and_the_rest_goes() {
    let home = Home::new();
    let (stuck, other) =
        (home.file("data/recordings/a.cxrec", 31), home.file("data/resume/acme.stdout.json", 31));
    let found = home.rooms.look();
    // Whoever writes to it meanwhile keeps it.
    age(&stuck, 0);
    let due = policy::due(found, &home.keep, NOON);
    let mut work =
        Work { rooms: &home.rooms, who: &who(), now: NOON, audit: None, tidied: Tidied::default() };
    for due in &due {
        work.remove(due).unwrap();
    }
    assert_eq!(work.tidied, Tidied { removed: 1, stays: 1 });
    assert!(stuck.exists() && !other.exists());
}

#[test]
fn months_of_the_trail_go_and_what_is_left_holds() {
    let mut home = Home::new();
    let audit = Audit::open(&home.rooms.audit).unwrap();
    let removal = |at: Timestamp| Removal {
        kind: Kind::Log,
        names: vec![],
        count: 1,
        bytes: 1,
        before: at.to_zoned(TimeZone::UTC).date().to_string(),
    };
    for days in [800, 770, 400, 1] {
        audit.removed(&who(), &removal(ago(days)), ago(days)).unwrap();
    }
    let months = || {
        let names =
            fs::read_dir(&home.rooms.audit).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| policy::is_ours(Kind::Audit, name)).collect();
        names.sort();
        names
    };
    assert_eq!(months(), ["2023-12.jsonl", "2024-01.jsonl", "2025-01.jsonl", "2026-03.jsonl"]);
    home.tidy().unwrap();
    assert_eq!(months(), ["2025-01.jsonl", "2026-03.jsonl"]);
    assert_eq!(home.recorded().last().unwrap(), &("audit".to_owned(), 2, "2024-03-01".to_owned()));
    home.keep.audit = None;
    assert_eq!(home.tidy_on(ago(-9_000)).unwrap(), Some(Tidied::default()));
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![Kind::Recordings, Kind::History, Kind::StoppedRuns, Kind::Log])
}

proptest! {
    /// Nothing goes that is within its time or not ours, and everything of ours goes that is past it.
    #[test]
    fn exactly_what_is_ours_and_past_its_time_is_due(
        files in prop::collection::vec((kinds(), "[a-z.]{1,12}|jq|pipes|[a-z]{1,3}\\.(cxrec|stdout\\.json)", 0_i32..60), 0..20),
        days in prop::array::uniform4(prop::option::of(0_u32..50)),
    ) {
        let keep = Keep {
            recordings: days[0], history: days[1], stopped_runs: days[2], log: days[3], audit: Some(365),
        };
        let found: Vec<Found> = files.iter().map(|(kind, name, days)| Found {
            kind: *kind, path: name.into(), name: name.clone(), day: ago(*days).to_zoned(TimeZone::UTC).date(), bytes: 1,
        }).collect();
        let due = policy::due(found.clone(), &keep, NOON);
        let goes = |file: &Found| due.iter().any(|due| due.kind == file.kind && due.files.contains(file));
        for file in &found {
            let kept_for = match file.kind {
                Kind::Recordings => keep.recordings,
                Kind::History => keep.history,
                Kind::StoppedRuns => keep.stopped_runs,
                _ => keep.log,
            };
            let age = (NOON.to_zoned(TimeZone::UTC).date() - file.day).get_days();
            let past = kept_for.is_some_and(|days| i64::from(age) > i64::from(days));
            prop_assert_eq!(goes(file), past && policy::is_ours(file.kind, &file.name), "{:?}", file);
        }
        for due in &due {
            prop_assert!(due.files.is_sorted_by_key(|file| file.day) && due.files.iter().all(|file| file.day < due.before));
        }
    }

    #[test]
    fn any_name_is_taken(name in any::<String>(), kind in kinds()) {
        let _ = (policy::is_ours(kind, &name), policy::day_of(kind, &name, None), policy::is_month_before(&name, Date::MAX));
    }
}
