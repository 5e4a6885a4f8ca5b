//! How the screen looks: what was set, what the surroundings say, and what the terminal answers.

use super::colour::Depth;
use super::file::Source;
use super::symbols::Ascii;
use super::{Theme, ThemeChoice};
use crate::config::{Colours, LookSettings, OwnTheme};
use crate::engine::error::Error;

/// What the environment says of the terminal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings<'a> {
    /// Whether `NO_COLOR` is set.
    pub no_color: bool,
    /// `COLORFGBG`.
    pub colorfgbg: Option<&'a str>,
    /// `COLORTERM`.
    pub colorterm: Option<&'a str>,
    /// `TERM`.
    pub term: Option<&'a str>,
    /// The first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set.
    pub locale: Option<&'a str>,
}

/// How the screen looks.
#[derive(Clone, Debug, Default)]
pub struct Appearance {
    /// The theme that was named; `None`: whichever of dark and light suits the terminal.
    choice: Option<ThemeChoice>,
    /// A theme of the user's own.
    own: Option<OwnTheme>,
    /// What `COLORFGBG` says of the background.
    said: Option<ThemeChoice>,
    /// Whether the terminal can be asked at all.
    answers: bool,
    depth: Depth,
    ascii: Ascii,
}

impl Appearance {
    /// What comes of settings and surroundings. Settings count more.
    pub fn new(settings: &LookSettings, around: Surroundings<'_>) -> Self {
        let depth = match settings.colours {
            Colours::Auto => Depth::detect(around.no_color, around.term, around.colorterm),
            Colours::None => Depth::None,
            Colours::Sixteen => Depth::Sixteen,
            Colours::Indexed => Depth::Indexed,
            Colours::True => Depth::True,
        };
        Self {
            choice: ThemeChoice::named(&settings.theme),
            own: settings.own.clone(),
            said: ThemeChoice::said(around.colorfgbg),
            // The console of Linux knows no such question, and some of its versions print it.
            answers: !matches!(around.term, None | Some("dumb" | "linux")),
            depth,
            ascii: Ascii::detect(settings.ascii, around.locale),
        }
    }

    /// How many colours there are.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// Whether what we draw ourselves is ASCII.
    pub fn is_ascii(&self) -> bool {
        self.ascii != Ascii::No
    }

    /// Whether the terminal is to be asked for its background: nothing else says it, and it matters.
    pub fn asks(&self) -> bool {
        let matters = self.depth != Depth::None && self.choice.is_none() && self.said.is_none();
        matters && self.answers && self.base() == "auto"
    }

    /// What the user's own theme is based on.
    fn base(&self) -> String {
        let Some(OwnTheme { name, text: Ok(text) }) = &self.own else { return "auto".to_owned() };
        let sheet = Source { name, text }.read(&mut Vec::new());
        sheet.base.map_or_else(|| "auto".to_owned(), |(base, _)| base)
    }

    /// The theme on a background, as far as that is known; and what is wrong with its file.
    pub fn theme(&self, background: Option<ThemeChoice>) -> (Theme, Vec<Error>) {
        let suited = self.said.or(background).unwrap_or_default();
        let mut troubles = Vec::new();
        let mut theme = Theme::blank(self.ascii);
        let choice = if self.depth == Depth::None { Some(ThemeChoice::Plain) } else { self.choice };
        match &self.own {
            Some(OwnTheme { name, text: Ok(text) }) => {
                let own = Source { name, text };
                let sheet = own.read(&mut troubles);
                let base = match &sheet.base {
                    Some((base, line)) if base != "auto" => ThemeChoice::named(base).unwrap_or_else(|| {
                        let cause = format!("there is no theme {base:?} to be based on");
                        troubles.push(own.trouble(*line, &cause, "name dark, light, plain or auto"));
                        suited
                    }),
                    _ => suited,
                };
                let below = base.source().read(&mut troubles);
                own.apply(Some(&below), &sheet, &mut theme, &mut troubles);
            }
            Some(OwnTheme { text: Err(error), .. }) => troubles.push(error.clone()),
            None => {}
        }
        // Without colours a theme of colours would leave nothing to see.
        if self.depth == Depth::None || !matches!(self.own, Some(OwnTheme { text: Ok(_), .. })) {
            let ready = Theme::new(choice.unwrap_or(suited), false);
            theme = Theme { symbols: theme.symbols, ascii: theme.ascii, ..ready };
        }
        (theme.at(self.depth), troubles)
    }
}
