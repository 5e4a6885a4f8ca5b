//! A recording comes again: at its times, step by step, from anywhere.

use std::io::Write as _;

use tokio::sync::mpsc;

use super::*;
use crate::engine::clock::Pace;
use crate::engine::event::replay::{Played, Replay, Stands, Steer, What};
use crate::engine::worker::Handle;

const AT: &str = "2026-03-04T12:00:00Z";

/// A recording of these lines.
fn file(lines: &[(u64, &str)]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, r#"{{"cxlens_recording":1,"tool":"cxlens 0.1.0","at":"{AT}","tenant":"acme","dialect":"crm-v2","sandbox":false,"personal_values_are_true":false}}"#).unwrap();
    for (ms, what) in lines {
        writeln!(file, "{{\"ms\":{ms},{what}}}").unwrap();
    }
    file
}

/// Five events, a command and a snapshot of the limits, over ten seconds.
fn ten_seconds() -> tempfile::NamedTempFile {
    file(&[
        (0, r#""event":{"ready":{"tenant":"acme","base_url":"https://acme.example","sandbox":false}}"#),
        (1_000, r#""command":{"cancel":{"run":1}}"#),
        (1_000, r#""event":{"paused":{"run":1}}"#),
        (
            2_000,
            r#""event":{"limits":{"at_ms":2000,"in_flight":0,"waiting":0,"window":1,"concurrency":1,"rate":null,"source":"unknown","configured":null,"announced":null,"learned":null,"bucket":null,"measured":0,"gate":{"until_ms":9000,"said":"Retry-After: 7"},"throttled":1}}"#,
        ),
        (4_000, r#""event":{"paused":{"run":2}}"#),
        (10_000, r#""event":{"paused":{"run":3}}"#),
    ])
}

struct Seen {
    handle: Handle,
    pace: Pace,
    /// What was told, each with its time on the replay's clock.
    told: Vec<(u64, String)>,
    stands: Vec<Stands>,
    anew: usize,
    damaged: Option<Error>,
}

impl Seen {
    fn new(file: &tempfile::NamedTempFile, speed: f64) -> Self {
        let reader = Reader::open(file.path()).unwrap();
        let pace = Pace::new(reader.header().at);
        let (handle, worker) = worker::channel();
        tokio::spawn(super::super::run(worker, reader, pace.clone(), speed));
        Self { handle, pace, told: vec![], stands: vec![], anew: 0, damaged: None }
    }

    fn steer(&self, steer: Steer) {
        self.handle.commands.try_send(Command::Replay(steer)).unwrap();
    }

    /// The next thing that is told.
    async fn next(&mut self) {
        match self.handle.events.recv().await.unwrap() {
            Event::Played(played) => {
                let Played { at, wall, what } = *played;
                let ms = at.duration_since(self.pace.from()).as_millis() as u64;
                let began: jiff::Timestamp = AT.parse().unwrap();
                assert_eq!(wall.as_millisecond() - began.as_millisecond(), ms.cast_signed());
                let what = match what {
                    What::Command(command) => format!("{command:?}"),
                    // Instants are those of this replay.
                    What::Event(Event::Limits(limits)) => {
                        let gate = limits.gate.as_ref().unwrap();
                        format!("limits {:?}", gate.until.duration_since(at))
                    }
                    What::Event(event) => format!("{event:?}"),
                };
                self.told.push((ms, what));
            }
            Event::Replay(Replay::Stands(stands)) => self.stands.push(stands),
            Event::Replay(Replay::Anew) => {
                self.anew += 1;
                self.told.clear();
            }
            Event::Replay(Replay::Damaged(error)) => self.damaged = Some(error),
            other => panic!("{other:?}"),
        }
    }

    /// Goes on until it was said so often where the replay stands.
    async fn until_stands(&mut self, times: usize) -> Stands {
        while self.stands.len() < times {
            self.next().await;
        }
        *self.stands.last().unwrap()
    }

    async fn until_ended(&mut self) {
        while !self.stands.last().is_some_and(|stands| stands.ended) {
            self.next().await;
        }
    }

    fn times(&self) -> Vec<u64> {
        self.told.iter().map(|(ms, _)| *ms).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn it_takes_the_time_it_took_divided_by_the_speed_and_tells_the_same() {
    let file = ten_seconds();
    let mut all = Vec::new();
    for (speed, took) in [(1.0, 10_000), (4.0, 2_500), (0.5, 20_000)] {
        let clock = Clock::system();
        let from = clock.now();
        let mut seen = Seen::new(&file, speed);
        seen.until_ended().await;
        let real = clock.now().duration_since(from).as_millis();
        assert!((took..took + 10).contains(&real), "{speed}: {real}");
        assert_eq!(seen.times(), [0, 1_000, 1_000, 2_000, 4_000, 10_000]);
        // A countdown is as long as it was, on the clock of the replay.
        assert!(seen.told[3].1.contains("7s"), "{:?}", seen.told[3]);
        all.push(seen.told);
    }
    assert!(all.windows(2).all(|two| two[0] == two[1]));
}

#[tokio::test(start_paused = true)]
async fn it_stands_still_and_goes_on() {
    let file = ten_seconds();
    let mut seen = Seen::new(&file, 1.0);
    while seen.told.len() < 3 {
        seen.next().await;
    }
    seen.steer(Steer::Pause);
    assert!(seen.until_stands(2).await.paused);
    let clock = Clock::paced(seen.pace.clone());
    let stood = clock.wall();
    let nothing = tokio::time::timeout(Duration::from_hours(1), seen.next()).await;
    assert!(nothing.is_err() && clock.wall() == stood, "time stands still");
    seen.steer(Steer::Pause);
    seen.until_ended().await;
    assert_eq!(seen.times(), [0, 1_000, 1_000, 2_000, 4_000, 10_000]);
}

#[tokio::test(start_paused = true)]
async fn a_step_shows_the_next_event_and_passes_what_is_none() {
    let file = ten_seconds();
    let mut seen = Seen::new(&file, 1.0);
    // What is due at once has come.
    while seen.told.is_empty() {
        seen.next().await;
    }
    for (n, told) in [(2, vec![0, 1_000, 1_000]), (3, vec![0, 1_000, 1_000, 2_000, 4_000])] {
        seen.steer(Steer::Step);
        let stands = seen.until_stands(n).await;
        assert!(stands.paused && !stands.ended);
        assert_eq!(seen.times(), told);
        assert_eq!(seen.pace.position().as_millis() as u64, *told.last().unwrap());
    }
    seen.steer(Steer::Step);
    assert!(seen.until_stands(4).await.ended);
    seen.steer(Steer::Step);
    assert!(seen.until_stands(5).await.ended, "behind the end there is nothing");
}

#[tokio::test(start_paused = true)]
async fn on_and_back_show_what_was_shown_there() {
    let file = ten_seconds();
    let mut seen = Seen::new(&file, 1.0);
    seen.steer(Steer::Pause);
    seen.until_stands(2).await;
    seen.steer(Steer::Forward(Duration::from_secs(5)));
    seen.until_stands(3).await;
    let at_five = seen.told.clone();
    assert_eq!(seen.times(), [0, 1_000, 1_000, 2_000, 4_000]);
    seen.steer(Steer::Forward(Duration::from_secs(60)));
    assert!(seen.until_stands(4).await.ended && seen.anew == 0);
    seen.steer(Steer::Back(Duration::from_secs(5)));
    let stands = seen.until_stands(5).await;
    assert!(!stands.ended && seen.anew == 1 && seen.told == at_five, "{:?}", seen.told);
    seen.steer(Steer::Back(Duration::from_secs(60)));
    seen.until_stands(6).await;
    assert_eq!((seen.times(), seen.pace.position()), (vec![0], Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn faster_and_slower_go_by_steps_and_no_further() {
    let file = ten_seconds();
    let mut seen = Seen::new(&file, 1.0);
    seen.until_stands(1).await;
    for (n, (steer, speed)) in
        [(Steer::Faster, 2.0), (Steer::Faster, 4.0), (Steer::Slower, 2.0)].into_iter().enumerate()
    {
        seen.steer(steer);
        assert!((seen.until_stands(n + 2).await.speed - speed).abs() < f64::EPSILON);
    }
    (0..20).for_each(|_| seen.steer(Steer::Slower));
    assert!((seen.until_stands(24).await.speed - 0.1).abs() < f64::EPSILON);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_line_ends_it_and_is_told() {
    let file = file(&[
        (0, r#""event":{"paused":{"run":1}}"#),
        (10, r#""event":{"dance":1}"#),
        (20, r#""event":{"paused":{"run":2}}"#),
    ]);
    let mut seen = Seen::new(&file, 1.0);
    seen.until_ended().await;
    let said = seen.damaged.as_ref().unwrap().to_string();
    assert!(said.contains(":3:") && said.contains("unknown variant `dance`"), "{said}");
    assert_eq!(seen.times(), [0]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_and_it_ends_with_its_watcher() {
    let file = ten_seconds();
    let reader = Reader::open(file.path()).unwrap();
    let pace = Pace::new(reader.header().at);
    let (handle, worker) = worker::channel();
    let player = tokio::spawn(super::super::run(worker, reader, pace, 1.0));
    for command in [run(1), Command::Webhooks, Command::Cancel(QueryId(1)), Command::Again(1)] {
        handle.commands.send(command).await.unwrap();
    }
    let Handle { commands, mut events } = handle;
    drop(commands);
    let (to, mut all) = mpsc::unbounded_channel();
    while let Some(event) = events.recv().await {
        to.send(event).unwrap();
    }
    player.await.unwrap();
    while let Ok(event) = all.try_recv() {
        assert!(matches!(event, Event::Played(_) | Event::Replay(_)), "{event:?}");
    }
}
