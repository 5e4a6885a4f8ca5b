//! What one seed draws: the service, its people and faults, the client's bounds, the runs and when somebody
//! meddles with them. Everything is decided here; playing a plan rolls no dice but the engine's own.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// One simulated session.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Where it was drawn from; also the engine's dice.
    pub(crate) seed: u64,
    /// The queries that are run.
    pub(crate) runs: Vec<Run>,
    /// Requests side by side at most.
    pub(crate) concurrency: u32,
    /// Requests a second at most.
    pub(crate) rate: Option<f64>,
    /// The longest `Retry-After` that is waited out.
    pub(crate) max_wait: Duration,
    /// For one exchange.
    pub(crate) timeout: Duration,
    /// What somebody does meanwhile, by time since the start.
    pub(crate) actions: Vec<(Duration, Action)>,
    /// How long the reader takes for an event.
    pub(crate) reader: Duration,
    /// The service's own limit.
    pub(crate) bucket: Option<Bucket>,
    /// From request to reply, least and most.
    pub(crate) latency: (Duration, Duration),
    /// What tokens are granted.
    pub(crate) token: Life,
    /// What goes wrong with the n-th request for profiles, from 0.
    pub(crate) faults: BTreeMap<u32, Fault>,
    /// What goes wrong with a page of a run: its number, how often, with what.
    pub(crate) sticky: Option<(u32, u32, Fault)>,
    /// What goes wrong with the n-th token request, from 0.
    pub(crate) token_faults: BTreeMap<u32, Fault>,
}

/// One query and what the service has for it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub(crate) struct Run {
    /// When it is started; `None`: when the run before it is over.
    pub(crate) start: Option<Duration>,
    /// How many the service has.
    pub(crate) people: u32,
    /// Asked by IDs: of these the service has `people`, the rest it does not know.
    pub(crate) ids: Option<u32>,
    /// Whether a segment is asked for too.
    pub(crate) segment: bool,
    /// Rows a page.
    pub(crate) page_size: u32,
    /// Rows wanted at most.
    pub(crate) limit: Option<u64>,
    /// Whether the cache may be used.
    pub(crate) cache: bool,
    /// How pages follow each other.
    pub(crate) paging: Paging,
    /// Whether the next page is told relative to the base.
    pub(crate) relative: bool,
    /// Whether a total is told.
    pub(crate) total: bool,
    /// Chance of an empty page before a page.
    pub(crate) empties: f64,
    /// Chance that rows shifted, so that a page begins with rows of the one before.
    pub(crate) shifts: f64,
    /// Chance that a row cannot be read.
    pub(crate) bad: f64,
}

impl Run {
    /// A run in which nothing is odd.
    pub(crate) fn smooth(people: u32, page_size: u32) -> Self {
        Self {
            start: Some(Duration::ZERO),
            people,
            ids: None,
            segment: false,
            page_size,
            limit: None,
            cache: false,
            paging: Paging::Numbered,
            relative: false,
            total: false,
            empties: 0.0,
            shifts: 0.0,
            bad: 0.0,
        }
    }
}

/// How pages follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    /// By number.
    Numbered,
    /// By cursor.
    Cursor,
    /// By number up to this page, then by cursor.
    TurnsAfter(u32),
}

/// What somebody does while runs go on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Action {
    /// Starts a run.
    Start(usize),
    /// Cancels a run.
    Cancel(usize),
    /// Changes the bounds.
    Bounds(u32, Option<f64>),
    /// Leaves: nobody listens any more.
    Leave,
}

/// The service's token bucket and what it says about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    /// Requests a second.
    pub(crate) rate: f64,
    /// Requests at once.
    pub(crate) burst: f64,
    /// How a refusal says when to come back.
    pub(crate) refuses: Said,
    /// How it announces its limit.
    pub(crate) announces: Announces,
}

/// How a service announces its limit, always honestly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Announces {
    /// Not at all.
    Not,
    /// `RateLimit` and `RateLimit-Policy`.
    Structured,
    /// `RateLimit: limit=, remaining=, reset=`.
    Joined,
    /// `X-RateLimit-*`.
    Conventional,
    /// In words that cannot be read.
    Malformed,
}

/// How long tokens live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// `expires_in` as told: a number, text, or nothing.
    pub(crate) told: Option<f64>,
    /// Whether a number is told as text.
    pub(crate) text: bool,
    /// How long the service really takes them.
    pub(crate) real: Duration,
}

/// One reply gone wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// 429.
    Throttled(Said),
    /// 403 with nothing remaining.
    Forbidden(u64),
    /// A 5xx.
    Broken(u16, Said),
    /// The connection breaks after a while.
    Reset,
    /// There is no connection.
    Refused,
    /// No reply within the time allowed.
    Hang,
    /// The transport finds the body cut.
    Cut,
    /// The body ends in the middle of its JSON.
    Half,
    /// The body is no JSON.
    Garbage,
    /// An empty body.
    Nothing,
    /// A web page: final.
    Html,
    /// All tokens end now: 401 until there is another.
    Revoked,
    /// The token endpoint does not know the client: final.
    InvalidClient,
    /// Takes this many times as long.
    Slow(u32),
}

