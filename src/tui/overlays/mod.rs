//! What lies over the panes: one enum, one at a time.

pub mod column;
pub mod columns;
pub mod compare;
pub mod error;
pub mod exchange;
pub mod finished;
pub mod help;
mod hint;
pub mod history;
pub mod jump;
mod list;
pub mod output;
pub mod palette;
pub mod person;
pub mod presets;
pub mod prompt;
pub mod saving;
pub mod tenants;
pub mod tour;
pub mod whichkey;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use self::hint::{Hinted, hinted};

use super::action::{Action, Context};
use super::ctx::Ctx;
use super::keymap::Keymap;
use super::theme::Theme;
use super::widgets::{more, moved};

/// The overlay that is open.
#[derive(Debug)]
pub enum Overlay {
    /// The keys of where the user is.
    Help(Box<help::Help>),
    /// What went wrong.
    Error(Box<error::ErrorPanel>),
    /// Leave, although a run would be lost?
    Confirm,
    /// Commands by their names.
    Palette(Box<palette::Palette>),
    /// What a column holds.
    Column(Box<column::ColumnPanel>),
    /// The columns of the table, to be arranged.
    Columns(Box<columns::ColumnsPanel>),
    /// Where rows are to be written.
    Save(Box<saving::SavePanel>),
    /// A line of text is asked for.
    Prompt(Box<prompt::Prompt>),
    /// Letters over everything that can be gone to.
    Jump(Box<jump::Jump>),
    /// Two profiles beside each other.
    Compare(Box<compare::Compare>),
    /// Saved queries and what was run.
    History(Box<history::HistoryList>),
    /// Whom to ask.
    Tenants(Box<tenants::TenantsList>),
    /// One exchange in full.
    Exchange(Box<exchange::ExchangePanel>),
    /// A run that is over.
    Finished(Box<finished::RunPanel>),
    /// A person is looked for.
    Person(Box<person::PersonPanel>),
    /// What a shell command wrote.
    Output(Box<output::OutputPanel>),
    /// Selections of fields by their names.
    Presets(Box<presets::Presets>),
}

impl Overlay {
    /// Where the user is while this is open.
    pub fn context(&self) -> Context {
        match self {
            Self::Help(help) if help.is_searched() => Context::Prompt,
            Self::Help(_) => Context::Help,
            Self::Error(_) => Context::Error,
            Self::Confirm => Context::Confirm,
            Self::Palette(_) => Context::Palette,
            Self::Column(_) => Context::Column,
            Self::Columns(_) => Context::Columns,
            Self::Save(_) => Context::Save,
            Self::History(_) => Context::History,
            Self::Tenants(_) => Context::Tenants,
            // What is searched for is a line of text too.
            Self::Exchange(panel) if panel.is_typing() => Context::Prompt,
            Self::Exchange(_) => Context::Exchange,
            Self::Finished(_) => Context::Finished,
            Self::Prompt(_) | Self::Person(_) => Context::Prompt,
            Self::Jump(_) => Context::Jump,
            Self::Output(_) => Context::Output,
            Self::Compare(_) => Context::Compare,
            Self::Presets(_) => Context::Presets,
        }
    }

    /// Scrolls, or selects; says whether anything moved.
    pub fn scroll(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        match self {
            Self::Help(help) => help.scroll(action, ctx),
            Self::Error(panel) => panel.scroll(action, ctx),
            Self::Confirm | Self::Jump(_) => false,
            Self::Columns(panel) => panel.select(action, ctx),
            Self::Save(panel) => panel.select(action),
            Self::Prompt(prompt) => prompt.recall(action),
            Self::Person(panel) => panel.select(action),
            Self::Output(panel) => panel.scroll(action, ctx),
            Self::Presets(presets) => presets.select(action),
            Self::Palette(palette) => palette.select(action, ctx),
            Self::Column(panel) => panel.select(action, ctx),
            Self::Compare(compare) => compare.select(action, ctx),
            Self::History(list) => list.select(action, ctx),
            Self::Tenants(list) => list.select(action, ctx),
            Self::Exchange(panel) => panel.scroll(action, ctx),
            Self::Finished(panel) => panel.scroll(action, ctx),
        }
    }

    /// A key that commands nothing here; says whether it was text and changed anything.
    pub fn input(&mut self, key: KeyEvent, ctx: &Ctx<'_>) -> bool {
        match self {
            Self::Palette(palette) => palette.input(key, ctx),
            Self::Save(panel) => panel.input(key),
            Self::Prompt(prompt) => prompt.input(key),
            Self::Jump(jump) => key.code == KeyCode::Backspace && jump.erase(),
            Self::History(list) => list.input(key, ctx),
            Self::Tenants(list) => list.input(key, ctx),
            Self::Exchange(panel) => panel.input(key, ctx),
            Self::Person(panel) => panel.input(key),
            Self::Help(help) => help.input(key),
            Self::Error(_)
            | Self::Confirm
            | Self::Column(_)
            | Self::Columns(_)
            | Self::Output(_)
            | Self::Compare(_)
            | Self::Presets(_)
            | Self::Finished(_) => false,
        }
    }

