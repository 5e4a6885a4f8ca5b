//! Writes what a session does to a file, beside it.
//!
//! ```text
//! commands, events (at the handle) ─┐                          ┌─► veil ─► a line ─► FILE
//! exchanges (in the client) ────────┴─► room for so many bytes ─┘    (a thread of its own)
//! ```
//!
//! Whoever brings something waits while too much of it is not written yet: a slow disk slows the session, and its memory
//! stays bounded. A disk that is full ends the recording, and nothing else.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use memchr::memmem;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::file;
use super::header::{About, Header};
use super::line::{Base, CommandLine, EventLine, ExchangeLine, Line, Told};
use super::veil::Veil;
use crate::engine::clock::Clock;
use crate::engine::error::{Error, Kind};
use crate::engine::event::{Command, Event};

/// Bytes that may wait to be written, in pieces of [`PIECE`].
const ROOM: u32 = 32 * 1024;
/// Bytes.
const PIECE: usize = 1024;
/// What a small event takes, about, in pieces.
const SMALL: u32 = 1;

/// What is to be recorded, and where.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The file.
    pub path: PathBuf,
    /// Whether one that is there is replaced.
    pub force: bool,
    /// Whether personal values are kept as they are.
    pub true_values: bool,
    /// The key of the stand-ins, which no other recording has.
    pub key: (u64, u64),
}

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recording {
    /// It has begun.
    Begun {
        /// The file.
        path: PathBuf,
        /// Whether personal values are in it as they are.
        true_values: bool,
    },
    /// It cannot begin.
    Refused(Error),
    /// It is whole.
    Whole {
        /// The file.
        path: PathBuf,
        /// How large that is.
        bytes: u64,
    },
    /// It ended early; what was written stays. The session goes on.
    Lost(Error),
}

/// Records a session, or does not. Cheap to clone.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Inner>);

#[derive(Default)]
struct Inner {
    on: AtomicBool,
    has_news: AtomicBool,
    told: Notify,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    about: About,
    /// Where the session stands, for a recording that begins in its middle.
    stands: Stands,
    link: Option<Link>,
    news: VecDeque<Recording>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Stands {
    ready: Option<Event>,
    limits: Option<Event>,
    auth: Option<Event>,
    /// The run that is under way.
    run: Option<Command>,
}

#[derive(Clone)]
struct Link {
    to: mpsc::UnboundedSender<Message>,
    room: Arc<Semaphore>,
    clock: Clock,
}

struct Message {
    at: Instant,
    what: What,
    /// Its place, which is free once it is written.
    _room: Option<OwnedSemaphorePermit>,
}

enum What {
    Command(Command),
    Event(Event),
    Exchange(Box<Told>),
    Secrets(Vec<Zeroizing<String>>),
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recorder({})", if self.is_on() { "on" } else { "off" })
    }
}

impl Recorder {
    /// Whose session it is. To be called before anything is recorded.
    pub fn about(&self, about: About) {
        self.lock().about = about;
    }

    /// Whether it records.
    pub fn is_on(&self) -> bool {
        self.0.on.load(Ordering::Acquire)
    }

    /// Begins. It makes a file, so not on a thread that draws; what becomes of it is news as well.
    ///
    /// # Errors
    /// The file cannot be made, or something is being recorded already.
    pub fn begin(&self, wanted: &Wanted, clock: &Clock) -> Result<(), Error> {
        let begun = self.try_begin(wanted, clock);
        self.tell(match &begun {
            Ok(()) => Recording::Begun { path: wanted.path.clone(), true_values: wanted.true_values },
            Err(error) => Recording::Refused(error.clone()),
        });
        begun
    }

