//! Plays a plan: the real worker under paused time, somebody who meddles, and a reader who writes down what came.

use std::sync::Arc;
use std::time::Duration;

use cxlens::engine::audit::Access;
use cxlens::engine::chance::Chance;
use cxlens::engine::clock::Clock;
use cxlens::engine::error::Error;
use cxlens::engine::event::{Command, Event, Page, Summary};
use cxlens::engine::options::Service;
use cxlens::engine::query::{Draft, QueryId};
use cxlens::engine::worker::{Handle, Setup, channel};
use secrecy::SecretString;
use url::Url;

use super::plan::{Action, Plan, Run};
use super::service::{Entry, Tamper, WALL, What, Wire, World, asked_for};

/// A session that takes longer has come to a standstill.
const TOO_LONG: Duration = Duration::from_secs(24 * 3_600);

/// What a session came to.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// What happened at the service's end and around it.
    pub(crate) log: Vec<Entry>,
    /// What was delivered, run by run.
    pub(crate) runs: Vec<Delivered>,
    /// Whether it was over within a day, and the worker ended once nobody listened.
    pub(crate) over: bool,
    /// How long it took.
    pub(crate) took: Duration,
}

/// What the reader got of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delivered {
    /// Its pages.
    pub(crate) pages: Vec<Page>,
    /// How it ended, where it did.
    pub(crate) end: Option<(Arc<Summary>, Option<Error>)>,
}

fn service(plan: &Plan) -> Service {
    let base = Url::parse("https://acme.my.cxone.com").unwrap();
    let mut service = Service::new("acme", base, "me", SecretString::from("s3cr3t-value"));
    service.bounds.concurrency = plan.concurrency;
    service.bounds.rate = plan.rate;
    service.bounds.max_wait = plan.max_wait;
    service.timeouts.page = plan.timeout;
    service.timeouts.token = plan.timeout;
    service
}

fn start(plan: &Plan, n: usize) -> Command {
    let run: &Run = &plan.runs[n];
    let draft = Draft {
        ids: asked_for(run),
        segments: if run.segment { vec!["SEG-A".into()] } else { Vec::new() },
        filter: format!("run eq {n} "),
        page_size: run.page_size,
        limit: run.limit,
        use_cache: run.cache,
        ..Draft::default()
    };
    Command::Run(QueryId(n as u64), draft.check().unwrap(), None)
}

/// Plays a plan to its end.
pub(crate) fn play(plan: &Plan, tamper: Tamper) -> Record {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let clock = Clock::starting_at(WALL.parse().unwrap());
        let from = clock.now();
        let world = Arc::new(World::new(plan.clone(), clock.clone(), tamper));
        let (handle, worker) = channel();
        let setup = Setup {
            service: service(plan),
            clock: clock.clone(),
            chance: Chance::seeded(plan.seed),
            transport: Some(Arc::new(Wire(world.clone()))),
            audit: None,
            access: Access::default(),
            keep_exchanges: false,
        };
        let worker = tokio::spawn(worker.run(setup));
        let mut runs = vec![Delivered::default(); plan.runs.len()];
        let listening = listen(plan, handle, &world, &clock, &mut runs);
        let mut over = tokio::time::timeout(TOO_LONG, listening).await.is_ok();
        let took = clock.now() - from;
        over &= tokio::time::timeout(TOO_LONG, worker).await.is_ok_and(|ended| ended.is_ok());
        Record { log: world.log(), runs, over, took }
    })
}

/// Does what the plan says when it says so, and reads events until all runs are over or it is time to leave.
async fn listen(plan: &Plan, handle: Handle, world: &World, clock: &Clock, runs: &mut [Delivered]) {
    let Handle { commands, mut events } = handle;
    let from = clock.now();
    let read = async {
        while let Some(event) = events.recv().await {
            let ended = match event {
                Event::Page(QueryId(n), page) => {
                    runs[n as usize].pages.push(page);
                    None
                }
                Event::Finished(QueryId(n), summary) => Some((n as usize, summary, None)),
                Event::Failed(QueryId(n), summary, error) => Some((n as usize, summary, Some(error))),
                _ => None,
            };
            if let Some((n, summary, error)) = ended {
                world.note(What::Ended(n));
                runs[n].end = Some((summary, error));
                if plan.runs.get(n + 1).is_some_and(|next| next.start.is_none()) {
                    world.note(What::Did(Action::Start(n + 1)));
                    commands.send(start(plan, n + 1)).await.unwrap();
                }
                if runs.iter().all(|run| run.end.is_some()) {
                    return;
                }
            }
            if !plan.reader.is_zero() {
                clock.sleep_until(clock.now() + plan.reader).await;
            }
        }
    };
    let meddle = async {
        for (at, action) in &plan.actions {
            clock.sleep_until(from + *at).await;
            world.note(What::Did(*action));
            let command = match *action {
                Action::Start(n) => start(plan, n),
                Action::Cancel(n) => Command::Cancel(QueryId(n as u64)),
                Action::Bounds(concurrency, rate) => Command::Bounds { concurrency, rate },
                Action::Leave => return,
            };
            commands.send(command).await.unwrap();
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = meddle => {}
        () = read => {}
    }
}
