//! Drawing one profile.
//!
//! ```text
//! ├ Profile PROF-0000021  as processed ───┤
//! │ email        ada@example.org  lower-cased from "Ada@Example.org"
//! │▌attributes   3 keys
//! │   score      21  number  from "21"
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line as TitleLine, Span};

use super::Detail;
use super::items::{Item, Kind};
use crate::tui::ctx::{Ctx, Focus};
use crate::tui::panes::frame;
use crate::tui::theme::Theme;
use crate::tui::widgets::{self, blank, put_clean, wrap};

/// Columns that a level is moved to the right, and the most levels that are.
const INDENT: u16 = 2;
const DEEPEST: u16 = 12;
/// A value is never squeezed into less.
const LEAST_VALUE: u16 = 12;

pub(super) fn pane(detail: &Detail, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let room = usize::from(area.width.saturating_sub(5));
    let id = detail.profile.id().map_or_else(String::new, |id| {
        let id = widgets::gist(id.raw(), area.width).into_owned();
        crate::engine::text::fit(&id, room.saturating_sub(if ctx.mask.is_on() { 16 } else { 8 })).into_owned()
    });
    let how = if detail.raw { "  as received" } else { "" };
    let masked = if ctx.mask.is_on() { "  MASKED" } else { "" };
    let title = TitleLine::from(vec![
        Span::raw("Profile "),
        Span::raw(id),
        Span::styled(masked, theme.warn),
        Span::styled(how, theme.accent),
    ]);
    let inner = frame(ctx, Focus::Detail, title, area, buf);
    if inner.is_empty() {
        return;
    }
    blank(buf, inner, theme.text);
    let (width, height) = body(area);
    if detail.items.is_empty() {
        put_clean(buf, inner.x + 1, inner.y, width, "This profile came without a body.", theme.dim);
        return;
    }
    let label = detail.label_width(width);
    let focused = ctx.focus == Focus::Detail;
    let mut top = Some(detail.top_for(width, height));
    let mut y = inner.y;
    while let Some(from) = top
        && y < inner.bottom()
        && let Some(item) = detail.items.get(from.item)
    {
        let here = from.item == detail.cursor.item;
        let over = match (here, focused) {
            (true, true) => theme.selected,
            (true, false) => theme.selected_dim,
            (false, _) => Style::new(),
        };
        for (row, line) in item_lines(theme, item, label, width).into_iter().enumerate().skip(from.row) {
            if y >= inner.bottom() {
                break;
            }
            // The cursor is on one line; its item is lit as a whole.
            if here && row == detail.cursor.row.min(rows(item, label, width).saturating_sub(1)) {
                put_clean(buf, inner.x, y, 1, theme.symbols.cursor, theme.accent);
            }
            let mut x = inner.x + 1;
            for (text, style, columns) in line {
                let lit = if here && columns.is_some() { style.patch(over) } else { style };
                let room = inner.right().saturating_sub(x);
                let wide = columns.unwrap_or_else(|| widgets::width(&text) as u16).min(room);
                put_clean(buf, x, y, wide, &text, lit);
                x += wide;
            }
            y += 1;
        }
        top = detail.after(from.item).map(|item| super::cursor::Line { item, row: 0 });
    }
}

/// Width and height of what is inside the pane, the cursor's column aside.
pub(super) fn body(area: Rect) -> (u16, usize) {
    (area.width.saturating_sub(3), usize::from(area.height.saturating_sub(1)))
}

impl Detail {
    /// The width of the labels, deep ones aside: as wide as the names of the fields.
    pub(super) fn label_width(&self, width: u16) -> u16 {
        if self.raw { 0 } else { 15.min(width / 2) }
    }
}

/// The lines that an item takes.
pub(super) fn rows(item: &Item, label: u16, width: u16) -> usize {
    let (_, value_width) = measures(item, label, width);
    let value = wrap(&item.value, value_width).count();
    match note(item) {
        Some(note) if !note_fits(item, &note, value_width, value) => value + wrap(&note, value_width).count(),
        _ => value,
    }
}

/// Where the value begins, and its width.
fn measures(item: &Item, label: u16, width: u16) -> (u16, usize) {
    let indent = INDENT * item.depth.min(DEEPEST);
    let least = width.saturating_sub(LEAST_VALUE);
    let begin =
        if label == 0 { indent } else { label.max(indent + 8).max(indent + label_of(item)) }.min(least);
    (begin, usize::from(width.saturating_sub(begin).max(2)))
}

/// What a label takes beside its indent: itself, its fold mark and a blank.
fn label_of(item: &Item) -> u16 {
    const LONGEST_LABEL: u16 = 24;
    let mark = if item.kind == Kind::Branch { 3 } else { 1 };
    (widgets::width(&item.label) as u16 + mark).min(LONGEST_LABEL)
}

/// The type of a value that may have any, and what changed it: `number  from "21"`.
fn note(item: &Item) -> Option<String> {
    match (item.type_name, item.change.as_deref()) {
        ("", None) => None,
        ("", Some(change)) => Some(change.to_owned()),
        (name, None) => Some(name.to_owned()),
        (name, Some(change)) => Some(format!("{name}  {change}")),
    }
}

fn note_fits(item: &Item, note: &str, value_width: usize, value_rows: usize) -> bool {
    value_rows == 1 && widgets::width(&item.value) + 2 + widgets::width(note) <= value_width
}

/// A piece of a line; `Some` width where it is part of what the cursor lights.
type Piece = (String, Style, Option<u16>);

fn item_lines(theme: &Theme, item: &Item, label: u16, width: u16) -> Vec<Vec<Piece>> {
    let (begin, value_width) = measures(item, label, width);
    let style = match item.kind {
        Kind::Absent => theme.absent,
        Kind::Text | Kind::Json => theme.text,
        Kind::Number => theme.number,
        Kind::Boolean => theme.boolean,
        Kind::Branch => theme.dim,
    };
    let values: Vec<&str> = wrap(&item.value, value_width).collect();
    let note = note(item);
    let inline = note.as_deref().is_some_and(|note| note_fits(item, note, value_width, values.len()));
    let note_style = if item.change.is_some() { theme.changed } else { theme.dim };
    let mut lines = Vec::with_capacity(values.len() + 1);
    for (i, value) in values.into_iter().enumerate() {
        let head = if i == 0 { head(theme, item) } else { String::new() };
        let mut line: Vec<Piece> = vec![(head, theme.label, Some(begin))];
        if item.kind == Kind::Json {
            line.extend(json_pieces(theme, value));
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
            if let Some(change) = &item.change {
                line.push((format!("  {change}"), note_style, None));
            }
        }
        (Some(note), _) => {
            for text in wrap(&note, value_width) {
                lines.push(vec![
                    (String::new(), theme.label, Some(begin)),
                    (text.to_owned(), note_style, None),
                ]);
            }
        }
        (None, _) => {}
    }
    lines
}

fn head(theme: &Theme, item: &Item) -> String {
    let indent = " ".repeat(usize::from(INDENT * item.depth.min(DEEPEST)));
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
    let piece = |text: &str, style| (text.to_owned(), style, None);
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
        .map(|(text, style)| piece(text, style))
        .collect()
}

/// Where a name in quotes before a colon ends.
pub(super) fn name_end(line: &str) -> Option<usize> {
    let rest = line.strip_prefix('"')?;
    let mut escaped = false;
    let end = rest.bytes().position(|b| {
        let ends = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    })?;
    rest[end + 1..].starts_with(':').then_some(end + 2)
}
