//! What several kinds of lines have in them: spans, errors, rows that were set aside, percentiles, plans, limits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Base;
use crate::engine::error::{Details, Error, Kind};
use crate::engine::event::{
    Announced, Auth, Cut, Gate, Latency, Limits, RateSource, ServiceInfo, SetAside, Status, Summary,
};
use crate::engine::plan::{Count, Plan, PlannedRequest};
use crate::engine::query::Id;
use crate::engine::recording::veil::Veil;
use crate::engine::retention::Window;
use crate::engine::webhooks::Registered;

use super::PlaceLine;

/// A span in microseconds.
pub(super) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// The span.
pub(super) fn span(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// Who is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::engine::recording) struct ServiceLine {
    tenant: String,
    base_url: String,
    sandbox: bool,
}

impl ServiceLine {
    pub(super) fn of(info: &ServiceInfo) -> Self {
        Self { tenant: info.tenant.clone(), base_url: info.base_url.clone(), sandbox: info.sandbox }
    }

    pub(super) fn read(self) -> ServiceInfo {
        let Self { tenant, base_url, sandbox } = self;
        // Nobody is asked, so nobody need say what for.
        ServiceInfo { tenant, base_url, sandbox, needs_reason: false, files: Vec::new() }
    }
}

/// What went wrong.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::engine::recording) struct ErrorLine {
    kind: String,
    what: String,
    cause: String,
    remedy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_at: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask_again_in_us: Option<u64>,
}

impl ErrorLine {
    pub(super) fn of(error: &Error, veil: &mut Veil) -> Self {
        // What a service answered is JSON mostly, below a line that says so.
        let reply = error.reply.as_deref().map(|reply| match reply.split_once('\n') {
            Some((head, body)) => {
                let body = veil.body(body.as_bytes());
                format!("{}\n{}", head, String::from_utf8_lossy(&body))
            }
            None => veil.said(reply).into_owned(),
        });
        Self {
            kind: error.kind.name().to_owned(),
            what: veil.said(&error.what).into_owned(),
            cause: veil.said(&error.cause).into_owned(),
            remedy: veil.said(&error.remedy).into_owned(),
            request: error.request.as_deref().map(|request| veil.said(request).into_owned()),
            reply,
            filter_at: error.filter_at,
            ask_again_in_us: error.ask_again_in.map(micros),
        }
    }

    pub(super) fn read(self) -> Result<Error, String> {
        let Self { kind, what, cause, remedy, request, reply, filter_at, ask_again_in_us } = self;
        let kind = Kind::ALL
            .into_iter()
            .find(|known| known.name() == kind)
            .ok_or_else(|| format!("there is no error of kind {kind:?}"))?;
        let ask_again_in = ask_again_in_us.map(span);
        Ok(Error::of(Details { kind, what, cause, remedy, request, reply, filter_at, ask_again_in }))
    }
}

/// A row that could not be read.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::engine::recording) struct SetAsideLine {
    page: u32,
    row: u32,
    reason: String,
    raw: String,
}

impl SetAsideLine {
    pub(super) fn of(set_aside: &SetAside, veil: &mut Veil) -> Self {
        Self {
            page: set_aside.page,
            row: set_aside.row,
            reason: set_aside.reason.clone(),
            raw: veil.row(set_aside.raw.raw()),
        }
    }

    pub(super) fn read(self) -> SetAside {
        let Self { page, row, reason, raw } = self;
        SetAside { page, row, reason, raw: raw.into() }
    }
}

/// Where the token stands.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::engine::recording) enum AuthLine {
    None,
    Requesting,
    Granted { expires_ms: i64, scopes: Vec<String> },
    Refused,
    Failed,
}

impl AuthLine {
    pub(super) fn of(auth: &Auth, base: Base) -> Self {
        match auth {
            Auth::None => Self::None,
            Auth::Requesting => Self::Requesting,
            Auth::Granted { expires, scopes } => {
                Self::Granted { expires_ms: base.ms(*expires), scopes: scopes.clone() }
            }
            Auth::Refused => Self::Refused,
            Auth::Failed => Self::Failed,
        }
    }

    pub(super) fn read(self, base: Base) -> Auth {
        match self {
            Self::None => Auth::None,
            Self::Requesting => Auth::Requesting,
            Self::Granted { expires_ms, scopes } => Auth::Granted { expires: base.at(expires_ms), scopes },
            Self::Refused => Auth::Refused,
            Self::Failed => Auth::Failed,
        }
    }
}

