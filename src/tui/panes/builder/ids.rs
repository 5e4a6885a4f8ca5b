//! The list of IDs: an editor up to some length, a list beside it past that.

use std::collections::HashSet;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Pressed;
use super::editor::Editor;
use crate::engine::error::Error;
use crate::engine::query::Id;
use crate::rows::Needle;
use crate::tui::figures;

/// Lines that the editor holds well; a longer list lives outside it.
pub(super) const EDITOR_LINES: usize = 5_000;
/// The longest paste, in bytes.
pub(super) const LONGEST_PASTE: usize = 10 * 1000 * 1000;
/// Errors that are kept to be told; the rest is counted.
const TOLD: usize = 100;
/// Hits of a search in a long list that are kept to be shown; the rest is counted.
const HITS: usize = 200;

/// The IDs that are asked for.
#[derive(Debug)]
pub(super) struct Ids {
    place: Place,
    facts: Facts,
}

#[derive(Debug)]
enum Place {
    Editor(Box<Editor>),
    Long(Long),
}

/// A list too long for the editor.
#[derive(Debug, Default)]
pub(super) struct Long {
    pub(super) ids: Vec<String>,
    /// What is searched for in it.
    pub(super) find: String,
    /// The first that hold it, and how many do.
    pub(super) hits: Vec<usize>,
    pub(super) found: usize,
}

/// The list in figures.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Different IDs that can be asked for.
    pub(super) valid: usize,
    pub(super) repeats: usize,
    pub(super) invalid: usize,
    /// The first of them, with the line that each stands on.
    wrong: Vec<Wrong>,
    /// One that is valid.
    sample: Option<String>,
}

/// What cannot be asked for.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    /// The line of the editor, or the place in a long list, from 1.
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) error: Error,
}

/// What is seen of the list.
pub(super) enum Seen<'a> {
    Editor(&'a Editor),
    Long(&'a Long),
}

/// The IDs of a text, as people paste them: one a line, a column of a spreadsheet, a list with commas or
/// semicolons, in quotes, a JSON array.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let text = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    text.split(|c: char| c == ',' || c == ';' || c.is_whitespace())
        .map(|token| {
            let token = token.trim_matches('\u{feff}');
            ['"', '\'']
                .into_iter()
                .find_map(|quote| token.strip_prefix(quote)?.strip_suffix(quote))
                .unwrap_or(token)
        })
        .filter(|token| !token.is_empty())
}

impl Ids {
    pub(super) fn new(ids: Vec<String>) -> Self {
        let place = if ids.len() > EDITOR_LINES {
            Place::Long(Long { ids, ..Long::default() })
        } else {
            Place::Editor(Box::new(Editor::list(ids)))
        };
        let mut this = Self { place, facts: Facts::default() };
        this.count();
        this
    }

    /// One text each, repeats included.
    pub(super) fn texts(&self) -> Vec<String> {
        match &self.place {
            Place::Editor(editor) => {
                editor.lines().iter().flat_map(|line| tokens(line)).map(str::to_owned).collect()
            }
            Place::Long(long) => long.ids.clone(),
        }
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The first that cannot be asked for.
    pub(super) fn wrong(&self) -> &[Wrong] {
        &self.facts.wrong
    }

    /// The same as errors; while it is edited that of the line under the cursor first.
    pub(super) fn errors(&self, editing: bool) -> Vec<Error> {
        let here = match &self.place {
            Place::Editor(editor) if editing => editor.row() + 1,
            Place::Editor(_) | Place::Long(_) => 0,
        };
        let mut wrong: Vec<&Wrong> = self.facts.wrong.iter().collect();
        wrong.sort_by_key(|wrong| wrong.line != here);
        wrong.iter().map(|wrong| wrong.error.clone().at(&format!("line {}", wrong.line))).collect()
    }

    /// One valid ID, if there is one: enough to judge the rest of a query by.
    pub(super) fn sample(&self) -> Vec<String> {
        self.facts.sample.iter().cloned().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.facts.valid + self.facts.invalid == 0
    }

    /// Whether the list lives outside the editor.
    pub(super) fn is_long(&self) -> bool {
        matches!(self.place, Place::Long(_))
    }

    pub(super) fn seen(&self) -> Seen<'_> {
        match &self.place {
            Place::Editor(editor) => Seen::Editor(editor),
            Place::Long(long) => Seen::Long(long),
        }
    }

