//! Files as a run: what the explorer hears.

use std::time::Duration;

use super::*;
use crate::engine::clock::Clock;
use crate::engine::event::{Command, Cut, Event, Status, Summary};
use crate::engine::query::{Draft, Query, QueryId};
use crate::engine::worker::{Handle, channel};

const PATIENCE: Duration = Duration::from_secs(60);

struct Rig {
    handle: Handle,
}

impl Rig {
    fn new(paths: &[PathBuf]) -> Self {
        let (handle, worker) = channel();
        tokio::spawn(run(worker, paths.to_vec(), Clock::system()));
        Self { handle }
    }

    async fn event(&mut self) -> Event {
        tokio::time::timeout(PATIENCE, self.handle.events.recv()).await.unwrap().unwrap()
    }

    async fn ready(&mut self) -> Vec<OpenedFile> {
        loop {
            if let Event::Ready(service) = self.event().await {
                return service.files.clone();
            }
        }
    }

    async fn send(&self, command: Command) {
        self.handle.commands.send(command).await.unwrap();
    }

    async fn run(&self, id: u64, want: Option<u64>) {
        self.send(Command::Run(QueryId(id), query(), want)).await;
    }

    /// Everything until the run is over.
    async fn end(&mut self) -> Ended {
        let mut ended = Ended::default();
        loop {
            match self.event().await {
                Event::Page(_, page) => {
                    ended.pages.push((page.number, page.rows.len()));
                    let id = |profile: &Profile| profile.id().map_or("-".into(), |id| id.raw().to_owned());
                    ended.ids.extend(page.rows.iter().map(id));
                    ended.totals.push(page.total);
                }
                Event::Files(_, files) => ended.files = files,
                Event::Paused(_) => ended.paused = true,
                Event::Finished(_, summary) => {
                    ended.summary = Some((*summary).clone());
                    return ended;
                }
                Event::Failed(_, summary, error) => {
                    ended.summary = Some((*summary).clone());
                    ended.error = Some(error);
                    return ended;
                }
                _ => {}
            }
        }
    }
}

#[derive(Default)]
struct Ended {
    pages: Vec<(u32, usize)>,
    ids: Vec<String>,
    totals: Vec<Option<u64>>,
    files: Vec<OpenedFile>,
    paused: bool,
    summary: Option<Summary>,
    error: Option<Error>,
}

fn query() -> Query {
    Draft { segments: vec!["FILES".into()], ..Draft::default() }.check().unwrap()
}

fn rows(from: usize, to: usize) -> String {
    let lines: Vec<_> = (from..to).map(|n| format!("{{\"id\":\"{n}\",\"email\":\"a@b\"}}\n")).collect();
    lines.concat()
}

#[tokio::test]
async fn several_files_are_read_one_behind_the_other_and_every_row_is_kept() {
    let dir = Dir::new();
    let paths = [dir.write("a.ndjson", rows(0, 1_200)), dir.write("b.csv", "id\n5\n5\nx,y\n")];
    let mut rig = Rig::new(&paths);
    let looked = rig.ready().await;
    assert_eq!(looked[0].fields.to_string(), "id,email");
    assert_eq!((looked[1].format, looked[1].bytes), ("CSV", 11));
    rig.run(1, None).await;
    let ended = rig.end().await;
    assert_eq!(ended.pages, [(1, 500), (2, 500), (3, 200), (4, 2)]);
    assert_eq!(ended.ids[1_199..], ["1199", "5", "5"]);
    assert_eq!(ended.totals[0], None, "a text does not say how many rows it has");
    let summary = ended.summary.unwrap();
    assert_eq!((summary.status, summary.rows, summary.repeats), (Status::Partial, 1_202, 0));
    assert_eq!((summary.requests, summary.cut, summary.set_aside.len()), (0, None, 1));
    assert!(summary.set_aside[0].reason.contains("b.csv line 4: 2 cells"), "{:?}", summary.set_aside);
    assert_eq!(summary.accuracy, Some(1_200.0 / 1_202.0));
    assert!(ended.files.iter().all(|file| file.state == FileState::Whole));
    assert_eq!((ended.files[0].rows, ended.files[1].rows, ended.files[1].set_aside), (1_200, 2, 1));
}

