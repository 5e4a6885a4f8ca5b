//! What must hold of every session, whatever was drawn. It reads the plan and the record and nothing of the
//! engine's: what it expects it works out from the contract by itself.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use cxlens::engine::event::{Cut, Status};

use super::plan::{Action, Paging, Plan};
use super::service::{Class, Door, Entry, Got, Item, Layout, RUNAWAY, What, asked_for, everybody, salt};
use super::session::{Delivered, Record};

/// Faults on the way that one request may meet.
const ATTEMPTS: u32 = 4;
/// 429s of one request are waited out for so long in all.
const THROTTLED: Duration = Duration::from_secs(300);
/// The longest wait of the client's own making.
const BACKOFF: Duration = Duration::from_secs(20);
/// After a window opens, requests start spread over so long each.
const START: Duration = Duration::from_millis(40);
/// What finding out about a limit that is not announced may cost.
const LEARNING: Duration = Duration::from_secs(10);
/// Timers are as fine as this.
const TICK: Duration = Duration::from_millis(2);

/// A page as it should come.
struct Expected {
    batch: u32,
    rows: Vec<String>,
    repeats: u32,
    bad: usize,
    total: Option<u64>,
}

/// What one URL of one run, or the token endpoint between two tokens, has been through.
#[derive(Clone, Debug, Default)]
struct History {
    sent: u32,
    under_way: bool,
    transient: u32,
    throttled_for: Duration,
    unauthorized: u32,
    /// Why it may not be asked again.
    over: Option<&'static str>,
}

impl History {
    fn replied(&mut self, got: Got, max_wait: Duration, fresh_token: bool) {
        self.under_way = false;
        if got.class != Class::Unauthorized {
            self.unauthorized = 0;
        }
        match got.class {
            Class::Good => self.over = Some("it was answered well"),
            Class::Final => self.over = Some("it was refused for good"),
            Class::Transient => {
                self.transient += 1;
                if self.transient >= ATTEMPTS {
                    self.over = Some("its attempts were used up");
                }
            }
            Class::Throttled => self.throttled_for += got.closes.unwrap_or(BACKOFF),
            Class::Unauthorized => {
                self.unauthorized += 1;
                if self.unauthorized >= 3 {
                    self.over = Some("three 401s in a row");
                }
                if fresh_token {
                    self.over = Some("a fresh token was refused");
                }
            }
        }
        if got.closes.is_some_and(|wait| wait > max_wait) {
            self.over = Some("the service wants to be left alone for longer than the client waits");
        }
    }

    /// Whether what it has been through is reason enough to give up.
    fn is_reason(&self, max_wait: Duration) -> bool {
        self.over.is_some_and(|why| why != "it was answered well")
            || self.throttled_for + max_wait > THROTTLED
    }
}

/// What the log says, gathered in one pass.
struct Walk<'a> {
    plan: &'a Plan,
    wrong: Vec<String>,
    doors: HashMap<usize, Door>,
    urls: HashMap<(usize, &'a str), History>,
    token: History,
    token_sent: Option<Duration>,
    accepted: HashSet<u32>,
    /// When the service said that each token ends, by number from 1.
    token_ends: Vec<Option<Duration>>,
    in_flight: u32,
    closed: Duration,
    closed_for_long: bool,
    /// The bound, the one before, and when it changed.
    bound: (u32, u32, Option<Duration>),
    most: u32,
    rate: Option<f64>,
    paced: Option<Duration>,
    started: Vec<Option<Duration>>,
    cancelled: Vec<Option<Duration>>,
    ended: Vec<Option<Duration>>,
    left: Option<Duration>,
    /// Reasons for the token endpoint to have been given up on.
    no_token: bool,
    budget: u32,
    storm: bool,
    tokens_sent: u32,
    /// At the start of each run, and at the end of the moment of that start.
    tokens_at_start: Vec<(u32, u32)>,
    /// At the end of each run, and before the moment of that end.
    tokens_at_end: Vec<(u32, u32)>,
    /// Token requests before this moment.
    tokens_before: (Duration, u32),
    asked: HashMap<(usize, usize), BTreeSet<(bool, u32)>>,
    /// The slowest rate that was ever allowed.
    slowest: Option<f64>,
    /// All that the replies asked for or that backoff may have come to.
    waits: Duration,
    /// All replies, one after the other.
    answering: Duration,
    sent_at: HashMap<usize, Duration>,
}

