//! Where copies go: to a program of the system where there is one, otherwise to the terminal by OSC 52.
//!
//! ```text
//! text ──► way ─┬─ Programs   wl-copy · xclip · xsel · pbcopy, the text on their standard input
//!               ├─ Terminal   OSC 52, wrapped for tmux and screen; bounded
//!               └─ Off        said, not done
//! ```
//!
//! Over SSH the system's clipboard is the wrong machine's: there only the terminal knows the right one.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::figures;
use crate::config::{Clipboard as Setting, Env};
use crate::engine::clock::Clock;

/// The largest text that is sent to a terminal: OSC 52 holds 100,000 bytes of base64 in the strictest of them.
const MOST_TO_TERMINAL: usize = 74_994;
/// The largest text that a program is given.
const MOST_TO_PROGRAM: usize = 64 * 1024 * 1024;
/// A program that has not taken the text by then does not take it.
const PATIENCE: Duration = Duration::from_secs(5);
/// screen hands on strings no longer than this, its own wrapping included.
const SCREENFUL: usize = 240;

/// How copies are made here.
#[derive(Clone, Debug)]
pub struct Clipboard {
    way: Way,
    wrap: Wrap,
}

/// Which way a copy goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the first of these programs that is there; where none of them is, to the terminal if that is allowed.
    Programs(&'static [Program], bool),
    /// To the terminal.
    Terminal,
    /// Nowhere.
    Off,
}

/// A program that puts its standard input on the clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    name: &'static str,
    args: &'static [&'static str],
}

/// What lies between us and the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrap {
    None,
    Tmux,
    Screen,
}

const WAYLAND: &[Program] = &[Program { name: "wl-copy", args: &[] }, X[0], X[1]];
const X: &[Program] = &[
    Program { name: "xclip", args: &["-selection", "clipboard", "-in"] },
    Program { name: "xsel", args: &["--clipboard", "--input"] },
];
const MAC: &[Program] = &[Program { name: "pbcopy", args: &[] }];

impl Clipboard {
    /// As it is set, and as far as the environment tells what there is.
    pub fn new(setting: Setting, env: &Env) -> Self {
        let there = |name: &str| env.get(name).is_some();
        let remote = there("SSH_CONNECTION");
        let programs = if cfg!(target_os = "macos") {
            Some(MAC)
        } else if there("WAYLAND_DISPLAY") {
            Some(WAYLAND)
        } else if there("DISPLAY") {
            Some(X)
        } else {
            None
        };
        let way = match (setting, programs) {
            (Setting::Off, _) => Way::Off,
            (Setting::Osc52, _) | (Setting::Auto, None) => Way::Terminal,
            (Setting::Auto, Some(_)) if remote => Way::Terminal,
            (Setting::Auto, Some(programs)) => Way::Programs(programs, true),
            (Setting::Native, programs) => Way::Programs(programs.unwrap_or(WAYLAND), false),
        };
        let wrap = if there("TMUX") {
            Wrap::Tmux
        } else if there("STY") {
            Wrap::Screen
        } else {
            Wrap::None
        };
        Self { way, wrap }
    }

    /// Which way a copy goes.
    pub fn way(&self) -> &Way {
        &self.way
    }

    /// What the terminal is sent to take a text, and what to tell of it.
    ///
    /// # Errors
    /// The text is too long for a terminal.
    pub fn sequence(&self, text: &str) -> Result<(String, String), String> {
        let size = figures::bytes(text.len() as u64);
        if text.len() > MOST_TO_TERMINAL {
            let most = figures::bytes(MOST_TO_TERMINAL as u64);
            return Err(format!("{size} are more than the {most} that a terminal takes (OSC 52)"));
        }
        let bare = format!("\x1b]52;c;{}\x07", BASE64_STANDARD.encode(text));
        let (sequence, through) = match self.wrap {
            Wrap::None => (bare, ""),
            // tmux takes the bare sequence with `set-clipboard on` and hands the wrapped one on with
            // `allow-passthrough on`; which of them is set cannot be seen from inside, so it gets both.
            Wrap::Tmux => (format!("\x1bPtmux;\x1b{bare}\x1b\\{bare}"), " through tmux"),
            Wrap::Screen => {
                let pieces = bare.as_bytes().chunks(SCREENFUL);
                let piece = |piece: &[u8]| format!("\x1bP{}\x1b\\", String::from_utf8_lossy(piece));
                (pieces.map(piece).collect(), " through screen")
            }
        };
        Ok((sequence, format!("{size} sent to the terminal's clipboard{through} (OSC 52)")))
    }
}

