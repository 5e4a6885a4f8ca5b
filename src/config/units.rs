//! Durations and rates as people write them, read in one place for flags, variables and files.

use std::time::Duration;

use jiff::SignedDuration;

/// The longest duration that a setting may have; longer is a slip of the keyboard.
const LONGEST: Duration = Duration::from_hours(24);

/// Reads `30s`, `500ms`, `2m`, `1h 30m`.
///
/// # Errors
/// The value and what would be right.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        |rule: &str| Err(format!("{text:?} {rule}; write a time with its unit, such as 500ms, 30s or 2m"));
    let Ok(parsed) = text.trim().parse::<SignedDuration>() else {
        return wrong("is not a duration");
    };
    match Duration::try_from(parsed) {
        Ok(duration) if duration > LONGEST => wrong("is longer than a day"),
        Ok(duration) => Ok(duration),
        Err(_) => wrong("is negative"),
    }
}

/// Like [`duration`], but zero is refused: a time-out of nothing fails everything.
///
/// # Errors
/// The value and what would be right.
pub fn timeout(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err(format!("{text:?} leaves no time at all; write 1s or more")),
        some => Ok(some),
    }
}

/// Reads `10/s`, `10`, `600/m`, `off`, in requests a second; `None` is `off`.
///
/// # Errors
/// The value and what would be right.
pub fn rate(text: &str) -> Result<Option<f64>, String> {
    let trimmed = text.trim();
    if trimmed == "off" {
        return Ok(None);
    }
    let (number, unit) = trimmed.split_once('/').unwrap_or((trimmed, "s"));
    let seconds = match unit.trim() {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        _ => f64::NAN,
    };
    // `parse` takes "inf" and "nan" too: only digits and one point are a rate.
    let digits = number.trim();
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match digits.parse::<f64>().map(|n| n / seconds) {
        Ok(rate) if plain && rate.is_finite() && rate > 0.0 && rate <= 1e6 => Ok(Some(rate)),
        _ => Err(format!(
            "{text:?} is not a rate; write requests a second or a minute, such as 10/s or 600/m, or off"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        for (text, millis) in
            [("30s", 30_000), ("500ms", 500), ("2m", 120_000), ("1m 30s", 90_000), ("0s", 0)]
        {
            assert_eq!(duration(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
    }

    #[test]
    fn a_bad_duration_is_named_with_what_would_be_right() {
        for text in ["", "30", "-5s", "soon", "5x", "99999h", "30 s s"] {
            let error = duration(text).unwrap_err();
            assert!(error.contains(&format!("{text:?}")) && error.contains("30s"), "{text}: {error}");
        }
        assert!(timeout("0s").unwrap_err().contains("0s"));
    }

    #[test]
    fn rates_read_as_people_write_them() {
        assert_eq!(rate("10/s").unwrap(), Some(10.0));
        assert_eq!(rate("10").unwrap(), Some(10.0));
        assert_eq!(rate("600/m").unwrap(), Some(10.0));
        assert_eq!(rate("0.5/s").unwrap(), Some(0.5));
        assert_eq!(rate("off").unwrap(), None);
    }

    #[test]
    fn a_bad_rate_is_named_with_what_would_be_right() {
        for text in ["", "0", "0/s", "-1/s", "inf", "nan", "1e3", "10/d", "ten", "99999999/s", "1/2/s"] {
            let error = rate(text).unwrap_err();
            assert!(error.contains(&format!("{text:?}")) && error.contains("10/s"), "{text}: {error}");
        }
    }
}
