//! The table that is printed, and what several measurements come to.

use std::fmt;

/// Rows in the order in which they were measured.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

pub(crate) struct Row {
    /// What was measured, and under which conditions.
    pub(crate) what: String,
    /// This run's figure.
    pub(crate) figure: String,
    /// The floor or peer, measured in the same run.
    pub(crate) floor: String,
    /// What it should be.
    pub(crate) goal: String,
    pub(crate) met: bool,
}

impl Table {
    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("  {}: {} ({})", row.what, row.figure, if row.met { "met" } else { "missed" });
        self.0.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| what | this run | floor or peer, same run | goal | |\n| --- | --- | --- | --- | --- |"
        )?;
        for Row { what, figure, floor, goal, met } in &self.0 {
            let met = if *met { "met" } else { "**missed**" };
            writeln!(f, "| {what} | {figure} | {floor} | {goal} | {met} |")?;
        }
        Ok(())
    }
}

/// Figures of the same thing, measured several times.
#[derive(Clone, Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn add(&mut self, figure: f64) {
        self.0.push(figure);
        self.0.sort_unstable_by(f64::total_cmp);
    }

    pub(crate) fn median(&self) -> f64 {
        match self.0.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => self.0[n / 2],
            n => f64::midpoint(self.0[n / 2 - 1], self.0[n / 2]),
        }
    }

    pub(crate) fn least(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn most(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// `97.4 % (97.1–97.5)`: the median, and from the least to the most.
    pub(crate) fn shown(&self, decimals: usize, unit: &str) -> String {
        let number = |figure: f64| grouped(figure, decimals);
        let median = number(self.median());
        if self.0.len() < 2 {
            return format!("{median}{unit}");
        }
        format!("{median}{unit} ({}–{})", number(self.least()), number(self.most()))
    }
}

/// `1,234.5`
pub(crate) fn grouped(figure: f64, decimals: usize) -> String {
    let text = format!("{figure:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && digit != '-' && (whole.len() - i).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}
