//! Where the time of a run went: parts that add up to what it took.
//!
//! Requests go side by side, so that their times add up to more than the run's. The time in which any of them was under
//! way is shared out by what they did in it together; the rest is told as time in which nothing was.
//!
//! ```text
//!  request 1  limit──────server──
//!  request 2     limit──────server──
//!                                          limit─server─
//!  the run    └─ limit 12/18, server 6/18 ─┘ idle └─ … ─┘
//! ```

use std::time::Duration;

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr as _;

use crate::engine::event::{Exchange, Phases, RateSource, RetryReason, Summary};
use crate::engine::query::QueryId;
use crate::tui::ctx::Ctx;
use crate::tui::figures;

/// Stretches of time that are told apart; where there are more, the oldest gap counts as nothing.
const STRETCHES: usize = 64;
/// A part below this share of the whole is not worth a word.
const WORTH_A_WORD: f64 = 0.08;

/// What a run's time went into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Behind the rate limit, or a window that a 429 closed.
    Limit,
    /// Waiting for one of the places side by side.
    Queue,
    /// Waiting for a token.
    Token,
    /// Waiting for a connection.
    Connect,
    /// From sending to the first byte of the answer.
    Server,
    /// Reading the body.
    Reading,
    /// Making rows of it.
    Rows,
    /// Waiting to try again after a fault.
    Backoff,
    /// Nothing was under way: a pause, answers from the cache, the screen.
    Idle,
}

impl Part {
    /// All of them, in the order in which a request goes through them.
    pub const ALL: [Self; 9] = [
        Self::Limit,
        Self::Queue,
        Self::Token,
        Self::Connect,
        Self::Server,
        Self::Reading,
        Self::Rows,
        Self::Backoff,
        Self::Idle,
    ];

    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Queue => "queue",
            Self::Token => "token",
            Self::Connect => "connecting",
            Self::Server => "server",
            Self::Reading => "reading",
            Self::Rows => "rows",
            Self::Backoff => "backoff",
            Self::Idle => "idle",
        }
    }

    /// Of one exchange.
    pub fn of(self, phases: &Phases) -> Duration {
        match self {
            Self::Limit => phases.limit,
            Self::Queue => phases.queue,
            Self::Token => phases.token,
            Self::Connect => phases.connect,
            Self::Server => phases.first_byte,
            Self::Reading => phases.body,
            Self::Rows => phases.processing(),
            Self::Backoff | Self::Idle => Duration::ZERO,
        }
    }
}

/// Where a run's time went so far.
#[derive(Clone, Debug)]
pub struct Spent {
    id: QueryId,
    started: Timestamp,
    /// The end of what is known.
    until: Timestamp,
    /// Once it is over: how long it took.
    elapsed: Option<Duration>,
    sums: [Duration; Part::ALL.len()],
    /// When something was under way: apart from each other and in order, in microseconds since it started.
    stretches: Vec<(i64, i64)>,
    /// The rate that was kept to, and where it comes from.
    rate: Option<(f64, RateSource)>,
    throttled: u32,
    /// The longest that the server took for an answer, and for what.
    slowest: Option<(Duration, String)>,
}

impl Spent {
    /// A run that begins.
    pub fn new(id: QueryId, started: Timestamp) -> Self {
        Self {
            id,
            started,
            until: started,
            elapsed: None,
            sums: [Duration::ZERO; Part::ALL.len()],
            stretches: Vec::new(),
            rate: None,
            throttled: 0,
            slowest: None,
        }
    }

    /// Whose it is.
    pub fn id(&self) -> QueryId {
        self.id
    }

    /// One of its exchanges is over.
    pub fn exchange(&mut self, exchange: &Exchange, ctx: &Ctx<'_>) {
        let phases = &exchange.phases;
        for (part, sum) in Part::ALL.iter().zip(&mut self.sums) {
            *sum += part.of(phases);
        }
        let since = micros_between(self.started, exchange.at);
        let from = since - micros(phases.waiting());
        let mut to = since + micros(phases.connect + phases.server() + phases.processing());
        // After a 429 the gate is waited for, which is the next attempt's; a fault's own wait is nobody's.
        if let Some(retry) = &exchange.retry
            && retry.because == RetryReason::Backoff
            && !exchange.is_throttled()
        {
            self.sums[Part::Backoff as usize] += retry.after;
            to += micros(retry.after);
        }
        self.cover(from.max(0), to);
        self.until = self.until.max(ctx.wall);
        self.throttled += u32::from(exchange.is_throttled());
        if let Some(limits) = ctx.limits
            && let Some(rate) = limits.rate
        {
            self.rate = Some((rate, limits.source));
        }
        if self.slowest.as_ref().is_none_or(|(longest, _)| *longest < phases.server()) {
            self.slowest = Some((phases.server(), exchange.label.clone()));
        }
    }

