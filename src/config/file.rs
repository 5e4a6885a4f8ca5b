//! `config.toml`: its keys, and errors that say where and what was meant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use super::look::{Colour, OnChange};
use super::screen::{self, Colours};
use super::units;
use crate::engine::error::Error;
use crate::engine::retention::PastRetention;

/// The file, read. Every key is optional; an unknown one is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// The tenant to use when neither a flag nor the environment names one.
    pub tenant: Option<String>,
    /// What becomes of profiles from before the window, of tenants that do not say otherwise.
    pub past_retention: Option<PastRetention>,
    /// The response cache.
    #[serde(default)]
    pub cache: Cache,
    /// How long files of ours are kept.
    #[serde(default)]
    pub keep: Keep,
    /// The explorer.
    #[serde(default)]
    pub explorer: Explorer,
    /// Tenants by name.
    #[serde(default)]
    pub tenants: BTreeMap<String, Tenant>,
}

/// `[cache]`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cache {
    pub entries: Option<u64>,
    pub mebibytes: Option<u64>,
    #[serde(default, deserialize_with = "duration")]
    pub life: Option<Duration>,
}

/// `[keep]`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keep {
    #[serde(default, deserialize_with = "days")]
    pub recordings: Option<Days>,
    #[serde(default, deserialize_with = "days")]
    pub history: Option<Days>,
    #[serde(default, deserialize_with = "days")]
    pub stopped_runs: Option<Days>,
    #[serde(default, deserialize_with = "days")]
    pub log: Option<Days>,
    #[serde(default, deserialize_with = "days")]
    pub audit: Option<Days>,
}

/// Days that were set; `Days(None)` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days(pub Option<u32>);

/// `[explorer]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Explorer {
    pub pause_rows: Option<u64>,
    pub pull: Option<bool>,
    pub mebibytes: Option<u64>,
    pub theme: Option<String>,
    #[serde(default, deserialize_with = "screen::colours")]
    pub colours: Option<Colours>,
    #[serde(default, deserialize_with = "screen::yes_no_auto")]
    pub ascii: Option<bool>,
    pub mouse: Option<bool>,
    pub on_change: Option<OnChange>,
    pub mask: Option<bool>,
    pub mask_attributes: Option<Vec<String>>,
    pub clipboard: Option<Clipboard>,
    pub tour: Option<bool>,
}

/// Which way the explorer's copies go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clipboard {
    /// To the system's clipboard where there is one, otherwise to the terminal's.
    #[default]
    Auto,
    /// To the terminal's, by OSC 52.
    Osc52,
    /// To the system's alone.
    Native,
    /// Nowhere.
    Off,
}

/// `[tenants.NAME]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tenant {
    pub base_url: Option<String>,
    pub allow_insecure_http: Option<bool>,
    #[serde(alias = "color")]
    pub colour: Option<Colour>,
    pub production: Option<bool>,
    pub dialect: Option<String>,
    pub client_id: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    pub client_secret: Option<SecretString>,
    pub client_secret_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "command")]
    pub secret_command: Option<Vec<String>>,
    pub keyring: Option<bool>,
    pub scopes: Option<Vec<String>>,
    pub token_url: Option<String>,
    pub token_path: Option<String>,
    pub segment_template: Option<String>,
    #[serde(default, deserialize_with = "rate")]
    pub rate: Option<Rate>,
    pub concurrency: Option<u32>,
    pub page_size: Option<u32>,
    pub retention_days: Option<u32>,
    pub past_retention: Option<PastRetention>,
    pub mask: Option<bool>,
    pub mask_attributes: Option<Vec<String>>,
    pub require_reason: Option<bool>,
    #[serde(default, deserialize_with = "duration")]
    pub max_wait: Option<Duration>,
    #[serde(default)]
    pub timeouts: Timeouts,
}

/// A rate that was set; `Rate(None)` is `off`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate(pub Option<f64>);

/// `timeouts = { … }`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Timeouts {
    #[serde(default, deserialize_with = "timeout")]
    pub token: Option<Duration>,
    #[serde(default, deserialize_with = "timeout")]
    pub page: Option<Duration>,
    #[serde(default, deserialize_with = "timeout")]
    pub webhook: Option<Duration>,
    #[serde(default, deserialize_with = "timeout")]
    pub connect: Option<Duration>,
}

impl File {
    /// Reads the text of the file at `path`.
    ///
    /// # Errors
    /// File, line, the value or key, and the nearest key where one is misspelled.
    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        // A byte order mark is what some editors leave; it is no key.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        toml::from_str(text).map_err(|error| explain(&error, text, path))
    }

    /// Whether a secret stands in the file itself.
    pub(super) fn holds_secret(&self) -> bool {
        self.tenants.values().any(|tenant| tenant.client_secret.is_some())
    }

    /// Whether it names programs to be run.
    pub(super) fn names_commands(&self) -> bool {
        self.tenants.values().any(|tenant| tenant.secret_command.is_some())
    }
}

