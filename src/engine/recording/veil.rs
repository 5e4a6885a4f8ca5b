//! What of a session may stand in a recording: personal values get stand-ins, the rest stays as it came.
//!
//! | what | in a recording |
//! | --- | --- |
//! | IDs, names, e-mails, phones, tags, attribute values, filter literals | a stand-in of the same shape |
//! | dates in them | another plausible date; `createdDate` and `modifiedDate` stay |
//! | numbers | other digits, as many, with the same odd form |
//! | `true`, `null`, `NaN`, control and bidi characters, lone surrogates, bytes that are no UTF-8 | as they came |
//! | field names, segment IDs, page numbers, totals, statuses, codes, traces | as they came |
//! | messages of the service, web pages | as they came, but for what looks like a value or was asked for |

mod body;
mod said;
#[cfg(test)]
mod tests;
mod url;

use std::borrow::Cow;
use std::collections::HashSet;

use super::stand_in::StandIns;
use crate::engine::query::words::{COMPARISONS, JOINTS};
use crate::engine::query::{Draft, Field};

/// Values that were asked for and are looked for in messages, at most.
const ASKED: usize = 200_000;
/// Shorter ones are ordinary words too often.
const SHORTEST: usize = 3;

/// Hides personal values, or does not.
pub(super) struct Veil {
    /// `None`: true values are kept.
    stand_ins: Option<StandIns>,
    /// Segment IDs, which are nobody's.
    segments: HashSet<String>,
    /// IDs that were asked for.
    ids: HashSet<String>,
    /// What stood between quotes in filters, the longest first.
    literals: Vec<String>,
}

impl Veil {
    /// Hides personal values under this key.
    pub(super) fn closed(key: (u64, u64)) -> Self {
        Self { stand_ins: Some(StandIns::new(key)), ..Self::open() }
    }

    /// Hides nothing.
    pub(super) fn open() -> Self {
        Self { stand_ins: None, segments: HashSet::new(), ids: HashSet::new(), literals: Vec::new() }
    }

    /// Whether true values are kept.
    pub(super) fn is_open(&self) -> bool {
        self.stand_ins.is_none()
    }

    /// What is asked for is looked for in what the service says from now on.
    pub(super) fn learn(&mut self, draft: &Draft) {
        if self.is_open() {
            return;
        }
        self.segments.extend(draft.segments.iter().map(|segment| segment.trim().to_owned()));
        for id in draft.ids.iter().map(|id| id.trim()).filter(|id| id.chars().count() >= SHORTEST) {
            if self.ids.len() < ASKED && !self.ids.contains(id) {
                self.ids.insert(id.to_owned());
            }
        }
        for literal in literals(&draft.filter) {
            if literal.chars().count() >= SHORTEST
                && self.literals.len() < 1_000
                && !self.literals.contains(&literal)
                && !self.is_segments(&literal)
            {
                self.literals.push(literal);
                self.literals.sort_by_key(|literal| std::cmp::Reverse(literal.len()));
            }
        }
    }

    /// The stand-in of a value that is personal as a whole.
    pub(super) fn value(&mut self, value: &str) -> String {
        if self.is_open() {
            return value.to_owned();
        }
        let mut chars: Vec<char> = value.chars().collect();
        self.chars(&mut chars);
        chars.into_iter().collect()
    }

    /// The same in its place.
    fn chars(&mut self, text: &mut [char]) {
        let Some(stand_ins) = &mut self.stand_ins else { return };
        if is_a_word_of_json(text) {
            return;
        }
        if let Some(date) = date_in(text) {
            let (year, time) = (date.clone(), date.end..text.len());
            let was: Vec<char> = text.to_vec();
            // A date that is none stays none: only its year becomes another.
            text[year.start + 3] = digit(stand_ins.number(&was, 1, 9));
            if is_a_date(&was[date.clone()]) {
                put(&mut text[year.start + 5..], stand_ins.number(&was, 2, 11) + 1);
                put(&mut text[year.start + 8..], stand_ins.number(&was, 3, 27) + 1);
            }
            if is_a_time(&was[time.clone()]) {
                put(&mut text[time.start + 1..], stand_ins.number(&was, 4, 23));
                put(&mut text[time.start + 4..], stand_ins.number(&was, 5, 59));
            }
            return;
        }
        match exponent_of(text) {
            // `1e999` is odd by what stands behind the `e`.
            Some(exponent) => stand_ins.replace(text, |at| at >= exponent),
            None => stand_ins.replace(text, |_| false),
        }
    }

