//! The background task: commands in, events out.

use tokio::sync::mpsc;

use super::event::{Command, Event};
use super::options::Service;

/// Events that may wait to be read; a full channel slows the pull.
const EVENTS: usize = 64;
/// Commands that may wait.
const COMMANDS: usize = 64;

/// The screen's or the command's end of the worker.
#[derive(Debug)]
pub struct Handle {
    /// Commands go in here; `try_send` never waits.
    pub commands: mpsc::Sender<Command>,
    /// Events come out here; `None` when the worker has ended.
    pub events: mpsc::Receiver<Event>,
}

/// The worker's end, not yet running: it can be made before the service is known, so that the first frame
/// need not wait.
#[derive(Debug)]
pub struct Worker {
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
}

/// Makes both ends.
pub fn channel() -> (Handle, Worker) {
    let (command_tx, command_rx) = mpsc::channel(COMMANDS);
    let (event_tx, event_rx) = mpsc::channel(EVENTS);
    (Handle { commands: command_tx, events: event_rx }, Worker { commands: command_rx, events: event_tx })
}

impl Worker {
    /// Works for one service until the handle's command sender is dropped.
    pub async fn run(mut self, _service: Service) {
        let _events = self.events;
        while self.commands.recv().await.is_some() {}
    }
}
