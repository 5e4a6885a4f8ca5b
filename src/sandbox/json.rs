//! JSON, written by hand: the sandbox must be able to send what a serialiser refuses to write, and must not share a
//! bug with the client's.

use std::borrow::Cow;

/// A value as it goes into a profile.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// Digits as they are to be sent.
    Number(Cow<'static, str>),
    Text(Cow<'static, str>),
    List(Vec<Value>),
    Object(Vec<(Cow<'static, str>, Value)>),
}

impl Value {
    pub(crate) fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn number(number: impl std::fmt::Display) -> Self {
        Self::Number(number.to_string().into())
    }

    /// The member `name` of an object; the last one where a name is repeated.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Object(members) => {
                members.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Appends the value as JSON.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Number(digits) => out.extend_from_slice(digits.as_bytes()),
            Self::Text(text) => quote(text, out),
            Self::List(items) => {
                out.push(b'[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (at, (key, value)) in members.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    quote(key, out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }
}

/// Appends `text` as a JSON string. Control characters, C1 too, are written as `\u` escapes; everything else as it is.
pub(crate) fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        if !matches!(c, '"' | '\\' | '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}') {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[plain..at]);
        plain = at + c.len_utf8();
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            c => out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes()),
        }
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
    out.push(b'"');
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    quote(text, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn quoted_text_reads_back(text in any::<String>()) {
            let back: String = serde_json::from_str(&quoted(&text)).unwrap();
            prop_assert_eq!(back, text);
        }
    }

    #[test]
    fn control_characters_never_stand_raw() {
        assert_eq!(quoted("\u{1b}]52;\u{9b}\u{7f}\0"), r#""\u001b]52;\u009b\u007f\u0000""#);
    }

    #[test]
    fn nested_values_are_written_in_order() {
        let value = Value::Object(vec![
            ("b".into(), Value::List(vec![Value::Null, Value::Bool(true), Value::number(7)])),
            ("a".into(), Value::Object(vec![])),
        ]);
        let mut out = Vec::new();
        value.write(&mut out);
        assert_eq!(out, br#"{"b":[null,true,7],"a":{}}"#);
        assert_eq!(value.member("a"), Some(&Value::Object(vec![])));
    }
}
