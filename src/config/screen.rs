//! How the screen is to look: the settings under `[explorer]`, and the file of a theme that is named there.

use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{Error, Paths};

/// How the screen is to look.
#[derive(Clone, Debug)]
pub struct LookSettings {
    /// `dark`, `light`, `plain`, `auto`, or the name of a theme of the user's own.
    pub theme: String,
    /// That theme's file.
    pub own: Option<OwnTheme>,
    /// How many colours there are.
    pub colours: Colours,
    /// Whether borders and symbols are ASCII; `None`: as the locale says.
    pub ascii: Option<bool>,
    /// Whether the mouse works.
    pub mouse: bool,
}

/// A theme in a file.
#[derive(Clone, Debug)]
pub struct OwnTheme {
    /// The file, for errors.
    pub name: String,
    /// What stands in it, or why it cannot be read.
    pub text: Result<String, Error>,
}

/// How many colours there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// As many as the terminal is known to have.
    #[default]
    Auto,
    /// None.
    None,
    /// The sixteen of the terminal's own palette.
    Sixteen,
    /// 256.
    Indexed,
    /// Any.
    True,
}

/// As they stand in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) theme: Option<String>,
    pub(super) colours: Option<Colours>,
    pub(super) ascii: Option<bool>,
    pub(super) mouse: Option<bool>,
}

impl Default for LookSettings {
    fn default() -> Self {
        Self { theme: "auto".into(), own: None, colours: Colours::Auto, ascii: None, mouse: true }
    }
}

impl LookSettings {
    pub(super) fn settle(wanted: Wanted, paths: &Paths) -> Self {
        let theme = wanted.theme.unwrap_or_else(|| "auto".into());
        let built_in = matches!(theme.as_str(), "dark" | "light" | "plain" | "auto");
        Self {
            own: (!built_in).then(|| OwnTheme::find(&theme, &paths.config)),
            theme,
            colours: wanted.colours.unwrap_or_default(),
            ascii: wanted.ascii,
            mouse: wanted.mouse.unwrap_or(true),
        }
    }
}

impl OwnTheme {
    fn find(theme: &str, config: &Path) -> Self {
        let is_a_name = !theme.is_empty() && !theme.starts_with('.') && !theme.contains(['/', '\\', '\0']);
        if !is_a_name {
            let remedy = "name dark, light, plain, auto or a file in themes/ without its .toml";
            let error = Error::usage("theme", format!("{theme:?} is no name of a theme"), remedy);
            return Self { name: theme.to_owned(), text: Err(error) };
        }
        let path = config.join("themes").join(format!("{theme}.toml"));
        let text = super::disk::read(&path).map(|mut found| std::mem::take(&mut *found.text));
        Self { name: path.display().to_string(), text }
    }
}

/// A value that may be written in several ways.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Said(bool),
    Number(i64),
    Word(String),
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Said(said) => said.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Word(word) => word.fmt(f),
        }
    }
}

/// `"auto"`, `"none"`, `16`, `256` or `"true"`; numbers also as text.
pub(super) fn colours<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Colours>, D::Error> {
    let word = Written::deserialize(from)?.to_string();
    Ok(Some(match word.as_str() {
        "auto" => Colours::Auto,
        "none" => Colours::None,
        "16" => Colours::Sixteen,
        "256" => Colours::Indexed,
        "true" => Colours::True,
        _ => {
            let wrong =
                format!("{word:?} is no number of colours; \"auto\", \"none\", 16, 256 or \"true\" is");
            return Err(D::Error::custom(wrong));
        }
    }))
}

/// `true`, `false` or `"auto"`, which is as good as nothing.
pub(super) fn yes_no_auto<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    match Written::deserialize(from)? {
        Written::Said(said) => Ok(Some(said)),
        Written::Word(word) if word == "auto" => Ok(None),
        other => Err(D::Error::custom(format!("{:?} is not true, false or \"auto\"", other.to_string()))),
    }
}
