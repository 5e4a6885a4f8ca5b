//! RFC 3339, to the letter: what is read as a time stamp is one.

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// A point in time that a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant {
    /// Microseconds since 1970-01-01T00:00:00Z, rounded down.
    pub(super) micros: i64,
    /// Whether that is all that the text says: UTC, and no digit beyond the microsecond.
    pub(super) says_all: bool,
}

/// Reads `2026-03-04T12:00:00.5+01:00`. A leap second is none: no number of microseconds is its own.
pub(super) fn instant(text: &str) -> Option<Instant> {
    let bytes = text.as_bytes();
    let (
        &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T' | b't', h1, h2, b':', n1, n2, b':', s1, s2],
        rest,
    ) = bytes.split_first_chunk::<19>()?
    else {
        return None;
    };
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?);
    if !(1..=12).contains(&month) || !(1..=days(year, month)).contains(&day) || second > 59 {
        return None;
    }
    let (micros, all_digits, rest) = fraction(rest)?;
    let (offset, is_utc) = offset(rest)?;
    let minutes = since_epoch(year, month, day) * 1_440 + minutes(hour, minute)? - offset;
    Some(Instant { micros: (minutes * 60 + second) * 1_000_000 + micros, says_all: is_utc && all_digits })
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |n, digit| digit.is_ascii_digit().then(|| n * 10 + i64::from(digit - b'0')))
}

fn minutes(hour: i64, minute: i64) -> Option<i64> {
    (hour <= 23 && minute <= 59).then_some(hour * 60 + minute)
}

/// Microseconds, whether they are all of the fraction, and what comes behind it.
fn fraction(text: &[u8]) -> Option<(i64, bool, &[u8])> {
    let Some(text) = text.strip_prefix(b".") else { return Some((0, true, text)) };
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return None;
    }
    let (kept, beyond) = digits.split_at(digits.len().min(6));
    let micros = number(kept)? * 10_i64.pow(6 - kept.len() as u32);
    Some((micros, beyond.iter().all(|digit| *digit == b'0'), rest))
}

/// Minutes ahead of UTC, and whether it is UTC that is meant: `-00:00` means that nobody knows.
fn offset(text: &[u8]) -> Option<(i64, bool)> {
    match *text {
        [b'Z' | b'z'] => Some((0, true)),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let ahead = minutes(number(&[h1, h2])?, number(&[m1, m2])?)?;
            Some(if sign == b'+' { (ahead, ahead == 0) } else { (-ahead, false) })
        }
        _ => None,
    }
}

fn days(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years begin in March here, so that the leap day is the last.
fn since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use proptest::prelude::*;

    #[test]
    fn what_is_a_time_stamp_is_read() {
        for (text, micros, says_all) in [
            ("1970-01-01T00:00:00Z", 0, true),
            ("2026-03-04T11:59:00z", 1_772_625_540_000_000, true),
            ("2026-03-04t12:59:00.000+01:00", 1_772_625_540_000_000, false),
            ("2026-03-04T11:59:00+00:00", 1_772_625_540_000_000, true),
            ("2026-03-04T11:59:00-00:00", 1_772_625_540_000_000, false),
            ("1969-12-31T23:59:59.5Z", -500_000, true),
            ("1970-01-01T00:00:00.123456000Z", 123_456, true),
            ("1970-01-01T00:00:00.1234567Z", 123_456, false),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000_000, true),
        ] {
            assert_eq!(instant(text), Some(Instant { micros, says_all }), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_not() {
        for text in [
            "",
            "1790000000",
            "2026-03-04",
            "2026-03-04 11:59:00Z",
            "2026-03-04T11:59:00",
            "2026-03-04T11:59Z",
            "2026-3-4T11:59:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-03-04T24:00:00Z",
            "2026-03-04T11:60:00Z",
            "2016-12-31T23:59:60Z",
            "2026-03-04T11:59:00.Z",
            "2026-03-04T11:59:00,5Z",
            "2026-03-04T11:59:00+0100",
            "2026-03-04T11:59:00+24:00",
            "2026-03-04T11:59:00Z ",
            " 2026-03-04T11:59:00Z",
            "2026-03-04T11:59:00ZZ",
            "+002026-03-04T11:59:00Z",
            "２026-03-04T11:59:00Z",
            "2026-03-04T11:59:00é",
            "Wed, 04 Mar 2026 11:59:00 GMT",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_jiff(seconds in -62_000_000_000_i64..253_000_000_000, micros in 0_i64..1_000_000) {
            let there = Timestamp::from_microsecond(seconds * 1_000_000 + micros).unwrap();
            let read = instant(&there.to_string()).unwrap();
            prop_assert_eq!(read, Instant { micros: there.as_microsecond(), says_all: true });
        }

        #[test]
        fn nothing_makes_it_stumble(text in "\\PC{0,40}|[0-9:.TZ+-]{15,35}|2026-0[0-9]-[0-3][0-9]T[0-9:.]{0,12}(Z|[+-][0-9:]{0,6})") {
            if let Some(read) = instant(&text) {
                let there: Timestamp = text.parse().unwrap();
                prop_assert_eq!(read.micros.div_euclid(1_000), there.as_microsecond().div_euclid(1_000));
            }
        }
    }
}
