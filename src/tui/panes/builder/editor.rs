//! A text editor: the widget's own, with its keys chosen by us.
//!
//! The widget's short cuts take Ctrl-R, Ctrl-P, Ctrl-C and others that command elsewhere; here it gets what is
//! text, and movements by the names that shells use.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget as _;
use tui_textarea::{CursorMove, TextArea, WrapMode};

use super::Pressed;
use crate::tui::theme::Theme;
use crate::tui::widgets::{blank, scrub};

/// An editor.
#[derive(Debug)]
pub(super) struct Editor {
    area: TextArea<'static>,
}

impl Editor {
    /// An editor of a list: lines are not wrapped.
    pub(super) fn list(lines: Vec<String>) -> Self {
        Self::with(lines, WrapMode::None)
    }

    /// An editor of one text that wraps.
    pub(super) fn one_line(text: &str) -> Self {
        Self::with(text.lines().map(str::to_owned).collect(), WrapMode::WordOrGlyph)
    }

    fn with(lines: Vec<String>, wrap: WrapMode) -> Self {
        let mut area = TextArea::new(lines);
        area.set_wrap_mode(wrap);
        area.set_cursor_line_style(Style::new());
        let mut editor = Self { area };
        editor.go_to_end();
        editor
    }

    pub(super) fn lines(&self) -> &[String] {
        self.area.lines()
    }

    pub(super) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    pub(super) fn is_blank(&self) -> bool {
        self.area.lines().iter().all(|line| line.trim().is_empty())
    }

    pub(super) fn go_to_end(&mut self) {
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    /// To a character of the text, line breaks counted.
    pub(super) fn go_to(&mut self, character: usize) {
        let mut left = character;
        for (row, line) in self.area.lines().iter().enumerate() {
            let columns = line.chars().count();
            if left <= columns {
                let short = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
                return self.area.move_cursor(CursorMove::Jump(short(row), short(left)));
            }
            left -= columns + 1;
        }
        self.go_to_end();
    }

    /// The line that the cursor is on.
    pub(super) fn row(&self) -> usize {
        self.place().0
    }

    /// Gives each character that is seen its style; one past the last is for the place behind the text. To be called
    /// after [`view`](Self::view), with the same area.
    pub(super) fn paint(&self, styles: &[Style], area: Rect, buf: &mut Buffer) {
        let (top, left) = self.area.scroll_offset();
        let begins: Vec<usize> = self
            .area
            .lines()
            .iter()
            .scan(0, |at, line| {
                let begins = *at;
                *at += line.chars().count() + 1;
                Some(begins)
            })
            .collect();
        // Cells in which no text is are said to hold what is nearest: nothing new, or something further up.
        let mut next = 0;
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                let (row, column) = (y - area.y + top, x - area.x + left);
                let place = self.area.screen_to_data(row.into(), column.into());
                let at = begins.get(place.0).map_or(usize::MAX, |begins| begins + place.1);
                if at < next && buf[(x, y)].symbol() == " " {
                    continue;
                }
                if let Some(style) = styles.get(at) {
                    buf[(x, y)].set_style(*style);
                }
                next = next.max(at.saturating_add(1));
            }
        }
    }

    /// Puts text where the cursor is, or at the end.
    pub(super) fn insert(&mut self, text: &str, at_cursor: bool) {
        if !at_cursor {
            self.go_to_end();
        }
        self.area.insert_str(text);
    }

    /// Puts lines where the cursor is, or at the end; each stays a line of its own.
    pub(super) fn insert_lines(&mut self, lines: &[String], at_cursor: bool) {
        if !at_cursor {
            self.go_to_end();
        }
        let cursor = self.area.cursor();
        let here = self.area.lines().get(cursor.0).map_or("", String::as_str);
        let (before, after) = (cursor.1 > 0, cursor.1 < here.chars().count());
        let mut text = String::new();
        if before {
            text.push('\n');
        }
        text.push_str(&lines.join("\n"));
        if after || !here.is_empty() && !before {
            text.push('\n');
        }
        self.area.insert_str(text);
    }

    /// A key that is no command of the explorer's; `page` lines are a page.
    pub(super) fn input(&mut self, key: KeyEvent, page: usize) -> Pressed {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let word = control || alt;
        let moved = match key.code {
            KeyCode::Left if word => CursorMove::WordBack,
            KeyCode::Right if word => CursorMove::WordForward,
            KeyCode::Char('b') if alt => CursorMove::WordBack,
            KeyCode::Char('f') if alt => CursorMove::WordForward,
            KeyCode::Home if control => CursorMove::Top,
            KeyCode::End if control => CursorMove::Bottom,
            KeyCode::Left => CursorMove::Back,
            KeyCode::Right => CursorMove::Forward,
            KeyCode::Up => CursorMove::Up,
            KeyCode::Down => CursorMove::Down,
            KeyCode::Home => CursorMove::Head,
            KeyCode::End => CursorMove::End,
            KeyCode::Char('a') if control => CursorMove::Head,
            KeyCode::Char('e') if control => CursorMove::End,
            KeyCode::PageUp | KeyCode::PageDown => {
                let (row, _) = self.place();
                let row = if key.code == KeyCode::PageUp {
                    row.saturating_sub(page)
                } else {
                    (row + page).min(self.area.lines().len().saturating_sub(1))
                };
                CursorMove::Jump(u16::try_from(row).unwrap_or(u16::MAX), 0)
            }
            _ => return self.edit(key, control, alt),
        };
        let before = self.place();
        self.area.move_cursor(moved);
        if self.place() == before { Pressed::Nothing } else { Pressed::Moved }
    }

    fn edit(&mut self, key: KeyEvent, control: bool, alt: bool) -> Pressed {
        let changed = match key.code {
            KeyCode::Char('h') if control => self.area.delete_char(),
            KeyCode::Char('d') if control => self.area.delete_next_char(),
            KeyCode::Char('w') if control => self.area.delete_word(),
            KeyCode::Backspace if control || alt => self.area.delete_word(),
            KeyCode::Char('u') if control => self.area.delete_line_by_head(),
            KeyCode::Char('k') if control => self.area.delete_line_by_end(),
            KeyCode::Char('u') if alt => self.area.undo(),
            KeyCode::Char('r') if alt => self.area.redo(),
            KeyCode::Char(_) if control || alt => false,
            KeyCode::Char(_) | KeyCode::Enter | KeyCode::Backspace | KeyCode::Delete => {
                self.area.input_without_shortcuts(key)
            }
            _ => false,
        };
        if changed { Pressed::Changed } else { Pressed::Nothing }
    }

    fn place(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    /// Draws the text with its cursor; gives the first line that is seen.
    pub(super) fn view(&self, theme: &Theme, area: Rect, buf: &mut Buffer) -> usize {
        if area.is_empty() {
            return 0;
        }
        blank(buf, area, theme.editing);
        (&self.area).render(area, buf);
        scrub(buf, area);
        usize::from(self.area.scroll_offset().0)
    }
}
