//! Drawing the builder: what is edited, or under the cursor, gets room first.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::filter::{objected, put_styled, styles};
use super::ids::{Long, Seen, Wrong, is_wrong};
use super::{Builder, Matrix, Section, State};
use crate::engine::plan::{Count, Plan};
use crate::engine::query::Field;
use crate::engine::query::reach::Reach;
use crate::engine::retention::Window;
use crate::engine::text::{clean, fit};
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Focus};
use crate::tui::figures;
use crate::tui::panes::frame;
use crate::tui::theme::Theme;
use crate::tui::widgets::{self, blank, put, put_clean, wrap};

/// Lines of a plan, of what is wrong, or of a notice.
const MOST_SAID: usize = 4;
/// Lines of a filter or of segments outside of their editors.
const MOST_TEXT: u16 = 3;
/// Lines that an editor wants to be of use.
const LEAST_EDITOR: u16 = 3;

/// How the lines of the pane are shared out. Each section has a line for its name beside these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Share {
    ids: u16,
    matrix: u16,
    segments: u16,
    filter: u16,
}

pub(super) fn pane(builder: &Builder, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let inner = frame(ctx, Focus::Builder, "Query", area, buf);
    if inner.is_empty() {
        return;
    }
    blank(buf, inner, theme.text);
    let (places, said) = arranged(builder, ctx, inner);
    ids_head(builder, ctx, places.ids, buf);
    ids_body(builder, ctx, places.list, buf);
    let fields = format!("{}/{}", builder.matrix.fields().len(), Field::COUNT);
    head(builder, ctx, Section::Fields, "Fields", &fields, places.fields, buf);
    matrix(builder, ctx, places.matrix, buf);
    text(builder, ctx, Section::Segments, places.segments[0], places.segments[1], buf);
    text(builder, ctx, Section::Filter, places.filter[0], places.filter[1], buf);
    let below = places.said;
    let shown = usize::from(below.height);
    for (i, ((line, style), y)) in said.iter().zip(below.y..below.bottom()).enumerate() {
        let cut = i + 1 == shown && said.len() > shown;
        let width = below.width.saturating_sub(1);
        let used = put_clean(buf, below.x + 1, y, width, line, *style);
        if cut {
            put_clean(buf, below.x + 1 + used.min(width.saturating_sub(1)), y, 1, "…", *style);
        }
    }
}

/// Where each part of the pane lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) ids: Rect,
    list: Rect,
    pub(super) fields: Rect,
    pub(super) matrix: Rect,
    /// The name, and what stands below it.
    pub(super) segments: [Rect; 2],
    pub(super) filter: [Rect; 2],
    said: Rect,
}

/// Where the parts of the pane lie inside its border, and what is said below them.
pub(super) fn arranged(builder: &Builder, ctx: &Ctx<'_>, inner: Rect) -> (Places, Vec<(String, Style)>) {
    let width = usize::from(inner.width.saturating_sub(1)).max(2);
    let said: Vec<(String, Style)> = said(builder, ctx)
        .iter()
        .flat_map(|(text, style)| wrap(text, width).map(|line| (line.to_owned(), *style)))
        .collect();
    let room_for_said = usize::from(inner.height.saturating_sub(4)).clamp(1, MOST_SAID);
    let shown = said.len().min(room_for_said);
    let share = share(builder, ctx, inner, inner.height.saturating_sub(4 + shown as u16));
    let mut rest = inner;
    let mut take = |lines: u16| {
        let lines = lines.min(rest.height);
        let taken = Rect { height: lines, ..rest };
        rest = Rect { y: rest.y + lines, height: rest.height - lines, ..rest };
        taken
    };
    let places = Places {
        ids: take(1),
        list: take(share.ids),
        fields: take(1),
        matrix: take(share.matrix),
        segments: [take(1), take(share.segments)],
        filter: [take(1), take(share.filter)],
        said: take(shown as u16),
    };
    (places, said)
}

/// The fields in the matrix, each with where it lies.
pub(super) fn cells(builder: &Builder, ctx: &Ctx<'_>, area: Rect) -> Vec<(Rect, Field)> {
    let columns = matrix_columns(ctx.area);
    let cells = Cells::fit(columns, area.width);
    // Where there is no room for the whole grid, the line under the cursor is seen.
    let top = (builder.matrix.cursor() / columns + 1).saturating_sub(usize::from(area.height));
    let mut all = Vec::with_capacity(Field::COUNT);
    for (row, y) in (top..Matrix::rows(columns)).zip(area.y..area.bottom()) {
        let mut x = area.x;
        for column in 0..columns {
            let Some(field) = Field::ALL.get(row * columns + column) else { break };
            let width = cells.widths[column].min(area.right().saturating_sub(x));
            all.push((Rect { x, y, width, height: 1 }, *field));
            x += width + 1;
        }
    }
    all
}

