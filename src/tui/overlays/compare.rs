//! Two profiles beside each other: what one has and the other has not, and what differs, by path.
//!
//! ```text
//! ┌ Compare  4 differ, 9 the same ─────────────────────────┐
//! │   path                 PROF-0000001     PROF-0000002   │
//! │▌~ first_name           Ada              Grace          │
//! │ - attributes.vip       true                            │
//! │ + tags                                  beta           │
//! │ first_name: Ada → Grace                                │
//! └ n next  O all  y copy  Esc close ──────────────────────┘
//! ```

mod pairs;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use self::pairs::{Mark, Pair};
use crate::engine::pipeline::profile::Profile;
use crate::engine::text::fit;
use crate::rows::Mask;
use crate::tui::action::{Action, Context};
use crate::tui::ctx::Ctx;
use crate::tui::theme::Theme;
use crate::tui::widgets::{gist, moved, put_clean, width, wrap};

/// Columns of the window at most.
const WIDEST: u16 = 160;
/// From this width on, the two stand beside each other.
const BESIDE: u16 = 64;
/// Lines in which what is under the cursor is told whole.
const TOLD: u16 = 3;

/// The open comparison.
#[derive(Debug)]
pub struct Compare {
    names: [String; 2],
    pairs: Vec<Pair>,
    /// Whether what is the same is shown too.
    all: bool,
    /// The pairs that are shown.
    shown: Vec<usize>,
    /// Which of the shown is under the cursor.
    at: usize,
}

impl Compare {
    /// Of two profiles, as processed. The names tell them apart.
    pub fn new(names: [String; 2], left: &Profile, right: &Profile, mask: &Mask) -> Self {
        let pairs = pairs::pairs(left, right, mask);
        let mut compare = Self { names, pairs, all: false, shown: Vec::new(), at: 0 };
        compare.choose(None);
        compare
    }

    /// Which pairs are shown; the cursor goes to one of them, or near it.
    fn choose(&mut self, pair: Option<usize>) {
        let all = self.all;
        let is_shown = |pair: &Pair| all || pair.mark != Mark::Same;
        self.shown = (0..self.pairs.len()).filter(|at| is_shown(&self.pairs[*at])).collect();
        let last = self.shown.len().saturating_sub(1);
        self.at = pair.map_or(0, |pair| self.shown.partition_point(|shown| *shown < pair)).min(last);
    }

    fn pair(&self) -> Option<&Pair> {
        self.shown.get(self.at).map(|at| &self.pairs[*at])
    }

    fn differing(&self) -> usize {
        self.pairs.iter().filter(|pair| pair.mark != Mark::Same).count()
    }

    /// Moves, goes to the next difference, shows all or only what differs; says whether anything changed.
    pub fn select(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        let before = (self.at, self.all);
        let last = self.shown.len().saturating_sub(1);
        let differs = |at: &usize| self.pairs[self.shown[*at]].mark != Mark::Same;
        match action {
            Action::OnlyChanged => {
                self.all = !self.all;
                self.choose(self.shown.get(self.at).copied());
            }
            Action::SearchNext => self.at = (self.at + 1..self.shown.len()).find(differs).unwrap_or(self.at),
            Action::SearchPrevious => self.at = (0..self.at).rev().find(differs).unwrap_or(self.at),
            _ => self.at = moved(action, self.at, usize::from(ctx.area.height / 2).max(2) - 1, last),
        }
        before != (self.at, self.all)
    }

    /// What is under the cursor: the path and the true values, with tabs between them.
    pub fn line(&self) -> Option<String> {
        self.pair().map(Pair::line)
    }

    /// All that differs, a line each, below the names.
    pub fn lines(&self) -> String {
        let differing = self.pairs.iter().filter(|pair| pair.mark != Mark::Same).map(Pair::line);
        let heading = format!("path\t{}\t{}", self.names[0], self.names[1]);
        std::iter::once(heading).chain(differing).collect::<Vec<_>>().join("\n")
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let beside = area.width.min(WIDEST).saturating_sub(4) >= BESIDE;
        let needed = self.shown.len().max(1) * if beside { 1 } else { 2 };
        let height = (needed + 4 + usize::from(TOLD)).min(usize::from(area.height.saturating_sub(2))) as u16;
        let place = super::centred(area, area.width.saturating_sub(2).min(WIDEST), height);
        let (differ, all) = (self.differing(), self.pairs.len());
        let title = match differ {
            0 => "Compare  all the same".to_owned(),
            1 => format!("Compare  1 differs, {} the same", all - 1),
            _ => format!("Compare  {differ} differ, {} the same", all - differ),
        };
        let room = place.width.saturating_sub(3);
        let hints = super::hints(ctx.keys, Context::Compare, Some("close"), theme, room);
        let inside = super::window(ctx, &title, &hints, place, theme.border_focused, buf);
        if inside.height < 3 || inside.width < 12 {
            return;
        }
        let told = TOLD.min(inside.height.saturating_sub(4));
        let list = Rect { y: inside.y + 1, height: inside.height - 1 - told, ..inside };
        let columns = Columns::of(self, inside.width, beside);
        self.heading(theme, &columns, inside, buf);
        if self.shown.is_empty() {
            let said = "As processed, the two are the same in all that was asked for.";
            put_clean(buf, list.x, list.y, list.width, said, theme.good);
            return;
        }
        let rows = usize::from(list.height) / columns.rows();
        let top = (self.at + 1).saturating_sub(rows.max(1));
        for (i, at) in self.shown.iter().enumerate().skip(top).take(rows) {
            let y = list.y + ((i - top) * columns.rows()) as u16;
            draw(theme, &columns, &self.pairs[*at], i == self.at, Rect { y, ..list }, buf);
        }
        super::more(top > 0, top + rows < self.shown.len(), ctx, list, buf);
        if let Some(pair) = self.pair() {
            let text = pair.told(arrow(theme));
            for (y, line) in (list.bottom()..inside.bottom()).zip(wrap(&text, inside.width.into())) {
                put_clean(buf, inside.x, y, inside.width, line, theme.text);
            }
        }
    }

