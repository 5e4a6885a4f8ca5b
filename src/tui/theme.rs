//! Styles by role, and the symbols that go with them.
//!
//! ```text
//! theme-dark.toml ─┐ base
//! themes/NAME.toml ┴─► Theme in any colour ──Depth──► Theme in the colours that there are
//! ```
//!
//! The colours of the themes that come with the program are ANSI names, so that the terminal's own palette decides
//! what they look like. Nothing is told by colour alone: each role that matters also has a word or a symbol beside it.

mod colour;
mod file;
mod look;
mod symbols;
#[cfg(test)]
mod tests;

use ratatui::style::{Color, Style};

pub use self::colour::Depth;
pub use self::look::{Appearance, Surroundings};
pub use self::symbols::{Ascii, Symbols, to_ascii};

use self::file::Source;

/// Which of the themes that come with the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeChoice {
    /// For a dark background.
    #[default]
    Dark,
    /// For a light background.
    Light,
    /// No colour at all (`NO_COLOR`): bold, faint, reversed and underlined.
    Plain,
}

macro_rules! roles {
    ($($role:ident $about:literal;)+) => {
        /// Styles by role.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Theme {
            $(#[doc = $about] pub $role: Style,)+
            /// Colours of tenants, in the order of [`crate::config::Colour`]; `None`: there are to be none.
            pub colours: Option<[Color; 6]>,
            /// Borders and symbols.
            pub symbols: Symbols,
            /// How much of the screen is ASCII.
            pub ascii: Ascii,
        }

        impl Theme {
            /// The roles by their names in a theme's file.
            pub const ROLES: &[&str] = &[$(stringify!($role)),+];

            /// With no style at all.
            fn blank(ascii: Ascii) -> Self {
                let symbols = if ascii == Ascii::No { Symbols::UNICODE } else { Symbols::ASCII };
                Self { $($role: Style::new(),)+ colours: None, symbols, ascii }
            }

            fn role(&mut self, name: &str) -> Option<&mut Style> {
                match name {
                    $(stringify!($role) => Some(&mut self.$role),)+
                    _ => None,
                }
            }

            /// In the colours that there are.
            fn at(self, depth: Depth) -> Self {
                let colours = self.colours.map(|all| all.map(|colour| depth.nearest(colour).unwrap_or(colour)));
                Self { $($role: depth.fit(self.$role),)+ colours, ..self }
            }
        }
    };
}

roles! {
    text "Ordinary text.";
    dim "Less important text: hints, units, what is not there.";
    label "Labels in front of values.";
    heading "Headings inside a pane, column headers.";
    border "A pane's border and title.";
    border_focused "The same of the pane that has the keys.";
    title "A pane's title.";
    title_focused "The same of the pane that has the keys.";
    selected "The row or field under the cursor, in the pane that has the keys.";
    selected_dim "The same in a pane that has not.";
    cell "The cell under the cursor, over `selected`.";
    editing "A text field that is being edited.";
    cursor "The text cursor in it.";
    key "A key's name in hints.";
    good "Went well.";
    warn "Takes heed: waiting, throttled, cut.";
    bad "Went wrong.";
    accent "What stands out without being good or bad: a running state, the open tab.";
    brand "The program's name.";
    tenant "The tenant's name.";
    sandbox "The word SANDBOX.";
    absent "`null`, missing, not asked.";
    changed "A value that processing changed.";
    marked "A row that is marked.";
    number "A number.";
    boolean "A boolean.";
    string "Quoted text.";
    keyword "A word of the filter's language.";
    lit "A cell that changed while it was watched.";
    found "Where the search found something.";
    jump "What is to be typed to jump there.";
    bar "The filled part of a bar, or a sparkline.";
    bar_empty "The empty part of a bar.";
}

impl ThemeChoice {
    /// By the value of `COLORFGBG`, where that says anything.
    pub fn said(colorfgbg: Option<&str>) -> Option<Self> {
        // `15;0` or `15;default;0`: the last is the background, 7 and 9 to 15 are light.
        let background = colorfgbg?.rsplit(';').next()?.parse::<u8>().ok()?;
        Some(if matches!(background, 7 | 9..=15) { Self::Light } else { Self::Dark })
    }

    /// By its name in the configuration.
    fn named(name: &str) -> Option<Self> {
        match name {
            "dark" => Some(Self::Dark),
            "light" => Some(Self::Light),
            "plain" => Some(Self::Plain),
            _ => None,
        }
    }

    fn source(self) -> Source<'static> {
        match self {
            Self::Dark => {
                Source { name: "theme-dark.toml", text: include_str!("../../assets/theme-dark.toml") }
            }
            Self::Light => {
                Source { name: "theme-light.toml", text: include_str!("../../assets/theme-light.toml") }
            }
            Self::Plain => {
                Source { name: "theme-plain.toml", text: include_str!("../../assets/theme-plain.toml") }
            }
        }
    }
}

impl Theme {
    /// A theme that comes with the program, with Unicode or ASCII symbols.
    pub fn new(choice: ThemeChoice, ascii: bool) -> Self {
        let mut theme = Self::blank(if ascii { Ascii::Symbols } else { Ascii::No });
        // A test holds that nothing in them is wrong.
        let mut troubles = Vec::new();
        let sheet = choice.source().read(&mut troubles);
        choice.source().apply(None, &sheet, &mut theme, &mut troubles);
        theme
    }
}
