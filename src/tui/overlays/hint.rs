//! Keys that are named on the screen, to be pressed by pointing at them.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;
use ratatui::style::Style;

use crate::tui::keymap::{Chord, Sequence};
use crate::tui::theme::Theme;

/// The key that is named there, in a line of hints at the bottom of a box: ` Enter do  Esc close `. Its word counts as
/// well as the key itself.
pub fn hinted(drawn: &Buffer, theme: &Theme, to: Position) -> Option<Hinted> {
    let area = drawn.area;
    if !area.contains(to) {
        return None;
    }
    let set = &theme.symbols.border;
    let cell = |x: u16| &drawn[(x, to.y)];
    let is_key = |x: u16| wears(cell(x), theme.key);
    // A border may be drawn in the same style.
    let is_hint = |x: u16| wears(cell(x), theme.dim) && cell(x).symbol() != set.horizontal_bottom;
    // Only a box's last line holds hints; in a list, keys are told and not offered.
    (area.x..=to.x).rev().find(|x| cell(*x).symbol() == set.bottom_left)?;
    let key = (area.x..=to.x).rev().take_while(|x| is_key(*x) || is_hint(*x)).find(|x| is_key(*x))?;
    let from = (area.x..=key).rev().take_while(|x| is_key(*x)).last()?;
    let run: Vec<u16> = (from..area.right()).take_while(|x| is_key(*x)).collect();
    let text: String = run.iter().map(|x| cell(*x).symbol()).collect();
    // Of several keys the one that is pointed at, or else the first.
    let within = usize::from(to.x - from);
    let mut begin = 0;
    let mut words = Vec::new();
    for word in text.split(' ') {
        let end = begin + word.chars().count();
        words.push((begin..end, word));
        begin = end + 1;
    }
    let pointed = words.iter().find(|(place, _)| place.contains(&within));
    let (_, word) = pointed.or_else(|| words.iter().find(|(_, word)| !word.is_empty()))?;
    Some(Hinted { one: word.parse().ok()?, all: text.parse().ok()? })
}

/// The keys of a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hinted {
    /// The one that is pointed at, or else the first.
    pub one: Chord,
    /// All of them: some are pressed one after the other, such as `y y`, others are the same as each other.
    pub all: Sequence,
}

/// Whether a cell was drawn in a style.
fn wears(cell: &Cell, style: Style) -> bool {
    let cell = cell.style();
    let default = ratatui::style::Color::Reset;
    cell.fg.unwrap_or(default) == style.fg.unwrap_or(default)
        && cell.bg.unwrap_or(default) == style.bg.unwrap_or(default)
        && cell.add_modifier == style.add_modifier
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::action::Context;
    use crate::tui::keymap::Keymap;
    use crate::tui::overlays::{hints, inlay};
    use crate::tui::theme::ThemeChoice;
    use ratatui::layout::Rect;

    #[test]
    fn what_stands_at_the_bottom_is_what_is_pressed() {
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            for ascii in [false, true] {
                let theme = Theme::new(choice, ascii);
                let area = Rect::new(0, 0, 100, 1);
                let mut buf = Buffer::empty(area);
                let set = &theme.symbols.border;
                for x in 0..100 {
                    let symbol = if x == 0 { set.bottom_left } else { set.horizontal_bottom };
                    buf[(x, 0)].set_symbol(symbol).set_style(theme.border);
                }
                let line = hints(&Keymap::default(), Context::Builder, Some("cancel"), &theme, 97);
                inlay(&line, 1, 0, 97, &mut buf);
                let text: Vec<String> = buf.content.iter().map(|cell| cell.symbol().to_owned()).collect();
                let text = text.concat();
                let at = |words: &str| {
                    let byte = text.find(words).unwrap_or_else(|| panic!("{words} in {text}"));
                    text[..byte].chars().count() as u16
                };
                let press =
                    |x: u16| hinted(&buf, &theme, Position { x, y: 0 }).map(|keys| keys.one.to_string());
                assert_eq!(press(at("Ctrl-R")), Some("Ctrl-R".into()), "{choice:?} {ascii} {text}");
                assert_eq!(press(at("run") + 1), Some("Ctrl-R".into()));
                assert_eq!(press(at("cancel")), Some("Esc".into()));
                assert_eq!(press(at(": commands")), Some(":".into()));
                assert_eq!([press(0), press(99), press(200)], [None, None, None], "{choice:?} {ascii}");
                for x in 0..100 {
                    let _ = hinted(&buf, &theme, Position { x, y: 1 });
                }
            }
        }
    }
}
