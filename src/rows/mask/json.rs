//! Masking JSON: the text stays what it is, but for the values that are personal.

use super::{Mask, Personal};
use crate::engine::pipeline::json::text as quoted;
use crate::engine::query::Field;

/// An open bracket.
struct Level {
    is_object: bool,
    /// The path of what is inside, without its own key.
    path: usize,
    /// What all of it is, where the object itself is personal.
    kind: Option<Personal>,
    /// Whether it was shown as a whole.
    shown: bool,
}

impl Mask {
    /// JSON of a profile, or of anything else, in which personal values are masked by their paths. What is not
    /// personal stays byte for byte, so that masked text has the lines of the text itself.
    ///
    /// `row`: whose it is, where it is of a row that is shown.
    pub fn json(&self, row: Option<usize>, json: &str) -> String {
        self.json_at(row, "", json)
    }

    /// The same of a value that stands at this path.
    pub fn json_at(&self, row: Option<usize>, path: &str, json: &str) -> String {
        if !self.on {
            return json.to_owned();
        }
        self.walk(row, path, json, false).0
    }

    /// The personal values in JSON, each once: its path (`email`, `attributes.ssn`) and itself. As well when nothing is
    /// masked.
    pub fn named_in(&self, json: &str) -> Vec<(String, String)> {
        let mut named = self.walk(None, "", json, false).1;
        named.sort();
        named.dedup();
        named
    }

    /// `scans`: texts that are not personal by their path are looked through for addresses and numbers.
    pub(super) fn walk(
        &self,
        row: Option<usize>,
        path: &str,
        json: &str,
        scans: bool,
    ) -> (String, Vec<(String, String)>) {
        let mut out = String::with_capacity(json.len());
        let mut named = Vec::new();
        let mut path = path.to_owned();
        let mut levels: Vec<Level> = Vec::new();
        let mut kind = self.kind(&path).filter(|_| !path.is_empty());
        let mut shown = self.shows(row, &path) && !path.is_empty();
        let mut rest = json;
        // Whether the next text is a key.
        let mut is_key = false;
        while let Some(first) = rest.chars().next() {
            let end = match first {
                '"' => end_of_text(rest),
                '{' | '[' | '}' | ']' | ',' | ':' => 1,
                c if c.is_whitespace() => c.len_utf8(),
                _ => rest
                    .find(|c: char| c.is_whitespace() || "\"{}[],:".contains(c))
                    .unwrap_or(rest.len())
                    .max(first.len_utf8()),
            };
            let (token, after) = rest.split_at(end);
            rest = after;
            match first {
                '{' | '[' => {
                    levels.push(Level { is_object: first == '{', path: path.len(), kind, shown });
                    is_key = first == '{';
                    out.push(first);
                }
                '}' | ']' => {
                    levels.pop();
                    is_key = false;
                    out.push(first);
                }
                ',' => {
                    if let Some(level) = levels.last() {
                        path.truncate(level.path);
                        (kind, shown, is_key) = (level.kind, level.shown, level.is_object);
                    }
                    out.push(first);
                }
                ':' => {
                    is_key = false;
                    out.push(first);
                }
                '"' if is_key => {
                    let level = levels.last();
                    path.truncate(level.map_or(0, |level| level.path));
                    step(&mut path, &read(token));
                    kind = level.and_then(|level| level.kind).or_else(|| self.kind(&path));
                    shown = level.is_some_and(|level| level.shown) || self.shows(row, &path);
                    out.push_str(token);
                }
                c if c.is_whitespace() => out.push(c),
                _ => {
                    let value = if first == '"' { read(token) } else { token.to_owned() };
                    match kind.filter(|_| !value.is_empty() && token != "null") {
                        Some(kind) => {
                            if shown || !self.on {
                                out.push_str(token);
                            } else {
                                quoted(&mut out, &self.stand_in(kind, &value));
                            }
                            named.push((path.clone(), value));
                        }
                        None if scans && first == '"' => quoted(&mut out, &self.text(&value)),
                        None => out.push_str(token),
                    }
                }
            }
        }
        (out, named)
    }
}

