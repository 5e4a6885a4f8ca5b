//! An event as it came to the screen or the command.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Base;
use super::parts::{
    AuthLine, ErrorLine, LimitsLine, PlanLine, RegisteredLine, ServiceLine, SetAsideLine, SummaryLine,
    micros, span,
};
use crate::engine::event::{Event, Exchange, Page};
use crate::engine::pipeline;
use crate::engine::pipeline::profile::{FieldRef, Profile, Slot};
use crate::engine::query::{Field, FieldSet, QueryId};
use crate::engine::recording::veil::Veil;

/// An event.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::engine::recording) enum EventLine {
    Ready(ServiceLine),
    Broken(ErrorLine),
    Started {
        run: u64,
        #[serde(with = "super::when")]
        at: Timestamp,
    },
    Page(PageLine),
    Paused {
        run: u64,
    },
    /// The exchange with this number, which stands in a line before.
    Exchange(u64),
    Limits(LimitsLine),
    Auth(AuthLine),
    Planned {
        ticket: u64,
        plan: PlanLine,
    },
    Again {
        exchange: u64,
        error: Option<ErrorLine>,
    },
    Webhooks {
        listed: Option<Vec<RegisteredLine>>,
        error: Option<ErrorLine>,
    },
    Noted {
        ticket: u64,
        error: Option<ErrorLine>,
    },
    Finished {
        run: u64,
        summary: SummaryLine,
    },
    Failed {
        run: u64,
        summary: SummaryLine,
        error: ErrorLine,
    },
}

/// A page, or a part of one.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::engine::recording) struct PageLine {
    run: u64,
    number: u32,
    batch: u32,
    fields: FieldSet,
    /// As received; processing is done again when they are read.
    rows: Vec<String>,
    repeats: u32,
    set_aside: Vec<SetAsideLine>,
    total: Option<u64>,
    cached_us: Option<u64>,
    withheld: u64,
}

impl EventLine {
    /// The line of an event; `None` for one that a recording does not hold.
    pub(in crate::engine::recording) fn of(event: &Event, veil: &mut Veil, base: Base) -> Option<Self> {
        let error = |error: &crate::engine::error::Error, veil: &mut Veil| ErrorLine::of(error, veil);
        Some(match event {
            Event::Ready(info) => Self::Ready(ServiceLine::of(info)),
            Event::Broken(why) => Self::Broken(error(why, veil)),
            Event::Started(id, at) => Self::Started { run: id.0, at: *at },
            Event::Page(id, page) => Self::Page(PageLine::of(*id, page, veil)),
            Event::Paused(id) => Self::Paused { run: id.0 },
            Event::Exchange(exchange) => Self::Exchange(exchange.number),
            Event::Limits(limits) => Self::Limits(LimitsLine::of(limits, base)),
            Event::Auth(auth) => Self::Auth(AuthLine::of(auth, base)),
            Event::Planned(ticket, plan) => {
                Self::Planned { ticket: *ticket, plan: PlanLine::of(plan, veil, base) }
            }
            Event::Again(exchange, why) => {
                Self::Again { exchange: *exchange, error: why.as_ref().map(|why| error(why, veil)) }
            }
            Event::Webhooks(Ok(listed)) => Self::Webhooks {
                listed: Some(listed.iter().map(|one| RegisteredLine::of(one, veil)).collect()),
                error: None,
            },
            Event::Webhooks(Err(why)) => Self::Webhooks { listed: None, error: Some(error(why, veil)) },
            Event::Noted(ticket, noted) => {
                Self::Noted { ticket: *ticket, error: noted.as_ref().err().map(|why| error(why, veil)) }
            }
            Event::Finished(id, summary) => {
                Self::Finished { run: id.0, summary: SummaryLine::of(summary, veil) }
            }
            Event::Failed(id, summary, why) => {
                Self::Failed { run: id.0, summary: SummaryLine::of(summary, veil), error: error(why, veil) }
            }
            // Of files, of recordings and of replays there are no recordings.
            Event::Files(..) | Event::Recording(_) | Event::Replay(_) | Event::Played(_) => return None,
        })
    }

