//! The status line.
//!
//! ```text
//!  cxlens  acme  SANDBOX  token 58 min  ▁▂▂▃▂ p50 23 p95 61 ms  9.2/10 req/s ▓▓▓▓▓▓▓▓▓░  0 waiting
//! ```
//!
//! A figure stands here once it was measured, not before. When the line is too long, parts go one by one;
//! tenant and SANDBOX stay to the last.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use tokio::time::Instant;
use unicode_width::UnicodeWidthStr;

use crate::config::Look;
use crate::engine::event::replay::Stands;
use crate::engine::event::{Auth, Endpoint, Exchange};
use crate::engine::text::{clean, fit};
use crate::tui::ctx::Ctx;
use crate::tui::figures;
use crate::tui::gauge::{MEASURED_OVER, bar, gate_left, measured};
use crate::tui::tenants;
use crate::tui::theme::Theme;

/// Exchanges that the line's percentiles are taken over.
const RECENT: usize = 100;
/// Columns of the sparkline, the newest exchange last.
const SPARK: usize = 8;
/// Columns of the rate's bar.
const BAR: usize = 10;

/// What the status line remembers.
#[derive(Debug)]
pub struct Header {
    /// The tenant as it was set, until the worker says.
    tenant: String,
    sandbox: bool,
    look: Look,
    auth: Auth,
    /// The server's part of the last exchanges that brought profiles, oldest first.
    recent: VecDeque<Duration>,
    /// Whether the last request found nobody to talk to.
    offline: bool,
    /// Whether the session is recorded.
    records: bool,
    /// The recording that is replayed.
    replay: Option<Replayed>,
}

/// A replay, as the line tells of it.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// When it was recorded.
    pub recorded: Timestamp,
    /// Whether its personal values are true ones.
    pub true_values: bool,
    /// Where it stands, once that is known.
    pub stands: Option<Stands>,
}

/// What may be left out, first to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Spark,
    Bar,
    Hint,
    Latency,
    Token,
    Waiting,
    Brand,
    Rate,
    FaultProgress,
    State,
    Fault,
    Always,
}

impl Header {
    /// Before the service is known.
    pub fn new(tenant: String, sandbox: bool) -> Self {
        let (look, recent) = (Look::default(), VecDeque::new());
        Self { tenant, sandbox, look, auth: Auth::None, recent, offline: false, records: false, replay: None }
    }

    /// The same, with the tenant's name as it is to look.
    #[must_use]
    pub fn with_look(self, look: Look) -> Self {
        Self { look, ..self }
    }

    /// The session is recorded, or no longer.
    pub fn records(&mut self, on: bool) {
        self.records = on;
    }

    /// A recording is replayed, and stands there.
    pub fn replays(&mut self, replay: Replayed) {
        self.replay = Some(replay);
    }

    /// The same before anything happened.
    pub fn anew(&mut self) {
        (self.auth, self.offline) = (Auth::None, false);
        self.recent.clear();
    }

    /// The tenant as it was set, and whether it is to be the sandbox.
    pub fn whom(&self) -> (String, bool) {
        (self.tenant.clone(), self.sandbox)
    }

    /// The token's state changed; says whether the line did.
    pub fn auth(&mut self, auth: Auth) -> bool {
        let changed = self.auth != auth;
        self.auth = auth;
        changed
    }

    /// An exchange is over.
    pub fn exchange(&mut self, exchange: &Exchange) {
        self.offline = exchange.is_unconnected();
        if exchange.endpoint == Endpoint::Contacts && exchange.outcome.is_success() {
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back(exchange.phases.server());
        }
    }

    /// When the line changes by time alone.
    pub fn next_change(&self, ctx: &Ctx<'_>) -> Option<Instant> {
        let token = match &self.auth {
            Auth::Granted { expires, .. } if *expires > ctx.now => {
                Some(ctx.now + figures::left_changes_in(*expires - ctx.now))
            }
            _ => None,
        };
        let rate =
            ctx.limits.filter(|l| l.measured > 0.0).map(|l| l.at + MEASURED_OVER).filter(|at| *at > ctx.now);
        let gate = gate_left(ctx).map(|left| ctx.now + figures::countdown_changes_in(left));
        let replay = self.replay.as_ref().and_then(|replay| replay.stands).filter(|stands| !stands.paused);
        let second = replay.map(|stands| {
            let gone = ctx.now.saturating_duration_since(stands.since);
            stands.since + Duration::from_secs(gone.as_secs() + 1)
        });
        [token, rate, gate, second].into_iter().flatten().min()
    }