    /// It is over.
    pub fn finished(&mut self, summary: &Summary) {
        self.elapsed = Some(summary.elapsed);
    }

    fn cover(&mut self, from: i64, to: i64) {
        let (from, to) = (from, to.max(from));
        let first = self.stretches.partition_point(|(_, end)| *end < from);
        let last = self.stretches.partition_point(|(begin, _)| *begin <= to);
        let mut whole = (from, to);
        for (begin, end) in self.stretches.drain(first..last) {
            whole = (whole.0.min(begin), whole.1.max(end));
        }
        self.stretches.insert(first, whole);
        if self.stretches.len() > STRETCHES {
            let (_, end) = self.stretches.remove(1);
            self.stretches[0].1 = end;
        }
    }

    /// How long it took, or has taken up to the last exchange.
    pub fn elapsed(&self) -> Duration {
        let so_far =
            Duration::from_micros(u64::try_from(micros_between(self.started, self.until)).unwrap_or(0));
        self.elapsed.unwrap_or(so_far)
    }

    /// The parts, the largest first, without those that took nothing. They add up to [`elapsed`](Self::elapsed).
    pub fn parts(&self) -> Vec<(Part, Duration)> {
        let elapsed = self.elapsed().as_secs_f64();
        let covered: i64 = self.stretches.iter().map(|(from, to)| to - from).sum();
        let covered = (covered as f64 / 1e6).min(elapsed);
        let all = self.sums.iter().sum::<Duration>().as_secs_f64();
        let mut left = elapsed;
        let mut parts = Vec::new();
        for (part, sum) in Part::ALL.into_iter().zip(&self.sums) {
            let share = if all > 0.0 { covered * sum.as_secs_f64() / all } else { 0.0 };
            let took = if part == Part::Idle { left } else { share.min(left) };
            left -= took;
            // Less than a figure would show.
            if took >= 0.000_05 {
                parts.push((part, Duration::from_secs_f64(took)));
            }
        }
        parts.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
        parts
    }

    /// In words: `run 3: of 21 s, 17 s behind the learned limit of 10 requests/s, 3.2 s at the server`. In as many
    /// columns as there are, with less said rather than something cut.
    pub fn words(&self, columns: usize) -> String {
        let ways = [(3, false), (2, false), (3, true), (2, true), (1, false)];
        let fitting =
            ways.into_iter().map(|(most, brief)| self.told(most, brief)).find(|said| said.width() <= columns);
        fitting.unwrap_or_else(|| self.told(1, true))
    }

    /// With so many parts at most, and with less said of each where it is to be brief.
    fn told(&self, most: usize, brief: bool) -> String {
        let elapsed = self.elapsed();
        let parts = self.parts();
        let worth = |took: &Duration| took.as_secs_f64() >= elapsed.as_secs_f64() * WORTH_A_WORD;
        let told: Vec<_> = parts
            .iter()
            .enumerate()
            .filter(|(i, (_, took))| *i == 0 || *i < most && worth(took))
            .map(|(_, (part, took))| format!("{} {}", figures::span(*took), self.phrase(*part, brief)))
            .collect();
        let so_far = if self.elapsed.is_some() { "" } else { " so far" };
        if told.is_empty() {
            return format!("run {}: nothing was asked{so_far}", self.id.0);
        }
        format!("run {}: of {}{so_far}, {}", self.id.0, figures::span(elapsed), told.join(", "))
    }

    /// What can be done about it, where there is something.
    pub fn advice(&self, ctx: &Ctx<'_>) -> Option<String> {
        use crate::tui::action::Action;
        let (largest, _) = *self.parts().first()?;
        let source = self.rate.map(|(_, source)| source);
        match largest {
            Part::Limit if source == Some(RateSource::Configured) => {
                Some(format!("the limit is yours: {} raises it", ctx.keys.first(Action::Faster)))
            }
            Part::Limit => Some("the service allows no more".to_owned()),
            Part::Queue => Some(format!("{} asks for more at once", ctx.keys.first(Action::MoreAtOnce))),
            Part::Server => {
                let (longest, label) = self.slowest.as_ref()?;
                Some(format!("slowest: {label}, {}", figures::span(*longest)))
            }
            _ => None,
        }
    }

