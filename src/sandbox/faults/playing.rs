//! Which effects a request gets.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use super::{
    Fault,
    plan::{Effect, Endpoint, When},
};
use crate::sandbox::{control::lock, dice::Dice};

/// The faults being played, and how far each has come.
pub(crate) struct Playing {
    seed: u64,
    /// Saves the lock while nothing is wrong.
    any: AtomicBool,
    faults: Mutex<Vec<Active>>,
}

/// How far a fault being played has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultProgress {
    /// As in `--fault NAME`.
    pub name: String,
    /// Requests that it has struck, each counted once for every effect that it got.
    pub played: u64,
    /// How many it will still strike; none: it goes on until it is ended.
    pub left: Option<u64>,
}

struct Active {
    fault: Fault,
    progress: Vec<Progress>,
}

#[derive(Default)]
struct Progress {
    seen: u64,
    played: u64,
}

/// What the faults do to one request; empty for most.
#[derive(Clone, Default)]
pub(crate) struct Script(Vec<Step>);

#[derive(Clone)]
struct Step {
    fault: Fault,
    effect: usize,
    count: u64,
}

impl Script {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The effects, with how often each was played, this time included.
    pub(crate) fn effects(&self) -> impl Iterator<Item = (&Effect, u64)> {
        self.0.iter().filter_map(|step| Some((step.fault.plan.effects.get(step.effect)?, step.count)))
    }
}

impl Playing {
    pub(crate) fn new(seed: u64, faults: Vec<Fault>) -> Self {
        let playing = Self { seed, any: AtomicBool::new(false), faults: Mutex::default() };
        playing.set(faults);
        playing
    }

    pub(crate) fn set(&self, faults: impl IntoIterator<Item = Fault>) {
        let mut playing = lock(&self.faults);
        *playing = faults.into_iter().map(Active::new).collect();
        self.any.store(!playing.is_empty(), Ordering::SeqCst);
    }

    pub(crate) fn add(&self, fault: Fault) {
        let mut playing = lock(&self.faults);
        playing.retain(|active| active.fault.name() != fault.name());
        playing.push(Active::new(fault));
        self.any.store(true, Ordering::SeqCst);
    }

    pub(crate) fn remove(&self, name: &str) {
        let mut playing = lock(&self.faults);
        playing.retain(|active| active.fault.name() != name);
        self.any.store(!playing.is_empty(), Ordering::SeqCst);
    }

    pub(crate) fn playing(&self) -> Vec<Fault> {
        lock(&self.faults).iter().map(|active| active.fault.clone()).collect()
    }

    /// How far each fault has come.
    pub(crate) fn progress(&self) -> Vec<FaultProgress> {
        lock(&self.faults).iter().map(Active::tell).collect()
    }

    /// What this request gets. `page` is 0 where there are no pages.
    pub(crate) fn script(&self, on: Endpoint, page: u64) -> Script {
        if !self.any.load(Ordering::Relaxed) {
            return Script::default();
        }
        let mut script = Script::default();
        for active in lock(&self.faults).iter_mut() {
            for (effect, progress) in active.progress.iter_mut().enumerate() {
                let Some(plan) = active.fault.plan.effects.get(effect) else { continue };
                if let Some(count) = progress.meets(&plan.when, on, page, self.seed) {
                    script.0.push(Step { fault: active.fault.clone(), effect, count });
                }
            }
        }
        script
    }
}

impl Active {
    fn new(fault: Fault) -> Self {
        let progress = fault.plan.effects.iter().map(|_| Progress::default()).collect();
        Self { fault, progress }
    }

    fn tell(&self) -> FaultProgress {
        let played = self.progress.iter().map(|progress| progress.played).sum();
        let left = self
            .fault
            .plan
            .effects
            .iter()
            .zip(&self.progress)
            .map(|(effect, progress)| Some(effect.when.times?.saturating_sub(progress.played)))
            .sum();
        FaultProgress { name: self.fault.name().to_owned(), played, left }
    }
}

impl Progress {
    /// Counts a request, and says how often the effect was played if it is now.
    fn meets(&mut self, when: &When, on: Endpoint, page: u64, seed: u64) -> Option<u64> {
        let meant = when.on.means(on)
            && page >= when.from_page
            && (when.pages.is_empty() || when.pages.contains(&page));
        if !meant {
            return None;
        }
        self.seen += 1;
        let past = self.seen.checked_sub(when.from)?;
        if !past.is_multiple_of(when.every.max(1)) {
            return None;
        }
        if let Some(chance) = when.chance
            && Dice::new(seed ^ 0xFA17, self.seen).unit() >= chance
        {
            return None;
        }
        let played = self.played;
        if when.times.is_some_and(|times| played >= times) {
            return None;
        }
        self.played += 1;
        Some(self.played)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(name: &str, requests: u64) -> FaultProgress {
        let playing = Playing::new(1, vec![name.parse().unwrap()]);
        for page in 1..=requests {
            let _script = playing.script(Endpoint::Contacts, page);
        }
        playing.progress().remove(0)
    }

    #[test]
    fn a_fault_tells_how_often_it_struck_and_how_often_it_will() {
        let told = |name, requests| {
            let progress = progress(name, requests);
            (progress.played, progress.left)
        };
        assert_eq!(told("retry-after-seconds", 1), (0, Some(2)), "the first request is spared");
        assert_eq!(told("retry-after-seconds", 2), (1, Some(1)));
        assert_eq!(told("retry-after-seconds", 9), (2, Some(0)));
        assert_eq!(told("429-forever", 3), (3, None));
        // One of its effects ends, the clock that is wrong does not.
        assert_eq!(told("retry-after-http-date-skewed", 9), (11, None));
    }
}
