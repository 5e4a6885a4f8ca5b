//! `GET /api/v2/crm/contacts`.
//!
//! `pageSize` is 1 to 1000 (50 when missing), `page` counts from 1, `ids` are at most 100, `filter` at most 8 KiB; what
//! breaks these is a 400. An unknown field and a filter that cannot be read are a 500 with a body, as the service has it.

use std::{borrow::Cow, collections::HashSet};

use axum::http::{Method, Response, StatusCode, request::Parts};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;

use super::{Call, Refusal, json, problem, wrong_method};
use crate::sandbox::{
    faults::{Insert, Marks, PageEffect},
    filter::{Filter, LONGEST_BYTES},
    json::quote,
    people::{FIELDS, People, Selection, index_of},
};

const LARGEST_PAGE: u64 = 1000;
const USUAL_PAGE: u64 = 50;
const MOST_IDS: usize = 100;

/// Where an inserted row takes its repeated text.
const FILL: &[u8] = b"{fill}";

/// The first value of `name` in the query; `+` and `%20` are both a space.
fn parameter<'a>(parts: &'a Parts, name: &str) -> Option<Cow<'a, str>> {
    let query = parts.uri.query()?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The page asked for, by number or by cursor; 0 where that cannot be read.
pub(super) fn page_number(parts: &Parts) -> u64 {
    if let Some(cursor) = parameter(parts, "cursor") {
        return read_cursor(&cursor).unwrap_or(0);
    }
    parameter(parts, "page").map_or(Some(1), |page| page.parse().ok()).unwrap_or(0)
}

/// An opaque place in the list of pages.
pub(super) fn cursor(page: u64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("page {page}"))
}

fn read_cursor(text: &str) -> Option<u64> {
    let plain = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    std::str::from_utf8(&plain).ok()?.strip_prefix("page ")?.parse().ok()
}

/// Path and query of the page after `page`: the request's own, but for the page.
pub(super) fn next_target(parts: &Parts, page: u64) -> String {
    let query = parts.uri.query().unwrap_or_default();
    let is = |part: &str, name: &str| part.split('=').next() == Some(name);
    let by_cursor = query.split('&').any(|part| is(part, "cursor"));
    let name = if by_cursor { "cursor" } else { "page" };
    let next = page.saturating_add(1);
    let value = if by_cursor { cursor(next) } else { next.to_string() };
    let mut found = false;
    let mut out = format!("{}?", parts.uri.path());
    for part in query.split('&').filter(|part| !part.is_empty()) {
        if !out.ends_with('?') {
            out.push('&');
        }
        if is(part, name) {
            found = true;
            out.extend([name, "=", &value]);
        } else {
            out.push_str(part);
        }
    }
    if !found {
        let glue = if out.ends_with('?') { "" } else { "&" };
        out.extend([glue, name, "=", &value]);
    }
    out
}

/// Which rows a request means, and how to write them.
struct Wanted {
    size: u64,
    selection: Selection,
    filter: Option<Filter>,
    filter_text: String,
    ids: Option<Vec<String>>,
}

