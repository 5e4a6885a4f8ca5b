//! What one frame of the explorer costs, and how that grows with the number of rows: time, instructions, allocations.
//!
//! ```text
//! cargo bench --bench frame                  1,000, 100,000 and 1,000,000 rows
//! cargo bench --bench frame -- 1000 5000     so many
//! ```
//!
//! A frame is a key (a page down, in turn over the whole table), what it changes, and the picture of 120×40 as bytes
//! for a terminal. Instructions are counted by Valgrind's callgrind where it is installed, in a process of its own
//! (this program again, as `@frames`). A goal that is missed is printed as missed; nothing here fails by time.

#![expect(clippy::disallowed_methods, reason = "a bench measures with the clock that there is")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table on stdout is what it is for")]

#[path = "../rows/people.rs"]
mod people;
#[path = "../pull/table.rs"]
#[expect(dead_code, reason = "no figure here is taken several times")]
mod table;

use std::io;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use cxlens::engine::clock::Clock;
use cxlens::engine::event::{Event, Page, ServiceInfo};
use cxlens::engine::query::{Draft, QueryId};
use cxlens::tui::app::{App, Moment, Start};
use cxlens::tui::faults::Stage;
use cxlens::tui::keymap::Keymap;
use cxlens::tui::theme::{Theme, ThemeChoice};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use table::{Row, Table, grouped};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const SIZE: Rect = Rect { x: 0, y: 0, width: 120, height: 40 };
const FRAMES: usize = 2_000;
/// Frames under Valgrind, which is slow.
const COUNTED: usize = 50;
const PAGE: usize = 1_000;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let done = match (words.first().map(String::as_str), numbers.first()) {
        (Some("@frames"), Some(rows)) => counted(*rows),
        (_, None) => measure(&[1_000, 100_000, 1_000_000]),
        _ => measure(&numbers),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("frame: {error}");
            ExitCode::FAILURE
        }
    }
}

/// An explorer with rows, and a terminal that nobody looks at.
struct Scene {
    app: App,
    terminal: Terminal<CrosstermBackend<io::Sink>>,
    at: Moment,
    rows: usize,
    shown: usize,
}

impl Scene {
    fn new(rows: usize) -> Outcome<Self> {
        let clock = Clock::system();
        let at = Moment { now: clock.now(), wall: clock.wall() };
        let mut app = App::new(Start {
            draft: Draft { segments: vec!["SEG-ALL".into()], ..Draft::default() },
            run: false,
            pause: None,
            pull: false,
            budget: usize::MAX,
            theme: Theme::new(ThemeChoice::Dark, false),
            keys: Keymap::default(),
            tenant: "acme".into(),
            sandbox: false,
            look: cxlens::config::Look::default(),
            on_change: cxlens::config::OnChange::default(),
            files: Vec::new(),
            faults: Stage::default(),
            mouse: true,
            mask: cxlens::rows::Mask::default(),
            wrong: Vec::new(),
            picks: false,
            tour: false,
        });
        let _ = app.resize(SIZE.width, SIZE.height);
        let info = ServiceInfo {
            tenant: "acme".into(),
            base_url: "http://127.0.0.1:1".into(),
            sandbox: false,
            needs_reason: false,
            files: Vec::new(),
        };
        let _ = app.event(Event::Ready(std::sync::Arc::new(info)), at);
        let _ = app.key(KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL), at);
        for (number, from) in (1..).zip((0..rows).step_by(PAGE)) {
            let page = people::profiles(from..rows.min(from + PAGE));
            let total = Some(rows as u64);
            let page = Page { number, batch: 1, rows: page, total, ..Page::default() };
            let _ = app.event(Event::Page(QueryId(1), page), at);
        }
        let mut terminal = Terminal::with_options(
            CrosstermBackend::new(io::sink()),
            ratatui::TerminalOptions { viewport: ratatui::Viewport::Fixed(SIZE) },
        )?;
        let _ = app.prepare(at);
        terminal.draw(|frame| app.view(at, frame.buffer_mut()))?;
        Ok(Self { app, terminal, at, rows, shown: 0 })
    }

    /// A page down, or back to the top at the end.
    #[inline(never)]
    fn frame(&mut self) {
        self.shown += 30;
        let code = if self.shown >= self.rows {
            self.shown = 0;
            KeyCode::Home
        } else {
            KeyCode::PageDown
        };
        let _ = self.app.key(KeyEvent::new(code, KeyModifiers::NONE), self.at);
        let _ = self.app.prepare(self.at);
        let (app, at) = (&self.app, self.at);
        // A sink takes everything.
        let _ = self.terminal.draw(|frame| app.view(at, frame.buffer_mut()));
    }

    #[inline(never)]
    fn counted_frames(&mut self) {
        for _ in 0..COUNTED {
            self.frame();
        }
    }
}

