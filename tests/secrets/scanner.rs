//! Looks for what must not be found, however it is spelled. It shares nothing with the code that takes secrets out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// What a canary stands for, and so where it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A client's secret, a token, a webhook's secret: nowhere.
    Secret,
    /// What the service said of a person: on that user's own screen and in what they export.
    Personal,
    /// What the user typed that points at a person: also where queries are kept to be asked again.
    Typed,
}

/// The spellings that are looked for.
pub(crate) const SPELLINGS: [&str; 14] = [
    "plain",
    "form",
    "percent",
    "percent, lower case",
    "JSON",
    "JSON, slashes escaped",
    "JSON, all escaped",
    "HTML",
    "hex",
    "HEX",
    "base64",
    "base64 behind one byte",
    "base64 behind two bytes",
    "base64, URL-safe",
];

/// A text in one of them; of Base64 only what does not depend on what stands around.
pub(crate) fn spelled(text: &str, spelling: &str) -> Vec<String> {
    let each = |escape: &dyn Fn(u8) -> String| text.bytes().map(escape).collect::<String>();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let base64 = |before: usize| {
        let bytes = [&[0; 2][..before], text.as_bytes()].concat();
        STANDARD_NO_PAD.encode(&bytes)[(before * 8).div_ceil(6)..bytes.len() * 8 / 6].to_owned()
    };
    vec![match spelling {
        "plain" => text.to_owned(),
        "form" => each(&|b| match b {
            b' ' => "+".to_owned(),
            b'~' => "%7E".to_owned(),
            b if plain(b) || b == b'*' => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        }),
        "percent" => each(&|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }),
        "percent, lower case" => {
            each(&|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02x}") })
        }
        "JSON" => serde_json::to_string(text).unwrap().trim_matches('"').to_owned(),
        "JSON, slashes escaped" => serde_json::to_string(text).unwrap().trim_matches('"').replace('/', "\\/"),
        "JSON, all escaped" => text.encode_utf16().fold(String::new(), |mut out, unit| {
            write!(out, "\\u{unit:04x}").unwrap();
            out
        }),
        "HTML" => text
            .chars()
            .map(|c| match c {
                '&' => "&amp;".to_owned(),
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                '"' => "&quot;".to_owned(),
                '\'' => "&#39;".to_owned(),
                c => c.to_string(),
            })
            .collect(),
        "hex" => each(&|b| format!("{b:02x}")),
        "HEX" => each(&|b| format!("{b:02X}")),
        "base64" => base64(0),
        "base64 behind one byte" => base64(1),
        "base64 behind two bytes" => base64(2),
        "base64, URL-safe" => {
            return (0..3).map(|before| base64(before).replace('+', "-").replace('/', "_")).collect();
        }
        other => panic!("no spelling {other}"),
    }]
}

/// Finds canaries.
pub(crate) struct Scanner {
    needles: AhoCorasick,
    /// Whose each needle is, and how it is spelled.
    names: Vec<(Kind, String, &'static str)>,
    pub(crate) canaries: usize,
}

/// Something that was found: whose it is and how it was spelled.
pub(crate) type Found = (Kind, String, &'static str);

impl Scanner {
    /// Looks for these. Each must be long enough that nobody says it by chance.
    pub(crate) fn new(canaries: &[(Kind, String)]) -> Self {
        let mut needles: BTreeMap<String, Found> = BTreeMap::new();
        for (kind, text) in canaries {
            assert!(text.len() >= 8, "{text:?} could be there by chance");
            for spelling in SPELLINGS {
                for needle in spelled(text, spelling) {
                    needles.entry(needle).or_insert((*kind, text.clone(), spelling));
                }
            }
        }
        let (needles, names): (Vec<_>, Vec<_>) = needles.into_iter().unzip();
        Self { needles: AhoCorasick::new(needles).unwrap(), names, canaries: canaries.len() }
    }

    /// How many different texts are looked for.
    pub(crate) fn needles(&self) -> usize {
        self.names.len()
    }

    /// All that is in these bytes of kinds that must not be there.
    pub(crate) fn find(&self, bytes: &[u8], forbidden: &[Kind]) -> Vec<Found> {
        let found = self.needles.find_overlapping_iter(bytes).map(|hit| self.names[hit.pattern()].clone());
        let mut found: Vec<_> = found.filter(|(kind, ..)| forbidden.contains(kind)).collect();
        found.sort();
        found.dedup();
        found
    }
}

/// What programs asked the terminal to copy, as they meant it.
pub(crate) fn copied(raw: &[u8]) -> Vec<Vec<u8>> {
    const BEGIN: &[u8] = b"\x1b]52;";
    let mut copies = Vec::new();
    let mut rest = raw;
    while let Some(at) = rest.windows(BEGIN.len()).position(|window| window == BEGIN) {
        rest = &rest[at + BEGIN.len()..];
        // One that is still being written is none yet.
        let Some(end) = rest.iter().position(|b| matches!(b, 0x07 | 0x1b)) else { break };
        let payload = rest[..end].rsplit(|b| *b == b';').next().unwrap_or_default();
        let payload: Vec<u8> = payload.iter().copied().filter(|b| *b != b'=').collect();
        copies.push(STANDARD_NO_PAD.decode(payload).expect("a copy is Base64"));
    }
    copies
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    const CANARY: &str = "kanarie/+\"vogel'&<sécret>~ 42";

    #[test]
    fn what_is_planted_is_found_in_every_spelling() {
        let scanner = Scanner::new(&[(Kind::Secret, CANARY.to_owned())]);
        for spelling in SPELLINGS {
            for text in spelled(CANARY, spelling) {
                let found = scanner.find(format!("some{text}thing").as_bytes(), &[Kind::Secret]);
                assert!(!found.is_empty(), "{spelling}: {text}");
                assert!(scanner.find(text.as_bytes(), &[Kind::Personal, Kind::Typed]).is_empty());
                let broken = text.replacen(&text[8..9], "", 1);
                assert!(scanner.find(broken.as_bytes(), &[Kind::Secret]).is_empty(), "{broken}");
            }
        }
        // As libraries spell it, not this file.
        let whole: Vec<String> = vec![
            url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect(),
            percent_encoding::utf8_percent_encode(CANARY, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
                .replace("%2D", "-")
                .replace("%2E", ".")
                .replace("%5F", "_")
                .replace("%7E", "~"),
            format!("client:{CANARY}"),
        ];
        for text in whole {
            assert_eq!(scanner.find(text.as_bytes(), &[Kind::Secret]).len(), 1, "{text}");
        }
        for before in ["", "a", "ab", "Basic client:"] {
            for engine in [&STANDARD, &URL_SAFE] {
                let text = engine.encode(format!("{before}{CANARY}\n"));
                assert!(!scanner.find(text.as_bytes(), &[Kind::Secret]).is_empty(), "{before:?}: {text}");
            }
        }
    }

    #[test]
    fn what_is_copied_through_the_terminal_is_read() {
        let raw =
            format!("x\x1b]52;c;{}\x07y\x1b]52;p;{}\x1b\\", STANDARD.encode("one"), STANDARD.encode("four"));
        assert_eq!(copied(raw.as_bytes()), [b"one".to_vec(), b"four".to_vec()]);
    }
}
