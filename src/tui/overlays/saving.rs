//! Which rows of the table are to be written where, and how far that is: a small form.
//!
//! ```text
//! ┌ Export ───────────────────────────────────────────────┐
//! │▌file        people.csv                                │
//! │ format      ndjson  json [csv] parquet                │
//! │ columns    [all 9 fields]  4 shown  id, email, …      │
//! │ rows       [3 marked]  40 shown  1,000 that came      │
//! │ attributes [JSON in one cell]  a column each          │
//! └ Enter write  Esc close ───────────────────────────────┘
//! ```
//!
//! The format is the name's ending and nothing else: choosing one changes the name, typing the name chooses one.

mod draw;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{KeyCode, KeyEvent};

use crate::export::Format;
use crate::tui::action::Action;
use crate::tui::figures;
use crate::tui::saving::{Told, Which, format_of};
use crate::tui::widgets::{self, Field};

/// What there is to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Rows that are marked.
    pub marked: u64,
    /// Rows that are shown.
    pub shown: u64,
    /// Rows that came.
    pub all: u64,
    /// Fields that were asked for.
    pub fields: usize,
    /// The names of the columns that are shown, in their order, from outside.
    pub columns: Vec<String>,
}

impl Offer {
    fn rows(&self, which: Which) -> u64 {
        match which {
            Which::Marked => self.marked,
            Which::Shown => self.shown,
            Which::All => self.all,
        }
    }
}

/// A line of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    File,
    Format,
    Columns,
    Rows,
    Attributes,
}

impl Choice {
    const ALL: [Self; 5] = [Self::File, Self::Format, Self::Columns, Self::Rows, Self::Attributes];

    fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Format => "format",
            Self::Columns => "columns",
            Self::Rows => "rows",
            Self::Attributes => "attributes",
        }
    }
}

/// The panel.
#[derive(Debug)]
pub struct SavePanel {
    field: Field,
    offer: Offer,
    /// The line under the cursor.
    line: Choice,
    which: Which,
    /// Whether the columns that are shown are written, not all fields.
    as_shown: bool,
    /// Whether CSV of all fields has a column for each attribute.
    flat: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    /// It is filled in; why it was refused last, and whether only because the file is there.
    Naming(Option<(String, bool)>),
    /// So many rows of so many are written.
    Writing(u64, u64, Arc<AtomicBool>),
    /// It is over, and this came of it.
    Over(String, bool),
}

impl Drop for SavePanel {
    fn drop(&mut self) {
        self.stop();
    }
}

impl SavePanel {
    /// A panel that proposes a name, and the rows that are marked or else those that are shown.
    pub fn new(name: &str, offer: Offer) -> Self {
        let which = match (offer.marked, offer.shown) {
            (0, 0) => Which::All,
            (0, _) => Which::Shown,
            _ => Which::Marked,
        };
        Self {
            field: Field::holding(name),
            offer,
            line: Choice::File,
            which,
            as_shown: false,
            flat: false,
            state: State::Naming(None),
        }
    }

    /// There is more to write now; says whether that is news.
    pub fn know(&mut self, offer: Offer) -> bool {
        let differs = self.is_naming() && offer != self.offer;
        if differs {
            self.offer = offer;
        }
        differs
    }

    /// Whether the form can be changed.
    pub fn is_naming(&self) -> bool {
        matches!(self.state, State::Naming(_))
    }

