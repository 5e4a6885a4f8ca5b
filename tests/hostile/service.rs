//! A service that says hostile things wherever a service can say anything. It writes its replies by hand: no library
//! would let some of them out.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::strings::Hostile;

/// What it is asked next gets this.
#[derive(Clone, Debug, Default)]
pub(crate) enum Says {
    /// Everybody, on one page, a text a person.
    #[default]
    People,
    /// Pages are refused with these words.
    Refused(u16, Vec<String>),
    /// Tokens are.
    NoToken(Vec<String>),
    /// A page of another kind, with these words in its header and its body.
    Strange(Vec<String>),
    /// A page whose next page is there.
    Next(String),
}

struct Shared {
    texts: Vec<Hostile>,
    says: Mutex<Says>,
    closing: AtomicBool,
}

/// A service on a free port of this machine; ended when dropped.
pub(crate) struct Service {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Service {
    pub(crate) fn start(texts: Vec<Hostile>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { texts, says: Mutex::default(), closing: AtomicBool::new(false) });
        let served = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                // Who drops it connects once more, and says nothing.
                if served.closing.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&served);
                if let Ok(stream) = stream {
                    std::thread::spawn(move || drop(answer(&stream, &shared)));
                }
            }
        });
        Self { addr, shared, accepting: Some(accepting) }
    }

    pub(crate) fn says(&self, says: Says) {
        *self.shared.says.lock().unwrap_or_else(PoisonError::into_inner) = says;
    }

    /// The variables that point a client at it.
    pub(crate) fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("CXONE_TENANT", "acme".to_owned()),
            ("CXONE_BASE_URL", format!("http://{}", self.addr)),
            ("CXONE_CLIENT_ID", "me".to_owned()),
            ("CXONE_CLIENT_SECRET", "not-a-real-secret".to_owned()),
        ]
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        let woken = TcpStream::connect(self.addr);
        if let (Ok(_), Some(accepting)) = (woken, self.accepting.take()) {
            // Nothing hangs on how it ended.
            let _ = accepting.join();
        }
    }
}

fn answer(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut first)?;
    while reader.read_line(&mut line)? > 2 {
        if let Some(said) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = said.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    let says = shared.says.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, headers, body) = reply(&says, path, &shared.texts);
    let mut out = Vec::new();
    write!(out, "HTTP/1.1 {status} Said\r\ncontent-length: {}\r\nconnection: close\r\n", body.len())?;
    for (name, value) in headers {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        // The rest would not be a header any more, and no client takes it for one.
        out.extend(value.bytes().filter(|byte| *byte >= 0x20 && *byte != 0x7f).take(1_000));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&body);
    let mut stream = stream;
    stream.write_all(&out)
}

type Reply = (u16, Vec<(&'static str, String)>, Vec<u8>);

fn reply(says: &Says, path: &str, texts: &[Hostile]) -> Reply {
    const JSON: &str = "application/json";
    let json = || vec![("content-type", JSON.to_owned())];
    if path.starts_with("/api/v2/oauth/token") {
        if let Says::NoToken(words) = says {
            let body = serde_json::json!({
                "error": words[0], "error_description": words.join(" "), "error_uri": words[0], "traceId": words[0],
            });
            return (401, with_words(words, JSON), body.to_string().into_bytes());
        }
        let scopes: Vec<_> = texts.iter().take(30).map(|one| one.text.replace(' ', "")).collect();
        let body = serde_json::json!({
            "access_token": "tok", "expires_in": 3600, "token_type": "Bearer",
            "scope": format!("crm:read cdp:read webhook:write {}", scopes.join(" ")),
        });
        return (200, json(), body.to_string().into_bytes());
    }
    if path.starts_with("/api/v2/crm/webhooks") {
        let items: Vec<_> = texts
            .iter()
            .map(|one| serde_json::json!({ "id": one.text, "name": one.text, "url": one.text, "events": [one.text] }))
            .collect();
        return (200, json(), serde_json::json!({ "items": items }).to_string().into_bytes());
    }
    match says {
        Says::People | Says::NoToken(_) => (200, json(), people(texts, None)),
        Says::Refused(status, words) => {
            let body = serde_json::json!({
                "error": { "code": words[0], "message": words.join(" ") }, "traceId": words.last(),
            });
            (*status, with_words(words, JSON), body.to_string().into_bytes())
        }
        Says::Strange(words) => {
            let kind = format!("text/{}", words[0]);
            (200, with_words(words, &kind), words.join("\n").into_bytes())
        }
        Says::Next(next) => (200, json(), people(&texts[..1], Some(next))),
    }
}

fn with_words(words: &[String], kind: &str) -> Vec<(&'static str, String)> {
    let mut headers = vec![("content-type", kind.to_owned()), ("server", words.join(" "))];
    headers.push(("www-authenticate", format!("Bearer error=\"{0}\", scope=\"{0}\"", words[0])));
    headers.push(("retry-after", words[0].clone()));
    headers.push(("x-request-id", words[0].clone()));
    headers
}

/// A person's ID: `P0007`, and how the text begins. A column shows it whole.
pub(crate) fn id(n: usize, text: &str) -> String {
    format!("P{n:04}") + &text.chars().take(3).collect::<String>()
}

/// A page of a person a text, with the text in every other field; and rows that cannot be read, with texts in them.
fn people(texts: &[Hostile], next: Option<&str>) -> Vec<u8> {
    let mut out = b"{\"items\":[".to_vec();
    for (n, one) in texts.iter().enumerate() {
        let text = &one.text;
        let row = serde_json::json!({
            "id": id(n, text), "firstName": text, "lastName": text, "email": text, "phone": text,
            "tags": [text, text], "attributes": { text: text, "list": [text, { text: [text] }] },
            "createdDate": text, "modifiedDate": text,
        });
        out.extend(row.to_string().into_bytes());
        out.push(b',');
        if n % 8 == 0 && text.len() < 1_000 {
            // The text as it is, which JSON does not allow, and a byte that no text has.
            let bare: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'"' | b'\\')).collect();
            out.extend([b"{\"id\":\"", &bare[..], b"\x9b\xff\"},"].concat());
        }
    }
    out.pop();
    let end = serde_json::json!({ "nextPageUrl": next, "total": texts.len() }).to_string();
    out.extend_from_slice(b"],");
    out.extend_from_slice(&end.as_bytes()[1..]);
    out
}
