//! Whether a filter reaches past the window that profiles are kept for, told from its text before anything is sent.
//!
//! ```text
//! modifiedDate ge D, gt D, eq D, in (D, …)   back to D            and   the later of those that say something
//! modifiedDate lt D, le D                    back without end     or    the earlier
//! modifiedDate ne D, any test of null        nothing is said      not   turns comparisons round, and swaps and with or
//! anything else with modifiedDate in it      in doubt: without end
//! ```
//!
//! A test that does not name the modified date says nothing of it, and a filter none of whose tests does is not warned
//! of. Days are compared, in UTC: whoever writes the day that the window begins on is within it. A filter that cannot be
//! taken apart and names the modified date counts as one that reaches back without end: in doubt it is warned of.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::tokens::{Token, tokens, unquoted};
use super::{Field, Query};
use crate::engine::retention::{Window, instant};

/// Brackets and `not` nest no deeper than this; what is inside of more is in doubt.
const DEEPEST: usize = 64;

/// A filter that reaches past the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The earliest day that it lets through; `None`: it sets none.
    pub back_to: Option<Date>,
    /// Whether that is only what is feared, for the filter says it in a way that is not understood here.
    pub in_doubt: bool,
    /// What it reaches past.
    pub window: Window,
}

impl Reach {
    /// How far a filter reaches past the window; `None`: it does not.
    pub fn of(filter: &str, window: Window) -> Option<Self> {
        let earliest = earliest(filter)?;
        let past = earliest.day.is_none_or(|day| day < window.first_day());
        past.then_some(Self { back_to: earliest.day, in_doubt: earliest.in_doubt, window })
    }

    /// The same for a query and the window that it has.
    pub fn of_query(query: &Query, window: Option<Window>) -> Option<Self> {
        Self::of(query.filter()?.as_str(), window?)
    }

    /// In a few words, where there is little room: `reaches past the 180 days, to 2025-01-01`.
    pub fn brief(&self) -> String {
        let days = self.window.length();
        match self.back_to {
            Some(day) => format!("reaches past the {days} kept, to {day}"),
            None if self.in_doubt => format!("may reach past the {days} kept"),
            None => format!("reaches past the {days} kept, without end"),
        }
    }
}

/// A sentence without its full stop, with what would be within.
impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, first) = (self.window.length(), self.window.first_day());
        match self.back_to {
            Some(day) => write!(f, "the filter reaches back to {day}")?,
            None if self.in_doubt => write!(f, "the filter may reach back without end")?,
            None => write!(f, "the filter reaches back without end")?,
        }
        write!(f, ", and profiles are kept for {days}, since {first}; modifiedDate ge {first} is within")
    }
}

/// The earliest day that a filter lets through, as far as it says one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Earliest {
    /// `None` is before every day.
    day: Option<Date>,
    in_doubt: bool,
}

const WITHOUT_END: Earliest = Earliest { day: None, in_doubt: false };
const IN_DOUBT: Earliest = Earliest { day: None, in_doubt: true };

fn earliest(filter: &str) -> Option<Earliest> {
    let pieces = pieces(filter);
    let mut reader = Reader { pieces: &pieces, at: 0, depth: 0 };
    match reader.any_of(false) {
        Some(said) if reader.at == pieces.len() => said,
        _ => names_it(&pieces).then_some(IN_DOUBT),
    }
}

/// A piece of a filter that means something by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Open,
    Close,
    Sign(&'a str),
    Word(&'a str),
    Text(String),
}

fn pieces(filter: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for token in tokens(filter) {
        match token {
            Token::Word(word) => pieces.push(Piece::Word(word)),
            Token::Quoted(quote, text) => pieces.push(Piece::Text(unquoted(quote, text))),
            Token::Plain(mut rest) => {
                while let Some(first) = rest.chars().next() {
                    let alone = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',');
                    let end = match first {
                        c if alone(c) => first.len_utf8(),
                        _ => rest.find(alone).unwrap_or(rest.len()),
                    };
                    match first {
                        '(' => pieces.push(Piece::Open),
                        ')' => pieces.push(Piece::Close),
                        c if c.is_whitespace() => {}
                        _ => pieces.push(Piece::Sign(&rest[..end])),
                    }
                    rest = &rest[end..];
                }
            }
        }
    }
    pieces
}

impl Piece<'_> {
    fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own.eq_ignore_ascii_case(word))
    }

    /// Whether it is the modified date of a profile, by either of its names, alone or at the end of a path.
    fn is_modified(&self) -> bool {
        let Self::Word(word) = self else { return false };
        let last = word.rsplit(['/', '.']).next().unwrap_or(word);
        let below_attributes = word.split(['/', '.']).next() == Some(Field::Attributes.wire());
        let named = [Field::ModifiedDate.wire(), Field::ModifiedDate.key()];
        !below_attributes && named.iter().any(|name| last.eq_ignore_ascii_case(name))
    }

    fn is_null(&self) -> bool {
        self.is("null")
    }

    /// The day of a literal.
    fn day(&self) -> Option<Date> {
        let text = match self {
            Self::Word(word) => word,
            Self::Text(text) => text.as_str(),
            Self::Open | Self::Close | Self::Sign(_) => return None,
        };
        instant(text).map(|at| at.to_zoned(TimeZone::UTC).date())
    }
}

