//! Where the rows of the table are to be written, and how far that is.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::engine::text::{clean, fit};
use crate::export::Format;
use crate::tui::action::Context;
use crate::tui::ctx::Ctx;
use crate::tui::figures;
use crate::tui::saving::{Told, format_of};
use crate::tui::widgets::{Field, gist};

/// The panel.
#[derive(Debug)]
pub struct SavePanel {
    field: Field,
    /// The rows that are shown, and all that came.
    rows: (u64, u64),
    /// Whether CSV has a column for each attribute.
    flat: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    /// A name is typed; why the last one was refused, and whether only because the file is there.
    Naming(Option<(String, bool)>),
    /// So many rows are written.
    Writing(u64, Arc<AtomicBool>),
    /// It is over, and this came of it.
    Over(String, bool),
}

impl Drop for SavePanel {
    fn drop(&mut self) {
        self.stop();
    }
}

impl SavePanel {
    /// A panel that proposes a name, for the rows that are shown of all that came.
    pub fn new(name: &str, rows: (u64, u64)) -> Self {
        let mut field = Field::default();
        field.paste(name);
        Self { field, rows, flat: false, state: State::Naming(None) }
    }

    /// Whether letters are text now.
    pub fn is_naming(&self) -> bool {
        matches!(self.state, State::Naming(_))
    }

