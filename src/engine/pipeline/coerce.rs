//! When text becomes something else, and never loses by it.
//!
//! The rule (contract "Payload"): text becomes a number only where printing that number gives the text
//! back, a fraction's trailing zeros aside. So `-5` and `9007199254740993` do, `1.10` becomes 1.1, and
//! `0012`, `1.2.3`, `²`, `+1`, `1e5`, ` 42 `, `-0`, `.5`, `5.` and sixty digits stay text.

use std::borrow::Cow;

/// Digits that a double always gives back (C's `DBL_DIG`).
const SAFE_DIGITS: usize = 15;

/// What a text becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Coerced<'a> {
    Bool(bool),
    /// The digits as the number is printed: `-5`, `1.1`, `25.0`.
    Number(&'a str),
}

/// What a text in an attribute becomes; `None`: it stays text.
pub(super) fn coerce(text: &str) -> Option<Coerced<'_>> {
    match text.as_bytes().first()? {
        b't' | b'T' if text.eq_ignore_ascii_case("true") => Some(Coerced::Bool(true)),
        b'f' | b'F' if text.eq_ignore_ascii_case("false") => Some(Coerced::Bool(false)),
        b'-' | b'0'..=b'9' => number(text).map(Coerced::Number),
        _ => None,
    }
}

fn number(text: &str) -> Option<&str> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(digits) || digits.starts_with('0') && digits.len() > 1 {
        return None;
    }
    let Some(fraction) = fraction else {
        // Within 64 bits, because that is what readers of the output can hold. `-0` would print as `0`.
        let fits = whole.parse::<i64>().is_ok() || whole.parse::<u64>().is_ok();
        return (fits && whole != "-0").then_some(whole);
    };
    if !is_digits(fraction) {
        return None;
    }
    let kept = fraction.trim_end_matches('0').len();
    // The shortest form of a double has no trailing zeros; a whole one is printed as `25.0`.
    let shortest = &text[..whole.len() + if kept == 0 { 0 } else { 1 + kept }];
    let printed = &text[..whole.len() + 1 + kept.max(1)];
    let safe = digits.len() + kept <= SAFE_DIGITS;
    (safe || shortest.parse::<f64>().is_ok_and(|n| n.to_string() == shortest)).then_some(printed)
}

/// A text in lower case; borrowed where it is already.
pub(super) fn lowercase(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    let lower = text.to_lowercase();
    if lower == text { Cow::Borrowed(text) } else { Cow::Owned(lower) }
}

/// A phone number without `+`, white space and punctuation; borrowed where it has none.
///
/// Letters stay (`x12` is an extension), as do digits of any script.
pub(super) fn strip_phone(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Cow::Borrowed(text);
    }
    let stripped: String = text.chars().filter(|c| !c.is_whitespace() && !is_punctuation(*c)).collect();
    if stripped.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(stripped) }
}

