//! Stand-ins for values: every letter and digit becomes another of its kind, everything else stays.
//!
//! ```text
//! Ada.Byron+1@Example.com ─► Qxe.Fmwpa+7@Kdtyqzn.ovr       one key a recording, thrown away with it
//! ```
//!
//! A small Feistel network over the letters and digits of a value: it adds to each in the range of its kind what the
//! other half and the key say. So the same value has the same stand-in, two values of one shape never share one (a row
//! would be taken for a repeat), and no table is kept. Zeros in front, zeros behind a point and the ends of very long
//! numbers stay: they are what makes a number odd.

use std::collections::HashMap;
use std::hash::Hasher as _;
use std::ops::Range;

use siphasher::sip::SipHasher13;

/// Rounds of the network.
const ROUNDS: u8 = 6;
/// Digits from which on a whole number does not fit a float.
const LONG: usize = 16;
/// The largest whole number below which every one fits a float.
const FLOAT_IS_WHOLE_TO: u64 = 1 << 53;
/// Code points that are looked through for letters of one kind.
const BLOCK: u32 = 256;

/// Makes stand-ins under one key.
pub(super) struct StandIns {
    key: (u64, u64),
    /// Letters and digits outside of ASCII, by block and kind.
    kinds: HashMap<(u32, Kind), Vec<char>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Lower,
    Upper,
    Digit,
    /// A letter without case.
    Letter,
}

/// A letter or a digit that becomes another.
struct Place {
    at: usize,
    value: u32,
    /// How many there are of its kind.
    radix: u32,
    set: Set,
}

enum Set {
    /// That many code points from here on.
    From(char),
    /// A block's.
    Block(u32, Kind),
}

impl StandIns {
    pub(super) fn new(key: (u64, u64)) -> Self {
        Self { key, kinds: HashMap::new() }
    }

    /// Replaces what is a letter or a digit, where it is not to be kept.
    pub(super) fn replace(&mut self, text: &mut [char], keep: impl Fn(usize) -> bool) {
        let (marks, near) = marks(text);
        let mut places = Vec::with_capacity(text.len());
        for (at, c) in text.iter().enumerate() {
            if !keep(at) && marks[at] != Mark::Fixed {
                places.extend(self.place(at, *c, marks[at]));
            }
        }
        self.turn(&mut places);
        for place in places {
            let found = match place.set {
                Set::From(first) => char::from_u32(u32::from(first) + place.value),
                Set::Block(block, kind) => self.of_kind(block, kind).get(place.value as usize).copied(),
            };
            text[place.at] = found.unwrap_or(text[place.at]);
        }
        for second in near {
            // Below this it would fit a float, and be a number like any other.
            if text[second] == '0' {
                text[second] = '1';
            }
        }
    }

    /// A number between 0 and `most` that stands for another one.
    pub(super) fn number(&self, what: &[char], salt: u8, most: u32) -> u32 {
        let mut hasher = SipHasher13::new_with_keys(self.key.0, self.key.1);
        hasher.write_u8(salt);
        for c in what {
            hasher.write_u32(u32::from(*c));
        }
        (hasher.finish() % u64::from(most + 1)) as u32
    }

    fn place(&mut self, at: usize, c: char, mark: Mark) -> Option<Place> {
        let ascii = |first: char, radix| Place {
            at,
            value: u32::from(c) - u32::from(first),
            radix,
            set: Set::From(first),
        };
        match c {
            '1'..='9' if mark == Mark::NoZero => Some(ascii('1', 9)),
            '0'..='9' => Some(ascii('0', 10)),
            'a'..='z' => Some(ascii('a', 26)),
            'A'..='Z' => Some(ascii('A', 26)),
            _ if c.is_ascii() => None,
            _ => {
                let (block, kind) = (u32::from(c) / BLOCK, kind_of(c)?);
                let all = self.of_kind(block, kind);
                let value = all.iter().position(|other| *other == c)? as u32;
                Some(Place { at, value, radix: all.len() as u32, set: Set::Block(block, kind) })
            }
        }
    }

    fn of_kind(&mut self, block: u32, kind: Kind) -> &[char] {
        self.kinds.entry((block, kind)).or_insert_with(|| {
            let all = (block * BLOCK..(block + 1) * BLOCK).filter_map(char::from_u32);
            all.filter(|c| !c.is_ascii() && kind_of(*c) == Some(kind)).collect()
        })
    }

    /// Adds to one half what the other one says, in turns.
    fn turn(&self, places: &mut [Place]) {
        for round in 0..ROUNDS {
            let mut hasher = SipHasher13::new_with_keys(self.key.0, self.key.1);
            hasher.write_u8(round);
            for (n, place) in places.iter().enumerate() {
                hasher.write_u32(place.radix);
                if n % 2 != usize::from(round % 2) {
                    hasher.write_u32(place.value);
                }
            }
            let mut said = hasher.finish();
            for place in places.iter_mut().skip(usize::from(round % 2)).step_by(2) {
                said = mixed(said);
                place.value = ((u64::from(place.value) + said % u64::from(place.radix))
                    % u64::from(place.radix)) as u32;
            }
        }
    }
}