    /// Pasted text; says whether it changed anything.
    pub fn paste(&mut self, text: &str) -> bool {
        match self {
            Self::Palette(palette) => palette.paste(text),
            Self::Save(panel) => panel.paste(text),
            Self::Prompt(prompt) => prompt.paste(text),
            Self::History(list) => list.paste(text),
            Self::Tenants(list) => list.paste(text),
            Self::Exchange(panel) => panel.paste(text),
            Self::Person(panel) => panel.paste(text),
            Self::Help(help) => help.paste(text),
            Self::Error(_)
            | Self::Confirm
            | Self::Column(_)
            | Self::Columns(_)
            | Self::Output(_)
            | Self::Compare(_)
            | Self::Presets(_)
            | Self::Finished(_)
            | Self::Jump(_) => false,
        }
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        match self {
            Self::Help(help) => help.view(ctx, area, buf),
            Self::Error(panel) => panel.view(ctx, area, buf),
            Self::Confirm => confirm(ctx, area, buf),
            Self::Palette(palette) => palette.view(ctx, area, buf),
            Self::Column(panel) => panel.view(ctx, area, buf),
            Self::Columns(panel) => panel.view(ctx, area, buf),
            Self::Save(panel) => panel.view(ctx, area, buf),
            Self::Prompt(prompt) => prompt.view(ctx, area, buf),
            Self::Jump(jump) => jump.view(ctx, area, buf),
            Self::Compare(compare) => compare.view(ctx, area, buf),
            Self::History(list) => list.view(ctx, area, buf),
            Self::Tenants(list) => list.view(ctx, area, buf),
            Self::Exchange(panel) => panel.view(ctx, area, buf),
            Self::Finished(panel) => panel.view(ctx, area, buf),
            Self::Person(panel) => panel.view(ctx, area, buf),
            Self::Output(panel) => panel.view(ctx, area, buf),
            Self::Presets(presets) => presets.view(ctx, area, buf),
        }
    }
}

fn confirm(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let rows = ctx.running.is_some();
    let lines = [
        Line::styled("A run is under way. Leaving stops it;", theme.text),
        Line::styled(if rows { "what came so far is lost." } else { "it has just ended." }, theme.text),
    ];
    let hints = hints(ctx.keys, Context::Confirm, Some("stay"), theme, 40);
    let inside = window(ctx, "Leave?", &hints, centred(area, 44, 4), theme.warn, buf);
    for (y, line) in (inside.y..inside.bottom()).zip(&lines) {
        buf.set_line(inside.x, y, line, inside.width);
    }
}

/// A rectangle of at most that size in the middle of another.
fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// A box over what is there, with a title above and hints below; gives back what is inside.
fn window(
    ctx: &Ctx<'_>,
    title: &str,
    hints: &Line<'static>,
    area: Rect,
    style: Style,
    buf: &mut Buffer,
) -> Rect {
    let area = area.intersection(buf.area);
    if area.width < 4 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    let set = &ctx.theme.symbols.border;
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    for y in area.y..=bottom {
        for x in area.x..=right {
            let symbol = match (x == area.x, x == right, y == area.y, y == bottom) {
                (true, _, true, _) => set.top_left,
                (_, true, true, _) => set.top_right,
                (true, _, _, true) => set.bottom_left,
                (_, true, _, true) => set.bottom_right,
                (_, _, true, _) => set.horizontal_top,
                (_, _, _, true) => set.horizontal_bottom,
                (true, ..) => set.vertical_left,
                (_, true, ..) => set.vertical_right,
                _ => " ",
            };
            let border = x == area.x || x == right || y == area.y || y == bottom;
            let cell = &mut buf[(x, y)];
            cell.reset();
            cell.set_symbol(symbol).set_style(if border { style } else { ctx.theme.text });
        }
    }
    let room = area.width - 3;
    let title = Span::styled(format!(" {title} "), ctx.theme.title_focused.patch(style));
    buf.set_span(area.x + 1, area.y, &title, room);
    inlay(hints, area.x + 1, bottom, room, buf);
    Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(4), height: area.height - 2 }
}

