//! Bodies of replies: JSON, or what passes for it, walked token by token; everything between tokens stays as it came.
//!
//! No parser is used, for a parser refuses what a recording is to keep: bytes that are no UTF-8, lone surrogates, raw
//! control characters, `NaN`, a body that is cut in the middle.

use super::Veil;

/// What the values below a key are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zone {
    /// The members of the body itself.
    Top,
    /// Personal.
    Row,
    /// When a profile was made or changed.
    Date,
    /// Something that people read.
    Said,
    /// Where the next page is.
    Url,
    /// Nobody's.
    Plain,
}

#[derive(Clone, Copy)]
struct Frame {
    is_object: bool,
    wants_key: bool,
    /// Of what is in it.
    zone: Zone,
    /// Of the value that comes next.
    next: Zone,
}

/// The body of a reply.
pub(super) fn body(veil: &mut Veil, body: &[u8]) -> Vec<u8> {
    let start = body.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0xef | 0xbb | 0xbf));
    match start.map(|at| body[at]) {
        Some(b'{') => walk(veil, body, Zone::Top),
        Some(b'[') => walk(veil, body, Zone::Row),
        _ => text(veil, body),
    }
}

/// One row.
pub(super) fn row(veil: &mut Veil, row: &[u8]) -> Vec<u8> {
    walk(veil, row, Zone::Row)
}

/// What people read; bytes that are no UTF-8 stay.
fn text(veil: &mut Veil, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        out.extend_from_slice(veil.said(chunk.valid()).as_bytes());
        out.extend_from_slice(chunk.invalid());
    }
    out
}

fn walk(veil: &mut Veil, input: &[u8], zone: Zone) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    let mut stack: Vec<Frame> = Vec::new();
    let mut at = 0;
    while at < input.len() {
        // What stands behind the end of a body is nobody knows whose.
        let next = stack.last().map_or(Zone::Row, |frame| frame.next);
        let b = input[at];
        match b {
            b'"' => {
                let end = string_end(input, at);
                let token = &input[at..end];
                match stack.last_mut() {
                    Some(frame) if frame.wants_key => {
                        frame.next = zone_of(token.get(1..token.len() - 1).unwrap_or_default(), frame.zone);
                        key(veil, token, frame.zone, &mut out);
                    }
                    _ => string(veil, token, next, &mut out),
                }
                at = end;
                continue;
            }
            b'{' | b'[' => {
                // What has no key is what its list is.
                let inside = if stack.is_empty() { zone } else { next };
                let is_object = b == b'{';
                stack.push(Frame { is_object, wants_key: is_object, zone: inside, next: inside });
            }
            b'}' | b']' => _ = stack.pop(),
            b',' => {
                if let Some(frame) = stack.last_mut().filter(|frame| frame.is_object) {
                    frame.wants_key = true;
                }
            }
            b':' => {
                if let Some(frame) = stack.last_mut() {
                    frame.wants_key = false;
                }
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => {
                let end = bare_end(input, at);
                bare(veil, &input[at..end], next, &mut out);
                at = end;
                continue;
            }
        }
        out.push(b);
        at += 1;
    }
    out
}

/// What the value of a key is.
fn zone_of(key: &[u8], around: Zone) -> Zone {
    match (around, key) {
        (Zone::Top, b"nextPageUrl" | b"next" | b"nextLink" | b"prev" | b"self" | b"links" | b"_links") => {
            Zone::Url
        }
        (
            Zone::Top,
            b"error" | b"errors" | b"error_description" | b"message" | b"detail" | b"details" | b"title"
            | b"reason",
        ) => Zone::Said,
        (Zone::Row, b"createdDate" | b"modifiedDate") => Zone::Date,
        (Zone::Top, b"total" | b"totalCount" | b"page" | b"pageSize" | b"count")
        | (
            Zone::Top | Zone::Said,
            b"code" | b"errorCode" | b"status" | b"type" | b"trace" | b"traceId" | b"trace_id" | b"requestId"
            | b"request_id" | b"correlationId" | b"timestamp" | b"position",
        )
        | (Zone::Row, b"segmentIds" | b"segments") => Zone::Plain,
        // Below a date there is none of the service's own any more.
        (Zone::Top | Zone::Date, _) => Zone::Row,
        (around, _) => around,
    }
}

/// The end of a string that begins there, its quotes included; the end of all where it is never closed.
fn string_end(input: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < input.len() {
        match input[end] {
            b'\\' => end += 2,
            b'"' => return end + 1,
            _ => end += 1,
        }
    }
    input.len()
}

