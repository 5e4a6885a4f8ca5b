//! The files that are looked at, in the place of the query builder.
//!
//! ```text
//! people.ndjson
//!   NDJSON, 612 kB, 9 fields
//!   1,250 rows, 2 unreadable
//!   written 2026-03-04 12:01
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::engine::event::{FileState, OpenedFile};
use crate::engine::text::clean;
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Focus, Outcome};
use crate::tui::figures;
use crate::tui::panes::frame;
use crate::tui::widgets::{blank, moved, put_clean, scrollbar, wrap};

/// Bytes of what a file says of itself that are shown.
const MOST_SAID: usize = 400;

/// The list of files.
#[derive(Debug, Default)]
pub struct Files {
    offset: usize,
}

impl Files {
    /// From its beginning.
    pub fn new() -> Self {
        Self::default()
    }

    /// Does an action: it scrolls, and nothing else.
    pub fn update(&mut self, action: Action, ctx: &Ctx<'_>) -> Outcome {
        let height = usize::from(ctx.area.height.saturating_sub(1));
        let most = lines(ctx, ctx.area.width.saturating_sub(2)).len().saturating_sub(height);
        let page = height.saturating_sub(1).max(1);
        let before = self.offset.min(most);
        self.offset = moved(action, before, page, most);
        Outcome::changed(self.offset != before)
    }

    /// Draws the pane, border included.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let count = ctx.service.map_or(0, |service| service.files.len());
        let title =
            if count > 1 { format!("Files  {}", figures::count(count as u64)) } else { "File".to_owned() };
        let inner = frame(ctx, Focus::Builder, title, area, buf);
        if inner.is_empty() {
            return;
        }
        blank(buf, inner, ctx.theme.text);
        let lines = lines(ctx, inner.width);
        let height = usize::from(inner.height);
        let top = self.offset.min(lines.len().saturating_sub(height));
        for (y, (text, style)) in (inner.y..inner.bottom()).zip(lines.iter().skip(top)) {
            put_clean(buf, inner.x, y, inner.width, text, *style);
        }
        let bar = Rect { x: area.right().saturating_sub(1), width: 1, ..inner };
        scrollbar(ctx.theme, bar, top, height, lines.len(), buf);
    }
}

fn lines(ctx: &Ctx<'_>, width: u16) -> Vec<(String, Style)> {
    let theme = ctx.theme;
    let columns = usize::from(width.saturating_sub(1)).max(8);
    let mut lines = Vec::new();
    let files = ctx.service.map_or(&[][..], |service| &service.files);
    for file in files {
        lines.push((format!(" {}", tail(&clean(file.name.raw()), columns)), theme.heading));
        for (text, style) in said(file, ctx) {
            lines.extend(wrap(&text, columns - 1).map(|line| (format!("  {line}"), style)));
        }
        lines.push((String::new(), theme.text));
    }
    let read = ctx.keys.first(Action::Run);
    let mut below = vec![format!("{read} reads again.")];
    if files.len() > 1 {
        below.push("Every row is kept, also with an ID that another file has.".to_owned());
    }
    below.push("Files are shown whole; a query needs a service: cxlens explore.".to_owned());
    for text in below {
        lines.extend(wrap(&text, columns).map(|line| (format!(" {line}"), theme.dim)));
    }
    lines
}