    /// A date of the service's own: when a profile was made or changed. What is none is a value.
    fn date(&mut self, text: &mut [char]) {
        if !text.iter().all(|c| matches!(c, '0'..='9' | 'T' | 't' | 'Z' | 'z' | ':' | '+' | '-' | '.' | ' '))
        {
            self.chars(text);
        }
    }

    /// A query, its IDs and the literals of its filter replaced.
    pub(super) fn draft(&mut self, draft: &Draft) -> Draft {
        Draft {
            ids: draft.ids.iter().map(|id| self.value(id)).collect(),
            filter: self.filter(&draft.filter),
            ..draft.clone()
        }
    }

    /// A filter: what stands between quotes, and numbers, are values; the rest is its language.
    pub(super) fn filter(&mut self, filter: &str) -> String {
        if self.is_open() {
            return filter.to_owned();
        }
        let mut out = String::with_capacity(filter.len());
        let mut field = String::new();
        let mut rest = filter;
        while let Some(c) = rest.chars().next() {
            if c == '\'' {
                let end = quoted_end(rest);
                let closed = end >= 2 && rest[..end].ends_with('\'');
                let inner = &rest[1..if closed { end - 1 } else { end }];
                let value = inner.replace("''", "'");
                let keeps = self.is_segments(&value) || is_dated(&field) && date_in_text(&value);
                out.push('\'');
                out.push_str(&if keeps { inner.to_owned() } else { self.value(&value).replace('\'', "''") });
                if closed {
                    out.push('\'');
                }
                rest = &rest[end..];
            } else if c.is_alphanumeric() || c == '_' {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | ':' | '-' | '+')))
                    .unwrap_or(rest.len());
                let word = &rest[..end];
                if word.starts_with(|c: char| c.is_ascii_digit()) {
                    let keeps = is_dated(&field) && date_in_text(word);
                    out.push_str(&if keeps { word.to_owned() } else { self.value(word) });
                } else {
                    if !COMPARISONS.contains(&word) && !JOINTS.contains(&word) {
                        word.clone_into(&mut field);
                    }
                    out.push_str(word);
                }
                rest = &rest[end..];
            } else {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        out
    }

    /// Whether a text is segments with commas between them.
    fn is_segments(&self, text: &str) -> bool {
        !text.is_empty() && text.split(',').all(|one| self.segments.contains(one.trim()))
    }

    /// What the service said, or what is said of it.
    pub(super) fn said<'a>(&mut self, text: &'a str) -> Cow<'a, str> {
        if self.is_open() { Cow::Borrowed(text) } else { said::said(self, text) }
    }

    /// A URL, or the path and query of one.
    pub(super) fn url(&mut self, url: &str) -> String {
        if self.is_open() { url.to_owned() } else { url::url(self, url) }
    }

    /// The body of a reply, whatever it is.
    pub(super) fn body<'a>(&mut self, body: &'a [u8]) -> Cow<'a, [u8]> {
        if self.is_open() { Cow::Borrowed(body) } else { Cow::Owned(body::body(self, body)) }
    }

    /// A row, which need not be JSON.
    pub(super) fn row(&mut self, row: &str) -> String {
        if self.is_open() {
            return row.to_owned();
        }
        let out = body::row(self, row.as_bytes());
        String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// A header of a reply.
    pub(super) fn header(&mut self, name: &str, value: &str) -> String {
        let is_id = ["-id", "trace"].iter().any(|part| name.contains(part)) && !value.contains('@');
        match name.to_ascii_lowercase().as_str() {
            _ if self.is_open() || value.ends_with("…removed") => value.to_owned(),
            "location" | "content-location" => self.url(value),
            "link" => self.said(value).into_owned(),
            name if is_safe(name) || is_id => self.said_of_exchange(value),
            _ => self.value(value),
        }
    }

    /// A safe header's value, but for what was asked for.
    fn said_of_exchange(&mut self, value: &str) -> String {
        let mut words = value.split(|c| !said::is_of_a_word(c));
        let known = words.any(|word| self.ids.contains(word))
            || self.literals.iter().any(|literal| value.contains(literal.as_str()));
        if known { self.value(value) } else { value.to_owned() }
    }
}

