//! What the loop has done beside the screen: copies, shell commands, and programs that get the terminal for a while.

use std::io;

use tokio::process::Child;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::clipboard::{Clipboard, Way, give};
use super::outside::{Laid, Programs, Visit};
use super::pipe::{self, Piped, Piping};
use super::signals::{Signals, Told as Signalled};
use super::terminal::Guard;
use crate::engine::clock::Clock;

/// Tellings that may wait to be heard.
const WAITING: usize = 16;

/// Has things done, and is told of them.
#[derive(Debug)]
pub struct Outward {
    clipboard: Clipboard,
    programs: Programs,
    clock: Clock,
    tell: Sender<Told>,
    tell_piped: Sender<(u64, Piped)>,
    told: Receiver<Told>,
    piped: Receiver<(u64, Piped)>,
}

/// What came of something.
#[derive(Debug)]
pub enum Told {
    /// A copy was made, in words.
    Copied(String),
    /// A program did not take this text, and why; whether the terminal may.
    NotTaken(String, String, bool),
    /// A shell command.
    Piped(u64, Piped),
    /// What a program is to show is ready for it.
    Laid(io::Result<Laid>),
}

/// How a program ended that had the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// By itself; what to tell, where there is something.
    Home(Option<String>),
    /// A signal wants us to leave, with this exit code.
    Leave(u8),
}

impl Outward {
    /// With the user's programs and clipboard.
    pub fn new(clipboard: Clipboard, programs: Programs, clock: Clock) -> Self {
        let ((tell, told), (tell_piped, piped)) = (channel(WAITING), channel(WAITING));
        Self { clipboard, programs, clock, tell, tell_piped, told, piped }
    }

    /// Waits for news.
    pub async fn told(&mut self) -> Told {
        let told = tokio::select! {
            told = self.told.recv() => told,
            piped = self.piped.recv() => piped.map(|(number, piped)| Told::Piped(number, piped)),
        };
        match told {
            Some(told) => told,
            // We hold a sender of each: there is always more to wait for.
            None => std::future::pending().await,
        }
    }

    /// Makes a copy. `Ok`: what to tell now, where that is known already; `Err`: why there is none.
    ///
    /// # Errors
    /// The terminal cannot be written to.
    pub fn copy(&self, text: String, guard: &mut Guard) -> io::Result<Option<Result<String, String>>> {
        match self.clipboard.way() {
            Way::Off => Ok(Some(Err("copying is off (clipboard in the configuration)".to_owned()))),
            Way::Terminal => self.send(&text, guard).map(Some),
            Way::Programs(programs, or_terminal) => {
                let (programs, or_terminal) = (*programs, *or_terminal);
                let (clock, tell) = (self.clock.clone(), self.tell.clone());
                tokio::spawn(async move {
                    let told = match give(programs, &text, &clock).await {
                        Ok(words) => Told::Copied(words),
                        Err(why) => Told::NotTaken(text, why, or_terminal),
                    };
                    let _ = tell.send(told).await;
                });
                Ok(None)
            }
        }
    }

    /// Sends a text to the terminal's clipboard.
    ///
    /// # Errors
    /// The terminal cannot be written to.
    pub fn send(&self, text: &str, guard: &mut Guard) -> io::Result<Result<String, String>> {
        match self.clipboard.sequence(text) {
            Ok((sequence, words)) => guard.send(&sequence).map(|()| Ok(words)),
            Err(why) => Ok(Err(why)),
        }
    }

    /// Runs a shell command beside the screen.
    pub fn pipe(&self, piping: Piping) {
        tokio::spawn(pipe::run(piping, self.programs.shell.clone(), self.tell_piped.clone()));
    }

    /// Lays out what a program is to show.
    pub fn lay_out(&self, visit: Visit) {
        let tell = self.tell.clone();
        tokio::task::spawn_blocking(move || {
            let _ = tell.blocking_send(Told::Laid(visit.lay_out()));
        });
    }

    /// Gives the terminal to a program until that ends. Nobody else may read the terminal meanwhile.
    ///
    /// # Errors
    /// The terminal cannot be given away or taken back.
    pub async fn visit(&self, laid: &Laid, guard: &mut Guard, signals: &mut Signals) -> io::Result<Back> {
        let program = laid.program(&self.programs).to_owned();
        guard.release()?;
        let tty = guard.tty();
        let mut command = laid.command(&self.programs);
        command.stdin(tty.lent()?).stdout(tty.lent()?).stderr(tty.lent()?);
        let back = match command.spawn() {
            Ok(child) => wait(child, &program, signals, &self.clock).await,
            Err(error) => Back::Home(Some(format!("{program} cannot be run: {error}"))),
        };
        if !matches!(back, Back::Leave(_)) {
            guard.resume()?;
        }
        Ok(back)
    }
}

/// Waits for a program that has the terminal, and with it the keys that make signals.
async fn wait(mut child: Child, program: &str, signals: &mut Signals, clock: &Clock) -> Back {
    loop {
        tokio::select! {
            // Signals first: one that came before the end must not be taken for ours after it.
            biased;
            told = signals.told() => match told {
                // Ctrl-C and Ctrl-\ are that program's to answer; they reach us as well.
                Signalled::Leave(130 | 131) | Signalled::Continued => {}
                Signalled::Leave(code) => return Back::Leave(code),
                // It was stopped with us; the shell brings both back.
                Signalled::Suspend => signals.suspend(clock).await,
            },
            ended = child.wait() => return Back::Home(match ended {
                Ok(status) if status.success() => None,
                Ok(status) => Some(format!("{program} ended with {status}")),
                Err(error) => Some(format!("{program} was lost: {error}")),
            }),
        }
    }
}
