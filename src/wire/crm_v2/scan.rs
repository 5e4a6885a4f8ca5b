//! Finds where JSON values begin and end, without asking whether they are valid.
//!
//! A page is cut into rows by this, so that a row that no parser would take (invalid UTF-8, a raw line
//! break in a text, `NaN`, a thousand brackets) costs that row and not its page. What is *in* a value is
//! looked at by whoever parses it.

/// The body ends inside a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut;

/// A position in a body.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    body: &'a [u8],
    at: usize,
    /// What closes the brackets that are open inside the value being scanned; kept for its memory.
    open: Vec<u8>,
    /// How many of these are braces, so that a closing bracket that closes nothing is known at once.
    braces: usize,
}

impl<'a> Scanner<'a> {
    /// Starts at the body's first byte, past a byte order mark.
    pub(super) fn new(body: &'a [u8]) -> Self {
        let at = if body.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { body, at, open: Vec::new(), braces: 0 }
    }

    /// The next byte that is not white space, where there is one.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.body.get(self.at) {
            self.at += 1;
        }
        self.body.get(self.at).copied()
    }

    /// Takes the byte that [`Self::peek`] saw.
    pub(super) fn step(&mut self) {
        self.at += 1;
    }

    /// Where the scanner stands, in bytes from the body's start.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// A text with its quotes; the scanner stands on the first one.
    pub(super) fn text(&mut self) -> Result<&'a [u8], Cut> {
        let start = self.at;
        self.skip_text()?;
        Ok(&self.body[start..self.at])
    }

    /// A value up to, and without, the comma or bracket that ends it. Empty where there is none.
    ///
    /// A bracket that closes an outer one closes all inside it; one that closes nothing is passed over.
    pub(super) fn value(&mut self) -> Result<&'a [u8], Cut> {
        self.peek();
        let start = self.at;
        let mut end = start;
        self.open.clear();
        self.braces = 0;
        loop {
            let byte = *self.body.get(self.at).ok_or(Cut)?;
            match byte {
                b'"' => {
                    self.skip_text()?;
                    end = self.at;
                    continue;
                }
                b'{' => {
                    self.open.push(b'}');
                    self.braces += 1;
                }
                b'[' => self.open.push(b']'),
                b'}' | b']' | b',' if self.open.is_empty() => return Ok(&self.body[start..end]),
                b'}' | b']' => self.close(byte),
                _ => {}
            }
            self.at += 1;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                end = self.at;
            }
        }
    }

    /// Closes the innermost open bracket of this kind, and what is open inside it.
    fn close(&mut self, byte: u8) {
        let of_kind = if byte == b'}' { self.braces } else { self.open.len() - self.braces };
        if of_kind == 0 {
            return;
        }
        while let Some(closed) = self.open.pop() {
            self.braces -= usize::from(closed == b'}');
            if closed == byte {
                return;
            }
        }
    }

    fn skip_text(&mut self) -> Result<(), Cut> {
        self.at += 1;
        loop {
            match self.body.get(self.at).ok_or(Cut)? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(body: &str) -> Result<&str, Cut> {
        Scanner::new(body.as_bytes()).value().map(|v| std::str::from_utf8(v).unwrap())
    }

    #[test]
    fn a_value_ends_at_its_own_end() {
        assert_eq!(first(r#" {"a":[1,{"b":"]},\""}]} , 2]"#), Ok(r#"{"a":[1,{"b":"]},\""}]}"#));
        assert_eq!(first("12 ]"), Ok("12"));
        assert_eq!(first("]"), Ok(""));
        assert_eq!(first(r#""a\\",1"#), Ok(r#""a\\""#));
    }

    #[test]
    fn brackets_that_do_not_match_do_not_swallow_what_follows() {
        assert_eq!(first(r#"{"a":[1,2},{"b":1}]"#), Ok(r#"{"a":[1,2}"#));
        assert_eq!(first(r#"{"a":1]},{"b":1}]"#), Ok(r#"{"a":1]}"#));
    }

    #[test]
    fn a_flood_of_brackets_takes_one_pass() {
        let n = 1_000_000;
        let flood = "[".repeat(n) + &"}".repeat(n) + "{" + &"]".repeat(n) + "]";
        assert_eq!(first(&flood), Ok(&flood[..flood.len() - 1]));
    }

    #[test]
    fn an_end_inside_a_value_is_a_cut() {
        for body in ["", "{", "[1", "\"a", "\"a\\", "{\"a\":1}", "12"] {
            assert_eq!(first(body), Err(Cut), "{body}");
        }
    }
}