/// The keys of a place, as many as fit, in the table's order: ` Ctrl-R run  Esc close `.
///
/// `esc` is what Esc does here and now; without a word for it, it is left out.
pub fn hints(
    keys: &Keymap,
    context: Context,
    esc: Option<&'static str>,
    theme: &Theme,
    width: u16,
) -> Line<'static> {
    let all: Vec<(String, &str, Action)> = super::action::TABLE
        .iter()
        .filter_map(|entry| {
            let hint = match entry.action {
                Action::Close => esc?,
                Action::Run if context == Context::Error => "try again",
                // Known from the panes: what lies over them has keys of its own to show.
                Action::Find if matches!(context, Context::Column | Context::Help | Context::Error) => {
                    return None;
                }
                Action::Run if context == Context::Files => "read again",
                Action::OnlyChanged if context == Context::Compare => "all/differing",
                _ => Some(entry.hint).filter(|hint| !hint.is_empty())?,
            };
            Some((keys.keys(entry.action, context).next()?.to_string(), hint, entry.action))
        })
        .collect();
    // Whoever is lost needs help more than any other key, whoever seeks needs the palette, and how to get out is never
    // left to be guessed: room for these is kept.
    let cost = |(key, hint, _): &(String, &str, Action)| key.width() + 1 + hint.width() + 2;
    let kept = |action: Action| matches!(action, Action::Help | Action::Palette | Action::Close);
    let mut room: usize = all.iter().filter(|entry| kept(entry.2)).map(cost).sum();
    let mut spans: Vec<Span<'static>> = vec![" ".into()];
    let mut used = 1;
    for entry in &all {
        if kept(entry.2) {
            room -= cost(entry);
        }
        if used + cost(entry) + room > usize::from(width) + 1 {
            continue;
        }
        used += cost(entry);
        spans.push(Span::styled(entry.0.clone(), theme.key));
        spans.push(Span::styled(format!(" {}  ", entry.1), theme.dim));
    }
    if let Some(last) = spans.last_mut() {
        last.content = format!("{} ", last.content.trim_end()).into();
    }
    Line::from(spans)
}

/// Keys with what they do: ` Enter find  Esc close `.
fn key_line(hints: &[(String, &'static str)], theme: &Theme) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = vec![" ".into()];
    for (at, (key, hint)) in hints.iter().enumerate() {
        let behind = if at + 1 == hints.len() { " " } else { "  " };
        spans.push(Span::styled(key.clone(), theme.key));
        spans.push(Span::styled(format!(" {hint}{behind}"), theme.dim));
    }
    Line::from(spans)
}

/// Draws a line over a border, without taking the border's style.
pub fn inlay(line: &Line<'_>, x: u16, y: u16, width: u16, buf: &mut Buffer) {
    let area = Rect { x, y, width: width.min(line.width() as u16), height: 1 }.intersection(buf.area);
    for x in area.left()..area.right() {
        buf[(x, y)].reset();
    }
    buf.set_line(area.x, area.y, line, area.width);
}

/// Breaks text into lines of at most `width` columns, at blanks where it can; keeps its own line breaks.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split_word_bounds() {
            let columns = word.width();
            if used + columns <= width {
                line.push_str(word);
                used += columns;
                continue;
            }
            if columns <= width {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
                // A blank where a line broke is the break.
                let blank = word.trim().is_empty();
                line = if blank { String::new() } else { word.to_owned() };
                used = if blank { 0 } else { columns };
                continue;
            }
            for grapheme in word.graphemes(true) {
                let columns = grapheme.width();
                if used + columns > width && used > 0 {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push_str(grapheme);
                used += columns;
            }
        }
        lines.push(line);
    }
    lines
}

/// Scrolls `offset` over `len` lines on a page of `height`.
fn scroll(offset: &mut usize, action: Action, len: usize, height: usize) -> bool {
    let most = len.saturating_sub(height);
    let page = height.saturating_sub(1).max(1);
    let before = *offset;
    *offset = moved(action, before, page, most);
    *offset != before
}

