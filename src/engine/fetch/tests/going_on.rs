//! Runs that pause until more rows are wanted, and runs that go on from where an earlier one stopped.

use super::*;
use crate::engine::place::Place;

/// The page that a target asks for.
fn page_of(target: &str) -> Option<u32> {
    let page = target.split(['?', '&']).find_map(|pair| pair.strip_prefix("page="))?;
    page.parse().ok()
}

impl Session {
    async fn wanting(&mut self, draft: Draft, want: u64) -> QueryId {
        let id = QueryId(self.next + 1);
        self.next += 1;
        self.handle.commands.send(Command::Run(id, draft.check().unwrap(), Some(want))).await.unwrap();
        id
    }

    async fn want(&mut self, id: QueryId, want: Option<u64>) {
        self.handle.commands.send(Command::Want(id, want)).await.unwrap();
    }

    /// Goes on from a place that was written down and read again.
    async fn resume(&mut self, place: &Place) -> (Arc<Summary>, Option<Error>) {
        let place = serde_json::from_str(&serde_json::to_string(place).unwrap()).unwrap();
        self.next += 1;
        let command = Command::Resume(QueryId(self.next), Arc::new(place), None);
        self.handle.commands.send(command).await.unwrap();
        self.finish().await
    }

    /// Reads events until the run pauses.
    async fn pause(&mut self) {
        loop {
            match self.handle.events.recv().await.expect("the worker lives") {
                Event::Page(_, page) => {
                    self.pages += 1;
                    self.ids.extend(page.rows.iter().map(|r| r.id().unwrap().raw().to_owned()));
                }
                Event::Paused(id) => return assert_eq!(id, QueryId(self.next)),
                Event::Finished(..) | Event::Failed(..) => panic!("it ended"),
                _ => {}
            }
        }
    }

