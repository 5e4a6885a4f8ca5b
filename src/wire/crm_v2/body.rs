//! A page's body, cut into rows without copying them.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::scan;

/// A page, its rows still JSON.
#[derive(Debug, PartialEq)]
pub struct PageBody<'a> {
    /// Each row as received: a slice of the body.
    pub items: Vec<&'a [u8]>,
    /// `nextPageUrl`, where it says that there is more.
    pub next: Option<Cow<'a, str>>,
    /// `total` or `totalCount`, where one is there and makes sense.
    pub total: Option<u64>,
}

/// Why a body is not a page. Never taken for an empty one. The texts hold no value of the body's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageError {
    /// Nothing in it.
    Empty,
    /// It ends in the middle.
    Cut,
    /// Not JSON; where it stops being that.
    NotJson(String),
    /// JSON, but no page: what it is instead.
    NotAPage(&'static str),
    /// `nextPageUrl` is neither text nor null.
    BadNext,
}

impl PageError {
    /// Whether the same request may get a page the next time.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Cut | Self::NotJson(_))
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the reply's body is empty where a page of profiles belongs"),
            Self::Cut => f.write_str("the reply's body ends in the middle of its JSON"),
            Self::NotJson(why) => write!(f, "the reply's body is not JSON ({why})"),
            Self::NotAPage(what) => write!(f, "the reply is {what}, not a page with a list of items"),
            Self::BadNext => f.write_str("nextPageUrl is neither text nor null"),
        }
    }
}

/// Takes a body apart: by `serde_json` where it is sound, by a scanner of our own where one bad row would
/// cost the whole page.
///
/// # Errors
/// Whatever is not an object with a list of `items`.
pub fn page(body: &[u8]) -> Result<PageBody<'_>, PageError> {
    // A byte-order mark is not JSON, and harmless (RFC 8259 §8.1).
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(PageError::Empty);
    }
    match sound(body) {
        Some(page) => page,
        None => scan::page(body),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sound<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    next_page_url: Option<&'a RawValue>,
    #[serde(borrow, default)]
    total: Option<&'a RawValue>,
    #[serde(borrow, default)]
    total_count: Option<&'a RawValue>,
}

fn sound(body: &[u8]) -> Option<Result<PageBody<'_>, PageError>> {
    let text = std::str::from_utf8(body).ok()?;
    let page: Sound<'_> = serde_json::from_str(text).ok()?;
    let items = page.items.into_iter().map(|row| row.get().as_bytes()).collect();
    let parts = scan::Parts {
        items: Some(items),
        next: page.next_page_url.map(|v| v.get().as_bytes()),
        total: page.total.or(page.total_count).map(|v| v.get().as_bytes()),
        error: false,
    };
    Some(parts.page())
}

impl<'a> scan::Parts<'a> {
    /// Makes a page of the parts that were found at the top level.
    pub(super) fn page(self) -> Result<PageBody<'a>, PageError> {
        let Some(items) = self.items else {
            let what = if self.error {
                "an error in disguise (200 with an error object)"
            } else {
                "an object without items"
            };
            return Err(PageError::NotAPage(what));
        };
        let next = match self.next {
            None | Some(b"null") => None,
            Some(raw) => {
                let text: Cow<'a, str> = text(raw).ok_or(PageError::BadNext)?;
                (!text.trim().is_empty()).then_some(text)
            }
        };
        Ok(PageBody { items, next, total: self.total.and_then(count) })
    }
}

fn text(raw: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_slice::<Text<'_>>(raw).ok().map(|t| t.0)
}

