//! The background task for one run of the program: the service, its sandbox if it needs one, the worker.

use cxlens::config::{self, Env, Flags, Listed, Look, Paths, Settings, Target};
use cxlens::engine::audit::{Access, Link, To};
use cxlens::engine::chance::Chance;
use cxlens::engine::clock::{Clock, Pace};
use cxlens::engine::error::{Error, Kind};
use cxlens::engine::fetch::client::Client;
use cxlens::engine::options::Service;
use cxlens::engine::recording::{self, About, Reader};
use cxlens::engine::worker::{Handle, Setup, Worker, channel, http};
use cxlens::import;
use cxlens::sandbox::{Options, Sandbox};
use cxlens::tui;
use cxlens::tui::faults::Stage;
use cxlens::tui::tenants::{Opened, Tenant, Tenants, Whom};
use cxlens::wire::Dialect;
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinHandle;

use url::Url;

use crate::commands::mask;
use crate::faults::Player;

/// What the embedded service is called.
const SANDBOX: &str = "sandbox";

/// A worker and the way to it.
pub(crate) struct Session {
    /// Commands in, events out.
    pub(crate) handle: Handle,
    background: Background,
}

/// What goes on behind a handle; it ends with the last entry that it wrote to the audit trail.
pub(crate) type Background = JoinHandle<Option<Link>>;

/// Starts the work in the background and returns at once: the screen draws before anything slow happens.
///
/// Should it start a sandbox, its faults go onto the stage before the worker says that it is ready. Where it is
/// `watched`, somebody may look at single exchanges, and the last are kept.
pub(crate) fn start(
    settings: Settings,
    clock: Clock,
    stage: &Stage,
    access: Access,
    watched: bool,
) -> Session {
    let (handle, worker) = channel();
    handle.recorder().about(about(&settings));
    let background = tokio::spawn(work(settings, clock, worker, Arc::clone(stage), access, watched));
    Session { handle, background }
}

/// Whose session it is, for a recording of it.
fn about(settings: &Settings) -> About {
    let dialect = Dialect::default().name().to_owned();
    match &settings.target {
        Target::Tenant(service) => About {
            tenant: service.tenant.clone(),
            dialect: service.dialect.name().to_owned(),
            sandbox: service.sandbox,
        },
        Target::Incomplete { .. } => About::default(),
        Target::Sandbox | Target::Nothing => About { tenant: SANDBOX.to_owned(), dialect, sandbox: true },
    }
}

/// Starts an explorer's work over a recording, without a service.
pub(crate) fn over_recording(reader: Reader, pace: Pace, speed: f64) -> Session {
    let (handle, worker) = channel();
    // Nobody is asked: there is no trail.
    let background = tokio::spawn(async move {
        recording::run(worker, reader, pace, speed).await;
        None
    });
    Session { handle, background }
}

/// Starts an explorer's work over files, without a service.
pub(crate) fn over_files(files: Vec<PathBuf>, clock: Clock) -> Session {
    let (handle, worker) = channel();
    let background = tokio::spawn(async {
        import::run(worker, files, clock).await;
        None
    });
    Session { handle, background }
}

async fn work(
    settings: Settings,
    clock: Clock,
    worker: Worker,
    stage: Stage,
    access: Access,
    watched: bool,
) -> Option<Link> {
    let mut sandbox = None;
    let service = match &settings.target {
        Target::Tenant(service) => Ok((**service).clone()),
        Target::Incomplete { error, .. } => Err(error.clone()),
        Target::Sandbox | Target::Nothing => match Sandbox::start(Options::demo()).await {
            Ok(started) => {
                stage.get_or_init(|| Box::new(Player(started.control())));
                embedded(&settings, sandbox.insert(started))
            }
            Err(error) => {
                Err(Error::new(Kind::Local, "the sandbox did not start", error.to_string(), "try again"))
            }
        },
    };
    let last = match service {
        Ok(service) => {
            let setup = Setup {
                service,
                clock,
                chance: Chance::system(),
                transport: None,
                audit: Some(settings.paths.audit()),
                access,
                keep_exchanges: watched,
            };
            worker.run(setup).await
        }
        Err(error) => {
            worker.give_up(error).await;
            None
        }
    };
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    last
}

fn embedded(settings: &Settings, sandbox: &Sandbox) -> Result<Service, Error> {
    let url = Url::parse(&sandbox.base_url()).map_err(|error| {
        Error::new(Kind::Local, "the sandbox's address", error.to_string(), "report this as a defect")
    })?;
    let secret = sandbox.client_secret().to_owned().into();
    Ok(settings.sandbox_service(url, sandbox.tenant(), sandbox.client_id(), secret))
}

