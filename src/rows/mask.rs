//! Which values are personal, and what is drawn in their place while they are masked.
//!
//! ```text
//! path of a value ──kind──► Personal ──hides──► stand-in    a••@••.com·k3   •••…21·f7   A••·2x
//!   email, attributes.ssn      │
//!                              └── none: shown as it is (the ID always is)
//! ```
//!
//! The one place that decides this: panes and sentences ask it how to show a value, and pieces of text that are not
//! values of a column (a URL, an error, JSON) go through [`Mask::text`], [`Mask::filter`], [`Mask::reply`] and
//! [`Mask::json`]. Equal values have equal stand-ins within a session, by a tag from a hash whose key is the session's
//! own: who looks on can tell people apart, and cannot try names until one fits.

mod json;
mod text;

use std::borrow::Cow;
use std::hash::Hasher as _;
use std::sync::Arc;

use siphasher::sip::SipHasher13;

use super::{Column, Data};

/// Bytes of a value that its tag is made of, its length aside.
const HASHED: usize = 4 * 1024;
/// What tags are written in: nothing that is mistaken for something else.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// A shorter number tells too much by its last two digits.
const LEAST_DIGITS: usize = 7;

/// What makes a value personal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personal {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A first or last name.
    Name,
    /// An attribute that a setting names.
    Attribute,
}

/// Whether personal values are masked, and which they are. A plain value: changing one does not change another.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    on: bool,
    ascii: bool,
    patterns: Arc<[String]>,
    key: (u64, u64),
    /// The one value that is shown all the same: its row and its path.
    revealed: Option<(usize, String)>,
}

impl Mask {
    /// A mask. `patterns` name attributes by their paths: `ssn`, `address.*`. `key` is the session's own.
    pub fn new(on: bool, patterns: &[String], key: (u64, u64), ascii: bool) -> Self {
        let patterns = patterns.iter().map(|pattern| pattern.to_lowercase()).collect();
        Self { on, ascii, patterns, key, revealed: None }
    }

    /// Whether personal values are masked.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Masks all, or shows all.
    pub fn set(&mut self, on: bool) {
        (self.on, self.revealed) = (on, None);
    }

    /// Shows one value of a row, and what lies below it, until [`conceal`](Self::conceal).
    pub fn reveal(&mut self, row: usize, path: &str) {
        self.revealed = Some((row, path.to_owned()));
    }

    /// Shows no single value any more; says whether one was shown.
    pub fn conceal(&mut self) -> bool {
        self.revealed.take().is_some()
    }

    /// The row of which a value is shown.
    pub fn revealed(&self) -> Option<usize> {
        self.revealed.as_ref().map(|(row, _)| *row)
    }

