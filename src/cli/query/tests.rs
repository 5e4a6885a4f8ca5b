use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::mpsc;

use super::*;
use crate::cli::sink::{Shape, Style};
use crate::engine::event::{Cut, Page, SetAside};
use crate::engine::pipeline::profile::{Profile, Slot, Text};
use crate::engine::query::{Draft, FieldSet};
use crate::export::PartialFile;

const STREAMS: Streams =
    Streams { stdout_is_terminal: false, stderr_is_terminal: false, columns: 80, colour: false };
const STYLE: Style = Style {
    fields: FieldSet::ID,
    raw_csv: false,
    flatten: false,
    origin: None,
    window: None,
    goes_on: false,
    streams: STREAMS,
};

/// stdout that a test looks into, and that may fail after some bytes.
#[derive(Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>, Option<(usize, io::ErrorKind)>);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.1 {
            Some((most, kind)) if self.0.lock().unwrap().len() + bytes.len() > most => Err(kind.into()),
            _ => self.0.lock().unwrap().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The engine's end of a handle, played by a test.
struct Engine {
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    signals: mpsc::Sender<Signal>,
}

impl Engine {
    async fn page(&self, ids: &[&str]) {
        let row = |id: &&str| Profile {
            id: Slot::Value(Text { value: (*id).into(), original: None }),
            ..Profile::default()
        };
        let page = Page { rows: ids.iter().map(row).collect(), ..Page::default() };
        self.events.send(Event::Page(RUN, page)).await.unwrap();
    }

    async fn finish(&self, summary: Summary) {
        self.events.send(Event::Finished(RUN, Arc::new(summary))).await.unwrap();
    }

    async fn runs(&mut self) {
        assert!(matches!(self.commands.recv().await, Some(Command::Run(RUN, _, None))));
    }

    async fn is_cancelled(&mut self) {
        assert!(matches!(self.commands.recv().await, Some(Command::Cancel(RUN))));
    }
}

fn summary(status: Status, rows: u64) -> Summary {
    let cut = (status == Status::Cancelled).then_some(Cut::Cancelled);
    Summary { cut, ..Summary::of(status, rows) }
}

/// Runs against an engine that `play` plays; gives the exit code and stderr.
async fn played(sink: Sink, play: impl AsyncFnOnce(Engine)) -> (u8, String) {
    let (commands, command_rx) = mpsc::channel(8);
    let (event_tx, events) = mpsc::channel(8);
    let (signal_tx, signal_rx) = mpsc::channel(1);
    let engine = Engine { commands: command_rx, events: event_tx, signals: signal_tx };
    let query = Draft { ids: vec!["A".into()], ..Draft::default() }.check().unwrap();
    let mut signals = Signals::from_test(signal_rx);
    let mut said = String::new();
    let handle = Handle { commands, events: events.into() };
    let ask = Ask { query, place: None, store: None };
    let run = run(handle, ask, sink, STREAMS, &mut signals, |text: &str| said.push_str(text));
    // Time is paused: it is up as soon as both wait for each other.
    let both = async { tokio::join!(run, play(engine)) };
    let (code, ()) = tokio::time::timeout(Duration::from_mins(1), both).await.unwrap();
    (code.unwrap_or(0), said)
}

fn stdout(out: &Out) -> Sink {
    Sink::stdout(Shape::Ndjson, &STYLE, out.clone()).unwrap()
}

