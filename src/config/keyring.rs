//! The system's keyring: the Secret Service on Linux (GNOME Keyring, `KWallet`, `KeePassXC`), the Keychain on
//! macOS.
//!
//! An entry's service is `cxlens`, its user `TENANT/CLIENT`. Every call may wait for a person who unlocks the keyring,
//! so it runs on a thread that nobody waits for at the end.

use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::engine::error::{Error, Kind};

/// What every entry of ours stands under.
const SERVICE: &str = "cxlens";

/// Which entry: a client of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The tenant's name.
    pub tenant: String,
    /// The client's ID.
    pub client_id: String,
}

impl Entry {
    /// The entry of a client of a tenant.
    pub fn new(tenant: &str, client_id: &str) -> Self {
        Self { tenant: tenant.to_owned(), client_id: client_id.to_owned() }
    }

    /// What the keyring calls its user.
    pub fn user(&self) -> String {
        format!("{}/{}", self.tenant, self.client_id)
    }

    fn what(&self) -> String {
        format!("the keyring's entry {SERVICE}, {}", self.user())
    }
}

/// Where secrets are kept for this user.
pub trait Keyring: Send + Sync {
    /// The secret of an entry; `None` where there is no such entry.
    ///
    /// # Errors
    /// The keyring cannot be reached or stays locked.
    fn get(&self, entry: &Entry) -> Result<Option<SecretString>, Error>;

    /// Keeps a secret, in place of one that was there.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    fn set(&self, entry: &Entry, secret: &SecretString) -> Result<(), Error>;

    /// Removes an entry; `false` where there was none.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    fn remove(&self, entry: &Entry) -> Result<bool, Error>;
}

/// The secret of an entry that must be there.
pub(super) async fn ask(keyring: Arc<dyn Keyring>, entry: Entry) -> Result<SecretString, Error> {
    let (answer, answered) = oneshot::channel();
    let wanted = entry.clone();
    // A thread of its own: the runtime would wait at its end for one of its own, and so for the person.
    std::thread::spawn(move || answer.send(keyring.get(&wanted)));
    let gone =
        || Error::new(Kind::Local, entry.what(), "the thread that asked for it ended early", "run again");
    let tenant = &entry.tenant;
    answered.await.map_err(|_| gone())??.ok_or_else(|| {
        Error::usage(
            entry.what(),
            "there is none",
            format!("keep the client secret there with cxlens config login --tenant {tenant}"),
        )
    })
}

/// The one of the system.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl System {
    fn entry(entry: &Entry) -> Result<keyring::Entry, Error> {
        if let Err(error) = keyring::Entry::store_status() {
            return Err(failed(entry, error));
        }
        keyring::Entry::new(SERVICE, &entry.user()).map_err(|error| failed(entry, &error))
    }
}

impl Keyring for System {
    fn get(&self, entry: &Entry) -> Result<Option<SecretString>, Error> {
        match Self::entry(entry)?.get_secret().map(Zeroizing::new) {
            Ok(bytes) => match std::str::from_utf8(&bytes) {
                Ok("") => Err(Error::usage(entry.what(), "it is empty", login(entry))),
                Ok(secret) => Ok(Some(SecretString::from(secret))),
                Err(_) => Err(Error::usage(entry.what(), "it is not UTF-8", login(entry))),
            },
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(failed(entry, &error)),
        }
    }

    fn set(&self, entry: &Entry, secret: &SecretString) -> Result<(), Error> {
        use secrecy::ExposeSecret as _;
        let kept = Self::entry(entry)?.set_secret(secret.expose_secret().as_bytes());
        kept.map_err(|error| failed(entry, &error))
    }

    fn remove(&self, entry: &Entry) -> Result<bool, Error> {
        match Self::entry(entry)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(keyring::Error::NoEntry) => Ok(false),
            Err(error) => Err(failed(entry, &error)),
        }
    }
}

fn login(entry: &Entry) -> String {
    format!("keep the client secret there anew with cxlens config login --tenant {}", entry.tenant)
}

/// Some of the errors hold what was read: only those are repeated that do not.
fn failed(entry: &Entry, error: &keyring::Error) -> Error {
    let (cause, remedy) = match error {
        keyring::Error::NoStorageAccess(why) => {
            (format!("it is locked, or access was refused ({why})"), "unlock the keyring and run again")
        }
        keyring::Error::Ambiguous(all) => (
            format!("there are {} of them", all.len()),
            "remove all but one in the program that manages the keyring",
        ),
        keyring::Error::PlatformFailure(why) => (
            format!("no keyring can be reached ({why})"),
            "start one (GNOME Keyring, KWallet or KeePassXC, in a session with D-Bus), or have the secret in \
             CXONE_CLIENT_SECRET, a file (client_secret_file) or a program (secret_command)",
        ),
        keyring::Error::TooLong(name, most) => (
            format!("its {name} is longer than {most} characters"),
            "use another client, or client_secret_file",
        ),
        _ => ("the keyring answered in a way that is not understood".to_owned(), "use client_secret_file"),
    };
    Error::usage(entry.what(), cause, remedy)
}
