//! Exchanges in full, and one sent again.

use super::*;
use crate::engine::event::Endpoint;
use crate::engine::text::Untrusted;

impl Session {
    /// Sends an exchange again; what it came to, and the exchanges of it.
    async fn again(&mut self, number: u64) -> (Option<Error>, Vec<Arc<Exchange>>) {
        self.handle.commands.send(Command::Again(number)).await.unwrap();
        let mut came = Vec::new();
        loop {
            match self.handle.events.recv().await.expect("the worker lives") {
                Event::Exchange(exchange) => came.push(exchange),
                Event::Again(of, error) if of == number => return (error, came),
                _ => {}
            }
        }
    }

    fn number_of(&self, endpoint: Endpoint) -> u64 {
        self.exchanges.iter().find(|exchange| exchange.endpoint == endpoint).unwrap().number
    }
}

fn entries(dir: &std::path::Path) -> Vec<serde_json::Value> {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ext| ext == "jsonl"));
    let text: String = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_last_exchanges_are_kept_in_full_where_somebody_may_look() {
    let mut session = Session::new(Fake::new(120));
    session.run(everybody()).await;
    for exchange in &session.exchanges {
        let detail = exchange.detail.upgrade().expect("of so few all are kept");
        let reply = detail.reply.as_ref().unwrap();
        let told = format!("{detail:?}");
        assert!(!told.contains("s3cr3t-value") && !told.contains("\"t1\""), "{told}");
        if exchange.endpoint == Endpoint::Token {
            assert_eq!(reply.body.raw(), "");
        } else {
            assert!(reply.body.raw().starts_with("{\"items\""), "{told}");
            assert!(told.contains("Bearer …removed"), "{told}");
        }
    }
    let mut blind = Session::recorded(Fake::new(120), |_| {}, None, false);
    blind.run(everybody()).await;
    assert!(blind.exchanges.iter().all(|exchange| exchange.detail.upgrade().is_none()));
    let (error, came) = blind.again(2).await;
    assert!(error.unwrap().cause.contains("not kept any more") && came.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_sent_again_is_recorded_like_a_run() {
    let trail = tempfile::tempdir().unwrap();
    let mut session = Session::recorded(Fake::new(70), |_| {}, Some(trail.path().into()), true);
    session.run(Draft { filter: "email ne 'ada@example.com'".into(), ..everybody() }).await;
    let number = session.number_of(Endpoint::Contacts);
    let (error, came) = session.again(number).await;
    assert_eq!(error, None);
    assert_eq!((came.len(), came[0].again, came[0].rows), (1, Some(number), Some(50)));
    assert_eq!(came[0].target, session.exchanges[1].target);
    let entries = entries(trail.path());
    let said: Vec<_> =
        entries.iter().map(|e| (e["event"].as_str().unwrap(), e["rows"].as_u64().unwrap())).collect();
    assert_eq!(said, [("intent", 0), ("query", 70), ("intent", 0), ("again", 50)]);
    assert_eq!((&entries[1]["of"], &entries[3]["of"]), (&1.into(), &3.into()));
    assert!(entries.iter().all(|e| e["filter"] == entries[0]["filter"]), "whom it asked for stands in each");
}

#[tokio::test(start_paused = true)]
async fn again_is_within_the_limits_and_failures_are_recorded_too() {
    let trail = tempfile::tempdir().unwrap();
    let fake = Fake::new(10);
    let mut session = Session::recorded(fake, |_| {}, Some(trail.path().into()), true);
    session.run(everybody()).await;
    let number = session.number_of(Endpoint::Contacts);
    {
        let mut state = session.fake.state.lock().unwrap();
        state.odd.push_back(("contacts".into(), throttled("2")));
        state.odd.push_back(("contacts".into(), Odd::Status(400, vec![], "{}".into())));
    }
    let from = session.fake.clock.now();
    let (error, came) = session.again(number).await;
    let statuses: Vec<_> = came.iter().map(|exchange| exchange.outcome.status().unwrap()).collect();
    assert_eq!(statuses, [429, 400]);
    assert_eq!(came[0].retry_after.as_ref().map(Untrusted::raw), Some("2"));
    assert!(session.fake.clock.now() - from >= Duration::from_secs(2), "the gate holds for it too");
    assert!(error.unwrap().cause.contains("400"));
    let last = entries(trail.path()).pop().unwrap();
    assert_eq!((last["event"].as_str(), last["status"].as_str()), (Some("again"), Some("failed")));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_again_that_changes_something_or_cannot_be_recorded() {
    let mut session = Session::new(Fake::new(10));
    session.run(everybody()).await;
    let before = session.requests("");
    let (error, came) = session.again(session.number_of(Endpoint::Token)).await;
    assert!(error.unwrap().cause.contains("GET") && came.is_empty());
    assert_eq!(session.requests(""), before);
    // A trail that cannot be opened: its directory is a file.
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut session = Session::recorded(Fake::new(10), |_| {}, Some(file.path().join("audit")), true);
    let (_, error) = session.run(everybody()).await;
    assert!(error.is_some());
    assert_eq!(session.requests("contacts"), 0);
}

#[tokio::test(start_paused = true)]
async fn leaving_does_not_wait_for_what_is_asked_beside_the_runs() {
    let mut session = Session::new(Fake::new(10));
    session.run(everybody()).await;
    let number = session.number_of(Endpoint::Contacts);
    session.fake.state.lock().unwrap().odd.push_back(("contacts".into(), throttled("20")));
    let from = session.fake.clock.now();
    session.handle.commands.send(Command::Again(number)).await.unwrap();
    while !matches!(session.handle.events.recv().await, Some(Event::Exchange(_))) {}
    let Session { handle, fake, .. } = session;
    drop(handle.commands);
    let mut events = handle.events;
    while events.recv().await.is_some() {}
    assert!(fake.clock.now() - from < Duration::from_secs(2), "{:?}", fake.clock.now() - from);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_where_the_intent_cannot_be_written() {
    let trail = tempfile::tempdir().unwrap();
    let mut session = Session::recorded(Fake::new(70), |_| {}, Some(trail.path().into()), true);
    session.run(everybody()).await;
    let before = session.requests("");
    // A directory in the file's place.
    let file = std::fs::read_dir(trail.path()).unwrap().map(|file| file.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|e| e == "jsonl")).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let (summary, error) = session.run(everybody()).await;
    assert!(error.unwrap().what.contains("audit entry could not be written"));
    assert_eq!((summary.rows, summary.requests, session.requests("")), (0, 0, before));
    let number = session.number_of(Endpoint::Contacts);
    let (error, came) = session.again(number).await;
    assert!(error.is_some() && came.is_empty());
    assert_eq!(session.requests(""), before);
}
