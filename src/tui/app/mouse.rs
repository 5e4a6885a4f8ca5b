//! The mouse: where it points decides what is meant, never which pane has the keys.
//!
//! | | |
//! | --- | --- |
//! | click | the pane has the keys and its cursor is there; the head of a column sorts, a box is ticked, a tab opens |
//! | twice | as Enter there |
//! | on a hint | as the key that it names |
//! | wheel | what lies under the pointer scrolls |
//! | drag | the line between panes moves |

use std::time::Duration;

use crossterm::event::{KeyCode, MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tokio::time::Instant;

use super::{App, Moment, Turn};
use crate::tui::action::{Action, Context};
use crate::tui::ctx::{Effect, Focus};
use crate::tui::keymap::Meaning;
use crate::tui::layout::Split;
use crate::tui::overlays::{Hinted, Overlay, hinted};
use crate::tui::panes::profiles::Spot;

/// Rows that a notch of the wheel is worth.
const NOTCH: usize = 3;
/// Two clicks within this are one that is meant twice.
const TWICE: Duration = Duration::from_millis(400);
/// What a box in the matrix takes.
const BOX: u16 = 3;

/// What is remembered from one event of the mouse to the next.
#[derive(Debug)]
pub(super) struct Mouse {
    /// Whether the terminal tells us of it.
    on: bool,
    /// The line that is being dragged.
    dragged: Option<Split>,
    /// The last click.
    click: Option<(Position, Instant)>,
}

impl Mouse {
    pub(super) fn new(on: bool) -> Self {
        Self { on, dragged: None, click: None }
    }
}

impl App {
    /// The mouse did something. `real`: when, as the machine tells time.
    pub fn mouse(&mut self, event: MouseEvent, at: Moment, real: Instant) -> Turn {
        if let Some(turn) = self.point_at_frozen(event.kind) {
            return turn;
        }
        let turn = self.pointed(event, at, real);
        // What a click discloses is recorded as what a key does.
        self.recorded(turn)
    }

    fn pointed(&mut self, event: MouseEvent, at: Moment, real: Instant) -> Turn {
        let to = Position { x: event.column, y: event.row };
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let twice = self.mouse.click.is_some_and(|(place, when)| {
                    place == to && real.saturating_duration_since(when) <= TWICE
                });
                // A third click is the first of another two.
                self.mouse.click = (!twice).then_some((to, real));
                self.mouse.dragged = None;
                let said = self.notice.take().is_some();
                self.read_on();
                self.click(to, twice, at).and(Turn::changed(said))
            }
            MouseEventKind::Drag(MouseButton::Left) => match self.mouse.dragged {
                Some(split) => self.drag(split, to),
                None => Turn::default(),
            },
            MouseEventKind::Up(_) => match self.mouse.dragged.take() {
                Some(_) => self.keep_layout(),
                None => Turn::default(),
            },
            MouseEventKind::ScrollUp => self.wheel(to, false, at),
            MouseEventKind::ScrollDown => self.wheel(to, true, at),
            _ => Turn::default(),
        }
    }

    /// The mouse is ours, or the terminal's again.
    pub(super) fn toggle_mouse(&mut self) -> Turn {
        self.mouse.on = !self.mouse.on;
        let key = self.world.keys.first(Action::Mouse);
        let said = if self.mouse.on {
            "the mouse works here; most terminals select text with Shift held".to_owned()
        } else {
            format!("the mouse is the terminal's, to select text with; {key} takes it back")
        };
        Turn::of(Effect::Mouse(self.mouse.on)).and(self.notice(said))
    }

    fn click(&mut self, to: Position, twice: bool, at: Moment) -> Turn {
        if self.overlay.is_some() {
            return self.click_overlay(to, twice, at);
        }
        let Some(panes) = self.panes() else { return Turn::default() };
        if panes.footer.contains(to) {
            return self.press_hint(to, at);
        }
        let tab = self.activity.spot_at(to, &self.world.ctx(at, panes.activity));
        if let Some(split) = panes.split_at(to).filter(|_| tab.is_none()) {
            self.mouse.dragged = Some(split);
            return Turn::default();
        }
        let Some(pane) = panes.at(to) else { return Turn::default() };
        let focused = self.focus(pane, at);
        // Where something lies may depend on which pane has the keys.
        let area = self.area_of(pane);
        let turn = match pane {
            Focus::Builder if self.looks_at_files() => Turn::default(),
            Focus::Builder => self.click_builder(to, area, twice, at),
            Focus::Profiles => self.click_profiles(to, area, twice, at),
            Focus::Detail => {
                let ctx = self.world.ctx(at, area);
                let Some(spot) = self.detail.spot_at(to, &ctx) else { return focused };
                let outcome = self.detail.go(spot, &ctx);
                let turn = self.settle(outcome, at);
                if twice { turn.and(self.enter(at)) } else { turn }
            }
            Focus::Activity => match tab {
                Some(tab) => {
                    let outcome = self.activity.go(tab);
                    self.settle(outcome, at)
                }
                None if twice => self.enter(at),
                None => Turn::default(),
            },
        };
        focused.and(turn)
    }

    fn click_builder(&mut self, to: Position, area: Rect, twice: bool, at: Moment) -> Turn {
        let ctx = self.world.ctx(at, area);
        let found = self.builder.spots(&ctx).into_iter().find(|(rect, _)| rect.contains(to));
        let Some((rect, spot)) = found else { return Turn::default() };
        let outcome = self.builder.go(spot, &ctx);
        let turn = self.settle(outcome, at);
        if self.context() != Context::Builder {
            return turn;
        }
        if spot.is_field() && to.x < rect.x + BOX {
            turn.and(self.act(Action::Toggle, at))
        } else if twice {
            turn.and(self.act(Action::Edit, at))
        } else {
            turn
        }
    }

    fn click_profiles(&mut self, to: Position, area: Rect, twice: bool, at: Moment) -> Turn {
        let ctx = self.world.ctx(at, area);
        let Some(spot) = self.profiles.spot_at(to, &ctx) else { return Turn::default() };
        let outcome = self.profiles.go(spot, &ctx);
        match spot {
            Spot::Head(_) => {
                let sorted = self.profiles.update(Action::Sort, &ctx);
                self.settle(outcome, at).and(self.settle(sorted, at))
            }
            Spot::Row(_) => {
                let sideways = self.profiles.go_sideways(to, &ctx);
                let turn = self.settle(outcome, at).and(self.settle(sideways, at));
                if twice { turn.and(self.act(Action::Open, at)) } else { turn }
            }
        }
    }

    /// What lies under the pointer scrolls.
    fn wheel(&mut self, to: Position, down: bool, at: Moment) -> Turn {
        let action = if down { Action::Down } else { Action::Up };
        let ctx = self.world.ctx(at, self.world.size);
        if let Some(overlay) = &mut self.overlay {
            // A line of text has lines before it, not below.
            let scrolls = !matches!(overlay, Overlay::Prompt(_));
            let moved = (0..NOTCH).filter(|_| scrolls && overlay.scroll(action, &ctx)).count();
            return Turn::changed(moved > 0);
        }
        let Some((pane, area)) =
            self.panes().and_then(|panes| panes.at(to).map(|pane| (pane, panes.of(pane))))
        else {
            return Turn::default();
        };
        self.read_on();
        let ctx = self.world.ctx(at, area);
        let mut turn = Turn::default();
        match pane {
            Focus::Profiles => {
                let by = NOTCH.cast_signed();
                let outcome = self.profiles.scroll(if down { by } else { -by }, &ctx);
                turn = self.settle(outcome, at);
            }
            Focus::Builder if self.looks_at_files() => {
                for _ in 0..NOTCH {
                    let outcome = self.files.update(action, &self.world.ctx(at, area));
                    turn = turn.and(self.settle(outcome, at));
                }
            }
            Focus::Builder if self.builder.is_editing() => {
                let code = if down { KeyCode::Down } else { KeyCode::Up };
                for _ in 0..NOTCH {
                    let outcome = self.builder.input(code.into(), &self.world.ctx(at, area));
                    turn = turn.and(self.settle(outcome, at));
                }
            }
            Focus::Builder => {
                let outcome = self.builder.update(action, &ctx);
                turn = self.settle(outcome, at);
            }
            Focus::Detail | Focus::Activity => {
                for _ in 0..NOTCH {
                    let ctx = self.world.ctx(at, area);
                    let outcome = match pane {
                        Focus::Detail => self.detail.update(action, &ctx),
                        _ => self.activity.update(action, &ctx),
                    };
                    turn = turn.and(self.settle(outcome, at));
                }
            }
        }
        turn
    }

    /// A hint at the bottom is pressed, or what a list shows is chosen: once to go there, twice to do it.
    fn click_overlay(&mut self, to: Position, twice: bool, at: Moment) -> Turn {
        let drawn = self.overlay_alone(at);
        if let Some(keys) = hinted(&drawn, &self.world.theme, to) {
            return self.press_hinted(&keys, at);
        }
        let Some(cursor) = self.cursor_line(&drawn) else { return Turn::default() };
        let (action, back, lines) = if to.y < cursor {
            (Action::Up, Action::Down, cursor - to.y)
        } else {
            (Action::Down, Action::Up, to.y - cursor)
        };
        let ctx = self.world.ctx(at, self.world.size);
        let moved = match &mut self.overlay {
            Some(overlay) => (0..lines).filter(|_| overlay.scroll(action, &ctx)).count(),
            None => 0,
        };
        // What was pointed at is no line of the list, unless its cursor is there now.
        if self.cursor_line(&self.overlay_alone(at)) != Some(to.y) {
            let ctx = self.world.ctx(at, self.world.size);
            if let Some(overlay) = &mut self.overlay {
                for _ in 0..moved {
                    overlay.scroll(back, &ctx);
                }
            }
            return Turn::default();
        }
        if twice { self.enter(at) } else { Turn::changed(moved > 0) }
    }

    /// The overlay as it is drawn, with nothing behind it.
    fn overlay_alone(&self, at: Moment) -> Buffer {
        let mut buf = Buffer::empty(self.world.size);
        if let Some(overlay) = &self.overlay {
            overlay.view(&self.world.ctx(at, self.world.size), self.world.size, &mut buf);
        }
        buf
    }

    /// The line that a list's cursor is on.
    fn cursor_line(&self, drawn: &Buffer) -> Option<u16> {
        let symbol = self.world.theme.symbols.cursor;
        let style = self.world.theme.accent;
        let is_cursor = |at: &usize| {
            let cell = &drawn.content[*at];
            cell.symbol() == symbol && cell.style().fg == style.fg.or(cell.style().fg)
        };
        let at = (0..drawn.content.len()).find(is_cursor)?;
        Some(drawn.pos_of(at).1)
    }

    fn press_hint(&mut self, to: Position, at: Moment) -> Turn {
        let mut drawn = Buffer::empty(self.world.size);
        self.footer(Rect { y: to.y, height: 1, ..self.world.size }, &mut drawn);
        match hinted(&drawn, &self.world.theme, to) {
            Some(keys) => self.press_hinted(&keys, at),
            None => Turn::default(),
        }
    }

    fn press_hinted(&mut self, keys: &Hinted, at: Moment) -> Turn {
        let together = self.world.keys.meaning(self.context(), keys.all.chords());
        if !matches!(together, Meaning::Does(_)) {
            return self.key(keys.one.event(), at);
        }
        let mut turn = Turn::default();
        for key in keys.all.chords() {
            turn = turn.and(self.key(key.event(), at));
        }
        turn
    }

    fn enter(&mut self, at: Moment) -> Turn {
        self.key(KeyCode::Enter.into(), at)
    }
}