/// Punctuation, and the signs and invisible marks that are written in and around phone numbers.
fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation()
        || matches!(c,
            '\u{a1}'..='\u{bf}' if !c.is_alphanumeric())
        || matches!(c,
            '\u{2b9}'..='\u{2bc}'                     // modifier primes and apostrophes
            | '\u{55a}'..='\u{55f}' | '\u{589}' | '\u{58a}'
            | '\u{5be}' | '\u{5c0}' | '\u{5c3}' | '\u{5f3}' | '\u{5f4}'
            | '\u{60c}' | '\u{61b}' | '\u{61c}' | '\u{61f}' | '\u{66a}'..='\u{66d}' | '\u{6d4}'
            | '\u{200b}'..='\u{206f}'                 // General Punctuation, with direction marks
            | '\u{2212}' | '\u{2215}' | '\u{2219}'    // minus, slash, bullet operators
            | '\u{2e00}'..='\u{2e7f}'
            | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' | '\u{3030}' | '\u{30fb}'
            | '\u{fe10}'..='\u{fe19}' | '\u{fe30}'..='\u{fe6b}'
            | '\u{feff}'
            | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn booleans_in_any_case() {
        for text in ["true", "TRUE", "tRuE"] {
            assert_eq!(coerce(text), Some(Coerced::Bool(true)));
        }
        assert_eq!(coerce("False"), Some(Coerced::Bool(false)));
        for text in ["yes", "truth", " true", "t", "ｔｒｕｅ"] {
            assert_eq!(coerce(text), None, "{text}");
        }
    }

    #[test]
    fn the_contracts_numbers() {
        for (text, printed) in [
            ("-5", "-5"),
            ("0", "0"),
            ("21", "21"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("25.0", "25.0"),
            ("25.000", "25.0"),
            ("1.10", "1.1"),
            ("0.5", "0.5"),
            ("-0.25", "-0.25"),
            ("100.00", "100.0"),
            ("0.1234567890123456", "0.1234567890123456"),
        ] {
            assert_eq!(coerce(text), Some(Coerced::Number(printed)), "{text}");
        }
        let sixty = "7".repeat(60);
        for text in [
            "0012",
            "00.5",
            "1.2.3",
            "²",
            "٣",
            "+1",
            "1e5",
            "1E5",
            &sixty,
            "NaN",
            "inf",
            "-inf",
            " 42 ",
            "42\n",
            "-0",
            "-",
            ".5",
            "5.",
            "",
            "-.5",
            "--5",
            "1,5",
            "0x10",
            "1_000",
            "18446744073709551616",
            "-9223372036854775809",
            "9007199254740993.0",
            "0.1000000000000000055",
            "４２",
        ] {
            assert_eq!(coerce(text), None, "{text}");
        }
    }

    #[test]
    fn phones_keep_digits_and_letters() {
        assert_eq!(strip_phone("+49 (30) 1234-56/7.8"), "493012345678");
        assert_eq!(strip_phone("555 0100 x12"), "5550100x12");
        assert_eq!(strip_phone("\u{202a}＋１‐５５５\u{a0}・٣\u{202c}"), "１５５５٣");
        assert!(matches!(strip_phone("5550100"), Cow::Borrowed(_)));
        assert_eq!(strip_phone("+-"), "");
    }

    #[test]
    fn addresses_are_lowered_in_every_script() {
        assert_eq!(lowercase("Zoë.ÅKE@Example.COM"), "zoë.åke@example.com");
        assert!(matches!(lowercase("zoë@example.com"), Cow::Borrowed(_)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn coercion_never_loses(text in "-?[0-9]{1,22}|-?[0-9]{1,18}\\.[0-9]{1,20}|[-+.0-9eE ]{0,8}|(?i:true|false)|\\PC{0,6}") {
            match coerce(&text) {
                None => {}
                Some(Coerced::Bool(value)) => prop_assert_eq!(value.to_string(), text.to_ascii_lowercase()),
                Some(Coerced::Number(printed)) => {
                    // Printed by a reader who knows nothing of the text.
                    let again = if printed.contains('.') {
                        format!("{:?}", printed.parse::<f64>().unwrap())
                    } else {
                        printed.parse::<i128>().unwrap().to_string()
                    };
                    if !again.contains('e') {
                        prop_assert_eq!(again.as_str(), printed);
                    }
                    prop_assert_eq!(printed.parse::<f64>().unwrap().to_bits(), text.parse::<f64>().unwrap().to_bits());
                    prop_assert_eq!(text.trim_start_matches(printed).trim_matches('0'), "");
                }
            }
        }

        #[test]
        fn processing_text_twice_changes_nothing(text in "\\PC{0,12}|[-+0-9() .x]{0,16}") {
            let once = strip_phone(&text).into_owned();
            prop_assert_eq!(strip_phone(&once), once.as_str());
            let once = lowercase(&text).into_owned();
            prop_assert_eq!(lowercase(&once), once.as_str());
        }
    }
}
