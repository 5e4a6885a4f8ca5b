//! Drawing the table, straight into the buffer.
//!
//! ```text
//! ├ Profiles  1,250 of 10,000  412/s ─┤   title on the border
//! │ id           last       email  +4 │   header
//! │▌PROF-0000021 Byron      ada@exa… ~│   visible rows
//! │ not found PROF-9 PROF-10          │   what is missing, or the search field
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::Profiles;
use super::columns::{Columns, Shown, title};
use super::progress::End;
use super::typing::Typing;
use crate::engine::event::Status;
use crate::engine::query::Field;
use crate::rows::{Cell, Column, Content, Mask, Needle};
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Focus};
use crate::tui::figures;
use crate::tui::panes::frame;
use crate::tui::widgets::{self, blank, put, put_clean, scrollbar, wrap};

pub(super) fn pane(table: &Profiles, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let room = area.width.saturating_sub(5);
    // Where rows are filtered, the filter's line says how far it is.
    let sorted = table.view.working().filter(|_| table.view.filter().is_none());
    let title = table.progress.as_ref().map_or_else(
        || "Profiles".into(),
        |progress| progress.title(ctx, table.follow, &table.rows.memory(), sorted, room),
    );
    let inner = frame(ctx, Focus::Profiles, title, area, buf);
    if inner.is_empty() {
        return;
    }
    blank(buf, inner, ctx.theme.text);
    let foot = foot_height(table, area);
    let (body, feet) = split(inner, foot);
    if table.rows.is_empty() {
        message(table, ctx, body, buf);
    } else {
        grid(table, ctx, body, area, buf);
    }
    footer(table, ctx, feet, buf);
}

/// Rows that are seen in a pane of this size.
pub(super) fn body_height(table: &Profiles, area: Rect) -> usize {
    // The border on top, the header, and what stands below.
    usize::from(area.height.saturating_sub(2 + foot_height(table, area)))
}

fn foot_height(table: &Profiles, area: Rect) -> u16 {
    let end = table.progress.as_ref().and_then(super::Progress::end);
    let typed = |typing: &Typing| u16::from(typing.is_editing() || !typing.is_empty());
    let needed = match typed(&table.search) + typed(&table.filter) {
        0 => end.map_or(0, |end| u16::from(end.not_found > 0) + u16::from(!end.set_aside.is_empty())),
        lines => lines,
    };
    // Rows come first.
    needed.min(area.height.saturating_sub(4))
}

fn split(inner: Rect, foot: u16) -> (Rect, Rect) {
    let body = Rect { height: inner.height.saturating_sub(foot), ..inner };
    (body, Rect { y: body.bottom(), height: inner.height - body.height, ..inner })
}

fn grid(table: &Profiles, ctx: &Ctx<'_>, body: Rect, area: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    // A column on the left for the cursor.
    let place = Rect { x: body.x + 1, width: body.width.saturating_sub(1), ..body };
    let columns = table.columns(place.width);
    header(table, ctx, &columns, place, buf);
    let height = usize::from(body.height.saturating_sub(1));
    let top = table.top_for(height);
    let focused = ctx.focus == Focus::Profiles;
    let needle = Needle::new(table.search.text());
    // Only a mask wants to know what a column is called.
    let masked = columns.shown.iter().filter(|_| ctx.mask.is_on());
    let paths: Vec<_> = masked.map(|shown| Mask::path(table.rows.data(), shown.column)).collect();
    for (at, y) in (top..table.len()).zip(body.y + 1..body.bottom()) {
        let Some(row) = table.view.row(at) else { break };
        let here = at == table.place;
        let over = match (here, focused) {
            (true, true) => theme.selected,
            (true, false) => theme.selected_dim,
            (false, _) => Style::new(),
        };
        if here {
            blank(buf, Rect { y, height: 1, ..body }, theme.text.patch(over));
            put_clean(buf, body.x, y, 1, theme.symbols.cursor, theme.accent.patch(over));
        }
        for (nth, column) in columns.shown.iter().enumerate() {
            let cell = table.rows.cell(row, column.column);
            let found =
                needle.as_ref().is_some_and(|needle| needle.is_in(&cell.display(column.width.into())));
            let mut over = if found { over.patch(theme.found) } else { over };
            if here && focused && column.column == table.column {
                over = over.patch(theme.cell);
            }
            let path = paths.get(nth).map_or("", |path| &**path);
            draw_cell(ctx, (cell, row, path), *column, (place.x, y), over, buf);
        }
    }
    let bar = Rect { x: area.right() - 1, y: body.y + 1, width: 1, height: body.height.saturating_sub(1) };
    scrollbar(theme, bar, top, height, table.len(), buf);
}

