//! Every fault by name, seen from a client that knows nothing but sockets.

#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, io, net::SocketAddr};

use cxlens::sandbox::{Fault, Options, Sandbox, faults};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const LOGIN: &str =
    "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret-for-made-up-people";

/// As much as is worth looking at.
const ENOUGH_BYTES: usize = 256 * 1024;

async fn sandbox_with(faults: Vec<Fault>) -> Sandbox {
    Sandbox::start(Options { profiles: 60, faults, ..Options::default() }).await.unwrap()
}

async fn playing(name: &str) -> Sandbox {
    sandbox_with(vec![name.parse().unwrap_or_else(|unknown| panic!("{unknown}"))]).await
}

async fn playing_plan(plan: &str) -> Sandbox {
    sandbox_with(vec![Fault::from_toml("own", plan).unwrap_or_else(|wrong| panic!("{wrong}"))]).await
}

/// What came over one connection, and how it ended.
struct Heard {
    bytes: Vec<u8>,
    end: Option<io::ErrorKind>,
}

impl Heard {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn status(&self) -> u16 {
        self.text().split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    fn header(&self, name: &str) -> Option<String> {
        let text = self.text();
        let head = text.split("\r\n\r\n").next()?;
        head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.strip_prefix(' ').unwrap_or(value).to_owned())
        })
    }

    fn body(&self) -> &[u8] {
        let at = self.bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        &self.bytes[at + 4..]
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.body()).unwrap_or_else(|wrong| panic!("{wrong}: {}", self.text()))
    }

    fn ids(&self) -> Vec<String> {
        let json = self.json();
        json["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap_or("-").to_owned())
            .collect()
    }
}

async fn say(addr: SocketAddr, request: String) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn hear(mut stream: TcpStream) -> Heard {
    let mut bytes = Vec::new();
    let mut part = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut part).await {
            Ok(0) => return Heard { bytes, end: None },
            Ok(read) => bytes.extend_from_slice(&part[..read]),
            Err(error) => return Heard { bytes, end: Some(error.kind()) },
        }
        if bytes.len() > ENOUGH_BYTES {
            return Heard { bytes, end: None };
        }
    }
}

async fn ask_token(addr: SocketAddr) -> Heard {
    let head = "POST /api/v2/oauth/token HTTP/1.1\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded";
    hear(say(addr, format!("{head}\r\nhost: {addr}\r\ncontent-length: {}\r\n\r\n{LOGIN}", LOGIN.len())).await)
        .await
}

async fn token(addr: SocketAddr) -> String {
    let heard = ask_token(addr).await;
    let token =
        (heard.status() == 200).then(|| serde_json::from_slice::<serde_json::Value>(heard.body()).ok());
    token.flatten().and_then(|json| Some(json["access_token"].as_str()?.to_owned())).unwrap_or_default()
}

fn page_request(addr: SocketAddr, token: &str, query: &str) -> String {
    let token = if token.contains(['\r', '\n']) { "" } else { token };
    format!(
        "GET /api/v2/crm/contacts?{query} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
    )
}

async fn page(addr: SocketAddr, token: &str, number: usize) -> Heard {
    hear(say(addr, page_request(addr, token, &format!("fields=id&pageSize=10&page={number}"))).await).await
}

/// A token, then eight pages: everything that was heard, without what differs between any two runs.
async fn transcript(sandbox: &Sandbox) -> Vec<String> {
    let addr = sandbox.addr();
    let first = ask_token(addr).await;
    let token = token(addr).await;
    let mut heard = vec![first];
    for number in 1..=8 {
        heard.push(page(addr, &token, number).await);
    }
    let plain = |heard: &Heard| {
        let text = heard.text().replace(&addr.to_string(), "HOST");
        let lines = text.lines().map(|line| match line.strip_prefix("date: ") {
            // The day alone; a skewed clock shows in the date that the 429 carries.
            Some(date) => date.chars().take(16).collect(),
            None => match line.find("sbx.") {
                Some(at) if line.contains("access_token") => [&line[..at], &line[at + 68..]].concat(),
                _ => line.to_owned(),
            },
        });
        format!("{:?}\n{}", heard.end, lines.collect::<Vec<_>>().join("\n"))
    };
    heard.iter().map(plain).collect()
}