/// Everything that is wrong with a session.
pub(crate) fn judge(plan: &Plan, record: &Record) -> Vec<String> {
    let runs = plan.runs.len();
    let mut walk = Walk {
        plan,
        wrong: Vec::new(),
        doors: HashMap::new(),
        urls: HashMap::new(),
        token: History::default(),
        token_sent: None,
        accepted: HashSet::new(),
        token_ends: Vec::new(),
        in_flight: 0,
        closed: Duration::ZERO,
        closed_for_long: false,
        bound: (plan.concurrency, plan.concurrency, None),
        most: plan.concurrency,
        rate: plan.rate,
        paced: None,
        started: vec![None; runs],
        cancelled: vec![None; runs],
        ended: vec![None; runs],
        left: None,
        no_token: false,
        budget: 500,
        storm: false,
        tokens_sent: 0,
        tokens_at_start: vec![(0, 0); runs],
        tokens_at_end: vec![(0, 0); runs],
        tokens_before: (Duration::ZERO, 0),
        asked: HashMap::new(),
        slowest: None,
        waits: Duration::ZERO,
        answering: Duration::ZERO,
        sent_at: HashMap::new(),
    };
    for entry in &record.log {
        walk.take(entry);
    }
    if walk.doors.len() >= RUNAWAY {
        walk.wrong.push("it sends without end".into());
    }
    if !record.over {
        walk.wrong.push(format!("a standstill: not over after {:?}", record.took));
    }
    for (n, delivered) in record.runs.iter().enumerate() {
        walk.run(n, delivered);
    }
    walk.wrong
}

impl<'a> Walk<'a> {
    fn take(&mut self, entry: &'a Entry) {
        let at = entry.at;
        if self.tokens_before.0 < at {
            self.tokens_before = (at, self.tokens_sent);
        }
        match &entry.what {
            What::Sent(n, door) => self.sent(at, *n, door),
            What::Replied(n, got) => self.replied(at, *n, *got),
            What::Dropped(n) => {
                self.answering += at.saturating_sub(self.sent_at[n]);
                match &self.doors[n] {
                    Door::Token => self.token_sent = None,
                    Door::Page { run, .. } => {
                        let run = *run;
                        self.in_flight -= 1;
                        self.still_going_on(at, run, "is given up only");
                    }
                }
            }
            What::Did(action) => self.did(at, *action),
            What::Ended(n) => {
                self.ended[*n] = Some(at);
                self.tokens_at_end[*n] = (self.tokens_sent, self.tokens_before.1);
                if let Some(cancelled) = self.cancelled[*n].filter(|_| self.plan.reader.is_zero())
                    && at > cancelled
                {
                    self.say(
                        at,
                        format!("run {n} ends {:?} after it was cancelled", at.saturating_sub(cancelled)),
                    );
                }
            }
        }
    }

    fn say(&mut self, at: Duration, what: impl AsRef<str>) {
        self.wrong.push(format!("{at:?}: {}", what.as_ref()));
    }

    /// Nothing of a run happens once it is over.
    fn still_going_on(&mut self, at: Duration, run: usize, what: &str) {
        let ends = [
            (self.cancelled[run], "it was cancelled"),
            (self.ended[run], "it was over"),
            (self.left, "nobody listened any more"),
        ];
        for (end, why) in ends {
            if let Some(end) = end.filter(|end| *end < at) {
                self.say(
                    at,
                    format!("a request of run {run} {what} {:?} after {why}", at.saturating_sub(end)),
                );
            }
        }
    }

