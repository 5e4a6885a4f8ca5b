//! The bounds on how hard the service is pressed, changed while runs go on.

use std::sync::Arc;

use super::{App, Moment, Turn};
use crate::engine::event::{Command, Limits};
use crate::tui::action::Action;
use crate::tui::ctx::{Effect, Focus};
use crate::tui::figures;

/// Requests side by side at most, whoever asks for more.
const MOST_AT_ONCE: u32 = 64;
/// Steps of the rate within a power of ten: each is about a third off the next.
const STEPS: [f64; 5] = [1.0, 2.0, 3.0, 5.0, 7.0];
/// The lowest rate that is offered: a request in ten seconds.
const LOWEST: i32 = -1;
/// Past a thousand a second there is no bound.
const HIGHEST: i32 = 3;
/// From here the steps go down where nothing is known of the service.
const UNKNOWN: f64 = 20.0;

/// Upper bounds of our own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    concurrency: u32,
    rate: Option<f64>,
}

impl Bounds {
    fn of(limits: &Limits) -> Self {
        Self { concurrency: limits.concurrency, rate: limits.configured }
    }

    fn step(self, action: Action, limits: &Limits) -> Self {
        match action {
            Action::MoreAtOnce => Self { concurrency: (self.concurrency + 1).min(MOST_AT_ONCE), ..self },
            Action::FewerAtOnce => Self { concurrency: self.concurrency.saturating_sub(1).max(1), ..self },
            Action::Slower => Self { rate: Some(slower(self.rate, limits)), ..self },
            Action::Faster => Self { rate: self.rate.and_then(|rate| faster(rate, limits)), ..self },
            _ => self,
        }
    }

    fn said(self, action: Action) -> String {
        let at_once = match self.concurrency {
            1 => "one request at a time".to_owned(),
            n => format!("at most {n} requests side by side"),
        };
        match (action, self.rate) {
            (Action::MoreAtOnce | Action::FewerAtOnce, _) => at_once,
            (_, Some(rate)) => format!("at most {} req/s", figures::rate(rate)),
            (_, None) => "no bound of ours on the rate".to_owned(),
        }
    }
}

/// The next step below the bound, or below what is kept to now.
fn slower(rate: Option<f64>, limits: &Limits) -> f64 {
    let pressed = Some(limits.measured).filter(|rate| *rate > 0.0);
    let from = rate.or(limits.rate).or(pressed).unwrap_or(UNKNOWN);
    steps().rev().find(|step| *step < from * 0.999).unwrap_or_else(|| 10_f64.powi(LOWEST))
}

/// The next step above the bound; none where it would bind no more.
fn faster(rate: f64, limits: &Limits) -> Option<f64> {
    let announced = limits.announced.and_then(|a| Some(a.limit? / a.window?.as_secs_f64()));
    let own = [announced, limits.learned].into_iter().flatten().fold(f64::INFINITY, f64::min);
    steps().find(|step| *step > rate * 1.001).filter(|step| *step < own)
}

fn steps() -> impl DoubleEndedIterator<Item = f64> {
    let all = (LOWEST..HIGHEST).flat_map(|power| STEPS.map(|step| step * 10_f64.powi(power)));
    all.chain([10_f64.powi(HIGHEST)])
}

impl App {
    /// Changes a bound by a step, and shows the limits.
    pub(super) fn change_bounds(&mut self, action: Action, at: Moment) -> Turn {
        if self.looks_at_files() {
            return self.nothing_to_bound();
        }
        let Some(limits) = self.world.limits.as_mut() else {
            return self.notice("connecting; the limits are not known yet".to_owned());
        };
        let before = Bounds::of(limits);
        let bounds = before.step(action, limits);
        // Shown at once: the next snapshot may have been taken before the worker hears of it.
        bounds.put_into(Arc::make_mut(limits));
        let ctx = self.world.ctx(at, self.area_of(Focus::Activity));
        let shown = self.activity.update(Action::TabLimits, &ctx);
        let turn = self.notice(bounds.said(action)).and(self.settle(shown, at));
        if bounds == before {
            return turn;
        }
        let known = self.wanted.map_or(before, |(_, known)| known);
        self.wanted = Some((bounds, known));
        let Bounds { concurrency, rate } = bounds;
        let turn = turn.and(Turn::of(Effect::Engine(Command::Bounds { concurrency, rate })));
        // The plan tells the time at the limits as they are now.
        turn.and(self.replan(at))
    }