/// Whether a header's value is about the exchange, and nobody's.
pub(super) fn is_safe(name: &str) -> bool {
    const SAFE: &[&str] = &[
        "age",
        "allow",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "expires",
        "keep-alive",
        "last-modified",
        "retry-after",
        "server",
        "traceparent",
        "transfer-encoding",
        "vary",
        "via",
        "www-authenticate",
    ];
    SAFE.contains(&name)
        || ["ratelimit", "x-ratelimit", "x-rate-limit"].iter().any(|begin| name.starts_with(begin))
}

/// Where a quoted text ends, its quotes included; to the end where it is never closed.
fn quoted_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'\'', Some(b'\'')) => at += 2,
            (b'\'', _) => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// What stands between quotes in a filter.
fn literals(filter: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = filter;
    while let Some(at) = rest.find('\'') {
        rest = &rest[at..];
        let end = quoted_end(rest);
        found.push(rest[1..end].strip_suffix('\'').unwrap_or(&rest[1..end]).replace("''", "'"));
        rest = &rest[end..];
    }
    found
}

/// Whether a field holds a date of the service's own.
fn is_dated(field: &str) -> bool {
    [Field::CreatedDate, Field::ModifiedDate].iter().any(|own| own.wire() == field || own.key() == field)
}

/// Words that JSON, or what passes for it, has of its own.
fn is_a_word_of_json(text: &[char]) -> bool {
    const WORDS: [&str; 11] =
        ["true", "false", "null", "nan", "inf", "infinity", "none", "undefined", "yes", "no", "nil"];
    let from = usize::from(matches!(text.first(), Some('-' | '+')));
    let is = |word: &&str| {
        text.len() - from == word.len()
            && text[from..].iter().zip(word.chars()).all(|(a, b)| a.eq_ignore_ascii_case(&b))
    };
    text.len() <= 10 && WORDS.iter().any(is)
}

/// Where the exponent of a number begins; `None`: it is no number, or has none.
fn exponent_of(text: &[char]) -> Option<usize> {
    let at = text.iter().position(|c| matches!(c, 'e' | 'E'))?;
    let is_digits = |part: &[char]| !part.is_empty() && part.iter().all(char::is_ascii_digit);
    let front =
        text[..at].strip_prefix(&['-']).or_else(|| text[..at].strip_prefix(&['+'])).unwrap_or(&text[..at]);
    let exponent = &text[at + 1..];
    let exponent =
        exponent.strip_prefix(&['-']).or_else(|| exponent.strip_prefix(&['+'])).unwrap_or(exponent);
    (front.split(|c| *c == '.').all(is_digits) && is_digits(exponent)).then_some(at)
}

/// Where a date stands: `2026-03-04`, at the beginning, with nothing or a time behind it.
fn date_in(text: &[char]) -> Option<std::ops::Range<usize>> {
    let looks = text.len() >= 10
        && text[..10]
            .iter()
            .enumerate()
            .all(|(at, c)| if at == 4 || at == 7 { *c == '-' } else { c.is_ascii_digit() });
    let ends = text.get(10).is_none_or(|c| matches!(c, 'T' | 't' | ' '));
    (looks && ends).then_some(0..10)
}

fn date_in_text(text: &str) -> bool {
    date_in(&text.chars().collect::<Vec<_>>()).is_some()
}

fn is_a_date(text: &[char]) -> bool {
    text.iter().collect::<String>().parse::<jiff::civil::Date>().is_ok()
}

/// Whether a time stands there: `T12:01`.
fn is_a_time(text: &[char]) -> bool {
    let time = text.get(1..6).map(|time| time.iter().collect::<String>());
    time.is_some_and(|time| time.parse::<jiff::civil::Time>().is_ok())
}

fn digit(n: u32) -> char {
    char::from_digit(n, 10).unwrap_or('0')
}

/// Writes a number of two digits.
fn put(text: &mut [char], n: u32) {
    if let [tens, ones, ..] = text {
        (*tens, *ones) = (digit(n / 10), digit(n % 10));
    }
}
