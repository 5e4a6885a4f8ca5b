//! What a user does in the activity pane: finds out why a query is slow, sits a storm of 429s out, opens an exchange and
//! sends it again, asks for the webhooks.

use jiff::SignedDuration;

use super::*;
use crate::engine::event::{Exchange, Gate, Limits, Phases};
use crate::engine::text::Untrusted;
use crate::engine::webhooks::Registered;

const BODY: &str = r#"{"items":[{"id":"PROF-0000001","firstName":"Ada","score":1.10}],"nextPageUrl":null}"#;

impl Rig {
    fn pass(&mut self, time: Duration) {
        self.at.now += time;
        self.at.wall += SignedDuration::try_from(time).unwrap();
    }

    /// A page that waited and then came; time passes with it.
    fn came(&mut self, n: u64, waited: u64, server: u64) {
        self.pass(Duration::from_millis(waited));
        let phases = Phases {
            limit: Duration::from_millis(waited),
            first_byte: Duration::from_millis(server),
            ..Phases::default()
        };
        let exchange = Exchange { at: self.at.wall, phases, ..events::exchange(n, 200, server) };
        self.pass(Duration::from_millis(server));
        self.event(Event::Exchange(exchange.into()));
    }

    /// The activity pane has the keys, and the log is open on these.
    fn in_the_log(exchanges: Vec<Exchange>) -> Self {
        let mut rig = Self::ready();
        for exchange in exchanges {
            rig.event(Event::Exchange(exchange.into()));
        }
        rig.key("Shift-Tab");
        assert_eq!(rig.app.context(), Context::Activity);
        rig
    }
}

#[test]
fn why_a_query_is_slow_is_said_in_words() {
    let mut rig = Rig::running();
    let started = rig.at.wall;
    rig.event(Event::Started(QueryId(1), started));
    rig.event(Event::Limits(events::limits(rig.at.now).into()));
    for n in 1..=20 {
        rig.came(n, 800, 150);
    }
    rig.key("2");
    let so_far = "run 1: of 19 s so far, 16 s behind the announced limit of 10 requests/s";
    assert!(rig.screen().contains(so_far), "{}", rig.screen());
    let elapsed = rig.at.wall.duration_since(started).unsigned_abs();
    let summary =
        crate::engine::event::Summary { elapsed, ..(*events::summary(Status::Success, 1_000)).clone() };
    rig.event(Event::Finished(QueryId(1), summary.into()));
    for size in [(80, 24), (200, 50), (60, 16)] {
        rig.resize(size.0, size.1);
        let screen = rig.screen();
        assert!(screen.contains("run 1: of 19 s, 16 s behind the"), "{size:?}\n{screen}");
        assert!(size.1 == 16 || screen.contains("limit 16 s ▓▓▓▓"), "{size:?}\n{screen}");
    }
    assert_eq!(rig.app.next_change(rig.at), None, "nothing moves by itself");
}

#[test]
fn a_storm_of_429s_can_be_watched_and_passes() {
    let mut rig = Rig::running();
    rig.resize(80, 24);
    rig.event(Event::Limits(events::limits(rig.at.now).into()));
    rig.key("3");
    for n in 1..=3 {
        rig.came(n, 0, 20);
    }
    let refused = Exchange { at: rig.at.wall, ..events::exchange(4, 429, 4) };
    rig.event(Event::Exchange(refused.into()));
    let gate = Gate { until: rig.at.now + Duration::from_secs(5), said: "Retry-After: 5".into() };
    let closed = Limits { gate: Some(gate), measured: 0.0, window: 1, ..events::limits(rig.at.now) };
    rig.event(Event::Limits(closed.into()));
    let mut said = Vec::new();
    let opens = rig.at.now + Duration::from_secs(5);
    while let Some(next) = rig.app.next_change(rig.at).filter(|next| *next < opens) {
        let screen = rig.screen();
        assert!(screen.contains("Retry-After: 5") && screen.contains("429s so far 1"), "{screen}");
        said.push(screen.split("opens in ").nth(1).unwrap()[..3].to_owned());
        rig.pass(next - rig.at.now);
        assert!(rig.wake());
    }
    said.dedup();
    assert_eq!(said, ["5 s", "4 s", "3 s", "2 s", "1 s"]);
    rig.pass(Duration::from_secs(1));
    rig.came(4, 0, 20);
    let open = Limits { window: 1, ..events::limits(rig.at.now) };
    rig.event(Event::Limits(open.into()));
    let screen = rig.screen();
    assert!(screen.contains("open") && screen.contains("1 in 7"), "{screen}");
    assert!(screen.contains("░░░░"), "the closed window stays in the picture: {screen}");
}