    fn phrase(&self, part: Part, brief: bool) -> String {
        match part {
            Part::Limit => {
                let whose = match self.rate.map(|(_, source)| source) {
                    Some(RateSource::Configured) => "your limit",
                    Some(RateSource::Announced) => "the announced limit",
                    Some(RateSource::Learned) => "the learned limit",
                    Some(RateSource::Unknown) | None => "the limit",
                };
                let limit = match self.rate {
                    Some((rate, _)) if brief => format!("the limit of {}/s", figures::rate(rate)),
                    Some((rate, _)) => format!("{whose} of {} requests/s", figures::rate(rate)),
                    None => whose.to_owned(),
                };
                match self.throttled {
                    0 => format!("behind {limit}"),
                    refused => format!("behind 429s ({}) and {limit}", figures::count(refused.into())),
                }
            }
            Part::Queue => "in the queue".to_owned(),
            Part::Token => "for a token".to_owned(),
            Part::Connect => "connecting".to_owned(),
            Part::Server => "at the server".to_owned(),
            Part::Reading => "reading replies".to_owned(),
            Part::Rows => "making rows of them".to_owned(),
            Part::Backoff => "waiting to try again".to_owned(),
            Part::Idle => "with nothing under way".to_owned(),
        }
    }
}

fn micros(d: Duration) -> i64 {
    i64::try_from(d.as_micros()).unwrap_or(i64::MAX / 4)
}

fn micros_between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_microsecond() - from.as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::Status;
    use crate::tui::ctx::fixture::World;
    use crate::tui::events;
    use crate::tui::theme::ThemeChoice;
    use ratatui::layout::Rect;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn after(at: Timestamp, d: Duration) -> Timestamp {
        at + jiff::SignedDuration::try_from(d).unwrap()
    }

    /// Five side by side, each `waited` behind the limit and then `server` at the server, over and over.
    fn run(world: &mut World, cycles: u64, waited: u64, server: u64) -> Spent {
        let begin = world.wall;
        let mut spent = Spent::new(QueryId(3), begin);
        for cycle in 0..cycles {
            for n in 0..5 {
                let sent = ms(cycle * (waited + server) + waited);
                let phases = Phases { limit: ms(waited), first_byte: ms(server), ..Phases::default() };
                let exchange =
                    Exchange { at: after(begin, sent), phases, ..events::exchange(cycle * 5 + n, 200, 0) };
                world.wall = after(begin, sent + ms(server));
                spent.exchange(&exchange, &world.ctx(Rect::default()));
            }
        }
        spent
    }

    #[test]
    fn parts_add_up_to_what_the_run_took() {
        let mut world = World::new(ThemeChoice::Plain);
        world.limits = Some(events::limits(world.now));
        let mut spent = run(&mut world, 40, 400, 100);
        assert_eq!(spent.elapsed(), Duration::from_secs(20));
        spent.finished(&Summary { elapsed: Duration::from_secs(21), ..Summary::of(Status::Success, 1) });
        let parts = spent.parts();
        let sum: Duration = parts.iter().map(|(_, took)| *took).sum();
        assert!(sum.abs_diff(Duration::from_secs(21)) < Duration::from_micros(10), "{parts:?}");
        let rounded: Vec<_> = parts.iter().map(|(part, took)| (*part, took.as_secs_f64().round())).collect();
        assert_eq!(rounded, [(Part::Limit, 16.0), (Part::Server, 4.0), (Part::Idle, 1.0)]);
        assert_eq!(
            spent.words(200),
            "run 3: of 21 s, 16 s behind the announced limit of 10 requests/s, 4.0 s at the server"
        );
    }

    #[test]
    fn a_long_request_that_ends_last_fills_the_time_before_it() {
        let world = World::new(ThemeChoice::Plain);
        let mut spent = Spent::new(QueryId(1), world.wall);
        for (from, to) in [(0, 1_000), (5_000, 6_000), (500, 5_500)] {
            spent.cover(from, to);
        }
        assert_eq!(spent.stretches, [(0, 6_000)]);
        for n in 0..1_000 {
            spent.cover(10_000 + n * 10, 10_001 + n * 10);
        }
        assert!(spent.stretches.len() <= STRETCHES);
    }

    #[test]
    fn waits_after_a_fault_and_a_pause_are_told() {
        use crate::engine::event::{Outcome, Retry};
        let world = World::new(ThemeChoice::Plain);
        let mut spent = Spent::new(QueryId(1), world.wall);
        let fault = Exchange {
            outcome: Outcome::Broken("the connection was reset".into()),
            retry: Some(Retry { after: Duration::from_secs(3), because: RetryReason::Backoff }),
            phases: Phases { first_byte: ms(1_000), ..Phases::default() },
            at: world.wall,
            ..events::exchange(1, 200, 0)
        };
        spent.exchange(&fault, &world.ctx(Rect::default()));
        spent.finished(&Summary { elapsed: Duration::from_secs(10), ..Summary::of(Status::Success, 1) });
        assert_eq!(
            spent.words(200),
            "run 1: of 10 s, 6.0 s with nothing under way, 3.0 s waiting to try again, 1.0 s at the server"
        );
    }
}