#[tokio::test]
async fn every_fault_can_be_told_from_a_server_that_is_well() {
    // These take time, wait for ever, or come by chance: tests of their own.
    const ELSEWHERE: &[&str] = &[
        "none",
        "hang",
        "hang-forever",
        "stall",
        "drip",
        "drip-forever",
        "slow",
        "token-slow",
        "token-hang",
        "token-dies-early",
        "500-sometimes",
    ];
    let well = playing("none").await;
    let usual = transcript(&well).await;
    assert_eq!(usual, transcript(&well).await);
    well.stop().await;
    for fault in faults().iter().filter(|fault| !ELSEWHERE.contains(&fault.name)) {
        let sandbox = playing(fault.name).await;
        let seen = transcript(&sandbox).await;
        assert!(seen != usual, "{} does nothing", fault.name);
        sandbox.stop().await;
    }
}

#[test]
fn every_row_of_the_contract_that_a_server_can_play_is_played() {
    let rows: BTreeSet<_> = faults().iter().map(|fault| (fault.group, fault.row)).collect();
    let count = |group: &str| rows.iter().filter(|(own, _)| *own == group).count();
    assert_eq!(
        ["Rate", "Identity", "Network and HTTP", "Paging", "Payload"].map(count),
        [8, 7, 7, 5, 5],
        "{rows:#?}"
    );
    let names: BTreeSet<_> = faults().iter().map(|fault| fault.name).collect();
    assert_eq!(names.len(), faults().len());
    for fault in faults() {
        assert!(fault.says.len() > 10 && fault.says.len() < 100 && !fault.says.ends_with('.'), "{fault:?}");
        assert!(fault.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{fault:?}");
    }
}

#[test]
fn an_unknown_fault_is_answered_with_its_neighbours() {
    let unknown = "429-for-ever".parse::<Fault>().unwrap_err();
    assert_eq!(unknown.nearest.first(), Some(&"429-forever"));
    assert!(unknown.to_string().starts_with("there is no fault \"429-for-ever\"; did you mean 429-forever"));
    let unknown = "gzip_bom".parse::<Fault>().unwrap_err();
    assert_eq!(unknown.nearest.first(), Some(&"gzip-bomb"));
    assert!("zzzzzzzzzzzzzzzzzzzzzzzz".parse::<Fault>().unwrap_err().nearest.is_empty());
    let wrong = Fault::from_toml("own", "says = ''\ngroup = ''\nrow = ''\ntypo = 1").unwrap_err();
    assert!(wrong.to_string().contains("typo"), "{wrong}");
}

#[tokio::test]
async fn the_wait_is_written_as_the_row_says() {
    for (name, expected) in [
        ("retry-after-seconds", Some("1")),
        ("retry-after-zero", Some("0")),
        ("retry-after-negative", Some("-5")),
        ("retry-after-fraction", Some("1.5")),
        ("retry-after-padded", Some(" 1 ")),
        ("retry-after-word", Some("soon")),
        ("retry-after-year-9999", Some("Fri, 31 Dec 9999 23:59:59 GMT")),
        ("retry-after-long", Some("120")),
        ("retry-after-missing", None),
        ("429-forever", Some("1")),
    ] {
        let sandbox = playing(name).await;
        let token = token(sandbox.addr()).await;
        let first = page(sandbox.addr(), &token, 1).await;
        assert_eq!(first.status(), if name == "429-forever" { 429 } else { 200 }, "{name}");
        let second = page(sandbox.addr(), &token, 2).await;
        assert_eq!((second.status(), second.header("retry-after").as_deref()), (429, expected), "{name}");
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn dates_are_written_in_all_three_forms_and_with_the_servers_own_clock() {
    let heard = async |name: &str| {
        let sandbox = playing(name).await;
        let token = token(sandbox.addr()).await;
        page(sandbox.addr(), &token, 1).await;
        let heard = page(sandbox.addr(), &token, 2).await;
        sandbox.stop().await;
        (heard.header("retry-after").unwrap(), heard.header("date").unwrap())
    };
    let seconds = |text: &str| {
        let time = httpdate::parse_http_date(text).unwrap_or_else(|_| panic!("{text}"));
        time.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
    };
    let mut today = 0;
    for (name, length) in [
        ("retry-after-http-date", 29),
        ("retry-after-http-date-rfc850", 30),
        ("retry-after-http-date-asctime", 24),
    ] {
        let (wait, date) = heard(name).await;
        today = seconds(&date);
        assert!((1..=3).contains(&(seconds(&wait) - today)), "{name}: {wait} at {date}");
        assert!(wait.len() >= length, "{wait}");
    }
    let (wait, date) = heard("retry-after-http-date-skewed").await;
    assert!((1..=3).contains(&(seconds(&wait) - seconds(&date))), "{wait} at {date}");
    assert!((7200..7300).contains(&(seconds(&date) - today)), "{date}");
}

#[tokio::test]
async fn a_revoked_token_is_refused_until_there_is_a_new_one() {
    let sandbox = playing("401-mid-paging").await;
    let addr = sandbox.addr();
    let old = token(addr).await;
    for (number, status) in [(1, 200), (2, 200), (3, 401), (4, 401), (5, 401)] {
        assert_eq!(page(addr, &old, number).await.status(), status);
    }
    let new = token(addr).await;
    assert_eq!(page(addr, &new, 3).await.status(), 200);
    sandbox.stop().await;

    let sandbox = playing_plan(
        "says = ''\ngroup = ''\nrow = ''\n[[effect]]\nwhen = { on = \"token\", times = 1 }\ntoken_life_seconds = 0",
    )
    .await;
    let dead = token(sandbox.addr()).await;
    assert_eq!(page(sandbox.addr(), &dead, 1).await.status(), 401);
    let alive = token(sandbox.addr()).await;
    assert_eq!(page(sandbox.addr(), &alive, 1).await.status(), 200);
    sandbox.stop().await;
}

#[tokio::test]
async fn connections_end_as_the_fault_wants_it() {
    for (name, status, end, whole) in [
        ("reset", 0, Some(io::ErrorKind::ConnectionReset), false),
        ("connection-closed", 0, None, false),
        ("reset-mid-body", 200, Some(io::ErrorKind::ConnectionReset), false),
        ("body-cut", 200, None, false),
        ("body-cut-chunked", 200, None, false),
        ("body-cut-between-rows", 200, None, true),
    ] {
        let sandbox = playing(name).await;
        let token = token(sandbox.addr()).await;
        assert_eq!(page(sandbox.addr(), &token, 1).await.ids().len(), 10, "{name}");
        let heard = page(sandbox.addr(), &token, 2).await;
        assert_eq!((heard.status(), heard.end), (status, end), "{name}: {}", heard.text());
        if status == 200 {
            let length = heard.header("content-length").and_then(|length| length.parse::<usize>().ok());
            assert_eq!(length == Some(heard.body().len()), whole, "{name}: {}", heard.text());
            assert!(serde_json::from_slice::<serde_json::Value>(heard.body()).is_err(), "{name}");
            assert!(!heard.text().ends_with("0\r\n\r\n"), "{name}");
        }
        page(sandbox.addr(), &token, 2).await;
        assert_eq!(page(sandbox.addr(), &token, 2).await.ids().len(), 10, "{name}");
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn what_is_never_answered_ends_with_the_sandbox() {
    for name in ["hang-forever", "stall", "drip-forever"] {
        let sandbox = playing(name).await;
        let addr = sandbox.addr();
        let token = token(addr).await;
        if name == "stall" {
            page(addr, &token, 1).await;
        }
        let mut stream = say(addr, page_request(addr, &token, "pageSize=60")).await;
        if name == "hang-forever" {
            sandbox.control().wait_until(|counters| counters.in_flight == 1).await;
        } else {
            let mut head = [0; 17];
            stream.read_exact(&mut head).await.unwrap();
            assert_eq!(&head, b"HTTP/1.1 200 OK\r\n");
        }
        let heard = tokio::spawn(hear(stream));
        sandbox.stop().await;
        let heard = heard.await.unwrap();
        assert_eq!(heard.bytes.is_empty(), name == "hang-forever", "{name}");
    }
}

#[tokio::test]
async fn the_bomb_is_small_on_the_wire_and_large_when_unpacked() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let sandbox = playing("gzip-bomb").await;
    let token = token(sandbox.addr()).await;
    let url = format!("{}/api/v2/crm/contacts", sandbox.base_url());
    let mut reply = reqwest::Client::new().get(url).bearer_auth(&token).send().await.unwrap();
    let first = reply.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"{\"items\":["));
    let mut unpacked = first.len();
    while unpacked < 17 << 20 {
        unpacked += reply.chunk().await.unwrap().unwrap().len();
    }
    drop(reply);
    sandbox.stop().await;
}

#[tokio::test]
async fn pages_are_bent_as_the_fault_wants_it() {
    let next = async |name: &str, number| {
        let sandbox = playing(name).await;
        let token = token(sandbox.addr()).await;
        let next = page(sandbox.addr(), &token, number).await.json()["nextPageUrl"].clone();
        let port = sandbox.addr().port().to_string();
        sandbox.stop().await;
        next.as_str().unwrap_or("null").replace(&port, "PORT")
    };
    let query = "fields=id&pageSize=10&page=2";
    for (name, expected) in [
        ("none", format!("http://127.0.0.1:PORT/api/v2/crm/contacts?{query}")),
        ("next-page-other-origin", format!("https://evil.example/api/v2/crm/contacts?{query}")),
        ("next-page-double-slash", format!("//evil.example/api/v2/crm/contacts?{query}")),
        ("next-page-user-info", format!("http://user:password@127.0.0.1:PORT/api/v2/crm/contacts?{query}")),
        ("next-page-disguised", format!("http://127.0.0.1:PORT@evil.example/api/v2/crm/contacts?{query}")),
        ("next-page-other-port", format!("http://127.0.0.1:1/api/v2/crm/contacts?{query}")),
        ("next-page-relative", format!("/api/v2/crm/contacts?{query}")),
        ("next-page-outside-api", "http://127.0.0.1:PORT/admin/export?fields=id&pageSize=10&page=1".into()),
        ("next-page-same", "http://127.0.0.1:PORT/api/v2/crm/contacts?fields=id&pageSize=10&page=1".into()),
    ] {
        assert_eq!(next(name, 1).await, expected, "{name}");
    }
    assert_eq!(next("none", 6).await, "null");
    assert_ne!(next("pages-without-end", 60).await, "null");
}

/// Follows the next pages like a client that trusts the server.
async fn follow(name: &str) -> Vec<Vec<String>> {
    let sandbox = playing(name).await;
    let token = token(sandbox.addr()).await;
    let mut query = "fields=id&pageSize=10&page=1".to_owned();
    let mut pages = Vec::new();
    loop {
        let heard = hear(say(sandbox.addr(), page_request(sandbox.addr(), &token, &query)).await).await;
        pages.push(heard.ids());
        match heard.json()["nextPageUrl"].as_str().and_then(|next| next.split_once('?')) {
            Some((_, next)) => next.clone_into(&mut query),
            None => break,
        }
    }
    sandbox.stop().await;
    pages
}

#[tokio::test]
async fn nobody_is_lost_where_paging_is_odd_but_sound() {
    for (name, count) in [
        ("none", 6),
        ("next-page-cursor", 6),
        ("next-page-relative", 6),
        ("empty-page", 7),
        ("empty-pages-some", 11),
        ("shifting-rows", 8),
    ] {
        let pages = follow(name).await;
        assert_eq!(pages.len(), count, "{name}");
        let rows: Vec<_> = pages.concat();
        let people: BTreeSet<_> = rows.iter().collect();
        assert_eq!(people.len(), 60, "{name}");
        let repeats = if name == "shifting-rows" { 14 } else { 0 };
        assert_eq!(rows.len(), 60 + repeats, "{name}");
    }
}

#[tokio::test]
async fn rows_are_put_in_byte_by_byte() {
    let second_row = async |name: &str| {
        let sandbox = playing(name).await;
        let token = token(sandbox.addr()).await;
        let heard = page(sandbox.addr(), &token, 1).await;
        let rest = heard.body().strip_prefix(br#"{"items":[{"id":"PROF-001"},"#).unwrap().to_vec();
        sandbox.stop().await;
        rest
    };
    for (name, expected) in [
        ("rows-not-objects", &b"null,42,\"text\",[{\"id\":\"ODD-IN-ARRAY\"}],true,{\"id\":\"PROF-002\"}"[..]),
        ("rows-invalid-utf8", b"{\"id\":\"ODD-UTF8\",\"firstName\":\"caf\xE9 \xFF\xFE \xC3\"},"),
        ("rows-lone-surrogate", br#"{"id":"ODD-SURROGATE","firstName":"\ud83d half"},"#),
        ("rows-raw-control", b"{\"id\":\"ODD-CONTROL\",\"firstName\":\"a\0b\x1B[2Jc\nd\"},"),
        ("rows-nan", br#"{"id":"ODD-NAN","attributes":{"score":NaN}},"#),
        ("rows-combining-marks", "{\"id\":\"ODD-MARKS\",\"firstName\":\"e\u{301}\u{301}".as_bytes()),
        ("rows-far-too-deep", b"{\"id\":\"ODD-ABYSS\",\"attributes\":{\"deep\":[[[["),
    ] {
        let row = second_row(name).await;
        assert!(row.starts_with(expected), "{name}: {}", String::from_utf8_lossy(&row[..row.len().min(200)]));
    }
}

#[tokio::test]
async fn chance_follows_the_seed_and_its_share() {
    let mut counts = Vec::new();
    for _ in 0..2 {
        let sandbox = playing("500-sometimes").await;
        let token = token(sandbox.addr()).await;
        let mut failed = Vec::new();
        for number in 0..150 {
            if page(sandbox.addr(), &token, 1).await.status() == 500 {
                failed.push(number);
            }
        }
        sandbox.stop().await;
        counts.push(failed);
    }
    assert_eq!(counts[0], counts[1]);
    assert!((5..=30).contains(&counts[0].len()), "{counts:?}");
}

#[tokio::test]
async fn faults_come_and_go_while_it_runs() {
    let sandbox = playing("none").await;
    let (addr, control) = (sandbox.addr(), sandbox.control());
    let token = token(addr).await;
    assert_eq!(page(addr, &token, 1).await.status(), 200);
    control.add_fault("503-forever".parse().unwrap());
    assert_eq!(page(addr, &token, 1).await.status(), 503);
    control.set_faults(["200-array".parse().unwrap()]);
    assert!(page(addr, &token, 1).await.json().is_array());
    control.clear_faults();
    assert_eq!(page(addr, &token, 1).await.ids().len(), 10);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_client_that_neither_asks_nor_reads_cannot_keep_it_alive() {
    let sandbox = playing("body-endless").await;
    let addr = sandbox.addr();
    let token = token(addr).await;
    let half_a_request = say(addr, "GET / HT".to_owned()).await;
    let never_read = say(addr, page_request(addr, &token, "")).await;
    sandbox.control().wait_until(|counters| counters.contacts == 1 && counters.answered == 2).await;
    sandbox.stop().await;
    assert!(TcpStream::connect(addr).await.is_err());
    drop((half_a_request, never_read));
}

#[tokio::test]
async fn dropping_it_ends_it_too() {
    let sandbox = playing("none").await;
    let addr = sandbox.addr();
    let idle = TcpStream::connect(addr).await.unwrap();
    drop(sandbox);
    assert_eq!(hear(idle).await.end, None);
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
