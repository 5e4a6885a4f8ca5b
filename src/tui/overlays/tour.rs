//! A step of the first tour: a small box beside what it explains, which takes no key.
//!
//! ```text
//! ┌ 1 of 5  A query, ready to run ───┐
//! │ What is asked for stands on the  │
//! │ left. Ctrl-R runs it.            │
//! └ Esc ends the tour ───────────────┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::tui::action::Action;
use crate::tui::ctx::Ctx;
use crate::tui::layout::Panes;
use crate::tui::widgets::wrap;

/// Columns of a box at most, borders included.
const WIDTH: u16 = 40;
/// Columns of the table that a box leaves to be seen: the IDs.
const LEFT: u16 = 17;

/// One step.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What the box is called.
    title: &'static str,
    /// What it tells; `{}` stands for the keys of `names`, one after the other.
    text: &'static str,
    names: &'static [Action],
    /// Doing one of these leads to the next step.
    pub does: &'static [Action],
    /// Beside what it lies.
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Right of the query.
    Builder,
    /// At the lower right of the table, where it hides least of the rows.
    Table,
    /// Over the footer.
    Footer,
    /// Over the activity pane.
    Activity,
}

/// The tour.
pub const STEPS: &[Step] = &[
    Step {
        title: "A query, ready to run",
        text: "What is asked for stands on the left; below it, what that takes. {} runs it.",
        names: &[Action::Run],
        does: &[Action::Run],
        place: Place::Builder,
    },
    Step {
        title: "Rows",
        text: "They come page by page. Arrows move, also now; {} opens the profile under the cursor.",
        names: &[Action::Open],
        does: &[Action::Open],
        place: Place::Table,
    },
    Step {
        title: "Finding somebody",
        text: "{} finds a person by an e-mail address, a phone number, an ID or a name. {} searches what is here.",
        names: &[Action::Find, Action::Search],
        does: &[Action::Find, Action::Search],
        place: Place::Table,
    },
    Step {
        title: "Commands and help",
        text: "{} finds everything that can be done by its name; {} tells the keys of where you are.",
        names: &[Action::Palette, Action::Help],
        does: &[Action::Palette, Action::Help],
        place: Place::Footer,
    },
    Step {
        title: "What goes on",
        text: "Below: finished runs, latency, limits, every request. {} to {} choose; {} is the limits.",
        names: &[Action::TabAudit, Action::TabLog, Action::TabLimits],
        does: &[Action::TabAudit, Action::TabLatency, Action::TabLimits, Action::TabLog],
        place: Place::Activity,
    },
];

impl Step {
    /// The text with the keys in force, in pieces: text and keys in turns.
    fn said(&self, ctx: &Ctx<'_>) -> String {
        let mut said = String::new();
        let mut names = self.names.iter();
        for (at, part) in self.text.split("{}").enumerate() {
            if at > 0
                && let Some(action) = names.next()
            {
                said.push_str(&ctx.keys.first(*action));
            }
            said.push_str(part);
        }
        said
    }
}

/// Draws a step where it belongs.
pub fn view(ctx: &Ctx<'_>, at: usize, panes: &Panes, buf: &mut Buffer) {
    let Some(step) = STEPS.get(at) else { return };
    let theme = ctx.theme;
    let beside = panes.activity.right().saturating_sub(panes.builder.right() + LEFT);
    let width = beside.clamp(24, WIDTH);
    let said = step.said(ctx);
    let lines: Vec<_> = wrap(&said, usize::from(width.saturating_sub(4))).collect();
    let height = lines.len() as u16 + 2;
    let right = panes.activity.right().saturating_sub(width + 2);
    let (x, bottom) = match step.place {
        Place::Builder => (panes.builder.right() + 1, panes.builder.bottom().saturating_sub(1)),
        Place::Table => (right, panes.activity.y.saturating_sub(1)),
        Place::Footer => (right, panes.footer.y),
        Place::Activity => (right, panes.activity.y),
    };
    let place = Rect { x, y: bottom.saturating_sub(height), width, height };
    let close = ctx.keys.first(Action::Close);
    let hints = Line::from(vec![
        Span::styled(format!(" {close}"), theme.key),
        Span::styled(" ends the tour ", theme.dim),
    ]);
    let title = format!("{} of {}  {}", at + 1, STEPS.len(), step.title);
    let inside = super::window(ctx, &title, &hints, place, theme.accent, buf);
    let keys: Vec<String> = step.names.iter().map(|action| ctx.keys.first(*action)).collect();
    let lines: Vec<_> = lines.iter().map(|line| marked(line, &keys, ctx)).collect();
    super::draw_lines(&lines, 0, ctx, inside, buf);
}

/// A line whose words that are keys look like keys.
fn marked(line: &str, keys: &[String], ctx: &Ctx<'_>) -> Line<'static> {
    let words = line.split_inclusive(' ').map(|word| {
        let is_key = keys.iter().any(|key| key == word.trim_end());
        Span::styled(word.to_owned(), if is_key { ctx.theme.key } else { ctx.theme.text })
    });
    debug_assert!(line.width() <= usize::from(WIDTH));
    Line::from(words.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::ctx::Focus;
    use crate::tui::ctx::fixture::World;
    use crate::tui::layout::Arrangement;
    use crate::tui::theme::ThemeChoice;

    fn drawn(at: usize, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
        let world = World::new(choice);
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buf = Buffer::empty(area);
        if let Some(panes) = Arrangement::usual(Focus::Builder, false).layout(area) {
            view(&world.ctx(area), at, &panes, &mut buf);
        }
        buf
    }

    #[test]
    fn every_step_in_every_theme_and_size() {
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(0, choice, (80, 24)));
        }
        for at in 0..=STEPS.len() {
            for size in [(60, 16), (80, 24), (200, 50), (300, 100)] {
                let text: String = drawn(at, ThemeChoice::Dark, size)
                    .content
                    .iter()
                    .map(ratatui::buffer::Cell::symbol)
                    .collect();
                assert_eq!(text.contains("ends the tour"), at < STEPS.len(), "{at} {size:?}");
            }
        }
    }
}
