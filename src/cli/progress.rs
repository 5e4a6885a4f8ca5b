//! A bar on a terminal's stderr while rows go elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::engine::event::{Exchange, Limits};

/// Shows how far a run is; silent where nobody would see it.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar on stderr, or nothing at all.
    pub fn new(shown: bool, colour: bool) -> Self {
        if !shown {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style(None, colour));
        Self(bar)
    }

    /// So many rows are there, of so many where that is known.
    pub fn rows(&self, rows: u64, total: Option<u64>, colour: bool) {
        if let Some(total) = total.filter(|t| self.0.length() != Some(*t)) {
            self.0.set_length(total);
            self.0.set_style(style(Some("profiles"), colour));
        }
        self.0.set_position(rows);
    }

    /// All that will come is there, and so many rows of it are written now, of so many that waited.
    pub fn writing(&self, written: u64, waiting: u64, colour: bool) {
        if written == 0 {
            self.0.reset_eta();
            self.0.set_length(waiting);
            self.0.set_style(style(Some("written"), colour));
            self.0.set_message("");
        }
        self.0.set_position(written);
    }

    /// Says what is being waited for.
    pub fn exchange(&self, exchange: &Exchange) {
        let said = exchange.retry.as_ref().map(|retry| {
            let after = super::summary::seconds(retry.after);
            let why = exchange.outcome.status().map_or_else(|| "no answer".to_owned(), |s| s.to_string());
            format!("{}: {why}, again in {after}", exchange.label)
        });
        self.0.set_message(said.unwrap_or_default());
    }

    /// Says that requests are held back.
    pub fn limits(&self, limits: &Limits) {
        if let Some(gate) = &limits.gate {
            self.0.set_message(format!("waiting: {}", crate::engine::text::clean(&gate.said)));
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// `of` is what is counted where it is known of how many.
fn style(of: Option<&str>, colour: bool) -> ProgressStyle {
    let template = match of {
        Some(of) => {
            let bar = if colour { "{bar:30.cyan}" } else { "{bar:30}" };
            format!("{bar} {{human_pos}}/{{human_len}} {of}  {{rate}}  ~{{eta}} left  {{msg}}")
        }
        None => "{spinner} {human_pos} profiles  {rate}  {msg}".to_owned(),
    };
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()).with_key(
        "rate",
        |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = write!(out, "{:.0}/s", state.per_sec());
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_one() {
        // `with_template` falls back silently above; a misspelled key would show an empty bar.
        for (of, colour) in [(Some("profiles"), true), (Some("written"), false), (None, true)] {
            let bar = ProgressBar::hidden();
            bar.set_style(style(of, colour));
        }
        let progress = Progress::new(false, false);
        progress.rows(10, Some(100), false);
        assert_eq!((progress.0.position(), progress.0.length()), (10, Some(100)));
        progress.writing(0, 70, false);
        assert_eq!((progress.0.position(), progress.0.length()), (0, Some(70)));
        assert!(progress.0.is_hidden());
    }
}
