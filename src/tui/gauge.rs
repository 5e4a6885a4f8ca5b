//! Limits and statuses as several panes show them.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::Span;

use super::ctx::Ctx;
use super::theme::Theme;

/// `measured` counts the last second; past that, with no word from the worker, nothing was sent.
pub const MEASURED_OVER: Duration = Duration::from_secs(1);

/// Requests sent in the last second, by a snapshot that may be older than that.
pub fn measured(ctx: &Ctx<'_>) -> f64 {
    ctx.limits.map_or(0.0, |l| {
        if ctx.now.saturating_duration_since(l.at) < MEASURED_OVER { l.measured } else { 0.0 }
    })
}

/// How long nobody sends yet, rounded up to the second that a countdown shows.
pub fn gate_left(ctx: &Ctx<'_>) -> Option<Duration> {
    let until = ctx.limits?.gate.as_ref()?.until;
    let left = until.checked_duration_since(ctx.now).filter(|left| !left.is_zero())?;
    // A countdown ends with 1, not with 0.
    Some(left + Duration::from_nanos(999_999_999))
}

/// A bar of so many columns.
pub fn bar(share: f64, columns: usize, theme: &Theme) -> Vec<Span<'static>> {
    let full = ((share.clamp(0.0, 1.0) * columns as f64).round() as usize).min(columns);
    vec![
        Span::styled(theme.symbols.bar.repeat(full), theme.bar),
        Span::styled(theme.symbols.bar_empty.repeat(columns - full), theme.bar_empty),
    ]
}

/// A style for a status: told by the figure, coloured beside it.
pub fn status_style(status: Option<u16>, theme: &Theme) -> Style {
    match status {
        Some(200..=299) => theme.good,
        Some(429) => theme.warn,
        _ => theme.bad,
    }
}