/// Columns of the matrix in a pane of this size.
pub(super) fn matrix_columns(area: Rect) -> usize {
    const THREE: u16 = 52;
    if area.width >= THREE { 3 } else { 2 }
}

fn share(builder: &Builder, ctx: &Ctx<'_>, inner: Rect, lines: u16) -> Share {
    let mut share = Share::default();
    let mut left = lines;
    let mut take = |want: u16| {
        let taken = want.min(left);
        left -= taken;
        taken
    };
    let editing = |section| builder.editing && builder.section == section;
    let (segments, filter) =
        (text_lines(builder, Section::Segments, inner), text_lines(builder, Section::Filter, inner));
    // What is being edited comes first, then the grid as a whole, then what there is to read.
    if editing(Section::Ids) {
        share.ids = take(LEAST_EDITOR);
    }
    if editing(Section::Segments) {
        let offered = builder.known.offered(&builder.segments.text()).len() as u16;
        share.segments = take(segments.clamp(1, LEAST_EDITOR) + offered);
    }
    if editing(Section::Filter) {
        share.filter = take(filter.clamp(1, LEAST_EDITOR));
    }
    let grid = Matrix::rows(matrix_columns(ctx.area)) as u16;
    let fits = lines > grid + share.ids + share.segments + share.filter;
    if fits || builder.section == Section::Fields {
        share.matrix = take(grid);
    }
    let listed = ids_lines(builder);
    share.ids += take(listed.min(2).saturating_sub(share.ids));
    share.filter += take(filter.min(MOST_TEXT).saturating_sub(share.filter));
    share.segments += take(segments.min(MOST_TEXT).saturating_sub(share.segments));
    if editing(Section::Filter) {
        share.filter += take(filter.saturating_sub(share.filter));
    }
    let want = if editing(Section::Ids) { u16::MAX } else { listed };
    share.ids += take(want.saturating_sub(share.ids));
    share
}

/// Lines that the IDs would take.
fn ids_lines(builder: &Builder) -> u16 {
    match builder.ids.seen() {
        Seen::Editor(_) if builder.ids.is_empty() => 0,
        Seen::Editor(editor) => u16::try_from(editor.lines().len()).unwrap_or(u16::MAX),
        Seen::Long(long) => u16::try_from(long.ids.len()).unwrap_or(u16::MAX),
    }
}

/// Lines that a text takes below its name: none where it fits beside it.
fn text_lines(builder: &Builder, section: Section, inner: Rect) -> u16 {
    let value = shown_text(builder, section);
    let beside = usize::from(inner.width.saturating_sub(beside(section)));
    if builder.editing && builder.section == section {
        let editor = if section == Section::Segments { &builder.segments } else { &builder.filter };
        let width = usize::from(inner.width).saturating_sub(1);
        let lines = editor.lines().iter().take(200).map(|line| wrap(line, width).take(200).count());
        return lines.sum::<usize>().min(200) as u16 + 1;
    }
    if widgets::width(&value) <= beside {
        return 0;
    }
    wrap(&value, usize::from(inner.width.saturating_sub(3))).take(usize::from(MOST_TEXT) + 1).count() as u16
}

/// Columns that a section's name takes.
fn beside(section: Section) -> u16 {
    name(section).len() as u16 + 3
}

fn name(section: Section) -> &'static str {
    match section {
        Section::Ids => "IDs",
        Section::Fields => "Fields",
        Section::Segments => "Segments",
        Section::Filter => "Filter",
    }
}

/// A text as it is shown outside of its editor; bounded, for an editor can hold more than a query may.
fn shown_text(builder: &Builder, section: Section) -> String {
    let text = match section {
        Section::Segments => builder.segments.text(),
        _ => builder.filter.text(),
    };
    let end = text.floor_char_boundary(8 * 1024);
    crate::engine::text::clean_lines(&text[..end]).replace('\n', " ")
}