    fn did(&mut self, at: Duration, action: Action) {
        match action {
            Action::Start(n) => {
                self.started[n] = Some(at);
                self.tokens_at_start[n] = (self.tokens_sent, self.tokens_sent);
            }
            Action::Cancel(n) => {
                if self.started[n].is_some() && self.ended[n].is_none() {
                    self.cancelled[n] = Some(at);
                }
            }
            Action::Bounds(concurrency, rate) => {
                self.bound = (concurrency, self.bound.0, Some(at));
                self.most = self.most.max(concurrency);
                self.rate = rate;
                self.slowest = self.slowest.into_iter().chain(rate).min_by(f64::total_cmp);
                self.paced = None;
            }
            Action::Leave => self.left = Some(at),
        }
    }

    fn sent(&mut self, at: Duration, n: usize, door: &'a Door) {
        self.doors.insert(n, door.clone());
        self.sent_at.insert(n, at);
        if at < self.closed {
            self.say(
                at,
                format!("request {n} is sent {:?} before the window opens", self.closed.saturating_sub(at)),
            );
        }
        let Door::Page { run, url, batch, page, token } = door else {
            if self.token_sent.is_some() {
                self.say(at, "two token requests at once");
            }
            self.token_sent = Some(at);
            self.tokens_sent += 1;
            self.sent_as_another_starts(at);
            if self.token.over.is_some() {
                self.token = History::default();
            }
            self.token.sent += 1;
            return;
        };
        if self.started[*run].is_none() {
            self.say(at, format!("a request of run {run} before it is started"));
        }
        self.still_going_on(at, *run, "is sent");
        let ends = (*token as usize).checked_sub(1).and_then(|n| *self.token_ends.get(n)?);
        if ends.is_some_and(|ends| at >= ends) {
            self.say(at, format!("token {token} is used past its end"));
        }
        self.in_flight += 1;
        let (now, before, changed) = self.bound;
        let bound = if changed == Some(at) { now.max(before) } else { now };
        if self.in_flight > bound {
            self.say(at, format!("{} requests at once, {bound} are allowed", self.in_flight));
        }
        if let (Some(rate), Some(last)) = (self.rate, self.paced)
            && (at.saturating_sub(last) + TICK).as_secs_f64() < 1.0 / rate
        {
            self.say(
                at,
                format!("{:?} after the one before, at most {rate}/s are allowed", at.saturating_sub(last)),
            );
        }
        // One that was on its way when the bounds changed does not count against the new ones.
        self.paced = Some(at).filter(|_| changed != Some(at));
        self.asked.entry((*run, *batch)).or_default().insert((url.contains("cursor="), *page));
        let history = self.urls.entry((*run, url)).or_default();
        history.sent += 1;
        let twice = history.under_way;
        history.under_way = true;
        if let Some(why) = history.over {
            self.say(at, format!("run {run} page {page} is asked again though {why}"));
        }
        if twice {
            self.say(at, format!("run {run} page {page} is asked twice at once"));
        }
    }

    /// A token that an earlier run waits for is asked for at the very moment at which another starts: before that or
    /// after it, nobody can tell.
    fn sent_as_another_starts(&mut self, at: Duration) {
        let starts = |n: &usize| self.started[*n] == Some(at);
        let waits = |n: usize| self.started[n].is_some_and(|started| started < at) && self.ended[n].is_none();
        let is_retry = self.token.sent > 0 && self.token.over.is_none();
        if is_retry || (0..self.started.len()).any(waits) {
            for n in (0..self.started.len()).filter(starts) {
                self.tokens_at_start[n].1 = self.tokens_sent;
            }
        }
    }

