//! Figures as people read them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// From so many hours on, days are told.
const DAYS_FROM: u64 = 48;

/// `1,250`
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 row`, `2 rows`
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// Milliseconds without their unit: `0.4`, `23`, `1,204`.
pub fn millis(d: Duration) -> String {
    let ms = d.as_secs_f64() * 1_000.0;
    if (0.05..9.95).contains(&ms) { format!("{ms:.1}") } else { count(ms.round() as u64) }
}

/// A span for a person: `0.4 ms`, `23 ms`, `2.0 s`, `21 s`, `3 min 20 s`, `2 h 5 min`.
pub fn span(d: Duration) -> String {
    let seconds = d.as_secs_f64();
    // Borders lie where rounding would show the next unit.
    if seconds < 0.9995 {
        format!("{} ms", millis(d))
    } else if seconds < 9.95 {
        format!("{seconds:.1} s")
    } else if seconds < 59.5 {
        format!("{seconds:.0} s")
    } else {
        let whole = seconds.round() as u64;
        let (hours, minutes, rest) = (whole / 3_600, whole / 60 % 60, whole % 60);
        match (hours, minutes, rest) {
            (0, m, 0) => format!("{m} min"),
            (0, m, s) => format!("{m} min {s} s"),
            (h, ..) if h >= DAYS_FROM => days(h),
            (h, 0, _) => format!("{h} h"),
            (h, m, _) => format!("{h} h {m} min"),
        }
    }
}

/// What is left of something, in whole minutes, seconds only in the last minute: `58 min`, `42 s`.
pub fn left(d: Duration) -> String {
    let seconds = d.as_secs();
    if seconds < 60 {
        format!("{seconds} s")
    } else if seconds < 2 * 3_600 {
        format!("{} min", seconds / 60)
    } else if seconds < DAYS_FROM * 3_600 {
        format!("{} h {} min", seconds / 3_600, seconds / 60 % 60)
    } else {
        days(seconds / 3_600)
    }
}

fn days(hours: u64) -> String {
    format!("{} days", count(hours / 24))
}

/// What is left of a wait, which counts down by the second: `1 min 58 s`; past an hour as [`left`].
pub fn countdown(d: Duration) -> String {
    match d.as_secs() {
        seconds @ 60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => left(d),
    }
}

/// How long what [`countdown`] says stays right.
pub fn countdown_changes_in(d: Duration) -> Duration {
    if d.as_secs() < 3_600 { until_next(d, 1_000_000_000) } else { left_changes_in(d) }
}

/// How long what [`left`] says stays right.
pub fn left_changes_in(d: Duration) -> Duration {
    until_next(d, if d.as_secs() < 60 { 1_000_000_000 } else { 60_000_000_000 })
}

fn until_next(d: Duration, unit: u128) -> Duration {
    // One nanosecond past the border, so that the next reading is on the other side of it.
    Duration::from_nanos(u64::try_from(d.as_nanos() % unit).unwrap_or(0) + 1)
}

/// Requests a second: `9.2`, `10`, `120`.
pub fn rate(r: f64) -> String {
    let rounded = (r * 10.0).round() / 10.0;
    if rounded >= 100.0 || rounded.fract() == 0.0 { format!("{r:.0}") } else { format!("{rounded:.1}") }
}

/// Decoded bytes: `812 B`, `1.2 MB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if n < 1_000 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1_000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    if value < 9.95 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

/// A share: `99.2 %`; never rounded up to 100.
pub fn share(s: f64) -> String {
    let tenths = (s * 1_000.0).floor() / 10.0;
    if tenths.fract() == 0.0 { format!("{tenths:.0} %") } else { format!("{tenths:.1} %") }
}

/// The time of day: `12:01:04`.
pub fn time_of_day(at: Timestamp, zone: &TimeZone) -> String {
    let time = zone.to_datetime(at).time();
    format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: f64) -> Duration {
        Duration::from_secs_f64(n / 1_000.0)
    }

    #[test]
    fn counts_are_grouped() {
        let shown: Vec<_> = [0, 7, 999, 1_000, 12_345, 1_000_000].map(count).into();
        assert_eq!(shown, ["0", "7", "999", "1,000", "12,345", "1,000,000"]);
        assert_eq!(counted(1, "row", "rows"), "1 row");
    }

    #[test]
    fn spans_keep_the_digits_that_matter() {
        let shown: Vec<_> =
            [0.0, 0.43, 9.96, 23.4, 999.4, 999.6, 2_000.0, 9_960.0, 59_600.0, 200_000.0, 7_500_000.0, 3e11]
                .map(|n| span(ms(n)))
                .into();
        let want = [
            "0 ms",
            "0.4 ms",
            "10 ms",
            "23 ms",
            "999 ms",
            "1.0 s",
            "2.0 s",
            "10 s",
            "1 min",
            "3 min 20 s",
            "2 h 5 min",
            "3,472 days",
        ];
        assert_eq!(shown, want);
    }

    #[test]
    fn a_wait_counts_down_by_the_second_while_somebody_may_sit_it_out() {
        let said = |seconds| countdown(Duration::from_secs(seconds));
        assert_eq!([59, 60, 118, 3_599].map(said), ["59 s", "1 min 0 s", "1 min 58 s", "59 min 59 s"]);
        assert_eq!([3_600, 9_000, 200_000].map(said), ["60 min", "2 h 30 min", "2 days"]);
        for d in [118_400_u64, 60_000, 59_900, 3_600_100, 9_000_000] {
            let d = Duration::from_millis(d);
            let change = countdown_changes_in(d);
            assert_ne!(countdown(d.saturating_sub(change)), countdown(d), "{d:?}");
            assert_eq!(
                countdown((d + Duration::from_nanos(1)).saturating_sub(change)),
                countdown(d),
                "{d:?}"
            );
        }
    }

    #[test]
    fn what_is_left_changes_with_the_minute_and_in_the_end_with_the_second() {
        assert_eq!(left(Duration::from_secs(3_599)), "59 min");
        assert_eq!(left(Duration::from_secs(60)), "1 min");
        assert_eq!(left(Duration::from_millis(59_900)), "59 s");
        for d in [3_599_000_u64, 60_000, 59_900, 61_000, 1_000] {
            let d = Duration::from_millis(d);
            let change = left_changes_in(d);
            assert_ne!(left(d.saturating_sub(change)), left(d), "{d:?}");
            assert_eq!(left((d + Duration::from_nanos(1)).saturating_sub(change)), left(d), "{d:?}");
        }
    }

    #[test]
    fn rates_bytes_and_shares() {
        assert_eq!([9.2, 10.0, 9.97, 120.4, 0.0].map(rate), ["9.2", "10", "10", "120", "0"]);
        assert_eq!(
            [812, 1_234, 23_100, 999_700, 16_777_216].map(bytes),
            ["812 B", "1.2 kB", "23 kB", "1.0 MB", "17 MB"]
        );
        assert_eq!([1.0, 0.9999, 0.5, 0.0].map(share), ["100 %", "99.9 %", "50 %", "0 %"]);
    }
}
