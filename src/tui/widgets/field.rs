//! One line of text that is being typed; the cursor stays at its end.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The longest text, in bytes.
const LONGEST: usize = 256;

/// A line being typed.
#[derive(Debug, Default)]
pub struct Field {
    text: String,
}

impl Field {
    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A key; says whether it was one for a line of text. Erases as shells do: Ctrl-U all, Ctrl-W a word.
    pub fn input(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if control => self.text.clear(),
            KeyCode::Char('w') if control => {
                let kept = self.text.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
                self.text.truncate(self.text.floor_char_boundary(kept));
            }
            KeyCode::Char('h') if control => drop(self.text.pop()),
            KeyCode::Backspace => drop(self.text.pop()),
            KeyCode::Char(c) if !control && self.text.len() < LONGEST => self.text.push(c),
            _ => return false,
        }
        true
    }

    /// Pasted text; its first line counts. Says whether anything came of it.
    pub fn paste(&mut self, text: &str) -> bool {
        let line = text.lines().next().unwrap_or("");
        let room = LONGEST.saturating_sub(self.text.len());
        let line = &line[..line.floor_char_boundary(room)];
        self.text.push_str(line);
        !line.is_empty()
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
        field.paste(&"é".repeat(1_000));
        assert!(field.text().len() <= LONGEST && !field.text().is_empty());
    }
}
