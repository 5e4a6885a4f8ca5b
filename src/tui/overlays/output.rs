//! What a shell command wrote: as it comes, its errors apart, and how it ended.
//!
//! ```text
//! ┌ | jq .email ──────────────────────────────────────────┐
//! │ "ada@example.org"                                     │
//! │ Errors                                                │
//! │ jq: error …                                           │
//! │ ended: exit status: 5                                 │
//! └ y y copy  Esc close ──────────────────────────────────┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::engine::text::{clean, fit};
use crate::tui::action::{Action, Context};
use crate::tui::ctx::Ctx;
use crate::tui::pipe::Piped;
use crate::tui::widgets::{moved, wrap};

/// Bytes of one line at most; a longer one goes on in the next, so that a frame looks at little.
const LONGEST_LINE: usize = 512;

/// The panel.
#[derive(Debug)]
pub struct OutputPanel {
    /// Which of the session's commands it is.
    number: u64,
    command: String,
    out: Stream,
    err: Stream,
    /// While it runs; dropping it stops the command.
    stop: Option<DropGuard>,
    /// How it ended, and whether well.
    ended: Option<(String, bool)>,
    /// The first line on the screen.
    offset: usize,
}

/// One of the two that a command writes to.
#[derive(Debug, Default)]
struct Stream {
    /// As it came.
    bytes: Vec<u8>,
    /// Where lines begin in it, long ones cut.
    lines: Vec<usize>,
    /// How far it was cut into lines.
    cut: usize,
}

impl Stream {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        while self.cut < self.bytes.len() {
            let rest = &self.bytes[self.cut..];
            let head = &rest[..rest.len().min(LONGEST_LINE)];
            let length = match head.iter().position(|byte| *byte == b'\n') {
                Some(at) => at + 1,
                None if head.len() < LONGEST_LINE => break,
                // Not within a character: its later bytes begin with 10.
                None => (1..head.len()).rev().find(|at| rest[*at] & 0xc0 != 0x80).unwrap_or(head.len()),
            };
            self.lines.push(self.cut);
            self.cut += length;
        }
    }

    fn len(&self) -> usize {
        self.lines.len() + usize::from(self.cut < self.bytes.len())
    }

    /// A line, safe to be shown.
    fn line(&self, at: usize) -> String {
        let begin = self.lines.get(at).copied().unwrap_or(self.cut);
        let end = match self.lines.get(at + 1) {
            Some(end) => *end,
            None if at < self.lines.len() => self.cut,
            None => self.bytes.len(),
        };
        let text = String::from_utf8_lossy(&self.bytes[begin..end]);
        clean(&text.trim_end_matches(['\n', '\r']).replace('\t', "    ")).into_owned()
    }
}

impl OutputPanel {
    /// A command that has just begun.
    pub fn new(number: u64, command: &str, stop: CancellationToken) -> Self {
        Self {
            number,
            command: command.to_owned(),
            out: Stream::default(),
            err: Stream::default(),
            stop: Some(stop.drop_guard()),
            ended: None,
            offset: 0,
        }
    }

    /// Takes what a command of this number wrote; says whether it is this one.
    pub fn take(&mut self, number: u64, piped: Piped) -> bool {
        if number != self.number {
            return false;
        }
        match piped {
            Piped::Out(bytes) => self.out.push(&bytes),
            Piped::Err(bytes) => self.err.push(&bytes),
            Piped::Ended(words, well) => {
                self.ended = Some((words, well));
                self.stop = None;
            }
        }
        true
    }

    /// Stops the command; `false`: it is over already.
    pub fn stop(&mut self) -> bool {
        self.stop.take().is_some()
    }

