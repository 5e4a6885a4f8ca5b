//! Text from outside: one type, made once on the way in.
//!
//! ```text
//! reply, file, header ──► Untrusted ──► Display / shown()   visible marks, safe on any terminal
//!                                  └──► raw()               the true value: export, copy, compare
//! ```
//!
//! What a terminal might act on (control characters, bidirectional overrides, zero-width and tag
//! characters, towers of combining marks) is *shown*, never sent. See contract "Payload".

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Combining marks that one base character may carry on the screen.
const MAX_MARKS: usize = 4;

/// A piece of text that somebody else wrote.
///
/// It has no `Deref` to `str`: a caller says which of its two faces it wants.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Untrusted(Box<str>);

impl Untrusted {
    /// Takes text as it was received.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The true value, for exports, copies and comparisons; never for a terminal or a log.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The value with everything dangerous made visible; one line, safe to print.
    pub fn shown(&self) -> Cow<'_, str> {
        clean(&self.0)
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown())
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.shown())
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Makes text safe for a terminal: one line, every dangerous character a visible mark.
///
/// Borrowed when there was nothing to mend, which is nearly always.
pub fn clean(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut marks = 0_usize;
    for c in text.chars() {
        if is_combining(c) {
            marks += 1;
            if marks <= MAX_MARKS {
                out.push(c);
            }
            continue;
        }
        close_marks(&mut out, &mut marks);
        push_visible(&mut out, c);
    }
    close_marks(&mut out, &mut marks);
    Cow::Owned(out)
}

/// Whether there is nothing to mend: [`clean`] gives back the text as it is.
pub fn is_clean(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7f).contains(&b)) || !needs_cleaning(text)
}

/// Like [`clean`], but keeps line breaks: for bodies and messages that are shown as a block.
pub fn clean_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| clean(&line.replace('\t', "    ")).into_owned()).collect();
    lines.join("\n")
}

/// Cuts text to at most `width` columns, ending in `…` where something was left out.
///
/// Counts display columns by grapheme, so that wide characters and emoji never overflow.
pub fn fit(text: &str, width: usize) -> Cow<'_, str> {
    // A column is at least a byte wide in ASCII; anything else is measured.
    if text.len() <= width && text.is_ascii() || text.width() <= width {
        return Cow::Borrowed(text);
    }
    if width == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut end = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        let columns = grapheme.width();
        if used + columns > width - 1 {
            break;
        }
        used += columns;
        end = at + grapheme.len();
    }
    Cow::Owned(format!("{}…", &text[..end]))
}

fn close_marks(out: &mut String, marks: &mut usize) {
    if *marks > MAX_MARKS {
        // Writing to a String cannot fail.
        let _ = write!(out, "‹+{} marks›", *marks - MAX_MARKS);
    }
    *marks = 0;
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\0'..='\x1f' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('␀')),
        '\x7f' => out.push('␡'),
        // A presentation selector only picks a glyph; terminals disagree on the width it gives.
        '\u{fe00}'..='\u{fe0f}' => {}
        _ if is_dangerous(c) => {
            let _ = write!(out, "‹{:04X}›", u32::from(c));
        }
        _ => out.push(c),
    }
}

fn needs_cleaning(text: &str) -> bool {
    let mut marks = 0_usize;
    text.chars().any(|c| {
        marks = if is_combining(c) { marks + 1 } else { 0 };
        marks > MAX_MARKS || is_dangerous(c)
    })
}

/// Zero-width characters that belong to the character before them.
fn is_combining(c: char) -> bool {
    c >= '\u{300}' && !is_dangerous(c) && unicode_width::UnicodeWidthChar::width(c) == Some(0)
}

/// Whether a terminal, or the eye, could be misled by this character.
pub fn is_dangerous(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'            // C0, DEL, C1
        | '\u{ad}'                                   // soft hyphen
        | '\u{34f}' | '\u{61c}'                      // grapheme joiner, Arabic letter mark
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
        | '\u{17b4}' | '\u{17b5}' | '\u{17d8}'        // Khmer: inherent vowels; a sign of one column or of three
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'                    // zero-width, direction marks
        | '\u{2028}'..='\u{202e}'                    // separators, bidi embeddings and overrides
        | '\u{2060}'..='\u{206f}'                    // joiners, bidi isolates, deprecated
        | '\u{fe00}'..='\u{fe0f}'                    // variation selectors
        | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{70f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' // format controls of scripts and music
        | '\u{e000}'..='\u{f8ff}'                    // private use: any glyph at all
        | '\u{e0000}'..='\u{e0fff}'                  // tags, selectors
        | '\u{f0000}'..='\u{10ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(clean("Ada Byron"), Cow::Borrowed(_)));
        assert!(matches!(clean("Zoë 東京 🙂"), Cow::Borrowed(_)));
    }

    #[test]
    fn control_sequences_become_visible_marks() {
        assert_eq!(clean("a\x1b[2Jb"), "a␛[2Jb");
        assert_eq!(clean("\u{9b}31m"), "‹009B›31m");
        assert_eq!(clean("x\r\n\ty\x7f"), "x␍␊␉y␡");
        assert_eq!(clean("abc\u{202e}txt.exe"), "abc‹202E›txt.exe");
        assert_eq!(clean("pass\u{200b}word"), "pass‹200B›word");
    }

    #[test]
    fn a_tower_of_marks_is_cut_and_counted() {
        let tower = format!("e{}!", "\u{301}".repeat(1_000));
        assert_eq!(clean(&tower), format!("e{}‹+996 marks›!", "\u{301}".repeat(4)));
    }

    #[test]
    fn fit_counts_columns_not_bytes() {
        assert_eq!(fit("東京タワー", 5), "東京…");
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
        assert_eq!(fit("abcd", 0), "");
        assert_eq!(fit("Zoë", 3), "Zoë");
    }

    proptest! {
        #[test]
        fn what_is_shown_holds_nothing_dangerous(text in "\\PC{0,40}|[\\x00-\\x1f\\x7f-\\u{9f}\\u{202a}-\\u{202e}a-z]{0,40}") {
            let shown = clean(&text).into_owned();
            prop_assert!(!shown.chars().any(is_dangerous), "{shown:?}");
            let again = clean(&shown).into_owned();
            prop_assert_eq!(&again, &shown);
        }

        #[test]
        fn what_fits_fits(text in "\\PC{0,30}", width in 0_usize..20) {
            prop_assert!(fit(&clean(&text), width).width() <= width);
        }
    }
}
