//! The finished runs of this session, the newest first: what stands in their audit entries.

use std::collections::VecDeque;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::engine::error::Error;
use crate::engine::event::{Cut, Status, Summary};
use crate::engine::query::{Query, QueryId};
use crate::tui::action::Action;
use crate::tui::ctx::{Ctx, Focus};
use crate::tui::figures;
use crate::tui::overlays::finished::{Asked, Run};
use crate::tui::spent::Spent;
use crate::tui::theme::Theme;
use crate::tui::widgets::moved;

/// Runs that are kept.
const RUNS: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Runs {
    /// Those that are over, the newest first.
    over: VecDeque<Arc<Run>>,
    /// What the last run asked for; its end is still to come.
    asked: Option<(QueryId, Asked)>,
    /// The run under the cursor, counted from the newest.
    cursor: usize,
}

impl Runs {
    /// A run is asked for.
    pub(super) fn asked(&mut self, id: QueryId, query: &Query) {
        self.asked = Some((id, Asked::of(query)));
    }

    pub(super) fn finished(
        &mut self,
        id: QueryId,
        summary: Arc<Summary>,
        error: Option<&Error>,
        spent: Option<Spent>,
    ) {
        self.over.truncate(RUNS - 1);
        let asked = self.asked.as_ref().filter(|(own, _)| *own == id).map(|(_, asked)| asked.clone());
        self.over.push_front(Arc::new(Run { id, summary, error: error.cloned(), asked, spent }));
        if self.cursor > 0 {
            self.cursor = (self.cursor + 1).min(self.over.len() - 1);
        }
    }

    pub(super) fn scroll(&mut self, action: Action, height: usize) -> bool {
        let before = self.cursor;
        // One line is the heading.
        let page = height.saturating_sub(2).max(1);
        self.cursor = moved(action, before, page, self.over.len().saturating_sub(1));
        self.cursor != before
    }

    /// The run under the cursor.
    pub(super) fn under_cursor(&self) -> Option<Arc<Run>> {
        self.over.get(self.cursor).cloned()
    }

    /// A run by its number.
    pub(super) fn run(&self, id: QueryId) -> Option<Arc<Run>> {
        self.over.iter().find(|run| run.id == id).cloned()
    }

    /// The run under the cursor as a line, for the clipboard.
    pub(super) fn copied(&self, ctx: &Ctx<'_>) -> Option<String> {
        let run = self.over.get(self.cursor)?;
        let cell = |column: &Column| format!("{} {}", column.heading, (column.cell)(run, ctx).0);
        Some(COLUMNS.iter().map(cell).collect::<Vec<_>>().join("  "))
    }

    pub(super) fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        if self.over.is_empty() {
            return super::nothing("every finished run will stand here with its figures", ctx, area, buf);
        }
        let columns = fitting(usize::from(area.width));
        let heading: Vec<_> =
            columns.iter().map(|c| Span::styled(pad(c.heading, c), ctx.theme.heading)).collect();
        buf.set_line(area.x, area.y, &Line::from(heading), area.width);
        let top = (self.cursor + 2).saturating_sub(area.height.into());
        for (n, (y, run)) in (area.y + 1..area.bottom()).zip(self.over.iter().skip(top)).enumerate() {
            let cells: Vec<_> = columns
                .iter()
                .map(|c| {
                    let (text, style) = (c.cell)(run, ctx);
                    Span::styled(pad(&text, c), style)
                })
                .collect();
            buf.set_line(area.x, y, &Line::from(cells), area.width);
            if top + n == self.cursor && ctx.focus == Focus::Activity {
                super::light(ctx, area, y, buf);
            }
        }
    }
}