    /// As [`begin`](Self::begin), in a directory that is made where there is none.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn begin_in_directory(&self, wanted: &Wanted, clock: &Clock) -> Result<(), Error> {
        if let Some(Err(error)) = wanted.path.parent().map(file::directory) {
            self.tell(Recording::Refused(error.clone()));
            return Err(error);
        }
        self.begin(wanted, clock)
    }

    fn try_begin(&self, wanted: &Wanted, clock: &Clock) -> Result<(), Error> {
        if self.lock().link.is_some() {
            return Err(Error::usage(
                "recording",
                "one is being made already",
                "stop that one before another begins",
            ));
        }
        let file = file::create(&wanted.path, wanted.force)?;
        self.write_to(file, wanted, clock)
    }

    /// Begins to write into a file that was made.
    pub(super) fn write_to(
        &self,
        file: BufWriter<File>,
        wanted: &Wanted,
        clock: &Clock,
    ) -> Result<(), Error> {
        let began = clock.now();
        let mut state = self.lock();
        let (to, messages) = mpsc::unbounded_channel();
        let link = Link { to, room: Arc::new(Semaphore::new(ROOM as usize)), clock: clock.clone() };
        let veil = if wanted.true_values { Veil::open() } else { Veil::closed(wanted.key) };
        let header = Header::new(&state.about, clock.wall(), wanted.true_values);
        let writer =
            Writer { file, path: wanted.path.clone(), base: Base(began), veil, last: 0, secrets: Vec::new() };
        let (recorder, room) = (Arc::downgrade(&self.0), Arc::clone(&link.room));
        let thread = std::thread::Builder::new().name("recording".to_owned()).spawn(move || {
            let came = writer.run(&header, messages);
            room.close();
            if let Some(inner) = recorder.upgrade() {
                let recorder = Self(inner);
                if matches!(came, Recording::Lost(_)) {
                    recorder.off();
                }
                recorder.tell(came);
            }
        });
        let thread = thread.map_err(|error| {
            Error::new(
                Kind::Local,
                "recording",
                format!("no thread for it: {error}"),
                "check the limits on processes (ulimit -a)",
            )
        })?;
        for what in state.stands.at_the_beginning() {
            let _ = link.to.send(Message { at: began, what, _room: None });
        }
        state.link = Some(link);
        state.writer = Some(thread);
        self.0.on.store(true, Ordering::Release);
        Ok(())
    }

    /// Ends it; what came before is still written.
    pub fn end(&self) {
        self.off();
    }

    fn off(&self) {
        let mut state = self.lock();
        self.0.on.store(false, Ordering::Release);
        state.link = None;
    }

    /// Ends it, waits until all is written, and says what became of it, where that was not told before.
    pub fn finish(&self) -> Option<Recording> {
        self.off();
        let writer = self.lock().writer.take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the thread of a recording ended abnormally");
        }
        let mut state = self.lock();
        self.0.has_news.store(false, Ordering::Release);
        state.news.drain(..).rfind(|news| !matches!(news, Recording::Begun { .. }))
    }

    /// What becomes of a recording, when something does.
    pub(in crate::engine) async fn news(&self) -> Recording {
        loop {
            let told = self.0.told.notified();
            if self.0.has_news.load(Ordering::Acquire) {
                let mut state = self.lock();
                let news = state.news.pop_front();
                self.0.has_news.store(!state.news.is_empty(), Ordering::Release);
                if let Some(news) = news {
                    return news;
                }
            }
            told.await;
        }
    }

    fn tell(&self, news: Recording) {
        self.lock().news.push_back(news);
        self.0.has_news.store(true, Ordering::Release);
        self.0.told.notify_one();
    }

    /// A command goes to the worker.
    pub fn command(&self, command: &Command) {
        if let Command::Run(..) | Command::Resume(..) = command {
            self.lock().stands.run = Some(command.clone());
        }
        if self.is_on() {
            self.send(What::Command(command.clone()), None);
        }
    }

    /// Waits for room for an event. It may be given up at any time.
    pub(in crate::engine) async fn room_for(&self, event: &Event) -> Option<OwnedSemaphorePermit> {
        if !self.is_on() {
            return None;
        }
        self.room(weight(event)).await
    }

    /// An event comes to whoever watches.
    pub(in crate::engine) fn event(&self, event: &Event, room: Option<OwnedSemaphorePermit>) {
        match event {
            Event::Ready(_) => self.lock().stands.ready = Some(event.clone()),
            Event::Limits(_) => self.lock().stands.limits = Some(event.clone()),
            Event::Auth(_) => self.lock().stands.auth = Some(event.clone()),
            Event::Finished(id, _) | Event::Failed(id, ..) => self.lock().stands.ended(*id),
            _ => {}
        }
        if self.is_on() {
            self.send(What::Event(event.clone()), room);
        }
    }

    /// An exchange is over. These spellings of secrets, some of which it may have brought, stand in no line from now on:
    /// a service that echoes one does so in rows too.
    pub(in crate::engine) async fn exchange(&self, told: Told, secrets: Vec<Zeroizing<String>>) {
        self.send(What::Secrets(secrets), None);
        let room = self.room(told.body.len() + 4 * PIECE).await;
        if self.is_on() {
            self.send(What::Exchange(Box::new(told)), room);
        }
    }

    async fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let room = self.lock().link.as_ref().map(|link| Arc::clone(&link.room))?;
        let pieces = u32::try_from(bytes / PIECE).unwrap_or(ROOM).clamp(SMALL, ROOM);
        // Closed: nothing is written any more.
        room.acquire_many_owned(pieces).await.ok()
    }

    fn send(&self, what: What, room: Option<OwnedSemaphorePermit>) {
        if let Some(link) = &self.lock().link {
            // Nobody takes it only where the disk was full a moment ago.
            let _ = link.to.send(Message { at: link.clock.now(), what, _room: room });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements: a panic elsewhere spoils nothing.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stands {
    fn at_the_beginning(&self) -> Vec<What> {
        let events = [&self.ready, &self.auth, &self.limits].into_iter().flatten().cloned().map(What::Event);
        events.chain(self.run.clone().map(What::Command)).collect()
    }

    fn ended(&mut self, id: crate::engine::query::QueryId) {
        if matches!(&self.run, Some(Command::Run(own, ..) | Command::Resume(own, ..)) if *own == id) {
            self.run = None;
        }
    }
}

/// Bytes that an event takes until it is written, about.
fn weight(event: &Event) -> usize {
    match event {
        // A row's columns and what they are made of.
        Event::Page(_, page) => page.rows.iter().map(|row| row.raw.len() + PIECE).sum(),
        Event::Finished(_, summary) | Event::Failed(_, summary, _) => {
            summary.set_aside.iter().map(|row| row.raw.raw().len()).sum()
        }
        _ => 0,
    }
}

/// The line without this.
fn without(line: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut at = 0;
    for found in memmem::find_iter(line, secret) {
        out.extend_from_slice(&line[at..found]);
        out.extend_from_slice(b"[redacted]");
        at = found + secret.len();
    }
    out.extend_from_slice(&line[at..]);
    out
}

struct Writer {
    file: BufWriter<File>,
    path: PathBuf,
    base: Base,
    veil: Veil,
    /// The time of the last line: those who bring something may have waited for room.
    last: u64,
    /// What stands in no line, however it got there.
    secrets: Vec<Zeroizing<String>>,
}

impl Writer {
    /// Writes until nobody brings anything any more.
    fn run(mut self, header: &Header, mut messages: mpsc::UnboundedReceiver<Message>) -> Recording {
        let path = self.path.clone();
        match self.write_all(header, &mut messages).and_then(|()| file::close(self.file)) {
            Ok(bytes) => Recording::Whole { path, bytes },
            Err(error) => Recording::Lost(Error::new(
                Kind::Local,
                format!("the recording {} ended early", path.display()),
                error.to_string(),
                "what was written is kept and can be replayed; free some space, and begin another",
            )),
        }
    }

    fn write_all(
        &mut self,
        header: &Header,
        messages: &mut mpsc::UnboundedReceiver<Message>,
    ) -> io::Result<()> {
        self.put(header)?;
        loop {
            let message = match messages.try_recv() {
                Ok(message) => message,
                Err(TryRecvError::Disconnected) => return Ok(()),
                Err(TryRecvError::Empty) => {
                    // Whoever looks on, or a program that is killed, finds all that came.
                    self.file.flush()?;
                    match messages.blocking_recv() {
                        Some(message) => message,
                        None => return Ok(()),
                    }
                }
            };
            self.write(&message)?;
        }
    }

    fn write(&mut self, message: &Message) -> io::Result<()> {
        let ms = u64::try_from(self.base.ms(message.at)).unwrap_or(0).max(self.last);
        self.last = ms;
        let mut line = Line { ms, ..Line::default() };
        match &message.what {
            What::Command(command) => line.command = CommandLine::of(command, &mut self.veil),
            What::Event(event) => line.event = EventLine::of(event, &mut self.veil, self.base),
            What::Exchange(told) => line.exchange = Some(Box::new(ExchangeLine::of(told, &mut self.veil))),
            What::Secrets(secrets) => self.learn(secrets),
        }
        if line.command.is_none() && line.event.is_none() && line.exchange.is_none() {
            return Ok(());
        }
        self.put(&line)
    }

    fn learn(&mut self, secrets: &[Zeroizing<String>]) {
        for secret in secrets {
            // A line is JSON, and a row in it is JSON in JSON.
            let escaped = |text: &str| {
                let quoted = serde_json::to_string(text).unwrap_or_default();
                Zeroizing::new(quoted.trim_matches('"').to_owned())
            };
            let once = escaped(secret);
            let twice = escaped(&once);
            for spelling in [secret.clone(), once, twice] {
                if !self.secrets.contains(&spelling) {
                    self.secrets.push(spelling);
                }
            }
        }
    }

    fn put(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(line)?;
        for secret in &self.secrets {
            // Nearly always there is nothing to take out, and looking for it is cheap.
            if memmem::find(&line, secret.as_bytes()).is_some() {
                line = without(&line, secret.as_bytes());
            }
        }
        line.push(b'\n');
        self.file.write_all(&line)
    }
}
