//! A filter without its values: the shape of the question stays, whom it is about becomes hashes.

use super::hash::Hasher;
use crate::engine::query::Field;
use crate::engine::query::tokens::{Token, tokens, unquoted};

/// Words of the language.
const KEYWORDS: [&str; 26] = [
    "eq",
    "ne",
    "gt",
    "ge",
    "lt",
    "le",
    "and",
    "or",
    "not",
    "in",
    "has",
    "contains",
    "startswith",
    "endswith",
    "any",
    "all",
    "true",
    "false",
    "null",
    "tolower",
    "toupper",
    "trim",
    "length",
    "add",
    "sub",
    "mod",
];
/// Words that compare what stands before them with what stands after.
const COMPARISONS: [&str; 10] = ["eq", "ne", "gt", "ge", "lt", "le", "in", "has", "contains", "="];
/// Functions whose first argument is a field.
const FUNCTIONS: [&str; 3] = ["contains", "startswith", "endswith"];
/// The longest name that is taken for one.
const MAX_NAME: usize = 64;

/// Replaces every literal by `#<hash>`: quoted texts, numbers, and each bare word that is neither of the
/// language nor known to be a field. A name counts as a field where the service has it, below `attributes`,
/// or where it is compared with a literal. In doubt a word is hashed.
pub fn hash_literals(filter: &str, hasher: &Hasher) -> String {
    let tokens = tokens(filter);
    let mut out = String::with_capacity(filter.len() * 2);
    for (i, token) in tokens.iter().enumerate() {
        match token {
            Token::Plain(text) => out.push_str(text),
            Token::Quoted(quote, text) => {
                out.push(*quote);
                push_hash(&mut out, &unquoted(*quote, text), hasher);
                out.push(*quote);
            }
            Token::Word(word) if is_known(word) || is_field_here(&tokens, i) => out.push_str(word),
            Token::Word(word) => push_hash(&mut out, word, hasher),
        }
    }
    out
}

/// The values of a filter's quoted literals, as they mean.
pub(super) fn literals(filter: &str) -> Vec<String> {
    tokens(filter)
        .into_iter()
        .filter_map(|token| match token {
            Token::Quoted(quote, text) => Some(unquoted(quote, text)),
            Token::Plain(_) | Token::Word(_) => None,
        })
        .collect()
}

fn push_hash(out: &mut String, value: &str, hasher: &Hasher) {
    out.push('#');
    out.push_str(&hasher.hash(value));
}

fn is_known(word: &str) -> bool {
    let below_attributes = word.strip_prefix("attributes").is_some_and(|path| {
        path.is_empty()
            || path.strip_prefix(['/', '.']).is_some_and(|path| path.split(['/', '.']).all(is_name))
    });
    KEYWORDS.contains(&word)
        || below_attributes
        || Field::ALL.into_iter().any(|field| field.wire() == word || field.key() == word)
        || matches!(word, "segmentIds" | "segmentIds/any" | "segmentIds/all" | "tags/any" | "tags/all")
}

