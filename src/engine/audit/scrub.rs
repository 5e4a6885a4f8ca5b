//! An error's own words without values: what failed stays, on whom becomes hashes.

use std::collections::HashSet;

use super::hash::Hasher;

/// Digits in a word from which on it may be somebody's number.
const MANY_DIGITS: usize = 6;

/// Replaces by `#<hash>` every quoted piece, every word that is one of `known`, and every word that looks
/// like an address or a long number; cuts the query off URLs.
pub(super) fn scrub(text: &str, known: &HashSet<&str>, hasher: &Hasher) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    let mut word_start = 0;
    let mut word_end = 0;
    // Words are gathered in `rest[word_start..word_end]` and judged where they end.
    let judge = |word: &str, out: &mut String| {
        let core = word.trim_matches(|c: char| matches!(c, ',' | '.' | ';' | ':' | '(' | ')' | '[' | ']'));
        if core.is_empty() {
            out.push_str(word);
            return;
        }
        let (head, tail) = word.split_once(core).unwrap_or(("", ""));
        out.push_str(head);
        let (path, query) = core.split_once('?').map_or((core, None), |(path, query)| (path, Some(query)));
        let digits = path.bytes().filter(u8::is_ascii_digit).count();
        if known.contains(core) || known.contains(path) || path.contains(['@', '%']) || digits >= MANY_DIGITS
        {
            out.push('#');
            out.push_str(&hasher.hash(core));
        } else {
            out.push_str(path);
            if query.is_some() {
                out.push_str("?…");
            }
        }
        out.push_str(tail);
    };
    loop {
        let Some(c) = rest[word_end..].chars().next() else {
            judge(&rest[word_start..word_end], &mut out);
            return out;
        };
        // An apostrophe inside a word quotes nothing.
        let quotes = matches!(c, '"' | '`' | '“' | '‘') || c == '\'' && !before.is_alphanumeric();
        if quotes {
            judge(&rest[word_start..word_end], &mut out);
            let close = match c {
                '“' => '”',
                '‘' => '’',
                other => other,
            };
            let inner = &rest[word_end + c.len_utf8()..];
            let end = inner.rfind(close).filter(|_| c == '\'').or_else(|| end_of(inner, close));
            let (value, after) =
                end.map_or((inner, ""), |end| (&inner[..end], &inner[end + close.len_utf8()..]));
            out.push(c);
            out.push('#');
            out.push_str(&hasher.hash(value));
            out.push(close);
            rest = after;
            (word_start, word_end, before) = (0, 0, ' ');
            continue;
        }
        word_end += c.len_utf8();
        if c.is_whitespace() {
            judge(&rest[word_start..word_end - c.len_utf8()], &mut out);
            out.push(c);
            word_start = word_end;
        }
        before = c;
    }
}

/// Where a quoted piece ends; a backslash takes the meaning from what follows it.
fn end_of(inner: &str, close: char) -> Option<usize> {
    let mut escaped = false;
    inner.char_indices().find_map(|(at, c)| {
        if escaped {
            escaped = false;
            return None;
        }
        escaped = c == '\\';
        (c == close).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hasher() -> Hasher {
        Hasher::new(&[7; 32])
    }

    fn scrubbed(text: &str, known: &[&str], values: &[&str]) -> String {
        let mut out = scrub(text, &known.iter().copied().collect(), &hasher());
        for value in values {
            out = out.replace(&format!("#{}", hasher().hash(value)), &format!("{{{value}}}"));
        }
        out
    }

    #[test]
    fn our_own_words_stay() {
        for text in [
            "page 12 of the profiles could not be fetched",
            "",
            "the service's answer (batch 2), 503",
            " a  b ",
        ] {
            assert_eq!(scrubbed(text, &[], &[]), text);
        }
    }

    #[test]
    fn values_become_hashes() {
        for (text, values, expected) in [
            ("ID \"a\\\"b\" is wrong", &["a\\\"b"][..], "ID \"{a\\\"b}\" is wrong"),
            ("filter email eq 'x', refused", &["x"], "filter email eq '{x}', refused"),
            ("page of PROF-001: gone", &["PROF-001"], "page of {PROF-001}: gone"),
            ("no ada@example.com.", &["ada@example.com"], "no {ada@example.com}."),
            ("call +15550100000!", &["+15550100000!"], "call {+15550100000!}"),
            ("GET /crm/contacts?ids=A failed", &[], "GET /crm/contacts?… failed"),
            ("‘open", &["open"], "‘{open}’"),
        ] {
            assert_eq!(scrubbed(text, &["PROF-001"], values), expected, "{text}");
        }
    }

    #[test]
    fn an_id_may_hold_a_question_mark() {
        assert_eq!(scrubbed("no A?B", &["A?B"], &["A?B"]), "no {A?B}");
        assert_eq!(scrubbed("no A?B", &["A"], &["A?B"]), "no {A?B}");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,30}|[a-z\"'`?@ \\\\.,“”é1]{0,30}") {
            let _ = scrub(&text, &HashSet::new(), &hasher());
        }
    }
}
