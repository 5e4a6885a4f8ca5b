//! Recording a session, and showing one again.

use cxlens::args;
use cxlens::cli;
use cxlens::config::{self, Flags, Privacy};
use cxlens::engine::chance::Chance;
use cxlens::engine::clock::{Clock, Pace};
use cxlens::engine::error::Error;
use cxlens::engine::recording::{Reader, Recorder, Recording, Wanted};
use cxlens::engine::text::clean;
use cxlens::figures;
use cxlens::tui;

use crate::commands::{behind_the_screen, on_a_terminal, show, without_a_service};
use crate::session::{self, Session};
use crate::{Failed, Start, say};

/// `cxlens replay`
pub(crate) fn replay(typed: &args::Replay, start: &Start) -> Result<u8, Failed> {
    let reader = Reader::open(&typed.file)?;
    on_a_terminal("run it in one; a recording is lines of JSON, which jq and the like read")?;
    // A recording can be read whatever is wrong with the configuration of a service.
    let settings = config::load(&start.env, &start.paths, &Flags::default()).ok();
    let header = reader.header().clone();
    let known = settings.as_ref().map_or_else(Privacy::unknown, |settings| settings.privacy.clone());
    // Stand-ins are nobody's, and the sandbox's people are made up. What is set here is about others.
    let privacy = Privacy { mask: header.personal_values_are_true && !header.sandbox, ..known };
    let pace = Pace::new(header.at);
    let setup = tui::run::Setup {
        tenant: header.tenant.clone(),
        sandbox: header.sandbox,
        replay: Some(tui::run::Replay { header, pace: pace.clone() }),
        ..without_a_service(settings.as_ref(), &privacy, start)
    };
    let torn = reader.is_torn();
    let speed = typed.speed.unwrap_or(1.0);
    let exit = behind_the_screen()?
        .block_on(async { show(session::over_recording(reader, pace, speed), setup).await })
        .0?;
    if torn {
        say(
            "note: the last line of the recording is torn and was left out: whoever wrote it was ended there\n",
        );
    }
    Ok(exit.code())
}

/// Begins to record a session where that was asked for.
///
/// # Errors
/// The file cannot be made.
pub(crate) fn begin(
    session: &Session,
    typed: &args::RecordFlags,
    force: bool,
    clock: &Clock,
) -> Result<Recorder, Error> {
    let recorder = session.handle.recorder().clone();
    if let Some(path) = &typed.record {
        let (path, true_values) = (path.clone(), typed.record_personal);
        recorder.begin(&Wanted { path, force, true_values, key: Chance::system().key() }, clock)?;
    }
    Ok(recorder)
}

/// Waits until a recording is written, and says what became of it.
pub(crate) fn told(recorder: &Recorder) {
    match recorder.finish() {
        Some(Recording::Whole { path, bytes }) => {
            say(&format!("recorded in {}, {}\n", clean(&path.display().to_string()), figures::bytes(bytes)));
        }
        Some(Recording::Refused(error) | Recording::Lost(error)) => say(&cli::report::error(&error)),
        Some(Recording::Begun { .. }) | None => {}
    }
}

/// Says that what is asked now is recorded, and whose values that holds.
pub(crate) fn tell_begun(typed: &args::RecordFlags) {
    if let Some(path) = &typed.record {
        let values = if typed.record_personal {
            "with TRUE personal values"
        } else {
            "with stand-ins for personal values"
        };
        say(&format!("recording into {}, {values}\n", clean(&path.display().to_string())));
    }
}
