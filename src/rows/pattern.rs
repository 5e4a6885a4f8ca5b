//! A regular expression as it is typed.

use regex::{Regex, RegexBuilder};

/// Bytes that a compiled expression may take, so that none keeps the screen waiting.
const LARGEST: usize = 1 << 20;
/// How deep its groups may lie in each other.
const DEEPEST: u32 = 64;

/// A regular expression, whatever the case unless it has an upper-case letter of its own.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// Reads an expression.
    ///
    /// # Errors
    /// It is none, or too large: why, in words for the person who types it.
    pub fn new(text: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(text)
            .case_insensitive(!has_upper_case(text))
            .size_limit(LARGEST)
            .nest_limit(DEEPEST)
            .build()
            .map_err(|error| said(text, &error))?;
        Ok(Self { regex })
    }

    /// Whether it matches a part of the text.
    pub fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// The cause in one line: the crate draws a picture of several.
fn said(text: &str, error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            "this expression is too large: repeat less, or less often".to_owned()
        }
        other => {
            let other = other.to_string();
            let cause = other.lines().rev().find_map(|line| line.trim().strip_prefix("error: "));
            // The pointer under the expression tells the place.
            let place = other
                .lines()
                .find(|line| !line.trim().is_empty() && line.trim().bytes().all(|byte| byte == b'^'))
                .and_then(|line| line.find('^'))
                .filter(|_| !text.contains('\n'))
                .map(|at| format!(", at character {}", at.saturating_sub(3)))
                .unwrap_or_default();
            format!("{}{place}", cause.unwrap_or("this is no regular expression"))
        }
    }
}

/// Whether it has an upper-case letter that stands for itself: `\S` and `\p{Lu}` have none.
fn has_upper_case(text: &str) -> bool {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let class = chars.next();
                if matches!(class, Some('p' | 'P' | 'x' | 'u' | 'U')) && chars.as_str().starts_with('{') {
                    chars.by_ref().find(|c| *c == '}');
                }
            }
            // Flags and names are no letters either.
            '(' if chars.as_str().starts_with('?') => {
                chars.by_ref().find(|c| matches!(c, ':' | ')' | '>'));
            }
            c if c.is_uppercase() => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_matters_only_where_an_upper_case_letter_says_so() {
        for (pattern, text, found) in [
            ("^ada", "ADA", true),
            ("^Ada", "ADA", false),
            ("^Ada", "Ada", true),
            (r"\S+@\D", "ADA@example.org", true),
            (r"^\p{Lu}ra", "ÉRA", true),
            ("zür", "ZÜRICH", true),
            ("(?P<Name>x)", "X", true),
            ("^$", "", true),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap().is_in(text), found, "{pattern} in {text}");
        }
    }

    #[test]
    fn what_is_none_says_why_and_where_in_one_line() {
        for (pattern, says) in [
            ("a(b", "unclosed group, at character 2"),
            ("*", "repetition operator missing expression"),
            ("[z-a]", "invalid character class range"),
            (r"\w{300}{300}", "too large"),
        ] {
            let error = Pattern::new(pattern).unwrap_err();
            assert!(error.contains(says) && !error.contains('\n'), "{pattern}: {error}");
        }
        assert!(Pattern::new(&"(".repeat(5_000)).is_err());
    }

    proptest! {
        #[test]
        fn anything_at_all_is_read_or_refused(text in "\\PC{0,20}|[()\\[\\]{}*+?|^$\\\\pPxuU<>:a-z0-9]{0,20}") {
            if let Ok(pattern) = Pattern::new(&text) {
                pattern.is_in("Ada Byron");
            }
        }
    }
}