#[tokio::test]
async fn a_run_pauses_goes_on_and_is_cancelled() {
    let dir = Dir::new();
    let mut rig = Rig::new(&[dir.write("a.ndjson", rows(0, 50_000))]);
    rig.ready().await;
    rig.run(7, Some(600)).await;
    let (mut came, mut said) = (0, 0);
    loop {
        match rig.event().await {
            Event::Page(_, page) => came += page.rows.len(),
            Event::Files(_, files) => said = files[0].rows,
            Event::Paused(id) if id == QueryId(7) && came == 1_000 => {
                rig.send(Command::Want(QueryId(7), Some(1_500))).await;
            }
            Event::Paused(_) => break,
            _ => {}
        }
    }
    assert_eq!((came, said), (1_500, 1_500), "what stands still is told");
    rig.send(Command::Cancel(QueryId(7))).await;
    let ended = rig.end().await;
    let summary = ended.summary.unwrap();
    assert_eq!((summary.status, summary.cut, summary.rows), (Status::Cancelled, Some(Cut::Cancelled), 1_500));
    assert_eq!(ended.files[0].state, FileState::Cancelled);
    assert!(!ended.paused && ended.error.is_none());
    rig.run(8, None).await;
    assert_eq!(rig.end().await.ids.len(), 50_000, "another run reads from the beginning");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_costs_itself_alone() {
    let dir = Dir::new();
    let paths = [dir.write("a.zip", b"PK\x03\x04"), dir.write("b.ndjson", rows(0, 3)), dir.path("gone.csv")];
    let mut rig = Rig::new(&paths);
    let looked = rig.ready().await;
    assert!(matches!(looked[0].state, FileState::Failed(_)) && looked[1].state == FileState::Waiting);
    rig.run(1, None).await;
    let ended = rig.end().await;
    assert_eq!(ended.ids.len(), 3);
    let (summary, error) = (ended.summary.unwrap(), ended.error.unwrap());
    assert_eq!((summary.status, summary.cut), (Status::Partial, Some(Cut::Error)));
    assert!(error.what.contains("a.zip cannot be read, and neither can one more file"), "{error}");
    let states: Vec<_> = ended.files.iter().map(|file| matches!(file.state, FileState::Failed(_))).collect();
    assert_eq!(states, [true, false, true]);

    let mut rig = Rig::new(&paths[..1]);
    rig.ready().await;
    rig.run(1, None).await;
    assert_eq!(rig.end().await.summary.unwrap().status, Status::Failed);
}

#[tokio::test]
async fn files_are_looked_at_again_when_asked() {
    let dir = Dir::new();
    let path = dir.write("a.ndjson", rows(0, 2));
    let mut rig = Rig::new(std::slice::from_ref(&path));
    assert_eq!(rig.ready().await[0].fields.to_string(), "id,email");
    dir.write("a.ndjson", "{\"id\":\"9\",\"phone\":\"1\"}\n");
    rig.send(Command::Reopen).await;
    assert_eq!(rig.ready().await[0].fields.to_string(), "id,phone");
    rig.run(2, None).await;
    assert_eq!(rig.end().await.ids, ["9"]);
}

#[tokio::test]
async fn a_field_that_comes_late_is_kept_said_and_has_a_column_the_next_time() {
    let dir = Dir::new();
    let late = rows(0, 2_000) + "{\"id\":\"x\",\"phone\":\"+49 30\"}\n";
    let mut rig = Rig::new(&[dir.write("a.ndjson", late)]);
    assert_eq!(rig.ready().await[0].fields.to_string(), "id,email");
    rig.run(1, None).await;
    let ended = rig.end().await;
    assert_eq!(ended.files[0].about, [("comes late", Untrusted::from("phone (line 2001)"))]);
    assert_eq!(ended.ids.len(), 2_001);
    rig.send(Command::Reopen).await;
    assert_eq!(rig.ready().await[0].fields.to_string(), "id,email,phone");
}

#[tokio::test]
async fn many_bad_rows_are_counted_and_not_kept() {
    let dir = Dir::new();
    let mut rig = Rig::new(&[dir.write("a.ndjson", "{\"id\":\"1\"}\n".to_owned() + &"x\n".repeat(5_000))]);
    rig.ready().await;
    rig.run(1, None).await;
    let ended = rig.end().await;
    let aside = ended.summary.unwrap().set_aside;
    assert_eq!(aside.len(), 1_001);
    assert!(aside[1_000].reason.starts_with("4000 more rows"), "{}", aside[1_000].reason);
    assert_eq!(ended.files[0].set_aside, 5_000);
}

#[tokio::test]
async fn whoever_leaves_ends_the_reading() {
    let dir = Dir::new();
    let (handle, worker) = channel();
    let task = tokio::spawn(run(worker, vec![dir.write("a.ndjson", rows(0, 200_000))], Clock::system()));
    handle.commands.send(Command::Run(QueryId(1), query(), None)).await.unwrap();
    drop(handle);
    tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap();
}

#[test]
fn files_are_checked_before_a_screen_is_opened() {
    let dir = Dir::new();
    let good = dir.write("a.csv", "id\n");
    assert!(check(&[&good]).is_ok());
    let wrong = check(&[good, dir.path("gone"), dir.path(""), "-".into(), "/dev/null".into()]).unwrap_err();
    let said: Vec<_> = wrong.iter().map(ToString::to_string).collect();
    assert!(said[0].contains("gone") && said[1].contains("directory"), "{said:?}");
    assert!(said[2].contains("open -") && said[3].contains("device"), "{said:?}");
    assert!(wrong.iter().all(|error| error.kind == Kind::Usage && !error.remedy.is_empty()));
}
