//! Rows as columns for a person at a terminal, written as they come.
//!
//! The first page decides how wide the columns are; what is too long for its column later is cut with `…`, never wrapped.
//! Where no terminal limits the width (`--format table` into a pipe) nothing is cut.

use std::borrow::Cow;
use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use crate::engine::pipeline::profile::{FieldRef, Profile, Slot, Value};
use crate::engine::query::{Field, FieldSet};
use crate::engine::retention::Window;
use crate::engine::text::fit;

/// Blanks between columns.
const GAP: usize = 2;
/// No column is squeezed below this.
const NARROWEST: usize = 4;
/// The ID is squeezed below this only where nothing else is left to squeeze.
const ID_KEEPS: usize = 24;
/// No column asks for more than this on its own account.
const WIDEST: usize = 60;
/// What stands for a field that was asked for and is not in the reply.
const MISSING: &str = "-";
/// Stands before the modified date of a profile from before the window that profiles are kept for.
const PAST: &str = "† ";

/// A table being written.
#[derive(Debug)]
pub struct Table {
    fields: Vec<Field>,
    columns: Option<usize>,
    colour: bool,
    /// No header: an earlier run wrote it.
    goes_on: bool,
    /// Rows from before it are marked.
    window: Option<Window>,
    /// Set by the first page.
    widths: Vec<usize>,
}

impl Table {
    /// A table of these fields. `columns` is the terminal's width; `None`: whatever the rows need.
    /// With `goes_on`, an earlier run wrote the header.
    pub fn new(fields: FieldSet, columns: Option<usize>, colour: bool, goes_on: bool) -> Self {
        Self { fields: fields.iter().collect(), columns, colour, goes_on, window: None, widths: Vec::new() }
    }

    /// The same, with a mark on profiles from before the window.
    #[must_use]
    pub fn with_window(self, window: Option<Window>) -> Self {
        Self { window, ..self }
    }

    /// Writes a page of rows, the header before the first.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub fn rows(&mut self, out: &mut dyn Write, rows: &[Profile]) -> io::Result<()> {
        let cells: Vec<Vec<String>> =
            rows.iter().map(|row| self.fields.iter().map(|f| self.cell(row, *f)).collect()).collect();
        if self.widths.is_empty() {
            self.widths = self.measure(&cells);
            if !self.goes_on {
                self.header(out)?;
            }
        }
        for row in &cells {
            self.line(out, row.iter().map(String::as_str))?;
        }
        Ok(())
    }

    /// Writes the header where no row came.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.widths.is_empty() { self.rows(out, &[]) } else { Ok(()) }
    }

    fn header(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.colour {
            out.write_all(b"\x1b[1m")?;
        }
        let names = self.fields.iter().map(|f| f.key());
        let mut line = Vec::new();
        self.line(&mut line, names)?;
        out.write_all(line.trim_ascii_end())?;
        out.write_all(if self.colour { b"\x1b[0m\n" } else { b"\n" })
    }

    fn line<'a>(&self, out: &mut dyn Write, cells: impl Iterator<Item = &'a str>) -> io::Result<()> {
        let mut blanks = 0;
        for (cell, width) in cells.zip(&self.widths) {
            let shown = if self.columns.is_some() { fit(cell, *width) } else { Cow::Borrowed(cell) };
            // Blanks come before the next cell, so that no line ends in them.
            if !shown.is_empty() {
                write!(out, "{:blanks$}{shown}", "")?;
                blanks = 0;
            }
            blanks += width.saturating_sub(shown.width()) + GAP;
        }
        out.write_all(b"\n")
    }

    fn cell(&self, row: &Profile, field: Field) -> String {
        let cell = cell(row, field);
        let past = field == Field::ModifiedDate && self.window.is_some_and(|window| window.is_past(row));
        if past { PAST.to_owned() + &cell } else { cell }
    }

    /// Widths for the first page: what the cells need, and where that is too much, the widest give first.
    fn measure(&self, cells: &[Vec<String>]) -> Vec<usize> {
        let needed = |column: usize, field: &Field| {
            let longest = cells.iter().map(|row| row[column].width()).max().unwrap_or(0);
            longest.clamp(field.key().len(), WIDEST)
        };
        let mut widths: Vec<_> = self.fields.iter().enumerate().map(|(i, f)| needed(i, f)).collect();
        let Some(columns) = self.columns else { return widths };
        let room = columns.saturating_sub(GAP * widths.len().saturating_sub(1));
        while widths.iter().sum::<usize>() > room {
            // The ID comes first, and is what a person copies: it gives only where it is very long.
            let (id, others) = widths.split_at_mut(1);
            match (others.iter_mut().max(), id.first_mut()) {
                (_, Some(id)) if *id > ID_KEEPS => *id -= 1,
                (Some(widest), _) if *widest > NARROWEST => *widest -= 1,
                (_, Some(id)) if *id > NARROWEST => *id -= 1,
                _ => break,
            }
        }
        widths
    }
}