    /// The event; `exchange` finds one by its number.
    ///
    /// # Errors
    /// What of it makes no sense.
    pub(in crate::engine::recording) fn read(
        self,
        base: Base,
        exchange: impl FnOnce(u64) -> Option<Arc<Exchange>>,
    ) -> Result<Event, String> {
        let error = |error: Option<ErrorLine>| error.map(ErrorLine::read).transpose();
        Ok(match self {
            Self::Ready(service) => Event::Ready(Arc::new(service.read())),
            Self::Broken(why) => Event::Broken(why.read()?),
            Self::Started { run, at } => Event::Started(QueryId(run), at),
            Self::Page(page) => Event::Page(QueryId(page.run), page.read()),
            Self::Paused { run } => Event::Paused(QueryId(run)),
            Self::Exchange(number) => Event::Exchange(
                exchange(number).ok_or_else(|| format!("exchange {number} does not stand before it"))?,
            ),
            Self::Limits(limits) => Event::Limits(Arc::new(limits.read(base)?)),
            Self::Auth(auth) => Event::Auth(auth.read(base)),
            Self::Planned { ticket, plan } => Event::Planned(ticket, plan.read(base)),
            Self::Again { exchange, error: why } => Event::Again(exchange, error(why)?),
            Self::Webhooks { listed, error: why } => Event::Webhooks(match error(why)? {
                Some(why) => Err(why),
                None => Ok(listed.unwrap_or_default().into_iter().map(RegisteredLine::read).collect()),
            }),
            Self::Noted { ticket, error: why } => Event::Noted(ticket, error(why)?.map_or(Ok(()), Err)),
            Self::Finished { run, summary } => Event::Finished(QueryId(run), Arc::new(summary.read()?)),
            Self::Failed { run, summary, error } => {
                Event::Failed(QueryId(run), Arc::new(summary.read()?), error.read()?)
            }
        })
    }
}

impl PageLine {
    fn of(id: QueryId, page: &Page, veil: &mut Veil) -> Self {
        Self {
            run: id.0,
            number: page.number,
            batch: page.batch,
            fields: page.rows.first().map_or(FieldSet::ALL, asked),
            rows: page.rows.iter().map(|row| veil.row(row.raw_json())).collect(),
            repeats: page.repeats,
            set_aside: page.set_aside.iter().map(|row| SetAsideLine::of(row, veil)).collect(),
            total: page.total,
            cached_us: page.cached.map(micros),
            withheld: page.withheld,
        }
    }

    fn read(self) -> Page {
        // One piece of memory for all: what is kept of a row is a slice of it.
        let mut ends = Vec::with_capacity(self.rows.len());
        let mut all = Vec::with_capacity(self.rows.iter().map(String::len).sum());
        for row in &self.rows {
            all.extend_from_slice(row.as_bytes());
            ends.push(all.len());
        }
        let all = Bytes::from(all);
        let mut begin = 0;
        let rows: Vec<&[u8]> =
            ends.into_iter().map(|end| &all[std::mem::replace(&mut begin, end)..end]).collect();
        let processed = pipeline::process(&all, &rows, self.fields, self.number);
        let mut set_aside: Vec<_> = self.set_aside.into_iter().map(SetAsideLine::read).collect();
        set_aside.extend(processed.set_aside);
        Page {
            number: self.number,
            batch: self.batch,
            rows: processed.rows,
            repeats: self.repeats,
            set_aside,
            total: self.total,
            cached: self.cached_us.map(span),
            withheld: self.withheld,
        }
    }
}

/// The fields that were asked for of a profile.
fn asked(profile: &Profile) -> FieldSet {
    let is_asked = |field: &Field| match profile.field(*field) {
        FieldRef::Text(slot) => !matches!(slot, Slot::NotAsked),
        FieldRef::Node(slot) => !matches!(slot, Slot::NotAsked),
    };
    Field::ALL.into_iter().filter(is_asked).collect()
}