/// The next of a row of numbers (`SplitMix64`).
fn mixed(from: u64) -> u64 {
    let mut z = from.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn kind_of(c: char) -> Option<Kind> {
    match c {
        // The signs ª and º count as lower case too.
        _ if c.is_lowercase() && c.to_uppercase().next() != Some(c) => Some(Kind::Lower),
        _ if c.is_uppercase() => Some(Kind::Upper),
        _ if c.is_numeric() => Some(Kind::Digit),
        _ if c.is_alphabetic() => Some(Kind::Letter),
        _ => None,
    }
}

/// Runs of digits that are numbers of their own, rather than in the middle of a word.
fn runs(text: &[char]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in (0..text.len()).filter(|at| text[*at].is_ascii_digit()) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ if at > 0 && (text[at - 1].is_alphabetic() || text[at - 1].is_ascii_digit()) => {}
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// What holds for a digit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Free,
    /// It stays as it is.
    Fixed,
    /// It becomes anything but a zero: a number's first, or the last of a fraction.
    NoZero,
}

/// Digits that stay: zeros in front, zeros at the end of a fraction, the ends of a number that fits no float. And the
/// second digit of each whole number that is only just too large for a float.
fn marks(text: &[char]) -> (Vec<Mark>, Vec<usize>) {
    let (mut marks, mut near) = (vec![Mark::Free; text.len()], Vec::new());
    for run in runs(text) {
        let first = run.start + text[run.clone()].iter().take_while(|c| **c == '0').count();
        marks[run.start..first].fill(Mark::Fixed);
        if first == run.end {
            continue;
        }
        marks[first] = Mark::NoZero;
        if is_fraction(text, &run) {
            let behind = run.end - text[run.clone()].iter().rev().take_while(|c| **c == '0').count();
            marks[behind..run.end].fill(Mark::Fixed);
            marks[behind - 1] = Mark::NoZero;
        }
        if run.end - first >= LONG {
            let digits: String = text[first..run.end].iter().take(LONG + 1).collect();
            if digits.parse().is_ok_and(|n: u64| (FLOAT_IS_WHOLE_TO..10_u64.pow(16)).contains(&n)) {
                near.push(first + 1);
            }
            (marks[first], marks[run.end - 1]) = (Mark::Fixed, Mark::Fixed);
        }
    }
    (marks, near)
}

fn is_fraction(text: &[char], run: &Range<usize>) -> bool {
    run.start >= 2 && text[run.start - 1] == '.' && text[run.start - 2].is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stand_in(text: &str) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        StandIns::new((1, 2)).replace(&mut chars, |_| false);
        chars.into_iter().collect()
    }

    fn shape(text: &str) -> Vec<Option<(u32, Kind)>> {
        text.chars().map(|c| kind_of(c).map(|kind| (u32::from(c) / BLOCK, kind))).collect()
    }

    #[test]
    fn what_makes_a_value_odd_stays() {
        for text in
            ["0012", "0", "000", "1.10", "-5", "+1", " 42 ", "a\u{202e}b\u{7}c", "1.2.3", "²", "٣", "10"]
        {
            let said = stand_in(text);
            assert_eq!(shape(&said), shape(text), "{text}: {said}");
            let rest = |text: &str| text.chars().filter(|c| kind_of(*c).is_none()).collect::<String>();
            assert_eq!(rest(&said), rest(text), "{text}: {said}");
        }
        assert!(stand_in("0012").starts_with("00") && !stand_in("0012").starts_with("000"));
        assert!(stand_in("1.10").ends_with('0') && !stand_in("1.10").ends_with("00"));
        for n in 0..300_u64 {
            let long = (FLOAT_IS_WHOLE_TO + 1 + 2 * n).to_string();
            let said: u64 = stand_in(&long).parse().unwrap();
            assert!(said as f64 as u64 != said, "{long} fits no float, and {said} does");
        }
    }

    #[test]
    fn ids_of_one_shape_have_different_stand_ins() {
        let all: std::collections::HashSet<_> =
            (1..10_000).map(|n| stand_in(&format!("PROF-{n:07}"))).collect();
        assert_eq!(all.len(), 9_999);
    }

    #[test]
    fn another_key_makes_another_stand_in() {
        let with = |key| {
            let mut chars: Vec<char> = "Ada Byron, ada@example.com".chars().collect();
            StandIns::new(key).replace(&mut chars, |_| false);
            chars.into_iter().collect::<String>()
        };
        assert_ne!(with((1, 2)), with((1, 3)));
        assert_eq!(with((1, 2)), with((1, 2)));
    }

    proptest! {
        #[test]
        fn shape_is_kept_and_no_two_share_one(a in "[a-zA-Z0-9àé東Ж@. -]{0,12}", b in "[a-zA-Z0-9àé東Ж@. -]{0,12}") {
            let (x, y) = (stand_in(&a), stand_in(&b));
            prop_assert_eq!(shape(&x), shape(&a));
            prop_assert_eq!(x == y, a == b, "{} {} {} {}", a, b, x, y);
        }

        #[test]
        fn anything_is_taken(text in "\\PC{0,20}|[\\x00-\\u{ff}]{0,20}") {
            prop_assert_eq!(stand_in(&text).chars().count(), text.chars().count());
        }
    }
}
