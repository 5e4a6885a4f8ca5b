//! A theme as a file: names for colours, and styles made of them. What cannot be read is said and left out; the rest
//! counts.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Theme, colour};
use crate::config::nearest;
use crate::engine::error::Error;
use crate::engine::text::clean;

/// The colours of tenants, in the order of [`crate::config::Colour`].
pub(super) const TENANTS: [&str; 6] =
    ["tenant_red", "tenant_green", "tenant_yellow", "tenant_blue", "tenant_magenta", "tenant_cyan"];

const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("faint", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

/// A theme's text, and what it is called in errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

/// What stands in one file, each with the line where it stands.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// The theme that has what this one has not.
    pub(super) base: Option<(String, usize)>,
    colours: BTreeMap<String, Color>,
    styles: BTreeMap<String, (String, usize)>,
}

impl Source<'_> {
    /// Reads it as far as it can be read.
    pub(super) fn read(self, troubles: &mut Vec<Error>) -> Sheet {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            troubles.push(self.trouble(
                self.line(at),
                error.message(),
                "write it as assets/theme-dark.toml of the source does",
            ));
        }
        let mut sheet = Sheet::default();
        for (key, value) in table.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("base", DeValue::String(base)) => {
                    sheet.base = Some((base.clone().into_owned(), self.line_of(key)));
                }
                ("colours", DeValue::Table(table)) => self.colours(table, &mut sheet, troubles),
                ("styles", DeValue::Table(table)) => self.styles(table, &mut sheet, troubles),
                (name @ ("base" | "colours" | "styles"), other) => {
                    let wanted = if name == "base" { "the name of a theme" } else { "a table" };
                    let cause = format!("{name} is {}, not {wanted}", other.type_str());
                    troubles.push(self.trouble(self.line_of(key), &cause, "see assets/theme-dark.toml"));
                }
                (name, _) => {
                    troubles.push(self.unknown(self.line_of(key), name, &["base", "colours", "styles"]));
                }
            }
        }
        sheet
    }

    fn colours(self, table: &DeTable<'_>, sheet: &mut Sheet, troubles: &mut Vec<Error>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let written = match value.get_ref() {
                DeValue::String(text) => text.as_ref(),
                DeValue::Integer(number) => number.as_str(),
                other => other.type_str(),
            };
            match colour::parse(written) {
                _ if MODIFIERS.iter().any(|(modifier, _)| *modifier == name) || name == "on" => {
                    let cause = format!("a colour cannot be called {name}: styles have that word");
                    troubles.push(self.trouble(self.line_of(key), &cause, "call it something else"));
                }
                Some(colour) => drop(sheet.colours.insert(name.to_owned(), colour)),
                None => {
                    let cause = format!("{} is no colour", clean(&format!("{written:?}")));
                    troubles.push(self.trouble(self.line_of(key), &cause, COLOURS));
                }
            }
        }
    }

    fn styles(self, table: &DeTable<'_>, sheet: &mut Sheet, troubles: &mut Vec<Error>) {
        for (key, value) in table {
            let (name, line) = (key.get_ref().as_ref(), self.line_of(key));
            match value.get_ref() {
                _ if !Theme::ROLES.contains(&name) => troubles.push(self.unknown(line, name, Theme::ROLES)),
                DeValue::String(text) => {
                    drop(sheet.styles.insert(name.to_owned(), (text.clone().into_owned(), line)));
                }
                other => {
                    let cause = format!("{name} is {}, not a text", other.type_str());
                    troubles.push(self.trouble(line, &cause, "write it like \"cyan on black bold\""));
                }
            }
        }
    }

    /// The styles of a theme, made of its own lines and of those of the theme that it is based on.
    pub(super) fn apply(
        self,
        base: Option<&Sheet>,
        own: &Sheet,
        theme: &mut Theme,
        troubles: &mut Vec<Error>,
    ) {
        let colours = |name: &str| {
            let named = own.colours.get(name).or_else(|| base?.colours.get(name)).copied();
            named.or_else(|| colour::parse(name))
        };
        let tenants: Vec<Color> = TENANTS.iter().filter_map(|name| colours(name)).collect();
        theme.colours = tenants.try_into().ok();
        let inherited = base.into_iter().flat_map(|base| &base.styles);
        for (role, (text, line)) in inherited.chain(&own.styles) {
            match style(text, colours) {
                Ok(style) => {
                    if let Some(place) = theme.role(role) {
                        *place = style;
                    }
                }
                Err(word) => {
                    let cause = format!(
                        "{role}: {} is neither a colour nor a way to write",
                        clean(&format!("{word:?}"))
                    );
                    troubles.push(self.trouble(*line, &cause, COLOURS));
                }
            }
        }
    }

    pub(super) fn trouble(self, line: usize, cause: &str, remedy: &str) -> Error {
        Error::usage(format!("{}:{line}", clean(self.name)), cause, remedy)
    }

    fn unknown(self, line: usize, key: &str, known: &[&str]) -> Error {
        let remedy = nearest(key, known).map_or_else(
            || "assets/theme-dark.toml of the source shows every key".to_owned(),
            |near| format!("did you mean {near}?"),
        );
        self.trouble(line, &format!("unknown key {}", clean(&format!("{key:?}"))), &remedy)
    }

    fn line_of<T>(self, what: &Spanned<T>) -> usize {
        self.line(what.span().start)
    }

    fn line(self, at: usize) -> usize {
        self.text[..self.text.floor_char_boundary(at)].matches('\n').count() + 1
    }
}

const COLOURS: &str = "a colour is a name (cyan, bright-red), default, a number to 255, #rrggbb or a name under \
                       [colours]; ways to write are bold, faint, italic, underlined and reversed";

/// `cyan on black bold`; the word that means nothing where there is one.
fn style(text: &str, colour: impl Fn(&str) -> Option<Color>) -> Result<Style, &str> {
    let mut style = Style::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if let Some((_, modifier)) = MODIFIERS.iter().find(|(name, _)| *name == word) {
            style = style.add_modifier(*modifier);
        } else if word == "on" {
            let behind = words.next().ok_or(word)?;
            style = style.bg(colour(behind).ok_or(behind)?);
        } else {
            style = style.fg(colour(word).ok_or(word)?);
        }
    }
    Ok(style)
}
