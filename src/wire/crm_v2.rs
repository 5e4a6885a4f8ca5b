//! The default dialect: `/api/v2/crm/…`. Paths, query strings, and what the bodies mean.
//!
//! Everything here is pure: text in, text or structs out. Source: contract "wire", *crm-v2*.

mod errors;
mod page;
mod scan;
mod token;
mod webhook;

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use errors::{Challenge, ErrorBody, challenge, error_body};
pub use page::{NotText, PageBody, PageError, page};
pub use token::{ExpiresIn, TokenBody, TokenError, token};
pub use webhook::{EVENTS, NewWebhook, Registration, WebhookError, registration, registrations};

/// Where tokens come from.
pub const TOKEN_PATH: &str = "/api/v2/oauth/token";
/// Where profiles come from.
pub const CONTACTS_PATH: &str = "/api/v2/crm/contacts";
/// Where webhooks are registered.
pub const WEBHOOKS_PATH: &str = "/api/v2/crm/webhooks";

/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The query string of a page of profiles: `fields=a,b&pageSize=50&page=1[&ids=A,B][&filter=…]`.
///
/// Commas stand as they are between the items of a list; everything else that is not unreserved is
/// percent-encoded, a space as `%20`.
pub fn contacts_query(fields: &str, page_size: u32, page: u32, ids: &[&str], filter: Option<&str>) -> String {
    let filter_len = filter.map_or(0, str::len);
    let mut out = String::with_capacity(64 + fields.len() + ids.len() * 16 + filter_len * 2);
    out.push_str("fields=");
    push_list(&mut out, fields.split(','));
    // Writing to a String cannot fail.
    let _ = write!(out, "&pageSize={page_size}&page={page}");
    if !ids.is_empty() {
        out.push_str("&ids=");
        push_list(&mut out, ids.iter().copied());
    }
    if let Some(filter) = filter {
        out.push_str("&filter=");
        out.extend(utf8_percent_encode(filter, RESERVED));
    }
    out
}

/// The path of one registration, its ID percent-encoded.
pub fn webhook_path(id: &str) -> String {
    format!("{WEBHOOKS_PATH}/{}", utf8_percent_encode(id, RESERVED))
}

fn push_list<'a>(out: &mut String, items: impl Iterator<Item = &'a str>) {
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.extend(utf8_percent_encode(item, RESERVED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_query_has_the_contracts_form() {
        assert_eq!(contacts_query("id,email", 50, 1, &[], None), "fields=id,email&pageSize=50&page=1");
        assert_eq!(
            contacts_query("id", 50, 3, &["PROF-001", "PROF-002"], Some("segmentIds contains 'SEG-A,SEG-B'")),
            "fields=id&pageSize=50&page=3&ids=PROF-001,PROF-002\
             &filter=segmentIds%20contains%20%27SEG-A%2CSEG-B%27"
        );
    }

    #[test]
    fn reserved_characters_are_escaped_inside_values() {
        assert_eq!(
            contacts_query("id", 1, 1, &["a+b", "c&d=e#f/%", "ü"], Some("x eq '1+1'")),
            "fields=id&pageSize=1&page=1&ids=a%2Bb,c%26d%3De%23f%2F%25,%C3%BC&filter=x%20eq%20%271%2B1%27"
        );
        assert_eq!(webhook_path("../x?y"), "/api/v2/crm/webhooks/..%2Fx%3Fy");
    }

    proptest! {
        #[test]
        fn a_server_reads_what_was_meant(ids in prop::collection::vec("[^,]{1,12}", 1..5), filter in "\\PC{1,40}") {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let query = contacts_query("id,email", 50, 7, &ids, Some(&filter));
            let read: Vec<(String, String)> =
                url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let expected = [
                ("fields", "id,email".to_owned()),
                ("pageSize", "50".to_owned()),
                ("page", "7".to_owned()),
                ("ids", ids.join(",")),
                ("filter", filter),
            ];
            let expected: Vec<_> = expected.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
            prop_assert_eq!(read, expected);
        }
    }
}
