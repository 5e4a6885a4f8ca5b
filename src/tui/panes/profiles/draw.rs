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

use super::cells::{Place, draw_cell, zone};
use super::columns::{Columns, title};
use super::progress::{End, LookedAt, Progress};
use super::typing::Typing;
use super::{Came, Profiles};
use crate::engine::event::Status;
use crate::engine::text::clean;
use crate::rows::{Data, Filter, Mask, Needle};
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
        |progress| {
            let looked_at = LookedAt {
                follow: table.follow,
                memory: table.rows.memory(),
                sorted,
                watching: table.watched.says.as_ref(),
                shown: table.view.filter().map(|_| table.len() as u64),
                marked: table.marks.len() as u64,
                only_marked: table.only_marked,
            };
            progress.title(ctx, &looked_at, room)
        },
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
    let end = table.progress.as_ref().and_then(Progress::end);
    let typed = |typing: &Typing| u16::from(typing.is_editing() || !typing.is_empty());
    let filter = typed(&table.filter).max(table.fault.is_some().into());
    let needed = match typed(&table.search) + filter {
        0 => end.map_or(0, |end| {
            let withheld = table.progress.as_ref().is_some_and(|progress| progress.withheld().is_some());
            u16::from(end.not_found > 0) + u16::from(withheld) + u16::from(!end.set_aside.is_empty())
        }),
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
    let left = left_of(table).min(body.width);
    let place = Rect { x: body.x + left, width: body.width - left, ..body };
    let columns = table.columns(place.width);
    header(table, ctx, &columns, place, buf);
    let height = usize::from(body.height.saturating_sub(1));
    let top = table.top_for(height);
    let focused = ctx.focus == Focus::Profiles;
    let needle = Needle::new(table.search.text()).filter(|_| table.alike.is_none());
    let edge = columns.edge.map(|edge| place.x + edge).filter(|x| *x < place.right());
    // Only a mask wants to know what a column is called.
    let masked = columns.shown.iter().filter(|_| ctx.mask.is_on());
    let paths: Vec<_> = masked.map(|shown| Mask::path(table.rows.data(), shown.column)).collect();
    for (at, y) in (top..table.len()).zip(body.y + 1..body.bottom()) {
        let Some(row) = table.view.row(at) else { break };
        let here = at == table.place;
        let marked = table.marks.has(row);
        let over = match (here, focused) {
            (true, true) => theme.selected,
            (true, false) => theme.selected_dim,
            (false, _) if marked => theme.marked,
            (false, _) => Style::new(),
        };
        if here {
            blank(buf, Rect { y, height: 1, ..body }, theme.text.patch(over));
            put_clean(buf, body.x, y, 1, theme.symbols.cursor, theme.accent.patch(over));
        }
        if marked {
            put_clean(buf, body.x + 1, y, 1.min(left - 1), theme.symbols.marked, theme.accent.patch(over));
        }
        if table.past(row).is_some() {
            put_clean(buf, place.x - 1, y, 1, theme.symbols.past, theme.warn.patch(over));
        }
        if let Some(x) = edge {
            put_clean(buf, x, y, 1, theme.symbols.edge[0], theme.border.patch(over));
        }
        for (nth, column) in columns.shown.iter().enumerate() {
            let cell = table.rows.cell(row, column.column);
            let found = match (table.alike, &needle) {
                (Some(alike), _) => alike == column.column && table.view.is_hit(row),
                (None, Some(needle)) => needle.is_in(&cell.display(column.width.into())),
                (None, None) => false,
            };
            let mut over = if found { over.patch(theme.found) } else { over };
            if here && focused && column.column == table.column {
                over = over.patch(theme.cell);
            }
            let lit = table.watched.is_lit(row, column.column);
            let right = column.width.saturating_sub(table.rows.width(column.column).1.into());
            let path = paths.get(nth).map_or("", |path| &**path);
            let to = Place { column: *column, x: place.x + column.x, y, right, row, path, lit };
            draw_cell(ctx, cell, to, over, buf);
        }
    }
    let bar = Rect { x: area.right() - 1, y: body.y + 1, width: 1, height: body.height.saturating_sub(1) };
    scrollbar(theme, bar, top, height, table.len(), buf);
}