    /// Draws the line.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let mut parts = self.parts(ctx);
        let width = |parts: &[(Worth, Vec<Span<'_>>)]| -> usize {
            1 + parts
                .iter()
                .map(|(worth, spans)| spans.iter().map(|s| s.content.width()).sum::<usize>() + gap(*worth))
                .sum::<usize>()
        };
        while width(&parts) > usize::from(area.width) {
            let least = parts.iter().map(|(worth, _)| *worth).min();
            match least {
                Some(Worth::Always) | None => break,
                Some(least) => parts.retain(|(worth, _)| *worth != least),
            }
        }
        let mut line = Line::from(" ");
        for (worth, spans) in parts {
            line.spans.extend(spans);
            line.spans.push(" ".repeat(gap(worth)).into());
        }
        buf.set_line(area.x, area.y, &line, area.width);
    }

    fn parts<'a>(&'a self, ctx: &'a Ctx<'_>) -> Vec<(Worth, Vec<Span<'a>>)> {
        let theme = ctx.theme;
        let tenant = ctx.service.map_or(self.tenant.as_str(), |s| s.tenant.as_str());
        let sandbox = ctx.service.map_or(self.sandbox, |s| s.sandbox);
        let mut parts = vec![(Worth::Brand, vec![Span::styled("cxlens", theme.brand)])];
        let mut who = Vec::new();
        if let Some(spans) = files(ctx) {
            parts.push((Worth::Always, spans));
            return parts;
        }
        // The sandbox's tenant is no tenant of anybody's: the word alone says more.
        if !(sandbox && tenant == "sandbox") {
            let name = fit(&clean(tenant), 40).into_owned();
            let name = if self.look.production { format!(" {name} PRODUCTION ") } else { name };
            who.push(Span::styled(name, tenants::style(self.look, tenant, theme)));
        }
        if sandbox {
            if !who.is_empty() {
                who.push("  ".into());
            }
            who.push(Span::styled(" SANDBOX ", theme.sandbox));
        }
        if self.records {
            who.push("  ".into());
            who.push(Span::styled(" REC ", theme.bad));
        }
        parts.push((Worth::Always, who));
        if let Some(replay) = &self.replay {
            replay.say(ctx, &mut parts);
        } else if let Some(fault) = ctx.fault.filter(|_| sandbox) {
            let style = if fault.is_over() { theme.dim } else { theme.warn };
            parts.push((Worth::Fault, vec![Span::styled(format!("fault {}", clean(&fault.name)), style)]));
            parts.push((Worth::FaultProgress, vec![Span::styled(fault.progress(), style)]));
        } else if sandbox {
            parts.push((Worth::Hint, vec![Span::styled("set CXONE_TENANT … for yours", theme.dim)]));
        }
        if ctx.service.is_none() {
            parts.push((
                Worth::State,
                vec![Span::styled(format!("connecting{}", theme.symbols.more), theme.accent)],
            ));
        }
        if self.offline {
            parts.push((Worth::State, vec![Span::styled("offline", theme.bad)]));
        }
        if let Some(spans) = self.token(ctx) {
            parts.push((Worth::Token, spans));
        }
        self.latency(theme, &mut parts);
        limits(ctx, &mut parts);
        parts
    }

    fn token(&self, ctx: &Ctx<'_>) -> Option<Vec<Span<'static>>> {
        let theme = ctx.theme;
        let label = Span::styled("token ", theme.label);
        match &self.auth {
            Auth::None => None,
            Auth::Requesting => {
                Some(vec![label, Span::styled(format!("asked for{}", theme.symbols.more), theme.text)])
            }
            Auth::Granted { expires, .. } => {
                let left = expires.saturating_duration_since(ctx.now);
                let style = if left < Duration::from_secs(60) { theme.warn } else { theme.text };
                let text = if left.is_zero() { "ended".to_owned() } else { figures::left(left) };
                Some(vec![label, Span::styled(text, style)])
            }
            Auth::Refused => Some(vec![label, Span::styled("refused", theme.bad)]),
            Auth::Failed => Some(vec![label, Span::styled("none came", theme.bad)]),
        }
    }

    fn latency(&self, theme: &Theme, parts: &mut Vec<(Worth, Vec<Span<'_>>)>) {
        if self.recent.is_empty() {
            return;
        }
        let mut sorted: Vec<_> = self.recent.iter().copied().collect();
        sorted.sort_unstable();
        let (p50, p95) = (percentile(&sorted, 50), percentile(&sorted, 95));
        // The scale ends at the 95th percentile: one early sample must not flatten the rest.
        let newest = self.recent.iter().skip(self.recent.len().saturating_sub(SPARK));
        let spark: String = newest.map(|d| theme.symbols.spark[height(*d, p95)]).collect();
        parts.push((Worth::Spark, vec![Span::styled(spark, theme.bar)]));
        parts.push((
            Worth::Latency,
            vec![
                Span::styled("p50 ", theme.label),
                Span::styled(figures::millis(p50), theme.text),
                Span::styled(" p95 ", theme.label),
                Span::styled(figures::millis(p95), theme.text),
                Span::styled(" ms", theme.label),
            ],
        ));
    }
}

impl Replayed {
    /// That it is one, whose values it has, and where it stands: `REPLAY  0:12/1:40 ×2`.
    fn say(&self, ctx: &Ctx<'_>, parts: &mut Vec<(Worth, Vec<Span<'_>>)>) {
        let theme = ctx.theme;
        parts.push((Worth::Always, vec![Span::styled(" REPLAY ", theme.sandbox)]));
        if let Some(stands) = &self.stands {
            let at = ctx.now.saturating_duration_since(stands.since).min(stands.length);
            let mut spans = vec![
                Span::styled(minutes(at), theme.text),
                Span::styled(format!("/{} ", minutes(stands.length)), theme.label),
                Span::styled(format!("×{}", stands.speed), theme.text),
            ];
            // What stands still is stepped through: its lines tell how far.
            let (line, lines) = stands.lines;
            let paused =
                || format!(" paused {}/{}", figures::count(line as u64), figures::count(lines as u64));
            let state = if stands.ended { Some(" ended".to_owned()) } else { stands.paused.then(paused) };
            spans.extend(state.map(|state| Span::styled(state, theme.warn)));
            parts.push((Worth::Always, spans));
        }
        let values = if self.true_values { "true values" } else { "stand-ins" };
        let style = if self.true_values { theme.warn } else { theme.dim };
        parts.push((Worth::Fault, vec![Span::styled(values, style)]));
        let day = self.recorded.to_zoned(ctx.zone.clone()).strftime("recorded %-d %b %Y %H:%M").to_string();
        parts.push((Worth::Hint, vec![Span::styled(day, theme.dim)]));
    }
}

