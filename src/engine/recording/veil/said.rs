//! Messages and pages that people read: what looks like a value, or was asked for, gets a stand-in.

use std::borrow::Cow;
use std::collections::HashSet;

use super::Veil;

/// Digits from which on a number may be somebody's.
const DIGITS: usize = 5;
/// Digits from which on a word with letters in it may be an ID.
const DIGITS_OF_ID: usize = 3;
/// A longer text between quotes is a text that has quotes in it.
const LONGEST_QUOTED: usize = 512;

/// The text with stand-ins.
pub(super) fn said<'a>(veil: &mut Veil, text: &'a str) -> Cow<'a, str> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut tag = false;
    // What is behind these is to be found again by whoever runs the service.
    let mut trace = false;
    let begins: HashSet<char> = veil.literals.iter().filter_map(|literal| literal.chars().next()).collect();
    while at < text.len() {
        let rest = &text[at..];
        let before = text[..at].chars().next_back();
        let Some(c) = rest.chars().next() else { break };
        // A body may be large, and literals many.
        let literal = if begins.contains(&c) {
            veil.literals.iter().find(|literal| rest.starts_with(literal.as_str())).cloned()
        } else {
            None
        };
        if let Some(literal) = literal {
            out.push_str(&veil.value(&literal));
            at += literal.len();
            continue;
        }
        if matches!(c, '\'' | '"')
            && !tag
            && before.is_none_or(|before| !before.is_alphanumeric())
            && let Some(inner) = quoted(rest, c)
        {
            out.push(c);
            if veil.is_segments(inner) || is_of_the_language(inner) {
                out.push_str(inner);
            } else if is_url(inner) {
                out.push_str(&veil.url(inner));
            } else {
                out.push_str(&veil.value(inner));
            }
            out.push(c);
            at += inner.len() + 2;
            continue;
        }
        if is_url(rest) && before.is_none_or(|before| !before.is_alphanumeric()) {
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')'));
            let url = &rest[..end.unwrap_or(rest.len())];
            out.push_str(&veil.url(url));
            at += url.len();
            continue;
        }
        if is_of_a_word(c) {
            let end = rest.find(|c| !is_of_a_word(c)).unwrap_or(rest.len());
            // A full stop, or a colon, ends a sentence rather than a word.
            let word = rest[..end].trim_end_matches(['.', ':', '-']);
            let word = if word.is_empty() { &rest[..end] } else { word };
            let keeps = trace || !is_somebodys(veil, word, &rest[word.len()..]);
            out.push_str(&if keeps { word.to_owned() } else { veil.value(word) });
            trace = word.eq_ignore_ascii_case("trace");
            at += word.len();
            continue;
        }
        tag = match c {
            '<' => rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')),
            '>' => false,
            _ => tag,
        };
        out.push(c);
        at += c.len_utf8();
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

fn is_url(text: &str) -> bool {
    ["https://", "http://", "/api/"].iter().any(|begin| text.starts_with(begin))
}

/// Whether a character stands in a word: an ID, an address, a number.
pub(super) fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '@' | '.' | '-' | '_' | '+' | ':' | '%' | '*')
}

/// What stands between two quotes, where it is short and on one line.
fn quoted(text: &str, quote: char) -> Option<&str> {
    let inner = &text[quote.len_utf8()..];
    let end = inner[..inner.floor_char_boundary(LONGEST_QUOTED + 1)].find(quote)?;
    let whole = !inner[end + 1..].starts_with(char::is_alphanumeric);
    (whole && end > 0 && !inner[..end].contains('\n')).then(|| &inner[..end])
}

/// Whether a text between quotes is a name of the service's: a field, a parameter, a scope, a code.
fn is_of_the_language(text: &str) -> bool {
    use crate::engine::query::Field;
    use crate::engine::query::words::{COMPARISONS, JOINTS};
    Field::ALL.iter().any(|field| field.wire() == text || field.key() == text)
        || COMPARISONS.contains(&text)
        || JOINTS.contains(&text)
        || [
            "filter",
            "ids",
            "page",
            "pageSize",
            "fields",
            "items",
            "total",
            "default",
            "crm:read",
            "cdp:read",
            "webhook:write",
            "application/json",
            "text/html",
            "utf-8",
            "UTF-8",
        ]
        .contains(&text)
}

fn is_somebodys(veil: &Veil, word: &str, behind: &str) -> bool {
    if veil.ids.contains(word) {
        return true;
    }
    if veil.segments.contains(word) {
        return false;
    }
    if word.contains('@') || word.contains("%40") {
        return word.chars().any(char::is_alphanumeric);
    }
    let digits = word.chars().filter(|c| c.is_numeric()).count();
    if digits < DIGITS_OF_ID || is_a_moment(word) {
        return false;
    }
    if word.chars().any(char::is_alphabetic) {
        return !is_a_measure(word);
    }
    let counts = [" byte", " profile", " row", " request", " page", " item"];
    digits >= DIGITS && !counts.iter().any(|what| behind.starts_with(what))
}

/// A date or a time: `2026-03-04T12:01:04Z`, `12:01:04.123`.
fn is_a_moment(word: &str) -> bool {
    super::date_in_text(word)
        || word.split(':').count() > 1
            && word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'Z' | b'+' | b'-'))
}

/// `1200ms`, `30.125s`.
fn is_a_measure(word: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    unit.len() < word.len()
        && matches!(unit, "ms" | "s" | "µs" | "us" | "ns" | "m" | "h" | "B" | "KiB" | "MiB")
}
