//! A page of profiles: its rows as slices of the body, and what says whether there is more.

use std::borrow::Cow;
use std::fmt;

use super::errors::{ErrorBody, error_body};
use super::scan::{Cut, Scanner};

/// A page as received. The rows are not parsed, and need not be valid: see `engine::pipeline`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageBody<'a> {
    /// One slice of the body a row, without the white space around it.
    pub items: Vec<&'a [u8]>,
    /// `nextPageUrl`, where it is neither null, missing nor empty; or what it is instead of text: the rows are
    /// there all the same.
    pub next: Result<Option<Cow<'a, str>>, NotText>,
    /// `total`, else `totalCount`: a number or numeric text; anything else is as if missing.
    pub total: Option<u64>,
}

/// A value that should be text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotText {
    /// What it is instead: `a number`.
    pub what: &'static str,
    /// The value as received, or its beginning.
    pub value: String,
}

/// Why a body is no page. None of these is ever an empty page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageError {
    /// Nothing, or white space alone.
    Empty,
    /// The body ends in the middle.
    Cut,
    /// Markup: a captive portal, a proxy, a login page.
    Html,
    /// Not JSON, from this byte of the body on.
    NotJson(usize),
    /// JSON of another type than an object: `a list`.
    NotAnObject(&'static str),
    /// An object without `items` and without `error`.
    NoItems,
    /// `items` has another type than a list: `null`.
    ItemsNotAList(&'static str),
    /// A success that says it is an error.
    Refused(Box<ErrorBody>),
}

impl PageError {
    /// Whether asking again may help: the body was damaged on the way rather than meant like this.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Empty | Self::Cut | Self::NotJson(_))
    }
}

/// The cause, without any value of the body but the service's own message.
impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the body is empty"),
            Self::Cut => f.write_str("the body is cut off in the middle"),
            Self::Html => f.write_str("the body is HTML, not JSON"),
            Self::NotJson(at) => write!(f, "the body is not JSON from byte {at} on"),
            Self::NotAnObject(what) => write!(f, "the body is {what}, not an object with items"),
            Self::NoItems => f.write_str("the body has no items"),
            Self::ItemsNotAList(what) => write!(f, "items is {what}, not a list"),
            Self::Refused(body) => write!(f, "the service answers 200 with an error: {body}"),
        }
    }
}

impl std::error::Error for PageError {}

impl From<Cut> for PageError {
    fn from(_: Cut) -> Self {
        Self::Cut
    }
}

/// Cuts a body into its rows.
///
/// # Errors
/// Whatever is no page: see [`PageError`].
pub fn page(body: &[u8]) -> Result<PageBody<'_>, PageError> {
    let mut scanner = Scanner::new(body);
    match scanner.peek() {
        None => return Err(PageError::Empty),
        Some(b'{') => scanner.step(),
        Some(b'<') => return Err(PageError::Html),
        Some(b'[') => return Err(PageError::NotAnObject("a list")),
        Some(_) => return Err(not_an_object(body, scanner.offset())),
    }
    let mut items = Items::Missing;
    let mut next = Ok(None);
    let mut error = None;
    let mut totals = [None, None];
    let mut first = true;
    loop {
        match scanner.peek().ok_or(Cut)? {
            b'}' if first => break,
            b'"' => {}
            _ => return Err(PageError::NotJson(scanner.offset())),
        }
        first = false;
        let key = scanner.text()?;
        if scanner.peek().ok_or(Cut)? != b':' {
            return Err(PageError::NotJson(scanner.offset()));
        }
        scanner.step();
        match plain(key).as_deref() {
            Some("items") if scanner.peek() == Some(b'[') => items = Items::Rows(rows(&mut scanner)?),
            Some("items") => items = Items::Other(type_name(scanner.value()?)),
            Some("nextPageUrl") => next = next_page(scanner.value()?),
            Some("total") => totals[0] = count(scanner.value()?),
            Some("totalCount") => totals[1] = count(scanner.value()?),
            Some("error") => error = Some(scanner.value()?),
            _ => {
                scanner.value()?;
            }
        }
        match scanner.peek().ok_or(Cut)? {
            b',' => scanner.step(),
            b'}' => break,
            _ => return Err(PageError::NotJson(scanner.offset())),
        }
    }
    scanner.step();
    if scanner.peek().is_some() {
        return Err(PageError::NotJson(scanner.offset()));
    }
    let refused = error.is_some_and(|e| !matches!(e, b"null" | b"false" | b"\"\"" | b"{}" | b"[]" | b""));
    match items {
        Items::Rows(items) if !(refused && items.is_empty()) => {
            Ok(PageBody { items, next, total: totals[0].or(totals[1]) })
        }
        _ if refused => Err(PageError::Refused(Box::new(error_body(None, body)))),
        Items::Other(what) => Err(PageError::ItemsNotAList(what)),
        Items::Missing | Items::Rows(_) => Err(PageError::NoItems),
    }
}

