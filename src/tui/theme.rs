//! Styles by role, and the symbols that go with them.
//!
//! Colours are ANSI names, so that the terminal's own palette decides what they look like. Nothing is told by
//! colour alone: each role that matters also has a word or a symbol beside it.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

/// Which theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeChoice {
    /// For a dark background.
    #[default]
    Dark,
    /// For a light background.
    Light,
    /// No colour at all (`NO_COLOR`): bold, dim, reverse and underline.
    Plain,
}

impl ThemeChoice {
    /// By the values of `NO_COLOR` and `COLORFGBG`, where they are set. The terminal is not asked.
    pub fn detect(no_color: Option<&str>, colorfgbg: Option<&str>) -> Self {
        // https://no-color.org: any value but an empty one.
        if no_color.is_some_and(|value| !value.is_empty()) {
            return Self::Plain;
        }
        // `15;0` or `15;default;0`: the last is the background, 7 and 9 to 15 are light.
        let background =
            colorfgbg.and_then(|value| value.rsplit(';').next()).and_then(|n| n.parse::<u8>().ok());
        match background {
            Some(7 | 9..=15) => Self::Light,
            _ => Self::Dark,
        }
    }
}

/// Styles by role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Ordinary text.
    pub text: Style,
    /// Less important text: hints, units, what is not there.
    pub dim: Style,
    /// Labels in front of values.
    pub label: Style,
    /// Headings inside a pane, column headers.
    pub heading: Style,
    /// A pane's border and title.
    pub border: Style,
    /// The same of the pane that has the keys.
    pub border_focused: Style,
    /// A pane's title.
    pub title: Style,
    /// The same of the pane that has the keys.
    pub title_focused: Style,
    /// The row or field under the cursor, in the pane that has the keys.
    pub selected: Style,
    /// The same in a pane that has not.
    pub selected_dim: Style,
    /// The cell under the cursor, over `selected`.
    pub cell: Style,
    /// A text field that is being edited.
    pub editing: Style,
    /// The text cursor in it.
    pub cursor: Style,
    /// A key's name in hints.
    pub key: Style,
    /// Went well.
    pub good: Style,
    /// Takes heed: waiting, throttled, cut.
    pub warn: Style,
    /// Went wrong.
    pub bad: Style,
    /// What stands out without being good or bad: a running state, the open tab.
    pub accent: Style,
    /// The program's name.
    pub brand: Style,
    /// The tenant's name.
    pub tenant: Style,
    /// The word SANDBOX.
    pub sandbox: Style,
    /// `null`, missing, not asked.
    pub absent: Style,
    /// A value that processing changed.
    pub changed: Style,
    /// A row that is marked.
    pub marked: Style,
    /// A number.
    pub number: Style,
    /// A boolean.
    pub boolean: Style,
    /// Quoted text.
    pub string: Style,
    /// A word of the filter's language.
    pub keyword: Style,
    /// Where the search found something.
    pub found: Style,
    /// The filled part of a bar, or a sparkline.
    pub bar: Style,
    /// The empty part of a bar.
    pub bar_empty: Style,
    /// Borders and symbols.
    pub symbols: Symbols,
}