/// A place in a recording: `1:05`.
fn minutes(at: Duration) -> String {
    format!("{}:{:02}", at.as_secs() / 60, at.as_secs() % 60)
}

/// What is looked at where no service is: `FILE people.ndjson (+2)`.
fn files(ctx: &Ctx<'_>) -> Option<Vec<Span<'static>>> {
    let (first, more) = ctx.service?.files.split_first()?;
    let name = clean(first.name.raw()).into_owned();
    // The directory stands in the list of files.
    let name = name.rsplit('/').next().unwrap_or_default();
    let mut spans = vec![
        Span::styled(" FILE ", ctx.theme.sandbox),
        " ".into(),
        Span::styled(fit(name, 40).into_owned(), ctx.theme.tenant),
    ];
    if !more.is_empty() {
        spans.push(Span::styled(format!(" (+{})", figures::count(more.len() as u64)), ctx.theme.tenant));
    }
    Some(spans)
}

fn gap(worth: Worth) -> usize {
    // The sparkline belongs to the figures beside it, and a fault's name to how far it has come.
    if matches!(worth, Worth::Spark | Worth::Fault) { 1 } else { 2 }
}

/// The rate, its bar, the queue and a closed window.
fn limits(ctx: &Ctx<'_>, parts: &mut Vec<(Worth, Vec<Span<'_>>)>) {
    let (Some(limits), theme) = (ctx.limits, ctx.theme) else { return };
    let measured = measured(ctx);
    // Nothing is known and nothing was asked: there are no figures yet.
    let quiet = limits.rate.is_none() && measured == 0.0 && limits.in_flight + limits.waiting == 0;
    let mut rate = vec![Span::styled(figures::rate(measured), theme.text)];
    if let Some(most) = limits.rate {
        rate.push(Span::styled(format!("/{}", figures::rate(most)), theme.text));
    }
    rate.push(Span::styled(" req/s", theme.label));
    if !quiet {
        parts.push((Worth::Rate, rate));
    }
    if let Some(most) = limits.rate.filter(|most| *most > 0.0) {
        parts.push((Worth::Bar, bar(measured / most, BAR, theme)));
    }
    if let Some(left) = gate_left(ctx) {
        parts.push((
            Worth::State,
            vec![Span::styled(format!("waits {}", figures::countdown(left)), theme.warn)],
        ));
    }
    if quiet {
        return;
    }
    let style = if limits.waiting == 0 { theme.label } else { theme.text };
    parts.push((
        Worth::Waiting,
        vec![Span::styled(limits.waiting.to_string(), style), Span::styled(" waiting", theme.label)],
    ));
}

