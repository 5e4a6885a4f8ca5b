//! One line of text that is being typed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation as _;

/// The longest text, in bytes.
pub const LONGEST: usize = 4_096;

/// A line being typed.
#[derive(Clone, Debug, Default)]
pub struct Field {
    text: String,
    /// Where the next letter goes: a byte of the text, between two graphemes.
    cursor: usize,
}

impl Field {
    /// A line that holds this already, with the cursor behind it.
    pub fn holding(text: &str) -> Self {
        let mut field = Self::default();
        field.paste(text);
        field
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor, under it, and behind that.
    pub fn around_cursor(&self) -> [&str; 3] {
        let (before, rest) = self.text.split_at(self.cursor);
        let under = rest.graphemes(true).next().map_or(0, str::len);
        let (under, behind) = rest.split_at(under);
        [before, under, behind]
    }

    /// A key; says whether it was one for a line of text. Moves and erases as shells do: Ctrl-A and Ctrl-E to the
    /// ends, Ctrl-U all before the cursor, Ctrl-K all behind it, Ctrl-W a word.
    pub fn input(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let [before, under, _] = self.around_cursor();
        let left = self.cursor - before.graphemes(true).next_back().map_or(0, str::len);
        let right = self.cursor + under.len();
        match key.code {
            KeyCode::Char('u') if control => self.erase(0, self.cursor),
            KeyCode::Char('k') if control => self.erase(self.cursor, self.text.len()),
            KeyCode::Char('w') if control => {
                let kept = before.trim_end().char_indices().rfind(|(_, c)| c.is_whitespace());
                let kept = kept.map_or(0, |(at, blank)| at + blank.len_utf8());
                self.erase(kept, self.cursor);
            }
            KeyCode::Char('h') if control => self.erase(left, self.cursor),
            KeyCode::Backspace => self.erase(left, self.cursor),
            KeyCode::Delete => self.erase(self.cursor, right),
            KeyCode::Left => self.cursor = left,
            KeyCode::Right => self.cursor = right,
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char(c) if !control => {
                if self.text.len() + c.len_utf8() <= LONGEST {
                    self.text.insert(self.cursor, c);
                    self.cursor += c.len_utf8();
                }
            }
            _ => return false,
        }
        true
    }

    /// Pasted text; its first line counts. Says whether anything came of it.
    pub fn paste(&mut self, text: &str) -> bool {
        let line = text.lines().next().unwrap_or("");
        let room = LONGEST.saturating_sub(self.text.len());
        let line = &line[..line.floor_char_boundary(room)];
        self.text.insert_str(self.cursor, line);
        self.cursor += line.len();
        !line.is_empty()
    }

    fn erase(&mut self, from: usize, to: usize) {
        self.text.drain(from..to);
        self.cursor = from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_typed_erased_and_pasted() {
        let mut field = Field::default();
        let press = |field: &mut Field, c, modifiers| field.input(KeyEvent::new(KeyCode::Char(c), modifiers));
        for c in "go É".chars() {
            assert!(press(&mut field, c, KeyModifiers::NONE));
        }
        assert!(!press(&mut field, 'x', KeyModifiers::CONTROL), "a key of its own is no text");
        assert!(field.input(KeyCode::Backspace.into()));
        assert!(field.paste("on\nand\non"));
        assert_eq!(field.text(), "go on");
        assert!(press(&mut field, 'w', KeyModifiers::CONTROL));
        assert_eq!(field.text(), "go ");
        assert!(press(&mut field, 'u', KeyModifiers::CONTROL));
        assert!(!field.paste("\n"));
        field.paste(&"é".repeat(4_000));
        assert!(field.text().len() <= LONGEST && !field.text().is_empty());
    }
    #[test]
    fn the_cursor_goes_by_what_people_take_for_letters() {
        let mut field = Field::holding("e\u{301}a");
        for code in [KeyCode::Left, KeyCode::Left, KeyCode::Left] {
            assert!(field.input(code.into()));
        }
        assert_eq!(field.around_cursor(), ["", "e\u{301}", "a"]);
        assert!(field.input(KeyCode::Char('x').into()) && field.input(KeyCode::Delete.into()));
        assert_eq!(field.text(), "xa");
        assert!(field.input(KeyEvent::new(KeyCode::Char('k'), KeyModifiers::CONTROL)));
        assert_eq!(field.around_cursor(), ["x", "", ""]);
        assert!(field.input(KeyCode::Home.into()) && field.paste("東京"));
        assert_eq!(field.around_cursor(), ["東京", "x", ""]);
    }
}
