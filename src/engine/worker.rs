//! The background task: commands in, events out.
//!
//! ```text
//!            Run ─► Pull (a task a run) ─┐
//! Command ─► Cancel ─► its token         ├─► Event (bounded)
//!            Bounds, Plan                │
//!            limits that changed ────────┘
//! ```

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::audit::{Access, Asked, Link, Reason, Trail};
use super::cache::Cache;
use super::chance::Chance;
use super::clock::{Clock, later};
use super::error::Error;
use super::event::{Command, Event, Note, ServiceInfo};
use super::fetch::client::Client;
use super::fetch::limits::Limiter;
use super::fetch::pull::{Ended, Pull};
use super::fetch::transport::{Http, Transport};
use super::options::Service;
use super::place::Place;
use super::plan::{Known, Plan};
use super::query::{Filter, Id, Query, QueryId};
use super::recording::Recorder;
use super::reins::Reins;

mod asides;

use asides::Asides;

/// Events that may wait to be read; a full channel slows the pull.
const EVENTS: usize = 64;
/// Commands that may wait.
const COMMANDS: usize = 64;
/// Totals that are remembered for plans.
const TOTALS: usize = 256;
/// Runs of which it is remembered what they asked for: more than there are exchanges to send again.
const ASKED: usize = 64;
/// Snapshots of the limits are this far apart at least.
const LIMITS_INTERVAL: Duration = Duration::from_millis(50);
/// The measured rate falls back to nothing within this span after the last request.
const LIMITS_SETTLE: Duration = Duration::from_millis(1_050);

/// The screen's or the command's end of the worker.
#[derive(Debug)]
pub struct Handle {
    /// Commands go in here; `try_send` never waits.
    pub commands: mpsc::Sender<Command>,
    /// Events come out here; `None` when the worker has ended.
    pub events: Events,
}

impl Handle {
    /// Hands a command over without waiting, and has it recorded where the session is.
    ///
    /// # Errors
    /// The worker does not keep up, or is gone.
    pub fn send(&self, command: Command) -> Result<(), TrySendError<Command>> {
        self.events.recorder.command(&command);
        self.commands.try_send(command)
    }

    /// What records the session, when it is told to.
    pub fn recorder(&self) -> &Recorder {
        &self.events.recorder
    }
}

/// Events as they come to whoever watches, and with them what becomes of a recording.
#[derive(Debug)]
pub struct Events {
    from: mpsc::Receiver<Event>,
    recorder: Recorder,
    /// One that waits until it may be recorded.
    held: Option<Event>,
}

impl Events {
    /// The next one; `None` when the worker has ended. It may be given up at any time.
    pub async fn recv(&mut self) -> Option<Event> {
        if self.held.is_none() {
            tokio::select! {
                biased;
                news = self.recorder.news() => return Some(Event::Recording(news)),
                event = self.from.recv() => self.held = event,
            }
        }
        let event = self.held.as_ref()?;
        let room = self.recorder.room_for(event).await;
        self.recorder.event(event, room);
        self.held.take()
    }

    /// Events that wait to be read.
    pub fn len(&self) -> usize {
        self.from.len() + usize::from(self.held.is_some())
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<mpsc::Receiver<Event>> for Events {
    fn from(from: mpsc::Receiver<Event>) -> Self {
        Self { from, recorder: Recorder::default(), held: None }
    }
}

/// The worker's end, not yet running: it can be made before the service is known, so that the first frame
/// need not wait.
#[derive(Debug)]
pub struct Worker {
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    recorder: Recorder,
}

/// What the worker works with.
pub struct Setup {
    /// The tenant.
    pub service: Service,
    /// Time.
    pub clock: Clock,
    /// Dice.
    pub chance: Chance,
    /// The way to the service; `None`: HTTP.
    pub transport: Option<Arc<dyn Transport>>,
    /// The directory of the audit trail; `None` only where nobody's data is asked for.
    pub audit: Option<PathBuf>,
    /// What for somebody asks, as far as it is known at the start, and where profiles go to.
    pub access: Access,
    /// Whether the last exchanges are kept in full: somebody may look at them.
    pub keep_exchanges: bool,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Setup({})", self.service.tenant)
    }
}

/// Makes both ends.
pub fn channel() -> (Handle, Worker) {
    let (command_tx, command_rx) = mpsc::channel(COMMANDS);
    let (event_tx, event_rx) = mpsc::channel(EVENTS);
    let events = Events::from(event_rx);
    let recorder = events.recorder.clone();
    (Handle { commands: command_tx, events }, Worker { commands: command_rx, events: event_tx, recorder })
}

impl Worker {
    /// Both channels, for another engine behind the same handle: commands to obey, and where to say what happens.
    pub fn split(self) -> (mpsc::Receiver<Command>, mpsc::Sender<Event>) {
        (self.commands, self.events)
    }