/// What boxes, bars and marks are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbols {
    /// Pane borders.
    pub border: border::Set<'static>,
    /// Where a pane's top joins the sides of the pane above it.
    pub joint_left: &'static str,
    /// The same on the right.
    pub joint_right: &'static str,
    /// Where two sides come down on a line.
    pub joint_bottom: &'static str,
    /// In front of the row under the cursor, one column.
    pub cursor: &'static str,
    /// A full bar cell.
    pub bar: &'static str,
    /// An empty bar cell.
    pub bar_empty: &'static str,
    /// Eight heights, lowest first.
    pub spark: [&'static str; 8],
    /// Sorted upwards, downwards.
    pub sort: [&'static str; 2],
    /// A box that is ticked, one that is not.
    pub tick: [&'static str; 2],
    /// Folded, unfolded.
    pub fold: [&'static str; 2],
    /// Between items on one line.
    pub dot: &'static str,
    /// Stands for a figure that was not measured.
    pub unknown: &'static str,
    /// A processed value differs from the one received.
    pub changed: &'static str,
    /// In front of a row that is marked, one column.
    pub marked: &'static str,
    /// Stands for a value that was not asked for.
    pub not_asked: &'static str,
    /// Between pinned columns and the others; where some of these are further to the left.
    pub edge: [&'static str; 2],
    /// Scroll bar thumb and track.
    pub scroll: [&'static str; 2],
}

impl Symbols {
    /// Box drawing and blocks.
    pub const UNICODE: Self = Self {
        border: border::PLAIN,
        joint_left: "├",
        joint_right: "┤",
        joint_bottom: "┴",
        cursor: "▌",
        bar: "▓",
        bar_empty: "░",
        spark: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        sort: ["▲", "▼"],
        tick: ["[x]", "[ ]"],
        fold: ["▸", "▾"],
        dot: "·",
        unknown: "–",
        changed: "~",
        marked: "●",
        not_asked: "·",
        edge: ["│", "‹"],
        scroll: ["█", "│"],
    };

    /// ASCII alone.
    pub const ASCII: Self = Self {
        border: border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        },
        joint_left: "+",
        joint_right: "+",
        joint_bottom: "+",
        cursor: ">",
        bar: "#",
        bar_empty: ".",
        spark: ["_", ".", ":", "-", "=", "+", "*", "#"],
        sort: ["^", "v"],
        tick: ["[x]", "[ ]"],
        fold: ["+", "-"],
        dot: "|",
        unknown: "-",
        changed: "~",
        marked: "*",
        not_asked: ".",
        edge: ["|", "<"],
        scroll: ["#", "|"],
    };
}

impl Theme {
    /// The theme of a choice, with Unicode or ASCII symbols.
    pub fn new(choice: ThemeChoice, ascii: bool) -> Self {
        let symbols = if ascii { Symbols::ASCII } else { Symbols::UNICODE };
        match choice {
            ThemeChoice::Dark => Self::coloured(&DARK, symbols),
            ThemeChoice::Light => Self::coloured(&LIGHT, symbols),
            ThemeChoice::Plain => Self::plain(symbols),
        }
    }

    fn coloured(c: &Palette, symbols: Symbols) -> Self {
        let s = Style::new();
        Self {
            text: s,
            dim: s.fg(c.dim),
            label: s.fg(c.dim),
            heading: s.fg(c.accent).add_modifier(Modifier::BOLD),
            border: s.fg(c.dim),
            border_focused: s.fg(c.accent),
            title: s,
            title_focused: s.fg(c.accent).add_modifier(Modifier::BOLD),
            selected: s.fg(c.on_selected).bg(c.selected),
            selected_dim: s.add_modifier(Modifier::BOLD),
            cell: s.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            editing: s.add_modifier(Modifier::UNDERLINED),
            cursor: s.add_modifier(Modifier::REVERSED),
            key: s.fg(c.accent).add_modifier(Modifier::BOLD),
            good: s.fg(c.good),
            warn: s.fg(c.warn),
            bad: s.fg(c.bad).add_modifier(Modifier::BOLD),
            accent: s.fg(c.accent).add_modifier(Modifier::BOLD),
            brand: s.add_modifier(Modifier::BOLD),
            tenant: s.fg(c.accent).add_modifier(Modifier::BOLD),
            sandbox: s.fg(c.on_warn).bg(c.warn).add_modifier(Modifier::BOLD),
            absent: s.fg(c.dim).add_modifier(Modifier::ITALIC),
            changed: s.fg(c.warn),
            marked: s.fg(c.accent),
            number: s.fg(c.number),
            boolean: s.fg(c.boolean),
            string: s.fg(c.good),
            keyword: s.fg(c.boolean).add_modifier(Modifier::BOLD),
            found: s.fg(c.on_warn).bg(c.warn),
            bar: s.fg(c.accent),
            bar_empty: s.fg(c.dim),
            symbols,
        }
    }

    fn plain(symbols: Symbols) -> Self {
        let s = Style::new();
        let bold = s.add_modifier(Modifier::BOLD);
        let dim = s.add_modifier(Modifier::DIM);
        Self {
            text: s,
            dim,
            label: dim,
            heading: bold.add_modifier(Modifier::UNDERLINED),
            border: dim,
            border_focused: bold,
            title: s,
            title_focused: bold.add_modifier(Modifier::REVERSED),
            selected: s.add_modifier(Modifier::REVERSED),
            selected_dim: bold,
            cell: bold.add_modifier(Modifier::UNDERLINED),
            editing: s.add_modifier(Modifier::UNDERLINED),
            cursor: s.add_modifier(Modifier::REVERSED),
            key: bold,
            good: s,
            warn: bold,
            bad: bold.add_modifier(Modifier::UNDERLINED),
            accent: bold,
            brand: bold,
            tenant: bold,
            sandbox: bold.add_modifier(Modifier::REVERSED),
            absent: dim,
            changed: s.add_modifier(Modifier::UNDERLINED),
            marked: bold,
            number: s,
            boolean: s,
            string: s,
            keyword: bold,
            found: s.add_modifier(Modifier::REVERSED),
            bar: s,
            bar_empty: dim,
            symbols,
        }
    }
}

struct Palette {
    dim: Color,
    accent: Color,
    selected: Color,
    on_selected: Color,
    good: Color,
    warn: Color,
    on_warn: Color,
    bad: Color,
    number: Color,
    boolean: Color,
}

const DARK: Palette = Palette {
    dim: Color::DarkGray,
    accent: Color::Cyan,
    selected: Color::Cyan,
    on_selected: Color::Black,
    good: Color::Green,
    warn: Color::Yellow,
    on_warn: Color::Black,
    bad: Color::LightRed,
    number: Color::LightBlue,
    boolean: Color::Magenta,
};

const LIGHT: Palette = Palette {
    dim: Color::DarkGray,
    accent: Color::Blue,
    selected: Color::Blue,
    on_selected: Color::White,
    good: Color::Green,
    warn: Color::Magenta,
    on_warn: Color::White,
    bad: Color::Red,
    number: Color::Blue,
    boolean: Color::Magenta,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_chooses() {
        use ThemeChoice::{Dark, Light, Plain};
        let cases = [
            (None, None, Dark),
            (None, Some("15;0"), Dark),
            (None, Some("0;15"), Light),
            (None, Some("0;default;7"), Light),
            (None, Some("7;8"), Dark),
            (None, Some("soon"), Dark),
            (Some("1"), Some("0;15"), Plain),
            (Some(""), Some("0;15"), Light),
        ];
        for (no_color, colorfgbg, want) in cases {
            assert_eq!(ThemeChoice::detect(no_color, colorfgbg), want, "{no_color:?} {colorfgbg:?}");
        }
    }

    #[test]
    fn without_colour_there_is_none() {
        let text = format!("{:?}", Theme::new(ThemeChoice::Plain, false));
        assert!(!text.contains("fg(") && !text.contains("Some("), "{text}");
    }
}
