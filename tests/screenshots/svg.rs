//! A picture of a screen: its cells as text, boxes as lines, blocks as rectangles, so that it looks the same whatever
//! font a reader has.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// A cell in pixels.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 17.0;
/// Around the screen.
const MARGIN: f32 = 12.0;

/// What the names of colours look like.
pub(crate) struct Paper {
    background: &'static str,
    text: &'static str,
    /// The sixteen, in the terminals' order.
    colours: [&'static str; 16],
}

pub(crate) const DARK: Paper = Paper {
    background: "#16181d",
    text: "#d7dae0",
    colours: [
        "#16181d", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#abb2bf", "#6b7280",
        "#ff7b86", "#b5e890", "#f5d08b", "#7cc0ff", "#da8ff0", "#66d9e8", "#ffffff",
    ],
};

pub(crate) const LIGHT: Paper = Paper {
    background: "#fcfcfa",
    text: "#24292f",
    colours: [
        "#24292f", "#b3261e", "#1a7f37", "#8a6100", "#0550ae", "#8250df", "#0b7285", "#d0d7de", "#6e7781",
        "#cf222e", "#2da44e", "#9a6700", "#218bff", "#a475f9", "#3192aa", "#ffffff",
    ],
};

/// The whole picture, with a description for those who cannot see it.
pub(crate) fn picture(buf: &Buffer, paper: &Paper, about: &str) -> String {
    let area = buf.area;
    let (width, height) =
        (f32::from(area.width) * WIDTH + 2.0 * MARGIN, f32::from(area.height) * HEIGHT + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.1} {height:.1}\" \
         role=\"img\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>\n",
        escaped(about),
        paper.background,
    );
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            let first = &buf[(x, y)];
            let mut end = x + columns(first);
            let mut text = first.symbol().to_owned();
            // What looks alike side by side is one piece; a shape goes with its own kind only.
            while end < area.width && looks(&buf[(end, y)], paper) == looks(first, paper) {
                let next = buf[(end, y)].symbol();
                if text.is_ascii() != next.is_ascii()
                    || shape(first.symbol()).is_some() && next != first.symbol()
                    || shape(first.symbol()).is_none() && shape(next).is_some()
                {
                    break;
                }
                text.push_str(next);
                end += columns(&buf[(end, y)]);
            }
            piece(&mut out, x, y, end - x, first, &text, paper);
            x = end;
        }
    }
    out.push_str("</svg>\n");
    out
}

fn columns(cell: &Cell) -> u16 {
    (cell.symbol().width() as u16).max(1)
}

/// Ink, paper and weight of a cell.
fn looks<'a>(cell: &Cell, paper: &'a Paper) -> (&'a str, Option<&'a str>, Modifier) {
    let named = |colour: Color| match colour {
        Color::Reset => None,
        Color::Black => Some(0),
        Color::Red => Some(1),
        Color::Green => Some(2),
        Color::Yellow => Some(3),
        Color::Blue => Some(4),
        Color::Magenta => Some(5),
        Color::Cyan => Some(6),
        Color::Gray => Some(7),
        Color::DarkGray => Some(8),
        Color::LightRed => Some(9),
        Color::LightGreen => Some(10),
        Color::LightYellow => Some(11),
        Color::LightBlue => Some(12),
        Color::LightMagenta => Some(13),
        Color::LightCyan => Some(14),
        Color::White => Some(15),
        other => panic!("the pictures show themes of the sixteen colours, not {other:?}"),
    };
    let ink = named(cell.fg).map_or(paper.text, |n| paper.colours[n]);
    let under = named(cell.bg).map(|n| paper.colours[n]);
    if cell.modifier.contains(Modifier::REVERSED) {
        return (under.unwrap_or(paper.background), Some(ink), cell.modifier);
    }
    (ink, under, cell.modifier)
}