/// What stood under `items`; of several the last counts, as with every key.
enum Items<'a> {
    Missing,
    Rows(Vec<&'a [u8]>),
    Other(&'static str),
}

fn rows<'a>(scanner: &mut Scanner<'a>) -> Result<Vec<&'a [u8]>, PageError> {
    scanner.step();
    let mut rows = Vec::new();
    if scanner.peek() == Some(b']') {
        scanner.step();
        return Ok(rows);
    }
    loop {
        rows.push(scanner.value()?);
        match scanner.peek().ok_or(Cut)? {
            b',' => scanner.step(),
            b']' => {
                scanner.step();
                return Ok(rows);
            }
            _ => return Err(PageError::NotJson(scanner.offset())),
        }
    }
}

/// A text with its quotes as what it spells; borrowed where nothing is escaped.
fn plain(quoted: &[u8]) -> Option<Cow<'_, str>> {
    if quoted.contains(&b'\\') {
        return serde_json::from_slice(quoted).ok().map(Cow::Owned);
    }
    serde_json::from_slice(quoted).ok().map(Cow::Borrowed)
}

fn next_page(value: &[u8]) -> Result<Option<Cow<'_, str>>, NotText> {
    match value {
        b"null" => Ok(None),
        [b'"', ..] => match plain(value) {
            Some(url) if url.is_empty() => Ok(None),
            Some(url) => Ok(Some(url)),
            None => Err(NotText::of("a text that cannot be read", value)),
        },
        other => Err(NotText::of(type_name(other), other)),
    }
}

impl NotText {
    fn of(what: &'static str, value: &[u8]) -> Self {
        /// Bytes that are kept.
        const MOST: usize = 80;
        let mut kept = String::from_utf8_lossy(&value[..value.len().min(MOST)]).into_owned();
        if value.len() > MOST {
            kept.push('…');
        }
        Self { what, value: kept }
    }
}

fn count(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    text.trim_matches('"').trim().parse().ok()
}

/// What a value is, by its first byte.
fn type_name(value: &[u8]) -> &'static str {
    match value.first() {
        None => "nothing",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "a number",
        Some(_) => "not JSON",
    }
}