    pub(super) fn enter(&mut self) {
        if let Place::Editor(editor) = &mut self.place {
            editor.go_to_end();
        }
    }

    pub(super) fn leave(&mut self) {
        if let Place::Long(long) = &mut self.place {
            long.search(String::new());
        }
    }

    pub(super) fn input(&mut self, key: KeyEvent, page: usize) -> Pressed {
        let pressed = match &mut self.place {
            Place::Editor(editor) => editor.input(key, page),
            Place::Long(long) => long.input(key),
        };
        if pressed == Pressed::Changed {
            self.count();
        }
        pressed
    }

    /// Takes up pasted IDs; says what came of it.
    pub(super) fn paste(&mut self, text: &str, at_cursor: bool) -> String {
        let whole = text.len();
        let text = cut(text);
        let said = self.add(tokens(text).map(str::to_owned).collect(), "pasted", at_cursor);
        if text.len() == whole {
            return said;
        }
        let (taken, all) = (figures::bytes(text.len() as u64), figures::bytes(whole as u64));
        format!("{said}; {taken} of {all} were taken, a longer list is read from a file")
    }

    /// Takes up more IDs; says what came of it.
    pub(super) fn add(&mut self, pasted: Vec<String>, how: &str, at_cursor: bool) -> String {
        let before = self.facts.repeats;
        let count = pasted.len();
        match &mut self.place {
            Place::Editor(editor) if editor.lines().len() + count <= EDITOR_LINES => {
                if count > 0 {
                    editor.insert_lines(&pasted, at_cursor);
                }
            }
            Place::Editor(_) => {
                let mut ids = self.texts();
                ids.extend(pasted);
                self.place = Place::Long(Long { ids, ..Long::default() });
            }
            Place::Long(long) => {
                long.ids.extend(pasted);
                let find = std::mem::take(&mut long.find);
                long.search(find);
            }
        }
        self.count();
        let repeats = match self.facts.repeats.saturating_sub(before) {
            0 => String::new(),
            more => format!(", {} repeated", figures::count(more as u64)),
        };
        format!("{} {how}{repeats}", figures::counted(count as u64, "ID", "IDs"))
    }

    fn count(&mut self) {
        let texts: Box<dyn Iterator<Item = (usize, &str)>> = match &self.place {
            Place::Editor(editor) => Box::new(
                (1..)
                    .zip(editor.lines())
                    .flat_map(|(line, text)| tokens(text).map(move |token| (line, token))),
            ),
            Place::Long(long) => Box::new((1..).zip(long.ids.iter().map(String::as_str))),
        };
        let mut facts = Facts::default();
        let mut seen = HashSet::new();
        for (line, text) in texts {
            match Id::new("ID", text) {
                Ok(_) if seen.insert(text) => {
                    facts.valid += 1;
                    if facts.sample.is_none() {
                        facts.sample = Some(text.to_owned());
                    }
                }
                Ok(_) => facts.repeats += 1,
                Err(error) => {
                    facts.invalid += 1;
                    if facts.wrong.len() < TOLD {
                        facts.wrong.push(Wrong { line, text: text.to_owned(), error });
                    }
                }
            }
        }
        self.facts = facts;
    }
}

/// At most [`LONGEST_PASTE`] bytes, and no ID cut in half.
fn cut(text: &str) -> &str {
    if text.len() <= LONGEST_PASTE {
        return text;
    }
    let head = &text[..text.floor_char_boundary(LONGEST_PASTE)];
    let end = head.rfind(|c: char| c == ',' || c == ';' || c.is_whitespace()).unwrap_or(0);
    &head[..end]
}

/// Whether a line of the editor holds something that cannot be asked for.
pub(super) fn is_wrong(line: &str) -> bool {
    tokens(line).any(|token| Id::new("ID", token).is_err())
}

impl Long {
    fn input(&mut self, key: KeyEvent) -> Pressed {
        let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let mut find = self.find.clone();
        match key.code {
            KeyCode::Char('u') if control => find.clear(),
            KeyCode::Char('h') if control => drop(find.pop()),
            KeyCode::Backspace => drop(find.pop()),
            KeyCode::Char(c) if !control => find.push(c),
            _ => return Pressed::Nothing,
        }
        self.search(find);
        Pressed::Moved
    }

    /// Whether those that cannot be asked for are looked at.
    pub(super) fn seeks_wrong(&self) -> bool {
        self.find == "!"
    }