    /// Whether it is done, one way or the other.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over(..))
    }

    /// Moves to the line above or below; says whether there was one.
    pub fn select(&mut self, action: Action) -> bool {
        let last = Choice::ALL.len() - 1;
        let at = Choice::ALL.iter().position(|choice| *choice == self.line).unwrap_or(0);
        let next = Choice::ALL[widgets::moved(action, at, last, last)];
        let moved = self.is_naming() && next != self.line;
        if moved {
            self.line = next;
        }
        moved
    }

    /// A key that is no command: text in the name's line, a choice in the others. Says whether anything changed.
    pub fn input(&mut self, key: KeyEvent) -> bool {
        if !self.is_naming() {
            return false;
        }
        let changed = match (self.line, key.code) {
            (_, KeyCode::Tab) => return self.select(Action::Down),
            (_, KeyCode::BackTab) => return self.select(Action::Up),
            (Choice::File, _) => self.field.input(key),
            (_, KeyCode::Left) => self.choose(false),
            (_, KeyCode::Right | KeyCode::Char(' ')) => self.choose(true),
            _ => false,
        };
        self.refresh(changed)
    }

    /// What was refused is another now.
    fn refresh(&mut self, changed: bool) -> bool {
        if changed && self.is_naming() {
            self.state = State::Naming(None);
        }
        changed
    }

    /// The next choice of the line, or the one before.
    fn choose(&mut self, forth: bool) -> bool {
        let step = |at: usize, len: usize| (at + if forth { 1 } else { len - 1 }) % len;
        match self.line {
            Choice::File => return false,
            Choice::Format => {
                let now = Format::ALL.iter().position(|format| Some(*format) == self.format());
                let next = now.map_or(0, |at| step(at, Format::ALL.len()));
                self.end_name_in(Format::ALL[next]);
            }
            Choice::Columns => self.as_shown ^= true,
            Choice::Rows => {
                let there = self.there();
                let now = there.iter().position(|which| *which == self.which).unwrap_or(0);
                self.which = there[step(now, there.len())];
            }
            Choice::Attributes => return self.flatten(),
        }
        true
    }

    /// The rows that can be chosen.
    fn there(&self) -> Vec<Which> {
        let is_there = |which: &Which| *which != Which::Marked || self.offer.marked > 0;
        [Which::Marked, Which::Shown, Which::All].into_iter().filter(is_there).collect()
    }

    fn end_name_in(&mut self, format: Format) {
        let name = self.field.text().trim();
        let stem = match self.format() {
            Some(_) => name.rsplit_once('.').map_or(name, |(stem, _)| stem),
            None => name.trim_end_matches('.'),
        };
        self.field = Field::holding(&format!("{stem}.{}", format.name()));
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str) -> bool {
        let changed = self.is_naming() && self.line == Choice::File && self.field.paste(text);
        self.refresh(changed)
    }

    /// A column for each attribute, or not.
    pub fn flatten(&mut self) -> bool {
        let can = self.is_naming() && self.can_flatten();
        self.flat ^= can;
        self.refresh(can)
    }

    fn can_flatten(&self) -> bool {
        self.format() == Some(Format::Csv) && !self.as_shown
    }

    /// The file's format as its name has it.
    pub fn format(&self) -> Option<Format> {
        format_of(&self.path())
    }

    /// Whether CSV has a column for each attribute.
    pub fn is_flat(&self) -> bool {
        self.flat && self.can_flatten()
    }

    /// Whether the columns that are shown are written, in their order, and not all fields.
    pub fn is_as_shown(&self) -> bool {
        self.as_shown
    }

    /// The rows that are written.
    pub fn which(&self) -> Which {
        self.which
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
        self.state = State::Writing(0, self.offer.rows(self.which), stopped.clone());
        Some((stopped, replace))
    }

    /// So many rows are being written.
    pub fn writes(&mut self, rows: u64) {
        if let State::Writing(_, of, _) = &mut self.state {
            *of = rows;
        }
    }

    /// How far it is.
    pub fn told(&mut self, told: Told) {
        let State::Writing(written, of, _) = &mut self.state else { return };
        let rows = figures::counted(*of, "row", "rows");
        let are = if *of == 1 { "is" } else { "are" };
        self.state = match told {
            Told::Written(rows) => return *written = rows,
            Told::Done(path) => State::Over(format!("{rows} {are} in {}", path.display()), true),
            Told::Stopped(path) => {
                State::Over(format!("stopped; what was written is in {}", path.display()), false)
            }
            Told::Failed(error) => State::Naming(Some((format!("{}: {}", error.cause, error.remedy), false))),
        };
    }

    /// Gives up writing; says whether it was.
    pub fn stop(&self) -> bool {
        match &self.state {
            State::Writing(_, _, stopped) => !stopped.swap(true, Ordering::Relaxed),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::error::{Error, Kind};
    use crate::tui::ctx::fixture;
    use crate::tui::theme::ThemeChoice;
    use ratatui::buffer::Buffer;

    fn panel(name: &str, marked: u64) -> SavePanel {
        let columns = ["id", "attributes.plan\u{1b}[2J", "email", "last_name"].map(str::to_owned).into();
        SavePanel::new(name, Offer { marked, shown: 100_000, all: 1_234_567, fields: 9, columns })
    }

    fn press(panel: &mut SavePanel, codes: &[KeyCode]) {
        for code in codes {
            match code {
                KeyCode::Up => panel.select(Action::Up),
                KeyCode::Down => panel.select(Action::Down),
                code => panel.input((*code).into()),
            };
        }
    }

    #[test]
    fn the_form_is_filled_in_line_by_line() {
        use KeyCode::{Char, Down, Left, Right, Up};
        let mut panel = panel("people.csv", 3);
        assert_eq!((panel.which(), panel.is_as_shown(), panel.is_flat()), (Which::Marked, false, false));
        press(&mut panel, &[Down, Right, Char('x')]);
        assert_eq!(panel.path(), PathBuf::from("people.parquet"), "letters are no text here");
        press(&mut panel, &[Right, Up, Char('x')]);
        assert_eq!(panel.format(), None, "the name ends in no format now");
        press(&mut panel, &[Down, Left]);
        assert_eq!(panel.path(), PathBuf::from("people.ndjsonx.ndjson"));
        press(&mut panel, &[Up, KeyCode::Home, Char('a'), Down, Left, Left]);
        assert_eq!(panel.path(), PathBuf::from("apeople.ndjsonx.csv"));
        press(&mut panel, &[Down, Down, Down, Char(' ')]);
        assert!(panel.is_flat());
        press(&mut panel, &[Up, Up, Char(' ')]);
        assert!(panel.is_as_shown() && !panel.is_flat(), "columns that are shown are what they are");
        press(&mut panel, &[Down, Left]);
        assert_eq!(panel.which(), Which::All);
        press(&mut panel, &[Left]);
        assert_eq!(panel.which(), Which::Shown);
    }

    fn drawn(panel: &SavePanel, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
        fixture::drawn(choice, size, |ctx, area, buf| panel.view(ctx, area, buf))
    }

    #[test]
    fn every_state_in_every_theme_and_size() {
        let naming = || panel("people.csv", 3);
        let mut refused = panel("people.xls", 0);
        assert!(refused.begin().is_none());
        let mut writing = panel("people.parquet", 0);
        assert!(writing.begin().is_some());
        writing.told(Told::Written(40_000));
        let mut done = panel("people.parquet", 0);
        assert!(done.begin().is_some());
        done.told(Told::Done("people.parquet".into()));
        let mut failed = panel("people.json", 0);
        assert!(failed.begin().is_some());
        failed.told(Told::Failed(Error::new(Kind::Local, "people.json", "no space is left", "make some")));
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(&naming(), choice, (80, 24)));
            let mut chosen = naming();
            press(&mut chosen, &[KeyCode::Down, KeyCode::Down, KeyCode::Right, KeyCode::Down]);
            insta::assert_debug_snapshot!(drawn(&chosen, choice, (80, 24)));
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
            let text: String = drawn(&panel(name, 0), ThemeChoice::Dark, (80, 24))
                .content
                .iter()
                .map(ratatui::buffer::Cell::symbol)
                .collect();
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        }
    }

    #[test]
    fn closing_the_panel_stops_the_writing() {
        let mut panel = panel("people.csv", 0);
        let (stopped, replace) = panel.begin().unwrap();
        assert!(!replace && !stopped.load(Ordering::Relaxed));
        drop(panel);
        assert!(stopped.load(Ordering::Relaxed));
    }
}
