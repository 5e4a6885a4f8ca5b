//! How far a run is, in figures that were measured, and how they are said in the title.

use std::collections::VecDeque;
use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use tokio::time::Instant;

use super::watched::Watching;
use crate::engine::error::Error;
use crate::engine::event::{Cut, Page, SetAside, Status, Summary};
use crate::engine::query::{FieldSet, IDS_PER_REQUEST, Id, Query};
use crate::engine::retention::Window;
use crate::rows::Memory;
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Running};
use crate::tui::figures;
use crate::tui::widgets;

/// The rate is measured over so long.
const RATE_WINDOW: Duration = Duration::from_secs(5);
/// A rate over less than this says nothing.
const LEAST_SPAN: Duration = Duration::from_millis(100);
/// After so long without a page, or three times what a page took, the rate says nothing of what is to come.
const STALLED: Duration = Duration::from_secs(3);
/// IDs and rows that are kept to be named under the table; the rest is counted.
const NAMED: usize = 200;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A run, from being asked for to its end.
#[derive(Debug)]
pub(super) struct Progress {
    fields: FieldSet,
    limit: Option<u64>,
    /// No more rows than this come: so many IDs were asked for.
    most: Option<u64>,
    page_size: u64,
    batches: u32,
    rows: u64,
    page: u32,
    total: Option<u64>,
    repeats: u64,
    set_aside: u64,
    /// What profiles are kept for; files are nobody's to keep or not.
    window: Option<Window>,
    /// Rows from before it.
    past: u64,
    /// Rows from before it that nobody gets to see.
    withheld: u64,
    /// The oldest answer from the cache, as old as it was when it came, and when that was.
    cached: Option<(Duration, Instant)>,
    /// When rows came, and how many there were then.
    arrivals: VecDeque<(Instant, u64)>,
    end: Option<End>,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) at: Instant,
    pub(super) status: Status,
    pub(super) error: Option<Error>,
    pub(super) elapsed: Duration,
    pub(super) cut: Option<Cut>,
    /// Whether it can be taken up where it stopped.
    pub(super) can_go_on: bool,
    pub(super) not_found: u64,
    /// The first of them.
    pub(super) named: Vec<Id>,
    /// Whether a filter or segments were asked too.
    pub(super) filtered: bool,
    /// The first rows that could not be read.
    pub(super) set_aside: Vec<SetAside>,
}

/// A piece of the title; those with the highest rank stay when there is little room.
struct Piece {
    text: String,
    style: Style,
    rank: u8,
}

/// How the rows are looked at, as far as the title says it.
#[derive(Debug)]
pub(super) struct LookedAt<'a> {
    pub(super) follow: bool,
    pub(super) memory: Memory,
    /// How much of an order is worked out, where it is not all yet.
    pub(super) sorted: Option<f32>,
    /// Rows that pass the filter, where there is one.
    pub(super) shown: Option<u64>,
    pub(super) marked: u64,
    pub(super) only_marked: bool,
    /// What is to be said of watching.
    pub(super) watching: Option<&'a Watching>,
}

impl LookedAt<'_> {
    fn pieces(&self, ctx: &Ctx<'_>) -> Vec<Piece> {
        let accent = ctx.theme.accent;
        let mut pieces = Vec::new();
        let mut say = |rank, text| pieces.push(Piece { text, style: accent, rank });
        if let Some(share) = self.sorted {
            say(8, format!("sorting {:.0} %", share * 100.0));
        }
        match self.shown {
            Some(_) if self.only_marked => say(8, "only marked".to_owned()),
            Some(shown) => say(8, format!("{} shown", figures::count(shown))),
            None => {}
        }
        if self.marked > 0 {
            say(8, format!("{} marked", figures::count(self.marked)));
        }
        if self.follow {
            say(7, "follow".to_owned());
        }
        if ctx.utc {
            say(3, "times UTC".to_owned());
        }
        pieces
    }
}

impl Progress {
    pub(super) fn new(query: &Query, ctx: &Ctx<'_>) -> Self {
        let files = ctx.service.is_some_and(|service| !service.files.is_empty());
        Self {
            fields: query.fields(),
            limit: query.limit(),
            most: Some(query.ids().len() as u64)
                .filter(|n| *n > 0)
                .map(|n| n.min(query.limit().unwrap_or(n))),
            page_size: u64::from(query.page_size()),
            batches: query.ids().len().div_ceil(IDS_PER_REQUEST).max(1) as u32,
            rows: 0,
            page: 0,
            total: None,
            repeats: 0,
            set_aside: 0,
            window: Window::until(ctx.wall, query.retention_days()).filter(|_| !files),
            past: 0,
            withheld: 0,
            cached: None,
            arrivals: VecDeque::from([(ctx.now, 0)]),
            end: None,
        }
    }

