//! Profiles from before the window that they are kept for: counted, or withheld from everybody.

use super::*;
use crate::engine::event::Endpoint;
use crate::engine::pipeline::profile::{Profile, Slot};
use crate::engine::query::{Field, FieldSet};
use crate::engine::retention::{PastRetention, Window};

fn withholding(fake: Fake) -> Session {
    Session::with(fake, |service| service.past_retention = PastRetention::Withhold)
}

/// Those whose numbers do not go by `n`.
fn lately(of: usize, n: usize) -> Vec<String> {
    people(of).into_iter().enumerate().filter(|(at, _)| !at.is_multiple_of(n)).map(|(_, id)| id).collect()
}

impl Session {
    /// Runs to the end; all its rows, and how many its pages say are withheld.
    async fn rows(&mut self, draft: Draft) -> (Vec<Profile>, u64, Arc<Summary>) {
        self.start(draft).await;
        let (mut rows, mut withheld) = (Vec::new(), 0);
        loop {
            match self.handle.events.recv().await.expect("the worker lives") {
                Event::Page(_, page) => {
                    withheld += page.withheld;
                    rows.extend(page.rows);
                }
                Event::Finished(_, summary) => return (rows, withheld, summary),
                Event::Failed(_, _, error) => panic!("{error}"),
                _ => {}
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn profiles_from_before_the_window_are_counted() {
    let mut session = Session::new(Fake { old: 10, ..Fake::new(120) });
    let (summary, _) = session.run(everybody()).await;
    assert_eq!(session.ids, people(120));
    assert_eq!((summary.past_retention, summary.withheld), (12, 0));
    assert_eq!(summary.window.map(Window::days), Some(180));
}

#[tokio::test(start_paused = true)]
async fn withheld_profiles_are_counted_and_reach_nobody() {
    let mut session = withholding(Fake { old: 10, total: true, ..Fake::new(1_200) });
    let (rows, withheld, summary) = session.rows(everybody()).await;
    let ids: Vec<_> = rows.iter().map(|row| row.id().unwrap().raw().to_owned()).collect();
    assert_eq!(ids, lately(1_200, 10));
    assert_eq!((summary.rows, summary.withheld, withheld, summary.past_retention), (1_080, 120, 120, 0));
    assert_eq!((summary.status, summary.missing(), summary.came()), (Status::Success, Some(0), 1_200));
    assert!(rows.iter().all(|row| !row.raw_json().contains("2001-02-03")));
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_withheld_is_not_one_that_was_not_found() {
    let mut session = withholding(Fake { old: 10, ..Fake::new(0) });
    let ids = vec!["P00010".into(), "P00011".into(), "NONE-1".into()];
    let (rows, _, summary) = session.rows(Draft { ids, ..Draft::default() }).await;
    let not_found: Vec<_> = summary.not_found.iter().map(|id| id.as_str().to_owned()).collect();
    assert_eq!((rows.len(), summary.withheld, not_found), (1, 1, vec!["NONE-1".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_of_rows_that_somebody_gets() {
    let mut session = withholding(Fake { old: 2, ..Fake::new(1_000) });
    let (summary, _) = session.run(Draft { limit: Some(100), ..everybody() }).await;
    assert_eq!(session.ids, lately(1_000, 2)[..100]);
    assert_eq!((summary.rows, summary.cut), (100, Some(Cut::Limit(100))));
    assert!((100..=101).contains(&summary.withheld), "{}", summary.withheld);
    // Where all are withheld there is an end all the same.
    let mut session = withholding(Fake { old: 1, ..Fake::new(300) });
    let (summary, _) = session.run(Draft { limit: Some(10), ..everybody() }).await;
    assert_eq!((summary.rows, summary.withheld, summary.cut), (0, 300, None));
    assert_eq!(summary.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn leaving_the_date_out_of_the_fields_is_no_way_round() {
    let fields: FieldSet = [Field::Id, Field::Email].into_iter().collect();
    let mut session = withholding(Fake { old: 10, ..Fake::new(100) });
    let (rows, _, summary) = session.rows(Draft { fields, ..everybody() }).await;
    assert_eq!((rows.len(), summary.withheld), (90, 10));
    assert!(rows.iter().all(|row| row.modified_date == Slot::NotAsked), "it was not wanted");
    assert_eq!(session.requests("modifiedDate"), session.requests("contacts"));
    // Where nothing is withheld, nothing is asked that was not wanted.
    let mut session = Session::new(Fake { old: 10, ..Fake::new(100) });
    session.run(Draft { fields, ..everybody() }).await;
    assert_eq!(session.requests("modifiedDate"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_longer_window_is_no_way_round_and_a_shorter_one_withholds_more() {
    let mut session = withholding(Fake { old: 10, ..Fake::new(100) });
    for days in [u32::MAX, 100_000] {
        let (rows, _, summary) = session.rows(Draft { retention_days: days, ..everybody() }).await;
        assert_eq!((rows.len(), summary.withheld), (90, 10), "{days}");
        assert_eq!(summary.window.map(Window::days), Some(180));
    }
    let (_, _, summary) = session.rows(Draft { retention_days: 7, ..everybody() }).await;
    assert_eq!(summary.window.map(Window::days), Some(7));
}

#[tokio::test(start_paused = true)]
async fn no_exchange_error_or_row_set_aside_shows_what_is_withheld() {
    let broken = r#"{"items":[{"id":"P1","modifiedDate":"2001-02-03T00:00:00Z"},17],"nextPageUrl":null}"#;
    let fake = Fake::new(0).odd("contacts", Odd::Status(200, vec![], broken.into()));
    let mut session = withholding(fake);
    let (summary, _) = session.run(everybody()).await;
    assert_eq!((summary.withheld, summary.set_aside.len()), (1, 1));
    assert_eq!(summary.set_aside[0].raw.raw(), "");
    let page = session.exchanges.iter().find(|exchange| exchange.endpoint == Endpoint::Contacts).unwrap();
    let detail = page.detail.upgrade().unwrap();
    let reply = detail.reply.as_ref().unwrap();
    assert_eq!((reply.body.raw(), reply.size), ("", broken.len() as u64));
    assert!(reply.withheld.is_some_and(|why| why.contains("withhold")), "{reply:?}");

    let no_page = r#"{"people":[{"id":"P1","modifiedDate":"2001-02-03T00:00:00Z"}]}"#;
    let mut fake = Fake::new(0);
    for _ in 0..9 {
        fake = fake.odd("contacts", Odd::Status(200, vec![], no_page.into()));
    }
    let (_, error) = withholding(fake).run(everybody()).await;
    let reply = error.unwrap().reply.clone().unwrap();
    assert!(!reply.contains("P1") && reply.contains("withhold"), "{reply}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_counts_what_was_withheld_before() {
    let fake = Fake { old: 10, total: true, ..Fake::new(600) }.odd("page=4", throttled("86400"));
    let mut session = withholding(fake);
    let (summary, _) = session.run(everybody()).await;
    assert_eq!((summary.rows, summary.withheld, summary.missing()), (135, 15, Some(450)));
    let place = summary.place.clone().unwrap();
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    session.next += 1;
    let command = Command::Resume(QueryId(session.next), place, None);
    session.handle.commands.send(command).await.unwrap();
    let (summary, error) = session.finish().await;
    assert_eq!((error, &session.ids), (None, &lately(600, 10)));
    assert_eq!((summary.withheld, summary.withheld_before, summary.missing()), (45, 15, Some(0)));
}
