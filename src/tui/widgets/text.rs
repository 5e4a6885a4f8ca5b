//! Text into cells, a grapheme at a time, never wider than its place.
//!
//! A place is filled to its end: what stood there before is gone, and a wide character that would be cut in
//! half leaves a blank. Clusters on whose width terminals disagree (a skin tone on an emoji) are drawn as their
//! first character, which all of them give the same width.

use std::borrow::Cow;

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use crate::engine::text::{clean, is_clean};

/// Bytes that are looked at for each column wanted.
const BYTES_A_COLUMN: usize = 16;
/// What stands in the cell under the second half of a wide character. It looks like a blank but differs from
/// one, so that a blank drawn here later is sent: where a cluster is made of two narrow characters, a terminal
/// keeps the second unless told.
const HIDDEN: &str = "\u{a0}";

/// Writes text into one line of `columns` cells, cleaned, cut with `…` and padded; gives the columns that the
/// text took. Takes time by the width, not by the length of the text.
pub fn put(buf: &mut Buffer, x: u16, y: u16, columns: u16, text: &str, style: Style) -> u16 {
    put_clean(buf, x, y, columns, &gist(text, columns), style)
}

/// The part of a text that can matter for a line of so many columns, cleaned; longer than the line where
/// there was more.
pub fn gist(text: &str, columns: u16) -> Cow<'_, str> {
    let most = (usize::from(columns) + 1) * BYTES_A_COLUMN;
    if text.len() <= most {
        return clean(text);
    }
    let mut head = clean(&text[..text.floor_char_boundary(most)]).into_owned();
    head.push('…');
    Cow::Owned(head)
}

/// Like [`put`], for text that is ours or cleaned already.
pub fn put_clean(buf: &mut Buffer, x: u16, y: u16, columns: u16, text: &str, style: Style) -> u16 {
    let area = buf.area;
    if y < area.y || y >= area.bottom() || x < area.x || x >= area.right() || columns == 0 {
        return 0;
    }
    let columns = columns.min(area.right() - x);
    let fits = !exceeds(text, columns);
    let most = if fits { columns } else { columns - 1 };
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let (symbol, wide) = drawn(grapheme);
        if wide == 0 {
            continue;
        }
        if used + wide > most {
            break;
        }
        cell(buf, x + used, y, symbol, style);
        for rest in 1..wide {
            cell(buf, x + used + rest, y, HIDDEN, style);
        }
        used += wide;
    }
    if !fits {
        cell(buf, x + used, y, "…", style);
        used += 1;
    }
    for at in used..columns {
        cell(buf, x + at, y, " ", style);
    }
    used
}

/// Fills an area with blanks in a style.
pub fn blank(buf: &mut Buffer, area: Rect, style: Style) {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            cell(buf, x, y, " ", style);
        }
    }
}

/// The columns that [`put_clean`] takes for a text with room enough.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(|grapheme| usize::from(drawn(grapheme).1)).sum()
}

/// Where the end of a text begins that takes so many columns at most.
pub fn tail(text: &str, columns: usize) -> usize {
    let (mut from, mut left) = (text.len(), columns);
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        let wide = usize::from(drawn(grapheme).1);
        if wide > left {
            break;
        }
        (from, left) = (at, left - wide);
    }
    from
}

/// Makes visible what somebody else's widget may have drawn and a terminal may act on, and says in how many cells. A
/// cell keeps its width: the character is replaced by a mark, not spelled out.
pub fn scrub(buf: &mut Buffer, area: Rect) -> usize {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return 0;
    }
    let mut scrubbed = 0;
    for y in area.top()..area.bottom() {
        let line = buf.index_of(area.left(), y);
        if buf.content[line..][..usize::from(area.width)].iter().all(|cell| is_harmless(cell.symbol())) {
            continue;
        }
        for x in area.left()..area.right() {
            let symbol = buf[(x, y)].symbol();
            if is_harmless(symbol) {
                continue;
            }
            scrubbed += 1;
            if symbol.cell_width() == 2 && x + 1 < area.right() {
                buf[(x, y)].set_symbol("‹");
                buf[(x + 1, y)].set_symbol("›");
            } else {
                buf[(x, y)].set_symbol("�");
            }
        }
    }
    scrubbed
}

/// Whether a cell may be sent: nearly all of them hold a character of ASCII, or a piece of a box or a bar.
fn is_harmless(symbol: &str) -> bool {
    match symbol.as_bytes() {
        [byte] => (0x20..0x7f).contains(byte),
        // U+2500 to U+25BF
        [0xe2, 0x94..=0x96, _] => true,
        _ => is_clean(symbol),
    }
}

/// What is drawn for a grapheme, and its columns.
fn drawn(grapheme: &str) -> (&str, u16) {
    if grapheme.len() == 1 {
        return (grapheme, 1);
    }
    let wide = grapheme.cell_width();
    let apart: usize = grapheme.chars().map(|c| c.width().unwrap_or(0)).sum();
    if usize::from(wide) >= apart && wide <= 2 {
        return (grapheme, wide);
    }
    let first = grapheme.chars().next().map_or(0, char::len_utf8);
    let first = &grapheme[..first];
    match first.cell_width() {
        wide @ 0..=2 => (first, wide),
        // No terminal has characters that wide.
        _ => ("�", 1),
    }
}

/// Whether a text is wider than this; looks no further than needed.
fn exceeds(text: &str, columns: u16) -> bool {
    let mut used = 0_u16;
    text.graphemes(true).any(|grapheme| {
        used += drawn(grapheme).1;
        used > columns
    })
}

