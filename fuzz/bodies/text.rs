//! Text from outside: what is shown drives no terminal and misleads no eye, what is kept is kept as it was.

use cxlens::engine::pipeline::json;
use cxlens::engine::text::{Untrusted, clean, clean_lines, fit, is_dangerous};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Marks on one character, and no more.
const MARKS: usize = 4;

pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let shown = clean(&text);
    harmless(&shown);
    assert_eq!(clean(&shown), shown, "cleaning twice changes nothing");
    // A mark in place of a character is at most ten bytes.
    assert!(shown.len() <= 10 * text.len() + 32);
    let kept = Untrusted::from(text.as_ref());
    assert_eq!(kept.raw(), text);
    assert_eq!(kept.to_string(), shown);
    harmless(&format!("{kept:>20} {kept:?}"));

    let block = clean_lines(&text);
    assert_eq!(block.matches('\n').count(), text.lines().count().saturating_sub(1));
    block.lines().for_each(harmless);

    for width in [0, 1, 2, 7, 80] {
        let fitted = fit(&shown, width);
        assert!(fitted.width() <= width, "{fitted:?} in {width}");
        harmless(&fitted);
    }

    let mut quoted = String::new();
    json::text(&mut quoted, &text);
    assert!(!quoted.chars().any(json::must_escape), "{quoted:?}");
    let back: String = serde_json::from_str(&quoted).expect("JSON");
    assert_eq!(back, text);
}

fn harmless(shown: &str) {
    // Some are named here too: a list is not to be trusted by itself.
    let turns = |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e01ef}');
    assert!(!shown.chars().any(|c| c.is_control() || turns(c) || is_dangerous(c)), "{shown:?}");
    let mut marks = 0;
    for c in shown.chars() {
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        assert!(marks <= MARKS, "a tower in {shown:?}");
    }
    for grapheme in shown.graphemes(true) {
        assert!(grapheme.len() <= 4096, "a grapheme without end");
    }
}
