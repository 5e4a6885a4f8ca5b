//! Reads one row's JSON, strictly, in one pass, keeping number digits and the text that each value was.
//!
//! `serde_json` would do, but for three things that the contract wants at once: numbers of any length with
//! their digits, each value's own slice of the row (its *original*), and no second pass over nested values.
//! A property test holds this reader against `serde_json`.

use std::borrow::Cow;
use std::fmt;

/// Brackets that may be open at once in a row, the row's own included.
pub(super) const MAX_DEPTH: u32 = 128;

/// Why a row cannot be read, and where. Never holds a value of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) what: What,
    /// The byte of the row, from 1.
    pub(super) at: usize,
}

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Syntax,
    NotANumber,
    Range,
    Control,
    Surrogate,
    Escape,
    Depth,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Syntax => "not JSON",
            What::NotANumber => "NaN or Infinity, which JSON does not have,",
            What::Range => "number beyond the range of a double",
            What::Control => "raw control character in a text",
            What::Surrogate => "lone surrogate in a text",
            What::Escape => "unknown escape in a text",
            What::Depth => "nested deeper than 128 levels",
        };
        write!(f, "{what} at byte {} of the row", self.at)
    }
}

/// What a value is, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    True,
    False,
    Number,
    Text,
    List,
    Object,
}

