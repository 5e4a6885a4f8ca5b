//! The client's secret: known from the start, or asked for when the first token is.
//!
//! ```text
//! a token is needed ─► get() ─┬─ known ────────────────► the secret
//!                             └─ asked for, then known ─► the secret      refused(): forgotten, to be asked for anew
//! ```
//!
//! A command or a keyring may take its time, or ask a person: the screen is there by then, and whoever only looks
//! around is not bothered. One that is never asked for never runs.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;

use super::error::Result;

/// Fetches a secret from where it is kept.
pub type Ask = dyn Fn() -> Pin<Box<dyn Future<Output = Result<SecretString>> + Send>> + Send + Sync;

/// An OAuth client's secret. Cheap to clone: all clones know what one of them was told. `Debug` does not show it.
#[derive(Clone, Default)]
pub struct ClientSecret(Arc<Inner>);

#[derive(Default)]
struct Inner {
    known: Mutex<Option<SecretString>>,
    ask: Option<Box<Ask>>,
}

impl ClientSecret {
    /// A secret that is asked for when it is needed.
    pub fn asked_for(ask: Box<Ask>) -> Self {
        Self(Arc::new(Inner { known: Mutex::default(), ask: Some(ask) }))
    }

    /// The secret; an empty one where there is none.
    ///
    /// # Errors
    /// It cannot be had from where it is kept. The next call asks again.
    pub async fn get(&self) -> Result<SecretString> {
        let (Some(ask), None) = (&self.0.ask, self.known()) else {
            return Ok(self.known().unwrap_or_default());
        };
        let secret = ask().await?;
        *self.lock() = Some(secret.clone());
        Ok(secret)
    }

    /// The secret as far as it is known by now; never asks for it.
    pub fn known(&self) -> Option<SecretString> {
        self.lock().clone()
    }

    /// The service did not take it: one that was asked for may have changed where it is kept.
    pub fn refused(&self) {
        if self.0.ask.is_some() {
            *self.lock() = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<SecretString>> {
        // Whole between any two statements: a panic elsewhere spoils nothing.
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<SecretString> for ClientSecret {
    fn from(secret: SecretString) -> Self {
        Self(Arc::new(Inner { known: Mutex::new(Some(secret)), ask: None }))
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::engine::error::Error;

    #[tokio::test]
    async fn it_is_asked_for_once_and_again_where_it_was_refused_or_could_not_be_had() {
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let secret = ClientSecret::asked_for(Box::new(move || {
            let n = count.fetch_add(1, Ordering::SeqCst) + 1;
            Box::pin(async move {
                if n == 1 {
                    return Err(Error::usage("secret_command", "it failed", "mend it"));
                }
                Ok(SecretString::from(format!("secret-{n}")))
            })
        }));
        assert!(secret.known().is_none() && asked.load(Ordering::SeqCst) == 0);
        assert!(secret.get().await.is_err() && secret.known().is_none());
        for _ in 0..2 {
            assert_eq!(secret.clone().get().await.unwrap().expose_secret(), "secret-2");
        }
        assert_eq!(secret.known().unwrap().expose_secret(), "secret-2");
        secret.refused();
        assert!(secret.known().is_none());
        assert_eq!(secret.get().await.unwrap().expose_secret(), "secret-3");
        assert_eq!(format!("{secret:?}"), "ClientSecret([redacted])");
    }

    #[tokio::test]
    async fn one_that_was_given_is_kept_whatever_the_service_says() {
        let secret = ClientSecret::from(SecretString::from("given"));
        secret.refused();
        assert_eq!(secret.get().await.unwrap().expose_secret(), "given");
        assert_eq!(ClientSecret::default().get().await.unwrap().expose_secret(), "");
    }
}
