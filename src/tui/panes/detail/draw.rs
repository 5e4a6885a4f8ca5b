//! Drawing one profile.
//!
//! ```text
//! ├ Profile PROF-0000021  as received ────┤
//! │ jq .attributes                        │   the expression, and what is to be said of its answer
//! │ email        ada@example.org  lower-cased from "Ada@Example.org"
//! │▌attributes   3 keys
//! │   score      21  number  from "21"
//! │ · Not asked for: ...                  │   why the value under the cursor is as it is
//! │ /score  1 of 2                        │   the search
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line as TitleLine, Span};

use super::items::{Item, Kind, Veil};
use super::lines::{Room, item_lines, rows};
use super::search::matches;
use super::why::why;
use super::{Detail, Mode};
use crate::engine::text::fit;
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Focus};
use crate::tui::jq::End;
use crate::tui::panes::frame;
use crate::tui::widgets::{self, blank, put_clean, scrollbar, wrap};

/// From this width on, what was received stands beside what it became.
const TWO_COLUMNS: u16 = 97;
/// Lines of the list that are left, whatever else there is to say.
const LEAST: u16 = 4;
/// Lines of the pane from which on a change is told in words too.
const ROOMY: u16 = 14;

/// What there is of the pane beside the list.
struct Parts {
    /// The expression or the heading of two columns.
    head: Rect,
    list: Rect,
    why: Vec<String>,
    search: bool,
}

fn parts(detail: &Detail, ctx: &Ctx<'_>, inner: Rect) -> Parts {
    let width = usize::from(inner.width.saturating_sub(1));
    let head = match detail.mode() {
        Mode::Asked => 2,
        Mode::Processed => u16::from(inner.width > TWO_COLUMNS && inner.height > LEAST + 3),
        Mode::Received => 0,
    }
    .min(inner.height.saturating_sub(1));
    let search = detail.search.is_editing() || !detail.search.is_empty();
    let room = inner.height.saturating_sub(head + LEAST + u16::from(search));
    // What changed is told beside the value already; why there is none is told nowhere else.
    let needs = |item: &&Item| room > 0 && (item.change.is_none() || inner.height >= ROOMY);
    let item = detail.items.get(detail.cursor.item).filter(needs);
    let veil = detail.row.map(|row| Veil { mask: &detail.mask, row });
    let why = item.zip(veil).and_then(|(item, veil)| why(item, detail, veil, ctx));
    let why = why.map_or_else(Vec::new, |why| {
        let lines = wrap(&why, width.saturating_sub(2)).map(str::to_owned);
        lines.take(usize::from(room.min(3))).collect()
    });
    let foot = (why.len() as u16 + u16::from(search)).min(inner.height.saturating_sub(head + 1));
    let list = Rect { y: inner.y + head, height: inner.height - head - foot, ..inner };
    Parts { head: Rect { height: head, ..inner }, list, why, search }
}

/// What is inside of a pane that lies there.
fn inside(area: Rect) -> Rect {
    let (width, height) = (area.width.saturating_sub(2), area.height.saturating_sub(1));
    Rect { x: area.x + 1, y: area.y + 1, width, height }
}

/// Where the lines are, the cursor's column among them.
pub(super) fn lines_area(detail: &Detail, ctx: &Ctx<'_>) -> Rect {
    parts(detail, ctx, inside(ctx.area)).list
}

/// Width and height of the list, the cursor's column aside.
pub(super) fn body(detail: &Detail, ctx: &Ctx<'_>) -> (u16, usize) {
    let list = lines_area(detail, ctx);
    (list.width.saturating_sub(1), usize::from(list.height))
}

impl Detail {
    /// What lines of this width have room for.
    pub(super) fn room(&self, width: u16) -> Room {
        match self.mode() {
            Mode::Received | Mode::Asked => Room { label: 0, width, received: None },
            Mode::Processed => {
                let label = 15.min(width / 2);
                let received = (width >= TWO_COLUMNS).then(|| label + (width - label) / 2);
                Room { label, width, received }
            }
        }
    }