fn cell(buf: &mut Buffer, x: u16, y: u16, symbol: &str, style: Style) {
    let cell = &mut buf[(x, y)];
    cell.reset();
    cell.set_symbol(symbol).set_style(style);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::buffer::Cell;

    fn line(columns: u16, text: &str) -> (String, u16) {
        let mut buf = Buffer::filled(Rect::new(0, 0, columns + 2, 1), Cell::from('#'));
        let used = put(&mut buf, 1, 0, columns, text, Style::new());
        let symbols: String = (0..columns + 2).map(|x| buf[(x, 0)].symbol().to_owned()).collect();
        (symbols, used)
    }

    #[test]
    fn text_is_cleaned_cut_and_padded() {
        assert_eq!(line(6, "abc"), ("#abc   #".into(), 3));
        assert_eq!(line(3, "abcd"), ("#ab…#".into(), 3));
        assert_eq!(line(8, "a\x1b[1m"), ("#a␛[1m   #".into(), 5));
        assert_eq!(line(0, "abc"), ("##".into(), 0));
    }

    #[test]
    fn a_wide_character_is_never_cut_in_half() {
        // Of three columns the first character takes two; the second does not fit beside the mark.
        assert_eq!(line(4, "東京都"), ("#東\u{a0}… #".into(), 3));
        assert_eq!(line(5, "東京都"), ("#東\u{a0}京\u{a0}…#".into(), 5));
        assert_eq!(line(4, "東京"), ("#東\u{a0}京\u{a0}#".into(), 4));
    }

    #[test]
    fn clusters_of_disputed_width_are_drawn_as_their_first_character() {
        let (said, used) = line(6, "👍🏽x");
        assert_eq!((said.as_str(), used), ("#👍\u{a0}x   #", 3));
        let (said, _) = line(6, "e\u{301}x");
        assert_eq!(said, "#e\u{301}x    #");
    }

    #[test]
    fn what_a_cluster_of_two_narrow_characters_leaves_behind_is_drawn_over() {
        let area = Rect::new(0, 0, 4, 1);
        let (mut before, mut after) = (Buffer::empty(area), Buffer::empty(area));
        // Thai and Tamil, each a consonant and a vowel of a column of its own.
        for cluster in ["นำ", "தி", "東"] {
            put(&mut before, 0, 0, 4, cluster, Style::new());
            put(&mut after, 0, 0, 4, "a", Style::new());
            let drawn: Vec<_> =
                before.diff(&after).into_iter().map(|(x, _, cell)| (x, cell.symbol())).collect();
            assert_eq!(drawn, [(0, "a"), (1, " ")], "{cluster}");
        }
    }

    #[test]
    fn no_character_takes_more_than_two_columns() {
        let mut one = [0; 4];
        for c in ('\0'..=char::MAX).filter(|c| !c.is_control()) {
            let (symbol, wide) = drawn(c.encode_utf8(&mut one));
            assert!(wide <= 2 && symbol.cell_width() <= 2, "{:04X}", u32::from(c));
        }
        assert_eq!(line(8, "៘"), ("#‹17D8›  #".into(), 6));
    }

    #[test]
    fn outside_of_the_buffer_nothing_happens() {
        let mut buf = Buffer::empty(Rect::new(2, 2, 4, 2));
        for (x, y) in [(0, 2), (2, 0), (6, 2), (2, 4)] {
            assert_eq!(put(&mut buf, x, y, 4, "abc", Style::new()), 0);
        }
        assert_eq!(put(&mut buf, 5, 2, 9, "abc", Style::new()), 1);
    }

    #[test]
    fn what_others_drew_is_made_visible() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 3, 1));
        buf[(1, 0)].set_symbol("a\u{202e}");
        scrub(&mut buf, Rect::new(0, 0, 3, 1));
        assert_eq!(buf[(1, 0)].symbol(), "�");
    }

    proptest! {
        #[test]
        fn the_neighbours_stay_what_they_were(text in "\\PC{0,40}|[\\x00-\\x1f\\u{300}-\\u{310}\\u{ff9e}東🙂a-z]{0,40}", columns in 0_u16..20) {
            let mut buf = Buffer::filled(Rect::new(0, 0, columns + 2, 1), Cell::from('#'));
            let used = put(&mut buf, 1, 0, columns, &text, Style::new());
            prop_assert!(used <= columns);
            prop_assert_eq!(buf[(0, 0)].symbol(), "#");
            prop_assert_eq!(buf[(columns + 1, 0)].symbol(), "#");
            // No cell reaches into a place that is not its own: what is drawn adds up to the columns.
            let mut x = 1;
            while x <= columns {
                let wide = buf[(x, 0)].symbol().cell_width().max(1);
                prop_assert!(wide <= 2 && x + wide <= columns + 1, "{:?} at {}", buf[(x, 0)].symbol(), x);
                x += wide;
            }
        }

        #[test]
        fn the_tail_is_as_much_of_the_end_as_fits(text in "[a東é\u{301}]{0,12}", columns in 0_usize..12) {
            let from = tail(&text, columns);
            prop_assert!(width(&text[from..]) <= columns);
            let before = text[..from].graphemes(true).next_back().map_or(0, str::len);
            prop_assert!(before == 0 || width(&text[from - before..]) > columns);
        }

        #[test]
        fn the_width_is_what_is_drawn(text in "\\PC{0,12}") {
            let text = clean(&text).into_owned();
            let (_, used) = line(60, &text);
            prop_assume!(width(&text) <= 60);
            prop_assert_eq!(usize::from(used), width(&text));
        }
    }
}
