//! Colours: how they are written, how many a terminal has, and the nearest that it has to one that it has not.

use ratatui::style::{Color, Style};

/// How many colours the terminal has, or is to be given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: bold, dim, reversed and underlined tell the same.
    None,
    /// The sixteen whose look is the terminal's own choice.
    #[default]
    Sixteen,
    /// A cube of 6×6×6 and 24 greys beside them.
    Indexed,
    /// Any.
    True,
}

impl Depth {
    /// By what the environment says: `NO_COLOR`, `TERM` and `COLORTERM`.
    pub fn detect(no_color: bool, term: Option<&str>, colorterm: Option<&str>) -> Self {
        // https://no-color.org
        if no_color || term == Some("dumb") {
            return Self::None;
        }
        if matches!(colorterm, Some("truecolor" | "24bit")) {
            return Self::True;
        }
        match term {
            Some(term) if term.contains("direct") => Self::True,
            Some(term) if term.contains("256") || term.contains("kitty") || term.contains("ghostty") => {
                Self::Indexed
            }
            _ => Self::Sixteen,
        }
    }

    /// A style in colours that there are.
    pub(super) fn fit(self, style: Style) -> Style {
        let fit = |colour: Option<Color>| colour.and_then(|colour| self.nearest(colour));
        Style { fg: fit(style.fg), bg: fit(style.bg), underline_color: None, ..style }
    }

    pub(super) fn nearest(self, colour: Color) -> Option<Color> {
        match (self, colour) {
            (Self::None, _) => None,
            (Self::Indexed, Color::Rgb(r, g, b)) => Some(Color::Indexed(indexed([r, g, b]))),
            (Self::Sixteen, Color::Rgb(r, g, b)) => Some(sixteenth([r, g, b])),
            (Self::Sixteen, Color::Indexed(index)) => Some(match NAMES.get(usize::from(index)) {
                Some((_, named)) => *named,
                None => sixteenth(rgb(index)),
            }),
            (_, colour) => Some(colour),
        }
    }
}

/// The sixteen, in the order of their numbers.
const NAMES: [(&str, Color); 16] = [
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// What xterm shows for the sixteen.
const SIXTEEN: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

/// The steps of the cube's edges.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Reads a colour: one of the sixteen by name, `default`, a number from 0 to 255, or `#rrggbb`.
pub(super) fn parse(word: &str) -> Option<Color> {
    if let Some((_, colour)) = NAMES.iter().find(|(name, _)| *name == word) {
        return Some(*colour);
    }
    match word {
        "default" => return Some(Color::Reset),
        "gray" | "grey" => return Some(Color::DarkGray),
        _ => {}
    }
    if let Some(hex) = word.strip_prefix('#') {
        let is_hex = hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let [_, r, g, b] = u32::from_str_radix(hex, 16).ok().filter(|_| is_hex)?.to_be_bytes();
        return Some(Color::Rgb(r, g, b));
    }
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|_| is_number).map(Color::Indexed)
}

/// Red, green and blue of a number.
fn rgb(index: u8) -> [u8; 3] {
    match index {
        0..=15 => SIXTEEN[usize::from(index)],
        16..=231 => {
            let place = usize::from(index - 16);
            [STEPS[place / 36], STEPS[place / 6 % 6], STEPS[place % 6]]
        }
        232.. => [8 + 10 * (index - 232); 3],
    }
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    // The eye sees green best and blue least.
    let weights = [3, 6, 1];
    (0..3).map(|i| weights[i] * u32::from(a[i].abs_diff(b[i])).pow(2)).sum()
}

/// The nearest of the cube and the greys. The sixteen are not among them: what they look like nobody knows.
fn indexed(wanted: [u8; 3]) -> u8 {
    (16..=255).min_by_key(|index| distance(rgb(*index), wanted)).unwrap_or(16)
}

fn sixteenth(wanted: [u8; 3]) -> Color {
    let nearest = (0..16).min_by_key(|at| distance(SIXTEEN[*at], wanted)).unwrap_or(0);
    NAMES[nearest].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_written() {
        for (word, colour) in [
            ("cyan", Some(Color::Cyan)),
            ("white", Some(Color::Gray)),
            ("bright-white", Some(Color::White)),
            ("gray", Some(Color::DarkGray)),
            ("default", Some(Color::Reset)),
            ("0", Some(Color::Indexed(0))),
            ("255", Some(Color::Indexed(255))),
            ("#ff8000", Some(Color::Rgb(255, 128, 0))),
            ("256", None),
            ("-1", None),
            ("+1", None),
            ("#ff80", None),
            ("#+f8000", None),
            ("#ff80000", None),
            ("Cyan", None),
            ("", None),
        ] {
            assert_eq!(parse(word), colour, "{word:?}");
        }
    }

    #[test]
    fn what_a_terminal_has_not_becomes_the_nearest_that_it_has() {
        let orange = Color::Rgb(255, 135, 0);
        for (depth, colour, nearest) in [
            (Depth::True, orange, Some(orange)),
            (Depth::Indexed, orange, Some(Color::Indexed(208))),
            (Depth::Indexed, Color::Rgb(118, 118, 118), Some(Color::Indexed(243))),
            (Depth::Sixteen, Color::Rgb(250, 250, 250), Some(Color::White)),
            (Depth::Sixteen, Color::Rgb(200, 10, 10), Some(Color::Red)),
            (Depth::Sixteen, Color::Indexed(12), Some(Color::LightBlue)),
            (Depth::Sixteen, Color::Indexed(46), Some(Color::LightGreen)),
            (Depth::Sixteen, Color::Reset, Some(Color::Reset)),
            (Depth::None, Color::Red, None),
        ] {
            assert_eq!(depth.nearest(colour), nearest, "{depth:?} {colour:?}");
        }
    }

    #[test]
    fn the_environment_says_how_many_there_are() {
        use Depth::{Indexed, None as Nothing, Sixteen, True};
        for (no_color, term, colorterm, expected) in [
            (false, None, None, Sixteen),
            (false, Some("xterm"), None, Sixteen),
            (false, Some("linux"), None, Sixteen),
            (false, Some("xterm-256color"), None, Indexed),
            (false, Some("xterm-256color"), Some("truecolor"), True),
            (false, Some("xterm-direct"), None, True),
            (false, Some("dumb"), Some("truecolor"), Nothing),
            (true, Some("xterm-256color"), Some("24bit"), Nothing),
        ] {
            assert_eq!(Depth::detect(no_color, term, colorterm), expected, "{term:?} {colorterm:?}");
        }
    }
}
