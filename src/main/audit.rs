//! The commands over the audit trail, and its end as a session leaves it.

use std::io::{self, IsTerminal as _};

use cxlens::args;
use cxlens::cli::audit::{self, Shape, Show, Wanted, Which};
use cxlens::engine::audit::{Access, Hasher, Link, To};
use cxlens::engine::error::Error;
use cxlens::engine::event::Status;
use cxlens::export::PartialFile;
use jiff::tz::TimeZone;

use crate::{Failed, Start, say};

/// What for, as it was typed, and where profiles go.
///
/// # Errors
/// The reason is none.
pub(crate) fn access(query: &args::QueryFlags, to: To) -> Result<Access, Error> {
    let reason = query.reason.as_deref().map(|text| text.parse().map_err(|e: Error| e.at("--reason")));
    Ok(Access { reason: reason.transpose()?, to: Some(to) })
}

/// Says the last entry that was written, so that it can be kept elsewhere.
pub(crate) fn tell(last: Option<&Link>) {
    if let Some(link) = last {
        say(&format!("audit head {link}\n"));
    }
}

/// `cxlens audit show`
pub(crate) fn show(typed: &args::AuditShow, start: &Start) -> Result<u8, Failed> {
    let zone = TimeZone::system();
    let show = Show {
        which: which(&typed.filter, start, &zone)?,
        ndjson: typed.format == args::AuditFormat::Ndjson,
    };
    Ok(audit::show(&start.paths.audit(), &show, &zone, io::stdout().lock(), say)?)
}

/// `cxlens audit verify`
pub(crate) fn verify(typed: &args::AuditVerify, start: &Start) -> Result<u8, Failed> {
    let trail = start.paths.audit();
    if let Some(file) = typed.file.as_deref().filter(|file| !file.exists()) {
        let remedy =
            "name a file that audit export --format ndjson wrote, or leave it out for your own trail";
        return Err(Error::usage(file.display().to_string(), "there is no such file", remedy).into());
    }
    let place = typed.file.as_deref().unwrap_or(&trail);
    Ok(audit::verify(place, typed.head.as_deref(), io::stdout().lock())?)
}

/// `cxlens audit export`
pub(crate) fn export(typed: &args::AuditExport, start: &Start) -> Result<u8, Failed> {
    let which = which(&typed.filter, start, &TimeZone::system())?;
    let by_name = typed
        .output
        .as_deref()
        .and_then(|path| path.extension())
        .map(|ending| if ending == "ndjson" || ending == "jsonl" { Shape::Ndjson } else { Shape::Csv });
    let shape = match typed.format {
        Some(args::AuditExportFormat::Csv) => Shape::Csv,
        Some(args::AuditExportFormat::Ndjson) => Shape::Ndjson,
        None => by_name.unwrap_or(Shape::Csv),
    };
    let trail = start.paths.audit();
    let output = typed.output.as_deref().filter(|path| path.as_os_str() != "-");
    let Some(path) = output else {
        let terminal = io::stdout().is_terminal();
        return Ok(audit::export(&trail, &which, shape, terminal, &mut io::stdout().lock(), say)?);
    };
    let mut file = PartialFile::create(path, typed.force)?;
    let code = audit::export(&trail, &which, shape, false, &mut file, say)?;
    let whole = file.finish()?;
    say(&format!("wrote {}\n", cxlens::engine::text::clean(&whole.display().to_string())));
    Ok(code)
}

fn which(typed: &args::AuditFilter, start: &Start, zone: &TimeZone) -> Result<Which, Error> {
    let now = start.clock.wall();
    let moment = |flag, text: &Option<String>| {
        text.as_deref().map(|text| audit::moment(flag, text, now, zone)).transpose()
    };
    let hashes = if typed.id.is_empty() {
        Vec::new()
    } else {
        let hasher = Hasher::kept(&start.paths.audit())?;
        typed.id.iter().map(|id| hasher.hash(id.trim())).collect()
    };
    Ok(Which {
        since: moment("--since", &typed.since)?,
        until: moment("--until", &typed.until)?,
        status: typed.status.map(|status| match status {
            args::AuditStatus::Success => Wanted::Ended(Status::Success),
            args::AuditStatus::Partial => Wanted::Ended(Status::Partial),
            args::AuditStatus::Failed => Wanted::Ended(Status::Failed),
            args::AuditStatus::Cancelled => Wanted::Ended(Status::Cancelled),
            args::AuditStatus::Unfinished => Wanted::Unfinished,
        }),
        events: typed.event.clone(),
        tenants: typed.tenant.clone(),
        users: typed.user.clone(),
        hashes,
        reason: typed.reason.as_ref().map(|part| part.trim().to_lowercase()),
        last: typed.last,
    })
}