/// A field as it stands in the table, clean.
fn cell(row: &Profile, field: Field) -> String {
    match row.field(field) {
        FieldRef::Text(slot) => slot_text(slot, |text| text.value.shown().into_owned()),
        FieldRef::Node(slot) => slot_text(slot, |node| brief(&node.value, true)),
    }
}

fn slot_text<T>(slot: &Slot<T>, show: impl Fn(&T) -> String) -> String {
    match slot {
        Slot::Value(value) => show(value),
        Slot::Null => "null".into(),
        Slot::Missing | Slot::NotAsked => MISSING.into(),
    }
}

/// A value in a few words: `gold, vip` for a list, `plan=gold score=21` for an object.
fn brief(value: &Value, outermost: bool) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(digits) => digits.to_string(),
        Value::Text(text) => text.shown().into_owned(),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| brief(&item.value, false)).collect();
            if outermost { items.join(", ") } else { format!("[{}]", items.join(", ")) }
        }
        Value::Object(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, node)| format!("{}={}", key.shown(), brief(&node.value, false)))
                .collect();
            if outermost { entries.join(" ") } else { format!("{{{}}}", entries.join(" ")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pipeline::profile::{Node, Text};
    use crate::engine::text::{Untrusted, is_dangerous};

    fn text(value: &str) -> Slot<Text> {
        Slot::Value(Text { value: value.into(), original: None })
    }

    fn node(value: Value) -> Node {
        Node { value, original: None }
    }

    fn person(id: &str, email: &str) -> Profile {
        Profile { id: text(id), email: text(email), ..Profile::default() }
    }

    fn fields(list: &str) -> FieldSet {
        list.parse().unwrap()
    }

    fn written(table: &mut Table, rows: &[Profile]) -> String {
        let mut out = Vec::new();
        table.rows(&mut out, rows).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_the_first_page_needs() {
        let mut table = Table::new(fields("id,email"), Some(80), false, false);
        let first =
            written(&mut table, &[person("P-1", "ada@example.com"), person("P-22", "bob@example.com")]);
        assert_eq!(first, "id    email\nP-1   ada@example.com\nP-22  bob@example.com\n");
        let second = written(&mut table, &[person("P-333333", "x@example.com")]);
        assert_eq!(second, "P-3…  x@example.com\n");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let long = "x".repeat(300);
        for columns in [20, 40, 80, 200] {
            let mut table = Table::new(fields("id,email,firstName"), Some(columns), false, false);
            let rows = [person("東京タワー東京タワー東京タワー", &long)];
            for line in written(&mut table, &rows).lines() {
                assert!(line.width() <= columns, "{columns}: {line}");
            }
        }
    }

    #[test]
    fn where_room_is_short_the_id_stays_whole() {
        let mut table = Table::new(FieldSet::ALL, Some(80), false, false);
        let row = Profile { first_name: text(&"x".repeat(40)), ..person("PROF-0000021", "ada@example.com") };
        let out = written(&mut table, &[row]);
        assert!(out.contains("PROF-0000021") && out.lines().all(|line| line.width() <= 80), "{out}");
    }

    #[test]
    fn into_a_pipe_nothing_is_cut() {
        let long = "x".repeat(300);
        let mut table = Table::new(fields("id,email"), None, false, false);
        assert!(written(&mut table, &[person("P", &long)]).contains(&long));
    }

    #[test]
    fn wide_characters_keep_the_columns_straight() {
        let mut table = Table::new(fields("firstName,email"), Some(80), false, false);
        let row = |name: &str| Profile {
            id: text("P"),
            first_name: text(name),
            email: text("e"),
            ..Profile::default()
        };
        let out = written(&mut table, &[row("東京"), row("Zoë"), row("🙂")]);
        let columns: Vec<_> = out.lines().skip(1).map(|l| l[..l.rfind('e').unwrap()].width()).collect();
        assert!(columns.windows(2).all(|w| w[0] == w[1]), "{out}");
    }

    #[test]
    fn profiles_from_before_the_window_are_marked_at_their_date() {
        let window = Window::until("2026-03-04T12:00:00Z".parse().unwrap(), 180);
        let row =
            |id: &str, modified| Profile { id: text(id), modified_date: modified, ..Profile::default() };
        let rows = [
            row("P-1", text("2025-01-01T00:00:00Z")),
            row("P-2", text("2026-01-01T00:00:00Z")),
            row("P-3", Slot::Null),
            row("P-4", text("long ago")),
        ];
        let made = |columns| Table::new(fields("id,modifiedDate"), columns, false, false).with_window(window);
        assert_eq!(
            written(&mut made(Some(80)), &rows),
            "id   modified_date\nP-1  † 2025-01-01T00:00:00Z\nP-2  2026-01-01T00:00:00Z\nP-3  null\nP-4  long ago\n"
        );
        assert!(written(&mut made(Some(15)), &rows).contains("P-1  † 2025"), "the mark is not what is cut");
    }

    #[test]
    fn null_missing_and_empty_are_told_apart() {
        let row = Profile {
            id: text("P"),
            first_name: Slot::Null,
            last_name: Slot::Missing,
            email: text(""),
            phone: text("1"),
            ..Profile::default()
        };
        let mut table = Table::new(fields("id,firstName,lastName,email,phone"), Some(80), false, false);
        let out = written(&mut table, &[row]);
        assert_eq!(out.lines().nth(1).unwrap(), "P   null        -                 1");
    }

    #[test]
    fn nothing_from_outside_reaches_the_terminal_unclean() {
        let mut table = Table::new(FieldSet::ALL, Some(80), false, false);
        let evil = "\x1b[31m\u{202e}\r\n\u{9b}2J";
        let row = Profile {
            id: text(evil),
            tags: Slot::Value(node(Value::List(vec![node(Value::Text(evil.into()))]))),
            attributes: Slot::Value(node(Value::Object(vec![(
                Untrusted::from(evil),
                node(Value::Text(evil.into())),
            )]))),
            ..Profile::default()
        };
        let out = written(&mut table, &[row]);
        assert_eq!(out.lines().count(), 2);
        assert!(!out.chars().any(|c| c != '\n' && is_dangerous(c)), "{out:?}");
    }

    #[test]
    fn colour_marks_the_header_alone() {
        let mut plain = Table::new(fields("id"), Some(80), false, false);
        let mut bold = Table::new(fields("id"), Some(80), true, false);
        assert!(!written(&mut plain, &[person("P", "")]).contains('\x1b'));
        assert_eq!(written(&mut bold, &[person("P", "")]), "\x1b[1mid\x1b[0m\nP\n");
    }

    #[test]
    fn attributes_are_told_in_a_few_words() {
        let object = Value::Object(vec![
            ("plan".into(), node(Value::Text("gold".into()))),
            ("score".into(), node(Value::Number("21".into()))),
            ("deep".into(), node(Value::List(vec![node(Value::Bool(true)), node(Value::Null)]))),
        ]);
        assert_eq!(brief(&object, true), "plan=gold score=21 deep=[true, null]");
    }
}
