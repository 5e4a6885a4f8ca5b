//! `cxlens webhook`: registrations made, listed and deleted.

use std::io::{self, Write};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use zeroize::Zeroizing;

use crate::engine::error::{Error, Kind};
use crate::engine::fetch::client::Client;
use crate::engine::text::Untrusted;
use crate::engine::webhooks::{self, EVENTS, Outcome, Registered, Registration};
use crate::export::PartialFile;

/// Bytes of randomness in a signing secret (Standard Webhooks wants 24 to 64).
pub const SECRET_BYTES: usize = 32;

/// A signing secret in the form of Standard Webhooks: `whsec_` and base64.
pub fn signing_secret(random: &[u8; SECRET_BYTES]) -> SecretString {
    let mut text = Zeroizing::new(String::with_capacity(2 * SECRET_BYTES));
    text.push_str("whsec_");
    STANDARD.encode_string(random, &mut text);
    SecretString::from(text.as_str())
}

/// A registration to be made.
#[derive(Debug)]
pub struct Wanted {
    /// A name for people.
    pub name: String,
    /// Where events are to be sent.
    pub url: Url,
    /// What they will be signed with.
    pub secret: SecretString,
    /// Tells a repeated request from a second registration.
    pub key: String,
    /// Where the secret is kept (mode 0600); `None`: it is shown.
    pub secret_file: Option<PathBuf>,
}

/// Registers a webhook for changed and new profiles, unless an equal registration is there.
///
/// The secret is written to `out`, once, or into a file that must not be there yet. There it is before the service
/// hears of it, so that it cannot be lost.
///
/// # Errors
/// The calls', or the secret cannot be kept.
pub async fn register(
    client: &Client,
    wanted: &Wanted,
    mut out: impl Write,
    mut say: impl FnMut(&str),
) -> Result<(), Error> {
    let secret = &wanted.secret;
    let mut file = wanted.secret_file.as_deref().map(|path| PartialFile::create(path, false)).transpose()?;
    if let Some(file) = &mut file {
        let written = writeln!(file, "{}", secret.expose_secret()).and_then(|()| file.flush());
        written.map_err(|e| unkept(&file.partial().display().to_string(), &e))?;
    }
    let registration = Registration {
        name: wanted.name.clone(),
        url: wanted.url.clone(),
        events: EVENTS.map(str::to_owned).to_vec(),
    };
    let outcome = webhooks::register(client, &registration, secret, &wanted.key).await;
    let made = match outcome {
        Ok(Outcome::Made(made)) => made,
        other => {
            // The secret belongs to nothing.
            if let Some(file) = file {
                let _ = std::fs::remove_file(file.partial());
            }
            if let Outcome::Found(found) = other? {
                say(&format!(
                    "an equal webhook is registered already; whoever made it knows its secret\n{}",
                    block(&found)
                ));
            }
            return Ok(());
        }
    };
    say(&format!("registered\n{}", block(&made)));
    if let Some(file) = file {
        let path = file.finish()?;
        say(&format!("its signing secret is in {}\n", Untrusted::from(path.display().to_string())));
        return Ok(());
    }
    let written = writeln!(out, "{}", secret.expose_secret()).and_then(|()| out.flush());
    written.map_err(|error| {
        let remedy = format!("delete it with cxlens webhook delete {}, and register it again", made.id);
        Error::new(Kind::Local, "the signing secret could not be shown", error.to_string(), remedy)
    })?;
    say("this is its signing secret; it is not shown again\n");
    Ok(())
}

/// Lists the registrations: a line each on `out`.
///
/// # Errors
/// The call's, or `out` cannot be written to.
pub async fn list(client: &Client, mut out: impl Write, mut say: impl FnMut(&str)) -> Result<(), Error> {
    let found = webhooks::list(client).await?;
    if found.is_empty() {
        say("no webhooks are registered\n");
    }
    for hook in &found {
        match writeln!(out, "{}", line(hook)).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            other => other.map_err(|e| unkept("stdout", &e))?,
        }
    }
    Ok(())
}

/// Deletes a registration.
///
/// # Errors
/// The call's.
pub async fn delete(client: &Client, id: &str, mut say: impl FnMut(&str)) -> Result<(), Error> {
    webhooks::delete(client, id).await?;
    say(&format!("deleted {}\n", Untrusted::from(id)));
    Ok(())
}

fn line(hook: &Registered) -> String {
    format!("{}\t{}\t{}\t{}", hook.id, hook.url, events(hook), hook.name)
}

fn block(hook: &Registered) -> String {
    format!(
        "  id      {}\n  name    {}\n  url     {}\n  events  {}\n",
        hook.id,
        hook.name,
        hook.url,
        events(hook)
    )
}

fn events(hook: &Registered) -> String {
    hook.events.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn unkept(place: &str, error: &io::Error) -> Error {
    Error::new(Kind::Local, place, format!("it cannot be written: {error}"), "check where it is written to")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_as_standard_webhooks_wants_it() {
        let secret = signing_secret(&[7; SECRET_BYTES]);
        let text = secret.expose_secret();
        let bytes = STANDARD.decode(text.strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(bytes, [7; SECRET_BYTES]);
    }

    #[test]
    fn a_registration_is_one_clean_line() {
        let hook = Registered {
            id: "WH-1".into(),
            name: "evil\x1b[2J\nname".into(),
            url: "https://a.example/h".into(),
            events: vec!["profile.updated".into(), "profile.created".into()],
        };
        assert_eq!(line(&hook), "WH-1\thttps://a.example/h\tprofile.updated,profile.created\tevil␛[2J␊name");
    }
}
