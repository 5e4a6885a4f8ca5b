//! A token reply (RFC 6749, sections 4.4.3 and 5.1), and what services make of it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::errors::{ErrorBody, error_body};

/// A token with what the service says about it. `Debug` does not show the token.
#[derive(Clone, Debug)]
pub struct TokenBody {
    /// `access_token`: not empty, and fit for a header.
    pub access_token: SecretString,
    /// `token_type`, where it is sent.
    pub token_type: Option<String>,
    /// `expires_in`, where it is sent and makes sense.
    pub expires_in: Option<ExpiresIn>,
    /// `scope`; `None` where it is missing or blank, which means granted as asked (RFC 6749, section 5.1).
    pub scope: Option<Vec<String>>,
}

/// Seconds that a token lives, as the service puts it: may be a fraction, and negative. Always finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExpiresIn(f64);

impl ExpiresIn {
    /// The seconds as received.
    pub fn seconds(self) -> f64 {
        self.0
    }

    /// As a duration: zero for a negative one, ten years at most.
    pub fn duration(self) -> Duration {
        const MOST: Duration = Duration::from_hours(10 * 365 * 24);
        Duration::from_secs_f64(self.0.clamp(0.0, MOST.as_secs_f64()))
    }
}

/// Why a body is no token reply. No text of the body is in it but the service's own error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Nothing, or white space alone.
    Empty,
    /// Markup: a captive portal, a proxy, a login page.
    Html,
    /// Not JSON, or cut off.
    NotJson,
    /// JSON of another type than an object.
    NotAnObject,
    /// `access_token` is missing, or not text.
    NoToken,
    /// `access_token` is empty.
    EmptyToken,
    /// `access_token` holds characters that no header can carry.
    BadToken,
    /// A success that says it is an error.
    Refused(Box<ErrorBody>),
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the token reply is empty",
            Self::Html => "the token reply is HTML, not JSON",
            Self::NotJson => "the token reply is not JSON",
            Self::NotAnObject => "the token reply is not a JSON object",
            Self::NoToken => "the token reply has no access_token",
            Self::EmptyToken => "the token reply has an empty access_token",
            Self::BadToken => "the access_token holds characters that no header can carry",
            Self::Refused(body) => return write!(f, "the service answers 200 with an error: {body}"),
        })
    }
}

impl std::error::Error for TokenError {}

/// Reads a token reply.
///
/// # Errors
/// Whatever has no usable token: see [`TokenError`].
pub fn token(body: &[u8]) -> Result<TokenBody, TokenError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    match body.first() {
        None => return Err(TokenError::Empty),
        Some(b'<') => return Err(TokenError::Html),
        Some(_) => {}
    }
    // Raw members: a parsed tree would leave copies of the token in memory that nobody wipes.
    let text = std::str::from_utf8(body).map_err(|_| TokenError::NotJson)?;
    let members: HashMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(text).map_err(|e| match e.classify() {
            serde_json::error::Category::Data => TokenError::NotAnObject,
            _ => TokenError::NotJson,
        })?;
    let raw = |name: &str| members.get(name).map(|raw| raw.get()).filter(|raw| *raw != "null");
    let Some(access_token) = raw("access_token").and_then(unescaped) else {
        return Err(if raw("error").is_some() {
            TokenError::Refused(Box::new(error_body(None, body)))
        } else {
            TokenError::NoToken
        });
    };
    check(&access_token)?;
    Ok(TokenBody {
        access_token,
        token_type: raw("token_type").and_then(|raw| serde_json::from_str(raw).ok()),
        expires_in: raw("expires_in").and_then(expires_in),
        scope: raw("scope").and_then(scope),
    })
}

/// What a JSON text says, put together where it is wiped; a parser would leave a copy of one with escapes behind.
fn unescaped(raw: &str) -> Option<SecretString> {
    let quoted = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = Zeroizing::new(String::with_capacity(quoted.len()));
    let mut rest = quoted;
    while let Some((before, escaped)) = rest.split_once('\\') {
        text.push_str(before);
        let (said, behind) = if let Some(hex) = escaped.strip_prefix('u') {
            let (digits, behind) = hex.split_at_checked(4)?;
            // Half of a pair stands for what no header can carry either.
            (u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}'), behind)
        } else {
            let mut behind = escaped.chars();
            let said = match behind.next()? {
                said @ ('"' | '\\' | '/') => said,
                // A line break, a tab and the like.
                _ => '\0',
            };
            (said, behind.as_str())
        };
        text.push(said);
        rest = behind;
    }
    text.push_str(rest);
    Some(SecretString::from(text.as_str()))
}

fn check(token: &SecretString) -> Result<(), TokenError> {
    use secrecy::ExposeSecret as _;
    let token = token.expose_secret();
    if token.trim().is_empty() {
        Err(TokenError::EmptyToken)
    } else if !token.bytes().all(|b| b.is_ascii_graphic()) {
        Err(TokenError::BadToken)
    } else {
        Ok(())
    }
}