    /// Says that there is no service to work for, and ends.
    pub async fn give_up(self, error: Error) {
        let _ = self.events.send(Event::Broken(error)).await;
    }

    /// Works for one service until the handle's command sender is dropped; runs under way are then cancelled
    /// and recorded. Gives the last entry that it wrote to the audit trail.
    pub async fn run(mut self, setup: Setup) -> Option<Link> {
        let Setup { service, clock, chance, transport, audit, access, keep_exchanges } = setup;
        let info = ServiceInfo {
            tenant: service.tenant.clone(),
            base_url: service.base_url.as_str().trim_end_matches('/').to_owned(),
            sandbox: service.sandbox,
            needs_reason: service.needs_reason && access.reason.is_none(),
            files: Vec::new(),
        };
        let transport = match transport.map_or_else(|| http(&service, &clock), Ok) {
            Ok(transport) => transport,
            Err(error) => {
                self.give_up(error).await;
                return None;
            }
        };
        let place = audit.map(|dir| (dir, access));
        let trail = open(place.as_ref(), &service).await;
        let cache = Cache::new(service.cache);
        let client = Client::new(service, transport, clock.clone(), chance, self.events.clone());
        if keep_exchanges {
            client.keep_exchanges();
        }
        client.record(self.recorder.clone());
        client.tell(Event::Ready(Arc::new(info))).await;
        let _limits = AbortOnDropHandle::new(tokio::spawn(watch_limits(
            client.limiter().clone(),
            clock,
            self.events.clone(),
        )));
        let mut runs = Runs {
            client,
            cache,
            reins: Reins::default(),
            tasks: JoinSet::new(),
            totals: HashMap::new(),
            asked: VecDeque::new(),
            asides: Asides::default(),
            trail,
        };
        loop {
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => {
                        if runs.trail.is_err() && command.is_recorded() {
                            // The disk may have room again.
                            runs.trail = open(place.as_ref(), runs.client.service()).await;
                        }
                        runs.obey(command);
                    }
                    None => break,
                },
                Some(ended) = runs.tasks.join_next() => runs.ended(ended),
            }
        }
        // Nobody listens any more; a run that waits for a reader must not wait for ever.
        runs.reins.cancel_all();
        runs.asides.end();
        while runs.tasks.join_next().await.is_some() {}
        runs.trail.ok().flatten().and_then(|trail| trail.last())
    }
}

struct Runs {
    client: Client,
    cache: Cache,
    /// The runs under way.
    reins: Reins,
    tasks: JoinSet<Option<Finished>>,
    /// How many profiles a target had when it was last asked, for plans.
    totals: HashMap<Target, u64>,
    /// What the last runs asked for: whoever sends a page's request again looks at the same people.
    asked: VecDeque<(QueryId, Query)>,
    /// What is asked beside the runs.
    asides: Asides,
    /// Without a trail to write to, nothing is asked.
    trail: Result<Option<Trail>, Error>,
}

/// A run that is over, what it asked for, and how many the service said there are.
type Finished = (QueryId, Target, Option<u64>);

/// What a query is after, whatever fields and page size it asks with.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Target(Vec<Id>, Vec<Id>, Option<Filter>);

impl Target {
    fn of(query: &Query) -> Self {
        let query = query.with_sorted_ids();
        Self(query.ids().to_vec(), query.segments().to_vec(), query.filter().cloned())
    }
}

impl Runs {
    fn obey(&mut self, command: Command) {
        match command {
            Command::Run(id, query, want) => self.start(id, query, None, want),
            Command::Resume(id, place, want) => self.start(id, place.query.clone(), Some(place), want),
            Command::Want(id, want) => self.reins.want(id, want),
            Command::Cancel(id) => self.reins.cancel(id),
            Command::Bounds { concurrency, rate } => self.client.limiter().set_bounds(concurrency, rate),
            Command::Plan(ticket, query) => self.plan(ticket, query),
            Command::Again(number) => self.again(number),
            Command::Webhooks => self.webhooks(),
            Command::Note(ticket, note) => self.note(ticket, note),
            Command::Reason(reason) => self.for_reason(reason),
            Command::Reopen | Command::Replay(_) => {}
        }
    }

