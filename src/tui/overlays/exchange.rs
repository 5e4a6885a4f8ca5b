//! One exchange in full: where its time went, what happened next, the request as sent, the reply as answered.

mod body;

use std::fmt::Write as _;
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use url::Url;

use body::Body;

use crate::engine::curl::curl;
use crate::engine::error::Error;
use crate::engine::event::{Exchange, Outcome, RetryReason};
use crate::engine::fetch::detail::Detail;
use crate::engine::text::clean;
use crate::rows::Mask;
use crate::tui::action::{Action, Context};
use crate::tui::ctx::Ctx;
use crate::tui::figures;
use crate::tui::gauge::{bar, status_style};
use crate::tui::spent::Part;
use crate::tui::widgets::{Field, moved, wrap};

/// Columns of the labels.
const LABEL: usize = 13;
/// Columns of a bar.
const BAR: usize = 24;

/// The panel. While it is open, what it shows is kept.
#[derive(Debug)]
pub struct ExchangePanel {
    exchange: Arc<Exchange>,
    detail: Option<Arc<Detail>>,
    body: Body,
    offset: usize,
    again: Again,
    /// What is being searched for, while it is typed.
    typing: Option<Field>,
    /// What was searched for, and where it stands: lines of the body.
    wanted: String,
    found: Vec<usize>,
    at: usize,
}

/// Whether the request was sent again.
#[derive(Debug)]
enum Again {
    No,
    /// It was, and the reply is to come.
    Asking,
    /// It was not, or nothing came.
    Failed(Error),
    /// This is the reply; how it was the first time.
    Came(Arc<Exchange>),
}

impl ExchangePanel {
    /// A panel for an exchange.
    pub fn new(exchange: Arc<Exchange>, mask: &Mask) -> Self {
        let detail = exchange.detail.upgrade();
        let mut panel = Self {
            exchange,
            detail,
            body: Body::default(),
            offset: 0,
            again: Again::No,
            typing: None,
            wanted: String::new(),
            found: Vec::new(),
            at: 0,
        };
        panel.veil(mask);
        panel
    }

    /// Personal values are masked from now on, or shown. What is searched for is sought in what is shown.
    pub fn veil(&mut self, mask: &Mask) {
        let reply = self.detail.as_ref().and_then(|detail| detail.reply.as_ref());
        let body = reply.map(|reply| Body::new(reply.body.raw(), mask));
        self.body = body.unwrap_or_default();
        self.found = self.body.find(&self.wanted);
        self.at = 0;
    }

    /// The exchange's number.
    pub fn number(&self) -> u64 {
        self.exchange.number
    }

