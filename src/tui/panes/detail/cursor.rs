//! Moving over lines of items that wrap: every step looks at the next item alone.

use super::Detail;
use super::lines;

/// A line on the screen: an item, and which of its lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) item: usize,
    pub(super) row: usize,
}

impl Detail {
    /// The item after this one that is not folded away.
    pub(super) fn after(&self, item: usize) -> Option<usize> {
        let here = self.items.get(item)?;
        let next = item + 1 + if here.folded { here.below } else { 0 };
        (next < self.items.len()).then_some(next)
    }

    /// The item before this one that is not folded away.
    fn before(&self, item: usize) -> Option<usize> {
        let mut before = item.checked_sub(1)?;
        // What holds it may be folded, and what holds that; the outermost fold is what is seen.
        let mut depth = self.items[before].depth;
        let mut at = before;
        while depth > 0 {
            at = match self.items[..at].iter().rposition(|item| item.depth < depth) {
                Some(at) => at,
                None => break,
            };
            depth = self.items[at].depth;
            if self.items[at].folded && at + self.items[at].below >= before {
                before = at;
            }
        }
        Some(before)
    }

    fn rows(&self, item: usize, width: u16) -> usize {
        self.items.get(item).map_or(1, |it| lines::rows(it, self.room(width)))
    }

    pub(super) fn next_line(&self, line: Line, width: u16) -> Option<Line> {
        if line.row + 1 < self.rows(line.item, width) {
            return Some(Line { row: line.row + 1, ..line });
        }
        self.after(line.item).map(|item| Line { item, row: 0 })
    }

    fn previous_line(&self, line: Line, width: u16) -> Option<Line> {
        if line.row > 0 {
            return Some(Line { row: line.row - 1, ..line });
        }
        self.before(line.item).map(|item| Line { item, row: self.rows(item, width) - 1 })
    }

    pub(super) fn last_line(&self, width: u16) -> Line {
        let item = self.before(self.items.len()).unwrap_or(0);
        Line { item, row: self.rows(item, width).saturating_sub(1) }
    }

    /// Moves the cursor by lines.
    pub(super) fn step(&mut self, down: bool, lines: usize, width: u16) {
        self.cursor.row = self.cursor.row.min(self.rows(self.cursor.item, width).saturating_sub(1));
        for _ in 0..lines {
            let next = if down {
                self.next_line(self.cursor, width)
            } else {
                self.previous_line(self.cursor, width)
            };
            match next {
                Some(line) => self.cursor = line,
                None => break,
            }
        }
    }

    /// The first line to draw, so that the cursor is seen in a body of this size.
    pub(super) fn top_for(&self, width: u16, height: usize) -> Line {
        let last = |item| self.rows(item, width).saturating_sub(1);
        let cursor = Line { row: self.cursor.row.min(last(self.cursor.item)), ..self.cursor };
        let mut top = Line { row: self.top.row.min(last(self.top.item)), ..self.top };
        top = top.min(cursor);
        // As far above the cursor as there is room.
        let mut highest = cursor;
        for _ in 1..height {
            match self.previous_line(highest, width) {
                Some(line) if line >= top => highest = line,
                _ => break,
            }
        }
        top = top.max(highest);
        // Nothing is left empty below the end as long as there is something above.
        let mut line = top;
        for free in (0..height.saturating_sub(1)).rev() {
            if let Some(next) = self.next_line(line, width) {
                line = next;
                continue;
            }
            for _ in 0..=free {
                match self.previous_line(top, width) {
                    Some(above) => top = above,
                    None => break,
                }
            }
            break;
        }
        top
    }
}
