//! The explorer on a terminal of its own.

use std::io::Read as _;
use std::num::NonZeroU16;
use std::time::Duration;

use cxlens::engine::clock::Clock;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::Outcome;
use crate::roles::Used;
use crate::spawn::{Home, Server};

const COLUMNS: NonZeroU16 = NonZeroU16::new(120).expect("not zero");
const ROWS: NonZeroU16 = NonZeroU16::new(40).expect("not zero");
const CTRL_Q: &[u8] = b"\x11";

/// Opens the explorer, which asks at once, and waits until its screen holds `text`; then leaves. Gives the time from
/// the start of the program to that screen, and what the program used.
pub(crate) fn open(server: &Server, text: &str) -> Outcome<(Duration, Used)> {
    let clock = Clock::system();
    let home = Home::new()?;
    let report = home.path().join("used");
    let bench = std::env::current_exe()?;
    let [(_, base), _, (_, id), (_, secret)] = server.env();
    let mut command = CommandBuilder::new(&bench);
    command.arg("@measure");
    command.arg(&report);
    command.arg(&bench);
    command.args(["@explore", base, id, secret]);
    command.arg(home.path());
    command.env("TERM", "xterm-256color");
    let size = PtySize { rows: ROWS.get(), cols: COLUMNS.get(), pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size)?;
    let mut reader = pair.master.try_clone_reader()?;
    let mut writer = pair.master.take_writer()?;
    let begun = clock.now();
    let mut child = pair.slave.spawn_command(command)?;
    drop(pair.slave);
    let mut parser = vt100::Parser::new(ROWS, COLUMNS, 0);
    let mut chunk = [0; 16 * 1024];
    let mut opened = None;
    loop {
        // The last reader of a terminal whose program has gone gets an error, not an end.
        let read = reader.read(&mut chunk).unwrap_or(0);
        if read == 0 {
            break;
        }
        parser.process(&chunk[..read]);
        let screen = parser.screen().contents();
        if opened.is_none() && screen.contains(text) {
            opened = Some(clock.now() - begun);
            writer.write_all(CTRL_Q)?;
        }
        if screen.contains("Leave?") {
            writer.write_all(CTRL_Q)?;
        }
    }
    let status = child.wait()?;
    match opened {
        Some(opened) if status.success() => Ok((opened, Used::read(&report)?)),
        _ => Err(format!(
            "the explorer ended with {status:?}; its screen was:\n{}",
            parser.screen().contents()
        )
        .into()),
    }
}
