//! The canary scan: the real binary against services that say back what they should not, and then everything that it
//! wrote, printed, showed and copied is searched for secrets, tokens, and people.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cxlens::sandbox::{Client, Control, Fault, Options, Sandbox};

use crate::headless::{Home, Ran};
use crate::pty::Pty;
use crate::scanner::{Kind, SPELLINGS, Scanner, copied, spelled};

/// A secret that looks different in every spelling, and is no shell's business.
const SECRET: &str = "cAnArY/s3cret+w1th=odd&chars~%41\"'<x>";
/// What a user types who looks for a person.
const TYPED_ID: &str = "PROF-CANARY-7731";
const TYPED_EMAIL: &str = "canary.person@mail.example";
/// What a page of everybody has.
const PEOPLE: usize = 40;

/// Where something was found to be written, and so what must not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Zone {
    /// Log and audit trail: for others to read. Nothing of anybody.
    Record,
    /// Queries to be asked again, stopped runs: what was typed, and nothing that the service said.
    Again,
    /// The user's own screen, output, clipboard and exports: people, but no secret.
    Own,
}

impl Zone {
    fn forbidden(self) -> &'static [Kind] {
        match self {
            Self::Record => &[Kind::Secret, Kind::Personal, Kind::Typed],
            Self::Again => &[Kind::Secret, Kind::Personal],
            Self::Own => &[Kind::Secret],
        }
    }

    /// Where a file below a home stands; a name that is not known here is held to the strictest rule.
    fn of(path: &Path) -> Self {
        let is = |part: &str| path.components().any(|component| component.as_os_str() == part);
        if is("own") {
            Self::Own
        } else if is("cxlens") && (is("explorer") || is("resume")) {
            Self::Again
        } else {
            Self::Record
        }
    }
}

/// Something that was written, printed, shown or copied.
struct Piece {
    zone: Zone,
    whence: String,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Gathered {
    pieces: Vec<Piece>,
    secrets: BTreeSet<String>,
}

impl Gathered {
    fn add(&mut self, zone: Zone, whence: String, bytes: impl Into<Vec<u8>>) {
        self.pieces.push(Piece { zone, whence, bytes: bytes.into() });
    }

    fn append(&mut self, mut other: Self) {
        self.pieces.append(&mut other.pieces);
        self.secrets.append(&mut other.secrets);
    }

