//! Which page comes next, and which never does.
//!
//! `nextPageUrl` decides whether there is more. Where its query differs from the request's only in `page`,
//! pages are numbered and later ones may be asked for side by side; otherwise it is a cursor, followed one by
//! one. Source: contract "wire", *Paging*, and faults "Paging".

use percent_encoding::percent_decode_str;
use url::Url;

use crate::engine::options::Service;
use crate::engine::query::{Id, Query};
use crate::wire::crm_v2;

/// Escapes of escapes that a path may have: nobody needs more than two.
const MOST_ESCAPES: usize = 8;

/// Where a page says that more can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nowhere: it was the last.
    End,
    /// At the same URL with the next page number.
    Numbered,
    /// At a URL of the service's own making.
    Cursor(Url),
}

/// The URL of one page of one batch.
pub fn page_url(service: &Service, query: &Query, ids: &[Id], page: u32) -> Url {
    let ids: Vec<&str> = ids.iter().map(Id::as_str).collect();
    let filter = filter(service, query);
    let fields = service.asks_for(query.fields()).to_string();
    let mut url = service.base_url.clone();
    url.set_path(crm_v2::CONTACTS_PATH);
    url.set_query(Some(&crm_v2::contacts_query(&fields, query.page_size(), page, &ids, filter.as_deref())));
    url
}

/// Segments by the tenant's template, joined with the user's own filter; both in parentheses where there are
/// both. A quote inside a segment's ID is doubled.
pub fn filter(service: &Service, query: &Query) -> Option<String> {
    let segments = (!query.segments().is_empty()).then(|| {
        let ids: Vec<_> = query.segments().iter().map(|id| id.as_str().replace('\'', "''")).collect();
        if service.segment_template.contains("{ids}") {
            service.segment_template.replace("{ids}", &ids.join(","))
        } else {
            // A template for one segment: any of them, so joined with `or`.
            let each: Vec<_> = ids.iter().map(|id| service.segment_template.replace("{id}", id)).collect();
            each.join(" or ")
        }
    });
    match (segments, query.filter()) {
        (None, None) => None,
        (Some(segments), None) => Some(segments),
        (None, Some(own)) => Some(own.on_one_line().into_owned()),
        (Some(segments), Some(own)) => Some(format!("({segments}) and ({})", own.on_one_line())),
    }
}

/// A place in the filter as it is sent, as one in the user's own; `None` where it lies outside of that. Characters, from 1.
pub fn own_place(service: &Service, query: &Query, sent: usize) -> Option<usize> {
    let own = query.filter()?.as_str().chars().count();
    // The user's own stands last, and behind it nothing but a parenthesis.
    let before = if query.segments().is_empty() {
        0
    } else {
        filter(service, query)?.chars().count().checked_sub(own + 1)?
    };
    sent.checked_sub(before).filter(|place| (1..=own + 1).contains(place))
}