/// A number, or text that spells one.
fn expires_in(raw: &str) -> Option<ExpiresIn> {
    let text: Cow<'_, str> =
        if raw.starts_with('"') { Cow::Owned(serde_json::from_str(raw).ok()?) } else { Cow::Borrowed(raw) };
    text.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite()).map(ExpiresIn)
}

/// Names separated by white space, or a list of them.
fn scope(raw: &str) -> Option<Vec<String>> {
    let names = serde_json::from_str::<String>(raw)
        .map(|text| text.split_whitespace().map(str::to_owned).collect())
        .or_else(|_| serde_json::from_str::<Vec<String>>(raw))
        .ok()?;
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn the_contracts_reply() {
        let body = br#"{"access_token":"abc.def","token_type":"Bearer","expires_in":3600,"scope":"crm:read cdp:read"}"#;
        let token = token(body).unwrap();
        assert_eq!(token.access_token.expose_secret(), "abc.def");
        assert_eq!(token.token_type.as_deref(), Some("Bearer"));
        assert_eq!(token.expires_in.unwrap().duration(), Duration::from_hours(1));
        assert_eq!(token.scope.unwrap(), ["crm:read", "cdp:read"]);
    }

    #[test]
    fn expires_in_in_every_form() {
        let read = |value: &str| {
            token(format!(r#"{{"access_token":"t","expires_in":{value}}}"#).as_bytes())
                .unwrap()
                .expires_in
                .map(ExpiresIn::seconds)
        };
        assert_eq!(read("3600"), Some(3600.0));
        assert_eq!(read("\" 3600 \""), Some(3600.0));
        assert_eq!(read("59.5"), Some(59.5));
        assert_eq!(read("-1"), Some(-1.0));
        for nonsense in ["null", "\"soon\"", "\"inf\"", "\"NaN\"", "[]", "true", "1e999"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
        assert_eq!(ExpiresIn(-5.0).duration(), Duration::ZERO);
        assert_eq!(ExpiresIn(1e300).duration(), Duration::from_hours(87_600));
    }

    #[test]
    fn token_type_and_scope_may_be_missing() {
        let token =
            token(b"\xef\xbb\xbf {\"access_token\":\"t\",\"scope\":\" \",\"access_token\":\"u\"}\n").unwrap();
        assert_eq!((token.token_type, token.scope), (None, None));
        assert_eq!(token.access_token.expose_secret(), "u");
    }

    #[test]
    fn a_token_is_read_however_it_is_escaped() {
        let read = |raw: &str| token(format!(r#"{{"access_token":{raw}}}"#).as_bytes());
        for raw in [r#""a\/b\"c\\d~""#, r#""a/\u0062\u0022c\u005Cd\u007e""#] {
            let said: String = serde_json::from_str(raw).unwrap();
            assert_eq!(said, "a/b\"c\\d~");
            assert_eq!(read(raw).unwrap().access_token.expose_secret(), said, "{raw}");
        }
        for raw in [r#""a\nb""#, r#""a\u000ab""#, r#""a\ud83d\ude42""#, r#""a\u00e9""#, "\"a\u{e9}\""] {
            assert_eq!(read(raw).unwrap_err(), TokenError::BadToken, "{raw}");
        }
    }

    #[test]
    fn what_has_no_usable_token_is_refused() {
        let refused = |body: &str| token(body.as_bytes()).unwrap_err();
        assert_eq!(refused(" "), TokenError::Empty);
        assert_eq!(refused("<html>"), TokenError::Html);
        assert_eq!(refused("{\"access_token\":\"t"), TokenError::NotJson);
        assert_eq!(refused("[]"), TokenError::NotAnObject);
        assert_eq!(refused("{}"), TokenError::NoToken);
        assert_eq!(refused(r#"{"access_token":7}"#), TokenError::NoToken);
        assert_eq!(refused(r#"{"access_token":""}"#), TokenError::EmptyToken);
        assert_eq!(refused(r#"{"access_token":"a\r\nb"}"#), TokenError::BadToken);
        assert!(matches!(refused(r#"{"error":"invalid_client"}"#), TokenError::Refused(_)));
    }

    #[test]
    fn the_token_is_in_no_text() {
        let shown = format!("{:?}", token(br#"{"access_token":"CANARY"}"#).unwrap());
        assert!(!shown.contains("CANARY"), "{shown}");
        for body in [
            r#"{"access_token":"CANARY\u0000"}"#,
            r#"{"access_token":"CANARY"#,
            r#"{"access_token":["CANARY"]}"#,
        ] {
            let error = token(body.as_bytes()).unwrap_err();
            assert!(!format!("{error:?} {error}").contains("CANARY"), "{error:?}");
        }
    }
}
