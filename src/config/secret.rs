//! Where a tenant's client secret comes from, apart from the environment, which beats all of these.
//!
//! ```text
//! client_secret       in config.toml, mode 0600     ┐ read with the settings
//! client_secret_file  a file of its own, mode 0600  ┘
//! secret_command      what a program prints         ┐ asked for when the first token is
//! keyring             the system's keyring          ┘
//! ```

mod command;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use super::disk;
use super::file::Tenant;
use super::keyring::{self, Keyring};
use crate::engine::error::Error;
use crate::engine::secret::ClientSecret;

/// One of them, as the file sets it.
pub(super) enum Source {
    /// `client_secret`
    Text(SecretString),
    /// `client_secret_file`
    File(PathBuf),
    /// `secret_command`
    Command(Vec<String>),
    /// `keyring = true`
    Keyring,
}

/// Whose secret it is.
#[derive(Clone, Copy)]
pub(super) struct Whose<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The client, where it is known.
    pub client_id: Option<&'a str>,
}

impl Source {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "client_secret",
            Self::File(_) => "client_secret_file",
            Self::Command(_) => "secret_command",
            Self::Keyring => "keyring",
        }
    }

    /// The secret, or the way to it.
    ///
    /// # Errors
    /// The file cannot be read, is empty, or is not its owner's alone.
    pub(super) fn open(
        self,
        whose: Whose<'_>,
        path: &Path,
        keyring: &Arc<dyn Keyring>,
    ) -> Result<ClientSecret, Error> {
        Ok(match self {
            Self::Text(secret) => secret.into(),
            Self::File(file) => of_file(&path.parent().unwrap_or(Path::new("")).join(file))?.into(),
            Self::Command(command) => {
                let what = format!("secret_command of tenant {}", whose.tenant);
                let (command, what) = (Arc::new(command), Arc::new(what));
                ClientSecret::asked_for(Box::new(move || {
                    let (command, what) = (Arc::clone(&command), Arc::clone(&what));
                    Box::pin(async move { command::first_line(&command, &what).await })
                }))
            }
            Self::Keyring => {
                // Without a client nothing is asked; what is missing is told.
                let entry = keyring::Entry::new(whose.tenant, whose.client_id.unwrap_or_default());
                let keyring = Arc::clone(keyring);
                ClientSecret::asked_for(Box::new(move || {
                    let (keyring, entry) = (Arc::clone(&keyring), entry.clone());
                    Box::pin(async move { keyring::ask(keyring, entry).await })
                }))
            }
        })
    }
}

/// What the tenant's table sets.
///
/// # Errors
/// It sets more than one, which are named.
pub(super) fn source(table: &Tenant, tenant: &str, path: &Path) -> Result<Option<Source>, Error> {
    let set = [
        table.client_secret.clone().map(Source::Text),
        table.client_secret_file.clone().map(Source::File),
        table.secret_command.clone().map(Source::Command),
        table.keyring.filter(|wanted| *wanted).map(|_| Source::Keyring),
    ];
    let mut set: Vec<_> = set.into_iter().flatten().collect();
    if set.len() > 1 {
        let names: Vec<_> = set.iter().map(Source::name).collect();
        return Err(Error::usage(
            format!("{}: {} of tenant {tenant}", path.display(), names.join(" and ")),
            "more than one says where the client secret is",
            "keep one of them",
        ));
    }
    Ok(set.pop())
}

fn of_file(path: &Path) -> Result<SecretString, Error> {
    let text = disk::read_secret(path)?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(Error::usage(
            path.display().to_string(),
            "it is empty",
            "write the client secret into it",
        ));
    }
    Ok(SecretString::from(secret))
}
