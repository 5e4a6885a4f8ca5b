//! `--dry-run`: the plan on stdout.

use std::fmt::Write as _;

use super::summary::{counted, seconds};
use crate::engine::options::Service;
use crate::engine::plan::{Count, Plan};
use crate::engine::query::Query;
use crate::engine::query::reach::Reach;
use crate::engine::text::clean;
use crate::figures;

/// The plan as text, with what `note` says about its service and how far its filter reaches past retention.
pub fn describe(
    service: &Service,
    query: &Query,
    plan: &Plan,
    note: Option<&str>,
    reach: Option<Reach>,
) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "plan for {} ({})",
        clean(service.base_url.as_str().trim_end_matches('/')),
        service.tenant
    );
    if let Some(note) = note {
        let _ = writeln!(out, "  note      {note}");
    }
    if let Some(reach) = reach {
        let _ = writeln!(out, "  note      {reach}");
    }
    let _ = writeln!(out, "  asks for  {}", asked(query));
    let count = match plan.requests {
        Count::Exactly(n) => counted(n, "request"),
        Count::AtLeast(n) => format!("at least {}", counted(n, "request")),
    };
    let batches =
        if plan.batches > 1 { format!(" in {} batches of IDs", plan.batches) } else { String::new() };
    let _ = writeln!(
        out,
        "  sends     {count}{batches}, {} at once, and 1 for a token",
        service.bounds.concurrency
    );
    if let Some(rows) = plan.rows {
        let _ = writeln!(out, "  brings    at most {}", counted(rows, "profile"));
    }
    let least = if matches!(plan.requests, Count::AtLeast(_)) { "at least " } else { "about " };
    let time = plan.time.map_or_else(
        || "not known before the service was asked; --rate gives a bound".to_owned(),
        |time| {
            let rate = service.bounds.rate.map_or_else(String::new, |r| format!(" at {r} requests/s"));
            format!("{least}{}{rate}", seconds(time))
        },
    );
    let _ = writeln!(out, "  takes     {time}");
    let _ = writeln!(out, "  scopes    {}", query.scopes().join(" "));
    let first = if plan.batches > 1 { "the first request of each batch" } else { "the first request" };
    let _ = writeln!(out, "\n{first}, the next pages as the replies say:");
    for request in &plan.first {
        let _ = writeln!(out, "\n{} {}\n{}", request.method, request.url, request.curl());
    }
    out
}

fn asked(query: &Query) -> String {
    let mut parts = Vec::new();
    if !query.ids().is_empty() {
        parts.push(counted(query.ids().len() as u64, "ID"));
    }
    if !query.segments().is_empty() {
        parts.push(counted(query.segments().len() as u64, "segment"));
    }
    if query.filter().is_some() {
        parts.push("a filter".to_owned());
    }
    parts.push(counted(query.fields().len() as u64, "field"));
    if let Some(limit) = query.limit() {
        parts.push(format!("at most {}", figures::count(limit)));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::Known;
    use crate::engine::query::Draft;
    use crate::engine::retention::Window;
    use url::Url;

    fn described(draft: &Draft, rate: Option<f64>, note: Option<&str>) -> String {
        let url = Url::parse("https://acme.my.cxone.com").unwrap();
        let mut service = Service::new("acme", url, "me", secrecy::SecretString::from("hush"));
        service.bounds.rate = rate;
        let query = draft.check().unwrap();
        let known = Known { rate, burst: 1.0, ..Known::default() };
        let plan = Plan::of(&query, &service, known, |_| None).unwrap();
        let window = Window::until(jiff::Timestamp::constant(1_772_625_600, 0), 180);
        describe(&service, &query, &plan, note, Reach::of_query(&query, window))
    }

    #[test]
    fn the_plan_names_requests_time_and_scopes_and_no_secret() {
        let ids = (0..250).map(|i| format!("P{i}")).collect();
        let said = described(&Draft { ids, segments: vec!["S".into()], ..Draft::default() }, Some(2.0), None);
        for words in [
            "plan for https://acme.my.cxone.com (acme)",
            "250 IDs, 1 segment, 9 fields",
            "at least 3 requests in 3 batches of IDs, 5 at once",
            "at least 1.0 s at 2 requests/s",
            "crm:read cdp:read",
            "GET https://acme.my.cxone.com/api/v2/crm/contacts?",
            "curl -X GET -H \"Authorization: Bearer $CXONE_TOKEN\" 'https://",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert_eq!(said.matches("\nGET ").count(), 3);
        let ids = (0..250).map(|i| format!("P{i}")).collect();
        let said_of_ids = described(&Draft { ids, ..Draft::default() }, None, None);
        assert!(said_of_ids.contains("at most 250 profiles"), "{said_of_ids}");
        assert!(!said.contains("hush"));
    }

    #[test]
    fn a_filter_that_reaches_past_retention_is_warned_of() {
        let of = |filter: &str| described(&Draft { filter: filter.into(), ..Draft::default() }, None, None);
        let said = of("modifiedDate lt 2025-01-01");
        assert!(said.contains("  note      the filter reaches back without end"), "{said}");
        assert!(!of("modifiedDate ge 2026-01-01").contains("note"), "{said}");
    }

    #[test]
    fn what_is_not_known_is_not_told() {
        let said =
            described(&Draft { segments: vec!["S".into()], ..Draft::default() }, None, Some("a stand-in"));
        assert!(said.contains("not known before") && said.contains("at least 1 request,"), "{said}");
        assert!(said.contains("note      a stand-in") && !said.contains("brings"), "{said}");
    }
}
