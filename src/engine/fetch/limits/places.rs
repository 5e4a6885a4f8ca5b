//! Who may be under way side by side: a fair queue for places, as many of which are given out as AIMD has them.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::Slot;

/// The places and who waits for one.
#[derive(Debug)]
pub(super) struct Places {
    /// The bound from the settings, at least 1.
    most: u32,
    taken: u32,
    /// Places, as AIMD has them; between 1 and `most`.
    window: f64,
    queue: VecDeque<oneshot::Sender<Slot>>,
}

impl Places {
    /// All free.
    pub(super) fn new(most: u32) -> Self {
        let most = most.max(1);
        Self { most, taken: 0, window: f64::from(most), queue: VecDeque::new() }
    }

    /// The most that may ever be given out.
    pub(super) fn most(&self) -> u32 {
        self.most
    }

    /// How many are given out at most now.
    pub(super) fn open(&self) -> u32 {
        (self.window as u32).clamp(1, self.most)
    }

    /// How many are given out.
    pub(super) fn taken(&self) -> u32 {
        self.taken
    }

    /// How many wait for one.
    pub(super) fn waiting(&self) -> u32 {
        self.queue.len() as u32
    }

    /// Whether more are given out than there may be since the bound was lowered.
    pub(super) fn is_crowded(&self) -> bool {
        self.taken > self.most
    }

    /// Takes a place if one is free and nobody waits for it; otherwise, where it will come.
    pub(super) fn take(&mut self) -> Option<oneshot::Receiver<Slot>> {
        if self.queue.is_empty() && self.taken < self.open() {
            self.taken += 1;
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        self.queue.push_back(sender);
        Some(receiver)
    }

    /// Takes a place back.
    pub(super) fn leave(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }

    /// Takes as many waiters off the queue as there are free places, and counts them in.
    pub(super) fn grant(&mut self) -> Vec<oneshot::Sender<Slot>> {
        let mut granted = Vec::new();
        while self.taken < self.open() {
            let Some(sender) = self.queue.pop_front() else { break };
            if sender.is_closed() {
                continue;
            }
            self.taken += 1;
            granted.push(sender);
        }
        granted
    }

    /// A refusal: half as many from now on.
    pub(super) fn narrow(&mut self) {
        self.window = (self.window / 2.0).max(1.0);
    }

    /// A success: one more after a whole window of them.
    pub(super) fn widen(&mut self) {
        self.window = (self.window + 1.0 / self.window).min(f64::from(self.most));
    }

    /// Another bound. What 429s took from the window only success gives back: that is no reason to press on.
    pub(super) fn set_most(&mut self, most: u32) {
        let raised = most.saturating_sub(self.most);
        self.most = most.max(1);
        self.window = (self.window + f64::from(raised)).min(f64::from(self.most));
    }
}
