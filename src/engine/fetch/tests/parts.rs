//! Pages with so many rows that they come in parts.

use super::*;
use crate::engine::event::Page;

/// A page with these rows, after which page 2 follows or nothing.
fn page(rows: impl Iterator<Item = String>, goes_on: bool) -> Odd {
    let next = if goes_on { r#""/api/v2/crm/contacts?page=2&pageSize=50""# } else { "null" };
    let rows = rows.collect::<Vec<_>>().join(",");
    Odd::Status(200, vec![], format!(r#"{{"items":[{rows}],"nextPageUrl":{next}}}"#))
}

fn rows(ids: impl Iterator<Item = usize>) -> impl Iterator<Item = String> {
    ids.map(|i| format!(r#"{{"id":"P{i:05}"}}"#))
}

impl Session {
    /// Reads events up to the next page or part, or the end of the run.
    async fn part(&mut self) -> Option<Page> {
        loop {
            match self.handle.events.recv().await.expect("the worker lives") {
                Event::Page(_, page) => return Some(page),
                Event::Finished(..) | Event::Failed(..) => return None,
                _ => {}
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_with_many_rows_comes_in_parts_and_is_one_page() {
    for many in [1_000, 1_001, 5_432] {
        let mut session = Session::new(Fake::new(10).odd("page=1", page(rows(0..many), false)));
        let (summary, error) = session.run(everybody()).await;
        assert_eq!(error, None);
        assert_eq!(session.ids, people(many));
        assert_eq!((summary.rows, summary.pages, summary.processing.count), (many as u64, 1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_few_parts_wait_to_be_read() {
    let mut session = Session::new(Fake::new(10).odd("page=1", page(rows(0..40_000), false)));
    session.start(everybody()).await;
    let mut came = 0;
    loop {
        // So long as nobody reads, only so many are made.
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(session.handle.events.len() <= 12, "{} wait", session.handle.events.len());
        let Some(page) = session.part().await else { break };
        assert!(page.number == 1 && page.rows.len() <= 1_000, "{} in one part", page.rows.len());
        came += page.rows.len();
    }
    assert_eq!(came, 40_000);
}

#[tokio::test(start_paused = true)]
async fn repeats_and_rows_set_aside_are_counted_over_all_parts() {
    // Every other row cannot be read, and what can comes twice.
    let odd =
        |i: usize| if i.is_multiple_of(2) { "7".to_owned() } else { format!(r#"{{"id":"P{:05}"}}"#, i / 4) };
    let mut session = Session::new(Fake::new(10).odd("page=1", page((0..4_000).map(odd), false)));
    session.start(everybody()).await;
    let (mut repeats, mut set_aside, mut ids) = (0, Vec::new(), Vec::new());
    while let Some(page) = session.part().await {
        repeats += page.repeats;
        set_aside.extend(page.set_aside);
        ids.extend(page.rows.iter().map(|row| row.id().unwrap().raw().to_owned()));
    }
    assert_eq!((ids, repeats), (people(1_000), 1_000));
    assert_eq!(set_aside.len(), 1_001);
    assert!(set_aside[..1_000].iter().zip(0..).all(|(row, i)| (row.page, row.row) == (1, 2 * i + 1)));
    assert!(set_aside[1_000].reason.starts_with("1000 more rows"), "{:?}", set_aside[1_000]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_ends_in_the_middle_of_a_page() {
    for (limit, cut) in [(700, true), (500, true), (4_999, true), (5_000, false), (6_000, false)] {
        let mut session = Session::new(Fake::new(10).odd("page=1", page(rows(0..5_000), false)));
        let (summary, error) = session.run(Draft { limit: Some(limit), ..everybody() }).await;
        assert_eq!(error, None);
        assert_eq!(session.ids, people(5_000.min(limit as usize)));
        assert_eq!(summary.cut, cut.then_some(Cut::Limit(limit)), "{limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_in_the_middle_of_a_page_is_left_behind_it() {
    // The second page shares two rows with the first.
    let fake = Fake::new(10).odd("page=1", page(rows(0..5_000), true));
    let fake = fake.odd("page=2", page(rows(4_998..5_050), false));
    let mut session = Session::new(fake);
    let id = session.start(everybody()).await;
    while session.ids.is_empty() {
        session.step().await;
    }
    assert!(session.ids.len() < 1_000, "{}", session.ids.len());
    session.handle.commands.send(Command::Cancel(id)).await.unwrap();
    let (summary, error) = session.finish().await;
    assert_eq!((error, summary.status), (None, Status::Cancelled));
    assert_eq!(session.ids, people(5_000), "a page is delivered whole");
    let place = summary.place.clone().unwrap();
    assert_eq!((summary.rows, place.rows, place.pages, place.page), (5_000, 5_000, 1, 2));
    session.handle.commands.send(Command::Resume(QueryId(9), place, None)).await.unwrap();
    let (summary, error) = session.finish().await;
    assert_eq!((error, summary.repeats, summary.rows), (None, 2, 50));
    assert_eq!(session.ids, people(5_050));
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_reader_leaves_in_the_middle_of_a_page_ends() {
    let fake = Fake::new(10).odd("page=1", page(rows(0..40_000), false));
    let mut session = Session::new(fake);
    session.start(everybody()).await;
    session.part().await;
    let Session { handle, fake, .. } = session;
    drop(handle);
    // The worker lets go of its transport once all its runs are over.
    let over = async {
        while Arc::strong_count(&fake) > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), over).await.expect("it ends");
}

#[tokio::test(start_paused = true)]
async fn many_rows_that_bring_nothing_new_are_a_loop() {
    let again = |n: u32| {
        let row = move |i: usize| format!(r#"{{"id":"P{i:05}","phone":"{n}"}}"#);
        let rows = (0..3_000).map(row).collect::<Vec<_>>().join(",");
        let next = format!("/api/v2/crm/contacts?cursor={n}");
        Odd::Status(200, vec![], format!(r#"{{"items":[{rows}],"nextPageUrl":"{next}"}}"#))
    };
    let fake = Fake::new(10).odd("page=1", again(1));
    let fake = (1..4).fold(fake, |fake, n| fake.odd(&format!("cursor={n}"), again(n + 1)));
    let mut session = Session::new(fake);
    let (summary, error) = session.run(everybody()).await;
    assert!(error.unwrap().cause.contains("brought nothing new"));
    assert_eq!((session.ids, summary.pages, summary.repeats), (people(3_000), 4, 9_000));
}