struct Column {
    heading: &'static str,
    width: usize,
    right: bool,
    cell: fn(&Run, &Ctx<'_>) -> (String, Style),
}

/// The most important first: what does not fit goes from the end.
const COLUMNS: &[Column] = &[
    Column { heading: "run", width: 4, right: true, cell: |r, c| (r.id.0.to_string(), c.theme.dim) },
    Column {
        heading: "started",
        width: 8,
        right: false,
        cell: |r, c| (figures::time_of_day(r.summary.started, c.zone), c.theme.text),
    },
    Column { heading: "status", width: 11, right: false, cell: |r, c| status(r, c.theme) },
    Column {
        heading: "rows",
        width: 9,
        right: true,
        cell: |r, c| (figures::count(r.summary.rows), c.theme.text),
    },
    Column {
        heading: "took",
        width: 9,
        right: true,
        cell: |r, c| (figures::span(r.summary.elapsed), c.theme.text),
    },
    Column { heading: "fields", width: 6, right: true, cell: fields },
    Column { heading: "cut", width: 9, right: false, cell: cut },
    Column {
        heading: "requests",
        width: 8,
        right: true,
        cell: |r, c| number(r.summary.requests, c.theme.text),
    },
    Column {
        heading: "retries",
        width: 7,
        right: true,
        cell: |r, c| number(r.summary.retries, c.theme.text),
    },
    Column { heading: "429s", width: 4, right: true, cell: |r, c| number(r.summary.throttled, c.theme.text) },
    Column { heading: "p50", width: 7, right: true, cell: |r, c| latency(r, c, |l| l.p50) },
    Column { heading: "p95", width: 7, right: true, cell: |r, c| latency(r, c, |l| l.p95) },
    Column { heading: "max", width: 7, right: true, cell: |r, c| latency(r, c, |l| l.max) },
    Column {
        heading: "accuracy",
        width: 8,
        right: true,
        cell: |r, c| match r.summary.accuracy {
            Some(share) => (figures::share(share), c.theme.text),
            None => (c.theme.symbols.unknown.to_owned(), c.theme.dim),
        },
    },
    Column {
        heading: "cached",
        width: 6,
        right: true,
        cell: |r, c| number(r.summary.cache_hits, c.theme.text),
    },
    Column {
        heading: "not found",
        width: 9,
        right: true,
        cell: |r, c| (figures::count(r.summary.not_found.len() as u64), c.theme.text),
    },
    Column {
        heading: "repeats",
        width: 7,
        right: true,
        cell: |r, c| (figures::count(r.summary.repeats), c.theme.text),
    },
    Column {
        heading: "set aside",
        width: 9,
        right: true,
        cell: |r, c| (figures::count(r.summary.set_aside.len() as u64), c.theme.text),
    },
    Column {
        heading: "bytes",
        width: 7,
        right: true,
        cell: |r, c| (figures::bytes(r.summary.bytes), c.theme.text),
    },
    Column { heading: "pages", width: 5, right: true, cell: |r, c| number(r.summary.pages, c.theme.text) },
    Column {
        heading: "error",
        width: 12,
        right: false,
        cell: |r, c| match &r.error {
            Some(error) => (error.kind.name().to_owned(), c.theme.bad),
            None => (String::new(), c.theme.text),
        },
    },
];

fn fitting(width: usize) -> Vec<&'static Column> {
    let mut used = 0;
    COLUMNS
        .iter()
        .take_while(|c| {
            used += c.width + 2;
            used <= width + 1
        })
        .collect()
}

fn pad(text: &str, column: &Column) -> String {
    let width = column.width;
    if column.right { format!(" {text:>width$} ") } else { format!(" {text:<width$} ") }
}

fn number(n: u32, style: Style) -> (String, Style) {
    (figures::count(n.into()), style)
}

fn fields(run: &Run, ctx: &Ctx<'_>) -> (String, Style) {
    match run.fields() {
        Some(fields) => (fields, ctx.theme.text),
        None => (ctx.theme.symbols.unknown.to_owned(), ctx.theme.dim),
    }
}

fn cut(run: &Run, ctx: &Ctx<'_>) -> (String, Style) {
    match run.summary.cut {
        Some(Cut::Limit(limit)) => (format!("at {}", figures::count(limit)), ctx.theme.warn),
        Some(Cut::Cancelled) => ("cancelled".to_owned(), ctx.theme.warn),
        Some(Cut::Error) => ("error".to_owned(), ctx.theme.bad),
        None => ("no".to_owned(), ctx.theme.dim),
    }
}

fn status(run: &Run, theme: &Theme) -> (String, Style) {
    let style = match run.summary.status {
        Status::Success => theme.good,
        Status::Partial | Status::Cancelled => theme.warn,
        Status::Failed => theme.bad,
    };
    (run.summary.status.name().to_owned(), style)
}

fn latency(
    run: &Run,
    ctx: &Ctx<'_>,
    which: fn(&crate::engine::event::Latency) -> std::time::Duration,
) -> (String, Style) {
    if run.summary.network.count == 0 {
        return (ctx.theme.symbols.unknown.to_owned(), ctx.theme.dim);
    }
    (figures::span(which(&run.summary.network)), ctx.theme.text)
}
