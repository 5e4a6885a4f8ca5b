//! A token reply, in the forms that the service gives. Source: RFC 6749 §5.1; faults "Identity".

use std::fmt;

use serde_json::Value;

/// A token as granted. Holds the secret: never printed.
pub struct TokenBody {
    /// The token.
    pub access_token: String,
    /// What it is good for, in seconds, where that was said as a number or as text.
    pub expires_in: Option<f64>,
    /// The scopes, where they were said.
    pub scope: Option<Vec<String>>,
}

impl fmt::Debug for TokenBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenBody([redacted], {:?}, {:?})", self.expires_in, self.scope)
    }
}

/// Why a reply is no token. Holds nothing of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Not JSON, or cut off.
    NotJson,
    /// JSON without a token in it.
    Missing,
    /// The token is empty.
    Empty,
}

impl TokenError {
    /// Whether the same request may get a token the next time.
    pub fn is_passing(self) -> bool {
        self == Self::NotJson
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJson => "the token reply is not JSON",
            Self::Missing => "the token reply has no access_token",
            Self::Empty => "the token reply's access_token is empty",
        })
    }
}

/// Reads a token reply; `token_type` may be missing, `expires_in` of any spelling.
///
/// # Errors
/// Where there is no token to be had from it.
pub fn token(body: &[u8]) -> Result<TokenBody, TokenError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let reply: Value = serde_json::from_slice(body).map_err(|_| TokenError::NotJson)?;
    let access_token = match reply.get("access_token") {
        Some(Value::String(token)) => token.trim().to_owned(),
        _ => return Err(TokenError::Missing),
    };
    if access_token.is_empty() {
        return Err(TokenError::Empty);
    }
    let expires_in = match reply.get("expires_in") {
        Some(Value::Number(seconds)) => seconds.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok().filter(|n: &f64| !n.is_nan()),
        _ => None,
    };
    let scope = match reply.get("scope") {
        Some(Value::String(text)) => {
            Some(text.split([' ', ',']).filter(|s| !s.is_empty()).map(str::to_owned).collect())
        }
        Some(Value::Array(list)) => Some(list.iter().filter_map(|s| s.as_str().map(str::to_owned)).collect()),
        _ => None,
    };
    Ok(TokenBody { access_token, expires_in, scope })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reply_in_every_spelling() {
        let full = token(
            br#"{"access_token":"abc","token_type":"Bearer","expires_in":3600,"scope":"crm:read cdp:read"}"#,
        );
        let full = full.unwrap();
        assert_eq!((full.access_token.as_str(), full.expires_in), ("abc", Some(3_600.0)));
        assert_eq!(full.scope.unwrap(), ["crm:read", "cdp:read"]);
        for (said, want) in [
            ("\"3600\"", Some(3_600.0)),
            ("1.5", Some(1.5)),
            ("-5", Some(-5.0)),
            ("\"soon\"", None),
            ("null", None),
        ] {
            let body = format!(r#"{{"access_token":"abc","expires_in":{said}}}"#);
            let read = token(body.as_bytes()).unwrap();
            assert_eq!((read.expires_in, read.scope), (want, None), "{said}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused_without_repeating_it() {
        for (body, want) in [
            ("", TokenError::NotJson),
            ("<html>s3cret", TokenError::NotJson),
            ("{}", TokenError::Missing),
            (r#"{"access_token":7}"#, TokenError::Missing),
            (r#"{"access_token":" "}"#, TokenError::Empty),
        ] {
            assert_eq!(token(body.as_bytes()).unwrap_err(), want, "{body}");
        }
        let debug = format!("{:?}", token(br#"{"access_token":"s3cret"}"#).unwrap());
        assert!(!debug.contains("s3cret"), "{debug}");
    }
}
