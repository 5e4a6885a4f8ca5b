//! Phone numbers, in whatever notation they are said and kept.
//!
//! A service keeps a number as somebody typed it: `+49 30 23125 123`, `(030) 23125-123`, `004930/23125123`. What can be
//! asked is whether a text begins with, ends with or holds another. So the last four digits are asked for at the end,
//! and the three before them anywhere, each grouped in every way that people use; and where the country is known,
//! numbers of another country are left out.

use super::Reading;
use super::spelling::{either, quote};

/// Digits that the end of a number is told by.
const LAST: usize = 4;
/// Digits in front of these that are asked for too. Seven in all: behind an area code hardly any number has fewer.
const BEFORE: usize = 3;
/// Digits of a number at least, and at most: E.164 allows 15; a prefix for dialling abroad may come with it.
const LEAST: usize = 5;
const MOST: usize = 19;

/// Between the groups of a number.
const INSIDE: &[&str] = &[" ", "-", "."];
/// The same, and between the area code and the rest.
const AROUND: &[&str] = &[" ", "-", ".", "/", ") "];

/// A phone number that somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phone {
    /// The country's code, where it was said.
    country: Option<String>,
    /// The digits behind it, without the zero that is dialled in front of an area code.
    national: String,
}

impl Phone {
    /// Reads a number in any notation; `None` where the text is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = without_extension(text).replace("(0)", " ");
        let abroad = text.trim_start_matches(['(', ' ']).starts_with('+');
        let mut digits = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                c if c.is_ascii_digit() => digits.push(c),
                '+' if digits.is_empty() => {}
                ' ' | '-' | '.' | '/' | '(' | ')' => {}
                _ => return None,
            }
        }
        if !(LEAST..=MOST).contains(&digits.len()) {
            return None;
        }
        let international = match digits.strip_prefix("00") {
            Some(rest) if rest.len() >= 8 => Some(rest),
            _ if abroad => Some(&digits[..]),
            _ => None,
        };
        // No country's code begins with a zero.
        let international = international.filter(|all| !all.starts_with('0'));
        if let Some(all) = international {
            let (country, national) = all.split_at(country_code(all).min(all.len()));
            let national = if country == "39" { national } else { national.trim_start_matches('0') };
            // What is left says something by itself: a number of zeros stays what it was.
            let national = if national.len() < LAST { &all[country.len()..] } else { national };
            if national.len() >= LAST {
                return Some(Self { country: Some(country.to_owned()), national: national.to_owned() });
            }
        }
        let national = digits.strip_prefix('0').filter(|rest| rest.len() >= LAST).unwrap_or(&digits);
        Some(Self { country: None, national: national.to_owned() })
    }

    /// Ways to ask for it; `typed` is the text that it was read from.
    pub(super) fn readings(&self, typed: &str) -> Vec<Reading> {
        let (rest, last) = self.national.split_at(self.national.len() - LAST);
        let before = &rest[rest.len().saturating_sub(BEFORE)..];
        let mut tests = vec![either(&spaced(last, INSIDE), |s| format!("endswith(phone,{s})"))];
        if !before.is_empty() {
            tests.push(either(&spaced(before, AROUND), |s| format!("contains(phone,{s})")));
        }
        let mut from = String::new();
        if let Some(country) = &self.country {
            let plus = quote(&format!("+{country}"));
            tests.push(format!("(startswith(phone,{plus}) or not startswith(phone,'+'))"));
            from = format!(", of +{country} or with no country");
        }
        let reading = |what, asks: String, filter| Reading { what, asks, ids: Vec::new(), filter };
        let country = self.country.as_deref().unwrap_or_default();
        let exact = [typed.to_owned(), format!("+{country}{}", self.national), self.national.clone()];
        let exact: Vec<String> =
            exact.into_iter().filter(|number| !country.is_empty() || !number.starts_with('+')).collect();
        vec![
            reading(
                "phone number",
                format!("ends with {before}{last}, however it is spaced{from}"),
                tests.join(" and "),
            ),
            reading(
                "last digits",
                format!("a phone number with {last} in it"),
                either(&spaced(last, INSIDE), |s| format!("contains(phone,{s})")),
            ),
            reading("phone as written", exact.join(" or "), either(&exact, |s| format!("phone eq {s}"))),
        ]
    }
}

/// A few digits with nothing between them, and with each separator at each place.
fn spaced(digits: &str, separators: &[&str]) -> Vec<String> {
    let mut all = vec![digits.to_owned()];
    // No group at the end is a single digit; the one in front may be the rest of a longer one.
    let places = if digits.len() < LAST { 1..digits.len() } else { 1..digits.len() - 1 };
    for place in places {
        let (left, right) = digits.split_at(place);
        all.extend(separators.iter().map(|separator| format!("{left}{separator}{right}")));
    }
    all
}

/// The number without the extension behind it: `ext. 5`, `x5`, `#5`.
fn without_extension(text: &str) -> &str {
    let small = text.to_ascii_lowercase();
    let at = ["ext", "x", "#", ";"].iter().filter_map(|mark| small.find(mark)).min();
    // In front of it there must be a number.
    match at {
        Some(at) if text[..at].chars().filter(char::is_ascii_digit).count() >= LEAST => text[..at].trim_end(),
        _ => text,
    }
}

/// How many digits of an international number are its country's (ITU-T E.164, list of assigned codes): no code is the
/// beginning of another.
fn country_code(digits: &str) -> usize {
    match digits.as_bytes() {
        [b'1' | b'7', ..] => 1,
        [b'2', b'0' | b'7', ..]
        | [b'3', b'0'..=b'4' | b'6' | b'9', ..]
        | [b'4', b'0' | b'1' | b'3'..=b'9', ..]
        | [b'5', b'1'..=b'8', ..]
        | [b'6', b'0'..=b'6', ..]
        | [b'8', b'1' | b'2' | b'4' | b'6', ..]
        | [b'9', b'0'..=b'5' | b'8', ..] => 2,
        _ => 3,
    }
}
