//! What must not be in a recording is not in it, and is found where it is.

use std::pin::Pin;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::HeaderMap;
use secrecy::SecretString;
use url::Url;

use super::*;
use crate::engine::chance::Chance;
use crate::engine::fetch::transport::{Exchanged, Reply, Request, Transport};
use crate::engine::options::Service;
use crate::engine::worker::{Setup, channel};

const SECRET: &str = "s3cr3t+canary/value";
const TOKEN: &str = "token.canary-47/11==";
const COOKIE: &str = "session-canary-cookie";
/// Values of people, as they are asked for and as they come.
const PEOPLE: &[&str] = &[
    "CANARY-0000471",
    "Canaria",
    "Kanarienvogel",
    "canary.bird@example.org",
    "+44 7700 900471",
    "yellow-feather",
    "O'Canary",
    "Zwitschergasse 4711",
    "sings-at-dawn",
    "CANARY-0000999",
    "Kanárek",
    "1971-02-03",
];
const SEGMENT: &str = "SEG-CANARY-STAYS";

/// A service whose answers are full of canaries: a page, an error, and whatever it was told.
struct Cage;

impl Transport for Cage {
    fn exchange(&self, request: Request) -> Pin<Box<dyn Future<Output = Exchanged> + Send + '_>> {
        Box::pin(async move { Ok(answer(&request)) })
    }
}

fn answer(request: &Request) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("set-cookie", COOKIE.parse().unwrap());
    headers.insert("x-echo", format!("{TOKEN} canary.bird@example.org").parse().unwrap());
    headers.insert("location", "/people/CANARY-0000471?email=canary.bird%40example.org".parse().unwrap());
    let target = request.url.as_str();
    let (status, body) = if target.contains("token") {
        (200, format!(r#"{{"access_token":"{TOKEN}","expires_in":3600,"echo":"{SECRET}"}}"#).into_bytes())
    } else if target.contains("page=2") {
        let echo = "Kanarienvogel and canary.bird@example.org: CANARY-0000471, near 'O''Canary'";
        (400, format!(r#"{{"error":{{"code":"BAD","message":"{echo}","secret":"{SECRET}"}}}}"#).into_bytes())
    } else {
        let cursor = STANDARD_NO_PAD.encode("CANARY-0000471");
        let next = format!("/api/v2/crm/contacts?page=2&pageSize=50&cursor={cursor}");
        let row = format!(
            r#"{{"id":"CANARY-0000471","firstName":"Canaria","lastName":"Kan\u00e1rek","email":"canary.bird@example.org","phone":"+44 7700 900471","tags":["yellow-feather"],"attributes":{{"street":"Zwitschergasse 4711","canary.bird@example.org":"sings-at-dawn","born":"1971-02-03"}},"echo":"{TOKEN}"}}"#
        );
        let odd = b"{\"id\":\"CANARY-0000999\",\"lastName\":\"Kanarienvogel\xff\"}";
        let mut body = format!(r#"{{"items":[{row},"#).into_bytes();
        body.extend_from_slice(odd);
        body.extend_from_slice(format!(r#"],"nextPageUrl":"{next}"}}"#).as_bytes());
        (200, body)
    };
    Reply {
        status,
        headers,
        body: Bytes::from(body),
        connect: Duration::ZERO,
        first_byte: Duration::from_millis(1),
        reading: Duration::ZERO,
    }
}

/// Records a session with that service.
async fn recorded(true_values: bool) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let base = Url::parse("https://acme.my.cxone.com").unwrap();
    let service = Service::new("acme", base, "me", SecretString::from(SECRET));
    let (mut handle, worker) = channel();
    let recorder = handle.recorder().clone();
    let wanted = Wanted { true_values, ..wanted(dir.path(), "a.cxrec") };
    recorder.begin(&wanted, &Clock::system()).unwrap();
    let setup = Setup {
        service,
        clock: Clock::system(),
        chance: Chance::seeded(1),
        transport: Some(Arc::new(Cage)),
        audit: None,
        access: crate::engine::audit::Access::default(),
        keep_exchanges: true,
    };
    tokio::spawn(worker.run(setup));
    let draft = Draft {
        ids: vec!["CANARY-0000471".into(), "CANARY-0000999".into()],
        segments: vec![SEGMENT.into()],
        filter:
            "lastName eq 'Kanarienvogel' or lastName eq 'O''Canary' or email eq 'canary.bird@example.org'"
                .into(),
        ..Draft::default()
    };
    handle.send(Command::Run(QueryId(1), draft.check().unwrap(), None)).unwrap();
    loop {
        match handle.events.recv().await.unwrap() {
            Event::Failed(..) => break,
            Event::Finished(..) => panic!("the second page is refused"),
            _ => {}
        }
    }
    recorder.finish();
    std::fs::read(&wanted.path).unwrap()
}

/// How a text may be spelled in a file.
fn spellings(canary: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(canary.as_bytes()).collect();
    let percent =
        percent_encoding::utf8_percent_encode(canary, percent_encoding::NON_ALPHANUMERIC).to_string();
    let mut all = vec![canary.to_owned(), form, percent];
    // Base64 of a text inside another begins at any of three places.
    for before in ["", "x", "xx"] {
        let text = format!("{before}{canary}");
        for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
            let inner = encoded.trim_end_matches('=');
            let skip = [0, 2, 3][before.len()];
            all.push(inner[skip..inner.len() - 1].to_owned());
        }
    }
    let escaped = serde_json::to_string(canary).unwrap();
    all.push(escaped[1..escaped.len() - 1].to_owned());
    all.push(
        canary
            .chars()
            .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
            .collect(),
    );
    all.push(canary.replace('\'', "''"));
    all
}

/// Which of these are in a file, however they are spelled.
fn found<'a>(file: &[u8], canaries: &[&'a str]) -> Vec<&'a str> {
    let is_in = |spelled: &String| {
        // A line holds JSON in JSON: what is escaped twice is unescaped once.
        let once = String::from_utf8_lossy(file).replace("\\\\", "\\").replace("\\\"", "\"");
        once.contains(spelled.as_str()) || String::from_utf8_lossy(file).contains(spelled.as_str())
    };
    canaries.iter().copied().filter(|canary| spellings(canary).iter().any(is_in)).collect()
}

#[tokio::test]
async fn neither_a_secret_nor_anybody_is_in_a_recording() {
    let file = recorded(false).await;
    assert_eq!(found(&file, &[SECRET, TOKEN, COOKIE]), Vec::<&str>::new());
    assert_eq!(found(&file, PEOPLE), Vec::<&str>::new(), "{}", String::from_utf8_lossy(&file));
    assert_eq!(found(&file, &[SEGMENT]), [SEGMENT]);
}

#[tokio::test]
async fn true_values_are_in_one_that_is_asked_for_and_no_secret_all_the_same() {
    let file = recorded(true).await;
    assert_eq!(found(&file, &[SECRET, TOKEN, COOKIE]), Vec::<&str>::new());
    assert_eq!(found(&file, PEOPLE), PEOPLE, "what the scan must find, it finds");
}

#[tokio::test]
async fn a_planted_one_is_found_however_it_is_spelled() {
    let file = recorded(false).await;
    for canary in [SECRET, TOKEN, "canary.bird@example.org", "Kanárek"] {
        for spelled in spellings(canary) {
            let mut planted = file.clone();
            planted.extend_from_slice(
                format!("{{\"ms\":1,\"event\":{{\"x\":\"..{spelled}..\"}}}}\n").as_bytes(),
            );
            assert_eq!(found(&planted, &[canary]), [canary], "{spelled}");
        }
    }
}
