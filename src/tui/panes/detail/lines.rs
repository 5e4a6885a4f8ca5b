//! An item as the lines that it takes: a label, a value, and what it was as received, below it or beside it.

use ratatui::style::Style;

use super::items::{Item, Kind, name_end};
use crate::tui::theme::Theme;
use crate::tui::widgets::{self, wrap};

/// Columns that a level is moved to the right, and the most levels that are.
const INDENT: u16 = 2;
const DEEPEST: u16 = 12;
/// A value is never squeezed into less.
const LEAST_VALUE: u16 = 12;

/// What lines have room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// The width of the labels, deep ones aside.
    pub(super) label: u16,
    pub(super) width: u16,
    /// The column where stands what was received; `None`: it stands behind the value.
    pub(super) received: Option<u16>,
}

impl Room {
    /// Where the value begins, and its width.
    fn value(self, item: &Item) -> (u16, usize) {
        let indent = INDENT * item.indent().min(DEEPEST);
        let end = self.received.map_or(self.width, |received| received.saturating_sub(2));
        let least = end.saturating_sub(LEAST_VALUE);
        let begin = match self.label {
            0 => indent,
            label => label.max(indent + 8).max(indent + label_of(item)),
        };
        let begin = begin.min(least);
        (begin, usize::from(end.saturating_sub(begin).max(2)))
    }
}

/// What a label takes beside its indent: itself, its fold mark and a blank.
fn label_of(item: &Item) -> u16 {
    const LONGEST_LABEL: u16 = 24;
    let mark = if item.kind == Kind::Branch { 3 } else { 1 };
    (widgets::width(&item.label) as u16 + mark).min(LONGEST_LABEL)
}

/// How many lines an item takes.
pub(super) fn rows(item: &Item, room: Room) -> usize {
    let (_, width) = room.value(item);
    let value = wrap(&item.value, width).count();
    let note = note(item, room);
    let own = match &note {
        Some(note) if !note_fits(item, note, width, value) => value + wrap(note, width).count(),
        _ => value,
    };
    own.max(beside(item, room).map_or(0, |(text, width)| wrap(&text, width).count()))
}

/// What stands behind the value: its type where it may have any, and what changed it: `number  from "21"`.
fn note(item: &Item, room: Room) -> Option<String> {
    let change = item.change.as_deref().filter(|_| room.received.is_none());
    match (item.type_name, change) {
        ("", None) => None,
        ("", Some(change)) => Some(change.to_owned()),
        (name, None) => Some(name.to_owned()),
        (name, Some(change)) => Some(format!("{name}  {change}")),
    }
}

/// What stands in the column of what was received, and its width.
fn beside(item: &Item, room: Room) -> Option<(String, usize)> {
    let width = usize::from(room.width.saturating_sub(room.received?).max(2));
    let text = match item.reason {
        "" => item.received.to_string(),
        reason => format!("{}  {reason}", item.received),
    };
    Some((text, width))
}

fn note_fits(item: &Item, note: &str, value_width: usize, value_rows: usize) -> bool {
    value_rows == 1 && widgets::width(&item.value) + 2 + widgets::width(note) <= value_width
}

/// A piece of a line; `Some` width where it is part of what the cursor lights.
pub(super) type Piece = (String, Style, Option<u16>);

/// The lines that an item takes.
pub(super) fn item_lines(theme: &Theme, item: &Item, room: Room) -> Vec<Vec<Piece>> {
    let (begin, value_width) = room.value(item);
    let style = match item.kind {
        Kind::Absent => theme.absent,
        Kind::Text | Kind::Json => theme.text,
        Kind::Number => theme.number,
        Kind::Boolean => theme.boolean,
        Kind::Branch => theme.dim,
    };
    let values: Vec<&str> = wrap(&item.value, value_width).collect();
    let note = note(item, room);
    let inline = note.as_deref().is_some_and(|note| note_fits(item, note, value_width, values.len()));
    let note_style = if item.change.is_some() { theme.changed } else { theme.dim };
    let mut lines = Vec::with_capacity(values.len() + 1);
    for (i, value) in values.into_iter().enumerate() {
        let head = if i == 0 { head(theme, item) } else { String::new() };
        let mut line: Vec<Piece> = vec![(head, theme.label, Some(begin))];
        if item.kind == Kind::Json {
            line.extend(json_pieces(theme, value));
            if item.folded {
                let close = if item.value.ends_with('[') { "]" } else { "}" };
                let hidden = item.below.saturating_sub(1);
                let lines = if hidden == 1 { "line" } else { "lines" };
                line.push((format!(" {hidden} {lines} "), theme.dim, None));
                line.push((close.to_owned(), theme.text, None));
            }
        } else {
            line.push((value.to_owned(), style, None));
        }
        lines.push(line);
    }
    match (note, lines.last_mut()) {
        (Some(_), Some(line)) if inline => {
            if !item.type_name.is_empty() {
                line.push((format!("  {}", item.type_name), theme.dim, None));
            }
            if let Some(change) = item.change.as_deref().filter(|_| room.received.is_none()) {
                line.push((format!("  {change}"), note_style, None));
            }
        }
        (Some(note), _) => {
            let style = if room.received.is_some() { theme.dim } else { note_style };
            for text in wrap(&note, value_width) {
                let label = (String::new(), theme.label, Some(begin));
                lines.push(vec![label, (text.to_owned(), style, None)]);
            }
        }
        (None, _) => {}
    }
    if let (Some((text, width)), Some(received)) = (beside(item, room), room.received) {
        put_beside(&mut lines, wrap(&text, width), received, note_style, theme);
    }
    lines
}

/// Puts what was received behind the lines of the value, from one column on.
fn put_beside<'a>(
    lines: &mut Vec<Vec<Piece>>,
    texts: impl Iterator<Item = &'a str>,
    column: u16,
    style: Style,
    theme: &Theme,
) {
    for (i, text) in texts.enumerate() {
        if lines.len() <= i {
            lines.push(vec![(String::new(), theme.label, Some(column.min(LEAST_VALUE)))]);
        }
        let line = &mut lines[i];
        let wide = |piece: &Piece| piece.2.unwrap_or_else(|| widgets::width(&piece.0) as u16);
        let used: u16 = line.iter().map(wide).sum();
        line.push((" ".repeat(usize::from(column.saturating_sub(used))), theme.text, None));
        line.push((text.to_owned(), style, None));
    }
}

fn head(theme: &Theme, item: &Item) -> String {
    let indent = " ".repeat(usize::from(INDENT * item.indent().min(DEEPEST)));
    match item.kind {
        Kind::Json => indent,
        Kind::Branch if item.below > 0 => {
            format!("{indent}{} {}", item.label, theme.symbols.fold[usize::from(!item.folded)])
        }
        _ => format!("{indent}{}", item.label),
    }
}

/// A line of JSON with its name and its value told apart.
fn json_pieces(theme: &Theme, line: &str) -> Vec<Piece> {
    let (name, value) = match name_end(line) {
        Some(end) => line.split_at(end),
        None => ("", line),
    };
    let style = match value.trim_start_matches([':', ' ']).bytes().next() {
        Some(b'"') => theme.string,
        Some(b't' | b'f') => theme.boolean,
        Some(b'n') => theme.absent,
        Some(b'-' | b'0'..=b'9') => theme.number,
        _ => theme.text,
    };
    [(name, theme.label), (value, style)]
        .into_iter()
        .filter(|(text, _)| !text.is_empty())
        .map(|(text, style)| (text.to_owned(), style, None))
        .collect()
}
