//! Secrets taken out of what the service says back, however it spells them.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{Bytes, BytesMut};
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::engine::auth::Token;
use crate::engine::options::Service;

/// What stands where a secret stood.
const REDACTED: &str = "[redacted]";
/// Shorter secrets and spellings cannot be told from ordinary text.
const SHORTEST: usize = 4;

/// The ways in which the client's secret and a token may be spelled. Wiped when dropped.
#[derive(Default)]
pub(super) struct Spellings(Vec<Zeroizing<String>>);

impl Spellings {
    /// Those of what is known by now.
    pub(super) fn of(service: &Service, token: Option<&Token>) -> Self {
        let mut all = Vec::new();
        if let Some(secret) = service.client_secret.known() {
            spell(secret.expose_secret(), &mut all);
        }
        if let Some(token) = token {
            spell(token.secret.expose_secret(), &mut all);
        }
        all.retain(|spelling| spelling.len() >= SHORTEST);
        // Of two that begin alike the longer one goes first, so that nothing of it stays.
        all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        all.dedup();
        Self(all)
    }

    /// How long the longest is, in bytes.
    pub(super) fn longest(&self) -> usize {
        self.0.iter().map(|spelling| spelling.len()).max().unwrap_or(0)
    }

    /// All of them.
    pub(super) fn into_all(self) -> Vec<Zeroizing<String>> {
        self.0
    }

    /// The bytes without them, whatever else they are.
    pub(super) fn bytes_without(&self, bytes: &Bytes) -> Bytes {
        let mut bytes = bytes.clone();
        for spelling in &self.0 {
            let mut out = BytesMut::new();
            let mut at = 0;
            for found in memchr::memmem::find_iter(&bytes, spelling.as_bytes()) {
                out.extend_from_slice(&bytes[at..found]);
                out.extend_from_slice(REDACTED.as_bytes());
                at = found + spelling.len();
            }
            if at > 0 {
                out.extend_from_slice(&bytes[at..]);
                bytes = out.freeze();
            }
        }
        bytes
    }

    /// The text without them.
    pub(super) fn without(&self, mut text: String) -> String {
        for spelling in &self.0 {
            // Nearly always there is nothing to replace, and looking for it is cheap.
            if memchr::memmem::find(text.as_bytes(), spelling.as_bytes()).is_some() {
                text = text.replace(spelling.as_str(), REDACTED);
            }
        }
        text
    }
}

/// As it is; as forms, URLs, JSON and HTML have it; as hex; and as Base64 of a text that it stands in.
fn spell(secret: &str, all: &mut Vec<Zeroizing<String>>) {
    if secret.len() < SHORTEST {
        return;
    }
    // Room for the longest: a text that grows would leave a copy behind.
    let mut add = |write: &dyn Fn(&mut String)| {
        let mut text = Zeroizing::new(String::with_capacity(secret.len() * 6 + 8));
        write(&mut text);
        all.push(text);
    };
    add(&|out| out.push_str(secret));
    add(&|out| out.extend(url::form_urlencoded::byte_serialize(secret.as_bytes())));
    for (kept, lower) in [("", false), ("", true), ("-._~", false), ("-._~", true)] {
        add(&|out| {
            for b in secret.bytes() {
                let _ = match char::from(b) {
                    c if c.is_ascii_alphanumeric() || kept.contains(c) => write!(out, "{c}"),
                    _ if lower => write!(out, "%{b:02x}"),
                    _ => write!(out, "%{b:02X}"),
                };
            }
        });
    }
    add(&|out| {
        secret.encode_utf16().for_each(|unit| {
            let _ = write!(out, "\\u{unit:04x}");
        });
    });
    add(&|out| {
        secret.encode_utf16().for_each(|unit| {
            let _ = write!(out, "\\u{unit:04X}");
        });
    });
    for (upper, slash) in [(false, "/"), (false, "\\/"), (true, "/")] {
        add(&|out| {
            for c in secret.chars() {
                match c {
                    '"' | '\\' => out.extend(['\\', c]),
                    '/' => out.push_str(slash),
                    // Some escape what HTML might take for markup, too.
                    '<' | '>' | '&' | '\'' | '+' if upper => {
                        let _ = write!(out, "\\u{:04X}", u32::from(c));
                    }
                    _ => out.push(c),
                }
            }
        });
    }
    for quote in ["&#39;", "&#x27;"] {
        add(&|out| {
            for c in secret.chars() {
                match c {
                    '&' => out.push_str("&amp;"),
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    '"' => out.push_str("&quot;"),
                    '\'' => out.push_str(quote),
                    _ => out.push(c),
                }
            }
        });
    }
    add(&|out| {
        secret.bytes().for_each(|b| {
            let _ = write!(out, "{b:02x}");
        });
    });
    add(&|out| {
        secret.bytes().for_each(|b| {
            let _ = write!(out, "{b:02X}");
        });
    });
    // Base64 depends on how many bytes stand before; what is the same whatever stands around it is looked for.
    for before in 0..3 {
        let mut bytes = Zeroizing::new(Vec::with_capacity(before + secret.len()));
        bytes.resize(before, 0);
        bytes.extend_from_slice(secret.as_bytes());
        let whole = Zeroizing::new(STANDARD_NO_PAD.encode(&*bytes));
        let inner = &whole[(before * 8).div_ceil(6)..bytes.len() * 8 / 6];
        add(&|out| out.push_str(inner));
        add(&|out| {
            out.extend(inner.chars().map(|c| match c {
                '+' => '-',
                '/' => '_',
                _ => c,
            }));
        });
        if before == 0 {
            add(&|out| out.push_str(&whole));
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use secrecy::SecretString;
    use url::Url;

    use super::*;

    const SECRET: &str = "s3cr3t/+\"v'al<ue>&~?ÿ";

    fn spellings() -> Spellings {
        let base = Url::parse("https://acme.example").unwrap();
        Spellings::of(&Service::new("acme", base, "me", SecretString::from(SECRET)), None)
    }

    #[test]
    fn a_secret_is_taken_out_however_it_is_spelled() {
        let spellings = spellings();
        let hex = SECRET.bytes().fold(String::new(), |hex, b| format!("{hex}{b:02x}"));
        let mut spelled = vec![
            SECRET.to_owned(),
            url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect(),
            serde_json::to_string(SECRET).unwrap(),
            serde_json::to_string(SECRET).unwrap().replace('/', "\\/"),
            hex.to_uppercase(),
            hex,
        ];
        for around in ["", "a", "ab", "abc", "client:"] {
            spelled.push(STANDARD.encode(format!("{around}{SECRET}{around}")));
            spelled.push(URL_SAFE_NO_PAD.encode(format!("{around}{SECRET}{around}")));
        }
        for text in spelled {
            let said = spellings.without(format!("before {text} after"));
            assert!(said.contains(REDACTED), "{text}: {said}");
            // Of Base64 no more than the bits may stay that it shares with what stands around.
            let left = said.replace("before ", "").replace(" after", "").replace(REDACTED, "");
            assert!(left.len() <= 24 && !left.contains("s3c"), "{text}: {left}");
        }
    }

    #[test]
    fn what_is_too_short_to_be_told_from_ordinary_text_is_not_looked_for() {
        let base = Url::parse("https://acme.example").unwrap();
        let short = Spellings::of(&Service::new("acme", base, "me", SecretString::from("abc")), None);
        assert_eq!(
            (short.longest(), short.without("abcdef 616263".to_owned())),
            (0, "abcdef 616263".to_owned())
        );
    }
}
