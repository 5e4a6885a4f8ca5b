//! A run that is over: what it asked, what came, where the time went, what was left out.

use std::fmt::Write as _;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::error::Error;
use crate::engine::event::{Cut, Latency, Status, Summary};
use crate::engine::query::{Field, Query, QueryId};
use crate::engine::text::clean;
use crate::tui::action::{Action, Context};
use crate::tui::ctx::Ctx;
use crate::tui::figures;
use crate::tui::spent::Spent;

/// Columns of the labels.
const LABEL: usize = 14;
/// Columns of a bar.
const BAR: usize = 24;

/// A run that is over.
#[derive(Debug)]
pub struct Run {
    /// Its number.
    pub id: QueryId,
    /// In figures.
    pub summary: Arc<Summary>,
    /// Why it stopped early.
    pub error: Option<Error>,
    /// What it asked for, where that is known.
    pub asked: Option<Asked>,
    /// Where its time went, where that was measured.
    pub spent: Option<Spent>,
}

impl Run {
    /// How many fields it asked for, of how many: `9/9`.
    pub fn fields(&self) -> Option<String> {
        Some(format!("{}/{}", self.asked.as_ref()?.fields.len(), Field::ALL.len()))
    }
}

/// What a run asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    fields: Vec<&'static str>,
    ids: usize,
    segments: Vec<String>,
    filter: Option<String>,
    limit: Option<u64>,
}

impl Asked {
    /// What this query asks for.
    pub fn of(query: &Query) -> Self {
        Self {
            fields: query.fields().iter().map(Field::wire).collect(),
            ids: query.ids().len(),
            segments: query.segments().iter().map(|id| id.as_str().to_owned()).collect(),
            filter: query.filter().map(|filter| filter.as_str().to_owned()),
            limit: query.limit(),
        }
    }
}

/// The panel.
#[derive(Debug)]
pub struct RunPanel {
    run: Arc<Run>,
    offset: usize,
}

impl RunPanel {
    /// A panel for a run.
    pub fn new(run: Arc<Run>) -> Self {
        Self { run, offset: 0 }
    }

    /// Scrolls; says whether anything moved.
    pub fn scroll(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        let place = place(ctx.area);
        let len = self.lines(ctx, place.width.saturating_sub(4).into()).len();
        super::scroll(&mut self.offset, action, len, place.height.saturating_sub(2).into())
    }

    /// All of it as plain text, for the clipboard.
    pub fn text(&self, ctx: &Ctx<'_>) -> String {
        let mut out = String::new();
        for line in self.lines(ctx, 200) {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{}", line.to_string().trim_end());
        }
        out
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let width = place(area).width;
        let lines = self.lines(ctx, width.saturating_sub(4).into());
        let place = super::centred(area, width, (lines.len() as u16 + 2).min(place(area).height));
        let status = self.run.summary.status;
        let style = match status {
            Status::Success => ctx.theme.border_focused,
            Status::Partial | Status::Cancelled => ctx.theme.warn,
            Status::Failed => ctx.theme.bad,
        };
        let title = format!("Run {}: {}", self.run.id.0, status.name());
        let room = place.width.saturating_sub(3);
        let hints = super::hints(ctx.keys, Context::Finished, Some("close"), ctx.theme, room);
        let inside = super::window(ctx, &title, &hints, place, style, buf);
        super::draw_lines(&lines, self.offset, ctx, inside, buf);
    }

