//! The engine inside this process, where a figure needs to know when what happened.

use std::sync::Arc;
use std::time::Duration;

use cxlens::engine::audit::Access;
use cxlens::engine::chance::Chance;
use cxlens::engine::clock::Clock;
use cxlens::engine::event::{Command, Endpoint, Event, Exchange, Summary};
use cxlens::engine::options::Service;
use cxlens::engine::query::{Draft, Query, QueryId};
use cxlens::engine::worker::{Handle, Setup, channel};
use jiff::Timestamp;

use crate::Outcome;

/// Everybody.
pub(crate) fn everybody() -> Draft {
    Draft { segments: vec!["SEG-ALL".into()], use_cache: false, ..Draft::default() }
}

/// A worker for one service.
pub(crate) struct Session {
    handle: Handle,
    clock: Clock,
    runs: u64,
}

/// A run that is over.
pub(crate) struct Ran {
    pub(crate) summary: Arc<Summary>,
    pub(crate) ids: Vec<String>,
    exchanges: Vec<Arc<Exchange>>,
    ended: Timestamp,
}

impl Session {
    /// A worker; to be called on a runtime.
    pub(crate) fn start(service: Service) -> Self {
        let (handle, worker) = channel();
        let (clock, chance) = (Clock::system(), Chance::system());
        let setup = Setup {
            service,
            clock: clock.clone(),
            chance,
            transport: None,
            audit: None,
            access: Access::default(),
            keep_exchanges: false,
        };
        tokio::spawn(worker.run(setup));
        Self { handle, clock, runs: 0 }
    }

    /// Runs a query to its end.
    pub(crate) async fn run(&mut self, draft: &Draft) -> Outcome<Ran> {
        let query = draft.check().map_err(|wrong| format!("{wrong:?}"))?;
        self.runs += 1;
        self.handle.commands.send(command(QueryId(self.runs), query)).await?;
        let (mut ids, mut exchanges) = (Vec::new(), Vec::new());
        loop {
            match self.handle.events.recv().await.ok_or("the worker has ended")? {
                Event::Page(_, page) => {
                    ids.extend(page.rows.iter().filter_map(|row| Some(row.id()?.raw().to_owned())));
                }
                Event::Exchange(exchange) => exchanges.push(exchange),
                Event::Finished(_, summary) => {
                    return Ok(Ran { summary, ids, exchanges, ended: self.clock.wall() });
                }
                Event::Failed(_, _, error) | Event::Broken(error) => return Err(error.into()),
                _ => {}
            }
        }
    }
}

fn command(id: QueryId, query: Query) -> Command {
    Command::Run(id, query, None)
}

impl Ran {
    /// From the first page's request to the end.
    pub(crate) fn paging(&self) -> Outcome<Duration> {
        let pages = self.exchanges.iter().filter(|exchange| exchange.endpoint == Endpoint::Contacts);
        let first = pages.map(|exchange| exchange.at).min().ok_or("no page was asked for")?;
        Ok(self.ended.duration_since(first).unsigned_abs())
    }
}
