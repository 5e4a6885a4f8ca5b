//! Values that lie in columns, as JSON and as a line for a person.

use super::values::Kind;
use crate::engine::pipeline::json::text;
use crate::engine::text::clean;

/// Appends a value as JSON.
pub(super) fn value(out: &mut String, kind: Kind, raw: &str) {
    match kind {
        Kind::NotAsked | Kind::Missing | Kind::Null => out.push_str("null"),
        Kind::Text => text(out, raw),
        Kind::Number | Kind::Bool | Kind::Json => out.push_str(raw),
    }
}

/// Appends compact JSON in one line, safe to print: `vip, beta` for a list, `{city: Zürich}` inside of another.
/// Stops once `out` is longer than `most`; `false` where it did.
pub(super) fn line(out: &mut String, json: &str, outermost: bool, most: usize) -> bool {
    let mut depth = usize::from(!outermost);
    let mut rest = json;
    while let Some(byte) = rest.bytes().next() {
        if out.len() > most {
            return false;
        }
        match byte {
            b'"' => {
                let (string, after) = unquote(&rest[1..], most.saturating_sub(out.len()) + 1);
                out.push_str(&clean(&string));
                rest = after;
                continue;
            }
            b'[' | b'{' => {
                if depth > 0 {
                    out.push(char::from(byte));
                }
                depth += 1;
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth > 0 {
                    out.push(char::from(byte));
                }
            }
            b',' => out.push_str(", "),
            b':' => out.push_str(": "),
            _ => {
                let end = rest.find([',', ']', '}', ':']).unwrap_or(rest.len());
                out.push_str(&clean(&rest[..rest.floor_char_boundary(end.min(most + 1))]));
                rest = &rest[end.max(1)..];
                continue;
            }
        }
        rest = &rest[1..];
    }
    true
}

/// The text in quotes whose opening quote stands before `json`, as far as `most` bytes, and what is behind it.
pub(super) fn unquote(json: &str, most: usize) -> (String, &str) {
    let mut out = String::new();
    let mut chars = json.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, &json[at + 1..]),
            _ if out.len() > most => return (out, ""),
            '\\' => match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, 't')) => out.push('\t'),
                Some((at, 'u')) => {
                    let unit = |at: usize| u32::from_str_radix(json.get(at..at + 4)?, 16).ok();
                    let Some(high) = unit(at + 1) else { continue };
                    let low = (json.get(at + 5..at + 7) == Some("\\u")).then(|| unit(at + 7)).flatten();
                    let both =
                        low.filter(|low| (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(low));
                    let code = both.map_or(high, |low| 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                    out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    for _ in 0..if both.is_some() { 10 } else { 4 } {
                        chars.next();
                    }
                }
                Some((_, other)) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    (out, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(json: &str) -> String {
        let mut out = String::new();
        assert!(line(&mut out, json, true, usize::MAX - 1));
        out
    }

    #[test]
    fn brackets_quotes_and_escapes_are_read() {
        for (json, says) in [
            ("[\"vip\",\"beta\"]", "vip, beta"),
            ("[]", ""),
            ("[[1,{\"a\":null}],true]", "[1, {a: null}], true"),
            ("[\"a\\\"b\\\\c\\n\"]", "a\"b\\c␊"),
            ("[\"\\u00fc \\ud83d\\ude00\"]", "ü 😀"),
            ("\"x\"", "x"),
            ("12", "12"),
        ] {
            assert_eq!(of(json), says, "{json}");
        }
    }

    #[test]
    fn it_stops_where_nobody_looks() {
        let many = format!("[{}1]", "1,".repeat(100_000));
        let mut out = String::new();
        assert!(!line(&mut out, &many, true, 100));
        assert!(out.len() < 110);
        let long = format!("[\"{}\"]", "é".repeat(100_000));
        let mut out = String::new();
        line(&mut out, &long, true, 100);
        assert!(out.len() < 110, "{}", out.len());
    }

    proptest! {
        #[test]
        fn a_text_written_as_json_is_read_back(value in "\\PC{0,20}|[\\x00-\\x1f\"\\\\a\u{202e}\u{e0001}]{0,8}") {
            let mut json = String::new();
            text(&mut json, &value);
            prop_assert_eq!(unquote(&json[1..], usize::MAX - 1), (value, ""));
        }

        #[test]
        fn anything_at_all_is_no_panic(json in "\\PC{0,40}|[\\[\\]{},:\"\\\\u0d8]{0,24}", most in 0_usize..50) {
            line(&mut String::new(), &json, true, most);
        }
    }
}
