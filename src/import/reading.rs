//! The background task behind an explorer over files: commands in, events out, as the worker of a service has them.
//!
//! ```text
//! Command ─► Run ──► a task: files ─► parts ─► Event::Page (bounded: a slow screen slows the reading)
//!            Want, Cancel ─► its reins
//!            Reopen ──► look ─► Event::Ready
//! ```
//!
//! Every row is kept, also where several have the same ID: what was exported on two days is there to be compared.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Open, Rows, look};
use crate::engine::clock::Clock;
use crate::engine::error::Error;
use crate::engine::event::{
    Command, Cut, Event, FileState, Latency, OpenedFile, Page, ServiceInfo, SetAside, Status, Summary,
};
use crate::engine::pipeline::Accuracy;
use crate::engine::query::{Field, FieldSet, QueryId};
use crate::engine::reins::Reins;
use crate::engine::text::Untrusted;
use crate::engine::worker::Worker;

/// Parts between two reports of how far a file was read.
const REPORT: u32 = 16;
/// Rows of a run that are set aside one by one; more of them are counted.
const SET_ASIDE: usize = 1_000;

/// Works over files until the handle's command sender is dropped.
pub async fn run(worker: Worker, paths: Vec<PathBuf>, clock: Clock) {
    let (mut commands, events) = worker.split();
    let mut desk = Desk {
        late: vec![FieldSet::ID; paths.len()],
        paths: paths.into(),
        clock,
        events,
        files: Vec::new(),
        reins: Reins::default(),
        tasks: JoinSet::new(),
    };
    desk.look().await;
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => desk.obey(command).await,
                None => break,
            },
            Some(ended) = desk.tasks.join_next() => desk.ended(ended),
        }
    }
    desk.reins.cancel_all();
    while desk.tasks.join_next().await.is_some() {}
}

struct Desk {
    paths: Arc<[PathBuf]>,
    clock: Clock,
    events: mpsc::Sender<Event>,
    /// As they were looked at last.
    files: Vec<OpenedFile>,
    /// Fields that came only after those rows which are looked at, by file.
    late: Vec<FieldSet>,
    reins: Reins,
    tasks: JoinSet<(QueryId, Vec<FieldSet>)>,
}

impl Desk {
    async fn look(&mut self) {
        let paths = Arc::clone(&self.paths);
        let looked = spawn_blocking(move || paths.iter().map(|path| look(path)).collect::<Vec<_>>()).await;
        if let Ok(files) = looked {
            self.files = files;
        } else {
            tracing::error!("looking at files ended abnormally");
        }
        for (file, late) in self.files.iter_mut().zip(&self.late) {
            file.fields = with(file.fields, *late);
        }
        let info = ServiceInfo {
            tenant: String::new(),
            base_url: String::new(),
            sandbox: false,
            needs_reason: false,
            files: self.files.clone(),
        };
        // Whoever is not there any more need not hear of it; here and below.
        let _ = self.events.send(Event::Ready(Arc::new(info))).await;
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Run(id, _, want) | Command::Resume(id, _, want) => self.start(id, want),
            Command::Want(id, want) => self.reins.want(id, want),
            Command::Cancel(id) => self.reins.cancel(id),
            Command::Reopen => self.look().await,
            // Files have an owner, and no trail.
            Command::Plan(..)
            | Command::Bounds { .. }
            | Command::Note(..)
            | Command::Reason(_)
            | Command::Again(_)
            | Command::Replay(_)
            | Command::Webhooks => {}
        }
    }

    fn start(&mut self, id: QueryId, want: Option<u64>) {
        let (cancel, wanted) = self.reins.add(id, want);
        let reading = Reading {
            id,
            events: self.events.clone(),
            want: wanted,
            from: self.clock.now(),
            started: self.clock.wall(),
            clock: self.clock.clone(),
            paths: Arc::clone(&self.paths),
            total: self.files.iter().map(|file| file.expected).sum(),
            accuracy: Accuracy::new(self.files.iter().fold(FieldSet::ID, |all, file| with(all, file.fields))),
            files: self.files.clone(),
            late: vec![FieldSet::ID; self.files.len()],
            rows: 0,
            parts: 0,
            bytes: 0,
            set_aside: Vec::new(),
            uncounted: 0,
            times: Vec::new(),
            errors: Vec::new(),
        };
        self.tasks.spawn(reading.run(cancel));
    }

    fn ended(&mut self, ended: Result<(QueryId, Vec<FieldSet>), tokio::task::JoinError>) {
        let Ok((id, late)) = ended else {
            tracing::error!("reading files ended abnormally");
            return;
        };
        self.reins.remove(id);
        for (known, late) in self.late.iter_mut().zip(late) {
            *known = with(*known, late);
        }
    }
}