    fn asked(&self) -> Vec<u32> {
        self.fake.state.lock().unwrap().sent.iter().filter_map(|(_, target)| page_of(target)).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_pauses_with_what_is_wanted_and_asks_nothing_meanwhile() {
    let mut session = Session::new(Fake::new(1_000));
    let id = session.wanting(everybody(), 300).await;
    session.pause().await;
    assert_eq!(session.ids, people(300));
    assert_eq!(session.asked(), [1, 2, 3, 4, 5, 6], "nothing is asked ahead of a pause");
    // A day goes by; the token has long ended.
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    assert_eq!(session.asked().len(), 6);
    session.want(id, Some(320)).await;
    session.pause().await;
    assert_eq!(session.asked(), [1, 2, 3, 4, 5, 6, 7], "a page is the least that is asked");
    session.want(id, None).await;
    let (summary, error) = session.finish().await;
    assert_eq!(error, None);
    assert_eq!(session.ids, people(1_000));
    assert_eq!((summary.rows, summary.cut), (1_000, None));
    assert_eq!(session.fake.state.lock().unwrap().most, 5, "side by side again");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_no_more_does_not_pause() {
    let mut session = Session::new(Fake::new(300));
    session.wanting(everybody(), 300).await;
    let (summary, error) = session.finish().await;
    assert_eq!((error, summary.rows, summary.cut), (None, 300, None));
}

#[tokio::test(start_paused = true)]
async fn batches_of_ids_pause_too() {
    let mut session = Session::new(Fake::new(0));
    let id = session.wanting(Draft { ids: people(700), ..Draft::default() }, 150).await;
    session.pause().await;
    assert_eq!(session.ids, people(150));
    assert_eq!(session.requests("contacts"), 3);
    session.want(id, None).await;
    session.finish().await;
    assert_eq!(session.ids, people(700));
}

#[tokio::test(start_paused = true)]
async fn a_paused_run_can_be_cancelled() {
    let mut session = Session::new(Fake::new(1_000));
    let id = session.wanting(everybody(), 100).await;
    session.pause().await;
    session.handle.commands.send(Command::Cancel(id)).await.unwrap();
    let (summary, error) = session.finish().await;
    assert_eq!((error, summary.status, summary.rows), (None, Status::Cancelled, 100));
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_ids_begins_no_batch_in_vain() {
    let mut session = Session::new(Fake::new(0));
    let draft = Draft { ids: people(700), limit: Some(120), ..Draft::default() };
    let (summary, _) = session.run(draft).await;
    assert_eq!((summary.rows, session.requests("contacts")), (120, 3));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_goes_on_from_its_page() {
    let mut session = Session::new(Fake::new(600).odd("page=4", throttled("86400")));
    let (summary, error) = session.run(everybody()).await;
    assert_eq!((error.unwrap().kind.exit_code(), summary.rows), (5, 150));
    let place = summary.place.clone().unwrap();
    assert_eq!((place.rows, place.pages, place.page), (150, 3, 4));
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    session.fake.state.lock().unwrap().sent.clear();
    let (summary, error) = session.resume(&place).await;
    assert_eq!(error, None);
    assert_eq!(session.ids, people(600), "all, each once, in order");
    assert_eq!((summary.rows, summary.before, summary.pages, summary.cut), (450, 150, 9, None));
    assert_eq!(
        session.asked().iter().filter(|page| **page < 4).count(),
        0,
        "what is there is not asked again"
    );
    assert!(summary.place.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_resumed_run_can_stop_and_go_on_again() {
    let fake = Fake::new(1_000).odd("page=4", throttled("86400")).odd("page=9", throttled("86400"));
    let mut session = Session::new(fake);
    let (mut summary, _) = session.run(everybody()).await;
    for (rows, page) in [(150, 4), (400, 9)] {
        let place = summary.place.clone().unwrap();
        assert_eq!((place.rows, place.page), (rows, page));
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        summary = session.resume(&place).await.0;
    }
    assert_eq!(session.ids, people(1_000));
    assert_eq!((summary.before, summary.rows), (400, 600));
}

#[tokio::test(start_paused = true)]
async fn ids_not_found_are_told_by_the_run_that_ends() {
    let fake = Fake::new(0).odd("page=2", Odd::Status(403, vec![], String::new()));
    let mut session = Session::with(fake, |service| service.bounds.concurrency = 1);
    let mut ids = people(250);
    ids.extend(["NONE-1".into(), "P".into()]);
    let (summary, error) = session.run(Draft { ids, ..Draft::default() }).await;
    assert!(error.is_some() && summary.not_found.is_empty());
    let place = summary.place.clone().unwrap();
    assert_eq!((place.batch, place.page), (1, 2));
    let (summary, error) = session.resume(&place).await;
    assert_eq!(error, None);
    let not_found: Vec<_> = summary.not_found.iter().map(|id| id.as_str().to_owned()).collect();
    assert_eq!(not_found, ["NONE-1"]);
    session.ids.sort();
    assert_eq!(session.ids.len(), 251);
}

#[tokio::test(start_paused = true)]
async fn a_limit_holds_over_all_parts_of_a_run() {
    let mut session = Session::new(Fake::new(600).odd("page=4", throttled("86400")));
    let (summary, _) = session.run(Draft { limit: Some(220), ..everybody() }).await;
    let place = summary.place.clone().unwrap();
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    let (summary, _) = session.resume(&place).await;
    assert_eq!((session.ids.len(), summary.cut), (220, Some(Cut::Limit(220))));
}

#[tokio::test(start_paused = true)]
async fn raised_concurrency_holds_for_the_run_under_way() {
    let mut session = Session::with(Fake::new(2_000), |service| service.bounds.concurrency = 1);
    session.start(everybody()).await;
    while session.pages < 3 {
        session.step().await;
    }
    session.handle.commands.send(Command::Bounds { concurrency: 8, rate: None }).await.unwrap();
    session.finish().await;
    assert_eq!(session.ids, people(2_000));
    assert_eq!(session.fake.state.lock().unwrap().most, 8);
}
