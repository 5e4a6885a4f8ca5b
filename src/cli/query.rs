//! `cxlens query`: one run without a screen.
//!
//! ```text
//! Event::Page ─► Sink ─► stdout │ FILE.partial        progress ─► stderr, if it is a terminal
//! Event::Finished, Failed ─► FILE, summary and errors ─► exit code
//! a signal, a closed stdout, a full disk ─► Command::Cancel, and then as above
//! ```

use std::io;
use std::ops::ControlFlow;
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
use crate::engine::recording::Recording;
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

/// Runs a query and writes its rows into the sink as they come; `say` takes text for stderr. Returns the exit code;
/// `None`: nobody reads stdout any more, which is a quiet end.
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
) -> Option<u8> {
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
    let _ = handle.send(command);
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
                // The run is worth more than its recording.
                Some(Event::Recording(Recording::Lost(error))) => {
                    progress.clear();
                    say(&report::error(&error));
                }
                Some(Event::Finished(RUN, summary)) => break End::Over(summary, None),
                Some(Event::Failed(RUN, summary, error)) => break End::Over(summary, Some(error)),
                Some(_) => {}
            },
        }
    };
    drop(handle);
    let watcher = Watcher { waiting: sink.waiting(), progress, streams, signals, caught: None };
    conclude(end, stop, sink, rows, store.as_ref(), watcher, &mut say)
}

/// Looks on while rows are written that waited for the last to come.
struct Watcher<'a> {
    waiting: u64,
    progress: Progress,
    streams: Streams,
    signals: &'a mut Signals,
    /// The signal that put an end to it.
    caught: Option<Signal>,
}

impl Watcher<'_> {
    fn look(&mut self, written: u64) -> ControlFlow<()> {
        self.progress.writing(written, self.waiting, self.streams.colour);
        self.caught = self.signals.while_it_moves();
        if self.caught.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Asks for the run's end. The worker answers with `Finished`; where it is gone already, its events end.
fn cancel(handle: &Handle) {
    let _ = handle.send(Command::Cancel(RUN));
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
    mut watcher: Watcher<'_>,
    say: &mut impl FnMut(&str),
) -> Option<u8> {
    let (summary, error) = match end {
        End::Over(summary, error) => (Some(summary), error),
        End::Never(error) => (None, Some(error)),
    };
    let run = summary.as_deref();
    let cancelled = run.is_some_and(|run| run.status == Status::Cancelled);
    let whole = run.is_some() && error.is_none() && !cancelled;
    let unreadable = run.is_some_and(|run| !run.set_aside.is_empty());
    let can_go_on = sink.can_go_on();
    let mut signal = match &stop {
        Some(Stop::Signal(signal)) if !whole => Some(*signal),
        _ => None,
    };
    let lost = matches!(stop, Some(Stop::Unwritable(_)));
    let written = match &stop {
        Some(Stop::Closed | Stop::Unwritable(_)) => Ok(Kept { said: sink.abandon(rows), ..Kept::default() }),
        _ if whole => sink.finish(&mut |written| watcher.look(written)),
        _ => sink.keep(rows, &mut |written| watcher.look(written)),
    };
    watcher.progress.clear();
    signal = signal.or(watcher.caught);
    let (code, mut errors) = match (stop, error) {
        (Some(Stop::Closed), _) => return None,
        (Some(Stop::Unwritable(why)), _) => (1, vec![why]),
        (_, error) => {
            let code = match (&error, signal) {
                (_, Some(signal)) => signal.exit_code(),
                (Some(error), _) => error.kind.exit_code(),
                (None, _) if unreadable => Kind::Service.exit_code(),
                (None, _) => 0,
            };
            (code, error.into_iter().collect::<Vec<_>>())
        }
    };
    let mut goes_on = None;
    if let (Some((store, target)), Ok(kept), Some(run)) = (store, &written, run) {
        match &run.place {
            // Rows that could not be written are not there: the place is past them.
            Some(place) if !lost && can_go_on => match store.keep(target, kept.bytes, place.clone()) {
                Ok(command) => goes_on = Some(command),
                Err(error) => errors.push(error),
            },
            Some(_) => {}
            None => store.forget(target.output.as_deref()),
        }
    }
    if let Some(run) = run {
        say(&summary::summary(run, !watcher.streams.stderr_is_terminal, goes_on.as_deref()));
    }
    if let Some(signal) = signal {
        say(&format!("{}\n", signal.describe()));
    }
    for error in &errors {
        say(&report::error(error));
    }
    match written {
        Ok(kept) => {
            if kept.missing > 0 {
                say(&format!("{} had come and are not written\n", summary::counted(kept.missing, "profile")));
            }
            kept.said.iter().for_each(|line| say(line));
        }
        Err(error) => {
            say(&report::error(&error));
            return Some(if code == 0 { error.kind.exit_code() } else { code });
        }
    }
    Some(code)
}

#[cfg(test)]
mod tests;
