//! Table "Paging".

use cxlens::engine::error::Kind;
use cxlens::engine::event::{Cut, Status};

use crate::support::{Case, PAGE, PEOPLE, Ran};

const ROWS: usize = PAGE as usize;

faults! {
    refused = "next page on another origin, `//evil`, user info, other port, `http` for `https`, a path outside the API's own" {
        next_page_other_origin; |ran| ran.refuses("another origin (https://evil.example");
        next_page_double_slash; |ran| ran.refuses("another origin (http://evil.example");
        next_page_backslash; |ran| ran.refuses("another origin (http://evil.example");
        next_page_user_info; |ran| ran.refuses("user information");
        next_page_disguised; |ran| ran.refuses("another origin (http://evil.example");
        next_page_other_port; |ran| ran.refuses("another origin (http://127.0.0.1:1,");
        next_page_other_scheme; |ran| ran.refuses("another origin (https://127.0.0.1");
        next_page_ftp; |ran| ran.refuses("another origin (ftp://");
        next_page_outside_api; |ran| ran.refuses("outside /api/v2/crm/contacts");
        next_page_dot_dot; |ran| ran.refuses("outside /api/v2/crm/contacts");
        next_page_other_call; |ran| ran.refuses("outside /api/v2/crm/contacts");
        next_page_unreadable; |ran| ran.refuses("cannot be read");
    }
    followed = "relative; cursor; same page again; endless fresh URLs with old rows" {
        next_page_relative; |ran| ran.whole().pages(10).nothing_again();
        next_page_relative_query; |ran| ran.whole().pages(10).nothing_again();
        next_page_cursor; |ran| ran.whole().pages(10).nothing_again();
        next_page_same; |ran| ran.loops(1).pages(1);
        next_page_loop; |ran| ran.loops(3);
        next_page_cursor_loop; |ran| ran.loops(4).pages(4);
        old_rows_under_fresh_urls; |ran| ran.loops(1).says("repeats the one before").pages(2);
        pages_without_end; |ran| ran.loops(2).says("repeats the one before");
        next_page_number; |ran| ran.refuses("nextPageUrl is a number").says("nextPageUrl: 2");
        next_page_false; |ran| ran.refuses("nextPageUrl is a boolean");
        // An empty text is no next page; what the total says stands beside it.
        next_page_empty; |ran| {
            assert_eq!((&ran.error, ran.ids.len(), ran.summary.total), (&None, ROWS, Some(PEOPLE as u64)));
            ran.pages(1);
        };
    }
    empty = "empty page with a next" {
        empty_page; |ran| ran.whole().nothing_again();
        empty_pages_some; |ran| ran.whole().nothing_again();
        empty_pages_forever with |case| case.service.bounds.concurrency = 1; |ran|
            ran.stops(Kind::Service, ROWS, "page").says("a hundred empty pages in a row").pages(102);
    }
    shifting = "rows shift while paging; total changes" {
        // Nobody is lost; two of each page come again, and are counted.
        shifting_rows; |ran| {
            assert_eq!((&ran.error, &ran.ids), (&None, &ran.people));
            assert_eq!(ran.summary.repeats, 2 * (u64::from(ran.summary.pages) - 1));
        };
        // What was never sent cannot be had; the total shows that something is amiss.
        vanishing_rows; |ran| {
            assert_eq!(ran.error, None);
            assert_eq!((ran.ids.len(), ran.summary.total), (PEOPLE - 18, Some(PEOPLE as u64)));
        };
        total_grows; |ran| {
            ran.whole().pages(10);
            assert_eq!(ran.totals.first(), Some(&Some(230)));
            assert_eq!(ran.summary.total, Some(239), "the last word counts");
        };
        total_shrinks; |ran| {
            ran.whole();
            assert_eq!(ran.summary.total, Some(140));
        };
        total_count; |ran| {
            ran.whole().pages(10);
            assert_eq!(ran.summary.total, Some(PEOPLE as u64));
        };
        total_text; |ran| {
            ran.whole();
            assert_eq!(ran.summary.total, None);
        };
        total_too_small; |ran| {
            ran.whole();
            assert_eq!(ran.summary.total, Some(1), "the drift is shown");
        };
        total_too_large; |ran| {
            ran.whole();
            assert!(ran.counters.contacts <= 14, "{} requests", ran.counters.contacts);
        };
    }
    no_list = "200 with `{\"error\": ...}`, no `items`, an array, 204, empty 200" {
        http_200_error; |ran| ran.no_list(1).says("QuotaExceeded: The daily quota is used up");
        http_200_error_page_2; |ran| {
            ran.stops(Kind::Service, ROWS, "page 2").says("QuotaExceeded").retries(0..=0);
            assert_eq!((ran.summary.status, ran.summary.cut), (Status::Partial, Some(Cut::Error)));
        };
        http_200_no_items; |ran| ran.no_list(1).says("no items");
        http_200_items_null; |ran| ran.no_list(1).says("items is null");
        http_200_items_object; |ran| ran.no_list(1).says("items is an object");
        http_200_array; |ran| ran.no_list(1).says("a list");
        http_200_text; |ran| ran.no_list(1).says("a text");
        // Nothing at all may be an accident on the way.
        http_200_empty; |ran| ran.no_list(4).says("empty");
        http_204; |ran| ran.no_list(4).says("204");
    }
}

impl Ran {
    /// The page counts, the next one is never asked for, and the error shows where it was to be.
    fn refuses(&self, why: &str) -> &Self {
        self.stops(Kind::Service, ROWS, "page 1")
            .pages(1)
            .says(why)
            .says("nextPageUrl")
            .says("it was not asked");
        assert!(
            self.error().request.as_ref().is_some_and(|sent| sent.contains("page=1")),
            "{:?}",
            self.error()
        );
        assert_eq!((self.counters.requests(), self.exchanges.len()), (2, 2), "a token, a page");
        self
    }

    /// So many pages are there; then it goes round in circles, and stops.
    fn loops(&self, pages: usize) -> &Self {
        self.stops(Kind::Service, pages * ROWS, "page")
            .says("paging loops")
            .says("Bearer [redacted]")
            .retries(0..=0)
    }

    /// An error of its own after so many attempts, never "0 profiles".
    fn no_list(&self, attempts: u64) -> &Self {
        assert_eq!(self.summary.status, Status::Failed);
        self.stops(Kind::Service, 0, "page 1").pages(attempts)
    }
}

#[tokio::test]
async fn what_is_no_list_is_never_cached() {
    let mut case = Case::of("200-error");
    case.draft.use_cache = true;
    let mut session = case.start().await;
    session.ask().await;
    session.finish().await.no_list(1);
    session.control().clear_faults();
    session.ask().await;
    let ran = session.finish().await;
    ran.whole();
    assert_eq!(ran.summary.cache_hits, 0);
}