fn not_an_object(body: &[u8], at: usize) -> PageError {
    match serde_json::from_slice::<serde::de::IgnoredAny>(&body[at..]) {
        Ok(_) => PageError::NotAnObject(type_name(&body[at..])),
        Err(_) => PageError::NotJson(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    fn items<'a>(page: &PageBody<'a>) -> Vec<&'a str> {
        page.items.iter().map(|row| std::str::from_utf8(row).unwrap()).collect()
    }

    #[test]
    fn the_contracts_page() {
        let body = br#"{"items":[{"id":"PROF-001","email":"Ada@Example.com"}, {"id":"PROF-002"} ],
            "nextPageUrl":"/api/v2/crm/contacts?fields=id&pageSize=50&page=2","total":10000}"#;
        let page = page(body).unwrap();
        assert_eq!(items(&page), [r#"{"id":"PROF-001","email":"Ada@Example.com"}"#, r#"{"id":"PROF-002"}"#]);
        let next = "/api/v2/crm/contacts?fields=id&pageSize=50&page=2";
        assert!(matches!(page.next, Ok(Some(Cow::Borrowed(said))) if said == next));
        assert_eq!(page.total, Some(10_000));
    }

    #[test]
    fn an_empty_page_is_a_page() {
        for body in [
            r#"{"items":[]}"#,
            r#"{"items": [ ] ,"nextPageUrl":null}"#,
            r#"{"nextPageUrl":"","items":[]}"#,
            "\u{feff} {\"items\":[],\"error\":null}\r\n",
            r#"{"\u0069tems":[]}"#,
        ] {
            assert_eq!(
                page(body.as_bytes()),
                Ok(PageBody { items: vec![], next: Ok(None), total: None }),
                "{body}"
            );
        }
    }

    #[test]
    fn next_page_url_is_text_or_nothing() {
        let next = |value: &str| {
            let body = format!(r#"{{"nextPageUrl":{value},"items":[1]}}"#);
            page(body.as_bytes()).unwrap().next.map(|next| next.map(Cow::into_owned))
        };
        assert_eq!(next(r#""\/x?page=2""#), Ok(Some("/x?page=2".into())));
        for (value, what) in [
            ("7", "a number"),
            ("{}", "an object"),
            ("true", "a boolean"),
            ("[\"/x?page=2\"]", "a list"),
            ("\"\\ud800\"", "a text that cannot be read"),
            ("\"a\nb\"", "a text that cannot be read"),
        ] {
            assert_eq!(next(value), Err(NotText { what, value: value.into() }), "{value}");
        }
        let long = next(&format!("[{}]", "1,".repeat(99))).unwrap_err().value;
        assert!(long.starts_with("[1,1,") && long.ends_with('…') && long.len() < 100, "{long}");
    }

    #[test]
    fn a_total_is_read_where_it_makes_sense() {
        let total = |members: &str| page(format!(r#"{{"items":[],{members}}}"#).as_bytes()).unwrap().total;
        assert_eq!(total(r#""total":12"#), Some(12));
        assert_eq!(total(r#""totalCount":"12""#), Some(12));
        assert_eq!(total(r#""total":"many","totalCount":7"#), Some(7));
        for nonsense in
            [r#""total":-1"#, r#""total":1.5"#, r#""total":null"#, r#""total":{"n":1}"#, r#""total":"""#]
        {
            assert_eq!(total(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn what_is_no_page_is_an_error_of_its_own() {
        let cases: [(&str, PageError); 15] = [
            ("", PageError::Empty),
            (" \r\n", PageError::Empty),
            ("\u{feff}", PageError::Empty),
            ("<!DOCTYPE html><html>", PageError::Html),
            ("[]", PageError::NotAnObject("a list")),
            ("null", PageError::NotAnObject("null")),
            ("\"x\"", PageError::NotAnObject("a text")),
            ("upstream timed out", PageError::NotJson(0)),
            ("{}", PageError::NoItems),
            (r#"{"data":[]}"#, PageError::NoItems),
            (r#"{"items":null}"#, PageError::ItemsNotAList("null")),
            (r#"{"items":{"id":1}}"#, PageError::ItemsNotAList("an object")),
            (r#"{"items":[]}x"#, PageError::NotJson(12)),
            (r#"{"items":[] "next":1}"#, PageError::NotJson(12)),
            (r"{items:[]}", PageError::NotJson(1)),
        ];
        for (body, expected) in cases {
            assert_eq!(page(body.as_bytes()), Err(expected), "{body}");
        }
    }

    #[test]
    fn an_error_with_status_200_is_an_error() {
        for body in [
            r#"{"error":{"code":"E17","message":"schema"}}"#,
            r#"{"items":[],"error":"schema"}"#,
            r#"{"error":"x","items":null}"#,
        ] {
            assert!(matches!(page(body.as_bytes()), Err(PageError::Refused(_))), "{body}");
        }
        let rows = page(br#"{"error":"partial","items":[1]}"#).unwrap();
        assert_eq!(rows.items.len(), 1);
    }

    #[test]
    fn a_body_cut_anywhere_is_never_a_page() {
        let body = br#"{"items":[{"id":"a","n":[1,2]},{"id":"b\\"}],"nextPageUrl":null,"total":2}"#;
        assert!(page(body).is_ok());
        for end in 1..body.len() {
            assert_eq!(page(&body[..end]), Err(PageError::Cut), "{end}");
        }
    }

    #[test]
    fn a_bad_row_costs_itself_and_not_its_page() {
        let deep = [vec![b'['; 5_000], vec![b']'; 5_000]].concat();
        let bad: [&[u8]; 9] = [
            b"{\"id\":\"\xff\"}",
            b"{\"id\":\"a\nb\"}",
            b"{\"id\":NaN}",
            b"{\"id\":1e999}",
            br#"{"id":"\ud800"}"#,
            br#"{"id":}"#,
            br#"{"id":[1}"#,
            b"nonsense",
            &deep,
        ];
        for row in bad {
            let body = [br#"{"items":[{"id":"1"},"#, row, br#",{"id":"3"}],"total":3}"#].concat();
            let page = page(&body).unwrap_or_else(|e| panic!("{}: {e}", String::from_utf8_lossy(row)));
            assert_eq!(page.items, [br#"{"id":"1"}"# as &[u8], row, br#"{"id":"3"}"#]);
            assert_eq!(page.total, Some(3));
        }
    }

    #[derive(serde::Deserialize)]
    struct Reference<'a> {
        #[serde(borrow)]
        items: Vec<&'a RawValue>,
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "\\PC{0,8}|[\"\\\\\\[\\]{},:\n]{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::vec(("[a-z\"\\\\{}]{0,4}", inner), 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn valid_pages_are_cut_as_a_strict_parser_cuts_them(
            rows in prop::collection::vec(json(), 0..6), pretty in any::<bool>(), extra in json(),
        ) {
            let value = serde_json::json!({ "a": extra, "items": rows, "z": extra });
            let text =
                if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let reference: Reference<'_> = serde_json::from_str(&text).unwrap();
            let expected: Vec<&str> = reference.items.iter().map(|row| row.get()).collect();
            let page = page(text.as_bytes()).unwrap();
            prop_assert_eq!(items(&page), expected);
        }

        #[test]
        fn nothing_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = page(&body);
            let _ = page(&[br#"{"items":["#, body.as_slice(), b"]}"].concat());
        }
    }
}