fn bare_end(input: &[u8], at: usize) -> usize {
    let ends =
        |b: &u8| matches!(b, b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"' | b' ' | b'\t' | b'\r' | b'\n');
    input[at..].iter().position(ends).map_or(input.len(), |end| at + end)
}

/// A key is a name, unless it looks like somebody's.
fn key(veil: &mut Veil, token: &[u8], around: Zone, out: &mut Vec<u8>) {
    let digits = token.iter().filter(|b| b.is_ascii_digit()).count();
    if around == Zone::Row && (token.contains(&b'@') || digits >= 5) {
        string(veil, token, Zone::Row, out);
    } else {
        out.extend_from_slice(token);
    }
}

/// A token that is no string: a number, a word, or rubbish.
fn bare(veil: &mut Veil, token: &[u8], zone: Zone, out: &mut Vec<u8>) {
    let is_plain = match zone {
        Zone::Plain => true,
        Zone::Said | Zone::Url => token.iter().filter(|b| b.is_ascii_digit()).count() < 5,
        Zone::Top | Zone::Row | Zone::Date => false,
    };
    if is_plain {
        out.extend_from_slice(token);
        return;
    }
    for chunk in token.utf8_chunks() {
        out.extend_from_slice(veil.value(chunk.valid()).as_bytes());
        out.extend_from_slice(chunk.invalid());
    }
}

/// A piece of a string: what it spells, where it spells a character, and the bytes that do.
struct Unit<'a> {
    c: Option<char>,
    bytes: &'a [u8],
}

fn string(veil: &mut Veil, token: &[u8], zone: Zone, out: &mut Vec<u8>) {
    if zone == Zone::Plain {
        out.extend_from_slice(token);
        return;
    }
    let closed = token.len() >= 2 && token.ends_with(b"\"");
    let inner = &token[1..if closed { token.len() - 1 } else { token.len() }];
    let units = units(inner);
    let spelled: Vec<char> = units.iter().map(|unit| unit.c.unwrap_or('\u{fffd}')).collect();
    out.push(b'"');
    if matches!(zone, Zone::Said | Zone::Url) && units.iter().all(|unit| unit.c.is_some()) {
        let text: String = spelled.iter().collect();
        let said = if zone == Zone::Url { veil.url(&text) } else { veil.said(&text).into_owned() };
        let quoted = serde_json::to_string(&said).unwrap_or_default();
        let escaped = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        out.extend_from_slice(if said == text { inner } else { escaped.as_bytes() });
    } else {
        let mut said = spelled.clone();
        if zone == Zone::Date {
            veil.date(&mut said);
        } else {
            veil.chars(&mut said);
        }
        for ((unit, was), is) in units.iter().zip(&spelled).zip(&said) {
            if was == is { out.extend_from_slice(unit.bytes) } else { spell(*is, unit.bytes, out) }
        }
    }
    if closed {
        out.push(b'"');
    }
}

/// Writes a character as another one was written.
fn spell(c: char, like: &[u8], out: &mut Vec<u8>) {
    if !like.starts_with(b"\\u") {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        return;
    }
    let upper = like[2..].iter().any(u8::is_ascii_uppercase);
    for half in c.encode_utf16(&mut [0; 2]) {
        let escape = if upper { format!("\\u{half:04X}") } else { format!("\\u{half:04x}") };
        out.extend_from_slice(escape.as_bytes());
    }
}

/// A string's bytes, cut where it spells one character each.
fn units(inner: &[u8]) -> Vec<Unit<'_>> {
    let mut units = Vec::with_capacity(inner.len());
    let mut at = 0;
    while at < inner.len() {
        let (c, len) = unit(&inner[at..]);
        units.push(Unit { c, bytes: &inner[at..at + len] });
        at += len;
    }
    units
}

fn unit(rest: &[u8]) -> (Option<char>, usize) {
    let short = |c: u8| match c {
        b'"' | b'\\' | b'/' => Some(char::from(c)),
        b'n' => Some('\n'),
        b't' => Some('\t'),
        b'r' => Some('\r'),
        b'b' => Some('\u{8}'),
        b'f' => Some('\u{c}'),
        _ => None,
    };
    match rest {
        [b'\\', b'u', ..] => match (escape(rest), rest.get(6..).and_then(escape)) {
            (Some(high @ 0xd800..=0xdbff), Some(low @ 0xdc00..=0xdfff)) => {
                let c = char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                (c, 12)
            }
            // A lone surrogate spells nothing.
            (Some(code), _) => (char::from_u32(code), 6),
            (None, _) => (None, 2),
        },
        [b'\\', c, ..] => (short(*c), 2),
        [b, ..] if b.is_ascii() => (Some(char::from(*b)), 1),
        _ => {
            let longest = &rest[..rest.len().min(4)];
            let valid = longest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
            match valid.chars().next() {
                Some(c) => (Some(c), c.len_utf8()),
                None => (None, 1),
            }
        }
    }
}

/// `\u0041`
fn escape(text: &[u8]) -> Option<u32> {
    let hex = text.get(..6)?.strip_prefix(b"\\u")?;
    let hex = std::str::from_utf8(hex).ok().filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(hex, 16).ok()
}