fn piece(out: &mut String, x: u16, y: u16, columns: u16, cell: &Cell, text: &str, paper: &Paper) {
    let (ink, under, modifier) = looks(cell, paper);
    let (left, top) = (MARGIN + f32::from(x) * WIDTH, MARGIN + f32::from(y) * HEIGHT);
    let width = f32::from(columns) * WIDTH;
    if let Some(under) = under {
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{HEIGHT:.1}\" fill=\"{under}\"/>"
        );
    }
    if let Some(shape) = shape(cell.symbol()) {
        return draw(out, &shape, (left, top, columns), ink);
    }
    if text.trim().is_empty() && !modifier.contains(Modifier::UNDERLINED) {
        return;
    }
    let mut style = String::new();
    if modifier.contains(Modifier::BOLD) {
        style.push_str(" font-weight=\"bold\"");
    }
    if modifier.contains(Modifier::ITALIC) {
        style.push_str(" font-style=\"italic\"");
    }
    if modifier.contains(Modifier::DIM) {
        style.push_str(" opacity=\"0.65\"");
    }
    if modifier.contains(Modifier::UNDERLINED) {
        style.push_str(" text-decoration=\"underline\"");
    }
    // The blanks around a piece take no ink.
    let start = left + (text.len() - text.trim_start().len()) as f32 * WIDTH;
    let text = text.trim();
    // Letter by letter where each is a column, so that no font moves one; scripts that join are placed as a whole.
    let place = if text.is_ascii() {
        let places = (0..text.len()).map(|n| format!("{:.1}", start + n as f32 * WIDTH));
        format!("x=\"{}\"", places.collect::<Vec<_>>().join(" "))
    } else {
        let length = text.width() as f32 * WIDTH;
        format!("x=\"{start:.1}\" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\"")
    };
    let _ = writeln!(
        out,
        "<text {place} y=\"{:.1}\" fill=\"{ink}\" xml:space=\"preserve\"{style}>{}</text>",
        top + HEIGHT - 4.0,
        escaped(text),
    );
}

/// What is drawn rather than written.
enum Shape {
    /// Lines from the middle: left, right, up, down.
    Lines([bool; 4]),
    /// A rectangle: from the left, from the top, how wide, how high, in parts of a cell; and how much ink.
    Block([f32; 4], f32),
}

fn shape(symbol: &str) -> Option<Shape> {
    let lines = |sides: &str| Some(Shape::Lines(['l', 'r', 'u', 'd'].map(|side| sides.contains(side))));
    let block = |block: [f32; 4], ink: f32| Some(Shape::Block(block, ink));
    match symbol {
        "─" => lines("lr"),
        "│" => lines("ud"),
        "┌" => lines("rd"),
        "┐" => lines("ld"),
        "└" => lines("ru"),
        "┘" => lines("lu"),
        "├" => lines("rud"),
        "┤" => lines("lud"),
        "┬" => lines("lrd"),
        "┴" => lines("lru"),
        "┼" => lines("lrud"),
        "█" => block([0.0, 0.0, 1.0, 1.0], 1.0),
        "▌" => block([0.0, 0.0, 0.5, 1.0], 1.0),
        "▓" => block([0.0, 0.1, 1.0, 0.8], 0.85),
        "▒" => block([0.0, 0.1, 1.0, 0.8], 0.5),
        "░" => block([0.0, 0.1, 1.0, 0.8], 0.25),
        _ => {
            let eighths = ["▁", "▂", "▃", "▄", "▅", "▆", "▇"].iter().position(|s| *s == symbol)?;
            let height = (eighths + 1) as f32 / 8.0;
            block([0.0, 1.0 - height, 1.0, height], 1.0)
        }
    }
}

fn draw(out: &mut String, shape: &Shape, (left, top, columns): (f32, f32, u16), ink: &str) {
    match shape {
        Shape::Block([x, y, wide, high], opacity) => {
            let whole = if *wide < 1.0 { *wide } else { f32::from(columns) };
            let _ = writeln!(
                out,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{ink}\" opacity=\"{opacity}\"/>",
                left + x * WIDTH,
                top + y * HEIGHT,
                whole * WIDTH,
                high * HEIGHT,
            );
        }
        Shape::Lines([l, r, u, d]) => {
            let (middle, half) = (left + WIDTH / 2.0, top + HEIGHT / 2.0);
            let right = left + f32::from(columns) * WIDTH;
            let mut path = String::new();
            if *l || *r {
                let (from, to) = (if *l { left } else { middle }, if *r { right } else { middle });
                let _ = write!(path, "M{from:.1} {half:.1}H{to:.1}");
            }
            if *u || *d {
                let (from, to) = (if *u { top } else { half }, if *d { top + HEIGHT } else { half });
                for column in 0..columns {
                    let _ = write!(path, "M{:.1} {from:.1}V{to:.1}", middle + f32::from(column) * WIDTH);
                }
            }
            let _ = writeln!(out, "<path d=\"{path}\" stroke=\"{ink}\" fill=\"none\"/>");
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