    fn heading(&self, theme: &Theme, columns: &Columns, inside: Rect, buf: &mut Buffer) {
        let name = |side: usize, room: u16| fit(&gist(&self.names[side], room), room.into()).into_owned();
        let y = inside.y;
        if let Some([left, right]) = columns.sides {
            put_clean(buf, inside.x + 4, y, columns.path, "path", theme.heading);
            put_clean(buf, inside.x + left, y, columns.value, &name(0, columns.value), theme.heading);
            put_clean(buf, inside.x + right, y, columns.value, &name(1, columns.value), theme.heading);
        } else {
            let half = inside.width / 2 - 2;
            let both = format!("{} {} {}", name(0, half), arrow(theme), name(1, half));
            put_clean(buf, inside.x + 2, y, inside.width - 2, &both, theme.heading);
        }
    }
}

fn draw(theme: &Theme, columns: &Columns, pair: &Pair, here: bool, place: Rect, buf: &mut Buffer) {
    let (mark, style) = match pair.mark {
        Mark::Same => (" ", theme.dim),
        Mark::Differs => (theme.symbols.changed, theme.changed),
        Mark::Left => ("-", theme.bad),
        Mark::Right => ("+", theme.good),
    };
    let over = if here { theme.selected } else { Style::new() };
    let (x, y) = (place.x, place.y);
    if here {
        put_clean(buf, x, y, 1, theme.symbols.cursor, theme.accent);
    }
    put_clean(buf, x + 1, y, 2, mark, style);
    put_clean(buf, x + 3, y, columns.path + 1, &gist(&pair.path, columns.path), theme.label.patch(over));
    let value = |side: usize| -> (String, Style) {
        let text = gist(&pair.shown[side], place.width).into_owned();
        let absent = pair.is_absent(side);
        let style = if absent {
            theme.absent
        } else if pair.mark == Mark::Same {
            theme.dim
        } else {
            theme.text
        };
        (text, style)
    };
    let ((left, left_style), (right, right_style)) = (value(0), value(1));
    if let Some([at_left, at_right]) = columns.sides {
        put_clean(buf, x + at_left, y, columns.value, &left, left_style);
        put_clean(buf, x + at_right, y, columns.value, &right, right_style);
        return;
    }
    let arrow = format!(" {} ", arrow(theme));
    let half = place.width.saturating_sub(5 + width(&arrow) as u16) / 2;
    let y = y + 1;
    let mut at = x + 5;
    at += put_clean(buf, at, y, half.min(width(&left) as u16), &left, left_style);
    at += put_clean(buf, at, y, width(&arrow) as u16, &arrow, theme.dim);
    put_clean(buf, at, y, place.right().saturating_sub(at), &right, right_style);
}

fn arrow(theme: &Theme) -> &'static str {
    if theme.symbols.border.vertical_left == "|" { "->" } else { "→" }
}

/// Where things stand in a row.
struct Columns {
    path: u16,
    value: u16,
    /// Where the two values begin; `None`: they stand on a line of their own.
    sides: Option<[u16; 2]>,
}

impl Columns {
    fn of(compare: &Compare, room: u16, beside: bool) -> Self {
        if !beside {
            return Self { path: room.saturating_sub(4), value: room, sides: None };
        }
        let paths = compare.shown.iter().map(|at| width(&compare.pairs[*at].path) as u16);
        let path = paths.max().unwrap_or(0).clamp(8, room * 2 / 5);
        let left = 4 + path + 2;
        let value = room.saturating_sub(left + 2) / 2;
        Self { path, value, sides: Some([left, left + value + 2]) }
    }

    /// Lines that a row takes.
    fn rows(&self) -> usize {
        if self.sides.is_some() { 1 } else { 2 }
    }
}

#[cfg(test)]
mod tests;