#[test]
fn an_exchange_opens_into_request_and_reply_and_no_secret_is_in_it() {
    let (exchange, _kept) = events::exchange_in_full(7, 200, BODY);
    let mut rig = Rig::in_the_log(vec![exchange]);
    assert!(rig.key("Enter"));
    assert_eq!(rig.app.context(), Context::Exchange);
    let screen = rig.screen();
    for part in [
        "GET contacts page 7",
        "filter = lastName eq 'O''Hara'",
        "authorization: Bearer …removed",
        "200 OK",
        "\"score\": 1.10",
        "then: taken",
    ] {
        assert!(screen.contains(part), "{part} in\n{screen}");
    }
    rig.key("y");
    rig.key("y");
    assert!(
        rig.copied[0].contains("filter=lastName%20eq") && rig.copied[0].contains(BODY),
        "{:?}",
        rig.copied
    );
    rig.key("Y");
    assert_eq!(rig.copied[1], BODY, "as received, every digit of it");
    let turn = rig.app.act(Action::CopyCurl, rig.at);
    rig.take(turn);
    assert!(rig.copied[2].starts_with("curl -X GET -H \"Authorization: Bearer $CXONE_TOKEN\" 'https://"));
    assert!(!rig.copied.concat().contains("canary"));
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Activity);
    let turn = rig.app.act(Action::CopyCurl, rig.at);
    rig.take(turn);
    assert_eq!(rig.copied[3], rig.copied[2], "the line under the cursor gives the same");
}

