//! A filter cut into pieces: texts in quotes, words, and what stands between them. What they mean is the service's
//! business; whoever takes a piece for something says so himself.

/// A piece of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// Blanks, brackets, signs.
    Plain(&'a str),
    /// What stands between two quotes; quotes inside are still doubled.
    Quoted(char, &'a str),
    /// Anything else: a name, a number, a date.
    Word(&'a str),
}

/// The pieces of a filter in their order. A quote that is never closed reaches to the end.
pub fn tokens(filter: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = filter;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' => {
                let inner = &rest[1..];
                let close = closing(inner, first);
                tokens.push(Token::Quoted(first, &inner[..close]));
                // Past the closing quote, where there is one.
                (1 + close + 1).min(rest.len())
            }
            _ if is_plain(first) => {
                let end = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
                tokens.push(Token::Plain(&rest[..end]));
                end
            }
            _ => {
                // A colon is part of a time, and stands by itself after a name.
                let time = first.is_ascii_digit();
                let stops = |c| matches!(c, '\'' | '"') || is_plain(c) && !(time && c == ':');
                let end = rest.find(stops).unwrap_or(rest.len());
                tokens.push(Token::Word(&rest[..end]));
                end
            }
        };
        rest = &rest[end..];
    }
    tokens
}

/// The value of a text in quotes: a doubled quote stands for one.
pub fn unquoted(quote: char, text: &str) -> String {
    text.replace(&format!("{quote}{quote}"), quote.encode_utf8(&mut [0; 4]))
}

/// Where a quoted text ends; a doubled quote does not end it.
fn closing(inner: &str, quote: char) -> usize {
    let mut from = 0;
    while let Some(found) = inner[from..].find(quote) {
        let at = from + found;
        if !inner[at + 1..].starts_with(quote) {
            return at;
        }
        from = at + 2;
    }
    inner.len()
}

fn is_plain(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | ',' | ':' | '=' | '<' | '>' | '!' | ';' | '[' | ']')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_words_and_signs_are_told_apart() {
        use Token::{Plain, Quoted, Word};
        assert_eq!(
            tokens("x eq 'O''Brien' and at>=2026-01-01T10:00:00Z"),
            [
                Word("x"),
                Plain(" "),
                Word("eq"),
                Plain(" "),
                Quoted('\'', "O''Brien"),
                Plain(" "),
                Word("and"),
                Plain(" "),
                Word("at"),
                Plain(">="),
                Word("2026-01-01T10:00:00Z"),
            ]
        );
        assert_eq!(unquoted('\'', "O''Brien"), "O'Brien");
        assert_eq!(tokens("any(s:s"), [Word("any"), Plain("("), Word("s"), Plain(":"), Word("s")]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in any::<String>()) {
            let length: usize = tokens(&text)
                .iter()
                .map(|token| match token {
                    Token::Plain(text) | Token::Word(text) => text.len(),
                    Token::Quoted(_, text) => text.len() + 2,
                })
                .sum();
            // The last quote may be missing.
            prop_assert!(length == text.len() || length == text.len() + 1, "{length} of {}", text.len());
        }
    }
}
