//! The window that profiles are kept for, and what becomes of those from before it.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::pipeline::profile::Profile;

/// Days that profiles are kept for, unless said otherwise.
pub const RETENTION_DAYS: u32 = 180;

/// What becomes of profiles that were last modified before the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PastRetention {
    /// They are shown, with a mark.
    #[default]
    Mark,
    /// They are counted, and nobody gets to see them.
    Withhold,
}

/// The days up to some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    start: Timestamp,
    days: u32,
}

impl Window {
    /// So many days of 24 hours up to `now`; `None` where they reach further back than any date, so that nothing is
    /// from before them.
    pub fn until(now: Timestamp, days: u32) -> Option<Self> {
        let start = now.checked_sub(SignedDuration::from_hours(i64::from(days) * 24)).ok()?;
        Some(Self { start, days })
    }

    /// When it begins.
    pub fn start(self) -> Timestamp {
        self.start
    }

    /// Its length in days.
    pub fn days(self) -> u32 {
        self.days
    }

    /// The same for a person: `180 days`.
    pub fn length(self) -> String {
        format!("{} {}", self.days, if self.days == 1 { "day" } else { "days" })
    }

    /// The day that it begins on, in UTC.
    pub fn first_day(self) -> Date {
        self.start.to_zoned(TimeZone::UTC).date()
    }

    /// Whether something last modified at that time is from before it. What cannot be read is not.
    pub fn is_before(self, modified: &str) -> bool {
        instant(modified).is_some_and(|modified| modified < self.start)
    }

    /// Whether a profile is from before it. One without a date that can be read is not.
    pub fn is_past(self, profile: &Profile) -> bool {
        profile.modified_date.value().is_some_and(|text| self.is_before(text.value.raw()))
    }
}

/// The instant that a date names: with a zone as it says, without one in UTC, and without a time at midnight.
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse::<Timestamp>().ok().or_else(|| {
        let at: DateTime = text.parse().ok()?;
        at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pipeline::profile::{Slot, Text};
    use proptest::prelude::*;

    fn window() -> Window {
        Window::until("2026-03-04T12:00:00Z".parse().unwrap(), 30).unwrap()
    }

    #[test]
    fn the_window_is_so_many_days_up_to_now() {
        assert_eq!((window().days(), window().first_day().to_string()), (30, "2026-02-02".to_owned()));
        for (modified, before) in [
            ("2026-02-02T12:00:00Z", false),
            ("2026-02-02T11:59:59Z", true),
            ("2026-02-02T13:30:00+02:00", true),
            ("2026-02-02T12:00:00", false),
            ("2026-02-02 11:59:59", true),
            ("2026-02-02", true),
            (" 2026-02-03 ", false),
            ("2099-01-01T00:00:00Z", false),
            ("0001-01-01", true),
        ] {
            assert_eq!(window().is_before(modified), before, "{modified}");
        }
    }

    #[test]
    fn what_has_no_date_that_can_be_read_is_not_from_before() {
        for modified in ["", "yesterday", "2026-02-30", "1700000000", "null", "02/02/2020"] {
            assert!(!window().is_before(modified), "{modified}");
        }
        for slot in [Slot::NotAsked, Slot::Missing, Slot::Null] {
            assert!(!window().is_past(&Profile { modified_date: slot, ..Profile::default() }));
        }
        let old = Slot::Value(Text { value: "2020-01-01".into(), original: None });
        assert!(window().is_past(&Profile { modified_date: old, ..Profile::default() }));
    }

    #[test]
    fn a_window_longer_than_time_has_nothing_before_it() {
        let now = "2026-03-04T12:00:00Z".parse().unwrap();
        assert_eq!(Window::until(now, u32::MAX), None);
        let length = |days| Window::until(now, days).unwrap().length();
        assert_eq!([length(0), length(1), length(180)], ["0 days", "1 day", "180 days"]);
        assert!(Window::until(now, 0).is_some_and(|window| window.is_before("2026-03-04T11:59:59Z")));
    }

    proptest! {
        #[test]
        fn nothing_inside_is_before_it(days in 0_u32..4_000, second in 0_i64..4_000_000_000) {
            let now = Timestamp::constant(1_772_625_600, 0);
            let at = Timestamp::from_second(second).unwrap();
            let inside = at >= now - SignedDuration::from_hours(i64::from(days) * 24);
            prop_assert_eq!(Window::until(now, days).unwrap().is_before(&at.to_string()), !inside);
        }
    }
}
