//! Cuts a page into rows where a strict parser gives up: it tracks strings, escapes and depth, and lets
//! whatever stands inside a row be.

use super::body::{PageBody, PageError};

/// What was found at the top level of a body, still JSON.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub(super) items: Option<Vec<&'a [u8]>>,
    pub(super) next: Option<&'a [u8]>,
    pub(super) total: Option<&'a [u8]>,
    pub(super) error: bool,
}

/// A page whose rows need not be sound.
pub(super) fn page(body: &[u8]) -> Result<PageBody<'_>, PageError> {
    let mut scan = Scan { body, at: 0 };
    scan.blank();
    match scan.peek() {
        Some(b'{') => scan.at += 1,
        Some(b'[') => return Err(PageError::NotAPage("a bare list")),
        Some(b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
            return Err(PageError::NotAPage("a single value"));
        }
        _ => return Err(scan.not_json()),
    }
    let mut parts = Parts::default();
    loop {
        scan.blank();
        match scan.next()? {
            b'}' => break,
            b',' => {}
            b'"' => {
                let key = scan.string()?;
                scan.blank();
                if scan.next()? != b':' {
                    return Err(scan.not_json());
                }
                scan.blank();
                match key {
                    b"items" if scan.peek() == Some(b'[') => parts.items = Some(scan.list()?),
                    b"nextPageUrl" => parts.next = Some(scan.value()?),
                    b"total" => parts.total = Some(scan.value()?),
                    b"totalCount" => parts.total = parts.total.or(Some(scan.value()?)),
                    _ => {
                        parts.error |= key == b"error";
                        scan.value()?;
                    }
                }
            }
            _ => return Err(scan.not_json()),
        }
    }
    scan.blank();
    if scan.peek().is_some() {
        return Err(scan.not_json());
    }
    parts.page()
}

struct Scan<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, PageError> {
        let byte = self.peek().ok_or(PageError::Cut)?;
        self.at += 1;
        Ok(byte)
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn not_json(&self) -> PageError {
        PageError::NotJson(format!("at byte {}", self.at))
    }

    /// The inside of a string whose opening quote was taken.
    fn string(&mut self) -> Result<&'a [u8], PageError> {
        let start = self.at;
        loop {
            let rest = self.body.get(self.at..).unwrap_or_default();
            let step = memchr::memchr2(b'"', b'\\', rest).ok_or(PageError::Cut)?;
            self.at += step;
            if self.body[self.at] == b'"' {
                self.at += 1;
                return Ok(&self.body[start..self.at - 1]);
            }
            self.at += 2;
        }
    }

    /// A value up to the comma or bracket that ends it at its own depth, whatever is inside.
    fn value(&mut self) -> Result<&'a [u8], PageError> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.peek().ok_or(PageError::Cut)? {
                b'"' => {
                    self.at += 1;
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth > 0 => depth -= 1,
                b'}' | b']' | b',' if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
        Ok(self.body[start..self.at].trim_ascii_end())
    }

    /// The rows of a list whose opening bracket is next.
    fn list(&mut self) -> Result<Vec<&'a [u8]>, PageError> {
        self.at += 1;
        let mut rows = Vec::new();
        loop {
            self.blank();
            match self.peek().ok_or(PageError::Cut)? {
                b']' => {
                    self.at += 1;
                    return Ok(rows);
                }
                b',' => self.at += 1,
                b'}' => return Err(self.not_json()),
                _ => rows.push(self.value()?),
            }
        }
    }
}
