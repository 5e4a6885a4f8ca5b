//! `secret_command`: the first line that a program prints.
//!
//! It runs beside the screen, when the first token is needed, and has no terminal: its input is empty, what it writes to
//! stderr is for the error, and it stands in a process group of its own, so that one that reads from `/dev/tty` all the
//! same is stopped by the system before it takes the explorer's keys. A passphrase must be asked for in a window, or be
//! known to an agent already. There is no shell: no word of it means more than it says.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::SecretString;
use std::os::unix::process::ExitStatusExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use zeroize::{Zeroize as _, Zeroizing};

use crate::engine::error::Error;

/// How long it may take: somebody may have to type a passphrase.
const PATIENCE: Duration = Duration::from_secs(60);
/// A first line that is longer is no secret.
const LONGEST: usize = 64 * 1024;
/// Of what it says on stderr so much is kept.
const SAID: usize = 4 * 1024;
/// And so many characters of its last line are repeated.
const REPEATED: usize = 200;

/// Runs it; `what` says in an error whose it is.
///
/// # Errors
/// It cannot be started, takes too long, fails, or prints nothing that could be a secret.
pub(super) async fn first_line(command: &[String], what: &str) -> Result<SecretString, Error> {
    within(PATIENCE, command, what).await
}

async fn within(patience: Duration, command: &[String], what: &str) -> Result<SecretString, Error> {
    let Some((program, args)) = command.split_first() else {
        return Err(Error::usage(
            what,
            "it names no program",
            "write it like [\"pass\", \"show\", \"cxone\"]",
        ));
    };
    let what = format!("{what}: {program}");
    let failed = |cause: String, remedy: &str| Error::usage(&what, cause, remedy);
    let spawned = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env_remove("CXONE_CLIENT_SECRET")
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = spawned.map_err(|error| {
        let remedy = "check its name and PATH; it is started without a shell";
        failed(format!("it cannot be started: {error}"), remedy)
    })?;
    let group = Group(child.id());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let done = async { tokio::join!(beginning(out, LONGEST), beginning(err, SAID), child.wait()) };
    let Ok((out, err, status)) = tokio::time::timeout(patience, done).await else {
        let remedy = "run it in a terminal: it must end by itself, and has no terminal to ask on here";
        return Err(failed(format!("it did not end within {} s", patience.as_secs()), remedy));
    };
    group.has_ended();
    let status = status.map_err(|error| failed(error.to_string(), "run again"))?;
    if !status.success() {
        let remedy = "run it in a terminal to see what it wants; it has none to ask on here, so a passphrase must be \
                      asked for in a window or be known to its agent already";
        return Err(failed(format!("{}{}", ended(status), said(&err, &out)), remedy));
    }
    let line = out.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let remedy = "its first line must be the client secret and nothing else";
    match std::str::from_utf8(line) {
        Ok("") if out.is_empty() => Err(failed(format!("it printed nothing{}", said(&err, &out)), remedy)),
        Ok("") => Err(failed("the first line that it printed is empty".to_owned(), remedy)),
        Ok(_) if line.len() >= LONGEST => {
            Err(failed("the first line that it printed is too long".to_owned(), remedy))
        }
        Ok(line) => Ok(SecretString::from(line)),
        Err(_) => Err(failed("the first line that it printed is not UTF-8".to_owned(), remedy)),
    }
}

/// What a stream begins with; the rest is read too, so that nobody finds it closed. Never grows, so that wiping it wipes
/// all.
async fn beginning(stream: Option<impl AsyncRead + Unpin>, most: usize) -> Zeroizing<Vec<u8>> {
    let mut kept = Zeroizing::new(Vec::with_capacity(most));
    let Some(mut stream) = stream else { return kept };
    let mut chunk = Zeroizing::new([0_u8; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut chunk[..]).await {
        let room = most - kept.len();
        kept.extend_from_slice(&chunk[..read.min(room)]);
    }
    chunk.zeroize();
    kept
}

fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "it failed".to_owned(),
    }
}

