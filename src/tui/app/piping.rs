//! Programs outside: a shell command that is given JSON, a pager, an editor, and whoever waits for a choice.

use tokio_util::sync::CancellationToken;

use super::{App, Moment, Turn};
use crate::tui::action::Action;
use crate::tui::ctx::{Effect, Focus};
use crate::tui::kept::{Keep, Kept, What};
use crate::tui::outside::{Given, Visit, Which};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::output::OutputPanel;
use crate::tui::overlays::prompt::{Asks, Prompt};
use crate::tui::pipe::{Piped, Piping};

/// The file of the commands that were typed.
const FILE: &str = "pipes";
/// So many of them can be brought back.
const MOST: usize = 200;

/// Shell commands of this session and those before.
#[derive(Debug, Default)]
pub(super) struct Pipes {
    /// The latest first.
    before: Vec<String>,
    /// How many were begun.
    begun: u64,
}

impl Pipes {
    /// Takes up what was typed in earlier sessions.
    pub(super) fn remember(&mut self, kept: &Kept) {
        for line in kept.read(FILE).lines() {
            self.add(line);
        }
    }

    fn add(&mut self, line: &str) {
        self.before.retain(|other| other != line);
        self.before.insert(0, line.to_owned());
        self.before.truncate(MOST);
    }
}

impl App {
    /// What the focused pane has for a program outside; `None`: nothing.
    fn given(&self) -> Option<Given> {
        self.profiles.selected()?;
        Some(match self.world.focus {
            Focus::Detail => Given::Text(self.detail.json()),
            _ => self.profiles.given(),
        })
    }

    /// Asks for the command that is given it.
    pub(super) fn ask_pipe(&mut self) -> Turn {
        let Some(given) = self.given() else { return Turn::default() };
        let what = match given {
            Given::Text(_) => "the profile, as JSON".to_owned(),
            Given::Rows { .. } => {
                format!("{} as NDJSON", crate::tui::figures::counted(given.len() as u64, "row", "rows"))
            }
        };
        let about = format!("a shell command that reads {what}: jq .email   Up brings back earlier ones");
        let prompt = Prompt::new(Asks::Pipe, "Pipe through", about, "", self.pipes.before.clone());
        self.overlay = Some(Overlay::Prompt(Box::new(prompt)));
        Turn::CHANGED
    }

    /// Runs the command that was typed.
    ///
    /// # Errors
    /// None was typed.
    pub(super) fn pipe(&mut self, command: &str) -> Result<Turn, String> {
        if command.is_empty() {
            return Err("type a command, such as jq .email".to_owned());
        }
        let Some(given) = self.given() else {
            return Err("there is nothing to give it any more".to_owned());
        };
        self.pipes.add(command);
        self.pipes.begun += 1;
        let (number, stop) = (self.pipes.begun, CancellationToken::new());
        let panel = OutputPanel::new(number, command, stop.clone());
        self.overlay = Some(Overlay::Output(Box::new(panel)));
        let keep = Keep { name: FILE, what: What::Line(command.to_owned()) };
        let piping = Piping { number, command: command.to_owned(), given, stop };
        Ok(Turn { changed: true, effects: vec![Effect::Keep(keep), Effect::Pipe(piping)] })
    }

    /// What a command wrote, or that it ended.
    pub fn piped(&mut self, number: u64, piped: Piped) -> Turn {
        match &mut self.overlay {
            Some(Overlay::Output(panel)) => Turn::changed(panel.take(number, piped)),
            _ => Turn::default(),
        }
    }

    /// Has it looked at in a program that gets the terminal.
    pub(super) fn visit(&mut self, action: Action) -> Turn {
        let which = if action == Action::Pager { Which::Pager } else { Which::Editor };
        let Some(given) = self.given() else { return Turn::default() };
        Turn::of(Effect::Visit(Visit { which, given }))
    }

    /// A copy that could not be made, and what can be done instead.
    pub fn not_copied(&mut self, why: &str) -> Turn {
        let (export, pipe) = (self.key_of(Action::Export), self.key_of(Action::Pipe));
        self.notice(format!(
            "not copied: {why}; {export} writes rows to a file, {pipe} gives them to a command"
        ))
    }

    /// Leaves with the cell under the cursor, for the shell line that waits for it.
    pub(super) fn pick(&mut self, _at: Moment) -> Turn {
        if !self.picks {
            return self.notice("nobody waits for a choice: start with --print for that".to_owned());
        }
        self.profiles.cell().map_or_else(Turn::default, |cell| Turn::of(Effect::Print(cell)))
    }
}