impl Mask {
    /// The path of what a key names in an object at this path.
    pub fn below(path: &str, key: &str) -> String {
        let mut path = path.to_owned();
        step(&mut path, key);
        path
    }
}

/// Goes on to a key. A field is called by its own name, whatever the service calls it; what lies in attributes is
/// called as in any profile, wherever that lies.
fn step(path: &mut String, key: &str) {
    if key == "attributes" {
        path.clear();
    }
    if !path.is_empty() {
        path.push('.');
    }
    let field = Field::ALL.into_iter().find(|field| path.is_empty() && field.wire() == key);
    path.push_str(field.map_or(key, |field| field.key()));
}

/// Where a text that begins with a quote ends, its closing quote included.
fn end_of_text(json: &str) -> usize {
    let mut escaped = false;
    let end = json[1..].bytes().position(|b| {
        let ends = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

/// What a text in quotes says; where its escapes are wrong, as it stands.
fn read(token: &str) -> String {
    serde_json::from_str(token).unwrap_or_else(|_| token.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::mask;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_masked_by_their_paths_and_the_rest_stays() {
        let json = r#"{ "id": "P-1", "firstName": "Ada", "email": null, "phone": "",
  "tags": ["vip"], "attributes": {"score": 21, "ssn": 123456789, "address": {"city": "Kiel", "geo": [1, 2]},
  "contacts": [{"email": "ada@example.com"}]}, "emails":"x"}"#;
        let masked = mask().json(None, json);
        assert_eq!(masked.lines().count(), json.lines().count());
        for gone in ["Ada", "123456789", "Kiel", "ada@example.com", "[1, 2]"] {
            assert!(!masked.contains(gone), "{gone}: {masked}");
        }
        for stays in [
            "\"id\": \"P-1\"",
            "\"email\": null",
            "\"phone\": \"\"",
            "[\"vip\"]",
            "\"score\": 21",
            "\"emails\":\"x\"",
            "\"firstName\": \"A••·",
            "\"email\": \"a••@••.com·",
        ] {
            assert!(masked.contains(stays), "{stays}: {masked}");
        }
        assert!(serde_json::from_str::<serde_json::Value>(&masked).is_ok(), "{masked}");
        let named: Vec<String> = mask().named_in(json).into_iter().map(|(path, _)| path).collect();
        assert_eq!(
            named,
            [
                "attributes.address.city",
                "attributes.address.geo",
                "attributes.address.geo",
                "attributes.contacts.email",
                "attributes.ssn",
                "first_name"
            ]
        );
    }

    #[test]
    fn what_was_revealed_is_shown_in_json_too() {
        let json = r#"{"firstName":"Ada","attributes":{"address":{"city":"Kiel"}}}"#;
        let mut mask = mask();
        mask.reveal(2, "first_name");
        assert!(mask.json(Some(2), json).contains("Ada") && !mask.json(Some(1), json).contains("Ada"));
        mask.reveal(2, "attributes.address");
        assert!(mask.json(Some(2), json).contains("Kiel") && !mask.json(Some(2), json).contains("Ada"));
        mask.set(false);
        assert_eq!(mask.json(None, json), json);
    }

    proptest! {
        #[test]
        fn any_text_is_no_panic(json in "\\PC{0,60}|[\\[\\]{},:\"\\\\a0 ]{0,40}") {
            mask().json(None, &json);
        }

        #[test]
        fn no_value_of_a_personal_key_is_left(value in "[a-z\"\\\\é]{3,9}", depth in 0_usize..5) {
            let mut text = String::new();
            quoted(&mut text, &format!("CANARY{value}"));
            let json = format!("{}{{\"email\":{text}}}{}", "{\"x\":[".repeat(depth), "]}".repeat(depth));
            prop_assert!(!mask().json(None, &json).contains("CANARY"));
        }
    }
}
