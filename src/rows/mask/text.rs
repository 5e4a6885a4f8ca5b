//! Masking text in which values may stand: URLs, filters, errors, replies.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{LEAST_DIGITS, Mask, Personal};
use crate::engine::query::words::{COMPARISONS, JOINTS};

/// More digits than a phone number has.
const MOST_DIGITS: usize = 15;
/// Functions that stand around a field which is compared.
const AROUND: [&str; 2] = ["tolower", "toupper"];

impl Mask {
    /// A text of ours or of the service's in which personal values may stand: addresses, numbers, quoted literals of
    /// filters and the queries of URLs are masked.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.on {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            let mut rest = line;
            // A URL is a word with a query.
            while let Some(word) = rest.split([' ', '\n', '"']).find(|word| is_query(word)) {
                let at = word.as_ptr() as usize - rest.as_ptr() as usize;
                out.push_str(&self.filter(&rest[..at]));
                out.push_str(&self.url(word));
                rest = &rest[at + word.len()..];
            }
            out.push_str(&self.filter(rest));
        }
        Cow::Owned(out)
    }

    /// A filter, its personal literals masked. What is compared with a field that is not personal stays, unless it
    /// looks like an address or a number; where nobody can tell what a literal is compared with, it is masked.
    pub fn filter<'a>(&self, filter: &'a str) -> Cow<'a, str> {
        if !self.on {
            return Cow::Borrowed(filter);
        }
        let mut out = String::with_capacity(filter.len());
        let mut rest = filter;
        // What the next literal is compared with.
        let mut compared: Option<Option<Personal>> = None;
        let (mut linked, mut operator) = (false, false);
        let mut before = ' ';
        while let Some(first) = rest.chars().next() {
            if first == '\'' && !before.is_alphanumeric() {
                let Some(inner) = literal(rest) else {
                    out.push_str(&self.plain(rest));
                    break;
                };
                let value = inner.replace("''", "'");
                let after = &rest[inner.len() + 2..];
                let compared = compared.filter(|_| linked).unwrap_or(Some(Personal::Attribute));
                let kind = looks_like(&value).or(compared);
                // `'Byron' eq lastName`
                let turned = after.split_whitespace().nth(1).and_then(|word| self.named(word));
                match kind.or(turned).filter(|_| !value.is_empty()) {
                    Some(kind) => {
                        out.push('\'');
                        out.push_str(&self.stand_in(kind, &value));
                        out.push('\'');
                    }
                    None => out.push_str(&rest[..inner.len() + 2]),
                }
                operator = false;
                rest = after;
                before = '\'';
                continue;
            }
            let is_part = |c: char| c.is_alphanumeric() || "_/.$@+-•…·".contains(c);
            let end = match rest.find(|c| !is_part(c)) {
                Some(0) => {
                    linked |= ",=<>".contains(first);
                    before = first;
                    out.push_str(&self.plain(&rest[..first.len_utf8()]));
                    rest = &rest[first.len_utf8()..];
                    continue;
                }
                Some(end) => end,
                None => rest.len(),
            };
            let word = &rest[..end];
            let low = word.to_ascii_lowercase();
            if COMPARISONS.contains(&low.as_str()) || AROUND.contains(&low.as_str()) {
                // Of the others prose is full.
                (linked, operator) = (true, low.len() == 2 && low != "in");
                out.push_str(word);
            } else if JOINTS.contains(&low.as_str()) {
                (compared, linked, operator) = (None, false, false);
                out.push_str(word);
            } else if let Some(Some(kind)) =
                compared.filter(|_| operator && !matches!(&*low, "null" | "true"))
            {
                // A literal that lacks its quotes.
                out.push_str(&self.stand_in(kind, word));
                operator = false;
            } else {
                let number = phone(rest, before);
                if let Some(len) = number {
                    out.push_str(&self.stand_in(Personal::Phone, &rest[..len]));
                    before = '0';
                    rest = &rest[len..];
                    continue;
                }
                (compared, linked) = (Some(self.named(word)), false);
                out.push_str(&self.plain(word));
            }
            before = word.chars().next_back().unwrap_or(' ');
            rest = &rest[end..];
        }
        Cow::Owned(out)
    }

    /// An answer's head and body. JSON is masked by its keys; of a body that is none nobody can tell what is in it.
    pub fn reply<'a>(&self, reply: &'a str) -> Cow<'a, str> {
        if !self.on {
            return Cow::Borrowed(reply);
        }
        let (head, body) = parted(reply);
        let head = self.text(head);
        let body = match body.trim() {
            "" => Cow::Borrowed(body),
            json if is_json(json) => Cow::Owned(self.walk(None, "", json, true).0),
            url if url.starts_with("nextPageUrl: ") => Cow::Owned(self.text(body).into_owned()),
            // It may also be JSON that was cut.
            other => Cow::Owned(format!("{} bytes, hidden while masked", other.len())),
        };
        Cow::Owned(format!("{head}{body}"))
    }

    /// The kind of what a word of a filter names: `lastName`, `attributes/ssn`.
    fn named(&self, word: &str) -> Option<Personal> {
        let path = word.trim_start_matches('$').replace('/', ".");
        let path = path.trim_end_matches(['.', ',', ')']);
        self.kind(path).or_else(|| self.kind(&format!("attributes.{path}")))
    }

    /// A path and its query; values of the query are masked as far as they may be personal.
    fn url(&self, url: &str) -> String {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let mut out = format!("{path}?");
        for (at, pair) in query.split('&').enumerate() {
            if at > 0 {
                out.push('&');
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let named = percent_decode_str(name).decode_utf8_lossy().into_owned();
            if matches!(
                named.trim_start_matches('$'),
                "ids" | "id" | "fields" | "select" | "page" | "pageSize" | "top" | "skip"
            ) {
                out.push_str(pair);
                continue;
            }
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            let masked = match self.kind(&named) {
                Some(kind) => self.stand_in(kind, &value),
                None => self.filter(&value).into_owned(),
            };
            if masked == value {
                out.push_str(pair);
            } else {
                out.push_str(name);
                out.push('=');
                out.push_str(&masked.replace(' ', "%20").replace('&', "%26"));
            }
        }
        out
    }

    /// A piece without quotes: an address in it is masked.
    fn plain<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(at) = text.find('@') else { return Cow::Borrowed(text) };
        let is_part = |c: char| c.is_alphanumeric() || "._%+-".contains(c);
        let from = text[..at]
            .rfind(|c| !is_part(c))
            .map_or(0, |from| from + text[from..].chars().next().map_or(1, char::len_utf8));
        let to = text[at + 1..].find(|c| !is_part(c)).map_or(text.len(), |to| at + 1 + to);
        let address = text[from..to].trim_end_matches('.');
        if from == at || address.len() <= at + 1 - from {
            return Cow::Borrowed(text);
        }
        let masked = self.stand_in(Personal::Email, address);
        let behind = self.plain(&text[from + address.len()..]);
        Cow::Owned(format!("{}{masked}{behind}", &text[..from]))
    }
}