/// Draws lines from an offset, and says at the right edge where more is.
fn draw_lines(lines: &[Line<'_>], offset: usize, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    // A resize may have left the offset past the end.
    let offset = offset.min(lines.len().saturating_sub(usize::from(area.height)));
    for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(offset)) {
        buf.set_line(area.x, y, line, area.width);
    }
    more(offset > 0, offset + usize::from(area.height) < lines.len(), ctx, area, buf);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::ctx::fixture::World;
    use crate::tui::events;
    use crate::tui::theme::ThemeChoice;
    use proptest::prelude::*;

    fn drawn(overlay: &Overlay, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
        let mut world = World::new(choice);
        world.running = Some(crate::tui::ctx::Running {
            id: crate::engine::query::QueryId(1),
            since: world.now,
            cancelling: false,
            paused: false,
        });
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buf = Buffer::empty(area);
        overlay.view(&world.ctx(area), area, &mut buf);
        buf
    }

    fn failure() -> Overlay {
        Overlay::Error(Box::new(error::ErrorPanel::new(vec![events::gateway_error()], Some(1_250), true)))
    }

    #[test]
    fn help_error_and_question_in_every_theme() {
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(&failure(), choice, (80, 24)));
            insta::assert_debug_snapshot!(drawn(
                &Overlay::Help(Box::new(help::Help::new(Context::Builder, None))),
                choice,
                (80, 40)
            ));
            insta::assert_debug_snapshot!(drawn(&Overlay::Confirm, choice, (60, 16)));
        }
    }

    #[test]
    fn an_exchange_and_a_run_in_every_theme_and_size() {
        use crate::engine::event::{Exchange, Status};
        let body =
            r#"{"items":[{"id":"PROF-1","lastName":"Ó Súilleabháin 東京","score":1.10,"on":true,"x":null}]}"#;
        let (ok, _ok) = events::exchange_in_full(7, 200, body);
        let (refused, _refused) = events::exchange_in_full(8, 429, "{\"error\":\"slow down\"}");
        let gone = events::exchange(9, 502, 20);
        let mask = crate::rows::Mask::default();
        let exchange = |exchange: Exchange| {
            Overlay::Exchange(Box::new(exchange::ExchangePanel::new(exchange.into(), &mask)))
        };
        let run = || {
            let query = crate::engine::query::Draft { segments: vec!["SEG-A".into()], ..Default::default() };
            Overlay::Finished(Box::new(finished::RunPanel::new(
                finished::Run {
                    id: crate::engine::query::QueryId(3),
                    summary: events::summary(Status::Partial, 1_250),
                    error: Some(events::gateway_error()),
                    asked: Some(finished::Asked::of(&query.check().unwrap())),
                    spent: None,
                }
                .into(),
            )))
        };
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(&exchange(ok.clone()), choice, (100, 46)));
            insta::assert_debug_snapshot!(drawn(&run(), choice, (80, 24)));
        }
        insta::assert_debug_snapshot!(drawn(&exchange(refused.clone()), ThemeChoice::Dark, (80, 24)));
        insta::assert_debug_snapshot!(drawn(&exchange(gone.clone()), ThemeChoice::Plain, (60, 16)));
        for overlay in [exchange(ok), exchange(refused), exchange(gone), run()] {
            for size in [(0, 0), (1, 1), (3, 9), (9, 3), (60, 16), (300, 100)] {
                let _buf = drawn(&overlay, ThemeChoice::Dark, size);
            }
        }
    }

    #[test]
    fn a_panel_scrolls_to_its_end_and_no_further() {
        let world = World::new(ThemeChoice::Plain);
        let area = Rect::new(0, 0, 60, 16);
        let ctx = world.ctx(area);
        let mut overlay = failure();
        assert!(!overlay.scroll(Action::Up, &ctx));
        assert!(overlay.scroll(Action::Last, &ctx));
        assert!(!overlay.scroll(Action::PageDown, &ctx));
        let mut buf = Buffer::empty(area);
        overlay.view(&ctx, area, &mut buf);
        let text: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(text.contains("stay in the table"), "{text}");
    }

    #[test]
    fn an_overlay_fits_any_screen() {
        for overlay in
            [failure(), Overlay::Help(Box::new(help::Help::new(Context::Profiles, None))), Overlay::Confirm]
        {
            for size in [(0, 0), (1, 1), (3, 9), (9, 3), (60, 16), (300, 100)] {
                let _buf = drawn(&overlay, ThemeChoice::Dark, size);
            }
        }
    }

    #[test]
    fn the_footer_keeps_room_for_the_help_and_the_palette() {
        let theme = Theme::new(ThemeChoice::Plain, false);
        let keys = Keymap::default();
        for context in [Context::Builder, Context::Profiles, Context::Detail, Context::Activity] {
            for width in 24..150 {
                let line = hints(&keys, context, Some("cancel"), &theme, width);
                assert!(line.width() <= usize::from(width), "{context:?} {width}: {line}");
                assert!(line.to_string().contains("? help"), "{context:?} {width}: {line}");
                assert!(line.to_string().contains(": commands"), "{context:?} {width}: {line}");
            }
        }
    }

    #[test]
    fn text_wraps_at_blanks_and_keeps_its_lines() {
        assert_eq!(wrap("ask again in a minute\nor two", 10), ["ask again", "in a", "minute", "or two"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("東京タワー", 5), ["東京", "タワ", "ー"]);
        assert_eq!(wrap("", 5), [""]);
    }

    proptest! {
        #[test]
        fn wrapped_lines_fit_and_lose_only_blanks(text in "[a-z東🙂 \n]{0,60}", width in 2_usize..20) {
            let lines = wrap(&text, width);
            prop_assert!(lines.iter().all(|l| l.width() <= width), "{lines:?}");
            let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