    /// Whether a value is personal, masked or not: `email`, `first_name`, `attributes.address.city`.
    ///
    /// What is called like a personal field counts at any depth, since it hardly is anything else. A pattern means
    /// what lies below its path, too, and that path below any other.
    pub fn kind(&self, path: &str) -> Option<Personal> {
        let last = path.rsplit('.').next().unwrap_or(path);
        let named: String = last.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).collect();
        match named.to_ascii_lowercase().as_str() {
            "email" | "emailaddress" => return Some(Personal::Email),
            "phone" | "phonenumber" | "mobile" => return Some(Personal::Phone),
            "firstname" | "lastname" | "fullname" => return Some(Personal::Name),
            _ => {}
        }
        let attribute = path.strip_prefix("attributes.")?.to_lowercase();
        let named = |pattern: &String| {
            let starts = std::iter::once(0).chain(attribute.match_indices('.').map(|(at, _)| at + 1));
            let ends = |from: usize| {
                let dots = attribute[from..].match_indices('.').map(move |(at, _)| from + at);
                dots.chain(std::iter::once(attribute.len()))
            };
            starts.into_iter().any(|from| ends(from).any(|to| is_like(pattern, &attribute[from..to])))
        };
        self.patterns.iter().any(named).then_some(Personal::Attribute)
    }

    /// What is to be hidden of a value; `None`: it is shown as it is.
    pub fn hides(&self, row: Option<usize>, path: &str) -> Option<Personal> {
        if !self.on || self.shows(row, path) {
            return None;
        }
        self.kind(path)
    }

    /// Whether this is the value that was revealed, or lies below it.
    fn shows(&self, row: Option<usize>, path: &str) -> bool {
        self.revealed.as_ref().is_some_and(|(own, shown)| {
            row == Some(*own)
                && path
                    .strip_prefix(shown.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// The path of a column: `email`, `attributes.plan`.
    pub fn path(data: &Data, column: Column) -> Cow<'static, str> {
        match column {
            Column::Field(field) => Cow::Borrowed(field.key()),
            Column::Attribute(path) => Cow::Owned(format!("attributes.{}", data.name(path).raw())),
        }
    }

    /// What stands in a value's place: safe to print, and short.
    pub fn stand_in(&self, kind: Personal, value: &str) -> String {
        let (dot, gap, tie) = if self.ascii { ('*', "...", '#') } else { ('•', "…", '·') };
        let tag = self.tag(value);
        let (dots, few) = (String::from_iter([dot; 3]), String::from_iter([dot; 2]));
        match kind {
            Personal::Email => {
                let (local, domain) = value.rsplit_once('@').unwrap_or((value, ""));
                let last = domain.rsplit_once('.').map_or("", |(_, last)| last);
                let known = (2..=6).contains(&last.len()) && last.bytes().all(|b| b.is_ascii_alphabetic());
                let last = if known { format!(".{last}") } else { String::new() };
                format!("{}{few}@{few}{last}{tie}{tag}", initial(local))
            }
            Personal::Phone => {
                let digits: Vec<char> = value.chars().filter(char::is_ascii_digit).collect();
                let end: String = match digits.len() {
                    LEAST_DIGITS.. => digits[digits.len() - 2..].iter().collect(),
                    _ => String::new(),
                };
                format!("{dots}{gap}{end}{tie}{tag}")
            }
            Personal::Name => format!("{}{few}{tie}{tag}", initial(value)),
            Personal::Attribute => format!("{dots}{tie}{tag}"),
        }
    }

    /// Two letters that equal values share.
    fn tag(&self, value: &str) -> String {
        let mut hasher = SipHasher13::new_with_keys(self.key.0, self.key.1);
        hasher.write(&value.as_bytes()[..value.len().min(HASHED)]);
        hasher.write_usize(value.len());
        let hash = hasher.finish();
        [hash, hash >> 5].iter().map(|part| char::from(LETTERS[(part & 31) as usize])).collect()
    }
}

/// The first letter of a text with enough others behind it.
fn initial(text: &str) -> String {
    let first = text.chars().next().filter(|c| c.is_alphabetic() && text.chars().nth(2).is_some());
    first.map_or_else(String::new, String::from)
}

/// Whether a text is like a pattern, in which `*` stands for any characters and `?` for one.
fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                // The last star takes one more.
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (p, t) = (at + 1, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr as _;

    pub(super) fn mask() -> Mask {
        Mask::new(true, &["ssn".into(), "address.*".into()], (1, 2), false)
    }

    #[test]
    fn personal_fields_and_named_attributes_are_known_by_their_paths() {
        for (path, kind) in [
            ("email", Some(Personal::Email)),
            ("phone", Some(Personal::Phone)),
            ("first_name", Some(Personal::Name)),
            ("lastName", Some(Personal::Name)),
            ("id", None),
            ("tags", None),
            ("attributes", None),
            ("modified_date", None),
            ("attributes.score", None),
            ("attributes.SSN", Some(Personal::Attribute)),
            ("attributes.person.ssn", Some(Personal::Attribute)),
            ("attributes.ssn.digits", Some(Personal::Attribute)),
            ("attributes.address.city", Some(Personal::Attribute)),
            ("attributes.address.geo.lat", Some(Personal::Attribute)),
            ("attributes.address", None),
            ("attributes.passnumber", None),
            ("attributes.contact.Email", Some(Personal::Email)),
        ] {
            assert_eq!(mask().kind(path), kind, "{path}");
        }
    }

    #[test]
    fn stand_ins_tell_values_apart_and_nothing_else() {
        let mask = mask();
        for (kind, value, like) in [
            (Personal::Email, "ada@example.com", "a••@••.com·"),
            (Personal::Email, "ad@example", "••@••·"),
            (Personal::Email, "no address", "n••@••·"),
            (Personal::Phone, "15550100021", "•••…21·"),
            (Personal::Phone, "555", "•••…·"),
            (Personal::Name, "Ada", "A••·"),
            (Personal::Name, "Li", "••·"),
            (Personal::Name, "\u{1b}[31m", "••·"),
            (Personal::Attribute, "123-45-6789", "•••·"),
        ] {
            let shown = mask.stand_in(kind, value);
            assert!(shown.starts_with(like) && shown.width() == like.width() + 2, "{value}: {shown}");
            assert_eq!(shown, mask.stand_in(kind, value));
        }
        let of = |value: &str| mask.stand_in(Personal::Name, value);
        assert_ne!(of("Ada Lovelace"), of("Ada Byron"));
        let other = Mask::new(true, &[], (3, 4), false);
        assert_ne!(other.stand_in(Personal::Name, "Ada"), of("Ada"), "another session has another key");
        let ascii = Mask::new(true, &[], (1, 2), true);
        for kind in [Personal::Email, Personal::Phone, Personal::Name, Personal::Attribute] {
            assert!(ascii.stand_in(kind, "ada@example.com").is_ascii());
        }
    }

    #[test]
    fn one_value_is_revealed_and_its_neighbours_are_not() {
        let mut mask = mask();
        mask.reveal(3, "attributes.address");
        assert_eq!(mask.hides(Some(3), "attributes.address.city"), None);
        for (row, path) in
            [(Some(4), "attributes.address.city"), (None, "attributes.address.city"), (Some(3), "email")]
        {
            assert!(mask.hides(row, path).is_some(), "{row:?} {path}");
        }
        assert!(mask.conceal() && !mask.conceal());
        assert!(mask.hides(Some(3), "attributes.address.city").is_some());
        mask.set(false);
        assert_eq!(mask.hides(Some(3), "email"), None);
    }

    #[test]
    fn patterns_stand_for_what_they_say() {
        for (pattern, text, is) in [
            ("*", "", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*b*", "abab", true),
            ("", "a", false),
        ] {
            assert_eq!(is_like(pattern, text), is, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_stand_in_is_short_and_clean(value in "\\PC{0,40}|[\\x00-\\x1f@.0-9\u{202e}]{0,12}") {
            let mask = mask();
            for kind in [Personal::Email, Personal::Phone, Personal::Name, Personal::Attribute] {
                let shown = mask.stand_in(kind, &value);
                prop_assert!(shown.width() <= 20, "{shown}");
                prop_assert_eq!(crate::engine::text::clean(&shown), &*shown);
            }
        }
    }
}