/// Nearest rank; zero of nothing.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

fn height(d: Duration, top: Duration) -> usize {
    let share = if top.is_zero() { 0.0 } else { d.as_secs_f64() / top.as_secs_f64() };
    ((share * 8.0).ceil() as usize).clamp(1, 8) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Colour;
    use crate::engine::event::{Gate, Limits, ServiceInfo};
    use crate::tui::ctx::fixture::World;
    use crate::tui::events;
    use crate::tui::faults::Playing;
    use crate::tui::theme::ThemeChoice;

    type Set = fn(&mut World, &mut Header);

    /// States of the line, each said for itself.
    const STATES: &[(&str, Set)] = &[
        ("connecting", |w, _| w.service = None),
        ("connected", |_, _| {}),
        ("token asked for", |_, h| _ = h.auth(Auth::Requesting)),
        ("token refused", |_, h| _ = h.auth(Auth::Refused)),
        ("no token came", |_, h| _ = h.auth(Auth::Failed)),
        ("running", running),
        ("token nearly over", |w, h| {
            running(w, h);
            h.auth(events::granted(w.now, 42));
        }),
        ("no limit known", |w, h| {
            running(w, h);
            w.limits.as_mut().unwrap().rate = None;
        }),
        ("nobody is reached", |w, h| {
            running(w, h);
            h.exchange(&events::unconnected());
        }),
        ("gate closed", |w, h| {
            running(w, h);
            w.limits.as_mut().unwrap().gate =
                Some(Gate { until: w.now + Duration::from_millis(6_100), said: "Retry-After: 7".into() });
        }),
        ("before anything was asked", |w, _| {
            let idle = events::limits(w.now);
            w.limits = Some(Limits { rate: None, measured: 0.0, in_flight: 0, waiting: 0, ..idle });
        }),
        ("a fault is played", |w, h| faulty(w, h, "retry-after-http-date-asctime", 1, Some(1))),
        ("a fault is over", |w, h| faulty(w, h, "retry-after-http-date-asctime", 2, Some(0))),
        ("a fault without end", |w, h| faulty(w, h, "429-forever", 12, None)),
        ("production", |w, h| {
            running(w, h);
            h.look = Look { colour: None, production: true };
        }),
        ("a colour of its own", |w, h| {
            running(w, h);
            h.look = Look { colour: Some(Colour::Yellow), production: false };
        }),
        ("sandbox", |w, h| {
            running(w, h);
            w.service = Some(ServiceInfo { tenant: "sandbox".into(), sandbox: true, ..events::service() });
        }),
    ];

    fn running(world: &mut World, header: &mut Header) {
        header.auth(events::granted(world.now, 3_500));
        world.limits = Some(events::limits(world.now));
        for n in 1..=20 {
            header.exchange(&events::exchange(n, 200, 20 + n * 13 % 40));
        }
    }

    fn faulty(world: &mut World, header: &mut Header, name: &str, played: u64, left: Option<u64>) {
        running(world, header);
        world.service = Some(ServiceInfo { tenant: "sandbox".into(), sandbox: true, ..events::service() });
        world.fault = Some(Playing { name: name.into(), played, left });
    }

    fn line(set: Set, choice: ThemeChoice, width: u16) -> Buffer {
        let mut world = World::new(choice);
        world.service = Some(events::service());
        let mut header = Header::new("acme".into(), false);
        set(&mut world, &mut header);
        let area = Rect::new(0, 0, width, 1);
        let mut buf = Buffer::empty(area);
        header.view(&world.ctx(area), area, &mut buf);
        buf
    }

    fn text(buf: &Buffer) -> String {
        buf.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned()
    }

    fn every_state(choice: ThemeChoice) -> Buffer {
        let mut all = Buffer::empty(Rect::new(0, 0, 120, 0));
        for (y, (_, set)) in STATES.iter().enumerate() {
            let mut one = line(*set, choice, 120);
            one.area.y = y as u16;
            all.merge(&one);
        }
        all
    }

    #[test]
    fn every_state_in_the_dark() {
        insta::assert_debug_snapshot!(every_state(ThemeChoice::Dark));
    }

    #[test]
    fn every_state_in_the_light() {
        insta::assert_debug_snapshot!(every_state(ThemeChoice::Light));
    }

    #[test]
    fn every_state_without_colour() {
        insta::assert_debug_snapshot!(every_state(ThemeChoice::Plain));
    }

    #[test]
    fn tenant_and_sandbox_are_the_last_to_go() {
        fn sandbox(world: &mut World, header: &mut Header) {
            running(world, header);
            world.service = Some(ServiceInfo { sandbox: true, ..events::service() });
        }
        fn production(world: &mut World, header: &mut Header) {
            running(world, header);
            header.look.production = true;
        }
        let shown: Vec<_> =
            [140, 100, 80, 60, 40, 20].map(|w| text(&line(sandbox, ThemeChoice::Dark, w))).into();
        insta::assert_debug_snapshot!(shown);
        for width in 24..200 {
            let line = text(&line(production, ThemeChoice::Plain, width));
            assert!(line.contains(" acme PRODUCTION"), "{width}: {line}");
        }
        for width in 16..200 {
            let line = text(&line(sandbox, ThemeChoice::Dark, width));
            assert!(line.contains("acme") && line.contains("SANDBOX"), "{width}: {line}");
        }
    }

    #[test]
    fn files_stand_in_the_place_of_a_tenant() {
        fn files(world: &mut World, header: &mut Header) {
            running(world, header);
            let file = events::file("/exports/2026/people\u{1b}[31m.ndjson");
            world.service =
                Some(ServiceInfo { sandbox: true, files: vec![file.clone(), file], ..events::service() });
        }
        let line_at = |width| text(&line(files, ThemeChoice::Dark, width));
        assert_eq!(line_at(80), " cxlens   FILE  people␛[31m.ndjson (+1)");
        for width in 16..200 {
            let line = line_at(width);
            assert!(line.contains("FILE"), "{width}: {line}");
        }
    }

    #[test]
    fn a_fault_goes_before_nothing_but_sandbox() {
        fn played(world: &mut World, header: &mut Header) {
            faulty(world, header, "retry-after-http-date-asctime", 1, Some(1));
            world.limits.as_mut().unwrap().gate =
                Some(Gate { until: world.now + Duration::from_millis(6_100), said: "Retry-After: 7".into() });
        }
        for width in 60..200 {
            let line = text(&line(played, ThemeChoice::Dark, width));
            assert!(line.contains("SANDBOX") && line.contains("asctime"), "{width}: {line}");
        }
    }

    #[test]
    fn a_real_tenant_plays_no_faults() {
        fn real(world: &mut World, header: &mut Header) {
            faulty(world, header, "429-forever", 1, None);
            world.service = Some(events::service());
        }
        assert!(!text(&line(real, ThemeChoice::Dark, 200)).contains("fault"));
    }

    #[test]
    fn the_countdown_never_says_zero_and_moves_each_second() {
        let mut world = World::new(ThemeChoice::Dark);
        let mut limits = events::limits(world.now);
        limits.measured = 0.0;
        limits.gate = Some(Gate { until: world.now + Duration::from_millis(2_500), said: String::new() });
        world.limits = Some(limits);
        let header = Header::new("acme".into(), false);
        let area = Rect::new(0, 0, 120, 1);
        let mut said = vec![];
        loop {
            let mut buf = Buffer::empty(area);
            header.view(&world.ctx(area), area, &mut buf);
            let line = text(&buf);
            said.push(line.split("waits ").nth(1).map(|rest| rest[..3].to_owned()));
            match header.next_change(&world.ctx(area)) {
                Some(next) => world.now = next,
                None => break,
            }
        }
        let said: Vec<_> = said.iter().map(Option::as_deref).collect();
        assert_eq!(said, [Some("3 s"), Some("2 s"), Some("1 s"), None]);
    }
}