    /// The exchange.
    pub fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }

    /// Whether the request is on its way again.
    pub fn is_asking(&self) -> bool {
        matches!(self.again, Again::Asking)
    }

    /// The request is sent again.
    pub fn ask_again(&mut self) {
        self.again = Again::Asking;
        self.offset = 0;
    }

    /// It could not be sent again, or failed. What came before that stays.
    pub fn failed(&mut self, error: Error) {
        if self.is_asking() {
            self.again = Again::Failed(error);
        }
    }

    /// An exchange came that repeats this one: it is shown from now on.
    pub fn came(&mut self, exchange: Arc<Exchange>, mask: &Mask) {
        let first = match std::mem::replace(&mut self.again, Again::No) {
            Again::Came(first) => first,
            _ => Arc::clone(&self.exchange),
        };
        let wanted = std::mem::take(&mut self.wanted);
        *self = Self::new(exchange, mask);
        self.again = Again::Came(first);
        self.find(wanted);
        self.offset = 0;
    }

    /// Whether what is searched for is being typed.
    pub fn is_typing(&self) -> bool {
        self.typing.is_some()
    }

    /// Begins to search the body.
    pub fn search(&mut self) {
        self.typing = Some(Field::holding(&self.wanted));
    }

    /// Takes what was typed, and goes to the first place where it stands; says so where there is none.
    pub fn take_search(&mut self, ctx: &Ctx<'_>) -> Option<String> {
        let field = self.typing.take()?;
        self.find(field.text().to_owned());
        self.show_found(ctx);
        let none = self.found.is_empty() && !self.wanted.is_empty();
        none.then(|| format!("no line of the body has {}", clean(&self.wanted)))
    }

    /// Stops typing; says whether anything was being typed.
    pub fn stop_typing(&mut self) -> bool {
        self.typing.take().is_some()
    }

    /// The next place where it stands, or the one before; says whether there is one.
    pub fn next_found(&mut self, forth: bool, ctx: &Ctx<'_>) -> bool {
        let count = self.found.len();
        if count == 0 {
            return false;
        }
        self.at = (self.at + if forth { 1 } else { count - 1 }) % count;
        self.show_found(ctx);
        true
    }

    fn find(&mut self, wanted: String) {
        self.found = self.body.find(&wanted);
        self.wanted = wanted;
        self.at = 0;
    }

    fn show_found(&mut self, ctx: &Ctx<'_>) {
        let Some(line) = self.found.get(self.at) else { return };
        let place = place(ctx.area);
        let width = usize::from(place.width.saturating_sub(4));
        let row = self.body.rows(width).iter().position(|(number, ..)| number == line).unwrap_or(0);
        let at = self.head(ctx, width).len() + row;
        let height = usize::from(place.height.saturating_sub(2));
        if !(self.offset..self.offset + height).contains(&at) {
            self.offset = at.saturating_sub(height / 3);
        }
    }

    /// A key that is text; says whether anything changed.
    pub fn input(&mut self, key: KeyEvent, _ctx: &Ctx<'_>) -> bool {
        self.typing.as_mut().is_some_and(|field| field.input(key))
    }

    /// Pasted text; says whether anything changed.
    pub fn paste(&mut self, text: &str) -> bool {
        self.typing.as_mut().is_some_and(|field| field.paste(text))
    }

    /// Scrolls; says whether anything moved.
    pub fn scroll(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        let place = place(ctx.area);
        let width = usize::from(place.width.saturating_sub(4));
        let height = usize::from(place.height.saturating_sub(2));
        let len = self.head(ctx, width).len() + self.body.rows(width).len();
        let before = self.offset;
        self.offset = moved(action, before, height.saturating_sub(1).max(1), len.saturating_sub(height));
        self.offset != before
    }

    /// The request as a `curl` line, the secret left out.
    pub fn curl(&self) -> Option<String> {
        curl_of(&self.exchange)
    }

    /// The reply's body as it is kept, where there is one.
    pub fn body(&self) -> Option<&str> {
        let reply = self.detail.as_ref()?.reply.as_ref()?;
        (!reply.body.is_empty()).then(|| reply.body.raw())
    }

    /// All of it as plain text, for the clipboard: true values, and no secret.
    pub fn text(&self, ctx: &Ctx<'_>) -> String {
        let mut out = String::new();
        for line in self.times(ctx, 200) {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{}", line.to_string().trim_end());
        }
        let Some(detail) = &self.detail else { return out };
        let _ = writeln!(out, "\n{} {}", detail.method, detail.url.raw());
        for (name, value) in &detail.request {
            let _ = writeln!(out, "{name}: {}", value.raw());
        }
        let Some(reply) = &detail.reply else { return out };
        let _ = writeln!(out, "\n{}", status_line(reply.status));
        for (name, value) in &reply.headers {
            let _ = writeln!(out, "{name}: {}", value.raw());
        }
        let _ = writeln!(out, "\n{}", reply.body.raw());
        out
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let most = place(area);
        let width = usize::from(most.width.saturating_sub(4));
        let head = self.head(ctx, width);
        let rows = self.body.rows(width);
        let len = head.len() + rows.len();
        let place = super::centred(area, most.width, (len as u16).saturating_add(2).min(most.height));
        let ok = self.exchange.outcome.is_success();
        let style = if ok { theme.border_focused } else { theme.warn };
        let again = if self.exchange.again.is_some() { ", sent again" } else { "" };
        let title = format!("{} {}{again}", self.exchange.method, self.exchange.what());
        let room = place.width.saturating_sub(3);
        let hints = match &self.typing {
            Some(field) => typed(field, ctx),
            None => super::hints(ctx.keys, Context::Exchange, Some("close"), theme, room),
        };
        let inside = super::window(ctx, &title, &hints, place, style, buf);
        if inside.is_empty() {
            return;
        }
        let height = usize::from(inside.height);
        let offset = self.offset.min(len.saturating_sub(height));
        for (at, y) in (offset..len).zip(inside.y..inside.bottom()) {
            match head.get(at) {
                Some(line) => _ = buf.set_line(inside.x, y, line, inside.width),
                None => self.body_row(&rows[at - head.len()], ctx, inside, y, buf),
            }
        }
        super::more(offset > 0, offset + height < len, ctx, inside, buf);
    }

    fn body_row(
        &self,
        (number, row, is_first): &(usize, String, bool),
        ctx: &Ctx<'_>,
        area: Rect,
        y: u16,
        buf: &mut Buffer,
    ) {
        let mut line = self.body.styled(row, *is_first, ctx.theme);
        if self.found.contains(number) {
            // The place that was gone to last stands out among the others.
            let here = self.found.get(self.at) == Some(number);
            line = line.patch_style(if here { ctx.theme.found } else { ctx.theme.changed });
        }
        buf.set_line(area.x, y, &line, area.width);
    }

    /// Everything but the body.
    fn head(&self, ctx: &Ctx<'_>, width: usize) -> Vec<Line<'static>> {
        let theme = ctx.theme;
        let mut lines = self.times(ctx, width);
        let heading = |text: &str| Line::styled(text.to_owned(), theme.heading);
        lines.push(Line::default());
        lines.push(heading("Request as sent"));
        let Some(detail) = &self.detail else {
            let target = format!("{} {}", self.exchange.method, self.exchange.target.raw());
            lines.extend(wrapped(&clean(&ctx.mask.text(&target)), width, theme.text));
            let gone = "Headers and bodies are kept of the last exchanges only, and this one is older.";
            lines.extend(wrapped(gone, width, theme.dim));
            return lines;
        };
        let url = format!("{} {}", detail.method, detail.url.raw());
        lines.extend(wrapped(&clean(&ctx.mask.text(&url)), width, theme.text));
        // What is asked, as a person would write it.
        if let Ok(url) = Url::parse(detail.url.raw()) {
            for (name, value) in url.query_pairs() {
                lines.extend(wrapped(
                    &clean(&ctx.mask.text(&format!("  {name} = {value}"))),
                    width,
                    theme.accent,
                ));
            }
        }
        lines.extend(detail.request.iter().flat_map(|(name, value)| pair(name, value.raw(), width, ctx)));
        if let Some(sent) = &detail.sent {
            lines.extend(wrapped(&format!("[body: {sent}]"), width, theme.dim));
        }
        lines.push(Line::default());
        let Some(reply) = &detail.reply else {
            lines.push(heading("No whole reply"));
            if let Outcome::Broken(why) = &self.exchange.outcome {
                lines.extend(wrapped(&clean(&ctx.mask.text(why)), width, theme.bad));
            }
            return lines;
        };
        lines.push(heading("Reply as answered"));
        lines.push(Line::styled(status_line(reply.status), status_style(Some(reply.status), theme)));
        lines.extend(reply.headers.iter().flat_map(|(name, value)| pair(name, value.raw(), width, ctx)));
        let size = figures::bytes(reply.size);
        let mut said = match (reply.withheld, reply.size) {
            (Some(why), _) => format!("[body: {size}, not kept: {why}]"),
            (None, 0) => "[no body]".to_owned(),
            (None, _) if reply.missing() > 0 => {
                format!(
                    "[body: {size}; only its beginning is kept, {} are not]",
                    figures::bytes(reply.missing())
                )
            }
            (None, _) if self.body.hidden() > 0 => {
                format!(
                    "[body: {size}; all is copied, {} are not shown]",
                    figures::bytes(self.body.hidden() as u64)
                )
            }
            (None, _) => format!("[body: {size}]"),
        };
        if !self.wanted.is_empty() {
            let places = figures::counted(self.found.len() as u64, "line", "lines");
            let _ = write!(said, "  {} in {places}", clean(&self.wanted));
        }
        lines.extend(wrapped(&said, width, theme.dim));
        lines
    }

    /// When, what came of it, where the time went, what happened next.
    fn times(&self, ctx: &Ctx<'_>, width: usize) -> Vec<Line<'static>> {
        let (theme, exchange) = (ctx.theme, &*self.exchange);
        let mut lines = Vec::new();
        match &self.again {
            Again::Asking => lines.push(Line::styled("sent again; the reply is to come …", theme.accent)),
            Again::Failed(error) => {
                lines.extend(wrapped(
                    &format!("sent again: {}: {}", error.what, error.cause),
                    width,
                    theme.bad,
                ));
                lines.extend(wrapped(&error.remedy, width, theme.text));
            }
            Again::Came(first) => {
                let first = format!("sent again; the first time: {}", came(first));
                lines.extend(wrapped(&first, width, theme.accent));
            }
            Again::No => {}
        }
        let mut said = format!("{}  {}", figures::time_of_day(exchange.at, ctx.zone), came(exchange));
        if exchange.attempt > 1 {
            let _ = write!(said, "  attempt {}", exchange.attempt);
        }
        if let Some(id) = exchange.query {
            let _ = write!(said, "  run {}", id.0);
        }
        lines.extend(wrapped(&said, width, theme.text));
        let all: std::time::Duration = Part::ALL.iter().map(|part| part.of(&exchange.phases)).sum();
        for part in Part::ALL {
            let took = part.of(&exchange.phases);
            // What would be shown as nothing is nothing.
            if took.as_micros() < 50 {
                continue;
            }
            let share = took.as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE);
            let mut spans = vec![
                Span::styled(format!("  {:<LABEL$}", part.name()), theme.label),
                Span::styled(format!("{:>9}  ", figures::span(took)), theme.text),
            ];
            spans.extend(bar(share, BAR, theme));
            lines.push(Line::from(spans));
        }
        lines.push(Line::from(vec![
            Span::styled(format!("  {:<LABEL$}", "in all"), theme.label),
            Span::styled(format!("{:>9}", figures::span(all)), theme.text),
        ]));
        let (next, style) = self.next(ctx);
        lines.extend(wrapped(&next, width, style));
        lines
    }

    /// What happened next.
    fn next(&self, ctx: &Ctx<'_>) -> (String, Style) {
        let (theme, exchange) = (ctx.theme, &*self.exchange);
        let header = match &exchange.retry_after {
            Some(said) => format!("Retry-After: {}", said.shown()),
            None => "no Retry-After".to_owned(),
        };
        if let Some(retry) = &exchange.retry {
            let after = figures::span(retry.after);
            let said = match retry.because {
                RetryReason::RetryAfter => {
                    format!("then: sent again after {after}, as the reply says ({header})")
                }
                RetryReason::Backoff => format!("then: sent again after {after}, our own wait ({header})"),
                RetryReason::Token => "then: sent again with a new token".to_owned(),
            };
            return (said, theme.warn);
        }
        match &exchange.outcome {
            Outcome::Status(200..=299) => ("then: taken".to_owned(), theme.good),
            Outcome::Status(_) => (format!("then: given up ({header})"), theme.bad),
            Outcome::Refused(_, why) | Outcome::Broken(why) => {
                (format!("then: given up: {}", clean(&ctx.mask.text(why))), theme.bad)
            }
        }
    }
}