    pub(super) fn fields(&self) -> FieldSet {
        self.fields
    }

    pub(super) fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    pub(super) fn page_size(&self) -> u64 {
        self.page_size
    }

    pub(super) fn set_aside(&self) -> u64 {
        self.set_aside
    }

    /// What profiles are kept for, where any that came is from before it.
    pub(super) fn passed(&self) -> Option<Window> {
        self.window.filter(|_| self.past > 0)
    }

    /// How many profiles are withheld, and what they are from before; `None`: none is.
    pub(super) fn withheld(&self) -> Option<(u64, Window)> {
        self.window.filter(|_| self.withheld > 0).map(|window| (self.withheld, window))
    }

    pub(super) fn page(&mut self, page: &Page, now: Instant) {
        self.rows += page.rows.len() as u64;
        self.page = page.number;
        self.total = page.total.or(self.total);
        self.repeats += u64::from(page.repeats);
        self.set_aside += page.set_aside.len() as u64;
        self.withheld += page.withheld;
        if let Some(window) = self.window {
            self.past += page.rows.iter().filter(|row| window.is_past(row)).count() as u64;
        }
        if let Some(age) = page.cached {
            let older = |(old, at): (Duration, Instant)| old + now.saturating_duration_since(at) >= age;
            if !self.cached.is_some_and(older) {
                self.cached = Some((age, now));
            }
        }
        match self.arrivals.back_mut() {
            // Pages that were drained together came together.
            Some((at, rows)) if *at == now => *rows = self.rows,
            _ => self.arrivals.push_back((now, self.rows)),
        }
        while self.arrivals.len() > 2
            && self.arrivals.get(1).is_some_and(|(at, _)| now.saturating_duration_since(*at) >= RATE_WINDOW)
        {
            self.arrivals.pop_front();
        }
    }

    /// The run is taken up where it stopped; time in between is none of its own.
    pub(super) fn resume(&mut self, now: Instant) {
        self.end = None;
        self.arrivals = VecDeque::from([(now, self.rows)]);
    }

    pub(super) fn finish(&mut self, summary: &Summary, error: Option<&Error>, now: Instant) {
        self.total = summary.total.or(self.total);
        // What is withheld may be told by a shorter one than was asked for.
        self.window = self.window.and(summary.window);
        // Those of the runs that this one went on from are counted already.
        self.repeats = self.repeats.max(summary.repeats);
        self.set_aside = self.set_aside.max(summary.set_aside.len() as u64);
        self.end = Some(End {
            at: now,
            status: summary.status,
            error: error.cloned(),
            elapsed: summary.elapsed,
            cut: summary.cut,
            can_go_on: summary.place.is_some(),
            not_found: summary.not_found.len() as u64,
            named: summary.not_found.iter().take(NAMED).cloned().collect(),
            filtered: summary.filtered,
            set_aside: summary.set_aside.iter().take(NAMED).cloned().collect(),
        });
    }

    /// Profiles a second over the last few seconds, up to the last page; `None` before there is a measure.
    pub(super) fn rate(&self) -> Option<f64> {
        let ((from, before), (to, rows)) = (self.arrivals.front()?, self.arrivals.back()?);
        let span = to.saturating_duration_since(*from);
        (span >= LEAST_SPAN && rows > before).then(|| (rows - before) as f64 / span.as_secs_f64())
    }

    /// Since when nothing came, and when that is too long for the rate to hold; `None` where nothing is to come.
    fn quiet(&self, ctx: &Ctx<'_>) -> Option<(Instant, Instant)> {
        let awaited = |running: &&Running| !running.paused && !running.cancelling;
        ctx.running.filter(awaited).filter(|_| self.end.is_none())?;
        let ((first, _), (last, _)) = (self.arrivals.front()?, self.arrivals.back()?);
        let pages = u32::try_from(self.arrivals.len() - 1).unwrap_or(u32::MAX).max(1);
        let patience = STALLED.max(last.saturating_duration_since(*first) / pages * 3);
        Some((*last, crate::engine::clock::later(*last, patience)))
    }

    /// For how long nothing came, once that is too long for the rate to hold.
    fn stalled(&self, ctx: &Ctx<'_>) -> Option<Duration> {
        let (since, from) = self.quiet(ctx)?;
        (ctx.now >= from).then(|| ctx.now.saturating_duration_since(since))
    }

    /// How many rows there will be, where that is known.
    fn expected(&self) -> Option<u64> {
        match (self.total, self.limit) {
            (Some(total), Some(limit)) => Some(total.min(limit)),
            (Some(total), None) => Some(total),
            (None, _) => None,
        }
    }

