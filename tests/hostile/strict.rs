//! Reads what a program wrote to a terminal, and knows every sequence that it may send. Whatever else is there is a
//! finding: a sequence that nobody allowed, a control character, a character that misleads an eye.
//!
//! It shares no list of characters with the program: it goes by Unicode's own classes.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use unicode_width::UnicodeWidthChar as _;

/// Marks on one character that the program lets through.
const MARKS: usize = 4;
/// Bytes that are shown of a finding.
const SHOWN: usize = 24;

/// Controls, formats, private use, separators, and what is blank by decree; not the format characters that are seen.
static MISLEADS: LazyLock<Regex> = LazyLock::new(|| {
    let class = r"[[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}\u{34f}\u{115f}\u{1160}\u{3164}\u{ffa0}\u{17b4}\u{17b5}\u{180b}-\u{180f}]--[\u{600}-\u{605}\u{6dd}\u{890}\u{891}\u{8e2}\u{110bd}\u{110cd}\u{13430}-\u{1343f}]]";
    Regex::new(class).expect("a class of characters")
});

/// What of it the program may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// A cell of a picture: a character, and nothing else.
    Cell,
    /// Lines for a person: no sequence at all.
    Lines,
    /// Lines with colours, and a progress bar.
    Coloured,
    /// Data: what a file may hold too.
    Json,
    /// Pictures: all that the explorer's terminal knows.
    Screen,
}

/// Something that must not be there.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) at: usize,
    pub(crate) what: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}: {}", self.at, self.what, self.bytes.escape_ascii())
    }
}

/// Everything that must not be there; of many the first five.
pub(crate) fn findings(bytes: &[u8], wrote: Wrote) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut marks = 0;
    while at < bytes.len() && found.len() < 5 {
        let mut find = |what, length: usize| {
            let end = bytes.len().min(at + length.clamp(1, SHOWN));
            found.push(Finding { at, what, bytes: bytes[at..end].to_vec() });
        };
        if bytes[at] == 0x1b {
            marks = 0;
            let length = sequence(&bytes[at..], wrote);
            if length.is_none() {
                find("a sequence that nobody allowed", SHOWN);
            }
            at += length.unwrap_or(1);
            continue;
        }
        let Some((c, length)) = character(&bytes[at..]) else {
            find("no UTF-8", 1);
            at += 1;
            continue;
        };
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if marks > MARKS && wrote != Wrote::Json {
            find("a tower of marks", length);
            marks = 0;
        } else if !may_be_there(c, bytes.get(at + 1), wrote) {
            find(if c.is_control() { "a control character" } else { "a character that misleads" }, length);
        }
        at += length;
    }
    found
}

fn character(bytes: &[u8]) -> Option<(char, usize)> {
    let most = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(most) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&most[..error.valid_up_to()]).ok()?,
    };
    valid.chars().next().map(|c| (c, c.len_utf8()))
}

fn is_mark(c: char) -> bool {
    c > '\u{7f}' && !c.is_control() && c.width() == Some(0)
}

fn may_be_there(c: char, next: Option<&u8>, wrote: Wrote) -> bool {
    match (c, wrote) {
        // A picture says where each piece of it stands.
        ('\n' | '\r', Wrote::Cell | Wrote::Screen) => return false,
        ('\n', _) | ('\r', Wrote::Coloured) => return true,
        // A terminal is sent both.
        ('\r', _) => return next == Some(&b'\n'),
        _ => {}
    }
    // People use these on purpose, and JSON keeps them.
    let kept = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' | '\u{fe00}'..='\u{fe0f}');
    if c.is_ascii() { !c.is_ascii_control() } else { wrote == Wrote::Json && kept || !misleads(c) }
}

fn misleads(c: char) -> bool {
    MISLEADS.is_match(c.encode_utf8(&mut [0; 4]))
}

/// How long the sequence is that begins here, where it may be sent.
fn sequence(bytes: &[u8], wrote: Wrote) -> Option<usize> {
    match (wrote, bytes.get(1)?) {
        (Wrote::Coloured | Wrote::Screen, b'[') => control(bytes, wrote),
        // The one question that is ever asked.
        (Wrote::Screen, b']') => [&b"\x1b]11;?\x1b\\"[..], b"\x1b]11;?\x07"]
            .iter()
            .find(|asked| bytes.starts_with(asked))
            .map(|asked| asked.len()),
        _ => None,
    }
}

/// `ESC [ ... final`: colours, and on a screen where to write and which modes.
fn control(bytes: &[u8], wrote: Wrote) -> Option<usize> {
    const MODES: [&str; 7] = ["25", "1000", "1002", "1006", "1049", "2004", "2026"];
    let end = 2 + bytes[2..].iter().take(64).position(|byte| (0x40..=0x7e).contains(byte))?;
    let parameters = std::str::from_utf8(&bytes[2..end]).ok()?;
    let numbers = parameters.bytes().all(|byte| byte.is_ascii_digit() || byte == b';');
    let allowed = match (wrote, bytes[end]) {
        // A header, and a bar that is drawn again where it stands.
        (Wrote::Coloured, b'm') => matches!(parameters, "0" | "1" | "36"),
        (Wrote::Coloured, b'A' | b'K') => numbers && parameters.len() <= 1,
        (Wrote::Screen, b'm') => {
            parameters.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':'))
        }
        (Wrote::Screen, b'H') => numbers,
        (Wrote::Screen, b'J') => parameters == "2",
        (Wrote::Screen, b'h' | b'l') => {
            parameters.strip_prefix('?').is_some_and(|mode| MODES.contains(&mode))
        }
        _ => false,
    };
    allowed.then_some(end + 1)
}