/// The request of an exchange as a `curl` line, where it is kept and has no body of its own.
pub fn curl_of(exchange: &Exchange) -> Option<String> {
    let detail = exchange.detail.upgrade()?;
    detail.sent.is_none().then(|| curl(detail.method, detail.url.raw()))
}

/// `200 in 23 ms, 50 rows, 23 kB`
fn came(exchange: &Exchange) -> String {
    let status = exchange.outcome.status().map_or_else(|| "no reply".to_owned(), |status| status.to_string());
    let mut said = format!("{status} in {}", figures::span(exchange.phases.server()));
    if let Some(rows) = exchange.rows {
        let _ = write!(said, ", {}", figures::counted(rows.into(), "row", "rows"));
    }
    if exchange.bytes > 0 {
        let _ = write!(said, ", {}", figures::bytes(exchange.bytes));
    }
    said
}

/// `429 Too Many Requests`
fn status_line(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}

fn wrapped(text: &str, width: usize, style: Style) -> Vec<Line<'static>> {
    wrap(text, width).map(|line| Line::styled(line.to_owned(), style)).collect()
}

/// `name: value`, over as many lines as it takes.
fn pair(name: &str, value: &str, width: usize, ctx: &Ctx<'_>) -> Vec<Line<'static>> {
    let text = clean(&ctx.mask.text(&format!("{name}: {value}"))).into_owned();
    let mut lines = wrapped(&text, width, ctx.theme.text);
    let label = clean(name).len() + 1;
    if let Some(first) = lines.first_mut()
        && let Some((name, value)) = first.to_string().split_at_checked(label)
    {
        *first = Line::from(vec![
            Span::styled(name.to_owned(), ctx.theme.label),
            Span::styled(value.to_owned(), ctx.theme.text),
        ]);
    }
    lines
}

/// What is being searched for, in the place of the hints.
fn typed(field: &Field, ctx: &Ctx<'_>) -> Line<'static> {
    let [before, under, behind] = field.around_cursor();
    let under = if under.is_empty() { " ".into() } else { clean(under) };
    Line::from(vec![
        Span::styled(" / ", ctx.theme.key),
        Span::styled(clean(before).into_owned(), ctx.theme.editing),
        Span::styled(under.into_owned(), ctx.theme.cursor),
        Span::styled(format!("{} ", clean(behind)), ctx.theme.editing),
    ])
}

fn place(area: Rect) -> Rect {
    super::centred(area, 110.min(area.width.saturating_sub(2)), area.height.saturating_sub(2))
}