    fn replied(&mut self, at: Duration, n: usize, got: Got) {
        let max_wait = self.plan.max_wait;
        self.answering += at.saturating_sub(self.sent_at[&n]);
        self.waits += match (got.class, got.closes) {
            (_, Some(wait)) if wait <= max_wait => wait,
            (Class::Transient | Class::Throttled, None) => BACKOFF.min(max_wait),
            _ => Duration::ZERO,
        };
        if let Some(wait) = got.closes {
            self.closed = self.closed.max(at + wait);
            self.closed_for_long |= wait > max_wait;
        }
        match (got.status, got.class) {
            (Some(200..=299), _) => self.budget = (self.budget + 1).min(500),
            _ => self.budget = self.budget.saturating_sub(if got.class == Class::Throttled { 5 } else { 14 }),
        }
        if matches!(got.class, Class::Transient) && got.status == Some(200) {
            self.budget = self.budget.saturating_sub(14);
        }
        self.storm |= self.budget < 14;
        match self.doors[&n].clone() {
            Door::Token => {
                self.token_sent = None;
                if got.class == Class::Good {
                    let told = self.plan.token.told.filter(|seconds| *seconds > 0.0);
                    self.token_ends.push(told.map(|seconds| at + Duration::from_secs_f64(seconds)));
                }
                self.token.replied(got, max_wait, false);
                self.no_token |= self.token.is_reason(max_wait);
            }
            Door::Page { run, url, token, .. } => {
                self.in_flight -= 1;
                self.still_going_on(at, run, "is answered");
                let fresh = !self.accepted.contains(&token);
                if got.status.is_some_and(|status| status != 401) {
                    self.accepted.insert(token);
                }
                let histories = self.urls.iter_mut().find(|((of, known), _)| *of == run && *known == url);
                if let Some((_, history)) = histories {
                    history.replied(got, max_wait, fresh);
                }
            }
        }
    }

    /// What a run should deliver, page by page, to its natural end.
    fn expected(&self, n: usize) -> Vec<Expected> {
        let run = &self.plan.runs[n];
        let mut ids = asked_for(run);
        ids.sort_unstable();
        let layouts: Vec<Layout> = if ids.is_empty() {
            vec![Layout::of(run, &everybody(run), salt(self.plan, n, None))]
        } else {
            let known =
                |ids: &[String]| ids.iter().filter(|id| !id.starts_with("NONE")).cloned().collect::<Vec<_>>();
            let salted = |ids: &[String]| salt(self.plan, n, ids.first().map(String::as_str));
            ids.chunks(100).map(|ids| Layout::of(run, &known(ids), salted(ids))).collect()
        };
        let mut seen = HashSet::new();
        let mut pages = Vec::new();
        let single = layouts.len() == 1;
        for (batch, layout) in (1..).zip(layouts) {
            for page in layout.pages {
                let mut rows = Vec::new();
                let (mut repeats, mut bad) = (0, 0);
                for item in page {
                    match item {
                        Item::Row(id) if seen.insert(id.clone()) => rows.push(id),
                        Item::Row(_) => repeats += 1,
                        Item::Bad(_) => bad += 1,
                    }
                }
                let total = (run.total && single).then_some(u64::from(layout.total));
                pages.push(Expected { batch, rows, repeats, bad, total });
            }
        }
        pages
    }