fn with(fields: FieldSet, more: FieldSet) -> FieldSet {
    more.iter().fold(fields, |all, field| all.with(field, true))
}

/// One run over all the files.
struct Reading {
    id: QueryId,
    events: mpsc::Sender<Event>,
    want: watch::Receiver<Option<u64>>,
    clock: Clock,
    from: Instant,
    started: Timestamp,
    paths: Arc<[PathBuf]>,
    files: Vec<OpenedFile>,
    late: Vec<FieldSet>,
    /// How many rows there are, where every file says so.
    total: Option<u64>,
    accuracy: Accuracy,
    rows: u64,
    parts: u32,
    bytes: u64,
    set_aside: Vec<SetAside>,
    /// Rows that were set aside beyond those.
    uncounted: u64,
    /// How long each part took.
    times: Vec<Duration>,
    errors: Vec<Error>,
}

impl Reading {
    async fn run(mut self, cancel: CancellationToken) -> (QueryId, Vec<FieldSet>) {
        let _ = self.events.send(Event::Started(self.id, self.started)).await;
        let whole = tokio::select! {
            biased;
            () = cancel.cancelled() => false,
            () = self.read_all() => true,
        };
        if !whole {
            for file in &mut self.files {
                if file.state == FileState::Reading {
                    file.state = FileState::Cancelled;
                }
            }
        }
        self.report().await;
        let (id, late) = (self.id, std::mem::take(&mut self.late));
        let events = self.events.clone();
        let (summary, error) = self.summary(whole);
        let summary = Arc::new(summary);
        let _ = events
            .send(match error {
                None => Event::Finished(id, summary),
                Some(error) => Event::Failed(id, summary, error),
            })
            .await;
        (id, late)
    }

    async fn read_all(&mut self) {
        for at in 0..self.files.len() {
            self.files[at].state = FileState::Reading;
            self.report().await;
            let state = match self.read(at).await {
                Ok(()) => FileState::Whole,
                Err(error) => {
                    self.errors.push(error.clone());
                    FileState::Failed(error)
                }
            };
            self.files[at].state = state;
        }
    }

    async fn read(&mut self, at: usize) -> Result<(), Error> {
        let (path, fields) = (self.paths.get(at).cloned().unwrap_or_default(), self.files[at].fields);
        let mut open = blocking(move || Open::new(&path, fields)).await??;
        let mut since = 0;
        loop {
            // The one place where a cancelled run may be left: what is counted below is also delivered.
            self.pause().await;
            let began = self.clock.now();
            let number = self.parts + 1;
            let (back, rows) = blocking(move || {
                let rows = open.next(number);
                (open, rows)
            })
            .await?;
            open = back;
            let Some(rows) = rows? else { break };
            self.times.push(self.clock.now().saturating_duration_since(began));
            let room = self.events.clone().reserve_owned().await;
            let page = self.take(at, number, &open, rows);
            if let Ok(room) = room {
                room.send(Event::Page(self.id, page));
            }
            since += 1;
            if since % REPORT == 0 {
                self.report().await;
            }
        }
        self.bytes += self.files[at].bytes;
        Ok(())
    }