    fn title(&self, ctx: &Ctx<'_>, width: u16) -> TitleLine<'static> {
        let how = match (self.mode(), self.only_changed) {
            (Mode::Received, _) => "  as received",
            (Mode::Asked, _) if self.raw => "  jq, as received",
            (Mode::Asked, _) => "  jq, as processed",
            (Mode::Processed, true) => "  only what changed",
            (Mode::Processed, false) => "",
        };
        let masked = if ctx.mask.is_on() { "  MASKED" } else { "" };
        let past = self.past.map_or_else(String::new, |window| {
            format!("  {} past {}", ctx.theme.symbols.past, window.length())
        });
        let beside = how.len() + masked.len() + widgets::width(&past);
        let room = usize::from(width.saturating_sub(13)).saturating_sub(beside);
        let id = self.profile.id().map_or_else(String::new, |id| {
            let id = widgets::gist(id.raw(), width).into_owned();
            fit(&id, room).into_owned()
        });
        let how = Span::styled(how, ctx.theme.accent);
        let warned = |text: String| Span::styled(text, ctx.theme.warn);
        let id = vec![Span::raw("Profile "), Span::raw(id)];
        id.into_iter().chain([warned(past), warned(masked.to_owned()), how]).collect()
    }

    /// What stands in place of a list that is empty.
    fn nothing(&self) -> &'static str {
        match self.mode() {
            Mode::Processed if self.only_changed => "Processing changed nothing in this profile.",
            Mode::Processed | Mode::Received => "This profile came without a body.",
            Mode::Asked => "",
        }
    }
}

pub(super) fn pane(detail: &Detail, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let inner = frame(ctx, Focus::Detail, detail.title(ctx, area.width), area, buf);
    if inner.is_empty() {
        return;
    }
    blank(buf, inner, theme.text);
    let parts = parts(detail, ctx, inner);
    let width = parts.list.width.saturating_sub(1);
    match detail.mode() {
        Mode::Asked => expression(detail, ctx, parts.head, buf),
        _ if !parts.head.is_empty() => {
            let room = detail.room(width);
            let (x, y) = (inner.x + 1, inner.y);
            let left = width.saturating_sub(room.label);
            put_clean(buf, x + room.label, y, left, "as processed", theme.heading);
            if let Some(received) = room.received {
                put_clean(buf, x + received, y, width.saturating_sub(received), "as received", theme.heading);
            }
        }
        _ => {}
    }
    let mut y = parts.list.bottom();
    for (i, line) in parts.why.iter().enumerate().take_while(|(i, _)| y + (*i as u16) < inner.bottom()) {
        let mark = if i == 0 { theme.symbols.dot } else { " " };
        put_clean(buf, inner.x + 1, y + i as u16, 1, mark, theme.accent);
        put_clean(buf, inner.x + 3, y + i as u16, width.saturating_sub(2), line, theme.text);
    }
    y = inner.bottom() - 1;
    if parts.search && y >= parts.list.bottom() {
        search(detail, ctx, Rect { y, height: 1, ..inner }, buf);
    }
    list(detail, ctx, parts.list, area, buf);
}

fn list(detail: &Detail, ctx: &Ctx<'_>, list: Rect, area: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let width = list.width.saturating_sub(1);
    if detail.items.is_empty() {
        put_clean(buf, list.x + 1, list.y, width, detail.nothing(), theme.dim);
        return;
    }
    let height = usize::from(list.height);
    let room = detail.room(width);
    let focused = ctx.focus == Focus::Detail && !detail.asking.is_editing;
    let small = detail.search.field.text().to_lowercase();
    // What is no answer to what is typed now is there to be read on, and no more.
    let stale = detail.mode() == Mode::Asked && detail.asking.is_stale;
    let first = detail.top_for(width, height);
    let mut top = Some(first);
    let mut y = list.y;
    let mut shown = 0;
    while let Some(from) = top
        && y < list.bottom()
        && let Some(item) = detail.items.get(from.item)
    {
        shown += 1;
        let here = from.item == detail.cursor.item;
        let over = match (here, focused) {
            (true, true) => theme.selected,
            (true, false) => theme.selected_dim,
            (false, _) => Style::new(),
        };
        if item.change.is_some() && from.row == 0 {
            put_clean(buf, list.x, y, 1, theme.symbols.changed, theme.changed);
        }
        for (row, line) in item_lines(theme, item, room).into_iter().enumerate().skip(from.row) {
            if y >= list.bottom() {
                break;
            }
            // The cursor is on one line; its item is lit as a whole.
            if here && row == detail.cursor.row.min(rows(item, room).saturating_sub(1)) {
                put_clean(buf, list.x, y, 1, theme.symbols.cursor, theme.accent);
            }
            let mut x = list.x + 1;
            for (text, style, columns) in line {
                // Lines of JSON have no label to be lit.
                let lit = here && (columns.is_some() || item.kind == Kind::Json && focused);
                let style = if stale { theme.dim } else { style };
                let style = if lit { style.patch(over) } else { style };
                let room = list.right().saturating_sub(x);
                let wide = columns.unwrap_or_else(|| widgets::width(&text) as u16).min(room);
                put_clean(buf, x, y, wide, &text, style);
                for found in matches(&text, &small) {
                    let before = widgets::width(&text[..found.start]) as u16;
                    let long = widgets::width(&text[found]) as u16;
                    let place = Rect { x: x + before, y, width: long, height: 1 };
                    buf.set_style(place.intersection(Rect { x, y, width: wide, height: 1 }), theme.found);
                }
                x += wide;
            }
            y += 1;
        }
        top = detail.after(from.item).map(|item| super::cursor::Line { item, row: 0 });
    }
    let bar = Rect { x: area.right() - 1, y: list.y, width: 1, height: list.height };
    if detail.items.iter().all(|item| !item.folded) && detail.items.len() > shown {
        scrollbar(theme, bar, first.item, shown, detail.items.len(), buf);
    }
}

