//! The dialect `crm-v2`: paths, parameters, bodies. Source: contract "The wire", *crm-v2*.

mod body;
mod error;
mod scan;
mod token;
mod webhook;

pub use body::{PageBody, PageError, page};
pub use error::{Challenge, ErrorBody, challenge, error_body};
pub use token::{TokenBody, TokenError, token};
pub use webhook::{WebhookBody, WebhookRequest, webhook, webhooks};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Where tokens come from.
pub const TOKEN_PATH: &str = "/api/v2/oauth/token";
/// Where profiles come from.
pub const CONTACTS_PATH: &str = "/api/v2/crm/contacts";
/// Where webhooks are registered.
pub const WEBHOOKS_PATH: &str = "/api/v2/crm/webhooks";

/// Everything but the unreserved characters of RFC 3986 §2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The query string of one page: `fields=a,b&pageSize=50&page=1[&ids=A,B][&filter=…]`.
///
/// A space is `%20`; every reserved character inside a value is escaped, `+` too. The commas between list
/// items are the service's own and stay.
pub fn contacts_query(fields: &str, page_size: u32, page: u32, ids: &[&str], filter: Option<&str>) -> String {
    let mut query = format!("fields={fields}&pageSize={page_size}&page={page}");
    for (i, id) in ids.iter().enumerate() {
        query.push_str(if i == 0 { "&ids=" } else { "," });
        query.extend(utf8_percent_encode(id, RESERVED));
    }
    if let Some(filter) = filter {
        query.push_str("&filter=");
        query.extend(utf8_percent_encode(filter, RESERVED));
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_string_is_the_contracts() {
        assert_eq!(
            contacts_query("id,email", 50, 3, &["A", "B&C"], Some("email eq 'a+b@example.com'")),
            "fields=id,email&pageSize=50&page=3&ids=A,B%26C&filter=email%20eq%20%27a%2Bb%40example.com%27"
        );
        assert_eq!(contacts_query("id", 1, 1, &[], None), "fields=id&pageSize=1&page=1");
    }
}