/// Where the limits stand.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::engine::recording) struct LimitsLine {
    at_ms: i64,
    in_flight: u32,
    waiting: u32,
    window: u32,
    concurrency: u32,
    rate: Option<f64>,
    source: String,
    configured: Option<f64>,
    announced: Option<AnnouncedLine>,
    learned: Option<f64>,
    bucket: Option<(f64, f64)>,
    measured: f64,
    gate: Option<GateLine>,
    throttled: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct AnnouncedLine {
    limit: Option<f64>,
    window_us: Option<u64>,
    remaining: Option<f64>,
    reset_ms: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct GateLine {
    until_ms: i64,
    said: String,
}

fn source_name(source: RateSource) -> &'static str {
    match source {
        RateSource::Unknown => "unknown",
        RateSource::Configured => "configured",
        RateSource::Announced => "announced",
        RateSource::Learned => "learned",
    }
}

/// JSON has no infinity.
fn finite(n: f64) -> f64 {
    if n.is_nan() { 0.0 } else { n.clamp(f64::MIN, f64::MAX) }
}

impl LimitsLine {
    pub(super) fn of(limits: &Limits, base: Base) -> Self {
        Self {
            at_ms: base.ms(limits.at),
            in_flight: limits.in_flight,
            waiting: limits.waiting,
            window: limits.window,
            concurrency: limits.concurrency,
            rate: limits.rate.map(finite),
            source: source_name(limits.source).to_owned(),
            configured: limits.configured.map(finite),
            announced: limits.announced.map(|announced| AnnouncedLine {
                limit: announced.limit.map(finite),
                window_us: announced.window.map(micros),
                remaining: announced.remaining.map(finite),
                reset_ms: announced.reset.map(|at| base.ms(at)),
            }),
            learned: limits.learned.map(finite),
            bucket: limits.bucket.map(|(now, most)| (finite(now), finite(most))),
            measured: finite(limits.measured),
            gate: limits
                .gate
                .as_ref()
                .map(|gate| GateLine { until_ms: base.ms(gate.until), said: gate.said.clone() }),
            throttled: limits.throttled,
        }
    }

    pub(super) fn read(self, base: Base) -> Result<Limits, String> {
        let sources =
            [RateSource::Unknown, RateSource::Configured, RateSource::Announced, RateSource::Learned];
        let source = sources
            .into_iter()
            .find(|known| source_name(*known) == self.source)
            .ok_or_else(|| format!("no rate comes from {:?}", self.source))?;
        Ok(Limits {
            at: base.at(self.at_ms),
            in_flight: self.in_flight,
            waiting: self.waiting,
            window: self.window,
            concurrency: self.concurrency,
            rate: self.rate,
            source,
            configured: self.configured,
            announced: self.announced.map(|announced| Announced {
                limit: announced.limit,
                window: announced.window_us.map(span),
                remaining: announced.remaining,
                reset: announced.reset_ms.map(|ms| base.at(ms)),
            }),
            learned: self.learned,
            bucket: self.bucket,
            measured: self.measured,
            gate: self.gate.map(|gate| Gate {
                until: base.at(gate.until_ms),
                said: crate::engine::text::clean(&gate.said).into_owned(),
            }),
            throttled: self.throttled,
        })
    }
}

/// What running a query would take.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::engine::recording) struct PlanLine {
    batches: u32,
    requests: u64,
    is_least: bool,
    rows: Option<u64>,
    time_us: Option<u64>,
    cached: u32,
    cached_until_ms: Option<i64>,
    first: Vec<String>,
}

impl PlanLine {
    pub(super) fn of(plan: &Plan, veil: &mut Veil, base: Base) -> Self {
        Self {
            batches: plan.batches,
            requests: plan.requests.number(),
            is_least: matches!(plan.requests, Count::AtLeast(_)),
            rows: plan.rows,
            time_us: plan.time.map(micros),
            cached: plan.cached,
            cached_until_ms: plan.cached_until.map(|at| base.ms(at)),
            first: plan.first.iter().map(|request| veil.url(&request.url)).collect(),
        }
    }

    pub(super) fn read(self, base: Base) -> Plan {
        let requests =
            if self.is_least { Count::AtLeast(self.requests) } else { Count::Exactly(self.requests) };
        Plan {
            batches: self.batches,
            requests,
            rows: self.rows,
            time: self.time_us.map(span),
            cached: self.cached,
            cached_until: self.cached_until_ms.map(|ms| base.at(ms)),
            first: self.first.into_iter().map(|url| PlannedRequest { method: "GET", url }).collect(),
        }
    }
}

/// A webhook registration.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::engine::recording) struct RegisteredLine {
    id: String,
    name: String,
    url: String,
    events: Vec<String>,
}

impl RegisteredLine {
    pub(super) fn of(registered: &Registered, veil: &mut Veil) -> Self {
        Self {
            id: registered.id.raw().to_owned(),
            name: registered.name.raw().to_owned(),
            url: veil.url(registered.url.raw()),
            events: registered.events.iter().map(|event| event.raw().to_owned()).collect(),
        }
    }

