//! A picture that stands still while rows and figures go on coming.

use crossterm::event::{KeyCode, KeyEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use super::{App, Moment, Turn};
use crate::engine::text::clean;
use crate::tui::action::{Action, Context};
use crate::tui::keymap::{Chord, Meaning};
use crate::tui::overlays::inlay;

/// The picture, and since when it stands.
#[derive(Debug)]
pub(super) struct Frozen {
    picture: Buffer,
    since: Timestamp,
}

impl App {
    /// Lets the picture stand still as it is now.
    pub(super) fn freeze(&mut self, at: Moment) -> Turn {
        // What is revealed for a while must not stand there for good.
        self.conceal();
        let mut picture = Buffer::empty(self.world.size);
        self.view(at, &mut picture);
        self.frozen = Some(Box::new(Frozen { picture, since: at.wall }));
        Turn::CHANGED
    }

    /// A key while the picture stands still; `None`: it does, or may do, what it always does.
    pub(super) fn press_frozen(&mut self, key: KeyEvent) -> Option<Turn> {
        let since = self.frozen.as_ref()?.since;
        let meaning = self.world.keys.meaning(Context::Profiles, &[Chord::of(key)]);
        match meaning {
            Meaning::Does(Action::Freeze) => self.frozen = None,
            _ if key.code == KeyCode::Esc => self.frozen = None,
            // Whoever wants to leave, or to the shell, is not held up.
            Meaning::Does(Action::Quit | Action::Suspend) => {
                self.frozen = None;
                return None;
            }
            _ => return Some(self.say_frozen(since)),
        }
        Some(Turn::CHANGED)
    }

    /// The mouse while the picture stands still: what is pointed at may be elsewhere by now. `None`: it does not.
    pub(super) fn point_at_frozen(&mut self, kind: MouseEventKind) -> Option<Turn> {
        let since = self.frozen.as_ref()?.since;
        Some(match kind {
            MouseEventKind::Down(_) => self.say_frozen(since),
            _ => Turn::default(),
        })
    }

    fn say_frozen(&mut self, since: Timestamp) -> Turn {
        let (since, freeze) = (self.clock_time(since), self.key_of(Action::Freeze));
        self.notice(format!(
            "the picture stands still since {since}; {freeze} or Esc lets it go on, then keys count again"
        ))
    }

    /// Draws the picture that stands still; `false`: none does.
    pub(super) fn view_frozen(&self, buf: &mut Buffer) -> bool {
        let Some(frozen) = &self.frozen else { return false };
        let theme = &self.world.theme;
        let area = buf.area;
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                buf[(x, y)] = frozen.picture.cell((x, y)).cloned().unwrap_or_default();
            }
        }
        if area.is_empty() {
            return true;
        }
        let said = if let Some(notice) = &self.notice {
            format!(" {} ", clean(notice))
        } else {
            let (since, freeze) = (self.clock_time(frozen.since), self.key_of(Action::Freeze));
            format!(" FROZEN since {since}  {freeze} goes on ")
        };
        let line = Line::from(Span::styled(said, theme.warn));
        let room = area.width.saturating_sub(3);
        inlay(&line, area.x + 1, area.bottom() - 1, room, buf);
        true
    }

    fn clock_time(&self, at: Timestamp) -> String {
        self.world.zone.to_datetime(at).strftime("%H:%M:%S").to_string()
    }
}