/// What the next page's URL means, seen from the page that was asked for at `current`.
///
/// # Errors
/// Why it will not be asked: another origin, user information, a path outside the API's own.
pub fn next(service: &Service, current: &Url, said: Option<&str>) -> Result<Next, String> {
    let Some(said) = said.map(str::trim).filter(|s| !s.is_empty()) else { return Ok(Next::End) };
    let mut url =
        current.join(said).map_err(|error| format!("the next page's URL cannot be read: {error}"))?;
    url.set_fragment(None);
    let base = &service.base_url;
    if url.origin() != base.origin() {
        let origin = url.origin().ascii_serialization();
        return Err(format!(
            "the next page is on another origin ({origin}, not {})",
            base.origin().ascii_serialization()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the next page's URL carries user information".into());
    }
    let own = crm_v2::CONTACTS_PATH;
    let below = url.path().strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if !below {
        return Err(format!("the next page is outside {own}: {}", url.path()));
    }
    if climbs(url.path()) {
        return Err(format!("the next page's path climbs: {}", url.path()));
    }
    if numbered(current, &url) { Ok(Next::Numbered) } else { Ok(Next::Cursor(url)) }
}

/// Whether a path leads upwards in the eyes of a server that takes off its escapes, once or more often, or what stands
/// behind a semicolon. The steps that are plain were gone when the URL was read.
fn climbs(path: &str) -> bool {
    let up = |step: &str| matches!(step.split(';').next(), Some("." | ".."));
    let mut path = path.to_owned();
    for _ in 0..MOST_ESCAPES {
        if path.split(['/', '\\']).any(up) {
            return true;
        }
        let plain = percent_decode_str(&path).decode_utf8_lossy().into_owned();
        if plain == path {
            return false;
        }
        path = plain;
    }
    true
}

/// The URL with its page number raised.
pub fn ahead(url: &Url, by: u32) -> Url {
    let page = url.query_pairs().find(|(name, _)| name == "page").and_then(|(_, n)| n.parse::<u32>().ok());
    let page = page.unwrap_or(1).saturating_add(by);
    let pairs = url.query().unwrap_or_default().split('&').map(|pair| match pair.split_once('=') {
        Some(("page", _)) => format!("page={page}"),
        _ => pair.to_owned(),
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    let mut url = url.clone();
    url.set_query(Some(&query));
    url
}

/// What a URL asks for, however its query is ordered and spelled: for telling whether a page was visited.
pub fn canonical(url: &Url) -> String {
    let mut pairs: Vec<_> = url.query_pairs().collect();
    pairs.sort_unstable();
    let mut canonical = url.clone();
    canonical.query_pairs_mut().clear().extend_pairs(pairs);
    canonical.into()
}

/// Whether `next` is `current` with its page number one higher and nothing else changed.
fn numbered(current: &Url, next: &Url) -> bool {
    let split = |url: &Url| {
        let (mut page, mut rest) = (None, Vec::new());
        for (name, value) in url.query_pairs() {
            if name == "page" {
                page = value.parse::<u32>().ok();
            } else {
                rest.push((name.into_owned(), value.into_owned()));
            }
        }
        rest.sort_unstable();
        (page, rest)
    };
    let ((page, rest), (next_page, next_rest)) = (split(current), split(next));
    current.path() == next.path()
        && rest == next_rest
        && page.zip(next_page).is_some_and(|(page, next)| page.checked_add(1) == Some(next))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::engine::query::Draft;

    fn service() -> Service {
        let base = Url::parse("https://acme.my.cxone.com").unwrap();
        Service::new("acme", base, "me", SecretString::from("secret"))
    }

    fn query(segments: &[&str], filter: &str) -> Query {
        let segments = segments.iter().map(|s| (*s).to_owned()).collect();
        Draft { ids: vec!["A".into()], segments, filter: filter.into(), ..Draft::default() }.check().unwrap()
    }

    #[test]
    fn a_place_in_what_is_sent_is_one_in_what_was_written() {
        let service = service();
        let alone = query(&[], "plan = 'gold'");
        assert_eq!(own_place(&service, &alone, 6), Some(6));
        assert_eq!(own_place(&service, &alone, 99), None);
        let both = query(&["A"], "plan\n= 'go\nld'");
        let sent = filter(&service, &both).unwrap();
        assert!(sent.ends_with(" and (plan = 'go\nld')"), "{sent}");
        let at = sent.chars().position(|c| c == '=').unwrap() + 1;
        assert_eq!(own_place(&service, &both, at), Some(6));
        assert_eq!(own_place(&service, &both, 3), None, "that is ours");
        assert_eq!(own_place(&service, &query(&["A"], ""), 3), None);
    }

    #[test]
    fn segments_and_filter_join_in_parentheses() {
        let service = service();
        assert_eq!(filter(&service, &query(&[], "")), None);
        assert_eq!(
            filter(&service, &query(&["SEG-A", "SEG'B"], "")).unwrap(),
            "segmentIds contains 'SEG-A,SEG''B'"
        );
        assert_eq!(
            filter(&service, &query(&["A"], "email eq 'x'")).unwrap(),
            "(segmentIds contains 'A') and (email eq 'x')"
        );
        let any = Service { segment_template: "segmentIds/any(s:s eq '{id}')".into(), ..service };
        assert_eq!(
            filter(&any, &query(&["A", "B"], "")).unwrap(),
            "segmentIds/any(s:s eq 'A') or segmentIds/any(s:s eq 'B')"
        );
    }

    #[test]
    fn next_pages_are_numbered_followed_or_refused() {
        let service = service();
        let url = page_url(&service, &query(&["S"], "email eq 'a+b@example.com'"), &[], 3);
        let other = url.as_str().replace("page=3", "page=4");
        assert_eq!(next(&service, &url, None), Ok(Next::End));
        assert_eq!(next(&service, &url, Some(" ")), Ok(Next::End));
        assert_eq!(next(&service, &url, Some(&other)), Ok(Next::Numbered));
        let relative = other.strip_prefix("https://acme.my.cxone.com").unwrap();
        assert_eq!(next(&service, &url, Some(relative)), Ok(Next::Numbered));
        let plus = other.replace("%20", "+");
        assert_eq!(next(&service, &url, Some(&plus)), Ok(Next::Numbered), "a + reads as a space");
        let cursor = "/api/v2/crm/contacts?cursor=abc";
        assert!(matches!(next(&service, &url, Some(cursor)), Ok(Next::Cursor(_))));
        let skip = url.as_str().replace("page=3", "page=9");
        assert!(matches!(next(&service, &url, Some(&skip)), Ok(Next::Cursor(_))));
        for bad in [
            "https://evil.example/api/v2/crm/contacts?page=4",
            "//evil.example/api/v2/crm/contacts?page=4",
            "http://acme.my.cxone.com/api/v2/crm/contacts?page=4",
            "https://acme.my.cxone.com:8443/api/v2/crm/contacts?page=4",
            "https://user:pass@acme.my.cxone.com/api/v2/crm/contacts?page=4",
            "/api/v2/admin?page=4",
            "/api/v2/crm/contacts/../webhooks",
            "/api/v2/crm/contactsX",
            "/api/v2/crm/contacts/..%2fwebhooks",
            "/api/v2/crm/contacts/..%5Cwebhooks",
            "/api/v2/crm/contacts/%252e%252e/webhooks",
            "/api/v2/crm/contacts/..;/webhooks",
            "https://[bad",
            "javascript:alert(1)",
        ] {
            assert!(next(&service, &url, Some(bad)).is_err(), "{bad}");
        }
    }
}