/// The last line that it said on stderr, without anything that it printed on stdout.
fn said(err: &[u8], out: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(err).into_owned();
    let printed = String::from_utf8_lossy(out).into_owned();
    for secret in printed.lines().map(str::trim).filter(|line| !line.is_empty()) {
        text = text.replace(secret, "[redacted]");
    }
    Zeroizing::new(printed);
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let last: String = last.chars().take(REPEATED).collect();
    if last.is_empty() { last } else { format!(" and said: {last}") }
}

/// A process group that ends with this, unless it has ended by itself.
struct Group(Option<u32>);

impl Group {
    fn has_ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let leader = self.0.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(leader) = leader {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    async fn run(patience: Duration, words: &[&str]) -> Result<String, String> {
        let command: Vec<_> = words.iter().map(ToString::to_string).collect();
        let ran = within(patience, &command, "secret_command of tenant acme").await;
        ran.map(|secret| secret.expose_secret().to_owned()).map_err(|error| {
            assert_eq!(error.kind.exit_code(), 2);
            assert!(
                !error.remedy.is_empty() && error.what.starts_with("secret_command of tenant acme: "),
                "{error}"
            );
            error.to_string()
        })
    }

    async fn sh(script: &str) -> Result<String, String> {
        run(PATIENCE, &["sh", "-c", script]).await
    }

    #[tokio::test]
    async fn the_secret_is_the_first_line() {
        assert_eq!(sh("printf 'hush\\nurl: x\\n'").await.unwrap(), "hush");
        assert_eq!(sh("printf 'hush\\r\\n'").await.unwrap(), "hush");
        assert_eq!(sh("printf ' with blanks '").await.unwrap(), " with blanks ");
        assert_eq!(
            run(PATIENCE, &["echo", "$HOME `id` ;x"]).await.unwrap(),
            "$HOME `id` ;x",
            "there is no shell"
        );
        assert_eq!(sh("echo \"<$CXONE_CLIENT_SECRET>$(cat)\"").await.unwrap(), "<>", "its input is empty");
        // More than a pipe holds: nobody is left writing.
        assert_eq!(
            sh("echo hush; head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2").await.unwrap(),
            "hush"
        );
    }

    #[tokio::test]
    async fn what_fails_is_named_with_what_it_said_and_never_with_what_it_printed() {
        for (script, words) in [
            ("echo hunter2; echo 'no key' >&2; exit 3", &["exit code 3", "no key"][..]),
            ("echo hunter2; echo 'not \u{1b}[2Jhunter2' >&2; exit 3", &["not ␛[2J[redacted]"]),
            ("echo hunter2; kill -9 $$", &["signal 9"]),
            ("true", &["printed nothing"]),
            ("echo oops >&2", &["printed nothing and said: oops"]),
            ("echo; echo hunter2", &["is empty"]),
            ("printf 'hunter2\\377\\n'", &["not UTF-8"]),
            ("head -c 70000 /dev/zero | tr '\\0' x", &["too long"]),
        ] {
            let error = sh(script).await.unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{script}: {error}");
            assert!(!error.contains("hunter2") && error.contains("sh: "), "{script}: {error}");
        }
        let error = run(PATIENCE, &["cxlens-no-such-program", "hunter2"]).await.unwrap_err();
        assert!(error.contains("cannot be started") && !error.contains("hunter2"), "{error}");
        let error = run(PATIENCE, &["/"]).await.unwrap_err();
        assert!(error.contains("cannot be started"), "{error}");
    }

    #[tokio::test]
    async fn what_takes_too_long_is_ended_with_all_that_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let script = format!("sleep 600 & echo $! > {0}.new; mv {0}.new {0}; wait", pid.display());
        // The paths' own time runs out only when the child is there: its patience begins anew until then.
        let error = loop {
            let error = run(Duration::from_millis(300), &["sh", "-c", &script]).await.unwrap_err();
            if pid.exists() {
                break error;
            }
        };
        assert!(error.contains("did not end within"), "{error}");
        let child = std::fs::read_to_string(&pid).unwrap();
        let gone = || match std::fs::read_to_string(format!("/proc/{}/stat", child.trim())) {
            // Ended, but not yet waited for by whoever adopted it.
            Ok(stat) => stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')),
            Err(_) => true,
        };
        while !gone() {
            tokio::task::yield_now().await;
        }
    }
}