/// What `Retry-After` says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Said {
    /// Nothing.
    Nothing,
    /// Something unreadable, which counts as nothing.
    Garbage,
    /// Whole seconds.
    Seconds(u64),
    /// Seconds and a fraction, rounded up.
    Fraction(u64),
    /// A date so many seconds from the reply's own `Date`, which is off by so many.
    Date(i64, i64),
    /// A date so many seconds ahead, without a `Date`.
    Bare(i64),
}

impl Said {
    /// What the contract makes of it; `into` is how far the second has run on at the reply.
    pub(crate) fn means(self, into: Duration) -> Option<Duration> {
        const FLOOR: Duration = Duration::from_millis(500);
        let ahead = |seconds: i64| Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        match self {
            Self::Nothing | Self::Garbage => None,
            Self::Seconds(n) => Some(Duration::from_secs(n).max(FLOOR)),
            Self::Fraction(n) => Some(Duration::from_secs(n + 1)),
            Self::Date(n, _) => Some(ahead(n).max(FLOOR)),
            Self::Bare(n) => Some(ahead(n).saturating_sub(into).max(FLOOR)),
        }
    }
}

struct Dice(StdRng);

impl Dice {
    fn chance(&mut self, p: f64) -> bool {
        self.0.random_bool(p)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.0.random_range(0..choices.len())]
    }

    fn int(&mut self, low: u32, high: u32) -> u32 {
        self.0.random_range(low..=high)
    }

    /// Small values as likely as large ones.
    fn spread(&mut self, low: f64, high: f64) -> f64 {
        (self.0.random_range(low.ln()..=high.ln())).exp()
    }

    fn moment(&mut self) -> Duration {
        Duration::from_millis(self.spread(1.0, 60_000.0) as u64)
    }

    fn said(&mut self, max_wait: Duration) -> Said {
        let most = max_wait.as_secs();
        let n = u64::from(self.int(1, u32::try_from(most).unwrap_or(1)));
        match self.int(0, 19) {
            0..6 => Said::Seconds(n),
            6 => Said::Seconds(0),
            7 => Said::Fraction(n.min(most - 1)),
            8..10 => {
                let skew = i64::from(self.int(0, 7_200)) - 3_600;
                Said::Date(n.cast_signed(), skew)
            }
            10 => Said::Date(-5, 0),
            11 => Said::Bare(n.cast_signed()),
            12..14 => Said::Garbage,
            14 if self.chance(0.3) => Said::Seconds(u64::from(self.int(1, 86_400)) + most),
            _ => Said::Nothing,
        }
    }

    fn fault(&mut self, max_wait: Duration) -> Fault {
        match self.int(0, 39) {
            0..8 => Fault::Throttled(self.said(max_wait)),
            8..10 => Fault::Forbidden(u64::from(self.int(1, 2))),
            10..16 => Fault::Broken(self.of(&[500, 502, 503, 504, 408]), self.said(max_wait)),
            16..19 => Fault::Reset,
            19 => Fault::Refused,
            20..22 => Fault::Hang,
            22..24 => Fault::Cut,
            24..27 => Fault::Half,
            27..29 => Fault::Garbage,
            29 => Fault::Nothing,
            30..36 => Fault::Revoked,
            36 if self.chance(0.1) => Fault::Html,
            _ => Fault::Slow(self.int(2, 20)),
        }
    }

    fn token_fault(&mut self, max_wait: Duration) -> Fault {
        match self.int(0, 15) {
            0..4 => Fault::Throttled(self.said(max_wait)),
            4..7 => Fault::Broken(self.of(&[500, 503]), self.said(max_wait)),
            7 => Fault::Reset,
            8 => Fault::Refused,
            9 => Fault::Hang,
            10 => Fault::Nothing,
            11 => Fault::Half,
            12 if self.chance(0.3) => Fault::InvalidClient,
            _ => Fault::Slow(self.int(2, 40)),
        }
    }

    /// Faults here and there, and storms: the same fault for a stretch of requests.
    fn faults(&mut self, among: u32, mut one: impl FnMut(&mut Self) -> Fault) -> BTreeMap<u32, Fault> {
        let mut faults = BTreeMap::new();
        for _ in 0..self.of(&[0, 0, 1, 2, 4, 8]) {
            faults.insert(self.int(0, among), one(self));
        }
        if self.chance(0.15) {
            let (from, length, fault) = (self.int(0, among), self.int(2, 12), one(self));
            faults.extend((from..from + length).map(|n| (n, fault)));
        }
        faults
    }

    fn run(&mut self, first: bool) -> Run {
        let page_size = self.of(&[1, 2, 3, 5, 7, 10, 20]);
        let odd = |dice: &mut Self, p: f64| if dice.chance(0.2) { p } else { 0.0 };
        let mut run = Run {
            start: if first {
                Some(Duration::ZERO)
            } else if self.chance(0.5) {
                Some(self.moment())
            } else {
                None
            },
            people: self.spread(1.0, f64::from(page_size) * 24.0) as u32,
            ids: None,
            segment: self.chance(0.3),
            page_size,
            limit: None,
            cache: self.chance(0.3),
            paging: match self.int(0, 9) {
                0..6 => Paging::Numbered,
                6..8 => Paging::Cursor,
                _ => Paging::TurnsAfter(self.int(1, 8)),
            },
            relative: self.chance(0.3),
            total: self.chance(0.4),
            empties: odd(self, 0.2),
            shifts: odd(self, 0.3),
            bad: odd(self, 0.1),
        };
        if self.chance(0.03) {
            run.people = 0;
        }
        if self.chance(0.3) {
            // Up to four batches.
            run.page_size = self.of(&[10, 25, 50, 100]);
            let ids = self.spread(1.0, 400.0) as u32;
            run.people = self.int(ids / 2, ids);
            run.ids = Some(ids.max(1));
        }
        if self.chance(0.2) {
            run.limit = Some(u64::from(self.int(1, run.people.max(1) + run.people / 4)));
        }
        run
    }
}

