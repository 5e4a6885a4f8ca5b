//! One cell of the table: what is there, as far as there is room, and where in its column it stands.
//!
//! Null, missing, not asked for and an empty text are told apart by a word, signs and quotes; what processing changed
//! wears a mark. Numbers stand at the right, time stamps in the zone that is wanted.

use std::borrow::Cow;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::columns::Shown;
use crate::engine::query::Field;
use crate::rows::{Cell, Column, Content};
use crate::tui::ctx::Ctx;
use crate::tui::widgets::{self, put_clean};

/// Where a cell is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) column: Shown,
    pub(super) x: u16,
    pub(super) y: u16,
    /// So far from the left numbers end: before the marks, where the column has any.
    pub(super) right: u16,
    /// The cell's row, and the path of its column where a mask wants to know it.
    pub(super) row: usize,
    pub(super) path: &'a str,
    /// Whether it changed not long ago.
    pub(super) lit: bool,
}

/// What the times of a column are, in a word; `None`: it has none.
pub(super) fn zone(ctx: &Ctx<'_>, column: Column) -> Option<&'static str> {
    is_date(column).then_some(if ctx.utc { "UTC" } else { "local" })
}

fn is_date(column: Column) -> bool {
    matches!(column, Column::Field(Field::CreatedDate | Field::ModifiedDate))
}

pub(super) fn draw_cell(ctx: &Ctx<'_>, cell: Cell<'_>, to: Place<'_>, over: Style, buf: &mut Buffer) {
    let theme = ctx.theme;
    let Place { column, mut x, y, right, row, path, lit } = to;
    let mut width = column.width;
    let whole = || cell.veiled(usize::from(width) + 1, ctx.mask, row, path);
    let (text, style) = match cell.content {
        Content::NotAsked => (theme.symbols.not_asked.into(), theme.absent),
        Content::Missing => (theme.symbols.unknown.into(), theme.absent),
        Content::Null => ("null".into(), theme.absent),
        Content::Text(raw) if raw.raw().is_empty() => ("\"\"".into(), theme.absent),
        Content::Text(_) if ctx.mask.hides(Some(row), path).is_some() => (whole(), theme.text),
        Content::Text(raw) if is_date(column.column) => (stamp(ctx, raw.shown(60), width), theme.text),
        Content::Text(raw) if column.column == Field::Id.into() => (tail(raw.shown(256), width), theme.text),
        _ => (whole(), theme.text),
    };
    let style = if lit { style.patch(theme.lit) } else { style };
    if matches!(cell.content, Content::Number(_)) {
        // Its end is the same for all of them, marked or not.
        let before = right.saturating_sub(widgets::width(&text) as u16);
        put_clean(buf, x, y, before, "", style.patch(over));
        (x, width) = (x + before, width - before);
    }
    let (mark, marked) =
        if lit { (theme.symbols.lit, theme.lit) } else { (theme.symbols.changed, theme.changed) };
    // Where the mark would cost the text its end, underlined and bold is enough.
    let fits = widgets::width(&text) == usize::from(width);
    let is_marked = cell.changed || lit && !fits;
    if !is_marked || column.width < 3 {
        put_clean(buf, x, y, width, &text, style.patch(over));
        return;
    }
    let used = put_clean(buf, x, y, width - 1, &text, style.patch(over));
    put_clean(buf, x + used, y, 1, mark, marked.patch(over));
    for rest in used + 1..width {
        put_clean(buf, x + rest, y, 1, " ", style.patch(over));
    }
}

/// A time stamp in the zone that is wanted, as far as there is room: `2026-03-04`, `2026-03-04 11:59`, and with seconds.
/// What is no time stamp stays as it is.
fn stamp<'a>(ctx: &Ctx<'_>, text: Cow<'a, str>, width: u16) -> Cow<'a, str> {
    let Ok(at) = text.parse::<Timestamp>() else { return text };
    let at = ctx.zone.to_datetime(at);
    let format = match width {
        0..16 => "%Y-%m-%d",
        16..19 => "%Y-%m-%d %H:%M",
        19.. => "%Y-%m-%d %H:%M:%S",
    };
    at.strftime(format).to_string().into()
}

/// The end of an ID says more than its beginning.
fn tail(text: Cow<'_, str>, width: u16) -> Cow<'_, str> {
    let all = widgets::width(&text);
    if all <= usize::from(width) || width < 2 {
        return text;
    }
    let mut skip = all - (usize::from(width) - 1);
    let mut from = text.len();
    for (at, c) in text.char_indices() {
        if skip == 0 {
            from = at;
            break;
        }
        skip = skip.saturating_sub(widgets::width(c.encode_utf8(&mut [0; 4])));
    }
    format!("…{}", &text[from..]).into()
}