    /// What it wrote on its standard output, for the clipboard.
    pub fn text(&self) -> String {
        let bytes = if self.out.bytes.is_empty() { &self.err.bytes } else { &self.out.bytes };
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// Scrolls; says whether anything moved.
    pub fn scroll(&mut self, action: Action, ctx: &Ctx<'_>) -> bool {
        let inside = place(ctx.area);
        let (width, height) =
            (usize::from(inside.width.saturating_sub(4)), usize::from(inside.height.saturating_sub(2)));
        let before = self.offset;
        self.offset = moved(action, before, height.saturating_sub(1).max(1), self.last(width, height));
        self.offset != before
    }

    /// The last line that may stand first: from there on all fits.
    fn last(&self, width: usize, height: usize) -> usize {
        let mut rows = 0;
        for at in (0..self.len()).rev() {
            let (text, _) = self.line(at, Style::new(), Style::new(), Style::new());
            rows += wrap(&text, width).count();
            if rows > height {
                return at + 1;
            }
        }
        0
    }

    /// Lines of both, what stands between them, and the end.
    fn len(&self) -> usize {
        self.out.len() + if self.err.len() > 0 { 1 + self.err.len() } else { 0 } + 1
    }

    fn line(&self, at: usize, text: Style, heading: Style, end: Style) -> (String, Style) {
        let errors = self.out.len() + 1;
        if at < self.out.len() {
            (self.out.line(at), text)
        } else if self.err.len() > 0 && at < errors {
            ("Errors".to_owned(), heading)
        } else if self.err.len() > 0 && at - errors < self.err.len() {
            (self.err.line(at - errors), text)
        } else {
            let said = match (&self.ended, &self.stop) {
                (Some((words, _)), _) => format!("ended: {}", clean(words)),
                (None, Some(_)) => "running…".to_owned(),
                (None, None) => "stopping…".to_owned(),
            };
            (said, end)
        }
    }

    /// Draws it over what is there.
    pub fn view(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let theme = ctx.theme;
        let place = place(area);
        let esc = if self.stop.is_some() { "stop" } else { "close" };
        let hints = super::hints(ctx.keys, Context::Output, Some(esc), theme, place.width.saturating_sub(3));
        let command = clean(&self.command);
        let title = fit(&command, usize::from(place.width).saturating_sub(8)).into_owned();
        let well = self.ended.as_ref().is_none_or(|(_, well)| *well);
        let border = if well { theme.border_focused } else { theme.warn };
        let inside = super::window(ctx, &format!("| {title}"), &hints, place, border, buf);
        if inside.is_empty() {
            return;
        }
        let end = if well { theme.dim } else { theme.warn };
        let (width, height) = (usize::from(inside.width), usize::from(inside.height));
        let offset = self.offset.min(self.last(width, height));
        let mut y = inside.y;
        let mut at = offset;
        let mut whole = true;
        while at < self.len() && whole {
            let (text, style) = self.line(at, theme.text, theme.heading, end);
            let text =
                if at < self.out.len() { veiled(ctx, text) } else { ctx.mask.text(&text).into_owned() };
            for row in wrap(&text, width) {
                if y >= inside.bottom() {
                    whole = false;
                    break;
                }
                buf.set_line(inside.x, y, &Line::styled(row, style), inside.width);
                y += 1;
            }
            at += 1;
        }
        super::more(offset > 0, !whole || at < self.len(), ctx, inside, buf);
    }
}

/// A line of what a command made of true values: JSON is masked by its keys, of anything else nobody can tell what it is.
fn veiled(ctx: &Ctx<'_>, line: String) -> String {
    if !ctx.mask.is_on() || line.trim().is_empty() {
        return line;
    }
    ctx.mask.reply(&line).into_owned()
}

fn place(area: Rect) -> Rect {
    super::centred(area, area.width.saturating_sub(4).min(120), area.height.saturating_sub(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::ctx::fixture::{self, World};
    use crate::tui::theme::ThemeChoice;

    fn panel(out: &[u8], err: &[u8], ended: Option<(&str, bool)>) -> OutputPanel {
        let mut panel = OutputPanel::new(1, "jq .email", CancellationToken::new());
        for byte in out {
            // A byte at a time: a character comes in pieces too.
            panel.take(1, Piped::Out(vec![*byte]));
        }
        panel.take(1, Piped::Err(err.to_vec()));
        if let Some((words, well)) = ended {
            panel.take(1, Piped::Ended(words.to_owned(), well));
        }
        panel
    }

    fn drawn(panel: &OutputPanel, choice: ThemeChoice, size: (u16, u16)) -> Buffer {
        fixture::drawn(choice, size, |ctx, area, buf| panel.view(ctx, area, buf))
    }

    fn text(buf: &Buffer) -> String {
        buf.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn output_errors_and_end_in_every_theme() {
        let failed = panel(b"\"ada@example.org\"\n", b"jq: error\n", Some(("exit status: 5", false)));
        for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::Plain] {
            insta::assert_debug_snapshot!(drawn(&failed, choice, (60, 16)));
        }
        assert!(text(&drawn(&panel(b"", b"", None), ThemeChoice::Plain, (60, 16))).contains("running…"));
    }

    #[test]
    fn nothing_that_it_writes_reaches_the_terminal_unclean_or_breaks_a_column() {
        let long = "東京é".repeat(2_000) + "\n\x1b[31mred\x07\tx\n";
        let mut panel = panel(long.as_bytes(), b"\xff\xfe", Some(("exit status: 0", true)));
        assert_eq!(panel.text(), long);
        let whole: String = (0..panel.out.len()).map(|at| panel.out.line(at)).collect();
        assert!(whole.starts_with(&"東京é".repeat(2_000)), "no character was cut");
        let world = World::new(ThemeChoice::Plain);
        let ctx = world.ctx(Rect::new(0, 0, 60, 16));
        assert!(panel.scroll(Action::Last, &ctx) && !panel.scroll(Action::Down, &ctx));
        let end = text(&drawn(&panel, ThemeChoice::Plain, (60, 16)));
        assert!(end.contains("␛[31mred␇    x") && end.contains("ended: exit status: 0"), "{end}");
        for size in [(0, 0), (1, 1), (3, 9), (9, 3), (300, 100)] {
            let _buf = drawn(&panel, ThemeChoice::Dark, size);
        }
    }

    #[test]
    fn closing_it_stops_the_command() {
        let stop = CancellationToken::new();
        let mut open = OutputPanel::new(1, "yes", stop.clone());
        assert!(open.stop() && stop.is_cancelled() && !open.stop());
        let stop = CancellationToken::new();
        drop(OutputPanel::new(1, "yes", stop.clone()));
        assert!(stop.is_cancelled());
        assert!(!open.take(2, Piped::Out(b"stale".to_vec())));
    }

    #[test]
    fn what_a_command_wrote_is_masked_or_hidden() {
        let mut world = World::new(ThemeChoice::Plain);
        world.mask = crate::rows::Mask::new(true, &[], (1, 2), false);
        let mut panel = OutputPanel::new(1, "jq .", CancellationToken::new());
        panel.take(1, Piped::Out(b"{\"lastName\":\"Finchley\"}\nFinchley\n".to_vec()));
        panel.take(1, Piped::Err(b"no finchley@example.com\n".to_vec()));
        let area = Rect::new(0, 0, 80, 24);
        let seen = |world: &World| {
            let mut buf = Buffer::empty(area);
            panel.view(&world.ctx(area), area, &mut buf);
            format!("{buf:?}").to_lowercase()
        };
        let masked = seen(&world);
        assert!(!masked.contains("finchley") && masked.contains("hidden while masked"), "{masked}");
        world.mask.set(false);
        assert_eq!(seen(&world).matches("finchley").count(), 3);
    }
}
