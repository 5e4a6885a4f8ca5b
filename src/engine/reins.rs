//! What runs under way are steered with, whoever does them: how many rows are wanted of each, and its end.

use std::collections::HashMap;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::query::QueryId;

/// The runs under way.
#[derive(Debug, Default)]
pub struct Reins(HashMap<QueryId, (CancellationToken, watch::Sender<Option<u64>>)>);

impl Reins {
    /// Those of a run that begins now: told when it is to end, and how many rows are wanted (`None`: all).
    pub fn add(
        &mut self,
        id: QueryId,
        want: Option<u64>,
    ) -> (CancellationToken, watch::Receiver<Option<u64>>) {
        let cancel = CancellationToken::new();
        let (want, wanted) = watch::channel(want);
        self.0.insert(id, (cancel.clone(), want));
        (cancel, wanted)
    }

    /// So many rows of a run are wanted now.
    pub fn want(&self, id: QueryId, rows: Option<u64>) {
        if let Some((_, want)) = self.0.get(&id) {
            want.send_replace(rows);
        }
    }

    /// A run is to end.
    pub fn cancel(&self, id: QueryId) {
        if let Some((cancel, _)) = self.0.get(&id) {
            cancel.cancel();
        }
    }

    /// All of them are.
    pub fn cancel_all(&self) {
        self.0.values().for_each(|(cancel, _)| cancel.cancel());
    }

    /// A run is over.
    pub fn remove(&mut self, id: QueryId) {
        self.0.remove(&id);
    }
}
