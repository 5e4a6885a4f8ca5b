//! Tokens into an expression, by recursive descent of bounded depth.

use super::{
    Expr, Filter, Find, LONGEST_BYTES, Literal, Relation, Wrong,
    lexer::{Token, tokens},
};
use crate::sandbox::segments;

/// How deep brackets and `not` may nest.
const DEEPEST: usize = 64;

const SEGMENT_IDS: &str = "segmentIds";

pub(super) fn parse(text: &str) -> Result<Filter, Wrong> {
    if text.len() > LONGEST_BYTES {
        return Err(Wrong {
            position: LONGEST_BYTES,
            expected: "the filter to end here (it is too long)".into(),
        });
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, asks_for_segments: false };
    let root = parser.or()?;
    match parser.peek() {
        Token::End => Ok(Filter { root, asks_for_segments: parser.asks_for_segments }),
        _ => Err(parser.wrong("and, or, or the end of the filter")),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    asks_for_segments: bool,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(_, token)| token)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    /// What stands here is not what must.
    fn wrong(&self, expected: &str) -> Wrong {
        let last = self.tokens.last().map_or(1, |(position, _)| *position);
        let position = self.tokens.get(self.at).map_or(last, |(position, _)| *position);
        Wrong { position, expected: expected.to_owned() }
    }

    fn expect(&mut self, token: &Token, said: &str) -> Result<(), Wrong> {
        if self.peek() == token {
            self.at += 1;
            Ok(())
        } else {
            Err(self.wrong(said))
        }
    }

    fn or(&mut self) -> Result<Expr, Wrong> {
        self.chain("or", Expr::Or, Self::and)
    }

    fn and(&mut self) -> Result<Expr, Wrong> {
        self.chain("and", Expr::And, Self::unary)
    }

    /// One `part`, or several with `word` between: a list, so that a long chain does not nest.
    fn chain(
        &mut self,
        word: &str,
        join: fn(Vec<Expr>) -> Expr,
        part: fn(&mut Self) -> Result<Expr, Wrong>,
    ) -> Result<Expr, Wrong> {
        let first = part(self)?;
        if !self.peek().is_word(word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.peek().is_word(word) {
            self.at += 1;
            parts.push(part(self)?);
        }
        Ok(join(parts))
    }

    fn unary(&mut self) -> Result<Expr, Wrong> {
        if self.depth >= DEEPEST {
            return Err(self.wrong("fewer brackets inside brackets"));
        }
        self.depth += 1;
        let expr = match self.peek() {
            Token::Name(name) if name == "not" => {
                self.at += 1;
                self.unary().map(|inner| Expr::Not(Box::new(inner)))
            }
            Token::Open => {
                self.at += 1;
                let inner = self.or()?;
                self.expect(&Token::Close, "a closing bracket")?;
                Ok(inner)
            }
            _ => self.test(),
        };
        self.depth -= 1;
        expr
    }

    fn test(&mut self) -> Result<Expr, Wrong> {
        let Token::Name(name) = self.peek() else {
            return Err(self.wrong("a field, a function or a bracket"));
        };
        let find = match name.as_str() {
            "contains" => Some(Find::Contains),
            "startswith" => Some(Find::StartsWith),
            "endswith" => Some(Find::EndsWith),
            _ => None,
        };
        let is_call = matches!(self.tokens.get(self.at + 1), Some((_, Token::Open)));
        if let (Some(find), true) = (find, is_call) {
            self.at += 2;
            let path = self.path()?;
            self.expect(&Token::Comma, "a comma")?;
            let text = self.text()?;
            self.expect(&Token::Close, "a closing bracket")?;
            return Ok(self.find(find, path, text));
        }
        let mut path = self.path()?;
        if self.peek() == &Token::Open && path.len() > 1 && path.last().is_some_and(|last| last == "any") {
            path.pop();
            return self.any(path);
        }
        self.compare(path)
    }

    fn path(&mut self) -> Result<Vec<String>, Wrong> {
        let mut path = Vec::new();
        loop {
            let Token::Name(name) = self.peek().clone() else { return Err(self.wrong("a field")) };
            self.at += 1;
            path.push(name);
            if self.peek() != &Token::Step {
                self.asks_for_segments |= path.first().is_some_and(|first| first == SEGMENT_IDS);
                return Ok(path);
            }
            self.at += 1;
        }
    }

    fn text(&mut self) -> Result<String, Wrong> {
        match self.peek().clone() {
            Token::Text(text) => {
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.wrong("a text in single quotes")),
        }
    }

    fn literal(&mut self) -> Result<Literal, Wrong> {
        let literal = match self.peek().clone() {
            Token::Text(text) | Token::Date(text) => Literal::text(text),
            Token::Number(written, value) => Literal::Number(value, written),
            Token::Name(name) if name == "true" => Literal::Bool(true),
            Token::Name(name) if name == "false" => Literal::Bool(false),
            Token::Name(name) if name == "null" => Literal::Null,
            _ => return Err(self.wrong("a value: 'text', a number, a date, true, false or null")),
        };
        self.at += 1;
        Ok(literal)
    }

    fn any(&mut self, path: Vec<String>) -> Result<Expr, Wrong> {
        self.expect(&Token::Open, "an opening bracket")?;
        let Token::Name(name) = self.next() else {
            self.at -= 1;
            return Err(self.wrong("a name for each of the values"));
        };
        self.expect(&Token::Colon, "a colon")?;
        let inner = self.or()?;
        self.expect(&Token::Close, "a closing bracket")?;
        if is_segments(&path)
            && let Some(bits) = segment_bits(&inner, &name)
        {
            return Ok(Expr::Segments(bits));
        }
        Ok(Expr::Any(path, name, Box::new(inner)))
    }

    fn compare(&mut self, path: Vec<String>) -> Result<Expr, Wrong> {
        let Token::Name(word) = self.peek().clone() else {
            return Err(self.wrong("an operator: eq, ne, gt, ge, lt, le, contains or in"));
        };
        let relation = match word.as_str() {
            "eq" => Relation::Equal,
            "ne" => Relation::NotEqual,
            "gt" => Relation::Greater,
            "ge" => Relation::GreaterOrEqual,
            "lt" => Relation::Less,
            "le" => Relation::LessOrEqual,
            "contains" => {
                self.at += 1;
                let text = self.text()?;
                return Ok(self.find(Find::Contains, path, text));
            }
            "in" => {
                self.at += 1;
                return self.list().map(|list| Expr::In(path, list));
            }
            _ => return Err(self.wrong("an operator: eq, ne, gt, ge, lt, le, contains or in")),
        };
        self.at += 1;
        Ok(Expr::Compare(path, relation, self.literal()?))
    }

    fn list(&mut self) -> Result<Vec<Literal>, Wrong> {
        self.expect(&Token::Open, "an opening bracket")?;
        let mut list = vec![self.literal()?];
        while self.peek() == &Token::Comma {
            self.at += 1;
            list.push(self.literal()?);
        }
        self.expect(&Token::Close, "a comma or a closing bracket")?;
        Ok(list)
    }

    #[expect(clippy::unused_self, reason = "reads as a step of the parser")]
    fn find(&self, find: Find, path: Vec<String>, text: String) -> Expr {
        if find == Find::Contains && is_segments(&path) {
            // The service's own form: a list with commas means any of them.
            return Expr::Segments(text.split(',').fold(0, |bits, id| bits | segments::bit(id.trim())));
        }
        Expr::Find(find, path, text)
    }
}

fn is_segments(path: &[String]) -> bool {
    matches!(path, [only] if only == SEGMENT_IDS)
}

/// `any(s: s eq 'A' or s in ('B', 'C'))` as bits; none where the inner filter says something else.
fn segment_bits(inner: &Expr, name: &str) -> Option<u16> {
    let id = |literal: &Literal| match literal {
        Literal::Text(id, _) => Some(segments::bit(id)),
        _ => None,
    };
    let own = |path: &[String]| matches!(path, [only] if only == name);
    match inner {
        Expr::Compare(path, Relation::Equal, literal) if own(path) => id(literal),
        Expr::In(path, list) if own(path) => {
            list.iter().try_fold(0, |bits, literal| Some(bits | id(literal)?))
        }
        Expr::Or(parts) => parts.iter().try_fold(0, |bits, part| Some(bits | segment_bits(part, name)?)),
        _ => None,
    }
}