    /// Whether it is done, one way or the other.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over(..))
    }

    /// A key that is text; says whether anything changed.
    pub fn input(&mut self, key: KeyEvent) -> bool {
        let State::Naming(why) = &mut self.state else { return false };
        let changed = self.field.input(key);
        if changed {
            *why = None;
        }
        changed
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str) -> bool {
        self.is_naming() && self.field.paste(text)
    }

    /// A column for each attribute, or not.
    pub fn flatten(&mut self) -> bool {
        let can = self.is_naming() && self.format() == Some(Format::Csv);
        self.flat ^= can;
        can
    }

    /// The file's format as its name has it.
    pub fn format(&self) -> Option<Format> {
        format_of(&self.path())
    }

    /// Whether CSV has a column for each attribute.
    pub fn is_flat(&self) -> bool {
        self.flat && self.format() == Some(Format::Csv)
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.field.text().trim().into()
    }

    /// Begins to write, if the name is one: gives what stops it, and whether a file that is there is replaced, which
    /// saying it twice means.
    pub fn begin(&mut self) -> Option<(Arc<AtomicBool>, bool)> {
        let State::Naming(why) = &self.state else { return None };
        let replace = why.as_ref().is_some_and(|(_, is_there)| *is_there);
        if self.format().is_none() {
            let why = "end the name in .csv, .ndjson, .json or .parquet: that is the format";
            self.state = State::Naming(Some((why.to_owned(), false)));
            return None;
        }
        if !replace && self.path().is_file() {
            let why = format!("{} is there already; the same key again replaces it", self.path().display());
            self.state = State::Naming(Some((why, true)));
            return None;
        }
        let stopped = Arc::new(AtomicBool::new(false));
        self.state = State::Writing(0, stopped.clone());
        Some((stopped, replace))
    }

    /// How far it is.
    pub fn told(&mut self, told: Told) {
        let State::Writing(written, _) = &mut self.state else { return };
        let rows = figures::counted(self.rows.0, "row", "rows");
        self.state = match told {
            Told::Written(rows) => return *written = rows,
            Told::Done(path) => State::Over(format!("{rows} are in {}", path.display()), true),
            Told::Stopped(path) => {
                State::Over(format!("stopped; what was written is in {}", path.display()), false)
            }
            Told::Failed(error) => State::Naming(Some((format!("{}: {}", error.cause, error.remedy), false))),
        };
    }

    /// Gives up writing; says whether it was.
    pub fn stop(&self) -> bool {
        match &self.state {
            State::Writing(_, stopped) => !stopped.swap(true, Ordering::Relaxed),
            _ => false,
        }
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let width = 74.min(area.width.saturating_sub(2));
        let room = usize::from(width.saturating_sub(4));
        let lines = self.lines(ctx, room);
        let place = super::centred(area, width, (lines.len() as u16 + 2).min(area.height));
        let esc = if matches!(self.state, State::Writing(..)) { "stop" } else { "close" };
        let hints =
            super::hints(ctx.keys, Context::Save, Some(esc), ctx.theme, place.width.saturating_sub(3));
        let inside = super::window(ctx, "Export", &hints, place, ctx.theme.border_focused, buf);
        super::draw_lines(&lines, 0, ctx, inside, buf);
    }

    fn lines(&self, ctx: &Ctx<'_>, room: usize) -> Vec<Line<'static>> {
        let theme = ctx.theme;
        let label = |name: &str| Span::styled(format!("{name:<8}"), theme.label);
        let (rows, all) = self.rows;
        let which = if rows == all {
            format!("all {}", figures::count(all))
        } else {
            format!("{} that pass the filter, of {}", figures::count(rows), figures::count(all))
        };
        let mut file = vec![label("file")];
        let text = self.field.text();
        // The end of a long path says more.
        let tail: String = text.chars().rev().take(room.saturating_sub(10)).collect();
        let tail: String = tail.chars().rev().collect();
        let style = if self.is_naming() { theme.editing } else { theme.text };
        file.push(Span::styled(clean(&tail).into_owned(), style));
        if self.is_naming() {
            file.push(Span::styled(" ", theme.cursor));
        }
        let format = match (self.format(), self.is_flat()) {
            (None, _) => "by the name: .csv, .ndjson, .json or .parquet".to_owned(),
            (Some(Format::Csv), true) => "CSV with a column for each attribute".to_owned(),
            (Some(Format::Csv), false) => "CSV, attributes as JSON in one cell".to_owned(),
            (Some(Format::Ndjson), _) => "one JSON object a line".to_owned(),
            (Some(Format::Json), _) => "one JSON array".to_owned(),
            (Some(Format::Parquet), _) => "Parquet: typed columns, zstd".to_owned(),
        };
        let mut lines = vec![
            Line::from(file),
            Line::from(vec![label("format"), Span::styled(format, theme.text)]),
            Line::from(vec![label("rows"), Span::styled(which, theme.text)]),
        ];
        let mut say = |text: &str, style: Style| {
            let text = gist(text, 4 * room as u16);
            lines.extend(super::wrap(&text, room).into_iter().take(4).map(|line| Line::styled(line, style)));
        };
        match &self.state {
            State::Naming(None) => say("The values are the true ones, personal data included.", theme.dim),
            State::Naming(Some((why, _))) => say(why, theme.warn),
            State::Over(what, true) => say(what, theme.good),
            State::Over(what, false) => say(what, theme.warn),
            State::Writing(written, _) => {
                let share = if rows > 0 { *written as f64 / rows as f64 } else { 1.0 };
                let width = room.saturating_sub(24).min(40);
                let full = ((share * width as f64) as usize).min(width);
                lines.push(Line::from(vec![
                    label("written"),
                    Span::styled(theme.symbols.bar.repeat(full), theme.bar),
                    Span::styled(theme.symbols.bar_empty.repeat(width - full), theme.bar_empty),
                    Span::styled(format!(" {}", figures::count(*written)), theme.text),
                ]));
            }
        }
        for line in &mut lines {
            for span in &mut line.spans {
                if let std::borrow::Cow::Owned(text) = fit(&span.content, room) {
                    span.content = text.into();
                }
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::error::{Error, Kind};
    use crate::tui::ctx::fixture::World;
    use crate::tui::theme::ThemeChoice;

    fn drawn(panel: &SavePanel, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
        let world = World::new(choice);
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buf = Buffer::empty(area);
        panel.view(&world.ctx(area), area, &mut buf);
        buf
    }

    #[test]
    fn every_state_in_every_theme_and_size() {
        let naming = || SavePanel::new("people.csv", (40, 1_000));
        let mut refused = SavePanel::new("people.xls", (40, 40));
        assert!(refused.begin().is_none());
        let mut writing = SavePanel::new("people.parquet", (100_000, 100_000));
        assert!(writing.begin().is_some());
        writing.told(Told::Written(40_000));
        let mut done = SavePanel::new("people.parquet", (1, 1));
        assert!(done.begin().is_some());
        done.told(Told::Done("people.parquet".into()));
        let mut failed = SavePanel::new("people.json", (1, 1));
        assert!(failed.begin().is_some());
        failed.told(Told::Failed(Error::new(Kind::Local, "people.json", "no space is left", "make some")));
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(&naming(), choice, (80, 24)));
        }
        for panel in [&refused, &writing, &done, &failed] {
            insta::assert_debug_snapshot!(drawn(panel, ThemeChoice::Plain, (60, 16)));
            for size in [(0, 0), (1, 1), (3, 9), (9, 3), (300, 100)] {
                let _buf = drawn(panel, ThemeChoice::Dark, size);
            }
        }
    }

    #[test]
    fn a_long_or_hostile_name_stays_inside() {
        for name in ["\u{1b}[2J.csv", &"é".repeat(120), "a\u{202e}vsc.exe"] {
            let text: String = drawn(&SavePanel::new(name, (1, 1)), ThemeChoice::Dark, (80, 24))
                .content
                .iter()
                .map(ratatui::buffer::Cell::symbol)
                .collect();
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        }
    }

    #[test]
    fn closing_the_panel_stops_the_writing() {
        let mut panel = SavePanel::new("people.csv", (1, 1));
        let (stopped, replace) = panel.begin().unwrap();
        assert!(!replace && !stopped.load(Ordering::Relaxed));
        drop(panel);
        assert!(stopped.load(Ordering::Relaxed));
    }
}