fn head(
    builder: &Builder,
    ctx: &Ctx<'_>,
    section: Section,
    name: &str,
    value: &str,
    area: Rect,
    buf: &mut Buffer,
) {
    if area.is_empty() {
        return;
    }
    let theme = ctx.theme;
    let here = builder.section == section;
    let focused = ctx.focus == Focus::Builder;
    if here {
        let style = if focused { theme.accent } else { theme.dim };
        put_clean(buf, area.x, area.y, 1, theme.symbols.cursor, style);
    }
    let style = match (here, focused) {
        (true, true) => theme.selected,
        (true, false) => theme.selected_dim,
        (false, _) => theme.heading,
    };
    let used = put_clean(buf, area.x + 1, area.y, name.len() as u16, name, style);
    let x = area.x + 1 + used + 2;
    put(buf, x, area.y, area.right().saturating_sub(x), value, theme.text);
}

fn ids_head(builder: &Builder, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = ctx.theme;
    let facts = builder.ids.facts();
    head(builder, ctx, Section::Ids, "IDs", "", area, buf);
    let mut x = area.x + beside(Section::Ids);
    let mut say = |text: String, style: Style| {
        let used = put_clean(buf, x, area.y, area.right().saturating_sub(x), &text, style);
        x += used + 2;
    };
    if builder.ids.is_empty() {
        say("none".into(), theme.absent);
        return;
    }
    say(figures::count(facts.valid as u64), theme.text);
    if facts.invalid > 0 {
        say(format!("{} invalid", figures::count(facts.invalid as u64)), theme.bad);
    }
    if facts.repeats > 0 {
        say(figures::counted(facts.repeats as u64, "repeat", "repeats"), theme.warn);
    }
}

fn ids_body(builder: &Builder, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = ctx.theme;
    let editing = builder.editing && builder.section == Section::Ids;
    // The first column is for the mark of what cannot be asked for.
    let place = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
    match builder.ids.seen() {
        Seen::Editor(editor) if editing => {
            let top = editor.view(theme, place, buf);
            for (line, y) in editor.lines().iter().skip(top).zip(area.y..area.bottom()) {
                if is_wrong(line) {
                    put_clean(buf, area.x, y, 1, "!", theme.bad);
                }
            }
        }
        Seen::Editor(editor) => {
            let lines = editor.lines();
            for (i, y) in (area.y..area.bottom()).enumerate() {
                let Some(line) = lines.get(i) else { break };
                if i + 1 == usize::from(area.height) && i + 1 < lines.len() {
                    more(theme, lines.len() - i, place, y, buf);
                    break;
                }
                let wrong = is_wrong(line);
                if wrong {
                    put_clean(buf, area.x, y, 1, "!", theme.bad);
                }
                put(buf, place.x, y, place.width, line, if wrong { theme.bad } else { theme.text });
            }
        }
        Seen::Long(long) => long_list(theme, (long, builder.ids.wrong()), editing, place, buf),
    }
}

fn more(theme: &Theme, count: usize, place: Rect, y: u16, buf: &mut Buffer) {
    let said = format!("… {} more", figures::count(count as u64));
    put_clean(buf, place.x, y, place.width, &said, theme.dim);
}

/// The head of a list that is too long for the editor; while it is open, a search in it.
fn long_list(theme: &Theme, (long, wrong): (&Long, &[Wrong]), editing: bool, place: Rect, buf: &mut Buffer) {
    let mut list = place;
    if editing {
        let used = put_clean(buf, place.x, place.y, place.width, "/", theme.key);
        let room = place.width.saturating_sub(used + 1);
        let width = put(buf, place.x + used, place.y, room, &long.find, theme.editing);
        put_clean(buf, place.x + used + width, place.y, 1, " ", theme.cursor);
        if long.find.is_empty() && !wrong.is_empty() {
            let room = place.width.saturating_sub(used + 3);
            put_clean(buf, place.x + used + 2, place.y, room, "! lists the invalid", theme.dim);
        }
        list = Rect { y: place.y + 1, height: place.height - 1, ..place };
    }
    // What cannot be asked for is what there is to do: it comes first.
    let mut named = 0;
    if long.find.is_empty() || long.seeks_wrong() {
        for (wrong, y) in wrong.iter().zip(list.y..list.bottom()) {
            let line = figures::count(wrong.line as u64);
            let said = format!("{line} {}: {}", clean(&wrong.text), wrong.error.cause);
            put_clean(buf, list.x.saturating_sub(1), y, 1, "!", theme.bad);
            put_clean(buf, list.x, y, list.width, &fit(&said, list.width.into()), theme.bad);
            named += 1;
        }
        list = Rect { y: list.y + named, height: list.height - named, ..list };
        if long.seeks_wrong() && named > 0 || list.height == 0 {
            return;
        }
    }
    let (all, shown): (usize, Vec<&String>) = if long.find.is_empty() {
        (long.ids.len(), long.ids.iter().take(usize::from(list.height)).collect())
    } else {
        let hits = long.hits.iter().take(usize::from(list.height));
        (long.found, hits.filter_map(|at| long.ids.get(*at)).collect())
    };
    if shown.is_empty() && list.height > 0 {
        put_clean(buf, list.x, list.y, list.width, "no match", theme.warn);
    }
    for (i, (id, y)) in shown.iter().zip(list.y..list.bottom()).enumerate() {
        if i + 1 == usize::from(list.height) && i + 1 < all {
            more(theme, all - i, list, y, buf);
        } else {
            put(buf, list.x, y, list.width, id, theme.text);
        }
    }
}

