//! What a service says when it refuses: error bodies in all their forms, and `WWW-Authenticate`.

use std::fmt;

use serde_json::{Map, Value};

/// The most of a body that is kept as text, in bytes.
const MAX_TEXT: usize = 2 * 1024;

/// An error body, as far as it can be understood. Every text is as received: clean it before it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// A short code: `invalid_client`, `E17`, a problem's type.
    pub code: Option<String>,
    /// A sentence for people.
    pub message: Option<String>,
    /// What the service's operators can find the request by.
    pub trace: Option<String>,
    /// The body itself, cut at 2 KiB, lossy where it is not UTF-8.
    pub text: String,
}

impl ErrorBody {
    /// The place in the filter that it objects to, where it says one: `Syntax error in filter at position 14`.
    /// Characters, from 1, in the filter as it was sent.
    pub fn filter_position(&self) -> Option<usize> {
        let message = self.message.as_deref().unwrap_or(&self.text).to_ascii_lowercase();
        let code = self.code.as_deref().unwrap_or_default().to_ascii_lowercase();
        if !message.contains("filter") && !code.contains("filter") {
            return None;
        }
        let at = message.find("position")? + "position".len();
        let digits = message[at..].trim_start_matches([' ', ':', '=']);
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok()
    }
}

/// `code: message (trace T)`, or the first line of the body, or nothing.
impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, "{code}: {message}")?,
            (Some(one), None) | (None, Some(one)) => f.write_str(one)?,
            (None, None) => f.write_str(self.text.lines().next().unwrap_or(""))?,
        }
        match &self.trace {
            Some(trace) => write!(f, " (trace {trace})"),
            None => Ok(()),
        }
    }
}

/// Reads an error body: `{error, error_description}`, `{error: {code, message}}`,
/// `{error, message, traceId}`, RFC 9457 problems, plain text, HTML, or nothing.
pub fn error_body(content_type: Option<&str>, body: &[u8]) -> ErrorBody {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let kept = String::from_utf8_lossy(&body[..body.len().min(MAX_TEXT)]);
    // A character that the cut went through is not part of what was sent.
    let whole = if body.len() > MAX_TEXT { kept.trim_end_matches('\u{fffd}') } else { &kept };
    let text = whole.trim().to_owned();
    if let Ok(Value::Object(members)) = serde_json::from_slice(body) {
        let parts = if content_type.is_some_and(|t| media_type(t) == "application/problem+json")
            || !members.contains_key("error") && members.contains_key("title")
        {
            problem(&members)
        } else {
            members_of(&members)
        };
        return ErrorBody { text, ..parts };
    }
    let html = content_type.map_or_else(|| text.starts_with('<'), |t| media_type(t) == "text/html");
    let message = if html { title(&text) } else { None };
    ErrorBody { message, text, ..ErrorBody::default() }
}

fn members_of(members: &Map<String, Value>) -> ErrorBody {
    let (code, inner) = match members.get("error") {
        Some(Value::Object(inner)) => (get(inner, &["code", "error", "type"]), Some(inner)),
        _ => (get(members, &["error", "code", "errorCode"]), None),
    };
    let message_names = ["error_description", "message", "errorMessage", "description", "detail"];
    let trace_names = ["traceId", "trace_id", "requestId", "request_id", "correlationId"];
    let either = |names: &[&str]| inner.and_then(|inner| get(inner, names)).or_else(|| get(members, names));
    ErrorBody { code, message: either(&message_names), trace: either(&trace_names), text: String::new() }
}

/// RFC 9457, section 3.1.
fn problem(members: &Map<String, Value>) -> ErrorBody {
    let title = get(members, &["title"]);
    let message = match (title, get(members, &["detail"])) {
        (Some(title), Some(detail)) => Some(format!("{title}: {detail}")),
        (title, detail) => title.or(detail),
    };
    ErrorBody {
        code: get(members, &["type"]).filter(|t| t != "about:blank"),
        message,
        trace: get(members, &["traceId", "trace_id", "requestId", "instance"]),
        text: String::new(),
    }
}

/// The first of these members that says something.
fn get(members: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match members.get(*name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// A page's title says more than its first line, which is a doctype.
fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find('<')?;
    let title = html[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then_some(title)
}

fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// What a `WWW-Authenticate` header says (RFC 6750, section 3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme: `Bearer`.
    pub scheme: String,
    /// `realm`
    pub realm: Option<String>,
    /// `error`: `insufficient_scope`, `invalid_token`
    pub error: Option<String>,
    /// `error_description`
    pub error_description: Option<String>,
    /// `scope`: what would be needed, separated by spaces.
    pub scope: Option<String>,
}

/// Reads a `WWW-Authenticate` value; of several challenges the `Bearer` one, else the first. What cannot be
/// read is left out.
pub fn challenge(value: &str) -> Challenge {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        if end == 0 {
            let mut chars = rest.chars();
            if chars.next().is_none() {
                break;
            }
            rest = chars.as_str();
            continue;
        }
        let (word, after) = rest.split_at(end);
        let Some(after) = after.trim_start().strip_prefix('=') else {
            challenges.push(Challenge { scheme: word.to_owned(), ..Challenge::default() });
            rest = after;
            continue;
        };
        let (text, after) = parameter(after.trim_start());
        rest = after;
        let Some(challenge) = challenges.last_mut() else { continue };
        let slot = match word.to_ascii_lowercase().as_str() {
            "realm" => &mut challenge.realm,
            "error" => &mut challenge.error,
            "error_description" => &mut challenge.error_description,
            "scope" => &mut challenge.scope,
            _ => continue,
        };
        *slot = Some(text);
    }
    let bearer = challenges.iter().position(|c| c.scheme.eq_ignore_ascii_case("bearer"));
    let chosen = bearer.unwrap_or(0);
    if chosen < challenges.len() { challenges.swap_remove(chosen) } else { Challenge::default() }
}

