//! Selections of fields by their names: ours, and those that were saved.
//!
//! ```text
//! ┌ Fields ────────────────────────────────────────────────┐
//! │▌all        9 of 9  id firstName lastName email phone … │
//! │ identity   4 of 9  id firstName lastName email         │
//! │ save these 5 fields under a name                       │
//! └ Enter do  Esc close ───────────────────────────────────┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr as _;

use crate::engine::query::{Field, FieldSet};
use crate::engine::text::{clean, fit};
use crate::tui::action::Action;
use crate::tui::ctx::Ctx;
use crate::tui::widgets::{more, moved};

/// The file that saved selections are kept in: a line of JSON each.
pub const KEPT: &str = "field-presets";
/// The longest name, in characters.
pub const LONGEST_NAME: usize = 40;
/// Selections that are kept at most.
pub const MOST: usize = 100;

/// Columns of the list at most, borders included.
const WIDEST: u16 = 90;
/// Lines of it at most, borders included.
const HIGHEST: u16 = 16;

/// A selection with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preset {
    /// What it is called.
    pub name: String,
    /// The fields.
    pub fields: FieldSet,
}

/// What a line of the list does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Selects these fields.
    Select(FieldSet),
    /// Asks for a name to save the selection at hand under.
    Save,
}

/// The open list.
#[derive(Debug)]
pub struct Presets {
    entries: Vec<(Preset, bool)>,
    current: FieldSet,
    selected: usize,
}

/// The selections that are always there.
fn ours() -> [(&'static str, FieldSet); 4] {
    use Field::{Email, FirstName, LastName, Phone};
    [
        ("all", FieldSet::ALL),
        ("none", FieldSet::ID),
        ("identity", [FirstName, LastName, Email].into_iter().collect()),
        ("contact", [FirstName, LastName, Email, Phone].into_iter().collect()),
    ]
}

/// Whether a selection of ours is called so.
pub fn is_ours(name: &str) -> bool {
    ours().iter().any(|(ours, _)| ours.eq_ignore_ascii_case(name))
}

/// The saved selections, as they are kept; what cannot be read is passed over.
pub fn read(text: &str) -> Vec<Preset> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).take(MOST).collect()
}

/// The saved selections, as they are to be kept.
pub fn write(saved: &[Preset]) -> String {
    saved.iter().filter_map(|preset| serde_json::to_string(preset).ok()).map(|line| line + "\n").collect()
}

impl Presets {
    /// All selections, that at hand under the cursor.
    pub fn new(current: FieldSet, saved: &[Preset]) -> Self {
        let ours = ours().map(|(name, fields)| (Preset { name: name.to_owned(), fields }, false));
        let saved = saved.iter().map(|preset| (preset.clone(), true));
        let entries: Vec<_> = ours.into_iter().chain(saved).collect();
        let selected = entries.iter().position(|(preset, _)| preset.fields == current).unwrap_or(0);
        Self { entries, current, selected }
    }

    /// What the line under the cursor does.
    pub fn pick(&self) -> Pick {
        self.entries.get(self.selected).map_or(Pick::Save, |(preset, _)| Pick::Select(preset.fields))
    }

    /// The saved selection under the cursor, by its name.
    pub fn saved(&self) -> Option<&str> {
        self.entries.get(self.selected).filter(|(_, saved)| *saved).map(|(preset, _)| preset.name.as_str())
    }

    /// Takes a saved selection out of the list.
    pub fn forget(&mut self, name: &str) {
        self.entries.retain(|(preset, saved)| !saved || preset.name != name);
    }