fn matrix(builder: &Builder, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = ctx.theme;
    let cursor = builder.matrix.cursor();
    let on_it = builder.section == Section::Fields && ctx.focus == Focus::Builder;
    let written = Cells::fit(matrix_columns(ctx.area), area.width);
    for (place, field) in cells(builder, ctx, area) {
        let on = builder.matrix.fields().contains(field);
        let tick = theme.symbols.tick[usize::from(!on)];
        let text = format!("{tick}{}{}", if written.tight { "" } else { " " }, written.name(field));
        let style = match (on_it && field.index() == cursor, on) {
            (true, _) => theme.selected.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            (false, true) => theme.text,
            (false, false) => theme.dim,
        };
        let used = (widgets::width(&text) as u16).min(place.width);
        put_clean(buf, place.x, place.y, used, &text, style);
    }
}

/// How the cells of the matrix are written where there is so much room.
struct Cells {
    widths: Vec<u16>,
    /// With the short names, and then without a blank after the box.
    short: bool,
    tight: bool,
}

impl Cells {
    fn fit(columns: usize, width: u16) -> Self {
        let make = |short: bool, tight: bool| {
            let mut cells = Self { widths: vec![0; columns], short, tight };
            for field in Field::ALL {
                let wide = 3 + u16::from(!tight) + cells.name(field).len() as u16;
                let here = &mut cells.widths[field.index() % columns];
                *here = wide.max(*here);
            }
            cells
        };
        [(false, false), (true, false), (true, true)]
            .into_iter()
            .map(|(short, tight)| make(short, tight))
            .find(|cells| cells.widths.iter().sum::<u16>() + columns as u16 - 1 <= width)
            .unwrap_or_else(|| make(true, true))
    }

    fn name(&self, field: Field) -> &'static str {
        match field {
            _ if !self.short => field.wire(),
            Field::FirstName => "first",
            Field::LastName => "last",
            Field::Attributes if self.tight => "attrs",
            Field::CreatedDate => "created",
            Field::ModifiedDate => "modified",
            other => other.wire(),
        }
    }
}

fn text(builder: &Builder, ctx: &Ctx<'_>, section: Section, top: Rect, below: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let editor = if section == Section::Segments { &builder.segments } else { &builder.filter };
    let is_filter = section == Section::Filter;
    let wrong = builder.objected().filter(|_| is_filter);
    if builder.editing && builder.section == section {
        let (text, mut below) = (editor.text(), below);
        let offered = if is_filter { Vec::new() } else { builder.known.offered(&text) };
        let (list, hint) = match offered.len() as u16 {
            0 => (0, format!("{} keeps it", ctx.keys.first(Action::Close))),
            n => (n.min(below.height.saturating_sub(1)), "Down, Enter".to_owned()),
        };
        below.height -= list;
        for (y, (at, segment)) in (below.bottom()..below.bottom() + list).zip(offered.iter().enumerate()) {
            let chosen = builder.known.chosen() == Some(at);
            let style = if chosen { theme.selected } else { theme.dim };
            let mark = if chosen { theme.symbols.cursor } else { " " };
            put_clean(buf, below.x, y, 1, mark, theme.accent);
            put(buf, below.x + 2, y, below.width.saturating_sub(2), segment, style);
        }
        head(builder, ctx, section, name(section), "", top, buf);
        let x = top.x + beside(section);
        put_clean(buf, x, top.y, top.right().saturating_sub(x), &hint, theme.dim);
        let place = Rect { x: below.x + 1, width: below.width.saturating_sub(1), ..below };
        editor.view(theme, place, buf);
        if is_filter {
            let mut styles = styles(&text, wrong, theme);
            if wrong == Some(styles.len()) {
                styles.push(objected(theme));
            }
            editor.paint(&styles, place, buf);
        }
        return;
    }
    let mut value = shown_text(builder, section);
    head(builder, ctx, section, name(section), "", top, buf);
    let x = top.x + beside(section);
    let room = top.right().saturating_sub(x);
    if value.trim().is_empty() {
        put_clean(buf, x, top.y, room, "none", theme.absent);
        return;
    }
    // Behind the end there is a place too.
    if wrong.is_some_and(|wrong| wrong >= value.chars().count()) {
        value.push(' ');
    }
    let styles =
        if is_filter { styles(&value, wrong, theme) } else { vec![theme.text; value.chars().count()] };
    if below.is_empty() {
        let used = put_styled(buf, (x, top.y), room, &value, 0..value.len(), &styles);
        if widgets::width(&value) > usize::from(room) && room > 0 {
            put_clean(buf, x + used.min(room - 1), top.y, 1, "…", theme.text);
        }
        return;
    }
    let width = below.width.saturating_sub(3);
    let lines: Vec<&str> = wrap(&value, usize::from(width)).take(usize::from(below.height) + 1).collect();
    for (i, (line, y)) in lines.iter().zip(below.y..below.bottom()).enumerate() {
        let begins = line.as_ptr() as usize - value.as_ptr() as usize;
        let part = begins..begins + line.len();
        let used = put_styled(buf, (below.x + 2, y), width + 1, &value, part, &styles);
        if i + 1 == usize::from(below.height) && lines.len() > i + 1 {
            put_clean(buf, below.x + 2 + used.min(width), y, 1, "…", theme.text);
        }
    }
}