fn measure(counts: &[usize]) -> Outcome<()> {
    let mut table = Table::default();
    let mut least_instructions = None;
    for rows in counts {
        let mut scene = Scene::new(*rows)?;
        let mut times: Vec<Duration> = (0..FRAMES)
            .map(|_| {
                let start = Instant::now();
                scene.frame();
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        let (p50, p99) = (ms(times[FRAMES / 2]), ms(times[FRAMES * 99 / 100]));
        let floor = floor(&mut scene)?;
        let rows_said = grouped(*rows as f64, 0);
        table.add(Row {
            what: format!("one frame, page down, 120×40, {rows_said} rows"),
            figure: format!("p50 {p50:.2}, p99 {p99:.2} ms"),
            floor: format!(
                "the same cells, each with a letter, as bytes: p50 {:.2}, p99 {:.2} ms",
                floor.0, floor.1
            ),
            goal: "p99 < 1 ms".into(),
            met: p99 < 1.0,
        });
        let allocated = allocation_counter::measure(|| scene.frame());
        table.add(Row {
            what: format!("allocations in a frame, {rows_said} rows"),
            figure: format!(
                "{} of {} bytes",
                allocated.count_total,
                grouped(allocated.bytes_total as f64, 0)
            ),
            floor: String::new(),
            goal: "as many at any number of rows".into(),
            met: true,
        });
        drop(scene);
        match instructions(*rows)? {
            None => eprintln!("  instructions are not counted: valgrind is not installed"),
            Some(count) => {
                let least = *least_instructions.get_or_insert(count);
                let ratio = count / least;
                table.add(Row {
                    what: format!("instructions in a frame, {rows_said} rows"),
                    figure: format!("{} ({ratio:.3} × the first)", grouped(count, 0)),
                    floor: String::new(),
                    goal: "≤ 1.02 × those at 1,000 rows".into(),
                    met: ratio <= 1.02,
                });
            }
        }
    }
    println!("{table}");
    Ok(())
}

/// A picture in which every cell changes, made without looking at anything.
fn floor(scene: &mut Scene) -> Outcome<(f64, f64)> {
    let mut times = Vec::with_capacity(FRAMES);
    for n in 0..FRAMES {
        let letter = if n.is_multiple_of(2) { "a" } else { "b" };
        let start = Instant::now();
        scene.terminal.draw(|frame| {
            for cell in &mut frame.buffer_mut().content {
                cell.set_symbol(letter);
            }
        })?;
        times.push(start.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_unstable_by(f64::total_cmp);
    Ok((times[FRAMES / 2], times[FRAMES * 99 / 100]))
}

/// Under callgrind: fills a table uncounted, which is quick, then has itself counted.
fn counted(rows: usize) -> Outcome<()> {
    let mut scene = Scene::new(rows)?;
    let on =
        Command::new("callgrind_control").args(["-i", "on", &std::process::id().to_string()]).output()?;
    if !on.status.success() {
        return Err(format!("callgrind_control: {}", String::from_utf8_lossy(&on.stderr)).into());
    }
    scene.counted_frames();
    Ok(())
}

/// Instructions in a frame, as callgrind counts them; `None`: it is not installed.
fn instructions(rows: usize) -> Outcome<Option<f64>> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Ok(None);
    }
    let out = Command::new("valgrind")
        .args(["--tool=callgrind", "--instr-atstart=no", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*counted_frames*")
        .arg(std::env::current_exe()?)
        .args(["@frames", &rows.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&out.stderr);
    if !out.status.success() {
        return Err(format!("valgrind stopped with {}:\n{said}", out.status).into());
    }
    let count = said
        .lines()
        .find_map(|line| line.split("Collected :").nth(1))
        .and_then(|count| count.trim().parse::<f64>().ok())
        .filter(|count| *count > 0.0)
        .ok_or_else(|| format!("valgrind counted nothing:\n{said}"))?;
    Ok(Some(count / COUNTED as f64))
}
