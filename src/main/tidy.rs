//! Looking after old files, beside what the program was started for.

use std::io;
use std::thread::{self, JoinHandle};

use cxlens::config::{Keep, Settings};
use cxlens::engine::audit::{Access, User, Who};
use cxlens::engine::clock::Clock;
use cxlens::tidy::{self, Lines, Past, Rooms};
use cxlens::tui::kept::Kept;
use cxlens::tui::past;
use cxlens::tui::run::Later;
use jiff::civil::Date;

use crate::Start;

/// How nice that is to everything else.
const GIVING_WAY: i32 = 10;

/// All that is needed for it.
pub(crate) struct Tidy {
    rooms: Rooms,
    keep: Keep,
    runs: Runs,
    clock: Clock,
}

/// On a thread of its own.
pub(crate) struct Begun(Option<JoinHandle<()>>);

impl Tidy {
    pub(crate) fn new(settings: &Settings, start: &Start) -> Self {
        Self {
            rooms: Rooms::from(&settings.paths),
            keep: settings.keep,
            runs: Runs(Kept::within(settings.paths.kept())),
            clock: start.clock.clone(),
        }
    }

    /// Does it now; what becomes of it stands in the log.
    pub(crate) fn work(&self) {
        // It is nobody's tenant whose profiles are asked for.
        let who = Who {
            user: User::current(),
            tenant: String::new(),
            dialect: String::new(),
            sandbox: false,
            access: Access::default(),
        };
        match tidy::tidy(&self.rooms, &self.keep, &self.runs, &who, self.clock.wall()) {
            Ok(None) => {}
            Ok(Some(tidied)) => {
                tracing::info!(removed = tidied.removed, stays = tidied.stays, "old files were looked after");
            }
            Err(error) => {
                tracing::warn!(what = error.what, cause = error.cause, "old files are not removed");
            }
        }
    }

    /// The same once the first frame is drawn.
    pub(crate) fn later(self) -> Later {
        Later::new(move || self.work())
    }

    /// Begins, giving way to what the program was started for.
    pub(crate) fn begin(self) -> Begun {
        let work = move || {
            // On Linux this is about the calling thread alone; elsewhere it would be about all of them.
            if cfg!(target_os = "linux") {
                let _ = rustix::process::setpriority_process(None, GIVING_WAY);
            }
            self.work();
        };
        Begun(thread::Builder::new().name("tidy".to_owned()).spawn(work).ok())
    }
}

impl Begun {
    /// Waits for the end: what was recorded is also done.
    pub(crate) fn end(self) {
        if self.0.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("looking after old files ended abnormally");
        }
    }
}

/// The explorer's history.
struct Runs(Kept);

impl Lines for Runs {
    fn past(&self, before: Date) -> io::Result<Vec<Past>> {
        let past = past::find(&self.0, before)?.into_iter();
        Ok(past.map(|past| Past { name: past.of, lines: past.runs, bytes: past.bytes }).collect())
    }

    fn remove(&self, past: &Past, before: Date) -> io::Result<()> {
        past::forget(&self.0, &past.name, before)
    }
}