fn text(out: &Out) -> String {
    String::from_utf8(out.0.lock().unwrap().clone()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn rows_are_on_stdout_while_the_run_goes_on() {
    let out = Out::default();
    let seen = out.clone();
    let (code, said) = played(stdout(&out), async |mut engine: Engine| {
        engine.runs().await;
        engine.page(&["A", "B"]).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(text(&seen).lines().count(), 2, "before the next page and the end");
        engine.page(&["C"]).await;
        engine.finish(summary(Status::Success, 3)).await;
    })
    .await;
    assert_eq!(code, 0);
    assert_eq!(text(&out), "{\"id\":\"A\"}\n{\"id\":\"B\"}\n{\"id\":\"C\"}\n");
    assert!(said.starts_with("3 profiles on 1 page"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_half_way_has_written_its_rows_and_says_why() {
    let out = Out::default();
    let (code, said) = played(stdout(&out), async |mut engine: Engine| {
        engine.runs().await;
        engine.page(&["A"]).await;
        let error = Error::new(Kind::RateLimit, "page 2", "it wants 9 minutes", "wait");
        let over = Arc::new(Summary { cut: Some(Cut::Error), ..summary(Status::Partial, 1) });
        engine.events.send(Event::Failed(RUN, over, error)).await.unwrap();
    })
    .await;
    assert_eq!(code, 5);
    assert_eq!(text(&out), "{\"id\":\"A\"}\n");
    assert!(
        said.contains("error: page 2: it wants 9 minutes") && said.contains("cut by the error"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_closed_pipe_cancels_and_ends_quietly() {
    let out = Out(Arc::default(), Some((12, io::ErrorKind::BrokenPipe)));
    let (code, said) = played(stdout(&out), async |mut engine: Engine| {
        engine.runs().await;
        engine.page(&["A"]).await;
        engine.page(&["B"]).await;
        engine.is_cancelled().await;
        engine.page(&["C"]).await;
        engine.finish(summary(Status::Cancelled, 3)).await;
    })
    .await;
    assert_eq!((code, said.as_str()), (0, ""));
    assert_eq!(text(&out), "{\"id\":\"A\"}\n");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_cancels_and_is_told() {
    let out = Out(Arc::default(), Some((12, io::ErrorKind::StorageFull)));
    let (code, said) = played(stdout(&out), async |mut engine: Engine| {
        engine.runs().await;
        engine.page(&["A"]).await;
        engine.page(&["B"]).await;
        engine.is_cancelled().await;
        engine.finish(summary(Status::Cancelled, 2)).await;
    })
    .await;
    assert_eq!(code, 1);
    assert!(said.contains("error: stdout: it cannot be written") && said.contains("make room"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_signal_cancels_keeps_the_rows_and_gives_its_code() {
    for (signal, code) in [(Signal::Interrupt, 130), (Signal::Terminate, 143)] {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.ndjson");
        let file = PartialFile::create(&target, false).unwrap();
        let (got, said) =
            played(Sink::file(Shape::Ndjson, &STYLE, file).unwrap(), async |mut engine: Engine| {
                engine.runs().await;
                engine.page(&["A"]).await;
                engine.signals.send(signal).await.unwrap();
                engine.is_cancelled().await;
                // A page that was on its way is kept too.
                engine.page(&["B"]).await;
                engine.finish(summary(Status::Cancelled, 2)).await;
            })
            .await;
        assert_eq!(got, code);
        let partial = dir.path().join("a.ndjson.partial");
        assert!(
            said.contains(&partial.display().to_string()) && said.contains("cut by cancelling"),
            "{said}"
        );
        assert_eq!(std::fs::read_to_string(partial).unwrap().lines().count(), 2);
        assert!(!target.exists());
    }
}

#[tokio::test(start_paused = true)]
async fn a_signal_while_waiting_rows_are_written_leaves_what_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("a.csv");
    let file = PartialFile::create(&target, false).unwrap();
    let style = Style { flatten: true, ..STYLE };
    let (code, said) = played(Sink::file(Shape::Csv, &style, file).unwrap(), async |mut engine: Engine| {
        engine.runs().await;
        engine.page(&["A", "B"]).await;
        // The first comes when all is there, and the one after it while the rows are written.
        engine.signals.send(Signal::Terminate).await.unwrap();
        engine.is_cancelled().await;
        engine.signals.send(Signal::Interrupt).await.unwrap();
        engine.finish(summary(Status::Success, 2)).await;
    })
    .await;
    assert_eq!(code, 130, "{said}");
    for words in
        ["interrupted", "2 profiles had come and are not written", "what was written is in", ".partial"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!target.exists());
    assert_eq!(std::fs::read_to_string(dir.path().join("a.csv.partial")).unwrap(), "id\n");
}

#[test]
fn a_file_of_no_use_is_not_left() {
    let dir = tempfile::tempdir().unwrap();
    let partial = dir.path().join("a.partial");
    let flat = Style { flatten: true, ..STYLE };
    let rows = [Profile::default()];
    for (shape, style, words) in [
        (Shape::Parquet, &STYLE, "nothing is kept: a Parquet file"),
        (Shape::Csv, &flat, "nothing is kept: no row"),
        (Shape::Csv, &STYLE, "what was written is in"),
    ] {
        let file = PartialFile::create(&dir.path().join("a"), false).unwrap();
        let mut sink = Sink::file(shape, style, file).unwrap();
        sink.page(&rows).unwrap();
        let said = sink.abandon(1).unwrap();
        assert!(said.contains(words), "{said}");
        assert_eq!(partial.exists(), said.contains("written is in"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_signal_that_comes_when_all_is_there_changes_nothing() {
    let out = Out::default();
    let (code, _) = played(stdout(&out), async |mut engine: Engine| {
        engine.runs().await;
        engine.signals.send(Signal::Interrupt).await.unwrap();
        engine.is_cancelled().await;
        engine.finish(summary(Status::Success, 0)).await;
    })
    .await;
    assert_eq!(code, 0);
}

#[tokio::test(start_paused = true)]
async fn rows_set_aside_are_seven_after_all_else_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("a.ndjson");
    let file = PartialFile::create(&target, false).unwrap();
    let (code, said) =
        played(Sink::file(Shape::Ndjson, &STYLE, file).unwrap(), async |mut engine: Engine| {
            engine.runs().await;
            engine.page(&["A"]).await;
            let aside = SetAside { page: 1, row: 2, reason: "it is no object".into(), raw: "7".into() };
            engine.finish(Summary { set_aside: vec![aside], ..summary(Status::Partial, 1) }).await;
        })
        .await;
    assert_eq!(code, 7);
    assert!(target.exists() && said.contains("page 1 row 2"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_run_without_rows_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("a.ndjson");
    let file = PartialFile::create(&target, false).unwrap();
    let (code, said) =
        played(Sink::file(Shape::Ndjson, &STYLE, file).unwrap(), async |mut engine: Engine| {
            engine.runs().await;
            let error = Error::new(Kind::Credentials, "token", "invalid_client", "check CXONE_CLIENT_SECRET");
            engine
                .events
                .send(Event::Failed(RUN, Arc::new(summary(Status::Failed, 0)), error))
                .await
                .unwrap();
        })
        .await;
    assert_eq!(code, 3);
    assert!(!said.contains("partial"), "{said}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_be_had_and_a_worker_that_is_gone_are_told() {
    let (code, said) = played(stdout(&Out::default()), async |mut engine: Engine| {
        engine.runs().await;
        let error = Error::new(Kind::Network, "the HTTP client", "no certificates", "install them");
        engine.events.send(Event::Broken(error)).await.unwrap();
    })
    .await;
    assert_eq!(code, 6);
    assert!(said.contains("no certificates"), "{said}");
    let (code, said) = played(stdout(&Out::default()), async |mut engine: Engine| engine.runs().await).await;
    assert_eq!(code, 1);
    assert!(said.contains("ended before it"), "{said}");
}