/// A position in a row.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Where the reader stands; with [`Self::since`] this gives a value's slice.
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    /// What was read since a mark.
    pub(super) fn since(&self, mark: usize) -> &'a str {
        &self.text[mark..self.at]
    }

    /// What value comes next; the reader stands on its first byte.
    pub(super) fn kind(&mut self) -> Result<Kind, Fault> {
        match self.peek() {
            Some(b'"') => Ok(Kind::Text),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::List),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't') => Ok(Kind::True),
            Some(b'f') => Ok(Kind::False),
            Some(b'n') => Ok(Kind::Null),
            Some(b'N' | b'I') => Err(self.fault(What::NotANumber)),
            _ => Err(self.fault(What::Syntax)),
        }
    }

    /// The end of the row, white space aside.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        if self.peek().is_some() { Err(self.fault(What::Syntax)) } else { Ok(()) }
    }

    /// `null`, `true` or `false`, as [`Self::kind`] saw it.
    pub(super) fn literal(&mut self, kind: Kind) -> Result<(), Fault> {
        let word = match kind {
            Kind::Null => "null",
            Kind::True => "true",
            _ => "false",
        };
        if !self.text[self.at..].starts_with(word) {
            return Err(self.fault(What::Syntax));
        }
        self.at += word.len();
        Ok(())
    }

    /// Opens an object; then [`Self::key`] until it gives `None`.
    pub(super) fn open(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fault(What::Depth));
        }
        self.at += 1;
        Ok(())
    }

    /// The next key of an open object, its colon taken; `None` at the object's end.
    pub(super) fn key(&mut self, first: bool) -> Result<Option<Cow<'a, str>>, Fault> {
        if !self.next(first, b'}')? {
            return Ok(None);
        }
        if self.peek() != Some(b'"') {
            return Err(self.fault(What::Syntax));
        }
        let key = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.fault(What::Syntax));
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Whether an open list has another element.
    pub(super) fn element(&mut self, first: bool) -> Result<bool, Fault> {
        self.next(first, b']')
    }

    /// A text; the reader stands on its opening quote. Borrowed where nothing is escaped.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.at += 1;
        let start = self.at;
        if self.run()? == b'"' {
            let text = &self.text[start..self.at];
            self.at += 1;
            return Ok(Cow::Borrowed(text));
        }
        let mut out = String::with_capacity(self.at - start + 16);
        out.push_str(&self.text[start..self.at]);
        loop {
            out.push(self.escape()?);
            let start = self.at;
            let end = self.run()?;
            out.push_str(&self.text[start..self.at]);
            if end == b'"' {
                self.at += 1;
                return Ok(Cow::Owned(out));
            }
        }
    }

    /// A number's digits (RFC 8259, section 6). An exponent must not lead beyond a double's range; plain
    /// digits may be as many as there are.
    pub(super) fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            Some(b'I') => return Err(self.fault(What::NotANumber)),
            _ => return Err(self.fault(What::Syntax)),
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
            if self.since(start).parse().is_ok_and(f64::is_infinite) {
                self.at = start;
                return Err(self.fault(What::Range));
            }
        }
        Ok(self.since(start))
    }

    /// Reads a whole value and keeps nothing but its slice.
    pub(super) fn skip(&mut self) -> Result<&'a str, Fault> {
        let kind = self.kind()?;
        let start = self.at;
        match kind {
            Kind::Null | Kind::True | Kind::False => self.literal(kind)?,
            Kind::Number => {
                self.number()?;
            }
            Kind::Text => {
                self.at += 1;
                while self.run()? != b'"' {
                    self.escape()?;
                }
                self.at += 1;
            }
            Kind::List => {
                self.open()?;
                let mut first = true;
                while self.element(first)? {
                    first = false;
                    self.skip()?;
                }
            }
            Kind::Object => {
                self.open()?;
                let mut first = true;
                while self.key(first)?.is_some() {
                    first = false;
                    self.skip()?;
                }
            }
        }
        Ok(self.since(start))
    }

    /// Steps to the next member or past the closing bracket.
    fn next(&mut self, first: bool, close: u8) -> Result<bool, Fault> {
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                Ok(true)
            }
            Some(_) if first => Ok(true),
            _ => Err(self.fault(What::Syntax)),
        }
    }

    /// Steps to the next quote or backslash of a text and gives it.
    fn run(&mut self) -> Result<u8, Fault> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(&byte) if byte == b'"' || byte == b'\\' => return Ok(byte),
                Some(0..=0x1f) => return Err(self.fault(What::Control)),
                Some(_) => self.at += 1,
                None => return Err(self.fault(What::Syntax)),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        self.at += 1;
        let byte = self.byte();
        self.at += 1;
        Ok(match byte {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.hex(start)?;
                let code = match first {
                    0xd800..=0xdbff if self.text[self.at..].starts_with("\\u") => {
                        self.at += 2;
                        let second = self.hex(start)?;
                        if !(0xdc00..=0xdfff).contains(&second) {
                            return Err(Fault { what: What::Surrogate, at: start + 1 });
                        }
                        0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    _ => first,
                };
                char::from_u32(code).ok_or(Fault { what: What::Surrogate, at: start + 1 })?
            }
            _ => return Err(Fault { what: What::Escape, at: start + 1 }),
        })
    }

    fn hex(&mut self, start: usize) -> Result<u32, Fault> {
        let fault = Fault { what: What::Escape, at: start + 1 };
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or(fault)?;
        let mut code = 0;
        for digit in digits {
            code = code << 4 | char::from(*digit).to_digit(16).ok_or(fault)?;
        }
        self.at += 4;
        Ok(code)
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        if self.at == start { Err(self.fault(What::Syntax)) } else { Ok(()) }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    fn fault(&self, what: What) -> Fault {
        Fault { what, at: self.at + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    /// Builds a `serde_json` tree with this reader.
    fn tree(reader: &mut Reader<'_>) -> Result<Value, Fault> {
        let kind = reader.kind()?;
        Ok(match kind {
            Kind::Null | Kind::True | Kind::False => {
                reader.literal(kind)?;
                if kind == Kind::Null { Value::Null } else { Value::Bool(kind == Kind::True) }
            }
            Kind::Number => serde_json::from_str(reader.number()?).unwrap(),
            Kind::Text => Value::String(reader.string()?.into_owned()),
            Kind::List => {
                reader.open()?;
                let mut list = Vec::new();
                while reader.element(list.is_empty())? {
                    list.push(tree(reader)?);
                }
                Value::Array(list)
            }
            Kind::Object => {
                reader.open()?;
                let mut first = true;
                let mut map = serde_json::Map::new();
                while let Some(key) = reader.key(first)? {
                    first = false;
                    map.insert(key.into_owned(), tree(reader)?);
                }
                Value::Object(map)
            }
        })
    }

    fn read(text: &str) -> Result<Value, Fault> {
        let mut reader = Reader::new(text);
        let value = tree(&mut reader)?;
        reader.end()?;
        Ok(value)
    }

    fn skip(text: &str) -> Result<(), Fault> {
        let mut reader = Reader::new(text);
        reader.skip()?;
        reader.end()
    }

    #[test]
    fn each_fault_has_its_name_and_place() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        let cases = [
            ("{\"a\":NaN}".to_owned(), What::NotANumber, 6),
            ("[-Infinity]".to_owned(), What::NotANumber, 3),
            ("[1e999]".to_owned(), What::Range, 2),
            ("[\"a\nb\"]".to_owned(), What::Control, 4),
            (r#"["\ud800"]"#.to_owned(), What::Surrogate, 3),
            (r#"["\udc00x"]"#.to_owned(), What::Surrogate, 3),
            (r#"["\ud800\u0041"]"#.to_owned(), What::Surrogate, 3),
            (r#"["\x41"]"#.to_owned(), What::Escape, 3),
            (r#"["\u00é"]"#.to_owned(), What::Escape, 3),
            (deep(129), What::Depth, 129),
            ("[1,]".to_owned(), What::Syntax, 4),
            ("{} x".to_owned(), What::Syntax, 4),
            (String::new(), What::Syntax, 1),
        ];
        for (text, what, at) in cases {
            assert_eq!(read(&text), Err(Fault { what, at }), "{text}");
            assert_eq!(skip(&text), Err(Fault { what, at }), "{text}");
        }
        assert_eq!(skip(&deep(128)), Ok(()));
        assert_eq!(skip(&format!("[{}[]]", "{},[],".repeat(200))), Ok(()));
    }

    #[test]
    fn digits_are_kept_at_any_length() {
        for digits in ["9007199254740993", "-0", "1.10", "1E+5", "1e-999", &"7".repeat(400)] {
            assert_eq!(Reader::new(digits).number(), Ok(digits));
        }
    }

    /// Text near to JSON: pieces of it in any order.
    fn nearly_json() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                "{",
                "}",
                "[",
                "]",
                ",",
                ":",
                "\"",
                "\\",
                "\\u0041",
                "\\ud83d\\ude00",
                "\\n",
                "null",
                "true",
                "false",
                "0",
                "01",
                "-1",
                "1.5",
                "1e5",
                "1.",
                "-",
                " ",
                "\n",
                "\"a\"",
                "\"a\":1",
                "[]",
                "{}",
                "é",
                "tru",
            ])
            .prop_map(str::to_owned),
            "\\PC{0,3}",
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn it_takes_and_refuses_what_serde_json_does(text in nearly_json(), wrap in 0..3) {
            let text = match wrap {
                0 => text,
                1 => format!("[{text}]"),
                _ => format!("\"{text}\""),
            };
            let reference: Result<Value, _> = serde_json::from_str(&text);
            match (&reference, read(&text)) {
                (Ok(expected), Ok(value)) => prop_assert_eq!(&value, expected),
                (Err(_), Err(_)) => {}
                (reference, ours) => prop_assert!(false, "{:?}: {:?} and {:?}", text, reference, ours),
            }
            prop_assert_eq!(skip(&text).is_ok(), reference.is_ok());
        }
    }
}