/// What is searched for, and how many lines have it.
fn search(detail: &Detail, ctx: &Ctx<'_>, place: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let search = &detail.search;
    let said = search.said(detail.cursor.item);
    let style = if search.hits.is_empty() { theme.warn } else { theme.dim };
    put_clean(buf, place.x + 1, place.y, 1, "/", theme.key);
    let room = usize::from(place.width.saturating_sub(4)).saturating_sub(widgets::width(&said));
    let x = place.x + 2;
    let used = if search.is_editing() {
        buf.set_line(x, place.y, &search.field.line(theme, room), room as u16).0 - x
    } else {
        let typed = widgets::gist(search.field.text(), room as u16);
        put_clean(buf, x, place.y, (widgets::width(&typed)).min(room) as u16, &typed, theme.text)
    };
    put_clean(buf, x + used + 2, place.y, widgets::width(&said) as u16, &said, style);
}

/// The expression, and below it what is to be said of its answer.
fn expression(detail: &Detail, ctx: &Ctx<'_>, place: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let asking = &detail.asking;
    let width = place.width.saturating_sub(1);
    let room = width.saturating_sub(3);
    let x = place.x + 1 + put_clean(buf, place.x + 1, place.y, width.min(3), "jq ", theme.key);
    if asking.is_editing {
        buf.set_line(x, place.y, &asking.field.line(theme, room.into()), room);
    } else {
        let style = theme.text.add_modifier(Modifier::BOLD);
        put_clean(buf, x, place.y, room, &widgets::gist(asking.expression(), room), style);
    }
    if place.height < 2 {
        return;
    }
    let y = place.y + 1;
    match &asking.end {
        End::Refused { at, why } => {
            // Below the character that it is about, where there is room for both.
            let why = widgets::gist(why, width).into_owned();
            let at = at.filter(|_| asking.is_editing).map(|at| at as u16);
            match at.filter(|at| usize::from(*at) + 2 + widgets::width(&why) <= usize::from(room)) {
                Some(at) => {
                    put_clean(buf, x + at, y, room - at, &format!("^ {why}"), theme.warn);
                }
                None => {
                    put_clean(buf, place.x + 1, y, width, &why, theme.warn);
                }
            }
        }
        End::Stopped(why) => {
            put_clean(buf, place.x + 1, y, width, why, theme.warn);
        }
        End::Done | End::Cut => {
            let other = if detail.raw { "as processed" } else { "as received" };
            let values = match (asking.expression(), asking.values) {
                ("", _) => "an expression, say .attributes | keys".to_owned(),
                (_, 0) => "no value".to_owned(),
                (_, 1) => "1 value".to_owned(),
                (_, many) if asking.end == End::Cut => format!("the first {many} values"),
                (_, many) => format!("{many} values"),
            };
            let key = if asking.is_editing { Action::JqOver } else { Action::Raw };
            let (dot, key) = (theme.symbols.dot, ctx.keys.first(key));
            let said = format!("{values} {dot} {key}: {other}");
            put_clean(buf, place.x + 1, y, width, &said, theme.dim);
        }
    }
}