    /// Counts rows that are delivered.
    fn take(&mut self, at: usize, number: u32, open: &Open, rows: Rows) -> Page {
        let Rows { profiles, mut set_aside, bad, late } = rows;
        self.parts = number;
        self.rows += profiles.len() as u64;
        let file = &mut self.files[at];
        file.rows += profiles.len() as u64;
        file.set_aside += bad;
        for profile in &profiles {
            self.accuracy.add(profile);
        }
        if let Some((fields, place)) = late {
            // A column cannot come while rows do.
            let names: Vec<_> = fields.iter().skip(1).map(Field::wire).collect();
            let first = format!("{} ({} {place})", names.join(", "), open.source.place());
            if with(file.fields, fields) != file.fields {
                file.about.push(("comes late", Untrusted::from(first)));
                self.late[at] = with(self.late[at], fields);
            }
        }
        let room = SET_ASIDE.saturating_sub(self.set_aside.len());
        self.uncounted += set_aside.len().saturating_sub(room) as u64;
        set_aside.truncate(room);
        self.set_aside.extend(set_aside.iter().cloned());
        Page { number, batch: at as u32 + 1, rows: profiles, set_aside, total: self.total, ..Page::default() }
    }

    /// Waits while all that is wanted for now is there.
    async fn pause(&mut self) {
        let rows = self.rows;
        if self.want.borrow().is_none_or(|want| want > rows) {
            return;
        }
        self.report().await;
        let _ = self.events.send(Event::Paused(self.id)).await;
        // Whoever could want more has gone: then the run is being cancelled.
        if self.want.wait_for(|want| want.is_none_or(|want| want > rows)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Tells how far the files were read.
    async fn report(&self) {
        let _ = self.events.send(Event::Files(self.id, self.files.clone())).await;
    }

    fn summary(self, whole: bool) -> (Summary, Option<Error>) {
        let mut set_aside = self.set_aside;
        if self.uncounted > 0 {
            set_aside.push(SetAside {
                page: self.parts,
                row: 0,
                reason: format!("{} more rows, each of which could not be read", self.uncounted),
                raw: Untrusted::default(),
            });
        }
        let error = whole.then(|| join(self.errors)).flatten();
        let (status, cut) = match &error {
            _ if !whole => (Status::Cancelled, Some(Cut::Cancelled)),
            Some(_) if self.rows == 0 => (Status::Failed, Some(Cut::Error)),
            Some(_) => (Status::Partial, Some(Cut::Error)),
            None if !set_aside.is_empty() => (Status::Partial, None),
            None => (Status::Success, None),
        };
        let summary = Summary {
            status,
            started: self.started,
            elapsed: self.clock.now().saturating_duration_since(self.from),
            rows: self.rows,
            before: 0,
            total: self.total,
            pages: self.parts,
            requests: 0,
            retries: 0,
            throttled: 0,
            cache_hits: 0,
            oldest: None,
            bytes: self.bytes,
            repeats: 0,
            not_found: Vec::new(),
            filtered: false,
            set_aside,
            connect: Latency::default(),
            network: Latency::default(),
            processing: Latency::of(self.times),
            accuracy: self.accuracy.share(),
            // How long a tenant keeps profiles says nothing of what was exported.
            past_retention: 0,
            withheld: 0,
            withheld_before: 0,
            window: None,
            cut,
            place: None,
        };
        (summary, error)
    }
}

/// What went wrong, as one error.
fn join(errors: Vec<Error>) -> Option<Error> {
    let more = errors.len().saturating_sub(1);
    let first = errors.into_iter().next()?;
    if more == 0 {
        return Some(first);
    }
    let files = if more == 1 { "one more file" } else { "more files" };
    let what = format!("{}, and neither can {files}", first.what);
    Some(Error::new(first.kind, what, &first.cause, &first.remedy))
}

/// Reads off the threads that must not wait for a disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    spawn_blocking(work).await.map_err(|_| Error::panicked())
}
