//! A reply's body as lines: JSON on several lines and in colours, anything else as it came; and the search in it.

use std::borrow::Cow;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::engine::text::clean;
use crate::export::pretty;
use crate::rows::Mask;
use crate::tui::theme::Theme;
use crate::tui::widgets::{width, wrap};

/// Bytes of a body that are shown; all that is kept can be copied.
const SHOWN: usize = 64 * 1024;

/// A body as it is shown.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// Clean, one a line of the body.
    lines: Vec<String>,
    is_json: bool,
    /// Bytes that are kept and not shown.
    hidden: usize,
}

impl Body {
    /// Makes lines of a body as it was kept.
    pub(super) fn new(raw: &str, mask: &Mask) -> Self {
        // All of it: half a JSON is none, and of what is none nobody can tell what is to be masked. Without a head, since
        // blank lines in the body are the body's.
        let all =
            if mask.is_on() { mask.reply(&format!("\n\n{raw}")).into_owned().into() } else { Cow::from(raw) };
        let text = &all[..all.floor_char_boundary(SHOWN)];
        let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
        let hidden = all.len() - text.len();
        let text = if is_json { pretty(text) } else { text.to_owned() };
        let lines = text.lines().map(|line| clean(&line.replace('\t', "    ")).into_owned()).collect();
        Self { lines, is_json, hidden }
    }

    /// Bytes that are kept and not shown.
    pub(super) fn hidden(&self) -> usize {
        self.hidden
    }

    /// The rows that it takes in so many columns: each a line's number, and whether it is the line's first.
    pub(super) fn rows(&self, columns: usize) -> Vec<(usize, String, bool)> {
        let mut rows = Vec::with_capacity(self.lines.len());
        for (number, line) in self.lines.iter().enumerate() {
            if width(line) <= columns {
                rows.push((number, line.clone(), true));
                continue;
            }
            let parts = wrap(line, columns).enumerate();
            rows.extend(parts.map(|(n, part)| (number, part.to_owned(), n == 0)));
        }
        rows
    }

    /// The lines in which a text is found, whatever the case of its letters.
    pub(super) fn find(&self, wanted: &str) -> Vec<usize> {
        let wanted = wanted.to_lowercase();
        if wanted.is_empty() {
            return Vec::new();
        }
        let found = self.lines.iter().enumerate().filter(|(_, line)| line.to_lowercase().contains(&wanted));
        found.map(|(number, _)| number).collect()
    }

    /// A row in its colours.
    pub(super) fn styled(&self, row: &str, is_first: bool, theme: &Theme) -> Line<'static> {
        if !self.is_json {
            return Line::styled(row.to_owned(), theme.text);
        }
        if !is_first {
            return Line::styled(row.to_owned(), theme.string);
        }
        let indent = row.len() - row.trim_start().len();
        let mut spans = vec![Span::raw(row[..indent].to_owned())];
        let mut rest = &row[indent..];
        if rest.starts_with('"')
            && let Some(end) = end_of_text(rest)
            && rest[end..].starts_with(':')
        {
            spans.push(Span::styled(rest[..=end].to_owned(), theme.label));
            rest = &rest[end + 1..];
        }
        spans.push(Span::styled(rest.to_owned(), style_of(rest.trim_start(), theme)));
        Line::from(spans)
    }
}

/// Where a quoted text ends, its last quote included.
fn end_of_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return Some(at + 1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

fn style_of(value: &str, theme: &Theme) -> Style {
    match value.chars().next() {
        Some('"') => theme.string,
        Some('0'..='9' | '-') => theme.number,
        Some('t' | 'f') => theme.boolean,
        Some('n') => theme.absent,
        _ => theme.text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{Theme, ThemeChoice};
    use proptest::prelude::*;

    #[test]
    fn json_stands_on_several_lines_with_its_digits_as_they_came() {
        let body = Body::new(
            r#"{"items":[{"id":"P1","score":1.10,"on":true,"x":null}],"total":1}"#,
            &Mask::default(),
        );
        assert_eq!(body.lines[3], "      \"id\": \"P1\",");
        assert_eq!(body.find("SCORE"), [4]);
        assert_eq!(body.find("1.10"), [4]);
        let theme = Theme::new(ThemeChoice::Dark, false);
        let line = body.styled(&body.lines[4], true, &theme);
        assert_eq!((line.spans[1].style, line.spans[2].style), (theme.label, theme.number), "{line:?}");
    }

    #[test]
    fn what_is_long_is_cut_and_what_is_no_json_stays() {
        let body = Body::new(&"x".repeat(SHOWN + 7), &Mask::default());
        assert_eq!((body.hidden(), body.lines.len()), (7, 1));
        assert_eq!(
            Body::new("<h1>Bad\x1b[2J</h1>\n\tgateway", &Mask::default()).lines,
            ["<h1>Bad␛[2J</h1>", "    gateway"]
        );
    }

    proptest! {
        #[test]
        fn any_body_is_drawn(raw in "[\\PC\\x00-\\x1f]{0,80}|[{}\\[\\]\",:a\\\\]{0,60}", columns in 1_usize..30) {
            let theme = Theme::new(ThemeChoice::Plain, false);
            let body = Body::new(&raw, &Mask::default());
            for (_, row, first) in body.rows(columns) {
                prop_assert_eq!(body.styled(&row, first, &theme).to_string(), row);
            }
        }
    }
}