/// An answer's status and headers, with what ends them, and its body.
fn parted(reply: &str) -> (&str, &str) {
    let is_status = |line: &str| {
        line.starts_with("HTTP/") || line.get(..3).is_some_and(|code| code.parse::<u16>().is_ok())
    };
    let is_header = |line: &str| {
        line.split_once(':')
            .is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
    };
    if let Some((head, _)) = reply.split_once("\n\n")
        && head.lines().enumerate().all(|(at, line)| if at == 0 { is_status(line) } else { is_header(line) })
    {
        return reply.split_at(head.len() + 2);
    }
    match reply.split_once('\n') {
        Some((first, _)) if is_status(first) => reply.split_at(first.len() + 1),
        None if is_status(reply) => (reply, ""),
        _ => ("", reply),
    }
}

fn is_query(word: &str) -> bool {
    word.split_once('?').is_some_and(|(path, query)| path.contains('/') && query.contains('='))
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// What stands between the quote that a text begins with and the one that closes it; doubled quotes close nothing.
fn literal(text: &str) -> Option<&str> {
    let mut from = 1;
    loop {
        let at = from + text[from..].find('\'')?;
        if !text[at + 1..].starts_with('\'') {
            return Some(&text[1..at]);
        }
        from = at + 2;
    }
}

/// What a literal is, by its looks.
fn looks_like(value: &str) -> Option<Personal> {
    if value.contains('@') {
        return Some(Personal::Email);
    }
    (phone(value, ' ') == Some(value.len())).then_some(Personal::Phone)
}

/// The length of the phone number that a text begins with.
fn phone(text: &str, before: char) -> Option<usize> {
    let first = text.chars().next()?;
    if !(first.is_ascii_digit() || first == '+') || before.is_alphanumeric() || "-_.:%/+".contains(before) {
        return None;
    }
    let run = text.find(|c: char| !c.is_ascii_digit() && !"+ ()-/".contains(c)).unwrap_or(text.len());
    let number = text[..run].trim_end_matches(|c: char| !c.is_ascii_digit());
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let behind = text[number.len()..].chars().next();
    let goes_on = behind.is_some_and(|c| c.is_alphanumeric() || matches!(c, ':' | '_'));
    let shape: String = number.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let is_date = shape.starts_with("0000-00-00");
    ((LEAST_DIGITS..=MOST_DIGITS).contains(&digits) && !goes_on && !is_date).then_some(number.len())
}

#[cfg(test)]
mod tests {
    use super::super::tests::mask;
    use proptest::prelude::*;

    #[test]
    fn literals_of_personal_fields_are_masked_and_the_rest_of_a_filter_stays() {
        for (filter, gone, stays) in [
            ("email eq 'ada@example.com'", "ada@", "email eq 'a••@••.com·"),
            ("lastName eq 'O''Brien' and score gt 10", "Brien", "' and score gt 10"),
            ("attributes/ssn eq '12'", "'12'", "attributes/ssn eq '•••·"),
            ("ssn eq 12", " 12", "ssn eq •••·"),
            ("contains(lastName,'Byr')", "Byr'", "contains(lastName,'B••·"),
            ("contains(tolower(lastName), 'byron')", "byron", "contains(tolower(lastName), 'b••·"),
            ("lastName in ('Byron','Noether')", "Noether", "in ('B••·"),
            ("'Byron' eq lastName", "Byron", "' eq lastName"),
            ("lastName eq Byron", "Byron", "lastName eq B••·"),
            ("phone eq 15550100021", "15550100021", "phone eq •••…21·"),
            ("plan eq 'x' and 'Byron' eq 'Byron'", "Byron", "plan eq 'x' and "),
            ("phone eq '+1 (555) 010-0021' or id eq 'PROF-0000021'", "555", "or id eq 'PROF-0000021'"),
        ] {
            let masked = mask().filter(filter);
            assert!(!masked.contains(gone) && masked.contains(stays), "{filter}: {masked}");
        }
        for same in [
            "segmentIds contains 'SEG-ALL'",
            "score gt 10 and plan eq 'gold'",
            "modifiedDate gt 2026-03-04T12:01:04Z",
            "id in ('PROF-0000001','PROF-0000002')",
            "segmentIds/any(s:s eq 'A')",
            "",
        ] {
            assert_eq!(mask().filter(same), same);
        }
    }

    #[test]
    fn values_in_urls_and_errors_are_masked() {
        let mask = mask();
        let request = "GET https://acme.my.cxone.com/api/v2/crm/contacts?page=26&filter=email%20eq%20%27ada%40example.com%27&ids=PROF-0000021,15550100021\nAuthorization: Bearer [redacted]";
        let masked = mask.text(request);
        assert!(!masked.contains("ada"), "{masked}");
        assert!(
            masked.contains("?page=26&filter=email%20eq%20'a••@••.com·")
                && masked.contains("&ids=PROF-0000021,15550100021\nAuthorization"),
            "{masked}"
        );
        for (text, gone) in [
            ("the service refused ada@example.com.", "ada"),
            ("(ada@example.com, grace@example.org)", "grace"),
            ("no such number +1 555 010 0021, it says", "555"),
            ("the service answered: lastName eq 'Byron' is no filter", "Byron"),
        ] {
            assert!(!mask.text(text).contains(gone), "{}", mask.text(text));
        }
        for same in [
            "page 26 of the profiles could not be read",
            "no profile PROF-0000021 at 2026-03-04T12:01:04Z, on 2026-03-04 neither",
            "connect 127.0.0.1:8080: refused (os error 111)",
            "the service's answer, and the gateway's",
            "plan eq 'gold' was refused",
            "fields are id, email and 7 more",
        ] {
            assert_eq!(mask.text(same), same);
        }
        let once = mask.text("to ada@example.com").into_owned();
        assert_eq!(mask.text(&once), once, "what is masked stays as it is");
    }

    #[test]
    fn a_reply_is_masked_by_its_keys_or_hidden() {
        let mask = mask();
        let json = "400 Bad Request\ncontent-type: application/json\n\n{\"message\":\"no 'Byron'\",\"data\":[{\"firstName\":\"Ada\",\"id\":\"P-1\"}]}";
        let masked = mask.reply(json);
        assert!(!masked.contains("Ada") && !masked.contains("Byron"), "{masked}");
        assert!(masked.contains("400 Bad Request") && masked.contains("\"id\":\"P-1\""), "{masked}");
        let html = mask.reply("502 Bad Gateway\n\n<h1>Ada Byron</h1>").into_owned();
        assert_eq!(html, "502 Bad Gateway\n\n18 bytes, hidden while masked");
        // As the engine writes it down.
        let engine = mask.reply("500 application/json\n{\"lastName\":\"Byron\"}").into_owned();
        assert!(engine.starts_with("500 application/json\n{\"lastName\":\"B••·"), "{engine}");
        for hidden in [
            "Name: Byron\nMore: Byron",
            "200 text/plain\nName: Byron",
            "[{\"lastName\":\"Byr",
            "Byron\n\nByron",
        ] {
            let masked = mask.reply(hidden);
            assert!(!masked.contains("Byr") && masked.contains("hidden while masked"), "{masked}");
        }
        assert_eq!(mask.reply("502 Bad Gateway"), "502 Bad Gateway");
        assert!(!mask.reply("{\"firstName\":\"Ada\"}").contains("Ada"));
    }

    proptest! {
        #[test]
        fn any_text_is_no_panic(text in "\\PC{0,60}|[a-z'\"@?=&%/+0-9 ()]{0,40}") {
            mask().text(&text);
            mask().filter(&text);
            mask().reply(&text);
        }

        #[test]
        fn no_literal_of_a_personal_field_is_left(
            value in "CANARY[a-zA-Z0-9 .+'-]{0,9}", field in "(email|lastName|firstName|phone|attributes/ssn|ssn)",
            op in "(eq|ne|gt|in)", tail in "( and score gt 10)?",
        ) {
            let literal = value.replace('\'', "''");
            let masked = mask().filter(&format!("{field} {op} '{literal}'{tail}")).into_owned();
            prop_assert!(!masked.contains("CANARY"), "{masked}");
        }
    }
}
