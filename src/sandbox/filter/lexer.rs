//! Filter text into tokens.

use super::Wrong;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    /// As written, and its value.
    Number(String, f64),
    /// A date without quotes.
    Date(String),
    Open,
    Close,
    Comma,
    Colon,
    /// `.` or `/` between the names of a path.
    Step,
    End,
}

impl Token {
    pub(super) fn into_literal(self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text, _) | Self::Date(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Name(name) if name == word)
    }
}

/// The tokens of `text` with their positions; the last one is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Wrong> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let start = at;
        at += 1;
        let token = match c {
            ' ' | '\t' => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            ':' => Token::Colon,
            '.' | '/' => Token::Step,
            '\'' => Token::Text(text_literal(&chars, &mut at)?),
            c if c.is_alphabetic() || c == '_' => {
                at = run(&chars, at, |c| c.is_alphanumeric() || matches!(c, '_' | '-'));
                Token::Name(chars[start..at].iter().collect())
            }
            c if c.is_ascii_digit() || c == '-' || c == '+' => {
                at = run(&chars, at, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '+' | '-'));
                number_or_date(chars[start..at].iter().collect(), start)?
            }
            _ => return Err(Wrong { position: start + 1, expected: "a field, a value or a bracket".into() }),
        };
        out.push((start + 1, token));
    }
    out.push((chars.len() + 1, Token::End));
    Ok(out)
}

fn run(chars: &[char], from: usize, belongs: impl Fn(char) -> bool) -> usize {
    from + chars[from..].iter().take_while(|&&c| belongs(c)).count()
}

/// Reads on after the opening quote; a doubled quote stands for one.
fn text_literal(chars: &[char], at: &mut usize) -> Result<String, Wrong> {
    let mut text = String::new();
    while let Some(&c) = chars.get(*at) {
        *at += 1;
        if c != '\'' {
            text.push(c);
        } else if chars.get(*at) == Some(&'\'') {
            text.push('\'');
            *at += 1;
        } else {
            return Ok(text);
        }
    }
    Err(Wrong { position: chars.len() + 1, expected: "a closing quote".into() })
}

fn number_or_date(word: String, start: usize) -> Result<Token, Wrong> {
    let numeric = word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    match word.parse::<f64>() {
        Ok(value) if numeric && value.is_finite() => Ok(Token::Number(word, value)),
        _ if super::eval::date(&word).is_some() => Ok(Token::Date(word)),
        _ => Err(Wrong { position: start + 1, expected: "a number or a date".into() }),
    }
}