/// Columns at the left of the table: for the cursor, and for marks and the signs of what is past retention where there
/// are any.
fn left_of(table: &Profiles) -> u16 {
    let past = table.progress.as_ref().is_some_and(|progress| progress.passed().is_some());
    1 + u16::from(!table.marks.is_empty()) + u16::from(past)
}

/// Columns that there are for a table in a pane of this size.
pub(super) fn table_width(table: &Profiles, area: Rect) -> u16 {
    area.width.saturating_sub(2 + left_of(table))
}

fn header(table: &Profiles, ctx: &Ctx<'_>, columns: &Columns, place: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    if let Some(x) = columns.edge.map(|edge| place.x + edge).filter(|x| *x < place.right()) {
        let symbol = theme.symbols.edge[usize::from(columns.left > 0)];
        put_clean(buf, x, place.y, 1, symbol, if columns.left > 0 { theme.key } else { theme.border });
    } else if columns.left > 0 {
        put_clean(buf, place.x - 1, place.y, 1, theme.symbols.edge[1], theme.key);
    }
    for column in &columns.shown {
        let sorted = table.view.sort().iter().position(|sort| sort.column == column.column);
        let style = if column.column == table.column && ctx.focus == Focus::Profiles {
            theme.heading.add_modifier(Modifier::UNDERLINED)
        } else {
            theme.heading
        };
        let x = place.x + column.x;
        let by = table.view.sort();
        let mut name = title(&table.rows, column.column);
        if let Some(zone) = zone(ctx, column.column) {
            // Where there is room, what the times are.
            let said = format!("{name} {zone}");
            let mark = if sorted.is_some() { 2 + usize::from(by.len() > 1) } else { 0 };
            if widgets::width(&said) + mark <= usize::from(column.width) {
                name = said.into();
            }
        }
        let Some(at) = sorted else {
            let fits = column.width.min(widgets::width(&name) as u16);
            // Over numbers it stands at their right.
            let right = column.width.saturating_sub(table.rows.width(column.column).1.into());
            let before = if table.rows.is_numeric(column.column) { right.saturating_sub(fits) } else { 0 };
            put_clean(buf, x + before, place.y, fits, &name, style);
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
                ended(end, progress, files, &run, ctx, &mut lines);
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

fn ended(
    end: &End,
    progress: &Progress,
    files: bool,
    run: &str,
    ctx: &Ctx<'_>,
    lines: &mut Vec<(String, Style)>,
) {
    let theme = ctx.theme;
    if let Some(error) = &end.error {
        lines.push((ctx.mask.text(&error.what).into_owned(), theme.bad));
        lines.push((ctx.mask.text(&error.cause).into_owned(), theme.text));
        lines.push((ctx.mask.text(&error.remedy).into_owned(), theme.text));
        lines.push((format!("{run} tries again."), theme.dim));
        lines.retain(|(text, _)| !text.is_empty());
        return;
    }
    if let Some((n, window)) = progress.withheld() {
        let came = figures::counted(n, "profile came and is", "profiles came and all are");
        let (day, days) = (window.first_day(), window.length());
        lines.push((format!("{came} withheld."), theme.warn));
        let why = format!("Last modified before {day}, past the {days} that this tenant keeps profiles for.");
        lines.push((why, theme.text));
        lines.push((format!("{run} runs the query again."), theme.dim));
        return;
    }
    let said = match end.status {
        Status::Cancelled => "Cancelled before the first row came.",
        Status::Failed => "The run failed before the first row came.",
        Status::Success | Status::Partial if progress.set_aside() > 0 => "No profile could be read.",
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
    let is_filtered = is_there(&table.filter) || table.fault.is_some();
    if is_filtered {
        let said = match (&table.fault, table.view.working()) {
            (Some(why), _) => (clean(why).into_owned(), theme.bad),
            (None, Some(share)) => (format!("{:.0} %", share * 100.0), theme.dim),
            (None, None) if table.view.filter().is_none() => (String::new(), theme.dim),
            (None, None) => (format!("{} pass", figures::count(table.len() as u64)), theme.text),
        };
        typed((&table.filter, "filter ", table.rows.data()), &said, ctx, Rect { y, height: 1, ..area }, buf);
        y += 1;
    }
    if is_there(&table.search) && y < area.bottom() {
        let (count, looking) = table.view.hits();
        let count = figures::counted(count as u64, "row", "rows");
        let said = match (table.came, looking) {
            (Came::Nowhere, _) => ("no match".to_owned(), theme.warn),
            (_, true) => (format!("{count} …"), theme.dim),
            (_, false) if table.search.is_empty() => (String::new(), theme.dim),
            (Came::Round, false) => (format!("{count}, wrapped"), theme.warn),
            (Came::Straight, false) => (count, theme.dim),
        };
        typed((&table.search, "/", table.rows.data()), &said, ctx, Rect { y, height: 1, ..area }, buf);
    }
    if is_filtered || is_there(&table.search) {
        return;
    }
    let Some(end) = table.progress.as_ref().and_then(Progress::end) else { return };
    let mut y = area.y;
    if end.not_found > 0 && y < area.bottom() {
        let how = if end.filtered { " not returned " } else { " not found " };
        let used = put_clean(buf, area.x, y, area.width, how, theme.warn);
        let ids: Vec<&str> = end.named.iter().map(crate::engine::query::Id::as_str).collect();
        put(buf, area.x + used, y, area.width.saturating_sub(used), &ids.join(" "), theme.text);
        y += 1;
    }
    let withheld = table.progress.as_ref().and_then(Progress::withheld);
    if let Some((n, window)) = withheld.filter(|_| y < area.bottom()) {
        let used = put_clean(buf, area.x, y, area.width, " withheld ", theme.warn);
        let (n, day, days) = (figures::count(n), window.first_day(), window.length());
        let said = format!("{n} last modified before {day} (retention {days})");
        put(buf, area.x + used, y, area.width.saturating_sub(used), &said, theme.text);
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
fn typed(
    (typing, label, data): (&Typing, &str, &Data),
    said: &(String, Style),
    ctx: &Ctx<'_>,
    area: Rect,
    buf: &mut Buffer,
) {
    let theme = ctx.theme;
    let mut x = area.x + put_clean(buf, area.x, area.y, area.width, label, theme.key);
    let said_width = (widgets::width(&said.0) as u16).min(area.width * 2 / 3);
    let room = area.right().saturating_sub(x + said_width + 3);
    if typing.is_editing() {
        // What is being typed is seen, however much stands before it.
        let [before, under, behind] = typing.around_cursor();
        let before = clean(before);
        let under = if under.is_empty() { " ".into() } else { clean(under) };
        let from = widgets::tail(&before, usize::from(room).saturating_sub(widgets::width(&under) - 1));
        let end = x + room + 1;
        x += put_clean(buf, x, area.y, room, &before[from..], theme.editing);
        x += put_clean(buf, x, area.y, end.saturating_sub(x), &under, theme.cursor);
        let behind = widgets::gist(behind, end.saturating_sub(x));
        x += put_clean(buf, x, area.y, end.saturating_sub(x), &behind, theme.editing);
    } else {
        let text =
            if typing.was_taken() { taken(ctx, typing.text(), data) } else { typing.text().to_owned() };
        x += put(buf, x, area.y, room, &text, theme.text);
    }
    put_clean(buf, x + 1, area.y, area.right().saturating_sub(x + 1), &said.0, said.1);
}

/// A filter that was taken from values, `email="ada@example.com"`, with a stand-in where one of them is masked.
fn taken(ctx: &Ctx<'_>, filter: &str, data: &Data) -> String {
    let veiled = |part: &str| match Filter::value_of(part) {
        Some((name, value)) => match ctx.mask.hides(None, name) {
            Some(kind) => format!("{name}={}", ctx.mask.stand_in(kind, &value)),
            None => part.trim().to_owned(),
        },
        None => part.trim().to_owned(),
    };
    Filter::parts(filter, data).into_iter().map(veiled).collect::<Vec<_>>().join(" & ")
}