fn said(file: &OpenedFile, ctx: &Ctx<'_>) -> Vec<(String, Style)> {
    let theme = ctx.theme;
    let mut said = Vec::new();
    let mut kind = figures::bytes(file.bytes);
    if !file.format.is_empty() {
        kind = format!(
            "{}, {kind}, {}",
            file.format,
            figures::counted(file.fields.len() as u64, "field", "fields")
        );
    }
    said.push((kind, theme.text));
    let rows = figures::counted(file.rows, "row", "rows");
    let rows = match (&file.state, file.expected) {
        (FileState::Waiting, Some(all)) => figures::counted(all, "row", "rows"),
        (FileState::Waiting, None) => "not read yet".to_owned(),
        (FileState::Reading, Some(all)) => {
            format!("{} of {} …", figures::count(file.rows), figures::counted(all, "row", "rows"))
        }
        (FileState::Reading, None) => format!("{rows} …"),
        (FileState::Whole, _) => rows,
        (FileState::Cancelled, _) => format!("{rows}, cancelled"),
        (FileState::Failed(_), _) => format!("{rows} read"),
    };
    if !matches!(file.state, FileState::Failed(_)) || file.rows > 0 {
        said.push((rows, theme.text));
    }
    if file.set_aside > 0 {
        said.push((format!("{} unreadable", figures::count(file.set_aside)), theme.bad));
    }
    if let FileState::Failed(error) = &file.state {
        said.push((ctx.mask.text(&error.cause).into_owned(), theme.bad));
        said.push((ctx.mask.text(&error.remedy).into_owned(), theme.text));
    }
    if let Some(at) = file.modified {
        let at = ctx.zone.to_datetime(at);
        said.push((format!("written {} {}", at.date(), at.time().strftime("%H:%M")), theme.dim));
    }
    for (word, text) in &file.about {
        let text = text.raw();
        let end = text.floor_char_boundary(MOST_SAID);
        let more = if end < text.len() { "…" } else { "" };
        said.push((format!("{word} {}{more}", clean(&text[..end])), theme.dim));
    }
    said
}

/// The end of a path says more than its beginning.
fn tail(path: &str, columns: usize) -> String {
    if path.width() <= columns {
        return path.to_owned();
    }
    let mut end = String::new();
    for c in path.chars().rev() {
        let wider = format!("{c}{end}");
        if wider.width() + 1 > columns {
            break;
        }
        end = wider;
    }
    format!("…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::error::{Error, Kind};
    use crate::engine::event::ServiceInfo;
    use crate::tui::ctx::fixture::World;
    use crate::tui::events;
    use crate::tui::theme::ThemeChoice;
    use crate::tui::widgets::testing::{draw, lines};

    fn world(choice: ThemeChoice) -> World {
        let mut world = World::new(choice);
        let gzip = Error::new(
            Kind::Local,
            "old.ndjson.gz cannot be read",
            "it is compressed with gzip",
            "unpack it first: gunzip FILE",
        );
        let files = vec![
            OpenedFile {
                rows: 1_250,
                set_aside: 2,
                state: FileState::Whole,
                ..events::file("/home/ada/exports/2026-03-04/people.ndjson")
            },
            OpenedFile {
                format: "Parquet",
                rows: 500,
                expected: Some(10_000),
                state: FileState::Reading,
                about: vec![
                    ("exported", "2026-03-04 12:01 UTC".into()),
                    ("query", "segments SEG-A, filter email eq '\u{202e}x\u{1b}[2J'".into()),
                ],
                ..events::file("b.parquet")
            },
            OpenedFile { format: "", state: FileState::Failed(gzip), ..events::file("old.ndjson.gz") },
        ];
        world.service = Some(ServiceInfo { files, ..events::service() });
        world
    }

    fn drawn(choice: ThemeChoice, width: u16) -> Buffer {
        draw(&world(choice), width, 34, |ctx, area, buf| Files::new().view(ctx, area, buf))
    }

    #[test]
    fn everything_that_is_known_is_told_in_words() {
        insta::assert_snapshot!("narrow", lines(&drawn(ThemeChoice::Plain, 28)).join("\n"));
        insta::assert_snapshot!("wide", lines(&drawn(ThemeChoice::Plain, 42)).join("\n"));
        for choice in [ThemeChoice::Dark, ThemeChoice::Light] {
            assert_eq!(lines(&drawn(choice, 42)), lines(&drawn(ThemeChoice::Plain, 42)));
        }
    }

    #[test]
    fn any_size_can_be_drawn() {
        for (width, height) in [(2, 1), (2, 2), (3, 9), (9, 3), (24, 1), (200, 50)] {
            let view = |ctx: &Ctx<'_>, area, buf: &mut Buffer| Files::new().view(ctx, area, buf);
            draw(&world(ThemeChoice::Dark), width, height, view);
        }
    }
}