    fn run(&mut self, n: usize, delivered: &Delivered) {
        let Some(started) = self.started[n] else { return };
        let run = &self.plan.runs[n];
        let expected = self.expected(n);
        let mut wrong = Vec::new();
        let mut rows = 0;
        let mut limited = false;
        for (at, page) in delivered.pages.iter().enumerate() {
            let Some(should) = expected.get(at) else {
                wrong.push(format!("page {} comes after the last", at + 1));
                break;
            };
            if limited {
                wrong.push(format!("page {} comes though the limit was reached", at + 1));
            }
            let ids: Vec<_> =
                page.rows.iter().map(|row| row.id().map_or("?", |id| id.raw()).to_owned()).collect();
            let wanted = run.limit.map_or(usize::MAX, |limit| limit as usize - rows);
            let whole = &should.rows[..should.rows.len().min(wanted)];
            if ids != whole {
                wrong.push(format!("page {} brings {ids:?} where {whole:?} should come", at + 1));
            }
            let same = page.number as usize == at + 1
                && page.batch == should.batch
                && page.set_aside.len() == should.bad
                && (page.repeats == should.repeats || whole.len() < should.rows.len())
                && (should.total.is_none() || page.total == should.total);
            if !same {
                wrong.push(format!("page {} is counted wrongly: {page:?}", at + 1));
            }
            rows += ids.len();
            limited = run.limit.is_some_and(|limit| rows as u64 >= limit);
        }
        let whole = delivered.pages.len() == expected.len();
        match &delivered.end {
            None if self.left.is_some() => {}
            None => wrong.push("it has no end".into()),
            Some((summary, error)) => {
                let counted = |count: u64, should: u64, what: &str, wrong: &mut Vec<String>| {
                    if count != should {
                        wrong.push(format!("the summary counts {count} {what}, there were {should}"));
                    }
                };
                let set_aside: usize = delivered.pages.iter().map(|page| page.set_aside.len()).sum();
                let repeats: u64 = delivered.pages.iter().map(|page| u64::from(page.repeats)).sum();
                counted(summary.rows, rows as u64, "rows", &mut wrong);
                counted(summary.pages.into(), delivered.pages.len() as u64, "pages", &mut wrong);
                counted(summary.set_aside.len() as u64, set_aside as u64, "rows set aside", &mut wrong);
                counted(summary.repeats, repeats, "repeats", &mut wrong);
                self.requests(n, summary, &mut wrong);
                let cancelled = self.cancelled[n].is_some();
                let more = delivered.pages.len() < expected.len()
                    || delivered
                        .pages
                        .last()
                        .zip(expected.get(delivered.pages.len().wrapping_sub(1)))
                        .is_some_and(|(page, should)| page.rows.len() < should.rows.len());
                let right = match summary.cut {
                    Some(Cut::Cancelled) => cancelled && error.is_none(),
                    Some(Cut::Error) => error.is_some(),
                    Some(Cut::Limit(limit)) => limited && more && run.limit == Some(limit) && error.is_none(),
                    None => !more && whole && error.is_none(),
                };
                if !right {
                    wrong.push(format!(
                        "it ends with {:?} and {:?}, {rows} rows, {} of {} pages",
                        summary.cut,
                        error,
                        delivered.pages.len(),
                        expected.len()
                    ));
                }
                let status = match summary.cut {
                    Some(Cut::Cancelled) => Status::Cancelled,
                    Some(Cut::Error) if rows == 0 => Status::Failed,
                    Some(Cut::Error) => Status::Partial,
                    _ if set_aside > 0 => Status::Partial,
                    _ => Status::Success,
                };
                if summary.status != status {
                    wrong.push(format!("its status is {:?}, not {status:?}", summary.status));
                }
                if summary.cut.is_none() {
                    let unknown: Vec<_> =
                        asked_for(run).into_iter().filter(|id| id.starts_with("NONE")).collect();
                    let said: Vec<_> = summary.not_found.iter().map(|id| id.as_str().to_owned()).collect();
                    if said != unknown {
                        wrong.push(format!("{said:?} are said not to be found, not {unknown:?}"));
                    }
                }
                if let Some(error) = error
                    && !self.has_reason(n)
                {
                    wrong.push(format!("it gives up without a reason: {error}"));
                }
            }
        }
        self.waste(n, &mut wrong);
        self.pace(n, delivered, &mut wrong);
        self.wrong.extend(wrong.into_iter().map(|what| format!("run {n}, started at {started:?}: {what}")));
    }

    /// Whether anything happened that the contract lets a run end for.
    fn has_reason(&self, n: usize) -> bool {
        let own = self.urls.iter().filter(|((run, _), _)| *run == n);
        self.closed_for_long
            || self.storm
            || self.no_token
            || own.map(|(_, history)| history).any(|history| history.is_reason(self.plan.max_wait))
    }

