//! `cxlens query`: one run without a screen.
//!
//! ```text
//! Event::Page ─► Sink ─► stdout │ FILE.partial        progress ─► stderr, if it is a terminal
//! Event::Finished, Failed ─► FILE, summary and errors ─► exit code
//! a signal, a closed stdout, a full disk ─► Command::Cancel, and then as above
//! ```

use std::io;
use std::sync::Arc;

use super::progress::Progress;
use super::resume::{Store, Target};
use super::signals::{Signal, Signals};
use super::sink::{Kept, Sink};
use super::{Streams, report, summary};
use crate::engine::error::{Error, Kind};
use crate::engine::event::{Command, Event, Status, Summary};
use crate::engine::place::Place;
use crate::engine::query::{Query, QueryId};
use crate::engine::worker::Handle;

/// There is one run in a headless session.
const RUN: QueryId = QueryId(1);

/// Why a run was cancelled from here.
#[derive(Debug)]
enum Stop {
    /// Somebody wants it to end.
    Signal(Signal),
    /// Nobody reads stdout any more.
    Closed,
    /// The rows cannot be written.
    Unwritable(Error),
}

/// How a run ended, as the engine tells it.
enum End {
    /// With these figures, and early where there is an error.
    Over(Arc<Summary>, Option<Error>),
    /// It never began.
    Never(Error),
}

/// What is to be run.
#[derive(Debug)]
pub struct Ask {
    /// The query.
    pub query: Query,
    /// Where an earlier run of it stopped, where this one takes it up.
    pub place: Option<Arc<Place>>,
    /// Where it is kept should it stop, and what is kept with it; `None`: nowhere.
    pub store: Option<(Store, Target)>,
}

/// Runs a query and writes its rows into the sink as they come; `say` takes text for stderr. Returns the exit code.
///
/// The worker may still have to record the run's end when this returns: the handle is dropped, which lets it finish,
/// and the caller awaits it.
pub async fn run(
    mut handle: Handle,
    ask: Ask,
    mut sink: Sink,
    streams: Streams,
    signals: &mut Signals,
    mut say: impl FnMut(&str),
) -> u8 {
    let progress = Progress::new(streams.stderr_is_terminal && !sink.is_terminal(), streams.colour);
    let Ask { query, place, store } = ask;
    // Those of the earlier run are written already.
    let mut rows = place.as_ref().map_or(0, |place| place.rows);
    let most = query.limit().unwrap_or(u64::MAX);
    let command = match place {
        Some(place) => Command::Resume(RUN, place, None),
        None => Command::Run(RUN, query, None),
    };
    let mut stop: Option<Stop> = None;
    // The channel is new and empty: a full one cannot be, a closed one is told by the events.
    let _ = handle.commands.try_send(command);
    let end = loop {
        tokio::select! {
            biased;
            signal = signals.next(), if stop.is_none() => {
                stop = Some(Stop::Signal(signal));
                cancel(&handle);
            }
            event = handle.events.recv() => match event {
                None => break End::Never(gone()),
                Some(Event::Broken(error)) => break End::Never(error),
                Some(Event::Page(RUN, page)) if matches!(stop, None | Some(Stop::Signal(_))) => {
                    match sink.page(&page.rows) {
                        Ok(()) => {
                            rows += page.rows.len() as u64;
                            progress.rows(rows, page.total.map(|total| total.min(most)), streams.colour);
                        }
                        Err(error) => {
                            stop = Some(match error.kind() {
                                io::ErrorKind::BrokenPipe => Stop::Closed,
                                _ => Stop::Unwritable(sink.unwritable(&error)),
                            });
                            cancel(&handle);
                        }
                    }
                }
                Some(Event::Exchange(exchange)) => progress.exchange(&exchange),
                Some(Event::Limits(limits)) => progress.limits(&limits),
                Some(Event::Finished(RUN, summary)) => break End::Over(summary, None),
                Some(Event::Failed(RUN, summary, error)) => break End::Over(summary, Some(error)),
                Some(_) => {}
            },
        }
    };
    drop(handle);
    progress.clear();
    conclude(end, stop, sink, rows, store.as_ref(), streams, &mut say)
}

/// Asks for the run's end. The worker answers with `Finished`; where it is gone already, its events end.
fn cancel(handle: &Handle) {
    let _ = handle.commands.try_send(Command::Cancel(RUN));
}

fn gone() -> Error {
    Error::new(
        Kind::Local,
        "the run",
        "the background task ended before it",
        "look into the diagnostic log, and report this as a defect",
    )
}

/// Closes the sink, tells on stderr what came of it, and settles the exit code.
fn conclude(
    end: End,
    stop: Option<Stop>,
    sink: Sink,
    rows: u64,
    store: Option<&(Store, Target)>,
    streams: Streams,
    say: &mut impl FnMut(&str),
) -> u8 {
    let (summary, error) = match end {
        End::Over(summary, error) => (Some(summary), error),
        End::Never(error) => (None, Some(error)),
    };
    let run = summary.as_deref();
    let cancelled = run.is_some_and(|run| run.status == Status::Cancelled);
    let whole = run.is_some() && error.is_none() && !cancelled;
    let unreadable = run.is_some_and(|run| !run.set_aside.is_empty());
    let signal = match &stop {
        Some(Stop::Signal(signal)) if !whole => Some(*signal),
        _ => None,
    };
    let lost = matches!(stop, Some(Stop::Unwritable(_)));
    let (code, mut errors, written) = match stop {
        Some(Stop::Closed) => {
            sink.abandon(rows);
            return 0;
        }
        Some(Stop::Unwritable(why)) => (1, vec![why], Ok(Kept { bytes: 0, said: sink.abandon(rows) })),
        _ => {
            let code = match (&error, signal) {
                (_, Some(signal)) => signal.exit_code(),
                (Some(error), _) => error.kind.exit_code(),
                (None, _) if unreadable => Kind::Service.exit_code(),
                (None, _) => 0,
            };
            let written =
                if whole { sink.finish().map(|said| Kept { bytes: 0, said }) } else { sink.keep(rows) };
            (code, error.into_iter().collect(), written)
        }
    };
    let mut goes_on = None;
    if let (Some((store, target)), Ok(kept), Some(run)) = (store, &written, run) {
        match &run.place {
            // Rows that could not be written are not there: the place is past them.
            Some(place) if !lost => match store.keep(target, kept.bytes, place.clone()) {
                Ok(command) => goes_on = Some(command),
                Err(error) => errors.push(error),
            },
            Some(_) => {}
            None => store.forget(target.output.as_deref()),
        }
    }
    if let Some(run) = run {
        say(&summary::summary(run, !streams.stderr_is_terminal, goes_on.as_deref()));
    }
    if let Some(signal) = signal {
        say(&format!("{}\n", signal.describe()));
    }
    for error in &errors {
        say(&report::error(error));
    }
    match written {
        Ok(kept) => kept.said.iter().for_each(|line| say(line)),
        Err(error) => {
            say(&report::error(&error));
            return if code == 0 { error.kind.exit_code() } else { code };
        }
    }
    code
}

#[cfg(test)]
mod tests;
