//! Text over several lines.

use unicode_segmentation::UnicodeSegmentation;

use super::text::width;

/// Lines of a text, made one after the other, so that only those that are seen cost anything.
#[derive(Clone, Debug)]
pub struct Wrapped<'a> {
    rest: &'a str,
    columns: usize,
    first: bool,
}

/// Cuts clean text into lines of at most `columns`, at blanks where there are some. At least one line.
pub fn wrap(text: &str, columns: usize) -> Wrapped<'_> {
    Wrapped { rest: text, columns: columns.max(2), first: true }
}

impl<'a> Iterator for Wrapped<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return std::mem::take(&mut self.first).then_some("");
        }
        self.first = false;
        let mut used = 0;
        let mut blank = None;
        for (at, grapheme) in self.rest.grapheme_indices(true) {
            if grapheme == "\n" {
                let line = &self.rest[..at];
                self.rest = &self.rest[at + 1..];
                return Some(line);
            }
            let wide = width(grapheme);
            if used + wide > self.columns {
                // A blank in the first half is too early: the rest is cut where it stands.
                let (end, next) = match blank {
                    Some((end, columns)) if grapheme != " " && columns * 2 >= self.columns => (end, end + 1),
                    _ if grapheme == " " => (at, at + 1),
                    _ => (at.max(1), at.max(1)),
                };
                let line = &self.rest[..end];
                self.rest = &self.rest[next..];
                return Some(line);
            }
            if grapheme == " " {
                blank = Some((at, used));
            }
            used += wide;
        }
        Some(std::mem::take(&mut self.rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_break_at_blanks_or_where_they_must() {
        let lines = |text, columns| wrap(text, columns).collect::<Vec<_>>();
        assert_eq!(lines("a filter that is long", 9), ["a filter", "that is", "long"]);
        assert_eq!(lines("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(lines("a bcdefghijk", 8), ["a bcdefg", "hijk"]);
        assert_eq!(lines("one\ntwo", 9), ["one", "two"]);
        assert_eq!(lines("東京都", 5), ["東京", "都"]);
        assert_eq!(lines("", 5), [""]);
    }

    proptest! {
        #[test]
        fn nothing_but_blanks_and_breaks_is_lost(text in "[a-d 東\\n]{0,40}", columns in 2_usize..12) {
            let lines: Vec<_> = wrap(&text, columns).collect();
            prop_assert!(lines.iter().all(|line| width(line) <= columns), "{lines:?}");
            let kept = |text: &str| text.replace([' ', '\n'], "");
            prop_assert_eq!(kept(&lines.concat()), kept(&text));
        }
    }
}
