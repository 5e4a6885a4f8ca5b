//! The background task for one run of the program: the service, its sandbox if it needs one, the worker.

use cxlens::config::{Settings, Target};
use cxlens::engine::chance::Chance;
use cxlens::engine::clock::Clock;
use cxlens::engine::error::{Error, Kind};
use cxlens::engine::fetch::client::Client;
use cxlens::engine::options::Service;
use cxlens::engine::worker::{Handle, Setup, Worker, channel, http};
use cxlens::import;
use cxlens::sandbox::{Options, Sandbox};
use cxlens::tui::faults::Stage;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::JoinHandle;

use url::Url;

use crate::faults::Player;

/// A worker and the way to it.
pub(crate) struct Session {
    /// Commands in, events out.
    pub(crate) handle: Handle,
    background: JoinHandle<()>,
}

/// Starts the work in the background and returns at once: the screen draws before anything slow happens.
///
/// Should it start a sandbox, its faults go onto the stage before the worker says that it is ready. Where it is
/// `watched`, somebody may look at single exchanges, and the last are kept.
pub(crate) fn start(settings: Settings, clock: Clock, stage: &Stage, watched: bool) -> Session {
    let (handle, worker) = channel();
    let background = tokio::spawn(work(settings, clock, worker, Arc::clone(stage), watched));
    Session { handle, background }
}

/// Starts an explorer's work over files, without a service.
pub(crate) fn over_files(files: Vec<PathBuf>, clock: Clock) -> Session {
    let (handle, worker) = channel();
    let background = tokio::spawn(import::run(worker, files, clock));
    Session { handle, background }
}

async fn work(settings: Settings, clock: Clock, worker: Worker, stage: Stage, watched: bool) {
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
    match service {
        Ok(service) => {
            let setup = Setup {
                service,
                clock,
                chance: Chance::system(),
                transport: None,
                audit: Some(settings.paths.audit()),
                keep_exchanges: watched,
            };
            worker.run(setup).await;
        }
        Err(error) => worker.give_up(error).await,
    }
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
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

/// Waits for the worker's end, so that what it still has to record is recorded.
pub(crate) async fn end(background: JoinHandle<()>) {
    if let Err(error) = background.await {
        tracing::error!(%error, "the worker ended abnormally");
    }
}

impl Session {
    /// The handle, and what to await when it was dropped.
    pub(crate) fn split(self) -> (Handle, JoinHandle<()>) {
        (self.handle, self.background)
    }
}
