//! Pasted text, and sizes that nothing fits into, while rows stream in.

use super::pty::{Pty, is_restored};
use super::{CTRL_Q, home};

/// Ten megabytes of IDs, and one more.
const LINES: usize = 1_100_000;

fn leave(mut pty: Pty) {
    pty.send(CTRL_Q).send(CTRL_Q);
    let (status, raw) = pty.end();
    assert!(status.success() && is_restored(&raw), "{status:?}");
}

#[test]
fn ten_megabytes_pasted_are_capped_and_counted() {
    let home = home();
    let mut pty = Pty::start(home.path(), &[], (120, 30), &[]);
    pty.wait_for("Ctrl-R run");
    let ids = (0..LINES).fold(String::new(), |ids, n| ids + &format!("P-{n:07}\n"));
    assert_eq!(ids.len(), 11_000_000);
    pty.send("\x1b[200~").send(&ids).send("\x1b[201~");
    let screen = pty.wait("what was taken", |screen| screen.contains("were taken"));
    assert!(screen.contains("1,000,000"), "{screen}");
    pty.send("1").wait_for("[1 Audit]");
    leave(pty);
}

#[test]
fn a_mark_of_the_end_inside_a_paste_types_nothing() {
    let home = home();
    let mut pty = Pty::start(home.path(), &["--run"], (120, 30), &[]);
    pty.wait_for("PROF-0000004");
    // Each of these would be seen: another tab, the palette, the end. The true end of the paste comes last.
    pty.send("\x1b[200~PROF-001\x1b[201~1:\x11\x11\x1b[<0;5;5M\x03\x03\x1b[201~");
    let screen = pty.wait_for("right behind a pasted text");
    assert!(screen.contains("not taken: 7 keys"), "{screen}");
    assert!(
        screen.contains("[5 Log]") && !screen.contains("Commands") && !screen.contains("Leave?"),
        "{screen}"
    );
    // Whoever presses something then is heard.
    pty.send("1").wait_for("[1 Audit]");
    leave(pty);
}

/// With every page that comes, and with nothing on the screen that could be drawn.
#[test]
fn one_cell_while_rows_stream_in_and_back() {
    let home = home();
    let mut pty = Pty::start(home.path(), &["--run"], (120, 40), &[]);
    pty.wait_for("PROF-0000004");
    for _ in 0..20 {
        let screen =
            pty.resize(1, 1).resize(120, 40).wait("the rows again", |screen| screen.contains("PROF-0000004"));
        assert!(screen.contains("Profiles"), "{screen}");
    }
    leave(pty);
}
