//! What this program is when it is started by itself.
//!
//! | role | what it does |
//! | --- | --- |
//! | `@server` | the sandbox with options that `cxlens sandbox` does not have (its latency varies, it announces its limit and its total), told what to do on stdin, gone when stdin ends |
//! | `@measure` | runs a program and writes down what it used: alone, because what children used is only known of all together |
//! | `@floor` | the bare client, where its processor time matters |
//! | `@explore` | the explorer with a cap of 256 MiB on a page |

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use cxlens::config::{Look, OnChange};
use cxlens::engine::audit::Access;
use cxlens::engine::chance::Chance;
use cxlens::engine::clock::Clock;
use cxlens::engine::options::Service;
use cxlens::engine::worker::{self, channel};
use cxlens::sandbox::{Control, Options, Rate, Sandbox};
use cxlens::tui;
use cxlens::tui::theme::Appearance;
use nix::sys::resource::{UsageWho, getrusage};
use secrecy::SecretString;
use tokio::net::TcpListener;
use url::Url;

use crate::client::everybody;
use crate::floor::Bare;
use crate::{Failure, Outcome};

/// Plays the role with these words.
pub(crate) fn play(role: &str, words: &[String]) -> Outcome<()> {
    match role {
        "@server" => runtime()?.block_on(serve(words)),
        "@measure" => measure(words),
        "@floor" => runtime()?.block_on(floor(words)),
        "@explore" => runtime()?.block_on(explore(words)),
        _ => Err(format!("there is no role {role}").into()),
    }
}

/// As the program has it.
pub(crate) fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// `name=value` among the words.
fn word<'a>(words: &'a [String], name: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

async fn serve(words: &[String]) -> Outcome<()> {
    let number = |name| word(words, name).unwrap_or("0").parse::<u64>();
    let says = |name| word(words, name) == Some("true");
    let rate = word(words, "rate").map(str::parse::<f64>).transpose()?;
    let fault = word(words, "fault").map(str::parse).transpose().map_err(|e| format!("{e}"))?;
    let options = Options {
        profiles: number("profiles")? as usize,
        latency: Duration::from_micros(number("latency_us")?),
        rate: rate.map(|per_second| Rate { per_second, burst: per_second.ceil() as u32 }),
        announce_limits: says("announce_limits"),
        announce_total: says("announce_total"),
        faults: fault.into_iter().collect(),
        ..Options::default()
    };
    let sandbox = Sandbox::start(options).await?;
    sandbox.warm_up().await;
    let control = sandbox.control();
    let mut base = sandbox.base_url();
    if says("in_one") {
        base = all_in_one(&sandbox, number("profiles")?).await?;
    }
    println!("{base} {} {}", sandbox.client_id(), sandbox.client_secret());
    let orders = tokio::task::spawn_blocking(move || obey(&control));
    orders.await??;
    sandbox.stop().await;
    Ok(())
}