/// What an error is about; a filter stands above it and is not said again.
fn named(what: &str) -> &str {
    if what.starts_with("filter ") { "filter" } else { what }
}

/// What stands under the sections: a notice, and what is wrong or the plan.
fn said(builder: &Builder, ctx: &Ctx<'_>) -> Vec<(String, Style)> {
    let theme = ctx.theme;
    let mut said: Vec<(String, Style)> =
        builder.notice.iter().map(|text| (text.clone(), theme.accent)).collect();
    if let Some((text, error)) = &builder.refused {
        let place = builder.objected().unwrap_or(0);
        let word: String = text.chars().skip(place).take_while(|c| !c.is_whitespace()).take(16).collect();
        let at = if word.is_empty() { "at the end".to_owned() } else { format!("at {}", clean(&word)) };
        // What led to it was said when the run failed; and the place that the service names is in the filter as sent.
        let why = error.cause.find("expected").map_or(&error.cause[..], |begins| &error.cause[begins..]);
        said.push((format!("{at}: {why}"), theme.bad));
    }
    if builder.section == Section::Fields && ctx.focus == Focus::Builder {
        let field = builder.matrix.field();
        said.push((format!("{}: {}", field.wire(), Matrix::note(field)), theme.dim));
    }
    match &builder.state {
        State::Wrong(errors) => {
            said.extend(
                errors.first().map(|e| (format!("{}: {}; {}", named(&e.what), e.cause, e.remedy), theme.bad)),
            );
        }
        State::Blank => {
            let edit = ctx.keys.first(Action::Edit);
            let text = format!(
                "nothing to ask for yet: type or paste IDs, or name a segment or a filter ({edit} edits)"
            );
            said.push((text, theme.dim));
        }
        State::Ready => {
            let window = Window::until(ctx.wall, builder.rest.retention_days);
            if let Some(reach) = window.and_then(|window| Reach::of(&builder.filter.text(), window)) {
                said.push((format!("! {}", reach.brief()), theme.warn));
            }
            let text = match &builder.plan {
                Some(plan) => format!("plan {}", planned(plan)),
                None if ctx.service.is_none() => "plan: once the service is there".into(),
                None => "plan …".into(),
            };
            said.push((text, theme.text));
        }
    }
    said
}

/// `200 requests, ~21 s`
fn planned(plan: &Plan) -> String {
    let mut parts = Vec::new();
    parts.push(match plan.requests {
        Count::Exactly(n) => figures::counted(n, "request", "requests"),
        Count::AtLeast(n) => format!("at least {}", figures::counted(n, "request", "requests")),
    });
    if plan.batches > 1 {
        parts.push(format!("{} batches of IDs", figures::count(plan.batches.into())));
    }
    if let Some(time) = plan.time {
        let at_least = if matches!(plan.requests, Count::AtLeast(_)) { "" } else { "~" };
        parts.push(if time < Duration::from_millis(1) {
            "at once".into()
        } else {
            format!("{at_least}{}", figures::span(time))
        });
    }
    if let Some(rows) = plan.rows {
        parts.push(figures::counted(rows, "row", "rows"));
    }
    if plan.cached > 0 {
        parts.push(format!("{} from the cache", figures::count(plan.cached.into())));
    }
    parts.join(", ")
}