fn header(table: &Profiles, ctx: &Ctx<'_>, columns: &Columns, place: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    for column in &columns.shown {
        let sorted = table.view.sort().iter().position(|sort| sort.column == column.column);
        let style = if column.column == table.column && ctx.focus == Focus::Profiles {
            theme.heading.add_modifier(Modifier::UNDERLINED)
        } else {
            theme.heading
        };
        let x = place.x + column.x;
        let name = title(&table.rows, column.column);
        let by = table.view.sort();
        let Some(at) = sorted else {
            let fits = column.width.min(widgets::width(&name) as u16);
            put_clean(buf, x, place.y, fits, &name, style);
            continue;
        };
        let mut mark = theme.symbols.sort[usize::from(by[at].descending)].to_owned();
        if by.len() > 1 {
            // Which counts first.
            mark.push_str(&(at + 1).to_string());
        }
        let marked = widgets::width(&mark) as u16;
        let room = column.width.saturating_sub(marked + 1).min(widgets::width(&name) as u16);
        let used = put_clean(buf, x, place.y, room, &name, style);
        put_clean(buf, x + used + 1, place.y, marked, &mark, theme.heading);
    }
    if columns.hidden > 0 {
        let more = format!("+{}", columns.hidden);
        let width = more.len() as u16;
        let end = columns
            .shown
            .last()
            .map_or(0, |last| last.x + widgets::width(&title(&table.rows, last.column)) as u16 + 3);
        if place.width >= end + width {
            put_clean(buf, place.right() - width, place.y, width, &more, theme.dim);
        }
    }
}

