//! What the process was started with: variables and directories, read once and handed in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::keyring::{Keyring, System};
use crate::engine::error::{Error, Kind};

/// The environment variables that mean something here.
pub const VARIABLES: [&str; 24] = [
    "CXONE_TENANT",
    "CXONE_CLIENT_ID",
    "CXONE_CLIENT_SECRET",
    "CXONE_BASE_URL",
    "WEBHOOK_CALLBACK_URL",
    "CXLENS_CONFIG",
    "CXLENS_LOG",
    "NO_COLOR",
    // What the terminal says of itself: its name, its colours, its background, its characters, and whether tmux lies
    // between.
    "TERM",
    "COLORTERM",
    "COLORFGBG",
    "LC_ALL",
    "LC_CTYPE",
    "LANG",
    "TMUX",
    "STY",
    // Whose clipboard it is.
    "SSH_CONNECTION",
    "WAYLAND_DISPLAY",
    "DISPLAY",
    // The user's own programs.
    "SHELL",
    "PAGER",
    "VISUAL",
    "EDITOR",
    // Nobody is there to be shown around.
    "CI",
];

/// Variables that are set, and the user's keyring. It has no `Debug`: a secret stands among them, and our copies are
/// wiped.
#[derive(Clone)]
pub struct Env {
    variables: BTreeMap<String, Zeroizing<String>>,
    keyring: Arc<dyn Keyring>,
}

impl Default for Env {
    fn default() -> Self {
        Self { variables: BTreeMap::new(), keyring: Arc::new(System) }
    }
}

impl Env {
    /// Takes names and values; an empty value counts as unset.
    pub fn new<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), Zeroizing::new(value.into())));
        Self { variables: pairs.filter(|(_, value)| !value.is_empty()).collect(), ..Self::default() }
    }

    /// The same with another keyring.
    #[must_use]
    pub fn with_keyring(self, keyring: Arc<dyn Keyring>) -> Self {
        Self { keyring, ..self }
    }

    /// The variables of this process that mean something here.
    ///
    /// # Errors
    /// A value is not UTF-8; it is named, not shown.
    pub fn of_process() -> Result<Self, Error> {
        let mut pairs = Vec::new();
        for name in VARIABLES {
            match std::env::var(name) {
                Ok(value) => pairs.push((name, value)),
                Err(std::env::VarError::NotPresent) => {}
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(Error::usage(name, "its value is not UTF-8", "set it anew, or unset it"));
                }
            }
        }
        Ok(Self::new(pairs))
    }

    /// A variable's value; `None` where it is unset or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.as_str())
    }

    /// The user's keyring.
    pub fn keyring(&self) -> &Arc<dyn Keyring> {
        &self.keyring
    }
}

/// Where files live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `config.toml`, themes, keys.
    pub config: PathBuf,
    /// The audit trail and history.
    pub data: PathBuf,
    /// The diagnostic log.
    pub state: PathBuf,
}

impl Paths {
    /// This user's directories; none of them need exist yet.
    ///
    /// # Errors
    /// The user has no home directory.
    pub fn of_this_user() -> Result<Self, Error> {
        let dirs = directories::ProjectDirs::from("", "", "cxlens").ok_or_else(|| {
            Error::new(
                Kind::Local,
                "home directory",
                "this user has none",
                "set HOME to a directory of yours",
            )
        })?;
        Ok(Self {
            config: dirs.config_dir().to_owned(),
            data: dirs.data_dir().to_owned(),
            state: dirs.state_dir().unwrap_or(dirs.data_local_dir()).to_owned(),
        })
    }

    /// All of them below one directory, for tests.
    pub fn under(root: &Path) -> Self {
        Self { config: root.join("config"), data: root.join("data"), state: root.join("state") }
    }

    /// Where the audit trail's files stand.
    pub fn audit(&self) -> PathBuf {
        self.data.join("audit")
    }

    /// Where stopped runs are kept.
    pub fn resume(&self) -> PathBuf {
        self.data.join("resume")
    }

    /// Where the explorer puts recordings that were given no name: files that end in `.cxrec`.
    pub fn recordings(&self) -> PathBuf {
        self.data.join("recordings")
    }

    /// The file that changes the explorer's keys.
    pub fn keys(&self) -> PathBuf {
        self.config.join("keys.toml")
    }

    /// Where the explorer keeps what outlasts a session.
    pub fn kept(&self) -> PathBuf {
        self.data.join("explorer")
    }

    /// Where the diagnostic log's files stand.
    pub fn log(&self) -> PathBuf {
        self.state.join("log")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let env = Env::new([("CXONE_TENANT", ""), ("CXONE_CLIENT_ID", "me")]);
        assert_eq!(env.get("CXONE_TENANT"), None);
        assert_eq!(env.get("CXONE_CLIENT_ID"), Some("me"));
        assert_eq!(env.get("NO_COLOR"), None);
    }
}