    /// Moves the cursor; says whether it moved.
    pub fn select(&mut self, action: Action) -> bool {
        let before = self.selected;
        self.selected = moved(action, before, 5, self.entries.len());
        self.selected != before
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let height = HIGHEST.min(self.entries.len() as u16 + 3).min(area.height);
        let place = super::centred(area, WIDEST.min(area.width.saturating_sub(2)), height);
        let [choose, forget, close] =
            [Action::Choose, Action::Clear, Action::Close].map(|action| ctx.keys.first(action));
        let does = if self.pick() == Pick::Save { "name them" } else { "select" };
        let mut hints = vec![(choose, does), (close, "close")];
        if self.saved().is_some() {
            hints.insert(1, (forget, "forget"));
        }
        let hints = super::key_line(&hints, theme);
        let inside = super::window(ctx, "Fields", &hints, place, theme.border_focused, buf);
        if inside.is_empty() {
            return;
        }
        let names =
            self.entries.iter().map(|(preset, _)| clean(&preset.name).width()).max().unwrap_or(0).min(20);
        let mut lines: Vec<String> = self
            .entries
            .iter()
            .map(|(Preset { name, fields }, _)| {
                let name = fit(&clean(name), names).into_owned();
                let pad = " ".repeat(names.saturating_sub(name.width()));
                let listed: Vec<_> = fields.iter().map(Field::wire).collect();
                format!("{name}{pad}  {} of {}  {}", fields.len(), Field::COUNT, listed.join(" "))
            })
            .collect();
        let n = self.current.len();
        let fields = if n == 1 { "field" } else { "fields" };
        lines.push(format!(
            "save {} {fields} under a name",
            if n == 1 { "this".into() } else { format!("these {n}") }
        ));
        let height = usize::from(inside.height);
        let offset = (self.selected + 1).saturating_sub(height);
        for (y, (at, line)) in (inside.y..inside.bottom()).zip(lines.iter().enumerate().skip(offset)) {
            let selected = at == self.selected;
            let style = match (selected, at < self.entries.len()) {
                (true, _) => theme.selected,
                (false, true) => theme.text,
                (false, false) => theme.dim,
            };
            if selected {
                buf.set_style(Rect { y, height: 1, ..inside }, theme.selected);
                buf.set_span(inside.x - 1, y, &Span::styled(theme.symbols.cursor, theme.accent), 1);
            }
            let line = fit(line, inside.width.into()).into_owned();
            buf.set_line(inside.x, y, &Line::styled(line, style), inside.width);
        }
        more(offset > 0, offset + height < lines.len(), ctx, inside, buf);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::ctx::fixture;
    use crate::tui::theme::ThemeChoice;

    fn drawn(presets: &Presets, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
        fixture::drawn(choice, size, |ctx, area, buf| presets.view(ctx, area, buf))
    }

    fn saved() -> Vec<Preset> {
        vec![Preset { name: "dates 東京".into(), fields: [Field::CreatedDate].into_iter().collect() }]
    }

    #[test]
    fn every_theme_and_size() {
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(&Presets::new(FieldSet::ID, &saved()), choice, (60, 16)));
            for size in [(0, 0), (1, 1), (3, 9), (9, 3), (20, 5), (300, 100)] {
                let _buf = drawn(&Presets::new(FieldSet::ALL, &saved()), choice, size);
            }
        }
    }

    #[test]
    fn what_is_kept_is_read_again_and_rubbish_passed_over() {
        let text = write(&saved());
        assert_eq!(read(&format!("no JSON\n{text}{{\"name\":\"x\",\"fields\":\"shoe\"}}\n")), saved());
        assert!(is_ours("All") && !is_ours("dates"));
    }

    #[test]
    fn the_selection_at_hand_is_under_the_cursor_and_the_last_line_saves() {
        let mut presets = Presets::new(saved()[0].fields, &saved());
        assert_eq!((presets.pick(), presets.saved()), (Pick::Select(saved()[0].fields), Some("dates 東京")));
        assert!(presets.select(Action::Down) && !presets.select(Action::Down));
        assert_eq!((presets.pick(), presets.saved()), (Pick::Save, None));
        presets.forget("all");
        presets.forget("dates 東京");
        assert!(presets.select(Action::First));
        assert_eq!(presets.pick(), Pick::Select(FieldSet::ALL));
    }
}
