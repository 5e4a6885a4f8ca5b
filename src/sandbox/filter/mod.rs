//! The everyday part of OData's filter language, as this service reads it, with its own infix `contains`.
//!
//! ```text
//! filter  := and ( "or" and )*            and := unary ( "and" unary )*
//! unary   := "not" unary | "(" filter ")" | call | compare
//! call    := ("contains"|"startswith"|"endswith") "(" path "," text ")"
//!          | path "/any(" name ":" filter ")"
//! compare := path ("eq"|"ne"|"gt"|"ge"|"lt"|"le") literal
//!          | path "contains" text | path "in" "(" literal ("," literal)* ")"
//! path    := name ( ("." | "/") name )*
//! literal := 'text, quotes doubled' | number | date | true | false | null
//! ```

mod eval;
mod lexer;
mod parser;

use std::fmt;
use std::sync::{OnceLock, atomic::AtomicBool};

use super::people::People;

/// Filters past this length are refused unread.
pub(crate) const LONGEST_BYTES: usize = 8 * 1024;

/// What the service makes of a filter: a second reading of the language, for whoever checks the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterReading {
    /// Its texts, numbers and dates in their order, quotes taken off.
    pub literals: Vec<String>,
    /// How many of a hundred people pass.
    pub admits: usize,
}

/// Reads a filter as the service does.
///
/// # Errors
/// What the service would answer.
pub fn read_filter(text: &str) -> Result<FilterReading, String> {
    static PEOPLE: OnceLock<People> = OnceLock::new();
    let people = PEOPLE.get_or_init(|| People::make(1, 100, &AtomicBool::new(false)));
    let filter = Filter::parse(text).map_err(|wrong| wrong.to_string())?;
    let literals = lexer::tokens(text).map_err(|wrong| wrong.to_string())?;
    Ok(FilterReading {
        literals: literals.into_iter().filter_map(|(_, token)| token.into_literal()).collect(),
        admits: (0..people.len() as u32).filter(|&index| filter.admits(people, index)).count(),
    })
}

/// A filter that was understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter {
    root: Expr,
    /// Whether it looks at segments, which needs a scope of its own.
    pub(crate) asks_for_segments: bool,
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, Wrong> {
        parser::parse(text)
    }

    /// Whether person `index` passes.
    pub(crate) fn admits(&self, people: &People, index: u32) -> bool {
        eval::admits(&self.root, people, index)
    }
}

/// What is wrong with a filter, and where: characters, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) position: usize,
    pub(crate) expected: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Syntax error in filter at position {}: expected {}", self.position, self.expected)
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Expr {
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Compare(Vec<String>, Relation, Literal),
    In(Vec<String>, Vec<Literal>),
    Find(Find, Vec<String>, String),
    /// In at least one of these segments.
    Segments(u16),
    /// `path/any(name: inner)`.
    Any(Vec<String>, String, Box<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Find {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Debug, Clone, PartialEq)]
enum Literal {
    /// Text, and the instant it names where it is a date.
    Text(String, Option<i64>),
    Number(f64, String),
    Bool(bool),
    Null,
}

impl Literal {
    fn text(text: String) -> Self {
        let date = eval::date(&text);
        Self::Text(text, date)
    }
}

#[cfg(test)]
mod tests;
