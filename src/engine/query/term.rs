//! What a query names: identifiers, and a filter of the user's own.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::{MAX_FILTER_BYTES, MAX_ID_BYTES};
use crate::engine::error::Error;

/// A profile's or a segment's identifier, as it may be sent: 1–256 bytes, no comma, no white space, no
/// control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Arc<str>);

impl Id {
    /// Checks an identifier; `what` names the list it stands in ("ID", "segment").
    ///
    /// # Errors
    /// Names the value and the rule it breaks.
    pub fn new(what: &str, text: &str) -> Result<Self, Error> {
        let rule = if text.is_empty() {
            "it is empty".to_owned()
        } else if text.len() > MAX_ID_BYTES {
            format!("it has {} bytes, at most {MAX_ID_BYTES} are allowed", text.len())
        } else if let Some(c) = text.chars().find(|c| *c == ',' || c.is_whitespace() || c.is_control()) {
            let name = match c {
                ',' => "a comma".to_owned(),
                c if c.is_whitespace() => "white space".to_owned(),
                c => format!("the control character U+{:04X}", u32::from(c)),
            };
            format!("it holds {name}")
        } else {
            return Ok(Self(text.into()));
        };
        Err(Error::usage(
            format!("{what} {}", quoted(text)),
            rule,
            format!("an ID is 1 to {MAX_ID_BYTES} bytes without commas, white space or control characters"),
        ))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::engine::text::clean(&self.0))
    }
}

/// A filter of the user's own, checked as far as can be without knowing the whole language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Filter(Arc<str>);

impl Filter {
    /// Checks balanced quotes and parentheses, control characters and length; trims outer blanks.
    ///
    /// # Errors
    /// Names the position (in characters, from 1) and the rule.
    pub fn new(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let refuse = |at: Option<usize>, cause: String, remedy: &str| {
            Err(Error::usage(format!("filter {}", quoted(text)), cause, remedy).in_filter(at))
        };
        if text.is_empty() {
            return refuse(
                None,
                "it is empty".into(),
                "leave the filter out, or write one like email eq 'x'",
            );
        }
        if text.len() > MAX_FILTER_BYTES {
            return refuse(
                None,
                format!("it has {} bytes, at most {MAX_FILTER_BYTES} are allowed", text.len()),
                "shorten it, or ask in several queries",
            );
        }
        let mut open: Vec<usize> = Vec::new();
        let mut quote: Option<usize> = None;
        for (at, c) in text.chars().enumerate().map(|(i, c)| (i + 1, c)) {
            match (c, quote) {
                (c, _) if c.is_control() && c != '\n' && c != '\t' => {
                    return refuse(
                        Some(at),
                        format!("control character U+{:04X} at position {at}", u32::from(c)),
                        "remove it",
                    );
                }
                ('\'', None) => quote = Some(at),
                // A doubled quote closes and opens again, which comes to the same.
                ('\'', Some(_)) => quote = None,
                ('(', None) => open.push(at),
                (')', None) if open.pop().is_none() => {
                    return refuse(
                        Some(at),
                        format!("')' at position {at} closes nothing"),
                        "remove it, or open a parenthesis before it",
                    );
                }
                _ => {}
            }
        }
        if let Some(at) = quote {
            return refuse(
                Some(at),
                format!("the quote at position {at} is never closed"),
                "close it with '; write a quote inside a value twice: 'O''Brien'",
            );
        }
        if let Some(at) = open.pop() {
            return refuse(Some(at), format!("'(' at position {at} is never closed"), "close it with )");
        }
        Ok(Self(text.into()))
    }

    /// The text as it was written, outer blanks aside.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text on one line, as it is sent: outside of quotes a line break or a tab is a blank. As many characters as
    /// were written.
    pub fn on_one_line(&self) -> Cow<'_, str> {
        if !self.0.contains(['\n', '\t']) {
            return Cow::Borrowed(&self.0);
        }
        let mut quoted = false;
        let blank = |c| {
            quoted ^= c == '\'';
            if !quoted && matches!(c, '\n' | '\t') { ' ' } else { c }
        };
        Cow::Owned(self.0.chars().map(blank).collect())
    }
}

/// The beginning of a value, for an error about it.
fn quoted(text: &str) -> String {
    let end = text.floor_char_boundary(64);
    if end < text.len() { format!("{:?}…", &text[..end]) } else { format!("{text:?}") }
}