/// Whether the word stands where only a field can: compared with a literal, the first argument of a
/// function that has a literal as its second, or the variable of an `any`.
fn is_field_here(tokens: &[Token<'_>], at: usize) -> bool {
    let Some(Token::Word(word)) = tokens.get(at) else { return false };
    if !word.split(['/', '.']).all(is_name) {
        return false;
    }
    let sign = |i: usize| match tokens.get(i) {
        Some(Token::Plain(text)) => text.trim(),
        _ => "",
    };
    let before = |n: usize| at.checked_sub(n).and_then(|i| tokens.get(i));
    let compared_before = matches!(before(2), Some(Token::Word(op)) if COMPARISONS.contains(op));
    if compared_before && at.checked_sub(1).is_some_and(|i| sign(i).is_empty()) {
        return false;
    }
    if sign(at + 1) == ":" {
        return word.len() == 1;
    }
    if matches!(sign(at + 1), "=" | "==" | "!=" | "<" | ">" | "<=" | ">=") {
        return is_literal(tokens.get(at + 2));
    }
    if sign(at + 1) == "," {
        let called = matches!(before(2), Some(Token::Word(name)) if FUNCTIONS.contains(name));
        return called && at.checked_sub(1).is_some_and(|i| sign(i) == "(") && is_literal(tokens.get(at + 2));
    }
    let compares = matches!(tokens.get(at + 2), Some(Token::Word(op)) if COMPARISONS.contains(op));
    compares && sign(at + 1).is_empty() && is_literal(tokens.get(at + 4).or(tokens.get(at + 3)))
}

fn is_literal(token: Option<&Token<'_>>) -> bool {
    match token {
        Some(Token::Quoted(..)) => true,
        Some(Token::Word(word)) => {
            word.starts_with(|c: char| c.is_ascii_digit() || c == '-')
                || matches!(*word, "true" | "false" | "null")
        }
        _ => false,
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hasher() -> Hasher {
        Hasher::new(&[7; 32])
    }

    /// Shows hashes by the values in braces.
    fn hashed(filter: &str, values: &[&str]) -> String {
        let mut out = hash_literals(filter, &hasher());
        for value in values {
            out = out.replace(&format!("#{}", hasher().hash(value)), &format!("{{{value}}}"));
        }
        out
    }

    #[test]
    fn literals_become_hashes_and_the_shape_stays() {
        for (filter, values, expected) in [
            ("email eq 'ada@example.com'", &["ada@example.com"][..], "email eq '{ada@example.com}'"),
            ("lastName eq 'O''Brien'", &["O'Brien"], "lastName eq '{O'Brien}'"),
            (
                "score gt 10 and not (attributes/city eq 'Kiel')",
                &["10", "Kiel"],
                "score gt {10} and not (attributes/city eq '{Kiel}')",
            ),
            (
                "contains(city,'Ki') or startswith( lastName , 'B')",
                &["Ki", "B"],
                "contains(city,'{Ki}') or startswith( lastName , '{B}')",
            ),
            ("segmentIds/any(s:s eq 'A')", &["A"], "segmentIds/any(s:s eq '{A}')"),
            (
                "createdDate gt 2025-01-02T03:04:05Z",
                &["2025-01-02T03:04:05Z"],
                "createdDate gt {2025-01-02T03:04:05Z}",
            ),
            ("active eq true and x ne null", &[], "active eq true and x ne null"),
            ("score>=-5", &["-5"], "score>={-5}"),
            ("plan in ('gold','basic')", &["gold", "basic"], "plan in ('{gold}','{basic}')"),
        ] {
            assert_eq!(hashed(filter, values), expected, "{filter}");
        }
    }

    #[test]
    fn in_doubt_a_word_is_hashed() {
        for (filter, values, expected) in [
            ("lastName eq Byron", &["Byron"][..], "lastName eq {Byron}"),
            ("Byron", &["Byron"], "{Byron}"),
            ("'x' eq Byron eq 'y'", &["x", "Byron", "y"], "'{x}' eq {Byron} eq '{y}'"),
            ("email eq ada@example.com", &["ada@example.com"], "email eq {ada@example.com}"),
            ("Zoë eq 'x'", &["Zoë", "x"], "{Zoë} eq '{x}'"),
            (
                "attributes/ada@example.com eq 1",
                &["attributes/ada@example.com", "1"],
                "{attributes/ada@example.com} eq {1}",
            ),
            ("phone eq 'never closed", &["never closed"], "phone eq '{never closed}'"),
            ("phone eq \"555\"", &["555"], "phone eq \"{555}\""),
            ("concat(Ada,'x')", &["concat", "Ada", "x"], "{concat}({Ada},'{x}')"),
        ] {
            assert_eq!(hashed(filter, values), expected, "{filter}");
        }
    }

    proptest! {
        #[test]
        fn no_literal_is_left(
            value in "CANARY[a-zA-Z0-9@ .+'-]{0,12}", field in "(email|score|attributes/x|contains|[a-z]{1,3})",
            op in "(eq|contains|in|gt|=|,|\\()", tail in "[a-z0-9'\" ()=,:]{0,12}", quoted in any::<bool>(),
        ) {
            let literal = if quoted { format!("'{}'", value.replace('\'', "''")) } else { value.replace('\'', "") };
            let out = hash_literals(&format!("{field} {op} {literal}"), &hasher());
            prop_assert!(!out.contains("CANARY"), "{out}");
            let _ = hash_literals(&format!("{tail}{literal}{tail}"), &hasher());
        }
    }
}
