//! `cxlens config`: from what was typed to an exit code.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;

use cxlens::args::ConfigTenant;
use cxlens::cli::login::{self, Asked};
use cxlens::cli::signals::Signals;
use cxlens::config::{self, Flags, Login};
use cxlens::engine::error::Error;
use cxlens::engine::text::clean;
use secrecy::SecretString;

use crate::commands::{local, runtime};
use crate::{Failed, Start, say};

/// `cxlens config login`
pub(crate) fn login(typed: &ConfigTenant, start: &Start) -> Result<u8, Failed> {
    let (keyring, to) = (start.env.keyring().as_ref(), whose(typed, start)?);
    login::reach(keyring, &to, say)?;
    let secret = if io::stdin().is_terminal() {
        match typed_in(&to)? {
            Asked::Typed(secret) => secret,
            Asked::Ended(signal) => {
                say(&format!("\n{}; nothing is kept\n", signal.describe()));
                return Ok(signal.exit_code());
            }
        }
    } else {
        piped_in().map_err(|error| local("stdin", &error))?
    };
    login::login(keyring, &to, &secret, say)?;
    Ok(0)
}

/// `cxlens config logout`
pub(crate) fn logout(typed: &ConfigTenant, start: &Start) -> Result<u8, Failed> {
    login::logout(start.env.keyring().as_ref(), &whose(typed, start)?, say)?;
    Ok(0)
}

fn typed_in(to: &Login) -> Result<Asked, Error> {
    let prompt = format!("Client secret of {}: ", clean(&to.entry.user()));
    runtime()?.block_on(async {
        let mut signals = Signals::listen().map_err(|e| local("signal handlers", &e))?;
        login::ask(login::terminal()?, &prompt, &mut signals).await
    })
}

/// Reads past the buffer of the standard library, which nobody wipes.
fn piped_in() -> io::Result<SecretString> {
    login::first_line(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

fn whose(typed: &ConfigTenant, start: &Start) -> Result<Login, Error> {
    config::login(&start.env, &start.paths, &Flags { tenant: typed.tenant.clone(), ..Flags::default() })
}
