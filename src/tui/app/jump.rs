//! Going to anything on the screen by typing the letters over it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Position, Rect};

use super::{App, Moment, Turn};
use crate::tui::ctx::Focus;
use crate::tui::overlays::Overlay;
use crate::tui::overlays::jump::{Jump, Typed};
use crate::tui::panes::activity::Tab;
use crate::tui::panes::{builder, detail, profiles};

/// What can be gone to.
#[derive(Clone, Copy, Debug)]
enum Target {
    Pane(Focus),
    Builder(builder::Spot),
    Profiles(profiles::Spot),
    Detail(detail::Spot),
    Tab(Tab),
}

impl App {
    /// Puts letters over everything that can be gone to.
    pub(super) fn open_jump(&mut self, at: Moment) -> Turn {
        let places = self.targets(at).into_iter().map(|(place, _)| place).collect();
        self.overlay = Some(Overlay::Jump(Box::new(Jump::new(places))));
        Turn::CHANGED
    }

    /// A key that commands nothing where the user is: text for what lies over the panes.
    pub(super) fn typed_over(&mut self, key: KeyEvent, at: Moment) -> Turn {
        let ctx = self.world.ctx(at, self.world.size);
        let typed = match (&mut self.overlay, key.code) {
            (Some(Overlay::Jump(jump)), KeyCode::Char(letter))
                if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
            {
                jump.letter(letter)
            }
            (overlay, _) => {
                return Turn::changed(overlay.as_mut().is_some_and(|overlay| overlay.input(key, &ctx)));
            }
        };
        match typed {
            Typed::More => Turn::CHANGED,
            // Whoever types past the letters wants to be rid of them.
            Typed::Nothing => {
                self.overlay = None;
                Turn::CHANGED
            }
            Typed::There(number) => {
                self.overlay = None;
                let target = self.targets(at).get(number).map(|(_, target)| *target);
                Turn::CHANGED.and(target.map_or_else(Turn::default, |target| self.go(target, at)))
            }
        }
    }

    fn go(&mut self, target: Target, at: Moment) -> Turn {
        let pane = match target {
            Target::Pane(pane) => pane,
            Target::Builder(_) => Focus::Builder,
            Target::Profiles(_) => Focus::Profiles,
            Target::Detail(_) => Focus::Detail,
            Target::Tab(_) => Focus::Activity,
        };
        let focused = self.focus(pane, at);
        let ctx = self.world.ctx(at, self.area_of(pane));
        let outcome = match target {
            Target::Pane(_) => return focused,
            Target::Builder(spot) => self.builder.go(spot, &ctx),
            Target::Profiles(spot) => self.profiles.go(spot, &ctx),
            Target::Detail(spot) => self.detail.go(spot, &ctx),
            Target::Tab(tab) => self.activity.go(tab),
        };
        focused.and(self.settle(outcome, at))
    }

    /// Everything that can be gone to and where its letters stand, the most usual first.
    fn targets(&self, at: Moment) -> Vec<(Position, Target)> {
        let Some(panes) = self.panes() else { return Vec::new() };
        let mut all = Vec::new();
        for pane in [Focus::Builder, Focus::Profiles, Focus::Detail, Focus::Activity] {
            let area = panes.of(pane);
            if !area.is_empty() {
                all.push((Position { x: area.x + 1, y: area.y }, Target::Pane(pane)));
            }
        }
        let ctx = |area: Rect| self.world.ctx(at, area);
        let corner = |rect: Rect| Position { x: rect.x, y: rect.y };
        let tabs = self.activity.spots(&ctx(panes.activity));
        all.extend(tabs.into_iter().map(|(rect, tab)| (corner(rect), Target::Tab(tab))));
        if !self.looks_at_files() {
            let spots = self.builder.spots(&ctx(panes.builder));
            all.extend(spots.into_iter().map(|(rect, spot)| (corner(rect), Target::Builder(spot))));
        }
        let spots = self.profiles.spots(&ctx(panes.profiles));
        all.extend(spots.into_iter().map(|(rect, spot)| (corner(rect), Target::Profiles(spot))));
        let spots = self.detail.spots(&ctx(panes.detail));
        all.extend(spots.into_iter().map(|(rect, spot)| (corner(rect), Target::Detail(spot))));
        all
    }
}
