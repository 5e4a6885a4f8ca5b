//! Table "Network and HTTP".

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use cxlens::engine::error::{Error, Kind};
use cxlens::engine::event::{Command, Event, Status};
use cxlens::engine::query::QueryId;
use url::Url;

use crate::support::{Case, PAGE, PEOPLE, Ran, worker};

const SECOND: Duration = Duration::from_secs(1);

faults! {
    connections = "DNS, refused, connect time-out, reset, GOAWAY" {
        reset; |ran| ran.whole().retries(2..=2).pages(12);
        reset_forever; |ran| ran.stops(Kind::Network, 0, "page 1").pages(4).says("reset").backed_off();
        reset_half_the_time; |ran| ran.whole().retries(1..);
        connection_closed; |ran| ran.whole().retries(2..=2).pages(12);
        connection_last; |ran| ran.whole().nothing_again();
        hang; |ran| ran.whole().retries(1..=1);
        hang_forever; |ran| ran.stops(Kind::Network, 0, "page 1").pages(4).says("no whole reply within 400ms");
        slow with |case| { case.few(); case.service.timeouts.page = 5 * SECOND; }; |ran| ran.whole().nothing_again();
    }
    cut = "reset or cut mid-body" {
        reset_mid_body; |ran| ran.whole().retries(2..=2).pages(12);
        body_cut; |ran| ran.whole().retries(2..=2).pages(12);
        body_cut_forever; |ran| ran.stops(Kind::Network, 0, "page 1").pages(4).says("cut off");
        body_cut_chunked; |ran| ran.whole().retries(2..=2).pages(12);
        body_cut_between_rows; |ran| ran.whole().retries(2..=2).pages(12);
    }
    dripped = "drip-fed body" {
        // Each byte comes in time; the whole does not.
        drip; |ran| ran.whole().retries(1..=1);
        drip_forever; |ran| ran.stops(Kind::Network, 0, "page 1").pages(4).says("no whole reply within 400ms");
        stall; |ran| ran.whole().retries(1..=1);
    }
    redirected = "redirect" {
        redirect; |ran| ran.stops(Kind::Service, 0, "page 1").tokens(1).pages(1).says("302").says("not followed");
        redirect_within; |ran| ran.stops(Kind::Service, 0, "page 1").pages(1).says("307").says("not followed");
    }
    proxy = "proxy from the environment; 407" {
        proxy_407; |ran| ran.stops(Kind::Network, 0, "no token").tokens(1).pages(0).says("HTTPS_PROXY");
    }
    portal = "captive portal: 200 with HTML" {
        captive_portal; |ran| ran.stops(Kind::Service, 0, "no token").tokens(1).pages(0).says("portal");
        captive_portal_mid_paging with |case| case.service.bounds.concurrency = 1; |ran|
            ran.stops(Kind::Service, 2 * PAGE as usize, "page 3").pages(3).says("text/html").says("portal");
        content_type_missing; |ran| ran.whole().nothing_again();
        content_type_text; |ran| ran.whole().nothing_again();
    }
    too_much = "gzip bomb, endless body" {
        gzip_bomb with |case| case.patient(); |ran| ran.too_large();
        gzip_broken; |ran| ran.whole().retries(2..=2).pages(12);
        body_endless with |case| case.patient(); |ran| ran.too_large();
        body_endless_blank with |case| case.patient(); |ran| ran.too_large();
    }
}

impl Case {
    fn few(&mut self) {
        self.sandbox.profiles = PEOPLE / 4;
    }
}

impl Ran {
    /// Sixteen megabytes came, and not one was kept; it would be no smaller the next time.
    fn too_large(&self) -> &Self {
        self.stops(Kind::Service, 0, "page 1").pages(1).says("larger than 16777216 bytes").says("--page-size")
    }
}

/// Asks a service that is no sandbox, and returns how that ends and how many attempts were made.
async fn ask(base: &str, connect: Duration) -> (Error, usize) {
    let Case { mut service, draft, .. } = Case::of("none");
    service.base_url = Url::parse(base).unwrap();
    service.timeouts.connect = connect;
    service.timeouts.token = 10 * SECOND;
    let mut handle = worker(service);
    handle.commands.send(Command::Run(QueryId(1), draft.check().unwrap(), None)).await.unwrap();
    let mut attempts = 0;
    loop {
        match handle.events.recv().await.unwrap() {
            Event::Exchange(_) => attempts += 1,
            Event::Failed(_, summary, error) => {
                assert_eq!(summary.rows, 0);
                return (error, attempts);
            }
            Event::Finished(..) => panic!("there is no service there"),
            _ => {}
        }
    }
}