fn names_it(pieces: &[Piece<'_>]) -> bool {
    pieces.iter().any(Piece::is_modified)
}

/// How a date is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Equal,
    Other,
    After,
    Before,
}

impl Test {
    fn of(piece: &Piece<'_>) -> Option<Self> {
        let (Piece::Word(said) | Piece::Sign(said)) = piece else { return None };
        Some(match said.to_ascii_lowercase().as_str() {
            "eq" | "=" | "==" => Self::Equal,
            "ne" | "!=" | "<>" => Self::Other,
            "gt" | "ge" | ">" | ">=" => Self::After,
            "lt" | "le" | "<" | "<=" => Self::Before,
            _ => return None,
        })
    }

    /// With its sides changed over.
    fn mirrored(self) -> Self {
        match self {
            Self::After => Self::Before,
            Self::Before => Self::After,
            same => same,
        }
    }

    fn turned(self) -> Self {
        match self {
            Self::Equal => Self::Other,
            Self::Other => Self::Equal,
            Self::After => Self::Before,
            Self::Before => Self::After,
        }
    }

    fn against(self, literal: &Piece<'_>, turned: bool) -> Option<Earliest> {
        if literal.is_null() {
            return None;
        }
        match if turned { self.turned() } else { self } {
            Self::Other => None,
            Self::Before => Some(WITHOUT_END),
            Self::Equal | Self::After => Some(match literal.day() {
                Some(day) => Earliest { day: Some(day), in_doubt: false },
                None => IN_DOUBT,
            }),
        }
    }
}

/// Reads a filter from left to right. Each step gives what it says, or `None` where it cannot be taken apart.
struct Reader<'a, 'b> {
    pieces: &'a [Piece<'b>],
    at: usize,
    depth: usize,
}

type Said = Option<Earliest>;

impl Reader<'_, '_> {
    fn next_is(&self, word: &str) -> bool {
        self.pieces.get(self.at).is_some_and(|piece| piece.is(word))
    }

    fn any_of(&mut self, turned: bool) -> Option<Said> {
        let mut said = self.all_of(turned)?;
        while self.next_is("or") {
            self.at += 1;
            said = joined(said, self.all_of(turned)?, turned);
        }
        Some(said)
    }

    fn all_of(&mut self, turned: bool) -> Option<Said> {
        let mut said = self.one(turned)?;
        while self.next_is("and") {
            self.at += 1;
            said = joined(said, self.one(turned)?, !turned);
        }
        Some(said)
    }

    fn one(&mut self, turned: bool) -> Option<Said> {
        if self.depth >= DEEPEST {
            return self.test(turned);
        }
        self.depth += 1;
        let from = self.at;
        let said = match self.pieces.get(self.at) {
            Some(piece) if piece.is("not") => {
                self.at += 1;
                self.one(!turned)
            }
            Some(Piece::Open) => self.bracket(turned).or_else(|| {
                // No bracket around tests, but one around something else.
                self.at = from;
                self.test(turned)
            }),
            _ => self.test(turned),
        };
        self.depth -= 1;
        said
    }

    fn bracket(&mut self, turned: bool) -> Option<Said> {
        self.at += 1;
        let said = self.any_of(turned)?;
        if self.pieces.get(self.at) != Some(&Piece::Close) {
            return None;
        }
        self.at += 1;
        let ends = match self.pieces.get(self.at) {
            None | Some(Piece::Close) => true,
            Some(piece) => piece.is("and") || piece.is("or"),
        };
        ends.then_some(said)
    }

    /// One test: up to the next joint outside of its own brackets.
    fn test(&mut self, turned: bool) -> Option<Said> {
        let rest = &self.pieces[self.at..];
        let mut open = 0_usize;
        let end = rest.iter().position(|piece| {
            match piece {
                Piece::Open => open += 1,
                Piece::Close if open > 0 => open -= 1,
                Piece::Close => return true,
                joint => return open == 0 && (joint.is("and") || joint.is("or")),
            }
            false
        });
        let test = &rest[..end.unwrap_or(rest.len())];
        self.at += test.len();
        if test.is_empty() { None } else { Some(said(test, turned)) }
    }
}

/// What one test says of the modified date.
fn said(test: &[Piece<'_>], turned: bool) -> Said {
    match test {
        [field, how, literal] if field.is_modified() && !literal.is_modified() => match Test::of(how) {
            Some(test) => test.against(literal, turned),
            None => Some(IN_DOUBT),
        },
        [literal, how, field] if field.is_modified() => match Test::of(how) {
            Some(test) => test.mirrored().against(literal, turned),
            None => Some(IN_DOUBT),
        },
        [field, how, Piece::Open, list @ .., Piece::Close] if field.is_modified() && how.is("in") => {
            let days = list.iter().filter(|piece| **piece != Piece::Sign(",") && !piece.is_null());
            // In none of them says nothing.
            days.map(|day| Test::Equal.against(day, turned)).reduce(|a, b| joined(a, b, false)).flatten()
        }
        other => names_it(other).then_some(IN_DOUBT),
    }
}

/// What two tests say together, of which both must hold or one.
fn joined(a: Said, b: Said, both: bool) -> Said {
    let (Some(one), Some(other)) = (a, b) else { return a.or(b) };
    let is_later = one.day > other.day || one.day == other.day && other.in_doubt;
    Some(if is_later == both { one } else { other })
}

#[cfg(test)]
mod tests;