/// A token or a quoted text, and what follows it.
fn parameter(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut out = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    (out, chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_in_a_filter_is_read_where_one_is_named() {
        let place = |body: &str| error_body(Some("application/json"), body.as_bytes()).filter_position();
        let ours = r#"{"error":{"code":"FilterSyntax","message":"Syntax error in filter at position 14: expected x"}}"#;
        assert_eq!(place(ours), Some(14));
        let other = r#"{"error":"BadRequest","message":"Invalid $filter: unexpected token (position: 7)"}"#;
        assert_eq!(place(other), Some(7));
        for body in [
            r#"{"message":"no place in the filter"}"#,
            r#"{"message":"position 7 of the queue"}"#,
            r#"{"message":"filter at position x"}"#,
            r#"{"message":"filter at position 99999999999999999999999"}"#,
        ] {
            assert_eq!(place(body), None, "{body}");
        }
    }
    use proptest::prelude::*;

    fn read(content_type: Option<&str>, body: &str) -> (Option<String>, Option<String>, Option<String>) {
        let body = error_body(content_type, body.as_bytes());
        (body.code, body.message, body.trace)
    }

    #[test]
    fn every_form_of_the_contract_is_read() {
        let json = Some("application/json");
        assert_eq!(
            read(json, r#"{"error":"invalid_client","error_description":"unknown client"}"#),
            (Some("invalid_client".into()), Some("unknown client".into()), None)
        );
        assert_eq!(
            read(json, r#"{"error":{"code":"E17","message":"schema refused"}}"#),
            (Some("E17".into()), Some("schema refused".into()), None)
        );
        assert_eq!(
            read(json, r#"{"error":"Internal","message":"broken","traceId":"t-1"}"#),
            (Some("Internal".into()), Some("broken".into()), Some("t-1".into()))
        );
        assert_eq!(
            read(
                Some("Application/Problem+JSON; charset=utf-8"),
                r#"{"type":"https://example.com/probs/filter","title":"Bad filter","detail":"at 7","instance":"/x/1"}"#
            ),
            (
                Some("https://example.com/probs/filter".into()),
                Some("Bad filter: at 7".into()),
                Some("/x/1".into())
            )
        );
        assert_eq!(read(Some("text/plain"), "no upstream"), (None, None, None));
        assert_eq!(
            read(Some("text/html"), "<html><head><TITLE>502\n Bad Gateway</TITLE>"),
            (None, Some("502 Bad Gateway".into()), None)
        );
        assert_eq!(read(None, ""), (None, None, None));
    }

    #[test]
    fn the_text_is_what_there_is_cut_at_two_kibibytes() {
        assert_eq!(error_body(None, b" no upstream\n").text, "no upstream");
        let long = "ü".repeat(2_000);
        let text = error_body(None, format!("x{long}").as_bytes()).text;
        assert_eq!(text.len(), 2047);
        assert!(!text.contains('\u{fffd}'));
        assert_eq!(error_body(None, b"a\xffb").text, "a\u{fffd}b");
    }

    #[test]
    fn other_types_do_not_mislead() {
        assert_eq!(read(None, r#"{"error":null,"message":""}"#), (None, None, None));
        assert_eq!(read(None, r#"{"error":500,"message":["a"]}"#), (Some("500".into()), None, None));
        assert_eq!(read(None, "[1]"), (None, None, None));
    }

    #[test]
    fn a_line_for_people() {
        let line = |body: &str| error_body(None, body.as_bytes()).to_string();
        assert_eq!(line(r#"{"error":"a","message":"b","traceId":"c"}"#), "a: b (trace c)");
        assert_eq!(line("first\nsecond"), "first");
        assert_eq!(line(""), "");
    }

    #[test]
    fn a_challenge_names_error_and_scope() {
        let read = challenge(r#"Bearer error="insufficient_scope", scope="crm:read cdp:read""#);
        assert_eq!(read.error.as_deref(), Some("insufficient_scope"));
        assert_eq!(read.scope.as_deref(), Some("crm:read cdp:read"));
        let read = challenge(r#"Basic realm="a, b", bearer realm="x\"y" , error=invalid_token"#);
        assert_eq!(read.scheme, "bearer");
        assert_eq!(read.realm.as_deref(), Some("x\"y"));
        assert_eq!(read.error.as_deref(), Some("invalid_token"));
        assert_eq!(challenge(""), Challenge::default());
        assert_eq!(challenge("Basic").scheme, "Basic");
        assert_eq!(challenge("error=\"x\""), Challenge::default());
    }

    proptest! {
        #[test]
        fn nothing_makes_them_panic(text in "\\PC{0,40}|[a-z=\", \\\\<>{}:é]{0,40}", html in any::<bool>()) {
            let _ = challenge(&text);
            let _ = error_body(html.then_some("text/html"), text.as_bytes());
        }
    }
}