fn local(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn a_name_without_an_address_is_tried_again_and_named() {
    let (error, attempts) = ask("http://acme.invalid", 5 * SECOND).await;
    assert_eq!((error.kind, attempts), (Kind::Network, 4), "{error}");
    assert!(
        error.cause.contains("could not be resolved") && error.remedy.contains("acme.invalid"),
        "{error}"
    );
}

/// The service holds every reply: that its requests end all the same is the client's doing.
#[tokio::test]
async fn cancelling_closes_the_sockets_and_keeps_what_came() {
    let mut case = Case::of("none");
    case.service.timeouts.page = 60 * SECOND;
    let mut session = case.start().await;
    let control = session.control();
    let gate = control.hold();
    session.ask().await;
    // The token, and the first page.
    gate.let_through(2);
    control.wait_until(|counters| counters.held == 5).await;
    session.handle.commands.send(session.cancel()).await.unwrap();
    control.wait_until(|counters| counters.in_flight == 0).await;
    let ran = session.finish().await;
    assert_eq!((ran.summary.status, ran.rows.len()), (Status::Cancelled, PAGE as usize));
    drop(gate);
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_and_named() {
    let addr = local(&TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let (error, attempts) = ask(&format!("http://{addr}"), 5 * SECOND).await;
    assert_eq!((error.kind, attempts), (Kind::Network, 4), "{error}");
    assert!(error.cause.contains("no connection") && error.cause.contains("refused"), "{error}");
}

/// A listener whose queue is full lets nobody in and says nothing.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_that_takes_too_long_is_tried_again_and_named() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let listener = socket.listen(1).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(100), tokio::net::TcpStream::connect(addr)).await
    {
        queue.push(stream);
    }
    let (error, attempts) = ask(&format!("http://{addr}"), Duration::from_millis(200)).await;
    assert_eq!((error.kind, attempts), (Kind::Network, 4), "{error}");
    assert!(error.cause.contains("no connection within 200ms"), "{error}");
}

/// A certificate for `localhost` that nobody signed but itself, with its key; made for this test alone.
const SELF_SIGNED: &str = include_str!("../support/self-signed.pem");

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_refused_once_and_for_all() {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = local(&listener);
    let certificate = CertificateDer::from_pem_slice(SELF_SIGNED.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(SELF_SIGNED.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    // Ends with the test's process; nothing waits for it.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = stream.unwrap();
            // The client turns away: that is an error here.
            let _ = rustls::Stream::new(&mut connection, &mut stream).read(&mut [0; 1024]);
        }
    });
    let (error, attempts) = ask(&format!("https://localhost:{}", addr.port()), 5 * SECOND).await;
    assert_eq!((error.kind, attempts), (Kind::Network, 1), "{error}");
    assert!(
        error.cause.contains("certificate") && error.remedy.contains("no switch to ignore it"),
        "{error}"
    );
}

/// Speaks HTTP/2 over TLS. The first connection that is asked for profiles says goodbye (GOAWAY) and closes without an
/// answer; those after it answer.
async fn says_goodbye(listener: tokio::net::TcpListener) {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    let certificate = CertificateDer::from_pem_slice(TRUSTED.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(TRUSTED.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let mut goodbyes = 1;
    loop {
        let stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut reply))) = connection.accept().await {
            let is_page = request.uri().path() == "/api/v2/crm/contacts";
            if is_page && goodbyes > 0 {
                goodbyes -= 1;
                connection.abrupt_shutdown(h2::Reason::NO_ERROR);
                continue;
            }
            let body = if is_page {
                r#"{"items":[{"id":"PROF-001","firstName":"Ada"}]}"#
            } else {
                r#"{"access_token":"made-up","token_type":"Bearer","expires_in":3600,"scope":"crm:read cdp:read"}"#
            };
            let head = http::Response::builder().header("content-type", "application/json").body(()).unwrap();
            let mut to = reply.send_response(head, false).unwrap();
            to.send_data(body.into(), true).unwrap();
        }
    }
}

/// For `localhost`, with its key, signed by an authority that was made for this test alone.
const TRUSTED: &str = include_str!("../support/localhost.pem");
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/localhost-ca.pem");

#[tokio::test]
async fn a_connection_that_says_goodbye_is_asked_again_on_another() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    // Ends with the test.
    tokio::spawn(says_goodbye(listener));
    let home = tempfile::tempdir().unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_cxlens"));
    command
        .args(["query", "--id", "PROF-001", "--fields", "id"])
        .env_clear()
        .env("HOME", home.path())
        .env("SSL_CERT_FILE", AUTHORITY)
        .env("CXONE_BASE_URL", format!("https://localhost:{}", addr.port()))
        .env("CXONE_TENANT", "acme")
        .env("CXONE_CLIENT_ID", "me")
        .env("CXONE_CLIENT_SECRET", "s3cr3t-value");
    let output = command.output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "{\"id\":\"PROF-001\"}\n");
    assert!(said.contains("requests 3"), "a token, a page that was not answered, and the page: {said}");
}

/// A server that says the same to everybody.
fn always(reply: &'static str) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = local(&listener);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(reply.as_bytes());
        }
    });
    addr
}

#[test]
fn a_proxy_from_the_environment_that_wants_a_login_is_an_error_of_its_own() {
    let proxy = always("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    let home = tempfile::tempdir().unwrap();
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cxlens"));
    command
        .args(["query", "--id", "PROF-001"])
        .env_clear()
        .env("HOME", home.path())
        .env("HTTPS_PROXY", format!("http://{proxy}"))
        .env("CXONE_TENANT", "acme")
        .env("CXONE_CLIENT_ID", "me")
        .env("CXONE_CLIENT_SECRET", "s3cr3t-value");
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("the proxy refused") && said.contains("HTTPS_PROXY"), "{said}");
    assert!(!said.contains("s3cr3t-value") && !said.contains("attempts"), "{said}");
}

#[test]
fn a_page_is_at_most_sixteen_mebibytes_unless_said_otherwise() {
    assert_eq!(Case::of("none").service.max_body, 16 * 1024 * 1024);
}