/// Obeys orders until nobody gives any more.
fn obey(control: &Control) -> Outcome<()> {
    for order in std::io::stdin().lock().lines() {
        match order?.as_str() {
            "forget" => {
                control.reset_counters();
                control.set_rate(control.rate());
                println!("done");
            }
            "revoke" => {
                control.revoke_tokens();
                println!("done");
            }
            _ => {
                let seen = control.counters();
                println!("{} {} {} {}", seen.contacts, seen.tokens, seen.throttled, seen.inside_window);
            }
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// A server beside the sandbox that has all its people in one reply. Gives its base URL.
async fn all_in_one(sandbox: &Sandbox, profiles: u64) -> Outcome<String> {
    let bare = Bare::login(&sandbox.base_url(), sandbox.client_id(), sandbox.client_secret()).await?;
    let mut all = b"{\"items\":[".to_vec();
    for page in 1..=profiles.div_ceil(1_000) {
        let body = bare.page(page, 1_000).await?;
        let rows = body.strip_prefix(b"{\"items\":[").ok_or("a page begins otherwise")?;
        let end = memchr::memmem::rfind(rows, b"],\"nextPageUrl\"").ok_or("a page ends otherwise")?;
        if page > 1 {
            all.push(b',');
        }
        all.extend_from_slice(&rows[..end]);
    }
    all.extend_from_slice(b"],\"nextPageUrl\":null}");
    let all = Bytes::from(all);
    let token = r#"{"access_token":"one","token_type":"bearer","expires_in":3600}"#;
    let json = [("content-type", "application/json")];
    let router = Router::new()
        .route("/api/v2/oauth/token", post(move || async move { (json, token) }))
        .route("/api/v2/crm/contacts", get(move || async move { (json, all) }));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(base)
}

/// What a program used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    /// From start to end.
    pub(crate) wall: Duration,
    /// Of the processor, by itself and by the system for it.
    pub(crate) cpu: Duration,
    /// The most memory at once, in KiB.
    pub(crate) peak_kib: u64,
}

impl Used {
    /// What `@measure` wrote down.
    pub(crate) fn read(report: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(report)?;
        let figures: Vec<u64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [wall, cpu, peak_kib] = figures[..] else { return Err(format!("{text:?}").into()) };
        Ok(Self { wall: Duration::from_micros(wall), cpu: Duration::from_micros(cpu), peak_kib })
    }
}

/// Runs a program to its end, and writes into a file what it used.
fn measure(words: &[String]) -> Outcome<()> {
    let [report, program, rest @ ..] = words else { return Err("measure what?".into()) };
    let clock = Clock::system();
    let begun = clock.now();
    let status = Command::new(program).args(rest).status()?;
    let wall = clock.now() - begun;
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |t: nix::sys::time::TimeVal| t.tv_sec() * 1_000_000 + t.tv_usec();
    let cpu = micros(used.user_time()) + micros(used.system_time());
    std::fs::write(report, format!("{} {cpu} {}", wall.as_micros(), used.max_rss()))?;
    if status.success() { Ok(()) } else { Err(format!("{program} ended with {status}").into()) }
}

/// `@floor PAGES SIZE`
async fn floor(words: &[String]) -> Outcome<()> {
    let [pages, size] = words else { return Err("@floor PAGES SIZE".into()) };
    let env = |name| std::env::var(name);
    let (base, id, secret) = (env("CXONE_BASE_URL")?, env("CXONE_CLIENT_ID")?, env("CXONE_CLIENT_SECRET")?);
    let bare = Bare::login(&base, &id, &secret).await?;
    println!("{}", bare.pull(pages.parse()?, size.parse()?, 5).await?);
    Ok(())
}

/// `@explore BASE ID SECRET HOME`: the explorer, running at once.
async fn explore(words: &[String]) -> Outcome<()> {
    let [base, id, secret, home] = words else { return Err("@explore BASE ID SECRET HOME".into()) };
    let secret = SecretString::from(secret.as_str());
    let mut service = Service::new("sandbox", Url::parse(base)?, id, secret);
    service.max_body = 256 * 1024 * 1024;
    let clock = Clock::system();
    let (handle, worker) = channel();
    let audit = Some(PathBuf::from(home).join("audit"));
    let setup = worker::Setup {
        service,
        clock: clock.clone(),
        chance: Chance::system(),
        transport: None,
        audit,
        access: Access::default(),
        keep_exchanges: true,
    };
    let background = tokio::spawn(worker.run(setup));
    let setup = tui::run::Setup {
        draft: everybody(),
        run_at_once: true,
        pause: None,
        pull: false,
        budget: 1 << 30,
        clock,
        appearance: Appearance::default(),
        mouse: false,
        tenant: "sandbox".into(),
        sandbox: false,
        look: Look::default(),
        on_change: OnChange::default(),
        tenants: Box::new(tui::tenants::Nobody),
        files: Vec::new(),
        faults: tui::faults::Stage::default(),
        kept: tui::kept::Kept::nowhere(),
        mask: cxlens::rows::Mask::default(),
        keys: tui::keymap::load(std::path::Path::new("/nonexistent/keys.toml")),
        clipboard: tui::clipboard::Clipboard::new(
            cxlens::config::Clipboard::Off,
            &cxlens::config::Env::default(),
        ),
        programs: tui::outside::Programs::new(&cxlens::config::Env::default()),
        tty: tui::terminal::Tty::default(),
        picks: false,
        tour: false,
        recordings: PathBuf::new(),
        record_true_values: false,
        replay: None,
        later: tui::run::Later::default(),
    };
    Box::pin(tui::run::run(handle, setup)).await?;
    background.await.map(drop).map_err(Failure::from)
}