    fn search(&mut self, find: String) {
        self.hits.clear();
        self.found = 0;
        if let Some(needle) = Needle::new(&find) {
            for (at, id) in self.ids.iter().enumerate() {
                if needle.is_in(id) {
                    self.found += 1;
                    if self.hits.len() < HITS {
                        self.hits.push(at);
                    }
                }
            }
        }
        self.find = find;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ids(text: &str) -> Vec<&str> {
        tokens(text).collect()
    }

    #[test]
    fn ids_are_found_however_they_are_pasted() {
        for text in [
            "A\nB\nC",
            "\u{feff}A\r\nB\r\nC\r\n",
            "A,B, C",
            "A;B;;C",
            "\"A\",\"B\"\n'C'",
            "[\"A\", \"B\",\n \"C\"]",
            "A\tB\tC",
            "  A  \n\n\n B C ",
        ] {
            assert_eq!(ids(text), ["A", "B", "C"], "{text:?}");
        }
        assert_eq!(ids(" \r\n,;"), Vec::<&str>::new());
        // A quote that is part of an ID stays.
        assert_eq!(ids("O'Brien-7 \"x"), ["O'Brien-7", "\"x"]);
    }

    #[test]
    fn repeats_and_wrong_ones_are_counted() {
        let mut list = Ids::new(Vec::new());
        let said = list.paste("A\nB\nA\na\u{7}b\n", false);
        assert_eq!(said, "4 IDs pasted, 1 repeated");
        let facts = list.facts();
        assert_eq!((facts.valid, facts.repeats, facts.invalid), (2, 1, 1));
        let wrong = list.errors(false);
        assert!(wrong[0].to_string().starts_with("line 4: "), "{}", wrong[0]);
        assert!(wrong[0].to_string().contains("U+0007"), "{}", wrong[0]);
    }

    #[test]
    fn a_long_list_leaves_the_editor_and_keeps_everything() {
        let mut list = Ids::new(vec!["FIRST".into()]);
        let column: Vec<String> = (0..EDITOR_LINES).map(|n| format!("PROF-{n}")).collect();
        list.paste(&column[..10].join("\r\n"), false);
        assert!(!list.is_long());
        list.paste(&column[10..].join("\n"), true);
        assert!(list.is_long());
        assert_eq!(list.facts().valid, EDITOR_LINES + 1);
        assert_eq!(list.texts()[0], "FIRST");
        assert_eq!(list.texts()[EDITOR_LINES], "PROF-4999");
        // More is added, and it can be searched.
        list.paste("LAST", false);
        for c in "prof-499".chars() {
            assert_eq!(list.input(KeyEvent::from(KeyCode::Char(c)), 1), Pressed::Moved);
        }
        let Seen::Long(long) = list.seen() else { panic!("a long list") };
        assert_eq!((long.found, long.hits[0]), (11, 500));
        assert_eq!(list.facts().valid, EDITOR_LINES + 2);
    }

    #[test]
    fn a_paste_past_ten_megabytes_is_cut_between_ids_and_says_so() {
        let line = format!("{}\n", "x".repeat(99));
        let text = line.repeat(LONGEST_PASTE / 100 + 5_000);
        let mut list = Ids::new(Vec::new());
        let said = list.paste(&text, false);
        assert!(said.contains("10 MB of 10 MB were taken") || said.contains("of 11 MB"), "{said}");
        assert!(list.texts().iter().all(|id| id.len() == 99));
        assert_eq!(list.texts().len(), LONGEST_PASTE / 100);
    }

    #[test]
    fn pasting_into_the_middle_keeps_lines_apart() {
        let mut list = Ids::new(vec!["A".into(), "B".into()]);
        list.input(KeyEvent::from(KeyCode::Home), 1);
        list.paste("X\nY", true);
        assert_eq!(list.texts(), ["A", "X", "Y", "B"]);
        list.paste("Z", true);
        assert_eq!(list.texts(), ["A", "X", "Y", "Z", "B"]);
        list.paste("END", false);
        assert_eq!(list.texts(), ["A", "X", "Y", "Z", "B", "END"]);
    }

    proptest! {
        #[test]
        fn what_is_pasted_is_asked_for(ids in proptest::collection::vec("[A-Z0-9-]{1,9}", 0..30), separator in "[,; \t]|\r\n|\n|, ") {
            let mut list = Ids::new(Vec::new());
            list.paste(&ids.join(&separator), false);
            prop_assert_eq!(list.texts(), ids);
        }
    }
}