    fn lines(&self, ctx: &Ctx<'_>, width: usize) -> Vec<Line<'static>> {
        let (theme, summary) = (ctx.theme, &*self.run.summary);
        let mut lines = Vec::new();
        let mut say = |label: &str, text: String| {
            let text = clean(&ctx.mask.text(&text)).into_owned();
            for (n, line) in super::wrap(&text, width.saturating_sub(LABEL)).into_iter().enumerate() {
                let label = if n == 0 { label } else { "" };
                lines.push(Line::from(vec![
                    Span::styled(format!("{label:<LABEL$}"), theme.label),
                    Span::styled(line, theme.text),
                ]));
            }
        };
        say(
            "began",
            format!(
                "{}, took {}",
                figures::time_of_day(summary.started, ctx.zone),
                figures::span(summary.elapsed)
            ),
        );
        if let Some(asked) = &self.run.asked {
            say("asked for", target(asked));
            say("fields", asked.fields.join(", "));
        }
        say("rows", rows(summary));
        if let Some(cut) = summary.cut {
            say("cut", cut_said(cut).to_owned());
        }
        say("requests", requests(summary));
        if summary.cache_hits > 0 {
            let pages = figures::counted(summary.cache_hits.into(), "page", "pages");
            let oldest = summary
                .oldest
                .map_or_else(String::new, |age| format!(", the oldest {} old", figures::span(age)));
            say("cache", format!("{pages} from the cache{oldest}"));
        }
        for (label, latency) in
            [("server", summary.network), ("connections", summary.connect), ("own time", summary.processing)]
        {
            if latency.count > 0 {
                say(label, percentiles(&latency));
            }
        }
        if let Some(accuracy) = summary.accuracy {
            say("accuracy", format!("{} have an ID and an e-mail", figures::share(accuracy)));
        }
        for (n, label, why) in [
            (summary.past_retention, "retention", ""),
            (summary.withheld, "withheld", "; this tenant's settings show them to nobody"),
        ] {
            if let Some(window) = summary.window.filter(|_| n > 0) {
                let profiles = figures::counted(n, "profile", "profiles");
                let (day, days) = (window.first_day(), window.length());
                say(label, format!("{profiles} last modified before {day} (retention {days}){why}"));
            }
        }
        if let Some(spent) = &self.run.spent {
            lines.push(Line::default());
            lines.push(Line::styled("Where the time went", theme.heading));
            lines.extend(parts(spent, ctx));
        }
        if let Some(error) = &self.run.error {
            lines.push(Line::default());
            lines.push(Line::styled("Error", theme.heading));
            for (text, style) in
                [(&error.what, theme.bad), (&error.cause, theme.text), (&error.remedy, theme.text)]
            {
                let text = ctx.mask.text(text);
                let wrapped = super::wrap(&text, width).into_iter().filter(|line| !line.is_empty());
                lines.extend(wrapped.map(|line| Line::styled(line, style)));
            }
        }
        lines
    }
}

fn target(asked: &Asked) -> String {
    let mut parts = Vec::new();
    if asked.ids > 0 {
        parts.push(figures::counted(asked.ids as u64, "ID", "IDs"));
    }
    if !asked.segments.is_empty() {
        parts.push(format!("segments {}", asked.segments.join(", ")));
    }
    if let Some(filter) = &asked.filter {
        parts.push(format!("filter {filter}"));
    }
    if let Some(limit) = asked.limit {
        parts.push(format!("at most {}", figures::count(limit)));
    }
    parts.join(" · ")
}

fn rows(summary: &Summary) -> String {
    let mut said = figures::counted(summary.rows, "row", "rows");
    if let Some(total) = summary.total {
        let _ = write!(said, " of {}", figures::count(total));
    }
    let _ = write!(said, " on {}", figures::counted(summary.pages.into(), "page", "pages"));
    if summary.before > 0 {
        let _ = write!(said, ", behind {} of the run before", figures::count(summary.before));
    }
    let missing = if summary.filtered { "not returned" } else { "not found" };
    for (count, what) in [
        (summary.not_found.len() as u64, missing),
        (summary.repeats, "repeats dropped"),
        (summary.withheld, "withheld"),
        (summary.set_aside.len() as u64, "could not be read"),
    ] {
        if count > 0 {
            let _ = write!(said, ", {} {what}", figures::count(count));
        }
    }
    said
}

fn requests(summary: &Summary) -> String {
    let mut said = figures::count(summary.requests.into());
    for (count, one, many) in [(summary.retries, "retry", "retries"), (summary.throttled, "429", "429s")] {
        if count > 0 {
            let _ = write!(said, ", {}", figures::counted(count.into(), one, many));
        }
    }
    let _ = write!(said, ", {} received", figures::bytes(summary.bytes));
    said
}

fn percentiles(latency: &Latency) -> String {
    format!(
        "p50 {}  p95 {}  max {}",
        figures::span(latency.p50),
        figures::span(latency.p95),
        figures::span(latency.max)
    )
}

fn cut_said(cut: Cut) -> &'static str {
    match cut {
        Cut::Limit(_) => "at the limit that was set; there may be more",
        Cut::Cancelled => "cancelled; what came is kept",
        Cut::Error => "by an error; what came is kept",
    }
}

/// Each part with a bar and its share.
fn parts(spent: &Spent, ctx: &Ctx<'_>) -> Vec<Line<'static>> {
    let theme = ctx.theme;
    let whole = spent.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
    let mut lines = Vec::new();
    for (part, took) in spent.parts() {
        let share = took.as_secs_f64() / whole;
        let mut spans = vec![
            Span::styled(format!("{:<LABEL$}", part.name()), theme.label),
            Span::styled(format!("{:>9}  ", figures::span(took)), theme.text),
        ];
        spans.extend(crate::tui::gauge::bar(share, BAR, theme));
        spans.push(Span::styled(format!("  {}", figures::share(share)), theme.dim));
        lines.push(Line::from(spans));
    }
    lines
}

fn place(area: Rect) -> Rect {
    super::centred(area, 92.min(area.width.saturating_sub(2)), area.height.saturating_sub(2))
}
