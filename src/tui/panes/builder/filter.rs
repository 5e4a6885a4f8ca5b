//! The filter's text in colours, and the place in it that is objected to.
//!
//! A few kinds of words are told apart and nothing more: what the text means is the service's business.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use crate::engine::query::words::{COMPARISONS, JOINTS};
use crate::tui::theme::Theme;
use crate::tui::widgets::{put_clean, width};

/// Values that are words.
const VALUES: &[&str] = &["true", "false", "null"];

fn is_word(word: &str) -> bool {
    JOINTS.contains(&word) || COMPARISONS.contains(&word)
}

/// A style for each character of a filter; `wrong` is the place of one that is objected to.
pub(super) fn styles(text: &str, wrong: Option<usize>, theme: &Theme) -> Vec<Style> {
    let chars: Vec<char> = text.chars().collect();
    let mut styles = vec![theme.text; chars.len()];
    let mut at = 0;
    while at < chars.len() {
        let end = at + piece(&chars[at..]);
        let word: String = chars[at..end].iter().collect();
        let style = match chars[at] {
            '\'' => theme.string,
            c if c.is_ascii_digit() || (c == '-' || c == '+') && end > at + 1 => theme.number,
            _ if is_word(&word.to_ascii_lowercase()) => theme.keyword,
            _ if VALUES.contains(&word.to_ascii_lowercase().as_str()) => theme.boolean,
            _ => theme.text,
        };
        styles[at..end].fill(style);
        at = end;
    }
    if let Some(style) = wrong.and_then(|wrong| styles.get_mut(wrong)) {
        *style = objected(theme);
    }
    styles
}

/// The style of the place that is objected to, seen in any theme and also on a blank.
pub(super) fn objected(theme: &Theme) -> Style {
    theme.bad.add_modifier(Modifier::REVERSED)
}

/// How many characters belong together at the beginning.
fn piece(chars: &[char]) -> usize {
    let while_ = |belongs: fn(char) -> bool| 1 + chars[1..].iter().take_while(|c| belongs(**c)).count();
    match chars[0] {
        '\'' => {
            let mut at = 1;
            while let Some(c) = chars.get(at) {
                at += 1;
                match (c, chars.get(at)) {
                    ('\'', Some('\'')) => at += 1,
                    ('\'', _) => return at,
                    _ => {}
                }
            }
            at
        }
        c if c.is_alphabetic() || c == '_' => while_(|c| c.is_alphanumeric() || matches!(c, '_' | '-')),
        c if c.is_ascii_digit() || c == '-' || c == '+' => {
            while_(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '+'))
        }
        _ => 1,
    }
}

/// Draws a part of a text, each character in its style; gives the columns that it took.
pub(super) fn put_styled(
    buf: &mut Buffer,
    (x, y): (u16, u16),
    room: u16,
    text: &str,
    part: Range<usize>,
    styles: &[Style],
) -> u16 {
    let mut used = 0;
    let first = text[..part.start].chars().count();
    let mut run = String::new();
    let mut chars = text[part].chars().zip(styles.iter().skip(first).copied()).peekable();
    while let Some((c, style)) = chars.next() {
        run.push(c);
        if chars.peek().is_none_or(|(_, next)| *next != style) {
            let columns = (width(&run) as u16).min(room.saturating_sub(used));
            used += put_clean(buf, x + used, y, columns, &run, style);
            run.clear();
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::ThemeChoice;
    use proptest::prelude::*;

    fn told(text: &str) -> String {
        let theme = Theme::new(ThemeChoice::Dark, false);
        let letter = |style: Style| match style {
            s if s == theme.string => 's',
            s if s == theme.number => 'n',
            s if s == theme.keyword => 'k',
            s if s == theme.boolean => 'b',
            s if s == objected(&theme) => '!',
            _ => '.',
        };
        styles(text, None, &theme).into_iter().map(letter).collect()
    }

    #[test]
    fn words_texts_and_numbers_are_told_apart() {
        for (text, kinds) in [
            ("email eq 'O''Brien' and", "......kk.ssssssssss.kkk"),
            ("score gt -1.5 or x", "......kk.nnnn.kk.."),
            ("contains(a.b,'x", "kkkkkkkk.....ss"),
            ("at ge 2026-01-01 EQ null", "...kk.nnnnnnnnnn.kk.bbbb"),
            ("orange not_a a-b", "................"),
        ] {
            assert_eq!(told(text), kinds, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_character_has_one_style(text in any::<String>(), wrong in proptest::option::of(0_usize..20)) {
            let theme = Theme::new(ThemeChoice::Plain, false);
            prop_assert_eq!(styles(&text, wrong, &theme).len(), text.chars().count());
        }
    }
}
