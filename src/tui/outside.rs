//! What programs outside are given: a profile, or rows, as JSON; and those that have the terminal for a while.

use std::fmt;
use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;

use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::config::Env;
use crate::rows::Data;

/// What a program is given to read.
pub enum Given {
    /// A text.
    Text(String),
    /// Rows, a line of JSON each.
    Rows {
        /// The columns.
        data: Data,
        /// The rows in the order in which they are given; `None`: all, as they came.
        order: Option<Vec<u32>>,
    },
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Given({} bytes)", text.len()),
            Self::Rows { .. } => write!(f, "Given({} rows)", self.len()),
        }
    }
}

impl Given {
    /// How many pieces it comes in.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(_) => 1,
            Self::Rows { data, order } => order.as_ref().map_or(data.len(), Vec::len),
        }
    }

    /// Whether there is nothing to give.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds such a piece, with a line break behind it.
    pub fn piece(&self, at: usize, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Rows { data, order } => {
                let row = order.as_ref().map_or(at, |order| order[at] as usize);
                data.json(row, out);
            }
        }
        if !out.ends_with('\n') {
            out.push('\n');
        }
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut piece = String::new();
        for at in 0..self.len() {
            piece.clear();
            self.piece(at, &mut piece);
            out.write_all(piece.as_bytes())?;
        }
        Ok(())
    }
}

/// The programs that this user has chosen, as shell text: `less -R`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// Runs command lines.
    pub shell: String,
    /// Shows text.
    pub pager: String,
    /// Edits text.
    pub editor: String,
}

impl Programs {
    /// As the environment names them.
    pub fn new(env: &Env) -> Self {
        let first = |names: &[&str], usual: &str| {
            names.iter().find_map(|name| env.get(name)).unwrap_or(usual).to_owned()
        };
        Self {
            shell: first(&["SHELL"], "sh"),
            pager: first(&["PAGER"], "less"),
            editor: first(&["VISUAL", "EDITOR"], "vi"),
        }
    }
}

/// A program that has the terminal for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// `$PAGER`
    Pager,
    /// `$VISUAL`, `$EDITOR`
    Editor,
}

/// Something that is to be looked at in a program outside.
#[derive(Debug)]
pub struct Visit {
    /// In which.
    pub which: Which,
    /// What.
    pub given: Given,
}

/// The same, in a file that goes when this does.
#[derive(Debug)]
pub struct Laid {
    which: Which,
    file: NamedTempFile,
}

impl Visit {
    /// Writes it to a file that nobody else may read, and nobody change: it is a copy. To be called where waiting for
    /// the disk is no matter.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn lay_out(self) -> io::Result<Laid> {
        let suffix = if matches!(self.given, Given::Text(_)) { ".json" } else { ".ndjson" };
        let mut file = tempfile::Builder::new().prefix("cxlens-").suffix(suffix).tempfile()?;
        let mut out = io::BufWriter::new(file.as_file_mut());
        self.given.write(&mut out)?;
        out.flush()?;
        drop(out);
        file.as_file().set_permissions(Permissions::from_mode(0o400))?;
        Ok(Laid { which: self.which, file })
    }
}

impl Laid {
    /// The command that shows it, to be given the terminal.
    pub fn command(&self, programs: &Programs) -> Command {
        let program = self.program(programs);
        let mut command = Command::new("sh");
        // The variable is shell text, and may hold flags; the path never is. Ctrl-C is the program's to answer: the
        // shell must not die of it and leave the program behind.
        command.args(["-c", &format!("trap : INT QUIT; {program} \"$1\""), "sh"]).arg(self.file.path());
        command.env_remove("CXONE_CLIENT_SECRET");
        command.kill_on_drop(true);
        command
    }

    /// What is run.
    pub fn program<'a>(&self, programs: &'a Programs) -> &'a str {
        match self.which {
            Which::Pager => &programs.pager,
            Which::Editor => &programs.editor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_programs_come_first() {
        let none = Programs::new(&Env::default());
        assert_eq!([none.shell, none.pager, none.editor], ["sh", "less", "vi"]);
        let set =
            Env::new([("SHELL", "/bin/zsh"), ("PAGER", "less -R"), ("EDITOR", "nano"), ("VISUAL", "hx")]);
        let own = Programs::new(&set);
        assert_eq!([own.shell, own.pager, own.editor], ["/bin/zsh", "less -R", "hx"]);
    }

    #[test]
    fn a_copy_is_this_users_alone_and_goes_away() {
        let visit = Visit { which: Which::Editor, given: Given::Text("{}".to_owned()) };
        let laid = visit.lay_out().unwrap();
        let path = laid.file.path().to_owned();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        drop(laid);
        assert!(!path.exists());
    }
}