    /// Every file below the home: log, audit trail, history, recordings, and whatever comes after these.
    fn files(&mut self, whence: &str, home: &Home) {
        for (path, bytes) in home.files() {
            if path.file_name().is_none_or(|name| name != "config.toml") {
                self.add(Zone::of(&path), format!("{whence}: {}", path.display()), bytes);
            }
        }
    }
}

/// A service that knows the canary, and the variables that point a client at it.
struct Service {
    sandbox: Sandbox,
    env: Vec<(&'static str, String)>,
}

impl Service {
    async fn start(faults: Vec<Fault>) -> Self {
        let client = Client::new("canary-client", SECRET, &["crm:read", "cdp:read", "webhook:write"]);
        let options = Options {
            profiles: PEOPLE,
            announce_total: true,
            clients: vec![client],
            faults,
            ..Options::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let env = vec![
            ("CXONE_TENANT", sandbox.tenant().to_owned()),
            ("CXONE_BASE_URL", sandbox.base_url()),
            ("CXONE_CLIENT_ID", sandbox.client_id().to_owned()),
            ("CXONE_CLIENT_SECRET", SECRET.to_owned()),
            // Everything that any crate would like to say.
            ("CXLENS_LOG", "trace".to_owned()),
        ];
        Self { sandbox, env }
    }

    fn control(&self) -> Control {
        self.sandbox.control()
    }

    /// Its end, and the tokens that it gave.
    async fn end(self, gathered: &mut Gathered) {
        gathered.secrets.extend(self.control().tokens_issued());
        self.sandbox.stop().await;
    }
}

/// Runs the binary to its end without holding up the service, which is in this process.
async fn run(home: &Home, service: &Service, args: &[&str]) -> Ran {
    let mut command = home.cxlens(args);
    command.envs(service.env.iter().map(|(name, value)| (name, value)));
    tokio::task::spawn_blocking(move || Ran::of(&mut command)).await.unwrap()
}

/// A plan whose replies repeat the request in the worst places.
fn echoing(name: &str, effects: &str) -> (String, Fault) {
    let head = "says = \"\"\ngroup = \"\"\nrow = \"\"\n";
    // A text of JSON in a text of TOML, which escapes alike.
    let json = serde_json::to_string(&serde_json::to_string(SECRET).unwrap()).unwrap();
    let plan = effects.replace("SECRET_AS_JSON", &json);
    let plan = SPELLINGS.iter().enumerate().fold(plan, |plan, (at, spelling)| {
        let text = spelled(SECRET, spelling).concat();
        plan.replace(&format!("SPELLED_{at:02}"), &text.replace('%', "%25").replace('\'', "%27"))
    });
    (
        name.to_owned(),
        Fault::from_toml(name, &format!("{head}{plan}")).unwrap_or_else(|error| panic!("{name}: {error}")),
    )
}

/// The faults that are played: all of the table "Identity", and answers that repeat what they should not.
fn faults() -> Vec<(String, Fault)> {
    let named = cxlens::sandbox::faults().into_iter().filter(|fault| {
        let identity =
            fault.group == "Identity" || fault.name.contains("echo") || fault.name.contains("captive-portal");
        // These only wait, which other tests see.
        identity && !["token-hang", "token-slow", "clock-steps"].contains(&fault.name)
    });
    let mut all: Vec<_> = named.map(|fault| (fault.name.to_owned(), fault.name.parse().unwrap())).collect();
    assert!(all.len() > 30, "{}", all.len());
    let everywhere =
        (0..SPELLINGS.len()).map(|at| format!("SPELLED_{at:02}")).collect::<Vec<_>>().join(" | ");
    for (name, on, status, headers, body) in [
        (
            "portal-echoes",
            "any",
            200,
            "text/html",
            "<html><title>{body} {authorization}</title>{body} {authorization}</html>",
        ),
        (
            "token-error-echoes",
            "token",
            400,
            "application/json",
            "{\"error\":\"{body}\",\"error_description\":\"EVERYWHERE\",\"trace\":\"{body}\"}",
        ),
        ("token-500-echoes", "token", 500, "text/plain", "EVERYWHERE {body}"),
        ("token-200-echoes", "token", 200, "application/json", "{\"error\":\"EVERYWHERE\"}"),
        (
            "page-error-echoes",
            "contacts",
            400,
            "application/json",
            "{\"error\":{\"code\":\"{authorization}\",\"message\":\"EVERYWHERE {authorization}\",\"traceId\":\"{authorization}\"}}",
        ),
        ("page-not-json-echoes", "contacts", 200, "application/json", "{authorization} EVERYWHERE"),
        (
            "page-200-error-echoes",
            "contacts",
            200,
            "application/json",
            "{\"error\":\"{authorization} EVERYWHERE\"}",
        ),
    ] {
        let body = body.replace("EVERYWHERE", &everywhere);
        all.push(echoing(
            name,
            &format!(
                "[[effect]]\nwhen = {{ on = \"{on}\" }}\n[effect.reply]\nstatus = {status}\n\
             headers = [[\"Content-Type\", '{headers}']]\nbody = '''{body}'''\n",
            ),
        ));
    }
    for (name, status, header) in [
        ("content-type", 500, "Content-Type"),
        ("retry-after", 429, "Retry-After"),
        ("challenge", 403, "WWW-Authenticate"),
        ("challenge-401", 401, "WWW-Authenticate"),
        ("location", 302, "Location"),
        ("limits", 429, "RateLimit"),
        ("trace-id", 500, "X-Request-Id"),
    ] {
        let value = if header == "WWW-Authenticate" {
            "Bearer error=\"{authorization}\", scope=\"{authorization}\""
        } else {
            "{authorization}"
        };
        all.push(echoing(&format!("header-{name}-echoes"), &format!(
            "[[effect]]\nwhen = {{ from = 1 }}\n[effect.reply]\nstatus = {status}\nheaders = [[\"{header}\", '{value}']]\nbody = '{{}}'\n",
        )));
    }
    all.push(echoing(
        "scope-echoes",
        "[[effect]]\nwhen = { on = \"token\" }\n[effect.token]\nscope = SECRET_AS_JSON\n",
    ));
    all.push(echoing("type-echoes", "[[effect]]\nwhen = { on = \"token\" }\n[effect.token]\ntoken_type = SECRET_AS_JSON\nexpires_in = SECRET_AS_JSON\n"));
    for next in [
        "https://evil.example/{authorization}",
        "/api/v2/crm/contacts?page={authorization}",
        "/elsewhere/{authorization}",
    ] {
        all.push(echoing(
            "next-echoes",
            &format!("[[effect]]\nwhen = {{ from = 1 }}\npage = {{ next = '{next}' }}\n"),
        ));
    }
    all
}

/// What every run is asked with: impatient, so that faults that stay end soon.
const HASTE: [&str; 8] = ["--max-wait", "0s", "--timeout", "1s", "--page-size", "20", "--concurrency", "2"];

/// The headless commands, for one fault.
async fn headless(name: &str, fault: Option<Fault>, gathered: &Mutex<Gathered>) {
    let service = Service::start(fault.into_iter().collect()).await;
    let home = Home::new();
    fs::create_dir(home.path("own")).unwrap();
    let export = home.path("own/export.csv").display().to_string();
    // A recording is for others; where it is asked for with people as they are, it is the user's own.
    let recordings = ["record/query.jsonl", "record/linear.jsonl", "own/people.jsonl"]
        .map(|name| home.path(name).display().to_string());
    fs::create_dir(home.path("record")).unwrap();
    let filter = format!("email eq '{TYPED_EMAIL}'");
    // The explorer in sentences reads its commands from where there are none, and leaves after its run.
    let mut ways: Vec<Vec<&str>> = vec![
        ["query", "--segment", "SEG-ALL", "--record", &recordings[0]].into_iter().chain(HASTE).collect(),
        ["explore", "--linear", "--segment", "SEG-ALL", "--run", "--record", &recordings[1]]
            .into_iter()
            .chain(HASTE)
            .collect(),
    ];
    if name == "none" {
        for way in [
            vec!["query", "--id", TYPED_ID],
            vec!["query", "--filter", &filter, "--format", "json"],
            vec!["query", "--segment", "SEG-ALL", "-o", &export],
            vec!["query", "--id", TYPED_ID, "--filter", &filter, "--dry-run"],
            vec!["query", "--resume"],
            vec!["query", "--segment", "SEG-ALL", "--record", &recordings[2], "--record-personal"],
            vec!["webhook", "register", "--url", "https://hooks.example/cxone"],
            vec!["webhook", "list"],
            vec!["webhook", "delete", "WH-0"],
            vec!["audit", "show"],
            vec!["audit", "show", "--format", "ndjson"],
            vec!["audit", "verify"],
            vec!["audit", "export"],
            vec!["audit", "export", "--format", "ndjson"],
            vec!["config", "login"],
        ] {
            ways.push(way);
        }
    }
    let mut ran = Vec::new();
    for way in ways {
        let mut outcome = run(&home, &service, &way).await;
        if way[..2] == ["webhook", "register"] {
            // By contract it stands on stdout, once; it must stand nowhere else.
            let secret = outcome.out.trim().to_owned();
            assert!(secret.starts_with("whsec_"), "{} {}", outcome.out, outcome.err);
            outcome.out.clear();
            gathered.lock().unwrap().secrets.insert(secret);
        }
        ran.push((way.join(" "), outcome));
    }
    let mut own = Gathered::default();
    for (way, outcome) in ran {
        // What is handed to a reviewer has nobody in it either.
        let zone = if way.starts_with("audit") { Zone::Record } else { Zone::Own };
        own.add(zone, format!("{name}: stdout of {way}"), outcome.out);
        own.add(Zone::Own, format!("{name}: stderr of {way}"), outcome.err);
    }
    own.files(name, &home);
    service.end(&mut own).await;
    gathered.lock().unwrap().append(own);
}

/// A panic that says a secret, and whom it was about: in a task of a run without a screen, and where the screen is drawn.
fn panics(runtime: &tokio::runtime::Handle, gathered: &Mutex<Gathered>) {
    let service = runtime.block_on(Service::start(Vec::new()));
    let home = Home::new();
    let words = format!("{SECRET} {TYPED_EMAIL}");
    let mut command = home.cxlens(["query", "--segment", "SEG-ALL"]);
    command.envs(service.env.iter().map(|(name, value)| (name, value)));
    let headless = Ran::of(command.env("CXLENS_REHEARSE", format!("task:{words}")));
    assert!(headless.code != Some(0) && headless.err.contains("src/engine/rehearsal.rs"), "{}", headless.err);
    let rehearse = format!("ui:{words}");
    let mut env: Vec<_> = service.env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    env.push(("CXLENS_REHEARSE", rehearse.as_str()));
    let pty = Pty::start(&home.path(""), &["explore", "--segment", "SEG-ALL", "--run"], (120, 40), &env);
    let (status, raw) = pty.end();
    assert_eq!(status.exit_code(), 1);
    let mut own = Gathered::default();
    // A report of it has all of this in it.
    own.add(Zone::Record, "panic: stderr".to_owned(), headless.err);
    own.add(Zone::Own, "panic: what the terminal got".to_owned(), raw);
    own.files("panic", &home);
    runtime.block_on(service.end(&mut own));
    gathered.lock().unwrap().append(own);
}

/// What a process list shows while it works.
async fn process_list(gathered: &Mutex<Gathered>) {
    let service = Service::start(Vec::new()).await;
    let home = Home::new();
    let gate = service.control().hold();
    let mut command = home.cxlens(["query", "--segment", "SEG-ALL"]);
    command.envs(service.env.iter().map(|(name, value)| (name, value)));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    service.control().wait_until(|counters| counters.held == 1).await;
    let shown =
        ["cmdline", "comm", "status"].map(|file| fs::read(format!("/proc/{}/{file}", child.id())).unwrap());
    gate.release();
    let outcome = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert!(outcome.status.success());
    let mut all = Gathered::default();
    all.add(Zone::Record, "process list".to_owned(), shown.concat());
    all.files("process list", &home);
    service.end(&mut all).await;
    gathered.lock().unwrap().append(all);
}

/// The explorer, which shows and copies more than anything else.
fn explorer(name: &str, fault: Option<Fault>, runtime: &tokio::runtime::Handle, gathered: &Mutex<Gathered>) {
    const ESC: &str = "\x1b";
    let service = runtime.block_on(Service::start(fault.into_iter().collect()));
    let home = Home::new();
    fs::create_dir_all(home.path("own")).unwrap();
    let mut env: Vec<_> = service.env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    env.extend([("PATH", "/usr/bin:/bin"), ("TERM", "xterm-256color")]);
    fs::create_dir(home.path("record")).unwrap();
    let recording = home.path("record/explorer.jsonl").display().to_string();
    let args: Vec<_> =
        ["explore", "--segment", "SEG-ALL", "--record", &recording].into_iter().chain(HASTE).collect();
    let mut pty = Pty::start(&home.path(""), &args, (220, 60), &env);
    let mut screens = vec![pty.wait_for("Ctrl-R run")];
    let mut copies = 0;
    let mut copy = |pty: &mut Pty, keys: &str| {
        copies += 1;
        pty.send(keys).wait_raw("a copy", |raw| copied(raw).len() == copies);
    };
    pty.send("\x12");
    let ended = |screen: &str| screen.contains("PROF-0000004") || screen.contains("What to do");
    screens.push(pty.wait("rows, or an error", ended));
    if screens[1].contains("PROF-0000004") {
        screens.push(pty.send("\r").wait_for("Profile PROF-"));
        copy(&mut pty, "yj");
        copy(&mut pty, "yu");
        screens.push(pty.send(ESC).wait("the profile closed", |screen| !screen.contains("Profile PROF-")));
        pty.send("e").wait_for("Export");
        let file = home.path("own/people.ndjson").display().to_string();
        pty.send("\x15").send(&file).wait_for("people.ndjson");
        screens.push(pty.send("\r").wait_for("rows are in"));
        pty.send(ESC).wait("the dialogue closed", |screen| !screen.contains("rows are in"));
    } else {
        copy(&mut pty, "yy");
        screens.push(pty.send(ESC).wait("the panel closed", |screen| !screen.contains("What to do")));
    }
    // The log of the exchanges, and the last of them in full.
    screens.push(pty.send("5").wait("the exchanges", |screen| screen.contains("[5 Log]")));
    // The profile at the side may lie between.
    let there = |screen: &str| screen.contains("< slower");
    if !there(&pty.send("\t").wait("another pane", |screen| there(screen) || screen.contains(". jq"))) {
        pty.send("\t").wait("the activity", there);
    }
    screens.push(pty.send("\r").wait_for("asked for"));
    copy(&mut pty, "yy");
    pty.send(ESC).wait("the run closed", |screen| !screen.contains("asked for"));
    screens.push(pty.send("k").send("\r").wait_for("Request as sent"));
    copy(&mut pty, "yy");
    screens.push(pty.send("\x1b[6~").wait("the rest of it", |screen| screen.contains("Reply as answered")));
    screens.push(pty.send("?").wait_for("Help"));
    pty.signal(rustix::process::Signal::TERM);
    let (status, raw) = pty.end();
    assert_eq!(status.exit_code(), 143);
    let mut gathered = gathered.lock().unwrap();
    for copy in copied(&raw) {
        gathered.add(Zone::Own, format!("{name}: a copy"), copy);
    }
    gathered.add(Zone::Own, format!("{name}: what the terminal got"), raw);
    gathered.add(Zone::Own, format!("{name}: screens"), screens.join("\n"));
    gathered.files(&format!("{name}, explorer"), &home);
    runtime.block_on(service.end(&mut gathered));
}

/// Works through all of them, a few side by side.
fn each<T: Send>(work: Vec<T>, with: impl Fn(T) + Sync) {
    let queue = Mutex::new(work);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(next) = { queue.lock().unwrap().pop() } {
                    with(next);
                }
            });
        }
    });
}

