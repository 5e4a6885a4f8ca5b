//! Error bodies in the five forms that come, and the challenge of a 401 or 403.

use serde_json::Value;

/// What an error body says, as far as it can be made out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// A short name: `invalid_client`.
    pub code: Option<String>,
    /// A sentence.
    pub message: Option<String>,
    /// What the service finds its own log by.
    pub trace: Option<String>,
}

/// Reads an error body: `{error, error_description}`, `{error: {code, message}}`, `{error, message, traceId}`,
/// RFC 9457 problem details, plain text; of HTML only that it is HTML.
pub fn error_body(media_type: Option<&str>, body: &[u8]) -> ErrorBody {
    const LONGEST: usize = 300;
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) if !text.trim().is_empty() => {
            let end = text.floor_char_boundary(LONGEST);
            Some(text[..end].trim().to_owned())
        }
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    if let Ok(Value::Object(reply)) = serde_json::from_slice(body) {
        let inner = reply.get("error").and_then(Value::as_object);
        let inner_text = |key: &str| inner.and_then(|inner| text(inner.get(key)));
        let outer_text = |keys: &[&str]| keys.iter().find_map(|key| text(reply.get(*key)));
        return ErrorBody {
            code: inner_text("code").or_else(|| outer_text(&["error", "code", "type"])),
            message: inner_text("message")
                .or_else(|| outer_text(&["error_description", "message", "detail", "title"])),
            trace: inner_text("traceId").or_else(|| outer_text(&["traceId", "instance"])),
        };
    }
    let said = String::from_utf8_lossy(body);
    let said = said.trim();
    let html = media_type.is_some_and(|m| m.contains("html")) || said.starts_with('<');
    let message = match said {
        "" => None,
        _ if html => Some("a web page instead of an error".to_owned()),
        said => Some(said[..said.floor_char_boundary(LONGEST)].to_owned()),
    };
    ErrorBody { message, ..ErrorBody::default() }
}

/// A `WWW-Authenticate: Bearer …` header. Source: RFC 6750 §3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// `insufficient_scope`, `invalid_token`, …
    pub error: Option<String>,
    /// The scopes that would do.
    pub scope: Option<String>,
}

/// Reads a challenge; what is missing or malformed stays out.
pub fn challenge(value: &str) -> Challenge {
    let find = |name: &str| {
        let mut rest = value;
        while let Some(at) = rest.find(name) {
            let before = rest[..at].chars().next_back();
            let after = &rest[at + name.len()..];
            rest = after;
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let Some(said) = after.trim_start().strip_prefix('=') else { continue };
            let said = said.trim_start();
            let said = match said.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next(),
                None => said.split([',', ' ']).next(),
            };
            return said.filter(|s| !s.is_empty()).map(str::to_owned);
        }
        None
    };
    Challenge { error: find("error"), scope: find("scope") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_error_body_is_read() {
        let read = |body: &str| {
            let read = error_body(None, body.as_bytes());
            (read.code.unwrap_or_default(), read.message.unwrap_or_default(), read.trace.unwrap_or_default())
        };
        let want =
            |code: &str, message: &str, trace: &str| (code.to_owned(), message.to_owned(), trace.to_owned());
        assert_eq!(
            read(r#"{"error":"invalid_client","error_description":"wrong secret"}"#),
            want("invalid_client", "wrong secret", "")
        );
        assert_eq!(read(r#"{"error":{"code":"Filter","message":"at 7"}}"#), want("Filter", "at 7", ""));
        assert_eq!(read(r#"{"error":"Rate","message":"slow","traceId":"t-1"}"#), want("Rate", "slow", "t-1"));
        assert_eq!(
            read(r#"{"type":"about:blank","title":"Bad","detail":"no such field","instance":"/x"}"#),
            want("about:blank", "no such field", "/x")
        );
        assert_eq!(read("plain words"), want("", "plain words", ""));
        assert_eq!(read("<html><body>x"), want("", "a web page instead of an error", ""));
        assert_eq!(read(""), want("", "", ""));
    }

    #[test]
    fn a_challenge_names_error_and_scope() {
        let read = challenge(
            r#"Bearer realm="x", error="insufficient_scope", error_description="no", scope="cdp:read crm:read""#,
        );
        assert_eq!(read.error.as_deref(), Some("insufficient_scope"));
        assert_eq!(read.scope.as_deref(), Some("cdp:read crm:read"));
        assert_eq!(challenge("Bearer"), Challenge::default());
        assert_eq!(challenge("Bearer scope=a").scope.as_deref(), Some("a"));
    }
}
