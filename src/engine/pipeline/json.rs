//! Processed values as compact JSON, in which nothing misleads a terminal or an eye.

use std::fmt::Write as _;

use super::profile::{Node, Value};
use crate::engine::text::is_dangerous;

/// Appends a value of `tags` or `attributes`, as processed.
pub fn node(out: &mut String, node: &Node) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(digits) => out.push_str(digits),
        Value::Text(value) => text(out, value.raw()),
        Value::List(list) => {
            out.push('[');
            for (i, element) in list.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                self::node(out, element);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (i, (key, value)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                text(out, key.raw());
                out.push(':');
                self::node(out, value);
            }
            out.push('}');
        }
    }
}

/// Appends a text in quotes. Controls and invisible or reordering characters become escapes.
pub fn text(out: &mut String, text: &str) {
    out.push('"');
    escaped(out, text);
    out.push('"');
}

/// Appends a text's characters, escaped where JSON or an eye needs it.
fn escaped(out: &mut String, text: &str) {
    let mut written = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    loop {
        // Nearly everything is plain, and eight bytes at once cost no more than one.
        while let Some(word) = bytes[at..].first_chunk()
            && is_plain(*word)
        {
            at += 8;
        }
        let Some(byte) = bytes.get(at) else { break };
        match byte {
            b'"' | b'\\' | 0..=0x1f | 0x7f => {
                out.push_str(&text[written..at]);
                escape_ascii(out, *byte);
                at += 1;
                written = at;
            }
            0x20..=0x7e => at += 1,
            0x80.. => {
                let Some(c) = text[at..].chars().next() else { break };
                if must_escape(c) {
                    out.push_str(&text[written..at]);
                    escape_char(out, c);
                    written = at + c.len_utf8();
                }
                at += c.len_utf8();
            }
        }
    }
    out.push_str(&text[written..]);
}

/// Whether eight bytes are all ASCII that is written as it is. By the well-known tests of a word for a byte that is zero,
/// or less than another: they may take a byte for special that stands behind one that is, and never the other way.
fn is_plain(word: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let word = u64::from_le_bytes(word);
    let below = |limit: u64, word: u64| word.wrapping_sub(limit * ONES) & !word;
    let equals = |byte: u64| below(1, word ^ (byte * ONES));
    let special =
        word | below(0x20, word) | equals(u64::from(b'"')) | equals(u64::from(b'\\')) | equals(0x7f);
    special & HIGH == 0
}

/// What is written as an escape though JSON would take it as it is. Private-use and presentation characters
/// are dull in a file, and people use them on purpose.
pub fn must_escape(c: char) -> bool {
    is_dangerous(c)
        && !matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' | '\u{fe00}'..='\u{fe0f}')
}

/// Appends the escape of a character: one `\uXXXX`, or two for what lies beyond the first 65,536.
pub fn escape_char(out: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a String cannot fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

fn escape_ascii(out: &mut String, byte: u8) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        other => escape_char(out, char::from(other)),
    }
}