/// Gives a text to the first of the programs that is there; says which took it.
///
/// # Errors
/// None of them is there, or the one that is refused it: in words.
pub async fn give(programs: &[Program], text: &str, clock: &Clock) -> Result<String, String> {
    let size = figures::bytes(text.len() as u64);
    if text.len() > MOST_TO_PROGRAM {
        let most = figures::bytes(MOST_TO_PROGRAM as u64);
        return Err(format!("{size} are more than the {most} that a clipboard is given"));
    }
    for program in programs {
        let until = clock.now() + PATIENCE;
        let given = tokio::select! {
            given = run(program, text) => given,
            () = clock.sleep_until(until) => Err(io::Error::other("it does not take the text")),
        };
        match given {
            Ok(()) => return Ok(format!("{size} copied by {}", program.name)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{}: {error}", program.name)),
        }
    }
    let names: Vec<_> = programs.iter().map(|program| program.name).collect();
    Err(format!("none of {} is installed", names.join(", ")))
}

async fn run(program: &Program, text: &str) -> io::Result<()> {
    let mut child = Command::new(program.name)
        .args(program.args)
        .env_remove("CXONE_CLIENT_SECRET")
        .stdin(Stdio::piped())
        // They stay to serve the text, and would hold what they were given open.
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut written = Ok(());
    if let Some(mut stdin) = child.stdin.take() {
        written = stdin.write_all(text.as_bytes()).await;
        drop(stdin);
    }
    // How it ended says more than that it did not read.
    let status = child.wait().await?;
    if status.success() { written } else { Err(io::Error::other(format!("it ended with {status}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(setting: Setting, set: &[&str]) -> Clipboard {
        Clipboard::new(setting, &Env::new(set.iter().map(|name| (*name, "1"))))
    }

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn the_environment_tells_the_way() {
        for (setting, set, way) in [
            (Setting::Auto, &[][..], Way::Terminal),
            (Setting::Auto, &["DISPLAY"], Way::Programs(X, true)),
            (Setting::Auto, &["DISPLAY", "WAYLAND_DISPLAY"], Way::Programs(WAYLAND, true)),
            (Setting::Auto, &["DISPLAY", "SSH_CONNECTION"], Way::Terminal),
            (Setting::Native, &["DISPLAY", "SSH_CONNECTION"], Way::Programs(X, false)),
            (Setting::Osc52, &["DISPLAY"], Way::Terminal),
            (Setting::Off, &["DISPLAY"], Way::Off),
        ] {
            assert_eq!(with(setting, set).way, way, "{setting:?} {set:?}");
        }
    }

    #[test]
    fn what_a_terminal_is_sent_is_base64_and_wrapped_for_what_lies_between() {
        let sent = |set: &[&str], text: &str| with(Setting::Osc52, set).sequence(text).unwrap();
        let (bare, told) = sent(&[], "Ada");
        assert_eq!(bare, "\x1b]52;c;QWRh\x07");
        assert!(told.contains("OSC 52"), "{told}");
        let (wrapped, told) = sent(&["TMUX"], "Ada");
        assert_eq!(wrapped, "\x1bPtmux;\x1b\x1b]52;c;QWRh\x07\x1b\\\x1b]52;c;QWRh\x07");
        assert!(told.contains("tmux"), "{told}");
        let (pieces, _) = sent(&["STY"], &"x".repeat(1_000));
        let pieces: Vec<_> = pieces.split("\x1b\\").filter(|piece| !piece.is_empty()).collect();
        assert!(pieces.len() > 5 && pieces.iter().all(|p| p.starts_with("\x1bP") && p.len() <= 256));
        let whole: String = pieces.iter().map(|piece| &piece[2..]).collect();
        assert_eq!(whole, sent(&[], &"x".repeat(1_000)).0);
    }

    #[test]
    fn what_is_copied_cannot_end_the_sequence() {
        let (sequence, _) = with(Setting::Osc52, &[]).sequence("a\x07b\x1b\\c").unwrap();
        assert_eq!(sequence.matches('\x07').count(), 1);
        assert_eq!(sequence.matches('\x1b').count(), 1);
    }

    #[test]
    fn too_much_for_a_terminal_is_refused_with_the_figures() {
        let clipboard = with(Setting::Osc52, &[]);
        assert!(clipboard.sequence(&"x".repeat(MOST_TO_TERMINAL)).unwrap().0.len() <= 100_000);
        let why = clipboard.sequence(&"x".repeat(MOST_TO_TERMINAL + 1)).unwrap_err();
        assert!(why.contains("more than") && why.contains("OSC 52"), "{why}");
    }

    #[tokio::test]
    async fn the_first_program_that_is_there_takes_the_text() {
        let clock = Clock::system();
        let none = Program { name: "no-such-program-of-cxlens", args: &[] };
        let takes = Program { name: "sh", args: &["-c", "test \"$(cat)\" = text"] };
        assert!(give(&[none, takes], "text", &clock).await.unwrap().contains("copied by sh"));
        assert!(give(&[takes], "other", &clock).await.unwrap_err().contains("sh: it ended with"));
        assert!(give(&[none], "text", &clock).await.unwrap_err().contains("is installed"));
    }
}