    /// How old the oldest row is now.
    fn age(&self, now: Instant) -> Option<Duration> {
        let since = |at: Instant| now.saturating_duration_since(at);
        match (self.cached, &self.end) {
            (Some((age, at)), _) => Some(age.saturating_add(since(at))),
            (None, Some(end)) => Some(since(end.at)),
            (None, None) => None,
        }
    }

    /// When the age that is shown becomes another, or how long nothing came.
    pub(super) fn next_change(&self, ctx: &Ctx<'_>) -> Option<Instant> {
        let now = ctx.now;
        let age = self.age(now).filter(|_| self.rows > 0).map(|age| {
            let into = Duration::from_nanos((age.as_nanos() % MINUTE.as_nanos()) as u64);
            crate::engine::clock::later(now, MINUTE.saturating_sub(into))
        });
        let stalled = self.quiet(ctx).map(|(since, from)| {
            let quiet = now.saturating_duration_since(since);
            let unit = if quiet < MINUTE { SECOND } else { MINUTE };
            let into = Duration::from_nanos((quiet.as_nanos() % unit.as_nanos()) as u64);
            from.max(crate::engine::clock::later(now, unit.saturating_sub(into)))
        });
        [age, stalled].into_iter().flatten().min()
    }

    /// The title in at most `room` columns.
    pub(super) fn title(&self, ctx: &Ctx<'_>, looked_at: &LookedAt<'_>, room: u16) -> Line<'static> {
        let mut pieces = match &self.end {
            None => self.running(ctx),
            Some(end) => self.ended(end, ctx),
        };
        let memory = &looked_at.memory;
        let first = 1.min(pieces.len());
        pieces.splice(first..first, looked_at.pieces(ctx));
        if ctx.mask.is_on() {
            pieces.insert(first, Piece { text: "MASKED".into(), style: ctx.theme.warn, rank: 9 });
        }
        let watched = looked_at.watching.map(|watching| watching.pieces(ctx)).unwrap_or_default();
        pieces.extend(watched.into_iter().map(|(rank, text, style)| Piece { text, style, rank }));
        let over = memory.held > memory.budget;
        if let Some(why) = memory.refused.as_ref().filter(|_| over) {
            let text = format!("more than {} in memory: {why}", figures::bytes(memory.budget as u64));
            pieces.push(Piece { text, style: ctx.theme.bad, rank: 8 });
        } else if memory.spilled > 0 {
            let text = format!("{} in a file", figures::bytes(memory.spilled));
            pieces.push(Piece { text, style: ctx.theme.dim, rank: 5 });
        }
        // What matters most has its place first; where that is long, something short that matters less may still fit.
        let mut by_rank: Vec<usize> = (0..pieces.len()).collect();
        by_rank.sort_by_key(|at| (std::cmp::Reverse(pieces[*at].rank), *at));
        let mut fits = vec![false; pieces.len()];
        let mut used = "Profiles".len();
        for (nth, at) in by_rank.into_iter().enumerate() {
            let wide = 2 + widgets::width(&pieces[at].text);
            fits[at] = nth == 0 || used + wide <= usize::from(room);
            used += if fits[at] { wide } else { 0 };
        }
        let mut spans = vec![Span::raw("Profiles")];
        for (piece, _) in pieces.into_iter().zip(fits).filter(|(_, fits)| *fits) {
            spans.push(Span::raw("  "));
            spans.push(Span::styled(piece.text, piece.style));
        }
        Line::from(spans)
    }

    fn running(&self, ctx: &Ctx<'_>) -> Vec<Piece> {
        let plain = Style::new();
        let mut pieces = Vec::new();
        let mut say = |rank, text, style| pieces.push(Piece { text, style, rank });
        let rows = figures::count(self.rows);
        if self.page > 0 {
            let said = match (self.expected(), self.most) {
                (Some(n), _) if n < self.rows => format!("{rows}, the service says {}", figures::count(n)),
                (Some(n), _) => format!("{rows} of {}", figures::count(n)),
                (None, Some(n)) => format!("{rows} of up to {}", figures::count(n)),
                (None, None) => rows,
            };
            say(9, said, plain);
        }
        if ctx.running.is_some_and(|running| running.cancelling) {
            say(8, "cancelling".into(), ctx.theme.warn);
        }
        let paused = ctx.running.is_some_and(|running| running.paused);
        let key = || ctx.keys.first(Action::GoOn);
        if paused && ctx.pull {
            say(8, "more as you near the end".into(), ctx.theme.accent);
        } else if paused {
            say(8, "paused".into(), ctx.theme.warn);
            say(7, format!("{} goes on", key()), ctx.theme.accent);
        }
        if ctx.pull {
            say(5, "pull".into(), ctx.theme.dim);
        }
        let stalled = self.stalled(ctx);
        if let Some(quiet) = stalled {
            say(6, format!("nothing for {}", figures::left(quiet)), ctx.theme.warn);
        }
        let rate = self.rate().filter(|_| !paused && stalled.is_none());
        if let Some(rate) = rate {
            say(6, format!("{}/s", figures::count(rate.round() as u64)), plain);
        }
        if self.page > 0 {
            // Only one batch's pages can be told from the total.
            let pages = self.expected().filter(|_| self.batches == 1).map(|n| n.div_ceil(self.page_size));
            let page = match pages {
                Some(pages) if pages >= u64::from(self.page) => {
                    format!("page {}/{}", self.page, figures::count(pages))
                }
                _ => format!("page {}", figures::count(self.page.into())),
            };
            say(4, page, plain);
        }
        if let (Some(rate), Some(expected)) = (rate, self.expected().or(self.most))
            && expected > self.rows
        {
            let left = ((expected - self.rows) as f64 / rate).ceil();
            let left = Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX);
            say(5, format!("~{} left", figures::left(left.max(Duration::from_secs(1)))), plain);
        }
        self.say_faults(&mut say, ctx);
        self.say_age(&mut say, ctx);
        pieces
    }

    fn ended(&self, end: &End, ctx: &Ctx<'_>) -> Vec<Piece> {
        let plain = Style::new();
        let mut pieces = Vec::new();
        let mut say = |rank, text, style| pieces.push(Piece { text, style, rank });
        let rows = figures::count(self.rows);
        let (warn, bad) = (ctx.theme.warn, ctx.theme.bad);
        let of = self.total.filter(|n| *n > self.rows).map(|n| format!(" of {}", figures::count(n)));
        match end.cut {
            None => {
                say(9, rows, plain);
                // It may count repeats and what cannot be read; anything else is a difference.
                let kept = self.rows + self.withheld;
                let came = kept..=kept + self.repeats + self.set_aside;
                if let Some(total) = self.total.filter(|total| !came.contains(total)) {
                    say(8, format!("the service said {}", figures::count(total)), warn);
                }
            }
            Some(_) => say(9, format!("{rows}{}", of.clone().unwrap_or_default()), plain),
        }
        // A cut result always says so.
        match end.cut {
            Some(Cut::Limit(n)) => say(9, format!("cut at the limit of {}", figures::count(n)), warn),
            Some(Cut::Cancelled) => say(9, "cancelled".into(), warn),
            Some(Cut::Error) => say(9, "stopped by an error".into(), bad),
            None if end.status == Status::Failed => say(9, "failed".into(), bad),
            None => {}
        }
        if end.can_go_on {
            say(7, format!("{} goes on", ctx.keys.first(Action::GoOn)), ctx.theme.accent);
        }
        if self.rows > 0 {
            say(5, format!("in {}", figures::span(end.elapsed)), plain);
        }
        if end.not_found > 0 {
            let how = if end.filtered { "not returned" } else { "not found" };
            say(8, format!("{} {how}", figures::count(end.not_found)), warn);
        }
        self.say_faults(&mut say, ctx);
        self.say_age(&mut say, ctx);
        pieces
    }

    fn say_faults(&self, say: &mut impl FnMut(u8, String, Style), ctx: &Ctx<'_>) {
        if self.withheld > 0 {
            say(8, format!("{} withheld", figures::count(self.withheld)), ctx.theme.warn);
        }
        if let Some(window) = self.passed() {
            let (sign, past, days) = (ctx.theme.symbols.past, figures::count(self.past), window.length());
            say(7, format!("{sign} {past} past {days}"), ctx.theme.warn);
        }
        if self.set_aside > 0 {
            say(7, format!("{} unreadable", figures::count(self.set_aside)), ctx.theme.bad);
        }
        if self.repeats > 0 {
            say(6, figures::counted(self.repeats, "repeat", "repeats"), Style::new());
        }
    }

    fn say_age(&self, say: &mut impl FnMut(u8, String, Style), ctx: &Ctx<'_>) {
        let Some(age) = self.age(ctx.now).filter(|_| self.rows > 0) else { return };
        let minutes = age.as_secs() / 60;
        let said = match (self.cached.is_some(), minutes) {
            (true, 0) => "from the cache".into(),
            (true, _) => format!("cached, {} old", figures::left(MINUTE * minutes as u32)),
            (false, 0) => return,
            (false, _) => format!("{} old", figures::left(MINUTE * minutes as u32)),
        };
        say(7, said, ctx.theme.dim);
    }
}