impl Plan {
    /// The plan of a seed.
    pub(crate) fn draw(seed: u64) -> Self {
        let mut dice = Dice(StdRng::seed_from_u64(seed));
        let dice = &mut dice;
        let mut runs = vec![dice.run(true)];
        if dice.chance(0.25) {
            runs.push(dice.run(false));
        }
        let max_wait = Duration::from_secs(dice.of(&[2, 5, 30]));
        let among = runs.iter().map(|run| run.people / run.page_size + 2).sum::<u32>().min(60);
        let least = Duration::from_millis(dice.of(&[0, 1, 5, 20, 100]));
        let latency = (least, least + Duration::from_millis(dice.of(&[0, 1, 50, 500])));
        let mut plan = Self {
            seed,
            concurrency: dice.of(&[1, 2, 3, 5, 8]),
            rate: dice.chance(0.25).then(|| dice.spread(0.05, 50.0)),
            max_wait,
            timeout: Duration::from_secs(dice.of(&[10, 30])),
            actions: Vec::new(),
            reader: if dice.chance(0.1) {
                Duration::from_millis(u64::from(dice.int(1, 50)))
            } else {
                Duration::ZERO
            },
            bucket: dice.chance(0.4).then(|| Bucket {
                rate: dice.spread(0.5, 50.0),
                burst: f64::from(dice.of(&[1, 2, 5, 10, 50])),
                refuses: dice.of(&[Said::Seconds(0), Said::Nothing, Said::Date(0, 0)]),
                announces: dice.of(&[
                    Announces::Not,
                    Announces::Not,
                    Announces::Structured,
                    Announces::Joined,
                    Announces::Conventional,
                    Announces::Malformed,
                ]),
            }),
            latency,
            token: dice.life(),
            faults: dice.faults(among, |dice| dice.fault(max_wait)),
            sticky: dice.chance(0.1).then(|| (dice.int(1, 6), dice.int(1, 8), dice.fault(max_wait))),
            token_faults: dice.faults(3, |dice| dice.token_fault(max_wait)),
            runs,
        };
        plan.actions = dice.actions(&plan.runs);
        plan
    }
}

impl Dice {
    fn life(&mut self) -> Life {
        let seconds = self.of(&[1.0, 2.5, 5.0, 12.0, 30.0, 90.0]);
        let told = match self.int(0, 9) {
            0..5 => Some(3_600.0),
            5..8 => Some(seconds),
            8 => self.of(&[Some(0.0), Some(-5.0)]),
            _ => None,
        };
        let real = match told {
            Some(told) if told > 0.0 => Duration::from_secs_f64(told),
            _ => Duration::from_secs(self.of(&[20, 120, 900])),
        };
        Life { told, text: self.chance(0.2), real }
    }

    fn actions(&mut self, runs: &[Run]) -> Vec<(Duration, Action)> {
        let starts = runs.iter().enumerate().filter_map(|(n, run)| Some((run.start?, Action::Start(n))));
        let mut actions: Vec<_> = starts.collect();
        for n in 0..runs.len() {
            if self.chance(0.15) {
                actions.push((self.moment(), Action::Cancel(n)));
            }
        }
        if self.chance(0.2) {
            for _ in 0..self.int(1, 3) {
                let rate = self.chance(0.4).then(|| self.spread(0.2, 50.0));
                actions.push((self.moment(), Action::Bounds(self.of(&[1, 2, 4, 8, 12]), rate)));
            }
        }
        if self.chance(0.03) {
            actions.push((self.moment(), Action::Leave));
        }
        actions.sort_by_key(|(at, _)| *at);
        actions
    }
}