/// A count as a number or as text; anything else is no count.
fn count(raw: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(raw).ok()?.trim_matches('"');
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(body: &str) -> Vec<String> {
        let page = page(body.as_bytes()).unwrap();
        page.items.iter().map(|row| String::from_utf8_lossy(row).into_owned()).collect()
    }

    #[test]
    fn a_page_is_cut_into_its_rows() {
        let body =
            r#"{"items":[{"id":"A"}, {"id":"B","tags":["x","]"]}],"nextPageUrl":"/n?page=2","total":7}"#;
        let page = page(body.as_bytes()).unwrap();
        assert_eq!(rows(body), [r#"{"id":"A"}"#, r#"{"id":"B","tags":["x","]"]}"#]);
        assert_eq!(page.next.as_deref(), Some("/n?page=2"));
        assert_eq!(page.total, Some(7));
    }

    #[test]
    fn the_end_of_paging_has_many_spellings() {
        for body in
            [r#"{"items":[]}"#, r#"{"items":[],"nextPageUrl":null}"#, r#"{"items":[],"nextPageUrl":" "}"#]
        {
            assert_eq!(page(body.as_bytes()).unwrap().next, None, "{body}");
        }
        let odd = r#"{"items":[],"nextPageUrl":7}"#;
        assert_eq!(page(odd.as_bytes()), Err(PageError::BadNext));
    }

    #[test]
    fn totals_are_read_where_they_make_sense() {
        for (total, want) in [
            (r#""total":5"#, Some(5)),
            (r#""totalCount":"6""#, Some(6)),
            (r#""total":-1"#, None),
            (r#""total":{}"#, None),
        ] {
            let body = format!(r#"{{"items":[],{total}}}"#);
            assert_eq!(page(body.as_bytes()).unwrap().total, want, "{body}");
        }
    }

    #[test]
    fn one_bad_row_does_not_cost_the_page() {
        for bad in [
            &b"\"\xff\xfe\""[..],
            b"{\"id\":\"\x01\"}",
            b"{\"score\":NaN}",
            b"{\"id\":\"\\ud800\"}",
            b"{\"id\":}",
            b"nonsense",
            b"{\"a\":\"br]ack}ets,\",\"b\":-Infinity}",
        ] {
            let mut body = b"{\"items\":[{\"id\":\"A\"},".to_vec();
            body.extend_from_slice(bad);
            body.extend_from_slice(b" , {\"id\":\"B\"}],\"nextPageUrl\":\"/next\",\"total\":3}");
            let page = page(&body).unwrap();
            assert_eq!(page.items, [b"{\"id\":\"A\"}", bad, b"{\"id\":\"B\"}"], "{}", bad.escape_ascii());
            assert_eq!((page.next.as_deref(), page.total), (Some("/next"), Some(3)));
        }
    }

    #[test]
    fn a_row_that_is_too_deep_is_still_one_row() {
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        let body = format!(r#"{{"items":[{{"id":"A"}},{{"x":{deep}}},{{"id":"B"}}]}}"#);
        assert_eq!(rows(&body).len(), 3);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(rows("\u{feff}{\"items\":[1]}"), ["1"]);
    }

    #[test]
    fn what_is_no_page_is_never_an_empty_one() {
        for (body, want) in [
            ("", PageError::Empty),
            (" \n", PageError::Empty),
            (r#"{"items":[{"id":"A"},{"id""#, PageError::Cut),
            (r#"{"items":[{"id":"A"}"#, PageError::Cut),
            (r#"{"items":[{"id":"A"}]"#, PageError::Cut),
        ] {
            assert_eq!(page(body.as_bytes()), Err(want), "{body}");
        }
        for body in
            ["[]", "null", "7", r#"{"error":"x"}"#, r#"{"count":1}"#, r#"{"items":null}"#, r#"{"items":{}}"#]
        {
            assert!(
                matches!(page(body.as_bytes()), Err(PageError::NotAPage(_))),
                "{body}: {:?}",
                page(body.as_bytes())
            );
        }
        assert!(matches!(page(b"<html></html>"), Err(PageError::NotJson(_))));
        assert!(matches!(page(b"{\"items\":[1]} trailing"), Err(PageError::NotJson(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_page_or_an_error(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = page(&body);
        }

        #[test]
        fn the_scanner_agrees_with_serde_on_sound_pages(
            ids in proptest::collection::vec("\\PC{0,12}", 0..8),
            next in proptest::option::of("[a-z/?=]{1,9}"),
        ) {
            let rows: Vec<_> = ids.iter().map(|id| serde_json::json!({"id": id, "n": [1, {"x": "]}"}]})).collect();
            let body = serde_json::json!({"a": [1, "]"], "items": rows, "nextPageUrl": next, "total": 3}).to_string();
            prop_assert_eq!(sound(body.as_bytes()).unwrap(), scan::page(body.as_bytes()));
        }

        #[test]
        fn a_cut_body_is_never_a_shorter_page(at in 1_usize..59) {
            let body = br#"{"items":[{"id":"A"},{"id":"B"}],"nextPageUrl":null,"t":1}"#;
            prop_assert!(page(&body[..at.min(body.len() - 1)]).is_err());
        }
    }
}
