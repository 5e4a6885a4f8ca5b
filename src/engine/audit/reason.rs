//! Why somebody looks at people's data.

use std::fmt;
use std::str::FromStr;

use crate::engine::error::Error;

/// The fewest and the most characters of a reason.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=200;

/// Why somebody looks at people's data, in their own words: a ticket's number, a sentence. One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// As it was said.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// White space around it does not count.
impl FromStr for Reason {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let length = text.chars().count();
        let wrong = |cause: String| {
            let remedy =
                "say in a line what it is for, best by the number of a ticket and not by a person's name";
            Err(Error::usage("the reason for access", cause, remedy))
        };
        if text.chars().any(char::is_control) {
            return wrong("it is more than one line, or holds control characters".to_owned());
        }
        if !LENGTHS.contains(&length) {
            let (least, most) = (LENGTHS.start(), LENGTHS.end());
            return wrong(format!("its length is {length}, and {least} to {most} characters are right"));
        }
        if !text.chars().any(char::is_alphanumeric) {
            return wrong("there is no word in it".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_line_that_says_something() {
        assert_eq!(" case 4711 ".parse::<Reason>().unwrap().as_str(), "case 4711");
        for wrong in ["", "  ", "ab", "...", "two\nlines", "\u{1b}[2Jxx", &"x".repeat(201)] {
            let error = wrong.parse::<Reason>().unwrap_err();
            assert_eq!(
                (error.kind.exit_code(), error.what.as_str()),
                (2, "the reason for access"),
                "{wrong:?}"
            );
        }
    }
}
