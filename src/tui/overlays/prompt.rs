//! A line of text that is asked for: its title says for what, Enter takes it, Esc gives it up, Up and Down bring back
//! what was typed before.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::engine::text::clean;
use crate::tui::action::{Action, Context};
use crate::tui::ctx::Ctx;
use crate::tui::widgets::Field;

/// Columns of the prompt at most, borders included.
const WIDEST: u16 = 90;

/// What a line is asked for: `App::answered` does what is to be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The row to go to.
    Row,
    /// The shell command that is given the profile or the rows.
    Pipe,
    /// How often to run again.
    Watch,
    /// What the access is for.
    Reason,
    /// What a query is to be called.
    QueryName,
    /// The file to take IDs from.
    IdsFile,
    /// The column of it that they stand in.
    IdsColumn,
    /// A name for the selection of fields.
    PresetName,
}

/// The open prompt.
#[derive(Debug)]
pub struct Prompt {
    asks: Asks,
    title: &'static str,
    /// What may be typed, or an example of it.
    about: String,
    field: Field,
    /// Lines of before, the latest first.
    before: Vec<String>,
    /// Which of them is shown; `None`: what is being typed, kept in `own`.
    recalled: Option<usize>,
    own: Field,
    /// Why the line was not taken.
    refused: Option<String>,
}

impl Prompt {
    /// A prompt that holds a line already. `before` are lines of before, the latest first.
    pub fn new(
        asks: Asks,
        title: &'static str,
        about: impl Into<String>,
        line: &str,
        before: Vec<String>,
    ) -> Self {
        Self {
            asks,
            title,
            about: about.into(),
            field: Field::holding(line),
            before,
            recalled: None,
            own: Field::default(),
            refused: None,
        }
    }

    /// What it is asked for.
    pub fn asks(&self) -> Asks {
        self.asks
    }

    /// The line as it stands.
    pub fn line(&self) -> &str {
        self.field.text().trim()
    }

    /// The line cannot be taken, and why; shown until it is another.
    pub fn refuse(&mut self, why: impl Into<String>) {
        self.refused = Some(why.into());
    }

    /// A key that is text; says whether anything changed.
    pub fn input(&mut self, key: KeyEvent) -> bool {
        let changed = self.field.input(key);
        if changed {
            self.refused = None;
        }
        changed
    }

    /// Pasted text; its first line counts.
    pub fn paste(&mut self, text: &str) -> bool {
        let changed = self.field.paste(text);
        if changed {
            self.refused = None;
        }
        changed
    }

    /// Brings back a line of before, or what was being typed; says whether there was one.
    pub fn recall(&mut self, action: Action) -> bool {
        let next = match (action, self.recalled) {
            (Action::Up, None) => Some(0),
            (Action::Up, Some(at)) => Some(at + 1),
            (Action::Down, Some(at)) => at.checked_sub(1),
            _ => return false,
        };
        if next.is_some_and(|at| at >= self.before.len()) {
            return false;
        }
        if self.recalled.is_none() {
            self.own = self.field.clone();
        }
        self.field = match next {
            Some(at) => Field::holding(&self.before[at]),
            None => std::mem::take(&mut self.own),
        };
        self.recalled = next;
        self.refused = None;
        true
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let width = WIDEST.min(area.width.saturating_sub(2));
        let room = usize::from(width.saturating_sub(4));
        let mut lines = vec![self.field.line(theme, room)];
        let (said, style) = match &self.refused {
            Some(why) => (why.as_str(), theme.warn),
            None => (self.about.as_str(), theme.dim),
        };
        let said = clean(said);
        lines.extend(super::wrap(&said, room).into_iter().take(4).map(|line| Line::styled(line, style)));
        let place = super::centred(area, width, (lines.len() as u16 + 2).min(area.height));
        let room = place.width.saturating_sub(3);
        let hints = super::hints(ctx.keys, Context::Prompt, Some("close"), theme, room);
        let inside = super::window(ctx, self.title, &hints, place, theme.border_focused, buf);
        super::draw_lines(&lines, 0, ctx, inside, buf);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::ctx::fixture;
    use crate::tui::theme::ThemeChoice;
    use crossterm::event::KeyCode;

    fn prompt() -> Prompt {
        let before = vec!["12".to_owned(), "34".to_owned()];
        Prompt::new(Asks::Row, "Go to", "the number of a row", "5", before)
    }

    #[test]
    fn lines_of_before_come_back_and_so_does_what_was_being_typed() {
        let mut prompt = prompt();
        assert!(!prompt.recall(Action::Down));
        for (action, line) in
            [(Action::Up, "12"), (Action::Up, "34"), (Action::Down, "12"), (Action::Down, "5")]
        {
            assert!(prompt.recall(action), "{action:?} to {line}");
            assert_eq!(prompt.line(), line);
        }
        assert!(prompt.recall(Action::Up) && prompt.recall(Action::Up) && !prompt.recall(Action::Up));
    }

    #[test]
    fn a_refusal_stands_until_the_line_is_another() {
        let mut prompt = prompt();
        prompt.refuse("there are 3 rows");
        let text = |prompt: &Prompt| drawn(prompt, ThemeChoice::Plain, (60, 16));
        assert!(format!("{:?}", text(&prompt)).contains("there are 3 rows"));
        assert!(prompt.input(KeyCode::Backspace.into()));
        assert!(format!("{:?}", text(&prompt)).contains("the number of a row"));
    }

    fn drawn(prompt: &Prompt, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
        fixture::drawn(choice, size, |ctx, area, buf| prompt.view(ctx, area, buf))
    }

    #[test]
    fn every_theme_and_size() {
        let mut wide = prompt();
        wide.paste(&"東京".repeat(100));
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(&prompt(), choice, (60, 16)));
            for size in [(0, 0), (1, 1), (3, 9), (9, 3), (60, 16), (300, 100)] {
                let _buf = drawn(&wide, choice, size);
            }
        }
    }
}