/// A client for single calls, without a worker; what it tells of its exchanges nobody hears.
///
/// # Errors
/// The HTTP client cannot be built.
pub(crate) fn client(service: Service, clock: Clock) -> Result<Client, Error> {
    let transport = http(&service, &clock)?;
    let (events, _) = tokio::sync::mpsc::channel(1);
    Ok(Client::new(service, transport, clock, Chance::system(), events))
}

/// Waits for work that holds a session's handle; `None`: it panicked, and that was said. The handle is gone either way,
/// so that what there is to record can be recorded.
pub(crate) async fn survived<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.ok()
}

/// Waits for the worker's end, so that what it still has to record is recorded; gives the last entry that it wrote.
pub(crate) async fn end(background: Background) -> Option<Link> {
    background.await.unwrap_or_else(|_| {
        tracing::error!("the worker ended abnormally");
        None
    })
}

/// Whom the explorer can ask, as the process was started and as the file is now.
#[derive(Clone)]
pub(crate) struct Doors {
    pub(crate) env: Env,
    pub(crate) paths: Paths,
    pub(crate) flags: Flags,
    pub(crate) clock: Clock,
    /// What still has something to record when the explorer is left.
    pub(crate) background: Arc<Mutex<Vec<Background>>>,
}

impl std::fmt::Debug for Doors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The environment holds a secret.
        f.write_str("Doors")
    }
}

impl Doors {
    /// Waits for every session's end; gives the last entry that any of them wrote.
    pub(crate) async fn close(&self) -> Option<Link> {
        let all = std::mem::take(&mut *self.background.lock().unwrap_or_else(PoisonError::into_inner));
        let mut last: Option<Link> = None;
        for background in all {
            last = end(background).await.into_iter().chain(last).max_by_key(|link| link.seq);
        }
        last
    }
}

impl Tenants for Doors {
    fn list(&self) -> Result<Vec<Tenant>, Error> {
        let tenant = |listed: Listed| Tenant {
            whom: if listed.unnamed { Whom::Environment } else { Whom::Tenant(listed.name.clone()) },
            name: listed.name,
            base_url: listed.base_url,
            lacks: listed.lacks,
            look: listed.look,
        };
        let sandbox = Tenant {
            whom: Whom::Sandbox,
            name: SANDBOX.to_owned(),
            base_url: String::new(),
            lacks: None,
            look: Look::default(),
        };
        let listed = config::tenants(&self.env, &self.paths, &self.flags)?;
        Ok(listed.into_iter().map(tenant).chain([sandbox]).collect())
    }

    fn open(&self, whom: &Whom) -> Result<Opened, Error> {
        let (tenant, sandbox) = match whom {
            Whom::Sandbox => (None, true),
            Whom::Tenant(name) => (Some(name.clone()), false),
            Whom::Environment => (None, false),
        };
        let flags = Flags { tenant, sandbox, ..self.flags.clone() };
        let settings = config::load(&self.env, &self.paths, &flags)?;
        let (tenant, sandbox) = whom_of(&settings)?;
        let stage = Stage::default();
        let (look, query, mask) = (settings.look, settings.query, mask(&settings.privacy, false));
        let access = Access { reason: None, to: Some(To::Screen) };
        let (handle, background) = start(settings, self.clock.clone(), &stage, access, true).split();
        self.background.lock().unwrap_or_else(PoisonError::into_inner).push(background);
        let (page_size, retention_days) = (query.page_size, query.retention_days);
        let session =
            tui::tenants::Session { tenant, sandbox, look, faults: stage, mask, page_size, retention_days };
        Ok(Opened { handle, session })
    }
}

/// The tenant's name, and whether it is the sandbox.
///
/// # Errors
/// The tenant lacks something.
pub(crate) fn whom_of(settings: &Settings) -> Result<(String, bool), Error> {
    match &settings.target {
        Target::Tenant(service) => Ok((service.tenant.clone(), false)),
        Target::Incomplete { error, .. } => Err(error.clone()),
        Target::Sandbox | Target::Nothing => Ok((SANDBOX.to_owned(), true)),
    }
}

impl Session {
    /// The handle, and what to await when it was dropped.
    pub(crate) fn split(self) -> (Handle, Background) {
        (self.handle, self.background)
    }
}
