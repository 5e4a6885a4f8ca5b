//! The lines of a recording, as they are written and read.

mod event;
mod exchange;
mod parts;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::veil::Veil;
use crate::engine::event::{Command, Disclosure, Note};
use crate::engine::place::{Place, Seen};
use crate::engine::query::{Draft, Query, QueryId};

pub(super) use event::EventLine;
pub(super) use exchange::ExchangeLine;
pub(in crate::engine) use exchange::Told;

/// A line behind the header. It has one of the three.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Line {
    /// Milliseconds since the recording began.
    pub(super) ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<CommandLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exchange: Option<Box<ExchangeLine>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<EventLine>,
}

/// From where instants are counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base(pub(super) Instant);

impl Base {
    /// Milliseconds from there on; before it, less than 0.
    pub(super) fn ms(self, at: Instant) -> i64 {
        let whole = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
        match at.checked_duration_since(self.0) {
            Some(after) => whole(after),
            None => -whole(self.0.saturating_duration_since(at)),
        }
    }

    /// The instant that many milliseconds from there.
    pub(super) fn at(self, ms: i64) -> Instant {
        let by = Duration::from_millis(ms.unsigned_abs());
        if ms < 0 {
            self.0.checked_sub(by).unwrap_or(self.0)
        } else {
            crate::engine::clock::later(self.0, by)
        }
    }
}

/// A command as it was given.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CommandLine {
    Run { run: u64, query: Draft, want: Option<u64> },
    Resume { run: u64, place: PlaceLine, want: Option<u64> },
    Want { run: u64, want: Option<u64> },
    Cancel { run: u64 },
    Plan { ticket: u64, query: Draft },
    Note { ticket: u64, disclosure: String, id: Option<String>, fields: Vec<String>, rows: u64 },
    Again { exchange: u64 },
    Webhooks,
    Bounds { concurrency: u32, rate: Option<f64> },
}

/// Where a run stopped. Which IDs came before it is not kept: nothing is asked again.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PlaceLine {
    query: Draft,
    batch: u32,
    page: u32,
    target: Option<String>,
    rows: u64,
    withheld: u64,
    pages: u32,
    total: Option<u64>,
    totals: u64,
}

impl PlaceLine {
    pub(super) fn of(place: &Place, veil: &mut Veil) -> Self {
        Self {
            query: veil.draft(&place.query.to_draft()),
            batch: place.batch,
            page: place.page,
            target: place.target.as_deref().map(|target| veil.url(target)),
            rows: place.rows,
            withheld: place.withheld,
            pages: place.pages,
            total: place.total,
            totals: place.totals,
        }
    }

    pub(super) fn read(self) -> Result<Place, String> {
        let Self { query, batch, page, target, rows, withheld, pages, total, totals } = self;
        let query = checked(&query)?;
        let seen = Seen::default();
        Ok(Place { query, batch, page, target, rows, withheld, pages, total, totals, seen })
    }
}

/// A query that was checked when it was asked.
fn checked(draft: &Draft) -> Result<Query, String> {
    draft.check().map_err(|wrong| {
        let wrong: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        format!("the query is none that can be asked ({})", wrong.join("; "))
    })
}

impl CommandLine {
    /// The line of a command; `None` for one that has nothing to do with a service.
    pub(super) fn of(command: &Command, veil: &mut Veil) -> Option<Self> {
        let mut draft = |query: &Query| {
            let draft = query.to_draft();
            veil.learn(&draft);
            veil.draft(&draft)
        };
        Some(match command {
            Command::Run(id, query, want) => Self::Run { run: id.0, query: draft(query), want: *want },
            Command::Resume(id, place, want) => {
                draft(&place.query);
                Self::Resume { run: id.0, place: PlaceLine::of(place, veil), want: *want }
            }
            Command::Want(id, want) => Self::Want { run: id.0, want: *want },
            Command::Cancel(id) => Self::Cancel { run: id.0 },
            Command::Plan(ticket, query) => Self::Plan { ticket: *ticket, query: draft(query) },
            Command::Note(ticket, note) => Self::Note {
                ticket: *ticket,
                disclosure: note.disclosure.name().to_owned(),
                id: note.id.as_ref().map(|id| veil.value(id.raw())),
                fields: note.fields.clone(),
                rows: note.rows,
            },
            Command::Again(exchange) => Self::Again { exchange: *exchange },
            Command::Webhooks => Self::Webhooks,
            Command::Bounds { concurrency, rate } => Self::Bounds { concurrency: *concurrency, rate: *rate },
            // A reason is a sentence that somebody wrote, about somebody.
            Command::Reason(_) | Command::Reopen | Command::Replay(_) => return None,
        })
    }

    /// The command.
    ///
    /// # Errors
    /// What of it makes no sense.
    pub(super) fn read(self) -> Result<Command, String> {
        Ok(match self {
            Self::Run { run, query, want } => Command::Run(QueryId(run), checked(&query)?, want),
            Self::Resume { run, place, want } => Command::Resume(QueryId(run), place.read()?.into(), want),
            Self::Want { run, want } => Command::Want(QueryId(run), want),
            Self::Cancel { run } => Command::Cancel(QueryId(run)),
            Self::Plan { ticket, query } => Command::Plan(ticket, checked(&query)?),
            Self::Note { ticket, disclosure, id, fields, rows } => {
                let all = [Disclosure::Reveal, Disclosure::Copy, Disclosure::Export];
                let known = all.into_iter().find(|known| known.name() == disclosure);
                let disclosure = known.ok_or_else(|| format!("nothing is disclosed by {disclosure:?}"))?;
                Command::Note(ticket, Note { disclosure, id: id.map(Into::into), fields, rows })
            }
            Self::Again { exchange } => Command::Again(exchange),
            Self::Webhooks => Command::Webhooks,
            Self::Bounds { concurrency, rate } => Command::Bounds { concurrency, rate },
        })
    }
}

/// A moment as text: RFC 3339, UTC.
pub(super) mod when {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(in crate::engine::recording) fn serialize<S: Serializer>(
        at: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(at)
    }

    pub(in crate::engine::recording) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