/// Who there is, as the service says it: every e-mail address and phone number, and names that are nobody's by chance.
fn people(gathered: &Gathered) -> BTreeSet<String> {
    let everybody = "none: stdout of query --segment SEG-ALL";
    let rows = gathered.pieces.iter().find(|piece| piece.whence.starts_with(everybody)).unwrap();
    let mut all = BTreeSet::new();
    for line in String::from_utf8_lossy(&rows.bytes).lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        for field in ["email", "phone", "last_name"] {
            let value = row[field].as_str().unwrap_or_default();
            if value.len() >= 9 {
                all.insert(value.to_owned());
            }
        }
    }
    all
}

#[test]
fn nothing_that_is_secret_is_found_anywhere_and_nobody_where_others_read() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let gathered = Mutex::new(Gathered::default());
    gathered.lock().unwrap().secrets.insert(SECRET.to_owned());
    let mut ways: Vec<(String, Option<Fault>)> =
        faults().into_iter().map(|(name, fault)| (name, Some(fault))).collect();
    ways.push(("none".to_owned(), None));
    let played = ways.len();
    let on_screen = [
        "none",
        "token-echoes-secret",
        "api-echoes-token",
        "portal-echoes",
        "token-error-echoes",
        "page-error-echoes",
        "header-retry-after-echoes",
        "header-content-type-echoes",
        "scope-echoes",
        "401-forever",
    ];
    let shown: Vec<_> = ways.iter().filter(|(name, _)| on_screen.contains(&name.as_str())).cloned().collect();
    assert_eq!(shown.len(), on_screen.len());
    each(ways, |(name, fault)| runtime.block_on(headless(&name, fault, &gathered)));
    each(shown, |(name, fault)| explorer(&name, fault, runtime.handle(), &gathered));
    runtime.block_on(process_list(&gathered));
    if cfg!(debug_assertions) {
        panics(runtime.handle(), &gathered);
    } else {
        crate::not_tested("what a panic leaves, for this is no build that panics when it is asked to");
    }
    let gathered = gathered.into_inner().unwrap();

    // There was something to be found.
    let people = people(&gathered);
    assert!(
        people.len() > PEOPLE && gathered.secrets.len() > played / 2,
        "{} {}",
        people.len(),
        gathered.secrets.len()
    );
    let has = |zone, word: &str| {
        gathered
            .pieces
            .iter()
            .filter(|piece| piece.zone == zone)
            .any(|piece| piece.bytes.windows(word.len()).any(|window| window == word.as_bytes()))
    };
    assert!(
        has(Zone::Own, people.first().unwrap())
            && has(Zone::Again, "SEG-ALL")
            && has(Zone::Own, "[redacted]")
    );
    assert!(has(Zone::Record, "TRACE") && has(Zone::Record, "exchange"), "the log was to say everything");

    let mut canaries: Vec<_> = gathered.secrets.iter().map(|secret| (Kind::Secret, secret.clone())).collect();
    canaries.extend(people.into_iter().map(|value| (Kind::Personal, value)));
    canaries.extend([TYPED_ID, TYPED_EMAIL].map(|value| (Kind::Typed, value.to_owned())));
    let scanner = Scanner::new(&canaries);
    let (mut wrong, mut bytes) = (Vec::new(), 0);
    for piece in &gathered.pieces {
        bytes += piece.bytes.len();
        for (kind, text, spelling) in scanner.find(&piece.bytes, piece.zone.forbidden()) {
            wrong.push(format!("{:?} in {}: {kind:?} {text} ({spelling})", piece.zone, piece.whence));
        }
    }

    // The same scan finds what is planted, of each canary in each spelling, in the last of the pieces.
    let (planted, missed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let last = &gathered.pieces.last().unwrap().bytes;
    for (kind, text) in &canaries {
        for plant in SPELLINGS.iter().flat_map(|spelling| spelled(text, spelling)) {
            let bytes = [&last[..last.len().min(200)], plant.as_bytes(), b"\n"].concat();
            let found = scanner.find(&bytes, &[*kind]).iter().any(|(_, found, _)| found == text);
            planted.fetch_add(1, Ordering::Relaxed);
            missed.fetch_add(usize::from(!found), Ordering::Relaxed);
        }
    }
    eprintln!(
        "canary scan: {bytes} bytes in {} pieces of {played} services, {} canaries x {} spellings ({} texts): {} found; \
         of {} planted ones {} missed",
        gathered.pieces.len(),
        scanner.canaries,
        SPELLINGS.len(),
        scanner.needles(),
        wrong.len(),
        planted.into_inner(),
        missed.load(Ordering::Relaxed),
    );
    if let Some(dir) = std::env::var_os("CANARIES_DUMP") {
        dump(&PathBuf::from(dir), &gathered);
    }
    assert_eq!(missed.into_inner(), 0, "the scan misses what was planted");
    assert!(wrong.is_empty(), "{} found:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every piece as a file, to look at what was found.
fn dump(dir: &Path, gathered: &Gathered) {
    for (at, piece) in gathered.pieces.iter().enumerate() {
        let text = [format!("{:?} {}\n", piece.zone, piece.whence).as_bytes(), &piece.bytes].concat();
        fs::write(dir.join(at.to_string()), text).unwrap();
    }
}
