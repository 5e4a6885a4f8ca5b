//! What boxes, bars and marks are made of, and a screen of ASCII alone.

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::symbols::border;

/// How much of the screen is ASCII.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ascii {
    /// Nothing need be.
    #[default]
    No,
    /// What we draw ourselves. What comes from the service is shown as it is.
    Symbols,
    /// All of it: the terminal would take the bytes of any other character for several.
    Everything,
}

impl Ascii {
    /// By the locale where nothing was set: of `LC_ALL`, `LC_CTYPE` and `LANG` the first that is there. Where none is,
    /// as in many a container, the terminal is taken to be of this century.
    pub fn detect(wanted: Option<bool>, locale: Option<&str>) -> Self {
        let utf8 = locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        match (wanted, utf8) {
            (Some(false), _) | (None, true) => Self::No,
            (Some(true), true) => Self::Symbols,
            (Some(true) | None, false) => Self::Everything,
        }
    }
}

/// Makes what was drawn ASCII, as far as it is to be. A cell stays as wide as it was.
pub fn to_ascii(ascii: Ascii, buf: &mut Buffer) {
    if ascii == Ascii::No {
        return;
    }
    for at in 0..buf.content.len() {
        let symbol = buf.content[at].symbol();
        if symbol.is_ascii() {
            continue;
        }
        let plain = match symbol {
            // What goes on ends so, what is cut has no blank before it.
            "…" if at > 0 && (at - 1..at + 3).all(|i| i == at || is_blank(buf, i)) => {
                for dot in &mut buf.content[at..at + 3] {
                    dot.set_symbol(".");
                }
                continue;
            }
            "…" | "›" | "→" | "»" => ">",
            "‹" | "←" | "«" => "<",
            "–" | "—" => "-",
            "·" | "•" | "│" => "|",
            "×" => "x",
            "≈" => "~",
            "µ" => "u",
            "�" => "?",
            _ if ascii == Ascii::Symbols => continue,
            // A cell a column: under a symbol of two, what is drawn there later might not be sent.
            wide if wide.cell_width() > 1 && at + 1 < buf.content.len() => {
                buf.content[at + 1].set_symbol("?");
                "?"
            }
            _ => "?",
        };
        buf.content[at].set_symbol(plain);
    }
}

fn is_blank(buf: &Buffer, at: usize) -> bool {
    buf.content.get(at).is_some_and(|cell| cell.symbol() == " ")
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
    /// A profile from before the window that profiles are kept for, one column.
    pub past: &'static str,
    /// Stands for a value that was not asked for.
    pub not_asked: &'static str,
    /// Between pinned columns and the others; where some of these are further to the left.
    pub edge: [&'static str; 2],
    /// A cell changed while it was watched.
    pub lit: &'static str,
    /// In front of what was saved under a name.
    pub saved: &'static str,
    /// Scroll bar thumb and track.
    pub scroll: [&'static str; 2],
    /// Behind what is still going on, or cut.
    pub more: &'static str,
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
        past: "†",
        not_asked: "·",
        edge: ["│", "‹"],
        lit: "◆",
        saved: "★",
        scroll: ["█", "│"],
        more: "…",
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
        past: "x",
        not_asked: ".",
        edge: ["|", "<"],
        lit: "!",
        saved: "*",
        scroll: ["#", "|"],
        more: "...",
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn the_locale_decides_unless_something_was_set() {
        let cases = [
            (None, None, Ascii::No),
            (None, Some("de_DE.UTF-8"), Ascii::No),
            (None, Some("C.utf8"), Ascii::No),
            (None, Some("POSIX"), Ascii::Everything),
            (None, Some("de_DE.ISO-8859-1"), Ascii::Everything),
            (Some(false), Some("C"), Ascii::No),
            (Some(true), Some("C"), Ascii::Everything),
            (Some(true), Some("C.UTF-8"), Ascii::Symbols),
            (Some(true), None, Ascii::Symbols),
        ];
        for (wanted, locale, expected) in cases {
            assert_eq!(Ascii::detect(wanted, locale), expected, "{wanted:?} {locale:?}");
        }
    }

    #[test]
    fn a_screen_keeps_its_columns() {
        let drawn = |ascii| {
            let mut buf = Buffer::empty(Rect::new(0, 0, 8, 1));
            crate::tui::widgets::put(&mut buf, 0, 0, 8, "é東京… –x", Style::new());
            to_ascii(ascii, &mut buf);
            let symbols: Vec<String> = buf.content.iter().map(|cell| cell.symbol().to_owned()).collect();
            symbols.join("'")
        };
        assert_eq!(drawn(Ascii::No), "é'東'\u{a0}'京'\u{a0}'…' '…");
        assert_eq!(drawn(Ascii::Symbols), "é'東'\u{a0}'京'\u{a0}'>' '>");
        assert_eq!(drawn(Ascii::Everything), "?'?'?'?'?'>' '>");
    }
}