impl Call<'_> {
    pub(super) async fn contacts(&self) -> Response<Bytes> {
        if self.parts.method != Method::GET {
            return wrong_method("GET");
        }
        if let Err(refused) = self.require("crm:read") {
            return *refused;
        }
        let wanted = match self.wanted() {
            Ok(wanted) => wanted,
            Err(refused) => return *refused,
        };
        if wanted.filter.as_ref().is_some_and(|filter| filter.asks_for_segments)
            && let Err(refused) = self.require("cdp:read")
        {
            return *refused;
        }
        self.page(wanted).await.unwrap_or_else(|| {
            problem(StatusCode::SERVICE_UNAVAILABLE, "ShuttingDown", "The sandbox is about to end")
        })
    }

    fn wanted(&self) -> Result<Wanted, Refusal> {
        let bad = |message: String| Box::new(problem(StatusCode::BAD_REQUEST, "InvalidParameter", &message));
        let parameter = |name: &str| parameter(self.parts, name);
        let size = match parameter("pageSize") {
            None => USUAL_PAGE,
            Some(text) => match text.parse() {
                Ok(size) if (1..=LARGEST_PAGE).contains(&size) => size,
                _ => return Err(bad(format!("pageSize must be from 1 to {LARGEST_PAGE}, not {text}"))),
            },
        };
        if self.marks.page == 0 {
            return Err(bad("page must be a number from 1".to_owned()));
        }
        let selection = match parameter("fields").filter(|list| !list.trim().is_empty()) {
            None => Selection::ALL,
            Some(list) => Selection::parse(&list).map_err(|name| {
                let said = format!(
                    "Schema validation failed: unknown field '{name}' in fields; known are {}",
                    FIELDS.join(", ")
                );
                Box::new(problem(StatusCode::INTERNAL_SERVER_ERROR, "SchemaValidation", &said))
            })?,
        };
        let ids = match parameter("ids").filter(|list| !list.is_empty()) {
            None => None,
            Some(list) => {
                let mut seen = HashSet::new();
                let ids: Vec<String> =
                    list.split(',').map(str::to_owned).filter(|id| seen.insert(id.clone())).collect();
                if ids.len() > MOST_IDS {
                    return Err(bad(format!("ids may hold at most {MOST_IDS}, not {}", ids.len())));
                }
                Some(ids)
            }
        };
        let filter_text = parameter("filter").unwrap_or_default().trim().to_owned();
        if filter_text.len() > LONGEST_BYTES {
            return Err(bad(format!("filter may be at most {LONGEST_BYTES} bytes long")));
        }
        let filter = match filter_text.as_str() {
            "" => None,
            text => Some(Filter::parse(text).map_err(|wrong| {
                Box::new(problem(StatusCode::INTERNAL_SERVER_ERROR, "FilterSyntax", &wrong.to_string()))
            })?),
        };
        Ok(Wanted { size, selection, filter, filter_text, ids })
    }

    /// The page; None when the sandbox ends before it could be made.
    async fn page(&self, wanted: Wanted) -> Option<Response<Bytes>> {
        let people = self.state.people().await?;
        let effects: Vec<(&PageEffect, u64)> =
            self.script.effects().map(|(effect, count)| (&effect.page, count)).collect();
        let by_ids: Vec<u32>;
        let matched;
        let matched: &[u32] = if let Some(ids) = &wanted.ids {
            by_ids = ids
                .iter()
                .filter_map(|id| index_of(id, people.len()))
                .filter(|&index| wanted.filter.as_ref().is_none_or(|filter| filter.admits(people, index)))
                .collect();
            &by_ids
        } else {
            matched = self.state.matches(&wanted.filter_text, wanted.filter.clone()).await?;
            &matched
        };
        let page = self.marks.page;
        let shown = effects.iter().filter_map(|(effect, _)| effect.rows_of_page).next_back().unwrap_or(page);
        let late: u64 = effects.iter().map(|(effect, _)| effect.late_pages).sum();
        let shown = shown.saturating_sub(late);
        let shift: i64 = effects.iter().map(|(effect, _)| effect.shift_per_page).sum();
        let before = i64::try_from(page - 1).unwrap_or(i64::MAX);
        let moved = shift.saturating_mul(before);
        let start =
            shown.saturating_sub(1).saturating_mul(wanted.size).saturating_add_signed(moved.saturating_neg());
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(matched.len());
        let end = start.saturating_add(wanted.size as usize).min(matched.len());
        let empty = effects.iter().any(|(effect, _)| effect.empty);
        let rows = if empty { &[] } else { &matched[start..end] };
        let is_last = page.saturating_sub(late).saturating_mul(wanted.size)
            >= (matched.len() as u64).saturating_add_signed(moved);

        let mut out = Vec::with_capacity(rows.len() * 480 + 512);
        let items = effects.iter().find_map(|(effect, _)| effect.items_name.as_deref()).unwrap_or("items");
        out.extend([b"{\"", items.as_bytes(), b"\":["].concat());
        self.rows(people, rows, wanted.selection, &effects, &mut out);
        out.extend_from_slice(b"],\"nextPageUrl\":");
        self.next_page(is_last, &effects, &mut out);
        self.total(matched.len(), &effects, &mut out);
        out.push(b'}');
        Some(json(StatusCode::OK, out))
    }

    /// The rows, with those that the faults put among them.
    fn rows(
        &self,
        people: &People,
        rows: &[u32],
        fields: Selection,
        effects: &[(&PageEffect, u64)],
        out: &mut Vec<u8>,
    ) {
        let begin = out.len();
        let glue = |out: &mut Vec<u8>| {
            if out.len() > begin {
                out.push(b',');
            }
        };
        let last = rows.len();
        for place in 0..=last {
            for (effect, count) in effects {
                let here = |at: usize| at == place || (place == last && at > last);
                for insert in effect.insert.iter().filter(|insert| here(insert.at)) {
                    glue(out);
                    out.extend(self.made_up(insert, *count));
                }
            }
            if let Some(&index) = rows.get(place) {
                glue(out);
                people.write(index, fields, out);
            }
        }
    }

    fn made_up(&self, insert: &Insert, count: u64) -> Vec<u8> {
        let marks = Marks { count, ..self.marks.clone() };
        let row = marks.fill_bytes(&insert.row);
        let Some(fill) = &insert.fill else { return row };
        let Some(at) = memchr::memmem::find(&row, FILL) else { return row };
        let text: Vec<u8> = percent_encoding::percent_decode_str(&fill.text).collect();
        [&row[..at], &text.repeat(fill.times), &row[at + FILL.len()..]].concat()
    }

    fn next_page(&self, is_last: bool, effects: &[(&PageEffect, u64)], out: &mut Vec<u8>) {
        let override_ = effects.iter().rev().find(|(effect, _)| {
            (effect.next.is_some() || effect.next_json.is_some()) && (!is_last || effect.next_always)
        });
        match override_ {
            Some((PageEffect { next_json: Some(raw), .. }, _)) => out.extend_from_slice(raw.as_bytes()),
            Some((PageEffect { next: Some(next), .. }, count)) => {
                let marks = Marks { count: *count, ..self.marks.clone() };
                quote(&marks.fill_text(next), out);
            }
            _ if is_last => out.extend_from_slice(b"null"),
            _ => quote(&format!("http://{}{}", self.marks.authority, self.marks.next_target), out),
        }
    }

    fn total(&self, total: usize, effects: &[(&PageEffect, u64)], out: &mut Vec<u8>) {
        let drift = effects.iter().find_map(|(effect, _)| effect.total_per_page);
        let name = effects.iter().find_map(|(effect, _)| effect.total_name.as_deref());
        let raw = effects.iter().find_map(|(effect, _)| effect.total_json.as_deref());
        if !self.state.options.announce_total && drift.is_none() && name.is_none() && raw.is_none() {
            return;
        }
        let before = i64::try_from(self.marks.page - 1).unwrap_or(i64::MAX);
        let drifted = drift.unwrap_or(0).saturating_mul(before);
        let total = (total as u64).saturating_add_signed(drifted);
        let total = raw.map_or_else(|| total.to_string(), ToOwned::to_owned);
        out.extend_from_slice(format!(",\"{}\":{total}", name.unwrap_or("total")).as_bytes());
    }
}
