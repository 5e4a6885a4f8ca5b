//! The real binary in a pseudo-terminal: keys go in, a screen comes out. Waits for a screen, never for a time.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// Longer than anything that is waited for may take on a machine that is busy; reached only by a failure.
const PATIENCE: Duration = Duration::from_secs(60);

struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    ended: bool,
}

/// A program on a terminal of its own.
pub(crate) struct Pty {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Pty {
    /// Starts `cxlens` with these arguments on a terminal of this size; its files live below `home`.
    pub(crate) fn start(home: &Path, args: &[&str], size: (u16, u16), env: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_cxlens"));
        command.args(args);
        Self::spawn(command, home, size, env)
    }

    /// Starts it under a shell with job control, which says `stopped` when it was put in the background,
    /// brings it back when a line is typed, and says its exit code.
    pub(crate) fn start_under_shell(home: &Path, size: (u16, u16)) -> Self {
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", "set -m; \"$0\"; echo stopped; read line; fg; echo \"code $?\""]);
        command.arg(env!("CARGO_BIN_EXE_cxlens"));
        Self::spawn(command, home, size, &[("PATH", "/usr/bin:/bin")])
    }

    /// Starts such a command on a terminal of its own.
    pub(crate) fn spawn(
        mut command: CommandBuilder,
        home: &Path,
        (columns, rows): (u16, u16),
        env: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("HOME", home);
        // Nobody is there to be shown around.
        command.env("CI", "1");
        for (name, dir) in
            [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state")]
        {
            command.env(name, home.join(dir));
        }
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let parser = vt100::Parser::new(cells(rows), cells(columns), 0);
        let seen = Arc::new((Mutex::new(Seen { parser, raw: Vec::new(), ended: false }), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let filled = seen.clone();
        std::thread::spawn(move || {
            let mut chunk = [0; 16 * 1024];
            loop {
                let read = reader.read(&mut chunk).unwrap_or(0);
                let mut seen = filled.0.lock().unwrap();
                seen.parser.process(&chunk[..read]);
                seen.raw.extend_from_slice(&chunk[..read]);
                seen.ended = read == 0;
                filled.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Self { master: pair.master, writer, child, seen }
    }

    /// Types.
    pub(crate) fn send(&mut self, keys: &str) -> &mut Self {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
        self
    }

    /// Waits until the screen is as wanted, and returns it.
    pub(crate) fn wait(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            let screen = seen.parser.screen().contents();
            if wanted(&screen) {
                return screen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !seen.ended, "never saw {what}; the screen was:\n{screen}");
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits until the screen holds a text.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    /// Waits until a cell of the screen (row, column) is as wanted.
    pub(crate) fn wait_cell(&mut self, what: &str, at: (u16, u16), wanted: impl Fn(&vt100::Cell) -> bool) {
        self.wait_seen(what, |seen| seen.parser.screen().cell(at.0, at.1).is_some_and(&wanted));
    }

    /// Waits until all that was written is as wanted.
    pub(crate) fn wait_raw(&mut self, what: &str, wanted: impl Fn(&[u8]) -> bool) {
        self.wait_seen(what, |seen| wanted(&seen.raw));
    }

    fn wait_seen(&mut self, what: &str, wanted: impl Fn(&Seen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        while !wanted(&seen) {
            let left = deadline.saturating_duration_since(Instant::now());
            let screen = seen.parser.screen().contents();
            assert!(!left.is_zero() && !seen.ended, "never saw {what}; the screen was:\n{screen}");
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        self.seen.0.lock().unwrap().parser.screen_mut().set_size(cells(rows), cells(columns));
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
        self
    }

    /// The program's process.
    pub(crate) fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = self.child.process_id().unwrap();
        let id = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Sends a signal to whoever has the terminal.
    pub(crate) fn signal_foreground(&self, signal: rustix::process::Signal) {
        let leader = self.master.process_group_leader().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(leader, signal).unwrap();
    }

    /// The terminal's settings, all of them.
    pub(crate) fn settings(&self) -> String {
        format!("{:?}", self.master.get_termios().expect("a Unix terminal has settings"))
    }

    /// What of the terminal a program has taken, as the terminal itself has it; nothing after its end.
    pub(crate) fn taken(&self) -> Vec<&'static str> {
        taken(self.seen.0.lock().unwrap().parser.screen())
    }

    /// Waits for the program's end; returns how it ended and all that it wrote.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<u8>) {
        self.finish()
    }

    /// The same, with the terminal still there to be looked at.
    pub(crate) fn finish(&mut self) -> (ExitStatus, Vec<u8>) {
        let mut seen = self.seen.0.lock().unwrap();
        let deadline = Instant::now() + PATIENCE;
        // The terminal closes with its last writer, after what is left was handed out.
        while !seen.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            let screen = seen.parser.screen().contents();
            assert!(!left.is_zero(), "it never ended; the screen was:\n{screen}");
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
        let raw = std::mem::take(&mut seen.raw);
        drop(seen);
        (self.child.wait().unwrap(), raw)
    }

    /// Whether the terminal echoes and edits lines, as a shell wants it.
    pub(crate) fn is_cooked(&self) -> bool {
        let settings = self.master.get_termios().expect("a Unix terminal has settings");
        let shown = format!("{:?}", settings.local_flags);
        shown.contains("ECHO") && shown.contains("ICANON")
    }
}

impl Drop for Pty {
    /// A test that failed leaves no program behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

fn taken(screen: &vt100::Screen) -> Vec<&'static str> {
    let modes = [
        ("the alternate screen", screen.alternate_screen()),
        ("the cursor", screen.hide_cursor()),
        ("pastes", screen.bracketed_paste()),
        ("the mouse", screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None),
        ("cursor keys", screen.application_cursor()),
        ("colours", screen.fgcolor() != vt100::Color::Default || screen.bgcolor() != vt100::Color::Default),
        ("bold", screen.bold() || screen.inverse() || screen.underline()),
    ];
    modes.into_iter().filter(|(_, taken)| *taken).map(|(name, _)| name).collect()
}

/// Whether the last that was written gave everything back: screen, cursor, paste and mouse modes.
pub(crate) fn is_restored(raw: &[u8]) -> bool {
    let last = |code: &str| {
        let code = code.as_bytes();
        raw.windows(code.len()).rposition(|window| window == code)
    };
    let off_after_on = |on: &str, off: &str| match (last(on), last(off)) {
        (Some(on), Some(off)) => off > on,
        (Some(_), None) => false,
        (None, _) => true,
    };
    last("\x1b[?1049h").is_some()
        && off_after_on("\x1b[?1049h", "\x1b[?1049l")
        && off_after_on("\x1b[?25l", "\x1b[?25h")
        && off_after_on("\x1b[?2004h", "\x1b[?2004l")
        && off_after_on("\x1b[?1000h", "\x1b[?1000l")
        && off_after_on("\x1b[?1002h", "\x1b[?1002l")
        && off_after_on("\x1b[?1006h", "\x1b[?1006l")
}