    fn requests(&self, n: usize, summary: &cxlens::engine::event::Summary, wrong: &mut Vec<String>) {
        // A slow reader hears of the end late: the token may have been asked for meanwhile.
        if !self.plan.reader.is_zero() {
            return;
        }
        let own = || self.urls.iter().filter(|((run, _), _)| *run == n).map(|(_, history)| history);
        let pages: u32 = own().map(|history| history.sent).sum();
        let again: u32 = own().map(|history| history.sent - 1).sum();
        // The token is everybody's: one may be asked for at the very moment at which a run begins or ends.
        let ((from, begun), (to, before)) = (self.tokens_at_start[n], self.tokens_at_end[n]);
        let tokens = before.saturating_sub(begun)..=to - from;
        if !(pages + tokens.start()..=pages + tokens.end()).contains(&summary.requests) {
            wrong.push(format!(
                "the summary counts {} requests, {pages} + {tokens:?} were sent",
                summary.requests
            ));
        }
        if summary.retries != again {
            wrong.push(format!("the summary counts {} retries, {again} were sent", summary.retries));
        }
    }

    /// What it waited for adds up: a client that sleeps on after the window opened, or keeps to a limit that is
    /// none, takes far longer than everything that it was told to wait for, one after the other.
    fn pace(&self, n: usize, delivered: &Delivered, wrong: &mut Vec<String>) {
        let Some((summary, _)) = &delivered.end else { return };
        if !self.plan.reader.is_zero() || self.plan.runs.len() > 1 {
            return;
        }
        let bucket = self.plan.bucket.map(|bucket| bucket.rate);
        // Announced windows are told in whole seconds.
        let coarse = bucket.map(|rate| 1.0 / (1.0 / rate).ceil());
        let rates = [self.plan.rate, self.slowest, bucket, coarse].into_iter().flatten();
        let a_request = rates.min_by(f64::total_cmp).map_or(0.0, |rate| 1.0 / rate) + START.as_secs_f64();
        let requests = self.doors.len() as f64;
        let under_way =
            self.token_sent.map_or(Duration::ZERO, |sent| self.ended[n].unwrap_or(sent).saturating_sub(sent));
        let excuse = self.waits + self.answering + under_way + Duration::from_secs_f64(requests * a_request);
        if summary.elapsed > excuse * 2 + LEARNING {
            let took = summary.elapsed;
            wrong.push(format!("it takes {took:?} though all that it waits for comes to {excuse:?}"));
        }
    }

    /// No more is asked past the end than the window holds beside the last page.
    fn waste(&self, n: usize, wrong: &mut Vec<String>) {
        let run = &self.plan.runs[n];
        let mut ids = asked_for(run);
        ids.sort_unstable();
        for ((_, batch), asked) in self.asked.iter().filter(|((of, _), _)| *of == n) {
            // Which list of IDs it was does not matter for a query without; with IDs the longest counts.
            let last = if ids.is_empty() {
                Layout::of(run, &everybody(run), salt(self.plan, n, None)).pages.len() as u32
            } else {
                let filled = ids.len().min(100) as u32;
                filled.div_ceil(run.page_size).max(1)
            };
            let numbered = match run.paging {
                Paging::Numbered => last,
                Paging::Cursor => continue,
                Paging::TurnsAfter(turn) => last.min(turn),
            };
            let odd = run.empties + run.shifts + run.bad > 0.0 && !ids.is_empty();
            let beyond = asked.iter().filter(|(cursor, page)| !cursor && *page > numbered).count() as u32;
            let most = match run.paging {
                Paging::Numbered if run.total || !ids.is_empty() => 0,
                _ => self.most - 1,
            };
            if beyond > most && !odd {
                wrong.push(format!(
                    "{beyond} requests past the end of list {batch}, at most {most} are allowed"
                ));
            }
        }
    }
}
