//! What a service names as its next page, a line each, seen from the page before: nothing is asked but what is on our
//! origin and below the API's path.

use cxlens::engine::fetch::paging::{Next, ahead, canonical, next, page_url};
use cxlens::engine::options::Service;
use cxlens::engine::query::Draft;
use cxlens::wire::crm_v2::CONTACTS_PATH;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Url;

pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let base = Url::parse("https://acme.my.cxone.com").expect("a URL");
    let service = Service::new("acme", base, "me", SecretString::from("secret"));
    let draft = Draft { segments: vec!["SEG-A".into()], ..Draft::default() };
    let mut current = page_url(&service, &draft.check().expect("a query"), &[], 1);
    for said in text.split('\n').take(16) {
        match next(&service, &current, Some(said)) {
            Ok(Next::End) => assert!(said.trim().is_empty()),
            Ok(Next::Numbered) => current = ahead(&current, 1),
            Ok(Next::Cursor(url)) => current = url,
            Err(reason) => assert!(!reason.is_empty()),
        }
        is_ours(&service, &current);
        is_ours(&service, &ahead(&current, 7));
        let same: Url = canonical(&current).parse().expect("a URL stays one");
        assert_eq!(canonical(&current), canonical(&same));
    }
}

fn is_ours(service: &Service, url: &Url) {
    assert_eq!(url.origin(), service.base_url.origin());
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    // Also in the eyes of a server that takes off the escapes before it looks, and takes them off again.
    let mut path = url.path().to_owned();
    for _ in 0..8 {
        let rest = path.strip_prefix(CONTACTS_PATH).unwrap_or_else(|| panic!("outside: {path}"));
        assert!(rest.is_empty() || rest.starts_with('/'), "{path}");
        for step in rest.split(['/', '\\']) {
            let step = step.split(';').next().unwrap_or_default();
            assert!(!matches!(step, "." | ".."), "it climbs: {url}");
        }
        path = percent_decode_str(&path).decode_utf8_lossy().into_owned();
    }
}
