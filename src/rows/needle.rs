//! Part of a text, found whatever its case.

/// What is searched for: any part of a value, whatever its case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    small: String,
    /// Where its rarest byte stands: that is looked for first.
    rare: usize,
}

/// Letters, from common to rare, as names and addresses have them. What is not among them is rarer, but for digits.
const COMMON: &[u8] = b"eaoinrmslt.@cdhu0123456789pgbyfkvw";

impl Needle {
    /// `None` where there is nothing to search for.
    pub fn new(text: &str) -> Option<Self> {
        let small = text.to_lowercase();
        let rank = |byte: u8| COMMON.iter().position(|common| *common == byte).unwrap_or(COMMON.len());
        let rare = (0..small.len()).max_by_key(|at| rank(small.as_bytes()[*at]))?;
        Some(Self { small, rare })
    }

    /// Whether the text holds it.
    pub fn is_in(&self, text: &str) -> bool {
        if self.small.is_ascii() && text.is_ascii() {
            self.find_ascii(text.as_bytes(), 0).is_some()
        } else {
            text.to_lowercase().contains(&self.small)
        }
    }

    /// Whether it is ASCII, so that text in ASCII can be searched as bytes.
    pub(super) fn is_ascii(&self) -> bool {
        self.small.is_ascii()
    }

    pub(super) fn len(&self) -> usize {
        self.small.len()
    }

    /// Where it begins in bytes that are ASCII, at `from` or behind.
    pub(super) fn find_ascii(&self, hay: &[u8], from: usize) -> Option<usize> {
        let needle = self.small.as_bytes();
        let rare = needle[self.rare];
        let mut at = from + self.rare;
        loop {
            at += memchr::memchr2(rare, rare.to_ascii_uppercase(), hay.get(at..)?)?;
            let start = at - self.rare;
            if hay.get(start..start + needle.len())?.eq_ignore_ascii_case(needle) {
                return Some(start);
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_does_not_matter_also_beyond_ascii() {
        for (text, needle, found) in [
            ("Ada BYRON", "byr", true),
            ("Ada", "adaa", false),
            ("aab", "AB", true),
            ("ZÜRICH", "zür", true),
            ("Zurich", "zür", false),
            ("Łódź z", "Z", true),
        ] {
            assert_eq!(Needle::new(needle).unwrap().is_in(text), found, "{needle} in {text}");
        }
        assert_eq!(Needle::new(""), None);
    }

    proptest! {
        #[test]
        fn it_finds_what_lower_casing_finds(text in "[aAbBé]{0,12}", needle in "[aAbBé]{1,3}") {
            let found = Needle::new(&needle).unwrap().is_in(&text);
            prop_assert_eq!(found, text.to_lowercase().contains(&needle.to_lowercase()));
        }
    }
}
