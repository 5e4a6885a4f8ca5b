//! What a column holds, counted over all rows: how many different values, which are most frequent, how they spread.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;

use super::order::number;
use super::sort::GoOn;
use super::values::Kind;
use super::{Column, Data};
use crate::engine::text::Untrusted;

/// The most frequent values that are kept.
const TOP: usize = 100;
/// Bars of a spread.
pub const BARS: usize = 24;
/// So few different values say more by themselves than their spread.
const FEW: usize = 12;

/// What a column holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    /// Which.
    pub column: Column,
    /// Rows that were looked at.
    pub rows: usize,
    /// How many different values there are.
    pub distinct: usize,
    /// The most frequent, the first most; equals in the order in which they came.
    pub top: Vec<(Kind, Untrusted, u64)>,
    /// How numbers or dates spread, where all values are such and there are more than a few.
    pub spread: Option<Spread>,
}

/// How values spread from the least to the largest.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The least.
    pub from: Untrusted,
    /// The largest.
    pub to: Untrusted,
    /// Rows in each of as many parts of equal width.
    pub bars: [u64; BARS],
}

/// Counts a column. `None`: nobody waits any more.
pub(super) fn count(data: &Data, column: Column, go_on: GoOn<'_>) -> Option<Counts> {
    let mut places: HashMap<(Kind, &str), u32, RandomState> = HashMap::default();
    let mut values: Vec<(Kind, &str, u64)> = Vec::new();
    for (at, chunk) in data.chunks.iter().enumerate() {
        if !go_on(at as f32 / data.chunks.len() as f32) {
            return None;
        }
        let Some(column) = chunk.values(column) else { continue };
        for entry in 0..column.distinct() {
            let value = column.entry(entry);
            let (kind, rows) = (value.kind(), u64::from(column.count(entry)));
            if !kind.is_filled() {
                continue;
            }
            match places.entry((kind, value.text)) {
                Entry::Occupied(place) => values[*place.get() as usize].2 += rows,
                Entry::Vacant(place) => {
                    place.insert(values.len() as u32);
                    values.push((kind, value.text, rows));
                }
            }
        }
    }
    drop(places);
    let spread = spread(&values);
    let distinct = values.len();
    let mut places: Vec<u32> = (0..values.len() as u32).collect();
    let most = |place: &u32| (std::cmp::Reverse(values[*place as usize].2), *place);
    if places.len() > TOP {
        places.select_nth_unstable_by_key(TOP, most);
        places.truncate(TOP);
    }
    places.sort_unstable_by_key(most);
    let top = places
        .into_iter()
        .map(|place| {
            let (kind, text, rows) = values[place as usize];
            (kind, Untrusted::from(text.to_owned()), rows)
        })
        .collect();
    Some(Counts { column, rows: data.len(), distinct, top, spread })
}

fn spread(values: &[(Kind, &str, u64)]) -> Option<Spread> {
    if values.len() <= FEW {
        return None;
    }
    let mut places = Vec::with_capacity(values.len());
    for (kind, text, _) in values {
        let place = match kind {
            Kind::Number => number((*kind, text)).filter(|number| number.is_finite()),
            Kind::Text => seconds(text),
            _ => None,
        };
        places.push(place?);
    }
    let by = |a: &usize, b: &usize| places[*a].total_cmp(&places[*b]);
    let least = (0..places.len()).min_by(by)?;
    let largest = (0..places.len()).max_by(by)?;
    let width = places[largest] - places[least];
    if width <= 0.0 || !width.is_finite() {
        return None;
    }
    let mut bars = [0; BARS];
    for (place, (_, _, rows)) in places.iter().zip(values) {
        let bar = (place - places[least]) / width * BARS as f64;
        bars[(bar as usize).min(BARS - 1)] += rows;
    }
    Some(Spread { from: values[least].1.to_owned().into(), to: values[largest].1.to_owned().into(), bars })
}

/// A time stamp such as `2026-03-04T11:59:00Z`, or a date, in seconds, near enough for a bar.
fn seconds(text: &str) -> Option<f64> {
    let part = |from: usize, to: usize| -> Option<i32> {
        let digits = text.get(from..to)?;
        if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
    };
    let is = |at: usize, byte: u8| text.as_bytes().get(at) == Some(&byte);
    if !is(4, b'-') || !is(7, b'-') {
        return None;
    }
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let date =
        jiff::civil::Date::new(year as i16, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let days = (date - jiff::civil::date(1970, 1, 1)).get_days();
    let clock = if is(10, b'T') { part(11, 13)? * 3_600 + part(14, 16)? * 60 } else { 0 };
    Some(f64::from(days) * 86_400.0 + f64::from(clock))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::query::Field;
    use crate::rows::Rows;
    use crate::rows::tests::read;

    fn of(rows: &Rows, column: Column) -> Counts {
        count(rows.data(), column, &mut |_| true).unwrap()
    }

    #[test]
    fn values_are_counted_over_all_chunks() {
        let mut rows = Rows::new();
        for n in 0..20_000 {
            let plan = ["gold", "gold", "silver", "free"][n % 4];
            rows.append(&[read(&format!(
                "{{\"id\":\"{n}\",\"attributes\":{{\"plan\":\"{plan}\",\"score\":\"{}\"}},\
                 \"createdDate\":\"2026-{:02}-01T00:00:00Z\"}}",
                n % 100,
                1 + n % 12
            ))]);
        }
        let attribute = |name: &str| Column::Attribute(rows.data().attribute(name).unwrap());
        let counts = of(&rows, attribute("plan"));
        let top: Vec<(&str, u64)> = counts.top.iter().map(|(_, text, n)| (text.raw(), *n)).collect();
        assert_eq!(top, [("gold", 10_000), ("silver", 5_000), ("free", 5_000)]);
        assert_eq!((counts.distinct, counts.rows, counts.spread), (3, 20_000, None));
        let counts = of(&rows, attribute("score"));
        let spread = counts.spread.unwrap();
        assert_eq!((spread.from.raw(), spread.to.raw()), ("0", "99"));
        assert_eq!(spread.bars.iter().sum::<u64>(), 20_000);
        assert_eq!(spread.bars[0], 1_000, "0 to 4 of 100");
        let counts = of(&rows, Field::Id.into());
        assert_eq!((counts.distinct, counts.top.len()), (20_000, TOP));
        assert_eq!(of(&rows, Field::CreatedDate.into()).distinct, 12);
    }

    #[test]
    fn dates_spread_and_what_is_none_has_no_place() {
        let day = |text: &str| seconds(text).map(|seconds| seconds / 86_400.0);
        assert_eq!(day("1970-01-02"), Some(1.0));
        assert_eq!(day("1970-01-02T12:00:00Z"), Some(1.5));
        for none in ["", "2026-13-01", "2026-02-30", "20260101", "2026-01-0x", "é026-01-01"] {
            assert_eq!(day(none), None, "{none}");
        }
    }
}