    /// A snapshot with the bounds that were asked for meanwhile.
    pub(super) fn as_wanted(&mut self, mut limits: Arc<Limits>) -> Arc<Limits> {
        match self.wanted {
            Some((wanted, _)) if wanted == Bounds::of(&limits) => self.wanted = None,
            Some((wanted, _)) => wanted.put_into(Arc::make_mut(&mut limits)),
            None => {}
        }
        limits
    }

    /// The worker did not take what was asked for.
    pub(super) fn bounds_undelivered(&mut self) -> Turn {
        if let (Some((_, known)), Some(limits)) = (self.wanted.take(), self.world.limits.as_mut()) {
            known.put_into(Arc::make_mut(limits));
        }
        self.notice("the background task does not take commands; the bounds are not changed".to_owned())
    }
}

impl Bounds {
    fn put_into(self, limits: &mut Limits) {
        limits.concurrency = self.concurrency;
        limits.configured = self.rate;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::event::Announced;
    use crate::tui::events;

    fn limits(announced: Option<f64>) -> Limits {
        let now = crate::engine::clock::Clock::system().now();
        let per_second = |limit| Announced {
            limit: Some(limit),
            window: Some(Duration::from_secs(1)),
            remaining: None,
            reset: None,
        };
        Limits { rate: announced, announced: announced.map(per_second), measured: 0.0, ..events::limits(now) }
    }

    fn walk(limits: &Limits, from: Option<f64>, actions: &[Action]) -> Vec<Option<f64>> {
        let mut bounds = Bounds { concurrency: 5, rate: from };
        actions
            .iter()
            .map(|action| {
                bounds = bounds.step(*action, limits);
                bounds.rate
            })
            .collect()
    }

    #[test]
    fn the_first_step_down_is_felt_and_the_last_step_up_lifts_the_bound() {
        use Action::{Faster, Slower};
        let announced = limits(Some(10.0));
        let walked = walk(&announced, None, &[Slower, Slower, Faster, Faster, Faster]);
        assert_eq!(walked, [Some(7.0), Some(5.0), Some(7.0), None, None]);
        let odd = limits(Some(8.4));
        assert_eq!(walk(&odd, None, &[Slower, Faster]), [Some(7.0), None]);
    }

    #[test]
    fn where_nothing_is_known_the_steps_go_on() {
        use Action::{Faster, Slower};
        let mut unknown = limits(None);
        assert_eq!(walk(&unknown, None, &[Slower]), [Some(10.0)]);
        unknown.measured = 48.2;
        assert_eq!(walk(&unknown, None, &[Slower]), [Some(30.0)]);
        assert_eq!(walk(&unknown, Some(700.0), &[Faster, Faster]), [Some(1_000.0), None]);
        let low = walk(&unknown, Some(0.3), &[Slower, Slower, Slower]);
        let low: Vec<_> = low.into_iter().flatten().map(|rate| (rate * 100.0).round()).collect();
        assert_eq!(low, [20.0, 10.0, 10.0]);
    }

    #[test]
    fn a_bound_from_the_settings_moves_to_the_nearest_step() {
        use Action::{Faster, Slower};
        let none = limits(None);
        assert_eq!(walk(&none, Some(4.0), &[Faster]), [Some(5.0)]);
        assert_eq!(walk(&none, Some(4.0), &[Slower]), [Some(3.0)]);
    }

    #[test]
    fn concurrency_stays_within_its_bounds() {
        let limits = limits(None);
        let mut bounds = Bounds { concurrency: 2, rate: None };
        for _ in 0..3 {
            bounds = bounds.step(Action::FewerAtOnce, &limits);
        }
        assert_eq!(
            (bounds.concurrency, bounds.said(Action::FewerAtOnce).as_str()),
            (1, "one request at a time")
        );
        for _ in 0..100 {
            bounds = bounds.step(Action::MoreAtOnce, &limits);
        }
        assert_eq!(bounds.concurrency, 64);
    }
}
