//! The segments that people belong to.

use super::dice::Dice;

/// A segment of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// As it is asked for, e.g. `SEG-PREMIUM-01`.
    pub id: &'static str,
    /// One line on who is in it.
    pub says: &'static str,
}

pub(crate) const PREMIUM: u16 = 1 << 1;

/// A segment's place here is its bit.
const SEGMENTS: &[Segment] = &[
    Segment { id: "SEG-ALL", says: "everybody" },
    Segment { id: "SEG-PREMIUM-01", says: "premium customers, about 8 %" },
    Segment { id: "SEG-NEWSLETTER", says: "subscribed to the newsletter, about 45 %" },
    Segment { id: "SEG-CHURN-RISK", says: "likely to leave, about 5 %" },
    Segment { id: "SEG-EU", says: "at home in the European Union, about a third" },
    Segment { id: "SEG-VIP", says: "about 20 people, all among the first thousand" },
    Segment { id: "SEG-TRIAL", says: "on trial, about 1 %" },
    Segment { id: "SEG-DORMANT", says: "not seen for long, about 20 %" },
    Segment { id: "SEG-ODD", says: "every second person, exactly" },
    Segment { id: "SEG-EMPTY", says: "nobody" },
];

/// Every segment of the sandbox. `SEG-ALL` holds exactly all people; `SEG-EMPTY` exists and holds none.
pub fn segments() -> &'static [Segment] {
    SEGMENTS
}

/// The bit of the segment `id`; 0 for one that does not exist.
pub(crate) fn bit(id: &str) -> u16 {
    SEGMENTS.iter().position(|segment| segment.id == id).map_or(0, |place| 1 << place)
}

/// The IDs of the segments in `bits`.
pub(crate) fn ids(bits: u16) -> impl Iterator<Item = &'static str> {
    SEGMENTS
        .iter()
        .enumerate()
        .filter(move |(place, _)| bits & (1 << place) != 0)
        .map(|(_, segment)| segment.id)
}

/// The segments of person `index`.
pub(crate) fn of(dice: &mut Dice, index: u32, in_eu: bool) -> u16 {
    let mut bits = 1;
    let mut join = |id: &str, joins: bool| {
        if joins {
            bits |= bit(id);
        }
    };
    join("SEG-PREMIUM-01", dice.per_mille(80));
    join("SEG-NEWSLETTER", dice.per_mille(450));
    join("SEG-CHURN-RISK", dice.per_mille(50));
    join("SEG-EU", in_eu);
    join("SEG-VIP", dice.per_mille(20) && index < 1000);
    join("SEG-TRIAL", dice.per_mille(10));
    join("SEG-DORMANT", dice.per_mille(200));
    join("SEG-ODD", index.is_multiple_of(2));
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_as_described() {
        let mut count = std::collections::BTreeMap::new();
        for index in 0..10_000 {
            let mut dice = Dice::new(1, u64::from(index));
            for id in ids(of(&mut dice, index, index % 3 == 0)) {
                *count.entry(id).or_insert(0) += 1;
            }
        }
        assert_eq!(count["SEG-ALL"], 10_000);
        assert_eq!(count["SEG-ODD"], 5000);
        assert!((700..900).contains(&count["SEG-PREMIUM-01"]), "{count:?}");
        assert!((10..35).contains(&count["SEG-VIP"]), "{count:?}");
        assert!(!count.contains_key("SEG-EMPTY"));
        assert_eq!(PREMIUM, bit("SEG-PREMIUM-01"));
        assert_eq!(bit("SEG-NOPE"), 0);
    }
}
