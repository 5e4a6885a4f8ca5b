//! What is left of secrets in memory when the work with them is over: a process of its own reads a secret from a file,
//! asks with it, ends its work, and is then looked through from outside.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use cxlens::config::{self, Env, Flags, Paths};
use cxlens::engine::audit::Access;
use cxlens::engine::chance::Chance;
use cxlens::engine::clock::Clock;
use cxlens::engine::event::{self, Event};
use cxlens::engine::query::{Draft, QueryId};
use cxlens::engine::worker::{Setup, channel};
use cxlens::sandbox::{Client, Options, Sandbox};

/// What the process is told where its files lie with; nobody else has it.
const HOME_OF_CHILD: &str = "CXLENS_TEST_MEMORY_OF";
/// It has characters that a form writes otherwise.
const SECRET: &str = "mEmOrY-canary+s3cret/41=87~kolibri";

/// The process that is looked through. It does nothing unless it is started by the test below.
#[test]
#[ignore = "it is the other process of the test below"]
fn the_process_that_is_looked_through() {
    let Some(home) = std::env::var_os(HOME_OF_CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let paths = Paths::under(std::path::Path::new(&home));
        let settings = config::load(&Env::new([("", ""); 0]), &paths, &Flags::default()).unwrap();
        let service = settings.service().unwrap();
        drop(settings);
        let (mut handle, worker) = channel();
        let setup = Setup {
            service,
            clock: Clock::system(),
            chance: Chance::system(),
            transport: None,
            audit: None,
            access: Access::default(),
            keep_exchanges: true,
        };
        let working = tokio::spawn(worker.run(setup));
        let draft = Draft { segments: vec!["SEG-ALL".into()], use_cache: false, ..Draft::default() };
        let run = event::Command::Run(QueryId(1), draft.check().unwrap(), None);
        handle.commands.send(run).await.unwrap();
        let mut exchanges = Vec::new();
        loop {
            match handle.events.recv().await.unwrap() {
                Event::Exchange(exchange) => exchanges.push(exchange),
                Event::Finished(_, summary) => break assert_eq!(summary.rows, 40),
                Event::Failed(_, _, error) => panic!("{error}"),
                _ => {}
            }
        }
        drop(handle);
        working.await.unwrap();
    });
    drop(runtime);
    println!("done");
    let _ = std::io::stdin().read(&mut [0]);
}

/// Everything that the process may write to: heap, stacks, and what was mapped.
fn memory(id: u32) -> std::io::Result<Vec<u8>> {
    let maps = fs::read_to_string(format!("/proc/{id}/maps"))?;
    let mut memory = File::open(format!("/proc/{id}/mem"))?;
    let mut all = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut region = vec![0; usize::try_from(to - from).unwrap()];
        memory.seek(SeekFrom::Start(from))?;
        // Some regions are the system's own.
        if memory.read_exact(&mut region).is_ok() {
            all.extend_from_slice(&region);
        }
    }
    Ok(all)
}

/// How often a text is there as ours, and as a part of what the HTTP library sent or received: its buffers are its own,
/// and are freed as they are.
fn count(memory: &[u8], text: &str) -> (usize, usize) {
    let frames: [&[u8]; 3] = [b"authorization: Bearer ", b"HTTP/1.1 ", b"\r\n\r\n"];
    let of_http = |place: usize| {
        let before = &memory[place.saturating_sub(512)..place];
        frames.iter().any(|frame| memchr::memmem::find(before, frame).is_some())
    };
    let (theirs, ours): (Vec<_>, Vec<_>) =
        memchr::memmem::find_iter(memory, text.as_bytes()).partition(|place| of_http(*place));
    (ours.len(), theirs.len())
}

#[test]
fn of_secrets_nothing_of_ours_is_left_in_memory_when_the_work_is_over() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = Client::new("memory-client", SECRET, &["crm:read", "cdp:read"]);
    let options = Options { profiles: 40, clients: vec![client], ..Options::default() };
    let sandbox = runtime.block_on(Sandbox::start(options)).unwrap();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config");
    fs::create_dir(&config).unwrap();
    let base = sandbox.base_url();
    let text = format!(
        "[tenants.acme]\nbase_url = {base:?}\nclient_id = \"memory-client\"\nclient_secret = {SECRET:?}\n"
    );
    fs::write(config.join("config.toml"), text).unwrap();
    fs::set_permissions(config.join("config.toml"), fs::Permissions::from_mode(0o600)).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::the_process_that_is_looked_through", "--ignored", "--nocapture"])
        .env(HOME_OF_CHILD, home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.ends_with("done")), "it ended before its work was done");
    let read = memory(child.id());
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(child.wait().unwrap().success());
    let tokens = sandbox.control().tokens_issued();
    runtime.block_on(sandbox.stop());
    let memory = match read {
        Ok(memory) => memory,
        Err(error) => {
            return crate::not_tested(&format!("what is left in memory, for it cannot be read: {error}"));
        }
    };
    // The scan finds what is there: the path, which the process was started with.
    assert!(count(&memory, home.path().to_str().unwrap()).0 > 0 && tokens.len() == 1);
    let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let left = [("secret", SECRET), ("secret in a form", &form), ("token", &tokens[0])]
        .map(|(what, text)| (what, count(&memory, text)));
    let told = left.map(|(what, (ours, theirs))| {
        format!("{what}: {ours} of ours, {theirs} in buffers of the HTTP library")
    });
    eprintln!("{} bytes of memory after the work. {}", memory.len(), told.join("; "));
    assert!(left.iter().all(|(_, (ours, _))| *ours == 0), "{told:?}");
}