/// `null`, missing and empty are told apart by a word, a sign and quotes, not by colour alone.
///
/// `whose`: the cell, its row and the path of its column.
fn draw_cell(
    ctx: &Ctx<'_>,
    whose: (Cell<'_>, usize, &str),
    column: Shown,
    (left, y): (u16, u16),
    over: Style,
    buf: &mut Buffer,
) {
    let (theme, (cell, row, path)) = (ctx.theme, whose);
    let x = left + column.x;
    let wide = usize::from(column.width) + 1;
    let (text, style) = match cell.content {
        Content::NotAsked => ("".into(), theme.absent),
        Content::Missing => (theme.symbols.unknown.into(), theme.absent),
        Content::Null => ("null".into(), theme.absent),
        Content::Text(raw) if raw.raw().is_empty() => ("\"\"".into(), theme.absent),
        Content::Text(raw) if ctx.mask.hides(Some(row), path).is_none() => match column.column {
            Column::Field(Field::CreatedDate | Field::ModifiedDate) => {
                (date(raw.shown(60), column.width), theme.text)
            }
            Column::Field(Field::Id) => (tail(raw.shown(256), column.width), theme.text),
            _ => (cell.display(wide), theme.text),
        },
        _ => (cell.veiled(wide, ctx.mask, row, path), theme.text),
    };
    if !cell.changed || column.width < 3 {
        put_clean(buf, x, y, column.width, &text, style.patch(over));
        return;
    }
    let used = put_clean(buf, x, y, column.width - 1, &text, style.patch(over));
    put_clean(buf, x + used, y, 1, theme.symbols.changed, theme.changed.patch(over));
    for rest in used + 1..column.width {
        put_clean(buf, x + rest, y, 1, " ", style.patch(over));
    }
}

/// A time stamp as far as there is room: `2026-03-04`, `2026-03-04 11:59`, or whole. What is no time stamp
/// stays as it is.
fn date(text: std::borrow::Cow<'_, str>, width: u16) -> std::borrow::Cow<'_, str> {
    let bytes = text.as_bytes();
    let stamp = bytes.len() >= 16
        && bytes[..16].iter().zip(b"dddd-dd-ddTdd:dd").all(|(b, kind)| match kind {
            b'd' => b.is_ascii_digit(),
            other => b == other,
        });
    match width {
        _ if !stamp || usize::from(width) >= text.len() => text,
        16.. => format!("{} {}", &text[..10], &text[11..16]).into(),
        _ => text[..10].to_owned().into(),
    }
}

/// The end of an ID says more than its beginning.
fn tail(text: std::borrow::Cow<'_, str>, width: u16) -> std::borrow::Cow<'_, str> {
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

fn message(table: &Profiles, ctx: &Ctx<'_>, body: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let run = ctx.keys.first(Action::Run);
    let close = ctx.keys.first(Action::Close);
    let mut lines: Vec<(String, Style)> = Vec::new();
    match &table.progress {
        None if ctx.service.is_none() => lines.push(("connecting …".into(), theme.dim)),
        None => {
            lines.push(("Nothing was run yet.".into(), theme.text));
            lines.push((format!("{run} runs the query; the rows come here as they arrive."), theme.dim));
        }
        Some(progress) => match progress.end() {
            None if ctx.running.is_some_and(|running| running.cancelling) => {
                lines.push(("cancelling …".into(), theme.warn));
            }
            None => {
                lines.push(("Waiting for the first page …".into(), theme.text));
                lines.push((format!("{close} cancels."), theme.dim));
            }
            Some(end) => {
                let files = ctx.service.is_some_and(|service| !service.files.is_empty());
                ended(end, progress.set_aside(), files, &run, ctx, &mut lines);
            }
        },
    }
    let mut y = body.y + u16::from(body.height > 6);
    for (text, style) in lines {
        for line in wrap(&text, usize::from(body.width.saturating_sub(2))) {
            if y >= body.bottom() {
                return;
            }
            put(buf, body.x + 1, y, body.width.saturating_sub(2), line, style);
            y += 1;
        }
    }
}

fn ended(end: &End, set_aside: u64, files: bool, run: &str, ctx: &Ctx<'_>, lines: &mut Vec<(String, Style)>) {
    let theme = ctx.theme;
    if let Some(error) = &end.error {
        lines.push((ctx.mask.text(&error.what).into_owned(), theme.bad));
        lines.push((ctx.mask.text(&error.cause).into_owned(), theme.text));
        lines.push((ctx.mask.text(&error.remedy).into_owned(), theme.text));
        lines.push((format!("{run} tries again."), theme.dim));
        lines.retain(|(text, _)| !text.is_empty());
        return;
    }
    let said = match end.status {
        Status::Cancelled => "Cancelled before the first row came.",
        Status::Failed => "The run failed before the first row came.",
        Status::Success | Status::Partial if set_aside > 0 => "No profile could be read.",
        Status::Success | Status::Partial if files => "There is no profile in what was opened.",
        Status::Success | Status::Partial => "No profile matches the query.",
    };
    lines.push((said.into(), theme.text));
    let again = if files {
        format!("{run} reads it again.")
    } else {
        format!("Change the query, or {run} to run it again.")
    };
    lines.push((again, theme.dim));
}

/// What is searched and filtered for, or else what is missing.
fn footer(table: &Profiles, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = ctx.theme;
    let mut y = area.y;
    let is_there = |typing: &Typing| typing.is_editing() || !typing.is_empty();
    if is_there(&table.filter) {
        let said = match table.view.working() {
            Some(share) => (format!("{:.0} %", share * 100.0), theme.dim),
            None if table.view.filter().is_none() => (String::new(), theme.dim),
            None => (format!("{} pass", figures::count(table.len() as u64)), theme.text),
        };
        typed(&table.filter, "filter ", &said, ctx, Rect { y, height: 1, ..area }, buf);
        y += 1;
    }
    if is_there(&table.search) && y < area.bottom() {
        let (count, looking) = table.view.hits();
        let count = figures::counted(count as u64, "row", "rows");
        let said = match (table.missed, looking) {
            (true, _) => ("no match".to_owned(), theme.warn),
            (false, true) => (format!("{count} …"), theme.dim),
            (false, false) if table.search.is_empty() => (String::new(), theme.dim),
            (false, false) => (count, theme.dim),
        };
        typed(&table.search, "/", &said, ctx, Rect { y, height: 1, ..area }, buf);
    }
    if is_there(&table.filter) || is_there(&table.search) {
        return;
    }
    let Some(end) = table.progress.as_ref().and_then(super::Progress::end) else { return };
    let mut y = area.y;
    if end.not_found > 0 && y < area.bottom() {
        let how = if end.filtered { " not returned " } else { " not found " };
        let used = put_clean(buf, area.x, y, area.width, how, theme.warn);
        let ids: Vec<&str> = end.named.iter().map(crate::engine::query::Id::as_str).collect();
        put(buf, area.x + used, y, area.width.saturating_sub(used), &ids.join(" "), theme.text);
        y += 1;
    }
    if let Some(first) = end.set_aside.first()
        && y < area.bottom()
    {
        let used = put_clean(buf, area.x, y, area.width, " unreadable ", theme.bad);
        let more = end.set_aside.len() - 1;
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let said = format!("page {} row {}: {}{more}", first.page, first.row, first.reason);
        put(buf, area.x + used, y, area.width.saturating_sub(used), &said, theme.text);
    }
}

/// A line that is being typed or was, and what came of it.
fn typed(typing: &Typing, label: &str, said: &(String, Style), ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let mut x = area.x + put_clean(buf, area.x, area.y, area.width, label, theme.key);
    let style = if typing.is_editing() { theme.editing } else { theme.text };
    let room = area.right().saturating_sub(x + widgets::width(&said.0) as u16 + 3);
    let text = if typing.was_taken() { taken(ctx, typing.text()) } else { typing.text().into() };
    x += put(buf, x, area.y, room, &text, style);
    if typing.is_editing() {
        x += put_clean(buf, x, area.y, 1, " ", theme.cursor);
    }
    put_clean(buf, x + 1, area.y, area.right().saturating_sub(x + 1), &said.0, said.1);
}

/// A filter that was taken from a value, `email="ada@example.com"`, with a stand-in where that is masked.
fn taken<'a>(ctx: &Ctx<'_>, filter: &'a str) -> std::borrow::Cow<'a, str> {
    match filter.split_once('=') {
        Some((name, value)) if value.starts_with('"') => match ctx.mask.hides(None, name) {
            Some(kind) => format!("{name}={}", ctx.mask.stand_in(kind, value.trim_matches('"'))).into(),
            None => filter.into(),
        },
        _ => filter.into(),
    }
}