    fn start(&mut self, id: QueryId, query: Query, place: Option<Arc<Place>>, want: Option<u64>) {
        let (cancel, wanted) = self.reins.add(id, want);
        let client = self.client.clone();
        let target = Target::of(&query);
        if self.asked.len() == ASKED {
            self.asked.pop_front();
        }
        self.asked.push_back((id, query.clone()));
        let asked = query.clone();
        let trail = self.trail.clone();
        let cache = self.cache.clone();
        self.tasks.spawn(async move {
            let refused = Pull::new(client.clone(), cache.clone(), id, asked.clone(), wanted.clone());
            // Nothing is asked before it is on the disk that it is going to be.
            let intent = begin(&client, trail, &asked).await;
            let mut pull = Pull::new(client.clone(), cache, id, query, wanted);
            if let Some(place) = place {
                pull = pull.from_place(place);
            }
            let ended = match &intent {
                // In a task of its own: whoever waits for the run's end hears of it also when it panics.
                Ok(_) => AbortOnDropHandle::new(tokio::spawn(pull.run(cancel)))
                    .await
                    .map_err(|_| Error::panicked()),
                Err(error) => Err(error.clone()),
            };
            let Ended { summary, error, scopes } = ended.unwrap_or_else(|error| refused.refuse(error));
            let recorded = match intent {
                Ok(Some((trail, of))) => {
                    trail.end(Asked::Query, &asked, &of, &scopes, &summary, error.as_ref()).await.err()
                }
                Ok(None) | Err(_) => None,
            };
            let error = error.or(recorded);
            let summary = Arc::new(summary);
            let all = summary.rows + summary.before;
            let total = summary.total.or((summary.cut.is_none()).then_some(all));
            client
                .tell(match error {
                    None => Event::Finished(id, summary),
                    Some(error) => Event::Failed(id, summary, error),
                })
                .await;
            Some((id, target, total))
        });
    }