fn explain(error: &toml::de::Error, text: &str, path: &Path) -> Error {
    let line =
        error.span().map_or(1, |span| text[..text.floor_char_boundary(span.start)].matches('\n').count() + 1);
    let place = format!("{}:{line}", path.display());
    let message = error.message();
    let (cause, remedy) = match unknown_key(message) {
        Some((key, known)) => {
            let remedy = nearest(key, &known).map_or_else(
                || format!("known keys here are {}", known.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            (format!("unknown key {key:?}"), remedy)
        }
        None => (message.to_owned(), "assets/config.toml of the source shows every key".to_owned()),
    };
    Error::usage(place, cause, remedy)
}

/// Takes serde's message apart: the key that is unknown, and those that are known.
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let mut quoted = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    Some((quoted.next()?, quoted.collect()))
}

/// The known key that is closest, where one is close enough to have been meant.
pub fn nearest<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    let (distance, near) = known.iter().map(|k| (edits(key, k), *k)).min()?;
    (distance <= key.len().max(near.len()).div_ceil(2)).then_some(near)
}

/// Levenshtein's distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    units::duration(&String::deserialize(from)?).map(Some).map_err(serde::de::Error::custom)
}

fn timeout<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    units::timeout(&String::deserialize(from)?).map(Some).map_err(serde::de::Error::custom)
}

/// So many days, or `"forever"`, which 0 means too.
fn days<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Days>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Days(u32),
        Word(String),
    }
    let wrong = || serde::de::Error::custom("not a number of days; write one such as 30, or \"forever\"");
    match Written::deserialize(from).map_err(|_| wrong())? {
        Written::Days(days) => Ok(Some(Days(Some(days).filter(|days| *days > 0)))),
        Written::Word(word) if word == "forever" => Ok(Some(Days(None))),
        Written::Word(_) => Err(wrong()),
    }
}

/// Text that no error message repeats.
fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    let text = String::deserialize(from)
        .map_err(|_| serde::de::Error::custom("client_secret is not a text in quotes"))?;
    Ok(Some(text.into()))
}

/// A program and its arguments. What stands there instead may be the secret itself, so no message repeats it.
fn command<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    let form = r#"secret_command is no list of words, such as ["pass", "show", "cxone"]"#;
    let words = Vec::<String>::deserialize(from).map_err(|_| serde::de::Error::custom(form))?;
    match words.first() {
        Some(program) if !program.trim().is_empty() => Ok(Some(words)),
        _ => Err(serde::de::Error::custom("secret_command names no program")),
    }
}

fn rate<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Rate>, D::Error> {
    units::rate(&String::deserialize(from)?).map(|r| Some(Rate(r))).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Error {
        File::parse(text, Path::new("/etc/c.toml")).unwrap_err()
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_key() {
        let error = refused("tenant = \"acme\"\n\n[tenants.acme]\nclient_di = \"x\"\n");
        assert_eq!(error.what, "/etc/c.toml:4");
        assert!(error.cause.contains("client_di"), "{error}");
        assert_eq!(error.remedy, "did you mean client_id?");
        let error = refused("[cahce]\n");
        assert!(error.remedy.contains("cache"), "{error}");
    }

    #[test]
    fn a_key_like_no_other_gets_the_list() {
        let error = refused("[cache]\nzzzzzzzzzzzz = 1\n");
        assert!(error.remedy.contains("entries") && error.remedy.contains("life"), "{error}");
    }

    #[test]
    fn a_wrong_type_or_value_is_named_with_its_line() {
        for (text, line, word) in [
            ("[tenants.a]\nconcurrency = \"five\"\n", 2, "five"),
            ("\n[tenants.a]\nrate = \"ten\"\n", 3, "ten"),
            ("[cache]\nlife = \"5\"\n", 2, "30s"),
            ("[tenants.a]\ntimeouts = { page = \"0s\" }\n", 2, "0s"),
            ("past_retention = \"hide\"\n", 1, "withhold"),
            ("[keep]\nhistory = \"a year\"\n", 2, "forever"),
            ("[keep]\nhistory = -1\n", 2, "forever"),
            ("tenant = \n", 1, ""),
        ] {
            let error = refused(text);
            assert_eq!(error.what, format!("/etc/c.toml:{line}"), "{error}");
            assert!(error.cause.contains(word), "{error}");
            assert_eq!(error.kind.exit_code(), 2);
        }
    }

    #[test]
    fn a_secret_in_a_broken_file_is_not_repeated() {
        let error = refused("[tenants.a]\nclient_secret = \"hunter2\"\nrate = \"x\"\n");
        assert!(!error.to_string().contains("hunter2"));
        for secret in ["\"hunter2\"", "[\"\", \"hunter2\"]", "[7, \"hunter2\"]", "[]"] {
            let error = refused(&format!("[tenants.a]\nsecret_command = {secret}\n"));
            assert!(error.what.ends_with(":2") && error.cause.contains("secret_command"), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        for secret in ["\"hunter2", "hunter2", "[\"hunter2\"]", "1234567"] {
            let error = refused(&format!("[tenants.a]\nclient_secret = {secret}\n"));
            assert!(
                !error.to_string().contains("hunter2") && !error.to_string().contains("1234567"),
                "{error}"
            );
        }
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("rate", "rate"), 0);
    }
}
