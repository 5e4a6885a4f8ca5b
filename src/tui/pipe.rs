//! A shell command that is given JSON: run beside the screen, its output bounded, stopped when nobody waits for it.

use std::io;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, Command};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::outside::Given;

/// Bytes of its output that are shown; past them it is stopped.
pub const LONGEST: usize = 1024 * 1024;
/// Bytes that are written to it, or read from it, at once.
const CHUNK: usize = 64 * 1024;

/// A command that is to be run.
#[derive(Debug)]
pub struct Piping {
    /// Which of the session's it is; what an earlier one still says is stale.
    pub number: u64,
    /// As it was typed.
    pub command: String,
    /// What it reads.
    pub given: Given,
    /// Stops it.
    pub stop: CancellationToken,
}

/// What came of it so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Piped {
    /// On its standard output.
    Out(Vec<u8>),
    /// On its standard error.
    Err(Vec<u8>),
    /// It is over, in words.
    Ended(String, bool),
}

/// Runs it in this shell and tells what comes of it, until it ends, is stopped, or has written too much.
pub async fn run(piping: Piping, shell: String, told: Sender<(u64, Piped)>) {
    let number = piping.number;
    let (words, well) = match converse(piping, &shell, &told).await {
        Ok(ended) => ended,
        Err(error) => (format!("{shell} cannot be run: {error}"), false),
    };
    // Nobody is left to tell once the explorer is closed.
    let _ = told.send((number, Piped::Ended(words, well))).await;
}

async fn converse(piping: Piping, shell: &str, told: &Sender<(u64, Piped)>) -> io::Result<(String, bool)> {
    let Piping { number, command, given, stop } = piping;
    let mut child = Command::new(shell)
        .args(["-c", &command])
        .env_remove("CXONE_CLIENT_SECRET")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // All that it starts is stopped with it; and what is typed to stop the explorer is not its business.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let feeding = tokio::spawn(feed(child.stdin.take(), given));
    let talk = async {
        let out = pass(child.stdout.take(), number, Piped::Out, told);
        let err = pass(child.stderr.take(), number, Piped::Err, told);
        let (out, err) = tokio::join!(out, err);
        out && err
    };
    let whole = tokio::select! {
        whole = talk => Some(whole),
        () = stop.cancelled() => None,
    };
    // Whoever neither reads nor ends any more is stopped too.
    let ended = match whole {
        Some(true) => tokio::select! {
            status = child.wait() => {
                let status = status?;
                Some((status.to_string(), status.success()))
            }
            () = stop.cancelled() => None,
        },
        Some(false) => Some((format!("stopped: more than {} KiB", LONGEST / 1024), false)),
        None => None,
    };
    feeding.abort();
    drop(group);
    Ok(ended.unwrap_or_else(|| ("stopped".to_owned(), false)))
}

/// A group of processes that ends with this.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // Mostly it is gone already, and nobody is there to be stopped.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// Whoever reads no further (`head`) has read enough.
async fn feed(stdin: Option<ChildStdin>, given: Given) {
    let Some(mut stdin) = stdin else { return };
    let mut chunk = String::with_capacity(CHUNK);
    for at in 0..given.len() {
        given.piece(at, &mut chunk);
        if chunk.len() >= CHUNK || at + 1 == given.len() {
            if stdin.write_all(chunk.as_bytes()).await.is_err() {
                return;
            }
            chunk.clear();
        }
    }
    let _ = stdin.shutdown().await;
}

/// Passes on what it writes; `false`: it wrote more than is shown.
async fn pass(
    from: Option<impl AsyncRead + Unpin>,
    number: u64,
    piece: fn(Vec<u8>) -> Piped,
    told: &Sender<(u64, Piped)>,
) -> bool {
    let Some(mut from) = from else { return true };
    let mut left = LONGEST;
    let mut chunk = vec![0; CHUNK];
    loop {
        match from.read(&mut chunk).await {
            Ok(0) | Err(_) => return true,
            Ok(read) => {
                let taken = read.min(left);
                left -= taken;
                if told.send((number, piece(chunk[..taken].to_vec()))).await.is_err() || taken < read {
                    return false;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    async fn ran(command: &str, given: &str, stop: Option<&str>) -> (String, String, String, bool) {
        let (told, mut hears) = mpsc::channel(4);
        let token = CancellationToken::new();
        let piping = Piping {
            number: 1,
            command: command.to_owned(),
            given: Given::Text(given.to_owned()),
            stop: token.clone(),
        };
        let task = tokio::spawn(run(piping, "sh".to_owned(), told));
        let (mut out, mut err, mut end) = (String::new(), String::new(), (String::new(), false));
        while let Some((_, piped)) = hears.recv().await {
            match piped {
                Piped::Out(bytes) => out.push_str(&String::from_utf8(bytes).unwrap()),
                Piped::Err(bytes) => err.push_str(&String::from_utf8(bytes).unwrap()),
                Piped::Ended(words, well) => end = (words, well),
            }
            if stop.is_some_and(|at| out.contains(at)) {
                token.cancel();
            }
        }
        task.await.unwrap();
        (out, err, end.0, end.1)
    }

    #[tokio::test]
    async fn a_command_reads_what_it_is_given_and_says_how_it_ended() {
        let (out, err, _, well) = ran("tr a-z A-Z; echo well >&2", "ada", None).await;
        assert_eq!((out.as_str(), err.as_str(), well), ("ADA\n", "well\n", true));
        let (_, _, words, well) = ran("exit 3", "ada", None).await;
        assert!(words.contains('3') && !well, "{words}");
        let (_, err, words, _) = ran("no-such-command-of-cxlens", "ada", None).await;
        assert!(err.contains("not found") && words.contains("127"), "{err} {words}");
    }

    #[tokio::test]
    async fn whoever_reads_nothing_is_not_waited_for() {
        let (out, _, _, well) = ran("echo done", &"x".repeat(1_000_000), None).await;
        assert_eq!((out.as_str(), well), ("done\n", true));
    }

    #[tokio::test]
    async fn a_command_that_never_ends_is_stopped_with_all_that_it_started() {
        // Were one of the two left, the pipe would stay open, and this would wait for it.
        let (out, _, words, well) =
            ran("cat /dev/zero > /dev/null & echo begun; wait", "", Some("begun")).await;
        assert_eq!((out.as_str(), words.as_str(), well), ("begun\n", "stopped", false));
    }

    #[tokio::test]
    async fn output_without_end_is_cut_and_the_command_stopped() {
        let (out, _, words, well) = ran("yes", "", None).await;
        assert!(out.len() == LONGEST && words.contains("1024 KiB") && !well, "{} {words}", out.len());
    }
}
