//! URLs: the path and what pages are told apart by stay, the rest are values.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Veil;

/// All but the unreserved characters of RFC 3986, section 2.3, as requests are written.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Parameters that say which page, and of what size.
const PLAIN: &[&str] = &["fields", "pageSize", "page", "limit", "offset", "sort", "total", "size", "count"];

/// A URL, or the path and query of one.
pub(super) fn url(veil: &mut Veil, url: &str) -> String {
    let (url, fragment) = url.split_once('#').map_or((url, None), |(url, fragment)| (url, Some(fragment)));
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let mut out = path_of(veil, path);
    if let Some(query) = query {
        out.push('?');
        for (n, pair) in query.split('&').enumerate() {
            if n > 0 {
                out.push('&');
            }
            parameter(veil, pair, &mut out);
        }
    }
    if let Some(fragment) = fragment {
        // Writing to a String cannot fail.
        let _ = write!(out, "#{}", encoded(veil, fragment));
    }
    out
}

fn path_of(veil: &mut Veil, url: &str) -> String {
    let (scheme, rest) = match url.find("//") {
        Some(at) if at == 0 || url[..at].ends_with(':') => url.split_at(at + 2),
        _ => ("", url),
    };
    let (host, path) =
        if scheme.is_empty() { ("", rest) } else { rest.split_at(rest.find('/').unwrap_or(rest.len())) };
    let mut out = scheme.to_owned();
    // Whoever puts a name and a password before a host has them removed.
    out.push_str(host.rsplit_once('@').map_or(host, |(_, host)| host));
    for (n, segment) in path.split('/').enumerate() {
        if n > 0 {
            out.push('/');
        }
        // `v2` is a version; more digits, or an address, are somebody's.
        let personal = segment.bytes().filter(u8::is_ascii_digit).count() > 2
            || ["@", "%40"].iter().any(|at| segment.contains(at));
        out.push_str(&if personal { encoded(veil, segment) } else { segment.to_owned() });
    }
    out
}

fn parameter(veil: &mut Veil, pair: &str, out: &mut String) {
    let Some((name, value)) = pair.split_once('=') else {
        out.push_str(&encoded(veil, pair));
        return;
    };
    let is_plain = PLAIN.contains(&name) && !value.contains('@') && value.len() < 300;
    let value = match name {
        "ids" => {
            let ids = value.split(',').map(|id| encoded(veil, id)).collect::<Vec<_>>();
            ids.join(",")
        }
        "filter" | "$filter" | "%24filter" => {
            let filter = veil.filter(&decoded(value));
            utf8_percent_encode(&filter, RESERVED).to_string()
        }
        _ if is_plain => value.to_owned(),
        _ => encoded(veil, value),
    };
    out.push_str(name);
    out.push('=');
    out.push_str(&value);
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The stand-in of a value that is percent-encoded.
fn encoded(veil: &mut Veil, text: &str) -> String {
    let value = veil.value(&decoded(text));
    utf8_percent_encode(&value, RESERVED).to_string()
}