#[test]
fn personal_values_are_masked_in_an_exchange_too() {
    let people: Vec<_> = (0..2_000)
        .map(|n| format!("{{\"id\":\"P{n}\",\n\n\"firstName\":\"Zelda\",\"score\":{n}}}"))
        .collect();
    let (exchange, _kept) =
        events::exchange_in_full(7, 200, &format!(r#"{{"items":[{}]}}"#, people.join(",")));
    let mut rig = Rig::in_the_log(vec![exchange]);
    rig.key("m");
    rig.key("Enter");
    for key in ["Home", "PgDn", "PgDn", "End"] {
        rig.key(key);
        let screen = rig.screen();
        assert!(!screen.contains("Zelda") && !screen.contains("Hara"), "{key}\n{screen}");
    }
    assert!(rig.screen().contains("\"score\""), "{}", rig.screen());
    rig.commands.clear();
    rig.records = false;
    rig.key("Y");
    let [Command::Note(ticket, _)] = rig.commands.as_slice() else { panic!("{:?}", rig.commands) };
    let ticket = *ticket;
    assert!(rig.copied.is_empty(), "not before it is recorded");
    rig.event(Event::Noted(ticket, Ok(())));
    assert!(rig.copied[0].contains("Zelda"));
}

#[test]
fn a_body_is_searched() {
    let people: Vec<_> = (0..60).map(|n| format!(r#"{{"id":"PROF-{n:03}","tags":null}}"#)).collect();
    let (exchange, _kept) =
        events::exchange_in_full(1, 200, &format!(r#"{{"items":[{}]}}"#, people.join(",")));
    let mut rig = Rig::in_the_log(vec![exchange]);
    rig.key("Enter");
    assert!(!rig.screen().contains("PROF-041"));
    rig.key("/");
    rig.type_in("prof-04");
    assert!(rig.screen().contains("/ prof-04"), "{}", rig.screen());
    rig.key("Enter");
    assert!(rig.screen().contains("PROF-040"), "{}", rig.screen());
    assert!(rig.key("n") && rig.key("N") && rig.key("N"));
    assert!(rig.screen().contains("PROF-049"), "round from the first to the last");
    rig.key("/");
    rig.type_in("x");
    rig.key("Enter");
    assert!(rig.screen().contains("no line of the body has prof-04x"), "{}", rig.screen());
    rig.key("/");
    rig.key("Esc");
    assert_eq!(rig.app.context(), Context::Exchange, "the first Esc leaves the search alone");
    rig.key("Esc");
    assert!(rig.app.overlay.is_none());
}

#[test]
fn a_request_is_sent_again_and_its_reply_takes_the_place() {
    let (exchange, _kept) = events::exchange_in_full(7, 200, BODY);
    let mut rig = Rig::in_the_log(vec![exchange]);
    rig.key("R");
    assert!(matches!(rig.commands.as_slice(), [Command::Again(7)]), "{:?}", rig.commands);
    assert!(rig.screen().contains("the reply is to come"), "{}", rig.screen());
    rig.key("R");
    assert_eq!(rig.commands.len(), 1, "once is enough while it is on its way");
    // A 429 on the way is the log's alone.
    let (refused, _refused) = events::exchange_in_full(8, 429, "{}");
    rig.event(Event::Exchange(Exchange { number: 8, again: Some(7), ..refused }.into()));
    assert!(rig.screen().contains("the reply is to come"), "{}", rig.screen());
    let (again, _again) = events::exchange_in_full(7, 200, r#"{"items":[{"id":"PROF-9"}]}"#);
    rig.event(Event::Exchange(Exchange { number: 9, again: Some(7), ..again }.into()));
    rig.event(Event::Again(7, None));
    let screen = rig.screen();
    assert!(screen.contains("sent again; the first time: 200 in 92 ms, 50 rows"), "{screen}");
    assert!(screen.contains("PROF-9") && !screen.contains("PROF-0000001"), "{screen}");
    rig.key("Esc");
    assert!(rig.screen().contains("again contacts page 7"), "{}", rig.screen());
}

#[test]
fn what_cannot_be_sent_again_says_why() {
    let mut rig = Rig::in_the_log(vec![events::token_exchange()]);
    rig.key("R");
    assert!(rig.commands.is_empty() && rig.app.overlay.is_none());
    assert!(rig.screen().contains("only what changes nothing (GET)"), "{}", rig.screen());
    // One that is kept no more: what the log knows of it is shown, and the engine says the rest.
    let mut rig = Rig::in_the_log(vec![events::exchange(3, 200, 20)]);
    rig.key("Enter");
    assert!(rig.screen().contains("kept of the last exchanges only"), "{}", rig.screen());
    rig.key("R");
    let gone = Error::usage("exchange 3", "what it asked is not kept any more", "run the query again");
    rig.event(Event::Again(3, Some(gone)));
    let screen = rig.screen();
    assert!(screen.contains("not kept any more") && screen.contains("run the query again"), "{screen}");
}

#[test]
fn webhooks_are_asked_for_once_somebody_wants_to_know() {
    let mut rig = Rig::in_the_log(vec![]);
    rig.key("4");
    assert!(rig.commands.is_empty());
    assert!(rig.screen().contains("not asked for yet: Enter asks"), "{}", rig.screen());
    rig.key("Enter");
    rig.key("Enter");
    assert!(matches!(rig.commands.as_slice(), [Command::Webhooks]), "{:?}", rig.commands);
    assert!(rig.screen().contains("asking the service"), "{}", rig.screen());
    let refused = Error::new(Kind::Permission, "scope webhook:write", "the token has crm:read", "grant it");
    rig.event(Event::Webhooks(Err(refused)));
    let screen = rig.screen();
    assert!(screen.contains("the token has crm:read") && screen.contains("grant it"), "{screen}");
    rig.key("R");
    assert_eq!(rig.commands.len(), 2);
    let registered = Registered {
        id: "wh-1\u{1b}[2J".into(),
        name: "CDP Profile Sync Webhook".into(),
        url: "https://hooks.example.com/cxone".into(),
        events: vec![Untrusted::from("profile.updated")],
    };
    rig.event(Event::Webhooks(Ok(Arc::from(vec![registered]))));
    let screen = rig.screen();
    assert!(screen.contains("1 registration at 12:01:04") && screen.contains("wh-1␛[2J"), "{screen}");
    rig.key("y");
    rig.key("y");
    assert!(rig.copied[0].contains("https://hooks.example.com/cxone\tprofile.updated"), "{:?}", rig.copied);
}

#[test]
fn a_finished_run_opens_into_all_that_is_known_of_it() {
    let mut rig = Rig::running();
    rig.event(Event::Started(QueryId(1), rig.at.wall));
    for n in 1..=5 {
        rig.came(n, 300, 100);
    }
    let error = events::gateway_error();
    rig.event(Event::Failed(QueryId(1), events::summary(Status::Partial, 1_250), error));
    rig.key("Esc");
    rig.key("Tab");
    rig.key("1");
    let screen = rig.screen();
    assert!(screen.contains("9/9") && screen.contains("partial"), "{screen}");
    rig.key("Enter");
    assert_eq!(rig.app.context(), Context::Finished);
    let screen = rig.screen();
    for part in [
        "Run 1: partial",
        "segments SEG-PREMIUM-01",
        "1,250 rows of 10,000 on 25 pages",
        "27, 1 retry, 1 429, 1.4 MB received",
        "Where the time went",
        "502 with HTML",
    ] {
        assert!(screen.contains(part), "{part} in\n{screen}");
    }
    rig.key("y");
    rig.key("y");
    assert!(rig.copied[0].contains("Where the time went"), "{:?}", rig.copied);
    rig.key("Esc");
    // The line in the log opens the same.
    rig.key("5");
    rig.key("Enter");
    assert_eq!(rig.app.context(), Context::Finished);
}