    pub(super) fn read(self) -> Registered {
        let events = self.events.into_iter().map(Into::into).collect();
        Registered { id: self.id.into(), name: self.name.into(), url: self.url.into(), events }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct LatencyLine {
    count: u64,
    p50_us: u64,
    p95_us: u64,
    max_us: u64,
}

impl LatencyLine {
    fn of(latency: Latency) -> Self {
        let Latency { count, p50, p95, max } = latency;
        Self { count, p50_us: micros(p50), p95_us: micros(p95), max_us: micros(max) }
    }

    fn read(&self) -> Latency {
        Latency { count: self.count, p50: span(self.p50_us), p95: span(self.p95_us), max: span(self.max_us) }
    }
}

/// What a run came to.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::engine::recording) struct SummaryLine {
    status: String,
    #[serde(with = "super::when")]
    started: jiff::Timestamp,
    elapsed_us: u64,
    rows: u64,
    before: u64,
    total: Option<u64>,
    pages: u32,
    requests: u32,
    retries: u32,
    throttled: u32,
    cache_hits: u32,
    oldest_us: Option<u64>,
    bytes: u64,
    repeats: u64,
    not_found: Vec<String>,
    filtered: bool,
    set_aside: Vec<SetAsideLine>,
    connect: LatencyLine,
    network: LatencyLine,
    processing: LatencyLine,
    accuracy: Option<f64>,
    past_retention: u64,
    withheld: u64,
    withheld_before: u64,
    window: Option<WindowLine>,
    cut: Option<CutLine>,
    place: Option<PlaceLine>,
}

/// A retention window.
#[derive(Debug, Serialize, Deserialize)]
struct WindowLine {
    #[serde(with = "super::when")]
    from: jiff::Timestamp,
    days: u32,
}

impl WindowLine {
    fn read(self) -> Option<Window> {
        let length = jiff::SignedDuration::from_hours(i64::from(self.days) * 24);
        Window::until(self.from.checked_add(length).ok()?, self.days)
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CutLine {
    Limit(u64),
    Cancelled,
    Error,
}

impl SummaryLine {
    pub(super) fn of(summary: &Summary, veil: &mut Veil) -> Self {
        Self {
            status: summary.status.name().to_owned(),
            started: summary.started,
            elapsed_us: micros(summary.elapsed),
            rows: summary.rows,
            before: summary.before,
            total: summary.total,
            pages: summary.pages,
            requests: summary.requests,
            retries: summary.retries,
            throttled: summary.throttled,
            cache_hits: summary.cache_hits,
            oldest_us: summary.oldest.map(micros),
            bytes: summary.bytes,
            repeats: summary.repeats,
            not_found: summary.not_found.iter().map(|id| veil.value(id.as_str())).collect(),
            filtered: summary.filtered,
            set_aside: summary.set_aside.iter().map(|row| SetAsideLine::of(row, veil)).collect(),
            connect: LatencyLine::of(summary.connect),
            network: LatencyLine::of(summary.network),
            processing: LatencyLine::of(summary.processing),
            accuracy: summary.accuracy,
            past_retention: summary.past_retention,
            withheld: summary.withheld,
            withheld_before: summary.withheld_before,
            window: summary.window.map(|window| WindowLine { from: window.start(), days: window.days() }),
            cut: summary.cut.map(|cut| match cut {
                Cut::Limit(most) => CutLine::Limit(most),
                Cut::Cancelled => CutLine::Cancelled,
                Cut::Error => CutLine::Error,
            }),
            place: summary.place.as_ref().map(|place| PlaceLine::of(place, veil)),
        }
    }

    pub(super) fn read(self) -> Result<Summary, String> {
        let all = [Status::Success, Status::Partial, Status::Failed, Status::Cancelled];
        let status = all.into_iter().find(|known| known.name() == self.status);
        let not_found: Result<Vec<Id>, _> = self.not_found.iter().map(|id| Id::new("ID", id)).collect();
        Ok(Summary {
            status: status.ok_or_else(|| format!("no run ends as {:?}", self.status))?,
            started: self.started,
            elapsed: span(self.elapsed_us),
            rows: self.rows,
            before: self.before,
            total: self.total,
            pages: self.pages,
            requests: self.requests,
            retries: self.retries,
            throttled: self.throttled,
            cache_hits: self.cache_hits,
            oldest: self.oldest_us.map(span),
            bytes: self.bytes,
            repeats: self.repeats,
            not_found: not_found.map_err(|error| error.to_string())?,
            filtered: self.filtered,
            set_aside: self.set_aside.into_iter().map(SetAsideLine::read).collect(),
            connect: self.connect.read(),
            network: self.network.read(),
            processing: self.processing.read(),
            accuracy: self.accuracy,
            past_retention: self.past_retention,
            withheld: self.withheld,
            withheld_before: self.withheld_before,
            window: self.window.and_then(WindowLine::read),
            cut: self.cut.map(|cut| match cut {
                CutLine::Limit(most) => Cut::Limit(most),
                CutLine::Cancelled => Cut::Cancelled,
                CutLine::Error => Cut::Error,
            }),
            place: self.place.map(PlaceLine::read).transpose()?.map(Into::into),
        })
    }
}
