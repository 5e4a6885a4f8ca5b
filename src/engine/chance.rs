//! The one place that rolls dice, so that a simulation can be run again from its seed.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A source of randomness that is handed around.
#[derive(Clone, Debug)]
pub struct Chance(Arc<Mutex<StdRng>>);

impl Chance {
    /// Seeded by the operating system.
    pub fn system() -> Self {
        Self::seeded(rand::random())
    }

    /// The same seed gives the same numbers.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// A key that nobody else has.
    pub fn key(&self) -> (u64, u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random()
    }

    /// A number from 0 up to, not including, 1.
    pub fn unit(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random()
    }
}