    /// Records a disclosure. Whoever waits for the answer discloses nothing without it.
    fn note(&mut self, ticket: u64, note: Note) {
        let (client, trail) = (self.client.clone(), self.trail.clone());
        self.tasks.spawn(async move {
            let noted = match trail {
                Ok(Some(trail)) => trail.note(note, client.clock().wall()).await.map(drop),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            client.tell(Event::Noted(ticket, noted)).await;
            None
        });
    }

    /// What for everything is from now on.
    fn for_reason(&mut self, reason: Reason) {
        if let Ok(Some(trail)) = &mut self.trail {
            trail.for_reason(reason);
        }
    }

    /// Plans in a task of its own: looking through the cache takes a while.
    fn plan(&mut self, ticket: u64, query: Query) {
        let limits = self.client.limiter().snapshot();
        let known = Known {
            total: self.totals.get(&Target::of(&query)).copied(),
            rate: limits.rate,
            burst: limits.bucket.map_or(1.0, |(tokens, _)| tokens),
            latency: self.client.recent_latency(),
            concurrency: Some(limits.concurrency),
        };
        let (client, cache) = (self.client.clone(), self.cache.clone());
        self.tasks.spawn(async move {
            let now = client.clock().now();
            let service = client.service();
            let cached = |url: &url::Url| cache.keeps(&Cache::key(service, url), now);
            // A query that makes no plan says why when it is run.
            if let Ok(plan) = Plan::of(&query, service, known, cached) {
                client.tell(Event::Planned(ticket, plan)).await;
            }
            None
        });
    }

    fn ended(&mut self, ended: Result<Option<Finished>, tokio::task::JoinError>) {
        match ended {
            Ok(None) => {}
            Ok(Some((id, target, total))) => {
                self.reins.remove(id);
                if self.totals.len() >= TOTALS {
                    self.totals.clear();
                }
                self.totals.extend(total.map(|total| (target, total)));
            }
            // It would repeat what a panic said.
            Err(_) => tracing::error!("a run's task ended abnormally"),
        }
    }
}

/// Opens the trail, where there is to be one.
async fn open(place: Option<&(PathBuf, Access)>, service: &Service) -> Result<Option<Trail>, Error> {
    match place {
        Some((dir, access)) => Trail::open(dir.clone(), service, access.clone()).await.map(Some),
        None => Ok(None),
    }
}

/// Records that a query is about to be asked, where there is a trail; gives what its end is recorded with.
///
/// # Errors
/// It may not be asked: that cannot be recorded, or the tenant wants to know what for.
async fn begin(
    client: &Client,
    trail: Result<Option<Trail>, Error>,
    query: &Query,
) -> Result<Option<(Trail, Link)>, Error> {
    let Some(trail) = trail? else { return Ok(None) };
    let service = client.service();
    if service.needs_reason && !trail.has_reason() {
        return Err(Error::usage(
            format!("tenant {} asks for the reason of each access", service.tenant),
            "none was given",
            "give it with --reason, or with :reason in the explorer",
        ));
    }
    let of = trail.begin(query, client.clock().wall()).await?;
    Ok(Some((trail, of)))
}

/// The way to a service over HTTP.
///
/// # Errors
/// The HTTP client cannot be built.
pub fn http(service: &Service, clock: &Clock) -> Result<Arc<dyn Transport>, Error> {
    let loopback = match service.base_url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match Http::new(clock.clone(), service.timeouts.connect, service.max_body, loopback) {
        Ok(http) => Ok(Arc::new(http)),
        Err(why) => Err(Error::new(
            super::error::Kind::Network,
            "the HTTP client could not be built",
            why,
            "check the machine's certificate store and proxy settings",
        )),
    }
}

/// Tells where the limits stand at first, whenever that changed, and once more when the measured rate has settled.
async fn watch_limits(limiter: Limiter, clock: Clock, events: mpsc::Sender<Event>) {
    loop {
        let limits = limiter.snapshot();
        let moving = limits.measured > 0.0;
        if events.send(Event::Limits(Arc::new(limits))).await.is_err() {
            return;
        }
        clock.sleep_until(later(clock.now(), LIMITS_INTERVAL)).await;
        let settle = later(clock.now(), LIMITS_SETTLE);
        tokio::select! {
            () = limiter.changed() => {}
            () = clock.sleep_until(settle), if moving => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::audit::entries;
    use crate::engine::event::Disclosure;
    use secrecy::SecretString;
    use url::Url;

    /// What comes of a note where the trail lies there.
    async fn noted(audit: PathBuf) -> Result<(), Error> {
        let base = Url::parse("https://acme.my.cxone.com").unwrap();
        let service = Service::new("acme", base, "me", SecretString::from("s3cr3t-value"));
        let (mut handle, worker) = channel();
        let (clock, chance) = (Clock::system(), Chance::seeded(7));
        tokio::spawn(worker.run(Setup {
            service,
            clock,
            chance,
            transport: None,
            audit: Some(audit),
            access: Access::default(),
            keep_exchanges: false,
        }));
        let note = Note {
            disclosure: Disclosure::Reveal,
            id: Some("PROF-1".into()),
            fields: vec!["email".to_owned()],
            rows: 1,
        };
        handle.commands.send(Command::Note(5, note)).await.unwrap();
        loop {
            if let Event::Noted(ticket, noted) = handle.events.recv().await.expect("the worker lives") {
                assert_eq!(ticket, 5);
                return noted;
            }
        }
    }

    #[tokio::test]
    async fn a_note_is_in_the_trail_before_it_is_answered() {
        let root = tempfile::tempdir().unwrap();
        noted(root.path().join("audit")).await.unwrap();
        let read: Vec<_> = entries(&root.path().join("audit")).map(|entry| entry.unwrap().entry).collect();
        assert_eq!(read.len(), 1);
        assert_eq!(
            (read[0].event.as_str(), read[0].fields.as_slice()),
            ("reveal", &["email".to_owned()][..])
        );
        assert!(read[0].id_hashes[0] != "PROF-1" && read[0].id_hashes[0].len() == 32);
    }

    #[tokio::test]
    async fn a_note_that_cannot_be_written_is_answered_with_why() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("audit");
        std::fs::write(&file, "").unwrap();
        assert!(noted(file).await.unwrap_err().to_string().contains("audit"));
    }
}
