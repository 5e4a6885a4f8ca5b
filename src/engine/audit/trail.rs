//! The trail as the background task and the commands write to it: an intent before anything is sent, what became of it
//! after.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::chain::Link;
use super::entry::{Access, Entry, Who};
use super::reason::Reason;
use super::user::User;
use super::writer::Audit;
use crate::engine::clock::Clock;
use crate::engine::error::{Error, Kind, Result};
use crate::engine::event::{Note, Summary};
use crate::engine::options::Service;
use crate::engine::query::Query;

/// The audit trail and who writes it. Its clones share the end that they know.
#[derive(Clone, Debug)]
pub struct Trail {
    audit: Arc<Audit>,
    who: Arc<Who>,
    /// What this trail and its clones wrote last.
    last: Arc<Mutex<Option<Link>>>,
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A query, page by page.
    Query,
    /// One page's request of an earlier query, once more.
    PageAgain,
}

impl Trail {
    /// Opens the trail of a directory, for this user before this service.
    ///
    /// # Errors
    /// As [`Audit::open`].
    pub async fn open(dir: PathBuf, service: &Service, access: Access) -> Result<Self> {
        let (audit, user) = on_the_disk(move || Ok((Audit::open(&dir)?, User::current()))).await?;
        Ok(Self {
            audit: Arc::new(audit),
            who: Arc::new(Who::new(user, service, access)),
            last: Arc::default(),
        })
    }

    /// What for everything is from now on.
    pub fn for_reason(&mut self, reason: Reason) {
        Arc::make_mut(&mut self.who).access.reason = Some(reason);
    }

    /// Whether it was said what for.
    pub fn has_reason(&self) -> bool {
        self.who.access.reason.is_some()
    }

    /// The entry that was written last, with which the trail can be compared later.
    pub fn last(&self) -> Option<Link> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records that a query is about to be asked; gives what its end refers to.
    ///
    /// # Errors
    /// As [`Audit::record`]: then nothing may be asked.
    pub async fn begin(&self, query: &Query, at: Timestamp) -> Result<Link> {
        self.write(Entry::of_intent(self.audit.hasher(), &self.who, query, at)).await
    }

    /// Records how a query ended that was begun at `of`, or one page's request of it that was sent again.
    ///
    /// # Errors
    /// As [`Audit::record`].
    pub async fn end(
        &self,
        what: Asked,
        query: &Query,
        of: &Link,
        scopes: &[String],
        summary: &Summary,
        error: Option<&Error>,
    ) -> Result<Link> {
        let entry = Entry::of_query(self.audit.hasher(), &self.who, query, Some(of), scopes, summary, error);
        self.write(match what {
            Asked::Query => entry,
            Asked::PageAgain => Entry { event: "again".to_owned(), cache: false, ..entry },
        })
        .await
    }

    /// Does a call that asks for nobody's profile, between its entries.
    ///
    /// # Errors
    /// As [`Audit::record`], before: then nothing was asked; the call's own; as [`Audit::record`], after.
    pub async fn around<T>(
        &self,
        call: &str,
        clock: &Clock,
        asked: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let (began, from) = (clock.wall(), clock.now());
        let of = self.write(Entry::of_call(&self.who, call, began)).await?;
        let came = asked.await;
        let elapsed = clock.now().duration_since(from);
        let (hasher, error) = (self.audit.hasher(), came.as_ref().err());
        let written =
            self.write(Entry::of_called(hasher, &self.who, call, Some(&of), began, elapsed, error)).await;
        came.and_then(|came| written.map(|_| came))
    }

    /// Records a disclosure.
    ///
    /// # Errors
    /// As [`Audit::record`]: then nothing may be disclosed.
    pub async fn note(&self, note: Note, at: Timestamp) -> Result<Link> {
        self.write(Entry::of_note(self.audit.hasher(), &self.who, &note, at)).await
    }

    async fn write(&self, entry: Entry) -> Result<Link> {
        let audit = self.audit.clone();
        let link = on_the_disk(move || audit.record(&entry)).await?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|last| last.seq < link.seq) {
            *last = Some(link.clone());
        }
        Ok(link)
    }
}

/// Runs what blocks on the disk off the threads that serve the network.
async fn on_the_disk<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        let remedy = "the log says where it happened; please report it";
        Err(Error::new(Kind::Local, "audit trail", "a defect of this program", remedy))
    })
}
