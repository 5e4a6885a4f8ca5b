//! The order of values: numbers by value, then text in natural order.
//!
//! [`Place`] is a value's place in the order as bytes, twelve at a time: of two values whose bytes differ, the lesser
//! has the lesser bytes. Where all are equal, [`compare`] decides.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::json;
use super::natural::natural;
use super::values::Kind;

/// How much of a list or an object decides its place in an order, in bytes.
pub(super) const SORTED_BYTES: usize = 200;

/// Compares two values.
pub(super) fn compare(a: (Kind, &str), b: (Kind, &str)) -> Ordering {
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| natural(a.1, b.1)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => match (a.0, b.0) {
            (Kind::Json, _) | (_, Kind::Json) => natural(&text(a), &text(b)),
            _ => natural(a.1, b.1),
        },
    }
}

/// The number that a value is, as near as a float comes; `None`: no number.
pub(super) fn number((kind, text): (Kind, &str)) -> Option<f64> {
    // Zero has one place, whatever its sign.
    (kind == Kind::Number).then(|| text.parse::<f64>().ok()).flatten().map(|number| number + 0.0)
}

fn text((kind, raw): (Kind, &str)) -> Cow<'_, str> {
    if kind != Kind::Json {
        return raw.into();
    }
    let mut line = String::new();
    json::line(&mut line, raw, true, SORTED_BYTES);
    line.into()
}

/// A value's place in the order, as bytes: of two values the lesser has the lesser bytes, as far as they go.
pub(super) struct Place<'a> {
    value: (Kind, Cow<'a, str>),
    number: Option<f64>,
}

/// Bytes in a part of a place.
const PART: usize = 12;

impl<'a> Place<'a> {
    pub(super) fn of(value: (Kind, &'a str)) -> Self {
        Self { number: number(value), value: (value.0, text(value)) }
    }

    /// The twelve bytes of that number; zeros behind the end.
    pub(super) fn part(&self, part: usize) -> u128 {
        let mut key = Key { bytes: [0; PART], len: 0, skip: part * PART };
        match self.number {
            Some(number) => {
                let bits = number.to_bits();
                // The order of floats is that of their bits, the negative ones turned round.
                let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
                let _ = key.push(&[1]) && key.push(&ordered.to_be_bytes());
            }
            None => {
                if key.push(&[2]) {
                    key.text(&self.value.1);
                }
            }
        }
        key.bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
    }
}

struct Key {
    bytes: [u8; PART],
    len: usize,
    /// Bytes that belong to earlier parts.
    skip: usize,
}

impl Key {
    /// Whether there is room for more.
    fn push(&mut self, bytes: &[u8]) -> bool {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        let bytes = &bytes[skipped..];
        let room = &mut self.bytes[self.len..];
        let taken = room.len().min(bytes.len());
        room[..taken].copy_from_slice(&bytes[..taken]);
        self.len += taken;
        self.len < PART
    }

    /// A run of digits becomes `0`, how many there are without leading zeros, and those: longer is larger.
    fn text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let goes_on = match byte {
                b'0'..=b'9' => {
                    let run = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
                    let zeros = bytes[at..at + run].iter().take_while(|b| **b == b'0').count();
                    let digits = &bytes[at + zeros..at + run];
                    at += run;
                    match u8::try_from(digits.len()) {
                        Ok(length) if length < u8::MAX => {
                            self.push(b"0") && self.push(&[length]) && self.push(digits)
                        }
                        // Of runs that are longer than a byte says the place ends here.
                        _ => {
                            self.push(&[b'0', u8::MAX]);
                            false
                        }
                    }
                }
                0..0x80 => {
                    at += 1;
                    self.push(&[byte.to_ascii_lowercase()])
                }
                0x80.. => {
                    let Some(c) = text[at..].chars().next() else { return };
                    at += c.len_utf8();
                    let small = c.to_lowercase().next().unwrap_or(c);
                    self.push(small.encode_utf8(&mut [0; 4]).as_bytes())
                }
            };
            if !goes_on {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kind() -> impl Strategy<Value = Kind> {
        prop_oneof![Just(Kind::Text), Just(Kind::Number), Just(Kind::Bool), Just(Kind::Json)]
    }

    fn key(value: (Kind, &str), part: usize) -> u128 {
        Place::of(value).part(part)
    }

    #[test]
    fn numbers_are_ordered_by_value_and_stand_before_text() {
        let values = [
            (Kind::Number, "-10"),
            (Kind::Number, "-9.5"),
            (Kind::Number, "0"),
            (Kind::Number, "2"),
            (Kind::Number, "1e3"),
            (Kind::Text, "-10"),
            (Kind::Text, "1"),
            (Kind::Text, "a2"),
            (Kind::Text, "A10"),
        ];
        for pair in values.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert!(key(pair[0], 0) <= key(pair[1], 0), "{pair:?}");
        }
        let (nines, more) = ("9".repeat(300), format!("1{}", "0".repeat(300)));
        assert!(key((Kind::Text, &nines), 0) <= key((Kind::Text, &more), 0));
    }

    proptest! {
        #[test]
        fn a_key_never_contradicts_the_order(
            a in (kind(), "[aAé0-9\\x00 .:-]{0,12}|[0-9]{1,22}|\\PC{0,9}"),
            b in (kind(), "[aAé0-9\\x00 .:-]{0,12}|[0-9]{1,22}|\\PC{0,9}"),
        ) {
            let (a, b) = ((a.0, a.1.as_str()), (b.0, b.1.as_str()));
            let keys = (0..4).map(|part| key(a, part).cmp(&key(b, part))).find(|order| order.is_ne());
            let (keys, values) = (keys.unwrap_or(Ordering::Equal), compare(a, b));
            prop_assert!(keys == Ordering::Equal || keys == values, "{:?} {:?}: {:?} {:?}", a, b, keys, values);
            prop_assert_eq!(compare(b, a), values.reverse());
        }
    }
}
